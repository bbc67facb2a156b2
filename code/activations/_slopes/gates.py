r"""Slopes of the smooth gates."""

from __future__ import annotations

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from activations._arrays import elementwise
from activations._stable import (
    gelu_tanh_exponent,
    gelu_tanh_exponent_slope,
    product,
    quotient,
    repaired_tail,
    scaled,
    scaled_upper_tail,
    split,
    times_exp,
    two_sum,
)

__all__ = ["gelu", "gelu_tanh", "hardswish", "mish", "silu"]

# Where 1 + t + e^t = 0, and e^t there.
_SILU_ROOT, _SILU_ROOT_REST = split(-1 - sp.LambertW(sp.exp(-1)))
_SILU_ROOT_POWER = float(sp.LambertW(sp.exp(-1)))


@elementwise
def gelu(x: ArrayLike, *, approximate: str = "none") -> NDArray:
    r"""The slope of the Gaussian error linear unit.

    .. math:: f'(x) = \Phi(x) + x\,\varphi(x), \qquad \varphi(x) = \frac{e^{-x^2/2}}{\sqrt{2\pi}}

    It tends to 0 at −∞ and to 1 at ∞, and leaves [0, 1] on the way. ``approximate`` is ``"none"``, or ``"tanh"`` for
    :func:`gelu_tanh`; anything else raises ValueError.

    >>> gelu([-1.0, 0.0, 1.0])
    array([-0.08331547,  0.5       ,  1.08331547])
    """
    if approximate not in ("none", "tanh"):
        raise ValueError(f"gelu: approximate must be 'none' or 'tanh', got {approximate!r}")
    if approximate == "tanh":
        return _gelu_tanh(x)
    # At −a it is Q(a) − aφ(a), with the common factor e^{−a²/2}. Beyond 40 it is 0.
    a = np.minimum(np.abs(x), 40)
    square, lost = product(a, a)
    scale = (scaled_upper_tail(a) - a / np.sqrt(2 * np.pi)) * (1 - lost / 2)
    return _mirrored(x, times_exp(scale, -square / 2, np.exp(-square / 2)))


@elementwise
def gelu_tanh(x: ArrayLike) -> NDArray:
    r"""The slope of the approximation of GELU by a hyperbolic tangent.

    .. math:: f'(x) = \sigma(v) + x\,v'\,\sigma(v)\,\sigma(-v), \qquad v = 2\sqrt{2/\pi}\,(x + 0.044715\,x^3)

    It tends to 0 at −∞ and to 1 at ∞, and leaves [0, 1] on the way.

    >>> gelu_tanh([-1.0, 0.0, 1.0])
    array([-0.08296408,  0.5       ,  1.08296408])
    """
    return _gelu_tanh(x)


def _gelu_tanh(x):
    # At −|x|, with e = e^v, it is e·(1 + e + x·v′)/(1 + e)². Beyond 30 it is 0.
    left = -np.minimum(np.abs(x), 30)
    exponent, lost = gelu_tanh_exponent(left)
    e = np.exp(exponent)
    scale = (1 + e + left * gelu_tanh_exponent_slope(left)) * (1 + lost) / (1 + e * (2 + e))
    return _mirrored(x, times_exp(scale, exponent, e))


@elementwise
def silu(x: ArrayLike, *, beta: float = 1.0) -> NDArray:
    r"""The slope of the sigmoid linear unit.

    .. math:: f'(x) = \sigma(t)\,(1 + t\,\sigma(-t)), \qquad t = \beta x

    It tends to 0 at −∞ and to 1 at ∞, and leaves [0, 1] on the way. Any β > 0 is accepted.

    >>> silu([-1.0, 0.0, 1.0])
    array([0.07232949, 0.5       , 0.92767051])
    """
    t, lost = scaled(beta, -np.abs(x))
    t = np.maximum(t, -1000)  # beyond which the slope is 0
    # At t ≤ 0 it is e^t(1 + t + e^t)/(1 + e^t)². With r the root of the middle factor and d = t − r, that factor is
    # d + e^r(e^d − 1), whose terms have one sign: near the root nothing cancels. Sums, product and quotient keep what
    # rounding takes from them, or the errors would add up to 5 units.
    e = np.exp(t)
    d, d_rest = two_sum(t, -_SILU_ROOT)
    d_rest += lost - _SILU_ROOT_REST
    factor, factor_rest = two_sum(d, _SILU_ROOT_POWER * np.expm1(d + d_rest))
    above, above_lost = product(factor, e)
    above_rest = above_lost + e * (factor_rest + d_rest + factor * lost)
    below, below_rest = two_sum(1.0, e * (2 + e))
    return _mirrored(x, repaired_tail(quotient(above, above_rest, below, below_rest), factor * (1 + lost), t))


def _mirrored(x, left):
    # A gate that is odd about 1/2 gives f(x) − f(−x) = x, so f′(x) = 1 − f′(−x): the slope at −|x| tells the other.
    return np.where(x < 0, left, 1 - left)


@elementwise
def mish(x: ArrayLike) -> NDArray:
    r"""The slope of Mish.

    .. math:: f'(x) = \tanh s + x\,\sigma(x)\,(1 - \tanh^2 s), \qquad s = \log(1 + e^x)

    It tends to 0 at −∞ and to 1 at ∞, and leaves [0, 1] on the way.

    >>> mish([-1.0, 0.0, 1.0])
    array([0.05921676, 0.6       , 1.04903622])
    """
    # With e = e^x and d = (2 + 2e + e²)² it is e·(4(x + 1) + (4x + 6)e + 4e² + e³)/d, and also
    # 1 + (4(x − 1)e + (4x − 2)e² − 4)/d, which on the right is near 1. Beyond 25 it is 1, and 0 beyond −1000.
    x = np.clip(x, -1000, 25)
    e = np.exp(x)
    d = np.square(2 + e * (2 + e))
    left = times_exp((4 * (x + 1) + e * ((4 * x + 6) + e * (4 + e))) / d, x, e)
    return np.where(x < 0, left, 1 + (e * (4 * (x - 1) + e * (4 * x - 2)) - 4) / d)


@elementwise
def hardswish(x: ArrayLike) -> NDArray:
    r"""The slope of the piecewise quadratic SiLU.

    .. math:: f'(x) = 0 \text{ if } x \le -3, \quad 1 \text{ if } x \ge 3, \quad \frac{2x + 3}{6} \text{ otherwise}

    At the kinks it is 0 at −3 and 1 at 3, as in torch. It is 0 at −∞ and 1 at ∞.

    >>> hardswish([-3.0, -1.5, 0.0, 3.0])
    array([0. , 0. , 0.5, 1. ])
    """
    return np.where(x <= -3, 0.0, np.where(x >= 3, 1.0, (2 * x + 3) / 6))
