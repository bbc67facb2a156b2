"""Claims of the chapter on vanishing gradients: what is proved. What is measured stands in its own module."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import sympy as sp
from mpmath import mp

from ..catalogue import get, x
from ..experiments import vanishing
from ..experiments.ensemble import Network
from ..proofs import backpropagation as back
from ..proofs import sigmoid as curve
from ..proofs import vanishing as proofs
from .ledger import Check, Counterexample, Evidence, claim

# --- backpropagation --------------------------------------------------------------------------------------------------


@claim("one-error-serves-a-whole-neuron", verdict="proved")
def one_error_serves_a_whole_neuron() -> Evidence:
    r"""A neuron's error $\delta$ is all that is needed to go backwards: the loss has the slope $\delta x_i$ in a
    weight, $\delta$ in the bias and $\delta w_i$ in an input."""
    return Evidence(
        "The chain rule, for a free activation and a free loss.",
        derivations=[back.error(), back.by_weight(), back.by_bias(), back.by_input()],
    )


@claim("backwards-is-the-transposed-weights", verdict="argued")
def backwards_is_the_transposed_weights() -> Evidence:
    r"""Backwards, a layer's errors are multiplied by its transposed weights and then by the slopes of the layer below.
    The loss's slope in a weight is the error that the weight feeds times the output that it multiplies."""
    return Evidence(
        "An input collects what each unit sends back; written for all inputs at once this is a product with the "
        "transposed matrix, of any size.",
        derivations=[back.several_users(2), back.transposed()],
        checks=[Check("the same for four units", not back.several_users(4).argued)],
        argument="Unit $j$ sends $\\delta_j w_{ji}$ back to input $i$, and input $i$ adds up over $j$: that is entry "
        "$i$ of $W^\\top \\delta$. The input is the output of a unit below, so its slope comes in as a factor. "
        "A weight $w_{ji}$ is used by unit $j$ alone, with input $i$.",
        cite="rumelhart1986",
    )


# --- the chain --------------------------------------------------------------------------------------------------------


@claim("a-chain-multiplies-slopes-and-weights", verdict="corrected", sources=["S3.3"])
def a_chain_multiplies_slopes_and_weights() -> Evidence:
    r"""The gradient at the first unit of a chain is, up to the loss's own slope, a product of $L$ slopes *and*
    $L - 1$ weights. The slopes of sigmoids alone make at most $4^{-L}$; whether the whole is tiny depends on the
    weights."""
    depth, w, b, half = 5, 4, -2, sp.Rational(1, 2)
    z = w * half + b
    factor = w * curve.slope_at(z)
    return Evidence(
        "The product written out for three units, the step that adds one more, and the ceiling of each slope.",
        derivations=[back.chain(3), back.chain_step(), curve.ceiling()],
        checks=[Check("with a = ½, w = 4, b = −2 the output is ½ again", get("sigmoid").at().subs(x, z) == half)],
        counterexamples=[
            Counterexample(
                f"∂a_L/∂a_0 of {depth} units with weights 4 and biases −2 at a_0 = ½, if the ceiling of the slopes "
                "were the ceiling of the product",
                Fraction(1, 4**depth),
                Fraction(int(factor**depth)),
            )
        ],
    )


@claim("a-sigmoid-passes-a-gradient-only-in-a-window", verdict="argued")
def a_sigmoid_passes_a_gradient_only_in_a_window() -> Evidence:
    r"""A sigmoid unit multiplies a gradient by a factor of size 1 or more only if $|w| \ge 4$, and then only for inputs
    in one interval. No weight makes it wider than 0.448."""
    at, size, width = proofs.widest()
    return Evidence(
        f"The widest window is {sp.N(width, 6)} wide, at |w| = {sp.N(size, 6)}; a sigmoid's outputs fill an interval "
        "of width 1.",
        derivations=[
            proofs.unit_factor(),
            proofs.slope_by_cosh(),
            proofs.steepness_at_the_edge(),
            proofs.width(),
            proofs.width_slope(),
            proofs.condition_slope(),
        ],
        checks=[
            Check("t tanh t − ½ vanishes there to 25 digits", abs(at * sp.tanh(at) - sp.Rational(1, 2)) < 1e-25),
            Check("t tanh t is below ½ at 0.77 and above it at 0.78", _crosses(0.77, 0.78)),
            Check("t tanh t has a positive slope for t > 0", proofs.condition_slope().last.is_positive),
            Check("the width is below 0.448", width < sp.Rational(448, 1000)),
        ],
        argument="The slope falls on either side of 0 (cosh rises), so the sums with a factor of 1 or more form an "
        "interval $[-2t, 2t]$, empty for $|w| < 4$. The input $a$ moves the sum by $w$, so the interval of inputs is "
        "$4t/|w|$ wide. That width rises while $t \\tanh t < \\tfrac12$ and falls after; $t \\tanh t$ passes "
        "$\\tfrac12$ once.",
    )


def _crosses(below: float, above: float) -> bool:
    return bool(below * mp.tanh(below) < 0.5 < above * mp.tanh(above))


@claim("a-chain-has-a-gradient-below-one-on-average", verdict="argued")
def a_chain_has_a_gradient_below_one_on_average() -> Evidence:
    r"""Averaged over all inputs $a_0$ between 0 and 1, the size of $\partial a_L / \partial a_0$ of a chain of sigmoid
    units is below 1, whatever its depth, weights and biases."""
    weights, biases = (6.9, -5, 20), (-3.4, 2, -9)

    def output(a: mp.mpf) -> mp.mpf:
        for w, b in zip(weights, biases, strict=True):
            a = 1 / (1 + mp.exp(-(w * a + b)))
        return a

    with mp.workdps(20):
        area = mp.quad(lambda a: abs(mp.diff(output, a)), mp.linspace(0, 1, 9))
        rise = abs(output(1) - output(0))
    return Evidence(
        f"For three units with weights {weights} the mean is {mp.nstr(area, 6)}, and the output moves by "
        f"{mp.nstr(rise, 6)}.",
        derivations=[back.chain_step()],
        checks=[Check("both agree to 8 digits", abs(area - rise) < 1e-8), Check("both are below 1", rise < 1)],
        argument="Each unit rises or falls throughout, and so does the whole chain. The slope therefore keeps its "
        "sign, and its mean over $[0, 1]$ is $a_L(1) - a_L(0)$. Both of these lie strictly between 0 and 1.",
    )


# --- layers -----------------------------------------------------------------------------------------------------------


@claim("a-layer-stretches-by-slope-times-weight", verdict="argued")
def a_layer_stretches_by_slope_times_weight() -> Evidence:
    r"""A layer's Jacobian stretches no vector by more than $\max |f'| \cdot \lVert W \rVert$. So a sigmoid layer with
    $\lVert W \rVert < 4$ shrinks every gradient; one with a larger norm may, but need not."""
    return Evidence(
        "The Jacobian of two units and three inputs entry by entry, and the gap in the bound as a sum of squares.",
        derivations=[back.jacobian(2, 3), proofs.norm_gap(3)],
        checks=[Check("the same Jacobian for three units and two inputs", not back.jacobian(3, 2).argued)],
        argument="Entry $(j, i)$ is $f'(z_j) w_{ji}$ by the chain rule, whatever the sizes. For $y = Wv$ the bound "
        "$\\sum (d_j y_j)^2 \\le M^2 \\sum y_j^2$ holds since each term of the gap is at least 0 when $|d_j| \\le M$, "
        "and $\\lVert Wv \\rVert \\le \\lVert W \\rVert \\lVert v \\rVert$ is what the norm means. The transposed "
        "matrix has the same norm.",
        cite="pascanu2013",
    )


@claim("sigmoid-saturates-on-two-sides-and-relu-on-one", verdict="proved", sources=["S3.8", "S3.5"])
def sigmoid_saturates_on_two_sides_and_relu_on_one() -> Evidence:
    r"""Sigmoid and tanh saturate on both sides, softly. ReLU saturates on the left only, and hard: its slope is
    exactly 0 there and exactly 1 on the right."""
    soft = {(name, end): sp.limit(get(name).slope(), x, end) for name in ("sigmoid", "tanh") for end in (-sp.oo, sp.oo)}
    p, relu = sp.Symbol("p", positive=True), get("relu").slope()
    return Evidence(
        "Limits of the slopes, and ReLU's slopes themselves.",
        checks=[
            *(Check(f"{name}′ → 0 at {end}".replace("oo", "∞"), soft[name, end] == 0) for name, end in soft),
            Check("sigmoid′ is positive everywhere", get("sigmoid").slope().is_positive),
            Check("relu′ is 0 at every −p < 0", relu.subs(x, -p) == 0),
            Check("relu′ is 1 at every p > 0", relu.subs(x, p) == 1),
        ],
    )


@claim("relu-slopes-pass-and-weights-still-multiply", verdict="corrected", sources=["S3.7"])
def relu_slopes_pass_and_weights_still_multiply() -> Evidence:
    r"""Along one path through a ReLU network the slopes multiply to 0 or 1. The gradient is not thereby unchanged: it
    is the sum over the open paths of the products of their *weights*."""
    relu, w, a = get("relu").at(), sp.Rational(1, 2), sp.Symbol("a", positive=True)
    depth, out = 10, a
    for _ in range(depth):
        out = relu.subs(x, w * out)
    up, on = sp.symbols("w1:3", positive=True), sp.symbols("w3:5", real=True)
    two, shut = (
        sum(v * relu.subs(x, sign * w * a) for v, w, sign in zip(on, up, signs, strict=True))
        for signs in ((1, 1), (1, -1))
    )
    slopes = {sp.S(value) for value in (get("relu").slope().subs(x, at) for at in (-2, -1, 0, 1, 2))}
    return Evidence(
        "All units of a chain open, all slopes 1, all weights ½.",
        derivations=[back.chain_step()],
        checks=[
            Check("ReLU's slopes are 0 and 1", slopes == {sp.S.Zero, sp.S.One}),
            Check("two open paths: the slope is w₁w₃ + w₂w₄", two.diff(a) == up[0] * on[0] + up[1] * on[1]),
            Check("the second one closed: it is w₁w₃", shut.diff(a) == up[0] * on[0]),
        ],
        argument="The chain rule adds up over the units of a layer, so the gradient is a sum over all paths of slopes "
        "times weights. The slopes of a path multiply to 1 where all of its units are on, and to 0 elsewhere.",
        counterexamples=[
            Counterexample(f"∂a_L/∂a_0 of {depth} open ReLUs with weights ½, if it passed unchanged", 1, out.diff(a))
        ],
    )


@claim("relu-halves-the-mean-square", verdict="argued")
def relu_halves_the_mean_square() -> Evidence:
    r"""In a ReLU network without biases, with independent weights whose distribution is symmetric with variance $v$,
    a layer of $n$ units multiplies the mean square of any small move by $n v / 2$. So $v = 1/n$ halves it at every
    layer, $v = 2/n$ keeps it and $v = 3/n$ makes it half as large again."""
    cases = (((4, 2, 1), (1, -5, 3)), ((7, 4, 2), (0, 1, 1)), ((9, 5, 3, 2), (2, -1, 0, 4)))
    p, relu = sp.Symbol("p", positive=True), get("relu").slope()
    return Evidence(
        "One of each pair of opposite weight vectors is open; counted exactly over all sign patterns for "
        f"{len(cases)} pairs of signal and move.",
        checks=[
            Check("of the sums p and −p exactly one is open", relu.subs(x, p) + relu.subs(x, -p) == 1),
            *(
                Check(f"share for h = {h}, v = {m}: ½", proofs.relu_mean_square(h, m) == Fraction(1, 2))
                for h, m in cases
            ),
        ],
        argument="Let the signal be $h \\ne 0$, the move $u$, and the weights of one unit $w$. The unit passes "
        "$w \\cdot u$ on if $w \\cdot h > 0$. For $-w$, which is as likely, the square of $w \\cdot u$ is the same and "
        "the gate is the opposite. So the mean of the square is half of "
        "$\\mathrm E (w \\cdot u)^2 = v \\lVert u \\rVert^2$, and $n$ units make "
        "$\\tfrac{nv}{2} \\lVert u \\rVert^2$. Later layers have weights of their own, so the factors multiply. "
        "For weights with a density, $w \\cdot h = 0$ has probability 0.",
        cite="he2015",
    )


@claim("relu-layers-share-one-product", verdict="argued")
def relu_layers_share_one_product() -> Evidence:
    r"""In a ReLU network without biases, $\sum W_l \cdot \partial \ell / \partial W_l$ is the same number for every
    layer. So the gradient of the first layer's weights over that of the last does not show vanishing: when ReLU
    gradients vanish, they do so in all layers at once."""
    c, p = sp.Symbol("c", positive=True), sp.Symbol("p", positive=True)
    relu = get("relu").at()
    each = vanishing.products(Network("relu", depth=10))
    other = vanishing.products(Network("sigmoid", depth=10))
    spread = np.abs(each / each[:, :1] - 1).max()
    return Evidence(
        f"In {len(each)} networks of ten layers the largest relative difference is {spread:.1e} for ReLU; for sigmoid "
        f"the numbers differ by a factor of {np.abs(other[:, -1] / other[:, 0]).min():.0e} or more.",
        checks=[
            Check("relu(c p) = c relu(p) for p > 0", relu.subs(x, c * p) == c * relu.subs(x, p)),
            Check("relu(−c p) = c relu(−p) for p > 0", relu.subs(x, -c * p) == c * relu.subs(x, -p)),
            Check("equal in all layers to ten digits", spread < 1e-10),
        ],
        argument="Multiply the weights of one layer by $c > 0$. A ReLU passes the factor on, so the outputs are "
        "multiplied by $c$, whichever layer it was. The slope of the loss in $c$ at $c = 1$ is therefore the same for "
        "all layers, and by the chain rule it is $\\sum W_l \\cdot \\partial \\ell / \\partial W_l$.",
    )
