"""How a claim looks in a chapter: the statement, and below it one line that opens to all it stands on.

The badge is Markdown around a native ``details`` element, so that it opens without scripts, and mathematics in it is
typeset like the rest of the page.
"""

from __future__ import annotations

import html
import math
import re
from dataclasses import dataclass

from .ledger import Claim, Evidence, Measurement, get
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
    "below": "the interval reached down to {above}",
    "above": "the interval reached up to {below}",
    "beyond": "the interval reached {above} or {below}",
    "missed": "the interval missed {holds}",
    "or": " or ",
    "answers": "Answers.",
    "numerical": "In numbers only.",
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
        parts += [f"**{WORDS['evidence']}** {_minus(evidence.says)}"]
        parts += [f"**{WORDS['argument']}** {evidence.argument}"] if evidence.argument else []
        parts += [derivation._repr_latex_() for derivation in evidence.derivations]
        parts += _bullets("checked", [check.what for check in evidence.checks])
        parts += _bullets("counterexample", [_in_words(example) for example in evidence.counterexamples])
        parts += [f"{_minus(str(m))}. {WORDS['refuted']} {_refuted_if(m)}." for m in evidence.measurements]
        parts += [f"**{WORDS['numerical']}** {self.claim.numerical}"] if self.claim.numerical else []
        parts += [f"**{WORDS['cite']}** {{cite}}`{evidence.cite}`"] if evidence.cite else []
        parts += _bullets("answers", [f"{id}, {ROWS[id].document}: “{ROWS[id].says}”" for id in self.claim.sources])
        return parts

    def __repr__(self) -> str:
        return f"{WORDS['claim']} {self.claim.id}: {WORDS[self.claim.verdict]}. {self.claim.statement}"


def _bullets(title: str, items: list[str]) -> list[str]:
    return [f"**{WORDS[title]}**\n\n" + "\n".join(f"- {item}" for item in items)] if items else []


def _in_words(example: object) -> str:
    return _minus(f"{example.case}: {WORDS['predicted']} {example.predicted}, {WORDS['found']} {example.found}")


def _minus(text: str) -> str:
    """The text with a minus sign before each negative number that Python wrote with a hyphen; mathematics stays."""
    parts = text.split("$")
    parts[::2] = [re.sub(r"(?<![\w-])-(?=\d)", "−", part) for part in parts[::2]]
    return "$".join(parts)


def _refuted_if(m: Measurement) -> str:
    """The condition in words: the claim's own, or what follows from the bounds."""
    if m.refuted_if:
        return m.refuted_if
    crossed = {(True, True): "beyond", (True, False): "below", (False, True): "above"}
    keys = [crossed.get((m.above > -math.inf, m.below < math.inf)), "missed" if m.holds is not None else None]
    numbers = {name: _number(getattr(m, name)) for name in ("above", "below", "holds")}
    return WORDS["or"].join(WORDS[key].format(**numbers) for key in keys if key)


def _number(value: float | None) -> str:
    return "" if value is None else _minus(f"{value:.4g}")


def show(id: str) -> Badge:
    """The claim called ``id`` as a badge. Raises ClaimError when it falls, KeyError when there is no such claim."""
    claim = get(id)
    return Badge(claim, claim.evidence())
