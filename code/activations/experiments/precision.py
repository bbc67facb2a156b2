r"""Activations in four number types: where a float makes a value its limit, and a slope 0.

A type with p bits in its significand holds the numbers :math:`m\,2^e` with :math:`|m| < 2^p`, between a smallest one
:math:`2^{-k}` and a largest one. What it does to an exact value is :func:`rounded`; what programs make of a formula in
it is in :data:`TYPED`, evaluated as it stands with every operation rounded, and in :data:`LIBRARY`, which is torch's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import mpmath
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from .. import reference
from .._tails import Format
from ..charts import Axis, Chart, Line, Rule, Span
from . import _checks as check
from ._kept import kept
from ._summary import table

__all__ = [
    "FORMS",
    "LIBRARY",
    "TYPED",
    "TYPES",
    "Arrival",
    "Types",
    "arrival",
    "evaluate",
    "rounded",
    "slope_by_torch",
    "slope_chart",
    "steps_chart",
    "types",
]

TYPES: Mapping[str, Format] = {
    "bfloat16": Format(8, -133, 128),
    "float16": Format(11, -24, 16),
    "float32": Format(24, -149, 128),
    "float64": Format(53, -1074, 1024),
}
"""Bits of the significand, and the exponents of the smallest number and of what is too large."""

TYPED: Mapping[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": lambda x: 1 / (1 + torch.exp(-x)),
    "tanh": lambda x: (torch.exp(x) - torch.exp(-x)) / (torch.exp(x) + torch.exp(-x)),
    "softplus": lambda x: torch.log(1 + torch.exp(x)),
    "silu": lambda x: x / (1 + torch.exp(-x)),
    "gelu": lambda x: x * (1 + torch.erf(x / 2**0.5)) / 2,
    "mish": lambda x: x * torch.tanh(torch.log(1 + torch.exp(x))),
}
"""The formulas as they stand in a book, each operation rounded to the type."""

LIBRARY: Mapping[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softplus": functional.softplus,
    "silu": functional.silu,
    "gelu": functional.gelu,
    "mish": functional.mish,
}
"""What torch offers under these names."""

FORMS = ("rounded once", "as typed", "torch")
LIMITED = ("sigmoid", "tanh")


# --- the types -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class Types:
    """The number types, with what they can tell apart and how far they reach."""

    names: tuple[str, ...]

    def __repr__(self) -> str:
        rows = [
            [
                name,
                one.precision,
                f"{2.0 ** (1 - one.precision):.3g}",
                f"{2.0**one.smallest:.3g}",
                f"{largest(name):.4g}",
            ]
            for name in self.names
            for one in [TYPES[name]]
        ]
        return table(["type", "bits", "spacing above 1", "smallest", "largest"], rows)


def types(names: Sequence[str] = tuple(TYPES)) -> Types:
    """A table of number types. ValueError for an unknown one.

    >>> types(["float16"])
       type  bits  spacing above 1  smallest    largest
    float16    11         0.000977  5.96e-08  6.55e+04
    """
    return Types(tuple(check.one_of("types", "names", name, TYPES) for name in check.several("types", "names", names)))


def largest(kind: str) -> float:
    r"""The largest finite number of a type.

    .. math:: (1 - 2^{-p})\,2^{E}

    >>> largest("float16")
    65504.0
    """
    one = TYPES[check.one_of("largest", "kind", kind, TYPES)]
    return float(np.ldexp(2.0 - 2.0 ** (1 - one.precision), one.largest - 1))


def rounded(x: np.ndarray, kind: str) -> np.ndarray:
    r"""The nearest numbers of a type, ties to the even one, as float64; too large ones become infinite.

    .. math:: u \cdot \operatorname{round}(x / u), \qquad u = 2^{\max(e - p,\, -k)}, \qquad 2^{e-1} \le |x| < 2^e

    >>> rounded(np.array([0.1, 1.001, 1e-9, 1e6]), "float16").tolist()
    [0.0999755859375, 1.0009765625, 0.0, inf]
    """
    one, x = TYPES[check.one_of("rounded", "kind", kind, TYPES)], np.asarray(x, dtype=np.float64)
    unit = np.ldexp(1.0, np.maximum(np.frexp(x)[1] - one.precision, one.smallest))
    with np.errstate(over="ignore"):
        near = np.rint(x / unit) * unit
    return np.where(np.abs(near) > largest(kind), np.copysign(np.inf, near), near)


def evaluate(name: str, form: str, x: np.ndarray, kind: str) -> np.ndarray:
    """An activation of :data:`TYPED` in a type, ``as typed`` or by ``torch``; x is rounded to the type first.

    >>> [evaluate("tanh", form, np.array([100.0]), "float32").item() for form in ("as typed", "torch")]
    [nan, 1.0]
    """
    check.one_of("evaluate", "kind", kind, TYPES)
    functions = {"as typed": TYPED, "torch": LIBRARY}[check.one_of("evaluate", "form", form, FORMS[1:])]
    function = functions[check.one_of("evaluate", "name", name, functions)]
    return function(torch.tensor(rounded(x, kind), dtype=getattr(torch, kind))).double().numpy()


def slope_by_torch(name: str, x: np.ndarray, kind: str) -> np.ndarray:
    """The slope that torch's automatic differentiation sends back through its function, in a type.

    >>> slope_by_torch("sigmoid", np.array([0.0, 20.0]), "float32").tolist()
    [0.25, 0.0]
    """
    check.one_of("slope_by_torch", "kind", kind, TYPES)
    function = LIBRARY[check.one_of("slope_by_torch", "name", name, LIBRARY)]
    at = torch.tensor(rounded(x, kind), dtype=getattr(torch, kind), requires_grad=True)
    (slope,) = torch.autograd.grad(function(at).sum(), at)
    return slope.double().numpy()


# --- where a limit is reached ----------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class Arrival:
    """From which x on an activation, or its slope, is stored as its limit: ``at[who]`` has one entry a type."""

    name: str
    what: str
    side: str
    limit: float
    kinds: tuple[str, ...]
    at: Mapping[str, np.ndarray]

    def of(self, who: str, kind: str) -> float:
        """The place for one way of computing and one type."""
        return float(self.at[who][self.kinds.index(kind)])

    def __repr__(self) -> str:
        rows = [
            [kind, *(f"{places[i]:.6g}".replace("-", "−") for places in self.at.values())]
            for i, kind in enumerate(self.kinds)
        ]
        what = f"the slope of {self.name}" if self.what == "slope" else self.name
        return (
            table(["type", *self.at], rows) + f"\nx from which {what} is stored as {self.limit:g}, to the {self.side}"
        )


@kept
def arrival(name: str, what: str = "value", side: str = "right", kinds: tuple[str, ...] = tuple(TYPES)) -> Arrival:
    """The first number of each type, going outwards, at which a value or a slope is stored as its limit.

    Rounded once, as the exact function is when it is rounded to the type; as typed (values only); and torch's. It is
    found by bisection. Raises ValueError for an activation without a formula in :data:`TYPED`, a part that is neither
    value nor slope, a side on which the function grows, or an unknown type.

    >>> arrival("sigmoid", kinds=("float16",)).of("torch", "float16")
    8.3203125
    """
    check.one_of("arrival", "name", name, TYPED)
    check.one_of("arrival", "what", what, ("value", "slope"))
    check.one_of("arrival", "side", side, ("left", "right"))
    kinds = tuple(check.one_of("arrival", "kinds", kind, TYPES) for kind in check.several("arrival", "kinds", kinds))
    limit = _limit(name, what, side)
    ways = FORMS if what == "value" else ("rounded once", "torch")
    at = {who: np.array([_first(name, what, side, who, kind, limit) for kind in kinds]) for who in ways}
    return Arrival(name, what, side, limit, kinds, at)


def _limit(name: str, what: str, side: str) -> float:
    if side == "right" and name not in LIMITED:
        raise ValueError(f"arrival: side must be left for {name}, which grows on the right")
    if what == "slope":
        return 0.0
    return 1.0 if side == "right" else -1.0 if name == "tanh" else 0.0


def _first(name: str, what: str, side: str, who: str, kind: str, limit: float) -> float:
    """Bisection over the numbers of a type, between a place where the limit is not reached and one where it is."""
    sign = 1.0 if side == "right" else -1.0
    near, far = 2.0, float(rounded(np.array(900.0), kind))
    while True:
        middle = float(rounded(np.array((near + far) / 2), kind))
        if middle in (near, far):
            return sign * far
        near, far = (near, middle) if _is_there(name, what, who, kind, sign * middle, limit) else (middle, far)


def _is_there(name: str, what: str, who: str, kind: str, x: float, limit: float) -> bool:
    if who != "rounded once":
        at = np.array([x])
        found = evaluate(name, who, at, kind) if what == "value" else slope_by_torch(name, at, kind)
        return bool(found[0] == limit or np.isnan(found[0]))
    exact = (reference.value if what == "value" else reference.slope)(name, [x])[0]
    with mpmath.workdps(500):
        low, high = TYPES[kind].cell(mpmath.mpf(limit))
        return bool(low <= exact <= high)


# --- charts ----------------------------------------------------------------------------------------------------------

_WORDS = {
    "steps": "{title} in {kind}, {form}: it is stored as 1 from x = {at:.4g} on; rounded once, from {exact:.4g} on.",
    "slope": "Slope of the {name} in {kind}. Rounded once it is 0 beyond ±{exact:.4g}; torch's is 0 from {right:.4g} "
    "on to the right and from {left} on to the left.",
}


def steps_chart(activation: str = "sigmoid", kind: str = "float16", form: str = "rounded once") -> Chart:
    r"""The last steps of σ or tanh before they are stored as 1, in units of the spacing just below 1.

    .. math:: 2^p\,(1 - f(x))

    Raises ValueError for another activation, an unknown type or an unknown form.

    >>> steps_chart("sigmoid", "float16", "as typed").words
    'Sigmoid in float16, as typed: it is stored as 1 from x = 7.625 on; rounded once, from 8.32 on.'
    """
    check.one_of("steps_chart", "activation", activation, LIMITED)
    check.one_of("steps_chart", "form", form, FORMS)
    found = arrival(activation, kinds=(check.one_of("steps_chart", "kind", kind, TYPES),))
    rate, exact, bits = (2 if activation == "tanh" else 1), found.of("rounded once", kind), TYPES[kind].precision
    x = np.linspace(exact - 2.6 / rate, exact + 0.8 / rate, 241)
    left = 2.0**bits * _gap(activation, x)
    if form == FORMS[0]:
        stored = np.rint(2.0**bits * _gap(activation, rounded(x, kind)))
    else:
        stored = 2.0**bits * (1 - evaluate(activation, form, x, kind))
    marks = [
        Rule(found.of(form, kind), "x", label="1 from here"),
        Line(x, left, label="exact", colour="muted", dash="long"),
        Line(x, stored, label="stored", colour="vermillion"),
    ]
    words = _WORDS["steps"].format(
        title=activation.capitalize(), kind=kind, form=form, at=found.of(form, kind), exact=exact
    )
    axis = Axis("x", limits=(float(x[0]), float(x[-1])))
    return Chart(axis, Axis("spacings below 1", limits=(-0.4, 7.4)), marks, words, title=f"{activation}, {kind}")


def _gap(name: str, x: np.ndarray) -> np.ndarray:
    """1 − f(x) by the form that does not cancel."""
    return 1 / (1 + np.exp(x)) if name == "sigmoid" else 2 / (1 + np.exp(2 * x))


def slope_chart(name: str = "sigmoid", kind: str = "float32", end: float = 110.0) -> Chart:
    """The slope of σ or tanh in a type, rounded once and by torch, on a log axis; a gap where it is stored as 0.

    >>> slope_chart().words[:49]
    'Slope of the sigmoid in float32. Rounded once it '
    """
    check.one_of("slope_chart", "name", name, LIMITED)
    check.positive("slope_chart", "end", end)
    x = np.linspace(-end, end, 881)
    exact = rounded(_slope(name, rounded(x, kind)), kind)
    by_torch = slope_by_torch(name, x, kind)
    sides = {side: arrival(name, "slope", side, (kind,)) for side in ("left", "right")}
    right, left = (sides[side].of("torch", kind) for side in ("right", "left"))
    marks = [
        Span(right, np.inf, label="torch's slope is 0", colour="vermillion"),
        Span(-np.inf, left, colour="vermillion"),
        Line(x, _positive(exact), label="rounded once", colour="muted", dash="long"),
        Line(x, _positive(by_torch), label="torch", colour="blue", dash="dashed"),
    ]
    places = {"exact": sides["right"].of("rounded once", kind), "right": right, "left": f"{left:.4g}".replace("-", "−")}
    words = _WORDS["slope"].format(name=name, kind=kind, **places)
    return Chart(Axis("x", limits=(-end, end)), Axis("f′(x)", "log"), marks, words)


def _slope(name: str, x: np.ndarray) -> np.ndarray:
    r"""σ′ or tanh′ by a form that keeps its digits in both tails.

    .. math:: \sigma'(x) = \frac{e^{-|x|}}{(1 + e^{-|x|})^2}, \qquad \tanh'(x) = 4\,\sigma'(2x)
    """
    rate = 2 if name == "tanh" else 1
    e = np.exp(-np.abs(rate * x))
    return rate**2 * e / (1 + e) ** 2


def _positive(y: np.ndarray) -> np.ndarray:
    return np.where(y > 0, y, np.nan)
