r"""Derivations whose every step is checked.

A :class:`Derivation` starts from an expression or an equation and grows by steps.
Each step is checked when it is made, so that a wrong sign stops the program that contains it:

>>> import sympy as sp
>>> x = sp.Symbol("x", real=True)
>>> square = Derivation((x + 1) ** 2).then(x**2 + 2 * x + 1, because="multiply out")
>>> print(square)
(x + 1)**2
  = x**2 + 2*x + 1    [multiply out]
>>> Derivation((x + 1) ** 2).then(x**2 + x + 1, because="multiply out")  # doctest: +ELLIPSIS
Traceback (most recent call last):
...
activations.proofs.derivation.ProofError: step 1 (multiply out) is false: ...
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import sympy as sp
from sympy.core.function import UndefinedFunction

from .._deadline import within
from ._equal import DIGITS, SECONDS_PER_RUNG, Verdict, compare

__all__ = ["Derivation", "ProofError", "Step"]

LINE, SHORT = 40, 12
"""A line of more symbols than LINE is broken after its left side, if that is longer than SHORT."""
_SHOWS_NOTHING = {rf"\{name}" for name in ("frac", "left", "mathrm", "operatorname", "right", "tilde", "limits")}


class ProofError(ArithmeticError):
    """A step that is false, or that could not be shown to be true."""


@dataclass(frozen=True)
class Step:
    """One line: what was reached, why, and what convinced us.

    ``argued`` marks a step that rests on its written reason, with numbers as support and not as proof.
    """

    result: sp.Basic
    because: str
    how: str
    argued: bool = False


@dataclass(frozen=True)
class Derivation:
    r"""A chain of checked steps, from ``start`` to ``last``.

    ``start`` is a SymPy expression, matrix or equation.
    An expression changes only into an equal one (:meth:`then`).
    An equation changes only by named operations that keep it true (:meth:`differentiate`, :meth:`substitute`,
    :meth:`both_sides`, :meth:`solve_for`, :meth:`limit`, :meth:`use`), or side by side into equal sides.

    ``where`` says what a function symbol stands for, so that a chain may go on to use its name:

    >>> import sympy as sp
    >>> x, sigma = sp.Symbol("x", real=True), sp.Function("sigma")
    >>> slope = (
    ...     Derivation(sp.Eq(sigma(x), 1 / (1 + sp.exp(-x))), where={sigma: sp.Lambda(x, 1 / (1 + sp.exp(-x)))})
    ...     .differentiate(x)
    ...     .then(sigma(x) * (1 - sigma(x)), because="the definition, twice")
    ... )
    >>> slope.last.rhs
    (1 - sigma(x))*sigma(x)

    ``given`` lists equations that are assumed (an induction hypothesis, say); :meth:`use` may replace by them.

    Every method returns a new derivation and raises :class:`ProofError`, naming the step, when the step is false, when
    it cannot be decided, or when deciding takes longer than ``seconds`` a rung.
    """

    start: sp.Basic
    where: Mapping[UndefinedFunction, sp.Lambda] | None = None
    given: tuple[sp.Eq, ...] = ()
    steps: tuple[Step, ...] = ()
    seconds: float = SECONDS_PER_RUNG

    def __post_init__(self) -> None:
        if not isinstance(self.start, (sp.Basic, sp.MatrixBase)):
            raise TypeError(
                f"Derivation: start must be a SymPy expression, matrix or equation, got {type(self.start).__name__}"
            )
        if self.start in (sp.true, sp.false):
            raise ValueError(
                f"Derivation: start is {self.start}, an equation that SymPy has already decided; "
                "write Eq(left, right, evaluate=False)"
            )
        if isinstance(self.start, sp.Eq) and self.where and not self.steps:
            self._prove(self.start.lhs, self.start.rhs, "the definition")

    @property
    def last(self) -> sp.Basic:
        """The newest line."""
        return self.steps[-1].result if self.steps else self.start

    @property
    def argued(self) -> tuple[Step, ...]:
        """The steps that rest on a written reason. An empty tuple: all is machine-checked."""
        return tuple(step for step in self.steps if step.argued)

    @property
    def conclusion(self) -> sp.Eq:
        """What the chain has shown, as an equation: first line equals last, or the last equation itself."""
        if isinstance(self.last, sp.Eq):
            return self.last
        return sp.Eq(self.start, self.last, evaluate=False)

    # --- steps --------------------------------------------------------------------------------------------------------

    def then(self, new: sp.Basic, because: str) -> Derivation:
        """The same value, written as ``new``. In an equation a bare expression replaces the right-hand side."""
        new = self._as_line(new)
        how = ", ".join(self._prove(old, side, because) for old, side in self._pairs(new))
        return self._grown(Step(new, because, how))

    def argue(self, new: sp.Basic, because: str) -> Derivation:
        """As :meth:`then`, for a step that SymPy cannot decide: ``because`` must be the argument.

        The numbers must agree at every sample point that can be evaluated, and at one at least; the step is marked.
        """
        new = self._as_line(new)
        found = [self._compare(old, side) for old, side in self._pairs(new) if old != side]
        self._refuse_false(found, because)
        agreed = min((verdict.agreed for verdict in found), default=0)
        if not agreed:
            raise ProofError(f"{self._name(because)} is argued, but no sample point could be evaluated to support it")
        return self._grown(Step(new, because, f"argued; agrees at {agreed} points to {DIGITS} digits", argued=True))

    def differentiate(self, symbol: sp.Symbol, because: str = "") -> Derivation:
        """Both sides differentiated in ``symbol``: what holds on an interval holds for the slopes."""
        equation = self._equation("differentiate")
        new = sp.Eq(*(side.diff(symbol) for side in equation.args), evaluate=False)
        return self._grown(Step(new, because or f"differentiate in ${sp.latex(symbol)}$", "operation"))

    def substitute(self, replacements: Mapping[sp.Symbol, sp.Expr], because: str = "") -> Derivation:
        """An identity at other arguments. Each symbol's assumptions must hold for what replaces it."""
        equation = self._equation("substitute")
        for symbol, new in replacements.items():
            self._refuse_unfit(symbol, sp.sympify(new))
        sides = (side.subs(replacements, simultaneous=True) for side in equation.args)
        words = ", ".join(rf"{sp.latex(old)} \to {sp.latex(sp.sympify(new))}" for old, new in replacements.items())
        return self._grown(Step(sp.Eq(*sides, evaluate=False), because or f"put ${words}$", "operation"))

    def both_sides(self, function: Callable[[sp.Expr], sp.Expr], because: str) -> Derivation:
        """The same function of both sides. Dividing by what may be zero is refused."""
        equation = self._equation("both_sides")
        side = sp.Dummy("side")
        for factor in sp.Mul.make_args(sp.fraction(sp.together(function(side)))[1]):
            if not factor.has(side) and not factor.is_nonzero:
                raise ProofError(f"{self._name(because)} divides by {factor}, which is not known to be non-zero")
        new = sp.Eq(*(function(part) for part in equation.args), evaluate=False)
        return self._grown(Step(new, because, "operation"))

    def solve_for(self, symbol: sp.Symbol, because: str = "") -> Derivation:
        """The equation solved for ``symbol``, when SymPy finds exactly one solution and it fits."""
        equation, because = self._equation("solve_for"), because or f"solve for ${sp.latex(symbol)}$"
        found = self._in_time(lambda: sp.solve(equation, symbol), because)
        if len(found) != 1:
            raise ProofError(f"{self._name(because)}: one solution is needed, SymPy found {len(found)}: {found}")
        self._prove(*(side.subs(symbol, found[0]) for side in equation.args), because)
        return self._grown(Step(sp.Eq(symbol, found[0], evaluate=False), because, "operation"))

    def limit(self, symbol: sp.Symbol, to: sp.Expr, direction: str = "+", because: str = "") -> Derivation:
        """Both sides in the limit ``symbol → to``."""
        equation = self._equation("limit")
        because = because or rf"let ${sp.latex(symbol)} \to {sp.latex(sp.sympify(to))}$"
        sides = [
            self._in_time(lambda side=side: sp.limit(side, symbol, to, direction), because) for side in equation.args
        ]
        if any(side.has(sp.Limit, sp.AccumBounds, sp.nan) for side in sides):
            raise ProofError(f"{self._name(because)}: SymPy finds no limit of one side")
        return self._grown(Step(sp.Eq(*sides, evaluate=False), because, "operation"))

    def use(self, fact: sp.Eq | Derivation, because: str) -> Derivation:
        """The left side of ``fact`` replaced by its right side: a ``given`` equation, or one derived elsewhere."""
        if isinstance(fact, Derivation):
            equation, argued = fact.conclusion, bool(fact.argued)
        else:
            equation, argued = fact, False
            if fact not in self.given:
                raise ProofError(f"{self._name(because)} uses {fact}, which is neither given nor a Derivation")
        new = self.last.subs(equation.lhs, equation.rhs)
        if new == self.last:
            raise ProofError(f"{self._name(because)}: {equation.lhs} does not occur in {self.last}")
        return self._grown(Step(new, because, "given" if fact in self.given else "derived", argued))

    # --- checks -------------------------------------------------------------------------------------------------------

    def _prove(self, old: sp.Basic, new: sp.Basic, because: str) -> str:
        verdict = self._compare(old, new)
        self._refuse_false([verdict], because)
        if verdict.rung:
            return verdict.rung
        name = self._name(because)
        if verdict.timed_out:
            late = ", ".join(verdict.timed_out)
            raise ProofError(f"{name} takes too long and is not accepted: no result within {self.seconds:g} s ({late})")
        raise ProofError(
            f"{name} is undecided: no rung of the ladder reduces the difference to 0 (the numbers agree at "
            f"{verdict.agreed} points, which is no proof). Take a smaller step, or state the argument with argue(...)"
        )

    def _compare(self, old: sp.Basic, new: sp.Basic) -> Verdict:
        return compare(self._unfolded(old), self._unfolded(new), self.seconds)

    def _unfolded(self, expr: sp.Basic) -> sp.Basic:
        for function, meaning in (self.where or {}).items():
            expr = expr.replace(function, meaning)
        for pending in sp.Derivative, sp.Subs:
            expr = expr.replace(pending, lambda *args, pending=pending: pending(*args).doit())
        return expr

    def _refuse_false(self, found: list[Verdict], because: str) -> None:
        for verdict in found:
            if verdict.counterexample:
                raise ProofError(f"{self._name(because)} is false: {verdict.counterexample}")

    def _refuse_unfit(self, symbol: sp.Symbol, new: sp.Expr) -> None:
        for assumption in "positive", "negative", "nonnegative", "nonpositive", "nonzero", "integer", "real":
            if symbol.assumptions0.get(assumption) and not getattr(new, f"is_{assumption}"):
                raise ProofError(f"{self._name('substitute')}: {symbol} is {assumption}, {new} is not known to be")

    def _in_time(self, work: Callable[[], object], because: str) -> object:
        try:
            return within(self.seconds, work)
        except TimeoutError as late:
            raise ProofError(f"{self._name(because)} takes too long and is not accepted: {late}") from None

    def _equation(self, operation: str) -> sp.Eq:
        if not isinstance(self.last, sp.Eq):
            raise ProofError(f"{operation}: it changes an equation, and this is the expression {self.last}")
        return self.last

    def _as_line(self, new: sp.Basic) -> sp.Basic:
        new = sp.sympify(new)
        if isinstance(self.last, sp.Eq) and not isinstance(new, sp.Eq):
            return sp.Eq(self.last.lhs, new, evaluate=False)
        return new

    def _pairs(self, new: sp.Basic) -> list[tuple[sp.Basic, sp.Basic]]:
        if isinstance(self.last, sp.Eq):
            return list(zip(self.last.args, new.args, strict=True))
        if isinstance(new, sp.Eq):
            raise ProofError(f"{self._name('then')} turns an expression into an equation: start from the equation")
        return [(self.last, new)]

    def _grown(self, step: Step) -> Derivation:
        return replace(self, steps=(*self.steps, step))

    def _name(self, because: str) -> str:
        return f"step {len(self.steps) + 1} ({because})"

    # --- display ------------------------------------------------------------------------------------------------------

    def _lines(self) -> list[tuple[sp.Basic | None, sp.Basic, str]]:
        """Left side (None where it repeats), right side, reason."""
        if not isinstance(self.start, sp.Eq):
            rows = [(self.start if i == 0 else None, s.result, _reason(s)) for i, s in enumerate(self.steps)]
            return rows
        rows, left = [(self.start.lhs, self.start.rhs, "")], self.start.lhs
        for step in self.steps:
            rows.append((None if step.result.lhs == left else step.result.lhs, step.result.rhs, _reason(step)))
            left = step.result.lhs
        return rows

    def _repr_latex_(self) -> str:
        if not self._lines():
            return f"$${sp.latex(self.start)}$$"
        # The reason stands under its line, so that a phone shows both.
        lines = [
            f"{'' if left is None else _left(sp.latex(left), sp.latex(right))}&= {sp.latex(right)}"
            + (rf" \\ & \quad {{\small \text{{{why}}}}}" if why else "")
            for left, right, why in self._lines()
        ]
        body = " \\\\[0.4em]\n".join(lines)
        return f"$$\\begin{{aligned}}\n{body}\n\\end{{aligned}}$$"

    def __str__(self) -> str:
        lines = [] if self._lines() else [str(self.start)]
        for left, right, why in self._lines():
            lines += [str(left)] if left is not None else []
            lines.append(f"  = {right}" + (f"    [{why.replace('$', '')}]" if why else ""))
        return "\n".join(lines)

    __repr__ = __str__


def _left(left: str, right: str) -> str:
    """The left side of a line, on a line of its own where both sides together would be too long for a page."""
    broken = _symbols(left) > SHORT and _symbols(left) + _symbols(right) > LINE
    # In braces: behind & a first minus would stand as far off as one between two terms.
    return rf"& {{{left}}} \\ " if broken else f"{left} "


def _symbols(latex: str) -> int:
    """About how many symbols the formula shows."""
    return sum(symbol not in _SHOWS_NOTHING for symbol in re.findall(r"\\[A-Za-z]+|[^\s{}_^\\]", latex))


def _reason(step: Step) -> str:
    return f"{step.because} ({step.how})" if step.argued else step.because
