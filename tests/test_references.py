"""The bibliography parses, is in one form, and holds every work that the catalogue and the pages cite."""

import re
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from activations import catalogue
from pybtex.database import parse_file
from pybtex.plugin import find_plugin

ROOT = Path(__file__).resolve().parents[1]
REFERENCES = ROOT / "references.bib"
ENTRIES = parse_file(REFERENCES, bib_format="bibtex").entries

REQUIRED = {
    "article": {"author", "title", "journal", "year"},
    "book": {"author", "title", "publisher", "year"},
    "incollection": {"author", "title", "booktitle", "publisher", "year"},
    "inproceedings": {"author", "title", "booktitle", "year"},
    "misc": {"author", "title", "year"},
    "phdthesis": {"author", "title", "school", "year"},
    "techreport": {"author", "title", "institution", "year"},
}
CITATION = re.compile(r"\{cite(?::\w+)?\}`([^`]+)`")


def cited_in(text: str) -> set[str]:
    """Keys of every citation role in a page; `Title <key>` is not a form that citation roles take."""
    return {key.strip() for keys in CITATION.findall(text) for key in keys.split(",")}


def cited_by(entry) -> set[str]:
    """Keys that a catalogue entry and its conventions cite."""
    conventions = getattr(entry, "conventions", ())
    return {key for key in (entry.cite, *(convention.cite for convention in conventions)) if key}


def without_accents(name: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFKD", name) if not unicodedata.combining(letter))


def entries():
    return pytest.mark.parametrize(("key", "entry"), ENTRIES.items(), ids=list(ENTRIES))


@entries()
def test_entry_has_the_fields_its_type_requires(key, entry):
    present = {name.lower() for name in (*entry.fields, *entry.persons)}
    assert REQUIRED[entry.type] <= present


@entries()
def test_key_is_first_family_name_and_year(key, entry):
    name, year = re.fullmatch(r"([a-z]+)(\d{4})[a-z]?", key).groups()
    assert year == entry.fields["year"]
    assert name == without_accents("".join(entry.persons["author"][0].last_names)).lower()


@entries()
def test_identifiers_have_the_form_of_identifiers(key, entry):
    fields = entry.fields
    assert re.fullmatch(r"10\.\d{4,}/\S+", fields.get("doi", "10.0000/none"))
    assert re.fullmatch(r"https://\S+", fields.get("url", "https://none"))
    assert re.fullmatch(r"\d{4}\.\d{4,5}", fields.get("eprint", "0000.00000"))
    assert ("eprint" in fields) == (fields.get("archiveprefix") == "arXiv")


@entries()
def test_page_ranges_run_upwards(key, entry):
    first, last = re.fullmatch(r"(\d+)--(\d+)", entry.fields.get("pages", "0--1")).groups()
    assert int(first) < int(last)


def test_every_entry_formats_without_a_warning():
    # pybtex reports a missing field while it formats, not while it parses.
    style = find_plugin("pybtex.style.formatting", "unsrt")()
    formatted = list(style.format_entries(ENTRIES.values()))
    assert len(formatted) == len(ENTRIES)


def test_entries_are_sorted_by_key():
    assert list(ENTRIES) == sorted(ENTRIES)


@pytest.mark.parametrize("field", ["doi", "eprint", "title"])
def test_no_work_is_listed_twice(field):
    counts = Counter((entry.fields[field].lower(), entry.type) for entry in ENTRIES.values() if field in entry.fields)
    assert [value for value, count in counts.items() if count > 1] == []


def test_file_says_what_may_enter():
    assert "only with verified fields" in REFERENCES.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", catalogue.names())
def test_catalogue_cites_entries(name):
    entry = catalogue.get(name)
    assert cited_by(entry), f"{name} has no citation"
    assert cited_by(entry) <= set(ENTRIES)


@pytest.mark.parametrize("name", catalogue.names())
def test_catalogue_year_and_first_author_are_those_of_the_entry(name):
    activation = catalogue.get(name)
    entry = ENTRIES[activation.cite]
    assert str(activation.year) == entry.fields["year"]
    assert activation.authors.startswith(entry.persons["author"][0].last_names[0])


@pytest.mark.parametrize("page", sorted([*ROOT.glob("*.md"), *ROOT.glob("chapters/*.md")]), ids=lambda page: page.name)
def test_page_cites_entries(page):
    assert cited_in(page.read_text(encoding="utf-8")) <= set(ENTRIES)


def test_citations_are_found_in_every_form():
    assert cited_in("A {cite}`a1990,b1991` and {cite:t}`c1992`, not `d1993`.") == {"a1990", "b1991", "c1992"}
