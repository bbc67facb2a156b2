r"""Which output function belongs to which loss: the pairs whose slope in the score is prediction minus target.

The negative logarithm of a likelihood :math:`h(y)\, e^{y z - A(z)}` is :math:`A(z) - y z` and a term without z. Its
slope in z is :math:`A'(z) - y`, so that the output function A′ and that likelihood are a pair.
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp
from sympy import Derivative, Rational, exp, log

from ..catalogue import get, x
from .derivation import Derivation

__all__ = ["PAIRS", "A", "general", "pair", "y", "z"]

z, y = sp.symbols("z y", real=True)
"""The score, and the target."""

A = sp.Function("A", real=True)
"""What makes the likelihood's total 1, as a function of the score."""

_SIGMOID = get("sigmoid").expr.subs(x, z)

PAIRS: Mapping[str, tuple[sp.Expr, sp.Expr]] = {
    "identity, half the squared error": (z, Rational(1, 2) * (y - z) ** 2),
    "sigmoid, cross-entropy": (_SIGMOID, -y * log(_SIGMOID) - (1 - y) * log(1 - _SIGMOID)),
    "exponential, Poisson": (exp(z), exp(z) - y * z),
}
"""Output function and loss of a single score, the loss less what does not depend on the score."""


def general() -> Derivation:
    """The slope of A(z) − y z in the score.

    >>> general().last == sp.Derivative(A(z), z) - y
    True
    """
    return Derivation(Derivative(A(z) - y * z, z)).then(
        Derivative(A(z), z) - y, because="differentiate; $y$ does not depend on $z$"
    )


def pair(name: str) -> Derivation:
    """The slope of one loss in the score: output minus target. Raises ValueError for an unknown pair.

    >>> pair("exponential, Poisson").last
    -y + exp(z)
    """
    if name not in PAIRS:
        raise ValueError(f"pair: name must be one of {'; '.join(PAIRS)}, got {name!r}")
    output, loss = PAIRS[name]
    return Derivation(Derivative(loss, z)).then(output - y, because="differentiate, and simplify")
