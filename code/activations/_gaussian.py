r"""Moments of an activation under a normal input, exact where a closed form is known, else to 20 digits.

Exact moments rest on three integrals, with :math:`X \sim N(0, s)`:

* :math:`\mathrm E[X^k e^{cX + dX^2}]` over an interval, by completing the square and integrating by parts;
* the same with sines and cosines, as exponentials of imaginary argument, on the whole line;
* :math:`J_s(k, m) = \mathrm E[X^k \Phi(X)^m]`, by Stein's lemma
  :math:`\mathrm E[X g(X)] = s\,\mathrm E[g'(X)]` with :math:`g = X^{k-1}\Phi^m`:

.. math::
    J_s(k, m) = s (k - 1) J_s(k - 2, m) + \frac{s m}{\sqrt{2\pi(1 + s)}} J_{s/(1 + s)}(k - 1, m - 1).

The same lemma gives the nonlinearity meter. The affine function nearest to f in mean square has the slope
:math:`\mathrm E[X f(X)]/\sigma^2 = \mathrm E f'(X)`, so it carries the share
:math:`(\mathrm E f')^2 \sigma^2 / \operatorname{Var} f` of the variance of f.
:math:`\mathrm E[X f(X)]` is used, because it counts a jump of f as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from types import MappingProxyType

import mpmath
import sympy as sp
from sympy import Expr, Rational, S, erfc, exp, oo, pi, sqrt

from ._calculus import Analysis
from ._pieces import Curve, Piece
from ._proofs import proof
from ._sheet import Fact, number_fact
from ._signs import mp_number, sign_of
from ._symbolise import plainest
from .catalogue import x

DEVIATIONS = MappingProxyType({"0.1": Rational(1, 10), "1": S.One, "10": sp.Integer(10)})
"""Standard deviations of the input at which the meter is read, under the names of the facts."""

DIGITS = 20
"""Digits claimed for a moment at most; two quadrature rules agree to as many."""

_WORKING = 32
_LEAST_DIGITS = 8
_RULES = (4, 5, 6, 7)
_EDGES = tuple(map(Rational, (2, 5, 10, 20, 40)))
_EDGES_IN_DEVIATIONS = tuple(map(Rational, ("1.5", 3, 5, 8, "12.5")))


class _Phi(sp.Function):
    """The normal distribution function, as a name that algebra leaves alone."""


@dataclass(frozen=True)
class Moment:
    """An expectation: exact, or known to ``digits`` digits, and how."""

    value: Expr
    how: str
    digits: int | None = None

    @property
    def exact(self) -> bool:
        return self.digits is None


# --- closed forms ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Term:
    """xᵏ · exp(exponent) · Φ(scale·x)ᵐ, the exponent a polynomial of degree two at most."""

    power: int = 0
    exponent: Expr = S.Zero
    scale: Expr = S.One
    order: int = 0


def exact_mean(f: Curve, variance: Expr) -> Expr | None:
    """E f(X) for X ~ N(0, variance) in closed form, or ``None`` when f is none of the kinds that are known.

    >>> exact_mean(Curve(x, (Piece(S.Zero, -oo, S.Zero), Piece(x, S.Zero, oo))), S.One)
    sqrt(2)/(2*sqrt(pi))
    """
    means = []
    for piece in f.pieces:
        # A constant factor stays outside, however long it is.
        constant, varying = piece.expr.as_independent(x, as_Add=False)
        for part in sp.Add.make_args(_expanded(varying)):
            mean = _mean_of_part(part, piece, variance)
            if mean is None:
                return None
            means.append(constant * mean)
    total = sum(means, S.Zero)
    return plainest(sp.expand(total) if total.has(sp.I) else total)


def _expanded(expr: Expr) -> Expr:
    if expr.has(sp.sin, sp.cos):
        expr = expr.rewrite((sp.sin, sp.cos), exp)
    expr = expr.replace(sp.erf, lambda z: 2 * _Phi(sqrt(2) * z) - 1)
    return sp.expand(expr.replace(erfc, lambda z: 2 - 2 * _Phi(sqrt(2) * z)))


def _mean_of_part(part: Expr, piece: Piece, variance: Expr) -> Expr | None:
    if part == 0:
        return S.Zero
    coefficient, varying = part.as_independent(x, as_Add=False)
    term = _as_term(varying)
    whole = piece.left == -oo and piece.right == oo
    if term is None or not (whole or term.order == 0 and not term.exponent.has(sp.I)):
        return None
    linear, quadratic = term.exponent.coeff(x, 1), term.exponent.coeff(x, 2)
    narrowing = 1 - 2 * quadratic * variance
    if not narrowing.is_positive or (term.order and (linear != 0 or term.order > 2)):
        return None
    constant = coefficient * exp(term.exponent.coeff(x, 0)) / sqrt(narrowing)
    narrowed = variance / narrowing
    if term.order:
        return constant * term.scale**-term.power * phi_moment(term.power, term.order, narrowed * term.scale**2)
    return constant * _shifted_moment(term.power, linear, piece, narrowed)


def _as_term(varying: Expr) -> _Term | None:
    term = _Term()
    for factor in sp.Mul.make_args(varying):
        term = _with_factor(term, factor)
        if term is None:
            return None
    return term


def _with_factor(term: _Term, factor: Expr) -> _Term | None:
    if isinstance(factor, exp):
        exponent = sp.expand(factor.args[0])
        if exponent.is_polynomial(x) and sp.degree(exponent, x) <= 2:
            return replace(term, exponent=term.exponent + exponent)
        return None
    base, power = factor.as_base_exp()
    if not (power.is_Integer and power >= 0):
        return None
    if base == x:
        return replace(term, power=int(power))
    if isinstance(base, _Phi) and not term.order and not (scale := sp.cancel(base.args[0] / x)).has(x):
        return replace(term, scale=scale, order=int(power))
    return term if factor == 1 else None


@lru_cache(maxsize=1024)
def phi_moment(k: int, m: int, s: Expr) -> Expr:
    r"""The moment :math:`J_s(k, m) = \mathrm E[X^k \Phi(X)^m]` for X ~ N(0, s), with m at most 2.

    >>> phi_moment(1, 1, S.One)
    1/(2*sqrt(pi))
    """
    if m == 0:
        return S.Zero if k % 2 else s ** (k // 2) * sp.factorial2(k - 1)
    if k == 0:
        return Rational(1, 2) if m == 1 else Rational(1, 4) + sp.asin(s / (1 + s)) / (2 * pi)
    by_parts = s * m / sqrt(2 * pi * (1 + s)) * phi_moment(k - 1, m - 1, s / (1 + s))
    return by_parts + (s * (k - 1) * phi_moment(k - 2, m, s) if k > 1 else 0)


def _shifted_moment(k: int, c: Expr, piece: Piece, s: Expr) -> Expr:
    """E[Xᵏ exp(cX)] over the piece for X ~ N(0, s): exp(cX) shifts the mean to c·s."""
    a, b = ((end - c * s) / sqrt(s) if end.is_finite else end for end in (piece.left, piece.right))
    terms = (sp.binomial(k, j) * (c * s) ** (k - j) * sqrt(s) ** j * _truncated_moment(j, a, b) for j in range(k + 1))
    return exp(c**2 * s / 2) * sum(terms)


def _truncated_moment(k: int, a: Expr, b: Expr) -> Expr:
    """E[Zᵏ] over a < Z < b for Z ~ N(0, 1), by parts."""
    if k == 0:
        return (erfc(-b / sqrt(2)) - erfc(-a / sqrt(2))) / 2
    edges = _edge(k - 1, a) - _edge(k - 1, b)
    return edges + ((k - 1) * _truncated_moment(k - 2, a, b) if k > 1 else 0)


def _edge(k: int, end: Expr) -> Expr:
    return end**k * exp(-(end**2) / 2) / sqrt(2 * pi) if end.is_finite else S.Zero


# --- quadrature ------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=8)
def _rule(degree: int) -> list[tuple[mpmath.mpf, mpmath.mpf]]:
    """Nodes and weights of Gauss and Legendre on (−1, 1), 3·2^(degree − 1) of them."""
    return mpmath.calculus.quadrature.GaussLegendre(mpmath.mp).calc_nodes(degree, mpmath.mp.prec)


def _panels(breaks: tuple[Expr, ...], sigma: Expr) -> list[mpmath.mpf]:
    """Edges between which both the function and the density are smooth and vary little."""
    reach = sigma * _EDGES_IN_DEVIATIONS[-1]
    half = [*_EDGES, *(sigma * edge for edge in _EDGES_IN_DEVIATIONS)]
    edges = {S.Zero, *half, *(-edge for edge in half), *breaks}
    return sorted(mp_number(edge) for edge in edges if abs(edge) <= reach)


@lru_cache(maxsize=32)
def _weighted_nodes(breaks: tuple[Expr, ...], sigma: Expr, degree: int) -> list[tuple[mpmath.mpf, mpmath.mpf]]:
    edges, scale = _panels(breaks, sigma), mp_number(sigma)
    nodes = []
    for a, b in zip(edges, edges[1:], strict=False):
        middle, half = (a + b) / 2, (b - a) / 2
        nodes += [(middle + half * t, half * w) for t, w in _rule(degree)]
    return [(t, w * mpmath.npdf(t, 0, scale)) for t, w in nodes]


@dataclass(frozen=True)
class Quadrature:
    """Expectations of functions of X and f(X) for X ~ N(0, σ²); f is evaluated once a node."""

    f: Curve
    sigma: Expr

    def mean(self, of: Callable[[mpmath.mpf, mpmath.mpf], mpmath.mpf]) -> Moment:
        """E of(X, f(X)), to as many digits as two rules agree to, twenty at most; ``nan`` where the tails are heavy."""
        with mpmath.workdps(_WORKING):
            if self._tail(of) > mpmath.mpf(10) ** -DIGITS:
                return Moment(sp.nan, proof("unsettled"), 0)
            previous = self._sum(0, of)
            for i in range(1, len(_RULES)):
                value = self._sum(i, of)
                digits = _agreement(previous, value)
                if digits >= DIGITS:
                    break
                previous = value
        if digits < _LEAST_DIGITS:
            return Moment(sp.nan, proof("unsettled"), 0)
        digits = min(digits, DIGITS)
        return Moment(sp.Float(value, digits + 5), proof("quadrature", digits=digits), digits)

    def _tail(self, of) -> mpmath.mpf:
        """The integrand where the quadrature stops."""
        ends = (mp_number(sign * self.sigma * _EDGES_IN_DEVIATIONS[-1]) for sign in (-1, 1))
        density = mpmath.npdf(mp_number(_EDGES_IN_DEVIATIONS[-1]))
        return max(abs(of(end, self.f.numeric(end))) * density for end in ends)

    def _sum(self, rule: int, of) -> mpmath.mpf:
        return mpmath.fsum(weight * of(point, value) for point, weight, value in self._samples[rule]())

    @cached_property
    def _samples(self) -> list[Callable]:
        return [lru_cache(partial(self._evaluate, degree)) for degree in _RULES]

    def _evaluate(self, degree: int) -> list[tuple]:
        return [(point, w, self.f.numeric(point)) for point, w in _weighted_nodes(self.f.breaks, self.sigma, degree)]


def _agreement(a: mpmath.mpf, b: mpmath.mpf) -> int:
    gap = abs(a - b) / max(abs(b), mpmath.mpf(10) ** -DIGITS)
    return DIGITS if gap == 0 else max(0, int(-mpmath.log10(gap)))


# --- moments of an activation ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Gaussian:
    """The moments of one activation under N(0, σ²)."""

    a: Analysis
    sigma: Expr

    @cached_property
    def _by_quadrature(self) -> Quadrature:
        return Quadrature(self.a.f, self.sigma)

    @cached_property
    def mean(self) -> Moment:
        """E f, which is c/2 when f(x) + f(−x) = c."""
        total = self.a.symmetry.constant
        if total is not None:
            return Moment(total / 2, proof("odd_mean", value=total, half=total / 2))
        return self._moment(self.a.f, lambda point, value: value)

    @cached_property
    def second(self) -> Moment:
        """E f²."""
        return self._moment(_mapped(self.a.f, lambda expr: expr**2), lambda point, value: value**2)

    @cached_property
    def cross(self) -> Moment:
        """E[X f(X)], which is rσ²/2 when f(x) − f(−x) = rx."""
        rate = self.a.symmetry.rate
        if rate is not None:
            half = rate * self.sigma**2 / 2
            return Moment(half, proof("odd_rate", value=rate, half=half))
        return self._moment(_mapped(self.a.f, lambda expr: x * expr), lambda point, value: point * value)

    @cached_property
    def slope_second(self) -> Moment:
        """E f′², the slope taken almost everywhere."""
        slope = self.a.f.slope
        exact = exact_mean(_mapped(slope, lambda expr: expr**2), self.sigma**2)
        if exact is not None:
            return Moment(exact, proof("gaussian_exact", value=exact))
        return Quadrature(slope, self.sigma).mean(lambda point, value: value**2)

    def _moment(self, integrand: Curve, of: Callable) -> Moment:
        exact = exact_mean(integrand, self.sigma**2)
        if exact is not None:
            return Moment(exact, proof("gaussian_exact", value=exact))
        return self._by_quadrature.mean(of)

    @cached_property
    def affine_share(self) -> Moment | None:
        """The share of Var f that the best affine function carries; ``None`` for a constant function."""
        parts = (self.mean, self.second, self.cross)
        variance = self.second.value - self.mean.value**2
        how = proof("stein", sigma=self.sigma, values=", ".join(str(part.value.evalf(12)) for part in parts))
        if all(part.exact for part in parts):
            if sign_of(variance) == 0:
                return None
            share = self.cross.value**2 / (self.sigma**2 * variance)
            return Moment(share if share.has(erfc) else plainest(share), how)
        if self.cross.value == 0 or variance is S.NaN:
            return Moment(self.cross.value * variance, how, None if variance.is_finite else 0)
        lost = int(sp.ceiling(sp.log(self.second.value / variance, 10).evalf())) + 1
        digits = min(part.digits or DIGITS for part in parts) - lost
        return Moment((self.cross.value**2 / (self.sigma**2 * variance)).evalf(digits + 5), how, digits)


def _mapped(f: Curve, function: Callable[[Expr], Expr]) -> Curve:
    return Curve(function(f.expr), tuple(piece.map(function) for piece in f.pieces))


def moment_facts(a: Analysis) -> list[Fact]:
    """Mean, second moments and gains under N(0, 1), and the nonlinearity meter."""
    g = Gaussian(a, S.One)
    slope_how = proof("jump_slope") if a.f.jumps else g.slope_second.how
    return [
        _fact("mean", g.mean),
        _zero_centred(g.mean),
        _fact("second_moment", g.second),
        _fact("mean_slope", g.cross),
        _fact("slope_second_moment", replace(g.slope_second, how=slope_how)),
        _gain("forward_gain", g.second),
        _gain("backward_gain", g.slope_second),
        *(_share_fact(f"affine_share_{name}", Gaussian(a, sigma)) for name, sigma in DEVIATIONS.items()),
    ]


def forward_gain_fact(a: Analysis) -> Fact:
    """That one of :func:`moment_facts`, without the work for the others."""
    return _gain("forward_gain", Gaussian(a, S.One).second)


def _fact(key: str, moment: Moment) -> Fact:
    return number_fact(key, moment.value, True, moment.how, moment.digits)


def _zero_centred(mean: Moment) -> Fact:
    if mean.value is S.NaN:
        return Fact("zero_centred", "none found", "numerical", mean.how)
    status = "exact" if mean.exact else "numerical"
    return Fact("zero_centred", mean.value == 0, status, proof("zero_mean", value=mean.value), mean.digits)


def _gain(key: str, moment: Moment) -> Fact:
    value = oo if moment.value == 0 else 1 / sqrt(moment.value)
    return _fact(key, replace(moment, value=value, how=proof("gain", value=moment.value)))


def _share_fact(key: str, g: Gaussian) -> Fact:
    share = g.affine_share
    return Fact(key, "undefined", "exact", proof("constant")) if share is None else _fact(key, share)
