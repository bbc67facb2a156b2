"""Name the execution cache after everything an output depends on, so that it can never be stale.

MyST-NB's cache knows a chapter by its cells alone.
Here its folder carries a digest of ``code/``, of the pinned requirements and of Python's version: when one of them
changes, the folder is new and empty, every chapter is executed, and Sphinx, which sees a changed setting, reads every
page again.
"""

import hashlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config


def digest(source: Path) -> str:
    """A short name for the present state of ``code/``, ``requirements.txt`` and Python."""
    state = hashlib.sha256(sys.version.encode())
    for path in (source / "requirements.txt", *_sources(source / "code")):
        content = path.read_bytes()
        # The length parts one file from the next: moving a line between files must change the digest.
        state.update(f"\n{path.relative_to(source).as_posix()} {len(content)}\n".encode())
        state.update(content)
    return state.hexdigest()[:16]


def _sources(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(map(_is_derived, path.relative_to(folder).parts)):
            yield path


def _is_derived(name: str) -> bool:
    return name.startswith(".") or name == "__pycache__" or name.endswith(".egg-info")


def _choose_cache(app: Sphinx, config: Config) -> None:
    caches = Path(app.outdir).parent / ".jupyter_cache"
    current = caches / digest(Path(app.srcdir))
    for old in caches.glob("*"):
        if old != current:
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    config.nb_execution_cache_path = str(current)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("config-inited", _choose_cache)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
