"""End the build with a sentence that says what is wrong, where, and what to do.

What can be known before a cell runs is looked at first: Python, the packages, the table of contents, the headers.
A broken link is known when the pages are written; they stay to be looked at, but the build counts as failed.

Every end is a ``SystemExit``: below any other exception Jupyter Book would print a long traceback of its own.
"""

from __future__ import annotations  # an old Python must read this file to be told that it is too old

import difflib
import logging
import os
import re
import sys
from importlib import metadata
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.logging import NAMESPACE, WarningStreamHandler

OLDEST = (3, 11)

WORDS = {
    "python": (
        "This is Python {version} ({program}), and the book needs {oldest} or newer: "
        "run `make book`, which looks for one, or build from a virtual environment with a newer Python."
    ),
    "package": (
        "requirements.txt: {names} not installed in {environment}: "
        "run `make book`, or `pip install -r requirements.txt` in that environment."
    ),
    "entry": "_toc.yml: it lists {name}, and there is no such page: {hint}",
    "header": (
        "{path}: it has code cells and no header, so that none of them would run: "
        "copy the lines up to the second --- of another chapter to its top, as CONTRIBUTING.md says."
    ),
}

_LEADS_NOWHERE = "the link to {} leads nowhere: correct it, or put that label above what it should lead to."
LINKS = (
    (r"could not find bibtex key \"(.+?)\"", "references.bib has no work {}: correct the key, or add the work there."),
    (r"term not in glossary: '(.+?)'", "the glossary has no term {}: correct it, or add it to chapters/glossary.md."),
    (r"image file not readable: (.+)", "there is no picture {}: correct its path, or add the file."),
    (r"\{claim\}: (no page shows .+)", "{}."),
    (r"(?:target not found|undefined label|unknown document|equation not found): '?([^' ]+)", _LEADS_NOWHERE),
    (r"local id not found in doc '.+?': '(.+?)'", _LEADS_NOWHERE),
    (r"label '(.+?)' not found", _LEADS_NOWHERE),
)
"""How a warning about a broken link begins, and the sentence for it."""


def _stop(sentences: list[str]) -> None:
    if sentences:
        sys.exit("\n".join(["", "The build ends here.", *sentences]))


# --- before anything else -------------------------------------------------------------------------------------------


def check_python() -> None:
    """Stop on a Python that is too old."""
    if sys.version_info[:2] < OLDEST:
        version, oldest = (".".join(map(str, one[:2])) for one in (sys.version_info, OLDEST))
        _stop([WORDS["python"].format(version=version, program=sys.executable, oldest=oldest)])


def check_packages(requirements: Path) -> None:
    """Stop when a pinned package is not installed, before what needs it is imported."""
    pinned = re.findall(r"^([\w.-]+)==", requirements.read_text(encoding="utf8"), flags=re.MULTILINE)
    missing = [name for name in pinned if not _is_installed(name)]
    names = f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'}"
    _stop([WORDS["package"].format(names=names, environment=sys.prefix)] if missing else [])


def _is_installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def check_pages(app: Sphinx, config: Config) -> None:
    """Stop when the table of contents lists a page that is not there, or a page's cells would not run."""
    from sphinx_external_toc.parsing import parse_toc_yaml

    source = Path(app.srcdir)
    pages = {name: _file(source, name) for name in parse_toc_yaml(source / config.external_toc_path)}
    known = [path.relative_to(source).with_suffix("").as_posix() for path in source.glob("chapters/*.md")]
    missing = [_missing(name, known) for name, path in pages.items() if path is None]
    idle = [path.relative_to(source).as_posix() for path in pages.values() if path and _is_idle(path)]
    _stop([*missing, *(WORDS["header"].format(path=path) for path in idle)])


def _file(source: Path, name: str) -> Path | None:
    files = (source / f"{name}{suffix}" for suffix in ("", ".md", ".ipynb", ".rst"))
    return next((path for path in files if path.is_file()), None)


def _missing(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"write {name}.md, or take the entry out."
    return WORDS["entry"].format(name=name, hint=hint)


def _is_idle(path: Path) -> bool:
    """Whether a page has cells that MyST-NB would not take for cells."""
    from myst_nb.core.read import is_myst_markdown_notebook

    text = path.read_text(encoding="utf8")
    return bool(re.search(r"^`{3,}\{code-cell\}", text, flags=re.MULTILINE)) and not is_myst_markdown_notebook(text)


# --- links ------------------------------------------------------------------------------------------------------------


class BrokenLinks(WarningStreamHandler):
    """Listens to Sphinx's warnings behind Sphinx's own handler, which has turned places into words by then."""

    def __init__(self, app: Sphinx) -> None:
        super().__init__()
        self.setLevel(logging.WARNING)
        self._app = app
        self.found: dict[tuple[str, str], str] = {}

    def emit(self, record: logging.LogRecord) -> None:
        for pattern, words in LINKS:
            if match := re.search(pattern, record.getMessage()):
                page, line = self._place(str(getattr(record, "location", "") or ""))
                self.found[page, words.format(match[1])] = line
                return

    def _place(self, location: str) -> tuple[str, str]:
        """The page and ``:line``, where it is known."""
        path, line = re.fullmatch(r"(.*?)(:\d+)?:?", location).groups()
        return Path(os.path.relpath(path, self._app.srcdir)).with_suffix("").as_posix(), line or ""

    def end(self, app: Sphinx, exception: Exception | None) -> None:
        """Stop when a link leads nowhere, and see to it that the next build looks at the page again."""
        if exception:
            return
        for page, _ in self.found:
            (Path(app.doctreedir) / f"{page}.doctree").unlink(missing_ok=True)
        _stop([f"{page}.md{line}: {words}" for (page, words), line in self.found.items()])


def setup(app: Sphinx) -> dict[str, bool]:
    check_python()
    check_packages(Path(app.srcdir) / "requirements.txt")
    app.connect("config-inited", check_pages)
    links = BrokenLinks(app)
    logging.getLogger(NAMESPACE).addHandler(links)
    app.connect("build-finished", links.end, priority=999)  # after all that others do at the end
    return {"parallel_read_safe": True, "parallel_write_safe": True}
