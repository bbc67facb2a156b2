"""From numbers, one a seed, to the measurement that a claim shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import fdtri

from ..experiments._summary import mean_interval
from .ledger import Measurement

__all__ = ["measured", "spread"]


def measured(what: str, by_seed: np.ndarray | Sequence[float], refuted_if: str = "", **bounds: float) -> Measurement:
    """The mean over the seeds with its interval; ``bounds`` are those of :class:`~.ledger.Measurement`.

    >>> print(measured("height", np.arange(20.0), above=5))
    height: 9.5 [6.731, 12.27] over 20 seeds
    """
    mean, low, high = (end.item() for end in mean_interval(np.asarray(by_seed, dtype=float)))
    return Measurement(what, mean, low, high, np.size(by_seed), refuted_if, **bounds)


def spread(what: str, one: np.ndarray, other: np.ndarray, **bounds: float) -> Measurement:
    r"""How many times as large the standard deviation over the seeds is in ``one`` as in ``other``.

    .. math:: s_1/s_2 \,\big/\, \sqrt{F_{n-1,\,m-1}}

    The interval comes from the F distribution, as for normal numbers.

    >>> print(spread("twice as wide", 2 * np.arange(20.0), np.arange(20.0), above=1))
    twice as wide: 2 [1.258, 3.179] over 20 seeds
    """
    ratio = float(np.std(one, ddof=1) / np.std(other, ddof=1))
    low, high = (ratio / fdtri(np.size(one) - 1, np.size(other) - 1, share) ** 0.5 for share in (0.975, 0.025))
    return Measurement(what, ratio, float(low), float(high), min(np.size(one), np.size(other)), **bounds)
