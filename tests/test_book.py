"""The chapters as texts: their form, their figures, their exercises, and that no number in them was typed and hoped."""

import ast
import re
import statistics
import sys
from pathlib import Path

import jupytext
import pytest
from activations import catalogue, claims, values

ROOT = Path(__file__).parents[1]

sys.path.insert(0, str(ROOT / "tests"))
from _pages import CHAPTERS  # noqa: E402

PAGES = [ROOT / "index.md", *sorted((ROOT / "chapters").glob("*.md"))]
EXECUTED = [path for path in PAGES if "{code-cell}" in path.read_text(encoding="utf8")]
ALL = "\n".join(path.read_text(encoding="utf8") for path in EXECUTED)

every_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
every_page = pytest.mark.parametrize("chapter", EXECUTED, ids=lambda path: path.stem)


def _cells(chapter: Path, kind: str) -> list:
    return [cell for cell in jupytext.read(chapter).cells if cell.cell_type == kind]


def _lines(source: str) -> list[str]:
    return [line for line in source.splitlines() if line.strip()]


def _prose(chapter: Path) -> str:
    """The words of a chapter, without mathematics, directives' options, links' targets and code."""
    text = "\n".join(cell.source for cell in _cells(chapter, "markdown"))
    text = re.sub(r"```\{math\}.*?```|\$\$.*?\$\$", " ", text, flags=re.S)
    text = re.sub(r"^(`{3,}|:{3,}|:\w+:).*$|\$[^$\n]+\$|`[^`\n]*`|\]\([^)\n]*\)", " ", text, flags=re.M)
    return text


@every_chapter
def test_it_opens_with_a_question_and_what_the_reader_will_be_able_to_do(chapter):
    text = chapter.read_text(encoding="utf8").split("```{code-cell}")[0].split("---", 2)[2]
    assert text.lstrip().startswith("# ")
    assert "?" in text and "After this chapter you can" in text and "You need" in text
    assert len(text.split()) <= 170


@every_chapter
def test_it_has_every_part(chapter):
    text = chapter.read_text(encoding="utf8")
    parts = "Predict before you look", "Exercises", "Check yourself", "What we saw", "Further reading"
    places = [text.find(f"## {part}") for part in parts]
    assert all(place > 0 for place in places), dict(zip(parts, places, strict=True))
    assert places == sorted(places)
    assert "explore(" in text and "claims.show(" in text


@every_chapter
def test_the_length_is_that_of_a_sitting(chapter):
    assert 1800 <= len(_prose(chapter).split()) <= 4200


@every_chapter
def test_cells_are_short(chapter):
    lengths = [len(_lines(cell.source)) for cell in _cells(chapter, "code")]
    assert statistics.median(lengths) <= 4
    assert max(lengths) <= 20


@every_page
def test_chapters_hold_no_machinery(chapter):
    for cell in _cells(chapter, "code"):
        tree = ast.parse(cell.source)
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                assert node.end_lineno - node.lineno < 6, node.name
        assert not re.search(r"^[!%]|sys\.path|random\.seed|manual_seed|urlopen|download", cell.source, re.M)


@every_chapter
def test_every_drawn_figure_says_what_it_shows(chapter):
    for cell in _cells(chapter, "code"):
        if "figures.draw(" not in cell.source:
            continue
        shown = cell.metadata["mystnb"]
        assert re.fullmatch(rf"fig-{chapter.stem}-[\w-]+", shown["figure"]["name"])
        assert len(shown["figure"]["caption"].split()) >= 6
        assert len(shown["image"]["alt"].split()) >= 6
        assert len(_lines(cell.source)) <= 6 and "hide-input" in cell.metadata["tags"]
        cited = rf"\{{numref\}}`[^`]*{shown['figure']['name']}>?`"
        assert re.search(cited, chapter.read_text(encoding="utf8")), cited


@every_chapter
def test_explorables_have_captions(chapter):
    for cell in _cells(chapter, "code"):
        assert ("explore(" in cell.source) <= ("caption=" in cell.source)


def test_every_plot_of_the_catalogue_has_its_own_alt_text():
    alts = [
        cell.metadata["mystnb"]["image"]["alt"]
        for cell in _cells(ROOT / "chapters" / "catalogue.md", "code")
        if "figures.draw(" in cell.source
    ]
    assert len(alts) == len(set(alts)) == len(catalogue.names("one"))


@every_chapter
def test_every_exercise_has_an_executed_solution(chapter):
    text = chapter.read_text(encoding="utf8")
    exercises = re.findall(r"```\{exercise\}.*?\n:label: (\S+)", text)
    solutions = re.findall(r"```\{solution-start\} (\S+)\n:class: dropdown\n```(.*?)```\{solution-end\}", text, re.S)
    assert exercises == [f"ex-{chapter.stem}-{number}" for number in range(1, len(exercises) + 1)]
    assert [label for label, _ in solutions] == exercises and len(exercises) >= 3
    assert all("```{code-cell}" in body for _, body in solutions)


@every_page
def test_one_sentence_a_line(chapter):
    for cell in _cells(chapter, "markdown"):
        outside = re.sub(r"```.*?```|\$\$.*?\$\$|:::.*?:::", "", cell.source, flags=re.S)
        for line in outside.splitlines():
            if line.startswith(("- ", "#", "|", "  ", ">", "(")) or "{cite" in line:
                continue
            assert len(re.findall(r"[.?!] (?=[A-Z“])", line)) <= 1, line


@every_page
def test_no_number_in_the_prose_was_typed_and_hoped(chapter):
    """“About 0.3” or “roughly 7” in prose is a result that no cell computed."""
    loose = re.findall(r"\b(?:about|roughly|approximately) \d[\d.,]*", _prose(chapter))
    assert not loose


@every_page
def test_what_the_text_glues_a_cell_computes(chapter):
    text = chapter.read_text(encoding="utf8")
    used = set(re.findall(r"\{glue:text\}`([\w-]+)", text))
    made = set(re.findall(r'glue\(\s*"([\w-]+)"', text))
    assert used <= made


def test_glued_names_are_unique_in_the_book():
    made = re.findall(r'glue\(\s*"([\w-]+)"', ALL)
    assert len(made) == len(set(made))


def test_every_claim_is_shown_and_every_shown_one_exists():
    shown = set(re.findall(r'claims\.show\(\s*"([\w-]+)"', ALL))
    assert shown == set(claims.all_claims())


def test_every_function_has_an_entry_and_its_other_names_lead_there():
    text = (ROOT / "chapters" / "catalogue.md").read_text(encoding="utf8")
    for entry in catalogue.CATALOGUE.values():
        assert f'entry("{entry.name}")' in text
        for name in (entry.name, *entry.other_names):
            assert f"(fn-{name.replace('_', '-')})=" in text


def test_every_public_function_is_mentioned():
    assert all(name in ALL for name in values.__all__)


def test_the_checks_see_what_they_are_for():
    assert re.findall(r"\b(?:about|roughly) \d[\d.,]*", "it is about 0.3 wide")
    assert len(re.findall(r"[.?!] (?=[A-Z“])", "One. Two. Three.")) > 1
