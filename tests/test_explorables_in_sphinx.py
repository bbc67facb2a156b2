"""The Sphinx extension for explorables: pages that hold one load the front end, once, small and from their own site."""

import gzip
import importlib
import os
import subprocess
import zlib
from pathlib import Path
from types import SimpleNamespace

import pytest
from activations import explore
from activations.charts import Chart, Line

EXTENSION = Path(__file__).parents[1] / "_ext" / "explorables.py"


def _write(source: Path) -> None:
    chart = Chart("x", "y", [Line([0, 1], [0, 1])], words="A line.")
    page = explore.explore(lambda i: chart, i=[1, 2]).as_html()
    (source / "index.rst").write_text("Home\n====\n\n.. toctree::\n\n   live\n", encoding="utf-8")
    (source / "live.rst").write_text(f"Live\n====\n\n.. raw:: html\n\n   {page}\n", encoding="utf-8")


def _build(source: Path, build: Path) -> None:
    application, docutils = map(pytest.importorskip, ("sphinx.application", "sphinx.util.docutils"))
    with pytest.MonkeyPatch.context() as patch, docutils.docutils_namespace():
        patch.syspath_prepend(EXTENSION.parent)
        patch.setenv(explore.BUILD_FLAG, "")
        settings = {"extensions": ["explorables"], "project": "book"}
        application.Sphinx(source, None, build, build / ".doctrees", "html", settings, status=None).build()
        assert os.environ[explore.BUILD_FLAG] == "1", "kernels of the build show no progress bar"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A built site of two pages, of which the second holds an explorable."""
    source, build = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("build")
    _write(source)
    _build(source, build)
    return build


def test_only_pages_with_an_explorable_load_the_front_end(site):
    home, live = ((site / name).read_text(encoding="utf-8") for name in ("index.html", "live.html"))
    assert "host.mjs" not in home and "explorable.mjs" not in home
    assert '<script type="module" src="_static/explorables/host.mjs' in live
    assert '<link rel="modulepreload" href="_static/explorables/explorable.mjs"' in live


def test_front_end_is_whole_and_under_twelve_kilobytes(site):
    files = {path.name: path.read_bytes() for path in (site / "_static" / "explorables").iterdir()}
    assert files.keys() == {"explorable.css", "explorable.mjs", "host.mjs"}
    assert sum(len(gzip.compress(content)) for content in files.values()) < 12_000
    assert b"--vermillion: #d55e00" in files["explorable.css"]


def test_the_host_asks_for_the_module_by_its_content(site):
    """Else a browser that has kept the former one would run it with the new host."""
    folder = site / "_static" / "explorables"
    content = zlib.crc32((folder / "explorable.mjs").read_bytes())
    assert f'from "./explorable.mjs?v={content:08x}";' in (folder / "host.mjs").read_text(encoding="utf-8")


def test_a_build_that_writes_no_page_writes_nothing_beside_them(tmp_path):
    source, build = tmp_path / "source", tmp_path / "build"
    source.mkdir()
    _write(source)
    _build(source, build)
    style = build / "_static" / "explorables" / "explorable.css"
    style.write_text("")
    _build(source, build)
    assert style.read_text() == ""
    (source / "index.rst").write_text("Home\n====\n\nMore.\n\n.. toctree::\n\n   live\n", encoding="utf-8")
    _build(source, build)
    assert style.read_text() != ""


def test_modules_without_their_comments_still_parse(site, node):
    for module in (site / "_static" / "explorables").glob("*.mjs"):
        assert "/**" not in module.read_text(encoding="utf-8")
        subprocess.run([node, "--check", module], check=True)


def test_pages_do_not_carry_the_state_of_widgets(monkeypatch):
    monkeypatch.syspath_prepend(EXTENSION.parent)
    extension = importlib.import_module("explorables")
    files = {"ipywidgets_state": (None, {"body": "frames"}), "other": ("a.js", {})}
    environment = SimpleNamespace(nb_metadata={"live": {"js_files": files}, "index": {}})
    assert extension._forget_widget_states(None, environment) == []
    assert list(files) == ["other"]
    assert extension._forget_widget_states(None, SimpleNamespace()) == []
