"""Dead units: the proofs against numbers and torch, the measurements against gradients, steps and enumeration."""

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
import sympy as sp
import torch
from activations import charts, claims
from activations.experiments import born_dead as narrow
from activations.experiments import dying as runs
from activations.experiments import silent
from activations.experiments.ensemble import Ensemble, Network
from activations.experiments.propagation import first_digits, losses
from activations.experiments.training import Recipe
from activations.proofs import Derivation, ProofError
from activations.proofs import dying as proofs
from scipy.stats import hypergeom, multivariate_normal

DERIVATIONS = (
    "both_alive_orthogonal",
    "coasting",
    "gradient_when_silent",
    "killing_rate",
    "lower_bound",
    "mean_sum",
    "mixture",
    "upper_bound",
)
SMALL = Recipe(steps=6, batch=8, every=2, probes=("asleep",), examples=32, watched=32)

# --- proofs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DERIVATIONS)
def test_a_derivation_holds_and_argues_nothing(name):
    derivation = getattr(proofs, name)()
    assert derivation.steps and not derivation.argued


@pytest.mark.parametrize("name", ["both_alive_orthogonal", "lower_bound", "upper_bound"])
def test_a_flipped_sign_is_found(name):
    derivation = getattr(proofs, name)()
    with pytest.raises(ProofError, match="is false"):
        Derivation(derivation.start).then(-derivation.last, because="broken on purpose")


def test_a_silent_unit_with_a_leak_would_get_a_gradient():
    derivation = proofs.gradient_when_silent()
    leaky = {phi: sp.Lambda(one.variables, sp.Rational(1, 100)) for phi, one in derivation.where.items()}
    with pytest.raises(ProofError, match="is false"):
        Derivation(derivation.start, where=leaky).then(sp.S.Zero, because="not with a leak")


@pytest.mark.parametrize("mu", [Fraction(1, 2), Fraction(9, 10)])
def test_momentum_coasts_as_far_as_the_formula_says(mu):
    velocity, went = Fraction(3), Fraction(0)
    for _ in range(400):
        velocity *= mu
        went += velocity / 7
    formula = proofs.coasting().last.rhs
    values = {"mu": sp.Rational(mu), "eta": sp.Rational(1, 7), "v": 3}
    limit = formula.subs({symbol: values[symbol.name] for symbol in formula.free_symbols})
    assert float(went) == pytest.approx(float(limit), rel=1e-12)


def test_the_revival_is_what_torch_computes():
    names = dict.fromkeys("wcvu", 1.0) | {"b": -2.0}
    at = {name: torch.tensor(value, dtype=torch.float64, requires_grad=True) for name, value in names.items()}
    x, target = torch.tensor([1.0, 0.5], dtype=torch.float64), torch.tensor([6.0, 3.0], dtype=torch.float64)
    for state in proofs.revival(3):
        h = torch.relu(at["w"] * x)
        z = at["u"] * h + at["b"]
        assert z.tolist() == pytest.approx([float(one) for one in state.sums], rel=1e-12)
        assert state.alive == bool((z > 0).any())
        loss = ((at["c"] * h + at["v"] * torch.relu(z) - target) ** 2).mean() / 2
        for tensor, slope in zip(at.values(), torch.autograd.grad(loss, [*at.values()]), strict=True):
            tensor.data -= 0.2 * slope


def test_the_dead_unit_of_the_revival_has_not_moved_itself():
    states = proofs.revival(3)
    assert [state.alive for state in states] == [False, False, True, True]
    assert states[0].own == states[1].own == states[2].own != states[3].own


@pytest.mark.parametrize("cosine", [-0.5, 0.0, 0.3, 0.9])
def test_the_orthant_is_that_of_the_normal_distribution(cosine):
    both = multivariate_normal([0, 0], [[1, cosine], [cosine, 1]]).cdf([0, 0])
    assert float(proofs.orthant(sp.Float(cosine))) == pytest.approx(both, abs=1e-6)


@pytest.mark.parametrize(("depth", "width"), [(1, 1), (3, 2), (2, 4)])
def test_one_input_dies_as_often_as_the_signs_say(depth, width):
    """Every pattern of signs is as likely as any other; a layer is lost when all of its signs are minus."""
    patterns = np.indices((2,) * (depth * width)).reshape(depth, width, -1)
    lost = (patterns == 0).all(axis=1).any(axis=0)
    assert proofs.one_input_dies(depth, width) == sp.Rational(int(lost.sum()), lost.size)


@pytest.mark.parametrize("width", [1, 2, 5])
def test_the_bounds_are_in_order_and_those_of_the_experiment(width):
    depths = range(1, 30)
    exact = [proofs.born_dead_bounds(depth, width) for depth in depths]
    low, high, published = narrow.born_dead_bounds(depths, width)
    assert np.allclose(low, [float(one) for one, _ in exact], rtol=1e-12, atol=1e-15)
    assert np.allclose(high, [float(one) for _, one in exact], rtol=1e-12, atol=1e-15)
    assert np.allclose(published, [float(proofs.one_input_dies(depth, width)) for depth in depths])
    assert np.all(low <= high + 1e-15) and np.all(high < published)


@pytest.mark.parametrize(("depth", "width"), [(0, 2), (2, 0)])
def test_bounds_refuse_no_layers(depth, width):
    with pytest.raises(ValueError, match="depth and width"):
        proofs.born_dead_bounds(depth, width)


# --- silent units -----------------------------------------------------------------------------------------------------


def test_on_all_pictures_the_silent_are_the_dead_and_their_gradients_vanish():
    seeds = range(6)
    found = silent.silence((1347,), seeds)
    x, labels = first_digits(1347)
    ensemble = Ensemble(silent.NETWORK, tuple(seeds))
    weights = [weight.requires_grad_() for weight in ensemble.weights()[:-1]]
    gradients = torch.autograd.grad(losses(ensemble(x).logits, labels).sum(), weights)
    still = torch.stack([(gradient[0] == 0).all(dim=-1) for gradient in gradients], dim=1)
    assert still.double().mean(dim=(1, 2)).numpy() == pytest.approx(found.silent[0])
    assert found.silent[0].any()


def test_the_expected_share_is_hypergeometric():
    active, batch = np.array([0, 1, 5, 700, 1340, 1347]), 8
    exact = hypergeom(1347, active, batch).pmf(0)
    assert silent._all_missed(active, batch) == pytest.approx(exact, rel=1e-9)


def test_measured_and_expected_silence_agree_on_average():
    found = silent.silence()
    gap = (found.silent - found.expected).mean(axis=1)
    spread = (found.silent - found.expected).std(axis=1, ddof=1) / len(found.seeds) ** 0.5
    assert np.all(np.abs(gap) <= 4 * spread + 1e-9)
    assert np.array_equal(found.silent[-1], found.expected[-1])


def test_the_fatal_bias_is_minus_the_largest_product():
    found = silent.biases((-2.0, -4.0), range(4))
    x, _ = first_digits(256)
    products = x @ Ensemble(silent.NETWORK, tuple(range(4))).layers[0].weight[0].mT
    fatal = -products.amax(dim=-2)
    for row, bias in enumerate(found.biases):
        assert found.dead[row, 0] == pytest.approx((bias <= fatal).double().mean(dim=-1).numpy())
    assert found.half(0) < found.half(2)


@pytest.mark.parametrize("rate", [0.3, 1.0, 10.0])
def test_one_step_of_everything_kills_in_the_first_layer_what_the_rates_say(rate):
    seeds, shift = tuple(range(5)), 1.0
    x, labels = first_digits(256)
    x = x + shift
    ensemble = Ensemble(silent.NETWORK, seeds)
    parameters = [one.requires_grad_() for one in ensemble.parameters()]
    before = (ensemble(x).sums[0] <= 0).all(dim=-2)
    gradients = torch.autograd.grad(losses(ensemble(x).logits, labels).sum(), parameters)
    with torch.no_grad():
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter -= rate * gradient
        after = (ensemble(x).sums[0] <= 0).all(dim=-2)
    killed = (after & ~before)[0].double().mean(dim=-1).numpy()
    assert silent.killing_rates((shift,), seeds).share(rate, shift)[0] == pytest.approx(killed)
    assert killed.any()


def test_a_step_can_be_too_large_to_kill():
    """At inputs 1 and 4 a unit has the sums 1 and −0.5; the step lowers the first and lifts the second."""
    h = torch.tensor([[1.0], [4.0]], dtype=torch.float64)
    w, b = torch.tensor([[-0.5]], dtype=torch.float64), torch.tensor([[1.5]], dtype=torch.float64)
    gw, gb = torch.tensor([[-1.0]], dtype=torch.float64), torch.tensor([[3.0]], dtype=torch.float64)
    least, most, held = silent._kill_layer(h, w, b, gw, gb)
    assert (least.item(), most.item(), held.tolist()) == (0.5, 0.5, [True])
    least, most, held = silent._kill_layer(h, w, b, gw, gb - 0.5)
    assert np.isnan(least).all() and np.isnan(most).all() and held.size == 0
    least, most, held = silent._kill_layer(h, w, b, gw, gb + 0.5)
    assert (least.item(), most.item(), held.tolist()) == (pytest.approx(0.4), pytest.approx(1.0), [True])


# --- born dead --------------------------------------------------------------------------------------------------------


def test_one_unit_a_layer_dies_as_often_as_a_coin_says():
    found = narrow.born_dead((1,), 6, networks=400, seeds=range(20))
    for depth in range(1, 7):
        exact, shares = 1 - 0.5 ** (depth - 1), found.share(1, depth)
        assert abs(shares.mean() - exact) <= 4 * (0.25 / (shares.size * 400)) ** 0.5
    assert not found.share(1, 1).any()


def test_dying_only_grows_with_depth_and_falls_with_width():
    found = narrow.born_dead()
    shares = np.array([[found.share(width, depth).mean() for depth in range(1, 41)] for width in found.widths])
    assert np.all(np.diff(shares, axis=1) >= 0) and np.all(np.diff(shares, axis=0) <= 0)


def test_the_first_silent_layer_is_where_a_plain_loop_finds_it():
    digits = first_digits(5)[0].numpy().T
    line, pictures = narrow._first_silent(np.random.default_rng(3), 2, 12, 6, digits)
    rng = np.random.default_rng(3)
    first = rng.normal(size=(6, 2, 1)) * np.array([1.0, -1.0])
    seen = rng.normal(size=(6, 2, 64)) * np.sqrt(2 / 64) @ digits
    above = [rng.normal(size=(6, 2, 2)) for _ in range(11)]
    for network in range(6):
        for layers, signal in ((line, first[network]), (pictures, seen[network])):
            signal, where = np.maximum(signal, 0), 0
            for layer in range(1, 13):
                if layer > 1:
                    signal = np.maximum(above[layer - 2][network] @ signal, 0)
                where = where or (layer if not signal.any() else 0)
            assert layers[network] == where


# --- training ---------------------------------------------------------------------------------------------------------


def test_dead_units_are_those_without_a_gradient_on_any_picture():
    network = Network("relu", depth=2, width=6, scheme="he", bias=-1.5)
    found = runs.deaths(["relu"], [0.1], network=network, recipe=SMALL, seeds=range(3))
    x, labels = first_digits(32)
    ensemble = Ensemble(network, (0, 1, 2), dtype=torch.float32)
    sums = ensemble(x.float()).sums
    by_hand = torch.stack([(z[0] <= 0).all(dim=-2) for z in sums], dim=1).numpy()
    assert np.array_equal(found.asleep("relu", 0.1)[:, 0] == 1, by_hand)
    assert by_hand.any() and not by_hand.all()


def test_half_of_the_seeds_gives_the_same_bits():
    whole = runs.deaths(["relu"], [0.5], recipe=SMALL, seeds=range(4))
    half = runs.deaths(["relu"], [0.5], recipe=SMALL, seeds=range(2, 4))
    assert np.array_equal(whole.asleep("relu", 0.5)[2:], half.asleep("relu", 0.5), equal_nan=True)
    for experiment in (silent.silence, silent.biases):
        both = experiment(seeds=range(4)), experiment(seeds=range(2, 4))
        first, second = (getattr(one, "silent", None) if hasattr(one, "silent") else one.dead for one in both)
        assert np.array_equal(first[..., 2:], second)
    both = [narrow.born_dead((3,), 8, networks=5, seeds=seeds).first["line"][3] for seeds in (range(4), range(2, 4))]
    assert np.array_equal(both[0][2:], both[1])


def test_a_dead_first_layer_unit_stays_dead_under_plain_descent():
    network = Network("relu", depth=1, width=32, scheme="he", bias=-3.0)
    asleep = runs.deaths(["relu"], [0.2], network=network, seeds=range(5)).asleep("relu", 0.2)
    born = asleep[:, 0] == 1
    assert born.any() and (asleep[:, -1][born] == 1).all()


def _made(asleep: np.ndarray, loss: np.ndarray) -> runs.Deaths:
    """A record of one network from what its units did: (looks, units) and a loss a look."""
    looks = len(loss)
    training = SimpleNamespace(
        networks={"relu": Network("relu", depth=1, width=asleep.shape[1])},
        recipe=SimpleNamespace(rates=(1.0,)),
        seeds=(0,),
        loss={"relu": np.asarray(loss).reshape(1, 1, looks)},
        probed={"asleep": {"relu": asleep.reshape(1, 1, looks, 1, -1)}},
    )
    return runs.Deaths(training)


def test_units_that_wake_are_counted_and_an_overflow_is_no_waking():
    asleep = np.array([[1, 0], [0, 0], [1, 0], [0, 0], [1, 1], [0, 0]], dtype=float)
    assert _made(asleep, np.ones(6)).revived("relu", 1.0).tolist() == [[4]]
    lost = _made(asleep, np.array([1, 1, 1, 1, np.inf, 1]))
    assert lost.revived("relu", 1.0).tolist() == [[2]]
    assert lost.overflowed("relu", 1.0).tolist() == [[False] * 4 + [True] * 2]
    assert lost.shares("relu", 1.0)[0, :, 0].tolist() == [0.5, 0, 0.5, 0, 0, 0]


def test_a_collapsed_network_has_lost_a_whole_layer():
    asleep = np.array([[0, 1], [1, 1], [1, 1]], dtype=float)
    assert _made(asleep, np.ones(3)).collapsed("relu", 1.0).tolist() == [[False, True, True]]


def test_rates_beyond_reason_overflow_a_leaky_network_and_its_units_are_not_called_dead():
    found = runs.deaths(["leaky_relu"], [1e6], recipe=SMALL, seeds=range(2))
    assert found.overflowed("leaky_relu", 1e6)[:, -1].all()
    assert not found.shares("leaky_relu", 1e6)[:, -1].any()


def test_each_cure_changes_one_thing():
    for structural, of_training in runs.CURES.values():
        assert len(structural) + len(set(of_training) - {"slower"}) <= 1
    assert runs.CURES["nothing"] == ({}, {})


def test_a_treatment_is_that_training():
    network, rate = runs.DISEASES["killed"]
    found = runs.cures(range(3), ["nothing", "clipping at 1"])
    untreated = runs.deaths(["relu"], [rate], network=network, seeds=range(3))
    assert np.array_equal(found.dead["killed"]["nothing"], untreated.dead("relu", rate))
    assert not np.array_equal(found.dead["killed"]["clipping at 1"], found.dead["killed"]["nothing"])


# --- what is shown ----------------------------------------------------------------------------------------------------


def test_every_frame_of_the_explorable_has_one_shape():
    shapes = set()
    for activation in runs.ACTIVATIONS:
        for rate in runs.RATES:
            chart = runs.death_chart(activation, rate)
            assert activation in chart.words and f"rate {rate:g}" in chart.words
            shapes.add(tuple((mark.kind, mark.label, mark.x.shape) for mark in chart.marks))
    assert len(shapes) == 1


def test_results_read_as_tables_and_draw():
    results = silent.silence(), silent.biases(), silent.killing_rates(), narrow.born_dead(), runs.deaths().only("relu")
    for result in (*results, runs.cures()):
        lines = repr(result).splitlines()
        assert len(lines) > 4 and len({len(line) for line in lines}) == 1
        assert isinstance(result.chart(), charts.Chart)
    assert runs.cures().chart("accuracy").words != runs.cures().chart().words
    with pytest.raises(ValueError, match="activation must be one of relu"):
        runs.deaths().only("relu").only("elu")


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: silent.silence((0,)), "batch must be a whole number"),
        (lambda: silent.silence((1348,)), "batch must not exceed 1347"),
        (lambda: silent.silence(seeds=[1]), "at least 2"),
        (lambda: silent.biases(()), "values must name at least one"),
        (lambda: silent.biases(examples=0), "examples must be"),
        (lambda: silent.killing_rates(()), "shifts must name at least one"),
        (lambda: silent.killing_rates(examples=1), "examples must be"),
        (lambda: narrow.born_dead((0,)), "width must be"),
        (lambda: narrow.born_dead(depth=0), "depth must be"),
        (lambda: narrow.born_dead(networks=0), "networks must be"),
        (lambda: runs.deaths(["rulu"]), "relu"),
        (lambda: runs.deaths(rates=()), "rates must name at least one"),
        (lambda: runs.deaths(rates=(-1.0,)), "rate must be"),
        (lambda: runs.deaths(recipe=Recipe()), "must have the probe asleep"),
        (lambda: runs.deaths(recipe=Recipe(probes=("asleep",), watched=256)), "watch all of its examples"),
        (lambda: runs.cures(names=()), "names must name at least one"),
        (lambda: runs.cures(names=["aspirin"]), "cure must be one of nothing"),
    ],
)
def test_bad_settings_are_refused_by_name_before_any_work(monkeypatch, ask, message):
    def at_work(*args, **kwargs):
        raise AssertionError("work had begun")

    for module, name in ((silent, "Ensemble"), (narrow, "first_digits"), (runs, "train")):
        monkeypatch.setattr(module, name, at_work)
    with pytest.raises(ValueError, match=message):
        ask()


def test_the_chapters_rows_are_dealt_with():
    mine = [claim for claim in claims.all_claims().values() if claim.subject == "dying_relu"]
    assert {"S0.16", "S1.13", "S3.10", "S4.17"} <= {row for claim in mine for row in claim.sources}
