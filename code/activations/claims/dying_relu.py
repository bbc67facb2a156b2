"""Claims of the chapter on dying ReLUs."""

from __future__ import annotations

from functools import cache

import numpy as np

from ..experiments import born_dead as narrow
from ..experiments import dying as runs
from ..experiments import silent
from ..experiments.ensemble import Network
from ..proofs import dying as proofs
from ._measured import measured
from .ledger import Check, Counterexample, Evidence, claim

HEALTHY, LARGE = 0.2, 1.0
"""Two learning rates of the experiment: one at which training goes well, and one at which units die."""


@cache
def default_start() -> runs.Deaths:
    """The network of the experiment from PyTorch's default start, at rates at which it trains."""
    return runs.deaths(("relu",), (0.2, 0.4), network=runs.DISEASES["killed"][0])


@cache
def dead_first_layer() -> runs.Deaths:
    """One hidden layer with a bias of −3, at which some of its units are dead."""
    return runs.deaths(("relu",), (HEALTHY,), network=Network("relu", depth=1, width=32, scheme="he", bias=-3.0))


# --- what dead means --------------------------------------------------------------------------------------------------


@claim("inactive-on-a-batch-is-not-dead", verdict="corrected", sources=["S4.17"])
def inactive_on_a_batch_is_not_dead() -> Evidence:
    r"""A negative input does not make a ReLU unit dead: nearly every unit is silent on some training inputs, and that
    is what it is for."""
    found = silent.silence()
    return Evidence(
        f"In fresh networks {found.negative.mean():.1%} of the units have a negative sum on some picture, "
        f"{found.silent[0].mean():.0%} are silent on one picture drawn at random, and {found.silent[-1].mean():.2%} on "
        "all of them.",
        counterexamples=[
            Counterexample(
                "share of units that have a negative input somewhere, said to be dead",
                f"{found.negative.mean():.1%} dead",
                f"{found.silent[-1].mean():.1%} dead",
            )
        ],
        measurements=[
            measured(
                "share of units silent on 8 pictures and not on all",
                found.silent[found.batches.index(8)] - found.silent[-1],
                "the interval held 0: silence on a small batch would then mean death",
                above=0,
            )
        ],
    )


@claim("dead-units-get-no-gradient", verdict="proved")
def dead_units_get_no_gradient() -> Evidence:
    r"""A dead unit's weights and bias get no gradient, whatever the loss: every training input contributes
    $\delta \cdot 0 \cdot h$."""
    return Evidence(
        "Each example's contribution has the factor ReLU′(z), which is 0 for z ≤ 0.",
        derivations=[proofs.gradient_when_silent()],
    )


@claim("dead-on-inputs-is-dead-on-their-mixtures", verdict="argued")
def dead_on_inputs_is_dead_on_their_mixtures() -> Evidence:
    r"""A unit that is dead on some inputs to its layer is dead on every mixture of them, that is, on every
    weighted mean."""
    return Evidence(
        "At a mixture of two inputs the sum is the mixture of the two sums.",
        derivations=[proofs.mixture()],
        argument="With $0 \\le t \\le 1$ neither part is positive, so their sum is not. Mixtures of more inputs are "
        "mixtures of two, repeated.",
    )


# --- three routes -----------------------------------------------------------------------------------------------------


@claim("a-bias-too-negative-kills", verdict="qualified", sources=["S3.10"])
def a_bias_too_negative_kills() -> Evidence:
    r"""A bias that is too negative kills a unit. It stays dead for as long as its inputs stay the same, as those of a
    first layer do."""
    states, first = proofs.revival(), dead_first_layer()
    asleep = first.asleep("relu", HEALTHY)
    born = asleep[:, 0] == 1
    return Evidence(
        f"Of {int(born.sum())} units of a first layer that were born dead, {int((asleep[:, -1][born] == 0).sum())} "
        "came alive in training. In a second layer one does: its inputs change.",
        derivations=[proofs.gradient_when_silent()],
        checks=[
            Check("there were units born dead to look at", bool(born.sum() > 100)),
            Check("all of them are dead at every later look", bool((asleep.swapaxes(0, 1)[:, born] == 1).all())),
            Check("while others of the same networks have learned", bool(first.training.learned("relu").mean() > 0.5)),
        ],
        condition="the unit's inputs do not change, and nothing but the gradient moves it",
        counterexamples=[
            Counterexample(
                "a dead unit over a layer that learns, its own weights untouched, after two steps",
                f"alive: {states[0].alive}",
                f"alive: {states[2].alive}",
            )
        ],
    )


@claim("centred-inputs-keep-a-unit-alive", verdict="argued")
def centred_inputs_keep_a_unit_alive() -> Evidence:
    r"""On inputs of mean 0 a unit with a positive bias cannot be dead."""
    sums = silent.biases((0.0,)).dead[0, 0]
    return Evidence(
        "The mean of its sums over the inputs is its bias.",
        derivations=[proofs.mean_sum()],
        checks=[Check("no unit of a fresh first layer with bias 0 is dead on the digits", bool((sums == 0).all()))],
        argument="The largest of some numbers is at least their mean. So the largest sum is at least $b > 0$, and at "
        "that input the unit is active.",
    )


@claim("every-unit-has-its-own-killing-rate", verdict="argued")
def every_unit_has_its_own_killing_rate() -> Evidence:
    r"""There is no one learning rate that kills. Each unit has a rate of its own from which on one step can kill it,
    and for many units no rate can."""
    found = silent.killing_rates()
    least = found.least[0.0]
    low, high = np.nanquantile(least, (0.05, 0.95))
    return Evidence(
        f"On centred digits one step can kill {found.killable(0.0)[1:].mean():.0%} of the units above the first layer, "
        f"nine in ten of those at rates from {low:.2g} to {high:.2g}.",
        derivations=[proofs.killing_rate()],
        checks=[
            Check("a step a thousandth short leaves every unit alive, a thousandth more kills it", found.tight == 1.0),
            Check("some units cannot be killed by one step", bool(np.isnan(least[1:]).any())),
            Check("the rates spread over more than a decade", bool(high / low > 10)),
        ],
        argument="A step moves the sum at input k from $z_k$ to $z_k - \\eta c_k$. The unit is dead when none of these "
        "is positive, which is one inequality in $\\eta$ for each input. Where the unit is active, $c_k$ must be "
        "positive and $\\eta$ at least $z_k / c_k$; where it is silent, $\\eta$ must be too small to wake it.",
    )


@claim("shifted-inputs-open-the-first-layer-to-killing", verdict="measured")
def shifted_inputs_open_the_first_layer_to_killing() -> Evidence:
    r"""Centred inputs protected the first layer: on the centred digits no single step killed a unit of it, and with the
    mean of all inputs moved to 1 many units could be killed."""
    found = silent.killing_rates()
    centred, shifted = found.killable(0.0)[0], found.killable(1.0)[0]
    return Evidence(
        f"Units of the first layer that one step can kill: {centred.mean():.0%} with centred inputs, "
        f"{shifted.mean():.0%} with inputs of mean 1.",
        checks=[Check("with centred inputs none, in any seed", bool((centred == 0).all()))],
        measurements=[measured("share of the first layer that can be killed, inputs of mean 1", shifted, above=0.1)],
    )


@claim("large-learning-rates-kill", verdict="measured", sources=["S0.16", "S1.13"])
def large_learning_rates_kill() -> Evidence:
    r"""Over the same number of steps the largest learning rate killed about half of the ReLU units, and the small
    ones hardly any. There is no sharp threshold in between."""
    found = runs.deaths()
    between = found.dead("relu", 0.8)
    small, large, most = (found.dead("relu", rate) for rate in (HEALTHY, LARGE, 2.0))
    return Evidence(
        f"Dead at the end: {small.mean():.1%} at rate {HEALTHY:g}, {large.mean():.0%} at rate {LARGE:g}, "
        f"{most.mean():.0%} at rate 2.",
        measurements=[
            measured(f"dead share at rate {HEALTHY:g}", small, below=0.05),
            measured(f"dead share at rate {LARGE:g}", large, above=0.1),
            measured("dead share at rate 2", most, above=0.4, below=0.6),
        ],
        checks=[
            Check("the dead share rises in every seed", bool((large > small).all())),
            Check("at rate 0.8 some runs lose under a tenth, some over a quarter", _spread(between)),
            Check("the first layer, whose inputs are centred, has no dead unit at any rate", _first_layer_lives(found)),
        ],
    )


def _spread(dead: np.ndarray) -> bool:
    return bool(dead.min() < 0.1 and dead.max() > 0.25)


def _first_layer_lives(found: runs.Deaths) -> bool:
    return all(bool((found.shares("relu", rate)[..., 0] == 0).all()) for rate in found.recipe.rates)


# --- death is not for ever --------------------------------------------------------------------------------------------


@claim("dead-units-come-back", verdict="corrected", sources=["S0.16"])
def dead_units_come_back() -> Evidence:
    r"""Death is reversible above the first layer: units that were dead on every training input came back, in exact
    arithmetic and in training."""
    states, found = proofs.revival(), default_start()
    asleep = found.asleep("relu", 0.4)
    born = asleep[:, 0] == 1
    back = int((asleep[:, -1][born] == 0).sum())
    return Evidence(
        f"From PyTorch's default start, {back} of {int(born.sum())} units that were born dead are alive after "
        f"{found.recipe.steps} steps.",
        checks=[
            Check("in the exact example the unit's own weight and bias have not moved", states[0].own == states[2].own),
            Check("it was dead, and is alive", (states[0].alive, states[2].alive) == (False, True)),
        ],
        counterexamples=[Counterexample("units born dead that are alive later", 0, back)],
        measurements=[
            measured(
                "revivals a network",
                found.revived("relu", 0.4).sum(axis=1).astype(float),
                above=0,
            )
        ],
    )


@claim("a-dead-layer-is-final", verdict="argued")
def a_dead_layer_is_final() -> Evidence:
    r"""When every unit of a layer is dead, gradient descent revives none of them: the network's output is the same for
    all training inputs, and stays so."""
    found = runs.deaths()
    dead = np.concatenate([found.collapsed("relu", rate) for rate in found.recipe.rates])
    return Evidence(
        f"Of {int(dead[:, -1].sum())} networks with a wholly dead layer at the end of training, none had recovered at "
        "any look on the way.",
        derivations=[proofs.gradient_when_silent()],
        checks=[
            Check("some networks have lost a whole layer", bool(dead[:, -1].any())),
            Check("none of them recovers", bool((dead[:, 1:] >= dead[:, :-1]).all())),
        ],
        argument="What the loss sends back to the layers below passes through the dead units and is multiplied by 0. "
        "So nothing that feeds the layer moves, and neither does the layer itself. Its outputs are 0, so the weights "
        "above it get no gradient either; biases above it do, and they add the same to every output.",
    )


# --- born dead --------------------------------------------------------------------------------------------------------


@claim("one-input-dies-with-depth", verdict="argued")
def one_input_dies_with_depth() -> Evidence:
    r"""In a ReLU network of $H$ layers of $N$ units, with weights symmetric about 0 and biases 0, the signal of an
    input other than 0 is lost with probability $1 - (1 - 2^{-N})^H$. A network is born dead with that probability at
    most."""
    return Evidence(
        "Each layer passes an input on with probability a = 1 − 2⁻ᴺ; the values of three cases are checked.",
        checks=[
            Check("one layer of three units loses it once in eight", proofs.one_input_dies(1, 3) == proofs.Half**3),
            Check("two layers of one unit keep it once in four", proofs.one_input_dies(2, 1) == 1 - proofs.Half**2),
            Check(
                "one more layer multiplies what is left by a",
                1 - proofs.one_input_dies(8, 4) == (1 - proofs.one_input_dies(7, 4)) * (1 - proofs.Half**4),
            ),
        ],
        argument="Given an $h \\ne 0$ from the layer below, each unit's sum is symmetric about 0, so it is negative "
        "with probability ½, independently of the others. All $N$ are negative with probability $2^{-N}$. A network "
        "that is dead on all inputs is dead on any one of them.",
        cite="lu2020",
    )


@claim("born-dead-between-two-bounds", verdict="argued")
def born_dead_between_two_bounds() -> Evidence:
    r"""For Gaussian weights, zero biases and inputs on a line through 0, the probability of being born dead lies
    between $1 - 2a^H + (2a - 1)\,a^{2(H-1)}$ and $1 - a^{H-1}$, with $a = 1 - 2^{-N}$. Both tend to 1 with the depth
    and to 0 with the width."""
    return Evidence(
        "Inclusion and exclusion over the two rays of the line.",
        derivations=[proofs.both_alive_orthogonal(), proofs.lower_bound(), proofs.upper_bound()],
        checks=[
            Check(
                "orthogonal signals are both blocked by a unit with probability ¼", proofs.orthant(0) == proofs.Half**2
            ),
            Check("parallel ones with probability ½", proofs.orthant(1) == proofs.Half),
            Check("for one unit a layer both bounds agree", len(set(proofs.born_dead_bounds(5, 1))) == 1),
        ],
        argument="Without biases a positive factor passes through the whole network, so 1 and −1 stand for the line. "
        "Each is alive after $H$ layers with probability $a^H$, and both are dead with probability $1 - 2a^H$ plus the "
        "probability that both are alive. In the first layer a unit that is off at 1 is on at −1, so both stay alive "
        "with probability $1 - 2 \\cdot 2^{-N} = 2a - 1$. Later signals are not negative, so their angle lies between "
        "0 and a right angle, and one unit blocks both with a probability $q$ between ¼ and ½. Both stay alive with "
        "probability $1 - 2 \\cdot 2^{-N} + q^N$, which lies between $a^2$ and $a$.",
    )


@claim("born-dead-networks-are-as-frequent-as-proved", verdict="measured")
def born_dead_networks_are_as_frequent_as_proved() -> Evidence:
    r"""Deep narrow networks are born dead as often as the bounds say, and on the digits they were so no more
    often than on a line."""
    found = narrow.born_dead()
    cases = [(width, depth) for width in found.widths for depth in (5, 20, 40)]
    inside, rarer = [], []
    for width, depth in cases:
        share = found.share(width, depth)
        low, high, _ = (float(bound) for bound in narrow.born_dead_bounds(depth, width))
        # Chance alone puts a share of so many networks this far from its probability in one of 15 000 cases.
        spread = 4 * max(low * (1 - low), high * (1 - high), 1e-4) ** 0.5 / (share.size * 200) ** 0.5
        rarer.append(found.share(width, depth, "digits").mean() <= share.mean() + 0.01)
        inside.append(low - spread <= share.mean() <= high + spread)
    low, high, _ = (float(bound) for bound in narrow.born_dead_bounds(20, 4))
    return Evidence(
        f"Over {len(cases)} widths and depths the measured share keeps to its bounds. Four units wide and forty deep: "
        f"{found.share(4, 40).mean():.0%} on a line, {found.share(4, 40, 'digits').mean():.0%} on the digits.",
        checks=[
            Check("every measured share keeps to its bounds, chance allowed for", all(inside)),
            Check("on the digits none is larger than on the line, a hundredth allowed for", all(map(bool, rarer))),
        ],
        measurements=[
            measured("born dead, width 4, depth 20, line", found.share(4, 20), above=low, below=high),
            measured("born dead, width 4, depth 20, digits", found.share(4, 20, "digits"), below=high),
        ],
        cite="lu2020",
    )
