"""What stands behind the answers on ReLU, on units that die, and on the relatives of ReLU up to Maxout."""

from __future__ import annotations

from functools import cache

import numpy as np
import sympy as sp
import torch
from activations import claims, fact_sheet, slopes, values
from activations.experiments import beaten, dying, leaky, maxout, rectified, silent, sparsity
from activations.experiments import selu as layers
from activations.proofs import dying as by_hand
from activations.proofs import leaky as proofs
from activations.proofs import maxout as counts
from activations.proofs import regions, selu

from . import check

_rng = np.random.default_rng


@cache
def _deaths() -> dying.Deaths:
    return dying.deaths()


# --- dead units -------------------------------------------------------------------------------------------------------


@check("what-a-dead-relu-is")
def _():
    x = torch.rand(50, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    weight = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64, requires_grad=True)
    bias = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)
    for shift, moves in ((-0.5, True), (-1.5, False)):
        weight.grad = bias.grad = None
        out = torch.relu(x @ weight + bias + shift)
        (out - x[:, 0]).square().sum().backward()
        assert bool(weight.grad.any() and bias.grad.any()) == moves == bool(out.any())


@check("what-a-dead-relu-is")
def _():
    found = silent.silence()
    assert abs(found.silent[0].mean() - 0.5) < 0.05 and found.negative.mean() > 0.99 > 0.01 > found.silent[-1].mean()


@check("how-relus-die")
def _():
    found = _deaths()
    assert found.dead("relu", 2.0).mean() > 0.5 > 0.02 > found.dead("relu", 0.2).mean()
    rates = silent.killing_rates()
    assert not rates.killable(0.0)[0].any() and rates.killable(1.0)[0].mean() > 0.4


@check("cures-for-dying-relus")
def _():
    found = dying.cures()
    killed, born = ({cure: dead.mean() for cure, dead in found.dead[one].items()} for one in ("killed", "born dead"))
    for cure in ("a fifth of the rate", "clipping at 1"):
        assert killed[cure] < killed["nothing"] / 2 and born[cure] > 0.9 * born["nothing"]
    assert born["He's weights"] < born["nothing"] / 2 and killed["He's weights"] > 0.9 * killed["nothing"]
    assert killed["batch norm"] == born["batch norm"] == killed["leaky slope"] == born["leaky slope"] == 0
    assert killed["momentum, same rate"] > killed["nothing"] > killed["momentum, rate / 10"]
    assert found.accuracy["born dead"]["leaky slope"].mean() < 0.15
    assert _deaths().overflowed("leaky_relu", 1.5)[:, -1].mean() > 0.3


@check("cures-for-dying-relus")
def _():
    """A steady gradient lengthens steps by 1/(1 − μ); afterwards the velocity carries μ/(1 − μ) steps on."""
    place = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    descent = torch.optim.SGD([place], lr=0.01, momentum=0.9)
    for _step in range(400):
        before, place.grad = place.item(), torch.ones_like(place)
        descent.step()
    last = before - place.item()
    assert np.isclose(last, 0.01 / (1 - 0.9))
    at = place.item()
    for _step in range(400):
        place.grad = torch.zeros_like(place)
        descent.step()
    assert np.isclose(at - place.item(), 0.9 / (1 - 0.9) * last)


@check("half-of-the-outputs-are-zero")
def _():
    found = sparsity.sparsity()
    changes = [float((zeros[-1] - zeros[0]).mean()) for zeros in found.zeros.values()]
    assert [change < 0 for change in changes] == [True, True, False], "of three rates two lower the share of zeros"
    z = _rng(0).normal(size=(300, 20, 8)) @ _rng(1).random(8)
    assert abs((z <= 0).mean() - 0.5) < 0.01


@check("can-a-dead-unit-come-back")
def _():
    states = by_hand.revival()
    assert states[0].own == states[2].own and not states[0].alive and states[2].alive
    default = dying.deaths(("relu",), (0.2, 0.4), network=dying.DISEASES["killed"][0]).asleep("relu", 0.4)
    born = default[:, 0] == 1
    assert (default[:, -1][born] == 0).mean() > 0.5
    decayed = 0.9 ** np.arange(30)[:, None] * np.array([-2.0, -4.0])
    assert not (decayed + 0.9 ** np.arange(30)[:, None] * 1.0 > 0).any() and (decayed + 1.0 > 0).any()


@check("does-a-killing-rate-exist")
def _():
    """One unit, sums z and their fall c: dead exactly inside the interval of the two inequalities."""
    z, c = np.array([1.0, 2.0, -1.0]), np.array([2.0, 1.0, -0.25])
    low, high = max(z[:2] / c[:2]), z[2] / c[2]
    for rate in np.linspace(0.1, 6, 60):
        assert (z - rate * c <= 0).all() == (low <= rate <= high)
    found = silent.killing_rates()
    assert abs(found.killable(0.0)[1:].mean() - 0.5) < 0.1
    spread = np.nanquantile(found.least[0.0], (0.05, 0.95))
    assert spread[1] / spread[0] > 10


@check("born-dead-networks", "0.92", "0.0006")
def _():
    lost = {width: float(by_hand.one_input_dies(40, width)) for width in (4, 16)}
    assert f"{lost[4]:.2f}" == "0.92" and f"{lost[16]:.4f}" == "0.0006"
    signal, rng = np.ones((20_000, 4)), _rng(0)
    for _layer in range(40):
        signal = values.relu(np.einsum("sij,sj->si", rng.normal(size=(20_000, 4, 4)), signal))
    assert abs((signal == 0).all(axis=1).mean() - 0.92) < 0.01


# --- slopes on the left -----------------------------------------------------------------------------------------------


@check("what-a-leaky-slope-repairs", "0.01", "0.1")
def _():
    assert torch.nn.LeakyReLU().negative_slope == 0.01
    found = leaky.waking()
    small, large = (found.steps[found.slopes.index(a)] for a in (0.01, 0.1))
    assert 8 < (small / large).mean() < 12
    z, a = np.linspace(-3, 3, 13), 0.25
    assert np.allclose(values.leaky_relu(z, negative_slope=a), (1 - a) * values.relu(z) + a * z)
    assert np.allclose(values.leaky_relu(values.leaky_relu(z, negative_slope=a), negative_slope=1 / a), z)


@check("leaky-prelu-and-rrelu", "0.01", "0.25", "1/8", "1/3", "11/48")
def _():
    assert torch.nn.LeakyReLU().negative_slope == 0.01 and torch.nn.PReLU().weight.tolist() == [0.25]
    unit = torch.nn.RReLU()
    assert (unit.lower, unit.upper) == (1 / 8, 1 / 3)
    drawn = -unit(-torch.ones(50_000))
    assert drawn.min() >= 1 / 8 - 1e-6 and drawn.max() <= 1 / 3 + 1e-6
    assert abs(drawn.mean().item() - 11 / 48) < 0.002
    assert abs(drawn.double().var().item() / ((1 / 3 - 1 / 8) ** 2 / 12) - 1) < 0.03, "uniform, and not Gaussian"
    assert np.isclose(-unit.eval()(-torch.ones(1)).item(), 11 / 48)


@check("prelu-and-little-data", "4", "1/4", "50", "200", "0.25", "0.75")
def _():
    z = torch.tensor([-3.0, -1.0, 0.5, 2.0], dtype=torch.float64)
    sent = torch.tensor([1.0, -2.0, 3.0, 4.0], dtype=torch.float64)
    slope = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    (torch.nn.functional.prelu(z, slope) * sent).sum().backward()
    assert slope.grad.item() == (sent * z.clamp(max=0)).sum().item() == -1
    at = np.linspace(-3, 3, 13)
    turned = -4 * values.prelu(-at, weight=1 / 4)
    assert np.allclose(values.prelu(at, weight=4), turned)
    found = leaky.data_sizes()
    assert list(found.sizes)[:2] == [50, 200]
    fixed = ["leaky 0.25", "leaky 0.75"]
    assert found.lead("relu")[0].mean() > 0 and -1 < np.mean([found.lead(one)[:2] for one in fixed]) < 0
    behind = found.accuracy["relu"][0].mean()
    assert all(found.accuracy[one][0].mean() > behind for one in fixed)


@check("what-elu-promises", "0.1605", "0.3989", "1.6733")
def _():
    means = {name: float(fact_sheet(name)["mean"].value) for name in ("elu", "relu")}
    assert f"{means['elu']:.4f}" == "0.1605" and f"{means['relu']:.4f}" == "0.3989"
    assert f"{float(proofs.zero_mean_alpha()):.4f}" == "1.6733"
    z = -np.linspace(0.1, 5, 20)
    assert np.allclose(slopes.elu(z, alpha=1.5), values.elu(z, alpha=1.5) + 1.5)
    assert _deaths().dead("elu", 1.0).mean() > 0


@check("no-elu-is-smooth-and-centred", "0.1605", "1.6733")
def _():
    assert proofs.kink("elu") == (proofs.alpha, 1) and proofs.kink("celu") == (1, 1)
    assert f"{float(fact_sheet('elu')['mean'].value):.4f}" == "0.1605"
    assert sp.simplify(proofs.zero_mean_alpha() - selu.ALPHA) == 0 and f"{float(selu.ALPHA):.4f}" == "1.6733"
    z = -np.linspace(0.01, 30, 200)
    assert (values.elu(z) > z).all() and (values.leaky_relu(z) > z).all()
    assert all((values.celu(z, alpha=alpha) > z).all() for alpha in (0.3, 1.0, 4.0))


@check("rrelu-in-evaluation-mode", "1/8", "1/3", "11/48", "3", "8", "5.5", "0.196", "0.182", "1/5", "8/3", "2/11")
def _():
    a = sp.Symbol("a", positive=True)
    mean = sp.integrate(1 / a, (a, 3, 8)) / 5
    assert sp.simplify(mean - sp.log(sp.Rational(8, 3)) / 5) == 0 and f"{float(mean):.3f}" == "0.196"
    assert sp.Rational(3 + 8, 2) == sp.Rational("5.5") and 1 / sp.Rational("5.5") == sp.Rational(2, 11)
    assert f"{2 / 11:.3f}" == "0.182"
    unit = torch.nn.RReLU()
    assert (unit.lower, unit.upper) == (1 / 8, 1 / 3) and sp.Rational(11, 24) / 2 == sp.Rational(11, 48)
    assert np.isclose(-unit.eval()(-torch.ones(1)).item(), 11 / 48)


@check("where-selus-constants-come-from", "1.67326", "1.05070", "0.477", "1.81", "1.0716")
def _():
    assert 1.67326 <= selu.ALPHA < 1.67327 and 1.05070 <= selu.SCALE < 1.05071
    low, high = (float(end) for end in selu.variance_window())
    assert f"{low:.3f}" == "0.477" and f"{high:.2f}" == "1.81" and 1 / 3 < low and high < 2
    factor = float(selu.gradient_factor())
    assert f"{factor:.4f}" == "1.0716" and 25 < factor**50 < 35
    x = _rng(0).normal(size=2_000_000)
    assert abs(values.selu(x).mean()) < 0.003 and abs((values.selu(x) ** 2).mean() - 1) < 0.005
    ends = [1e-3, 50.0]
    for _layer in range(80):
        ends = [float(layers.selu_map(q, 1.0)) for q in ends]
    assert np.allclose(ends, 1)


@check("activations-that-cannot-die", "750", "64", "200", "32")
def _():
    assert slopes.prelu(-1.0, weight=0.0) == 0
    assert slopes.elu(np.float64(-750)) == 0 == slopes.elu(np.array([-200], dtype=np.float32))[0]
    for name in ("gelu", "silu"):
        assert getattr(slopes, name)(np.array([-200], dtype=np.float32))[0] == 0
    assert slopes.leaky_relu(np.array([-200], dtype=np.float32))[0] > 0
    found = _deaths()
    assert found.dead("elu", 1.0).mean() > 0 and not found.shares("leaky_relu", 1.0).any()
    assert found.overflowed("leaky_relu", 1.5).any() and not found.overflowed("relu", 1.5).any()


# --- what ReLU does ---------------------------------------------------------------------------------------------------


@check("rescaling-a-relu-unit")
def _():
    x, c = torch.randn(20, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)), 10.0

    def run(factor: float) -> list[torch.Tensor]:
        inner = (factor * torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)).requires_grad_()
        outer = torch.tensor(3.0 / factor, dtype=torch.float64, requires_grad=True)
        out = outer * torch.relu(x @ inner + 0.3 * factor)
        out.cos().sum().backward()
        return [out.detach(), inner.grad, outer.grad]

    (out, inner, outer), (same, less, more) = run(1.0), run(c)
    assert torch.allclose(out, same) and torch.allclose(inner, c * less) and torch.allclose(more, c * outer)
    z = _rng(0).normal(size=50)
    for name in ("relu", "leaky_relu", "prelu"):
        assert np.allclose(getattr(values, name)(c * z), c * getattr(values, name)(z))
    for name in ("tanh", "elu", "gelu"):
        assert not np.allclose(getattr(values, name)(c * z), c * getattr(values, name)(z))


@check("pieces-of-a-relu-network", "16")
def _():
    assert regions.regions(5) == 16
    assert all(regions.regions(n) == 1 + n + n * (n - 1) // 2 == regions.by_adding(n) for n in range(20))
    lines = _rng(0).normal(size=(2, 5))
    points = 8 * _rng(1).standard_t(1, size=(400_000, 2))
    seen = np.unique(points @ lines + _rng(2).normal(size=5) > 0, axis=0)
    assert len(seen) == 16


@check("is-silence-better-than-a-negative-value", "0.01")
def _():
    assert torch.nn.LeakyReLU().negative_slope == 0.01
    claims.get("relu-is-a-detector-of-rare-features").evidence()
    found = rectified.correlations()
    gap = np.abs(found.found["tanh"]) - np.abs(found.found["relu"])
    assert (gap.mean(axis=1) > 0).all() and gap.mean(axis=1).argmax() == int(np.argmin(found.sums))


# --- Maxout -----------------------------------------------------------------------------------------------------------


@check("what-a-maxout-unit-is")
def _():
    z = np.linspace(-3, 3, 13)
    for slope in (-1, 0, 0.3, 1):
        assert np.allclose(np.maximum(z, slope * z), values.leaky_relu(z, negative_slope=slope))
    assert not np.allclose(np.maximum(z, 2 * z), values.leaky_relu(z, negative_slope=2))
    assert maxout.layer_parameters(64, 16, 3) == 3 * 16 * (64 + 1) == 3 * maxout.layer_parameters(64, 16, 1)
    found = maxout.budgets()
    assert (found.lead("2 pieces, equal width").mean(axis=1) > 0).all()
    assert found.lead("2 pieces")[0].mean() < 0 and found.lead("2 pieces")[-1].mean() < 1
    pairs = _rng(0).normal(size=(1_000_000, 2))
    assert abs((pairs.max(axis=1) ** 2).mean() - 1) < 0.01 and np.isclose(maxout.mean_square(2), 1)


@check("can-maxout-die-or-saturate")
def _():
    sums = torch.randn(50, 3, generator=torch.Generator().manual_seed(0), requires_grad=True)
    sums.max(dim=1).values.sum().backward()
    assert (sums.grad.sum(dim=1) == 1).all() and set(sums.grad.unique().tolist()) == {0, 1}
    assert counts.weights_pass_through() is not None
    fates = maxout.fates()
    assert fates.lost("ReLU", 0.8).mean() > 0.05 and not fates.overflowed("ReLU", 0.8).any()
    assert all(fates.overflowed(label, 0.8).all() for label in ("2 pieces", "4 pieces"))
    found = beaten.beaten()
    stay = next(iter(beaten.TARGETS))
    assert np.allclose(found.after[stay, "maxout"], found.line[stay], rtol=0.01)


@check("functions-of-maxout-units", "10")
def _():
    rng, n = _rng(0), 4
    inner, bias, outer = rng.normal(size=(n, 3)), rng.normal(size=n), np.array([1.5, -2.0, 0.7, -0.3])

    def merged(signs: np.ndarray, x: np.ndarray) -> np.ndarray:
        """The maximum over all sums of a piece of each |v| relu(z), 0 or |v| z."""
        pieces = [(0.0 * x[:, 0])]
        for row, b, v in zip(inner[signs], bias[signs], np.abs(outer[signs]), strict=True):
            pieces = [p + extra for p in pieces for extra in (0.0, v * (x @ row + b))]
        assert len(pieces) == 2 ** signs.sum()
        return np.max(pieces, axis=0)

    x = rng.normal(size=(200, 3))
    network = values.relu(x @ inner.T + bias) @ outer
    assert np.allclose(network, merged(outer > 0, x) - merged(outer < 0, x))
    weights, biases = rng.normal(size=(10, 3)), rng.normal(size=10)
    one, other, t = rng.normal(size=(200, 3)), rng.normal(size=(200, 3)), rng.random((200, 1))
    unit = lambda at: (at @ weights.T + biases).max(axis=1)  # noqa: E731
    assert (unit(t * one + (1 - t) * other) <= t[:, 0] * unit(one) + (1 - t[:, 0]) * unit(other) + 1e-12).all()
