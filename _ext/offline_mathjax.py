"""Serve MathJax from the site itself, with only the files that a page can ask for.

The package ``sphinx-mathjax-offline`` brings MathJax; its own extension copies all 24 MB of it into every build.
"""

import importlib
import shutil
from pathlib import Path

from sphinx.application import Sphinx

# The component that pages load, its web fonts, and what TeX input fetches by itself when a formula asks (\cancel …).
ASKED_FOR = ("tex-chtml.js", "output/chtml/fonts/woff-v2", "input/tex/extensions")


def _copy_mathjax(app: Sphinx, error: Exception | None) -> None:
    if error or app.builder.format != "html":
        return
    package = Path(importlib.import_module("sphinx-mathjax-offline").__file__).parent
    for name in ASKED_FOR:
        origin = package / "static" / "mathjax" / name
        copy = Path(app.outdir) / "_static" / "mathjax" / name
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(origin, copy) if origin.is_dir() else shutil.copyfile(origin, copy)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("build-finished", _copy_mathjax)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
