"""What stands behind the answers on saturation and on vanishing gradients."""

from __future__ import annotations

import inspect

import numpy as np
import sympy as sp
import torch
from activations import claims, fact_sheet, slopes, values
from activations.catalogue import get, x
from activations.experiments import remedies, vanishing
from activations.experiments.ensemble import Network
from activations.proofs import vanishing as proofs

from . import check


def _low(claim: str, what: str) -> float:
    """The lower end of the interval of the one measurement that says ``what``."""
    (found,) = [one for one in claims.get(claim).evidence().measurements if what in one.what]
    return found.low


@check("what-saturation-is", "8")
def _():
    found = remedies.shifted()
    lost = found.final[found.biases.index(0.0)] - found.final[found.biases.index(8.0)]
    assert lost.mean() > 0.7
    assert 2 < np.exp(found.decay.mean()) < np.e


@check("what-saturation-is")
def _():
    assert values.sigmoid(20.0) > 0.99
    assert max(slopes.sigmoid(20.0), slopes.sigmoid(-20.0)) < 1e-8
    ends = [get("sigmoid").slope() * sp.exp(sign * x) for sign in (1, -1)]
    assert [sp.limit(one, x, end) for one, end in zip(ends, (sp.oo, -sp.oo), strict=True)] == [1, 1]


@check("why-gradients-vanish", "4")
def _():
    assert fact_sheet("sigmoid")["lipschitz"].value == sp.Rational(1, 4)
    a, slope = vanishing.chain(np.array([0.5]), weight=4.0, depth=12)
    assert a[0] == 0.5 and slope[0] == 1.0, "weights of 4 and sums of 0 pass the gradient whole"
    assert _low("shallow-layers-move-less", "gradient descent") > 4


@check("rank-classics-by-vanishing")
def _():
    found = vanishing.stretch()
    for start in found.schemes:
        sigmoid, tanh, relu = (found.last(start, name).mean() for name in ("sigmoid", "tanh", "relu"))
        assert sigmoid < min(tanh, relu) - 10 and relu < tanh


@check("exploding-in-a-feed-forward-network", "3")
def _():
    grown, kept = (vanishing.stretch(("relu",), ("normal",), gain=v**0.5).last("normal", "relu") for v in (3, 2))
    assert grown.mean() > 3 and abs(kept.mean()) < 1


@check("does-relu-end-vanishing", "1/1024")
def _():
    signal = torch.ones(1, dtype=torch.float64, requires_grad=True)
    out = signal
    for _layer in range(10):
        out = torch.relu(0.5 * out)
    out.backward()
    assert signal.grad.item() == 1 / 1024
    halved = vanishing.stretch(("relu",), ("normal",), gain=1.0).last("normal", "relu")
    assert halved.mean() < -6


@check("jacobian-norm-of-a-layer", "4")
def _():
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(300, 300)) / 300**0.5
    norm = np.linalg.norm(weights, 2)
    assert abs(norm - 2) < 0.1, "a wide square matrix of variance 1/n has a norm near 2"
    jacobian = slopes.sigmoid(weights @ rng.normal(size=300))[:, None] * weights
    assert np.linalg.norm(jacobian, 2) <= norm / 4 and np.isclose(np.linalg.norm(jacobian.T, 2), norm_of(jacobian))
    assert fact_sheet("sigmoid")["lipschitz"].value * 4 == 1
    assert fact_sheet("tanh")["lipschitz"].value == fact_sheet("relu")["lipschitz"].value == 1


def norm_of(matrix: np.ndarray) -> float:
    return float(np.linalg.svd(matrix, compute_uv=False)[0])


@check("first-layer-over-last-layer")
def _():
    each = vanishing.products(Network("relu", depth=10))
    assert np.abs(each / each[:, :1] - 1).max() < 1e-10


@check("does-adam-cure-vanishing", "1e-8")
def _():
    assert inspect.signature(torch.optim.Adam).parameters["eps"].default == 1e-8
    ten, twenty = (vanishing.first_updates(Network("sigmoid", depth, scheme="glorot")) for depth in (10, 20))
    assert (ten.gap("adam") < 1).all() and (ten.gap("sgd") > 4).all()
    assert (twenty.gap("adam") > 5).all(), "at twenty layers Adam's first layer all but stands still"
    for depth in (10, 20):
        runs = remedies.outcome(remedies.stacks(depth))
        assert not runs.learned("sigmoid").any() and runs.learned("tanh").all()


@check("rescue-twenty-sigmoid-layers", "30")
def _():
    found = remedies.remedies()
    changed = [label for label in found.power if label != "sigmoid"]
    assert len(changed) == 5 and found.training.recipe.steps == 100
    for label in changed:
        assert 100 * (found.final(label) - found.final("sigmoid")).mean() >= 30
        assert found.power[label].mean() > -1


@check("sides-and-kinds-of-saturation", "4")
def _():
    for name, scaled in (("sigmoid", sp.exp(x)), ("tanh", sp.exp(2 * x) / 4)):
        assert sp.limit((get(name).slope() * scaled).rewrite(sp.exp), x, sp.oo) == 1
    assert slopes.relu(-1e-300) == 0 and slopes.leaky_relu(-1e300) == 0.01
    assert slopes.elu(-30.0) > 0 == slopes.elu(-750.0)


@check("saturated-and-exploding", "30")
def _():
    claim = "saturated-networks-may-explode"
    assert 100 * _low(claim, "share of saturated units") > 30
    assert _low(claim, "error, 16 times") > 0
    usual = [one for one in claims.get(claim).evidence().measurements if "usual weights" in one.what]
    assert usual[0].high < -10


@check("saturated-and-exploding")
def _():
    """The mean square of the slope falls like 1/s, so s² times it grows."""
    z = np.random.default_rng(0).normal(size=400_000)
    squares = [np.mean(slopes.sigmoid(s * z) ** 2) for s in (20, 40)]
    assert abs(squares[0] / squares[1] - 2) < 0.1


@check("can-large-weights-undo-the-quarter", "4", "0.448", "6.89", "0.4477")
def _():
    t, weight, width = (float(one) for one in proofs.widest())
    assert f"{weight:.2f}" == "6.89" and f"{width:.4f}" == "0.4477" and width < 0.448
    assert np.isclose(weight, 4 * np.cosh(t) ** 2) and np.isclose(width, t / np.cosh(t) ** 2)
    assert np.isclose(t * np.tanh(t), 0.5)
    inputs = np.linspace(-1, 1, 400_001)
    seen = 2 * np.mean(weight * slopes.sigmoid(weight * inputs) >= 1)
    assert abs(seen - width) < 1e-4
    tanh = 2 * np.mean(weight / 4 * slopes.tanh(weight / 4 * inputs) >= 1)
    assert abs(tanh - 2 * width) < 1e-4
    assert 3.999 * slopes.sigmoid(0.0) < 1 == 4 * slopes.sigmoid(0.0)


@check("mean-gradient-of-a-sigmoid-chain", "4")
def _():
    inputs = np.linspace(0, 1, 200_001)
    for weight in (-9.0, 3.0, 4.5, 30.0):
        out, slope = vanishing.chain(inputs, weight=weight, depth=3)
        assert np.trapezoid(np.abs(slope), inputs) < 1
        assert np.isclose(np.trapezoid(np.abs(slope), inputs), abs(out[-1] - out[0]), atol=1e-6)
    assert np.abs(vanishing.chain(np.array([0.5]), 4.5, 3)[1]).max() > 1, "above 4 it exceeds 1 at some input"


@check("tanh-network-from-sigmoids", "4")
def _(solution):
    rng = np.random.default_rng(0)
    sizes = (5, 7, 6, 8, 3)
    layers = [(rng.normal(size=(m, n)), rng.normal(size=m)) for n, m in zip(sizes, sizes[1:], strict=False)]
    twin, point = solution["as_sigmoids"](layers), rng.normal(size=5)
    ours, theirs = solution["run"](twin, point, values.sigmoid), solution["run"](layers, point, np.tanh)
    assert np.allclose(ours, theirs, rtol=0, atol=1e-12)
    assert np.allclose(twin[1][0], 4 * layers[1][0])
