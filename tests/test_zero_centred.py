"""The zero-centred chapter: signs, agreement, curvature, paths and races, against numbers, torch and planted faults."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
import torch
from activations import claims, values
from activations.charts import HeatMap
from activations.experiments import conditioning, zigzag
from activations.experiments._summary import mean_interval
from activations.experiments.digits import split
from activations.experiments.ensemble import Network
from activations.explore import Control, explore
from activations.proofs import Derivation, ProofError
from activations.proofs import zigzag as proofs
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

DERIVATIONS = (
    "across",
    "along",
    "balanced_rate",
    "centring_moves_over",
    "condition_number",
    "path_length",
    "product_of_two",
    "shared_weight",
    "shrinkage",
)
POSITIVE = st.lists(st.floats(0.01, 10), min_size=2, max_size=8).map(np.array)

# --- proofs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DERIVATIONS)
def test_a_derivation_holds_and_argues_nothing(name):
    derivation = getattr(proofs, name)()
    assert derivation.steps and not derivation.argued


@pytest.mark.parametrize(("name", "mean"), [("sigmoid", sp.Rational(1, 2)), ("tanh", 0)])
def test_the_mean_over_both_signs(name, mean):
    assert proofs.mean_of_two(name).last == mean
    x = np.linspace(-5, 5, 101)
    f = getattr(values, name)
    assert np.allclose((f(x) + f(-x)) / 2, float(mean), atol=1e-15)


K, R, SIZE = proofs.kappa, sp.Symbol("r", real=True), proofs.n
ONES, D = proofs._Ones(SIZE, 1), sp.MatrixSymbol("d", SIZE, 1)


@pytest.mark.parametrize(
    ("start", "broken"),
    [
        (proofs.along().start, (proofs.v - SIZE * proofs.m**2) * ONES),
        (proofs.along().start, (proofs.v + proofs.m**2) * ONES),
        (proofs.across().start, proofs.v * D),  # without the entries adding up to 0
        (proofs.condition_number().start, 1 - SIZE * proofs.m**2 / proofs.v),
        (proofs.shrinkage().last.rhs, (K + 1) / (K - 1)),
        ((1 + R) / (1 - R), (1 - R) / (1 + R)),
    ],
)
def test_a_planted_fault_is_found(start, broken):
    with pytest.raises(ProofError):
        Derivation(start).then(broken, because="broken on purpose")


def test_the_centring_matrix_must_be_there():
    derivation = proofs.centring_moves_over()
    back, inputs = sp.MatrixSymbol("d", derivation.start.args[-1].shape[0], 1), derivation.start.args[-1]
    with pytest.raises(ProofError):
        Derivation(derivation.start).then(back.T * inputs, because="forgot the mean")


@pytest.mark.parametrize("size", [2, 5])
def test_the_eigenvalues_are_numpys(size):
    at = {proofs.n: size, proofs.m: 0.7, proofs.v: 0.3}
    matrix = 0.3 * np.eye(size) + 0.7**2 * np.ones((size, size))
    largest = float((proofs.v + proofs.n * proofs.m**2).subs(at))
    assert np.linalg.eigvalsh(matrix) == pytest.approx([0.3] * (size - 1) + [largest])
    assert float(proofs.condition_number().last.subs(at)) == pytest.approx(np.linalg.cond(matrix))


@given(POSITIVE, st.floats(-3, 3), st.integers(0, 2**32 - 1))
def test_one_example_gives_one_sign(inputs, target, seed):
    w = torch.tensor(np.random.default_rng(seed).normal(size=inputs.size), requires_grad=True)
    z = w @ torch.tensor(inputs)
    z.retain_grad()
    ((torch.tanh(z) - target) ** 2).backward()
    assert np.allclose(w.grad.numpy(), z.grad.item() * inputs, rtol=1e-12)
    assert len(set(np.sign(w.grad.numpy()))) == 1


def test_gradients_of_a_batch_are_torchs():
    deltas, inputs = [[1, -2], [3, 1]], [[2, 1, 5], [1, 2, 0]]
    weight = torch.zeros(2, 3, dtype=torch.float64, requires_grad=True)
    (torch.tensor(inputs, dtype=torch.float64) @ weight.T * torch.tensor(deltas)).sum().backward()
    assert np.array_equal(np.array(proofs.weight_gradients(deltas, inputs), dtype=float), weight.grad.numpy())


def test_gradients_need_as_many_deltas_as_examples():
    with pytest.raises(ValueError, match="deltas has 1 examples and inputs 2"):
        proofs.weight_gradients([[1]], [[1], [2]])


# --- agreement --------------------------------------------------------------------------------------------------------


def _by_listing(batch, inputs, up):
    """The probability of agreement, by going through every outcome of every coin."""
    total = Fraction(0)
    for deltas in itertools.product((-1, 1), repeat=batch):
        chance = up ** deltas.count(1) * (1 - up) ** deltas.count(-1)
        for flat in itertools.product((3, 7), repeat=batch * inputs):
            gradients = np.array(deltas) @ np.reshape(flat, (batch, inputs))
            total += chance * bool((gradients > 0).all() or (gradients < 0).all())
    return total / 2 ** (batch * inputs)


@pytest.mark.parametrize(("batch", "inputs"), [(1, 2), (2, 2), (2, 3), (3, 2), (3, 3)])
@pytest.mark.parametrize("up", [Fraction(1, 2), Fraction(3, 5)])
def test_coins_agree_as_a_listing_says(batch, inputs, up):
    found = proofs.coin_agreement(batch, inputs=inputs, up=f"{up}")
    assert Fraction(int(found.p), int(found.q)) == _by_listing(batch, inputs, up)


@pytest.mark.parametrize("wrong", [{"batch": 0}, {"batch": 1, "inputs": 0}, {"batch": 1, "up": "3/2"}])
def test_coins_name_what_is_wrong(wrong):
    with pytest.raises(ValueError, match="coin_agreement: batch and inputs must be"):
        proofs.coin_agreement(**wrong)


@pytest.mark.parametrize("offset", [0.1, 0.7, 2.4, 9.0])
def test_the_integral_is_the_known_orthant(offset):
    # Sheppard's formula for two normal numbers, and its relative for three.
    angle = np.arcsin(offset**2 / (1 + offset**2))
    assert proofs.limiting_agreement(2, offset) == pytest.approx(1 / 2 + angle / np.pi, abs=1e-12)
    assert proofs.limiting_agreement(3, offset) == pytest.approx(1 / 4 + 1.5 * angle / np.pi, abs=1e-12)


def test_the_integral_is_scipys_and_even():
    integrand = lambda t: 2 * stats.norm.pdf(t) * stats.norm.cdf(2.4 * t) ** 10  # noqa: E731
    assert proofs.limiting_agreement(10, 2.4) == pytest.approx(integrate.quad(integrand, -9, 9)[0], abs=1e-9)
    assert proofs.limiting_agreement(10, -2.4) == proofs.limiting_agreement(10, 2.4)
    with pytest.raises(ValueError, match="inputs must be at least 1, got 0"):
        proofs.limiting_agreement(0, 1.0)


def test_many_coins_come_to_the_integral():
    assert float(proofs.coin_agreement(243)) == pytest.approx(proofs.limiting_agreement(10, 2.5), abs=2e-3)


def test_agreement_is_that_of_a_plain_loop():
    found = zigzag.agreement(("relu",), (0.5,), (1, 4), inputs=3, draws=7, seeds=(5, 6))
    rng = np.random.default_rng(6)
    for row, batch in enumerate((1, 4)):
        x, noise = rng.normal(size=(7, batch, 3)), rng.normal(size=(7, 1, batch))
        signs = [set(np.sign((noise[k, 0] + 0.5) @ np.maximum(x[k], 0))) for k in range(7)]
        assert found.share["relu", 0.5][row, 1] == np.mean([one in ({1.0}, {-1.0}) for one in signs])


def test_half_of_the_seeds_gives_the_same_bits():
    whole, half = (zigzag.agreement(("sigmoid",), (0.0,), (3,), seeds=range(n)) for n in (4, 2))
    assert np.array_equal(whole.share["sigmoid", 0.0][:, :2], half.share["sigmoid", 0.0])
    whole, half = (zigzag.agreement_in_a_network(("tanh",), (2,), (3,), seeds=range(n)) for n in (4, 2))
    assert np.array_equal(whole.share["tanh", 2][:, :2], half.share["tanh", 2])
    whole, half = (conditioning.race(RACERS, (0.5,), width=4, steps=3, seeds=range(n)) for n in (4, 2))
    assert all(np.array_equal(whole.loss[one][:, :2], half.loss[one]) for one in RACERS)
    whole, half = (conditioning.offsets_by_layer(depth=2, width=4, examples=20, seeds=range(n)) for n in (4, 2))
    assert all(np.array_equal(whole.ratio[name][:, :2], half.ratio[name]) for name in whole.networks)


def test_a_centred_delta_does_not_feel_its_mean():
    found = zigzag.agreement(("sigmoid",), (0.0, 3.0), (1, 9), seeds=range(3), centre=True)
    assert not found.share["sigmoid", 0.0][0].any()
    assert np.array_equal(found.share["sigmoid", 0.0], found.share["sigmoid", 3.0])


def test_training_the_small_network_is_torchs():
    (*_, (_, net)) = zigzag._trained("sigmoid", (0, 2), 5, 0.3, 4)
    rng = np.random.default_rng(4)
    weights = [rng.normal(size=(64, 5)) / 8, rng.normal(size=(5, 10)) / 5**0.5]
    for _ in range(2):
        chosen = rng.integers(len(split().train), size=32)
        tensors = [torch.tensor(w, requires_grad=True) for w in weights]
        logits = torch.sigmoid(torch.tensor(split().train[chosen]) @ tensors[0]) @ tensors[1]
        torch.nn.functional.cross_entropy(logits, torch.tensor(split().train_labels[chosen])).backward()
        weights = [w - 0.3 * tensor.grad.numpy() for w, tensor in zip(weights, tensors, strict=True)]
    assert np.allclose(net.inner, weights[0], atol=1e-12)
    assert np.allclose(net.outer, weights[1], atol=1e-12)


def test_the_balance_compares_shared_and_own_parts():
    signals, delta = np.array([[1.0, 3.0], [3.0, 5.0]]), np.array([[1.0], [2.0]])
    # mean signal 3, mean δ 3/2: shared 9/2; own parts (−2 + 0)/2 and (0 + 4)/2.
    assert zigzag._balance(signals, delta) == pytest.approx(4.5 / np.mean([1, 2]))


def test_the_agreements_say_what_they_show():
    found = zigzag.agreement(("sigmoid", "tanh"), (0.0,), (1, 3), seeds=range(3))
    assert found.coins == 1 / 512
    first, second = str(found).split("\n\n")
    assert first.splitlines()[0].split() == "batch sigmoid, mean of δ 0".split()
    assert second.splitlines()[0].split() == "batch tanh, mean of δ 0".split()
    assert "sigmoid (mean of δ 0)" in found.chart().words and "tanh" not in found.chart(["sigmoid"]).words


# --- conditioning -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sigmoid", "relu", "elu", "tanh"])
def test_the_prediction_is_that_of_quadrature(name):
    f = getattr(values, name)
    mean, square = (
        integrate.quad(lambda x, k=k: f(np.float64(x)) ** k * stats.norm.pdf(x), -12, 12, points=[0])[0] for k in (1, 2)
    )
    assert conditioning.predicted(name, 7) == pytest.approx(1 + 7 * mean**2 / (square - mean**2), rel=1e-7)


def test_the_measured_condition_is_numpys():
    found = conditioning.conditioning(("elu",), (2, 3), examples=50, seeds=(8,)).measured["elu"]
    signals = values.elu(np.random.default_rng(8).normal(size=(50, 3)))
    assert found[:, 0] == pytest.approx([np.linalg.cond(signals[:, :n]) ** 2 for n in (2, 3)], rel=1e-9)


def test_the_measurement_meets_the_formula_where_examples_abound():
    found = conditioning.conditioning()
    for name in found.activations:
        measured = found.measured[name].mean(axis=1)
        expected = [conditioning.predicted(name, n) for n in found.inputs]
        spread = (np.array(found.inputs) / found.examples) ** 0.5
        assert np.all(measured < expected * ((1 + spread) / (1 - spread)) ** 2 * 1.02), name
        assert np.all(measured > np.array(expected) * 0.97), name
    assert "tanh" in found.chart().words and str(found).startswith("activation")


def test_offsets_are_those_of_numpy():
    outputs = np.random.default_rng(0).normal(1.0, 2.0, size=(2, 30, 4))
    ratio, share = conditioning._offset(torch.tensor(outputs))
    for seed in range(2):
        moments = outputs[seed].T @ outputs[seed]
        assert ratio[seed] == pytest.approx((outputs[seed].mean(0) ** 2).sum() / outputs[seed].var(0).sum())
        assert share[seed] == pytest.approx(np.linalg.eigvalsh(moments)[-1] / np.trace(moments))


def test_the_offsets_of_the_first_layer_are_those_of_a_plain_pass():
    found = conditioning.offsets_by_layer(("relu",), normalise=(False,), depth=1, width=5, examples=40, seeds=(3,))
    weight = np.random.default_rng((3, 1)).normal(size=(5, 64)) / 8
    outputs = np.maximum(split().train[:40] @ weight.T, 0)
    assert found.ratio["relu"][0, 0] == pytest.approx((outputs.mean(0) ** 2).sum() / outputs.var(0).sum(), rel=1e-12)


def test_batch_normalisation_gives_the_gradient_of_centred_inputs():
    rng = np.random.default_rng(1)
    inputs, coefficients = torch.tensor(rng.uniform(0, 1, size=(9, 4))), torch.tensor(rng.normal(size=(9, 3)))
    gradients = []
    for signals in (inputs, inputs - inputs.mean(0)):
        weight = torch.tensor(np.random.default_rng(2).normal(size=(3, 4)), requires_grad=True)
        norm = torch.nn.BatchNorm1d(3, dtype=torch.float64)
        (torch.tanh(norm(signals @ weight.T)) * coefficients).sum().backward()
        gradients.append(weight.grad.numpy())
    assert np.allclose(*gradients, rtol=1e-9, atol=1e-12)


# --- paths ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("offset", "rate"), [(0.0, 0.5), (1.0, 0.2), (2.0, 0.2)])
def test_a_path_is_the_closed_form(offset, rate):
    path = zigzag.descend(offset, rate, steps=7)
    step = np.eye(2) - rate * zigzag.second_moments(offset)
    assert np.allclose(path.weights[-1], np.linalg.matrix_power(step, 7) @ zigzag.START, atol=1e-12)


def test_the_second_moments_are_those_of_draws():
    draws = 1.5 + np.random.default_rng(0).normal(size=(400_000, 2))
    assert np.allclose(draws.T @ draws / len(draws), zigzag.second_moments(1.5), atol=0.03)


def test_the_steps_of_single_examples_share_a_sign_where_inputs_are_positive():
    path = zigzag.descend(5.0, 0.02, "one example")
    draws = 5.0 + np.random.default_rng(0).normal(size=(30, 2))
    positive = (draws > 0).all(axis=1)
    assert positive.sum() > 25
    assert np.all(path.moves[positive].prod(axis=1) >= 0)


@pytest.mark.parametrize(("rate", "turns"), [(0.05, 0), (0.11, 0), (0.18, 29), (0.2, 29)])
def test_the_path_turns_at_rates_above_one_over_the_curvature(rate, turns):
    assert zigzag.descend(2.0, rate).turns == turns


def test_a_path_that_runs_away_says_so_and_stays_drawable():
    chart = zigzag.path_chart(2.5, 0.8)
    assert chart.words.endswith("the path runs away from the goal.")
    assert np.abs(chart.marks[1].x).max() < 1000 and isinstance(chart.marks[0], HeatMap)
    assert "of the distance is left" in zigzag.path_chart(0.5, 0.2).words


def test_walks_are_as_long_as_the_two_directions_say():
    found = zigzag.walks((2.0,), (0, 1, 2))
    for column, seed in enumerate(found.seeds):
        start = np.random.default_rng(seed).normal(size=2)
        start /= np.linalg.norm(start)
        shared, own = start @ [0.5**0.5, 0.5**0.5], start @ [0.5**0.5, -(0.5**0.5)]
        gone = 1 - ((9 - 1) / (9 + 1)) ** found.steps[0, column]
        assert found.length[0, column] == pytest.approx(gone * np.hypot(9 * shared, own), rel=1e-9)
    assert found.condition == pytest.approx([9])
    assert str(found).startswith("offset") and "condition number 9" in found.chart().words


def test_the_explorable_is_light():
    made = explore(
        zigzag.path_chart,
        offset=Control((0, 1, 2.5)),
        rate=Control((0.02, 0.2, 0.8)),
        examples=zigzag.EXAMPLES,
    )
    assert made.frames == 18 and len(made.payload) < 80_000


# --- races ------------------------------------------------------------------------------------------------------------

RACERS = (conditioning.Variant("tanh"), conditioning.Variant("tanh", 1.0, label="tanh + 1"))


def test_variants_with_an_offset_start_as_one_function():
    x = torch.tensor(split().train[:5], dtype=torch.float32)
    first, second = (conditioning._Moved(one, Network("tanh", depth=3, width=6), range(2), 1)(x) for one in RACERS)
    assert torch.allclose(first.logits, second.logits, atol=1e-5)
    assert torch.allclose(second.outputs[-1] - first.outputs[-1], torch.ones(()), atol=1e-5)


def test_two_sigmoids_make_a_tanh():
    tall = conditioning.Variant("sigmoid", -1.0, height=2.0, pace=2.0, reference=-1.0)
    losses = [conditioning.race((one,), (0.3,), width=5, steps=4, seeds=range(2)) for one in (RACERS[0], tall)]
    assert np.allclose(losses[0].loss[RACERS[0]], losses[1].loss[tall], rtol=1e-4)


def test_a_race_trains_what_torch_trains():
    found = conditioning.race(RACERS[1:], (0.2, 0.4), depth=1, width=3, batch=8, steps=3, seeds=(5,))
    hidden = np.random.default_rng((5, 1)).normal(size=(3, 64)) / 8
    out = np.random.default_rng((5, 0)).normal(size=(10, 3)) / 3**0.5
    numbers = [hidden, np.zeros(3), out, -out.sum(axis=1)]
    parameters = [torch.tensor(one, dtype=torch.float64, requires_grad=True) for one in numbers]
    x, labels, dice = torch.tensor(split().train), torch.tensor(split().train_labels), np.random.default_rng((5, 7))

    def loss(chosen):
        a = torch.tanh(x[chosen] @ parameters[0].T + parameters[1]) + 1
        return torch.nn.functional.cross_entropy(a @ parameters[2].T + parameters[3], labels[chosen])

    optimiser = torch.optim.SGD(parameters, lr=0.4)
    for _ in range(3):
        optimiser.zero_grad()
        loss(torch.tensor(dice.integers(len(x), size=8))).backward()
        optimiser.step()
    assert found.loss[RACERS[1]][1, 0] == pytest.approx(loss(slice(None)).item(), rel=1e-4)


def test_the_best_rate_ignores_runs_that_left_the_floats():
    one = RACERS[0]
    race = conditioning.Race((one,), (0.1, 1.0), 1, 5, (0, 1), {one: np.array([[2.0, 3.0], [1.0, np.nan]])})
    assert race.best(one) == 0 and race.ratio(one, one, 0.1).tolist() == [1, 1]
    assert "tanh 2.5" in race.chart().words and str(race).startswith("activation")


def test_an_offset_costs_nothing_at_small_rates_and_much_at_large_ones():
    race = conditioning.race()
    tanh, moved, *_ = race.variants
    assert mean_interval(race.ratio(moved, tanh, 0.25))[2] < 1.1
    assert mean_interval(race.ratio(moved, tanh, 2.0))[1] > 2


# --- what is wrong is named -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("experiment", "settings", "message"),
    [
        (zigzag.agreement, {"activations": ("nonsense",)}, "agreement: activation: .*nonsense"),
        (zigzag.agreement, {"batches": (0,)}, "agreement: batches must be a whole number of at least 1, got 0"),
        (zigzag.agreement, {"draws": 0}, "agreement: draws must be"),
        (zigzag.agreement, {"seeds": ()}, "agreement: seeds must hold at least 1"),
        (zigzag.agreement_in_a_network, {"stops": (-1,)}, "agreement_in_a_network: stops must be"),
        (zigzag.agreement_in_a_network, {"rate": 0}, "agreement_in_a_network: rate must be"),
        (zigzag.descend, {"offset": -1, "rate": 0.1}, "descend: offset must be"),
        (zigzag.descend, {"offset": 1, "rate": 0.1, "examples": "two"}, "descend: examples must be one of all ex"),
        (zigzag.walks, {"offsets": (0,)}, "walks: offset must be"),
        (zigzag.walks, {"share": 1}, "walks: share must be between 0 and 1, got 1"),
        (conditioning.conditioning, {"examples": 5}, "conditioning: examples must be a whole number of at least 51"),
        (conditioning.conditioning, {"inputs": ()}, "conditioning: inputs must name at least one"),
        (conditioning.offsets_by_layer, {"depth": 0}, "Network: depth must be"),
        (conditioning.offsets_by_layer, {"activations": "relu"}, "offsets_by_layer: activations must be a sequence"),
        (conditioning.race, {"rates": (-1.0,)}, "race: rate must be"),
        (conditioning.race, {"steps": 0}, "race: steps must be"),
        (conditioning.race, {"variants": (conditioning.Variant("nonsense"),)}, "race: activation: .*nonsense"),
    ],
)
def test_experiments_name_what_is_wrong(experiment, settings, message):
    with pytest.raises(ValueError, match=message):
        experiment(**settings)


def test_a_race_knows_its_rates():
    race = conditioning.race(RACERS, (0.5,), width=4, steps=3, seeds=range(2))
    with pytest.raises(ValueError, match="rate must be one of 0.5; got 3"):
        race.ratio(*RACERS, rate=3)


# --- claims -----------------------------------------------------------------------------------------------------------

CLAIMS = [claim for claim in claims.all_claims().values() if claim.subject == "zero_centred"]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_a_claim_holds(claim):
    assert claim.evidence().says


def test_the_rows_of_the_sources_are_answered():
    rows = {row for claim in CLAIMS for row in claim.sources}
    assert rows == {"S0.10", "S0.11", "S1.6", "S1.7", "S1.8", "S3.1", "S3.11", "S3.12"}
