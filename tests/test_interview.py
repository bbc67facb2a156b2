"""The interview: what authors may write, what readers get, and what every question and answer owes."""

import functools
import importlib
import inspect
import itertools
import math
import re
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
from activations import claims
from activations.claims.sources import ROWS
from myst_parser.mdit_to_docutils.base import default_slugify

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "_ext"), str(ROOT / "tests")]

import answers  # noqa: E402
from _questions import PARTS, TOPICS, Question, read  # noqa: E402

PAGE = ROOT / "chapters" / "interview.md"
QUESTIONS = read(PAGE.read_text(encoding="utf8"))
for _module in sorted((ROOT / "tests" / "answers").glob("[a-z]*.py")):
    importlib.import_module(f"answers.{_module.stem}")

every_question = pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.id)


# --- what a question says ---------------------------------------------------------------------------------------------

_FENCE = re.compile(r"^(`{3,}|~{3,}).*?^\1[ \t]*$", re.S | re.M)
_DISPLAY = re.compile(r"\$\$.*?\$\$", re.S)
_ROLE = re.compile(r"\{(?P<role>[\w:-]+)\}`(?P<words>[^`<]*?)(?:\s*<(?P<target>[^`>]*)>)?`", re.S)
_LINK = re.compile(r"\[(?P<words>[^\]]*)\]\((?P<target>[^)\s]*)\)")


def answer(one: Question) -> str:
    """All parts of the answer, the question itself left out."""
    return "\n\n".join(getattr(one, part) for part in PARTS)


def visible(text: str) -> str:
    """What a reader sees of ``text``, code blocks left out: the words of links and roles, and no citation."""
    text = _FENCE.sub("", text)
    text = _ROLE.sub(lambda role: "" if role["role"].startswith("cite") else role["words"], text)
    return _LINK.sub(lambda link: link["words"], text)


def words(text: str) -> int:
    """How many words ``text`` has; a formula in a line is one, a formula of its own and a code block none."""
    text = re.sub(r"\$[^$]+\$", "formula", _DISPLAY.sub(" ", visible(text)))
    return len([word for word in text.split() if re.search(r"\w", word)])


_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_SPELT = {
    "½": "1/2",
    "¼": "1/4",
    "¾": "3/4",
    "−": "-",
    r"\\[,;!]|\{,\}|(?<=\d)[\u2009\u202f\u00a0](?=\d{3})": "",  # the space in 65 504
    r"\\[dt]?frac\s*\{(\d+)\}\s*\{(\d+)\}": r" \1/\2 ",
    r"\\[dt]?frac\s*(\d)\s*(\d)": r" \1/\2 ",
    r"_(?:\d+|\{\d+\})": "",  # an index is part of a name
    r"\s*(?:\\cdot|\\times|·|×)\s*10\^\{?(-?\d+)\}?": r"e\1",
    r"(?<![\d.])10\^\{?(-?\d+)\}?": r" 1e\1 ",
    r"\\[A-Za-z]+": " ",
}
_NUMBER = re.compile(
    r"(?<![\w.^])(?<![A-Z]-)\d+/\d+(?![\d.])"  # a fraction
    r"|(?<![\w.])(?<![A-Z]-)(?:\d+\.\d+|\d+)(?:e[-+]?\d+)?"  # not in float16, ReLU6 and GPT-2
)


def numbers(text: str) -> set[str]:
    """The numbers of ``text`` other than 0, 1 and 2, without their signs, however they are typeset."""
    text = re.sub(r"`([^`]*)`", lambda code: code[1] if _is_number(code[1]) else " ", visible(text))
    text = re.sub(r"[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda found: f"^{{{found[0].translate(_SUPERSCRIPT)}}}", text)
    for written, plain in _SPELT.items():
        text = re.sub(written, plain, text)
    return {found for found in _NUMBER.findall(text) if found not in ("0/1", "0/0") and not _is_small(found)}


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[-+−]?[\d.]+(e[-+−]?\d+)?", text) is not None


def _is_small(number: str) -> bool:
    return "/" not in number and float(number) in (0, 1, 2)


def stated(one: Question) -> set[str]:
    """The numbers that an answer states; what it quotes as somebody's wrong answer, it does not state."""
    said = {part: getattr(one, part) for part in PARTS}
    for part in ("weak", "wrong"):
        said[part] = re.sub(r"“[^”]*”", "", said[part])
    return set().union(*(numbers(text) for text in said.values()))


def test_numbers_are_found_however_they_are_typeset():
    assert numbers(r"$\frac{1}{4}$ is 0.25, a quarter: ¼, $\tfrac14$") == {"1/4", "0.25"}
    assert numbers("65\u2009504, $65\\,504$, $10^{-5}$, 3.6 · 10⁻⁵, $3.6 \\cdot 10^{-5}$") == {
        "65504",
        "1e-5",
        "3.6e-5",
    }
    assert numbers("`float16`, `relu6(x)`, ReLU6, GPT-2, two layers, $x^2/2$, $a_{10}$, 0, 1.0 and −2") == set()
    assert numbers("`1e-8`, $e^{-10}$, $3x^3$, $\\approx0.36$, 95 %, 7") == {"1e-8", "10", "3", "0.36", "95", "7"}
    assert numbers("```python\n33\n```\n[four](x.md#44) {cite}`who1999`, {claim}`five <c-55>`") == set()


# --- the whole page ---------------------------------------------------------------------------------------------------


def test_whole_page_has_enough_questions_under_headings_in_order():
    topics = [one.topic for one in QUESTIONS]
    assert len(QUESTIONS) >= 120
    assert list(dict.fromkeys(topics)) == list(TOPICS)
    assert topics == sorted(topics, key=list(TOPICS).index)
    headings = re.findall(r"^## (.+)$", PAGE.read_text(encoding="utf8"), re.M)
    assert headings == list(TOPICS.values())


def test_whole_page_covers_every_row_of_the_interview_document():
    covered = {row for one in QUESTIONS for row in one.sources}
    assert {row for row in ROWS if row.startswith("S1.")} <= covered


def test_whole_page_warns_of_wrong_answers():
    assert sum(bool(one.wrong) for one in QUESTIONS) >= len(QUESTIONS) / 5


# --- no question twice ------------------------------------------------------------------------------------------------

_SMALL = set(
    "a an and are as at be but by can do does for from has have how if in into is it its many may more no not of on "
    "or out say show so than that the their them then there these this to was we what when where which who why will "
    "with would write you your much did one two function network".split()
)
_SAME = {"maximum": "large", "biggest": "large", "steep": "slope", "subtract": "off", "measure": "find", "σ": "sigmoid"}
ALIKE = 0.6
"""The share of common words above which two questions count as one: below every planted pair, above every real one."""


def _stem(word: str) -> str:
    ends = ("isation", "ations", "ation", "ingly", "ing", "edly", "ed", "est", "ers", "er", "es", "s", "ly", "al", "e")
    end = next((end for end in ends if word.endswith(end) and len(word) - len(end) >= 3), "")
    return word.removesuffix(end)


@functools.cache
def subject(text: str) -> frozenset[str]:
    """The words of a question that say what it is about, without their endings."""
    found = re.findall(r"[a-zσ]{2,}|σ", text.lower())
    stems = {_stem(word) for word in found if word not in _SMALL}
    return frozenset(_stem(_SAME.get(stem, stem)) for stem in stems)


def alike(first: str, second: str) -> float:
    """The share of what two questions ask that both ask; a rare word counts more."""
    one, other = subject(first), subject(second)
    return 2 * _weight(one & other) / (_weight(one) + _weight(other))


def _weight(stems: Iterable[str]) -> float:
    return sum(math.log(1 + len(QUESTIONS) / max(1, _HOW_OFTEN[stem])) for stem in stems)


_HOW_OFTEN = Counter(stem for one in QUESTIONS for stem in subject(one.question))


def test_whole_page_asks_nothing_twice():
    pairs = itertools.combinations(QUESTIONS, 2)
    assert not [(one.id, other.id) for one, other in pairs if alike(one.question, other.question) >= ALIKE]


@pytest.mark.parametrize(
    ("id", "again"),
    [
        ("what-a-dead-relu-is", "When is a ReLU unit dead, and why can it not learn its way out of that?"),
        ("softmax-overflow", "Why may a program subtract the maximum of the scores before it takes exponentials?"),
        ("can-a-dead-unit-come-back", "Does a dead ReLU stay dead for ever?"),
        (
            "relu-slope-at-zero",
            "Which derivative does ReLU have at 0, in mathematics and in a framework, and does it matter?",
        ),
    ],
)
def test_whole_page_has_no_room_for_a_question_in_other_words(id, again):
    (one,) = (one for one in QUESTIONS if one.id == id)
    assert alike(one.question, again) >= ALIKE


# --- what every question owes -----------------------------------------------------------------------------------------


@every_question
def test_question_asks_or_orders(question):
    asked = question.question
    assert asked.rstrip().endswith(("?", ".")) and words(asked) <= 45
    assert "](" not in asked and "{" not in re.sub(r"\$[^$]*\$", "", asked), "what opens a card holds no link"


LENGTHS = {
    "short": (8, 75),
    "full": (60, 180),
    "follow_up": (5, 60),
    "weak": (3, 40),
    "strong": (3, 40),
    "wrong": (5, 50),
}


@every_question
def test_question_parts_have_the_length_of_their_purpose(question):
    for part, (least, most) in LENGTHS.items():
        if text := getattr(question, part):
            assert least <= words(text) <= most, f"{PARTS[part]}: {words(text)} words"


@every_question
def test_question_has_one_sentence_a_line(question):
    for line in _FENCE.sub("", _DISPLAY.sub("", answer(question))).splitlines():
        if not line.startswith(("- ", "|", "  ")) and "{cite" not in line:
            assert not re.search(r"[.?!] (?=[A-Z])", re.sub(r"“[^”]*”", "", line)), line


@every_question
def test_question_numbers_are_those_that_its_checks_assert(question):
    listed = {}
    for check in answers.CHECKS:
        if check.question == question.id:
            listed |= {found: check for written in check.numbers for found in numbers(f"{written}")}
    # Numbers of a wrong answer may be asserted to be wrong.
    assert stated(question) - set(listed) == set(), "stated, and asserted by no check"
    assert set(listed) - numbers(answer(question)) == set(), "listed by a check, and not in the answer"


@functools.cache
def _headings(name: str) -> set[str]:
    text = _FENCE.sub("", (ROOT / "chapters" / name).read_text(encoding="utf8"))
    return {default_slugify(visible(title)) for title in re.findall(r"^#+ (.+)$", text, re.M)}


@functools.cache
def _labels() -> set[str]:
    text = "\n".join(path.read_text(encoding="utf8") for path in (ROOT / "chapters").glob("*.md"))
    found = re.findall(r"^\(([\w-]+)\)=|^\s*(?::label:|name:|:name:) *([\w-]+)", text, re.M)
    return {first or second for first, second in found} | {f"question-{one.id}" for one in QUESTIONS}


def _resolves(target: str) -> bool:
    name, _, slug = target.partition("#")
    if not name:
        return slug in _labels()
    if "/" in name or not (ROOT / "chapters" / name).is_file():
        return False
    return not slug or slug in _headings(name)


@every_question
def test_question_links_lead_somewhere(question):
    text = _FENCE.sub("", answer(question))
    for link in _LINK.finditer(text):
        assert _resolves(link["target"]), link[0]
    for role in _ROLE.finditer(text):
        if role["role"] == "claim":
            assert (role["target"] or role["words"]) in claims.all_claims(), role[0]
    full = _FENCE.sub("", question.full)
    assert _LINK.search(full) or "{claim}`" in full, "the full answer leads to where the book shows it"


@every_question
def test_question_names_real_rows_of_the_sources(question):
    assert set(question.sources) <= set(ROWS)


def solution(one: Question) -> dict[str, object]:
    """What the answer's own code defines, run by itself."""
    code = "\n".join(re.findall(r"^```python\n(.*?)^```", one.full, re.S | re.M))
    names = {}
    exec(compile(code, one.id, "exec"), names)
    return names


CODED = [one for one in QUESTIONS if "```python" in one.full]


@pytest.mark.parametrize("question", CODED, ids=lambda one: one.id)
def test_question_code_runs_by_itself_and_fits_a_whiteboard(question):
    (code,) = re.findall(r"^```python\n(.*?)^```", question.full, re.S | re.M)
    assert len([line for line in code.splitlines() if line.strip()]) <= 20
    assert max(map(len, code.splitlines())) <= 78
    assert solution(question)
    tested = [c for c in answers.CHECKS if c.question == question.id and inspect.signature(c.function).parameters]
    assert tested or question.topic != "whiteboard", "a check with a parameter tests the solution"


def test_every_check_is_of_a_question():
    assert {check.question for check in answers.CHECKS} <= {one.id for one in QUESTIONS}


@pytest.mark.parametrize("check", answers.CHECKS, ids=lambda check: check.question)
def test_check_of_an_answer_holds(check):
    one = next(one for one in QUESTIONS if one.id == check.question)
    check.function(*([solution(one)] if inspect.signature(check.function).parameters else []))
