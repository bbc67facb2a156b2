"""Links to claims: they lead to the chapter that shows the claim, and one that leads nowhere ends a strict build."""

import importlib.util
import io
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

ROOT = Path(__file__).parents[1]
# MyST-NB stays registered in the process for good, and other tests parse with MyST alone.
CONFIGURATION = """\
from docutils.parsers.rst import Directive

extensions = ["myst_parser", "claim_links"]
exclude_patterns = ["_build"]


class Cell(Directive):
    has_content, optional_arguments = True, 1

    def run(self):
        return []


def setup(app):
    app.add_directive("code-cell", Cell)
"""


def page(title: str, *claims: str, words: str = "Words.") -> str:
    cells = "".join(f'```{{code-cell}} ipython3\nclaims.show("{id}")\n```\n\n' for id in claims)
    return f"# {title}\n\n{cells}{words}\n"


class SmallBook:
    """A landing page and two chapters; its cells are read, and not executed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write("conf.py", CONFIGURATION)
        self.write("index.md", "# Home\n\n```{toctree}\nfirst\nsecond\n```\n")
        self.write("first.md", page("First", "two-is-even"))
        self.write("second.md", page("Second", "three-is-odd"))

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf8")

    def build(self) -> str:
        """What Sphinx warned of."""
        out, warnings = self.folder / "_build", io.StringIO()
        with docutils_namespace():
            app = Sphinx(
                self.folder, self.folder, out, out / ".doctrees", "html", status=None, warning=warnings, parallel=1
            )
            app.build()
        return warnings.getvalue()

    def links(self, name: str) -> dict[str, str]:
        soup = BeautifulSoup((self.folder / "_build" / name).read_text(encoding="utf8"), "html.parser")
        return {link.get_text(): link["href"] for link in soup.select("a:has(.claim-link)")}


@pytest.fixture
def book(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "_ext"))
    return SmallBook(tmp_path)


def test_words_and_bare_ids_lead_to_the_box(book):
    book.write("first.md", page("First", words="{claim}`Three is not <three-is-odd>`, {claim}`three-is-odd`."))
    assert book.build() == ""
    target = "second.html#claim-three-is-odd"
    assert book.links("first.html") == {"Three is not": target, "three-is-odd": target}


def test_a_chapter_goes_before_the_landing_page(book):
    home = page("Home", "two-is-even", words="```{toctree}\nfirst\nsecond\n```\n\n{claim}`two-is-even`")
    book.write("index.md", home)
    assert book.build() == ""
    assert book.links("index.html") == {"two-is-even": "first.html#claim-two-is-even"}


@pytest.mark.parametrize(
    ("target", "hint"),
    [("two-is-evn", "did you mean two-is-even"), ("quite-another", "show it in a chapter first")],
)
def test_a_link_that_leads_nowhere_is_a_warning_with_file_line_id_and_the_nearest(book, target, hint):
    text = page("First", "two-is-even", words=f"Words {{claim}}`as we saw <{target}>`.")
    book.write("first.md", text)
    line, warning = len(text.splitlines()), book.build()
    assert f"first.md:{line}: WARNING: {{claim}}: no page shows the claim “{target}”" in warning
    assert hint in warning


def test_words_about_showing_a_claim_do_not_show_it(book):
    book.write("second.md", page("Second", words='Write `claims.show("three-is-odd")`. {claim}`three-is-odd`'))
    assert "no page shows the claim “three-is-odd”" in book.build()


def test_a_link_follows_a_claim_that_moves_and_notices_one_that_goes(book):
    # The page with the link stays as it is; a page with a table of contents would be written again anyway.
    book.write("index.md", "# Home\n\n```{toctree}\nfirst\nsecond\nthird\n```\n")
    book.write("first.md", page("First", words="{claim}`three-is-odd`"))
    book.write("third.md", page("Third"))
    assert book.build() == ""
    assert book.links("first.html") == {"three-is-odd": "second.html#claim-three-is-odd"}
    book.write("second.md", page("Second"))
    book.write("third.md", page("Third", "three-is-odd"))
    assert book.build() == ""
    assert book.links("first.html") == {"three-is-odd": "third.html#claim-three-is-odd"}
    book.write("third.md", page("Third"))
    assert "no page shows the claim “three-is-odd”" in book.build()


def test_what_a_page_shows_and_links_is_read_from_its_text():
    spec = importlib.util.spec_from_file_location("claim_links", ROOT / "_ext" / "claim_links.py")
    extension = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(extension)
    text = page("Title", "one", "two", words='claims.show("three") {claim}`four`, {claim}`words <five>`')
    assert extension.shown(text) == ["one", "two"]
    assert extension.linked(text) == {"four", "five"}
