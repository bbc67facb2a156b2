"""How a function of the catalogue looks on its page: formula, names, origin, conventions, and its fact sheet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import sympy as sp

from .catalogue import Activation, ManyInputActivation, get
from .properties import fact_sheet

__all__ = ["CHAPTERS", "Entry", "entry", "spoken"]

WORDS = {
    "called": "Also called",
    "chapter": "Its chapter",
    "parameters": "Parameters",
    "default": "default",
    "origin": "Reference",
    "slope": "The slope at {at} is {slope}: {reason}.",
    "facts": "Fact sheet",
}
"""Every word of an entry that is not the catalogue's own."""

CHAPTERS: Mapping[str, str] = MappingProxyType(
    {
        "identity": "affine-collapse",
        "heaviside": "neuron",
        "sigmoid": "sigmoid",
        "tanh": "zero-centred",
        "relu": "relu",
        "squared_relu": "smooth-gates",
        "leaky_relu": "leaky-family",
        "prelu": "leaky-family",
        "rrelu": "leaky-family",
        "elu": "leaky-family",
        "celu": "leaky-family",
        "selu": "leaky-family",
        "softplus": "smooth-gates",
        "gelu": "smooth-gates",
        "gelu_tanh": "smooth-gates",
        "silu": "smooth-gates",
        "mish": "smooth-gates",
        "hardswish": "smooth-gates",
        "cosine": "xor",
        "maxout": "maxout",
        "softmax": "softmax",
        "log_softmax": "softmax",
        "sparsemax": "softmax",
        "glu": "smooth-gates",
        "reglu": "smooth-gates",
        "geglu": "smooth-gates",
        "swiglu": "smooth-gates",
    }
)
"""The chapter that says most about a function, for those that have one."""


def spoken(name: str | Activation | ManyInputActivation) -> tuple[str, ...]:
    """The names of a function as people type them into a search: its title, its own name and its other ones.

    >>> spoken("hardswish")
    ('Hard swish', 'hardswish', 'hard silu', 'h swish')
    """
    one = get(name)
    written = (one.title or one.name, *(key.replace("_", " ") for key in (one.name, *one.other_names)))
    different: dict[str, str] = {}
    for key in written:
        different.setdefault(key.lower(), key)
    return tuple(different.values())


@dataclass(frozen=True)
class Entry:
    """One activation, ready to be displayed as Markdown."""

    activation: Activation | ManyInputActivation

    def _repr_markdown_(self) -> str:
        return "\n\n".join((self._formula(), *self._lines(), self._facts()))

    def _formula(self) -> str:
        if isinstance(self.activation, ManyInputActivation):
            return f"$$\n{sp.latex(self.activation.formula)}\n$$"
        return f"$$\n{_formula_of(self.activation)}\n$$"

    def _lines(self) -> list[str]:
        one = self.activation
        called = f"{WORDS['called']}: {', '.join(f'`{name}`' for name in one.other_names)}." if one.other_names else ""
        origin = f"{WORDS['origin']}: {{cite:t}}`{one.cite}`." if one.cite else ""
        slug = CHAPTERS.get(one.name)
        chapter = f"{WORDS['chapter']}: []({slug}.md)." if slug else ""
        return [line for line in (called, *_parameters(one), *_conventions(one), one.note, origin, chapter) if line]

    def _facts(self) -> str:
        sheet = fact_sheet(self.activation)._repr_markdown_()
        return f'<details class="fact-sheet"><summary>{WORDS["facts"]}</summary>\n\n{sheet}\n\n</details>\n'

    def __repr__(self) -> str:
        return repr(fact_sheet(self.activation))


def _formula_of(one: Activation) -> str:
    if one.name == "selu":  # its constants fill three lines; they are the fact sheet's
        return (
            r"f(x) = \lambda \begin{cases} x & \text{for}\: x > 0 \\ \alpha\,(e^x - 1) & \text{otherwise} \end{cases}"
        )
    return f"f(x) = {one.latex()}"


def _parameters(one: Activation | ManyInputActivation) -> list[str]:
    if isinstance(one, ManyInputActivation) or not one.parameters:
        return []
    described = (
        f"${p.sign or sp.latex(p.symbol)}$ (`{p.name}`, {WORDS['default']} ${sp.latex(p.default)}$): {p.meaning}"
        for p in one.parameters
    )
    return [f"{WORDS['parameters']}: {'; '.join(described)}."]


def _conventions(one: Activation | ManyInputActivation) -> list[str]:
    if isinstance(one, ManyInputActivation):
        return []
    return [
        WORDS["slope"].format(at=f"${sp.latex(c.at)}$", slope=f"${_short(c.slope)}$", reason=c.reason)
        + (f" {{cite}}`{c.cite}`" if c.cite else "")
        for c in one.conventions
    ]


def _short(number: sp.Expr) -> str:
    """A number as LaTeX; one that would fill a line as its first digits."""
    text = sp.latex(number)
    return text if len(text) < 40 else f"{sp.N(number, 6)}\\dots"


def entry(name: str | Activation | ManyInputActivation) -> Entry:
    """The entry of an activation, by any of its names.

    Raises KeyError, naming the nearest known names, when there is none.

    >>> print(entry("relu")._repr_markdown_().splitlines()[1])
    f(x) = \\begin{cases} x & \\text{for}\\: x > 0 \\\\0 & \\text{otherwise} \\end{cases}
    """
    return Entry(get(name))
