r"""Moments of an activation under a normal input, and the gains that follow from them.

For X ~ N(0, 1) and pre-activations of mean square q, a layer whose weights have the variance g²/fan-in answers with

.. math:: q' = g^2\, V(q), \qquad V(q) = \mathrm E\, f(\sqrt q\, X)^2, \qquad g = \frac{1}{\sqrt{V(1)}}

where the last equation is the gain: it keeps q = 1. Expectations are sums over nodes, on panels that end at the kinks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from scipy import special

from .. import catalogue, slopes, values
from .._pieces import curve
from ..charts import Axis, Bars, Chart, Line, Rule, style
from ._summary import table

__all__ = [
    "Gains",
    "RuleErrors",
    "backward_gain",
    "expected",
    "gain",
    "gains",
    "hermite_rule",
    "kinks",
    "library_gain",
    "mean_square",
    "normal_rule",
    "rule_errors",
    "slope_square",
    "split_rule",
    "steadiness",
]

Rule_ = tuple[np.ndarray, np.ndarray]
_REACH = 12.0  # standard deviations: the density beyond is below 1e-31
_STEPS = np.array([0.5, 1, 2, 3.5, 5.5, 8, _REACH])  # panel ends, in standard deviations and in units of the input
_CUT = 9.0
_NODES = 20


# --- rules ------------------------------------------------------------------------------------------------------------


def kinks(activation: str) -> tuple[float, ...]:
    """The points at which an activation of the catalogue changes its formula.

    >>> kinks("hardtanh"), kinks("tanh")
    ((-1.0, 1.0), ())
    """
    return _kinks(catalogue.get(activation).name)


@lru_cache(maxsize=128)
def _kinks(name: str) -> tuple[float, ...]:
    return tuple(float(point) for point in curve(catalogue.get(name).at()).breaks)


def hermite_rule(nodes: int) -> Rule_:
    r"""Points and weights of Gauss and Hermite for N(0, 1): exact for polynomials of degree below twice the nodes.

    .. math:: \mathrm E\, g(X) \approx \sum_k w_k\, g(x_k)

    >>> points, weights = hermite_rule(5)
    >>> round(float(weights @ points**8), 9)
    105.0
    """
    points, weights = special.roots_hermitenorm(nodes)
    return points, weights / weights.sum()


def split_rule(breaks: Sequence[float], nodes: int) -> Rule_:
    """Points and weights for N(0, 1) on the panels that ``breaks`` cut, with Gauss and Legendre's nodes on each.

    The panels share the ``nodes``; the line ends at ±9, where what is left has a density below 1e-18. Raises ValueError
    for fewer than one node a panel.

    >>> points, weights = split_rule([0.0], 80)
    >>> round(float(weights @ np.maximum(points, 0)), 12) == round((2 * np.pi) ** -0.5, 12)
    True
    """
    ends = np.array([-_CUT, *sorted(b for b in breaks if abs(b) < _CUT), _CUT])
    if (each := nodes // (ends.size - 1)) < 1:
        raise ValueError(f"split_rule: nodes must be at least one a panel, {ends.size - 1} here, got {nodes}")
    return _on_panels(ends, each)


def normal_rule(breaks: Sequence[float] = (), sigma: float = 1.0) -> Rule_:
    """Points and weights for N(0, 1), fine enough for any activation of sigma·X, with panel ends at the breaks.

    >>> points, weights = normal_rule()
    >>> round(float(weights @ points**4), 12)
    3.0
    """
    half = np.concatenate([_STEPS, _STEPS / sigma])
    ends = np.unique(np.concatenate([[0.0], half, -half, np.asarray(breaks, dtype=float) / sigma]))
    return _on_panels(ends[np.abs(ends) <= _REACH], _NODES)


def _on_panels(ends: np.ndarray, nodes: int) -> Rule_:
    at, weight = _legendre(nodes)
    middle, half = (ends[1:] + ends[:-1]) / 2, np.diff(ends) / 2
    points = (middle[:, None] + half[:, None] * at).ravel()
    return points, (half[:, None] * weight).ravel() * np.exp(-(points**2) / 2) / np.sqrt(2 * np.pi)


@lru_cache(maxsize=512)
def _legendre(nodes: int) -> Rule_:
    return np.polynomial.legendre.leggauss(nodes)


# --- moments and gains ------------------------------------------------------------------------------------------------


def expected(activation: str, of: Callable, sigma: float = 1.0) -> float:
    r"""The mean of ``of(x, f(x), f′(x))`` for x = sigma·X and X ~ N(0, 1), f an activation of the catalogue.

    .. math:: \mathrm E\, g\bigl(\sigma X, f(\sigma X), f'(\sigma X)\bigr)

    Raises ValueError where sigma is not positive, KeyError for an unknown activation.

    >>> round(expected("relu", lambda x, f, slope: f), 9) == round((2 * np.pi) ** -0.5, 9)
    True
    """
    if not 0 < sigma < np.inf:
        raise ValueError(f"expected: sigma must be positive and finite, got {sigma}")
    name = catalogue.get(activation).name
    points, weights = normal_rule(_kinks(name), sigma)
    x = sigma * points
    return float(weights @ of(x, getattr(values, name)(x), getattr(slopes, name)(x)))


@lru_cache(maxsize=16384)
def mean_square(activation: str, q: float = 1.0) -> float:
    r"""The mean square of the output where that of the input is ``q``.

    .. math:: V(q) = \mathrm E\, f(\sqrt q\, X)^2, \qquad X \sim N(0, 1)

    >>> round(mean_square("relu", 4.0), 12)
    2.0
    """
    if q == 0:
        return float(getattr(values, catalogue.get(activation).name)(0.0)) ** 2
    return expected(activation, lambda x, f, slope: f**2, q**0.5)


@lru_cache(maxsize=16384)
def slope_square(activation: str, q: float = 1.0) -> float:
    r"""The mean square of the slope where the mean square of the input is ``q``.

    .. math:: \mathrm E\, f'(\sqrt q\, X)^2, \qquad X \sim N(0, 1)

    >>> round(slope_square("relu", 9.0), 12)
    0.5
    """
    if q == 0:
        return float(getattr(slopes, catalogue.get(activation).name)(0.0)) ** 2
    return expected(activation, lambda x, f, slope: slope**2, q**0.5)


def gain(activation: str) -> float:
    r"""The factor on the weights' deviation 1/√fan-in that keeps a mean square of 1.

    .. math:: g = \frac{1}{\sqrt{\mathrm E f(X)^2}}, \qquad X \sim N(0, 1)

    >>> round(gain("relu") ** 2, 12), round(gain("tanh"), 4)
    (2.0, 1.5925)
    """
    return mean_square(activation) ** -0.5


def backward_gain(activation: str) -> float:
    r"""The factor that keeps the mean square of the gradient, where that of the pre-activations is 1.

    .. math:: \frac{1}{\sqrt{\mathrm E f'(X)^2}}, \qquad X \sim N(0, 1)

    >>> round(backward_gain("relu") ** 2, 12), backward_gain("heaviside")
    (2.0, inf)
    """
    square = slope_square(activation)
    return square**-0.5 if square else np.inf


def steadiness(activation: str) -> float:
    r"""The factor by which a layer with the gain multiplies a small error of the mean square around 1.

    .. math:: \frac{d}{dq}\, g^2 V(q)\Big|_{q=1} = \frac{\mathrm E\bigl[(X^2 - 1) f(X)^2\bigr]}{2\, \mathrm E f(X)^2}

    Below 1 the gain's fixed point draws neighbours in, above 1 it drives them away. The density is differentiated and
    not f, so that a jump does no harm.

    >>> round(steadiness("relu"), 12), steadiness("tanh") < 1 < steadiness("gelu")
    (1.0, True)
    """
    return expected(activation, lambda x, f, slope: (x**2 - 1) * f**2) / (2 * mean_square(activation))


_IN_TORCH = {"identity": "linear", **dict.fromkeys(("sigmoid", "tanh", "relu", "leaky_relu", "selu"))}


def library_gain(activation: str) -> float:
    """What ``torch.nn.init.calculate_gain`` returns for an activation, NaN where it knows none.

    >>> library_gain("selu"), library_gain("gelu")
    (0.75, nan)
    """
    name = catalogue.get(activation).name
    return float(torch.nn.init.calculate_gain(_IN_TORCH[name] or name)) if name in _IN_TORCH else np.nan


@dataclass(frozen=True, eq=False, repr=False)
class Gains:
    """Gains of several activations: our own forward and backward, torch's, and how steady the fixed point is."""

    activations: tuple[str, ...]
    forward: np.ndarray
    backward: np.ndarray
    library: np.ndarray
    steadiness: np.ndarray

    @property
    def holds(self) -> tuple[str, ...]:
        """The activations whose fixed point draws in what is near it."""
        return tuple(name for name, rate in zip(self.activations, self.steadiness, strict=True) if rate < 1 - 1e-9)

    @property
    def repels(self) -> tuple[str, ...]:
        """The activations whose fixed point drives away what is near it."""
        return tuple(name for name, rate in zip(self.activations, self.steadiness, strict=True) if rate > 1 + 1e-9)

    def __repr__(self) -> str:
        columns = (self.forward, self.backward, self.library, self.steadiness)
        rows = [
            [name, *(_shown(number) for number in row)] for name, *row in zip(self.activations, *columns, strict=True)
        ]
        return table(["activation", "gain", "backward", "torch", "steadiness"], rows)

    def chart(self) -> Chart:
        """How a layer with the gain treats a small error of the mean square."""
        order = np.argsort(self.steadiness)
        names = [self.activations[i] for i in order]
        colours = tuple("vermillion" if self.steadiness[i] > 1 + 1e-9 else "blue" for i in order)
        marks = [Bars(names, self.steadiness[order], colour=colours), Rule(1, "x", colour="ink", dash="dotted")]
        words = f"Factor on a small error of the mean square: below 1 for {len(self.holds)} activations, "
        words += f"above 1 for {len(self.repels)}, among them {', '.join(self.repels[:4])}."
        return Chart("factor a layer on a small error", "activation", marks, words=words)


def _shown(number: float) -> str:
    return "–" if np.isnan(number) else "∞" if np.isinf(number) else f"{number:.4f}"


def gains(activations: Sequence[str] | None = None) -> Gains:
    """The gains of activations of the catalogue, by default of all that take one input."""
    chosen = tuple(catalogue.get(name).name for name in activations or catalogue.names("one"))
    columns = ([of(name) for name in chosen] for of in (gain, backward_gain, library_gain, steadiness))
    return Gains(chosen, *map(np.array, columns))


# --- how rules err ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class RuleErrors:
    """The relative errors of E f² by nodes: Gauss and Hermite's rule on the whole line, and the one split at kinks."""

    activations: tuple[str, ...]
    nodes: tuple[int, ...]
    hermite: np.ndarray
    split: np.ndarray

    def __repr__(self) -> str:
        header = ["nodes", *(f"{name}, {way}" for name in self.activations for way in ("Hermite", "split"))]
        both = np.stack([self.hermite, self.split], axis=1).reshape(-1, len(self.nodes))
        return table(header, [[n, *(f"{e:.0e}" for e in both[:, i])] for i, n in enumerate(self.nodes)])

    def chart(self) -> Chart:
        """Errors against nodes, both on log axes, those below 1e-15 drawn there."""
        marks = []
        for name, hermite, split in zip(self.activations, self.hermite, self.split, strict=True):
            colour = style(name)["colour"]
            marks.append(Line(self.nodes, np.maximum(hermite, 1e-15), label=f"{name}, Hermite", colour=colour))
            marks.append(
                Line(self.nodes, np.maximum(split, 1e-15), label=f"{name}, split", colour=colour, dash="dotted")
            )
        last = ", ".join(f"{name} {error[-1]:.0e}" for name, error in zip(self.activations, self.hermite, strict=True))
        words = f"Error of E f² by Gauss–Hermite with {self.nodes[-1]} nodes: {last}; split at the kinks at most "
        words += f"{self.split[:, -1].max():.0e}."
        return Chart(Axis("nodes", "log"), Axis("relative error of E f²", "log"), marks, words=words)


def rule_errors(
    activations: Sequence[str] = ("tanh", "hardtanh", "selu"), nodes: Sequence[int] = (6, 10, 16, 26, 42, 68, 110, 178)
) -> RuleErrors:
    """Errors of both rules against the fine one. Raises ValueError where there is less than one node a panel."""
    chosen = tuple(catalogue.get(name).name for name in activations)
    if min(nodes) < 4:
        raise ValueError(f"rule_errors: nodes must be 4 or more, got {min(nodes)}")
    hermite = [[_error(name, hermite_rule(n)) for n in nodes] for name in chosen]
    split = [[_error(name, split_rule(_kinks(name), n)) for n in nodes] for name in chosen]
    return RuleErrors(chosen, tuple(nodes), np.array(hermite), np.array(split))


def _error(name: str, rule: Rule_) -> float:
    points, weights = rule
    return abs(float(weights @ getattr(values, name)(points) ** 2) / mean_square(name) - 1)
