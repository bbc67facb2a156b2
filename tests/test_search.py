"""Search by a function's other names: what the index holds, and what Sphinx's own search finds in a browser."""

import functools
import io
import re
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from activations import catalogue
from activations.entries import CHAPTERS, entry, spoken
from bs4 import BeautifulSoup
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

ROOT = Path(__file__).parents[1]
CATALOGUE = "chapters/catalogue.html"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _section(name: str) -> str:
    one = catalogue.get(name)
    labels = "".join(f"(fn-{key.replace('_', '-')})=\n" for key in (*one.other_names, name))
    return f"{labels}### {one.title}\n\nWords about it.\n"


def _write(source: Path) -> None:
    """A book whose pages say nothing of the other names: whatever search finds, it has from the catalogue."""
    chapters = source / "chapters"
    chapters.mkdir(parents=True)
    (chapters / "catalogue.md").write_text(
        "# The catalogue\n\n## All\n\n" + "\n".join(map(_section, catalogue.names()))
    )
    for slug in set(CHAPTERS.values()):
        (chapters / f"{slug}.md").write_text(f"# Chapter {slug}\n\nWords.\n")
    pages = "\n".join(f"chapters/{slug}" for slug in ("catalogue", *sorted(set(CHAPTERS.values()))))
    (source / "words.md").write_text("# Words\n\n```{glossary}\nlearning rate\n  How far one step goes.\n```\n")
    (source / "index.md").write_text(f"# Book\n\n```{{toctree}}\n{pages}\nwords\n```\n")
    (source / "conf.py").write_text("extensions = ['myst_parser', 'other_names']\nhtml_theme = 'basic'\n")


def _build(folder: Path, **options: object) -> str:
    """Build the book that lies in the folder; what Sphinx complained about."""
    warnings = io.StringIO()
    sys.path.insert(0, str(ROOT / "_ext"))
    try:
        with docutils_namespace():
            places = (folder / "source", folder / "source", folder / "out", folder / "trees")
            Sphinx(*places, "html", status=None, warning=warnings, **options).build()
    finally:
        sys.path.remove(str(ROOT / "_ext"))
    return warnings.getvalue()


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """The small book: its folder, and what Sphinx complained about."""
    folder = tmp_path_factory.mktemp("search")
    _write(folder / "source")
    warnings = _build(folder, freshenv=True, parallel=2)
    return folder / "out", warnings


@pytest.fixture(scope="module")
def results(browser, found):
    """``results(words)`` is where the links of the search page lead, in their order."""
    handler = functools.partial(_Quiet, directory=str(found[0]))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = browser.new_page()

        def search(words: str) -> list[str]:
            page.goto(f"http://127.0.0.1:{server.server_port}/search.html?q={words}", wait_until="networkidle")
            page.locator("#search-results p.search-summary, #search-results > p").first.wait_for()
            links = page.locator("#search-results li a")
            return [link.get_attribute("href").split("?")[0] for link in links.all()]

        yield search
        page.close()
        server.shutdown()


def _id_of(found, function: str) -> str:
    """The id of a function's section, from which search takes the words that it shows."""
    page = BeautifulSoup((found[0] / CATALOGUE).read_text(encoding="utf8"), "html.parser")
    title = catalogue.get(function).title
    return next(head.parent["id"] for head in page.find_all("h3") if head.find(string=True) == title)


def test_nothing_is_complained_about(found):
    assert found[1] == ""


@pytest.mark.browser
@pytest.mark.parametrize(
    ("words", "function"),
    [
        ("swish", "silu"),
        ("Swish", "silu"),
        ("SiL", "silu"),
        ("hard swish", "hardswish"),
        ("heaviside", "heaviside"),
        ("step", "heaviside"),
        ("rectifier", "relu"),
        ("logistic", "sigmoid"),
        ("squashing", "sigmoid"),
        ("normalised exponential", "softmax"),
        ("normalized exponential", "softmax"),
        ("expit", "sigmoid"),
    ],
)
def test_search_leads_from_another_name_to_the_entry_and_the_chapter(found, results, words, function):
    first = results(words)[:2]
    assert {link.split("#")[0] for link in first} == {CATALOGUE, f"chapters/{CHAPTERS[function]}.html"}
    assert f"{CATALOGUE}#{_id_of(found, function)}" in first


@pytest.mark.browser
def test_the_search_finds_nothing_where_there_is_nothing(results):
    assert results("zzzzzz") == []


@pytest.mark.parametrize("name", catalogue.names())
def test_every_name_stands_in_the_index_of_the_book(found, name):
    index = (found[0] / "genindex.html").read_text(encoding="utf8")
    assert f'href="{CATALOGUE}#{_id_of(found, name)}"' in index
    for key in spoken(name):
        assert f">{key}<" in index or f"\n      {key}\n" in index


@pytest.mark.parametrize("name", catalogue.names())
def test_spoken_names_are_names(name):
    assert all(catalogue.get(key) is catalogue.get(name) for key in spoken(name)[1:])
    assert len({key.lower() for key in spoken(name)}) == len(spoken(name))


def test_every_chapter_that_is_named_speaks_of_its_function():
    for name, slug in CHAPTERS.items():
        text = (ROOT / "chapters" / f"{slug}.md").read_text(encoding="utf8").lower()
        assert any(key.lower() in text for key in (*spoken(name), name)), (name, slug)


def test_the_entry_leads_to_the_chapter():
    assert "Its chapter: [](smooth-gates.md)." in entry("swish")._repr_markdown_()
    assert "Its chapter" not in entry("softsign")._repr_markdown_()


def _index_entries(folder: Path) -> str:
    return re.search(r'"indexentries": \{.*?\}', (folder / "out" / "searchindex.js").read_text(encoding="utf8"))[0]


def test_what_the_index_leads_to_is_found_after_a_build_that_wrote_another_page_only(tmp_path):
    _write(tmp_path / "source")
    _build(tmp_path)
    before = _index_entries(tmp_path)
    start = tmp_path / "source" / "index.md"
    start.write_text(start.read_text() + "\nMore.\n")
    _build(tmp_path)
    assert "swish" in before and "learning rate" in before
    assert _index_entries(tmp_path) == before


def test_what_is_no_longer_in_the_book_is_no_longer_found(tmp_path):
    _write(tmp_path / "source")
    _build(tmp_path)
    start = tmp_path / "source" / "index.md"
    start.write_text(start.read_text().replace("\nwords", ""))
    (tmp_path / "source" / "words.md").unlink()
    assert _build(tmp_path) == ""
    assert "learning rate" not in _index_entries(tmp_path)
    assert "swish" in _index_entries(tmp_path)
