r"""SELU from its two equations: constants, the map that a layer makes of a mean square, and the map's fixed point.

Everywhere :math:`X \sim N(0, q)` is the input of a unit, and f a scaled ELU,

.. math:: f(x) = \lambda x \text{ for } x > 0, \qquad f(x) = \lambda\alpha\,(e^x - 1) \text{ otherwise.}

A wide layer whose independent weights have the variance 1/n turns the mean square q of its inputs into
:math:`M(q) = \mathrm E f(X)^2`.
"""

from __future__ import annotations

from functools import cache

import sympy as sp
from sympy import Eq, Integral, Lambda, Rational, erf, erfc, exp, oo, pi, sqrt

from ..catalogue import get, x
from .derivation import Derivation

__all__ = [
    "ALPHA",
    "LAYER",
    "SCALE",
    "Phi",
    "alpha",
    "alpha_from_mean",
    "gradient_factor",
    "layer_map",
    "layer_map_slope",
    "map_ends",
    "mean",
    "mean_square",
    "mixture",
    "q",
    "same_as_the_catalogue",
    "scale",
    "scale_from_mean_square",
    "slope_square",
    "variance_window",
]

q, alpha, scale = sp.symbols("q alpha lambda", positive=True)
"""The mean square of the inputs of a layer, and the two constants of a scaled ELU."""

Phi = sp.Function("Phi", positive=True)
"""The normal distribution function, as a name in the displays."""

LAYER = sp.Function("M", positive=True)
"""The mean square that goes out, as a function of the one that comes in."""

_s, _t = sp.symbols("s t", positive=True)
_HALF = Rational(1, 2)
_PHI = Lambda(x, (1 + erf(x / sqrt(2))) / 2)
_DENSITY = exp(-(x**2) / (2 * q)) / sqrt(2 * pi * q)
_MEAN = scale * (sqrt(q / (2 * pi)) + alpha * (exp(q / 2) * Phi(-sqrt(q)) - _HALF))
_SQUARE = scale**2 * (q / 2 + alpha**2 * (exp(2 * q) * Phi(-2 * sqrt(q)) - 2 * exp(q / 2) * Phi(-sqrt(q)) + _HALF))


def _with_phi(start: sp.Basic) -> Derivation:
    return Derivation(start, where={Phi: _PHI})


def _in_numbers(expr: sp.Expr) -> sp.Expr:
    return expr.replace(Phi, _PHI)


@cache
def mean() -> Derivation:
    """E f(X): the right half gives the root, the left half a completed square."""
    right = Integral(scale * x * _DENSITY, (x, 0, oo))
    left = Integral(scale * alpha * (exp(x) - 1) * _DENSITY, (x, -oo, 0))
    return _with_phi(right + left).then(_MEAN, because="complete the square in $e^x e^{-x^2/2q}$")


@cache
def mean_square() -> Derivation:
    """E f(X)², which is M(q): half of q from the right, two tails from the left."""
    right = Integral(scale**2 * x**2 * _DENSITY, (x, 0, oo))
    left = Integral(scale**2 * alpha**2 * (exp(x) - 1) ** 2 * _DENSITY, (x, -oo, 0))
    return _with_phi(right + left).then(_SQUARE, because="complete the squares")


def alpha_from_mean() -> Derivation:
    """The α with which the mean of a scaled ELU is 0 under N(0, 1); the scale cancels."""
    return (
        Derivation(Eq(_MEAN.subs(q, 1), 0, evaluate=False))
        .both_sides(lambda side: side / scale, because=r"the scale $\lambda$ is not 0")
        .solve_for(alpha)
    )


def scale_from_mean_square() -> Derivation:
    """The square of the scale with which the mean square is 1 under N(0, 1), for any α."""
    square = sp.Symbol(r"\lambda^2", positive=True)
    return Derivation(Eq((_SQUARE / scale**2 * square).subs(q, 1), 1, evaluate=False)).solve_for(square)


ALPHA: sp.Expr = sp.solve(_in_numbers(_MEAN.subs({q: 1, scale: 1})), alpha)[0]
"""SELU's α, exactly: the solution of :func:`alpha_from_mean`."""

SCALE: sp.Expr = 1 / sqrt(_in_numbers(_SQUARE.subs({q: 1, scale: 1})).subs(alpha, ALPHA))
"""SELU's scale, exactly: :func:`scale_from_mean_square` at that α."""


# --- the map ----------------------------------------------------------------------------------------------------------


def layer_map(variance: sp.Expr = sp.S.One) -> sp.Expr:
    r"""SELU's map, with weights of variance ``variance``/n, as an expression in ``q``.

    .. math:: q \mapsto M(s\,q)

    >>> float(layer_map().subs(q, 1))
    1.0
    """
    exact = _in_numbers(_SQUARE).subs({alpha: ALPHA, scale: SCALE})
    return exact.subs(q, sp.sympify(variance) * q)


def layer_map_slope() -> Derivation:
    """The slope of M."""
    bracket = 2 * exp(2 * q) * Phi(-2 * sqrt(q)) - exp(q / 2) * Phi(-sqrt(q))
    meanings = {LAYER: Lambda(q, _in_numbers(_SQUARE)), Phi: _PHI}
    return Derivation(sp.Derivative(LAYER(q), q), where=meanings).then(
        scale**2 * (_HALF + alpha**2 * bracket), because=r"the terms with $1/\sqrt q$ cancel"
    )


def mixture() -> Derivation:
    """The bracket of the slope at q = s², as a sum of falling exponentials in s with positive weights.

    The integrand is positive, because exp(−t²/4) > exp(−t²); and it falls with s.
    """
    weight = (exp(-(_t**2) / 4) - exp(-(_t**2))) / sqrt(pi)
    start = 2 * exp(2 * _s**2) * Phi(-2 * _s) - exp(_s**2 / 2) * Phi(-_s)
    return Derivation(start, where={Phi: Lambda(x, erfc(-x / sqrt(2)) / 2)}).then(
        Integral(weight * exp(-sqrt(2) * _s * _t), (_t, 0, oo)),
        because="$\\Phi$ as an integral, $t$ rescaled in one term",
    )


def map_ends() -> tuple[sp.Expr, sp.Expr]:
    """The slopes of M at q → 0 and at q → ∞, in terms of both constants.

    >>> map_ends()
    (lambda**2*(alpha**2 + 1)/2, lambda**2/2)
    """
    bracket = exp(_s**2 / 2) * (1 + erf(-_s / sqrt(2))) / 2
    low = sp.limit(2 * bracket.subs(_s, 2 * _s) - bracket, _s, 0)
    high = sp.limit(2 * bracket.subs(_s, 2 * _s) - bracket, _s, oo)
    return tuple(sp.factor(scale**2 * (_HALF + alpha**2 * end)) for end in (low, high))


def variance_window() -> tuple[sp.Expr, sp.Expr]:
    r"""The weight variances s/n between which a SELU layer has a positive fixed mean square.

    .. math:: \frac{2}{\lambda^2 (1 + \alpha^2)} < s < \frac{2}{\lambda^2}

    >>> [round(float(end), 3) for end in variance_window()]
    [0.477, 1.812]
    """
    return tuple((1 / end).subs({alpha: ALPHA, scale: SCALE}) for end in map_ends())


# --- backwards --------------------------------------------------------------------------------------------------------


def slope_square() -> Derivation:
    """E f′(X)² under N(0, 1): what a layer does to the mean square of a gradient."""
    density = _DENSITY.subs(q, 1)
    right = Integral(scale**2 * density, (x, 0, oo))
    left = Integral(scale**2 * alpha**2 * exp(2 * x) * density, (x, -oo, 0))
    value = scale**2 * (_HALF + alpha**2 * exp(2) * Phi(-2))
    return _with_phi(right + left).then(value, because="complete the square")


def gradient_factor() -> sp.Expr:
    """E f′(X)² for SELU, exactly.

    >>> round(float(gradient_factor()), 4)
    1.0716
    """
    return _in_numbers(slope_square().last).subs({alpha: ALPHA, scale: SCALE})


def same_as_the_catalogue() -> tuple[sp.Expr, sp.Expr]:
    """ALPHA and the square of SCALE, minus those of the catalogue's entry, which writes them with erfc: zeros.

    >>> same_as_the_catalogue()
    (0, 0)
    """
    (right, _), (left, _) = get("selu").expr.args
    scale_there = right.coeff(x)
    alpha_there = sp.cancel(left / (scale_there * (exp(x) - 1)))
    pair = (alpha_there - ALPHA, scale_there**2 - SCALE**2)
    return tuple(sp.simplify(sp.cancel(sp.together(one.rewrite(erf)))) for one in pair)
