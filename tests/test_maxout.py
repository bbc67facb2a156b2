"""Maxout: derivations, units by formula, counts and runs against torch, SciPy and closed forms, and the claims."""

import numpy as np
import pytest
import sympy as sp
import torch
from activations import claims, modules
from activations.charts import Line
from activations.experiments import beaten as single
from activations.experiments import convex
from activations.experiments import maxout as runs
from activations.experiments.ensemble import Ensemble
from activations.experiments.training import Recipe
from activations.explore import explore
from activations.proofs import Derivation, ProofError, maxout
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

# --- proofs -----------------------------------------------------------------------------------------------------------

DERIVATIONS = [
    *maxout.leaky_as_maxout(),
    maxout.steeper_than_one(),
    maxout.touching(),
    maxout.affine_on_a_mixture(),
    maxout.corner(),
    maxout.unit_times_weight(),
    maxout.weights_pass_through(),
    maxout.mirrored_squares(),
    maxout.equal_width(),
    maxout.parameter_ratio(),
]


@pytest.mark.parametrize("derivation", DERIVATIONS)
def test_a_derivation_holds_and_argues_nothing(derivation):
    assert derivation.steps and not derivation.argued


def test_a_wrong_sign_is_found():
    start = maxout.mirrored_squares()
    u, v = sp.symbols("u v", real=True)
    with pytest.raises(ProofError):
        Derivation(start.start, where=start.where).then(u**2 - v**2, because="wrong")
    slow = maxout.leaky_as_maxout()[1]
    with pytest.raises(ProofError):
        Derivation(slow.start, where=slow.where).then(-slow.last, because="wrong")


@pytest.mark.parametrize("slope", [-1.0, 0.0, 0.3, 1.0])
def test_two_pieces_are_torchs_leaky_relu_up_to_slope_one(slope):
    x = torch.linspace(-3, 3, 25, dtype=torch.float64)
    unit = modules.maxout(torch.stack([slope * x, x], dim=-1))[:, 0]
    assert torch.equal(unit, torch.nn.functional.leaky_relu(x, slope))


def test_a_steeper_leaky_relu_is_another_function():
    x = torch.tensor([-1.0], dtype=torch.float64)
    assert modules.maxout(torch.stack([2 * x, x], dim=-1)).item() != torch.nn.functional.leaky_relu(x, 2.0).item()


# --- what a unit computes ---------------------------------------------------------------------------------------------

numbers = st.floats(-5, 5, allow_nan=False)
lines = st.lists(st.tuples(numbers, numbers), min_size=1, max_size=5)


@given(lines, numbers, numbers, st.floats(0, 1))
def test_a_unit_is_convex(pieces, x, y, t):
    between, left, right = convex.unit(pieces, np.array([(1 - t) * x + t * y, x, y]))
    assert between <= (1 - t) * left + t * right + 1e-9


@given(lines, lines)
def test_merging_adds_values(one, other):
    x = np.linspace(-4, 4, 33)
    both = convex.unit(convex.merged(one, other), x)
    assert len(convex.merged(one, other)) == len(one) * len(other)
    assert both == pytest.approx(convex.unit(one, x) + convex.unit(other, x), abs=1e-9)


@given(st.lists(numbers, min_size=2, max_size=9))
def test_the_pair_runs_along_the_chords_of_any_values(values):
    knots, x = np.arange(len(values)) / 2, np.linspace(0, (len(values) - 1) / 2, 41)
    pair = convex.along_chords(lambda z: np.interp(z, knots, values), knots)
    assert pair(x) == pytest.approx(np.interp(x, knots, values), abs=1e-9)
    assert len(pair.first) + len(pair.second) <= len(values)
    for pieces in (pair.first, pair.second):
        assert np.all(np.diff(pieces[:, 0]) > 0)  # slopes rise: every piece wins somewhere


def test_every_convex_chain_is_the_largest_of_its_pieces():
    # The upper edge of many random lines, cut into the pieces that can be seen, is the maximum of just those.
    rng, x = np.random.default_rng(3), np.linspace(-10, 10, 20_001)
    lines = rng.normal(size=(12, 2))
    edge = convex.unit(lines, x)
    seen = np.unique((x[:, None] * lines[:, 0] + lines[:, 1]).argmax(axis=1))
    assert 2 <= len(seen) < 12
    assert np.array_equal(convex.unit(lines[seen], x), edge)


def test_a_relu_layer_of_several_inputs_is_a_difference_of_two_units():
    rng = np.random.default_rng(0)
    weights, biases, outer, c = rng.normal(size=(5, 3)), rng.normal(size=5), np.array([1.5, -2, 0.3, 1, -0.7]), 0.4
    x = rng.normal(size=(200, 3))
    layer = c + np.maximum(x @ weights.T + biases, 0) @ outer
    ups = [(v * w, v * b) for v, w, b in zip(outer, weights, biases, strict=True) if v > 0]
    downs = [(-v * w, -v * b) for v, w, b in zip(outer, weights, biases, strict=True) if v < 0]
    assert layer == pytest.approx(_melted(ups, x) + c - _melted(downs, x))


def _melted(terms, x):
    """The maximum over all subsets of terms of their sum: one maxout unit of 2ⁿ pieces."""
    pieces = [(np.zeros(x.shape[1]), 0.0)]
    for w, b in terms:
        pieces += [(v + w, c + b) for v, c in pieces]
    return np.max([x @ v + c for v, c in pieces], axis=0)


def test_no_maxout_unit_comes_close_to_a_hill():
    # The convex function nearest to −|x| on [−1, 1] is a constant, off by ½: linear programming over five points.
    x = np.linspace(-1, 1, 5)
    rows, bounds = [], []
    for sign in (1, -1):
        for i, at in enumerate(x):
            rows.append(np.append(sign * np.eye(5)[i], -1)), bounds.append(-sign * abs(at))
    rows += [np.append(2 * np.eye(5)[i] - np.eye(5)[i - 1] - np.eye(5)[i + 1], 0) for i in (1, 2, 3)]
    solved = optimize.linprog([0] * 5 + [1], A_ub=rows, b_ub=bounds + [0] * 3, bounds=[(None, None)] * 6)
    assert solved.fun == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: convex.unit([1.0, 2.0], np.zeros(2)), "unit: pieces"),
        (lambda: convex.along_chords(np.square, [1.0]), "along_chords: knots"),
        (lambda: convex.along_chords(np.square, [1.0, 0.0]), "along_chords: knots"),
        (lambda: convex.cases_chart("sigmoid"), "cases_chart: name"),
        (lambda: convex.pieces_chart("step", 2), "pieces_chart: target"),
        (lambda: convex.pieces_chart("sine", 0), "pieces_chart: pieces"),
    ],
)
def test_a_bad_picture_names_the_field(call, words):
    with pytest.raises(ValueError, match=words):
        call()


# --- pictures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pieces", range(1, 9))
@pytest.mark.parametrize("target", convex.TARGETS)
def test_a_frame_shows_units_with_so_many_pieces_and_their_difference(target, pieces):
    units, right = convex.pieces_chart(target, pieces)
    first, second = (mark for mark in units.marks if isinstance(mark, Line))
    goal, made = right.marks
    assert made.y == pytest.approx(first.y - second.y, abs=1e-12)
    for mark in (first, second):
        assert len(np.unique(np.diff(mark.y).round(9))) <= 2 * pieces - 1  # k slopes, and k − 1 cells with a corner
    assert f"{np.abs(made.y - goal.y).max():.2g}." in right.words


@pytest.mark.parametrize("k", [1, 2, 4, 7])
def test_the_parabola_is_missed_by_one_over_k_squared(k):
    x = np.linspace(-1, 1, 1681)
    pair = convex.along_chords(np.square, np.linspace(-1, 1, k + 1))
    assert np.abs(pair(x) - x**2).max() == pytest.approx(1 / k**2, rel=1e-3)


def test_the_cases_are_under_their_edge():
    for name, pieces in convex.CASES.items():
        chart = convex.cases_chart(name)
        line = next(mark for mark in chart.marks if isinstance(mark, Line))
        assert all(np.all(slope * line.x + height <= line.y + 1e-12) for slope, height in pieces)


def test_the_explorable_is_small():
    made = explore(convex.pieces_chart, target=[*convex.TARGETS], pieces=range(1, 9), caption="Pieces.")
    assert made.frames == 40
    assert len(made._repr_mimebundle_()[0]["text/html"]) < 150_000


# --- counting and starting --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pieces", [1, 2, 5])
@pytest.mark.parametrize("width", [3, 16])
def test_the_count_is_that_of_the_tensors(pieces, width):
    shape = runs.network(pieces, width, depth=2)
    ensemble = Ensemble(shape, range(1))
    assert runs.parameters(shape) == sum(one.numel() for one in ensemble.parameters())
    assert runs.layer_parameters(7, width, pieces) == pieces * width * 8


@pytest.mark.parametrize("pieces", [1, 2, 3, 4])
@pytest.mark.parametrize("most", [300, 610, 2410])
def test_the_widest_fits_and_one_more_does_not(pieces, most):
    width = runs.widest(pieces, most)
    assert runs.parameters(runs.network(pieces, width)) <= most < runs.parameters(runs.network(pieces, width + 1))


def test_the_formula_for_the_width_is_the_count_solved():
    m = maxout.equal_width().last.rhs
    values = {maxout.pieces: 2, maxout.inputs: 64, maxout.outputs: 10, maxout.relus: 32}
    assert int(m.subs(values)) == runs.widest(2, runs.parameters(runs.network(1, 32)))


@pytest.mark.parametrize(("k", "exact"), [(1, 1), (2, 1), (3, 1 + 3**0.5 / (2 * np.pi)), (4, 1 + 3**0.5 / np.pi)])
def test_the_mean_square_of_the_largest_has_its_closed_form(k, exact):
    assert runs.mean_square(k) == pytest.approx(exact, rel=1e-11)


def test_the_mean_square_is_that_of_draws():
    drawn = np.random.default_rng(0).normal(size=(400_000, 6)).max(axis=1) ** 2
    assert runs.mean_square(6) == pytest.approx(drawn.mean(), abs=5 * drawn.std() / drawn.size**0.5)


@pytest.mark.parametrize("pieces", [1, 2, 4])
def test_the_start_keeps_the_mean_square(pieces):
    x = torch.tensor(np.random.default_rng(1).normal(size=(64, 64)))
    made = Ensemble(runs.network(pieces, 400), range(4))(x)
    assert made.outputs[0].square().mean().item() == pytest.approx(1, abs=0.08)


# --- gradients --------------------------------------------------------------------------------------------------------


def test_the_winner_has_the_whole_gradient():
    layer = modules.Maxout(5, 4, pieces=3)
    x = torch.randn(20, 5, generator=torch.Generator().manual_seed(0))
    layer(x).sum().backward()
    assert layer.affine.bias.grad.reshape(4, 3).sum(dim=1).tolist() == [20.0] * 4


# --- one unit ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lost():
    return single.beaten(range(4), steps=60, examples=40, inputs=3)


def test_one_step_of_the_beaten_unit_is_torchs():
    made = single.beaten(range(2), steps=1, examples=30, inputs=4, rate=0.1)
    for seed in range(2):
        before, after = _one_step_in_torch(seed, 0.1)
        assert made.before["relu(z)", "maxout"][seed] == pytest.approx(before)
        assert made.after["relu(z)", "maxout"][seed] == pytest.approx(after)


def _one_step_in_torch(seed, rate):
    """The losses before and after one step for the piece that wins everywhere."""
    rng = np.random.default_rng(seed)
    x, w = rng.normal(size=(30, 4)), rng.normal(size=4)
    x, w = torch.tensor(x), torch.tensor(w / np.linalg.norm(w))
    z, winner = x @ w, torch.zeros(5, dtype=torch.float64, requires_grad=True)

    def loss(piece):
        unit = torch.maximum(z - z.max() - 1, x @ piece[:4] + piece[4])
        return (unit - z.clamp(min=0)).square().mean() / 2

    before = loss(winner)
    before.backward()
    return before.item(), loss(winner - rate * winner.grad).item()


def test_no_unit_beats_the_best_line_before_its_piece_is_back(lost):
    for (target, kind), back in lost.back.items():
        straight = back == 0
        assert np.all(lost.after[target, kind][straight] >= lost.line[target][straight] - 1e-12)
        if kind == "ReLU":
            assert not back.any()


def test_half_of_the_seeds_give_the_same_bits(lost):
    half = single.beaten(range(2), steps=60, examples=40, inputs=3)
    for key, found in half.after.items():
        assert np.array_equal(found, lost.after[key][:2])


def test_a_share_has_wilsons_interval():
    assert runs.share(np.array([1.0] * 18 + [0.0] * 2)) == pytest.approx((0.9, 0.699, 0.9721), abs=1e-3)


# --- training ---------------------------------------------------------------------------------------------------------

SHORT = Recipe(steps=6, batch=16, rates=(0.2, 0.5), every=6)


def test_budgets_compare_at_most_as_many_parameters_and_the_same_seeds():
    found = runs.budgets((4, 8), range(4), SHORT)
    half = runs.budgets((4, 8), range(2), SHORT)
    assert found.chosen["2 pieces, equal width"][1].width == 8
    for label in ("2 pieces", "4 pieces"):
        assert all(mine <= relus for mine, relus in zip(found.counts[label], found.counts["ReLU"], strict=True))
    assert found.rates["ReLU"] and set(found.rates["ReLU"]) <= {0.2, 0.5}
    if found.rates == half.rates:  # the choice of the rate may differ, the runs may not
        assert all(np.array_equal(half.accuracy[label], found.accuracy[label][:, :2]) for label in half.accuracy)
    assert np.array_equal(found.lead("ReLU"), np.zeros((2, 4)))
    assert "equal width" in repr(found) and "ReLU units" in found.leads()
    assert [line.label for line in found.chart().marks] == ["ReLU", "2 pieces", "4 pieces"]


def test_the_best_rate_is_the_one_with_the_least_loss():
    found = runs.budgets((8,), range(4), Recipe(steps=6, batch=16, rates=(1e-6, 0.3), every=6))
    assert all(rates == (0.3,) for rates in found.rates.values())


def test_fates_count_lost_pieces_as_a_look_at_the_sums_does():
    found = runs.fates((0.1, 50.0), range(2), steps=4)
    for pieces, label in ((2, "2 pieces"), (4, "4 pieces")):
        assert found.asleep[label].shape == (2, 2, 5, 3, 16, pieces)
        lost, straight = _never_wins(runs.network(pieces, 16, 3))
        assert found.lost(label, 0.1, look=0) == pytest.approx(lost)
        assert found.straight(label, 0.1, look=0) == pytest.approx(straight)
        assert found.overflowed(label, 50.0).all() and np.isnan(found.lost(label, 50.0)).all()
    assert found.straight("ReLU", 0.1) == pytest.approx(found.lost("ReLU", 0.1))
    assert "–" in repr(found)


def _never_wins(shape):
    """The shares of pieces that win on none of 256 pictures, and of units with one winner, for seeds 0 and 1."""
    from activations.experiments.digits import split

    made = Ensemble(shape, range(2), dtype=torch.float32)(torch.tensor(split().train[:256], dtype=torch.float32))
    lost, straight = [], []
    for seed in range(2):
        wins = [z[0, seed].unflatten(-1, (16, shape.sums)).argmax(-1) for z in made.sums]
        seen = [[len(set(unit.tolist())) for unit in layer.T] for layer in wins]
        lost.append(1 - np.mean(seen) / shape.sums)
        straight.append(np.mean(np.array(seen) == 1))
    return lost, straight


def test_what_returned_was_lost_at_the_start_and_is_not_at_the_end():
    # Three looks at one layer of two units with two pieces; the second seed overflows, the third has lost nothing.
    one = [[[1, 0], [1, 0]], [[1, 0], [0, 1]], [[0, 0], [1, 0]]]
    asleep = np.array([[one, one, np.zeros((3, 2, 2))]], dtype=float)[:, :, :, None]
    finite = np.array([[[True] * 3, [True, True, False], [True] * 3]])
    made = runs.Fates((0.5,), (0, 1, 2), {"2 pieces": asleep}, {"2 pieces": finite}, {"2 pieces": np.ones((1, 3))})
    assert np.array_equal(made.returned("2 pieces", 0.5), [0.5, np.nan, np.nan], equal_nan=True)
    assert np.array_equal(made.lost("2 pieces", 0.5), [0.25, np.nan, 0], equal_nan=True)
    assert np.array_equal(made.straight("2 pieces", 0.5), [0.5, np.nan, 0], equal_nan=True)
    assert made.overflowed("2 pieces", 0.5).tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: runs.layer_parameters(0, 1, 1), "layer_parameters: inputs"),
        (lambda: runs.mean_square(0), "mean_square: pieces"),
        (lambda: runs.network(0, 4), "network: pieces"),
        (lambda: runs.widest(4, 100), "widest: most"),
        (lambda: runs.budgets((0,)), "budgets: width"),
        (lambda: runs.budgets((4,), range(1)), "budgets: seeds"),
        (lambda: runs.fates(steps=0), "fates: steps"),
        (lambda: runs.fates((-1.0,)), "Recipe: rate"),
        (lambda: single.beaten(range(1)), "beaten: seeds"),
        (lambda: single.beaten(depth=0), "beaten: depth"),
        (lambda: single.beaten(steps=0), "beaten: steps"),
    ],
)
def test_a_bad_configuration_names_the_field(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_unknown_labels_are_refused():
    found = runs.budgets((4, 8), range(4), SHORT)
    with pytest.raises(ValueError, match="Budgets: label"):
        found.lead("3 pieces")
    with pytest.raises(ValueError, match="Fates: rate"):
        runs.fates((0.1, 50.0), range(2), steps=4).lost("ReLU", 0.3)


# --- claims -----------------------------------------------------------------------------------------------------------

MINE = [claim for claim in claims.all_claims().values() if claim.subject == "maxout"]


def test_the_claims_are_there_and_answer_their_row():
    assert len(MINE) == 11
    assert any("S0.18" in claim.sources and claim.verdict == "corrected" for claim in MINE)


@pytest.mark.parametrize("claim", MINE, ids=lambda claim: claim.id)
def test_a_claim_stands(claim):
    assert claim.evidence().says
