"""Whether two clean builds of the book give the same bytes, file by file.

Each build starts from a copy of this folder without anything derived, in a place of its own, with a hash seed of its
own. What stands in elements marked ``data-timing`` is measured anew by each build, and is not compared.

Run it with ``python bench/reproducible.py``. It takes two clean builds, and ends with code 1 when a file differs.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "_ext"))
from timings import without_times  # noqa: E402

DERIVED = ("_build", ".venv", "__pycache__", "*.egg-info", ".*_cache", ".hypothesis", ".coverage", ".ipynb_checkpoints")
AROUND = 60
"""How many characters are shown on each side of the first difference."""


def copy(folder: Path) -> Path:
    """Copy the book's sources and history."""
    return shutil.copytree(ROOT, folder, symlinks=True, ignore=shutil.ignore_patterns(*DERIVED))


def build(source: Path, hash_seed: int) -> Path:
    """Build the book that lies in ``source``, strictly; the folder of its pages."""
    program = shutil.which("jupyter-book", path=Path(sys.executable).parent)
    # A package in the code/ of the copy must not be hidden by that of this folder.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [program, "build", str(source), "-W", "-n", "--keep-going"]
    built = subprocess.run(
        command, env=environment | {"PYTHONHASHSEED": str(hash_seed)}, capture_output=True, text=True
    )
    if built.returncode:
        sys.exit(f"{source}: the build failed, so there is nothing to compare\n{(built.stdout + built.stderr)[-4000:]}")
    return source / "_build" / "html"


def files(folder: Path) -> dict[str, bytes]:
    """What a build wrote, by file; pages without the times in them."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.relative_to(folder).as_posix(): _compared(path) for path in paths}


def _compared(path: Path) -> bytes:
    content = path.read_bytes()
    return without_times(content.decode("utf8")).encode() if path.suffix == ".html" else content


def differences(first: dict[str, bytes], second: dict[str, bytes]) -> Iterator[str]:
    """One report for each file that the two builds do not share, or in which they differ."""
    for name in sorted(first.keys() | second.keys()):
        if name not in first or name not in second:
            yield f"{name}: only in the {'first' if name in first else 'second'} build"
        elif first[name] != second[name]:
            yield f"{name}: {_first_difference(first[name], second[name])}"


def _first_difference(one: bytes, other: bytes) -> str:
    at = next(at for at, (a, b) in enumerate(zip_longest(one, other)) if a != b)
    shown = [content[max(at - AROUND, 0) : at + AROUND].decode("utf8", "replace") for content in (one, other)]
    return f"differs from byte {at} on\n    first:  {shown[0]!r}\n    second: {shown[1]!r}"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        # Both at once: who edits the book while it is built would else compare two books.
        places = [copy(Path(folder) / name) for name in ("one", "elsewhere/the other")]
        builds = []
        for seed, place in enumerate(places, start=1):
            print(f"clean build {seed} of {len(places)}", flush=True)
            builds.append(files(build(place, seed)))
    found = list(differences(*builds))
    compared = len(builds[0].keys() | builds[1].keys())
    print(*found, f"{compared} files compared, {compared - len(found)} identical, {len(found)} not", sep="\n")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
