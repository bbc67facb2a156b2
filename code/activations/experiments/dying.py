r"""ReLU units that die, or come back, while networks train on the digits, and what each cure does to them.

A unit is dead when its slope is 0 on every training picture,

.. math:: \max_k z(x_k) \le 0 \quad \text{for ReLU.}

The networks train on 256 pictures, and each of these is looked at: nothing here is merely silent on a batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from ..charts import Axis, Bars, Chart
from . import _checks as check
from ._shares import LOOKS, share_line
from ._summary import in_words, mean_interval, table
from .ensemble import Network
from .training import Recipe, Training, train

__all__ = [
    "ACTIVATIONS",
    "CURES",
    "DISEASES",
    "NETWORK",
    "RATES",
    "RECIPE",
    "Cures",
    "Deaths",
    "cures",
    "death_chart",
    "deaths",
]

ACTIVATIONS = ("relu", "leaky_relu", "elu", "gelu")
RATES = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0)
NETWORK = Network("relu", depth=3, width=16, scheme="he")
RECIPE = Recipe(steps=100, batch=32, rates=RATES, every=10, probes=("asleep",), examples=256, watched=256)


# --- deaths by learning rate -----------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Deaths:
    """Which units are dead, of each activation: :meth:`asleep` has the axes (seeds, looks, layers, units).

    It displays as a table by rate: the dead in each layer at the end, how many units of a network came back on the way,
    the runs that overflowed, and the test accuracy with its 95 % interval over the seeds.
    """

    training: Training

    @property
    def seeds(self) -> tuple[int, ...]:
        return self.training.seeds

    @property
    def recipe(self) -> Recipe:
        return self.training.recipe

    @property
    def activations(self) -> tuple[str, ...]:
        return tuple(self.training.networks)

    def only(self, activation: str) -> Deaths:
        """The same for one activation alone."""
        check.one_of("Deaths", "activation", activation, self.activations)
        return Deaths(replace(self.training, networks={activation: self.training.networks[activation]}))

    def asleep(self, activation: str, rate: float) -> np.ndarray:
        """1 for a dead unit and 0 for another; NaN from where its network has overflowed."""
        index = self._index(activation, rate)
        lost = self.overflowed(activation, rate)[..., None, None]
        return np.where(lost, np.nan, self.training.probed["asleep"][activation][index])

    def overflowed(self, activation: str, rate: float) -> np.ndarray:
        """Which networks have no finite loss any more, by (seeds, looks)."""
        loss = self.training.loss[activation][self._index(activation, rate)]
        return np.cumsum(~np.isfinite(loss), axis=-1) > 0

    def shares(self, activation: str, rate: float) -> np.ndarray:
        """The share of dead units by (seeds, looks, layers); units of an overflowed network count as not dead."""
        return np.nan_to_num(self.asleep(activation, rate)).mean(axis=-1)

    def dead(self, activation: str, rate: float) -> np.ndarray:
        """The share of all hidden units that are dead at the end, one for each seed."""
        return self.shares(activation, rate)[:, -1].mean(axis=-1)

    def revived(self, activation: str, rate: float) -> np.ndarray:
        """How many units of each (seed, layer) were dead at one look and not at the next; a unit may count twice."""
        asleep = self.asleep(activation, rate)
        return ((asleep[:, :-1] == 1) & (asleep[:, 1:] == 0)).sum(axis=(1, 3))

    def collapsed(self, activation: str, rate: float) -> np.ndarray:
        """Which networks have a layer without a living unit, by (seeds, looks)."""
        return (self.shares(activation, rate) == 1).any(axis=-1)

    def _index(self, activation: str, rate: float) -> int:
        check.one_of("Deaths", "activation", activation, self.activations)
        return self.recipe.rates.index(check.one_of("Deaths", "rate", rate, self.recipe.rates))

    def __repr__(self) -> str:
        layers = next(iter(self.training.networks.values())).depth
        header = ["activation", "rate", *(f"dead {layer + 1}, %" for layer in range(layers))]
        rows = [self._row(activation, rate) for activation in self.activations for rate in self.recipe.rates]
        lines = [[*header, "came back", "overflowed", "accuracy, %"], *rows]
        shown = slice(1 if len(self.activations) == 1 else 0, None)
        return table(lines[0][shown], [line[shown] for line in lines[1:]])

    def _row(self, activation: str, rate: float) -> list[str]:
        by_layer = 100 * self.shares(activation, rate)[:, -1].T
        final = 100 * self.training.final(activation, rate)
        return [
            activation,
            f"{rate:g}",
            *(f"{layer.mean():.1f}" for layer in by_layer),
            f"{self.revived(activation, rate).sum(axis=1).mean():.1f}",
            f"{self.overflowed(activation, rate)[:, -1].mean():.0%}",
            in_words(final),
        ]

    def chart(self, activation: str = "relu") -> Chart:
        """The share of dead units in each layer, and the test accuracy, by learning rate."""
        ends = np.stack([self.shares(activation, rate)[:, -1] for rate in self.recipe.rates])
        right = np.stack([self.training.final(activation, rate) for rate in self.recipe.rates])
        lines = [
            share_line(self.recipe.rates, ends[..., layer], f"dead in layer {layer + 1}", LOOKS[layer])
            for layer in range(ends.shape[-1])
        ]
        lines.append(share_line(self.recipe.rates, right, "accuracy", ("ink", "dotted")))
        first, last = ends[0].mean(), ends[-1].mean()
        words = (
            f"Shares by learning rate after {self.recipe.steps} steps, {activation}. Of all hidden units {first:.0%} "
            f"are dead at rate {self.recipe.rates[0]:g} and {last:.0%} at {self.recipe.rates[-1]:g}; accuracy falls "
            f"from {right[0].mean():.0%} to {right[-1].mean():.0%}."
        )
        return Chart(Axis("learning rate", "log"), Axis("share", limits=(-0.03, 1.03)), lines, words=words)

    def over_steps(self, activation: str, rate: float) -> Chart:
        """The share of dead units in each layer over the steps, and of runs that have overflowed."""
        shares, lost = self.shares(activation, rate), self.overflowed(activation, rate).astype(float)
        steps = self.training.steps
        lines = [
            share_line(steps, shares[..., layer].T, f"dead in layer {layer + 1}", LOOKS[layer])
            for layer in range(shares.shape[-1])
        ]
        lines.append(share_line(steps, lost.T, "overflowed runs", ("vermillion", "dotted")))
        dead = ", ".join(f"{share:.0%}" for share in shares[:, -1].mean(axis=0))
        words = (
            f"{activation} at rate {rate:g}, after {steps[-1]} steps: dead in the layers {dead}; overflowed "
            f"{lost[:, -1].mean():.0%} of the runs; accuracy {self.training.final(activation, rate).mean():.0%}."
        )
        return Chart(Axis("step"), Axis("share", limits=(-0.03, 1.03)), lines, words=words)


def deaths(
    activations: Sequence[str] = ACTIVATIONS,
    rates: Sequence[float] = RATES,
    *,
    network: Network = NETWORK,
    recipe: Recipe = RECIPE,
    seeds: Iterable[int] = range(20),
) -> Deaths:
    r"""Train the same network with several activations and rates, and note who is dead.

    .. math:: \max_k z(x_k) \le 0

    Raises ValueError for an unknown activation, no rate, or a bad seed, before any work.

    >>> small = Recipe(steps=2, batch=4, every=1, probes=("asleep",), examples=8, watched=8)
    >>> deaths(["relu"], [0.1], recipe=small, seeds=range(2)).shares("relu", 0.1).shape
    (2, 3, 3)
    """
    names = [check.activation("deaths", name) for name in check.several("deaths", "activations", activations)]
    recipe = replace(recipe, rates=tuple(check.several("deaths", "rates", rates)))
    if "asleep" not in recipe.probes or recipe.watched < recipe.examples:
        raise ValueError("deaths: recipe must have the probe asleep, and watch all of its examples")
    networks = {name: replace(network, activation=name) for name in names}
    return Deaths(train(networks, recipe, check.some_seeds("deaths", seeds, 2)))


def death_chart(activation: str, rate: float) -> Chart:
    """:meth:`Deaths.over_steps` of the standard experiment, for an explorable."""
    return deaths().over_steps(activation, rate)


# --- cures, each alone -----------------------------------------------------------------------------------------------

DISEASES: Mapping[str, tuple[Network, float]] = MappingProxyType(
    {
        "killed": (Network("relu", depth=3, width=16, scheme="torch"), 1.0),
        "born dead": (Network("relu", depth=8, width=16, scheme="torch"), 0.1),
    }
)
"""Two networks with dead units, and their rates: one is shaken by large steps, one is too deep for its start."""

CURES: Mapping[str, tuple[dict[str, object], dict[str, object]]] = MappingProxyType(
    {
        "nothing": ({}, {}),
        "a fifth of the rate": ({}, {"slower": 5}),
        "momentum, same rate": ({}, {"momentum": 0.9}),
        "momentum, rate / 10": ({}, {"momentum": 0.9, "slower": 10}),
        "He's weights": ({"scheme": "he"}, {}),
        "bias 0.1": ({"bias": 0.1}, {}),
        "leaky slope": ({"activation": "leaky_relu"}, {}),
        "batch norm": ({"normalise": True}, {}),
        "clipping at 1": ({}, {"clip": 1.0}),
    }
)
"""What each cure changes, in the network and in the recipe; ``slower`` divides the rate."""


@dataclass(frozen=True, eq=False)
class Cures:
    """``dead[disease][cure]`` and ``accuracy[disease][cure]``, one number a seed, at the end of training.

    It displays as a table: for each disease the share of dead units and the share of test pictures that are right.
    """

    seeds: tuple[int, ...]
    dead: dict[str, dict[str, np.ndarray]]
    accuracy: dict[str, dict[str, np.ndarray]]

    def __repr__(self) -> str:
        header = [what for disease in self.dead for what in (f"{disease}, %", "right, %")]
        rows = [
            [
                cure,
                *(_whole(100 * kind[disease][cure]) for disease in self.dead for kind in (self.dead, self.accuracy)),
            ]
            for cure in next(iter(self.dead.values()))
        ]
        return table(["cure", *header], rows)

    def chart(self, what: str = "dead") -> Chart:
        """``"dead"`` or ``"accuracy"`` by cure, a bar for each disease."""
        found = {"dead": self.dead, "accuracy": self.accuracy}[check.one_of("Cures", "what", what, _BARS)]
        bars = [
            _bars(values, disease, colour)
            for (disease, values), colour in zip(found.items(), ("vermillion", "blue"), strict=True)
        ]
        least = ", ".join(f"{disease}: {min(v, key=lambda cure: v[cure].mean())}" for disease, v in found.items())
        most = ", ".join(f"{disease}: {max(v, key=lambda cure: v[cure].mean())}" for disease, v in found.items())
        words = f"{_BARS[what].capitalize()} by cure. Smallest with {least}; largest with {most}."
        return Chart(Axis(_BARS[what], limits=(0, 1)), "cure", bars, words=words)


def _whole(values: np.ndarray) -> str:
    mean, low, high = (f"{float(end):.0f}" for end in mean_interval(values))
    return f"{mean} [{low}, {high}]"


_BARS = {"dead": "share of units that are dead at the end", "accuracy": "share of test pictures that are right"}


def _bars(values: Mapping[str, np.ndarray], disease: str, colour: str) -> Bars:
    mean, low, high = mean_interval(np.stack(list(values.values())))
    low, high = np.clip(low, 0, 1), np.clip(high, 0, 1)
    return Bars(tuple(values), mean, label=disease, colour=colour, lo=low, hi=high)


def cures(seeds: Iterable[int] = range(20), names: Sequence[str] = tuple(CURES)) -> Cures:
    """Each cure alone, on each of the :data:`DISEASES`; same seeds, pictures and steps for all.

    Raises ValueError for an unknown cure or a bad seed.

    >>> cures(range(2), ["aspirin"])
    Traceback (most recent call last):
    ...
    ValueError: cures: cure must be one of nothing, a fifth of the rate, momentum, same rate, momentum, rate / 10, \
He's weights, bias 0.1, leaky slope, batch norm, clipping at 1; got 'aspirin'
    """
    seeds = check.some_seeds("cures", seeds, 2)
    for name in check.several("cures", "names", names):
        check.one_of("cures", "cure", name, CURES)
    dead, accuracy = {disease: {} for disease in DISEASES}, {disease: {} for disease in DISEASES}
    for disease in DISEASES:
        for name in names:
            dead[disease][name], accuracy[disease][name] = _treated(disease, name, seeds)
    return Cures(seeds, dead, accuracy)


def _treated(disease: str, cure: str, seeds: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Dead share and accuracy at the end, by seed."""
    network, rate = DISEASES[disease]
    structural, of_training = CURES[cure]
    changes = {name: value for name, value in of_training.items() if name != "slower"}
    rate = rate / of_training.get("slower", 1)
    network = replace(network, **structural)
    made = deaths(
        [network.activation], [rate], network=network, recipe=replace(RECIPE, every=50, **changes), seeds=seeds
    )
    return made.dead(network.activation, rate), made.training.final(network.activation, rate)
