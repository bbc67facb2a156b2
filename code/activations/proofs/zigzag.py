r"""Why positive inputs make a path zig-zag: the sign lemma, the eigenvalues behind it, and what gradient descent does.

A neuron forms :math:`z = \sum_i w_i a_i` from n inputs of common mean m and variance v. If they are independent,

.. math:: \mathrm E[a a^\top] = v I + m^2 \mathbf 1 \mathbf 1^\top .
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import comb

import sympy as sp
from mpmath import mp
from sympy import Eq, Rational

from ..catalogue import get, x
from .derivation import Derivation

__all__ = [
    "across",
    "along",
    "balanced_rate",
    "centring_moves_over",
    "coin_agreement",
    "condition_number",
    "eta",
    "kappa",
    "limiting_agreement",
    "m",
    "mean_of_two",
    "n",
    "path_length",
    "product_of_two",
    "shared_weight",
    "shrinkage",
    "v",
    "weight_gradients",
]

n = sp.Symbol("n", integer=True, positive=True)
"""The number of inputs."""

m, v = sp.Symbol("m", real=True), sp.Symbol("v", positive=True)
"""The mean and the variance of an input."""

eta, kappa = sp.symbols("eta kappa", positive=True)
"""The learning rate, and the condition number."""

_LOW, _HIGH = sp.symbols("lambda Lambda", positive=True)


# --- signs ------------------------------------------------------------------------------------------------------------


def shared_weight() -> Derivation:
    """∂L/∂wᵢ = δ aᵢ for any differentiable loss: wᵢ meets aᵢ, and ``r`` is all that does not depend on wᵢ."""
    weight, signal, rest, delta = sp.symbols("w_i a_i r delta", real=True)
    loss, at = sp.Function("L", real=True), sp.Dummy("z")
    slope = sp.Subs(sp.Derivative(loss(at), at), at, weight * signal + rest)
    named = Eq(slope, delta, evaluate=False)
    return (
        Derivation(sp.Derivative(loss(weight * signal + rest), weight), given=(named,))
        .then(slope * signal, because="the chain rule")
        .use(named, because="the loss's slope in z is called δ")
    )


def product_of_two() -> Derivation:
    """The gradients of two weights of one neuron, multiplied: a square times two inputs."""
    first, second = sp.symbols("a_i a_j", positive=True)
    delta = sp.Symbol("delta", real=True, nonzero=True)
    return Derivation(sp.Mul(delta * first, delta * second, evaluate=False)).then(
        delta**2 * first * second, because="collect; a square is not negative"
    )


def weight_gradients(deltas: Sequence[Sequence[int]], inputs: Sequence[Sequence[int]]) -> sp.Matrix:
    r"""The gradient of every weight, one row a neuron and one column an input, summed over the examples.

    .. math:: G = \sum_k \delta_k a_k^\top

    ``deltas`` has one row an example and one column a neuron, ``inputs`` one row an example. Raises ValueError when the
    numbers of examples differ.

    >>> weight_gradients([[1], [-1]], [[2, 1], [1, 2]])
    Matrix([[1, -1]])
    """
    if len(deltas) != len(inputs):
        raise ValueError(f"weight_gradients: deltas has {len(deltas)} examples and inputs {len(inputs)}")
    return sp.Matrix(deltas).T * sp.Matrix(inputs)


def mean_of_two(name: str) -> Derivation:
    """The mean of f(x) and f(−x), to which every distribution that is symmetric about 0 gives equal weight.

    >>> mean_of_two("sigmoid").last
    1/2
    """
    f, value = get(name).at().rewrite(sp.exp), {"sigmoid": Rational(1, 2), "tanh": sp.S.Zero}[name]
    return Derivation((f + f.subs(x, -x)) / 2).then(value, because="bring both over one denominator")


# --- how often the signs agree ----------------------------------------------------------------------------------------


@cache
def coin_agreement(batch: int, *, inputs: int = 10, up: object = "1/2", low: int = 3, high: int = 7) -> sp.Expr:
    r"""The exact probability that all weight gradients of a neuron share a sign, where everything is a coin.

    Each input is ``low`` or ``high`` by a fair coin, and δ is 1 with probability ``up``, else −1. With K of B deltas at
    1 and :math:`m \pm s` for the inputs, each gradient is :math:`m (2K - B) + s S` with its own sum S of B fair signs,
    so that given K the gradients are independent:

    .. math:: P = \sum_K \binom BK p^K (1-p)^{B-K} \bigl(P(g > 0 \mid K)^n + P(g < 0 \mid K)^n\bigr)

    Raises ValueError for a batch or a number of inputs below 1, a probability outside [0, 1], or low above high.

    >>> coin_agreement(1), coin_agreement(3, inputs=2)
    (1, 107/128)
    """
    up = sp.Rational(up)
    if min(batch, inputs) < 1 or low > high or not 0 <= up <= 1:
        raise ValueError(
            "coin_agreement: batch and inputs must be at least 1, low at most high, and up in [0, 1], "
            f"got {batch}, {inputs}, {low}, {high} and {up}"
        )
    total = sp.S.Zero
    for ups in range(batch + 1):
        above, below = _one_gradient(batch, (low + high) * (2 * ups - batch), high - low)
        total += comb(batch, ups) * up**ups * (1 - up) ** (batch - ups) * (above**inputs + below**inputs)
    return total


def _one_gradient(batch: int, shift: int, spread: int) -> tuple[sp.Rational, sp.Rational]:
    """The probabilities that shift + spread · (a sum of ``batch`` fair signs) is positive, and that it is negative."""
    signs = [(comb(batch, heads), shift + spread * (2 * heads - batch)) for heads in range(batch + 1)]
    ways = 2**batch
    return (
        Rational(sum(count for count, value in signs if value > 0), ways),
        Rational(sum(count for count, value in signs if value < 0), ways),
    )


def limiting_agreement(inputs: int, offset: float) -> float:
    r"""The probability of agreement for large batches, where δ has mean 0 and does not depend on the inputs.

    The gradients are then normal with covariances proportional to :math:`\mathrm E[a a^\top]`, so each is
    :math:`c T + Z_i` with a shared T; c is the ``offset``, the mean of an input over its standard deviation.

    .. math:: P = 2 \int \varphi(t)\, \Phi(c t)^n \, dt

    Raises ValueError for fewer than one input.

    >>> round(limiting_agreement(2, 1.0), 12) == round(2 / 3, 12), limiting_agreement(10, 0.0) == 2**-9
    (True, True)
    """
    if inputs < 1:
        raise ValueError(f"limiting_agreement: inputs must be at least 1, got {inputs}")
    if offset == 0:
        return 2.0 ** (1 - inputs)
    scale = 1 / mp.mpf(abs(offset))
    edges = sorted({-mp.inf, mp.mpf(0), *(k * scale for k in (1, 2, 4, 8)), mp.mpf(10), mp.inf})
    return float(2 * mp.quad(lambda t: mp.npdf(t) * mp.ncdf(abs(offset) * t) ** inputs, edges))


# --- eigenvalues ------------------------------------------------------------------------------------------------------


class _Ones(sp.OneMatrix):
    """SymPy's matrix of ones, in bold: a plain 1 would read as the number."""

    def _eval_expand_mul(self, **hints: object) -> sp.OneMatrix:
        return sp.OneMatrix(*self.shape)

    def _latex(self, printer: object) -> str:
        return r"\mathbf{1}" if self.cols == 1 else r"\mathbf{1}\mathbf{1}^{\top}"


def _second_moments() -> sp.MatrixExpr:
    return v * sp.Identity(n) + m**2 * _Ones(n, n)


def along() -> Derivation:
    """E[aaᵀ] stretches the direction in which all weights move together, for every n."""
    ones = _Ones(n, 1)
    return Derivation(_second_moments() * ones).then((v + n * m**2) * ones, because="each row of ones adds up to n")


def across() -> Derivation:
    """E[aaᵀ] multiplies by v every direction d whose entries add up to 0, for every n."""
    d = sp.MatrixSymbol("d", n, 1)
    balanced = Eq(_Ones(n, n) * d, sp.ZeroMatrix(n, 1), evaluate=False)
    return (
        Derivation(_second_moments() * d, given=(balanced,))
        .then(v * d + m**2 * (_Ones(n, n) * d), because="multiply out")
        .use(balanced, because="the entries of d add up to 0")
        .then(v * d, because="drop the zero")
    )


def condition_number() -> Derivation:
    """The largest eigenvalue over the smallest."""
    return Derivation((v + n * m**2) / v).then(1 + n * m**2 / v, because="divide")


# --- gradient descent -------------------------------------------------------------------------------------------------


def balanced_rate() -> Derivation:
    """The rate at which the flattest and the steepest direction shrink equally, the steepest with a change of sign."""
    return Derivation(Eq(1 - eta * _LOW, -(1 - eta * _HIGH), evaluate=False)).solve_for(
        eta, because="solve for the rate"
    )


def shrinkage() -> Derivation:
    """What is left of the error after a step at the balanced rate, where Λ = κλ."""
    rate = balanced_rate().last.rhs
    left = 1 - rate * _LOW
    return (
        Derivation(Eq(sp.Symbol("r", real=True), left, evaluate=False))
        .substitute({_HIGH: kappa * _LOW}, because="the condition number κ is Λ/λ")
        .then((kappa - 1) / (kappa + 1), because="cancel λ")
    )


def path_length() -> Derivation:
    """The length of the way along the steepest direction, at the balanced rate, for a distance of 1.

    The first step leads past the goal, to −r; what follows is the same path, r times as large.
    """
    length, r = sp.Symbol("S", real=True), sp.Symbol("r", real=True)
    return (
        Derivation(Eq(length, (1 + r) + r * length, evaluate=False))
        .solve_for(length)
        .substitute({r: shrinkage().last.rhs}, because="the shrinkage at the balanced rate")
        .then(kappa, because="cancel κ + 1")
    )


def centring_moves_over() -> Derivation:
    """Subtracting the batch's mean from what comes back is subtracting it from the inputs, for every batch size B.

    ``a`` holds one input and ``d`` what comes back, one entry an example; I − 11ᵀ/B takes the mean away.
    """
    size = sp.Symbol("B", integer=True, positive=True)
    centre = sp.Identity(size) - _Ones(size, size) / size
    back, inputs = sp.MatrixSymbol("d", size, 1), sp.MatrixSymbol("a", size, 1)
    return Derivation(sp.MatMul(sp.Transpose(sp.MatMul(centre, back)), inputs)).then(
        back.T * (centre * inputs), because="the centring matrix is symmetric"
    )
