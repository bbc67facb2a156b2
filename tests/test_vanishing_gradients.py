"""The chapter on vanishing gradients: derivations, networks against torch and finite differences, claims."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
import torch
from activations import charts, claims, slopes, values
from activations.experiments import backpropagation as by_hand
from activations.experiments import remedies, vanishing
from activations.experiments.ensemble import Ensemble, Network
from activations.experiments.propagation import first_digits, jacobians
from activations.experiments.training import Recipe
from activations.explore import explore
from activations.proofs import Derivation, ProofError
from activations.proofs import backpropagation as back
from activations.proofs import vanishing as proofs
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp
from scipy import integrate, optimize

SMOOTH = ("sigmoid", "tanh", "softplus", "gelu", "silu", "mish", "elu", "softsign")
DERIVATIONS = [
    *(getattr(back, name) for name in back.__all__),
    proofs.condition_slope,
    proofs.norm_gap,
    proofs.slope_by_cosh,
    proofs.steepness_at_the_edge,
    proofs.unit_factor,
    proofs.width,
    proofs.width_slope,
]

# --- proofs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("derivation", DERIVATIONS, ids=lambda one: one.__name__)
def test_a_derivation_holds_and_argues_nothing(derivation):
    made = derivation()
    assert made.steps and not made.argued


@pytest.mark.parametrize("depth", [1, 2, 4, 6])
def test_a_chain_has_a_slope_a_unit_and_a_weight_a_connection(depth):
    product = back.chain(depth).last
    weights = {factor for factor in product.args if factor.is_Symbol}
    assert weights == {sp.Symbol(f"w_{layer}", real=True) for layer in range(2, depth + 1)}
    assert len(product.args) == 2 * depth  # with the slope of the loss


@pytest.mark.parametrize(("units", "inputs"), [(1, 1), (3, 2), (2, 4)])
def test_the_jacobian_holds_for_any_shape(units, inputs):
    assert back.jacobian(units, inputs).last.shape == (units, inputs)


def test_a_forgotten_weight_or_slope_is_found():
    start = back.chain(2)
    for broken in (start.last / sp.Symbol("w_2", real=True), start.last * 2, -start.last):
        with pytest.raises(ProofError, match="is false"):
            Derivation(start.start, where=start.where).then(broken, because="broken on purpose")


@pytest.mark.parametrize("bad", [lambda: back.chain(0), lambda: back.jacobian(0), lambda: back.several_users(0)])
def test_sizes_below_one_are_refused(bad):
    with pytest.raises(ValueError, match="at least 1, got 0"):
        bad()


def test_the_widest_window_is_that_of_a_numerical_search():
    t, weight, width = map(float, proofs.widest())

    def half_width(size):
        return -2 * float(mp.acosh(mp.sqrt(size) / 2)) * 2 / size

    found = optimize.minimize_scalar(half_width, bounds=(4, 40), method="bounded", options={"xatol": 1e-9})
    assert width == pytest.approx(-found.fun, rel=1e-12)
    assert weight == pytest.approx(found.x, rel=1e-6)
    assert t * np.tanh(t) == pytest.approx(0.5, rel=1e-14)


@given(st.floats(-40, 40).filter(lambda w: abs(w) > 0.01), st.floats(-10, 10))
def test_the_window_is_where_the_factor_reaches_one(weight, bias):
    def factor(a):
        return abs(weight * slopes.sigmoid(weight * a + bias))

    window = proofs.window(weight, bias)
    centre = -bias / weight
    if window is None:
        assert factor(centre) < 1
        return
    low, high = window
    assert low <= centre <= high and high - low <= float(proofs.widest()[2]) + 1e-12
    assert factor(low) == pytest.approx(1, rel=1e-6) and factor(high) == pytest.approx(1, rel=1e-6)
    outside = 1e-3 * (1 + high - low)
    assert factor(low - outside) < 1 and factor(high + outside) < 1


def test_no_digits_or_units_are_refused():
    with pytest.raises(ValueError, match="digits must be at least 1, got 0"):
        proofs.widest(0)
    with pytest.raises(ValueError, match="units must be at least 1, got 0"):
        proofs.norm_gap(0)


@given(st.lists(st.integers(-5, 5), min_size=4, max_size=4).filter(any))
def test_half_of_the_square_passes_whatever_the_move(move):
    assert proofs.relu_mean_square((8, 4, 2, 1), tuple(move)) == Fraction(1, 2)


def test_the_count_over_sign_patterns_refuses_what_has_no_answer():
    with pytest.raises(ValueError, match="move must have 2 entries"):
        proofs.relu_mean_square((2, 1), (1,))
    with pytest.raises(ValueError, match="sum the signal to 0"):
        proofs.relu_mean_square((1, 1), (1, 2))


# --- backpropagation by hand ------------------------------------------------------------------------------------------


def _in_torch(net, x, y):
    """The same stack in torch: its weights and biases, and the loss."""
    function = getattr(torch, net.activation, None) or getattr(torch.nn.functional, net.activation)
    weights, biases = ([torch.tensor(p, requires_grad=True) for p in parts] for parts in (net.weights, net.biases))
    a = torch.tensor(x, requires_grad=True)
    out = a
    for weight, bias in zip(weights, biases, strict=True):
        out = function(out @ weight.T + bias)
    return weights, biases, a, 0.5 * (out - torch.tensor(y)).square().sum()


@pytest.mark.parametrize("activation", [*SMOOTH, "relu"])
@pytest.mark.parametrize("widths", [(3, 5, 2), (4, 1, 6, 4, 2), (2, 1)])
def test_the_backward_sweep_is_autograds(activation, widths):
    net, rng = by_hand.stack(widths, activation, seed=3), np.random.default_rng(0)
    x, y = rng.normal(size=(7, widths[0])), rng.normal(size=(7, widths[-1]))
    weights, biases, a, loss = _in_torch(net, x, y)
    loss.backward()
    ours = net.backward(x, y)
    assert net.loss(x, y) == pytest.approx(loss.item(), rel=1e-12)
    for theirs, mine in zip([*weights, *biases, a], [*ours.weights, *ours.biases, ours.input], strict=True):
        assert np.allclose(mine, theirs.grad.numpy(), rtol=1e-6, atol=1e-13)


@pytest.mark.parametrize("activation", SMOOTH)
def test_the_jacobian_is_autograds_and_that_of_differences(activation):
    net, x = by_hand.stack((4, 5, 3), activation, seed=1), np.random.default_rng(2).normal(size=4)
    ours = net.jacobian(x)
    function = getattr(torch, activation, None) or getattr(torch.nn.functional, activation)

    def forward(v):
        for weight, bias in zip(net.weights, net.biases, strict=True):
            v = function(torch.tensor(weight) @ v + torch.tensor(bias))
        return v

    theirs = torch.autograd.functional.jacobian(forward, torch.tensor(x)).numpy()
    assert np.allclose(ours, theirs, rtol=1e-6, atol=0)
    h, unit = 1e-6, np.eye(4)
    differences = [(net.forward(x + h * e)[1][-1] - net.forward(x - h * e)[1][-1]) / (2 * h) for e in unit]
    assert np.allclose(ours, np.stack(differences, axis=-1), rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "elu"])
def test_the_jacobians_of_the_ensembles_are_autograds(activation):
    network = Network(activation, depth=4, width=6, scheme="he")
    ensemble = Ensemble(network, range(2))
    first = ensemble(first_digits(1)[0]).outputs[0][0, :, 0]
    for seed in range(2):

        def rest(h, seed=seed):
            for layer in ensemble.layers[1:]:
                h = getattr(torch.nn.functional, activation)(layer.weight[0, seed] @ h + layer.bias[0, seed, 0])
            return h

        theirs = torch.autograd.functional.jacobian(rest, first[seed]).numpy()
        assert np.allclose(jacobians(network, range(2))[-1, seed, 0], theirs, rtol=1e-6, atol=1e-15)


def test_every_fault_is_found_and_the_right_sweep_passes():
    found = by_hand.with_faults()
    assert found.error["none"].max() < 1e-6
    for fault in by_hand.FAULTS[1:]:
        assert np.median(found.error[fault]) > 0.05, fault
    assert all(fault in repr(found) for fault in by_hand.FAULTS)


def test_the_gradient_check_has_its_valley_where_rounding_and_curvature_balance():
    found = by_hand.gradient_check()
    assert found.best("float64") in (1e-6, 1e-5, 1e-4) and found.best("float32") in (1e-3, 1e-2, 1e-1)
    typical = found.typical("float64")
    # Right of the valley the error is that of the difference quotient: a hundred times for each tenfold step.
    assert typical[-1] / typical[-2] == pytest.approx(100, rel=0.3)
    assert isinstance(found.chart(), charts.Chart) and "float32" in repr(found)


def test_half_of_the_seeds_gives_the_same_bits():
    whole, part = by_hand.gradient_check((1e-5,), range(4)), by_hand.gradient_check((1e-5,), range(2))
    assert np.array_equal(whole.error["float64"][:, :2], part.error["float64"])
    whole, part = (vanishing.stretch(["tanh"], ["he"], depth=5, seeds=range(n)) for n in (4, 2))
    assert np.array_equal(whole.powers["he", "tanh"][:2], part.powers["he", "tanh"])


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda: by_hand.stack((3,)), "stack: widths"),
        (lambda: by_hand.stack((3, 0)), "stack: widths"),
        (lambda: by_hand.stack(activation="reluu"), "activation"),
        (lambda: by_hand.stack(gain=0), "gain"),
        (lambda: by_hand.gradient_check(()), "steps"),
        (lambda: by_hand.gradient_check((0.0,)), "steps"),
        (lambda: by_hand.gradient_check(seeds=range(1)), "seeds"),
        (lambda: by_hand.with_faults(faults=["bad"]), "faults"),
        (lambda: by_hand.with_faults(step=-1), "step"),
        (lambda: vanishing.chain(np.zeros(1), 1.0, 0), "depth"),
        (lambda: vanishing.window_charts(4), "largest"),
        (lambda: vanishing.stretch(["nope"]), "activation"),
        (lambda: vanishing.stretch(schemes=["nope"]), "scheme"),
        (lambda: vanishing.stretch(depth=1), "depth"),
        (lambda: vanishing.stretch(["relu"], ["he"], depth=3, seeds=()), "seeds"),
        (lambda: vanishing.stretch(["relu"], ["he"], depth=3, seeds=range(2)).chart("glorot"), "scheme"),
        (lambda: vanishing.products(Network(), examples=0), "examples"),
        (lambda: vanishing.first_updates(Network(), sgd=0), "sgd"),
        (lambda: vanishing.gradient_chart("softmax", 2, 1.0), "activation"),
        (lambda: remedies.outcome({}), "networks"),
        (lambda: remedies.outcome({"one": Network()}, seeds=range(1)), "seeds"),
        (lambda: remedies.histogram_chart("elu", 0), "activation"),
        (lambda: remedies.histogram_chart("tanh", 1), "step"),
        (lambda: remedies.shifted(()), "biases"),
        (lambda: Network("tanh", as_tanh=True), "as_tanh"),
        (lambda: Network("sigmoid", as_tanh=True, residual=True), "as_tanh"),
    ],
)
def test_a_bad_configuration_is_refused_by_name(run, message):
    with pytest.raises(ValueError, match=message):
        run()


# --- untrained networks -----------------------------------------------------------------------------------------------


@given(st.floats(-30, 30), st.floats(-15, 15), st.integers(1, 8))
def test_a_chain_goes_one_way_and_less_far_than_one(weight, bias, depth):
    output, slope = vanishing.chain(np.linspace(0, 1, 1001), weight, depth, bias)
    way = np.sign(weight) ** depth
    assert (way * slope >= 0).all() and (way * np.diff(output) >= 0).all()
    assert abs(output[-1] - output[0]) < 1


@pytest.mark.parametrize(("weight", "depth"), [(2.0, 3), (6.9, 5), (-5.0, 4)])
def test_the_area_under_a_chains_gradient_is_its_rise(weight, depth):
    area, _ = integrate.quad(lambda a: abs(vanishing.chain(a, weight, depth)[1]), 0, 1, points=[0.5], limit=200)
    output = vanishing.chain(np.array([0.0, 1.0]), weight, depth)[0]
    assert area == pytest.approx(abs(output[1] - output[0]), rel=1e-8)


def test_the_slope_of_a_chain_is_that_of_differences():
    a, h = np.array([0.2, 0.5, 0.77]), 1e-6
    up, down = (vanishing.chain(a + s * h, 5.0, 4)[0] for s in (1, -1))
    assert np.allclose(vanishing.chain(a, 5.0, 4)[1], (up - down) / (2 * h), rtol=1e-6)


def test_the_stretch_is_the_norm_of_the_product_and_matches_the_law():
    found = vanishing.stretch(["relu"], ["normal"], depth=9, width=16, seeds=range(400))
    squares = 10 ** (2 * found.last("normal", "relu"))
    # The mean square is (1/2)^8; a mean over 400 heavy-tailed numbers comes within a few of its standard errors.
    error = squares.std(ddof=1) / 20
    assert abs(squares.mean() - 2.0**-8) < 4 * error
    one = jacobians(Network("relu", 9, 16, "normal"), range(3))[-1, :, 0]
    expected = [np.log10(np.linalg.norm(product) / 4) for product in one]
    assert found.last("normal", "relu")[:3] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "identity"])
def test_layers_of_a_homogeneous_network_share_one_product(activation):
    each = vanishing.products(Network(activation, depth=5, width=7, scheme="small"), range(3))
    assert each.shape == (3, 6) and np.abs(each).min() > 0
    assert np.allclose(each, each[:, :1], rtol=1e-9, atol=0)


def test_a_bias_ends_the_common_product():
    each = vanishing.products(Network("relu", depth=5, width=7, bias=0.5), range(3))
    assert np.abs(each / each[:, :1] - 1).max() > 0.01


def test_the_first_update_of_adam_is_that_of_torch():
    network = Network("sigmoid", 3, scheme="glorot")
    ensemble = Ensemble(network, range(2))
    x, labels = first_digits(64)
    weights = [torch.nn.Parameter(weight[0, 1].clone()) for weight in ensemble.weights()]
    h = x
    for weight in weights[:-1]:
        h = torch.sigmoid(h @ weight.T)
    optimiser = torch.optim.Adam(weights, lr=0.001)
    torch.nn.functional.cross_entropy(h @ weights[-1].T, labels).backward()
    before = [weight.detach().clone() for weight in weights]
    optimiser.step()
    expected = [(w.detach() - b).norm() / b.norm() for w, b in zip(weights[:-1], before[:-1], strict=True)]
    found = vanishing.first_updates(network, seeds=range(2))
    assert found.size["adam"][1] == pytest.approx([float(one) for one in expected], rel=1e-6)
    sgd = [0.1 * w.grad.norm() / b.norm() for w, b in zip(weights[:-1], before[:-1], strict=True)]
    assert found.size["sgd"][1] == pytest.approx([float(one) for one in sgd], rel=1e-9)
    assert "first layer" in repr(found) and isinstance(found.chart(), charts.Chart)


@pytest.mark.parametrize("scheme", ["glorot", "torch"])
def test_a_sigmoid_network_started_as_tanh_computes_the_same(scheme):
    x = torch.randn(5, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    ours = Ensemble(Network("sigmoid", 5, scheme=scheme, bias=0.2, as_tanh=True), range(2), gains=(1.0, 1.4))(x)
    theirs = Ensemble(Network("tanh", 5, scheme=scheme, bias=0.2), range(2), gains=(1.0, 1.4))(x)
    assert torch.allclose(ours.logits, theirs.logits, rtol=0, atol=1e-12)
    assert torch.allclose(2 * ours.outputs[-1] - 1, theirs.outputs[-1], rtol=0, atol=1e-12)


# --- charts and the page ----------------------------------------------------------------------------------------------


def test_the_tongue_of_the_window_is_where_the_proof_says():
    factor, width = vanishing.window_charts()
    (tongue,), (line,) = factor.marks, width.marks
    for column in (60, 100, 160):
        window = proofs.window(tongue.x[column], -tongue.x[column] / 2)
        inside = tongue.y[tongue.z[:, column] >= 1]
        assert (window is None) == (inside.size == 0)
        if window is not None:
            assert window[0] <= inside.min() and inside.max() <= window[1]
    assert line.y.max() == pytest.approx(float(proofs.widest()[2]), abs=1e-4)


def test_frames_of_the_explorables_have_one_shape_and_stay_small():
    chain = explore(vanishing.chain_chart, weight=[1, 4, 20], depth=[1, 10])
    gradient = explore(vanishing.gradient_chart, activation=["sigmoid"], depth=vanishing.DEPTHS, gain=vanishing.GAINS)
    assert chain.frames == 6 and gradient.frames == 40
    assert len(chain.payload) < 80_000 and len(gradient.payload) < 80_000


def test_the_gradient_chart_ends_at_its_depth_and_at_one():
    delta = vanishing.gradient_chart("sigmoid", 5, 1.0).marks[1]
    assert delta.x.max() == 5 and delta.y[-1] == 0 and delta.y[0] < -1


def test_the_charts_say_what_they_show():
    found = vanishing.stretch(["tanh", "relu"], ["he"], depth=4, seeds=range(3))
    assert "he" in found.chart("he").words and "tanh" in repr(found)
    small = {"tanh": Network("tanh", 2, 8), "wide": Network("tanh", 2, 9)}
    run = remedies.outcome(small, Recipe(steps=2), range(3))
    assert "wide" in run.chart().words and "wide" in run.bars().words and "wide" in repr(run)
    assert run.learned("tanh").shape == (3,)


def test_all_corners_of_the_demonstration_are_measured():
    found = vanishing.three_units(seeds=range(3))
    assert set(found.power) == {(start, name) for start in ("small", "glorot") for name in ("sigmoid", "relu")}
    weights = 0.01**2 * 3  # a layer's mean square factor, were all units open
    assert (found.power["small", "relu"] < 4 * 0.5 * np.log10(weights) + 1).all()
    assert "glorot" in repr(found)
    with pytest.raises(ValueError, match="scheme"):
        vanishing.three_units(["nope"])


def test_saturation_is_by_layer_and_watch():
    found = remedies.saturation(seeds=range(2))
    share = found.share("8 times")
    assert share.shape[::2] == (2, 5) and (share >= 0).all() and (share <= 1).all()
    assert "layer 1" in repr(found)


def test_a_bias_shrinks_the_gradient_by_the_tail_of_the_slope():
    found = remedies.shifted((0, 2, 4), seeds=range(3))
    assert (np.diff(found.gradient, axis=0) < 0).all() and (found.decay > 0).all()
    assert "bias" in repr(found) and isinstance(found.chart(), charts.Chart)


# --- claims -----------------------------------------------------------------------------------------------------------

OURS = [one for one in claims.all_claims().values() if one.subject == "vanishing_gradients"]


@pytest.mark.parametrize("one", OURS, ids=lambda one: one.id)
def test_a_claim_stands(one):
    assert one.evidence().says


def test_the_rows_are_answered():
    rows = {row for one in OURS for row in one.sources}
    assert rows >= {"S0.8", "S0.9", "S0.12", "S1.3", "S3.3", "S3.4", "S3.5", "S3.6", "S3.7", "S3.8", "S4.15"}


def test_a_sigmoid_stack_that_learned_would_be_noticed(monkeypatch):
    def learns(self, label):
        return np.ones(20, dtype=bool)

    monkeypatch.setattr(remedies.Outcome, "learned", learns)
    fresh = claims.Claim("fresh", "qualified", (), "x", claims.get("depth-stops-plain-sigmoids").function)
    with pytest.raises(claims.ClaimError, match="no sigmoid run"):
        fresh.evidence()


def test_values_at_a_kink_mislead_a_difference():
    z, h = 1e-4, 1e-3
    assert (values.relu(z + h) - values.relu(z - h)) / (2 * h) == pytest.approx((z + h) / (2 * h))
