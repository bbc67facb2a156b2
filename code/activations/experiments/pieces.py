"""The straight pieces of a ReLU network of one input, counted exactly.

A network is a list of layers, first layer first; a layer is a matrix of rational weights (to, from) and a list of
biases. ReLU stands between the layers and not behind the last one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np

from ..charts import Axis, Chart, Line, Points
from ._summary import mean_interval

__all__ = [
    "Layer",
    "RandomPieces",
    "corners",
    "count",
    "random_layers",
    "random_pieces",
    "rounded",
    "sawtooth",
    "sawtooth_chart",
    "units",
]

Layer = tuple[Sequence[Sequence[Fraction]], Sequence[Fraction]]
Point = tuple[Fraction, Fraction]

HALF = Fraction(1, 2)


def sawtooth(depth: int) -> list[Layer]:
    r"""The tent map, two ReLU units, put behind itself ``depth`` times.

    .. math:: T(x) = 2 \operatorname{relu}(x) - 4 \operatorname{relu}(x - \tfrac12)

    Raises ValueError for a depth below 1.

    >>> count(sawtooth(5)), units(sawtooth(5))
    (32, 10)
    """
    if depth < 1:
        raise ValueError(f"sawtooth: depth must be at least 1, got {depth}")
    thresholds = (Fraction(0), -HALF)
    first, tent = ([[Fraction(1)]] * 2, thresholds), [Fraction(2), Fraction(-4)]
    return [first, *[([tent, tent], thresholds)] * (depth - 1), ([tent], [Fraction(0)])]


def units(network: Sequence[Layer]) -> int:
    """How many hidden units a network has."""
    return sum(len(biases) for _, biases in network[:-1])


def corners(network: Sequence[Layer], span: tuple[object, object] = (0, 1)) -> list[Point]:
    """The ends of the span and every point between them where the network's slope changes, with its values there.

    Exact for rational weights. Raises ValueError for a span that does not rise, or more than one output.

    >>> [(str(x), str(y)) for x, y in corners(sawtooth(1))]
    [('0', '0'), ('1/2', '1'), ('1', '0')]
    """
    ends = tuple(map(Fraction, span))
    if not ends[0] < ends[1]:
        raise ValueError(f"corners: span must rise, got {span}")
    if len(network[-1][1]) != 1:
        raise ValueError(f"corners: the network must have one output, got {len(network[-1][1])}")
    at, signals = list(ends), [[end] for end in ends]
    for layer in network[:-1]:
        at, sums = _with_zeros(at, [_affine(layer, signal) for signal in signals])
        signals = [[max(z, Fraction(0)) for z in row] for row in sums]
    return _without_straight(list(zip(at, (_affine(network[-1], signal)[0] for signal in signals), strict=True)))


def count(network: Sequence[Layer], span: tuple[object, object] = (0, 1)) -> int:
    """How many straight pieces the network's graph has on the span, exactly."""
    return len(corners(network, span)) - 1


def _affine(layer: Layer, signal: Sequence[Fraction]) -> list[Fraction]:
    weights, biases = layer
    return [
        sum((w * s for w, s in zip(row, signal, strict=True)), bias) for row, bias in zip(weights, biases, strict=True)
    ]


def _with_zeros(at: Sequence[Fraction], sums: Sequence[Sequence[Fraction]]) -> tuple[list, list]:
    """The same polylines with a point added wherever one of them crosses 0: there a ReLU bends."""
    grown = [(at[0], sums[0])]
    for (x, left), (end, right) in zip(zip(at, sums, strict=True), zip(at[1:], sums[1:], strict=True), strict=False):
        shares = {a / (a - b) for a, b in zip(left, right, strict=True) if a * b < 0}
        for share in sorted(shares):
            grown.append((x + share * (end - x), [a + share * (b - a) for a, b in zip(left, right, strict=True)]))
        grown.append((end, right))
    return [x for x, _ in grown], [row for _, row in grown]


def _without_straight(points: Sequence[Point]) -> list[Point]:
    """The polyline without the inner points at which it does not turn."""
    kept = [points[0]]
    for here, after in zip(points[1:], points[2:], strict=False):
        if _slope(kept[-1], here) != _slope(here, after):
            kept.append(here)
    return [*kept, points[-1]]


def _slope(left: Point, right: Point) -> Fraction:
    return (right[1] - left[1]) / (right[0] - left[0])


def sawtooth_chart(depths: Iterable[int] = (1, 2, 4)) -> tuple[Chart, ...]:
    """One panel a depth: the sawtooth, drawn through its exact corners."""
    return tuple(_sawtooth_panel(depth) for depth in depths)


def _sawtooth_panel(depth: int) -> Chart:
    network = sawtooth(depth)
    x, y = np.array(corners(network), dtype=float).T
    title = f"{units(network)} units, {x.size - 1} pieces"
    words = f"A zigzag between 0 and 1 with {x.size - 1} straight pieces, from {depth} hidden layers of two units."
    return Chart(Axis("x", limits=(0, 1)), Axis("output"), [Line(x, y, colour="ink")], words=words, title=title)


# --- random networks --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class RandomPieces:
    """Pieces of random networks: one row of ``counts`` a shape, one column a seed."""

    shapes: tuple[tuple[int, ...], ...]
    counts: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        return self.counts.mean(axis=1)

    @property
    def half_width(self) -> np.ndarray:
        """Half of the 95 % interval of each mean, by Student's t."""
        mean, _, high = mean_interval(self.counts)
        return high - mean

    @property
    def possible(self) -> np.ndarray:
        """The pieces that two units a layer already reach at each depth, by the sawtooth."""
        return np.array([2 ** len(shape) for shape in self.shapes])

    def __repr__(self) -> str:
        rows = [
            f"{len(shape):>6}  {shape[0]:>5}  {mean:>7.1f} ± {half:<4.1f}  {self.counts[i].max():>4}"
            for i, (shape, mean, half) in enumerate(zip(self.shapes, self.mean, self.half_width, strict=True))
        ]
        return "\n".join(["layers  width  pieces (mean)   most", *rows])

    def chart(self) -> Chart:
        """Mean pieces against depth, with the sawtooth's for comparison."""
        depth, half = np.array([len(shape) for shape in self.shapes]), self.half_width
        marks = [
            Line(depth, self.possible, label="sawtooth of the same depth", colour="vermillion", dash="long"),
            Points(depth, self.mean, label="random networks", lo=self.mean - half, hi=self.mean + half),
        ]
        total = sum(self.shapes[0])
        words = f"Random networks of {total} units have between {self.mean.min():.0f} and {self.mean.max():.0f} pieces."
        return Chart(Axis("hidden layers"), "straight pieces", marks, words=words)


@cache
def random_pieces(
    total: int = 24, depths: tuple[int, ...] = (1, 2, 3, 4, 6), seeds: range = range(30), reach: int = 3
) -> RandomPieces:
    """The pieces on [−reach, reach] of networks with ``total`` hidden units, spread evenly over each depth.

    Weights are normal with variance 2/fan-in and biases standard normal, both rounded to thousandths. Raises ValueError
    for a depth that does not divide the total, and for fewer than two seeds.
    """
    if wrong := [depth for depth in depths if depth < 1 or total % depth]:
        raise ValueError(f"random_pieces: depths must divide the total of {total} units, got {wrong[0]}")
    if len(seeds) < 2:
        raise ValueError(f"random_pieces: seeds must be two or more, for an interval, got {len(seeds)}")
    shapes = tuple((total // depth,) * depth for depth in depths)
    span, draw = (-reach, reach), np.random.default_rng
    counts = [[count(random_layers((1, *shape, 1), draw(seed)), span) for seed in seeds] for shape in shapes]
    return RandomPieces(shapes, np.array(counts))


def random_layers(sizes: Sequence[int], rng: np.random.Generator, spread: float = 1.0) -> list[Layer]:
    """Random layers between the given sizes, inputs first and outputs last, in thousandths.

    Weights are normal with variance 2/fan-in, biases normal with standard deviation ``spread``.

    >>> [len(biases) for _, biases in random_layers([1, 3, 2], np.random.default_rng(0))]
    [3, 2]
    """
    return [
        (
            [[rounded(w) for w in row] for row in rng.normal(scale=(2 / before) ** 0.5, size=(after, before))],
            [rounded(b) for b in rng.normal(scale=spread, size=after)],
        )
        for before, after in zip(sizes, sizes[1:], strict=False)
    ]


def rounded(number: float) -> Fraction:
    """A number in thousandths, exactly.

    >>> rounded(0.12345)
    Fraction(123, 1000)
    """
    return Fraction(round(1000 * number), 1000)
