"""Check-yourself questions: what authors may write, what readers get, and the typed numbers under Node."""

import io
import json
import re
import subprocess
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

ROOT = Path(__file__).parents[1]
CHAPTERS = sorted((ROOT / "chapters").glob("*.md"))

GOOD = """
What is $1 + 1$?

- [x] two

  Count.
- [ ] $3$

  One too many.
"""
NUMBER = """
What is a quarter?

- [=] 0.25 ± 0.01

  One over four.
"""


@pytest.fixture
def page(tmp_path, monkeypatch):
    """``page(body)`` is the HTML of a page with one question, and what Sphinx complained about."""
    monkeypatch.syspath_prepend(str(ROOT / "_ext"))

    def build(body: str) -> tuple[BeautifulSoup, str]:
        source, out = tmp_path / "source", tmp_path / "out"
        source.mkdir()
        (source / "conf.py").write_text(
            "extensions = ['myst_parser', 'check_yourself']\n"
            "myst_enable_extensions = ['colon_fence', 'dollarmath']\n"
            f"html_static_path = [{str(ROOT / '_static')!r}]\n"
        )
        (source / "index.md").write_text(f"# Page\n\n:::{{check-yourself}}\n{body.strip()}\n:::\n", encoding="utf8")
        warnings = io.StringIO()
        with docutils_namespace():
            Sphinx(source, source, out, out / ".doctrees", "html", status=None, warning=warnings).build()
        return BeautifulSoup((out / "index.html").read_text(encoding="utf8"), "html.parser"), warnings.getvalue()

    return build


def test_options_open_without_scripts_and_say_why(page):
    soup, warnings = page(GOOD)
    assert warnings == ""
    options = soup.select(".check-yourself details")
    assert [" ".join(option["class"]) for option in options] == ["check-option check-right", "check-option check-wrong"]
    assert options[0].summary.get_text() == "two"
    assert options[0].select_one(".check-reason").get_text(" ", strip=True) == "Right. Count."
    assert options[1].select_one(".check-verdict").get_text() == "No."
    assert options[1].summary["aria-label"] == "3"
    assert soup.select_one('script[type="module"][src*="questions.mjs"]')


def test_a_number_carries_its_answer_and_words(page):
    soup, _ = page(NUMBER)
    details = soup.select_one("details.check-number")
    assert (details["data-value"], details["data-tolerance"]) == ("0.25", "0.01")
    assert details.summary.get_text() == "Show the answer"
    assert all(details[f"data-{key}"] for key in ("answer", "check", "right", "too-small", "too-large", "not-a-number"))


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("Only a question.", "give a question, then a list"),
        ("- [x] yes\n\n  Why.", "give a question, then a list"),
        ("Why?\n\n- yes\n\n  Because.", "give a question, then a list"),
        ("Why?\n\n- [ ] yes\n\n  Because.", "no option is right"),
        ("Why?\n\n- [x] yes\n- [ ] no\n\n  Because.", "say why under the option"),
        ("How many?\n\n- [=] many\n\n  Because.", "a number such as"),
    ],
)
def test_a_question_that_would_not_work_is_refused(page, body, complaint):
    assert complaint in page(body)[1]


# The museum has questions and no exercises; in the clinic each patient is one question more.
MOST = {"error-museum": 5, "debugging-clinic": 5 + 12}


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_every_chapter_with_exercises_asks_three_to_five(chapter):
    text = chapter.read_text(encoding="utf8")
    most = MOST.get(chapter.stem, 5 if "```{exercise}" in text else 0)
    assert min(3, most) <= text.count(":::{check-yourself}") <= most


def _node(program: str, code: str) -> object:
    module = (ROOT / "_static" / "questions.mjs").as_uri()
    script = f"import {{ readNumber, judge }} from {module!r};\nconsole.log(JSON.stringify({code}));"
    run = subprocess.run([program, "--input-type=module", "-e", script], capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("0.25", 0.25),
        (" 1/4 ", 0.25),
        ("0,25", 0.25),
        ("−3", -3),
        ("1e-3", 0.001),
        ("", None),
        ("a", None),
        ("1/", None),
    ],
)
def test_a_typed_number_is_read_as_people_write_it(typed, number, node):
    assert _node(node, f"readNumber({json.dumps(typed)})") == number


def test_the_reply_says_which_way_to_go(node):
    answer = "{value: 0.25, tolerance: 0.01}"
    replies = _node(node, f"[0.25, 0.26, 0.2, 0.3, NaN].map((typed) => judge(typed, {answer}))")
    assert replies == ["right", "right", "tooSmall", "tooLarge", "notANumber"]


@pytest.mark.browser
def test_a_reader_types_and_is_answered_by_keyboard_alone(browser, site):
    page = browser.new_page()
    page.goto(f"{site}/chapters/sigmoid.html", wait_until="networkidle")
    form = page.locator(".check-number-form").first
    form.locator("input").focus()
    page.keyboard.type("0.9")
    page.keyboard.press("Enter")
    assert form.locator("output").inner_text() == "No, it is smaller than that."
    page.keyboard.press("Control+A")
    page.keyboard.type("0.16")
    page.keyboard.press("Enter")
    assert form.locator("output").inner_text() == "Right."
    option = page.locator("details.check-right").first
    option.locator("summary").focus()
    page.keyboard.press("Enter")
    assert re.match(r"Right\.", option.locator(".check-reason").inner_text())
    page.close()
