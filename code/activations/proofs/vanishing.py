r"""When a product of slopes and weights shrinks, and how little room there is for it to grow.

A sigmoid unit with input :math:`a` multiplies what flows back by :math:`w\,\sigma'(wa + b)`. Written with
:math:`2t` for the weighted sum, the slope is :math:`1/(4\cosh^2 t)`, and the rest follows.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import sympy as sp
from mpmath import mp
from sympy import Derivative, Eq, Lambda, cosh, tanh

from ..catalogue import get
from ..catalogue import x as _point
from .derivation import Derivation
from .sigmoid import sigma

__all__ = [
    "condition_slope",
    "norm_gap",
    "relu_mean_square",
    "slope_by_cosh",
    "steepness_at_the_edge",
    "t",
    "unit_factor",
    "widest",
    "width",
    "width_slope",
    "window",
]

t = sp.Symbol("t", positive=True)
"""Half the weighted sum at the right-hand edge of the window."""

_s, _a, _b = sp.Symbol("s", positive=True), sp.Symbol("a", real=True), sp.Symbol("b", real=True)
_SIGMA = {sigma: Lambda(_point, get("sigmoid").expr)}

# --- the window -------------------------------------------------------------------------------------------------------


def unit_factor() -> Derivation:
    r"""What a sigmoid unit multiplies a gradient by: its weight times its slope.

    .. math:: \frac{d}{da}\,\sigma(wa + b) = w\,\sigma(wa + b)\bigl(1 - \sigma(wa + b)\bigr)
    """
    w = sp.Symbol("w", real=True)
    out = sigma(w * _a + _b)
    return Derivation(Derivative(out, _a), where=_SIGMA).then(w * out * (1 - out), because="the chain rule")


def slope_by_cosh() -> Derivation:
    r"""The sigmoid's slope as a hyperbolic cosine: even, and falling on either side of 0.

    .. math:: \sigma'(2t) = \frac{1}{4\cosh^2 t}
    """
    return (
        Derivation(sigma(2 * t) * (1 - sigma(2 * t)), where=_SIGMA)
        .then(1 / (sp.exp(t) + sp.exp(-t)) ** 2, because="the definition, and $e^{2t}$ taken out of the square")
        .then(1 / (4 * cosh(t) ** 2), because="the definition of cosh")
    )


def steepness_at_the_edge() -> Derivation:
    r"""The size s of the weight for which the factor is exactly 1 where the weighted sum is 2t.

    .. math:: s\,\sigma'(2t) = 1 \iff s = 4\cosh^2 t
    """
    edge = Eq(_s / (4 * cosh(t) ** 2), 1, evaluate=False)
    return Derivation(edge).solve_for(_s, because="solve for the size of the weight")


def width() -> Derivation:
    r"""The width of the window of inputs a: the sums −2t … 2t, divided by the size of the weight.

    .. math:: \frac{4t}{s} = \frac{t}{\cosh^2 t}
    """
    return Derivation(4 * t / _s).use(steepness_at_the_edge(), because="the weight whose window ends there")


def width_slope() -> Derivation:
    r"""How the width changes with t: it rises while t tanh t < ½ and falls afterwards.

    .. math:: \frac{d}{dt} \frac{t}{\cosh^2 t} = \frac{1 - 2t\tanh t}{\cosh^2 t}
    """
    return Derivation(Derivative(t / cosh(t) ** 2, t)).then(
        (1 - 2 * t * tanh(t)) / cosh(t) ** 2, because="the quotient rule"
    )


def condition_slope() -> Derivation:
    r"""t tanh t rises for t > 0, so it passes ½ once.

    .. math:: \frac{d}{dt}\, t\tanh t = \tanh t + \frac{t}{\cosh^2 t}
    """
    return Derivation(Derivative(t * tanh(t), t)).then(tanh(t) + t / cosh(t) ** 2, because="the product rule")


def widest(digits: int = 30) -> tuple[sp.Float, sp.Float, sp.Float]:
    r"""The point t, the size of the weight and the width at which the window is widest, to so many digits.

    .. math:: t\tanh t = \tfrac12, \qquad s = 4\cosh^2 t, \qquad \text{width} = t/\cosh^2 t

    Raises ValueError for fewer than 1 digit.

    >>> [round(float(number), 4) for number in widest()]
    [0.7717, 6.8942, 0.4477]
    """
    if digits < 1:
        raise ValueError(f"widest: digits must be at least 1, got {digits}")
    with mp.workdps(digits + 10):
        at = mp.findroot(lambda t: t * mp.tanh(t) - mp.mpf(1) / 2, 0.77)
        numbers = at, 4 * mp.cosh(at) ** 2, at / mp.cosh(at) ** 2
    return tuple(sp.Float(number, digits) for number in numbers)


def window(weight: float, bias: float = 0.0) -> tuple[float, float] | None:
    r"""The inputs at which a sigmoid unit's factor has size 1 or more, or None where there are none.

    .. math:: |w\,\sigma'(wa + b)| \ge 1 \iff |wa + b| \le 2 \operatorname{arcosh}\tfrac{\sqrt{|w|}}{2}

    >>> window(3.9) is None, window(4.0, -2.0)
    (True, (0.5, 0.5))
    """
    if abs(weight) < 4:
        return None
    edge = 2 * float(mp.acosh(mp.sqrt(abs(weight)) / 2))
    low, high = sorted(((-edge - bias) / weight, (edge - bias) / weight))
    return low, high


# --- layers -----------------------------------------------------------------------------------------------------------


def norm_gap(units: int = 3) -> Derivation:
    r"""A diagonal matrix stretches no vector by more than its largest entry: the gap is a sum of squares.

    .. math:: M^2 \sum_i y_i^2 - \sum_i (d_i y_i)^2 = \sum_i (M^2 - d_i^2)\, y_i^2

    Raises ValueError for no unit.
    """
    if units < 1:
        raise ValueError(f"norm_gap: units must be at least 1, got {units}")
    largest = sp.Symbol("M", positive=True)
    d, y = (sp.symbols(f"{name}1:{units + 1}", real=True) for name in "dy")
    gap = largest**2 * sum(one**2 for one in y) - sum((s * one) ** 2 for s, one in zip(d, y, strict=True))
    return Derivation(gap).then(
        sum((largest**2 - s**2) * one**2 for s, one in zip(d, y, strict=True)), because="collect each $y_i$"
    )


def relu_mean_square(signal: tuple[int, ...], move: tuple[int, ...]) -> Fraction:
    r"""The mean of (w·v)² over the ReLU units with w·h > 0, all sign patterns w counted, as a share of ‖v‖².

    .. math:: \frac{1}{2^n \lVert v\rVert^2} \sum_{w \in \{-1, 1\}^n} [w \cdot h > 0]\, (w \cdot v)^2

    Exact, by enumeration. Raises ValueError for vectors of different lengths, and for a signal h that some pattern
    sums to exactly 0.

    >>> relu_mean_square((4, 2, 1), (1, -5, 3))
    Fraction(1, 2)
    """
    if len(signal) != len(move):
        raise ValueError(f"relu_mean_square: move must have {len(signal)} entries as signal has, got {len(move)}")
    total = Fraction(0)
    for weights in product((-1, 1), repeat=len(signal)):
        seen = sum(w * h for w, h in zip(weights, signal, strict=True))
        if seen == 0:
            raise ValueError(f"relu_mean_square: the signs {weights} sum the signal to 0; take another signal")
        total += (seen > 0) * Fraction(sum(w * v for w, v in zip(weights, move, strict=True))) ** 2
    return total / (2 ** len(signal) * sum(v * v for v in move))
