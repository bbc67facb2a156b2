"""Questions at the end of a chapter that answer at once: ``check-yourself``.

The body is Markdown that reads well anywhere: the question, then a list of options. ``[x]`` marks a right one, ``[ ]``
a wrong one; the paragraphs under an option say why. ``[=]`` stands for a number to be typed, with its tolerance::

    :::{check-yourself}
    What is the slope of $\\sigma$ at 0?

    - [x] one quarter

      Both factors of $\\sigma(1 - \\sigma)$ are one half there.
    - [ ] one half

      That is the value.
    :::

Each option is a native ``details`` element, which opens without scripts and by keyboard. A number gets a field to type
in from ``_static/questions.mjs``; without scripts its answer can be opened like an option.
"""

import html
import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

WORDS = {
    "title": "Check yourself",
    "right": "Right.",
    "wrong": "No.",
    "show": "Show the answer",
    "answer": "Your answer",
    "check": "Check",
    "too-small": "No, it is larger than that.",
    "too-large": "No, it is smaller than that.",
    "not-a-number": "Please type a number, such as 0.25 or 1/4.",
}
"""Every word that the reader sees and the chapter does not say."""

_MARK = re.compile(r"^- \[([x =])\] ", re.MULTILINE)
_NUMBER = re.compile(r"^(?P<answer>[-+−]?[\d.]+(?:e[-+]?\d+)?)(?: ± (?P<tolerance>[\d.]+(?:e[-+]?\d+)?))?$")


class check_question(nodes.General, nodes.Element):
    """The whole question."""


class check_option(nodes.General, nodes.Element):
    """One answer: its first child is what the reader chooses, the rest is the reason."""


class CheckYourself(SphinxDirective):
    """The directive; it refuses a question that could not be answered or would not explain."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        text = "\n".join(self.content)
        marks = _MARK.findall(text)
        parsed = nodes.Element()
        self.content.data = _MARK.sub("- ", text).split("\n")
        self.state.nested_parse(self.content, self.content_offset, parsed)
        *stem, answers = parsed.children or [None]
        if not stem or not isinstance(answers, nodes.bullet_list) or len(answers) != len(marks):
            raise self.error("check-yourself: give a question, then a list whose items begin with [x], [ ] or [=]")
        if "x" not in marks and "=" not in marks:
            raise self.error("check-yourself: no option is right; mark one with [x], or a number with [=]")
        options = [self._option(mark, item) for mark, item in zip(marks, answers, strict=True)]
        return [check_question("", *stem, *options)]

    def _option(self, mark: str, item: nodes.list_item) -> check_option:
        choice, *reason = item.children
        if not reason:
            raise self.error(f"check-yourself: say why under the option “{choice.astext()}”")
        kind = {"x": "right", " ": "wrong", "=": "number"}[mark]
        number = self._number(choice.astext()) if kind == "number" else {}
        return check_option("", choice, *reason, kind=kind, **number)

    def _number(self, text: str) -> dict[str, str]:
        if not (found := _NUMBER.match(text)):
            raise self.error(f"check-yourself: a number such as “0.25 ± 0.01” is needed after [=], got “{text}”")
        return {"answer": found["answer"].replace("−", "-"), "tolerance": found["tolerance"] or "0"}


def visit_question(self, node: check_question) -> None:
    self.body.append(f'<div class="check-yourself" role="group" aria-label="{WORDS["title"]}">')
    self.body.append(f'<p class="check-title">{WORDS["title"]}</p>')


def depart_question(self, node: check_question) -> None:
    self.body.append("</div>")


def visit_option(self, node: check_option) -> None:
    kind, choice = node["kind"], node.children[0]
    data = ""
    if kind == "number":
        words = "".join(f' data-{key}="{WORDS[key]}"' for key in ("answer", "check", *_REPLIES))
        data = f'{words} data-value="{node["answer"]}" data-tolerance="{node["tolerance"]}"'
    # A formula alone has no name that every screen reader says.
    name = f' aria-label="{html.escape(choice.astext())}"' if next(choice.findall(nodes.math), None) else ""
    self.body.append(f'<details class="check-option check-{kind}"{data}><summary{name}>')
    if kind == "number":
        self.body.append(WORDS["show"])
    else:
        for child in choice.children:
            child.walkabout(self)
    self.body.append('</summary><div class="check-reason">')
    verdict = choice.astext() if kind == "number" else WORDS[kind]
    self.body.append(f'<p class="check-verdict">{verdict}</p>')
    for child in node.children[1:]:
        child.walkabout(self)
    self.body.append("</div></details>")
    raise nodes.SkipNode


_REPLIES = ("right", "too-small", "too-large", "not-a-number")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_node(check_question, html=(visit_question, depart_question))
    app.add_node(check_option, html=(visit_option, None))
    app.add_directive("check-yourself", CheckYourself)
    app.add_js_file("questions.mjs", type="module")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
