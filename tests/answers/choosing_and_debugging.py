"""What stands behind the answers on choosing an activation and on runs that fail."""

import numpy as np
import torch
from activations import claims, values
from activations.experiments import benchmark, luck, pace, precision
from activations.experiments.dying import cures
from torch.nn import functional as F

from answers import check


@check("loss-stays-at-log-of-classes", "2.303", "1/10", "10", "1.46", "1000", "6.91")
def _():
    assert f"{np.log(10):.3f}" == f"{-np.log(1 / 10):.3f}" == "2.303" and f"{np.log(1000):.2f}" == "6.91"
    assert F.cross_entropy(torch.zeros(4, 10), torch.arange(4)).item() == torch.tensor(10.0).log()
    assert f"{np.log((np.e + 9) / np.e):.2f}" == "1.46"
    frequencies = np.array([0.5, 0.3, 0.2])
    assert -(frequencies * np.log(frequencies)).sum() < np.log(3)


@check("network-that-predicts-zero")
def _():
    torch.manual_seed(0)
    x, y = torch.randn(50, 3), 100 + torch.rand(50, 1)
    inner, outer = torch.nn.Linear(3, 4), torch.nn.Linear(4, 1)
    with torch.no_grad():
        outer.bias.fill_(-50)

    def sent_back():
        loss = (torch.relu(outer(torch.relu(inner(x)))) - y).square().mean()
        return torch.autograd.grad(loss, [*inner.parameters(), *outer.parameters()])

    assert not any(g.any() for g in sent_back())
    with torch.no_grad():
        outer.bias.fill_(10)
    assert all(g.any() for g in sent_back())


@check("unscaled-inputs", "100")
def _():
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, size=(200, 64), endpoint=True).astype(float)
    sums = pixels @ rng.normal(0, 1 / 8, (64, 100))
    unit = (pixels - pixels.mean()) / pixels.std() @ rng.normal(0, 1 / 8, (64, 100))
    assert 100 < sums.std() / unit.std() < 200 and pixels.mean() > 100
    slopes = values.sigmoid(sums) * values.sigmoid(-sums)
    assert np.median(slopes) < 1e-6


@check("loss-becomes-nan", "1000")
def _():
    z = torch.tensor([1000.0], requires_grad=True)
    torch.where(z > 0, z, torch.exp(z) - 1).sum().backward()
    assert z.grad.isnan().all()
    p = torch.nn.Parameter(torch.zeros(3))
    p.grad = torch.tensor([1.0, float("nan"), 0.0])
    assert torch.nn.utils.clip_grad_norm_([p], 1.0).isnan() and p.grad.isnan().all()
    q = torch.tensor([20.0], requires_grad=True)
    share = torch.sigmoid(q)
    (-(0 * share.log() + (1 - 1) * (1 - share).log())).sum().backward()
    assert q.grad.isnan().all()


@check("dead-before-or-after-step-one")
def _():
    dead = {disease: {cure: shares.mean() for cure, shares in of.items()} for disease, of in cures().dead.items()}
    killed, born = dead["killed"], dead["born dead"]
    assert killed["a fifth of the rate"] < 0.3 * killed["nothing"] and killed["clipping at 1"] < 0.5 * killed["nothing"]
    assert killed["He's weights"] > 0.9 * killed["nothing"] and born["He's weights"] < 0.6 * born["nothing"]
    assert abs(born["a fifth of the rate"] - born["nothing"]) < 0.05
    assert killed["momentum, same rate"] > killed["nothing"] and killed["batch norm"] == born["batch norm"] == 0


@check("softmax-over-the-wrong-axis")
def _():
    torch.manual_seed(0)
    scores, right = 0.01 * torch.randn(32, 10), torch.arange(32) % 4
    wrong = scores.softmax(0)
    assert torch.allclose(wrong.sum(0), torch.ones(10)) and not torch.allclose(wrong.sum(1), torch.ones(32))
    start = -wrong[torch.arange(32), right].log().mean()
    assert abs(start - np.log(32)) < 0.05
    assert (scores[:1].softmax(0) == 1).all() and not torch.allclose(scores[:5].softmax(0)[0], wrong[0])
    # Eight examples of each of four classes: the loss cannot fall below log 8.
    free = torch.zeros(32, 10, requires_grad=True)
    for _ in range(300):
        loss = -free.log_softmax(0)[torch.arange(32), right].mean()
        (slope,) = torch.autograd.grad(loss, free)
        free.data -= 20 * slope
    assert np.log(8) - 1e-4 < loss.item() < np.log(8) + 0.05


@check("softmax-applied-twice", "1.46", "1.461", "2.461", "9", "10", "0.5", "0.731")
def _():
    best = torch.eye(10)[:1]
    floor = F.cross_entropy(best, torch.tensor([0])).item()
    worst = F.cross_entropy(best, torch.tensor([1])).item()
    assert f"{floor:.3f}" == f"{-np.log(np.e / (np.e + 9)):.3f}" == "1.461" and f"{floor:.2f}" == "1.46"
    assert f"{worst:.3f}" == "2.461" and np.isclose(worst - floor, 1)
    start = F.cross_entropy(torch.zeros(1, 10).softmax(1), torch.tensor([0]))
    assert np.isclose(start.item(), np.log(10))
    shares = values.sigmoid(values.sigmoid(np.linspace(-50, 50, 999)))
    assert f"{shares.min():.1f}" == "0.5" and f"{shares.max():.3f}" == "0.731"
    certain = torch.tensor([[12.0, 0.0]], requires_grad=True)
    (slope,) = torch.autograd.grad(F.cross_entropy(certain.softmax(1), torch.tensor([1])), certain)
    assert slope.abs().max() < 1e-4


@check("from-sigmoid-to-relu")
def _():
    race = pace.pace()
    rates = race.rates
    assert rates["relu"] == min(rates.values()) and rates["sigmoid"] > rates["relu"]
    assert race.ratio("own gain, own rate", "tanh").mean() < 1 < race.ratio("own gain, own rate", "sigmoid").mean()


@check("order-of-hidden-activations", "20", "450")
def _():
    race = benchmark.benchmark()
    near = [name for name in benchmark.RECTIFIERS if name != "relu"]
    assert len(race.seeds) == 20 and benchmark.TEST == 450 and len(near) == 12
    assert all(max(map(abs, race.interval(name, 18)[1:])) < 20 for name in near)
    assert race.interval("prelu")[1] > 0 and race.interval("leaky_relu")[1] < 0 < race.interval("leaky_relu")[2]


@check("half-precision-and-activations", "4.51", "8.32", "3.47", "6.24", "65504")
def _():
    for name, kind, said in (
        ("tanh", "float16", "4.51"),
        ("sigmoid", "float16", "8.32"),
        ("tanh", "bfloat16", "3.47"),
        ("sigmoid", "bfloat16", "6.24"),
    ):
        claim = claims.get(f"{name}-is-stored-as-one")
        assert f"{said} in {kind}" in claim.statement.replace("\n", " ")
        assert abs(precision.arrival(name).of("rounded once", kind) - float(said)) < 0.04
    assert np.finfo(np.float16).max == 65504
    smallest = [torch.finfo(kind).tiny for kind in (torch.bfloat16, torch.float32, torch.float16)]
    assert smallest[0] == smallest[1] < smallest[2]


@check("chip-without-an-exponential", "20", "450")
def _():
    race = benchmark.benchmark()
    assert benchmark.TEST == 450
    assert max(map(abs, race.interval("hardswish", 18)[1:])) < 20 and race.interval("hardsigmoid", 18)[2] < -20
    grid = np.linspace(-6, 6, 1201)
    assert 0 < np.abs(values.hardswish(grid) - values.silu(grid)).max() < 0.2


@check("fair-comparison-of-activations", "95", "0.05")
def _():
    assert np.isclose(20 * 0.05, 1) and np.isclose(1 - 95 / 100, 0.05)


@check("the-best-of-ten-runs", "1.54")
def _():
    assert f"{luck.expected_best(10):.2f}" == "1.54"
    rng = np.random.default_rng(0)
    assert abs(rng.normal(size=(200_000, 10)).max(axis=1).mean() - 1.54) < 0.01
    found = luck.luck()
    assert found.candidates == 10 and found.promised.mean() > 5 and abs(found.delivered.mean()) < 3


@check("all-activations-alike", "95.5", "4", "450")
def _():
    statement = claims.get("digits-can-be-read-without-an-activation").statement.replace("\n", " ")
    assert "within 4 of 450" in statement and "fewer than a third" in statement
    assert 95 < 95.5 < 96
    race = benchmark.benchmark()
    assert max(race.right, key=lambda name: race.right[name].mean()) == "cosine"
