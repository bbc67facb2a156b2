"""How the time of a build grows with the book: its chapters once, twice and four times.

    python bench/growth.py

Two books grow. The whole one has the outputs of its cells from the cache, so that it shows what Sphinx and the
extensions need; its growth should be straight. The other, of three chapters, executes every cell and computes every
experiment: each copy has a package of its own, so that it finds nothing which another has kept. Four times the whole
book from nothing would take a quarter of an hour on two cores.

Labels of a copy are made its own; its references still lead to the first. What is left of duplicates (terms, works,
names of figures, which are a part of cells) makes warnings, which are cheap.
"""

import re
import tempfile
from pathlib import Path

import yaml
from _books import ROOT, copy_book, seconds_to_build

TIMES = (1, 2, 4)
COLD = ("chapters/softmax", "chapters/vanishing-gradients", "chapters/relu")
"""What is executed: chapters that compute about as much as the average one."""

STRICT, WHOLE = ("clear_errors",), ("reader_notebooks",)
"""Extensions that end a build at a broken link, anywhere, and where the number of something elsewhere is missing."""

_LABEL = re.compile(r"^(\([\w.-]+|:(?:label|name): *[\w.-]+|[:`]{3,}\{interview\} *[\w.-]+)(?=\)=$|$)", re.MULTILINE)
_FIRST_CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(?:---\n.*?\n---\n|(?::[^\n]*\n)*)", re.MULTILINE | re.DOTALL)


def relabelled(text: str, number: int) -> str:
    r"""A chapter whose targets, labels and cards are told from the first copy's by a number.

    >>> relabelled("(here)=\n:label: eq-one\n:::{interview} a-card\n[](#here)\n", 2)
    '(here-2)=\n:label: eq-one-2\n:::{interview} a-card-2\n[](#here)\n'
    """
    return _LABEL.sub(rf"\1-{number}", text)


def with_own_package(text: str, package: Path) -> str:
    """A chapter that imports from ``package``, which also makes its first cell differ from any that was executed."""
    line = f'import sys; sys.path.insert(0, "{package.as_posix()}")\n'
    return _FIRST_CELL.sub(lambda cell: cell[0] + line, text, count=1)


def add_copy(folder: Path, chapters: list[str], number: int, executed: bool) -> list[str]:
    """Write one more copy of the chapters into the book, and give their names for the table of contents."""
    (folder / f"chapters-{number}").mkdir()
    package = folder / f"copy-{number}" / "code"
    if not executed:
        copy_book(package.parent, executed=False)
    names = []
    for name in chapters:
        text = relabelled((folder / f"{name}.md").read_text(encoding="utf-8"), number)
        names.append(name.replace("chapters/", f"chapters-{number}/"))
        text = text if executed else with_own_package(text, package)
        (folder / f"{names[-1]}.md").write_text(text, encoding="utf-8")
    return names


def without(config: dict, names: tuple[str, ...]) -> dict:
    """The configuration without some of the local extensions."""
    sphinx = config["sphinx"]
    sphinx["local_extensions"] = {name: of for name, of in sphinx["local_extensions"].items() if name not in names}
    sphinx["config"]["extensions"] = [name for name in sphinx["config"]["extensions"] if name not in names]
    return config


def write_grown_book(folder: Path, chapters: list[str], times: int, executed: bool) -> None:
    """Write the book's sources with as many copies of the chapters, each a part of its own."""
    copy_book(folder, executed)
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    config = without(config, STRICT if executed else STRICT + WHOLE)
    (folder / "_config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    copies = [chapters, *(add_copy(folder, chapters, number, executed) for number in range(2, times + 1))]
    parts = [
        {"caption": f"Copy {number}", "chapters": [{"file": name} for name in names]}
        for number, names in enumerate(copies, start=1)
    ]
    toc = {"format": "jb-book", "root": "index", "defaults": {"numbered": True}, "parts": parts}
    (folder / "_toc.yml").write_text(yaml.safe_dump(toc), encoding="utf-8")


def all_chapters() -> list[str]:
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    return [chapter["file"] for part in toc["parts"] for chapter in part["chapters"]]


def measure(chapters: list[str], executed: bool) -> None:
    """Print a line for each size; a ratio is to the first."""
    first = None
    for times in TIMES:
        with tempfile.TemporaryDirectory() as folder:
            write_grown_book(Path(folder), chapters, times, executed)
            took = seconds_to_build(Path(folder))
        first = first or took
        pages = times * len(chapters)
        row = f"{took.clock:10.1f}{took.clock / pages:11.2f}{took.clock / first.clock:8.2f}"
        print(f"{times:5}×{pages:10}{row}{took.work:10.1f}{took.work / first.work:8.2f}", flush=True)


def main() -> None:
    for chapters, executed, words in (
        (all_chapters(), True, "the whole book, outputs from the cache"),
        (list(COLD), False, f"{len(COLD)} chapters, every cell executed and every experiment computed"),
    ):
        print(f"\n{words}\n  size  chapters   seconds  a chapter   to 1×      work   to 1×")
        measure(chapters, executed)


if __name__ == "__main__":
    main()
