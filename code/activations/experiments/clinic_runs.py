r"""Training runs for the clinic: what may be wrong with one stands in a :class:`Setup`, field by field.

A network reads the digits, in three layers of 24 units or row by row. At each step

.. math:: \theta \leftarrow \theta - \eta\, g, \qquad g = \nabla_\theta L(\theta) \ (+\ g_{\text{before}},
    \text{ where gradients are never set to 0}),

and all seeds are trained in one program. A seed draws the same weights and sees the same pictures whatever is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from . import _checks as check
from .clinic_measures import LOOKS, Sight, heights, measure
from .digits import CLASSES, TEST, negatives, raw, split
from .ensemble import Ensemble, Layer, Network, Pass
from .training import clipped

__all__ = ["ACTIVATIONS", "LOSSES", "Run", "Setup", "run"]

TEST_EVERY = 10
ROWS = 8
"""Rows of a picture, and pixels in a row: the recurrent network reads one row a step."""


# --- what can be wrong -----------------------------------------------------------------------------------------------


def _in_half(z: Tensor) -> Tensor:
    """tanh of 16-bit numbers."""
    return torch.tanh(z.half()).float()


def _as_typed(z: Tensor) -> Tensor:
    """The definition of tanh, with 16-bit numbers."""
    up, down = torch.exp(z.half()), torch.exp(-z.half())
    return ((up - down) / (up + down)).float()


ACTIVATIONS: Mapping[str, tuple[str, Callable[[Tensor], Tensor]]] = MappingProxyType(
    {
        "relu": ("relu", torch.relu),
        "tanh": ("tanh", torch.tanh),
        "identity": ("identity", lambda z: z),
        "tanh in 16 bits": ("tanh", _in_half),
        "tanh as typed, in 16 bits": ("tanh", _as_typed),
    }
)
"""What stands behind each sum: the catalogue's name, which decides the first weights, and the program."""


def _picked(logs: Tensor, labels: Tensor) -> Tensor:
    return -logs.gather(-1, labels.expand(logs.shape[:-1])[..., None])[..., 0].mean(dim=-1)


def _cross_entropy(scores: Tensor, labels: Tensor) -> Tensor:
    return _picked(functional.log_softmax(scores, dim=-1), labels)


def _over_pictures(scores: Tensor, labels: Tensor) -> Tensor:
    return _picked(functional.log_softmax(scores, dim=-2), labels)


def _yes_or_no(labels: Tensor) -> Tensor:
    return functional.one_hot(labels, CLASSES).float()[None]


def _binary(scores: Tensor, labels: Tensor) -> Tensor:
    each = functional.binary_cross_entropy_with_logits(scores, _yes_or_no(labels), reduction="none")
    return each.mean(dim=(-2, -1))


def _squared(scores: Tensor, labels: Tensor) -> Tensor:
    return (torch.sigmoid(scores) - _yes_or_no(labels)).square().mean(dim=(-2, -1))


def _softmax(scores: Tensor) -> Tensor:
    return torch.softmax(scores, dim=-1)


@dataclass(frozen=True)
class Loss:
    """A loss of each network ``of`` scores and labels; what it is ``given``, and what the run takes for ``shares``.

    ``guess`` is the loss of equal scores that the right loss for the task has; ``exclusive`` says whether one class
    excludes the others; ``terms`` counts what the loss is the mean of.
    """

    of: Callable[[Tensor, Tensor], Tensor]
    shares: Callable[[Tensor], Tensor]
    guess: float = float(np.log(CLASSES))
    exclusive: bool = True
    terms: Callable[[Tensor], int] = lambda scores: scores.shape[-2]
    given: Callable[[Tensor], Tensor] = lambda scores: scores


_YES_OR_NO = {"shares": torch.sigmoid, "exclusive": False, "terms": lambda scores: scores[0, 0].numel()}
LOSSES: Mapping[str, Loss] = MappingProxyType(
    {
        "cross-entropy": Loss(_cross_entropy, _softmax),
        "cross-entropy of probabilities": Loss(
            lambda scores, labels: _cross_entropy(_softmax(scores), labels), _softmax, given=_softmax
        ),
        "cross-entropy over the pictures": Loss(_over_pictures, lambda scores: torch.softmax(scores, dim=-2)),
        "yes or no, cross-entropy": Loss(_binary, guess=float(np.log(2)), **_YES_OR_NO),
        "yes or no, squared error": Loss(_squared, guess=0.25, **_YES_OR_NO),
    }
)
"""The losses of the clinic, right ones and wrong ones."""


@dataclass(frozen=True)
class Setup:
    """One way to train: what a patient and its healthy twin share, and where they differ.

    ``form`` is ``"layers"`` or ``"rows"`` (a recurrent network); ``gain`` multiplies the first hidden weights, which
    have variance 1/fan-in; with ``start`` ``"equal"`` all weights of a layer are one number, of the same size.
    ``pixels`` leaves the inputs as they are, from 0 to 255; batches at the steps ``spoilt`` come so. ``negatives``
    turns about half of the pictures into their negative. ``shift`` is added to the outputs' first biases. ``clip`` is
    the largest norm of a gradient; where ``zeroed`` is false, gradients add up from step to step.
    """

    activation: str = "relu"
    form: str = "layers"
    gain: float = 1.0
    start: str = "drawn"
    pixels: bool = False
    spoilt: tuple[int, ...] = ()
    negatives: bool = False
    loss: str = "cross-entropy"
    shift: float = 0.0
    rate: float = 0.1
    clip: float | None = None
    zeroed: bool = True
    steps: int = 120
    batch: int = 32
    depth: int = 3
    width: int = 24

    def __post_init__(self) -> None:
        check.one_of("Setup", "activation", self.activation, ACTIVATIONS)
        check.one_of("Setup", "form", self.form, ("layers", "rows"))
        check.one_of("Setup", "start", self.start, ("drawn", "equal"))
        check.one_of("Setup", "loss", self.loss, LOSSES)
        for name in ("gain", "rate"):
            check.positive("Setup", name, getattr(self, name))
        for name in ("steps", "batch", "depth", "width"):
            check.whole("Setup", name, getattr(self, name), 2 if name == "steps" else 1)
        if self.clip is not None:
            check.positive("Setup", "clip", self.clip)


# --- networks --------------------------------------------------------------------------------------------------------


class _Layers(Ensemble):
    """Layers of one setup, whose activation may be changed on the way."""

    def __init__(self, setup: Setup, seeds: Sequence[int]) -> None:
        name = ACTIVATIONS[setup.activation][0]
        self.setup = setup
        super().__init__(Network(name, setup.depth, setup.width, gain=setup.gain), seeds, dtype=torch.float32)
        self.readout.bias += setup.shift
        if setup.start == "equal":
            for layer in (*self.layers, self.readout):
                layer.weight[:] = setup.gain / layer.weight.shape[-1]

    def activate(self, z: Tensor, layer: Layer, dice: object = None) -> Tensor:
        return ACTIVATIONS[self.setup.activation][1](z)


class _Rows:
    """A plain recurrent network that reads a picture row by row; ``sums`` and ``outputs`` are those of each row."""

    def __init__(self, setup: Setup, seeds: Sequence[int]) -> None:
        self.setup = setup
        inner = Ensemble(Network("relu", 2, setup.width, scheme="normal", inputs=ROWS), seeds, dtype=torch.float32)
        self.reads, self.repeats = inner.layers
        self.readout = inner.readout
        self.repeats.weight *= setup.gain

    def parameters(self) -> list[Tensor]:
        repeats, *others = (self.repeats.weight, *(t for one in (self.reads, self.readout) for t in one.parameters()))
        return [*others, repeats]

    def weights(self) -> list[Tensor]:
        return [self.reads.weight, self.repeats.weight, self.readout.weight]

    def __call__(self, x: Tensor) -> Pass:
        rows = x.unflatten(-1, (ROWS, -1)).movedim(-2, 0)
        state, sums, states = 0.0, [], []
        for row in rows:
            z = (row @ self.reads.weight.mT + self.reads.bias) + (state @ self.repeats.weight.mT if states else 0.0)
            state = ACTIVATIONS[self.setup.activation][1](z)
            sums.append(z)
            states.append(state)
        return Pass(sums, states, state @ self.readout.weight.mT + self.readout.bias, states)


# --- the pictures ----------------------------------------------------------------------------------------------------


Pictures = tuple[Tensor, Tensor]
EXAMPLES = {"train": 512, "test": TEST}


@cache
def _pictures(which: str, part: str) -> Pictures:
    digits = {"scaled": split, "negatives": negatives, "pixels": raw}[which]()
    pictures, labels = (getattr(digits, name)[: EXAMPLES[part]] for name in (part, f"{part}_labels"))
    return torch.tensor(pictures, dtype=torch.float32), torch.tensor(labels)


def _which(setup: Setup) -> str:
    return "pixels" if setup.pixels else "negatives" if setup.negatives else "scaled"


def _order(seed: int, steps: int, batch: int) -> np.ndarray:
    """Which pictures each step sees, shape (steps, batch): epoch after epoch, each in a new order."""
    rng = np.random.default_rng((seed, 1_000_000))
    examples = EXAMPLES["train"]
    epochs = [rng.permutation(examples) for _ in range(-(-steps * batch // examples))]
    return np.concatenate(epochs)[: steps * batch].reshape(steps, batch)


# --- a run -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Run:
    """What became of one setup, seed by seed.

    ``loss`` of each step's batch has shape (seeds, steps), ``right``, the share of test pictures that are right after
    the steps ``tested``, (seeds, tests); ``measures[name]`` has shape (:data:`LOOKS`, seeds, 4), and ``histogram``
    (:data:`LOOKS`, hidden layers, bins).
    """

    loss: np.ndarray
    right: np.ndarray
    tested: np.ndarray
    measures: dict[str, np.ndarray]
    histogram: np.ndarray


class _Training:
    """A network of one setup on its way: parameters, what gradients have added up to, and what was noted."""

    def __init__(self, setup: Setup, seeds: Sequence[int]) -> None:
        self.setup = setup
        self.model = (_Layers if setup.form == "layers" else _Rows)(setup, seeds)
        self.parameters = [parameter.requires_grad_() for parameter in self.model.parameters()]
        self.added = [torch.zeros_like(parameter) for parameter in self.parameters]
        self.losses: list[Tensor] = []
        self.extremes: list[Tensor] = []
        self.norms: list[Tensor] = []

    def change(self, setup: Setup) -> None:
        """Go on by another setup; what it says about the start comes too late."""
        self.setup = self.model.setup = setup

    def go(self, x: Tensor, labels: Tensor, *, watched: bool) -> tuple[dict, np.ndarray] | None:
        """One step of descent; what was measured before it was taken, if ``watched``."""
        made = self.model(x)
        loss = LOSSES[self.setup.loss].of(made.logits, labels)[0]
        found = torch.autograd.grad(loss.sum(), [*self.parameters, *(self._inner(made) if watched else ())])
        gradients, inner = found[: len(self.parameters)], found[len(self.parameters) :]
        self._note(x, loss, gradients)
        updates = self.updates(gradients)
        seen = self._see(x, labels, made, gradients, updates, inner) if watched else None
        self.step(updates)
        return seen

    @staticmethod
    def _inner(made: Pass) -> list[Tensor]:
        return [made.sums[0], made.sums[-1], made.logits]

    def _note(self, x: Tensor, loss: Tensor, gradients: Sequence[Tensor]) -> None:
        self.losses.append(loss.detach())
        self.extremes.append(torch.stack([x.amin(dim=(1, 2)), x.amax(dim=(1, 2))]))
        self.norms.append(torch.cat([g[0].flatten(1) for g in gradients], dim=1).double().norm(dim=1))

    def _see(self, x, labels, made, gradients, updates, inner) -> tuple[dict, np.ndarray]:
        """What is measured at one step."""
        kind, pictures = LOSSES[self.setup.loss], _pictures(_which(self.setup), "train")[0]
        whole = self.model(pictures)
        matrices = [place for place, one in enumerate(self.parameters) if one.shape[-2] > 1]
        weights, gradients, updates = ([them[k][0] for k in matrices] for them in (self.parameters, gradients, updates))
        *deltas, slopes = (one[0] for one in inner)
        sight = Sight(
            x,
            labels,
            torch.stack(self.extremes),
            torch.stack(self.losses),
            torch.stack(self.norms),
            kind.guess,
            kind.given(made.logits)[0],
            kind.shares(made.logits)[0],
            kind.exclusive,
            slopes * kind.terms(made.logits),
            weights,
            gradients,
            updates,
            deltas,
            self.setup.rate,
            whole,
            _slants(whole),
            pictures,
        )
        return measure(sight), heights(whole)

    def updates(self, gradients: Sequence[Tensor]) -> list[Tensor]:
        """What one step takes from each parameter; gradients that are not set to 0 add up."""
        if self.setup.zeroed:
            self.added = [gradient.detach() for gradient in clipped(gradients, self.setup.clip)]
        else:
            self.added = [before + gradient for before, gradient in zip(self.added, gradients, strict=True)]
        return [self.setup.rate * one for one in self.added]

    @torch.no_grad()
    def step(self, updates: Sequence[Tensor]) -> None:
        for parameter, update in zip(self.parameters, updates, strict=True):
            parameter.sub_(update)

    @torch.no_grad()
    def right(self) -> Tensor:
        """The share of test pictures that are right; a picture whose scores are no numbers is wrong."""
        pictures, labels = _pictures(_which(self.setup), "test")
        scores = self.model(pictures).logits[0]
        found = scores.argmax(dim=-1) == labels
        return (found & torch.isfinite(scores).all(dim=-1)).double().mean(dim=-1)


def run(setup: Setup, seeds: Sequence[int], then: Setup | None = None) -> Run:
    """Train by ``setup``; with ``then``, the second half goes on by that one instead, and nothing is measured.

    >>> run(Setup(steps=2, width=3), (0, 1)).loss.shape
    (2, 2)
    """
    training = _Training(setup, seeds)
    order = torch.as_tensor(np.stack([_order(seed, setup.steps, setup.batch) for seed in seeds]))
    watched = () if then else [look(setup.steps) for look in LOOKS.values()]
    right, seen = [], []
    for count in range(setup.steps):
        if then is not None and count == setup.steps // 2:
            training.change(then)
        if count % TEST_EVERY == 0:
            right.append(training.right())
        found = training.go(*_batch(training.setup, order[:, count], count), watched=count in watched)
        if found is not None:
            seen.append(found)
    right.append(training.right())
    tested = np.append(np.arange(0, setup.steps, TEST_EVERY), setup.steps)
    return Run(torch.stack(training.losses, 1).numpy(), torch.stack(right, 1).numpy(), tested, *_stacked(seen))


def _stacked(seen: Sequence[tuple[dict, np.ndarray]]) -> tuple[dict[str, np.ndarray], np.ndarray | None]:
    if not seen:
        return {}, None
    return {name: np.stack([one[name] for one, _ in seen]) for name in seen[0][0]}, np.stack([two for _, two in seen])


def _batch(setup: Setup, places: Tensor, count: int) -> Pictures:
    pictures, labels = _pictures("pixels" if count in setup.spoilt else _which(setup), "train")
    return pictures[places], labels[places]


# --- and what is seen on the way -------------------------------------------------------------------------------------


def _slants(made: Pass) -> list[Tensor]:
    """The slopes of the activation at all sums of one pass."""
    return [
        torch.autograd.grad(h.sum(), z, retain_graph=True)[0][0] for h, z in zip(made.active, made.sums, strict=True)
    ]
