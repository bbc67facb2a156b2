r"""The reduced sheet of a function of several inputs: what leaves it unchanged, its Jacobian, and bounds on that.

A function with cases is smooth on each region of its input space where the same cases hold; what is said of it is
checked on every region that a spread of sample points reaches, and joined by continuity.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import permutations

import mpmath
import sympy as sp
from sympy import Expr, Matrix, Piecewise, Rational, S, oo

from ._calculus import Analysis, Extreme
from ._proofs import proof
from ._sheet import Fact, number_fact, set_fact
from ._symbolise import Symbols
from .catalogue import CATALOGUE, ManyInputActivation, x

# Close together, far apart, and two close ones far from the rest; and below 0.
_SPREADS = (
    (Rational(1, 7), Rational(1, 5), Rational(1, 10), Rational(3, 10)),
    (0, 3, 7, 12),
    (5, Rational(26, 5), 0, -4),
    (-1, -3, -6, -10),
)


def _p(size: int) -> tuple[sp.Symbol, ...]:
    """The softmax of the inputs, as symbols."""
    return sp.symbols(f"p1:{size + 1}", positive=True)


@dataclass(frozen=True)
class Region:
    """The outputs on one region, without cases, and a point of it."""

    z: tuple[sp.Symbol, ...]
    outputs: Matrix
    point: tuple[Expr, ...]

    @cached_property
    def jacobian(self) -> Matrix:
        return self.outputs.jacobian(self.z).applyfunc(_shorter)

    @cached_property
    def along_ones(self) -> Matrix:
        """J·1, the derivative of f(z + c·1) in c."""
        return (self.jacobian * sp.ones(len(self.z), 1)).applyfunc(rational)

    def degrees(self) -> set[int]:
        """The k with J·z = k·f, which by Euler's theorem are the degrees of homogeneity."""
        derivative = self.jacobian * Matrix(self.z)
        return {k for k in (0, 1, 2) if all(rational(e) == 0 for e in derivative - k * self.outputs)}

    @cached_property
    def rank(self) -> int:
        """The rank at the region's point: the number of singular values that are not 0 to 20 digits."""
        with mpmath.workdps(30):
            values = self.jacobian.subs(dict(zip(self.z, self.point, strict=True))).evalf(30)
            singular = mpmath.svd_r(mpmath.matrix(values.tolist()), compute_uv=False)
            return sum(value > mpmath.mpf(10) ** -20 for value in singular)

    @property
    def rank_is_certain(self) -> bool:
        """Whether no point of the region can have a larger rank: for shape, or because J·1 = 0."""
        rows = sum(any(self.jacobian.row(i)) for i in range(self.jacobian.rows))
        columns = self.jacobian.cols - (not any(self.along_ones))
        return self.rank == min(rows, columns) or not self.jacobian.free_symbols


@lru_cache(maxsize=4096)
def rational(expr: Expr) -> Expr:
    """The expression with everything cancelled that algebra over its exponentials can cancel."""
    symbols = Symbols(expr, expr.free_symbols)
    return symbols.restore(sp.factor(symbols.rational))


def _shorter(expr: Expr) -> Expr:
    return min(expr, rational(expr), key=sp.count_ops)


@dataclass(frozen=True)
class Vector:
    """One activation at one number of inputs."""

    entry: ManyInputActivation
    size: int

    @cached_property
    def z(self) -> tuple[sp.Symbol, ...]:
        return self.entry.inputs(self.size)

    @cached_property
    def regions(self) -> tuple[Region, ...]:
        found: dict = {}
        general = self.entry.of(self.z)
        points = _points(self.size) if general.has(sp.Max, Piecewise) else [_SPREADS[0][: self.size]]
        for point in points:
            outputs = _resolve(general, dict(zip(self.z, point, strict=True)))
            found.setdefault(sp.ImmutableMatrix(outputs), Region(self.z, outputs, point))
        return tuple(found.values())

    @cached_property
    def first(self) -> Region:
        """The region with the largest rank: what happens where something is learnt."""
        return max(self.regions, key=lambda region: region.rank)


def _points(size: int) -> Iterator[tuple[Expr, ...]]:
    for spread in _SPREADS:
        yield from permutations(tuple(map(sp.sympify, spread[:size])))


def _resolve(outputs: Matrix, point: dict) -> Matrix:
    """The outputs with every largest value and every case decided as at the point."""

    def decide(node):
        if isinstance(node, sp.Max):
            return max(node.args, key=lambda argument: argument.subs(point))
        return next(value for value, condition in node.args if condition.subs(point) == True)  # noqa: E712

    return outputs.applyfunc(lambda e: e.replace(lambda node: isinstance(node, (sp.Max, Piecewise)), decide))


# --- facts -----------------------------------------------------------------------------------------------------------


def vector_facts(entry: ManyInputActivation) -> list[Fact]:
    """The reduced sheet of a function of several inputs."""
    vectors = [Vector(entry, size) for size in entry.sizes]
    shift = shift_fact(vectors)
    return [
        Fact("component", entry.formula, "exact", proof("given")),
        Fact("outputs", ", ".join(f"{v.size} → {len(v.first.outputs)}" for v in vectors), "exact", proof("given")),
        range_fact(entry, shift.value),
        *_sum_fact(vectors),
        shift,
        permutation_fact(vectors),
        scaling_fact(vectors),
        *_softmax_fact(vectors[0]),
        *_regions_fact(vectors[0]),
        *(_jacobian_fact(v) for v in vectors if v.size <= 3),
        _rank_fact(vectors),
        _null_space_fact(vectors[0]),
        *_sums_facts(vectors[0]),
        *_symmetry_fact(vectors),
        *bound_facts(vectors, shift.value),
    ]


def _checked(vectors: Iterable[Vector], equation: str) -> str:
    vectors = list(vectors)
    regions = ", ".join(str(len(v.regions)) for v in vectors)
    return proof("check", sizes=", ".join(str(v.size) for v in vectors), regions=regions, equation=equation)


def _regions(vectors: Iterable[Vector]) -> list[Region]:
    return [region for v in vectors for region in v.regions]


def shift_fact(vectors: list[Vector]) -> Fact:
    """What adding one constant to every input does: nothing where J·1 = 0; it comes out again where J·1 = 1."""
    directions = {value for region in _regions(vectors) for value in region.along_ones}
    value = "invariant" if directions == {S.Zero} else "equivariant" if directions == {S.One} else "changes"
    equation = f"J*1 = {directions.pop()}" if value != "changes" else proof("not_constant")
    return Fact("shift", value, "exact", _checked(vectors, equation))


def permutation_fact(vectors: list[Vector]) -> Fact:
    """Whether permuting the inputs permutes the outputs, or leaves them as they are."""
    swaps = [(v, region, i) for v in vectors for region in v.regions for i in range(v.size - 1)]
    value = "changes"
    if all(_swapped(v, r, i) == _swap(r.outputs, i) for v, r, i in swaps):
        value = "equivariant"
    elif all(_swapped(v, r, i) == r.outputs for v, r, i in swaps):
        value = "invariant"
    return Fact("permutation", value, "exact", _checked(vectors, proof("exchanged")))


def _swapped(v: Vector, region: Region, i: int) -> Matrix:
    """f of the inputs with two neighbours exchanged, on the same region."""
    order = list(range(v.size))
    order[i], order[i + 1] = i + 1, i
    outputs = v.entry.of([region.z[j] for j in order])
    return _resolve(outputs, dict(zip(region.z, region.point, strict=True)))


def _swap(outputs: Matrix, i: int) -> Matrix | None:
    if len(outputs) <= i + 1:
        return None
    swapped = outputs.copy()
    swapped[i], swapped[i + 1] = outputs[i + 1], outputs[i]
    return swapped


def scaling_fact(vectors: list[Vector]) -> Fact:
    """The degree of positive homogeneity, by Euler's theorem on each region, or none."""
    degrees = set.intersection(*(region.degrees() for region in _regions(vectors) if any(region.outputs)))
    value = sp.Integer(max(degrees)) if degrees else "none"
    return Fact("scaling", value, "exact", _checked(vectors, f"J*z = k*f for k in {sorted(degrees)}"))


def _sum_fact(vectors: list[Vector]) -> list[Fact]:
    sums = {rational(sum(region.outputs)) for region in _regions(vectors)}
    if len(sums) > 1 or not (total := sums.pop()).is_number:
        return []
    return [Fact("sum", total, "exact", _checked(vectors, f"sum(f) = {total}"))]


def range_fact(entry: ManyInputActivation, shift: str) -> Fact:
    """The range of a component, from its values on a line; two inputs, where only their difference counts, need one."""
    for rest in (x, S.One, S.Zero):
        z = [x] + [rest] * (entry.sizes[0] - 1)
        low, high = Analysis.of(entry.of(z)[0]).extremes
        if (low.value, high.value) == (-oo, oo):
            return Fact("range", sp.S.Reals, "exact", proof("line", line=tuple(z), value="(-oo, oo)"))
    interval = sp.Interval(low.value, high.value, low.at is S.EmptySet, high.at is S.EmptySet)
    exact = shift == "invariant" and low.exact and high.exact
    return Fact("range", interval, "exact" if exact else "numerical", proof("line", line=tuple(z), value=interval))


# --- Jacobian --------------------------------------------------------------------------------------------------------


def _in_softmax(expr: Expr, region: Region) -> Expr:
    """The expression with pᵢ = exp(zᵢ)/Σ exp(zⱼ), where adding a constant to every z changes nothing."""
    if not expr.has(sp.exp) or any(region.along_ones):
        return expr
    p = _p(len(region.z))
    scaled = expr.subs({sp.exp(z): q for z, q in zip(region.z, p, strict=True)})
    return scaled.subs(sum(p), 1)


def _jacobian_fact(v: Vector) -> Fact:
    region = v.first
    shown = sp.ImmutableMatrix(region.jacobian.applyfunc(lambda e: _in_softmax(e, region)))
    return Fact(f"jacobian_{v.size}", shown, "exact", proof("jacobian", point=region.point))


def _softmax_fact(v: Vector) -> list[Fact]:
    """What p stands for, where the Jacobian is written with it."""
    region = v.first
    if not any(_in_softmax(e, region).has(*_p(v.size)) for e in region.jacobian):
        return []
    return [Fact("softmax_of_inputs", CATALOGUE["softmax"].formula.rhs, "exact", proof("given"))]


def _rank_fact(vectors: list[Vector]) -> Fact:
    ranks = {v.size: sorted({region.rank for region in v.regions}) for v in vectors}
    value = "; ".join(f"n = {size}: {', '.join(map(str, found))}" for size, found in ranks.items())
    certain = all(region.rank_is_certain for region in _regions(vectors))
    return Fact("rank", value, "exact" if certain else "numerical", _checked(vectors, proof("rank")), None)


def _null_space_fact(v: Vector) -> Fact:
    region = v.first
    vectors = region.jacobian.nullspace(simplify=rational)
    if not all(rational(e) == 0 for vector in vectors for e in region.jacobian * vector):
        raise ArithmeticError(f"{v.entry.name}: a vector of the null space is not mapped to 0")
    value = sp.Tuple(*(sp.ImmutableMatrix(vector.T) for vector in vectors))
    return Fact("null_space", value, "exact", _checked([v], "J*v = 0"))


def _sums_facts(v: Vector) -> list[Fact]:
    """Row and column sums of J, where they are constants or simple in the softmax of the inputs."""
    region = v.first
    facts = []
    for key, matrix in (("row_sums", region.jacobian), ("column_sums", region.jacobian.T)):
        sums = (matrix * sp.ones(matrix.cols, 1)).applyfunc(lambda e: _in_softmax(rational(e), region))
        if sums.free_symbols.isdisjoint(region.z):
            facts.append(Fact(key, sp.ImmutableMatrix(sums.T), "exact", _checked([v], "J*1 and J.T*1")))
    return facts


def _regions_fact(v: Vector) -> list[Fact]:
    """A point of the region whose Jacobian is shown, where there are several regions."""
    if len(v.regions) == 1:
        return []
    return [Fact("region", sp.Tuple(*v.first.point), "exact", proof("region", count=len(v.regions)))]


def _symmetry_fact(vectors: list[Vector]) -> list[Fact]:
    if any(region.jacobian.rows != region.jacobian.cols for region in _regions(vectors)):
        return []
    value = all(_is_symmetric(region.jacobian) for region in _regions(vectors))
    return [Fact("symmetric", value, "exact", _checked(vectors, "J - J.T"))]


def _is_symmetric(jacobian: Matrix) -> bool:
    return jacobian.shape[0] == jacobian.shape[1] and not any((jacobian - jacobian.T).applyfunc(rational))


def bound_facts(vectors: list[Vector], shift: str) -> list[Fact]:
    """Bounds for two inputs: of the entries of J, and of its norm, whose square is tr(JᵀJ) where the rank is 1."""
    two = vectors[0]
    if two.size != 2 or any(region.rank > 1 for region in two.regions):
        return []
    entries = _on_line(two, (e for region in two.regions for e in region.jacobian))
    norms = _on_line(two, (rational((r.jacobian.T * r.jacobian).trace()) for r in two.regions))
    entry_range = sp.Union(*(_interval(low, high) for low, high in entries))
    largest = max((high.value for _, high in norms), key=lambda value: value.evalf(30))
    covered = shift == "invariant" or not any(r.jacobian.free_symbols for r in two.regions)
    ranked = all(region.rank_is_certain for region in two.regions)
    how = [proof("norm", line=_line(two)), *(proof("gershgorin") for v in vectors[1:2] if _has_gershgorin_bound(v))]
    return [
        set_fact("slope_range", entry_range, covered or entry_range == S.Reals, proof("line_entries")),
        number_fact("lipschitz_norm", sp.sqrt(largest), largest == oo or covered and ranked, "; ".join(how)),
    ]


def _line(v: Vector) -> dict:
    """Through (t, 0) where only the difference of two inputs counts, else through (t, 1)."""
    return {v.z[0]: x, v.z[1]: S.One if any(v.first.along_ones) else S.Zero}


def _on_line(v: Vector, exprs: Iterable[Expr]) -> list[tuple[Extreme, Extreme]]:
    return [Analysis.of(sp.sympify(expr).subs(_line(v))).extremes for expr in exprs]


def _interval(low: Extreme, high: Extreme) -> sp.Set:
    return sp.Interval(low.value, high.value, low.at is S.EmptySet, high.at is S.EmptySet)


def _has_gershgorin_bound(v: Vector) -> bool:
    """Whether J is symmetric with row sums 0 and negative entries off its diagonal, which are pᵢ(1 − pᵢ) and −pᵢpⱼ."""
    region = v.first
    if any(region.along_ones) or not _is_symmetric(region.jacobian):
        return False
    p = _p(v.size)
    softmax = sp.diag(*p) - Matrix(p) * Matrix(p).T
    shown = region.jacobian.applyfunc(lambda e: _in_softmax(e, region))
    last = {p[-1]: 1 - sum(p[:-1])}
    return not any((shown - softmax).subs(last).applyfunc(sp.expand))
