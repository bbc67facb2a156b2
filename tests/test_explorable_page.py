"""Explorables in headless Chromium: on a small page of their own, under the site's Content-Security-Policy."""

import http.server
import re
import shutil
import threading

import numpy as np
import pytest
from activations import charts, explore
from activations.charts import Axis, Bars, Chart, HeatMap, Line, Points, Span

pytestmark = pytest.mark.browser

playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright: pip install -r requirements-dev.txt")

POLICY = "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
X = np.linspace(-3, 3, 61)


def steep(scale, name):
    f = {"tanh": np.tanh, "sine": np.sin}[name]
    marks = [Span(-np.inf, -1, label="left"), Line(X, f(scale * X), label="f"), Points([0], [0], label="origin")]
    return Chart(
        Axis("x", limits=(-3, 3)), Axis("y", limits=(-1.2, 1.2)), marks, words=f"{name}, {scale} times as steep."
    )


def landscape(turn):
    z = np.add.outer((X[::4] + 1) ** 2, turn * (X[::4] - 1) ** 2)  # each corner differs
    path = Line([2, 1, 0], [2, -1, 0], label="path", dots=True)
    bars = Chart("length", "name", [Bars(["a", "b"], [turn, 2])], words=f"Bars of {turn} and 2.")
    return Chart("u", "v", [HeatMap(X[::4], X[::4], z, "loss", levels=[2, 5]), path], words="A bowl.", equal=True), bars


@pytest.fixture(scope="module")
def explorables():
    return [
        explore.explore(steep, scale=[0.5, 1, 2, 4], name=["tanh", "sine"], play="scale", caption="A <slope> & more."),
        explore.explore(landscape, turn=explore.Control([1, 2, 3], "turn of the bowl", 2)),
    ]


@pytest.fixture(scope="module")
def address(tmp_path_factory, explorables):
    """The address of a served folder with one page of two explorables, the second far below the first."""
    folder = tmp_path_factory.mktemp("site")
    for module in explore.FRONTEND.glob("*.mjs"):
        shutil.copy(module, folder)
    (folder / "explorable.css").write_text(explore.stylesheet(), encoding="utf-8")
    (folder / "index.html").write_text(
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        '<title>Explorables</title><link rel="icon" href="data:,"><link rel="stylesheet" href="explorable.css">'
        "<style>html[data-theme=dark] body { background: #121212; color: #eee }</style>"
        f"<main><h1>Explorables</h1>{explorables[0].as_html()}<div style='height:4000px'></div>"
        f'{explorables[1].as_html()}</main><script type="module" src="host.mjs"></script></html>',
        encoding="utf-8",
    )
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def handler(folder):
    class Handler(http.server.SimpleHTTPRequestHandler):
        extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | {".mjs": "text/javascript"}

        def __init__(self, *args):
            super().__init__(*args, directory=folder)

        def end_headers(self):
            self.send_header("Content-Security-Policy", POLICY)
            super().end_headers()

        def log_message(self, *args):
            pass

    return Handler


@pytest.fixture
def open_page(browser, address):
    """A function that opens the page; afterwards no console error, no page error and no outside request may be left."""
    contexts, faults = [], []

    def open_at(path="", width=900, live=True, **options):
        context = browser.new_context(viewport={"width": width, "height": 800}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(5000)
        page.on("console", lambda message: message.type == "error" and faults.append(message.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: request.url.startswith((address, "data:")) or faults.append(request.url))
        page.goto(address + path)
        if live:
            page.wait_for_selector(".explorable[data-live]")
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert not faults


def first(page):
    return page.locator(".explorable[data-name]").first


def settled(page):
    """Wait for the drawing and the layout of the next two frames."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def drawn_line(root, mark=1):
    """The points of a line as the page shows it, as fractions of the plot."""
    plot = root.locator("svg.plot").first
    width, height = (float(plot.get_attribute(name)) for name in ("width", "height"))
    path = plot.locator(f'path[data-mark="{mark}"]').first.get_attribute("d")
    points = np.array([[float(number) for number in pair] for pair in re.findall(r"([-\d.]+),([-\d.]+)", path)])
    return points[:, 0] / width, 1 - points[:, 1] / height, 1 / height


def point_on(root, x, y):
    """Where a point, given as fractions of the plot, stands on the screen."""
    corner = root.locator("svg[role=img]").first.bounding_box()
    plot = root.locator("svg.plot").first
    left, top, width, height = (float(plot.get_attribute(name)) for name in ("x", "y", "width", "height"))
    return corner["x"] + left + x * width, corner["y"] + top + (1 - y) * height


def is_drawn(root, chart):
    x, y, pixel = drawn_line(root)
    assert x == pytest.approx((chart.marks[1].x + 3) / 6, abs=pixel / 2)
    assert y == pytest.approx((chart.marks[1].y + 1.2) / 2.4, abs=pixel / 2)
    return True


def test_every_choice_draws_what_python_computed(open_page):
    page = open_page()
    root = first(page)
    for index, scale in enumerate([0.5, 1, 2, 4]):
        for name in ("tanh", "sine"):
            root.locator("input").fill(str(index))
            root.locator("select").select_option(name)
            settled(page)
            assert is_drawn(root, steep(scale, name))
            assert root.locator("output").first.text_content() == f"{scale:g}"


def test_keyboard_alone_reaches_every_value(open_page):
    page = open_page()
    root = first(page)
    page.keyboard.press("Tab")
    seen = []
    for key in ("Home", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
        settled(page)
        seen.append(root.locator("input").get_attribute("aria-valuetext"))
    assert seen == ["0.5", "1", "2", "4", "4"]
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    settled(page)
    assert is_drawn(root, steep(4, "sine"))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Play"


def test_controls_have_names_and_the_sentence_is_announced_once_it_rests(open_page):
    page = open_page()
    assert page.get_by_label("scale", exact=True).count() == 1
    assert page.get_by_label("turn of the bowl").count() == 0, "far away: not yet decoded"
    words = first(page).locator(".words[aria-live]")
    assert words.get_attribute("aria-live") == "polite"
    page.get_by_label("scale", exact=True).fill("3")
    settled(page)
    assert words.text_content() == "tanh, 0.5 times as steep."
    playwright.expect(words).to_have_text("tanh, 4 times as steep.")
    assert first(page).locator("svg[role=img]").get_attribute("aria-label") == "tanh, 4 times as steep."


def test_text_from_python_stays_text(open_page):
    assert first(open_page()).locator("p.caption").text_content() == "A <slope> & more."


def test_hover_and_arrow_keys_read_the_nearest_value(open_page):
    page = open_page()
    root = first(page)
    page.mouse.move(*point_on(root, 0.5, 0.5))
    readout = root.locator(".readout")
    assert readout.text_content() in ("f: x = 0, y = 0", "origin: x = 0, y = 0")
    page.mouse.move(5, 5)
    assert readout.text_content().startswith("Point at")
    root.locator(".picture").focus()
    for key in ("ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    assert readout.text_content() == "f: x = −2.900, y = −0.896"
    assert readout.get_attribute("aria-live") == "polite", "who walks by key hears what is read"


def test_touch_reads_too_and_the_reading_follows_the_controls(open_page):
    page = open_page(has_touch=True)
    root = first(page)
    page.touchscreen.tap(*point_on(root, 4 / 6, (np.tanh(0.5) + 1.2) / 2.4))
    readout = root.locator(".readout")
    assert readout.text_content() == f"f: x = 1.000, y = {np.tanh(0.5):.3f}"
    root.locator("input").fill("2")
    settled(page)
    assert readout.text_content() == f"f: x = 1.000, y = {np.tanh(2):.3f}"


def test_a_heat_map_is_read_where_no_line_is_near(open_page):
    page = open_page("#landscape.turn=1")
    root = page.locator('[data-name="landscape"]')
    root.locator(".picture").first.scroll_into_view_if_needed()
    page.mouse.move(*point_on(root, 1 / 32, 1 / 32))
    assert re.fullmatch(r"loss = 20.00 at u = −3\.0\d+, v = −3\.0\d+", root.locator(".readout").text_content())


def test_play_runs_to_the_end_and_a_hand_on_a_control_stops_it(open_page):
    page = open_page()
    button = page.get_by_role("button", name="Play")
    button.click()
    playwright.expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.get_by_label("scale", exact=True).fill("0")
    playwright.expect(button).to_be_visible()
    page.wait_for_timeout(700)
    assert first(page).locator("output").first.text_content() == "0.5"
    button.click()
    playwright.expect(first(page).locator("output").first).to_have_text("4")
    playwright.expect(button).to_be_visible()


def test_reduced_motion_steps_once_a_press(open_page):
    page = open_page(reduced_motion="reduce")
    page.get_by_role("button", name="Next step").click()
    page.wait_for_timeout(900)
    assert first(page).locator("output").first.text_content() == "1"


def test_address_keeps_the_choice_and_brings_it_back(open_page):
    page = open_page("#steep.scale=2&steep.name=sine&landscape.turn=3")
    assert is_drawn(first(page), steep(2, "sine"))
    page.get_by_label("scale", exact=True).fill("3")
    playwright.expect(page).to_have_url(re.compile("#landscape.turn=3&steep.scale=4&steep.name=sine$"))
    page.evaluate("location.hash = '#steep.scale=0.5&steep.name=tanh'")
    settled(page)
    assert is_drawn(first(page), steep(0.5, "tanh"))


def test_address_brings_a_far_explorable_into_view(open_page):
    page = open_page("#landscape.turn=3")
    page.wait_for_selector('[data-name="landscape"][data-live]')
    assert page.get_by_label("turn of the bowl").input_value() == "2"
    assert page.evaluate("scrollY") > 2000


def test_two_on_a_page_do_not_disturb_each_other(open_page):
    page = open_page("#landscape.turn=1")
    page.wait_for_selector('[data-name="landscape"][data-live]')
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_selector('[data-name="steep"][data-live]')
    page.get_by_label("turn of the bowl").fill("2")
    settled(page)
    assert is_drawn(first(page), steep(0.5, "tanh"))
    assert page.get_by_label("scale", exact=True).input_value() == "0"


def test_heat_map_has_the_colours_of_its_values(open_page, explorables):
    page = open_page("#landscape.turn=2")
    canvas = page.wait_for_selector('[data-name="landscape"] canvas.heat')
    seen = canvas.evaluate("c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]")
    pixels = np.array(seen).reshape(16, 16, 4)[::-1, :, :3]
    z = landscape(2)[0].marks[0].z
    assert np.corrcoef(z.ravel(), -pixels.sum(axis=2).ravel())[0, 1] > 0.95, "dark where high"
    assert pixels[np.unravel_index(z.argmin(), z.shape)].min() > 240
    assert pixels[np.unravel_index(z.argmax(), z.shape)].tolist() == [8, 48, 107], "the last colour of the map"


@pytest.mark.parametrize("width", [320, 360, 700, 1400])
def test_it_fits_every_width_and_follows_a_resize(open_page, width):
    page = open_page(width=900)
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_selector('[data-name="landscape"][data-live]')
    page.wait_for_timeout(100)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for picture in page.locator(".picture").all():
        svg = picture.locator("> svg").bounding_box()
        assert svg["width"] == pytest.approx(picture.bounding_box()["width"], abs=1)


def test_theme_switch_recolours_at_once(open_page):
    page = open_page()
    colour = "getComputedStyle(document.querySelector('.plot .line')).stroke"
    light = page.evaluate(colour)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    dark = page.evaluate(colour)
    as_rgb = [f"rgb({', '.join(str(int(c[i : i + 2], 16)) for i in (1, 3, 5))})" for c in charts.PALETTE["ink"]]
    assert [light, dark] == as_rgb


def test_print_shows_the_figure_in_the_colours_of_paper(open_page):
    page = open_page()
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.emulate_media(media="print")
    assert page.locator(".plot .line").first.is_visible()
    assert not page.get_by_role("button").first.is_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('.plot .line')).stroke") == "rgb(34, 34, 34)"


def test_without_scripts_the_static_body_stands(open_page):
    page = open_page(live=False, java_script_enabled=False)
    image = page.locator(".explorable img").first
    assert image.is_visible() and image.get_attribute("alt") == "tanh, 0.5 times as steep."
    assert "scale 0.5, name tanh" in page.locator(".explorable .words").first.text_content()


def test_static_body_gives_way_to_the_live_one(open_page):
    page = open_page()
    assert not first(page).locator("img").is_visible()
    far = page.locator('[data-name="landscape"] img')
    assert far.is_visible(), "the far one is still to be decoded"
    assert far.evaluate("image => image.naturalWidth") > 300


def test_clean_up_leaves_nothing_behind(open_page, explorables):
    page = open_page()
    left = page.evaluate(
        """async () => {
          const { render } = await import("./explorable.mjs");
          const { standIn } = await import("./host.mjs");
          const text = document.querySelector(".explorable").dataset.payload;
          const payload = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
          const model = standIn({ payload, selection: {} });
          let asked = 0;
          const get = model.get;
          model.get = (key) => (asked++, get(key));
          const el = document.body.appendChild(document.createElement("div"));
          const clean = await render({ model, el });
          const before = el.querySelectorAll("svg.plot").length;
          clean();
          asked = 0;
          model.set("selection", { scale: 4 });
          await new Promise(requestAnimationFrame);
          return [before, el.childElementCount, asked];
        }"""
    )
    assert left == [1, 0, 0]


def test_axe_finds_no_violation(open_page):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = open_page(bypass_csp=True)
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_selector('[data-name="landscape"][data-live]')
    for theme in ("light", "dark"):
        page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        report = axe.Axe().run(page)
        assert report.violations_count == 0, report.generate_report()
