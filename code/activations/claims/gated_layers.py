"""Claims of the chapter on smooth gates: gates with weights of their own, and comparisons."""

from __future__ import annotations

import numpy as np
import sympy as sp
from scipy.stats import binomtest
from sympy import Rational, exp, log, oo

from ..catalogue import get, x
from ..experiments import gates
from ..experiments._summary import mean_interval
from ..proofs import smooth
from .ledger import Check, Counterexample, Evidence, Measurement, claim

SUBJECT = "smooth_gates"

QUADRATIC = ("squared_relu", "reglu", "geglu", "swiglu")
OTHERS = ("relu", "silu", "gelu", "glu")


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


@claim(
    "an-lstm-cell-needs-both-sigmoid-and-tanh",
    verdict="corrected",
    sources=["S1.4"],
    numerical="The cell is asked about one step.",
)
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
    b, g = sp.symbols("b g(b)", real=True)
    return Evidence(
        "The gates at b and at −b are open once together.",
        derivations=[smooth.two_units_multiply("swiglu"), smooth.two_units_multiply("geglu")],
        checks=[
            Check("b g(b) + b g(−b) = b where g(−b) = 1 − g(b)", sp.expand(b * g + b * (1 - g)) == b),
            Check(
                "Mish's gate is 3/5 at 0, so that Mish has not this property",
                sp.tanh(log(2)).rewrite(exp) == Rational(3, 5),
            ),
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
                above=-6,
                below=4,
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
    counts = {gates.parameters(network) for network in result.networks.values()}
    return Evidence(
        f"The same examples for both, {max(counts)} parameters, new examples for the error.",
        checks=[Check("all networks have equally many parameters", len(counts) == 1)],
        measurements=[
            Measurement(
                f"{task}: log₁₀ of the error of {worse} over that of {better}",
                *map(float, mean_interval(logs[task, worse, better, factor])),
                len(result.seeds),
                f"the interval reached log₁₀ {factor}",
                above=np.log10(factor),
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
        measurements=[
            _share(name, result.learned(name, rate), {"above": 0.8} if yes else {"below": 0.2})
            for name, rate, yes in expected
        ],
    )


def _share(name: str, learned: np.ndarray, bounds: dict[str, float]) -> Measurement:
    """The share of seeds that learned, with the exact binomial interval."""
    ends = binomtest(int(learned.sum()), learned.size).proportion_ci()
    mean = float(learned.mean())
    return Measurement(
        f"share of {name} that learned at rate 1",
        mean,
        ends.low,
        ends.high,
        learned.size,
        "one seed differed",
        **bounds,
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
