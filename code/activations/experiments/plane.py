"""What stacked layers do to a plane: the image of a square grid, for looking at."""

from __future__ import annotations

import numpy as np

from .. import catalogue, values
from ..charts import Axis, Chart, Curves

__all__ = ["bent", "chart", "grid"]

LINES, POINTS = 13, 61


def grid(lines: int = LINES, points: int = POINTS) -> np.ndarray:
    """A square grid of curves in [−1, 1]²: shape (2·lines, points, 2), horizontal curves first.

    >>> grid(3, 5).shape
    (6, 5, 2)
    """
    across, along = np.linspace(-1, 1, lines), np.linspace(-1, 1, points)
    level, run = np.meshgrid(across, along, indexing="ij")
    return np.concatenate([np.stack([run, level], axis=-1), np.stack([level, run], axis=-1)])


def bent(depth: int, activation: str = "identity", *, gain: float = 1.3, seed: int = 13) -> np.ndarray:
    """The grid after ``depth`` layers x ↦ f(Wx + b): W turns by a random angle and stretches unequally, b is small.

    The same seed draws the same layers for every activation and depth, so that only one thing changes at a time.
    Raises ValueError for a negative depth, KeyError for an unknown activation.
    """
    if depth < 0:
        raise ValueError(f"bent: depth must be 0 or more, got {depth}")
    act = getattr(values, catalogue.get(activation).name)
    rng, image = np.random.default_rng(seed), grid()
    for _ in range(depth):
        first, second = (_turn(angle) for angle in rng.uniform(0, 2 * np.pi, size=2))
        weight = gain * first @ np.diag([1.3, 0.8]) @ second
        image = act(image @ weight.T + rng.normal(scale=0.25, size=2))
    return image


def _turn(angle: float) -> np.ndarray:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def chart(depth: int, activation: str = "identity", **settings) -> Chart:
    """The bent grid as a chart, horizontal and vertical lines in two colours."""
    image = bent(depth, activation, **settings)
    half = len(image) // 2
    name = catalogue.get(activation)
    marks = [
        Curves(image[:half, :, 0], image[:half, :, 1], label="was horizontal", colour="blue"),
        Curves(image[half:, :, 0], image[half:, :, 1], label="was vertical", colour="vermillion"),
    ]
    layers = "layer" if depth == 1 else "layers"
    seen = "straight, parallel and evenly spaced" if name.name == "identity" or depth == 0 else "bent and crowded"
    return Chart(
        Axis("first coordinate"),
        Axis("second coordinate"),
        marks,
        words=f"A square grid after {depth} {layers} with {name.title}: its lines are {seen}.",
        title=f"{depth} {layers}, {name.title}",
        equal=True,
    )
