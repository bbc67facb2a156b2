r"""What follows from the definitions of the leaky family: leaky, randomised and learned slopes, ELU and CELU.

Each function returns a :class:`Derivation`, or exact values, so that it is checked whenever it is called.
"""

from __future__ import annotations

from functools import cache

import sympy as sp
from sympy import Integral, Lambda, Piecewise, Rational, Symbol, exp, log, oo

from ..catalogue import get, x
from .derivation import Derivation

__all__ = [
    "a",
    "at_the_origin",
    "celu_as_elu",
    "celu_ends",
    "divided_slope",
    "elu_mean",
    "elu_saturation",
    "kink",
    "learned_slope",
    "leaky",
    "multiplied_slope",
    "p",
    "relu",
    "shortcut",
    "undo_negative",
    "undo_positive",
    "zero_mean_alpha",
]

a = Symbol("a", positive=True)
"""The slope of the left side."""

alpha = Symbol("alpha", positive=True)
"""Minus the limit of an ELU or CELU at −∞."""

relu, leaky = sp.Function("relu", real=True), sp.Function("leaky", real=True)
"""Names for the displays; ``leaky(x, a)`` has the slope a on its left."""

p = Symbol("p", positive=True)
"""A distance from 0."""
_MEANING = {
    relu: Lambda(x, Piecewise((x, x > 0), (0, True))),
    leaky: Lambda((x, a), Piecewise((x, x > 0), (a * x, True))),
}


def shortcut() -> tuple[Derivation, Derivation]:
    """A leaky ReLU is (1 − a) times ReLU plus a times the identity: at p > 0, and at −p."""
    start = (1 - a) * relu(x) + a * x
    return tuple(
        Derivation(start.subs(x, at), where=_MEANING).then(leaky(at, a), because=why)
        for at, why in ((p, "right of 0 both are on"), (-p, "left of 0 the ReLU is off"))
    )


def undo_positive() -> Derivation:
    """The leaky ReLU with slope 1/a undoes the one with slope a, right of 0."""
    return (
        Derivation(leaky(leaky(p, a), 1 / a), where=_MEANING)
        .then(leaky(p, 1 / a), because="right of 0 nothing changes")
        .then(p, because="nor here")
    )


def undo_negative() -> Derivation:
    """The same left of 0."""
    return (
        Derivation(leaky(leaky(-p, a), 1 / a), where=_MEANING)
        .then(leaky(-a * p, 1 / a), because="left of 0 the slope is $a$")
        .then(-p, because="and now $1/a$")
    )


# --- random and learned slopes ----------------------------------------------------------------------------------------


def multiplied_slope() -> Derivation:
    """The mean of a slope drawn uniformly between torch's ends, 1/8 and 1/3."""
    low, high = (parameter.default for parameter in get("rrelu").parameters)
    return Derivation(Integral(a, (a, low, high)) / (high - low)).then(
        (low + high) / 2, because="the mean of a uniform draw is the middle of its interval"
    )


def divided_slope() -> Derivation:
    """The mean of one over a number drawn uniformly between 3 and 8."""
    return Derivation(Integral(1 / a, (a, 3, 8)) / 5).then(
        log(Rational(8, 3)) / 5, because="$1/a$ is the slope of $\\log a$"
    )


def learned_slope() -> tuple[Derivation, Derivation]:
    """The derivative of a PReLU in its own slope: 0 where the input is positive, the input itself where it is not."""
    return tuple(
        Derivation(sp.Derivative(leaky(at, a), a), where=_MEANING).then(value, because=why)
        for at, value, why in ((p, sp.S.Zero, "$a$ does not occur"), (-p, -p, "the value is $-ap$"))
    )


def at_the_origin() -> tuple[Derivation, Derivation]:
    """The loss ½(c·v·w·p − y)² of a unit v·leaky(w·p), differentiated in v and in w.

    c is the slope in force, whether fixed or drawn. Both gradients have a factor that is 0 where v = w = 0.
    """
    v, w, y = sp.symbols("v w y", real=True)
    c = Symbol("c", positive=True)
    error = c * v * w * p - y
    return tuple(
        Derivation(sp.Derivative(error**2 / 2, symbol)).then(error * c * other * p, because="the chain rule")
        for symbol, other in ((v, w), (w, v))
    )


# --- exponential tails ------------------------------------------------------------------------------------------------


def kink(name: str) -> tuple[sp.Expr, sp.Expr]:
    """The slopes left and right of 0 of ``"elu"`` or ``"celu"``, as one-sided limits, for any α.

    >>> kink("elu"), kink("celu")
    ((alpha, 1), (1, 1))
    """
    (right, _), (left, _) = get(name).expr.args
    return tuple(sp.limit(side.diff(x), x, 0, direction) for side, direction in ((left, "-"), (right, "+")))


def celu_as_elu() -> Derivation:
    """CELU with any α is the ELU with α = 1, drawn α times as large, left of 0; right of 0 all are the identity."""
    elu = sp.Function("elu", real=True)
    left = get("celu").expr.args[1][0]
    meaning = {elu: Lambda(x, exp(x) - 1)}
    return Derivation(alpha * elu(x / alpha), where=meaning).then(left, because="the definition, left of 0")


def celu_ends() -> tuple[sp.Expr, sp.Expr]:
    """CELU's left side as α goes to 0, at a point left of 0, and as α goes to infinity: ReLU and the identity.

    >>> celu_ends()
    (0, -p)
    """
    left = get("celu").expr.args[1][0].subs(x, -p)
    return sp.limit(left, alpha, 0, "+"), sp.limit(left, alpha, oo)


def elu_saturation() -> tuple[sp.Expr, sp.Expr]:
    """ELU's limit at −∞ and that of its slope there, for any α.

    >>> elu_saturation()
    (-alpha, 0)
    """
    left = get("elu").expr.args[1][0]
    return sp.limit(left, x, -oo), sp.limit(left.diff(x), x, -oo)


@cache
def elu_mean() -> Derivation:
    """The mean of an ELU under N(0, 1), for any α."""
    phi = sp.Function("Phi", positive=True)
    density = exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi)
    start = Integral(x * density, (x, 0, oo)) + Integral(alpha * (exp(x) - 1) * density, (x, -oo, 0))
    value = 1 / sp.sqrt(2 * sp.pi) - alpha * (Rational(1, 2) - sp.sqrt(sp.E) * phi(-1))
    meaning = {phi: Lambda(x, (1 + sp.erf(x / sp.sqrt(2))) / 2)}
    return Derivation(start, where=meaning).then(value, because="complete the square in $e^x e^{-x^2/2}$")


def zero_mean_alpha() -> sp.Expr:
    """The only α with which an ELU has the mean 0 under N(0, 1).

    >>> round(float(zero_mean_alpha()), 4)
    1.6733
    """
    phi = (1 + sp.erf(-1 / sp.sqrt(2))) / 2
    return 1 / sp.sqrt(2 * sp.pi) / (Rational(1, 2) - sp.sqrt(sp.E) * phi)
