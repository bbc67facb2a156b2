"""Two small proofs for those who design functions: what the square does to lengths, and what a factor does to rates."""

from __future__ import annotations

from functools import lru_cache

import sympy as sp

from ..catalogue import x
from .derivation import Derivation
from .initialisation import normal_mean, sigma

__all__ = ["q", "repeated_square", "scaled_step", "square_map"]

q = sp.Symbol("q", positive=True)


@lru_cache(maxsize=1)
def square_map() -> Derivation:
    r"""Through a layer of squares with the natural gain the mean square q becomes q².

    .. math:: g^2\, \mathrm E\,(\sqrt q\, X)^4 = \tfrac13 \cdot 3 q^2 = q^2
    """
    moment = sp.Integral(x**4 * sp.exp(-(x**2) / (2 * q)) / sp.sqrt(2 * sp.pi * q), (x, -sp.oo, sp.oo))
    one = normal_mean(x**4).subs(sigma, 1)
    return Derivation(moment / one).then(
        normal_mean(x**4).subs(sigma, sp.sqrt(q)) / one,
        because=r"the fourth moment of $N(0, q)$ is $3q^2$, and the gain is $1/\sqrt 3$",
    )


def repeated_square() -> Derivation:
    r"""If the mean square is :math:`q^{2^l}` after l layers, one more makes it :math:`q^{2^{l + 1}}`."""
    layer = sp.Symbol("l", integer=True, nonnegative=True)
    before = q ** (2**layer)
    return Derivation(before**2).then(q ** (2 ** (layer + 1)), because="one more layer squares it")


def scaled_step() -> Derivation:
    r"""A step on the weight v that reads c·f, seen in the weight w = c·v that reads f: a step with the rate c²η.

    .. math:: c \left( v - \eta\, \frac{\partial}{\partial v} L(c f v) \right) = w - c^2 \eta\, \frac{\partial}{\partial w} L(f w)

    L is the loss as a function of the weighted sum, with slope L′.
    """  # noqa: E501
    c, eta = sp.symbols("c eta", positive=True)
    f, w, z = sp.symbols("f w z", real=True)
    loss, v = sp.Function("L"), sp.Symbol("v", real=True)
    slope = loss(z).diff(z)
    moved = w / c - eta * sp.Subs(loss(c * f * v).diff(v), v, w / c)
    return Derivation(c * moved).then(
        w - c**2 * eta * f * slope.subs(z, f * w),
        because="the chain rule brings one factor $c$, and outside is another",
    )
