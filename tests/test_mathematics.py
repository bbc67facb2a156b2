"""Mathematics is typeset while the book builds: for the eye, for screen readers, without a script on the page."""

import io
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from fontTools.ttLib import TTFont
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

ROOT = Path(__file__).parents[1]


class Pages:
    """A small site; ``build`` writes the pages that are given and returns what Sphinx complained about."""

    def __init__(self, folder: Path) -> None:
        self.source, self.out = folder / "source", folder / "out"
        self.source.mkdir()
        (self.source / "conf.py").write_text(
            "extensions = ['myst_parser', 'mathematics']\n"
            "html_math_renderer = 'mathematics'\n"
            "myst_enable_extensions = ['dollarmath', 'amsmath']\n"
        )

    def build(self, **pages: str) -> str:
        for name, text in pages.items():
            (self.source / f"{name}.md").write_text(text, encoding="utf8")
        warnings = io.StringIO()
        with docutils_namespace():
            Sphinx(self.source, self.source, self.out, self.out / ".doctrees", "html", None, warning=warnings).build()
        return warnings.getvalue()

    def soup(self, name: str) -> BeautifulSoup:
        return BeautifulSoup((self.out / f"{name}.html").read_text(encoding="utf8"), "html.parser")

    @property
    def style(self) -> str:
        return (self.out / "_static" / "mathematics.css").read_text(encoding="utf8")


@pytest.fixture
def pages(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "_ext"))
    return Pages(tmp_path)


def _rule(character: str) -> str:
    return f"mjx-c.mjx-c{ord(character):X}"


def test_a_formula_is_there_for_eyes_and_for_screen_readers(pages):
    assert not pages.build(index="# Page\n\nThe slope $\\frac{x}{2}$ is known.\n")
    formula = pages.soup("index").select_one("span.math mjx-container")
    assert formula.select_one("mjx-math")["aria-hidden"] == "true"
    assert [part.text for part in formula.select("math > mfrac > *")] == ["x", "2"]
    assert "\\frac" not in pages.soup("index").text


def test_a_page_needs_no_script_for_it(pages):
    pages.build(index="# Page\n\n$x$\n")
    assert not [script for script in pages.soup("index").select("script[src]") if "mathjax" in script["src"].lower()]
    assert any("mathematics.css" in link["href"] for link in pages.soup("index").select("link[rel=stylesheet]"))


def test_each_character_has_its_rule_and_each_font_its_file(pages):
    pages.build(index="# Page\n\n$\\sigma + \\infty$\n")
    assert all(_rule(character) in pages.style for character in "\N{MATHEMATICAL ITALIC SMALL SIGMA}+∞")
    fonts = re.findall(r'url\("([^"]+)"\)', pages.style)
    assert fonts and all(TTFont(pages.out / "_static" / font).getBestCmap() for font in fonts)


def test_a_page_that_was_not_written_again_keeps_its_rules(pages):
    pages.build(index="# Page\n\n$\\infty$\n\n```{toctree}\nother\n```\n", other="# Other\n\n$x$\n")
    once = pages.style
    pages.build(other="# Other\n\n$\\Phi$\n")
    assert _rule("∞") in pages.style and _rule("Φ") in pages.style and _rule("Φ") not in once
    assert pages.style.count(_rule("∞") + "::before") == 1
    assert pages.style.startswith(once)


def test_equations_have_numbers_and_places_to_link_to(pages):
    assert not pages.build(index="# Page\n\n$$\na = b\n$$ (eq-first)\n\nSee {eq}`eq-first`.\n")
    display = pages.soup("index").select_one("div.math")
    assert display["id"] == "equation-eq-first"
    assert display.select_one(".eqno").text.startswith("(1)")
    assert display.select_one("math")["display"] == "block"
    assert pages.soup("index").select_one("p a[href='#equation-eq-first']").text == "(1)"


@pytest.mark.parametrize("tex", ["$$\na &= b \\\\\n&= c\n$$", "\\begin{align}\na &= b \\\\\n&= c\n\\end{align}"])
def test_lines_are_aligned(pages, tex):
    assert not pages.build(index=f"# Page\n\n{tex}\n")
    assert len(pages.soup("index").select("math mtable mtr")) >= 2


def test_mathematics_in_a_title_is_typeset_wherever_the_title_stands(pages):
    pages.build(index="# Page\n\n```{toctree}\nother\n```\n", other="# The slope of $\\sigma$\n")
    assert pages.soup("index").select_one(".toctree-wrapper mjx-container math mi").text == "σ"


@pytest.mark.parametrize("tex", ["\\frac{1", "\\nosuchcommand x", "a & b"])
def test_a_formula_that_cannot_be_read_is_a_warning_with_its_place(pages, tex):
    warnings = pages.build(index=f"# Page\n\nText.\n\nA formula ${tex}$ here.\n")
    assert re.search(r"index\.md:5: WARNING: mathematics: .+, in the formula " + re.escape(tex), warnings)
    assert pages.soup("index").select_one("span.math > code").text == tex


def test_no_formula_no_style(pages):
    assert not pages.build(index="# Page\n")
    assert not (pages.out / "_static" / "mathematics.css").exists()
