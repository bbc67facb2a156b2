r"""Does the slope that a framework chooses for ReLU at 0 matter? The same training, with one slope and with another.

.. math:: \operatorname{relu}'(0) = s, \qquad s \in [0, 1]

The choice can show only where a weighted sum is exactly 0, and how often that happens depends on the number type. Low
precision is imitated as accelerators do it: products are added up in float32, what each operation leaves is rounded to
the type, and a float32 copy of the weights takes the updates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from . import _checks
from ._kept import kept
from ._summary import in_words, table
from .digits import CLASSES, PIXELS, split

__all__ = ["SPELLINGS", "TYPES", "KinkRuns", "kink", "slope_at_zero"]

TYPES: Mapping[str, torch.dtype] = {
    "float64": torch.float64,
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
}

SPELLINGS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "relu(x)": torch.relu,
    "maximum(x, 0)": lambda x: torch.maximum(x, torch.zeros_like(x)),
    "(x + |x|) / 2": lambda x: (x + x.abs()) / 2,
    "x + relu(−x)": lambda x: x + torch.relu(-x),
}
"""Four ways to write ReLU; they agree in value everywhere."""


def slope_at_zero(spelling: str) -> float:
    """What torch's automatic differentiation returns at 0 for a spelling of ReLU. ValueError for an unknown one.

    >>> slope_at_zero("relu(x)"), slope_at_zero("x + relu(−x)")
    (0.0, 1.0)
    """
    _checks.one_of("slope_at_zero", "spelling", spelling, SPELLINGS)
    x = torch.zeros((), requires_grad=True)
    SPELLINGS[spelling](x).backward()
    return x.grad.item()


@dataclass(frozen=True, eq=False, repr=False)
class KinkRuns:
    """Runs that differ in the slope at 0 alone, by number type.

    ``zeros[type]`` counts, by seed, the exact zeros among a million weighted sums of hidden units (in the run with the
    first slope); ``parted[type]`` says which seeds ended with different weights; ``accuracy[type]`` has a row a slope.
    """

    slopes: tuple[float, float]
    seeds: tuple[int, ...]
    steps: int
    zeros: Mapping[str, np.ndarray]
    parted: Mapping[str, np.ndarray]
    accuracy: Mapping[str, np.ndarray]

    def difference(self, name: str) -> np.ndarray:
        """Test accuracy with the second slope less that with the first, by seed."""
        return self.accuracy[name][1] - self.accuracy[name][0]

    def __repr__(self) -> str:
        rows = [
            [name, _or_none(zeros), f"{self.parted[name].sum()} of {len(self.seeds)}", _or_none(self.difference(name))]
            for name, zeros in self.zeros.items()
        ]
        slopes = " and ".join(f"{slope:g}" for slope in self.slopes)
        under = f"slopes {slopes} at 0, {self.steps} steps, {len(self.seeds)} seeds"
        return table(["type", "zeros in a million", "runs that part", "accuracy gained"], rows) + f"\n{under}"


def _or_none(values: np.ndarray) -> str:
    return in_words(values, 2) if np.ptp(values) else f"{values[0]:g}"


@kept
def kink(
    types: tuple[str, ...] = tuple(TYPES),
    seeds: Sequence[int] = range(20),
    *,
    slopes: tuple[float, float] = (0.0, 1.0),
    steps: int = 200,
    width: int = 24,
    batch: int = 32,
    rate: float = 0.1,
) -> KinkRuns:
    """Train two hidden ReLU layers on the digits twice, the same but for the slope at 0, in each number type.

    A seed fixes the start and the batches, whatever the type and the slope. Raises ValueError, naming the field, for
    an unknown type, a slope that is no subgradient, no steps, or fewer than two seeds.
    """
    types = tuple(_checks.one_of("kink", "types", name, TYPES) for name in _checks.several("kink", "types", types))
    seeds = _checks.some_seeds("kink", seeds, 2)
    if len(slopes) != 2 or not all(0 <= slope <= 1 for slope in slopes):
        raise ValueError(f"kink: slopes must be two numbers from 0 to 1, got {slopes}")
    for field, value in (("steps", steps), ("width", width), ("batch", batch)):
        _checks.whole("kink", field, value)
    _checks.positive("kink", "rate", rate)
    runs = {name: _train(TYPES[name], seeds, slopes, steps, width, batch, rate) for name in types}
    zeros, parted, accuracy = ({name: run[part] for name, run in runs.items()} for part in range(3))
    return KinkRuns(tuple(slopes), seeds, steps, zeros, parted, accuracy)


def _train(kind: torch.dtype, seeds, slopes, steps: int, width: int, batch: int, rate: float) -> tuple:
    """Zeros in a million, whether the runs parted, and the test accuracies, all by seed."""
    work = torch.float64 if kind == torch.float64 else torch.float32
    dice = [np.random.default_rng(seed) for seed in seeds]
    weights = [_start(dice, shape, work) for shape in ((width, PIXELS), (width, width), (CLASSES, width))]
    biases = [torch.zeros(2, len(seeds), 1, weight.shape[-2], dtype=work) for weight in weights]
    at_zero = torch.tensor(slopes, dtype=work)[:, None, None, None]
    digits, found = split(), torch.zeros(len(seeds), dtype=torch.float64)
    inputs, labels = torch.tensor(digits.train, dtype=work), torch.tensor(digits.train_labels)
    for _ in range(steps):
        rows = torch.tensor(np.stack([rng.integers(len(inputs), size=batch) for rng in dice]))
        sums, outputs = _forward(inputs[rows].expand(2, -1, -1, -1), weights, biases, kind)
        found += sum((z[0] == 0).sum(dim=(-2, -1)) for z in sums[:-1])
        _step(weights, biases, sums, outputs, labels[rows], at_zero, rate, kind)
    parted = ~torch.stack([(p[0] == p[1]).flatten(1).all(dim=1) for p in (*weights, *biases)]).all(dim=0)
    scores = _forward(torch.tensor(digits.test, dtype=work), weights, biases, kind)[0][-1]
    right = (scores.argmax(-1) == torch.tensor(digits.test_labels)).double().mean(-1)
    return (found / (2 * width * batch * steps) * 1e6).numpy(), parted.numpy(), right.numpy()


def _start(dice: list[np.random.Generator], shape: tuple[int, int], work: torch.dtype) -> Tensor:
    drawn = np.stack([rng.normal(scale=(2 / shape[1]) ** 0.5, size=shape) for rng in dice])
    return torch.tensor(drawn, dtype=work).repeat(2, 1, 1, 1)


def _rounded(x: Tensor, kind: torch.dtype) -> Tensor:
    return x if x.dtype == kind else x.to(kind).to(x.dtype)


def _forward(x: Tensor, weights: list[Tensor], biases: list[Tensor], kind: torch.dtype) -> tuple[list, list]:
    """The weighted sums of every layer, and what entered it."""
    sums, outputs = [], [_rounded(x, kind)]
    for weight, bias in zip(weights, biases, strict=True):
        product = _rounded(outputs[-1] @ _rounded(weight, kind).mT, kind)
        sums.append(_rounded(product + _rounded(bias, kind), kind))
        outputs.append(sums[-1].clamp(min=0))
    return sums, outputs[:-1]


def _step(weights: list, biases: list, sums: list, outputs: list, labels: Tensor, at_zero: Tensor, rate, kind) -> None:
    """One step of gradient descent on the cross-entropy, by hand, so that the slope at 0 is ours to choose."""
    wanted = torch.nn.functional.one_hot(labels, CLASSES)
    delta = _rounded(torch.softmax(sums[-1], dim=-1) - wanted, kind)
    share = rate / labels.shape[-1]
    for layer in reversed(range(len(weights))):
        back = _rounded(delta @ _rounded(weights[layer], kind), kind) if layer else None
        weights[layer] -= share * _rounded(delta.mT @ outputs[layer], kind)
        biases[layer] -= share * _rounded(delta.sum(dim=-2, keepdim=True), kind)
        if layer:
            z = sums[layer - 1]
            delta = back * torch.where(z == 0, at_zero, (z > 0).to(z.dtype))
