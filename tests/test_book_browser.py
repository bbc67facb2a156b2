"""The built book in headless Chromium, under the site's Content-Security-Policy: every explorable, every page."""

import gzip
import re

import numpy as np
import pytest
from activations import catalogue, gallery
from activations.charts import Chart, Curves, Line
from activations.experiments import (
    accuracy,
    approximation,
    clinic_charts,
    clinic_measures,
    convex,
    dying,
    gate_charts,
    guide,
    maximum_entropy,
    meeting,
    museum,
    neuron,
    plane,
    precision,
    recurrent,
    regions,
    remedies,
    selu,
    softmax,
    vanishing,
    workbench,
    xor,
    zigzag,
)
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

EXPLORABLES = [
    ("neuron", "response", neuron.response),
    ("affine-collapse", "bend", plane.chart),
    ("sigmoid", "microscope", gallery.sigmoid_microscope),
    ("catalogue", "explorer", gallery.activation_explorer),
    ("xor", "surface", xor.surface),
    ("universal-approximation", "fit_chart", approximation.fit_chart),
    ("softmax", "simplex_chart", softmax.simplex_chart),
    ("softmax", "bars_chart", softmax.bars_chart),
    ("maximum-entropy", "die_chart", maximum_entropy.die_chart),
    ("initialisation", "maps", meeting.maps_chart),
    ("recurrent", "time_chart", recurrent.time_chart),
    ("relu", "regions", regions.turning_chart),
    ("zero-centred", "path_chart", zigzag.path_chart),
    ("leaky-family", "family_chart", selu.family_chart),
    ("vanishing-gradients", "chain", vanishing.chain_chart),
    ("vanishing-gradients", "gradient", vanishing.gradient_chart),
    ("vanishing-gradients", "histogram", remedies.histogram_chart),
    ("dying-relu", "death_chart", dying.death_chart),
    ("smooth-gates", "gate_opening", gate_charts.gate_opening),
    ("smooth-gates", "swish", gate_charts.swish),
    ("smooth-gates", "turned_gate", gate_charts.turned_gate),
    ("floating-point", "steps_chart", precision.steps_chart),
    ("floating-point", "digits_chart", accuracy.digits_chart),
    ("maxout", "pieces_chart", convex.pieces_chart),
    ("choosing", "candidates", guide.candidates_chart),
    ("design-your-own", "workbench", workbench.workbench),
    ("error-museum", "formula_chart", museum.formula_chart),
    ("debugging-clinic", "measured_chart", clinic_charts.measured_chart),
    ("debugging-clinic", "histogram_chart", clinic_charts.histogram_chart),
]


def _pages(book):
    found = (path.relative_to(book).as_posix() for path in book.rglob("*.html"))
    return sorted(page for page in found if not page.startswith("_static/"))


@pytest.fixture
def open_page(browser, site):
    """Open a page; when the test ends, nothing may have been logged as an error or asked of another host."""
    contexts, faults = [], []

    def open_at(path, width=1280, wait="load", **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: message.type == "error" and faults.append(message.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: request.url.startswith((site, "data:")) or faults.append(request.url))
        page.goto(f"{site}/{path}", wait_until=wait)
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert not faults


_PAPER = 717
"""The width of what is printed on A4, in pixels."""
_COLUMNS = 80


def _live(page, name):
    """The explorable of that name, brought into view and to life."""
    root = page.locator(f'.explorable[data-name="{name}"]')
    root.scroll_into_view_if_needed()
    page.wait_for_selector(f'.explorable[data-name="{name}"][data-live]')
    return root


def _typeset(page):
    """Wait until the fonts of the page's mathematics are there, and what follows from its size has been done."""
    page.evaluate("async () => { await document.fonts.ready; return null }")
    page.evaluate(_TWO_FRAMES)


_TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def _choose_last(page, root):
    """Move every control to its last value, by keyboard alone."""
    for control in root.locator("input[type=range], select").all():
        control.focus()
        page.keyboard.press("End")
    page.evaluate(_TWO_FRAMES)


def _drawn(root, mark, piece=0):
    """A polyline of the drawing, as fractions of the plot."""
    plot = root.locator("svg.plot").first
    width, height = (float(plot.get_attribute(side)) for side in ("width", "height"))
    path = plot.locator(f'path[data-mark="{mark}"]').nth(piece).get_attribute("d")
    points = np.array([[float(x), float(y)] for x, y in re.findall(r"([-\d.]+),([-\d.]+)", path)])
    return points[:, 0] / width, 1 - points[:, 1] / height, 1 / min(width, height)


LAST = {
    "response": {"w1": 2, "w2": 2, "b": 2, "activation": "heaviside"},
    "bend": {"depth": 6, "activation": "sine"},
    "microscope": {"point": 5, "scale": 4, "shift": 3},
    "explorer": {"activation": catalogue.names("one")[-1], "factor": 4},
    "surface": {"activation": "identity", "start": 4, "step": xor.STEPS[-1]},
    "fit_chart": {"target": [*approximation.TARGETS][-1], "hidden": [*approximation.HIDDEN][-1], "units": 32},
    "simplex_chart": {"first": 2, "second": 2, "third": 2, "temperature": 10},
    "bars_chart": {"lead": 3, "temperature": 5},
    "die_chart": {"mean": 5.9},
    "maps": {"activation": "sigmoid", "weight": 3.0, "bias": 0.6},
    "time_chart": {"radius": 2.0, "inputs": 1.0, "activation": "identity"},
    "regions": {"turn": 348, "shift": 0.8, "layers": 2},
    "family_chart": {"kind": selu.FAMILY[-1], "alpha": 2, "variance": "2"},
    "path_chart": {"offset": 2.5, "rate": 0.8, "examples": "one example"},
    "chain": {"weight": 20, "depth": 10},
    "gradient": {"activation": "relu", "depth": vanishing.DEPTHS[-1], "gain": vanishing.GAINS[-1]},
    "histogram": {"activation": "relu", "step": remedies.WATCHES[-1]},
    "death_chart": {"activation": dying.ACTIVATIONS[-1], "rate": dying.RATES[-1]},
    "gate_opening": {"activation": "relu", "point": 4},
    "swish": {"beta": 16},
    "turned_gate": {"activation": "swiglu", "angle": 90},
    "steps_chart": {"activation": "tanh", "kind": "float64", "form": "torch"},
    "digits_chart": {"activation": "mish", "kind": "float32", "window": "−120 to 120"},
    "pieces_chart": {"target": [*convex.TARGETS][-1], "pieces": 8},
    "candidates": {
        "outputs": "never negative",
        "slope": "without jumps",
        "ends": "never flat",
        "arithmetic": "no exponential",
    },
    "workbench": {"left": 1, "bend": 2, "lift": 0.5},
    "formula_chart": {"formula": [*museum.FORMULAS][-1], "point": 4},
    "measured_chart": {"patient": "patient 12", "measurement": "step against gradient", "when": "last step"},
    "histogram_chart": {"patient": "patient 12", "layer": clinic_measures.LAYERS[2], "when": "last step"},
}


@pytest.mark.parametrize(("chapter", "name", "chart_of"), EXPLORABLES, ids=[name for _, name, _ in EXPLORABLES])
def test_every_control_leads_to_what_python_computed(open_page, chapter, name, chart_of):
    page = open_page(f"chapters/{chapter}.html")
    root = _live(page, name)
    _choose_last(page, root)
    made = chart_of(**LAST[name])
    panels = (made,) if isinstance(made, Chart) else tuple(made)
    expect(root).to_contain_text(" ".join(panel.words for panel in panels))
    chart = panels[0]
    for number, mark in enumerate(chart.marks):
        if not isinstance(mark, (Line, Curves)) or chart.x.limits is None or chart.y.limits is None:
            continue
        band = getattr(mark, "lo", None) is not None  # it is drawn first, below its line
        x, y, pixel = _drawn(root, number, piece=int(band))
        for shown, axis, numbers in ((x, chart.x, mark.x), (y, chart.y, mark.y)):
            scale = np.log10 if axis.scale == "log" else np.asarray
            low, high = scale(axis.limits)
            drawn = ~np.isnan(np.ravel(mark.y))  # a gap lifts the pen
            expected = (scale(np.ravel(numbers)[drawn]) - low) / (high - low)
            inside = np.abs(expected) < 2
            assert shown[inside] == pytest.approx(expected[inside], abs=pixel)


def test_every_explorable_of_the_book_comes_to_life(open_page, built_book):
    for path in _pages(built_book):
        soup = BeautifulSoup((built_book / path).read_text(encoding="utf8"), "html.parser")
        roots = soup.select(".explorable[data-payload]")
        if not roots:
            continue
        page = open_page(path)
        for number in range(len(roots)):
            root = page.locator(".explorable[data-payload]").nth(number)
            root.scroll_into_view_if_needed()
            root.locator("svg.plot").first.wait_for(state="attached")
            assert "NaN" not in root.locator("svg[role=img]").first.inner_html()
            assert root.evaluate("(one) => one.hasAttribute('data-live')")


def test_the_address_shares_a_choice(open_page):
    page = open_page("chapters/sigmoid.html#microscope.scale=4&microscope.point=2")
    root = _live(page, "microscope")
    expect(root).to_contain_text(gallery.sigmoid_microscope(4, 0, 2).words)


def test_the_theme_switch_recolours_an_explorable_at_once(open_page):
    page = open_page("chapters/sigmoid.html", color_scheme="light")
    root = _live(page, "microscope")
    colour = "(one) => getComputedStyle(one.querySelector('svg.plot path[data-mark]')).stroke"
    light = root.evaluate(colour)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert root.evaluate(colour) != light


def _violations(page, **options):
    """What axe finds, by rule, with the first element that breaks it."""
    # Without preload, in which axe asks for style sheets by addresses that it resolves wrongly.
    found = Axe().run(page, options={"preload": False, "resultTypes": ["violations"]} | options).response
    return [(violation["id"], violation["nodes"][0]["html"][:120]) for violation in found["violations"]]


# The scheme changes colours alone, so only the rules that look at colours have to look again.
_COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"]}


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize(("scheme", "rules"), [("light", {}), ("dark", _COLOURS)])
def test_axe_finds_no_violation_on_any_page(open_page, built_book, scheme, rules, width):
    found = {}
    for path in _pages(built_book):
        page = open_page(path, width, wait="networkidle", color_scheme=scheme)
        _typeset(page)
        found[path] = _violations(page, **rules)
        page.close()
    assert not {path: violations for path, violations in found.items() if violations}


@pytest.mark.parametrize(("scheme", "rules"), [("light", {}), ("dark", _COLOURS)])
def test_axe_sees_a_planted_fault_in_each_scheme(open_page, scheme, rules):
    page = open_page("chapters/bibliography.html", color_scheme=scheme)
    grey = '<span style="color: #777; background: #888">grey</span>'
    page.evaluate("(grey) => { document.querySelector('article p').innerHTML = grey }", grey)
    assert [rule for rule, _ in _violations(page, **rules)] == ["color-contrast"]


def test_no_page_scrolls_sideways_at_320_pixels(open_page, built_book):
    wide = {}
    for path in _pages(built_book):
        page = open_page(path, 320, wait="networkidle")
        _typeset(page)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > 320:
            wide[path] = width
        page.close()
    assert not wide


def test_without_scripts_pages_read_and_show_static_bodies(open_page):
    page = open_page("chapters/sigmoid.html", java_script_enabled=False)
    root = page.locator(".explorable").first
    assert root.locator("img").is_visible() and root.locator("p.words").is_visible()
    badge = page.locator(".claim > details").first
    badge.locator("summary").first.click()
    assert badge.get_by_text("Evidence.").is_visible()


def test_opened_from_disk_pages_read_with_static_bodies(browser, built_book):
    page = browser.new_page()
    page.goto((built_book / "chapters" / "sigmoid.html").as_uri())
    root = page.locator(".explorable").first
    assert root.locator("img").is_visible()
    assert "Where the sigmoid comes from" in page.title()
    page.close()


def test_print_shows_the_figure(open_page):
    page = open_page("chapters/sigmoid.html")
    root = _live(page, "microscope")
    page.emulate_media(media="print")
    assert root.locator("svg[role=img]").first.is_visible()


_CUT = """() => {
  window.dispatchEvent(new Event("beforeprint"));  // solutions open
  const shown = [...document.querySelectorAll("article :is(pre, mjx-container[display], table, img)")]
    .filter((one) => one.checkVisibility() && getComputedStyle(one).overflowX !== "visible");
  return shown.filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent.slice(0, 60));
}"""


def test_paper_shows_every_line_whole(open_page, built_book):
    cut = {}
    for path in _pages(built_book):
        page = open_page(path, _PAPER, wait="networkidle")
        page.emulate_media(media="print")
        _typeset(page)
        cut[path] = page.evaluate(_CUT)
        page.close()
    assert not {path: lines for path, lines in cut.items() if lines}


def test_what_cells_print_fits_beside_the_contents(built_book):
    for path in _pages(built_book):
        soup = BeautifulSoup((built_book / path).read_text(encoding="utf8"), "html.parser")
        for output in soup.select("article .cell_output pre"):
            wide = [line for line in output.text.splitlines() if len(line) > _COLUMNS]
            assert not wide or output.find_parent(class_="claim"), (path, wide)


def test_captions_are_text_to_be_read(open_page):
    page = open_page("chapters/affine-collapse.html", color_scheme="dark")
    seen = "(one) => { const { color, fontWeight } = getComputedStyle(one); return [color, fontWeight] }"
    text = page.locator("article p").first.evaluate(seen)
    captions = page.locator("article figcaption")
    assert captions.count() > 2
    assert all(caption.evaluate(seen) == text for caption in captions.all())


def test_pictures_have_alt_texts_that_say_something(built_book):
    for path in _pages(built_book):
        soup = BeautifulSoup((built_book / path).read_text(encoding="utf8"), "html.parser")
        for picture in soup.select("article img"):
            alt = picture.get("alt", "")
            assert len(alt.split()) >= 5 and not re.search(r"[0-9a-f]{16}", alt), (path, alt)


def test_an_explorable_adds_less_than_80_kilobytes(built_book):
    for path in _pages(built_book):
        soup = BeautifulSoup((built_book / path).read_text(encoding="utf8"), "html.parser")
        for root in soup.select(".explorable[data-payload]"):
            assert len(gzip.compress(str(root).encode())) < 80_000, (path, root["data-name"])
