r"""Activations that a reader writes down: a formula in plain text becomes an exact entry, or a message that helps.

>>> written("isrlu", "x if x > 0 else x / sqrt(1 + x**2)").slope().subs(x, 0)
1
>>> written("mine", "x * sigmod(x)")
Traceback (most recent call last):
...
ValueError: mine: unknown function sigmod; did you mean sigmoid?

The text is taken apart as Python's syntax and never run. Numbers are exact: 0.1 is one tenth.
"""

from __future__ import annotations

import ast
import difflib
import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType

import sympy as sp

from .._domain import is_shown_real
from .._pieces import curve
from ..catalogue import CATALOGUE, Activation, x

__all__ = ["CONSTANTS", "FUNCTIONS", "parse", "written"]

LONGEST = 400
LARGEST_POWER = 40


def _larger(a: sp.Expr, b: sp.Expr) -> sp.Expr:
    return sp.Piecewise((a, a > b), (b, True))


def _smaller(a: sp.Expr, b: sp.Expr) -> sp.Expr:
    return sp.Piecewise((a, a < b), (b, True))


FUNCTIONS: Mapping[str, Callable[..., sp.Expr]] = MappingProxyType(
    {
        **{f.__name__: f for f in (sp.sqrt, sp.exp, sp.log, sp.sin, sp.cos, sp.tan, sp.sinh, sp.cosh, sp.tanh)},
        **{f.__name__: f for f in (sp.atan, sp.asinh, sp.erf, sp.erfc)},
        "ln": sp.log,
        "arctan": sp.atan,
        "arcsinh": sp.asinh,
        "sigmoid": lambda z: 1 / (1 + sp.exp(-z)),
        "softplus": lambda z: sp.log(1 + sp.exp(z)),
        "relu": lambda z: _larger(z, sp.S.Zero),
        "abs": lambda z: _larger(z, -z),
        "max": _larger,
        "min": _smaller,
    }
)
"""What a formula may call. At a tie ``max`` and ``min`` take the second, so that ``max(x, 0)`` has slope 0 at 0."""

CONSTANTS: Mapping[str, sp.Expr] = MappingProxyType({"x": x, "pi": sp.pi, "e": sp.E})

_OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
_SIGNS = {ast.UAdd: operator.pos, ast.USub: operator.neg}
_RELATIONS = {ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge}


def written(name: str, formula: str | sp.Expr, title: str = "", cite: str = "") -> Activation:
    r"""An activation of your own, from its formula as text or as a SymPy expression in :data:`catalogue.x`.

    .. math:: f : \mathbb R \to \mathbb R, \qquad f \text{ not constant, with a slope by formula}

    Raises ValueError, saying what is wrong, for text that is no formula, a name that the catalogue has taken, a constant,
    cases that leave a gap, and for a function that is not a real number at every real input.

    >>> written("wave", "x - cos(x)").expr
    x - cos(x)
    >>> written("mine", "sqrt(x)")
    Traceback (most recent call last):
    ...
    ValueError: mine: an activation must be a real number at every real x, and sqrt(x) is none at x = -1.00000; give it a value there with a Piecewise
    """  # noqa: E501
    if name in CATALOGUE:
        raise ValueError(f"{name}: the catalogue has an activation of this name; choose another")
    entry = Activation(name, parse(formula, name) if isinstance(formula, str) else formula, title=title, cite=cite)
    if not entry.expr.has(x):
        raise ValueError(f"{name}: the formula is the constant {entry.expr}; an activation has to depend on x")
    if open_ended := [cases for cases in entry.expr.atoms(sp.Piecewise) if cases.args[-1][1] != True]:  # noqa: E712
        raise ValueError(f"{name}: {open_ended[0]} has no last case for all other x")
    try:
        is_shown_real(curve(entry.expr))
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    return entry


def parse(formula: str, who: str = "parse") -> sp.Expr:
    r"""The formula as an exact expression in x. Cases are written ``a if x > 0 else b``.

    .. math:: \text{"max(x, 0.1*x)"} \;\mapsto\; \begin{cases} x & x > x/10 \\ x/10 & \text{otherwise} \end{cases}

    Raises ValueError, beginning with ``who``, for anything that is not a formula in x.

    >>> parse("0.5 * x * (1 + tanh(x))")
    x*(tanh(x) + 1)/2
    """
    if not formula.strip() or len(formula) > LONGEST:
        raise ValueError(f"{who}: a formula has 1 to {LONGEST} characters, got {len(formula.strip())}")
    try:
        tree = ast.parse(formula.strip(), mode="eval")
    except SyntaxError:
        raise ValueError(f"{who}: {formula!r} is no formula; write 2*x for a product and x**2 for a power") from None
    return _Reader(who).visit(tree.body)


class _Reader(ast.NodeVisitor):
    """Turns the syntax tree of a formula into SymPy, and refuses every node that is not arithmetic."""

    def __init__(self, who: str) -> None:
        self.who = who

    def generic_visit(self, node: ast.AST) -> sp.Expr:
        raise ValueError(f"{self.who}: {ast.unparse(node)!r} is not arithmetic in x")

    def visit_Constant(self, node: ast.Constant) -> sp.Expr:
        if type(node.value) not in (int, float) or not abs(node.value) <= 1e9:
            raise ValueError(f"{self.who}: real numbers up to 1e9, please; got {node.value!r}")
        return sp.Rational(str(node.value))

    def visit_Name(self, node: ast.Name) -> sp.Expr:
        if node.id not in CONSTANTS:
            raise ValueError(f"{self.who}: unknown name {node.id}; the input is x, constants are pi and e")
        return CONSTANTS[node.id]

    def visit_UnaryOp(self, node: ast.UnaryOp) -> sp.Expr:
        sign = _SIGNS.get(type(node.op)) or self.generic_visit(node)
        return sign(self.visit(node.operand))

    def visit_BinOp(self, node: ast.BinOp) -> sp.Expr:
        if isinstance(node.op, ast.BitXor):
            raise ValueError(f"{self.who}: write ** for powers, not ^")
        combine = self._power if isinstance(node.op, ast.Pow) else _OPERATORS.get(type(node.op))
        return (combine or self.generic_visit(node))(self.visit(node.left), self.visit(node.right))

    def _power(self, base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
        if exponent.is_number and not abs(exponent) <= LARGEST_POWER:
            raise ValueError(f"{self.who}: powers up to {LARGEST_POWER}, please; got {exponent}")
        return base**exponent

    def visit_Call(self, node: ast.Call) -> sp.Expr:
        called = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
        if called not in FUNCTIONS:
            near = difflib.get_close_matches(called, FUNCTIONS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(FUNCTIONS)}"
            raise ValueError(f"{self.who}: unknown function {called}; {hint}")
        takes = 2 if called in ("max", "min") else 1
        if len(node.args) != takes or node.keywords:
            raise ValueError(f"{self.who}: {called} takes {takes} input{'s' * (takes > 1)}, got {ast.unparse(node)}")
        return FUNCTIONS[called](*map(self.visit, node.args))

    def visit_IfExp(self, node: ast.IfExp) -> sp.Expr:
        other = self.visit(node.orelse)
        # A chain of cases is one distinction, and not one inside another.
        chained = isinstance(node.orelse, ast.IfExp) and isinstance(other, sp.Piecewise)
        rest = other.args if chained else ((other, True),)
        return sp.Piecewise((self.visit(node.body), self._condition(node.test)), *rest)

    def _condition(self, node: ast.expr) -> sp.Basic:
        if not isinstance(node, ast.Compare) or len(node.ops) != 1 or type(node.ops[0]) not in _RELATIONS:
            raise ValueError(f"{self.who}: a case is chosen by <, <=, > or >=, as in x > 0; got {ast.unparse(node)!r}")
        return _RELATIONS[type(node.ops[0])](self.visit(node.left), self.visit(node.comparators[0]))
