r"""From entropy to softmax, line by line: bounds, Jaynes' die, the conditional model, its dual, a flawed derivation.

The conditional model is worked out for a finite problem whose numbers are all symbols: 2 inputs, 3 classes, 2 features.
:math:`P(y\,|\,x)` is the model, :math:`\tilde P` the data's shares, :math:`f_j(x, y)` a feature, :math:`\tilde F_j` its
mean in the data, :math:`w_j` its multiplier, :math:`s(x, y) = \sum_j w_j f_j(x, y)` the score, :math:`Z(x)` the sum of
:math:`e^{s(x, y)}` over the classes, and :math:`\mu_x` the multiplier of :math:`\sum_y P(y\,|\,x) = 1`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import combinations

import sympy as sp
from sympy import Eq, KroneckerDelta, exp, log

from ..catalogue import get, x
from ._equal import compare
from .derivation import Derivation

__all__ = [
    "CLASSES",
    "FEATURES",
    "INPUTS",
    "NUMBERS",
    "Line",
    "Trail",
    "above_the_logarithm",
    "class_blind",
    "column_model",
    "column_slope",
    "column_solution",
    "column_trail",
    "curvature",
    "die_law",
    "die_polynomial",
    "dual_value",
    "equal_shares",
    "gaussian_law",
    "gaussian_width",
    "jensen_gap",
    "jensen_term",
    "joint_entropy",
    "lagrangian",
    "likelihood",
    "model",
    "multiplier",
    "multipliers",
    "probability",
    "r",
    "score",
    "slope",
    "stationary",
    "two_classes",
    "uniform_slope",
    "vacuous",
]

INPUTS, CLASSES, FEATURES = (1, 2), (1, 2, 3), (1, 2)

n, r = sp.symbols("n r", positive=True)
mu, lam = sp.symbols("mu lambda", real=True)
_L = sp.Function("L", real=True)


def _outcomes(count: int) -> list[sp.Symbol]:
    if count < 2:
        raise ValueError(f"entropy: at least 2 outcomes are needed, got {count}")
    return list(sp.symbols(f"p_1:{count + 1}", positive=True))


def _entropy(p: list[sp.Expr]) -> sp.Expr:
    return -sp.Add(*(q * log(q) for q in p))


def _slope_of(lagrangian: sp.Expr, symbol: sp.Symbol) -> Derivation:
    """A derivation that starts from the slope of L, which stands for the whole Lagrangian."""
    return Derivation(sp.Derivative(_L(symbol), symbol), where={_L: sp.Lambda(symbol, lagrangian)})


# --- bounds of the entropy --------------------------------------------------------------------------------------------


@cache
def uniform_slope(count: int = 6, outcome: int = 1) -> Derivation:
    """The slope of H + μ(Σp − 1) in one of ``count`` probabilities: the same function of each."""
    p = _outcomes(count)
    one = p[outcome - 1]
    return _slope_of(_entropy(p) + mu * (sp.Add(*p) - 1), one).then(
        -log(one) - 1 + mu, because="the other terms do not contain it"
    )


@cache
def equal_shares() -> Derivation:
    """n equal probabilities that add up to 1, for any n: the slope 0 makes each of them e^(μ − 1)."""
    p = sp.Symbol("p", positive=True)
    each = Derivation(Eq(0, uniform_slope(2).last.subs(_outcomes(2)[0], p), evaluate=False)).solve_for(p)
    return (
        Derivation(Eq(n * p, 1, evaluate=False), given=(each.last,))
        .use(each.last, because="slope 0: each is the same number")
        .both_sides(lambda side: side / n, because="divide by n")
    )


@cache
def above_the_logarithm() -> Derivation:
    """The gap between the tangent of log at m and log itself, at t = m·e^u: a function of u alone."""
    m, u = sp.Symbol("m", positive=True), sp.Symbol("u", real=True)
    tangent = sp.Lambda(x, log(m) + (x - m) / m)
    return Derivation(tangent(m * exp(u)) - log(m * exp(u))).then(exp(u) - 1 - u, because="m cancels")


@cache
def jensen_term() -> Derivation:
    """What one outcome adds to log n − H, for any n: p times the tangent's gap at t = 1/p, the tangent being at n."""
    p = sp.Symbol("p", positive=True)
    gap = log(n) + (1 / p - n) / n - log(1 / p)
    return Derivation(p * gap).then(p * log(n) + 1 / n - p + p * log(p), because="multiply out")


@cache
def jensen_gap(count: int) -> Derivation:
    """The terms of ``count`` outcomes added up: log n − H."""
    p, size = _outcomes(count), sp.Integer(count)
    total = Eq(sp.Add(*p), 1, evaluate=False)
    gaps = sp.Add(*(q * (log(size) + (1 / q - size) / size - log(1 / q)) for q in p))
    return (
        Derivation(gaps, given=(total,))
        .then(sp.Add(*p) * (log(size) - 1) + 1 - _entropy(p), because="multiply out")
        .use(total, because="the probabilities add up to 1")
    )


# --- Jaynes' die ------------------------------------------------------------------------------------------------------


@cache
def die_law(face: int = 2, faces: int = 6) -> Derivation:
    """The probability of one face when the mean is fixed: its logarithm is affine in the number of pips."""
    p, m = _outcomes(faces), sp.Symbol("m", positive=True)
    mean = sp.Add(*(pips * q for pips, q in enumerate(p, 1)))
    one = p[face - 1]
    slope = _slope_of(_entropy(p) + mu * (sp.Add(*p) - 1) + lam * (mean - m), one).then(
        -log(one) - 1 + mu + face * lam, because="the other terms do not contain it"
    )
    return (
        Derivation(Eq(0, slope.last, evaluate=False))
        .solve_for(one)
        .then(exp(mu - 1) * exp(lam) ** face, because="a constant times a power")
    )


@cache
def die_polynomial(mean: sp.Rational, faces: int = 6) -> Derivation:
    r"""The condition on :math:`r = e^\lambda` that gives the die its mean, as a polynomial equation.

    Its coefficients change sign once, so that it has one positive root (Descartes).
    """
    pips = range(1, faces + 1)
    powers = sp.Add(*(r**k for k in pips))
    weighted = sp.Add(*(k * r**k for k in pips))
    polynomial = sp.Add(*((k - mean) * r ** (k - 1) for k in pips))
    return (
        Derivation(Eq(0, weighted / powers - sp.Rational(mean), evaluate=False))
        .then(r * polynomial / powers, because="one fraction")
        .both_sides(lambda side: side * powers / r, because="times the sum, over r")
    )


# --- the conditional model --------------------------------------------------------------------------------------------


def probability(i: object, y: object) -> sp.Symbol:
    """P(y|x) of the finite problem, as a symbol."""
    return sp.Symbol(rf"P({y}\,|\,{i})", positive=True)


def _share(i: int) -> sp.Symbol:
    return sp.Symbol(rf"\tilde P({i})", positive=True)


def _feature(j: int, i: int, y: int) -> sp.Symbol:
    return sp.Symbol(f"f_{{{j}}}({i},{y})", real=True)


def _target(j: int) -> sp.Symbol:
    return sp.Symbol(rf"\tilde F_{{{j}}}", real=True)


def _weight(j: int) -> sp.Symbol:
    return sp.Symbol(f"w_{j}", real=True)


def _mu(i: int) -> sp.Symbol:
    return sp.Symbol(f"mu_{i}", real=True)


def _weighted(i: int, y: int) -> sp.Expr:
    return sp.Add(*(_weight(j) * _feature(j, i, y) for j in FEATURES))


def _score(i: int, y: int) -> sp.Symbol:
    return sp.Symbol(f"s{{({i},{y})}}", real=True)


def _normaliser(i: int) -> sp.Symbol:
    return sp.Symbol(f"Z{{({i})}}", positive=True)


def _conditional_entropy() -> sp.Expr:
    return sp.Add(*(_share(i) * _entropy([probability(i, y) for y in CLASSES]) for i in INPUTS))


def _surplus(j: int) -> sp.Expr:
    """How far the model's mean of feature j is above the data's."""
    mean = sp.Add(*(_share(i) * probability(i, y) * _feature(j, i, y) for i in INPUTS for y in CLASSES))
    return mean - _target(j)


def _excess(i: int) -> sp.Expr:
    """How far the probabilities at input i are above adding up to 1."""
    return sp.Add(*(probability(i, y) for y in CLASSES)) - 1


def lagrangian() -> sp.Expr:
    r"""Conditional entropy, plus w times each feature's surplus, plus one multiplier μ an input for the normalisation.

    .. math:: H(P) + \sum_j w_j\,(E_P f_j - \tilde F_j) + \sum_x \mu_x \Bigl(\sum_y P(y|x) - 1\Bigr)

    >>> lagrangian().has(_mu(1), _mu(2))
    True
    """
    features = sp.Add(*(_weight(j) * _surplus(j) for j in FEATURES))
    return _conditional_entropy() + features + sp.Add(*(_mu(i) * _excess(i) for i in INPUTS))


def multipliers() -> list[sp.Symbol]:
    """All multipliers of the finite problem: one a feature, then one an input."""
    return [*map(_weight, FEATURES), *map(_mu, INPUTS)]


@cache
def slope(i: int = 1, y: int = 2) -> Derivation:
    """The slope of the Lagrangian in P(y|x): one term of each sum is left."""
    p = probability(i, y)
    return _slope_of(lagrangian(), p).then(
        _share(i) * (_weighted(i, y) - log(p) - 1) + _mu(i), because="the other terms do not contain it"
    )


@cache
def stationary(i: int = 1, y: int = 2) -> Derivation:
    """The probability at which the slope is 0."""
    p, score = probability(i, y), Eq(_weighted(i, y), _score(i, y), evaluate=False)
    return (
        Derivation(Eq(0, slope(i, y).last, evaluate=False), given=(score,))
        .use(score, because="name the score")
        .solve_for(p)
        .then(exp(_score(i, y) - 1 + _mu(i) / _share(i)), because="sort the exponent")
    )


@cache
def multiplier(i: int = 1) -> Derivation:
    """The multiplier of one input: what makes its probabilities add up to 1."""
    shift = _mu(i) / _share(i) - 1
    powers = sp.Add(*(exp(_score(i, y)) for y in CLASSES))
    normaliser = Eq(powers, _normaliser(i), evaluate=False)
    total = sp.Add(*(stationary(i, y).last.rhs for y in CLASSES))
    return (
        Derivation(Eq(1, total, evaluate=False), given=(normaliser,))
        .then(Eq(1, powers * exp(shift), evaluate=False), because="take out the common factor")
        .use(normaliser, because="call the sum Z")
        .both_sides(log, because="take logarithms")
        .then(Eq(0, log(_normaliser(i)) + shift, evaluate=False), because="the logarithm of a product")
        .solve_for(_mu(i))
    )


@cache
def model(i: int = 1, y: int = 2) -> Derivation:
    """The solution: the exponential of the score over the sum of all such exponentials at this input."""
    return Derivation(stationary(i, y).last).use(multiplier(i), because="the multiplier that normalises")


@cache
def joint_entropy(i: int = 1) -> Derivation:
    """What one input adds to the entropy of x and y together: a part without the model, and the conditional part."""
    q, p = _share(i), [probability(i, y) for y in CLASSES]
    total = Eq(sp.Add(*p), 1, evaluate=False)
    return (
        Derivation(_entropy([q * one for one in p]), given=(total,))
        .then(-q * log(q) * sp.Add(*p) + q * _entropy(p), because="the logarithm of a product")
        .use(total, because="the probabilities add up to 1")
    )


# --- the dual ---------------------------------------------------------------------------------------------------------


def _scores(classes: int) -> list[sp.Symbol]:
    return list(sp.symbols(f"s_1:{classes + 1}", real=True))


@cache
def dual_value(classes: int = 3) -> Derivation:
    """What one input adds to the Lagrangian at the solution: entropy plus mean score is log Z, for any scores."""
    p, s, z = _outcomes(classes), _scores(classes), sp.Symbol("Z", positive=True)
    total = Eq(sp.Add(*p), 1, evaluate=False)
    logs = [Eq(log(q), one - log(z), evaluate=False) for q, one in zip(p, s, strict=True)]
    chain = Derivation(sp.Add(*(q * (one - log(q)) for q, one in zip(p, s, strict=True))), given=(total, *logs))
    for equation in logs:
        chain = chain.use(equation, because="here $\\log p = s - \\log Z$, and $s$ cancels")
    return chain.then(sp.Add(*p) * log(z), because="collect").use(total, because="the probabilities add up to 1")


@cache
def likelihood(classes: int = 3) -> Derivation:
    r"""The mean log-likelihood of the examples at one input: the mean score less log Z, whatever the shares t are."""
    s, z = _scores(classes), sp.Symbol("Z", positive=True)
    t = sp.symbols(f"t_1:{classes + 1}", nonnegative=True)
    total = Eq(sp.Add(*t), 1, evaluate=False)
    pairs = list(zip(t, s, strict=True))
    return (
        Derivation(sp.Add(*(share * log(exp(one) / z) for share, one in pairs)), given=(total,))
        .then(sp.Add(*(share * one for share, one in pairs)) - sp.Add(*t) * log(z), because="logarithm of a quotient")
        .use(total, because="the shares add up to 1")
    )


@cache
def curvature(classes: int = 3) -> Derivation:
    """The second slope of log Z along any line in the space of multipliers: a sum of squares, so never negative."""
    t = sp.Symbol("t", real=True)
    a, b = (sp.symbols(f"{name}_1:{classes + 1}", real=True) for name in "ab")
    e = [exp(start + t * step) for start, step in zip(a, b, strict=True)]
    z = sp.Add(*e)
    squares = sp.Add(*(e[i] * e[j] * (b[i] - b[j]) ** 2 for i, j in combinations(range(classes), 2)))
    return Derivation(sp.Derivative(log(z), (t, 2))).then(squares / z**2, because="differentiate twice, pair the terms")


# --- features ---------------------------------------------------------------------------------------------------------

_measures = sp.symbols("x_1 x_2", real=True)


@cache
def score(y: int = 2) -> Derivation:
    """The score of class y from the features x_k·1[class is c]: the weights of the other classes drop out."""
    c, s = sp.Symbol("c", integer=True), sp.Function("s", real=True)
    pairs = [(k, at) for k in FEATURES for at in CLASSES]
    f = {pair: sp.Function("f_{{{}{}}}".format(*pair)) for pair in pairs}
    w = {pair: sp.Symbol("w_{{{}{}}}".format(*pair), real=True) for pair in pairs}
    meaning = {s: sp.Lambda(c, sp.Add(*(w[pair] * f[pair](c) for pair in pairs)))}
    meaning |= {f[k, at]: sp.Lambda(c, _measures[k - 1] * KroneckerDelta(c, at)) for k, at in pairs}
    return (
        Derivation(s(y), where=meaning)
        .then(meaning[s](y), because="the weighted sum of the features")
        .then(sp.Add(*(w[k, y] * _measures[k - 1] for k in FEATURES)), because=f"the indicator is 0 unless $c = {y}$")
    )


@cache
def class_blind() -> Derivation:
    """The model when no feature looks at the class, for any number K of classes: the common factor cancels."""
    classes, y = sp.symbols("K y", integer=True, positive=True)
    w = sp.Symbol("w", real=True)
    return Derivation(exp(w * x) / sp.Sum(exp(w * x), (y, 1, classes))).then(
        1 / classes, because="all K terms of the sum are the same"
    )


@cache
def vacuous() -> Derivation:
    """The model's mean of the feature f(x, y) = x at one input: x, whatever the probabilities are."""
    p = [probability(1, y) for y in CLASSES]
    total = Eq(sp.Add(*p), 1, evaluate=False)
    return (
        Derivation(sp.Add(*(q * x for q in p)), given=(total,))
        .then(sp.Add(*p) * x, because="x is the same for each class")
        .use(total, because="the probabilities add up to 1")
    )


@cache
def two_classes() -> Derivation:
    """With two classes the model is the sigmoid of the difference of the scores."""
    sigma = sp.Function("sigma", real=True)
    first, second = sp.symbols("s_0 s_1", real=True)
    return (
        Derivation(exp(second) / (exp(first) + exp(second)), where={sigma: sp.Lambda(x, get("sigmoid").expr)})
        .then(1 / (1 + exp(-(second - first))), because="divide above and below by $e^{s_1}$")
        .then(sigma(second - first), because="the sigmoid")
    )


# --- the Gaussian -----------------------------------------------------------------------------------------------------


@cache
def gaussian_law() -> Derivation:
    """The density at one point when the first two moments are fixed: its logarithm is a quadratic in x."""
    p = sp.Symbol("p", positive=True)
    a, b = sp.symbols("a b", real=True)
    slope = _slope_of(-p * log(p) + mu * p + a * x * p + b * x**2 * p, p).then(
        -log(p) - 1 + mu + a * x + b * x**2, because="the density at other points does not enter"
    )
    return Derivation(Eq(0, slope.last, evaluate=False)).solve_for(p)


@cache
def gaussian_width() -> Derivation:
    r"""The multiplier of :math:`x^2` that gives mean 0 and standard deviation s: :math:`-1/(2s^2)`."""
    b, s = sp.symbols("b s", positive=True)
    line = (x, -sp.oo, sp.oo)
    variance = sp.Integral(x**2 * exp(-b * x**2), line) / sp.Integral(exp(-b * x**2), line)
    return (
        Derivation(Eq(variance, s**2, evaluate=False))
        .then(Eq(1 / (2 * b), s**2, evaluate=False), because="both integrals are known")
        .solve_for(b)
    )


# --- a flawed derivation, line by line --------------------------------------------------------------------------------

_w0 = sp.Symbol("w_0", real=True)


@dataclass(frozen=True)
class _Setting:
    """One input and one class to write a line for: numbers, to be checked, or letters, to be shown."""

    x: object
    y: object

    def over_all(self, term: Callable[[object, object], sp.Expr]) -> sp.Expr:
        if isinstance(self.x, str):
            return sp.Sum(term("x", "y"), (sp.Symbol("x"), 1, sp.Symbol("n")), (sp.Symbol("y"), 1, sp.Symbol("K")))
        return sp.Add(*(term(i, y) for i in INPUTS for y in CLASSES))

    def over_classes(self, term: Callable[[object, object], sp.Expr]) -> sp.Expr:
        if isinstance(self.x, str):
            return sp.Sum(term("x", "y"), (sp.Symbol("y"), 1, sp.Symbol("K")))
        return sp.Add(*(term(self.x, y) for y in CLASSES))


NUMBERS, LETTERS = _Setting(1, 2), _Setting("x", "y")

Side = Callable[[_Setting], sp.Expr]


def _column_bracket(i: object, y: object) -> sp.Expr:
    """What the column's derivative holds in brackets."""
    return log(probability(i, y)) + 1 - _w0 + _weighted(i, y)


def _column_power(i: object, y: object) -> sp.Expr:
    """The column's probability before it is normalised, with the plus sign that has slipped in."""
    return exp(_weighted(i, y) + _w0 - 1)


def _column_slope(at: _Setting) -> sp.Expr:
    return _share(at.x) * (log(probability(at.x, at.y)) + 1 + _weighted(at.x, at.y)) - _w0


def _column_solution(at: _Setting) -> sp.Expr:
    return exp(-_weighted(at.x, at.y) + _w0 - 1)


def _softmax_of_scores(at: _Setting, sign: int) -> sp.Expr:
    return exp(sign * _weighted(at.x, at.y)) / at.over_classes(lambda i, y: exp(sign * _weighted(i, y)))


@dataclass(frozen=True)
class Line:
    """One line of a derivation as it was printed, beside what follows from the line before it."""

    row: str
    what: str
    printed: Side
    follows: Side

    @cached_property
    def agrees(self) -> bool:
        """Whether the two are equal, shown by SymPy. Raises ArithmeticError when that is not decided."""
        verdict = compare(self.printed(NUMBERS), self.follows(NUMBERS))
        if not (verdict.rung or verdict.counterexample):
            raise ArithmeticError(f"{self.row}: not decided whether the printed line follows")
        return verdict.rung is not None


@dataclass(frozen=True)
class Trail:
    """Lines of a derivation with their verdicts, displayed as Markdown."""

    lines: tuple[Line, ...]

    def _repr_markdown_(self) -> str:
        return "\n\n".join(map(_in_markdown, self.lines))

    def __repr__(self) -> str:
        return "\n".join(f"{line.row} {WORDS[line.agrees]}" for line in self.lines)


WORDS = {True: "✓ follows", False: "✗ does not follow", "printed": "printed:", "instead": "what follows:"}
"""Every word of a trail that is not a line's own."""


def _in_markdown(line: Line) -> str:
    rows = [(WORDS["printed"], line.printed)] + [(WORDS["instead"], line.follows)] * (not line.agrees)
    body = r" \\[0.4em] ".join(rf"& \text{{{word}}} \\ & \quad {sp.latex(side(LETTERS))}" for word, side in rows)
    return f"**{line.row}, {line.what}** {WORDS[line.agrees]}\n\n$$\\begin{{aligned}} {body} \\end{{aligned}}$$"


@cache
def column_trail() -> Trail:
    r"""The derivation of a popular column: each printed line, and what follows from the line before it.

    The column seeks the least :math:`-H(P) - w_0(\sum_y P - 1) - \sum_j w_j(\tilde F_j - E_P f_j)`, whose multipliers
    are ours with the opposite sign.
    """
    return Trail(
        (
            Line(
                "S4.9",
                "the derivative",
                lambda at: at.over_all(lambda i, y: _share(i) * _column_bracket(i, y)),
                _column_slope,
            ),
            Line("S4.10", "where it is 0", lambda at: _column_power(at.x, at.y), _column_solution),
            Line(
                "S4.11",
                "the sum over the classes",
                lambda at: at.over_classes(lambda i, y: exp(_weighted(i, y))) / exp(1 - _w0),
                lambda at: at.over_classes(_column_power),
            ),
            Line(
                "S4.12",
                "the result",
                lambda at: _softmax_of_scores(at, -1),
                lambda at: _softmax_of_scores(at, 1),
            ),
        )
    )


@cache
def column_slope() -> Derivation:
    """The slope of the column's own Lagrangian: no sum is left, and the share does not multiply w₀."""
    p = probability(NUMBERS.x, NUMBERS.y)
    features = sp.Add(*(_weight(j) * -_surplus(j) for j in FEATURES))
    normalised = sp.Add(*(_w0 * _excess(i) for i in INPUTS))
    return _slope_of(-_conditional_entropy() - normalised - features, p).then(
        _column_slope(NUMBERS), because="the other terms do not contain it"
    )


@cache
def column_solution() -> Derivation:
    """Where the column's bracket is 0: the score enters with a minus sign."""
    bracket = Eq(0, _column_bracket(NUMBERS.x, NUMBERS.y), evaluate=False)
    return Derivation(bracket).solve_for(probability(NUMBERS.x, NUMBERS.y))


@cache
def column_model() -> Derivation:
    """The column's solution normalised: softmax of minus the scores, which is what it prints in the end."""
    solution = column_solution().last.rhs
    total = sp.Add(*(solution.subs(_at_class(y), simultaneous=True) for y in CLASSES))
    return Derivation(solution / total).then(_softmax_of_scores(NUMBERS, -1), because="$e^{w_0 - 1}$ cancels")


def _at_class(y: int) -> dict[sp.Symbol, sp.Symbol]:
    return {_feature(j, NUMBERS.x, NUMBERS.y): _feature(j, NUMBERS.x, y) for j in FEATURES}
