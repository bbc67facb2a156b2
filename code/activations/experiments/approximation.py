r"""One hidden layer against targets on [0, 1]: written down by formula, fitted, and trained from random starts.

A layer of one input computes :math:`c + \sum_k v_k\, f(s\,(x - t_k))` with thresholds :math:`t_k`, one steepness
:math:`s` and outer weights :math:`v_k`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from types import MappingProxyType

import numpy as np
import sympy as sp
import torch

from .. import values
from ..catalogue import x as variable
from ..charts import Axis, Chart, Line, Points, Rule, style
from ._summary import mean_interval

__all__ = [
    "FEATURES",
    "HIDDEN",
    "TARGETS",
    "Convergence",
    "Layer",
    "Target",
    "Training",
    "convergence",
    "corner_chart",
    "fit_chart",
    "fitted",
    "get_target",
    "interpolant",
    "line_from_one_unit",
    "train",
    "worst_error",
]

Function = Callable[[np.ndarray], np.ndarray]


# --- targets ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Target:
    """A function on [0, 1]: its exact formula in ``x``, and the largest size of its second derivative there."""

    title: str
    formula: sp.Expr
    curvature: sp.Expr = sp.oo

    @cached_property
    def _numpy(self) -> Function:
        return sp.lambdify(variable, self.formula, "numpy")

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return self._numpy(np.asarray(x, dtype=float)) * 1.0


_THREE_TENTHS = sp.Rational(3, 10)

TARGETS: Mapping[str, Target] = MappingProxyType(
    {
        "wave": Target("wave, sin 4πx", sp.sin(4 * sp.pi * variable), 16 * sp.pi**2),
        "peak": Target("peak, 1/(1 + 25(2x − 1)²)", 1 / (1 + 25 * (2 * variable - 1) ** 2), sp.Integer(200)),
        "corner": Target("corner, |x − 0.3|", sp.Abs(variable - _THREE_TENTHS)),
        "root": Target("square root", sp.sqrt(variable)),
        "step": Target("step at 0.3", sp.Piecewise((1, variable >= _THREE_TENTHS), (0, True))),
    }
)
"""Two smooth targets, two that are continuous only, and one with a jump."""


def get_target(name: str) -> Target:
    """The target called ``name``; ValueError, listing them, when there is none."""
    if name not in TARGETS:
        raise ValueError(f"target must be one of {', '.join(TARGETS)}, got {name!r}")
    return TARGETS[name]


# --- one hidden layer -------------------------------------------------------------------------------------------------

FEATURES: Mapping[str, Function] = MappingProxyType(
    {"relu": values.relu, "sigmoid": values.sigmoid, "tanh": values.tanh, "square": np.square}
)
"""What a hidden unit may compute here: three activations of the catalogue, and a polynomial."""


@dataclass(frozen=True, eq=False)
class Layer:
    """One hidden layer of one input and one output, as a function."""

    constant: float
    outer: np.ndarray
    thresholds: np.ndarray
    steepness: float = 1.0
    activation: str = "relu"

    def __call__(self, x: np.ndarray) -> np.ndarray:
        hidden = _hidden(np.asarray(x, dtype=float), self.thresholds, self.steepness, self.activation)
        return self.constant + hidden @ self.outer


def _hidden(x: np.ndarray, thresholds: np.ndarray, steepness: float, activation: str) -> np.ndarray:
    return FEATURES[activation](steepness * (x[..., None] - thresholds))


def _check_units(units: int) -> None:
    if units < 1:
        raise ValueError(f"units must be at least 1, got {units}")


def interpolant(f: Function, units: int, span: tuple[float, float] = (0, 1)) -> Layer:
    r"""The ReLU layer that runs along the chords of ``f`` between ``units + 1`` evenly spaced knots.

    .. math:: N(x) = f(x_0) + \sum_{k=0}^{n-1} (s_k - s_{k-1}) \operatorname{relu}(x - x_k),
        \qquad s_k = \frac{f(x_{k+1}) - f(x_k)}{x_{k+1} - x_k}, \quad s_{-1} = 0

    Raises ValueError for fewer than one unit.

    >>> network = interpolant(np.square, 2)
    >>> network.outer.tolist(), network.thresholds.tolist()
    ([0.5, 1.0], [0.0, 0.5])
    """
    _check_units(units)
    knots = np.linspace(*span, units + 1)
    y = f(knots)
    slopes = np.diff(y) / np.diff(knots)
    return Layer(float(y[0]), np.diff(slopes, prepend=0.0), knots[:-1])


def fitted(f: Function, units: int, activation: str, points: int = 769) -> Layer:
    """A layer on [0, 1] with evenly spaced thresholds whose outer weights are those of least squares.

    The steepness is the number of units, so that neighbours overlap. Raises ValueError for an unknown activation or
    fewer than one unit.
    """
    _check_units(units)
    if activation not in FEATURES:
        raise ValueError(f"activation must be one of {', '.join(FEATURES)}, got {activation!r}")
    x, thresholds, steepness = np.linspace(0, 1, points), np.arange(units) / units, float(units)
    columns = np.column_stack([np.ones(points), _hidden(x, thresholds, steepness, activation)])
    constant, *outer = np.linalg.lstsq(columns, f(x), rcond=1e-10)[0]
    return Layer(float(constant), np.array(outer), thresholds, steepness, activation)


def worst_error(f: Function, g: Function, span: tuple[float, float] = (0, 1), points: int = 4801) -> float:
    """The largest distance of two functions on an even grid."""
    x = np.linspace(*span, points)
    return float(np.abs(f(x) - g(x)).max())


def line_from_one_unit(stretch: float) -> Layer:
    r"""One sigmoid unit that stays close to the line y = x where x is small against ``stretch``.

    .. math:: N(x) = 4k\,\sigma(x/k) - 2k

    >>> bool(abs(line_from_one_unit(100.0)(1.0) - 1) < 1e-5)
    True
    """
    if stretch <= 0:
        raise ValueError(f"stretch must be positive, got {stretch}")
    return Layer(-2 * stretch, np.array([4 * stretch]), np.zeros(1), 1 / stretch, "sigmoid")


# --- error against the number of units --------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class Convergence:
    """The worst error of the interpolant, one row a target and one column a number of units, and its bound."""

    targets: tuple[str, ...]
    units: tuple[int, ...]
    error: np.ndarray
    bound: np.ndarray

    def __repr__(self) -> str:
        rows = [f"{'units':<8}" + "".join(f"{n:>8}" for n in self.units)]
        for name, error, bound in zip(self.targets, self.error, self.bound, strict=True):
            rows.append(f"{name:<8}" + "".join(f"{value:>8.2g}" for value in error))
            if np.isfinite(bound).all():
                rows.append(f"{' bound':<8}" + "".join(f"{value:>8.2g}" for value in bound))
        return "\n".join(rows)

    def chart(self) -> Chart:
        """Errors as points and bounds as lines, both axes logarithmic."""
        marks, looks = [], (("blue", "circle"), ("vermillion", "square"), ("green", "triangle"), ("purple", "diamond"))
        for (colour, marker), name, error, bound in zip(looks, self.targets, self.error, self.bound, strict=False):
            if np.isfinite(bound).all():
                marks.append(Line(self.units, bound, label=f"bound, {name}", colour=colour, dash="long"))
            marks.append(Points(self.units, error, label=name, colour=colour, marker=marker))
        words = f"Worst error of the interpolant for {', '.join(self.targets)}, from {self.units[0]} to "
        words += f"{self.units[-1]} units: all fall, the smooth targets fastest and just under their bounds."
        return Chart(Axis("ReLU units", scale="log"), Axis("worst error", scale="log"), marks, words=words)


def convergence(
    targets: Sequence[str] = ("wave", "peak", "corner", "root"), units: Sequence[int] = (4, 8, 16, 32, 64, 128, 256)
) -> Convergence:
    r"""Worst errors of :func:`interpolant`, and the bound :math:`\tfrac18 h^2 \max |f''|` where it is finite."""
    curvature = [float(get_target(name).curvature) for name in targets]
    error = [[worst_error(TARGETS[name], interpolant(TARGETS[name], n)) for n in units] for name in targets]
    bound = np.outer(curvature, 1 / (8 * np.square(units, dtype=float)))
    return Convergence(tuple(targets), tuple(units), np.array(error), bound)


# --- charts -----------------------------------------------------------------------------------------------------------

_POINTS = 193  # every number of units on the page divides 192, so that no corner falls between two points
_SQUARE = {"colour": "orange", "dash": "dashdot"}  # not in the catalogue, so it has no sign of its own
HIDDEN: Mapping[str, str] = MappingProxyType(
    {"ReLU, by formula": "relu", "sigmoid, fitted": "sigmoid", "square, fitted": "square"}
)
"""The words of the page's choice, and what they stand for."""


def fit_chart(target: str, units: int, hidden: str = "ReLU, by formula") -> tuple[Chart, Chart]:
    """A target and a layer of so many units that should match it, and beside them the error.

    Raises ValueError, naming the setting, for an unknown target or kind of unit, and for fewer than one unit.
    """
    f = get_target(target)
    if hidden not in HIDDEN:
        raise ValueError(f"hidden must be one of {', '.join(HIDDEN)}, got {hidden!r}")
    kind = HIDDEN[hidden]
    network = interpolant(f, units) if kind == "relu" else fitted(f, units, kind)
    x = np.linspace(0, 1, _POINTS)
    y, worst, look = network(x), worst_error(f, network), _SQUARE if kind == "square" else style(kind)
    words = f"Target {f.title}; units: {units} ({hidden}); worst error {worst:.2g}."
    lines = [Line(x, f(x), label="target", colour="muted", dash="dotted"), Line(x, y, label="network", **look)]
    error = Line(x, y - f(x), colour=look["colour"])
    across, air = Axis("x", limits=(0, 1)), 0.15 * np.ptp(f(x))
    up = Axis("output", limits=(f(x).min() - air, f(x).max() + air))
    return (
        Chart(across, up, lines, words=words, title="Fit"),
        Chart(across, "network − target", [Rule(0), error], words="Beside it, the error.", title="Error"),
    )


def corner_chart() -> Chart:
    """|x| on [−1, 1], the best that any number of squares can do, and two ReLUs."""
    x = np.linspace(-1, 1, 201)
    best, relus = x**2 + 1 / 8, values.relu(x) + values.relu(-x)
    marks = [
        Line(x, relus, label="|x|, two ReLUs", **style("relu")),
        Line(x, best, label="best of all layers of squares", **_SQUARE),
        Points([-1, -0.5, 0, 0.5, 1], [1.125, 0.375, 0.125, 0.375, 1.125], label="off by ⅛", colour="orange"),
    ]
    words = "A parabola beside the corner |x|: it is an eighth too high at −1, 0 and 1, an eighth too low at ±½."
    return Chart("x", "output", marks, words=words)


# --- training ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class Training:
    """Worst errors of trained layers, one a seed, beside that of the layer written down by formula."""

    target: str
    units: int
    by_formula: float
    trained: np.ndarray
    x: np.ndarray
    y: np.ndarray

    @property
    def ratio(self) -> np.ndarray:
        """How many times larger the trained error is, one a seed."""
        return self.trained / self.by_formula

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the mean ratio, by Student's t."""
        _, low, high = mean_interval(self.ratio)
        return float(low), float(high)

    def __repr__(self) -> str:
        low, middle, high = np.quantile(self.trained, [0, 0.5, 1])
        return (
            f"{self.units} ReLU units, target {self.target}\n"
            f"worst error by formula            {self.by_formula:.3f}\n"
            f"worst error trained, {self.trained.size} starts   "
            f"best {low:.3f}, median {middle:.3f}, worst {high:.3f}"
        )

    def chart(self) -> Chart:
        """The target, and what the best, the middle and the worst start came to."""
        order, f = np.argsort(self.trained), get_target(self.target)
        picks = {"best start": order[0], "median start": order[order.size // 2], "worst start": order[-1]}
        looks = (("blue", "solid"), ("purple", "dashdot"), ("vermillion", "long"))
        marks = [Line(self.x, f(self.x), label="target", colour="muted", dash="dotted")]
        for (label, seed), (colour, dash) in zip(picks.items(), looks, strict=True):
            marks.append(Line(self.x, self.y[seed], label=label, colour=colour, dash=dash))
        words = f"The best of {order.size} starts stays within {self.trained.min():.2f} of the {self.target}; "
        words += f"the worst is off by {self.trained.max():.2f}."
        return Chart(Axis("x", limits=(0, 1)), "output", marks, words=words)


@cache
def train(
    target: str = "wave", units: int = 16, seeds: int = 30, *, steps: int = 1500, rate: float = 0.01, points: int = 129
) -> Training:
    """Layers of ReLUs trained by Adam on the mean squared error at evenly spaced points, all starts at once.

    Inner and outer weights start normal with variance 2/fan-in, and the thresholds evenly spread over [0, 1]. Raises
    ValueError, naming the setting, for an unknown target or a number below 1 (two seeds at least, for an interval).
    """
    f = get_target(target)
    for name, value, least in (("units", units, 1), ("seeds", seeds, 2), ("steps", steps, 1), ("points", points, 2)):
        if value < least:
            raise ValueError(f"train: {name} must be at least {least}, got {value}")
    grid = np.linspace(0, 1, points)
    x, y = torch.tensor(grid), torch.tensor(f(grid))
    parameters = _starts(seeds, units)
    optimiser = torch.optim.Adam(parameters, lr=rate)
    for _ in range(steps):
        optimiser.zero_grad()
        (_outputs(parameters, x) - y).square().mean(1).sum().backward()
        optimiser.step()
    with torch.no_grad():
        found = _outputs(parameters, x).numpy()
    return Training(
        target, units, worst_error(f, interpolant(f, units)), np.abs(found - f(grid)).max(axis=1), grid, found
    )


def _starts(seeds: int, units: int) -> list[torch.Tensor]:
    """Inner weights, inner biases, outer weights and constants; the first axis is the start."""
    drawn = []
    for seed in range(seeds):
        dice = np.random.default_rng(seed)
        inner = dice.normal(scale=2**0.5, size=units)
        outer = dice.normal(scale=(2 / units) ** 0.5, size=units)
        drawn.append((inner, -inner * dice.uniform(size=units), outer, np.zeros(1)))
    return [torch.tensor(np.stack(part)).requires_grad_() for part in zip(*drawn, strict=True)]


def _outputs(parameters: Iterable[torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    inner, bias, outer, constant = parameters
    hidden = torch.relu(inner[:, :, None] * x + bias[:, :, None])
    return torch.einsum("su,sup->sp", outer, hidden) + constant
