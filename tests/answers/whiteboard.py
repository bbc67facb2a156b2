"""Each whiteboard solution against an oracle, and the numbers in what is said about it."""

import mpmath
import numpy as np
import pytest
import torch
from activations.experiments import logits
from scipy.special import log_softmax, softmax
from torch import nn

from answers import check

RNG = np.random.default_rng(0)


@check("code-stable-sigmoid")
def _(solution):
    at = np.array([-1000.0, -745.0, -700.0, -40.0, -3.0, -1e-9, 0.0, 0.5, 40.0, 1000.0])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        found = solution["sigmoid"](at)
    exact = [float(1 / (1 + mpmath.exp(-mpmath.mpf(float(x))))) for x in at]
    assert np.allclose(found, exact, rtol=1e-14, atol=5e-324) and solution["sigmoid"](0) == 0.5
    logs = np.minimum(at, 0) - np.log1p(np.exp(-np.abs(at)))
    assert np.allclose(logs, [float(mpmath.log(1 / (1 + mpmath.exp(-mpmath.mpf(float(x)))))) for x in at])


@check("code-xor-by-hand")
def _(solution):
    for first in (0, 1):
        for second in (0, 1):
            assert solution["xor"](np.array([first, second])) == first ^ second


@check("code-stable-softmax", "1000")
def _(solution):
    z = np.array([[1000.0, 999, 0], [-1e300, 0, 1e300], [0.1, 0.2, 0.3]])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        assert np.allclose(solution["log_softmax"](z), log_softmax(z, axis=-1))
        assert np.allclose(solution["softmax"](z, axis=0), softmax(z, axis=0))
    with np.errstate(over="ignore"):
        assert np.isinf(np.log(np.exp(1000.0)))
    with np.errstate(invalid="ignore"):
        assert np.isnan(solution["softmax"](np.full(3, -np.inf))).all()
    wrong = z - z.max(axis=-1)  # without keepdims a square batch is shifted along the other axis
    assert not np.allclose(wrong, z - z.max(axis=-1, keepdims=True))


@check("code-cross-entropy-with-logits", "20", "0.9")
def _(solution):
    x = np.array([-1e30, -1000.0, -20, -1, 0, 0.3, 20, 1000, 1e30])
    for y in (0.0, 1.0, 0.9):
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            loss, slope = solution["loss_and_slope"](x, y)
        z = torch.tensor(x, requires_grad=True)
        oracle = nn.functional.binary_cross_entropy_with_logits(z, torch.full_like(z, y), reduction="none")
        assert np.allclose(loss, oracle.detach().numpy())
        assert np.allclose(slope, torch.autograd.grad(oracle.sum(), z)[0].numpy())
    assert solution["loss_and_slope"](20.0, 0.0) == (pytest.approx(20), pytest.approx(1))
    lost = logits.losses([20.0])
    assert np.isposinf(lost.value["as typed"][0]) and np.isnan(lost.slope["as typed"][0])
    assert lost.slope["with epsilon"][0] == 0
    least = np.log(0.9 / 0.1)
    assert abs(solution["loss_and_slope"](least, 0.9)[1]) < 1e-12


@check("code-backward-of-two-layers")
def _(solution):
    x, y = RNG.normal(size=(6, 5)), RNG.integers(0, 3, 6)
    given = [RNG.normal(size=shape) for shape in ((5, 4), (4,), (4, 3), (3,))]
    loss, *found = solution["gradients"](x, y, *given)
    w1, b1, w2, b2 = leaves = [torch.tensor(one, requires_grad=True) for one in given]
    scores = torch.relu(torch.tensor(x) @ w1 + b1) @ w2 + b2
    oracle = nn.functional.cross_entropy(scores, torch.tensor(y))
    assert np.isclose(loss, oracle.item())
    for mine, exact in zip(found, torch.autograd.grad(oracle, leaves), strict=True):
        assert np.allclose(mine, exact.numpy())
    z = x @ given[0] + given[1]
    assert ((z > 0) == (np.maximum(z, 0) > 0)).all()


@check("code-gradient-check", "1e-5")
def _(solution):
    a = RNG.normal(size=(3, 4))

    def f(x):
        return float(np.sum(np.tanh(x) * a))

    x = RNG.normal(size=(3, 4))
    right = a / np.cosh(x) ** 2
    before = x.copy()
    assert solution["gradient_error"](f, x, right) < 1e-9 and (x == before).all()
    assert solution["gradient_error"](f, x, right, step=1e-12) > 1e-6  # rounding
    assert solution["gradient_error"](f, x, right, step=1e-1) > 1e-5  # truncation
    wrong = right.copy()
    wrong[0, 0] *= -1
    assert solution["gradient_error"](f, x, wrong) > 1e-3


@check("code-he-initialisation")
def _(solution):
    w = solution["he"](400, 300, np.random.default_rng(1))
    assert w.shape == (400, 300) and abs(w.var() * 400 / 2 - 1) < 0.02 and abs(w.mean()) < 0.001
    dice = [np.random.default_rng(seed) for seed in range(40)]
    kept = [solution["growth"](6, 256, rng) for rng in dice]
    halved = [solution["growth"](6, 256, rng, factor=1.0) for rng in dice]
    assert abs(np.mean(kept)) < 0.2 and abs(np.mean(halved) + 5) < 0.2


@check("code-dead-unit-detector")
def _(solution):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 5), nn.ReLU())
    with torch.no_grad():
        model[0].bias[3], model[2].bias[1] = -1000, -1000
        model[0].bias[:3], model[2].bias[0] = 10, 100
    batches = [torch.randn(16, 4) for _ in range(40)]
    found = solution["dead_units"](model, batches)
    outputs = {"1": model[:2](torch.cat(batches)), "3": model(torch.cat(batches))}
    assert list(found) == list(outputs) and found["1"][3] and found["3"][1]
    for name, output in outputs.items():
        assert (found[name] == (output <= 0).all(dim=0)).all()
    assert not any(module._forward_hooks for module in model.modules())
    silent, awake = torch.full((1, 4), -1.0), torch.full((1, 4), 1.0)
    unit = nn.Sequential(nn.Linear(4, 1), nn.ReLU())
    nn.init.ones_(unit[0].weight)
    nn.init.zeros_(unit[0].bias)
    for batches, dead in (([silent], True), ([silent, awake], False), ([awake, silent], False)):
        assert solution["dead_units"](unit, batches)["1"].all() == dead


@check("code-clip-by-norm")
def _(solution):
    for limit in (0.5, 100.0):
        torch.manual_seed(0)
        sets = []
        for _ in range(2):
            torch.manual_seed(0)
            some = [nn.Parameter(torch.randn(3, 2)), nn.Parameter(torch.randn(4)), nn.Parameter(torch.randn(1))]
            for parameter in some[:2]:
                parameter.grad = torch.randn_like(parameter)
            sets.append(some)
        norm = solution["clip"](iter(sets[0]), limit)
        oracle = nn.utils.clip_grad_norm_(sets[1], limit)
        assert torch.isclose(norm, oracle)
        for mine, theirs in zip(sets[0][:2], sets[1][:2], strict=True):
            assert torch.allclose(mine.grad, theirs.grad, atol=1e-5)
    none = nn.Parameter(torch.ones(2))
    none.grad = torch.zeros(2)
    assert solution["clip"]([none], 1.0) == 0 and (none.grad == 0).all()
    none.grad = torch.tensor([float("inf"), 1.0])
    assert not solution["clip"]([none], 1.0).isfinite() and none.grad.isnan().any()


@check("code-sample-with-temperature")
def _(solution):
    rng, scores = np.random.default_rng(0), [1.0, 2.0, -1.0]
    for temperature in (0.5, 1.0, 3.0):
        drawn = [solution["sample"](scores, temperature, rng) for _ in range(8000)]
        shares = np.bincount(drawn, minlength=3) / 8000
        assert np.abs(shares - softmax(np.array(scores) / temperature)).max() < 0.02
    assert solution["sample"](scores, 0, rng) == 1
    with np.errstate(over="ignore"):
        assert solution["sample"]([1e300, -1e300], 1e-300, rng) == 0
    noise = -np.log(-np.log(rng.uniform(size=(20000, 3))))
    gumbel = np.bincount((np.array(scores) + noise).argmax(axis=1), minlength=3) / 20000
    assert np.abs(gumbel - softmax(scores)).max() < 0.015


@check("code-prelu-with-its-gradient")
def _(solution):
    torch.manual_seed(0)
    mine, oracle = solution["PReLU"](), nn.PReLU()
    x = torch.randn(5, 7)
    for module in (mine, oracle):
        module.seen = x.clone().requires_grad_()
        (module(module.seen) ** 3).sum().backward()
    assert torch.allclose(mine.seen.grad, oracle.seen.grad)
    assert torch.allclose(mine.a.grad, oracle.weight.grad[0])
    a = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(solution["Bend"].apply, (x.double().requires_grad_(), a))


@check("code-swiglu-layer", "3")
def _(solution):
    torch.manual_seed(0)
    layer, x = solution["SwiGLU"](8, 30), torch.randn(5, 8)
    assert sum(p.numel() for p in layer.parameters()) == 2 * 8 * 30 and 30 % 3 == 0
    a, b = x @ layer.value.weight.T, x @ layer.gate.weight.T
    assert torch.allclose(layer(x), (a * b * torch.sigmoid(b)) @ layer.out.weight.T, atol=1e-6)
    with torch.no_grad():
        layer.gate.weight.copy_(layer.value.weight)
    assert torch.allclose(layer(x), layer.out(a * nn.functional.silu(a)), atol=1e-6)


@check("code-batch-norm-forward")
def _(solution):
    mine, oracle = solution["BatchNorm"](4), nn.BatchNorm1d(4).double()
    gamma, beta = RNG.normal(size=(2, 4))
    mine.gamma, mine.beta = gamma, beta
    with torch.no_grad():
        oracle.weight.copy_(torch.tensor(gamma))
        oracle.bias.copy_(torch.tensor(beta))
    for _ in range(3):
        x = RNG.normal(3, 2, size=(6, 4))
        assert np.allclose(mine(x), oracle(torch.tensor(x)).detach().numpy())
    assert np.allclose(mine.var, oracle.running_var.numpy()) and np.allclose(mine.mean, oracle.running_mean.numpy())
    oracle.eval()
    assert np.allclose(mine(x[:1], training=False), oracle(torch.tensor(x[:1])).detach().numpy())
    assert np.allclose(mine(x), mine(x + 5))  # a bias before it is taken off
    assert np.isfinite(mine(np.ones((6, 4)))).all()


@check("code-maxout-layer")
def _(solution):
    torch.manual_seed(0)
    layer, x = solution["Maxout"](6, 5, pieces=3), torch.randn(4, 6)
    w, b = layer.linear.weight, layer.linear.bias
    sums = (x @ w.T + b).view(4, 5, 3)
    assert torch.allclose(layer(x), sums.max(-1).values) and layer(x).shape == (4, 5)
    assert sum(p.numel() for p in layer.parameters()) == 3 * (6 + 1) * 5
    (slope,) = torch.autograd.grad(layer(x).sum(), b)
    wins = torch.nn.functional.one_hot(sums.argmax(-1), 3).sum(0).flatten()
    assert torch.equal(slope, wins.float())
    tie = torch.zeros(1, 2, requires_grad=True)
    assert torch.autograd.grad(tie.max(dim=-1).values.sum(), tie)[0].max() == 1
    assert torch.autograd.grad(tie.amax(dim=-1).sum(), tie)[0].max() == 0.5


@check("code-lstm-cell", "4")
def _(solution):
    torch.manual_seed(0)
    cell = nn.LSTMCell(3, 5).double()
    x, h, c = (torch.randn(2, width).double() for width in (3, 5, 5))
    state, memory = cell(x, (h, c))
    found = solution["lstm_step"](
        *(one.numpy() for one in (x, h, c)),
        *(one.detach().numpy().T for one in (cell.weight_ih, cell.weight_hh)),
        (cell.bias_ih + cell.bias_hh).detach().numpy(),
    )
    assert cell.weight_ih.T.shape[1] == 4 * 5
    assert np.allclose(found[0], state.detach().numpy()) and np.allclose(found[1], memory.detach().numpy())
    with np.errstate(over="raise", invalid="raise"):
        assert np.allclose(solution["sigmoid"](np.array([-1000.0, 0, 1000])), [0, 0.5, 1])


@check("code-masked-softmax", "1e9")
def _(solution):
    z, keep = RNG.normal(size=(4, 5)), RNG.random((4, 5)) > 0.4
    keep[1], keep[2], z[3, keep[3]] = False, True, 1000.0 + z[3, keep[3]]
    with np.errstate(all="raise"):
        found = solution["masked_softmax"](z, keep)
    assert (found[1] == 0).all() and (found[~keep] == 0).all() and np.allclose(found[2], softmax(z[2]))
    for row, kept in zip((0, 3), keep[[0, 3]], strict=True):
        assert np.allclose(found[row][kept], softmax(z[row][kept]))
    assert np.allclose(softmax(np.full(5, np.float32(-1e9))), 1 / 5)
    with np.errstate(over="ignore"):
        assert np.isneginf(np.float16(-1e9))
    scores, mask = torch.tensor(z, requires_grad=True), torch.tensor(keep)
    masked = scores.masked_fill(~mask, -torch.inf)
    top = masked.amax(-1, keepdim=True)
    p = (masked - torch.where(top.isfinite(), top, 0.0)).exp()
    total = p.sum(-1, keepdim=True)
    (p / torch.where(total > 0, total, 1.0)).square().sum().backward()
    assert scores.grad.isfinite().all()
