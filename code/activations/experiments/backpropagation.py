r"""Backpropagation by hand, in NumPy, and the test that every such program should pass.

A stack of layers computes :math:`z_l = W_l a_{l-1} + b_l`, :math:`a_l = f(z_l)`, and the loss of an example is
:math:`\tfrac12 \lVert a_L - y \rVert^2`. Backwards,

.. math::

    \delta_L = (a_L - y) \odot f'(z_L), \qquad
    \delta_{l-1} = \bigl(W_l^\top \delta_l\bigr) \odot f'(z_{l-1}), \qquad
    \frac{\partial \ell}{\partial W_l} = \delta_l\, a_{l-1}^\top, \qquad
    \frac{\partial \ell}{\partial b_l} = \delta_l .

Examples are rows, so in the code each product stands the other way round.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .. import slopes, values
from ..charts import Axis, Chart, Line
from . import _checks as check
from ._summary import in_words, mean_interval, table

__all__ = [
    "FAULTS",
    "Checked",
    "Faults",
    "Gradients",
    "Stack",
    "directional_error",
    "gradient_check",
    "stack",
    "with_faults",
]

FAULTS = ("none", "slope left out", "slope of the output", "weights not transposed")
"""What may be wrong on the way back; the first is right."""


@dataclass(frozen=True, eq=False)
class Gradients:
    """The loss's slopes in all weights and biases, first layer first, and in the input."""

    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]
    input: np.ndarray

    def flat(self) -> np.ndarray:
        """All slopes in weights and biases as one vector."""
        return np.concatenate([part.ravel() for part in (*self.weights, *self.biases)])


@dataclass(frozen=True, eq=False)
class Stack:
    """Layers of one activation: weights of shape (outputs, inputs) and biases of shape (outputs,), first layer first.

    ``fault`` is one of ``FAULTS``, to see what a mistake looks like.
    """

    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]
    activation: str = "tanh"
    fault: str = "none"

    def forward(self, x: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Sums z₁ … z_L and outputs a₀ … a_L for inputs of shape (examples, inputs); a₀ is the input itself."""
        sums, outputs = [], [x]
        for weight, bias in zip(self.weights, self.biases, strict=True):
            sums.append(outputs[-1] @ weight.T + bias)
            outputs.append(getattr(values, self.activation)(sums[-1]))
        return sums, outputs

    def loss(self, x: np.ndarray, y: np.ndarray) -> float:
        r"""Half the squared error, summed over the examples.

        .. math:: \tfrac12 \sum \lVert a_L - y \rVert^2
        """
        return 0.5 * np.square(self.forward(x)[1][-1] - y).sum()

    def backward(self, x: np.ndarray, y: np.ndarray) -> Gradients:
        """The slopes of :meth:`loss` in all there is, in one sweep from the last layer to the first."""
        sums, outputs = self.forward(x)
        back, weights, biases = outputs[-1] - y, [], []
        for layer in reversed(range(len(self.weights))):
            weight, z, before, after = self.weights[layer], sums[layer], outputs[layer], outputs[layer + 1]
            delta = back * self._slope(z, after)
            weights.insert(0, delta.T @ before)
            biases.insert(0, delta.sum(axis=0))
            back = delta @ (weight.T if self.fault == "weights not transposed" else weight)
        return Gradients(tuple(weights), tuple(biases), back)

    def _slope(self, z: np.ndarray, after: np.ndarray) -> np.ndarray:
        if self.fault == "slope left out":
            return np.ones_like(z)
        return getattr(slopes, self.activation)(after if self.fault == "slope of the output" else z)

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        r"""All slopes of the outputs in the inputs, for one input x of shape (inputs,).

        .. math:: J = \operatorname{diag}(f'(z_L))\, W_L \cdots \operatorname{diag}(f'(z_1))\, W_1
        """
        product = np.eye(len(x))
        for weight, z in zip(self.weights, self.forward(x)[0], strict=True):
            product = getattr(slopes, self.activation)(z)[:, None] * (weight @ product)
        return product

    def moved(self, direction: np.ndarray, step: float) -> Stack:
        """The stack with all weights and biases moved along a flat direction, ordered as :meth:`Gradients.flat`."""
        parts, at = [], 0
        for part in (*self.weights, *self.biases):
            parts.append(part + (step * direction[at : at + part.size]).reshape(part.shape).astype(part.dtype))
            at += part.size
        depth = len(self.weights)
        return replace(self, weights=tuple(parts[:depth]), biases=tuple(parts[depth:]))


def stack(widths: Sequence[int] = (4, 4, 4, 4), activation: str = "tanh", seed: int = 0, gain: float = 1.0) -> Stack:
    r"""A stack with normal weights of variance gain²/fan-in and biases of variance 1/100.

    ``widths`` begins with the number of inputs. Raises ValueError, naming the field, for fewer than two widths, a width
    below 1, an unknown activation, or a gain that is not positive.

    >>> [weight.shape for weight in stack((3, 2, 1)).weights]
    [(2, 3), (1, 2)]
    """
    widths = [check.whole("stack", "widths", width) for width in widths]
    if len(widths) < 2:
        raise ValueError(f"stack: widths must name the inputs and at least one layer, got {widths}")
    name, gain = check.activation("stack", activation), check.positive("stack", "gain", gain)
    rng = np.random.default_rng(seed)
    pairs = list(zip(widths[1:], widths[:-1], strict=True))
    weights = tuple(rng.normal(scale=gain / inputs**0.5, size=(outputs, inputs)) for outputs, inputs in pairs)
    return Stack(weights, tuple(rng.normal(scale=0.1, size=outputs) for outputs, _ in pairs), name)


# --- the check --------------------------------------------------------------------------------------------------------


def directional_error(net: Stack, x: np.ndarray, y: np.ndarray, direction: np.ndarray, step: float) -> float:
    r"""How far the backward pass is from a central difference along a direction d of parameter space, relatively.

    .. math:: \frac{|g - D|}{\max(|g|, |D|)}, \qquad
        g = \nabla \ell \cdot d, \qquad D = \frac{\ell(\theta + hd) - \ell(\theta - hd)}{2h}
    """
    difference = (net.moved(direction, step).loss(x, y) - net.moved(direction, -step).loss(x, y)) / (2 * step)
    slope = net.backward(x, y).flat() @ direction
    return float(abs(slope - difference) / max(abs(slope), abs(difference)))


def _task(seed: int, widths: Sequence[int], examples: int = 5) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
    rng = np.random.default_rng((seed, 1))
    return rng.normal(size=(examples, widths[0])), rng.normal(size=(examples, widths[-1])), rng


def _direction(net: Stack, rng: np.random.Generator) -> np.ndarray:
    size = sum(part.size for part in (*net.weights, *net.biases))
    direction = rng.normal(size=size)
    return direction / np.linalg.norm(direction)


def _as(net: Stack, dtype: type) -> Stack:
    weights, biases = ([part.astype(dtype) for part in parts] for parts in (net.weights, net.biases))
    return replace(net, weights=tuple(weights), biases=tuple(biases))


@dataclass(frozen=True, eq=False, repr=False)
class Checked:
    """Relative errors of the check: ``error[type]`` has one row a step and one column a seed."""

    steps: tuple[float, ...]
    error: Mapping[str, np.ndarray]

    def best(self, kind: str) -> float:
        """The step with the smallest typical error (geometric mean over seeds)."""
        return self.steps[int(np.log(self.error[kind]).mean(axis=1).argmin())]

    def typical(self, kind: str) -> np.ndarray:
        """The geometric mean of the errors over seeds, one a step."""
        return np.exp(np.log(self.error[kind]).mean(axis=1))

    def __repr__(self) -> str:
        rows = zip(self.steps, *(self.typical(kind) for kind in self.error), strict=True)
        return table(["step", *self.error], [[f"{entry:.0e}".replace("-", "−") for entry in row] for row in rows])

    def chart(self) -> Chart:
        """Error against step, both on log axes: a V for each type of float."""
        looks = {"float64": ("blue", "solid"), "float32": ("vermillion", "long")}
        lines = []
        for kind, error in self.error.items():
            mean, low, high = (np.exp(end) for end in mean_interval(np.log(error)))
            colour, dash = looks[kind]
            lines.append(Line(self.steps, mean, label=kind, colour=colour, dash=dash, lo=low, hi=high, dots=True))
        best = ", ".join(f"{self.best(kind):.0e} in {kind}" for kind in self.error).replace("-", "−")
        words = f"The relative error of the check falls and rises again as the step grows; the best steps are {best}."
        return Chart(Axis("step h", "log"), Axis("relative error", "log"), lines, words=words)


def gradient_check(
    steps: Sequence[float] = tuple(10.0**-k for k in range(12, 0, -1)),
    seeds: Sequence[int] = range(20),
    *,
    widths: Sequence[int] = (4, 4, 4, 4),
    activation: str = "tanh",
) -> Checked:
    """The error of the gradient check by step size, in float64 and in float32, each seed with its own stack and data.

    Raises ValueError, naming the field, for no step, a step that is not positive, or fewer than two seeds.
    """
    steps = [
        check.positive("gradient_check", "steps", step) for step in check.several("gradient_check", "steps", steps)
    ]
    seeds = check.some_seeds("gradient_check", seeds, 2)
    found = {kind: np.empty((len(steps), len(seeds))) for kind in ("float64", "float32")}
    for column, seed in enumerate(seeds):
        net, (x, y, rng) = stack(widths, activation, seed), _task(seed, widths)
        direction = _direction(net, rng)
        for kind, errors in found.items():
            dtype = getattr(np, kind)
            cast, inputs, targets = _as(net, dtype), x.astype(dtype), y.astype(dtype)
            errors[:, column] = [directional_error(cast, inputs, targets, direction, step) for step in steps]
    floor = np.finfo(float).tiny  # an exact hit has no logarithm
    return Checked(tuple(steps), {kind: np.maximum(errors, floor) for kind, errors in found.items()})


@dataclass(frozen=True, eq=False, repr=False)
class Faults:
    """Relative errors of the check, ``error[fault]`` one a seed, at one step."""

    step: float
    error: Mapping[str, np.ndarray]

    def __repr__(self) -> str:
        rows = [[fault, in_words(np.log10(error))] for fault, error in self.error.items()]
        return table(["mistake", "log10 of the relative error"], rows)


def with_faults(
    seeds: Sequence[int] = range(20),
    *,
    step: float = 1e-5,
    widths: Sequence[int] = (4, 4, 4, 4),
    activation: str = "tanh",
    faults: Sequence[str] = FAULTS,
) -> Faults:
    """The error of the gradient check for a backward pass with each fault; the same stacks and data for all.

    Raises ValueError, naming the field, for an unknown fault, a bad step, or fewer than two seeds.
    """
    who = "with_faults"
    faults = [check.one_of(who, "faults", fault, FAULTS) for fault in check.several(who, "faults", faults)]
    step, seeds = check.positive(who, "step", step), check.some_seeds(who, seeds, 2)
    found = {fault: np.empty(len(seeds)) for fault in faults}
    for column, seed in enumerate(seeds):
        net, (x, y, rng) = stack(widths, activation, seed), _task(seed, widths)
        direction = _direction(net, rng)
        for fault in faults:
            found[fault][column] = directional_error(replace(net, fault=fault), x, y, direction, step)
    return Faults(step, found)
