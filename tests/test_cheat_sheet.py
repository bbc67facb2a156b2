"""The cheat sheet: every formula against the catalogue, every loss differentiated, and two pages on paper."""

import re

import mpmath
import pytest
import sympy as sp
from activations import catalogue, cheat_sheet
from activations.catalogue import get, x
from activations.cheat_sheet import CLASSICS, FROM_VALUE, OTHERS, PAIRS, a, classics, j, n, others, pairs, written, z
from activations.properties import fact_sheet

POINTS = [sp.Rational(point, 10) for point in (-73, -30, -21, -10, -3, 0, 2, 10, 13, 30, 47, 61)]


def value(expr: sp.Expr, point: sp.Expr) -> mpmath.mpf:
    return sp.N(expr.subs(x, point), 40)


@pytest.mark.parametrize("name", sum(OTHERS, ()))
def test_a_written_formula_equals_the_catalogues(name):
    row = next(row for row in OTHERS if name in row)
    one = get(name)
    # A row speaks of all its functions: they differ only in the value of a parameter, or of a mean of two.
    letters = {p.sign or sp.latex(p.symbol): p.default for p in one.parameters}
    for found, right in zip(written(row[0]), (one.at(), one.slope()), strict=True):
        free = {symbol: letters.get(str(symbol), one.slope().subs(x, -1)) for symbol in found.free_symbols - {x}}
        for point in POINTS:
            assert abs(value(found.subs(free), point) - value(right, point)) < sp.Float(10) ** -30, (name, point)


def test_every_function_of_one_input_has_its_place_once():
    assert sorted([*CLASSICS, *sum(OTHERS, ())]) == sorted(catalogue.names("one"))


@pytest.mark.parametrize("name", CLASSICS)
def test_the_slope_is_had_from_the_value(name):
    one = get(name)
    for point in POINTS:
        assert abs(value(FROM_VALUE[name].subs(a, one.at()), point) - value(one.slope(), point)) < sp.Float(10) ** -30


def test_the_classics_agree_with_their_fact_sheets():
    found = {key: cells for key, *cells in classics().rows}
    assert found["range"] == [r"$\left(0, 1\right)$", r"$\left(-1, 1\right)$", r"$\left[0, \infty\right)$"]
    assert found["largest slope"] == ["$1 / 4$, where $x = 0$", "$1$, where $x = 0$", "$1$, where $x > 0$"]
    assert found["zero-centred"] == ["no", "yes", "no"]
    assert found["saturation left, right"] == ["soft, soft", "soft, soft", "hard, none"]
    assert found["its value costs"] == ["an exponential", "an exponential", "a comparison"]
    for cell, name in zip(found["gain"], CLASSICS, strict=True):
        assert float(cell.strip("$")) == pytest.approx(float(fact_sheet(name)["forward_gain"].value), rel=1e-3)


@pytest.mark.parametrize("name", sorted(set(PAIRS) - {"softmax"}))
def test_a_loss_has_the_slope_that_stands_beside_it(name):
    output, loss, slope = (expr.replace(cheat_sheet._sigma, sp.Lambda(x, get("sigmoid").expr)) for expr in PAIRS[name])
    assert sp.simplify((loss.diff(z) - slope).rewrite(sp.exp)) == 0
    assert sp.simplify(slope - (output - cheat_sheet.y)) == 0


def test_the_loss_of_a_softmax_has_the_slope_that_stands_beside_it():
    output, loss, slope = PAIRS["softmax"]
    scores, targets = sp.symbols("s1:4"), sp.symbols("t1:3")
    targets = (*targets, 1 - sum(targets))  # shares
    plain = {cheat_sheet._Z[i + 1]: scores[i] for i in range(3)} | {cheat_sheet._Y[i + 1]: targets[i] for i in range(3)}

    def at(expr: sp.Expr, place: int) -> sp.Expr:
        return expr.subs(j, place).subs(n, 3).doit().subs(plain)

    for place in (1, 2, 3):
        assert sp.simplify(at(loss, place).diff(scores[place - 1]) - at(slope, place)) == 0
        assert sp.simplify(at(slope, place) - (at(output, place) - targets[place - 1])) == 0


@pytest.mark.parametrize("made", [classics, others, pairs])
def test_a_table_is_one_that_markdown_reads(made):
    head, rule, *rows = made()._repr_markdown_().split("\n\n")[0].splitlines()
    assert {line.count("|") for line in (head, rule, *rows)} == {head.count("|")}
    assert all(line.count("$") % 2 == 0 for line in rows) and len(rows) == len(made().rows)


def test_names_that_formulas_use_are_explained():
    note = others().note
    assert all(rf"${name}" in note for name in (r"\sigma", r"\Phi", "t", "u", r"\lambda", r"\alpha"))
    assert "0.044715" in note and "1.673263" in note


def test_an_unknown_name_is_refused():
    with pytest.raises(KeyError, match="did you mean"):
        written("relux")


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_prints_on_two_pages_of_a4(browser, site, scheme):
    page = browser.new_page(color_scheme=scheme)
    page.goto(f"{site}/chapters/cheat-sheet.html", wait_until="networkidle")
    printed = page.pdf(prefer_css_page_size=True, print_background=True)
    page.close()
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 2
    width, height = map(float, re.search(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", printed).groups())
    assert (width, height) == pytest.approx((595, 842), abs=1)
