r"""How large the first weights should be: moments of sums, of rectifiers, and of what a library draws.

Derivations are checked whenever they are called. Expectations of polynomials in independent weights are taken monomial
by monomial, so that nothing but the moments enters.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import sympy as sp
from sympy import Abs, Eq, Rational, exp, pi, sqrt

from ..catalogue import x
from .derivation import Derivation

__all__ = [
    "alpha",
    "c",
    "default_bound",
    "default_fixed_point",
    "density_growth",
    "expected",
    "factor_square",
    "he_variance",
    "hermite",
    "mehler",
    "n",
    "normal_mean",
    "rectifier_square",
    "reflection",
    "relu_edge",
    "sigma",
    "square_of_sum",
    "sum_square",
]

n, v, q = sp.symbols("n v q", positive=True)
alpha = sp.Symbol("alpha", real=True)
c = sp.Symbol("c", real=True)
sigma = sp.Symbol("sigma", positive=True)

_FAN_IN = {1: sp.Symbol("v_w", positive=True), 2: sp.Symbol("v_b", positive=True)}


# --- one layer --------------------------------------------------------------------------------------------------------


def _layer(size: int) -> tuple[sp.Expr, tuple[sp.Symbol, ...], tuple[sp.Symbol, ...], sp.Symbol]:
    weights, inputs = sp.symbols(f"w1:{size + 1}", real=True), sp.symbols(f"a1:{size + 1}", real=True)
    bias = sp.Symbol("b", real=True)
    return sum((w * a for w, a in zip(weights, inputs, strict=True)), bias), weights, inputs, bias


def square_of_sum(size: int = 2) -> Derivation:
    """The square of a weighted sum of ``size`` inputs and a bias, multiplied out."""
    total, *_ = _layer(size)
    return Derivation(total**2).then(sp.expand(total**2), because="multiply out")


def expected(polynomial: sp.Expr, moments: Mapping[sp.Symbol, tuple[sp.Expr, ...]]) -> sp.Expr:
    """The mean of a polynomial in independent random symbols; ``moments[s]`` are E s, E s², … as far as needed.

    >>> w = sp.Symbol("w")
    >>> expected(w**2 + 3 * w + 1, {w: (0, v)})
    v + 1
    """
    terms = sp.Poly(polynomial, *moments).terms()
    means = [[1, *moments[symbol]] for symbol in moments]
    return sp.expand(sum(k * sp.prod(m[p] for m, p in zip(means, powers, strict=True)) for powers, k in terms))


def sum_square(size: int = 2) -> tuple[sp.Expr, sp.Expr]:
    """E z² of a sum with independent weights (mean 0, variance v_w) and bias (v_b), and beside it v_w Σa² + v_b.

    >>> sum_square(2)[0]
    a1**2*v_w + a2**2*v_w + v_b
    """
    total, weights, inputs, bias = _layer(size)
    v_w, v_b = _FAN_IN.values()
    moments = {**dict.fromkeys(weights, (0, v_w)), bias: (0, v_b)}
    return expected(sp.expand(total**2), moments), sp.expand(v_w * sum(a**2 for a in inputs) + v_b)


# --- rectifiers -------------------------------------------------------------------------------------------------------


def rectifier_square() -> Derivation:
    r"""For f(z) = z where z > 0 and αz elsewhere: f(z)² + f(−z)² = (1 + α²) z².

    The rectifier is written as ½(1 + α) z + ½(1 − α) |z|.
    """
    f = sp.Function("f", real=True)
    written = (1 + alpha) * x / 2 + (1 - alpha) * Abs(x) / 2
    return (
        Derivation(f(x) ** 2 + f(-x) ** 2, where={f: sp.Lambda(x, written)})
        .then(
            (1 + alpha) ** 2 * x**2 / 2 + (1 - alpha) ** 2 * x**2 / 2,
            because=r"$f(x) = \tfrac{1 + \alpha}{2} x + \tfrac{1 - \alpha}{2} |x|$; mixed products cancel",
        )
        .then((1 + alpha**2) * x**2, because="collect")
    )


def he_variance() -> Derivation:
    r"""The variance of the weights that keeps the mean square: n v (1 + α²)/2 = 1, solved for v."""
    return Derivation(Eq(n * v * (1 + alpha**2) / 2, 1, evaluate=False)).solve_for(v)


@lru_cache(maxsize=64)
def normal_mean(integrand: sp.Expr, positive: bool = False) -> sp.Expr:
    r"""The mean of an expression in x for x ~ N(0, σ²), over all reals or, if ``positive``, over x > 0 alone.

    .. math:: \int g(x)\, \frac{e^{-x^2/2\sigma^2}}{\sigma\sqrt{2\pi}}\, dx

    >>> normal_mean(x**2, positive=True)
    sigma**2/2
    """
    density = exp(-(x**2) / (2 * sigma**2)) / (sigma * sqrt(2 * pi))
    return sp.simplify(sp.integrate(integrand * density, (x, 0 if positive else -sp.oo, sp.oo)))


# --- what the library draws -------------------------------------------------------------------------------------------


def default_bound() -> Derivation:
    r"""``kaiming_uniform_`` with a = √5: bound √3 g/√n with g² = 2/(1 + a²), and variance bound²/3."""
    a, bound = sp.symbols("a B", positive=True)
    return (
        Derivation(Eq(v, bound**2 / 3, evaluate=False))
        .substitute({bound: sqrt(2 / (1 + a**2)) * sqrt(3 / n)}, because="gain times $\\sqrt{3/n}$")
        .substitute({a: sqrt(5)}, because="the default puts $a = \\sqrt 5$")
    )


def default_fixed_point() -> Derivation:
    r"""With the default, the distance of the mean square from 2/(5n) falls to a sixth in each ReLU layer."""
    after, u = sp.symbols("q_+ u", positive=True)
    there = 2 / (5 * n)
    return (
        Derivation(Eq(after, n * v * q / 2 + u, evaluate=False))
        .substitute({v: 1 / (3 * n), u: 1 / (3 * n)}, because="weights and biases of variance $1/(3n)$")
        .both_sides(lambda side: side - there, because="take away $2/(5n)$")
        .then(sp.Mul(Rational(1, 6), q - there, evaluate=False), because="a sixth of the distance before")
    )


# --- spread -----------------------------------------------------------------------------------------------------------


def factor_square() -> Derivation:
    r"""E R² for R = (2/n) Σ relu(g_i)², g_i independent standard normal: n squares with E relu⁴, n(n − 1) products."""
    fourth = normal_mean(x**4, positive=True).subs(sigma, 1)
    second = normal_mean(x**2, positive=True).subs(sigma, 1)
    return Derivation(4 / n**2 * (n * fourth + n * (n - 1) * second**2)).then(1 + 5 / n, because="collect")


# --- maps -------------------------------------------------------------------------------------------------------------


def density_growth() -> Derivation:
    r"""How the normal density p changes with its variance q: what a change of length does to any mean."""
    p = sp.Function("p", real=True)
    density = exp(-(x**2) / (2 * q)) / sqrt(2 * pi * q)
    return (
        Derivation(Eq(p(q), density, evaluate=False), where={p: sp.Lambda(q, density)})
        .differentiate(q)
        .then(p(q) * x**2 / (2 * q**2) - p(q) / (2 * q), because="the product rule, and the density again")
        .then(p(q) * (x**2 / q - 1) / (2 * q), because="collect")
    )


@lru_cache(maxsize=32)
def hermite(degree: int) -> sp.Expr:
    r"""The normalised Hermite polynomial, :math:`h_k(x) = \mathrm{He}_k(x)/\sqrt{k!}`.

    >>> hermite(2)
    sqrt(2)*x**2/2 - sqrt(2)/2
    """
    physicists = sp.hermite(degree, x / sqrt(2)) / sqrt(2) ** degree
    return sp.expand(physicists / sqrt(sp.factorial(degree)))


def mehler(j: int, k: int) -> sp.Expr:
    r"""E h_j(X) h_k(Y) for standard normal X, Y with correlation c: :math:`c^k` where j = k, else 0.

    Y is written as cX + √(1 − c²) Z, with Z independent of X.

    >>> mehler(2, 2), mehler(1, 3)
    (c**2, 0)
    """
    z, s = sp.symbols("z s", real=True)
    moments = {x: _MOMENTS, z: _MOMENTS}
    mean = expected(sp.expand(hermite(j) * hermite(k).subs(x, c * x + s * z)), moments)
    return sp.expand(sp.expand(mean).subs(s, sqrt(1 - c**2)))


_MOMENTS = tuple(sp.factorial2(p - 1) if p % 2 == 0 else sp.S.Zero for p in range(1, 17))


def relu_edge() -> Derivation:
    r"""ReLU's edge of chaos: χ = σ_w²/2 = 1 leaves q = σ_w² q/2 + σ_b² with σ_b² = 0."""
    w, b = sp.symbols("v_w v_b", nonnegative=True)
    return (
        Derivation(Eq(q, w * q / 2 + b, evaluate=False))
        .both_sides(lambda side: side - w * q / 2, because="the part of the weights to the left")
        .substitute({w: sp.Integer(2)}, because="$\\chi = \\sigma_w^2/2 = 1$")
    )


def reflection(size: int) -> sp.Matrix:
    """QᵀQ for the reflection Q = I − 2uuᵀ/uᵀu in a general direction u: the identity matrix.

    Every orthogonal matrix is a product of reflections.

    >>> reflection(2)
    Matrix([
    [1, 0],
    [0, 1]])
    """
    u = sp.Matrix(sp.symbols(f"u1:{size + 1}", positive=True))
    q = sp.eye(size) - 2 * u * u.T / (u.T * u)[0]
    return (q.T * q).applyfunc(sp.simplify)
