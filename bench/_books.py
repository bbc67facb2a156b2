"""Copies of the book's sources, and the time that building one takes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
OUTPUTS = Path("_build") / ".jupyter_cache"
LEFT_OUT = (".*", "_build", "__pycache__", "*.egg-info")


class Seconds(NamedTuple):
    """What a build took: on the clock, and of work on all cores, which a busy machine does not stretch."""

    clock: float
    work: float


def copy_book(folder: Path, executed: bool) -> None:
    """Copy the sources into a folder, with the outputs of its cells if they are to count as ``executed``."""
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_OUT), dirs_exist_ok=True)
    if executed:
        shutil.copytree(ROOT / OUTPUTS, folder / OUTPUTS)


def seconds_to_build(folder: Path) -> Seconds:
    """Build what has changed, and tell how long it took; the end of the log stands in the error when that fails."""
    program = shutil.which("jupyter-book", path=Path(sys.executable).parent)
    surroundings = os.environ | {"OMP_NUM_THREADS": "1"}
    surroundings.pop("PYTHONPATH", None)  # a copy's own package is the one that counts
    began = _clock()
    done = subprocess.run(
        [program, "build", str(folder)], env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        raise SystemExit(f"{done.stdout[-4000:]}\nthe book in {folder} could not be built: its log ends above")
    return Seconds(*(now - then for now, then in zip(_clock(), began, strict=True)))


def _clock() -> Seconds:
    times = os.times()
    return Seconds(times.elapsed, times.children_user + times.children_system)
