r"""Put what jupyterlab-myst does not know into forms that it does, in the chapters of Binder's image.

On the site our own directives have extensions in ``_ext/``; in JupyterLab each would be a red box that says "unknown".

>>> readable("It is {glue:text}`share:.0%`, {claim}`proved <some-claim>`.")
'It is `share`, proved.'
>>> readable(":::{interview} why\n:level: 1\n\nWhy {term}`nonlinear`?\n:::")
'\nWhy {term}`nonlinear`?'
"""

import re
import sys
from pathlib import Path

WORDS = {"check": "Check yourself", "answer": "Answer", "right": "**Right.**", "wrong": "**No.**"}
"""Every word that is put in."""

UNKNOWN = {"contents", "flash-cards", "how-to-cite", "interview", "interview-controls", "notebooks"}
"""Directives of which only what stands in them is kept."""

_FENCE = re.compile(r"^(?P<fence>`{3,}|:{3,})(?:\{(?P<name>[\w:-]+)\})?")
_OPTION = re.compile(r"^:[\w-]+:")
# The number itself stands under the cell that computes it, beside the same name.
_GLUED = re.compile(r"\{glue:text\}`([^`:]+)(?::[^`]*)?`")
_WORDS_ALONE = re.compile(r"\{(?:claim|download-notebooks)\}`([^`<]+?)(?:\s*<[^`>]*>)?`")
_MARKED = re.compile(r"^- \[([x =])\] ")


def readable(text: str) -> str:
    """The chapter's text in forms that jupyterlab-myst shows. Code stays as it is."""
    lines, done = text.split("\n"), []
    while lines:
        line = lines.pop(0)
        if opening := _FENCE.match(line):
            done += _block(line, opening, _until(opening["fence"], lines))
        else:
            done.append(_WORDS_ALONE.sub(r"\1", _GLUED.sub(r"`\1`", line)))
    return "\n".join(done)


def _block(line: str, opening: re.Match, body: list[str]) -> list[str]:
    name = opening["name"]
    if name == "check-yourself":
        return _check_yourself(body)
    if name in UNKNOWN:
        return readable("\n".join(part for part in body if not _OPTION.match(part))).split("\n")
    is_text = name not in (None, "code-cell", "math")
    return [line, *(readable("\n".join(body)).split("\n") if is_text and body else body), opening["fence"]]


def _until(fence: str, lines: list[str]) -> list[str]:
    """Take the lines before the one that closes the fence, and that one."""
    end = next(n for n, line in enumerate(lines) if line.rstrip() == fence)
    body = lines[:end]
    del lines[: end + 1]
    return body


def _check_yourself(body: list[str]) -> list[str]:
    """The question with its options, and the answers in a part that opens."""
    stem, *options = re.split(r"^(?=- \[[x =]\] )", readable("\n".join(body)), flags=re.MULTILINE)
    # A number to find stands as an option too, and would give itself away.
    choices = [_MARKED.sub("- ", option).split("\n")[0] for option in options if not option.startswith("- [=]")]
    verdicts = {"x": f"{WORDS['right']} ", " ": f"{WORDS['wrong']} ", "=": ""}
    answers = [_MARKED.sub(lambda mark: f"- {verdicts[mark[1]]}", option).rstrip() for option in options]
    question = ["::::{admonition} " + WORDS["check"], stem.strip(), "", *choices, "::::", ""]
    return [*question, "::::{admonition} " + WORDS["answer"], ":class: dropdown", *answers, "::::"]


if __name__ == "__main__":
    for path in Path(sys.argv[1]).glob("*.md"):
        path.write_text(readable(path.read_text(encoding="utf8")), encoding="utf8")
