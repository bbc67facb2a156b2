"""What stands behind the answers on why a network needs a nonlinearity, and on what one buys."""

import numpy as np
import sympy as sp
from activations import claims, values
from activations.catalogue import get, x
from activations.experiments import approximation as layers
from activations.experiments import pieces
from activations.experiments import xor as runs
from activations.proofs import approximation as proofs
from activations.proofs import xor
from activations.properties import fact_sheet

from . import check

HALF = sp.Rational(1, 2)


def _share(name: str, size: str) -> float:
    return float(fact_sheet(name)[f"affine_share_{size}"].value)


@check("what-a-neuron-computes", "3")
def _():
    products = np.array([2.0, -3.0])
    assert values.relu(products.sum()) == 0 and values.relu(products).sum() == 2


@check("what-nonlinear-means", "1/2")
def _():
    relu = get("relu").at()
    assert (relu.subs(x, -1) + relu.subs(x, 1)) / 2 == HALF and relu.subs(x, 0) == 0


@check("perceptron-and-xor")
def _():
    both = xor.on_the_points(xor.x1 + xor.x2 - 2 * xor.x1 * xor.x2)
    assert both == xor.XOR
    assert xor.opposite_corners().last is not None


@check("fold-linear-layers")
def _():
    rng = np.random.default_rng(0)
    first, second, v = rng.normal(size=(3, 5)), rng.normal(size=(4, 3)), rng.normal(size=5)
    b1, b2 = rng.normal(size=3), rng.normal(size=4)
    assert np.allclose(second @ (first @ v + b1) + b2, (second @ first) @ v + (second @ b1 + b2))


@check("does-training-find-xor", "17")
def _():
    share = runs.success().share("relu", 2)
    assert (share.count, share.runs) == (17, 100)


@check("does-training-find-xor", "1/2")
def _():
    assert xor.on_the_points(xor.relu_network()) == xor.XOR
    # Two points of different labels with one output cost log 2 each, the others nothing; and such runs occur.
    merged = float(np.log(2) * np.mean([1, 1, 0, 0]))
    assert np.isclose(merged, float(HALF * sp.log(2)))
    assert (np.abs(runs.success().losses("relu", 2) - merged) < 0.01).any()


@check("more-units-argument", "16")
def _():
    trained = layers.train("wave", units=16)
    assert trained.units == 16 and trained.interval[0] > 3
    assert "16 ReLU units" in claims.get("training-does-not-find-the-formula").function.__doc__


@check("build-a-relu-curve", "1/8")
def _():
    # A parabola attains the bound, so an eighth of h² times its second derivative is its error.
    error = layers.worst_error(np.square, layers.interpolant(np.square, 4))
    assert np.isclose(error, float(sp.Rational(1, 8)) * (1 / 4) ** 2 * 2)


@check("build-a-relu-curve")
def _(solution):
    wave, at = layers.get_target("wave"), np.linspace(0, 1, 1001)
    for units in (1, 7, 64):
        assert np.allclose(solution["relu_layer"](wave, 0, 1, units)(at), layers.interpolant(wave, units)(at))
    shifted = solution["relu_layer"](np.exp, -2, 1, 10)
    assert np.isclose(shifted(0.1), np.interp(0.1, np.linspace(-2, 1, 11), np.exp(np.linspace(-2, 1, 11))))
    errors = [layers.worst_error(wave, solution["relu_layer"](wave, 0, 1, n)) for n in (64, 128)]
    assert 3.9 < errors[0] / errors[1] < 4.1


@check("does-depth-matter-without-activations")
def _():
    v, w, t = sp.symbols("v w t", real=True)
    loss = (v * w - 1) ** 2
    assert sp.expand(loss.diff(v) - 2 * w * (v * w - 1)) == 0
    hessian = sp.hessian(loss, (v, w)).subs({v: 0, w: 0})
    assert sorted(hessian.eigenvals()) == [-2, 2]
    assert loss.subs({v: t, w: t}).diff(t, 2).subs(t, 0) < 0 < loss.subs({v: t, w: -t}).diff(t, 2).subs(t, 0)


@check("can-one-neuron-compute-xor", "3")
def _():
    neuron = xor.ThresholdNeuron((2, 2), -3, sp.Rational(-1, 5))
    assert neuron.labels(get("silu").at()) in (xor.XOR, tuple(1 - one for one in xor.XOR))
    assert neuron.weighted_sum() == 2 * xor.x1 + 2 * xor.x2 - 3


@check("square-as-an-activation", "1/8")
def _():
    assert abs(proofs.far_from_quadratics().last) == sp.Rational(1, 8)


@check("why-deep-if-shallow-suffices", "24")
def _():
    found = pieces.random_pieces()
    assert {sum(shape) for shape in found.shapes} == {24} and {len(shape) for shape in found.shapes} >= {1, 6}
    assert (found.mean + found.half_width <= 24).all()


@check("how-nonlinear-is-it", "98", "93", "73")
def _():
    assert [f"{_share(name, '1'):.0%}" for name in ("sigmoid", "tanh", "relu")] == ["98%", "93%", "73%"]


@check("how-nonlinear-is-it", "10")
def _():
    large = {name: _share(name, "10") for name in ("sigmoid", "tanh", "relu")}
    assert max(large, key=large.get) == "relu" and large["relu"] - large["sigmoid"] < 0.01
    assert _share("relu", "10") == _share("relu", "1") == _share("relu", "0.1")
