"""Ensembles of networks and what goes through them, against networks written out one by one in torch and NumPy."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from activations import slopes
from activations.experiments import propagation
from activations.experiments.digits import split
from activations.experiments.ensemble import SCHEMES, Ensemble, Network, natural_gain
from activations.experiments.probes import EDGES, FLAT, PROBES, slopes_at, steepest
from scipy import integrate, stats

SMALL = Network("tanh", depth=3, width=6)


def _one_by_one(network, seed=0):
    """The weights and biases of one network of an ensemble, as plain tensors."""
    ensemble = Ensemble(network, [seed])
    return [(layer.weight[0, 0], layer.bias[0, 0, 0]) for layer in (*ensemble.layers, ensemble.readout)]


# --- ensembles --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "relu", "gelu", "selu", "maxout", "swiglu"])
def test_an_ensemble_computes_what_each_of_its_networks_would(name):
    network, x = replace(SMALL, activation=name), torch.randn(5, 64, dtype=torch.float64)
    logits = Ensemble(network, range(3))(x).logits
    for seed in range(3):
        *hidden, (weight, bias) = _one_by_one(network, seed)
        h = x
        for w, b in hidden:
            z = F.linear(h, w, b)
            if name == "maxout":
                h = torch.maximum(z[:, ::2], z[:, 1::2])
            elif name == "swiglu":
                h = z[:, :6] * F.silu(z[:, 6:])
            else:
                h = getattr(torch, name, getattr(F, name, None))(z)
        torch.testing.assert_close(logits[0, seed], F.linear(h, weight, bias), rtol=1e-12, atol=1e-14)


def test_batch_norm_is_torchs():
    x = torch.randn(9, 64, dtype=torch.float64)
    made = Ensemble(replace(SMALL, normalise=True), range(2))(x)
    weight, bias = _one_by_one(SMALL, 1)[0]
    expected = F.batch_norm(F.linear(x, weight, bias), None, None, training=True)
    torch.testing.assert_close(made.sums[0][0, 1], expected)


def test_residual_and_gated_layers_follow_their_formulas():
    x = torch.randn(4, 64, dtype=torch.float64)
    added = Ensemble(replace(SMALL, residual=True), [0])(x)
    torch.testing.assert_close(added.outputs[1], added.outputs[0] + torch.tanh(added.sums[1]))
    torch.testing.assert_close(added.outputs[0], torch.tanh(added.sums[0]))
    ensemble = Ensemble(replace(SMALL, gated=True), [0])
    mixed = ensemble(x)
    gate = torch.sigmoid(mixed.outputs[0] @ ensemble.layers[1].gate_weight.mT + ensemble.layers[1].gate_bias)
    torch.testing.assert_close(mixed.outputs[1], gate * torch.tanh(mixed.sums[1]) + (1 - gate) * mixed.outputs[0])
    assert gate.mean() < 0.25


def test_prelu_learns_and_rrelu_draws_within_its_bounds():
    x = torch.randn(50, 64, dtype=torch.float64)
    ensemble = Ensemble(replace(SMALL, activation="prelu", options=(("weight", 0.3),)), [0])
    made = ensemble(x)
    torch.testing.assert_close(made.outputs[0], F.leaky_relu(made.sums[0], 0.3))
    assert len(ensemble.parameters()) == 3 * 3 + 2
    ensemble = Ensemble(replace(SMALL, activation="rrelu"), [0])
    made = ensemble(x, dice=[torch.Generator().manual_seed(0)])
    drawn = (made.outputs[0] / made.sums[0])[made.sums[0] < 0]
    assert 1 / 8 <= drawn.min() < 0.14 and 0.32 < drawn.max() <= 1 / 3
    resting = ensemble(x)
    torch.testing.assert_close(resting.outputs[0], F.rrelu(resting.sums[0], training=False))


@pytest.mark.parametrize(
    ("scheme", "deviation"), [("normal", 1 / 8), ("uniform", 1 / 8), ("he", 2**0.5 / 8), ("small", 0.01)]
)
def test_weights_begin_with_the_variance_that_is_stated(scheme, deviation):
    weight, bias = SCHEMES[scheme](np.random.default_rng(0), 3000, 64)
    assert weight.std() == pytest.approx(deviation, rel=0.01) and abs(weight.mean()) < 1e-3 and not bias.any()


def test_the_scheme_called_torch_is_torchs():
    weight, bias = SCHEMES["torch"](np.random.default_rng(0), 3000, 64)
    layer = torch.nn.Linear(64, 3000)
    for ours, theirs in ((weight, layer.weight), (bias, layer.bias)):
        theirs = theirs.detach().numpy()
        assert stats.ks_2samp(ours.ravel()[::7], theirs.ravel()[::7]).pvalue > 1e-3
        assert abs(ours).max() <= 1 / 8 and abs(theirs).max() <= 1 / 8
    bound = np.sqrt(6 / (40 + 64))
    assert abs(SCHEMES["glorot"](np.random.default_rng(0), 40, 64)[0]).max() == pytest.approx(bound, rel=0.01)


@pytest.mark.parametrize("shape", [(5, 8), (8, 5), (6, 6)])
def test_orthogonal_weights_are_orthonormal(shape):
    weight, _ = SCHEMES["orthogonal"](np.random.default_rng(0), *shape)
    gram = weight @ weight.T if shape[0] <= shape[1] else weight.T @ weight
    assert weight.shape == shape
    np.testing.assert_allclose(gram, np.eye(min(shape)), atol=1e-12)


@pytest.mark.parametrize("name", ["relu", "tanh", "elu"])
def test_the_natural_gain_keeps_the_mean_square(name):
    f = {"relu": lambda x: max(x, 0), "tanh": np.tanh, "elu": lambda x: x if x > 0 else np.expm1(x)}[name]
    square = integrate.quad(lambda x: f(x) ** 2 * stats.norm.pdf(x), -9, 9, points=[0])[0]
    assert natural_gain(name) ** 2 * square == pytest.approx(1, rel=1e-9)


def test_activations_gains_and_depths_share_their_draws():
    tanh, relu = (Ensemble(replace(SMALL, activation=name), [3]) for name in ("tanh", "relu"))
    deeper = Ensemble(replace(SMALL, depth=5), [3], gains=(1.0, 2.0))
    for one, other, third in zip(tanh.layers, relu.layers, deeper.layers, strict=False):
        assert torch.equal(one.weight, other.weight)
        assert torch.equal(2 * one.weight[0], third.weight[1])
    assert torch.equal(tanh.readout.weight[0], deeper.readout.weight[1])
    assert not torch.equal(tanh.layers[0].weight, Ensemble(SMALL, [4]).layers[0].weight)


# --- propagation ------------------------------------------------------------------------------------------------------


def test_halves_of_the_seeds_give_the_same_bits():
    settings = dict(depths=(2, 7), gains=(1.0, "natural"), activations=("sigmoid", "relu", "gelu"))
    whole = propagation.propagate(seeds=range(10), **settings)
    parts = [propagation.propagate(seeds=seeds, **settings) for seeds in (range(5), range(5, 10))]
    for measure in propagation.MEASURES:
        for case, values in whole.measured[measure].items():
            both = np.concatenate([part.measured[measure][case] for part in parts], axis=1)
            assert np.array_equal(values, both, equal_nan=True), (measure, case)


def test_gradients_are_those_of_a_plain_network():
    network = replace(SMALL, activation="gelu")
    result = propagation.propagate(network, activations=["gelu"], depths=[3], examples=16, seeds=[5])
    parameters = [(w.clone().requires_grad_(), b) for w, b in _one_by_one(network, 5)]
    h = torch.tensor(split().train[:16])
    for index, (weight, bias) in enumerate(parameters):
        h = F.linear(h, weight, bias)
        h = F.gelu(h) if index < 3 else h
    F.cross_entropy(h, torch.tensor(split().train_labels[:16])).backward()
    norms = [float(weight.grad.norm()) for weight, _ in parameters[:-1]]
    np.testing.assert_allclose(result.layers("gradient", "gelu", 3)[0], norms, rtol=1e-10)


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "relu", "selu", "silu", "mish"])
def test_the_analytic_jacobian_is_autograds(name):
    network = replace(SMALL, activation=name, gain=1.4)
    products = propagation.jacobians(network, range(3), examples=2)
    x = propagation.first_digits(2)[0]
    for seed in range(3):
        (first, b), *rest = _one_by_one(network, seed)[:-1]
        activate = getattr(torch, name, getattr(F, name, None))
        for example in range(2):

            def above(h, rest=rest, activate=activate):
                for weight, bias in rest:
                    h = activate(F.linear(h, weight, bias))
                return h

            start = activate(F.linear(x[example], first, b))
            expected = torch.autograd.functional.jacobian(above, start)
            np.testing.assert_allclose(products[-1, seed, example], expected, rtol=1e-6, atol=1e-9)
    values = propagation.singular_values(network, range(3), examples=2)
    np.testing.assert_allclose((values**2).sum(-1), (products**2).sum((-1, -2)))


def test_relu_without_the_factor_two_halves_the_mean_square_in_each_layer():
    result = propagation.propagate(
        activations=["relu"], gains=(1.0, "natural"), depths=[10], widths=[256], seeds=range(20)
    )
    for gain, factor in ((1.0, 0.5), ("natural", 1.0)):
        squares = result.layers("mean_square", "relu", 10, gain)
        rate = np.log(squares[:, -1] / squares[:, 0]) / 9
        half = stats.t.ppf(0.9995, 19) * rate.std(ddof=1) / np.sqrt(20)
        # A typical network loses a little more than the mean one: the logarithm's mean is lower by about 5/(2 width).
        assert abs(rate.mean() + 5 / (2 * 256) - np.log(factor)) < half + 0.01


def test_what_is_looked_at_agrees_with_numpy():
    ensemble = Ensemble(replace(SMALL, activation="relu", bias=-1.0), range(2))
    made, gradients = propagation.backward(ensemble, *propagation.first_digits(20))
    z, h = ([part.detach().numpy() for part in parts] for parts in (made.sums, made.outputs))
    look = {name: PROBES[name](ensemble, made, gradients).numpy() for name in PROBES if name != "slope"}
    for layer in range(3):
        np.testing.assert_allclose(slopes_at(ensemble, made)[layer], slopes.relu(z[layer]))
        np.testing.assert_allclose(look["dead"][0, :, layer], (z[layer] <= 0).all(2).mean(-1)[0])
        np.testing.assert_allclose(look["saturated"][0, :, layer], (z[layer] <= 0).mean((2, 3))[0])
        np.testing.assert_allclose(look["active"][0, :, layer], (z[layer] > 0).mean((2, 3))[0])
        np.testing.assert_allclose(look["mean_square"][0, :, layer], (z[layer] ** 2).mean((2, 3))[0])
        np.testing.assert_allclose(look["mean"][0, :, layer], h[layer].mean((2, 3))[0])
        np.testing.assert_allclose(look["spread"][0, :, layer], h[layer].reshape(1, 2, -1).std(-1)[0])
        counts = np.histogram(h[layer][0, 1], [-np.inf, *EDGES[1:-1], np.inf])[0]
        np.testing.assert_allclose(look["histogram"][0, 1, layer], counts / counts.sum())
        delta = made.deltas[layer].numpy()
        before = h[layer - 1] if layer else split().train[:20]
        expected = np.linalg.norm(np.swapaxes(delta, -1, -2) @ before, axis=(-1, -2))
        np.testing.assert_allclose(look["gradient"][..., layer], expected)
        np.testing.assert_allclose(look["delta"][..., layer], np.sqrt((delta**2).sum((-1, -2))))


def test_saturation_is_measured_against_the_steepest_slope():
    assert steepest(Network("tanh")) == 1
    assert steepest(Network("leaky_relu", options=(("negative_slope", 2),))) == 2
    ensemble = Ensemble(Network("sigmoid", depth=1, width=4), [0])
    made = ensemble(1000 * propagation.first_digits(10)[0])
    share = PROBES["saturated"](ensemble, made, [])
    z = made.sums[0].detach().numpy()
    assert float(share) == np.mean(slopes.sigmoid(z) < FLAT / 4) > 0.5
    with pytest.raises(ValueError, match="swiglu takes many inputs"):
        steepest(Network("swiglu"))
    with pytest.raises(ValueError, match="the probe slope is for prelu"):
        PROBES["slope"](ensemble, made, [])


def test_the_result_shows_as_a_table_and_as_a_chart():
    result = propagation.propagate(activations=["sigmoid", "tanh"], depths=[2, 6], seeds=range(20))
    lines = repr(result).splitlines()
    assert len(lines) == 5 and lines[0].split()[:3] == ["activation", "gain", "depth"]
    chart = result.chart("delta")
    assert [line.label for line in chart.marks] == ["sigmoid", "tanh"] and chart.y.scale == "log"
    assert chart.marks[0].y[0] < chart.marks[0].y[-1]
    ratio = result.ratio("sigmoid", 6)
    assert ratio.shape == (20,) and np.all(ratio < 0.1)
    assert propagation.power_in_words(np.array([0.0, 1.0])) == "0 for 50% of the seeds"


# --- bad configurations -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "settings"),
    [
        ("depth", {"depths": [0]}),
        ("depths", {"depths": []}),
        ("depths", {"depths": 5}),
        ("gain", {"gains": [-1.0]}),
        ("gain", {"gains": [float("nan")]}),
        ("activation", {"activations": ["rellu"]}),
        ("seeds", {"seeds": []}),
        ("seeds", {"seeds": [1, 1]}),
        ("width", {"widths": [0]}),
        ("examples", {"examples": 1}),
        ("measure", {"measures": ["joy"]}),
    ],
)
def test_a_bad_configuration_is_refused_before_any_work(field, settings, monkeypatch):
    def work(*_):
        raise AssertionError("work has started")

    monkeypatch.setattr(propagation, "_measure", work)
    with pytest.raises(ValueError, match=rf"^propagate: {field}\b"):
        propagation.propagate(**settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"activation": "rellu"},
        {"depth": 0},
        {"width": 2.5},
        {"scheme": "lucky"},
        {"gain": 0},
        {"gain": "huge"},
        {"options": (("slope", 1.0),)},
        {"residual": True, "gated": True},
    ],
)
def test_a_bad_network_is_refused_and_the_field_named(settings):
    with pytest.raises(ValueError, match=rf"^Network: {next(iter(settings))}"):
        Network(**settings)


def test_other_misuse_is_refused():
    with pytest.raises(ValueError, match="seeds"):
        Ensemble(SMALL, [])
    with pytest.raises(ValueError, match="gain"):
        Ensemble(SMALL, [0], gains=[-1])
    with pytest.raises(ValueError, match="many inputs"):
        natural_gain("softmax")
    with pytest.raises(ValueError, match="plain network"):
        propagation.jacobians(replace(SMALL, residual=True))
    result = propagation.propagate(activations=["tanh"], depths=[2], seeds=range(2))
    for field, asked in {"depth": ("gradient", "tanh", 3), "activation": ("gradient", "relu", 2)}.items():
        with pytest.raises(ValueError, match=field):
            result.layers(*asked)
