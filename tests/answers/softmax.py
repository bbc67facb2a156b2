"""What stands behind the answers on the softmax."""

from __future__ import annotations

import numpy as np
import sympy as sp
import torch
from activations import modules, values
from activations.experiments import maximum_entropy as models
from activations.experiments import softmax as at_work
from activations.experiments._summary import mean_interval
from activations.proofs import maximum_entropy as entropies
from activations.proofs import softmax as proofs

from . import check


def _scores(count: int = 5, rows: int = 200, scale: float = 3.0) -> np.ndarray:
    return scale * np.random.default_rng(0).normal(size=(rows, count))


def _lse(z: np.ndarray) -> np.ndarray:
    return np.logaddexp.reduce(z, axis=-1)


@check("softmax-definition", "3", "20")
def _():
    for third in (-50.0, 0.0, 7.0):
        p = values.softmax([5.0, 2.0, third])
        assert np.isclose(p[0] / p[1], np.exp(3), rtol=1e-12)
    assert round(np.exp(3)) == 20
    p = values.softmax(_scores())
    assert ((0 < p) & (p < 1)).all() and (p.argsort() == _scores().argsort()).all()
    squares = np.array([1.0, 2.0]) ** 2
    assert not np.isclose(np.log(squares[0] / squares[1]), 1 - 2), "shares, and other odds"


@check("softmax-shift-and-factor")
def _():
    z = _scores()
    p, sharper = values.softmax(z), values.softmax(10 * z)
    assert np.allclose(values.softmax(z + 5), p, rtol=1e-12) and np.allclose(_lse(z + 5), _lse(z) + 5)
    assert (sharper.argmax(-1) == p.argmax(-1)).all() and (sharper.max(-1) > p.max(-1)).all()
    log_odds = values.log_softmax(10 * z)
    assert np.allclose(log_odds[:, 0] - log_odds[:, 1], 10 * (z[:, 0] - z[:, 1]))
    fixed = z - z[:, :1]
    assert (fixed[:, 0] == 0).all() and np.allclose(values.softmax(fixed), p)


@check("softmax-of-two-classes")
def _():
    z = _scores(2)
    assert np.allclose(values.softmax(z)[:, 0], values.sigmoid(z[:, 0] - z[:, 1]), rtol=1e-12)
    x = torch.tensor([0.3, -1.0, 2.0], dtype=torch.float64)
    two = torch.zeros(2, 3, dtype=torch.float64, requires_grad=True)
    one = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    torch.nn.functional.cross_entropy((two @ x)[None], torch.tensor([0])).backward()
    torch.nn.functional.binary_cross_entropy_with_logits(one @ x, torch.ones((), dtype=torch.float64)).backward()
    assert torch.allclose(two.grad[0], -two.grad[1]) and torch.allclose(two.grad[0] - two.grad[1], 2 * one.grad)
    w = x / 2
    assert torch.isclose((w @ w) + (w @ w), (x @ x) / 2), "the same difference, shared between two vectors"


@check("softmax-overflow", "1000", "999", "0.73", "0.27", "89")
def _():
    e = torch.exp(torch.tensor([88.0, 89.0]))
    assert e.isfinite().tolist() == [True, False]
    z = np.array([1000.0, 999.0, 0.0])
    assert [f"{one:.2f}" for one in values.softmax(z)] == ["0.73", "0.27", "0.00"]
    with np.errstate(over="ignore", invalid="ignore"):
        assert np.isnan(np.exp(z) / np.exp(z).sum()).tolist() == [True, True, False]
        assert np.isinf(-z[0] + np.log(np.exp(z).sum()))
        lonely = np.array([4000.0, 0.0, 0.0])
        assert np.isinf(np.exp(lonely - lonely.mean())).any(), "the mean protects from nothing"
    with np.errstate(divide="ignore"):
        assert np.isinf(np.log(values.softmax(z)[2])) and values.log_softmax(z)[2] < -999


@check("softmax-large-larger", "0.9", "0.1", "0.69", "0.31", "0.8", "2.2")
def _():
    assert [f"{one:.2f}" for one in values.softmax([0.9, 0.1])] == ["0.69", "0.31"]
    assert f"{0.9 - 0.1:.1f}" == "0.8" and f"{np.exp(0.8):.1f}" == "2.2"
    lists = np.random.default_rng(0).dirichlet(np.full(4, 0.5), size=1000)
    m, flat = lists.max(axis=1), values.softmax(lists).max(axis=1)
    assert (flat < m).all() and (values.softmax(np.full(4, 0.25)) == 0.25).all()
    over = np.exp(-(m[:, None] - lists)).sum(axis=1)
    assert np.allclose(1 / flat, over) and (over >= 1 / m).all()


@check("softmax-temperature-ends")
def _():
    z = np.array([3.0, 1.0, 3.0, -2.0])
    assert np.allclose(values.softmax(z / 1e-3), [0.5, 0, 0.5, 0]) and np.allclose(values.softmax(z / 1e6), 0.25)
    z, T, h = _scores()[0], 1.7, 1e-6
    p = values.softmax(z / T)
    slope = (values.softmax(z / (T + h)) - values.softmax(z / (T - h))) / (2 * h)
    assert np.allclose(slope, -p * (z - p @ z) / T**2, atol=1e-8) and slope[z.argmax()] < 0


@check("softmax-or-soft-maximum", "1000")
def _():
    z = _scores()
    p, top = values.softmax(z), z.max(axis=-1)
    assert np.allclose(values.softmax(z + 1000), p) and ((z + 1000).max(axis=-1) > top + 999).all()
    assert ((top < _lse(z)) & (_lse(z) <= top + np.log(5))).all()
    assert np.isclose(_lse(np.full(5, 2.0)), 2 + np.log(5))
    mean, entropy = (p * z).sum(-1), -(p * values.log_softmax(z)).sum(-1)
    assert (mean <= top).all() and np.allclose(_lse(z) - mean, entropy)


@check("softmax-jacobian")
def _():
    z, g = _scores()[0], np.arange(5.0) ** 2
    p, J = values.softmax(z), at_work.jacobian(z)
    assert np.allclose(J, p[:, None] * (np.eye(5) - p)) and np.allclose(J, J.T)
    assert np.allclose(J @ g, p * (g - p @ g)) and np.allclose(J.sum(axis=0), 0)
    assert np.isclose(g @ J @ g, p @ g**2 - (p @ g) ** 2)


@check("softmax-lost-direction")
def _():
    for z in _scores():
        p, J = values.softmax(z), at_work.jacobian(z)
        v = np.random.default_rng(1).normal(size=5)
        pairs = sum(p[i] * p[j] * (v[i] - v[j]) ** 2 for i in range(5) for j in range(i))
        assert np.isclose(v @ J @ v, pairs) and np.isclose((J @ v).sum(), 0, atol=1e-12)
        assert np.isclose(np.trace(J), 1 - (p**2).sum())
    assert np.linalg.matrix_rank(at_work.jacobian(np.array([1.0, 0.0, 2.0, -1.0]))) == 3


@check("softmax-cross-entropy-gradient", "0.2", "0.8")
def _():
    z = torch.tensor(np.log([0.2, 0.5, 0.3]), requires_grad=True)
    torch.nn.functional.cross_entropy(z[None], torch.tensor([0])).backward()
    assert np.allclose(z.grad, [-0.8, 0.5, 0.3]) and np.isclose(z.grad[1:].sum(), 0.8)
    mixed = torch.tensor([0.1, 0.6, 0.3], dtype=torch.float64)
    h = torch.tensor([1.0, -2.0], dtype=torch.float64)
    w = torch.zeros(3, 2, dtype=torch.float64, requires_grad=True)
    torch.nn.functional.cross_entropy((w @ h)[None], mixed[None]).backward()
    assert torch.allclose(w.grad, torch.outer(torch.full_like(mixed, 1 / 3) - mixed, h))


@check("softmax-as-confidence")
def _():
    result = at_work.calibration()
    low, high = result.excess[2], result.excess[-1]
    assert mean_interval(low)[2] < 0 < mean_interval(high)[1], "first too unsure, then too sure"
    assert max(map(abs, mean_interval(result.accuracy[-1] - result.accuracy[2]))) < 0.01
    assert result.fitted[2].mean() > 0.9, "most training examples were right already"


@check("softmax-attention-root")
def _():
    assert all(proofs.score_variance(d) == d for d in (1, 2, 5))
    found = at_work.spread()
    plain, divided = (rows[-1] - rows[0] for rows in found.largest.values())
    assert mean_interval(plain)[1] > 0.5 and max(map(abs, mean_interval(divided)[1:])) < 0.05
    left, kept = (rows[-1].mean() for rows in found.passed.values())
    assert left < 0.2 < 0.8 < kept, "the trace of the Jacobian"


@check("softmax-and-exact-zeros", "104", "0.73")
def _():
    far = torch.softmax(torch.tensor([0.0, -103.0, -104.0]), 0)
    assert (far > 0).tolist() == [True, True, False]
    assert values.log_softmax(np.float32([0, -200]))[1] == -200 and values.softmax([0.0, -np.inf])[1] == 0
    z = _scores()
    p = values.sparsemax(z)
    assert np.allclose(p.sum(-1), 1) and (p == 0).any() and np.allclose(values.sparsemax(z + 5), p)
    assert all((np.diff(row[order]) >= 0).all() for row, order in zip(p, z.argsort(-1), strict=True))
    nearer = np.random.default_rng(1).dirichlet(np.ones(5), size=1000)
    assert all((((row - at) ** 2).sum() <= ((nearer - at) ** 2).sum(-1)).all() for row, at in zip(p, z, strict=True))
    at = torch.tensor([2.0, 1.9, -5.0], requires_grad=True)
    modules.sparsemax(at)[0].backward()
    assert at.grad[2] == 0 != at.grad[0]
    assert values.sparsemax([1.0, 0.0]).tolist() == values.sparsemax([4.0, 1.0]).tolist() == [1, 0]
    assert f"{values.softmax([1.0, 0.0])[0]:.2f}" == "0.73"


@check("softmax-from-maximum-entropy")
def _():
    P, empirical, score, mu = sp.symbols("P E s mu", positive=True)
    lagrangian = empirical * (-P * sp.log(P) + P * score) + mu * (P - 1)  # one input, the terms of one class
    slope = sp.expand(lagrangian.diff(P) / empirical)
    assert sp.simplify(slope - (-sp.log(P) - 1 + score + mu / empirical)) == 0
    (share,) = sp.solve(slope, P)
    assert sp.simplify(sp.log(share).diff(score)) == 1, "proportional to the exponential of the score"
    assert str(entropies.class_blind().last) == "1/K", "a feature that ignores the class"
    assert models.agreement("wine").difference < 1e-5, "the multipliers are the weights of logistic regression"
