r"""Slopes of ReLU and its relatives."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from activations._arrays import elementwise
from activations._stable import product, scaled, times_exp, times_logistic
from activations._values.rectifiers import SELU_LEFT, SELU_RIGHT

__all__ = [
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


@elementwise
def identity(x: ArrayLike) -> NDArray:
    r"""The slope of the identity.

    .. math:: f'(x) = 1

    It is 1 at ±∞ too.

    >>> identity([-1.0, 0.0, 1.0])
    array([1., 1., 1.])
    """
    return 1.0


@elementwise
def relu(x: ArrayLike) -> NDArray:
    r"""The slope of the rectified linear unit.

    .. math:: f'(x) = 1 \text{ if } x > 0, \quad 0 \text{ otherwise}

    At the kink 0 it is 0, as in torch. It is 0 at −∞ and 1 at ∞.

    >>> relu([-1.0, 0.0, 1.0])
    array([0., 0., 1.])
    """
    return x > 0


@elementwise
def relu6(x: ArrayLike) -> NDArray:
    r"""The slope of the rectified linear unit that stops at 6.

    .. math:: f'(x) = 1 \text{ if } 0 < x < 6, \quad 0 \text{ otherwise}

    At the kinks 0 and 6 it is 0, as in torch, and at ±∞ too.

    >>> relu6([-1.0, 0.0, 3.0, 6.0, 7.0])
    array([0., 0., 1., 0., 0.])
    """
    return (x > 0) & (x < 6)


@elementwise
def squared_relu(x: ArrayLike) -> NDArray:
    r"""The slope of the squared rectified linear unit.

    .. math:: f'(x) = 2 \max(x, 0)

    It is 0 at 0, where it has a corner, 0 at −∞ and ∞ at ∞.

    >>> squared_relu([-1.0, 0.0, 3.0])
    array([0., 0., 6.])
    """
    return 2 * np.maximum(x, 0)


@elementwise
def leaky_relu(x: ArrayLike, *, negative_slope: float = 0.01) -> NDArray:
    r"""The slope of the leaky rectified linear unit.

    .. math:: f'(x) = 1 \text{ if } x > 0, \quad a \text{ otherwise}, \qquad a = \text{negative\_slope}

    At the kink 0 it is a, as in torch. It is a at −∞ and 1 at ∞.

    >>> leaky_relu([-1.0, 0.0, 1.0])
    array([0.01, 0.01, 1.  ])
    """
    return np.where(x > 0, 1.0, negative_slope)


@elementwise
def prelu(x: ArrayLike, *, weight: float = 0.25) -> NDArray:
    r"""The slope of the rectified linear unit whose slope on the left is learned.

    .. math:: f'(x) = 1 \text{ if } x > 0, \quad w \text{ otherwise}, \qquad w = \text{weight}

    At the kink 0 it is w, as in torch. It is w at −∞ and 1 at ∞.

    >>> prelu([-1.0, 0.0, 1.0])
    array([0.25, 0.25, 1.  ])
    """
    return np.where(x > 0, 1.0, weight)


@elementwise
def rrelu(x: ArrayLike, *, lower: float = 1 / 8, upper: float = 1 / 3) -> NDArray:
    r"""The slope of the randomised leaky ReLU with the mean of its slopes.

    .. math:: f'(x) = 1 \text{ if } x > 0, \quad \tfrac{1}{2}(\text{lower} + \text{upper}) \text{ otherwise}

    At the kink 0 it is the mean, as in torch. It is the mean at −∞ and 1 at ∞.

    >>> rrelu([-1.0, 0.0, 1.0])
    array([0.22916667, 0.22916667, 1.        ])
    """
    return np.where(x > 0, 1.0, (lower + upper) / 2)


@elementwise
def elu(x: ArrayLike, *, alpha: float = 1.0) -> NDArray:
    r"""The slope of the exponential linear unit.

    .. math:: f'(x) = 1 \text{ if } x > 0, \quad \alpha e^x \text{ otherwise}

    At 0 it is α, as in torch. It tends to 0 at −∞ and is 1 at ∞. Any α > 0 is accepted.

    >>> elu([-1.0, 0.0, 1.0], alpha=2.0)
    array([0.73575888, 2.        , 1.        ])
    """
    return np.where(x > 0, 1.0, times_exp(alpha, x, np.exp(x)))


@elementwise
def celu(x: ArrayLike, *, alpha: float = 1.0) -> NDArray:
    r"""The slope of the exponential linear unit without a kink.

    .. math:: f'(x) = 1 \text{ if } x > 0, \quad e^{x/\alpha} \text{ otherwise}

    It is 1 at 0, where it has a corner, tends to 0 at −∞ and is 1 at ∞. Any α > 0 is accepted.

    >>> celu([-1.0, 0.0, 1.0], alpha=2.0)
    array([0.60653066, 1.        , 1.        ])
    """
    t = x / alpha
    # What rounding took from the quotient is its remainder over α.
    whole, whole_lost = product(alpha, t)
    lost = np.where(np.abs(t) < 1000, ((x - whole) - whole_lost) / alpha, 0.0)
    return np.where(x > 0, 1.0, np.exp(t) * (1 + lost))


@elementwise
def selu(x: ArrayLike) -> NDArray:
    r"""The slope of the self-normalising exponential linear unit.

    .. math:: f'(x) = \lambda \text{ if } x > 0, \quad \lambda \alpha e^x \text{ otherwise}

    At the kink 0 it is λα, as in torch. It tends to 0 at −∞ and is λ at ∞.

    >>> selu([-1.0, 0.0, 1.0])
    array([0.6467686 , 1.75809934, 1.05070099])
    """
    return np.where(x > 0, SELU_RIGHT, times_exp(SELU_LEFT, x, np.exp(x)))


@elementwise
def softplus(x: ArrayLike, *, beta: float = 1.0) -> NDArray:
    r"""The slope of the smooth ReLU.

    .. math:: f'(x) = \sigma(\beta x)

    It tends to 0 at −∞ and to 1 at ∞. Any β > 0 is accepted.

    >>> softplus([-1.0, 0.0, 1.0])
    array([0.26894142, 0.5       , 0.73105858])
    """
    return times_logistic(1.0, *scaled(beta, x))
