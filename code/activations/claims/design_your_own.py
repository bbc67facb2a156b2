"""Claims of the chapter on designing a function of one's own."""

from __future__ import annotations

import sympy as sp

from ..experiments import luck as searches
from ..experiments import own
from ..experiments._summary import mean_interval
from ..experiments.written import written
from ..proofs import own as proofs
from ..properties import fact_sheet
from ._measured import measured
from .ledger import Check, Counterexample, Evidence, Measurement, claim

ISRLU = written("isrlu", "x if x > 0 else x / sqrt(1 + x**2)", title="ISRLU", cite="carlile2017")
WAVE = written("wave", "x - cos(x)")
DOUBLED = written("doubled", "2 * max(x, 0)")
SQUARE = written("square", "x**2")
"""The functions that the chapter writes down, letter by letter: what it computes is then found and not done again."""


def _trial() -> own.Trial:
    return own.trial([ISRLU, WAVE, DOUBLED, "identity", SQUARE])


@claim("isrlu-bends-twice-smoothly", verdict="proved")
def isrlu_bends_twice_smoothly() -> Evidence:
    r"""ISRLU, $x$ on the right and $x/\sqrt{1 + x^2}$ on the left, has two continuous derivatives and not three; it
    rises everywhere, by a slope of at most 1, and its range is $(-1, \infty)$."""
    sheet = fact_sheet(ISRLU)
    return Evidence(
        "Four lines of its fact sheet, each of them exact.",
        checks=[
            Check("every one of them is exact", all(sheet[key].status == "exact" for key in _ISRLU_FACTS)),
            *(Check(f"{key}: {sheet[key].value}", sheet[key].value == value) for key, value in _ISRLU_FACTS.items()),
        ],
    )


_ISRLU_FACTS = {
    "smoothness": sp.Integer(2),
    "monotonicity": "strictly increasing",
    "lipschitz": sp.Integer(1),
    "range": sp.Interval.open(-1, sp.oo),
}


@claim("the-square-squares-the-length", verdict="proved")
def the_square_squares_the_length() -> Evidence:
    r"""No gain makes a deep network of squares steady. With the natural gain, and in the limit of great width, a layer
    turns the mean square $q$ into $q^2$, so $l$ layers make it $q^{2^l}$: what is not exactly 1 collapses or
    explodes."""
    a = sp.Symbol("a", positive=True)
    return Evidence(
        "The fourth moment of a normal number, and an induction over the layers. Another gain only moves the point "
        "that repels.",
        derivations=[proofs.square_map(), proofs.repeated_square()],
        checks=[
            Check("q → a q² stands still at q = 1/a", sp.solve(a * proofs.q**2 - proofs.q, proofs.q) == [1 / a]),
            Check("and doubles a small error there", (a * proofs.q**2).diff(proofs.q).subs(proofs.q, 1 / a) == 2),
            Check("ten layers make 0.9 less than 1e-46", sp.Rational(9, 10) ** 2**10 < sp.Rational(10) ** -46),
            Check("and 1.1 more than 1e42", sp.Rational(11, 10) ** 2**10 > sp.Integer(10) ** 42),
        ],
    )


@claim("a-factor-on-f-is-its-square-on-the-rate", verdict="proved")
def a_factor_on_f_is_its_square_on_the_rate() -> Evidence:
    r"""To multiply an activation by $c$, and to divide the weights that read it by $c$, changes no output. It changes
    training: a step of descent on those weights is then the step that $f$ itself would take with $c^2$ times the
    learning rate."""
    return Evidence("A step on the weight v, which reads c·f, seen in w = c·v.", derivations=[proofs.scaled_step()])


@claim("one-rate-makes-a-double-a-winner", verdict="measured", sources=["S4.17"])
def one_rate_makes_a_double_a_winner() -> Evidence:
    r"""At one small learning rate for all, $2 \cdot \mathrm{ReLU}$ beats ReLU by many points on the digits and their
    negatives. When each has the rate that suits it, that lead is gone."""
    found = _trial()
    smallest = found.tuning.recipe.rates[0]
    unfair, fair = found.at_one_rate("doubled", smallest), found.lead("doubled")
    return Evidence(
        f"The best rates of those tried: ReLU {found.rate('ReLU'):g}, twice ReLU {found.rate('doubled'):g}.",
        checks=[Check("the best rate of twice ReLU is the smaller one", found.rate("doubled") < found.rate("ReLU"))],
        measurements=[
            measured(f"points ahead, both at the rate {smallest:g}", unfair, above=5),
            measured("points ahead, each at its best rate", fair, below=5),
        ],
    )


@claim("isrlu-and-a-wave-against-relu", verdict="measured", sources=["S4.17"])
def isrlu_and_a_wave_against_relu() -> Evidence:
    r"""A better function can be found, for a task: in small networks on the digits and their negatives ISRLU and
    $x - \cos x$ end a short training ahead of ReLU, each at its best rate. Most of their early lead is gone by the
    end."""
    found = _trial()
    early = int(found.runs["ReLU"].steps[2])
    return Evidence(
        f"Networks of 4 layers of 16 units; {found.runs['ReLU'].steps[-1]} steps, the same pictures for all.",
        checks=[
            Check(
                "without a nonlinearity fewer than three in ten pictures are read: the task needs one",
                found.accuracy("Identity").mean() < 0.3,
            )
        ],
        measurements=[m for label in ("ISRLU", "wave") for m in _leads(found, label, early)],
    )


def _leads(found: own.Trial, label: str, early: int) -> tuple[Measurement, Measurement]:
    """The lead over ReLU at the end, and how much more than that was lost since an early step."""
    last, first = found.lead(label), found.lead(label, early)
    return (
        measured(f"points of {label} over ReLU at the end", last, above=0),
        measured(
            f"points of its lead at step {early} that were lost, less those that were kept",
            first - 2 * last,
            above=0,
        ),
    )


@claim("the-best-of-ten-equals-is-lucky", verdict="measured", sources=["S4.17"])
def the_best_of_ten_equals_is_lucky() -> Evidence:
    r"""The best of ten functions that were tried once each owes its lead to luck, too: ten copies of ReLU have a winner
    that is points ahead, and run again it is ahead no more."""
    found = searches.luck()
    promised, delivered = found.promised, found.delivered
    normal = 100 * found.first.std() * searches.expected_best(found.candidates)
    return Evidence(
        f"If the accuracies were normal, the best of ten would be {normal:.2g} points ahead on average.",
        checks=[
            Check(
                "the second runs are behind the first, intervals and all",
                mean_interval(delivered)[2] < mean_interval(promised)[1],
            )
        ],
        measurements=[
            measured("points by which the best of ten is ahead", promised, above=0),
            measured("points of that which a second run loses", promised - delivered, above=0),
        ],
    )


@claim("the-square-wins-in-one-layer-and-fails-in-four", verdict="qualified")
def the_square_wins_in_one_layer_and_fails_in_four() -> Evidence:
    r"""“The square is a bad activation” holds in a deep network: in four hidden layers it does not learn to read digits
    and their negatives. In one it beats ReLU, since with biases of 0 it cannot tell a picture from its negative."""
    shallow, deep = own.trial([SQUARE], depth=1, tuning=60, steps=150), _trial()
    wins = bool(shallow.lead("square").mean() > 0)
    return Evidence(
        "With one hidden layer no length is squared twice, and the square of −z is that of z.",
        condition="The network is deep.",
        checks=[Check("f(−x) = f(x)", fact_sheet(SQUARE)["parity"].value == "even")],
        measurements=[
            measured("points over ReLU with four hidden layers", deep.lead("square"), below=-20),
            measured("points over ReLU with one hidden layer", shallow.lead("square"), above=0),
        ],
        counterexamples=[Counterexample("whether the square beats ReLU with one hidden layer", False, wins)],
    )
