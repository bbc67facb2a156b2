"""Measured times, which no build can repeat: marked with ``data-timing`` on the page, and kept out of the search index.

Whoever compares two builds leaves out what :data:`TIMED` finds.
"""

import re

from docutils import nodes
from sphinx.application import Sphinx

TIMED = re.compile(r"(<(\w+)(?: [^<>]*)? data-timing(?:=[^<>]*)?>).*?(</\2>)", re.DOTALL)
"""An element marked as a time: its opening tag, its name, and its closing tag. No element of its name stands in it."""


def without_times(html: str) -> str:
    """The HTML, with nothing left in elements that are marked as times.

    >>> without_times("<p>It took <span data-timing>4.2 s</span>.</p>")
    '<p>It took <span data-timing></span>.</p>'
    """
    return TIMED.sub(r"\1\3", html)


class timed(nodes.Element):
    """HTML with a time in it. The page takes all of it, the search index what stands below: the same without times."""

    def astext(self) -> str:
        return self["html"]


def _write(self, node: timed) -> None:
    self.visit_raw(node)  # and this one skips what stands below


def _hide_from_search(app: Sphinx, doctree: nodes.document, page: str) -> None:
    for raw in [raw for raw in doctree.findall(nodes.raw) if TIMED.search(raw.astext())]:
        html = raw.astext()
        searched = nodes.raw("", without_times(html), format="html")
        raw.replace_self(timed("", searched, html=html, format="html", classes=raw["classes"]))


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_node(timed, html=(_write, None))
    # After those who make such elements.
    app.connect("doctree-resolved", _hide_from_search, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
