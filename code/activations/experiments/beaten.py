r"""A maxout unit that starts as a dead ReLU: one piece loses on every example, the other one is flat.

.. math:: h = \max(w \cdot x + b,\; v \cdot x + c)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from . import _checks as check
from ._kept import kept
from ._summary import in_words, table
from .leaky import inactive_unit
from .maxout import share

__all__ = ["KINDS", "TARGETS", "Beaten", "beaten"]

TARGETS = {"relu(z)": 0.0, "relu(z) − 3": 3.0}
"""What the unit should learn, and how much lower than relu(z) that is."""

KINDS = ("ReLU", "maxout")


@dataclass(frozen=True, eq=False)
class Beaten:
    """A unit whose one piece loses on every example at the start, by (target, kind) and seed.

    ``back`` says whether that piece wins somewhere at the end; ``before`` and ``after`` are the losses, ``line`` is the
    loss of the best affine map, by target and seed.
    """

    seeds: tuple[int, ...]
    back: dict[tuple[str, str], np.ndarray]
    before: dict[tuple[str, str], np.ndarray]
    after: dict[tuple[str, str], np.ndarray]
    line: dict[str, np.ndarray]

    def share_back(self, target: str, kind: str) -> tuple[float, float, float]:
        """The share of seeds in which the piece is back, with its 95 % interval after Wilson."""
        return share(self.back[target, kind])

    def __repr__(self) -> str:
        rows = [
            [
                target,
                kind,
                f"{self.back[key].mean():.0%}",
                f"{self.before[key].mean():.3g}",
                in_words(self.after[key], 2),
            ]
            for key in self.back
            for target, kind in (key,)
        ]
        rows += [[target, "best line", "", "", in_words(found, 2)] for target, found in self.line.items()]
        return table(["target", "unit", "back", "loss before", "after"], rows)


@kept
def beaten(
    seeds: Iterable[int] = range(20),
    *,
    depth: float = 1.0,
    inputs: int = 10,
    examples: int = 100,
    rate: float = 0.1,
    steps: int = 300,
) -> Beaten:
    r"""A unit :math:`\max(w \cdot x + b,\; v \cdot x + c)` starts as a dead ReLU: v = 0, c = 0, and b so low that the
    first piece loses by ``depth`` at least, on every example.

    .. math:: L = \tfrac12 \overline{(h - y)^2}, \qquad y = \operatorname{relu}(z) - s, \quad z = w \cdot x

    The kind ``"ReLU"`` keeps v and c at 0, and ``"maxout"`` learns them. Raises ValueError, before any work, naming the
    field that is wrong.
    """
    seeds = check.some_seeds("beaten", seeds, 2)
    for field, value in ("depth", depth), ("rate", rate):
        check.positive("beaten", field, value)
    for field, value in ("inputs", inputs), ("examples", examples), ("steps", steps):
        check.whole("beaten", field, value)
    drawn = [_scene(np.random.default_rng(seed), depth, inputs, examples) for seed in seeds]
    found = {
        (target, kind): np.array(
            [_descend(x, y - down, pieces, kind == "maxout", rate, steps) for x, y, pieces in drawn]
        ).T
        for target, down in TARGETS.items()
        for kind in KINDS
    }
    line = {target: np.array([_best_line(x, y - down) for x, y, _ in drawn]) for target, down in TARGETS.items()}
    back, before, after = ({key: one[i] for key, one in found.items()} for i in range(3))
    return Beaten(seeds, back, before, after, line)


def _scene(
    rng: np.random.Generator, depth: float, inputs: int, examples: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs with a column of ones, targets relu(z), and the two pieces."""
    x, w, b = inactive_unit(rng, depth, inputs, examples)
    pieces = np.stack([np.append(w, b), np.zeros(inputs + 1)], axis=1)
    return np.column_stack([x, np.ones(examples)]), np.maximum(x @ w, 0), pieces


def _descend(
    x: np.ndarray, y: np.ndarray, pieces: np.ndarray, both: bool, rate: float, steps: int
) -> tuple[float, float, float]:
    """Whether the first piece wins somewhere at the end, and the losses at the start and at the end."""
    pieces, losses = pieces.copy(), []
    for step in range(steps + 1):
        sums = x @ pieces
        first = sums[:, 0] > sums[:, 1]
        error = np.where(first, sums[:, 0], sums[:, 1]) - y
        if step in (0, steps):
            losses.append(float((error**2).mean() / 2))
        passed = error[:, None] * np.column_stack([first, ~first & both])
        pieces -= rate * (x.T @ passed) / len(y)
    return float(first.any()), *losses


def _best_line(x: np.ndarray, y: np.ndarray) -> float:
    residual = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    return float((residual**2).mean() / 2)
