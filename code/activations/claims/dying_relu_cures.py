"""Claims of the chapter on dying ReLUs: what helps."""

from __future__ import annotations

import numpy as np

from .. import slopes
from ..experiments import dying as runs
from ..experiments._summary import mean_interval
from ..proofs import dying as proofs
from ._measured import measured
from .ledger import Check, Counterexample, Evidence, Measurement, claim

SUBJECT = "dying_relu"

LARGE = 1.0
"""A learning rate of the experiment at which units die."""


@claim("cures-fit-causes", verdict="measured", sources=["S1.13"])
def cures_fit_causes() -> Evidence:
    r"""Cures fit causes. Where large steps kill, a smaller rate or clipped gradients keep most units alive and He's
    weights do not; where a deep network is born with dead units it is the other way round. Batch normalisation helped
    in both cases."""
    found = runs.cures()
    killed, born = found.dead["killed"], found.dead["born dead"]
    learned = {disease: of["batch norm"].mean() for disease, of in found.accuracy.items()}
    return Evidence(
        f"With batch normalisation the accuracy is {learned['killed']:.0%} and {learned['born dead']:.0%}.",
        checks=[
            Check("batch normalisation leaves no dead unit in either case", _none(killed, born, "batch norm")),
            Check("He's weights do not help against large steps", _gain(killed, "He's weights")[2] < 0.05),
            Check("clipping does not help the born dead", _gain(born, "clipping at 1")[2] < 0.05),
            Check("nor does a smaller rate, by more than a twentieth", _gain(born, "a fifth of the rate")[2] < 0.05),
        ],
        measurements=[
            _spared("large steps, a fifth of the rate", killed, "a fifth of the rate"),
            _spared("large steps, clipping", killed, "clipping at 1"),
            _spared("born dead, He's weights", born, "He's weights"),
            _spared("born dead, a bias of 0.1", born, "bias 0.1"),
        ],
        cite="ioffe2015",
    )


def _gain(dead: dict[str, np.ndarray], cure: str) -> tuple[float, float, float]:
    """By how much a cure lowers the dead share: mean and interval of the differences, seed by seed."""
    mean, low, high = mean_interval(dead["nothing"] - dead[cure])
    return float(mean), float(low), float(high)


def _spared(what: str, dead: dict[str, np.ndarray], cure: str) -> Measurement:
    return measured(f"{what}: dead share spared", dead["nothing"] - dead[cure], above=0.1)


def _none(*dead_and_cure: object) -> bool:
    *dead, cure = dead_and_cure
    return all(bool((one[cure] == 0).all()) for one in dead)


@claim("momentum-adapts-no-rate", verdict="corrected", sources=["S1.13"])
def momentum_adapts_no_rate() -> Evidence:
    r"""Momentum does not adjust the learning rate: under a steady gradient steps grow by the fixed factor
    $1/(1-\mu)$. At the same rate it killed more units than plain descent; with the rate divided by that factor it
    killed fewer."""
    dead = runs.cures().dead["killed"]
    more, fewer = _gain(dead, "momentum, same rate"), _gain(dead, "momentum, rate / 10")
    share = {cure: f"{dead[cure].mean():.0%}" for cure in ("nothing", "momentum, same rate", "momentum, rate / 10")}
    return Evidence(
        f"Dead at the end: {share['nothing']} without momentum, {share['momentum, same rate']} with it at the same "
        f"rate, {share['momentum, rate / 10']} with it at a tenth of the rate.",
        derivations=[proofs.coasting()],
        checks=[
            Check("at the same rate it kills more", more[2] < 0),
            Check("at a tenth of the rate, the same length of stride, fewer", fewer[1] > 0),
        ],
        counterexamples=[
            Counterexample(
                "dead share with momentum, said to cure, at the same rate",
                "smaller than without",
                "larger than without" if more[2] < 0 else "smaller than without",
            )
        ],
    )


@claim("a-leak-removes-death-and-not-its-cause", verdict="measured")
def a_leak_removes_death_and_not_its_cause() -> Evidence:
    r"""With a leaky slope no unit is dead, and that alone does not make a network learn: where ReLU units die of large
    steps leaky networks may overflow, and a deep network that starts too small learns nothing with either."""
    found, treated = runs.deaths(), runs.cures()
    overflowed = found.overflowed("leaky_relu", 1.5)[:, -1].astype(float)
    right = treated.accuracy["born dead"]["leaky slope"]
    return Evidence(
        f"At rate 1.5 {overflowed.mean():.0%} of the leaky networks overflow; the deep one ends at an accuracy of "
        f"{right.mean():.0%}.",
        checks=[
            Check("no leaky unit is dead", all(_leaky_lives(found, rate) for rate in found.recipe.rates)),
            Check("the deep leaky network stays at the accuracy of guessing", bool((right < 0.15).all())),
            Check("no ReLU network overflows at that rate", not found.overflowed("relu", 1.5).any()),
        ],
        measurements=[measured("leaky networks that overflow at rate 1.5", overflowed, above=0.1)],
        cite="maas2013",
    )


def _leaky_lives(found: runs.Deaths, rate: float) -> bool:
    return bool((found.shares("leaky_relu", rate) == 0).all())


@claim("only-a-flat-half-line-makes-death-exact", verdict="corrected")
def only_a_flat_half_line_makes_death_exact() -> Evidence:
    r"""That ELU, GELU and SiLU have no dead units holds in exact arithmetic only. In floats their slopes round to 0 far
    out on the left, and large steps killed units with ELU too. Leaky ReLU's slope does not fade."""
    far = np.array([-200.0], dtype=np.float32)
    slope = {name: float(getattr(slopes, name)(far)[0]) for name in ("leaky_relu", "elu", "gelu", "silu")}
    found = runs.deaths()
    return Evidence(
        f"At −200 in float32 the slope of ELU is {slope['elu']:g} and that of leaky ReLU {slope['leaky_relu']:g}. At "
        f"rate {LARGE:g} {found.dead('elu', LARGE).mean():.0%} of the ELU units end dead in training.",
        checks=[
            Check("leaky ReLU's slope is not 0 there", slope["leaky_relu"] > 0),
            Check("SiLU's and GELU's slopes are 0 there, as ELU's is", slope["silu"] == slope["gelu"] == 0),
        ],
        counterexamples=[
            Counterexample("whether ELU's slope at −200 in float32 is above 0", True, slope["elu"] > 0),
            Counterexample("dead ELU units at the large rate", 0, round(float(found.dead("elu", LARGE).mean()), 3)),
        ],
        cite="clevert2016",
    )


@claim("dead-neurons-in-a-language-model", verdict="reported")
def dead_neurons_in_a_language_model() -> Evidence:
    r"""In some layers of OPT-66B, a language model with ReLU and 66 billion parameters, more than 70 per cent of the
    neurons were found to be dead on a large and diverse collection of texts."""
    return Evidence("A published count, on a model far too large to run here.", cite="voita2024")
