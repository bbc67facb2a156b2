r"""Smooth gates: functions of the form :math:`x\,g(x)`, their limits, and gates with weights of their own.

Each function that derives something returns a :class:`Derivation`, so that it is checked whenever it is called.
"""

from __future__ import annotations

import sympy as sp
from sympy import Eq, Rational, erfc, exp, log, sqrt, tanh

from ..catalogue import get, x
from .derivation import Derivation
from .dips import density, mish_slope, silu_slope

__all__ = [
    "a",
    "b",
    "beta",
    "d",
    "gap_below_relu",
    "gate_gradients",
    "gelu_tail",
    "h",
    "half_and_even",
    "inputs",
    "matched_width",
    "mish_tail",
    "noise",
    "noisy_relu",
    "noisy_relu_primitive",
    "outputs",
    "own_gate",
    "share_less_two_thirds",
    "silu_tail",
    "small_beta",
    "softplus_gap",
    "softplus_less_silu",
    "t",
    "transformer_width",
    "two_units_multiply",
]

beta = sp.Symbol("beta", positive=True)
"""The sharpness of SiLU's gate."""

a, b = sp.symbols("a b", real=True)
"""A value and the input of its gate."""

noise = sp.Symbol("n", real=True)
"""Standard normal noise."""

t = sp.Symbol("t", positive=True)
"""A distance from 0."""

h, wide, d, inputs, outputs = sp.symbols("h h_g d n k", positive=True)
"""Hidden units without and with gates, the width of a transformer, and a layer's inputs and outputs."""

_SIGMOID = get("sigmoid").expr
_SILU, _GELU, _MISH = (get(name).at() for name in ("silu", "gelu", "mish"))
_SOFTPLUS = get("softplus").at()


# --- what is averaged: the output or the gate ------------------------------------------------------------------------


def softplus_less_silu() -> Derivation:
    r"""Softplus exceeds SiLU by the entropy of the gate, :math:`-p \log p - q \log q` with p = σ(x) and q = 1 − p.

    >>> softplus_less_silu().argued
    ()
    """
    p, q = _SIGMOID, 1 / (1 + exp(x))
    return (
        Derivation(_SOFTPLUS - _SILU)
        .then((p + q) * _SOFTPLUS - x * p, because="with $p = \\sigma(x)$ and $q = \\sigma(-x)$, $p + q = 1$")
        .then(p * log(1 + exp(-x)) + q * log(1 + exp(x)), because="$\\log(1 + e^x) - x = \\log(1 + e^{-x})$")
        .then(-p * log(p) - q * log(q), because="each logarithm is that of a probability")
    )


def noisy_relu_primitive() -> Derivation:
    r"""A function of the noise n with slope :math:`(x + n)\,\varphi(n)`, which the mean of ReLU integrates from −x on.

    >>> noisy_relu_primitive().argued
    ()
    """
    return (
        Derivation(sp.Derivative(_primitive(), noise))
        .then(
            x * density(noise) + noise * density(noise),
            because="$\\Phi' = \\varphi$ and $\\varphi'(n) = -n\\,\\varphi(n)$",
        )
        .then((x + noise) * density(noise), because="take out the density")
    )


def noisy_relu() -> Derivation:
    r"""The mean of ReLU at x plus standard normal noise, from the primitive at ∞ and at −x.

    .. math:: \mathrm E\,\mathrm{relu}(x + N) = x\,\Phi(x) + \varphi(x)

    >>> noisy_relu().last.subs(x, 0)
    sqrt(2)/(2*sqrt(pi))
    """
    primitive = _primitive()
    ends = sp.limit(primitive, noise, sp.oo) - primitive.subs(noise, -x)
    return Derivation(ends).then(_GELU + density(x), because="$1 - \\Phi(-x) = \\Phi(x)$, and $\\varphi$ is even")


def _primitive() -> sp.Expr:
    return x * (1 - erfc(noise / sqrt(2)) / 2) - density(noise)


def softplus_gap() -> Derivation:
    r"""How far softplus is above ReLU, at a distance t from 0 on either side.

    .. math:: \tfrac1\beta \log(1 + e^{\beta t}) - t = \tfrac1\beta \log(1 + e^{-\beta t})

    >>> softplus_gap().last
    log(1 + exp(-beta*t))/beta
    """
    return (
        Derivation(log(1 + exp(beta * t)) / beta - t)
        .then((log(1 + exp(beta * t)) - log(exp(beta * t))) / beta, because="$\\beta t = \\log e^{\\beta t}$")
        .then(log(1 + exp(-beta * t)) / beta, because="the logarithm of the quotient")
    )


# --- limits in β, and in the tail ------------------------------------------------------------------------------------


def gap_below_relu() -> Derivation:
    r"""How far ReLU is above SiLU at t > 0: :math:`t - t\,\sigma(\beta t) = t\,\sigma(-\beta t)`.

    >>> gap_below_relu().last
    t/(exp(beta*t) + 1)
    """
    return Derivation(t - t / (1 + exp(-beta * t))).then(
        t / (1 + exp(beta * t)), because="$1 - \\sigma(u) = \\sigma(-u)$"
    )


def small_beta() -> Derivation:
    r"""SiLU less half of its input, :math:`x\,\sigma(\beta x) - \tfrac x2 = \tfrac x2 \tanh\tfrac{\beta x}2`.

    >>> small_beta().last
    x*tanh(beta*x/2)/2
    """
    return Derivation(x / (1 + exp(-beta * x)) - x / 2).then(
        x * tanh(beta * x / 2) / 2, because="$2\\sigma(u) - 1 = \\tanh(u/2)$"
    )


def silu_tail() -> sp.Expr:
    r"""The limit at −∞ of SiLU's slope over :math:`x\,e^x`.

    >>> silu_tail()
    1
    """
    return sp.limit(silu_slope().last / (x * exp(x)), x, -sp.oo)


def gelu_tail() -> sp.Expr:
    r"""The limit at −∞ of GELU's slope over :math:`x\,\varphi(x)`.

    >>> gelu_tail()
    1
    """
    return 1 + sp.limit(erfc(t / sqrt(2)) / (-2 * t * density(t)), t, sp.oo)


def mish_tail() -> sp.Expr:
    r"""The limit at −∞ of Mish's slope over :math:`x\,e^x`.

    >>> mish_tail()
    1
    """
    return sp.limit(mish_slope().last / (x * exp(x)), x, -sp.oo)


# --- gates with weights of their own ---------------------------------------------------------------------------------


def gate_gradients() -> tuple[Derivation, Derivation]:
    r"""The slopes of :math:`a\,\sigma(b)`: :math:`\sigma(b)` in a, and :math:`a\,\sigma(b)\,\sigma(-b)` in b.

    >>> [derivation.last.subs({a: 1, b: 0}) for derivation in gate_gradients()]
    [1/2, 1/4]
    """
    gate = _SIGMOID.subs(x, b)
    unit = get("glu").of([a, b])[0]
    return (
        Derivation(sp.Derivative(unit, a)).then(gate, because="the gate does not depend on the value"),
        Derivation(sp.Derivative(unit, b)).then(a * gate * (1 - gate), because="$\\sigma' = \\sigma(1 - \\sigma)$"),
    )


def own_gate(name: str) -> sp.Expr:
    """A gated unit whose value and gate are the same number.

    >>> own_gate("glu") == get("silu").at()
    True
    """
    return get(name).of([x, x])[0]


def half_and_even(name: str) -> Derivation:
    r"""A gate with :math:`g(x) + g(-x) = 1` gives :math:`f(x) - f(-x) = x`.

    >>> half_and_even("gelu").last
    x
    """
    f = get(name).at()
    return Derivation(f - f.subs(x, -x)).then(x, because="both gates together are open once")


def two_units_multiply(name: str) -> Derivation:
    r"""Two gated units with the same value and opposite gates: :math:`a\,f(b) - a\,f(-b) = ab`.

    >>> two_units_multiply("swiglu").last
    a*b
    """
    unit = get(name).of
    start = unit([a, b])[0] - unit([a, -b])[0]
    return Derivation(start).then(a * b, because="$f(b) - f(-b) = b$")


# --- equal parameters ------------------------------------------------------------------------------------------------


def transformer_width() -> Derivation:
    r"""Three matrices instead of two: :math:`3\,d\,h_g = 2\,d\,h` gives two thirds of the width.

    >>> transformer_width().last.rhs
    2*h/3
    """
    return Derivation(Eq(3 * d * wide, 2 * d * h, evaluate=False)).solve_for(wide)


def matched_width() -> Derivation:
    r"""The width of a gated layer that has as many parameters as a plain one, with n inputs, k outputs and all biases.

    .. math:: \bigl(2(n + 1) + k\bigr)\,h_g + k = (n + 1 + k)\,h + k

    >>> matched_width().last.rhs.subs({inputs: 64, outputs: 10, h: 28})
    15
    """
    plain = h * (inputs + 1) + outputs * (h + 1)
    gated = 2 * wide * (inputs + 1) + outputs * (wide + 1)
    return Derivation(Eq(gated, plain, evaluate=False)).solve_for(wide)


def share_less_two_thirds() -> sp.Expr:
    r"""With as many outputs as inputs and all biases, :math:`h_g/h - \tfrac23`.

    >>> share_less_two_thirds()
    -1/(3*(3*d + 2))
    """
    return sp.factor(matched_width().last.rhs.subs({inputs: d, outputs: d}) / h - Rational(2, 3))
