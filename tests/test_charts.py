"""Charts: what is accepted, what is refused and by which name, and the signs of the book."""

import dataclasses

import numpy as np
import pytest
import sympy as sp
from activations import catalogue, charts
from activations.charts import Axis, Bars, Chart, Curves, HeatMap, Histogram, Line, Points, Rule, Span

X = [0.0, 1.0, 2.0]


def chart_of(*marks, x="x", y="y"):
    return Chart(x, y, marks, words="A picture.")


REFUSED = {
    "shapes differ": (
        lambda: Line(X, [1, 2], label="tanh"),
        r"Line 'tanh': y must have shape \(3,\) as x has, got \(2,\)",
    ),
    "no numbers": (lambda: Line([], []), "Line: x must be a non-empty array"),
    "two dimensions": (lambda: Line([X], [X]), r"Line: x must be .* 1 dimension.*shape \(1, 3\)"),
    "NaN on x": (lambda: Line([0, np.nan, 1], X), "Line: x must hold finite numbers .* got nan"),
    "infinite y": (lambda: Line(X, [0, np.inf, 1]), r"y must hold finite numbers or NaN \(a gap\) .* got inf"),
    "too large": (lambda: Line(X, [0, 1e101, 1]), r"up to 1e\+100 in size, got 1e\+101"),
    "half an interval": (lambda: Line(X, X, lo=X), "needs both lo and hi, got only lo"),
    "interval upside down": (lambda: Line(X, X, lo=[0, 3, 0], hi=[1, 2, 1]), "lo must not exceed hi, got 3 > 2 at 1"),
    "interval too short": (lambda: Points(X, X, lo=X[:2], hi=X), r"lo must have shape \(3,\) as y has"),
    "unknown colour": (lambda: Line(X, X, colour="red"), "colour must be one of ink, .* got 'red'"),
    "unknown dash": (lambda: Line(X, X, dash="wavy"), "dash must be one of solid, .* got 'wavy'"),
    "unknown marker": (lambda: Points(X, X, marker="star"), "marker must be one of circle, .* got 'star'"),
    "gap in a grid": (lambda: Curves([X], [[0, np.nan, 1]]), "Curves: y must hold finite numbers up to"),
    "bars and names": (lambda: Bars(["a", "b"], X), r"Bars: length must have shape \(2,\) as names has, got \(3,\)"),
    "bars and colours": (lambda: Bars(["a", "b"], [1, 2], colour=("ink",)), "2 bars need one colour or as many, got 1"),
    "edges fall": (lambda: Histogram([0, 2, 1], [1, 1]), "Histogram: edges must rise"),
    "too many heights": (lambda: Histogram(X, X), r"height must have shape \(2,\)"),
    "map and grid": (lambda: HeatMap(X, X[:2], np.zeros((3, 2)), "z"), r"z must have shape \(2, 3\)"),
    "uneven map": (lambda: HeatMap([0, 1, 3], X, np.zeros((3, 3)), "z"), "'z': x must hold .* evenly spaced"),
    "map without label": (lambda: HeatMap(X, X, np.zeros((3, 3)), " "), "label must be a non-empty string"),
    "map limits": (lambda: HeatMap(X, X, np.eye(3), "z", limits=(1, 1)), "limits must be two finite numbers that rise"),
    "unknown colours": (
        lambda: HeatMap(X, X, np.eye(3), "z", colours="jet"),
        "one of sequential, diverging, got 'jet'",
    ),
    "span upside down": (lambda: Span(1, 0), "Span: lo must not exceed hi"),
    "span of NaN": (lambda: Span(np.nan, 0), "Span: lo must not exceed hi, got nan"),
    "span's axis": (lambda: Span(0, 1, "z"), "axis must be one of x, y, got 'z'"),
    "rule of NaN": (lambda: Rule(np.nan), "Rule: at must hold finite numbers"),
    "axis without label": (lambda: Axis(""), "Axis: label must be a non-empty string"),
    "unknown scale": (lambda: Axis("x", "cubic"), "scale must be one of linear, log, got 'cubic'"),
    "limits fall": (
        lambda: Axis("x", limits=(1, 0)),
        r"Axis 'x': limits must be two finite numbers that rise, got \(1, 0\)",
    ),
    "limits too near": (lambda: Axis("x", limits=(1, 1 + 1e-13)), "limits must be two finite numbers that rise"),
    "log limits": (lambda: Axis("x", "log", (0, 1)), "on a log axis must be positive"),
    "no words": (lambda: Chart("x", "y", [Line(X, X)], words=""), "Chart: words must be a non-empty string"),
    "no marks": (lambda: chart_of(), "must hold at least one mark"),
    "no mark": (lambda: chart_of(X), "marks must be Line, Points, Bars …, got list"),
    "names differ": (lambda: chart_of(Bars(["a"], [1]), Bars(["b"], [1])), "same names in the same order"),
    "zero on log": (lambda: chart_of(Line(X, X, label="loss"), y=Axis("loss", "log")), "Line 'loss': y has a log axis"),
    "equal on log": (
        lambda: Chart(Axis("x", "log"), "y", [Line([1, 2], [1, 2])], words="A line.", equal=True),
        "equal needs two linear axes",
    ),
    "too small on log": (
        lambda: chart_of(Line([1, 2], [5e-324, 1]), y=Axis("loss", "log")),
        "positive numbers of at least 1e-100",
    ),
    "bars on log": (lambda: chart_of(Bars(["a"], [1]), x=Axis("x", "log")), "Bars: x has a log axis"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_drawn_is_refused_by_name(case):
    make, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        make()


def test_a_chart_cannot_be_changed():
    line = Line(X, X)
    with pytest.raises(ValueError, match="read-only"):
        line.y[0] = 5
    with pytest.raises(dataclasses.FrozenInstanceError):
        line.label = "other"


def test_numbers_are_copied():
    y = np.zeros(3)
    line = Line(X, y)
    y[0] = 1
    assert line.y[0] == 0


def test_gap_is_kept_and_left_out_of_the_limits():
    chart = chart_of(Line(X, [0, np.nan, 10]))
    assert np.isnan(chart.marks[0].y[1])
    assert charts.limits(chart, "y") == pytest.approx((-0.4, 10.4))


def test_limits_given_are_kept():
    chart = chart_of(Line(X, X), y=Axis("y", limits=(-1, 1)))
    assert charts.limits(chart, "y") == (-1, 1)


def test_limits_hold_bands_bars_and_every_chart_that_shares_the_axis():
    band = chart_of(Line(X, X, lo=np.subtract(X, 1), hi=np.add(X, 1)))
    bars = chart_of(Bars(["a", "b"], [2, 3]))
    assert charts.limits(band, "y") == pytest.approx((-1.16, 3.16))
    assert charts.limits(band, "y", [chart_of(Line(X, [0, 0, 9]))]) == pytest.approx((-1.4, 9.4))
    assert charts.limits(bars, "x")[0] <= 0
    assert charts.limits(bars, "y") == (-0.5, 1.5)


@pytest.mark.parametrize("value", [0.0, 5.0, -1e100, 1e-300, 1e-99])
def test_equal_values_have_an_axis_around_them(value):
    lo, hi = charts.limits(chart_of(Line(X, [value] * 3)), "y")
    assert lo < value < hi


def test_log_limits_are_whole_and_positive():
    lo, hi = charts.limits(chart_of(Line(X, [1e-9, 1, 1e3]), y=Axis("y", "log")), "y")
    assert 0 < lo < 1e-9 and hi > 1e3
    assert charts.limits(chart_of(Line(X, [7, 7, 7]), y=Axis("y", "log")), "y") == pytest.approx(
        (7 / 10**0.54, 7 * 10**0.54)
    )
    assert charts.limits(chart_of(Line(X, [np.nan] * 3), y=Axis("y", "log")), "y") == (1, 10)


def test_heat_map_has_no_rim():
    chart = chart_of(HeatMap([0, 1, 2], [0, 2], np.zeros((2, 3)), "z"))
    assert charts.limits(chart, "x") == (-0.5, 2.5)
    assert charts.limits(chart, "y") == (-1, 3)


def test_diverging_colours_are_centred_on_zero():
    assert HeatMap([0, 1], [0, 1], [[-1, 0], [0, 3]], "z", colours="diverging").limits == (-3, 3)
    assert HeatMap([0, 1], [0, 1], np.zeros((2, 2)), "z", colours="diverging").limits == (-0.5, 0.5)


# --- the signs of the book ---


def luminance(colour):
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("role", charts.PALETTE)
def test_every_line_has_contrast_three_on_its_page(role):
    on_light, on_dark = charts.PALETTE[role]
    assert contrast(on_light, "#ffffff") >= 3
    assert min(contrast(on_dark, page) for page in ("#121212", "#14181e", "#1e1e1e")) >= 3


def test_text_has_contrast_four_and_a_half():
    for role in ("ink", "muted"):
        on_light, on_dark = charts.PALETTE[role]
        assert contrast(on_light, "#ffffff") >= 4.5 and contrast(on_dark, "#1e1e1e") >= 4.5


def test_every_activation_has_a_style_of_its_own():
    assert set(charts.STYLES) == set(catalogue.names())
    assert len(set(charts.STYLES.values())) == len(charts.STYLES)
    for colour, dash in charts.STYLES.values():
        assert colour in charts.PALETTE and dash in charts.DASHES


def test_dashed_is_kept_for_slopes():
    assert "dashed" not in {dash for _, dash in charts.STYLES.values()}


@pytest.mark.parametrize(
    "family",
    [
        ("sigmoid", "tanh", "relu", "gelu", "silu"),
        ("sigmoid", "tanh", "hardsigmoid", "softsign", "arctan"),
        ("relu", "leaky_relu", "prelu", "rrelu", "selu"),
        ("relu", "gelu", "silu", "mish"),
        ("identity", "tanh", "relu"),
        ("sine", "cosine"),
    ],
)
def test_activations_often_compared_differ_in_colour_and_family_members_in_dash_too(family):
    colours, dashes = zip(*(charts.STYLES[name] for name in family), strict=True)
    assert len(set(colours)) == len(family)
    assert len(set(dashes)) >= min(len(family), 3) - 1


def test_style_of_a_readers_own_function():
    mine = catalogue.Activation("mine", catalogue.x**3)
    assert charts.style(mine) == {"colour": "ink", "dash": "dashdotdot"}
    with pytest.raises(KeyError, match="relux"):
        charts.style("relux")


# --- charts that many chapters draw ---

ONE_INPUT = catalogue.names("one")


@pytest.mark.parametrize("name", ONE_INPUT)
def test_activation_chart_shows_f_solid_and_its_slope_dashed(name):
    chart = charts.activation_chart(name)
    lines = [mark for mark in chart.marks if isinstance(mark, Line)]
    assert [(line.label, line.dash) for line in lines] == [("f", "solid"), ("f′", "dashed")]
    assert {line.colour for line in lines} == {charts.STYLES[name][0]}
    assert sum(isinstance(mark, Span) for mark in chart.marks) == 2


def spans(name, **parameters):
    return [mark for mark in charts.activation_chart(name, **parameters).marks if isinstance(mark, Span)]


@pytest.mark.parametrize(
    ("name", "left", "right"),
    [("sigmoid", True, True), ("relu", True, False), ("identity", False, False), ("sine", False, False)],
)
def test_saturation_is_shaded_where_the_slope_dies(name, left, right):
    one, other = spans(name)
    assert (not one.empty, not other.empty) == (left, right)


def test_saturated_region_of_sigmoid_begins_where_its_slope_is_a_twentieth_of_a_quarter():
    right = spans("sigmoid")[1]
    slope = 1 / (2 * np.cosh(right.lo / 2)) ** 2
    assert slope <= 0.0125 < slope * 1.03


def test_a_constant_slope_of_zero_is_saturated_everywhere():
    left, right = charts.saturated(np.arange(5.0), np.zeros(5), (True, True))
    assert left.hi >= 0 and right.empty or not left.empty


def test_a_readers_own_function_is_drawn_as_one_of_the_catalogue():
    x = catalogue.x
    mine = catalogue.Activation("mine", sp.Piecewise((1 - sp.exp(-x), x > 0), (0, True)))
    chart = charts.activation_chart(mine, span=(-4, 4), points=9)
    f, slope = chart.marks[-2:]
    assert f.y == pytest.approx(np.where(f.x > 0, 1 - np.exp(-f.x), 0))
    assert slope.y[~np.isnan(slope.y)] == pytest.approx(np.where(f.x > 0, np.exp(-f.x), 0)[~np.isnan(slope.y)])
    assert chart.title == "mine" and not chart.marks[0].empty
    assert charts.comparison_chart([mine, "relu"]).marks[1].label == "mine"


def test_functions_of_many_inputs_have_no_curve():
    with pytest.raises(ValueError, match="softmax takes many inputs"):
        charts.activation_chart("softmax")
    with pytest.raises(ValueError, match="maxout takes many inputs"):
        charts.comparison_chart(["relu", "maxout"])


def test_parameters_reach_the_function():
    soft, sharp = (charts.activation_chart("silu", beta=beta).marks[-2].y for beta in (1.0, 4.0))
    assert not np.allclose(soft, sharp)


@pytest.mark.parametrize(
    ("name", "in_f", "in_slope"),
    [("relu", 0, 1), ("hardtanh", 0, 2), ("heaviside", 1, 0), ("selu", 0, 1), ("leaky_relu", 0, 1), ("gelu", 0, 0)],
)
def test_a_jump_is_a_gap_and_no_steep_line(name, in_f, in_slope):
    f, slope = charts.activation_chart(name).marks[-2:]
    assert (np.isnan(f.y).sum(), np.isnan(slope.y).sum()) == (in_f, in_slope)


@pytest.mark.parametrize("name", [name for name in ONE_INPUT if name != "heaviside"])
def test_a_continuous_function_has_no_gap(name):
    assert not np.isnan(charts.activation_chart(name).marks[-2].y).any()


def test_comparison_keeps_each_style():
    chart = charts.comparison_chart(["relu", "tanh"])
    lines = chart.marks[1:]
    assert [(line.colour, line.dash) for line in lines] == [charts.STYLES["relu"], charts.STYLES["tanh"]]
