"""The glossary and its use: every term is defined once, in two languages, and the chapters lead to it."""

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import _pages  # noqa: E402

CHAPTERS = _pages.FOLDER
GLOSSARY = (CHAPTERS / "glossary.md").read_text(encoding="utf8")
every_chapter = pytest.mark.parametrize("chapter", _pages.CHAPTERS, ids=lambda path: path.stem)

ROLE = re.compile(r"\{term\}`([^`]+)`")
MASKED = re.compile(r"\{[\w:-]+\}`[^`]*`|`[^`]*`|\$[^$]*\$|\]\([^)]*\)")


def entries(text: str) -> list[tuple[list[str], list[str]]]:
    """Of a glossary, the names of each entry and the lines of its definition."""
    block = re.search(r"^```\{glossary\}\n(.*?)^```$", text, re.S | re.M).group(1)
    parts = [part.splitlines() for part in block.strip().split("\n\n")]
    return [
        ([line for line in part if line[0] != " "], [line.strip() for line in part if line[0] == " "]) for part in parts
    ]


def linked(text: str) -> list[tuple[str, str]]:
    """What is shown and which term is meant, for each link to the glossary in ``text``."""
    roles = (re.fullmatch(r"(.*?)(?:\s*<(.+)>)?", role, re.S) for role in ROLE.findall(text))
    return [(role.group(1), role.group(2) or role.group(1)) for role in roles]


def prose(text: str) -> list[tuple[int, str]]:
    """The numbered lines of ``text`` that are sentences: no header, heading, list, table, block or formula."""
    found, fence = [], ""
    for number, line in enumerate(text.splitlines()):
        mark = re.match(r"`{3,}|:{3,}|\$\$|---$", line)
        if fence:
            fence = "" if line.strip() == fence else fence
        elif mark:
            fence = mark.group()
        elif line and not re.match(r"[-#|>:( ]|\d+\. ", line):
            found.append((number, line))
    return found


def occurs(words: str, line: str) -> bool:
    """Whether ``line`` uses ``words`` outside code, mathematics, roles and the targets of links."""
    return re.search(rf"(?<![\w-]){re.escape(words)}(?![\w-])", MASKED.sub(" ", line)) is not None


ENTRIES = entries(GLOSSARY)
NAMES = [name for names, _ in ENTRIES for name in names]
every_entry = pytest.mark.parametrize(("names", "lines"), ENTRIES, ids=[names[0] for names, _ in ENTRIES])


def test_there_are_as_many_terms_as_a_reader_needs():
    assert 120 <= len(ENTRIES) <= 200


@every_entry
def test_an_entry_opens_with_its_chinese_term(names, lines):
    assert re.fullmatch(r"\[[^\]]*[\u4e00-\u9fff][^\]]*\]\{\.language-zh-hans\} ·", lines[0])


@every_entry
def test_an_entry_is_one_or_two_sentences_and_the_place_where_it_is_explained(names, lines):
    *sentences, see = lines[1:]
    assert 1 <= len(sentences) <= 2
    assert all(sentence.endswith(".") and sentence[0] in "{“" + sentence[0].upper() for sentence in sentences)
    target = re.fullmatch(r"See (?:\[\]\((#?[\w.-]+)\)|\{prf:ref\}`([\w-]+)`)\.", see)
    name = target.group(1) or target.group(2)
    anywhere = "\n".join(path.read_text(encoding="utf8") for path in CHAPTERS.glob("*.md"))
    label = name.lstrip("#")
    assert (CHAPTERS / name).is_file() or f":label: {label}\n" in anywhere or f"({label})=" in anywhere


def test_no_name_and_no_chinese_term_comes_twice():
    chinese = [lines[0] for _, lines in ENTRIES]
    assert len({name.casefold() for name in NAMES}) == len(NAMES)
    assert len(set(chinese)) == len(chinese)


def test_entries_are_in_alphabetical_order():
    first = [names[0].casefold() for names, _ in ENTRIES]
    assert first == sorted(first)


def test_each_letter_leads_to_its_first_entry():
    first = {}
    for names, _ in ENTRIES:
        first.setdefault(names[0][0].upper(), names[0])
    assert linked(GLOSSARY.split("```{glossary}")[0]) == list(first.items())


def test_every_term_that_the_book_links_is_defined():
    pages = [path.read_text(encoding="utf8") for path in (CHAPTERS.parent / "index.md", *CHAPTERS.glob("*.md"))]
    used = {term for page in pages for _, term in linked(page)}
    assert used <= set(NAMES)


@every_chapter
def test_a_chapter_leads_to_the_glossary(chapter):
    terms = [term for _, term in linked(chapter.read_text(encoding="utf8"))]
    assert 5 <= len(terms) <= 15
    assert len(set(terms)) == len(terms)


@every_chapter
def test_links_to_the_glossary_are_in_sentences_and_at_the_first_use(chapter):
    text = chapter.read_text(encoding="utf8")
    lines = prose(text)
    assert sum(len(ROLE.findall(line)) for _, line in lines) == len(ROLE.findall(text))
    for number, line in lines:
        for role in ROLE.finditer(line):
            ((shown, _),) = linked(role.group())
            before = [other for place, other in lines if place < number]
            assert not any(occurs(shown, other) for other in [*before, line[: role.start()]]), shown


def test_the_checks_see_what_they_are_for():
    text = (
        "# A slope\n\n- slope\n\nIts `slope` is $slope$.\nA {term}`slope`, {term}`two slopes <slope>`.\n```\nslope\n```"
    )
    assert linked(text) == [("slope", "slope"), ("two slopes", "slope")]
    assert [number for number, _ in prose(text)] == [4, 5]
    assert not occurs("slope", prose(text)[0][1]) and occurs("slope", "The slope.") and not occurs("slope", "slopes")
    assert entries("```{glossary}\na\nb\n  one.\n\nc\n  two.\n```\n") == [(["a", "b"], ["one."]), (["c"], ["two."])]
