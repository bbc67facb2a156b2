r"""Into how many regions n hyperplanes in general position cut a space of d dimensions.

.. math:: r(n, d) = \sum_{k=0}^{d} \binom nk

The formula is Zaslavsky's (zaslavsky1975) for general position: no two hyperplanes parallel, no more than d through
one point.
"""

from __future__ import annotations

from functools import cache
from math import comb

import sympy as sp
from sympy import binomial

from .derivation import Derivation

__all__ = ["by_adding", "formula", "in_the_plane", "n", "one_more", "regions"]

n = sp.Symbol("n", integer=True, positive=True)
"""A number of hyperplanes."""


def _check(who: str, lines: int, dimension: int) -> None:
    for name, value in (("lines", lines), ("dimension", dimension)):
        if value < 0:
            raise ValueError(f"{who}: {name} must be 0 or more, got {value}")


def regions(lines: int, dimension: int = 2) -> int:
    r"""The number of regions, :math:`\sum_{k \le d} \binom nk`. Raises ValueError for a negative number.

    >>> [regions(lines) for lines in range(6)], regions(10, 10)
    ([1, 2, 4, 7, 11, 16], 1024)
    """
    _check("regions", lines, dimension)
    return sum(comb(lines, k) for k in range(dimension + 1))


@cache
def by_adding(lines: int, dimension: int = 2) -> int:
    r"""The same number without a formula: hyperplane after hyperplane.

    .. math:: r(n, d) = r(n - 1, d) + r(n - 1, d - 1)

    The new one is itself cut by the others, into r(n − 1, d − 1) parts, and each part cuts a region in two.
    Raises ValueError for a negative number.

    >>> by_adding(5)
    16
    """
    _check("by_adding", lines, dimension)
    if lines == 0 or dimension == 0:
        return 1
    return by_adding(lines - 1, dimension) + by_adding(lines - 1, dimension - 1)


def formula(lines: sp.Expr, dimension: int) -> sp.Expr:
    """The sum of binomials with a symbol for the number of hyperplanes.

    >>> formula(n, 2)
    n + binomial(n, 2) + 1
    """
    return sp.Add(*(binomial(lines, k) for k in range(dimension + 1)))


def one_more(dimension: int) -> Derivation:
    """The formula grows as it must when one more hyperplane comes in, for any number of them. Pascal's rule does it.

    Raises ValueError for a dimension below 1.
    """
    if dimension < 1:
        raise ValueError(f"one_more: dimension must be at least 1, got {dimension}")
    grown = formula(n - 1, dimension) + formula(n - 1, dimension - 1)
    return Derivation(formula(n, dimension)).then(grown, because="Pascal's rule in each term")


def in_the_plane() -> Derivation:
    """The formula for lines in a plane as a polynomial."""
    return Derivation(formula(n, 2)).then(
        1 + n + n * (n - 1) / 2, because="$\\binom n2$ pairs of lines, a crossing each"
    )
