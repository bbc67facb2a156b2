"""The ledger as a page: how many claims there are of each kind, and every one of them with a link to where it stands.

No evidence is produced here: a table of statements has to be quick, and the chapters produce it anyway. The pieces are
Markdown with the role ``claim``, which resolves to the chapter that shows the claim.
"""

from __future__ import annotations

import html
import json
from collections import Counter
from collections.abc import Iterable, Sequence

from ..page import Typeset
from .ledger import VERDICTS, Claim, all_claims
from .sources import DOCUMENTS, ROWS, Row

__all__ = ["answers", "of_chapter", "of_verdict", "only_in_numbers", "search", "verdicts"]

WORDS = {
    "verdict": "Verdict",
    "meaning": "What stands behind it",
    "count": "Claims",
    "all": "all",
    "claim": "Claim",
    "statement": "Statement, in our words",
    "answer": "Claims that deal with it",
    "loose": "*(loose or wrong)*",
    "search": "Search the claims",
    "any": "any verdict",
    "found": "{found} of {all} claims",
}
"""Every word of the page that is neither a claim's nor the chapter's own."""

SHORT = {
    "proved": "Proved",
    "argued": "Argued",
    "qualified": "Qualified",
    "measured": "Measured",
    "corrected": "Corrected",
    "convention": "Convention",
    "reported": "Reported",
}
"""A verdict in one word, for a narrow column."""

MEANINGS = {
    "proved": "Every step is checked by computer algebra, in the generality stated.",
    "argued": "The proof is written in words; its algebra is checked.",
    "qualified": "It holds under a condition that it states. A case shows that it fails without.",
    "measured": "An experiment with at least 20 seeds, an interval, and bounds that would have refuted it.",
    "corrected": "What is often said is wrong. A counterexample runs, and the claim says what is true.",
    "convention": "A matter of agreement, with its source.",
    "reported": "Somebody else's result, which we cite and cannot check here.",
}
"""What each verdict promises, in one sentence or two."""


def verdicts() -> Typeset:
    """The number of claims of each verdict, and what the verdict promises.

    >>> print(verdicts()._repr_markdown_().splitlines()[0])
    | Verdict | What stands behind it | Claims |
    """
    counts = Counter(claim.verdict for claim in all_claims().values())
    head = [f"| {WORDS['verdict']} | {WORDS['meaning']} | {WORDS['count']} |", "|:--|:--|--:|"]
    rows = [f"| {SHORT[verdict]} | {MEANINGS[verdict]} | {counts[verdict]} |" for verdict in VERDICTS]
    return Typeset("\n".join([*head, *rows, f"| {WORDS['all']} | | {counts.total()} |"]))


def search() -> Typeset:
    """The place of the search field, which a script fills; without scripts there is none, and all claims are seen."""
    data = {
        "label": WORDS["search"],
        "verdict": WORDS["verdict"],
        "any": WORDS["any"],
        "found": WORDS["found"],
        "verdicts": json.dumps([SHORT[verdict] for verdict in VERDICTS], ensure_ascii=False),
    }
    attributes = "".join(f' data-{name}="{html.escape(text)}"' for name, text in data.items())
    return Typeset(f'<div class="ledger-search"{attributes}></div>')


def of_chapter(slug: str) -> Typeset:
    """The claims of one chapter with their verdicts. Raises ValueError for a chapter that has none."""
    found = [claim for claim in all_claims().values() if claim.subject.replace("_", "-") == slug]
    if not found:
        known = sorted({claim.subject.replace("_", "-") for claim in all_claims().values()})
        raise ValueError(f"of_chapter: no claim belongs to {slug!r}; chapters with claims: {', '.join(known)}")
    rows = [(f"{_in_one_line(claim)} {_links([claim])}", SHORT[claim.verdict]) for claim in found]
    return _table((WORDS["claim"], WORDS["verdict"]), rows, (80, 20))


def answers(document: str) -> Typeset:
    """What the claims answer: each statement of one of the documents that the book set out from."""
    if document not in DOCUMENTS:
        raise ValueError(f"answers: unknown document {document!r}; known are {', '.join(DOCUMENTS)}")
    rows = [(_restated(row), _links(_answering(row))) for row in ROWS.values() if row.document == DOCUMENTS[document]]
    return _table((WORDS["statement"], WORDS["answer"]), rows, (55, 45))


def of_verdict(verdict: str) -> Typeset:
    """Links to all claims of one verdict. Raises ValueError for an unknown one."""
    if verdict not in VERDICTS:
        raise ValueError(f"of_verdict: unknown verdict {verdict!r}; known are {', '.join(VERDICTS)}")
    return Typeset(_links(claim for claim in all_claims().values() if claim.verdict == verdict))


def only_in_numbers() -> Typeset:
    """The claims of which a part stands on floating point numbers or on samples, each with what that part is."""
    return Typeset("\n".join(f"- {_links([c])} {c.numerical}" for c in all_claims().values() if c.numerical))


def _links(claims: Iterable[Claim]) -> str:
    return " · ".join(f"{{claim}}`{claim.id}`" for claim in claims)


def _in_one_line(claim: Claim) -> str:
    return " ".join(claim.statement.split())


def _restated(row: Row) -> str:
    # Signs that Markdown would take for its own.
    says = row.says.replace("*", r"\*").replace("_", r"\_")
    return f"**{row.id}** {says}" + (f" {WORDS['loose']}" if row.loose else "")


def _answering(row: Row) -> list[Claim]:
    return [claim for claim in all_claims().values() if row.id in claim.sources]


def _table(header: Sequence[str], rows: Iterable[Sequence[str]], widths: Sequence[int]) -> Typeset:
    """A table whose cells may hold mathematics and roles, which those of a Markdown table cannot: a bar ends them."""
    lines = ["```{list-table}", ":header-rows: 1", ":class: ledger", f":widths: {' '.join(map(str, widths))}", ""]
    for row in (header, *rows):
        lines += [f"{'* -' if place == 0 else '  -'} {cell}" for place, cell in enumerate(row)]
    return Typeset("\n".join([*lines, "```"]))
