r"""How many steps ReLU, tanh and sigmoid networks need, in three comparisons, each fairer than the one before.

The unfair comparison gives every network the gain and the learning rate that suit ReLU. Then each gets its own gain,

.. math:: g\,|f'(0)| = 1 \ \text{ for tanh and sigmoid}, \qquad g = \sqrt 2 \ \text{ for ReLU},

with which small gradients keep their size on the way back; and then its own learning rate as well, chosen on other
seeds than those that are reported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..charts import Chart
from . import _checks
from ._kept import kept
from ._summary import in_words, table
from .ensemble import Network
from .training import Recipe, Training, train

__all__ = ["GAINS", "RATES", "STAGES", "Pace", "pace"]

GAINS: Mapping[str, float] = {"relu": 2**0.5, "tanh": 1.0, "sigmoid": 4.0}
"""The gain of each activation on weights of variance 1/fan-in."""

STAGES = ("ReLU's gain and rate", "own gain, ReLU's rate", "own gain, own rate")
"""The three comparisons."""

RATES = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4)
"""The learning rates that are tried."""


@dataclass(frozen=True, eq=False, repr=False)
class Pace:
    """Steps until the training loss is down at ``loss``: ``steps[stage][activation]``, one number a seed, or infinity.

    ``rates`` are the rates that were chosen; ``curves`` are the runs of the last comparison.
    """

    loss: float
    most: int
    seeds: tuple[int, ...]
    rates: Mapping[str, float]
    steps: Mapping[str, Mapping[str, np.ndarray]]
    curves: Mapping[str, Training]

    def arrived(self, stage: str, activation: str) -> int:
        """How many of the runs got there."""
        return int(np.isfinite(self.steps[stage][activation]).sum())

    def ratio(self, stage: str, activation: str) -> np.ndarray:
        """Steps over those of ReLU, seed by seed. Raises ValueError where a run did not get there."""
        if self.arrived(stage, activation) + self.arrived(stage, "relu") < 2 * len(self.seeds):
            raise ValueError(f"ratio: not every run of {activation} and relu got there with {stage}")
        return self.steps[stage][activation] / self.steps[stage]["relu"]

    def __repr__(self) -> str:
        rows = [[stage, *(self._cell(stage, name) for name in GAINS)] for stage in self.steps]
        if all(self.arrived(STAGES[-1], name) == len(self.seeds) for name in GAINS):
            others = (in_words(self.ratio(STAGES[-1], name), 2) for name in GAINS if name != "relu")
            rows.append(["as multiples of ReLU's", "1", *others])
        chosen = ", ".join(f"{name} {rate:g}" for name, rate in self.rates.items())
        under = f"steps until the loss is {self.loss:g}, {len(self.seeds)} seeds\nown rates: {chosen}"
        return table(["", *GAINS], rows) + f"\n{under}"

    def _cell(self, stage: str, name: str) -> str:
        if arrived := self.arrived(stage, name):
            steps = self.steps[stage][name]
            return in_words(steps) if arrived == len(steps) else f"{arrived} of {len(steps)} get there"
        return f"none in {self.most}"

    def chart(self) -> Chart:
        """Training loss over the steps, each with its own gain and rate."""
        together = next(iter(self.curves.values()))
        merged = Training(
            {name: run.networks[name] for name, run in self.curves.items()},
            together.recipe,
            self.seeds,
            {name: run.loss[name] for name, run in self.curves.items()},
            {name: run.accuracy[name] for name, run in self.curves.items()},
            {},
        )
        return merged.chart("loss")


@kept
def pace(
    depth: int = 4,
    width: int = 24,
    seeds: Sequence[int] = range(20),
    *,
    tuning: Sequence[int] = range(100, 104),
    rates: Sequence[float] = RATES,
    steps: int = 250,
    loss: float = 0.2,
) -> Pace:
    """Steps that networks of each activation need on the digits, in each of the three comparisons.

    The same draws and batches for all. The rate chosen is the one with the smallest mean number of steps over the
    seeds in ``tuning``, among those with which all of them get there. Raises ValueError, naming the field, for a bad
    configuration, seeds that were also used for tuning, and an activation that no rate brings there.
    """
    seeds, tuning = _checks.some_seeds("pace", seeds, 2), _checks.some_seeds("pace", tuning)
    if set(seeds) & set(tuning):
        raise ValueError(f"pace: seeds must differ from those for tuning, both have {min(set(seeds) & set(tuning))}")
    _checks.positive("pace", "loss", loss)
    rates = tuple(_checks.positive("pace", "rates", rate) for rate in _checks.several("pace", "rates", rates))
    Recipe(steps=steps), Network(depth=depth, width=width)  # refuse a bad configuration before any work

    def run(name: str, gain: float, tried: tuple[float, ...], dice: Sequence[int]) -> Training:
        network = Network(name, depth=depth, width=width, gain=gain)
        return train({name: network}, Recipe(steps=steps, batch=32, rates=tried, every=10), dice)

    best = {name: _best(run(name, gain, rates, tuning), loss) for name, gain in GAINS.items()}
    plans = (
        {name: (GAINS["relu"], best["relu"]) for name in GAINS},
        {name: (gain, best["relu"]) for name, gain in GAINS.items()},
        {name: (gain, best[name]) for name, gain in GAINS.items()},
    )
    made = [{name: run(name, gain, (rate,), seeds) for name, (gain, rate) in plan.items()} for plan in plans]
    found = {
        stage: {name: _arrivals(result, loss)[0] for name, result in results.items()}
        for stage, results in zip(STAGES, made, strict=True)
    }
    return Pace(loss, steps, seeds, best, found, made[-1])


def _arrivals(result: Training, loss: float) -> np.ndarray:
    """The step at which the loss is down, between two looks by a straight line in its logarithm; (rates, seeds)."""
    ((curves),) = result.loss.values()
    down = curves <= loss
    last = np.maximum(down.argmax(axis=-1), 1)[..., None]
    with np.errstate(invalid="ignore", divide="ignore"):  # where a run never arrives, or has overflowed
        before, after = (np.log(np.take_along_axis(curves, at, axis=-1)[..., 0]) for at in (last - 1, last))
        share = np.clip((before - np.log(loss)) / (before - after), 0, 1)
    start, end = result.steps[last[..., 0] - 1], result.steps[last[..., 0]]
    return np.where(down.any(axis=-1), start + share * (end - start), np.inf)


def _best(result: Training, loss: float) -> float:
    mean = _arrivals(result, loss).mean(axis=-1)
    if not np.isfinite(mean).any():
        raise ValueError(f"pace: no rate of {result.recipe.rates} brings every run of {[*result.networks]} to {loss}")
    return result.recipe.rates[int(mean.argmin())]
