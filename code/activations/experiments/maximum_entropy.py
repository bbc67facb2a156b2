r"""Models of largest entropy as numbers: dice with a given mean, and classifiers that match the data's feature means.

The solver knows nothing of exponentials: it maximises an entropy under linear conditions by Newton's method on the
probabilities themselves, so that its answers can be set beside those of the closed form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from itertools import combinations

import numpy as np
from scipy.optimize import linprog
from scipy.special import gammaln, xlogy
from sklearn.datasets import load_iris, load_wine
from sklearn.linear_model import LogisticRegression

from ..charts import Axis, Bars, Chart, HeatMap, Histogram, Line, Points, Rule
from ..values import sigmoid, softmax

__all__ = [
    "SAMPLES",
    "Agreement",
    "ConditionalModel",
    "Die",
    "Runaway",
    "Sample",
    "Solution",
    "Triangle",
    "agreement",
    "conditional_model",
    "die",
    "die_by_solver",
    "die_chart",
    "entropy",
    "iris_chart",
    "likelihood_weights",
    "log_ways",
    "most_entropy",
    "runaway",
    "sample",
    "separable",
    "slack",
    "triangle",
    "uncertainty_chart",
]

# --- entropy ----------------------------------------------------------------------------------------------------------


def entropy(p: np.ndarray) -> np.ndarray:
    r"""The entropy of distributions along the last axis, in nats.

    .. math:: H(p) = -\sum_k p_k \log p_k, \qquad 0 \log 0 = 0

    Raises ValueError for a negative probability, or probabilities that do not add up to 1.

    >>> entropy([1, 0]).item(), entropy([0.5, 0.5]) == np.log(2)
    (0.0, np.True_)
    """
    p = np.asarray(p, dtype=float)
    if (p < 0).any() or not np.allclose(p.sum(-1), 1):
        raise ValueError(f"entropy: p must be non-negative and add up to 1 along the last axis, got {p}")
    return -xlogy(p, p).sum(-1) + 0.0


def log_ways(counts: Sequence[int]) -> float:
    r"""The logarithm of how many sequences have these counts.

    .. math:: \log \frac{N!}{\prod_k n_k!}, \qquad N = \sum_k n_k

    >>> round(np.exp(log_ways([2, 1])).item())
    3
    """
    counts = np.asarray(counts, dtype=float)
    return float(gammaln(counts.sum() + 1) - gammaln(counts + 1).sum())


@dataclass(frozen=True, eq=False)
class Solution:
    """The probabilities of largest entropy, and the multiplier of each condition."""

    p: np.ndarray
    multipliers: np.ndarray


def most_entropy(
    conditions: np.ndarray, values: np.ndarray, *, shares: np.ndarray | float = 1.0, steps: int = 500
) -> Solution:
    r"""The positive p that maximises an entropy under linear conditions, and the conditions' multipliers.

    .. math:: \max_p -\sum_k c_k\, p_k \log p_k \quad \text{such that} \quad A p = v

    Newton's method on the p themselves: each step maximises the entropy's parabola under the conditions, and stops
    short of 0. ``shares`` are the c. The rows of A must be independent. Raises ValueError when the steps do not settle
    on a p, as where no positive p meets the conditions.

    >>> most_entropy(np.ones((1, 4)), [1.0]).p
    array([0.25, 0.25, 0.25, 0.25])
    """
    a, v = np.asarray(conditions, dtype=float), np.asarray(values, dtype=float)
    p = np.full(a.shape[1], 1 / a.shape[1])
    for _ in range(steps):
        inverse_curvature = p / shares
        try:
            multipliers = np.linalg.solve((a * inverse_curvature) @ a.T, v + a @ (p * np.log(p)))
        except np.linalg.LinAlgError:
            break
        move = (a.T @ multipliers) / shares - np.log(p) - 1  # relative to p
        p = p * (1 + min(1, 0.95 / np.max(-move, initial=0.95)) * move)
        if np.abs(move).max() < 1e-7:  # the next step would move by about the square of that
            return Solution(p, multipliers)
    raise ValueError("most_entropy: the steps did not settle; is there a positive p that meets the conditions?")


# --- Jaynes' die ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Die:
    """The die of largest entropy among those with a given mean."""

    mean: float
    p: np.ndarray
    multiplier: float

    @property
    def faces(self) -> np.ndarray:
        return np.arange(1, len(self.p) + 1)

    @property
    def entropy(self) -> float:
        return float(entropy(self.p))

    def __repr__(self) -> str:
        shares = "\n".join(f"{face}  {share:.12f}" for face, share in zip(self.faces, self.p, strict=True))
        return f"mean {self.mean:g}\nmultiplier {self.multiplier:.12f}\nentropy {self.entropy:.6f}\n{shares}"

    def chart(self) -> Chart:
        """The probabilities as columns, and the fair die's as a line."""
        edges = np.arange(len(self.p) + 1) + 0.5
        words = (
            f"Probabilities of the faces for a mean of {self.mean:.1f}: from {self.p[0]:.3f} for 1 "
            f"to {self.p[-1]:.3f} for {len(self.p)}; entropy {self.entropy:.3f}."
        )
        marks = [Histogram(edges, self.p, colour="blue"), Rule(1 / len(self.p), "y", label="fair", dash="dashed")]
        return Chart("face", Axis("probability", limits=(0, 1)), marks, words=words)


def die(mean: float, faces: int = 6) -> Die:
    r"""The die of largest entropy with a given mean, from its multiplier.

    .. math:: p_k = \frac{e^{\lambda k}}{\sum_j e^{\lambda j}}, \qquad \lambda \text{ such that } \sum_k k\,p_k = m

    The mean rises with λ at the rate of the variance, and ever more slowly away from 0, so that Newton's method nears
    the λ from the side of 0 and never overshoots.
    Raises ValueError for a mean that is not strictly between 1 and the number of faces.

    >>> die(3.5).p.round(3)
    array([0.167, 0.167, 0.167, 0.167, 0.167, 0.167])
    """
    _check_mean(mean, faces)
    k, multiplier = np.arange(1, faces + 1), 0.0
    for _ in range(100):
        p = softmax(multiplier * k)
        step = (mean - p @ k) / (p @ (k - p @ k) ** 2)
        multiplier += step
        if abs(step) < 1e-15 * max(1, abs(multiplier)):
            break
    return Die(mean, softmax(multiplier * k), float(multiplier))


def die_by_solver(mean: float, faces: int = 6) -> Die:
    """The same die from :func:`most_entropy`, which is told the two conditions and nothing else.

    >>> round(die_by_solver(4.5).multiplier, 6) == round(die(4.5).multiplier, 6)
    True
    """
    _check_mean(mean, faces)
    solution = most_entropy([np.ones(faces), np.arange(1, faces + 1)], [1, mean])
    return Die(mean, solution.p, float(solution.multipliers[1]))


def _check_mean(mean: float, faces: int) -> None:
    if not 1 < mean < faces:
        raise ValueError(f"die: mean must be strictly between 1 and {faces}, the number of faces, got {mean}")


@cache
def _entropy_curve() -> Line:
    means = np.linspace(1.02, 5.98, 125)
    return Line(means, [die(mean).entropy for mean in means], label="largest entropy", colour="blue")


def die_chart(mean: float) -> tuple[Chart, Chart]:
    """The die with this mean, and where it lies on the curve of the entropy over the mean."""
    shown = die(mean)
    marks = [
        Rule(np.log(6), "y", label="log 6", dash="dotted"),
        _entropy_curve(),
        Points([mean], [shown.entropy], label="this die", colour="vermillion"),
    ]
    words = f"The largest entropy at a mean of {mean:.1f} is {shown.entropy:.3f}; the multiplier is "
    words += f"{shown.multiplier:.3f}".replace("-", "−") + "."
    return shown.chart(), Chart("mean", "entropy", marks, words=words)


# --- data -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Sample:
    """Real measurements with their classes. ``x`` has shape (examples, measures), ``y`` holds class numbers from 0."""

    name: str
    x: np.ndarray
    y: np.ndarray
    measures: tuple[str, ...]
    classes: tuple[str, ...]

    @cached_property
    def standardised(self) -> np.ndarray:
        """The measures with mean 0 and standard deviation 1."""
        return (self.x - self.x.mean(0)) / self.x.std(0)

    @cached_property
    def inputs(self) -> np.ndarray:
        """A column of ones, which carries the bias, and the standardised measures."""
        return np.column_stack([np.ones(len(self.x)), self.standardised])

    @cached_property
    def answers(self) -> np.ndarray:
        """One row an example, with a 1 in the column of its class."""
        return np.eye(len(self.classes))[self.y]


def _iris(name: str, classes: tuple[int, ...]) -> Sample:
    data = load_iris()
    rows = np.isin(data.target, classes)
    y = np.searchsorted(classes, data.target[rows])
    return Sample(
        name,
        data.data[rows][:, 2:],
        y,
        ("petal length, cm", "petal width, cm"),
        tuple(str(data.target_names[c]) for c in classes),
    )


def _wine() -> Sample:
    data = load_wine()
    return Sample(
        "wine",
        data.data[:, :2],
        data.target,
        ("alcohol", "malic acid"),
        tuple(f"cultivar {c + 1}" for c in range(3)),
    )


SAMPLES = {
    "wine": _wine,
    "versicolor and virginica": lambda: _iris("versicolor and virginica", (1, 2)),
    "setosa and versicolor": lambda: _iris("setosa and versicolor", (0, 1)),
    "three irises": lambda: _iris("three irises", (0, 1, 2)),
}
"""Two measures of scikit-learn's wine and iris data: two samples whose classes overlap, and two that do not suffice."""


@cache
def sample(name: str) -> Sample:
    """The sample called ``name``. Raises KeyError, with the names there are, for another."""
    if name not in SAMPLES:
        raise KeyError(f"sample: known are {', '.join(SAMPLES)}, got {name!r}")
    return SAMPLES[name]()


def separable(data: Sample) -> bool:
    """Whether scores that are affine in the measures can put every example's own class strictly first.

    By linear programming: such scores can be stretched until each is ahead by 1 or more, or there are none.
    """
    k, width = len(data.classes), data.inputs.shape[1]
    rows = []
    for c in range(k):
        wrong = data.y != c
        ahead = data.answers[wrong] - np.eye(k)[c]
        rows.append((ahead[:, :, None] * data.inputs[wrong, None, :]).reshape(-1, k * width))
    lead = np.concatenate(rows)
    found = linprog(np.zeros(k * width), A_ub=-lead, b_ub=-np.ones(len(lead)), bounds=(None, None), method="highs")
    if found.status not in (0, 2):
        raise ArithmeticError(f"separable: the linear program ended undecided: {found.message}")
    return found.status == 0


def slack(data: Sample) -> float:
    """The largest t for which some model meets the constraints and gives each class, at each input, a share of t.

    By linear programming. It is positive exactly when the multipliers are finite.
    """
    conditions, values = _conditions(data, data.answers)
    size = conditions.shape[1]
    floor = np.column_stack([-np.eye(size), np.ones(size)])
    found = linprog(
        np.append(np.zeros(size), -1),
        A_ub=floor,
        b_ub=np.zeros(size),
        A_eq=np.column_stack([conditions, np.zeros(len(values))]),
        b_eq=values,
        bounds=(0, 1),
        method="highs",
    )
    if found.status != 0:
        raise ArithmeticError(f"slack: the linear program ended undecided: {found.message}")
    return max(0.0, float(found.x[-1]))


@dataclass(frozen=True, eq=False)
class Triangle:
    """Three examples of one class around one of another: ``weights`` are exact, and mix the corners into the point."""

    corners: tuple[tuple[Fraction, Fraction], ...]
    point: tuple[Fraction, Fraction]
    weights: tuple[Fraction, Fraction, Fraction]

    @property
    def holds(self) -> bool:
        """Whether the weights are positive, add up to 1, and give the point, in exact arithmetic."""
        axes = zip(*self.corners, strict=True)
        mixed = tuple(sum(w * at for w, at in zip(self.weights, axis, strict=True)) for axis in axes)
        return min(self.weights) > 0 and sum(self.weights) == 1 and mixed == self.point


def triangle(data: Sample, around: int, inside: int) -> Triangle | None:
    """Three examples of class ``around`` with one of class ``inside`` strictly between them, or None.

    No straight line can then have the one class on one side and the other on the other side, not even if points may
    lie on the line: proved by three fractions.
    """
    outer, inner = data.x[data.y == around], data.x[data.y == inside]
    for corners in combinations(range(len(outer)), 3):
        sides = np.roll(outer[list(corners)], -1, axis=0) - outer[list(corners)]
        arms = inner[:, None, :] - outer[list(corners)]
        turns = np.sign(np.round(sides[:, 0] * arms[..., 1] - sides[:, 1] * arms[..., 0], 9))  # 0 on a side
        within = np.flatnonzero(np.abs(turns.sum(1)) == 3)
        if within.size:
            return _exact_triangle(outer[list(corners)], inner[within[0]])
    return None


def _exact_triangle(corners: np.ndarray, point: np.ndarray) -> Triangle:
    (a, b, c), p = ([_exact(corner) for corner in corners], _exact(point))

    def area(one, two, three):
        return (two[0] - one[0]) * (three[1] - one[1]) - (two[1] - one[1]) * (three[0] - one[0])

    whole = area(a, b, c)
    return Triangle((a, b, c), p, (area(p, b, c) / whole, area(a, p, c) / whole, area(a, b, p) / whole))


def _exact(point: np.ndarray) -> tuple[Fraction, Fraction]:
    """The decimals as they were written down, not their nearest floats."""
    return tuple(Fraction(str(value)) for value in point.tolist())


# --- the conditional model --------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class ConditionalModel:
    """A model of largest conditional entropy: its probabilities, and the multipliers of the features x_k·1[y = c].

    ``weights`` has a row a class but the first, whose weights are 0, and a column an input.
    """

    p: np.ndarray
    weights: np.ndarray


def conditional_model(data: Sample, *, doubt: float = 0.0) -> ConditionalModel:
    r"""The model of largest conditional entropy whose feature means are the data's, from :func:`most_entropy`.

    .. math:: \max_P -\frac1N \sum_{i,y} P(y|x_i) \log P(y|x_i), \qquad
        \frac1N \sum_i P(c|x_i)\, x_{ik} = \frac1N \sum_i 1[y_i = c]\, x_{ik}, \qquad \sum_y P(y|x_i) = 1

    ``doubt`` replaces the answers by a mixture with equal shares, of weight ``doubt``.
    Raises ValueError for a doubt outside [0, 1), or where no multipliers are found that do it.
    """
    if not 0 <= doubt < 1:
        raise ValueError(f"conditional_model: doubt must be at least 0 and below 1, got {doubt}")
    count, classes = data.answers.shape
    conditions, values = _conditions(data, (1 - doubt) * data.answers + doubt / classes)
    solution = most_entropy(conditions, values, shares=1 / count)
    weights = solution.multipliers[count:].reshape(classes - 1, -1)
    return ConditionalModel(solution.p.reshape(count, classes), weights)


def _conditions(data: Sample, answers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The normalisation at each input, then the features' means. Those of the first class follow from the others'."""
    count, classes = answers.shape
    normalised = np.kron(np.eye(count), np.ones(classes))
    features = [np.kron(data.inputs.T, np.eye(classes)[c]) / count for c in range(1, classes)]
    means = (answers.T @ data.inputs / count)[1:]
    return np.concatenate([normalised, *features]), np.append(np.ones(count), means)


def likelihood_weights(data: Sample) -> np.ndarray:
    """The weights of unregularised logistic regression, by scikit-learn, less those of the first class."""
    fit = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12, max_iter=1000)
    fit.fit(data.standardised, data.y)
    weights = np.column_stack([fit.intercept_, fit.coef_])
    return weights if len(data.classes) == 2 else weights[1:] - weights[0]


@dataclass(frozen=True, eq=False)
class Agreement:
    """The multipliers of the maximum-entropy model beside the weights of the likelihood fit."""

    data: Sample
    multipliers: np.ndarray
    weights: np.ndarray
    p: np.ndarray

    @property
    def difference(self) -> float:
        """The largest difference between a multiplier and its weight."""
        return float(np.abs(self.multipliers - self.weights).max())

    @property
    def bend(self) -> float:
        """How far the solver's log-odds against the first class are from an affine function, at the worst example."""
        odds = np.log(self.p[:, 1:] / self.p[:, :1])
        plane = self.data.inputs @ np.linalg.lstsq(self.data.inputs, odds, rcond=None)[0]
        return float(np.abs(odds - plane).max())

    def __repr__(self) -> str:
        names = ("bias", *self.data.measures)
        rows = [f"{'class':<12} {'input':<18} {'multiplier':>12} {'weight':>12}"]
        for label, ours, theirs in zip(self.data.classes[1:], self.multipliers, self.weights, strict=True):
            rows += [f"{label:<12} {n:<18} {a:>12.8f} {b:>12.8f}" for n, a, b in zip(names, ours, theirs, strict=True)]
        return "\n".join(rows)


def agreement(name: str) -> Agreement:
    """The two ways to the same numbers, for a sample whose classes overlap."""
    data = sample(name)
    model = conditional_model(data)
    return Agreement(data, model.weights, likelihood_weights(data), model.p)


def uncertainty_chart(name: str = "wine", points: int = 81) -> Chart:
    """The entropy of P(y|x) over the plane of the two measures, with the examples."""
    data = sample(name)
    weights = np.vstack([np.zeros(3), conditional_model(data).weights])
    axes = [np.linspace(column.min() - 0.3, column.max() + 0.3, points) for column in data.x.T]
    grid = np.stack(np.meshgrid(*axes), axis=-1)
    inputs = (grid - data.x.mean(0)) / data.x.std(0)
    shown = entropy(softmax(inputs @ weights[:, 1:].T + weights[:, 0]))
    heat = HeatMap(*axes, shown, label="entropy of P(y|x)", limits=(0, np.log(len(data.classes))))
    words = f"Entropy of the model over {data.measures[0]} and {data.measures[1]}: largest where the classes meet."
    return Chart(*(Axis(m) for m in data.measures), [heat, *_examples(data)], words=words)


_COLOURS, _MARKERS = ("vermillion", "green", "purple"), ("circle", "square", "triangle")


def _examples(data: Sample) -> list[Points]:
    return [
        Points(*data.x[data.y == c].T, label=label, colour=_COLOURS[c], marker=_MARKERS[c])
        for c, label in enumerate(data.classes)
    ]


# --- multipliers by hand ----------------------------------------------------------------------------------------------


def iris_chart(length: float, width: float) -> tuple[Chart, Chart]:
    """Two irises under the model with these multipliers: its lines of equal probability, and both feature means.

    The two features are the standardised measures where the class is virginica; there is no bias.
    """
    data = sample("versicolor and virginica")
    weights = np.array([length, width])
    p = sigmoid(data.standardised @ weights)
    wanted, given = (mean @ data.standardised / len(p) for mean in (data.y, p))
    likelihood = np.where(data.y == 1, p, 1 - p)
    score = float(np.log(likelihood).mean())
    mixed = float(entropy(np.column_stack([p, 1 - p])).mean())
    words = f"Mean log-likelihood −{-score:.3f}, entropy {mixed:.3f}."
    lines = [_level(data, weights, chance) for chance in (0.1, 0.5, 0.9)]
    plane = Chart(*(Axis(m) for m in data.measures), [*_examples(data), *lines], words=words)
    bars = [Bars(data.measures, wanted, label="data", colour="muted"), Bars(data.measures, given, label="model")]
    gaps = " and ".join(f"{gap:.3f}" for gap in given - wanted).replace("-", "−")
    means = Chart(Axis("mean of the feature", limits=(-0.25, 0.5)), "feature", bars, words=f"Model less data: {gaps}.")
    return plane, means


def _level(data: Sample, weights: np.ndarray, chance: float) -> Line:
    """Where the model gives virginica this chance, cut off at the edges of the data."""
    centre, scale = data.x.mean(0), data.x.std(0)
    lengths = np.linspace(data.x[:, 0].min(), data.x[:, 0].max(), 101)
    logit, along = np.log(chance / (1 - chance)), weights[0] * (lengths - centre[0]) / scale[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        widths = centre[1] + scale[1] * (logit - along) / weights[1]
    inside = (data.x[:, 1].min() <= widths) & (widths <= data.x[:, 1].max())
    dash = {0.1: "dotted", 0.5: "solid", 0.9: "dashdot"}[chance]
    return Line(lengths, np.where(inside, widths, np.nan), label=f"P = {chance}", dash=dash)


# --- multipliers that run away ----------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Runaway:
    """The largest multiplier of each sample as the doubt in its answers is taken away."""

    doubts: tuple[float, ...]
    names: tuple[str, ...]
    largest: np.ndarray

    def __repr__(self) -> str:
        head = f"{'doubt':<28}" + "".join(f"{doubt:>9.0e}" for doubt in self.doubts)
        rows = [
            f"{name:<28}" + "".join(f"{value:>9.2f}" for value in row)
            for name, row in zip(self.names, self.largest, strict=True)
        ]
        return "\n".join([head, *rows])

    def chart(self) -> Chart:
        """The largest multiplier over the doubt, a line a sample."""
        looks = zip(("green", "blue", "vermillion", "purple"), ("long", "solid", "dashdot", "dotted"), strict=True)
        lines = [
            Line(self.doubts, row, label=name, colour=colour, dash=dash, dots=True)
            for name, row, (colour, dash) in zip(self.names, self.largest, looks, strict=False)
        ]
        ends = ", ".join(f"{name} {row[-1]:.1f}" for name, row in zip(self.names, self.largest, strict=True))
        words = f"Largest multiplier at a doubt of {self.doubts[-1]:g}: {ends}."
        return Chart(Axis("doubt in each answer", "log"), "largest multiplier", lines, words=words)


def runaway(names: Sequence[str] = tuple(SAMPLES), doubts: Sequence[float] = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5)) -> Runaway:
    """How large the multipliers become as the doubt shrinks, for up to four samples."""
    largest = [[np.abs(conditional_model(sample(name), doubt=d).weights).max() for d in doubts] for name in names]
    return Runaway(tuple(doubts), tuple(names), np.array(largest))
