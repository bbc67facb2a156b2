"""How two expressions are shown to be equal, or not: a fixed ladder for the proof, sample points for the refutation."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.matrices.expressions.matexpr import MatrixExpr

from .._deadline import within

SECONDS_PER_RUNG = 20
DIGITS = 30
POINTS = 12
SCALES = sp.Rational(1, 2), sp.Integer(1), sp.Integer(3)


def _rewritten(expr: sp.Expr) -> sp.Expr:
    return expr.rewrite(sp.exp)


LADDER: dict[str, Callable[[sp.Expr], sp.Expr]] = {
    "expand": sp.expand,
    "rewrite(exp)": lambda expr: sp.expand(_rewritten(expr)),
    "together, cancel": lambda expr: sp.cancel(sp.together(_rewritten(expr))),
    "simplify": lambda expr: sp.simplify(_rewritten(expr)),
}
"""Each rung turns the difference of two sides into 0, or passes it on. The order is by cost."""


@dataclass(frozen=True)
class Verdict:
    """What was found about ``old == new``: a rung that proves it, a point that refutes it, or neither."""

    rung: str | None = None
    counterexample: str | None = None
    agreed: int = 0
    timed_out: tuple[str, ...] = ()


def compare(old: sp.Basic, new: sp.Basic, seconds: float = SECONDS_PER_RUNG) -> Verdict:
    """Try the sample points, then the ladder. Only a rung counts as proof; points alone can only refute."""
    old, new = (side.as_immutable() if isinstance(side, sp.MatrixBase) else side for side in (old, new))
    if old == new:
        return Verdict(rung="identical")
    agreed, counterexample = _at_points(old, new)
    if counterexample:
        return Verdict(counterexample=counterexample, agreed=agreed)
    late = []
    for rung, transform in LADDER.items():
        try:
            if within(seconds, lambda transform=transform: _vanishes(old, new, transform)):
                return Verdict(rung, agreed=agreed)
        except TimeoutError:
            late.append(rung)
        except (NotImplementedError, sp.PolynomialError, TypeError, AttributeError):
            continue  # this rung does not apply to this kind of expression
    return Verdict(agreed=agreed, timed_out=tuple(late))


def _vanishes(old: sp.Basic, new: sp.Basic, transform: Callable[[sp.Expr], sp.Expr]) -> bool:
    difference = (old - new).doit()
    if isinstance(difference, sp.MatrixBase):
        return all(transform(entry) == 0 for entry in difference)
    if isinstance(difference, MatrixExpr):
        return difference.expand().doit().is_ZeroMatrix is True
    return transform(difference) == 0


def _at_points(old: sp.Basic, new: sp.Basic) -> tuple[int, str | None]:
    """How many sample points agree, and the first that does not, in words."""
    agreed = 0
    for point in _points(old, new):
        left, right = (_value(side, point) for side in (old, new))
        if left is None or right is None:
            continue
        if not _close(left, right):
            return agreed, f"at {_words(point)} the one is {_short(left)} and the other {_short(right)}"
        agreed += 1
    return agreed, None


def _points(old: sp.Basic, new: sp.Basic) -> Iterator[dict]:
    """Substitutions that respect each symbol's assumptions: the same ones on every run."""
    unknowns = sorted(_unknowns(old) | _unknowns(new), key=lambda s: (str(s), sp.srepr(s)))
    dice = random.Random(20)
    for number in range(POINTS if unknowns else 1):
        yield _draw(unknowns, dice, SCALES[number % len(SCALES)])


def _unknowns(side: sp.Basic) -> set:
    # Only symbols and outermost applied functions: what is inside f(x) or its derivative belongs to it.
    if isinstance(side, sp.Indexed):
        return set().union(*map(_unknowns, side.indices))
    if isinstance(side, (AppliedUndef, sp.Derivative, sp.Subs, sp.Symbol, sp.MatrixSymbol)):
        return {side} | (_unknowns_in_shape(side) if isinstance(side, sp.MatrixSymbol) else set())
    bound = set(getattr(side, "bound_symbols", ()))
    return set().union(*map(_unknowns, side.args)) - bound if side.args else set()


def _unknowns_in_shape(symbol: sp.MatrixSymbol) -> set:
    return set().union(*(size.free_symbols for size in symbol.shape))


def _draw(unknowns: list, dice: random.Random, scale: sp.Rational) -> dict:
    sizes = {s: sp.Integer(2 + i) for i, s in enumerate(u for u in unknowns if u.is_Symbol and u.is_integer)}
    point = dict(sizes)
    for unknown in unknowns:
        if unknown in sizes:
            continue
        if isinstance(unknown, sp.MatrixSymbol):
            rows, columns = (int(sp.sympify(size).subs(sizes)) for size in unknown.shape)
            point[unknown] = sp.Matrix(rows, columns, lambda *_: sp.Integer(dice.randint(-4, 4)))
        else:
            point[unknown] = _draw_number(unknown, dice, scale)
    return point


def _draw_number(unknown: sp.Basic, dice: random.Random, scale: sp.Rational) -> sp.Rational:
    size = scale * sp.Rational(dice.randint(50, 999), 1000)
    if unknown.is_nonnegative:
        return size
    if unknown.is_nonpositive:
        return -size
    return size * dice.choice((-1, 1))


def _value(side: sp.Basic, point: dict) -> object | None:
    """A number, a matrix of numbers, or None where the side has no finite real value at the point."""
    matrices = {s: value for s, value in point.items() if isinstance(value, sp.MatrixBase)}
    scalars = {s: value for s, value in point.items() if s not in matrices}
    if isinstance(side, MatrixExpr) and not isinstance(side, sp.MatrixBase):
        return _explicit(side, matrices, scalars)
    # Slopes before the functions in them, functions before the symbols in them.
    order = sorted(
        scalars.items(), key=lambda pair: (pair[0].is_Symbol, not isinstance(pair[0], (sp.Subs, sp.Derivative)))
    )
    placed = side.subs(order)
    if isinstance(placed, sp.MatrixBase):
        entries = [_number(entry) for entry in placed]
        return None if None in entries else sp.Matrix(*placed.shape, entries)
    return _number(placed)


def _explicit(side: MatrixExpr, matrices: dict, scalars: dict) -> sp.MatrixBase | None:
    named = {symbol: symbol.subs(scalars) for symbol in matrices}
    try:
        placed = side.subs(scalars).subs({named[symbol]: value for symbol, value in matrices.items()})
        return sp.Matrix(placed.doit())
    except (TypeError, ValueError, NotImplementedError):
        return None


def _number(expr: sp.Basic) -> sp.Expr | None:
    try:
        value = sp.N(expr.doit().replace(sp.Indexed, _entry), DIGITS)
    except (TypeError, ValueError, NotImplementedError, ZeroDivisionError):
        return None
    return value if value.is_number and value.is_finite and value.is_comparable else None


def _entry(base: sp.Basic, *indices: sp.Basic) -> sp.Rational:
    """A number for z[i]: any, but the same one whenever the same entry is asked for."""
    return sp.Rational(random.Random(f"{base}{indices}").randint(-2000, 2000), 1000)


def _close(left: object, right: object) -> bool:
    if isinstance(left, sp.MatrixBase):
        return left.shape == right.shape and all(_close(a, b) for a, b in zip(left, right, strict=True))
    return abs(left - right) <= sp.Float(10) ** (10 - DIGITS) * max(1, abs(left), abs(right))


def _words(point: dict) -> str:
    if not point:
        return "every point"
    return ", ".join(f"{s} = {_short(value)}" for s, value in point.items())


def _short(value: object) -> str:
    return str(value.tolist()) if isinstance(value, sp.MatrixBase) else f"{float(value):.6g}"
