r"""Smooth gates and gated layers at work: two forms of GELU, equal parameters on the digits, a product and a maximum.

A gated unit forms two weighted sums and multiplies one by a function of the other,

.. math:: (w^\top x + b)\; f(v^\top x + c),

so a layer of them has as many parameters as a wider layer of plain units. :func:`equal_networks` finds the width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from .. import values
from ..charts import Axis, Bars, Chart, Line, Rule, style
from . import _checks as check
from ._kept import kept
from ._summary import in_words, mean_interval, table
from .digits import CLASSES, PIXELS, TEST
from .ensemble import Ensemble, Network
from .training import OPTIMISERS, Recipe, Training, train

__all__ = [
    "GATED",
    "PLAIN",
    "TASKS",
    "Digits",
    "Fits",
    "GeluForms",
    "default_gelu",
    "equal_networks",
    "fit",
    "gelu_forms",
    "lstm_step",
    "on_digits",
    "parameters",
    "plain_descent",
]

PLAIN = ("relu", "squared_relu", "softplus", "silu", "gelu", "mish")
GATED = ("glu", "reglu", "geglu", "swiglu")


# --- two forms of GELU -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class GeluForms:
    """The tanh form less the exact one: ``largest`` in size, found ``at``; never more than ``bound`` where x > 0."""

    step: float
    x: np.ndarray
    difference: np.ndarray
    bound: float

    @property
    def largest(self) -> float:
        return float(np.abs(self.difference).max())

    @property
    def at(self) -> float:
        return float(self.x[np.abs(self.difference).argmax()])

    def __repr__(self) -> str:
        return table(
            ["largest difference", "at", "proved bound"], [[f"{self.largest:.7g}", self.at, f"{self.bound:.7g}"]]
        )

    def chart(self) -> Chart:
        """The difference for x from −6 to 6, in units of one ten-thousandth; it is an even function."""
        every = max(1, round(0.02 / self.step))
        keep = (self.x <= 6) & (np.arange(self.x.size) % every == 0)
        x, y = self.x[keep], 1e4 * self.difference[keep]
        line = Line([*-x[::-1], *x], [*y[::-1], *y], label="tanh form − exact", **style("gelu_tanh"))
        words = f"The tanh form less the exact GELU; the largest difference is {self.largest:.3g}, at ±{self.at:.3g}."
        return Chart(Axis("x", limits=(-6, 6)), "difference, in 0.0001", [Rule(0, "y"), line], words=words)


def gelu_forms(step: float = 1e-4, end: float = 12.0) -> GeluForms:
    r"""Compare both forms of GELU on a fine grid of positive x, with a bound for all of them.

    .. math:: |x|\,\max\bigl(T(b) - \Phi(a),\; \Phi(b) - T(a)\bigr) \quad \text{for } 0 \le a \le x \le b

    Both gates, Φ and T, rise for positive x, so that their values at the ends of a cell bound what lies in it; beyond
    ``end`` both are above their values there and below 1. The difference is the same at −x. Raises ValueError for a
    step that is not above 0 and below 0.1, and an end below 10.

    >>> gelu_forms(0.001).bound < 0.0006
    True
    """
    if not 0 < check.positive("gelu_forms", "step", step) < 0.1:
        raise ValueError(f"gelu_forms: step must be above 0 and below 0.1, got {step!r}")
    if check.positive("gelu_forms", "end", end) < 10:
        raise ValueError(f"gelu_forms: end must be at least 10, got {end!r}")
    x = np.arange(1, round(end / step) + 1) * step
    exact, form = values.gelu(x), values.gelu_tanh(x)
    phi, gate = (np.concatenate([[0.5], f / x]) for f in (exact, form))
    cells = x * np.maximum(gate[1:] - phi[:-1], phi[1:] - gate[:-1])
    # Beyond the end both gates lie between theirs there and 1, and x times what is left of 1 falls.
    tail = -min(float(form_at(-x[-1])) for form_at in (values.gelu, values.gelu_tanh))
    return GeluForms(step, x, form - exact, max(float(cells.max()), tail))


def default_gelu(x: np.ndarray) -> np.ndarray:
    r"""What torch calls GELU when it is asked for nothing else.

    .. math:: x\,\Phi(x)

    >>> float(default_gelu(np.array([1.0]))[0].round(6))
    0.841345
    """
    return torch.nn.functional.gelu(torch.tensor(x)).numpy()


# --- the gates of an LSTM --------------------------------------------------------------------------------------------


def lstm_step(seed: int = 0, size: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""The state of torch's LSTM cell after one step; the same by formula; and by the formula with tanh for each gate.

    .. math:: c' = \sigma(z_f)\,c + \sigma(z_i) \tanh z_g

    >>> by_torch, by_formula, all_tanh = lstm_step()
    >>> np.allclose(by_torch, by_formula), np.allclose(by_torch, all_tanh)
    (True, False)
    """
    rng = np.random.default_rng(check.whole("lstm_step", "seed", seed, 0))
    cell = torch.nn.LSTMCell(size, check.whole("lstm_step", "size", size), dtype=torch.float64)
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.copy_(torch.tensor(rng.normal(size=parameter.shape)))
        x, h, c = (torch.tensor(rng.normal(size=(1, size))) for _ in range(3))
        by_torch = cell(x, (h, c))[1]
        z = x @ cell.weight_ih.T + cell.bias_ih + h @ cell.weight_hh.T + cell.bias_hh
    enter, forget, content, _ = z.numpy().reshape(4, size)
    before = c.numpy()[0]
    states = (gate(forget) * before + gate(enter) * np.tanh(content) for gate in (values.sigmoid, np.tanh))
    return by_torch.numpy()[0], *states


# --- equal parameters ------------------------------------------------------------------------------------------------


def parameters(network: Network) -> int:
    """How many numbers a plain network of :class:`.ensemble.Network` learns, weights and biases.

    >>> parameters(Network("relu", depth=1, width=28)), parameters(Network("swiglu", depth=1, width=15))
    (2110, 2110)
    """
    return sum(outputs * (inputs + 1) for outputs, inputs in network.shapes())


def equal_networks(
    names: Sequence[str] = PLAIN + GATED,
    width: int = 28,
    *,
    inputs: int = PIXELS,
    outputs: int = CLASSES,
    **more: object,
) -> dict[str, Network]:
    """Networks of one hidden layer with exactly as many parameters each, by name; plain ones have ``width`` units.

    Raises ValueError where no whole number of gated units has as many.

    >>> {name: network.width for name, network in equal_networks(["relu", "geglu"]).items()}
    {'relu': 28, 'geglu': 15}
    """
    plain = Network("relu", depth=1, width=width, inputs=inputs, outputs=outputs, **more)
    found = {name: replace(plain, activation=name) for name in check.several("equal_networks", "names", names)}
    for name, network in found.items():
        units = (parameters(plain) - outputs) / (network.sums * (inputs + 1) + outputs)
        if units != int(units):
            raise ValueError(f"equal_networks: no whole width of {name} has as many parameters as {width} plain units")
        found[name] = replace(network, width=int(units))
    return found


@dataclass(frozen=True, eq=False, repr=False)
class Digits:
    """Networks with equal parameters, each at the rate of its smallest mean training loss, compared with the first."""

    training: Training

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.training.networks)

    def accuracy(self, name: str) -> np.ndarray:
        """Test accuracy in per cent, by seed, at the network's own best rate."""
        return 100 * self.training.final(name, self.training.best_rate(name))

    def loss(self, name: str) -> np.ndarray:
        """Training loss at the end, by seed, at the same rate."""
        rate = self.training.recipe.rates.index(self.training.best_rate(name))
        return self.training.loss[name][rate, :, -1]

    def difference(self, name: str) -> np.ndarray:
        """How many of the 450 test pictures more than the first network it gets right, by seed: whole numbers."""
        return np.round(TEST / 100 * (self.accuracy(name) - self.accuracy(self.names[0])))

    def __repr__(self) -> str:
        rows = [
            [
                name,
                self.training.networks[name].width,
                f"{self.training.best_rate(name):g}",
                in_words(1000 * self.loss(name), 2),
                f"{self.accuracy(name).mean():.1f}",
                "" if name == self.names[0] else in_words(self.difference(name), 2),
            ]
            for name in self.names
        ]
        return table(["network", "units", "rate", "loss × 1000", "accuracy in %", "pictures more"], rows)

    def chart(self) -> Chart:
        """The difference of each network from the first, with its interval."""
        names = self.names[1:]
        mean, low, high = mean_interval(np.stack([self.difference(name) for name in names]))
        colours = ["vermillion" if self.training.networks[name].sums > 1 else "blue" for name in names]
        bars = Bars(names, mean, colour=colours, lo=low, hi=high)
        label = f"test pictures of {TEST} more than {self.names[0]}"
        worst = names[int(np.abs(mean).argmax())]
        words = (
            f"At equal parameters the differences from {self.names[0]} lie between {mean.min():.2g} and "
            f"{mean.max():.2g} of {TEST} test pictures; the largest is that of {worst}."
        ).replace("-", "−")
        return Chart(Axis(label, limits=(-6, 6)), "network", [bars, Rule(0, "x")], words=words)


def on_digits(
    names: Sequence[str] = PLAIN + GATED,
    width: int = 28,
    *,
    recipe: Recipe | None = None,
    seeds: Iterable[int] = range(20),
) -> Digits:
    """Train networks with equal parameters on the digits, each at several rates, and keep the best by training loss.

    Raises ValueError as :func:`equal_networks` and :func:`.training.train` do.

    >>> on_digits(["relu", "glu"], recipe=Recipe(steps=2), seeds=range(2)).names
    ('relu', 'glu')
    """
    recipe = recipe or Recipe(steps=200, batch=32, rates=(0.005, 0.01, 0.02, 0.03), optimiser="adam", every=200)
    return Digits(train(equal_networks(names, width), recipe, check.some_seeds("on_digits", seeds, 2)))


def plain_descent(
    names: Sequence[str] = ("relu", "silu", "gelu", "glu", "squared_relu", "reglu", "geglu", "swiglu"),
    width: int = 28,
    *,
    rates: Sequence[float] = (0.25, 1.0),
    steps: int = 100,
    seeds: Iterable[int] = range(20),
) -> Training:
    r"""Train networks with equal parameters by plain descent, :math:`\theta \leftarrow \theta - \eta \nabla L`.

    Raises ValueError as :func:`equal_networks` and :func:`.training.train` do.

    >>> plain_descent(["relu"], steps=2, seeds=range(2)).accuracy["relu"].shape
    (2, 2, 2)
    """
    recipe = Recipe(steps=steps, batch=32, rates=tuple(rates), every=check.whole("plain_descent", "steps", steps))
    return train(equal_networks(names, width), recipe, check.some_seeds("plain_descent", seeds, 2))


# --- a product and a maximum -----------------------------------------------------------------------------------------

TASKS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "product": lambda x: x[..., 0] * x[..., 1],
    "maximum": lambda x: x.amax(dim=-1),
}
"""What is to be learned from two standard normal inputs."""


@dataclass(frozen=True, eq=False, repr=False)
class Fits:
    """Errors of networks with equal parameters: ``error[task][name]`` is a share of the target's variance, by seed.

    ``rate[task][name]`` is the rate at which the mean logarithm of the training error was smallest.
    """

    networks: dict[str, Network]
    steps: int
    seeds: tuple[int, ...]
    error: dict[str, dict[str, np.ndarray]]
    rate: dict[str, dict[str, float]]

    def ratio(self, task: str, name: str, other: str) -> np.ndarray:
        """How many times as large the error of ``name`` is as that of ``other``, by seed."""
        return self.error[task][name] / self.error[task][other]

    def __repr__(self) -> str:
        rows = [
            [name, network.width, *(in_words(np.log10(self.error[task][name])) for task in self.error)]
            for name, network in self.networks.items()
        ]
        return table(["network", "units", *(f"log₁₀ error, {task}" for task in self.error)], rows)

    def charts(self) -> tuple[Chart, ...]:
        """One chart a task: the error of each network as a power of ten, with its interval."""
        return tuple(self._chart(task) for task in self.error)

    def _chart(self, task: str) -> Chart:
        names = tuple(self.networks)
        mean, low, high = mean_interval(np.log10(np.stack([self.error[task][name] for name in names])))
        colours = ["vermillion" if network.sums > 1 else "blue" for network in self.networks.values()]
        best = names[int(mean.argmin())]
        words = f"Learning the {task} of two inputs at equal parameters: the smallest error is that of {best}."
        axis = Axis("log₁₀ of the share of variance missed", limits=(-6, 0))
        return Chart(axis, "network", [Bars(names, mean, colour=colours, lo=low, hi=high)], words=words, title=task)


@kept
def fit(
    names: Sequence[str] = ("relu", "squared_relu", "gelu", "glu", "geglu", "swiglu"),
    width: int = 14,
    *,
    tasks: Sequence[str] = ("product", "maximum"),
    rates: Sequence[float] = (0.03, 0.1, 0.3),
    steps: int = 300,
    examples: int = 128,
    seeds: Iterable[int] = range(20),
) -> Fits:
    r"""Learn a function of two inputs with one hidden layer, at equal parameters and the same examples.

    .. math:: \frac{\mathrm E\,(\hat y - y)^2}{\operatorname{Var} y}

    Adam on all examples at once; of several rates each network keeps the one with the smallest training error, and is
    measured on four times as many new examples. Raises ValueError naming the field that is wrong.

    >>> fit(["relu"], tasks=["product"], steps=2, seeds=range(2)).error["product"]["relu"].shape
    (2,)
    """
    for task in check.several("fit", "tasks", tasks):
        check.one_of("fit", "task", task, TASKS)
    recipe = Recipe(rates=tuple(rates), optimiser="adam", steps=steps)
    check.whole("fit", "examples", examples, 2)
    seeds = check.some_seeds("fit", seeds, 2)
    networks = equal_networks(names, width, inputs=2, outputs=1, scheme="torch")
    draws = np.stack([np.random.default_rng(seed).normal(size=(5 * examples, 2)) for seed in seeds])
    x, new = torch.tensor(draws, dtype=torch.float32).split([examples, 4 * examples], dim=1)
    error: dict[str, dict] = {task: {} for task in tasks}
    rate: dict[str, dict] = {task: {} for task in tasks}
    for task in tasks:
        for name, network in networks.items():
            error[task][name], rate[task][name] = _fit_one(network, TASKS[task], recipe, seeds, x, new)
    return Fits(networks, steps, seeds, error, rate)


def _fit_one(
    network: Network, task: Callable, recipe: Recipe, seeds, x: Tensor, new: Tensor
) -> tuple[np.ndarray, float]:
    """The errors on new examples at the best rate, and that rate."""
    ensemble = Ensemble(network, seeds, variants=len(recipe.rates), dtype=torch.float32)
    parts = [part.requires_grad_() for part in ensemble.parameters()]
    step = OPTIMISERS[recipe.optimiser](parts, recipe)
    for _ in range(recipe.steps):
        step(torch.autograd.grad(_missed(ensemble, x, task).sum(), parts))
    with torch.no_grad():
        best = int(np.nan_to_num(_missed(ensemble, x, task).log().mean(dim=1).numpy(), nan=np.inf).argmin())
        return _missed(ensemble, new, task)[best].double().numpy(), recipe.rates[best]


def _missed(ensemble: Ensemble, x: Tensor, task: Callable) -> Tensor:
    """The mean squared error as a share of the variance, by rate and seed."""
    target = task(x)
    return (ensemble(x).logits[..., 0] - target).square().mean(dim=-1) / target.var(dim=-1, correction=0)
