r"""What a fact is, and how a sheet of facts is shown: as a Markdown table, as plain text, as a plain dict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType

import sympy as sp

# Every word that a reader sees in a sheet is in the tables below, except those of the proofs (see _proofs.py).
GROUPS = MappingProxyType(
    {
        "definition": "Definition",
        "shape": "Shape",
        "tails": "Tails",
        "gaussian": "Under a standard normal input",
        "invariances": "Invariances",
        "jacobian": "Jacobian",
    }
)

LABELS = MappingProxyType(
    {
        "formula": ("definition", "$f(x)$"),
        "slope": ("definition", "$f'(x)$"),
        "component": ("definition", "general component"),
        "outputs": ("definition", "outputs for inputs"),
        "sum": ("definition", "sum of the outputs"),
        "domain": ("definition", "domain"),
        "range": ("definition", "range"),
        "smoothness": ("definition", "smoothness"),
        "kinks": ("definition", "kinks"),
        "polynomial": ("definition", "polynomial"),
        "infimum": ("shape", "infimum"),
        "infimum_at": ("shape", "infimum attained at"),
        "supremum": ("shape", "supremum"),
        "supremum_at": ("shape", "supremum attained at"),
        "parity": ("shape", "parity"),
        "centre": ("shape", "centre of symmetry"),
        "monotonicity": ("shape", "monotonicity"),
        "turning_points": ("shape", "turning points"),
        "convexity": ("shape", "convexity"),
        "inflection_points": ("shape", "inflection points"),
        "fixed_points": ("shape", "fixed points"),
        "lipschitz": ("shape", "Lipschitz constant"),
        "limit_left": ("tails", r"$f$ at $-\infty$"),
        "limit_right": ("tails", r"$f$ at $+\infty$"),
        "slope_limit_left": ("tails", r"$f'$ at $-\infty$"),
        "slope_limit_right": ("tails", r"$f'$ at $+\infty$"),
        "saturation_left": ("tails", "saturation, left"),
        "saturation_right": ("tails", "saturation, right"),
        "rounds_left": ("tails", r"$\lvert x\rvert$ from which float16, 32, 64 give the limit, left"),
        "rounds_right": ("tails", r"$\lvert x\rvert$ from which float16, 32, 64 give the limit, right"),
        "mean": ("gaussian", r"mean $\mathrm{E}f$"),
        "zero_centred": ("gaussian", "zero-centred"),
        "second_moment": ("gaussian", r"$\mathrm{E}f^2$"),
        "mean_slope": ("gaussian", r"mean slope $\mathrm{E}[x f(x)]$"),
        "slope_second_moment": ("gaussian", r"$\mathrm{E}f'^2$"),
        "forward_gain": ("gaussian", r"forward gain $1/\sqrt{\mathrm{E}f^2}$"),
        "backward_gain": ("gaussian", r"backward gain $1/\sqrt{\mathrm{E}f'^2}$"),
        "affine_share_0.1": ("gaussian", r"affine share at $\sigma = 0.1$"),
        "affine_share_1": ("gaussian", r"affine share at $\sigma = 1$"),
        "affine_share_10": ("gaussian", r"affine share at $\sigma = 10$"),
        "shift": ("invariances", r"adding $c$ to every input"),
        "permutation": ("invariances", "permuting the inputs"),
        "scaling": ("invariances", "degree of positive homogeneity"),
        "softmax_of_inputs": ("jacobian", "$p_i$"),
        "region": ("jacobian", "point of the region shown below"),
        "jacobian_2": ("jacobian", "Jacobian, two inputs"),
        "jacobian_3": ("jacobian", "Jacobian, three inputs"),
        "rank": ("jacobian", "rank"),
        "null_space": ("jacobian", "directions that change nothing"),
        "row_sums": ("jacobian", "row sums"),
        "column_sums": ("jacobian", "column sums"),
        "symmetric": ("jacobian", "symmetric"),
        "slope_range": ("jacobian", "range of its entries"),
        "lipschitz_norm": ("jacobian", r"$\sup\lVert J\rVert_2$"),
    }
)

VALUES = MappingProxyType(
    {
        True: "yes",
        False: "no",
        "none": "none",
        "none found": "none found",
        "undefined": "undefined: the function is constant",
        "even": "even",
        "odd": "odd",
        "neither": "neither",
        "strictly increasing": "strictly increasing",
        "increasing": "increasing",
        "strictly decreasing": "strictly decreasing",
        "decreasing": "decreasing",
        "constant": "constant",
        "not monotone": "not monotone",
        "strictly convex": "strictly convex",
        "convex": "convex",
        "strictly concave": "strictly concave",
        "concave": "concave",
        "affine": "affine",
        "hard": "hard",
        "soft": "soft",
        "invariant": "changes nothing",
        "equivariant": "does the same to the outputs",
        "changes": "changes the outputs in no simple way",
    }
)
OSCILLATES = "oscillates between {low} and {high}"
EMPTY = MappingProxyType({"infimum_at": "not attained", "supremum_at": "not attained"})
NO_POINTS = "none"
ATTAINED = "{value}, attained at {where}"
WITH = "{title} with {parameters}"
HEADINGS = ("Property", "Value", "Status")
STATUS = MappingProxyType({"exact": "exact ✓", "numerical": "{digits} digits", "sampled": "sampled"})
FLOATS = ("float16", "float32", "float64")

LONGEST = 36
"""Characters of LaTeX up to which a closed form is shown; a longer one is shown as a number."""


@dataclass(frozen=True)
class Fact:
    """One property: a value, whether it is exact or numerical, and what establishes it.

    ``value`` is a SymPy object, or a word, or a bool.
    ``proof`` holds the equations or the method that establish it; ``digits`` counts the digits of a numerical value.
    """

    key: str
    value: object
    status: str
    proof: str
    digits: int | None = None

    @property
    def label(self) -> str:
        return LABELS[self.key][1]

    @property
    def group(self) -> str:
        return LABELS[self.key][0]

    @property
    def mark(self) -> str:
        """The status in a reader's words."""
        kind = "sampled" if self.status == "numerical" and self.digits is None else self.status
        return STATUS[kind].format(digits=self.digits)


@dataclass(frozen=True)
class FactSheet:
    """The facts about one activation, in reading order; ``sheet["range"]`` is one of them."""

    name: str
    title: str
    facts: tuple[Fact, ...]
    parameters: tuple[sp.Eq, ...] = ()

    def __getitem__(self, key: str) -> Fact:
        for fact in self.facts:
            if fact.key == key:
                return fact
        raise KeyError(f"{self.name} has no fact {key!r}; it has {', '.join(self)}")

    def __iter__(self) -> Iterator[str]:
        return (fact.key for fact in self.facts)

    def __contains__(self, key: object) -> bool:
        return any(fact.key == key for fact in self.facts)

    def __len__(self) -> int:
        return len(self.facts)

    def as_dict(self) -> dict[str, dict[str, object]]:
        """The sheet in plain Python: numbers, words and lists, with the exact form and the proof as text."""
        return {
            fact.key: {
                "label": fact.label,
                "value": plain(fact.value),
                "text": str(fact.value),
                "status": fact.status,
                "digits": fact.digits,
                "proof": fact.proof,
            }
            for fact in self.facts
        }

    @property
    def proofs(self) -> Proofs:
        """What establishes each fact, shown as a list."""
        return Proofs(self)

    def _repr_markdown_(self) -> str:
        settings = ", ".join(f"${tex(setting)}$" for setting in self.parameters)
        return f"**{self._heading(settings)}**\n\n" + _markdown_table(self)

    def __repr__(self) -> str:
        rows = [(fact.key, text(fact), fact.mark) for fact in self.facts]
        widths = [max(len(row[i]) for row in rows) for i in (0, 1)]
        lines = [f"{key:<{widths[0]}}  {value:<{widths[1]}}  {mark}".rstrip() for key, value, mark in rows]
        settings = ", ".join(f"{setting.lhs} = {setting.rhs}" for setting in self.parameters)
        return "\n".join([self._heading(settings), *lines])

    def _heading(self, settings: str) -> str:
        title = self.title or self.name
        return WITH.format(title=title, parameters=settings) if settings else title


@dataclass(frozen=True)
class Proofs:
    """The proofs of a sheet, as a list to read and as ``proofs["range"]``."""

    sheet: FactSheet

    def __getitem__(self, key: str) -> str:
        return self.sheet[key].proof

    def _repr_markdown_(self) -> str:
        return "\n".join(f"- {fact.label}: `{fact.proof}`" for fact in self.sheet.facts) + "\n"

    def __repr__(self) -> str:
        return "\n".join(f"{fact.key}: {fact.proof}" for fact in self.sheet.facts)


def _markdown_table(sheet: FactSheet) -> str:
    lines = [_row(*HEADINGS), _row("---", "---", "---")]
    group = None
    for fact in sheet.facts:
        if fact.key in EMPTY or fact.key in _SHOWN_WHEN_FOUND and fact.value is sp.S.EmptySet:
            continue
        if fact.group != group:
            group = fact.group
            lines.append(_row(f"**{GROUPS[group]}**", "", ""))
        lines.append(_row(fact.label, _cell(sheet, fact), fact.mark))
    return "\n".join(lines) + "\n"


_SHOWN_WHEN_FOUND = ("kinks", "turning_points", "inflection_points")


def _cell(sheet: FactSheet, fact: Fact) -> str:
    """The value of a fact; that of an extreme together with the place where it is attained."""
    value = markdown(fact)
    where = f"{fact.key}_at"
    if where not in EMPTY or where not in sheet:
        return value
    if sheet[where].value is sp.S.EmptySet:
        return f"{value}, {EMPTY[where]}"
    return ATTAINED.format(value=value, where=markdown(sheet[where]))


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


# --- writing facts ---------------------------------------------------------------------------------------------------


def number_fact(key: str, value: sp.Expr, proved: bool, how: str, digits: int | None = None) -> Fact:
    """A number: exact when proved in closed form, else with its digits; ``nan`` says that none was found."""
    if value is sp.nan:
        return Fact(key, "none found", "numerical", how)
    if proved and not value.has(sp.Float):
        return Fact(key, value, "exact", how)
    return Fact(key, value, "numerical", how, digits if proved else None)


def set_fact(key: str, value: sp.Set, proved: bool, how: str, digits: int | None = None) -> Fact:
    """A set of numbers, in the same way."""
    if proved and not value.has(sp.Float):
        return Fact(key, value, "exact", how)
    return Fact(key, value, "numerical", how, digits if proved else None)


def word_fact(key: str, value: str, proved: bool, how: str) -> Fact:
    """A property in one word."""
    return Fact(key, value, "exact" if proved else "numerical", how)


# --- one value -------------------------------------------------------------------------------------------------------


def markdown(fact: Fact) -> str:
    """The value of a fact for a table cell: words, or mathematics between dollars, and no vertical bar anywhere."""
    return _words(fact) or _markdown_value(fact.value)


def _markdown_value(value: sp.Basic) -> str:
    if isinstance(value, sp.Tuple):
        return ", ".join(map(_markdown_value, value))
    if isinstance(value, sp.AccumBounds):
        return OSCILLATES.format(low=f"${tex(value.min)}$", high=f"${tex(value.max)}$")
    return f"${tex(value)}$"


def _words(fact: Fact) -> str | None:
    """The value in words, where it is one; ``None`` where it is mathematics."""
    if isinstance(fact.value, (bool, str)):
        return VALUES.get(fact.value, fact.value)
    if fact.value in (sp.S.EmptySet, sp.Tuple()):
        return EMPTY.get(fact.key, NO_POINTS)
    if fact.key == "smoothness":
        return _SMOOTHNESS.get(fact.value, f"$C^{{{fact.value}}}$")
    return None


_SMOOTHNESS = {sp.oo: r"$C^\infty$"}


def tex(value: sp.Basic) -> str:
    """LaTeX of a value, a long closed form cut short to a number, safe inside a table cell."""
    condensed = condense(value)
    if condensed.is_Float:
        return rf"\approx {sp.latex(condensed)}"
    formula = sp.latex(condensed, full_prec=False).replace(r"\middle|", r"\mid").replace("|", r"\vert ")
    if _is_finite_number(value) and not value.is_Rational:
        formula += rf" \approx {sp.latex(_rounded(value, 8))}"
    return formula


def text(fact: Fact) -> str:
    """The value of a fact on one line of plain text."""
    return (_words(fact) or _text_value(fact.value)).replace("$", "").replace(r"\infty", "∞")


def _text_value(value: sp.Basic) -> str:
    if isinstance(value, sp.Tuple):
        return ", ".join(map(_text_value, value))
    if isinstance(value, sp.AccumBounds):
        return OSCILLATES.format(low=value.min, high=value.max)
    if isinstance(value, sp.MatrixBase):
        return str(value.tolist())
    if _is_finite_number(value) and not value.is_Rational:
        return str(_rounded(value, 10))
    return str(condense(value))


def _is_finite_number(value: sp.Basic) -> bool:
    return bool(getattr(value, "is_number", False)) and value not in (sp.oo, -sp.oo, sp.nan, sp.zoo)


def condense(value: sp.Basic) -> sp.Basic:
    """The same expression with constants too long to read replaced by eight digits."""
    if isinstance(value, sp.MatrixBase):
        return value.applyfunc(condense)
    if _is_finite_number(value):
        return value if _is_short(value) else _rounded(value, 8)
    if not value.args or isinstance(value, sp.logic.boolalg.BooleanAtom):
        return value
    if value.is_Add or value.is_Mul:
        constant, rest = value.as_independent(*value.free_symbols)
        if constant not in (0, 1) and not _is_short(constant):
            return value.func(_rounded(constant, 8), condense(rest), evaluate=False)
    return value.func(*(condense(part) for part in value.args))


def _is_short(number: sp.Expr) -> bool:
    return not number.has(sp.Float) and len(sp.latex(number)) <= LONGEST


def _rounded(number: sp.Expr, digits: int) -> sp.Expr:
    value = number.evalf(digits + 2)
    return sp.Float(value, digits) if value.is_Float else value


def plain(value: object) -> object:
    """A value as a bool, int, float, str, or a list of these."""
    if isinstance(value, (bool, str)):
        return value
    if isinstance(value, sp.Tuple):
        return [plain(part) for part in value]
    if isinstance(value, sp.Integer):
        return int(value)
    if getattr(value, "is_number", False) and value.is_extended_real:
        return float(value)
    return str(value)
