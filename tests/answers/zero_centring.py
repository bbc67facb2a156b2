"""What stands behind the answers on zero-centring: signs, batches, curvature, depth and races."""

import numpy as np
import sympy as sp
import torch
from activations.catalogue import get, x
from activations.experiments import conditioning, zigzag
from activations.experiments._summary import mean_interval
from activations.proofs import zigzag as proofs
from activations.properties import fact_sheet

from . import check

LARGEST = zigzag.BATCHES[-1]


def _mean(name: str) -> float:
    return float(fact_sheet(name)["mean"].value)


def _variance(name: str) -> float:
    return float(fact_sheet(name)["second_moment"].value) - _mean(name) ** 2


def _condition(name: str) -> str:
    """1 + n m²/v for 50 independent outputs, from the fact sheet, and the eigenvalues of that matrix."""
    m, v, n = _mean(name), _variance(name), 50
    eigen = np.linalg.eigvalsh(v * np.eye(n) + m**2)
    assert np.isclose(eigen[-1] / eigen[0], conditioning.predicted(name, n))
    return f"{eigen[-1] / eigen[0]:.0f}"


@check("what-zero-centred-means", "1/2", "0.4")
def _():
    assert fact_sheet("sigmoid")["mean"].value == sp.Rational(1, 2) and fact_sheet("tanh")["mean"].value == 0
    assert f"{_mean('relu'):.1f}" == "0.4"
    spread = sp.Symbol("s", positive=True)
    density = sp.exp(-(x**2) / (2 * spread**2)) / (spread * sp.sqrt(2 * sp.pi))
    assert sp.simplify(sp.integrate(x * density, (x, 0, sp.oo)) - spread / sp.sqrt(2 * sp.pi)) == 0


@check("what-zero-centred-means", "0.48")
def _():
    assert f"{float(np.mean(np.tanh([0, 2]))):.2f}" == "0.48"


@check("signs-of-a-neurons-gradients")
def _():
    inputs = torch.tensor([0.2, 0.9, 0.5], dtype=torch.float64)
    weights = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    (weights @ inputs - 3).pow(2).backward()
    assert (weights.grad < 0).all()
    assert len(set(map(sp.sign, proofs.weight_gradients([[1, -1]], [[2, 1]])))) == 2
    assert len(set(map(sp.sign, proofs.weight_gradients([[1], [-1]], [[2, 1], [1, 2]])))) == 2


@check("do-batches-remove-the-sign-agreement", "512", "0.53")
def _():
    result = zigzag.agreement()
    assert result.coins == 1 / 512
    offset = _mean("sigmoid") / _variance("sigmoid") ** 0.5
    assert f"{proofs.limiting_agreement(10, offset):.2f}" == "0.53"
    assert result.share["sigmoid", 0.5][-1].min() == 1


@check("do-batches-remove-the-sign-agreement", "4", "243")
def _():
    trained = zigzag.agreement_in_a_network().share["sigmoid", 100][-1]
    assert LARGEST == 243 and f"{trained.mean():.0%}" == "4%"


@check("offset-from-layer-to-layer", "0.49", "3.5", "8")
def _():
    ratio = conditioning.offsets_by_layer().ratio
    relu = ratio["relu"].mean(axis=1)
    assert len(relu) == 8 and f"{relu[0]:.2f}" == "0.49" and f"{relu[-1]:.1f}" == "3.5"
    assert ratio["tanh"].max() < 0.1
    assert (np.diff(np.log(ratio["sigmoid"].mean(axis=1))) > 0).all()


@check("why-tanh-beat-sigmoid", "1.9", "1.3", "1.6")
def _():
    race = conditioning.race()
    tanh, _, tall, centred, sigmoid = race.variants
    ratios = [race.ratio(sigmoid, tanh), race.ratio(sigmoid, centred), race.ratio(centred, tall)]
    assert [f"{ratio.mean():.1f}" for ratio in ratios] == ["1.9", "1.3", "1.6"]
    # At one common rate the lead is larger, and taking the mean away hardly changes it.
    rate = race.rates[0]
    assert race.ratio(sigmoid, tanh, rate).mean() > 5 and race.ratio(sigmoid, centred, rate).mean() < 1.1


@check("why-tanh-beat-sigmoid", "2.3")
def _():
    *_, centred, sigmoid = conditioning.race().variants
    deep = conditioning.race((centred, sigmoid), (1.0, 2.0, 4.0, 8.0), depth=4)
    assert f"{deep.ratio(sigmoid, centred).mean():.1f}" == "2.3"


@check("mean-and-curvature", "1/2", "50", "289", "24")
def _():
    assert [_condition(name) for name in ("sigmoid", "relu", "tanh")] == ["289", "24", "1"]
    error = sp.symbols("e_1:3")
    second = sp.Matrix([[2, 1], [1, 3]])
    loss = sp.Rational(1, 2) * (sp.Matrix([error]) * second * sp.Matrix(error))[0]
    assert sp.hessian(loss, error) == second


@check("mean-and-curvature", "0.5", "0.4", "0.043", "0.34")
def _():
    assert [f"{_mean(name):.1f}" for name in ("sigmoid", "relu")] == ["0.5", "0.4"]
    assert (f"{_variance('sigmoid'):.3f}", f"{_variance('relu'):.2f}") == ("0.043", "0.34")


@check("does-an-offset-slow-a-given-rate")
def _():
    # Along the flat direction nothing depends on the mean: curvature v with and without it.
    flat = [np.linalg.eigvalsh(zigzag.second_moments(offset))[0] for offset in (0.0, 2.0)]
    assert np.allclose(flat, flat[0])
    race = conditioning.race()
    tanh, moved, *_ = race.variants
    assert mean_interval(race.ratio(moved, tanh, race.rates[0]))[2] < 1.1 < mean_interval(race.ratio(moved, tanh))[1]
    assert race.rates[race.best(moved)] < race.rates[race.best(tanh)]


@check("relu-is-not-centred-either", "50", "24", "289")
def _():
    assert [_condition(name) for name in ("relu", "sigmoid", "tanh")] == ["24", "289", "1"]
    assert 0 < _mean("leaky_relu") < _mean("relu") and abs(_mean("selu")) < 1e-12 and _mean("elu") > 0.1


@check("batch-norm-in-front-of-sigmoids")
def _():
    generator = torch.Generator().manual_seed(0)
    inputs = torch.sigmoid(torch.randn(16, 5, generator=generator, dtype=torch.float64))
    target, weights = torch.randn(2, 16, generator=generator, dtype=torch.float64), torch.linspace(-1, 1, 5).double()

    def gradient(a: torch.Tensor) -> torch.Tensor:
        w = weights.clone().requires_grad_()
        z = a @ w
        z = (z - z.mean()) / (z.var(unbiased=False) + 1e-5).sqrt()
        (torch.sigmoid(z) * target[0] + target[1]).pow(2).sum().backward()
        return w.grad

    assert torch.allclose(gradient(inputs), gradient(inputs - inputs.mean(dim=0)))
    assert torch.allclose(gradient(inputs), gradient(inputs + 7))


@check("can-the-bias-absorb-the-mean", "50", "289", "4200")
def _():
    n, m, v = 50, _mean("sigmoid"), _variance("sigmoid")
    # All n weights and the bias: the bias reads a constant 1.
    second = np.block([[v * np.eye(n) + m**2, np.full((n, 1), m)], [np.full((1, n), m), np.ones((1, 1))]])
    with_bias = conditioning.condition(second)
    assert _condition("sigmoid") == "289" and f"{with_bias:.2g}" == "4.2e+03"
    plane = np.array([[v + n * m**2, m * n**0.5], [m * n**0.5, 1]])
    assert np.isclose(conditioning.condition(plane), with_bias) and np.isclose(np.linalg.det(plane), v)


@check("experiment-on-zero-centring", "1/2")
def _():
    sigmoid = get("sigmoid").at()
    assert sp.simplify((sigmoid - sp.Rational(1, 2)).rewrite(sp.exp) - sp.tanh(x / 2).rewrite(sp.exp) / 2) == 0
    *_, centred, plain = conditioning.race().variants
    assert conditioning.race().ratio(plain, centred).shape[0] >= 20
