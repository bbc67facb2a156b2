"""Claims of the chapter on smooth gates and gated layers."""

from __future__ import annotations

import numpy as np
import sympy as sp
from scipy.stats import binomtest
from sympy import Rational, exp, log, oo, sqrt

from .. import slopes, values
from ..catalogue import get, x
from ..experiments import gates
from ..experiments._summary import mean_interval
from ..proofs import dips, smooth
from .ledger import Check, Counterexample, Evidence, Measurement, claim

SMOOTH = ("silu", "gelu", "mish")
QUADRATIC = ("squared_relu", "reglu", "geglu", "swiglu")
OTHERS = ("relu", "silu", "gelu", "glu")


# --- softplus, and what is averaged ----------------------------------------------------------------------------------


@claim("softplus-is-silu-plus-the-entropy-of-its-gate", verdict="proved")
def softplus_is_silu_plus_the_entropy_of_its_gate() -> Evidence:
    r"""Softplus is SiLU plus the entropy of its gate: $\log(1 + e^x) = x\,p + H(p)$ with $p = \sigma(x)$ and
    $H(p) = -p \log p - (1 - p) \log(1 - p)$."""
    return Evidence("Split softplus among p and 1 − p.", derivations=[smooth.softplus_less_silu()])


@claim("softplus-is-within-log-2-of-relu", verdict="proved")
def softplus_is_within_log_2_of_relu() -> Evidence:
    r"""Softplus lies above ReLU, and nowhere by more than $\log 2$, which it attains at 0. With a sharpness
    $\beta > 0$, as $\log(1 + e^{\beta x})/\beta$, the largest gap is $\log 2 / \beta$."""
    gap = smooth.softplus_gap().last
    softplus = log(1 + exp(smooth.beta * x)) / smooth.beta
    return Evidence(
        "The gap depends on the distance from 0 alone, is positive, and falls with it.",
        derivations=[smooth.softplus_gap()],
        checks=[
            Check("left of 0, where ReLU is 0, the gap is the same", softplus.subs(x, -smooth.t) == gap),
            Check("the gap is positive", gap.is_positive),
            Check("the gap falls with t", sp.simplify(gap.diff(smooth.t)).is_negative),
            Check("at 0 it is log 2 / β", softplus.subs(x, 0) == log(2) / smooth.beta),
        ],
    )


@claim("gelu-is-not-relu-averaged-over-noise", verdict="corrected")
def gelu_is_not_relu_averaged_over_noise() -> Evidence:
    r"""GELU is not ReLU averaged over Gaussian noise in its input. That average is $x\,\Phi(x) + \varphi(x)$, with
    the normal density $\varphi$, and has no dip. GELU averages the gate alone, and is $x\,\Phi(x)$."""
    mean = smooth.noisy_relu().last
    return Evidence(
        "Integrate; the slope of the average is Φ, which is positive.",
        derivations=[smooth.noisy_relu_primitive(), smooth.noisy_relu()],
        checks=[Check("the average has slope Φ(x)", sp.simplify(mean.diff(x) - get("gelu").at() / x) == 0)],
        counterexamples=[
            Counterexample("at 0, if GELU were the average", mean.subs(x, 0), get("gelu").at().subs(x, 0))
        ],
    )


# --- the dip ---------------------------------------------------------------------------------------------------------


@claim("soft-gates-are-not-monotone", verdict="argued")
def soft_gates_are_not_monotone() -> Evidence:
    r"""A function $x\,g(x)$ with a continuous positive gate is not monotone if it tends to 0 at $-\infty$: somewhere
    left of 0 it has a lowest point below 0. SiLU, GELU and Mish are such functions."""
    f = {name: get(name).at() for name in SMOOTH}
    limits = [Check(f"{name} → 0 at −∞", sp.limit(f[name], x, -oo) == 0) for name in SMOOTH]
    signs = [Check(f"{name} is negative at −1", f[name].subs(x, -1).is_negative) for name in SMOOTH]
    return Evidence(
        "It starts at 0, is negative, and ends at 0.",
        argument="Far to the left the function is close to 0; at 0 it is 0; between them it is negative, as a negative "
        "number times a positive gate. So it falls somewhere and rises somewhere. A continuous function attains its "
        "least value on a closed interval. Outside a long one it is nearly 0, so the least value of all is attained.",
        checks=[*limits, *signs],
    )


@claim("silu-is-lowest-at-minus-one-minus-w", verdict="proved")
def silu_is_lowest_at_minus_one_minus_w() -> Evidence:
    r"""SiLU is lowest at $-1 - W(1/e) \approx -1.278464543$, where it is $-W(1/e) \approx -0.2784645428$, with
    Lambert's function $W$."""
    at, value = dips.lowest("silu")
    factor = 1 + x + exp(x)
    return Evidence(
        "The slope has the sign of 1 + x + eˣ, which rises and is 0 at one point.",
        derivations=[dips.silu_slope(), dips.silu_root(), dips.silu_depth()],
        checks=[
            Check("1 + x + eˣ rises everywhere", factor.diff(x).is_positive),
            Check("the place rounds to −1.278464543", str(sp.N(at, 10)) == "-1.278464543"),
            Check("the value rounds to −0.2784645428", str(sp.N(value, 10)) == "-0.2784645428"),
        ],
    )


@claim("gelu-and-mish-have-one-lowest-point-each", verdict="argued")
def gelu_and_mish_have_one_lowest_point_each() -> Evidence:
    r"""GELU and Mish have one lowest point each: GELU at $x \approx -0.7518$, where it is about $-0.1700$, and Mish at
    $x \approx -1.1924$, where it is about $-0.3088$."""
    said = {
        "gelu": ("-0.7517915247", "-0.1699712075"),
        "mish": ("-1.192431215", "-0.3088434130"),
    }
    rounded = [
        Check(f"{name}: {number} to ten digits", str(sp.N(found, 10)) == number)
        for name, numbers in said.items()
        for found, number in zip(dips.lowest(name), numbers, strict=True)
    ]
    return Evidence(
        "Each slope changes its sign at one point, and a bracket of width 2·10⁻¹⁵ holds it.",
        derivations=[dips.gelu_slope(), dips.gelu_bend(), dips.mish_slope(), dips.mish_factor_slope()],
        argument="GELU's second derivative has the sign of $2 - x^2$. So its slope falls from 0 up to $-\\sqrt 2$, "
        "is negative there, rises up to $\\sqrt 2$, and falls from there to 1: it is 0 once. The sign of Mish's slope "
        "is that of a factor that rises from $-\\infty$ to $\\infty$. For the slope of this factor is at least "
        "$4 + (4x + 10) e^x$, which is least at $x = -\\tfrac72$ and positive there.",
        checks=[
            *rounded,
            Check("GELU's slope is negative at −√2", get("gelu").slope().subs(x, -sqrt(2)).is_negative),
            Check("GELU's slope tends to 0 and to 1", [_end("gelu", side) for side in (-oo, oo)] == [0, 1]),
            Check("(4x + 10)eˣ is least at −7/2", sp.solve(((4 * x + 10) * exp(x)).diff(x), x) == [-Rational(7, 2)]),
            Check("and 4 more is positive there", (4 - 4 * exp(-Rational(7, 2))).is_positive),
        ],
    )


def _end(name: str, side: sp.Expr) -> sp.Expr:
    return sp.limit(get(name).slope(), x, side)


@claim("smooth-gates-are-bounded-below-and-saturate-on-the-left", verdict="corrected")
def smooth_gates_are_bounded_below_and_saturate_on_the_left() -> Evidence:
    r"""GELU, SiLU and Mish are unbounded above only: GELU stays above $-0.17$, SiLU above $-0.28$ and Mish above
    $-0.31$. And all three saturate on the left, where their slopes tend to 0."""
    lowest = {name: sp.N(dips.lowest(name)[1], 6) for name in SMOOTH}
    floors = {"gelu": "-0.17", "silu": "-0.28", "mish": "-0.31"}
    return Evidence(
        "Their lowest points, and the limits of their slopes.",
        checks=[
            *(Check(f"{name} > {floor}", lowest[name] > sp.Rational(floor)) for name, floor in floors.items()),
            *(Check(f"the slope of {name} → 0 at −∞", _end(name, -oo) == 0) for name in SMOOTH),
        ],
        counterexamples=[
            Counterexample("GELU's infimum, if its range were ℝ", -oo, lowest["gelu"]),
            Counterexample("SiLU's slope at −∞, if it did not saturate", "not 0", _end("silu", -oo)),
        ],
    )


# --- β, two GELUs, the tail ------------------------------------------------------------------------------------------


@claim("swish-is-as-far-from-relu-as-its-dip-is-deep", verdict="proved")
def swish_is_as_far_from_relu_as_its_dip_is_deep() -> Evidence:
    r"""For every $\beta > 0$ the largest distance between Swish, $x\,\sigma(\beta x)$, and ReLU is the depth of the
    dip, $W(1/e)/\beta$. As $\beta$ tends to 0 Swish becomes half the identity, within $\beta x^2/4$."""
    swish = get("silu").expr.subs(get("silu").parameters[0].symbol, smooth.beta)
    gap, t, beta = smooth.gap_below_relu().last, smooth.t, smooth.beta
    rest = smooth.small_beta().last
    return Evidence(
        "The gap at t and at −t is the depth of the curve at −t, and tanh u ≤ u.",
        derivations=[smooth.gap_below_relu(), smooth.small_beta()],
        checks=[
            Check("at −t, where ReLU is 0, the gap is the same", sp.simplify(-swish.subs(x, -t) - gap) == 0),
            Check(
                "another β is another scale of both axes",
                sp.simplify(swish - get("silu").at().subs(x, beta * x) / beta) == 0,
            ),
            Check("the first term of the rest is βx²/4", sp.series(rest, x, 0, 4).removeO() == beta * x**2 / 4),
            Check("u − tanh u rises from 0", sp.simplify((t - sp.tanh(t)).diff(t) - sp.tanh(t) ** 2) == 0),
        ],
    )


@claim("gelu-names-two-functions", verdict="convention")
def gelu_names_two_functions() -> Evidence:
    r"""“GELU” names two functions. PyTorch's default is the exact $x\,\Phi(x)$; JAX's default is the tanh form, which
    PyTorch calls `approximate="tanh"`."""
    points = np.linspace(-6, 6, 1201)
    default = gates.default_gelu(points)
    return Evidence(
        "PyTorch is asked; JAX's default is that of its documentation of `jax.nn.gelu`.",
        checks=[
            Check("PyTorch's default is xΦ(x)", bool(np.allclose(default, values.gelu(points), rtol=0, atol=1e-14))),
            Check("and is not the tanh form", bool(np.abs(default - values.gelu_tanh(points)).max() > 1e-4)),
        ],
        cite="hendrycks2016,bradbury2018",
    )


@claim("gelus-tanh-form-is-within-half-a-thousandth", verdict="argued")
def gelus_tanh_form_is_within_half_a_thousandth() -> Evidence:
    r"""The tanh form of GELU differs from the exact one by less than 0.0005 everywhere, and by as much as 0.00047 near
    $x = \pm 2.7$."""
    forms = gates.gelu_forms()
    return Evidence(
        f"The largest difference found is {forms.largest:.3g}, at {forms.at:.3g}; between the points of the grid "
        f"it is at most {forms.bound:.3g}.",
        derivations=[smooth.half_and_even("gelu"), smooth.half_and_even("gelu_tanh")],
        argument="Both functions are half the identity plus an even function, so that their difference is even. For "
        "$x > 0$ both gates rise, and the values at the ends of a cell of the grid bound the difference inside.",
        checks=[
            Check("the bound is below 0.0005", forms.bound < 0.0005),
            Check("the largest difference found is above 0.00047", forms.largest > 0.00047),
            Check("it is found between 2.65 and 2.75", 2.65 < forms.at < 2.75),
        ],
    )


@claim("smooth-gates-can-stop-learning-too", verdict="corrected")
def smooth_gates_can_stop_learning_too() -> Evidence:
    r"""SiLU, GELU and Mish units can stop learning, too. In the left tail their slopes vanish like $x\,e^x$, and
    GELU's like $x\,\varphi(x)$, and then they round to 0: in float32 GELU's does at $x = -15$, and those of the others
    do at $x = -110$."""
    at = {"gelu": np.float32(-15), "silu": np.float32(-110), "mish": np.float32(-110)}
    return Evidence(
        "Limits of slopes over their tails; and the correctly rounded slopes in float32.",
        checks=[
            Check("SiLU's slope ~ x eˣ at −∞", smooth.silu_tail() == 1),
            Check("Mish's slope ~ x eˣ at −∞", smooth.mish_tail() == 1),
            Check("GELU's slope ~ x φ(x) at −∞", smooth.gelu_tail() == 1),
        ],
        counterexamples=[
            Counterexample(
                f"the slope of {name} at {place:g} in float32",
                sp.N(get(name).slope().subs(x, int(place)), 3),
                abs(float(getattr(slopes, name)(place))),
            )
            for name, place in at.items()
        ],
    )


# --- gates with weights of their own ---------------------------------------------------------------------------------


@claim("an-open-gate-passes-the-gradient", verdict="corrected", sources=["S0.8", "S1.4"])
def an_open_gate_passes_the_gradient() -> Evidence:
    r"""“Never use the sigmoid” is advice about hidden activations. As a gate, in $a\,\sigma(b)$, it multiplies the
    gradient of the value $a$ by $\sigma(b)$, and saturation brings that factor up to 1. The factor of at most ¼ is met
    on the way to $b$ alone."""
    to_value, to_gate = smooth.gate_gradients()
    return Evidence(
        "Differentiate the product in both inputs.",
        derivations=[to_value, to_gate],
        checks=[Check("the factor tends to 1 as the gate opens", sp.limit(to_value.last, smooth.b, oo) == 1)],
        counterexamples=[
            Counterexample(
                "the factor at b = 5, if it were at most ¼", Rational(1, 4), sp.N(to_value.last.subs(smooth.b, 5), 4)
            )
        ],
    )


@claim("an-lstm-cell-needs-both-sigmoid-and-tanh", verdict="corrected", sources=["S1.4"])
def an_lstm_cell_needs_both_sigmoid_and_tanh() -> Evidence:
    r"""Which function fits is a matter of its place and not of the kind of network. A recurrent LSTM cell uses the
    sigmoid for its gates and tanh for its content; with tanh in every place it is another function."""
    by_torch, by_formula, all_tanh = gates.lstm_step()
    return Evidence(
        "One step of torch's cell, recomputed from its weights.",
        checks=[Check("sigmoid gates give torch's state", bool(np.allclose(by_torch, by_formula, rtol=0, atol=1e-12)))],
        counterexamples=[
            Counterexample(
                "the first number of the state, with tanh everywhere", round(all_tanh[0], 6), round(by_torch[0], 6)
            )
        ],
        cite="hochreiter1997",
    )


@claim("silu-is-a-gated-unit-with-shared-weights", verdict="proved")
def silu_is_a_gated_unit_with_shared_weights() -> Evidence:
    r"""A gated unit whose value and gate share their weights is a function of one weighted sum: GLU becomes SiLU, and
    ReGLU becomes squared ReLU."""
    return Evidence(
        "Put the same input into both halves.",
        checks=[
            Check("GLU at (x, x) is SiLU", smooth.own_gate("glu") == get("silu").at()),
            Check(
                "ReGLU at (x, x) is squared ReLU",
                all(
                    sp.simplify((smooth.own_gate("reglu") - get("squared_relu").at()).subs(x, side * smooth.t)) == 0
                    for side in (-1, 0, 1)
                ),
            ),
        ],
    )


@claim("two-gated-units-multiply-exactly", verdict="proved")
def two_gated_units_multiply_exactly() -> Evidence:
    r"""Two SwiGLU units, or two GEGLU units, multiply two numbers without error: $a\,f(b) - a\,f(-b) = a\,b$ for
    every $f(b) = b\,g(b)$ whose gate has $g(b) + g(-b) = 1$."""
    return Evidence(
        "The gates at b and at −b are open once together.",
        derivations=[smooth.two_units_multiply("swiglu"), smooth.two_units_multiply("geglu")],
        checks=[
            Check(
                "Mish's gate is 3/5 at 0, so that Mish has not this property",
                sp.tanh(log(2)).rewrite(exp) == Rational(3, 5),
            )
        ],
    )


# --- equal parameters ------------------------------------------------------------------------------------------------


@claim("two-thirds-of-the-width", verdict="qualified")
def two_thirds_of_the_width() -> Evidence:
    r"""A gated layer has as many parameters as a plain one at two thirds of its width, if it has as many outputs as
    inputs and no biases. With biases the share is slightly less, and with few outputs it is closer to one half."""
    n, k, h = smooth.inputs, smooth.outputs, smooth.h
    share = smooth.matched_width().last.rhs / h
    digits, less = share.subs({n: 64, k: 10}), smooth.share_less_two_thirds()
    return Evidence(
        "Count, and solve for the width.",
        derivations=[smooth.transformer_width(), smooth.matched_width()],
        condition="As many outputs as inputs, as in a transformer's feed-forward layer, and no biases.",
        checks=[
            Check("with biases the share lacks 1/(9d + 6)", sp.simplify(less + 1 / (9 * smooth.d + 6)) == 0),
            Check("with few outputs the share tends to ½", sp.limit(share.subs(k, 1), n, oo) == Rational(1, 2)),
        ],
        counterexamples=[Counterexample("64 inputs and ten outputs", Rational(2, 3), digits)],
    )


@claim("on-the-digits-no-function-stands-out", verdict="measured")
def on_the_digits_no_function_stands_out() -> Evidence:
    r"""On the digits, at equal parameters and each at its best rate, none of nine other functions gets as many as 4
    test pictures of 450 more than ReLU in the mean over seeds, and none as many as 6 fewer."""
    result = gates.on_digits()
    return Evidence(
        "Same pictures in the same order, 2 110 parameters each, the rate with the smallest training loss.",
        checks=[
            Check(
                "all have 2 110 parameters", {gates.parameters(n) for n in result.training.networks.values()} == {2110}
            ),
            *(
                Check(f"the interval of {name} lies above −6 and below 4", bool(-6 < low and high < 4))
                for name in result.names[1:]
                for _, low, high in [mean_interval(result.difference(name))]
            ),
        ],
        measurements=[
            Measurement(
                f"pictures that {name} gets right and ReLU does not, less the reverse",
                *map(float, mean_interval(result.difference(name))),
                len(result.training.seeds),
                "an interval reached 4 or −6",
            )
            for name in result.names[1:]
        ],
    )


@claim("each-function-is-best-at-its-own-task", verdict="measured")
def each_function_is_best_at_its_own_task() -> Evidence:
    r"""At equal parameters SwiGLU's error at the product of two inputs is below a thirtieth of ReLU's, and ReLU's error
    at their maximum is below a tenth of SwiGLU's (geometric means over 20 seeds)."""
    result = gates.fit()
    cases = (("product", "relu", "swiglu", 30), ("maximum", "swiglu", "relu", 10))
    logs = {case: np.log10(result.ratio(*case[:3])) for case in cases}
    return Evidence(
        "The same examples for both, 57 parameters, new examples for the error.",
        checks=[
            Check(
                f"{task}: the interval lies above {factor}",
                bool(mean_interval(logs[task, worse, better, factor])[1] > np.log10(factor)),
            )
            for task, worse, better, factor in cases
        ],
        measurements=[
            Measurement(
                f"{task}: log₁₀ of the error of {worse} over that of {better}",
                *map(float, mean_interval(logs[task, worse, better, factor])),
                len(result.seeds),
                f"the interval reached log₁₀ {factor}",
            )
            for task, worse, better, factor in cases
        ],
    )


@claim("functions-that-grow-like-a-square-need-smaller-steps", verdict="measured")
def functions_that_grow_like_a_square_need_smaller_steps() -> Evidence:
    r"""With plain gradient descent at rate 1 no network of squared ReLU, ReGLU, GEGLU or SwiGLU learned the digits,
    and every one of ReLU, SiLU, GELU or GLU did. At rate ¼ all of them learned."""
    result = gates.plain_descent()
    expected = [(name, 1.0, name in OTHERS) for name in OTHERS + QUADRATIC]
    return Evidence(
        "Eight networks of 2 110 parameters, 20 seeds, 100 steps; to learn is to get half of the test pictures right.",
        checks=[
            Check(f"{name} learned at rate ¼", bool(result.learned(name, 0.25).all())) for name in OTHERS + QUADRATIC
        ]
        + [Check(f"{name} at rate 1", bool((result.learned(name, rate) == yes).all())) for name, rate, yes in expected],
        measurements=[_share(name, result.learned(name, rate)) for name, rate, _ in expected],
    )


def _share(name: str, learned: np.ndarray) -> Measurement:
    """The share of seeds that learned, with the exact binomial interval."""
    ends = binomtest(int(learned.sum()), learned.size).proportion_ci()
    mean = float(learned.mean())
    return Measurement(
        f"share of {name} that learned at rate 1", mean, ends.low, ends.high, learned.size, "one seed differed"
    )


# --- reported --------------------------------------------------------------------------------------------------------


@claim("gates-lowered-the-loss-of-a-language-model", verdict="reported")
def gates_lowered_the_loss_of_a_language_model() -> Evidence:
    r"""In a T5 base model, at equal parameters, the held-out loss was 1.677 with ReLU, 1.679 with GELU and 1.683 with
    SiLU; with gates it was 1.633 (GEGLU), 1.636 (SwiGLU), 1.645 (ReGLU), 1.648 (no function) and 1.663 (GLU). Each was
    trained once; four shorter runs of the same function spread by 0.003 to 0.010."""
    return Evidence(
        "Table 1 of the report; we cannot repeat it here. The loss is the log-perplexity after 524 288 steps, with "
        "these functions in the feed-forward layers; the shorter runs had 65 536 steps.",
        cite="shazeer2020",
    )


@claim("which-transformer-uses-which", verdict="reported")
def which_transformer_uses_which() -> Evidence:
    r"""The transformer of 2017 used ReLU, BERT GELU, Primer squared ReLU, LLaMA SwiGLU at two thirds of the width, and
    ModernBERT GEGLU."""
    return Evidence("Each as its authors describe it.", cite="vaswani2017,devlin2019,so2021,touvron2023,warner2024")
