r"""What the mean of the inputs does to the curvature, from layer to layer, and to training.

The curvature that a neuron's weights see is :math:`\mathrm E[a a^\top]`, the second moments of its inputs. Its
condition number κ, the largest eigenvalue over the smallest, says how many steps gradient descent needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .. import modules, values
from ..charts import Axis, Chart, Line, Points, style
from ..properties import fact_sheet
from . import _checks as check
from ._kept import kept
from ._summary import in_words, mean_interval, table
from .digits import split
from .ensemble import Ensemble, Layer, Network
from .propagation import losses

__all__ = [
    "FINE_RATES",
    "IDEALS",
    "PAIRS",
    "Conditioning",
    "Offsets",
    "Race",
    "Variant",
    "condition",
    "conditioning",
    "offsets_by_layer",
    "predicted",
    "race",
]


# --- independent inputs -----------------------------------------------------------------------------------------------


def condition(second_moments: np.ndarray) -> np.ndarray:
    r"""The condition number of symmetric matrices of shape (…, n, n), :math:`\lambda_{\max} / \lambda_{\min}`.

    >>> round(float(condition(np.eye(4) + 1)), 12)
    5.0
    """
    eigenvalues = np.linalg.eigvalsh(second_moments)
    return eigenvalues[..., -1] / eigenvalues[..., 0]


def predicted(activation: str, inputs: int) -> float:
    r"""The condition number of independent outputs of an activation whose inputs are N(0, 1), from its fact sheet.

    .. math:: \kappa = 1 + n \, \frac{(\mathrm E f)^2}{\operatorname{Var} f}

    >>> round(predicted("relu", 50), 2), predicted("tanh", 50)
    (24.35, 1.0)
    """
    sheet = fact_sheet(check.activation("predicted", activation))
    mean, square = (float(sheet[key].value) for key in ("mean", "second_moment"))
    return 1 + inputs * mean**2 / (square - mean**2)


@dataclass(frozen=True, eq=False, repr=False)
class Conditioning:
    """Condition numbers of E[aaᵀ]: ``measured[activation]`` has one row a number of inputs and one column a seed."""

    activations: tuple[str, ...]
    inputs: tuple[int, ...]
    examples: int
    seeds: tuple[int, ...]
    measured: dict[str, np.ndarray]

    def __repr__(self) -> str:
        rows = [
            [name, n, f"{predicted(name, n):.3g}", in_words(self.measured[name][row])]
            for name in self.activations
            for row, n in enumerate(self.inputs)
        ]
        return table(["activation", "inputs", "1 + n·mean²/variance", "measured"], rows)

    def chart(self) -> Chart:
        """Lines from the formula, points from the measurement."""
        marks = []
        for name in self.activations:
            n, look = np.array(self.inputs), style(name)
            mean, low, high = mean_interval(self.measured[name])
            marks.append(Line(n, [predicted(name, one) for one in self.inputs], label=f"{name}, formula", **look))
            marks.append(Points(n, mean, lo=low, hi=high, label=f"{name}, measured", colour=look["colour"]))
        last = ", ".join(f"{name} {self.measured[name][-1].mean():.3g}" for name in self.activations)
        words = f"Condition numbers rise with the number of inputs. At {self.inputs[-1]} inputs: {last}."
        return Chart("independent inputs n", Axis("condition number", "log"), marks, words=words)


@kept
def conditioning(
    activations: Sequence[str] = ("sigmoid", "relu", "elu", "tanh"),
    inputs: Sequence[int] = (2, 5, 10, 20, 50),
    *,
    examples: int = 10_000,
    seeds: Sequence[int] = range(20),
) -> Conditioning:
    r"""The condition number of :math:`\frac1N \sum_k a_k a_k^\top` for independent :math:`a_{ki} = f(x_{ki})`.

    The x are N(0, 1), the same for every activation. Raises ValueError, naming the field, for a bad setting.

    >>> conditioning(("tanh",), (1,), examples=9, seeds=range(2)).measured["tanh"].tolist()
    [[1.0, 1.0]]
    """
    who = "conditioning"
    names = tuple(check.activation(who, name) for name in check.several(who, "activations", activations))
    inputs = tuple(check.whole(who, "inputs", one) for one in check.several(who, "inputs", inputs))
    check.whole(who, "examples", examples, max(inputs) + 1)
    seeds = check.some_seeds(who, seeds)
    measured = {name: np.empty((len(inputs), len(seeds))) for name in names}
    for column, seed in enumerate(seeds):
        x = np.random.default_rng(seed).normal(size=(examples, max(inputs)))
        for name in names:
            signals = getattr(values, name)(x)
            moments = signals.T @ signals / examples
            measured[name][:, column] = [float(condition(moments[:n, :n])) for n in inputs]
    return Conditioning(names, inputs, examples, seeds, measured)


# --- from layer to layer ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class Offsets:
    """Means of a layer's outputs and their ratios: ``ratio[network]`` and ``steepest[network]`` are (layer, seed).

    ``ratio`` is the mean square of the units' means over the mean of their variances, across examples; ``steepest`` the
    share of the trace of E[aaᵀ] that its largest eigenvalue holds.
    """

    networks: tuple[str, ...]
    depth: int
    width: int
    seeds: tuple[int, ...]
    ratio: dict[str, np.ndarray]
    steepest: dict[str, np.ndarray]

    def __repr__(self) -> str:
        normalised = [name for name in self.networks if name.endswith(_NORMALISED)]
        plain = [name for name in self.networks if name not in normalised]
        tables = "\n\n".join(self._table(names) for names in (plain, normalised) if names)
        return f"{tables}\nmean² / variance, {len(self.seeds)} seeds"

    def _table(self, networks: Sequence[str]) -> str:
        layers = sorted({0, 1, 3, self.depth - 1} & set(range(self.depth)))
        rows = [[layer + 1, *(in_words(self.ratio[name][layer], 2) for name in networks)] for layer in layers]
        return table(["layer", *networks], rows)

    def chart(self) -> Chart:
        """The ratio by layer, on a log axis; networks with batch normalisation have dots."""
        lines = [self._line(name) for name in self.networks]
        last = ", ".join(f"{name} {self.ratio[name][-1].mean():.3g}" for name in self.networks)
        words = f"Mean² over variance of the outputs, layer by layer. At layer {self.depth}: {last}."
        return Chart("layer", Axis("mean² / variance", "log"), lines, words=words)

    def _line(self, name: str) -> Line:
        mean, low, high = (np.exp(end) for end in mean_interval(np.log(self.ratio[name])))
        normalised = name.endswith(_NORMALISED)
        look = style(name.removesuffix(_NORMALISED)) | ({"dash": "dotted"} if normalised else {})
        return Line(np.arange(1, self.depth + 1), mean, label=name, lo=low, hi=high, dots=normalised, **look)


_NORMALISED = " + batch norm"


@kept
def offsets_by_layer(
    activations: Sequence[str] = ("sigmoid", "relu", "tanh"),
    *,
    normalise: Sequence[bool] = (False, True),
    depth: int = 8,
    width: int = 64,
    examples: int = 256,
    seeds: Sequence[int] = range(20),
) -> Offsets:
    r"""How large the mean of a layer's outputs is beside their spread, in untrained networks that read digits.

    .. math:: \frac{\sum_i \bar a_i^2}{\sum_i \operatorname{Var} a_i}

    Weights are normal of variance 1/fan-in, the same for every activation. Raises ValueError for a bad setting.

    >>> offsets_by_layer(("relu",), depth=2, width=4, examples=9, seeds=range(3)).ratio["relu"].shape
    (2, 3)
    """
    who = "offsets_by_layer"
    names = tuple(check.activation(who, name) for name in check.several(who, "activations", activations))
    check.whole(who, "examples", examples, 2)
    seeds, x = check.some_seeds(who, seeds), torch.tensor(split().train[:examples])
    ratio, steepest = {}, {}
    for name in names:
        for normal in check.several(who, "normalise", normalise):
            network = Network(name, depth=depth, width=width, normalise=bool(normal))
            with torch.no_grad():
                outputs = [layer[0] for layer in Ensemble(network, seeds)(x).outputs]
            key = name + _NORMALISED * bool(normal)
            ratio[key], steepest[key] = (np.stack(part) for part in zip(*map(_offset, outputs), strict=True))
    return Offsets(tuple(ratio), depth, width, seeds, ratio, steepest)


def _offset(outputs: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """The ratio and the share of the largest eigenvalue, of outputs (seed, example, unit)."""
    ratio = outputs.mean(1).square().sum(1) / outputs.var(1, unbiased=False).sum(1)
    largest = torch.linalg.matrix_norm(outputs, 2).square()
    return ratio.numpy(), (largest / outputs.square().sum((1, 2))).numpy()


# --- training, with nothing but the offset changed --------------------------------------------------------------------


@dataclass(frozen=True)
class Variant:
    r"""An activation with its output moved by a constant, and with everything else left as it is.

    .. math:: h = s\,\varphi(c z) + d

    The next layer's biases start lower by d − ``reference`` times its row sums, so that variants that differ in d alone
    start as the same function of the input, that of the offset ``reference`` with biases of 0. ``options`` are passed
    to the activation.
    """

    activation: str
    offset: float = 0.0
    height: float = 1.0
    pace: float = 1.0
    reference: float = 0.0
    options: tuple[tuple[str, float], ...] = ()
    label: str = ""


PAIRS = (
    Variant("tanh", label="tanh"),
    Variant("tanh", 1.0, label="tanh + 1"),
    Variant("sigmoid", -1.0, height=2.0, reference=-1.0, label="2 sigmoid − 1"),
    Variant("sigmoid", -0.5, reference=-0.5, label="sigmoid − ½"),
    Variant("sigmoid", reference=-0.5, label="sigmoid"),
)
"""From sigmoid to tanh one thing changes at a time: first the offset, then the height; and tanh with an offset."""

IDEALS = (
    Variant("tanh"),
    Variant("relu"),
    Variant("leaky_relu", options=(("negative_slope", 0.25),), label="leaky, slope ¼"),
    Variant("elu"),
    Variant("selu"),
)
"""Zero mean or not, and saturation on two sides, on one, or on none."""

FINE_RATES = tuple(0.25 * 2 ** (half / 2) for half in range(1, 6))
"""Rates a factor of √2 apart."""


class _Moved(Ensemble):
    """An ensemble whose activation is a :class:`Variant`."""

    def __init__(self, variant: Variant, network: Network, seeds: Sequence[int], copies: int) -> None:
        super().__init__(network, seeds, variants=copies, dtype=torch.float32)
        self.variant = variant
        for layer in (*self.layers[1:], self.readout):
            layer.bias -= (variant.offset - variant.reference) * layer.weight.sum(-1)[:, :, None, :]

    def activate(self, z: Tensor, layer: Layer, dice: object = None) -> Tensor:
        one = self.variant
        return one.height * modules.FUNCTIONS[one.activation](one.pace * z, **dict(one.options)) + one.offset


@dataclass(frozen=True, eq=False, repr=False)
class Race:
    """Training losses after some steps: ``loss[variant]`` has one row a rate and one column a seed."""

    variants: tuple[Variant, ...]
    rates: tuple[float, ...]
    depth: int
    steps: int
    seeds: tuple[int, ...]
    loss: dict[Variant, np.ndarray]

    def best(self, variant: Variant) -> int:
        """The place of the rate with the lowest mean loss; a run that left the floats counts as infinitely bad."""
        return int(np.nan_to_num(self.loss[variant].mean(axis=1), nan=np.inf).argmin())

    def at_best(self, variant: Variant) -> np.ndarray:
        """The losses at the variant's own best rate, one a seed."""
        return self.loss[variant][self.best(variant)]

    def ratio(self, slow: Variant, fast: Variant, rate: float | None = None) -> np.ndarray:
        """The loss of one variant over that of another, seed by seed: at this rate, or each at its own best one."""
        if rate is None:
            return self.at_best(slow) / self.at_best(fast)
        row = self.rates.index(check.one_of("Race", "rate", rate, self.rates))
        return self.loss[slow][row] / self.loss[fast][row]

    def __repr__(self) -> str:
        rows = [
            [
                _name(one),
                f"{self.rates[self.best(one)]:.2g}",
                *(in_words(of) for of in (self.at_best(one), self.loss[one][0])),
            ]
            for one in self.variants
        ]
        header = ["activation", "best rate", f"loss after {self.steps} steps", f"at rate {self.rates[0]:g}"]
        return table(header, rows)

    def chart(self) -> Chart:
        """The loss against the rate, one line a variant."""
        lines = [self._line(number, one) for number, one in enumerate(self.variants)]
        last = ", ".join(f"{_name(one)} {self.at_best(one).mean():.2g}" for one in self.variants)
        words = f"Training loss after {self.steps} steps by learning rate. At each one's best rate: {last}."
        up = Axis(f"loss after {self.steps} steps", "log", limits=(0.03, 10))
        decades = 10 ** np.floor(np.log10(self.rates[0])), 10 ** (np.floor(np.log10(self.rates[-1])) + 1)
        return Chart(Axis("learning rate", "log", limits=decades), up, lines, words=words)

    def _line(self, number: int, one: Variant) -> Line:
        found = np.where(np.isfinite(self.loss[one]), self.loss[one], np.nan)
        mean, low, high = (np.exp(end) for end in mean_interval(np.log(found)))
        before = sum(other.activation == one.activation for other in self.variants[:number])
        dash = ("solid", "long", "dashdot", "dotted")[before % 4]
        colour = style(one.activation)["colour"]
        return Line(self.rates, mean, label=_name(one), lo=low, hi=high, colour=colour, dash=dash, dots=True)


def _name(one: Variant) -> str:
    return one.label or one.activation


@kept
def race(
    variants: Sequence[Variant] = PAIRS,
    rates: Sequence[float] = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0),
    *,
    depth: int = 2,
    width: int = 16,
    batch: int = 32,
    steps: int = 150,
    seeds: Sequence[int] = range(20),
) -> Race:
    """Train every variant on the digits by plain stochastic gradient descent, at every rate, and record the loss.

    All start from the same weights and see the same batches. The loss is the cross-entropy over all training digits.
    Raises ValueError, naming the field, for a bad setting.

    >>> race((Variant("tanh"),), (0.1,), width=3, steps=1, seeds=range(2)).loss[Variant("tanh")].shape
    (1, 2)
    """
    variants = check.several("race", "variants", variants)
    for one in variants:
        check.activation("race", one.activation)
    rates = tuple(check.positive("race", "rate", rate) for rate in check.several("race", "rates", rates))
    for field, value in (("depth", depth), ("width", width), ("batch", batch), ("steps", steps)):
        check.whole("race", field, value)
    seeds = check.some_seeds("race", seeds)
    loss = {}
    for one in variants:
        moved = _Moved(one, Network(one.activation, depth=depth, width=width), seeds, len(rates))
        loss[one] = _train(moved, rates, batch, steps, seeds)
    return Race(variants, rates, depth, steps, seeds, loss)


def _train(moved: Ensemble, rates: Sequence[float], batch: int, steps: int, seeds: Sequence[int]) -> np.ndarray:
    """The losses (rate, seed) after so many steps."""
    x, labels = torch.tensor(split().train, dtype=torch.float32), torch.tensor(split().train_labels)
    dice = [np.random.default_rng((seed, 7)) for seed in seeds]
    pace = torch.tensor(rates, dtype=torch.float32)[:, None, None, None]
    parameters = [parameter.requires_grad_() for parameter in moved.parameters()]
    for _ in range(steps):
        chosen = torch.as_tensor(np.stack([rng.integers(len(x), size=batch) for rng in dice]))
        gradients = torch.autograd.grad(losses(moved(x[chosen]).logits, labels[chosen]).sum(), parameters)
        with torch.no_grad():
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter -= pace * gradient
    with torch.no_grad():
        return losses(moved(x).logits, labels).double().numpy()
