"""What stands behind the answers on losses and output layers."""

from __future__ import annotations

import numpy as np
import sympy as sp
import torch
from activations import claims, values
from activations.experiments import logits, losses
from activations.experiments import maximum_entropy as models
from activations.experiments import softmax as at_work
from activations.experiments._summary import mean_interval
from activations.proofs import outputs
from activations.proofs import softmax as proofs
from torch.nn import functional as F

from . import check


def _slope(loss, z: list[float], *target: object, **options: object) -> torch.Tensor:
    """The slope of a torch loss, added up, in the scores."""
    scores = torch.tensor(z, dtype=torch.float64, requires_grad=True)
    loss(scores, *target, reduction="sum", **options).backward()
    return scores.grad


def _bce(x: float, y: float) -> float:
    return _slope(F.binary_cross_entropy_with_logits, [x], torch.tensor([y], dtype=torch.float64)).item()


@check("output-layer-by-target")
def _():
    z, y = [0.5, -1.0], torch.tensor([2.0, 1.0], dtype=torch.float64)
    scores = torch.tensor(z, dtype=torch.float64)
    assert torch.allclose(_slope(F.mse_loss, z, y) / 2, scores - y)
    assert torch.allclose(_slope(F.poisson_nll_loss, z, y, log_input=True), scores.exp() - y)
    several = torch.tensor([0.0, 1.0], dtype=torch.float64)
    assert torch.allclose(_slope(F.binary_cross_entropy_with_logits, z, several), scores.sigmoid() - several)
    one = _slope(F.cross_entropy, z, torch.tensor(1))
    assert torch.allclose(one, scores.softmax(0) - several)
    assert values.softplus(50.0) < 51 and np.exp(50) > 1e21


@check("sigmoid-for-a-binary-output")
def _():
    x = np.linspace(-30, 30, 601)
    p = values.sigmoid(x)
    assert ((0 < p) & (p < 1)).all() and ((p > 0.5) == (x > 0)).all()
    others = (0.5 + np.arctan(x) / np.pi, 0.5 * (1 + np.vectorize(lambda t: float(sp.erf(t)))(x / 8)))
    for other in others:
        assert ((0 < other) & (other < 1)).all() and not np.allclose(np.log(other / (1 - other)), x, atol=0.1)
    near = np.abs(x) < 20
    assert np.allclose(np.log(p / (1 - p))[near], x[near], rtol=1e-6, atol=1e-6)


@check("cross-entropy-and-likelihood")
def _():
    rng = np.random.default_rng(0)
    q, p = rng.dirichlet(np.ones(4)), rng.dirichlet(np.ones(4), size=1000)
    cross, entropy = -(q * np.log(p)).sum(-1), -(q * np.log(q)).sum()
    assert np.allclose(cross, entropy + (q * np.log(q / p)).sum(-1)) and (cross > entropy).all()
    given = p[:5, 0]
    assert np.isclose(-np.log(given.prod()) / 5, -np.log(given).mean())


@check("multi-label-output")
def _():
    both = torch.tensor([0.5, 0.5, 0.0], dtype=torch.float64)
    at = torch.tensor([30.0, 30.0, -30.0], dtype=torch.float64)
    assert torch.allclose(_slope(F.cross_entropy, at.tolist(), both), torch.zeros(3, dtype=torch.float64))
    p = values.softmax(3 * np.random.default_rng(0).normal(size=(1000, 3)))
    assert (np.sort(p)[:, -2] <= 0.5).all(), "two labels above one half do not fit"
    z, y = [3.0, 2.0, -1.0], torch.tensor([1.0, 1.0, 0.0], dtype=torch.float64)
    assert torch.allclose(
        _slope(F.binary_cross_entropy_with_logits, z, y), torch.tensor(z, dtype=torch.float64).sigmoid() - y
    )


@check("squared-error-behind-a-sigmoid")
def _():
    x = torch.tensor([-20.0, -5.0, 0.0, 5.0], dtype=torch.float64, requires_grad=True)
    p = x.sigmoid()
    ((p - 1) ** 2 / 2).sum().backward()
    assert torch.allclose(x.grad, (p - 1) * p * (1 - p))
    assert torch.isclose(4 * x.grad[2], p[2] - 1), "scaled by 4 both pull alike at one half"
    assert abs(x.grad[0]) < 1e-8 and _bce(-20.0, 1.0) < -1 + 1e-8
    q, t = sp.symbols("q t", positive=True)
    mean = t * (q - 1) ** 2 + (1 - t) * q**2
    assert sp.solve(mean.diff(q), q) == [t] and mean.diff(q, 2) == 2
    slower = losses.recovery().slower
    assert mean_interval(slower[-1])[1] > 1 and mean_interval(slower[-1] / slower[0])[1] > 1


@check("losses-take-scores", "20", "0.73")
def _():
    assert torch.sigmoid(torch.tensor(20.0)) == 1
    found = logits.losses([20.0])
    assert found.value["from the logit"] == 20 and found.slope["from the logit"] == 1
    assert np.isposinf(found.value["as typed"]) and np.isnan(found.slope["as typed"])
    assert found.slope["with epsilon"] == found.slope["clamped"] == 0
    ends = torch.sigmoid(torch.sigmoid(torch.tensor([-1e4, 1e4])))
    assert ends[0] == 0.5 and f"{ends[1]:.2f}" == "0.73"


@check("separable-classes-under-cross-entropy")
def _():
    lead = np.array([[2.0, 1.5, -1.0], [0.5, 0.2, 0.1]])  # the first class is right and ahead
    falling = [-values.log_softmax(s * lead)[:, 0] for s in (1, 2, 4, 8, 16)]
    assert (np.diff(falling, axis=0) < 0).all() and (falling[-1] > 0).all()
    result = at_work.calibration()
    assert abs(mean_interval(result.accuracy[-1] - result.accuracy[2])[0]) < 0.01
    assert mean_interval(result.confidence[-1] - result.confidence[2])[1] > 0
    irises = models.sample("three irises")
    assert not models.separable(irises) and models.slack(irises) < 1e-9


@check("cross-entropy-convex-in-what", "1/3")
def _():
    bend = proofs.squared_error_curvature().last.subs(proofs.sigma(proofs.x), sp.Symbol("p", positive=True))
    p = sp.Symbol("p", positive=True)
    assert sp.solve_univariate_inequality(bend < 0, p, relational=False).intersect(sp.Interval.open(0, 1)) == (
        sp.Interval.open(0, sp.Rational(1, 3))
    )
    z, y = torch.tensor([1.0, -0.5, 2.0], dtype=torch.float64), torch.tensor([1])
    bends = torch.autograd.functional.hessian(lambda at: F.cross_entropy(at[None], y), z)
    assert np.allclose(bends, at_work.jacobian(z.numpy())) and np.linalg.eigvalsh(bends).min() > -1e-15
    assert torch.isclose(F.cross_entropy(z[None], y), F.cross_entropy(z[None] + 3, y))


@check("output-minus-target", "1/2")
def _():
    z, y = outputs.z, outputs.y
    for A, output in ((z**2 / 2, z), (sp.log(1 + sp.exp(z)), 1 / (1 + sp.exp(-z))), (sp.exp(z), sp.exp(z))):
        assert sp.simplify((A - y * z).diff(z) - (output - y)) == 0
    p = 1 / (1 + sp.exp(-z))
    variances = (sp.Integer(1), p * (1 - p), sp.exp(z))
    for A, variance in zip((z**2 / 2, sp.log(1 + sp.exp(z)), sp.exp(z)), variances, strict=True):
        assert sp.simplify(A.diff(z, 2) - variance) == 0
    lifetime = z + y * sp.exp(-z)
    assert sp.simplify(lifetime.diff(z) - (1 - y * sp.exp(-z))) == 0
    assert sp.limit(lifetime.diff(z).subs(y, 1), z, -sp.oo) == -sp.oo


@check("time-to-undo-certainty")
def _():
    t, a = sp.symbols("t a", positive=True)
    crossing = sp.integrate(1 + sp.exp(t), (t, -a, 0))
    assert sp.simplify(crossing - (a + 1 - sp.exp(-a))) == 0
    long = sp.integrate(sp.expand((1 + sp.exp(-t)) * (1 + sp.exp(t)) ** 2), (t, -a, 0))
    assert sp.simplify(long - proofs.WAIT_SQUARED_ERROR.subs(proofs.a, a)) == 0
    assert sp.simplify(crossing - proofs.WAIT_CROSS_ENTROPY.subs(proofs.a, a)) == 0
    p = 1 / (1 + sp.exp(-t))
    assert sp.simplify(1 / (1 - p) - (1 + sp.exp(t))) == 0 == sp.simplify(1 / p - (1 + sp.exp(-t)))
    assert claims.get("confident-errors-hold-up-the-squared-error").verdict == "measured"
    growth = losses.recovery().slower
    assert growth[-1].mean() / growth[-2].mean() < np.exp(8), "less steep than the single logit"


@check("label-smoothing-scores", "0.1", "4.51", "0.91")
def _():
    share, count = 0.1, 10
    right, wrong = 1 - share + share / count, share / count
    assert f"{np.log(right / wrong):.2f}" == "4.51" and f"{right:.2f}" == "0.91"
    at = [np.log(right)] + [np.log(wrong)] * (count - 1)
    slope = _slope(F.cross_entropy, at, torch.tensor(0), label_smoothing=share)
    assert torch.allclose(slope, torch.zeros(count, dtype=torch.float64), atol=1e-12)

    def loss(lead: float) -> float:
        z = torch.tensor([lead] + [0.0] * (count - 1), dtype=torch.float64)
        return F.cross_entropy(z, torch.tensor(0), label_smoothing=share).item()

    best = np.log(right / wrong)
    assert loss(best) < min(loss(best - 1), loss(best + 1))
    target = np.array([right] + [wrong] * (count - 1))
    assert np.isclose(loss(best), -(target * np.log(target)).sum()) and loss(best) > 0
