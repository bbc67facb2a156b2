r"""ReLU and its relatives: the identity on the right, little or nothing on the left."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from activations import catalogue
from activations._arrays import elementwise, ufunc
from activations._stable import scaled, times_exp

__all__ = [
    "SELU_LEFT",
    "SELU_RIGHT",
    "celu",
    "elu",
    "identity",
    "leaky_relu",
    "prelu",
    "relu",
    "relu6",
    "rrelu",
    "selu",
    "softplus",
    "squared_relu",
]

# λ and λα, the slopes on the right and at 0.
SELU_RIGHT, SELU_LEFT = (float(catalogue.get("selu").slope().subs(catalogue.x, point)) for point in (1, 0))


@ufunc
def identity(x: ArrayLike) -> NDArray:
    r"""The identity: no activation at all.

    .. math:: f(x) = x

    It is −∞ at −∞ and ∞ at ∞.

    >>> identity([-1.0, 0.0, 1.0])
    array([-1.,  0.,  1.])
    """
    return np.positive(x)


@ufunc
def relu(x: ArrayLike) -> NDArray:
    r"""The rectified linear unit.

    .. math:: f(x) = \max(x, 0)

    It has a kink at 0. It is 0 at −∞ and ∞ at ∞.

    >>> relu([-1.0, 0.0, 1.0])
    array([0., 0., 1.])
    """
    return np.maximum(x, 0)


@ufunc
def relu6(x: ArrayLike) -> NDArray:
    r"""The rectified linear unit that stops at 6.

    .. math:: f(x) = \min(\max(x, 0), 6)

    It has kinks at 0 and 6. It is 0 at −∞ and 6 at ∞.

    >>> relu6([-1.0, 0.0, 3.0, 6.0, 7.0])
    array([0., 0., 3., 6., 6.])
    """
    return np.clip(x, 0, 6)


@elementwise
def squared_relu(x: ArrayLike) -> NDArray:
    r"""The square of the rectified linear unit.

    .. math:: f(x) = \max(x, 0)^2

    It has no kink; its second slope jumps at 0. It is 0 at −∞ and ∞ at ∞.

    >>> squared_relu([-1.0, 0.0, 3.0])
    array([0., 0., 9.])
    """
    return np.square(np.maximum(x, 0))


@elementwise
def leaky_relu(x: ArrayLike, *, negative_slope: float = 0.01) -> NDArray:
    r"""The rectified linear unit with a small slope on the left.

    .. math:: f(x) = x \text{ if } x > 0, \quad a\,x \text{ otherwise}, \qquad a = \text{negative\_slope}

    It has a kink at 0 unless a = 1. It is ∞ at ∞; at −∞ it is infinite, with the sign of −a, and 0 for a = 0.

    >>> leaky_relu([-1.0, 0.0, 1.0])
    array([-0.01,  0.  ,  1.  ])
    """
    return _leaky(x, negative_slope)


@elementwise
def prelu(x: ArrayLike, *, weight: float = 0.25) -> NDArray:
    r"""The rectified linear unit whose slope on the left is learned.

    .. math:: f(x) = x \text{ if } x > 0, \quad w\,x \text{ otherwise}, \qquad w = \text{weight}

    It has a kink at 0 unless w = 1. It is ∞ at ∞; at −∞ it is infinite, with the sign of −w, and 0 for w = 0.
    The weight is one number; the default is where learning starts.

    >>> prelu([-1.0, 0.0, 1.0])
    array([-0.25,  0.  ,  1.  ])
    """
    return _leaky(x, weight)


@elementwise
def rrelu(x: ArrayLike, *, lower: float = 1 / 8, upper: float = 1 / 3) -> NDArray:
    r"""The randomised leaky ReLU with the mean of its slopes, as it is used after training.

    .. math:: f(x) = x \text{ if } x > 0, \quad \tfrac{1}{2}(\text{lower} + \text{upper})\,x \text{ otherwise}

    It has a kink at 0 unless the mean is 1. It is ∞ at ∞; at −∞ it is infinite, with the sign of minus the mean, and 0
    for mean 0. While training, the slope is drawn uniformly between ``lower`` and ``upper``.

    >>> rrelu([-48.0, 0.0, 1.0])
    array([-11.,   0.,   1.])
    """
    return _leaky(x, (lower + upper) / 2)


def _leaky(x, slope):
    # 0·(−∞) is NaN in floating point, while the limit of 0·x is 0.
    return np.maximum(x, 0) + (slope * np.minimum(x, 0) if slope else 0.0)


@elementwise
def elu(x: ArrayLike, *, alpha: float = 1.0) -> NDArray:
    r"""The exponential linear unit.

    .. math:: f(x) = x \text{ if } x > 0, \quad \alpha (e^x - 1) \text{ otherwise}

    It has a kink at 0 unless α = 1. It tends to −α at −∞ and is ∞ at ∞. Any α > 0 is accepted.

    >>> elu([-1000.0, -1.0, 0.0, 1.0])
    array([-1.        , -0.63212056,  0.        ,  1.        ])
    """
    return np.maximum(x, 0) + alpha * np.expm1(np.minimum(x, 0))


@elementwise
def celu(x: ArrayLike, *, alpha: float = 1.0) -> NDArray:
    r"""The exponential linear unit without a kink, whatever α.

    .. math:: f(x) = x \text{ if } x > 0, \quad \alpha (e^{x/\alpha} - 1) \text{ otherwise}

    It has no kink; its second slope jumps at 0. It tends to −α at −∞ and is ∞ at ∞. Any α > 0 is accepted.

    >>> celu([-1000.0, -1.0, 0.0, 1.0], alpha=2.0)
    array([-2.        , -0.78693868,  0.        ,  1.        ])
    """
    t = x / alpha
    # Where e^t − 1 is t to the last digit, x itself is exact, while t may be subnormal.
    return np.where(t > -np.finfo(float).epsneg / 2, x, alpha * np.expm1(t))


@elementwise
def selu(x: ArrayLike) -> NDArray:
    r"""The self-normalising exponential linear unit.

    .. math:: f(x) = \lambda x \text{ if } x > 0, \quad \lambda \alpha (e^x - 1) \text{ otherwise}

    λ = 1.0507… and α = 1.6732… keep mean 0 and variance 1 under N(0, 1); the catalogue has them in closed form.
    It has a kink at 0. It tends to −λα at −∞ and is ∞ at ∞.

    >>> selu([-1000.0, 0.0, 1.0])
    array([-1.75809934,  0.        ,  1.05070099])
    """
    return SELU_RIGHT * np.maximum(x, 0) + SELU_LEFT * np.expm1(np.minimum(x, 0))


@elementwise
def softplus(x: ArrayLike, *, beta: float = 1.0) -> NDArray:
    r"""The smooth ReLU.

    .. math:: f(x) = \frac{\log(1 + e^{\beta x})}{\beta}

    It is smooth, tends to 0 at −∞ and is ∞ at ∞. Any β > 0 is accepted; the larger, the closer to ReLU.
    There is no threshold beyond which the linear part takes over, as none is needed.

    >>> softplus([-1000.0, 0.0, 1000.0])
    array([0.00000000e+00, 6.93147181e-01, 1.00000000e+03])
    >>> print(f"{softplus(-40.0):.6g}")
    4.24835e-18
    """
    # log(1 + e^{βx})/β = max(x, 0) + log(1 + e^{−β|x|})/β: both terms are positive, and no exponential overflows.
    t, lost = scaled(beta, -np.abs(x))
    e = np.exp(t)
    # log(1 + e) is e to the last digit where e < e^{−40}, and e/β may be far above the subnormal numbers when e is not.
    tail = times_exp((1 + lost) / beta, t, e)
    return np.maximum(x, 0) + np.where(t < -40, tail, np.log1p(e * (1 + lost)) / beta)
