"""Charts with a few numbers to turn, made for explorables."""

from __future__ import annotations

import numpy as np

from . import catalogue, slopes, values
from .charts import Axis, Chart, Line, Points, Rule, saturated, style

__all__ = ["activation_explorer", "sigmoid_microscope"]

_X = np.linspace(-6, 6, 241)
_FAR = np.array([1e3, 1e4 + 0.1, 1e5 + 0.2])  # where every soft tail has died away, and no wave is at rest three times
_NORMAL = np.arange(-12, 12, 0.005) + 0.0025  # midpoints: the kinks lie between them
_WEIGHT = np.exp(-(_NORMAL**2) / 2)
_WEIGHT /= _WEIGHT.sum()


def sigmoid_microscope(scale: float, shift: float, point: float) -> Chart:
    r"""The sigmoid σ(scale · (x − shift)) with its tangent at ``point``.

    .. math:: f(x) = \sigma(a (x - c)), \qquad f'(t) = a\,\sigma(a(t - c))\,(1 - \sigma(a(t - c)))

    >>> sigmoid_microscope(2, 1, 1).words
    'σ(2·(x − 1)) at x = 1: the value is 0.5 and the slope 0.5, which is 100 % of the most it can be.'
    """
    value = float(values.sigmoid(scale * (point - shift)))
    slope = float(scale * slopes.sigmoid(scale * (point - shift)))
    share = 100 * slope / (scale / 4)
    colour = style("sigmoid")["colour"]
    marks = [
        Rule(0, "y"),
        Rule(1, "y"),
        Line(_X[::2], values.sigmoid(scale * (_X[::2] - shift)), label="f", colour=colour),
        Line([-6, 6], [value + slope * (at - point) for at in (-6, 6)], label="tangent", colour="orange", dash="long"),
        Points([point], [value], colour="vermillion"),
    ]
    where = f"x {'−' if shift >= 0 else '+'} {abs(shift):g}"
    words = (
        f"σ({scale:g}·({where})) at x = {point:g}: the value is {value:.3g} and the slope {slope:.3g}, "
        f"which is {share:.3g} % of the most it can be."
    ).replace("-", "−")
    return Chart(Axis("x", limits=(-6, 6)), Axis("f(x)", limits=(-0.15, 1.15)), marks, words=words)


def activation_explorer(activation: str, factor: float) -> Chart:
    r"""An activation and its slope, its parameter ``factor`` times the default, with saturated regions and both gains.

    .. math:: \frac{1}{\sqrt{\mathrm E f(X)^2}}, \qquad \frac{1}{\sqrt{\mathrm E f'(X)^2}}, \qquad X \sim N(0, 1)

    A function without a parameter is the same for every factor, and its sentence says so.

    >>> activation_explorer("tanh", 1).words.split(";")[1].strip()
    'gains 1.59 forward, 1.47 backward.'
    """
    entry = catalogue.get(activation)
    f, df = (getattr(module, entry.name) for module in (values, slopes))
    settings = {p.name: factor * float(p.default) for p in entry.parameters}
    slope = df(_X, **settings)
    flat = tuple(bool(np.all(np.abs(df(side * _FAR, **settings)) < 1e-9)) for side in (-1.0, 1.0))
    forward, backward = (_gain(function, settings) for function in (f, df))
    colour = style(entry)["colour"]
    marks = [
        *saturated(_X, slope, flat),
        Rule(0, "y"),
        Line(_X, f(_X, **settings), label="f", colour=colour),
        Line(_X, slope, label="f′", colour=colour, dash="dashed"),
    ]
    words = f"{entry.title}, {_settings_in_words(settings)}; gains {forward} forward, {backward} backward."
    return Chart(Axis("x", limits=(-6, 6)), Axis("f(x), f′(x)", limits=(-2.2, 6.2)), marks, words=words)


def _gain(function, settings: dict[str, float]) -> str:
    """1/√E f² under N(0, 1), by the midpoint rule on a fine grid: far more digits than are shown."""
    square = float(_WEIGHT @ function(_NORMAL, **settings) ** 2)
    return f"{square**-0.5:.3g}" if square > 0 else "none"


def _settings_in_words(settings: dict[str, float]) -> str:
    if not settings:
        return "which has no parameter"
    return " and ".join(f"{name} = {value:.3g}" for name, value in settings.items()).replace("-", "−")
