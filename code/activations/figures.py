r"""Charts drawn with matplotlib: the static figures of the book.

:func:`draw` takes a :class:`~activations.charts.Chart` and returns matplotlib's axes; :func:`svg` returns the picture
as text, the same bytes each time. In a notebook, importing this module makes figures SVG in the book's style; elsewhere
importing it changes nothing. No other module imports matplotlib.

The page is white in the light and the dark theme, so that a figure reads the same on screen and on paper.

>>> from activations.charts import Chart, Line
>>> chart = Chart("x", "y", [Line([0, 1], [0, 1])], words="A rising line.")
>>> svg(chart) == svg(chart)
True
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from activations import charts
from activations.charts import Bars, Chart, Curves, HeatMap, Histogram, Line, Mark, Points, Rule, Span

__all__ = ["draw", "svg"]

STYLE = "activations.book"
_PANEL = (6.4, 3.6)  # inches, one panel alone
_ROW_WIDTH = 9.6  # inches, two panels or more side by side
_NO_DATE = {"Date": None}  # a date would make every build differ
_MARKERS = {"circle": "o", "square": "s", "triangle": "^", "diamond": "D"}


def draw(chart: Chart | Sequence[Chart], ax: Axes | Sequence[Axes] | None = None) -> Axes | tuple[Axes, ...]:
    r"""The axes on which ``chart`` is drawn; for a sequence of charts, a tuple of axes side by side.

    Without ``ax`` a new figure is made in the book's style, with one legend above all panels. In a notebook end the
    call with a semicolon, so that the figure is shown and not the name of its axes.
    Raises TypeError for anything but charts, and ValueError when charts and axes differ in number.

    >>> from activations.charts import activation_chart
    >>> draw(activation_chart("tanh")).get_ylabel()
    'f(x) and f′(x)'
    """
    panels = _panels(chart)
    with plt.style.context(STYLE):
        if ax is None:
            figure = plt.figure(figsize=_size(panels))
            axes = _draw_figure(panels, figure)
        else:
            axes = (ax,) if isinstance(ax, Axes) else tuple(ax)
            for panel, one in zip(panels, axes, strict=True):
                _draw_panel(panel, one)
                _legend(one.legend, [one])
    return axes[0] if isinstance(chart, Chart) else axes


def svg(chart: Chart | Sequence[Chart]) -> str:
    r"""The picture of a chart, or of several side by side, as the text of an SVG file, the same bytes each time.

    Raises TypeError for anything but charts.
    """
    panels = _panels(chart)
    with plt.style.context(STYLE):
        figure = Figure(figsize=_size(panels))  # not pyplot's: no notebook shows it a second time
        _draw_figure(panels, figure)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata=_NO_DATE)
    return out.getvalue()


def _panels(chart: Chart | Sequence[Chart]) -> tuple[Chart, ...]:
    panels = (chart,) if isinstance(chart, Chart) else tuple(chart)
    if not panels or not all(isinstance(panel, Chart) for panel in panels):
        raise TypeError(f"draw: a Chart, or several in a sequence, is needed, got {chart!r}")
    return panels


def _size(panels: Sequence[Chart]) -> tuple[float, float]:
    """Width and height in inches; many bars make it higher, so that their names do not meet."""
    width, height = _PANEL if len(panels) == 1 else (_ROW_WIDTH, _ROW_WIDTH / len(panels) * 0.9)
    return width, max(height, 0.9 + 0.24 * max(len(panel.names) for panel in panels))


def _draw_figure(panels: Sequence[Chart], figure: Figure) -> tuple[Axes, ...]:
    axes = tuple(figure.subplots(1, len(panels), squeeze=False)[0])
    for panel, one in zip(panels, axes, strict=True):
        _draw_panel(panel, one)
    _legend(figure.legend, axes, loc="outside upper center", ncols=4)
    return axes


def _draw_panel(chart: Chart, ax: Axes) -> None:
    _set_axes(chart, ax)
    over_heat = any(isinstance(mark, HeatMap) for mark in chart.marks)
    for mark in chart.marks:
        _DRAW[type(mark)](mark, ax, chart)
    if over_heat:
        _add_halos(ax)


def _set_axes(chart: Chart, ax: Axes) -> None:
    ax.set(xscale=chart.x.scale, yscale=chart.y.scale)
    ax.set(xlim=charts.limits(chart, "x"), ylim=charts.limits(chart, "y"))
    ax.set(xlabel=chart.x.label, ylabel=chart.y.label, title=chart.title, autoscale_on=False)
    if chart.names:
        ax.set_yticks(range(len(chart.names)), chart.names)
        ax.invert_yaxis()
    if chart.equal:
        ax.set_aspect("equal")
    if chart.bare:
        ax.set_axis_off()


def _legend(place: Callable, axes: Sequence[Axes], **options) -> None:
    """One entry a label, however many panels show it; no legend for a single line, which the axis names."""
    entries: dict[str, object] = {}
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    if len(entries) > 1:
        place(list(entries.values()), list(entries), **options)


# --- one function a mark ---------------------------------------------------------------------------------------------


def _colour(role: str) -> str:
    return charts.PALETTE[role][0]


def _dashes(name: str) -> tuple | str:
    return (0, charts.DASHES[name]) if charts.DASHES[name] else "-"


def _label(mark: Mark) -> str:
    return mark.label or "_nolegend_"


def _draw_line(mark: Line, ax: Axes, chart: Chart) -> None:
    colour = _colour(mark.colour)
    dots = {"marker": "o", "markersize": 3.5} if mark.dots else {}
    ax.plot(mark.x, mark.y, color=colour, linestyle=_dashes(mark.dash), label=_label(mark), **dots)
    if mark.lo is not None:
        ax.fill_between(mark.x, mark.lo, mark.hi, color=colour, alpha=0.2, linewidth=0)


def _draw_points(mark: Points, ax: Axes, chart: Chart) -> None:
    colour = _colour(mark.colour)
    if mark.lo is not None:
        ax.vlines(mark.x, mark.lo, mark.hi, color=colour, linewidth=1.2)
    ax.plot(mark.x, mark.y, color=colour, linestyle="none", marker=_MARKERS[mark.marker], label=_label(mark))


def _draw_curves(mark: Curves, ax: Axes, chart: Chart) -> None:
    lines = ax.plot(mark.x.T, mark.y.T, color=_colour(mark.colour), linewidth=0.9)
    lines[0].set_label(_label(mark))


def _draw_bars(mark: Bars, ax: Axes, chart: Chart) -> None:
    groups = [one for one in chart.marks if isinstance(one, Bars)]
    height = 0.8 / len(groups)
    at = np.arange(len(mark.names)) + (groups.index(mark) - (len(groups) - 1) / 2) * height
    ax.barh(at, mark.length, height, color=[_colour(role) for role in mark.colours()], label=_label(mark))
    if mark.lo is not None:
        ax.hlines(at, mark.lo, mark.hi, color=_colour("ink"), linewidth=1.2)


def _draw_histogram(mark: Histogram, ax: Axes, chart: Chart) -> None:
    ax.stairs(mark.height, mark.edges, fill=True, color=_colour(mark.colour), alpha=0.6, label=_label(mark))


def _draw_heat_map(mark: HeatMap, ax: Axes, chart: Chart) -> None:
    colours = LinearSegmentedColormap.from_list(mark.colours, charts.COLOUR_MAPS[mark.colours])
    lo, hi = mark.limits
    # Cells become one picture inside the SVG: thousands of rectangles would be megabytes.
    cells = ax.pcolormesh(mark.x, mark.y, mark.z, cmap=colours, vmin=lo, vmax=hi, rasterized=True)
    ax.figure.colorbar(cells, ax=ax, label=mark.label)
    inside = [level for level in sorted(mark.levels) if mark.z.min() < level < mark.z.max()]
    if inside:
        ax.contour(mark.x, mark.y, mark.z, inside, colors=_colour("ink"), linewidths=0.8, linestyles="solid")


def _draw_span(mark: Span, ax: Axes, chart: Chart) -> None:
    if mark.empty:
        return
    lo, hi = np.clip((mark.lo, mark.hi), *charts.limits(chart, mark.axis))
    shade = ax.axvspan if mark.axis == "x" else ax.axhspan
    shade(lo, hi, color=_colour(mark.colour), alpha=0.15, linewidth=0, label=_label(mark))


def _draw_rule(mark: Rule, ax: Axes, chart: Chart) -> None:
    line = ax.axvline if mark.axis == "x" else ax.axhline
    style = {"color": _colour(mark.colour), "linestyle": _dashes(mark.dash), "linewidth": 0.9}
    line(mark.at, label=_label(mark), **style)


_DRAW: dict[type[Mark], Callable[[Mark, Axes, Chart], None]] = {
    Line: _draw_line,
    Points: _draw_points,
    Curves: _draw_curves,
    Bars: _draw_bars,
    Histogram: _draw_histogram,
    HeatMap: _draw_heat_map,
    Span: _draw_span,
    Rule: _draw_rule,
}


def _add_halos(ax: Axes) -> None:
    """A white edge, so that lines stand out from the dark cells of a heat map as from the light ones."""
    for line in ax.lines:
        line.set_path_effects([withStroke(linewidth=line.get_linewidth() + 2, foreground="white")])


# --- in a notebook ---------------------------------------------------------------------------------------------------


def _set_up_notebook() -> None:
    """SVG figures in the book's style, when a notebook's kernel runs this; elsewhere nothing."""
    try:
        from IPython import get_ipython
    except ImportError:  # the package works without IPython
        return
    shell = get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return
    from matplotlib_inline.backend_inline import set_matplotlib_formats

    plt.style.use(STYLE)
    set_matplotlib_formats("svg", bbox_inches="tight", metadata=_NO_DATE)


_set_up_notebook()
