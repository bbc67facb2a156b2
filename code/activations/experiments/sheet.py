r"""A flat sheet of inputs and the heights that a random network gives it: what an activation adds to depth.

.. math:: h_0 = 2x, \qquad h_k = f(W_k h_{k-1} + b_k), \qquad N(x) = w \cdot h_d

The same numbers are drawn for every activation, and a deeper network begins with the layers of the shallower one, so
that one thing changes at a time. Seen from the same side, an affine network is the same flat sheet at every depth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import catalogue, values
from ..charts import Axis, Chart, Curves, Line, style

__all__ = ["ACTIVATIONS", "DEPTHS", "Sheet", "chart", "sheet"]

WORDS = {
    "none": "none",
    "one": "1 layer",
    "many": "{depth} layers",
    "flat": "{layers} with no activation: the sheet is flat, as it was.",
    "bent": "{layers} with {activation}: the nearest flat sheet explains {share} of the variance in height; "
    "the rest is bending.",
    "across": "seen from the side",
    "up": "height",
}
"""Every word that a reader sees."""

ACTIVATIONS = (WORDS["none"], "sigmoid", "tanh", "ReLU", "GELU", "sine")
DEPTHS = tuple(range(1, 9))
WIDTH = 12
SEED = 5  # one draw among many, taken because its folds are easy to see
LINES, POINTS = 17, 33
_ANGLE, _LOW, _TALL = 0.6, 0.38, 0.36  # the view: how far the sheet is turned, how low the eye, how tall the heights


@dataclass(frozen=True, eq=False)
class Sheet:
    """Heights over the square [−1, 1]², from −1 to 1, and the flat sheet that comes nearest in the least squares sense.

    ``share`` is the part of the variance that the flat sheet explains: 1 when nothing bends.
    """

    heights: np.ndarray
    flat: np.ndarray

    @property
    def share(self) -> float:
        return float(1 - np.mean((self.heights - self.flat) ** 2) / np.var(self.heights))


def _named(activation: str) -> catalogue.Activation:
    return catalogue.get("identity" if activation == WORDS["none"] else activation)


def _outputs(points: np.ndarray, depth: int, activation: str, seed: int) -> np.ndarray:
    """The network's outputs at ``points`` (…, 2)."""
    f = getattr(values, _named(activation).name)
    rng, hidden = np.random.default_rng(seed), 2 * points
    last = rng.normal(size=WIDTH) / np.sqrt(WIDTH)
    for _ in range(depth):
        fan_in = hidden.shape[-1]
        weight = rng.normal(size=(fan_in, WIDTH)) * np.sqrt(2 / fan_in)
        hidden = f(hidden @ weight + rng.normal(scale=0.5, size=WIDTH))
    return hidden @ last


def _plane(points: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """The coefficients (1, x, y) of the best flat sheet."""
    columns = np.column_stack([np.ones(heights.size), points.reshape(-1, 2)])
    return np.linalg.lstsq(columns, heights.ravel(), rcond=None)[0]


def _square(count: int) -> np.ndarray:
    along = np.linspace(-1, 1, count)
    return np.stack(np.meshgrid(along, along, indexing="ij"), axis=-1)


def _turned_to_the_eye(depth: int, activation: str, seed: int) -> np.ndarray:
    """The rotation of the inputs after which the sheet's tilt faces the reader; a disc keeps its shape under it."""
    square = _square(41)
    disc = square[np.hypot(*np.moveaxis(square, -1, 0)) <= 1]
    _, east, north = _plane(disc, _outputs(disc, depth, activation, seed))
    angle = np.arctan2(north, east) - (np.pi / 2 - _ANGLE)
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def sheet(depth: int, activation: str = "relu", *, seed: int = SEED, count: int = POINTS) -> Sheet:
    """The sheet of a random network of ``depth`` layers of 12 units, on ``count``² points.

    ``activation`` is a name of the catalogue, or "none". The inputs are turned so that the tilt has always the same
    direction. Raises ValueError for a depth below 1, KeyError for an unknown activation.

    >>> sheet(5, "none").share, sheet(5, "relu").share < 0.9
    (1.0, True)
    """
    if depth < 1:
        raise ValueError(f"sheet: depth must be 1 or more, got {depth}")
    square = _square(count)
    heights = _outputs(square @ _turned_to_the_eye(depth, activation, seed), depth, activation, seed)
    heights = 2 * (heights - heights.min()) / np.ptp(heights) - 1
    flat = _plane(square, heights)
    return Sheet(heights, flat[0] + square @ flat[1:])


def _seen(points: np.ndarray, heights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A drawing in parallel perspective: where points of the square at these heights stand in the picture."""
    x, y = np.moveaxis(points, -1, 0)
    across = x * np.cos(_ANGLE) - y * np.sin(_ANGLE)
    away = x * np.sin(_ANGLE) + y * np.cos(_ANGLE)
    return across, _LOW * away + _TALL * heights


def chart(depth: int, activation: str = "relu", **settings) -> Chart:
    """The sheet in perspective, with the edge of the nearest flat sheet dotted.

    >>> chart(3, "none").words
    '3 layers with no activation: the sheet is flat, as it was.'
    """
    one, square = sheet(depth, activation, **settings), _square(POINTS)
    across, up = _seen(square, one.heights)
    edge = tuple(np.append(side[[0, -1, -1, 0], [0, 0, -1, -1]], side[0, 0]) for side in _seen(square, one.flat))
    entry, step = _named(activation), (POINTS - 1) // (LINES - 1)
    colour = style(entry)["colour"]
    marks = [
        Line(*edge, colour="muted", dash="dotted"),
        Curves(across[::step], up[::step], colour=colour),
        Curves(across[:, ::step].T, up[:, ::step].T, colour=colour),
    ]
    axes = Axis(WORDS["across"], limits=(-1.42, 1.42)), Axis(WORDS["up"], limits=(-0.96, 0.96))
    return Chart(*axes, marks, words=_sentence(one, depth, entry), equal=True, bare=True)


def _sentence(one: Sheet, depth: int, entry: catalogue.Activation) -> str:
    layers = WORDS["one"] if depth == 1 else WORDS["many"].format(depth=depth)
    if entry.name == "identity":
        return WORDS["flat"].format(layers=layers)
    return WORDS["bent"].format(layers=layers, activation=entry.title, share=f"{100 * one.share:.0f} %")
