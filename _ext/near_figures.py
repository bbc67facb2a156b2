"""Load a figure when the reader comes near it, in a place of its size: far ones cost nothing, and nothing jumps."""

import re
from pathlib import Path

from _written import wrote_html
from sphinx.application import Sphinx

_FIGURE = re.compile(r'<img (?![^>]*\b(?:loading|width|height)=)(?=[^>]*\bsrc="((?:\.\./)*_images/[^"]+\.svg)")')
_SIZE = re.compile(r'<svg\b[^>]*? width="([\d.]+)pt" height="([\d.]+)pt"')


def with_places(text: str, page: Path) -> str:
    """The text of a page, in which each figure waits and has the size that its file says."""
    return _FIGURE.sub(lambda match: f'<img loading="lazy" {_size(page.parent / match[1])}', text)


def _size(figure: Path) -> str:
    if not (match := _SIZE.search(figure.read_text(encoding="utf8"))):
        return ""
    width, height = (round(float(points) * 4 / 3) for points in match.groups())
    return f'width="{width}" height="{height}" '


class NearFigures:
    """The pages that this build writes; their figures are there when it ends."""

    def __init__(self) -> None:
        self._pages: set[str] = set()

    def note(self, app: Sphinx, page: str, template: str, context: dict, doctree: object) -> None:
        self._pages.add(page)

    def place(self, app: Sphinx, error: Exception | None) -> None:
        if not wrote_html(app, error):
            return
        for page in (Path(app.builder.get_outfilename(name)) for name in self._pages):
            page.write_text(with_places(page.read_text(encoding="utf8"), page), encoding="utf8")


def setup(app: Sphinx) -> dict[str, bool]:
    figures = NearFigures()
    app.connect("html-page-context", figures.note)
    app.connect("build-finished", figures.place)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
