"""Two signals in the same random layers: whether they meet, how fast, and the pictures of both maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .. import catalogue, values
from ..charts import Axis, Chart, Line, Points, style
from . import _checks as check
from ._kept import kept
from ._summary import in_words, mean_interval, table
from .meanfield import (
    correlation_map,
    edge,
    fixed_correlation,
    fixed_length,
    length_map,
    phase,
    separation_rate,
    settled_length,
)

__all__ = ["Meeting", "maps_chart", "meeting", "phase_chart"]

# --- two signals that meet, or part -----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class Meeting:
    """The correlation of two signals by layer, measured in random networks, and what the map predicts.

    ``measured`` has the axes (setting, layer, seed) and ``predicted`` (setting, layer); a setting is (σ_w, σ_b).
    """

    activation: str
    settings: tuple[tuple[float, float], ...]
    start: float
    width: int
    seeds: tuple[int, ...]
    measured: np.ndarray
    predicted: np.ndarray
    rate: tuple[float, ...]

    def falls(self, setting: int, first: int = 2, last: int = 12) -> np.ndarray:
        """The factor a layer on 1 − c between two layers, by seed: what χ predicts where order rules."""
        apart = 1 - self.measured[setting]
        return (apart[last] / apart[first]) ** (1 / (last - first))

    def __repr__(self) -> str:
        rows = [
            [f"{w:.3f}", f"{b:g}", f"{rate:.3f}", f"{predicted[-1]:.3f}", in_words(measured[-1])]
            for (w, b), rate, predicted, measured in zip(
                self.settings, self.rate, self.predicted, self.measured, strict=True
            )
        ]
        layers = self.predicted.shape[1] - 1
        return table(["σ_w", "σ_b", "χ", f"predicted c after {layers}", "measured"], rows)

    def chart(self) -> Chart:
        """Correlations by layer: measured as bands, predicted as points."""
        looks = (("blue", "solid"), ("ink", "long"), ("vermillion", "dashdot"), ("green", "dotted"))
        layers, marks = np.arange(self.predicted.shape[1]), []
        for (colour, dash), (w, b), found, map_ in zip(
            looks, self.settings, self.measured, self.predicted, strict=False
        ):
            mean, low, high = mean_interval(found)
            marks.append(
                Line(layers, mean, lo=low, hi=high, label=f"σ_w = {w:.3g}, σ_b = {b:g}", colour=colour, dash=dash)
            )
            marks.append(Points(layers, map_, colour=colour))
        ends = ", ".join(
            f"{found[-1].mean():.2f} at σ_w = {w:.3g}"
            for (w, _), found in zip(self.settings, self.measured, strict=True)
        )
        words = f"Correlation of two inputs after {layers[-1]} layers of {self.activation}: {ends}."
        return Chart("layer", Axis("correlation", limits=(0, 1.04)), marks, words=words)


@kept
def meeting(
    activation: str = "tanh",
    settings: Sequence[tuple[float, float]] = ((1.0, 0.3), (1.3955839751549886, 0.3), (2.0, 0.3)),
    start: float = 0.6,
    depth: int = 30,
    width: int = 200,
    seeds: Sequence[int] = range(20),
) -> Meeting:
    """Two inputs of correlation ``start`` and of the settled length, sent through the same random layers.

    Every setting uses the same draws, scaled. Raises ValueError, naming the field, for a correlation that is not
    between 0 and 1, and for settings at which the length has no finite limit above 0.
    """
    name = check.activation("meeting", activation)
    depth, width = check.whole("meeting", "depth", depth), check.whole("meeting", "width", width, 2)
    seeds = check.some_seeds("meeting", seeds)
    if not 0 <= start < 1:
        raise ValueError(f"meeting: start must be a correlation from 0 to below 1, got {start!r}")
    lengths = np.array(
        [settled_length("meeting", name, *setting) for setting in check.several("meeting", "settings", settings)]
    )
    measured = np.stack([_one_meeting(name, settings, lengths, start, depth, width, seed) for seed in seeds], axis=-1)
    predicted = np.array([_iterated(name, *s, q, start, depth) for s, q in zip(settings, lengths, strict=True)])
    rate = tuple(separation_rate(name, s[0], q) for s, q in zip(settings, lengths, strict=True))
    return Meeting(name, tuple(map(tuple, settings)), float(start), width, seeds, measured, predicted, rate)


def _iterated(name: str, weight: float, bias: float, q: float, start: float, depth: int) -> list[float]:
    path = [start]
    for _ in range(depth):
        path.append(float(correlation_map(name, path[-1], weight, bias, q)))
    return path


def _one_meeting(name, settings, lengths, start, depth, width, seed) -> np.ndarray:
    """Correlations of shape (setting, layer); signals have shape (setting, width, 2)."""
    rng, f = np.random.default_rng(seed), getattr(values, name)
    weight, bias = np.array(settings, dtype=float).T[:, :, None, None]
    u, v = np.linalg.qr(rng.standard_normal((width, 2)))[0].T * width**0.5
    pair = np.stack([u, start * u + (1 - start**2) ** 0.5 * v], axis=-1)
    z, found = lengths[:, None, None] ** 0.5 * pair, [np.full(len(settings), start)]
    for _ in range(depth):
        matrix = rng.standard_normal((width, width)) / width**0.5
        z = weight * (matrix @ f(z)) + bias * rng.standard_normal((width, 1))
        one, other = z[..., 0], z[..., 1]
        found.append((one * other).sum(-1) / np.sqrt((one**2).sum(-1) * (other**2).sum(-1)))
    return np.array(found).T


# --- charts -----------------------------------------------------------------------------------------------------------


def phase_chart(lengths: Sequence[float] = tuple(np.geomspace(1e-4, 6, 60))) -> Chart:
    """The edge of chaos of tanh, with the regions on its two sides, and ReLU's single point."""
    found = edge("tanh", lengths)
    top = 1.6
    marks = [
        Line(found.bias, found.weight, label="tanh: edge of chaos", **style("tanh")),
        Points([0.0], [2**0.5], label="ReLU: its edge is one point", colour="ink", marker="square"),
        Points([0.0], [5 / 3], label="tanh with gain 5/3", colour="vermillion", marker="triangle"),
    ]
    words = f"Above the line chaos, below it order. It starts at σ_w = 1 and reaches {found.weight[-1]:.2f} at "
    words += f"σ_b = {found.bias[-1]:.2f}; tanh with 5/3 and no bias lies above it."
    return Chart(Axis("σ_b", limits=(-0.05, top)), Axis("σ_w", limits=(0.9, 3.2)), marks, words=words)


_STEPS, _TOP, _POINTS = 12, 3.0, 41


def maps_chart(activation: str, weight: float, bias: float) -> tuple[Chart, Chart]:
    """The map of lengths with a signal that starts at 1, and the map of correlations with a pair that starts at 0.6.

    Where the length dies out or runs away, the second map is drawn at the length 1e-6 or 1e6.

    >>> maps_chart("relu", 1.0, 0.5)[0].words
    'ReLU, σ_w = 1, σ_b = 0.5: the mean square settles at 0.5.'
    """
    q, colour = fixed_length(activation, weight, bias), style(activation)["colour"]
    shown = float(np.clip(q, 1e-6, 1e6))

    def longer(at: float) -> float:
        return min(length_map(activation, float(at), weight, bias), 1e6)

    def closer(at: float) -> float:
        return float(correlation_map(activation, at, weight, bias, shown))

    ends = "dies out" if q == 0 else "runs away" if np.isinf(q) else f"settles at {q:.3g}"
    words = f"{catalogue.get(activation).title}, σ_w = {weight:g}, σ_b = {bias:g}: the mean square {ends}."
    rate, limit = separation_rate(activation, weight, shown), fixed_correlation(activation, weight, bias, shown)
    also = f"χ = {rate:.3g}, {phase(activation, weight, bias)}: two inputs tend to the correlation {limit:.3g}."
    return (
        _map_panel("Length", "mean square q", "q one layer on", _TOP, longer, 1.0, colour, words),
        _map_panel("Angle", "correlation c", "c one layer on", 1.0, closer, 0.6, colour, also),
    )


def _map_panel(title, across, up, top, step, start, colour, words) -> Chart:
    at = np.linspace(0, top, _POINTS)
    marks = [
        Line(at, at, label="stays as it is", colour="muted", dash="dotted"),
        Line(at, [step(one) for one in at], label="next layer", colour=colour),
        Line(*_stairs(step, start), label="layer by layer", colour="purple"),
    ]
    return Chart(Axis(across, limits=(0, top)), Axis(up, limits=(0, top)), marks, words=words, title=title)


def _stairs(step, start: float) -> tuple[np.ndarray, np.ndarray]:
    """The path up to the curve and across to the diagonal, again and again."""
    at, x, y = start, [start], [start]
    for _ in range(_STEPS):
        new = step(at)
        x += [at, new]
        y += [new, new]
        at = new
    return np.array(x), np.array(y)
