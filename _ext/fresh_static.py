"""Copy style sheets and scripts again when only they have changed; Sphinx copies them only when some page has."""

from pathlib import Path

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

FOLDERS = ("_static", "_templates")


def _newest(folders: list[Path]) -> float:
    return max((path.stat().st_mtime for folder in folders for path in folder.rglob("*")), default=0.0)


def _outdated(app: Sphinx, env: BuildEnvironment, added: set, changed: set, removed: set) -> list[str]:
    """The landing page, when a static file is newer than it: one page to write is enough for Sphinx to copy all."""
    landing = Path(app.outdir) / "index.html"
    stale = landing.exists() and _newest([Path(app.srcdir) / name for name in FOLDERS]) > landing.stat().st_mtime
    return [app.config.root_doc] if stale else []


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("env-get-outdated", _outdated)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
