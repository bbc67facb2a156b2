r"""Stacks of affine layers as numbers: run them, fold them into one layer, train them and fold again.

A stack is a list of layers, first layer first; a layer is a weight of shape (width out, width in) and a bias.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from functools import reduce

import numpy as np
import torch
from torch import nn

from ..charts import Axis, Chart, Line, Rule
from .digits import pictures

__all__ = [
    "Layer",
    "bottleneck",
    "bottleneck_chart",
    "fold",
    "fold_module",
    "parameters",
    "random_stack",
    "run",
    "trained_linear_stack",
]

Layer = tuple[np.ndarray, np.ndarray]


def random_stack(widths: Sequence[int], rng: np.random.Generator) -> list[Layer]:
    """Gaussian layers between the given widths, inputs first; weights have variance 1/fan-in.

    Raises ValueError for fewer than two widths, or one below 1.

    >>> [weight.shape for weight, _ in random_stack([3, 5, 2], np.random.default_rng(0))]
    [(5, 3), (2, 5)]
    """
    if len(widths) < 2 or min(widths) < 1:
        raise ValueError(f"random_stack: widths must be two or more positive numbers, got {list(widths)}")
    return [
        (rng.normal(scale=before**-0.5, size=(after, before)), rng.normal(size=after))
        for before, after in zip(widths, widths[1:], strict=False)
    ]


def run(stack: Sequence[Layer], x: np.ndarray, activation=None) -> np.ndarray:
    """The stack's output at inputs ``x`` of shape (…, width in), and an activation after every layer if given."""
    act = activation or (lambda signal: signal)
    return reduce(lambda signal, layer: act(signal @ layer[0].T + layer[1]), stack, x)


def fold(stack: Sequence[Layer]) -> Layer:
    r"""The one layer that computes what the stack computes.

    .. math:: W = W_L \cdots W_1, \qquad b = \sum_l W_L \cdots W_{l+1}\, b_l

    >>> weight, bias = fold([(np.array([[2.0]]), np.array([1.0])), (np.array([[3.0]]), np.array([5.0]))])
    >>> weight.item(), bias.item()
    (6.0, 8.0)
    """
    return reduce(lambda one, layer: (layer[0] @ one[0], layer[0] @ one[1] + layer[1]), stack)


def parameters(stack: Sequence[Layer]) -> int:
    """How many numbers the stack holds."""
    return sum(weight.size + bias.size for weight, bias in stack)


def fold_module(stack: nn.Sequential) -> nn.Linear:
    """A ``Sequential`` of ``Linear`` layers folded into one ``Linear``.

    Raises TypeError, naming the module, when there is anything else in the stack.
    """
    for module in stack:
        if not isinstance(module, nn.Linear):
            raise TypeError(f"fold_module: only Linear layers fold into one, got {type(module).__name__}")
    with torch.no_grad():
        weight, bias = fold([(module.weight, module.bias) for module in stack])
        one = nn.Linear(weight.shape[1], weight.shape[0], dtype=weight.dtype)
        one.weight.copy_(weight)
        one.bias.copy_(bias)
    return one


def trained_linear_stack(
    widths: Sequence[int], *, steps: int = 300, rate: float = 0.05, seed: int = 0
) -> tuple[nn.Sequential, torch.Tensor, torch.Tensor]:
    """Linear layers with nothing between them, trained on the digits; also the inputs and labels, in float64.

    ``widths`` are those of the hidden layers; there are 64 inputs (pixels, scaled to 0…1) and 10 classes.
    """
    x, y = _digits()
    stack = _stack([64, *widths, 10], seed)
    for _ in _descent(stack, x, y, steps, rate):
        pass
    return stack, x, y


def bottleneck(narrow: int = 2, steps: int = 150, *, seed: int = 0) -> Generator[float, None, tuple[int, np.ndarray]]:
    """Train linear layers of 32, ``narrow`` and 32 units on the digits, and record the share that they get right.

    Yields the share of the work done; returns ``narrow`` and the accuracies, one a step.
    Raises ValueError for a width or a number of steps below 1.
    """
    for name, value in (("narrow", narrow), ("steps", steps)):
        if value < 1:
            raise ValueError(f"bottleneck: {name} must be at least 1, got {value}")
    x, y = _digits()
    stack, accuracies = _stack([64, 32, narrow, 32, 10], seed), []
    for step, scores in enumerate(_descent(stack, x, y, steps, 0.05)):
        accuracies.append((scores.argmax(1) == y).double().mean().item())
        yield step / steps
    return narrow, np.array(accuracies)


def bottleneck_chart(result: tuple[int, np.ndarray]) -> Chart:
    """The accuracies of :func:`bottleneck` against the step, with the share that guessing gets right."""
    narrow, accuracies = result
    steps = np.arange(1, len(accuracies) + 1)
    marks = [
        Rule(0.1, "y", label="guessing"),
        Line(steps, accuracies, label=f"narrowest layer {narrow}", colour="vermillion"),
    ]
    words = f"With a narrowest layer of {narrow} the linear stack ends at {accuracies[-1]:.0%} of the digits right."
    return Chart("training step", Axis("share right", limits=(0, 1)), marks, words=words)


def _digits() -> tuple[torch.Tensor, torch.Tensor]:
    pixels, labels = pictures()
    return torch.tensor(pixels / 16.0), torch.tensor(labels)


def _stack(widths: Sequence[int], seed: int) -> nn.Sequential:
    generator = torch.Generator().manual_seed(seed)
    return nn.Sequential(*(_drawn(a, b, generator) for a, b in zip(widths, widths[1:], strict=False)))


def _descent(stack: nn.Module, x: torch.Tensor, y: torch.Tensor, steps: int, rate: float) -> Iterator[torch.Tensor]:
    """Full-batch gradient descent with momentum; yields the scores that each step started from."""
    optimiser = torch.optim.SGD(stack.parameters(), lr=rate, momentum=0.9)
    for _ in range(steps):
        optimiser.zero_grad()
        scores = stack(x)
        nn.functional.cross_entropy(scores, y).backward()
        optimiser.step()
        yield scores.detach()


def _drawn(before: int, after: int, generator: torch.Generator) -> nn.Linear:
    layer = nn.Linear(before, after, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(torch.randn(after, before, generator=generator, dtype=torch.float64) * before**-0.5)
        layer.bias.zero_()
    return layer
