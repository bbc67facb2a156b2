r"""Does a random slope help to leave a place where gradient descent is stuck?

A student with two hidden units, no biases and a linear output,

.. math:: N(x) = v_1\,\varphi(w_1 \cdot x) + v_2\,\varphi(w_2 \cdot x),

learns what a teacher of the same form computes, by gradient descent on half the mean squared error over all examples.
Its activation is a leaky ReLU. The slope is torch's mean slope of RReLU, 11/48, or is drawn uniformly from torch's
interval (1/8, 1/3) for each unit and example at every step: same mean, so that the randomness alone differs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..charts import Axis, Chart, Line
from . import _checks as check
from ._kept import kept
from ._summary import in_words, mean_interval, table, wilson

__all__ = ["KINDS", "MEAN", "PLACES", "Escape", "Surroundings", "escape", "surroundings"]

LOWER, UPPER = 1 / 8, 1 / 3
MEAN = (LOWER + UPPER) / 2
KINDS = ("fixed", "random", "nudged", "both")
"""A fixed slope; a random slope; the same two from a start that is moved a little."""

PLACES = ("origin", "silent", "basin")
"""All weights 0; outer weights 0 and hidden outputs uncorrelated with the targets; a local minimum."""

NUDGE = 1e-6
"""The standard deviation of what is added to every weight of a nudged start."""

_LEFT = 0.7
_LOOKS = {
    "fixed": ("ink", "solid"),
    "random": ("sky", "dotted"),
    "nudged": ("orange", "long"),
    "both": ("purple", "dashdot"),
}
_INPUTS, _EXAMPLES = 5, 40


@dataclass(frozen=True, eq=False)
class Escape:
    """Losses with the mean slope: ``loss[place, kind]`` has a row a seed and a column a recorded step.

    A run has left when its loss is below 70 % of what it was at the start.
    """

    steps: tuple[int, ...]
    seeds: tuple[int, ...]
    loss: dict[tuple[str, str], np.ndarray]

    def left(self, place: str, kind: str) -> np.ndarray:
        """Which seeds have left at the end. Raises ValueError for a place or kind that was not tried."""
        loss = self._loss(place, kind)
        return loss[:, -1] < _LEFT * loss[:, 0]

    def share(self, place: str, kind: str) -> tuple[float, float, float]:
        """The share of seeds that have left, with its 95 % interval after Wilson."""
        left = self.left(place, kind)
        return wilson(int(left.sum()), left.size)

    def when(self, place: str, kind: str) -> np.ndarray:
        """The first recorded step at which each seed has left, NaN where it has not."""
        loss = self._loss(place, kind)
        out = loss < _LEFT * loss[:, :1]
        return np.where(out.any(axis=1), np.array(self.steps)[out.argmax(axis=1)], np.nan)

    def _loss(self, place: str, kind: str) -> np.ndarray:
        if (place, kind) not in self.loss:
            raise ValueError(f"Escape: place and kind must be among {list(self.loss)}, got {(place, kind)}")
        return self.loss[place, kind]

    def __repr__(self) -> str:
        rows = []
        for place, kind in self.loss:
            share, low, high = (f"{100 * part:.0f}" for part in self.share(place, kind))
            when = self.when(place, kind)
            steps = f"{np.nanmedian(when):.0f}" if np.isfinite(when).any() else "–"
            rows.append([place, kind, f"{share} [{low}, {high}]", steps])
        return table(["place", "slope", "% that left", "median step"], rows)

    def chart(self, place: str) -> Chart:
        """The mean loss, as a share of that at the start, against the steps, a line for each kind of slope."""
        lines = []
        for kind in (kind for where, kind in self.loss if where == place):
            share = self.loss[place, kind] / self.loss[place, kind][:, :1]
            mean, low, high = mean_interval(share.T)
            colour, dash = _LOOKS[kind]
            lines.append(Line(self.steps, mean, label=kind, colour=colour, dash=dash, lo=low, hi=high))
        last = ", ".join(f"{line.label} {line.y[-1]:.2g}" for line in lines)
        words = f"Loss from the start called {place}, as a share of the loss there. At the last step: {last}."
        return Chart("steps", Axis("loss / loss at the start", limits=(-0.05, 1.15)), lines, words=words, title=place)


@dataclass(frozen=True, eq=False)
class _Task:
    """Inputs (seed, example, input), targets (seed, example), weights (seed, unit, input), outer (seed, unit)."""

    x: np.ndarray
    y: np.ndarray
    inner: np.ndarray
    outer: np.ndarray


def _phi(z: np.ndarray, slope: np.ndarray | float) -> np.ndarray:
    return np.where(z > 0, z, slope * z)


def _task(place: str, seeds: tuple[int, ...]) -> _Task:
    """One task a seed, with the student at the place."""
    parts = [_drawn(place, np.random.default_rng(seed)) for seed in seeds]
    return _Task(*map(np.stack, zip(*parts, strict=True)))


def _drawn(place: str, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Inputs, targets, and the student's weights at the place."""
    if place == "basin":
        # Two units on the same side of 0 learn |x|: the best of their kind, and no small move improves it.
        x = np.linspace(-1, 1, _EXAMPLES)[:, None] * rng.uniform(0.8, 1.2)
        best = np.sqrt((1 - MEAN) / (1 + MEAN**2) / 2)
        return x, np.abs(x[:, 0]), np.full((2, 1), best), np.full(2, best)
    x = rng.normal(size=(_EXAMPLES, _INPUTS))
    teacher = np.linalg.qr(rng.normal(size=(_INPUTS, 2)))[0].T
    y = _phi(x @ teacher.T, MEAN) @ np.array([1.0, -1.0])
    inner = np.zeros((2, _INPUTS)) if place == "origin" else np.stack([_uncorrelated(x, y, rng) for _ in range(2)])
    return x, y, inner, np.zeros(2)


def _uncorrelated(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Unit weights of length 1 with which a unit's output is uncorrelated with the targets, by halving an interval."""

    def correlation(inner: np.ndarray) -> float:
        return float(y @ _phi(x @ inner, MEAN))

    drawn = rng.normal(size=(64, x.shape[1]))
    signs = np.array([correlation(inner) for inner in drawn])
    low, high = drawn[signs.argmin()], drawn[signs.argmax()]
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if correlation(middle) < 0 else (low, middle)
    return low / np.linalg.norm(low)


def _gradients(task: _Task, inner: np.ndarray, outer: np.ndarray, slope: np.ndarray | float) -> tuple:
    """Half the mean squared error's gradients, and that error, by seed."""
    z = inner @ np.swapaxes(task.x, 1, 2)
    hidden = _phi(z, slope)
    error = (outer[:, :, None] * hidden).sum(axis=1) - task.y
    back = error[:, None, :] / task.y.shape[1]
    down = back * outer[:, :, None] * np.where(z > 0, 1.0, slope)
    return down @ task.x, (back * hidden).sum(axis=2), (error**2).mean(axis=1) / 2


@kept
def escape(
    seeds: Iterable[int] = range(20),
    *,
    places: tuple[str, ...] = PLACES,
    kinds: tuple[str, ...] = KINDS,
    steps: int = 800,
    rate: float = 0.1,
    record: int = 5,
) -> Escape:
    """Runs from each place with each kind of slope, on the same tasks. Loss is read with the mean slope.

    Raises ValueError, before any work, naming the field that is wrong.
    """
    seeds = check.some_seeds("escape", seeds, 2)
    for place in check.several("escape", "places", places):
        check.one_of("escape", "place", place, PLACES)
    for kind in check.several("escape", "kinds", kinds):
        check.one_of("escape", "kind", kind, KINDS)
    check.whole("escape", "steps", steps)
    check.whole("escape", "record", record)
    check.positive("escape", "rate", rate)
    found = {
        (place, kind): _run(_task(place, seeds), kind, seeds, steps, rate, record) for place in places for kind in kinds
    }
    return Escape(tuple(range(0, steps + 1, record)), seeds, found)


def _run(task: _Task, kind: str, seeds: tuple[int, ...], steps: int, rate: float, record: int) -> np.ndarray:
    """The loss with the mean slope, by seed and recorded step."""
    dice = [np.random.default_rng((seed, 1)) for seed in seeds]
    inner, outer = task.inner.copy(), task.outer.copy()
    if kind in ("nudged", "both"):
        inner += NUDGE * np.stack([rng.normal(size=inner.shape[1:]) for rng in dice])
        outer += NUDGE * np.stack([rng.normal(size=outer.shape[1:]) for rng in dice])
    losses, slope = [], MEAN
    for step in range(steps + 1):
        if step % record == 0:
            losses.append(_gradients(task, inner, outer, MEAN)[2])
        if kind in ("random", "both"):
            slope = np.stack([rng.uniform(LOWER, UPPER, size=(2, task.y.shape[1])) for rng in dice])
        by_inner, by_outer, _ = _gradients(task, inner, outer, slope)
        inner, outer = inner - rate * by_inner, outer - rate * by_outer
    return np.stack(losses, axis=1)


# --- is it a saddle? --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Surroundings:
    """By place and seed: the norm of the gradient, and the shares of small moves that raise and lower the loss."""

    places: tuple[str, ...]
    seeds: tuple[int, ...]
    gradient: np.ndarray
    rise: np.ndarray
    fall: np.ndarray

    def __repr__(self) -> str:
        rows = [
            [place, f"{gradient.max():.1g}", in_words(100 * rise), in_words(100 * fall)]
            for place, gradient, rise, fall in zip(self.places, self.gradient, self.rise, self.fall, strict=True)
        ]
        return table(["place", "largest gradient", "% that rise", "% that fall"], rows)


@kept
def surroundings(
    places: tuple[str, ...] = PLACES, seeds: Iterable[int] = range(20), *, moves: int = 200, size: float = 1e-3
) -> Surroundings:
    r"""What the loss, with the mean slope, does around each place: a saddle has no gradient, and ways up and down.

    .. math:: \lVert \nabla L \rVert, \qquad L(\theta + \varepsilon) - L(\theta), \quad \varepsilon \sim N(0, s^2)

    Changes below a millionth of the square of ``size`` count as level. Raises ValueError, before any work, naming the
    field that is wrong.

    >>> bool(surroundings(("silent",), range(2), moves=50).gradient.max() < 1e-15)
    True
    """
    for place in check.several("surroundings", "places", places):
        check.one_of("surroundings", "place", place, PLACES)
    seeds = check.some_seeds("surroundings", seeds, 2)
    check.whole("surroundings", "moves", moves)
    check.positive("surroundings", "size", size)
    found = [_around(_task(place, seeds), seeds, moves, size) for place in places]
    return Surroundings(tuple(places), seeds, *map(np.stack, zip(*found, strict=True)))


def _around(task: _Task, seeds: tuple[int, ...], moves: int, size: float) -> tuple[np.ndarray, ...]:
    """The norm of the gradient and the shares of moves that rise and fall, by seed."""
    by_inner, by_outer, loss = _gradients(task, task.inner, task.outer, MEAN)
    dice, changes = [np.random.default_rng((seed, 2)) for seed in seeds], []
    for _ in range(moves):
        inner = task.inner + size * np.stack([rng.normal(size=task.inner.shape[1:]) for rng in dice])
        outer = task.outer + size * np.stack([rng.normal(size=task.outer.shape[1:]) for rng in dice])
        changes.append(_gradients(task, inner, outer, MEAN)[2] - loss)
    change, level = np.stack(changes, axis=1), 1e-6 * size**2
    gradient = np.sqrt((by_inner**2).sum(axis=(1, 2)) + (by_outer**2).sum(axis=1))
    return gradient, (change > level).mean(axis=1), (change < -level).mean(axis=1)
