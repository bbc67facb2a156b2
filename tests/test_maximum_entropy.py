"""Maximum entropy: the derivations break with a sign, and the numbers agree with solvers that we did not write."""

import inspect
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from activations.experiments import maximum_entropy as models
from activations.explore import Control, explore
from activations.proofs import ProofError
from activations.proofs import maximum_entropy as proofs
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp
from scipy.optimize import minimize

DERIVATIONS = {
    "above_the_logarithm": (),
    "class_blind": (),
    "column_model": (),
    "column_slope": (),
    "column_solution": (),
    "curvature": (3,),
    "die_law": (5,),
    "die_polynomial": (sp.Rational(9, 2),),
    "dual_value": (3,),
    "equal_shares": (),
    "gaussian_law": (),
    "gaussian_width": (),
    "jensen_gap": (3,),
    "jensen_term": (),
    "joint_entropy": (2,),
    "likelihood": (3,),
    "model": (2, 3),
    "multiplier": (2,),
    "score": (1,),
    "slope": (2, 1),
    "stationary": (2, 1),
    "two_classes": (),
    "uniform_slope": (),
    "vacuous": (),
}


def test_every_derivation_is_tried_here():
    functions = {name for name in proofs.__all__ if inspect.isfunction(inspect.unwrap(getattr(proofs, name)))}
    assert functions - {"column_trail", "lagrangian", "multipliers", "probability"} == set(DERIVATIONS)


@pytest.mark.parametrize("name", DERIVATIONS)
def test_a_derivation_holds_and_argues_nothing(name):
    derivation = getattr(proofs, name)(*DERIVATIONS[name])
    assert derivation.steps and not derivation.argued


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("above_the_logarithm", "exp(u) - 1 - u", "exp(u) - 1 + u"),
        ("uniform_slope", "-log(one) - 1 + mu", "-log(one) + 1 + mu"),
        ("jensen_term", "- p + p * log(p)", "+ p + p * log(p)"),
        ("jensen_gap", "+ 1 - _entropy(p)", "+ 1 + _entropy(p)"),
        ("die_law", "exp(mu - 1) * exp(lam) ** face", "exp(mu - 1) * exp(-lam) ** face"),
        ("die_polynomial", "(k - mean)", "(k + mean)"),
        ("slope", "- log(p) - 1", "+ log(p) - 1"),
        ("stationary", "_mu(i) / _share(i)),", "-_mu(i) / _share(i)),"),
        ("multiplier", "log(_normaliser(i)) + shift", "log(_normaliser(i)) - shift"),
        ("joint_entropy", "-q * log(q)", "q * log(q)"),
        ("dual_value", "sp.Add(*p) * log(z)", "-sp.Add(*p) * log(z)"),
        ("likelihood", "- sp.Add(*t) * log(z)", "+ sp.Add(*t) * log(z)"),
        ("curvature", "(b[i] - b[j])", "(b[i] + b[j])"),
        ("score", "w[k, y] * _measures", "-w[k, y] * _measures"),
        ("two_classes", "exp(-(second - first))", "exp(second - first)"),
        ("gaussian_law", "-log(p) - 1 + mu", "log(p) - 1 + mu"),
        ("column_slope", "_column_slope(NUMBERS)", "-_column_slope(NUMBERS)"),
        ("column_model", "_softmax_of_scores(NUMBERS, -1)", "_softmax_of_scores(NUMBERS, 1)"),
    ],
)
def test_a_sign_turned_in_a_derivation_breaks_it(name, right, wrong):
    source = inspect.getsource(inspect.unwrap(getattr(proofs, name)))
    assert source.count(right) == 1
    scope = dict(vars(proofs))
    exec(source.replace(right, wrong), scope)
    with pytest.raises(ProofError, match="is false"):
        scope[name](*DERIVATIONS[name])


@pytest.mark.parametrize("term", ["_weight(j) * _surplus(j)", "_conditional_entropy()", "_mu(i) * _excess(i)"])
def test_a_sign_turned_in_the_lagrangian_breaks_the_slope(term, monkeypatch):
    source = inspect.getsource(proofs.lagrangian).replace(f"{term}", f"-{term}")
    scope = dict(vars(proofs))
    exec(source, scope)
    monkeypatch.setattr(proofs, "lagrangian", scope["lagrangian"])
    with pytest.raises(ProofError, match="is false"):
        inspect.unwrap(proofs.slope)()


def test_the_model_is_softmax_of_the_scores():
    """The form, with the definitions of score and normaliser put back, is the softmax that torch and NumPy compute."""
    at = {symbol: sp.Rational(k, 7) for k, symbol in enumerate(sorted(proofs.lagrangian().free_symbols, key=str))}
    scores = [float(proofs._weighted(1, y).subs(at)) for y in proofs.CLASSES]
    named = {proofs._score(1, y): score for y, score in zip(proofs.CLASSES, scores, strict=True)}
    named[proofs._normaliser(1)] = sum(map(np.exp, scores))
    found = [float(proofs.model(1, y).last.rhs.subs(named)) for y in proofs.CLASSES]
    assert np.allclose(found, np.exp(scores) / np.exp(scores).sum(), rtol=1e-14)


def test_the_column_slips_where_we_say():
    lines = proofs.column_trail().lines
    assert [(line.row, line.agrees) for line in lines] == [
        ("S4.9", False),
        ("S4.10", False),
        ("S4.11", True),
        ("S4.12", False),
    ]
    assert proofs.column_slope().last == lines[0].follows(proofs.NUMBERS)
    assert proofs.column_solution().last.rhs == lines[1].follows(proofs.NUMBERS)
    assert proofs.column_model().last == lines[3].printed(proofs.NUMBERS)


def test_the_trail_shows_what_follows_only_where_the_print_does_not():
    trail = proofs.column_trail()
    shown = trail._repr_markdown_()
    assert shown.count("what follows:") == 3 and shown.count("printed:") == 4
    assert repr(trail).splitlines()[2] == "S4.11 ✓ follows"


def test_one_outcome_has_no_choice():
    with pytest.raises(ValueError, match="at least 2 outcomes are needed, got 1"):
        proofs.jensen_gap(1)


# --- entropy ----------------------------------------------------------------------------------------------------------

weights = st.lists(st.floats(0, 1), min_size=2, max_size=8).filter(lambda w: sum(w) > 0.1)


@given(weights)
def test_entropy_keeps_its_bounds(w):
    p = np.array(w) / np.sum(w)
    assert 0 <= models.entropy(p) <= np.log(len(p)) + 1e-12


@pytest.mark.parametrize("p", [[0.5, 0.6], [1.5, -0.5], [[0.5, 0.5], [0.5, 0.4]]])
def test_entropy_refuses_what_is_no_distribution(p):
    with pytest.raises(ValueError, match="p must be non-negative and add up to 1"):
        models.entropy(p)


def test_the_number_of_ways_nears_the_entropy():
    p = np.array([0.5, 0.3, 0.2])
    gaps = [models.entropy(p) - models.log_ways(rolls * p) / rolls for rolls in (10, 1000, 100_000)]
    assert gaps[0] > gaps[1] > gaps[2] > 0
    assert gaps[2] < 1e-3


# --- the die ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mean", ["1.05", "2", "3.5", "4.5", "5.9"])
def test_the_die_agrees_to_12_digits_with_mpmaths_root_finder(mean):
    with mp.workdps(40):
        m, pips = mp.mpf(float(mean)), range(1, 7)
        powers = lambda t: [mp.exp(t * k) for k in pips]  # noqa: E731
        surplus = lambda t: sum(k * w for k, w in zip(pips, powers(t), strict=True)) / sum(powers(t)) - m  # noqa: E731
        multiplier = mp.findroot(surplus, (-9, 10), solver="anderson", maxsteps=200)
        exact = [float(w / sum(powers(multiplier))) for w in powers(multiplier)]
    for die in (models.die(float(mean)), models.die_by_solver(float(mean))):
        assert np.allclose(die.p, exact, rtol=1e-12, atol=0)
        assert die.multiplier == pytest.approx(float(multiplier), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("mean", [1.0001, 1.01, 5.99, 5.9999])
def test_the_die_has_its_mean_even_near_the_ends(mean):
    assert models.die(mean).p @ range(1, 7) == pytest.approx(mean, rel=1e-14)
    assert np.allclose(models.die(mean).p, models.die_by_solver(mean).p, rtol=1e-8, atol=0)


@given(st.floats(1.01, 7.99), st.integers(0, 2**32 - 1))
def test_no_other_die_with_that_mean_has_more_entropy(mean, seed):
    best = models.die(mean, faces=8)
    assert best.p @ best.faces == pytest.approx(mean, rel=1e-12)
    move = np.random.default_rng(seed).normal(size=8)
    conditions = np.array([np.ones(8), best.faces])
    move -= np.linalg.pinv(conditions) @ (conditions @ move)
    other = best.p + move * 0.9 * np.min(best.p / np.abs(move))
    assert models.entropy(other) <= best.entropy


@pytest.mark.parametrize("mean", [1, 6, 0, 7, np.nan])
@pytest.mark.parametrize("find", [models.die, models.die_by_solver])
def test_a_mean_that_no_open_die_has_is_refused(find, mean):
    with pytest.raises(ValueError, match="mean must be strictly between 1 and 6"):
        find(mean)


def test_the_die_prints_as_a_table():
    lines = repr(models.die(3.5)).splitlines()
    assert lines[:3] == ["mean 3.5", "multiplier 0.000000000000", "entropy 1.791759"]
    assert lines[3:] == [f"{face}  0.166666666667" for face in range(1, 7)]


# --- the solver -------------------------------------------------------------------------------------------------------


def test_the_solver_agrees_with_scipys():
    """SLSQP on the two irises: as many unknowns as it can bear, and another method altogether."""
    data = models.sample("versicolor and virginica")
    conditions, values = models._conditions(data, 0.9 * data.answers + 0.05)
    found = minimize(
        lambda p: p @ np.log(p) / 100,
        np.full(200, 0.5),
        jac=lambda p: (np.log(p) + 1) / 100,
        bounds=[(1e-9, 1)] * 200,
        constraints={"type": "eq", "fun": lambda p: conditions @ p - values, "jac": lambda p: conditions},
        method="SLSQP",
        options={"ftol": 1e-12, "maxiter": 200},
    )
    assert found.success
    assert np.abs(models.conditional_model(data, doubt=0.1).p.ravel() - found.x).max() < 1e-4


@pytest.mark.parametrize("values", [[1, 7], [1, 1]])
def test_conditions_that_no_positive_distribution_meets_are_refused(values):
    with pytest.raises(ValueError, match="the steps did not settle"):
        models.most_entropy([np.ones(6), np.arange(1, 7)], values)


def test_the_model_meets_its_conditions():
    data = models.sample("wine")
    model = models.conditional_model(data)
    assert np.allclose(model.p.sum(1), 1, atol=1e-12) and (model.p > 0).all()
    assert np.allclose(model.p.T @ data.inputs, data.answers.T @ data.inputs, atol=1e-9)


# --- data and likelihood ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["wine", "versicolor and virginica"])
def test_maximum_entropy_is_maximum_likelihood_to_six_digits(name):
    found = models.agreement(name)
    assert not models.separable(found.data)
    assert found.difference < 1e-6 and found.bend < 1e-6
    assert found.multipliers.shape == found.weights.shape == (len(found.data.classes) - 1, 3)


def test_log_odds_that_are_not_affine_show_a_bend():
    found = models.agreement("versicolor and virginica")
    squared = found.p**2 / (found.p**2).sum(1, keepdims=True)
    assert replace(found, p=squared).bend < 1e-9  # twice an affine function is affine
    cubed = np.log(found.p[:, 1] / found.p[:, 0]) ** 3
    odds = np.column_stack([np.ones(100), np.exp(np.clip(cubed, -9, 9))])
    assert replace(found, p=odds / odds.sum(1, keepdims=True)).bend > 1


def test_the_two_would_differ_with_a_penalty():
    """The agreement is no accident of a coarse measure: scikit-learn's default penalty moves the weights."""
    from sklearn.linear_model import LogisticRegression

    found = models.agreement("versicolor and virginica")
    penalised = LogisticRegression().fit(found.data.standardised, found.data.y)
    assert np.abs(penalised.coef_[0] - found.multipliers[0, 1:]).max() > 1


@pytest.mark.parametrize(
    ("name", "separable", "finite"),
    [
        ("wine", False, True),
        ("versicolor and virginica", False, True),
        ("setosa and versicolor", True, False),
        ("three irises", False, False),
    ],
)
def test_which_samples_have_finite_multipliers(name, separable, finite):
    data = models.sample(name)
    assert models.separable(data) is separable
    assert (models.slack(data) > 1e-3) is finite
    if not finite:
        assert models.slack(data) < 1e-9
        with pytest.raises(ValueError, match="did not settle"):
            models.conditional_model(data)


def test_a_triangle_is_exact_and_there_is_none_between_classes_that_a_line_parts():
    around = models.triangle(models.sample("versicolor and virginica"), 1, 0)
    assert around.holds
    assert models.triangle(models.sample("setosa and versicolor"), 0, 1) is None
    turned = models.Triangle(around.corners[::-1], around.point, around.weights)
    assert not turned.holds
    first, second, _ = around.corners
    on_a_side = tuple((a + b) / 2 for a, b in zip(first, second, strict=True))
    halves = (Fraction(1, 2), Fraction(1, 2), Fraction(0))
    assert not models.Triangle(around.corners, on_a_side, halves).holds


def test_unknown_samples_and_doubts_are_refused():
    with pytest.raises(KeyError, match="known are wine"):
        models.sample("beer")
    for doubt in (-0.1, 1, 2):
        with pytest.raises(ValueError, match="doubt must be at least 0 and below 1"):
            models.conditional_model(models.sample("wine"), doubt=doubt)


def test_doubt_keeps_the_multipliers_finite_and_they_settle_only_where_classes_overlap():
    found = models.runaway()
    last, before = found.largest[:, -1], found.largest[:, -2]
    assert (last[:2] - before[:2] < 0.02).all()
    assert (last[2:] - before[2:] > 1).all()
    assert len(repr(found).splitlines()) == 5
    assert "setosa and versicolor" in found.chart().words


# --- pictures ---------------------------------------------------------------------------------------------------------


def test_at_the_likelihoods_weights_the_means_agree_and_minus_the_log_likelihood_is_the_entropy():
    data = models.sample("versicolor and virginica")

    def loss(w):
        return np.logaddexp(0, -(2 * data.y - 1) * (data.standardised @ w)).mean()

    best = minimize(loss, [0, 0], tol=1e-10).x
    plane, means = models.iris_chart(*best)
    wanted, given = (bars.length for bars in means.marks)
    assert np.allclose(wanted, given, atol=1e-5)
    numbers = [float(word.strip(".,").replace("−", "-")) for word in plane.words.split() if word[-2].isdigit()]
    assert numbers[0] == pytest.approx(-numbers[1], abs=1e-3)


def test_a_level_line_has_its_probability():
    data = models.sample("versicolor and virginica")
    weights = np.array([3.0, 2.0])
    line = models._level(data, weights, 0.9)
    drawn = ~np.isnan(line.y)
    score = (np.column_stack([line.x, line.y])[drawn] - data.x.mean(0)) / data.x.std(0) @ weights
    assert drawn.any() and np.allclose(1 / (1 + np.exp(-score)), 0.9)


def test_without_weights_there_is_no_line():
    plane, means = models.iris_chart(0, 0)
    assert means.words == "Model less data: −0.393 and −0.414."
    assert all(np.isnan(mark.y).all() for mark in plane.marks[2:])


def test_the_entropy_is_largest_where_the_wines_meet():
    heat = models.uncertainty_chart().marks[0]
    row, column = np.unravel_index(heat.z.argmax(), heat.z.shape)
    inside = models.sample("wine").x
    assert heat.z.max() > 0.95 * np.log(3)
    assert (inside.min(0) < [heat.x[column], heat.y[row]]).all()
    assert (inside.max(0) > [heat.x[column], heat.y[row]]).all()


@pytest.mark.parametrize(
    ("chart_of", "controls"),
    [
        (models.die_chart, {"mean": Control([m / 10 for m in range(11, 60)])}),
        (models.iris_chart, {name: Control([w / 2 for w in range(17)]) for name in ("length", "width")}),
    ],
)
def test_the_explorables_are_small(chart_of, controls):
    assert len(explore(chart_of, **controls).payload) < 80_000
