r"""Explorables: charts over a grid of controls, that answer the reader's hand with no server behind them.

:func:`explore` calls ``chart_of`` once for each choice of the controls and packs the frames, small enough for a page.
What it returns is a live widget in Jupyter and, in a built page, an element that ``frontend/host.mjs`` brings to life.

A frame is packed as positions, which are fractions of an axis (0 at its lower limit, 1 at its upper one, in the axis's
own scale), in 65 535 steps over the range that they take; heat maps take 255 steps, or 65 535 where contours are drawn.

>>> import numpy as np
>>> from activations.charts import Chart, Line
>>> x = np.linspace(-3, 3, 61)
>>> def bent(steepness):
...     return Chart("x", "tanh(ax)", [Line(x, np.tanh(steepness * x))], words=f"The slope at 0 is {steepness}.")
>>> explorable = explore(bent, steepness=[1, 2, 4], caption="A steeper tanh nears a step.")
>>> explorable.selection
{'steepness': 1}
>>> explorable.frames
3
"""

from __future__ import annotations

import base64
import html
import itertools
import json
import math
import os
import time
import urllib.parse
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import anywidget
import numpy as np
import traitlets

from activations import charts, figures
from activations.charts import Bars, Chart, HeatMap, Mark, Rule, Span

__all__ = ["Control", "Explorable", "control_of", "data_uri", "explore", "stylesheet"]

FRONTEND = Path(__file__).parent / "frontend"
MOST_FRAMES = 4000
MOST_BYTES = 1_000_000
BUILD_FLAG = "WHY_NONLINEAR_BUILD"
"""Set in the environment while the book builds, where nobody sees a progress bar."""

WORDS = {"shown": "Shown here", "working": "Computing frames"}
"""Every word that this module shows."""


# --- controls --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Control:
    """The values that a reader may choose from: a slider over numbers, or a select over words.

    ``label`` is shown beside it, by default the control's name; ``start`` is the value shown first, by default the
    first one. Raises ValueError for no values, values that are neither all numbers nor all words, equal ones, and a
    start that is not among them.
    """

    values: Sequence[float] | Sequence[str]
    label: str = ""
    start: float | str | None = None

    def __post_init__(self) -> None:
        values = tuple(value.item() if isinstance(value, np.generic) else value for value in self.values)
        object.__setattr__(self, "values", values)
        words = [isinstance(value, str) for value in values]
        real = [type(value) in (int, float) and math.isfinite(value) for value in values]
        if not values or not (all(words) or all(real)):
            raise ValueError(f"Control: values must be all words or all finite numbers, at least one, got {values!r}")
        if len(set(self.items)) < len(values):
            raise ValueError(f"Control: values must look different from each other, got {values!r}")
        if self.start is not None and self.start not in values:
            raise ValueError(f"Control: start must be one of {values!r}, got {self.start!r}")

    @property
    def items(self) -> tuple[str, ...]:
        """The values as the reader sees them."""
        return tuple(value if isinstance(value, str) else f"{value:.6g}".replace("-", "−") for value in self.values)

    @property
    def first(self) -> int:
        """The index of the value shown first."""
        return 0 if self.start is None else self.values.index(self.start)

    def described(self, name: str) -> dict[str, object]:
        """What the front end needs to know."""
        words = isinstance(self.values[0], str)
        shown = {"label": self.label, "values": self.values, "items": self.items}
        return {"name": name, **shown, "start": self.first, "words": words}


def control_of(name: str, given: Control | Iterable) -> tuple[str, Control]:
    """A control with its name: a sequence becomes a :class:`Control`, and the name its label unless it has one."""
    control = given if isinstance(given, Control) else Control(tuple(given))
    label = control.label or name.replace("_", " ")
    return name, Control(control.values, label, control.start)


# --- frames ----------------------------------------------------------------------------------------------------------

Panels = tuple[Chart, ...]


def _evaluate(chart_of: Callable[..., Chart], controls: Mapping[str, Control]) -> list[Panels]:
    """The panels of every frame, the last control running fastest."""
    grid = list(itertools.product(*(control.values for control in controls.values())))
    frames = []
    for choice in _with_progress(grid):
        made = chart_of(**dict(zip(controls, choice, strict=True)))
        frames.append((made,) if isinstance(made, Chart) else tuple(made))
        if not frames[-1] or not all(isinstance(panel, Chart) for panel in frames[-1]):
            raise ValueError(f"explore: chart_of must return a Chart, or several in a sequence, got {made!r}")
    return frames


def _with_progress(items: Sequence) -> Iterator:
    """The items, with a progress bar in a live kernel once they have taken a second."""
    began, bar = time.monotonic(), None
    for done, item in enumerate(items):
        if bar is None and time.monotonic() - began > 1 and _someone_watches():
            bar = _progress_bar(len(items))
        if bar is not None:
            bar.value = done
        yield item
    if bar is not None:
        bar.close()


def _someone_watches() -> bool:
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel") and BUILD_FLAG not in os.environ


def _progress_bar(total: int):
    from IPython.display import display
    from ipywidgets import IntProgress

    bar = IntProgress(max=total, description=WORDS["working"], style={"description_width": "initial"})
    display(bar)
    return bar


def _with_shared_limits(frames: Sequence[Panels]) -> list[Panels]:
    """The frames with limits on every axis: one without limits of its own holds the data of all frames."""
    _check_panels(frames)
    shared = [{name: _limits_of_all(column, name) for name in ("x", "y")} for column in zip(*frames, strict=True)]
    return [tuple(_limited(panel, ends) for panel, ends in zip(panels, shared, strict=True)) for panels in frames]


def _limits_of_all(column: Sequence[Chart], name: str) -> tuple[float, float] | None:
    free = [chart for chart in column if getattr(chart, name).limits is None]
    return charts.limits(free[0], name, free) if free else None


def _limited(chart: Chart, ends: Mapping[str, tuple[float, float] | None]) -> Chart:
    axes = {name: replace(axis, limits=axis.limits or ends[name]) for name, axis in (("x", chart.x), ("y", chart.y))}
    return replace(chart, **axes)


@dataclass(frozen=True, eq=False)
class _Positions:
    """Numbers to pack: fractions of an axis or of a colour map, in steps of so many bits."""

    values: np.ndarray
    bits: int = 16


_FARTHEST = 30  # widths beyond the edge: a line that leaves the picture still leaves in its own direction


def _fraction(values: object, limits: tuple[float, float], scale: str) -> np.ndarray:
    ends, inside = np.array(limits), np.asarray(values, dtype=float)
    if scale == "log":
        ends, inside = np.log10(ends), np.log10(inside)
    return np.clip((inside - ends[0]) / (ends[1] - ends[0]), -_FARTHEST, 1 + _FARTHEST)


def _frame_spec(panels: Panels) -> dict:
    """A frame as nested dicts and lists, with :class:`_Positions` where numbers are to be packed."""
    return {"words": _words(panels), "panels": [_panel_spec(panel) for panel in panels]}


def _words(panels: Panels) -> str:
    return " ".join(panel.words for panel in panels)


def _panel_spec(chart: Chart) -> dict:
    ends = {"x": chart.x.limits, "y": chart.y.limits[::-1] if chart.names else chart.y.limits}  # first name on top

    def position(values: object, axis: str) -> _Positions:
        return _Positions(_fraction(values, ends[axis], getattr(chart, axis).scale))

    axes = {
        name: {"label": axis.label, "scale": axis.scale, "limits": list(ends[name])}
        for name, axis in (("x", chart.x), ("y", chart.y))
    }
    marks = [_mark_spec(mark, position, chart) for mark in chart.marks]
    look = {"title": chart.title, "equal": chart.equal, "bare": chart.bare, "names": list(chart.names)}
    return look | axes | {"marks": marks}


def _mark_spec(mark: Mark, position: Callable[[object, str], _Positions], chart: Chart) -> dict:
    common = {"kind": mark.kind, "label": mark.label}
    if isinstance(mark, HeatMap):
        return common | _heat_map_spec(mark, position)
    if isinstance(mark, Span):
        at = np.clip((mark.lo, mark.hi), *getattr(chart, mark.axis).limits)
        return common | {"axis": mark.axis, "at": position(at, mark.axis), "colour": mark.colour}
    if isinstance(mark, Rule):
        look = {"colour": mark.colour, "dash": list(charts.DASHES[mark.dash])}
        return common | {"axis": mark.axis, "at": position([mark.at], mark.axis), **look}
    return common | dict(_fields_spec(mark, position))


def _fields_spec(mark: Mark, position: Callable[[object, str], _Positions]) -> Iterator[tuple[str, object]]:
    for name in (field.name for field in fields(mark)):
        value = getattr(mark, name)
        if name in mark.arrays:
            yield name, None if value is None else position(value, mark.arrays[name])
        elif name == "dash":
            yield name, list(charts.DASHES[value])
        elif name not in ("names", "label", "colour"):
            yield name, value
    yield "colour", list(mark.colours()) if isinstance(mark, Bars) else mark.colour
    if mark.kind == "curves":
        yield "rows", len(mark.x)


def _heat_map_spec(mark: HeatMap, position: Callable[[object, str], _Positions]) -> dict:
    bits = 16 if mark.levels else 8  # contours through 255 steps would be ragged
    lo, hi = mark.limits
    return {
        "x": position(mark.extent("x"), "x"),
        "y": position(mark.extent("y"), "y"),
        "z": _Positions(np.clip((mark.z - lo) / (hi - lo), 0, 1), bits),
        "rows": mark.y.size,
        "columns": mark.x.size,
        "limits": [lo, hi],
        "levels": [(level - lo) / (hi - lo) for level in mark.levels],
        "stops": list(charts.COLOUR_MAPS[mark.colours]),
    }


# --- packing ---------------------------------------------------------------------------------------------------------

Keys = tuple[str | int, ...]


def _leaves(spec: object, path: Keys = ()) -> Iterator[tuple[Keys, object]]:
    """The ends of a nested description with the keys that lead to them; a list of plain things is one end."""
    if isinstance(spec, dict):
        inner = spec.items()
    elif isinstance(spec, list) and spec and isinstance(spec[0], dict):
        inner = enumerate(spec)
    else:
        yield path, spec
        return
    for key, value in inner:
        yield from _leaves(value, (*path, key))


def _all_leaves(frames: Sequence[Panels]) -> list[dict[Keys, object]]:
    leaves = [dict(_leaves(_frame_spec(panels))) for panels in frames]
    _check_shapes(leaves)
    return leaves


def _shape(leaves: Mapping[Keys, object]) -> dict[Keys, object]:
    """What must be the same in every frame: which parts there are, and how many numbers each has."""
    return {path: leaf.values.shape if isinstance(leaf, _Positions) else leaf is None for path, leaf in leaves.items()}


def _check_shapes(frames: Sequence[Mapping[Keys, object]]) -> None:
    first = _shape(frames[0])
    for number, frame in enumerate(frames[1:], 1):
        other = _shape(frame)
        if other == first:
            continue
        path = next(path for path in [*first, *other] if first.get(path) != other.get(path))
        here, there = (shape.get(path, "no part") for shape in (first, other))
        raise ValueError(
            "explore: all frames need the same marks with as many numbers, but "
            f"{'.'.join(map(str, path))} has {here} in frame 0 and {there} in frame {number}"
        )


def _pack(frames: Sequence[Mapping[Keys, object]], header: Mapping[str, object]) -> bytes:
    """The header and all frames, compressed; ``decode`` in ``explorable.mjs`` reads it.

    What all frames share stands in the template, what varies in a column of its different values.
    """
    template, texts, arrays, chunks = _nested(frames[0]), [], [], []
    for path in frames[0]:
        column = [frame[path] for frame in frames]
        if isinstance(column[0], _Positions):
            description, chunk = _pack_arrays(column)
            arrays.append({"path": path, **description})
            chunks.append(chunk)
        elif any(leaf != column[0] for leaf in column):
            values, of = _different(column, key=json.dumps)
            texts.append({"path": path, "values": values, "of": of})
    head = {**header, "template": template, "texts": texts, "arrays": arrays}
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    return zlib.compress(b"".join([len(text).to_bytes(4, "little"), text, *chunks]), 9)


def _nested(leaves: Mapping[Keys, object]) -> dict:
    """The nested description that ``leaves`` came from, with null in the places of packed numbers."""
    root: dict = {}
    for path, leaf in leaves.items():
        part = root
        for key in path[:-1]:
            part = part.setdefault(key, {})
        part[path[-1]] = None if isinstance(leaf, _Positions) else leaf
    return _as_lists(root)


def _as_lists(part: object) -> object:
    if not isinstance(part, dict):
        return part
    inner = {key: _as_lists(value) for key, value in part.items()}
    return list(inner.values()) if inner and all(isinstance(key, int) for key in inner) else inner


def _different(column: Sequence, key: Callable) -> tuple[list, list[int] | None]:
    """The different values of a column, and which of them each frame has; None when each has its own in turn."""
    index: dict = {}
    of = [index.setdefault(key(value), len(index)) for value in column]
    first = dict(zip(reversed(of), reversed(column), strict=True))
    return [first[number] for number in range(len(index))], None if of == list(range(len(column))) else of


def _pack_arrays(column: Sequence[_Positions]) -> tuple[dict, bytes]:
    """A column of arrays: its description, and its codes as second differences in byte planes, which compress well."""
    different, of = _different(column, key=lambda leaf: leaf.values.tobytes())
    bits = column[0].bits
    values = np.stack([leaf.values.ravel() for leaf in different])
    low, step = _steps(values, 2**bits - 2)
    codes = np.where(np.isnan(values), 2**bits - 1, np.rint((values - low) / step)).astype(f"<u{bits // 8}")
    shape = {"bits": bits, "count": len(different), "size": values.shape[1], "low": low, "step": step}
    folded = _fold(codes)
    planes = folded.view(np.uint8).reshape(*folded.shape, bits // 8)
    return {**shape, "of": of}, np.moveaxis(planes, -1, 0)[::-1].tobytes()


def _steps(values: np.ndarray, most: int) -> tuple[float, float]:
    """The lowest value, and the step that spreads the codes 0 … ``most`` over all values."""
    low, high = (np.nanmin(values), np.nanmax(values)) if not np.isnan(values).all() else (0.0, 0.0)
    return float(low), float((high - low) / most) or 1.0


def _fold(codes: np.ndarray) -> np.ndarray:
    """Second differences along each row, modulo the type's range, small negative ones folded onto small odd numbers."""
    zero = codes.dtype.type(0)
    bent = np.diff(np.diff(codes, prepend=zero), prepend=zero)
    signed = bent.view(bent.dtype.str.replace("u", "i"))
    return ((signed << 1) ^ (signed >> (8 * bent.itemsize - 1))).view(bent.dtype)


# --- the explorable --------------------------------------------------------------------------------------------------


_DARK = 'html[data-theme="dark"] .explorable, [data-jp-theme-light="false"] .explorable'
_PAGES = ("#ffffff", "#121212")  # where neither the site's theme nor Jupyter's names the colour of the page


def stylesheet() -> str:
    """The style sheet of explorables: the palette as CSS variables for light, dark and paper, then the rules."""
    light, dark = (_variables(theme) for theme in (0, 1))
    roles = "\n".join(f".explorable .c-{role} {{ color: var(--{role}); }}" for role in charts.PALETTE)
    rules = (FRONTEND / "explorable.css").read_text(encoding="utf-8")
    return f".explorable {{ {light} }}\n@media screen {{ {_DARK} {{ {dark} color-scheme: dark; }} }}\n{roles}\n{rules}"


def _variables(theme: int) -> str:
    page = f"--page: var(--pst-color-background, var(--jp-layout-color0, {_PAGES[theme]}));"
    return " ".join([page, *(f"--{role}: {pair[theme]};" for role, pair in charts.PALETTE.items())])


class Explorable(anywidget.AnyWidget):
    """A packed grid of frames: a live widget in Jupyter, an element with a static body in a page.

    ``selection`` holds the value of each control and can be observed and set; what is set may name some controls only.
    """

    _esm = FRONTEND / "explorable.mjs"
    _css = stylesheet()
    payload = traitlets.Bytes().tag(sync=True)
    selection = traitlets.Dict().tag(sync=True)

    def __init__(
        self, anchor: str, controls: Mapping[str, Control], frames: Sequence[Panels], payload: bytes, caption: str
    ):
        self.anchor, self.controls, self.caption = anchor, controls, caption
        self.frames = len(frames)
        start = {key: control.values[control.first] for key, control in controls.items()}
        self._shown = frames[_frame_number(controls, start)]
        super().__init__(payload=payload, selection=start)

    @traitlets.validate("selection")
    def _known_values(self, proposal: dict) -> dict:
        """A whole selection; ValueError for a control that is not there or a value that it does not have."""
        for name, value in proposal["value"].items():
            if name not in self.controls:
                raise ValueError(f"selection: controls are {', '.join(self.controls)}, got {name!r}")
            if value not in self.controls[name].values:
                raise ValueError(f"selection: {name} is one of {self.controls[name].values}, got {value!r}")
        return {**self.selection, **proposal["value"]}

    @property
    def bytes_per_frame(self) -> float:
        """The packed size of one frame."""
        return len(self.payload) / self.frames

    def _repr_mimebundle_(self, **kwargs: object) -> tuple[dict, dict]:
        data, metadata = super()._repr_mimebundle_(**kwargs)
        text = f"{self.caption} {_words(self._shown)}".strip()
        return {**data, "text/plain": text, "text/html": self.as_html()}, metadata

    def as_html(self) -> str:
        """The element for a page: its data, and the frame shown first as a picture with its sentence."""
        words = _words(self._shown)
        choice = ", ".join(f"{one.label} {one.items[one.first]}" for one in self.controls.values())
        picture = f'<img src="{html.escape(data_uri(figures.svg(self._shown)))}" alt="{html.escape(words)}">'
        text = html.escape(f"{words} ({WORDS['shown']}: {choice}.)")
        caption = f"<figcaption>{html.escape(self.caption)}</figcaption>" if self.caption else ""
        data = f'data-name="{html.escape(self.anchor)}" data-payload="{base64.b64encode(self.payload).decode()}"'
        return f'<div class="explorable" {data}><figure>{picture}<p class="words">{text}</p>{caption}</figure></div>'


def data_uri(svg: str) -> str:
    """The picture as an address: kept apart from the page, so that no id in it meets another."""
    return "data:image/svg+xml," + urllib.parse.quote(" ".join(svg.split()), safe=" !'()*,/:;=?@$&+-._~")


def _frame_number(controls: Mapping[str, Control], selection: Mapping[str, object]) -> int:
    number = 0
    for name, control in controls.items():
        number = number * len(control.values) + control.values.index(selection[name])
    return number


def explore(
    chart_of: Callable[..., Chart | Sequence[Chart]],
    /,
    *,
    caption: str = "",
    play: str | None = None,
    anchor: str = "",
    **controls: Control | Iterable,
) -> Explorable:
    r"""An explorable of ``chart_of`` over the grid of ``controls``.

    .. math:: \{\,\text{chart_of}(c_1, \dots, c_n) : c_i \in C_i\,\}

    A control is a sequence of numbers (a slider) or of words (a select), or a :class:`Control` with a label and a
    start. ``play`` names the control that a play button steps through. ``anchor`` stands in the page's address when a
    reader shares a choice; by default it is the name of ``chart_of``, and it must be the only one of its page.
    Axes without limits hold the data of all frames, so that nothing jumps.

    Raises ValueError, with the figures, for no control or a bad one, for more than 4 000 frames, for frames that
    differ in their marks or numbers of points, and for more than 1 MB of packed frames.
    """
    known = dict(control_of(*item) for item in controls.items())
    _check_request(known, play)
    frames = _with_shared_limits(_evaluate(chart_of, known))
    described = [control.described(name) for name, control in known.items()]
    payload = _pack(_all_leaves(frames), {"controls": described, "play": play, "caption": caption})
    if len(payload) > MOST_BYTES:
        raise ValueError(
            f"explore: {len(frames)} frames take {len(payload):,} bytes packed, more than {MOST_BYTES:,}; "
            "use fewer values or fewer points"
        )
    name = getattr(chart_of, "__name__", "explorable").strip("<>")
    return Explorable(anchor or name, known, frames, payload, caption)


def _check_request(controls: Mapping[str, Control], play: str | None) -> None:
    if not controls:
        raise ValueError("explore: at least one control is needed, as in depth=[1, 2, 5]")
    if play is not None and play not in controls:
        raise ValueError(f"explore: play must name one of the controls {', '.join(controls)}, got {play!r}")
    count = math.prod(len(control.values) for control in controls.values())
    if count > MOST_FRAMES:
        sizes = " × ".join(str(len(control.values)) for control in controls.values())
        raise ValueError(f"explore: {sizes} = {count:,} frames, more than {MOST_FRAMES:,}; use fewer values")


def _check_panels(frames: Sequence[Panels]) -> None:
    first = len(frames[0])
    for number, panels in enumerate(frames):
        if len(panels) != first:
            raise ValueError(
                f"explore: all frames need as many panels, got {first} in frame 0 and {len(panels)} in frame {number}"
            )
