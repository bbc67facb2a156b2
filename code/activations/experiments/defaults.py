r"""What ``torch.nn.Linear`` starts with, and how many ReLUs that leaves without a say.

Weights and biases are uniform in ±1/√fan-in, so their variance is a third of 1/fan-in: a sixth of He's 2/fan-in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ..charts import Axis, Chart, Line
from . import _checks as check
from ._kept import kept
from ._summary import in_words, mean_interval, table
from .digits import TRAIN, split
from .ensemble import Ensemble, Network

__all__ = ["STARTS", "Silence", "library_variance", "silence"]


@kept
def library_variance(fan_in: int = 300, seeds: Sequence[int] = range(20)) -> np.ndarray:
    r"""Fan-in times the mean square of the weights that ``torch.nn.Linear`` draws, one a seed.

    .. math:: n \cdot \frac{1}{n^2} \sum_{ij} W_{ij}^2

    >>> bool(abs(library_variance(100, range(3)).mean() - 1 / 3) < 0.02)
    True
    """
    check.whole("library_variance", "fan_in", fan_in)
    found = []
    with torch.random.fork_rng(devices=[]):
        for seed in check.some_seeds("library_variance", seeds):
            torch.manual_seed(seed)
            found.append(fan_in * float(torch.nn.Linear(fan_in, fan_in).weight.detach().double().square().mean()))
    return np.array(found)


# The same uniform draws in all four: a scheme without biases draws its weights first, too.
STARTS: Mapping[str, Network] = {
    "the default": Network("relu", scheme="torch"),
    "He's weights": Network("relu", scheme="torch", gain=6**0.5),
    "no biases": Network("relu", scheme="uniform", gain=3**-0.5),
    "He's weights, no biases": Network("relu", scheme="uniform", gain=2**0.5),
}
"""The default, the same with He's variance of the weights, with no biases, and with both."""


@dataclass(frozen=True, eq=False, repr=False)
class Silence:
    """Shares of ReLUs that are off, or on, at every digit: ``off[start]`` and ``on[start]`` are (seed, layer)."""

    depth: int
    width: int
    examples: int
    seeds: tuple[int, ...]
    off: Mapping[str, np.ndarray]
    on: Mapping[str, np.ndarray]

    def switching(self, start: str) -> np.ndarray:
        """The share of units of the last layer that are on at some digits and off at others, by seed."""
        return 1 - self.off[start][:, -1] - self.on[start][:, -1]

    def __repr__(self) -> str:
        shares = [(self.off[start][:, -1], self.on[start][:, -1], self.switching(start)) for start in self.off]
        rows = [[start, *(in_words(100 * one, 2) for one in row)] for start, row in zip(self.off, shares, strict=True)]
        return table([f"% of layer {self.depth}", "dead", "always on", "switching"], rows)

    def chart(self) -> Chart:
        """The share of dead units by layer, with its interval."""
        looks = (("vermillion", "solid"), ("blue", "long"), ("orange", "dotted"), ("green", "dashdot"))
        layers, marks = np.arange(1, self.depth + 1), []
        for (colour, dash), (start, off) in zip(looks, self.off.items(), strict=False):
            mean, low, high = mean_interval(off.T)
            marks.append(Line(layers, mean, lo=low, hi=high, label=start, colour=colour, dash=dash))
        ends = "; ".join(f"{start}: {off[:, -1].mean():.0%}" for start, off in self.off.items())
        words = f"Share of dead ReLUs in layer {self.depth}, before training. {ends}."
        return Chart("layer", Axis("share of dead units", limits=(-0.02, 0.62)), marks, words=words)


@kept
def silence(
    depth: int = 10,
    width: int = 64,
    examples: int = 600,
    seeds: Sequence[int] = range(20),
    starts: Sequence[str] = tuple(STARTS),
) -> Silence:
    """Which ReLUs of an untrained network answer to the digits: off on all, on at all, or switching.

    Every start uses the same draws, scaled. Raises ValueError, naming the field, for a bad size or an unknown start.
    """
    depth, width = check.whole("silence", "depth", depth), check.whole("silence", "width", width)
    if check.whole("silence", "examples", examples) > TRAIN:
        raise ValueError(f"silence: examples must be at most {TRAIN}, got {examples}")
    seeds, off, on = check.some_seeds("silence", seeds), {}, {}
    for start in starts:
        network = STARTS[check.one_of("silence", "starts", start, STARTS)]
        active = _active(network, depth, width, examples, seeds)
        off[start], on[start] = 1 - active.any(axis=2).mean(axis=-1), active.all(axis=2).mean(axis=-1)
    return Silence(depth, width, examples, seeds, off, on)


def _active(network: Network, depth: int, width: int, examples: int, seeds: Sequence[int]) -> np.ndarray:
    """Where weighted sums are positive, by (seed, layer, example, unit)."""
    shape = Network(network.activation, depth, width, network.scheme, network.gain)
    made = Ensemble(shape, seeds)(torch.tensor(split().train[:examples]))
    return np.stack([(z[0] > 0).numpy() for z in made.sums], axis=1)
