"""One style sheet and one script a page, under addresses that follow their content, through builds of every kind."""

import io
import re
from pathlib import Path

import pydata_sphinx_theme
import pytest
from bs4 import BeautifulSoup
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

ROOT = Path(__file__).parents[1]
MACROS = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static" / "webpack-macros.html"
CONF = f"""
extensions = ["myst_parser", "mathematics", "one_sheet", "near_figures"]
html_theme = "sphinx_book_theme"
templates_path = [{str(ROOT / "_templates")!r}]
html_static_path = ["static"]
html_css_files = ["own.css"]

def add(app, page, *rest):
    if page == "other":
        app.add_css_file("only.css")
        app.add_js_file("only.mjs", type="module")

def setup(app):
    app.add_js_file("own.mjs", type="module")
    app.connect("html-page-context", add)
"""
FIGURE = '<svg xmlns="http://www.w3.org/2000/svg" width="300pt" height="150.4pt" viewBox="0 0 300 150.4"></svg>'


class Book:
    """A small book of two pages in the theme of the real one."""

    def __init__(self, folder: Path) -> None:
        self.source, self.out = folder / "source", folder / "out"
        self.write("conf.py", CONF)
        self.write("static/own.css", ".article { top: 1px } .nowhere { top: 2px }")
        self.write("static/only.css", ".bd-main { top: 3.25px }")
        self.write("static/own.mjs", 'export const word = "own word";\nconsole.log(word);\n')
        self.write("static/only.mjs", 'console.log("only");\n')
        self.write("figure.svg", FIGURE)
        self.write("index.md", "# Home\n\n```{toctree}\nother\n```\n\n[article]{.article}\n")
        self.write("other.md", "# Other\n\n![A line.](figure.svg)\n")

    def write(self, name: str, text: str) -> None:
        (self.source / name).parent.mkdir(parents=True, exist_ok=True)
        (self.source / name).write_text(text, encoding="utf8")

    def build(self) -> None:
        warnings = io.StringIO()
        with docutils_namespace():
            Sphinx(self.source, self.source, self.out, self.out / ".doctrees", "html", None, warning=warnings).build()
        assert not warnings.getvalue()

    def page(self, name: str) -> BeautifulSoup:
        return BeautifulSoup((self.out / f"{name}.html").read_text(encoding="utf8"), "html.parser")

    def sheets(self, name: str) -> list[str]:
        return [link["href"] for link in self.page(name).select("link[rel=stylesheet]")]

    def scripts(self, name: str) -> list[str]:
        return [script["src"] for script in self.page(name).select("script[src]")]

    def static(self, name: str) -> str:
        return (self.out / "_static" / name).read_text(encoding="utf8")


@pytest.fixture(scope="module")
def _extensions():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "_ext"))
        yield


@pytest.fixture(scope="module")
def book(_extensions, tmp_path_factory):
    """Built once; tests look at it and change nothing."""
    made = Book(tmp_path_factory.mktemp("book"))
    made.build()
    return made


@pytest.fixture
def changing_book(_extensions, tmp_path):
    made = Book(tmp_path)
    made.build()
    return made


def _without_digests(addresses: list[str]) -> list[str]:
    assert all(re.search(r"\?v=[0-9a-f]{8}$", address) for address in addresses), addresses
    return [address.split("?")[0] for address in addresses]


def test_a_page_has_one_of_each_and_what_it_has_alone(book):
    for name in ("index", "genindex"):
        assert _without_digests(book.sheets(name)) == ["_static/site.css"]
        assert _without_digests(book.scripts(name)) == ["_static/site.js"]
    assert _without_digests(book.sheets("other")) == ["_static/site.css", "_static/only.css"]
    assert _without_digests(book.scripts("other")) == ["_static/only.mjs", "_static/site.js"]
    assert book.page("index").select_one("script[src]").has_attr("defer")


def test_all_stands_in_it_in_the_order_of_before_except_what_no_page_shows(book):
    sheet, script = book.static("site.css"), book.static("site.js")
    places = [sheet.index(part) for part in ("div.body p", "--bs-blue", ".article")]
    assert places == sorted(places)
    assert ".nowhere" not in sheet and "3.25px" not in sheet
    assert '"own word"' in script and "SphinxHighlight" not in script and 'log("only")' not in script
    assert script.index("const Documentation") < script.index("own word") < script.index("bootstrap.js.LICENSE")


def test_inline_scripts_stand_before_the_style_sheet_and_know_their_options(book):
    head = str(book.page("other").head)
    places = ["const DOCUMENTATION_OPTIONS", "DOCUMENTATION_OPTIONS.pagename = 'other'", "site.css"]
    assert [head.index(part) for part in places] == sorted(head.index(part) for part in places)


def test_only_the_page_of_the_search_loads_the_index(book):
    names = ["searchtools.js", "language_data.js", "sphinx_highlight.js", "searchindex.js"]
    loaded = [address.split("/")[-1] for address in _without_digests(book.scripts("search"))]
    assert loaded == ["site.js", *names]
    assert all(script.has_attr("defer") for script in book.page("search").select("script[src]"))
    assert not any(name in str(book.page("index")) for name in names)


def test_a_figure_waits_in_a_place_of_its_size(book):
    figure = book.page("other").select_one("article img")
    assert (figure["loading"], figure["width"], figure["height"]) == ("lazy", "400", "201")
    assert figure["alt"] == "A line."


def test_a_changed_sheet_reaches_pages_that_are_not_written_again(changing_book):
    book = changing_book
    before = {name: (book.out / f"{name}.html").read_text(encoding="utf8") for name in ("index", "other")}
    old = book.sheets("other")[0]
    book.write("static/own.css", ".article { top: 4px }")
    book.write("index.md", (book.source / "index.md").read_text() + "\nMore.\n")
    book.build()
    assert "4px" in book.static("site.css")
    assert book.sheets("index")[0] == book.sheets("other")[0] != old
    # Nothing but the address has changed there, and nothing was marked twice.
    now = (book.out / "other.html").read_text(encoding="utf8")
    assert now == before["other"].replace(old, book.sheets("other")[0])


def test_a_build_without_a_change_touches_nothing(changing_book):
    book = changing_book
    before = {path: path.stat().st_mtime_ns for path in book.out.rglob("*.html")}
    digests = {name: book.static(name) for name in ("site.css", "site.js")}
    book.build()
    assert {path: path.stat().st_mtime_ns for path in book.out.rglob("*.html")} == before
    assert {name: book.static(name) for name in digests} == digests


def test_the_theme_loads_by_its_macros_what_we_put_first_and_last(_extensions):
    """When a new version of the theme loads something else, it has to stand in ``one_sheet`` too."""
    import one_sheet

    named = re.findall(r"_static/([\w/.-]+)", MACROS.read_text(encoding="utf8"))
    assert [name for name in named if name.endswith(".css")] == one_sheet.THEME_SHEETS
    assert {name for name in named if name.endswith(".js")} == {*one_sheet.THEME_SCRIPTS, "scripts/fontawesome.js"}
