"""What stands behind the answers on recurrent networks."""

from functools import cache

import numpy as np
import sympy as sp
import torch
from activations import claims
from activations.experiments import lags, matrix_products, recurrent
from activations.experiments.lags import Kind
from activations.proofs import recurrent as proofs

from answers import check

LAG = 40


@cache
def found() -> lags.Lags:
    """Every kind of network on the task with a long lag."""
    return lags.lags()


def solved(kind: Kind) -> float:
    """The share of starts that solve the task at the longest lag."""
    return found().solved(kind, LAG)[0]


@check("gradient-through-time")
def _():
    torch.manual_seed(0)
    w, inputs = (0.5 * torch.randn(3, 3)).double().requires_grad_(), torch.randn(4, 3).double()
    states, sums = [torch.zeros(3).double()], []
    for u in inputs:
        sums.append(w @ states[-1] + u)
        states.append(torch.tanh(sums[-1]))
    errors = torch.autograd.grad(states[-1].sum(), sums, retain_graph=True)
    (whole,) = torch.autograd.grad(states[-1].sum(), w)
    summed = sum(torch.outer(error, state) for error, state in zip(errors, states, strict=False))
    assert torch.allclose(whole, summed)
    # Distant steps have vanished, and the sum has not.
    assert whole.norm() > 10 * torch.outer(errors[0], states[0]).norm()


@check("clipping-what-it-cures")
def _():
    plain, clipped = Kind("relu", "identity"), Kind("relu", "identity", clip=True)
    assert found().overflowed(plain, LAG) > 0.3 and solved(clipped) == 1 and solved(plain) < 0.1
    assert all(solved(Kind("relu", start, clip=True)) == 0 for start in ("1/n", "2/n"))
    # Clipping entries, or tensors one by one, turns the direction.
    g = torch.tensor([3.0, 0.5])
    assert abs(torch.cosine_similarity(g.clamp(-1, 1), g, dim=0) - 1) > 0.01


@check("sigmoid-and-tanh-in-an-lstm")
def _():
    assert torch.tanh(torch.tensor(0.0)) == 0 and torch.sigmoid(torch.tensor(0.0)) == 0.5


@check("when-must-a-recurrent-gradient-vanish", "1/2", "0.6", "1.2")
def _():
    w = np.array([[1 / 2, 2], [0, 1 / 2]])
    assert np.linalg.norm(w, 2) > 2 and np.allclose(np.linalg.eigvals(w), 1 / 2)
    assert np.linalg.norm(np.linalg.matrix_power(w, 60), 2) < 1e-12
    assert np.isclose(np.abs(np.linalg.eigvals(np.full((2, 2), 0.6))).max(), 1.2)
    driven = recurrent.through_time()
    row = driven.radii.index(1.2)
    assert all((driven.rate(name)[row] < 1).mean() == 1 for name in ("tanh", "relu"))


@check("tanh-or-relu-in-a-plain-rnn", "40", "1.2")
def _():
    assert found().lags[-1] == 40
    tanh, relu = Kind("tanh", "2/n", clip=True), Kind("relu", "2/n", clip=True)
    assert solved(tanh) > 0.5 and solved(relu) <= 0.05
    spans = [np.ptp(np.log10(found().reach(kind, LAG))) for kind in (tanh, relu)]
    assert spans[1] > spans[0] + 3
    reach = found().reach(relu, LAG)
    assert ((reach > 0.01) & (reach < 100)).any()  # moderate gradients, and none of them solves it
    row = recurrent.through_time().radii.index(1.2)
    assert all(recurrent.through_time().rate(name)[row].mean() < 1 for name in ("tanh", "relu"))


@check("relu-rnn-with-truncation", "40")
def _():
    assert found().lags[-1] == 40
    both, start = Kind("relu", "identity", clip=True), Kind("relu", "identity")
    capped, capped_clipped = Kind("relu6", "identity"), Kind("relu6", "identity", clip=True)
    assert solved(both) == 1 and solved(start) <= 0.05
    assert solved(capped) == 0 and 0 < solved(capped_clipped) < solved(both)
    assert all(solved(Kind("relu", name, clip=clip)) == 0 for name in ("1/n", "2/n") for clip in (False, True))


@check("how-an-lstm-keeps-the-gradient", "14", "3", "40")
def _():
    steps = proofs.half_life().last.rhs
    (b,) = steps.free_symbols
    assert round(float(steps.subs(b, 3))) == 14 and steps.subs(b, 0) == 1
    shares = [solved(Kind("lstm", clip=True, forget=bias)) for bias in (0.0, 1.0, 3.0)]
    assert found().lags[-1] == 40 and shares == [0, 0, 1]
    untrained = recurrent.gates()
    direct = 1 / (1 + np.exp(-np.array([0.0, 1, 3, 5])))
    assert (untrained.rate.mean(axis=-1) > direct).all() and untrained.rate.mean(axis=-1)[-1] > 1
    assert 0.5**10 < 0.001


@check("forget-gate-bias", "14", "3", "2.21", "40")
def _():
    half_life = [float(np.log(2) / np.log1p(np.exp(-b))) for b in (0, 1, 3)]
    assert [f"{steps:.2f}" for steps in half_life[:2]] == ["1.00", "2.21"] and round(half_life[2]) == 14
    assert found().lags[-1] == 40
    assert [solved(Kind("lstm", clip=True, forget=bias)) for bias in (0.0, 1.0, 3.0)] == [0, 0, 1]
    # PyTorch: the second quarter of both bias vectors, which are added, is the forget gate's.
    cell = torch.nn.LSTMCell(2, 3)
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.zero_()
        cell.bias_ih[3:6] = 3
        cell.bias_hh[3:6] = 1
    _, kept = cell(torch.zeros(1, 2), (torch.zeros(1, 3), torch.ones(1, 3)))
    assert torch.allclose(kept, torch.sigmoid(torch.tensor(4.0)))


@check("gru-against-lstm", "3/4")
def _():
    count = [sum(p.numel() for p in kind(5, 7).parameters()) for kind in (torch.nn.GRUCell, torch.nn.LSTMCell)]
    assert sp.Rational(*count) == sp.Rational(3, 4)
    torch.manual_seed(0)
    cell, x, h = torch.nn.GRUCell(4, 3, bias=False), torch.randn(2, 4), torch.randn(2, 3)
    (r, z, n), (wr, wz, wn) = (x @ cell.weight_ih.T).chunk(3, -1), cell.weight_hh.chunk(3)
    r, z = torch.sigmoid(r + h @ wr.T), torch.sigmoid(z + h @ wz.T)
    new = torch.tanh(n + r * (h @ wn.T))
    assert torch.allclose(cell(x, h), z * h + (1 - z) * new, atol=1e-6)


@check("independent-layers-cancel", "1/2", "1.75", "3", "4")
def _():
    growth = sp.exp(proofs.growth_rate(4, 1))
    assert round(float(growth), 2) == 1.75
    n, v = 8, 0.3
    by_hand = sp.Rational(1, 2) * (sp.log(2 * v) + sp.digamma(sp.Rational(n, 2)))
    assert np.isclose(matrix_products.growth_rate(n, v), float(by_hand))
    one, two, three = matrix_products.convolutions().factors("a kernel a layer")
    shared = matrix_products.convolutions().factors("one kernel")[1]
    assert one.mean() < 0.9 and three.mean() > 1.1 and abs(two.mean() - 1) < 0.05 and shared.mean() > 1.05
    rng = np.random.default_rng(0)
    sizes = np.abs(np.linalg.eigvals(rng.normal(size=(200, 4, 4))))
    assert (sizes.min(axis=1) < 1).mean() > 0.7 and (sizes.max(axis=1) > 1).mean() > 0.9


@check("tanh-network-that-explodes", "64", "1.09", "100")
def _():
    alone = recurrent.through_time(("tanh",), (2.0,), noise=0.0)
    assert (alone.width, alone.steps) == (64, 100)
    assert f"{alone.rate('tanh')[0].mean():.2f}" == "1.09"
    driven = recurrent.through_time()
    row = driven.radii.index(2.0)
    assert driven.rate("tanh")[row].mean() < alone.rate("tanh")[0].mean()


@check("memory-without-gradient")
def _():
    assert claims.get("a-latch-remembers-and-passes-no-gradient").verdict == "measured" and found().lags[-1] == 40
    kind = Kind("tanh", "identity", clip=True)
    assert np.median(found().reach(kind, LAG, after=True)) < 1e-3 and solved(kind) == 1
    assert lags.LONG.longer == 10


@check("same-spectral-radius", "0.9", "9", "10")
def _():
    b = np.array([[0.9, 1], [0, 0.9]])
    powers = [np.linalg.matrix_power(b, t) for t in range(1, 30)]
    corner = [power[0, 1] for power in powers]
    assert np.allclose(corner, [t * 0.9 ** (t - 1) for t in range(1, 30)])
    assert np.isclose(corner[9 - 1], corner[10 - 1]) and np.argmax(corner) + 1 in (9, 10)
    assert 3.8 < max(np.linalg.norm(power, 2) for power in powers) < 4
    turn = 0.9 * np.array([[0.6, -0.8], [0.8, 0.6]])
    assert np.isclose(np.linalg.norm(turn, 2), 0.9) and np.isclose(np.abs(np.linalg.eigvals(turn)).max(), 0.9)
