"""Interview cards: what authors may write, and what readers get before any script runs."""

import io
import json
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "_ext"))

from _questions import TOPICS, QuestionError, read  # noqa: E402

CARD = """
````{interview} largest-slope
:level: 1
:topic: classics
:sources: S1.2, S1.3

Where is the slope of $\\sigma$ largest?

**In thirty seconds.**
At 0.

**In full.**
Where both factors are equal.

```python
"**A weak answer.**"
**Follow-up.**
```

**Follow-up.** And of tanh?

**A weak answer.**
Guesses.

**A strong answer.**
Says why.

**Wrong answer to spot.**
“At the ends.”
````
"""


# --- the text ---------------------------------------------------------------------------------------------------------


def test_a_card_is_taken_apart():
    (one,) = read(CARD)
    assert (one.id, one.level, one.topic, one.sources) == ("largest-slope", 1, "classics", ("S1.2", "S1.3"))
    assert one.question == "Where is the slope of $\\sigma$ largest?"
    assert (one.short, one.follow_up, one.weak) == ("At 0.", "And of tanh?", "Guesses.")
    assert one.full.endswith('"**A weak answer.**"\n**Follow-up.**\n```')
    assert (one.strong, one.wrong, one.line) == ("Says why.", "“At the ends.”", 2)


def test_a_wrong_answer_is_not_demanded():
    (one,) = read(CARD.replace("**Wrong answer to spot.**\n“At the ends.”\n", ""))
    assert one.wrong == ""


SWAPPED = (
    CARD.replace("**In full.**", "@")
    .replace("**A strong answer.**", "**In full.**")
    .replace("@", "**A strong answer.**")
)
FAULTS = [
    (CARD.replace("**In thirty seconds.**\nAt 0.\n", ""), "“In thirty seconds.” is missing"),
    (CARD.replace("**A strong answer.**\nSays why.\n", ""), "“A strong answer.” is missing"),
    (CARD.replace("**A weak answer.**\nGuesses.", "**A weak answer.**\n"), "“A weak answer.” is empty"),
    (CARD.replace("Where is the slope of $\\sigma$ largest?", ""), "the question is empty"),
    (CARD.replace("**Follow-up.** And", "**In full.**\nTwice.\n\n**Follow-up.** And"), "“In full” comes twice"),
    (SWAPPED, "out of place"),
    (CARD.replace(":level: 1", ":level: 4"), "level is one of 1, 2, 3, got “4”"),
    (CARD.replace(":level: 1\n", ""), "level is one of 1, 2, 3, got “”"),
    (CARD.replace("classics", "clasics"), "unknown topic “clasics”; did you mean classics?"),
    (CARD.replace("largest-slope", "Largest slope"), "the argument is an id"),
    (CARD.replace("````\n", "````") + CARD, "taken, by "),
]
every_fault = pytest.mark.parametrize(("text", "complaint"), FAULTS, ids=[complaint for _, complaint in FAULTS])


@every_fault
def test_a_fault_in_the_text_is_named_with_its_line(text, complaint):
    with pytest.raises(QuestionError, match=r"^line \d+: ") as found:
        read(text)
    assert complaint in str(found.value)


def test_an_unknown_option_and_an_open_fence_are_refused():
    with pytest.raises(QuestionError, match="unknown option “levels”"):
        read(CARD.replace(":level:", ":levels:"))
    with pytest.raises(QuestionError, match="line 2: largest-slope: the fence is never closed"):
        read(CARD.rstrip().removesuffix("````"))


# --- the page ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def page(tmp_path, monkeypatch):
    """``page(body)`` is the HTML of a page with that body, and what Sphinx complained about."""

    def build(body: str, **others: str) -> tuple[BeautifulSoup, str]:
        source, out = tmp_path / "source", tmp_path / "out"
        source.mkdir(exist_ok=True)
        (source / "conf.py").write_text(
            "extensions = ['myst_parser', 'interview']\n"
            "myst_enable_extensions = ['colon_fence', 'dollarmath']\n"
            f"html_static_path = [{str(ROOT / '_static')!r}]\n"
        )
        for name, text in {"index": body, **others}.items():
            (source / f"{name}.md").write_text(f"# Page\n\n{text}", encoding="utf8")
        warnings = io.StringIO()
        with docutils_namespace():
            Sphinx(source, source, out, out / ".doctrees", "html", status=None, warning=warnings).build()
        return BeautifulSoup((out / "index.html").read_text(encoding="utf8"), "html.parser"), warnings.getvalue()

    return build


def test_a_card_is_closed_and_opens_without_scripts(page):
    soup, warnings = page(CARD)
    assert warnings == ""
    card = soup.select_one("details.interview-card")
    assert (card["id"], card["data-level"], card["data-topic"]) == ("question-largest-slope", "1", "classics")
    assert not soup.select("details[open]")
    assert card.summary.get_text() == "Level 1 Where is the slope of \\(\\sigma\\) largest?"
    assert card.select_one(".interview-short").get_text(" ", strip=True) == "In thirty seconds At 0."
    assert [nested.summary.get_text() for nested in card.select("details")] == ["In full", "Follow-up"]
    assert [lead.get_text() for lead in card.select(".interview-lead")] == [
        *("In thirty seconds", "A weak answer", "A strong answer", "Wrong answer to spot")
    ]
    assert card.select_one(f'a[href="#{card["id"]}"]')
    assert soup.select_one('script[type="module"][src*="interview.mjs"]')


def test_a_question_can_be_linked_by_its_words(page):
    soup, warnings = page(CARD + "\nSee [](#question-largest-slope).\n")
    assert warnings == ""
    (link,) = soup.select('p > a.internal[href="#question-largest-slope"]')
    assert link.get_text() == "Where is the slope of \\sigma largest?"


def test_the_controls_wait_for_the_script_and_carry_its_words(page):
    soup, warnings = page("```{interview-controls}\n```\n" + CARD)
    form = soup.select_one("form.interview-controls")
    assert warnings == "" and form.has_attr("hidden")
    assert json.loads(form["data-words"])["known"] == "known"
    topics = {option["value"]: option.get_text() for option in form.select('select[name="topic"] option')}
    assert topics == {"": "All topics", **TOPICS}
    assert all(label.get_text(strip=True) for label in form.select("label"))
    assert all(control.find_parent("label") for control in form.select("input, select"))


def test_a_page_without_questions_loads_no_script_of_theirs(page):
    soup, _ = page("Nothing.")
    assert not soup.select('script[src*="interview"]')


@every_fault
def test_a_fault_stops_the_strict_build_with_file_and_line(page, text, complaint):
    _, warnings = page(text)
    line = text.count("\n", 0, text.rindex("{interview}")) + 3  # a title stands above
    assert f"index.md:{line}: ERROR: interview: " in warnings and complaint in warnings


def test_an_id_is_taken_across_pages_and_free_again_when_its_page_changes(page):
    assert ": ERROR: " not in page("Nothing.", other=CARD)[1]
    assert "the id “largest-slope” is taken, by index, line 4" in page(CARD, other=CARD)[1]
    assert ": ERROR: " not in page(CARD + "\n", other="Nothing.")[1]
