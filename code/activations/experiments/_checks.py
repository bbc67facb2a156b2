"""Checks of a configuration before any work starts: a message names the field, what it got and what it takes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from numbers import Integral, Real

from .. import catalogue

__all__ = ["activation", "not_negative", "one_of", "positive", "several", "some_seeds", "whole"]


def whole(who: str, field: str, value: object, least: int = 1) -> int:
    """A whole number that is at least ``least``, else ValueError.

    >>> whole("propagate", "depth", 0)
    Traceback (most recent call last):
    ...
    ValueError: propagate: depth must be a whole number of at least 1, got 0
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise ValueError(f"{who}: {field} must be a whole number of at least {least}, got {value!r}")
    return int(value)


def positive(who: str, field: str, value: object) -> float:
    """A finite number above 0, else ValueError.

    >>> positive("propagate", "gain", -1)
    Traceback (most recent call last):
    ...
    ValueError: propagate: gain must be a finite number above 0, got -1
    """
    if not _is_finite(value) or not value > 0:
        raise ValueError(f"{who}: {field} must be a finite number above 0, got {value!r}")
    return float(value)


def not_negative(who: str, field: str, value: object) -> float:
    """A finite number that is not below 0, else ValueError."""
    if not _is_finite(value) or value < 0:
        raise ValueError(f"{who}: {field} must be a finite number that is not negative, got {value!r}")
    return float(value)


def _is_finite(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def one_of(who: str, field: str, value: object, known: Iterable[object]) -> object:
    """One of the known values, else ValueError that lists them."""
    known = tuple(known)
    if value not in known:
        raise ValueError(f"{who}: {field} must be one of {', '.join(map(str, known))}; got {value!r}")
    return value


def several(who: str, field: str, given: object) -> tuple:
    """A sequence with something in it, as a tuple; ValueError for an empty one, or for a lone value."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise ValueError(f"{who}: {field} must be a sequence, got {given!r}")
    if not (found := tuple(given)):
        raise ValueError(f"{who}: {field} must name at least one, got none")
    return found


def activation(who: str, name: object) -> str:
    """The catalogue's name of an activation; ValueError, naming the nearest, for an unknown one.

    >>> activation("propagate", "swish")
    'silu'
    """
    try:
        return catalogue.get(name).name
    except (KeyError, TypeError) as error:
        raise ValueError(f"{who}: activation: {error.args[0]}") from None


def some_seeds(who: str, seeds: object, least: int = 1) -> tuple[int, ...]:
    """Distinct whole numbers, at least ``least`` of them, else ValueError.

    >>> some_seeds("propagate", range(0))
    Traceback (most recent call last):
    ...
    ValueError: propagate: seeds must hold at least 1 distinct whole numbers, got 0
    """
    found: Sequence = tuple(seeds) if isinstance(seeds, Iterable) else ()
    whole_ones = {seed for seed in found if isinstance(seed, Integral) and seed >= 0}
    if len(whole_ones) != len(found) or len(found) < least:
        raise ValueError(f"{who}: seeds must hold at least {least} distinct whole numbers, got {len(whole_ones)}")
    return tuple(map(int, found))
