"""What a build leaves out makes no page different."""

import io
from pathlib import Path

import pytest
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import docutils_namespace

ROOT = Path(__file__).parents[1]
BOOK = """\
@article{{turing, author = {{Alan Turing}}, title = {{{title}}}, journal = {{Mind}}, year = {{1950}}}}
"""
PAGE = """\
# Page

See {numref}`one`, {numref}`two` and again {numref}`one` with {cite}`turing`.

```{figure} picture.svg
:name: one
One.
```

```{figure} picture.svg
:name: two
Two.
```
"""


class Site:
    """A small site with figures and citations, built with or without the extension."""

    def __init__(self, folder: Path, *extensions: str) -> None:
        self.folder, self.loaded = folder, []
        folder.mkdir()
        names = ["myst_parser", "sphinxcontrib.bibtex", *extensions]
        (folder / "conf.py").write_text(f"extensions = {names}\nbibtex_bibfiles = ['book.bib']\nnumfig = True\n")
        (folder / "picture.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
        self.write(title="Machinery")

    def write(self, *, title: str = "Machinery", page: str = PAGE) -> None:
        (self.folder / "book.bib").write_text(BOOK.format(title=title))
        (self.folder / "index.md").write_text(page + "\n```{bibliography}\n```\n")

    def build(self) -> str:
        out = self.folder / "out"
        with docutils_namespace():
            app = Sphinx(self.folder, self.folder, out, out / ".doctrees", "html", None, warning=io.StringIO())
            app.build()
        return (out / "index.html").read_text()


@pytest.fixture
def sites(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "_ext"))
    return Site(tmp_path / "usual"), Site(tmp_path / "quick", "quick_build")


def test_pages_come_out_the_same_and_so_they_do_after_a_change(sites):
    usual, quick = sites
    assert usual.build() == quick.build()
    swapped = PAGE.replace(":name: one", ":name: x").replace(":name: two", ":name: one").replace(": x", ": two")
    for site in sites:
        site.write(title="Intelligence", page=swapped)
    page = usual.build()
    assert page == quick.build()
    assert "Intelligence" in page and "Fig. 2" in page


def test_a_page_is_loaded_once_for_all_references_to_its_figures(sites, monkeypatch):
    loaded = []
    load = BuildEnvironment.get_doctree
    monkeypatch.setattr(BuildEnvironment, "get_doctree", lambda env, name: loaded.append(name) or load(env, name))
    usual, quick = sites
    usual.build()
    before = len(loaded)
    quick.build()
    assert len(loaded) - before == before - 2
