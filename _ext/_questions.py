"""Interview questions as text: what an author writes, taken apart without Sphinx.

The page (``interview.py``), the flash cards (``flash_cards.py``) and the tests read one source through this module.
A question is the directive ``interview``, whose body reads well anywhere: the question, then its parts, each begun by
a bold lead-in of its own line.
"""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

TOPICS = {
    "why-nonlinear": "Why nonlinear",
    "classics": "Sigmoid, tanh and ReLU",
    "zero-centring": "Zero-centring",
    "saturation": "Saturation and vanishing gradients",
    "initialisation": "Initialisation, normalisation, residuals",
    "rectifiers": "Rectifiers, dead units and their cures",
    "softmax": "Softmax",
    "losses": "Losses and output layers",
    "calculus-in-code": "Derivatives in code",
    "floating-point": "Floating point",
    "recurrent": "Recurrent networks",
    "modern-gates": "GELU, SiLU and gated layers",
    "choosing-and-debugging": "Choosing and debugging",
    "whiteboard": "At the whiteboard",
}
"""Each topic with its title, in the order of the page."""

LEVELS = {1: "for every candidate", 2: "for who has trained networks", 3: "for who has thought about why"}
"""Each level with whom it is for."""

PARTS = {
    "short": "In thirty seconds",
    "full": "In full",
    "follow_up": "Follow-up",
    "weak": "A weak answer",
    "strong": "A strong answer",
    "wrong": "Wrong answer to spot",
}
"""The parts of an answer with their lead-ins, in order; all but the last are needed."""

_OPTIONAL = frozenset({"wrong"})
_OPENING = re.compile(r"^(?P<fence>`{3,}|:{3,})\{interview\}[ \t]*(?P<id>.*?)[ \t]*$")
_OPTION = re.compile(r"^:(?P<name>[\w-]+):[ \t]*(?P<value>.*?)[ \t]*$")
_LEAD = re.compile(rf"^\*\*(?P<lead>{'|'.join(PARTS.values())})\.\*\*[ \t]*(?P<rest>.*)$")
_CODE = re.compile(r"^ {0,3}(`{3,}|~{3,})")


class QuestionError(ValueError):
    """A question that cannot stand as it is written; the message says what is wrong with it."""


@dataclass(frozen=True)
class Question:
    """One question with its answers, each a piece of MyST Markdown; ``line`` is where it begins in its file."""

    id: str
    level: int
    topic: str
    sources: tuple[str, ...]
    question: str
    short: str
    full: str
    follow_up: str
    weak: str
    strong: str
    wrong: str = ""
    line: int = 0


def parse(id: str, options: Mapping[str, str], body: Sequence[str], line: int = 0) -> Question:
    """The question that a directive's argument, options and lines make. Raises QuestionError."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", id):
        raise QuestionError(f"the argument is an id such as “largest-slope”, got “{id}”")
    if unknown := set(options) - {"level", "topic", "sources"}:
        raise QuestionError(f"{id}: unknown option “{min(unknown)}”; there are level, topic and sources")
    found = {name: "\n".join(lines) for name, (_, lines) in split(id, body).items()}
    sources = tuple(options.get("sources", "").replace(",", " ").split())
    return Question(id, _level(id, options), _topic(id, options), sources, **found, line=line)


def _level(id: str, options: Mapping[str, str]) -> int:
    level = options.get("level", "")
    if level not in map(str, LEVELS):
        raise QuestionError(f"{id}: level is one of {', '.join(map(str, LEVELS))}, got “{level}”")
    return int(level)


def _topic(id: str, options: Mapping[str, str]) -> str:
    topic = options.get("topic", "")
    if topic not in TOPICS:
        near = difflib.get_close_matches(topic, TOPICS, n=1, cutoff=0.5) or TOPICS
        raise QuestionError(f"{id}: unknown topic “{topic}”; did you mean {' or '.join(near)}?")
    return topic


def split(id: str, body: Sequence[str]) -> dict[str, tuple[int, list[str]]]:
    """Each part by its name: the number of its first line in ``body``, and its lines. Raises QuestionError."""
    found = {"question": (0, [])}
    lines = found["question"][1]
    for number, line in _outside_code(body):
        lead = _LEAD.match(line) if number is not None else None
        if lead:
            name = next(key for key, words in PARTS.items() if words == lead["lead"])
            if name in found:
                raise QuestionError(f"{id}: “{lead['lead']}” comes twice")
            lines = [lead["rest"]]
            found[name] = (number, lines)
        else:
            lines.append(line)
    found = {name: _trimmed(start, lines) for name, (start, lines) in found.items()}
    _refuse(id, found)
    return found


def _outside_code(body: Sequence[str]) -> Iterator[tuple[int | None, str]]:
    """The lines with their numbers; those of code blocks with none, since nothing in them is a lead-in."""
    fence = ""
    for number, line in enumerate(body):
        mark = _CODE.match(line)
        yield (None if fence or mark else number), line
        if fence and line.strip() == fence:
            fence = ""
        elif mark and not fence:
            fence = mark[1]


def _trimmed(start: int, lines: list[str]) -> tuple[int, list[str]]:
    while lines and not lines[0].strip():
        start, lines = start + 1, lines[1:]
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    return start, lines


def _refuse(id: str, found: dict[str, tuple[int, list[str]]]) -> None:
    for name, words in {"question": "the question", **{key: f"“{lead}.”" for key, lead in PARTS.items()}}.items():
        if name not in found and name not in _OPTIONAL:
            raise QuestionError(f"{id}: {words} is missing; it begins with **{PARTS[name]}.** on a line of its own")
        if name in found and not found[name][1]:
            raise QuestionError(f"{id}: {words} is empty")
    order = [name for name in ("question", *PARTS) if name in found]
    if list(found) != order:
        name = next(name for name, right in zip(found, order, strict=True) if name != right)
        leads = ", ".join(PARTS.values())
        raise QuestionError(f"{id}: “{PARTS[name]}.” is out of place; the order is {leads}")


def read(text: str) -> list[Question]:
    """The questions of a page's source, in order. Raises QuestionError, naming the line; also for an id taken twice."""
    questions = [_one(*found) for found in _blocks(text.splitlines())]
    taken = {}
    for one in questions:
        if one.id in taken:
            raise QuestionError(f"line {one.line}: {one.id}: the id is taken, by the question at line {taken[one.id]}")
        taken[one.id] = one.line
    return questions


def _blocks(lines: Sequence[str]) -> Iterator[tuple[int, str, list[str]]]:
    """Each directive: its line (from 1), its id, and all that stands inside."""
    opening, inside = None, []
    for number, line in enumerate(lines, 1):
        if opening is None and (mark := _OPENING.match(line)):
            opening, inside = (number, mark), []
        elif opening and line.rstrip() == opening[1]["fence"]:
            yield opening[0], opening[1]["id"], inside
            opening = None
        else:
            inside.append(line)
    if opening:
        raise QuestionError(f"line {opening[0]}: {opening[1]['id']}: the fence is never closed")


def _one(line: int, id: str, inside: list[str]) -> Question:
    count = next((n for n, text in enumerate(inside) if not _OPTION.match(text)), len(inside))
    options = {mark["name"]: mark["value"] for mark in map(_OPTION.match, inside[:count])}
    try:
        return parse(id, options, inside[count:], line)
    except QuestionError as fault:
        raise QuestionError(f"line {line}: {fault}") from None
