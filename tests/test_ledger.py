"""The ledger and the book: every statement is answered, every claim is shown once, and a broken one stops all."""

import ast
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from activations import claims
from activations.claims import contents
from activations.claims.sources import DOCUMENTS, ROWS

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "code" / "activations" / "claims"
LEDGER = claims.all_claims()
PAGE = (ROOT / "chapters" / "claims.md").read_text(encoding="utf8")
ORDER = re.findall(r"file: chapters/([\w-]+)", (ROOT / "_toc.yml").read_text(encoding="utf8"))
ROLE = re.compile(r"\{claim\}`([\w-]+)`")


def _extension(name: str):
    spec = importlib.util.spec_from_file_location(name, ROOT / "_ext" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- the ledger and the chapters --------------------------------------------------------------------------------------


def test_every_statement_of_the_sources_is_dealt_with():
    assert ROWS.keys() - {row for claim in LEDGER.values() for row in claim.sources} == set()


def test_every_claim_is_shown_once_by_the_chapter_of_its_subject():
    shown = _extension("claim_links").shown
    found = [(id, path.stem) for path in ROOT.glob("chapters/*.md") for id in shown(path.read_text(encoding="utf8"))]
    assert sorted(found) == sorted((claim.id, claim.subject.replace("_", "-")) for claim in LEDGER.values())


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.stem)
def test_modules_are_short_and_their_functions_are_called_as_their_claims(path):
    text = path.read_text(encoding="utf8")
    assert len(text.splitlines()) <= 400
    for node in ast.parse(text).body:
        for call in getattr(node, "decorator_list", []):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "claim":
                assert node.name == call.args[0].value.replace("-", "_")


# --- the page of all claims -------------------------------------------------------------------------------------------


def test_the_page_has_a_section_for_each_chapter_with_claims_under_its_title_and_in_order():
    sections = re.findall(r'^### (.+)\n\n```\{code-cell\}[^`]*contents\.of_chapter\("([\w-]+)"\)', PAGE, re.M)
    with_claims = [slug for slug in ORDER if any(c.subject.replace("_", "-") == slug for c in LEDGER.values())]
    titles = [
        re.search(r"^# (.+)$", (ROOT / "chapters" / f"{slug}.md").read_text("utf8"), re.M)[1] for slug in with_claims
    ]
    assert sections == list(zip(titles, with_claims, strict=True))


def test_the_tables_of_the_chapters_hold_every_claim_once_with_its_statement_and_verdict():
    tables = [str(contents.of_chapter(slug)._repr_markdown_()) for slug in re.findall(r'of_chapter\("([\w-]+)"', PAGE)]
    text = "\n".join(tables)
    assert sorted(ROLE.findall(text)) == sorted(LEDGER)
    for claim in LEDGER.values():
        statement = " ".join(claim.statement.split())
        assert f"* - {statement} {{claim}}`{claim.id}`\n  - {contents.SHORT[claim.verdict]}\n" in text


def test_every_document_of_the_sources_has_its_table_of_answers():
    assert re.findall(r'contents\.answers\("(\w+)"\)', PAGE) == list(DOCUMENTS)
    text = "\n".join(contents.answers(document)._repr_markdown_() for document in DOCUMENTS)
    assert re.findall(r"^\* - \*\*(S[\d.]+)\*\*", text, re.M) == list(ROWS)
    assert text.count(contents.WORDS["loose"]) == sum(row.loose for row in ROWS.values())
    assert set(ROLE.findall(text)) == {claim.id for claim in LEDGER.values() if claim.sources}


def test_what_is_not_proved_is_listed():
    for verdict in ("reported", "convention", "argued"):
        assert f'contents.of_verdict("{verdict}")' in PAGE
        listed = ROLE.findall(contents.of_verdict(verdict)._repr_markdown_())
        assert listed == [claim.id for claim in LEDGER.values() if claim.verdict == verdict]
    assert "contents.only_in_numbers()" in PAGE
    lines = contents.only_in_numbers()._repr_markdown_().splitlines()
    assert lines == [f"- {{claim}}`{c.id}` {c.numerical}" for c in LEDGER.values() if c.numerical] and lines


def test_the_verdicts_are_counted():
    rows = [line.split("|")[1:-1] for line in contents.verdicts()._repr_markdown_().splitlines()[2:]]
    counts = {name.strip(): int(count) for name, _, count in rows}
    assert counts.pop("all") == sum(counts.values()) == len(LEDGER)
    assert counts.keys() == {contents.SHORT[verdict] for verdict in claims.ledger.VERDICTS}


@pytest.mark.parametrize(("call", "argument"), [("of_chapter", "cooking"), ("answers", "S9"), ("of_verdict", "sure")])
def test_an_unknown_part_of_the_page_is_refused_with_what_is_known(call, argument):
    with pytest.raises(ValueError, match=f"{call}: .*'{argument}'; .*(known are|with claims)"):
        getattr(contents, call)(argument)


def _node(code: str) -> object:
    program = shutil.which("node")
    if program is None:
        pytest.skip("no Node on the PATH; on Debian and Ubuntu: apt install nodejs")
    module = (ROOT / "_static" / "ledger.mjs").as_uri()
    script = f"import {{ folded, matches, counted }} from {module!r};\nconsole.log(JSON.stringify({code}));"
    run = subprocess.run([program, "--input-type=module", "-e", script], capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


@pytest.mark.parametrize(
    ("query", "verdict", "found"),
    [
        ("", "", True),
        ("relu", "", True),
        ("  DEAD   ReLU ", "", True),
        ("dead tanh", "", False),
        ("cafe", "", True),
        ("", "Measured", True),
        ("", "Proved", False),
        ("relu", "Proved", False),
    ],
)
def test_the_search_finds_all_words_in_any_order(query, verdict, found):
    claim = '{text: folded("A ReLU is\\n dead in a Café"), verdict: "Measured"}'
    wanted = json.dumps({"query": query, "verdict": verdict})
    assert _node(f"matches({claim}, {wanted})") is found


def test_the_search_counts_in_the_words_of_the_page():
    assert _node(f"counted({json.dumps(contents.WORDS['found'])}, 3, 272)") == "3 of 272 claims"


# --- a claim broken on purpose ----------------------------------------------------------------------------------------

CHAPTER = """\
---
jupytext: {text_representation: {extension: .md, format_name: myst}}
kernelspec: {display_name: Python 3, language: python, name: python3}
---

# Chapter

```{code-cell} ipython3
from activations import claims

claims.show("sigmoid-slope-ceiling")
```
"""
FALLS = "claim sigmoid-slope-ceiling falls: not shown that the slope at 0 is ¼"


@pytest.fixture(scope="module")
def broken(tmp_path_factory) -> Path:
    """A copy of the package in which one claim says a third where a quarter is true."""
    code = tmp_path_factory.mktemp("broken") / "code"
    shutil.copytree(ROOT / "code", code, ignore=shutil.ignore_patterns("__pycache__"))
    path = code / "activations" / "claims" / "sigmoid.py"
    text = path.read_text(encoding="utf8")
    assert text.count("proofs.slope_at(0) == sp.Rational(1, 4)") == 1
    path.write_text(text.replace("proofs.slope_at(0) == sp.Rational(1, 4)", "proofs.slope_at(0) == sp.Rational(1, 3)"))
    return code


def _run(code: Path, *command: object, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(code), "PYTHONIOENCODING": "utf8", "NO_COLOR": "1"}
    words = [sys.executable, "-m", *map(str, command)]
    return subprocess.run(words, capture_output=True, text=True, encoding="utf8", env=environment, cwd=folder)


@pytest.mark.slow
def test_a_broken_claim_stops_the_command(broken):
    run = _run(broken, "activations.claims", "sigmoid-slope-ceiling", "sigmoid-range-is-open")
    assert run.returncode == 1
    assert FALLS in run.stdout and re.search(r"^FELL +sigmoid-slope-ceiling ", run.stdout, re.M)
    assert "1 of 2 stand" in run.stdout


@pytest.mark.slow
def test_a_broken_claim_fails_its_test(broken):
    options = [
        "-p",
        "no:cacheprovider",
        "-o",
        f"pythonpath={broken}",
        "-k",
        "every_claim_of_the_book_stands and ceiling",
    ]
    run = _run(broken, "pytest", "-q", *options, ROOT / "tests" / "test_claims.py")
    assert run.returncode == 1
    assert FALLS in run.stdout and "test_every_claim_of_the_book_stands[sigmoid-slope-ceiling]" in run.stdout


def _build(code: Path, folder: Path, id: str) -> subprocess.CompletedProcess[str]:
    """A book of one chapter, which shows the claim, built as this one is."""
    settings = (
        f"import sys\nsys.path.insert(0, {str(ROOT / '_ext')!r})\nextensions = ['myst_nb', 'parallel_execution']\n"
    )
    (folder / "conf.py").write_text(settings + "nb_execution_mode = 'cache'\nnb_execution_timeout = 300\n", "utf8")
    (folder / "index.md").write_text(CHAPTER.replace("sigmoid-slope-ceiling", id), encoding="utf8")
    run = _run(code, "sphinx", "-q", folder, folder.parent / f"{folder.name}-build" / "html", folder=folder)
    # Jupyter colours its tracebacks.
    run.stderr = re.sub(r"\x1b\[[\d;]*m", "", run.stderr)
    return run


@pytest.mark.slow
def test_a_chapter_that_shows_a_claim_is_built(tmp_path):
    run = _build(ROOT / "code", tmp_path, "sigmoid-slope-ceiling")
    assert run.returncode == 0, run.stderr


@pytest.mark.slow
def test_a_broken_claim_stops_the_build(broken, tmp_path):
    run = _build(broken, tmp_path, "sigmoid-slope-ceiling")
    assert run.returncode != 0 and FALLS in run.stderr and "index.md: the cell above failed" in run.stderr


@pytest.mark.slow
def test_an_unknown_claim_stops_the_build_and_names_the_nearest(tmp_path):
    run = _build(ROOT / "code", tmp_path, "sigmoid-slope-cieling")
    assert run.returncode != 0 and "index.md: the cell above failed" in run.stderr
    assert "unknown claim 'sigmoid-slope-cieling'; did you mean sigmoid-slope-ceiling" in run.stderr
