"""What the clinic shows: the symptoms of a patient beside its twin, what a measurement gives, and what a fix does."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace

import numpy as np

from ..charts import Axis, Bars, Chart, Histogram, Line
from . import _checks as check
from ._summary import band, mean_interval
from .clinic import CASES, Case, Visit, patient, visits
from .clinic_measures import EDGES, LAYERS, LOOKS, MEASUREMENTS, TIMES
from .clinic_runs import Run, run

__all__ = [
    "BEDS",
    "DIAGNOSES",
    "PATIENTS",
    "Bed",
    "bed",
    "bed_chart",
    "cured_chart",
    "dealt",
    "histogram_chart",
    "measured_chart",
    "symptom_charts",
]

WORDS = {
    "sick": "patient",
    "twin": "healthy twin",
    "treated": "fixed half-way",
    "step": "step",
    "loss": "loss of the batch",
    "right": "test pictures right, in %",
    "outputs": "output of a hidden unit",
    "share": "share of outputs",
    "none": "no number",
    "undecided": "no verdict yet",
    "measured": "{}, {}, {}; patient and twin: {}. Healthy: {}.",
    "pair": "{} {} and {}",
    "who": "this patient",
    "open": "Name the cause when you know it.",
    "well": "Your verdict is right.",
    "wrong": "No: this patient has something else.",
}
"""Words that charts here show, besides those of the cases and the menu."""

PATIENTS = tuple(case.name for case in CASES)
DIAGNOSES = (WORDS["undecided"], *sorted(case.cause for case in CASES))
"""What a reader can answer in the lab."""

_LOOKS = {"sick": ("vermillion", "solid"), "twin": ("blue", "long"), "treated": ("green", "dotted")}


# --- symptoms ---------------------------------------------------------------------------------------------------------


def symptom_charts(number: int) -> list[Chart]:
    """The loss of each step's batch, and the test pictures that are right, of a patient and its twin.

    Means with 95 % intervals over the runs whose loss is still a number; those of the loss are of its logarithm.
    Raises ValueError for a number that no patient has.
    """
    case = patient(number)
    return _symptoms(case, visits()[case.key])


def _symptoms(case: Case, visit: Visit) -> list[Chart]:
    two = {"sick": visit.sick, "twin": visit.twin}
    last = {name: one.right[:, -1].mean() for name, one in two.items()}
    words = f"{case.name[0].upper()}{case.name[1:]}: {case.symptom}. "
    ends = f"At the end {last['sick']:.0%} of the test pictures are right, of the twin's {last['twin']:.0%}."
    loss = [_line(name, np.arange(one.loss.shape[1]), _logarithmic(one.loss)) for name, one in two.items()]
    right = [_line(name, one.tested, band(100 * one.right.T)) for name, one in two.items()]
    return [
        Chart(Axis(WORDS["step"]), Axis(WORDS["loss"], "log"), loss, words=words.strip()),
        Chart(Axis(WORDS["step"]), Axis(WORDS["right"], limits=(-2, 102)), right, words=ends),
    ]


def _line(name: str, x: np.ndarray, ends: dict[str, np.ndarray]) -> Line:
    colour, dash = _LOOKS[name]
    return Line(x, **ends, label=WORDS[name], colour=colour, dash=dash)


def _logarithmic(loss: np.ndarray) -> dict[str, np.ndarray]:
    """The geometric mean with its interval over the runs that still have a finite loss, cut at what can be drawn."""
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, low, high = _over_seeds(np.log10(loss))
    return {name: 10 ** np.clip(end, -12, 40) for name, end in (("y", mean), ("lo", low), ("hi", high))}


# --- measurements -----------------------------------------------------------------------------------------------------


def measured_chart(
    patient: str = PATIENTS[0], measurement: str = next(iter(MEASUREMENTS)), when: str = next(iter(LOOKS))
) -> Chart:
    """One measurement of one patient beside its twin: four bars each, means over seeds with 95 % intervals.

    Raises ValueError, naming the field, for an unknown choice.
    """
    case = CASES[PATIENTS.index(check.one_of("measured_chart", "patient", patient, PATIENTS))]
    check.one_of("measured_chart", "measurement", measurement, MEASUREMENTS)
    check.one_of("measured_chart", "when", when, LOOKS)
    visit = visits()[case.key]
    return _measured(case, visit.sick, visit.twin, measurement, when)


def _measured(case: Case, sick: Run, twin: Run, measurement: str, when: str, who: str = "") -> Chart:
    one, look = MEASUREMENTS[measurement], [*LOOKS].index(when)
    names = one.rows or (TIMES if case.setup.form == "rows" else LAYERS)
    found = {name: _over_seeds(of.measures[measurement][look]) for name, of in (("sick", sick), ("twin", twin))}
    bars = [
        Bars(names, mean, lo=low, hi=high, label=WORDS[name], colour=_LOOKS[name][0])
        for name, (mean, low, high) in found.items()
    ]
    ends = np.concatenate([bar.extent("x") for bar in bars])
    air = 0.04 * (ends.max() - ends.min() or 1.0)
    pairs = zip(names, found["sick"][0], found["twin"][0], strict=True)
    said = ", ".join(WORDS["pair"].format(row, _short(a), _short(b)) for row, a, b in pairs)
    words = WORDS["measured"].format(who or case.name, measurement, when, said, one.bounds)
    axis = Axis(one.axis, limits=(ends.min() - air, ends.max() + air))
    return Chart(axis, measurement, bars, words=words[0].upper() + words[1:])


def _over_seeds(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean and interval of each row over the seeds with a finite number there; a gap where there are fewer than two."""
    found = np.full((3, values.shape[1]), np.nan)
    for row, column in enumerate(values.T):
        finite = column[np.isfinite(column)]
        if finite.size > 1:
            found[:, row] = [float(end) for end in mean_interval(finite)]
    return tuple(found)


def _short(number: float) -> str:
    return WORDS["none"] if np.isnan(number) else f"{number if abs(number) > 1e-9 else 0:.3g}".replace("-", "−")


def histogram_chart(patient: str = PATIENTS[0], layer: str = LAYERS[0], when: str = next(iter(LOOKS))) -> Chart:
    """The outputs of the units of one hidden layer, over 512 pictures and all seeds, of a patient and its twin.

    In a recurrent network rows 2, 4 and 6 stand for the layers. The outermost bins hold all that lies beyond; numbers
    that are none are left out. Raises ValueError, naming the field, for an unknown choice.
    """
    case = CASES[PATIENTS.index(check.one_of("histogram_chart", "patient", patient, PATIENTS))]
    depth = LAYERS.index(check.one_of("histogram_chart", "layer", layer, LAYERS[:3]))
    look, visit = [*LOOKS].index(check.one_of("histogram_chart", "when", when, LOOKS)), visits()[case.key]
    heights = {name: one.histogram[look, depth] for name, one in (("sick", visit.sick), ("twin", visit.twin))}
    marks = [Histogram(EDGES, h, label=WORDS[name], colour=_LOOKS[name][0]) for name, h in heights.items()]
    said = ", ".join(
        f"{WORDS[name]} {h[len(h) // 2]:.0%} near 0 and {h[0] + h[-1]:.0%} at the ends" for name, h in heights.items()
    )
    words = f"{case.name}, {layer}, {when}: {said}."
    return Chart(
        Axis(WORDS["outputs"], limits=(EDGES[0], EDGES[-1])),
        Axis(WORDS["share"], limits=(0, 1)),
        marks,
        words=words[0].upper() + words[1:],
    )


# --- fixes ------------------------------------------------------------------------------------------------------------


def cured_chart() -> Chart:
    """What is right at the end: with the fault, with the fix from half-way on, and with the fix from the start."""
    found = {
        name: [100 * getattr(visits()[case.key], name).right[:, -1] for case in CASES]
        for name in ("sick", "treated", "twin")
    }
    bars = []
    for name, right in found.items():
        mean, low, high = mean_interval(np.stack(right))
        bars.append(Bars(PATIENTS, mean, lo=low, hi=high, label=WORDS[name], colour=_LOOKS[name][0]))
    words = "Test pictures right at the end with the fault, with the fix half-way and from the start, of all patients."
    return Chart(Axis(WORDS["right"], limits=(0, 100)), WORDS["sick"], bars, words=words)


# --- the lab: a patient without a name -------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Bed:
    """A patient whose number is not told, with new runs of its own, and what the reader asked and answered."""

    case: Case
    sick: Run
    twin: Run
    asked: tuple[str, str]
    verdict: str

    @property
    def answer(self) -> str:
        """What the verdict is worth."""
        if self.verdict == WORDS["undecided"]:
            return WORDS["open"]
        return WORDS["well"] if self.verdict == self.case.cause else WORDS["wrong"]


def bed(
    deal: int = 1,
    place: str = "A",
    measurement: str = next(iter(MEASUREMENTS)),
    when: str = next(iter(LOOKS)),
    verdict: str = WORDS["undecided"],
    seeds: int = 6,
) -> Generator[float, None, Bed]:
    """One measurement of a patient in a bed, for a lab: yields the share done and returns a :class:`Bed`.

    ``deal`` decides who lies where, and which seeds are run. Raises ValueError for a choice that there is not.
    """
    check.whole("bed", "deal", deal, 0)
    check.one_of("bed", "place", place, BEDS)
    check.one_of("bed", "verdict", verdict, DIAGNOSES)
    case = dealt(deal)[BEDS.index(place)]
    chosen = [1000 + 100 * deal + seed for seed in range(check.whole("bed", "seeds", seeds, 2))]
    runs = []
    for done, setup in enumerate((case.setup, case.twin)):
        yield done / 2
        runs.append(run(setup, chosen))
    return Bed(case, *runs, (measurement, when), verdict)


def dealt(deal: int) -> list[Case]:
    """The patients in the order of their beds.

    >>> sorted(case.number for case in dealt(1)) == list(range(1, 13))
    True
    """
    return [CASES[place] for place in np.random.default_rng(deal).permutation(len(CASES))]


BEDS = tuple("ABCDEFGHIJKL")


def bed_chart(found: Bed) -> Chart:
    """The measurement that was asked for, under what the verdict is worth."""
    chart = _measured(found.case, found.sick, found.twin, *found.asked, who=WORDS["who"])
    return replace(chart, title=found.answer, words=f"{found.answer} {chart.words}")
