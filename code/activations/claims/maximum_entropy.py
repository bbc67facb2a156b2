"""Claims of the chapter on maximum entropy."""

from __future__ import annotations

import numpy as np
import sympy as sp

from ..experiments import maximum_entropy as experiments
from ..proofs import maximum_entropy as proofs
from ..proofs import softmax
from .ledger import Check, Counterexample, Evidence, claim

CLASSES = (2, 3, 4)
"""The numbers of classes for which sums over classes are written out in full."""

DIGITS = 1e-12
ALIKE = 1e-6


@claim("maximum-entropy-is-a-rule-of-choice", verdict="convention", sources=["S4.2"])
def maximum_entropy_is_a_rule_of_choice() -> Evidence:
    r"""The maximum entropy principle: among all distributions that agree with what is known, choose the one with the
    largest entropy. It is a rule of choice, with good reasons; it is not a theorem about the world."""
    return Evidence(
        "Jaynes stated the rule for statistical physics and argued that any other choice claims to know more.",
        cite="jaynes1957",
    )


@claim("entropy-lies-between-zero-and-log-n", verdict="argued", sources=["S4.3"])
def entropy_lies_between_zero_and_log_n() -> Evidence:
    r"""The entropy of $n$ outcomes lies in $[0, \log n]$. It is $\log n$ for the uniform distribution only, and 0 only
    where one outcome is certain."""
    u, s = sp.Symbol("u", real=True), sp.Symbol("s", nonnegative=True)
    p = sp.Symbol("p", positive=True)
    gap = proofs.above_the_logarithm().last
    return Evidence(
        "The gap to log n is a sum of gaps between the logarithm and a tangent of it, which are never negative.",
        derivations=[proofs.above_the_logarithm(), proofs.jensen_term(), proofs.equal_shares()],
        checks=[
            *(Check(f"the gaps of {n} outcomes add up to log n − H", _is_gap(n)) for n in (2, 3)),
            Check("e^u − 1 − u has the value 0 and the slope 0 at u = 0", _value_and_slope_at_zero(gap, u)),
            Check("its second slope is positive, so 0 is its least value, taken at u = 0 only", gap.diff(u, 2) > 0),
            Check("−p log p at p = e^(−s), s ≥ 0, is not negative", (s * sp.exp(-s)).is_nonnegative),
            Check("−p log p → 0 as p → 0", sp.limit(-p * sp.log(p), p, 0, "+") == 0),
            Check("for p > 0 it is 0 at p = 1 only", sp.solve(-p * sp.log(p), p) == [1]),
        ],
        argument="The logarithm lies below each of its tangents; take the tangent at $n$ and the points $1/p_k$, weigh "
        "by $p_k$, and sum over the outcomes with $p_k > 0$: this is Jensen's inequality for the logarithm. There are "
        "at most $n$ of them, so that $H \\le \\log n$, with equality only where every $1/p_k$ is $n$. Below, every "
        "term of $H$ is at least 0, and all of them are 0 only if each $p_k$ is 0 or 1.",
        cite="shannon1948",
    )


def _is_gap(count: int) -> bool:
    p = sp.symbols(f"p_1:{count + 1}", positive=True)
    return sp.expand(proofs.jensen_gap(count).last - sp.log(count) - sp.Add(*(q * sp.log(q) for q in p))) == 0


def _value_and_slope_at_zero(expr: sp.Expr, u: sp.Symbol) -> bool:
    return [expr.subs(u, 0), expr.diff(u).subs(u, 0)] == [0, 0]


@claim("nothing-known-means-equally-likely", verdict="qualified", sources=["S4.4"])
def nothing_known_means_equally_likely() -> Evidence:
    r"""Where nothing more is known, the outcomes are equally likely, provided that somebody has said which outcomes
    there are."""
    return Evidence(
        "With the normalisation as the only constraint the entropy is stationary at n equal shares.",
        derivations=[proofs.uniform_slope(), proofs.equal_shares()],
        condition="The list of outcomes is finite and settled beforehand; the rule cannot choose it.",
        counterexamples=[
            Counterexample(
                "the chance that two fair dice show 7 in all: uniform over the 11 totals, against the 36 pairs",
                sp.Rational(1, 11),
                sp.Rational(sum(a + b == 7 for a in range(1, 7) for b in range(1, 7)), 36),
            )
        ],
    )


@claim("jaynes-die", verdict="argued")
def jaynes_die() -> Evidence:
    r"""Of all dice with mean 4.5 the one of largest entropy has probabilities in geometric progression,
    $p_k \propto r^k$, where $r$ is the only positive root of $3r^5 + r^4 - r^3 - 3r^2 - 5r - 7$."""
    mean, pips = sp.Rational(9, 2), range(1, 7)
    polynomial = sp.Poly(2 * proofs.die_polynomial(mean).last.rhs, proofs.r)
    root = next(found for found in polynomial.real_roots() if found > 0)
    exact = [float(root.evalf(30) ** k / sum(root.evalf(30) ** j for j in pips)) for k in pips]
    numbers = {"its multiplier": experiments.die(4.5), "a solver": experiments.die_by_solver(4.5)}
    return Evidence(
        f"The root is r = {float(root):.6f}; a face is that many times as likely as the one before it.",
        derivations=[proofs.die_law(), proofs.die_polynomial(mean)],
        checks=[
            Check("the polynomial is the one stated", polynomial.all_coeffs() == [3, 1, -1, -3, -5, -7]),
            Check("it has one positive root, isolated exactly", polynomial.count_roots(0, sp.oo) == 1),
            *(
                Check(f"the die from {name} agrees with that root to 12 digits", _to_12_digits(die.p, exact))
                for name, die in numbers.items()
            ),
        ],
        argument="The slope is 0 where the logarithm of $p_k$ is affine in $k$. The entropy is concave and the "
        "constraints are linear, so that a point where the slope is 0 is the maximum.",
        cite="jaynes1963",
    )


def _to_12_digits(found: np.ndarray, exact: list[float]) -> bool:
    return bool(np.allclose(found, exact, rtol=DIGITS, atol=0))


@claim("maximum-entropy-is-a-concave-problem", verdict="argued", sources=["S4.5", "S4.6", "S4.7"])
def maximum_entropy_is_a_concave_problem() -> Evidence:
    r"""To find the model $P(y|x)$ of largest conditional entropy whose feature means equal those of the data is to
    maximise a concave function under linear conditions; to minimise $-H$ is the same problem."""
    whole = proofs.lagrangian()
    symbols = [proofs.probability(i, y) for i in proofs.INPUTS for y in proofs.CLASSES]
    curvature = sp.hessian(whole, symbols)
    return Evidence(
        "All second slopes of the Lagrangian come from the entropy: each probability has a negative one of its own.",
        derivations=[proofs.joint_entropy()],
        checks=[
            Check("no second slope mixes two probabilities", curvature.is_diagonal()),
            Check("those on the diagonal are negative", all(curvature[k, k].is_negative for k in range(len(symbols)))),
        ],
        argument="A strictly concave function on a convex set, which linear conditions cut out, has at most one "
        "maximum, and a stationary point is it. The joint entropy of $x$ and $y$ is the conditional entropy plus a "
        "part that the data fix, so that it has its maximum at the same model *because* $\\tilde P(x)$ is held fixed.",
        cite="berger1996",
    )


@claim("maximum-entropy-models-are-exponential", verdict="argued", sources=["S4.5", "S4.6", "S4.7"])
def maximum_entropy_models_are_exponential() -> Evidence:
    """The conditional model of largest entropy under feature constraints, if it has no zero, is a softmax of scores,
    and each score is a weighted sum of the features."""
    return Evidence(
        "The slope of the Lagrangian, its zero, and the multiplier that normalises, with every number a symbol.",
        derivations=[proofs.slope(), proofs.stationary(), proofs.multiplier(), proofs.model()],
        argument="The problem written out has 2 inputs, 3 classes and 2 features. Each term of the Lagrangian holds "
        "one $P(y|x)$ only, so the slope has the same form for any number of them. That a maximiser with positive "
        "probabilities exists is a condition on the data.",
        cite="berger1996",
    )


@claim("each-input-has-its-own-multiplier", verdict="corrected", sources=["S4.8"])
def each_input_has_its_own_multiplier() -> Evidence:
    r"""The normalisation is one condition an input and needs one multiplier an input. And the Lagrangian is made
    stationary, not minimised: in each multiplier it is a straight line, without a minimum."""
    whole = proofs.lagrangian()
    first, second = (proofs.multiplier(i).last.rhs for i in proofs.INPUTS)
    halves = [sp.Rational(1, 2), sp.Rational(1, 2), 2, 3]
    case = dict(zip(sorted((first - second).free_symbols, key=_shares_first), halves, strict=True))
    return Evidence(
        "Inputs with different sums Z(x) ask for different multipliers; along a multiplier the Lagrangian is a line.",
        derivations=[proofs.multiplier(1), proofs.multiplier(2)],
        checks=[
            Check("the Lagrangian is affine in each w and μ", all(whole.diff(s, 2) == 0 for s in proofs.multipliers())),
        ],
        counterexamples=[
            Counterexample(
                "one multiplier for two inputs: what the first input needs, against what the second one needs, where "
                + ", ".join(f"${sp.latex(symbol)} = {at}$" for symbol, at in case.items()),
                sp.N(first.subs(case), 6),
                sp.N(second.subs(case), 6),
            )
        ],
        cite="berger1996",
    )


def _shares_first(symbol: sp.Symbol) -> tuple[bool, str]:
    return not symbol.name.startswith(r"\tilde"), symbol.name


@claim("a-slope-has-no-sum-left", verdict="corrected", sources=["S4.9"])
def a_slope_has_no_sum_left() -> Evidence:
    r"""The slope of the Lagrangian in one $P(y|x)$ holds the terms of this $x$ and $y$ only: no sum over inputs and
    classes, weights that do not depend on $x$, and a multiplier that $\tilde P(x)$ does not multiply."""
    line = proofs.column_trail().lines[0]
    return Evidence(
        "SymPy's derivative of the column's own Lagrangian, beside the printed line.",
        derivations=[proofs.column_slope()],
        counterexamples=[_example("the printed derivative, every symbol given a number", line)],
    )


@claim("the-sign-of-the-multipliers-follows-the-lagrangian", verdict="corrected", sources=["S4.10", "S4.11", "S4.12"])
def the_sign_of_the_multipliers_follows_the_lagrangian() -> Evidence:
    r"""The sign of the multipliers is a convention that the Lagrangian sets and that must then be kept: the column's
    gives $e^{-\sum_j w_j f_j}$, this book's gives $e^{+\sum_j w_j f_j}$, and with $w$ and $-w$ exchanged the models are
    the same."""
    lines = {line.row: line for line in proofs.column_trail().lines}
    return Evidence(
        "The column's sign turns once at S4.10 and back at S4.12, so that its first and last lines agree.",
        derivations=[proofs.column_solution(), proofs.column_model(), proofs.model()],
        checks=[
            Check("S4.11 follows from S4.10 as printed", lines["S4.11"].agrees),
            Check("S4.12 does not follow from S4.10 and S4.11", not lines["S4.12"].agrees),
            Check(
                "S4.12 is what the column's own Lagrangian gives",
                proofs.column_model().last == lines["S4.12"].printed(proofs.NUMBERS),
            ),
        ],
        counterexamples=[
            _example("S4.10, every symbol given a number", lines["S4.10"]),
            _example("S4.12 from S4.10 and S4.11, every symbol given a number", lines["S4.12"]),
        ],
        cite="berger1996",
    )


def _example(case: str, line: proofs.Line) -> Counterexample:
    printed, follows = line.printed(proofs.NUMBERS), line.follows(proofs.NUMBERS)
    symbols = sorted((printed - follows).free_symbols, key=str)
    values = {symbol: sp.Rational(at, len(symbols)) ** 2 for at, symbol in enumerate(symbols, 1)}
    return Counterexample(case, *(sp.N(side.subs(values), 6) for side in (printed, follows)))


@claim("class-blind-features-give-the-uniform-model", verdict="corrected", sources=["S4.13"])
def class_blind_features_give_the_uniform_model() -> Evidence:
    r"""Features that do not look at the class, such as $f_i(x, y) = x_i$, do not give softmax: what remains is
    $P(y|x) = 1/K$."""
    return Evidence(
        "Every model meets the constraints, whatever its probabilities are; the features cancel in the normaliser, and "
        "the solution has K equal terms.",
        derivations=[proofs.vacuous(), proofs.class_blind()],
        counterexamples=[
            Counterexample(
                "P(1|x) of three classes at x = 2, if it were softmax with the weights 1, 0, 0",
                sp.exp(2) / (sp.exp(2) + 2),
                proofs.class_blind().last.subs(sp.Symbol("K", integer=True, positive=True), 3),
            )
        ],
        cite="mount2011",
    )


@claim("class-indexed-features-give-softmax", verdict="argued", sources=["S4.13"])
def class_indexed_features_give_softmax() -> Evidence:
    """With one feature for each input and class, the model of largest entropy is the softmax of affine scores; a bias
    is the weight of a constant input."""
    return Evidence(
        "The score of each of three classes, with two inputs.",
        derivations=[proofs.score(y) for y in proofs.CLASSES],
        argument="The model is a softmax of the scores $\\sum_j w_j f_j(x, y)$. Of the features, one for "
        "each pair of an input and a class, those of other classes are 0 at $y$. What remains is "
        "$\\sum_i w_{iy} x_i$, for any numbers of inputs and classes.",
        cite="mount2011",
    )


@claim("sigmoid-is-the-two-class-case", verdict="corrected", sources=["S4.14"])
def sigmoid_is_the_two_class_case() -> Evidence:
    r"""With two classes the model of largest entropy is the sigmoid of the difference of the scores,
    $P(1|x) = \sigma(s_1 - s_0)$. Written as $1/(1 + e^{+\sum_i w_i x_i})$, with a plus, it needs the opposite sign of
    $w$, and features that look at the class."""
    at = {sp.Symbol("s_0", real=True): 0, sp.Symbol("s_1", real=True): sp.log(3)}
    share = proofs.two_classes().steps[0].result.subs(at)
    return Evidence(
        "Divide above and below by one exponential; then give the first class the score −s and the second 0.",
        derivations=[proofs.two_classes(), softmax.two_classes_turned()],
        counterexamples=[
            Counterexample("scores 0 and log 3, if the sign were plus", 1 / (1 + sp.Integer(3)), sp.simplify(share))
        ],
        cite="bridle1990",
    )


@claim("the-dual-is-the-likelihood", verdict="argued")
def the_dual_is_the_likelihood() -> Evidence:
    r"""The dual function $\Psi$ of the maximum entropy problem is minus the mean log-likelihood of the data under the
    softmax model: maximum entropy and maximum likelihood are one problem seen from two sides."""
    return Evidence(
        f"At each input, for {CLASSES[0]} to {CLASSES[-1]} classes and any scores.",
        derivations=[make(k) for k in CLASSES for make in (proofs.dual_value, proofs.likelihood)],
        argument="At the model, entropy plus mean score is $\\log Z(x)$ at each input; weigh by $\\tilde P(x)$ and "
        "take away $\\sum_j w_j \\tilde F_j$ to have the Lagrangian. The log-likelihood of an example is its score "
        "less $\\log Z(x)$; its mean over the data is $\\sum_j w_j \\tilde F_j$ less the mean of $\\log Z(x)$.",
        cite="berger1996",
    )


@claim("the-log-likelihood-is-concave", verdict="argued")
def the_log_likelihood_is_concave() -> Evidence:
    r"""The mean log-likelihood is a concave function of the multipliers, so that the dual has no false minima."""
    return Evidence(
        f"Along any line the second slope of log Z is a sum of squares: written out for {CLASSES[0]} to {CLASSES[-1]} "
        "classes.",
        derivations=[proofs.curvature(k) for k in CLASSES],
        argument="It is the variance of the scores' rates of change under the model, for any number of classes. The "
        "other term of the log-likelihood is linear in $w$, and a function whose second slope is at most 0 along every "
        "line is concave.",
        cite="berger1996",
    )


@claim(
    "maximum-entropy-is-maximum-likelihood",
    verdict="argued",
    numerical="The two solvers are compared on two samples.",
)
def maximum_entropy_is_maximum_likelihood() -> Evidence:
    """Where they are finite, the multipliers of the maximum entropy model are the weights of unregularised logistic
    regression."""
    found = [experiments.agreement(name) for name in OVERLAPPING]
    worst = max(one.difference for one in found)
    return Evidence(
        f"Two samples, three cultivars of wine and two species of iris: the largest difference is {worst:.0e}.",
        checks=[
            *(Check(f"{one.data.name}: not linearly separable", not experiments.separable(one.data)) for one in found),
            *(
                Check(f"{one.data.name}: multipliers and weights agree to 1e-6", one.difference < ALIKE)
                for one in found
            ),
            *(
                Check(f"{one.data.name}: the solver's log-odds are affine in the measures", one.bend < ALIKE)
                for one in found
            ),
        ],
        argument="A solver that knows only the entropy and the constraints finds the probabilities; a likelihood fit "
        "finds the weights. The dual is minus the log-likelihood, both are concave, and there is one optimum.",
        cite="mount2011",
    )


OVERLAPPING = ("wine", "versicolor and virginica")
RUNNING = ("setosa and versicolor", "three irises")


@claim(
    "multipliers-are-finite-where-classes-overlap",
    verdict="qualified",
    numerical="The linear programmes are solved in floating point; the triangles are exact.",
)
def multipliers_are_finite_where_classes_overlap() -> Evidence:
    r"""The maximum entropy problem has finite multipliers provided that some model without a zero probability meets the
    constraints; that the classes are not linearly separable is not enough."""
    settled, running = experiments.runaway(OVERLAPPING), experiments.runaway(RUNNING)
    return Evidence(
        "By linear programming, by triangles in exact fractions, and by taking the doubt out of the answers.",
        condition="Some model that gives every class a positive probability at every input meets the constraints.",
        checks=[
            *(
                Check(f"{n}: a positive model meets them", experiments.slack(experiments.sample(n)) > 0)
                for n in OVERLAPPING
            ),
            *(Check(f"{n}: no positive model does", experiments.slack(experiments.sample(n)) < 1e-9) for n in RUNNING),
            Check("wine: triangles link all three classes", _linked("wine", (0, 1), (1, 2))),
            Check("two irises: a triangle links the classes", _linked("versicolor and virginica", (1, 0))),
            Check("the three irises are not separable", not experiments.separable(experiments.sample("three irises"))),
            Check("where they are finite they settle", bool((np.diff(settled.largest)[:, -1] < 0.02).all())),
        ],
        counterexamples=[
            Counterexample(
                f"{name}: the largest multiplier, had it settled at a doubt of {running.doubts[-2]:g}",
                f"{row[-2]:.1f}",
                f"{row[-1]:.1f}",
            )
            for name, row in zip(running.names, running.largest, strict=True)
        ],
        cite="mount2011",
    )


def _linked(name: str, *pairs: tuple[int, int]) -> bool:
    data = experiments.sample(name)
    found = [experiments.triangle(data, *pair) for pair in pairs]
    return all(one is not None and one.holds for one in found)


@claim("two-moments-give-the-gaussian", verdict="argued")
def two_moments_give_the_gaussian() -> Evidence:
    r"""Of all densities on the real line with given mean and variance the Gaussian has the largest entropy,
    $\tfrac12 \log(2\pi e s^2)$."""
    t, s = sp.Symbol("t", real=True), sp.Symbol("s", positive=True)
    gauss = sp.log(2 * sp.pi * sp.E * s**2) / 2
    density = sp.exp(-(t**2) / (2 * s**2)) / (s * sp.sqrt(2 * sp.pi))
    score = sp.log(s * sp.sqrt(2 * sp.pi)) + t**2 / (2 * s**2)
    return Evidence(
        "The slope gives the exponential of a quadratic; the moments give its coefficients.",
        derivations=[proofs.gaussian_law(), proofs.gaussian_width()],
        checks=[
            Check("its entropy is ½ log(2πe s²)", _integral(density * score, t, gauss)),
            Check(
                "a uniform density of the same variance has less", (gauss - sp.log(2 * sp.sqrt(3) * s)).simplify() > 0
            ),
            Check("a Laplace density has less", (gauss - sp.log(2 * sp.E * s / sp.sqrt(2))).simplify() > 0),
        ],
        argument="$-\\log g$ is a quadratic in $x$, so that $-\\int p \\log g$ is the same for every $p$ with these "
        "moments, namely $H(g)$. By the tangent of the logarithm $H(p) \\le -\\int p \\log g$, hence $H(p) \\le H(g)$.",
        cite="jaynes1957",
    )


def _integral(expr: sp.Expr, t: sp.Symbol, value: sp.Expr) -> bool:
    return sp.simplify(sp.expand_log(sp.integrate(expr, (t, -sp.oo, sp.oo)) - value, force=True)) == 0
