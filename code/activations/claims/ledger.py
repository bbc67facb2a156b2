r"""The ledger: sentences of the book, each with the evidence that it stands on.

A claim is a function that returns :class:`Evidence` or raises. Its docstring is the statement, as the book makes it:

>>> @claim("two-is-even", verdict="proved", sources=[], subject="examples", ledger={})
... def two_is_even():
...     "Two is even."
...     return Evidence("Two leaves no remainder.", checks=[Check("2 mod 2 = 0", 2 % 2 == 0)])
>>> two_is_even.evidence().says
'Two leaves no remainder.'

What each verdict owes is checked when the evidence is asked for, so that a claim cannot stand on less than it says.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import math
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..proofs import Derivation
from .sources import ROWS

__all__ = [
    "VERDICTS",
    "Check",
    "Claim",
    "ClaimError",
    "Counterexample",
    "Evidence",
    "Measurement",
    "all_claims",
    "claim",
    "get",
]

MINIMUM_SEEDS = 20


class ClaimError(AssertionError):
    """A claim that fell, or whose evidence is less than its verdict asks for."""


@dataclass(frozen=True)
class Check:
    """Something that was found to hold. ``holds`` must be exactly true: an undecided relation is not enough."""

    what: str
    holds: object


@dataclass(frozen=True)
class Counterexample:
    """A case in which what a statement predicts and what is found are not the same."""

    case: str
    predicted: object
    found: object

    @property
    def comparable(self) -> bool:
        """Words and a number are never equal, so that one against the other would contradict nothing."""
        return isinstance(self.predicted, str) == isinstance(self.found, str)

    @property
    def contradicts(self) -> bool:
        return self.comparable and bool(self.predicted != self.found)


@dataclass(frozen=True)
class Measurement:
    """A mean over seeds with its interval, and what would have refuted the claim.

    The whole interval has to lie above ``above`` and below ``below``, and to hold the number ``holds``; at least one
    of the three is given. Where more is to be said than these numbers say, ``refuted_if`` says it.
    """

    what: str
    mean: float
    low: float
    high: float
    seeds: int
    refuted_if: str = ""
    above: float = -math.inf
    below: float = math.inf
    holds: float | None = None

    @property
    def refutable(self) -> bool:
        return self.holds is not None or self.above > -math.inf or self.below < math.inf

    @property
    def refuted(self) -> bool:
        between = self.above < self.low and self.high < self.below
        return not (between and (self.holds is None or self.low <= self.holds <= self.high))

    def __str__(self) -> str:
        return f"{self.what}: {self.mean:.4g} [{self.low:.4g}, {self.high:.4g}] over {self.seeds} seeds"


@dataclass(frozen=True)
class Evidence:
    """What a claim stands on.

    ``says`` sums it up in one sentence; a number in it must come from the function that returns it.
    """

    says: str
    derivations: Iterable[Derivation] = ()
    checks: Iterable[Check] = ()
    counterexamples: Iterable[Counterexample] = ()
    measurements: Iterable[Measurement] = ()
    argument: str = ""
    condition: str = ""
    cite: str = ""

    def __post_init__(self) -> None:
        for name in "derivations", "checks", "counterexamples", "measurements":
            object.__setattr__(self, name, tuple(getattr(self, name)))


# What is missing for a verdict, or "" when nothing is.
_Duty = Callable[[Evidence], str]


def _proved(evidence: Evidence) -> str:
    if not (evidence.derivations or evidence.checks):
        return "a derivation or a check"
    return "a derivation without argued steps" if any(d.argued for d in evidence.derivations) else ""


def _argued(evidence: Evidence) -> str:
    if not evidence.argument:
        return "the argument in words"
    return "" if evidence.derivations or evidence.checks else "a machine-checked part"


def _qualified(evidence: Evidence) -> str:
    if not evidence.condition:
        return "the condition"
    supported = evidence.derivations or evidence.checks or evidence.measurements
    if not supported:
        return "a derivation, a check or a measurement where the condition holds"
    return "" if evidence.counterexamples else "a case in which the condition fails and the statement with it"


def _measured(evidence: Evidence) -> str:
    return "" if evidence.measurements else "a measurement"


def _lacks(m: Measurement) -> str:
    """What a measurement lacks, whatever the verdict, or "" when nothing."""
    if m.seeds < MINIMUM_SEEDS:
        return f"at least {MINIMUM_SEEDS} seeds for “{m.what}”, got {m.seeds}"
    if not m.low <= m.mean <= m.high or m.low == m.high:
        return f"an interval around the mean for “{m.what}”, got [{m.low}, {m.high}] and {m.mean}"
    return "" if m.refutable else f"a bound whose crossing would have refuted “{m.what}”"


def _corrected(evidence: Evidence) -> str:
    return "" if evidence.counterexamples else "a counterexample"


def _cited(evidence: Evidence) -> str:
    return "" if evidence.cite else "a citation"


VERDICTS: Mapping[str, _Duty] = {
    "proved": _proved,
    "argued": _argued,
    "qualified": _qualified,
    "measured": _measured,
    "corrected": _corrected,
    "convention": _cited,
    "reported": _cited,
}
"""Each verdict with the function that says what is missing for it."""


@dataclass(frozen=True)
class Claim:
    """A sentence of the book, its verdict, the source rows that it answers, and the function that backs it.

    ``numerical`` says openly which part of it stands on floating point numbers or on samples alone.
    """

    id: str
    verdict: str
    sources: tuple[str, ...]
    subject: str
    function: Callable[[], Evidence]
    numerical: str = ""

    @property
    def statement(self) -> str:
        return inspect.cleandoc(self.function.__doc__ or "")

    @property
    def code(self) -> str:
        return inspect.getsource(self.function)

    def evidence(self) -> Evidence:
        """The evidence, produced once a process. Raises ClaimError, naming the claim, when it does not hold up."""
        return self._evidence

    @cached_property
    def _evidence(self) -> Evidence:
        try:
            evidence = self.function()
        except Exception as fault:
            raise ClaimError(f"claim {self.id} falls: {fault}") from fault
        self._refuse_fallen(evidence)
        return evidence

    def _refuse_fallen(self, evidence: Evidence) -> None:
        if not isinstance(evidence, Evidence):
            raise ClaimError(f"claim {self.id} returns {type(evidence).__name__}, an Evidence is needed")
        for check in evidence.checks:
            if not (check.holds is True or str(check.holds) == "True"):
                raise ClaimError(f"claim {self.id} falls: not shown that {check.what} (got {check.holds})")
        for example in evidence.counterexamples:
            if not example.contradicts:
                why = f"both are {example.found}" if example.comparable else "words cannot equal a number"
                raise ClaimError(f"claim {self.id} falls: {example.case} is no counterexample, {why}")
        for measurement in evidence.measurements:
            if measurement.refuted:
                raise ClaimError(f"claim {self.id} falls: refuted by {measurement}")
        missing = VERDICTS[self.verdict](evidence) or next(filter(None, map(_lacks, evidence.measurements)), "")
        if missing:
            raise ClaimError(f"claim {self.id} is called {self.verdict}, and lacks {missing}")


_LEDGER: dict[str, Claim] = {}


def claim(
    id: str,
    *,
    verdict: str,
    sources: Iterable[str] = (),
    subject: str = "",
    numerical: str = "",
    ledger: dict[str, Claim] | None = None,
) -> Callable[[Callable[[], Evidence]], Claim]:
    """Enter the decorated function into the ledger, under the module's SUBJECT or else its name.

    Raises ValueError for an unknown verdict or source row, a missing docstring, or an id that is taken.
    """
    book = _LEDGER if ledger is None else ledger
    sources = tuple(sources)
    if verdict not in VERDICTS:
        raise ValueError(f"claim {id}: unknown verdict {verdict!r}; known are {', '.join(VERDICTS)}")
    if unknown := [row for row in sources if row not in ROWS]:
        raise ValueError(f"claim {id}: unknown source row {unknown[0]!r}; rows are {min(ROWS)} to {max(ROWS)}")

    def enter(function: Callable[[], Evidence]) -> Claim:
        if not function.__doc__:
            raise ValueError(f"claim {id}: the docstring is the statement, and there is none")
        if id in book:
            raise ValueError(f"claim {id}: the id is taken by {book[id].function.__qualname__}")
        about = subject or function.__globals__.get("SUBJECT") or function.__module__.rpartition(".")[2]
        book[id] = Claim(id, verdict, sources, about, function, numerical)
        return book[id]

    return enter


def _modules() -> list[str]:
    package = importlib.import_module(__package__)
    return [module.name for module in pkgutil.iter_modules(package.__path__) if not module.name.startswith("_")]


def all_claims() -> dict[str, Claim]:
    """Every claim by id, sorted; the modules of this package are read for them."""
    for name in _modules():
        importlib.import_module(f"{__package__}.{name}")
    return dict(sorted(_LEDGER.items()))


def _import_only(id: str) -> None:
    """Import the one module that writes down this id: all of them take seconds, and a chapter shows but a few."""
    folder = Path(__file__).parent
    for name in _modules():
        if f'"{id}"' in (folder / f"{name}.py").read_text(encoding="utf8"):
            importlib.import_module(f"{__package__}.{name}")


def get(id: str) -> Claim:
    """The claim called ``id``. Raises KeyError, naming the nearest ids, when there is none."""
    if id not in _LEDGER:
        _import_only(id)
    if id in _LEDGER:
        return _LEDGER[id]
    ledger = all_claims()
    near = difflib.get_close_matches(id, ledger, n=3, cutoff=0.4)
    raise KeyError(f"unknown claim {id!r}; " + (f"did you mean {' or '.join(near)}?" if near else "see all_claims()"))
