"""Give this process and every kernel the same surroundings: the package in ``code/``, one thread, our own figure style.

``jupyter-book build .`` then works for anyone who installed the requirements alone, and a chapter's output does not
depend on who builds it.
"""

import os
import sys
from pathlib import Path

from sphinx.application import Sphinx


def environment(source: Path, build: Path) -> dict[str, str]:
    """The variables that kernels inherit from the build."""
    inherited = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    paths = dict.fromkeys([str(source / "code"), *filter(None, inherited)])
    return {
        "PYTHONPATH": os.pathsep.join(paths),
        # Chapters share the cores, and a sum over more threads rounds differently.
        "OMP_NUM_THREADS": "1",
        # A private folder: no personal matplotlibrc changes a figure, and the font cache is ours to fill.
        "MPLCONFIGDIR": str(build / ".matplotlib"),
        # Python's debugger warns at each start of a kernel about frozen modules; nobody debugs here.
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


def setup(app: Sphinx) -> dict[str, bool]:
    source, build = Path(app.srcdir), Path(app.outdir).parent
    sys.path.insert(0, str(source / "code"))
    os.environ.update(environment(source, build))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
