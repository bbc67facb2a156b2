r"""What follows from :math:`\sigma(x) = 1/(1+e^{-x})`, line by line.

Each function returns a :class:`Derivation`, so that it is checked whenever it is called.
"""

from __future__ import annotations

import sympy as sp
from sympy import Eq, Rational, exp, log, tanh

from ..catalogue import get, x
from .derivation import Derivation

__all__ = [
    "antiderivative",
    "ceiling",
    "from_log_odds",
    "inverse",
    "logistic_equation",
    "p",
    "sigma",
    "slope",
    "slope_at",
    "symmetry",
    "tanh_as_sigmoid",
]

sigma = sp.Function("sigma", real=True)
"""The sigmoid as a symbol, so that a result may be written in terms of itself."""

p = sp.Symbol("p", positive=True)
"""A probability."""

_FORMULA = get("sigmoid").expr
_MEANING = {sigma: sp.Lambda(x, _FORMULA)}


def _about_sigma(start: sp.Basic) -> Derivation:
    return Derivation(start, where=_MEANING)


def from_log_odds() -> Derivation:
    """The probability whose log-odds are x: solve log(p/(1−p)) = x for p."""
    return (
        Derivation(Eq(log(p / (1 - p)), x, evaluate=False))
        .both_sides(exp, because="undo the logarithm")
        .solve_for(p)
        .then(_FORMULA, because="multiply above and below by $e^{-x}$")
    )


def slope() -> Derivation:
    """σ′ = σ(1 − σ)."""
    return (
        _about_sigma(Eq(sigma(x), _FORMULA, evaluate=False))
        .differentiate(x)
        .then(_FORMULA * (1 - _FORMULA), because="one factor is σ, the other 1 − σ")
        .then(sigma(x) * (1 - sigma(x)), because="the definition, twice")
    )


def symmetry() -> Derivation:
    """σ(−x) = 1 − σ(x): the graph is its own image under a half-turn about (0, ½)."""
    return (
        _about_sigma(sigma(-x))
        .then(1 / (1 + exp(x)), because="the definition at −x")
        .then(1 - _FORMULA, because="add and take away 1")
        .then(1 - sigma(x), because="the definition")
    )


def ceiling() -> Derivation:
    """The gap between ¼ and the slope is a square, so it is never negative, and 0 only where σ = ½."""
    return (
        _about_sigma(Rational(1, 4) - sigma(x).diff(x))
        .then(Rational(1, 4) - sigma(x) * (1 - sigma(x)), because="the slope is σ(1 − σ)")
        .then((sigma(x) - Rational(1, 2)) ** 2, because="complete the square")
    )


def slope_at(value: sp.Expr) -> sp.Expr:
    """The exact slope of the sigmoid at an exact point.

    >>> slope_at(0)
    1/4
    """
    return sp.simplify(_FORMULA.diff(x).subs(x, sp.sympify(value)))


def logistic_equation() -> Derivation:
    """Along any solution of y′ = y(1 − y) inside (0, 1), the log-odds grow at rate 1."""
    y = sp.Function("y", positive=True)
    growth = Eq(y(x).diff(x), y(x) * (1 - y(x)), evaluate=False)
    return (
        Derivation(sp.Derivative(log(y(x) / (1 - y(x))), x), given=(growth,))
        .then(y(x).diff(x) / (y(x) * (1 - y(x))), because="the chain rule")
        .use(growth, because="the differential equation; all cancels")
    )


def tanh_as_sigmoid() -> Derivation:
    """tanh is the sigmoid, stretched to the height 2, shrunk to half the width, and moved down by 1."""
    return (
        _about_sigma(tanh(x))
        .then((exp(x) - exp(-x)) / (exp(x) + exp(-x)), because="the definition of tanh")
        .then(2 / (1 + exp(-2 * x)) - 1, because="multiply above and below by $e^{-x}$, split off −1")
        .then(2 * sigma(2 * x) - 1, because="the sigmoid at 2x")
    )


def inverse() -> Derivation:
    """The log-odds of σ(x) are x."""
    return (
        _about_sigma(log(sigma(x) / (1 - sigma(x))))
        .then(log(_FORMULA / (1 - _FORMULA)), because="the definition")
        .then(x, because="the denominators cancel and leave $\\log e^x$")
    )


def antiderivative() -> Derivation:
    """Softplus is the sigmoid's integral: its slope is σ."""
    return (
        _about_sigma(sp.Derivative(get("softplus").at(), x))
        .then(exp(x) / (1 + exp(x)), because="the chain rule")
        .then(sigma(x), because="multiply above and below by $e^{-x}$")
    )
