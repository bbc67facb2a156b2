"""Each chapter as a notebook that needs nothing but Jupyter and the package, and all of them with the package in a zip.

The notebook that the theme offers holds raw directives. These are written from the executed chapters when the build
ends, once numbers and references are known, into ``notebooks/`` beside the pages. Outputs are left out: the reader's
own run makes them. The directive ``notebooks`` becomes a list of them all, below its body::

    :::{notebooks}
    Each chapter has its notebook in the download menu at the top of its page.
    :::
"""

import copy
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
from _plain_markdown import NEW_CELL, Book, plain
from _written import wrote_html
from docutils import nodes
from launch_links import address
from pybtex.database import parse_file
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

FOLDER = "notebooks"
ARCHIVE = "why-nonlinear-notebooks.zip"
PACKED = ["code/activations", "pyproject.toml", "README.md", "LICENSE", "LICENSE-TEXT", "CITATION.cff"]
"""What the zip holds beside the notebooks: enough to install the package from it."""

WORDS = {
    "first": """*This notebook is a chapter of the book [{book}]({repository}).*

It needs Python 3.11 or newer and the package `activations`, which comes with the book.
From the folder that holds `notebooks/` and `pyproject.toml` (the book's zip, or a clone of its repository):

```
pip install ".[experiments]" jupyterlab
```

Or straight from the repository:

```
pip install "activations[experiments] @ git+{repository}"
```""",
    "figure": "*Figure {number}.* {caption}",
    "notebook": "Download this chapter as a notebook",
    "archive": "Download all notebooks with the package",
    "heads": ("Chapter", "Notebook", "On Binder"),
    "launch": "run",
}
"""Every word that is the notebooks' own."""


def notebook(executed: nbformat.NotebookNode, slug: str, book: Book, first: str) -> nbformat.NotebookNode:
    """The reader's notebook of an executed chapter. ``first`` is what its first cell says."""
    clean = nbformat.v4.new_notebook(metadata={"kernelspec": dict(executed.metadata.kernelspec)})
    clean.cells = [nbformat.v4.new_markdown_cell(first)]
    for cell in executed.cells:
        clean.cells += _prose(cell, book) if cell.cell_type == "markdown" else _code(cell, book)
    for number, cell in enumerate(clean.cells):
        cell.id = f"{slug}-{number}"[-64:]
    return clean


def _prose(cell: nbformat.NotebookNode, book: Book) -> Iterator[nbformat.NotebookNode]:
    """The cells that one of the chapter's becomes: exercises and their solutions stand in cells of their own."""
    for part in filter(None, map(str.strip, plain(cell.source, book).split(NEW_CELL))):
        # JupyterLab shows such a heading closed, with all that stands below it.
        closed = {"jp-MarkdownHeadingCollapsed": True} if part.startswith("###### Solution") else {}
        yield nbformat.v4.new_markdown_cell(part, metadata=closed)


def _code(cell: nbformat.NotebookNode, book: Book) -> Iterator[nbformat.NotebookNode]:
    tags = list(cell.metadata.get("tags", []))
    metadata = {"tags": tags} if tags else {}
    if "hide-input" in tags:
        metadata["jupyter"] = {"source_hidden": True}
    yield nbformat.v4.new_code_cell(cell.source, metadata=metadata)
    if figure := cell.metadata.get("mystnb", {}).get("figure"):
        caption = WORDS["figure"].format(number=book.numbers[figure["name"]], caption=plain(figure["caption"], book))
        yield nbformat.v4.new_markdown_cell(caption)


def _chapters(app: Sphinx) -> dict[str, nbformat.NotebookNode]:
    """Each executed chapter with at least one cell of code, by page; the landing page is no chapter."""
    folder = Path(app.outdir).parent / "jupyter_execute"
    pages = sorted(app.env.found_docs - {app.config.root_doc})
    pages = [page for page in pages if (folder / f"{page}.ipynb").exists()]
    executed = {page: nbformat.read(folder / f"{page}.ipynb", as_version=4) for page in pages}
    return {page: read for page, read in executed.items() if any(cell.cell_type == "code" for cell in read.cells)}


def _numbers(env: BuildEnvironment) -> dict[str, str]:
    kinds = (kind for page in env.toc_fignumbers.values() for kind in page.values())
    return {id: ".".join(map(str, number)) for found in kinds for id, number in found.items()}


def _glued(app: Sphinx, page: str) -> dict[str, str]:
    path = Path(app.outdir).parent / "jupyter_execute" / f"{page}.glue.json"
    found = json.loads(path.read_text(encoding="utf8")) if path.exists() else {}
    return {name: output["data"]["text/plain"] for name, output in found.items()}


def _cited(app: Sphinx) -> dict[str, tuple[str, str, str]]:
    entries = {}
    for name in app.config.bibtex_bibfiles:
        entries |= parse_file(Path(app.srcdir) / name, bib_format="bibtex").entries
    return {key: (_authors(entry), entry.fields["year"], _address(entry.fields)) for key, entry in entries.items()}


def _authors(entry) -> str:
    names = [" ".join([*person.prelast_names, *person.last_names]) for person in entry.persons["author"]]
    names = [re.sub("[{}]", "", name) for name in names]
    return " and ".join(names) if len(names) < 3 else f"{names[0]} et al."


def _address(fields) -> str:
    if "doi" in fields:
        return f"https://doi.org/{fields['doi']}"
    return f"https://arxiv.org/abs/{fields['eprint']}" if "eprint" in fields else fields.get("url", "")


def _linker(app: Sphinx, page: str, notebooks: set[str]):
    """How a chapter's links are written: to the notebook beside it, else to the page's source in the repository."""
    labels, folder = app.env.get_domain("std").labels, Path(page).parent

    def link(target: str, place: str) -> tuple[str, str]:
        if not target:
            return (labels[place[1:]][2] if place[1:] in labels else place), place
        name = (folder / target).as_posix().removesuffix(".md")
        title = app.env.titles[name].astext() if name in app.env.titles else target
        return title, (f"{Path(name).name}.ipynb" if name in notebooks else f"{_repository(app, 'blob')}/{name}.md")

    return link


def _repository(app: Sphinx, kind: str = "") -> str:
    options = app.config.html_theme_options
    address = options["repository_url"].rstrip("/").removesuffix(".git")
    return f"{address}/{kind}/{options.get('repository_branch', 'main')}" if kind else address


def write_notebooks(app: Sphinx, error: Exception | None) -> None:
    """Write the notebook of each chapter, and the zip. Says which chapter holds what has no plain form."""
    if not wrote_html(app, error):
        return
    executed, folder = _chapters(app), Path(app.outdir) / FOLDER
    folder.mkdir(exist_ok=True)
    first = WORDS["first"].format(book=app.config.project, repository=_repository(app))
    shared = {"numbers": _numbers(app.env), "cited": _cited(app)}
    for page, chapter in executed.items():
        book = Book(**shared, glued=_glued(app, page), link=_linker(app, page, set(executed)))
        try:
            clean = notebook(chapter, Path(page).name, book, first)
        except (KeyError, ValueError) as fault:
            raise ValueError(f"{page}.md cannot become a plain notebook: {fault}") from fault
        nbformat.write(clean, folder / f"{Path(page).name}.ipynb")
    _write_archive(Path(app.srcdir), folder)


def _write_archive(source: Path, folder: Path) -> None:
    """All notebooks and the package, as one zip whose bytes depend on nothing but what is in it."""
    packed = {f"{FOLDER}/{path.name}": path for path in folder.glob("*.ipynb")}
    for name in PACKED:
        found = [source / name] if (source / name).is_file() else (source / name).rglob("*")
        packed |= {path.relative_to(source).as_posix(): path for path in found if _belongs(path)}
    with zipfile.ZipFile(folder / ARCHIVE, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in sorted(packed.items()):
            entry = zipfile.ZipInfo(f"why-nonlinear/{name}", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())


def _belongs(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts


def _offer(app: Sphinx, page: str, template: str, context: dict, doctree: object) -> None:
    """Put our notebook and the zip into the page's download menu, in the place of the one with raw directives."""
    for group in context.get("header_buttons", []):
        if group.get("label") != "download-buttons":
            continue
        rest = [button for button in group["buttons"] if button["label"] != "download-notebook-button"]
        group["buttons"] = [*_buttons(app, page, context), *copy.copy(rest)]


def _buttons(app: Sphinx, page: str, context: dict) -> Iterator[dict]:
    def button(name: str, text: str, tooltip: str) -> dict:
        address = context["pathto"](f"{FOLDER}/{name}", resource=True)
        return {
            "type": "link",
            "url": address,
            "text": text,
            "tooltip": tooltip,
            "icon": "fas fa-code",
            "label": tooltip,
        }

    if (Path(app.outdir).parent / "jupyter_execute" / f"{page}.ipynb").exists():
        yield button(f"{Path(page).name}.ipynb", ".ipynb", WORDS["notebook"])
    yield button(ARCHIVE, ".zip", WORDS["archive"])


class notebook_list(nodes.General, nodes.Element):
    """Where the list of notebooks goes once it is known which chapters have one."""


class Notebooks(SphinxDirective):
    """The directive: its body, then the list."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        body = nodes.container()
        self.state.nested_parse(self.content, self.content_offset, body)
        return [*body.children, notebook_list()]


def _archive_role(name, rawtext, text, lineno, inliner, options=None, content=None):
    """``{download-notebooks}`words``` links to the zip from wherever it stands."""
    up = "../" * inliner.document.settings.env.docname.count("/")
    return [nodes.reference(rawtext, text, refuri=f"{up}{FOLDER}/{ARCHIVE}", internal=True)], []


def _list_notebooks(app: Sphinx, doctree: nodes.document, page: str) -> None:
    for place in list(doctree.findall(notebook_list)):
        executed = _chapters(app)
        ordered = [name for name in app.env.toctree_includes[app.config.root_doc] if name in executed]
        place.replace_self(_table(WORDS["heads"], [_row(app, page, name) for name in ordered]))


def _row(app: Sphinx, page: str, chapter: str) -> list[nodes.reference]:
    up, name = "../" * page.count("/"), Path(chapter).name
    options = app.config.html_theme_options
    binder = address(options["repository_url"], options.get("repository_branch", "main"), chapter)
    targets = {
        app.env.titles[chapter].astext(): app.builder.get_relative_uri(page, chapter),
        f"{name}.ipynb": f"{up}{FOLDER}/{name}.ipynb",
        f"{WORDS['launch']} {name}": binder,
    }
    return [nodes.reference("", words, refuri=target, internal=True) for words, target in targets.items()]


def _table(heads: tuple[str, ...], rows: list[list[nodes.reference]]) -> nodes.table:
    group = nodes.tgroup("", *(nodes.colspec(colwidth=1) for _ in heads), cols=len(heads))
    group += nodes.thead("", _cells([nodes.Text(head) for head in heads]))
    group += nodes.tbody("", *map(_cells, rows))
    return nodes.table("", group)


def _cells(contents: list[nodes.Node]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", content)) for content in contents))


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_node(notebook_list)
    app.add_directive("notebooks", Notebooks)
    app.add_role("download-notebooks", _archive_role)
    app.connect("doctree-resolved", _list_notebooks)
    app.connect("build-finished", write_notebooks)
    # After the theme has made its menus.
    app.connect("html-page-context", _offer, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
