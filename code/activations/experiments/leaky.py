r"""Leaky units at work: waking up, and slopes that learn.

A leaky unit returns :math:`f_a(z) = z` for :math:`z > 0` and :math:`a z` otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from .. import values
from ..charts import Axis, Chart, Line, Points, Rule
from ..modules import rrelu
from . import _checks as check
from ._kept import kept
from ._summary import in_words, mean_interval, table
from .ensemble import Network
from .training import Recipe, train

__all__ = [
    "SLOPED",
    "DataSizes",
    "LearnedSlopes",
    "Waking",
    "data_sizes",
    "drawn_slopes",
    "inactive_unit",
    "learned_slopes",
    "waking",
]

# --- waking up --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Waking:
    """Steps until a unit is active on some example, by slope and seed; NaN where it never was."""

    slopes: tuple[float, ...]
    seeds: tuple[int, ...]
    steps: np.ndarray
    most: int

    def __repr__(self) -> str:
        rows = [
            [f"{a:g}", f"{np.isfinite(steps).mean():.0%}", in_words(steps) if np.isfinite(steps).all() else "–"]
            for a, steps in zip(self.slopes, self.steps, strict=True)
        ]
        return table(["slope", "woke up", "steps"], rows)

    def chart(self) -> Chart:
        """Steps against the slope, both on log axes, for the slopes with which every unit woke up."""
        all_woke = np.isfinite(self.steps).all(axis=1)
        found, at = self.steps[all_woke], np.array(self.slopes)[all_woke]
        mean, low, high = mean_interval(found)
        marks = [
            Line(at, mean[-1] * at[-1] / at, label="in proportion to 1/a", colour="muted", dash="dotted"),
            Points(at, mean, label="measured", colour="vermillion", lo=low, hi=high),
        ]
        words = f"Steps until an inactive unit wakes up: {mean[0]:.0f} for the slope {at[0]:g}, {mean[-1]:.0f} for "
        words += f"{at[-1]:g}."
        return Chart(Axis("slope a on the left", "log"), Axis("steps until active", "log"), marks, words=words)


@kept
def waking(
    slopes: Sequence[float] = (0.0, 0.01, 0.03, 0.1, 0.3),
    seeds: Iterable[int] = range(20),
    *,
    depth: float = 1.0,
    inputs: int = 10,
    examples: int = 100,
    rate: float = 0.1,
    most: int = 8000,
) -> Waking:
    r"""Steps of gradient descent until a leaky unit, inactive on every example, is active on one of them.

    .. math:: h = f_a(w \cdot x + b), \qquad L = \tfrac{1}{2} \overline{(h - y)^2}

    The targets are those of a ReLU unit with the same weights and no bias; the bias starts such that the largest
    weighted sum is −``depth``. Inputs are normal, the weights have length 1. Raises ValueError, before any work, naming
    the field that is wrong.
    """
    slopes = tuple(check.not_negative("waking", "slope", a) for a in check.several("waking", "slopes", slopes))
    seeds = check.some_seeds("waking", seeds, 2)
    for field, value in ("depth", depth), ("rate", rate):
        check.positive("waking", field, value)
    for field, value in ("inputs", inputs), ("examples", examples), ("most", most):
        check.whole("waking", field, value)
    steps = [
        [_wake(a, np.random.default_rng(seed), depth, inputs, examples, rate, most) for seed in seeds] for a in slopes
    ]
    return Waking(slopes, seeds, np.array(steps), most)


def inactive_unit(
    rng: np.random.Generator, depth: float, inputs: int, examples: int
) -> tuple[np.ndarray, np.ndarray, float]:
    r"""Normal inputs (example, input), random weights of length 1, and the bias with which no example reaches the unit.

    .. math:: \max_k \, (w \cdot x_k + b) = -\text{depth}

    >>> x, w, b = inactive_unit(np.random.default_rng(0), 1.0, inputs=3, examples=9)
    >>> round(float((x @ w + b).max()), 12)
    -1.0
    """
    x, w = rng.normal(size=(examples, inputs)), rng.normal(size=inputs)
    w = w / np.linalg.norm(w)
    return x, w, -float((x @ w).max()) - depth


def _wake(
    a: float, rng: np.random.Generator, depth: float, inputs: int, examples: int, rate: float, most: int
) -> float:
    x, w, b = inactive_unit(rng, depth, inputs, examples)
    y = np.maximum(x @ w, 0)
    for step in range(most + 1):
        z = x @ w + b
        if z.max() > 0:
            return step
        back = a * (a * z - y) / examples  # every unit is on the left, so every slope is a
        if not back.any():
            return np.nan
        w, b = w - rate * (back @ x), b - rate * back.sum()
    return np.nan


# --- a slope that is drawn --------------------------------------------------------------------------------------------


def drawn_slopes(count: int = 10_000, seed: int = 0) -> np.ndarray:
    """The slopes that torch's RReLU gives to inputs of −1 while it trains, read off its outputs.

    Raises ValueError for a count below 1.

    >>> slopes = drawn_slopes(1000)
    >>> bool((slopes >= 1 / 8).all() and (slopes <= 1 / 3).all())
    True
    """
    check.whole("drawn_slopes", "count", count)
    with torch.random.fork_rng(devices=[]):
        torch.random.manual_seed(seed)
        return -rrelu(-torch.ones(count), training=True).numpy()


# --- a slope that learns ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class LearnedSlopes:
    """The slope that a PReLU unit ends with, by the slope of its teacher and seed."""

    truths: tuple[float, ...]
    seeds: tuple[int, ...]
    learned: np.ndarray

    def __repr__(self) -> str:
        rows = [
            [f"{truth:g}".replace("-", "−"), in_words(found)]
            for truth, found in zip(self.truths, self.learned, strict=True)
        ]
        return table(["teacher's slope", "learned"], rows)


@kept
def learned_slopes(
    truths: Sequence[float] = (0.0, 0.1, 0.5, 0.8, 1.5),
    seeds: Iterable[int] = range(20),
    *,
    start: float = 0.25,
    inputs: int = 5,
    examples: int = 200,
    noise: float = 0.1,
    rate: float = 0.3,
    steps: int = 200,
) -> LearnedSlopes:
    r"""One PReLU unit learns weights and slope from a teacher with another slope; targets carry normal noise.

    .. math:: \frac{\partial L}{\partial a} = \overline{(h - y)\,\min(w \cdot x, 0)}

    The weights start on the teacher's side: a unit that faces the other way would need the slope 1/a and a factor −a.
    Raises ValueError, before any work, naming the field that is wrong.
    """
    truths = tuple(map(float, check.several("learned_slopes", "truths", truths)))
    seeds = check.some_seeds("learned_slopes", seeds, 2)
    for field, value in ("inputs", inputs), ("examples", examples), ("steps", steps):
        check.whole("learned_slopes", field, value)
    check.positive("learned_slopes", "rate", rate)
    check.not_negative("learned_slopes", "noise", noise)
    found = [
        [_learn(truth, np.random.default_rng(seed), start, inputs, examples, noise, rate, steps) for seed in seeds]
        for truth in truths
    ]
    return LearnedSlopes(truths, seeds, np.array(found))


def _learn(
    truth: float, rng: np.random.Generator, a: float, inputs: int, examples: int, noise: float, rate: float, steps: int
) -> float:
    x, teacher, w = rng.normal(size=(examples, inputs)), rng.normal(size=inputs), rng.normal(size=inputs)
    w = w * np.sign(w @ teacher)
    y = values.prelu(x @ teacher, weight=truth) + noise * rng.normal(size=examples)
    for _ in range(steps):
        z = x @ w
        slope = np.where(z > 0, 1.0, a)
        error = (slope * z - y) / examples
        w, a = w - rate * ((error * slope) @ x), a - rate * float(error @ np.minimum(z, 0))
    return a


_HE = {"depth": 3, "width": 32, "scheme": "he"}
SLOPED: dict[str, Network] = {
    "relu": Network("relu", **_HE),
    "leaky 0.25": Network("leaky_relu", options=(("negative_slope", 0.25),), **_HE),
    "leaky 0.75": Network("leaky_relu", options=(("negative_slope", 0.75),), **_HE),
    "prelu": Network("prelu", **_HE),
}
"""The same network with no slope on the left, with the slopes 0.25 and 0.75, and with one that learns, from 0.25."""


@dataclass(frozen=True, eq=False)
class DataSizes:
    """Test accuracy by label, shape (sizes, seeds), and PReLU's slopes at the end, shape (sizes, seeds, layers)."""

    sizes: tuple[int, ...]
    seeds: tuple[int, ...]
    steps: int
    accuracy: dict[str, np.ndarray]
    slopes: np.ndarray

    def lead(self, other: str) -> np.ndarray:
        """PReLU's accuracy minus that of another label, in percentage points, by size and seed: the same seeds."""
        check.one_of("DataSizes", "label", other, self.accuracy)
        return 100 * (self.accuracy["prelu"] - self.accuracy[other])

    def __repr__(self) -> str:
        others = [label for label in self.accuracy if label != "prelu"]
        accuracies = [[name, *(in_words(100 * one) for one in found)] for name, found in self.accuracy.items()]
        leads = [[other, *(in_words(one, 2) for one in self.lead(other))] for other in others]
        return f"{table(['pictures', *self.sizes], accuracies)}\n\n{table(['prelu minus', *self.sizes], leads)}"

    def chart(self) -> Chart:
        """PReLU's lead over the fixed slopes against the number of training pictures."""
        looks = {"relu": ("ink", "solid"), "leaky 0.25": ("vermillion", "dashdot"), "leaky 0.75": ("sky", "long")}
        marks = [Rule(0, "y")]
        for other, (colour, dash) in looks.items():
            mean, low, high = mean_interval(self.lead(other))
            marks.append(
                Line(self.sizes, mean, label=f"over {other}", colour=colour, dash=dash, lo=low, hi=high, dots=True)
            )
        first = ", ".join(f"{self.lead(other)[0].mean():+.2g} over {other}" for other in looks)
        words = f"PReLU's lead in points of accuracy; with {self.sizes[0]} pictures: {first}.".replace("-", "−")
        return Chart(Axis("training pictures", "log"), Axis("lead in percentage points"), marks, words=words)


@kept
def data_sizes(
    sizes: Sequence[int] = (50, 200, 1347), seeds: Iterable[int] = range(30), *, steps: int = 250
) -> DataSizes:
    """Train ``SLOPED`` on the first so many digits, everything else equal.

    Raises ValueError, before any work, naming the field that is wrong.
    """
    sizes = tuple(check.whole("data_sizes", "size", size) for size in check.several("data_sizes", "sizes", sizes))
    seeds = check.some_seeds("data_sizes", seeds, 2)
    recipes = [Recipe(steps=steps, batch=32, rates=(0.1,), examples=size, every=steps) for size in sizes]
    runs = [
        train({label: one for label, one in SLOPED.items() if label != "prelu"}, recipe, seeds) for recipe in recipes
    ]
    watching = [Recipe(**{**vars(recipe), "probes": ("slope",)}) for recipe in recipes]
    learned = [train({"prelu": SLOPED["prelu"]}, recipe, seeds) for recipe in watching]
    accuracy = {
        label: np.stack([run.final(label) for run in (learned if label == "prelu" else runs)]) for label in SLOPED
    }
    ends = np.stack([run.probed["slope"]["prelu"][0, :, -1] for run in learned])
    return DataSizes(sizes, seeds, steps, accuracy, ends)
