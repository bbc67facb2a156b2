"""What stands behind the answers on the classic functions: sigmoid, tanh, ReLU and their near relatives."""

import numpy as np
import sympy as sp
import torch
from activations import claims, slopes, values
from activations.catalogue import get, x
from activations.experiments import pace
from activations.properties import fact_sheet
from mpmath import mp

from . import check

SIGMOID, TANH, SOFTPLUS = (get(name).at().rewrite(sp.exp) for name in ("sigmoid", "tanh", "softplus"))
GRID = np.linspace(-6, 6, 241)


def _fact(name: str, key: str) -> float:
    return float(fact_sheet(name)[key].value)


def _said(number: float, digits: int) -> str:
    return f"{number:.{digits}f}"


@check("the-three-classics", "17.33")
def _():
    rounds = float(fact_sheet("sigmoid")["rounds_right"].value[1])
    assert _said(rounds, 2) == "17.33"
    assert [fact_sheet(name)["parity"].value for name in ("sigmoid", "tanh", "relu")] == ["neither", "odd", "neither"]
    assert fact_sheet("relu")["convexity"].value == "convex"


@check("derivatives-of-the-classics", "0.8", "0.2", "0.16")
def _():
    at = torch.logit(torch.tensor(0.8, dtype=torch.float64)).requires_grad_()
    torch.sigmoid(at).backward()
    assert np.isclose(float(at.grad), 0.16) and np.isclose(1 - 0.8, 0.2)


@check("derivatives-of-the-classics")
def _():
    for name in ("sigmoid", "tanh"):
        at = torch.tensor(GRID, requires_grad=True)
        value = getattr(torch, name)(at)
        value.sum().backward()
        told = value * (1 - value) if name == "sigmoid" else 1 - value**2
        assert torch.allclose(at.grad, told)
    zero = torch.zeros(1, requires_grad=True)
    torch.relu(zero).sum().backward()
    assert float(zero.grad) == 0
    assert TANH.diff(x).subs(x, 0) == 1 and -(TANH**2).subs(x, 0) == 0


@check("steepest-points", "1/4", "1/2")
def _():
    a = sp.Symbol("a")
    quarter, half = sp.Rational(1, 4), sp.Rational(1, 2)
    assert sp.expand(quarter - (a - half) ** 2 - a * (1 - a)) == 0
    assert fact_sheet("sigmoid")["lipschitz"].value == quarter and fact_sheet("tanh")["lipschitz"].value == 1
    assert SIGMOID.subs(x, 0) == half


@check("steepest-points", "4", "10")
def _():
    most = fact_sheet("sigmoid")["lipschitz"].value
    assert most**10 == sp.Integer(4) ** -10
    assert fact_sheet("tanh")["lipschitz"].value == 4 * most


@check("is-the-sigmoid-odd", "1/2")
def _():
    assert sp.simplify(SIGMOID.subs(x, -x) - (1 - SIGMOID)) == 0 and SIGMOID.subs(x, 0) == sp.Rational(1, 2)
    assert fact_sheet("sigmoid")["mean"].value == sp.Rational(1, 2)


@check("tanh-from-sigmoid", "4")
def _():
    assert sp.simplify(TANH - (2 * SIGMOID.subs(x, 2 * x) - 1)) == 0
    s, y = sp.Symbol("s"), sp.Symbol("y")
    assert sp.expand(4 * s * (1 - s) - (1 - (2 * s - 1) ** 2)) == 0
    assert sp.simplify(TANH.diff(x) - (4 * s * (1 - s)).subs(s, SIGMOID.subs(x, 2 * x))) == 0
    half_logit = sp.log((1 + y) / 2 / (1 - (1 + y) / 2)) / 2
    assert sp.simplify(sp.atanh(y).rewrite(sp.log).diff(y) - half_logit.diff(y)) == 0 and half_logit.subs(y, 0) == 0


@check("inverse-of-the-sigmoid", "4", "0.88", "0.98")
def _():
    assert [_said(float(values.sigmoid(at)), 2) for at in (2.0, 4.0)] == ["0.88", "0.98"]
    p = sp.Symbol("p", positive=True)
    assert sp.simplify(SIGMOID.subs(x, sp.log(p / (1 - p))) - p) == 0
    odds = sp.simplify(SIGMOID / (1 - SIGMOID))
    assert sp.simplify(odds.subs(x, 4) / odds.subs(x, 2) - sp.exp(2)) == 0


@check("softplus-between-sigmoid-and-relu")
def _():
    assert sp.simplify(SOFTPLUS.diff(x) - SIGMOID) == 0
    gap = values.softplus(GRID) - values.relu(GRID)
    assert np.allclose(gap, np.log1p(np.exp(-np.abs(GRID)))) and np.isclose(gap.max(), np.log(2))
    assert np.allclose(values.softplus(GRID) - values.softplus(-GRID), GRID)


@check("hardtanh-instead-of-tanh", "32")
def _():
    outside = 1 - _fact("hardtanh", "mean_slope")
    assert f"{outside:.0%}" == "32%"
    assert np.allclose(values.hardtanh(GRID), values.relu(GRID + 1) - values.relu(GRID - 1) - 1)


@check("does-relu-train-faster", "0.7")
def _():
    found, fair, unfair = pace.pace(), pace.STAGES[-1], pace.STAGES[0]
    assert _said(float(found.ratio(fair, "tanh").mean()), 1) == "0.7"
    assert _said(float(found.ratio(fair, "sigmoid").mean()), 1) == "2.0"
    assert found.arrived(unfair, "sigmoid") == 0 and found.ratio(unfair, "tanh").mean() > 1
    assert "four layers" in claims.get("relu-was-six-times-faster-once").function.__doc__


@check("building-blocks-from-relu")
def _():
    r, y = values.relu, GRID[::-1] * 0.7
    assert np.allclose(r(GRID) - r(-GRID), GRID) and np.allclose(r(GRID) + r(-GRID), np.abs(GRID))
    assert np.allclose(GRID + r(y - GRID), np.maximum(GRID, y))
    assert np.allclose(r(GRID) - r(GRID - 1), np.clip(GRID, 0, 1))


@check("near-zero-and-far-out", "1/2", "1/4", "4", "48", "3")
def _():
    third = sp.Rational(1, 3)
    assert sp.series(SIGMOID, x, 0, 5).removeO() == sp.Rational(1, 2) + x / 4 - x**3 / 48
    assert sp.expand(sp.series(get("tanh").at(), x, 0, 5).removeO() - (x - third * x**3)) == 0
    assert SIGMOID.diff(x).subs(x, 0) == sp.Rational(1, 4)
    for part, tail in (
        (1 - SIGMOID, sp.exp(-x)),
        (1 - TANH, 2 * sp.exp(-2 * x)),
        (SIGMOID.diff(x), sp.exp(-x)),
        (TANH.diff(x), 4 * sp.exp(-2 * x)),
    ):
        assert sp.limit(sp.simplify(part / tail), x, sp.oo) == 1


@check("near-zero-and-far-out", "5", "0.0067", "0.0066")
def _():
    assert _said(np.exp(-5), 4) == "0.0067" and _said(float(slopes.sigmoid(5.0)), 4) == "0.0066"


@check("softsign-against-tanh", "10", "1/121", "8.2e-9")
def _():
    assert get("softsign").at().diff(x).subs(x, 10) == sp.Rational(1, 121)
    with mp.workdps(30):
        slope = 1 - mp.tanh(10) ** 2
        assert mp.nstr(slope, 2) == "8.2e-9" and slope < mp.mpf(10) ** -8


@check("softsign-against-tanh", "4", "3")
def _():
    small = sp.Symbol("t", positive=True)
    softsign = small / (1 + small)
    assert sp.series(softsign, small, 0, 3).removeO() == small - small**2
    assert sp.series(get("tanh").at(), x, 0, 4).removeO().coeff(x, 3) != 0
    assert softsign.diff(small, 2).subs(small, 0) == -2
    assert sp.limit(sp.simplify(TANH.diff(x) / sp.exp(-2 * x)), x, sp.oo) == 4


@check("softsign-against-tanh", "0.18", "0.39", "93")
def _():
    assert [_said(_fact(name, "second_moment"), 2) for name in ("softsign", "tanh")] == ["0.18", "0.39"]
    assert {f"{_fact(name, 'affine_share_1'):.0%}" for name in ("softsign", "tanh")} == {"93%"}
    assert _fact("softsign", "mean") == _fact("tanh", "mean") == 0
