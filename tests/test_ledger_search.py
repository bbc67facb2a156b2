"""The search of the claims is loaded by the page that has a place for it, and by no other."""

from pathlib import Path

from activations.claims import contents
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

ROOT = Path(__file__).parents[1]


def test_only_the_page_of_the_ledger_loads_the_search(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "_ext"))
    place = contents.search()._repr_markdown_()
    (tmp_path / "conf.py").write_text(
        f"extensions = ['myst_parser', 'ledger_search']\nhtml_static_path = [{str(ROOT / '_static')!r}]\n"
    )
    (tmp_path / "index.md").write_text("# Home\n\n```{toctree}\nledger\n```\n")
    (tmp_path / "ledger.md").write_text(f"# Ledger\n\n{place}\n", encoding="utf8")
    out = tmp_path / "_build"
    with docutils_namespace():
        Sphinx(tmp_path, tmp_path, out, out / ".doctrees", "html", status=None, warning=None).build()
    home, ledger = ((out / name).read_text(encoding="utf8") for name in ("index.html", "ledger.html"))
    assert "ledger.mjs" not in home
    assert ledger.count('<script type="module" src="_static/ledger.mjs') == 1
    assert place in ledger and (out / "_static" / "ledger.mjs").exists()
