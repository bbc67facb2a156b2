"""The flash cards: an Anki deck and a table that hold the interview's questions, the same at every build."""

import csv
import io
import json
import re
import sqlite3
import sys
import zipfile
from pathlib import Path

import pytest
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "_ext"))

import flash_cards  # noqa: E402
from _questions import read  # noqa: E402
from flash_cards import COLUMNS, Book, deck, row, table  # noqa: E402

BOOK = Book(ROOT)
SERVED = Book(ROOT, "https://book.example/")
PAGE = ROOT / "chapters" / "interview.md"
SAMPLE = """
````{interview} largest-slope
:level: 1
:topic: classics

Where is $\\sigma'(x) < \\frac14$, and "why"?

**In thirty seconds.**
See [](relu.md) and [there](sigmoid.md#some-place), {claim}`proved <sigmoid-slope-ceiling>`; {cite:t}`glorot2010`.

**In full.**
$$
a < b \\\\ c
$$

```python
if a < b: print("two\\n")
```

**Follow-up.** Which, "exactly", and why?

**A weak answer.**
Guesses; or: says 1,
and stops.

**A strong answer.**
| a | b |
|---|---|
| 1 | 2 |
````
"""  # noqa: E501


def opened(packed: bytes, folder: Path) -> tuple[sqlite3.Connection, dict]:
    """The collection in a deck and its only model."""
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None and json.loads(archive.read("media")) == {}
        (folder / "collection").write_bytes(archive.read("collection.anki2"))
    collection = sqlite3.connect(folder / "collection")
    (models,) = collection.execute("SELECT models FROM col").fetchone()
    (model,) = json.loads(models).values()
    return collection, model


def notes(packed: bytes, folder: Path) -> list[list[str]]:
    """The fields of every note of a deck."""
    collection, _ = opened(packed, folder)
    found = [fields.split("\x1f") for (fields,) in collection.execute("SELECT flds FROM notes ORDER BY id")]
    collection.close()
    return found


# --- one card ---------------------------------------------------------------------------------------------------------


def fields(book: Book) -> dict[str, str]:
    (one,) = read(SAMPLE)
    return dict(zip(COLUMNS, row(one, book), strict=True))


def test_mathematics_is_as_anki_wants_it():
    made = fields(BOOK)
    assert made["Question"] == "Where is \\(\\sigma'(x) &lt; \\frac14\\), and “why”?"
    assert "<div>\\[a &lt; b \\\\ c\\]</div>" in made["In full"]
    assert BOOK.html("```{math}\n:label: eq-x\na\n```") == "<div>\\[a\\]</div>"


def test_code_is_kept_as_it_stands():
    assert '<pre>if a &lt; b: print("two\\n")\n</pre>' in fields(BOOK)["In full"]


def test_links_are_words_where_nobody_knows_the_site():
    short = fields(BOOK)["In thirty seconds"]
    assert "<a" not in short and f"See {BOOK.title('relu.md')} and there, proved; " in short


def test_links_are_absolute_where_the_site_is_known():
    short = fields(SERVED)["In thirty seconds"]
    assert '<a href="https://book.example/chapters/sigmoid.html#some-place">there</a>' in short
    assert f'<a href="https://book.example/chapters/relu.html">{BOOK.title("relu.md")}</a>' in short
    assert SERVED.html("[x](#question-y)") == (
        '<p><a href="https://book.example/chapters/interview.html#question-y">x</a></p>'
    )


def test_works_are_named_by_authors_and_year():
    assert "Glorot and Bengio (2010)" in fields(BOOK)["In thirty seconds"]
    assert BOOK.html("{cite}`he2015,glorot2010`").count("; ") == 1


def test_tables_and_lists_stay():
    assert "<td>2</td>" in fields(BOOK)["A strong answer"]


# --- the whole deck ---------------------------------------------------------------------------------------------------


def test_two_builds_give_the_same_bytes(monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    questions = read(SAMPLE)
    first = deck(questions, BOOK)
    monkeypatch.setattr("time.time", lambda: 4e9)
    assert deck(questions, BOOK) == first
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1800000000")
    assert deck(questions, BOOK) != first


def test_a_note_keeps_its_identity_when_its_text_changes(tmp_path):
    def identity(text):
        collection, model = opened(deck(read(text), BOOK), tmp_path)
        found = collection.execute("SELECT guid FROM notes").fetchall()
        collection.close()
        return found, model["id"]

    assert identity(SAMPLE) == identity(SAMPLE.replace("Guesses", "Wonders"))
    assert identity(SAMPLE) != identity(SAMPLE.replace("largest-slope", "smallest-slope"))


def test_the_cards_show_every_field(tmp_path):
    collection, model = opened(deck(read(SAMPLE), BOOK), tmp_path)
    collection.close()
    assert [field["name"] for field in model["flds"]] == list(COLUMNS)
    (template,) = model["tmpls"]
    named = set(re.findall(r"\{\{[#/]?([^}]+)\}\}", template["qfmt"] + template["afmt"]))
    assert named == set(COLUMNS) - {"Id"} | {"FrontSide"}


def test_the_deck_holds_every_question(tmp_path):
    questions = read(PAGE.read_text(encoding="utf8"))
    found = notes(deck(questions, BOOK), tmp_path)
    assert len(found) == len(questions) >= 120
    assert [note[0] for note in found] == [one.id for one in questions]
    assert found == [row(one, BOOK) for one in questions]


def test_the_mathematics_of_every_card_shows_in_anki():
    for one in read(PAGE.read_text(encoding="utf8")):
        for field in row(one, BOOK):
            text = re.sub(r"<pre>.*?</pre>|<code>.*?</code>", "", field, flags=re.S)
            assert "$" not in text and "{cite" not in text and "{claim" not in text, text
            assert text.count("\\(") == text.count("\\)") and text.count("\\[") == text.count("\\]"), text


def test_the_table_reads_back():
    questions = read(PAGE.read_text(encoding="utf8"))
    header, *rows = csv.reader(io.StringIO(table(questions, BOOK), newline=""))
    assert header == list(COLUMNS)
    assert rows == [row(one, BOOK) for one in questions]


# --- the build --------------------------------------------------------------------------------------------------------


@pytest.fixture
def build(tmp_path, monkeypatch):
    """``build(**pages)`` is the folder of a small site with those pages, and what Sphinx complained about."""
    monkeypatch.syspath_prepend(str(ROOT / "_ext"))

    def made(**pages: str) -> tuple[Path, str]:
        source, out = tmp_path / "source", tmp_path / "out"
        (source / "chapters").mkdir(parents=True)
        (source / "conf.py").write_text(
            "extensions = ['myst_parser', 'interview', 'flash_cards']\nmyst_enable_extensions = ['dollarmath']\n"
        )
        for name in ("index", "chapters/interview"):
            text = pages.get(name.rpartition("/")[2], "")
            (source / f"{name}.md").write_text(f"# Title\n\n{text}", encoding="utf8")
        warnings = io.StringIO()
        with docutils_namespace():
            Sphinx(source, source, out, out / ".doctrees", "html", status=None, warning=warnings).build()
        return out, warnings.getvalue()

    return made


PLAIN = re.sub(r"^See .*$", "See.", SAMPLE, flags=re.M)


def test_a_build_writes_what_the_page_offers(build, tmp_path):
    out, _ = build(interview="```{flash-cards}\n```\n" + PLAIN)
    page = (out / "chapters" / "interview.html").read_text(encoding="utf8")
    offered = re.findall(r'<a href="([^"]+)" download', page)
    assert len(offered) == 2 and "1 cards for Anki" in page
    anki, csv_file = ((out / "chapters" / link).resolve() for link in offered)
    assert len(notes(anki.read_bytes(), tmp_path)) == 1
    assert len(list(csv.reader(io.StringIO(csv_file.read_text(encoding="utf8"))))) == 2


def test_cards_are_offered_on_their_page_only(build):
    assert "offer them there" in build(index="```{flash-cards}\n```\n")[1]


def test_the_constants_that_readers_depend_on():
    # A deck with other numbers would come into a reader's collection a second time.
    assert (flash_cards.DECK_ID, flash_cards.MODEL_ID) == (1_907_352_641, 1_907_352_642)
