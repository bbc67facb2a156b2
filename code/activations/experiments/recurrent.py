r"""Gradients through time before training: plain recurrent networks, LSTMs, and one unit near a fold.

.. math:: h_t = \varphi(W h_{t-1} + u_t), \qquad \frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(\varphi'(a_t))\,W
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .. import catalogue, slopes, values
from ..charts import Axis, Chart, Line, Rule, style
from ._checks import activation as known
from ._checks import not_negative, several, some_seeds, whole
from ._kept import kept
from ._summary import in_words, mean_interval, table
from ._unrolled import lstm_step

__all__ = [
    "RADII",
    "Gates",
    "ThroughTime",
    "cliff_chart",
    "fold",
    "gates",
    "lstm_step",
    "through_time",
    "time_chart",
    "unit",
]

RADII = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.75, 2.0)
"""The spectral radii that the page offers."""


# --- plain recurrent networks ----------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class ThroughTime:
    """log10 of ‖∂(g·h_T)/∂h_(T−k)‖ for k = 0 … steps: ``norms[activation]`` has shape (radius, seed, k)."""

    radii: tuple[float, ...]
    noise: float
    width: int
    steps: int
    seeds: tuple[int, ...]
    norms: dict[str, np.ndarray]

    def rate(self, activation: str) -> np.ndarray:
        """The factor per step, as a geometric mean over all steps: shape (radius, seed)."""
        return 10 ** (self.norms[activation][..., -1] / self.steps)

    def __repr__(self) -> str:
        rows = [
            [f"{radius:g}", *(in_words(self.rate(name)[row]) for name in self.norms)]
            for row, radius in enumerate(self.radii)
        ]
        return table(["radius", *self.norms], rows)

    def chart(self) -> Chart:
        """The factor per step against the spectral radius, one line an activation."""
        marks = [Rule(1), Line(self.radii, self.radii, label="the radius itself", colour="muted", dash="dotted")]
        for name in self.norms:
            mean, low, high = mean_interval(self.rate(name))
            marks.append(Line(self.radii, mean, label=catalogue.get(name).title, lo=low, hi=high, **style(name)))
        driven = _noise_in_words(self.noise)
        words = f"Factor of the gradient per step by spectral radius, {driven}."
        return Chart("spectral radius of W", "factor a step", marks, words=words, title=driven.capitalize())

    def path(self, activation: str, radius: float) -> Chart:
        """The gradient's norm against the steps back, for one activation and one radius of the grid."""
        norms = self.norms[activation][self.radii.index(radius)][:, :: max(1, self.steps // 50)]
        mean, low, high = (10**end for end in mean_interval(norms.T))
        back = np.linspace(0, self.steps, norms.shape[1])
        title = catalogue.get(activation).title
        marks = [
            Rule(1),
            Line(back, radius**back, label="radius to the power k", colour="muted", dash="dotted"),
            Line(back, mean, label=title, lo=low, hi=high, **style(activation)),
        ]
        words = (
            f"{title}, spectral radius {radius:g}, {_noise_in_words(self.noise)}: "
            f"{self.steps} steps back the gradient is {mean[-1]:.2g} of what it was."
        )
        return Chart("steps back", Axis("gradient norm", "log", (1e-22, 1e22)), marks, words=words)


def _noise_in_words(noise: float) -> str:
    return f"inputs of size {noise:g}" if noise else "no inputs"


@kept
def through_time(
    activations: Sequence[str] = ("identity", "relu", "tanh"),
    radii: Sequence[float] = RADII,
    seeds: Sequence[int] = range(20),
    *,
    noise: float = 0.5,
    width: int = 64,
    steps: int = 100,
) -> ThroughTime:
    r"""Gradients sent back through an untrained recurrent network, by activation and spectral radius.

    .. math:: g_{t-1} = W^\top \mathrm{diag}(\varphi'(a_t))\, g_t, \qquad W = \rho\, G / \rho(G)

    A seed draws one normal matrix G, a first state, inputs of standard deviation ``noise`` to every unit and step, and
    a vector of length 1 to send back; all activations and radii share them. Raises ValueError, naming the field, for a
    bad setting.
    """
    seeds = some_seeds("through_time", seeds, 2)
    names = tuple(known("through_time", name) for name in several("through_time", "activations", activations))
    radii = tuple(not_negative("through_time", "radii", radius) for radius in several("through_time", "radii", radii))
    noise = not_negative("through_time", "noise", noise)
    for field, value in (("width", width), ("steps", steps)):
        whole("through_time", field, value, 2)
    drawn = [_drawn(np.random.default_rng(seed), width, steps) for seed in seeds]
    matrix, first, inputs, back = (np.stack(part) for part in zip(*drawn, strict=True))
    scaled = np.multiply.outer(np.array(radii), matrix)
    norms = {name: _sent_back(name, scaled, first, noise * inputs, back) for name in names}
    return ThroughTime(radii, noise, width, steps, seeds, norms)


def _drawn(rng: np.random.Generator, width: int, steps: int) -> tuple[np.ndarray, ...]:
    """A matrix of spectral radius 1, the first state, the inputs of every step, and a vector of length 1."""
    matrix = rng.normal(size=(width, width))
    first, inputs, back = rng.normal(size=width), rng.normal(size=(steps, width)), rng.normal(size=width)
    return matrix / np.abs(np.linalg.eigvals(matrix)).max(), first, inputs, back / np.linalg.norm(back)


def _sent_back(name: str, matrix: np.ndarray, first: np.ndarray, inputs: np.ndarray, back: np.ndarray) -> np.ndarray:
    """log10 norms of shape (radius, seed, step) for matrices (radius, seed, n, n); −inf where nothing comes back."""
    value, slope = getattr(values, name), getattr(slopes, name)
    state, gates = np.broadcast_to(first, matrix.shape[:-1])[..., None], []
    for step in range(inputs.shape[1]):
        sums = matrix @ state + inputs[:, step, :, None]
        state = value(sums)
        gates.append(slope(sums))
    sent, norms = np.broadcast_to(back, matrix.shape[:-1])[..., None], [np.zeros(matrix.shape[:2])]
    turned = np.swapaxes(matrix, -1, -2)
    with np.errstate(divide="ignore"):
        for gate in reversed(gates):
            sent = turned @ (gate * sent)
            norms.append(np.log10(np.linalg.norm(sent[..., 0], axis=-1)))
    return np.stack(norms, axis=-1)


def time_chart(activation: str, radius: float, inputs: float) -> Chart:
    """The gradient's norm through 100 steps back in time; the radius must be one of :data:`RADII`.

    Raises ValueError for another radius, an unknown activation, or inputs of negative size.
    """
    if radius not in RADII:
        raise ValueError(f"time_chart: radius must be one of {', '.join(map(str, RADII))}, got {radius!r}")
    return through_time((activation,), noise=inputs).path(known("time_chart", activation), radius)


# --- gates -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Gates:
    """log10 of ‖∂(g·c_T)/∂c_(T−k)‖ in an LSTM: ``norms`` has shape (forget bias, seed, k)."""

    biases: tuple[float, ...]
    width: int
    steps: int
    seeds: tuple[int, ...]
    norms: np.ndarray

    @property
    def rate(self) -> np.ndarray:
        """The factor per step, as a geometric mean over all steps: shape (bias, seed)."""
        return 10 ** (self.norms[..., -1] / self.steps)

    def __repr__(self) -> str:
        rows = [
            [f"{bias:g}", f"{values.sigmoid(bias):.3g}", in_words(rate)]
            for bias, rate in zip(self.biases, self.rate, strict=True)
        ]
        return table(["forget bias b", "σ(b)", "factor a step"], rows)

    def chart(self) -> Chart:
        """The gradient's norm against the steps back, and the powers of σ(b)."""
        looks = (("vermillion", "long"), ("purple", "dashdot"), ("blue", "solid"), ("green", "dashdotdot"))
        back, marks = np.arange(self.steps + 1), [Rule(1)]
        for bias, norms, (colour, dash) in zip(self.biases, self.norms, looks, strict=False):
            mean, low, high = (10**end for end in mean_interval(norms.T))
            marks.append(Line(back, mean, f"forget bias {bias:g}", colour, dash, low, high))
            marks.append(Line(back, values.sigmoid(bias) ** back, colour="muted", dash="dotted"))
        words = f"Gradient of the cell through {self.steps} steps, by forget bias; dotted, the powers of σ(b)."
        return Chart("steps back", Axis("gradient norm", "log"), marks, words=words)


@kept
def gates(
    biases: Sequence[float] = (0.0, 1.0, 3.0, 5.0),
    seeds: Sequence[int] = range(20),
    *,
    width: int = 32,
    steps: int = 100,
) -> Gates:
    r"""Gradients sent back along the cells of an untrained LSTM, by the bias of its forget gate.

    .. math:: c_t = f_t \odot c_{t-1} + i_t \odot \tilde c_t, \qquad h_t = o_t \odot \tanh c_t

    Weights are uniform in ±1/√n, as PyTorch draws them, all other biases 0, and the inputs normal. Raises ValueError,
    naming the field, for a bad setting.
    """
    seeds = some_seeds("gates", seeds, 2)
    biases = tuple(map(float, several("gates", "biases", biases)))
    if not np.isfinite(biases).all():
        raise ValueError(f"gates: biases must be finite numbers, got {biases}")
    for field, value in (("width", width), ("steps", steps)):
        whole("gates", field, value)
    drawn = []
    for rng in map(np.random.default_rng, seeds):
        weights = rng.uniform(-1, 1, size=(2 * width, 4 * width)) / width**0.5
        drawn.append((weights, rng.normal(size=(steps, 1, width)), rng.normal(size=(1, width))))
    weights, inputs, back = (torch.from_numpy(np.stack(part)) for part in zip(*drawn, strict=True))
    shift = torch.zeros(len(biases), 4 * width, dtype=torch.float64)
    shift[:, :width] = torch.tensor(biases, dtype=torch.float64)[:, None]
    back = back / back.norm(dim=-1, keepdim=True)
    return Gates(biases, width, steps, seeds, _along_cells(weights, shift, inputs, back).numpy())


def _along_cells(weights: Tensor, shift: Tensor, inputs: Tensor, back: Tensor) -> Tensor:
    """log10 norms of shape (bias, seed, step), from the last cell to the first; states are (seed, bias, n)."""
    hidden = torch.zeros(len(back), len(shift), back.shape[-1], dtype=torch.float64)
    cells = [torch.zeros_like(hidden).requires_grad_()]
    for step in range(inputs.shape[1]):
        joined = torch.cat([hidden, inputs[:, step].expand_as(hidden)], dim=-1)
        hidden, cell = lstm_step(joined @ weights + shift, cells[-1])
        cells.append(cell)
    sent = torch.autograd.grad((cells[-1] * back).sum(), cells)
    return torch.stack([slope.norm(dim=-1).log10().T for slope in reversed(sent)], dim=-1)


# --- one unit near a fold --------------------------------------------------------------------------------------------


def unit(weight: float, bias: np.ndarray, start: float, steps: int) -> tuple[np.ndarray, np.ndarray]:
    r"""The last state of one tanh unit, and its slope in the bias.

    .. math:: h_t = \tanh(w h_{t-1} + b), \qquad
        \frac{\partial h_t}{\partial b} = (1 - h_t^2)\Bigl(1 + w \frac{\partial h_{t-1}}{\partial b}\Bigr)

    >>> state, slope = unit(0.0, np.array([0.0]), 0.5, 3)
    >>> state.tolist(), slope.tolist()
    ([0.0], [1.0])
    """
    whole("unit", "steps", steps)
    state, slope = np.full(np.shape(bias), float(start)), np.zeros(np.shape(bias))
    for _ in range(steps):
        state = values.tanh(weight * state + bias)
        slope = (1 - state**2) * (1 + weight * slope)
    return state, slope


def fold(weight: float) -> float:
    r"""The bias at which the lower resting state of a tanh unit with a weight above 1 disappears.

    .. math:: b^* = w h - \operatorname{artanh} h, \qquad h = \sqrt{1 - 1/w}

    Raises ValueError for a weight of at most 1, which has one resting state at every bias.

    >>> round(fold(2.0), 4)
    0.5328
    """
    if not weight > 1:
        raise ValueError(f"fold: weight must be above 1, got {weight}")
    height = np.sqrt(1 - 1 / weight)
    return float(weight * height - np.arctanh(height))


def cliff_chart(weight: float = 2.0, steps: int = 100, points: int = 2001) -> tuple[Chart, Chart]:
    """The loss of one tanh unit after so many steps against its bias, and the size of the gradient beside it."""
    edge = fold(weight)
    bias = np.linspace(edge - 0.2, edge + 0.2, points)
    state, slope = unit(weight, bias, -0.9, steps)
    loss, gradient = (state - 0.5) ** 2 / 2, np.abs((state - 0.5) * slope)
    words = f"The largest gradient is {gradient.max():.2g}, and {np.median(gradient):.2g} is the median."
    rule = Rule(edge, "x", label="fold", colour="muted", dash="dotted")
    return (
        Chart(
            "bias", "loss", [rule, Line(bias, loss, colour="vermillion")], words="The loss has a cliff.", title="Loss"
        ),
        Chart(
            "bias",
            Axis("size of the gradient", "log"),
            [rule, Line(bias, gradient, colour="vermillion")],
            words=words,
            title="Gradient",
        ),
    )
