r"""What a picture shows, as data.

A :class:`Chart` holds marks (lines, points, bars, a heat map …), two axes and one sentence that says what to see.
It draws nothing: ``figures`` turns it into matplotlib, ``explore`` into a live page, both from the same numbers.
Everything is checked when it is made, so that a chart that exists can be drawn.

The signs of the book live here too: the palette, the dashes, and the colour and dash of each activation.

>>> import numpy as np
>>> x = np.linspace(-3, 3, 7)
>>> chart = Chart("x", "f(x)", [Line(x, np.tanh(x), label="tanh", **style("tanh"))], words="tanh rises from −1 to 1.")
>>> chart.x.label, chart.marks[0].colour
('x', 'vermillion')
>>> Line(x, [1, 2], label="short")
Traceback (most recent call last):
...
ValueError: Line 'short': y must have shape (7,) as x has, got (2,)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType, ModuleType
from typing import ClassVar

import numpy as np
from sympy import lambdify

from activations import catalogue, slopes, values

__all__ = [
    "COLOUR_MAPS",
    "DASHES",
    "MARKERS",
    "PALETTE",
    "STYLES",
    "Axis",
    "Bars",
    "Chart",
    "Curves",
    "HeatMap",
    "Histogram",
    "Line",
    "Points",
    "Rule",
    "Span",
    "activation_chart",
    "comparison_chart",
    "limits",
    "saturated",
    "style",
]

# --- the signs of the book -------------------------------------------------------------------------------------------

PALETTE: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "ink": ("#222222", "#e8e8e8"),
        "muted": ("#707070", "#9a9a9a"),
        "blue": ("#0072b2", "#4c9be8"),
        "sky": ("#2a8bbd", "#7fcdf5"),
        "green": ("#00875f", "#2cc295"),
        "olive": ("#857300", "#f0e442"),
        "orange": ("#b87400", "#e69f00"),
        "vermillion": ("#d55e00", "#f4793b"),
        "purple": ("#b0578d", "#e4a0cb"),
    }
)
"""Colour roles, each with its colour on a light and on a dark page: Okabe and Ito's, with contrast 3 or more."""

DASHES: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        "solid": (),
        "dashed": (4, 2),
        "long": (9, 2.5),
        "dotted": (1.2, 1.6),
        "dashdot": (6, 2, 1.2, 2),
        "dashdotdot": (6, 1.8, 1.2, 1.8, 1.2, 1.8),
    }
)
"""Strokes and gaps, in line widths. ``dashed`` is kept for slopes: f is solid and f′ dashed."""

MARKERS = ("circle", "square", "triangle", "diamond")

COLOUR_MAPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "sequential": ("#f7fbff", "#d3e4f3", "#a3cbe3", "#63a5d0", "#2b7bba", "#0b4d94", "#08306b"),
        "diverging": ("#b35806", "#ee9d45", "#fdd9ae", "#f7f7f7", "#c0d9ec", "#5ea3cc", "#1a5f9e"),
    }
)
"""Colours at equal distances from the lowest value to the highest; both read the same to the colour-blind."""

STYLES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "identity": ("muted", "long"),
        "heaviside": ("ink", "dotted"),
        "sigmoid": ("blue", "solid"),
        "logsigmoid": ("blue", "dotted"),
        "tanh": ("vermillion", "long"),
        "hardtanh": ("orange", "dashdot"),
        "softsign": ("purple", "dotted"),
        "arctan": ("green", "dashdotdot"),
        "relu": ("ink", "solid"),
        "relu6": ("olive", "long"),
        "squared_relu": ("olive", "dashdot"),
        "leaky_relu": ("vermillion", "dashdot"),
        "prelu": ("purple", "long"),
        "rrelu": ("sky", "dotted"),
        "elu": ("blue", "long"),
        "celu": ("orange", "dotted"),
        "selu": ("green", "dashdot"),
        "softplus": ("sky", "dashdotdot"),
        "gelu": ("green", "long"),
        "gelu_tanh": ("green", "dotted"),
        "silu": ("purple", "dashdot"),
        "mish": ("orange", "dashdotdot"),
        "hardsigmoid": ("sky", "dashdot"),
        "hardswish": ("sky", "long"),
        "sine": ("vermillion", "solid"),
        "cosine": ("blue", "dashdotdot"),
        "maxout": ("ink", "dashdot"),
        "softmax": ("blue", "dashdot"),
        "log_softmax": ("muted", "dashdot"),
        "sparsemax": ("vermillion", "dotted"),
        "glu": ("olive", "dotted"),
        "reglu": ("ink", "long"),
        "geglu": ("green", "solid"),
        "swiglu": ("purple", "solid"),
    }
)
"""The colour and dash of each activation, in every figure and explorable; no two share both."""

_NEWCOMER = ("ink", "dashdotdot")


def style(name: str | catalogue.Activation | catalogue.ManyInputActivation) -> dict[str, str]:
    """The colour and dash of an activation, ready for :class:`Line`.

    An activation that a reader has defined, and that the table does not hold, gets the pair kept for newcomers.
    Raises KeyError for a name that the catalogue does not know.

    >>> style("swish")
    {'colour': 'purple', 'dash': 'dashdot'}
    """
    colour, dash = STYLES.get(catalogue.get(name).name, _NEWCOMER)
    return {"colour": colour, "dash": dash}


# --- checks ----------------------------------------------------------------------------------------------------------

_LARGEST = 1e100  # beyond it the arithmetic of scales and ticks, here and in the browser, could overflow
_LARGEST_LIMIT = 1e110  # room for the air around the largest numbers, on a log axis too
_THINNEST = 1e-10  # of the larger end: thinner axes have no two ticks that float64 can tell apart


def _array(who: str, what: str, value: object, *, ndim: int = 1, gaps: bool = False) -> np.ndarray:
    """``value`` as a read-only float64 array of ``ndim`` dimensions, finite but for NaN where ``gaps`` are allowed."""
    array = np.array(value, dtype=np.float64)
    if array.ndim != ndim or array.size == 0:
        raise ValueError(f"{who}: {what} must be a non-empty array of {ndim} dimension(s), got shape {array.shape}")
    drawable = np.abs(array) <= _LARGEST
    if not np.all(drawable | np.isnan(array) if gaps else drawable):
        wanted = "finite numbers or NaN (a gap)" if gaps else "finite numbers"
        worst = array[~drawable][0]
        raise ValueError(f"{who}: {what} must hold {wanted} up to {_LARGEST:g} in size, got {worst:g}")
    array.setflags(write=False)
    return array


def _same_shape(who: str, what: str, array: np.ndarray, other: str, shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise ValueError(f"{who}: {what} must have shape {shape} as {other} has, got {array.shape}")


def _one_of(who: str, what: str, value: object, accepted: Iterable[str]) -> None:
    if value not in tuple(accepted):
        raise ValueError(f"{who}: {what} must be one of {', '.join(accepted)}, got {value!r}")


def _text(who: str, what: str, value: object, *, empty: bool = False) -> None:
    if not isinstance(value, str) or not (empty or value.strip()):
        raise ValueError(f"{who}: {what} must be {'a' if empty else 'a non-empty'} string, got {value!r}")


# --- marks -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Mark:
    """What all marks share. ``arrays`` names the fields that hold numbers, with the axis each is read on."""

    kind: ClassVar[str]
    arrays: ClassVar[Mapping[str, str]] = {}

    @property
    def who(self) -> str:
        label = getattr(self, "label", "")
        return f"{type(self).__name__} {label!r}" if label else type(self).__name__

    def extent(self, axis: str) -> np.ndarray:
        """The finite numbers of this mark on ``axis`` (``"x"`` or ``"y"``), which limits should hold."""
        found = (getattr(self, name) for name, on in self.arrays.items() if on == axis)
        together = np.concatenate([np.empty(0), *(array.ravel() for array in found if array is not None)])
        return together[np.isfinite(together)]

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _set_interval(self, name: str, like: np.ndarray) -> None:
        """Check ``lo`` and ``hi`` against the values ``like`` of the field ``name``: both or neither, and in order."""
        if (self.lo is None) != (self.hi is None):
            raise ValueError(
                f"{self.who}: an interval needs both lo and hi, got only {'lo' if self.hi is None else 'hi'}"
            )
        if self.lo is None:
            return
        for end in ("lo", "hi"):
            self._set(end, _array(self.who, end, getattr(self, end), gaps=True))
            _same_shape(self.who, end, getattr(self, end), name, like.shape)
        if np.any(self.lo > self.hi):
            where = int(np.argmax(self.lo > self.hi))
            raise ValueError(
                f"{self.who}: lo must not exceed hi, got {self.lo[where]:g} > {self.hi[where]:g} at {where}"
            )

    def _check_look(self) -> None:
        _text(self.who, "label", self.label, empty=True)
        _one_of(self.who, "colour", self.colour, PALETTE)


@dataclass(frozen=True, eq=False)
class Line(Mark):
    """A polyline through (x, y), in order; NaN in ``y`` leaves a gap. ``lo`` and ``hi`` make a band around it.

    ``dots`` marks its points too, as on a path. Raises ValueError, naming the line, for shapes that differ, a number
    that cannot be drawn, an interval upside down, an unknown colour or dash.
    """

    kind: ClassVar[str] = "line"
    arrays: ClassVar[Mapping[str, str]] = {"x": "x", "y": "y", "lo": "y", "hi": "y"}

    x: np.ndarray
    y: np.ndarray
    label: str = ""
    colour: str = "ink"
    dash: str = "solid"
    lo: np.ndarray | None = None
    hi: np.ndarray | None = None
    dots: bool = False

    def __post_init__(self) -> None:
        self._set("x", _array(self.who, "x", self.x))
        self._set("y", _array(self.who, "y", self.y, gaps=True))
        _same_shape(self.who, "y", self.y, "x", self.x.shape)
        self._set_interval("y", self.y)
        self._check_look()
        _one_of(self.who, "dash", self.dash, DASHES)


@dataclass(frozen=True, eq=False)
class Points(Mark):
    """Separate points (x, y), with whiskers from ``lo`` to ``hi`` where given; NaN in ``y`` draws none."""

    kind: ClassVar[str] = "points"
    arrays: ClassVar[Mapping[str, str]] = {"x": "x", "y": "y", "lo": "y", "hi": "y"}

    x: np.ndarray
    y: np.ndarray
    label: str = ""
    colour: str = "ink"
    marker: str = "circle"
    lo: np.ndarray | None = None
    hi: np.ndarray | None = None

    def __post_init__(self) -> None:
        self._set("x", _array(self.who, "x", self.x))
        self._set("y", _array(self.who, "y", self.y, gaps=True))
        _same_shape(self.who, "y", self.y, "x", self.x.shape)
        self._set_interval("y", self.y)
        self._check_look()
        _one_of(self.who, "marker", self.marker, MARKERS)


@dataclass(frozen=True, eq=False)
class Curves(Mark):
    """A grid of curves, as of a plane that is bent: rows of the matrices ``x`` and ``y`` are thin polylines."""

    kind: ClassVar[str] = "curves"
    arrays: ClassVar[Mapping[str, str]] = {"x": "x", "y": "y"}

    x: np.ndarray
    y: np.ndarray
    label: str = ""
    colour: str = "blue"

    def __post_init__(self) -> None:
        self._set("x", _array(self.who, "x", self.x, ndim=2))
        self._set("y", _array(self.who, "y", self.y, ndim=2))
        _same_shape(self.who, "y", self.y, "x", self.x.shape)
        self._check_look()


@dataclass(frozen=True, eq=False)
class Bars(Mark):
    """Horizontal bars from 0, one a name, the first on top; several in one chart stand side by side.

    ``colour`` is one role for all, or a role a bar. The other axis lists the names, so that they read on a phone too.
    """

    kind: ClassVar[str] = "bars"
    arrays: ClassVar[Mapping[str, str]] = {"length": "x", "lo": "x", "hi": "x"}

    names: tuple[str, ...]
    length: np.ndarray
    label: str = ""
    colour: str | tuple[str, ...] = "blue"
    lo: np.ndarray | None = None
    hi: np.ndarray | None = None

    def __post_init__(self) -> None:
        self._set("names", tuple(self.names))
        self._set("length", _array(self.who, "length", self.length, gaps=True))
        _same_shape(self.who, "length", self.length, "names", (len(self.names),))
        self._set_interval("length", self.length)
        _text(self.who, "label", self.label, empty=True)
        self._set("colour", self.colours() if not isinstance(self.colour, str) else self.colour)
        for colour in self.colours():
            _one_of(self.who, "colour", colour, PALETTE)

    def colours(self) -> tuple[str, ...]:
        """The role of each bar."""
        colours = (self.colour,) * len(self.names) if isinstance(self.colour, str) else tuple(self.colour)
        if len(colours) != len(self.names):
            raise ValueError(f"{self.who}: {len(self.names)} bars need one colour or as many, got {len(colours)}")
        return colours

    def extent(self, axis: str) -> np.ndarray:
        if axis == "y":
            return np.array([-0.5, len(self.names) - 0.5])
        return np.append(super().extent("x"), 0.0)


@dataclass(frozen=True, eq=False)
class Histogram(Mark):
    """Vertical bars between rising ``edges``: one ``height`` fewer than there are edges."""

    kind: ClassVar[str] = "histogram"
    arrays: ClassVar[Mapping[str, str]] = {"edges": "x", "height": "y"}

    edges: np.ndarray
    height: np.ndarray
    label: str = ""
    colour: str = "blue"

    def __post_init__(self) -> None:
        self._set("edges", _array(self.who, "edges", self.edges))
        self._set("height", _array(self.who, "height", self.height))
        _same_shape(self.who, "height", self.height, "the gaps between edges", (self.edges.size - 1,))
        if np.any(np.diff(self.edges) <= 0):
            raise ValueError(f"{self.who}: edges must rise, got {self.edges}")
        self._check_look()

    def extent(self, axis: str) -> np.ndarray:
        return super().extent(axis) if axis == "x" else np.append(self.height, 0.0)


@dataclass(frozen=True, eq=False)
class HeatMap(Mark):
    """Values ``z`` on a grid of cell centres, ``z[i, j]`` at (x[j], y[i]), with contours at ``levels``.

    ``limits`` are the values at the ends of the colour map ``colours``; by default those of ``z``, and for
    ``"diverging"`` the same distance either side of 0.
    """

    kind: ClassVar[str] = "heatmap"
    arrays: ClassVar[Mapping[str, str]] = {"x": "x", "y": "y", "z": "z"}

    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    label: str
    levels: tuple[float, ...] = ()
    limits: tuple[float, float] | None = None
    colours: str = "sequential"

    def __post_init__(self) -> None:
        for name in ("x", "y"):
            self._set(name, _array(self.who, name, getattr(self, name)))
            _check_even(self.who, name, getattr(self, name))
        self._set("z", _array(self.who, "z", self.z, ndim=2))
        _same_shape(self.who, "z", self.z, "(y, x)", (self.y.size, self.x.size))
        _text(self.who, "label", self.label)
        _one_of(self.who, "colours", self.colours, COLOUR_MAPS)
        self._set("levels", tuple(float(level) for level in self.levels))
        self._set("limits", self._limits())

    def _limits(self) -> tuple[float, float]:
        if self.limits is not None:
            return _checked_limits(f"{self.who}: limits", self.limits)
        lo, hi = float(self.z.min()), float(self.z.max())
        if self.colours == "diverging":
            lo, hi = -max(-lo, hi), max(-lo, hi)
        return _widened(lo, hi)

    def extent(self, axis: str) -> np.ndarray:
        centres = getattr(self, axis)
        half = (centres[1] - centres[0]) / 2
        return np.array([centres[0] - half, centres[-1] + half])


def _check_even(who: str, name: str, centres: np.ndarray) -> None:
    gaps = np.diff(centres)
    if centres.size < 2 or gaps[0] <= 0 or not np.allclose(gaps, gaps[0], rtol=1e-6, atol=0):
        raise ValueError(f"{who}: {name} must hold two or more rising, evenly spaced cell centres")


@dataclass(frozen=True, eq=False)
class Span(Mark):
    """A shaded region from ``lo`` to ``hi`` on one axis; ±inf means up to the edge. ``lo == hi`` shades nothing.

    The empty span is for explorables, where every frame has the same marks.
    """

    kind: ClassVar[str] = "span"

    lo: float
    hi: float
    axis: str = "x"
    label: str = ""
    colour: str = "muted"

    def __post_init__(self) -> None:
        for end in ("lo", "hi"):
            self._set(end, float(getattr(self, end)))
        if not self.lo <= self.hi:
            raise ValueError(f"{self.who}: lo must not exceed hi, got {self.lo} and {self.hi}")
        _one_of(self.who, "axis", self.axis, ("x", "y"))
        self._check_look()

    @property
    def empty(self) -> bool:
        return self.lo == self.hi


@dataclass(frozen=True, eq=False)
class Rule(Mark):
    """A reference line across the picture, at one value of ``axis``: ``Rule(0, "y")`` is the horizontal axis."""

    kind: ClassVar[str] = "rule"

    at: float
    axis: str = "y"
    label: str = ""
    colour: str = "muted"
    dash: str = "solid"

    def __post_init__(self) -> None:
        self._set("at", float(_array(self.who, "at", [self.at])[0]))
        _one_of(self.who, "axis", self.axis, ("x", "y"))
        _one_of(self.who, "dash", self.dash, DASHES)
        self._check_look()

    def extent(self, axis: str) -> np.ndarray:
        return np.array([self.at]) if axis == self.axis else np.empty(0)


# --- axes and the chart ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Axis:
    """A labelled axis, ``scale`` linear or log; without ``limits`` it holds the data with a little air.

    Raises ValueError for an empty label, an unknown scale, limits that do not rise or, on a log axis, are not positive.
    """

    label: str
    scale: str = "linear"
    limits: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        _text("Axis", "label", self.label)
        _one_of(f"Axis {self.label!r}", "scale", self.scale, ("linear", "log"))
        if self.limits is not None:
            limits = _checked_limits(f"Axis {self.label!r}: limits", self.limits, self.scale)
            object.__setattr__(self, "limits", limits)


@dataclass(frozen=True, eq=False)
class Chart:
    """One panel: axes ``x`` and ``y`` (an :class:`Axis`, or its label), ``marks`` in drawing order, and ``words``.

    ``words`` is the sentence that says what is to be seen, for those who do not see it. ``equal`` gives both axes the
    same unit of length, as geometry needs. ``bare`` draws no axes and offers no read-out: for a picture in perspective,
    where a position is no number. Raises ValueError, saying which part, for a chart that cannot be drawn.
    """

    x: Axis | str
    y: Axis | str
    marks: Sequence[Mark]
    words: str
    title: str = ""
    equal: bool = False
    bare: bool = False
    names: tuple[str, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        for name in ("x", "y"):
            axis = getattr(self, name)
            object.__setattr__(self, name, axis if isinstance(axis, Axis) else Axis(axis))
        object.__setattr__(self, "marks", tuple(self.marks))
        if wrong := [mark for mark in self.marks if not isinstance(mark, Mark)]:
            raise ValueError(f"Chart: marks must be Line, Points, Bars …, got {type(wrong[0]).__name__}")
        if not self.marks:
            raise ValueError("Chart: marks must hold at least one mark, got none")
        _text("Chart", "words", self.words)
        _text("Chart", "title", self.title, empty=True)
        object.__setattr__(self, "names", _bar_names(self.marks))
        if self.equal and (self.names or (self.x.scale, self.y.scale) != ("linear", "linear")):
            raise ValueError("Chart: equal needs two linear axes and no bars")
        for name in ("x", "y"):
            _check_log(getattr(self, name), name, self.marks)
            limits(self, name)


def _bar_names(marks: Sequence[Mark]) -> tuple[str, ...]:
    """The names beside the bars, which all bars of a chart must share."""
    found = {mark.names for mark in marks if isinstance(mark, Bars)}
    if len(found) > 1:
        raise ValueError(f"Chart: all Bars must have the same names in the same order, got {sorted(found)}")
    return found.pop() if found else ()


def _check_log(axis: Axis, name: str, marks: Sequence[Mark]) -> None:
    if axis.scale == "linear":
        return
    for mark in marks:
        if isinstance(mark, (Bars, HeatMap)) or np.any(mark.extent(name) < 1 / _LARGEST):
            raise ValueError(
                f"{mark.who}: {name} has a log axis ({axis.label}), which shows positive numbers of at least "
                f"{1 / _LARGEST:g} and no bars or heat map; give a NaN where there is nothing to draw"
            )


def limits(chart: Chart, name: str, others: Iterable[Chart] = ()) -> tuple[float, float]:
    """The limits of a chart's axis ``"x"`` or ``"y"``: those given, else such that the data fit, with 4 % of air.

    ``others`` are charts that share the axis: all their data fit then.

    >>> limits(Chart("x", Axis("y", limits=(0, 2)), [Line([0, 1], [0, 1])], words="A line."), "y")
    (0.0, 2.0)
    """
    axis = getattr(chart, name)
    if axis.limits is not None:
        return axis.limits
    numbers = np.concatenate([mark.extent(name) for one in (chart, *others) for mark in one.marks])
    if numbers.size == 0:
        return (1.0, 10.0) if axis.scale == "log" else (0.0, 1.0)
    lo, hi = float(numbers.min()), float(numbers.max())
    if axis.scale == "log":
        decades = np.log10(lo), np.log10(hi)
        thin = decades[1] - decades[0] < _THINNEST
        return tuple(float(10.0**end) for end in _with_air(decades[0] - thin / 2, decades[1] + thin / 2))
    fills = any(isinstance(mark, HeatMap) or (isinstance(mark, Bars) and name == "y") for mark in chart.marks)
    return _widened(lo, hi) if fills else _with_air(*_widened(lo, hi))


def _widened(lo: float, hi: float) -> tuple[float, float]:
    """Ends far enough apart for an axis: equal ends move by half their size, or by ½ where they are 0."""
    largest = max(abs(lo), abs(hi))
    if hi - lo > max(_THINNEST * largest, 1 / _LARGEST):
        return float(lo), float(hi)
    half = largest / 2 if largest > 2 / _LARGEST else 0.5
    return float(lo - half), float(hi + half)


def _with_air(lo: float, hi: float) -> tuple[float, float]:
    air = 0.04 * (hi - lo)
    return lo - air, hi + air


def _checked_limits(who: str, ends: Sequence[float], scale: str = "linear") -> tuple[float, float]:
    lo, hi = (float(end) for end in ends)
    if not (max(abs(lo), abs(hi)) <= _LARGEST_LIMIT and lo < hi and _widened(lo, hi) == (lo, hi)):
        raise ValueError(f"{who} must be two finite numbers that rise, got {tuple(ends)}")
    if scale == "log" and lo < 1 / _LARGEST_LIMIT:
        raise ValueError(f"{who} on a log axis must be positive, got {tuple(ends)}")
    return lo, hi


# --- charts that many chapters draw ----------------------------------------------------------------------------------

SATURATED = 0.05
"""A region is shaded as saturated where |f′| stays at or below this share of its largest value."""


def saturated(x: np.ndarray, slope: np.ndarray, flat: tuple[bool, bool]) -> tuple[Span, Span]:
    """The left and right regions of ``x`` where |slope| stays at or below 5 % of its largest value, as two spans.

    ``flat`` says of the left and the right side whether the slope tends to 0 there; a side where it does not has an
    empty span.

    >>> x = np.array([-2.0, -1, 0, 1, 2])
    >>> [(span.lo, span.hi) for span in saturated(x, (x > 0) * 1.0, (True, False))]
    [(-inf, 0.0), (2.0, 2.0)]
    """
    steep = np.flatnonzero(np.abs(slope) > SATURATED * np.abs(slope).max())
    first, last = (steep[0], steep[-1]) if steep.size else (1, 0)
    left = Span(-np.inf, x[first - 1], label="saturated") if flat[0] and first > 0 else Span(x[0], x[0])
    right = Span(x[last + 1], np.inf, label="saturated") if flat[1] and last + 1 < x.size else Span(x[-1], x[-1])
    return left, right


def activation_chart(
    name: str | catalogue.Activation, *, span: tuple[float, float] = (-6, 6), points: int = 481, **parameters
) -> Chart:
    r"""A chart of f (solid) and f′ (dashed) for one activation of one input, with its saturated regions shaded.

    .. math:: f(x), \qquad f'(x), \qquad \{x : |f'(x)| \le 0.05 \max |f'|\}

    ``name`` may also be an entry of a reader's own; ``parameters`` are passed on, as in
    ``activation_chart("silu", beta=2.0)``. Raises KeyError for an unknown name, ValueError for a function of many
    inputs.

    >>> activation_chart("sigmoid").words
    'Sigmoid: f and its slope from −6 to 6; it saturates left of −4.38 and right of 4.38.'
    """
    entry = _one_input(name)
    x = np.linspace(*span, points)
    f, slope = (_evaluator(entry, what, parameters) for what in (values, slopes))
    y, dy = f(x), slope(x)
    shaded = saturated(x, dy, _flat_sides(slope))
    colour = style(entry)["colour"]
    marks = [
        *shaded,
        Rule(0, "y"),
        Line(x, _with_gaps(y), label="f", colour=colour),
        Line(x, _with_gaps(dy), label="f′", colour=colour, dash="dashed"),
    ]
    title = entry.title or entry.name
    words = f"{title}: f and its slope from {_number(span[0])} to {_number(span[1])}; {_saturation_words(shaded)}."
    return Chart(Axis("x", limits=span), "f(x) and f′(x)", marks, words=words, title=title)


def comparison_chart(
    names: Sequence[str | catalogue.Activation],
    *,
    slope: bool = False,
    span: tuple[float, float] = (-6, 6),
    points: int = 481,
) -> Chart:
    r"""A chart of several activations of one input, or of their slopes, each in its own colour and dash.

    .. math:: f_1(x), f_2(x), \dots \qquad \text{or} \qquad f_1'(x), f_2'(x), \dots

    >>> [line.label for line in comparison_chart(["relu", "gelu"], slope=True).marks[1:]]
    ['ReLU', 'GELU']
    """
    x = np.linspace(*span, points)
    entries = [_one_input(name) for name in names]
    module, label, what = (slopes, "f′(x)", "Slopes") if slope else (values, "f(x)", "Values")
    titles = [one.title or one.name for one in entries]
    lines = [
        Line(x, _with_gaps(_evaluator(one, module, {})(x)), label=title, **style(one))
        for one, title in zip(entries, titles, strict=True)
    ]
    words = f"{what} of {', '.join(titles)} from {_number(span[0])} to {_number(span[1])}."
    return Chart(Axis("x", limits=span), label, [Rule(0, "y"), *lines], words=words)


def _one_input(name: str | catalogue.Activation) -> catalogue.Activation:
    entry = catalogue.get(name)
    if entry.arity != "one":
        raise ValueError(f"{entry.name} takes many inputs: a curve shows a function of one, such as relu or tanh")
    return entry


def _evaluator(
    entry: catalogue.Activation, module: ModuleType, parameters: Mapping[str, float]
) -> Callable[[np.ndarray], np.ndarray]:
    """The function of ``values`` or ``slopes`` for an entry; for one that is not in the catalogue, SymPy's."""
    if catalogue.CATALOGUE.get(entry.name) is entry:
        return partial(getattr(module, entry.name), **parameters)
    expression = entry.at(**parameters) if module is values else entry.slope(**parameters)
    by_sympy = lambdify(catalogue.x, expression, ["scipy", "numpy"])

    def evaluate(x: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):  # both branches of a Piecewise are evaluated
            return np.broadcast_to(by_sympy(x), x.shape)

    return evaluate


def _with_gaps(y: np.ndarray) -> np.ndarray:
    """The samples of a curve with a gap at each jump, so that no line is drawn where the function has no values."""
    rise = np.abs(np.diff(y))
    around = np.maximum(np.append(rise[1:], 0), np.append(0, rise[:-1]))
    jumps = (rise > 0.02 * np.ptp(y)) & (rise > 5 * around)
    return np.where(np.append(False, jumps), np.nan, y)


def _flat_sides(slope) -> tuple[bool, bool]:
    """Whether the slope tends to 0 on the left and on the right, seen far out where every soft tail has died away."""
    far = np.array([1e6, 1e7 + 0.1, 1e8 + 0.2])
    return tuple(bool(np.all(np.abs(slope(side * far)) < 1e-9)) for side in (-1.0, 1.0))


def _saturation_words(shaded: tuple[Span, Span]) -> str:
    left, right = shaded
    sides = [f"left of {_number(left.hi)}"] * (not left.empty) + [f"right of {_number(right.lo)}"] * (not right.empty)
    return f"it saturates {' and '.join(sides)}" if sides else "it does not saturate there"


def _number(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")
