"""Bring explorables to life in the built page, without a kernel and without asking another host.

Pages that hold an explorable load the host module, and no others do; its style sheet is one of those of every page.
A page does not carry the state of its widgets a second time: the explorable's own element holds its frames.
"""

import os
import re
from pathlib import Path

from _bundles import fingerprinted
from _written import wrote_html
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

FOLDER = "explorables"
BUILD_FLAG = "WHY_NONLINEAR_BUILD"
"""That of ``activations.explore``, which is not imported for it: a build in which nothing has changed would wait."""

_COMMENT = re.compile(r"^[ \t]*(/\*.*?\*/|//[^\n]*)\n", re.MULTILINE | re.DOTALL)
_IMPORT = re.compile(r'(?<=\bfrom ")\./[^"]+(?=";)')


def _copy_front_end(app: Sphinx, error: Exception | None) -> None:
    if not wrote_html(app, error):
        return
    from activations import explore

    folder = Path(app.outdir) / "_static" / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "explorable.css").write_text(_without_comments(explore.stylesheet()), encoding="utf-8")
    for module in explore.FRONTEND.glob("*.mjs"):
        (folder / module.name).write_text(_without_comments(module.read_text(encoding="utf-8")), encoding="utf-8")
    host = folder / "host.mjs"
    marked = _IMPORT.sub(lambda match: fingerprinted(match[0], folder / match[0]), host.read_text(encoding="utf-8"))
    host.write_text(marked, encoding="utf-8")


def _without_comments(source: str) -> str:
    """The source less the comments that have lines of their own: a sixth of what a reader would download."""
    return _COMMENT.sub("", source)


def _add_to_page(app: Sphinx, page: str, template: str, context: dict, doctree: object) -> None:
    if 'class="explorable"' in context.get("body", ""):
        app.add_js_file(f"{FOLDER}/host.mjs", type="module")
        # Else the browser would learn of it when it has the host.
        app.add_css_file(f"{FOLDER}/explorable.mjs", rel="modulepreload", type=None)


def _forget_widget_states(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """MyST-NB would write each widget's state, all frames once more, for a widget manager that no page loads."""
    for metadata in getattr(env, "nb_metadata", {}).values():
        metadata.get("js_files", {}).pop("ipywidgets_state", None)
    return []


def setup(app: Sphinx) -> dict[str, bool]:
    os.environ[BUILD_FLAG] = "1"
    app.add_css_file(f"{FOLDER}/explorable.css")
    app.connect("env-updated", _forget_widget_states)
    app.connect("html-page-context", _add_to_page)
    app.connect("build-finished", _copy_front_end)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
