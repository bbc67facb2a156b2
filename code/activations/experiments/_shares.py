"""Shares over seeds as lines with bands, and the looks of layers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..charts import Line
from ._summary import mean_interval

__all__ = ["LOOKS", "share_line"]

LOOKS = (("green", "solid"), ("blue", "long"), ("purple", "dashdot"), ("orange", "dashdotdot"), ("sky", "dotted"))
"""The colour and dash of the first, second … layer, or case."""


def share_line(x: Sequence[float], y: np.ndarray, label: str, look: tuple[str, str]) -> Line:
    """The mean over the last axis of ``y``, the seeds, with its 95 % interval kept between 0 and 1.

    >>> share_line([1, 2], np.array([[0, 1, 0], [1, 1, 1]]), "dead", ("blue", "solid")).lo
    array([0., 1.])
    """
    mean, low, high = mean_interval(y)
    colour, dash = look
    return Line(x, mean, label=label, colour=colour, dash=dash, lo=np.clip(low, 0, 1), hi=np.clip(high, 0, 1))
