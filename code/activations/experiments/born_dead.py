r"""Deep and narrow ReLU networks that are silent at the start, on every input.

.. math:: h_l = \operatorname{relu}(W_l h_{l-1}) = 0 \quad \text{for all inputs, from some layer on}
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ..charts import Axis, Chart, Line
from . import _checks as check
from ._kept import kept
from ._shares import LOOKS, share_line
from ._summary import in_words, table
from .propagation import first_digits

__all__ = ["BornDead", "born_dead", "born_dead_bounds"]


def born_dead_bounds(depths: np.ndarray | Sequence[int], width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""Between what and what the probability lies that a network is born dead, by the number H of hidden layers.

    .. math:: 1 - 2a^H + (2a - 1)\,a^{2(H - 1)} \;\le\; P \;\le\; 1 - a^{H - 1}, \qquad
        P \le 1 - a^H, \qquad a = 1 - 2^{-N}

    The first two hold for inputs on a line through 0, the third for any inputs.

    >>> [round(float(bound[0]), 4) for bound in born_dead_bounds([5], 2)]
    [0.5754, 0.6836, 0.7627]
    """
    depths, a = np.asarray(depths, dtype=float), 1 - 2.0**-width
    return 1 - 2 * a**depths + (2 * a - 1) * a ** (2 * (depths - 1)), 1 - a ** (depths - 1), 1 - a**depths


@dataclass(frozen=True, eq=False)
class BornDead:
    """``first[inputs][width]`` has shape (seeds, networks): the first layer silent on all inputs, or 0 for none.

    It displays as a table of the shares born dead, between the two bounds for a line and followed by the one for any
    inputs, all in per cent.
    """

    widths: tuple[int, ...]
    depth: int
    seeds: tuple[int, ...]
    first: dict[str, dict[int, np.ndarray]]

    def share(self, width: int, depth: int, inputs: str = "line") -> np.ndarray:
        """The share of networks of so many layers that are born dead, one for each seed."""
        first = self.first[inputs][width]
        return ((first > 0) & (first <= depth)).mean(axis=-1)

    def __repr__(self) -> str:
        rows = []
        for width in self.widths:
            for depth in sorted({max(1, self.depth // 8), max(1, self.depth // 2), self.depth}):
                shares = [in_words(100 * self.share(width, depth, inputs)) for inputs in self.first]
                bounds = [f"{100 * float(bound):.1f}" for bound in born_dead_bounds(depth, width)]
                rows.append([width, depth, bounds[0], *shares, *bounds[1:]])
        header = ["width", "depth", "≥, %", *(f"{inputs}, %" for inputs in self.first), "≤, %", "any: ≤, %"]
        return table(header, rows)

    def chart(self, inputs: str = "line") -> Chart:
        """The share of networks that are born dead by depth, with its bounds as thin dotted lines."""
        depths = np.arange(1, self.depth + 1)
        lines = []
        for width, look in zip(self.widths, LOOKS, strict=False):
            shares = np.stack([self.share(width, depth, inputs) for depth in depths])
            low, high, _ = born_dead_bounds(depths, width)
            lines.append(share_line(depths, shares, f"width {width}", look))
            lines += [Line(depths, bound, colour="muted", dash="dotted") for bound in (low, high)]
        last = ", ".join(f"width {w} {self.share(w, self.depth, inputs).mean():.0%}" for w in self.widths)
        words = f"Networks that are born dead, by depth, between their bounds. With {self.depth} layers: {last}."
        return Chart(Axis("hidden layers"), Axis("share born dead", limits=(-0.03, 1.03)), lines, words)


@kept
def born_dead(
    widths: Sequence[int] = (2, 3, 4, 6),
    depth: int = 40,
    *,
    networks: int = 200,
    examples: int = 50,
    seeds: Iterable[int] = range(20),
) -> BornDead:
    r"""Draw deep ReLU networks with He's weights and zero biases, and see in which layer they fall silent.

    .. math:: h_l = \operatorname{relu}(W_l h_{l-1}) = 0 \quad \text{for all inputs}

    The inputs are ``"line"``, the numbers 1 and −1, which stand for a whole line, and ``"digits"``, some pictures. Both
    pass through the same hidden weights. Raises ValueError for a width, a depth or a count below 1.

    >>> born_dead((1,), 30, networks=4, seeds=range(2)).share(1, 30)
    array([1., 1.])
    """
    widths = tuple(check.whole("born_dead", "width", one) for one in check.several("born_dead", "widths", widths))
    for field, value in (("depth", depth), ("networks", networks), ("examples", examples)):
        check.whole("born_dead", field, value)
    seeds = check.some_seeds("born_dead", seeds, 2)
    digits = first_digits(examples)[0].numpy().T
    first: dict[str, dict[int, np.ndarray]] = {"line": {}, "digits": {}}
    for width in widths:
        found = [_first_silent(np.random.default_rng((seed, width)), width, depth, networks, digits) for seed in seeds]
        for inputs, layers in zip(first, zip(*found, strict=True), strict=True):
            first[inputs][width] = np.stack(layers)
    return BornDead(widths, depth, seeds, first)


def _first_silent(
    rng: np.random.Generator, width: int, depth: int, networks: int, digits: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The first wholly silent layer of each network, on the line and on the digits."""
    line = rng.normal(size=(networks, width, 1)) * np.array([1.0, -1.0])
    pictures = rng.normal(size=(networks, width, len(digits))) * np.sqrt(2 / len(digits)) @ digits
    hidden = np.maximum(np.concatenate([line, pictures], axis=-1), 0)
    first = np.zeros((2, networks), dtype=int)
    for layer in range(1, depth + 1):
        if layer > 1:
            weights = rng.normal(size=(networks, width, width)) * np.sqrt(2 / width)
            hidden = np.maximum(weights @ hidden, 0)
        silent = np.stack([~part.any(axis=(1, 2)) for part in (hidden[..., :2], hidden[..., 2:])])
        first = np.where((first == 0) & silent, layer, first)
    return first[0], first[1]
