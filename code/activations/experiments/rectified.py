r"""What a ReLU layer does to signals: it is affine piece by piece, keeps strengths, stops what lies below a threshold.

A stack is a list of layers as in :mod:`.affine`, with ReLU between them and not behind the last one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .. import values
from ..charts import Axis, Chart, Line
from . import _checks
from ._kept import kept
from ._summary import in_words, mean_interval, table
from .affine import Layer, fold

__all__ = [
    "DETECTORS",
    "Correlations",
    "Detector",
    "Disturbance",
    "correlations",
    "disturbance",
    "gates",
    "piece",
    "relu_correlation",
    "run",
]

# --- one piece of a network -------------------------------------------------------------------------------------------


def run(stack: Sequence[Layer], x: np.ndarray) -> np.ndarray:
    """The outputs of a ReLU network at inputs of shape (…, width in).

    >>> run([(np.array([[1.0], [-1.0]]), np.zeros(2)), (np.ones((1, 2)), np.zeros(1))], np.array([-3.0])).tolist()
    [3.0]
    """
    for weight, bias in stack[:-1]:
        x = values.relu(x @ weight.T + bias)
    return x @ stack[-1][0].T + stack[-1][1]


def gates(stack: Sequence[Layer], x: np.ndarray) -> list[np.ndarray]:
    """For each hidden layer, which of its units are on at the inputs.

    >>> gates([(np.array([[1.0], [-1.0]]), np.zeros(2)), (np.ones((1, 2)), np.zeros(1))], np.array([-3.0]))[0].tolist()
    [False, True]
    """
    found = []
    for weight, bias in stack[:-1]:
        sums = x @ weight.T + bias
        found.append(sums > 0)
        x = np.where(found[-1], sums, 0.0)
    return found


def piece(stack: Sequence[Layer], x: np.ndarray) -> Layer:
    r"""The matrix and the vector of the affine map that the network is around one input.

    .. math:: A(x) = W_L D_{L-1} W_{L-1} \cdots D_1 W_1, \qquad c(x) = \sum_l W_L D_{L-1} \cdots W_{l+1} D_l\, b_l

    where the diagonal of :math:`D_l` is 1 for the units of layer l that are on at x, and 0 for the others.

    >>> A, c = piece([(np.array([[1.0], [-1.0]]), np.zeros(2)), (np.ones((1, 2)), np.zeros(1))], np.array([-3.0]))
    >>> A.tolist(), c.tolist()
    ([[-1.0]], [0.0])
    """
    on = [*gates(stack, x), np.ones(len(stack[-1][1]))]
    return fold([(mask[:, None] * weight, mask * bias) for mask, (weight, bias) in zip(on, stack, strict=True)])


# --- the detector -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Detector:
    """A unit that looks for one feature: an activation of ``scale`` times (strength less ``threshold``)."""

    activation: Callable[[np.ndarray], np.ndarray]
    threshold: float = 0.0
    scale: float = 1.0
    colour: str = "ink"
    dash: str = "solid"

    def __call__(self, strength: np.ndarray) -> np.ndarray:
        return self.activation(self.scale * (strength - self.threshold))


DETECTORS: Mapping[str, Detector] = {
    "ReLU, threshold ½": Detector(values.relu, 0.5, 1.0, "ink", "solid"),
    "tanh, no threshold": Detector(values.tanh, 0.0, 1.0, "vermillion", "dotted"),
    "tanh, threshold ½": Detector(values.tanh, 0.5, 1.0, "vermillion", "long"),
    "steep tanh, threshold ½": Detector(values.tanh, 0.5, 4.0, "purple", "dashdot"),
}
"""What is compared: the threshold lies halfway between an absent feature and the weakest present one."""


@dataclass(frozen=True, eq=False, repr=False)
class Disturbance:
    """Noise over signal behind each detector: ``share[detector]`` has a row a share of features present, a column a
    seed. ``strength[detector]`` is, by seed, how much of the strength's variance the clean outputs of present features
    tell (the squared correlation).
    """

    present: tuple[float, ...]
    noise: float
    seeds: tuple[int, ...]
    share: Mapping[str, np.ndarray]
    strength: Mapping[str, np.ndarray]

    def __repr__(self) -> str:
        chosen = sorted({0, len(self.present) - 1})
        header = ["detector", *(f"{self.present[row]:.0%} present" for row in chosen), "strength told"]
        rows = [
            [name, *(in_words(100 * share[row], 2) for row in chosen), in_words(self.strength[name], 2)]
            for name, share in self.share.items()
        ]
        under = f"noise over signal in per cent; noise {self.noise:g}, {len(self.seeds)} seeds"
        return f"{table(header, rows)}\n{under}"

    def chart(self) -> Chart:
        """Noise over signal against the share of features that are present."""
        lines = [self._line(name) for name in self.share]
        ends = ", ".join(
            f"{name} {share[0].mean():.2g} and {share[-1].mean():.2g}" for name, share in self.share.items()
        )
        return Chart(
            Axis("share of features present"),
            Axis("noise over signal", "log"),
            lines,
            words=f"Noise over signal behind each detector, at the fewest and the most features present: {ends}.",
        )

    def _line(self, name: str) -> Line:
        mean, low, high = mean_interval(self.share[name])
        look = DETECTORS[name]
        return Line(self.present, mean, label=name, colour=look.colour, dash=look.dash, lo=low, hi=high, dots=True)


@kept
def disturbance(
    present: Sequence[float] = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5),
    seeds: Sequence[int] = range(20),
    *,
    noise: float = 0.15,
    units: int = 20_000,
) -> Disturbance:
    r"""How much noise each detector passes on, relative to the signal that it passes on.

    .. math:: \frac{\mathrm E\,\bigl(f(a + \varepsilon) - f(a)\bigr)^2}{\operatorname{Var} f(a)}

    A feature is present with the given share, with a strength a that is uniform between 1 and 2, else a = 0; the noise
    is normal. All detectors meet the same strengths and the same noise. The quotient does not change when outputs are
    scaled or moved, so that detectors are compared at equal signal. Raises ValueError for a share outside of 0 to 1,
    noise that is not positive, fewer than two seeds.
    """
    present = tuple(_checks.several("disturbance", "present", present))
    if not all(0 < share < 1 for share in present):
        raise ValueError(f"disturbance: present must hold shares between 0 and 1, got {present}")
    seeds = _checks.some_seeds("disturbance", seeds, 2)
    _checks.positive("disturbance", "noise", noise)
    _checks.whole("disturbance", "units", units, 100)
    by_seed = [_disturbed(seed, present, noise, units) for seed in seeds]
    share = {name: np.stack([one[0][name] for one in by_seed], axis=-1) for name in DETECTORS}
    strength = {name: np.array([one[1][name] for one in by_seed]) for name in DETECTORS}
    return Disturbance(present, noise, seeds, share, strength)


def _disturbed(seed: int, present: Sequence[float], noise: float, units: int) -> tuple[dict, dict]:
    rng = np.random.default_rng(seed)
    place, strength = rng.random(units), rng.uniform(1, 2, size=units)
    error = noise * rng.normal(size=units)
    clean = [np.where(place < share, strength, 0.0) for share in present]
    shares = {name: np.array([_quotient(f, a, error) for a in clean]) for name, f in DETECTORS.items()}
    told = {name: np.corrcoef(strength, f(strength))[0, 1] ** 2 for name, f in DETECTORS.items()}
    return shares, told


def _quotient(f: Detector, strength: np.ndarray, error: np.ndarray) -> float:
    return float(((f(strength + error) - f(strength)) ** 2).mean() / f(strength).var())


# --- correlations -----------------------------------------------------------------------------------------------------


def relu_correlation(rho: float) -> float:
    r"""The correlation of two ReLU outputs whose sums are standard normal with correlation ρ, in closed form.

    .. math:: \frac{\sqrt{1 - \rho^2} + \rho\,(\pi - \arccos\rho) - 1}{\pi - 1}

    Raises ValueError for a number that is no correlation.

    >>> relu_correlation(0.0), relu_correlation(1.0)
    (0.0, 1.0)
    """
    if not -1 <= rho <= 1:
        raise ValueError(f"relu_correlation: rho must lie between −1 and 1, got {rho}")
    return float((np.sqrt(1 - rho**2) + rho * (np.pi - np.arccos(rho)) - 1) / (np.pi - 1))


@dataclass(frozen=True, eq=False, repr=False)
class Correlations:
    """Correlations of two outputs: ``found[activation]`` has a row a correlation of the sums, a column a seed."""

    sums: tuple[float, ...]
    seeds: tuple[int, ...]
    found: Mapping[str, np.ndarray]

    def __repr__(self) -> str:
        rows = [
            [f"{rho:g}", *(in_words(found[row], 2) for found in self.found.values())]
            for row, rho in enumerate(self.sums)
        ]
        return table(["of the sums", *self.found], rows) + f"\n{len(self.seeds)} seeds"


@kept
def correlations(
    sums: Sequence[float] = (-0.8, -0.4, 0.4, 0.8),
    activations: Sequence[str] = ("relu", "tanh"),
    seeds: Sequence[int] = range(20),
    *,
    examples: int = 5000,
) -> Correlations:
    """How correlated two units' outputs are whose weighted sums are standard normal and correlated.

    Raises ValueError for a number that is no correlation, an unknown activation, fewer than two seeds.
    """
    sums = tuple(_checks.several("correlations", "sums", sums))
    if not all(-1 < rho < 1 for rho in sums):
        raise ValueError(f"correlations: sums must hold correlations between −1 and 1, got {sums}")
    names = tuple(
        _checks.activation("correlations", name) for name in _checks.several("correlations", "activations", activations)
    )
    seeds = _checks.some_seeds("correlations", seeds, 2)
    _checks.whole("correlations", "examples", examples, 10)
    found = {name: np.empty((len(sums), len(seeds))) for name in names}
    for column, seed in enumerate(seeds):
        one, other = np.random.default_rng(seed).normal(size=(2, examples))
        for row, rho in enumerate(sums):
            partner = rho * one + np.sqrt(1 - rho**2) * other
            for name in names:
                f = getattr(values, name)
                found[name][row, column] = np.corrcoef(f(one), f(partner))[0, 1]
    return Correlations(sums, seeds, found)
