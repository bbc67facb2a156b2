"""A function with three knobs, to be designed by hand: its two slopes, how gently it bends, and how high it lies."""

from __future__ import annotations

import numpy as np

from .. import slopes, values
from ..charts import Axis, Chart, Line, Rule
from . import _checks as check
from .moments import normal_rule

__all__ = ["bent", "workbench"]

_X = np.linspace(-4, 4, 121)
_POINTS, _WEIGHTS = normal_rule([0.0])


def bent(x: np.ndarray, left: float, bend: float, lift: float) -> tuple[np.ndarray, np.ndarray]:
    r"""The values and the slopes of a line of slope ``left`` that bends into one of slope 1.

    .. math:: f(x) = a x + (1 - a)\, s \log(1 + e^{x/s}) + c,

    a being ``left``, s the ``bend`` and c the ``lift``. A bend of 0 is a kink at 0, where the slope is ``left``.
    Raises ValueError for a bend below 0.

    >>> f, slope = bent(np.array([-1.0, 0.0, 2.0]), left=0, bend=0, lift=0)
    >>> f.tolist(), slope.tolist()
    ([0.0, 0.0, 2.0], [0.0, 0.0, 1.0])
    """
    if check.not_negative("bent", "bend", bend):
        ramp, step = bend * values.softplus(x / bend), values.sigmoid(x / bend)
    else:
        ramp, step = values.relu(x), slopes.relu(x)
    return left * x + (1 - left) * ramp + lift, left + (1 - left) * step


def workbench(left: float, bend: float, lift: float) -> Chart:
    r"""The function :func:`bent` and its slope, with the facts that decide how a deep network of it begins.

    .. math:: g = \frac{1}{\sqrt{\mathrm E f^2}}, \qquad \mathrm E f, \qquad
        \frac{(\mathrm E X f)^2}{\operatorname{Var} f}, \qquad \frac{\mathrm E[(X^2 - 1) f^2]}{2\,\mathrm E f^2}

    >>> workbench(0, 0, 0).words
    'Left slope 0, bend 0, lift 0: gain 1.41, mean 0.399, affine share 0.733, steadiness 1.'
    """
    f, slope = bent(_X, left, bend, lift)
    marks = [
        Rule(0, "y"),
        Line(_X, f, label="f", colour="vermillion"),
        Line(_X, slope, label="f′", colour="vermillion", dash="dashed"),
    ]
    at = bent(_POINTS, left, bend, lift)[0]
    mean, square = float(_WEIGHTS @ at), float(_WEIGHTS @ at**2)
    share = float(_WEIGHTS @ (_POINTS * at)) ** 2 / (square - mean**2)
    steady = float(_WEIGHTS @ ((_POINTS**2 - 1) * at**2)) / (2 * square)
    knobs = f"Left slope {_short(left)}, bend {_short(bend)}, lift {_short(lift)}"
    words = (
        f"{knobs}: gain {square**-0.5:.3g}, mean {_short(mean)}, affine share {_short(share)}, "
        f"steadiness {_short(steady)}."
    )
    return Chart(Axis("x", limits=(-4, 4)), Axis("f(x) and f′(x)", limits=(-2.5, 5)), marks, words=words)


def _short(number: float) -> str:
    """Three digits, and no trace of rounding error where the number is 0."""
    return f"{number if abs(number) > 1e-9 else 0:.3g}".replace("-", "−")
