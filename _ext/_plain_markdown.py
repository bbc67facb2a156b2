r"""Turn a chapter's MyST into Markdown that any notebook shows: no directive, no role, nothing lost.

>>> plain("See {term}`logits <logit>`.", Book())
'See logits.'
>>> print(plain("```{math}\n:label: eq-line\ny = x\n```", Book(numbers={"equation-eq-line": "2.1"})))
$$
y = x
\tag{2.1}
$$

A form feed stands where a new cell has to begin: solutions fold up under a heading of their own.
A directive or role that is not known here raises ValueError with its name, so that none slips through.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

WORDS = {
    "exercise": "Exercise",
    "solution": "Solution of exercise",
    "figure": "Figure",
    "check": "Check yourself.",
    "answer": "Answer",
    "right": "Right.",
    "wrong": "No.",
}
"""Every word that is put in."""

NEW_CELL = "\f"
_OPENING = re.compile(r"^(?P<fence>`{3,}|:{3,})\{(?P<name>[\w:-]+)\}[ \t]*(?P<argument>.*)$")
_FENCE = re.compile(r"^(`{3,}|:{3,})")
_OPTION = re.compile(r"^:([\w-]+):[ \t]*(.*)$")
_ROLE = re.compile(r"\{([\w:-]+)\}`([^`]+)`")
_TITLED = re.compile(r"^(?P<words>.*?)\s*<(?P<target>[^<>]+)>$", re.DOTALL)
_LINK = re.compile(r"\[(?P<words>[^\]]*)\]\((?P<page>[\w./-]+\.md)?(?P<place>#[\w-]+)?\)")
_LABEL = re.compile(r"^\([\w-]+\)=\s*$")
_ATTRIBUTES = re.compile(r"^\{[.#][^}]*\}\s*$")
_MARKED = re.compile(r"^- \[([x =])\] ", re.MULTILINE)


@dataclass(frozen=True)
class Book:
    """What a chapter's references stand for, found by the build.

    ``numbers`` has the number of each labelled figure, exercise, theorem and (as ``equation-…``) equation,
    ``glued`` the numbers that cells computed, ``cited`` the authors, year and address (or "") of each work,
    ``link`` gives the words and the address of a page and a place on it.
    """

    numbers: Mapping[str, str] = field(default_factory=dict)
    glued: Mapping[str, str] = field(default_factory=dict)
    cited: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    link: Callable[[str, str], tuple[str, str]] = lambda page, place: (page or place, page + place)


def plain(text: str, book: Book) -> str:
    """The same text without directives and roles. Code blocks stay as they are."""
    lines, done = text.split("\n"), []
    while lines:
        line = lines.pop(0)
        if opening := _OPENING.match(line):
            done += _directive(opening, _until(opening["fence"], lines), book).split("\n")
        elif fence := _FENCE.match(line):
            done += [line, *_until(fence[1], lines), fence[1]]
        elif not _LABEL.match(line) and not _ATTRIBUTES.match(line):
            done.append(_inline(line, book))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(done)).strip("\n")


def _until(fence: str, lines: list[str]) -> list[str]:
    """Take the lines up to the one that closes the fence, and that one."""
    body = []
    while lines:
        line = lines.pop(0)
        if line.startswith(fence) and not line.strip(fence[0]):
            return body
        body.append(line)
    raise ValueError(f"a block that begins with {fence} is not closed")


def _directive(opening: re.Match, body: list[str], book: Book) -> str:
    options = {}
    while body and (option := _OPTION.match(body[0])):
        options[option[1]] = option[2]
        body.pop(0)
    if opening["name"] not in DIRECTIVES:
        raise ValueError(f"the directive {opening['name']} has no plain form: add it to DIRECTIVES")
    return DIRECTIVES[opening["name"]](opening["argument"].strip(), options, "\n".join(body).strip("\n"), book)


def _math(_: str, options: dict, body: str, book: Book) -> str:
    if "\\\\" in body and "\\begin" not in body:
        body = f"\\begin{{split}}\n{body}\n\\end{{split}}"
    number = book.numbers.get(f"equation-{options.get('label')}")
    return "\n".join(["$$", body, *([f"\\tag{{{number}}}"] if number else []), "$$"])


def _exercise(title: str, options: dict, body: str, book: Book) -> str:
    heading = f"###### {WORDS['exercise']} {book.numbers[options['label']]} {title}".rstrip()
    return f"{NEW_CELL}{heading}\n\n{plain(body, book)}"


def _solution_start(label: str, _: dict, __: str, book: Book) -> str:
    return f"{NEW_CELL}###### {WORDS['solution']} {book.numbers[label]}\n"


def _solution_end(*_: object) -> str:
    return NEW_CELL


def _theorem(kind: str) -> Callable[..., str]:
    def statement(title: str, options: dict, body: str, book: Book) -> str:
        named = f" ({_inline(title, book)})" if title else ""
        return f"**{kind} {book.numbers[options['label']]}{named}.**\n\n{plain(body, book)}"

    return statement


def _quoted(title: str, _: dict, body: str, book: Book) -> str:
    return "\n".join(f"> {line}".rstrip() for line in f"**{title}**\n\n{plain(body, book)}".split("\n"))


def _check_yourself(_: str, __: dict, body: str, book: Book) -> str:
    """The question and its options; which one is right, and why, in a part that opens."""
    stem, *options = re.split(r"^(?=- \[)", plain(body, book), flags=re.MULTILINE)
    choices = [_MARKED.sub("- ", option).split("\n")[0] for option in options if not option.startswith("- [=]")]
    verdicts = {"x": f"**{WORDS['right']}** ", " ": f"**{WORDS['wrong']}** ", "=": ""}
    answers = [_MARKED.sub(lambda mark: f"- {verdicts[mark[1]]}", option).rstrip() for option in options]
    folded = f"<details><summary>{WORDS['answer']}</summary>\n\n{chr(10).join(answers)}\n\n</details>"
    return f"**{WORDS['check']}** {stem.strip()}\n\n" + "\n".join([*choices, "", folded])


DIRECTIVES: Mapping[str, Callable[..., str]] = {
    "admonition": _quoted,
    "check-yourself": _check_yourself,
    # A notebook's own table of contents does this.
    "contents": lambda *_: "",
    "exercise": _exercise,
    "math": _math,
    "prf:definition": _theorem("Definition"),
    "prf:theorem": _theorem("Theorem"),
    "solution-end": _solution_end,
    "solution-start": _solution_start,
}


def _inline(line: str, book: Book) -> str:
    return _LINK.sub(lambda found: _linked(found, book), _ROLE.sub(lambda found: _role(found, book), line))


def _linked(found: re.Match, book: Book) -> str:
    words, address = book.link(found["page"] or "", found["place"] or "")
    return f"[{found['words'] or words}]({address})"


def _role(found: re.Match, book: Book) -> str:
    name, content = found.groups()
    titled = _TITLED.match(content)
    words, target = (titled["words"], titled["target"]) if titled else ("", content)
    if name not in ROLES:
        raise ValueError(f"the role {name} has no plain form: add it to ROLES")
    return ROLES[name](words, target, book)


def _figure(words: str, label: str, book: Book) -> str:
    return words.replace("%s", book.numbers[label]) or f"{WORDS['figure']} {book.numbers[label]}"


def _statement(words: str, label: str, book: Book) -> str:
    return (
        words or f"{label.split('-')[0].replace('thm', 'Theorem').replace('def', 'Definition')} {book.numbers[label]}"
    )


def _equation(words: str, label: str, book: Book) -> str:
    return words or f"({book.numbers[f'equation-{label}']})"


def _glued(_: str, target: str, book: Book) -> str:
    name, _, form = target.partition(":")
    return format(float(book.glued[name]), form) if form else book.glued[name]


def _cited(form: str, separator: str) -> Callable[[str, str, Book], str]:
    def works(_: str, keys: str, book: Book) -> str:
        found = (book.cited[key.strip()] for key in keys.split(","))
        named = ((form.format(authors=authors, year=year), address) for authors, year, address in found)
        return separator.join(f"[{name}]({address})" if address else name for name, address in named)

    return works


def _in_brackets(words: str, keys: str, book: Book) -> str:
    return f"({_cited('{authors}, {year}', '; ')(words, keys, book)})"


def _referred(words: str, label: str, book: Book) -> str:
    title, address = book.link("", f"#{label}")
    return f"[{words or title}]({address})"


ROLES: Mapping[str, Callable[[str, str, Book], str]] = {
    "cite": _in_brackets,
    "cite:t": _cited("{authors} ({year})", ", "),
    "claim": lambda words, id, book: words or f"`{id}`",
    "eq": _equation,
    "glue:text": _glued,
    "numref": _figure,
    "prf:ref": _statement,
    "ref": _referred,
    "term": lambda words, term, book: words or term,
}
