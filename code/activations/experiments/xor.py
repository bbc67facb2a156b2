r"""XOR by training: how often gradient descent finds it from random starts, and pictures of what was found.

The network has two inputs, one hidden layer with the activation under test, and one affine output z; it says 1 where
z > 0, and is trained on all four points at once by the cross-entropy of σ(z).
All activations, widths and starts are one batch of tensors, so that thousands of runs cost little more than one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from .. import catalogue, modules, values
from ..charts import Axis, Chart, HeatMap, Histogram, Line, Points, Rule, style
from ._summary import wilson

__all__ = [
    "ACTIVATIONS",
    "STEPS",
    "STUCK",
    "WIDTHS",
    "Share",
    "Success",
    "Training",
    "merged",
    "neuron_chart",
    "relu_network_charts",
    "slope_sweep",
    "stuck_chart",
    "success",
    "surface",
]

ACTIVATIONS = (
    "identity", "sigmoid", "tanh", "softplus", "relu", "leaky_relu", "elu", "gelu", "silu", "cosine",
)  # fmt: skip
WIDTHS = (1, 2, 3, 4, 8)
OPTIMISERS = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}

_INPUTS = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], dtype=torch.float64)
_LABELS = torch.tensor([0.0, 1.0, 1.0, 0.0], dtype=torch.float64)


# --- training --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Training:
    """How each run is trained: full batch, a fixed number of steps. Raises ValueError naming what is wrong.

    >>> Training(steps=0)
    Traceback (most recent call last):
    ...
    ValueError: Training: steps must be a whole number above 0, got 0
    """

    steps: int = 300
    rate: float = 0.05
    optimiser: str = "adam"
    starts: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("steps", "starts"):
            _check_whole(f"Training: {name}", getattr(self, name))
        if not self.rate > 0:
            raise ValueError(f"Training: rate must be above 0, got {self.rate}")
        if self.optimiser not in OPTIMISERS:
            raise ValueError(f"Training: optimiser must be one of {', '.join(OPTIMISERS)}, got {self.optimiser!r}")


def _check_whole(what: str, value: object) -> None:
    if not (isinstance(value, int) and value > 0):
        raise ValueError(f"{what} must be a whole number above 0, got {value!r}")


Function = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class _Batch:
    """All networks at once: leading dimensions (activations, starts), then the hidden units of every width in a row.

    ``member`` has a column for each width and says which units are its own.
    The same start draws the same units at every width and for every activation, as ``torch.nn.Linear`` would: uniform
    in ±1/√fan-in.
    """

    functions: tuple[Function, ...]
    weight: Tensor
    bias: Tensor
    out: Tensor
    shift: Tensor
    member: Tensor

    @classmethod
    def drawn(cls, functions: Sequence[Function], widths: Sequence[int], training: Training) -> _Batch:
        generator = torch.Generator().manual_seed(training.seed)
        # Unit after unit, so that a wider network begins with the units of a narrower one.
        drawn = 2 * torch.rand(max(widths) + 1, training.starts, 4, generator=generator, dtype=torch.float64) - 1
        drawn = drawn.movedim(0, 1).expand(len(functions), -1, -1, -1)
        sizes, units = torch.tensor(widths), drawn[:, :, torch.cat([1 + torch.arange(width) for width in widths])]
        owner = torch.arange(len(widths)).repeat_interleave(sizes)
        inner, outer = 2**-0.5, sizes.double() ** -0.5
        start = inner * units[..., :2], inner * units[..., 2], outer[owner] * units[..., 3], outer * drawn[:, :, 0, :1]
        member = torch.nn.functional.one_hot(owner, len(widths)).double()
        return cls(tuple(functions), *(part.contiguous().requires_grad_() for part in start), member)

    def parameters(self) -> list[Tensor]:
        return [self.weight, self.bias, self.out, self.shift]

    def copy(self) -> _Batch:
        """The networks as they are now, without gradients."""
        return _Batch(self.functions, *(part.detach().clone() for part in self.parameters()), self.member)

    def logits(self, x: Tensor) -> Tensor:
        """Outputs of shape (activations, widths, starts, points) at inputs of shape (points, 2)."""
        sums = x @ self.weight.mT + self.bias[..., None, :]
        hidden = torch.stack([function(part) for function, part in zip(self.functions, sums, strict=True)])
        return ((hidden * self.out[..., None, :]) @ self.member + self.shift[..., None, :]).movedim(-1, 1)


def _losses(logits: Tensor) -> Tensor:
    """The mean cross-entropy of each network, in nats."""
    return binary_cross_entropy_with_logits(logits, _LABELS.expand_as(logits), reduction="none").mean(-1)


def _right(logits: Tensor) -> Tensor:
    """How many of the four points each network gets right."""
    return ((logits > 0) == (_LABELS > 0)).sum(-1)


def _train(batch: _Batch, training: Training) -> Iterator[int]:
    """Train all networks in place; yields the number of steps behind them, from 0 to the last."""
    optimiser = OPTIMISERS[training.optimiser](batch.parameters(), lr=training.rate)
    for step in range(training.steps):
        yield step
        optimiser.zero_grad()
        _losses(batch.logits(_INPUTS)).sum().backward()  # the runs share no parameter: a sum keeps them apart
        optimiser.step()
    yield training.steps


# --- what is measured ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Share:
    """A share of runs with its 95 % interval after Wilson; shown in per cent.

    >>> print(Share(21, 100))
    21 [14, 30]
    """

    count: int
    runs: int

    @property
    def mean(self) -> float:
        return self.count / self.runs

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.count, self.runs)[1:]

    def __str__(self) -> str:
        low, high = self.interval
        return f"{100 * self.mean:.0f} [{100 * low:.0f}, {100 * high:.0f}]"


@dataclass(frozen=True, eq=False)
class Success:
    """How the runs ended: ``logits``, the outputs on the four points, have shape (rows, widths, starts, points).

    A run has reached XOR when all four have the right sign.
    It displays as a table of the shares that did, in per cent with 95 % intervals, a row for each activation.
    """

    rows: tuple[str, ...]
    widths: tuple[int, ...]
    logits: Tensor = field(repr=False)
    heading: str = "activation"

    def share(self, row: str, width: int) -> Share:
        """The share at one row and width. Raises ValueError for one that was not measured."""
        solved = self.solved(row, width)
        return Share(int(solved.sum()), solved.size)

    def solved(self, row: str, width: int) -> np.ndarray:
        """Which starts reached XOR."""
        return (_right(self.outputs(row, width)) == len(_LABELS)).numpy()

    def losses(self, row: str, width: int) -> np.ndarray:
        """The last loss of every start."""
        return _losses(self.outputs(row, width)).numpy()

    def outputs(self, row: str, width: int) -> Tensor:
        """The outputs on the four points at one row and width, a line for each start."""
        return self.logits[self._at("row", row, self.rows), self._at("width", width, self.widths)]

    def _at(self, what: str, value: object, known: tuple) -> int:
        if value not in known:
            raise ValueError(f"Success: {what} must be one of {', '.join(map(str, known))}, got {value!r}")
        return known.index(value)

    def __str__(self) -> str:
        head = [self.heading, *(f"width {width}" for width in self.widths)]
        body = [[row, *(str(self.share(row, width)) for width in self.widths)] for row in self.rows]
        return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *body])

    def _repr_markdown_(self) -> str:
        return str(self).replace(" [", "\u00a0[").replace(", ", ",\u00a0")  # an interval stays on one line

    def chart(self, rows: Sequence[str] | None = None) -> Chart:
        """The share by width with its interval, one line for each of the given activations (by default all)."""
        rows = self.rows if rows is None else tuple(rows)
        lines = [self._line(row) for row in rows]
        worst = min(rows, key=lambda row: self.share(row, self.widths[-1]).mean)
        words = (
            f"The share of runs that reach XOR against the number of hidden units, for {', '.join(rows)}; "
            f"at {self.widths[-1]} units it is lowest for {worst}, {self.share(worst, self.widths[-1])} per cent."
        )
        return Chart(Axis("hidden units"), Axis("share of starts that reach XOR", limits=(-0.04, 1.04)), lines, words)

    def _line(self, row: str) -> Line:
        shares = [self.share(row, width) for width in self.widths]
        low, high = np.transpose([share.interval for share in shares])
        look = {"label": catalogue.get(row).title, "dots": True, **style(row)}
        return Line(self.widths, [share.mean for share in shares], lo=low, hi=high, **look)


def success(activations: Sequence[str] = ACTIVATIONS, widths: Sequence[int] = WIDTHS, **training: object) -> Success:
    """How often each activation reaches XOR at each width; ``training`` takes the fields of :class:`Training`.

    The same starts serve every activation. Computed once a process for each configuration.
    Raises KeyError for an unknown activation, ValueError for a bad width or setting, TypeError for an unknown one.

    >>> success(["identity"], [1, 2], steps=10, starts=20).share("identity", 2).count
    0
    """
    names = [catalogue.get(name).name for name in activations]
    return _success({name: (name, ()) for name in names}, widths, training)


def slope_sweep(
    slopes: Sequence[float] = (-0.5, -0.1, 0, 0.1, 0.5, 1), widths: Sequence[int] = (1, 2), **training: object
) -> Success:
    """As :func:`success`, for leaky ReLU with each of the given slopes on its left side: one number varied at a time.

    Below 0 the function is not monotone, at 0 it is ReLU, at 1 the identity.
    """
    labels = [f"{slope:g}".replace("-", "−") for slope in slopes]
    rows = {label: ("leaky_relu", (("negative_slope", slope),)) for label, slope in zip(labels, slopes, strict=True)}
    return _success(rows, widths, training, heading="slope on the left")


_Options = tuple[tuple[str, float], ...]


def _success(
    rows: Mapping[str, tuple[str, _Options]],
    widths: Sequence[int],
    training: Mapping[str, object],
    heading: str = "activation",
) -> Success:
    if not rows or not len(widths):
        raise ValueError("success: at least one activation and one width are needed")
    for width in widths:
        _check_whole("success: width", width)
    return Success(
        tuple(rows), tuple(widths), _runs(tuple(rows.values()), tuple(widths), Training(**training)), heading
    )


@cache
def _runs(functions: tuple[tuple[str, _Options], ...], widths: tuple[int, ...], training: Training) -> Tensor:
    """The outputs of every function, width and start on the four points, after training."""
    batch = _Batch.drawn([partial(modules.get(name), **dict(options)) for name, options in functions], widths, training)
    for _ in _train(batch, training):
        pass
    return batch.logits(_INPUTS).detach()


# --- where a run gets stuck ------------------------------------------------------------------------------------------


def _entropy(share: float) -> float:
    return -share * np.log(share) - (1 - share) * np.log(1 - share)


STUCK = MappingProxyType({2: 2 / 4 * np.log(2), 3: 3 / 4 * _entropy(1 / 3), 4: np.log(2)})
"""The least loss of a network that gives so many points one common output, where their labels differ."""


def merged(result: Success, row: str, width: int) -> Share:
    """The share of runs without success that give two points or more one output, at the least loss that leaves.

    Outputs count as one within 0.1, losses as the least within 0.01.
    Raises ValueError where every run succeeded.
    """
    failed = ~result.solved(row, width)
    if not failed.any():
        raise ValueError(f"merged: every run of {row} at width {width} reached XOR")
    outputs, losses = result.outputs(row, width)[failed], result.losses(row, width)[failed]
    alike = (outputs[:, :, None] - outputs[:, None]).abs() < 0.1
    points = alike.sum(-1).amax(-1).tolist()
    least = np.array([STUCK.get(count, np.inf) for count in points])
    return Share(int((np.abs(losses - least) < 0.01).sum()), losses.size)


def stuck_chart(result: Success, row: str, width: int) -> Chart:
    """The last losses of all runs of one row and width, with the levels of :data:`STUCK`."""
    height, edges = np.histogram(result.losses(row, width), bins=np.linspace(0, 0.72, 73))
    rules = [
        Rule(level, "x", label=f"{count} points merged", colour=colour, dash="dashed")
        for (count, level), colour in zip(STUCK.items(), ("vermillion", "purple", "green"), strict=True)
    ]
    share = result.share(row, width)
    words = f"{share.count} of {share.runs} runs end near loss 0; the others gather at the three marked levels."
    return Chart("loss at the end", "runs", [Histogram(edges, height), *rules], words=words)


# --- pictures --------------------------------------------------------------------------------------------------------

STEPS = (0, 10, 20, 30, 40, 60, 100, 150, 200, 300)
"""The steps at which :func:`surface` can show a run."""

_SIDE = np.linspace(-0.5, 1.5, 21)
_PLANE = np.stack(np.meshgrid(_SIDE, _SIDE), axis=-1)


def surface(activation: str, step: int, start: int, *, width: int = 2) -> Chart:
    """What a network says over the plane after so many steps of training: the probability of a 1, and where it is ½.

    ``start`` counts from 1; the runs are those of :func:`success` with its default training.
    Raises KeyError for an unknown activation, ValueError for a step not in :data:`STEPS` or a start that is not there.
    """
    setting, name = Training(), catalogue.get(activation)
    if step not in STEPS or not 1 <= start <= setting.starts:
        raise ValueError(f"surface: step is one of {STEPS} and start 1 to {setting.starts}, got {step} and {start}")
    snapshot, right, loss = _history(name.name, width)[step]
    logits = snapshot.logits(torch.tensor(_PLANE.reshape(-1, 2)))[0, 0, start - 1]
    probability = values.sigmoid(logits.numpy()).reshape(len(_SIDE), -1)
    heat = HeatMap(_SIDE, _SIDE, probability, "probability of a 1", (0.5,), (0, 1), "diverging")
    words = (
        f"{name.title}, start {start}, step {step}: {right[start - 1]} of 4 points right, loss {loss[start - 1]:.2f}."
    )
    return Chart(_X1, _X2, [heat, *_corners()], words=words, equal=True)


@cache
def _history(name: str, width: int) -> dict[int, tuple[_Batch, np.ndarray, np.ndarray]]:
    """Snapshots of all starts at :data:`STEPS`: the networks, how many points they get right, their losses."""
    setting = Training()
    batch, seen = _Batch.drawn([modules.get(name)], [width], setting), {}
    for step in _train(batch, setting):
        if step in STEPS:
            logits = batch.logits(_INPUTS)[0, 0].detach()
            seen[step] = batch.copy(), _right(logits).numpy(), _losses(logits).numpy()
    return seen


_CELL = _SIDE[1] - _SIDE[0]
_X1, _X2 = (Axis(label, limits=(_SIDE[0] - _CELL / 2, _SIDE[-1] + _CELL / 2)) for label in ("x₁", "x₂"))


def _corners(first: Sequence[float] = (0, 0, 1, 1), second: Sequence[float] = (0, 1, 0, 1)) -> tuple[Points, Points]:
    """The four points, wherever a layer has put them: circles where XOR is 1, squares where it is 0."""
    first, second = np.array(first, dtype=float), np.array(second, dtype=float)
    one = _LABELS.numpy() > 0
    return (
        Points(first[one], second[one], label="XOR is 1"),
        Points(first[~one], second[~one], label="XOR is 0", colour="vermillion", marker="square"),
    )


def relu_network_charts() -> tuple[Chart, Chart]:
    """The two-unit ReLU network set by hand: its output over the plane with its three regions, and its hidden layer."""
    return _regions_chart(), _hidden_chart()


def _regions_chart() -> Chart:
    total = _PLANE.sum(axis=-1)
    heat = HeatMap(
        _SIDE, _SIDE, values.relu(total) - 2 * values.relu(total - 1), "output", (0.5,), (-1, 1), "diverging"
    )
    bends = [
        Line([at - 2, 2], [2, at - 2], label="where a unit switches", dash="dashed", colour="purple") for at in (0, 1)
    ]
    words = "Two parallel dashed lines cut the plane into three regions; the output is above ½ in a band between."
    return Chart(_X1, _X2, [heat, *bends, *_corners()], words, title="what it computes", equal=True)


def _hidden_chart() -> Chart:
    total = np.array([0.0, 1.0, 2.0])
    first, second = values.relu(total), values.relu(total - 1)
    marks = [
        Line(first, second, label="the whole plane lands here", colour="muted"),
        Line([0.5, 2.5], [0.0, 1.0], label="output ½", colour="blue", dash="long"),
        *_corners(first[[0, 1, 1, 2]], second[[0, 1, 1, 2]]),
    ]
    words = "In the hidden layer the two ones fall on one point, and a straight line parts it from the two zeros."
    return Chart("first unit", "second unit", marks, words, title="what the output unit sees", equal=True)


def neuron_chart(activation: str, weights: Sequence[float], bias: float, *, threshold: float | None = None) -> Chart:
    """An activation along the weighted sum of one neuron, the four points on it, and a threshold where there is one."""
    name = catalogue.get(activation)
    function = getattr(values, name.name)
    z = _INPUTS.numpy() @ np.array(weights, dtype=float) + bias
    along = np.linspace(z.min() - 1, z.max() + 1, 201)
    rule = [] if threshold is None else [Rule(threshold, "y", label="threshold", colour="green", dash="long")]
    marks = [Line(along, function(along), **style(name)), *rule, *_corners(z, function(z))]
    fate = "no level parts the ones from the zeros" if threshold is None else "the threshold parts ones from zeros"
    return Chart(
        "weighted sum z", "f(z)", marks, words=f"{name.title} along the weighted sum: {fate}.", title=name.title
    )
