"""Seconds of a clean build of the book, with nothing kept from earlier ones, and of one in which nothing has changed.

Run it with ``python bench/build.py``. How build time grows with chapters, ``growth.py`` shows.
"""

import tempfile
from pathlib import Path

from _books import copy_book, seconds_to_build


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        copy_book(Path(folder), executed=False)
        for kind in ("clean", "no-change"):
            took = seconds_to_build(Path(folder))
            print(f"{kind:>9} build: {took.clock:6.1f} s, {took.work:6.1f} s of work on all cores", flush=True)


if __name__ == "__main__":
    main()
