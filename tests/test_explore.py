"""Explorables: the page's own decoder gives back what was computed, and what does not fit is refused."""

import base64
import gzip
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from activations import charts, explore
from activations.charts import Axis, Bars, Chart, Curves, HeatMap, Histogram, Line, Points, Rule, Span
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

FRONTEND_TESTS = Path(__file__).parent / "frontend"
X = np.linspace(-3, 3, 61)


def line_chart(steepness=1.0, sign="plus", points=61):
    x = np.linspace(-3, 3, points)
    y = np.tanh(steepness * x) * (1 if sign == "plus" else -1)
    return Chart("x", "y", [Rule(0), Line(x, y, label="tanh")], words=f"Steepness {steepness}, {sign}.")


@pytest.fixture(scope="module")
def read_back(node):
    """A function that decodes an explorable with the front end's module, in one Node process for all tests."""
    with subprocess.Popen(
        [node, FRONTEND_TESTS / "read_back.mjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def ask(explorable):
            process.stdin.write(base64.b64encode(explorable.payload).decode() + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield ask


def test_front_end_passes_its_own_tests(node):
    run = subprocess.run([node, "--test", *sorted(FRONTEND_TESTS.glob("*.test.mjs"))], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout
    assert "# pass 0" not in run.stdout


# --- what is packed ---


def test_every_frame_comes_back_with_its_sentence_and_numbers(read_back):
    explorable = explore.explore(line_chart, steepness=[0.5, 1, 2], sign=["plus", "minus"])
    back = read_back(explorable)
    assert [control["name"] for control in back["controls"]] == ["steepness", "sign"]
    choices = [(steepness, sign) for steepness in (0.5, 1, 2) for sign in ("plus", "minus")]
    assert len(back["frames"]) == explorable.frames == 6
    for (steepness, sign), frame in zip(choices, back["frames"], strict=True):
        panel = frame["panels"][0]
        lo, hi = panel["y"]["limits"]
        y = lo + (hi - lo) * np.array(panel["marks"][1]["y"])
        assert frame["words"] == f"Steepness {steepness}, {sign}."
        assert y == pytest.approx(line_chart(steepness, sign).marks[1].y, abs=1.1 * 2 / 65534)


def test_free_axes_hold_all_frames_and_given_limits_are_kept(read_back):
    def growing(size):
        line = Line([1, 2], [1, size])
        free = Chart(Axis("x", limits=(0, size)), "y", [line], words="A line.")
        return free, Chart("x", Axis("y", limits=(0, 2)), [line], words="The same.")

    first, last = read_back(explore.explore(growing, size=[2, 10]))["frames"]
    assert first["panels"][0]["y"]["limits"] == last["panels"][0]["y"]["limits"] == pytest.approx([0.64, 10.36])
    assert [first["panels"][0]["x"]["limits"], last["panels"][0]["x"]["limits"]] == [[0, 2], [0, 10]]
    assert first["panels"][1]["y"]["limits"] == [0, 2]
    assert first["words"] == "A line. The same."


def test_a_line_that_leaves_the_picture_keeps_its_direction(read_back):
    def steep(to):
        return Chart("x", Axis("y", limits=(0, 1)), [Line([0, 1], [0.5, to])], words="A line.")

    far, gone = (
        frame["panels"][0]["marks"][0]["y"] for frame in read_back(explore.explore(steep, to=[5, 1e6]))["frames"]
    )
    assert far[1] == pytest.approx(5, abs=31 / 65534)
    assert gone[1] == pytest.approx(31)


def test_shared_parts_are_stored_once():
    one, many = (explore.explore(line_chart, steepness=np.arange(1, n + 1)) for n in (1, 40))
    moving = explore.explore(lambda s: Chart("x", "y", [Line(X * s, np.tanh(s * X))], words=f"{s}"), s=np.arange(1, 41))
    assert len(many.payload) < 40 * len(one.payload) / 3
    assert len(many.payload) < len(moving.payload)
    assert many.bytes_per_frame == len(many.payload) / 40


def test_packing_is_reproducible():
    assert (
        explore.explore(line_chart, steepness=[1, 2]).payload == explore.explore(line_chart, steepness=[1, 2]).payload
    )


def test_activation_explorer_is_small_on_the_page():
    names = ["sigmoid", "tanh", "relu", "gelu"]
    page = explore.explore(lambda f: charts.activation_chart(f), f=names).as_html()
    assert len(gzip.compress(page.encode())) < 80_000


# --- charts of every kind, with extreme, tiny, huge and equal values ---

EXTREMES = [0.0, -0.0, 1.0, -1.0, 5e-324, 1e-300, -1e-100, 1e-50, 1e50, 1e99, -1e99, 1e100]
NUMBERS = st.one_of(st.sampled_from(EXTREMES), st.floats(-1e100, 1e100), st.floats(-10, 10))
POSITIVE = st.one_of(st.sampled_from([1e-100, 1e-9, 1.0, 1e50, 1e100]), st.floats(1e-100, 1e100), st.floats(0.1, 10))
GAPS = st.one_of(NUMBERS, st.just(np.nan))


def rows(count, numbers=NUMBERS, **sizes):
    return st.lists(st.lists(numbers, min_size=count, max_size=count), **{"min_size": 2, "max_size": 2, **sizes})


def fixed(make):
    """Two charts of one shape, for two frames: ``make`` draws the marks of one from a row of numbers."""
    return rows(6).map(lambda pair: [make(row) for row in pair])


def as_chart(*marks, **axes):
    return Chart(axes.get("x", "x"), axes.get("y", "y"), marks, words="A picture.")


def interval(row):
    return {"lo": np.minimum(row[:3], row[3:]), "hi": np.maximum(row[:3], row[3:])}


KINDS = {
    "line": fixed(lambda row: as_chart(Line(row[:3], row[3:], dots=True))),
    "gaps": rows(3, GAPS).map(lambda pair: [as_chart(Line([0, 1, 2], row), Points([0, 1, 2], row)) for row in pair]),
    "band": fixed(lambda row: as_chart(Line([0, 1, 2], row[:3], **interval(row)))),
    "whiskers": fixed(lambda row: as_chart(Points([0, 1, 2], row[:3], **interval(row)))),
    "log": rows(6, POSITIVE).map(
        lambda pair: [as_chart(Line(r[:3], r[3:]), x=Axis("x", "log"), y=Axis("y", "log")) for r in pair]
    ),
    "curves": fixed(lambda row: as_chart(Curves([row[:3], row[3:]], [row[3:], row[:3]]))),
    "bars": fixed(lambda row: as_chart(Bars("abc", row[:3], **interval(row)), Bars("abc", row[3:], label="b"))),
    "histogram": fixed(lambda row: as_chart(Histogram(range(7), row), Rule(row[0], "x"))),
    "heat map": fixed(lambda row: as_chart(HeatMap([0, 1, 2], [0, 1], [row[:3], row[3:]], "z"))),
    "contours": fixed(lambda row: as_chart(HeatMap([0, 1, 2], [0, 1], [row[:3], row[3:]], "z", levels=row[:2]))),
    "spans": fixed(
        lambda row: as_chart(Line(row[:3], row[:3]), Span(-np.inf, row[0]), Span(*sorted(row[:2]), axis="y"))
    ),
}

STEP = 61 / 65534  # of an axis, at worst: half of it is below half a pixel on a picture 1 000 pixels wide


def positions(chart, name, mark, limits):
    """What the front end should have for an array of a mark: fractions of its axis, cut thirty widths away."""
    axis = mark.arrays[name]
    ends, numbers = np.array(limits[axis], dtype=float), getattr(mark, name)
    if getattr(chart, axis).scale == "log":
        ends, numbers = np.log10(ends), np.log10(numbers)
    return np.clip((numbers - ends[0]) / (ends[1] - ends[0]), -30, 31).ravel()


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_decoded_is_the_chart_within_half_a_pixel_and_nothing_drawn_is_lost(kind, read_back):
    @settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(KINDS[kind])
    def check(pair):
        back = read_back(explore.explore(lambda i: pair[i], i=[0, 1]))
        assert not back["lost"]
        for chart, frame in zip(pair, back["frames"], strict=True):
            (panel,) = frame["panels"]
            for mark, seen in zip(chart.marks, panel["marks"], strict=True):
                compare(chart, mark, panel, seen)

    check()


def test_any_numbers_are_drawn_or_refused(read_back):
    @settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @example([5e-324, 1e-100, 1.0, 2.0], "log", False)
    @example([1.0, 1.0 + 1e-9, 1.0, 1.0], "log", True)
    @given(st.lists(st.floats(), min_size=4, max_size=4), st.sampled_from(["linear", "log"]), st.booleans())
    def check(row, scale, given_limits):
        try:
            axis = Axis("y", scale, tuple(row[:2]) if given_limits else None)
            chart = as_chart(Line(row[:2], row[2:]), Rule(row[0]), Span(row[0], row[1], axis="y"), y=axis)
        except ValueError:
            return
        assert not read_back(explore.explore(lambda i: chart, i=[0]))["lost"]

    check()


def compare(chart, mark, panel, seen):
    limits = {axis: panel[axis]["limits"] for axis in ("x", "y")}
    if isinstance(mark, HeatMap):
        lo, hi = mark.limits
        steps = 65534 if mark.levels else 254
        assert np.array(seen["z"]) == pytest.approx(((mark.z - lo) / (hi - lo)).ravel(), abs=0.51 / steps)
        return
    for name in mark.arrays:
        if getattr(mark, name) is not None:
            decoded = np.array(seen[name], dtype=float)  # JSON's null is the gap
            assert decoded == pytest.approx(positions(chart, name, mark, limits), abs=0.51 * STEP, nan_ok=True)


# --- the widget ---


def test_selection_starts_where_controls_say_and_takes_known_values_only():
    depth = explore.Control([1, 2, 5], start=2)
    explorable = explore.explore(lambda depth, f: line_chart(depth), depth=depth, f=["tanh", "relu"])
    assert explorable.selection == {"depth": 2, "f": "tanh"}
    seen = []
    explorable.observe(lambda change: seen.append(change.new), "selection")
    explorable.selection = {"f": "relu"}
    assert explorable.selection == seen[-1] == {"depth": 2, "f": "relu"}
    with pytest.raises(ValueError, match=r"depth is one of \(1, 2, 5\), got 3"):
        explorable.selection = {"depth": 3}
    with pytest.raises(ValueError, match="controls are depth, f, got 'width'"):
        explorable.selection = {"width": 3}
    assert explorable.selection == {"depth": 2, "f": "relu"}


def test_bundle_holds_the_widget_and_the_page_with_a_static_body():
    explorable = explore.explore(line_chart, steepness=[1, 2], caption="Is 1 < 2 & 3?", anchor="steep")
    data, _ = explorable._repr_mimebundle_()
    page = data["text/html"]
    assert {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"} == set(data)
    assert base64.b64encode(explorable.payload).decode() in page
    assert 'data-name="steep"' in page and 'src="data:image/svg+xml,%3C?xml' in page
    assert "Steepness 1, plus." in page and "Is 1 &lt; 2 &amp; 3?" in page
    assert "0x" not in data["text/plain"], "no address in memory: the output must be the same each time"
    assert page == explorable._repr_mimebundle_()[0]["text/html"]


def test_anchor_of_an_explorable_is_that_of_its_function():
    assert explore.explore(line_chart, steepness=[1]).anchor == "line_chart"
    assert explore.explore(lambda s: line_chart(s), s=[1]).anchor == "lambda"


def test_items_are_numbers_as_readers_see_them():
    control = explore.Control(np.array([-0.5, 0.30000000000000004, 1e6]))
    assert control.items == ("−0.5", "0.3", "1e+06")
    assert all(type(value) is float for value in control.values)


def test_style_sheet_has_the_palette_for_both_themes():
    sheet = explore.stylesheet()
    for role, (light, dark) in charts.PALETTE.items():
        assert f"--{role}: {light};" in sheet and f"--{role}: {dark};" in sheet
        assert f".c-{role} {{ color: var(--{role}); }}" in sheet


def test_front_end_holds_no_evaluated_string_and_no_inner_html():
    for module in explore.FRONTEND.glob("*.mjs"):
        source = module.read_text(encoding="utf-8")
        for forbidden in ("innerHTML", "eval(", "new Function", "insertAdjacentHTML", "document.write", "http"):
            assert forbidden not in source.replace("http://www.w3.org/2000/svg", ""), f"{forbidden} in {module.name}"


# --- what is refused ---


def ragged(points):
    return line_chart(points=points)


REFUSED = {
    "no control": (lambda: explore.explore(line_chart), "at least one control"),
    "no values": (lambda: explore.explore(line_chart, steepness=[]), "at least one, got"),
    "mixed values": (lambda: explore.explore(line_chart, steepness=[1, "two"]), "all words or all finite numbers"),
    "infinite value": (lambda: explore.explore(line_chart, steepness=[np.inf]), "all words or all finite numbers"),
    "equal values": (lambda: explore.explore(line_chart, steepness=[1, 1.0]), "must look different"),
    "start": (lambda: explore.Control([1, 2], start=3), r"start must be one of \(1, 2\), got 3"),
    "play": (
        lambda: explore.explore(line_chart, steepness=[1], play="depth"),
        "one of the controls steepness, got 'depth'",
    ),
    "too many frames": (
        lambda: explore.explore(line_chart, a=range(70), b=range(60)),
        r"70 × 60 = 4,200 frames, more than 4,000",
    ),
    "other shape": (
        lambda: explore.explore(ragged, points=[61, 62]),
        r"panels.0.marks.1.x has \(61,\) in frame 0 and \(62,\) in frame 1",
    ),
    "other marks": (
        lambda: explore.explore(lambda n: as_chart(*[Line(X, X)] * n), n=[1, 2]),
        "panels.0.marks.1.kind has no part in frame 0",
    ),
    "band in one frame": (
        lambda: explore.explore(lambda n: as_chart(Line(X, X, **({"lo": X, "hi": X} if n else {}))), n=[0, 1]),
        "panels.0.marks.0.lo",
    ),
    "other panels": (lambda: explore.explore(lambda n: [line_chart()] * n, n=[1, 2]), "1 in frame 0 and 2 in frame 1"),
    "no chart": (lambda: explore.explore(lambda n: [X], n=[1]), "must return a Chart, or several"),
    "too large": (
        lambda: explore.explore(noise, seed=range(200)),
        r"200 frames take 1,\d{3},\d{3} bytes packed, more than 1,000,000",
    ),
}


def noise(seed):
    x = np.arange(3000.0)
    return as_chart(Line(x, np.random.default_rng(seed).normal(size=3000)))


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused_with_the_figures(case):
    make, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        make()


def test_too_many_frames_are_refused_before_one_is_computed():
    calls = []
    with pytest.raises(ValueError, match="more than 4,000"):
        explore.explore(lambda a: calls.append(a), a=range(5000))
    assert not calls


# --- progress ---


class Bar:
    def __init__(self):
        self.seen, self.closed = [], False

    value = property(lambda self: self.seen[-1], lambda self, done: self.seen.append(done))

    def close(self):
        self.closed = True


@pytest.mark.parametrize(("seconds", "watched", "shown"), [(2, True, True), (0.1, True, False), (2, False, False)])
def test_progress_shows_after_a_second_where_someone_watches(monkeypatch, seconds, watched, shown):
    bars = []
    clock = iter(np.arange(100) * seconds)
    monkeypatch.setattr(explore.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(explore, "_someone_watches", lambda: watched)
    monkeypatch.setattr(explore, "_progress_bar", lambda total: bars.append(Bar()) or bars[-1])
    explore.explore(line_chart, steepness=range(1, 5))
    assert bool(bars) == shown
    assert all(bar.closed and bar.seen == sorted(bar.seen) for bar in bars)


def test_progress_bar_counts_frames(capsys):
    bar = explore._progress_bar(7)
    assert bar.max == 7 and "Computing frames" in capsys.readouterr().out


def test_nobody_watches_a_test_or_a_build(monkeypatch):
    assert not explore._someone_watches()
    monkeypatch.setattr("IPython.get_ipython", lambda: type("Shell", (), {"kernel": 1})())
    assert explore._someone_watches()
    monkeypatch.setenv(explore.BUILD_FLAG, "1")
    assert not explore._someone_watches()
