"""Slopes against 60-digit arithmetic on the catalogue's derivatives, against finite differences and against torch."""

import numpy as np
import pytest
import sympy as sp
import torch
import torch.nn.functional as F
from activations import catalogue, reference, slopes, values
from hypothesis import given, settings
from hypothesis import strategies as st

# Units in the last place; and the root of a slope around which an absolute bound takes their place.
TOLERANCE = {"gelu": 8, "gelu_tanh": 8, "mish": 8}
ROOT = {"gelu": -0.7518, "gelu_tanh": -0.7525, "mish": -1.1924}
FLOAT32_MAX = float(np.finfo(np.float32).max)

ONE = catalogue.names("one")


def assert_accurate(name, x, **parameters):
    """Within the tolerance of the exact slopes, without a zero where the rounded slope is none."""
    got = getattr(slopes, name)(x, **parameters)
    exact = reference.slope(name, x, **parameters)
    rounded = np.array(exact, float).astype(got.dtype)
    errors = reference.ulps(got, exact)
    if name in ROOT:
        near_root = (np.abs(x - ROOT[name]) < 1.5) & (np.abs(rounded) < 0.25)
        absolute = errors * np.spacing(np.abs(rounded))
        assert np.all(absolute[near_root] <= 4 * np.finfo(got.dtype).eps)
        errors = errors[~near_root]
    assert errors.max(initial=0) <= TOLERANCE.get(name, 4)
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


@pytest.mark.parametrize(("beta", "nearest"), [(1.0, 0), (0.5, 0), (0.1, 1000), (1.702, 1000)])
def test_silu_keeps_its_digits_at_its_root(beta, nearest):
    # Where 1 + t + e^t = 0, with t = βx: slopes of about 1e-17 there, and 1e-13 where βx is not exact.
    root = float(sp.nsolve(1 + catalogue.x + sp.exp(catalogue.x), -1.3)) / beta
    steps = nearest + np.arange(50)
    assert_accurate("silu", root + np.spacing(root) * np.concatenate([-steps, steps]), beta=beta)


@pytest.mark.parametrize("name", ONE)
def test_kinks_take_the_convention_of_the_catalogue(name):
    for convention in catalogue.get(name).conventions:
        assert getattr(slopes, name)(float(convention.at)) == pytest.approx(float(convention.slope), rel=4e-16)


@pytest.mark.parametrize("name", [name for name in ONE if name not in ("sine", "cosine")])
@pytest.mark.parametrize("sign", [-1, 1])
def test_infinity_gives_the_limit(name, sign):
    # At 1e308 the exact slope is as near to a finite limit as a float can tell.
    nearly = float(reference.slope(name, [sign * 1e308])[0])
    assert getattr(slopes, name)(sign * np.inf) == (nearly if abs(nearly) < 1e300 else np.copysign(np.inf, nearly))


@pytest.mark.parametrize("name", ["sine", "cosine"])
def test_waves_have_no_limit(name):
    assert np.isnan(getattr(slopes, name)([-np.inf, np.inf])).all()


def test_tails_that_plain_formulas_lose():
    assert slopes.sigmoid(40.0) == pytest.approx(4.248354255291589e-18, rel=1e-15)
    assert slopes.tanh(372.0) > 0
    assert slopes.softsign(1e160) > 0
    assert slopes.arctan(1e160) > 0


def test_gelu_takes_the_tanh_form_by_name():
    x = reference.hard_points("gelu")
    np.testing.assert_array_equal(slopes.gelu(x, approximate="tanh"), slopes.gelu_tanh(x))


@pytest.mark.parametrize("name", ONE)
def test_agrees_with_finite_differences_of_values(name):
    x, step = np.linspace(-7.1, 7.3, 98), 2.0**-17  # no kink of the catalogue's lies within a step
    f = getattr(values, name)
    central = (f(x + step) - f(x - step)) / (2 * step)
    np.testing.assert_allclose(getattr(slopes, name)(x), central, atol=1e-9)


# --- functions of several inputs -------------------------------------------------------------------------------------

MANY = catalogue.names("many")


def exact_product(name, x, tangent):
    """The catalogue's Jacobian at ``x`` times ``tangent``, and the same of absolute values, to 40 digits."""
    entry = catalogue.get(name)
    at = dict(zip(entry.inputs(len(x)), map(sp.Rational, x), strict=True))
    jacobian = entry.jacobian(len(x)).subs(at).evalf(40)
    product = jacobian * sp.Matrix([sp.Rational(v) for v in tangent])
    scale = jacobian.applyfunc(abs) * sp.Matrix([sp.Rational(abs(v)) for v in tangent])
    return np.array(product, float).ravel(), np.array(scale, float).ravel()


@pytest.mark.parametrize("size", [2, 3, 4])
@pytest.mark.parametrize("name", MANY)
def test_jacobian_vector_products(name, size):
    if size not in catalogue.get(name).sizes:
        size = 2
    options = {"pieces": size} if name == "maxout" else {}
    for x, tangent in np.random.default_rng(size).normal(0, 2, (3, 2, size)):
        exact, scale = exact_product(name, x, tangent)
        got = getattr(slopes, name)(x, tangent, **options)
        assert np.all(np.abs(got - exact) <= 1e-15 * scale)


@pytest.mark.parametrize("name", MANY)
def test_products_agree_with_finite_differences(name):
    x, tangent = np.random.default_rng(8).normal(0, 2, (2, 5, 6))
    step = 2.0**-17
    f = getattr(values, name)
    central = (f(x + step * tangent) - f(x - step * tangent)) / (2 * step)
    np.testing.assert_allclose(getattr(slopes, name)(x, tangent), central, atol=1e-8)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "sparsemax"])
def test_a_constant_tangent_changes_nothing(name):
    x = np.random.default_rng(9).normal(0, 30, (20, 7))
    np.testing.assert_allclose(getattr(slopes, name)(x, np.full_like(x, 0.1)), 0, atol=1e-16)


def test_nearly_one_hot_softmax_keeps_its_digits():
    # J v = p₁p₂(v₁ − v₂)·(1, −1), and p₂ is about e^{−40}.
    got = slopes.softmax([40.0, 0.0], [0.3, 0.1])
    np.testing.assert_allclose(got, (0.3 - 0.1) * values.softmax([40.0, 0.0])[1] * np.array([1, -1]), rtol=1e-15)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "sparsemax"])
def test_slices_without_a_finite_entry_have_no_slope(name):
    assert np.isnan(getattr(slopes, name)([-np.inf, -np.inf], [1.0, 2.0])).all()


def test_the_first_of_equal_largest_entries_takes_the_slope():
    np.testing.assert_array_equal(slopes.maxout([2.0, 2.0, np.inf, np.inf], [1.0, 5.0, 7.0, 9.0]), [1.0, 7.0])


def test_an_entry_at_the_threshold_is_outside_the_support():
    np.testing.assert_array_equal(slopes.sparsemax([1.0, 0.0], [3.0, 5.0]), [0.0, 0.0])


# --- torch -----------------------------------------------------------------------------------------------------------

TORCH = {
    "arctan": torch.arctan,
    "cosine": torch.cos,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "hardsigmoid": lambda x: F.relu6(x + 3) / 6,  # torch's own hardsigmoid has the slope 1/6 in float32 only
    "sine": torch.sin,
    "prelu": lambda x: F.prelu(x, torch.tensor(0.25, dtype=x.dtype)),
} | {name: getattr(F, name) for name in (
    "celu", "elu", "gelu", "hardswish", "hardtanh", "leaky_relu", "logsigmoid", "mish", "relu", "relu6",
    "rrelu", "selu", "sigmoid", "silu", "softplus", "softsign", "tanh")}  # fmt: skip


@pytest.mark.parametrize("name", TORCH)
def test_agrees_with_torch_at_kinks_too(name):
    # torch is right to a few rounding errors of 1.
    kinks = [float(convention.at) for convention in catalogue.get(name).conventions]
    x = torch.tensor(np.concatenate([np.linspace(-9, 9, 400), kinks]), requires_grad=True)
    (gradient,) = torch.autograd.grad(TORCH[name](x).sum(), x)
    np.testing.assert_allclose(getattr(slopes, name)(x.detach().numpy()), gradient.numpy(), rtol=1e-13, atol=1e-14)
