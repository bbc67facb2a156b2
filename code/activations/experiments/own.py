r"""A function of your own in a network: how signals begin, and how it trains beside another.

Every network has the gain that keeps the mean square of a signal, and the same draws and pictures as the others.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .. import catalogue
from .._pieces import Curve, curve
from ..catalogue import Activation
from ..charts import Axis, Chart, Line, style
from . import _checks as check
from ._kept import kept
from ._summary import band, in_words, table
from .ensemble import Ensemble, Network
from .moments import normal_rule
from .probes import PROBES
from .propagation import _band_on_log, backward, first_digits, power_in_words
from .symbolic import is_own, numeric
from .training import Recipe, Training, train
from .written import written

__all__ = ["RATES", "Signal", "Trial", "first_look", "gradient_error", "signal", "steadiness", "trial"]

RATES = (0.025, 0.05, 0.1, 0.2, 0.4)

_LOOKS = (("vermillion", "long"), ("green", "dashdot"), ("purple", "dotted"), ("blue", "dashdotdot"))
_DRAWN = 1e-60, 1e60  # what a log axis shows; beyond lies a gap


def entries_of(who: str, activations: object) -> dict[str, Activation]:
    """Entries by the label that charts and tables use; ValueError for a name twice, or a function of many inputs."""
    found = {}
    for one in check.several(who, "activations", activations):
        entry = one if is_own(one) else catalogue.get(check.activation(who, one))
        if entry.arity != "one":
            raise ValueError(f"{who}: activations take one input each, and {entry.name} takes many")
        if (label := entry.title or entry.name) in found:
            raise ValueError(f"{who}: activations must have different names, got {label} twice")
        found[label] = entry
    return found


def network_of(who: str, entry: Activation, depth: int, width: int, normalise: bool = False) -> Network:
    """The network in which a function is tried: with the gain that keeps its mean square, found by quadrature."""
    check.whole(who, "depth", depth)
    check.whole(who, "width", width)
    points, weights, squares = _squares(entry)
    square = float(weights @ squares)
    if not 0 < square < np.inf:
        raise ValueError(f"{who}: {entry.name} has no gain; its mean square under a standard normal input is {square}")
    return Network(entry, depth=depth, width=width, gain=square**-0.5, normalise=normalise)


def _squares(entry: Activation) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The points and weights of a rule for N(0, 1), and the squares of the function at the points."""
    whole = _curve(entry)
    points, weights = normal_rule([float(point) for point in whole.breaks])
    with np.errstate(over="ignore"):
        return points, weights, numeric(whole.expr)(points) ** 2


def _looks(entries: dict[str, Activation]) -> dict[str, dict[str, str]]:
    """A colour and dash for each label: the book's own for its functions, different ones for a reader's."""
    fresh = iter(_LOOKS * len(entries))
    pairs = {label: next(fresh) if is_own(one) else (*style(one).values(),) for label, one in entries.items()}
    return {label: {"colour": colour, "dash": dash} for label, (colour, dash) in pairs.items()}


# --- before training --------------------------------------------------------------------------------------------------


def steadiness(activation: str | Activation) -> float:
    r"""What a layer with the natural gain does to a small error of the mean square around 1: its factor.

    .. math:: \frac{d}{dq}\, g^2\, \mathrm E f(\sqrt q\, X)^2 \Big|_{q = 1}
        = \frac{\mathrm E\bigl[(X^2 - 1) f(X)^2\bigr]}{2\, \mathrm E f(X)^2}

    Below 1 errors shrink, above 1 they grow, layer by layer.

    >>> x = catalogue.x
    >>> round(steadiness("relu"), 12), round(steadiness(Activation("square", x**2)), 12)
    (1.0, 2.0)
    """
    entry = next(iter(entries_of("steadiness", [activation]).values()))
    points, weights, squares = _squares(entry)
    return float(weights @ ((points**2 - 1) * squares) / (2 * weights @ squares))


def _curve(entry: Activation) -> Curve:
    return curve(entry.at())


@dataclass(frozen=True, eq=False, repr=False)
class Signal:
    """What :func:`signal` measured: ``mean_square[label]`` and ``delta[label]`` have shape (seeds, layers)."""

    entries: dict[str, Activation]
    depth: int
    width: int
    seeds: tuple[int, ...]
    gains: dict[str, float]
    mean_square: dict[str, np.ndarray]
    delta: dict[str, np.ndarray]

    def spread(self, label: str) -> float:
        """How many powers of ten lie between the seeds with the smallest and the largest signal in the last layer."""
        with np.errstate(divide="ignore"):
            return float(np.ptp(np.log10(self.mean_square[label][:, -1])))

    def __repr__(self) -> str:
        rows = [
            [label, f"{self.gains[label]:.3f}", in_words(squares[:, 0]), power_in_words(squares[:, -1])]
            for label, squares in self.mean_square.items()
        ]
        return table(["function", "gain", "mean square in layer 1", f"in layer {self.depth}"], rows)

    def chart(self, what: str = "mean_square") -> Chart:
        """``"mean_square"`` of the sums or ``"delta"``, the gradient by them, through the layers."""
        found = {"mean_square": self.mean_square, "delta": self.delta}
        chosen = found[check.one_of("chart", "what", what, found)]
        layers, looks = np.arange(1, self.depth + 1), _looks(self.entries)
        lines = [Line(layers, **_drawable(values), label=label, **looks[label]) for label, values in chosen.items()]
        label = {"mean_square": "mean square of the sums", "delta": "gradient norm at the sums"}[what]
        last = ", ".join(f"{name} {power_in_words(values[:, -1])}" for name, values in chosen.items())
        words = f"{label.capitalize()} through {self.depth} layers before training; in the last: {last}."
        return Chart(Axis("layer"), Axis(label, "log"), lines, words=words)


def _drawable(values: np.ndarray) -> dict[str, np.ndarray]:
    ends = _band_on_log(values)
    shown = np.all([(end > _DRAWN[0]) & (end < _DRAWN[1]) for end in ends.values()], axis=0)
    return {name: np.where(shown, end, np.nan) for name, end in ends.items()}


@kept
def signal(
    activations: Sequence[str | Activation],
    *,
    depth: int = 10,
    width: int = 32,
    examples: int = 16,
    seeds: Iterable[int] = range(20),
) -> Signal:
    r"""How untrained networks pass on a signal and a gradient, each with its natural gain.

    .. math:: \frac{1}{n} \sum_i z_{l,i}^2, \qquad \Bigl\lVert \frac{\partial L}{\partial z_l} \Bigr\rVert,
        \qquad l = 1, \dots, L

    ``activations`` are names of the catalogue or entries of your own. Raises ValueError naming the field that is wrong.

    >>> mine = Activation("mine", catalogue.x**3)
    >>> signal(["relu", mine], depth=3, seeds=range(2)).mean_square["mine"].shape
    (2, 3)
    """
    entries = entries_of("signal", activations)
    networks = {label: network_of("signal", entry, depth, width) for label, entry in entries.items()}
    check.whole("signal", "examples", examples, 2)
    seeds = check.some_seeds("signal", seeds, 2)
    measured: dict[str, dict[str, np.ndarray]] = {"mean_square": {}, "delta": {}}
    for label, network in networks.items():
        ensemble = Ensemble(network, seeds)
        made, gradients = backward(ensemble, *first_digits(examples))
        for name, into in measured.items():
            into[label] = PROBES[name](ensemble, made, gradients)[0].numpy()
    gains = {label: network.gain for label, network in networks.items()}
    return Signal(entries, depth, width, seeds, gains, **measured)


def gradient_error(activation: Activation, points: int = 401, reach: float = 8.0) -> float:
    r"""How far a network's gradient is from a difference quotient of its values, relative to the steepest slope.

    .. math:: \max_x \frac{1}{\max |f'|} \left| f'(x) - \frac{f(x + h) - f(x - h)}{2h} \right|, \qquad h = 10^{-5}

    Points within h of a kink are left out. Raises ValueError for fewer than two points or a reach that is not positive.

    >>> gradient_error(Activation("mine", catalogue.x * catalogue.get("sigmoid").expr)) < 1e-8
    True
    """
    check.whole("gradient_error", "points", points, 2)
    check.positive("gradient_error", "reach", reach)
    whole, h = _curve(activation), 1e-5
    at = np.linspace(-reach, reach, points)
    at = at[np.all([np.abs(at - float(b)) > h for b in whole.breaks], axis=0)] if whole.breaks else at
    value, slope = numeric(whole.expr), numeric(whole.slope.expr)(at)
    quotient = (value(at + h) - value(at - h)) / (2 * h)
    return float(np.abs(slope - quotient).max() / np.abs(slope).max())


# --- training ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class Trial:
    """What :func:`trial` measured: ``tuning`` at every rate on its own seeds, and ``runs[label]`` at the best of them.

    It displays as a table: the chosen rate, the accuracy at the end, and what it has over the baseline, seed by seed.
    """

    entries: dict[str, Activation]
    baseline: str
    tuning: Training
    runs: dict[str, Training]
    seeds: tuple[int, ...]

    def rate(self, label: str) -> float:
        """The rate with the smallest mean training loss while tuning."""
        return self.tuning.best_rate(label)

    def accuracy(self, label: str, step: int | None = None) -> np.ndarray:
        """The share of test pictures that are right, one a seed; at the end unless a watched step is given."""
        run = self.runs[label]
        step = check.one_of("Trial", "step", run.steps[-1] if step is None else step, run.steps.tolist())
        return run.accuracy[label][0, :, run.steps.tolist().index(step)]

    def lead(self, label: str, step: int | None = None) -> np.ndarray:
        """Percentage points over the baseline, one a seed: both started from the same draws and saw the same."""
        return 100 * (self.accuracy(label, step) - self.accuracy(self.baseline, step))

    def at_one_rate(self, label: str, rate: float) -> np.ndarray:
        """Percentage points over the baseline while tuning, where both have the same rate."""
        return 100 * (self.tuning.final(label, rate) - self.tuning.final(self.baseline, rate))

    def __repr__(self) -> str:
        rows = [
            [label, f"{self.rate(label):g}", in_words(100 * self.accuracy(label)), self._lead_in_words(label)]
            for label in self.entries
        ]
        return table(["function", "best rate", "test accuracy in %", f"points over {self.baseline}"], rows)

    def _lead_in_words(self, label: str) -> str:
        return "–" if label == self.baseline else in_words(self.lead(label))

    def chart(self) -> Chart:
        """Test accuracy over the steps at each function's best rate."""
        steps, looks = next(iter(self.runs.values())).steps, _looks(self.entries)
        lines = [
            Line(steps, **band(100 * self.runs[label].accuracy[label][0].T), label=label, **looks[label])
            for label in self.entries
        ]
        last = ", ".join(f"{label} {100 * self.accuracy(label).mean():.3g} %" for label in self.entries)
        words = f"Test accuracy over {steps[-1]} steps, each at its best rate. At the end: {last}."
        return Chart(Axis("step"), Axis("test pictures that are right in %"), lines, words=words)

    def tuning_chart(self) -> Chart:
        """Test accuracy after tuning, by the learning rate."""
        rates, looks = self.tuning.recipe.rates, _looks(self.entries)
        doublings = np.log2(np.array(rates) / min(rates))
        lines = [
            Line(doublings, **band(100 * self.tuning.accuracy[label][:, :, -1]), label=label, dots=True, **looks[label])
            for label in self.entries
        ]
        best = ", ".join(f"{label} {self.rate(label):g}" for label in self.entries)
        words = f"Test accuracy after {self.tuning.recipe.steps} steps by the learning rate. Best rates: {best}."
        x = Axis(f"learning rate, in doublings of {min(rates):g}")
        return Chart(x, Axis("test pictures that are right in %"), lines, words=words)


@kept
def trial(
    activations: Sequence[str | Activation],
    *,
    baseline: str | Activation = "relu",
    depth: int = 4,
    width: int = 16,
    rates: Sequence[float] = RATES,
    tuning: int = 100,
    steps: int = 300,
    normalise: bool = False,
    negatives: bool = True,
    seeds: Iterable[int] = range(20),
) -> Trial:
    r"""Train functions beside a baseline on the digits, each at the learning rate that suits it.

    .. math:: \eta_f = \arg\min_\eta \frac 1n \sum_s L_s(f, \eta), \qquad
        d_s = \text{accuracy}_s(f, \eta_f) - \text{accuracy}_s(\text{baseline}, \eta_{\text{baseline}})

    With ``negatives`` half of the pictures are turned into their negative (:func:`.digits.negatives`): a network
    without a nonlinearity cannot read those. Each rate gets ``tuning`` steps, with other seeds than those of the runs
    of ``steps`` that are compared: what chooses the rate does not judge it. Raises ValueError, before any work, naming
    the field that is wrong.

    >>> mine = Activation("mine", catalogue.x / (1 + catalogue.x**2))
    >>> trial([mine], rates=[0.1], tuning=1, steps=2, seeds=range(2)).lead("mine").shape
    (2,)
    """
    entries = entries_of("trial", [baseline, *check.several("trial", "activations", activations)])
    networks = {label: network_of("trial", one, depth, width, normalise) for label, one in entries.items()}
    seeds = check.some_seeds("trial", seeds, 2)
    recipe = recipe_of(tuning, check.several("trial", "rates", rates), tuning, negatives)
    final = recipe_of(steps, recipe.rates, check.whole("trial", "steps", steps, 2) // min(steps, 10), negatives)
    tuned = train(networks, recipe, [10_000 + seed for seed in seeds])
    runs = {
        label: train({label: network}, replace(final, rates=(tuned.best_rate(label),)), seeds)
        for label, network in networks.items()
    }
    return Trial(entries, next(iter(entries)), tuned, runs, seeds)


def recipe_of(steps: int, rates: Sequence[float], every: int, negatives: bool = True) -> Recipe:
    """How a function is trained wherever it is tried."""
    return Recipe(steps=steps, batch=32, rates=tuple(rates), every=every, watched=128, negatives=negatives)


def first_look(formula: str = "tanh(x) + x/4", depth: int = 4) -> Generator[float, None, Trial]:
    """A short :func:`trial` of a formula in plain text beside ReLU, for a lab: yields the share done, returns the trial.

    Raises ValueError for a formula that :func:`.written.written` refuses.

    >>> next(first_look("x**x"))
    Traceback (most recent call last):
    ...
    ValueError: mine: an activation must be a real number at every real x, and x**x is none at x = -63.5866; give it a value there with a Piecewise
    """  # noqa: E501
    mine = written("mine", formula)
    yield 0.1
    return trial([mine], depth=depth, tuning=50, steps=200)
