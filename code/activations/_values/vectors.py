r"""Functions of several inputs at once: the softmax family, maxout and the gated linear units."""

from __future__ import annotations

import operator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from activations._arrays import along_axis
from activations._stable import compensated_sum, difference, times_exp
from activations._values.gates import gelu, silu
from activations._values.rectifiers import relu
from activations._values.sigmoids import sigmoid

__all__ = ["geglu", "glu", "groups", "halves", "log_softmax", "maxout", "reglu", "softmax", "sparsemax", "swiglu"]


@along_axis
def softmax(x: ArrayLike, *, axis: int = -1) -> NDArray:
    r"""The softmax, which turns scores into probabilities.

    .. math:: f_i(x) = \frac{e^{x_i}}{\sum_j e^{x_j}}

    It is smooth. An entry −∞ gives exactly 0. Entries ∞ share the whole equally, as equal large entries do. A slice of
    −∞ alone leaves nothing to share and gives NaN.

    >>> softmax([1000.0, 1000.0, -np.inf])
    array([0.5, 0.5, 0. ])
    """
    # A constant added to all entries changes nothing, so the largest is taken off and no exponential overflows.
    powers = _exp_below(x, _largest(x))
    return powers / compensated_sum(powers)


@along_axis
def log_softmax(x: ArrayLike, *, axis: int = -1) -> NDArray:
    r"""The logarithm of the softmax.

    .. math:: f_i(x) = x_i - \log \sum_j e^{x_j}

    It is smooth. An entry −∞ gives −∞. Entries ∞ share the whole equally, as equal large entries do. A slice of −∞
    alone gives NaN.

    >>> log_softmax([1000.0, 0.0])
    array([    0., -1000.])
    >>> print(f"{log_softmax([40.0, 0.0])[0]:.6g}")
    -4.24835e-18
    """
    # With m the largest entry and r the sum of e^{x_j − m} over the others it is (x_i − m) − log(1 + r): both terms are
    # negative, and a small r keeps its digits. r itself is e^{s − m} times a sum of at least 1, s being the second.
    top = _largest(x)
    others = np.sort(x, axis=-1)[..., :-1]
    second = others.max(axis=-1, keepdims=True, initial=-np.inf)
    count = _exp_below(others, second).sum(axis=-1, keepdims=True)
    gap, gap_lost = difference(second, top)
    rest = times_exp(count * (1 + gap_lost), gap, np.exp(gap))
    below, _ = difference(x, top)
    return below - np.log1p(rest)


@along_axis
def sparsemax(x: ArrayLike, *, axis: int = -1) -> NDArray:
    r"""The sparsemax, the point of the probability simplex nearest to the input.

    .. math:: f_i(x) = \max(x_i - \tau(x), 0), \qquad \tau \text{ such that } \sum_i f_i(x) = 1

    It has a kink wherever an entry meets the threshold τ. An entry −∞ gives 0. Entries ∞ share the whole equally, as
    equal large entries do. A slice of −∞ alone gives NaN.

    >>> sparsemax([1.0, 0.5, -1.0])
    array([0.75, 0.25, 0.  ])
    """
    below, _ = difference(x, _largest(x))
    falling = -np.sort(-below, axis=-1)
    # τ is the largest of (sum of the k largest − 1)/k.
    tau = (np.cumsum(falling, axis=-1) - 1) / np.arange(1, x.shape[-1] + 1)
    return np.maximum(below - tau.max(axis=-1, keepdims=True), 0)


@along_axis
def maxout(x: ArrayLike, *, pieces: int = 2, axis: int = -1) -> NDArray:
    r"""The largest of each group of consecutive entries.

    .. math:: f_g(x) = \max(x_{gk}, \dots, x_{gk + k - 1}), \qquad k = \text{pieces}

    It has a kink wherever the largest of a group is not alone. Infinities are compared like other numbers. The axis
    shrinks from n to n/k entries, so k must divide n.

    >>> maxout([1.0, 3.0, -2.0, -5.0])
    array([ 3., -2.])
    """
    return groups("maxout", x, pieces).max(axis=-1)


@along_axis
def glu(x: ArrayLike, *, axis: int = -1) -> NDArray:
    r"""The gated linear unit: half the inputs, gated by the sigmoid of the other half.

    .. math:: f_i(a, b) = a_i\,\sigma(b_i)

    a is the first half of the axis and b, the gate, the second, as in torch; the axis shrinks to half its length, which
    must be even. It is smooth. Infinities follow the arithmetic of the product: an infinite a beside a gate of 0 is
    NaN.

    >>> glu([2.0, 0.0])
    array([1.])
    """
    a, b = halves("glu", x)
    return a * sigmoid(b)


@along_axis
def reglu(x: ArrayLike, *, axis: int = -1) -> NDArray:
    r"""The gated linear unit with a ReLU for a gate.

    .. math:: f_i(a, b) = a_i \max(b_i, 0)

    a is the first half of the axis and b, the gate, the second; the axis shrinks to half its length, which must be
    even. It has a kink where b is 0. Infinities follow the arithmetic of the product: an infinite a beside a gate of 0
    is NaN.

    >>> reglu([2.0, 3.0, 5.0, -1.0])
    array([10.,  0.])
    """
    a, b = halves("reglu", x)
    return a * relu(b)


@along_axis
def geglu(x: ArrayLike, *, axis: int = -1) -> NDArray:
    r"""The gated linear unit with a GELU for a gate.

    .. math:: f_i(a, b) = a_i\,b_i\,\Phi(b_i)

    a is the first half of the axis and b, the gate, the second; the axis shrinks to half its length, which must be
    even. It is smooth. Infinities follow the arithmetic of the product: an infinite a beside a gate of 0 is NaN.

    >>> geglu([2.0, 1.0])
    array([1.68268949])
    """
    a, b = halves("geglu", x)
    return a * gelu(b)


@along_axis
def swiglu(x: ArrayLike, *, axis: int = -1) -> NDArray:
    r"""The gated linear unit with a SiLU for a gate.

    .. math:: f_i(a, b) = a_i\,b_i\,\sigma(b_i)

    a is the first half of the axis and b, the gate, the second; the axis shrinks to half its length, which must be
    even. It is smooth. Infinities follow the arithmetic of the product: an infinite a beside a gate of 0 is NaN.

    >>> swiglu([2.0, 1.0])
    array([1.46211716])
    """
    a, b = halves("swiglu", x)
    return a * silu(b)


def groups(name: str, x: NDArray, pieces: object) -> NDArray:
    """``x`` with its last axis cut into groups of ``pieces`` consecutive entries, each an axis of its own."""
    length = x.shape[-1]
    try:
        size = operator.index(pieces)
    except TypeError:
        raise ValueError(f"{name}: pieces must be a positive integer, got {pieces!r}") from None
    if size < 1 or length % size:
        raise ValueError(f"{name}: pieces must be a positive divisor of the axis's {length} entries, got {pieces}")
    return x.reshape(*x.shape[:-1], length // size, size)


def halves(name: str, x: NDArray) -> tuple[NDArray, NDArray]:
    """The first and the second half of the last axis."""
    if x.shape[-1] % 2:
        raise ValueError(f"{name}: halves its axis, which needs an even number of entries, got {x.shape[-1]}")
    first, second = np.split(x, 2, axis=-1)
    return first, second


def _largest(x):
    # Nothing can be compared with a slice of −∞ alone: NaN.
    top = x.max(axis=-1, keepdims=True)
    return np.where(top == -np.inf, np.nan, top)


def _exp_below(x, top):
    below, lost = difference(x, top)
    return np.exp(below) * (1 + lost)
