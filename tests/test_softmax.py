"""The softmax chapter's derivations and measurements, against numbers, torch, and faults made on purpose."""

import numpy as np
import pytest
import sympy as sp
import torch
from activations import claims, slopes, values
from activations.catalogue import get, x
from activations.experiments import losses
from activations.experiments import softmax as at_work
from activations.experiments._summary import in_words, mean_interval, table
from activations.explore import Control, explore
from activations.proofs import Derivation, ProofError
from activations.proofs import softmax as proofs
from hypothesis import given
from hypothesis import strategies as st
from sympy import Derivative, exp, log

SIZED = ("from_log_odds", "jacobian", "largest_minor", "quadratic_form", "times_ones")
NOT_DERIVATIONS = ("T", "WAIT_CROSS_ENTROPY", "WAIT_SQUARED_ERROR", "a", "score_variance", "sigma")
UNSIZED = [name for name in proofs.__all__ if name not in (*SIZED, *NOT_DERIVATIONS)]
SCORES = st.lists(st.floats(-30, 30), min_size=2, max_size=8).map(np.array)

# --- proofs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", UNSIZED)
def test_a_derivation_holds_and_argues_nothing(name):
    derivation = getattr(proofs, name)()
    assert derivation.steps and not derivation.argued


@pytest.mark.parametrize("size", [2, 3, 4])
@pytest.mark.parametrize("name", SIZED)
def test_a_derivation_holds_at_each_size(name, size):
    derivation = getattr(proofs, name)(size)
    assert derivation.steps and not derivation.argued


def test_the_log_odds_lead_to_the_catalogues_softmax():
    entry = get("softmax")
    assert proofs.from_log_odds(4).last.rhs == entry.of(entry.inputs(4))[-1]


def test_the_derived_jacobian_is_the_packages():
    z = np.array([0.3, -1.2, 2.0])
    p = values.softmax(z)
    derived = sp.lambdify(sp.symbols("p1:4"), _named(proofs.jacobian(3).last), "numpy")(*p)
    assert np.allclose(derived, at_work.jacobian(z), rtol=1e-13)


def _named(matrix: sp.Matrix) -> sp.Matrix:
    """p_{1}(z1, z2, z3) … as plain symbols p1 …"""
    return matrix.applyfunc(
        lambda entry: entry.replace(
            lambda node: isinstance(node, sp.core.function.AppliedUndef),
            lambda node: sp.Symbol("p" + node.func.__name__[3]),
        )
    )


def test_the_quadratic_form_is_that_of_the_jacobian():
    z, v = np.array([0.3, -1.2, 2.0]), np.array([1.0, -2.0, 0.5])
    p = values.softmax(z)
    pairs = sum(p[i] * p[j] * (v[i] - v[j]) ** 2 for i in range(3) for j in range(i))
    assert v @ at_work.jacobian(z) @ v == pytest.approx(pairs, rel=1e-13)
    assert np.linalg.matrix_rank(at_work.jacobian(z)) == 2


def test_the_waits_are_the_times_of_the_slide():
    # Independent of the derivation: the sum of many short stretches, each at its own speed.
    start, stretches = 3.0, 200_000
    logits = -start + (np.arange(stretches) + 0.5) * start / stretches
    p = 1 / (1 + np.exp(-logits))
    for wait, speed in ((proofs.WAIT_CROSS_ENTROPY, 1 - p), (proofs.WAIT_SQUARED_ERROR, p * (1 - p) ** 2)):
        assert float(wait.subs(proofs.a, 3)) == pytest.approx(np.mean(1 / speed) * start, rel=1e-8)


@pytest.mark.parametrize("width", [1, 2, 4, 7])
def test_the_variance_of_a_score_is_the_width(width):
    assert proofs.score_variance(width) == width


P = proofs.own_slope().start.lhs
MEANING = proofs.own_slope().where
S = proofs.sigma(x)
SIGMA = {proofs.sigma: sp.Lambda(x, get("sigmoid").expr)}
Y = sp.Symbol("y", real=True)
ROW, J, N = sp.symbols("i j n", integer=True, positive=True)
Z, C = sp.IndexedBase("z", real=True), sp.Symbol("c", real=True)


@pytest.mark.parametrize(
    ("start", "where", "broken"),
    [
        (Derivative(P, *P.args), MEANING, P * (1 + P)),
        (Derivative(P, *P.args), MEANING, -P * (1 - P)),
        (Derivative(-log(P), *P.args), MEANING, P + 1),
        (Derivative((S - Y) ** 2 / 2, x), SIGMA, (S + Y) * S * (1 - S)),
        (Derivative((S - 1) ** 2 / 2, x, x), SIGMA, S * (1 - S) ** 2 * (1 - 3 * S)),
        (proofs.jacobian(2).start, proofs.jacobian(2).where, -proofs.jacobian(2).last),
        (log(sp.Sum(exp(Z[J] + C), (J, 1, N))), None, log(sp.Sum(exp(Z[J]), (J, 1, N)))),
        (log(sp.Sum(exp(Z[J] + C), (J, 1, N))), None, log(sp.Sum(exp(Z[J]), (J, 1, N))) - C),
        (exp(Z[ROW] + C) / sp.Sum(exp(Z[J] + C), (J, 1, N)), None, exp(Z[ROW]) / sp.Sum(exp(-Z[J]), (J, 1, N))),
    ],
)
def test_a_flipped_sign_is_found(start, where, broken):
    with pytest.raises(ProofError, match="is false"):
        Derivation(start, where=where).then(broken, because="broken on purpose")


# --- what the text says about values ----------------------------------------------------------------------------------


@given(SCORES, st.floats(-100, 100))
def test_softmax_stays_and_log_sum_exp_moves(z, c):
    assert np.allclose(values.softmax(z + c), values.softmax(z), rtol=1e-12)
    moved = torch.logsumexp(torch.from_numpy(z + c), 0) - torch.logsumexp(torch.from_numpy(z), 0)
    assert moved.item() == pytest.approx(c, abs=1e-10)


@given(SCORES)
def test_log_sum_exp_keeps_to_its_bounds(z):
    excess = np.logaddexp.reduce(z) - z.max()
    assert -1e-12 <= excess <= np.log(len(z)) + 1e-12


@given(st.lists(st.floats(0.01, 1), min_size=2, max_size=8))
def test_softmax_of_probabilities_never_has_a_larger_largest(shares):
    p = np.array(shares) / np.sum(shares)
    assert values.softmax(p).max() <= p.max() + 1e-15


@given(SCORES, SCORES)
def test_what_comes_back_adds_up_to_nothing(z, tangent):
    size = min(len(z), len(tangent))
    back = slopes.softmax(z[:size], tangent[:size])
    assert abs(back.sum()) <= 1e-12 * (1 + np.abs(tangent).max())


# --- experiments ------------------------------------------------------------------------------------------------------


def test_the_pulls_are_the_slopes_of_the_losses():
    logit, y = torch.tensor([-2.0, 0.5, 3.0], dtype=torch.float64, requires_grad=True), torch.tensor([1.0, 0.0, 1.0])
    p = torch.sigmoid(logit)
    for name, loss in (
        ("cross-entropy", torch.nn.functional.binary_cross_entropy(p, y.double(), reduction="sum")),
        ("squared error", 2 * ((p - y) ** 2).sum()),
    ):
        (slope,) = torch.autograd.grad(loss, logit, retain_graph=True)
        assert np.allclose(losses.PULLS[name](p.detach().numpy(), y.numpy()), slope.numpy(), rtol=1e-12)


def test_the_pulls_agree_where_the_unit_is_undecided():
    half, y = np.array([0.5, 0.5]), np.array([0.0, 1.0])
    assert np.array_equal(losses.PULLS["cross-entropy"](half, y), losses.PULLS["squared error"](half, y))


def test_recovery_counts_the_steps_that_a_plain_loop_counts():
    found = losses.recovery((2,), seeds=(5, 6), inputs=3, examples=20)
    rng = np.random.default_rng(6)
    inputs, teacher = rng.normal(size=(20, 3)), rng.normal(size=3)
    teacher /= np.linalg.norm(teacher)
    weight, right, steps = -2 * teacher, inputs @ teacher > 0, 0
    while np.mean((inputs @ weight > 0) == right) < 0.9:
        weight = weight - (1 / (1 + np.exp(-inputs @ weight)) - right) @ inputs / 20
        steps += 1
    assert found.steps["cross-entropy"][0, 1] == steps


def test_recovery_falls_behind_under_the_squared_error():
    result = losses.recovery((1, 8))
    _, low, _ = mean_interval(result.slower[1] / result.slower[0])
    assert low > 1
    assert str(result).splitlines()[0].split() == ["start", "cross-entropy", "squared", "error"]
    assert result.chart().words.startswith("Steps that a unit needs")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"starts": (1, -2)}, "starts must be positive"),
        ({"share": 1.5}, "share must be above 0 and at most 1, got 1.5"),
        ({"starts": (8,), "most": 3}, "still wrong after 3 steps"),
    ],
)
def test_recovery_names_what_is_wrong(settings, message):
    with pytest.raises(ValueError, match=message):
        losses.recovery(**settings)


def test_attention_is_pytorchs():
    q, k, v = np.random.default_rng(1).normal(size=(3, 2, 5, 8))
    assert np.allclose(at_work.attention(q, k, v), at_work.library_attention(q, k, v), atol=1e-12)


def test_the_spread_of_one_key_is_certainty():
    result = at_work.spread((3,), range(2), keys=1, queries=2)
    assert np.array_equal(result.largest["plain"], [[1.0, 1.0]])
    assert np.array_equal(result.passed["over √d"], [[0.0, 0.0]])


def test_the_spread_is_that_of_attention():
    result = at_work.spread((4, 9), (3, 8), keys=5, queries=2)
    drawn = np.random.default_rng(8).normal(size=(7, 9))
    weights = at_work.attention(drawn[:2], drawn[2:], np.eye(5))
    assert result.largest["over √d"][1, 1] == pytest.approx(weights.max(axis=1).mean(), rel=1e-12)
    assert result.passed["over √d"][1, 1] == pytest.approx(1 - (weights**2).sum(axis=1).mean(), rel=1e-12)


def test_the_division_matters_beyond_width_one():
    result = at_work.spread((1, 64), range(20))
    assert np.array_equal(result.largest["plain"][0], result.largest["over √d"][0])
    assert np.all(result.largest["plain"][1] > result.largest["over √d"][1])
    assert str(result).startswith("width")
    assert "plain" in result.chart().words


def test_spread_names_what_is_wrong():
    with pytest.raises(ValueError, match="must be 1 or more"):
        at_work.spread((4, 0))


def test_calibration_trains_what_torch_trains():
    result = at_work.calibration((1, 3), seeds=(0, 1), examples=50)
    digits, labels = at_work._digits()
    train = np.random.default_rng(1).permutation(len(labels))[:50]
    inputs, target = torch.from_numpy(digits[train]), torch.from_numpy(labels[train])
    weight = torch.zeros(65, 10, dtype=torch.float64, requires_grad=True)
    for _ in range(3):
        (slope,) = torch.autograd.grad(torch.nn.functional.cross_entropy(inputs @ weight, target), weight)
        weight = (weight - 2.0 * slope).detach().requires_grad_()
    right = ((inputs @ weight).argmax(1) == target).double().mean().item()
    assert result.fitted[1, 1] == right
    held = np.random.default_rng(1).permutation(len(labels))[50:]
    shares = torch.softmax(torch.from_numpy(digits[held]) @ weight, 1)
    assert result.confidence[1, 1] == pytest.approx(shares.max(1).values.mean().item(), rel=1e-12)
    assert "confidence minus accuracy" in result.chart().words
    assert str(result).splitlines()[0].split() == ["steps", "accuracy", "confidence", "excess"]


@pytest.mark.parametrize("stops", [(), (0, 5), (5, 5), (10, 3)])
def test_calibration_names_what_is_wrong(stops):
    with pytest.raises(ValueError, match="stops must be numbers of steps that rise"):
        at_work.calibration(stops)


# --- summaries --------------------------------------------------------------------------------------------------------


def test_the_interval_holds_the_mean_as_often_as_it_says():
    rng = np.random.default_rng(0)
    _, low, high = mean_interval(rng.normal(size=(4000, 20)))
    assert np.mean((low < 0) & (high > 0)) == pytest.approx(0.95, abs=0.015)


def test_one_seed_has_no_interval():
    with pytest.raises(ValueError, match="at least two seeds"):
        mean_interval(np.ones((3, 1)))


def test_tables_line_up():
    assert table(["a", "b"], [[1, in_words(np.array([0.0, 0.0]))]]).splitlines() == ["a         b", "1  0 [0, 0]"]


# --- charts -----------------------------------------------------------------------------------------------------------


def test_the_corners_of_the_simplex_lie_a_side_apart():
    corners = at_work.on_simplex(np.eye(3))
    assert np.allclose([np.linalg.norm(corners[i] - corners[i - 1]) for i in range(3)], 1)


def test_a_shift_leaves_the_point_where_it_is():
    one, other = (at_work.simplex_chart(*scores).marks[-1] for scores in ((1, 0, -1), (2, 1, 0)))
    assert np.allclose([one.x, one.y], [other.x, other.y])


def test_the_charts_say_what_they_show():
    assert at_work.simplex_chart(0, 0, 0).words == "Scores 0, 0, 0 at temperature 1: probabilities 0.33, 0.33, 0.33."
    assert "sparsemax 1.00; sparsemax gives exactly 0 to 4 of 5" in at_work.bars_chart(3).words


@pytest.mark.parametrize("chart_of", [lambda t: at_work.simplex_chart(1, 0, 0, t), lambda t: at_work.bars_chart(1, t)])
@pytest.mark.parametrize("temperature", [0, -1, float("nan")])
def test_a_temperature_is_positive(chart_of, temperature):
    with pytest.raises(ValueError, match="temperature must be positive"):
        chart_of(temperature)


def test_the_explorables_are_light():
    scores, temperatures = Control(range(-2, 3)), Control((0.1, 1, 10))
    simplex = explore(at_work.simplex_chart, first=scores, second=scores, third=scores, temperature=temperatures)
    bars = explore(at_work.bars_chart, lead=[0.5, 1, 3], temperature=temperatures)
    assert max(len(simplex.payload), len(bars.payload)) < 80_000


# --- claims -----------------------------------------------------------------------------------------------------------


def test_the_rows_of_the_sources_are_answered():
    rows = {row for claim in claims.all_claims().values() if claim.subject == "softmax" for row in claim.sources}
    assert rows == {"S0.7", "S0.19", "S0.20"}
