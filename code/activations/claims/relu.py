"""Claims of the chapter on ReLU."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import sympy as sp
from sympy.stats import Normal, P

from ..catalogue import get, x
from ..experiments import kink as kinks
from ..experiments import pace as paces
from ..experiments import rectified, regions
from ..experiments import sparsity as zeros
from ..experiments._summary import in_words, mean_interval
from ..proofs import affine
from ..proofs import regions as counting
from ..proofs import relu as proofs
from ._measured import measured
from .ledger import Check, Counterexample, Evidence, Measurement, claim

RELU = get("relu").at()


# --- the function -----------------------------------------------------------------------------------------------------


@claim("relu-stops-one-side-and-passes-the-other", verdict="proved", sources=["S0.15"])
def relu_stops_one_side_and_passes_the_other() -> Evidence:
    r"""ReLU returns exactly 0 for every sum of 0 or less, and every other sum as it is, without an upper limit."""
    over, under = sp.Symbol("e", positive=True), sp.Symbol("e", nonpositive=True)
    return Evidence(
        "Put a number into the definition, once positive and once not.",
        checks=[
            Check("e > 0 comes out as e", RELU.subs(x, over) == over),
            Check("e ≤ 0 comes out as 0", RELU.subs(x, under) == 0),
            Check("the output has no upper limit", sp.limit(RELU.subs(x, over), over, sp.oo) == sp.oo),
        ],
    )


@claim("relu-is-positively-homogeneous", verdict="proved")
def relu_is_positively_homogeneous() -> Evidence:
    r"""A positive factor passes through ReLU: $\mathrm{relu}(cx) = c\,\mathrm{relu}(x)$ for $c > 0$. So a unit's inner
    weights and bias may be multiplied by $c$ and its outer weight divided by $c$: the function stays the same."""
    return Evidence(
        "From the form ½(x + |x|); a negative factor turns the bend over and does not pass.",
        derivations=[*proofs.as_half_a_sum(), proofs.homogeneity(), proofs.rescaling()],
        checks=[Check("with c = −1 it fails at 1", RELU.subs(x, -1) != -RELU.subs(x, 1))],
    )


@claim("relu-has-all-slopes-from-zero-to-one-at-zero", verdict="proved")
def relu_has_all_slopes_from_zero_to_one_at_zero() -> Evidence:
    r"""The subgradients of ReLU at 0 are the numbers from 0 to 1."""
    above, below = (str(gap).replace("*", "·").replace("-", "−") for gap in proofs.subgradient_gaps())
    return Evidence(
        f"ReLU lies above the line of slope g by {above} at y > 0 and by {below} at −y.",
        checks=[
            Check("both are 0 or more exactly for 0 ≤ g ≤ 1", proofs.slopes_at_zero() == sp.Interval(0, 1)),
            Check("left of 0 the slope is 0", RELU.diff(x).subs(x, sp.Symbol("l", negative=True)) == 0),
            Check("right of 0 the slope is 1", RELU.diff(x).subs(x, sp.Symbol("r", positive=True)) == 1),
        ],
    )


@claim("relu-slope-at-zero-is-a-convention", verdict="convention", sources=["S1.2"])
def relu_slope_at_zero_is_a_convention() -> Evidence:
    r"""Which slope ReLU has at 0 is a matter of convention. The common frameworks return 0, and so does this book."""
    convention = get("relu").conventions[0]
    return Evidence(
        "The common frameworks take 0; torch and the catalogue of this book are checked here.",
        checks=[
            Check("torch returns 0", kinks.slope_at_zero("relu(x)") == 0),
            Check("the catalogue chooses 0 at 0", (convention.at, convention.slope) == (0, 0)),
        ],
        cite="bertoin2021",
    )


@claim("relu-slope-at-zero-shows-in-low-precision", verdict="qualified")
def relu_slope_at_zero_shows_in_low_precision() -> Evidence:
    r"""Which slope ReLU gets at 0 makes no difference as long as no weighted sum is exactly 0. In low precision such
    sums turn up, and the choice changes the weights that training ends with."""
    runs = kinks.kink()
    same = {name: int((~parted).sum()) for name, parted in runs.parted.items()}
    return Evidence(
        f"Of {len(runs.seeds)} pairs of runs, "
        + ", ".join(f"{count} stayed the same in {name}" for name, count in same.items())
        + ".",
        checks=[
            Check("no sum was exactly 0 in float64", not runs.zeros["float64"].any()),
            Check("every float64 pair ended with the same bits", same["float64"] == len(runs.seeds)),
        ],
        measurements=[
            measured(
                "exact zeros in a million weighted sums, bfloat16",
                runs.zeros["bfloat16"],
                above=0,
            )
        ],
        counterexamples=[
            Counterexample("pairs of bfloat16 runs that stay the same", len(runs.seeds), same["bfloat16"])
        ],
        condition="no weighted sum is exactly 0",
        cite="bertoin2021",
    )


# --- regions ----------------------------------------------------------------------------------------------------------


@claim("relu-network-is-affine-on-each-region", verdict="argued")
def relu_network_is_affine_on_each_region() -> Evidence:
    r"""Where the same units are on, a ReLU network is one affine map, $N(x) = A\,x + c$."""
    network = regions.random_network([5, 4], seed=1)
    cells = regions.cut(network)
    return Evidence(
        f"A network of 5 and 4 hidden units was cut into its {len(cells)} regions in a square, in exact arithmetic.",
        derivations=[affine.induction_step()],
        checks=[
            Check(
                "in the middle of each region the map and the network agree", all(_agrees(network, c) for c in cells)
            ),
            Check("no two regions have the same units on", len({cell.on for cell in cells}) == len(cells)),
        ],
        argument="Where the units that are on stay the same, ReLU multiplies each sum by a fixed 1 or 0. That is a "
        "diagonal matrix $D$, so the layer computes $D W x + D b$, which is affine, and the collapse theorem applies.",
    )


def _agrees(network: list[regions.Layer], region: regions.Region) -> bool:
    """The region's affine map at its middle against the network, evaluated layer by layer, all in fractions."""
    size = len(region.corners)
    middle = tuple(sum(corner[axis] for corner in region.corners) / size for axis in (0, 1))
    signal = list(middle)
    for number, (weights, biases) in enumerate(network):
        entering = signal if number == 0 else [max(z, Fraction(0)) for z in signal]
        signal = [
            sum((w * s for w, s in zip(row, entering, strict=True)), b) for row, b in zip(weights, biases, strict=True)
        ]
    return signal == [a * middle[0] + b * middle[1] + c for a, b, c in region.outputs]


@claim("relu-layer-in-the-plane-has-so-many-regions", verdict="argued")
def relu_layer_in_the_plane_has_so_many_regions() -> Evidence:
    r"""A layer of $n$ ReLU units cuts a plane into $1 + n + \tfrac12 n(n - 1)$ regions when its lines are in general
    position, and never into more."""
    found = regions.counts()
    right = all((found.found["general"][row] == counting.regions(units)).all() for row, units in enumerate(found.units))
    return Evidence(
        f"{len(found.seeds)} random layers of each size, up to {max(found.units)} units, were cut out exactly.",
        derivations=[counting.one_more(2), counting.in_the_plane()],
        checks=[
            Check("every random layer has that number", right),
            Check(
                "the formula and the count line by line agree up to 30 lines and 5 dimensions",
                all(counting.regions(n, d) == counting.by_adding(n, d) for n in range(31) for d in range(6)),
            ),
        ],
        argument="A new line in general position is cut by the $n - 1$ old ones into $n$ parts, and each part cuts one "
        "region in two. So $r(n) = r(n - 1) + n$, and $r(0) = 1$. A line that misses a crossing, or passes through one "
        "that is there already, has fewer parts.",
        cite="zaslavsky1975",
    )


# --- signals ----------------------------------------------------------------------------------------------------------


@claim("half-of-relu-outputs-are-zero-at-the-start", verdict="argued", sources=["S0.15", "S1.5"])
def half_of_relu_outputs_are_zero_at_the_start() -> Evidence:
    r"""With random weights that are as likely to be $w$ as $-w$, and biases of 0, half of all ReLU outputs are 0 on
    average."""
    start = zeros.sparsity().start
    mean, low, high = mean_interval(start)
    return Evidence(
        f"Before training the digits networks have {in_words(start)} zeros among their hidden outputs.",
        checks=[
            Check("a normal sum is negative with probability ½", P(Normal("z", 0, 1) < 0) == sp.Rational(1, 2)),
            Check("the interval of the measured share holds ½", bool(low <= 0.5 <= high)),
        ],
        argument="Turn the sign of all weights into a unit: the draw is as likely as before, and its sum has the other "
        "sign. So a sum that is not 0 is positive in half of all draws.",
    )


@claim("training-need-not-make-relu-sparser", verdict="measured", sources=["S0.15", "S3.9"])
def training_need_not_make_relu_sparser() -> Evidence:
    """Training need not make a ReLU network sparser: on the digits zeros became fewer with a small learning rate, and
    more with a large one."""
    result = zeros.sparsity()
    change = {rate: found[-1] - found[0] for rate, found in result.zeros.items()}
    small, large = min(change), max(change)
    return Evidence(
        "Change of the share of zeros from start to end, by learning rate: "
        + "; ".join(f"{rate:g}: {in_words(gain)}" for rate, gain in change.items())
        + ".",
        checks=[
            Check("fewer zeros with the smallest rate", bool(mean_interval(change[small])[2] < 0)),
            Check("more zeros with the largest rate", bool(mean_interval(change[large])[1] > 0)),
        ],
        measurements=[
            measured(f"change of the share of zeros, rate {small:g}", change[small], below=0),
            measured(f"change of the share of zeros, rate {large:g}", change[large], above=0),
        ],
    )


@claim("relu-is-a-detector-of-rare-features", verdict="qualified", sources=["S3.9"])
def relu_is_a_detector_of_rare_features() -> Evidence:
    """Where features are rare, noise below the threshold disturbs a ReLU layer less than a tanh layer with the same
    weights and threshold. Where half of them are present, it disturbs ReLU more. A tanh with larger weights is then
    disturbed least, but tells less of how strong a feature is."""
    found = rectified.disturbance()
    relu, same, steep = (found.share[name] for name in (RELU_DETECTOR, TANH_DETECTOR, STEEP_DETECTOR))
    rare, common = _measured_rows(found, relu / same)
    return Evidence(
        f"Noise over signal behind ReLU, as a multiple of that behind tanh: {in_words((relu / same)[0], 2)} with "
        f"{found.present[0]:.0%} of the features there, {in_words((relu / same)[-1], 2)} with {found.present[-1]:.0%}.",
        measurements=[rare, common],
        checks=[
            Check("rare: ReLU is disturbed less", rare.high < 1),
            Check("steep tanh is disturbed less than ReLU at the most features", bool((steep[-1] < relu[-1]).all())),
            Check(
                "ReLU tells the strength of a present feature in full, the steep tanh does not",
                bool((found.strength[RELU_DETECTOR] > 1 - 1e-12).all() and found.strength[STEEP_DETECTOR].max() < 0.8),
            ),
        ],
        counterexamples=[
            Counterexample(
                f"which is disturbed less with {found.present[-1]:.0%} of the features present",
                "ReLU",
                "tanh" if common.low > 1 else "ReLU",
            )
        ],
        condition="features are rare, and the noise stays below the threshold",
    )


RELU_DETECTOR, _, TANH_DETECTOR, STEEP_DETECTOR = rectified.DETECTORS


def _measured_rows(found: rectified.Disturbance, quotient: np.ndarray) -> tuple[Measurement, Measurement]:
    """The disturbance of ReLU over that of tanh where features are rarest, and where they are most common."""
    what = "disturbance of ReLU over that of tanh, {:.0%} present"
    return (
        measured(what.format(found.present[0]), quotient[0], below=1),
        measured(what.format(found.present[-1]), quotient[-1], above=1),
    )


@claim("relu-weakens-correlations", verdict="measured", sources=["S3.9"])
def relu_weakens_correlations() -> Evidence:
    """Two units whose sums are correlated are less correlated behind ReLU than behind tanh, most of all where the
    correlation is negative."""
    result = rectified.correlations()
    gap = np.abs(result.found["tanh"]) - np.abs(result.found["relu"])
    what = "how much stronger behind tanh, sums correlated by {:g}"
    return Evidence(
        "Correlations of normal sums, and of what comes out.",
        checks=[
            Check("the gap is largest at the most negative correlation", int(gap.mean(axis=1).argmax()) == 0),
            Check("and positive throughout", all(bool(mean_interval(row)[1] > 0) for row in gap)),
        ],
        measurements=[measured(what.format(rho), row, above=0) for rho, row in zip(result.sums, gap, strict=True)],
    )


# --- speed and cost ---------------------------------------------------------------------------------------------------


@claim("relu-was-six-times-faster-once", verdict="reported", sources=["S0.13"])
def relu_was_six_times_faster_once() -> Evidence:
    """A convolutional network of four layers with ReLU reached a training error of 25 % on CIFAR-10 six times faster
    than one with tanh, each with its own learning rate."""
    return Evidence(
        "The figure is the authors' own; such networks are beyond what this page can train.", cite="krizhevsky2012"
    )


@claim("relu-is-not-always-the-fastest", verdict="qualified", sources=["S0.13", "S4.16"])
def relu_is_not_always_the_fastest() -> Evidence:
    """ReLU is not always the fastest. On the digits it led with the gain and the learning rate that suit it; when each
    had its own, the sigmoid needed more steps than ReLU, and tanh fewer."""
    result = paces.pace()
    unfair, _, fair = paces.STAGES
    tanh = measured("steps of tanh over those of ReLU, ReLU's gain and rate", result.ratio(unfair, "tanh"), above=1)
    sigmoid = measured(
        "steps of sigmoid over those of ReLU, own gain and rate",
        result.ratio(fair, "sigmoid"),
        above=1,
    )
    ahead = measured("steps of tanh over those of ReLU, own gain and rate", result.ratio(fair, "tanh"), below=1)
    return Evidence(
        f"Steps to a loss of {result.loss:g}, each with its own gain and rate: "
        + ", ".join(f"{name} {in_words(steps)}" for name, steps in result.steps[fair].items())
        + ".",
        measurements=[tanh, sigmoid, ahead],
        checks=[
            Check("with ReLU's settings ReLU is ahead of tanh", tanh.low > 1),
            Check("and no sigmoid network gets there", result.arrived(unfair, "sigmoid") == 0),
            Check("with its own settings the sigmoid needs more steps than ReLU", sigmoid.low > 1),
        ],
        counterexamples=[
            Counterexample(
                "who needs fewer steps when each has its own gain and rate",
                "ReLU",
                "tanh" if ahead.high < 1 else "ReLU",
            )
        ],
        condition="gain and learning rate are those that suit ReLU",
        cite="krizhevsky2012",
    )


@claim("backward-passes-need-no-exponential", verdict="corrected", sources=["S0.14", "S1.6"])
def backward_passes_need_no_exponential() -> Evidence:
    r"""The slopes of sigmoid and tanh need no exponential: from the value $a$ that the forward pass has left they are
    $a(1 - a)$ and $1 - a^2$."""
    found = proofs.slopes_from_values()
    return Evidence(
        f"Slopes in terms of the value a: sigmoid ${sp.latex(found['sigmoid'])}$, tanh ${sp.latex(found['tanh'])}$.",
        derivations=[proofs.slope_of_tanh()],
        counterexamples=[
            Counterexample(f"exponentials in the slope of {name}", 1, int(found[name].count(sp.exp)))
            for name in ("sigmoid", "tanh")
        ],
        checks=[
            Check("the formula of tanh's value does hold exponentials", get("tanh").expr.rewrite(sp.exp).has(sp.exp))
        ],
    )


@claim("an-activation-is-one-operation-in-a-column", verdict="proved", sources=["S1.5", "S1.6", "S4.16"])
def an_activation_is_one_operation_in_a_column() -> Evidence:
    r"""A unit of $n$ inputs makes $n$ products for each value of its activation. If that value costs $k$ products, its
    share of the work, $k/(n + k)$, tends to 0 as layers grow wider."""
    n, k = sp.symbols("n k", positive=True)
    share = k / (n + k)
    return Evidence(
        "Count the operations of one unit.",
        checks=[
            Check("the share falls as n grows", sp.simplify(share.diff(n)).is_negative),
            Check("and tends to 0", sp.limit(share, n, sp.oo) == 0),
        ],
    )
