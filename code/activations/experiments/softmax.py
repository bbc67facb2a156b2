"""The softmax at work: on the simplex, in attention, and as a classifier's stated confidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from .. import slopes, values
from ..charts import Axis, Bars, Chart, Line, Points, style
from ._summary import in_words, mean_interval, table
from .digits import pictures

__all__ = [
    "Calibration",
    "Spread",
    "attention",
    "bars_chart",
    "calibration",
    "jacobian",
    "library_attention",
    "on_simplex",
    "simplex_chart",
    "spread",
]

# --- to look at -------------------------------------------------------------------------------------------------------

_CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(3) / 2]])
_PATH = np.geomspace(0.02, 100, 61)  # from all but one-hot to all but level, for scores a few units apart


def on_simplex(p: np.ndarray) -> np.ndarray:
    """Where three shares that sum to 1 lie in an upright triangle with sides of length 1: shape (…, 2).

    >>> on_simplex(np.array([0.0, 1.0, 0.0]))
    array([1., 0.])
    """
    return p @ _CORNERS


def simplex_chart(first: float, second: float, third: float, temperature: float = 1.0) -> Chart:
    """The softmax of three scores as a point of the triangle, and the path that it takes as the temperature changes.

    Raises ValueError for a temperature that is not positive.
    """
    scores = np.array([first, second, third], dtype=float)
    p = _at_temperature("simplex_chart", scores, temperature)
    here, path = on_simplex(p), on_simplex(values.softmax(scores / _PATH[:, None]))
    around = _CORNERS[[0, 1, 2, 0]]
    corners = [
        Points([x], [y], label=f"all on {which}", colour="ink", marker=marker)
        for (x, y), which, marker in zip(_CORNERS, _ORDINALS, ("circle", "square", "triangle"), strict=True)
    ]
    marks = [
        Line(around[:, 0], around[:, 1], colour="muted"),
        Line(path[:, 0], path[:, 1], label="all temperatures", **style("softmax")),
        *corners,
        Points(here[:1], here[1:], label="these scores", colour="vermillion", marker="diamond"),
    ]
    return Chart(
        Axis("p₂ + p₃/2", limits=(-0.06, 1.06)),
        Axis("p₃ · √3/2", limits=(-0.06, 0.94)),
        marks,
        words=f"Scores {_listed(scores)} at temperature {temperature:g}: probabilities {_listed(p, '.2f')}.",
        equal=True,
    )


_ORDINALS = ("first", "second", "third")
_RIVALS = (0.5, 0.0, -0.5, -1.0)


def bars_chart(lead: float, temperature: float = 1.0) -> Chart:
    """Softmax and sparsemax of five scores side by side: one at ``lead``, its rivals from 0.5 down to −1.

    Raises ValueError for a temperature that is not positive.
    """
    scores = np.array([lead, *_RIVALS])
    soft = _at_temperature("bars_chart", scores, temperature)
    sparse = values.sparsemax(scores / temperature)
    names = ["leader", *(f"score {_number(rival)}" for rival in _RIVALS)]
    bars = [
        Bars(names, share, label=label, colour=style(label.lower())["colour"])
        for label, share in (("Softmax", soft), ("Sparsemax", sparse))
    ]
    words = (
        f"With the leader at {_number(lead)} and temperature {temperature:g}, softmax gives it {soft[0]:.2f} and "
        f"sparsemax {sparse[0]:.2f}; sparsemax gives exactly 0 to {np.sum(sparse == 0)} of 5."
    )
    return Chart(Axis("share", limits=(0, 1)), "entry", bars, words=words)


def _at_temperature(who: str, scores: np.ndarray, temperature: float) -> np.ndarray:
    if not temperature > 0:
        raise ValueError(f"{who}: temperature must be positive, got {temperature}")
    return values.softmax(scores / temperature)


def _number(value: float, form: str = "g") -> str:
    return f"{value:{form}}".replace("-", "−")


def _listed(numbers: np.ndarray, form: str = "g") -> str:
    return ", ".join(_number(value, form) for value in numbers)


def jacobian(z: np.ndarray) -> np.ndarray:
    """The Jacobian of the softmax at one vector of scores, column by column from the package's slopes.

    >>> jacobian(np.zeros(2))
    array([[ 0.25, -0.25],
           [-0.25,  0.25]])
    """
    return np.stack([slopes.softmax(z, unit) for unit in np.eye(len(z))], axis=-1)


# --- inside a network -------------------------------------------------------------------------------------------------


def attention(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> np.ndarray:
    r"""Scaled dot-product attention.

    .. math:: \operatorname{softmax}\bigl(Q K^\top / \sqrt d\bigr)\, V
    """
    return values.softmax(q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])) @ v


def library_attention(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> np.ndarray:
    """The same from PyTorch, for comparison."""
    return torch.nn.functional.scaled_dot_product_attention(*map(torch.from_numpy, (q, k, v))).numpy()


@dataclass(frozen=True, eq=False)
class Spread:
    """What attention's weights look like, by width and seed: with plain scores and with scores over √d.

    ``largest`` is the mean over queries of the largest weight; ``passed`` that of 1 − Σp², the trace of the Jacobian.
    """

    widths: tuple[int, ...]
    keys: int
    largest: dict[str, np.ndarray]
    passed: dict[str, np.ndarray]

    def __repr__(self) -> str:
        rows = [
            [width, *(in_words(found[row]) for found in self.largest.values())] for row, width in enumerate(self.widths)
        ]
        return table(["width", *(f"largest, {scores}" for scores in self.largest)], rows)

    def chart(self) -> Chart:
        """The largest weight against the width."""
        looks = {"plain": ("vermillion", "long"), "over √d": ("blue", "solid")}
        lines = []
        for scores, found in self.largest.items():
            mean, low, high = mean_interval(found)
            colour, dash = looks[scores]
            lines.append(Line(self.widths, mean, label=scores, colour=colour, dash=dash, lo=low, hi=high, dots=True))
        ends = " and ".join(f"{found[-1].mean():.2f} ({scores})" for scores, found in self.largest.items())
        return Chart(
            Axis("width d of queries and keys", "log"),
            Axis(f"largest of {self.keys} weights", limits=(0, 1)),
            lines,
            words=f"The largest attention weight by width; at the widest it is {ends}.",
        )


def spread(
    widths: Sequence[int] = (4, 16, 64, 256, 1024),
    seeds: Sequence[int] = range(20),
    *,
    keys: int = 64,
    queries: int = 16,
) -> Spread:
    """Attention weights of normal queries and keys with and without the division by √d.

    Each seed draws its vectors once, at the largest width; the narrower ones are their first entries.
    Raises ValueError for a width, or a number of keys or queries, below 1.
    """
    if min(*widths, keys, queries) < 1:
        raise ValueError(f"spread: widths, keys and queries must be 1 or more, got {tuple(widths)}, {keys}, {queries}")
    drawn = np.stack([np.random.default_rng(seed).normal(size=(queries + keys, max(widths))) for seed in seeds])
    scores = [drawn[:, :queries, :d] @ np.swapaxes(drawn[:, queries:, :d], -1, -2) for d in widths]
    divided = [score / np.sqrt(d) for score, d in zip(scores, widths, strict=True)]
    weights = {"plain": values.softmax(np.stack(scores)), "over √d": values.softmax(np.stack(divided))}
    return Spread(
        tuple(widths),
        keys,
        largest={name: p.max(axis=-1).mean(axis=-1) for name, p in weights.items()},
        passed={name: 1 - (p**2).sum(axis=-1).mean(axis=-1) for name, p in weights.items()},
    )


# --- stated confidence ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Calibration:
    """Mean confidence and accuracy on digits that were held out, by stop and seed.

    ``fitted`` is the accuracy on the digits that were trained on.
    """

    stops: tuple[int, ...]
    confidence: np.ndarray
    accuracy: np.ndarray
    fitted: np.ndarray

    @property
    def excess(self) -> np.ndarray:
        """Confidence minus accuracy: positive where the classifier claims too much."""
        return self.confidence - self.accuracy

    def __repr__(self) -> str:
        columns = {"accuracy": self.accuracy, "confidence": self.confidence, "excess": self.excess}
        rows = [[stop, *(in_words(found[row]) for found in columns.values())] for row, stop in enumerate(self.stops)]
        return table(["steps", *columns], rows)

    def chart(self) -> Chart:
        """Confidence and accuracy against the steps of training."""
        looks = {"accuracy": ("ink", "solid"), "confidence": ("vermillion", "long")}
        lines = []
        for what, (colour, dash) in looks.items():
            mean, low, high = mean_interval(getattr(self, what))
            lines.append(Line(self.stops, mean, label=what, colour=colour, dash=dash, lo=low, hi=high, dots=True))
        first, last = self.excess[0].mean(), self.excess[-1].mean()
        words = (
            "Accuracy and mean confidence by training step: confidence minus accuracy goes from "
            f"{_number(first, '.2f')} to {_number(last, '.2f')}."
        )
        return Chart(Axis("steps of training", "log"), "share of held-out digits", lines, words=words)


def calibration(
    stops: Sequence[int] = (10, 30, 100, 300, 1000),
    seeds: Sequence[int] = range(20),
    *,
    examples: int = 100,
    rate: float = 2.0,
) -> Calibration:
    """A linear softmax classifier of the digits, looked at after each number of steps in ``stops``.

    Each seed trains on its own ``examples`` digits, from weights 0, by full-batch gradient descent on the
    cross-entropy; all other digits are held out. Raises ValueError for stops that do not rise from 1 or more.
    """
    stops = tuple(stops)
    if not stops or stops[0] < 1 or any(a >= b for a, b in zip(stops, stops[1:], strict=False)):
        raise ValueError(f"calibration: stops must be numbers of steps that rise from 1 or more, got {stops}")
    x, labels = _digits()
    order = np.stack([np.random.default_rng(seed).permutation(len(labels)) for seed in seeds])
    train, held = order[:, :examples], order[:, examples:]
    weights = list(_trained(x[train], np.eye(10)[labels[train]], stops, rate))
    shares = [values.softmax(x[held] @ weight) for weight in weights]
    return Calibration(
        stops,
        confidence=np.stack([p.max(axis=-1).mean(axis=-1) for p in shares]),
        accuracy=np.stack([_share_right(p, labels[held]) for p in shares]),
        fitted=np.stack([_share_right(x[train] @ weight, labels[train]) for weight in weights]),
    )


def _digits() -> tuple[np.ndarray, np.ndarray]:
    """Pixels from 0 to 1 with a 1 for the bias, and labels."""
    pixels, labels = pictures()
    return np.column_stack([pixels / 16, np.ones(len(pixels))]), labels


def _trained(x: np.ndarray, y: np.ndarray, stops: Sequence[int], rate: float) -> Iterator[np.ndarray]:
    """The weights of all seeds at each stop; the slope in the scores is p − y."""
    weight, back = np.zeros((len(x), x.shape[-1], y.shape[-1])), np.swapaxes(x, -1, -2) / x.shape[-2]
    for step in range(1, stops[-1] + 1):
        weight = weight - rate * (back @ (values.softmax(x @ weight) - y))
        if step in stops:
            yield weight


def _share_right(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return (scores.argmax(axis=-1) == labels).mean(axis=-1)
