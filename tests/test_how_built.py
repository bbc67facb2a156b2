"""The page "How this book was built": its facts are those of the build, and it is written again when they change."""

import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from activations import claims
from bs4 import BeautifulSoup

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "_ext"))
import how_built  # noqa: E402

SUITE = '<testsuites><testsuite tests="1200" failures="{bad}" errors="1" skipped="4" timestamp="{when}"/></testsuites>'

# --- the commit ------------------------------------------------------------------------------------------------------


@pytest.fixture
def clone(tmp_path):
    """A folder with a history of one commit."""
    folder = tmp_path / "clone"
    (folder / "tests").mkdir(parents=True)
    (folder / "index.md").write_text("# Book\n")
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "first"]):
        subprocess.run(["git", "-C", folder, *command], check=True)
    return folder


def test_the_commit_is_that_of_the_clone_and_changes_are_confessed(clone):
    full = subprocess.run(["git", "-C", clone, "rev-parse", "HEAD"], capture_output=True, text=True).stdout
    assert how_built.commit(clone) == f"This is commit <code>{full[:10]}</code>."
    (clone / "index.md").write_text("# Another\n")
    assert how_built.commit(clone).endswith(how_built.WORDS["changed"] + ".")


def test_a_folder_without_a_history_names_no_commit(clone, tmp_path):
    (clone / "inside").mkdir()
    for folder in (tmp_path, clone / "inside"):
        assert how_built.commit(folder) == how_built.WORDS["no-commit"]


# --- the tests -------------------------------------------------------------------------------------------------------


def _told(clone, when, bad=0):
    results = clone / "_build" / how_built.TESTS
    results.parent.mkdir(exist_ok=True)
    results.write_text(SUITE.format(bad=bad, when=when))
    return how_built.tests(clone, results)


def test_the_number_of_test_functions_is_counted(clone):
    (clone / "tests" / "test_one.py").write_text("def test_a():\n    ...\n\n\ndef helper():\n    ...\n")
    (clone / "tests" / "deeper").mkdir()
    (clone / "tests" / "deeper" / "test_two.py").write_text("def test_b():\n    # def test_c\n    ...\n")
    assert "There are 2 test functions" in how_built.tests(clone, clone / "no.xml")


def test_without_a_run_no_result_is_claimed(clone):
    told = how_built.tests(clone, clone / "no.xml")
    assert f"<span data-timing>{how_built.WORDS['not-run']}</span>" in told


@pytest.mark.parametrize(("bad", "passed"), [(0, "1,195"), (3, "1,192")])
def test_a_run_on_these_files_is_told_with_what_failed(clone, bad, passed):
    told = _told(clone, "2999-01-01T00:00:00+00:00", bad)
    assert f"<strong>{passed} tests passed</strong>, {bad + 1} failed, and 4 were skipped" in told


def test_a_run_on_older_files_is_not_told(clone):
    when = "2026-01-01T12:00:00+00:00"
    noon = 1767268800
    for path in clone.rglob("*.*"):
        os.utime(path, (noon - 1, noon - 1))
    assert "passed" in _told(clone, when)
    os.utime(clone / "index.md", (noon + 1, noon + 1))
    assert "passed" not in _told(clone, when)


# --- the page --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page(built_book):
    return BeautifulSoup((built_book / f"{how_built.PAGE}.html").read_text(encoding="utf8"), "html.parser")


def _rows(page, name):
    return [[cell.get_text() for cell in row.select("th, td")] for row in page.select(f"table.{name} tr")][1:]


@pytest.mark.slow
def test_every_claim_of_the_ledger_is_counted_as_shown(page):
    verdicts = [claim.verdict.capitalize() for claim in claims.all_claims().values()]
    *counts, total = _rows(page, "built-claims")
    assert {name: int(count) for name, count in counts} == {name: verdicts.count(name) for name in set(verdicts)}
    assert total[1] == str(len(verdicts))


@pytest.mark.slow
def test_the_versions_are_those_that_run(page):
    told = {name: version for name, version, _ in _rows(page, "built-versions")}
    assert told["NumPy"] == metadata.version("numpy") and told["SymPy"] == metadata.version("sympy")
    assert told["Python"] == sys.version.split()[0]


@pytest.mark.slow
def test_every_page_with_cells_has_its_seconds_marked_as_a_time(page):
    pages = (ROOT / "index.md", *ROOT.glob("chapters/*.md"))
    executed = [path for path in pages if "\nkernelspec:" in path.read_text(encoding="utf8")]
    *rows, total = page.select("table.built-seconds tr")[1:]
    assert {Path(row.a["href"]).stem for row in rows} == {path.stem for path in executed}
    seconds = [float(row.td.find(attrs={"data-timing": True}).get_text()) for row in rows]
    assert min(seconds) > 0
    assert float(total.td.get_text()) == pytest.approx(sum(seconds), abs=0.06 * len(seconds))
    assert all(not row.td.find(string=True, recursive=False) for row in (*rows, total))


# --- in a build ------------------------------------------------------------------------------------------------------


@pytest.fixture
def book(tmp_path):
    """``book(*parts)`` writes a small book with that page, without cells."""
    (tmp_path / "chapters").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "conf.py").write_text("extensions = ['myst_nb', 'how_built']\nexclude_patterns = ['_build']\n")
    (tmp_path / "index.md").write_text("# Book\n\n```{toctree}\nchapters/how-built\nchapters/other\n```\n")
    (tmp_path / "chapters" / "other.md").write_text('# Other\n\n<div class="claim claim-proved" id="claim-x"></div>\n')

    def write(*parts):
        text = "".join(f"```{{how-built}} {part}\n```\n\n" for part in parts)
        (tmp_path / "chapters" / "how-built.md").write_text(f"# How\n\n{text}")
        return tmp_path

    return write


def _build(folder):
    """Build in a process of its own; what was written and what was complained about."""
    command = [sys.executable, "-m", "sphinx", "-b", "html", "--color", str(folder), str(folder / "_build" / "html")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "_ext"), str(ROOT / "code")])}
    built = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    log = re.sub(r"\x1b\[[\d;]*m", "", built.stdout.replace("\r", "\n"))
    return re.findall(r"^writing output\.\.\. \[ *\d+%\] (\S+)", log, re.M), built.stderr


@pytest.mark.slow
def test_the_page_is_written_again_when_its_facts_change_and_only_then(book):
    folder = book("claims", "tests", "seconds", "commit")
    written, complaints = _build(folder)
    assert len(written) == 3 and not complaints
    assert _build(folder)[0] == []
    (folder / "tests" / "test_new.py").write_text("def test_new():\n    ...\n")
    assert set(_build(folder)[0]) == {"chapters/how-built", "index"}  # and the page that lists it
    html = (folder / "_build" / "html" / "chapters" / "how-built.html").read_text(encoding="utf8")
    assert "There are 1 test functions" in html
    assert '<th scope="row">Proved</th><td>1</td>' in html


@pytest.mark.slow
def test_an_unknown_part_is_named_with_those_there_are(book):
    _, complaints = _build(book("clams"))
    assert "there is no part 'clams'; the parts are commit, tests, versions, claims, seconds" in complaints


@pytest.mark.slow
def test_the_parts_stand_on_their_page_alone(book):
    folder = book("claims")
    (folder / "chapters" / "other.md").write_text("# Other\n\n```{how-built} claims\n```\n")
    assert "only chapters/how-built.md is written again when these facts change" in _build(folder)[1]
