"""Seconds of a clean build of the book and of one in which nothing has changed.

Run it with ``python bench/build.py``.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]


def seconds_to_build(output: str) -> float:
    """Build the book into a folder of its own, and tell how long it took."""
    program = shutil.which("jupyter-book", path=Path(sys.executable).parent)
    command = [program, "build", str(ROOT), "--path-output", output, "--quiet"]
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    with tempfile.TemporaryDirectory() as output:
        for kind in ("clean", "no-change"):
            print(f"{kind:>9} build: {seconds_to_build(output):6.1f} s", flush=True)


if __name__ == "__main__":
    main()
