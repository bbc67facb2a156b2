"""Check every claim: ``python -m activations.claims``. Exits with 1 when one falls."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable

from tqdm import tqdm

from .ledger import Claim, ClaimError, all_claims


def main(claims: Iterable[Claim] | None = None) -> int:
    """Produce the evidence of each claim, print the table, and return the exit code."""
    claims = list(all_claims().values()) if claims is None else list(claims)
    fallen = {}
    for claim in tqdm(claims, desc="claims", unit="claim", disable=None):
        try:
            claim.evidence()
        except ClaimError as fault:
            fallen[claim.id] = str(fault)
    print(table(claims, fallen))
    return 1 if fallen else 0


def table(claims: list[Claim], fallen: dict[str, str]) -> str:
    """One row a claim, then the counts by verdict, then what fell and why."""
    width = max((len(claim.id) for claim in claims), default=0)
    rows = [
        f"{'FELL' if claim.id in fallen else 'stands':<7} {claim.id:<{width}}  {claim.verdict:<10} "
        f"{' '.join(claim.sources)}".rstrip()
        for claim in claims
    ]
    counts = Counter(claim.verdict for claim in claims if claim.id not in fallen)
    summary = ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items()))
    return "\n".join([*rows, f"{len(claims) - len(fallen)} of {len(claims)} stand: {summary}", *fallen.values()])


if __name__ == "__main__":
    sys.exit(main())
