r"""Formulas for slopes that circulate, some of them right: each beside the slope that it is said to be.

A wrong formula for :math:`f'` is rarely wrong everywhere. It agrees with the slope at a point, or at one end, and those
are the places where people try it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from .. import slopes, values
from ..charts import Axis, Chart, Line, Points, Rule, style

__all__ = ["FORMULAS", "Formula", "formula_chart"]

WORDS = {
    "slope": "the slope",
    "formula": "the formula",
    "where": "At x = {at} the formula gives {given} and the slope is {true}: {verdict}.",
    "agree": "they agree",
    "off": "the formula is off by {gap}",
    "always": "In this window it is right everywhere.",
    "never": "In this window it is off by as much as {worst}.",
}
"""Every word that a reader sees here, the formulas' own names apart."""

_X = np.linspace(-4, 4, 321)
_AGREE = 5e-4


@dataclass(frozen=True)
class Formula:
    r"""A formula ``of`` x that is said to be the slope of an activation.

    .. math:: f'(x) \overset{?}{=} g(x)

    >>> FORMULAS["tanh′ = −tanh²"].gap(np.array([-2.0, 0.0, 5.0])).round(12).tolist()
    [-1.0, -1.0, -1.0]
    """

    activation: str
    of: Callable[[np.ndarray], np.ndarray]

    def slope(self, x: np.ndarray) -> np.ndarray:
        """The true slope at ``x``."""
        return getattr(slopes, self.activation)(x)

    def gap(self, x: np.ndarray) -> np.ndarray:
        """What the formula gives less the true slope, at ``x``."""
        return self.of(x) - self.slope(x)


def _from_output(x: np.ndarray) -> np.ndarray:
    """1 where ReLU's output is at least 0, which it always is."""
    return (values.relu(x) >= 0).astype(float)


def _silu_from_output(x: np.ndarray) -> np.ndarray:
    output, gate = values.silu(x), values.sigmoid(x)
    return output + gate * (1 - output)


FORMULAS = {
    "tanh′ = −tanh²": Formula("tanh", lambda x: -(values.tanh(x) ** 2)),
    "tanh′ = 1 − tanh": Formula("tanh", lambda x: 1 - values.tanh(x)),
    "tanh′(x) = 4 σ′(2x)": Formula("tanh", lambda x: 4 * slopes.sigmoid(2 * x)),
    "σ′ = σ (1 + σ)": Formula("sigmoid", lambda x: values.sigmoid(x) * (1 + values.sigmoid(x))),
    "σ′(x) = x (1 − x)": Formula("sigmoid", lambda x: x * (1 - x)),
    "softsign′ = 1 − |f|": Formula("softsign", lambda x: 1 - np.abs(values.softsign(x))),
    "ReLU′ = 1 if f ≥ 0, else 0": Formula("relu", _from_output),
    "ReLU′ = sign f": Formula("relu", lambda x: np.sign(values.relu(x))),
    "ELU′ = min(1, f + 1)": Formula("elu", lambda x: np.minimum(1, values.elu(x) + 1)),
    "SiLU′ = σ": Formula("silu", values.sigmoid),
    "SiLU′ = f + σ (1 − f)": Formula("silu", _silu_from_output),
    "GELU′ = Φ": Formula("gelu", ndtr),
    "GELU′(x) = σ(1.702 x)": Formula("gelu", lambda x: values.sigmoid(1.702 * x)),
    "Mish′ = tanh(softplus)": Formula("mish", lambda x: values.tanh(values.softplus(x))),
}
"""The formulas by the names that a reader chooses from, in which f is the output.

Right ones stand among them, or there would be no guessing.
"""


def formula_chart(formula: str, point: float) -> Chart:
    """A formula and the slope that it is said to be, over a window, and both at one ``point``.

    Raises KeyError for a formula that is not in ``FORMULAS``.

    >>> print(formula_chart("tanh′ = −tanh²", 0).words)
    At x = 0 the formula gives 0 and the slope is 1: the formula is off by 1. In this window it is off by as much as 1.
    """
    one = FORMULAS[formula]
    at = np.array([float(point)])
    given, true = one.of(at), one.slope(at)
    marks = [
        Rule(0, "y"),
        Line(_X, one.slope(_X), label=WORDS["slope"], colour=style(one.activation)["colour"], dash="dashed"),
        Line(_X, one.of(_X), label=WORDS["formula"], colour="muted", dash="solid"),
        Points(at, true, colour=style(one.activation)["colour"]),
        Points(at, given, colour="muted", marker="square"),
    ]
    words = _in_words(float(point), float(given[0]), float(true[0]), float(np.abs(one.gap(_X)).max()))
    return Chart(Axis("x", limits=(-4, 4)), Axis("slope", limits=(-1.25, 2.25)), marks, words=words)


def _in_words(at: float, given: float, true: float, worst: float) -> str:
    gap = abs(given - true)
    verdict = WORDS["agree"] if gap < _AGREE else WORDS["off"].format(gap=_short(gap))
    here = WORDS["where"].format(at=_short(at), given=_short(given), true=_short(true), verdict=verdict)
    return f"{here} {WORDS['always'] if worst < _AGREE else WORDS['never'].format(worst=_short(worst))}"


def _short(number: float) -> str:
    return f"{round(number, 3) + 0.0:.3g}".replace("-", "−")
