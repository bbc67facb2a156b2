r"""Maxout units of one input, written down by formula: their pieces, and differences of two of them.

.. math:: f(x) = \max_j (s_j x + b_j), \qquad N(x) = f_1(x) - f_2(x)

A unit is an array of its pieces, a row (slope s, height b at 0) for each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from .. import values
from ..charts import Axis, Chart, Curves, Line, Rule, style
from . import _checks as check

__all__ = ["CASES", "TARGETS", "Pair", "along_chords", "cases_chart", "merged", "pieces_chart", "unit"]

Function = Callable[[np.ndarray], np.ndarray]

TARGETS: Mapping[str, tuple[Function, bool]] = MappingProxyType(
    {
        "parabola": (np.square, True),
        "absolute value": (np.abs, True),
        "exponential": (lambda x: np.exp(x - 1), True),
        "sine": (lambda x: np.sin(np.pi * x), False),
        "tanh": (lambda x: values.tanh(3 * x), False),
    }
)
"""Functions on [−1, 1], and whether they are convex there. Those that are not are convex on one half."""


def unit(pieces: np.ndarray, x: np.ndarray) -> np.ndarray:
    r"""A maxout unit of one input, :math:`\max_j (s_j x + b_j)`, for pieces of shape (k, 2); the shape of x is kept.

    Raises ValueError for pieces of another shape.

    >>> unit([[1, 0], [-1, 0]], np.array([-2.0, 0.5]))
    array([2. , 0.5])
    """
    pieces = np.asarray(pieces, dtype=float)
    if pieces.ndim != 2 or pieces.shape[1] != 2 or not len(pieces):
        raise ValueError(f"unit: pieces must have shape (k, 2), got {pieces.shape}")
    sums = np.asarray(x)[..., None] * pieces[:, 0] + pieces[:, 1]
    return values.maxout(sums, pieces=len(pieces))[..., 0]


@dataclass(frozen=True, eq=False)
class Pair:
    """A network of two maxout units, the first minus the second; pieces have shape (k, 2)."""

    first: np.ndarray
    second: np.ndarray

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return unit(self.first, x) - unit(self.second, x)


def along_chords(f: Function, knots: Sequence[float]) -> Pair:
    r"""The two maxout units whose difference runs along the chords of ``f`` between the knots.

    .. math:: N(x) = f(x_0) + s_0 (x - x_0) + \sum_k c_k \operatorname{relu}(x - x_k), \qquad c_k = s_k - s_{k-1}

    Corners that turn up (c > 0) go into the first unit, those that turn down into the second. Raises ValueError for
    fewer than two knots, or knots that do not rise.

    >>> pair = along_chords(np.square, [-1, 0, 1])
    >>> pair.first.tolist(), pair.second.tolist()
    ([[-1.0, 0.0], [1.0, 0.0]], [[0.0, 0.0]])
    """
    knots = np.asarray(knots, dtype=float)
    if knots.ndim != 1 or knots.size < 2 or np.any(np.diff(knots) <= 0):
        raise ValueError(f"along_chords: knots must be two or more rising numbers, got {knots}")
    y = f(knots)
    slopes = np.diff(y) / np.diff(knots)
    turns = np.diff(slopes)
    turns[np.abs(turns) < 1e-12 * max(1.0, np.abs(slopes).max())] = 0  # straight on, but for rounding
    first = _chain((slopes[0], y[0] - slopes[0] * knots[0]), knots[1:-1], np.maximum(turns, 0))
    return Pair(first, _chain((0.0, 0.0), knots[1:-1], np.maximum(-turns, 0)))


def _chain(start: tuple[float, float], knots: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """The pieces of a line that turns up by ``turns`` at the knots; where it does not turn, it has no new piece."""
    pieces = [np.array(start, dtype=float)]
    for knot, turn in zip(knots, turns, strict=True):
        if turn > 0:
            pieces.append(pieces[-1] + [turn, -turn * knot])
    return np.array(pieces)


def merged(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    r"""The pieces of the sum of two units: every piece of one plus every piece of the other.

    .. math:: \max_i p_i + \max_j q_j = \max_{i, j} (p_i + q_j)

    >>> merged(np.array([[1, 0], [-1, 0]]), np.array([[0, 0], [2, -1]])).tolist()
    [[1, 0], [3, -1], [-1, 0], [1, -1]]
    """
    return (np.asarray(one)[:, None, :] + np.asarray(other)[None, :, :]).reshape(-1, 2)


# --- pictures ---------------------------------------------------------------------------------------------------------

CASES: Mapping[str, tuple[tuple[float, float], ...]] = MappingProxyType(
    {
        "ReLU": ((0.0, 0.0), (1.0, 0.0)),
        "leaky ReLU, slope 0.25": ((0.25, 0.0), (1.0, 0.0)),
        "absolute value": ((-1.0, 0.0), (1.0, 0.0)),
        "three pieces": ((-1.0, -1.5), (0.1, 0.0), (1.0, -0.5)),
    }
)
"""Units with names, and one without."""


def cases_chart(name: str) -> Chart:
    """One of ``CASES``: the unit, and its pieces drawn thin. Raises ValueError for an unknown name."""
    pieces = np.array(CASES[check.one_of("cases_chart", "name", name, CASES)])
    x = np.linspace(-2, 2, 81)
    ends = x[[0, -1]]
    marks = [
        Curves(*_straight(pieces, ends, len(pieces)), colour="muted"),
        Line(x, unit(pieces, x), **style("maxout") | {"dash": "solid"}),
    ]
    words = f"{name}: the upper edge of {len(pieces)} straight lines."
    return Chart(Axis("x", limits=(-2, 2)), Axis("output", limits=(-2, 2)), marks, words=words, title=name)


def pieces_chart(target: str, pieces: int) -> tuple[Chart, Chart]:
    """Two units with at most so many pieces each, and their difference beside a target on [−1, 1].

    A convex target gets ``pieces`` chords and needs no second unit; another one gets 2·pieces − 1 chords.
    Raises ValueError, naming the setting, for an unknown target and for fewer than one piece.
    """
    f, convex = TARGETS[check.one_of("pieces_chart", "target", target, TARGETS)]
    chords = check.whole("pieces_chart", "pieces", pieces) * (1 if convex else 2) - (not convex)
    pair = along_chords(f, np.linspace(-1, 1, chords + 1))
    x = np.linspace(-1, 1, 241)
    worst = np.abs(pair(x) - f(x)).max()
    used = f"{len(pair.first)} in the first unit, {len(pair.second)} in the second"
    words = f"Target: {target}. Pieces: {used}. Worst error {worst:.2g}."
    lines = [
        Line(x, f(x), label="target", colour="muted", dash="dotted"),
        Line(x, pair(x), label="first − second", **style("maxout")),
    ]
    across = Axis("x", limits=(-1, 1))
    right = Chart(across, Axis("output", limits=(-1.3, 1.3)), lines, words=words, title="Difference and target")
    return _units_chart(pair, x, max(pieces, 8)), right


def _units_chart(pair: Pair, x: np.ndarray, rows: int) -> Chart:
    marks = []
    for label, pieces, colour, dash in (
        ("first unit", pair.first, "blue", "solid"),
        ("second unit", pair.second, "vermillion", "long"),
    ):
        marks.append(Curves(*_straight(pieces, x[[0, -1]], rows), colour=colour))
        marks.append(Line(x, unit(pieces, x), label=label, colour=colour, dash=dash))
    words = "Each unit is the upper edge of its pieces, so it is convex."
    up = Axis("output of a unit", limits=(-1.5, 3.5))
    return Chart(Axis("x", limits=(-1, 1)), up, [Rule(0, "y"), *marks], words=words, title="Two units")


def _straight(pieces: np.ndarray, ends: np.ndarray, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """The pieces as lines from end to end, filled up to so many rows with lines of no length."""
    filled = np.vstack([pieces, np.repeat(pieces[:1], rows - len(pieces), axis=0)])
    x = np.tile(ends, (rows, 1))
    x[len(pieces) :] = ends[0]
    return x, filled[:, :1] * x + filled[:, 1:]
