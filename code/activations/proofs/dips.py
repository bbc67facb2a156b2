r"""The dips of the smooth gates: where SiLU, GELU and Mish are lowest, and that each has one lowest point.

Each function that derives something returns a :class:`Derivation`, so that it is checked whenever it is called.
"""

from __future__ import annotations

import sympy as sp
from sympy import Eq, LambertW, Rational, erfc, exp, pi, sqrt

from ..catalogue import get, x
from .derivation import Derivation

__all__ = [
    "DEPTH",
    "MISH_FACTOR",
    "density",
    "gelu_bend",
    "gelu_slope",
    "lowest",
    "mish_factor_slope",
    "mish_slope",
    "silu_depth",
    "silu_root",
    "silu_slope",
    "w",
]

w = sp.Symbol("w", positive=True)
"""The number with w·e^w = 1/e, while it is not yet called by its name."""

DEPTH = LambertW(exp(-1))
r"""How deep SiLU's dip is: :math:`W(1/e)`, the number with :math:`w\,e^w = 1/e`."""

MISH_FACTOR = 4 * (x + 1) + 4 * exp(2 * x) + exp(3 * x) + exp(x) * (4 * x + 6)
"""The factor of Mish's slope that changes its sign."""

_SIGMOID = get("sigmoid").expr
_SILU, _GELU, _MISH = (get(name).at() for name in ("silu", "gelu", "mish"))
_NEAR = Rational(1, 10**15)


def density(at: sp.Expr) -> sp.Expr:
    r"""The density of N(0, 1), :math:`\varphi(x) = e^{-x^2/2} / \sqrt{2\pi}`.

    >>> density(sp.Integer(0))
    sqrt(2)/(2*sqrt(pi))
    """
    return exp(-(at**2) / 2) / sqrt(2 * pi)


def silu_slope() -> Derivation:
    r"""SiLU's slope, :math:`\sigma(x)\,\bigl(1 + x\,\sigma(-x)\bigr)`, and the factor in it that changes its sign.

    >>> silu_slope().last.subs(x, 0)
    1/2
    """
    return (
        Derivation(sp.Derivative(_SILU, x))
        .then(
            _SIGMOID + x * _SIGMOID * (1 - _SIGMOID), because="the product rule, with $\\sigma' = \\sigma(1 - \\sigma)$"
        )
        .then(exp(x) * (1 + x + exp(x)) / (1 + exp(x)) ** 2, because="one denominator, above and below times $e^x$")
    )


def silu_root() -> Derivation:
    r"""Where the slope is 0: :math:`1 + x + e^x = 0` says that :math:`w = -(1 + x)` has :math:`w\,e^w = 1/e`.

    >>> silu_root().last
    Eq((-x - 1)*exp(-x - 1), exp(-1))
    """
    return (
        Derivation(Eq(1 + x + exp(x), 0, evaluate=False))
        .both_sides(lambda side: exp(x) - side, because="take both sides from $e^x$")
        .both_sides(lambda side: side * exp(-1 - x), because="times $e^{-1-x}$")
        .then(Eq(-(1 + x) * exp(-1 - x), exp(-1), evaluate=False), because="on the right $e^x$ cancels")
    )


def silu_depth() -> Derivation:
    r"""SiLU at :math:`x = -1 - w`, where :math:`w\,e^w = 1/e`, is :math:`-w`.

    >>> silu_depth().last
    -w
    """
    fact = Eq(exp(-1 - w), w, evaluate=False)
    at = -(1 + w)
    return (
        Derivation(at / (1 + exp(-at)), given=(fact,))
        .then(-(1 + w) * exp(-1 - w) / (1 + exp(-1 - w)), because="above and below times $e^{-1-w}$")
        .use(fact, because="$w\\,e^w = e^{-1}$ is the same as $e^{-1-w} = w$")
        .then(-w, because="$1 + w$ cancels")
    )


def gelu_slope() -> Derivation:
    r"""GELU's slope, :math:`\Phi(x) + x\,\varphi(x)`.

    >>> gelu_slope().last.subs(x, 0)
    1/2
    """
    return Derivation(sp.Derivative(_GELU, x)).then(
        erfc(-x / sqrt(2)) / 2 + x * density(x), because="the product rule, with $\\Phi' = \\varphi$"
    )


def gelu_bend() -> Derivation:
    r"""GELU's second derivative, :math:`(2 - x^2)\,\varphi(x)`: the slope rises between −√2 and √2 and nowhere else.

    >>> gelu_bend().last.subs(x, 0)
    sqrt(2)/sqrt(pi)
    """
    return (
        Derivation(sp.Derivative(erfc(-x / sqrt(2)) / 2 + x * density(x), x))
        .then(2 * density(x) - x**2 * density(x), because="$\\varphi'(x) = -x\\,\\varphi(x)$")
        .then((2 - x**2) * density(x), because="take out the density")
    )


def mish_slope() -> Derivation:
    r"""Mish's slope is a positive factor times :data:`MISH_FACTOR`.

    >>> mish_slope().last.subs(x, 0)
    3/5
    """
    below = exp(2 * x) + 2 * exp(x) + 2
    return (
        Derivation(sp.Derivative(_MISH, x))
        .then(
            sp.Derivative(x * (exp(2 * x) + 2 * exp(x)) / below, x),
            because="$\\tanh \\log(1 + u) = (u^2 + 2u)/(u^2 + 2u + 2)$ with $u = e^x$",
        )
        .then(exp(x) * MISH_FACTOR / below**2, because="the quotient rule")
    )


def mish_factor_slope() -> Derivation:
    r"""The factor rises: its slope is at least :math:`4 + (4x + 10)\,e^x`, and that is positive.

    >>> mish_factor_slope().last.subs(x, 0)
    25
    """
    return Derivation(sp.Derivative(MISH_FACTOR, x)).then(
        4 + (4 * x + 10) * exp(x) + 8 * exp(2 * x) + 3 * exp(3 * x), because="term by term"
    )


def lowest(name: str) -> tuple[sp.Expr, sp.Expr]:
    r"""Where the function is lowest, and its value there: exact for SiLU, to 20 digits for GELU and Mish.

    .. math:: \min_x f(x), \qquad f'(x_0 - 10^{-15}) < 0 < f'(x_0 + 10^{-15})

    The signs of the slope on either side are checked. Raises ValueError for another function.

    >>> [sp.N(number, 10) for number in lowest("silu")]
    [-1.278464543, -0.2784645428]
    """
    if name == "silu":
        return -1 - DEPTH, -DEPTH
    if name not in ("gelu", "mish"):
        raise ValueError(f"lowest: name must be silu, gelu or mish, got {name!r}")
    f, slope = get(name).at(), get(name).slope()
    at = sp.nsolve(slope, x, -1, prec=30)
    left, right = (slope.subs(x, sp.nsimplify(at) + side * _NEAR).evalf(40) for side in (-1, 1))
    if not left < 0 < right:
        raise ArithmeticError(f"lowest: the slope of {name} does not change its sign at {at}")
    return sp.Float(at, 20), f.subs(x, at).evalf(20)
