"""What stands behind the answers on initialisation, batch normalisation and residual connections."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import sympy as sp
import torch
from activations import claims, fact_sheet, values
from activations.experiments import defaults, dying, firstlayers, glorot, meanfield, meeting, moments, remedies
from activations.experiments._summary import mean_interval
from activations.proofs import initialisation as proofs
from activations.proofs import selu

from . import check

_rng = np.random.default_rng


def _normals(*shape: int, variance: float) -> np.ndarray:
    return _rng(0).normal(size=shape) * variance**0.5


@check("all-weights-equal")
def _():
    x = torch.randn(20, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for start, activation in ((0.0, torch.tanh), (0.3, torch.tanh), (0.0, torch.sigmoid)):
        shapes = ((4, 3), (4, 4), (1, 4))
        weights = [torch.full(shape, start, dtype=torch.float64, requires_grad=True) for shape in shapes]
        h = activation(activation(x @ weights[0].T) @ weights[1].T)
        (h @ weights[2].T - x[:, :1] ** 3).square().mean().backward()
        first, second, last = (weight.grad for weight in weights)
        assert all(torch.allclose(grad, grad[:1].expand_as(grad)) for grad in (first, second)), "units stay equal"
        moves = [bool(grad.any()) for grad in (first, second, last)]
        assert moves == ([False, False, activation is torch.sigmoid] if start == 0 else [True] * 3)


@check("glorot-or-he", "3", "64", "576", "2/576", "0.059")
def _():
    layer = torch.nn.Conv2d(64, 32, 3)
    fan_in = layer.weight[0].numel()
    assert fan_in == 3 * 3 * 64 == 576 and f"{(2 / fan_in) ** 0.5:.3f}" == "0.059"
    torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=torch.Generator().manual_seed(0))
    assert abs(layer.weight.std().item() / (2 / 576) ** 0.5 - 1) < 0.02
    dense = torch.empty(300, 500)
    torch.nn.init.xavier_uniform_(dense, generator=torch.Generator().manual_seed(0))
    variance = 2 / 800
    assert abs(dense.var().item() / variance - 1) < 0.02 and dense.abs().max().item() <= (3 * variance) ** 0.5


@check("batch-norm-in-training-and-at-test-time", "1e-5")
def _():
    assert inspect.signature(torch.nn.BatchNorm1d).parameters["eps"].default == 1e-5
    layer = torch.nn.BatchNorm1d(3, momentum=None).double()
    z = torch.randn(8, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        layer.weight.fill_(2.0), layer.bias.fill_(0.5)
    by_hand = 2 * (z - z.mean(0)) / (z.var(0, correction=0) + 1e-5).sqrt() + 0.5
    assert torch.allclose(layer(z), by_hand)
    assert torch.allclose(layer(z + 7.0), by_hand), "a bias in front is removed with the mean"
    layer.eval()
    assert torch.allclose(layer(z)[:1], layer(z[:1])), "in evaluation examples do not depend on each other"
    with pytest.raises(ValueError, match="more than 1 value"):
        layer.train()(z[:1])


@check("derive-the-factor-two", "0.341")
def _():
    assert proofs.he_variance().last.rhs.subs(proofs.alpha, 0) == 2 / proofs.n
    assert sp.simplify(proofs.he_variance().last.rhs - 2 / ((1 + proofs.alpha**2) * proofs.n)) == 0
    assert f"{float(sp.Rational(1, 2) - 1 / (2 * sp.pi)):.3f}" == "0.341"
    z = _normals(1_000_000, variance=1.0)
    assert abs(values.relu(z).var() - 0.341) < 0.003


@check("what-linear-draws", "3", "5")
def _():
    assert "kaiming_uniform_(self.weight, a=math.sqrt(5))" in inspect.getsource(torch.nn.Linear.reset_parameters)
    drawn = torch.nn.Linear(400, 400)
    for tensor in (drawn.weight, drawn.bias):
        assert tensor.abs().max().item() <= 400**-0.5
    assert abs(drawn.weight.var().item() * 400 - 1 / 3) < 0.01
    q, n = 1.0, 400
    for _layer in range(40):
        q = q / 6 + 1 / (3 * n)
    assert np.isclose(q, 2 / (5 * n))


@check("what-linear-draws")
def _():
    found = defaults.silence()
    default, he, plain, small = (found.off[name][:, -1] for name in defaults.STARTS)
    assert found.depth == 10 and abs(default.mean() - 0.5) < 0.05 and max(he.mean(), plain.mean()) < 0.3
    assert np.array_equal(plain, small) and found.switching(next(iter(defaults.STARTS))).mean() < 0.1


@check("what-a-gain-is", "1.59", "1.5925", "5/3", "1.18", "1.178")
def _():
    gain = moments.gain("tanh")
    assert f"{gain:.4f}" == "1.5925" and f"{gain:.2f}" == "1.59"
    assert moments.library_gain("tanh") == 5 / 3 > gain
    assert fact_sheet("relu")["forward_gain"].value == sp.sqrt(2)
    assert f"{meanfield.fixed_length('tanh', 5 / 3, 0.0):.2f}" == "1.18"
    assert f"{firstlayers.two_ways().predicted['tanh']:.3f}" == "1.178"
    x = _normals(2_000_000, variance=1.0)
    assert abs(np.mean(np.tanh(x) ** 2) ** -0.5 - gain) < 0.003


@check("where-batch-norm-stands")
def _():
    """The gradient shrinks as the weights grow, and is that of centred inputs."""
    h = torch.randn(16, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) + 3.0
    norm = torch.nn.BatchNorm1d(4, eps=1e-20).double()

    def gradient(scale: float, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        weight = (scale * torch.arange(1.0, 21.0, dtype=torch.float64).reshape(4, 5).sin()).requires_grad_()
        out = norm(inputs @ weight.T)
        torch.tanh(out).pow(3).sum().backward()
        return out, weight.grad

    (out, usual), (same, small) = gradient(1.0, h), gradient(8.0, h)
    assert torch.allclose(out, same) and torch.allclose(usual, 8 * small)
    assert torch.allclose(usual, gradient(1.0, h - h.mean(0))[1])


@check("where-batch-norm-stands")
def _():
    run = remedies.saturation()
    assert run.share("8 times").mean() > 0.5 and run.share("8 times, batch norm").mean() < 0.01


@check("residual-connections-and-the-jacobian", "30")
def _():
    found = remedies.remedies()
    assert 100 * (found.final("residual") - found.final("sigmoid")).mean() >= 30
    assert found.power["sigmoid"].mean() < -10 and found.power["residual"].mean() > -1


@check("residual-connections-and-the-jacobian")
def _():
    h = torch.randn(4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    weight = torch.randn(4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    block = torch.autograd.functional.jacobian(lambda h: h + torch.tanh(weight @ h), h)
    slope = torch.diag(1 - torch.tanh(weight @ h) ** 2)
    assert torch.allclose(block, torch.eye(4, dtype=torch.float64) + slope @ weight)
    signal = _rng(1).normal(size=2000)
    branch = _normals(2000, 2000, variance=1 / 2000) @ signal
    assert abs(np.mean((signal + branch) ** 2) / np.mean(signal**2) - 2) < 0.15


@check("biases-at-the-start", "0.1")
def _():
    found = dying.cures()
    born, killed = found.dead["born dead"], found.dead["killed"]
    assert (born["nothing"] - born["bias 0.1"]).mean() > 0.1
    right = {cure: accuracy.mean() for cure, accuracy in found.accuracy["born dead"].items()}
    assert right["bias 0.1"] < 0.15 < 0.5 < right["He's weights"]
    _, low, high = mean_interval(killed["nothing"] - killed["bias 0.1"])
    assert low < 0 < high, "no difference can be seen against large steps"
    assert dying.DISEASES["born dead"][0].depth == 8


@check("he-in-narrow-deep-networks", "5", "16", "8.8", "0.00015")
def _():
    fall = 50 * firstlayers.log_factor(16)[0]
    assert f"{fall:.1f}" == "-8.8" and f"{np.exp(fall):.1g}" == "0.0001" and f"{np.exp(fall):.5f}" == "0.00015"
    assert abs(firstlayers.log_factor(1000)[0] / (-5 / 2000) - 1) < 0.02
    size = 16
    z = _rng(0).normal(size=(400_000, size))
    factor = (2 / size) * (values.relu(z) ** 2).sum(axis=1)
    assert abs(factor.mean() - 1) < 0.005 and abs(factor.var() - 5 / size) < 0.01
    assert abs(50 * np.log(factor[factor > 0]).mean() + 8.8) < 0.3
    found = firstlayers.relu_lengths()
    assert all(one.shape[1] == 60 for one in found.length)


@check("an-exact-gain-that-runs-away", "1.144", "0.99", "1e-4")
def _():
    assert f"{moments.steadiness('gelu'):.3f}" == "1.144"
    assert all(moments.steadiness(name) > 1 for name in ("gelu", "silu", "mish"))
    assert all(moments.steadiness(name) < 1 for name in ("tanh", "sigmoid", "elu", "selu"))
    assert np.isclose(moments.steadiness("relu"), 1) and np.isclose(moments.steadiness("squared_relu"), 2)
    short, long = 0.99, 1.01
    for _layer in range(10):
        short = meanfield.length_map("squared_relu", short, (2 / 3) ** 0.5, 0)
    assert np.isclose(short, 0.99**1024) and short < 1e-4
    gain, q = moments.gain("gelu"), [0.9, 1.1]
    for _layer in range(30):
        q = [meanfield.length_map("gelu", float(one), gain, 0) for one in q]
    assert q[0] < 0.5 and q[1] > 5 and long > 1


@check("one-variance-for-two-directions", "1.178", "3600", "1.0716")
def _():
    found = firstlayers.two_ways()
    chi = found.predicted["tanh"]
    assert f"{chi:.3f}" == "1.178" and round(chi**50, -2) == 3600
    assert f"{float(selu.gradient_factor()):.4f}" == "1.0716"
    for name in ("relu", "leaky_relu", "prelu"):
        assert fact_sheet(name)["forward_gain"].value == fact_sheet(name)["backward_gain"].value


@check("the-edge-of-chaos", "200")
def _():
    assert fact_sheet("relu")["slope_second_moment"].value == sp.Rational(1, 2)
    assert meeting.meeting().width == 200
    assert np.isclose(meanfield.separation_rate("relu", 3**-0.5, 0.7), 1 / 6)
    claims.get("the-edge-of-chaos-of-relu-is-one-point").evidence()


@check("orthogonal-weights")
def _(solution):
    draws = np.array([solution["orthogonal"](3, _rng(seed)) for seed in range(4000)])
    assert np.allclose(draws @ draws.swapaxes(1, 2), np.eye(3))
    assert np.abs(draws.mean(axis=0)).max() < 0.05 and np.allclose((draws**2).mean(axis=0), 1 / 3, atol=0.03)
    plain = np.array([np.linalg.qr(_rng(seed).normal(size=(3, 3)))[0] for seed in range(4000)])
    assert np.abs(plain.mean(axis=0)).max() > 0.3, "without the signs the draw is biased"


@check("orthogonal-weights")
def _():
    found = firstlayers.isometry()
    tanh, normal, relu = (
        found.largest(*case).mean() for case in (("tanh", "orthogonal"), ("tanh", "normal"), ("relu", "orthogonal"))
    )
    assert tanh < 2 and normal > 3 < relu and found.depth == 30


@check("why-the-top-sigmoid-layer-saturates", "0.1", "0.02")
def _():
    label = next(iter(glorot.NETWORKS))
    found = glorot.top_layer()
    start, lowest, end = found.mean[label][:, 0, -1], found.lowest(label), found.mean[label][:, -1, -1]
    assert abs(start.mean() - 0.5) < 0.1 and lowest.mean() < 0.1 < end.mean()
    gain = 3**-0.5
    chi = meanfield.separation_rate("sigmoid", gain, meanfield.fixed_length("sigmoid", gain, 0.0))
    assert f"{chi:.2f}" == "0.02"
    published, own = (found.waited(one) for one in glorot.NETWORKS)
    assert (published / own).mean() > 3
