"""One neuron, and a layer of them: weighted sum, bias, activation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .. import catalogue, values
from ..charts import Axis, Bars, Chart, HeatMap

__all__ = ["Neuron", "layer", "lstm_step", "response"]


@dataclass(frozen=True)
class Neuron:
    r"""A unit that multiplies by weights, adds a bias, and applies an activation.

    .. math:: z = \sum_i w_i x_i + b, \qquad a = f(z)

    Raises ValueError, naming the shapes, when inputs and weights differ in number; KeyError for an unknown activation.

    >>> threshold = Neuron([1.0], -3.0, "relu")
    >>> [float(threshold([x])) for x in (2.0, 3.0, 5.0)]
    [0.0, 0.0, 2.0]
    """

    weights: Sequence[float]
    bias: float
    activation: str = "relu"

    def weighted_sum(self, x: Sequence[float]) -> np.ndarray:
        """z for inputs of shape (…, number of weights)."""
        x, weights = np.asarray(x, dtype=float), np.asarray(self.weights, dtype=float)
        if x.shape[-1:] != weights.shape:
            raise ValueError(f"Neuron: {len(weights)} weights need as many inputs, got shape {x.shape}")
        return x @ weights + self.bias

    def __call__(self, x: Sequence[float]) -> np.ndarray:
        """The output for inputs of shape (…, number of weights)."""
        return getattr(values, catalogue.get(self.activation).name)(self.weighted_sum(x))

    def chart(self, x: Sequence[float]) -> Chart:
        """Every product, the bias, their sum and the output, as bars."""
        z, output = float(self.weighted_sum(x)), float(self(x))
        products = [weight * value for weight, value in zip(self.weights, x, strict=True)]
        names = [*(f"weight {i} × input {i}" for i in range(1, len(products) + 1)), "bias", "sum z", "output f(z)"]
        colours = [*["sky"] * len(products), "olive", "muted", "vermillion"]
        words = f"{len(products)} products and a bias add up to {z:.3g}; the activation makes {output:.3g} of it."
        return Chart("value", "part", [Bars(names, [*products, self.bias, z, output], colour=colours)], words=words)


def layer(x: np.ndarray, weights: np.ndarray, bias: np.ndarray, activation: str) -> np.ndarray:
    """A layer of neurons: inputs (…, n), weights (m, n), bias (m,), output (…, m)."""
    return getattr(values, catalogue.get(activation).name)(x @ weights.T + bias)


def lstm_step(memory: np.ndarray, gates: dict[str, np.ndarray], candidate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""New memory and output of an LSTM cell, given the weighted sums of its gates (``forget``, ``input``, ``output``).

    .. math:: c' = \sigma(f) \odot c + \sigma(i) \odot \tanh(g), \qquad h = \sigma(o) \odot \tanh(c')

    Source: hochreiter1997, with the forget gate that came later.
    """
    forget, enter, leave = (values.sigmoid(gates[name]) for name in ("forget", "input", "output"))
    memory = forget * memory + enter * values.tanh(candidate)
    return memory, leave * values.tanh(memory)


def response(w1: float, w2: float, b: float, activation: str, *, cells: int = 25, span: float = 3) -> Chart:
    """The output of a neuron of two inputs over a square of the plane, as a heat map.

    Raises KeyError for an activation without an entry in ``LIMITS``.
    """
    side = np.linspace(-span, span, cells)
    plane = np.stack(np.meshgrid(side, side), axis=-1)
    neuron = Neuron([w1, w2], b, activation)
    output = neuron(plane)
    title = catalogue.get(activation).title
    shape = "the same everywhere" if w1 == w2 == 0 else "level along lines at a right angle to the weights"
    return Chart(
        Axis("input 1", limits=(-span, span)),
        Axis("input 2", limits=(-span, span)),
        [HeatMap(side, side, output, label="output", limits=LIMITS[activation], colours="diverging")],
        words=f"{title} of {w1:g}·x₁ + {w2:g}·x₂ + {b:g}: from {output.min():.2f} to {output.max():.2f}, {shape}.",
        equal=True,
    )


LIMITS = {
    "identity": (-6, 6),
    "heaviside": (-1, 1),
    "relu": (-6, 6),
    "sigmoid": (-1, 1),
    "tanh": (-1, 1),
    "silu": (-6, 6),
}
"""The values at the ends of the colour map: the same for every weight, so that frames can be compared."""
