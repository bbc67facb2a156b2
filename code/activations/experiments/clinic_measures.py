r"""What can be measured in a broken run, and the bounds within which a healthy one stays.

Each of :data:`MEASUREMENTS` gives four numbers for every seed, such as one a layer. One of them is the pull of a loss:

.. math:: \frac{|\partial L / \partial z_k|}{|p_k - y_k|},

which is 1 for every score where output and loss are a pair.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ._summary import table
from .digits import CLASSES
from .ensemble import Pass

__all__ = ["EDGES", "LOOKS", "MEASUREMENTS", "Measurement", "Menu", "Sight", "alarms", "heights", "measure", "menu"]

LOOKS: Mapping[str, Callable[[int], int]] = MappingProxyType(
    {
        "step 1": lambda steps: 0,
        "step 10": lambda steps: min(9, steps // 4),
        "half-way": lambda steps: steps // 2,
        "last step": lambda steps: steps - 1,
    }
)
"""When measurements are taken: the step, counted from 0, of so many."""

HEADER = ("Measurement", "unit", "a healthy run")
"""What stands above the menu."""

EDGES = np.linspace(-5.04, 5.04, 22)
"""Bins for the outputs of hidden units; the first and the last one hold what lies beyond them, too."""

LAYERS = ("layer 1", "layer 2", "layer 3", "outputs")
TIMES = ("row 2", "row 4", "row 6", "row 8")


@dataclass(frozen=True, eq=False)
class Sight:
    """What there is to see at one step; the first axis of every tensor counts seeds, that of a :class:`.Pass` is left.

    ``inputs`` and ``labels`` are those of the batch; ``extremes``, ``losses`` and ``norms`` (of the whole gradient)
    have an entry for every step so far. ``guess`` is the loss of equal scores. ``given`` is what the loss function
    receives, ``shares`` what the run takes for probabilities, and ``slopes`` the slope of the loss in each score, for
    the sum over pictures; where classes are ``exclusive``, the shares of a picture should sum to 1. ``weights``, their
    ``gradients`` and the ``updates`` about to be subtracted belong together, and so do the ``deltas``, gradients by the
    sums of each layer. ``whole`` is a pass over all training ``pictures``, with the activation's ``slants`` there.
    """

    inputs: Tensor
    labels: Tensor
    extremes: Tensor
    losses: Tensor
    norms: Tensor
    guess: float
    given: Tensor
    shares: Tensor
    exclusive: bool
    slopes: Tensor
    weights: Sequence[Tensor]
    gradients: Sequence[Tensor]
    updates: Sequence[Tensor]
    deltas: Sequence[Tensor]
    rate: float
    whole: Pass
    slants: Sequence[Tensor]
    pictures: Tensor


def _four(values: Sequence[Tensor]) -> Tensor:
    """Numbers of each seed as (seeds, 4): every second one where there are eight, and a gap where one is missing."""
    values = values[1::2] if len(values) == 8 else values
    gap = torch.full_like(values[0], torch.nan)
    return torch.stack([*values, *[gap] * (4 - len(values))], dim=-1)


def _finite(values: Tensor, other: float) -> Tensor:
    return torch.where(torch.isfinite(values), values, other)


def _inputs(sight: Sight) -> Tensor:
    flat = sight.inputs.flatten(1)
    return _four([flat.mean(dim=1), flat.std(dim=1), sight.extremes.amin(dim=(0, 1)), sight.extremes.amax(dim=(0, 1))])


def _loss(sight: Sight) -> Tensor:
    past = sight.losses
    low, high = _finite(past, torch.inf).amin(dim=0), _finite(past, -torch.inf).amax(dim=0)
    return _four([past[-1], low, high, torch.full_like(low, sight.guess)])


def _size(sight: Sight) -> Tensor:
    """The root of the mean square of a layer's outputs."""
    outputs = sight.whole.outputs if len(sight.whole.outputs) > 3 else (*sight.whole.outputs, sight.whole.logits)
    return _four([h[0].square().mean(dim=(-2, -1)).sqrt() for h in outputs])


def _lost(sight: Sight) -> Tensor:
    def share(of: Tensor) -> Tensor:
        return (~torch.isfinite(of.flatten(1))).float().mean(dim=-1)

    gradients = torch.cat([gradient.flatten(1) for gradient in sight.gradients], dim=1)
    return _four([share(sight.whole.outputs[-1][0]), share(sight.given), share(sight.losses[-1:].T), share(gradients)])


def _different(sight: Sight) -> Tensor:
    """Units that vary and do not repeat, up to a factor and a constant, a unit before them."""
    found = []
    for h in sight.whole.outputs:
        centred = h[0] - h[0].mean(dim=-2, keepdim=True)
        size = centred.norm(dim=-2, keepdim=True)
        unit = centred / size.clamp(min=1e-6)
        repeats = torch.tril((unit.mT @ unit).abs() > 0.9999, diagonal=-1).any(dim=-1)
        found.append((~repeats & (size[..., 0, :] > 1e-3)).float().mean(dim=-1))
    return _four(found)


def _flat(sight: Sight) -> Tensor:
    return _four([(slant.abs() < 0.05).float().mean(dim=(-2, -1)) for slant in sight.slants])


def _silent(sight: Sight) -> Tensor:
    return _four([(slant == 0).all(dim=-2).float().mean(dim=-1) for slant in sight.slants])


def _affine(sight: Sight) -> Tensor:
    """The share of the variance of a layer's outputs that an affine map of the inputs explains."""
    ones = torch.ones(len(sight.pictures), 1)
    basis = torch.linalg.qr(torch.cat([ones, sight.pictures], dim=1))[0]
    outputs = sight.whole.outputs if len(sight.whole.outputs) > 3 else (*sight.whole.outputs, sight.whole.logits)
    found = []
    for h in outputs:
        centred = h[0] - h[0].mean(dim=-2, keepdim=True)
        found.append((basis.T @ centred).square().sum(dim=(-2, -1)) / centred.square().sum(dim=(-2, -1)))
    return _four(found)


def _given(sight: Sight) -> Tensor:
    sums = sight.given.sum(dim=-1)
    return _four([sight.given.amin(dim=(1, 2)), sight.given.amax(dim=(1, 2)), sums.amin(dim=1), sums.amax(dim=1)])


def _sums(sight: Sight) -> Tensor:
    if not sight.exclusive:
        return torch.full((len(sight.shares), 4), torch.nan)
    each = sight.shares.sum(dim=-1), sight.shares.sum(dim=-2)
    return _four([end for sums in each for end in (sums.amin(dim=-1), sums.amax(dim=-1))])


def _pull(sight: Sight) -> Tensor:
    """The pull of the loss, for scores whose shares are wrong by so much; a gap where there is none."""
    error = (sight.shares - functional.one_hot(sight.labels, CLASSES)).abs()
    found = []
    for low, high in ((0.9, 2.0), (0.5, 0.9), (0.1, 0.5), (0.0, 0.1)):
        here = (error > low) & (error <= high)
        found.append((here * sight.slopes.abs()).sum(dim=(1, 2)) / (here * error).sum(dim=(1, 2)))
    return _four(found)


def _gradient(sight: Sight) -> Tensor:
    first, last = (delta.flatten(1).norm(dim=-1) for delta in (sight.deltas[0], sight.deltas[-1]))
    return _four([first, last, sight.norms[-1], _finite(sight.norms, 0.0).amax(dim=0)])


def _ratio(above: Sequence[Tensor], below: Sequence[Tensor]) -> Tensor:
    return _four([a.flatten(1).norm(dim=-1) / b.flatten(1).norm(dim=-1) for a, b in zip(above, below, strict=True)])


def _update(sight: Sight) -> Tensor:
    return _ratio(sight.updates, sight.weights)


def _step(sight: Sight) -> Tensor:
    return _ratio(sight.updates, [sight.rate * gradient for gradient in sight.gradients])


# --- the menu --------------------------------------------------------------------------------------------------------

Judge = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Measurement:
    """One line of the menu: its ``axis``, what its four ``rows`` are (layers, or times of a recurrent network, where
    none are given), the ``bounds`` in words, and ``sick``, which says of numbers (seeds, 4) whether they are beyond."""

    of: Callable[[Sight], Tensor]
    axis: str
    bounds: str
    sick: Judge
    rows: tuple[str, ...] = ()
    first_look: bool = False


def _above(most: float, rows: slice = slice(None)) -> Judge:
    return lambda v: (np.nan_to_num(v[:, rows], nan=0.0) > most).any(axis=1)


def _inputs_are_sick(v: np.ndarray) -> np.ndarray:
    return (np.abs(v) > 10).any(axis=1) | (v[:, 1] < 0.1)


def _loss_is_sick(v: np.ndarray) -> np.ndarray:
    return ~(v[:, 0] < 1.5 * v[:, 3])


def _given_is_sick(v: np.ndarray) -> np.ndarray:
    return (v[:, 0] >= 0) & (np.abs(v[:, 2:] - 1) < 1e-3).all(axis=1)


def _sums_are_sick(v: np.ndarray) -> np.ndarray:
    return (np.abs(v[:, :2] - 1) > 1e-3).any(axis=1)


def _pull_is_sick(v: np.ndarray) -> np.ndarray:
    return (v[:, 0] < 0.5) | (v[:, 0] > 2)


MEASUREMENTS: Mapping[str, Measurement] = MappingProxyType(
    {
        "inputs": Measurement(
            _inputs,
            "inputs of this batch, and extremes of all so far",
            "none beyond ±10, and a spread of more than 0.1",
            _inputs_are_sick,
            ("mean", "spread", "smallest so far", "largest so far"),
        ),
        "size of the outputs": Measurement(_size, "root of the mean square", "at most 20", _above(20)),
        "numbers that are none": Measurement(
            _lost,
            "share that is NaN or infinite",
            "none",
            _above(0),
            ("hidden outputs", "what the loss gets", "loss", "gradients"),
        ),
        "different units": Measurement(
            _different, "share of units that are no copies", "at least half", lambda v: (v < 0.5).any(axis=1)
        ),
        "flat units": Measurement(_flat, "share of slopes below 0.05", "at most 0.85", _above(0.85)),
        "silent units": Measurement(
            _silent, "share of units with slope 0 on all pictures", "at most a quarter", _above(0.25)
        ),
        "what an affine map explains": Measurement(
            _affine, "share of the variance", "less than 0.99 in the last layer", _above(0.99, slice(2, 3))
        ),
        "what the loss is given": Measurement(
            _given,
            "numbers given to the loss, and their sums over a picture",
            "scores: not all positive with the sum 1",
            _given_is_sick,
            ("smallest", "largest", "smallest sum", "largest sum"),
        ),
        "sums of probabilities": Measurement(
            _sums,
            "sum of probabilities",
            "1 for every picture",
            _sums_are_sick,
            ("of a picture, smallest", "of a picture, largest", "of a class, smallest", "of a class, largest"),
        ),
        "the pull of the loss": Measurement(
            _pull,
            "slope in a score, by its error",
            "between ½ and 2 where the error is large",
            _pull_is_sick,
            ("error above 0.9", "0.5 to 0.9", "0.1 to 0.5", "below 0.1"),
        ),
        "the loss against guessing": Measurement(
            _loss,
            "loss",
            "at step 1 less than 1.5 × guessing",
            _loss_is_sick,
            ("now", "lowest so far", "highest so far", "of guessing"),
            first_look=True,
        ),
        "size of the gradient": Measurement(
            _gradient,
            "norm of the gradient",
            "never above 100",
            _above(100, slice(3, 4)),
            ("by the first sums", "by the last sums", "by all weights", "largest so far"),
        ),
        "step against weights": Measurement(
            _update, "length of the step ÷ length of the weights", "at most 0.5", _above(0.5)
        ),
        "step against gradient": Measurement(
            _step, "length of the step ÷ (rate × gradient)", "at most 1", _above(1.01)
        ),
    }
)
"""The menu, in the order in which things happen: pictures, start, forward, loss, backward, step."""


def menu() -> Menu:
    """The measurements with the bounds of a healthy run.

    >>> print(str(menu()).splitlines()[3].strip())
    numbers that are none                                                               none
    """
    return Menu()


class Menu:
    """The menu as a table: what is measured, and between which bounds a healthy run stays."""

    def _repr_markdown_(self) -> str:
        lines = [HEADER, ("---", "---", "---")]
        lines += [(f"**{name}**", one.axis, one.bounds) for name, one in MEASUREMENTS.items()]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def __repr__(self) -> str:
        return table(HEADER[::2], [(name, one.bounds) for name, one in MEASUREMENTS.items()])


def measure(sight: Sight) -> dict[str, np.ndarray]:
    """All of the menu at one step, each of shape (seeds, 4)."""
    with torch.no_grad():
        return {name: one.of(sight).double().numpy() for name, one in MEASUREMENTS.items()}


def alarms(measures: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Which runs are beyond the bounds, by look and seed; measures have shape (:data:`LOOKS`, seeds, 4).

    What is judged at the first step alone raises no alarm later.
    """
    with np.errstate(invalid="ignore"):
        found = {name: np.stack([one.sick(v) for v in measures[name]]) for name, one in MEASUREMENTS.items()}
    for name, one in MEASUREMENTS.items():
        found[name][1:] &= not one.first_look
    return found


def heights(made: Pass) -> np.ndarray:
    """The share of the outputs of each hidden layer in each bin of :data:`EDGES`, over seeds, pictures and units."""
    outputs = made.outputs[1::2] if len(made.outputs) == 8 else made.outputs
    low, high, bins = EDGES[0], EDGES[-1], len(EDGES) - 1
    found = []
    for h in outputs:
        inside = h[torch.isfinite(h)].detach().clamp(low, high)
        found.append(torch.histc(inside, bins, low, high).double().numpy() / h.numel())
    return np.stack(found)
