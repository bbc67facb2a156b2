"""What stands behind the answers on floating point."""

from __future__ import annotations

import numpy as np
import scipy.special
import torch
from activations import reference, slopes, values
from activations.experiments import logits, precision
from activations.experiments._summary import mean_interval
from torch.nn import functional as F

from . import check

SINGLE = np.float32


def _stored(name: str, kind: str, who: str = "rounded once", **options: str) -> float:
    return precision.arrival(name, **options).of(who, kind)


@check("tanh-as-typed", "88.8", "11.1", "1e-8")
def _():
    def typed(x: float, kind: str) -> float:
        return float(precision.evaluate("tanh", "as typed", np.array([x]), kind)[0])

    for kind, place in (("float32", 88.8), ("float16", 11.1)):
        assert np.isnan(typed(place, kind)) and typed(place - 0.2, kind) == 1
    assert typed(1e-8, "float32") == 0 and abs(typed(1e-4, "float32") / np.tanh(1e-4) - 1) > 1e-5
    x = np.array([0.0, 1e-8, 0.3, 5.0, 100.0, 1000.0])
    u = np.expm1(-2 * x)
    assert np.allclose(-u / (u + 2), np.tanh(x), rtol=1e-15, atol=0)
    at = SINGLE(-17)
    assert np.log(1 + np.exp(at)) == 0 < np.log1p(np.exp(at))


@check("float16-or-bfloat16", "11", "8", "65504", "1.001", "0.001", "0.0078", "6e-8", "6.24", "8.32")
def _():
    half, brain = precision.TYPES["float16"], precision.TYPES["bfloat16"]
    assert (half.precision, brain.precision) == (11, 8)
    assert precision.largest("float16") == 65504 and precision.largest("bfloat16") > 3e38
    assert precision.rounded(np.array([1.001]), "bfloat16") == 1
    assert f"{2.0 ** (1 - half.precision):.0e}" == "1e-03" and f"{2.0 ** (1 - brain.precision):.2g}" == "0.0078"
    assert f"{2.0**half.smallest:.0e}" == "6e-08"
    below, above = precision.rounded(2.0**half.smallest * np.array([0.49, 0.51]), "float16")
    assert below == 0 < above
    for kind, place in (("bfloat16", 6.24), ("float16", 8.32)):
        assert abs(np.log(2.0 ** (precision.TYPES[kind].precision + 1) - 1) - place) < 0.005
    one = torch.ones((), dtype=torch.bfloat16)
    assert one + torch.tensor(0.003, dtype=torch.bfloat16) == 1


@check("sigmoid-stored-as-one", "8.3", "17.3", "37.4", "6.2", "16.64", "104.0", "4.51", "9.01")
def _():
    said = {"float16": "8.3", "float32": "17.3", "float64": "37.4", "bfloat16": "6.2"}
    for kind, place in said.items():
        bits = precision.TYPES[kind].precision
        assert f"{np.log(2.0 ** (bits + 1) - 1):.1f}" == f"{(bits + 1) * np.log(2):.1f}" == place
        spacing = 2.0 ** (np.frexp(float(place))[1] - bits)
        assert abs(_stored("sigmoid", kind) - float(place)) < 0.05 + spacing
    assert all(f"{_stored('sigmoid', 'float32', who):.2f}" == "16.64" for who in ("as typed", "torch"))
    early = _stored("sigmoid", "float32") - _stored("sigmoid", "float32", "as typed")
    assert abs(early - np.log(2)) < 1e-4
    zero = np.log(2.0**150 - 1)
    assert f"{zero:.1f}" == "104.0" and values.sigmoid(SINGLE(-103.9)) > 0 == values.sigmoid(SINGLE(-104.1))
    for kind, place in (("float16", "4.51"), ("float32", "9.01")):
        assert f"{np.log(2.0 ** (precision.TYPES[kind].precision + 2) - 1) / 2:.2f}" == place
        assert f"{_stored('tanh', kind):.2f}" == place


@check("one-minus-sigmoid", "20", "2.1e-9", "110", "1000")
def _():
    assert 1 - values.sigmoid(SINGLE(20)) == 0 and f"{values.sigmoid(SINGLE(-20)):.1e}" == "2.1e-09"
    assert reference.ulps(values.sigmoid(SINGLE([-20])), reference.value("sigmoid", [-20.0]))[0] <= 0.5001
    assert values.sigmoid(SINGLE(-110)) == 0 and values.softplus(SINGLE(110)) == 110
    x = SINGLE([0.5, 20, 110, 1000])
    assert np.allclose(-np.maximum(x, 0) - np.log1p(np.exp(-np.abs(x))), -values.softplus(x), rtol=1e-6)
    assert values.logsigmoid(-1000.0) == -1000
    with np.errstate(divide="ignore"):
        assert np.isneginf(np.log(values.sigmoid(-1000.0)))


@check("epsilon-in-the-logarithm", "1e-7", "20", "1e-8")
def _():
    assert logits.EPSILON == 1e-7
    found = logits.losses([20.0])
    assert np.isfinite(found.value["with epsilon"]) and found.slope["with epsilon"] == 0
    assert np.isnan(found.slope["as typed"]) and found.slope["clamped"] == 0 and found.slope["from the logit"] == 1
    assert torch.sigmoid(torch.tensor(20.0)) == 1
    smallest = np.finfo(np.float16).smallest_subnormal
    assert np.float16(1e-7) == np.float16(2) * smallest and np.float16(1e-8) == 0
    x = torch.tensor([20.0], requires_grad=True)
    (-torch.log(1 - torch.sigmoid(x).clamp(1e-7, 1 - 1e-7))).sum().backward()
    assert x.grad == 0


@check("log-sum-exp-in-code")
def _(solution):
    mine = solution["logsumexp"]
    rng = np.random.default_rng(0)
    for z in (*(rng.normal(size=(50, 6)) * 1e3), np.zeros(3), np.array([1000.0, 1000.0]), np.array([-1e5])):
        assert np.isclose(mine(z), scipy.special.logsumexp(z), rtol=1e-15)
    inf = np.inf
    for z in ([-inf, -inf], [-inf, 3.0], [], [inf, 0.0]):
        found = mine(np.array(z))
        assert found == (np.logaddexp.reduce(z) if z else -inf), z
    assert np.log(1 + np.exp(-40.0)) == 0 < np.log1p(np.exp(-40.0))


@check("gradients-too-small-for-float16", "3e-8", "65520")
def _():
    smallest = 2.0 ** precision.TYPES["float16"].smallest
    assert f"{smallest / 2:.0e}" == "3e-08"
    rounded = precision.rounded(np.array([0.49 * smallest, 0.51 * smallest, 65519, 65520]), "float16")
    assert rounded[0] == 0 < rounded[1] and rounded[2] == 65504 and np.isposinf(rounded[3])
    small = np.array([3e-9, 1e-7])
    lifted = precision.rounded(1024 * small, "float16") / 1024
    assert (lifted > 0).all() and np.allclose(lifted, small, rtol=0.01)
    normal = np.array([0.1234, 5.0])
    held = precision.rounded(normal, "float16")
    assert (precision.rounded(64 * normal, "float16") == 64 * held).all(), "a power of two rounds nothing"
    assert precision.rounded(np.array([3e-9]), "bfloat16") > 0


@check("slope-dies-on-one-side", "17", "103.9", "9.01", "4e-8")
def _():
    left, right = precision.slope_by_torch("sigmoid", np.array([-17.0, 17.0]), "float32")
    exact = float(slopes.sigmoid(17.0))
    assert right == 0 and abs(left / exact - 1) < 1e-6 and f"{exact:.0e}" == "4e-08"
    ends = [_stored("sigmoid", "float32", what="slope", side=side) for side in ("left", "right")]
    assert all(103.9 < abs(end) < 104 for end in ends)
    for sign in (-1, 1):
        before, after = precision.slope_by_torch("tanh", sign * np.array([9.0, 9.02]), "float32")
        assert after == 0 < before
    e = np.exp(-np.abs(SINGLE([-17, 17])))
    assert np.allclose(e / (1 + e) ** 2, exact, rtol=1e-6)


@check("killed-by-its-success", "20", "400")
def _():
    found = logits.success()
    few = ("bfloat16", "float16", "float32")
    assert (len(found.seeds), found.steps) == (20, 400)
    assert [found.lost("as typed", kind) for kind in (*few, "float64")] == [20, 20, 20, 0]
    assert [found.lost("from the logit", kind) for kind in (*few, "float64")] == [0] * 4
    assert all(mean_interval(found.right["as typed", kind])[1] > 0.9 for kind in few)
    assert (np.diff([found.last["as typed", kind] for kind in few], axis=0) > 0).all()
    assert found.lost("clamped", "float16") == 20 and found.lost("clamped", "bfloat16") == 0
    assert found.last["as typed", "float32"].mean() > 100
    q = torch.tensor(1.0)
    assert (0 * torch.log(1 - q)).isnan()


@check("gelu-tail-cancels", "1/2", "6e-9", "14", "5.6", "14.36", "16.6")
def _():
    exact = float(reference.value("gelu", [-6.0])[0])
    assert f"{exact:.0e}" == "-6e-09" and values.gelu(SINGLE(-6)) != 0
    x = torch.tensor(-6.0)
    assert 1 / 2 * x * (1 + torch.erf(x / 2**0.5)) == 0 == F.gelu(x)
    assert np.isclose(-6 * scipy.special.erfc(6 / 2**0.5) / 2, exact, rtol=1e-12)
    end = _stored("gelu", "float32", side="left")
    assert f"{end:.2f}" == "-14.36" and round(end) == -14
    assert all(-5.6 < _stored("gelu", "float32", who, side="left") for who in ("as typed", "torch"))
    first, second = float(scipy.special.ndtr(-6.0)), 6 * np.exp(-18) / (2 * np.pi) ** 0.5
    assert second > first
    ends = {who: _stored("softplus", "float32", who, side="left") for who in precision.FORMS}
    assert f"{ends['as typed']:.1f}" == "-16.6" and ends["torch"] == ends["rounded once"] < -103
