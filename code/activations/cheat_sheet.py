r"""The tables of the cheat sheet, computed from the fact sheets: the three classics, all other slopes, losses in pairs.

>>> print(pairs())  # doctest: +ELLIPSIS
pair         output for the score z, target y ...
identity     z ...
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import sympy as sp
from sympy import Function, IndexedBase, Piecewise, Rational, Sum, Symbol, exp, log, pi, sqrt, tanh

from ._sheet import VALUES, FactSheet, markdown
from .catalogue import get, x
from .properties import fact_sheet, forward_gain

__all__ = ["CLASSICS", "OTHERS", "PAIRS", "Table", "classics", "others", "pairs", "written"]

WORDS = {
    "property": "property",
    "pair": "pair",
    "value": "value $f(x)$",
    "slope": "slope $f'(x)$",
    "from value": "$f'$ from the value $a = f(x)$",
    "range": "range",
    "steepest": "largest slope",
    "chain": "most that ten layers' slopes let through",
    "ends": "slope far left, far right",
    "saturation": "saturation left, right",
    "left": "equals its left limit from $-x$ (float16, 32, 64)",
    "right": "equals its right limit from $x$ (float16, 32, 64)",
    "centred": "zero-centred",
    "mean": "mean output for $x \\sim N(0, 1)$",
    "gain": "gain",
    "cost": "its value costs",
    "slope cost": "its slope then costs",
    "use": "typical use",
    "exponential": "an exponential",
    "comparison": "a comparison",
    "product": "a product",
    "at": "{slope}, where ${where}$",
    "never": "never",
    "or": r"\text{ or }",
    "normal": r"$\Phi$ and $\varphi = \Phi'$ belong to $N(0, 1)$",
    "if": "{value} if {condition}",
    "else": "else {value}",
    "function": "function",
    "where": "Here {definitions}. Of `selu` {constants}; elsewhere $a$ and $\\alpha$ are parameters. "
    "For `rrelu` $a$ is the mean of its random slopes.",
    "output": "output for the score $z$, target $y$",
    "loss": "its loss, in the score",
    "loss slope": "slope of the loss in the score",
}
"""Every word of the tables that no fact sheet gives."""

CLASSICS = MappingProxyType(
    {
        "sigmoid": ("sigmoid", "gates; output for yes or no"),
        "tanh": ("tanh", "recurrent layers; what a gate lets through"),
        "relu": ("ReLU", "hidden layers, first choice"),
    }
)
"""The three columns of the first table: title and typical use."""

a = Symbol("a", real=True)
FROM_VALUE: Mapping[str, sp.Expr] = MappingProxyType(
    {"sigmoid": a * (1 - a), "tanh": 1 - a**2, "relu": Piecewise((1, a > 0), (0, True))}
)
"""Each slope as a formula in the value, which a forward pass has left; a test checks it."""


@dataclass(frozen=True, repr=False)
class Table:
    """Rows of Markdown cells under a header, and a line below."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    def _repr_markdown_(self) -> str:
        lines = [self.header, ("---",) * len(self.header), *self.rows]
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return f"{table}\n\n{self.note}".rstrip() + "\n"

    def __repr__(self) -> str:
        lines = [[cell.replace("$", "") for cell in line] for line in (self.header, *self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        pairs = (zip(line, widths, strict=True) for line in lines)
        return "\n".join("  ".join(cell.ljust(width) for cell, width in line).rstrip() for line in pairs)


# --- the three classics -----------------------------------------------------------------------------------------------


def classics() -> Table:
    """The three classics side by side, each cell from a fact sheet.

    >>> len(classics().rows)
    16
    """
    columns = [_column(name) for name in CLASSICS]
    rows = tuple((WORDS[key], *(column[key] for column in columns)) for key in columns[0])
    return Table((WORDS["property"], *(title for title, _ in CLASSICS.values())), rows)


def _column(name: str) -> dict[str, str]:
    sheet = fact_sheet(name)
    facts = {key: sheet[fact].value for key, fact in (("value", "formula"), ("slope", "slope"))}
    return {
        **{key: _in_line(expr) for key, expr in facts.items()},
        "from value": _in_line(FROM_VALUE[name]),
        "range": markdown(sheet["range"]),
        "steepest": _steepest(sheet),
        "chain": _short(sheet["lipschitz"].value ** 10),
        **_ends(sheet),
        "centred": VALUES[sheet["zero_centred"].value],
        "mean": _short(sheet["mean"].value),
        "gain": _short(sheet["forward_gain"].value),
        "cost": WORDS["exponential" if facts["value"].rewrite(exp).has(exp) else "comparison"],
        "slope cost": WORDS["comparison" if FROM_VALUE[name].has(Piecewise) else "product"],
        "use": CLASSICS[name][1],
    }


def _ends(sheet: FactSheet) -> dict[str, str]:
    """What becomes of the function far out, on both sides."""

    def both(fact: str, cell: Callable) -> str:
        return ", ".join(cell(sheet[f"{fact}_{side}"]) for side in ("left", "right"))

    return {
        "ends": both("slope_limit", markdown),
        "saturation": both("saturation", markdown),
        "left": _reached(sheet, "rounds_left"),
        "right": _reached(sheet, "rounds_right"),
    }


def _reached(sheet: FactSheet, key: str) -> str:
    if key not in sheet:
        return WORDS["never"]
    return ", ".join(_short(value, 3) for value in sheet[key].value)


def _steepest(sheet: FactSheet) -> str:
    """The largest slope and where it is: at an inflection point, or on the branch of a slope in pieces."""
    slope, most = sheet["slope"].value, sheet["lipschitz"].value
    if isinstance(slope, Piecewise):
        where = next(condition for value, condition in slope.args if value == most)
    else:
        where = sp.Eq(x, next(p for p in sheet["inflection_points"].value if slope.subs(x, p) == most))
    return WORDS["at"].format(slope=_short(most), where=sp.latex(where))


# --- all the others ---------------------------------------------------------------------------------------------------

_sigma, _Phi, _phi = Function(r"\sigma"), Function(r"\Phi"), Function(r"\varphi")
_t, _u, _du = Symbol("t"), Symbol("u"), Symbol("u'")
_alpha, _lambda = Symbol(r"\alpha"), Symbol(r"\lambda")
_FACTOR = Rational("0.044715")
_U = sqrt(2 / pi) * (x + _FACTOR * x**3)

_WRITTEN: Mapping[str, tuple[sp.Expr, sp.Expr]] = MappingProxyType(
    {
        "logsigmoid": (log(_sigma(x)), _sigma(-x)),
        "softsign": (x / (1 + sp.Abs(x)), 1 / (1 + sp.Abs(x)) ** 2),
        "selu": (
            Piecewise((_lambda * x, x > 0), (_lambda * _alpha * (exp(x) - 1), True)),
            Piecewise((_lambda, x > 0), (_lambda * _alpha * exp(x), True)),
        ),
        "softplus": (log(1 + exp(x)), _sigma(x)),
        "gelu": (x * _Phi(x), _Phi(x) + x * _phi(x)),
        "gelu_tanh": (x * _sigma(2 * _u), _sigma(2 * _u) * (1 + 2 * x * _du * (1 - _sigma(2 * _u)))),
        "silu": (x * _sigma(x), _sigma(x) * (1 + x * (1 - _sigma(x)))),
        "mish": (x * _t, _t + x * _sigma(x) * (1 - _t**2)),
    }
)
"""Value and slope where a name for a part is shorter than the catalogue's own formula; a test checks each."""

_AT_DEFAULTS = ("hardtanh",)
"""Where the usual values of the parameters say more than their letters."""

OTHERS: tuple[tuple[str, ...], ...] = (
    ("logsigmoid",),
    ("softplus",),
    ("hardtanh",),
    ("hardsigmoid",),
    ("softsign",),
    ("arctan",),
    ("leaky_relu", "prelu", "rrelu"),
    ("elu",),
    ("celu",),
    ("selu",),
    ("relu6",),
    ("squared_relu",),
    ("gelu",),
    ("gelu_tanh",),
    ("silu",),
    ("mish",),
    ("hardswish",),
    ("sine",),
    ("cosine",),
    ("identity",),
    ("heaviside",),
)
"""The rows of the second table; functions that differ in a parameter share one."""


def others() -> Table:
    """Value, slope and gain of every other function of one input."""
    rows = tuple(
        (", ".join(f"`{name}`" for name in row), *map(_in_line, _pair(row[0])), ", ".join(map(_gain, row)))
        for row in OTHERS
    )
    return Table((WORDS["function"], WORDS["value"], WORDS["slope"], WORDS["gain"]), rows, _definitions())


def _pair(name: str) -> tuple[sp.Expr, sp.Expr]:
    if name in _WRITTEN:
        return _WRITTEN[name]
    one = get(name)
    if name in _AT_DEFAULTS:
        return one.at(), one.slope()
    signs = {p.symbol: Symbol(p.sign or sp.latex(p.symbol), positive=True) for p in one.parameters}
    return one.expr.subs(signs), one.expr.diff(x).subs(signs)


def _gain(name: str) -> str:
    return _short(forward_gain(name))


def _meanings() -> dict[sp.Expr, sp.Expr]:
    """The names that formulas above use, with what they stand for."""
    constants = get("selu").at().args
    scale = constants[0][0] / x
    return {
        _sigma: sp.Lambda(x, get("sigmoid").expr),
        _Phi: sp.Lambda(x, sp.erfc(-x / sqrt(2)) / 2),
        _phi: sp.Lambda(x, exp(-(x**2) / 2) / sqrt(2 * pi)),
        _t: tanh(log(1 + exp(x))),
        _u: _U,
        _du: _U.diff(x),
        _lambda: scale,
        _alpha: constants[1][0] / scale / (exp(x) - 1),
    }


def written(name: str) -> tuple[sp.Expr, sp.Expr]:
    """Value and slope of a function as the table writes them, names replaced by what they stand for.

    Raises KeyError, naming the nearest known names, for an unknown name.

    >>> written("softsign")[1]
    (Abs(x) + 1)**(-2)
    """
    made = []
    for expr in _pair(get(name).name):
        for part, meaning in _meanings().items():
            expr = expr.replace(part, meaning) if isinstance(meaning, sp.Lambda) else expr.subs(part, meaning)
        made.append(expr)
    return tuple(made)


def _definitions() -> str:
    meanings = _meanings()
    names = {_sigma(x): meanings[_sigma](x), _t: meanings[_t], _u: _U.subs(_FACTOR, sp.Float("0.044715"))}
    sigma, *rest = (f"${_tidy(name)} = {_tidy(meaning)}$" for name, meaning in names.items())
    constants = (rf"${sp.latex(name)} \approx {sp.N(meanings[name], 7)}$" for name in (_lambda, _alpha))
    return WORDS["where"].format(definitions=", ".join((sigma, WORDS["normal"], *rest)), constants=", ".join(constants))


# --- losses -----------------------------------------------------------------------------------------------------------

y, z = sp.symbols("y z", real=True)
n, j, k = sp.symbols("n j k", integer=True, positive=True)
_Z, _Y = IndexedBase("z"), IndexedBase("y")
_ALL = Sum(exp(_Z[k]), (k, 1, n))

PAIRS: Mapping[str, tuple[sp.Expr, sp.Expr, sp.Expr]] = MappingProxyType(
    {
        "identity": (z, (z - y) ** 2 / 2, z - y),
        "sigmoid": (_sigma(z), log(1 + exp(z)) - y * z, _sigma(z) - y),
        "exponential": (exp(z), exp(z) - y * z, exp(z) - y),
        "softmax": (exp(_Z[j]) / _ALL, log(_ALL) - Sum(_Y[k] * _Z[k], (k, 1, n)), exp(_Z[j]) / _ALL - _Y[j]),
    }
)
"""Output, loss and the loss's slope in the score; a test differentiates each."""


def pairs() -> Table:
    """Outputs with the losses whose slope in the score is output minus target."""
    rows = tuple((name, *(f"${_tidy(expr)}$" for expr in triple)) for name, triple in PAIRS.items())
    return Table((WORDS["pair"], WORDS["output"], WORDS["loss"], WORDS["loss slope"]), rows)


# --- cells ------------------------------------------------------------------------------------------------------------


def _in_line(expr: sp.Expr) -> str:
    """A formula for one line of a table: pieces one after the other."""
    if not isinstance(expr, Piecewise):
        return f"${_tidy(expr)}$"
    return ", ".join(_piece(f"${_tidy(value)}$", condition) for value, condition in expr.args)


def _piece(value: str, condition: sp.Basic) -> str:
    if condition is sp.true:
        return WORDS["else"].format(value=value)
    condition = condition.replace(lambda part: part.is_Relational and part.rhs == x, lambda part: part.reversed)
    return WORDS["if"].format(value=value, condition=f"${_tidy(condition)}$")


def _tidy(expr: sp.Basic) -> str:
    """LaTeX that is safe inside a table cell, its sums in the order that begins with fewer minus signs."""
    formulas = (sp.latex(expr, fold_short_frac=True, order=order) for order in ("lex", "rev-lex"))
    formula = min(formulas, key=lambda text: len(re.findall(r"(?:^|[({] ?)-", text)))
    return formula.replace("|", r"\vert ").replace(r"\vee", WORDS["or"])


def _short(value: sp.Expr, digits: int = 4) -> str:
    """A number: a short fraction as it is, anything else by its first digits."""
    if value.is_infinite or value.is_Rational and value.q < 1000:
        return f"${sp.latex(value, fold_short_frac=True)}$"
    written = f"{float(value):.{digits}g}"
    return f"${sp.latex(sp.Float(written)) if 'e' in written else written}$"
