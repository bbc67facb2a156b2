r"""The network of Glorot and Bengio: four logistic layers, a softmax, and a top layer that saturates by itself.

Their weights are uniform in ±1/√fan-in with zero biases, so a gain of 1/√3 on a variance of 1/fan-in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..charts import Axis, Chart, Line, Rule
from . import _checks as check
from ._kept import kept
from ._summary import in_words, mean_interval, table
from .ensemble import Network
from .training import Recipe, train

__all__ = ["NETWORKS", "Story", "top_layer"]

_SHAPE = {"depth": 4, "width": 32, "scheme": "uniform"}
NETWORKS: Mapping[str, Network] = {
    "sigmoid, gain 1/√3": Network("sigmoid", gain=3**-0.5, **_SHAPE),
    "sigmoid, its own gain": Network("sigmoid", gain="natural", **_SHAPE),
}
"""The network as published, and the same with another gain."""

_SHARE = {"sigmoid, its own gain": 0.3}  # of the steps: it has long learned by then

_LOOKS = {
    "sigmoid, gain 1/√3": ("blue", "solid"),
    "sigmoid, its own gain": ("green", "long"),
}


@dataclass(frozen=True, eq=False, repr=False)
class Story:
    """What happened in training: ``mean[label]`` and ``spread[label]`` are (seed, watch, layer), of the outputs h.

    ``loss[label]`` and ``accuracy[label]`` are (seed, watch), and ``steps[label]`` are the watched steps.
    """

    seeds: tuple[int, ...]
    rate: float
    batch: int
    steps: Mapping[str, np.ndarray]
    mean: Mapping[str, np.ndarray]
    spread: Mapping[str, np.ndarray]
    loss: Mapping[str, np.ndarray]
    accuracy: Mapping[str, np.ndarray]

    def lowest(self, label: str) -> np.ndarray:
        """The lowest mean output of the top layer on the way, by seed."""
        return self.mean[label][:, :, -1].min(axis=1)

    def waited(self, label: str, share: float = 0.9) -> np.ndarray:
        """The first watched step with a loss below a share of log 10, which is the loss of guessing; by seed.

        The last step counts for a run that does not get there.
        """
        below, steps = self.loss[label] < share * np.log(10), self.steps[label]
        first = np.where(below.any(axis=1), below.argmax(axis=1), steps.size - 1)
        return steps[first].astype(float)

    def __repr__(self) -> str:
        rows = [
            [
                label,
                self.steps[label][-1],
                in_words(self.lowest(label), 2),
                in_words(self.waited(label), 2),
                in_words(100 * self.accuracy[label][:, -1], 2),
            ]
            for label in self.mean
        ]
        return table(["network", "steps", "lowest top mean", "learns after", "% right"], rows)

    def chart(self, label: str = "sigmoid, gain 1/√3") -> Chart:
        """The mean output of each hidden layer over the steps, with its interval."""
        looks = (("muted", "dotted"), ("sky", "dashdotdot"), ("purple", "dashdot"), ("blue", "solid"))
        marks, steps = [Rule(0.0, "y")], self.steps[label]
        for layer, (colour, dash) in enumerate(looks):
            mean, low, high = mean_interval(self.mean[label][:, :, layer].T)
            marks.append(Line(steps, mean, lo=low, hi=high, label=f"layer {layer + 1}", colour=colour, dash=dash))
        top = self.mean[label][:, :, -1].mean(axis=0)
        words = f"{label}: the mean output of the top layer goes from {top[0]:.2f} down to {top.min():.2f} "
        words += f"and is {top[-1]:.2f} after {steps[-1]} steps."
        return Chart("step", Axis("mean output", limits=(-0.04, 0.8)), marks, words=words, title="Mean output")

    def losses(self) -> Chart:
        """The training loss of every network over the steps, with its interval."""
        marks = [Rule(float(np.log(10)), "y", label="guessing", dash="dotted")]
        for label, loss in self.loss.items():
            mean, low, high = mean_interval(loss.T)
            colour, dash = _LOOKS[label]
            marks.append(Line(self.steps[label], mean, lo=low, hi=high, label=label, colour=colour, dash=dash))
        words = "Training loss over the steps: "
        words += ", ".join(f"{label} ends at {loss[:, -1].mean():.2g}" for label, loss in self.loss.items()) + "."
        return Chart("step", Axis("training loss in nats"), marks, words=words, title="Loss")


@kept
def top_layer(
    labels: Sequence[str] = tuple(NETWORKS),
    *,
    steps: int = 1500,
    rate: float = 2.0,
    batch: int = 32,
    seeds: Sequence[int] = range(20),
) -> Story:
    """Train the networks on the digits by plain gradient descent, and watch the outputs of their layers.

    All see the same pictures and start from the same draws. Raises ValueError, naming the field, for an unknown
    network and for a bad number of steps, rate or batch.
    """
    chosen = {check.one_of("top_layer", "labels", label, NETWORKS): NETWORKS[label] for label in labels}
    every, seeds = max(1, check.whole("top_layer", "steps", steps) // 30), check.some_seeds("top_layer", seeds)
    runs = {label: _run(label, network, steps, rate, batch, every, seeds) for label, network in chosen.items()}
    return Story(seeds, rate, batch, *({label: run[part] for label, run in runs.items()} for part in range(5)))


def _run(label: str, network: Network, steps: int, rate: float, batch: int, every: int, seeds: tuple[int, ...]):
    """Steps, mean, spread, loss and accuracy of one network."""
    steps = max(1, round(steps * _SHARE.get(label, 1)))
    recipe = Recipe(steps=steps, batch=batch, rates=(rate,), every=every, probes=("mean", "spread"), watched=128)
    run = train({label: network}, recipe, seeds)
    return run.steps, *(one[label][0] for one in (*run.probed.values(), run.loss, run.accuracy))
