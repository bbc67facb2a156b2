"""How many outputs of a ReLU network are exactly 0, before training and after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..charts import Axis, Chart, Line
from . import _checks
from ._kept import kept
from ._summary import in_words, mean_interval, table
from .ensemble import Network
from .training import Recipe, train

__all__ = ["Sparsity", "sparsity"]


@dataclass(frozen=True, eq=False, repr=False)
class Sparsity:
    """Shares of hidden outputs that are exactly 0: ``zeros[rate]`` has a row a look, a column a seed."""

    steps: tuple[int, ...]
    seeds: tuple[int, ...]
    zeros: Mapping[float, np.ndarray]
    accuracy: Mapping[float, np.ndarray]

    @property
    def start(self) -> np.ndarray:
        """Before training, by seed; the same for every rate."""
        return next(iter(self.zeros.values()))[0]

    def __repr__(self) -> str:
        rows = [
            [f"{rate:g}", in_words(zeros[0]), in_words(zeros[-1]), in_words(100 * self.accuracy[rate])]
            for rate, zeros in self.zeros.items()
        ]
        header = ["rate", "zeros at the start", f"after {self.steps[-1]} steps", "test accuracy in %"]
        return table(header, rows) + f"\n{len(self.seeds)} seeds"

    def chart(self) -> Chart:
        """The share of zeros over the steps, a line for each rate."""
        looks = (("blue", "solid"), ("green", "long"), ("vermillion", "dashdot"), ("purple", "dotted"))
        lines = []
        for (rate, zeros), (colour, dash) in zip(self.zeros.items(), looks, strict=False):
            mean, low, high = mean_interval(zeros)
            lines.append(Line(self.steps, mean, label=f"rate {rate:g}", colour=colour, dash=dash, lo=low, hi=high))
        ends = ", ".join(f"{rate:g}: {zeros[-1].mean():.0%}" for rate, zeros in self.zeros.items())
        words = f"The share of zeros starts at {self.start.mean():.0%}. At the end, by learning rate, {ends}."
        return Chart(Axis("step"), Axis("share of outputs that are 0"), lines, words=words)


@kept
def sparsity(
    rates: Sequence[float] = (0.03, 0.1, 0.3),
    seeds: Sequence[int] = range(20),
    *,
    depth: int = 4,
    width: int = 32,
    steps: int = 300,
    activation: str = "relu",
) -> Sparsity:
    """Train on the digits with each rate, from the same starts, and count exact zeros in all hidden layers on the way.

    Raises ValueError, naming the field, for a bad configuration or fewer than two seeds.
    """
    seeds = _checks.some_seeds("sparsity", seeds, 2)
    network = Network(activation, depth=depth, width=width, gain="natural")
    recipe = Recipe(steps=steps, batch=32, rates=tuple(rates), every=30, probes=("active",))
    result = train({"net": network}, recipe, seeds)
    zeros = 1 - result.probed["active"]["net"].mean(axis=-1)  # (rates, seeds, looks)
    return Sparsity(
        tuple(map(int, result.steps)),
        seeds,
        {rate: found.T for rate, found in zip(recipe.rates, zeros, strict=True)},
        {rate: result.final("net", rate) for rate in recipe.rates},
    )
