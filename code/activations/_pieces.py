r"""A real function of :data:`~activations.catalogue.x` cut into pieces that are smooth inside.

A :class:`Curve` is what exact reasoning works on: on each open interval one expression without a case distinction, and
at the breaks the value that the definition chooses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import mpmath
import sympy as sp
from sympy import Piecewise, oo

from ._deadline import within
from ._symbolise import Symbols
from .catalogue import x

SECONDS_A_LIMIT = 20


@dataclass(frozen=True)
class Piece:
    """One expression on the open interval from ``left`` to ``right``."""

    expr: sp.Expr
    left: sp.Expr
    right: sp.Expr

    def at_end(self, end: sp.Expr) -> sp.Expr:
        """The limit at an end of the interval, from inside; ``nan`` when SymPy finds none."""
        if end.is_finite and (value := _plain_value(self.expr, end)) is not None:
            return value
        return limit(self.expr, end, "+" if end == self.left else "-")

    def map(self, function: Callable[[sp.Expr], sp.Expr]) -> Piece:
        return Piece(function(self.expr), self.left, self.right)

    @property
    def middle(self) -> sp.Expr:
        """Some point inside."""
        if self.left == -oo and self.right == oo:
            return sp.S.Zero
        if self.left == -oo:
            return self.right - 1
        return self.left + 1 if self.right == oo else (self.left + self.right) / 2


@dataclass(frozen=True)
class Curve:
    """Pieces from left to right, together covering the line, and the whole definition for values at the breaks."""

    expr: sp.Expr
    pieces: tuple[Piece, ...]

    @cached_property
    def breaks(self) -> tuple[sp.Expr, ...]:
        return tuple(piece.left for piece in self.pieces[1:])

    @cached_property
    def slope(self) -> Curve:
        """The derivative inside each piece; what happens at a break is a matter of limits."""
        return Curve(self.expr.diff(x), tuple(piece.map(lambda expr: expr.diff(x)) for piece in self.pieces))

    def at(self, point: sp.Expr) -> sp.Expr:
        """The value at an exact point."""
        return self.expr.subs(x, point)

    def sides(self, point: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
        """The limits at a break, from the left and from the right."""
        i = self.breaks.index(point)
        return self.pieces[i].at_end(point), self.pieces[i + 1].at_end(point)

    @cached_property
    def jumps(self) -> tuple[sp.Expr, ...]:
        """The breaks where the two sides, or the value itself, differ."""
        return tuple(b for b in self.breaks if len({*self.sides(b), self.at(b)}) > 1 and not self._agree(b))

    def _agree(self, point: sp.Expr) -> bool:
        left, right = self.sides(point)
        return all(value.is_finite and sp.simplify(value - self.at(point)) == 0 for value in (left, right))

    @cached_property
    def numeric(self) -> Callable[[object], mpmath.mpf]:
        """The curve as a function of an mpmath number, at whatever precision is set."""
        functions = [mp_function(piece.expr) for piece in self.pieces]
        breaks = [(b, mp_function(b)) for b in self.breaks]

        def value(number):
            for i, (b, place) in enumerate(breaks):
                if number <= place(0):
                    return mp_function(self.at(b))(0) if number == place(0) else functions[i](number)
            return functions[-1](number)

        return value


@lru_cache(maxsize=256)
def curve(expr: sp.Expr) -> Curve:
    """The expression cut at its breaks, with Max, Min, Abs, sign and Heaviside written as cases."""
    folded = sp.piecewise_fold(expr.rewrite(Piecewise)) if expr.has(*_CASES) else expr
    edges = (-oo, *_breaks(folded), oo)
    cut = [Piece(_branch(folded, Piece(folded, a, b).middle), a, b) for a, b in zip(edges, edges[1:], strict=False)]
    return Curve(folded, tuple(_merge_equal(cut)))


_CASES = (Piecewise, sp.Max, sp.Min, sp.Abs, sp.sign, sp.Heaviside)


def _breaks(expr: sp.Expr) -> list[sp.Expr]:
    conditions = (condition for cases in expr.atoms(Piecewise) for _, condition in cases.args)
    edges = [_boundary(condition) for condition in conditions if condition != True]  # noqa: E712
    return sorted(set().union(*edges), key=lambda point: point.evalf())


def _boundary(condition: sp.Basic) -> set[sp.Expr]:
    try:
        boundary = condition.as_set().boundary
    except NotImplementedError:
        boundary = sp.S.Reals
    if not isinstance(boundary, (sp.FiniteSet, sp.sets.sets.EmptySet)):
        raise ValueError(f"the cases of an activation must change at finitely many points, but {condition} does not")
    return set(boundary)


def _branch(expr: sp.Expr, point: sp.Expr) -> sp.Expr:
    """The expression with every case distinction resolved as at ``point``."""
    return expr.replace(lambda node: isinstance(node, Piecewise), lambda node: _case(node, point))


def _case(node: Piecewise, point: sp.Expr) -> sp.Expr:
    for value, condition in node.args:
        if condition.subs(x, point) == True:  # noqa: E712
            return value
    raise ValueError(
        f"an activation must be a real number at every real x, and no case of {node} holds at x = {point.evalf(6)}; "
        "end it with a case for all that is left, such as (0, True)"
    )


def _merge_equal(cut: Iterable[Piece]) -> list[Piece]:
    merged: list[Piece] = []
    for piece in cut:
        if merged and merged[-1].expr == piece.expr and _plain_value(piece.expr, piece.left) is not None:
            piece = Piece(piece.expr, merged.pop().left, piece.right)
        merged.append(piece)
    return merged


@lru_cache(maxsize=1024)
def limit(expr: sp.Expr, point: sp.Expr, direction: str = "-") -> sp.Expr:
    """The limit in x, ``nan`` where none is found in time.

    At infinity, sums of polynomials times exponentials go by their dominant terms, the rest by Gruntz's algorithm.
    """
    try:
        if point.is_infinite and (value := _limit_of_dominant_terms(expr, point)) is not None:
            return value
        value = within(SECONDS_A_LIMIT, sp.limit, expr, x, point, direction)
    except (NotImplementedError, ValueError, TimeoutError):
        return sp.nan
    settled = value.is_infinite or value.is_comparable or type(value) is sp.AccumBounds
    return value if settled else sp.nan


def _limit_of_dominant_terms(expr: sp.Expr, point: sp.Expr) -> sp.Expr | None:
    """The limit at ±∞ of a rational function of x and exponentials; ``None`` for other functions."""
    symbols = Symbols(expr)
    parts = sp.fraction(symbols.rational)
    known = {x, *symbols.exponents, *symbols.constants}
    if not symbols.rational.free_symbols <= known or not all(e.is_polynomial(x) for e in symbols.exponents.values()):
        return None
    (c, p), (d, q) = (_dominant(sp.expand(part), symbols, point) for part in parts)
    growth = [a - b for a, b in zip(p, q, strict=True)]
    leading = next((rate for rate in growth if rate != 0), 0)
    ratio = symbols.restore(c / d)
    if leading < 0:
        return sp.S.Zero
    return ratio if leading == 0 else sp.sign(ratio) * oo


def _dominant(part: sp.Expr, symbols: Symbols, point: sp.Expr) -> tuple[sp.Expr, list[sp.Expr]]:
    """The coefficient of the fastest growing term, and its growth: rates of powers in the exponent, then the power."""
    units = [sp.Poly(exponent, x) for exponent in symbols.exponents.values()]
    degree = max((unit.degree() for unit in units), default=0)
    side = 1 if point == oo else -1

    def growth(powers: tuple[int, ...]) -> list[sp.Expr]:
        k, *multiples = powers
        exponent = sum((m * unit for m, unit in zip(multiples, units, strict=True)), sp.Poly(0, x))
        return [*(sp.expand(exponent.nth(n) * side**n) for n in range(degree, 0, -1)), sp.Integer(k)]

    terms = sp.Poly(part, x, *symbols.exponents).terms()
    powers, coefficient = max(terms, key=lambda term: [rate.evalf(30) for rate in growth(term[0])])
    return coefficient * side ** powers[0], growth(powers)


def _plain_value(expr: sp.Expr, point: sp.Expr) -> sp.Expr | None:
    value = expr.subs(x, point)
    return value if value.is_finite else None


@lru_cache(maxsize=1024)
def mp_function(expr: sp.Expr) -> Callable[[object], mpmath.mpf]:
    """The expression as a function of an mpmath number."""
    return sp.lambdify(x, expr, "mpmath")
