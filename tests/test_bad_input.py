"""What an author or a stranger may get wrong ends the build with a sentence that says where, and what to do."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

HEADER = """\
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


@pytest.fixture
def book(tmp_path):
    """A landing page, and a chapter without a cell."""
    for name in ("_config.yml", "_ext", "_static", "_templates", "code", "requirements.txt"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
        copy(ROOT / name, tmp_path / name)
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: index\nchapters: [{file: chapters/first}]\n")
    (tmp_path / "references.bib").write_text("")
    (tmp_path / "index.md").write_text("# A small book\n")
    (tmp_path / "chapters").mkdir()
    (tmp_path / "chapters" / "first.md").write_text("# First\n\nWords.\n")
    return tmp_path


@pytest.fixture
def last_words(build, book):
    """Build, which must fail, and give what the log ends with, without a traceback of Jupyter Book's or Sphinx's."""

    def run(*options: str) -> str:
        built = build(book, *options)
        log = re.sub(r"\x1b\[[\d;]*m", "", built.stdout)
        assert built.returncode != 0, log
        assert "jupyter_book/cli" not in log
        return log.strip().rpartition("The build ends here.\n")[2]

    return run


def cell(code: str) -> str:
    return f"# First\n\n```{{code-cell}} ipython3\n{code}\n```\n"


# --- before a cell runs ----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_entries_of_the_table_of_contents_without_a_file(book, last_words):
    (book / "_toc.yml").write_text(
        "format: jb-book\nroot: index\nchapters: [{file: chapters/frist}, {file: appendix}]\n"
    )
    assert last_words().splitlines() == [
        "_toc.yml: it lists chapters/frist, and there is no such page: did you mean chapters/first?",
        "_toc.yml: it lists appendix, and there is no such page: write appendix.md, or take the entry out.",
    ]


@pytest.mark.slow
def test_chapters_without_a_header_or_with_half_of_one(book, last_words):
    (book / "chapters" / "first.md").write_text(cell("1 / 0"))
    (book / "index.md").write_text("---\n" + HEADER[HEADER.index("kernelspec") :] + cell("1 / 0"))
    for page, words in zip(("index.md", "chapters/first.md"), last_words().splitlines(), strict=True):
        assert words.startswith(f"{page}: it has code cells and no header")
        assert "copy the lines up to the second ---" in words


@pytest.mark.slow
def test_a_missing_package(book, last_words):
    with (book / "requirements.txt").open("a") as pins:
        pins.write("not-there==1.0\n")
    words = last_words()
    assert words.startswith(f"requirements.txt: not-there is not installed in {sys.prefix}: run `make book`")


# --- in a cell -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("from activations import fact_sheet\n\nfact_sheet('gelo')", "unknown activation 'gelo'; did you mean gelu"),
        ("from activations import claims\n\nclaims.show('xor-nedes-a-bend')", "unknown claim 'xor-nedes-a-bend'; "),
    ],
)
def test_an_unknown_name_in_a_cell(book, last_words, code, hint):
    (book / "chapters" / "first.md").write_text(HEADER + cell(code))
    *_, error, _, where = last_words().splitlines()
    assert hint in error
    assert where == "first.md: the cell above failed, so mend it, or what it calls."


# --- links -----------------------------------------------------------------------------------------------------------

LINKS = """\
# First

[a page](nowhere.md)

{ref}`nobody`

{doc}`no-page`

{eq}`no-equation`

{term}`no term`

{cite}`nobody2020`

{prf:ref}`no-theorem`

{claim}`words <no-such-claim>`

![a picture](nothing.png)
"""
ENDS = {
    3: "the link to nowhere.md leads nowhere: correct it, or put that label above what it should lead to.",
    5: "the link to nobody leads nowhere: correct it, or put that label above what it should lead to.",
    7: "the link to no-page leads nowhere: correct it, or put that label above what it should lead to.",
    9: "the link to no-equation leads nowhere: correct it, or put that label above what it should lead to.",
    11: "the glossary has no term no term: correct it, or add it to chapters/glossary.md.",
    13: "references.bib has no work nobody2020: correct the key, or add the work there.",
    17: "no page shows the claim “no-such-claim” with claims.show",
    19: "there is no picture chapters/nothing.png: correct its path, or add the file.",
}


@pytest.mark.slow
def test_broken_links_of_every_kind_until_they_are_mended(book, build, last_words):
    (book / "chapters" / "first.md").write_text(LINKS)
    # The second build has nothing to do but to say the same again.
    for words in (last_words(), last_words()):
        for line, end in ENDS.items():
            assert f"chapters/first.md:{line}: {end}" in words
        assert "chapters/first.md: the link to no-theorem leads nowhere" in words
        assert len(words.splitlines()) == len(ENDS) + 1
    assert (book / "_build" / "html" / "chapters" / "first.html").exists(), "a draft may be looked at"
    (book / "chapters" / "first.md").write_text("# First\n\n[The landing page](../index.md)\n")
    assert build(book, "-W", "-n").returncode == 0


# --- Python ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def clear_errors():
    spec = importlib.util.spec_from_file_location("clear_errors", ROOT / "_ext" / "clear_errors.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_old_python_builds_nothing(clear_errors, monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 14, "final", 0))
    with pytest.raises(SystemExit, match=r"This is Python 3\.10 .* needs 3\.11 or newer: run `make book`"):
        clear_errors.check_python()
    monkeypatch.setattr(sys, "version_info", (3, 11, 0, "final", 0))
    clear_errors.check_python()


def test_the_oldest_python_is_the_one_that_is_promised(clear_errors):
    promised = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert promised == ">=" + ".".join(map(str, clear_errors.OLDEST))


def test_it_is_the_first_extension_that_is_loaded():
    # Any other would fail with a traceback where a package is missing.
    names = re.search(r"^ +extensions:\n +- (\w+)", (ROOT / "_config.yml").read_text(), flags=re.MULTILINE)
    assert names.group(1) == "clear_errors"


@pytest.fixture
def set_up(tmp_path):
    """``make book`` before it builds: ``.ci/setup`` in an empty checkout, with a stand-in for a program."""

    def run(stand_in: str, *, program: str) -> str:
        (tmp_path / ".ci").mkdir(exist_ok=True)
        shutil.copy(ROOT / ".ci" / "setup", tmp_path / ".ci")
        (tmp_path / "requirements.txt").write_text("not-there==1.0\n")
        path = tmp_path / program
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{stand_in}\n")
        path.chmod(0o755)
        made = subprocess.run(
            [tmp_path / ".ci" / "setup", "requirements.txt"],
            env=os.environ | {"PYTHON": str(path)},
            capture_output=True,
            text=True,
        )
        assert made.returncode != 0
        return made.stderr.strip().splitlines()[-1]

    return run


def test_make_finds_no_new_enough_python(set_up):
    words = set_up("exit 1", program="old/python")
    assert words.startswith("Python 3.11 or newer is needed and none was found: install it")
    assert words.endswith("name it with: make PYTHON=/path/to/python3.11")


def test_make_cannot_install_a_package(set_up):
    words = set_up('case "$*" in *"pip install"*) exit 1;; esac', program=".venv/bin/python")
    assert words.startswith("The packages could not be installed: check the network and the disk")
