r"""The two tails of an activation: limits, saturation, and where rounding makes it its limit.

Beyond a certain point no arithmetic can tell the value from the limit: the sigmoid is 1 in float64 from
:math:`\ln(2^{54} - 1) \approx 54 \ln 2 \approx 37.43` on, because half a spacing below 1 is :math:`2^{-54}`.
A limit 0 is reached much later, where the value falls below half of the smallest subnormal number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import mpmath
import sympy as sp
from sympy import Expr, oo

from ._calculus import Analysis, Extreme, repeats
from ._pieces import Piece
from ._proofs import proof
from ._sheet import Fact, word_fact
from ._signs import SignChart, mp_number

DIGITS = 20
_BITS = 72


# --- limits and saturation -------------------------------------------------------------------------------------------


def limit_facts(a: Analysis) -> list[Fact]:
    """Limits of f and f′ at both ends."""
    levels = (("", a.f, a.slope_charts, a.extremes), ("slope_", a.f.slope, a.bend_charts, a.slope_extremes))
    return [
        _limit_fact(f"{prefix}limit_{side}", f.pieces[i], charts[i], point, extremes)
        for prefix, f, charts, extremes in levels
        for side, i, point in (("left", 0, -oo), ("right", -1, oo))
    ]


def _limit_fact(key: str, piece: Piece, chart: SignChart, point: Expr, extremes: tuple[Extreme, Extreme]) -> Fact:
    """A limit; of a periodic function the two values between which it oscillates."""
    value = piece.at_end(point)
    if repeats(piece.expr, chart.period):
        bounds = sp.AccumBounds(*(extreme.value for extreme in extremes))
        return Fact(key, bounds, "exact", proof("oscillates", expr=piece.expr))
    if value is sp.nan or isinstance(value, sp.AccumBounds):
        return Fact(key, "none found", "numerical", proof("no_limit"))
    return Fact(key, value, "exact", proof("limit", expr=piece.expr, point=point, value=value))


def saturation_facts(a: Analysis) -> list[Fact]:
    """Saturation of each side: hard when f′ is 0 from some point on, soft when it only tends to 0, else none."""
    return [_saturation(a, f"saturation_{side}", i, end) for side, i, end in (("left", 0, -oo), ("right", -1, oo))]


def _saturation(a: Analysis, key: str, i: int, end: Expr) -> Fact:
    piece, chart = a.f.slope.pieces[i], a.slope_charts[i]
    if chart.signs == (0,):
        return word_fact(key, "hard", True, proof("hard", at=piece.right if i == 0 else piece.left))
    value = piece.at_end(end)
    if value == 0:
        return word_fact(key, "soft", True, proof("soft"))
    return word_fact(key, "none", value is not sp.nan, proof("no_saturation", value=value))


# --- rounding --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Format:
    """A binary format: digits of its significand, and the exponents of its smallest and largest numbers."""

    precision: int
    smallest: int
    largest: int

    def cell(self, limit: mpmath.mpf) -> tuple[mpmath.mpf, mpmath.mpf]:
        """The interval of the reals that round to the same number as ``limit``."""
        if limit == 0:
            half = mpmath.ldexp(1, self.smallest - 1)
            return -half, half
        nearest = self._nearest(limit)
        below = self._half_gap(nearest, towards_zero=nearest > 0)
        above = self._half_gap(nearest, towards_zero=nearest < 0)
        return nearest - below, nearest + above

    def _nearest(self, number: mpmath.mpf) -> mpmath.mpf:
        unit = self._unit(number)
        return mpmath.nint(number / unit) * unit

    def _unit(self, number: mpmath.mpf) -> mpmath.mpf:
        """The spacing in the binade of the number."""
        return mpmath.ldexp(1, max(mpmath.frexp(abs(number))[1] - self.precision, self.smallest))

    def _half_gap(self, nearest: mpmath.mpf, *, towards_zero: bool) -> mpmath.mpf:
        # Below a power of two the spacing is half of that above it.
        at_power_of_two = mpmath.frexp(abs(nearest))[0] == 0.5
        return self._unit(nearest) / (4 if towards_zero and at_power_of_two else 2)


FORMATS = (Format(11, -24, 16), Format(24, -149, 128), Format(53, -1074, 1024))
"""float16, float32 and float64, in the order of :data:`~activations._sheet.FLOATS`."""


def rounding_facts(a: Analysis) -> list[Fact]:
    """For each side with a finite limit: the smallest \\|x\\| from which the rounded value is the limit."""
    return [
        _rounding_fact(a, f"rounds_{side}", piece.at_end(end), direction)
        for side, piece, end, direction in (("left", a.f.pieces[0], -oo, -1), ("right", a.f.pieces[-1], oo, 1))
        if piece.at_end(end).is_number and piece.at_end(end).is_finite
    ]


def _rounding_fact(a: Analysis, key: str, limit: Expr, direction: int) -> Fact:
    start = tail_start(a, direction)
    values = [_threshold(a, limit, direction, start, form) for form in FORMATS]
    if all(value.is_Rational for value in values):
        return Fact(key, sp.Tuple(*values), "exact", proof("always"))
    return Fact(key, sp.Tuple(*values), "numerical", proof("rounds", bits=_BITS), DIGITS)


def tail_start(a: Analysis, direction: int) -> Expr:
    """The distance from 0 beyond which f is monotone on that side."""
    turns = [root.value for chart in a.slope_charts for root in chart.roots]
    turns += [b for b, before, after in _joints(a) if before * after < 0 or b in a.f.jumps]
    return max([sp.S.Zero, *(direction * turn for turn in turns)], key=lambda turn: turn.evalf(15))


def _joints(a: Analysis) -> list[tuple[Expr, int, int]]:
    charts = a.slope_charts
    return [(b, p.signs[-1], q.signs[0]) for b, p, q in zip(a.f.breaks, charts, charts[1:], strict=False)]


def _threshold(a: Analysis, limit: Expr, direction: int, start: Expr, form: Format) -> Expr:
    """The smallest \\|x\\| on the monotone tail from which the rounded value is the limit; infinite when too large."""
    # A value near a limit 0 may be a difference of numbers near 1, so the bits of the smallest number are needed.
    with mpmath.workprec(3 * _BITS + (-form.smallest if limit == 0 else form.precision)):
        rounds = partial(_is_inside, a.f.numeric, form.cell(mp_number(limit)), direction)
        near = mp_number(start)
        if rounds(near):
            return start
        step = mpmath.mpf(1)
        while not rounds(near + step):
            step *= 2
            if step > mpmath.ldexp(1, form.largest):
                return oo
        first = _first(rounds, near, near + step)
        # At a jump the limit holds right after the start.
        return start if first - near < step * mpmath.ldexp(1, 2 - _BITS) else sp.Float(first, DIGITS)


def _is_inside(function: Callable, cell: tuple[mpmath.mpf, mpmath.mpf], direction: int, distance: mpmath.mpf) -> bool:
    return cell[0] <= function(direction * distance) <= cell[1]


def _first(holds: Callable[[mpmath.mpf], bool], low: mpmath.mpf, high: mpmath.mpf) -> mpmath.mpf:
    """The least number between two others from which a condition holds that is false at first."""
    for _ in range(_BITS):
        middle = (low + high) / 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
