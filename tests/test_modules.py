"""The torch functions against the catalogue, torch's gradient checker and this package's NumPy slopes.

The first oracle is the catalogue's own symbolic value and slope, evaluated by mpmath at 40 digits.
"""

import copy
import inspect

import mpmath
import numpy as np
import pytest
import sympy as sp
import torch
import torch.nn.functional as F
from activations import catalogue, modules, slopes, values
from torch import nn

# torch forms slopes such as 1 - y², which keep no digits where they are tiny, and multiplies them (by 14 in gelu_tanh):
# 16 rounding errors of 1 are allowed.
RTOL, ATOL = 1e-12, 16 * np.finfo(np.float64).eps
POINTS = [0.0, 1e-300, 1e-8, 0.1, 0.5, 1.0, 1.7, 2.5, 3.0, 5.0, 6.0, 10.0, 20.5, 36.0, 39.0, 88.0, 700.0]
SETTINGS = [
    *((name, {}) for name in catalogue.names("one")),
    ("hardtanh", {"min_val": -2, "max_val": sp.Rational(1, 2)}),
    ("leaky_relu", {"negative_slope": sp.Rational(1, 5)}),
    ("prelu", {"weight": -sp.Rational(1, 2)}),
    ("rrelu", {"lower": sp.Rational(1, 10), "upper": sp.Rational(1, 2)}),
    ("elu", {"alpha": 2}),
    ("celu", {"alpha": sp.Rational(1, 2)}),
    ("softplus", {"beta": 3}),
    ("silu", {"beta": sp.Rational(3, 2)}),
]
MANY = catalogue.names("many")
# Exact in binary, no two equal, no sparsemax threshold among them.
INPUTS = torch.tensor(
    [[0.25, -1.5, 2.0, 0.75], [3.0, 0.5, -0.25, 1.25], [-2.0, -0.5, -1.0, 0.125]], dtype=torch.float64
)
# What torch gives at infinite inputs where the catalogue has a limit: its own arithmetic, not ours.
NAN_AT = {
    "softsign": (-np.inf, np.inf),
    "hardswish": (-np.inf,),
    "gelu": (-np.inf,),
    "gelu_tanh": (-np.inf,),
    "silu": (-np.inf,),
    "mish": (-np.inf,),
}


def settings():
    labels = [name + "".join(f"-{key}={value}" for key, value in chosen.items()) for name, chosen in SETTINGS]
    return pytest.mark.parametrize(("name", "chosen"), SETTINGS, ids=labels)


def one_input():
    return pytest.mark.parametrize("name", catalogue.names("one"))


def many_inputs():
    return pytest.mark.parametrize("name", MANY)


def options(chosen):
    return {key: float(value) for key, value in chosen.items()}


def exactly(expression, points):
    """The expression in x at each point, by mpmath at 40 digits, rounded once."""
    function = sp.lambdify(catalogue.x, expression, "mpmath")
    with mpmath.workdps(40):
        return [float(function(mpmath.mpf(point))) for point in points]


def tracked(values, dtype=torch.float64):
    return torch.tensor(values, dtype=dtype, requires_grad=True)


def gradient(function, values, **chosen):
    x = tracked(values)
    function(x, **chosen).sum().backward()
    return x.grad


def exact_function(name, size):
    """The catalogue's map of ``size`` inputs, on mpmath numbers."""
    entry = catalogue.get(name)
    inputs = entry.inputs(size)
    return sp.lambdify(inputs, list(entry.of(inputs)), "mpmath")


def exact_jacobian(name, row):
    """The Jacobian by central differences of step 1e-15 at 40 digits: right to some 1e-25."""
    function, step, columns = exact_function(name, len(row)), mpmath.mpf("1e-15"), []
    with mpmath.workdps(40):
        for i in range(len(row)):
            above, below = (
                function(*(mpmath.mpf(z) + sign * step * (i == j) for j, z in enumerate(row))) for sign in (1, -1)
            )
            columns.append([float((up - down) / (2 * step)) for up, down in zip(above, below, strict=True)])
    return np.array(columns).T


# --- names -----------------------------------------------------------------------------------------------------------


def test_names_are_the_catalogues():
    assert tuple(modules.FUNCTIONS) == catalogue.names()
    assert all(getattr(modules, name) is function for name, function in modules.FUNCTIONS.items())


def test_all_lists_every_function_in_order():
    assert set(catalogue.names()) <= set(modules.__all__)
    assert modules.__all__ == sorted(modules.__all__, key=lambda name: (not name.isupper(), name[0].islower(), name))


@pytest.mark.parametrize("name", catalogue.names())
def test_every_other_name_gives_the_same_function(name):
    for other in catalogue.get(name).other_names:
        assert modules.get(other) is modules.get(name)


@one_input()
def test_parameters_and_defaults_are_the_catalogues(name):
    accepted = inspect.signature(modules.get(name)).parameters
    for parameter in catalogue.get(name).parameters:
        assert accepted[parameter.name].default == float(parameter.default)


@pytest.mark.parametrize("name", catalogue.names())
def test_signature_is_numpys_with_dim_for_axis(name):
    def form(function):
        return [
            (p.name.replace("axis", "dim"), p.kind, p.default) for p in inspect.signature(function).parameters.values()
        ]

    ours = [option for option in form(modules.get(name)) if option[0] != "training"]
    assert ours == form(getattr(values, name))


@pytest.mark.parametrize("name", catalogue.names())
def test_docstring_has_formula_and_source(name):
    text = modules.get(name).__doc__
    assert ".. math::" in text
    assert catalogue.get(name).cite in text


@pytest.mark.parametrize("ask", [modules.get, modules.module, modules.ActivationModule])
def test_unknown_name_raises_key_error_with_the_nearest(ask):
    with pytest.raises(KeyError, match="relux.*relu"):
        ask("relux")


# --- values and slopes of one input ----------------------------------------------------------------------------------


@settings()
def test_value_is_the_catalogues(name, chosen):
    points = [*POINTS, *(-point for point in POINTS)]
    value = modules.get(name)(torch.tensor(points, dtype=torch.float64), **options(chosen))
    expected = exactly(catalogue.get(name).at(**chosen), points)
    np.testing.assert_allclose(value, expected, rtol=RTOL, atol=ATOL)


@settings()
def test_slope_is_the_catalogues(name, chosen):
    points = [*POINTS, *(-point for point in POINTS)]
    slope = gradient(modules.get(name), points, **options(chosen))
    np.testing.assert_allclose(slope, exactly(catalogue.get(name).slope(**chosen), points), rtol=RTOL, atol=ATOL)


@settings()
def test_value_and_slope_agree_with_numpy(name, chosen):
    x = np.concatenate([np.linspace(-50, 50, 401), np.linspace(-8, 8, 257)])
    expected, slope = (getattr(stage, name)(x, **options(chosen)) for stage in (values, slopes))
    np.testing.assert_allclose(modules.get(name)(torch.tensor(x), **options(chosen)), expected, rtol=RTOL, atol=ATOL)
    np.testing.assert_allclose(gradient(modules.get(name), x, **options(chosen)), slope, rtol=RTOL, atol=ATOL)


@one_input()
def test_slope_at_each_kink_is_the_recorded_convention(name):
    for convention in catalogue.get(name).conventions:
        slope = gradient(modules.get(name), [float(convention.at)])
        np.testing.assert_allclose(slope, [float(convention.slope)], rtol=RTOL)


@settings()
def test_gradient_agrees_with_finite_differences(name, chosen):
    smooth = tracked([-4.1, -2.3, -0.7, 0.3, 1.4, 2.2, 7.3])
    assert torch.autograd.gradcheck(lambda x: modules.get(name)(x, **options(chosen)), smooth)


@one_input()
def test_limits_at_infinity_are_numpys_but_for_torchs_own_nan(name):
    ends = np.array([-np.inf, np.inf])
    expected = getattr(values, name)(ends)
    expected[np.isin(ends, NAN_AT.get(name, ()))] = np.nan
    np.testing.assert_allclose(modules.get(name)(torch.tensor(ends)), expected, rtol=RTOL)


@one_input()
def test_nan_propagates(name):
    assert torch.isnan(modules.get(name)(torch.tensor([torch.nan]))).all()


@pytest.mark.parametrize("name", catalogue.names())
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_dtype_is_kept(name, dtype):
    x = torch.ones(3, 4, dtype=dtype, requires_grad=True)
    y = modules.get(name)(x)
    y.sum().backward()
    assert y.dtype == x.grad.dtype == dtype


@pytest.mark.parametrize("name", catalogue.names())
def test_device_is_kept(name):
    # The meta device computes shapes alone; a tensor made on the processor by mistake would not mix with it.
    assert modules.get(name)(torch.empty(3, 4, device="meta")).device.type == "meta"


@one_input()
def test_shape_is_kept(name):
    assert modules.get(name)(torch.zeros(2, 0, 3)).shape == (2, 0, 3)
    assert modules.get(name)(torch.tensor(1.0)).shape == ()


def test_gelu_takes_torchs_approximate():
    x = torch.linspace(-3, 3, 7, dtype=torch.float64)
    assert torch.equal(modules.gelu(x, approximate="tanh"), modules.gelu_tanh(x))
    assert not torch.equal(modules.gelu(x), modules.gelu_tanh(x))


def test_rrelu_draws_slopes_between_its_bounds_in_training():
    x = -torch.ones(1000)
    drawn = -modules.rrelu(x, lower=0.2, upper=0.4, training=True)
    assert 0.2 <= drawn.min() < 0.22 and 0.38 < drawn.max() <= 0.4


def test_prelu_weight_gets_its_gradient():
    weight = tracked(0.25)
    modules.prelu(torch.tensor([-3.0, 2.0], dtype=torch.float64), weight=weight).sum().backward()
    assert weight.grad == -3


# --- many inputs -----------------------------------------------------------------------------------------------------


def whole(name):
    """Keyword options under which a function treats all four inputs as one unit, as the catalogue's ``of`` does."""
    return {"pieces": 4} if name == "maxout" else {}


@many_inputs()
def test_value_of_many_inputs_is_the_catalogues(name):
    function = exact_function(name, 4)
    for row in INPUTS:
        with mpmath.workdps(40):
            expected = [float(value) for value in function(*map(mpmath.mpf, row.tolist()))]
        np.testing.assert_allclose(modules.get(name)(row, **whole(name)), expected, rtol=RTOL, atol=ATOL)


@many_inputs()
def test_jacobian_of_many_inputs_is_the_catalogues(name):
    for row in INPUTS:
        found = torch.autograd.functional.jacobian(lambda z: modules.get(name)(z, **whole(name)), row)
        np.testing.assert_allclose(found, exact_jacobian(name, row.tolist()), rtol=RTOL, atol=ATOL)


@many_inputs()
def test_many_inputs_agree_with_numpy(name):
    row, tangent = INPUTS[0], INPUTS[1]
    found = torch.autograd.functional.jacobian(modules.get(name), row) @ tangent
    np.testing.assert_allclose(modules.get(name)(INPUTS), getattr(values, name)(INPUTS.numpy()), rtol=RTOL, atol=ATOL)
    np.testing.assert_allclose(
        found, getattr(slopes, name)(row.numpy(), tangent.numpy()), rtol=RTOL, atol=ATOL * tangent.abs().max()
    )


@many_inputs()
def test_gradient_of_many_inputs_agrees_with_finite_differences(name):
    assert torch.autograd.gradcheck(modules.get(name), INPUTS.clone().requires_grad_())


@many_inputs()
def test_dim_names_the_axis_from_either_end(name):
    function = modules.get(name)
    last = function(INPUTS)
    torch.testing.assert_close(function(INPUTS.T, dim=0).T, last)
    torch.testing.assert_close(function(INPUTS.T[None], dim=-2)[0].T, last)


@many_inputs()
@pytest.mark.parametrize("dim", [2, -3, 0.5, None])
def test_bad_dim_raises_value_error(name, dim):
    with pytest.raises(ValueError, match=f"{name}: dim .*2 dimensions.* got {dim}"):
        modules.get(name)(INPUTS, dim=dim)


@many_inputs()
def test_single_number_has_no_dim(name):
    with pytest.raises(ValueError, match=f"{name}: dim .*0 dimensions"):
        modules.get(name)(torch.tensor(1.0))


def test_maxout_takes_consecutive_groups():
    assert modules.maxout(INPUTS[0]).tolist() == [0.25, 2.0]
    assert modules.maxout(INPUTS[0], pieces=4).tolist() == [2.0]
    assert modules.maxout(INPUTS[0], pieces=1).tolist() == INPUTS[0].tolist()


def test_maxout_slope_goes_to_the_first_of_equal_inputs():
    assert gradient(modules.maxout, [1.0, 1.0, 1.0, 0.0, 2.0, 2.0], pieces=3).tolist() == [1, 0, 0, 0, 1, 0]


def test_glu_is_torchs():
    torch.testing.assert_close(modules.glu(INPUTS), F.glu(INPUTS))


def test_sparsemax_is_on_the_simplex_and_sparse():
    p = modules.sparsemax(INPUTS)
    torch.testing.assert_close(p.sum(-1), torch.ones(3, dtype=torch.float64))
    assert (p >= 0).all() and (p == 0).any()


def test_sparsemax_keeps_its_digits_when_inputs_are_large():
    x = torch.tensor([0.5, 0.25, 0.125], dtype=torch.float64)
    torch.testing.assert_close(modules.sparsemax(x + 2.0**40), modules.sparsemax(x), rtol=0, atol=1e-15)


def test_sparsemax_slope_at_the_edge_of_the_support_is_numpys():
    edge, tangent = torch.tensor([1.0, 0.0], dtype=torch.float64), torch.tensor([0.25, 1.0], dtype=torch.float64)
    found = torch.autograd.functional.jacobian(modules.sparsemax, edge) @ tangent
    np.testing.assert_array_equal(found, slopes.sparsemax(edge.numpy(), tangent.numpy()))


def test_sparsemax_gives_nothing_to_minus_infinity():
    x = tracked([0.5, -np.inf, 0.25])
    modules.sparsemax(x)[0].backward()
    assert modules.sparsemax(x).tolist() == [0.625, 0, 0.375]
    assert x.grad.tolist() == [0.5, 0, -0.5]


# --- bad parameters --------------------------------------------------------------------------------------------------

BAD = [
    *((name, {parameter: bad}) for name, parameter in [("elu", "alpha"), ("celu", "alpha")] for bad in [0, -1.5]),
    *((name, {"beta": bad}) for name in ("softplus", "silu") for bad in [0, -2, float("nan"), float("inf"), "wide"]),
    ("hardtanh", {"max_val": -1}),
    ("hardtanh", {"max_val": float("nan")}),
    ("rrelu", {"upper": 0.1}),
    ("gelu", {"approximate": "sigmoid"}),
]


@pytest.mark.parametrize(("name", "chosen"), BAD)
@pytest.mark.parametrize("ask", ["function", "module"])
def test_bad_parameter_raises_value_error_naming_function_and_value(name, chosen, ask):
    (value,) = chosen.values()
    with pytest.raises(ValueError, match=f"{name}: .*{value!r}"):
        modules.module(name, **chosen) if ask == "module" else modules.get(name)(torch.zeros(1), **chosen)


@pytest.mark.parametrize(("name", "chosen"), [case for case in BAD if type(*case[1].values()) in (int, float)])
@pytest.mark.parametrize("stage", [values, slopes])
def test_numpy_refuses_the_same_values(name, chosen, stage):
    with pytest.raises(ValueError, match=name):
        getattr(stage, name)(0.5, **chosen)


@pytest.mark.parametrize("pieces", [0, -2, 1.5, "two"])
def test_bad_pieces_raise_value_error(pieces):
    with pytest.raises(ValueError, match=f"maxout: pieces .* got {pieces!r}"):
        modules.maxout(INPUTS, pieces=pieces)
    with pytest.raises(ValueError, match=f"Maxout: pieces .* got {pieces!r}"):
        modules.Maxout(3, 4, pieces)


@pytest.mark.parametrize("name", ["maxout", "glu", "reglu", "geglu", "swiglu"])
def test_inputs_that_do_not_split_raise_value_error(name):
    with pytest.raises(ValueError, match=f"{name}: the 3 inputs along dim 1"):
        modules.get(name)(torch.zeros(2, 3))


def test_gated_linear_takes_gated_units_only():
    with pytest.raises(ValueError, match="GatedLinear: name must be 'glu'.* got 'relu'"):
        modules.GatedLinear(3, 4, "relu")


def test_unknown_option_raises_type_error_saying_what_is_taken():
    with pytest.raises(TypeError, match="elu: unknown option 'slope'; it takes alpha"):
        modules.module("elu", slope=2)
    with pytest.raises(TypeError, match="relu: unknown option 'slope'; it takes none"):
        modules.module("relu", slope=2)


# --- modules ---------------------------------------------------------------------------------------------------------

LAYERS = {
    "PReLU": lambda: modules.module("prelu", weight=0.1),
    "Maxout": lambda: modules.Maxout(4, 3, pieces=3, dtype=torch.float64),
    **{
        name: lambda name=name: modules.GatedLinear(4, 3, name, dtype=torch.float64)
        for name in ("glu", "reglu", "geglu", "swiglu")
    },
}


@pytest.mark.parametrize("name", catalogue.names())
def test_module_by_name_is_the_function(name):
    layer = modules.module(name).double().eval()
    assert torch.equal(layer(INPUTS), modules.get(name)(INPUTS))


def test_module_keeps_its_options():
    layer = modules.module("maxout", pieces=4, dim=-1)
    assert torch.equal(layer(INPUTS), modules.maxout(INPUTS, pieces=4))
    assert repr(layer) == "ActivationModule(maxout, pieces=4, dim=-1)"


def test_modules_with_state_are_torchs_own():
    prelu, rrelu = modules.module("prelu", weight=0.5, num_parameters=4), modules.module("rrelu", lower=0.25)
    assert isinstance(prelu, nn.PReLU) and prelu.weight.tolist() == [0.5] * 4
    assert isinstance(rrelu, nn.RReLU) and (rrelu.lower, rrelu.upper) == (0.25, 1 / 3)


@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_every_weight_of_a_layer_learns(make):
    layer = make().double()
    before = copy.deepcopy(layer.state_dict())
    optimiser = torch.optim.SGD(layer.parameters(), lr=0.1)
    layer(INPUTS).square().sum().backward()
    optimiser.step()
    assert all(not torch.equal(before[name], weight) for name, weight in layer.state_dict().items())


@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_state_goes_round(make):
    layer, other = make().double(), make().double()
    with torch.no_grad():
        for weight in layer.parameters():
            weight.add_(1)
    assert not torch.equal(layer(INPUTS), other(INPUTS))
    other.load_state_dict(layer.state_dict())
    assert torch.equal(layer(INPUTS), other(INPUTS))


def test_maxout_layer_is_the_largest_of_affine_maps():
    layer = modules.Maxout(4, 3, pieces=2, dtype=torch.float64)
    maps = INPUTS @ layer.affine.weight.T + layer.affine.bias
    torch.testing.assert_close(layer(INPUTS), torch.maximum(maps[:, 0::2], maps[:, 1::2]))


def test_swiglu_layer_gates_one_map_by_another():
    layer = modules.GatedLinear(4, 3, "swiglu", bias=False, dtype=torch.float64)
    value, opening = INPUTS @ layer.affine.weight[:3].T, INPUTS @ layer.affine.weight[3:].T
    torch.testing.assert_close(layer(INPUTS), value * F.silu(opening))
