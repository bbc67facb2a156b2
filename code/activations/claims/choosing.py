"""Claims of the chapter on choosing an activation."""

from __future__ import annotations

from ..catalogue import get, x
from ..experiments import benchmark as runs
from ..proofs import outputs
from ._measured import measured
from .ledger import Check, Counterexample, Evidence, claim

ON_PLAIN_DIGITS = ("identity", "sigmoid", "tanh", "leaky_relu", "elu", "rrelu", "prelu", "cosine")
"""What is trained on the digits as they are, besides ReLU."""

S_SHAPED = ("sigmoid", "hardsigmoid", "tanh", "hardtanh", "softsign", "arctan")


def _plain() -> runs.Benchmark:
    return runs.benchmark(ON_PLAIN_DIGITS, negatives=False)


@claim("digits-can-be-read-without-an-activation", verdict="measured")
def digits_can_be_read_without_an_activation() -> Evidence:
    r"""On the digits as they are a network without any activation gets as many test pictures right as one with ReLU,
    within 4 of 450. With about half of the pictures turned into negatives, bright for dark, it gets fewer than a third
    right, and ReLU more than four fifths."""
    plain, hard = _plain(), runs.benchmark()
    lead = measured("pictures more without activation than with ReLU", plain.difference("identity"), above=-4, below=4)
    without = measured("negatives: right without activation", hard.right["identity"], below=150)
    relu = measured("negatives: right with ReLU", hard.right["relu"], above=360)
    return Evidence(
        "Two hidden layers, the same rates tried for each, on seeds that were not used again.",
        measurements=[lead, without, relu],
        checks=[
            Check("within 4 pictures on the digits as they are", -4 < lead.low and lead.high < 4),
            Check("fewer than a third of the negatives without activation", without.high < 150),
            Check("more than four fifths with ReLU", relu.low > 360),
        ],
    )


@claim("rectifier-like-functions-are-close", verdict="measured")
def rectifier_like_functions_are_close() -> Evidence:
    r"""On digits of which half are negatives, in two hidden layers and each at its own learning rate, twelve
    rectifier-like functions are within 20 test pictures of 450 of ReLU, and six S-shaped ones are behind by more: with
    all eighteen comparisons taken together."""
    race = runs.benchmark()
    near = tuple(name for name in runs.RECTIFIERS if name != "relu")
    ends = {name: race.interval(name, len(near + S_SHAPED)) for name in near + S_SHAPED}
    return Evidence(
        "Same draws, same batches, 20 seeds; the intervals shown below are single ones, those checked are wider.",
        measurements=[
            measured(
                f"pictures more than ReLU: {name}", race.difference(name), f"the wider interval {reached}", **bounds
            )
            for names, reached, bounds in (
                (near, "reached 20 or −20", {"above": -20, "below": 20}),
                (S_SHAPED, "reached −20", {"below": -20}),
            )
            for name in names
        ],
        checks=[
            *(Check(f"{name} lies within 20 pictures", abs(ends[name][1]) < 20 > abs(ends[name][2])) for name in near),
            *(Check(f"{name} is behind by more than 20", ends[name][2] < -20) for name in S_SHAPED),
        ],
    )


@claim("relu-then-leaky-then-the-rest-is-no-order-of-accuracy", verdict="corrected", sources=["S3.16"])
def relu_then_leaky_then_the_rest_is_no_order_of_accuracy() -> Evidence:
    r"""“ReLU first, then leaky ReLU or ELU, then the random slope and PReLU” is no order of accuracy. On digits of
    which half are negatives PReLU, named last, gets more pictures right than ReLU and than the random slope; leaky
    ReLU cannot be told from ReLU."""
    race = runs.benchmark()
    prelu, leaky = race.difference("prelu"), race.difference("leaky_relu")
    learned = race.difference("prelu", "rrelu")
    parts = [
        measured("pictures more than ReLU: prelu", prelu, above=0),
        measured("pictures more than rrelu: prelu", learned, above=0),
        measured("pictures more than ReLU: leaky_relu", leaky, above=-6, below=6),
    ]
    return Evidence(
        "Networks of one size on the same pictures, each at its own rate; PReLU has two parameters more.",
        measurements=parts,
        counterexamples=[Counterexample("whether PReLU comes behind ReLU", True, parts[0].high < 0)],
        checks=[
            Check("PReLU is ahead of ReLU", parts[0].low > 0),
            Check("and of the random slope", parts[1].low > 0),
            Check("leaky ReLU is within 6 pictures of ReLU", -6 < parts[2].low and parts[2].high < 6),
        ],
    )


@claim("the-task-decides-who-wins", verdict="measured")
def the_task_decides_who_wins() -> Evidence:
    r"""The cosine is behind ReLU on the digits as they are, and ahead of it by more than 15 pictures of 450 when half
    of them are negatives: $\cos(-z) = \cos z$, so that a unit without a bias does not see the difference."""
    cosine = get("cosine").expr
    plain = measured("pictures more than ReLU, as they are", _plain().difference("cosine"), below=0)
    hard = measured("pictures more than ReLU, half negatives", runs.benchmark().difference("cosine"), above=15)
    return Evidence(
        "One function, two tasks that differ in the sign of half of the inputs.",
        measurements=[plain, hard],
        checks=[
            Check("the cosine is even", cosine.subs(x, -x) == cosine),
            Check("behind on the digits as they are", plain.high < 0),
            Check("ahead by more than 15 on the negatives", hard.low > 15),
        ],
    )


@claim("tanh-is-not-always-ahead-of-the-sigmoid", verdict="corrected")
def tanh_is_not_always_ahead_of_the_sigmoid() -> Evidence:
    r"""“Tanh is always preferred to the sigmoid” holds for one of our tasks and not for the other. In two hidden
    layers, each at its own rate, tanh gets more pictures right with half negatives, and the sigmoid on the digits as
    they are."""
    plain, hard = (race.difference("tanh", "sigmoid") for race in (_plain(), runs.benchmark()))
    ends = [
        measured("pictures more with tanh, as they are", plain, below=0),
        measured("pictures more with tanh, half negatives", hard, above=0),
    ]
    return Evidence(
        "The same networks but for the function, its gain and its rate.",
        measurements=ends,
        counterexamples=[Counterexample("digits as they are: whether tanh is ahead", True, ends[0].high > 0)],
        checks=[
            Check("the sigmoid is ahead on the digits as they are", ends[0].high < 0),
            Check("tanh is ahead on the negatives", ends[1].low > 0),
        ],
    )


@claim("a-winner-of-one-run-leads-by-less-in-the-others", verdict="measured", sources=["S4.17"])
def a_winner_of_one_run_leads_by_less_in_the_others() -> Evidence:
    r"""Whoever tries the rectifier-like functions with one seed and keeps the best keeps some luck, too: the winner of
    a seed leads ReLU by several pictures more on that seed than on the others, and another seed may have another
    winner."""
    race = runs.benchmark()
    there, elsewhere = race.luck(runs.RECTIFIERS)
    count = len(set(race.winners(runs.RECTIFIERS)))
    lost = measured("what a winner's lead loses on the other seeds", there - elsewhere, above=2)
    return Evidence(
        f"{count} of the functions win at least one of {len(race.seeds)} seeds.",
        measurements=[lost],
        checks=[
            Check("the lead shrinks by more than 2 pictures", lost.low > 2),
            Check("at least four functions win", count >= 4),
        ],
    )


@claim("outputs-and-losses-come-in-pairs", verdict="proved", sources=["S1.4"])
def outputs_and_losses_come_in_pairs() -> Evidence:
    r"""Output functions and losses come in pairs, for which the slope in the score is output minus target: the identity
    with half the squared error, the sigmoid with the cross-entropy, the exponential with the Poisson loss. So the
    target chooses the output's function, and says nothing about hidden layers."""
    pairs = [outputs.pair(name) for name in outputs.PAIRS]
    return Evidence(
        "Each loss is differentiated in the score.",
        derivations=[outputs.general(), *pairs],
        checks=[
            Check(f"{name}: the output rises with the score", bool(output.diff(outputs.z).is_positive))
            for name, (output, _) in outputs.PAIRS.items()
        ],
    )
