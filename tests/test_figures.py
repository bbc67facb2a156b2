"""Figures: every mark reaches matplotlib with its numbers and signs, and the same chart is the same file."""

import json
import os
import pathlib

import matplotlib.pyplot as plt
import numpy as np
import pytest
from activations import charts, figures
from activations.charts import Axis, Bars, Chart, Curves, HeatMap, Histogram, Line, Points, Rule, Span
from matplotlib.colors import to_hex

X = np.array([0.0, 1.0, 2.0])
PACKAGE = pathlib.Path(charts.__file__).parent


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def draw(*marks, **options):
    return figures.draw(Chart("x", "y", marks, words="A picture.", **options))


def test_line_keeps_its_numbers_colour_dash_and_gap():
    (line,) = draw(Line(X, [0, np.nan, 4], label="tanh", **charts.style("tanh"))).lines
    assert np.array_equal(line.get_xydata(), [[0, 0], [1, np.nan], [2, 4]], equal_nan=True)
    assert to_hex(line.get_color()) == charts.PALETTE["vermillion"][0]
    assert line.is_dashed()


def test_solid_line_is_not_dashed():
    assert not draw(Line(X, X)).lines[0].is_dashed()


def test_band_is_drawn_from_lo_to_hi():
    (band,) = draw(Line(X, X, lo=X - 1, hi=X + 1)).collections
    y = band.get_paths()[0].vertices[:, 1]
    assert (y.min(), y.max()) == (-1, 3)


def test_points_have_marker_and_whiskers():
    ax = draw(Points(X, X, lo=X - 1, hi=X + 1, marker="diamond"))
    assert ax.lines[0].get_marker() == "D"
    assert [path.vertices[:, 1].tolist() for path in ax.collections[0].get_paths()] == [[-1, 1], [0, 2], [1, 3]]


def test_curves_are_rows():
    rows = np.array([[0, 1, 2], [3, 4, 5]])
    assert [line.get_ydata().tolist() for line in draw(Curves(rows, rows + 1)).lines] == (rows + 1).tolist()


def test_bars_stand_side_by_side_under_their_names():
    ax = draw(Bars(["a", "b"], [1, 2], label="one", colour=("ink", "blue")), Bars(["a", "b"], [3, 4], label="two"))
    one, two = ax.containers
    assert [bar.get_width() for bar in (*one, *two)] == [1, 2, 3, 4]
    assert one[0].get_y() + one[0].get_height() == pytest.approx(two[0].get_y())
    assert [text.get_text() for text in ax.get_yticklabels()] == ["a", "b"]
    assert ax.yaxis_inverted(), "the first name stands on top"
    assert to_hex(one[0].get_facecolor()) == charts.PALETTE["ink"][0]


def test_histogram_stands_on_its_edges():
    (steps,) = draw(Histogram([0, 1, 3], [5, 6])).patches
    assert steps.get_data().values.tolist() == [5, 6]
    assert steps.get_data().edges.tolist() == [0, 1, 3]


def test_heat_map_has_its_numbers_limits_colour_bar_and_contours():
    z = np.arange(9.0).reshape(3, 3)
    ax = draw(HeatMap(X, X, z, "loss", levels=(2, 4, 99)))
    cells, contours = ax.collections
    assert cells.get_array().tolist() == z.tolist()
    assert cells.get_clim() == (0, 8)
    assert contours.levels.tolist() == [2, 4], "a level outside the data draws nothing"
    assert [one.get_ylabel() for one in ax.figure.axes[1:]] == ["loss"]


def test_lines_over_a_heat_map_have_a_halo():
    over = draw(HeatMap(X, X, np.eye(3), "z"), Line(X, X)).lines[0]
    assert over.get_path_effects() and not draw(Line(X, X)).lines[0].get_path_effects()


def test_span_is_cut_at_the_edge_and_an_empty_one_draws_nothing():
    ax = draw(Line(X, X), Span(-np.inf, 0.5, label="saturated"), Span(1, 1))
    (shade,) = ax.patches
    assert (shade.get_x(), shade.get_x() + shade.get_width()) == pytest.approx((-0.08, 0.5))


def test_rule_crosses_the_picture():
    ax = draw(Line(X, X), Rule(1.5, "x"), Rule(0.5))
    assert [line.get_xydata().tolist() for line in ax.lines[1:]] == [[[1.5, 0], [1.5, 1]], [[0, 0.5], [1, 0.5]]]


def test_axes_have_labels_scale_limits_and_equal_units():
    chart = Chart(
        Axis("depth"), Axis("gradient", "log", (1e-3, 1)), [Line(X + 1, X + 0.1)], words="A line.", equal=False
    )
    ax = figures.draw(chart)
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_yscale(), ax.get_ylim()) == ("depth", "gradient", "log", (1e-3, 1))
    assert draw(Line(X, X), equal=True).get_aspect() == 1


def test_legend_appears_for_two_labels_and_names_each_once():
    single = draw(Line(X, X, label="a"))
    one, two = (Chart("x", "y", [Line(X, X, label="a"), Line(X, X, label="b")], words="Lines.") for _ in range(2))
    axes = figures.draw([one, two])
    assert not single.figure.legends
    assert [text.get_text() for text in axes[0].figure.legends[0].get_texts()] == ["a", "b"]


def test_axes_that_are_given_are_drawn_on_and_returned():
    _, ax = plt.subplots()
    chart = charts.activation_chart("tanh")
    assert figures.draw(chart, ax) is ax
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["saturated", "f", "f′"]


def test_what_is_no_chart_is_refused():
    with pytest.raises(TypeError, match="a Chart, or several in a sequence"):
        figures.draw([])
    with pytest.raises(TypeError, match="a Chart"):
        figures.svg(["relu"])
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        figures.draw([charts.activation_chart("tanh")] * 2, plt.subplots()[1])


def test_svg_is_the_same_each_time_without_date_or_font():
    chart = charts.activation_chart("sigmoid")
    text = figures.svg([chart, chart])
    assert text == figures.svg([chart, chart])
    assert "<dc:date>" not in text and "font-family" not in text and "Date" not in text
    assert not plt.get_fignums(), "svg leaves no figure open"


def test_drawing_leaves_the_users_settings_alone():
    before = dict(plt.rcParams)
    figures.draw(charts.activation_chart("relu"))
    assert dict(plt.rcParams) == before


@pytest.mark.parametrize("y", [[-1e100, 0, 1e100], [5e-324, 0, 1e-300], [7, 7, 7], [np.nan] * 3, [1, 1 + 1e-9, 1]])
def test_extreme_numbers_are_drawn_without_a_warning(y):
    assert "nan" not in figures.svg(Chart("x", "y", [Line(X, y), Points(X, y)], words="A line.")).partition("<defs>")[2]


@pytest.mark.parametrize("name", ["sigmoid", "relu", "gelu"])
def test_activation_chart_draws_without_a_warning(name):
    assert figures.svg(charts.activation_chart(name)).startswith("<?xml")


def test_a_notebook_shows_reproducible_svg_in_the_books_style():
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    code = "from activations import charts, figures\nfigures.draw(charts.activation_chart('tanh'));"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for _ in range(2)])
    environment = os.environ | {"PYTHONPATH": str(PACKAGE.parent)}
    nbclient.NotebookClient(notebook, kernel_name="python3").execute(env=environment)
    first, second = (cell.outputs for cell in notebook.cells)
    assert [output.data.keys() for output in first] == [{"image/svg+xml", "text/plain"}], json.dumps(first)
    assert first[0].data["image/svg+xml"] == second[0].data["image/svg+xml"]
    assert "<dc:date>" not in first[0].data["image/svg+xml"]


def test_many_bars_make_a_higher_picture_and_few_do_not():
    def height(count):
        names = [f"bar {number}" for number in range(count)]
        return draw(Bars(names, np.ones(count))).figure.get_size_inches()[1]

    assert height(3) == height(11) < height(20) < height(30)
