"""Claims of the chapter on the first weights."""

from __future__ import annotations

import numpy as np
import sympy as sp

from .._gaussian import exact_mean
from .._pieces import curve
from ..catalogue import get, x
from ..experiments import defaults, firstlayers, glorot, meeting, moments
from ..experiments._summary import mean_interval
from ..proofs import initialisation as proofs
from ..properties import fact_sheet
from .ledger import Check, Counterexample, Evidence, Measurement, claim

SIZES = (1, 2, 3, 4)
DEGREES = range(5)


def _measurement(what: str, by_seed: np.ndarray, refuted_if: str) -> Measurement:
    mean, low, high = (end.item() for end in mean_interval(np.asarray(by_seed, dtype=float)))
    return Measurement(what, mean, low, high, np.size(by_seed), refuted_if)


# --- one layer --------------------------------------------------------------------------------------------------------


@claim("a-layer-passes-on-the-mean-square", verdict="argued")
def a_layer_passes_on_the_mean_square() -> Evidence:
    r"""Over random weights, a weighted sum has the mean square
    $\mathrm E z^2 = n \operatorname{Var}(w) \cdot \overline{a^2} + \operatorname{Var}(b)$. What enters is the mean
    square of the inputs, and not their variance."""
    return Evidence(
        f"Multiplied out, and every monomial replaced by its mean, for {SIZES[0]} to {SIZES[-1]} inputs.",
        derivations=[proofs.square_of_sum(2)],
        checks=[
            Check(f"E z² = v_w Σa² + v_b with {size} input(s)", len({*proofs.sum_square(size)}) == 1) for size in SIZES
        ],
        argument="Weights and bias are independent and have mean 0. So in the square of the sum each mixed product "
        "has mean 0, however many there are, and the squares remain.",
        cite="he2015",
    )


@claim("he-keeps-the-mean-square", verdict="proved")
def he_keeps_the_mean_square() -> Evidence:
    r"""If $z$ is distributed symmetrically about 0, normal or not, then
    $\mathrm E\,\mathrm{relu}(z)^2 = \tfrac12 \mathrm E z^2$. So weights of variance $2/n$ keep the mean square through
    a ReLU layer; with a slope $\alpha$ on the left, $\frac{2}{(1 + \alpha^2)\, n}$."""
    relu = proofs.he_variance().last.rhs.subs(proofs.alpha, 0)
    return Evidence(
        "A rectifier's squares at z and at −z add up to (1 + α²) z², and both signs are equally likely.",
        derivations=[proofs.rectifier_square(), proofs.he_variance()],
        checks=[Check("α = 0 gives 2/n", relu == 2 / proofs.n)],
        cite="he2015",
    )


@claim("relu-halves-the-mean-square-and-not-the-variance", verdict="corrected")
def relu_halves_the_mean_square() -> Evidence:
    r"""For $z \sim N(0, \sigma^2)$ it is the mean square that ReLU halves. The variance of $\mathrm{relu}(z)$ is
    $(\tfrac12 - \tfrac1{2\pi})\,\sigma^2$, and not $\tfrac12 \sigma^2$."""
    square, mean = proofs.normal_mean(x**2, positive=True), proofs.normal_mean(x, positive=True)
    variance = sp.simplify((square - mean**2) / proofs.sigma**2)
    return Evidence(
        f"Two integrals: the mean is {sp.N(mean / proofs.sigma, 3)} σ, so the variance is {sp.N(variance, 3)} σ².",
        checks=[
            Check("E relu(z)² = σ²/2", square == proofs.sigma**2 / 2),
            Check("Var relu(z) = (1/2 − 1/2π) σ²", sp.simplify(variance - sp.Rational(1, 2) + 1 / (2 * sp.pi)) == 0),
        ],
        counterexamples=[Counterexample("Var relu(z)/σ², if it were halved", sp.Rational(1, 2), variance)],
    )


@claim("leaky-relu-has-a-mean", verdict="corrected")
def leaky_relu_has_a_mean() -> Evidence:
    r"""For $z \sim N(0, \sigma^2)$ leaky ReLU has the mean $(1 - \alpha)\,\sigma/\sqrt{2\pi}$, which is not 0, and
    $\tfrac12 (1 + \alpha^2)\,\sigma^2$ is its mean square and not its variance."""
    half = proofs.normal_mean(x, positive=True)
    mean = (1 - proofs.alpha) * half
    sheet, small = fact_sheet("leaky_relu"), sp.Rational(1, 100)
    at = mean.subs({proofs.alpha: small, proofs.sigma: 1})
    return Evidence(
        "The right half contributes σ/√2π, the left half −α times as much.",
        derivations=[proofs.rectifier_square()],
        checks=[
            Check("with α = 0.01 and σ = 1 the fact sheet has this mean", sp.simplify(sheet["mean"].value - at) == 0),
            Check("and this mean square", sheet["second_moment"].value == (1 + small**2) / 2),
        ],
        counterexamples=[Counterexample("the mean at α = 0.01 and σ = 1, if it were 0", 0, sp.N(at, 4))],
    )


@claim("without-the-factor-two-each-relu-layer-halves", verdict="measured")
def without_the_factor_two() -> Evidence:
    r"""With weights of variance $1/n$ a ReLU layer halves the mean square, on average over the draws. With $2/n$ it
    keeps it."""
    one, two = (firstlayers.relu_lengths(factor, widths=(128,), seeds=range(20)) for factor in (1.0, 2.0))
    return Evidence(
        f"Factors of {one.depth} layers of width 128, averaged over the layers.",
        measurements=[
            _measurement("factor a layer with variance 1/n", one.one_layer[0], "the interval left out 0.5"),
            _measurement("factor a layer with variance 2/n", two.one_layer[0], "the interval left out 1"),
        ],
        checks=[
            Check("0.5 lies in the first interval", _inside(0.5, one.one_layer[0])),
            Check("1 lies in the second", _inside(1.0, two.one_layer[0])),
        ],
        cite="he2015",
    )


def _inside(value: float, by_seed: np.ndarray) -> bool:
    _, low, high = mean_interval(by_seed)
    return bool(low <= value <= high)


# --- gains ------------------------------------------------------------------------------------------------------------


@claim("gauss-hermite-stumbles-over-a-kink", verdict="qualified")
def gauss_hermite_stumbles() -> Evidence:
    r"""With about a hundred nodes Gauss and Hermite's rule finds $\mathrm E f(X)^2$ to ten digits for tanh, which is
    smooth. For hardtanh and SELU their kinks cost it most of them; split at the kinks, a rule finds twelve."""
    found = moments.rule_errors(("tanh", "hardtanh", "selu"), (110,))
    smooth, *kinked = found.hermite[:, 0]
    return Evidence(
        f"With {found.nodes[0]} nodes the relative errors are {smooth:.0e} for tanh, {kinked[0]:.0e} for hardtanh and "
        f"{kinked[1]:.0e} for SELU; split, {found.split[1:, 0].max():.0e} at most.",
        checks=[
            Check("tanh: below 1e-10", bool(smooth < 1e-10)),
            Check("hardtanh and SELU, split at their kinks: below 1e-12", bool(found.split[1:, 0].max() < 1e-12)),
        ],
        condition="The function has no kink, or so symmetric a one that the errors of both sides cancel, as ReLU's do.",
        counterexamples=[
            Counterexample(f"{name}: the order of the error, were it tanh's", _order(smooth), _order(error))
            for name, error in zip(("hardtanh", "selu"), kinked, strict=True)
        ],
    )


def _mean(of_x: sp.Expr) -> sp.Expr:
    """The exact mean of an expression in x for x ~ N(0, 1)."""
    return exact_mean(curve(of_x), sp.S.One)


def _order(error: float) -> int:
    return int(np.floor(np.log10(error)))


@claim("calculate-gain-is-not-always-the-gain", verdict="corrected")
def calculate_gain_is_not_always_the_gain() -> Evidence:
    r"""PyTorch's ``calculate_gain`` returns the factor that keeps the mean square for the identity, ReLU and leaky
    ReLU. For tanh, sigmoid and SELU it returns other numbers."""
    table = moments.gains(("identity", "relu", "leaky_relu", "tanh", "sigmoid", "selu"))
    same = np.isclose(table.forward, table.library, rtol=1e-12)
    return Evidence(
        "1/√E f(X)² beside what the library returns.",
        checks=[Check("equal for identity, ReLU and leaky ReLU", same.tolist() == [True] * 3 + [False] * 3)],
        counterexamples=[
            Counterexample(f"the gain of {name}, by calculate_gain", f"{theirs:.4g}", f"{ours:.4g}")
            for name, ours, theirs in zip(table.activations[3:], table.forward[3:], table.library[3:], strict=True)
        ],
    )


@claim("smooth-gates-drive-the-length-away", verdict="qualified")
def smooth_gates_drive_the_length_away() -> Evidence:
    r"""A network at its gain holds a mean square of 1 only if small errors shrink from layer to layer, or stay. For
    GELU, SiLU and Mish they grow."""
    table = moments.gains()
    gates = ("gelu", "silu", "mish")
    gelu = get("gelu").at() ** 2
    slope = _mean((x**2 - 1) * gelu) / (2 * _mean(gelu))
    return Evidence(
        f"Of {len(table.activations)} activations {len(table.holds)} draw an error in and {len(table.repels)} drive it "
        f"away; for GELU the exact factor a layer is {sp.N(slope, 5)}.",
        derivations=[proofs.density_growth()],
        checks=[Check("tanh, sigmoid, ELU and SELU draw it in", {"tanh", "sigmoid", "elu", "selu"} <= {*table.holds})],
        condition="The factor on a small error, the slope of the map at 1, is at most 1.",
        counterexamples=[
            Counterexample(
                f"{name}: whether an error grows, if every gain were safe", False, moments.steadiness(name) > 1
            )
            for name in gates
        ],
    )


@claim("a-gain-keeps-one-direction", verdict="measured")
def a_gain_keeps_one_direction() -> Evidence:
    r"""With ReLU's gain the gradient, too, keeps its mean square. With tanh's gain the gradient's mean square grows by
    the factor $\chi = \mathrm E f'^2 / \mathrm E f^2$ a layer."""
    found = firstlayers.two_ways()
    relu, tanh = found.back["relu"], found.back["tanh"]
    return Evidence(
        f"Digits through {found.depth} layers of width {found.width}; for tanh χ = {found.predicted['tanh']:.4f}.",
        measurements=[
            _measurement("factor a layer on the way back, ReLU", relu, "the interval left out 1"),
            _measurement("factor a layer on the way back, tanh", tanh, "the interval left out χ"),
        ],
        checks=[
            Check("ReLU: 1 lies in the interval", _inside(1.0, relu)),
            Check(
                "tanh: χ lies in the interval, and is above 1",
                _inside(found.predicted["tanh"], tanh) and found.predicted["tanh"] > 1,
            ),
        ],
    )


@claim("selu-sits-on-a-fixed-point-that-attracts", verdict="proved")
def selu_sits_on_a_fixed_point() -> Evidence:
    r"""SELU needs no gain: with weights of variance $1/n$ a mean square of 1 is a fixed point, the mean of the outputs
    there is 0, and small errors of the mean square shrink in each layer."""
    selu = get("selu").at()
    slope = _mean((x**2 - 1) * selu**2) / 2
    return Evidence(
        f"Exact moments; the factor on a small error is {sp.N(slope, 5)}.",
        derivations=[proofs.density_growth()],
        checks=[
            Check("E f(X)² = 1", sp.simplify(_mean(selu**2)) == 1),
            Check("E f(X) = 0", sp.simplify(_mean(selu)) == 0),
            Check("the slope of the map at 1 lies between 0 and 1", 0 < sp.N(slope, 30) < 1),
        ],
        cite="klambauer2017",
    )


# --- draws ------------------------------------------------------------------------------------------------------------


@claim("the-mean-square-is-kept-on-average", verdict="qualified")
def kept_on_average() -> Evidence:
    r"""He's weights, drawn from a normal distribution, keep the mean square on average over the draws. After $L$ layers
    of width $n$ its relative variance is $(1 + \tfrac5n)^L - 1$, so a single network keeps it only if $n$ is much
    larger than $5L$."""
    narrow, wide, depth = 16, 5000, 50
    spread = [(1 + 5 / n) ** depth - 1 for n in (narrow, wide)]
    return Evidence(
        f"The factors of the layers are independent. After {depth} layers the relative variance is {spread[1]:.2g} at "
        f"width {wide}, and {spread[0]:.2g} at width {narrow}.",
        derivations=[proofs.factor_square()],
        condition="The layers are much wider than five times their number.",
        counterexamples=[
            Counterexample(
                f"width {narrow}, depth {depth}: whether the deviation stays below the mean, as if it were kept",
                True,
                spread[0] < 1,
            )
        ],
        cite="hanin2018",
    )


@claim("the-typical-deep-relu-network-shrinks", verdict="measured")
def the_typical_network_shrinks() -> Evidence:
    r"""With He's weights the mean square stays the same on average over the draws, and its logarithm falls: by about
    $\tfrac{5}{2n}$ a layer where $n$ is large."""
    found = firstlayers.relu_lengths()
    logs = [np.log(one[-1]) for one in found.length]
    expected = [found.predicted(width)[0] for width in found.widths]
    return Evidence(
        f"After {found.depth} layers the theory says "
        + ", ".join(f"{e:.3g} at width {w}" for e, w in zip(expected, found.widths, strict=True))
        + ".",
        measurements=[
            _measurement(f"logarithm of the mean square, width {width}", log, "the interval reached up to 0")
            for width, log in zip(found.widths, logs, strict=True)
        ],
        checks=[
            Check(f"width {width}: below 0, and within four standard errors of the theory", _near(value, log))
            for width, log, value in zip(found.widths, logs, expected, strict=True)
        ],
        cite="hanin2018",
    )


def _near(expected: float, by_seed: np.ndarray) -> bool:
    error = by_seed.std(ddof=1) / by_seed.size**0.5
    return bool(abs(by_seed.mean() - expected) < 4 * error and mean_interval(by_seed)[2] < 0)


# --- the library's default --------------------------------------------------------------------------------------------


@claim("torchs-default-is-a-sixth-of-hes", verdict="corrected")
def torchs_default_is_a_sixth() -> Evidence:
    r"""The weights that ``torch.nn.Linear`` draws by default are not He's: their variance is $\tfrac{1}{3n}$, a sixth
    of $\tfrac2n$."""
    drawn = defaults.library_variance()
    mean, low, high = (float(end) for end in mean_interval(drawn))
    return Evidence(
        f"The formula gives 1/(3n), and {drawn.size} layers drawn by the library have n·Var = {mean:.4f} "
        f"[{low:.4f}, {high:.4f}].",
        derivations=[proofs.default_bound()],
        checks=[
            Check("a sixth of 2/n", sp.simplify(6 * proofs.default_bound().last.rhs - 2 / proofs.n) == 0),
            Check("1/3 lies in the interval of what the library drew", bool(low < 1 / 3 < high)),
        ],
        counterexamples=[Counterexample("n times the variance, if the default were He's", 2, round(mean, 3))],
        cite="he2015",
    )


@claim("dead-units-of-the-default-are-made-by-its-biases", verdict="measured")
def dead_units_of_the_default() -> Evidence:
    r"""Under PyTorch's default half the units in the tenth ReLU layer are dead before training starts, and nearly all
    others are always on. It takes the small weights and the biases together: take the biases away, or make the weights
    He's, and most units switch."""
    found = defaults.silence()
    names = list(defaults.STARTS)
    return Evidence(
        f"The digits through {found.depth} layers of width {found.width}, the same draws scaled.",
        measurements=[
            _measurement(f"share of dead units: {name}", found.off[name][:, -1], refuted)
            for name, refuted in zip(
                names[:3], ("the interval reached down to 0.4", *["the interval reached up to 0.3"] * 2), strict=True
            )
        ]
        + [_measurement("share that switches: both defaults", found.switching(names[0]), "the interval reached 0.1")],
        checks=[
            Check(
                "without biases the size of the weights makes no difference to any unit",
                bool(np.array_equal(found.off[names[2]], found.off[names[3]])),
            ),
            Check(
                "with both defaults more than 0.4 are dead", bool(mean_interval(found.off[names[0]][:, -1])[1] > 0.4)
            ),
            Check(
                "with either changed fewer than 0.3",
                bool(max(mean_interval(found.off[name][:, -1])[2] for name in names[1:3]) < 0.3),
            ),
            Check("with both defaults fewer than 0.1 switch", bool(mean_interval(found.switching(names[0]))[2] < 0.1)),
        ],
    )


# --- maps -------------------------------------------------------------------------------------------------------------


@claim("the-correlation-map-is-convex", verdict="argued")
def the_correlation_map_is_convex() -> Evidence:
    r"""In wide layers, the map that takes the correlation $c$ of two inputs to that one layer on rises and is convex on
    $[0, 1]$. So its slope $\chi$ at 1 decides: where $\chi < 1$ all inputs become alike, where $\chi > 1$ close ones
    part."""
    return Evidence(
        f"E h_j(X) h_k(Y) = c^k for j = k and 0 otherwise, in exact arithmetic up to degree {DEGREES[-1]}.",
        checks=[
            Check(
                f"degrees {j} and 0 to {DEGREES[-1]}",
                all(proofs.mehler(j, k) == (proofs.c**k if j == k else 0) for k in DEGREES),
            )
            for j in DEGREES
        ],
        argument="Expanded in normalised Hermite polynomials, $f(\\sqrt q\\, x) = \\sum_k a_k h_k(x)$, the map is "
        "$\\sum_k a_k^2 c^k$ up to positive constants. A power series with coefficients that are not negative rises "
        "and is convex on $[0, 1]$. A convex curve through $(1, 1)$ with a slope below 1 there lies above the "
        "diagonal; with a larger slope it dips below and crosses once more.",
        cite="schoenholz2017",
    )


@claim("the-edge-of-chaos-of-relu-is-one-point", verdict="proved")
def the_edge_of_relu() -> Evidence:
    r"""For ReLU the edge of chaos is the single point $\sigma_w^2 = 2$, $\sigma_b^2 = 0$: He's weights without
    biases."""
    return Evidence(
        "χ = σ_w²/2 does not depend on the length, and χ = 1 leaves no room for a bias.",
        derivations=[proofs.relu_edge()],
        checks=[Check("E relu′(X)² = ½", fact_sheet("relu")["slope_second_moment"].value == sp.Rational(1, 2))],
    )


@claim("correlations-fall-as-the-map-says", verdict="measured")
def correlations_fall_as_the_map_says() -> Evidence:
    r"""In random tanh networks two inputs meet, keep a distance for long, or part, as the map says: in the ordered
    phase the gap $1 - c$ shrinks by $\chi$ a layer."""
    found = meeting.meeting()
    order, edge, chaos = range(len(found.settings))
    last = found.measured[:, -1]
    return Evidence(
        f"Width {found.width}, σ_b = {found.settings[0][1]}; χ is {', '.join(f'{rate:.3f}' for rate in found.rate)}.",
        measurements=[
            _measurement(
                "factor a layer on 1 − c in the ordered phase", found.falls(order, 0, 20), "it left χ by 0.02"
            ),
            _measurement(
                f"correlation after {len(found.predicted[0]) - 1} layers, on the edge",
                last[edge],
                "the prediction lay outside",
            ),
            _measurement("the same in the chaotic phase", last[chaos], "the prediction lay outside"),
        ],
        checks=[
            Check("ordered: within 0.02 of χ", bool(abs(found.falls(order, 0, 20).mean() - found.rate[order]) < 0.02)),
            *(
                Check(f"{name}: the prediction lies in the interval", _inside(found.predicted[at, -1], last[at]))
                for name, at in (("edge", edge), ("chaos", chaos))
            ),
        ],
        cite="schoenholz2017",
    )


# --- directions -------------------------------------------------------------------------------------------------------


@claim("orthogonal-weights-keep-every-length", verdict="argued")
def orthogonal_weights_keep_every_length() -> Evidence:
    r"""A linear network with orthogonal weights keeps the length of every vector, at any depth. With independent normal
    weights only the mean over the draws is kept."""
    return Evidence(
        f"QᵀQ = I for a reflection in any direction, in {SIZES[1]} to {SIZES[-1]} dimensions.",
        checks=[Check(f"QᵀQ = I in {size} dimensions", proofs.reflection(size) == sp.eye(size)) for size in SIZES[1:]],
        argument="$|Qx|^2 = x^\\top Q^\\top Q\\, x = |x|^2$. A product of orthogonal matrices is orthogonal, and every "
        "orthogonal matrix is a product of reflections.",
        cite="saxe2014",
    )


@claim("orthogonal-weights-help-tanh-and-not-relu", verdict="measured")
def orthogonal_weights_help_tanh() -> Evidence:
    r"""Orthogonal weights keep the largest singular value of a deep Jacobian below twice the root mean square for tanh
    near its linear middle. With ReLU, or with normal weights, it is more than three times as large."""
    found = firstlayers.isometry()
    cases = (("tanh", "normal"), ("tanh", "orthogonal"), ("relu", "orthogonal"))
    refuted = ("the interval reached down to 3", "the interval reached up to 2", "the interval reached down to 3")
    by_case = [found.largest(*case) for case in cases]
    low, high = mean_interval(np.array(by_case))[1:]
    return Evidence(
        f"Depth {found.depth}, width {found.width}: the largest singular value over the root mean square.",
        measurements=[
            _measurement(", ".join(case), value, why) for case, value, why in zip(cases, by_case, refuted, strict=True)
        ],
        checks=[
            Check("tanh, orthogonal: below 2", bool(high[1] < 2)),
            Check("tanh, normal, and ReLU, orthogonal: above 3", bool(low[0] > 3 and low[2] > 3)),
        ],
        cite="pennington2017",
    )


# --- the logistic network ---------------------------------------------------------------------------------------------


@claim("the-top-logistic-layer-saturates-by-itself", verdict="measured")
def the_top_logistic_layer_saturates() -> Evidence:
    r"""In a network of four sigmoid layers with weights in $\pm 1/\sqrt n$ the outputs of the top layer start near ½.
    In the first steps of training they fall to the flat left end of the curve, and only slowly come back."""
    label = next(iter(glorot.NETWORKS))
    found = glorot.top_layer()
    start, end = (found.mean[label][:, at, -1] for at in (0, -1))
    lowest = found.lowest(label)
    return Evidence(
        f"Mean output of the top layer over {len(found.seeds)} starts; the loss of guessing is {np.log(10):.3f}.",
        measurements=[
            _measurement("at the start", start, "the interval left [0.4, 0.6]"),
            _measurement("at its lowest", lowest, "the interval reached up to 0.1"),
            _measurement("rise from the lowest to the end", end - lowest, "the interval reached down to 0"),
        ],
        checks=[
            Check("it starts near ½", bool(abs(start.mean() - 0.5) < 0.1)),
            Check("it falls below 0.1", bool(mean_interval(lowest)[2] < 0.1)),
            Check("it comes back", bool(mean_interval(end - lowest)[1] > 0)),
        ],
        cite="glorot2010",
    )


@claim("a-gain-frees-the-logistic-network", verdict="measured")
def a_gain_frees_the_logistic_network() -> Evidence:
    r"""The network of four sigmoid layers learns several times sooner with the sigmoid's own gain, and nothing else
    changed."""
    found = glorot.top_layer()
    published, own = (found.waited(label) for label in glorot.NETWORKS)
    return Evidence(
        "Steps until the loss is below nine tenths of that of guessing, or the last one.",
        measurements=[
            _measurement("steps, published weights", published, "the interval met the other one"),
            _measurement("steps, its own gain", own, "the interval met the other one"),
            _measurement("how many times as long", published / own, "the interval reached down to 2"),
        ],
        checks=[Check("more than twice as long", bool(mean_interval(published / own)[1] > 2))],
    )
