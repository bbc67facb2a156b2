r"""All activations on the digits: each at the learning rate that suits it, found with one budget for all.

A network has two hidden layers and begins with weights of variance :math:`g^2/n`, where the gain

.. math:: g = 1 / \sqrt{\mathrm E\, f(X)^2}, \qquad X \sim N(0, 1),

keeps the mean square of its signal. Five rates are tried on seeds that are not used again, and the one with the
smallest mean training loss is taken. What is reported then are test pictures, counted against those of ReLU with the
same seed, that is with the same draws and the same batches.

Digits as they are can be read by a network without any activation. So about half of the pictures are turned into their
negatives, which no affine map can read.
"""

from __future__ import annotations

import statistics
import timeit
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch

from .. import catalogue, values
from ..charts import Axis, Bars, Chart, Points
from . import _checks as check
from ._kept import kept
from ._summary import in_words, mean_interval, table
from .cost import Timing
from .digits import TEST
from .ensemble import Ensemble, Network
from .gates import parameters as weights_and_biases
from .propagation import losses
from .training import Recipe, train

__all__ = [
    "KINDS",
    "NAMES",
    "RATES",
    "RECTIFIERS",
    "TWINS",
    "Benchmark",
    "benchmark",
    "gain",
    "kind_of",
    "network",
    "parameters",
    "step_times",
]

KINDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "control": ("identity", "heaviside"),
        "rectifier-like": (
            *("relu", "leaky_relu", "prelu", "rrelu", "elu", "celu", "selu"),
            *("softplus", "gelu", "gelu_tanh", "silu", "mish", "hardswish"),
        ),
        "bounded": ("relu6", "sigmoid", "hardsigmoid", "tanh", "hardtanh", "softsign", "arctan", "sine", "cosine"),
        "many inputs": ("maxout", "glu", "reglu", "geglu", "swiglu"),
        "other": ("squared_relu", "logsigmoid"),
    }
)
"""What is compared. The rectifier-like ones grow like x on the right and more slowly, or not at all, on the left."""

NAMES = tuple(name for kind in KINDS.values() for name in kind)
RECTIFIERS = KINDS["rectifier-like"]

TWINS: Mapping[str, str] = MappingProxyType({"celu": "elu", "gelu_tanh": "gelu"})
"""Two that are the same function (with their default parameters), and two that differ by less than 0.0005."""

RATES = (0.002, 0.005, 0.0125, 0.03, 0.08)
"""The learning rates that are tried for each."""

GATES = MappingProxyType({"glu": "sigmoid", "reglu": "relu", "geglu": "gelu", "swiglu": "silu"})

WORDS = {
    "header": ["function", "parameters", "rate", "loss × 1000", "right of 450", "more than ReLU"],
    "more": f"test pictures of {TEST} more than ReLU",
    "function": "function",
    "width": "width {width}, {examples} pictures",
    "times": "Milliseconds for one step of training, without the optimiser",
    "luck": ("the best of one seed, on that seed", "the same function, on the other seeds"),
}
"""Every word that is shown here, besides the names and the sentences under charts."""

_COLOURS = {
    "control": "muted",
    "rectifier-like": "blue",
    "bounded": "vermillion",
    "many inputs": "green",
    "other": "orange",
}


# --- the networks ----------------------------------------------------------------------------------------------------

_AT = np.arange(-12, 12, 0.01) + 0.005  # midpoints, so that no kink is hit
_DENSITY = np.exp(-(_AT**2) / 2) / np.exp(-(_AT**2) / 2).sum()


def gain(name: str) -> float:
    r"""The gain that keeps the mean square of a signal, by the midpoint rule; see :func:`.ensemble.natural_gain`.

    .. math:: g = 1 / \sqrt{\mathrm E\, f(X)^2}

    Gated units, with two sums each, take the gain of their gate; maxout has two pieces and the gain 1.

    >>> round(gain("relu") ** 2, 6), gain("maxout")
    (2.0, 1.0)
    """
    name = check.one_of("gain", "name", name, NAMES)
    if name == "maxout":
        return 1.0
    return float((_DENSITY @ getattr(values, GATES.get(name, name))(_AT) ** 2) ** -0.5)


def kind_of(name: str) -> str:
    """The kind that a function belongs to; ValueError for one that is not compared.

    >>> kind_of("gelu"), kind_of("tanh")
    ('rectifier-like', 'bounded')
    """
    check.one_of("kind_of", "name", name, NAMES)
    return next(kind for kind, names in KINDS.items() if name in names)


def parameters(one: Network) -> int:
    """How many numbers a network learns: weights, biases and PReLU's slopes.

    >>> parameters(network("relu")), parameters(network("prelu")), parameters(network("swiglu"))
    (2410, 2412, 2390)
    """
    return weights_and_biases(one) + (one.depth if one.activation == "prelu" else 0)


def network(name: str, depth: int = 2, width: int = 24) -> Network:
    """The network of one function; with several sums a unit it has fewer units, for about as many parameters.

    >>> network("relu").width, network("maxout").width
    (24, 14)
    """
    plain = Network("relu", depth=depth, width=width)
    tries = [
        Network(name, depth=depth, width=units, gain=gain(name))
        for units in ([width] if catalogue.get(name).arity == "one" else range(1, width + 1))
    ]
    return min(tries, key=lambda one: abs(parameters(one) - parameters(plain)))


# --- the result ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class Benchmark:
    """Test pictures that are ``right`` and the training ``loss`` at the end, by name: one number a seed.

    ``rates`` are those that were chosen, among ``tried``, on the seeds in ``tuning``.
    """

    networks: Mapping[str, Network]
    steps: int
    tried: tuple[float, ...]
    tuning: tuple[int, ...]
    seeds: tuple[int, ...]
    negatives: bool
    rates: Mapping[str, float]
    right: Mapping[str, np.ndarray]
    loss: Mapping[str, np.ndarray]

    @property
    def names(self) -> tuple[str, ...]:
        """The functions, the one with the most pictures right first."""
        return tuple(sorted(self.right, key=lambda name: -self.right[name].mean()))

    def difference(self, name: str, other: str = "relu") -> np.ndarray:
        """How many more test pictures than ``other`` a function gets right, by seed; may be negative."""
        for one in (name, other):
            check.one_of("difference", "name", one, self.right)
        return self.right[name] - self.right[other]

    def interval(self, name: str, among: int = 1) -> tuple[float, float, float]:
        """The mean difference from ReLU and the ends of its interval.

        With ``among`` comparisons each interval is so wide that all of them hold together in 95 % of the cases
        (Bonferroni). A difference that is the same for every seed has no width.
        """
        mean, low, high = mean_interval(self.difference(name), 1 - 0.05 / check.whole("interval", "among", among))
        return float(mean), float(low), float(high)

    def apart(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those whose interval leaves out 0, all comparisons taken together."""
        names = [name for name in names if name != "relu"]
        ends = {name: self.interval(name, len(names)) for name in names}
        return tuple(name for name, (_, low, high) in ends.items() if low > 0 or high < 0)

    def winners(self, among: Sequence[str] = ()) -> tuple[str, ...]:
        """Who gets the most pictures right, seed by seed; of several that tie the first named. Twins count once."""
        names = [name for name in (among or self.right) if name not in TWINS]
        best = np.stack([self.right[name] for name in names]).argmax(axis=0)
        return tuple(names[at] for at in best)

    def luck(self, among: Sequence[str] = ()) -> tuple[np.ndarray, np.ndarray]:
        """The winner's lead over ReLU on the seed that it won, and its mean lead on all the others; one a seed each."""
        won = [self.difference(name) for name in self.winners(among)]
        there = np.array([lead[at] for at, lead in enumerate(won)])
        return there, (np.array([lead.sum() for lead in won]) - there) / (len(self.seeds) - 1)

    def __repr__(self) -> str:
        rows = [
            [
                name,
                parameters(self.networks[name]),
                f"{self.rates[name]:g}",
                f"{1000 * self.loss[name].mean():.3g}",
                f"{self.right[name].mean():.1f}",
                "" if name == "relu" else _in_words(self.difference(name)),
            ]
            for name in self.names
        ]
        return table(WORDS["header"], rows)

    def chart(self, without: Sequence[str] = KINDS["control"]) -> Chart:
        """Differences from ReLU with their intervals, the best on top; ``without`` names those that are far away."""
        names = tuple(name for name in self.names if name != "relu" and name not in without)
        mean, low, high = mean_interval(np.stack([self.difference(name) for name in names]))
        bars = Bars(names, mean, colour=tuple(_COLOURS[kind_of(name)] for name in names), lo=low, hi=high)
        words = (
            f"Test pictures more than ReLU, of {TEST}, on average: from {mean.max():+.1f} ({names[0]}) "
            f"to {mean.min():+.1f} ({names[-1]})."
        ).replace("-", "−")
        return Chart(WORDS["more"], WORDS["function"], [bars], words=words)

    def luck_chart(self, among: Sequence[str] = ()) -> Chart:
        """Each seed's winner: its lead over ReLU there, and on the other seeds."""
        there, elsewhere = self.luck(among)
        marks = [
            Points(np.arange(len(self.seeds)), lead, label=label, colour=colour, marker=marker)
            for lead, label, (colour, marker) in zip(
                (there, elsewhere), WORDS["luck"], (("vermillion", "circle"), ("blue", "square")), strict=True
            )
        ]
        words = (
            f"The winner of a seed leads ReLU by {there.mean():.1f} pictures on that seed, and by "
            f"{elsewhere.mean():.1f} on the others; {len(set(self.winners(among)))} functions win at least once."
        ).replace("-", "−")
        return Chart(Axis("seed", limits=(-1, len(self.seeds))), WORDS["more"], marks, words=words)


def _in_words(differences: np.ndarray) -> str:
    return in_words(differences, 2) if np.ptp(differences) else f"{differences[0]:g} always"


# --- the program -----------------------------------------------------------------------------------------------------


@kept
def benchmark(
    names: Sequence[str] = NAMES,
    seeds: Iterable[int] = range(20),
    *,
    tuning: Iterable[int] = range(100, 106),
    rates: Sequence[float] = RATES,
    depth: int = 2,
    width: int = 24,
    steps: int = 120,
    negatives: bool = True,
) -> Benchmark:
    """Train a network of each function on the digits with Adam, at the best of several rates.

    ReLU takes part always. About half of the pictures are turned into ``negatives``, unless told otherwise.
    Raises ValueError, before any work and naming the field, for a bad configuration and for seeds that were also used
    for tuning.

    >>> benchmark(("tanh",), range(2), tuning=(9,), rates=(0.01, 0.1), steps=2, width=4).right["tanh"].shape
    (2,)
    """
    names = tuple(check.one_of("benchmark", "name", name, NAMES) for name in check.several("benchmark", "names", names))
    seeds, tuning = check.some_seeds("benchmark", seeds, 2), check.some_seeds("benchmark", tuning)
    if both := set(seeds) & set(tuning):
        raise ValueError(f"benchmark: seeds must differ from those for tuning, both have {min(both)}")
    rates = tuple(check.positive("benchmark", "rates", rate) for rate in check.several("benchmark", "rates", rates))
    networks = {name: network(name, depth, width) for name in dict.fromkeys(("relu", *names))}
    tried = Recipe(steps=steps, batch=32, rates=rates, optimiser="adam", every=steps, negatives=negatives)
    chosen, right, loss = {}, {}, {}
    for name, one in networks.items():
        chosen[name] = train({name: one}, tried, tuning).best_rate(name)
        recipe = Recipe(
            steps=steps, batch=32, rates=(chosen[name],), optimiser="adam", every=steps, negatives=negatives
        )
        run = train({name: one}, recipe, seeds)
        right[name], loss[name] = np.round(TEST * run.final(name)), run.loss[name][0, :, -1]
    return Benchmark(networks, steps, rates, tuning, seeds, negatives, chosen, right, loss)


# --- what a step costs -----------------------------------------------------------------------------------------------


def step_times(
    names: Sequence[str] = NAMES, shapes: Sequence[tuple[int, int]] = ((24, 32), (256, 128)), *, repeats: int = 7
) -> Timing:
    """The median time of one forward and backward pass, by function, for shapes (width, examples).

    A table of times, marked as such. Raises ValueError, naming the field, for an unknown name or a number below 1.

    >>> len(step_times(("relu", "tanh"), ((4, 8),), repeats=1).rows)
    2
    """
    names = [check.one_of("step_times", "name", name, NAMES) for name in check.several("step_times", "names", names)]
    check.whole("step_times", "repeats", repeats)
    shapes = [tuple(check.whole("step_times", "shapes", size) for size in shape) for shape in shapes]
    header = [WORDS["width"].format(width=width, examples=examples) for width, examples in shapes]
    rows = [(name, *(f"{_milliseconds(name, *shape, repeats):.2f}" for shape in shapes)) for name in names]
    return Timing(WORDS["times"], (WORDS["function"], *header), tuple(rows))


def _milliseconds(name: str, width: int, examples: int, repeats: int) -> float:
    work = _step(network(name, width=width), examples)
    work()
    return 1000 * statistics.median(timeit.repeat(work, number=1, repeat=repeats))


def _step(one: Network, examples: int) -> Callable[[], object]:
    ensemble = Ensemble(one, (0,), dtype=torch.float32)
    learned = [parameter.requires_grad_() for parameter in ensemble.parameters()]
    x, labels = torch.linspace(-1, 1, examples * one.inputs).view(examples, one.inputs), torch.arange(examples) % 10
    dice = [torch.Generator().manual_seed(0)]
    return lambda: torch.autograd.grad(losses(ensemble(x, dice=dice).logits, labels).sum(), learned)
