r"""How far a gradient comes: through one chain of sigmoid units, and through untrained layers of every kind.

A chain computes :math:`a_l = \sigma(w a_{l-1} + b)`; what flows back through it is multiplied by

.. math:: \frac{\partial a_L}{\partial a_0} = \prod_{l=1}^{L} w\,\sigma'(z_l).

A layer multiplies by its Jacobian. What comes through a stack is measured by the root mean square over all directions,
which is the Jacobian's Frobenius norm over the square root of the width.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from .. import slopes, values
from ..charts import Axis, Chart, HeatMap, Line, Rule, style
from . import _checks as check
from ._kept import kept
from ._summary import mean_interval, table
from .ensemble import Ensemble, Network
from .propagation import Propagation, backward, first_digits, jacobians, propagate

__all__ = [
    "Corners",
    "Stretch",
    "Updates",
    "chain",
    "chain_chart",
    "first_updates",
    "gradient_chart",
    "products",
    "stretch",
    "three_units",
    "window_charts",
]

# --- one chain of sigmoid units ---------------------------------------------------------------------------------------

_INPUTS = np.linspace(0, 1, 401)


def chain(inputs: np.ndarray, weight: float, depth: int, bias: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    r"""The output of a chain of equal sigmoid units, and its slope in the input.

    The bias centres the unit, :math:`b = -w/2`, unless it is given. Raises ValueError for a depth below 1.

    >>> output, slope = chain(np.array([0.5]), 4.0, 10)
    >>> float(output[0]), float(slope[0])
    (0.5, 1.0)
    """
    check.whole("chain", "depth", depth)
    bias = -weight / 2 if bias is None else bias
    a, slope = np.asarray(inputs, dtype=float), np.ones(np.shape(inputs))
    for _ in range(depth):
        z = weight * a + bias
        a, slope = values.sigmoid(z), slope * weight * slopes.sigmoid(z)
    return a, slope


def chain_chart(weight: float, depth: int) -> Chart:
    """The slope of a chain of centred units over its input; the area under it is the rise of its output."""
    output, slope = chain(_INPUTS, weight, depth)
    rise, share = abs(output[-1] - output[0]), np.mean(np.abs(slope) >= 1)
    lines = [
        Rule(1, "y", label="unchanged", colour="muted", dash="dotted"),
        Line(_INPUTS, np.abs(slope), label="|∂a_L / ∂a₀|", **style("sigmoid")),
    ]
    words = f"Depth {depth}, weights {weight:g}: the largest factor is {np.abs(slope).max():.2g}, the area {rise:.4f}, "
    words += f"and the gradient arrives whole or larger from {share:.1%} of the inputs."
    axis = Axis("size of the gradient that arrives", limits=(0, 6))
    return Chart(Axis("input a₀", limits=(0, 1)), axis, lines, words=words)


def window_charts(largest: float = 20.0, points: int = 161) -> tuple[Chart, Chart]:
    r"""Where a centred unit's factor reaches 1, and the width of that window by the size of the weight.

    .. math:: \{a : |w\,\sigma'(w(a - \tfrac12))| \ge 1\}, \qquad
        \text{width} = \tfrac{4}{s}\operatorname{arcosh}\tfrac{\sqrt s}{2}

    Raises ValueError for a largest weight of 4 or less, where there is no window.
    """
    if not largest > 4:
        raise ValueError(f"window_charts: largest must be above 4, got {largest}")
    size, a = np.linspace(0, largest, points), np.linspace(0, 1, 101)
    factor = size * slopes.sigmoid(size * (a[:, None] - 0.5))
    s = np.linspace(4, largest, points)
    width = 4 / s * np.arccosh(np.sqrt(s) / 2)
    top = int(width.argmax())
    words = "The factor of a centred sigmoid unit is 1 or more inside a tongue that opens at the weight 4."
    tongue = HeatMap(size, a, factor, "|w σ′(z)|", levels=(1,), limits=(0, 2))
    widths = f"The tongue is widest, {width[top]:.3f}, near the weight {s[top]:.1f}, and narrows from there."
    line = Line(s, width, label="width of the window", **style("sigmoid"))
    return (
        Chart("size of the weight", "input a", [tongue], words=words, title="The factor"),
        Chart(Axis("size of the weight", limits=(0, largest)), "width", [line], words=widths, title="The window"),
    )


# --- untrained layers -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class Stretch:
    """``powers[scheme, activation]``, the decimal logarithms of the stretch, by seed and by number of layers passed."""

    activations: tuple[str, ...]
    schemes: tuple[str, ...]
    layers: np.ndarray
    powers: dict[tuple[str, str], np.ndarray]

    def last(self, scheme: str, activation: str) -> np.ndarray:
        """The decimal logarithm of the stretch through all layers, one a seed."""
        return self.powers[scheme, activation][:, -1]

    def __repr__(self) -> str:
        rows = [[name, *(_give_or_take(self.last(one, name)) for one in self.schemes)] for name in self.activations]
        return table([f"log10, {self.layers[-1]} layers", *self.schemes], rows)

    def chart(self, scheme: str) -> Chart:
        """The stretch by the number of layers as a power of ten, one line an activation; −40 to 10 fits in."""
        check.one_of("Stretch", "scheme", scheme, self.schemes)
        lines = [Rule(0, "y", colour="muted", dash="dotted")]
        for name in self.activations:
            mean, low, high = mean_interval(self.powers[scheme, name].T)
            lines.append(Line(self.layers, mean, label=name, lo=low, hi=high, **style(name)))
        last = ", ".join(f"{name} 10^{self.last(scheme, name).mean():.1f}" for name in self.activations)
        words = f"Start “{scheme}”: after {self.layers[-1]} layers the gradient is multiplied by {last}."
        axis = Axis("power of ten", limits=(-40, 10))
        return Chart("layers passed", axis, lines, words=words.replace("-", "−"), title=scheme)


def _give_or_take(values: np.ndarray) -> str:
    mean, _, high = mean_interval(values)
    return f"{mean:.1f} ± {high - mean:.1f}".replace("-", "−")


@kept
def stretch(
    activations: Sequence[str] = ("sigmoid", "tanh", "relu", "identity"),
    schemes: Sequence[str] = ("small", "glorot", "he"),
    *,
    depth: int = 51,
    width: int = 32,
    gain: float = 1.0,
    seeds: Iterable[int] = range(20),
) -> Stretch:
    r"""By what an untrained stack multiplies a gradient: activation × start × number of layers passed × seed.

    .. math:: \frac{1}{\sqrt n} \left\lVert \prod_{l=2}^{L} \operatorname{diag}(\varphi'(z_l))\, W_l \right\rVert_F

    It is the root mean square of the stretch over all directions, and 0 (a power of −∞) where no unit of a layer is
    open. The input is the first digit. Raises ValueError, before any work, naming the field that is wrong.

    >>> stretch(["relu"], ["he"], depth=4, seeds=range(2)).last("he", "relu").shape
    (2,)
    """
    names = tuple(check.activation("stretch", name) for name in check.several("stretch", "activations", activations))
    schemes = check.several("stretch", "schemes", schemes)
    check.whole("stretch", "depth", depth, 2)
    cases = {(one, name): Network(name, depth, width, one, gain) for one in schemes for name in names}
    seeds = check.some_seeds("stretch", seeds)
    powers = {}
    for case, network in cases.items():
        squares = np.square(jacobians(network, seeds)[:, :, 0]).mean(axis=-1).sum(axis=-1)
        with np.errstate(divide="ignore"):
            powers[case] = 0.5 * np.log10(squares).T
    return Stretch(names, schemes, np.arange(1, depth), powers)


def products(network: Network, seeds: Iterable[int] = range(20), *, examples: int = 32) -> np.ndarray:
    r"""The sum over all weights of a layer of weight times slope, by seed and layer, the outputs' layer last.

    .. math:: \langle W_l, \partial L / \partial W_l \rangle

    >>> each = products(Network("relu", depth=4, width=8), range(2))
    >>> bool(np.allclose(each, each[:, :1]))
    True
    """
    ensemble = Ensemble(network, check.some_seeds("products", seeds))
    gradients = backward(ensemble, *first_digits(check.whole("products", "examples", examples)))[1]
    pairs = zip(ensemble.weights(), gradients, strict=True)
    return np.stack([(weight.detach() * slope).sum(dim=(-2, -1))[0].numpy() for weight, slope in pairs], axis=-1)


@dataclass(frozen=True, eq=False, repr=False)
class Corners:
    """``power[start, activation]``, the decimal logarithm of first over last error signal, one a seed."""

    power: dict[tuple[str, str], np.ndarray]

    def __repr__(self) -> str:
        starts, names = (list(dict.fromkeys(case[place] for case in self.power)) for place in (0, 1))
        rows = [[name, *(_give_or_take(self.power[start, name]) for start in starts)] for name in names]
        return table(["log10 of first/last error", *starts], rows)


def three_units(
    starts: Sequence[str] = ("small", "glorot"),
    activations: Sequence[str] = ("sigmoid", "relu"),
    *,
    depth: int = 5,
    seeds: Iterable[int] = range(20),
) -> Corners:
    """The popular demonstration with all its corners: layers of three units, biases of 1, each start, each activation.

    Raises ValueError, naming the field, for an unknown start or activation.
    """
    power, seeds = {}, check.some_seeds("three_units", seeds)
    for start in check.several("three_units", "starts", starts):
        network = Network(width=3, scheme=start, bias=1.0)
        run = propagate(network, activations=tuple(activations), depths=(depth,), seeds=seeds, measures=("delta",))
        for name in run.activations:
            power[start, name] = np.log10(run.ratio(name, depth, measure="delta"))
    return Corners(power)


# --- what the optimiser does with it ----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class Updates:
    """The size of the first update over the size of the weights, ``size[optimiser]`` by seed and hidden layer."""

    network: Network
    rates: dict[str, float]
    size: dict[str, np.ndarray]

    def gap(self, optimiser: str) -> np.ndarray:
        """How many powers of ten the first layer's update lies below the last one's, one a seed."""
        size = np.log10(self.size[optimiser])
        return size[:, -1] - size[:, 0]

    def __repr__(self) -> str:
        ends = {"first layer": 0, "middle": self.network.depth // 2, "last layer": -1}
        rows = [
            [name, *(_give_or_take(np.log10(size[:, at])) for at in ends.values())] for name, size in self.size.items()
        ]
        return table(["log10 of the update", *ends], rows)

    def chart(self) -> Chart:
        """Update over weight by layer, one line an optimiser."""
        looks, lines = {"sgd": ("blue", "solid"), "adam": ("vermillion", "long")}, []
        for name, size in self.size.items():
            mean, low, high = (10.0**end for end in mean_interval(np.log10(size).T))
            colour, dash = looks[name]
            layers = np.arange(1, self.network.depth + 1)
            lines.append(Line(layers, mean, label=name, colour=colour, dash=dash, lo=low, hi=high, dots=True))
        gaps = " and ".join(f"{self.gap(name).mean():.1f} powers of ten for {name}" for name in self.size)
        words = f"The first layer's update lies below the last one's by {gaps}."
        return Chart("layer", Axis("first update ÷ weights", "log"), lines, words=words)


@kept
def first_updates(
    network: Network, *, sgd: float = 0.1, adam: float = 0.001, examples: int = 64, seeds: Iterable[int] = range(20)
) -> Updates:
    r"""The first step of each optimiser, layer by layer, from the same gradient g.

    .. math:: \frac{\eta\, \lVert g \rVert}{\lVert W \rVert} \text{ (gradient descent)}, \qquad
        \frac{\eta}{\lVert W \rVert} \left\lVert \frac{g}{|g| + 10^{-8}} \right\rVert \text{ (Adam)}

    Raises ValueError, naming the field, for a rate that is not positive or no seed.
    """
    rates = {name: check.positive("first_updates", name, rate) for name, rate in (("sgd", sgd), ("adam", adam))}
    ensemble = Ensemble(network, check.some_seeds("first_updates", seeds))
    gradients = backward(ensemble, *first_digits(check.whole("first_updates", "examples", examples)))[1]
    size: dict[str, list] = {name: [] for name in rates}
    for weight, g in zip(ensemble.weights()[:-1], gradients[:-1], strict=True):
        length = weight.detach()[0].norm(dim=(-2, -1))
        size["sgd"].append(sgd * g[0].norm(dim=(-2, -1)) / length)
        size["adam"].append(adam * (g[0] / (g[0].abs() + 1e-8)).norm(dim=(-2, -1)) / length)
    return Updates(network, rates, {name: np.stack(found, axis=-1) for name, found in size.items()})


# --- the explorable ---------------------------------------------------------------------------------------------------

GAINS = (0.5, 1.0, 1.41, 2.0, 4.0, 8.0, 11.0, 16.0)
DEPTHS = (2, 5, 10, 20, 30)
_POWERS = -16, 8


@cache
def _measured(activation: str) -> Propagation:
    return propagate(
        activations=(activation,), gains=GAINS, depths=DEPTHS, seeds=range(20), measures=("gradient", "delta")
    )


def gradient_chart(activation: str, depth: int, gain: float) -> Chart:
    """The error signal and the gradient of the weights by layer, in untrained networks with weights of gain²/fan-in.

    Raises ValueError for an activation, a depth or a gain that was not measured.
    """
    found = _measured(check.one_of("gradient_chart", "activation", activation, ("sigmoid", "tanh", "relu")))
    lines, first = [Rule(0, "y", colour="muted", dash="dotted")], {}
    own = style(activation)["colour"]
    looks = {"delta": ("error signal δ", own, "solid"), "gradient": ("gradient of the weights", "orange", "long")}
    for measure, (label, colour, dash) in looks.items():
        powers = np.log10(np.maximum(found.layers(measure, activation, depth, gain), 1e-99))
        powers = powers - powers[:, -1:]
        # Every frame needs as many points: the last layer's stand on top of each other.
        at = np.minimum(np.arange(DEPTHS[-1]), depth - 1)
        mean, low, high = mean_interval(powers.T[at])
        lines.append(Line(at + 1.0, mean, label=label, colour=colour, dash=dash, lo=low, hi=high))
        first[measure] = mean[0]
    words = f"{activation}, {depth} layers, gain {gain:g}: the error signal at the first layer is "
    words += f"10^{first['delta']:.1f} times that at the last.".replace("-", "−")
    axis = Axis("power of ten, against the last layer", limits=_POWERS)
    return Chart(Axis("layer", limits=(1, DEPTHS[-1])), axis, lines, words=words)
