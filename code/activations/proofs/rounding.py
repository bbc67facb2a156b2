r"""Where rounding makes a function its limit, and a loss that never meets a rounded probability.

A float type with p bits in its significand has the spacing :math:`2^{-p}` just below 1, so that a number rounds to 1
from half of it, :math:`2^{-(p+1)}`, on. Its smallest number is :math:`2^{-k}`, and half of that rounds to 0.
"""

from __future__ import annotations

import sympy as sp
from sympy import Eq, exp, log, tanh

from ..catalogue import get, x
from .derivation import Derivation

__all__ = [
    "early",
    "gap_to_round_number",
    "k",
    "log_loss",
    "log_loss_slope",
    "log_loss_through_probability",
    "p",
    "sigmoid_is_one",
    "sigmoid_is_zero",
    "softplus",
    "softplus_left",
    "softplus_right",
    "t",
    "tanh_by_expm1",
    "tanh_is_one",
    "typed_sum_is_one",
    "y",
]

p = sp.Symbol("p", integer=True, positive=True)
"""Bits of the significand, the leading one included: 8, 11, 24 and 53 in the four usual types."""

k = sp.Symbol("k", integer=True, positive=True)
r"""The type's smallest positive number is :math:`2^{-k}`."""

t = sp.Symbol("t", positive=True)
"""A distance from 0."""

y = sp.Symbol("y", real=True)
"""A target: 0 or 1, or any share between them."""

softplus = sp.Function("softplus", real=True)
"""Softplus as a symbol, so that a line may begin with its name."""

_SIGMOID = get("sigmoid").expr


def _about_softplus(start: sp.Basic) -> Derivation:
    return Derivation(start, where={softplus: sp.Lambda(x, get("softplus").at())})


def sigmoid_is_one() -> Derivation:
    r"""Half a spacing below 1 is reached by σ at :math:`x = \log(2^{p+1} - 1)`.

    >>> print(sigmoid_is_one().last.rhs)
    log(2**(p + 1) - 1)
    """
    half = 2 ** (-p - 1)
    return (
        Derivation(Eq(1 - _SIGMOID, half, evaluate=False))
        .then(Eq(1 / (1 + exp(x)), half, evaluate=False), because="the gap is σ(−x)")
        .both_sides(lambda side: 1 / side, because="turn both sides over")
        .then(Eq(1 + exp(x), 2 ** (p + 1), evaluate=False), because="powers of two")
        .both_sides(lambda side: side - 1, because="take 1 away")
        .both_sides(log, because="take the logarithm")
    )


def tanh_is_one() -> Derivation:
    r"""Half a spacing below 1 is reached by tanh at :math:`x = \tfrac12 \log(2^{p+2} - 1)`.

    >>> print(tanh_is_one().last.rhs)
    log(2**(p + 2) - 1)/2
    """
    half = 2 ** (-p - 1)
    return (
        Derivation(Eq(1 - tanh(x), half, evaluate=False))
        .then(Eq(2 / (1 + exp(2 * x)), half, evaluate=False), because="tanh in exponentials")
        .both_sides(lambda side: 2 / side, because="turn both sides over, times 2")
        .then(Eq(1 + exp(2 * x), 2 ** (p + 2), evaluate=False), because="powers of two")
        .both_sides(lambda side: side - 1, because="take 1 away")
        .both_sides(lambda side: log(side) / 2, because="half of the logarithm")
    )


def typed_sum_is_one() -> Derivation:
    r"""Just above 1 the spacing is twice as wide: :math:`1 + e^{-x}` is half of it away from 1 at :math:`p \log 2`.

    >>> print(typed_sum_is_one().last.rhs)
    p*log(2)
    """
    return (
        Derivation(Eq(exp(-x), 2**-p, evaluate=False))
        .both_sides(lambda side: -log(side), because="minus the logarithm")
        .then(Eq(x, p * log(2), evaluate=False), because="$\\log 2^p = p \\log 2$")
    )


def sigmoid_is_zero() -> Derivation:
    r"""Half of the smallest number is reached by σ at :math:`x = -\log(2^{k+1} - 1)`.

    >>> print(sigmoid_is_zero().last.rhs)
    -log(2**(k + 1) - 1)
    """
    half = 2 ** (-k - 1)
    return (
        Derivation(Eq(_SIGMOID, half, evaluate=False))
        .both_sides(lambda side: 1 / side, because="turn both sides over")
        .then(Eq(1 + exp(-x), 2 ** (k + 1), evaluate=False), because="powers of two")
        .both_sides(lambda side: side - 1, because="take 1 away")
        .both_sides(lambda side: -log(side), because="minus the logarithm")
    )


def gap_to_round_number() -> Derivation:
    r"""The round number :math:`(p+1) \log 2` exceeds the exact place by a little more than half a spacing of 1."""
    return Derivation((p + 1) * log(2) - log(2 ** (p + 1) - 1)).then(
        -log(1 - 2 ** (-p - 1)), because="take $2^{p+1}$ out of the logarithm"
    )


def early() -> Derivation:
    """How much earlier the typed form arrives than the round number for the sigmoid: log 2, in every type."""
    return Derivation((p + 1) * log(2) - p * log(2)).then(log(2), because="subtract")


def log_loss() -> Derivation:
    r"""The binary cross-entropy in the logit: :math:`\log(1 + e^x) - x y`."""
    return (
        Derivation(-y * log(_SIGMOID) - (1 - y) * log(1 - _SIGMOID))
        .then(-y * log(_SIGMOID) - (1 - y) * log(1 / (1 + exp(x))), because="$1 - \\sigma(x) = \\sigma(-x)$")
        .then(y * log(1 + exp(-x)) + (1 - y) * log(1 + exp(x)), because="the logarithm of a quotient, twice")
        .then(y * (log(1 + exp(x)) - x) + (1 - y) * log(1 + exp(x)), because="take $e^{-x}$ out of the first one")
        .then(log(1 + exp(x)) - x * y, because="collect")
    )


def softplus_right() -> Derivation:
    """At t > 0 softplus is t and a small rest, whose exponential cannot overflow."""
    return (
        _about_softplus(softplus(t))
        .then(log(1 + exp(t)), because="the definition")
        .then(t + log(1 + exp(-t)), because="take $e^t$ out")
    )


def softplus_left() -> Derivation:
    """At −t softplus is the same rest alone."""
    return _about_softplus(softplus(-t)).then(log(1 + exp(-t)), because="the definition at −t")


def log_loss_slope() -> Derivation:
    r"""Its slope in the logit is the error: :math:`\sigma(x) - y`."""
    return (
        Derivation(sp.Derivative(log(1 + exp(x)) - x * y, x))
        .then(exp(x) / (1 + exp(x)) - y, because="the chain rule")
        .then(_SIGMOID - y, because="multiply above and below by $e^{-x}$")
    )


def log_loss_through_probability() -> Derivation:
    """The same slope by way of the probability q: two factors that cancel, if neither is rounded to 0 before."""
    q = sp.Symbol("q", positive=True)
    return (
        Derivation(sp.Derivative(-y * log(q) - (1 - y) * log(1 - q), q) * q * (1 - q))
        .then(
            sp.Mul((q - y) / (q * (1 - q)), q * (1 - q), evaluate=False),
            because="the slope of the loss, times that of σ",
        )
        .then(q - y, because="cancel")
    )


def tanh_by_expm1() -> Derivation:
    r"""With :math:`u = e^{2x} - 1`, which libraries compute without cancellation, tanh is :math:`u / (u + 2)`."""
    u = sp.Function("u", real=True)
    return (
        Derivation((exp(x) - exp(-x)) / (exp(x) + exp(-x)), where={u: sp.Lambda(x, exp(2 * x) - 1)})
        .then((exp(2 * x) - 1) / (exp(2 * x) + 1), because="multiply above and below by $e^x$")
        .then(u(x) / (u(x) + 2), because="write $u$ for $e^{2x} - 1$, and $u + 2$ for $e^{2x} + 1$")
    )
