r"""Labs: real experiments to run from a notebook, with sliders, a Run button and a Cancel button.

In a live kernel a lab is a box of stock ipywidgets.
In the built page it is the figure of one run and a link that launches the chapter, since a page cannot compute; there
is no control that does nothing.

>>> from activations.charts import Chart, Line
>>> def powers(base=2):
...     return [base**n for n in range(5)]
>>> def drawn(result):
...     return Chart("n", "power", [Line(range(5), result)], words=f"It ends at {result[-1]}.")
>>> powers_lab = lab(powers, drawn, base=[2, 3], caption="Powers grow.")
>>> powers_lab.choice
{'base': 2}
"""

from __future__ import annotations

import html
import inspect
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import ipywidgets

from . import figures
from .charts import Chart
from .explore import Control, control_of, data_uri

__all__ = ["Lab", "Text", "lab"]

WORDS = {
    "run": "Run",
    "cancel": "Cancel",
    "ready": "Ready.",
    "running": "Running …",
    "done": "Done.",
    "cancelled": "Cancelled; the picture is that of the last full run.",
    "failed": "The experiment stopped: {fault}",
    "launch": "Run this experiment yourself",
    "shown": "Shown here",
}
"""Every word of a lab that is not its author's."""


@dataclass(frozen=True)
class Text:
    """A control that the reader types into, such as a formula. ``start`` is what it holds first.

    Raises ValueError for a start with nothing in it.
    """

    start: str
    label: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.start, str) or not self.start.strip():
            raise ValueError(f"Text: start must be a non-empty string, got {self.start!r}")

    @property
    def items(self) -> tuple[str, ...]:
        """What it holds first, as the reader sees it."""
        return (self.start,)

    @property
    def first(self) -> int:
        """The index of what is shown first."""
        return 0


class Lab(ipywidgets.VBox):
    """Controls, two buttons, a progress bar and the picture of the last full run.

    ``experiment`` is a function of the controls that returns a result, or a generator function that yields the share
    done, from 0 to 1, and returns the result: only the latter can be cancelled on the way.
    """

    def __init__(
        self,
        experiment: Callable,
        chart_of: Callable[[object], Chart],
        controls: Mapping[str, Control | Text],
        caption: str,
    ):
        self.experiment, self.chart_of, self.controls, self.caption = experiment, chart_of, controls, caption
        self._choosers = {name: _chooser(control) for name, control in controls.items()}
        self._run = ipywidgets.Button(description=WORDS["run"], button_style="primary")
        self._cancel = ipywidgets.Button(description=WORDS["cancel"], disabled=True)
        self._progress = ipywidgets.FloatProgress(min=0, max=1)
        self._status = ipywidgets.Label(WORDS["ready"])
        self._picture = ipywidgets.HTML()
        self._stop, self._worker = threading.Event(), None
        self._run.on_click(lambda _: self.start())
        self._cancel.on_click(lambda _: self._stop.set())
        buttons = ipywidgets.HBox([self._run, self._cancel, self._progress, self._status])
        super().__init__([*self._choosers.values(), buttons, self._picture])

    @property
    def choice(self) -> dict[str, object]:
        """The value of each control."""
        return {name: chooser.value for name, chooser in self._choosers.items()}

    def start(self) -> threading.Thread:
        """Run the experiment with the present choice in a thread, so that the kernel still hears the Cancel button."""
        if self._worker and self._worker.is_alive():
            return self._worker
        self._stop.clear()
        self._run.disabled, self._cancel.disabled = True, False
        self._progress.value, self._status.value = 0, WORDS["running"]
        self._worker = threading.Thread(target=self._work, args=(self.choice,), daemon=True)
        self._worker.start()
        return self._worker

    def _work(self, choice: dict[str, object]) -> None:
        try:
            self._status.value = self._outcome(choice)
        except Exception as fault:  # shown to the reader: a thread has nobody else to tell
            self._status.value = WORDS["failed"].format(fault=fault)
        self._run.disabled, self._cancel.disabled = False, True

    def _outcome(self, choice: dict[str, object]) -> str:
        steps = _steps(self.experiment, choice)
        while True:
            try:
                self._progress.value = next(steps)
            except StopIteration as end:
                self._progress.value = 1
                self._picture.value = _picture(self.chart_of(end.value))
                return WORDS["done"]
            if self._stop.is_set():
                return WORDS["cancelled"]

    def _repr_mimebundle_(self, **kwargs: object) -> dict:
        data = super()._repr_mimebundle_(**kwargs) or {}
        return {**data, "text/html": self.as_html()}

    def as_html(self) -> str:
        """The element for a page: the figure of a run with the first choice, and the link that launches the chapter."""
        chart = self.chart_of(_result(_steps(self.experiment, self.choice)))
        chosen = ", ".join(f"{one.label} {one.items[one.first]}" for one in self.controls.values())
        words = html.escape(f"{chart.words} ({WORDS['shown']}: {chosen}.)")
        link = f'<a class="lab-launch" href="launch:">{WORDS["launch"]}</a>'
        caption = f"<figcaption>{html.escape(self.caption)}</figcaption>" if self.caption else ""
        return f'<div class="lab"><figure>{_picture(chart)}<p class="words">{words} {link}</p>{caption}</figure></div>'


def _chooser(control: Control | Text) -> ipywidgets.Widget:
    if isinstance(control, Text):
        style = {"description_width": "initial"}
        return ipywidgets.Text(value=control.start, description=control.label, style=style)
    kind = ipywidgets.Dropdown if isinstance(control.values[0], str) else ipywidgets.SelectionSlider
    options = list(zip(control.items, control.values, strict=True))
    style = {"description_width": "initial"}
    return kind(options=options, value=control.values[control.first], description=control.label, style=style)


def _steps(experiment: Callable, choice: Mapping[str, object]):
    """The experiment as a generator of shares done that returns the result, whichever form it has."""
    if inspect.isgeneratorfunction(experiment):
        return (yield from experiment(**choice))
    yield 0.0
    return experiment(**choice)


def _result(steps) -> object:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def _picture(chart: Chart) -> str:
    return f'<img src="{html.escape(data_uri(figures.svg(chart)))}" alt="{html.escape(chart.words)}">'


def lab(
    experiment: Callable,
    chart_of: Callable[[object], Chart],
    /,
    *,
    caption: str = "",
    **controls: Control | Text | Iterable,
) -> Lab:
    r"""A lab around ``experiment``, whose result ``chart_of`` draws.

    .. math:: \text{result} = \text{experiment}(c_1, \dots, c_n), \quad c_i \in C_i

    A control is a sequence of numbers or of words, an :class:`activations.explore.Control`, or a :class:`Text`.
    Raises ValueError for no control, or one that the experiment does not take.
    """
    if not controls:
        raise ValueError("lab: at least one control is needed, as in steps=[10, 100]")
    accepted = inspect.signature(experiment).parameters
    if unknown := [name for name in controls if name not in accepted]:
        raise ValueError(f"lab: {experiment.__name__} takes {', '.join(accepted)}, not {unknown[0]}")
    return Lab(experiment, chart_of, dict(_named(*item) for item in controls.items()), caption)


def _named(name: str, given: Control | Text | Iterable) -> tuple[str, Control | Text]:
    if isinstance(given, Text):
        return name, replace(given, label=given.label or name.replace("_", " "))
    return control_of(name, given)
