r"""What follows from :math:`\operatorname{relu}(x) = \max(0, x)`, and what is free to choose at 0.

The catalogue defines ReLU by cases. :func:`as_half_a_sum` turns the cases into one formula with :math:`|x|`, on which
the derivations here work.
"""

from __future__ import annotations

import sympy as sp
from sympy import Abs, Eq

from ..catalogue import get, x
from . import sigmoid
from .derivation import Derivation

__all__ = [
    "as_half_a_sum",
    "c",
    "difference",
    "homogeneity",
    "relu",
    "rescaling",
    "slope_of_tanh",
    "slopes_at_zero",
    "slopes_from_values",
    "subgradient_gaps",
    "total",
]

relu = sp.Function("relu", real=True)
"""ReLU as a symbol, so that a result may be written in terms of itself."""

c = sp.Symbol("c", positive=True)
"""A positive factor."""

_HALF_SUM = (x + Abs(x)) / 2
_MEANING = {relu: sp.Lambda(x, _HALF_SUM)}
_g = sp.Symbol("g", real=True)
_y = sp.Symbol("y", positive=True)


def as_half_a_sum() -> tuple[Derivation, Derivation]:
    r"""ReLU without cases, :math:`\tfrac12 (x + |x|)`: one derivation for :math:`x > 0` and one for :math:`x \le 0`.

    >>> [derivation.last for derivation in as_half_a_sum()]
    [x, 0]
    """
    right, left = sp.Symbol("x", positive=True), sp.Symbol("x", nonpositive=True)
    return tuple(
        Derivation(_half_sum(side)).then(get("relu").at().subs(x, side), because=why)
        for side, why in ((right, "$|x| = x$ for $x > 0$"), (left, "$|x| = -x$ for $x \\le 0$"))
    )


def _half_sum(at: sp.Symbol) -> sp.Expr:
    """The formula as it is written, before SymPy makes use of the sign of its symbol."""
    return sp.Mul(sp.Rational(1, 2), sp.Add(at, Abs(at, evaluate=False), evaluate=False), evaluate=False)


def homogeneity() -> Derivation:
    r"""A positive factor passes through: :math:`\operatorname{relu}(cx) = c \operatorname{relu}(x)` for c > 0.

    >>> homogeneity().last
    c*relu(x)
    """
    return (
        Derivation(relu(c * x), where=_MEANING)
        .then((c * x + Abs(c * x)) / 2, because="ReLU as half a sum")
        .then(c * _HALF_SUM, because="$|cx| = c|x|$ because $c > 0$")
        .then(c * relu(x), because="ReLU as half a sum")
    )


def rescaling() -> Derivation:
    r"""A unit with its inner weights times c and its outer weight over c computes what it did.

    .. math:: \frac vc \operatorname{relu}\bigl(c\,(wx + b)\bigr) = v \operatorname{relu}(wx + b)

    >>> rescaling().last.rhs
    v*relu(b + w*x)
    """
    v, w, b = sp.symbols("v w b", real=True)
    return (
        Derivation(homogeneity().conclusion, where=_MEANING)
        .substitute({x: w * x + b}, because="the unit's sum in place of $x$")
        .both_sides(lambda side: side * v / c, because="multiply by the outer weight over $c$")
    )


def difference() -> Derivation:
    """The parts of x on either side of 0 make up x again: relu(x) − relu(−x) = x."""
    return Derivation(relu(x) - relu(-x), where=_MEANING).then(x, because="as half sums; $|-x| = |x|$ cancels")


def total() -> Derivation:
    """Two units and output weights of 1 compute the size: relu(x) + relu(−x) = |x|."""
    return Derivation(relu(x) + relu(-x), where=_MEANING).then(Abs(x), because="as half sums; $x$ cancels")


def subgradient_gaps() -> tuple[sp.Expr, sp.Expr]:
    r"""How far ReLU lies above the line of slope g through 0, at y and at −y for y > 0.

    .. math:: \operatorname{relu}(y) - g\,y \qquad \text{and} \qquad \operatorname{relu}(-y) - g\,(-y)

    >>> subgradient_gaps()
    (y*(1 - g), g*y)
    """
    formula = get("relu").at()
    return tuple(sp.collect(formula.subs(x, at) - _g * at, _y) for at in (_y, -_y))


def slopes_at_zero() -> sp.Set:
    """All slopes g of lines through 0 that stay below ReLU, its subgradients at 0.

    >>> slopes_at_zero()
    Interval(0, 1)
    """
    return sp.Intersection(*((sp.cancel(gap / _y) >= 0).as_set() for gap in subgradient_gaps()))


def slope_of_tanh() -> Derivation:
    """The slope of tanh in terms of its value: 1 − tanh²."""
    tanh = sp.Function("tanh_", real=True)
    meaning = {tanh: sp.Lambda(x, get("tanh").expr)}
    return (
        Derivation(Eq(tanh(x), get("tanh").expr, evaluate=False), where=meaning)
        .differentiate(x)
        .then(1 - tanh(x) ** 2, because="the slope of the hyperbolic tangent")
    )


def slopes_from_values() -> dict[str, sp.Expr]:
    """The slope of sigmoid, tanh and ReLU as a formula in the value a that the forward pass has left.

    >>> slopes_from_values()["tanh"]
    1 - a**2
    """
    a = sp.Symbol("a", real=True)
    derived = {"sigmoid": sigmoid.slope(), "tanh": slope_of_tanh()}
    smooth = {name: one.last.rhs.subs(one.start.lhs, a) for name, one in derived.items()}
    return {**smooth, "relu": sp.Piecewise((1, a > 0), (0, True))}
