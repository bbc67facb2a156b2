"""Clean notebooks: nothing of the book's own tools is left in them, nothing of the text is lost, and all run."""

import os
import re
import subprocess
import zipfile
from pathlib import Path

import joblib
import nbformat
import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def rendered(monkeypatch):
    """``rendered(text)`` is the plain form of a piece of a chapter, in a book with one of everything."""
    monkeypatch.syspath_prepend(str(ROOT / "_ext"))
    from _plain_markdown import Book, plain

    book = Book(
        numbers={"equation-eq-a": "2.1", "fig-a": "2.3", "ex-a-1": "2.4", "thm-a": "2.5", "def-a": "2.6"},
        glued={"share": "0.25"},
        cited={"one2001": ("One", "2001", "https://doi.org/1"), "two2002": ("Two and Three", "2002", "")},
        link=lambda page, place: ("The title", f"{page.removesuffix('.md')}.ipynb{place}" if page else place),
    )
    return lambda text: plain(text, book)


@pytest.mark.parametrize(
    ("written", "plainly"),
    [
        ("a {term}`logit`, two {term}`logits <logit>`", "a logit, two logits"),
        ("{cite:t}`one2001` and {cite:t}`two2002`", "[One (2001)](https://doi.org/1) and Two and Three (2002)"),
        ("so {cite}`one2001,two2002`", "so ([One, 2001](https://doi.org/1); Two and Three, 2002)"),
        ("{numref}`fig-a`, {numref}`picture %s <fig-a>`", "Figure 2.3, picture 2.3"),
        ("{eq}`eq-a` and {prf:ref}`thm-a` and {prf:ref}`def-a`", "(2.1) and Theorem 2.5 and Definition 2.6"),
        ("{glue:text}`share` or {glue:text}`share:.0%`", "0.25 or 25%"),
        ("{claim}`proved <some-claim>`, {claim}`some-claim`", "proved, `some-claim`"),
        (
            "[](other.md), [words](other.md#place), [here](#place)",
            "[The title](other.ipynb), [words](other.ipynb#place), [here](#place)",
        ),
        ("{ref}`there <ex-a-1>`", "[there](#ex-a-1)"),
        ("a\n(label)=\n{.class}\nb", "a\nb"),
        (
            "```{math}\n:label: eq-a\nx &= y \\\\\n&= z\n```",
            "$$\n\\begin{split}\nx &= y \\\\\n&= z\n\\end{split}\n\\tag{2.1}\n$$",
        ),
        ("```{math}\nx\n```", "$$\nx\n$$"),
        ("```python\n{term}`x`\n```", "```python\n{term}`x`\n```"),
        ("````{prf:theorem} Name of $x$\n:label: thm-a\nSo.\n````", "**Theorem 2.5 (Name of $x$).**\n\nSo."),
        (":::{admonition} Mind\n:class: note\n\nThis {term}`x`.\n:::", "> **Mind**\n>\n> This x."),
    ],
)
def test_roles_and_directives_become_plain_words(rendered, written, plainly):
    assert rendered(written) == plainly


def test_exercises_stay_and_solutions_get_cells_of_their_own(rendered):
    text = (
        "```{exercise}\n:label: ex-a-1\nHow much is {glue:text}`share`?\n```\n\n"
        "```{solution-start} ex-a-1\n:class: dropdown\n```\n\nA quarter.\n\n```{solution-end}\n```\n\n## Next"
    )
    parts = [part.strip() for part in rendered(text).split("\f")]
    assert parts == [
        "",
        "###### Exercise 2.4\n\nHow much is 0.25?",
        "###### Solution of exercise 2.4\n\nA quarter.",
        "## Next",
    ]


def test_a_check_yourself_question_hides_its_answer_in_a_part_that_opens(rendered):
    plainly = rendered(":::{check-yourself}\nOne or two?\n\n- [x] one\n\n  Count.\n- [ ] two\n\n  Too many.\n:::")
    shown, folded = plainly.split("<details><summary>Answer</summary>")
    assert shown.strip() == "**Check yourself.** One or two?\n\n- one\n- two"
    assert "- **Right.** one\n\n  Count.\n- **No.** two\n\n  Too many." in folded
    number = rendered(":::{check-yourself}\nHow many?\n\n- [=] 2 ± 0\n\n  Count.\n:::")
    assert number.index("How many?") < number.index("<details>") < number.index("2 ± 0")


@pytest.mark.parametrize("text", ["{novel}`x`", ":::{novel}\nx\n:::"])
def test_what_has_no_plain_form_is_refused_by_name(rendered, text):
    with pytest.raises(ValueError, match="novel has no plain form"):
        rendered(text)


def test_a_block_that_is_not_closed_is_refused(rendered):
    with pytest.raises(ValueError, match="a block that begins with ::: is not closed"):
        rendered(":::{admonition} A\nb")


# --- the notebooks of the built book ---


@pytest.fixture(scope="module")
def notebooks(built_book):
    return {path.stem: nbformat.read(path, as_version=4) for path in sorted((built_book / "notebooks").glob("*.ipynb"))}


def _prose(notebook):
    """All Markdown but what stands in fences of code."""
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.browser
def test_every_chapter_with_code_has_its_notebook(notebooks):
    chapters = [path for path in (ROOT / "chapters").glob("*.md") if "{code-cell}" in path.read_text(encoding="utf8")]
    assert notebooks.keys() == {path.stem for path in chapters}


@pytest.mark.browser
def test_nothing_of_the_books_own_tools_is_left(notebooks):
    for name, notebook in notebooks.items():
        nbformat.validate(notebook)
        assert not re.findall(r"\{[\w:-]+\}`|^[`:]{3,}\{|^\([\w-]+\)=|\]\(\)", _prose(notebook), re.MULTILINE), name
        assert "pip install" in notebook.cells[0].source
        assert not any(cell.get("outputs") for cell in notebook.cells)


@pytest.mark.browser
def test_no_word_and_no_code_of_a_chapter_is_lost(notebooks):
    for name, notebook in notebooks.items():
        source = (ROOT / "chapters" / f"{name}.md").read_text(encoding="utf8")
        written = source.count("```{code-cell}")
        assert sum(cell.cell_type == "code" for cell in notebook.cells) == written, name
        plain = re.compile(r"^[A-Z][^{}`\[\]$*<>|\n]{30,}$", re.MULTILINE)
        prose, body = _prose(notebook), source.split("---", 2)[2]
        outside = re.sub(r"^```(\{code-cell\}|\w*$).*?^```$", "", body, flags=re.MULTILINE | re.DOTALL)
        assert not [line for line in plain.findall(outside) if line.strip() not in prose], name


@pytest.mark.browser
def test_links_between_notebooks_lead_to_notebooks(notebooks):
    for name, notebook in notebooks.items():
        targets = {Path(target).stem for target in re.findall(r"\]\(([\w-]+\.ipynb)", _prose(notebook))}
        assert targets <= notebooks.keys(), name


@pytest.mark.browser
def test_each_solution_is_closed(notebooks):
    for name, notebook in notebooks.items():
        closed = [cell.source for cell in notebook.cells if cell.metadata.get("jp-MarkdownHeadingCollapsed")]
        written = (ROOT / "chapters" / f"{name}.md").read_text(encoding="utf8").count("```{solution-start}")
        assert len(closed) == written, name
        assert all(source.startswith("###### Solution of exercise") for source in closed)


@pytest.mark.parametrize("chapter", sorted((ROOT / "chapters").glob("*.md")), ids=lambda path: path.stem)
def test_a_heading_or_an_exercise_follows_a_solution(chapter):
    """A closed heading hides all up to the next one, so text of the chapter must not stand right after a solution."""
    for after in re.split(r"```\{solution-end\}\n```\n", chapter.read_text(encoding="utf8"))[1:]:
        assert re.match(r"\s*(#|(\([\w-]+\)=\s*)?```\{exercise\}|$)", after), after[:80]


@pytest.mark.browser
def test_the_zip_holds_the_notebooks_and_the_whole_package(built_book, notebooks):
    with zipfile.ZipFile(built_book / "notebooks" / "why-nonlinear-notebooks.zip") as archive:
        packed = {name.removeprefix("why-nonlinear/"): archive.read(name) for name in archive.namelist()}
    assert {f"notebooks/{name}.ipynb" for name in notebooks} <= packed.keys()
    files = (path for path in (ROOT / "code" / "activations").rglob("*") if path.is_file())
    package = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in files if path.suffix != ".pyc"}
    assert package == {name: content for name, content in packed.items() if name.startswith("code/")}
    assert {"pyproject.toml", "README.md", "LICENSE"} <= packed.keys()


RUN = """\
import importlib.util, sys
import nbformat
from nbclient import NotebookClient

assert importlib.util.find_spec("sphinx") is None
NotebookClient(nbformat.read(sys.argv[1], as_version=4), timeout=600, kernel_name="python3").execute()
"""


@pytest.mark.browser
@pytest.mark.slow
def test_all_run_without_sphinx_and_without_a_warning(built_book, notebooks, binder_environment):
    """Each in a kernel of the readers' environment; the package is the one in the zip, byte for byte."""
    settings = {"PYTHONPATH": str(ROOT / "code"), "PYTHONWARNINGS": "error", "OMP_NUM_THREADS": "1"}

    def fault(name):
        path = built_book / "notebooks" / f"{name}.ipynb"
        done = subprocess.run(
            [binder_environment, "-c", RUN, path], env=os.environ | settings, capture_output=True, text=True
        )
        return done.stderr[-2000:] if done.returncode else ""

    run = joblib.Parallel(n_jobs=joblib.cpu_count(), prefer="threads")
    faults = dict(zip(notebooks, run(joblib.delayed(fault)(name) for name in notebooks), strict=True))
    assert not {name: found for name, found in faults.items() if found}
