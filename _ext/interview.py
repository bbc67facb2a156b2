"""Interview questions as closed cards: ``interview``, and the controls above them: ``interview-controls``.

A card is a native ``details`` element, which opens without scripts and by keyboard. On it stands the question; inside,
the answer for thirty seconds and how to tell a weak answer from a strong one. The rest opens in turn.
``_static/interview.mjs`` brings the controls to life: filter, search, a random question, and a reader's own progress.
How a question is written, ``_questions.py`` says.
"""

import html
import json

from _questions import LEVELS, PARTS, TOPICS, Question, QuestionError, parse, split
from docutils import nodes
from docutils.parsers.rst.directives import unchanged
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

WORDS = {
    "level": "Level {level}",
    "link": "Link to this question",
    "title": "Practise",
    "search": "Search",
    "all-levels": "All levels",
    "all-topics": "All topics",
    "all-progress": "Known or not",
    "level-label": "Level",
    "topic-label": "Topic",
    "progress-label": "Your progress",
    "random": "Ask me one at random",
    "hide": "Hide all answers",
    "one": "One answer at a time",
    "forget": "Forget my progress …",
    "forget-question": "Forget how well you knew each question? This cannot be undone.",
    "forget-yes": "Yes, forget it",
    "forget-no": "No, keep it",
}
"""Every word of cards and controls that stands on the page from the start."""

SAID = {
    "new": "not yet",
    "shaky": "shaky",
    "known": "known",
    "grade": "How well did you know it?",
    "shown": "{shown} of {all} questions shown.",
    "none": "No question fits. Clear the search or choose less.",
    "counts": "Known: {known}. Shaky: {shaky}. Not yet: {new}.",
    "asked": "Question {number} of {all}, level {level}.",
    "another": "Ask me another",
    "hidden": "All answers are hidden.",
    "forgotten": "Forgotten.",
    "unkept": "This browser does not keep your progress: it lasts until you leave the page.",
}
"""What the script says as the reader goes on; it finds these words in the page."""


class interview_card(nodes.General, nodes.Element):
    """A question with all its parts, of which the first is the question itself."""


class interview_part(nodes.General, nodes.Element):
    """One part of a question: ``name`` says which."""


class interview_controls(nodes.General, nodes.Element):
    """Where the controls stand; hidden until the script finds them."""


class Interview(SphinxDirective):
    """The directive of a card; it refuses a question that lacks something, with the reason."""

    required_arguments = 1
    final_argument_whitespace = True  # so that an id with a blank is refused in our words
    has_content = True
    option_spec = {"level": unchanged, "topic": unchanged, "sources": unchanged}

    def run(self) -> list[nodes.Node]:
        try:
            one = parse(self.arguments[0], self.options, list(self.content))
            parts = split(one.id, list(self.content))
        except QuestionError as fault:
            raise self.error(f"interview: {fault}") from fault
        self._take(one)
        target = f"question-{one.id}"
        card = interview_card("", ids=[target], level=one.level, topic=one.topic)
        card += [self._part(name, start, lines) for name, (start, lines) in parts.items()]
        title = card.children[0].astext()
        self.env.get_domain("std").labels[target] = (self.env.docname, target, title)
        return [card]

    def _take(self, one: Question) -> None:
        """Enter the id, so that no other card can have it."""
        taken = _taken(self.env)
        if one.id in taken:
            page, line = taken[one.id]
            raise self.error(f"interview: the id “{one.id}” is taken, by {page}, line {line}")
        taken[one.id] = (self.env.docname, self.lineno)

    def _part(self, name: str, start: int, lines: list[str]) -> interview_part:
        part = interview_part("", name=name)
        self.state.nested_parse(StringList(lines), self.content_offset + start, part)
        if name == "question" and [type(child) for child in part.children] != [nodes.paragraph]:
            raise self.error("interview: the question is one paragraph")
        return part


class InterviewControls(SphinxDirective):
    """The directive of the controls: no argument, no body."""

    def run(self) -> list[nodes.Node]:
        return [interview_controls()]


def _taken(env: BuildEnvironment) -> dict[str, tuple[str, int]]:
    if not hasattr(env, "interview_taken"):
        env.interview_taken = {}
    return env.interview_taken


def _forget(app: Sphinx, env: BuildEnvironment, page: str) -> None:
    """The ids of a page that is gone are free."""
    env.interview_taken = {id: place for id, place in _taken(env).items() if place[0] != page}


def _forget_all(app: Sphinx, env: BuildEnvironment, pages: list[str]) -> None:
    """Pages that are to be read again enter their ids anew; all at once, since a card may move from one to another."""
    for page in pages:
        _forget(app, env, page)


# --- HTML -------------------------------------------------------------------------------------------------------------

_CLOSED = ("full", "follow_up")


def visit_card(self, node: interview_card) -> None:
    id, level = node["ids"][0], node["level"]
    question, *parts = node.children
    mark = f'<span class="interview-level" title="{LEVELS[level]}">{WORDS["level"].format(level=level)}</span>'
    self.body.append(
        f'<details class="interview-card" id="{id}" data-level="{level}" data-topic="{node["topic"]}">'
        f'<summary>{mark} <span class="interview-question">'
    )
    for child in question.children[0].children:
        child.walkabout(self)
    self.body.append('</span></summary><div class="interview-answer">')
    for part in parts:
        part.walkabout(self)
    self.body.append(f'<p class="interview-link"><a href="#{id}">{WORDS["link"]}</a></p></div></details>\n')
    raise nodes.SkipNode


def visit_part(self, node: interview_part) -> None:
    name = node["name"]
    kind = f"interview-{name.replace('_', '-')}"
    if name in _CLOSED:
        self.body.append(f'<details class="{kind}"><summary>{PARTS[name]}</summary>\n')
    else:
        self.body.append(f'<div class="{kind}"><p class="interview-lead">{PARTS[name]}</p>\n')


def depart_part(self, node: interview_part) -> None:
    self.body.append("</details>\n" if node["name"] in _CLOSED else "</div>\n")


def visit_controls(self, node: interview_controls) -> None:
    said = html.escape(json.dumps(SAID, ensure_ascii=False))
    self.body.append(
        f'<form class="interview-controls" aria-label="{WORDS["title"]}" data-words="{said}" hidden>'
        f'<label>{WORDS["search"]} <input type="search" name="search" autocomplete="off"></label>'
        + _select("level", {str(level): f"{level}: {who}" for level, who in LEVELS.items()})
        + _select("topic", TOPICS)
        + _select("progress", {grade: SAID[grade] for grade in ("new", "shaky", "known")})
        + _button("random")
        + _button("hide")
        + f'<label class="interview-one"><input type="checkbox" name="one">{WORDS["one"]}</label>'
        '<p class="interview-shown" role="status"></p><p class="interview-counts"></p>'
        + _button("forget")
        + '<p class="interview-said" role="status"></p>'
        f'<dialog class="interview-forget" aria-label="{WORDS["forget"]}"><p>{WORDS["forget-question"]}</p>'
        + _button("forget-no")
        + _button("forget-yes")
        + "</dialog></form>\n"
    )
    raise nodes.SkipNode


def _select(name: str, choices: dict[str, str]) -> str:
    everything = WORDS["all-progress" if name == "progress" else f"all-{name}s"]
    options = "".join(
        f'<option value="{value}">{html.escape(words)}</option>' for value, words in {"": everything, **choices}.items()
    )
    return f'<label>{WORDS[f"{name}-label"]} <select name="{name}">{options}</select></label>'


def _button(name: str) -> str:
    return f'<button type="button" name="{name}">{WORDS[name]}</button>'


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_node(interview_card, html=(visit_card, None))
    app.add_node(interview_part, html=(visit_part, depart_part))
    app.add_node(interview_controls, html=(visit_controls, None))
    app.add_directive("interview", Interview)
    app.add_directive("interview-controls", InterviewControls)
    app.connect("env-purge-doc", _forget)
    app.connect("env-before-read-docs", _forget_all)
    app.connect("html-page-context", _add_to_page)
    # Two pages that are read at once could take the same id.
    return {"parallel_read_safe": False, "parallel_write_safe": True}


def _add_to_page(app: Sphinx, page: str, template: str, context: dict, doctree: object) -> None:
    """Only a page of questions loads their script."""
    if 'class="interview-card"' in context.get("body", ""):
        app.add_js_file("interview.mjs", type="module")
