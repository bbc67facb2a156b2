r"""Where a function is positive, negative and zero, with proof.

The method is Rolle's theorem used as a ladder.
A factor that cannot be read off is divided by a positive one and differentiated until its sign is known: between two
neighbouring roots of :math:`h'` the function :math:`h` is monotone, so that its signs at the two ends tell whether it
has a root there, and it has one at most.
For sums of products of polynomials and exponentials each step kills a term, so the ladder ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

import mpmath
import sympy as sp
from sympy import Dummy, Expr, oo

from ._deadline import within
from ._pieces import Piece, limit, mp_function
from ._proofs import proof
from ._symbolise import Symbols
from .catalogue import x

DIGITS = 50
"""Decimal digits of a root that has no closed form."""

_DEPTH = 14
_LARGEST = 400
_SECONDS = 20
_CLOSE = sp.Float("1e-40")


class Undecided(Exception):
    """No proof was found."""


@dataclass(frozen=True)
class Root:
    """A zero: exact, or isolated between two numbers and known to :data:`DIGITS` digits."""

    value: Expr
    exact: bool = True

    @property
    def number(self) -> Expr:
        return self.value.evalf(DIGITS)


@dataclass(frozen=True)
class SignChart:
    """The roots on an open interval in order, and the sign (−1, 0, 1) on each gap: one more sign than roots.

    ``proved`` is False where the chart was read off from samples. ``steps`` says how it was obtained.
    ``period`` is set when roots and signs describe one period of a periodic function, starting at ``left``.
    """

    left: Expr
    right: Expr
    roots: tuple[Root, ...]
    signs: tuple[int, ...]
    proved: bool = True
    steps: tuple[str, ...] = ()
    period: Expr | None = None

    @property
    def one_sign(self) -> int | None:
        """The only sign that occurs, isolated zeros apart; ``None`` when there are two."""
        return self.signs[0] if len(set(self.signs)) == 1 else None

    @property
    def gaps(self) -> list[tuple[Expr, Expr, int]]:
        ends = (self.left, *(root.value for root in self.roots), self.right)
        return list(zip(ends, ends[1:], self.signs, strict=False))


@lru_cache(maxsize=1024)
def sign_chart(expr: Expr, left: Expr = -oo, right: Expr = oo) -> SignChart:
    """The sign chart of an expression in x that is smooth on the open interval; proved when a proof is found."""
    try:
        return _chart(expr, left, right, 0)
    except Undecided as reason:
        return replace(_sampled(expr, left, right), steps=(proof("sampled", reason=reason),))


def _chart(expr: Expr, left: Expr, right: Expr, depth: int) -> SignChart:
    if (chart := _periodic(expr, left, right)) is not None:
        return chart
    if depth > _DEPTH or sp.count_ops(expr) > _LARGEST:
        raise Undecided(proof("too_long"))
    sign, factors = _factors(expr)
    charts = [_chart_of_factor(factor, left, right, depth) for factor in factors]
    return _product(sign, charts, left, right)


def _factors(expr: Expr) -> tuple[int, list[Expr]]:
    """A sign and factors whose product has the sign of ``expr`` everywhere; positive factors are dropped."""
    symbols = Symbols(expr)
    numerator, denominator = sp.fraction(symbols.rational)
    sign, kept = 1, []
    for part in (numerator, denominator):
        content, factors = sp.factor_list(sp.expand(part))
        sign *= int(sp.sign(content))
        for factor, power in factors:
            if power % 2 == 0:
                kept += [] if part is denominator else [factor, factor]
            elif factor.is_negative:
                sign = -sign
            elif not factor.is_positive:
                kept.append(factor)
    return sign, [symbols.restore(factor) for factor in kept]


def _product(sign: int, charts: Iterable[SignChart], left: Expr, right: Expr) -> SignChart:
    charts = list(charts)
    roots = _distinct(root for chart in charts for root in chart.roots)
    signs = []
    for a, b in zip((left, *roots), (*roots, right), strict=True):
        point = Piece(x, *(end.number if isinstance(end, Root) else end for end in (a, b))).middle
        signs.append(sign * sp.prod(_sign_in(chart, point) for chart in charts))
    steps = tuple(step for chart in charts for step in chart.steps)
    return SignChart(left, right, tuple(roots), tuple(map(int, signs)), all(c.proved for c in charts), steps)


def _distinct(roots: Iterable[Root]) -> list[Root]:
    """Roots in order; of two that agree to 40 digits the exact one is kept."""
    kept: list[Root] = []
    for root in sorted(roots, key=lambda root: (root.number, not root.exact)):
        if kept and abs(root.number - kept[-1].number) < _CLOSE:
            kept[-1] = min(kept[-1], root, key=lambda root: not root.exact)
        else:
            kept.append(root)
    return kept


def _sign_in(chart: SignChart, point: Expr) -> int:
    return chart.signs[sum(bool(point > root.number) for root in chart.roots)]


# --- one factor ------------------------------------------------------------------------------------------------------


def _chart_of_factor(factor: Expr, left: Expr, right: Expr, depth: int) -> SignChart:
    if not factor.has(x):
        return SignChart(left, right, (), (sign_of(factor),))
    if (sign := _assumed_sign(factor, left, right)) is not None:
        return SignChart(left, right, (), (sign,))
    if (roots := _polynomial_roots(factor)) is not None:
        return _around(factor, [Root(r) for r in roots if left < r < right], left, right)
    if (chart := _periodic(factor, left, right)) is not None:
        return chart
    return _ladder(factor, left, right, depth)


def _assumed_sign(factor: Expr, left: Expr, right: Expr) -> int | None:
    """The sign that SymPy's assumptions give once the half line is known."""
    if left.is_finite and left >= 0:
        factor = factor.subs(x, Dummy("t", positive=True) + left)
    elif right.is_finite and right <= 0:
        factor = factor.subs(x, right - Dummy("t", positive=True))
    return 1 if factor.is_positive else -1 if factor.is_negative else None


def _polynomial_roots(factor: Expr) -> list[Expr] | None:
    """All real roots of a polynomial with rational coefficients, or of degree two at most; else ``None``."""
    if not factor.is_polynomial(x):
        return None
    polynomial = sp.Poly(factor, x)
    if all(c.is_Rational for c in polynomial.all_coeffs()):
        return list(dict.fromkeys(polynomial.real_roots()))
    if polynomial.degree() > 2:
        return None
    if polynomial.degree() == 1:
        return [-polynomial.nth(0) / polynomial.nth(1)]
    discriminant = polynomial.discriminant()
    signs = {1: (-1, 1), 0: (0,), -1: ()}[sign_of(discriminant)]
    return [(-polynomial.nth(1) + sign * sp.sqrt(discriminant)) / (2 * polynomial.nth(2)) for sign in signs]


def _around(factor: Expr, roots: list[Root], left: Expr, right: Expr) -> SignChart:
    """The chart of a function whose roots are all known: one value a gap settles the sign."""
    roots = _distinct(roots)
    ends = (left, *(root.value for root in roots), right)
    signs = [sign_of(factor.subs(x, Piece(x, a, b).middle)) for a, b in zip(ends, ends[1:], strict=False)]
    return SignChart(left, right, tuple(roots), tuple(signs))


def _periodic(expr: Expr, left: Expr, right: Expr) -> SignChart | None:
    """The chart of one period of a trigonometric function, or on a bounded interval; ``None`` for other functions."""
    period = sp.periodicity(expr, x) if expr.has(sp.sin, sp.cos) else None
    if period is None:
        return None
    if left.is_finite and right.is_finite:
        return _around(expr, _trigonometric_roots(expr, sp.Interval.open(left, right)), left, right)
    found = _trigonometric_roots(expr, sp.Interval.Ropen(0, period))
    inside = _around(expr, [root for root in found if root.value != 0], sp.S.Zero, period)
    if inside.one_sign is not None:
        return SignChart(left, right, (), inside.signs[:1], steps=(proof("touches"),))
    if left.is_finite or right.is_finite:
        raise Undecided(proof("half_line"))
    # A root at the start has the gap before it, which is the last of the period before.
    signs = inside.signs if found[0].value != 0 else (inside.signs[-1], *inside.signs)
    return SignChart(left, right, tuple(found), signs, period=period)


def _trigonometric_roots(expr: Expr, interval: sp.Interval) -> list[Root]:
    try:
        solutions = within(_SECONDS, sp.solveset, expr, x, interval)
    except (TimeoutError, NotImplementedError):
        solutions = None
    if not isinstance(solutions, (sp.FiniteSet, sp.sets.sets.EmptySet)):
        raise Undecided(proof("period_roots"))
    return _distinct(Root(root) for root in solutions)


# --- the ladder ------------------------------------------------------------------------------------------------------


def _ladder(h: Expr, left: Expr, right: Expr, depth: int) -> SignChart:
    """The chart of ``h`` from that of its derivative, after division by a factor that never vanishes."""
    if (chart := _radical(h, left, right, depth)) is not None:
        return chart
    divisor, sign = _divisor(h, left, right, depth)
    quotient = sp.expand(h / divisor)
    rises = _chart(quotient.diff(x), left, right, depth + 1)
    if rises.period is not None:
        raise Undecided(proof("for_ever"))
    roots, signs = _climb(quotient, rises)
    step = proof("ladder", expr=quotient, slope_signs=sign_row(rises.signs), signs=sign_row(signs))
    return SignChart(left, right, tuple(roots), tuple(sign * s for s in signs), rises.proved, (*rises.steps, step))


def _climb(h: Expr, rises: SignChart) -> tuple[list[Root], list[int]]:
    """Roots and signs of ``h``, monotone between the neighbouring roots of its derivative."""
    roots: list[Root] = []
    signs: list[int] = []
    for i, (a, b, direction) in enumerate(rises.gaps):
        begin = _sign_at_end(h, a, "+") or direction
        end = _sign_at_end(h, b, "-") or -direction
        if i and _sign_at_end(h, a, "+") == 0:
            roots.append(rises.roots[i - 1])
            signs.append(begin)
        elif not i:
            signs.append(begin)
        if begin * end < 0:
            roots.append(_isolate(h, a, b))
            signs.append(end)
    return roots, signs


def _sign_at_end(h: Expr, end: Expr, side: str) -> int:
    value = h.subs(x, end) if end.is_finite else sp.nan
    return sign_of(value if value.is_finite else limit(h, end, side))


def _divisor(h: Expr, left: Expr, right: Expr, depth: int) -> tuple[Expr, int]:
    """A factor without roots, and its sign, such that ``h`` divided by it loses a transcendental part when derived."""
    symbols = Symbols(h)
    for symbol in sorted(symbols.transcendental & symbols.rational.free_symbols, key=str):
        terms = sp.Poly(symbols.rational, symbol)
        if terms.degree() == 1:
            factor = symbols.restore(terms.coeff_monomial(symbol))
            chart = _chart(factor, left, right, depth + 1)
            if not chart.roots and chart.signs[0]:
                return factor, chart.signs[0]
    return sp.S.One, 1


def _radical(h: Expr, left: Expr, right: Expr, depth: int) -> SignChart | None:
    """The chart of a + b·√c: its roots are among those of a² − b²c."""
    symbols = Symbols(h)
    for symbol, base in symbols.square_roots.items():
        if symbols.meaning[symbol].has(x) and sp.degree(symbols.rational, symbol) == 1:
            b, a = sp.Poly(symbols.rational, symbol).all_coeffs()
            candidates = _chart(symbols.restore(sp.expand(a**2 - b**2 * base)), left, right, depth + 1).roots
            roots = [root for root in candidates if sign_of(h.subs(x, root.value)) == 0]
            return _around(h, roots, left, right)
    return None


def sign_of(number: Expr) -> int:
    """The sign of a number, exact or known to :data:`DIGITS` digits; zero only where algebra shows it."""
    if number in (oo, -oo):
        return 1 if number == oo else -1
    if number.is_zero:
        return 0
    value = number.evalf(DIGITS)
    if not value.is_Float:
        raise Undecided(proof("unknown_sign", number=number))
    if abs(value) > sp.Float("1e-25") or (not number.has(sp.Float) and value._prec > 1):
        return 1 if value > 0 else -1
    if not number.has(sp.Float) and sp.simplify(number) == 0:
        return 0
    raise Undecided(proof("unknown_sign", number=number))


# --- roots -----------------------------------------------------------------------------------------------------------


def _isolate(h: Expr, left: Expr, right: Expr) -> Root:
    """The only root of ``h`` between the two ends, where it has opposite signs: exact where a closed form is found."""
    function = mp_function(h)
    # At a root of order three only a third of the working digits can be told from 0.
    with mpmath.workdps(3 * DIGITS + 10):
        number = bisect(function, *_bracket(function, left, right))
        value = sp.Float(number, DIGITS)
    if (rational := _rational_root(h, value)) is not None:
        return Root(rational)
    closed = (candidate for candidate in _closed_forms(h) if abs(candidate.evalf(DIGITS) - value) < _CLOSE)
    return next((Root(candidate) for candidate in closed), Root(value, exact=False))


def _bracket(function, left: Expr, right: Expr) -> tuple[mpmath.mpf, mpmath.mpf]:
    """Two finite points between which the function changes sign once."""
    low = _step_out(function, right, -1) if left == -oo else mp_number(left)
    high = _step_out(function, left, 1) if right == oo else mp_number(right)
    return low, high


def _rational_root(h: Expr, value: Expr) -> Expr | None:
    """The simple fraction that the number is, if it is a root."""
    guess = sp.Rational(str(value)).limit_denominator(100)
    return guess if abs(guess - value) < _CLOSE and sign_of(h.subs(x, guess)) == 0 else None


def _step_out(function, near: Expr, direction: int) -> mpmath.mpf:
    """A point so far out that doubling the distance once and twice more changes no sign."""
    start = mp_number(near) if near.is_finite else mpmath.mpf(0)
    distance = mpmath.mpf(1)
    while len({mpmath.sign(function(start + direction * distance * 2**k)) for k in range(12)}) > 1:
        distance *= 2
    return start + direction * distance


def bisect(function, low: mpmath.mpf, high: mpmath.mpf) -> mpmath.mpf:
    """The point between two others where the function changes sign, to :data:`DIGITS` digits."""
    rising = function(high) > 0
    small = (abs(low) + abs(high) + 1) * mpmath.mpf(10) ** -(DIGITS + 5)
    while high - low > small:
        middle = (low + high) / 2
        if (function(middle) > 0) == rising:
            high = middle
        else:
            low = middle
    return (low + high) / 2


def mp_number(number: Expr) -> mpmath.mpf:
    return mpmath.mpf(str(number.evalf(mpmath.mp.dps)))


def _closed_forms(h: Expr) -> list[Expr]:
    """Real roots of ``h`` by formula, where it is a polynomial in one exponential, or linear in that and in x."""
    symbols = Symbols(h)
    exponentials = [s for s in symbols.exponents if symbols.rational.has(s)]
    if len(exponentials) != 1 or symbols.transcendental & symbols.rational.free_symbols:
        return []
    (symbol,) = exponentials
    rate = symbols.exponents[symbol] / x
    if rate.has(x):
        return []
    expr = sp.expand(symbols.restore_all_but(symbol))
    if not expr.has(x):
        return [sp.log(root) / rate for root in sp.roots(sp.Poly(expr, symbol)) if root.is_positive]
    polynomial = sp.Poly(expr, x, symbol)
    if polynomial.total_degree() > 1:
        return []
    a, b, c = (polynomial.coeff_monomial(m) for m in (1, x, symbol))
    # a + b·x + c·exp(r·x) = 0 is w·exp(w) = (r·c/b)·exp(−r·a/b) with w = −r·(x + a/b).
    argument = rate * c / b * sp.exp(-rate * a / b)
    return [-a / b - w / rate for w in (sp.LambertW(argument), sp.LambertW(argument, -1)) if w.is_real]


# --- without proof ---------------------------------------------------------------------------------------------------


def _sampled(expr: Expr, left: Expr, right: Expr) -> SignChart:
    """The chart read off at many points, its roots refined: what is left when no proof is found."""
    # The factors are sums without the cancellation that the expression itself may suffer far out.
    sign, factors = _factors(expr)
    function = mp_function(sign * sp.Mul(*factors))
    with mpmath.workdps(DIGITS + 20):
        points = [p for p in grid() if left < p < right]
        signs = [int(mpmath.sign(function(mp_number(p)))) for p in points]
        roots, kept = [], [signs[0]]
        for a, b, before, after in zip(points, points[1:], signs, signs[1:], strict=False):
            if before != after:
                number = sp.Float(bisect(function, mp_number(a), mp_number(b)), DIGITS)
                rational = _rational_root(expr, number)
                roots.append(Root(number, exact=False) if rational is None else Root(rational))
                kept.append(after)
    return SignChart(left, right, tuple(roots), tuple(kept), proved=False)


def grid() -> list[sp.Rational]:
    """Points off the round numbers, dense near 0 and sparse to ±60."""
    return [sp.Rational(k * (400 + 3 * k * k // 40) + 17, 20000) for k in range(-250, 251)]


def sign_row(signs: Iterable[int]) -> str:
    """Signs in a row, as − 0 +."""
    return " ".join("−0+"[sign + 1] for sign in signs)
