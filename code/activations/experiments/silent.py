r"""ReLU units before training: silent on a batch, dead by their bias, or killed by one step.

A unit is silent on some inputs when its weighted sum is not positive at any of them,

.. math:: \max_k \, (w \cdot h_k + b) \le 0 ,

and dead when those inputs are all that it is trained on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.special import gammaln

from ..charts import Axis, Chart
from . import _checks as check
from ._kept import kept
from ._shares import LOOKS, share_line
from ._summary import in_words, table
from .digits import TRAIN
from .ensemble import Ensemble, Network
from .propagation import first_digits, losses

__all__ = [
    "NETWORK",
    "BiasRoute",
    "KillingRates",
    "Silence",
    "biases",
    "killing_rates",
    "silence",
]

NETWORK = Network("relu", depth=3, width=16, scheme="he")


def _sums(network: Network, seeds: tuple[int, ...], examples: int) -> np.ndarray:
    """The weighted sums of every hidden unit, shape (layers, seeds, examples, units)."""
    with torch.no_grad():
        made = Ensemble(network, seeds)(first_digits(examples)[0])
    return np.stack([z[0].numpy() for z in made.sums])


# --- silent on a batch, or dead --------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Silence:
    """``silent`` and ``expected`` have shape (batches, seeds): the share of hidden units that are silent on one random
    batch, and the share to be expected from how often each unit is active. ``negative`` is the share of units with a
    sum below 0 on some picture, one for each seed.
    """

    batches: tuple[int, ...]
    seeds: tuple[int, ...]
    silent: np.ndarray
    expected: np.ndarray
    negative: np.ndarray

    def __repr__(self) -> str:
        rows = [
            [batch, in_words(100 * silent), in_words(100 * expected)]
            for batch, silent, expected in zip(self.batches, self.silent, self.expected, strict=True)
        ]
        return table(["pictures", "silent on them, %", "expected, %"], rows)

    def chart(self) -> Chart:
        """Both shares against the size of the batch."""
        lines = [
            share_line(self.batches, self.silent, "silent on one batch", ("ink", "solid")),
            share_line(self.batches, self.expected, "expected", ("orange", "dotted")),
        ]
        first, last = self.silent[0].mean(), self.silent[-1].mean()
        words = (
            f"Share of ReLU units that are silent on a batch: {first:.0%} on {self.batches[0]} picture, {last:.2%} "
            f"on all {self.batches[-1]}."
        )
        return Chart(Axis("pictures in the batch", "log"), Axis("share of units", limits=(-0.02, 0.6)), lines, words)


@kept
def silence(
    batches: Sequence[int] = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, TRAIN), seeds: Iterable[int] = range(20)
) -> Silence:
    r"""How many units of a fresh network are silent on batches of the training digits, up to all of them.

    .. math:: \binom{n - k}{B} \Big/ \binom nB

    is what to expect of a unit that is active on k of n pictures, for a random batch of B. Raises ValueError for a
    batch outside 1 to 1 347.

    >>> silence((1, 1347), range(2)).silent.shape
    (2, 2)
    """
    for batch in check.several("silence", "batches", batches):
        if check.whole("silence", "batch", batch) > TRAIN:
            raise ValueError(f"silence: batch must not exceed {TRAIN}, got {batch}")
    seeds = check.some_seeds("silence", seeds, 2)
    sums = _sums(NETWORK, seeds, TRAIN)
    orders = [np.random.default_rng(seed).permutation(TRAIN) for seed in seeds]
    on = np.stack([sums[:, place, order] > 0 for place, order in enumerate(orders)])  # seeds, layers, examples, units
    silent = np.stack([~on[:, :, :batch].any(axis=2) for batch in batches]).mean(axis=(2, 3))
    counts = on.sum(axis=2)
    expected = np.stack([_all_missed(counts, batch) for batch in batches]).mean(axis=(2, 3))
    return Silence(tuple(batches), seeds, silent, expected, (sums < 0).any(axis=2).mean(axis=(0, 2)))


def _all_missed(active: np.ndarray, batch: int) -> np.ndarray:
    """The probability that a random batch holds none of the pictures on which a unit is active."""
    rest = TRAIN - active
    possible = rest >= batch
    rest = np.where(possible, rest, batch)
    # Binomials as exponentials of log-gammas: they are far beyond the floats.
    logs = gammaln(rest + 1) - gammaln(rest - batch + 1) - gammaln(TRAIN + 1) + gammaln(TRAIN - batch + 1)
    return np.where(possible, np.exp(logs), 0.0)


# --- the bias route --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class BiasRoute:
    """``dead`` has shape (biases, layers, seeds): the share of units that no training picture wakes."""

    biases: tuple[float, ...]
    seeds: tuple[int, ...]
    dead: np.ndarray

    def __repr__(self) -> str:
        header = ["bias", *(f"dead in layer {layer + 1}, %" for layer in range(self.dead.shape[1]))]
        rows = [
            [f"{bias:g}", *(in_words(100 * layer) for layer in dead)]
            for bias, dead in zip(self.biases, self.dead, strict=True)
        ]
        return table(header, rows)

    def chart(self) -> Chart:
        """The share of dead units against the bias, a line for each layer."""
        lines = [
            share_line(self.biases, self.dead[:, layer], f"layer {layer + 1}", LOOKS[layer])
            for layer in range(self.dead.shape[1])
        ]
        half = ", ".join(f"{self.half(layer):.2g}" for layer in range(self.dead.shape[1]))
        words = f"Dead units against the bias that all units start with. Half of a layer is dead at the biases {half}."
        return Chart(Axis("bias at the start"), Axis("share of dead units", limits=(-0.03, 1.03)), lines, words)

    def half(self, layer: int) -> float:
        """The bias at which half of a layer is dead, between the biases that were tried."""
        mean = self.dead[:, layer].mean(axis=-1)
        order = np.argsort(mean)
        return float(np.interp(0.5, mean[order], np.asarray(self.biases)[order]))


@kept
def biases(
    values: Sequence[float] = (0.0, -0.5, -1.0, -1.5, -2.0, -3.0, -4.0, -5.0, -6.0, -8.0),
    seeds: Iterable[int] = range(20),
    *,
    examples: int = 256,
) -> BiasRoute:
    r"""Give all hidden units of a fresh network one bias, and count the dead.

    .. math:: b \le -\max_k w \cdot h_k

    Raises ValueError for no value or a bad seed.

    >>> biases((0.0, -20.0), range(2)).dead[1].mean()
    np.float64(1.0)
    """
    values = tuple(map(float, check.several("biases", "values", values)))
    seeds = check.some_seeds("biases", seeds, 2)
    sums = [_sums(replace(NETWORK, bias=value), seeds, check.whole("biases", "examples", examples)) for value in values]
    dead = np.stack([(one <= 0).all(axis=2).mean(axis=-1) for one in sums])
    return BiasRoute(values, seeds, dead)


# --- one step that kills ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class KillingRates:
    """``least[shift]`` and ``most[shift]`` have shape (layers, seeds, units): one step kills a unit when its learning
    rate lies between them.

    Both are NaN where no step does, however large, and where the unit is dead already; ``most`` may be infinite.
    ``tight`` is the share of the others which a step a thousandth short of the least leaves alive, and one a thousandth
    further kills.
    """

    shifts: tuple[float, ...]
    seeds: tuple[int, ...]
    least: dict[float, np.ndarray]
    most: dict[float, np.ndarray]
    tight: float

    def killable(self, shift: float = 0.0) -> np.ndarray:
        """The share of units that some step kills, shape (layers, seeds)."""
        return np.isfinite(self.least[shift]).mean(axis=-1)

    def share(self, rate: float, shift: float = 0.0) -> np.ndarray:
        """The share of units that one step at this rate kills, shape (layers, seeds)."""
        return ((self.least[shift] <= rate) & (rate <= self.most[shift])).mean(axis=-1)

    def __repr__(self) -> str:
        rows = []
        for shift in self.shifts:
            for layer, rates in enumerate(self.least[shift]):
                finite = rates[np.isfinite(rates)]
                spread = [f"{q:.3g}" for q in np.quantile(finite, (0.05, 0.5, 0.95))] if finite.size else ["–"] * 3
                rows.append([f"{shift:g}", layer + 1, in_words(100 * self.killable(shift)[layer]), *spread])
        return table(["mean of the inputs", "layer", "can be killed, %", "rate: 5 %", "median", "95 %"], rows)

    def chart(self, cases: Sequence[tuple[float, int]] = ((0.0, 1), (0.0, 2), (0.0, 3), (1.0, 1))) -> Chart:
        """The share that one step kills against its rate, for pairs of a mean of the inputs and a layer."""
        grid = np.logspace(-1.5, 2, 57)
        lines = [
            share_line(grid, np.stack([self.share(rate, shift)[layer - 1] for rate in grid]), _case(shift, layer), look)
            for (shift, layer), look in zip(cases, LOOKS, strict=False)
        ]
        most = ", ".join(f"{_case(*case)} {line.y.max():.0%}" for case, line in zip(cases, lines, strict=True))
        words = f"Share of units that one step kills, by its learning rate. The most at any rate: {most}."
        return Chart(Axis("learning rate", "log"), Axis("share of units killed", limits=(-0.02, 0.8)), lines, words)


def _case(shift: float, layer: int) -> str:
    return f"layer {layer}" if shift == 0 else f"layer {layer}, input mean {shift:g}"


@kept
def killing_rates(
    shifts: Sequence[float] = (0.0, 0.5, 1.0), seeds: Iterable[int] = range(20), *, examples: int = 256
) -> KillingRates:
    r"""The learning rates at which one step of gradient descent on the digits kills each unit of a fresh network.

    .. math:: z_k \le \eta\, c_k \text{ for all } k, \qquad c_k = g \cdot h_k + g_b

    g and :math:`g_b` are the gradients of the unit's weights and bias. Inputs at which the unit is active ask for a
    rate of at least :math:`z_k / c_k`; inputs at which it is silent, and which the step lifts, allow at most that. The
    unit's own inputs h are held fixed, which for the first layer they are. ``shifts`` are added to all inputs, which
    are centred. Raises ValueError for no shift.

    >>> killing_rates((0.0,), range(2)).least[0.0].shape
    (3, 2, 16)
    """
    shifts = tuple(map(float, check.several("killing_rates", "shifts", shifts)))
    seeds = check.some_seeds("killing_rates", seeds, 2)
    x, labels = first_digits(check.whole("killing_rates", "examples", examples, 2))
    least, most, held = zip(*(_kill(x + shift, labels, seeds) for shift in shifts), strict=True)
    tight = np.concatenate(held).mean()
    return KillingRates(
        shifts, seeds, dict(zip(shifts, least, strict=True)), dict(zip(shifts, most, strict=True)), float(tight)
    )


def _kill(x: torch.Tensor, labels: torch.Tensor, seeds: tuple[int, ...]) -> tuple[np.ndarray, ...]:
    """Both rates of every unit, and for those that can be killed whether steps around the least do as said."""
    ensemble = Ensemble(NETWORK, seeds)
    parameters = [one.requires_grad_() for layer in ensemble.layers for one in (layer.weight, layer.bias)]
    made = ensemble(x)
    gradients = torch.autograd.grad(losses(made.logits, labels).sum(), parameters)
    inputs = [x.expand(1, len(seeds), *x.shape), *made.outputs[:-1]]
    with torch.no_grad():
        pairs = zip(parameters[::2], parameters[1::2], gradients[::2], gradients[1::2], strict=True)
        layers = [_kill_layer(h[0], *(one[0] for one in four)) for h, four in zip(inputs, pairs, strict=True)]
    least, most, held = zip(*layers, strict=True)
    return np.stack(least), np.stack(most), np.concatenate(held)


def _kill_layer(h, w, b, gw, gb) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    sums, push = h @ w.mT + b, h @ gw.mT + gb
    least = torch.where(sums > 0, torch.where(push > 0, sums / push, torch.inf), 0.0).amax(dim=-2)
    most = torch.where((sums <= 0) & (push < 0), sums / push, torch.inf).amin(dim=-2)
    kills = (least > 0) & least.isfinite() & (least <= most)

    def alive(factor: float) -> torch.Tensor:
        rate = torch.minimum(factor * least, most).where(kills, torch.zeros(()).to(least))
        after = h @ (w - rate[..., None] * gw).mT + (b - rate[..., None, :] * gb)
        return (after > 0).any(dim=-2)

    held = alive(0.999) & ~alive(1.001)
    return *(np.where(kills, rate, np.nan) for rate in (least, most)), held[kills].numpy()
