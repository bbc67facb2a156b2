"""Claims of the chapter on vanishing gradients: what is measured."""

from __future__ import annotations

import numpy as np

from ..experiments import backpropagation as by_hand
from ..experiments import remedies, vanishing
from ..experiments._summary import mean_interval
from ..experiments.ensemble import Ensemble, Network
from ..experiments.propagation import first_digits, propagate
from ..proofs import sigmoid as curve
from ._measured import measured
from .ledger import Check, Counterexample, Evidence, claim

SUBJECT = "vanishing_gradients"


@claim("a-gradient-check-has-a-best-step", verdict="measured")
def a_gradient_check_has_a_best_step() -> Evidence:
    """In float64 and with the step 1e-5 a correct backward sweep passes the check to nine digits. With a step a
    thousand times larger or smaller, or in float32, the same sweep looks wrong by far more."""
    found = by_hand.gradient_check()
    error = {step: np.log10(found.error["float64"][found.steps.index(step)]) for step in (1e-8, 1e-5, 1e-2)}
    single = np.log10(found.error["float32"][found.steps.index(1e-5)])
    gaps = {
        "log10 of the error, step 1e-8 against 1e-5": error[1e-8] - error[1e-5],
        "log10 of the error, step 1e-2 against 1e-5": error[1e-2] - error[1e-5],
        "log10 of the error, float32 against float64": single - error[1e-5],
    }
    measurements = [measured(what, gap, above=1) for what, gap in gaps.items()]
    return Evidence(
        f"At the step 1e-5 the mean of log10 of the relative error is {error[1e-5].mean():.1f}.",
        measurements=measurements,
        checks=[Check(f"{m.what}: above 1", m.low > 1) for m in measurements]
        + [Check("nine digits at 1e-5", mean_interval(error[1e-5])[2].item() < -9)],
    )


# --- untrained networks -----------------------------------------------------------------------------------------------


@claim("relu-gradients-vanish-or-explode-by-the-weights", verdict="measured")
def relu_gradients_vanish_or_explode_by_the_weights() -> Evidence:
    """Over 50 ReLU layers, weights of variance 1/n shrink a gradient by more than a million, weights of variance 3/n
    enlarge it by more than a thousand, and weights of variance 2/n keep it within a factor of ten."""
    power = {
        variance: vanishing.stretch(("relu",), ("normal",), gain=variance**0.5).last("normal", "relu")
        for variance in (1, 2, 3)
    }
    names = {v: f"log10 of the stretch, variance {v}/n" for v in power}
    found = {
        1: measured(names[1], power[1], below=-6),
        2: measured(names[2], power[2], above=-1, below=1),
        3: measured(names[3], power[3], above=3),
    }
    return Evidence(
        "Width 32; the mean square would give "
        + ", ".join(f"{25 * np.log10(v / 2):.1f}" for v in power)
        + "; single networks lie below it, as averages of logarithms do.",
        measurements=found.values(),
        checks=[
            Check("1/n: below −6", found[1].high < -6),
            Check("2/n: between −1 and 1", -1 < found[2].low and found[2].high < 1),
            Check("3/n: above 3", found[3].low > 3),
        ],
        cite="hanin2018",
    )


@claim("tiny-weights-make-every-gradient-vanish", verdict="corrected")
def tiny_weights_make_every_gradient_vanish() -> Evidence:
    """In five layers of three units ReLU is no cure for weights of deviation 0.01: its gradient vanishes as the
    sigmoid's does. With Glorot's start ReLU keeps more than a hundredth of the error signal, on average."""
    found = vanishing.three_units().power
    power = {case: values.mean() for case, values in found.items()}
    return Evidence(
        "Error signal at the first layer over the last, mean of log10 over 20 seeds: "
        + "; ".join(f"{name}, “{start}” {value:.1f}" for (start, name), value in power.items()).replace("-", "−")
        + ".",
        counterexamples=[
            Counterexample(
                "that ReLU keeps a hundredth of the error signal, with weights of deviation 0.01",
                True,
                bool((found["small", "relu"] > -2).any()),
            )
        ],
        checks=[
            Check("with Glorot's start it does, on average", power["glorot", "relu"] > -2),
            Check("with the small weights no seed keeps a hundred-thousandth", (found["small", "relu"] < -5).all()),
        ],
        cite="glorot2010",
    )


@claim("who-vanishes-depends-on-the-start", verdict="corrected", sources=["S1.3", "S1.6"])
def who_vanishes_depends_on_the_start() -> Evidence:
    """Over 50 untrained layers sigmoid loses more of a gradient than tanh and ReLU, by at least ten powers of ten,
    under each of three starts. That ReLU loses less than tanh is not so: under none of the three does it keep more."""
    found = vanishing.stretch()
    power = {case: found.last(*case) for case in found.powers}
    worst = {s: np.minimum(power[s, "tanh"], power[s, "relu"]) - power[s, "sigmoid"] for s in found.schemes}
    relu = {s: power[s, "relu"] - power[s, "tanh"] for s in found.schemes}
    first, second = "log10 lost by sigmoid beyond the next, start", "log10 kept by ReLU beyond tanh, start"
    losses = [measured(f"{first} “{s}”", w, above=10) for s, w in worst.items()]
    kept = [measured(f"{second} “{s}”", w, below=0) for s, w in relu.items()]
    return Evidence(
        "The same draws for all activations, width 32, zero biases.",
        measurements=[*losses, *kept],
        checks=[Check(f"{m.what}: above 10", m.low > 10) for m in losses],
        counterexamples=[
            Counterexample(f"{m.what}, said to be above 0", True, not m.high < 0) for m in kept
        ],
        cite="glorot2010",
    )  # fmt: skip


@claim(
    "saturation-by-bias-starves-the-weights-below",
    verdict="measured",
    sources=["S0.9", "S3.5", "S4.15"],
)
def saturation_by_bias_starves_the_weights_below() -> Evidence:
    """If a bias pushes a hidden layer of sigmoids outwards, the gradient of the layer's weights falls, from a bias of 2
    on by nearly a factor of e for each unit of bias. At a bias of 8 the network does not learn."""
    found = remedies.shifted()
    at = {bias: found.final[found.biases.index(bias)] for bias in (0.0, 8.0)}
    measurements = [
        measured("decline of log(gradient) for each unit of bias", found.decay, above=0.8, below=1),
        measured("test accuracy lost to a bias of 8", at[0.0] - at[8.0], above=0.7),
    ]
    return Evidence(
        "One hidden layer, the same weights and pictures, plain gradient descent; only the bias differs.",
        measurements=measurements,
        checks=[
            Check("the decline lies between 0.8 and 1", 0.8 < measurements[0].low and measurements[0].high < 1),
            Check("at least 70 percentage points are lost", measurements[1].low > 0.7),
        ],
    )


@claim("saturated-networks-may-explode", verdict="qualified", sources=["S3.5"])
def saturated_networks_may_explode() -> Evidence:
    """Saturated units make vanishing worse if the weights stay as they are. If large weights are what saturates them,
    the gradient may explode: in thirty layers of sigmoids with sixteenfold weights more than 30 % of the units are
    saturated, and the gradient grows on the way back."""
    found = propagate(
        activations=("sigmoid",), gains=(1.0, 16.0), depths=(30,), measures=("delta", "saturated"), seeds=range(20)
    )
    flat = found.layers("saturated", "sigmoid", 30, 16.0).mean(axis=-1)
    power = {gain: np.log10(_first_over_last(found.layers("delta", "sigmoid", 30, gain))) for gain in (1.0, 16.0)}
    measurements = [
        measured("share of saturated units, weights 16 times", flat, above=0.3),
        measured("log10 of first over last error, usual weights", power[1.0], below=-10),
        measured("log10 of first over last error, 16 times", power[16.0], above=0.5),
    ]
    return Evidence(
        "Untrained networks; the same draws, multiplied.",
        condition="The weights are the same in the saturated and the unsaturated network.",
        measurements=measurements,
        checks=[
            Check("more than 30 % are saturated", measurements[0].low > 0.3),
            Check("the gradient vanishes with the usual weights", measurements[1].high < -10),
        ],
        counterexamples=[
            Counterexample("the error signal is smaller at the first layer", True, not measurements[2].low > 0.5)
        ],
    )


def _first_over_last(layers: np.ndarray) -> np.ndarray:
    return layers[:, 0] / layers[:, -1]


@claim("shallow-layers-move-less", verdict="qualified", sources=["S3.4"])
def shallow_layers_move_less() -> Evidence:
    """In ten layers of sigmoids the first step of plain gradient descent moves the first layer's weights, relative to
    their size, by less than a ten-thousandth of what it moves the last layer's."""
    gap = {depth: vanishing.first_updates(Network("sigmoid", depth, scheme="glorot")).gap("sgd") for depth in (10,)}
    adam = vanishing.first_updates(Network("sigmoid", 10, scheme="glorot")).gap("adam")
    found = measured("log10 of last over first update, gradient descent", gap[10], above=4)
    return Evidence(
        "The same gradient, handed to two optimisers.",
        condition="The update is proportional to the gradient, as in plain gradient descent. Adam divides each entry "
        "by its own size, as long as that is far above 1e-8.",
        measurements=[found, measured("the same for Adam", adam, below=1)],
        checks=[Check("more than four powers of ten", found.low > 4), Check("Adam: less than one", (adam < 1).all())],
        counterexamples=[
            Counterexample("that Adam's first update differs between the layers by four powers of ten",
                           True, bool((adam > 4).any()))
        ],
    )  # fmt: skip


# --- training ---------------------------------------------------------------------------------------------------------


@claim("depth-stops-plain-sigmoids", verdict="qualified", sources=["S0.8", "S1.3"])
def depth_stops_plain_sigmoids() -> Evidence:
    """Of plain stacks of ten and of twenty sigmoid layers no run gets half of the test digits right in 100 steps, in
    which every tanh run does. That is no reason to call the sigmoid obsolete: with gates, themselves sigmoids, twenty
    layers learn."""
    runs = {depth: remedies.outcome(remedies.stacks(depth)) for depth in (10, 20)}
    gates = remedies.remedies()
    gaps = {depth: run.final("tanh") - run.final("sigmoid") for depth, run in runs.items()}
    other = remedies.sigmoid_rates()
    return Evidence(
        f"At another rate, {other.recipe.rates[0]:g}, no run of twenty sigmoid layers learns either.",
        condition="The sigmoid is the activation of hidden layers in a plain stack with Glorot's start. Outputs and "
        "gates are another matter.",
        measurements=[
            measured(f"test accuracy, tanh less sigmoid, {depth} layers", gap, above=0.3)
            for depth, gap in gaps.items()
        ],
        checks=[
            *(Check(f"no sigmoid run, depth {d}", not run.learned("sigmoid").any()) for d, run in runs.items()),
            *(Check(f"every tanh run, depth {d}", run.learned("tanh").all()) for d, run in runs.items()),
            *(Check(f"depth {d}: 30 points or more", mean_interval(gap)[1] > 0.3) for d, gap in gaps.items()),
            Check("no sigmoid run at the other rate", not other.learned("sigmoid").any()),
        ],
        counterexamples=[
            Counterexample("runs that learn, of 20, with sigmoids and sigmoid gates between them", 0,
                           int(gates.learned("gates").sum()))
        ],
        cite="hochreiter1997",
    )  # fmt: skip


@claim("a-sigmoid-network-can-start-as-a-tanh-network", verdict="argued")
def a_sigmoid_network_can_start_as_a_tanh_network() -> Evidence:
    r"""For each tanh network there is a sigmoid network that computes the same function, with the same gradient at its
    inputs. Its inner weights are four times as large, which makes up for the ceiling of ¼, and its biases centre
    them."""
    pictures, _ = first_digits(8)
    ours, theirs = (
        Ensemble(Network(name, 10, scheme="glorot", as_tanh=name == "sigmoid"), range(3))(pictures).logits
        for name in ("sigmoid", "tanh")
    )
    gap = float((ours - theirs).abs().max())
    return Evidence(
        f"For ten layers and three seeds the outputs differ by at most {gap:.0e}, which is rounding.",
        derivations=[curve.tanh_as_sigmoid()],
        checks=[Check("equal to 12 digits", gap < 1e-12)],
        argument="Let the tanh layers compute $t_l = \\tanh(W_l t_{l-1} + b_l)$, and put $a_l = (t_l + 1)/2$. Then "
        "$a_l = \\sigma(2 W_l t_{l-1} + 2 b_l)$, and with $t_{l-1} = 2a_{l-1} - 1$ this is a sigmoid layer with the "
        "weights $4 W_l$ and the biases $2b_l - 2 W_l \\mathbf 1$. The first layer, which sees the input itself, gets "
        "$2W_1$ and $2b_1$, and the outputs twice their weights. What computes the same has the same slopes.",
    )


@claim("each-remedy-alone-brings-the-gradient-back", verdict="measured", sources=["S3.6", "S0.12"])
def each_remedy_alone_brings_the_gradient_back() -> Evidence:
    """Each of the five changes, made alone, raises the mean test accuracy of twenty sigmoid layers by 30 points or
    more: the start as tanh, batch normalisation before the activation, residual connections, gates, or ReLU. With each
    of them a tenth or more of the error signal reaches the first layer before training."""
    found = remedies.remedies()
    changed = [label for label in found.power if label != "sigmoid"]
    gains = [
        measured(
            f"test accuracy gained by “{label}”",
            found.final(label) - found.final("sigmoid"),
            above=0.3,
        )
        for label in changed
    ]
    return Evidence(
        f"The unchanged stack passes 10^{found.power['sigmoid'].mean():.1f} of it.".replace("-", "−"),
        measurements=gains,
        checks=[Check(f"{m.what}: at least 30 points", m.low > 0.3) for m in gains]
        + [Check(f"{label}: a tenth of the error arrives", found.power[label].mean() > -1) for label in changed],
        cite="ioffe2015,he2016",
    )  # fmt: skip


@claim("batch-norm-undoes-saturation", verdict="measured", sources=["S0.12"])
def batch_norm_undoes_saturation() -> Evidence:
    """Batch normalisation before the activation undoes the saturation that large weights cause. In five layers of tanh
    with eightfold weights more than half of the units are saturated, before and after training; behind the
    normalisation next to none are, and the network learns better."""
    run = remedies.saturation()
    plain, normed = (run.share(label).mean(axis=-1) for label in ("8 times", "8 times, batch norm"))
    gained = run.training.final("8 times, batch norm") - run.training.final("8 times")
    measurements = [
        measured("saturated at the start, less with batch norm", plain[:, 0] - normed[:, 0], above=0.4),
        measured("the same after training", plain[:, -1] - normed[:, -1], above=0.4),
        measured("test accuracy gained", gained, above=0.2),
    ]
    return Evidence(
        f"Saturated after training: {plain[:, -1].mean():.0%} without, {normed[:, -1].mean():.1%} with.",
        measurements=measurements,
        checks=[
            Check("at least 40 points fewer at the start", measurements[0].low > 0.4),
            Check("at least 40 points fewer after training", measurements[1].low > 0.4),
            Check("at least 20 points of accuracy", measurements[2].low > 0.2),
            Check("eightfold weights or a bias of 8 change no output behind it by a thousandth", _unmoved(1e-3)),
        ],
        cite="ioffe2015",
    )


def _unmoved(most: float) -> bool:
    """Whether the outputs of a normalised network stay when its hidden weights or its biases grow."""
    pictures, _ = first_digits(64)
    changes = {"as usual": {}, "gain": {"gain": 8.0}, "bias": {"bias": 8.0}}
    usual, *changed = (
        Ensemble(Network("tanh", 5, normalise=True, **change), range(3))(pictures).logits for change in changes.values()
    )
    return all(float((logits - usual).abs().max()) < most for logits in changed)


@claim("a-cured-gradient-is-not-yet-a-trained-network", verdict="measured")
def a_cured_gradient_is_not_yet_a_trained_network() -> Evidence:
    """Twenty layers of sigmoids, started as the tanh network that computes the same, pass exactly as much of the error
    signal back, and still learn less in 100 steps than that tanh network."""
    ours, theirs = remedies.remedies(), remedies.outcome(remedies.stacks(20))
    gap = theirs.final("tanh") - ours.final("start as tanh")
    same = np.abs(ours.power["start as tanh"] - theirs.power["tanh"]).max()
    found = measured("test accuracy, tanh less its sigmoid twin", gap, above=0.05)
    return Evidence(
        f"The logarithms of the error signal's ratio differ by {same:.0e}.",
        measurements=[found],
        checks=[Check("at least 5 points", found.low > 0.05), Check("the same error signal", same < 1e-9)],
    )
