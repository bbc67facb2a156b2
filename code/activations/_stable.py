r"""Parts of formulas that keep their digits in floating point, shared by values and slopes.

They work on float64 arrays. Three causes of lost digits are met here, each once:

- an argument rounded before :math:`e^t` costs :math:`|t|/2` units in the last place, so products and differences that
  go into an exponential keep what rounding took from them (:func:`scaled`, :func:`difference`);
- :math:`e^t` alone is subnormal or 0 long before :math:`s\,e^t` is (:func:`times_exp`);
- :math:`1 - \Phi(a)` cancels (:func:`scaled_upper_tail`).
"""

from __future__ import annotations

import math

import numpy as np
import sympy as sp

__all__ = [
    "compensated_sum",
    "difference",
    "gelu_tanh_exponent",
    "gelu_tanh_exponent_slope",
    "product",
    "quotient",
    "repaired_tail",
    "scaled",
    "scaled_upper_tail",
    "split",
    "times_exp",
    "times_logistic",
    "two_sum",
]

# Beyond this e^t is 0 or infinite, and nothing is gained by what rounding took from t (it may even be NaN there).
_EXP_SATURATES = 2048.0

# Below this e^t is close to the subnormal numbers, which hold fewer digits. It is then e^{t + 314}·e^{−314}: the sum is
# exact, and so is e^{−314} but for a 2000th of a unit in its last place.
_EXP_LOSES_DIGITS, _EXP_SHIFT = -690.0, 314.0
_EXP_SHIFTED = math.exp(-_EXP_SHIFT)


def split(number: sp.Expr) -> tuple[float, float]:
    """An exact number as an unevaluated sum of two floats, 106 bits in all."""
    high = float(number.evalf(40))
    return high, float((number - sp.Rational(high)).evalf(20))


def two_sum(a, b):
    """``a + b`` rounded, and what rounding took from it (Knuth)."""
    total = a + b
    back = total - a
    return total, (a - (total - back)) + (b - back)


def compensated_sum(terms):
    """The sum along the last axis, which is kept with length 1, with hardly more error than one rounding."""
    lost = 0.0
    while terms.shape[-1] > 1:
        half = terms.shape[-1] // 2
        sums, rest = two_sum(terms[..., :half], terms[..., half : 2 * half])
        lost = lost + rest.sum(axis=-1, keepdims=True)
        terms = np.concatenate([sums, terms[..., 2 * half :]], axis=-1)
    return terms + lost


def difference(a, b):
    """``a − b`` for use in an exponential: rounded, and what rounding took from it.

    Equal infinities differ by 0.
    """
    total, lost = two_sum(a, -b)
    return np.where(a == b, 0.0, total), np.where(np.abs(total) < _EXP_SATURATES, lost, 0.0)


def scaled(factor: float, x):
    """``factor·x`` for use in an exponential: rounded, and what rounding took from it."""
    if math.frexp(factor)[0] == 0.5:  # a power of two: nothing is rounded
        return factor * x, 0.0
    rounded, lost = product(factor, x)
    return rounded, np.where(np.abs(rounded) < _EXP_SATURATES, lost, 0.0)


def product(a, b):
    """``a·b`` rounded, and what rounding took from it (Dekker); NaN for the latter where the product overflows."""
    rounded = a * b
    a_top, b_top = _top_half(a), _top_half(b)
    a_rest, b_rest = a - a_top, b - b_top
    return rounded, ((a_top * b_top - rounded) + a_top * b_rest + a_rest * b_top) + a_rest * b_rest


def quotient(a, a_rest, b, b_rest):
    """``(a + a_rest)/(b + b_rest)`` with hardly more error than one rounding."""
    rounded = a / b
    whole, lost = product(rounded, b)
    return rounded + (((a - whole) - lost) + a_rest - rounded * b_rest) / b


def _top_half(v):
    # With its last 27 bits cleared a number has 26 left: the product of two such is exact.
    return (np.asarray(v, np.float64).view(np.int64) & -(1 << 27)).view(np.float64)


def times_exp(scale, t, e):
    """``scale·e`` for ``e = exp(t)`` and t ≤ 0, with all its digits where e alone has lost some to underflow."""
    return repaired_tail(scale * e, scale, t)


def repaired_tail(result, scale, t):
    """``result``, with ``scale·exp(t)`` put in where exp(t) has lost digits to underflow."""
    if not t.min(initial=0) >= _EXP_LOSES_DIGITS:  # NaN may hide smaller ones
        far = t < _EXP_LOSES_DIGITS
        result[far] = np.broadcast_to(scale, far.shape)[far] * np.exp(t[far] + _EXP_SHIFT) * _EXP_SHIFTED
    return result


def times_logistic(scale, t, lost=0.0):
    """``scale·σ(t + lost)``, ``lost`` being what rounding took from t; ``scale`` is finite where t < 0."""
    # Where e^{-t} overflows, σ(t) is e^t to the last digit; there the tail is put in.
    # e^{t + lost} is e^t·(1 + lost), as lost² is negligible.
    return repaired_tail(scale / (1 + np.exp(-t) * (1 - lost)), scale * (1 + lost), t)


# The nodes of the midpoint rule below. The step is chosen so that its error, about exp(−2π²/h²), is below 1e−17 and
# that the squares of the nodes are exact; beyond the last node the weights are below 1e−17 too.
_STEP = 11 / 16
_NODE_SQUARES = (_STEP * (np.arange(13) + 0.5)) ** 2
_WEIGHTS = np.exp(-_NODE_SQUARES / 2)
_POLE_FADES = 9.0


def scaled_upper_tail(a):
    r"""``exp(a²/2)·Q(a)`` for a ≥ 0, where Q = 1 − Φ is the upper tail of the standard normal distribution.

    It is the midpoint rule with step h for :math:`\frac{a}{2\pi}\int \frac{e^{-s^2/2}}{s^2 + a^2}\,ds`, with the
    residue at the pole s = ia (Matta and Reichel 1971, Hunter and Regan 1972). All terms are positive: none cancels.
    """
    square = a * a
    total = np.zeros_like(a)
    for node_square, weight in zip(_NODE_SQUARES[::-1], _WEIGHTS[::-1], strict=True):  # smallest first
        total += weight / (node_square + square)
    # The residue is negligible where its formula would overflow.
    near = np.minimum(a, _POLE_FADES)
    return (_STEP / np.pi) * a * total + np.exp(near * near / 2) / (np.exp((2 * np.pi / _STEP) * near) + 1)


_GELU_TANH_LINEAR = split(2 * sp.sqrt(2 / sp.pi))
_GELU_TANH_CUBIC = split(2 * sp.sqrt(2 / sp.pi) * sp.Rational(44715, 10**6))


def gelu_tanh_exponent(x):
    r""":math:`2\sqrt{2/\pi}\,(x + 0.044715\,x^3)` in 106 bits, rounded and the rest, for \|x\| ≤ 30.

    It goes into an exponential, where its rounding error would grow with x³.
    """
    square, square_rest = product(x, x)
    cubic, cubic_rest = product(_GELU_TANH_CUBIC[0], square)
    factor, factor_rest = two_sum(_GELU_TANH_LINEAR[0], cubic)
    factor_rest += _GELU_TANH_LINEAR[1] + cubic_rest + _GELU_TANH_CUBIC[0] * square_rest + _GELU_TANH_CUBIC[1] * square
    exponent, rest = product(x, factor)
    return exponent, rest + x * factor_rest


def gelu_tanh_exponent_slope(x):
    """The slope of :func:`gelu_tanh_exponent`."""
    return _GELU_TANH_LINEAR[0] + 3 * _GELU_TANH_CUBIC[0] * x * x
