"""Check every claim: ``python -m activations.claims``, or those named after it. Exits with 1 when one falls."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter

from joblib import Parallel, cpu_count, delayed
from tqdm import tqdm

from .ledger import Claim, ClaimError, all_claims, get


def main(claims: Iterable[Claim] | None = None) -> int:
    """Produce the evidence of each claim, print the table, and return the exit code.

    All claims of the book are shared among the cores; claims that are given are checked one after the other.
    """
    outcomes = _in_parallel() if claims is None else map(_outcome, claims := list(claims))
    claims = list(all_claims().values()) if claims is None else claims
    faults = dict(tqdm(outcomes, total=len(claims), desc="claims", unit="claim", disable=None))
    fallen = {claim.id: faults[claim.id] for claim in claims if faults[claim.id]}
    print(table(claims, fallen))
    return 1 if fallen else 0


def named(ids: list[str]) -> list[Claim]:
    """The claims called so. Ends the program, with the nearest ids, where there is no such claim."""
    try:
        return [get(id) for id in ids]
    except KeyError as fault:
        raise SystemExit(fault.args[0]) from None


def _outcome(claim: Claim) -> tuple[str, str]:
    """The claim's id, and what is wrong with it: nothing where it stands."""
    try:
        claim.evidence()
    except ClaimError as fault:
        return claim.id, str(fault)
    return claim.id, ""


def _in_parallel() -> Iterator[tuple[str, str]]:
    """The outcomes as they come in: the claims of one subject share work, and so a process."""
    subject = attrgetter("subject")
    groups = [list(group) for _, group in groupby(sorted(all_claims().values(), key=subject), key=subject)]
    # Experiments take longest. What takes long goes first, so that no core waits for another at the end.
    groups.sort(key=_experiments, reverse=True)
    run = Parallel(n_jobs=cpu_count(), return_as="generator_unordered")
    for found in run(delayed(_outcomes)([claim.id for claim in group]) for group in groups):
        yield from found


def _experiments(claims: list[Claim]) -> int:
    return sum(claim.verdict == "measured" for claim in claims)


def _outcomes(ids: list[str]) -> list[tuple[str, str]]:
    found = all_claims()
    return [_outcome(found[id]) for id in ids]


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


def asked(arguments: list[str]) -> list[str]:
    """The ids in the arguments of the command; it explains itself when asked for help.

    >>> asked(["two-relus-compute-xr", "prelu-is-not-convex"])
    ['two-relus-compute-xr', 'prelu-is-not-convex']
    """
    parser = argparse.ArgumentParser("python -m activations.claims", description="Check claims of the book.")
    parser.add_argument("id", nargs="*", help="a claim to check; all of them when none is named")
    return parser.parse_args(arguments).id


if __name__ == "__main__":
    sys.exit(main(named(asked(sys.argv[1:])) or None))
