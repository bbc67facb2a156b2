r"""Charts of gates for the hand: a gate that opens, SiLU between its two limits, and a value turned from its gate."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from scipy.special import lambertw, ndtr

from .. import slopes, values
from ..charts import Axis, Chart, HeatMap, Line, Points, Rule, style
from . import _checks as check

__all__ = ["GATES", "TURNED", "gate_opening", "swish", "turned_gate"]

GATES: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "relu": values.heaviside,
    "silu": values.sigmoid,
    "gelu": ndtr,
    "mish": lambda x: np.tanh(values.softplus(x)),
    "hardswish": values.hardsigmoid,
}
"""The gate g of each function of the form x·g(x)."""

TURNED = ("glu", "reglu", "geglu", "swiglu")

_X = np.linspace(-5, 5, 201)
_PLANE = np.linspace(-3, 3, 31)
_DEPTH = float(lambertw(np.exp(-1)).real)


def gate_opening(activation: str, point: float) -> tuple[Chart, Chart]:
    r"""A gate, and the function: the point lies on a ray through the origin whose slope is the opening.

    .. math:: f(x) = x\,g(x)

    Raises ValueError for a function that is not in :data:`GATES`.

    >>> gate_opening("silu", -1)[1].words
    'At x = −1 the gate is 26.9 % open, so the output is −0.269; the slope there is 0.0723.'
    """
    gate = GATES[check.one_of("gate_opening", "activation", activation, GATES)]
    opening = float(gate(np.float64(point)))
    f, slope = (float(getattr(module, activation)(np.float64(point))) for module in (values, slopes))
    words = (
        f"At x = {point:g} the gate is {100 * opening:.3g} % open, so the output is {f:.3g}; "
        f"the slope there is {slope:.3g}."
    ).replace("-", "−")
    return _gate_panel(activation, point, opening), _function_panel(activation, point, opening, words)


def _gate_panel(activation: str, point: float, opening: float) -> Chart:
    gate = Line(_X, GATES[activation](_X), label="g", **style(activation))
    marks = [Rule(0, "y"), Rule(1, "y"), gate, Points([point], [opening], colour="vermillion")]
    axes = Axis("x", limits=(-5, 5)), Axis("gate g(x)", limits=(-0.1, 1.1))
    return Chart(*axes, marks, words=f"{activation}: its gate, and the input times the gate.")


def _function_panel(activation: str, point: float, opening: float, words: str) -> Chart:
    ends = np.array([-5.0, 5.0])
    marks = [
        Rule(0, "y"),
        Line(ends, opening * ends, label="ray of slope g", colour="orange", dash="long"),
        Line(_X, getattr(values, activation)(_X), label="f", **style(activation)),
        Points([point], [opening * point], colour="vermillion"),
    ]
    return Chart(Axis("x", limits=(-5, 5)), Axis("f(x) = x·g(x)", limits=(-1, 5)), marks, words=words)


def swish(beta: float) -> Chart:
    r"""SiLU for one β with its slope, its lowest point, and the two lines between which it lies.

    .. math:: \tfrac x2 \xleftarrow{\beta \to 0} x\,\sigma(\beta x) \xrightarrow{\beta \to \infty} \mathrm{relu}(x)

    >>> swish(2).words
    'β = 2: lowest at x = −0.639, where it is −0.139; nowhere farther than 0.139 from ReLU.'
    """
    check.positive("swish", "beta", beta)
    low, depth = -(1 + _DEPTH) / beta, _DEPTH / beta
    colour = style("silu")["colour"]
    marks = [
        Rule(0, "y"),
        Line(_X, values.relu(_X), label="ReLU", colour="muted"),
        Line(_X, _X / 2, label="x/2", colour="muted", dash="dotted"),
        Line(_X, values.silu(_X, beta=beta), label="f", colour=colour),
        Line(_X, slopes.silu(_X, beta=beta), label="f′", colour=colour, dash="dashed"),
        Points([low], [-depth], colour="vermillion"),
    ]
    words = (
        f"β = {beta:g}: lowest at x = {low:.3g}, where it is {-depth:.3g}; nowhere farther than {depth:.3g} from ReLU."
    ).replace("-", "−")
    return Chart(Axis("x", limits=(-5, 5)), Axis("f(x), f′(x)", limits=(-1.5, 5)), marks, words=words)


def turned_gate(activation: str, angle: float) -> Chart:
    r"""One gated unit over the plane of two inputs; its value looks in a direction turned from that of its gate.

    .. math:: (x_1 \sin\alpha + x_2 \cos\alpha)\; f(x_2)

    ``angle`` is α in degrees. Raises ValueError for a function that is not in :data:`TURNED`.

    >>> turned_gate("glu", 0).words
    'glu, value and gate 0° apart: the unit sees one weighted sum, and its contours are straight.'
    """
    unit = getattr(values, check.one_of("turned_gate", "activation", activation, TURNED))
    first, second = np.meshgrid(_PLANE, _PLANE)
    turn = np.deg2rad(angle)
    value = np.sin(turn) * first + np.cos(turn) * second
    z = unit(np.stack([value, second], axis=-1))[..., 0]
    seen = (
        "the unit sees one weighted sum, and its contours are straight"
        if angle == 0
        else "the unit sees two weighted sums and bends its contours"
    )
    words = f"{activation}, value and gate {angle:g}° apart: {seen}."
    levels = (-4, -2, -1, -0.5, 0.5, 1, 2, 4)
    heat = HeatMap(_PLANE, _PLANE, z, "output", levels=levels, limits=(-9, 9), colours="diverging")
    return Chart("input x₁", "input x₂, seen by the gate", [heat], words=words, equal=True)
