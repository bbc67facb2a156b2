r"""Products of many matrices: powers of one, independent ones, and the layers of a convolutional network.

Weights are normal with variance :math:`v`; a share of the width, :math:`v = g^2/n`, is how all are given. All seeds are
one batch, and each draws from a generator of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import comb, digamma, polygamma
from torch import Tensor

from ..charts import Axis, Chart, Line, Points, Rule
from ._checks import one_of, positive, several, some_seeds, whole
from ._kept import kept
from ._summary import in_words, mean_interval, table

__all__ = [
    "KINDS",
    "Convolutions",
    "Products",
    "convolutions",
    "growth_rate",
    "powers_chart",
    "products",
    "relu_growth_rate",
    "step_variance",
]

# --- exact rates ------------------------------------------------------------------------------------------------------


def growth_rate(width: int, variance: float) -> float:
    r"""The mean growth of :math:`\log \lVert x \rVert` in one step by a normal matrix that is drawn afresh.

    .. math:: \lambda = \tfrac12\left(\log 2v + \psi(n/2)\right)

    Raises ValueError for a width below 1 or a variance that is not positive.

    >>> round(float(np.exp(growth_rate(4, 1.0))), 3)
    1.747
    """
    whole("growth_rate", "width", width)
    positive("growth_rate", "variance", variance)
    return float((np.log(2 * variance) + digamma(width / 2)) / 2)


def relu_growth_rate(width: int, variance: float) -> float:
    r"""The same with ReLU's mask, which leaves each row on or off by a fair coin, given that one is on at least.

    .. math:: \lambda = \tfrac12 \Bigl(\log 2v + \frac{1}{2^n - 1} \sum_{k=1}^{n} \binom nk\, \psi(k/2) \Bigr)

    >>> relu_growth_rate(64, 2 / 64) < 0
    True
    """
    whole("relu_growth_rate", "width", width)
    positive("relu_growth_rate", "variance", variance)
    on = np.arange(1, width + 1)
    share = comb(width, on) / (2.0**width - 1)
    return float((np.log(2 * variance) + share @ digamma(on / 2)) / 2)


def step_variance(width: int) -> float:
    r"""The variance of one step of :math:`\log \lVert x \rVert`, whatever the variance of the weights.

    .. math:: \tfrac14\, \psi'(n/2)
    """
    whole("step_variance", "width", width)
    return float(polygamma(1, width / 2)) / 4


# --- powers of one matrix --------------------------------------------------------------------------------------------


def powers_chart(matrices: Mapping[str, Sequence[Sequence[float]]], most: int = 40) -> Chart:
    r"""The largest stretch :math:`\lVert W^t \rVert_2` of the powers of a few matrices.

    Raises ValueError for no matrix, or one that is not square.

    >>> powers_chart({"half": [[0.5]]}, 3).marks[0].y.tolist()
    [1.0, 0.5, 0.25, 0.125]
    """
    whole("powers_chart", "most", most)
    several("powers_chart", "matrices", matrices)
    looks = (("blue", "solid"), ("vermillion", "long"), ("green", "dashdot"), ("purple", "dotted"))
    lines, words = [], []
    for (name, matrix), (colour, dash) in zip(matrices.items(), looks, strict=False):
        norms = _power_norms(np.array(matrix, dtype=float), most)
        lines.append(Line(np.arange(most + 1), norms, label=name, colour=colour, dash=dash))
        words.append(f"{name}: at most {norms.max():.3g}, and {norms[-1]:.2g} after {most} steps")
    return Chart("steps", Axis("largest stretch of Wᵗ", "log"), lines, words="; ".join(words) + ".")


def _power_norms(matrix: np.ndarray, most: int) -> np.ndarray:
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"powers_chart: matrices must be square, got shape {matrix.shape}")
    power, norms = np.eye(len(matrix)), []
    for _ in range(most + 1):
        norms.append(np.linalg.norm(power, 2))
        power = matrix @ power
    return np.array(norms)


# --- products of random matrices -------------------------------------------------------------------------------------

KINDS = ("linear, fresh W", "linear, one W", "ReLU, fresh W", "ReLU, one W")
"""What is compared: a matrix drawn afresh at each step or one for all, with ReLU's mask or without."""

NARROWEST = 16
"""With fewer units a ReLU layer may be off altogether, and what is 0 stays 0."""


@dataclass(frozen=True, eq=False)
class Products:
    """Growth of log‖J v‖ per step: ``growth[kind]`` has one row a width and one column a seed, at variance share/n."""

    widths: tuple[int, ...]
    depth: int
    share: float
    seeds: tuple[int, ...]
    growth: dict[str, np.ndarray]

    def exact(self, kind: str) -> np.ndarray:
        """The rate that the formula gives at each width; NaN for one W, for which there is none."""
        one_of("Products", "kind", kind, KINDS)
        if "one" in kind:
            return np.full(len(self.widths), np.nan)
        rate = relu_growth_rate if "ReLU" in kind else growth_rate
        return np.array([rate(width, self.share / width) for width in self.widths])

    def spread(self, kind: str) -> np.ndarray:
        """The standard deviation over seeds at each width."""
        return self.growth[one_of("Products", "kind", kind, KINDS)].std(axis=1, ddof=1)

    def __repr__(self) -> str:
        rows = []
        for row, width in enumerate(self.widths):
            for kind, growth in self.growth.items():
                exact, spread = self.exact(kind)[row], self.spread(kind)[row]
                rows.append(
                    [width, kind, in_words(growth[row], 2), "–" if np.isnan(exact) else f"{exact:.4f}", f"{spread:.4f}"]
                )
        rows = [[str(entry).replace("-", "−") for entry in row] for row in rows]
        return table(["width", "product", "growth a step", "exact", "spread"], rows)

    def chart(self) -> Chart:
        """Growth per step against the width, one W beside fresh ones, and the exact rates."""
        looks = dict(
            zip(
                KINDS,
                (("blue", "circle"), ("vermillion", "square"), ("green", "triangle"), ("purple", "diamond")),
                strict=True,
            )
        )
        marks = [Rule(0)]
        for kind, values in self.growth.items():
            mean, low, high = mean_interval(values)
            colour, marker = looks[kind]
            marks.append(Points(self.widths, mean, label=kind, colour=colour, marker=marker, lo=low, hi=high))
            if "fresh" in kind:
                marks.append(Line(self.widths, self.exact(kind), label="exact", colour=colour, dash="dotted"))
        words = f"Mean growth of the logarithm per step over {self.depth} steps, by width."
        return Chart(Axis("width", "log"), "growth a step (log)", marks, words=words)


@kept
def products(
    widths: Sequence[int] = (16, 32, 64),
    seeds: Sequence[int] = range(40),
    *,
    depth: int = 100,
    share: float = 1.0,
    kinds: Sequence[str] = KINDS,
) -> Products:
    r"""How fast a tangent vector grows through ``depth`` layers of normal weights with variance ``share``/n.

    .. math:: \frac1T \log \frac{\lVert D_T W_T \cdots D_1 W_1 v \rVert}{\lVert v \rVert}

    with :math:`D = I`, or ReLU's mask at a random input. A seed gives all kinds the same matrices; "one W" uses the
    first of them throughout. Raises ValueError, naming the field, for a bad setting, such as a width
    below 16 with ReLU.
    """
    seeds = some_seeds("products", seeds, 2)
    depth, share = whole("products", "depth", depth), positive("products", "share", share)
    widths = tuple(whole("products", "widths", width) for width in several("products", "widths", widths))
    kinds = tuple(one_of("products", "kinds", kind, KINDS) for kind in several("products", "kinds", kinds))
    if min(widths) < NARROWEST and any("ReLU" in kind for kind in kinds):
        raise ValueError(f"products: widths must be {NARROWEST} or more for ReLU, else whole layers die, got {widths}")
    growth = {kind: np.empty((len(widths), len(seeds))) for kind in kinds}
    for row, width in enumerate(widths):
        matrices, start = _matrices(width, depth, share, seeds)
        for kind in kinds:
            growth[kind][row] = _growth(matrices[:1] if "one" in kind else matrices, start, depth, "ReLU" in kind)
    return Products(widths, depth, share, seeds, growth)


def _matrices(width: int, depth: int, share: float, seeds: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Matrices of shape (depth, seed, n, n), and columns (seed, n, 2): an input and a tangent vector."""
    dice = [np.random.default_rng(seed) for seed in seeds]
    start = np.stack([rng.normal(size=(width, 2)) for rng in dice])
    drawn = [rng.normal(scale=(share / width) ** 0.5, size=(depth, width, width)) for rng in dice]
    return np.stack(drawn, axis=1), start


def _growth(matrices: np.ndarray, start: np.ndarray, depth: int, relu: bool) -> np.ndarray:
    """The mean growth of the second column's log-norm, with both columns brought back to length 1 at each step."""
    state, total = start / np.linalg.norm(start, axis=1, keepdims=True), 0.0
    for step in range(depth):
        state = matrices[step % len(matrices)] @ state
        if relu:
            state = state * (state[..., :1] > 0)
        size = np.linalg.norm(state, axis=1, keepdims=True)
        total = total + np.log(size[:, 0, 1])
        state = state / size
    return total / depth


# --- a convolutional network -----------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Convolutions:
    """log10 of the gradient's norm behind each layer: ``norms[sharing]`` has shape (share, layer, seed)."""

    shares: tuple[float, ...]
    depth: int
    channels: int
    size: int
    seeds: tuple[int, ...]
    norms: dict[str, np.ndarray]

    @property
    def fan_in(self) -> int:
        """The weights that meet in one output: 3 × 3 places in each channel."""
        return 9 * self.channels

    def factors(self, sharing: str) -> np.ndarray:
        """By how much a layer multiplies the gradient, as a geometric mean over depth: shape (share, seed)."""
        return 10 ** ((self.norms[sharing][:, -1] - self.norms[sharing][:, 0]) / self.depth)

    def __repr__(self) -> str:
        rows = [
            [f"{share:g}/{self.fan_in}", *(in_words(self.factors(sharing)[row]) for sharing in self.norms)]
            for row, share in enumerate(self.shares)
        ]
        return table(["variance", *self.norms], rows)

    def chart(self) -> Chart:
        """The gradient's norm against the layers that it has come back through."""
        colours, marks = ("vermillion", "ink", "blue", "green"), [Rule(1)]
        for sharing, dash in zip(self.norms, ("solid", "dotted"), strict=False):
            for share, colour, norms in zip(self.shares, colours, self.norms[sharing], strict=False):
                mean, low, high = (10**end for end in mean_interval(norms))
                label = f"{share:g}/fan-in, {sharing}"
                marks.append(Line(np.arange(self.depth + 1), mean, label, colour, dash, low, high))
        words = f"Gradient norm through {self.depth} convolutional ReLU layers, by the variance of the weights."
        return Chart("layers back", Axis("gradient norm", "log"), marks, words=words)


@kept
def convolutions(
    shares: Sequence[float] = (1.0, 2.0, 3.0),
    seeds: Sequence[int] = range(20),
    *,
    depth: int = 50,
    channels: int = 8,
    size: int = 8,
) -> Convolutions:
    r"""Gradients through a deep ReLU network of 3 × 3 convolutions, with a kernel a layer and with one for all.

    Weights are normal with variance ``share``/fan-in, images are normal noise on a torus (so that every output has the
    whole fan-in), and a normal vector of length 1 is sent back from the last layer. Raises ValueError, naming the
    field, for a bad setting.
    """
    seeds = some_seeds("convolutions", seeds, 2)
    shares = tuple(positive("convolutions", "shares", share) for share in several("convolutions", "shares", shares))
    for field, value in (("depth", depth), ("channels", channels), ("size", size)):
        whole("convolutions", field, value, 3 if field == "size" else 1)
    dice = [np.random.default_rng(seed) for seed in seeds]
    drawn = [
        [rng.normal(size=shape) for rng in dice]
        for shape in ((channels, size, size), (channels, size, size), (depth, channels, 9 * channels))
    ]
    image, back, kernels = (torch.from_numpy(np.stack(part)) for part in drawn)
    scale = torch.tensor(shares, dtype=torch.float64)[:, None, None, None] ** 0.5 / (9 * channels) ** 0.5
    norms = {}
    for sharing in ("a kernel a layer", "one kernel"):
        layers = [kernels[:, 0 if sharing == "one kernel" else layer] * scale for layer in range(depth)]
        norms[sharing] = _norms(image.expand(len(shares), *image.shape), back, layers).numpy()
    return Convolutions(shares, depth, channels, size, seeds, norms)


def _norms(image: Tensor, back: Tensor, layers: Sequence[Tensor]) -> Tensor:
    """log10 of the gradient's norm at every layer's input, from the last to the first; kernels (share, seed, c, 9c)."""
    states = [image.clone().requires_grad_()]
    for kernel in layers:
        states.append(torch.relu((kernel @ _patches(states[-1])).unflatten(-1, image.shape[-2:])))
    sent = back / back.flatten(1).norm(dim=1)[:, None, None, None]
    slopes = torch.autograd.grad((states[-1] * sent).sum(), states)
    return torch.stack([slope.flatten(2).norm(dim=2).log10() for slope in reversed(slopes)], dim=1)


def _patches(image: Tensor) -> Tensor:
    """The 3 × 3 neighbourhoods on a torus: (…, channel, y, x) becomes (…, 9 · channel, place)."""
    moved = [image.roll((down, right), (-2, -1)) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    return torch.cat(moved, dim=-3).flatten(-2)
