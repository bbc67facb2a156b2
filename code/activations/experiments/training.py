r"""Train ensembles of small networks on the digits, every seed and every learning rate of a network in one program.

.. math:: L = \frac{1}{B} \sum_b -\log p_{b, y_b}, \qquad
    v \leftarrow \mu v + \nabla L, \qquad \theta \leftarrow \theta - \eta\, v

What is compared sees the same pictures in the same order, and starts from the same draws; seeds differ in both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..charts import PALETTE, Axis, Chart, Line, style
from . import _checks as check
from ._kept import kept
from ._summary import band, in_words, table
from .digits import TRAIN, negatives, split
from .ensemble import Ensemble, Network
from .probes import PROBES
from .propagation import backward, losses

__all__ = ["Recipe", "Training", "clipped", "train"]


@dataclass(frozen=True)
class Recipe:
    """How networks are trained: ``steps`` of descent on batches of ``batch`` pictures, once for each of ``rates``.

    ``momentum`` is μ; ``optimiser`` is ``"sgd"`` or ``"adam"`` (with its usual 0.9 and 0.999, and no use for μ).
    ``clip`` is the largest norm that the gradient of a network may have. ``examples`` takes the first so many training
    pictures. Every ``every`` steps, and at both ends, three things are written down: the loss on the first ``watched``
    training pictures, the share of test pictures that are right, and the ``probes`` (names of :data:`.probes.PROBES`)
    on those training pictures. With ``negatives`` about half of the pictures are turned into their negative.

    Raises ValueError naming the field that is wrong.
    """

    steps: int = 200
    batch: int = 64
    rates: tuple[float, ...] = (0.1,)
    momentum: float = 0.0
    optimiser: str = "sgd"
    clip: float | None = None
    examples: int = TRAIN
    every: int = 20
    probes: tuple[str, ...] = ()
    watched: int = 256
    negatives: bool = False

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "examples", "every", "watched"):
            check.whole("Recipe", name, getattr(self, name))
        for rate in check.several("Recipe", "rates", self.rates):
            check.positive("Recipe", "rate", rate)
        check.not_negative("Recipe", "momentum", self.momentum)
        check.one_of("Recipe", "optimiser", self.optimiser, OPTIMISERS)
        if self.clip is not None:
            check.positive("Recipe", "clip", self.clip)
        if self.examples > TRAIN or self.batch > self.examples:
            raise ValueError(
                f"Recipe: batch must not exceed examples, nor examples {TRAIN}; got {self.batch} and {self.examples}"
            )
        for probe in self.probes:
            check.one_of("Recipe", "probe", probe, PROBES)

    @property
    def watches(self) -> np.ndarray:
        """The steps after which something is written down."""
        return np.unique([*range(0, self.steps, self.every), self.steps])


@dataclass(frozen=True, eq=False)
class Training:
    """Learning curves of several networks: ``loss[label]`` and ``accuracy[label]`` have shape (rates, seeds, watches).

    ``probed[name][label]`` has the layers, and what else a probe gives, on further axes. It displays as a table of the
    accuracies at the end with 95 % intervals.
    """

    networks: dict[str, Network]
    recipe: Recipe
    seeds: tuple[int, ...]
    loss: dict[str, np.ndarray]
    accuracy: dict[str, np.ndarray]
    probed: dict[str, dict[str, np.ndarray]]

    @property
    def steps(self) -> np.ndarray:
        return self.recipe.watches

    def final(self, label: str, rate: float | None = None) -> np.ndarray:
        """The accuracy of each seed at the end, at one rate (the first unless it is given)."""
        return self.accuracy[label][self._rate(rate), :, -1]

    def learned(self, label: str, rate: float | None = None, least: float = 0.5) -> np.ndarray:
        """Which seeds end with at least so much accuracy: five times what guessing gives, unless said otherwise."""
        return self.final(label, rate) >= least

    def best_rate(self, label: str) -> float:
        """The rate with the smallest mean loss at the end; a loss that is no number counts as infinite."""
        last = np.nan_to_num(self.loss[label][:, :, -1], nan=np.inf)
        return self.recipe.rates[int(last.mean(axis=1).argmin())]

    def _rate(self, rate: float | None) -> int:
        rates = self.recipe.rates
        return rates.index(check.one_of("Training", "rate", rates[0] if rate is None else rate, rates))

    def __repr__(self) -> str:
        rows = [
            [label, f"{rate:g}", in_words(100 * self.final(label, rate)), f"{self.learned(label, rate).mean():.0%}"]
            for label in self.networks
            for rate in self.recipe.rates
        ]
        return table(["network", "rate", "test accuracy in %", "learned"], rows)

    def chart(self, what: str = "accuracy", rates: Mapping[str, float] | None = None) -> Chart:
        """The mean of ``"accuracy"`` or ``"loss"`` over the steps with its interval, a line for each network.

        ``rates`` gives the rate to draw by label; else it is the first.
        """
        curves = {"accuracy": self.accuracy, "loss": self.loss}[check.one_of("chart", "what", what, CURVES)]
        chosen = {label: curves[label][self._rate((rates or {}).get(label))] for label in self.networks}
        lines = [
            Line(self.steps, **band(curve.T), label=label, **look)
            for (label, curve), look in zip(chosen.items(), self._looks(), strict=True)
        ]
        last = ", ".join(f"{label} {curve[:, -1].mean():.2g}" for label, curve in chosen.items())
        words = (
            f"{CURVES[what]} over {self.recipe.steps} steps, the mean of {len(self.seeds)} seeds. At the end: {last}."
        )
        return Chart(Axis("step"), Axis(CURVES[what]), lines, words=words)

    def _looks(self) -> list[dict[str, str]]:
        """The activations' own colours where every network has another one, else a palette."""
        names = [network.activation for network in self.networks.values()]
        if len(set(names)) == len(names):
            return [{key: style(name)[key] for key in ("colour", "dash")} for name in names]
        roles = [role for role in PALETTE if role != "muted"]
        dashes = ("solid", "long", "dotted", "dashdot", "dashdotdot")
        return [{"colour": roles[i % len(roles)], "dash": dashes[i % len(dashes)]} for i in range(len(names))]


CURVES = {"accuracy": "share of test pictures that are right", "loss": "training loss in nats"}


# --- the program -----------------------------------------------------------------------------------------------------


@kept
def train(networks: Mapping[str, Network], recipe: Recipe | None = None, seeds: Iterable[int] = range(20)) -> Training:
    """Train every network on the digits, for all seeds and rates at once; ``networks`` have labels of your choice.

    Raises ValueError for no network or no seed. A run that overflows goes on with NaN, at the accuracy of guessing.

    >>> result = train({"tanh": Network("tanh", depth=1, width=8)}, Recipe(steps=3), seeds=range(2))
    >>> result.accuracy["tanh"].shape
    (1, 2, 2)
    """
    recipe, seeds = recipe or Recipe(), check.some_seeds("train", seeds)
    check.several("train", "networks", networks)
    loss, accuracy, probed = {}, {}, {name: {} for name in recipe.probes}
    for label, network in networks.items():
        loss[label], accuracy[label], found = _run(network, recipe, seeds)
        for name, values in found.items():
            probed[name][label] = values
    return Training(dict(networks), recipe, seeds, loss, accuracy, probed)


def _run(network: Network, recipe: Recipe, seeds: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, dict]:
    """Loss, accuracy and probes of one network, by rate, seed and watch."""
    ensemble = Ensemble(network, seeds, variants=len(recipe.rates), dtype=torch.float32)
    parameters = [parameter.requires_grad_() for parameter in ensemble.parameters()]
    x, labels = _pictures("train", recipe.examples, recipe.negatives)
    order = torch.as_tensor(np.stack([_order(seed, recipe) for seed in seeds]))
    dice = [torch.Generator().manual_seed(seed) for seed in seeds]
    step = OPTIMISERS[recipe.optimiser](parameters, recipe)
    seen, watches = [], set(recipe.watches.tolist())
    for count in range(recipe.steps + 1):
        if count in watches:
            seen.append(_look(ensemble, recipe))
        if count < recipe.steps:
            batch = order[:, count]
            loss = losses(ensemble(x[batch], dice=dice).logits, labels[batch])
            step(clipped(torch.autograd.grad(loss.sum(), parameters), recipe.clip))
    loss, accuracy, *found = (torch.stack(values, dim=2).numpy() for values in zip(*seen, strict=True))
    return loss, accuracy, dict(zip(recipe.probes, found, strict=True))


def _pictures(part: str, examples: int | None = None, negated: bool = False) -> tuple[Tensor, Tensor]:
    digits = negatives() if negated else split()
    x, labels = getattr(digits, part), getattr(digits, f"{part}_labels")
    return torch.tensor(x[:examples], dtype=torch.float32), torch.tensor(labels[:examples])


def _order(seed: int, recipe: Recipe) -> np.ndarray:
    """Which pictures each step sees, shape (steps, batch): epoch after epoch, each in a new order."""
    rng = np.random.default_rng((seed, 1_000_000))
    needed = recipe.steps * recipe.batch
    epochs = [rng.permutation(recipe.examples) for _ in range(-(-needed // recipe.examples))]
    return np.concatenate(epochs)[:needed].reshape(recipe.steps, recipe.batch)


def _look(ensemble: Ensemble, recipe: Recipe) -> list[Tensor]:
    """Loss on training pictures, accuracy on test pictures, and the probes."""
    x, labels = _pictures("train", min(recipe.watched, recipe.examples), recipe.negatives)
    with torch.no_grad():
        test, test_labels = _pictures("test", negated=recipe.negatives)
        right = (ensemble(test).logits.argmax(dim=-1) == test_labels).double().mean(dim=-1)
        if not recipe.probes:
            return [losses(ensemble(x).logits, labels).double(), right]
    made, gradients = backward(ensemble, x, labels)
    loss = losses(made.logits.detach(), labels).double()
    return [loss, right, *(PROBES[name](ensemble, made, gradients).double() for name in recipe.probes)]


# --- steps of descent ------------------------------------------------------------------------------------------------


def clipped(gradients: Sequence[Tensor], most: float | None) -> Sequence[Tensor]:
    """The gradients of each network (variant, seed, …), shortened together where their norm is above ``most``.

    >>> clipped([torch.tensor([[[[3.0, 4.0]]]])], 1.0)[0].flatten().tolist() == [0.6000000238418579, 0.800000011920929]
    True
    >>> clipped([torch.ones(1, 1, 1, 2)], None)[0].flatten().tolist()
    [1.0, 1.0]
    """
    if most is None:
        return gradients
    norm = torch.stack([g.flatten(2).square().sum(dim=-1) for g in gradients]).sum(dim=0).sqrt()
    factor = (most / norm).clamp(max=1)[..., None, None]
    return [factor * g for g in gradients]


def _rates(parameters: Sequence[Tensor], recipe: Recipe) -> Tensor:
    return torch.tensor(recipe.rates, dtype=parameters[0].dtype)[:, None, None, None]


def _sgd(parameters: Sequence[Tensor], recipe: Recipe) -> Callable[[Sequence[Tensor]], None]:
    rates, velocities = _rates(parameters, recipe), [torch.zeros_like(one) for one in parameters]

    @torch.no_grad()
    def step(gradients: Sequence[Tensor]) -> None:
        for parameter, velocity, gradient in zip(parameters, velocities, gradients, strict=True):
            velocity.mul_(recipe.momentum).add_(gradient)
            parameter.sub_(rates * velocity)

    return step


def _adam(parameters: Sequence[Tensor], recipe: Recipe) -> Callable[[Sequence[Tensor]], None]:
    rates, count = _rates(parameters, recipe), 0
    firsts, seconds = ([torch.zeros_like(one) for one in parameters] for _ in range(2))

    @torch.no_grad()
    def step(gradients: Sequence[Tensor]) -> None:
        nonlocal count
        count += 1
        for parameter, first, second, gradient in zip(parameters, firsts, seconds, gradients, strict=True):
            first.lerp_(gradient, 0.1)
            second.lerp_(gradient.square(), 0.001)
            scale = (second / (1 - 0.999**count)).sqrt_().add_(1e-8)
            parameter.sub_(rates / (1 - 0.9**count) * first / scale)

    return step


OPTIMISERS = {"sgd": _sgd, "adam": _adam}
