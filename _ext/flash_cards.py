"""The interview's questions to take away: an Anki deck and a table, made from the page's own text.

The directive ``flash-cards`` stands on the page and offers both; they are written when the build ends, next to the
other static files. Two builds of the same text give the same bytes: Anki knows a note by its id, and takes a note whose
time is later for a newer version, so the time is that of ``SOURCE_DATE_EPOCH`` or else :data:`EDITION`.
"""

import csv
import html
import io
import itertools
import os
import re
import sqlite3
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import genanki
from _questions import PARTS, TOPICS, Question, read
from _written import wrote_html
from docutils import nodes
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.myst_role import myst_role_plugin
from pybtex.database import parse_file
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

PAGE = "chapters/interview"
FOLDER = "_static/flash-cards"
DECK, TABLE = "why-nonlinear.apkg", "why-nonlinear-interview.csv"
EDITION = 1_767_225_600
"""The first second of 2026: what notes are dated when the environment names no time."""

# Anki finds a reader's deck and notes again by these; they must never change.
DECK_ID, MODEL_ID = 1_907_352_641, 1_907_352_642

WORDS = {
    "deck": "Why Nonlinear? Interview",
    "about": "Questions of the book Why Nonlinear? Activation functions, proved and measured.",
    "model": "Why Nonlinear? Question",
    "fields": ("Id", "Level", "Topic", "Question"),
    "level": "level",
    "anki": "{count} cards for Anki",
    "csv": "The same as a table (CSV)",
    "and": "and",
}
"""Every word of the cards and of the offer that is not the questions' own."""

_CSS = """\
.card { max-width: 40em; margin: 1em auto; padding: 0 1em; font: 1.1em/1.5 system-ui, sans-serif; }
.about { font-size: .8em; opacity: .75; }
.question { font-weight: 600; }
h3 { margin: 1em 0 .2em; font-size: .9em; opacity: .75; }
details { margin: .6em 0; }
summary { cursor: pointer; font-weight: 600; }
pre { overflow-x: auto; padding: .5em; border: 1px solid; font-size: .85em; }
"""


# --- from MyST to the HTML of a card ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Book:
    """What a card needs of the book around it: where it is served ("" when nobody knows), its titles and its works."""

    folder: Path
    address: str = ""

    def title(self, page: str) -> str:
        """The title of a chapter, by its file name."""
        text = (self.folder / "chapters" / page).read_text(encoding="utf8")
        return re.search(r"^# (.+)$", text, re.MULTILINE)[1]

    def work(self, key: str) -> str:
        """A work as a text names it: authors and year."""
        entry = self._works.entries[key]
        names = [" ".join(author.prelast_names + author.last_names) for author in entry.persons["author"]]
        names = [re.sub(r"[{}]", "", name) for name in names]
        who = f" {WORDS['and']} ".join(names) if len(names) < 3 else f"{names[0]} et al."
        return f"{who} ({entry.fields['year']})"

    @cached_property
    def _works(self) -> object:
        return parse_file(str(self.folder / "references.bib"))

    @cached_property
    def _markdown(self) -> MarkdownIt:
        made = MarkdownIt("commonmark", {"typographer": True}).enable(["table", "smartquotes"])
        made.use(dollarmath_plugin, allow_labels=True, double_inline=True).use(myst_role_plugin)
        made.core.ruler.push("book-links", self._links)
        for kind in ("math_inline", "math_inline_double", "math_block", "math_block_label"):
            made.add_render_rule(kind, _formula)
        made.add_render_rule("fence", _fence)
        made.add_render_rule("myst_role", lambda renderer, *place: self._role(*place))
        return made

    def html(self, text: str) -> str:
        """A piece of MyST as HTML for Anki: mathematics between ``\\(`` and ``\\)``, links absolute or plain words."""
        return self._markdown.render(text).strip()

    def _links(self, state: StateCore) -> None:
        for inline in (token for token in state.tokens if token.type == "inline"):
            inline.children = list(self._linked(inline.children))

    def _linked(self, tokens: Sequence[Token]) -> list[Token]:
        made = []
        for token, after in itertools.zip_longest(tokens, tokens[1:]):
            target = str(token.attrs.get("href", "")) if token.type == "link_open" else ""
            if target:
                token.attrs["href"] = self._absolute(target)
            if self.address or not token.type.startswith("link_"):
                made.append(token)
            if target and after.type == "link_close":
                made.append(Token("text", "", 0, content=self.title(target.partition("#")[0])))
        return made

    def _absolute(self, target: str) -> str:
        page, mark, anchor = target.partition("#")
        page = page.removesuffix(".md") or PAGE.rpartition("/")[2]
        return f"{self.address.rstrip('/')}/chapters/{page}.html{mark}{anchor}"

    def _role(self, tokens: Sequence[Token], at: int, *_: object) -> str:
        name, content = tokens[at].meta["name"], tokens[at].content
        if name.startswith("cite"):
            return html.escape("; ".join(self.work(key.strip()) for key in content.split(",")))
        return html.escape(re.sub(r"\s*<[^>]*>$", "", content))


def _formula(renderer: object, tokens: Sequence[Token], at: int, *_: object) -> str:
    return _typeset(tokens[at].content, display=tokens[at].type != "math_inline")


def _typeset(formula: str, display: bool) -> str:
    formula = html.escape(formula.strip(), quote=False)
    return f"<div>\\[{formula}\\]</div>\n" if display else f"\\({formula}\\)"


def _fence(renderer: object, tokens: Sequence[Token], at: int, *_: object) -> str:
    if tokens[at].info.strip() == "{math}":
        formula = re.sub(r"^:\w+:.*\n", "", tokens[at].content, flags=re.MULTILINE)
        return _typeset(formula, display=True)
    return f"<pre>{html.escape(tokens[at].content, quote=False)}</pre>\n"


# --- the deck and the table -------------------------------------------------------------------------------------------

COLUMNS = (*WORDS["fields"], *PARTS.values())
"""The fields of a card, and the header of the table."""


def row(one: Question, book: Book) -> list[str]:
    """A question, field by field."""
    question = book.html(one.question).removeprefix("<p>").removesuffix("</p>")
    return [one.id, str(one.level), TOPICS[one.topic], question, *(book.html(getattr(one, part)) for part in PARTS)]


def table(questions: Sequence[Question], book: Book) -> str:
    """All questions as comma-separated values, with a header."""
    text = io.StringIO()
    csv.writer(text).writerows([COLUMNS, *(row(one, book) for one in questions)])
    return text.getvalue()


def deck(questions: Sequence[Question], book: Book) -> bytes:
    """All questions as an Anki package."""
    cards = genanki.Deck(DECK_ID, WORDS["deck"], WORDS["about"])
    model = _model()
    for number, one in enumerate(questions, 1):
        guid = genanki.guid_for("why-nonlinear", one.id)
        tags = [f"topic::{one.topic}", f"level::{one.level}"]
        cards.add_note(genanki.Note(model, row(one, book), guid=guid, tags=tags, due=number))
    return _packed(genanki.Package(cards))


def _model() -> genanki.Model:
    about = f'<p class="about">{{{{Topic}}}}, {WORDS["level"]} {{{{Level}}}}</p>'
    front = f'{about}<div class="question">{{{{Question}}}}</div>'
    closed = "".join(
        f"<details><summary>{PARTS[part]}</summary>{{{{{PARTS[part]}}}}}</details>" for part in ("full", "follow_up")
    )
    rubric = "".join(f"<h3>{PARTS[part]}</h3>{{{{{PARTS[part]}}}}}" for part in ("weak", "strong"))
    wrong = PARTS["wrong"]
    back = (
        f'{{{{FrontSide}}}}<hr id="answer"><h3>{PARTS["short"]}</h3>{{{{{PARTS["short"]}}}}}{closed}{rubric}'
        f"{{{{#{wrong}}}}}<h3>{wrong}</h3>{{{{{wrong}}}}}{{{{/{wrong}}}}}"
    )
    fields = [{"name": name} for name in COLUMNS]
    templates = [{"name": WORDS["model"], "qfmt": front, "afmt": back}]
    return genanki.Model(MODEL_ID, WORDS["model"], fields, templates, css=_CSS)


def _packed(package: genanki.Package) -> bytes:
    """The package's bytes. The library's own writer would put the time of the build into them."""
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH", EDITION))
    with sqlite3.connect(":memory:") as collection:
        package.write_to_db(collection.cursor(), seconds, itertools.count(seconds * 1000))
    contents = {"collection.anki2": collection.serialize(), "media": b"{}"}
    collection.close()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in contents.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


# --- the page ---------------------------------------------------------------------------------------------------------


class FlashCards(SphinxDirective):
    """Where the page offers the cards: no argument, no body."""

    def run(self) -> list[nodes.Node]:
        if self.env.docname != PAGE:
            raise self.error(f"flash-cards: the cards are made of {PAGE}; offer them there")
        count = len(read(Path(self.env.doc2path(PAGE)).read_text(encoding="utf8")))
        up = "../" * PAGE.count("/")
        links = "".join(
            f'<li><a href="{up}{FOLDER}/{name}" download>{WORDS[words].format(count=count)}</a></li>'
            for name, words in ((DECK, "anki"), (TABLE, "csv"))
        )
        return [nodes.raw("", f'<ul class="flash-cards">{links}</ul>', format="html")]


def _write(app: Sphinx, error: Exception | None) -> None:
    if not wrote_html(app, error) or PAGE not in app.env.found_docs:
        return
    questions = read(Path(app.env.doc2path(PAGE)).read_text(encoding="utf8"))
    book = Book(Path(app.srcdir), app.config.html_baseurl)
    folder = Path(app.outdir) / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    (folder / DECK).write_bytes(deck(questions, book))
    (folder / TABLE).write_text(table(questions, book), encoding="utf8", newline="")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("flash-cards", FlashCards)
    app.connect("build-finished", _write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
