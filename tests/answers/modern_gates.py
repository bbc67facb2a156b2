"""What stands behind the answers on GELU, SiLU and gated layers."""

import numpy as np
import sympy as sp
import torch
from activations import claims, slopes, values
from activations.catalogue import get, x
from activations.experiments import benchmark, gates
from activations.experiments.dying import deaths
from activations.proofs import dips, smooth

from answers import check

GRID = np.linspace(-6, 6, 12001)


@check("gelu-as-a-gate", "1/2")
def _():
    slope, gelu = get("gelu").slope(), get("gelu").at()
    assert slope.subs(x, 0) == sp.Rational(1, 2) and slope.subs(x, 2).evalf() > 1
    density = sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi)
    assert sp.simplify(slope - gelu / x - x * density) == 0
    mean = smooth.noisy_relu().last
    assert sp.simplify(mean - gelu - density) == 0 and mean.subs(x, -4).evalf() > 0
    for name, shared in (("gelu", True), ("relu", True), ("silu", True), ("mish", False)):
        f = getattr(values, name)
        assert np.allclose(f(GRID) - f(-GRID), GRID) == shared, name


@check("silu-and-the-beta-of-swish", "0.278", "4", "1.702", "0.02")
def _():
    assert f"{float(sp.LambertW(sp.exp(-1))):.3f}" == "0.278"
    for beta in (0.25, 1.0, 4.0):
        swish = values.silu(GRID, beta=beta)
        assert np.allclose(swish, values.silu(beta * GRID) / beta)
        assert np.isclose(np.abs(swish - values.relu(GRID)).max() * beta, 0.2784645, atol=1e-4)
        assert (np.abs(swish - GRID / 2) <= beta * GRID**2 / 4 + 1e-12).all()
    gap = np.abs(values.silu(GRID, beta=1.702) - values.gelu(GRID)).max()
    assert f"{gap:.2f}" == "0.02"


@check("glu-family")
def _():
    a, b = smooth.a, smooth.b
    assert sp.limit(sp.diff(sp.log(b / (1 + sp.exp(-b))), b) * b, b, sp.oo) == 1  # SwiGLU at (b, b) grows like b²
    bilinear = (a * b).subs({a: x, b: x})
    assert sp.Poly(bilinear, x).degree() == 2


@check("smooth-gates-turn-back", "1.278", "0.278", "0.752", "0.170")
def _():
    (at, low), (gelu_at, gelu_low) = dips.lowest("silu"), dips.lowest("gelu")
    assert [f"{-sp.N(v, 12):.3f}" for v in (at, low, gelu_at, gelu_low)] == ["1.278", "0.278", "0.752", "0.170"]
    assert at == -1 - sp.LambertW(sp.exp(-1)) and low == -sp.LambertW(sp.exp(-1))


@check("gelu-range-and-saturation", "0.17", "0.1700", "0.7518", "1.13")
def _():
    at, low = dips.lowest("gelu")
    assert f"{sp.N(-low, 10):.4f}" == "0.1700" and f"{sp.N(-at, 10):.4f}" == "0.7518" and round(float(-low), 2) == 0.17
    steepest = get("gelu").slope().subs(x, sp.sqrt(2))
    assert f"{float(steepest):.2f}" == "1.13" and float(steepest) >= slopes.gelu(GRID).max()
    assert smooth.gelu_tail() == 1 and smooth.silu_tail() == 1


@check("two-functions-called-gelu", "0.0005", "0.00047", "2.7")
def _():
    forms = gates.gelu_forms()
    assert forms.bound < 0.0005 and f"{forms.largest:.5f}" == "0.00047" and f"{forms.at:.1f}" == "2.7"
    z = torch.linspace(-3, 3, 7, dtype=torch.float64)
    tanh_form = torch.nn.functional.gelu(z, approximate="tanh").numpy()
    assert np.allclose(tanh_form, values.gelu_tanh(z.numpy())) and not np.allclose(tanh_form, values.gelu(z.numpy()))
    twins = benchmark.benchmark().difference("gelu_tanh", "gelu")
    assert (twins == 0).mean() > 0.5 and abs(twins).max() >= 3
    assert values.gelu(-5.0) / values.gelu_tanh(-5.0) > 1.1


@check("softplus-or-silu", "0.279")
def _():
    below = values.relu(GRID) - values.silu(GRID)
    assert (below >= 0).all() and 0.278 < below.max() < 0.279
    above = values.softplus(GRID) - values.relu(GRID)
    assert (above > 0).all() and np.isclose(above.max(), np.log(2)) and GRID[above.argmax()] == 0


@check("two-thirds-rule", "2/3", "8/3", "4", "3", "96", "384", "256")
def _():
    wide = smooth.transformer_width().last.rhs / smooth.h
    assert wide == sp.Rational(2, 3) and 4 * wide == sp.Rational(8, 3)
    assert 3 * 96 * 256 == 2 * 96 * 384
    n, k, h = smooth.inputs, smooth.outputs, smooth.h
    assert sp.solve((n + k) * h - (2 * n + k) * x, x) == [h * (n + k) / (2 * n + k)]
    assert sp.limit((n + 1) / (2 * n + 1), n, sp.oo) == sp.Rational(1, 2)


@check("swapping-in-swiglu", "1/4")
def _():
    found = gates.plain_descent()
    for name in ("relu", "silu", "gelu", "glu", "squared_relu", "reglu", "geglu", "swiglu"):
        grows = name in ("squared_relu", "reglu", "geglu", "swiglu")
        assert found.learned(name, 1 / 4).all()
        assert (found.learned(name, 1.0) == (not grows)).all()


@check("gelu-unit-that-stops-learning", "15", "110", "7")
def _():
    assert slopes.gelu(np.float32(-15)) == 0 and slopes.silu(np.float32(-110)) == 0
    assert slopes.gelu(np.float32(-13)) != 0 and slopes.silu(np.float32(-90)) != 0
    assert slopes.gelu(np.float16(-7)) == 0 and slopes.gelu(np.float16(-3)) != 0
    found = deaths()
    assert found.dead("elu", 1.0).mean() > 0.1 and found.overflowed("leaky_relu", 1.5)[:, -1].mean() > 0.1


@check("evidence-for-swiglu", "1.677", "1.636", "1.648", "0.010")
def _():
    claim = claims.get("gates-lowered-the-loss-of-a-language-model")
    assert claim.verdict == "reported"
    assert all(number in claim.statement for number in ("1.677 with ReLU", "1.636 (SwiGLU)", "1.648 (no function)"))
    assert "0.010" in claim.statement and "trained once" in claim.statement.replace("\n", " ")


@check("what-gated-units-multiply", "4")
def _():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 100))
    for name in ("silu", "gelu"):
        f = getattr(values, name)
        assert np.allclose(a * f(b) - a * f(-b), a * b)
    assert not np.allclose(a * values.mish(b) - a * values.mish(-b), a * b)
    assert np.allclose(a + values.relu(b - a), np.maximum(a, b))
    square = values.squared_relu(a) + values.squared_relu(-a)
    assert np.allclose(square, a**2) and np.allclose(4 * a * b, (a + b) ** 2 - (a - b) ** 2)
