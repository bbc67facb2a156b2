r"""What follows from :math:`p_i = e^{z_i} / \sum_j e^{z_j}`, line by line.

Each function returns a :class:`Derivation`, so that it is checked whenever it is called.
A statement for every number of entries is derived in one of two ways: with a sum of :math:`n` terms, or with the part
of the sum that does not depend on the variable collected in one positive symbol :math:`R`.
"""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp
from sympy import Derivative, Eq, Integer, Rational, exp, log

from ..catalogue import get, x
from ._called import called
from .derivation import Derivation
from .sigmoid import sigma

__all__ = [
    "WAIT_CROSS_ENTROPY",
    "WAIT_SQUARED_ERROR",
    "T",
    "a",
    "cross_entropy_curvature",
    "cross_entropy_other",
    "cross_entropy_own",
    "cross_entropy_wait",
    "flattening",
    "from_log_odds",
    "jacobian",
    "largest_minor",
    "largest_out",
    "log_sum_exp_shift",
    "log_sum_exp_slope",
    "other_slope",
    "own_slope",
    "quadratic_form",
    "ratio",
    "score_variance",
    "shift",
    "sigma",
    "sigmoid_cross_entropy",
    "sigmoid_squared_error",
    "squared_error_curvature",
    "squared_error_wait",
    "temperature_slope",
    "times_ones",
    "two_classes",
    "two_classes_turned",
]

T = sp.Symbol("T", positive=True)
"""The temperature."""

a = sp.Symbol("a", positive=True)
"""How far below 0 a logit starts."""

_SOFTMAX = get("softmax")
_SIGMA = {sigma: sp.Lambda(x, get("sigmoid").expr)}
_i, _j, _n = sp.symbols("i j n", integer=True, positive=True)
_z = sp.IndexedBase("z", real=True)
_c = sp.Symbol("c", real=True)
_own, _other = sp.symbols("z_i z_j", real=True)
_rest = sp.Symbol("R", positive=True)


def _probabilities(z: Sequence[sp.Symbol], scores: Sequence[sp.Expr]) -> tuple[sp.Matrix, dict]:
    """The column p₁ … p_K as functions of ``z``, and what they stand for: the softmax of ``scores``."""
    functions = [called(f"p_{{{k}}}", bare=True, positive=True) for k in range(1, len(scores) + 1)]
    meaning = {f: sp.Lambda(tuple(z), entry) for f, entry in zip(functions, _SOFTMAX.of(scores), strict=True)}
    return sp.Matrix([f(*z) for f in functions]), meaning


def _entries(size: int) -> tuple[tuple[sp.Symbol, ...], sp.Matrix, dict]:
    z = _SOFTMAX.inputs(size)
    return z, *_probabilities(z, z)


# --- where it comes from ----------------------------------------------------------------------------------------------


def from_log_odds(size: int = 3) -> Derivation:
    """The last of ``size`` probabilities, when their log-odds against each other are differences of scores."""
    z, p = _SOFTMAX.inputs(size), sp.symbols(f"p1:{size + 1}", positive=True)
    chain = Derivation(Eq(sum(p), 1, evaluate=False))
    for score, one in zip(z[:-1], p[:-1], strict=True):
        chain = chain.use(_against_last(one, p[-1], score, z[-1]), because=f"the odds of ${sp.latex(one)}$")
    factor = f"$e^{{{sp.latex(z[-1])}}}$"
    return chain.solve_for(p[-1]).then(_SOFTMAX.of(z)[-1], because=f"multiply above and below by {factor}")


def _against_last(one: sp.Symbol, last: sp.Symbol, score: sp.Symbol, last_score: sp.Symbol) -> Derivation:
    odds = Eq(log(one / last), score - last_score, evaluate=False)
    return Derivation(odds).both_sides(exp, because="undo the logarithm").solve_for(one)


def two_classes() -> Derivation:
    """With two classes the softmax is the sigmoid of the difference of the scores."""
    z, p, meaning = _entries(2)
    return (
        Derivation(p[0], where={**meaning, **_SIGMA})
        .then(_SOFTMAX.of(z)[0], because="the definition")
        .then(1 / (1 + exp(-(z[0] - z[1]))), because=f"divide above and below by $e^{{{sp.latex(z[0])}}}$")
        .then(sigma(z[0] - z[1]), because="the sigmoid at the difference")
    )


def two_classes_turned() -> Derivation:
    """With the scores −s and 0 the first class has the probability 1/(1 + eˢ)."""
    s = sp.Symbol("s", real=True)
    return (
        Derivation(_SOFTMAX.of([-s, Integer(0)])[0], where=_SIGMA)
        .then(1 / (1 + exp(s)), because="multiply above and below by $e^{s}$")
        .then(sigma(-s), because="the sigmoid at −s")
    )


# --- shifts -----------------------------------------------------------------------------------------------------------


def shift() -> Derivation:
    """A constant added to all n scores leaves every probability as it is."""
    total = sp.Sum(exp(_z[_j]), (_j, 1, _n))
    return (
        Derivation(exp(_z[_i] + _c) / sp.Sum(exp(_z[_j] + _c), (_j, 1, _n)))
        .then(exp(_c) * exp(_z[_i]) / sp.Sum(exp(_c) * exp(_z[_j]), (_j, 1, _n)), because="split the powers")
        .then(exp(_z[_i]) / total, because="$e^c$ comes out, and cancels")
    )


def log_sum_exp_shift() -> Derivation:
    """A constant added to all n scores is added to their log-sum-exp."""
    total = sp.Sum(exp(_z[_j]), (_j, 1, _n))
    return (
        Derivation(log(sp.Sum(exp(_z[_j] + _c), (_j, 1, _n))))
        .then(log(sp.Sum(exp(_c) * exp(_z[_j]), (_j, 1, _n))), because="split the powers")
        .then(_c + log(total), because="$e^c$ comes out, and $c$ of the logarithm")
    )


def largest_out() -> Derivation:
    """The log-sum-exp written with the largest score m taken off first."""
    m = sp.Symbol("m", real=True)
    start = log(sp.Sum(exp(_z[_j]), (_j, 1, _n)))
    return Derivation(start).then(
        m + log(sp.Sum(exp(_z[_j] - m), (_j, 1, _n))), because="add $m$ and take it off, for any $m$"
    )


def log_sum_exp_slope() -> Derivation:
    """The slope of the log-sum-exp in one score is that score's probability."""
    return Derivation(Derivative(log(exp(_own) + _rest), _own)).then(
        exp(_own) / (exp(_own) + _rest), because="the chain rule"
    )


# --- slopes -----------------------------------------------------------------------------------------------------------


def _pair() -> tuple[sp.Expr, sp.Expr, dict]:
    """p_i and p_j as functions of z_j alone: R is all of the sum but its term e^{z_j}."""
    p_i, p_j = called("p_i", bare=True, positive=True), called("p_j", bare=True, positive=True)
    meaning = {
        p_i: sp.Lambda((_own, _other), exp(_own) / (exp(_other) + _rest)),
        p_j: sp.Lambda((_own, _other), exp(_other) / (exp(_other) + _rest)),
    }
    return p_i(_own, _other), p_j(_own, _other), meaning


def _alone() -> tuple[sp.Expr, dict]:
    """p_i as a function of z_i: R is all of the sum but its term e^{z_i}."""
    p_i = called("p_i", bare=True, positive=True)
    return p_i(_own), {p_i: sp.Lambda(_own, exp(_own) / (exp(_own) + _rest))}


def own_slope() -> Derivation:
    """The slope of a probability in its own score."""
    p, meaning = _alone()
    return (
        Derivation(Eq(p, exp(_own) / (exp(_own) + _rest), evaluate=False), where=meaning)
        .differentiate(_own)
        .then(p * (1 - p), because="the first term is $p_i$, the second $p_i^2$")
    )


def other_slope() -> Derivation:
    """The slope of a probability in another score."""
    p_i, p_j, meaning = _pair()
    return (
        Derivation(Eq(p_i, exp(_own) / (exp(_other) + _rest), evaluate=False), where=meaning)
        .differentiate(_other)
        .then(-p_i * p_j, because="one factor is $p_i$, the other $p_j$")
    )


def jacobian(size: int) -> Derivation:
    """All slopes of ``size`` probabilities at once: diag(p) − ppᵀ."""
    z, p, meaning = _entries(size)
    slopes = sp.Matrix(size, size, lambda i, j: Derivative(p[i], z[j]))
    return Derivation(slopes, where=meaning).then(_formula(p), because="own slopes on the diagonal")


def _formula(p: sp.Matrix) -> sp.Matrix:
    return sp.Matrix(len(p), len(p), lambda i, j: p[i] * (1 - p[i]) if i == j else -p[i] * p[j])


def _shares(size: int) -> tuple[sp.Matrix, sp.Eq]:
    """Any positive shares, as symbols, and that they sum to 1."""
    p = sp.Matrix(sp.symbols(f"p1:{size + 1}", positive=True))
    return p, Eq(sum(p), 1, evaluate=False)


def times_ones(size: int) -> Derivation:
    """The Jacobian sends the vector of ones to 0."""
    p, whole = _shares(size)
    return (
        Derivation(_formula(p) * sp.ones(size, 1), given=(whole,))
        .then(p * (1 - sum(p)), because="$p_i$ is in each term of its row")
        .use(whole, because="the shares sum to 1")
    )


def quadratic_form(size: int) -> Derivation:
    """vᵀ(diag(p) − ppᵀ)v, which is the variance of v under the weights p, as a sum over pairs.

    The sum of the weights, which is 1, stands before the first term, so that all terms have the same degree.
    """
    p, _ = _shares(size)
    v = sp.Matrix(sp.symbols(f"v1:{size + 1}", real=True))
    pairs = [(i, j) for i in range(size) for j in range(i + 1, size)]
    return Derivation(sum(p) * p.dot(v.multiply_elementwise(v)) - p.dot(v) ** 2).then(
        sum(p[i] * p[j] * (v[i] - v[j]) ** 2 for i, j in pairs), because="multiply out, and collect the pairs"
    )


def largest_minor(size: int) -> Derivation:
    """The determinant of the Jacobian without its last row and column: the product of all probabilities."""
    p, _ = _shares(size)
    last = Eq(1 - sum(p[:-1]), p[-1], evaluate=False)
    return (
        Derivation(_formula(p)[:-1, :-1].det(method="berkowitz"), given=(last,))
        .then(sp.prod(p[:-1]) * last.lhs, because="factor")
        .use(last, because="the shares sum to 1")
    )


# --- losses -----------------------------------------------------------------------------------------------------------


def cross_entropy_own() -> Derivation:
    """The slope of −log p_i, the loss when class i is right, in the score of that class."""
    p, meaning = _alone()
    return (
        Derivation(Derivative(-log(p), _own), where=meaning)
        .then(-Derivative(p, _own) / p, because="the chain rule")
        .then(p - 1, because="its own slope is $p_i (1 - p_i)$")
    )


def cross_entropy_other() -> Derivation:
    """The slope of −log p_i, the loss when class i is right, in the score of another class."""
    p_i, p_j, meaning = _pair()
    return (
        Derivation(Derivative(-log(p_i), _other), where=meaning)
        .then(-Derivative(p_i, _other) / p_i, because="the chain rule")
        .then(p_j, because="the other slope is $-p_i p_j$")
    )


def _loss(expr: sp.Expr) -> Derivation:
    return Derivation(expr, where=_SIGMA)


_s = sigma(x)
_y = sp.Symbol("y", real=True)


def sigmoid_cross_entropy() -> Derivation:
    """The slope of the cross-entropy of a sigmoid unit in its logit."""
    return (
        _loss(Derivative(-_y * log(_s) - (1 - _y) * log(1 - _s), x))
        .then(-_y * (1 - _s) + (1 - _y) * _s, because="the slope σ(1 − σ) cancels each denominator")
        .then(_s - _y, because="multiply out")
    )


def sigmoid_squared_error() -> Derivation:
    """The slope of half the squared error of a sigmoid unit in its logit."""
    return (
        _loss(Derivative((_s - _y) ** 2 / 2, x))
        .then((_s - _y) * Derivative(_s, x), because="the chain rule")
        .then((_s - _y) * _s * (1 - _s), because="the slope of the sigmoid")
    )


def cross_entropy_curvature() -> Derivation:
    """The second derivative of a sigmoid unit's cross-entropy, target 1: positive everywhere."""
    return (
        _loss(Derivative(-log(_s), x, x))
        .then(Derivative(_s - 1, x), because="the first derivative")
        .then(_s * (1 - _s), because="the slope of the sigmoid")
    )


def squared_error_curvature() -> Derivation:
    """The second derivative of half a sigmoid unit's squared error, target 1: negative where σ < 1/3."""
    return (
        _loss(Derivative((_s - 1) ** 2 / 2, x, x))
        .then(Derivative(-_s * (1 - _s) ** 2, x), because="the first derivative")
        .then(_s * (1 - _s) ** 2 * (3 * _s - 1), because="the product rule")
    )


WAIT_CROSS_ENTROPY = a + 1 - exp(-a)
"""The time from the logit −a to 0 under the cross-entropy: 0 for a = 0, with the slope that the next function shows."""

WAIT_SQUARED_ERROR = exp(a) + 3 * a + Rational(5, 2) - 3 * exp(-a) - exp(-2 * a) / 2
"""The same under half the squared error."""


def cross_entropy_wait() -> Derivation:
    """What one more unit of distance costs a logit that slides down the cross-entropy to the target 1: 1 over speed."""
    return (
        _loss(1 / (1 - sigma(-a)))
        .then(1 + exp(-a), because="the definition of σ")
        .then(Derivative(WAIT_CROSS_ENTROPY, a), because="the slope of this function of $a$")
    )


def squared_error_wait() -> Derivation:
    """The same for half the squared error."""
    return (
        _loss(1 / (sigma(-a) * (1 - sigma(-a)) ** 2))
        .then((1 + exp(-a)) ** 3 * exp(a), because="the definition of σ")
        .then(Derivative(WAIT_SQUARED_ERROR, a), because="the slope of this function of $a$")
    )


# --- temperature, sharpness, size -------------------------------------------------------------------------------------


def ratio(size: int = 3) -> Derivation:
    """The quotient of two probabilities at a temperature: all the others cancel."""
    z = _SOFTMAX.inputs(size)
    p, meaning = _probabilities((*z, T), [score / T for score in z])
    heat = [exp(score / T) for score in z[:2]]
    return (
        Derivation(p[0] / p[1], where=meaning)
        .then(heat[0] / heat[1], because="the same sum stands below both")
        .then(exp((z[0] - z[1]) / T), because="a quotient of powers")
    )


def temperature_slope(size: int = 3) -> Derivation:
    """How a probability moves with the temperature: by its score's distance from the mean score."""
    z = _SOFTMAX.inputs(size)
    p, meaning = _probabilities((*z, T), [score / T for score in z])
    mean = sum(one * score for one, score in zip(p, z, strict=True))
    return Derivation(Derivative(p[0], T), where=meaning).then(
        -p[0] * (z[0] - mean) / T**2, because="the slopes in all scores, each times $-z_j/T^2$"
    )


def flattening() -> Derivation:
    """How far a lower bound of 1/softmax(p) lies above 1/m, when n shares p sum to 1 and the largest is m.

    The bound is Σ (1 − (m − p_j)), because e^{−t} is at least 1 − t.
    """
    m = sp.Symbol("m", positive=True)
    share = sp.IndexedBase("p", positive=True)
    total = sp.Sum(share[_j], (_j, 1, _n))
    whole = Eq(total, 1, evaluate=False)
    return (
        Derivation(sp.Sum(1 - (m - share[_j]), (_j, 1, _n)) - 1 / m, given=(whole,))
        .then(_n * (1 - m) + total - 1 / m, because="sum the terms")
        .use(whole, because="the shares sum to 1")
        .then((1 - m) * (_n - 1 / m), because="factor")
    )


def score_variance(width: int) -> sp.Expr:
    """E (q·k)² for vectors of ``width`` independent entries with mean 0 and variance 1.

    The mean of a product of independent factors is the product of their means, so a term with a first power is 0.

    >>> score_variance(3)
    3
    """
    entries = sp.symbols(f"q1:{width + 1} k1:{width + 1}", real=True)
    square = sp.Poly(sum(q * k for q, k in zip(entries[:width], entries[width:], strict=True)) ** 2, *entries)
    return sum(number for powers, number in square.terms() if set(powers) <= {0, 2})
