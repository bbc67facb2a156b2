"""What results over seeds share: the mean with its interval, and a table to read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from scipy.special import stdtrit

__all__ = ["band", "in_words", "mean_interval", "table", "wilson"]


def mean_interval(values: np.ndarray, confidence: float = 0.95) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""The mean over the last axis, the seeds, and the ends of its Student interval.

    .. math:: \bar v \pm t_{n-1}\,\frac{s}{\sqrt n}

    Raises ValueError for fewer than two seeds, which have no spread.

    >>> [round(end.item(), 3) for end in mean_interval(np.array([1.0, 2.0, 3.0]))]
    [2.0, -0.484, 4.484]
    """
    seeds = values.shape[-1]
    if seeds < 2:
        raise ValueError(f"mean_interval: at least two seeds are needed, got {seeds}")
    mean = values.mean(axis=-1)
    half = stdtrit(seeds - 1, (1 + confidence) / 2) * values.std(axis=-1, ddof=1) / np.sqrt(seeds)
    return mean, mean - half, mean + half


def band(values: np.ndarray) -> dict[str, np.ndarray]:
    """What a line with a band needs, for values whose last axis are the seeds: ``Line(x, **band(values), label="…")``.

    A gap stands where a value is not finite.

    >>> {name: end.round(3).tolist() for name, end in band(np.array([[1.0, 2.0, 3.0]])).items()}
    {'y': [2.0], 'lo': [-0.484], 'hi': [4.484]}
    """
    finite = np.isfinite(values).all(axis=-1)
    ends = mean_interval(np.where(finite[..., None], values, np.nan))
    return dict(zip(("y", "lo", "hi"), ends, strict=True))


def wilson(count: int, runs: int) -> tuple[float, float, float]:
    """The share of runs in which something happened, and the ends of its 95 % interval after Wilson.

    >>> [round(end, 3) for end in wilson(3, 4)]
    [0.75, 0.301, 0.954]
    """
    from scipy.stats import binomtest  # here: it takes a second to import, and few chapters count runs

    ends = binomtest(count, runs).proportion_ci(method="wilson")
    return count / runs, float(ends.low), float(ends.high)


def in_words(values: np.ndarray, digits: int = 3) -> str:
    """The mean of one measurement over seeds with its interval, for a cell of a table.

    >>> in_words(np.array([1.0, 2.0, 3.0])), in_words(np.array([1700.0, 1800.0]))
    ('2 [−0.484, 4.48]', '1750 [1110, 2390]')
    """
    ends = np.array([end.item() for end in mean_interval(values)])
    # Differences that cancel leave a rounding error in place of 0.
    ends[np.abs(ends) < 1e-12 * np.ptp(ends)] = 0.0
    mean, low, high = (_rounded(end, digits) for end in ends)
    return f"{mean} [{low}, {high}]"


def _rounded(value: float, digits: int) -> str:
    # Rounded first: the format for significant digits alone would write 1750 with an exponent.
    return f"{float(f'{value:.{digits}g}'):g}".replace("-", "−")


def table(header: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """Columns of words, each as wide as its widest entry.

    >>> print(table(["width", "mean"], [[4, "0.5"], [16, "0.25"]]))
    width  mean
        4   0.5
       16  0.25
    """
    lines = [[str(entry) for entry in line] for line in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(entry.rjust(width) for entry, width in zip(line, widths, strict=True)) for line in lines)
