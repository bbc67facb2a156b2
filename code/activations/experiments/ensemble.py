r"""Networks of one shape, many at once: every tensor has the leading axes (variant, seed).

A layer forms weighted sums and applies the activation,

.. math:: z_l = W_l h_{l-1} + b_l, \qquad h_l = \varphi(z_l),

and may normalise z over the batch first, add what came in (a residual connection), or mix the two by a learned gate.
A seed draws the same numbers whatever the activation, the gain and the depth, so that only what is compared differs;
variants (gains, or learning rates) share the draws of their seed. Networks in one batch share nothing else: half of the
seeds gives the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from .. import catalogue, modules
from ..properties import forward_gain
from . import _checks as check
from . import symbolic
from .digits import CLASSES, PIXELS

__all__ = ["SCHEMES", "Ensemble", "Layer", "Network", "Pass", "natural_gain"]

Draw = Callable[[np.random.Generator, int, int], tuple[np.ndarray, np.ndarray]]


# --- how weights begin -----------------------------------------------------------------------------------------------


def _normal(variance: Callable[[int, int], float]) -> Draw:
    def draw(rng: np.random.Generator, outputs: int, inputs: int) -> tuple[np.ndarray, np.ndarray]:
        return rng.normal(size=(outputs, inputs)) * np.sqrt(variance(outputs, inputs)), np.zeros(outputs)

    return draw


def _uniform(variance: Callable[[int, int], float]) -> Draw:
    def draw(rng: np.random.Generator, outputs: int, inputs: int) -> tuple[np.ndarray, np.ndarray]:
        end = np.sqrt(3 * variance(outputs, inputs))
        return rng.uniform(-end, end, size=(outputs, inputs)), np.zeros(outputs)

    return draw


def _torch_default(rng: np.random.Generator, outputs: int, inputs: int) -> tuple[np.ndarray, np.ndarray]:
    end = inputs**-0.5
    return rng.uniform(-end, end, size=(outputs, inputs)), rng.uniform(-end, end, size=outputs)


def _orthogonal(rng: np.random.Generator, outputs: int, inputs: int) -> tuple[np.ndarray, np.ndarray]:
    """Orthonormal columns, or rows where there are fewer of them, uniform among all such matrices."""
    q, r = np.linalg.qr(rng.normal(size=(max(outputs, inputs), min(outputs, inputs))))
    q = q * np.sign(np.diagonal(r))
    return (q if outputs >= inputs else q.T), np.zeros(outputs)


SCHEMES: Mapping[str, Draw] = MappingProxyType(
    {
        "normal": _normal(lambda outputs, inputs: 1 / inputs),
        "uniform": _uniform(lambda outputs, inputs: 1 / inputs),
        "glorot": _uniform(lambda outputs, inputs: 2 / (outputs + inputs)),
        "he": _normal(lambda outputs, inputs: 2 / inputs),
        "torch": _torch_default,
        "small": _normal(lambda outputs, inputs: 0.01**2),
        "orthogonal": _orthogonal,
    }
)
"""Weights and biases of a layer at the start, before the gain.

``normal`` and ``uniform`` have variance 1/fan-in, ``glorot`` 2/(fan-in + fan-out), ``he`` 2/fan-in, ``small`` 0.01²,
all with zero biases. ``torch`` is what ``torch.nn.Linear`` does: weights and biases uniform in ±1/√fan-in.
"""


@cache
def natural_gain(activation: str | catalogue.Activation) -> float:
    r"""The gain that keeps the mean square of a signal on average, as a number.

    .. math:: g = 1 / \sqrt{\mathrm E\, \varphi(X)^2}, \qquad X \sim N(0, 1)

    Raises ValueError for a function of many inputs.

    >>> round(natural_gain("relu") ** 2, 12), round(natural_gain("tanh"), 4)
    (2.0, 1.5925)
    """
    return float(forward_gain(activation))


# --- the shape of a network ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Network:
    """One architecture and its start: 64 inputs, ``depth`` hidden layers of ``width`` units, ten outputs.

    ``activation`` is a name of the catalogue, or an :class:`~activations.catalogue.Activation` of your own.
    ``scheme`` is one of ``SCHEMES``; ``gain`` multiplies the weights (not the biases) of the hidden layers, and
    ``"natural"`` stands for :func:`natural_gain`; the weights of the outputs have gain 1. ``bias`` is added to every
    hidden bias. ``options`` are passed to the activation, as in ``(("negative_slope", 0.1),)``; ``prelu`` learns its
    slope, one for a layer, and ``rrelu`` draws slopes while it trains. Functions of many inputs (``maxout``, ``swiglu``
    …) get as many weighted sums as they need for ``width`` outputs.

    ``normalise`` puts batch normalisation, with a learned scale and shift and with the statistics of the batch at hand,
    before the activation; ``residual`` adds what came into a layer to what it makes, from the second layer on;
    ``gated`` mixes the two, as in a highway network, with a gate that starts nearly closed.
    ``as_tanh`` starts a plain network of sigmoids as the one of tanhs, with the same draws, that computes the same.

    Raises ValueError naming the field that is wrong.

    >>> Network("relu", depth=0)
    Traceback (most recent call last):
    ...
    ValueError: Network: depth must be a whole number of at least 1, got 0
    """

    activation: str | catalogue.Activation = "relu"
    depth: int = 10
    width: int = 32
    scheme: str = "normal"
    gain: float | str = 1.0
    bias: float = 0.0
    options: tuple[tuple[str, float], ...] = ()
    normalise: bool = False
    residual: bool = False
    gated: bool = False
    as_tanh: bool = False
    inputs: int = field(default=PIXELS)
    outputs: int = field(default=CLASSES)

    def __post_init__(self) -> None:
        if not symbolic.is_own(self.activation):
            object.__setattr__(self, "activation", check.activation("Network", self.activation))
        for name in ("depth", "width", "inputs", "outputs"):
            check.whole("Network", name, getattr(self, name))
        check.one_of("Network", "scheme", self.scheme, SCHEMES)
        if self.gain == "natural":
            object.__setattr__(self, "gain", natural_gain(self.activation))
        check.positive("Network", "gain", self.gain)
        if self.residual and self.gated:
            raise ValueError("Network: residual and gated exclude each other")
        if self.as_tanh and (self.activation != "sigmoid" or self.normalise or self.residual or self.gated):
            raise ValueError("Network: as_tanh is for a plain network of sigmoids")
        if not set(dict(self.options)) <= set(self._accepted()):
            raise ValueError(f"Network: options of {self.activation} are {self._accepted()}, got {dict(self.options)}")

    def _accepted(self) -> tuple[str, ...]:
        entry = catalogue.get(self.activation)
        named = tuple(str(parameter.name) for parameter in entry.parameters) if entry.arity == "one" else ()
        return (*named, "pieces") if entry.name == "maxout" else named

    @property
    def sums(self) -> int:
        """How many weighted sums each unit of a hidden layer has: 1, or more where the activation takes many inputs."""
        if self.activation == "maxout":
            return int(dict(self.options).get("pieces", 2))
        return 2 if self.activation in ("glu", "reglu", "geglu", "swiglu") else 1

    def shapes(self) -> list[tuple[int, int]]:
        """(outputs, inputs) of every weight matrix, that of the outputs last."""
        before = [self.inputs, *[self.width] * (self.depth - 1)]
        return [*((self.sums * self.width, inputs) for inputs in before), (self.outputs, self.width)]


# --- layers, many at once --------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Layer:
    """The parameters of one hidden layer, each of shape (variants, seeds, …); those not in use are None."""

    weight: Tensor
    bias: Tensor
    slope: Tensor | None = None
    scale: Tensor | None = None
    shift: Tensor | None = None
    gate_weight: Tensor | None = None
    gate_bias: Tensor | None = None

    def parameters(self) -> Iterator[Tensor]:
        return (value for value in vars(self).values() if value is not None)


@dataclass(eq=False)
class Pass:
    """What one forward pass made: the ``sums`` (z, normalised where the network does) and the ``outputs`` (h) of each
    hidden layer, and the ``logits``; shapes are (variants, seeds, examples, units).

    ``active`` is what the activation made of the sums: the outputs, unless a connection goes around it. A backward pass
    adds ``deltas``, the gradients of the loss by the sums; the first probe that asks for slopes adds ``slopes``.
    """

    sums: list[Tensor]
    outputs: list[Tensor]
    logits: Tensor
    active: list[Tensor]
    deltas: list[Tensor] = field(default_factory=list)
    slopes: list[Tensor] = field(default_factory=list)


class Ensemble:
    r"""The networks of one :class:`Network` for several seeds, and for several gains or other variants.

    ``gains`` replaces the network's own gain by several, one a variant; else there are ``variants`` equal copies.

    >>> several = Ensemble(Network("tanh", depth=3, width=5), range(4), gains=(1.0, 1.5))
    >>> several(torch.zeros(7, 64, dtype=torch.float64)).logits.shape
    torch.Size([2, 4, 7, 10])
    """

    def __init__(
        self,
        network: Network,
        seeds: Sequence[int],
        *,
        gains: Sequence[float] | None = None,
        variants: int = 1,
        dtype: torch.dtype = torch.float64,
        device: str = "cpu",
    ) -> None:
        seeds = check.some_seeds("Ensemble", seeds)
        gains = [network.gain] * variants if gains is None else check.several("Ensemble", "gains", gains)
        self.network = network
        self.kind = {"dtype": dtype, "device": device}
        self.gains = self._tensor([check.positive("Ensemble", "gain", gain) for gain in gains])[:, None, None, None]
        *self.layers, self.readout = [self._layer(index, shape, seeds) for index, shape in enumerate(network.shapes())]
        if network.as_tanh:
            self._start_as_tanh()

    def _tensor(self, values: object) -> Tensor:
        return torch.as_tensor(np.asarray(values), **self.kind)

    def _layer(self, index: int, shape: tuple[int, int], seeds: Sequence[int]) -> Layer:
        last = index == self.network.depth
        # A layer's draws depend on nothing but its seed and its place; the outputs' place is the same at any depth.
        dice = [np.random.default_rng((seed, 0 if last else index + 1)) for seed in seeds]
        weight, bias = map(np.stack, zip(*(SCHEMES[self.network.scheme](rng, *shape) for rng in dice), strict=True))
        weight, bias = self._tensor(weight), self._tensor(bias)[:, None, :]
        gains = torch.ones_like(self.gains) if last else self.gains
        layer = Layer(gains * weight, (bias + (0 if last else self.network.bias)).repeat(len(gains), 1, 1, 1))
        if not last:
            self._extras(layer, index, dice)
        return layer

    def _extras(self, layer: Layer, index: int, dice: list[np.random.Generator]) -> None:
        network, lead = self.network, layer.bias.shape[:2]
        if network.activation == "prelu":
            slope = dict(network.options).get("weight", 0.25)
            layer.slope = torch.full((*lead, 1, 1), slope, **self.kind)
        if network.normalise:
            layer.scale, layer.shift = torch.ones_like(layer.bias), torch.zeros_like(layer.bias)
        if network.gated and index > 0:
            square = (network.width, network.width)
            drawn = self._tensor(np.stack([SCHEMES["normal"](rng, *square)[0] for rng in dice]))
            layer.gate_weight = drawn.repeat(lead[0], 1, 1, 1)
            layer.gate_bias = torch.full((*lead, 1, network.width), -2.0, **self.kind)

    def _start_as_tanh(self) -> None:
        # tanh u = 2σ(2u) − 1: double what goes into a sigmoid; what comes out counts twice, less 1.
        for index, layer in enumerate([*self.layers, self.readout]):
            into = 1 if layer is self.readout else 2
            out_of = 2 if index > 0 else 1
            layer.weight = into * out_of * layer.weight
            layer.bias = into * layer.bias - (layer.weight.sum(dim=-1)[..., None, :] / 2 if index > 0 else 0)

    def parameters(self) -> list[Tensor]:
        """Every tensor that training may change."""
        return [parameter for layer in (*self.layers, self.readout) for parameter in layer.parameters()]

    def weights(self) -> list[Tensor]:
        """The weight matrices, that of the outputs last."""
        return [layer.weight for layer in (*self.layers, self.readout)]

    def __call__(self, x: Tensor, *, dice: Sequence[torch.Generator] | None = None) -> Pass:
        """A forward pass for inputs of shape (examples, inputs), or with leading axes (seeds,) or (variants, seeds).

        ``dice``, one a seed, are given while training, for activations that draw.
        """
        sums, active, outputs, h = [], [], [], x
        for index, layer in enumerate(self.layers):
            z = _normalised(_affine(h, layer), layer)
            made = self.activate(z, layer, dice)
            h = made if index == 0 else _joined(self.network, layer, h, made)
            sums.append(z)
            active.append(made)
            outputs.append(h)
        return Pass(sums, outputs, _affine(h, self.readout), active)

    def activate(self, z: Tensor, layer: Layer, dice: Sequence[torch.Generator] | None = None) -> Tensor:
        """The activation at the weighted sums of one layer."""
        name, options = self.network.activation, dict(self.network.options)
        if layer.slope is not None:
            return torch.where(z > 0, z, layer.slope * z)
        if name == "rrelu" and dice is not None:
            low, high = options.get("lower", 1 / 8), options.get("upper", 1 / 3)
            drawn = torch.stack([torch.rand(z.shape[2:], generator=one, **self.kind) for one in dice])
            return torch.where(z > 0, z, (low + (high - low) * drawn) * z)
        if symbolic.is_own(name):
            return symbolic.function(name, **options)(z)
        if name == "maxout":
            options["pieces"] = self.network.sums
        return modules.FUNCTIONS[name](z, **options)


def _affine(h: Tensor, layer: Layer) -> Tensor:
    lead = layer.weight.shape[:2]
    h = h.expand(*lead, *h.shape[-2:]).flatten(0, 1)
    return torch.baddbmm(layer.bias.flatten(0, 1), h, layer.weight.flatten(0, 1).mT).unflatten(0, lead)


def _normalised(z: Tensor, layer: Layer) -> Tensor:
    if layer.scale is None:
        return z
    centred = z - z.mean(dim=-2, keepdim=True)
    # The same guard as torch.nn.BatchNorm1d.
    return layer.scale * centred * torch.rsqrt(centred.square().mean(dim=-2, keepdim=True) + 1e-5) + layer.shift


def _joined(network: Network, layer: Layer, before: Tensor, made: Tensor) -> Tensor:
    if network.residual:
        return before + made
    if not network.gated:
        return made
    gate = torch.sigmoid(before @ layer.gate_weight.mT + layer.gate_bias)
    return before + gate * (made - before)
