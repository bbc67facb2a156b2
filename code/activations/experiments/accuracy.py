r"""How many units in the last place programs are off, against sixty digits.

.. math:: \frac{|\text{computed} - \text{exact}|}{\text{spacing of the type at the exact value}}

Half a unit is the best there is: the nearest number of the type. A number without any right digit is off by as many
units as the significand can count, :math:`2^{p-1}` or more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import scipy.special

from .. import reference, slopes, values
from ..charts import Axis, Chart, Line, Rule
from . import _checks as check
from ._kept import kept
from ._summary import table
from .precision import LIBRARY, TYPED, TYPES, evaluate, rounded, slope_by_torch

__all__ = ["SCIPY", "Accuracy", "accuracy", "digits_chart"]

SCIPY: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "sigmoid": scipy.special.expit,
    "tanh": np.tanh,
    "softplus": lambda x: np.logaddexp(0, x),
    "silu": lambda x: x * scipy.special.expit(x),
    "gelu": lambda x: x * scipy.special.ndtr(x),
    "mish": lambda x: x * np.tanh(np.logaddexp(0, x)),
}
"""What one writes with SciPy or NumPy."""

COLUMNS = ("package, 64", "SciPy, 64", "torch, 64", "package, 32", "torch, 32")


@dataclass(frozen=True, eq=False, repr=False)
class Accuracy:
    """The worst error of each function, in units in the last place: ``worst[name][column]``; NaN where there is none.

    ``what`` is value or slope; ``points`` is how many were tried, the same ones for all.
    """

    what: str
    points: int
    worst: Mapping[str, Mapping[str, float]]

    def of(self, column: str) -> float:
        """The worst error over all functions."""
        return float(np.nanmax([row[column] for row in self.worst.values()]))

    def __repr__(self) -> str:
        rows = [
            [name, *("–" if np.isnan(row[one]) else f"{row[one]:.2g}" for one in COLUMNS)]
            for name, row in self.worst.items()
        ]
        under = f"worst error of the {self.what} at {self.points} points, in units in the last place"
        return table([self.what, *COLUMNS], rows) + "\n" + under


@kept
def accuracy(
    what: str = "value", names: tuple[str, ...] = tuple(LIBRARY), *, count: int = 40, seed: int = 0
) -> Accuracy:
    """Compare the package, SciPy and torch at ``3·count`` points that every type from float32 on can hold.

    They are normal ones, points over all that float32's exponential can tell apart, and points of all sizes. Points
    next to a root of a slope are left out, where units are as small as one likes. Raises ValueError for a part that is
    neither value nor slope, or an unknown name.

    >>> row = accuracy("value", ("sigmoid",), count=5).worst["sigmoid"]
    >>> row["package, 64"] < 4, row["package, 32"] <= 0.5001
    (True, True)
    """
    check.one_of("accuracy", "what", what, ("value", "slope"))
    names = tuple(
        check.one_of("accuracy", "names", name, LIBRARY) for name in check.several("accuracy", "names", names)
    )
    x = _points(check.whole("accuracy", "count", count), check.whole("accuracy", "seed", seed, 0))
    return Accuracy(what, x.size, {name: _row(what, name, x) for name in names})


def _points(count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    spread = np.exp(rng.uniform(-60, 4, count)) * rng.choice([-1, 1], count)
    x = np.concatenate([rng.normal(0, 3, count), rng.uniform(-110, 40, count), spread])
    return x.astype(np.float32).astype(np.float64)


def _row(what: str, name: str, x: np.ndarray) -> dict[str, float]:
    exact = (reference.value if what == "value" else reference.slope)(name, x)
    if what == "slope" and name in ("silu", "gelu", "mish"):
        away = (x < -3) | (x > 0)
        x, exact = x[away], exact[away]
    ours = getattr(values if what == "value" else slopes, name)
    x32 = x.astype(np.float32)
    found = {"package, 64": ours(x), "package, 32": ours(x32)}
    if what == "value":
        found["SciPy, 64"] = SCIPY[name](x)
    for kind in ("float64", "float32"):
        of_torch = evaluate(name, "torch", x, kind) if what == "value" else slope_by_torch(name, x, kind)
        found[f"torch, {kind[-2:]}"] = of_torch.astype(kind)
    return {one: float(reference.ulps(found[one], exact).max()) if one in found else np.nan for one in COLUMNS}


# --- where the digits go ---------------------------------------------------------------------------------------------


def digits_chart(activation: str = "gelu", kind: str = "float32", window: str = "−20 to 20") -> Chart:
    """The error of the formula as typed and of torch, by x: the worst of a few neighbours, on a log axis.

    Errors are drawn from a twentieth of a unit up to the line at which no digit is right; infinite results and NaN are
    drawn there too. The exact value is the package's in float64. Raises ValueError for an unknown choice.

    >>> digits_chart("tanh", "float16").words
    'tanh in float16 from −20 to 20: as typed no digit is right at 72 of 161 places, torch at 0.'
    """
    check.one_of("digits_chart", "activation", activation, TYPED)
    check.one_of("digits_chart", "kind", kind, tuple(TYPES)[:3])
    ends = {"−20 to 20": 20.0, "−120 to 120": 120.0}
    end = ends[check.one_of("digits_chart", "window", window, ends)]
    x = np.linspace(-end, end, 161)
    near = rounded(x[:, None] + end / 80 * (np.arange(3) - 1) / 3, kind)
    most = 2.0 ** (TYPES[kind].precision - 1)
    lines, lost = [], {}
    for form, colour, dash in (("as typed", "vermillion", "solid"), ("torch", "blue", "dashdot")):
        error = np.clip(_units(evaluate(activation, form, near, kind), activation, near, kind, most), 0.05, most)
        worst = error.max(axis=1)
        lost[form] = int((worst == most).sum())
        lines.append(Line(x, worst, label=form, colour=colour, dash=dash))
    marks = [
        Rule(0.5, "y", label="rounded once", dash="dotted"),
        Rule(most, "y", label="no digit right", dash="long"),
        *lines,
    ]
    words = (
        f"{activation} in {kind} from {window}: as typed no digit is right at {lost['as typed']} of {x.size} places, "
        f"torch at {lost['torch']}."
    )
    return Chart(Axis("x", limits=(-end, end)), Axis("units in the last place", "log", (0.03, 4 * most)), marks, words)


def _units(found: np.ndarray, name: str, x: np.ndarray, kind: str, most: float) -> np.ndarray:
    exact = getattr(values, name)(x)
    one, near = TYPES[kind], rounded(exact, kind)
    unit = np.ldexp(1.0, np.maximum(np.frexp(near)[1] - one.precision, one.smallest))
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs(found - exact) / unit
    error = np.where(found == near, np.minimum(error, 0.5), error)
    # A value that the type can hold, and that came out as 0, has lost all its digits however small it is.
    return np.where(np.isfinite(found) & ~((found == 0) & (near != 0)), error, most)
