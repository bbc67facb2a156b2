"""The title page: its sheet is what it says, its numbers are counted, its doors open, and it cites the book rightly."""

import functools
import gzip
import os
import re
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import sphinx_external_toc.parsing as toc
from activations import explore, figures
from activations.experiments import sheet
from bs4 import BeautifulSoup

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "index.md").read_text(encoding="utf8")

sys.path.insert(0, str(ROOT / "_ext"))
import counts  # noqa: E402
import how_to_cite  # noqa: E402

# --- the sheet -------------------------------------------------------------------------------------------------------


def test_without_an_activation_the_sheet_is_flat_and_the_same_at_every_depth():
    first = sheet.sheet(1, "none")
    for depth in sheet.DEPTHS:
        one = sheet.sheet(depth, "none")
        assert np.allclose(one.heights, one.flat, atol=1e-12)
        assert np.allclose(one.heights, first.heights, atol=1e-9), "only the view may be turned"
        assert "flat" in sheet.chart(depth, "none").words


@pytest.mark.parametrize("activation", sheet.ACTIVATIONS[1:])
def test_every_activation_bends_it_at_every_depth(activation):
    for depth in sheet.DEPTHS:
        one = sheet.sheet(depth, activation)
        assert (one.heights.min(), one.heights.max()) == (-1, 1)
        assert 0 <= one.share < 0.995
        assert f"explains {100 * one.share:.0f} %" in sheet.chart(depth, activation).words


@pytest.mark.parametrize("seed", range(20))
def test_another_draw_says_the_same(seed):
    assert sheet.sheet(4, "none", seed=seed).share == pytest.approx(1, abs=1e-12)
    assert sheet.sheet(4, "relu", seed=seed).share < 0.97


def test_the_share_is_that_of_the_best_flat_sheet():
    one = sheet.sheet(3, "tanh", count=21)
    along = np.linspace(-1, 1, 21)
    x, y = np.meshgrid(along, along, indexing="ij")
    # On a symmetric grid the columns 1, x, y are orthogonal: each coefficient is a mean.
    slopes = (np.mean(one.heights * x) / np.mean(x**2), np.mean(one.heights * y) / np.mean(y**2))
    explained = slopes[0] ** 2 * np.mean(x**2) + slopes[1] ** 2 * np.mean(y**2)
    assert one.share == pytest.approx(explained / np.var(one.heights), rel=1e-12)


def test_a_deeper_network_begins_with_the_layers_of_the_shallower_one(monkeypatch):
    drawn = []
    real = np.random.default_rng

    class Recorded:
        def __init__(self, seed):
            self.rng, self.numbers = real(seed), []
            drawn.append(self.numbers)

        def normal(self, **settings):
            self.numbers.append(self.rng.normal(**settings))
            return self.numbers[-1]

    monkeypatch.setattr(np.random, "default_rng", Recorded)
    points = np.zeros((1, 2))
    for depth, activation in ((2, "relu"), (3, "sine")):
        sheet._outputs(points, depth, activation, seed=0)
    short, long = drawn
    assert len(long) == len(short) + 2
    assert all(np.array_equal(a, b) for a, b in zip(short, long, strict=False))


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="depth must be 1 or more, got 0"):
        sheet.sheet(0)
    with pytest.raises(KeyError, match="did you mean"):
        sheet.sheet(2, "relux")


def test_it_is_light():
    made = explore.explore(sheet.chart, depth=sheet.DEPTHS, activation=sheet.ACTIVATIONS)
    assert made.frames == len(sheet.DEPTHS) * len(sheet.ACTIVATIONS)
    assert len(made.payload) < 80_000
    assert len(gzip.compress(made.as_html().encode())) < 100_000


def test_a_bare_chart_has_no_axes_on_paper():
    assert not figures.draw(sheet.chart(2, "relu")).axison
    assert figures.draw(sheet.chart(2, "relu")).get_aspect() == 1


# --- the text --------------------------------------------------------------------------------------------------------


def test_the_explorable_stands_before_everything_but_the_title_and_its_question():
    before = PAGE.split("# Why Nonlinear?")[1].split("```{code-cell}")[0]
    assert before.count("?") == 1 and len(before.split()) < 30
    assert "sheet.chart" in PAGE.split("```{code-cell}")[1]


def test_every_door_leads_to_a_page_of_the_book():
    doors = PAGE.split("{.doors}")[1].split("\n## ")[0]
    targets = re.findall(r"^- \[[^]]+\]\(([^)]+)\.md\)", doors, re.M)
    assert len(targets) == 3
    assert set(re.findall(r"\]\(([^)]+)\.md\)", PAGE)) <= set(toc.parse_toc_yaml(ROOT / "_toc.yml"))


def test_its_numbers_are_computed():
    special = PAGE.split("## What is special")[1].split("## How to read it")[0]
    prose = re.sub(r"```.*?```", "", special, flags=re.S)
    assert prose.count("{glue:text}") >= 6 and "{count}`questions`" in prose
    assert re.findall(r"\d+", prose) == ["20"], "the least number of seeds is a rule of the book, no result"


# --- what is counted -------------------------------------------------------------------------------------------------


def test_questions_are_counted():
    texts = [path.read_text(encoding="utf8") for path in (ROOT / "chapters").glob("*.md")]
    by_lines = sum(
        line.lstrip("`:").startswith(("{check-yourself}", "{interview}"))
        for text in texts
        for line in text.splitlines()
    )
    assert counts.count("questions", texts) == by_lines > 100


# --- how to cite -----------------------------------------------------------------------------------------------------

CFF = (ROOT / "CITATION.cff").read_text(encoding="utf8")


def test_the_citation_is_the_files():
    told = how_to_cite.citation(CFF)
    assert told["title"] == "Why Nonlinear? Activation functions, proved and measured"
    assert re.fullmatch(r"20\d\d", told["year"]) and told["address"].startswith("https://github.com/")
    entry = how_to_cite.bibtex(told)
    assert entry.startswith("@book{why-nonlinear,\n") and entry.count("{") == entry.count("}")
    assert "author = {{The Why Nonlinear? authors}}" in entry and f"year   = {{{told['year']}}}" in entry


def test_persons_are_written_as_bibtex_reads_them():
    told = how_to_cite.citation(
        CFF.replace(
            "- name: The Why Nonlinear? authors",
            "- {family-names: Noether, given-names: Emmy}\n  - {family-names: Gauss, given-names: Carl}",
        )
    )
    assert "author = {Noether, Emmy and Gauss, Carl}" in how_to_cite.bibtex(told)


@pytest.mark.parametrize("key", ["title", "version", "date-released", "repository-code"])
def test_a_citation_that_lacks_something_is_refused(key):
    with pytest.raises(how_to_cite.CitationError, match=f"CITATION.cff: {key} is missing"):
        how_to_cite.citation(re.sub(f"^{key}:.*$", "", CFF, flags=re.M))


# --- the page, built -------------------------------------------------------------------------------------------------


class _Quiet(SimpleHTTPRequestHandler):
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".mjs": "text/javascript"}

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def built(tmp_path_factory, build) -> Path:
    """The title page in a book whose other pages are only titles and one question."""
    folder = tmp_path_factory.mktemp("title")
    for name in (
        "_config.yml",
        "_ext",
        "_static",
        "_templates",
        "code",
        "requirements.txt",
        "CITATION.cff",
        "index.md",
    ):
        os.symlink(ROOT / name, folder / name)
    (folder / "references.bib").write_text("")
    (folder / "chapters").mkdir()
    pages = sorted(set(re.findall(r"\]\((chapters/[^)]+)\.md\)", PAGE)))
    for page in pages:
        question = ":::{check-yourself}\nTwo?\n\n- [x] two\n\n  Yes.\n- [ ] three\n\n  No.\n:::\n"
        (folder / f"{page}.md").write_text(f"# Page {page}\n\n{question}")
    chapters = "".join(f"  - file: {page}\n" for page in pages)
    (folder / "_toc.yml").write_text(f"format: jb-book\nroot: index\nchapters:\n{chapters}")
    done: subprocess.CompletedProcess[str] = build(folder, "-W", "--keep-going")
    assert done.returncode == 0, done.stdout[-4000:]
    return folder / "_build" / "html"


@pytest.fixture(scope="module")
def address(built):
    handler = functools.partial(_Quiet, directory=str(built))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/index.html"
        server.shutdown()


@pytest.mark.slow
def test_the_built_page_counts_and_cites(built):
    soup = BeautifulSoup((built / "index.html").read_text(encoding="utf8"), "html.parser")
    pages = len(list((built / "chapters").glob("*.html")))
    assert f"and {pages} questions tell you" in " ".join(soup.select_one("dl.specials").text.split())
    assert not soup.find_all(string=re.compile(r"\{\.|glue:|\{count\}"))
    box = soup.select_one(".how-to-cite")
    assert (
        box.select_one("em").text.startswith("Why Nonlinear?") and "@book{why-nonlinear" in box.select_one("pre").text
    )
    assert soup.select_one('link[rel="icon"]')["href"].startswith("_static/favicon.svg")


@pytest.mark.slow
@pytest.mark.browser
def test_the_sheet_answers_the_hand_and_has_nothing_to_read_off(browser, address):
    page = browser.new_page()
    page.goto(address)
    root = page.locator('.explorable[data-name="sheet"]')
    words = root.locator(".words:visible")
    page.wait_for_selector('.explorable[data-name="sheet"][data-live]')
    assert "with ReLU" in words.inner_text()
    before = root.locator("path.curves").first.get_attribute("d")
    root.locator("select").select_option("none")
    page.wait_for_function(
        "() => /flat, as it was/.test(document.querySelector('.explorable p.words[aria-live]').innerText)"
    )
    assert root.locator("path.curves").first.get_attribute("d") != before
    assert root.locator(".readout").count() == 0
    assert root.locator(".picture[tabindex]").count() == 0, "a stop on the way by keyboard where nothing is"
    page.close()


@pytest.mark.slow
@pytest.mark.browser
def test_a_door_opens_wherever_it_is_touched_and_its_other_links_stay_links(browser, address):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(address)
    for number in range(3):
        door = page.locator(".doors > li").nth(number)
        first = door.locator("a").first.get_attribute("href")
        box = door.bounding_box()
        door.click(position={"x": box["width"] - 8, "y": box["height"] - 8})
        assert page.url.endswith(first)
        page.go_back()
    page.locator(".doors a", has_text="catalogue").click()
    assert page.url.endswith("catalogue.html")
    page.close()


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (360, "dark"), (1280, "light")])
def test_it_fits_and_checkers_find_nothing(browser, address, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto(address, wait_until="networkidle")
    page.wait_for_selector(".explorable[data-live]")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    found = Axe().run(page, options={"preload": False}).response["violations"]
    assert not [(one["id"], one["nodes"][0]["html"]) for one in found]
    page.close()


@pytest.mark.slow
@pytest.mark.browser
def test_it_reads_without_scripts(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    assert page.locator(".explorable img").is_visible()
    assert page.locator(".explorable p.words").is_visible()
    assert page.locator(".doors > li > p:first-child > a").count() == 3
    context.close()
