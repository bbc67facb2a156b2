"""Claims of the chapter on recurrent networks."""

from __future__ import annotations

import numpy as np
import sympy as sp

from ..experiments import matrix_products as products
from ..experiments import recurrent as experiments
from ..experiments._summary import mean_interval
from ..proofs import recurrent as proofs
from ._measured import measured, spread
from .ledger import Check, Counterexample, Evidence, claim

# --- the chain through time ------------------------------------------------------------------------------------------


@claim("a-step-back-brings-one-slope-and-one-w", verdict="argued")
def a_step_back_brings_one_slope_and_one_w() -> Evidence:
    r"""A step back through time multiplies by $\operatorname{diag}(\varphi'(a_t))\,W$: every step brings $W$ once, and
    the slopes of that step."""
    return Evidence(
        "One unit over two steps, and the Jacobian of one step of two and of three units.",
        derivations=[proofs.chain(), proofs.jacobian(2)],
        checks=[Check("the same for three units, all 9 slopes", not proofs.jacobian(3).argued)],
        argument="Unit i sees $a_i = \\sum_j w_{ij} h_j + u_i$; its slope in $h_j$ is $\\varphi'(a_i)\\, w_{ij}$, for "
        "any number of units. By the chain rule the Jacobians of the steps are multiplied.",
        cite="pascanu2013",
    )


@claim("a-largest-stretch-below-one-vanishes", verdict="argued")
def a_largest_stretch_below_one_vanishes() -> Evidence:
    r"""If the stretch of $W$ is $s$ and no slope exceeds 1 in size, $t$ steps make a gradient at most $s^t$ times as
    long: $s < 1$ is enough for it to vanish, and $s > 1$ is needed for it to explode."""
    x = sp.Symbol("x", real=True)
    return Evidence(
        "Norms multiply, and a diagonal of slopes up to 1 lengthens nothing.",
        derivations=[proofs.shortening()],
        checks=[
            Check("tanh′ = 1 − tanh² is at most 1", (1 - sp.tanh(x).diff(x)).is_nonnegative),
        ],
        argument="$\\lVert D x \\rVert^2 = \\sum_i d_i^2 x_i^2 \\le \\lVert x \\rVert^2$ when all $|d_i| \\le 1$, and "
        "$\\lVert W x \\rVert \\le s \\lVert x \\rVert$ by the definition of $s$. So each step lengthens a vector at "
        "most by the factor $s$.",
        cite="bengio1994",
    )


@claim("a-stretch-above-one-need-not-explode", verdict="corrected")
def a_stretch_above_one_need_not_explode() -> Evidence:
    r"""A largest singular value above 1 does not make powers explode: the matrix with ½ twice on its diagonal, 2 above
    and 0 below it stretches by $1 + \tfrac12\sqrt5$, and its powers tend to 0."""
    n = sp.Symbol("n", integer=True, positive=True)
    corner = n * 2 * sp.Rational(1, 2) ** (n - 1)
    return Evidence(
        "The n-th power has (½)ⁿ twice on the diagonal and 2n(½)ⁿ⁻¹ in the corner.",
        derivations=[proofs.triangular_powers()],
        checks=[
            Check("the corner tends to 0", sp.limit(corner, n, sp.oo) == 0),
            Check("the formula at n = 5", proofs.TRIANGULAR**5 == sp.Matrix([[1, 20], [0, 1]]) / 32),
        ],
        counterexamples=[
            Counterexample(
                "the limit of the corner of the powers, if a stretch above 1 made them explode",
                sp.oo,
                sp.limit(corner, n, sp.oo),
            )
        ],
        cite="pascanu2013",
    )


@claim("powers-follow-the-spectrum-and-not-the-entries", verdict="corrected")
def powers_follow_the_spectrum_and_not_the_entries() -> Evidence:
    r"""Entries below 1 do not make powers vanish, nor do entries above 1 make them explode: the eigenvalues decide."""
    small, large = sp.Rational(3, 5) * sp.ones(2, 2), sp.Matrix([[2, -2], [2, -2]])
    n = sp.Symbol("n", integer=True, positive=True)
    return Evidence(
        "All entries 0.6, with an eigenvalue of 1.2; all entries of size 2, with the eigenvalue 0 twice.",
        derivations=[proofs.uniform_powers()],
        checks=[
            Check("the eigenvalues of the first are 1.2 and 0", set(small.eigenvals()) == {sp.Rational(6, 5), 0}),
            Check("those of the second are 0", set(large.eigenvals()) == {sp.Integer(0)}),
        ],
        counterexamples=[
            Counterexample(
                "the limit of an entry of the powers of the first, if small entries vanished",
                sp.Integer(0),
                sp.limit(2 ** (n - 1) * sp.Rational(3, 5) ** n, n, sp.oo),
            ),
            Counterexample("the largest entry of the square of the second, if large entries grew", 4, max(large**2)),
        ],
    )


@claim("a-tanh-network-can-explode", verdict="corrected")
def a_tanh_network_can_explode() -> Evidence:
    r"""Saturation does not rule out exploding gradients. One tanh unit without a bias, at rest in $h = 0$, has slope 1,
    so its gradient over $t$ steps is exactly $w^t$. At rest in any other $h$ each step has a factor below 1."""
    w, z = sp.symbols("w z", positive=True)
    wild = experiments.through_time(("tanh",), (2.0,), noise=0.0).rate("tanh")[0]
    return Evidence(
        "Slope 1 at rest; 2z/sinh 2z at a resting state tanh z; and a wide network without inputs at radius 2.",
        derivations=[proofs.fixed_point_slope()],
        checks=[
            Check("tanh keeps 0", sp.tanh(0) == 0),
            Check("2z/sinh 2z < 1, since sinh y − y starts at 0", (sp.sinh(2 * z) - 2 * z).subs(z, 0) == 0),
            Check(
                "and has the slope 4 sinh² z > 0",
                sp.simplify(sp.diff(sp.sinh(2 * z) - 2 * z, z) - 4 * sp.sinh(z) ** 2) == 0,
            ),
        ],
        measurements=[measured("factor a step, 64 tanh units, radius 2", wild, above=1)],
        counterexamples=[
            Counterexample(
                "the gradient of 100 steps at rest with w = 3/2, if it could not exceed 1",
                1,
                sp.N((sp.diff(sp.tanh(w * z), z).subs(z, 0) ** 100).subs(w, sp.Rational(3, 2)), 3),
            )
        ],
        cite="bengio1994",
    )


@claim("a-radius-above-one-explodes-where-all-slopes-are-one", verdict="qualified", sources=["S1.10"])
def a_radius_above_one_explodes_where_all_slopes_are_one() -> Evidence:
    r"""A spectral radius above 1 makes the gradient through time grow by the radius at each step if every slope is 1.
    With random weights ReLU has switched half of the slopes to 0, tanh has saturated, and with either the gradient
    vanishes at a radius of 1.2."""
    found = experiments.through_time()
    row = found.radii.index(1.2)
    linear, relu, tanh = (found.rate(name)[row] for name in ("identity", "relu", "tanh"))
    return Evidence(
        "Untrained networks of 64 units, 100 steps, inputs of size 0.5, the same matrices for all.",
        condition="All slopes are 1, as in a linear network, or a ReLU network whose units are all on.",
        measurements=[measured("linear: factor a step at radius 1.2", linear, above=1)],
        counterexamples=[
            Counterexample(f"the factor of {name} at radius 1.2", "above 1", _below_one(rate))
            for name, rate in (("ReLU", relu), ("tanh", tanh))
        ],
        cite="pascanu2013",
    )


def _below_one(rate: np.ndarray) -> str:
    mean, low, high = mean_interval(rate)
    return f"{mean:.3f} [{low:.3f}, {high:.3f}]" if high < 1 else "above 1"


# --- products of independent matrices --------------------------------------------------------------------------------


@claim("independent-products-grow-at-an-exact-rate", verdict="argued", sources=["S1.12"])
def independent_products_grow_at_an_exact_rate() -> Evidence:
    r"""A product of $t$ independent $n \times n$ matrices with normal entries of variance $v$ lengthens a vector by a
    factor whose logarithm has the mean $\tfrac t2 \left(\log 2v + \psi(n/2)\right)$ and the variance
    $\tfrac t4\, \psi'(n/2)$: independent matrices do not cancel."""
    return Evidence(
        "The squared length after one step is v times a χ² with n degrees of freedom.",
        derivations=[proofs.moments(), proofs.log_mean()],
        checks=[
            Check("ψ′(1) = π²/6: two squares", proofs.log_variance(2) == sp.pi**2 / 6),
            *(_within_four_errors(width) for width in products.products().widths),
        ],
        argument="For a fixed vector x the entries of $Gx$ are independent and normal with variance $v \\lVert x "
        "\\rVert^2$. So $\\lVert Gx \\rVert^2 / (v \\lVert x \\rVert^2)$ is a $\\chi^2_n$ whatever $x$ is, and "
        "therefore independent of the steps before. Half its logarithm has the mean and the variance of one step, and "
        "those of independent steps add up. The moments of $\\chi^2_n$ are differentiated under the integral.",
    )


def _within_four_errors(width: int) -> Check:
    """The mean of all steps of all seeds lies within four of its exact standard errors."""
    found = products.products()
    row = found.widths.index(width)
    error = (products.step_variance(width) / (found.depth * len(found.seeds))) ** 0.5
    gap = found.growth["linear, fresh W"][row].mean() - found.exact("linear, fresh W")[row]
    return Check(f"measured at width {width}, within four standard errors", bool(abs(gap) < 4 * error))


@claim("a-hundred-independent-matrices-explode", verdict="corrected", sources=["S1.12"])
def a_hundred_independent_matrices_explode() -> Evidence:
    r"""Independent matrices with eigenvalues on both sides of 1 do not balance each other: a product of $4 \times 4$
    matrices of standard normal numbers grows by a factor of 1.75 a step."""
    found = products.products((4,), share=4.0, kinds=("linear, fresh W",))
    factor = float(sp.exp(proofs.growth_rate(4, 1)))
    return Evidence(
        f"The exact factor is {factor:.4f}, a geometric mean; the demonstration is that of a widely read book.",
        checks=[Check("it rounds to 1.75", round(factor, 2) == 1.75)],
        measurements=[measured("growth a step", found.growth["linear, fresh W"][0], holds=np.log(factor))],
        counterexamples=[Counterexample("the factor a step, if large and small eigenvalues cancelled", 1.0, factor)],
        cite="zhang2023",
    )


@claim("one-over-n-keeps-the-mean-square-and-shrinks-the-typical", verdict="argued", sources=["S1.12"])
def one_over_n_keeps_the_mean_square_and_shrinks_the_typical() -> Evidence:
    r"""With variance $1/n$ an independent normal matrix keeps the *mean* of the squared length, and yet a typical
    vector shrinks at every width, by a little more than $\tfrac{1}{2n}$ a step on the log scale."""
    widths = (1, 2, 4, 16, 64, 256)
    rates = [proofs.growth_rate(width, sp.Rational(1, width)).evalf(20) for width in widths]
    return Evidence(
        f"At width {widths[-1]} the rate times n is {widths[-1] * rates[-1]:.4f}.",
        derivations=[proofs.mean_square()],
        checks=[
            Check(f"−1/n < rate < −1/(2n) at n = {n}", bool(-1 / n < rate < -1 / (2 * n)))
            for n, rate in zip(widths, rates, strict=True)
            if n > 1
        ],
        argument="The logarithm is strictly concave, so the mean of $\\log X$ is below the logarithm of the mean "
        "(Jensen); here the mean of X is 1. For all $y > 0$, $\\log y - 1/y < \\psi(y) < \\log y - 1/(2y)$; with "
        "$y = n/2$ the rate lies between $-1/n$ and $-1/(2n)$.",
    )


@claim("relu-halves-the-rows-by-coin-flips", verdict="measured")
def relu_halves_the_rows_by_coin_flips() -> Evidence:
    r"""Through ReLU layers with fresh weights the same law holds with the number of active units in the place of $n$,
    averaged over fair coins, one a unit."""
    found = products.products()
    kind = "ReLU, fresh W"
    return Evidence(
        "Measured minus exact growth of the logarithm a step, at each width.",
        measurements=[
            measured(f"width {width}: measured minus exact", values - exact, above=-0.02, below=0.02)
            for width, values, exact in zip(found.widths, found.growth[kind], found.exact(kind), strict=True)
        ],
        checks=[
            Check(
                "within 0.02 of 0 at every width",
                bool(np.all(abs(found.growth[kind].mean(1) - found.exact(kind)) < 0.02)),
            )
        ],
        cite="hanin2018",
    )


@claim("a-relu-cnn-explodes-above-two-over-fan-in", verdict="measured", sources=["S1.12"])
def a_relu_cnn_explodes_above_two_over_fan_in() -> Evidence:
    r"""A deep ReLU network of convolutions, each layer with weights of its own, lets the gradient explode when their
    variance is three over fan-in, and vanish when it is one over fan-in."""
    found = products.convolutions()
    one, _, three = found.factors("a kernel a layer")
    return Evidence(
        f"{found.depth} layers of 3 × 3 convolutions on a torus.",
        measurements=[
            measured("factor a layer at 3/fan-in", three, above=1),
            measured("factor a layer at 1/fan-in", one, below=1),
        ],
        checks=[Check("intervals on either side of 1", bool(mean_interval(one)[2] < 1 < mean_interval(three)[1]))],
        cite="he2015",
    )


@claim("sharing-trades-an-average-for-one-draw", verdict="measured", sources=["S1.10", "S1.12"])
def sharing_trades_an_average_for_one_draw() -> Evidence:
    r"""Sharing one matrix over all steps leaves the growth of a network to a single draw, so that networks differ
    several times as much, and tends to make it larger. A convolutional ReLU network of variance 2/fan-in explodes with
    one kernel for all layers."""
    found = products.products()
    fresh, one = (found.growth[f"linear, {kind} W"] for kind in ("fresh", "one"))
    shift, shared = (one - fresh)[-1], products.convolutions().factors("one kernel")[1]
    ratios = [
        spread(f"width {width}: deviation of the growth with one W over that with fresh ones", *pair, above=3)
        for width, *pair in zip(found.widths, one, fresh, strict=True)
    ]
    return Evidence(
        "The same numbers of layers; only whether the layers share their weights differs.",
        measurements=[
            *ratios,
            measured(f"width {found.widths[-1]}: growth with one W minus that with fresh ones", shift, above=0),
            measured("factor a layer at 2/fan-in with one kernel", shared, above=1),
        ],
        checks=[
            Check("more growth with one W", bool(mean_interval(shift)[1] > 0)),
            Check("growth with one kernel", bool(mean_interval(shared)[1] > 1)),
        ],
    )
