"""What a page of the built book costs a reader, and that what is loaded late or in one piece still does its work."""

import gzip
import re

import pytest
from fontTools.ttLib import TTFont
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

REQUESTS, BYTES = 25, 400_000
PACKED = (".woff2", ".png")


@pytest.fixture
def open_page(browser, site):
    """Open a page; the second part of the pair are the responses that it got. No error may be logged."""
    contexts, faults = [], []

    def open_at(path, **options):
        contexts.append(browser.new_context(viewport={"width": 1280, "height": 900}, **options))
        page, responses = contexts[-1].new_page(), []
        page.on("console", lambda message: message.type == "error" and faults.append(message.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("response", lambda response: responses.append(response))
        page.goto(f"{site}/{path}", wait_until="networkidle")
        return page, responses

    yield open_at
    for context in contexts:
        context.close()
    assert not faults


def _weight(response) -> int:
    body = response.body()
    return len(body) if response.url.split("?")[0].endswith(PACKED) else len(gzip.compress(body))


def test_no_page_is_heavy(open_page, built_book):
    pages = [path for path in built_book.rglob("*.html") if built_book / "_static" not in path.parents]
    assert len(pages) > 25
    heavy = {}
    for path in pages:
        page, responses = open_page(path.relative_to(built_book).as_posix())
        cost = len(responses), sum(map(_weight, responses))
        page.close()
        if cost[0] > REQUESTS or cost[1] > BYTES:
            heavy[path.name] = cost
    assert not heavy


def test_every_static_file_of_a_page_carries_its_digest(open_page):
    _, responses = open_page("chapters/softmax.html")
    static = [response.url for response in responses if "/_static/" in response.url]
    assert len(static) > 10
    assert not [url for url in static if not re.search(r"\?v=[0-9a-f]{8}$", url)]


def test_fonts_hold_the_characters_that_formulas_show_and_few_more(built_book):
    style = (built_book / "_static" / "mathematics.css").read_text(encoding="utf8")
    fonts = {path.stem: path for path in (built_book / "_static" / "mathematics").glob("*.woff2")}
    italic = re.findall(r'\.mjx-c([0-9A-F]+)\.TEX-I::before {[^}]*content: "(\\?[^"]+)"', style)
    shown = {int(text[1:], 16) if text.startswith("\\") else ord(text) for _, text in italic}
    assert len(shown) > 30
    assert shown <= set(TTFont(fonts["MathJax_Math-Italic"]).getBestCmap())
    assert sum(path.stat().st_size for path in fonts.values()) < 250_000
    assert fonts["MathJax_Main-Regular"].stat().st_size < 20_000


def test_formulas_are_drawn_with_their_fonts(open_page):
    page, _ = open_page("chapters/softmax.html")
    loaded = page.evaluate("[...document.fonts].filter(font => font.status === 'loaded').map(font => font.family)")
    assert {"MJXTEX", "MJXTEX-I"} <= {family.strip('"') for family in loaded}


def test_search_finds_another_name_and_no_other_page_loads_the_index(open_page):
    page, responses = open_page("chapters/relu.html")
    assert not [response.url for response in responses if "searchindex" in response.url]
    page.keyboard.press("Control+k")
    page.locator("#pst-search-dialog input[name=q]").fill("swish")
    page.keyboard.press("Enter")
    first = page.locator("#search-results li a").first
    expect(first).to_be_visible()
    found = [link.get_attribute("href").split("?")[0] for link in page.locator("#search-results li a").all()[:2]]
    assert any("smooth-gates.html" in link for link in found) and any("catalogue.html" in link for link in found)


def test_code_is_copied_and_a_hidden_cell_opens(open_page):
    page, _ = open_page("chapters/softmax.html", permissions=["clipboard-read", "clipboard-write"])
    code = page.locator("div.highlight:visible").first
    code.hover()
    code.locator("button.copybtn").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.strip() and copied.strip() == code.locator("pre").inner_text().strip()
    hidden = page.locator("details.hide, details.toggle-details, details.admonition").first
    hidden.locator("summary").click()
    expect(hidden).to_have_attribute("open", "")


def test_figures_wait_until_the_reader_comes_near_and_are_all_there_in_print(open_page):
    page, responses = open_page("chapters/catalogue.html")
    drawn = "[...document.querySelectorAll('article img[loading=lazy]')].map(image => image.naturalWidth > 0)"
    assert not all(page.evaluate(drawn)) and len(page.evaluate(drawn)) > 20
    assert all(page.evaluate("[...document.images].map(image => image.width / image.height > 0.2)"))
    page.pdf()
    assert all(page.evaluate(drawn))


@pytest.mark.parametrize("width", [360, 1280])
def test_figures_keep_their_shape(open_page, width):
    page, _ = open_page("chapters/relu.html")
    page.set_viewport_size({"width": width, "height": 800})
    shapes = page.evaluate(
        "[...document.querySelectorAll('article img[height]')].map(image =>"
        " [image.clientWidth, image.clientHeight, image.getAttribute('width') / image.getAttribute('height')])"
    )
    assert len(shapes) > 3
    assert all(wide / high == pytest.approx(shape, rel=0.02) for wide, high, shape in shapes)
