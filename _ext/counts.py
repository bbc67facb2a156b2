"""What the book holds, counted while it is built: {count}`questions` is how many questions it asks its readers.

A number typed into the text would be wrong the day somebody adds a question.
"""

import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxRole

KINDS = {"questions": re.compile(r"^(?:`{3,}|:{3,})\{(?:check-yourself|interview)\}", re.MULTILINE)}
"""What can be counted: a pattern whose every match in a page's source is one."""


def count(kind: str, texts: list[str]) -> int:
    """How many of a kind there are in the sources of the pages.

    >>> count("questions", [":::{check-yourself}\\nOne?\\n:::\\n", "no question"])
    1
    """
    return sum(len(KINDS[kind].findall(text)) for text in texts)


class CountRole(SphinxRole):
    """The role. The page that counts is read again when a page that was counted changes."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        if self.text not in KINDS:
            known = ", ".join(KINDS)
            problem = f"count: nothing is known of {self.text!r}; what can be counted: {known}"
            return [], [self.inliner.reporter.error(problem, line=self.lineno)]
        paths = [Path(self.env.doc2path(page)) for page in sorted(self.env.found_docs)]
        for path in paths:
            self.env.note_dependency(str(path))
        number = count(self.text, [path.read_text(encoding="utf8") for path in paths])
        return [nodes.inline("", str(number))], []


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_role("count", CountRole())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
