"""Load the search of the claims on the page that has a place for it, and on no other."""

from sphinx.application import Sphinx


def _add_to_page(app: Sphinx, page: str, template: str, context: dict, doctree: object) -> None:
    if 'class="ledger-search"' in context.get("body", ""):
        app.add_js_file("ledger.mjs", type="module")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", _add_to_page)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
