r"""The one place where an activation function is defined, exactly, in SymPy.

Everything else in this project follows from these entries: fact sheets are derived from them, and the NumPy, torch and
page versions are tested against them.
An entry holds exact numbers only, and a :class:`sympy.Piecewise` at every kink, so that the slope there is chosen here
and cited, and not left to a library's habit.

>>> relu = get("relu")
>>> relu.expr
Piecewise((x, x > 0), (0, True))
>>> relu.slope().subs(x, 0)
0
>>> get("swish").name
'silu'
"""

from __future__ import annotations

import difflib
import math
import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import sympy as sp
from sympy import (
    Eq,
    Integer,
    Max,
    Piecewise,
    Rational,
    S,
    cos,
    erfc,
    exp,
    log,
    pi,
    sin,
    sqrt,
    tanh,
)

__all__ = [
    "CATALOGUE",
    "Activation",
    "Convention",
    "ManyInputActivation",
    "Parameter",
    "get",
    "names",
    "x",
]

x = sp.Symbol("x", real=True)
"""The input of every one-input activation."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of an activation: its symbol, its exact default and what it may be.

    ``condition`` is a relation in the symbol that every accepted value satisfies, or ``True`` when any real number is.
    ``sign`` is how a formula writes it, where that is not the symbol's own name.
    """

    symbol: sp.Symbol
    default: sp.Expr
    meaning: str
    condition: sp.Basic | bool = True
    sign: str = ""

    @property
    def name(self) -> str:
        return self.symbol.name


@dataclass(frozen=True)
class Convention:
    """The value that the slope is given at a kink, and why."""

    at: sp.Expr
    slope: sp.Expr
    reason: str
    cite: str = ""


@dataclass(frozen=True)
class Activation:
    r"""A function of one real input, defined exactly.

    Only ``name`` and ``expr`` are needed, so that a reader can define one and ask for its whole fact sheet:

    >>> mine = Activation("mine", x * sp.atan(x))
    >>> mine.slope()
    x/(x**2 + 1) + atan(x)

    Raises TypeError for an expression that is not SymPy's, and ValueError for one that holds a float (write
    ``Rational(1, 100)`` for 0.01), or a symbol that is neither :data:`x` nor a parameter.
    """

    name: str
    expr: sp.Expr
    title: str = ""
    parameters: tuple[Parameter, ...] = ()
    conventions: tuple[Convention, ...] = ()
    year: int | None = None
    authors: str = ""
    cite: str = ""
    other_names: tuple[str, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.expr, sp.Expr):
            raise TypeError(f"{self.name}: expr must be a SymPy expression in x, got {type(self.expr).__name__}")
        if floats := self.expr.atoms(sp.Float):
            raise ValueError(f"{self.name}: exact numbers only, got the float {min(floats)}; write a Rational instead")
        unknown = self.expr.free_symbols - {x} - {p.symbol for p in self.parameters}
        if unknown:
            raise ValueError(
                f"{self.name}: unknown symbol {min(map(str, unknown))}; use catalogue.x for the input "
                "and declare every other symbol as a Parameter"
            )

    @property
    def arity(self) -> str:
        return "one"

    def at(self, **values: object) -> sp.Expr:
        """The expression in ``x`` alone: parameters at the given exact values, the others at their defaults."""
        return self.expr.subs(self._settings(values))

    def slope(self, **values: object) -> sp.Expr:
        """The derivative in ``x``; at a kink the branch that owns the point decides, as ``conventions`` records."""
        return self.at(**values).diff(x)

    def latex(self) -> str:
        r"""The general formula as LaTeX, each parameter by its sign.

        >>> print(get("leaky_relu").latex())
        \begin{cases} x & \text{for}\: x > 0 \\a x & \text{otherwise} \end{cases}
        """
        return sp.latex(self.expr, symbol_names={p.symbol: p.sign for p in self.parameters if p.sign})

    def _settings(self, values: Mapping[str, object]) -> dict[sp.Symbol, sp.Expr]:
        known = {p.name: p for p in self.parameters}
        for name in values:
            if name not in known:
                accepted = ", ".join(known) or "none"
                raise TypeError(f"{self.name}: unknown parameter {name!r}; it takes {accepted}")
        settings = {p.symbol: _exact(self.name, p.name, values.get(p.name, p.default)) for p in self.parameters}
        for p in self.parameters:
            if p.condition is not True and p.condition.subs(settings) != S.true:
                raise ValueError(f"{self.name}: {p.name} must satisfy {p.condition}, got {settings[p.symbol]}")
        return settings


def _exact(function: str, parameter: str, value: object) -> sp.Expr:
    """A parameter's value as an exact number; a float stands for the decimal that it prints as."""
    if isinstance(value, numbers.Real) and not isinstance(value, (numbers.Rational, sp.Basic)):
        if not math.isfinite(value):
            raise ValueError(f"{function}: {parameter} must be a finite number, got {value}")
        return Rational(str(float(value)))
    return sp.sympify(value)


@dataclass(frozen=True)
class ManyInputActivation:
    r"""A function of several inputs at once, defined exactly.

    ``of(z)`` takes a sequence of SymPy expressions and returns the column of outputs:

    >>> a, b = sp.symbols("a b", real=True)
    >>> CATALOGUE["softmax"].of([a, b])[0]
    exp(a)/(exp(a) + exp(b))

    ``formula`` is the general component in LaTeX's reading order: an equation in indexed symbols, for display.
    """

    name: str
    of: Callable[..., sp.Matrix]
    formula: sp.Eq
    title: str = ""
    sizes: tuple[int, ...] = (2, 3, 4)
    year: int | None = None
    authors: str = ""
    cite: str = ""
    other_names: tuple[str, ...] = ()
    note: str = ""

    @property
    def arity(self) -> str:
        return "many"

    def inputs(self, size: int) -> tuple[sp.Symbol, ...]:
        """Real symbols z1 … zn, one per input."""
        return sp.symbols(f"z1:{size + 1}", real=True)

    def jacobian(self, size: int) -> sp.Matrix:
        """The matrix of partial derivatives of ``of`` at ``inputs(size)``."""
        z = self.inputs(size)
        return self.of(z).jacobian(z)


def names(arity: str | None = None) -> tuple[str, ...]:
    """All names in the catalogue's order; ``arity`` ``"one"`` or ``"many"`` keeps that kind.

    >>> names("many")
    ('maxout', 'softmax', 'log_softmax', 'sparsemax', 'glu', 'reglu', 'geglu', 'swiglu')
    """
    if arity not in (None, "one", "many"):
        raise ValueError(f"names: arity must be 'one', 'many' or None, got {arity!r}")
    return tuple(name for name, entry in CATALOGUE.items() if arity in (None, entry.arity))


def get(name: str | Activation | ManyInputActivation) -> Activation | ManyInputActivation:
    """The entry called ``name``, by its name or by another name in use; an entry is returned as it is.

    Raises KeyError, naming the nearest known names, when there is none.
    """
    if isinstance(name, (Activation, ManyInputActivation)):
        return name
    if not isinstance(name, str):
        raise TypeError(f"get: an activation is asked for by name, got {type(name).__name__}")
    key = name.lower().replace("-", "_").replace(" ", "_")
    if key in _BY_ANY_NAME:
        return _BY_ANY_NAME[key]
    near = difflib.get_close_matches(key, _BY_ANY_NAME, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(CATALOGUE)}"
    raise KeyError(f"unknown activation {name!r}; {hint}")


# --- one input -------------------------------------------------------------------------------------------------------

# Positive by assumption where the definition needs it, so that SymPy can use it. Their conditions are left unevaluated:
# SymPy would reduce "alpha > 0" to True at once, and a negative value would pass.
_alpha = sp.Symbol("alpha", positive=True)
_beta = sp.Symbol("beta", positive=True)
_slope = sp.Symbol("negative_slope", real=True)
_weight = sp.Symbol("weight", real=True)
_lower = sp.Symbol("lower", real=True)
_upper = sp.Symbol("upper", real=True)
_min = sp.Symbol("min_val", real=True)
_max = sp.Symbol("max_val", real=True)

_sigmoid = 1 / (1 + exp(-x))
_Phi = erfc(-x / sqrt(2)) / 2

# Klambauer et al. (2017), the two equations for mean 0 and variance 1 under N(0, 1), solved in closed form.
_SELU_ALPHA = -sqrt(2 / pi) / (erfc(1 / sqrt(2)) * exp(Rational(1, 2)) - 1)
_SELU_SCALE = (
    (1 - erfc(1 / sqrt(2)) * sqrt(sp.E))
    * sqrt(2 * pi)
    / sqrt(
        2 * erfc(sqrt(2)) * exp(2)
        + pi * erfc(1 / sqrt(2)) ** 2 * sp.E
        - 2 * (2 + pi) * erfc(1 / sqrt(2)) * sqrt(sp.E)
        + pi
        + 2
    )
)

_AS_TORCH = "the value that PyTorch's autograd returns"


def _flat_at(*points: int) -> tuple[Convention, ...]:
    return tuple(Convention(Integer(point), S.Zero, f"flat side owns the point: {_AS_TORCH}") for point in points)


_ONE_INPUT = (
    Activation(
        "identity",
        x,
        title="Identity",
        year=1960,
        authors="Widrow and Hoff",
        cite="widrow1960",
        other_names=("linear",),
        note="No activation at all: the case that collapses.",
    ),
    Activation(
        "heaviside",
        Piecewise((1, x >= 0), (0, True)),
        title="Heaviside step",
        conventions=(
            Convention(
                S.Zero,
                S.Zero,
                "the value jumps, so no slope exists; 0 as on both sides. The value there is 1: a unit fires when its "
                "input reaches the threshold",
                "mcculloch1943",
            ),
        ),
        year=1943,
        authors="McCulloch and Pitts",
        cite="mcculloch1943",
        other_names=("step", "threshold", "unit_step", "binary_step"),
    ),
    Activation(
        "sigmoid",
        _sigmoid,
        title="Sigmoid",
        year=1986,
        authors="Rumelhart, Hinton and Williams",
        cite="rumelhart1986",
        other_names=("logistic", "expit", "squashing_function"),
        note="The logistic curve is older than neural networks; the year is that of its use with backpropagation.",
    ),
    Activation(
        "logsigmoid",
        -log(1 + exp(-x)),
        title="Log-sigmoid",
        year=2016,
        authors="Goodfellow, Bengio and Courville",
        cite="goodfellow2016",
        other_names=("log_sigmoid", "log_expit"),
        note="The log-likelihood of a Bernoulli target with logit x; the reference is a textbook account.",
    ),
    Activation(
        "tanh",
        tanh(x),
        title="Hyperbolic tangent",
        year=1991,
        authors="LeCun, Kanter and Solla",
        cite="lecun1991",
        other_names=("hyperbolic_tangent",),
    ),
    Activation(
        "hardtanh",
        Piecewise((_min, x <= _min), (_max, x >= _max), (x, True)),
        title="Hard tanh",
        parameters=(
            Parameter(_min, Integer(-1), "lower end of the linear part", sign="m"),
            Parameter(_max, Integer(1), "upper end of the linear part", _max > _min, sign="M"),
        ),
        conventions=_flat_at(-1, 1),
        year=2004,
        authors="Collobert",
        cite="collobert2004",
        other_names=("hard_tanh", "clip"),
    ),
    Activation(
        "softsign",
        Piecewise((x / (1 + x), x >= 0), (x / (1 - x), True)),
        title="Softsign",
        year=2010,
        authors="Glorot and Bengio",
        cite="glorot2010",
        note="Proposed in 2009 and compared with tanh in the paper cited. Its second derivative jumps at 0.",
    ),
    Activation(
        "arctan",
        sp.atan(x),
        title="Arctangent",
        year=2024,
        authors="Kunc and Kléma",
        cite="kunc2024",
        other_names=("atan",),
        note="The reference is a survey; the function is older.",
    ),
    Activation(
        "relu",
        Piecewise((x, x > 0), (0, True)),
        title="ReLU",
        conventions=(Convention(S.Zero, S.Zero, f"subgradient 0, {_AS_TORCH}", "bertoin2021"),),
        year=1969,
        authors="Fukushima",
        cite="fukushima1969",
        other_names=("rectifier", "rectified_linear_unit", "ramp"),
        note="Deep networks adopted it after Nair and Hinton (2010) and Glorot et al. (2011).",
    ),
    Activation(
        "relu6",
        Piecewise((0, x <= 0), (6, x >= 6), (x, True)),
        title="ReLU6",
        conventions=_flat_at(0, 6),
        year=2018,
        authors="Sandler et al.",
        cite="sandler2018",
        note="Used in low-precision mobile networks; the reference is MobileNetV2.",
    ),
    Activation(
        "squared_relu",
        Piecewise((x**2, x > 0), (0, True)),
        title="Squared ReLU",
        year=2021,
        authors="So et al.",
        cite="so2021",
        other_names=("relu2", "relu_squared"),
    ),
    Activation(
        "leaky_relu",
        Piecewise((x, x > 0), (_slope * x, True)),
        title="Leaky ReLU",
        parameters=(Parameter(_slope, Rational(1, 100), "slope for x ≤ 0", sign="a"),),
        conventions=(Convention(S.Zero, Rational(1, 100), f"the slope of the left side, {_AS_TORCH}"),),
        year=2013,
        authors="Maas, Hannun and Ng",
        cite="maas2013",
        other_names=("lrelu", "leakyrelu", "leaky_rectifier"),
    ),
    Activation(
        "prelu",
        Piecewise((x, x > 0), (_weight * x, True)),
        title="PReLU",
        parameters=(
            Parameter(_weight, Rational(1, 4), "learned slope for x ≤ 0; the default is where it starts", sign="a"),
        ),
        conventions=(Convention(S.Zero, Rational(1, 4), f"the slope of the left side, {_AS_TORCH}"),),
        year=2015,
        authors="He et al.",
        cite="he2015",
        other_names=("parametric_relu", "parametric_rectifier"),
    ),
    Activation(
        "rrelu",
        Piecewise((x, x > 0), ((_lower + _upper) / 2 * x, True)),
        title="Randomised leaky ReLU",
        parameters=(
            Parameter(_lower, Rational(1, 8), "lower end of the uniform distribution of the slope", sign="l"),
            Parameter(_upper, Rational(1, 3), "upper end of it", _upper >= _lower, sign="u"),
        ),
        conventions=(Convention(S.Zero, Rational(11, 48), f"the slope of the left side, {_AS_TORCH}"),),
        year=2015,
        authors="Xu et al.",
        cite="xu2015",
        other_names=("randomized_relu", "randomised_relu"),
        note="Defined here with the mean slope, as it is used after training.",
    ),
    Activation(
        "elu",
        Piecewise((x, x > 0), (_alpha * (exp(x) - 1), True)),
        title="ELU",
        parameters=(Parameter(_alpha, Integer(1), "minus the limit at −∞", sp.Gt(_alpha, 0, evaluate=False)),),
        year=2016,
        authors="Clevert, Unterthiner and Hochreiter",
        cite="clevert2016",
        other_names=("exponential_linear_unit",),
        note="Continuously differentiable at 0 only for α = 1; for other α the slope there is α.",
    ),
    Activation(
        "celu",
        Piecewise((x, x > 0), (_alpha * (exp(x / _alpha) - 1), True)),
        title="CELU",
        parameters=(Parameter(_alpha, Integer(1), "minus the limit at −∞", sp.Gt(_alpha, 0, evaluate=False)),),
        year=2017,
        authors="Barron",
        cite="barron2017",
    ),
    Activation(
        "selu",
        Piecewise((_SELU_SCALE * x, x > 0), (_SELU_SCALE * _SELU_ALPHA * (exp(x) - 1), True)),
        title="SELU",
        conventions=(
            Convention(S.Zero, _SELU_SCALE * _SELU_ALPHA, f"the slope of the left side, {_AS_TORCH}", "klambauer2017"),
        ),
        year=2017,
        authors="Klambauer et al.",
        cite="klambauer2017",
        other_names=("scaled_elu",),
    ),
    Activation(
        "softplus",
        log(1 + exp(_beta * x)) / _beta,
        title="Softplus",
        parameters=(Parameter(_beta, Integer(1), "sharpness: ReLU as it grows", sp.Gt(_beta, 0, evaluate=False)),),
        year=2001,
        authors="Dugas et al.",
        cite="dugas2001",
        other_names=("smooth_relu",),
    ),
    Activation(
        "gelu",
        x * _Phi,
        title="GELU",
        year=2016,
        authors="Hendrycks and Gimpel",
        cite="hendrycks2016",
        other_names=("gaussian_error_linear_unit",),
    ),
    Activation(
        "gelu_tanh",
        x / 2 * (1 + tanh(sqrt(2 / pi) * (x + Rational(44715, 10**6) * x**3))),
        title="GELU, tanh form",
        year=2016,
        authors="Hendrycks and Gimpel",
        cite="hendrycks2016",
        other_names=("gelu_new", "gelu_approx"),
        note="An approximation of GELU that some libraries use by default.",
    ),
    Activation(
        "silu",
        x / (1 + exp(-_beta * x)),
        title="SiLU",
        parameters=(
            Parameter(
                _beta,
                Integer(1),
                "sharpness of the gate; 1 is SiLU, other values are Swish",
                sp.Gt(_beta, 0, evaluate=False),
            ),
        ),
        year=2018,
        authors="Elfwing, Uchibe and Doya",
        cite="elfwing2018",
        other_names=("swish", "sil", "sigmoid_linear_unit"),
        note="With β as a parameter it is Swish, of Ramachandran et al. (2017).",
    ),
    Activation(
        "mish",
        x * tanh(log(1 + exp(x))),
        title="Mish",
        year=2020,
        authors="Misra",
        cite="misra2020",
    ),
    Activation(
        "hardsigmoid",
        Piecewise((0, x <= -3), (1, x >= 3), (x / 6 + Rational(1, 2), True)),
        title="Hard sigmoid",
        conventions=_flat_at(-3, 3),
        year=2015,
        authors="Courbariaux, Bengio and David",
        cite="courbariaux2015",
        other_names=("hard_sigmoid",),
        note="The slope 1/6 is PyTorch's; the paper has 1/2 and others 1/5.",
    ),
    Activation(
        "hardswish",
        Piecewise((0, x <= -3), (x, x >= 3), (x * (x + 3) / 6, True)),
        title="Hard swish",
        conventions=(
            Convention(Integer(-3), S.Zero, f"flat side owns the point: {_AS_TORCH}"),
            Convention(Integer(3), S.One, f"the slope of the right side, {_AS_TORCH}"),
        ),
        year=2019,
        authors="Howard et al.",
        cite="howard2019",
        other_names=("hard_swish", "hard_silu", "h_swish"),
    ),
    Activation(
        "sine",
        sin(x),
        title="Sine",
        year=2020,
        authors="Sitzmann et al.",
        cite="sitzmann2020",
        other_names=("sin", "siren"),
    ),
    Activation(
        "cosine",
        cos(x),
        title="Cosine",
        year=2007,
        authors="Rahimi and Recht",
        cite="rahimi2007",
        other_names=("cos",),
        note="The reference uses cosines of random projections as features.",
    ),
)

# --- many inputs -----------------------------------------------------------------------------------------------------

_i, _j, _n, _k = sp.symbols("i j n k", integer=True, positive=True)
_z, _f, _a, _b = (sp.IndexedBase(name) for name in ("z", "f", "a", "b"))


def _softmax(z) -> sp.Matrix:
    total = sum(exp(value) for value in z)
    return sp.Matrix([exp(value) / total for value in z])


def _log_softmax(z) -> sp.Matrix:
    total = sum(exp(value) for value in z)
    return sp.Matrix([value - log(total) for value in z])


def _maxout(z) -> sp.Matrix:
    # The first of equal largest inputs owns the point, as in torch.max over a dimension.
    pieces = [(value, sp.And(*(value >= other for other in z if other is not value))) for value in z]
    return sp.Matrix([Piecewise(*pieces[:-1], (pieces[-1][0], True))])


def _sparsemax(z) -> sp.Matrix:
    # The threshold is the largest of (sum over S − 1)/|S| over the non-empty sets S of inputs.
    thresholds = [(sum(subset) - 1) / Integer(len(subset)) for subset in sp.utilities.iterables.subsets(z) if subset]
    tau = Max(*thresholds)
    return sp.Matrix([Piecewise((value - tau, value > tau), (0, True)) for value in z])


def _gated(gate: Callable[[sp.Expr], sp.Expr]) -> Callable[..., sp.Matrix]:
    def of(z) -> sp.Matrix:
        if len(z) % 2:
            raise ValueError(f"a gated unit halves its input: an even number of inputs is needed, got {len(z)}")
        half = len(z) // 2
        return sp.Matrix([value * gate(other) for value, other in zip(z[:half], z[half:], strict=True)])

    return of


def _gate_of(name: str) -> Callable[[sp.Expr], sp.Expr]:
    entry = next(entry for entry in _ONE_INPUT if entry.name == name)
    return lambda value: entry.at().subs(x, value)


def _gated_entry(name: str, title: str, gate: str, **facts) -> ManyInputActivation:
    formula = Eq(_f[_i], _a[_i] * _gate_of(gate)(_b[_i]), evaluate=False)
    note = "a is the first half of the inputs, b the second; the second half is the gate, as in torch's glu."
    return ManyInputActivation(name, _gated(_gate_of(gate)), formula, title=title, sizes=(2, 4), note=note, **facts)


_SHAZEER = {"year": 2020, "authors": "Shazeer", "cite": "shazeer2020"}

_MANY_INPUTS = (
    ManyInputActivation(
        "maxout",
        _maxout,
        Eq(_f, sp.Function("max")(_z[1], sp.Symbol(r"\dots"), _z[_k]), evaluate=False),
        title="Maxout",
        year=2013,
        authors="Goodfellow et al.",
        cite="goodfellow2013",
        note="k affine pieces go in, the largest comes out; the first of equal ones takes the slope.",
    ),
    ManyInputActivation(
        "softmax",
        _softmax,
        Eq(_f[_i], exp(_z[_i]) / sp.Sum(exp(_z[_j]), (_j, 1, _n)), evaluate=False),
        title="Softmax",
        year=1990,
        authors="Bridle",
        cite="bridle1990",
        other_names=("normalised_exponential", "normalized_exponential", "softargmax"),
    ),
    ManyInputActivation(
        "log_softmax",
        _log_softmax,
        Eq(_f[_i], _z[_i] - log(sp.Sum(exp(_z[_j]), (_j, 1, _n))), evaluate=False),
        title="Log-softmax",
        year=2021,
        authors="Blanchard, Higham and Higham",
        cite="blanchard2021",
        other_names=("logsoftmax",),
        note="The reference is an error analysis; the function is older.",
    ),
    ManyInputActivation(
        "sparsemax",
        _sparsemax,
        Eq(_f[_i], sp.Function("max")(_z[_i] - sp.Function("tau")(sp.Symbol("z")), 0), evaluate=False),
        title="Sparsemax",
        sizes=(2, 3),
        year=2016,
        authors="Martins and Astudillo",
        cite="martins2016",
        note="The Euclidean projection onto the simplex; τ(z) is the number that makes the outputs sum to 1.",
    ),
    _gated_entry(
        "glu",
        "GLU",
        "sigmoid",
        year=2017,
        authors="Dauphin et al.",
        cite="dauphin2017",
        other_names=("gated_linear_unit",),
    ),
    _gated_entry("reglu", "ReGLU", "relu", **_SHAZEER),
    _gated_entry("geglu", "GEGLU", "gelu", **_SHAZEER),
    _gated_entry("swiglu", "SwiGLU", "silu", **_SHAZEER),
)

CATALOGUE: Mapping[str, Activation | ManyInputActivation] = MappingProxyType(
    {entry.name: entry for entry in (*_ONE_INPUT, *_MANY_INPUTS)}
)
"""Every entry by name, one-input functions first."""

_BY_ANY_NAME = {name: entry for entry in CATALOGUE.values() for name in (entry.name, *entry.other_names)}
