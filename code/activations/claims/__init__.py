"""The book's sentences, each backed by a function that returns evidence or raises."""

from .badge import show
from .ledger import Check, Claim, ClaimError, Counterexample, Evidence, Measurement, all_claims, claim, get

__all__ = [
    "Check",
    "Claim",
    "ClaimError",
    "Counterexample",
    "Evidence",
    "Measurement",
    "all_claims",
    "claim",
    "get",
    "show",
]
