r"""What very wide layers do to the length of one signal and to the angle between two.

The weights of a layer have the variance :math:`\sigma_w^2` over fan-in and the biases :math:`\sigma_b^2`. Then the mean
square q of the pre-activations and the correlation c of two inputs of the same q go from layer to layer by

.. math::
    q' = \sigma_w^2\, V(q) + \sigma_b^2, \qquad
    q\, c' = \sigma_w^2\, \mathrm E\, f(\sqrt q\, X)\, f(\sqrt q\, Y) + \sigma_b^2,

X and Y standard normal with correlation c. Expanding f in Hermite polynomials makes the second map a power series in c.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.optimize import brentq

from .. import catalogue, values
from . import _checks as check
from ._summary import table
from .moments import kinks, mean_square, normal_rule, slope_square

__all__ = [
    "Edge",
    "correlation_map",
    "depth_scale",
    "edge",
    "edge_weight",
    "fixed_correlation",
    "fixed_length",
    "hermite_squares",
    "length_map",
    "phase",
    "separation_rate",
    "settled_length",
]

_LEAST, _MOST = 1e-9, 1e9  # lengths beyond these count as 0 and as infinite
_DEGREES = 128
_NEAR_ONE = 1 - 1e-6


# --- lengths ----------------------------------------------------------------------------------------------------------


def length_map(activation: str, q: float, weight: float, bias: float) -> float:
    r"""The mean square of the pre-activations after one more layer, from that before.

    .. math:: q' = \sigma_w^2\, \mathrm E\, f(\sqrt q\, X)^2 + \sigma_b^2

    >>> round(length_map("relu", 3.0, 2**0.5, 0.5), 12)
    3.25
    """
    return weight**2 * mean_square(activation, q) + bias**2


def fixed_length(activation: str, weight: float, bias: float) -> float:
    """The mean square at which a signal that starts at 1 arrives: 0 and inf where it dies out and where it runs away.

    Where a map rises, what starts below a fixed point stays below it, so the first crossing on the way is the limit.
    Raises ValueError for a weight or a bias below 0.

    >>> fixed_length("relu", 1.0, 0.5), fixed_length("tanh", 0.9, 0.0), fixed_length("relu", 2.0, 0.5)
    (0.5, 0.0, inf)
    """
    name = catalogue.get(activation).name
    check.not_negative("fixed_length", "weight", weight)
    check.not_negative("fixed_length", "bias", bias)
    return _fixed_length(name, float(weight), float(bias))


@lru_cache(maxsize=4096)
def _fixed_length(name: str, weight: float, bias: float) -> float:
    def excess(log_q: float) -> float:
        q = np.exp(log_q)
        return length_map(name, q, weight, bias) / q - 1

    here, start = 0.0, excess(0.0)
    if abs(start) < 1e-13:
        return 1.0
    step = 0.5 if start > 0 else -0.5
    while np.log(_LEAST) < here < np.log(_MOST):
        if (excess(here + step) > 0) != (start > 0):
            found = np.exp(brentq(excess, min(here, here + step), max(here, here + step), xtol=1e-14, rtol=1e-14))
            return float(found)
        here += step
    return np.inf if start > 0 else 0.0


# --- correlations -----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def hermite_squares(activation: str, q: float, degrees: int = _DEGREES) -> np.ndarray:
    r"""The shares :math:`a_k^2` of E f(√q X)² that the normalised Hermite polynomials carry, k = 0 … degrees − 1.

    .. math:: a_k = \mathrm E\, f(\sqrt q\, X)\, h_k(X), \qquad
        \mathrm E\, f(\sqrt q\, X)\, f(\sqrt q\, Y) = \sum_k a_k^2\, c^k

    >>> hermite_squares("identity", 4.0)[:3].round(12).tolist()
    [0.0, 4.0, 0.0]
    """
    name = catalogue.get(activation).name
    points, weights = normal_rule(kinks(name), q**0.5)
    squares = ((_polynomials(tuple(points), degrees) @ (weights * getattr(values, name)(q**0.5 * points))) ** 2).copy()
    squares.setflags(write=False)
    return squares


@lru_cache(maxsize=64)
def _polynomials(points: tuple[float, ...], degrees: int) -> np.ndarray:
    """Rows h_0 … h_{degrees−1} at the points, by the three-term recursion of the normalised polynomials."""
    x = np.array(points)
    rows = [np.ones_like(x), x]
    for k in range(1, degrees - 1):
        rows.append((x * rows[k] - np.sqrt(k) * rows[k - 1]) / np.sqrt(k + 1))
    return np.array(rows[:degrees])


def correlation_map(activation: str, c: np.ndarray, weight: float, bias: float, q: float) -> np.ndarray:
    r"""The correlation of two signals after one more layer, both of mean square ``q`` before it.

    .. math:: c' = \frac{\sigma_w^2 \sum_k a_k^2 c^k + \sigma_b^2}{\sigma_w^2 \sum_k a_k^2 + \sigma_b^2}

    What the first 128 terms leave of the sum at c = 1 counts as one more term; ``c`` lies in [0, 1].

    >>> correlation_map("identity", np.array([0.0, 0.5, 1.0]), 1.0, 1.0, 1.0).round(12).tolist()
    [0.5, 0.75, 1.0]
    """
    squares, total = hermite_squares(activation, float(q)), mean_square(activation, float(q))
    c = np.asarray(c, dtype=float)
    powers = np.power.outer(c, np.arange(squares.size))
    together = powers @ squares + (total - squares.sum()) * c**squares.size
    return (weight**2 * together + bias**2) / (weight**2 * total + bias**2)


def separation_rate(activation: str, weight: float, q: float) -> float:
    r"""The slope of the correlation map at c = 1: the factor on the squared distance of two close signals.

    .. math:: \chi = \sigma_w^2\, \mathrm E\, f'(\sqrt q\, X)^2

    >>> round(separation_rate("relu", 2**0.5, 1.0), 12)
    1.0
    """
    return weight**2 * slope_square(activation, q)


def fixed_correlation(activation: str, weight: float, bias: float, q: float | None = None) -> float:
    """The correlation at which two different inputs arrive: 1 where χ ≤ 1, else the map's other fixed point.

    Raises ValueError where the length has no finite limit above 0, and none is given.

    >>> fixed_correlation("tanh", 1.0, 0.5), round(fixed_correlation("tanh", 2.0, 0.0), 12)
    (1.0, 0.0)
    """
    q = settled_length("fixed_correlation", activation, weight, bias) if q is None else q
    if separation_rate(activation, weight, q) <= 1 + 1e-12:
        return 1.0

    def excess(c: float) -> float:
        return float(correlation_map(activation, c, weight, bias, q)) - c

    if excess(0.0) <= 0:
        return 0.0
    return 1.0 if excess(_NEAR_ONE) >= 0 else float(brentq(excess, 0.0, _NEAR_ONE, xtol=1e-14))


def settled_length(who: str, activation: str, weight: float, bias: float) -> float:
    """The fixed length where it is finite and above 0; else a ValueError that begins with ``who``."""
    q = fixed_length(activation, weight, bias)
    if not 0 < q < np.inf:
        raise ValueError(f"{who}: the mean square tends to {q} at weight {weight} and bias {bias}; give a length q")
    return q


def depth_scale(activation: str, weight: float, bias: float) -> float:
    r"""The number of layers in which the distance of a correlation from its limit falls by the factor e.

    .. math:: \xi = -\frac{1}{\log |C'(c^*)|}

    Infinite on the edge of chaos. Raises ValueError where the length has no finite limit above 0.

    >>> round(depth_scale("relu", 1.0, 1.0), 6)
    1.442695
    """
    q = settled_length("depth_scale", activation, weight, bias)
    c = fixed_correlation(activation, weight, bias, q)
    if c == 1:
        slope = separation_rate(activation, weight, q)
    else:
        k = np.arange(1, _DEGREES)
        squares = hermite_squares(activation, q)[1:]
        slope = weight**2 * float(k * c ** (k - 1.0) @ squares) / (weight**2 * mean_square(activation, q) + bias**2)
    return np.inf if abs(slope - 1) < 1e-12 else float(-1 / np.log(abs(slope)))


def phase(activation: str, weight: float, bias: float) -> str:
    """In words: ``dying``, ``exploding``, ``ordered``, ``on the edge`` or ``chaotic``.

    >>> phase("tanh", 1.0, 0.5), phase("tanh", 2.0, 0.5), phase("relu", 2.0, 0.1)
    ('ordered', 'chaotic', 'exploding')
    """
    q = fixed_length(activation, weight, bias)
    if not 0 < q < np.inf:
        return "exploding" if q else "dying"
    excess = separation_rate(activation, weight, q) - 1
    return "on the edge" if abs(excess) < 1e-9 else "chaotic" if excess > 0 else "ordered"


# --- the edge of chaos ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class Edge:
    """Where order turns into chaos: a weight and a bias for each length q that is a fixed point there."""

    activation: str
    q: np.ndarray
    weight: np.ndarray
    bias: np.ndarray

    def __repr__(self) -> str:
        rows = ([f"{number:.4f}" for number in row] for row in zip(self.q, self.weight, self.bias, strict=True))
        return table(["q*", "σ_w", "σ_b"], rows)


def edge(activation: str, lengths: Sequence[float]) -> Edge:
    r"""The edge of chaos, by the length that signals have on it; no equation has to be solved.

    .. math:: \sigma_w^2 = \frac{1}{\mathrm E\, f'(\sqrt q\, X)^2}, \qquad \sigma_b^2 = q - \sigma_w^2 V(q)

    A length at which σ_b² would be negative is left out. Raises ValueError for a length that is not positive.

    >>> edge("relu", [0.5, 2.0]).bias.round(6).tolist()
    [0.0, 0.0]
    """
    q = np.array([check.positive("edge", "lengths", float(length)) for length in lengths])
    weight = np.array([slope_square(activation, float(length)) ** -0.5 for length in q])
    squares = np.array([mean_square(activation, float(length)) for length in q])
    bias = q - weight**2 * squares
    keep = bias > -1e-9 * q
    return Edge(activation, q[keep], weight[keep], np.sqrt(np.maximum(bias[keep], 0)))


def edge_weight(activation: str, bias: float, most: float = 6.0) -> float:
    """The weight on the edge of chaos for one bias, by root finding on the rate χ at the fixed length, up to ``most``.

    Raises ValueError for a bias below 0, and where χ does not cross 1 between a weight of ½ and ``most``.

    >>> weight = edge_weight("tanh", 0.3)
    >>> on_edge = edge("tanh", [fixed_length("tanh", weight, 0.3)])
    >>> round(abs(float(on_edge.weight[0] - weight)), 9), round(float(on_edge.bias[0]), 9)
    (0.0, 0.3)
    """
    check.not_negative("edge_weight", "bias", bias)

    def excess(weight: float) -> float:
        return separation_rate(activation, weight, fixed_length(activation, weight, bias)) - 1

    if (excess(0.5) > 0) == (excess(most) > 0):
        raise ValueError(f"edge_weight: χ of {activation} does not cross 1 between weights of 0.5 and {most:g}")
    return float(brentq(excess, 0.5, most, xtol=1e-12))
