"""Whether a curve is a real number at every real point."""

from __future__ import annotations

import sympy as sp
from sympy import Expr

from ._deadline import within
from ._pieces import Curve, Piece
from ._signs import grid, sign_chart
from .catalogue import x

SECONDS = 20

_ENTIRE = (
    sp.exp, sp.sin, sp.cos, sp.tanh, sp.sinh, sp.cosh, sp.sech, sp.atan, sp.asinh, sp.erf, sp.erfc,
)  # fmt: skip


def is_shown_real(f: Curve) -> bool:
    """Whether f is shown to be real and smooth inside each piece and real at each break.

    Raises ValueError where it is shown not to be, or has no derivative by formula.
    """
    if f.slope.expr.has(sp.Derivative, sp.Subs) or f.expr.has(sp.floor, sp.ceiling, sp.frac, sp.Mod):
        raise ValueError(f"{f.expr} has no derivative by formula; write it as a Piecewise of smooth expressions")
    for point in (*f.breaks, *(piece.middle for piece in f.pieces)):
        _refuse_unless_real(f, f.at(point), point)
    if all(_shown(f, piece.expr, piece) for piece in f.pieces):
        return True
    for piece in f.pieces:
        _refuse_what_is_found(f, piece)
    return False


def _shown(f: Curve, expr: Expr, piece: Piece) -> bool:
    if not expr.has(x) or expr == x:
        return bool(expr == x or expr.is_real)
    if expr.is_Pow and not expr.exp.has(x):
        return _shown(f, expr.base, piece) and _shown_power(f, expr, piece)
    if isinstance(expr, sp.log):
        return _shown(f, expr.args[0], piece) and _shown_positive(f, expr.args[0], piece)
    if expr.is_Add or expr.is_Mul or isinstance(expr, _ENTIRE):
        return all(_shown(f, argument, piece) for argument in expr.args)
    return False


def _shown_power(f: Curve, power: Expr, piece: Piece) -> bool:
    if not power.exp.is_Integer:
        return _shown_positive(f, power.base, piece)
    if power.exp > 0:
        return True
    chart = sign_chart(power.base, piece.left, piece.right)
    if chart.roots:
        raise ValueError(_refusal(f, chart.roots[0].value))
    return chart.proved


def _shown_positive(f: Curve, expr: Expr, piece: Piece) -> bool:
    """Whether the argument of a logarithm or a root is positive; refused where it is negative."""
    chart = sign_chart(expr, piece.left, piece.right)
    for left, right, sign in chart.gaps:
        if sign < 0:
            raise ValueError(_refusal(f, Piece(expr, left, right).middle))
    return chart.proved and not chart.roots


def _refuse_what_is_found(f: Curve, piece: Piece) -> None:
    """Raise ValueError for a singularity that SymPy finds, or a value on a grid that is no real number."""
    try:
        singular = within(SECONDS, sp.singularities, piece.expr, x, sp.Interval.open(piece.left, piece.right))
        points = [] if singular is sp.S.EmptySet else [next(iter(singular))]
    except (NotImplementedError, TimeoutError, TypeError):
        points = []
    for point in [*points, *(p for p in grid() if piece.left < p < piece.right)]:
        _refuse_unless_real(f, piece.expr.subs(x, point), point)


def _refuse_unless_real(f: Curve, value: Expr, point: Expr) -> None:
    number = value.evalf(15)
    if not (number.is_extended_real and number.is_finite):
        raise ValueError(_refusal(f, point))


def _refusal(f: Curve, point: Expr) -> str:
    return (
        f"an activation must be a real number at every real x, and {f.expr} is none at x = {point.evalf(6)}; "
        "give it a value there with a Piecewise"
    )
