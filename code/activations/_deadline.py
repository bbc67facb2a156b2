"""A time limit for computer algebra that works in any thread and in any notebook kernel."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class _Stop(BaseException):
    """Raised inside the worker; a BaseException, so that no ``except Exception`` on the way swallows it."""


def within(seconds: float, function: Callable[..., T], *args: object) -> T:
    """``function(*args)``, or TimeoutError when it is not done in time.

    The work runs in a thread of its own, because an alarm signal reaches the main thread only.
    Late work is told to stop at its next Python instruction, and waited for, so that it leaves nothing half done.

    >>> within(10, max, 1, 2)
    2
    """
    outcome: list = []
    worker = threading.Thread(target=_record, args=(outcome, function, args), daemon=True)
    worker.start()
    worker.join(seconds)
    while worker.is_alive():
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(worker.ident), ctypes.py_object(_Stop))
        worker.join(0.1)
    result, error = outcome[0]
    if isinstance(error, _Stop):
        raise TimeoutError(f"{getattr(function, '__name__', 'work')} took more than {seconds} s")
    if error is not None:
        raise error
    return result


def _record(outcome: list, function: Callable, args: tuple) -> None:
    try:
        outcome.append((function(*args), None))
    except BaseException as error:  # whatever it is, the caller gets it
        outcome.append((None, error))
