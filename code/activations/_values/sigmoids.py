r"""Steps and S-shaped curves: values that level off on both sides (on one for the log-sigmoid), and two waves."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from activations._arrays import elementwise, ufunc
from activations._stable import times_logistic

__all__ = [
    "arctan",
    "cosine",
    "hardsigmoid",
    "hardtanh",
    "heaviside",
    "logsigmoid",
    "sigmoid",
    "sine",
    "softsign",
    "tanh",
]


@elementwise
def heaviside(x: ArrayLike) -> NDArray:
    r"""The Heaviside step, 1 from the threshold on.

    .. math:: H(x) = 1 \text{ if } x \ge 0, \quad 0 \text{ otherwise}

    It jumps at 0, where its value is 1. It is 0 at −∞ and 1 at ∞.

    >>> heaviside([-1.0, 0.0, 1.0])
    array([0., 1., 1.])
    """
    return x >= 0


@elementwise
def sigmoid(x: ArrayLike) -> NDArray:
    r"""The logistic sigmoid.

    .. math:: \sigma(x) = \frac{1}{1 + e^{-x}}

    It is smooth, tends to 0 at −∞ and to 1 at ∞.

    >>> sigmoid([-1.0, 0.0, 1.0])
    array([0.26894142, 0.5       , 0.73105858])
    >>> print(f"{sigmoid(-700.0):.6g}")
    9.85968e-305
    """
    return times_logistic(1.0, x)


@elementwise
def logsigmoid(x: ArrayLike) -> NDArray:
    r"""The logarithm of the sigmoid.

    .. math:: \log \sigma(x) = -\log(1 + e^{-x})

    It is smooth, follows x towards −∞ and tends to 0 at ∞.

    >>> logsigmoid([-1000.0, -1.0, 0.0, 1.0])
    array([-1.00000000e+03, -1.31326169e+00, -6.93147181e-01, -3.13261688e-01])
    """
    # −log(1 + e^{−x}) = min(x, 0) − log(1 + e^{−|x|}): both terms are negative, and the exponential never overflows.
    return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))


@ufunc
def tanh(x: ArrayLike) -> NDArray:
    r"""The hyperbolic tangent.

    .. math:: \tanh x = \frac{e^x - e^{-x}}{e^x + e^{-x}}

    It is smooth and odd, tends to −1 at −∞ and to 1 at ∞.

    >>> tanh([-1.0, 0.0, 1.0])
    array([-0.76159416,  0.        ,  0.76159416])
    """
    return np.tanh(x)


@elementwise
def hardtanh(x: ArrayLike, *, min_val: float = -1.0, max_val: float = 1.0) -> NDArray:
    r"""The identity, clipped.

    .. math:: f(x) = \min(\max(x, a), b), \qquad a = \text{min\_val},\ b = \text{max\_val}

    It has kinks at a and b, tends to a at −∞ and to b at ∞. Any finite a < b is accepted.

    >>> hardtanh([-2.0, -1.0, 0.5, 1.0, 2.0])
    array([-1. , -1. ,  0.5,  1. ,  1. ])
    """
    return np.clip(x, min_val, max_val)


@elementwise
def softsign(x: ArrayLike) -> NDArray:
    r"""The softsign, which levels off as slowly as 1/x.

    .. math:: f(x) = \frac{x}{1 + |x|}

    Its second slope jumps at 0. It tends to −1 at −∞ and to 1 at ∞.

    >>> softsign([-1.0, 0.0, 3.0])
    array([-0.5 ,  0.  ,  0.75])
    """
    # A finite stand-in for ±∞: at the largest float the quotient is already ±1.
    x = np.clip(x, np.finfo(x.dtype).min, np.finfo(x.dtype).max)
    return x / (1 + np.abs(x))


@ufunc
def arctan(x: ArrayLike) -> NDArray:
    r"""The arctangent.

    .. math:: f(x) = \arctan x

    It is smooth and odd, tends to −π/2 at −∞ and to π/2 at ∞.

    >>> arctan([-1.0, 0.0, 1.0])
    array([-0.78539816,  0.        ,  0.78539816])
    """
    return np.arctan(x)


@elementwise
def hardsigmoid(x: ArrayLike) -> NDArray:
    r"""The piecewise linear sigmoid of slope 1/6.

    .. math:: f(x) = \frac{\min(\max(x + 3, 0), 6)}{6}

    It has kinks at −3 and 3. It is 0 at −∞ and 1 at ∞.

    >>> hardsigmoid([-3.0, 0.0, 1.5, 3.0])
    array([0.  , 0.5 , 0.75, 1.  ])
    """
    return np.clip(x + 3, 0, 6) / 6


@ufunc
def sine(x: ArrayLike) -> NDArray:
    r"""The sine.

    .. math:: f(x) = \sin x

    It is smooth and odd. It has no limit at ±∞, where NaN is given.

    >>> sine([-np.pi / 2, 0.0, np.pi / 2])
    array([-1.,  0.,  1.])
    """
    return np.sin(x)


@ufunc
def cosine(x: ArrayLike) -> NDArray:
    r"""The cosine.

    .. math:: f(x) = \cos x

    It is smooth and even. It has no limit at ±∞, where NaN is given.

    >>> cosine([-np.pi, 0.0, np.pi])
    array([-1.,  1., -1.])
    """
    return np.cos(x)
