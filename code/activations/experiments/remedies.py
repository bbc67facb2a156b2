r"""Who trains at depth, what each remedy does alone, and what saturation does to a unit: networks on the digits.

All of them take 100 steps of Adam on batches of 32, the sigmoids at several rates, the others at one. How much of the
error signal reaches the first layer before training is written beside the outcome,

.. math:: \log_{10} \frac{\lVert \partial L / \partial z_1 \rVert}{\lVert \partial L / \partial z_L \rVert} .
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from ..charts import Axis, Bars, Chart, HeatMap, Line
from . import _checks as check
from ._summary import in_words, mean_interval, table
from .ensemble import Network
from .probes import EDGES
from .propagation import propagate
from .training import Recipe, Training, train

__all__ = [
    "REMEDIES",
    "STARTS",
    "WATCHES",
    "Outcome",
    "Saturation",
    "Shifted",
    "histogram_chart",
    "outcome",
    "remedies",
    "saturation",
    "shifted",
    "sigmoid_rates",
    "stacks",
]

RATE = 0.003
RECIPE = Recipe(steps=100, batch=32, rates=(RATE,), optimiser="adam", every=20, watched=128)

STARTS: Mapping[str, str] = {"sigmoid": "glorot", "tanh": "glorot", "relu": "he"}
"""The start that each activation is usually given."""


def stacks(depth: int) -> dict[str, Network]:
    """Plain networks of sigmoid, tanh and ReLU, each with its usual start.

    >>> stacks(3)["relu"].scheme
    'he'
    """
    return {name: Network(name, depth, scheme=scheme) for name, scheme in STARTS.items()}


def _sigmoids(**change: object) -> Network:
    return replace(stacks(20)["sigmoid"], **change)


REMEDIES: Mapping[str, Network] = {
    "sigmoid": _sigmoids(),
    "start as tanh": _sigmoids(as_tanh=True),
    "batch norm": _sigmoids(normalise=True),
    "residual": _sigmoids(residual=True),
    "gates": _sigmoids(gated=True),
    "relu": stacks(20)["relu"],
}
"""Twenty layers of sigmoids, and what changes one thing about them (a ReLU comes with its own start)."""


# --- who trains -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class Outcome:
    """``power[label]``, the decimal logarithm of the error signal at the first layer over the last, one a seed, before
    training; and the training itself.
    """

    power: dict[str, np.ndarray]
    training: Training

    def final(self, label: str) -> np.ndarray:
        """The share of test pictures that are right at the end, one a seed."""
        return self.training.final(label)

    def learned(self, label: str) -> np.ndarray:
        """Which seeds end with half of the test pictures right."""
        return self.training.learned(label)

    def __repr__(self) -> str:
        header = ["network", "log10 of first/last error", "test accuracy in %", "learned"]
        rows = [
            [label, in_words(power), in_words(100 * self.final(label)), f"{self.learned(label).mean():.0%}"]
            for label, power in self.power.items()
        ]
        return table(header, rows)

    def chart(self) -> Chart:
        """Test accuracy over the steps, a line for each network."""
        chart, depths = self.training.chart(), {network.depth for network in self.training.networks.values()}
        title = f"{depths.pop()} layers" if len(depths) == 1 else ""
        return replace(chart, y=replace(chart.y, limits=(0, 1)), title=title)

    def bars(self) -> Chart:
        """Test accuracy at the end, a bar for each network with its interval."""
        ends = mean_interval(np.stack([self.final(label) for label in self.power]))
        mean, low, high = (100 * end for end in ends)
        best = ", ".join(f"{label} {value:.0f} %" for label, value in zip(self.power, mean, strict=True))
        bars = Bars(tuple(self.power), mean, lo=low, hi=high)
        words = f"Test accuracy after {self.training.recipe.steps} steps: {best}."
        return Chart(Axis("test accuracy in %", limits=(0, 100)), "network", [bars], words=words)


def outcome(networks: Mapping[str, Network], recipe: Recipe = RECIPE, seeds: Iterable[int] = range(20)) -> Outcome:
    """The error signal before training, and the training, of plain or changed networks.

    Raises ValueError for no network or fewer than two seeds.

    >>> small = outcome({"tanh": Network("tanh", depth=2, width=8)}, Recipe(steps=2), range(2))
    >>> small.power["tanh"].shape
    (2,)
    """
    check.several("outcome", "networks", networks)
    seeds = check.some_seeds("outcome", seeds, 2)
    # One call a network, so that what two tables share is trained once.
    runs = {label: train({label: one}, recipe, seeds) for label, one in networks.items()}
    loss, accuracy = (
        {label: getattr(run, what)[label] for label, run in runs.items()} for what in ("loss", "accuracy")
    )
    power = {label: _power(one, seeds) for label, one in networks.items()}
    return Outcome(power, Training(dict(networks), recipe, seeds, loss, accuracy, {}))


def _power(network: Network, seeds: tuple[int, ...]) -> np.ndarray:
    name, depth = network.activation, network.depth
    shape = dict(activations=(name,), depths=(depth,), gains=(network.gain,), seeds=seeds)
    return np.log10(propagate(network, **shape, measures=("delta",)).ratio(name, depth, measure="delta"))


def remedies(seeds: Iterable[int] = range(20)) -> Outcome:
    """Every network of ``REMEDIES``."""
    return outcome(REMEDIES, seeds=seeds)


def sigmoid_rates(rates: Sequence[float] = (0.01,), seeds: Iterable[int] = range(20)) -> Training:
    """Twenty layers of sigmoids at another rate, or several."""
    return train({"sigmoid": REMEDIES["sigmoid"]}, replace(RECIPE, rates=tuple(rates)), tuple(seeds))


# --- saturation -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class Saturation:
    """The share of saturated units by layer, before and after training, and the training itself."""

    training: Training

    def share(self, label: str) -> np.ndarray:
        """Shape (seeds, watches, layers)."""
        return self.training.probed["saturated"][label][0]

    def __repr__(self) -> str:
        layers = self.share(next(iter(self.training.networks))).shape[-1]
        rows = [
            [label, when, *(f"{100 * one:.0f}" for one in self.share(label)[:, at].mean(axis=0)), right]
            for label in self.training.networks
            for when, at, right in (("start", 0, ""), ("end", -1, in_words(100 * self.training.final(label))))
        ]
        return table(["saturated in %", "", "layer 1", *range(2, layers + 1), "accuracy in %"], rows)


def saturation(seeds: Iterable[int] = range(20)) -> Saturation:
    """Five layers of tanh from three starts, with the share of saturated units written down on the way.

    The starts are weights of variance 1/fan-in, the same times 8, and the latter behind batch normalisation.
    """
    networks = {
        "usual weights": Network("tanh", 5),
        "8 times": Network("tanh", 5, gain=8.0),
        "8 times, batch norm": Network("tanh", 5, gain=8.0, normalise=True),
    }
    return Saturation(train(networks, replace(RECIPE, probes=("saturated",)), tuple(seeds)))


@dataclass(frozen=True, eq=False, repr=False)
class Shifted:
    """The gradient at the start and the accuracy at the end, each by bias and seed."""

    biases: tuple[float, ...]
    gradient: np.ndarray
    final: np.ndarray
    step: float

    @property
    def decay(self) -> np.ndarray:
        """By how much log(gradient) falls for each unit of bias, from the second bias to the last, one a seed."""
        logs = np.log(self.gradient)
        return (logs[1] - logs[-1]) / (self.biases[-1] - self.biases[1])

    def __repr__(self) -> str:
        rows = zip(self.biases, self.gradient, self.final, strict=True)
        return table(
            ["bias", "first gradient", "test accuracy in %"],
            [[f"{bias:g}", in_words(gradient), in_words(100 * final)] for bias, gradient, final in rows],
        )

    def chart(self) -> Chart:
        """The gradient of the hidden weights at the start, by the bias."""
        mean, low, high = (np.exp(end) for end in mean_interval(np.log(self.gradient)))
        line = Line(self.biases, mean, lo=low, hi=high, label="gradient", colour="blue", dots=True)
        words = f"The gradient of the hidden weights falls from {mean[0]:.2g} to {mean[-1]:.2g} as the bias grows."
        return Chart("bias of the hidden units", Axis("gradient at the start", "log"), [line], words=words)


def shifted(biases: Sequence[float] = (0, 2, 4, 6, 8, 10), seeds: Iterable[int] = range(20)) -> Shifted:
    """One hidden layer of sigmoids trained by plain gradient descent; all that differs is the bias of the hidden units.

    The bias moves the units out to where their slope is small, and touches no weight.
    """
    biases = tuple(float(bias) for bias in check.several("shifted", "biases", biases))
    networks = {f"{bias:g}": Network("sigmoid", 1, scheme="glorot", bias=bias) for bias in biases}
    recipe = replace(RECIPE, optimiser="sgd", rates=(0.3,), every=RECIPE.steps, probes=("gradient",))
    run = train(networks, recipe, tuple(seeds))
    gradient = np.stack([run.probed["gradient"][label][0, :, 0, 0] for label in networks])
    return Shifted(biases, gradient, np.stack([run.final(label) for label in networks]), recipe.rates[0])


# --- the explorable ---------------------------------------------------------------------------------------------------

WATCHES = tuple(range(0, 101, 10))


def histogram_chart(activation: str, step: int) -> Chart:
    """How the outputs of each of ten layers are spread, after some steps of training; the mean over six seeds.

    Raises ValueError for an activation or a step that was not watched.
    """
    run = _watched(check.one_of("histogram_chart", "activation", activation, STARTS))
    at = WATCHES.index(check.one_of("histogram_chart", "step", step, WATCHES))
    shares = run.probed["histogram"][activation][0, :, at].mean(axis=0)
    centres = (np.array(EDGES[1:]) + np.array(EDGES[:-1])) / 2
    right = run.accuracy[activation][0, :, at].mean()
    spread = HeatMap(centres, np.arange(1, len(shares) + 1), np.sqrt(shares), "√ share of outputs", limits=(0, 1))
    words = f"{activation} after {step} steps, {right:.0%} right: the middle layer's fullest bin of {centres.size} "
    words += f"holds {shares[len(shares) // 2].max():.0%} of its outputs."
    return Chart("output of a unit", "layer", [spread], words=words)


@cache
def _watched(activation: str) -> Training:
    recipe = replace(RECIPE, every=10, probes=("histogram",))
    return train({activation: stacks(10)[activation]}, recipe, tuple(range(6)))
