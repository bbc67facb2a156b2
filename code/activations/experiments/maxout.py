r"""Maxout networks: at equal parameters, and what becomes of pieces that never win.

.. math:: h = \max_{j = 1, \dots, k} (w_j \cdot x + b_j)

A piece is lost when it is the largest on no training picture, and a unit is straight when all its pieces but one are
lost: then it is an affine map of what it sees in training.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from scipy import integrate, stats

from ..charts import Axis, Chart, Line
from ..modules import Maxout
from . import _checks as check
from ._kept import kept
from ._summary import band, in_words, table, wilson
from .digits import CLASSES, PIXELS
from .ensemble import Network
from .training import Recipe, Training, train

__all__ = [
    "Budgets",
    "Fates",
    "budgets",
    "fates",
    "layer_parameters",
    "mean_square",
    "network",
    "parameters",
    "share",
    "widest",
]

# --- counting and starting --------------------------------------------------------------------------------------------


def layer_parameters(inputs: int, units: int, pieces: int) -> int:
    r"""The weights and biases of a maxout layer, counted in torch's module: :math:`k\,m\,(n + 1)`.

    Raises ValueError for a number below 1.

    >>> layer_parameters(64, 10, 1), layer_parameters(64, 10, 2), layer_parameters(64, 10, 5)
    (650, 1300, 3250)
    """
    for field, value in ("inputs", inputs), ("units", units), ("pieces", pieces):
        check.whole("layer_parameters", field, value)
    return sum(one.numel() for one in Maxout(inputs, units, pieces=pieces).parameters())


def parameters(shape: Network) -> int:
    """The weights and biases of a plain network, outputs included.

    >>> parameters(Network("relu", depth=1, width=8)), parameters(Network("maxout", depth=1, width=8))
    (610, 1130)
    """
    return sum(outputs * (inputs + 1) for outputs, inputs in shape.shapes())


@cache
def mean_square(pieces: int) -> float:
    r"""The mean square of the largest of k independent standard normals.

    .. math:: \mathrm E \max(X_1, \dots, X_k)^2 = \int x^2\, k\, \Phi(x)^{k - 1}\, \varphi(x)\, dx

    Raises ValueError for fewer than one.

    >>> [round(mean_square(k), 4) for k in (1, 2, 3, 4)]
    [1.0, 1.0, 1.2757, 1.5513]
    """
    k = check.whole("mean_square", "pieces", pieces)
    norm = stats.norm
    found, _ = integrate.quad(lambda x: x**2 * k * norm.cdf(x) ** (k - 1) * norm.pdf(x), -12, 12, epsabs=1e-13)
    return float(found)


def network(pieces: int, width: int, depth: int = 1) -> Network:
    """A network with the weight variance that keeps the mean square of its signals; one piece stands for ReLU.

    Raises ValueError, naming the field, for a number below 1.

    >>> network(1, 8).activation, round(network(2, 8).gain, 12), round(network(4, 8).gain, 4)
    ('relu', 1.0, 0.8029)
    """
    if check.whole("network", "pieces", pieces) == 1:
        return Network("relu", depth=depth, width=width, scheme="he")
    gain = round(mean_square(pieces) ** -0.5, 12)
    return Network("maxout", depth=depth, width=width, gain=gain, options=(("pieces", pieces),))


def widest(pieces: int, most: int) -> int:
    """The largest width of a hidden layer whose network has at most so many parameters.

    Raises ValueError where not even one unit fits.

    >>> widest(1, 610), widest(2, 610)
    (8, 4)
    """
    if parameters(network(pieces, 1)) > most:
        raise ValueError(f"widest: most must allow one unit of {pieces} pieces, got {most}")
    return (most - CLASSES) // (pieces * (PIXELS + 1) + CLASSES)


def share(found: np.ndarray) -> tuple[float, float, float]:
    """The share of ones among ones and zeros, with its 95 % interval after Wilson.

    >>> [round(end, 3) for end in share(np.array([1.0, 1.0, 0.0, 1.0]))]
    [0.75, 0.301, 0.954]
    """
    return wilson(int(found.sum()), found.size)


# --- equal parameters -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Budgets:
    """Test accuracy, shape (budgets, seeds), by label, each network at its own best rate; ``chosen`` has the networks.

    The budgets are the parameters of ReLU networks of ``widths`` units.
    """

    widths: tuple[int, ...]
    seeds: tuple[int, ...]
    recipe: Recipe
    chosen: dict[str, tuple[Network, ...]]
    rates: dict[str, tuple[float, ...]]
    accuracy: dict[str, np.ndarray]

    @property
    def counts(self) -> dict[str, tuple[int, ...]]:
        """The parameters of each network."""
        return {label: tuple(map(parameters, shapes)) for label, shapes in self.chosen.items()}

    def lead(self, label: str) -> np.ndarray:
        """Accuracy minus ReLU's at the same budget, in percentage points, by budget and seed: the same seeds."""
        return 100 * (self.accuracy[check.one_of("Budgets", "label", label, self.accuracy)] - self.accuracy["ReLU"])

    def __repr__(self) -> str:
        rows = [
            [label, shapes[i].width, self.counts[label][i], f"{self.rates[label][i]:g}", in_words(100 * found[i])]
            for i in range(len(self.widths))
            for label, found in self.accuracy.items()
            for shapes in (self.chosen[label],)
        ]
        return table(["network", "units", "parameters", "best rate", "test accuracy in %"], rows)

    def leads(self) -> str:
        """A table of the leads over ReLU in percentage points, with 95 % intervals."""
        labels = [label for label in self.accuracy if label != "ReLU"]
        leads = {label: self.lead(label) for label in labels}
        rows = [[width, *(in_words(leads[label][i], 2) for label in labels)] for i, width in enumerate(self.widths)]
        return table(["ReLU units", *labels], rows)

    def chart(self) -> Chart:
        """Test error against each network's own parameters; those of equal width stand among the others."""
        looks = {"ReLU": ("ink", "solid"), "2 pieces": ("vermillion", "long"), "4 pieces": ("purple", "dotted")}
        lines = []
        for label, (colour, dash) in looks.items():
            points = self._points(label)
            errors = np.stack([100 - 100 * points[count] for count in sorted(points)])
            lines.append(
                Line(sorted(points), **band(errors), label=label, colour=colour, dash=dash, dots=True),
            )
        ends = ", ".join(f"{line.label} {line.y[0]:.2g} and {line.y[-1]:.2g}" for line in lines)
        words = f"Test error in per cent against parameters, in the smallest and in the largest network: {ends}."
        return Chart(Axis("parameters", "log"), Axis("test error in %", "log"), lines, words=words)

    def _points(self, label: str) -> dict[int, np.ndarray]:
        """Accuracies by parameters, of all networks with so many pieces."""
        same = [other for other in self.accuracy if other.startswith(label)]
        return {self.counts[one][i]: self.accuracy[one][i] for one in same for i in range(len(self.widths))}


_PIECES = {"ReLU": 1, "2 pieces, equal width": 2, "2 pieces": 2, "4 pieces": 4}


@kept
def budgets(
    widths: Sequence[int] = (4, 8, 16, 32), seeds: Iterable[int] = range(20), recipe: Recipe | None = None
) -> Budgets:
    """One hidden layer on the digits: ReLU, maxout of the same width, and maxout with at most as many parameters.

    Every network runs at each of the recipe's rates, and counts at the one with the least training loss. Raises
    ValueError, before any work, naming the field that is wrong.
    """
    widths = tuple(check.whole("budgets", "width", width) for width in check.several("budgets", "widths", widths))
    seeds = check.some_seeds("budgets", seeds, 2)
    recipe = recipe or Recipe(steps=150, batch=32, rates=(0.2, 0.4, 0.8, 1.2), every=150)
    chosen = {label: tuple(_fitted(label, width) for width in widths) for label in _PIECES}
    distinct = {shape for shapes in chosen.values() for shape in shapes}
    found = {shape: _best(train({"it": shape}, recipe, seeds)) for shape in distinct}
    rates = {label: tuple(found[shape][0] for shape in shapes) for label, shapes in chosen.items()}
    accuracy = {label: np.stack([found[shape][1] for shape in shapes]) for label, shapes in chosen.items()}
    return Budgets(widths, seeds, recipe, chosen, rates, accuracy)


def _fitted(label: str, width: int) -> Network:
    pieces = _PIECES[label]
    same = pieces == 1 or label.endswith("equal width")
    return network(pieces, width if same else widest(pieces, parameters(network(1, width))))


def _best(run: Training) -> tuple[float, np.ndarray]:
    """The rate with the least training loss, and the accuracies there."""
    with np.errstate(over="ignore"):
        rate = run.best_rate("it")
    return rate, run.final("it", rate)


# --- pieces in training -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Fates:
    """What becomes of units while networks train: see the methods, which give one number for each seed.

    ``asleep[label]`` has 1 for a sum that is nowhere the largest (for ReLU: nowhere positive) on the training pictures,
    by (rates, seeds, looks, layers, units, pieces); ``finite[label]`` says which losses were finite numbers, by (rates,
    seeds, looks).
    """

    rates: tuple[float, ...]
    seeds: tuple[int, ...]
    asleep: dict[str, np.ndarray]
    finite: dict[str, np.ndarray]
    accuracy: dict[str, np.ndarray]

    def overflowed(self, label: str, rate: float) -> np.ndarray:
        """1 for a network whose loss was no finite number at some look."""
        return 1.0 - self.finite[label][self._index(label, rate)].all(axis=-1)

    def lost(self, label: str, rate: float, look: int = -1) -> np.ndarray:
        """The share of pieces that win nowhere; without pieces, of dead units. NaN in a network that overflowed."""
        return self._share(self.asleep[label].mean(axis=-1), label, rate, look)

    def straight(self, label: str, rate: float, look: int = -1) -> np.ndarray:
        """The share of units of which one piece wins everywhere; without pieces, of dead units."""
        asleep = self.asleep[label]
        alone = asleep.sum(axis=-1) >= max(asleep.shape[-1] - 1, 1)
        return self._share(alone.astype(float), label, rate, look)

    def returned(self, label: str, rate: float) -> np.ndarray:
        """The share of pieces lost at the start that win somewhere at the end; NaN where none was, or on overflow."""
        asleep = self.asleep[label][self._index(label, rate)]
        before, after = asleep[:, 0] == 1, asleep[:, -1] == 1
        axes = tuple(range(1, before.ndim))
        there = before.sum(axis=axes)
        known = (there > 0) & (self.overflowed(label, rate) == 0)
        return np.where(known, (before & ~after).sum(axis=axes) / np.maximum(there, 1), np.nan)

    def _share(self, by_unit: np.ndarray, label: str, rate: float, look: int) -> np.ndarray:
        share = by_unit[self._index(label, rate)][:, look].mean(axis=(-2, -1))
        return np.where(self.overflowed(label, rate) == 1, np.nan, share)

    def _index(self, label: str, rate: float) -> int:
        check.one_of("Fates", "label", label, self.asleep)
        return self.rates.index(check.one_of("Fates", "rate", rate, self.rates))

    def __repr__(self) -> str:
        header = ["network", "rate", "lost, %", "straight, %", "overflowed, %", "accuracy, %"]
        return table(header, [self._row(label, rate) for label in self.asleep for rate in self.rates])

    def _row(self, label: str, rate: float) -> list[str]:
        over = self.overflowed(label, rate)
        found = (self.lost(label, rate), self.straight(label, rate))
        known = ["–" if over.all() else f"{100 * share[over == 0].mean():.3g}" for share in found]
        final = self.accuracy[label][self._index(label, rate)].mean()
        return [label, f"{rate:g}", *known, f"{100 * over.mean():.3g}", f"{100 * final:.3g}"]


@kept
def fates(
    rates: Sequence[float] = (0.1, 0.4, 0.6, 0.8, 2.0), seeds: Iterable[int] = range(20), *, steps: int = 100
) -> Fates:
    """Three hidden layers of 16 units learn 256 digits with growing rates: ReLU, leaky ReLU, and maxout.

    All 256 pictures are looked at five times. Raises ValueError, before any work, naming the field that is wrong.
    """
    check.whole("fates", "steps", steps)
    recipe = Recipe(
        steps=steps, batch=32, rates=tuple(rates), every=-(-steps // 4), probes=("asleep",), examples=256, watched=256
    )
    seeds = check.some_seeds("fates", seeds, 2)
    leaky = replace(network(1, 16, 3), activation="leaky_relu", options=(("negative_slope", 0.01),))
    maxouts = {f"{pieces} pieces": network(pieces, 16, 3) for pieces in (2, 4)}
    shapes = {"ReLU": network(1, 16, 3), "leaky 0.01": leaky, **maxouts}
    run = train(shapes, recipe, seeds)
    asleep = {
        label: found.reshape(*found.shape[:-1], shapes[label].width, shapes[label].sums)
        for label, found in run.probed["asleep"].items()
    }
    finite = {label: np.isfinite(loss) for label, loss in run.loss.items()}
    return Fates(recipe.rates, seeds, asleep, finite, {label: found[..., -1] for label, found in run.accuracy.items()})
