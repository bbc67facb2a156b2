"""Twelve broken training runs, each with one thing wrong, and a healthy twin that differs in nothing else.

:data:`CASES` is the only home of a case: how it is trained, how it shows, what finds it, what it is and what mends it.
Everything else here is read off it: symptoms, measurements, files, and the table that leads from one to the other.

>>> patient(3).cause
'no activation between the layers'
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache

from . import _checks as check
from ._kept import kept
from ._summary import in_words, table
from .clinic_measures import LOOKS, MEASUREMENTS, alarms
from .clinic_runs import Run, Setup, run

__all__ = [
    "CASES",
    "WARD",
    "Case",
    "File",
    "Flow",
    "Triage",
    "Visit",
    "flow",
    "named",
    "patient",
    "triage",
    "visits",
]

WORDS = {
    "name": "patient {}",
    "cause": "**Cause:** {}.",
    "wrong": "In torch it looks like this:",
    "right": "and should look like this:",
    "effect": "Test pictures right at the end, in per cent: with the fault {}; with the fix from the start {}; "
    "with the fix from half-way on {}.",
    "flow": ("What you see", "Measure first", "Beyond its bounds it says", "Fix"),
    "triage": ("patient", "found at", "by", "runs", "twins"),
}
"""Words that tables here show, besides those of the cases."""

WARD = tuple(range(100, 120))
"""The seeds of all runs here; the bounds of the measurements were set on runs of other seeds, 0 to 19."""


@dataclass(frozen=True)
class Case:
    """One patient: ``setup`` is how it is trained, and the twin has one field of it changed, as ``cure`` says.

    ``symptom`` is what can be seen without measuring, ``first`` the measurement that finds the ``cause``. ``wrong`` and
    ``right`` are lines of torch. Raises ValueError for a cure that changes nothing.
    """

    key: str
    symptom: str
    first: str
    cause: str
    fix: str
    wrong: str
    right: str
    setup: Setup
    cure: tuple[str, object]

    def __post_init__(self) -> None:
        check.one_of("Case", "first", self.first, MEASUREMENTS)
        if self.twin == self.setup:
            raise ValueError(f"Case: the cure of {self.key} changes nothing")

    @property
    def number(self) -> int:
        """The number in the chapter, from 1."""
        return CASES.index(self) + 1

    @property
    def name(self) -> str:
        return WORDS["name"].format(self.number)

    @property
    def twin(self) -> Setup:
        """The healthy twin's way to train."""
        return replace(self.setup, **dict([self.cure]))

    def file(self, seeds: Iterable[int] = WARD) -> File:
        """The cause, how it looks in torch, and what the fix does."""
        return File(self, visits(seeds)[self.key])


_RELU = {"activation": "relu", "gain": 2**0.5}
_TANH = {"activation": "tanh", "gain": 5 / 3}

CASES: tuple[Case, ...] = (
    Case(
        "twice",
        "the loss falls and stops at 1.5, with many pictures right",
        "what the loss is given",
        "softmax twice: the loss expects scores and gets probabilities",
        "give the scores to the loss",
        "probabilities = F.softmax(scores, dim=-1)\nloss = F.cross_entropy(probabilities, labels)",
        "loss = F.cross_entropy(scores, labels)",
        Setup(**_RELU, rate=0.5, steps=240, loss="cross-entropy of probabilities"),
        ("loss", "cross-entropy"),
    ),
    Case(
        "pixels",
        "the loss is huge at once, then lies at ln 10",
        "inputs",
        "inputs neither centred nor scaled",
        "take off the mean of the training pictures, and divide by their spread",
        "x = torch.tensor(images, dtype=torch.float32)  # 0 to 255",
        "x = torch.tensor(images, dtype=torch.float32)\nx = (x - mean) / spread  # of the training pictures",
        Setup(**_RELU, pixels=True),
        ("pixels", False),
    ),
    Case(
        "affine",
        "the loss falls a little and stays, on a task that others solve",
        "what an affine map explains",
        "no activation between the layers",
        "put one between each two layers",
        "first, second, last = nn.Linear(64, 24), nn.Linear(24, 24), nn.Linear(24, 10)\n"
        "net = nn.Sequential(first, second, last)",
        "first, second, last = nn.Linear(64, 24), nn.Linear(24, 24), nn.Linear(24, 10)\n"
        "net = nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), last)",
        Setup(activation="identity", negatives=True, rate=0.2),
        ("activation", "relu"),
    ),
    Case(
        "typed",
        "all goes well, then the loss is NaN from one step to the next",
        "numbers that are none",
        "tanh typed in from its definition, which overflows in 16 bits",
        "call the library's function",
        "up, down = z.exp(), (-z).exp()\nh = (up - down) / (up + down)",
        "h = torch.tanh(z)",
        Setup(activation="tanh as typed, in 16 bits", gain=5 / 3, rate=1.5),
        ("activation", "tanh in 16 bits"),
    ),
    Case(
        "equal",
        "the loss begins at ln 10 exactly and stays high",
        "different units",
        "all weights of a layer begin equal, so all its units stay equal",
        "draw the first weights at random",
        "nn.init.constant_(layer.weight, 1 / layer.in_features)",
        'nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")',
        Setup(**_RELU, start="equal"),
        ("start", "drawn"),
    ),
    Case(
        "rate",
        "the loss leaps up in the first steps and stays up",
        "step against weights",
        "a learning rate that is much too large",
        "divide the rate by 10 until the loss falls from the first steps on",
        "optimizer = torch.optim.SGD(net.parameters(), lr=5.0)",
        "optimizer = torch.optim.SGD(net.parameters(), lr=0.1)",
        Setup(**_TANH, rate=5.0),
        ("rate", 0.1),
    ),
    Case(
        "squared",
        "the loss falls nicely, and the pictures stay wrong",
        "the pull of the loss",
        "squared error behind sigmoids that began on the wrong side",
        "use the loss that belongs to the sigmoid, the cross-entropy",
        "loss = F.mse_loss(torch.sigmoid(scores), targets)",
        "loss = F.binary_cross_entropy_with_logits(scores, targets)",
        Setup(**_RELU, rate=1.0, shift=4.6, loss="yes or no, squared error"),
        ("loss", "yes or no, cross-entropy"),
    ),
    Case(
        "large",
        "the loss falls slowly from the start, with no leap and no stop",
        "flat units",
        "first weights so large that all units are saturated",
        "draw the first weights with the gain of the activation",
        "nn.init.normal_(layer.weight, std=20 / layer.in_features**0.5)",
        "nn.init.normal_(layer.weight, std=5 / 3 / layer.in_features**0.5)",
        Setup(activation="tanh", gain=20.0),
        ("gain", 5 / 3),
    ),
    Case(
        "zeroed",
        "the loss falls faster than it should, then turns and rises",
        "step against gradient",
        "gradients that are never set to 0 add up",
        "set them to 0 before each backward pass",
        "loss.backward()\noptimizer.step()",
        "optimizer.zero_grad()\nloss.backward()\noptimizer.step()",
        Setup(**_TANH, zeroed=False),
        ("zeroed", True),
    ),
    Case(
        "axis",
        "the loss begins well above ln 10, and its level depends on the size of the batch",
        "sums of probabilities",
        "softmax over the pictures of the batch and not over the classes",
        "name the last axis",
        "loss = F.nll_loss(F.log_softmax(scores, dim=0), labels)",
        "loss = F.nll_loss(F.log_softmax(scores, dim=-1), labels)",
        Setup(**_RELU, loss="cross-entropy over the pictures"),
        ("loss", "cross-entropy"),
    ),
    Case(
        "rows",
        "a recurrent network is at NaN after a few steps",
        "size of the outputs",
        "recurrent weights that multiply the state at every step",
        "begin with a gain near 1",
        "nn.init.normal_(rnn.weight_hh_l0, std=4 / rnn.hidden_size**0.5)",
        "nn.init.normal_(rnn.weight_hh_l0, std=1 / rnn.hidden_size**0.5)",
        Setup(activation="relu", form="rows", gain=4.0),
        ("gain", 1.0),
    ),
    Case(
        "spoilt",
        "all goes well, then the loss jumps and stays up",
        "inputs",
        "one batch that was not scaled: a single huge step has silenced most units",
        "refuse such a batch, and go back to before it",
        "for x, labels in loader:\n    step(x, labels)",
        "for x, labels in loader:\n    assert x.abs().max() <= 10\n    step(x, labels)",
        Setup(**_RELU, spoilt=(40,)),
        ("spoilt", ()),
    ),
)
"""The ward, in the order of the chapter."""


def patient(number: int) -> Case:
    """The case of that number in the chapter. Raises ValueError for another one.

    >>> patient(6).name
    'patient 6'
    """
    check.one_of("patient", "number", number, range(1, len(CASES) + 1))
    return CASES[number - 1]


def named(key: str) -> Case:
    """The case of that key. Raises ValueError for another one.

    >>> named("rows").number
    11
    """
    check.one_of("named", "key", key, [case.key for case in CASES])
    return next(case for case in CASES if case.key == key)


# --- the runs ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Visit:
    """Runs of one case: with the fault, with the fix from the start, and with the fix from half-way on."""

    sick: Run
    twin: Run
    treated: Run


def visits(seeds: Iterable[int] = WARD) -> dict[str, Visit]:
    """All runs of all cases, by key. Raises ValueError for fewer than two seeds.

    >>> visits([1])
    Traceback (most recent call last):
    ...
    ValueError: visits: seeds must hold at least 2 distinct whole numbers, got 1
    """
    return _visits(tuple(check.some_seeds("visits", seeds, 2)))


@cache  # an explorable asks for each of its frames
def _visits(seeds: tuple[int, ...]) -> dict[str, Visit]:
    return _measured(seeds)


@kept
def _measured(seeds: tuple[int, ...]) -> dict[str, Visit]:
    # Several twins are trained in the same way, and run once.
    runs = {setup: run(setup, seeds) for setup in {one for case in CASES for one in (case.setup, case.twin)}}
    return {case.key: Visit(runs[case.setup], runs[case.twin], run(case.setup, seeds, case.twin)) for case in CASES}


# --- files and tables -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class File:
    """What is written in a patient's file when it goes home: shown as Markdown."""

    case: Case
    visit: Visit

    @property
    def effect(self) -> str:
        runs = self.visit.sick, self.visit.twin, self.visit.treated
        return WORDS["effect"].format(*(in_words(100 * one.right[:, -1]) for one in runs))

    def _repr_markdown_(self) -> str:
        wrong, right = (f"```python\n{code}\n```" for code in (self.case.wrong, self.case.right))
        cause = WORDS["cause"].format(self.case.cause[0].upper() + self.case.cause[1:])
        return "\n\n".join([cause, WORDS["wrong"], wrong, WORDS["right"], right, self.effect])

    def __repr__(self) -> str:
        return f"{self.case.cause}\n{self.effect}"


@dataclass(frozen=True, repr=False)
class Flow:
    """The table from symptoms to fixes, one line a case."""

    cases: tuple[Case, ...]

    def rows(self) -> list[tuple[str, ...]]:
        return [(_upper(one.symptom), f"**{one.first}**", one.cause, one.fix) for one in self.cases]

    def _repr_markdown_(self) -> str:
        lines = [WORDS["flow"], ("---",) * len(WORDS["flow"]), *self.rows()]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def __repr__(self) -> str:
        return table(WORDS["flow"][:2], [(one.symptom, one.first) for one in self.cases])


def _upper(words: str) -> str:
    return words[0].upper() + words[1:]


def flow() -> Flow:
    """From symptom to first measurement, cause and fix; in the order of the menu, and so of the way through a step.

    >>> flow().rows()[0][0]
    'The loss is huge at once, then lies at ln 10'
    """
    menu = list(MEASUREMENTS)
    return Flow(tuple(sorted(CASES, key=lambda case: menu.index(case.first))))


@dataclass(frozen=True, eq=False)
class Triage:
    """Which alarms of each case came first.

    ``found[key]`` is the look and the measurement, ``shares[key]`` the share of runs, and of twins, that are beyond its
    bounds there, and ``counts[key]`` how many measurements are beyond theirs at each of :data:`LOOKS`. It displays as a
    table.
    """

    found: dict[str, tuple[str, str]]
    shares: dict[str, tuple[float, float]]
    counts: dict[str, tuple[int, ...]]

    def __repr__(self) -> str:
        rows = [
            [case.name, *self.found[case.key], *(f"{share:.0%}" for share in self.shares[case.key])] for case in CASES
        ]
        return table(WORDS["triage"], rows)

    def pile(self) -> str:
        """A table of how many measurements are beyond their bounds, by case and look."""
        return table([WORDS["triage"][0], *LOOKS], [[case.name, *self.counts[case.key]] for case in CASES])


def triage(seeds: Iterable[int] = WARD, most: float = 0.5) -> Triage:
    """Of each case the earliest look at which more than ``most`` of the runs are beyond some bound, and there the first
    measurement of the menu: look early, then look along the way. Raises ValueError for fewer than two seeds.
    """
    found, shares, counts = {}, {}, {}
    for key, visit in visits(seeds).items():
        sick, twin = (
            {name: values.mean(axis=1) for name, values in alarms(one.measures).items()}
            for one in (visit.sick, visit.twin)
        )
        beyond = [[name for name in MEASUREMENTS if sick[name][look] > most] for look in range(len(LOOKS))]
        look = next(look for look, names in enumerate(beyond) if names)
        name = beyond[look][0]
        found[key], shares[key] = ([*LOOKS][look], name), (float(sick[name][look]), float(twin[name][look]))
        counts[key] = tuple(map(len, beyond))
    return Triage(found, shares, counts)
