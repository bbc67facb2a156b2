r"""An expression in x as a rational function of symbols, so that polynomial algebra can work on it.

``exp(x)`` and ``exp(-2*x)`` become powers of one positive symbol, ``log(1 + exp(x))`` or ``erfc(x)`` symbols of their
own, and constants such as :math:`\sqrt{2/\pi}` too.
Factoring is then factoring of polynomials with rational coefficients, which is fast and cannot hang.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from math import gcd, lcm

import sympy as sp
from sympy import Dummy, Expr, Rational, exp

from .catalogue import x

_AS_EXPONENTIALS = (sp.tanh, sp.sinh, sp.cosh, sp.coth, sp.sech, sp.csch)


class Symbols:
    """The dictionary between an expression's transcendental parts and the symbols that stand for them."""

    def __init__(self, expr: Expr, variables: Collection[sp.Symbol] = (x,)) -> None:
        self.variables = frozenset(variables)
        self.meaning: dict[Dummy, Expr] = {}
        self.exponents: dict[Dummy, Expr] = {}
        self.square_roots: dict[Dummy, Expr] = {}
        self._symbol_of: dict[Expr, Dummy] = {}
        normal = _normal(expr)
        self._find_families(normal)
        self.rational = self._reduce(sp.together(self._symbolise(normal)))

    @property
    def transcendental(self) -> set[Dummy]:
        """The symbols that stand for functions of x other than exponentials and roots."""
        algebraic = {*self.exponents, *self.square_roots}
        return {s for s, meaning in self.meaning.items() if self._varies(meaning)} - algebraic

    @property
    def constants(self) -> set[Dummy]:
        return {s for s, meaning in self.meaning.items() if not self._varies(meaning)}

    def restore(self, expr: Expr) -> Expr:
        return expr.xreplace(self.meaning)

    def restore_all_but(self, symbol: Dummy) -> Expr:
        return self.rational.xreplace({s: meaning for s, meaning in self.meaning.items() if s != symbol})

    def _varies(self, expr: Expr) -> bool:
        return not self.variables.isdisjoint(expr.free_symbols)

    def _split(self, exponent: Expr) -> tuple[Expr, Expr]:
        """The constant and the varying part of an exponent."""
        return sp.expand(exponent).as_independent(*self.variables, as_Add=True)

    def _find_families(self, expr: Expr) -> None:
        """One symbol for all exponentials whose exponents are rational multiples of each other."""
        families: list[list[Expr]] = []
        for exponent in sorted({self._split(e.args[0])[1] for e in expr.atoms(exp)} - {0}, key=sp.default_sort_key):
            family = next((f for f in families if sp.cancel(exponent / f[0]).is_Rational), None)
            if family is None:
                families.append([exponent])
            else:
                family.append(exponent)
        for family in families:
            unit = _common_unit(family)
            symbol = Dummy(f"U{len(self.exponents)}", positive=True)
            self.exponents[symbol] = unit
            self.meaning[symbol] = exp(unit)

    def _symbolise(self, expr: Expr) -> Expr:
        if expr.is_Rational or expr in self.variables:
            return expr
        if expr.is_Add or expr.is_Mul:
            return expr.func(*(self._symbolise(argument) for argument in expr.args))
        if isinstance(expr, exp) and self._varies(expr):
            return self._exponential(expr.args[0])
        if expr.is_Pow and expr.exp.is_Integer:
            return self._symbolise(expr.base) ** expr.exp
        if expr.is_Pow and (2 * expr.exp).is_Integer:
            return self._symbol(sp.sqrt(expr.base)) ** (2 * expr.exp)
        return self._symbol(expr)

    def _exponential(self, exponent: Expr) -> Expr:
        constant, varying = self._split(exponent)
        ratios = ((symbol, sp.cancel(varying / unit)) for symbol, unit in self.exponents.items())
        symbol, power = next((symbol, ratio) for symbol, ratio in ratios if ratio.is_Integer)
        return self._symbolise(exp(constant)) * symbol**power

    def _symbol(self, expr: Expr) -> Dummy:
        if expr not in self._symbol_of:
            positive = True if expr.is_positive or isinstance(expr, sp.erfc) else None
            symbol = Dummy(f"V{len(self._symbol_of):03}", real=True, positive=positive)
            self._symbol_of[expr], self.meaning[symbol] = symbol, expr
            if expr.is_Pow and expr.exp == Rational(1, 2):
                self.square_roots[symbol] = self._symbolise(expr.base)
        return self._symbol_of[expr]

    def _reduce(self, rational: Expr) -> Expr:
        """The square of a root's symbol is what stands under the root."""
        for symbol, base in self.square_roots.items():
            top, bottom = (sp.rem(sp.expand(part), symbol**2 - base, symbol) for part in sp.fraction(rational))
            rational = sp.together(top / bottom)
        return rational


def _normal(expr: Expr) -> Expr:
    """The same function with exponentials for the hyperbolic functions and erfc for erf."""
    if expr.has(*_AS_EXPONENTIALS):
        expr = expr.rewrite(_AS_EXPONENTIALS, exp)
    return expr.replace(sp.erf, lambda z: 1 - sp.erfc(z))


def _common_unit(family: list[Expr]) -> Expr:
    """The exponent of which all in the family are multiples by integers; of the two, the one without a minus sign."""
    ratios = [sp.cancel(exponent / family[0]) for exponent in family]
    unit = family[0] * Rational(gcd(*(r.p for r in ratios)), lcm(*(r.q for r in ratios)))
    return -unit if unit.could_extract_minus_sign() else unit


@lru_cache(maxsize=1024)
def is_identically_zero(expr: Expr, depth: int = 3) -> bool | None:
    """Whether the expression is 0 for every x; ``None`` when neither is shown.

    Zero is shown by algebra, or by a derivative that is identically zero together with the value 0 at one point.
    """
    if expr == 0:
        return True
    if abs(expr.subs(x, Rational(7, 10)).evalf(30)) > 1e-15:
        return False
    if sp.cancel(Symbols(sp.expand(expr)).rational) == 0:
        return True
    if depth and sp.expand(sp.expand_log(expr.subs(x, 0))) == 0:
        return is_identically_zero(expr.diff(x), depth - 1)
    return None


def plainest(number: Expr) -> Expr:
    """An exact number with everything cancelled that algebra can cancel, where that makes it shorter."""
    symbols = Symbols(number)
    return min(symbols.restore(sp.factor(symbols.rational)), number, key=sp.count_ops)
