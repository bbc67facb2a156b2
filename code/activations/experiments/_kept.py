"""Keep what an experiment returns on disk, so that kernels, tests and claims compute it once between them.

A result is found again by the digest of the package's source less the claims, of the versions of what computes, and of
the arguments: whatever could change it makes a new key. In a checkout the results lie under ``_build``, where
``make clean`` removes them; elsewhere in the user's cache folder. Where nothing can be written, nothing is kept.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable
from functools import cache, wraps
from importlib.metadata import version
from pathlib import Path
from typing import ParamSpec, TypeVar

import platformdirs
import torch
from joblib import Memory
from threadpoolctl import threadpool_limits

__all__ = ["kept"]

P = ParamSpec("P")
R = TypeVar("R")

_PACKAGE = Path(__file__).parents[1]
_DAY = 86_400.0
_COMPUTE = ("numpy", "scipy", "scikit-learn", "torch")


def kept(experiment: Callable[P, R]) -> Callable[P, R]:
    """The same function, which looks for its result on disk before it computes.

    Arguments must be plain (numbers, strings, tuples, ranges, frozen records of such) and results picklable.
    The work runs on one thread, so that its last digits do not depend on where it is done first.

    >>> @kept
    ... def squares(count):
    ...     return [number**2 for number in range(count)]
    >>> squares(3), squares(count=3)
    ([0, 1, 4], [0, 1, 4])
    """

    def compute(*args: P.args, **kwargs: P.kwargs) -> R:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            with threadpool_limits(1):
                return experiment(*args, **kwargs)
        finally:
            torch.set_num_threads(threads)

    compute = wraps(experiment)(compute)

    @wraps(experiment)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        return _memory().cache(compute)(*args, **kwargs)

    return run


@cache
def _memory() -> Memory:
    folder = _folder() / _digest()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
        _forget_old(folder)
    except OSError:
        return Memory(None, verbose=0)
    return Memory(folder, verbose=0)


def _folder() -> Path:
    root = _PACKAGE.parents[1]
    in_checkout = (root / "_config.yml").exists()
    return root / "_build" / ".experiments" if in_checkout else platformdirs.user_cache_path("activations")


def _digest() -> str:
    versions = (sys.version, *map(version, _COMPUTE))
    state = hashlib.sha256(repr(versions).encode())
    # No experiment can read a claim: imports flow the other way. So rewording one leaves the results valid.
    for path in sorted(set(_PACKAGE.rglob("*.py")) - set((_PACKAGE / "claims").rglob("*.py"))):
        content = path.read_bytes()
        state.update(f"\n{path.relative_to(_PACKAGE).as_posix()} {len(content)}\n".encode())
        state.update(content)
    return state.hexdigest()[:16]


def _forget_old(current: Path) -> None:
    """Remove results of other states of the source that have not been asked for since yesterday."""
    for other in current.parent.iterdir():
        if other != current and time.time() - other.stat().st_mtime > _DAY:
            shutil.rmtree(other, ignore_errors=True)
