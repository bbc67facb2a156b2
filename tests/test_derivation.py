"""The ladder accepts what is true and hard, and refuses what is false and close."""

import pytest
import sympy as sp
from activations.catalogue import get, x
from activations.proofs import Derivation, ProofError
from activations.proofs import _equal as equality
from sympy import E, Eq, MatrixSymbol, Rational, Sum, cos, exp, log, sin, sqrt, tanh

SIGMOID = get("sigmoid").expr
MISH = get("mish").expr
sigma = sp.Function("sigma", real=True)
WHERE = {sigma: sp.Lambda(x, SIGMOID)}
# Mish's slope as its author publishes it.
MISH_SLOPE = (
    exp(x) * (4 * (x + 1) + 4 * exp(2 * x) + exp(3 * x) + exp(x) * (4 * x + 6)) / (2 * exp(x) + exp(2 * x) + 2) ** 2
)
# Machin's formula: true, and out of reach for every rung of the ladder.
MACHIN = 4 * sp.atan(Rational(1, 5)) - sp.atan(Rational(1, 239)), sp.pi / 4


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(MISH.diff(x), MISH_SLOPE, id="Mish's slope"),
        pytest.param(SIGMOID.diff(x), SIGMOID * (1 - SIGMOID), id="sigmoid's slope by itself"),
        pytest.param(SIGMOID.diff(x), exp(x) / (1 + exp(x)) ** 2, id="sigmoid's slope from the right"),
        pytest.param(SIGMOID.diff(x), (1 - tanh(x / 2) ** 2) / 4, id="sigmoid's slope by tanh"),
        pytest.param(tanh(x), 2 * SIGMOID.subs(x, 2 * x) - 1, id="tanh by sigmoid"),
        pytest.param(log(1 + exp(x)) - log(1 + exp(-x)), x, id="softplus minus its mirror image"),
        pytest.param(sin(x) ** 2, (1 - cos(2 * x)) / 2, id="a trigonometric identity"),
        pytest.param(sp.gamma(x + 1), x * sp.gamma(x), id="the gamma function"),
        pytest.param(sqrt(x**2), sp.Abs(x), id="a square root of a square"),
    ],
)
def test_accepts_true_steps_that_are_hard(old, new):
    derivation = Derivation(old).then(new, because="test")
    assert derivation.last == new
    assert not derivation.argued
    assert derivation.steps[0].how in {"identical", *equality.LADDER}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(SIGMOID.diff(x), SIGMOID * (1 + SIGMOID), id="a flipped sign"),
        pytest.param((1 + tanh(x / 2)) / 2, 1 + tanh(x / 2), id="a lost half"),
        pytest.param((1 + tanh(x / 2)) / 2, SIGMOID.subs(x, 2 * x), id="half an argument"),
        pytest.param(sqrt(x**2), x, id="true only for x > 0"),
        pytest.param(MISH.diff(x), MISH_SLOPE.subs(x, x * (1 + sp.Rational(1, 10**12))), id="nearly Mish's slope"),
        pytest.param(get("gelu").expr, get("gelu_tanh").expr, id="two forms of GELU"),
        pytest.param(sin(x), x - x**3 / 6, id="a cut-off series"),
        pytest.param(sp.Max(0, x), x, id="only on one side"),
    ],
)
def test_refuses_false_steps_that_are_close(old, new):
    with pytest.raises(ProofError, match=r"step 1 \(close\) is false: at .*the one is .* and the other"):
        Derivation(old).then(new, because="close")


def test_names_the_step_that_is_false():
    good = Derivation((x + 1) ** 2).then(x**2 + 2 * x + 1, because="expand")
    with pytest.raises(ProofError, match=r"^step 2 \(collect\)"):
        good.then(x * (x + 2) - 1, because="collect")


def test_undecided_steps_are_not_accepted_on_numbers():
    old, new = MACHIN
    with pytest.raises(ProofError, match="undecided.*no proof.*argue"):
        Derivation(old).then(new, because="Machin")


def test_argued_steps_are_marked_and_their_check_is_shown():
    old, new = MACHIN
    derivation = Derivation(old).argue(new, because="tangents add")
    assert len(derivation.argued) == 1
    assert "argued; agrees at 1 points to 30 digits" in derivation._repr_latex_()
    with pytest.raises(ProofError, match="is false"):
        Derivation(old).argue(new + Rational(1, 10**9), because="tangents add")


def test_an_argued_step_needs_one_point_that_can_be_evaluated():
    nowhere = log(-exp(x))  # not a real number at any real x
    with pytest.raises(ProofError, match="no sample point"):
        Derivation(nowhere).argue(2 * nowhere, because="hope")


def test_one_side_of_an_equation_may_be_argued():
    old, new = MACHIN
    equation = Derivation(Eq(x, old, evaluate=False)).argue(new, because="tangents add")
    assert equation.last == Eq(x, new, evaluate=False)
    assert equation.argued


def test_a_step_that_changes_nothing_is_no_argument():
    with pytest.raises(ProofError, match="no sample point"):
        Derivation(x**2).argue(x**2, because="why not")


def test_a_step_that_takes_too_long_says_so_and_is_not_accepted(monkeypatch):
    def forever(expr):
        while True:
            expr = sp.expand(expr)

    monkeypatch.setattr(equality, "LADDER", {"forever": forever})
    with pytest.raises(ProofError, match=r"step 1 \(slow\) takes too long and is not accepted.*forever"):
        Derivation((x + 1) ** 2, seconds=0.2).then(x**2 + 2 * x + 1, because="slow")


@pytest.mark.parametrize("error", [NotImplementedError, sp.PolynomialError, TypeError, AttributeError])
def test_a_rung_that_does_not_apply_passes_the_step_on(monkeypatch, error):
    def unfit(expr):
        raise error

    monkeypatch.setattr(equality, "LADDER", {"unfit": unfit, "expand": sp.expand})
    assert Derivation((x + 1) ** 2).then(x**2 + 2 * x + 1, because="multiply out").steps[0].how == "expand"


@pytest.mark.parametrize("error", [NotImplementedError, TypeError, ValueError, ZeroDivisionError])
def test_what_cannot_be_evaluated_has_no_number(error):
    class Stubborn(sp.Expr):
        def doit(self, **hints):
            raise error

    assert equality._number(Stubborn()) is None


@pytest.mark.parametrize("error", [NotImplementedError, TypeError, ValueError])
def test_what_cannot_be_written_out_has_no_entries(error):
    class Stubborn(MatrixSymbol):
        def subs(self, *old_and_new):
            raise error

    assert equality._value(Stubborn("S", 2, 2), {}) is None


def test_matrices_are_compared_by_shape_and_by_every_entry():
    row, column = sp.Matrix([[1, 2]]), sp.Matrix([1, 2])
    assert equality._close(row, sp.Matrix([[1, 2]]))
    assert not equality._close(row, column) and not equality._close(column, row)
    for other in (sp.Matrix([[1, 3]]), sp.Matrix([[0, 2]])):
        assert not equality._vanishes(row, other, sp.expand) and not equality._vanishes(other, row, sp.expand)


def test_sums_over_a_symbolic_range_can_be_refuted():
    i, k = sp.symbols("i K", integer=True, positive=True)
    z = sp.IndexedBase("z")
    total = Sum(exp(z[i]), (i, 1, k))
    assert Derivation(Sum(exp(z[i] + 1), (i, 1, k))).argue(E * total, because="take the constant out").argued
    with pytest.raises(ProofError, match="is false: at K ="):
        Derivation(Sum(exp(z[i] + 1), (i, 1, k))).argue(2 * total, because="take the constant out")


def test_sample_points_respect_assumptions_at_three_scales():
    p, q, r = sp.Symbol("p", positive=True), sp.Symbol("q", negative=True), sp.Symbol("r", real=True)
    points = list(equality._points(p * q * r, sp.S.Zero))
    assert len(points) == equality.POINTS
    for number, point in enumerate(points):
        scale = equality.SCALES[number % len(equality.SCALES)]
        assert point[q] < 0 < point[p]
        thousandths = [1000 * abs(value) / scale for value in point.values()]
        assert all(size.is_integer and 50 <= size <= 999 for size in thousandths)
    assert {sp.sign(point[r]) for point in points} == {-1, 1}


def test_sizes_differ_so_that_a_transposed_matrix_does_not_fit():
    sizes = sp.symbols("k m n", integer=True, positive=True)
    assert [next(equality._points(sum(sizes), sp.S.Zero))[size] for size in sizes] == [2, 3, 4]


@pytest.mark.parametrize("side", [-1, 1])
def test_points_without_a_real_value_are_passed_over(side):
    assert "the one is" in equality._at_points(log(side * x), 2 * log(side * x))[1]


@pytest.mark.parametrize("size", [0, Rational(1, 10), 1, 10**6])
def test_two_numbers_may_differ_by_rounding_and_by_no_more(size):
    allowed = Rational(1, 10**20) * max(1, size)
    for sign in (-1, 1):
        assert equality._close(size, size + sign * allowed * Rational(9, 10))
        assert not equality._close(size, size + sign * allowed * Rational(11, 10))


def test_slopes_of_unknown_functions_are_unknowns_of_their_own():
    phi, a = sp.Function("phi"), sp.Symbol("a", real=True)
    inner = phi(a * x).diff(x)
    assert Derivation(inner + inner).then(2 * inner, because="collect").last == 2 * inner
    with pytest.raises(ProofError, match="is false"):
        Derivation(inner).then(inner / a, because="a lost inner slope")


@pytest.mark.parametrize("name", ["A", "phi"])  # before and behind "Derivative" in the alphabet
def test_a_slope_is_placed_before_its_function(name):
    f = sp.Function(name)(x)
    with pytest.raises(ProofError, match="is false"):
        Derivation(f + f.diff(x)).then(f, because="a lost slope")


def test_a_function_is_placed_before_its_argument():
    a = sp.Symbol("a", real=True)  # before "phi" in the alphabet
    value = sp.Function("phi")(a)
    with pytest.raises(ProofError, match="is false"):
        Derivation(value + a).then(value + 2 * a, because="twice too much")


def test_matrices_of_symbolic_sizes():
    m, n, k = sp.symbols("m n k", integer=True, positive=True)
    a, b, v = MatrixSymbol("A", m, n), MatrixSymbol("B", n, k), MatrixSymbol("v", k, 1)
    assert Derivation(a * (b * v)).then((a * b) * v, because="associate").last == a * b * v
    with pytest.raises(ProofError, match="is false: at"):
        Derivation(a * (b * v + b * v)).then(a * b * v, because="a lost factor")


def test_matrices_do_not_commute():
    n = sp.Symbol("n", integer=True, positive=True)
    a, b = MatrixSymbol("A", n, n), MatrixSymbol("B", n, n)
    with pytest.raises(ProofError, match="is false: at"):
        Derivation(a * b).then(b * a, because="the other way round")


def test_explicit_matrices_are_compared_entry_by_entry():
    turn = sp.Matrix([[cos(x), -sin(x)], [sin(x), cos(x)]])
    assert Derivation(turn * turn.T).then(sp.eye(2), because="Pythagoras").last == sp.eye(2)
    with pytest.raises(ProofError, match="is false"):
        Derivation(turn * turn).then(sp.eye(2), because="no")


def test_an_equation_changes_by_named_operations_only():
    p = sp.Symbol("p", positive=True)
    odds = Derivation(Eq(log(p / (1 - p)), x, evaluate=False)).both_sides(exp, because="undo").solve_for(p)
    assert sp.simplify(odds.last.rhs - SIGMOID) == 0
    with pytest.raises(ProofError, match="differentiate: it changes an equation"):
        Derivation(x**2).differentiate(x)
    with pytest.raises(ProofError, match="into an equation"):
        Derivation(x**2).then(Eq(x, 1, evaluate=False), because="no")


def test_both_sides_refuses_to_divide_by_what_may_be_zero():
    y = sp.Symbol("y", real=True)
    equation = Derivation(Eq(x * y, x, evaluate=False))
    with pytest.raises(ProofError, match="divides by x, which is not known to be non-zero"):
        equation.both_sides(lambda side: side / x, because="cancel x")
    assert equation.both_sides(lambda side: side / 2, because="halve").last == Eq(x * y / 2, x / 2)


def test_substitute_respects_assumptions():
    positive = sp.Symbol("a", positive=True)
    identity = Derivation(Eq(sqrt(positive**2), positive, evaluate=False))
    with pytest.raises(ProofError, match="a is positive, x is not known to be"):
        identity.substitute({positive: x})
    with pytest.raises(ProofError, match="a is positive, -1 is not"):
        identity.substitute({positive: sp.Integer(-1)})
    assert identity.substitute({positive: exp(x)}).last == Eq(exp(x), exp(x), evaluate=False)


def test_limit_and_its_failure():
    definition = Derivation(Eq(sigma(x), SIGMOID, evaluate=False), where=WHERE)
    assert Derivation(Eq(tanh(x), 2 * SIGMOID.subs(x, 2 * x) - 1, evaluate=False)).limit(x, sp.oo).last == Eq(
        1, 1, evaluate=False
    )
    with pytest.raises(ProofError, match="no limit"):
        Derivation(Eq(sp.Function("f")(x) + sin(x), sin(x), evaluate=False)).limit(x, sp.oo)
    assert definition.differentiate(x).last.lhs == sigma(x).diff(x)


def test_solve_for_needs_one_solution():
    with pytest.raises(ProofError, match="one solution is needed, SymPy found 2"):
        Derivation(Eq(x**2, 4, evaluate=False)).solve_for(x)


@pytest.mark.parametrize(
    ("operation", "arguments", "words"),
    [
        ("differentiate", (x,), "differentiate in $x$"),
        ("substitute", ({x: 2 * x},), r"put $x \to 2 x$"),
        ("solve_for", (x,), "solve for $x$"),
        ("limit", (x, 1), r"let $x \to 1$"),
    ],
)
def test_an_operation_says_what_it_does_unless_told_why(operation, arguments, words):
    start = Derivation(Eq(2 * x, 6, evaluate=False))
    assert getattr(start, operation)(*arguments).steps[0].because == words
    assert getattr(start, operation)(*arguments, because="I say so").steps[0].because == "I say so"


def test_use_replaces_only_what_is_given_or_derived():
    y = sp.Symbol("y", real=True)
    given = Eq(y, x + 1, evaluate=False)
    assert Derivation(2 * y, given=(given,)).use(given, because="hypothesis").last == 2 * (x + 1)
    with pytest.raises(ProofError, match="neither given nor a Derivation"):
        Derivation(2 * y).use(given, because="wishful")
    with pytest.raises(ProofError, match="does not occur"):
        Derivation(2 * x, given=(given,)).use(given, because="hypothesis")
    lemma = Derivation(sin(x) ** 2).then(1 - cos(x) ** 2, because="Pythagoras")
    assert Derivation(3 * sin(x) ** 2).use(lemma, because="lemma").last == 3 * (1 - cos(x) ** 2)


def test_an_argued_lemma_makes_the_step_argued():
    lemma = Derivation(sin(x) ** 2).argue(1 - cos(x) ** 2, because="a picture")
    assert Derivation(3 * sin(x) ** 2).use(lemma, because="lemma").argued


def test_a_wrong_definition_is_refused_at_once():
    with pytest.raises(ProofError, match=r"\(the definition\) is false"):
        Derivation(Eq(sigma(x), 1 / (1 + exp(x)), evaluate=False), where=WHERE)


@pytest.mark.parametrize("start", [3.0, "x", None])
def test_start_must_be_symbolic(start):
    with pytest.raises(TypeError, match="start must be a SymPy"):
        Derivation(start)


def test_a_decided_equation_is_refused():
    with pytest.raises(ValueError, match="evaluate=False"):
        Derivation(Eq(x, x))


def test_displays_as_aligned_latex_and_as_text():
    derivation = Derivation((x + 1) ** 2).then(x**2 + 2 * x + 1, because="multiply out")
    latex = derivation._repr_latex_()
    assert latex.startswith("$$\\begin{aligned}\n")
    assert r"&= x^{2} + 2 x + 1 \\ & \quad {\small \text{multiply out}}" in latex
    assert str(derivation) == "(x + 1)**2\n  = x**2 + 2*x + 1    [multiply out]"
    assert repr(Derivation(x)) == "x"
    assert Derivation(x)._repr_latex_() == "$$x$$"


def test_a_long_left_side_has_a_line_of_its_own():
    long, short = sp.prod(x + i for i in range(1, 9)), x * (x + 1)
    broken = Derivation(long).then(sp.expand(long), because="multiply out")._repr_latex_()
    assert broken.startswith("$$\\begin{aligned}\n& {" + sp.latex(long) + "} \\\\ &= x^{8}")
    kept = Derivation(short).then(sp.expand(short), because="multiply out")._repr_latex_()
    assert kept.startswith("$$\\begin{aligned}\n" + sp.latex(short) + " &= x^{2}")


@pytest.mark.parametrize("turned", [False, True])
def test_a_short_side_stays_beside_a_long_one(turned):
    total = sum(sp.symbols("a1:20"))
    sides = (total, sp.Symbol("s")) if turned else (sp.Symbol("s"), total)
    start = Eq(*sides, evaluate=False)
    shown = Derivation(start).then(start.rhs + 0, because="the same")._repr_latex_()
    assert (r"} \\ &= s" in shown) == turned


def test_an_equation_shows_its_left_side_where_it_changes():
    p = sp.Symbol("p", positive=True)
    start = Eq(log(p), x, evaluate=False)
    shown = str(Derivation(start).then(x + 0, because="the same").both_sides(exp, because="undo"))
    assert shown == "log(p)\n  = x\n  = x    [the same]\np\n  = exp(x)    [undo]"
