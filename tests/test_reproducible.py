"""Two builds give the same bytes: the comparison sees what differs, times stay out of it, and no page holds a trap."""

import re
import sys
from pathlib import Path

import pytest
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "_ext"), str(ROOT / "bench")]
from reproducible import differences, files  # noqa: E402
from timings import without_times  # noqa: E402

# --- the comparison --------------------------------------------------------------------------------------------------

TIME = '<td><span class="fast" data-timing>{time}<i style="width: {time}%"></i></span></td>'
PAGE = f'<p id="start">A page of words.</p>\n{TIME}'


@pytest.fixture
def builds(tmp_path):
    """``builds(files, files)`` is what the comparison says of two folders with these files."""

    def compare(*written: dict[str, str]) -> list[str]:
        for number, contents in enumerate(written):
            for name, text in contents.items():
                path = tmp_path / str(number) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf8")
        return list(differences(*(files(tmp_path / str(number)) for number in range(2))))

    return compare


def test_equal_builds_have_no_difference(builds):
    assert builds({"a.html": "é", "deep/b.js": "1"}, {"a.html": "é", "deep/b.js": "1"}) == []


def test_a_time_is_not_compared_and_a_word_beside_it_is(builds):
    first = {"a.html": PAGE.format(time=12)}
    assert builds(first, {"a.html": PAGE.format(time=97)}) == []
    (found,) = builds(first, {"a.html": PAGE.format(time=97).replace("words", "wolds")})
    assert found.startswith("a.html: differs from byte 26 on") and "wolds" in found


@pytest.mark.parametrize("planted", ['class="fast"', "data-timing", "</td>"])
def test_what_stands_around_a_time_is_compared(builds, planted):
    page = PAGE.format(time=12)
    assert len(builds({"a.html": page}, {"a.html": page.replace(planted, "")})) == 1


def test_only_pages_have_times(builds):
    assert len(builds({"a.js": PAGE.format(time=12)}, {"a.js": PAGE.format(time=97)})) == 1


def test_a_file_that_ends_early_or_is_missing_is_a_difference(builds):
    first = {"a.html": "ab", "only.svg": "x", "same.svg": "x"}
    ends, missing, new = builds(first, {"a.html": "a", "same.svg": "x", "z.svg": "x"})
    assert ends.startswith("a.html: differs from byte 1 on")
    assert (missing, new) == ("only.svg: only in the first build", "z.svg: only in the second build")


# --- times and the search --------------------------------------------------------------------------------------------


def test_a_time_ends_with_its_own_element():
    html = "<td data-timing>1<i>2</i></td><td>3</td><span data-timing>4</span> 5 <b class='data-timing'>6</b>"
    assert without_times(html) == (
        "<td data-timing></td><td>3</td><span data-timing></span> 5 <b class='data-timing'>6</b>"
    )


def test_a_time_stands_on_the_page_and_not_in_the_search_index(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "_ext"))
    (tmp_path / "conf.py").write_text("extensions = ['timings']\n")
    raw = '<p class="times">Zebra <span data-timing>31415 <b>27182</b></span> giraffe 16180</p>'
    (tmp_path / "index.rst").write_text(f"Title\n=====\n\n.. raw:: html\n   :class: kept\n\n   {raw}\n")
    out = tmp_path / "out"
    with docutils_namespace():
        Sphinx(tmp_path, tmp_path, out, out / ".doctrees", "html", status=None, warning=None).build()
    page, index = ((out / name).read_text(encoding="utf8") for name in ("index.html", "searchindex.js"))
    assert f'<div class="kept docutils container">\n{raw}' in page or f'<div class="kept">{raw}</div>' in page
    assert '"zebra"' in index and '"giraff"' in index and '"16180"' in index
    assert "31415" not in index and "27182" not in index


# --- the book --------------------------------------------------------------------------------------------------------

TRAPS = {
    "an address in memory": re.compile(r" at 0x[0-9a-f]{6,}"),
    "an id drawn anew": re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b"),
    "a temporary file": re.compile(r"/tmp/|ipykernel_\d+|\\Temp\\"),
    "a home folder": re.compile(r"(?<![\w./-])/(?:home|Users|root)/\w"),
    "the time of the build": re.compile(r"Last updated|<dc:date>|\b\d\d:\d\d:\d\d\.\d{3,}"),
}


@pytest.mark.parametrize(
    ("text", "trap"),
    [
        ("<function f at 0x7f3a2b1c4d>", "an address in memory"),
        ('id="9f0c1d2e-3b4a-4c5d-8e6f-0a1b2c3d4e5f"', "an id drawn anew"),
        ('File "/tmp/ipykernel_12/3.py", line 1', "a temporary file"),
        ("see /home/someone/book", "a home folder"),
        ("<dc:date>2026-01-01T00:00:00</dc:date>", "the time of the build"),
    ],
)
def test_a_trap_is_seen(text, trap):
    assert [name for name, pattern in TRAPS.items() if pattern.search(text)] == [trap]


@pytest.mark.slow
def test_no_page_holds_what_another_build_would_write_differently(built_book):
    traps = TRAPS | {"the folder of the book": re.compile(re.escape(str(ROOT)))}
    read = [path for path in built_book.rglob("*") if path.suffix in {".html", ".svg", ".ipynb", ".csv"}]
    read.append(built_book / "searchindex.js")
    found = {
        (path.relative_to(built_book).as_posix(), name): hit[0]
        for path in read
        for name, trap in traps.items()
        if (hit := trap.search(path.read_text(encoding="utf8")))
    }
    assert len(read) > 100 and not found
