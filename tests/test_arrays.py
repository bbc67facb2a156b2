"""What every NumPy activation does around its formula: shapes, dtypes, NaN, bad input. One table, both modules."""

import inspect
import re

import numpy as np
import pytest
from activations import _arrays, catalogue, slopes, values

VALUES, SLOPES = ([getattr(module, name) for name in catalogue.names()] for module in (values, slopes))


def table(arity, *functions):
    """The functions of that arity, each a parameter with a name of its own."""
    kept = [f for f in functions if f.__name__ in catalogue.names(arity)]
    return [pytest.param(f, id=f"{f.__name__}-{'slope' if f in SLOPES else 'value'}") for f in kept]


ONE, MANY, MANY_VALUES = table("one", *VALUES, *SLOPES), table("many", *VALUES, *SLOPES), table("many", *VALUES)
DTYPES = [np.float16, np.float32, np.float64]
SAMPLE = np.array([-7.0, -3.0, -1.25, -0.5, 0.0, 0.5, 1.0, 6.0])


@pytest.mark.parametrize("module", [values, slopes])
def test_surface_is_the_catalogue_in_alphabetical_order(module):
    assert module.__all__ == sorted(catalogue.names())


@pytest.mark.parametrize("part", [".. math::", ">>> ", "∞|[Ii]nfinit", "float32", "Raises TypeError"])
@pytest.mark.parametrize("function", ONE + MANY)
def test_docstring_has_formula_infinities_dtypes_errors_and_example(function, part):
    assert re.search(part, function.__doc__)


@pytest.mark.parametrize("function", ONE + MANY)
def test_docstring_names_the_source(function):
    assert f"Source: ``{catalogue.get(function.__name__).cite}``" in function.__doc__


@pytest.mark.parametrize("function", ONE)
def test_defaults_are_those_of_the_catalogue(function):
    signature = inspect.signature(function).parameters
    for parameter in catalogue.get(function.__name__).parameters:
        assert signature[parameter.name].kind is inspect.Parameter.KEYWORD_ONLY
        assert signature[parameter.name].default == float(parameter.default)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("function", ONE)
def test_dtype_and_shape_are_kept(function, dtype):
    got = function(SAMPLE.astype(dtype).reshape(2, 4))
    assert (got.dtype, got.shape) == (dtype, (2, 4))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("function", ONE)
def test_narrow_dtypes_hold_the_wide_value_rounded(function, dtype):
    x = SAMPLE.astype(dtype)
    rounded = function(x.astype(np.float64)).astype(dtype)
    assert np.all(np.abs(function(x) - rounded) <= 2 * np.spacing(np.abs(rounded)))


@pytest.mark.parametrize("integers", [[-2, 0, 3], np.array([-2, 0, 3], np.int8), [True, False]])
@pytest.mark.parametrize("function", ONE)
def test_integers_and_booleans_become_float64(function, integers):
    got = function(integers)
    assert got.dtype == np.float64
    np.testing.assert_array_equal(got, function(np.asarray(integers, np.float64)))


@pytest.mark.parametrize("function", ONE)
def test_scalars_give_numpy_scalars(function):
    for x, kind in ((0.5, np.float64), (1, np.float64), (np.float32(0.5), np.float32), (np.array(0.5), np.float64)):
        assert type(function(x)) is kind


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 2)])
@pytest.mark.parametrize("function", ONE)
def test_empty_arrays_stay_empty(function, shape):
    assert function(np.empty(shape)).shape == shape


@pytest.mark.parametrize("function", ONE)
def test_nan_propagates_and_disturbs_no_neighbour(function):
    x = np.array([-800.0, np.nan, 2.0])
    got = function(x)
    np.testing.assert_array_equal(np.isnan(got), [False, True, False])
    np.testing.assert_array_equal(got[::2], function(x[::2]))


@pytest.mark.parametrize("function", ONE)
def test_input_is_neither_changed_nor_returned(function):
    x = SAMPLE.copy()
    got = function(x)
    assert not np.shares_memory(got, x)
    np.testing.assert_array_equal(x, SAMPLE)


def test_a_float_array_is_read_without_a_copy():
    assert np.shares_memory(_arrays.real_array("sigmoid", SAMPLE), SAMPLE)


@pytest.mark.parametrize("function", ONE)
def test_memory_layout_does_not_matter(function):
    x = np.linspace(-9, 9, 24).reshape(4, 6)
    for view in (np.asfortranarray(x), x[::2, ::-1], x.T, x.astype(">f8")):
        np.testing.assert_array_equal(function(view), function(np.array(view, np.float64, order="C")))
        assert function(view).dtype.isnative


@pytest.mark.parametrize("function", ONE)
def test_long_arrays_are_the_sum_of_their_blocks(function):
    x = np.linspace(-800, 800, 20_001)
    got = function(x)
    np.testing.assert_allclose(got, np.concatenate([function(part) for part in np.array_split(x, 7)]), rtol=1e-15)


NOT_REAL = {
    "string": "1",
    "strings": ["a", "b"],
    "bytes": b"1",
    "none": None,
    "object among numbers": [1.0, None],
    "object": object(),
    "complex": 1j,
    "complex array": np.array([1 + 2j]),
    "ragged": [[1.0], [2.0, 3.0]],
    "date": np.datetime64("2020-01-01"),
    "time span": np.timedelta64(1, "s"),
}


@pytest.mark.parametrize("bad", NOT_REAL.values(), ids=NOT_REAL.keys())
@pytest.mark.parametrize("function", ONE + MANY_VALUES)
def test_what_is_not_real_raises_type_error(function, bad):
    with pytest.raises(TypeError, match=f"^{function.__name__}: "):
        function(bad)


@pytest.mark.skipif(np.dtype(np.longdouble).itemsize == 8, reason="long double is float64 on this platform")
def test_wider_floats_are_not_cut_in_silence():
    with pytest.raises(TypeError, match="dtype float"):
        values.sigmoid(np.longdouble(1))


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("elu", {"alpha": 0.0}, "alpha > 0"),
        ("elu", {"alpha": -1}, "alpha > 0"),
        ("celu", {"alpha": -0.5}, "alpha > 0"),
        ("silu", {"beta": 0}, "beta > 0"),
        ("silu", {"beta": np.nan}, "finite real number, got nan"),
        ("softplus", {"beta": np.inf}, "finite real number, got inf"),
        ("softplus", {"beta": "1"}, "finite real number, got '1'"),
        ("leaky_relu", {"negative_slope": None}, "finite real number, got None"),
        ("prelu", {"weight": [0.1, 0.2]}, "finite real number"),
        ("prelu", {"weight": 10**400}, "finite real number"),
        ("rrelu", {"lower": 0.5}, "upper >= lower"),
        ("hardtanh", {"min_val": 1.0}, "max_val > min_val"),
        ("hardtanh", {"max_val": -2, "min_val": -1}, "max_val > min_val"),
        ("gelu", {"approximate": "erf"}, "'none' or 'tanh', got 'erf'"),
    ],
)
@pytest.mark.parametrize("module", [values, slopes])
def test_bad_parameters_raise_value_error(module, name, parameters, message):
    for x in (1.0, []):
        with pytest.raises(ValueError, match=f"^{name}: .*{message}"):
            getattr(module, name)(x, **parameters)


@pytest.mark.parametrize("function", ONE)
def test_unknown_parameters_raise_type_error(function):
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        function(1.0, gamma=2.0)


@pytest.mark.parametrize("alpha", [2, np.float32(2), np.int64(2), True + True])
def test_parameters_may_be_any_real_number(alpha):
    assert values.elu(-1.0, alpha=alpha) == values.elu(-1.0, alpha=2.0)


# --- several inputs --------------------------------------------------------------------------------------------------


def with_tangent(function, x):
    """The arguments of a value or of a slope: a slope takes a tangent of the same shape."""
    return (x, np.random.default_rng(1).normal(size=np.shape(x))) if function in SLOPES else (x,)


@pytest.mark.parametrize("axis", [0, 1, -1, -3])
@pytest.mark.parametrize("function", MANY)
def test_each_slice_along_the_axis_is_an_input_of_its_own(function, axis):
    arrays = with_tangent(function, np.random.default_rng(0).normal(size=(2, 4, 6)))
    rows = [np.moveaxis(array, axis, -1).reshape(-1, array.shape[axis]) for array in arrays]
    got = np.moveaxis(function(*arrays, axis=axis), axis, -1)
    np.testing.assert_array_equal(got.reshape(len(rows[0]), -1), [function(*row) for row in zip(*rows, strict=True)])


@pytest.mark.parametrize("function", MANY)
def test_many_slices_are_the_sum_of_their_blocks(function):
    arrays = with_tangent(function, np.random.default_rng(0).normal(size=(5001, 6)))
    parts = zip(*(np.array_split(array, 7) for array in arrays), strict=True)
    np.testing.assert_array_equal(function(*arrays), np.concatenate([function(*part) for part in parts]))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("function", MANY)
def test_dtype_of_x_is_kept_along_an_axis(function, dtype):
    assert function(*with_tangent(function, SAMPLE.astype(dtype))).dtype == dtype
    assert function(*with_tangent(function, [1, 2])).dtype == np.float64


@pytest.mark.parametrize("function", MANY)
def test_nan_spoils_its_own_slice_only(function):
    x = np.array([[1.0, np.nan], [1.0, 2.0]])
    spoilt, whole = function(*with_tangent(function, x))
    assert np.isnan(spoilt).all()
    assert np.isfinite(whole).all()


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 4)])
@pytest.mark.parametrize("function", MANY)
def test_empty_slices_stay_empty(function, shape):
    assert function(*with_tangent(function, np.empty(shape))).size == 0


@pytest.mark.parametrize(
    ("x", "axis", "message"),
    [
        ([1.0, 2.0], 1, r"axis must be from -1 to 0 for shape \(2,\), got 1"),
        ([1.0, 2.0], -2, "axis must be from -1 to 0"),
        ([1.0, 2.0], 0.5, "axis must be an integer, got 0.5"),
        ([1.0, 2.0], "rows", "axis must be an integer, got 'rows'"),
        ([1.0, 2.0], None, "axis must be an integer, got None"),
        (1.0, -1, "at least one axis, got a single number"),
    ],
)
@pytest.mark.parametrize("function", MANY)
def test_bad_axes_raise_value_error(function, x, axis, message):
    with pytest.raises(ValueError, match=f"^{function.__name__}: .*{message}"):
        function(*with_tangent(function, x), axis=axis)


@pytest.mark.parametrize("name", catalogue.names("many"))
def test_tangents_of_another_shape_raise_value_error(name):
    with pytest.raises(ValueError, match=rf"^{name}: x and tangent must have the same shape, got \(2,\) and \(1,\)"):
        getattr(slopes, name)([1.0, 2.0], [1.0])
    with pytest.raises(TypeError, match="tangent"):
        getattr(slopes, name)([1.0, 2.0])


@pytest.mark.parametrize("name", ["glu", "reglu", "geglu", "swiglu"])
@pytest.mark.parametrize("module", [values, slopes])
def test_odd_lengths_cannot_be_halved(module, name):
    function = getattr(module, name)
    with pytest.raises(ValueError, match=f"^{name}: .*even number of entries, got 3"):
        function(*with_tangent(function, [1.0, 2.0, 3.0]))


@pytest.mark.parametrize(("pieces", "message"), [(3, "divisor of the axis's 4"), (0, "got 0"), (1.5, "got 1.5")])
@pytest.mark.parametrize("function", [values.maxout, slopes.maxout])
def test_pieces_must_divide_the_axis(function, pieces, message):
    with pytest.raises(ValueError, match=f"^maxout: pieces must be .*{message}"):
        function(*with_tangent(function, [1.0, 2.0, 3.0, 4.0]), pieces=pieces)
