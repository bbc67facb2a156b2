r"""The zig-zag: how often the gradients of one neuron agree in sign, and the paths that gradient descent takes.

A neuron has inputs a and weights w. What comes back to it is δ, one number an example, and over a batch

.. math:: \frac{\partial L}{\partial w} = \frac1B \sum_k \delta_k a_k .
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from .. import slopes, values
from ..charts import Axis, Chart, HeatMap, Line, Points, Rule, style
from . import _checks as check
from ._kept import kept
from ._summary import in_words, mean_interval, table
from .digits import CLASSES, PIXELS, split

__all__ = ["Agreement", "Path", "Walks", "agreement", "agreement_in_a_network", "descend", "path_chart", "walks"]

BATCHES = (1, 3, 9, 27, 81, 243)
"""Odd numbers, so that the coins of the exact case cannot cancel to a tie."""


@dataclass(frozen=True, eq=False, repr=False)
class Agreement:
    """How often all weight gradients of a neuron share a sign: ``share[case]`` has one row a batch, one column a seed.

    A case is an activation and a number: the mean of δ, or in a network the steps of training behind it. For a network
    ``balance[case]`` compares the part of the mean gradient that all weights share with those that are their own.
    """

    cases: tuple[tuple[str, float], ...]
    batches: tuple[int, ...]
    inputs: int
    seeds: tuple[int, ...]
    share: dict[tuple[str, float], np.ndarray]
    varied: str
    balance: dict[tuple[str, float], np.ndarray] = field(default_factory=dict)

    @property
    def coins(self) -> float:
        """How often as many fair coins agree."""
        return 2.0 ** (1 - self.inputs)

    def __repr__(self) -> str:
        return "\n\n".join(self._table(name) for name in dict.fromkeys(name for name, _ in self.cases))

    def _table(self, activation: str) -> str:
        cases = [case for case in self.cases if case[0] == activation]
        header = ["batch", *(f"{name}, {self.varied} {number:g}" for name, number in cases)]
        rows = [
            [batch, *(in_words(self.share[case][row], 2) for case in cases)] for row, batch in enumerate(self.batches)
        ]
        return table(header, rows)

    def chart(self, activations: Sequence[str] | None = None) -> Chart:
        """The share against the batch, a line a case; in the first value of what varies lines have dots."""
        shown = [case for case in self.cases if activations is None or case[0] in activations]
        lines = [self._line(case) for case in shown]
        marks = [Rule(self.coins, "y", label="coins", dash="dotted"), *lines]
        last = ", ".join(f"{name} ({self.varied} {n:g}) {self.share[name, n][-1].mean():.2f}" for name, n in shown)
        return Chart(
            Axis("examples in the batch", "log"),
            Axis(f"share in which all {self.inputs} signs agree", limits=(-0.03, 1.03)),
            marks,
            words=f"How often {self.inputs} weight gradients share a sign. At batch {self.batches[-1]}: {last}.",
        )

    def _line(self, case: tuple[str, float]) -> Line:
        name, number = case
        numbers = sorted({n for _, n in self.cases})
        look = style(name) | {"dash": ("solid", "long", "dashdot")[numbers.index(number) % 3]}
        mean, low, high = mean_interval(self.share[case])
        label = f"{name}, {self.varied} {number:g}"
        return Line(self.batches, mean, label=label, lo=low, hi=high, dots=number == numbers[0], **look)


def _all_agree(gradients: np.ndarray) -> np.ndarray:
    """Whether all entries along the last axis are positive, or all negative."""
    return (gradients > 0).all(axis=-1) | (gradients < 0).all(axis=-1)


@kept
def agreement(
    activations: Sequence[str] = ("sigmoid", "relu", "tanh"),
    means: Sequence[float] = (0.0, 0.5),
    batches: Sequence[int] = BATCHES,
    *,
    inputs: int = 10,
    centre: bool = False,
    draws: int = 100,
    seeds: Sequence[int] = range(40),
) -> Agreement:
    r"""The share of batches in which all gradients of a neuron share a sign, where δ does not depend on the inputs.

    .. math:: P\Bigl(\text{all } g_i > 0 \text{ or all } g_i < 0\Bigr), \qquad g = \sum_{k=1}^{B} \delta_k f(x_k),
        \quad x_k \sim N(0, I), \; \delta_k \sim N(\mu, 1)

    All activations and means see the same draws. With ``centre`` the batch's mean is taken from δ, as going back
    through batch normalisation does; a batch of 1 then has no gradient, and counts as no agreement.
    Raises ValueError, naming the field.

    >>> agreement(("sigmoid",), (0.0,), (1,), draws=5, seeds=range(2)).share["sigmoid", 0.0]
    array([[1., 1.]])
    """
    names = tuple(
        check.activation("agreement", name) for name in check.several("agreement", "activations", activations)
    )
    means = tuple(float(mean) for mean in check.several("agreement", "means", means))
    batches = tuple(check.whole("agreement", "batches", one) for one in check.several("agreement", "batches", batches))
    for setting, value in (("inputs", inputs), ("draws", draws)):
        check.whole("agreement", setting, value)
    seeds = check.some_seeds("agreement", seeds)
    cases = tuple((name, mean) for name in names for mean in means)
    share = {case: np.empty((len(batches), len(seeds))) for case in cases}
    for column, seed in enumerate(seeds):
        rng = np.random.default_rng(seed)
        for row, batch in enumerate(batches):
            x, noise = rng.normal(size=(draws, batch, inputs)), rng.normal(size=(draws, 1, batch))
            for name in names:
                signals = getattr(values, name)(x)
                for mean in means:
                    delta = noise + mean - centre * (noise + mean).mean(axis=-1, keepdims=True)
                    share[name, mean][row, column] = _all_agree(delta @ signals).mean()
    return Agreement(cases, batches, inputs, seeds, share, "mean of δ")


@kept
def agreement_in_a_network(
    activations: Sequence[str] = ("sigmoid", "tanh"),
    stops: Sequence[int] = (0, 100),
    batches: Sequence[int] = BATCHES,
    *,
    hidden: int = 10,
    draws: int = 50,
    rate: float = 0.1,
    seeds: Sequence[int] = range(20),
) -> Agreement:
    r"""The same share in a network that reads digits: for the ten output neurons, after some steps of training.

    Inputs are standardised digits, ``hidden`` units have normal weights of variance 1/64, the outputs normal weights of
    variance 1/``hidden``, and δ is that of the cross-entropy, :math:`\delta = p - y`, so it does depend on the inputs.
    Training is plain gradient descent on all weights with batches of 32. Raises ValueError for a bad setting.

    >>> agreement_in_a_network(("sigmoid",), (0,), (1,), draws=3, seeds=range(2)).share["sigmoid", 0]
    array([[1., 1.]])
    """
    who = "agreement_in_a_network"
    names = tuple(check.activation(who, name) for name in check.several(who, "activations", activations))
    stops = tuple(check.whole(who, "stops", stop, 0) for stop in check.several(who, "stops", stops))
    batches = tuple(check.whole(who, "batches", one) for one in check.several(who, "batches", batches))
    for setting, value in (("hidden", hidden), ("draws", draws)):
        check.whole(who, setting, value)
    check.positive(who, "rate", rate)
    seeds = check.some_seeds(who, seeds)
    cases = tuple((name, stop) for name in names for stop in stops)
    share = {case: np.empty((len(batches), len(seeds))) for case in cases}
    balance = {case: np.empty(len(seeds)) for case in cases}
    for column, seed in enumerate(seeds):
        for name in names:
            for stop, net in _trained(name, stops, hidden, rate, seed):
                share[name, stop][:, column] = _network_share(net, batches, draws, np.random.default_rng((seed, 1)))
                balance[name, stop][column] = _balance(*net.back(np.arange(len(split().train)))[1:])
    return Agreement(cases, batches, hidden, seeds, share, "steps", balance)


def _balance(signals: np.ndarray, delta: np.ndarray) -> float:
    """Mean size of the shared part of the gradients over that of the own parts, over all examples."""
    shared = signals.mean() * delta.mean(axis=0)
    own = (signals - signals.mean()).T @ delta / len(delta)
    return float(np.abs(shared).mean() / np.abs(own).mean())


@dataclass
class _Net:
    """One hidden layer with weights ``inner`` (64, hidden) and ``outer`` (hidden, 10); biases stay at 0."""

    act: Callable[[np.ndarray], np.ndarray]
    slope: Callable[[np.ndarray], np.ndarray]
    inner: np.ndarray
    outer: np.ndarray

    def back(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The sums z, the hidden signals and δ = p − y for some training examples."""
        digits = split()
        z = digits.train[chosen] @ self.inner
        signals = self.act(z)
        p = values.softmax(signals @ self.outer)
        return z, signals, p - np.eye(CLASSES)[digits.train_labels[chosen]]


def _trained(name: str, stops: Sequence[int], hidden: int, rate: float, seed: int) -> Iterator[tuple[int, _Net]]:
    """The network at each stop; the same draws for every activation."""
    rng = np.random.default_rng(seed)
    inner = rng.normal(size=(PIXELS, hidden)) / np.sqrt(PIXELS)
    net = _Net(getattr(values, name), getattr(slopes, name), inner, rng.normal(size=(hidden, CLASSES)) / hidden**0.5)
    for step in range(max(stops) + 1):
        if step in stops:
            yield step, net
        if step == max(stops):
            return
        chosen = rng.integers(len(split().train), size=32)
        z, signals, delta = net.back(chosen)
        down = (delta @ net.outer.T) * net.slope(z)
        net.outer = net.outer - rate * signals.T @ delta / 32
        net.inner = net.inner - rate * split().train[chosen].T @ down / 32


def _network_share(net: _Net, batches: Sequence[int], draws: int, rng: np.random.Generator) -> list[float]:
    shares = []
    for batch in batches:
        chosen = rng.integers(len(split().train), size=(draws, batch))
        _, signals, delta = net.back(chosen)
        shares.append(float(_all_agree(np.swapaxes(delta, -1, -2) @ signals).mean()))
    return shares


# --- paths on the loss surface ----------------------------------------------------------------------------------------

START = (1.6, -1.1)
"""Where the paths begin: the first weight must fall and the second rise. The goal is at 0."""

SPAN = 2.2
EXAMPLES = ("all examples", "one example")


@dataclass(frozen=True, eq=False)
class Path:
    """Weights after each step, shape (steps + 1, 2), with the settings; a path that runs away stops far outside."""

    offset: float
    rate: float
    examples: str
    weights: np.ndarray

    @property
    def moves(self) -> np.ndarray:
        """What each step adds to the weights, shape (steps, 2)."""
        return np.diff(self.weights, axis=0)

    @property
    def length(self) -> float:
        """The length of the way, over the straight distance from start to goal."""
        return float(np.linalg.norm(self.moves, axis=1).sum() / np.linalg.norm(self.weights[0]))

    @property
    def left(self) -> float:
        """The last distance from the goal over the first."""
        return float(np.linalg.norm(self.weights[-1]) / np.linalg.norm(self.weights[0]))

    @property
    def turns(self) -> int:
        """How often the sum of both weights' moves changes its sign from one step to the next, rounding apart."""
        shared = self.moves.sum(axis=1)
        shared = np.where(np.abs(shared) > 1e-9, shared, 0)
        return int((shared[1:] * shared[:-1] < 0).sum())


def second_moments(offset: float) -> np.ndarray:
    r"""E[aaᵀ] of two independent inputs with this mean and variance 1.

    .. math:: M = I + m^2 \mathbf 1 \mathbf 1^\top

    >>> second_moments(2.0)
    array([[5., 4.],
           [4., 5.]])
    """
    return np.eye(2) + offset**2


def descend(
    offset: float,
    rate: float,
    examples: str = "all examples",
    *,
    steps: int = 30,
    start: tuple[float, float] = START,
    seed: int = 0,
) -> Path:
    r"""Gradient descent of one neuron with two inputs of mean ``offset`` and variance 1, towards weights of 0.

    .. math:: L(w) = \tfrac12\, \mathrm E (w^\top a)^2 = \tfrac12 w^\top M w

    With ``"all examples"`` a step follows the mean gradient, with ``"one example"`` that of a single new draw. Raises
    ValueError, naming the field, for a bad setting.

    >>> descend(0.0, 0.5, steps=1).weights.tolist()
    [[1.6, -1.1], [0.8, -0.55]]
    """
    check.not_negative("descend", "offset", offset)
    check.positive("descend", "rate", rate)
    check.one_of("descend", "examples", examples, EXAMPLES)
    check.whole("descend", "steps", steps)
    draws = offset + np.random.default_rng(seed).normal(size=(steps, 2))
    w, path = np.array(start, dtype=float), [np.array(start, dtype=float)]
    for a in draws:
        slope = second_moments(offset) @ w if examples == EXAMPLES[0] else a * (a @ w)
        w = w - rate * slope if np.abs(w).max() < 5 * SPAN else w
        path.append(w)
    return Path(float(offset), float(rate), examples, np.array(path))


def path_chart(offset: float, rate: float, examples: str = "all examples") -> Chart:
    """The loss surface of :func:`descend` with the path on it."""
    side = np.linspace(-SPAN, SPAN, 33)
    w = np.stack(np.meshgrid(side, side), axis=-1)
    loss = np.einsum("...i,ij,...j->...", w, second_moments(offset), w) / 2
    path = descend(offset, rate, examples)
    return Chart(
        Axis("weight 1", limits=(-SPAN, SPAN)),
        Axis("weight 2", limits=(-SPAN, SPAN)),
        [
            HeatMap(side, side, np.sqrt(loss), label="square root of the loss", limits=(0, 9), levels=(0.5, 1, 2, 4)),
            Line(*path.weights.T, label="path", colour="vermillion", dots=True),
            Points([START[0]], [START[1]], label="start", colour="ink"),
            Points([0], [0], label="goal", colour="green", marker="diamond"),
        ],
        words=_path_words(path),
        equal=True,
    )


def _path_words(path: Path) -> str:
    start = f"Inputs of mean {path.offset:g}, rate {path.rate:g}, {path.examples} a step: "
    if not path.left < 1:
        return start + "the path runs away from the goal."
    return start + (
        f"after {len(path.weights) - 1} steps {path.left:.2%} of the distance is left, the way was {path.length:.2f} "
        f"times the straight one, and the move that both weights share changed its sign {path.turns} times."
    )


@dataclass(frozen=True, eq=False, repr=False)
class Walks:
    """Length and number of steps of paths at their best rate: arrays (offset, seed), with the condition numbers."""

    offsets: tuple[float, ...]
    seeds: tuple[int, ...]
    condition: np.ndarray
    length: np.ndarray
    steps: np.ndarray
    share: float

    def __repr__(self) -> str:
        rows = [
            [f"{offset:g}", f"{k:.3g}", in_words(length), in_words(steps)]
            for offset, k, length, steps in zip(self.offsets, self.condition, self.length, self.steps, strict=True)
        ]
        return table(["offset", "condition number", "length / straight", "steps"], rows)

    def chart(self) -> Chart:
        """The geometric means of length and of number of steps, against the condition number."""
        length, steps = ([np.exp(end) for end in mean_interval(np.log(one))] for one in (self.length, self.steps))
        of_steps = Line(self.condition, steps[0], label="steps", colour="blue", dots=True)
        of_length = Line(self.condition, length[0], "length / straight", "vermillion", lo=length[1], hi=length[2])
        words = f"At condition number {self.condition[-1]:.3g} a path typically takes {steps[0][-1]:.0f} steps and is "
        words += f"{length[0][-1]:.1f} times as long as the straight way."
        return Chart(
            Axis("condition number", "log"), Axis("steps, and length", "log"), [of_steps, of_length], words=words
        )


@kept
def walks(
    offsets: Sequence[float] = (0.5, 1.0, 2.0, 4.0),
    seeds: Sequence[int] = range(200),
    *,
    inputs: int = 2,
    share: float = 0.01,
) -> Walks:
    r"""Paths from random directions, each at the rate 2/(λ + Λ), until ``share`` of the distance is left.

    One seed draws one direction; ``inputs`` have the given mean and variance 1, so that
    :math:`\kappa = 1 + n m^2`. Raises ValueError for a bad setting; offsets must be positive.

    >>> walks((1.0,), range(2)).condition
    array([3.])
    """
    offsets = tuple(check.positive("walks", "offset", one) for one in check.several("walks", "offsets", offsets))
    check.whole("walks", "inputs", inputs, 2)
    if not 0 < share < 1:
        raise ValueError(f"walks: share must be between 0 and 1, got {share}")
    seeds = check.some_seeds("walks", seeds)
    starts = np.stack([np.random.default_rng(seed).normal(size=inputs) for seed in seeds])
    starts /= np.linalg.norm(starts, axis=1, keepdims=True)
    condition = 1 + inputs * np.square(offsets)
    found = [_walk(starts, offset, share) for offset in offsets]
    length, steps = (np.stack(part) for part in zip(*found, strict=True))
    return Walks(offsets, seeds, condition, length, steps, share)


def _walk(starts: np.ndarray, offset: float, share: float) -> tuple[np.ndarray, np.ndarray]:
    size = starts.shape[1]
    step = np.eye(size) - 2 / (2 + size * offset**2) * (np.eye(size) + offset**2)
    w, length, steps = starts, np.zeros(len(starts)), np.zeros(len(starts))
    going = np.ones(len(starts), dtype=bool)
    while going.any():
        new = w @ step
        length += np.where(going, np.linalg.norm(new - w, axis=1), 0)
        steps += going
        w, going = new, going & (np.linalg.norm(new, axis=1) > share)
    return length, steps
