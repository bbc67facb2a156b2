"""Whether a function is even or odd, or symmetric about a point of the vertical axis."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp
from sympy import Expr, oo

from ._pieces import Curve, Piece
from ._proofs import proof
from ._sheet import Fact, word_fact
from ._symbolise import is_identically_zero
from .catalogue import x


@dataclass(frozen=True)
class Symmetry:
    """``parity``, and where they exist the constant f(x) + f(−x) and the slope of f(x) − f(−x) in x."""

    parity: str
    constant: Expr | None
    rate: Expr | None
    proved: bool


def symmetry_of(f: Curve) -> Symmetry:
    """The symmetry of a curve, each identity shown or refuted on every piece."""
    sums, differences = _mirrored(f, 1), _mirrored(f, -1)
    odd, even = (_all_zero(parts) for parts in (sums, differences))
    at_breaks = {(f.at(b) - f.at(-b), f.at(b) + f.at(-b)) for b in f.breaks}
    even = even and all(sp.simplify(difference) == 0 for difference, _ in at_breaks)
    odd = odd and all(sp.simplify(total) == 0 for _, total in at_breaks)
    parity = "odd" if odd else "even" if even else "neither"
    return Symmetry(parity, _same_constant(sums), _same_constant([d / x for d in differences]), None not in (odd, even))


def _mirrored(f: Curve, sign: int) -> list[Expr]:
    """f(x) + sign · f(−x) on the successive intervals of the right half line."""
    edges = sorted({sp.S.Zero, *(abs(b) for b in f.breaks)}, key=lambda b: b.evalf())
    middles = [Piece(x, a, b).middle for a, b in zip(edges, [*edges[1:], oo], strict=True)]
    return [_piece_at(f, m) + sign * _piece_at(f, -m).subs(x, -x) for m in middles]


def _piece_at(f: Curve, point: Expr) -> Expr:
    return f.pieces[sum(bool(point > b) for b in f.breaks)].expr


def _all_zero(parts: list[Expr]) -> bool | None:
    answers = [is_identically_zero(part) for part in parts]
    return False if False in answers else None if None in answers else True


def _same_constant(parts: list[Expr]) -> Expr | None:
    """The constant that all parts are equal to, if there is one."""
    value = parts[0].subs(x, 1)
    for guess in (sp.Rational(str(value.evalf(30))).limit_denominator(1000), value):
        if all(is_identically_zero(part - guess) for part in parts):
            return guess
    return None


def symmetry_facts(f: Curve, symmetry: Symmetry) -> list[Fact]:
    """Parity, and the centre when the graph has one."""
    if symmetry.parity == "neither":
        how = "; ".join(_counterexample(f, sign) for sign in (1, -1))
    else:
        how = proof("parity", sign="+" if symmetry.parity == "odd" else "-")
    facts = [word_fact("parity", symmetry.parity, symmetry.proved, how)]
    if symmetry.constant is not None and symmetry.parity != "odd" and not f.jumps:
        centre = sp.Tuple(sp.S.Zero, symmetry.constant / 2)
        facts.append(Fact("centre", centre, "exact", proof("centre", value=symmetry.constant)))
    return facts


def _counterexample(f: Curve, sign: int) -> str:
    """A point where f(x) + sign · f(−x) is not 0."""
    for a in (*map(sp.Rational, ("1", "1/2", "2", "4", "8")), sp.S.Zero, *f.breaks):
        values = f.at(a).evalf(8), f.at(-a).evalf(8)
        if abs(values[0] + sign * values[1]) > 1e-6:
            return proof("not_parity", a=a, fa=values[0], fb=values[1])
    return proof("no_counterexample")
