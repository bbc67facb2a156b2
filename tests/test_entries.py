"""Every function's entry on the catalogue page."""

import pytest
import sympy as sp
from activations.catalogue import CATALOGUE, Activation, x
from activations.entries import entry
from activations.properties import fact_sheet


@pytest.mark.parametrize("one", CATALOGUE.values(), ids=lambda one: one.name)
def test_an_entry_shows_formula_names_source_and_facts(one):
    text = entry(one.name)._repr_markdown_()
    assert text.startswith("$$\n") and f"{{cite:t}}`{one.cite}`" in text
    assert all(f"`{name}`" in text for name in one.other_names)
    assert text.count("<details") == text.count("</details>") == 1
    assert fact_sheet(one.name)._repr_markdown_() in text
    longest = max(len(line) for line in text.split("<details")[0].splitlines())
    assert longest < 250, "a number or formula too long to read"


def test_conventions_and_parameters_are_said():
    text = entry("leaky_relu")._repr_markdown_()
    assert r"The slope at $0$ is $\frac{1}{100}$" in text
    assert r"$a$ (`negative_slope`, default $\frac{1}{100}$)" in text
    assert "1.75810" in entry("selu")._repr_markdown_()


def test_a_function_of_ones_own_has_an_entry():
    text = entry(Activation("mine", x * sp.atan(x)))._repr_markdown_()
    assert "cite" not in text and r"\operatorname{atan}" in text


def test_other_names_lead_to_the_entry():
    assert entry("swish").activation is CATALOGUE["silu"]
    with pytest.raises(KeyError, match="did you mean"):
        entry("relux")
