"""What calculus says about an activation: signs of two derivatives, extremes, limits, symmetry, smoothness."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import mpmath
import sympy as sp
from sympy import Expr, oo

from ._domain import is_shown_real
from ._pieces import Curve, Piece, curve, mp_function
from ._proofs import proof
from ._sheet import Fact, number_fact, set_fact, word_fact
from ._signs import DIGITS, SignChart, sign_chart, sign_of, sign_row
from ._symmetry import Symmetry, symmetry_of
from .catalogue import x

HIGHEST_ORDER = 6
"""Derivatives compared at a break before the two sides are taken to agree."""

_KNOWN = DIGITS - 10
_EQUAL = sp.Float("1e-30")
_EVERY = sp.Symbol("k", integer=True)


@dataclass(frozen=True)
class Extreme:
    """An extreme value and the set where it is taken, empty when it is only approached."""

    value: Expr
    at: sp.Set = sp.S.EmptySet

    @property
    def exact(self) -> bool:
        return not self.value.has(sp.Float, sp.nan)


@dataclass(frozen=True)
class Analysis:
    """A curve with the charts that its facts are read from; each is computed once."""

    f: Curve

    @classmethod
    def of(cls, expr: Expr) -> Analysis:
        return cls(curve(expr))

    @cached_property
    def slope_charts(self) -> tuple[SignChart, ...]:
        return _charts(self.f.slope)

    @cached_property
    def bend_charts(self) -> tuple[SignChart, ...]:
        return _charts(self.f.slope.slope)

    @cached_property
    def proved(self) -> bool:
        """Whether all signs of f′ are proved."""
        return all(chart.proved for chart in self.slope_charts)

    @cached_property
    def bends_are_proved(self) -> bool:
        """Whether all signs of f″ are proved."""
        return all(chart.proved for chart in self.bend_charts)

    @cached_property
    def extremes(self) -> tuple[Extreme, Extreme]:
        """Infimum and supremum."""
        return _extremes([*_inside(self.f, self.slope_charts), *_at_breaks(self.f)])

    @cached_property
    def slope_extremes(self) -> tuple[Extreme, Extreme]:
        return _extremes(_inside(self.f.slope, self.bend_charts))

    @cached_property
    def symmetry(self) -> Symmetry:
        return symmetry_of(self.f)


def _charts(f: Curve) -> tuple[SignChart, ...]:
    return tuple(sign_chart(piece.expr, piece.left, piece.right) for piece in f.pieces)


# --- extremes --------------------------------------------------------------------------------------------------------


def _inside(f: Curve, charts: Iterable[SignChart]) -> list[Extreme]:
    """Candidates inside the pieces: critical points, constant stretches, and what is approached at the ends."""
    candidates = []
    for piece, chart in zip(f.pieces, charts, strict=True):
        if chart.signs == (0,):
            candidates.append(Extreme(piece.expr, _stretch(f, piece)))
            continue
        candidates += [_critical(piece, root, chart) for root in chart.roots]
        ends = [] if repeats(piece.expr, chart.period) else [piece.at_end(piece.left), piece.at_end(piece.right)]
        candidates += [Extreme(_settled(end)) for end in ends]
    return candidates


def repeats(expr: Expr, period: Expr | None) -> bool:
    """Whether the function has the period of its derivative; if not, it grows by a constant in each period."""
    return period is not None and sp.simplify(sp.expand(expr.subs(x, x + period) - expr)) == 0


def _at_breaks(f: Curve) -> list[Extreme]:
    return [Extreme(f.at(b), sp.FiniteSet(b)) for b in f.breaks]


def _stretch(f: Curve, piece: Piece) -> sp.Set:
    """The interval on which a constant piece is taken, with those ends that have the value too."""
    left_open, right_open = (not end.is_finite or f.at(end) != piece.expr for end in (piece.left, piece.right))
    return sp.Interval(piece.left, piece.right, left_open, right_open)


def _critical(piece: Piece, root, chart: SignChart) -> Extreme:
    if root.exact:
        value = tidy(piece.expr.subs(x, root.value))
    else:
        with mpmath.workdps(DIGITS):
            value = sp.Float(mp_function(piece.expr)(mpmath.mpf(str(root.value))), _KNOWN)
    return Extreme(value, _where(root.value, chart.period))


def _is_empty(points: sp.Set) -> bool:
    return points is sp.S.EmptySet


def _where(point: Expr, period: Expr | None) -> sp.Set:
    if period is None:
        return sp.FiniteSet(point)
    return sp.ImageSet(sp.Lambda(_EVERY, period * _EVERY + point), sp.S.Integers)


def _settled(end: Expr) -> Expr:
    """A limit, or ``nan`` where the function oscillates: SymPy's bounds need not be the best ones."""
    return sp.nan if isinstance(end, sp.AccumBounds) else end


def _extremes(candidates: list[Extreme]) -> tuple[Extreme, Extreme]:
    return _largest(candidates, -1), _largest(candidates, 1)


def _largest(candidates: list[Extreme], sign: int) -> Extreme:
    if any(c.value is sp.nan for c in candidates):
        return Extreme(sp.nan)
    best = max(sign * c.value.evalf(_KNOWN) for c in candidates)
    ties = [c for c in candidates if c.value == sign * best or abs(sign * c.value.evalf(_KNOWN) - best) < _EQUAL]
    first = min(ties, key=lambda c: (not c.exact, sp.count_ops(c.value)))
    return Extreme(first.value, sp.Union(*(c.at for c in ties)))


def tidy(value: Expr) -> Expr:
    """The value with exp(W(a)) written as a/W(a), which is what defines Lambert's W."""
    if not value.has(sp.LambertW):
        return value
    expanded = sp.expand(value, deep=True)
    return sp.cancel(sp.together(expanded.replace(_is_exp_of_lambert, lambda e: e.args[0].args[0] / e.args[0])))


def _is_exp_of_lambert(expr: Expr) -> bool:
    return isinstance(expr, sp.exp) and isinstance(expr.args[0], sp.LambertW)


def extreme_facts(a: Analysis) -> list[Fact]:
    """Infimum, supremum, where they are attained, and the range between them."""
    how = proof("extremum", points=_roots(a.slope_charts))
    facts = [_range_fact(a)]
    for key, extreme in zip(("infimum", "supremum"), a.extremes, strict=True):
        facts.append(number_fact(key, extreme.value, a.proved, how, _KNOWN))
        facts.append(_place_fact(f"{key}_at", extreme, a.proved, how))
    return facts


def _place_fact(key: str, extreme: Extreme, proved: bool, how: str) -> Fact:
    if extreme.value is sp.nan:
        return Fact(key, "none found", "numerical", how)
    return set_fact(key, extreme.at, proved, how, _KNOWN)


def _range_fact(a: Analysis) -> Fact:
    low, high = a.extremes
    if sp.nan in (low.value, high.value):
        return Fact("range", "none found", "numerical", proof("no_limit"))
    if not a.f.jumps:
        interval = sp.Interval(low.value, high.value, _is_empty(low.at), _is_empty(high.at))
        return set_fact("range", interval, a.proved, proof("range"), _KNOWN)
    images = (_image(piece, chart) for piece, chart in zip(a.f.pieces, a.slope_charts, strict=True))
    united = sp.Union(*images, *_break_values(a.f))
    return set_fact("range", united, a.proved, proof("range_of_pieces"), _KNOWN)


def _break_values(f: Curve) -> list[sp.Set]:
    return [sp.FiniteSet(f.at(b)) for b in f.breaks]


def _image(piece: Piece, chart: SignChart) -> sp.Set:
    low, high = _extremes(_inside(Curve(piece.expr, (piece,)), (chart,)))
    return sp.Interval(low.value, high.value, _is_empty(low.at), _is_empty(high.at))


# --- direction, curvature, Lipschitz constant ------------------------------------------------------------------------


def direction(f: Curve, charts: Iterable[SignChart]) -> str:
    """How the values move from left to right, over the pieces and across the breaks."""
    signs = {sign for chart in charts for sign in chart.signs}
    signs |= {_step(f, b) for b in f.breaks} - {0}
    words = {(1,): "strictly increasing", (0, 1): "increasing", (-1,): "strictly decreasing", (-1, 0): "decreasing"}
    return words.get(tuple(sorted(signs)), "constant" if signs == {0} else "not monotone")


def _step(f: Curve, b: Expr) -> int:
    left, right = f.sides(b)
    return sign_of(right - left)


def monotonicity_facts(a: Analysis) -> list[Fact]:
    """Monotonicity, and the points where the direction changes."""
    how = signs_proof(a.f.slope, a.slope_charts, 1)
    value = direction(a.f, a.slope_charts)
    turning = _changes(a.slope_charts, lambda b: True)
    return [
        word_fact("monotonicity", value, a.proved, how),
        set_fact("turning_points", turning, a.proved, how, _KNOWN),
    ]


_CURVATURE = {
    "strictly increasing": "strictly convex",
    "increasing": "convex",
    "strictly decreasing": "strictly concave",
    "decreasing": "concave",
    "constant": "affine",
}


def convexity_facts(a: Analysis) -> list[Fact]:
    """Convexity: a function is convex exactly when it is continuous and its slope increases."""
    proved = a.bends_are_proved
    if a.f.jumps:
        how = proof("with_jump", points=_listed(a.f.jumps))
        return [word_fact("convexity", "neither", True, how)]
    how = signs_proof(a.f.slope.slope, a.bend_charts, 2)
    value = _CURVATURE.get(direction(a.f.slope, a.bend_charts), "neither")
    inflection = _changes(a.bend_charts, lambda b: _step(a.f.slope, b) == 0)
    return [
        word_fact("convexity", value, proved, how),
        set_fact("inflection_points", inflection, proved, how, _KNOWN),
    ]


def _changes(charts: tuple[SignChart, ...], at_break) -> sp.Set:
    """The points between two neighbouring gaps of opposite sign, at roots and at the breaks that are let through."""
    found = [_periodic_points(_changes_inside(chart), chart.period) for chart in charts]
    for chart, following in zip(charts, charts[1:], strict=False):
        if chart.signs[-1] * following.signs[0] < 0 and at_break(chart.right):
            found.append(sp.FiniteSet(chart.right))
    return sp.Union(*found)


def _changes_inside(chart: SignChart) -> list[Expr]:
    pairs = zip(chart.gaps, chart.gaps[1:], strict=False)
    return [end for (_, end, before), (_, _, after) in pairs if before * after < 0]


def _periodic_points(points: list[Expr], period: Expr | None) -> sp.Set:
    """The points with all their translates; as one family where they are evenly spaced."""
    if period is None:
        return sp.FiniteSet(*points)
    step = period / len(points) if points else period
    if all(sp.simplify(b - a - step) == 0 for a, b in zip(points, points[1:], strict=False)):
        points, period = points[:1], step
    return sp.Union(*(_where(point, period) for point in points))


def lipschitz_fact(a: Analysis) -> Fact:
    r"""The least L with \|f(x) − f(y)\| ≤ L \|x − y\|: the supremum of \|f′\|, infinite at a jump."""
    if a.f.jumps:
        return number_fact("lipschitz", oo, True, proof("with_jump", points=_listed(a.f.jumps)))
    low, high = a.slope_extremes
    if sp.nan in (low.value, high.value):
        return Fact("lipschitz", "none found", "numerical", proof("no_limit"))
    largest = high if high.value.evalf(_KNOWN) >= -low.value.evalf(_KNOWN) else low
    how = proof("lipschitz", points=_roots(a.bend_charts))
    return number_fact("lipschitz", abs(largest.value), a.bends_are_proved, how, _KNOWN)


# --- domain, smoothness, polynomial, fixed points --------------------------------------------------------------------


def domain_fact(a: Analysis) -> Fact:
    """The domain, all real numbers: an activation is refused where it is not a real number."""
    shown = is_shown_real(a.f)
    return set_fact("domain", sp.S.Reals, shown, proof("domain" if shown else "domain_sampled"))


def smoothness_facts(a: Analysis) -> list[Fact]:
    r"""The class :math:`C^k`, with k = −1 for a jump, and the kinks."""
    orders = {b: _first_gap(a.f, b) for b in a.f.breaks}
    kinks = {b: order for b, order in orders.items() if order <= HIGHEST_ORDER}
    order = min((sp.Integer(order - 1) for order in kinks.values()), default=oo)
    exact = is_shown_real(a.f) and len(kinks) == len(orders)
    points = sp.FiniteSet(*kinks)
    how = _gap_proof(a.f, kinks) if kinks else proof("pieces_agree")
    return [
        Fact("smoothness", order, "exact" if exact else "numerical", how),
        set_fact("kinks", points, exact, how if kinks else proof("no_kink")),
    ]


def _first_gap(f: Curve, b: Expr) -> int:
    """The lowest order of derivative that jumps at the break; one more than the highest looked at when none does."""
    if b in f.jumps:
        return 0
    for order in range(1, HIGHEST_ORDER + 1):
        f = f.slope
        left, right = f.sides(b)
        if not (left.is_finite and right.is_finite) or sp.simplify(left - right) != 0:
            return order
    return HIGHEST_ORDER + 1


def _gap_proof(f: Curve, kinks: dict[Expr, int]) -> str:
    at = min(kinks, key=kinks.get)
    for _ in range(kinks[at]):
        f = f.slope
    left, right = f.sides(at)
    return proof("first_gap" if kinks[at] else "jump", at=at, order=kinks[at], left=left, right=right)


def polynomial_fact(a: Analysis, smoothness: Expr) -> Fact:
    """Whether f is a polynomial: the functions that a wide network of one hidden layer cannot approximate with."""
    if len(a.f.pieces) == 1 and a.f.pieces[0].expr.is_polynomial(x):
        return Fact("polynomial", True, "exact", proof("is_polynomial"))
    if smoothness != oo:
        return Fact("polynomial", False, "exact", proof("kinked", order=smoothness))
    f = a.f
    for primes in range(3):
        for point, piece in ((-oo, f.pieces[0]), (oo, f.pieces[-1])):
            value = piece.at_end(point)
            if value.is_finite or isinstance(value, sp.AccumBounds):
                how = proof("bounded_tail", what="f" + "'" * primes, value=value, point=point)
                return Fact("polynomial", False, "exact", how)
        f = f.slope
    return Fact("polynomial", False, "numerical", proof("no_limit"))


def fixed_points_fact(a: Analysis) -> Fact:
    """The solutions of f(x) = x."""
    shifted = Curve(a.f.expr - x, tuple(piece.map(lambda expr: expr - x) for piece in a.f.pieces))
    charts = _charts(shifted)
    sets: list[sp.Set] = [sp.FiniteSet(b) for b in a.f.breaks if sp.simplify(a.f.at(b) - b) == 0]
    for piece, chart in zip(shifted.pieces, charts, strict=True):
        sets += [_where(root.value, chart.period) for root in chart.roots]
        sets += [sp.Interval.open(piece.left, piece.right)] if chart.signs == (0,) else []
    how = proof("fixed", signs=_sign_rows(charts))
    return set_fact("fixed_points", sp.Union(*sets), all(chart.proved for chart in charts), how, _KNOWN)


# --- proofs by signs --------------------------------------------------------------------------------------------------


def signs_proof(f: Curve, charts: tuple[SignChart, ...], primes: int) -> str:
    """The sentence for facts that are read from signs, with the steps of the ladder that gave them."""
    sentences = []
    for piece, chart in zip(f.pieces, charts, strict=True):
        parts = {"primes": "'" * primes, "expr": piece.expr, "left": piece.left, "right": piece.right}
        sentences.append(proof("signs", **parts, signs=sign_row(chart.signs), roots=_roots([chart])))
        sentences += chart.steps
    return "; ".join(sentences)


def _sign_rows(charts: Iterable[SignChart]) -> str:
    return " | ".join(sign_row(chart.signs) for chart in charts)


def _roots(charts: Iterable[SignChart]) -> str:
    return _listed(root.value for chart in charts for root in chart.roots)


def _listed(points: Iterable[Expr]) -> str:
    return "{" + ", ".join(str(p.evalf(12) if p.has(sp.Float) else p) for p in points) + "}"
