r"""One loss, four programs: the binary cross-entropy from a probability and from the logit, in a number type.

.. math:: L = -y \log q - (1 - y) \log(1 - q), \qquad q = \sigma(x)

The programs agree as mathematics. They part where q has been rounded to 1, and :func:`success` measures what that does
to units which learn well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..charts import Axis, Bars, Chart, Line, Rule
from . import _checks as check
from ._kept import kept
from ._summary import in_words, mean_interval, table
from .precision import TYPES, rounded

__all__ = ["EPSILON", "PROGRAMS", "Losses", "Success", "losses", "success"]

EPSILON = 1e-7


def _typed(x: Tensor, y: Tensor) -> Tensor:
    q = torch.sigmoid(x)
    return -y * torch.log(q) - (1 - y) * torch.log(1 - q)


def _with_epsilon(x: Tensor, y: Tensor) -> Tensor:
    q = torch.sigmoid(x)
    return -y * torch.log(q + EPSILON) - (1 - y) * torch.log(1 - q + EPSILON)


def _clamped(x: Tensor, y: Tensor) -> Tensor:
    return functional.binary_cross_entropy(torch.sigmoid(x), y, reduction="none")


def _from_logit(x: Tensor, y: Tensor) -> Tensor:
    return functional.binary_cross_entropy_with_logits(x, y, reduction="none")


PROGRAMS: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "as typed": _typed,
    "with epsilon": _with_epsilon,
    "clamped": _clamped,
    "from the logit": _from_logit,
}
"""The formula; with 10⁻⁷ in each logarithm; torch's loss of a probability, its logarithms held above −100; torch's loss
of a logit. All differentiated by torch."""

_LOOKS = {
    "as typed": ("vermillion", "solid"),
    "with epsilon": ("purple", "dotted"),
    "clamped": ("orange", "long"),
    "from the logit": ("blue", "dashdot"),
}


# --- value and gradient ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class Losses:
    """Value and slope in the logit of each program, by logit, for one target."""

    logits: np.ndarray
    target: float
    kind: str
    value: Mapping[str, np.ndarray]
    slope: Mapping[str, np.ndarray]

    def __repr__(self) -> str:
        heads = [f"{name}: {part}" for name in self.value for part in ("loss", "slope")]
        columns = [part[name] for name in self.value for part in (self.value, self.slope)]
        rows = [[_short(x), *(_short(column[i]) for column in columns)] for i, x in enumerate(self.logits)]
        return table(["logit", *heads], rows) + f"\ntarget {self.target:g}, {self.kind}"

    def charts(self) -> tuple[Chart, Chart]:
        """Loss and slope against the logit; a gap where a number is infinite or NaN."""
        return self._chart("loss", self.value), self._chart("slope of the loss", self.slope)

    def _chart(self, label: str, part: Mapping[str, np.ndarray]) -> Chart:
        lines = [
            Line(
                self.logits,
                np.where(np.isfinite(y), y, np.nan),
                label=name,
                colour=_LOOKS[name][0],
                dash=_LOOKS[name][1],
            )
            for name, y in part.items()
        ]
        last = ", ".join(f"{name} {_short(y[-1])}" for name, y in part.items())
        words = f"The {label} in {self.kind} for target {self.target:g}; at logit {self.logits[-1]:g}: {last}."
        return Chart(Axis("logit"), Axis(label), [Rule(0, "y"), *lines], words)


def _short(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")


def losses(logits: Sequence[float], target: float = 0.0, kind: str = "float32") -> Losses:
    """Value and slope of the four programs at some logits. ValueError for no logits, a bad target or an unknown type.

    >>> losses([20.0]).slope["clamped"], losses([20.0]).slope["from the logit"]
    (array([0.]), array([1.]))
    """
    check.one_of("losses", "kind", kind, TYPES)
    check.several("losses", "logits", logits)
    if not 0 <= target <= 1:
        raise ValueError(f"losses: target must be from 0 to 1, got {target!r}")
    x = rounded(np.asarray(logits, dtype=float), kind)
    parts = {name: _both(program, x, target, getattr(torch, kind)) for name, program in PROGRAMS.items()}
    value, slope = ({name: pair[part] for name, pair in parts.items()} for part in range(2))
    return Losses(x, float(target), kind, value, slope)


def _both(program: Callable, x: np.ndarray, target: float, dtype: torch.dtype) -> tuple[np.ndarray, np.ndarray]:
    at = torch.tensor(x, dtype=dtype, requires_grad=True)
    loss = program(at, torch.full_like(at, target, requires_grad=False))
    (slope,) = torch.autograd.grad(loss.sum(), at)
    return loss.detach().double().numpy(), slope.double().numpy()


# --- units that learn well -------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class Success:
    """Units that learn a separable task. ``last[program, type]`` is the last step, by seed, at which the weights were
    numbers (``steps`` if they always were), and ``right`` the share of examples that were right then."""

    kinds: tuple[str, ...]
    programs: tuple[str, ...]
    seeds: tuple[int, ...]
    steps: int
    rate: float
    last: Mapping[tuple[str, str], np.ndarray]
    right: Mapping[tuple[str, str], np.ndarray]

    def lost(self, program: str, kind: str) -> int:
        """How many units ended as NaN."""
        return int((self.last[program, kind] < self.steps).sum())

    def __repr__(self) -> str:
        rows = [
            [program, kind, f"{self.lost(program, kind)} of {len(self.seeds)}", self._step(program, kind), right]
            for program, kind in self.last
            for right in [_or_same(100 * self.right[program, kind])]
        ]
        under = f"{self.steps} steps at rate {self.rate:g}"
        return table(["program", "type", "units lost", "last sound step", "% right then"], rows) + "\n" + under

    def _step(self, program: str, kind: str) -> str:
        return _or_same(self.last[program, kind])

    def chart(self) -> Chart:
        """The last sound step: a bar a type and program."""
        bars = []
        for program in self.programs:
            mean, low, high = mean_interval(np.array([self.last[program, kind] for kind in self.kinds]))
            bars.append(Bars(self.kinds, mean, label=program, colour=_LOOKS[program][0], lo=low, hi=high))
        words = "Last step with sound weights: " + "; ".join(
            f"{program} " + ", ".join(f"{self.last[program, kind].mean():.0f} in {kind}" for kind in self.kinds)
            for program in self.programs
        )
        return Chart(Axis(f"last sound step of {self.steps}"), Axis("type of the loss"), bars, words + ".")


def _or_same(values: np.ndarray) -> str:
    return in_words(values) if np.ptp(values) else f"{values[0]:.4g}"


@kept
def success(
    kinds: tuple[str, ...] = tuple(TYPES),
    programs: tuple[str, ...] = tuple(PROGRAMS),
    seeds: Sequence[int] = range(20),
    *,
    inputs: int = 10,
    examples: int = 100,
    steps: int = 400,
    rate: float = 1.0,
) -> Success:
    """Gradient descent from weights 0 on labels of a teacher, with the loss and its slope computed in a type.

    Weights and logits are float64 in every run: the type holds the logit on its way into the loss, the loss, and the
    slope that comes back. A seed fixes inputs and teacher for all. Raises ValueError, naming the field, before any
    work.
    """
    kinds = tuple(check.one_of("success", "kinds", kind, TYPES) for kind in check.several("success", "kinds", kinds))
    programs = check.several("success", "programs", programs)
    programs = tuple(check.one_of("success", "programs", name, PROGRAMS) for name in programs)
    seeds = check.some_seeds("success", seeds, 2)
    for field, value in (("inputs", inputs), ("examples", examples), ("steps", steps)):
        check.whole("success", field, value)
    check.positive("success", "rate", rate)
    x, y = _task(seeds, inputs, examples)
    runs = {
        (name, kind): _descend(PROGRAMS[name], x, y, getattr(torch, kind), steps, rate)
        for name in programs
        for kind in kinds
    }
    last, right = ({key: run[part] for key, run in runs.items()} for part in range(2))
    return Success(kinds, programs, seeds, steps, float(rate), last, right)


def _task(seeds: Sequence[int], inputs: int, examples: int) -> tuple[Tensor, Tensor]:
    """Inputs of shape (seed, example, input), and the teachers' labels (seed, example)."""
    dice = [np.random.default_rng(seed) for seed in seeds]
    drawn = [(rng.normal(size=(examples, inputs)), rng.normal(size=inputs)) for rng in dice]
    x = torch.tensor(np.stack([each for each, _ in drawn]))
    return x, torch.tensor(np.stack([each @ teacher > 0 for each, teacher in drawn])).double()


def _descend(program: Callable, x: Tensor, y: Tensor, dtype: torch.dtype, steps: int, rate: float) -> tuple:
    """The last step with sound weights, and the share of right examples then, by seed."""
    weight = torch.zeros(x.shape[0], x.shape[2], 1, dtype=torch.float64)
    last, right = torch.zeros(2, len(x), dtype=torch.float64)
    for step in range(steps + 1):
        sound = torch.isfinite(weight).all(dim=(1, 2))
        # A lost unit is lost; its logits are put to 0, because torch's clamped loss refuses NaN.
        logits = torch.where(sound[:, None], (x @ weight)[..., 0], 0.0)
        last[sound] = step
        right[sound] = ((logits > 0) == (y > 0)).double().mean(1)[sound]
        held = logits.to(dtype).requires_grad_()
        (slope,) = torch.autograd.grad(program(held, y.to(dtype)).sum(), held)
        weight = weight - rate / x.shape[1] * (x.mT @ slope.double()[..., None])
    return last.numpy(), right.numpy()
