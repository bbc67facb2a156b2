"""Proofs that run: derivations whose every step SymPy checks, and the theorems of the book."""

from .derivation import Derivation, ProofError, Step

__all__ = ["Derivation", "ProofError", "Step"]
