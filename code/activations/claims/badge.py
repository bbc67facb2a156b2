"""How a claim looks in a chapter: the statement, and below it one line that opens to all it stands on.

The badge is Markdown around a native ``details`` element, so that it opens without scripts, and mathematics in it is
typeset like the rest of the page.
"""

from __future__ import annotations

import html
from dataclasses import dataclass

from .ledger import Claim, Evidence, get
from .sources import ROWS

__all__ = ["Badge", "show"]

WORDS = {
    "proved": "Proved",
    "argued": "Argued, with the algebra checked",
    "qualified": "True under conditions",
    "measured": "Measured",
    "corrected": "Corrects a common error",
    "convention": "A convention",
    "reported": "Reported by others",
    "claim": "Claim",
    "evidence": "Evidence.",
    "argument": "Argument.",
    "condition": "Condition.",
    "checked": "Checked.",
    "counterexample": "Counterexample.",
    "predicted": "the usual version predicts",
    "found": "we find",
    "refuted": "It would have been refuted if",
    "answers": "Answers.",
    "cite": "Reference.",
    "code": "The code that checks it",
}
"""Every word of a badge that is not the claim's own."""

MARKS = {"corrected": "≠", "qualified": "≈", "reported": "”", "convention": "§"}


@dataclass(frozen=True)
class Badge:
    """A claim with its evidence, ready to be displayed."""

    claim: Claim
    evidence: Evidence

    def _repr_markdown_(self) -> str:
        claim, mark = self.claim, MARKS.get(self.claim.verdict, "✓")
        box = f'<div class="claim claim-{claim.verdict}" id="claim-{claim.id}">'
        summary = (
            f'<details><summary><span class="claim-verdict">{mark} {WORDS[claim.verdict]}</span> '
            f'<code class="claim-id">{html.escape(claim.id)}</code></summary>'
        )
        code = f"<details><summary>{WORDS['code']}</summary>\n\n```python\n{claim.code.rstrip()}\n```\n\n</details>"
        return "\n\n".join((box, claim.statement, summary, *self._paragraphs(), code, "</details>\n\n</div>\n"))

    def _paragraphs(self) -> list[str]:
        evidence = self.evidence
        parts = [f"**{WORDS['condition']}** {evidence.condition}"] if evidence.condition else []
        parts += [f"**{WORDS['evidence']}** {evidence.says}"]
        parts += [f"**{WORDS['argument']}** {evidence.argument}"] if evidence.argument else []
        parts += [derivation._repr_latex_() for derivation in evidence.derivations]
        parts += _bullets("checked", [check.what for check in evidence.checks])
        parts += _bullets("counterexample", [_in_words(example) for example in evidence.counterexamples])
        parts += [f"{m}. {WORDS['refuted']} {m.refuted_if}." for m in evidence.measurements]
        parts += [f"**{WORDS['cite']}** {{cite}}`{evidence.cite}`"] if evidence.cite else []
        parts += _bullets("answers", [f"{id}, {ROWS[id].document}: “{ROWS[id].says}”" for id in self.claim.sources])
        return parts

    def __repr__(self) -> str:
        return f"{WORDS['claim']} {self.claim.id}: {WORDS[self.claim.verdict]}. {self.claim.statement}"


def _bullets(title: str, items: list[str]) -> list[str]:
    return [f"**{WORDS[title]}**\n\n" + "\n".join(f"- {item}" for item in items)] if items else []


def _in_words(example: object) -> str:
    return f"{example.case}: {WORDS['predicted']} {example.predicted}, {WORDS['found']} {example.found}"


def show(id: str) -> Badge:
    """The claim called ``id`` as a badge. Raises ClaimError when it falls, KeyError when there is no such claim."""
    claim = get(id)
    return Badge(claim, claim.evidence())
