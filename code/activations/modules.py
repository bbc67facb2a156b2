r"""The catalogue in torch: a differentiable function under every catalogue name, and modules for those with state.

Ask for one by name, or call it:

>>> x = torch.tensor([-1.0, 0.0, 2.0], requires_grad=True)
>>> get("relu")(x)
tensor([0., 0., 2.], grad_fn=<ReluBackward0>)
>>> leaky_relu(x, negative_slope=0.5).sum().backward()
>>> x.grad
tensor([0.5000, 0.5000, 1.0000])

Every function takes a tensor and keyword options, and returns a tensor of the same dtype on the same device; functions
of many inputs work along ``dim``. The slope at a kink is the one that the catalogue records.
torch's own function is used wherever it is the same function. Its arithmetic sets two limits, which the NumPy functions
of this package do not have:

- values and slopes are right to a few rounding errors of 1 and not of themselves: the slope of sigmoid at 40 is 0;
- at an infinite input softsign, hardswish, gelu, gelu_tanh, silu and mish may give nan where a limit exists.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from functools import partial
from numbers import Real
from types import MappingProxyType

import sympy as sp
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from activations import catalogue

__all__ = [
    "FUNCTIONS",
    "ActivationModule",
    "GatedLinear",
    "Maxout",
    "arctan",
    "celu",
    "cosine",
    "elu",
    "geglu",
    "gelu",
    "gelu_tanh",
    "get",
    "glu",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "heaviside",
    "identity",
    "leaky_relu",
    "log_softmax",
    "logsigmoid",
    "maxout",
    "mish",
    "module",
    "prelu",
    "reglu",
    "relu",
    "relu6",
    "rrelu",
    "selu",
    "sigmoid",
    "silu",
    "sine",
    "softmax",
    "softplus",
    "softsign",
    "sparsemax",
    "squared_relu",
    "swiglu",
    "tanh",
]

_functions: dict[str, Callable[..., Tensor]] = {}
FUNCTIONS: Mapping[str, Callable[..., Tensor]] = MappingProxyType(_functions)
"""The function of every catalogue entry by name, in the catalogue's order."""


def get(name: str) -> Callable[..., Tensor]:
    r"""The function of the entry called ``name``, by its name or by another name in use.

    .. math:: \text{name} \mapsto f

    Raises KeyError, naming the nearest known names, when there is none.

    >>> get("swish") is silu
    True
    """
    return FUNCTIONS[catalogue.get(name).name]


# --- docstrings and checks -------------------------------------------------------------------------------------------


def _facts(entry: catalogue.Activation) -> list[str]:
    """What the catalogue says of a one-input function: parameters, and slopes at kinks."""
    parameters = [f"- ``{p.name}`` (default {p.default}): {p.meaning}." for p in entry.parameters]
    limits = [f"- ValueError unless {p.condition}." for p in entry.parameters if p.condition is not True]
    kinks = [f"- at x = {kink.at} the slope is {kink.slope}: {kink.reason}." for kink in entry.conventions]
    return [*parameters, *limits, *kinks]


def _docstring(summary: str, entry: catalogue.Activation | catalogue.ManyInputActivation) -> str:
    one = entry.arity == "one"
    formula = f"f(x) = {sp.latex(entry.expr)}" if one else sp.latex(entry.formula)
    facts = "\n".join(_facts(entry)) if one else entry.note
    paragraphs = [summary, f".. math:: {formula}", facts, f"Source: {entry.cite}."]
    return "\n\n".join(filter(None, paragraphs))


def _activation(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Enter a function under its name, and complete its docstring from the catalogue, the one home of those facts."""
    function.__doc__ = _docstring(function.__doc__, catalogue.CATALOGUE[function.__name__])
    _functions[function.__name__] = function
    return function


def _check_positive(function: str, parameter: str, value: object) -> None:
    if not (isinstance(value, Real) and 0 < value < math.inf):
        raise ValueError(f"{function}: {parameter} must be a positive finite number, got {value!r}")


def _check_whole(function: str, parameter: str, value: object) -> None:
    if not (isinstance(value, int) and value > 0):
        raise ValueError(f"{function}: {parameter} must be a whole number above 0, got {value!r}")


def _axis(function: str, x: Tensor, dim: int) -> int:
    """``dim`` counted from the front."""
    if not (isinstance(dim, int) and -x.ndim <= dim < x.ndim):
        raise ValueError(f"{function}: dim must name one of the {x.ndim} dimensions of its input, got {dim!r}")
    return dim % x.ndim


def _groups(function: str, x: Tensor, axis: int, size: int) -> int:
    """How many groups of ``size`` there are along ``axis``."""
    length = x.shape[axis]
    if length % size:
        raise ValueError(f"{function}: the {length} inputs along dim {axis} do not split evenly into {size} parts")
    return length // size


# --- one input -------------------------------------------------------------------------------------------------------


@_activation
def identity(x: Tensor) -> Tensor:
    r"""Identity: the input itself."""
    return x


@_activation
def heaviside(x: Tensor) -> Tensor:
    r"""Heaviside step of each element."""
    # torch.heaviside has no derivative. floor has, zero everywhere, and lets nan through.
    return torch.clamp(torch.floor(x) + 1, 0, 1)


@_activation
def sigmoid(x: Tensor) -> Tensor:
    r"""Sigmoid of each element."""
    return torch.sigmoid(x)


@_activation
def logsigmoid(x: Tensor) -> Tensor:
    r"""Logarithm of the sigmoid of each element."""
    return F.logsigmoid(x)


@_activation
def tanh(x: Tensor) -> Tensor:
    r"""Hyperbolic tangent of each element."""
    return torch.tanh(x)


@_activation
def hardtanh(x: Tensor, *, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    r"""Hard tanh of each element."""
    if not min_val < max_val:
        raise ValueError(f"hardtanh: max_val must be above min_val = {min_val!r}, got {max_val!r}")
    return F.hardtanh(x, min_val, max_val)


@_activation
def softsign(x: Tensor) -> Tensor:
    r"""Softsign of each element."""
    return F.softsign(x)


@_activation
def arctan(x: Tensor) -> Tensor:
    r"""Arctangent of each element."""
    return torch.atan(x)


@_activation
def relu(x: Tensor) -> Tensor:
    r"""ReLU of each element."""
    return F.relu(x)


@_activation
def relu6(x: Tensor) -> Tensor:
    r"""ReLU6 of each element."""
    return F.relu6(x)


@_activation
def squared_relu(x: Tensor) -> Tensor:
    r"""Square of the ReLU of each element."""
    return F.relu(x).square()


@_activation
def leaky_relu(x: Tensor, *, negative_slope: float = 0.01) -> Tensor:
    r"""Leaky ReLU of each element."""
    return F.leaky_relu(x, negative_slope)


@_activation
def prelu(x: Tensor, *, weight: float | Tensor = 0.25) -> Tensor:
    r"""PReLU of each element; a ``weight`` that requires a gradient gets one."""
    return F.prelu(x, torch.as_tensor(weight, dtype=x.dtype, device=x.device))


@_activation
def rrelu(x: Tensor, *, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False) -> Tensor:
    r"""Randomised leaky ReLU of each element: the mean slope, or in training a slope drawn for each element."""
    if not lower <= upper:
        raise ValueError(f"rrelu: upper must be at least lower = {lower!r}, got {upper!r}")
    return F.rrelu(x, lower, upper, training)


@_activation
def elu(x: Tensor, *, alpha: float = 1.0) -> Tensor:
    r"""ELU of each element."""
    _check_positive("elu", "alpha", alpha)
    return F.elu(x, alpha)


@_activation
def celu(x: Tensor, *, alpha: float = 1.0) -> Tensor:
    r"""CELU of each element."""
    _check_positive("celu", "alpha", alpha)
    return F.celu(x, alpha)


@_activation
def selu(x: Tensor) -> Tensor:
    r"""SELU of each element."""
    return F.selu(x)


@_activation
def softplus(x: Tensor, *, beta: float = 1.0) -> Tensor:
    r"""Softplus of each element."""
    _check_positive("softplus", "beta", beta)
    # torch's default threshold of 20 turns softplus into the identity where they still differ by 2e-9.
    return F.softplus(x, beta, threshold=40.0)


@_activation
def gelu(x: Tensor, *, approximate: str = "none") -> Tensor:
    r"""GELU of each element; ``approximate="tanh"`` gives :func:`gelu_tanh`."""
    if approximate not in ("none", "tanh"):
        raise ValueError(f"gelu: approximate must be 'none' or 'tanh', got {approximate!r}")
    return F.gelu(x, approximate=approximate)


@_activation
def gelu_tanh(x: Tensor) -> Tensor:
    r"""GELU's tanh form of each element."""
    return F.gelu(x, approximate="tanh")


@_activation
def silu(x: Tensor, *, beta: float = 1.0) -> Tensor:
    r"""SiLU of each element; Swish for other values of ``beta``."""
    _check_positive("silu", "beta", beta)
    return F.silu(x) if beta == 1 else x * torch.sigmoid(beta * x)


@_activation
def mish(x: Tensor) -> Tensor:
    r"""Mish of each element."""
    return F.mish(x)


@_activation
def hardsigmoid(x: Tensor) -> Tensor:
    r"""Hard sigmoid of each element."""
    # The slope of F.hardsigmoid is 1/6 in float32 precision, whatever the dtype.
    return F.relu6(x + 3) / 6


@_activation
def hardswish(x: Tensor) -> Tensor:
    r"""Hard swish of each element."""
    return F.hardswish(x)


@_activation
def sine(x: Tensor) -> Tensor:
    r"""Sine of each element."""
    return torch.sin(x)


@_activation
def cosine(x: Tensor) -> Tensor:
    r"""Cosine of each element."""
    return torch.cos(x)


# --- many inputs -----------------------------------------------------------------------------------------------------


@_activation
def maxout(x: Tensor, *, pieces: int = 2, dim: int = -1) -> Tensor:
    r"""Largest of each ``pieces`` neighbours along ``dim``, which becomes ``pieces`` times shorter."""
    _check_whole("maxout", "pieces", pieces)
    axis = _axis("maxout", x, dim)
    grouped = x.unflatten(axis, (_groups("maxout", x, axis, pieces), pieces))
    # amax would share the slope among equal inputs; max gives it to the first.
    return grouped.max(axis + 1).values


@_activation
def softmax(x: Tensor, *, dim: int = -1) -> Tensor:
    r"""Softmax along ``dim``."""
    return F.softmax(x, _axis("softmax", x, dim))


@_activation
def log_softmax(x: Tensor, *, dim: int = -1) -> Tensor:
    r"""Logarithm of softmax along ``dim``."""
    return F.log_softmax(x, _axis("log_softmax", x, dim))


@_activation
def sparsemax(x: Tensor, *, dim: int = -1) -> Tensor:
    r"""Sparsemax along ``dim``."""
    axis = _axis("sparsemax", x, dim)
    z = x.movedim(axis, -1)
    # A shift of all inputs changes nothing; with the largest at 0 the threshold loses no digits.
    z = z - z.detach().amax(-1, keepdim=True)
    descending = z.sort(dim=-1, descending=True).values
    sums = descending.cumsum(-1)
    rank = torch.arange(1, z.shape[-1] + 1, dtype=z.dtype, device=z.device)
    support = (1 + rank * descending > sums).sum(-1, keepdim=True)
    threshold = (sums.gather(-1, support - 1) - 1) / support
    return F.relu(z - threshold).movedim(-1, axis)


def _gated(function: str, x: Tensor, dim: int, gate: Callable[[Tensor], Tensor]) -> Tensor:
    axis = _axis(function, x, dim)
    value, opening = x.unflatten(axis, (2, _groups(function, x, axis, 2))).unbind(axis)
    return value * gate(opening)


@_activation
def glu(x: Tensor, *, dim: int = -1) -> Tensor:
    r"""First half along ``dim``, each element times the sigmoid of its partner in the second half."""
    return _gated("glu", x, dim, torch.sigmoid)


@_activation
def reglu(x: Tensor, *, dim: int = -1) -> Tensor:
    r"""First half along ``dim``, each element times the ReLU of its partner in the second half."""
    return _gated("reglu", x, dim, F.relu)


@_activation
def geglu(x: Tensor, *, dim: int = -1) -> Tensor:
    r"""First half along ``dim``, each element times the GELU of its partner in the second half."""
    return _gated("geglu", x, dim, F.gelu)


@_activation
def swiglu(x: Tensor, *, dim: int = -1) -> Tensor:
    r"""First half along ``dim``, each element times the SiLU of its partner in the second half."""
    return _gated("swiglu", x, dim, F.silu)


# --- modules ---------------------------------------------------------------------------------------------------------


class ActivationModule(nn.Module):
    r"""Module without state that applies the function called ``name`` with fixed options.

    .. math:: x \mapsto f(x)

    >>> ActivationModule("elu", alpha=2.0)
    ActivationModule(elu, alpha=2.0)

    Raises KeyError for an unknown name, TypeError for an option that the function does not take, and ValueError for a
    value that it does not accept.
    """

    def __init__(self, name: str, **options: object) -> None:
        super().__init__()
        self.function = get(name)
        self.options = options
        _check_options(self.function, options)
        if catalogue.get(name).arity == "one":
            self(torch.zeros(1))  # A bad value is reported here, and not at the first batch.

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x, **self.options)

    def extra_repr(self) -> str:
        return ", ".join([self.function.__name__, *(f"{name}={value!r}" for name, value in self.options.items())])


def _check_options(function: Callable[..., Tensor], options: Mapping[str, object]) -> None:
    _, *accepted = inspect.signature(function).parameters
    for name in options:
        if name not in accepted:
            takes = ", ".join(accepted) or "none"
            raise TypeError(f"{function.__name__}: unknown option {name!r}; it takes {takes}")


def module(name: str, **options: object) -> nn.Module:
    r"""The activation called ``name`` as a module; those with a state are torch's own.

    .. math:: x \mapsto f(x)

    ``prelu`` is :class:`torch.nn.PReLU`, whose ``weight`` starts at the option of that name and learns, one for each of
    ``num_parameters`` channels; ``rrelu`` is :class:`torch.nn.RReLU`, which draws slopes while it trains.
    Every other one is an :class:`ActivationModule`, and raises the same errors.

    >>> module("relu")
    ActivationModule(relu)
    >>> module("prelu", weight=0.1).weight
    Parameter containing:
    tensor([0.1000], requires_grad=True)
    """
    return _STATEFUL.get(get(name).__name__, partial(ActivationModule, name))(**options)


def _prelu_module(*, weight: float = 0.25, num_parameters: int = 1) -> nn.PReLU:
    return nn.PReLU(num_parameters, weight)


def _rrelu_module(*, lower: float = 1 / 8, upper: float = 1 / 3) -> nn.RReLU:
    rrelu(torch.zeros(1), lower=lower, upper=upper)  # nn.RReLU does not look at its bounds before the first batch.
    return nn.RReLU(lower, upper)


_STATEFUL = {"prelu": _prelu_module, "rrelu": _rrelu_module}


class Maxout(nn.Module):
    r"""Layer of maxout units: each output is the largest of ``pieces`` affine maps of the inputs.

    .. math:: f_i(x) = \max_{j = 1, \dots, k} \left(w_{ij}^\top x + b_{ij}\right)

    Input ``(…, in_features)``, output ``(…, out_features)``; ``bias``, ``device`` and ``dtype`` are those of
    :class:`torch.nn.Linear`. ValueError unless ``pieces`` is a whole number above 0.
    Source: goodfellow2013.

    >>> Maxout(3, 4, pieces=2)(torch.zeros(5, 3)).shape
    torch.Size([5, 4])
    """

    def __init__(self, in_features: int, out_features: int, pieces: int = 2, **linear: object) -> None:
        super().__init__()
        _check_whole("Maxout", "pieces", pieces)
        self.pieces = pieces
        self.affine = nn.Linear(in_features, pieces * out_features, **linear)

    def forward(self, x: Tensor) -> Tensor:
        return maxout(self.affine(x), pieces=self.pieces)


class GatedLinear(nn.Module):
    r"""Layer of gated linear units: each output is an affine map of the inputs, times a gate on another one.

    .. math:: f_i(x) = \left(w_i^\top x + b_i\right) \, g\!\left(v_i^\top x + c_i\right)

    ``name`` says which gate g is: ``glu``, ``reglu``, ``geglu`` or ``swiglu``, else ValueError.
    Input ``(…, in_features)``, output ``(…, out_features)``; ``bias``, ``device`` and ``dtype`` are those of
    :class:`torch.nn.Linear`.
    Sources: dauphin2017, shazeer2020.

    >>> GatedLinear(3, 4, "swiglu")(torch.zeros(5, 3)).shape
    torch.Size([5, 4])
    """

    def __init__(self, in_features: int, out_features: int, name: str = "glu", **linear: object) -> None:
        super().__init__()
        if name not in ("glu", "reglu", "geglu", "swiglu"):
            raise ValueError(f"GatedLinear: name must be 'glu', 'reglu', 'geglu' or 'swiglu', got {name!r}")
        self.gated = FUNCTIONS[name]
        self.affine = nn.Linear(in_features, 2 * out_features, **linear)

    def forward(self, x: Tensor) -> Tensor:
        return self.gated(self.affine(x))
