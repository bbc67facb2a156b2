"""Claims of the chapter on the softmax."""

from __future__ import annotations

import numpy as np
import sympy as sp

from .. import values
from ..catalogue import get
from ..experiments import softmax as experiments
from ..experiments._summary import mean_interval
from ..proofs import softmax as proofs
from ._measured import measured
from .ledger import Check, Counterexample, Evidence, claim

SIZES = (2, 3, 4)
T = proofs.T


def _softmax(*scores: object) -> sp.Matrix:
    """The exact softmax of exact scores."""
    return get("softmax").of([sp.sympify(score) for score in scores])


# --- what it is -------------------------------------------------------------------------------------------------------


@claim("softmax-is-the-inverse-of-the-log-odds", verdict="argued")
def softmax_is_the_inverse_of_the_log_odds() -> Evidence:
    r"""With any number of outcomes the softmax is the only way to turn scores into probabilities whose log-odds are the
    differences of the scores."""
    return Evidence(
        "The odds against the last outcome give every probability in terms of that one; their sum gives the rest, for "
        f"{SIZES[0]} to {SIZES[-1]} outcomes.",
        derivations=map(proofs.from_log_odds, SIZES),
        argument="With any number $K$ of outcomes the odds against the last one give $p_i = p_K e^{z_i - z_K}$. The "
        "sum of these is 1, so $p_K = 1 / \\sum_j e^{z_j - z_K}$. Any outcome may be listed last.",
        cite="bridle1990",
    )


@claim("softmax-is-unchanged-by-a-shift", verdict="proved")
def softmax_is_unchanged_by_a_shift() -> Evidence:
    r"""A constant $c$ added to every score changes no probability: $\operatorname{softmax}(z + c) =
    \operatorname{softmax}(z)$, with any number of scores."""
    return Evidence("The constant comes out of the sum of n terms and cancels.", derivations=[proofs.shift()])


@claim("log-sum-exp-moves-with-a-shift", verdict="corrected")
def log_sum_exp_moves_with_a_shift() -> Evidence:
    r"""Log-sum-exp is not unchanged by a shift, as is often said of it: it moves along, $\operatorname{lse}(z + c)
    = \operatorname{lse}(z) + c$. The softmax is the one that stays."""
    return Evidence(
        "The constant comes out of the sum as a factor and out of the logarithm as a term.",
        derivations=[proofs.log_sum_exp_shift()],
        counterexamples=[
            Counterexample(
                "lse(0, 0) after 5 is added to both scores, if nothing changed",
                sp.log(2),
                sp.expand_log(sp.log(2 * sp.exp(5))),
            )
        ],
        cite="blanchard2021",
    )


@claim("softmax-of-two-is-the-sigmoid", verdict="proved", sources=["S0.20"])
def softmax_of_two_is_the_sigmoid() -> Evidence:
    r"""With two classes the softmax is the sigmoid of the difference of the scores, so a softmax of two affine scores
    is logistic regression."""
    return Evidence("Divide by the first exponential.", derivations=[proofs.two_classes()])


# --- slopes -----------------------------------------------------------------------------------------------------------


@claim("softmax-jacobian", verdict="argued")
def softmax_jacobian() -> Evidence:
    r"""The Jacobian of the softmax is $\operatorname{diag}(p) - p p^\top$: a probability has the slope $p_i(1 - p_i)$
    in its own score and $-p_i p_j$ in another."""
    return Evidence(
        f"All slopes at once for K = {SIZES[0]}, {SIZES[1]} and {SIZES[2]}; one slope of each kind for any K.",
        derivations=[proofs.own_slope(), proofs.other_slope(), proofs.jacobian(2), proofs.jacobian(3)],
        checks=[Check("the same for K = 4, all 16 slopes", not proofs.jacobian(4).argued)],
        argument="In one score $z_j$ the sum $\\sum_k e^{z_k}$ is $e^{z_j} + R$, where $R > 0$ collects the other "
        "terms and does not depend on $z_j$. So the two slopes with the symbol $R$ hold for every $K$.",
    )


@claim("softmax-jacobian-has-rank-one-less", verdict="argued")
def softmax_jacobian_has_rank_one_less() -> Evidence:
    r"""The Jacobian of a softmax of $K$ scores has rank $K - 1$ at every point: it sends the vector of ones to 0, and
    no other direction."""
    zeros, minors, forms = (
        [proof(size) for size in SIZES] for proof in (proofs.times_ones, proofs.largest_minor, proofs.quadratic_form)
    )
    return Evidence(
        "J·1 = 0, the minor without the last row and column is the product of all probabilities, and the quadratic "
        f"form is a sum over pairs: each for {SIZES[0]} to {SIZES[-1]} scores, and shown for {SIZES[1]}.",
        derivations=[zeros[1], minors[1], forms[1]],
        checks=[
            Check("J·1 = 0 at each size", all(one.last.is_zero_matrix for one in zeros)),
            Check("that minor is a product of positive factors at each size", all(m.last.is_positive for m in minors)),
            Check("no step is argued", not any(one.argued for one in (*zeros, *minors, *forms))),
        ],
        argument="For every $K$, $v^\\top J v = \\sum_i p_i v_i^2 - (\\sum_i p_i v_i)^2 = \\sum_{i<j} p_i p_j (v_i - "
        "v_j)^2$, by Lagrange's identity. All $p_i$ are positive, so it is 0 only where all $v_i$ are equal.",
    )


@claim("log-sum-exp-has-the-softmax-as-its-gradient", verdict="argued")
def log_sum_exp_has_the_softmax_as_its_gradient() -> Evidence:
    r"""The gradient of log-sum-exp is the softmax."""
    return Evidence(
        "The chain rule in one score.",
        derivations=[proofs.log_sum_exp_slope()],
        argument="$R$ stands for the terms of the sum that do not depend on that score, however many they are.",
    )


# --- temperature and size ---------------------------------------------------------------------------------------------


@claim("softmax-temperature", verdict="argued", sources=["S0.19"])
def softmax_temperature() -> Evidence:
    r"""The softmax keeps the order of the scores at every temperature $T$. As $T$ falls to 0 the largest score takes
    all (equal largest ones share it), as $T$ grows all shares become equal, and on the way the largest share never
    grows with $T$."""
    d, e = sp.symbols("d e", positive=True)
    alone = 1 / (1 + sp.exp(-d / T) + sp.exp(-e / T))
    tied = 1 / (2 + sp.exp(-d / T))
    return Evidence(
        "The quotient and the slope in T; the limits for three scores with the gaps d and e below the largest.",
        derivations=[proofs.ratio(), proofs.temperature_slope()],
        checks=[
            Check("the largest tends to 1 as T → 0", sp.limit(alone, T, 0, "+") == 1),
            Check("two equal largest tend to ½ each", sp.limit(tied, T, 0, "+") == sp.Rational(1, 2)),
            Check("the largest tends to 1/3 as T → ∞", sp.limit(alone, T, sp.oo) == sp.Rational(1, 3)),
        ],
        argument="The quotient is above 1 just where $z_i > z_j$. With any number of scores the largest share is $1 / "
        r"\sum_j e^{-d_j/T}$ with gaps $d_j \ge 0$: as $T \to 0$ each term with $d_j > 0$ vanishes, and as $T \to "
        r"\infty$ every term tends to 1. The slope in $T$ of the largest is $-p_i (z_i - \bar z)/T^2 \le 0$, as the "
        r"largest score is not below the mean score $\bar z = \sum_j p_j z_j$.",
    )


@claim("softmax-does-not-make-the-large-larger", verdict="corrected", sources=["S0.19"])
def softmax_does_not_make_the_large_larger() -> Evidence:
    r"""The softmax need not "make the large larger": $\operatorname{softmax}(0.9,\ 0.1)$ is $(0.69,\ 0.31)$ to two
    digits, and the large has become smaller."""
    large, small = sp.Rational(9, 10), sp.Rational(1, 10)
    p = _softmax(large, small)
    return Evidence(
        "The exact softmax of 9/10 and 1/10.",
        derivations=[proofs.ratio()],
        checks=[Check("it rounds to (0.69, 0.31)", [sp.floor(100 * one + sp.Rational(1, 2)) for one in p] == [69, 31])],
        counterexamples=[
            Counterexample("whether the share of the large exceeds the 0.9 that went in", True, bool(p[0] > large))
        ],
    )


@claim("softmax-flattens-probabilities", verdict="argued", sources=["S0.19"])
def softmax_flattens_probabilities() -> Evidence:
    r"""The softmax of a list of probabilities has a smaller largest entry than the list, whatever the list, unless all
    its entries are equal."""
    t = sp.Symbol("t", positive=True)
    above = sp.exp(-t) - (1 - t)
    return Evidence(
        "A lower bound of one over the largest share, compared with one over the largest entry.",
        derivations=[proofs.flattening()],
        checks=[
            Check("e^−t − (1 − t) is 0 at t = 0", above.subs(t, 0) == 0),
            Check("so is its slope", above.diff(t).subs(t, 0) == 0),
            Check("and it bends upwards everywhere", above.diff(t, 2).is_positive),
        ],
        argument=r"Let $m$ be the largest of $n$ probabilities. One over the largest share is $\sum_j e^{-(m - p_j)}$, "
        r"which is more than $\sum_j (1 - (m - p_j))$ unless all entries equal $m$. That bound lies $(1 - m)(n - 1/m)$ "
        r"above $1/m$, which is not negative, because $1/n \le m \le 1$.",
    )


@claim("log-sum-exp-is-the-smooth-maximum", verdict="argued")
def log_sum_exp_is_the_smooth_maximum() -> Evidence:
    r"""Log-sum-exp exceeds the maximum of $n \ge 2$ scores, by at most $\log n$, and by that much only when all of them
    are equal."""
    n, m = sp.symbols("n m", positive=True)
    return Evidence(
        "Log-sum-exp with the largest score taken off.",
        derivations=[proofs.largest_out()],
        checks=[Check("n equal scores reach the bound", sp.expand_log(sp.log(n * sp.exp(m))) - m - sp.log(n) == 0)],
        argument=r"With $m = \max z$ each term $e^{z_j - m}$ of the sum lies in $(0, 1]$, and one of them is 1. So the "
        "sum of $n$ terms lies in $(1, n]$, and is $n$ only where every term is 1.",
        cite="blanchard2021",
    )


@claim("softmax-is-a-smooth-argmax", verdict="corrected")
def softmax_is_a_smooth_argmax() -> Evidence:
    r"""The softmax is a smooth *argmax*: it says where the maximum is, as shares, and not how large it is. The smooth
    maximum is log-sum-exp."""
    low, high = _softmax(3, 3, 0), _softmax(1003, 1003, 1000)
    return Evidence(
        "Two lists with the same differences and maxima far apart.",
        checks=[Check("softmax gives both the same shares", sp.simplify(low - high).is_zero_matrix)],
        counterexamples=[
            Counterexample("the sum of softmax(3, 3), if its entries were smooth maxima", 6, sum(_softmax(3, 3)))
        ],
        cite="goodfellow2016",
    )


# --- floats -----------------------------------------------------------------------------------------------------------


@claim("exponentials-need-the-largest-taken-off", verdict="corrected")
def exponentials_need_the_largest_taken_off() -> Evidence:
    r"""Written as $-z_y + \log \sum_j e^{z_j}$ the cross-entropy is not yet stable: at a logit of 1000 the exponential
    overflows. With the largest score taken off first it does not."""
    z, far = np.array([1000.0, 0.0]), np.float32(100)
    with np.errstate(over="ignore", invalid="ignore"):
        unshifted = -z[0] + np.log(np.sum(np.exp(z)))
        quotient = (np.exp(far) - np.exp(-far)) / (np.exp(far) + np.exp(-far))
    return Evidence(
        "The loss of the right class at the scores 1000 and 0, whose true value is less than any float64. Tanh as a "
        "quotient of exponentials has the same fault, shown at 100 in float32.",
        derivations=[proofs.largest_out()],
        checks=[Check("with the largest taken off the loss is 0", -values.log_softmax(z)[0] == 0)],
        counterexamples=[
            Counterexample("−z_y + log Σ exp z at the scores 1000 and 0", 0.0, float(unshifted)),
            Counterexample("(e^x − e^−x)/(e^x + e^−x) at 100 in float32", 1.0, float(quotient)),
        ],
        cite="blanchard2021",
    )


# --- in networks ------------------------------------------------------------------------------------------------------


@claim(
    "softmax-works-inside-networks",
    verdict="corrected",
    sources=["S0.7"],
    numerical="PyTorch is asked about one random draw.",
)
def softmax_works_inside_networks() -> Evidence:
    r"""The softmax is not used only in the last layer: attention takes a softmax of scores in every layer, and goes on
    to mix vectors with it."""
    q, k, v = np.random.default_rng(0).normal(size=(3, 6, 4))
    ours, theirs = experiments.attention(q, k, v), experiments.library_attention(q, k, v)
    return Evidence(
        "PyTorch's attention, compared with a softmax and a product.",
        checks=[Check("PyTorch's attention is softmax(QKᵀ/√d)V", bool(np.allclose(ours, theirs, rtol=0, atol=1e-12)))],
        counterexamples=[
            Counterexample(
                "whether the rows of its output sum to 1, as they would if the softmax came last",
                True,
                bool(np.allclose(theirs.sum(axis=-1), 1)),
            )
        ],
        cite="vaswani2017",
    )


@claim("attention-scores-need-the-root-of-the-width", verdict="measured")
def attention_scores_need_the_root_of_the_width() -> Evidence:
    r"""With independent queries and keys of mean 0 and variance 1, plain scores let one key take nearly all the weight
    as the width grows; divided by $\sqrt d$ they leave the largest weight where it is."""
    result = experiments.spread()
    ends = f"from width {result.widths[0]} to {result.widths[-1]}"
    plain, divided = (found[-1] - found[0] for found in result.largest.values())
    low, high = (mean_interval(divided)[end] for end in (1, 2))
    return Evidence(
        f"The largest of {result.keys} weights, averaged over queries. The variance of a plain score is the width.",
        measurements=[
            measured(f"rise of the largest weight {ends}, plain", plain, above=0.5),
            measured(f"rise of the largest weight {ends}, over √d", divided, above=-0.05, below=0.05),
        ],
        checks=[
            *(Check(f"E (q·k)² = {d} at width {d}", proofs.score_variance(d) == d) for d in (1, 2, 5)),
            Check("plain: the rise is above 0.5", mean_interval(plain)[1] > 0.5),
            Check("over √d: the change is below 0.05", -0.05 < low < high < 0.05),
        ],
        cite="vaswani2017",
    )


@claim("softmax-shares-are-not-chances-of-being-right", verdict="corrected")
def softmax_shares_are_not_chances_of_being_right() -> Evidence:
    r"""The largest softmax output is not the probability of being right: a temperature changes it at will and changes
    no decision, and a linear classifier of digits went from too little confidence to too much in training while its
    accuracy stood still."""
    cold, hot = (values.softmax(np.array([2.0, 1.0, 0.0]) / t) for t in (0.1, 10.0))
    result, rows = experiments.calibration(), (2, -1)
    early, late = (result.stops[row] for row in rows)
    low, high = (result.excess[row] for row in rows)
    gain = result.accuracy[rows[1]] - result.accuracy[rows[0]]
    return Evidence(
        f"One set of scores at two temperatures; and a linear classifier of digits after {early} and after {late} "
        "steps of training, on digits that it has not seen.",
        checks=[
            Check("both temperatures decide alike", cold.argmax() == hot.argmax()),
            Check("early confidence is below the accuracy", mean_interval(low)[2] < 0),
            Check("late confidence is above it", mean_interval(high)[1] > 0),
            Check("in between the accuracy moves by less than 0.01", max(map(abs, mean_interval(gain))) < 0.01),
        ],
        counterexamples=[
            Counterexample("the confidence at T = 10, if decisions fixed it", round(cold.max(), 3), round(hot.max(), 3))
        ],
        measurements=[
            measured(f"confidence minus accuracy, {early} steps", low, below=0),
            measured(f"confidence minus accuracy, {late} steps", high, above=0),
            measured("what the accuracy gains in between", gain, above=-0.01, below=0.01),
        ],
        cite="guo2017",
    )


@claim("softmax-is-never-sparse", verdict="proved")
def softmax_is_never_sparse() -> Evidence:
    r"""No finite score gets a share of 0 or 1 from the softmax of two or more; sparsemax gives exact zeros."""
    z, rest = sp.Symbol("z", real=True), sp.Symbol("R", positive=True)
    share, sparse = sp.exp(z) / (sp.exp(z) + rest), get("sparsemax").of([sp.Integer(2), sp.Integer(0)])
    return Evidence(
        "The share of one score, R being the exponentials of all the others together; and sparsemax at (2, 0).",
        checks=[
            Check("the share is positive", share.is_positive),
            Check("1 minus the share is positive", sp.simplify(1 - share).is_positive),
            Check("sparsemax(2, 0) = (1, 0)", list(sparse) == [1, 0]),
        ],
        cite="martins2016",
    )
