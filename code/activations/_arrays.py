r"""Arrays in, arrays out: all that a NumPy activation does around its formula.

A kernel is a formula in float64. :func:`elementwise`, :func:`ufunc` and :func:`along_axis` make a public function of
it: they check the input, the parameters and the axis, widen, evaluate without a warning, narrow the result again, and
add to the docstring what all functions have in common.
"""

from __future__ import annotations

import functools
import inspect
import math
import numbers
import operator
from collections.abc import Callable

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from activations.catalogue import get

__all__ = ["along_axis", "elementwise", "real_array", "ufunc"]

BLOCK = 1 << 13
"""Elements evaluated at a time: a block and its temporaries stay in the processor's second-level cache."""

_ELEMENTWISE_CONTRACT = """
The shape is kept; float16, float32 and float64 are kept, integers and booleans become float64.
A number or a 0-d array gives a NumPy scalar, as NumPy's own ufuncs do. NaN gives NaN, and nothing warns.

Raises TypeError for strings, objects and complex numbers, and ValueError for a parameter out of its range.
"""

_ALONG_AXIS_CONTRACT = """
``axis`` is the axis whose entries belong together; each slice along it is a separate input.
float16, float32 and float64 are kept, integers and booleans become float64. NaN in a slice gives NaN, and nothing
warns.

Raises TypeError for strings, objects and complex numbers, and ValueError for an axis that does not exist, an axis of
unfit length, or a parameter out of its range.
"""


def elementwise(kernel: Callable) -> Callable:
    """The public function of a kernel that maps a float64 vector to its values, or to one number for all of them."""
    name = kernel.__name__
    checked = _parameter_check(name)

    @functools.wraps(kernel)
    def function(x, **parameters):
        array = real_array(name, x)
        parameters = checked(parameters)
        result = np.empty(array.shape, array.dtype)
        source, target = np.ravel(array), result.reshape(-1)
        with np.errstate(all="ignore"):
            for start in range(0, source.size or 1, BLOCK):  # once even when empty, so that parameters are looked at
                part = slice(start, start + BLOCK)
                block = source[part].astype(np.float64, copy=False)
                target[part] = kernel(block, **parameters)
                if np.isnan(block.min(initial=0)):
                    # A kernel chooses its branch by comparisons, which NaN fails: it is put back here, once for all.
                    np.copyto(target[part], np.nan, where=np.isnan(block))
        return result[()]

    return _documented(function, _ELEMENTWISE_CONTRACT)


def ufunc(kernel: Callable) -> Callable:
    """The public function of a kernel that is a NumPy ufunc, good to 2 units in float16 and float32 as in float64."""
    name = kernel.__name__

    @functools.wraps(kernel)
    def function(x):
        with np.errstate(all="ignore"):
            return kernel(real_array(name, x))

    return _documented(function, _ELEMENTWISE_CONTRACT)


def along_axis(kernel: Callable) -> Callable:
    """The public function of a kernel that works along the last axis of float64 arrays of one shape.

    The keyword ``axis`` is the caller's: it is moved last before the kernel is called, and back afterwards.
    """
    name, signature = kernel.__name__, inspect.signature(kernel)

    @functools.wraps(kernel)
    def function(*args, **options):
        bound = signature.bind(*args, **options)
        bound.apply_defaults()
        arrays = [real_array(name, array) for array in bound.args]
        options = bound.kwargs
        axis = _checked_axis(name, options.pop("axis"), arrays)
        dtype = arrays[0].dtype
        if arrays[0].shape[axis] == 0:
            return np.empty(arrays[0].shape, dtype)
        last = [np.moveaxis(array, axis, -1) for array in arrays]
        with np.errstate(all="ignore"):
            rows = _row_by_row(functools.partial(kernel, **options), last).astype(dtype, copy=False)
        return np.moveaxis(rows.reshape(*last[0].shape[:-1], rows.shape[-1]), -1, axis)

    return _documented(function, _ALONG_AXIS_CONTRACT)


def _row_by_row(kernel: Callable, arrays: list[NDArray]) -> NDArray:
    """The rows that the kernel makes of the slices along the last axis, in blocks of float64."""
    length = arrays[0].shape[-1]
    flat = [array.reshape(-1, length) for array in arrays]
    step = max(1, BLOCK // length)
    starts = range(0, len(flat[0]) or 1, step)
    return np.concatenate([kernel(*(rows[i : i + step].astype(np.float64) for rows in flat)) for i in starts])


def real_array(name: str, x: ArrayLike) -> NDArray:
    """``x`` as a float16, float32 or float64 array; ``name`` is that of the function to blame in an error."""
    try:
        array = np.asarray(x)
    except ValueError:
        raise TypeError(f"{name}: got nested sequences of unequal lengths; give an array of one shape") from None
    kind, size = array.dtype.kind, array.dtype.itemsize
    if kind in "biu":
        return array.astype(np.float64)
    if kind == "f" and size <= 8:
        return array.astype(array.dtype.newbyteorder("="), copy=False)
    raise TypeError(
        f"{name}: takes real numbers (float16, float32, float64, integers or booleans), "
        f"got {type(x).__name__} of dtype {array.dtype}; convert it with np.asarray(x, dtype=float) if it holds such"
    )


def _checked_axis(name: str, axis: object, arrays: list[NDArray]) -> int:
    shapes = [array.shape for array in arrays]
    if len(set(shapes)) > 1:
        raise ValueError(f"{name}: x and tangent must have the same shape, got {shapes[0]} and {shapes[1]}")
    ndim = len(shapes[0])
    try:
        index = operator.index(axis)
    except TypeError:
        raise ValueError(f"{name}: axis must be an integer, got {axis!r}") from None
    if not ndim:
        raise ValueError(f"{name}: takes an array with at least one axis, got a single number; wrap it in a list")
    if not -ndim <= index < ndim:
        raise ValueError(f"{name}: axis must be from {-ndim} to {ndim - 1} for shape {shapes[0]}, got {axis}")
    return index


def _parameter_check(name: str) -> Callable[[dict], dict]:
    """A function that turns parameters into floats, or raises ValueError where the catalogue's conditions fail."""
    known = {p.name: p for p in getattr(get(name), "parameters", ())}
    symbols = [p.symbol for p in known.values()]
    rules = [(p, sp.lambdify(symbols, p.condition)) for p in known.values() if p.condition is not True]
    defaults = {key: float(p.default) for key, p in known.items()}

    def checked(given: dict) -> dict:
        for key in given.keys() & known.keys():
            if not _is_finite_real(given[key]):
                raise ValueError(f"{name}: {key} must be a finite real number, got {given[key]!r}")
        given = {key: float(value) if key in known else value for key, value in given.items()}
        settings = [given.get(key, default) for key, default in defaults.items()]
        for parameter, holds in rules:
            if not holds(*settings):
                raise ValueError(f"{name}: takes {parameter.condition}, got {dict(zip(known, settings, strict=True))}")
        return given

    return checked


def _is_finite_real(value: object) -> bool:
    try:
        return isinstance(value, numbers.Real) and math.isfinite(value)
    except OverflowError:  # an integer too large for a float
        return False


def _documented(function: Callable, contract: str) -> Callable:
    """``function`` with the common contract and the catalogue's source key added to its docstring."""
    source = get(function.__name__).cite
    function.__doc__ = f"{inspect.cleandoc(function.__doc__)}\n{contract}\nSource: ``{source}`` in the bibliography.\n"
    return function
