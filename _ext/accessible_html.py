"""Mend what Sphinx writes and accessibility checkers refuse; each line goes when Sphinx no longer needs it."""

from sphinx.application import Sphinx

MENDS = {
    # Deprecated in ARIA 1.2, and never allowed on these elements.
    ' role="doc-biblioentry"': "",
    ' role="doc-backlink"': "",
    # It claims a list whose children are no list items.
    '<div role="list" class="citation-list">': '<div class="citation-list">',
}


def _mend(app: Sphinx, page: str, template: str, context: dict, doctree: object) -> None:
    body = context.get("body", "")
    for fault, mended in MENDS.items():
        body = body.replace(fault, mended)
    context["body"] = body


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", _mend)
    app.add_js_file("scrollable.mjs", type="module")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
