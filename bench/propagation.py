"""The ensemble of 20 seeds against a loop over the seeds in plain torch: the same numbers, and the ratio of the times.

    PYTHONPATH=code python bench/propagation.py

One thread. Both take all measures of the propagation study in every layer of untrained networks of 50 layers, in
float64, from the same draws, which neither makes within the time. No kept result is used. A time is the best of several
runs. The study's own shape is width 32 with 16 examples; the larger the networks, the more both only multiply matrices.
"""

import timeit
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from activations.experiments.ensemble import Ensemble, Network
from activations.experiments.probes import FLAT, PROBES, steepest
from activations.experiments.propagation import MEASURES, backward, first_digits
from torch import nn

SEEDS = range(20)
SHAPES = ((16, 16), (32, 16), (64, 32))
ACTIVATIONS = {"sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU}


def plain(ensemble: Ensemble, activation: Callable[[], nn.Module]) -> list[nn.Sequential]:
    """The networks of an ensemble, each as a torch module of its own."""
    return [_plain(ensemble, seed, activation) for seed in range(len(SEEDS))]


def _plain(ensemble: Ensemble, seed: int, activation: Callable[[], nn.Module]) -> nn.Sequential:
    parts = []
    for layer in (*ensemble.layers, ensemble.readout):
        weight = layer.weight[0, seed]
        linear = nn.utils.skip_init(nn.Linear, weight.shape[1], weight.shape[0], dtype=weight.dtype)
        linear.weight.data, linear.bias.data = weight.clone(), layer.bias[0, seed, 0].clone()
        parts += [linear, activation()]
    return nn.Sequential(*parts[:-1])


def looped(networks: list[nn.Sequential], x: torch.Tensor, labels: torch.Tensor, flat: float) -> np.ndarray:
    """The measures of every layer, (measures, seeds, layers), one network after the other."""
    return np.stack([_looked_at(network, x, labels, flat) for network in networks], axis=1)


def _looked_at(network: nn.Sequential, x: torch.Tensor, labels: torch.Tensor, flat: float) -> np.ndarray:
    h, sums, outputs = x, [], []
    for index, part in enumerate(network):
        h = part(h)
        (outputs if index % 2 else sums).append(h)
    *sums, logits = sums
    weights = [part.weight for part in network if isinstance(part, nn.Linear)][:-1]
    loss = F.cross_entropy(logits, labels)
    found = torch.autograd.grad(loss, [*weights, *sums], retain_graph=True)
    gradients, deltas = found[: len(weights)], found[len(weights) :]
    slopes = [torch.autograd.grad(h.sum(), z, retain_graph=True)[0] for z, h in zip(sums, outputs, strict=True)]
    of_layers = {
        "gradient": [g.norm() for g in gradients],
        "delta": [d.norm() for d in deltas],
        "mean_square": [z.square().mean() for z in sums],
        "mean": [h.mean() for h in outputs],
        "saturated": [(s.abs() < flat).double().mean() for s in slopes],
        "dead": [(s == 0).all(dim=0).double().mean() for s in slopes],
    }
    return np.array([[value.item() for value in of_layers[name]] for name in MEASURES])


def batched(ensemble: Ensemble, x: torch.Tensor, labels: torch.Tensor) -> np.ndarray:
    """The same, all networks at once."""
    made, gradients = backward(ensemble, x, labels)
    return np.stack([PROBES[name](ensemble, made, gradients)[0].numpy() for name in MEASURES])


def main() -> None:
    torch.set_num_threads(1)
    print(f"{len(SEEDS)} seeds, 50 layers; times in milliseconds\n")
    print("activation  width  examples   loop  ensemble  ratio  largest difference")
    for name, activation in ACTIVATIONS.items():
        for width, examples in SHAPES:
            ensemble = Ensemble(Network(name, depth=50, width=width), SEEDS)
            x, labels = first_digits(examples)
            networks = plain(ensemble, activation)
            flat = FLAT * steepest(ensemble.network)
            jobs = partial(batched, ensemble, x, labels), partial(looped, networks, x, labels, flat)
            ours, theirs = (job() for job in jobs)
            times = [1000 * min(timeit.repeat(job, number=1, repeat=7)) for job in jobs]
            apart = np.max(np.abs(ours - theirs) / np.maximum(np.abs(theirs), 1e-300))
            print(
                f"{name:10}  {width:5}  {examples:8}  {times[1]:5.0f}  {times[0]:8.0f}  {times[1] / times[0]:5.1f}"
                f"  {apart:18.1e}"
            )


if __name__ == "__main__":
    main()
