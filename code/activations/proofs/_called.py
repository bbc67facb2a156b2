"""Functions without a formula that are written as people write them: f(x) without stretching brackets, or z alone."""

from functools import lru_cache

from sympy import Expr, Function
from sympy.core.function import UndefinedFunction
from sympy.printing.printer import Printer


@lru_cache
def called(name: str, *, bare: bool = False, **assumptions: bool) -> UndefinedFunction:
    """A function that is written ``name(argument)``, or without its arguments where those would fill the line.

    SymPy takes functions of one name and the same assumptions for one and keeps whichever came first. So how it is
    written is given as one of them; set afterwards, it would show in proofs that never asked for it.
    """

    def latex(self: Expr, printer: Printer, exp: str | None = None) -> str:
        shown = name if bare else rf"{name}({', '.join(printer.doprint(arg) for arg in self.args)})"
        return shown if exp is None else f"{shown}^{{{exp}}}"

    return Function(name, _latex=latex, **assumptions)
