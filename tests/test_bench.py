"""What the benches of pages and of growth count and compare: the right things, against the right book."""

import http.client
import importlib
import re
import struct
import zlib
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from jupyter_book.config import get_default_sphinx_config, get_final_config
from myst_nb.core.config import ipywidgets_js_factory

ROOT = Path(__file__).parents[1]
OURS = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf8"))


def _bench(name):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "bench"))
        return importlib.import_module(name)


pages, growth, default_book, site_of = map(_bench, ("pages", "growth", "_default_book", "_site"))


# --- numbers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mime", "kind"),
    [
        ("text/html", "html"),
        ("text/css", "css"),
        ("text/javascript", "script"),
        ("application/javascript", "script"),
        ("font/woff", "font"),
        ("font/woff2", "font"),
        ("image/svg+xml", "image"),
        ("image/png", "image"),
        ("application/json", "other"),
        ("", "other"),
    ],
)
def test_a_response_is_counted_under_its_kind(mime, kind):
    assert pages.kind(mime) == kind


@pytest.mark.parametrize(
    ("shifts", "score"),
    [
        ([], 0),
        ([(10, 0.1)], 0.1),
        ([(10, 0.1), (900, 0.1)], 0.2),
        ([(10, 0.1), (1100, 0.15)], 0.15),  # a second of rest between them
        ([(at, 0.1) for at in range(0, 8000, 900)], 0.6),  # five seconds are the longest window
    ],
)
def test_layout_shift_is_the_worst_window(shifts, score):
    assert pages.shift_score(shifts) == pytest.approx(score)


def test_only_long_tasks_after_the_first_paint_block():
    assert pages.blocking_time([(0, 500), (600, 50), (700, 51)], since=550) == 1
    assert pages.blocking_time([(0, 500)], since=400) == 50  # the part after the paint


def _numbers(**given):
    return dict.fromkeys(pages.COLUMNS, 1.0) | given


def test_medians_take_each_column_by_itself():
    loads = [_numbers(FCP=1, LCP=9), _numbers(FCP=2, LCP=7), _numbers(FCP=900, LCP=8)]
    assert pages.medians(loads) == _numbers(FCP=2, LCP=8)


def test_what_paints_while_the_page_is_read_is_not_its_first_screen():
    seen = {
        "paints": [100.0],
        "largest": [[100.0, "h1"], [300.0, "p"], [2000.0, "img"]],
        "shifts": [[200.0, 0.01, ["p"]], [1900.0, 0.5, ["img"]]],
        "tasks": [[250.0, 90.0], [1800.0, 500.0]],
    }
    expected = {"FCP": 100.0, "LCP": 300.0, "shift": 0.01, "read": 0.5, "TBT": 40.0}
    assert pages.timed(seen, settled=1000.0) == expected
    assert pages.why(seen, largest=300.0)[0] == "    LCP    300 ms: p"


def test_a_ratio_to_nothing_is_left_open_and_the_table_stays_straight():
    ratios = pages.ratios(_numbers(FCP=1), _numbers(FCP=4, foreign=0))
    assert ratios["FCP"] == 0.25 and ratios["foreign"] is None
    lines = [pages.row("softmax", "ours", _numbers(shift=0.0123)), pages.row("", "ratio", ratios, whole=False)]
    assert {len(line) for line in lines} == {28 + 9 * len(pages.COLUMNS)}
    assert "0.012" in lines[0] and "0.25" in lines[1]


def test_the_aims_stand_beside_the_worst_page():
    light = {"ours": _numbers(requests=20, FCP=10), "default": _numbers(FCP=100)}
    heavy = {"ours": _numbers(requests=70, FCP=60), "default": _numbers(FCP=100)}
    lines = pages.verdicts({"light": light, "heavy": heavy})
    assert lines[0] == "requests: at most 70 (heavy); the aim is below 25"
    assert lines[-1] == "first paint: at most 0.60 of the default's (heavy); the aim is below 0.5"


# --- the default book -------------------------------------------------------------------------------------------------


def test_every_local_extension_is_content_or_look():
    # A new one belongs into one of the two lists of bench/_default_book.py: does the text need it, or only its look?
    assert {*default_book.CONTENT, *default_book.LOOK} == set(OURS["sphinx"]["local_extensions"])
    assert not set(default_book.CONTENT) & set(default_book.LOOK)


def _final(config):
    """What Jupyter Book tells Sphinx for a ``_config.yml``."""
    return get_final_config(user_yaml=config, cli_config={"latex_individualpages": False})[0]


def test_the_default_book_has_jupyter_books_defaults_and_what_the_content_needs():
    config = _final(default_book.default_config(OURS, ["widgets/require.js"]))
    plain = _final({})
    named = [*default_book.EXTENSIONS, *default_book.CONTENT, "sphinxcontrib.bibtex"]
    # Jupyter Book adds two of its own behind those that a book names.
    own = [name for name in config["extensions"] if name not in named]
    assert set(own) == set(plain["extensions"]) >= set(get_default_sphinx_config()["extensions"])
    changed = {name for name, value in config.items() if name != "extensions" and plain.get(name) != value}
    assert changed <= {
        *("html_title", "author", "copyright", "html_logo", "latex_doc_overrides", "html_theme_options"),
        *("exclude_patterns", "external_toc_exclude_missing", "bibtex_bibfiles", "bibtex_reference_style"),
        *("nb_execution_mode", "nb_execution_raise_on_error", "nb_execution_show_tb", "nb_execution_timeout"),
        *("nb_output_stderr", "nb_mime_priority_overrides", "nb_render_markdown_format", "nb_ipywidgets_js"),
        *("myst_enable_extensions", "myst_heading_anchors", "html_extra_path"),
    }
    options, usual = config["html_theme_options"], plain["html_theme_options"]
    assert {name for name in options if options[name] != usual.get(name)} == {"repository_url", "repository_branch"}


def test_without_npm_the_default_names_the_scripts_of_widgets_as_ever():
    assert "nb_ipywidgets_js" not in default_book.default_config(OURS, [])["sphinx"]["config"]


def test_the_scripts_of_widgets_are_those_that_myst_nb_names():
    versions = [re.search(r"(require\.js|html-manager)[@/]([\d.]+\d)/", url)[2] for url in ipywidgets_js_factory()]
    assert [package.rpartition("@")[2] for package in default_book.WIDGETS] == versions


def test_the_default_book_takes_no_style_and_no_template_of_ours(tmp_path, monkeypatch):
    sources = default_book.copy_book
    monkeypatch.setattr(default_book, "copy_book", lambda folder, executed: sources(folder, executed=False))
    script = tmp_path / "require.js"
    script.write_text("// a script")
    default_book.write_default_book(tmp_path / "book", [script])
    kept = {path.suffix for path in (tmp_path / "book" / "_static").rglob("*")}
    assert kept and not kept & {".css", ".js"}
    assert not (tmp_path / "book" / "_templates").exists()
    written = yaml.safe_load((tmp_path / "book" / "_config.yml").read_text(encoding="utf8"))
    assert next(iter(written["sphinx"]["local_extensions"])) == "kernel_environment", "others import the package"
    assert (tmp_path / "book" / "extra" / "_static" / "widgets" / "require.js").exists()
    assert (tmp_path / "book" / "chapters" / "relu.md").exists()


# --- growth -----------------------------------------------------------------------------------------------------------


def test_a_grown_book_lists_pages_that_are_there_and_shares_no_card(tmp_path):
    chapters = ["chapters/catalogue", "chapters/interview", "chapters/relu"]
    growth.write_grown_book(tmp_path, chapters, 2, executed=False)
    parts = yaml.safe_load((tmp_path / "_toc.yml").read_text())["parts"]
    files = [tmp_path / f"{chapter['file']}.md" for part in parts for chapter in part["chapters"]]
    assert len(files) == 6 and all(file.exists() for file in files)
    text = "\n".join(file.read_text(encoding="utf8") for file in files)
    for pattern in (r"^`+\{interview\} (\S+)$", r"^:label: (\S+)$", r"^\((\S+)\)=$"):
        found = re.findall(pattern, text, re.MULTILINE)
        assert found and len(set(found)) == len(found), pattern


def test_an_executed_copy_has_the_cells_of_the_first(tmp_path):
    text = (ROOT / "chapters" / "relu.md").read_text(encoding="utf8")
    cells = re.compile(r"^```\{code-cell\}.*?^```$", re.MULTILINE | re.DOTALL)
    assert cells.findall(growth.relabelled(text, 2)) == cells.findall(text)


@pytest.mark.parametrize("options", ["", ":tags: [hide-input]\n", "---\ntags: [hide-input]\n---\n"])
def test_a_copy_to_be_executed_imports_its_own_package_first(options):
    text = f"# Title\n\n```{{code-cell}} ipython3\n{options}import activations\n```\n"
    line = 'import sys; sys.path.insert(0, "/copy/code")\n'
    assert growth.with_own_package(text, Path("/copy/code")) == text.replace("import act", line + "import act")


# --- the host and a load ----------------------------------------------------------------------------------------------


def _png(width, height):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = (b"\0" + b"\x55" * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


_PAGE = """<!doctype html><html lang="en"><title>Tiny</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="../style.css">
<script type="module" src="../late.mjs"></script><img src="../picture.png" alt="A grey square"><p>{words}</p>
<script src="http://127.0.0.1:1/foreign.js" async></script></html>"""


@pytest.fixture
def tiny(tmp_path):
    (tmp_path / "chapters").mkdir()
    (tmp_path / "chapters" / "tiny.html").write_text(_PAGE.format(words="Words that are moved. " * 60))
    (tmp_path / "style.css").write_text("p { color: #222 }\n" * 500)
    # The picture's place grows when the page has been painted: what stands below moves.
    grow = "setTimeout(() => (document.querySelector('img').height = 300), 300)"
    (tmp_path / "late.mjs").write_text(f"requestAnimationFrame(() => requestAnimationFrame(() => {grow}));")
    (tmp_path / "picture.png").write_bytes(_png(40, 40))
    with site_of.served(tmp_path) as address:
        yield address


def test_the_host_packs_text_and_keeps_the_connection(tiny):
    connection = http.client.HTTPConnection(urlsplit(tiny).netloc)
    got = {}
    for name in ("style.css", "picture.png", "nowhere.css", "chapters/tiny.html"):
        connection.request("GET", f"/{name}")
        answer = connection.getresponse()
        got[name] = answer.status, answer.getheader("Content-Encoding"), len(answer.read())
        assert answer.status == 404 or not answer.will_close
    connection.close()
    assert got["style.css"][:2] == (200, "gzip") and got["style.css"][2] < 200
    assert got["picture.png"][:2] == (200, None)
    assert got["nowhere.css"][0] == 404


@pytest.mark.browser
def test_a_load_counts_requests_kilobytes_and_what_moves(browser, tiny):
    numbers, seen = pages.load(browser, tiny, "tiny", pages.SCREENS["laptop, 1280 × 800"])
    assert set(numbers) == set(pages.COLUMNS)
    assert numbers["requests"] == 4 and numbers["foreign"] == 1
    assert all(numbers[kind] > 0 for kind in ("html", "css", "script", "image")) and numbers["font"] == 0
    assert numbers["css"] < 1, "nine kilobytes of one rule pack into less than one"
    assert numbers["FCP"] >= 80, "two requests, one after the other, at 40 ms each"
    assert numbers["shift"] > 0.01
    assert "p “Words that" in "\n".join(pages.why(seen, numbers["LCP"]))


@pytest.mark.parametrize(("fault", "told"), [(ConnectionResetError, False), (KeyError, True)])
def test_the_host_tells_of_faults_and_not_of_browsers_that_leave(capsys, fault, told):
    with site_of.Server(("127.0.0.1", 0), None) as server:
        try:
            raise fault
        except fault:
            server.handle_error(None, ("127.0.0.1", 1))
    assert (fault.__name__ in capsys.readouterr().err) == told
