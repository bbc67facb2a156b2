"""Claims of the chapter on smooth gates and gated layers."""

from __future__ import annotations

import numpy as np
import sympy as sp
from sympy import Rational, exp, log, oo, sqrt

from .. import slopes, values
from ..catalogue import get, x
from ..experiments import gates
from ..proofs import dips, smooth
from .ledger import Check, Counterexample, Evidence, claim

SMOOTH = ("silu", "gelu", "mish")


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
            Counterexample("whether SiLU's slope stays away from 0 at −∞", True, _end("silu", -oo) != 0),
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


@claim(
    "gelu-names-two-functions",
    verdict="convention",
    numerical="PyTorch is asked at 1201 points.",
)
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


@claim(
    "gelus-tanh-form-is-within-half-a-thousandth",
    verdict="argued",
    numerical="The values on the grid are floating point numbers, and their rounding is not bounded.",
)
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
