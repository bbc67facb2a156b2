r"""The linear regions of a ReLU network of two inputs, cut out exactly.

A network is a list of layers as in :mod:`.pieces`: rational weights (to, from) and biases, with ReLU between the layers
and not behind the last one. Where no unit switches the network is affine,

.. math:: N(x) = A x + c,

and a region is the set of inputs at which one choice of units is on. Regions are convex polygons with rational corners,
so that nothing is lost to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations

import numpy as np

from ..charts import Axis, Chart, HeatMap, Line
from . import _checks
from ._kept import kept
from ._summary import table
from .pieces import Layer, Point, random_layers, rounded

__all__ = [
    "ARRANGEMENTS",
    "Counts",
    "Region",
    "arrangement",
    "box_around",
    "chart",
    "counts",
    "cut",
    "evaluated",
    "random_network",
    "square",
    "turned",
    "turning_chart",
]

Form = tuple[Fraction, Fraction, Fraction]
"""An affine function of a point, :math:`a x + b y + c`."""

Polygon = tuple[Point, ...]

Border = tuple[int, Point, Point]
"""A straight border: the unit of the layer that switches there, and its two ends."""

SIDE = 3
"""Pictures show the square from −3 to 3."""


@dataclass(frozen=True)
class Region:
    """A polygon on which the network is affine, which units are on there layer by layer, and the outputs as forms."""

    corners: Polygon
    on: tuple[tuple[bool, ...], ...]
    outputs: tuple[Form, ...]


# --- cutting ----------------------------------------------------------------------------------------------------------


def square(side: object = SIDE) -> Polygon:
    """The corners of the square from −side to side."""
    s = Fraction(side)
    return ((-s, -s), (s, -s), (s, s), (-s, s))


def cut(network: Sequence[Layer], inside: Polygon | None = None) -> tuple[Region, ...]:
    """All regions of a network in a convex polygon, by default in the square from −3 to 3.

    Raises ValueError unless the first layer reads two inputs.

    >>> kink = [([[1, 0], [0, 1]], [0, 0]), ([[1, 1]], [0])]
    >>> len(cut(kink)), cut(kink)[0].on
    (4, ((True, True),))
    """
    return tuple(_cut(network, inside)[0])


def _cut(network: Sequence[Layer], inside: Polygon | None = None) -> tuple[list[Region], list[list[Border]]]:
    """The regions, and the borders that each hidden layer draws."""
    if any(len(row) != 2 for row in network[0][0]):
        raise ValueError(f"cut: the first layer must read two inputs, got {len(network[0][0][0])}")
    inputs = ((Fraction(1), Fraction(0), Fraction(0)), (Fraction(0), Fraction(1), Fraction(0)))
    cells, borders = [(inside or square(), (), inputs)], []
    for layer in network[:-1]:
        borders.append([])
        cells = [part for cell in cells for part in _through(layer, cell, borders[-1])]
    return [Region(corners, on, _sums(network[-1], signal)) for corners, on, signal in cells], borders


def _through(layer: Layer, cell: tuple, borders: list[Border]) -> list[tuple]:
    """The parts into which a hidden layer cuts a cell, each with what the layer puts out on it."""
    corners, on, signal = cell
    sums = _sums(layer, signal)
    parts = [(corners, ())]
    for unit, form in enumerate(sums):
        crossed, halves = [], []
        for polygon, signs in parts:
            halves += [(half, (*signs, sign)) for half, sign in _halves(polygon, form, crossed)]
        parts = halves
        if crossed:  # all on one line: its ends are enough
            borders.append((unit, min(crossed), max(crossed)))
    off = (Fraction(0),) * 3
    return [
        (polygon, (*on, signs), tuple(form if sign else off for form, sign in zip(sums, signs, strict=True)))
        for polygon, signs in parts
    ]


def _sums(layer: Layer, signal: Sequence[Form]) -> tuple[Form, ...]:
    """The weighted sums of a layer as affine functions of the network's input."""
    weights, biases = layer
    return tuple(
        tuple(
            sum((w * form[k] for w, form in zip(row, signal, strict=True)), Fraction(bias) if k == 2 else Fraction(0))
            for k in range(3)
        )
        for row, bias in zip(weights, biases, strict=True)
    )


def _at(form: Form, point: Point) -> Fraction:
    return form[0] * point[0] + form[1] * point[1] + form[2]


def _halves(polygon: Polygon, form: Form, crossed: list[Point]) -> list[tuple[Polygon, bool]]:
    """The parts of a polygon where a form is positive (True) and negative (False): two, or the whole of it once."""
    height = [_at(form, corner) for corner in polygon]
    if min(height) >= 0 or max(height) <= 0:
        return [(polygon, max(height) > 0)]
    sides = [], []
    for here, there, low, high in zip(polygon, polygon[1:] + polygon[:1], height, height[1:] + height[:1], strict=True):
        if low >= 0:
            sides[0].append(here)
        if low <= 0:
            sides[1].append(here)
        if low == 0:
            crossed.append(here)
        if low * high < 0:
            point = _between(here, there, low / (low - high))
            for part in (*sides, crossed):
                part.append(point)
    return [(tuple(sides[0]), True), (tuple(sides[1]), False)]


def _between(here: Point, there: Point, share: Fraction) -> Point:
    return tuple(a + share * (b - a) for a, b in zip(here, there, strict=True))


def box_around(layer: Layer) -> Polygon:
    """A square that holds every crossing of a layer's lines, and a part of every line: it misses no region.

    >>> [str(x) for x in box_around(([[1, 0], [0, 1]], [-7, 2]))[2]]
    ['8', '8']
    """
    lines = [(*map(Fraction, row), Fraction(bias)) for row, bias in zip(*layer, strict=True) if any(row)]
    crossings = [_crossing(one, other) for one, other in combinations(lines, 2)]
    feet = [tuple(-c * w / (a * a + b * b) for w in (a, b)) for a, b, c in lines]
    reach = max((abs(number) for point in (*feet, *filter(None, crossings)) for number in point), default=Fraction(0))
    return square(reach + 1)


def _crossing(one: Form, other: Form) -> Point | None:
    (a, b, c), (d, e, f) = one, other
    determinant = a * e - b * d
    return ((b * f - c * e) / determinant, (c * d - a * f) / determinant) if determinant else None


# --- counts of random layers ------------------------------------------------------------------------------------------

ARRANGEMENTS = ("general", "through one point", "parallel")


def arrangement(kind: str, units: int, seed: int) -> Layer:
    """A random layer of two inputs whose lines lie as ``kind`` says; all biases are 0 for lines through one point.

    Weights and biases are standard normal, rounded to thousandths. Raises ValueError for an unknown kind.

    >>> arrangement("through one point", 2, 0)[1]
    (Fraction(0, 1), Fraction(0, 1))
    """
    _checks.one_of("arrangement", "kind", kind, ARRANGEMENTS)
    _checks.whole("arrangement", "units", units)
    numbers = np.random.default_rng(seed).normal(size=(units, 3))
    rows = [tuple(map(rounded, row)) for row in numbers]
    weights = tuple(rows[0][:2] if kind == "parallel" else row[:2] for row in rows)
    return weights, tuple(Fraction(0) if kind == "through one point" else row[2] for row in rows)


@dataclass(frozen=True, eq=False, repr=False)
class Counts:
    """Regions of random layers in the whole plane: ``found[kind]`` has one row a number of units, one column a seed."""

    units: tuple[int, ...]
    seeds: tuple[int, ...]
    found: dict[str, np.ndarray]

    def __repr__(self) -> str:
        rows = [[units, *(_span(found[row]) for found in self.found.values())] for row, units in enumerate(self.units)]
        return table(["units", *self.found], rows) + f"\n{len(self.seeds)} random layers each"


def _span(counts: np.ndarray) -> str:
    return f"{counts.min()}" if counts.min() == counts.max() else f"{counts.min()} to {counts.max()}"


@kept
def counts(
    units: Sequence[int] = (1, 2, 3, 4, 6, 8), seeds: Sequence[int] = range(20), kinds: Sequence[str] = ARRANGEMENTS
) -> Counts:
    """The regions of random layers in the whole plane, counted by cutting it up.

    Raises ValueError for a number of units below 1, no seed, an unknown kind.

    >>> counts((3,), range(2)).found["general"].tolist()
    [[7, 7]]
    """
    seeds = _checks.some_seeds("counts", seeds)
    units = tuple(_checks.whole("counts", "units", width) for width in _checks.several("counts", "units", units))
    kinds = tuple(_checks.one_of("counts", "kinds", kind, ARRANGEMENTS) for kind in kinds)
    found = {
        kind: np.array([[_count(arrangement(kind, width, seed)) for seed in seeds] for width in units])
        for kind in kinds
    }
    return Counts(units, seeds, found)


def _count(layer: Layer) -> int:
    output = ([[Fraction(1)] * len(layer[1])], [Fraction(0)])
    return len(cut([layer, output], box_around(layer)))


# --- pictures ---------------------------------------------------------------------------------------------------------


def random_network(widths: Sequence[int], seed: int = 0) -> list[Layer]:
    """A random ReLU network of two inputs and one output with hidden layers of the given widths.

    Weights are normal with variance 2/fan-in, biases normal with standard deviation 0.7, in thousandths. Raises
    ValueError for no hidden layer or a width below 1.

    >>> [len(biases) for _, biases in random_network([4, 3])]
    [4, 3, 1]
    """
    widths = [_checks.whole("random_network", "widths", width) for width in widths]
    _checks.several("random_network", "widths", widths)
    return random_layers((2, *widths, 1), np.random.default_rng(seed), spread=0.7)


def evaluated(network: Sequence[Layer], x: np.ndarray) -> np.ndarray:
    """The network's outputs in floating point at inputs of shape (…, 2).

    >>> evaluated([([[1, 0], [0, 1]], [0, 0]), ([[1, 1]], [0])], np.array([3.0, -2.0])).tolist()
    [3.0]
    """
    for number, (weights, biases) in enumerate(network):
        x = (x if number == 0 else np.maximum(x, 0)) @ np.array(weights, dtype=float).T + np.array(biases, dtype=float)
    return x


def chart(network: Sequence[Layer], *, cells: int = 61, levels: int = 13) -> Chart:
    """The output over the square as a heat map with level lines, and the borders at which units switch."""
    regions, borders = _cut(network)
    heat = _heat(network, cells)
    heights = np.linspace(heat.z.min(), heat.z.max(), levels + 2)[1:-1]
    looks = zip(("first", "second", "third"), _LOOKS, borders, strict=False)
    lines = [_line(found, f"{which} layer", *look) for which, look, found in looks]
    widths = " + ".join(str(len(biases)) for _, biases in network[:-1])
    words = f"A ReLU network with {widths} hidden units has {len(regions)} regions in this square."
    return _panel([replace(heat, levels=tuple(heights)), *lines], words, f"{widths} units, {len(regions)} regions")


_LOOKS = (("vermillion", "solid"), ("green", "long"), ("purple", "dotted"))


def _heat(network: Sequence[Layer], cells: int, limits: tuple[float, float] | None = None) -> HeatMap:
    side = np.linspace(-SIDE, SIDE, cells)
    output = evaluated(network, np.stack(np.meshgrid(side, side), axis=-1))[..., 0]
    return HeatMap(side, side, output, label="output", limits=limits)


def _line(borders: Sequence[Border], label: str, colour: str, dash: str, room: int = 0) -> Line:
    """All borders as one line with gaps, padded with gaps to ``room`` borders."""
    spare = max(room - len(borders), 0 if borders else 1)
    x = [float(end[0]) for _, one, other in borders for end in (one, other, other)] + [0.0] * (3 * spare)
    y = [float(end) for _, one, other in borders for end in (one[1], other[1], np.nan)] + [np.nan] * (3 * spare)
    return Line(x, y, label=label, colour=colour, dash=dash)


def _panel(marks: Sequence, words: str, title: str) -> Chart:
    axes = (Axis(f"input {number}", limits=(-SIDE, SIDE)) for number in (1, 2))
    return Chart(*axes, marks, words=words, title=title, equal=True)


def turned(turn: float, shift: float, layers: int = 1) -> list[Layer]:
    """A network of 5 units, or of 5 and 4, whose first unit's line is turned by ``turn`` degrees, at ``shift`` from 0.

    The lines of the other four lie at 72, 144, 216 and 288 degrees, at 0.8 from 0: with 0 degrees and 0.8 the five make
    a star. Raises ValueError unless there are one or two layers.
    """
    _checks.one_of("turned", "layers", layers, (1, 2))
    angles = np.radians([turn, 72, 144, 216, 288])
    weights = [[rounded(np.cos(angle)), rounded(np.sin(angle))] for angle in angles]
    first = (weights, [rounded(-distance) for distance in (shift, 0.8, 0.8, 0.8, 0.8)])
    return [first, *(random_network([5, 4], seed=_SEED)[1:] if layers == 2 else [_OUTPUT])]


_OUTPUT = ([[Fraction(1), Fraction(-1), Fraction(1), Fraction(-1), Fraction(1)]], [Fraction(0)])
_SEED, _OUTPUTS = 6, (-2.0, 4.0)


def turning_chart(turn: float, shift: float, layers: int, *, cells: int = 31) -> Chart:
    """The regions of :func:`turned`, with the border of the moved unit in its own colour."""
    network = turned(turn, shift, layers)
    regions, borders = _cut(network)
    own, rest = [one for one in borders[0] if one[0] == 0], [one for one in borders[0] if one[0]]
    deeper = borders[1] if layers == 2 else []
    marks = [
        _heat(network, cells, _OUTPUTS),
        _line(rest, "first layer", "ink", "solid", 4),
        _line(deeper, "second layer", "green", "long", 26),
        _line(own, "the unit you move", "vermillion", "solid", 1),
    ]
    words = f"With two hidden layers there are {len(regions)} regions in this square."
    if layers == 1:
        everywhere = len(cut(network, box_around(network[0])))
        words = f"With one hidden layer there are {len(regions)} regions in this square and {everywhere} in the plane."
    return _panel(marks, words, f"{len(regions)} regions")
