r"""A task with a long lag: remember the sign of the first input through steps of noise, and say it at the end.

Recurrent networks of every kind and seed are trained at once, with plain gradient descent. A network sees two inputs:
a signal, ±1 at the first step and 0 afterwards, and noise at every step. After the last step an affine map of its state
is read as the log-odds of +1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from torch import Tensor

from ..charts import Axis, Bars, Chart
from ._checks import not_negative, one_of, positive, several, some_seeds, whole
from ._kept import kept
from ._summary import table, wilson
from ._unrolled import ACTIVATIONS, forward, gradients

__all__ = ["GATED", "LONG", "PLAIN", "SOLVED", "STARTS", "Kind", "Lags", "Recipe", "lags"]

SOLVED = 0.95
"""The share of fresh sequences that a network must get right to have solved the task."""

STARTS = ("1/n", "2/n", "identity")
"""How the recurrent weights start: normal with variance 1/n or 2/n, or as the identity."""


@dataclass(frozen=True)
class Kind:
    """A kind of network: an activation with a start, or an LSTM with a forget bias; with clipped gradients or not.

    Raises ValueError, naming the field, for an activation that is not offered, or an unknown start.

    >>> str(Kind("relu", "identity", clip=True)), str(Kind("lstm", forget=1.0, clip=True))
    ('ReLU, identity, clipped', 'LSTM, forget bias 1, clipped')
    """

    activation: str
    start: str = "1/n"
    clip: bool = False
    forget: float = 0.0

    def __post_init__(self) -> None:
        one_of("Kind", "activation", self.activation, (*ACTIVATIONS, "lstm"))
        one_of("Kind", "start", self.start, STARTS)

    def __str__(self) -> str:
        name, start = _TITLES[self.activation], self.start
        if self.activation == "lstm":
            start = f"forget bias {self.forget:g}"
        return f"{name}, {start}" + (", clipped" if self.clip else "")


_TITLES = {"tanh": "tanh", "relu": "ReLU", "relu6": "ReLU6", "lstm": "LSTM"}

PLAIN = tuple(Kind(name, start, clip) for name, start, clip in product(ACTIVATIONS, STARTS, (False, True)))
"""Three activations, three starts, gradients clipped or not: one factor at a time can be read off."""

GATED = tuple(Kind("lstm", clip=True, forget=bias) for bias in (0.0, 1.0, 3.0))


@dataclass(frozen=True)
class Recipe:
    """How all are trained; fresh sequences are ``longer`` times as long. Raises ValueError naming what is wrong.

    >>> Recipe(steps=0)
    Traceback (most recent call last):
    ...
    ValueError: Recipe: steps must be a whole number of at least 1, got 0
    """

    steps: int = 150
    rate: float = 0.1
    batch: int = 8
    width: int = 16
    noise: float = 0.5
    clip: float = 1.0
    test: int = 200
    longer: int = 1

    def __post_init__(self) -> None:
        for field in ("steps", "batch", "width", "test", "longer"):
            whole("Recipe", field, getattr(self, field))
        for field in ("rate", "clip"):
            positive("Recipe", field, getattr(self, field))
        not_negative("Recipe", "noise", self.noise)


LONG = Recipe(test=100, longer=10)
"""As always, but tested on sequences ten times as long as those of training."""


@dataclass(frozen=True, eq=False)
class Lags:
    """What came of it, in arrays of shape (kind, lag, seed).

    ``accuracy`` on fresh sequences; the ``largest`` gradient met on the way; and the reach, which is the length of the
    gradient at the first state over its length at the last, ``before`` training and ``after`` it.
    """

    kinds: tuple[Kind, ...]
    lags: tuple[int, ...]
    seeds: tuple[int, ...]
    recipe: Recipe
    accuracy: np.ndarray
    largest: np.ndarray
    before: np.ndarray
    after: np.ndarray

    def solved(self, kind: Kind, lag: int) -> tuple[float, float, float]:
        """The share of seeds that solve the task, with its 95 % interval after Wilson."""
        hits = int((self.accuracy[self.kinds.index(kind), self.lags.index(lag)] >= SOLVED).sum())
        return wilson(hits, len(self.seeds))

    def reach(self, kind: Kind, lag: int, after: bool = False) -> np.ndarray:
        """The reach of each seed, sorted, before training or after."""
        array = self.after if after else self.before
        return np.sort(array[self.kinds.index(kind), self.lags.index(lag)])

    def overflowed(self, kind: Kind, lag: int) -> float:
        """The share of seeds in which a gradient left the range of float32 during training."""
        return float(np.isinf(self.largest[self.kinds.index(kind), self.lags.index(lag)]).mean())

    def __repr__(self) -> str:
        rows = []
        for kind in self.kinds:
            found = (self.solved(kind, lag) for lag in self.lags)
            middle = (np.median(self.reach(kind, self.lags[-1], after)) for after in (False, True))
            shares = (f"{100 * a:.0f} [{100 * b:.0f}, {100 * c:.0f}]" for a, b, c in found)
            rows.append([str(kind), *shares, *(f"{value:.0e}".replace("-", "−") for value in middle)])
        return table(["", *(f"lag {lag}, %" for lag in self.lags), "reach before", "after"], rows)

    def chart(self, lag: int | None = None, kinds: Sequence[Kind] | None = None) -> Chart:
        """Bars: the share of seeds that solve the task at one lag, by default the longest, for some or all kinds."""
        lag = self.lags[-1] if lag is None else one_of("Lags", "lag", lag, self.lags)
        kinds = self.kinds if kinds is None else tuple(one_of("Lags", "kind", kind, self.kinds) for kind in kinds)
        share, low, high = 100 * np.array([self.solved(kind, lag) for kind in kinds]).T
        colours = tuple("blue" if kind.clip else "vermillion" for kind in kinds)
        bars = Bars(tuple(map(str, kinds)), share, colour=colours, lo=low, hi=high)
        best = "; ".join(str(kind) for kind, part in zip(kinds, share, strict=True) if part >= 90) or "none"
        words = (
            f"Share of {len(self.seeds)} starts that remember a sign for {lag} steps. In nine of ten or more: {best}."
        )
        return Chart(Axis("% of starts that solve it", limits=(0, 100)), "network", [bars], words=words)


# --- training --------------------------------------------------------------------------------------------------------


@kept
def lags(
    kinds: Sequence[Kind] = PLAIN + GATED,
    lengths: Sequence[int] = (10, 40),
    seeds: Sequence[int] = range(20),
    recipe: Recipe = Recipe(),  # noqa: B008 (frozen)
) -> Lags:
    r"""Train every kind of network from every seed at every lag.

    A seed gives all kinds the same draws for their weights, and the same sequences in the same order. A clipped
    gradient keeps its direction:

    .. math:: g \leftarrow g \cdot \min\Bigl(1, \frac{c}{\lVert g \rVert}\Bigr)

    over all parameters of one network. Raises ValueError, naming the field, for a bad setting.
    """
    seeds = some_seeds("lags", seeds, 2)
    kinds = tuple(several("lags", "kinds", kinds))
    lengths = tuple(whole("lags", "lengths", length, 2) for length in several("lags", "lengths", lengths))
    found = np.full((4, len(kinds), len(lengths), len(seeds)), np.nan)
    for gated in (False, True):
        chosen = [row for row, kind in enumerate(kinds) if (kind.activation == "lstm") == gated]
        chosen.sort(key=lambda row: kinds[row].activation)
        for column, length in enumerate(lengths if chosen else ()):
            group = _Group([kinds[row] for row in chosen], seeds, recipe)
            found[:, chosen, column] = _train(group, length)
    return Lags(kinds, lengths, seeds, recipe, *found)


@dataclass(frozen=True)
class _Group:
    """Networks that share a form, plain or LSTM; parameters have the leading axis kind × seed."""

    kinds: Sequence[Kind]
    seeds: Sequence[int]
    recipe: Recipe

    @property
    def gated(self) -> bool:
        return self.kinds[0].activation == "lstm"

    def parameters(self) -> list[Tensor]:
        """Recurrent weights, input weights, biases, output weights and output biases."""
        drawn = [_draw(_dice(seed)[0], self.recipe.width, self.gated) for seed in self.seeds]
        square, inner, outer = (torch.from_numpy(np.stack(part)) for part in zip(*drawn, strict=True))
        recurrent = torch.cat([_started(kind, square) for kind in self.kinds])
        inner, outer = (part.repeat(len(self.kinds), 1, 1) for part in (inner, outer))
        bias = torch.zeros(len(recurrent), 1, recurrent.shape[-1], dtype=torch.float64)
        if self.gated:
            forget = torch.tensor([kind.forget for kind in self.kinds], dtype=torch.float64)
            bias[..., : self.recipe.width] = forget.repeat_interleave(len(self.seeds))[:, None, None]
        start = recurrent, inner, bias, outer, torch.zeros(len(recurrent), 1, 1, dtype=torch.float64)
        return [part.float() for part in start]

    def names(self) -> list[str]:
        """The activation of each network."""
        return [kind.activation for kind in self.kinds for _ in self.seeds]

    def seen(self, signal: Tensor, noise: Tensor) -> Tensor:
        """Both inputs, of shape (step, network, sequence, 2)."""
        first = torch.zeros_like(noise)
        first[0] = signal
        return torch.stack([first, noise], dim=-1).repeat(1, len(self.kinds), 1, 1)


def _dice(seed: int) -> list[np.random.Generator]:
    """One generator for the weights of a seed, one for its sequences."""
    return np.random.default_rng(seed).spawn(2)


def _draw(rng: np.random.Generator, width: int, gated: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Recurrent, input and output weights; an LSTM's as PyTorch draws them."""
    if gated:
        square, inner = (rng.uniform(-1, 1, size=(rows, 4 * width)) / width**0.5 for rows in (width, 2))
    else:
        square, inner = rng.normal(size=(width, width)) / width**0.5, rng.normal(size=(2, width)) / 2
    return square, inner, rng.normal(size=(width, 1)) / width**0.5


def _started(kind: Kind, square: Tensor) -> Tensor:
    """The recurrent weights of one kind, for all seeds."""
    if kind.activation == "lstm" or kind.start == "1/n":
        return square
    return square * 2**0.5 if kind.start == "2/n" else torch.eye(square.shape[-1]).to(square).expand_as(square)


def _sequences(dice: Sequence[np.random.Generator], length: int, count: int, noise: float) -> tuple[Tensor, Tensor]:
    """Signs of shape (seed, sequence), and noise of shape (step, seed, sequence)."""
    signal = np.stack([rng.choice([-1.0, 1.0], size=count) for rng in dice])
    disturbed = np.stack([noise * rng.normal(size=(length, count)) for rng in dice], axis=1)
    return torch.from_numpy(signal).float(), torch.from_numpy(disturbed).float()


@torch.no_grad()
def _train(group: _Group, length: int) -> np.ndarray:
    """Accuracy on fresh sequences, the largest gradient met, and the reach before and after: (4, kind, seed)."""
    recipe, parameters, names = group.recipe, group.parameters(), group.names()
    dice = [_dice(seed)[1] for seed in group.seeds]
    most = torch.tensor([recipe.clip if kind.clip else torch.inf for kind in group.kinds])
    most = most.repeat_interleave(len(group.seeds))
    largest, reaches = torch.zeros(len(most)), []
    for _ in range(recipe.steps):
        signal, noise = _sequences(dice, length, recipe.batch, recipe.noise)
        seen, right = group.seen(signal, noise), (signal > 0).repeat(len(group.kinds), 1)
        logits, *kept_back = forward(names, parameters, seen)
        sent = (torch.sigmoid(logits) - right.float()) / recipe.batch  # the slope of the mean cross-entropy
        slopes, reach = gradients(names, parameters, seen, *kept_back, sent)
        reaches.append(reach.nan_to_num(torch.inf))
        norm = _descend(parameters, slopes, recipe.rate, most)
        largest = torch.maximum(largest, norm.nan_to_num(torch.inf))
    signal, noise = _sequences(dice, recipe.longer * length, recipe.test, recipe.noise)
    logits = forward(names, parameters, group.seen(signal, noise))[0]
    right = (logits > 0) == (signal > 0).repeat(len(group.kinds), 1)
    found = torch.stack([right.double().mean(1), largest, reaches[0], reaches[-1]])
    return found.reshape(4, len(group.kinds), len(group.seeds)).numpy()


def _descend(parameters: Sequence[Tensor], slopes: Sequence[Tensor], rate: float, most: Tensor) -> Tensor:
    """One step for every network, its gradient clipped to ``most``; returns the norms before clipping."""
    norm = sum(slope.flatten(1).square().sum(1) for slope in slopes).sqrt()
    factor = rate * torch.where(norm > most, most / norm, 1.0)
    for parameter, slope in zip(parameters, slopes, strict=True):
        parameter -= factor[:, None, None] * slope
    return norm
