"""What stands behind the answers on derivatives in code."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from activations import slopes, values
from activations.experiments import backpropagation, kink
from activations.experiments._summary import mean_interval
from torch.nn import functional as F

from . import check


def _slope(f, x: float | list[float], dtype: torch.dtype = torch.float64) -> torch.Tensor:
    at = torch.tensor(x, dtype=dtype, requires_grad=True)
    f(at).sum().backward()
    return at.grad


@check("relu-slope-at-zero", "20")
def _():
    assert _slope(torch.relu, 0.0) == 0
    runs = kink.kink()
    assert not runs.zeros["float32"].any() and not runs.zeros["float64"].any()
    assert not runs.parted["float32"].any() and not runs.parted["float64"].any()
    assert runs.zeros["bfloat16"].all() and runs.parted["bfloat16"].sum() == 20 == len(runs.seeds)
    assert mean_interval(runs.difference("bfloat16"))[1] < 0 < mean_interval(runs.difference("bfloat16"))[2]


@check("what-autograd-computes", "1e-5")
def _():
    found = backpropagation.gradient_check()
    logs = np.log10(found.error["float64"])
    at = found.steps.index(1e-5)
    assert mean_interval(logs[at])[2] < -9 and logs.mean(axis=1).argmin() == at
    x = np.array([0.3, 1.7])
    exact = np.exp(np.sin(x)) * np.cos(x)
    assert np.allclose(_slope(lambda t: torch.exp(torch.sin(t)), x.tolist()), exact, rtol=1e-15, atol=0)
    at = torch.tensor([20.0], requires_grad=True)
    (-torch.log(1 - torch.sigmoid(at))).sum().backward()
    assert at.grad.isnan(), "what a derivative by hand would have cancelled"


@check("what-autograd-keeps")
def _():
    x = torch.linspace(-3, 3, 7, requires_grad=True)
    output, input_ = {"_saved_result"}, {"_saved_self"}
    kept = {torch.relu: output, torch.sigmoid: output, torch.tanh: output}
    kept |= {F.gelu: input_, F.silu: input_, F.mish: input_}
    for f, what in kept.items():
        saved = {name for name in dir(f(x).grad_fn) if name in output | input_}
        assert saved == what, f
    lowest = -0.7518
    left, right = np.linspace(-4, lowest, 4001), np.linspace(lowest, 0, 4001)
    twin = right[np.abs(values.gelu(right) - values.gelu(left[2000])).argmin()]
    assert abs(values.gelu(twin) - values.gelu(left[2000])) < 1e-4
    assert slopes.gelu(left[2000]) < 0 < slopes.gelu(twin)
    assert torch.sigmoid(torch.tensor(20.0)) == 1


@check("activation-in-place")
def _(solution):
    assert solution["kept"].tolist() == [-1.0, 4.0] and solution["lost"].tolist() == [0.0, 4.0]
    x = torch.linspace(-2, 2, 5, requires_grad=True)
    linear = torch.nn.Linear(5, 5)
    torch.relu_(linear(x)).sum().backward()
    for before in (torch.sigmoid, torch.exp):
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            torch.relu_(before(x)).sum().backward()
    assert _slope(lambda z: torch.relu_(h := 1 * z) + h, [-1.0, 2.0]).tolist() == [0.0, 2.0]
    out = F.silu(2 * x, inplace=True)
    assert out.grad_fn._saved_self.data_ptr() != out.data_ptr(), "a copy"
    out = torch.relu_(2 * x)
    assert out.grad_fn._saved_result.data_ptr() == out.data_ptr()


@check("where-sends-back-nan", "1000")
def _(solution):
    def typed(x):
        return torch.where(x > 0, x, torch.exp(x) - 1)

    at = [1000.0, 3.0, 0.0, -1e-9, -2.0, -1000.0]
    assert typed(torch.tensor(1000.0)) == 1000 and _slope(typed, 1000.0).isnan()
    clipped = _slope(lambda x: torch.where(x > 0, x, torch.clamp(torch.exp(x) - 1, max=1)), 1000.0)
    assert clipped.isnan(), "cutting the result off does not help"
    x = torch.tensor(at, dtype=torch.float64)
    assert torch.allclose(solution["elu"](x), F.elu(x), rtol=1e-12, atol=0)
    assert torch.allclose(_slope(solution["elu"], at), _slope(F.elu, at))
    assert torch.tensor([1.0, np.nan]).sum().isnan()


@check("custom-slope-at-zero", "1/2")
def _(solution):
    half = solution["half_relu"]
    x = torch.tensor([-2.0, 0.0, 3.0], dtype=torch.float64)
    assert torch.equal(half(x), torch.relu(x)) and _slope(half, x.tolist()).tolist() == [0, 1 / 2, 1]
    assert _slope(lambda z: 5 * half(z), 0.0) == 5 / 2, "upstream times slope"
    away = torch.tensor([-1.0, 0.7, 2.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(half, away)
    assert _slope(lambda z: (z + z.abs()) / 2, 0.0) == 1 / 2 and _slope(torch.abs, 0.0) == 0


@check("gradient-check-deceived", "0.0001", "0.001", "0.55")
def _():
    z, h = 0.0001, 0.001
    central = (values.relu(z + h) - values.relu(z - h)) / (2 * h)
    assert slopes.relu(z) == 1 and np.isclose(central, 0.55)
    assert np.isclose((values.relu(z + h / 100) - values.relu(z - h / 100)) / (h / 50), 1)
    deep = backpropagation.stack((4,) * 21, "sigmoid")
    first = deep.backward(np.ones((1, 4)), np.zeros((1, 4))).weights[0]
    assert 0 < np.abs(first).max() < 1e-10, "six decimals do not tell it from 0"
    found = backpropagation.gradient_check()
    at = found.steps.index(1e-5)
    assert mean_interval(np.log10(found.error["float32"][at]) - np.log10(found.error["float64"][at]))[1] > 1


@check("gradient-check-best-step", "6", "3", "1/3", "2/3", "1.1e-16", "7e-6", "6e-3", "1e-5")
def _():
    u = {"float64": np.finfo(np.float64).eps / 2, "float32": np.finfo(np.float32).eps / 2}
    assert f"{u['float64']:.1e}" == "1.1e-16"
    best = {kind: (3 * one) ** (1 / 3) for kind, one in u.items()}
    assert f"{best['float64']:.0e}" == "7e-06" and f"{best['float32']:.0e}" == "6e-03"
    h = best["float64"] * np.array([0.99, 1, 1.01])
    error = h**2 / 6 + u["float64"] / h
    assert error.argmin() == 1 and 0.5 < error[1] / u["float64"] ** (2 / 3) < 2
    found = backpropagation.gradient_check()
    logs = np.log10(found.error["float64"]).mean(axis=1)
    far = [logs[found.steps.index(step)] for step in (1e-8, 1e-2)]
    assert logs[found.steps.index(1e-5)] < -9 and min(far) > -9 + 1
    assert np.log10(found.error["float32"]).mean(axis=1).min() > -9 + 1


@check("does-autograd-return-a-subgradient")
def _(solution):
    found = {name: _slope(f, 0.0).item() for name, f in solution["spellings"].items()}
    assert list(found.values()) == [0, 1 / 2, 1 / 2, 1]
    x = torch.linspace(-2, 2, 9)
    assert all(torch.equal(f(x), torch.relu(x)) for f in solution["spellings"].values())
    assert _slope(lambda z: torch.relu(z) - torch.relu(-z), [-1.0, 0.0, 1.0]).tolist() == [1, 0, 1]


@check("straight-through-a-step")
def _(solution):
    step = solution["straight_through"]
    x = torch.tensor([-0.3, 0.7, 5.0], dtype=torch.float64)
    assert torch.allclose(step(x), (x > 0).double()) and _slope(step, x.tolist()).tolist() == [1, 1, 1]

    def estimate(*at: float) -> np.ndarray:
        return _slope(lambda z: step(z).prod(), list(at)).round().numpy()

    assert estimate(-0.5, 0.5).tolist() == [1, 0], "s₂ and s₁"
    # Along the sides of a rectangle that crosses x₁ = 0 at positive x₂; each side's estimate is constant but there.
    sides = [((-0.5, 1.0), (1, 0)), ((0.5, 1.0), (1, 0)), ((1.0, 1.5), (0, 1))]
    sides += [((0.5, 2.0), (-1, 0)), ((-0.5, 2.0), (-1, 0)), ((-1.0, 1.5), (0, -1))]
    assert sum(estimate(*at) @ np.array(along) for at, along in sides) == 1


@check("second-derivatives-of-relu")
def _():
    torch_rng = torch.Generator().manual_seed(0)
    first = torch.randn(16, 2, generator=torch_rng, dtype=torch.float64, requires_grad=True)
    last = torch.randn(16, generator=torch_rng, dtype=torch.float64, requires_grad=True)
    at = torch.tensor([0.3, -1.2], dtype=torch.float64)

    def bends(f) -> torch.Tensor:
        return torch.autograd.functional.hessian(lambda x: last @ f(first @ x + 0.1), at)

    assert not bends(torch.relu).any() and all(bends(f).any() for f in (torch.tanh, F.softplus, F.gelu, torch.sin))
    x = at.clone().requires_grad_()
    (slope,) = torch.autograd.grad(last @ torch.relu(first @ x + 0.1), x, create_graph=True)
    assert all(part.any() for part in torch.autograd.grad(slope.square().sum(), (first, last)))
    sides = [
        torch.autograd.functional.hessian(F.elu, torch.tensor(z, dtype=torch.float64)).item() for z in (-1e-9, 1e-9)
    ]
    assert np.allclose(sides, [1, 0]) and _slope(F.elu, -1e-9).item() == pytest.approx(1)
