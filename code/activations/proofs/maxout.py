r"""What the largest of k affine pieces can compute, what it passes back, and what it costs.

.. math:: f(x) = \max_{j = 1, \dots, k} (w_j \cdot x + b_j)

Each function returns a :class:`Derivation`, so that it is checked whenever it is called. The largest of two numbers is
written without cases, as :math:`\max(u, v) = \tfrac12 (u + v + |u - v|)`.
"""

from __future__ import annotations

import sympy as sp
from sympy import Eq, Function, Lambda, symbols

from .derivation import Derivation

__all__ = [
    "a",
    "affine_on_a_mixture",
    "corner",
    "equal_width",
    "inputs",
    "larger",
    "leaky_as_maxout",
    "mirrored_squares",
    "outputs",
    "parameter_ratio",
    "pieces",
    "relus",
    "steeper_than_one",
    "touching",
    "unit_times_weight",
    "units",
    "weights_pass_through",
]

_u, _v, _t, _x, _y, _z = symbols("u v t x y z", real=True)
_p, _q = symbols("p q", positive=True)

larger = Function("max", real=True)
"""The larger of two numbers, as a name for the displays."""
_MEANING = {larger: Lambda((_u, _v), (_u + _v + sp.Abs(_u - _v)) / 2)}

a = 1 - _q
"""A slope below 1, written as 1 − q with q > 0."""

pieces, inputs, units, relus, outputs = symbols("k n m w c", positive=True)
"""k pieces, n inputs, m maxout units, w ReLU units and c outputs."""


# --- what it can compute ----------------------------------------------------------------------------------------------


def leaky_as_maxout() -> tuple[Derivation, Derivation]:
    """The larger of x and ax is a leaky ReLU when a < 1: at p > 0 it is p, and at −p it is −ap."""
    return (
        Derivation(larger(_p, a * _p), where=_MEANING).then(_p, because="right of 0 the steeper line is on top"),
        Derivation(larger(-_p, -a * _p), where=_MEANING).then(-a * _p, because="left of 0 the flatter one is"),
    )


def steeper_than_one() -> Derivation:
    """With a slope above 1, 1 + q, the larger of x and (1 + q)x at −p is −p, and not −(1 + q)p."""
    steep = 1 + _q
    return Derivation(larger(-_p, -steep * _p), where=_MEANING).then(-_p, because="now $x$ is on top left of 0")


def touching() -> Derivation:
    """How far convexity leaves f(x) above the piece ℓ that f follows near y.

    Convexity says that the first line is not negative, for a point so near to y that f follows ℓ there.
    """
    f, line = Function("f", real=True), Function("ell", real=True)
    slope, height = symbols("s h", real=True)
    near = _y + _t * (_x - _y)
    start = (1 - _t) * line(_y) + _t * f(_x) - line(near)
    return Derivation(start, where={line: Lambda(_z, slope * _z + height)}).then(
        _t * (f(_x) - line(_x)), because="$\\ell$ is affine"
    )


def affine_on_a_mixture() -> Derivation:
    """A piece at a mixture of two points is the same mixture of its values."""
    line, (slope, height) = Function("ell", real=True), symbols("s h", real=True)
    return Derivation(line((1 - _t) * _x + _t * _y), where={line: Lambda(_z, slope * _z + height)}).then(
        (1 - _t) * line(_x) + _t * line(_y), because="the shares add up to 1"
    )


def corner() -> Derivation:
    """By how much the next piece lies above the last one, when they meet at t with the slopes s and r."""
    slope, following, height = symbols("s r h", real=True)
    return Derivation((height + following * (_x - _t)) - (height + slope * (_x - _t))).then(
        (following - slope) * (_x - _t), because="both are $h$ at $t$"
    )


def unit_times_weight() -> Derivation:
    """A positive weight moves inside: p times ReLU is the larger of 0 and the weighted sum."""
    return Derivation(_p * larger(_z, 0), where=_MEANING).then(
        larger(_p * _z, 0), because="a positive factor keeps the order"
    )


# --- what it passes back ----------------------------------------------------------------------------------------------


def weights_pass_through() -> Derivation:
    """A number added to all sums of a unit is added to its output, so the slopes in its sums add up to 1."""
    return Derivation(larger(_u + _t, _v + _t), where=_MEANING).then(
        larger(_u, _v) + _t, because="it does not change which is larger"
    )


def mirrored_squares() -> Derivation:
    """The squares of the larger of u, v and of the larger of −u, −v add up to u² + v²."""
    return Derivation(larger(_u, _v) ** 2 + larger(-_u, -_v) ** 2, where=_MEANING).then(
        _u**2 + _v**2, because="one is the larger of the two, the other minus the smaller"
    )


# --- what it costs ----------------------------------------------------------------------------------------------------


def _count(width: sp.Expr, sums: sp.Expr) -> sp.Expr:
    """Weights and biases of one hidden layer and of the outputs that read it."""
    return sums * width * (inputs + 1) + outputs * (width + 1)


def equal_width() -> Derivation:
    """The width m at which a hidden layer of k pieces, with its outputs, has the parameters of w ReLU units."""
    equation = Eq(_count(units, pieces), _count(relus, sp.Integer(1)), evaluate=False)
    return Derivation(equation).solve_for(units, because="solve for the width $m$")


def parameter_ratio() -> Derivation:
    """How much k pieces multiply the parameters of a network with w units: k, less a share for the outputs."""
    share = outputs * (relus + 1) / _count(relus, sp.Integer(1))
    return Derivation(_count(relus, pieces) / _count(relus, sp.Integer(1))).then(
        pieces - (pieces - 1) * share, because="only the hidden layer is multiplied"
    )
