"""The museum of errors: each error that we know of is shown, with a counterexample and with what is true."""

import gzip
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from activations import claims
from activations.claims.sources import ROWS
from activations.experiments import museum
from activations.explore import Control, explore

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "chapters" / "error-museum.md").read_text(encoding="utf8")

# Errors that circulate, in plain words, and the exhibit that shows each.
ERRORS = {
    "nonlinear functions have a degree above one and curvature": "degree",
    "any nonlinearity makes a network compute any function everywhere": "any-function",
    "the ranges of sigmoid and tanh are closed": "open-ends",
    "the slopes' ranges have other ends": "open-ends",
    "the slope of tanh is minus its square": "tanh-slope",
    "the sigmoid's output is near 0 at both ends": "value-or-slope",
    "each sigmoid layer shrinks the gradient to a quarter": "a-quarter-a-layer",
    "ReLU passes the gradient unchanged": "relu-passes",
    "independent layers cancel": "they-cancel",
    "the entries of a matrix decide about its powers": "entries-and-stretch",
    "a largest singular value above 1 explodes": "entries-and-stretch",
    "leaky ReLU has mean 0, and ReLU halves the variance": "variance-or-square",
    "torch's default start is He's": "torchs-start",
    "small weights are taken for the sigmoid's fault": "sigmoid-is-guilty",
    "all gradients share a sign, or none do in a batch": "one-sign",
    "a dead ReLU is dead for ever": "dead-for-ever",
    "log-sum-exp is unchanged by a shift": "log-sum-exp",
    "log of a sum of exponentials is stable as typed": "log-sum-exp",
    "tanh can be typed as a quotient": "typed-formulas",
    "ELU learns its alpha": "random-leaks",
    "GELU takes all real values, and Swish does not saturate": "gelu",
    "RReLU draws from a Gaussian, and both conventions are one": "random-leaks",
    "features that do not look at the class give softmax": "class-blind",
    "signs get lost in the Lagrangian": "lost-sign",
    "the activation calculates the weighted sum": "after-the-sum",
    "a monotone activation makes the problem convex": "convex",
    "softmax outputs are the probability of being right": "chance-of-being-right",
    "softmax is a soft maximum": "soft-maximum",
    "the slope at ReLU's kink never matters": "differentiable",
    "saturation prevents explosion": "saturation-protects",
    "never use sigmoid, tanh is always better": "never-sigmoid",
    "leaky, ELU and Swish networks have no dead units": "cannot-die",
    "an activation must be differentiable": "differentiable",
    "sigmoid, tanh, ReLU, leaky, Maxout, in this order": "order",
    "softmax is for the last layer only": "order",
    "slopes of sigmoid and tanh need exponentials": "exponentials",
    "Maxout doubles the parameters": "maxout-doubles",
    "softmax makes the large larger": "soft-maximum",
    "sigmoid for two classes, tanh for RNNs, ReLU for CNNs": "never-sigmoid",
    "momentum cures dying by adapting the rate": "cures",
    "an ideal activation saturates on one side": "ideal",
    "a random slope helps out of local optima and saddles": "cures",
    "ELU meets both ideals": "ideal",
    "PReLU only with much data": "order-of-merit",
    "ReLU is the closest to linear": "closest-to-linear",
    # and those that the book came across
    "ReLU's slope can be read off an output of at least 0": "gate-from-output",
    "GELU is ReLU averaged over noise": "gelu",
    "weights that are written down were trained": "weights-by-hand",
    "calculate_gain is the gain": "torchs-start",
    "ReLU keeps more of a gradient than tanh": "sigmoid-is-guilty",
    "slopes and losses may go through the stored output": "through-a-probability",
}
# Corrected claims that no exhibit links to, each with the reason.
NOT_SHOWN: dict[str, str] = {}

PARTS = ("Why it tempts.", "What is true.", "Reference.")
MOST_WORDS = 150
_CLAIM = re.compile(r"\{claim\}`[^`<]*<([\w-]+)>`")


@dataclass(frozen=True)
class Exhibit:
    label: str
    title: str
    body: str

    @property
    def words(self) -> list[str]:
        """The words of its prose; a formula counts as one."""
        prose = re.sub(r"```.*?```", " ", self.body, flags=re.S)
        return re.sub(r"<[\w-]+>`|\{[\w:]+\}`", " ", re.sub(r"\$[^$]+\$", "formula", prose)).split()

    @property
    def cells(self) -> list[str]:
        return re.findall(r"```\{code-cell\} ipython3\n(.*?)```", self.body, re.S)


def exhibits(text: str) -> list[Exhibit]:
    """The exhibits of a page, from label to label or to the next heading above them."""
    found = re.findall(r"^\(exhibit-([\w-]+)\)=\n#### ([^\n]+)\n(.*?)(?=^\(exhibit-|^#{2,3} |\Z)", text, re.S | re.M)
    return [Exhibit(*parts) for parts in found]


EXHIBITS = exhibits(TEXT)
every_exhibit = pytest.mark.parametrize("exhibit", EXHIBITS, ids=[one.label for one in EXHIBITS])


def test_every_error_that_we_know_has_its_exhibit_and_every_exhibit_an_error():
    assert set(ERRORS.values()) == {one.label for one in EXHIBITS}


def test_every_heading_of_a_room_is_an_exhibit():
    assert TEXT.count("\n#### ") == len(EXHIBITS)
    assert len({one.title for one in EXHIBITS}) == len({one.label for one in EXHIBITS}) == len(EXHIBITS)


@every_exhibit
def test_an_exhibit_has_all_its_parts_in_their_order(exhibit):
    assert exhibit.title.endswith("?")
    marks = ["\n> “", f"\n**{PARTS[0]}**", "\n```{code-cell} ipython3", *(f"\n**{part}**" for part in PARTS[1:])]
    places = [exhibit.body.find(mark) for mark in marks]
    assert -1 not in places and places == sorted(places), dict(zip(marks, places, strict=True))
    assert re.match(r"\n> “[^“”]+”\n\n\*\*", exhibit.body)


@every_exhibit
def test_an_exhibit_is_short_and_its_cell_computes(exhibit):
    assert len(exhibit.words) <= MOST_WORDS
    (cell,) = exhibit.cells
    assert ":tags:" not in cell and "(" in re.sub(r"^(from|import) .*$", "", cell, flags=re.M)


@every_exhibit
def test_what_is_true_leads_to_a_claim_or_a_work(exhibit):
    truth = exhibit.body.split(f"**{PARTS[1]}**")[1]
    assert _CLAIM.search(truth) or "{cite:t}`" in truth


def test_every_corrected_claim_is_shown_or_the_reason_is_given():
    linked = {id for one in EXHIBITS for id in _CLAIM.findall(one.body)}
    assert linked <= set(claims.all_claims())
    corrected = {id for id, claim in claims.all_claims().items() if claim.verdict == "corrected"}
    assert corrected - linked == set(NOT_SHOWN)
    assert all(NOT_SHOWN.values())


def test_an_error_of_our_own_sources_is_shown_as_such():
    own = re.compile("that this book began with|The same column")
    said = {id for one in EXHIBITS if own.search(one.body) for id in _CLAIM.findall(one.body)}
    for id, claim in claims.all_claims().items():
        if claim.verdict == "corrected" and any(ROWS[row].loose for row in claim.sources):
            assert id in said, id


def test_the_museum_shows_no_claim_again():
    assert "claims.show(" not in TEXT


def test_the_wall_lists_the_rooms():
    rooms = TEXT.split("\n## The rooms\n")[1].split("\n### ")[0]
    assert "```{contents}\n:local:" in rooms


def test_a_notebook_leaves_the_wall_out(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "_ext"))
    from _plain_markdown import Book, plain

    assert plain("Before.\n\n```{contents}\n:local:\n```\n\nAfter.", Book()) == "Before.\n\nAfter."


def test_the_checks_see_what_they_are_for():
    one = "(exhibit-a)=\n#### A?\n\n> “B.”\n\n{claim}`words <some-claim>` and $x + y$.\n\n"
    found = exhibits(f"## Rooms\n\n### One\n\n{one}(exhibit-b)=\n#### B?\n\nText.\n\n### Two\n\n#### C\n")
    assert [(each.label, each.title) for each in found] == [("a", "A?"), ("b", "B?")]
    assert found[0].words == [">", "“B.”", "words", "and", "formula."]
    assert "Two" not in found[1].body


# --- which of these formulas is a slope? ------------------------------------------------------------------------------

RIGHT = {
    "tanh′(x) = 4 σ′(2x)",
    "ReLU′ = sign f",
    "ELU′ = min(1, f + 1)",
    "SiLU′ = f + σ (1 − f)",
}
X = np.linspace(-4, 4, 161)


@pytest.mark.parametrize("name", museum.FORMULAS)
def test_a_formula_is_the_slope_or_visibly_not(name):
    gap = np.abs(museum.FORMULAS[name].gap(X)).max()
    assert gap < 1e-12 if name in RIGHT else gap > 0.2


def test_some_formulas_are_right():
    assert RIGHT < set(museum.FORMULAS)


def test_a_formula_fits_on_the_control_of_a_phone():
    assert max(map(len, museum.FORMULAS)) <= 26


def test_the_sentence_says_what_is_drawn():
    chart = museum.formula_chart("GELU′ = Φ", 1)
    _, slope, formula, *points = chart.marks
    assert [float(point.y[0]) for point in points] == pytest.approx([1.0833, 0.8413], abs=1e-4)
    for line, point in zip((slope, formula), points, strict=True):
        assert np.interp(1, line.x, line.y) == pytest.approx(float(point.y[0]), abs=1e-6)
    assert "gives 0.841 and the slope is 1.08: the formula is off by 0.242." in chart.words


def test_a_right_formula_is_called_right():
    for point in (-2, 0, 0.25):
        words = museum.formula_chart("SiLU′ = f + σ (1 − f)", point).words
        assert "they agree" in words and words.endswith("right everywhere.")


def test_the_slope_is_dashed_and_minus_signs_are_true_ones():
    chart = museum.formula_chart("tanh′ = −tanh²", -1)
    assert [mark.dash for mark in chart.marks[1:3]] == ["dashed", "solid"]
    assert "x = −1" in chart.words and "-" not in chart.words


def test_an_unknown_formula_is_refused():
    with pytest.raises(KeyError):
        museum.formula_chart("σ′ = σ", 0)


def test_the_explorable_has_a_frame_for_each_choice_and_is_light():
    page = explore(
        museum.formula_chart, formula=Control([*museum.FORMULAS]), point=[k / 4 for k in range(-16, 17)], caption="One."
    )
    assert page.frames == 33 * len(museum.FORMULAS)
    bundle = page._repr_mimebundle_()
    html = (bundle[0] if isinstance(bundle, tuple) else bundle)["text/html"]
    assert len(gzip.compress(html.encode())) < 80_000
