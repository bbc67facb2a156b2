"""Values against 60-digit arithmetic on the catalogue's definitions, and against SciPy and torch."""

import numpy as np
import pytest
import scipy.special
import torch
import torch.nn.functional as F
from activations import catalogue, reference, values
from hypothesis import given, settings
from hypothesis import strategies as st

# Units in the last place.
TOLERANCE = {"gelu": 8, "gelu_tanh": 8, "mish": 8, "softmax": 8, "log_softmax": 8}
FLOAT32_MAX = float(np.finfo(np.float32).max)

ONE = catalogue.names("one")


def assert_accurate(name, x, **parameters):
    """Within the tolerance of the exact values, without a zero where the rounded value is none."""
    got = getattr(values, name)(x, **parameters)
    exact = reference.value(name, x, **parameters)
    assert reference.ulps(got, exact).max() <= TOLERANCE.get(name, 4)
    with np.errstate(over="ignore"):
        rounded = np.array(exact, float).astype(got.dtype)
    np.testing.assert_array_equal(got == 0, rounded == 0)


@pytest.mark.parametrize("name", ONE)
def test_hard_points_in_float64(name):
    assert_accurate(name, reference.hard_points(name))


@pytest.mark.parametrize("name", ONE)
def test_hard_points_in_float32(name):
    points = reference.hard_points(name)
    assert_accurate(name, points[np.abs(points) <= FLOAT32_MAX].astype(np.float32))


@pytest.mark.parametrize("name", ONE)
def test_random_points(name):
    assert_accurate(name, reference.sweep(40, seed=2))
    assert_accurate(name, reference.sweep(40, seed=3).astype(np.float32))


@pytest.mark.parametrize("name", ONE)
def test_any_finite_float(name):
    @settings(max_examples=30, deadline=None, derandomize=True)
    @given(st.floats(allow_nan=False, allow_infinity=False))
    def holds(x):
        assert_accurate(name, np.array([x]))

    holds()


# A parameter scales where the function bends: the points are scaled with it.
PARAMETERS = [
    *(("softplus", {"beta": beta}, 1 / beta) for beta in (1e-30, 1e-3, 0.1, 1.702, 50.0, 1e10)),
    *(("silu", {"beta": beta}, 1 / beta) for beta in (1e-30, 1e-3, 0.1, 1.702, 50.0, 1e10)),
    *(("elu", {"alpha": alpha}, 1.0) for alpha in (1e-300, 1e-6, 0.3, 1e6, 1e300)),
    *(("celu", {"alpha": alpha}, alpha) for alpha in (1e-10, 1e-6, 0.3, 3.0, 1e6, 1e10)),
    *(("leaky_relu", {"negative_slope": slope}, 1.0) for slope in (-0.5, 0.0, 1e-3, 7.3)),
    ("prelu", {"weight": -2.3}, 1.0),
    ("rrelu", {"lower": 0.1, "upper": 0.3}, 1.0),
    ("hardtanh", {"min_val": -0.3, "max_val": 7.7}, 1.0),
]


@pytest.mark.parametrize(("name", "parameters", "scale"), PARAMETERS, ids=str)
def test_other_parameters(name, parameters, scale):
    hard = reference.hard_points(name)
    x = np.concatenate([hard, scale * hard[np.abs(hard) < 1e5], scale * reference.sweep(15, seed=4)])
    assert_accurate(name, x, **parameters)


@pytest.mark.parametrize("name", [name for name in ONE if name not in ("sine", "cosine")])
@pytest.mark.parametrize("sign", [-1, 1])
def test_infinity_gives_the_limit(name, sign):
    # At 1e308 the exact function is as near to a finite limit as a float can tell.
    nearly = float(reference.value(name, [sign * 1e308])[0])
    limit = nearly if abs(nearly) < 1e300 else np.copysign(np.inf, nearly)
    assert getattr(values, name)(sign * np.inf) == limit


@pytest.mark.parametrize("name", ["sine", "cosine"])
def test_waves_have_no_limit(name):
    assert np.isnan(getattr(values, name)([-np.inf, np.inf])).all()


@pytest.mark.parametrize(("name", "limit"), [("leaky_relu", 0.0), ("prelu", 0.0)])
def test_a_slope_of_0_is_flat_to_infinity(name, limit):
    parameter = catalogue.get(name).parameters[0].name
    assert getattr(values, name)(-np.inf, **{parameter: 0.0}) == limit


@pytest.mark.parametrize("name", ["identity", "tanh", "softsign", "arctan", "hardtanh", "sine"])
def test_is_odd(name):
    x = reference.hard_points(name)
    np.testing.assert_array_equal(getattr(values, name)(-x), -getattr(values, name)(x))


def test_tails_that_plain_formulas_lose():
    assert values.gelu(-10.0) == pytest.approx(-7.619853024160526e-23, rel=1e-15)
    assert values.sigmoid(-740.0) > 0
    assert values.silu(-750.0) < 0
    assert values.softplus(-1000.0, beta=0.5) > 0


def test_gelu_takes_the_tanh_form_by_name():
    x = reference.hard_points("gelu")
    np.testing.assert_array_equal(values.gelu(x, approximate="tanh"), values.gelu_tanh(x))


# --- functions of several inputs -------------------------------------------------------------------------------------

_rng = np.random.default_rng(5)
ROWS = {
    "single": [5.0],
    "equal": [0.1] * 100,
    "equal and huge": [-1e308] * 3,
    "huge": [1e308, -1e308, 0.0],
    "huge and close": [1e16, 1e16 + 2, 1e16 - 4],
    "far from 0": [1e5 + 0.1, 1e5, 1e5 - 30.7, 1e5 - 700.3],
    "masked": [3.0, -np.inf, 2.0],
    "one left": [-np.inf, 3.0, -np.inf],
    "nearly one-hot": [40.0, 0.0],
    "subnormal": [0.0, -708.5, -740.0, -745.0],
    "subnormal only together": [0.0] + [-745.2] * 99,
    "each rounded up in a plain sum": [0.0] + [-36.72] * 99,
    "nearly equal": [1.0, 1.0 - 2**-53, 1.0 + 2**-52],
    **{f"random of size {size}, spread {spread}": _rng.normal(0, spread, size) for size in (2, 10, 100)
       for spread in (1e-8, 1.0, 30.0, 1e3)},
}  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_family(name, row, dtype):
    assert_accurate(
        name, np.clip(row, -FLOAT32_MAX, FLOAT32_MAX).astype(dtype) if dtype == np.float32 else np.array(row)
    )


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "sparsemax"])
def test_infinite_entries(name):
    function = getattr(values, name)
    winner, loser = (0.0, -np.inf) if name == "log_softmax" else (1.0, 0.0)
    np.testing.assert_array_equal(function([np.inf, 1.0]), [winner, loser])
    np.testing.assert_array_equal(function([np.inf, 1.0, np.inf]), function([1.0, -np.inf, 1.0]))
    np.testing.assert_array_equal(function([2.0, -np.inf]), [winner, loser])
    assert np.isnan(function([-np.inf, -np.inf])).all()


@pytest.mark.parametrize("name", ["sparsemax", "maxout", "glu", "reglu", "geglu", "swiglu"])
def test_other_functions_of_several_inputs(name):
    for row in np.random.default_rng(6).normal(0, 2, (20, 4)):
        options = {"pieces": 4} if name == "maxout" else {}
        exact = np.array(reference.value(name, row), float)
        np.testing.assert_allclose(getattr(values, name)(row, **options), exact, rtol=1e-15, atol=1e-15)


def test_sparsemax_is_the_projection_on_the_simplex():
    x = np.random.default_rng(7).normal(size=(50, 8))
    p = values.sparsemax(x)
    np.testing.assert_allclose(p.sum(axis=-1), 1, rtol=1e-14)
    # The nearest point of a convex set: no direction into the set (here, to each corner) leads nearer to x.
    assert np.all(np.einsum("ri,rci->rc", x - p, np.eye(8) - p[:, None]) <= 1e-14)


def test_sparsemax_of_huge_entries():
    np.testing.assert_array_equal(values.sparsemax([1e300, 1e300, -1e300]), [0.5, 0.5, 0.0])


def test_maxout_takes_consecutive_groups():
    np.testing.assert_array_equal(values.maxout(np.arange(12.0), pieces=3), [2, 5, 8, 11])


# --- other libraries -------------------------------------------------------------------------------------------------

SCIPY = {
    "sigmoid": scipy.special.expit,
    "logsigmoid": scipy.special.log_expit,
    "gelu": lambda x: x * scipy.special.ndtr(x),
    "softplus": scipy.special.softplus,
    "softmax": lambda x: scipy.special.softmax(x, axis=-1),
    "log_softmax": lambda x: scipy.special.log_softmax(x, axis=-1),
}
TORCH = {
    "arctan": torch.arctan,
    "cosine": torch.cos,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "sine": torch.sin,
    "softmax": lambda x: torch.softmax(x, -1),
    "log_softmax": lambda x: torch.log_softmax(x, -1),
    "prelu": lambda x: F.prelu(x, torch.tensor(0.25, dtype=x.dtype)),
} | {name: getattr(F, name) for name in (
    "celu", "elu", "gelu", "glu", "hardsigmoid", "hardswish", "hardtanh", "leaky_relu", "logsigmoid", "mish", "relu",
    "relu6", "rrelu", "selu", "sigmoid", "silu", "softplus", "softsign", "tanh")}  # fmt: skip


@pytest.mark.parametrize("name", SCIPY)
def test_agrees_with_scipy(name):
    x = np.linspace(-9, 9, 400)
    np.testing.assert_allclose(getattr(values, name)(x), SCIPY[name](x), rtol=1e-13)


@pytest.mark.parametrize("name", TORCH)
def test_agrees_with_torch(name):
    # torch is right to a few rounding errors of 1, and its softplus is linear beyond 20.
    x = np.linspace(-9, 9, 400)
    np.testing.assert_allclose(getattr(values, name)(x), TORCH[name](torch.tensor(x)).numpy(), rtol=1e-13, atol=1e-14)
