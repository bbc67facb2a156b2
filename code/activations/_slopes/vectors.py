r"""Slopes of functions of several inputs: products of the Jacobian with a tangent."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from activations import values
from activations._arrays import along_axis
from activations._slopes.gates import gelu, silu
from activations._slopes.rectifiers import relu
from activations._slopes.sigmoids import sigmoid
from activations._values.vectors import groups, halves

__all__ = ["geglu", "glu", "log_softmax", "maxout", "reglu", "softmax", "sparsemax", "swiglu"]


@along_axis
def softmax(x: ArrayLike, tangent: ArrayLike, *, axis: int = -1) -> NDArray:
    r"""The Jacobian of the softmax times a tangent of the same shape.

    .. math:: (J v)_i = p_i \Bigl(v_i - \sum_j p_j v_j\Bigr), \qquad p = \operatorname{softmax}(x)

    It tends to 0 as one entry grows to ∞. A slice of −∞ alone gives NaN.

    >>> softmax([0.0, 0.0], [1.0, 0.0])
    array([ 0.25, -0.25])
    """
    p = values.softmax(x)
    return p * _centred(x, tangent, p)


@along_axis
def log_softmax(x: ArrayLike, tangent: ArrayLike, *, axis: int = -1) -> NDArray:
    r"""The Jacobian of the log-softmax times a tangent of the same shape.

    .. math:: (J v)_i = v_i - \sum_j p_j v_j, \qquad p = \operatorname{softmax}(x)

    As one entry m grows to ∞ it tends to :math:`v_i - v_m`. A slice of −∞ alone gives NaN.

    >>> log_softmax([0.0, 0.0], [1.0, 0.0])
    array([ 0.5, -0.5])
    """
    return _centred(x, tangent, values.softmax(x))


@along_axis
def sparsemax(x: ArrayLike, tangent: ArrayLike, *, axis: int = -1) -> NDArray:
    r"""The Jacobian of the sparsemax times a tangent of the same shape.

    .. math:: (J v)_i = v_i - \frac{1}{|S|} \sum_{j \in S} v_j \text{ if } i \in S, \quad 0 \text{ otherwise}

    S is the support, the entries whose output is positive; at a kink the entry that meets the threshold is outside.
    A slice of −∞ alone gives NaN.

    >>> sparsemax([1.0, 0.5, -1.0], [1.0, 0.0, 0.0])
    array([ 0.5, -0.5,  0. ])
    """
    p = values.sparsemax(x)
    support = p > 0
    mean = np.sum(tangent, axis=-1, keepdims=True, where=support) / support.sum(axis=-1, keepdims=True)
    return np.where(np.isnan(p), np.nan, np.where(support, tangent - mean, 0.0))


@along_axis
def maxout(x: ArrayLike, tangent: ArrayLike, *, pieces: int = 2, axis: int = -1) -> NDArray:
    r"""The Jacobian of maxout times a tangent of the same shape: the tangent of the largest of each group.

    .. math:: (J v)_g = v_m, \qquad m = \operatorname{argmax}(x_{gk}, \dots, x_{gk + k - 1}), \quad k = \text{pieces}

    At a kink the first of equal largest entries counts, as in torch; so it does among equal infinities.

    >>> maxout([1.0, 3.0, -2.0, -2.0], [0.1, 0.2, 0.3, 0.4])
    array([0.2, 0.3])
    """
    grouped = groups("maxout", x, pieces)
    picked = _at(groups("maxout", tangent, pieces), np.argmax(grouped, axis=-1, keepdims=True))
    return np.where(np.isnan(grouped).any(axis=-1), np.nan, picked[..., 0])


@along_axis
def glu(x: ArrayLike, tangent: ArrayLike, *, axis: int = -1) -> NDArray:
    r"""The Jacobian of the gated linear unit times a tangent of the same shape.

    .. math:: (J v)_i = \sigma(b_i)\,\dot a_i + a_i\,\sigma'(b_i)\,\dot b_i, \qquad x = (a, b),\ v = (\dot a, \dot b)

    It is smooth. Infinities follow the arithmetic of the products.

    >>> glu([2.0, 0.0], [1.0, 1.0])
    array([1.])
    """
    return _gated("glu", x, tangent, values.sigmoid, sigmoid)


@along_axis
def reglu(x: ArrayLike, tangent: ArrayLike, *, axis: int = -1) -> NDArray:
    r"""The Jacobian of the gated linear unit with a ReLU for a gate, times a tangent of the same shape.

    .. math:: (J v)_i = g(b_i)\,\dot a_i + a_i\,g'(b_i)\,\dot b_i, \qquad g = \operatorname{relu}

    The halves of x are (a, b), those of the tangent :math:`(\dot a, \dot b)`. At the kink b = 0 the slope of
    the gate is 0. Infinities follow the arithmetic of the products.

    >>> reglu([2.0, 3.0], [1.0, 1.0])
    array([5.])
    """
    return _gated("reglu", x, tangent, values.relu, relu)


@along_axis
def geglu(x: ArrayLike, tangent: ArrayLike, *, axis: int = -1) -> NDArray:
    r"""The Jacobian of the gated linear unit with a GELU for a gate, times a tangent of the same shape.

    .. math:: (J v)_i = g(b_i)\,\dot a_i + a_i\,g'(b_i)\,\dot b_i, \qquad g = \operatorname{gelu}

    The halves of x are (a, b), those of the tangent :math:`(\dot a, \dot b)`. It is smooth. Infinities
    follow the arithmetic of the products.

    >>> geglu([2.0, 0.0], [1.0, 1.0])
    array([1.])
    """
    return _gated("geglu", x, tangent, values.gelu, gelu)


@along_axis
def swiglu(x: ArrayLike, tangent: ArrayLike, *, axis: int = -1) -> NDArray:
    r"""The Jacobian of the gated linear unit with a SiLU for a gate, times a tangent of the same shape.

    .. math:: (J v)_i = g(b_i)\,\dot a_i + a_i\,g'(b_i)\,\dot b_i, \qquad g = \operatorname{silu}

    The halves of x are (a, b), those of the tangent :math:`(\dot a, \dot b)`. It is smooth. Infinities
    follow the arithmetic of the products.

    >>> swiglu([2.0, 0.0], [1.0, 1.0])
    array([1.])
    """
    return _gated("swiglu", x, tangent, values.silu, silu)


def _centred(x, tangent, p):
    # A constant added to the tangent changes nothing. The entry of the largest input is taken off first: in a nearly
    # one-hot slice its own deviation is then a sum of small terms, in which nothing cancels.
    deviation = tangent - _at(tangent, np.argmax(x, axis=-1, keepdims=True))
    return deviation - np.sum(p * deviation, axis=-1, keepdims=True)


def _gated(name, x, tangent, gate, gate_slope):
    a, b = halves(name, x)
    a_dot, b_dot = halves(name, tangent)
    return gate(b) * a_dot + a * gate_slope(b) * b_dot


def _at(array, index):
    return np.take_along_axis(array, index, axis=-1)
