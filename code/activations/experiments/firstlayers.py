r"""Random deep layers before any training: what they do to lengths, and to the whole sphere of directions.

A ReLU layer of width n with weights of variance 2/n multiplies the mean square of its input by

.. math:: R = \frac{2}{n}\, \chi^2_K, \qquad K \sim \text{Binomial}(n, \tfrac12),

whatever the input: only its length matters, as normal weights look the same from every direction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from .. import slopes, values
from ..charts import Axis, Chart, Line, Rule, style
from . import _checks as check
from ._kept import kept
from ._summary import in_words, mean_interval, table
from .ensemble import Network
from .meanfield import edge
from .moments import gain, slope_square
from .propagation import propagate

__all__ = ["Isometry", "Lengths", "TwoWays", "isometry", "log_factor", "relu_lengths", "two_ways"]

LEAST_WIDTH = 16  # narrower layers now and then have no active unit at all, and a length of 0 has no logarithm


# --- lengths ----------------------------------------------------------------------------------------------------------


def log_factor(width: int) -> tuple[float, float]:
    r"""The mean and the deviation of log R for one ReLU layer with He's weights, given that a unit is active.

    .. math:: \log R = \log\tfrac2n + \log \chi^2_K, \qquad
        \mathrm E \log \chi^2_k = \psi(\tfrac k2) + \log 2, \qquad \operatorname{Var} \log \chi^2_k = \psi'(\tfrac k2)

    >>> mean, deviation = log_factor(1000)
    >>> round(1000 * mean, 1), round(1000 * deviation**2, 1)
    (-2.5, 5.0)
    """
    k = np.arange(1, check.whole("log_factor", "width", width) + 1)
    share = stats.binom.pmf(k, width, 0.5)
    share /= share.sum()
    means = np.log(2 / width) + special.digamma(k / 2) + np.log(2)
    mean = float(share @ means)
    return mean, float(share @ (special.polygamma(1, k / 2) + (means - mean) ** 2)) ** 0.5


@dataclass(frozen=True, eq=False, repr=False)
class Lengths:
    """Mean squares after each ReLU layer, from 1, by (width, layer, seed), for weights of variance factor/width."""

    factor: float
    widths: tuple[int, ...]
    depth: int
    seeds: tuple[int, ...]
    length: np.ndarray

    @property
    def one_layer(self) -> np.ndarray:
        """The factor of a layer, averaged over the layers, by width and seed."""
        return (self.length[:, 1:] / self.length[:, :-1]).mean(axis=1)

    def predicted(self, width: int) -> tuple[float, float]:
        """The mean and the deviation of the logarithm of the last mean square."""
        mean, deviation = log_factor(width)
        return self.depth * (mean + np.log(self.factor / 2)), deviation * self.depth**0.5

    def __repr__(self) -> str:
        rows = []
        for row, width in enumerate(self.widths):
            mean, deviation = self.predicted(width)
            last = np.log(self.length[row, -1])
            found = [in_words(self.one_layer[row]), in_words(last), f"{mean:.3g}", f"{last.std(ddof=1):.3g}"]
            rows.append([width, *found, f"{deviation:.3g}"])
        header = ["width", "factor a layer", f"log after {self.depth}", "predicted", "spread", "predicted"]
        return table(header, rows)

    def chart(self) -> Chart:
        """Middle four fifths of the draws by layer, and the predicted course of the mean logarithm."""
        looks = (("vermillion", "long"), ("blue", "solid"), ("green", "dashdot"), ("purple", "dotted"))
        layers, marks = np.arange(self.depth + 1), [Rule(1.0, "y")]
        for (colour, dash), width, length in zip(looks, self.widths, self.length, strict=False):
            low, middle, high = np.quantile(length, [0.1, 0.5, 0.9], axis=-1)
            marks.append(Line(layers, middle, lo=low, hi=high, label=f"width {width}", colour=colour, dash=dash))
        ends = ", ".join(
            f"{np.median(one[-1]):.2g} at width {w}" for w, one in zip(self.widths, self.length, strict=True)
        )
        words = f"Median mean square after {self.depth} ReLU layers: {ends}; the bands hold four fifths of the draws."
        return Chart("layer", Axis("mean square", "log"), marks, words=words)


@kept
def relu_lengths(
    factor: float = 2.0, widths: Sequence[int] = (16, 64, 128), depth: int = 50, seeds: Sequence[int] = range(60)
) -> Lengths:
    """The mean square of the signal by layer in networks of ReLUs with normal weights and no biases.

    Raises ValueError, naming the field, for a factor that is not positive and for widths below 16.
    """
    check.positive("relu_lengths", "factor", factor)
    widths = tuple(check.whole("relu_lengths", "widths", w, LEAST_WIDTH) for w in widths)
    depth, seeds = check.whole("relu_lengths", "depth", depth), check.some_seeds("relu_lengths", seeds)
    length = [[_lengths(width, depth, factor, seed) for seed in seeds] for width in widths]
    return Lengths(float(factor), widths, depth, seeds, np.array(length).swapaxes(1, 2))


def _lengths(width: int, depth: int, factor: float, seed: int) -> list[float]:
    rng = np.random.default_rng(seed)
    h = rng.standard_normal(width)
    h /= np.sqrt(np.mean(h**2))
    found = [1.0]
    for _ in range(depth):
        h = values.relu((factor / width) ** 0.5 * (rng.standard_normal((width, width)) @ h))
        found.append(float(np.mean(h**2)))
    return found


# --- forward and back -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class TwoWays:
    """Digits sent forward, and gradients back, with each activation's gain: lengths and factors of a layer.

    ``length[activation]`` is (seed, layer); ``back[activation]``, one a seed, is the factor a layer on the mean square
    of the gradient on its way to the input; ``predicted[activation]`` is that factor where the mean square is 1.
    """

    depth: int
    width: int
    seeds: tuple[int, ...]
    length: dict[str, np.ndarray]
    back: dict[str, np.ndarray]
    predicted: dict[str, float]

    def __repr__(self) -> str:
        rows = [
            [name, in_words(length[:, -1]), f"{self.predicted[name]:.3f}", in_words(self.back[name], 4)]
            for name, length in self.length.items()
        ]
        return table(["activation", f"mean square after {self.depth}", "χ", "back, a layer"], rows)

    def chart(self) -> Chart:
        """The mean square of the weighted sums by layer, as geometric means with their intervals."""
        layers, marks = np.arange(1, self.depth + 1), [Rule(1.0, "y")]
        for name, length in self.length.items():
            mean, low, high = (np.exp(end) for end in mean_interval(np.log(length.T)))
            marks.append(Line(layers, mean, lo=low, hi=high, label=name, **style(name)))
        last = ", ".join(f"{name} {length[:, -1].mean():.2g}" for name, length in self.length.items())
        words = f"Mean square of the weighted sums after {self.depth} layers with the gain of each: {last}."
        return Chart("layer", Axis("mean square", "log"), marks, words=words)


@kept
def two_ways(
    activations: Sequence[str] = ("relu", "tanh", "selu", "gelu"),
    depth: int = 30,
    width: int = 128,
    seeds: Sequence[int] = range(20),
) -> TwoWays:
    """Signals and gradients in random networks whose weights have each activation's gain.

    The factor of a layer is taken from layer 5 to the last, where lengths have settled if they settle. Raises
    ValueError, naming the field, for an unknown activation and for a depth below 7.
    """
    check.whole("two_ways", "depth", depth, 7)
    names = [check.activation("two_ways", name) for name in check.several("two_ways", "activations", activations)]
    seeds = check.some_seeds("two_ways", seeds)
    back, length = {}, {}
    for name in names:
        settings = {"gains": (gain(name),), "depths": (depth,), "examples": 16, "measures": ("delta", "mean_square")}
        run = propagate(Network(width=width), activations=[name], seeds=seeds, **settings)
        delta, length[name] = (run.layers(measure, name, depth) for measure in settings["measures"])
        back[name] = (delta[:, 4] / delta[:, -1]) ** (2 / (depth - 5))
    predicted = {name: gain(name) ** 2 * slope_square(name) for name in names}
    return TwoWays(depth, width, seeds, length, back, predicted)


# --- all directions at once -------------------------------------------------------------------------------------------

CASES: Mapping[str, str] = {"identity": "a linear network", "relu": "ReLU", "tanh": "tanh"}
_LOOKS = {"identity": "muted", "relu": "ink", "tanh": "vermillion"}


@dataclass(frozen=True, eq=False, repr=False)
class Isometry:
    """Singular values of the Jacobian, largest first, over their root mean square: one row an activation and scheme.

    ``values`` has the axes (activation, scheme, seed, rank); the schemes are normal and orthogonal weights.
    """

    activations: tuple[str, ...]
    depth: int
    width: int
    seeds: tuple[int, ...]
    length: float
    values: np.ndarray

    schemes = ("normal", "orthogonal")

    def largest(self, activation: str, scheme: str) -> np.ndarray:
        """The largest singular value over the root mean square, by seed: 1 where all are equal."""
        return self.values[self.activations.index(activation), self.schemes.index(scheme), :, 0]

    def __repr__(self) -> str:
        rows = []
        for activation in self.activations:
            for scheme in self.schemes:
                found = self.values[self.activations.index(activation), self.schemes.index(scheme)]
                middle = np.median(found, axis=-1)
                rows.append([activation, scheme, in_words(found[:, 0]), f"{middle.mean():.2g}"])
        return table(["activation", "weights", "largest over rms", "median over rms"], rows)

    def chart(self) -> Chart:
        """Singular values by rank, the mean over the seeds of their logarithms, none below 1e-6."""
        rank, marks = np.arange(1, self.width + 1), [Rule(1.0, "y")]
        for name, by_scheme in zip(self.activations, self.values, strict=True):
            for scheme, dash, found in zip(self.schemes, ("dotted", "solid"), by_scheme, strict=True):
                mean = np.exp(np.log(np.maximum(found, 1e-12)).mean(axis=0))
                shown = np.where(mean > 1e-6, mean, np.nan)
                marks.append(Line(rank, shown, label=f"{name}, {scheme}", colour=_LOOKS[name], dash=dash))
        words = f"Singular values after {self.depth} layers: level for orthogonal weights with tanh, steep for normal "
        words += "weights and for ReLU with either."
        return Chart("rank of the singular value", Axis("over the root mean square", "log"), marks, words=words)


@kept
def isometry(
    activations: Sequence[str] = ("identity", "tanh", "relu"),
    depth: int = 30,
    width: int = 64,
    seeds: Sequence[int] = range(20),
    length: float = 1 / 32,
) -> Isometry:
    """The singular values of the Jacobian of a deep random network at one random input.

    Tanh runs on its edge of chaos with signals of the mean square ``length``, ReLU with He's weights, and the identity
    with weights of variance 1/fan-in; orthogonal weights have the same mean square. Raises ValueError, naming the
    field, for an activation other than these.
    """
    chosen = tuple(check.one_of("isometry", "activations", name, CASES) for name in activations)
    depth, width = check.whole("isometry", "depth", depth), check.whole("isometry", "width", width, 2)
    seeds, length = check.some_seeds("isometry", seeds), check.positive("isometry", "length", length)
    found = [_spectra(chosen, depth, width, length, seed) for seed in seeds]
    return Isometry(chosen, depth, width, seeds, length, np.stack(found, axis=2))


def _spectra(chosen: Sequence[str], depth: int, width: int, length: float, seed: int) -> np.ndarray:
    """Shape (activation, scheme, rank); all use the same draws."""
    rng = np.random.default_rng(seed)
    start, biases = rng.standard_normal(width), rng.standard_normal((depth, width))
    normal = rng.standard_normal((depth, width, width)) / width**0.5
    q, r = np.linalg.qr(normal)
    orthogonal = q * np.sign(np.diagonal(r, axis1=1, axis2=2))[:, None, :]
    return np.array([[_spectrum(name, w, biases, start, length) for w in (normal, orthogonal)] for name in chosen])


def _spectrum(name: str, weights: np.ndarray, biases: np.ndarray, start: np.ndarray, length: float) -> np.ndarray:
    f, slope, (scale, shift) = getattr(values, name), getattr(slopes, name), _setting(name, length)
    z, jacobian = (length / np.mean(start**2)) ** 0.5 * start, np.eye(len(start))
    for weight, bias in zip(weights, biases, strict=True):
        jacobian = scale * weight @ (slope(z)[:, None] * jacobian)
        z = scale * weight @ f(z) + shift * bias
    found = np.linalg.svd(jacobian, compute_uv=False)
    return found / np.sqrt(np.mean(found**2))


def _setting(name: str, length: float) -> tuple[float, float]:
    if name == "tanh":
        on_edge = edge("tanh", [length])
        return float(on_edge.weight[0]), float(on_edge.bias[0])
    return (2**0.5, 0.0) if name == "relu" else (1.0, 0.0)
