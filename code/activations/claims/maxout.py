"""Claims of the chapter on maxout."""

from __future__ import annotations

import numpy as np
import sympy as sp

from ..catalogue import get, x
from ..experiments import beaten as single
from ..experiments import convex
from ..experiments import maxout as runs
from ..experiments._summary import mean_interval
from ..proofs import approximation
from ..proofs import maxout as proofs
from ._measured import measured
from .ledger import Check, Counterexample, Evidence, Measurement, claim

RELU = get("relu").at()


# --- what a unit can compute ------------------------------------------------------------------------------------------


@claim("maxout-holds-the-leaky-family-up-to-slope-one", verdict="proved")
def maxout_holds_the_leaky_family_up_to_slope_one() -> Evidence:
    r"""With two pieces, $\max(x, ax)$ is the leaky ReLU of slope $a$ for every $a \le 1$: ReLU for $a = 0$, $|x|$ for
    $a = -1$. For $a > 1$ it is not."""
    right, left = proofs.leaky_as_maxout()
    q = sp.Symbol("q", positive=True)
    return Evidence(
        "Which of two lines through the origin is on top, right and left of it; at a = 1 they are the same line.",
        derivations=[right, left, proofs.steeper_than_one()],
        checks=[
            Check("a = 0 leaves ReLU's value 0 at −p", left.last.subs(q, 1) == 0),
            Check("a = −1 leaves p at −p", left.last.subs(q, 2) == sp.Symbol("p", positive=True)),
        ],
    )


@claim("maxout-computes-every-convex-chain", verdict="argued")
def maxout_computes_every_convex_chain() -> Evidence:
    r"""The functions that maxout units of $k$ pieces compute, of any number of inputs, are the convex functions made of
    at most $k$ affine pieces, all of them and no others."""
    return Evidence(
        "A convex function lies above each of its pieces, and the largest of affine maps is convex.",
        derivations=[proofs.touching(), proofs.affine_on_a_mixture()],
        argument="Let $f$ be convex and follow the piece $\\ell$ on a region, with $y$ inside it. Go from $y$ a share "
        "$t > 0$ of the way to any $x$, so small that $f$ still follows $\\ell$ there. By convexity "
        "$(1 - t)\\ell(y) + t f(x)$ is at least $\\ell$ at that point, so the first derivation gives "
        "$t\\,(f(x) - \\ell(x)) \\ge 0$. Hence no piece exceeds $f$ anywhere. At each $x$ one of them equals it, so "
        "$f$ is the largest of them. Conversely, at a mixture of $x$ and $y$ each piece is the mixture of its values, "
        "by the second derivation, so it is at most the mixture of the largest values: the largest is convex, and made "
        "of at most $k$ pieces.",
    )


@claim("two-maxout-units-are-universal", verdict="argued")
def two_maxout_units_are_universal() -> Evidence:
    r"""The difference of two maxout units, with enough pieces, comes as close as you like to any continuous function on
    a closed and bounded set of inputs. One unit does not, and neither does any sum of units with positive weights."""
    middle = sp.Rational(1, 2) * ((-1) + (-1))
    return Evidence(
        "Every hidden layer of ReLUs is such a difference.",
        derivations=[proofs.unit_times_weight(), approximation.one_more_unit()],
        argument="A network $c + \\sum_i v_i \\operatorname{relu}(z_i)$ is the sum of its terms with $v_i > 0$, and "
        "$c$, minus the sum of the others with the sign changed. By the derivation each term is the larger of 0 and "
        "$|v_i| z_i$. The sum of two maxima is the maximum of all sums of a piece of one and a piece of the other: no "
        "such sum exceeds it, and one attains it. So each of the two sums is one maxout unit, and what ReLU layers "
        "reach two units reach. Units and positive weights keep convexity, and so do limits; but $-|x|$ is $-1$ at "
        "both ends of $[-1, 1]$ and lies above their mixture in the middle.",
        checks=[
            Check("−|x| lies above the mixture of its ends, in the middle", -sp.Abs(0) - middle > 0),
            Check("merging two units adds their values", _merging_adds()),
        ],
        cite="goodfellow2013",
    )


def _merging_adds() -> bool:
    rng, at = np.random.default_rng(0), np.linspace(-3, 3, 61)
    one, other = rng.normal(size=(3, 2)), rng.normal(size=(4, 2))
    together = convex.unit(convex.merged(one, other), at)
    return bool(np.allclose(together, convex.unit(one, at) + convex.unit(other, at)))


# --- what it passes back ----------------------------------------------------------------------------------------------


@claim("maxout-passes-the-whole-gradient-to-the-winner", verdict="argued")
def maxout_passes_the_whole_gradient_to_the_winner() -> Evidence:
    r"""Whatever the input, a maxout unit hands the whole of its gradient to one of its pieces: its slopes in its sums
    are 1 for the winner and 0 for the others. No input leaves all of its parameters without a gradient."""
    sums = sp.symbols("z1:4", real=True)
    slopes = [float(sp.Max(*sums).diff(z).subs(dict(zip(sums, (0.2, 0.5, -1), strict=True)))) for z in sums]
    return Evidence(
        "A number added to all sums is added to the output, so the slopes add up to 1.",
        derivations=[proofs.weights_pass_through()],
        checks=[Check("at (0.2, 0.5, −1) the slopes are 0, 1, 0", slopes == [0, 1, 0])],
        argument="Where one sum is the largest, it stays so nearby, and the unit is that sum: slope 1 in it, and 0 in "
        "the others. At a tie a program picks one of the largest. The piece that gets the gradient $\\delta$ has the "
        "bias gradient $\\delta$, so not all are 0.",
    )


@claim("maxout-saturates-only-on-a-flat-piece", verdict="qualified", sources=["S0.18"])
def maxout_saturates_only_on_a_flat_piece() -> Evidence:
    r"""A maxout unit without a flat piece does not saturate: almost everywhere its slope is the weight vector of a
    piece, and not 0. One with a flat piece may saturate, and ReLU is such a unit."""
    leftmost = {name: pieces[0][0] for name, pieces in convex.CASES.items()}
    return Evidence(
        "The slope in the inputs is that of the winning piece.",
        condition="No piece is flat, that is, has all its weights 0. Training may make one flat, or nearly so.",
        argument="Where one sum is the largest it stays so nearby, so the slope there is the weight vector of its "
        "piece. Different pieces tie on lines or planes only, which have no area or volume.",
        checks=[
            Check(f"{name} has the slope {leftmost[name]:g} on its left", _slope(name, -5) == leftmost[name] != 0)
            for name in convex.CASES
            if name != "ReLU"
        ],
        counterexamples=[
            Counterexample("whether the slope of max(0, x) at −5 differs from 0", True, RELU.diff(x).subs(x, -5) != 0)
        ],
        cite="goodfellow2013",
    )


def _slope(name: str, at: float) -> float:
    there = convex.unit(convex.CASES[name], np.array([at, at + 1]))
    return float(there[1] - there[0])


@claim("a-beaten-piece-leaves-a-straight-unit", verdict="measured", sources=["S0.18"])
def a_beaten_piece_leaves_a_straight_unit() -> Evidence:
    r"""A dead ReLU unit learns nothing. Let its flat piece learn, too, which makes it a maxout unit, and it ends at the
    best affine fit, or below its loss if the beaten piece comes back."""
    found = single.beaten()
    stay, sink = single.TARGETS
    rest = found.after[stay, "maxout"] / found.before[stay, "maxout"]
    line, back = found.after[stay, "maxout"] / found.line[stay], found.share_back(sink, "maxout")
    return Evidence(
        "One unit starts dead on all of 100 examples and learns one of two targets.",
        measurements=[
            measured(f"loss left over, target {stay}", rest, below=1),
            Measurement(f"share in which the piece is back, {sink}", *back, len(found.seeds), above=0.5),
        ],
        checks=[
            Check("ReLU's loss never changes", all(_same(found, target) for target in single.TARGETS)),
            Check(f"with {stay} the piece never comes back", not found.back[stay, "maxout"].any()),
            Check("there the loss is that of the best line to 1 %", bool(np.allclose(line, 1, atol=0.01))),
            Check("the loss fell", float(mean_interval(rest)[2]) < 1),
            Check(f"with {sink} most come back", back[1] > 0.5),
        ],
    )


def _same(found: single.Beaten, target: str) -> bool:
    return bool(np.array_equal(found.before[target, "ReLU"], found.after[target, "ReLU"]))


@claim("maxout-overflows-where-relu-dies", verdict="measured", sources=["S0.18"])
def maxout_overflows_where_relu_dies() -> Evidence:
    r"""In small networks on the digits, at a learning rate at which ReLU units died in numbers, every maxout network
    overflowed and no ReLU network did. With two pieces no unit of a network that survived was straight."""
    found = runs.fates()
    safe, high, dead = 0.4, 0.8, found.lost("ReLU", 0.8)
    lead = (found.accuracy["2 pieces"] - found.accuracy["ReLU"])[found.rates.index(safe)]
    leaky = runs.share(found.overflowed("leaky 0.01", 2.0))
    return Evidence(
        "Three hidden layers of 16 units learn 256 digits with one rate after the other.",
        measurements=[
            measured(f"dead ReLU units at the rate {high:g}", dead, above=0),
            measured(f"lead of two pieces at {safe:g}", lead, above=0),
            Measurement("leaky networks that overflowed at 2", *leaky, len(found.seeds), above=0.5),
        ],
        checks=[
            Check("ReLU units died", float(mean_interval(dead)[1]) > 0),
            Check("no ReLU network overflowed", not any(found.overflowed("ReLU", rate).any() for rate in found.rates)),
            Check("no unit of two pieces is straight where a network trained", not _straight(found).any()),
            Check(f"all maxout networks overflowed at {high:g}", all(_all_over(found, high))),
            Check("no leaky unit died", not any(found.lost("leaky 0.01", rate)[0] > 0 for rate in found.rates)),
            Check("most leaky networks overflowed at 2", leaky[1] > 0.5),
            Check(f"the lead at {safe:g} is positive", float(mean_interval(lead)[1]) > 0),
        ],
    )


def _straight(found: runs.Fates) -> np.ndarray:
    """The shares of straight units of all networks with two pieces that did not overflow."""
    shares = np.concatenate([found.straight("2 pieces", rate) for rate in found.rates])
    return shares[np.isfinite(shares)]


def _all_over(found: runs.Fates, rate: float) -> list[bool]:
    return [bool(found.overflowed(label, rate).all()) for label in ("2 pieces", "4 pieces")]


@claim("lost-pieces-come-back", verdict="measured", sources=["S0.18"])
def lost_pieces_come_back() -> Evidence:
    r"""With four pieces a unit, some pieces win on no training picture at the start, and training brought most of them
    back."""
    found = runs.fates()
    start, back = found.lost("4 pieces", 0.4, look=0), found.returned("4 pieces", 0.4)
    return Evidence(
        "Pieces that win nowhere at the start and somewhere at the end.",
        measurements=[
            measured("share of pieces lost at the start", start, above=0),
            measured("share of those that win somewhere at the end", back, above=0.5),
        ],
        checks=[
            Check("some are lost at the start", float(mean_interval(start)[1]) > 0),
            Check("most come back", float(mean_interval(back)[1]) > 0.5),
        ],
    )


# --- how to start, and what it costs ----------------------------------------------------------------------------------


@claim("two-pieces-start-with-variance-one-over-n", verdict="argued")
def two_pieces_start_with_variance_one_over_n() -> Evidence:
    r"""The larger of two independent standard normal sums has the mean square 1, twice that of ReLU. So two pieces keep
    the size of a signal with weights of variance $1/n$, where ReLU needs $2/n$."""
    both = float(runs.mean_square(2))
    half = sp.integrate(x**2 * sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi), (x, 0, sp.oo))
    return Evidence(
        "The larger and the smaller of two share out the squares, and both have the same share.",
        derivations=[proofs.mirrored_squares()],
        checks=[
            Check("by quadrature it is 1 to twelve digits", abs(both - 1) < 1e-12),
            Check("ReLU's mean square at a standard normal is ½", half == sp.Rational(1, 2)),
        ],
        argument="Let $u$ and $v$ be independent standard normals. So are $-u$ and $-v$, and the two squares in the "
        "derivation have the same mean. Together they have the mean of $u^2 + v^2$, which is 2.",
    )


@claim("maxout-multiplies-the-parameters-by-k", verdict="corrected", sources=["S0.18"])
def maxout_multiplies_the_parameters_by_k() -> Evidence:
    r"""A maxout layer of $k$ pieces has exactly $k$ times the parameters of a ReLU layer of the same width. That is
    twice only for $k = 2$; and a network grows by less than $k$, as its output layer has no pieces."""
    one, two, three = (runs.layer_parameters(64, 16, pieces) for pieces in (1, 2, 3))
    small, grown = (runs.parameters(runs.network(pieces, 16)) for pieces in (1, 2))
    ratio = proofs.parameter_ratio()
    return Evidence(
        "Counted in torch's modules, and by formula.",
        derivations=[ratio],
        checks=[
            Check("two pieces: twice the layer", two == 2 * one),
            Check("the formula gives the network's ratio", _ratio(ratio.last) == sp.Rational(grown, small)),
            Check("a network with two pieces grows by less than 2", grown < 2 * small),
        ],
        counterexamples=[Counterexample("a layer of three pieces, said to be doubled", 2 * one, three)],
        cite="goodfellow2013",
    )


def _ratio(formula: sp.Expr) -> sp.Rational:
    return formula.subs({proofs.pieces: 2, proofs.inputs: 64, proofs.relus: 16, proofs.outputs: 10})


@claim("maxout-at-equal-parameters", verdict="measured", sources=["S0.18"])
def maxout_at_equal_parameters() -> Evidence:
    r"""On the digits two pieces lead ReLU at equal width, in all four sizes. At equal parameters they are behind in the
    smallest network, and in the largest their lead, if there is one, is below one point."""
    found = runs.budgets()
    same, fair = found.lead("2 pieces, equal width"), found.lead("2 pieces")
    ends = [float(end[-1]) for end in mean_interval(fair)[1:]]
    return Evidence(
        "One hidden layer, each network at its own best learning rate.",
        measurements=[
            measured("lead at equal width, largest", same[-1], above=0),
            measured("lead at equal parameters, smallest", fair[0], below=0),
            measured("lead at equal parameters, largest", fair[-1], above=-1, below=1),
        ],
        checks=[
            Check("at equal width it leads in all networks", bool((mean_interval(same)[1] > 0).all())),
            Check("in the smallest network it is behind", float(mean_interval(fair)[2][0]) < 0),
            Check("in the largest the interval lies between −1 and 1", -1 < ends[0] and ends[1] < 1),
            Check("no network has more parameters than its ReLU network", _within(found)),
        ],
    )


def _within(found: runs.Budgets) -> bool:
    return all(
        np.all(np.array(found.counts[label]) <= found.counts["ReLU"]) for label in ("ReLU", "2 pieces", "4 pieces")
    )
