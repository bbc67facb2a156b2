r"""What follows when one matrix is applied again and again, and when many independent ones are.

Each function in lower case that takes no number returns a :class:`Derivation`, checked whenever it is called.
"""

from __future__ import annotations

import sympy as sp
from sympy import Derivative, Eq, Integral, Matrix, Rational, cosh, digamma, exp, gamma, log, sinh, sqrt, tanh

from ..catalogue import get
from .derivation import Derivation

__all__ = [
    "TRIANGULAR",
    "chain",
    "fixed_point_slope",
    "growth_rate",
    "half_life",
    "jacobian",
    "log_mean",
    "log_variance",
    "mean_square",
    "moments",
    "relu_growth_rate",
    "shortening",
    "stretch",
    "triangular_powers",
    "uniform_powers",
]

TRIANGULAR = Matrix([[Rational(1, 2), 2], [0, Rational(1, 2)]])
"""Both eigenvalues are ½, and yet it more than doubles some vectors."""

_a, _c, _w, _z, _x = sp.symbols("a c w z x", positive=True)
_n, _k = sp.symbols("n k", integer=True, positive=True)
_s = sp.Symbol("s", nonnegative=True)
_b = sp.Symbol("b", real=True)
_moment, _psi = sp.Function("M", positive=True), sp.Function("psi", real=True)
_moments_value = 2**_s * gamma(_s + sp.sympify(_k) / 2) / gamma(sp.sympify(_k) / 2)


# --- the chain through time ------------------------------------------------------------------------------------------


def chain() -> Derivation:
    """Two steps of one tanh unit: each step brings the weight once, and one slope."""
    h0, w, u1, u2 = sp.symbols("h0 w u1 u2", real=True)
    first, second = sp.Function("h1", real=True), sp.Function("h2", real=True)
    inner = tanh(w * h0 + u1)
    meaning = {first: sp.Lambda(h0, inner), second: sp.Lambda(h0, tanh(w * inner + u2))}
    return Derivation(Derivative(second(h0), h0), where=meaning).then(
        (1 - second(h0) ** 2) * w * (1 - first(h0) ** 2) * w, because="the chain rule, twice; $\\tanh' = 1 - \\tanh^2$"
    )


def jacobian(size: int = 2) -> Derivation:
    r"""The Jacobian of one step of ``size`` tanh units, :math:`\partial h_t / \partial h_{t-1} = D\,W`."""
    h, u = sp.symbols(f"h1:{size + 1}", real=True), sp.symbols(f"u1:{size + 1}", real=True)
    W = Matrix(size, size, lambda i, j: sp.Symbol(f"w{i + 1}{j + 1}", real=True))
    state = (W * Matrix(h) + Matrix(u)).applyfunc(tanh)
    slopes = sp.diag(*(1 - value**2 for value in state))
    start = Matrix(size, size, lambda i, j: Derivative(state[i], h[j]))
    return Derivation(start).then(slopes * W, because="row i is the slope of unit i times row i of W")


def shortening() -> Derivation:
    """What a slope d takes from a squared length: a product of three factors that are not negative while |d| ≤ 1."""
    d, x = sp.symbols("d x", real=True)
    return Derivation(x**2 - (d * x) ** 2).then((1 - d) * (1 + d) * x**2, because="a difference of two squares")


def fixed_point_slope() -> Derivation:
    r"""The slope of :math:`h \mapsto \tanh(wh)` where it keeps a state :math:`h = \tanh z`, with :math:`z = wh`."""
    w = _z / tanh(_z)
    return (
        Derivation(w * (1 - tanh(_z) ** 2))
        .then(_z / (sinh(_z) * cosh(_z)), because="$1 - \\tanh^2 = 1/\\cosh^2$")
        .then(2 * _z / sinh(2 * _z), because="$2 \\sinh z \\cosh z = \\sinh 2z$")
    )


# --- powers of one matrix --------------------------------------------------------------------------------------------


def triangular_powers() -> Derivation:
    """One more factor turns the formula for the n-th power into that for the next one."""
    power = _triangular_power(_n)
    return Derivation(Matrix([[_a, _c], [0, _a]]) * power).then(
        _triangular_power(_n + 1), because="multiply, and collect $a^n$"
    )


def _triangular_power(n: sp.Expr) -> Matrix:
    return Matrix([[_a**n, n * _c * _a ** (n - 1)], [0, _a**n]])


def uniform_powers() -> Derivation:
    """The powers of the 2 × 2 matrix whose entries are all a: one more factor doubles a more."""
    ones = sp.ones(2, 2)
    return Derivation((_a * ones) * (2 ** (_n - 1) * _a**_n * ones)).then(
        2**_n * _a ** (_n + 1) * ones, because="each entry is a sum of two equal products"
    )


def stretch(matrix: Matrix) -> sp.Expr:
    r"""The largest singular value, exactly: the root of the largest eigenvalue of :math:`W^\top W`.

    >>> stretch(TRIANGULAR)
    1 + sqrt(5)/2
    """
    largest = max((matrix.T * matrix).eigenvals(), key=lambda value: sp.N(value))
    return sp.sqrtdenest(sqrt(largest))


# --- products of independent Gaussian matrices -----------------------------------------------------------------------


def moments() -> Derivation:
    r"""The moments :math:`\mathrm E\,X^s` of a sum X of k squared standard normal numbers."""
    half = sp.sympify(_k) / 2
    density = _x ** (half - 1) * exp(-_x / 2) / (2**half * gamma(half))
    return Derivation(Eq(_moment(_s), Integral(_x**_s * density, (_x, 0, sp.oo)), evaluate=False)).then(
        _moments_value, because="Euler's integral for the gamma function"
    )


def log_mean() -> Derivation:
    r"""The mean logarithm of such a sum: the slope of its moments at 0."""
    half = sp.sympify(_k) / 2
    meaning = {_moment: sp.Lambda(_s, _moments_value), _psi: sp.Lambda(_z, digamma(_z))}
    slope = _moment(_s) * (log(2) + _psi(half + _s))
    return (
        Derivation(Eq(Derivative(_moment(_s), _s), slope, evaluate=False), where=meaning)
        .substitute({_s: sp.Integer(0)})
        .then(log(2) + _psi(half), because="$M(0) = 1$")
    )


def log_variance(count: int) -> sp.Expr:
    r"""The variance of the logarithm of a :math:`\chi^2` of ``count`` squares, :math:`\psi'(k/2)`.

    >>> log_variance(2)
    pi**2/6
    """
    return sp.polygamma(1, Rational(count, 2))


def growth_rate(width: int, variance: sp.Expr) -> sp.Expr:
    r"""The mean growth of :math:`\log \lVert x \rVert` in one step by an independent Gaussian matrix.

    .. math:: \lambda = \tfrac12 \left(\log 2v + \psi(n/2)\right)

    >>> growth_rate(4, 1).evalf(4)
    0.5580
    """
    return (log(2 * sp.sympify(variance)) + digamma(Rational(width, 2))) / 2


def relu_growth_rate(width: int, variance: sp.Expr) -> sp.Expr:
    r"""The same for a ReLU layer, over the number k of units that are on, given that one is at least.

    .. math:: \lambda = \tfrac12 \Bigl(\log 2v
        + \frac{1}{2^n - 1} \sum_{k=1}^{n} \binom nk\, \psi(k/2) \Bigr)

    >>> relu_growth_rate(64, sp.Rational(2, 64)).evalf(4)
    -0.02005
    """
    total = sum(sp.binomial(width, k) * digamma(Rational(k, 2)).evalf(40) for k in range(1, width + 1))
    return (log(2 * sp.sympify(variance)) + total / (2**width - 1)) / 2


def mean_square() -> Derivation:
    r"""The mean of a :math:`\chi^2_k` is k, so that variance 1/n keeps the mean square."""
    return (
        Derivation(Eq(_moment(_s), _moments_value, evaluate=False), where={_moment: sp.Lambda(_s, _moments_value)})
        .substitute({_s: sp.Integer(1)})
        .then(_k, because="$\\Gamma(z + 1) = z\\,\\Gamma(z)$")
    )


# --- the forget gate -------------------------------------------------------------------------------------------------


def half_life() -> Derivation:
    r"""After how many steps a product of forget gates :math:`\sigma(b)` has fallen to one half."""
    gate = get("sigmoid").at().subs(sp.Symbol("x", real=True), _b)
    steps = sp.Symbol("k", positive=True)
    return (
        Derivation(Eq(gate**steps, Rational(1, 2), evaluate=False))
        .both_sides(log, because="take logarithms")
        .then(
            Eq(-steps * log(1 + exp(-_b)), -log(2), evaluate=False), because="$\\log \\sigma(b) = -\\log(1 + e^{-b})$"
        )
        .solve_for(steps)
        .then(log(2) / log(1 + exp(-_b)), because="take $e^b$ out of the logarithm")
    )
