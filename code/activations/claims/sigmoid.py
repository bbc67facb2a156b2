"""Claims of the chapter on the sigmoid."""

from __future__ import annotations

import sympy as sp
from mpmath import mp

from ..catalogue import get, x
from ..proofs import sigmoid as proofs
from .ledger import Check, Counterexample, Evidence, claim

SIGMOID = get("sigmoid").expr
SLOPE = SIGMOID.diff(x)


@claim("sigmoid-is-the-inverse-of-the-log-odds", verdict="proved", sources=["S1.1", "S2.9"])
def sigmoid_is_the_inverse_of_the_log_odds() -> Evidence:
    r"""The sigmoid turns log-odds into the probability that has them: $p = \sigma(x)$ is the only solution of
    $\log\frac{p}{1-p} = x$."""
    return Evidence(
        "Solving for p gives the formula; putting it back gives x.",
        derivations=[proofs.from_log_odds(), proofs.inverse()],
    )


@claim("sigmoid-slope-is-f-times-one-minus-f", verdict="proved", sources=["S1.2", "S1.5"])
def sigmoid_slope_is_f_times_one_minus_f() -> Evidence:
    r"""The sigmoid's slope needs nothing but its value: $\sigma' = \sigma\,(1 - \sigma)$."""
    return Evidence("Differentiate, and recognise both factors.", derivations=[proofs.slope()])


@claim("sigmoid-slope-ceiling", verdict="corrected", sources=["S3.2"])
def sigmoid_slope_ceiling() -> Evidence:
    r"""The sigmoid's slope lies in $(0, \tfrac14]$: the ceiling is attained at 0 and nowhere else, and the floor 0 is
    never attained."""
    return Evidence(
        "The gap below ¼ is the square of σ − ½, and the slope is a quotient of positive numbers.",
        derivations=[proofs.ceiling()],
        checks=[
            Check("the slope is positive at every real x", SLOPE.is_positive),
            Check("the slope at 0 is ¼", proofs.slope_at(0) == sp.Rational(1, 4)),
            Check("σ = ½ only at 0", sp.solve(SIGMOID - sp.Rational(1, 2), x) == [0]),
        ],
        counterexamples=[
            Counterexample("the infimum 0, said to belong to the range", 0, sp.N(proofs.slope_at(1000), 3)),
        ],
    )


@claim("sigmoid-range-is-open", verdict="corrected", sources=["S0.8", "S1.9"])
def sigmoid_range_is_open() -> Evidence:
    r"""The sigmoid's range is the open interval $(0, 1)$: it approaches both ends and reaches neither."""
    return Evidence(
        "σ and 1 − σ are positive everywhere, and tend to 0 at one end each.",
        checks=[
            Check("σ > 0 at every real x", SIGMOID.is_positive),
            Check("1 − σ > 0 at every real x", sp.simplify(1 - SIGMOID).is_positive),
            Check("σ → 0 at −∞", sp.limit(SIGMOID, x, -sp.oo) == 0),
            Check("σ → 1 at +∞", sp.limit(SIGMOID, x, sp.oo) == 1),
        ],
        counterexamples=[Counterexample("σ(100), if 1 were reached by then", 1, 1 / (1 + sp.exp(-100)))],
    )


@claim("sigmoid-is-symmetric-about-its-midpoint", verdict="proved", sources=["S2.8"])
def sigmoid_is_symmetric_about_its_midpoint() -> Evidence:
    r"""The sigmoid's graph turns into itself by half a turn about $(0, \tfrac12)$: $\sigma(-x) = 1 - \sigma(x)$."""
    return Evidence(
        "The definition at −x, rewritten.",
        derivations=[proofs.symmetry()],
        checks=[Check("σ(0) = ½", SIGMOID.subs(x, 0) == sp.Rational(1, 2))],
    )


@claim("squashing-is-boundedness", verdict="corrected", sources=["S2.8"])
def squashing_is_boundedness() -> Evidence:
    r"""The sigmoid squashes because it is bounded. Continuity does not squash: the identity is continuous too."""
    identity = get("identity").expr
    return Evidence(
        "A continuous function whose values leave every interval.",
        counterexamples=[
            Counterexample(
                "the limit at +∞ of the identity, which is continuous, if continuity kept values below 1",
                sp.Integer(1),
                sp.limit(identity, x, sp.oo),
            )
        ],
        checks=[Check("0 < σ < 1 at every real x", SIGMOID.is_positive and sp.simplify(1 - SIGMOID).is_positive)],
    )


@claim(
    "sigmoid-of-three-and-of-ten",
    verdict="proved",
    sources=["S2.8"],
    numerical="Both values are computed to 30 digits, without a bound on the rounding.",
)
def sigmoid_of_three_and_of_ten() -> Evidence:
    r"""$\sigma(3)$ rounds to 0.95, and $\sigma(10)$ begins with 0.9999."""
    with mp.workdps(30):
        three, ten = (1 / (1 + mp.exp(-mp.mpf(at))) for at in (3, 10))
        return Evidence(
            f"σ(3) = {mp.nstr(three, 8)} and σ(10) = {mp.nstr(ten, 8)}.",
            checks=[
                Check("0.945 ≤ σ(3) < 0.955", mp.mpf("0.945") <= three < mp.mpf("0.955")),
                Check("0.9999 ≤ σ(10) < 1", mp.mpf("0.9999") <= ten < 1),
            ],
        )


@claim("sigmoid-saturates-on-both-sides", verdict="proved", sources=["S0.9", "S3.5", "S4.15"])
def sigmoid_saturates_on_both_sides() -> Evidence:
    r"""The sigmoid saturates on both sides: its slope tends to 0 at $-\infty$ and at $+\infty$. Its value tends to 0
    at the left end only, and to 1 at the right one."""
    return Evidence(
        "Limits of the slope and of the value at both ends.",
        checks=[
            Check("σ′ → 0 at −∞", sp.limit(SLOPE, x, -sp.oo) == 0),
            Check("σ′ → 0 at +∞", sp.limit(SLOPE, x, sp.oo) == 0),
            Check("σ → 0 at −∞", sp.limit(SIGMOID, x, -sp.oo) == 0),
            Check("σ → 1, not 0, at +∞", sp.limit(SIGMOID, x, sp.oo) == 1),
        ],
    )


@claim("sigmoid-solves-the-logistic-equation", verdict="argued")
def sigmoid_solves_the_logistic_equation() -> Evidence:
    r"""Every solution of $y' = y(1 - y)$ with values in $(0, 1)$ is a sigmoid moved sideways, $\sigma(x + c)$."""
    return Evidence(
        "Along a solution the log-odds have slope 1.",
        derivations=[proofs.logistic_equation(), proofs.slope()],
        argument="A function of slope 1 is $x + c$. So the log-odds of $y$ are $x + c$, and the probability with those "
        "log-odds is $\\sigma(x + c)$.",
    )


@claim("tanh-is-a-stretched-sigmoid", verdict="proved", sources=["S1.1"])
def tanh_is_a_stretched_sigmoid() -> Evidence:
    r"""Tanh is the sigmoid stretched and moved: $\tanh x = 2\,\sigma(2x) - 1$."""
    return Evidence("From the definition of tanh.", derivations=[proofs.tanh_as_sigmoid()])


@claim("softplus-is-the-integral-of-the-sigmoid", verdict="proved")
def softplus_is_the_integral_of_the_sigmoid() -> Evidence:
    r"""Softplus, $\log(1 + e^x)$, has the sigmoid as its slope."""
    return Evidence("By the chain rule.", derivations=[proofs.antiderivative()])
