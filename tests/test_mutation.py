"""The mutation run notices what it should, on a tree of its own with a function that is tested and one that is not."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROGRAM = ROOT / "tests" / "mutation" / "mutate.py"

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the tests of a mutant run in a fork")

SOURCE = """\
def tested(x: int | None = 3) -> int | None:
    return x - 7 if x > 10 else x


def untested(x):
    return x + 1
"""
TESTS = """\
from activations.small import tested


def test_tested():
    assert [tested(), *map(tested, (10, 11, 24))] == [3, 10, 4, 17]
"""
# The same process, with a part of its own in place of the book's.
RUN = """\
import mutate, pytest
mutate.PARTS = {"small": mutate.Part(("code/activations/*.py",), ("tests/test_small.py",))}
mutate.sys.path.insert(0, "code")
"""
WHOLE_RUN = "print(mutate.run(10, mutate.Path.cwd()))"


@pytest.fixture(scope="module")
def mutate():
    spec = importlib.util.spec_from_file_location("mutate", PROGRAM)
    sys.modules["mutate"] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["mutate"]


@pytest.fixture
def tree(tmp_path):
    for name, text in {
        "code/activations/small.py": SOURCE,
        "tests/test_small.py": TESTS,
        "pyproject.toml": "[tool.pytest.ini_options]\npythonpath = ['code']\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def go(tree: Path, what: str = WHOLE_RUN) -> str:
    environment = os.environ | {"PYTHONPATH": str(PROGRAM.parent)}
    command = [sys.executable, "-c", RUN + what]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_what_is_tested_is_killed_and_what_is_not_survives(tree):
    said = go(tree)
    survived = [block.splitlines()[0] for block in said.split("survived: ")[1:]]
    assert survived and set(survived) == {"code/activations/small.py:6"}
    assert "return x + 1\n    return x - 1\n    no test notices, and no reason is given" in said
    assert said.endswith("False\n")
    assert (tree / "code" / "activations" / "small.py").read_text() == SOURCE, "the checkout is never changed"


@pytest.mark.slow
def test_a_second_run_tries_only_what_is_new_and_a_new_test_kills(tree):
    go(tree)
    results = tree / "_build" / "mutation" / "results.json"
    before = json.loads(results.read_text())
    (tree / "tests" / "test_small.py").write_text(
        TESTS.replace("tested\n", "tested, untested\n", 1) + "\n\ndef test_untested():\n    assert untested(5) == 6\n"
    )
    assert go(tree).endswith("survivors: 0 explained as equivalent, 0 not explained\nTrue\n")
    after = json.loads(results.read_text())
    killed = {key for key, (by, _) in before.items() if by}
    assert killed and all(after[key] == before[key] for key in killed), "what was killed was not tried again"


@pytest.mark.slow
def test_a_mutant_that_never_ends_is_stopped(tree):
    (tree / "tests" / "test_small.py").write_text("def test_for_ever():\n    while True:\n        pass\n")
    assert go(tree, "print(mutate.noticed(['tests/test_small.py'], mutate.Path.cwd(), 3))") == "the time limit\n"


def test_the_sample_is_seeded_and_leaves_annotations_alone(mutate, tree, monkeypatch):
    part = mutate.Part(("code/activations/*.py",), ())
    monkeypatch.setattr(mutate, "PARTS", {"small": part})
    mutants = mutate.sample(100, tree)
    assert mutants == mutate.sample(100, tree) and mutants[:3] == mutate.sample(3, tree)
    assert {mutant.line for mutant in mutants} == {1, 2, 6}
    assert all("int | None" in mutant.code.partition("\n")[0] for mutant in mutants)
    assert not any("<<" in mutant.code for mutant in mutants), "a float refuses it"


def test_the_book_draws_at_least_300_mutants(mutate):
    assert len(mutate.PARTS) * mutate.SAMPLE >= 300
    for part in mutate.PARTS.values():
        assert all(list(ROOT.glob(pattern)) for pattern in (*part.sources, *part.tests))


def test_every_explained_mutant_is_still_in_the_source(mutate):
    for file, was, becomes in mutate.reasons():
        lines = " ".join(line.strip() for line in (ROOT / file).read_text(encoding="utf8").splitlines())
        assert was in lines and was != becomes, f"{file}: take the row out of equivalent.toml, nothing reads {was}"
