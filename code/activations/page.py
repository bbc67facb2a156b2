"""How numbers and mathematics leave Python for a page.

Needs IPython alone, so that a chapter runs the same on the site, in JupyterLab and in a plain notebook.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp
from IPython.display import display

__all__ = ["Typeset", "glue", "typeset"]


@dataclass(frozen=True, repr=False)
class _Glued:
    name: str
    text: str

    def _repr_markdown_(self) -> str:
        return f"`{self.name}` = {self.text}"

    def __repr__(self) -> str:
        return self.text


def glue(name: str, value: object) -> None:
    """Show ``value`` in the cell, and let the prose refer to it as ``{glue:text}`name` ``.

    A NumPy or SymPy number becomes a Python one, so that a format such as ``{glue:text}`name:.3f` `` applies.
    The metadata are those of MyST-NB's own ``glue``.
    Raises TypeError for a name that is not a string, and ValueError for an empty one.

    >>> glue("one-third", sp.Rational(1, 3))
    0.3333333333333333
    """
    if not isinstance(name, str):
        raise TypeError(f"glue: the name must be a string, got {type(name).__name__}")
    if not name:
        raise ValueError("glue: the name is empty; give the name that the text refers to")
    display(_Glued(name, _text(value)), metadata={"scrapbook": {"name": name, "mime_prefix": ""}})


def _text(value: object) -> str:
    if isinstance(value, sp.Expr):
        return str(value if value.is_Integer else float(value))
    return str(value.item() if hasattr(value, "item") else value)


@dataclass(frozen=True, repr=False)
class Typeset:
    """Mathematics and the words around it, displayed as Markdown."""

    markdown: str

    def _repr_markdown_(self) -> str:
        return self.markdown

    def __repr__(self) -> str:
        return self.markdown.replace("$", "")


def typeset(*parts: object) -> Typeset:
    """Words and SymPy expressions in one line: strings stay as they are, the rest becomes mathematics.

    >>> typeset("The slope is", sp.Symbol("x") ** 2)
    The slope is x^{2}
    """
    return Typeset(" ".join(part if isinstance(part, str) else f"${sp.latex(part)}$" for part in parts))
