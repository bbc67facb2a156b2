r"""What luck does to a search for the best of several functions, when they are all the same function."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from ..catalogue import Activation
from ..charts import Axis, Chart, Points, Rule
from . import _checks as check
from ._kept import kept
from ._summary import in_words, table
from .moments import normal_rule
from .own import entries_of, network_of, recipe_of
from .training import train

__all__ = ["Luck", "expected_best", "luck"]


@dataclass(frozen=True, eq=False, repr=False)
class Luck:
    """Searches among copies of one function: ``first`` has shape (searches, candidates), ``again`` (searches,).

    Each candidate was trained once, the best one once more. Shares of test pictures that are right.
    """

    activation: str
    candidates: int
    seeds: tuple[int, ...]
    first: np.ndarray
    again: np.ndarray

    @property
    def promised(self) -> np.ndarray:
        """Percentage points by which the best candidate is ahead of the mean of all runs, one a search."""
        return 100 * (self.first.max(axis=1) - self.first.mean())

    @property
    def delivered(self) -> np.ndarray:
        """Percentage points by which the same candidate is ahead when it is trained again."""
        return 100 * (self.again - self.first.mean())

    def __repr__(self) -> str:
        rows = [
            ["best of the first runs", in_words(self.promised)],
            ["the same one, run again", in_words(self.delivered)],
        ]
        return table([f"{self.candidates} copies of {self.activation}", "points over the mean"], rows)

    def chart(self) -> Chart:
        """What each search promised, and what was left when the winner ran again."""
        order = np.argsort(self.promised)
        at = np.arange(1, len(order) + 1)
        marks = [
            Rule(0, "y"),
            Points(at, self.promised[order], label="the winner's first run", colour="vermillion"),
            Points(at, self.delivered[order], label="the winner's second run", colour="blue", marker="square"),
        ]
        ends = self.promised.mean(), self.delivered.mean()
        words = f"Points over the mean of all runs: winners begin {ends[0]:.2g} ahead and end {ends[1]:.2g} ahead."
        words = words.replace("-", "−")
        return Chart(Axis("search, sorted"), Axis("points over the mean of all"), marks, words=words)


@kept
def luck(
    activation: str | Activation = "relu",
    *,
    candidates: int = 10,
    depth: int = 4,
    width: int = 16,
    rate: float = 0.2,
    steps: int = 100,
    seeds: Iterable[int] = range(20),
) -> Luck:
    r"""Search for the best of several candidates that are all the same function, one search a seed.

    .. math:: \mathrm E \max(X_1, \dots, X_k) > \mathrm E X_1

    Each candidate is one run with its own draws; the best on the test pictures is the winner, and is run once more.
    Raises ValueError, before any work, naming the field that is wrong.

    >>> luck(candidates=2, steps=1, seeds=range(2)).first.shape
    (2, 2)
    """
    check.whole("luck", "candidates", candidates, 2)
    ((label, entry),) = entries_of("luck", [activation]).items()
    network = network_of("luck", entry, depth, width)
    seeds = check.some_seeds("luck", seeds, 2)
    recipe = recipe_of(steps, (rate,), steps)
    each = candidates + 1  # one more for the second run
    runs = [seed * each + place for seed in seeds for place in range(each)]
    right = train({label: network}, recipe, runs).final(label).reshape(len(seeds), each)
    return Luck(label, candidates, seeds, right[:, :-1], right[:, -1])


def expected_best(candidates: int) -> float:
    r"""The mean of the largest of several standard normal numbers.

    .. math:: \mathrm E \max(X_1, \dots, X_k) = \mathrm E\bigl[k\, X\, \Phi(X)^{k-1}\bigr]

    >>> round(expected_best(2), 10) == round(np.pi**-0.5, 10), round(expected_best(10), 3)
    (True, 1.539)
    """
    check.whole("expected_best", "candidates", candidates)
    points, weights = normal_rule()
    return float(weights @ (candidates * points * ndtr(points) ** (candidates - 1)))
