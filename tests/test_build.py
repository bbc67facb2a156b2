"""The build itself, on a small book with this book's own settings: never stale, in parallel, strict, complete."""

import re
import shutil
from pathlib import Path

import joblib
import pytest

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.slow

_HEADER = """\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

"""


def _chapter(title: str, cell: str) -> str:
    return f"{_HEADER}# {title}\n\nWith $x^2$ in it.\n\n```{{code-cell}} ipython3\n{cell}\n```\n"


class SmallBook:
    """A landing page, two chapters, and beside the package a module that says which edition it is."""

    def __init__(self, folder: Path, build) -> None:
        self.folder = folder
        self._build = build
        for name in ("_config.yml", "_ext", "_static", "_templates", "code", "requirements.txt"):
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
            copy(ROOT / name, folder / name)
        self.write("_toc.yml", "format: jb-book\nroot: index\nchapters: [{file: first}, {file: second}]\n")
        self.write("references.bib", "")
        self.write("index.md", "# A small book\n")
        self.write("code/edition.py", "EDITION = 'edition one'\n")
        self.write("first.md", _chapter("First", "from edition import EDITION\n\nprint('first:', EDITION)"))
        self.write("second.md", _chapter("Second", "from edition import EDITION\n\nprint('second:', EDITION)"))

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf8")

    def build(self, *options: str):
        return self._build(self.folder, *options)

    def executed(self, *options: str) -> list[str]:
        """Build, and tell from the log which chapters were executed."""
        built = self.build(*options)
        assert built.returncode == 0, built.stdout
        assert "Executing notebook" not in built.stdout, "a page was executed outside the parallel stage"
        return sorted(re.findall(r"^executed (\S+) in [\d.]+ s", built.stdout, flags=re.MULTILINE))

    def html(self, name: str) -> str:
        return (self.folder / "_build" / "html" / name).read_text(encoding="utf8")


@pytest.fixture
def book(tmp_path, build):
    return SmallBook(tmp_path, build)


@pytest.fixture(scope="module")
def strictly_built(tmp_path_factory, build):
    book = SmallBook(tmp_path_factory.mktemp("strict"), build)
    # What only_build_toc_files lets through: a page of a package inside a virtual environment.
    book.write(".venv/lib/README.md", "# Not a page\n\n{ref}`nowhere`\n")
    built = book.build("-W", "-n", "--keep-going")
    assert built.returncode == 0, built.stdout
    return book


def test_outputs_are_executed_once_and_never_stale(book):
    assert book.executed() == ["first", "second"]
    assert book.executed() == []
    book.write("second.md", _chapter("Second", "print('second, rewritten')"))
    assert book.executed() == ["second"]
    book.write("code/edition.py", "EDITION = 'edition two'\n")
    assert book.executed() == ["first", "second"]
    assert "first: edition two" in book.html("first.html")
    assert "second, rewritten" in book.html("second.html")
    assert book.executed() == []
    assert len(list((book.folder / "_build" / ".jupyter_cache").iterdir())) == 1, "old caches stay behind"


def test_new_pins_execute_everything_again_and_words_nothing(book):
    book.executed()
    with (book.folder / "requirements.txt").open("a") as pins:
        pins.write("# another pin\n")
    assert book.executed() == ["first", "second"]
    book.write("first.md", (book.folder / "first.md").read_text().replace("With", "Still with"))
    assert book.executed() == []
    assert "Still with" in book.html("first.html")


def test_a_style_sheet_alone_is_copied_again_and_executes_nothing(book):
    book.executed()
    book.write("_static/book.css", "/* another look */\n")
    assert book.executed() == []
    assert "another look" in book.html("_static/book.css")


@pytest.mark.skipif(joblib.cpu_count() < 2, reason="one core executes one chapter at a time")
def test_chapters_are_executed_side_by_side(book):
    # Each chapter waits until the other has started: one after the other they would never end.
    wait = """\
import pathlib, time
pathlib.Path("{mine}.started").touch()
deadline = time.monotonic() + 60
while not pathlib.Path("{other}.started").exists():
    assert time.monotonic() < deadline, "the other chapter did not start"
    time.sleep(0.05)"""
    book.write("first.md", _chapter("First", wait.format(mine="first", other="second")))
    book.write("second.md", _chapter("Second", wait.format(mine="second", other="first")))
    assert book.executed() == ["first", "second"]


def test_a_line_that_comes_in_pieces_stays_a_line(book):
    pieces = "for piece in ('one ', 'line', '\\nand another\\n'):\n    print(piece, end='', flush=True)"
    book.write("second.md", _chapter("Second", pieces))
    book.executed()
    assert "one line\nand another\n</pre>" in book.html("second.html")


def test_a_failing_cell_ends_the_build_with_its_traceback(book):
    book.write("second.md", _chapter("Second", "answer = 41\n1 / (answer - 41)"))
    built = book.build()
    assert built.returncode != 0
    assert "second" in built.stdout
    assert "1 / (answer - 41)" in built.stdout
    assert "ZeroDivisionError: division by zero" in re.sub(r"\x1b\[[\d;]*m", "", built.stdout)
    assert not (book.folder / "_build" / "html" / "second.html").exists()


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        ("import sys\nprint('oops', file=sys.stderr)", "stderr was found in the cell outputs"),
        ("pass\n```\n\nSee {ref}`nowhere` and {cite}`nobody2020`.\n\n```python\n", "nobody2020"),
    ],
    ids=["stderr", "references"],
)
def test_the_strict_build_fails_on(book, fault, complaint):
    book.write("second.md", _chapter("Second", fault))
    built = book.build("-W", "-n", "--keep-going")
    assert built.returncode != 0
    assert complaint in built.stdout


def test_the_strict_build_takes_no_page_outside_the_table_of_contents(strictly_built):
    html = strictly_built.folder / "_build" / "html"
    pages = {path.relative_to(html).as_posix() for path in html.rglob("*.html")}
    written = {page for page in pages if not page.startswith("_static/")}  # where the theme drops its templates
    assert written == {"index.html", "first.html", "second.html", "genindex.html", "search.html"}


def test_no_page_names_another_host(strictly_built):
    asked = re.compile(
        r"""<(?:script|img|iframe|source)[^>]*\ssrc=["'](https?:)?//|<link[^>]*\shref=["'](https?:)?//"""
    )
    for name in ("index.html", "first.html", "search.html"):
        assert not asked.search(strictly_built.html(name)), name
    assert "THEBE_JS_URL" not in strictly_built.html("first.html")


def test_mathematics_comes_typeset_and_is_light(strictly_built):
    static = strictly_built.folder / "_build" / "html" / "_static"
    assert "<mjx-math" in strictly_built.html("first.html")
    assert not re.search(r"<script[^>]*mathjax", strictly_built.html("first.html"), re.IGNORECASE)
    assert sum(path.stat().st_size for path in (static / "mathematics").iterdir()) < 500_000


def test_the_download_menu_offers_the_clean_notebook_and_all_of_them(strictly_built):
    links = re.findall(r'<a href="([^"]*notebooks/[^"]+)"', strictly_built.html("first.html"))
    assert set(links) == {"notebooks/first.ipynb", "notebooks/why-nonlinear-notebooks.zip"}
    assert all((strictly_built.folder / "_build" / "html" / link).is_file() for link in links)
    assert ".ipynb" not in strictly_built.html("index.html")


def test_one_icon_serves_as_favicon(strictly_built):
    icon = re.search(r'<link rel="icon" href="([^"]+)"', strictly_built.html("index.html")).group(1)
    assert (strictly_built.folder / "_build" / "html" / icon.split("?")[0]).exists()


@pytest.mark.parametrize(
    ("cell", "named"),
    [
        pytest.param(
            "from activations.catalogue import get, x\n"
            "from activations.proofs import Derivation\n\n"
            "s = get('sigmoid').expr\n"
            "Derivation(s.diff(x)).then(s * (s - 1), because='a flipped sign')",
            "step 1 (a flipped sign) is false",
            id="a broken derivation",
        ),
        pytest.param(
            "from activations import claims\n\n\n"
            "@claims.claim('pigs-fly', verdict='proved')\n"
            "def pigs_fly():\n"
            "    'Pigs fly.'\n"
            "    return claims.Evidence('Seen once.', checks=[claims.Check('pigs fly', 1 > 2)])\n\n\n"
            "claims.show('pigs-fly')",
            "claim pigs-fly falls: not shown that pigs fly",
            id="a false claim",
        ),
    ],
)
def test_mathematics_that_breaks_ends_the_build_and_is_named(book, cell, named):
    book.write("second.md", _chapter("Second", cell))
    built = book.build()
    assert built.returncode != 0
    assert named in re.sub(r"\x1b\[[\d;]*m", "", built.stdout)
