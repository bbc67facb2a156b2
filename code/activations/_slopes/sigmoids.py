r"""Slopes of steps, S-shaped curves and waves."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from activations._arrays import elementwise, ufunc
from activations._stable import times_exp, times_logistic

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
    r"""The slope of the Heaviside step: none to learn from.

    .. math:: H'(x) = 0

    It is 0 at the jump too, as on both sides of it, and at ±∞.

    >>> heaviside([-1.0, 0.0, 1.0])
    array([0., 0., 0.])
    """
    return 0.0


@elementwise
def sigmoid(x: ArrayLike) -> NDArray:
    r"""The slope of the logistic sigmoid.

    .. math:: \sigma'(x) = \sigma(x)(1 - \sigma(x)) = \frac{e^{-|x|}}{(1 + e^{-|x|})^2}

    It is 1/4 at 0 and tends to 0 at ±∞.

    >>> sigmoid([-1.0, 0.0, 1.0])
    array([0.19661193, 0.25      , 0.19661193])
    >>> print(f"{sigmoid(40.0):.6g}")
    4.24835e-18
    """
    # 1 − σ cancels where σ is near 1; the even form does not. (1 + e)² = 1 + e(2 + e) saves a rounding.
    e = np.exp(-np.abs(x))
    return e / (1 + e * (2 + e))


@elementwise
def logsigmoid(x: ArrayLike) -> NDArray:
    r"""The slope of the log-sigmoid.

    .. math:: (\log \sigma)'(x) = \sigma(-x)

    It tends to 1 at −∞ and to 0 at ∞.

    >>> logsigmoid([-1.0, 0.0, 1.0])
    array([0.73105858, 0.5       , 0.26894142])
    """
    return times_logistic(1.0, -x)


@elementwise
def tanh(x: ArrayLike) -> NDArray:
    r"""The slope of the hyperbolic tangent.

    .. math:: \tanh'(x) = 1 - \tanh^2 x = \frac{4 e^{-2|x|}}{(1 + e^{-2|x|})^2}

    It is 1 at 0 and tends to 0 at ±∞.

    >>> tanh([-1.0, 0.0, 1.0])
    array([0.41997434, 1.        , 0.41997434])
    >>> print(f"{tanh(20.0):.6g}")
    1.69934e-17
    """
    # 1 − tanh² cancels where tanh is near ±1; the form with exponentials does not. (1 + e)² = 1 + e(2 + e) saves a
    # rounding.
    t = -2 * np.abs(x)
    e = np.exp(t)
    return times_exp(4.0, t, e) / (1 + e * (2 + e))


@elementwise
def hardtanh(x: ArrayLike, *, min_val: float = -1.0, max_val: float = 1.0) -> NDArray:
    r"""The slope of the clipped identity.

    .. math:: f'(x) = 1 \text{ if } a < x < b, \quad 0 \text{ otherwise}

    a is ``min_val`` and b is ``max_val``. At the kinks a and b it is 0, as in torch, and at ±∞
    too. Any finite a < b is accepted.

    >>> hardtanh([-2.0, -1.0, 0.5, 1.0, 2.0])
    array([0., 0., 1., 0., 0.])
    """
    return (x > min_val) & (x < max_val)


@elementwise
def softsign(x: ArrayLike) -> NDArray:
    r"""The slope of the softsign.

    .. math:: f'(x) = \frac{1}{(1 + |x|)^2}

    It is 1 at 0, where it has a corner, and tends to 0 at ±∞.

    >>> softsign([-1.0, 0.0, 3.0])
    array([0.25  , 1.    , 0.0625])
    """
    # Two divisions, as the square would overflow where its reciprocal is still subnormal.
    denominator = 1 + np.abs(x)
    return 1 / denominator / denominator


@elementwise
def arctan(x: ArrayLike) -> NDArray:
    r"""The slope of the arctangent.

    .. math:: f'(x) = \frac{1}{1 + x^2}

    It is 1 at 0 and tends to 0 at ±∞.

    >>> arctan([-1.0, 0.0, 3.0])
    array([0.5, 1. , 0.1])
    """
    # Where the 1 is lost the slope is 1/x²; two divisions, as the square may overflow.
    return np.where(np.abs(x) < 1e8, 1 / (1 + x * x), 1 / x / x)


@elementwise
def hardsigmoid(x: ArrayLike) -> NDArray:
    r"""The slope of the piecewise linear sigmoid.

    .. math:: f'(x) = \tfrac{1}{6} \text{ if } |x| < 3, \quad 0 \text{ otherwise}

    At the kinks −3 and 3 it is 0, as in torch, and at ±∞ too.

    >>> hardsigmoid([-3.0, 0.0, 3.0])
    array([0.        , 0.16666667, 0.        ])
    """
    return (np.abs(x) < 3) / 6


@ufunc
def sine(x: ArrayLike) -> NDArray:
    r"""The slope of the sine.

    .. math:: f'(x) = \cos x

    It has no limit at ±∞, where NaN is given.

    >>> sine([-np.pi, 0.0, np.pi])
    array([-1.,  1., -1.])
    """
    return np.cos(x)


@ufunc
def cosine(x: ArrayLike) -> NDArray:
    r"""The slope of the cosine.

    .. math:: f'(x) = -\sin x

    It has no limit at ±∞, where NaN is given.

    >>> cosine([-np.pi / 2, np.pi / 2])
    array([ 1., -1.])
    """
    return -np.sin(x)
