r"""Smooth gates: the input times how open its own gate stands."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from activations._arrays import elementwise
from activations._stable import (
    gelu_tanh_exponent,
    product,
    repaired_tail,
    scaled,
    scaled_upper_tail,
    times_exp,
    times_logistic,
)

__all__ = ["gelu", "gelu_tanh", "hardswish", "mish", "silu"]

_LOWEST = np.finfo(np.float64).min


@elementwise
def gelu(x: ArrayLike, *, approximate: str = "none") -> NDArray:
    r"""The Gaussian error linear unit.

    .. math:: f(x) = x\,\Phi(x) = \frac{x}{2} \operatorname{erfc}\!\left(-\frac{x}{\sqrt 2}\right)

    Φ is the distribution function of N(0, 1). It is smooth, tends to 0 at −∞ and is ∞ at ∞.
    ``approximate`` is ``"none"``, or ``"tanh"`` for :func:`gelu_tanh`; anything else raises ValueError.

    >>> gelu([-1.0, 0.0, 1.0])
    array([-0.15865525,  0.        ,  0.84134475])
    >>> print(f"{gelu(-10.0):.6g}")
    -7.61985e-23
    """
    if approximate not in ("none", "tanh"):
        raise ValueError(f"gelu: approximate must be 'none' or 'tanh', got {approximate!r}")
    if approximate == "tanh":
        return _gelu_tanh(x)
    # xΦ(x) = max(x, 0) − |x|·Q(|x|). Beyond 40 the second term is 0.
    a = np.minimum(np.abs(x), 40)
    square, lost = product(a, a)
    scale = a * scaled_upper_tail(a) * (1 - lost / 2)
    return np.maximum(x, 0) - times_exp(scale, -square / 2, np.exp(-square / 2))


@elementwise
def gelu_tanh(x: ArrayLike) -> NDArray:
    r"""The approximation of GELU by a hyperbolic tangent.

    .. math:: f(x) = \frac{x}{2}\left(1 + \tanh\!\left(\sqrt{2/\pi}\,(x + 0.044715\,x^3)\right)\right)

    It is smooth, tends to 0 at −∞ and is ∞ at ∞.

    >>> gelu_tanh([-1.0, 0.0, 1.0])
    array([-0.15880801,  0.        ,  0.84119199])
    """
    return _gelu_tanh(x)


def _gelu_tanh(x):
    # 1 + tanh(u) = 2σ(2u). Beyond 30 the gate is shut or open.
    gate, lost = gelu_tanh_exponent(np.clip(x, -30, 30))
    return times_logistic(np.maximum(x, -30), gate, lost)


@elementwise
def silu(x: ArrayLike, *, beta: float = 1.0) -> NDArray:
    r"""The sigmoid linear unit; with another β it is Swish.

    .. math:: f(x) = x\,\sigma(\beta x) = \frac{x}{1 + e^{-\beta x}}

    It is smooth, tends to 0 at −∞ and is ∞ at ∞. Any β > 0 is accepted.

    >>> silu([-1.0, 0.0, 1.0])
    array([-0.26894142,  0.        ,  0.73105858])
    >>> print(f"{silu(-700.0):.6g}")
    -6.90177e-302
    """
    # A finite stand-in for −∞, so that its product with a shut gate is 0.
    return times_logistic(np.maximum(x, _LOWEST), *scaled(beta, x))


@elementwise
def mish(x: ArrayLike) -> NDArray:
    r"""Mish, the input times the hyperbolic tangent of its softplus.

    .. math:: f(x) = x \tanh(\log(1 + e^x))

    It is smooth, tends to 0 at −∞ and is ∞ at ∞.

    >>> mish([-1.0, 0.0, 1.0])
    array([-0.30340146,  0.        ,  0.86509839])
    """
    # tanh(log(1 + e^x)) = n/(n + 2) with n = e^x(e^x + 2); beyond 20 it is 1, and 0 beyond −1000.
    x = np.maximum(x, -1000)
    e = np.exp(np.minimum(x, 20))
    n = e * (e + 2)
    return repaired_tail(x * (n / (n + 2)), x, x)


@elementwise
def hardswish(x: ArrayLike) -> NDArray:
    r"""The piecewise quadratic SiLU.

    .. math:: f(x) = x \cdot \frac{\min(\max(x + 3, 0), 6)}{6}

    It has kinks at −3 and 3. It is 0 at −∞ and ∞ at ∞.

    >>> hardswish([-3.0, -1.5, 0.0, 3.0])
    array([-0.   , -0.375,  0.   ,  3.   ])
    """
    return np.maximum(x, -3) * (np.clip(x + 3, 0, 6) / 6)
