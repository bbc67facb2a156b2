"""What an activation costs in time, alone and beside the matrix product that it follows.

Times differ from machine to machine and from run to run. They are shown, marked as times, and nothing is built on them.
"""

from __future__ import annotations

import html
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch

from . import _checks

__all__ = ["WORDS", "Timing", "per_element", "per_layer"]

WORDS = {
    "function": "function",
    "forward": "value",
    "backward": "slope from the value",
    "elements": "Nanoseconds an element, {size:,} elements at a time",
    "width": "width",
    "layers": "The activation's share of a layer's forward time, {examples} examples at a time",
}
"""Every word that a table here shows."""

FORWARD: Mapping[str, Callable] = {"relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}

# As the proofs have them: the slope as a formula in the value a.
BACKWARD: Mapping[str, Callable] = {
    "relu": lambda a: (a > 0).to(a.dtype),
    "tanh": lambda a: 1 - a * a,
    "sigmoid": lambda a: a * (1 - a),
}


@dataclass(frozen=True)
class Timing:
    """A table of measured times; on a page it is marked with ``data-timing``, because no build can repeat it."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __repr__(self) -> str:
        widths = [max(map(len, column)) for column in zip(self.header, *self.rows, strict=True)]
        lines = (zip(line, widths, strict=True) for line in (self.header, *self.rows))
        return "\n".join([self.caption, *("  ".join(cell.rjust(width) for cell, width in line) for line in lines)])

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in self.header)
        body = "".join(
            f'<tr><th scope="row">{html.escape(first)}</th>'
            + "".join(f"<td><span data-timing>{html.escape(cell)}</span></td>" for cell in rest)
            + "</tr>"
            for first, *rest in self.rows
        )
        caption = f"<caption>{html.escape(self.caption)}</caption>"
        return f'<table class="table">{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _seconds(work: Callable[[], object], repeats: int) -> float:
    """The median time of one call, after one that does not count."""
    work()
    found = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return statistics.median(found)


def per_element(size: int = 100_000, *, repeats: int = 21) -> Timing:
    """The time for one element of a large float32 array, forward and for the slope from the value.

    Raises ValueError, naming the field, for a size or repeats below 1.

    >>> per_element(10, repeats=1).header[0]
    'function'
    """
    for field, value in (("size", size), ("repeats", repeats)):
        _checks.whole("per_element", field, value)
    x = torch.linspace(-4, 4, size)
    rows = []
    for name, f in FORWARD.items():
        a = f(x)
        times = (_seconds(lambda f=f: f(x), repeats), _seconds(lambda name=name, a=a: BACKWARD[name](a), repeats))
        rows.append((name, *(f"{1e9 * seconds / size:.2f}" for seconds in times)))
    header = (WORDS["function"], WORDS["forward"], WORDS["backward"])
    return Timing(WORDS["elements"].format(size=size), header, tuple(rows))


def per_layer(widths: Sequence[int] = (32, 128, 512), *, examples: int = 128, repeats: int = 11) -> Timing:
    """The share of a layer's forward time that the activation takes, by the width of the layer.

    Raises ValueError, naming the field, for no width, or a number below 1.

    >>> len(per_layer((4,), examples=2, repeats=1).rows)
    1
    """
    widths = [_checks.whole("per_layer", "widths", width) for width in _checks.several("per_layer", "widths", widths)]
    for field, value in (("examples", examples), ("repeats", repeats)):
        _checks.whole("per_layer", field, value)
    rows = tuple((str(width), *_shares(width, examples, repeats)) for width in widths)
    return Timing(WORDS["layers"].format(examples=examples), (WORDS["width"], *FORWARD), rows)


def _shares(width: int, examples: int, repeats: int) -> list[str]:
    h, weight, bias = torch.rand(examples, width), torch.rand(width, width) - 0.5, torch.rand(width)
    z = torch.addmm(bias, h, weight)
    product = _seconds(lambda: torch.addmm(bias, h, weight), repeats)
    alone = [_seconds(lambda f=f: f(z), repeats) for f in FORWARD.values()]
    return [f"{seconds / (product + seconds):.0%}" for seconds in alone]
