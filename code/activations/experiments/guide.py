"""How to choose an activation, as data: where it stands, what to take, why, and the claims that show it.

A :class:`Guide` displays as a table whose last column leads to the evidence; :meth:`Guide.tree` is the same as a
picture of branches. :func:`candidates` answers the other way round, from what a place demands of a function.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np
from sympy import Abs, Function, Max, Min, Piecewise, sign

from .. import catalogue, slopes, values
from ..charts import Axis, Bars, Chart
from . import _checks as check
from ._summary import mean_interval, table
from .benchmark import KINDS, Benchmark
from .benchmark import benchmark as measured
from .digits import TEST

__all__ = [
    "DEMANDS",
    "GUIDE",
    "PARTS",
    "Branch",
    "Facts",
    "Guide",
    "Tree",
    "candidates",
    "candidates_chart",
    "facts",
]

WORDS = {
    "root": "Where does the function stand?",
    "header": ("If", "take", "because", "shown by"),
    "names": "function",
    "right": "test pictures right, in per cent",
}
"""Words that tables and charts here show, besides those of the branches."""

PARTS: Mapping[str, str] = MappingProxyType(
    {
        "output": "In the output layer: look at the target",
        "hidden": "In a hidden layer: look at the depth",
        "gate": "In a gate or a memory: look at the job",
        "machine": "Wherever it stands: look at the machine",
    }
)
"""The first question, with its four answers."""


@dataclass(frozen=True)
class Branch:
    """One piece of advice: if ``when``, take ``take``, because ``why``; ``evidence`` are (chapter, claim)."""

    part: str
    when: str
    take: str
    why: str
    evidence: tuple[tuple[str, str], ...]


def _out(*what: object) -> Branch:
    return Branch("output", *what)


def _hidden(*what: object) -> Branch:
    return Branch("hidden", *what)


def _gate(*what: object) -> Branch:
    return Branch("gate", *what)


def _machine(*what: object) -> Branch:
    return Branch("machine", *what)


_BRANCHES = (
    _out(
        "the target is any real number",
        "the identity, with half the squared error",
        "the slope in the score is output minus target",
        (("choosing", "outputs-and-losses-come-in-pairs"),),
    ),
    _out(
        "the target is yes or no, or several of those at once",
        "a sigmoid for each, with the cross-entropy",
        "it turns log-odds into probabilities, and the loss never lets go of a confident error",
        (("sigmoid", "sigmoid-is-the-inverse-of-the-log-odds"), ("softmax", "squared-error-forgives-certainty")),
    ),
    _out(
        "the target is one class of several",
        "softmax, with the cross-entropy",
        "the slope in the scores is again output minus target",
        (("softmax", "cross-entropy-gradient-is-p-minus-y"),),
    ),
    _out(
        "the target is a count",
        "the exponential, with the Poisson loss",
        "positive, and the slope in the score is output minus target",
        (("choosing", "outputs-and-losses-come-in-pairs"),),
    ),
    _out(
        "the output must be positive, such as a width or a price",
        "softplus, with the loss of your noise",
        "never 0, and it does not explode: on the right it grows like the score",
        (("smooth-gates", "softplus-is-within-log-2-of-relu"),),
    ),
    _out(
        "shares that are exactly 0 are wanted",
        "sparsemax",
        "softmax gives every score a share",
        (("softmax", "softmax-is-never-sparse"),),
    ),
    _hidden(
        "the network is of ordinary depth",
        "ReLU with He's weights; then tune the learning rate",
        "others like it were better by little, if at all, and it is the simplest",
        (("choosing", "rectifier-like-functions-are-close"), ("initialisation", "he-keeps-the-mean-square")),
    ),
    _hidden(
        "many units are dead",
        "first a smaller rate or another start; then a leaky slope or ELU",
        "a leak removes death and not its cause",
        (("dying-relu", "cures-fit-causes"), ("dying-relu", "a-leak-removes-death-and-not-its-cause")),
    ),
    _hidden(
        "the network is very deep",
        "ReLU or a smooth gate, with residual connections and normalisation",
        "the way around the layers keeps the gradient, whatever the function",
        (("vanishing-gradients", "each-remedy-alone-brings-the-gradient-back"),),
    ),
    _hidden(
        "it is deep, fully connected, and may not be normalised",
        "SELU with weights of variance 1/n",
        "it brings its signal back to mean 0 and mean square 1, with these weights and no others",
        (
            ("leaky-family", "selu-keeps-its-scale-for-fifty-layers"),
            ("leaky-family", "selu-needs-its-weights"),
        ),
    ),
    _hidden(
        "it is the feed-forward layer of a transformer",
        "GELU; or SwiGLU or GEGLU at two thirds of the width, with a smaller rate",
        "gates lowered the loss of large models at equal size; we can only report that",
        (
            ("smooth-gates", "gates-lowered-the-loss-of-a-language-model"),
            ("smooth-gates", "functions-that-grow-like-a-square-need-smaller-steps"),
        ),
    ),
    _hidden(
        "the task has a symmetry that you know",
        "a function that has it too",
        "it then need not be learned",
        (("choosing", "the-task-decides-who-wins"),),
    ),
    _gate(
        "it is a gate",
        "the sigmoid",
        "a share between 0 and 1, and an open gate lets the gradient pass",
        (("smooth-gates", "an-open-gate-passes-the-gradient"),),
    ),
    _gate(
        "it is what an LSTM writes into its memory",
        "tanh, with a forget gate that starts open",
        "bounded, with a sign; the gate's bias decides how long it remembers",
        (
            ("smooth-gates", "an-lstm-cell-needs-both-sigmoid-and-tanh"),
            ("recurrent", "an-lstm-remembers-if-its-gate-starts-open"),
        ),
    ),
    _gate(
        "it is a plain recurrent layer",
        "tanh; or ReLU that starts at the identity, with clipped gradients",
        "from random weights tanh remembers longer; from the identity ReLU does, if it is clipped",
        (
            ("recurrent", "tanh-remembers-longer-than-relu-from-random-starts"),
            ("recurrent", "clipped-gradients-let-relu-remember"),
        ),
    ),
    _gate(
        "it shares out attention",
        "softmax of scores that are divided by the root of the width",
        "else one key takes nearly everything",
        (("softmax", "attention-scores-need-the-root-of-the-width"),),
    ),
    _machine(
        "it computes in 16 bits",
        "any of these, but give scores and not probabilities to the loss",
        "probabilities round to 0 and 1; exponentials of scores overflow",
        (
            ("softmax", "exponentials-need-the-largest-taken-off"),
            ("relu", "relu-slope-at-zero-shows-in-low-precision"),
        ),
    ),
    _machine(
        "it is small, or has no exponential",
        "ReLU or ReLU6; hardswish and hardsigmoid for SiLU and the sigmoid",
        "in a wide layer the function costs next to nothing; in a narrow one it may count",
        (("relu", "an-activation-is-one-operation-in-a-column"),),
    ),
)


# --- as a table and as a picture --------------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class Guide:
    """Branches, displayed as a table: if, take, because, and links to the claims that show it."""

    branches: tuple[Branch, ...]

    def part(self, name: str) -> Guide:
        """The branches of one part. Raises ValueError for an unknown one.

        >>> len(GUIDE.part("gate").branches)
        4
        """
        check.one_of("Guide", "part", name, PARTS)
        return Guide(tuple(branch for branch in self.branches if branch.part == name))

    def tree(self) -> Tree:
        """The same branches as a picture."""
        return Tree(self.branches)

    def __repr__(self) -> str:
        return table(WORDS["header"][:2], [(branch.when, branch.take) for branch in self.branches])

    def _repr_markdown_(self) -> str:
        rows = [(one.when, f"**{one.take}**", one.why, "<br>".join(map(_link, one.evidence))) for one in self.branches]
        lines = [WORDS["header"], ("---",) * len(WORDS["header"]), *rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _link(evidence: tuple[str, str]) -> str:
    chapter, claim = evidence
    words = [_SPELT.get(word, word) for word in claim.split("-")]
    return f'<a href="{chapter}.html#claim-{claim}">{words[0][0].upper()}{" ".join(words)[1:]}</a>'


_SPELT = {"relu": "ReLU", "selu": "SELU", "lstm": "LSTM"}


@dataclass(frozen=True, repr=False)
class Tree:
    """The branches as nested lists, which the site's style draws as a tree: its words are text at every width."""

    branches: tuple[Branch, ...]

    def __repr__(self) -> str:
        lines = [WORDS["root"]]
        for part, question in PARTS.items():
            lines.append(f"  {question}")
            lines += [f"    {one.when}: {one.take}" for one in self.branches if one.part == part]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        parts = "".join(self._part(part, question) for part, question in PARTS.items())
        return f'<div class="guide"><p class="guide-root">{html.escape(WORDS["root"])}</p><ul>{parts}</ul></div>'

    def _part(self, part: str, question: str) -> str:
        leaves = "".join(
            f'<li><span class="guide-when">{html.escape(one.when)}</span> '
            f'<span class="guide-take">{html.escape(one.take)}</span></li>'
            for one in self.branches
            if one.part == part
        )
        return f'<li class="guide-{part}"><p class="guide-question">{html.escape(question)}</p><ul>{leaves}</ul></li>'


GUIDE = Guide(_BRANCHES)
"""The whole guide."""


# --- from demands to candidates ---------------------------------------------------------------------------------------

_CHOICE = tuple(name for name in catalogue.names("one") if name not in KINDS["control"])
_GRID = np.linspace(-8, 8, 16_001)
_ENDS = np.array([-1e6, -20.0, 20.0, 1e6])
_PLAIN = (Abs, Max, Min, Piecewise, sign)


@dataclass(frozen=True)
class Facts:
    """What places may demand of a function: its outputs' ends, a slope without jumps, no flat half-line, arithmetic."""

    low: float
    high: float
    jumps: bool
    flat: bool
    transcendental: bool


@cache
def facts(name: str) -> Facts:
    """What is so of a function of one input, with default parameters; found on a fine grid and far out.

    Raises ValueError for another name.

    >>> facts("relu").flat, facts("softsign").transcendental, facts("gelu").jumps
    (True, False, False)
    """
    name = check.one_of("facts", "name", name, _CHOICE)
    f, slope = getattr(values, name), getattr(slopes, name)
    found = np.concatenate([f(_GRID), f(_ENDS)])
    jumps = bool(np.abs(np.diff(slope(_GRID))).max() > 0.01)
    flat = bool((slope(_ENDS[1:3]) == 0).any())
    called = catalogue.get(name).at().atoms(Function)
    return Facts(float(found.min()), float(found.max()), jumps, flat, any(not isinstance(c, _PLAIN) for c in called))


_FAR = 1e3
DEMANDS: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {
        "outputs": MappingProxyType(
            {
                "any": lambda fact: True,
                "bounded": lambda fact: fact.high < _FAR and fact.low > -_FAR,
                "between 0 and 1": lambda fact: fact.low >= 0 and fact.high <= 1,
                "never negative": lambda fact: fact.low >= 0,
            }
        ),
        "slope": MappingProxyType({"any": lambda fact: True, "without jumps": lambda fact: not fact.jumps}),
        "ends": MappingProxyType({"any": lambda fact: True, "never flat": lambda fact: not fact.flat}),
        "arithmetic": MappingProxyType(
            {"any": lambda fact: True, "no exponential": lambda fact: not fact.transcendental}
        ),
    }
)
"""What can be demanded, with the answers and how each is checked."""


def candidates(outputs: str = "any", slope: str = "any", ends: str = "any", arithmetic: str = "any") -> tuple[str, ...]:
    """The functions of one input that meet all demands, in the catalogue's order; constant-slope controls left out.

    Raises ValueError, naming the field, for an unknown demand.

    >>> candidates("bounded", "without jumps", "never flat", "no exponential")
    ('softsign',)
    """
    asked = {"outputs": outputs, "slope": slope, "ends": ends, "arithmetic": arithmetic}
    tests = [DEMANDS[field][check.one_of("candidates", field, value, DEMANDS[field])] for field, value in asked.items()]
    return tuple(name for name in _CHOICE if all(test(facts(name)) for test in tests))


def candidates_chart(
    outputs: str = "any",
    slope: str = "any",
    ends: str = "any",
    arithmetic: str = "any",
    *,
    race: Benchmark | None = None,
) -> Chart:
    """The candidates with the share of test pictures that each gets right as a hidden layer of the benchmark."""
    race, found = race or measured(), candidates(outputs, slope, ends, arithmetic)
    names = tuple(name for name in race.names if name in _CHOICE)
    mean, low, high = mean_interval(100 / TEST * np.stack([race.right[name] for name in names]))
    out = np.array([name not in found for name in names])
    for array in (mean, low, high):
        array[out] = np.nan
    bars = Bars(names, mean, lo=low, hi=high, colour="blue")
    return Chart(Axis(WORDS["right"], limits=(0, 100)), WORDS["names"], [bars], words=_words(names, found))


def _words(names: Sequence[str], found: Sequence[str]) -> str:
    if not found:
        return f"None of the {len(names)} functions meets all of these demands."
    best = next(name for name in names if name in found)
    which = "all" if len(found) == len(names) else ", ".join(found)
    return f"{len(found)} of {len(names)} functions remain: {which}. First among them on the digits: {best}."
