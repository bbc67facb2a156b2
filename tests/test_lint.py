"""Ruff over the package, the extensions, the tests, and the cells of the chapters."""

import subprocess
import sys
from pathlib import Path

import jupytext
import pytest

ROOT = Path(__file__).parents[1]
# As many characters as the column of text holds, so that a reader need not scroll.
COLUMN = ("--line-length", "78")
PAGES = [ROOT / "index.md", *sorted((ROOT / "chapters").glob("*.md"))]
PAGES = [page for page in PAGES if "kernelspec:" in page.read_text(encoding="utf8")]


def _ruff(*arguments: str) -> str:
    """What ruff complains about; nothing when all is well."""
    command = [sys.executable, "-m", "ruff", *arguments, "--config", str(ROOT / "pyproject.toml")]
    run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return run.stdout if run.returncode else ""


def _faults(target: Path, *options: str) -> str:
    checked = _ruff("check", "--no-cache", *options, str(target))
    return checked + _ruff("format", "--no-cache", "--check", "--diff", *options, str(target))


def _cells_as_notebook(page: Path, folder: Path) -> Path:
    """The page as a notebook, whose cells ruff reads; of a ``{code-cell}`` in Markdown it sees nothing."""
    notebook = folder / f"{page.stem}.ipynb"
    jupytext.write(jupytext.read(page), notebook)
    return notebook


def test_the_code_is_clean():
    assert _faults(ROOT) == ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_cells_of_each_page_are_clean(page, tmp_path):
    assert _faults(_cells_as_notebook(page, tmp_path), *COLUMN) == ""


@pytest.mark.parametrize(
    ("cell", "complaint"),
    [
        ("import math", "F401"),
        ("undefined_name + 1", "F821"),
        ("x = {'a':1}", '{"a": 1}'),
        ('print("' + 20 * "long " + '")', "E501"),
    ],
)
def test_a_fault_planted_in_a_cell_is_found(cell, complaint, tmp_path):
    page = tmp_path / "planted.md"
    header = "---\njupytext:\n  text_representation:\n    extension: .md\n    format_name: myst\n---\n"
    page.write_text(f"{header}\n# Planted\n\n```{{code-cell}} ipython3\n{cell}\n```\n")
    assert complaint in _faults(_cells_as_notebook(page, tmp_path), *COLUMN)


def test_a_fault_planted_in_a_module_is_found(tmp_path):
    module = tmp_path / "planted.py"
    module.write_text("import math\n")
    assert "F401" in _faults(module)
