"""Claims of the chapter on the first weights."""

from __future__ import annotations

import numpy as np
import sympy as sp

from .._gaussian import exact_mean
from .._pieces import curve
from ..catalogue import get, x
from ..experiments import firstlayers, moments
from ..proofs import initialisation as proofs
from ..properties import fact_sheet
from ._measured import measured
from .ledger import Check, Counterexample, Evidence, claim

SIZES = (1, 2, 3, 4)


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
def relu_halves_the_mean_square_and_not_the_variance() -> Evidence:
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
def without_the_factor_two_each_relu_layer_halves() -> Evidence:
    r"""With weights of variance $1/n$ a ReLU layer halves the mean square, on average over the draws. With $2/n$ it
    keeps it."""
    one, two = (firstlayers.relu_lengths(factor, widths=(128,), seeds=range(20)) for factor in (1.0, 2.0))
    return Evidence(
        f"Factors of {one.depth} layers of width 128, averaged over the layers.",
        measurements=[
            measured("factor a layer with variance 1/n", one.one_layer[0], holds=0.5),
            measured("factor a layer with variance 2/n", two.one_layer[0], holds=1),
        ],
        cite="he2015",
    )


# --- gains ------------------------------------------------------------------------------------------------------------


@claim(
    "gauss-hermite-stumbles-over-a-kink",
    verdict="qualified",
    numerical="The errors are those of one number of nodes, for three functions.",
)
def gauss_hermite_stumbles_over_a_kink() -> Evidence:
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


@claim(
    "calculate-gain-is-not-always-the-gain",
    verdict="corrected",
    numerical="The gains are quadratures, compared to twelve digits.",
)
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


@claim(
    "smooth-gates-drive-the-length-away",
    verdict="qualified",
    numerical="The factors are quadratures, except for that of GELU, which is exact.",
)
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
            measured("factor a layer on the way back, ReLU", relu, holds=1),
            measured("factor a layer on the way back, tanh", tanh, holds=found.predicted["tanh"]),
        ],
        checks=[Check("χ of tanh is above 1", found.predicted["tanh"] > 1)],
    )


@claim("selu-sits-on-a-fixed-point-that-attracts", verdict="proved")
def selu_sits_on_a_fixed_point_that_attracts() -> Evidence:
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
