"""Claims of the chapter on the first weights: what becomes of a signal in many layers, and of a network in training."""

from __future__ import annotations

import numpy as np
import sympy as sp

from ..experiments import defaults, firstlayers, glorot, meeting
from ..experiments._summary import mean_interval
from ..proofs import initialisation as proofs
from ..properties import fact_sheet
from ._measured import measured
from .ledger import Check, Counterexample, Evidence, claim

SUBJECT = "initialisation"

SIZES = (1, 2, 3, 4)
DEGREES = range(5)


# --- draws ------------------------------------------------------------------------------------------------------------


@claim("the-mean-square-is-kept-on-average", verdict="qualified")
def the_mean_square_is_kept_on_average() -> Evidence:
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
def the_typical_deep_relu_network_shrinks() -> Evidence:
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
            measured(f"logarithm of the mean square, width {width}", log, below=0)
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
def torchs_default_is_a_sixth_of_hes() -> Evidence:
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
def dead_units_of_the_default_are_made_by_its_biases() -> Evidence:
    r"""Under PyTorch's default half the units in the tenth ReLU layer are dead before training starts, and nearly all
    others are always on. It takes the small weights and the biases together: take the biases away, or make the weights
    He's, and most units switch."""
    found = defaults.silence()
    names = list(defaults.STARTS)
    return Evidence(
        f"The digits through {found.depth} layers of width {found.width}, the same draws scaled.",
        measurements=[
            measured(f"share of dead units: {name}", found.off[name][:, -1], **bounds)
            for name, bounds in zip(names[:3], ({"above": 0.4}, *[{"below": 0.3}] * 2), strict=True)
        ]
        + [measured("share that switches: both defaults", found.switching(names[0]), below=0.1)],
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
def the_edge_of_chaos_of_relu_is_one_point() -> Evidence:
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
            measured(
                "factor a layer on 1 − c in the ordered phase",
                found.falls(order, 0, 20),
                above=found.rate[order] - 0.02,
                below=found.rate[order] + 0.02,
            ),
            measured(
                f"correlation after {len(found.predicted[0]) - 1} layers, on the edge",
                last[edge],
                holds=found.predicted[edge, -1],
            ),
            measured("the same in the chaotic phase", last[chaos], holds=found.predicted[chaos, -1]),
        ],
        checks=[
            Check("ordered: within 0.02 of χ", bool(abs(found.falls(order, 0, 20).mean() - found.rate[order]) < 0.02)),
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
def orthogonal_weights_help_tanh_and_not_relu() -> Evidence:
    r"""Orthogonal weights keep the largest singular value of a deep Jacobian below twice the root mean square for tanh
    near its linear middle. With ReLU, or with normal weights, it is more than three times as large."""
    found = firstlayers.isometry()
    cases = (("tanh", "normal"), ("tanh", "orthogonal"), ("relu", "orthogonal"))
    bounds = ({"above": 3}, {"below": 2}, {"above": 3})
    by_case = [found.largest(*case) for case in cases]
    low, high = mean_interval(np.array(by_case))[1:]
    return Evidence(
        f"Depth {found.depth}, width {found.width}: the largest singular value over the root mean square.",
        measurements=[
            measured(", ".join(case), value, **limits)
            for case, value, limits in zip(cases, by_case, bounds, strict=True)
        ],
        checks=[
            Check("tanh, orthogonal: below 2", bool(high[1] < 2)),
            Check("tanh, normal, and ReLU, orthogonal: above 3", bool(low[0] > 3 and low[2] > 3)),
        ],
        cite="pennington2017",
    )


# --- the logistic network ---------------------------------------------------------------------------------------------


@claim("the-top-logistic-layer-saturates-by-itself", verdict="measured")
def the_top_logistic_layer_saturates_by_itself() -> Evidence:
    r"""In a network of four sigmoid layers with weights in $\pm 1/\sqrt n$ the outputs of the top layer start near ½.
    In the first steps of training they fall to the flat left end of the curve, and only slowly come back."""
    label = next(iter(glorot.NETWORKS))
    found = glorot.top_layer()
    start, end = (found.mean[label][:, at, -1] for at in (0, -1))
    lowest = found.lowest(label)
    return Evidence(
        f"Mean output of the top layer over {len(found.seeds)} starts; the loss of guessing is {np.log(10):.3f}.",
        measurements=[
            measured("at the start", start, above=0.4, below=0.6),
            measured("at its lowest", lowest, below=0.1),
            measured("rise from the lowest to the end", end - lowest, above=0),
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
            measured("steps, published weights", published, above=mean_interval(own)[2].item()),
            measured("steps, its own gain", own, below=mean_interval(published)[1].item()),
            measured("how many times as long", published / own, above=2),
        ],
        checks=[Check("more than twice as long", bool(mean_interval(published / own)[1] > 2))],
    )
