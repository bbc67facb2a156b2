r"""SELU and its relatives through layers of an untrained network.

.. math:: z_l = W_l h_{l-1}, \qquad h_l = f(z_l), \qquad W_l \text{ with independent entries of variance } s/n
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import erfcx

from .. import slopes, values
from ..charts import Axis, Chart, Line, Points, Rule, style
from . import _checks as check
from ._kept import kept
from ._summary import in_words, mean_interval, table

__all__ = [
    "BREAKS",
    "CASES",
    "FAMILY",
    "VARIANCES",
    "Case",
    "Depths",
    "family_chart",
    "map_chart",
    "selu_map",
    "through_layers",
]

# --- through layers ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """An activation with weights of variance ``variance``/n; 0 stands for the variance that suits it, 1/E f(X)²."""

    activation: str
    variance: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "activation", check.activation("Case", self.activation))
        check.not_negative("Case", "variance", self.variance)


CASES: dict[str, Case] = {
    "relu": Case("relu", 0),
    "leaky_relu": Case("leaky_relu", 0),
    "elu": Case("elu", 0),
    "selu": Case("selu"),
}
BREAKS: dict[str, Case] = {
    "1/3": Case("selu", 1 / 3),
    "1/2": Case("selu", 1 / 2),
    "1": Case("selu"),
    "2": Case("selu", 2),
}
"""SELU with weights that are too small (as torch's default), small, right, and too large (as He's)."""


@dataclass(frozen=True, eq=False)
class Depths:
    """By label, each of shape (seeds, layers): the mean and the mean square of the outputs of each layer, and the mean
    square of a gradient there over that at the last layer.
    """

    seeds: tuple[int, ...]
    width: int
    mean: dict[str, np.ndarray]
    mean_square: dict[str, np.ndarray]
    gradient: dict[str, np.ndarray]

    def spread(self, label: str) -> np.ndarray:
        """The standard deviation over the seeds of the logarithm to base 10 of the last layer's mean square."""
        return np.log10(self.mean_square[label][:, -1]).std(ddof=1)

    def __repr__(self) -> str:
        rows = [
            [label, in_words(self.mean[label][:, -1]), in_words(self.mean_square[label][:, -1])] for label in self.mean
        ]
        layers = next(iter(self.mean.values())).shape[1]
        return table([f"after {layers} layers", "mean", "mean square"], rows)

    def chart(self, what: str = "mean_square") -> Chart:
        """``"mean"``, ``"mean_square"`` or ``"gradient"`` by layer with 95 % intervals; the last two on a log scale."""
        check.one_of("Depths", "what", what, ("mean", "mean_square", "gradient"))
        found, log = getattr(self, what), what != "mean"
        lines = []
        for (label, layers), look in zip(found.items(), self._looks(), strict=True):
            ends = mean_interval(np.log10(layers).T if log else layers.T)
            middle, low, high = (10**end if log else end for end in ends)
            lines.append(Line(np.arange(1, middle.size + 1), middle, label=label, lo=low, hi=high, **look))
        where = 0 if what == "gradient" else -1
        last = ", ".join(f"{line.label} {line.y[where]:.2g}" for line in lines).replace("-", "−")
        word = what.replace("_", " ")
        words = f"{word.capitalize()} by layer; in the {'first' if where == 0 else 'last'} layer: {last}."
        return Chart(
            "layer", Axis(f"{word} of the outputs" if where else word, "log" if log else "linear"), lines, words=words
        )

    def _looks(self) -> list[dict[str, str]]:
        if set(self.mean) <= set(CASES):
            return [style(label) for label in self.mean]
        looks = (("blue", "dotted"), ("purple", "dashdot"), ("green", "solid"), ("vermillion", "long"))
        return [{"colour": colour, "dash": dash} for colour, dash in looks[: len(self.mean)]]


@kept
def through_layers(
    cases: tuple[tuple[str, Case], ...] | None = None,
    seeds: Iterable[int] = range(20),
    *,
    depth: int = 50,
    width: int = 128,
    examples: int = 8,
) -> Depths:
    r"""Normal inputs through untrained layers, forwards; and a normal gradient from the last layer back to the first.

    .. math:: \delta_{l-1} = W_l^\top \bigl(f'(z_l)\, \delta_l\bigr)

    Every case sees the same inputs, gradients and weights, up to the factor of their variance. ``cases`` are pairs of a
    label and a :class:`Case`, by default ``CASES``. Raises ValueError, before any work, naming the field that is wrong.
    """
    cases = dict(CASES.items() if cases is None else check.several("through_layers", "cases", cases))
    seeds = check.some_seeds("through_layers", seeds, 2)
    for field, value in ("depth", depth), ("width", width), ("examples", examples):
        check.whole("through_layers", field, value)
    gains = {label: _suitable(case) for label, case in cases.items()}
    found: dict[str, list] = {label: [] for label in cases}
    for seed in seeds:
        rng = np.random.default_rng(seed)
        x, delta = rng.normal(size=(examples, width)), rng.normal(size=(examples, width))
        weights = rng.normal(size=(depth, width, width)) / np.sqrt(width)
        for label, case in cases.items():
            found[label].append(_pass(case.activation, gains[label], weights, x, delta))
    mean, square, gradient = (
        {label: np.stack([one[part] for one in runs]) for label, runs in found.items()} for part in range(3)
    )
    return Depths(seeds, width, mean, square, gradient)


@lru_cache
def _normal_nodes() -> tuple[np.ndarray, np.ndarray]:
    """Midpoints, so that the kink at 0 lies between them, and their weights under N(0, 1)."""
    at = np.arange(-12, 12, 0.002) + 0.001
    weight = np.exp(-(at**2) / 2)
    return at, weight / weight.sum()


def _suitable(case: Case) -> float:
    """The standard deviation of a weight, times √n."""
    if case.variance:
        return float(np.sqrt(case.variance))
    at, weight = _normal_nodes()
    return float((weight @ getattr(values, case.activation)(at) ** 2) ** -0.5)


def _pass(name: str, gain: float, weights: np.ndarray, h: np.ndarray, delta: np.ndarray) -> tuple[np.ndarray, ...]:
    """Mean and mean square of the outputs, and mean square of the gradient, layer by layer."""
    f, slope, sums = getattr(values, name), getattr(slopes, name), []
    mean, square, gradient = [], [], []
    for weight in weights:
        sums.append(h @ (gain * weight.T))
        h = f(sums[-1])
        mean.append(h.mean())
        square.append((h**2).mean())
    scale = (delta**2).mean()
    for weight, z in zip(weights[::-1], sums[::-1], strict=True):
        gradient.append((delta**2).mean() / scale)
        delta = (delta * slope(z)) @ (gain * weight)
    return np.array(mean), np.array(square), np.array(gradient[::-1])


# --- SELU's map -------------------------------------------------------------------------------------------------------


def selu_map(q: np.ndarray, variance: float = 1.0) -> np.ndarray:
    r"""The mean square that a wide SELU layer returns, from that of its inputs, in closed form.

    .. math:: M(sq) = \lambda^2\left(\tfrac{p}{2} + \tfrac{\alpha^2}{2}\left(
        \operatorname{erfcx}\sqrt{2p} - 2 \operatorname{erfcx}\sqrt{p/2} + 1\right)\right), \qquad p = sq

    >>> round(float(selu_map(1.0)), 14), bool(selu_map(0.5) > 0.5), bool(selu_map(2.0) < 2.0)
    (1.0, True, True)
    """
    scale, left = float(values.selu(1.0)), float(values.selu(-np.inf))
    p = variance * np.asarray(q, dtype=float)
    tails = erfcx(np.sqrt(2 * p)) - 2 * erfcx(np.sqrt(p / 2)) + 1
    return scale**2 * p / 2 + left**2 * tails / 2


def map_chart(variances: Sequence[float] = (1 / 3, 1, 2)) -> Chart:
    """SELU's map for several weight variances, with the line on which nothing changes."""
    q = np.linspace(0, 3, 151)
    looks = (("blue", "dotted"), ("green", "solid"), ("vermillion", "long"), ("purple", "dashdot"))
    marks = [Line(q, q, label="no change", colour="muted", dash="dashdotdot")]
    for s, (colour, dash) in zip(variances, looks, strict=False):
        marks.append(Line(q, selu_map(q, s), label=f"s = {s:.3g}", colour=colour, dash=dash))
    marks.append(Points([1], [1], colour="green"))
    words = "SELU's map from mean square in to mean square out; for s = 1 it crosses the diagonal at 1."
    return Chart(Axis("mean square in", limits=(0, 3)), Axis("mean square out", limits=(0, 3)), marks, words=words)


# --- the explorable ---------------------------------------------------------------------------------------------------

FAMILY = ("leaky ReLU", "ELU", "CELU", "scaled ELU")
"""The kinds of the explorable; a scaled ELU has the scale with which its mean square is 1 under N(0, 1)."""

VARIANCES: dict[str, float] = {"1/3": 1 / 3, "1": 1.0, "2": 2.0}
_LAYERS, _WIDTH = 10, 64
_X = np.linspace(-4, 4, 161)


def family_chart(kind: str, alpha: float, variance: str = "1") -> tuple[Chart, Chart]:
    """A member of the family with its slope, and what ten untrained layers of it do to mean and mean square.

    For leaky ReLU ``alpha`` is the slope on the left. Raises ValueError, naming the setting, for an unknown kind, an
    ``alpha`` that is not positive, and an unknown variance.

    >>> family_chart("leaky ReLU", 1.0)[0].words
    'Leaky ReLU with α = 1: the slope left of 0 is 1, and right of 0 it is 1.'
    """
    check.one_of("family_chart", "kind", kind, FAMILY)
    check.positive("family_chart", "alpha", alpha)
    check.one_of("family_chart", "variance", variance, VARIANCES)
    return _function_panel(kind, alpha), _layers_panel(kind, alpha, variance)


def _member(kind: str, alpha: float, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The value and the slope."""
    if kind == "leaky ReLU":
        return values.leaky_relu(x, negative_slope=alpha), slopes.leaky_relu(x, negative_slope=alpha)
    name, scale = ("celu", 1.0) if kind == "CELU" else ("elu", _scale(alpha) if kind == "scaled ELU" else 1.0)
    return scale * getattr(values, name)(x, alpha=alpha), scale * getattr(slopes, name)(x, alpha=alpha)


@lru_cache
def _scale(alpha: float) -> float:
    at, weight = _normal_nodes()
    return float((weight @ values.elu(at, alpha=alpha) ** 2) ** -0.5)


def _function_panel(kind: str, alpha: float) -> Chart:
    y, slope = _member(kind, alpha, _X)
    left, right = (float(_member(kind, alpha, np.array([at]))[1][0]) for at in (-1e-9, 1e-9))
    name = {"leaky ReLU": "leaky_relu", "scaled ELU": "selu"}.get(kind, kind.lower())
    colour = style(name)["colour"]
    kink = np.where((_X == 0) & (abs(left - right) > 1e-6), np.nan, slope)
    marks = [
        Rule(0, "y"),
        Line(_X, y, label="f", colour=colour),
        Line(_X, kink, label="f′", colour=colour, dash="dashed"),
    ]
    words = f"{kind[0].upper()}{kind[1:]} with α = {alpha:.5g}: the slope left of 0 is {left:.3g}, "
    words += f"and right of 0 it is {right:.3g}."
    return Chart(
        Axis("x", limits=(-4, 4)), Axis("f(x), f′(x)", limits=(-4.2, 4.2)), marks, words=words, title="Function"
    )


@lru_cache
def _draws() -> tuple[np.ndarray, np.ndarray]:
    """Inputs (seed, example, unit) and weights (layer, seed, unit, unit) of twenty seeds."""
    dice = [np.random.default_rng(seed) for seed in range(20)]
    x = np.stack([rng.normal(size=(4, _WIDTH)) for rng in dice])
    return x, np.stack([rng.normal(size=(_LAYERS, _WIDTH, _WIDTH)) / np.sqrt(_WIDTH) for rng in dice], axis=1)


def _layers_panel(kind: str, alpha: float, variance: str) -> Chart:
    h, weights = _draws()
    mean, square = [h.mean(axis=(1, 2))], [(h**2).mean(axis=(1, 2))]
    for weight in weights:
        h = _member(kind, alpha, h @ (np.sqrt(VARIANCES[variance]) * np.swapaxes(weight, 1, 2)))[0]
        mean.append(h.mean(axis=(1, 2)))
        square.append((h**2).mean(axis=(1, 2)))
    looks = {"mean": ("blue", "solid", mean), "mean square": ("orange", "long", square)}
    at, marks = np.arange(_LAYERS + 1), [Rule(0, "y"), Rule(1, "y")]
    for label, (colour, dash, rows) in looks.items():
        middle, low, high = mean_interval(np.stack(rows))
        marks.append(Line(at, middle, label=label, colour=colour, dash=dash, lo=low, hi=high))
    last = f"mean {np.mean(mean[-1]):.2g}, mean square {np.mean(square[-1]):.2g}".replace("-", "−")
    words = f"After ten layers with weights of variance {variance} over n: {last}."
    return Chart("layer", Axis("over units and inputs", limits=(-0.6, 3)), marks, words=words, title="Ten layers")
