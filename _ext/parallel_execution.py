"""Execute the chapters that changed, as many at once as there are cores, before Sphinx reads the pages one by one.

Sphinx cannot read this book's pages in parallel (its chapter numbering forbids it), but nothing forbids to fill
MyST-NB's execution cache in parallel first: reading then finds every output there.
"""

from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import joblib
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract
from jupyter_cache.executors.utils import ExecutionResult, single_nb_execution
from myst_nb.core.read import create_nb_reader
from nbformat import NotebookNode
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from warm_kernels import CAN_FORK, warm_kernels

logger = logging.getLogger(__name__)


class CellFailed(SystemExit):
    """A cell raised; the message carries its traceback. To any other exception Jupyter Book would add its own."""


@dataclass(frozen=True)
class Chapter:
    """A page with cells, as MyST-NB reads it."""

    name: str
    path: Path
    notebook: NotebookNode


def execute_changed(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Put the outputs of every page about to be read into the cache."""
    if env.mystnb_config.execution_mode != "cache":
        return
    cache = get_cache(env.mystnb_config.execution_cache_path)
    chapters = [chapter for name in docnames if (chapter := _read(env, name))]
    changed = [chapter for chapter in chapters if not _is_cached(cache, chapter)]
    if not changed:
        logger.info("pages to execute: none, all outputs are up to date")
        return
    cores = min(joblib.cpu_count(), len(changed))
    logger.info(f"pages to execute: {len(changed)} of {len(env.found_docs)}, cores: {cores}")
    # For few chapters the imports would take longer than they save.
    with warm_kernels() if CAN_FORK and len(changed) > 2 * cores else nullcontext():
        _fill_font_cache()
        _execute(changed, cores, cache, env.mystnb_config.execution_timeout)


def _read(env: BuildEnvironment, name: str) -> Chapter | None:
    path = Path(env.doc2path(name))
    text = path.read_text(encoding="utf8")
    reader = create_nb_reader(str(path), env.myst_config, env.mystnb_config, text)
    return reader and Chapter(name, path, reader.read(text))


def _is_cached(cache: JupyterCacheAbstract, chapter: Chapter) -> bool:
    try:
        cache.match_cache_notebook(chapter.notebook)
    except KeyError:
        return False
    return True


def _fill_font_cache() -> None:
    # Once here, or the first figure of each kernel would do it, and say so on the page of a fresh clone.
    import matplotlib.font_manager  # noqa: F401


def _execute(chapters: list[Chapter], cores: int, cache: JupyterCacheAbstract, timeout: int) -> None:
    with ThreadPoolExecutor(cores) as pool:
        # Long ones first: a short one at the end leaves no core idle for long.
        running = {
            pool.submit(_run, chapter, timeout): chapter for chapter in sorted(chapters, key=_size, reverse=True)
        }
        try:
            for done, future in enumerate(as_completed(running), start=1):
                _keep(running[future], future.result(), cache)
                seconds = future.result().time
                logger.info(f"executed {running[future].name} in {seconds:.1f} s ({done} of {len(chapters)})")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _size(chapter: Chapter) -> int:
    """The length of the chapter's programs, a short cell counting too: a rough guess at how long they run."""
    return sum(100 + len(cell.source) for cell in chapter.notebook.cells if cell.cell_type == "code")


def _run(chapter: Chapter, timeout: int) -> ExecutionResult:
    # A kernel's own log tells of its sockets and of its end; what a cell does wrong comes back with the cell.
    quiet = ["--log-level=CRITICAL"]
    # A busy machine sends what a cell prints in pieces that end anywhere, in the middle of a line too.
    options = {"allow_errors": False, "coalesce_streams": True, "extra_arguments": quiet}
    return single_nb_execution(chapter.notebook, cwd=str(chapter.path.parent), timeout=timeout, **options)


def _keep(chapter: Chapter, result: ExecutionResult, cache: JupyterCacheAbstract) -> None:
    # On the main thread: the cache is a database that one thread opened.
    if result.err is not None:
        raise CellFailed(f"{result.err}\n{chapter.path.name}: the cell above failed, so mend it, or what it calls.")
    bundle = CacheBundleIn(chapter.notebook, str(chapter.path), data={"execution_seconds": result.time})
    cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("env-before-read-docs", execute_changed)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
