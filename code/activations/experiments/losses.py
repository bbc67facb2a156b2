r"""A sigmoid unit that starts confidently wrong, sent back by the cross-entropy or by the squared error.

The two losses are scaled so that they pull alike where the unit is undecided: their slopes in the logit are

.. math:: p - y \qquad \text{and} \qquad 4\,(p - y)\,p\,(1 - p) .
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .. import values
from ..charts import Axis, Chart, Line
from ._summary import in_words, mean_interval, table

__all__ = ["PULLS", "Recovery", "recovery"]

PULLS: Mapping[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "cross-entropy": lambda p, y: p - y,
    "squared error": lambda p, y: 4 * (p - y) * p * (1 - p),
}
"""The slope of each loss in the logit, from the probability and the target."""

_LOOKS = {"cross-entropy": ("blue", "solid"), "squared error": ("vermillion", "long")}


@dataclass(frozen=True, eq=False)
class Recovery:
    """Steps until the unit is right: ``steps[loss]`` has one row a start and one column a seed."""

    starts: tuple[float, ...]
    steps: Mapping[str, np.ndarray]
    share: float

    @property
    def slower(self) -> np.ndarray:
        """How many times as long the squared error takes, by start and seed."""
        return self.steps["squared error"] / self.steps["cross-entropy"]

    def __repr__(self) -> str:
        rows = [
            [f"{start:g}", *(in_words(steps[row]) for steps in self.steps.values())]
            for row, start in enumerate(self.starts)
        ]
        return table(["start", *self.steps], rows)

    def chart(self) -> Chart:
        """Steps against the start, both on log axes."""
        lines = [self._line(loss) for loss in self.steps]
        last = ", ".join(f"{loss} {steps[-1].mean():.0f}" for loss, steps in self.steps.items())
        return Chart(
            Axis("length of the wrong weights", "log"),
            Axis(f"steps until {self.share:.0%} are right", "log"),
            lines,
            words=f"Steps that a unit needs to recover, by how wrong it starts. At the last start: {last}.",
        )

    def _line(self, loss: str) -> Line:
        mean, low, high = mean_interval(self.steps[loss])
        colour, dash = _LOOKS[loss]
        return Line(self.starts, mean, label=loss, colour=colour, dash=dash, lo=low, hi=high, dots=True)


def recovery(
    starts: Sequence[float] = (1, 2, 4, 8, 16),
    seeds: Sequence[int] = range(20),
    *,
    inputs: int = 10,
    examples: int = 100,
    rate: float = 1.0,
    share: float = 0.9,
    most: int = 5000,
) -> Recovery:
    """Steps of gradient descent until a share of the examples is right, from weights that point the wrong way.

    A teacher of length 1 labels normal inputs; the unit starts at minus the teacher times each of ``starts``. Both
    losses see the same inputs, labels and starts. Raises ValueError for bad settings, and when ``most`` steps are not
    enough.
    """
    if not all(start > 0 for start in starts):
        raise ValueError(f"recovery: starts must be positive, got {tuple(starts)}")
    if not 0 < share <= 1:
        raise ValueError(f"recovery: share must be above 0 and at most 1, got {share}")
    x, teacher = _task(seeds, inputs, examples)
    right = x @ teacher > 0
    begin = -np.multiply.outer(np.asarray(starts, dtype=float), teacher)
    steps = {loss: _descend(pull, begin, x, right, rate, share, most) for loss, pull in PULLS.items()}
    return Recovery(tuple(map(float, starts)), steps, share)


def _task(seeds: Sequence[int], inputs: int, examples: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs of shape (seed, example, input) and unit teachers of shape (seed, input, 1)."""
    dice = [np.random.default_rng(seed) for seed in seeds]
    x = np.stack([rng.normal(size=(examples, inputs)) for rng in dice])
    teacher = np.stack([rng.normal(size=(inputs, 1)) for rng in dice])
    return x, teacher / np.linalg.norm(teacher, axis=1, keepdims=True)


def _descend(pull: Callable, weight: np.ndarray, x: np.ndarray, right: np.ndarray, rate, share, most) -> np.ndarray:
    """The first step, by start and seed, at which the share is right; weights have shape (start, seed, input, 1)."""
    back = np.swapaxes(x, -1, -2) / x.shape[-2]
    first = np.full(weight.shape[:2], np.nan)
    for step in range(most + 1):
        p = values.sigmoid(x @ weight)
        done = ((p > 0.5) == right).mean(axis=(-2, -1)) >= share
        first = np.where(np.isnan(first) & done, step, first)
        if not np.isnan(first).any():
            return first
        weight = weight - rate * (back @ pull(p, right))
    raise ValueError(f"recovery: {int(np.isnan(first).sum())} units are still wrong after {most} steps; raise most")
