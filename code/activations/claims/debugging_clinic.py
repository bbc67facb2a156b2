"""Claims of the chapter with twelve broken training runs."""

from __future__ import annotations

import numpy as np
import sympy as sp

from ..experiments import clinic
from ..experiments._summary import wilson
from ..proofs import Derivation
from ._measured import measured
from .ledger import Check, Evidence, Measurement, claim

MENDED = ("twice", "affine", "rate", "squared", "zeroed", "axis")
"""Patients whom the fix helps half-way; the others are those whom it does not."""


@claim("the-earliest-alarm-names-the-cause", verdict="measured")
def the_earliest_alarm_names_the_cause() -> Evidence:
    r"""In twelve broken runs, each with one fault, one rule found the fault twelve times: take the earliest look at
    which some measurement is beyond its bounds, and at that look the first measurement on the way from the pictures to
    the step."""
    found = clinic.triage()
    runs = len(clinic.WARD) * len(clinic.CASES)
    shares = np.array([found.shares[case.key] for case in clinic.CASES])
    sick, twins = (wilson(round(share * runs), runs) for share in shares.mean(axis=0))
    early = sum(look == "step 1" for look, _ in found.found.values())
    return Evidence(
        f"{early} of {len(clinic.CASES)} show before the first step is taken. Bounds were set on other runs.",
        measurements=[
            Measurement("share of runs that the rule's measurement finds", *sick, len(clinic.WARD), above=0.9),
            Measurement("share of healthy twins that it accuses", *twins, len(clinic.WARD), below=0.1),
        ],
        checks=[Check(f"{one.name}: {one.first}", found.found[one.key][1] == one.first) for one in clinic.CASES],
    )


@claim("a-fix-may-come-too-late", verdict="measured")
def a_fix_may_come_too_late() -> Evidence:
    r"""Mended half-way, six of the twelve patients end with more pictures right than with their fault, and six do not:
    what the fault has done to the weights stays when the fault is gone."""
    gains = {
        key: 100 * (visit.treated.right[:, -1] - visit.sick.right[:, -1]) for key, visit in clinic.visits().items()
    }
    return Evidence(
        "The second half goes on from the same weights, with the healthy twin's settings.",
        measurements=[
            measured(f"percentage points gained: {clinic.named(key).name}", gains[key], above=0) for key in MENDED
        ],
        checks=[
            Check(f"{clinic.named(key).name} gains nothing", bool(gains[key].mean() <= 0))
            for key in gains
            if key not in MENDED
        ],
    )


@claim("softmax-twice-has-a-floor", verdict="argued")
def softmax_twice_has_a_floor() -> Evidence:
    r"""A cross-entropy of K classes that is given probabilities in place of scores is never below
    $\log\bigl(1 + (K - 1)/e\bigr)$: for ten classes it stops at 1.461 or above, however good the network is."""
    k = sp.Symbol("K", integer=True, positive=True)
    floor = sp.log(1 + (k - 1) / sp.E)
    certain = -sp.log(sp.E / (sp.E + k - 1))
    runs = clinic.visits()["twice"].sick.loss
    least = float(floor.subs(k, 10))
    return Evidence(
        "The floor is reached by a network that is certain and right, and by no other.",
        derivations=[Derivation(certain).then(floor, because="divide both parts of the fraction by e")],
        argument="With probabilities q the loss is the logarithm of the sum over k of exp(q_k − q_y). The term of the "
        "label is 1. Every other exponent is at least −1, since no probability is below 0 or above 1, and all of them "
        "are −1 together when q is 1 at the label and 0 elsewhere.",
        measurements=[measured("loss of patient 1 in the last 20 steps", runs[:, -20:].mean(axis=1), above=least)],
        # A rounding error of single precision below it is none.
        checks=[Check("no batch of any run came below the floor", bool(runs.min() > least - 1e-5))],
    )


@claim("softmax-over-the-batch-begins-at-log-b", verdict="proved")
def softmax_over_the_batch_begins_at_log_b() -> Evidence:
    r"""Taken over the B pictures of a batch and not over the K classes, softmax turns the loss of equal scores from
    $\log K$ into $\log B$. With a single picture it gives every class the probability 1, and the loss is 0."""
    count, z = sp.Symbol("n", positive=True, integer=True), sp.Symbol("z", real=True)
    share = sp.exp(z) / (count * sp.exp(z))
    return Evidence(
        "Among n equal scores each has the share 1/n, whatever is counted by n.",
        derivations=[Derivation(-sp.log(share)).then(sp.log(count), because="the score cancels")],
        checks=[Check("one picture: the share is 1", share.subs(count, 1) == 1)],
    )


@claim("gradients-that-add-up-never-come-to-rest", verdict="proved")
def gradients_that_add_up_never_come_to_rest() -> Evidence:
    r"""Descent on gradients that are never set to 0 is momentum with $\mu = 1$. On a parabola its step has the
    determinant 1 at every learning rate: what it brings nearer in one direction it drives off in the other, and it
    does not converge."""
    rate, curvature, mu = sp.symbols("eta lambda mu", positive=True)
    # θ and the sum of gradients v: first v ← μv + λθ, then θ ← θ − ηv.
    (a, b), (c, d) = (1 - rate * curvature, -rate * mu), (curvature, mu)
    determinant = a * d - b * c
    return Evidence(
        "With momentum below 1 the determinant is below 1, and the state can shrink.",
        derivations=[Derivation(determinant).then(mu, because="the products with the rate cancel")],
        checks=[Check("with μ = 1 it is 1", sp.expand(determinant.subs(mu, 1)) == 1)],
    )
