"""Numbers and mathematics on their way to a page."""

import numpy as np
import pytest
import sympy as sp
from activations import page


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.5, "0.5"),
        (np.float64(0.5), "0.5"),
        (np.float32(0.1), "0.10000000149011612"),
        (np.int64(7), "7"),
        (sp.Rational(1, 4), "0.25"),
        (sp.Integer(3), "3"),
        (sp.pi, "3.141592653589793"),
        ("seven", "seven"),
    ],
)
def test_a_number_becomes_one_that_a_format_applies_to(value, text, capsys):
    page.glue("name", value)
    assert capsys.readouterr().out == f"{text}\n"


@pytest.mark.parametrize(("name", "fault"), [(3, TypeError), ("", ValueError)])
def test_a_glued_number_needs_a_name(name, fault):
    with pytest.raises(fault, match="the name"):
        page.glue(name, 1)


def test_glue_writes_what_myst_nb_reads(monkeypatch):
    """The metadata are those of MyST-NB's own glue, taken from its source by running both."""
    import myst_nb.ext.glue as theirs

    monkeypatch.delenv("VIRTUAL_ENV", raising=False)  # IPython warns where another environment is active
    seen = []
    monkeypatch.setattr(page, "display", lambda _, metadata: seen.append(metadata))
    monkeypatch.setattr(theirs, "ipy_display", lambda *_, metadata, **__: seen.append(metadata))
    page.glue("a-name", 1)
    theirs.glue("a-name", 1)
    assert seen[0] == seen[1]


def test_typeset_keeps_words_and_turns_the_rest_into_mathematics():
    line = page.typeset("The slope is", sp.Symbol("x") ** 2)
    assert line._repr_markdown_() == "The slope is $x^{2}$"
    assert repr(line) == "The slope is x^{2}"
