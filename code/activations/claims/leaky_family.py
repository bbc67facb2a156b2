"""Claims of the chapter on the leaky family."""

from __future__ import annotations

import numpy as np
import sympy as sp

from .. import slopes
from ..catalogue import get, x
from ..experiments import leaky as runs
from ..experiments import saddle
from ..experiments import selu as layers
from ..experiments._summary import mean_interval
from ..proofs import leaky as proofs
from ..proofs import selu
from ._measured import measured, spread
from .ledger import Check, Counterexample, Evidence, Measurement, claim


def _share(what: str, escape: saddle.Escape, place: str, kind: str, **bounds: float) -> Measurement:
    return Measurement(what, *escape.share(place, kind), len(escape.seeds), **bounds)


def _iterated(variance: float, times: int = 50) -> float:
    """A mean square of 1 after so many SELU layers of unlimited width."""
    q: float | np.ndarray = 1.0
    for _ in range(times):
        q = layers.selu_map(q, variance)
    return float(q)


# --- a fixed slope ----------------------------------------------------------------------------------------------------


@claim("leaky-relu-can-be-undone", verdict="proved", sources=["S0.17"])
def leaky_relu_can_be_undone() -> Evidence:
    r"""A leaky ReLU with a slope $a > 0$ loses nothing of its input: the leaky ReLU with slope $1/a$ undoes it. ReLU
    sends all negative inputs to the same 0."""
    relu = get("relu").expr
    return Evidence(
        "One after the other, right and left of 0.",
        derivations=[proofs.undo_positive(), proofs.undo_negative()],
        checks=[Check("ReLU has the same value at −1 and at −2", relu.subs(x, -1) == relu.subs(x, -2))],
    )


@claim("leaky-units-wake-up-in-time-one-over-a", verdict="measured", sources=["S0.17", "S4.17"])
def leaky_units_wake_up_in_time_one_over_a() -> Evidence:
    r"""A unit that is inactive on every example never moves with ReLU. With a slope $a$ on the left it woke up, after
    a time in proportion to $1/a$."""
    found = runs.waking()
    zero, hundredth, tenth = (found.steps[found.slopes.index(a)] for a in (0.0, 0.01, 0.1))
    ratio = measured("steps with slope 0.01 over steps with slope 0.1", hundredth / tenth, above=8, below=12)
    return Evidence(
        "A unit pushed below 0 on all of 100 examples learns what a ReLU unit computes, with several slopes.",
        measurements=[ratio],
        checks=[
            Check("with slope 0 no unit ever moves", bool(np.isnan(zero).all())),
            Check("with every other slope all units wake up", bool(np.isfinite(found.steps[1:]).all())),
            Check("the interval lies between 8 and 12", 8 < ratio.low and ratio.high < 12),
        ],
    )


@claim("no-flat-side-is-no-guarantee", verdict="corrected", sources=["S0.17"])
def no_flat_side_is_no_guarantee() -> Evidence:
    r"""Functions that are not flat on the left can have dead units all the same. A PReLU, whose slope is learned, may
    learn the slope 0, and ELU's slope fades exponentially until a float rounds it to 0."""
    flat = {
        "a PReLU with the weight 0 at −1": get("prelu").slope(weight=0).subs(x, -1),
        "ELU at −750 in 64-bit floats": slopes.elu(-750.0),
    }
    return Evidence(
        "One slope in exact arithmetic, one in 64-bit floats.",
        counterexamples=[
            Counterexample(f"whether the slope of {unit} is above 0", True, bool(slope > 0))
            for unit, slope in flat.items()
        ],
        checks=[
            Check("ELU tends to −α on the left, and its slope to 0", proofs.elu_saturation() == (-proofs.alpha, 0))
        ],
    )


# --- a random slope ---------------------------------------------------------------------------------------------------


@claim(
    "rrelu-draws-uniformly-and-torch-multiplies",
    verdict="convention",
    sources=["S4.17"],
    numerical="What torch draws is a sample.",
)
def rrelu_draws_uniformly_and_torch_multiplies() -> Evidence:
    r"""In torch, RReLU multiplies a negative input by a slope drawn uniformly between 1/8 and 1/3, and after training
    by the mean slope 11/48. The form with draws from 3 to 8 divides, and after training divides by 5.5."""
    drawn = runs.drawn_slopes()
    return Evidence(
        f"Torch's draws have the mean {drawn.mean():.4f}, between {drawn.min():.4f} and {drawn.max():.4f}.",
        derivations=[proofs.multiplied_slope()],
        checks=[
            Check("all draws lie between 1/8 and 1/3", bool((drawn >= 1 / 8).all() and (drawn <= 1 / 3).all())),
            Check(
                "their mean is 11/48 within four standard errors",
                bool(abs(drawn.mean() - 11 / 48) < 4 * drawn.std() / 100),
            ),
            Check("the catalogue's slope is 11/48", get("rrelu").slope().subs(x, -1) == sp.Rational(11, 48)),
        ],
        cite="xu2015",
    )


@claim("dividing-by-the-mean-is-not-the-mean-of-dividing", verdict="corrected")
def dividing_by_the_mean_is_not_the_mean_of_dividing() -> Evidence:
    r"""Where RReLU divides by a number drawn between 3 and 8, the slope 2/11 used after training is not the mean of the
    slopes used before: that mean is $\tfrac15 \log \tfrac83 \approx 0.196$. Only the multiplying form has the same mean
    in both."""
    mean = proofs.divided_slope()
    return Evidence(
        "The mean of one over a uniform draw is a logarithm.",
        derivations=[mean],
        counterexamples=[Counterexample("the mean slope while training", sp.Rational(2, 11).n(5), mean.last.n(5))],
        cite="xu2015",
    )


@claim("a-random-slope-leaves-some-saddles", verdict="qualified", sources=["S3.13"])
def a_random_slope_leaves_some_saddles() -> Evidence:
    r"""A random slope drives gradient descent away from a saddle point only where its noise reaches the gradient. Out
    of a local minimum it did not lead."""
    found = saddle.escape()
    silent, origin, basin = (
        "the share that leaves " + place for place in ("the silent saddle", "the origin", "a minimum")
    )
    ratio = found.when("silent", "nudged") / found.when("silent", "random")
    return Evidence(
        "Two units learn from a teacher, from three places, with a fixed slope or a random one of the same mean.",
        condition="The gradient at the saddle depends on the slopes. A move of a millionth in every weight frees as "
        "many runs there, only later, and those at the origin, too.",
        derivations=proofs.at_the_origin(),
        measurements=[
            _share(silent + ", random slope", found, "silent", "random", above=0.8),
            measured("steps with the small move over steps with random slopes", ratio, above=1),
            _share(basin + ", random slope", found, "basin", "random", below=0.2),
        ],
        checks=[
            Check("nine in ten leave the silent saddle", found.share("silent", "random")[0] >= 0.9),
            Check("the ratio's interval lies above 1", float(mean_interval(ratio)[1]) > 1),
            Check("all leave the origin after the small move", bool(found.left("origin", "nudged").all())),
            Check("no run leaves the minimum", not any(found.left("basin", kind).any() for kind in saddle.KINDS)),
        ],
        counterexamples=[Counterexample(origin + ", random slope", 1.0, found.share("origin", "random")[0])],
        cite="xu2015",
    )


# --- a slope that learns ----------------------------------------------------------------------------------------------


@claim("prelu-learns-the-slope", verdict="measured", sources=["S3.14"])
def prelu_learns_the_slope() -> Evidence:
    r"""PReLU learns its slope: from noisy examples of a unit with another slope it found that slope."""
    found = runs.learned_slopes()
    errors = np.abs(found.learned - np.array(found.truths)[:, None]).mean(axis=0)
    error = measured("distance from the teacher's slope, mean over five teachers", errors, below=0.05)
    return Evidence(
        f"Teachers with slopes from {found.truths[0]:g} to {found.truths[-1]:g}; the student starts at 0.25.",
        derivations=proofs.learned_slope(),
        measurements=[error],
        checks=[Check("the interval lies below 0.05", error.high < 0.05)],
    )


@claim("prelu-with-little-data", verdict="measured", sources=["S3.16"])
def prelu_with_little_data() -> Evidence:
    r"""PReLU's advantage over ReLU needs no large data set: 50 digits were enough for it. To slopes that are fixed it
    lost a little with 200 digits or fewer, and nothing that can be seen with all 1 347."""
    found = runs.data_sizes()
    fixed = [label for label in found.accuracy if label.startswith("leaky")]
    lead = found.lead("relu")[0]
    price = np.mean([found.lead(label)[:2] for label in fixed], axis=(0, 1))
    last = np.mean([found.lead(label)[-1] for label in fixed], axis=0)
    points = (
        measured("points of accuracy over ReLU, 50 pictures", lead, above=0),
        measured("points over fixed slopes, 50 and 200 pictures", price, below=0),
        measured("points over fixed slopes, all pictures", last, above=mean_interval(price)[2].item()),
    )
    return Evidence(
        f"Networks of three layers, {found.steps} steps, everything else equal.",
        measurements=points,
        checks=[
            Check("the sizes are 50, 200 and more up to 1347", found.sizes[:2] + found.sizes[-1:] == (50, 200, 1347)),
            Check("with all pictures the distance is smaller", abs(points[2].mean) < abs(points[1].mean)),
        ],
    )


# --- exponential tails ------------------------------------------------------------------------------------------------


@claim("elu-tail", verdict="proved", sources=["S3.15"])
def elu_tail() -> Evidence:
    r"""ELU has slope 1 right of 0 and tends to $-\alpha$ on the left, where its slope tends to 0: it saturates softly,
    on one side."""
    right = get("elu").expr.args[0][0]
    return Evidence(
        "The right branch is x, and the left one has these limits for every α.",
        checks=[
            Check("the slope right of 0 is 1", right.diff(x) == 1),
            Check("the limits of value and slope at −∞ are −α and 0", proofs.elu_saturation() == (-proofs.alpha, 0)),
        ],
    )


@claim("elu-cannot-have-both", verdict="corrected", sources=["S3.15"])
def elu_cannot_have_both() -> Evidence:
    r"""No ELU is both smooth and centred. Its slope is continuous at 0 for $\alpha = 1$ only, and its mean for
    normal inputs is 0 for $\alpha = 1.6733$ only."""
    mean, centred = proofs.elu_mean(), proofs.zero_mean_alpha()
    at_one = sp.Rational(1, 2) * sp.sqrt(2 / sp.pi) * (1 - 1 / centred)
    return Evidence(
        "The mean is affine in α and falls, so it has one zero.",
        derivations=[mean],
        checks=[
            Check("the slopes left and right of 0 are α and 1", proofs.kink("elu") == (proofs.alpha, 1)),
            Check("the zero of the mean lies above 1", centred > 1),
            Check("the mean at α = 1 is less than ReLU's", sp.N(at_one) < sp.N(1 / sp.sqrt(2 * sp.pi))),
            Check(
                "it is SELU's α, which begins with 1.6733",
                sp.simplify(centred - selu.ALPHA) == 0 and 1.67325 <= centred,
            ),
            Check("the default is α = 1", get("elu").parameters[0].default == 1),
        ],
        counterexamples=[Counterexample("the mean at α = 1", 0, at_one.n(4))],
    )


@claim("celu-is-smooth-for-every-alpha", verdict="proved")
def celu_is_smooth_for_every_alpha() -> Evidence:
    r"""CELU has a continuous slope for every $\alpha > 0$: it is the ELU with $\alpha = 1$, drawn $\alpha$ times as
    large. It leads from ReLU, as $\alpha \to 0$, to the identity, as $\alpha \to \infty$."""
    return Evidence(
        "Stretch both axes by the same factor, and slopes stay what they are.",
        derivations=[proofs.celu_as_elu()],
        checks=[
            Check("the slopes left and right of 0 are both 1", proofs.kink("celu") == (1, 1)),
            Check("left of 0 it tends to 0 as α → 0, and to x as α → ∞", proofs.celu_ends() == (0, -proofs.p)),
        ],
    )


# --- SELU -------------------------------------------------------------------------------------------------------------


@claim("selu-constants-solve-two-equations", verdict="proved")
def selu_constants_solve_two_equations() -> Evidence:
    r"""SELU's two constants are those with which the mean is 0 and the mean square 1 under $N(0, 1)$: $\alpha =
    1.67326\ldots$ and $\lambda = 1.05070\ldots$, both in closed form."""
    return Evidence(
        f"α = {selu.ALPHA.n(16)} and λ = {selu.SCALE.n(16)}; the catalogue and torch have the same.",
        derivations=[selu.mean(), selu.mean_square(), selu.alpha_from_mean(), selu.scale_from_mean_square()],
        checks=[
            Check("they are the catalogue's constants, exactly", selu.same_as_the_catalogue() == (0, 0)),
            Check("α begins with 1.67326", 1.67326 <= selu.ALPHA < 1.67327),
            Check("λ begins with 1.05070", 1.05070 <= selu.SCALE < 1.05071),
        ],
        cite="klambauer2017",
    )


@claim("selu-map-has-one-fixed-point", verdict="argued")
def selu_map_has_one_fixed_point() -> Evidence:
    r"""In the limit of wide layers with independent weights of variance $1/n$, SELU brings every mean square to 1: from
    every $q > 0$ the iterates of $M$ tend to 1. Near 1 each layer shrinks a deviation to 0.783 of its size."""
    s, slope = sp.Symbol("s", positive=True), selu.layer_map().diff(selu.q).subs(selu.q, 1)
    t = sp.Symbol("t", positive=True)
    return Evidence(
        "The slope of M is a constant plus falling exponentials with positive weights.",
        derivations=[selu.mean_square(), selu.layer_map_slope(), selu.mixture()],
        argument="The weights $e^{-t^2/4} - e^{-t^2}$ are positive, and $e^{-\\sqrt2 st}$ falls as $s = \\sqrt q$ "
        "grows. So the slope of $M$ is positive and falls: $M$ is increasing and strictly concave. It is 0 at 0 and 1 "
        "at 1, so it lies above the diagonal between them and below it beyond. Hence for $q < 1$ the iterates rise, "
        "and stay below $M(1) = 1$; for $q > 1$ they fall, and stay above 1. Either way they converge, and to a fixed "
        "point.",
        checks=[
            Check("the weights are positive", (t**2 - t**2 / 4).is_positive),
            Check("the exponentials fall", sp.exp(-s).diff(s).is_negative),
            Check("M(0) = 0", sp.limit(selu.layer_map(), selu.q, 0) == 0),
            Check("M(1) = 1", sp.simplify(selu.layer_map().subs(selu.q, 1)) == 1),
            Check("the slope at 1 rounds to 0.783", 0.7825 <= slope.n(20) < 0.7835),
        ],
        cite="klambauer2017",
    )


@claim("selu-needs-its-weights", verdict="qualified")
def selu_needs_its_weights() -> Evidence:
    r"""SELU normalises itself only if its weights let it. With variance $s/n$ there is a positive fixed mean square
    just for $s$ between 0.477 and 1.81, and it is 1 only for $s = 1$. Below that range the signal dies out, above it,
    it grows without end."""
    low, high = selu.variance_window()
    return Evidence(
        "The concave map leaves 0 with the slope sλ²(1 + α²)/2 and ends with the slope sλ²/2, so the range is from "
        "2/(λ²(1 + α²)) to 2/λ².",
        condition="A fixed point needs a slope above 1 at 0 and below 1 at infinity.",
        derivations=[selu.layer_map_slope()],
        checks=[
            Check(
                "the slopes at both ends, for s = 1",
                selu.map_ends() == (selu.scale**2 * (selu.alpha**2 + 1) / 2, selu.scale**2 / 2),
            ),
            Check("the lower end rounds to 0.477", 0.4765 <= low.n(20) < 0.4775),
            Check("the upper end rounds to 1.81", 1.805 <= high.n(20) < 1.815),
            Check("1/3 lies below and 2 above", low > sp.Rational(1, 3) and high < 2),
        ],
        counterexamples=[
            Counterexample("mean square after 50 wide layers, s = 1/3", 1, float(f"{_iterated(1 / 3):.2g}")),
            Counterexample("mean square after 50 wide layers, s = 2", 1, float(f"{_iterated(2):.3g}")),
        ],
        cite="klambauer2017",
    )


def _after_fifty(label: str, what: str) -> np.ndarray:
    return getattr(layers.through_layers(), what)[label][:, -1]


@claim("selu-keeps-its-scale-for-fifty-layers", verdict="measured")
def selu_keeps_its_scale_for_fifty_layers() -> Evidence:
    r"""After fifty untrained layers of 128 units SELU's outputs still have a mean near 0 and a mean square near 1. With
    ReLU, and weights to suit it, the mean square varies from network to network more than ten times as much, on a
    logarithmic scale."""
    square = measured("mean square after 50 layers", _after_fifty("selu", "mean_square"), above=0.9, below=1.1)
    mean = measured("mean after 50 layers", _after_fifty("selu", "mean"), above=-0.05, below=0.05)
    logs = {label: np.log(_after_fifty(label, "mean_square")) for label in ("relu", "selu")}
    varies = spread("deviation of its logarithm, ReLU over SELU", logs["relu"], logs["selu"], above=10)
    return Evidence(
        "Each with weights to suit it, over the same draws.",
        measurements=[square, mean, varies],
        checks=[
            Check("mean square between 0.9 and 1.1", 0.9 < square.low and square.high < 1.1),
            Check("mean between −0.05 and 0.05", -0.05 < mean.low and mean.high < 0.05),
        ],
        cite="klambauer2017",
    )


@claim("elu-outputs-are-nearly-centred", verdict="measured", sources=["S3.15"])
def elu_outputs_are_nearly_centred() -> Evidence:
    r"""In deep untrained networks, too, ELU's mean output lies between ReLU's and 0: closer to 0, and not 0."""
    elu = measured("ELU's mean output in layer 50", _after_fifty("elu", "mean"), above=0)
    relu = measured("ReLU's mean output in layer 50", _after_fifty("relu", "mean"), above=elu.high)
    return Evidence(
        "Each with weights to suit it, over the same draws.",
        measurements=[elu, relu],
        checks=[
            Check("ELU's interval lies above 0", elu.low > 0),
            Check("and below ReLU's", elu.high < relu.low),
        ],
    )


@claim("selu-does-not-normalise-its-gradients", verdict="measured")
def selu_does_not_normalise_its_gradients() -> Evidence:
    r"""What SELU normalises is the signal. At its fixed point the mean square of a gradient grows by the factor
    $\mathrm E f'(X)^2 = 1.0716$ with each layer that it passes, which makes about thirty in fifty layers."""
    found = layers.through_layers()
    passed, predicted = found.gradient["selu"].shape[1] - 1, float(selu.gradient_factor())
    factor = measured(
        "growth of the gradient's mean square per layer",
        found.gradient["selu"][:, 0] ** (1 / passed),
        above=predicted - 0.02,
        below=predicted + 0.02,
    )
    return Evidence(
        f"Predicted in closed form: {predicted:.4f} a layer, {predicted**passed:.0f} in all.",
        derivations=[selu.slope_square()],
        measurements=[factor],
        checks=[
            Check("measured and predicted factor differ by less than 0.02", abs(factor.mean - predicted) < 0.02),
            Check("the gradient grows", factor.low > 1),
            Check("the predicted factor rounds to 1.0716", 1.07155 <= predicted < 1.07165),
            Check("fifty layers make between 25 and 35", 25 < predicted**passed < 35),
        ],
    )
