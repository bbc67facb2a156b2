r"""Exact values to hold floating-point results against: the catalogue's definitions in long arithmetic.

>>> got = [0.7310585786300049, 1.0]
>>> float(ulps(got, value("sigmoid", [1.0, 40.0])).max()) < 0.5
True
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import mpmath
import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from activations import catalogue

__all__ = ["hard_points", "slope", "sweep", "ulps", "value"]

DIGITS = 60
"""Every value given here has at least this many right digits."""

# The definitions cancel: 1 + e^x is told from 1, for the smallest float64 result, by 324 digits.
_WORKING_DIGITS = DIGITS + 340

# Where floating-point formulas for activations break: near 0, where e^x meets 1, at half and at the whole of the range
# of float32 (88, 104) and float64 (700, 745), and at the ends of the numbers.
_MAGNITUDES = (0.0, 1e-300, 1e-8, 1e-3, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 36.0, 40.0, 88.0, 104.0)
_LARGE_MAGNITUDES = (350.0, 373.0, 700.0, 708.5, 740.0, 745.0, 750.0, 1000.0, 1e4, 1e154, 1e160, 1e308)


def value(name: str, x: ArrayLike, **parameters: object) -> NDArray:
    """The exact f at each entry of ``x``: an array of mpmath numbers with :data:`DIGITS` right digits.

    ``parameters`` are read exactly too, a float as the binary number that it is.
    For a function of several inputs ``x`` is one vector of them, and may hold infinities.

    >>> print(mpmath.nstr(value("gelu", [-10.0])[0], 20))
    -7.619853024160526066e-23
    >>> print(mpmath.nstr(value("softmax", [745.0, 0.0])[1], 20))
    2.8223507304719370764e-324
    """
    if catalogue.get(name).arity == "many":
        return _evaluate_vector(name, x)
    return _evaluate(_exact(name, False, **parameters), x)


def slope(name: str, x: ArrayLike, **parameters: object) -> NDArray:
    """The exact f′ at each entry of ``x``, as :func:`value` gives f.

    >>> print(mpmath.nstr(slope("sigmoid", [40.0])[0], 20))
    4.2483542552915889592e-18
    """
    return _evaluate(_exact(name, True, **parameters), x)


def ulps(computed: ArrayLike, exact: ArrayLike) -> NDArray:
    """The error of each float in ``computed``, in units in the last place of the exact value rounded to its dtype.

    Below the normal numbers the unit is the smallest subnormal one. Infinities that agree have error 0.

    >>> print(ulps([1.0 + 2**-52], [mpmath.mpf(1)]))
    [1.]
    """
    computed, exact = np.asarray(computed), np.ravel(exact)
    with np.errstate(all="ignore"), mpmath.workdps(_WORKING_DIGITS):
        rounded = np.array([float(number) for number in exact]).astype(computed.dtype)
        units = np.spacing(np.abs(rounded)).astype(float)
        rows = zip(computed.ravel().tolist(), units.tolist(), exact, rounded.tolist(), strict=True)
        errors = [
            0.0 if got == nearest and np.isinf(got) else float(abs(got - true) / unit)
            for got, unit, true, nearest in rows
        ]
    return np.reshape(errors, computed.shape)


def sweep(count: int, seed: int) -> NDArray:
    """``4·count`` random numbers: ordinary ones, all that float64's exponential can tell apart, and all magnitudes.

    >>> sweep(2, seed=0).shape
    (8,)
    """
    rng = np.random.default_rng(seed)
    ordinary = [rng.normal(0, 3, count), rng.uniform(-50, 50, count), rng.uniform(-760, 0, count)]
    return np.concatenate([*ordinary, np.exp(rng.uniform(-700, 20, count)) * rng.choice([-1, 1], count)])


def hard_points(name: str) -> NDArray:
    """Numbers of both signs at which floating-point formulas fail, with the kinks of ``name`` and their neighbours.

    >>> print(hard_points("relu6").max())
    1e+308
    """
    magnitudes = np.array(_MAGNITUDES + _LARGE_MAGNITUDES)
    kinks = np.array([float(convention.at) for convention in catalogue.get(name).conventions])
    neighbours = [np.nextafter(kinks, side) for side in (-np.inf, np.inf)]
    return np.unique(np.concatenate([-magnitudes, magnitudes, kinks, *neighbours]))


@functools.cache
def _exact(name: str, differentiate: bool, **parameters: object) -> Callable:
    entry = catalogue.get(name)
    rational = {key: sp.Rational(setting) for key, setting in parameters.items()}
    expr = entry.slope(**rational) if differentiate else entry.at(**rational)
    # Constants are evaluated once, and not at each entry.
    return sp.lambdify(catalogue.x, expr.evalf(_WORKING_DIGITS), [{"erfc": _erfc}, "mpmath"])


def _erfc(x: mpmath.mpf) -> mpmath.mpf:
    # mpmath's own fails for huge arguments; beyond 1e4 the value is nearer to its limit than any float can tell.
    return mpmath.erfc(x) if abs(x) < 1e4 else mpmath.mpf(2 if x < 0 else 0)


def _evaluate(function: Callable, x: ArrayLike) -> NDArray:
    x = np.asarray(x, np.float64)
    with mpmath.workdps(_WORKING_DIGITS):
        numbers = [mpmath.mpf(function(mpmath.mpf(entry))) for entry in x.ravel().tolist()]
    return np.reshape(np.array([*numbers, None], object)[:-1], x.shape)


def _evaluate_vector(name: str, x: ArrayLike) -> NDArray:
    inputs = [sp.Float(entry, _WORKING_DIGITS) if np.isfinite(entry) else sp.sympify(entry) for entry in x]
    with mpmath.workdps(_WORKING_DIGITS):
        outputs = sp.lambdify([], list(catalogue.get(name).of(inputs)), "mpmath")()
        return np.array([mpmath.mpf(output) for output in outputs], object)
