"""Break the arithmetic and the proofs on purpose, one small change at a time, and count what the tests notice.

A mutant is the source with one operator, number, comparison or decorator changed, as cosmic-ray does it.
``make mutate`` draws a seeded sample, puts each in a copy of the tree, and runs the tests of that part until one fails.
A mutant that no test notices is a survivor: a new test has to kill it, or ``equivalent.toml`` says why nothing can.

What was found is kept under ``_build/mutation``, so that an interrupted run goes on where it stopped; a killed mutant
stays killed while its source is the same, a survivor is tried again when a test has changed.
Tests run in forks of one process that has loaded the large libraries, so this needs a system that can fork.
"""

from __future__ import annotations

import argparse
import ast
import compileall
import contextlib
import difflib
import hashlib
import importlib
import json
import multiprocessing
import os
import random
import re
import shutil
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from pathlib import Path

from cosmic_ray import plugins
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from tqdm import tqdm

ROOT = Path(__file__).parents[2]
EQUIVALENT = Path(__file__).with_name("equivalent.toml")
SEED, SAMPLE, LEAST = 10, 60, 0.9
"""How many mutants of each part are drawn, and the share of all that the tests must kill."""

PATIENCE = 10
"""A mutant may take so many times what the tests of its part take without one."""

MEMORY = 8 << 30

BITWISE = re.compile(r"Operator_(Add|Sub|Mul|Div|FloorDiv|Mod|Pow)_(RShift|LShift|BitOr|BitAnd|BitXor)$")
"""Left out: a float refuses these operators, so that any test at all would notice, and the score would be flattered."""


@dataclass(frozen=True)
class Part:
    """Modules that are changed, the tests that should notice, the sharpest first, and what else would change them."""

    sources: tuple[str, ...]
    tests: tuple[str, ...]
    needs: tuple[str, ...] = ("code/activations/_stable.py", "code/activations/_arrays.py")


PARTS = {
    "values": Part(
        ("code/activations/_values/*.py",),
        ("tests/test_values.py", "tests/test_arrays.py", "code/activations/_values"),
    ),
    "slopes": Part(
        ("code/activations/_slopes/*.py",),
        ("tests/test_slopes.py", "tests/test_arrays.py", "code/activations/_slopes"),
    ),
    "their arithmetic": Part(
        ("code/activations/_stable.py",),
        ("tests/test_stable.py", "tests/test_slopes.py", "tests/test_values.py"),
    ),
    "their arrays": Part(
        ("code/activations/_arrays.py",),
        ("tests/test_arrays.py", "tests/test_values.py"),
    ),
    "proofs": Part(
        ("code/activations/proofs/derivation.py", "code/activations/proofs/_equal.py"),
        ("tests/test_derivation.py", "tests/test_proofs.py", "code/activations/proofs/derivation.py"),
        needs=("code/activations/_deadline.py",),
    ),
}
OPTIONS = ("-xq", "--no-header", "--tb=no", "--assert=plain", "-p", "no:cacheprovider", "--hypothesis-profile=ci")
"""The profile draws the same examples every time, and remembers none."""


# --- mutants ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mutant:
    part: str
    file: str
    line: int
    was: str
    becomes: str
    code: str = field(repr=False)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}\n    {self.was}\n    {self.becomes}"


def sample(size: int = SAMPLE, root: Path = ROOT) -> list[Mutant]:
    """Mutants in a seeded order, part by turns, as many of each as asked for: the same while the source is the same."""
    turns = zip_longest(*(islice(_drawn(part, root), size) for part in PARTS))
    return [mutant for turn in turns for mutant in turn if mutant]


def _drawn(part: str, root: Path) -> Iterator[Mutant]:
    """Every mutant that compiles, that changes more than an annotation, and that a float does not refuse."""
    files = [path for pattern in PARTS[part].sources for path in sorted(root.glob(pattern))]
    places = [(path, *place) for path in files for place in _places(path.read_text())]
    for path, name, occurrence, line in random.Random(SEED).sample(places, len(places)):
        source = path.read_text()
        # cosmic-ray cannot replace an exception that has a dot in its name.
        with contextlib.suppress(SyntaxError, AttributeError):
            code = mutate_code(source, plugins.get_operator(name)(), occurrence)
            if ast.dump(ast.parse(code)) != ast.dump(ast.parse(source)):
                yield Mutant(part, path.relative_to(root).as_posix(), line, *_changed(source, code), code)


def _places(source: str) -> Iterator[tuple[str, int, int]]:
    """What can be changed: the operator, which occurrence of it, and its line."""
    nodes, annotations = list(ast_nodes(get_ast(source))), _annotations(source)
    for name in sorted(plugins.operator_names()):
        make = plugins.get_operator(name)
        if not make.arguments() and not BITWISE.search(name):
            places = [start for node in nodes for start, _ in make().mutation_positions(node)]
            for occurrence, place in enumerate(places):
                if not any(start <= place < end for start, end in annotations):
                    yield name, occurrence, place[0]


def _annotations(source: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Where annotations stand: they are never evaluated."""
    nodes = list(ast.walk(ast.parse(source)))
    found = [getattr(node, field, None) for node in nodes for field in ("annotation", "returns")]
    return [((one.lineno, one.col_offset), (one.end_lineno, one.end_col_offset)) for one in found if one]


def _changed(source: str, code: str) -> tuple[str, str]:
    """The lines that differ, before and after; nothing where they are gone."""
    changes = list(difflib.unified_diff(source.splitlines(), code.splitlines(), n=0, lineterm=""))[2:]
    return tuple(" ".join(line[1:].strip() for line in changes if line[0] == sign).strip() for sign in "-+")


# --- runs of the tests ------------------------------------------------------------------------------------------------


def copied(root: Path, tree: Path) -> Path:
    """A fresh copy of what the tests of ``PARTS`` need, compiled but for the modules that will be changed."""
    shutil.rmtree(tree, ignore_errors=True)
    for name in ("code", "tests"):
        shutil.copytree(root / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(root / "pyproject.toml", tree / "pyproject.toml")
    compileall.compile_dir(tree, quiet=2)
    for part in PARTS.values():
        for path in (path for pattern in part.sources for path in tree.glob(pattern)):
            # A cached copy is found by the time and the size of its source, and a mutant may share both.
            for cached in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
                cached.unlink()
    return tree


def noticed(tests: Sequence[str], tree: Path, limit: float | None = None) -> str:
    """The test that failed, or ``"the time limit"``; nothing when all passed."""
    log = tree / "log.txt"
    child = multiprocessing.get_context("fork").Process(target=_run, args=(tests, tree, log), daemon=True)
    child.start()
    child.join(limit)
    if child.is_alive():
        child.kill()
        child.join()
        return "the time limit"
    if child.exitcode == 0:
        return ""
    failed = re.search(r"^(?:FAILED|ERROR) (\S+)", log.read_text(errors="replace"), flags=re.MULTILINE)
    return failed.group(1) if failed else f"exit code {child.exitcode}"


def _run(tests: Sequence[str], tree: Path, log: Path) -> None:
    import resource

    import pytest

    with log.open("w") as sink:
        os.dup2(sink.fileno(), 1)
        os.dup2(sink.fileno(), 2)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        os.chdir(tree)
        # File by file, as most mutants fall to the first one and need no other to be collected.
        os._exit(next((int(code) for one in tests if (code := pytest.main([*OPTIONS, one]))), 0))


def load_libraries() -> None:
    """Import once what every fork would import, but nothing of the package."""
    os.environ["OMP_NUM_THREADS"] = "1"
    sys.dont_write_bytecode = True
    for name in ("mpmath", "pytest", "scipy.special", "sympy", "torch.nn.functional"):
        importlib.import_module(name)


# --- the whole run ----------------------------------------------------------------------------------------------------


class Results:
    """What became of each mutant, in a file that outlives an interruption: the test that noticed, or nothing."""

    def __init__(self, path: Path, root: Path = ROOT) -> None:
        self._path = path
        self._sources = {name: _digest(root, (*part.sources, *part.needs)) for name, part in PARTS.items()}
        self._tests = {name: _digest(root, part.tests) for name, part in PARTS.items()}
        self._known = json.loads(path.read_text()) if path.exists() else {}

    def get(self, mutant: Mutant) -> str | None:
        """The test that noticed, nothing for a survivor, None where it has to be tried (again)."""
        by, tests = self._known.get(self._key(mutant), (None, None))
        return by if by or tests == self._tests[mutant.part] else None

    def put(self, mutant: Mutant, by: str) -> None:
        self._known[self._key(mutant)] = by, self._tests[mutant.part]
        self._path.write_text(json.dumps(self._known, indent=0))

    def _key(self, mutant: Mutant) -> str:
        return hashlib.sha256(f"{self._sources[mutant.part]} {mutant.file}\n{mutant.code}".encode()).hexdigest()[:24]


def _digest(root: Path, patterns: Sequence[str]) -> str:
    state = hashlib.sha256()
    for path in (path for pattern in patterns for path in sorted(root.glob(pattern)) if path.is_file()):
        state.update(f"{path.name}\n".encode() + path.read_bytes())
    return state.hexdigest()[:16]


def try_all(mutants: Sequence[Mutant], results: Results, tree: Path) -> None:
    """Run the tests on each mutant that has to be tried."""
    left = [mutant for mutant in mutants if results.get(mutant) is None]
    limits = {part: PATIENCE * _baseline(part, tree) for part in {mutant.part for mutant in left}}
    for mutant in tqdm(left, unit="mutant", disable=not left):
        path = tree / mutant.file
        original = path.read_text()
        try:
            path.write_text(mutant.code)
            results.put(mutant, noticed(PARTS[mutant.part].tests, tree, limits[mutant.part]))
        finally:
            path.write_text(original)


def _baseline(part: str, tree: Path) -> float:
    """The seconds that the tests of a part take on sound source."""
    start = time.monotonic()
    if fault := noticed(PARTS[part].tests, tree):
        sys.exit(f"The tests of {part} fail without a mutant: mend {fault} first")
    return time.monotonic() - start


def reasons() -> dict[tuple[str, str, str], str]:
    """Why a mutant is equivalent, by its file and its line before and after."""
    rows = tomllib.loads(EQUIVALENT.read_text(encoding="utf8")).get("mutant", [])
    return {(row["file"], row["was"], row["becomes"]): row["reason"] for row in rows}


def report(mutants: Sequence[Mutant], results: Results) -> bool:
    """Print the score and the survivors, and tell whether it is as it should be."""
    known, survivors = reasons(), [mutant for mutant in mutants if not results.get(mutant)]
    open_ = []
    for mutant in survivors:
        reason = known.get((mutant.file, mutant.was, mutant.becomes))
        print(f"survived: {mutant}\n    {reason or 'no test notices, and no reason is given'}")
        open_ += [] if reason else [mutant]
    for part in PARTS:
        own = [mutant for mutant in mutants if mutant.part == part]
        print(f"{part}: {sum(bool(results.get(mutant)) for mutant in own)} of {len(own)} killed")
    killed = len(mutants) - len(survivors)
    late = sum(results.get(mutant) == "the time limit" for mutant in mutants)
    print(f"together: {killed} of {len(mutants)} killed, {killed / len(mutants):.1%}, {late} of them by the time limit")
    print(f"survivors: {len(survivors) - len(open_)} explained as equivalent, {len(open_)} not explained")
    return not open_ and killed >= LEAST * len(mutants)


def run(size: int = SAMPLE, root: Path = ROOT) -> bool:
    """Try a sample of so many mutants of each part, and report; True when all is as it should be."""
    mutants, work = sample(size, root), root / "_build" / "mutation"
    work.mkdir(parents=True, exist_ok=True)
    results = Results(work / "results.json", root)
    try_all(mutants, results, copied(root, work / "tree"))
    return report(mutants, results)


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Break the arithmetic and the proofs, and count what the tests notice."
    )
    parser.add_argument("--sample", type=int, default=SAMPLE, help="mutants of each part (default: %(default)s)")
    size = parser.parse_args().sample
    load_libraries()
    if not run(size):
        sys.exit("Write a test for each survivor, or say in tests/mutation/equivalent.toml why none can notice it")


if __name__ == "__main__":
    main()
