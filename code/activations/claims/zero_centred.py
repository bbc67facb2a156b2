"""Claims of the chapter on zero-centred activations."""

from __future__ import annotations

import numpy as np
import sympy as sp
from mpmath import mp

from .. import slopes
from ..catalogue import get, x
from ..experiments import conditioning as runs
from ..experiments import zigzag
from ..experiments._summary import mean_interval
from ..proofs import zigzag as proofs
from ._measured import measured
from .ledger import Check, Counterexample, Evidence, claim

TANH = get("tanh").at()
LAST = zigzag.BATCHES[-1]


# --- signs ------------------------------------------------------------------------------------------------------------


@claim("one-example-moves-a-neurons-weights-one-way", verdict="qualified", sources=["S0.10"])
def one_example_moves_a_neurons_weights_one_way() -> Evidence:
    r"""If all inputs of one neuron are positive, then for one example all gradients of its weights have the sign of its
    δ: one step raises all of the weights or lowers all of them."""
    product = proofs.product_of_two()
    mixed = proofs.weight_gradients([[1], [-1]], [[2, 1], [1, 2]])
    return Evidence(
        "Each gradient is δ times an input, and two of them multiply to δ² times two inputs.",
        derivations=[proofs.shared_weight(), product],
        checks=[
            Check("the product of two gradients is positive where δ is not 0", product.last.is_positive),
            Check(
                "with δ = −1 and inputs (2, 1) both are negative", max(proofs.weight_gradients([[-1]], [[2, 1]])) < 0
            ),
        ],
        counterexamples=[
            Counterexample(
                "two examples, inputs (2, 1) and (1, 2), δ = 1 and −1: the number of signs among the summed gradients",
                1,
                len(set(map(sp.sign, mixed))),
            )
        ],
        condition="One neuron, one example, and inputs that are all positive (or all negative). An input of 0 has the "
        "gradient 0.",
    )


@claim("gradients-of-a-layer-need-not-share-a-sign", verdict="corrected", sources=["S3.11"])
def gradients_of_a_layer_need_not_share_a_sign() -> Evidence:
    r"""Even for one example with positive inputs, the weight gradients of a whole *layer* need not share a sign: each
    neuron has its own δ. And where a ReLU passes on 0, the gradient is 0."""
    layer = proofs.weight_gradients([[1, -1]], [[2, 1]])
    with_zero = proofs.weight_gradients([[1]], [[2, 0]])
    return Evidence(
        "Two neurons behind the same two inputs, with δ of opposite signs.",
        checks=[
            Check("each neuron's gradients share a sign", all(layer[row, 0] * layer[row, 1] > 0 for row in (0, 1))),
            Check("an input of 0 has the gradient 0", with_zero[1] == 0),
        ],
        counterexamples=[
            Counterexample("the number of signs in the layer's gradient", 1, len(set(map(sp.sign, layer))))
        ],
    )


@claim("sigmoid-is-centred-at-one-half-and-tanh-at-zero", verdict="argued", sources=["S1.6"])
def sigmoid_is_centred_at_one_half_and_tanh_at_zero() -> Evidence:
    r"""If the input is distributed symmetrically about 0, however else, the mean of the sigmoid's outputs is ½ and that
    of tanh's is 0. The sigmoid's outputs are all positive."""
    return Evidence(
        "The mean over x and −x is the same number for every x.",
        derivations=[proofs.mean_of_two("sigmoid"), proofs.mean_of_two("tanh")],
        checks=[Check("σ > 0 at every real x", get("sigmoid").at().is_positive)],
        argument="A symmetric X and −X have one distribution, so $\\mathrm E f(X)$ is the mean of "
        "$\\tfrac12 (f(X) + f(-X))$, which is constant.",
    )


@claim("tanh-is-centred-only-if-its-inputs-are", verdict="qualified", sources=["S0.11"])
def tanh_is_centred_only_if_its_inputs_are() -> Evidence:
    r"""Tanh passes on the balance of inputs that are symmetric about 0, and does not repair inputs that are not. It
    saturates on both sides, as the sigmoid does."""
    lopsided = TANH.subs(x, 2) / 2
    return Evidence(
        "Tanh is odd; its slope tends to 0 at both ends.",
        derivations=[proofs.mean_of_two("tanh")],
        checks=[
            Check("tanh′ → 0 at −∞", sp.limit(TANH.diff(x), x, -sp.oo) == 0),
            Check("tanh′ → 0 at +∞", sp.limit(TANH.diff(x), x, sp.oo) == 0),
        ],
        counterexamples=[Counterexample("the mean of tanh over the inputs 0 and 2, if it centred them", 0, lopsided)],
        condition="The distribution of the inputs is symmetric about 0.",
    )


# --- batches ----------------------------------------------------------------------------------------------------------


@claim("batches-weaken-the-agreement-and-do-not-end-it", verdict="measured", sources=["S0.10"])
def batches_weaken_the_agreement_and_do_not_end_it() -> Evidence:
    r"""If δ has mean 0 and does not depend on the inputs, the gradients of ten weights behind sigmoids still share a
    sign in about half of all large batches, far more often than ten coins do."""
    result = zigzag.agreement()
    limit = proofs.limiting_agreement(10, _offset("sigmoid"))
    share = measured(
        f"share of batches of {LAST} with one sign",
        result.share["sigmoid", 0.0][-1],
        above=result.coins,
        holds=limit,
    )
    centred = result.share["tanh", 0.0][-1]
    return Evidence(
        f"The integral gives {limit:.3f} for large batches.",
        measurements=[share, measured("the same behind tanh", centred, holds=result.coins)],
        checks=[
            Check("at batch 1 all signs agree, always", bool(np.all(result.share["sigmoid", 0.0][0] == 1))),
            Check("the interval holds the value of the integral", share.low <= limit <= share.high),
            Check("the interval lies above that of coins", share.low > result.coins),
            Check("behind tanh it holds that of coins", _holds(centred, result.coins)),
        ],
    )


def _offset(name: str) -> float:
    """The mean of an activation's output over its standard deviation, for N(0, 1) inputs."""
    return (runs.predicted(name, 1) - 1) ** 0.5


def _holds(values: np.ndarray, number: float) -> bool:
    _, low, high = mean_interval(values)
    return bool(low <= number <= high)


@claim("a-delta-with-a-mean-brings-the-agreement-back", verdict="measured")
def a_delta_with_a_mean_brings_the_agreement_back() -> Evidence:
    r"""If δ has a mean, the gradients of a batch behind sigmoids or ReLUs agree more often than without one. In the
    largest batches all of those behind sigmoids agree."""
    result, row = zigzag.agreement(), zigzag.BATCHES.index(27)
    gains = {name: result.share[name, 0.5][row] - result.share[name, 0.0][row] for name in ("sigmoid", "relu")}
    coins = [float(proofs.coin_agreement(batch, up="3/5")) for batch in (9, 81, 243)]
    return Evidence(
        "A mean of half a standard deviation in δ, against none, with the same draws.",
        measurements=[measured(f"gain in share at batch 27, {name}", gain, above=0) for name, gain in gains.items()],
        checks=[
            *(Check(f"the gain behind {name} is clear of 0", mean_interval(g)[1] > 0) for name, g in gains.items()),
            Check(f"at batch {LAST} all draws agree behind the sigmoid", result.share["sigmoid", 0.5][-1].min() == 1),
            Check("the exact probability of the coins rises to 0.99", coins == sorted(coins) and coins[-1] > 0.99),
        ],
    )


@claim("deltas-of-a-network-agree-less", verdict="measured")
def deltas_of_a_network_agree_less() -> Evidence:
    r"""In a network that has read digits for a hundred steps, large batches agree far less often than with a δ that
    does not depend on the inputs, and still more often than coins."""
    result = zigzag.agreement_in_a_network()
    before, after = (result.balance["sigmoid", stop] for stop in (0, 100))
    limit = proofs.limiting_agreement(10, _offset("sigmoid"))
    share = measured(
        f"share of batches of {LAST} with one sign, after 100 steps, sigmoid",
        result.share["sigmoid", 100][-1],
        above=result.coins,
        below=limit / 2,
    )
    return Evidence(
        f"Independence gives {limit:.3f}, coins {result.coins:.3f}.",
        measurements=[share],
        checks=[
            Check("at batch 1 all signs agree, always", bool(np.all(result.share["sigmoid", 100][0] == 1))),
            Check("less than half of what independence gives", share.high < limit / 2),
            Check("more than coins", share.low > result.coins),
            Check("the shared part of the mean gradient has shrunk, for every seed", bool(np.all(after < before))),
        ],
    )


# --- curvature --------------------------------------------------------------------------------------------------------


@claim("a-common-mean-stretches-one-direction", verdict="argued", sources=["S1.7"])
def a_common_mean_stretches_one_direction() -> Evidence:
    r"""A mean $m$ that $n$ independent inputs share makes one direction steep, that in which all weights move together,
    and leaves the others as they are. It raises the condition number from 1 to $1 + n\,m^2/v$."""
    return Evidence(
        "Two kinds of eigenvectors, for every n.",
        derivations=[proofs.along(), proofs.across(), proofs.condition_number()],
        argument="By independence $\\mathrm E[a_i a_j] = m^2$ for $i \\ne j$, and $\\mathrm E[a_i^2] = v + m^2$, so "
        "the matrix is $v I + m^2 \\mathbf 1 \\mathbf 1^\\top$. The directions whose entries add up to 0 fill $n - 1$ "
        "dimensions, and with $\\mathbf 1$ that is all of them.",
    )


@claim("the-best-rate-leaves-a-zigzag", verdict="argued")
def the_best_rate_leaves_a_zigzag() -> Evidence:
    r"""On a quadratic loss of condition number κ no fixed rate leaves less than the share $(\kappa - 1)/(\kappa + 1)$
    of the error in every direction. At the rate that attains it, the error in the steepest direction changes its sign
    at every step."""
    k, half = proofs.kappa, sp.Rational(1, 2)
    steps = -1 / (k * sp.log((k - 1) / (k + 1)))
    return Evidence(
        "At the rate 2/(λ + Λ) the flattest and the steepest direction shrink equally, one of them with a minus.",
        derivations=[proofs.balanced_rate(), proofs.shrinkage()],
        checks=[Check("for large κ the steps for a factor of e tend to κ/2", sp.limit(steps, k, sp.oo) == half)],
        argument="A step multiplies the error along an eigenvector by $1 - \\eta\\lambda$. A smaller rate leaves more "
        "along the flattest direction and a larger one more along the steepest, so the best rate is where both are "
        "equal in size.",
    )


@claim("the-path-turns-back-only-at-large-rates", verdict="qualified", sources=["S3.12"])
def the_path_turns_back_only_at_large_rates() -> Evidence:
    r"""Where one weight must fall and the other rise, gradient descent zig-zags if its rate exceeds one over the
    curvature of the shared direction: the move that both weights share then turns back at every step. At smaller rates
    it does not."""
    large, small = (zigzag.descend(2.0, rate) for rate in (0.2, 0.1))
    turns = len(large.weights) - 2
    return Evidence(
        f"Inputs of mean 2 and variance 1: the curvature is 9, so the border is at 1/9. At rate 0.2 the path turns "
        f"back {large.turns} times in {turns + 1} steps, at rate 0.1 it does so {small.turns} times.",
        derivations=[proofs.along()],
        checks=[
            Check("at rate 0.2, above the border, the path turns at every step", large.turns == turns),
            Check("both weights move the same way at every step", bool((large.moves.prod(axis=1) > 0).all())),
            Check("both paths get closer", max(large.left, small.left) < 0.1),
        ],
        counterexamples=[Counterexample("turns at rate 0.1, below the border", turns, small.turns)],
        argument="In the steep direction a step multiplies what is left by $1 - \\eta\\Lambda$. That is negative just "
        "for $\\eta > 1/\\Lambda$, and below 1 in size for $\\eta < 2/\\Lambda$.",
        condition="The loss is quadratic, steps use all examples, and the rate lies between 1/Λ and 2/Λ; above that "
        "the path runs away.",
    )


@claim("the-way-along-the-steepest-direction-is-kappa-times-as-long", verdict="argued")
def the_way_along_the_steepest_direction_is_kappa_times_as_long() -> Evidence:
    r"""At the best rate, the way along the steepest direction is κ times as long as the straight one."""
    return Evidence(
        "The first step goes to −r, and what follows is the same path, r times as large.",
        derivations=[proofs.path_length()],
        argument="With $r < 1$ the lengths $(1 + r), (1 + r) r, \\dots$ are a geometric series, whose sum is finite "
        "and solves the first line.",
    )


@claim("offsets-grow-with-depth-behind-sigmoid-and-relu", verdict="measured", sources=["S1.8"])
def offsets_grow_with_depth_behind_sigmoid_and_relu() -> Evidence:
    r"""In untrained networks with weights of variance 1/fan-in, the mean of a layer's outputs grows beside their spread
    from layer to layer behind sigmoid and ReLU. Behind tanh it stays small."""
    found = runs.offsets_by_layer()
    growth = {name: found.ratio[name][-1] / found.ratio[name][0] for name in ("sigmoid", "relu")}
    largest = found.ratio["tanh"].max(axis=0)
    return Evidence(
        "Digits go in; the same weights for every activation.",
        measurements=[
            *(
                measured(f"mean²/variance at layer {found.depth} over layer 1, {name}", g, above=1)
                for name, g in growth.items()
            ),
            measured("largest mean²/variance of any layer, tanh", largest, below=0.1),
        ],
        checks=[
            *(Check(f"it grows behind {name}", mean_interval(g)[1] > 1) for name, g in growth.items()),
            Check("behind tanh it stays below a tenth", mean_interval(largest)[2] < 0.1),
        ],
    )


@claim("batch-normalisation-centres-what-the-weights-see", verdict="argued")
def batch_normalisation_centres_what_the_weights_see() -> Evidence:
    r"""If a neuron's sum is batch-normalised, the gradient of its weights over a batch is the same as if its inputs had
    been centred over that batch: a common offset of the inputs has no effect on it."""
    result = zigzag.agreement(("sigmoid",), (0.0, 0.5), zigzag.BATCHES[1:], centre=True)
    return Evidence(
        "Taking the mean from what comes back is taking it from the inputs.",
        derivations=[proofs.centring_moves_over()],
        checks=[
            Check(
                "with and without a mean in δ the measured shares are the same",
                bool(np.allclose(result.share["sigmoid", 0.0], result.share["sigmoid", 0.5])),
            )
        ],
        argument="Batch normalisation uses the sums only through $Cz$ with the centring matrix "
        "$C = I - \\mathbf 1 \\mathbf 1^\\top / B$: what it divides by is computed from $Cz$ too. So what comes back "
        "to $z$ is $C^\\top d = C d$ for some $d$, and the gradient of a weight is $(C d)^\\top a$.",
        cite="ioffe2015",
    )


# --- training ---------------------------------------------------------------------------------------------------------


@claim("an-offset-lowers-the-rates-that-training-bears", verdict="measured", sources=["S1.7"])
def an_offset_lowers_the_rates_that_training_bears() -> Evidence:
    r"""Two networks with tanh and with tanh + 1 start as the same function. After equal steps their losses are nearly
    equal if both have the same small rate; if each has its own best rate, that of tanh + 1 is higher."""
    race = runs.race()
    tanh, moved, *_ = runs.PAIRS
    best, small = race.ratio(moved, tanh), race.ratio(moved, tanh, race.rates[0])
    without, with_it = (race.rates[race.best(one)] for one in (tanh, moved))
    return Evidence(
        f"The best rate is {without:g} for tanh and {with_it:g} with the offset.",
        measurements=[
            measured("loss with the offset over that without, each at its best rate", best, above=1),
            measured(f"the same, both at rate {race.rates[0]:g}", small, below=1.1),
        ],
        checks=[
            Check("at the best rates the offset costs", mean_interval(best)[1] > 1),
            Check("at the small rate it costs less than a tenth", mean_interval(small)[2] < 1.1),
            Check("with the offset the best rate is lower", race.best(moved) < race.best(tanh)),
        ],
    )


@claim("the-mean-is-a-part-of-what-separates-sigmoid-from-tanh", verdict="measured", sources=["S1.8"])
def the_mean_is_a_part_of_what_separates_sigmoid_from_tanh() -> Evidence:
    r"""With two hidden layers and each at its best rate, a sigmoid network ends at a higher loss than a tanh network.
    Taking only the mean away closes a part of the gap, and doubling the height as well closes another."""
    race = runs.race()
    tanh, _, tall, centred, sigmoid = runs.PAIRS
    pairs = {
        "sigmoid over tanh": race.ratio(sigmoid, tanh),
        "sigmoid over sigmoid − ½": race.ratio(sigmoid, centred),
        "sigmoid − ½ over 2 sigmoid − 1": race.ratio(centred, tall),
    }
    return Evidence(
        "The same weights and batches; from one to the next a single thing changes.",
        measurements=[measured(f"loss of {what}", ratio, above=1) for what, ratio in pairs.items()],
        checks=[Check(f"{what}: above 1", mean_interval(ratio)[1] > 1) for what, ratio in pairs.items()],
    )


@claim("an-offset-costs-more-in-a-deeper-network", verdict="measured", sources=["S1.8"])
def an_offset_costs_more_in_a_deeper_network() -> Evidence:
    r"""The loss of a sigmoid network over that of the same network with sigmoid − ½, each at its best rate, is larger
    with four hidden layers than with two."""
    _, _, _, centred, sigmoid = runs.PAIRS
    deep = runs.race((centred, sigmoid), (1.0, 2.0, 4.0, 8.0), depth=4)
    what = "sigmoid over sigmoid − ½, {} hidden layers".format
    two = measured(what(2), runs.race().ratio(sigmoid, centred), above=1)
    four = measured(what(deep.depth), deep.ratio(sigmoid, centred), above=two.high)
    return Evidence(
        "The same weights, batches and starting function; only the offset differs.",
        measurements=[four, two],
        checks=[Check("the intervals lie apart", four.low > two.high), Check("that of two is above 1", two.low > 1)],
    )


@claim(
    "the-ideal-activation-is-a-rule-of-thumb",
    verdict="corrected",
    sources=["S3.1"],
    numerical="The means are quadratures, and flat means a slope below 1e-30 at ±100.",
)
def the_ideal_activation_is_a_rule_of_thumb() -> Evidence:
    r"""Zero mean and saturation on one side are a rule of thumb. In a small race on digits leaky ReLU and tanh
    cannot be told from ReLU, and SELU, which meets both conditions in full, does not end below ELU, whose mean is not
    0."""
    race = runs.race(runs.IDEALS, runs.FINE_RATES)
    tanh, relu, leaky, elu, selu = runs.IDEALS
    level = {"leaky ReLU over ReLU": race.ratio(leaky, relu), "ReLU over tanh": race.ratio(relu, tanh)}
    return Evidence(
        "Two hidden layers, digits, each at its own best rate; equal weights and batches.",
        measurements=[
            *(measured(f"loss of {what}", r, holds=1) for what, r in level.items()),
            measured("loss of SELU over ELU", race.ratio(selu, elu), above=0.9),
        ],
        checks=[
            *(Check(f"{what}: the interval holds 1", _holds(r, 1.0)) for what, r in level.items()),
            Check("SELU's mean under N(0, 1) is 0 to 20 digits", abs(_mean("selu")) < 1e-20),
            Check("ReLU's is not", _mean("relu") > 0.1),
            Check("SELU is flat far to the left and not to the right", _flat("selu") == (True, False)),
            Check("tanh is flat far out on both sides", _flat("tanh") == (True, True)),
            Check("leaky ReLU is flat on neither", _flat("leaky_relu") == (False, False)),
        ],
        counterexamples=[
            Counterexample(
                "whether SELU, ideal on both counts, ends below ELU, whose mean is not 0",
                True,
                bool(mean_interval(race.ratio(selu, elu))[2] < 1),
            )
        ],
        cite="pennington2017",
    )


def _mean(name: str) -> mp.mpf:
    """The mean of an activation under N(0, 1), by quadrature to 30 digits."""
    with mp.workdps(30):
        f = sp.lambdify(x, get(name).at(), "mpmath")
        return mp.quad(lambda t: f(t) * mp.npdf(t), [-mp.inf, -5, 0, 5, mp.inf])


def _flat(name: str) -> tuple[bool, bool]:
    """Whether the slope is below 1e-30 at −100 and at 100."""
    return tuple(bool(getattr(slopes, name)(at) < 1e-30) for at in (-100.0, 100.0))
