"""Claims of the chapter on the softmax: its losses."""

from __future__ import annotations

import sympy as sp

from ..catalogue import get, x
from ..experiments import losses as loss_experiments
from ..experiments._summary import mean_interval
from ..proofs import softmax as proofs
from ._measured import measured
from .ledger import Check, Counterexample, Evidence, claim

SUBJECT = "softmax"

SIGMOID = get("sigmoid").expr
a = proofs.a


@claim("cross-entropy-gradient-is-p-minus-y", verdict="argued")
def cross_entropy_gradient_is_p_minus_y() -> Evidence:
    r"""The gradient of the cross-entropy in the scores is $p - y$: what the model said minus what was true."""
    return Evidence(
        "For the right class the slope is p − 1, for any other it is p; for one sigmoid unit it is σ − y.",
        derivations=[proofs.cross_entropy_own(), proofs.cross_entropy_other(), proofs.sigmoid_cross_entropy()],
        argument="Both slopes hold for any number of classes, as those of the softmax do. With $y_i = 1$ for the right "
        "class and 0 elsewhere they are the entries of $p - y$; for a target that mixes classes, take the mean.",
        cite="bridle1990",
    )


@claim("squared-error-forgives-certainty", verdict="proved")
def squared_error_forgives_certainty() -> Evidence:
    r"""A sigmoid unit with the target 1 gets the slope $(p - y)\,p\,(1 - p)$ from the squared error, which tends to 0
    as the unit becomes surer of the wrong answer; the cross-entropy's slope $p - y$ tends to $-1$."""
    squared = (SIGMOID - 1) * SIGMOID * (1 - SIGMOID)
    return Evidence(
        "Both slopes, and their limits for the target 1 as the logit falls.",
        derivations=[proofs.sigmoid_squared_error(), proofs.sigmoid_cross_entropy()],
        checks=[
            Check("squared error: the slope tends to 0 at −∞", sp.limit(squared, x, -sp.oo) == 0),
            Check("cross-entropy: the slope tends to −1 at −∞", sp.limit(SIGMOID - 1, x, -sp.oo) == -1),
        ],
    )


@claim("certainty-costs-squared-error-exponential-time", verdict="proved")
def certainty_costs_squared_error_exponential_time() -> Evidence:
    r"""A logit that slides from $-a$ to 0 towards the target 1, at the speed of the loss's slope, takes less than $a +
    1$ under the cross-entropy and more than $e^a - 1$ under half the squared error."""
    short, long = proofs.WAIT_CROSS_ENTROPY, proofs.WAIT_SQUARED_ERROR
    above = long - (sp.exp(a) - 1)
    return Evidence(
        "The times are 0 for a = 0 and grow with a by one over the speed at −a.",
        derivations=[proofs.cross_entropy_wait(), proofs.squared_error_wait()],
        checks=[
            Check("both times are 0 for a = 0", short.subs(a, 0) == 0 and long.subs(a, 0) == 0),
            Check("cross-entropy: below a + 1", (a + 1 - short).is_positive),
            Check("squared error: what lies above e^a − 1 starts at 0", above.subs(a, 0) == 0),
            Check("and rises with a", above.diff(a).is_positive),
        ],
    )


@claim("convexity-is-not-the-activations-doing", verdict="corrected")
def convexity_is_not_the_activations_doing() -> Evidence:
    r"""A monotone activation does not make the loss of one unit convex: the same sigmoid unit has a convex
    cross-entropy, and a squared error that is concave in the logit wherever the unit is more than two thirds sure of
    the wrong answer."""
    bend = proofs.squared_error_curvature().last
    quarter = sp.Rational(1, 4)
    return Evidence(
        "The second derivatives of both losses in the logit, for the target 1.",
        derivations=[proofs.cross_entropy_curvature(), proofs.squared_error_curvature()],
        checks=[
            Check("the sigmoid rises everywhere", SIGMOID.diff(x).is_positive),
            Check("the cross-entropy bends upwards everywhere", (SIGMOID * sp.simplify(1 - SIGMOID)).is_positive),
        ],
        counterexamples=[
            Counterexample(
                "whether the squared error bends upwards at σ = 1/4",
                True,
                bool(bend.subs(proofs.sigma(x), quarter) > 0),
            )
        ],
        cite="auer1996",
    )


@claim("confident-errors-hold-up-the-squared-error", verdict="measured")
def confident_errors_hold_up_the_squared_error() -> Evidence:
    r"""Sent back from long wrong weights, a sigmoid unit takes a multiple of the cross-entropy's steps under the
    squared error, and a larger one than from short ones, although both losses pull alike on an undecided unit."""
    result = loss_experiments.recovery()
    times = result.slower
    growth = times[-1] / times[0]
    return Evidence(
        f"A unit of 10 inputs on 100 examples, its weights turned against a teacher at lengths {result.starts[0]:g} to "
        f"{result.starts[-1]:g}; both losses see the same examples and starts.",
        measurements=[
            measured(
                f"steps of the squared error over steps of the cross-entropy, start {result.starts[-1]:g}",
                times[-1],
                above=1,
            ),
            measured(
                f"that quotient at start {result.starts[-1]:g} over the quotient at start {result.starts[0]:g}",
                growth,
                above=1,
            ),
        ],
        checks=[Check("both intervals lie above 1", all(mean_interval(v)[1] > 1 for v in (times[-1], growth)))],
    )
