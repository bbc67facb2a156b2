"""Send a page one style sheet and one script, under addresses that change with their content.

The theme and the extensions bring some twenty style sheets and a dozen scripts, and a page would wait for each.
What every page has goes into ``_static/site.css`` and ``_static/site.js`` when the build ends; what one page alone has
stays as it is. Rules for what no page shows are left out. Then every address of a static file, on every page (also
those that were not written again), gets the digest of the file: it may be kept for ever, and a change reaches all.
"""

import re
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path

from _bundles import fingerprinted, names_in, script, sheet, trim
from _written import wrote_html
from sphinx.application import Sphinx

SHEET, SCRIPT = "site.css", "site.js"
THEME_SHEETS = ["styles/theme.css", "styles/pydata-sphinx-theme.css"]
THEME_SCRIPTS = ["scripts/bootstrap.js", "scripts/pydata-sphinx-theme.js"]
"""What the theme's own macros would load, first of all and last of all; ``_templates/static/`` leaves it out."""

OPTIONS = "documentation_options.js"
"""Inline scripts speak of it, so that it cannot wait; it changes with the settings alone, and then all pages do."""

SEARCH = "sphinx_highlight.js"
"""Only the page of the search needs it, and loads it by ``_templates/search.html``."""

_ADDRESS = re.compile(
    r'(?P<start>\s(?:href|src)="(?:\.\./)*)(?P<path>_static/[^"?#]+\.(?:css|m?js|svg|png|woff2)|searchindex\.js)(?:\?[^"#]*)?(?=")'
)
_PAYLOAD = re.compile(r' data-payload="[^"]*"')


class OneOfEach:
    """What every page has, taken from the pages as they are written and put into one of each at the end."""

    def __init__(self) -> None:
        self._common: set[str] = set()
        self._sheets: list[str] = []
        self._scripts: list[str] = []

    def note_common(self, app: Sphinx, page: str, template: str, context: dict, doctree: object) -> None:
        """Before any extension adds what this page alone has."""
        assets = [*context["css_files"], *context["script_files"]]
        self._common = {asset.filename for asset in assets if asset.filename}

    def replace(self, app: Sphinx, page: str, template: str, context: dict, doctree: object) -> None:
        """Put one sheet and one script in the place of all those that every page has."""
        sheets = self._take(context["css_files"], _is_plain_sheet)
        scripts = self._take(context["script_files"], lambda asset: True)
        attributes = {key: value for one in scripts for key, value in one.attributes.items() if key != "type"}
        names = [_name(one) for one in scripts]
        self._sheets = [*THEME_SHEETS, *map(_name, sheets)]
        self._scripts = [*(name for name in names if name not in (OPTIONS, SEARCH)), *THEME_SCRIPTS]
        app.add_css_file(SHEET, priority=0)
        options = Path(app.outdir) / "_static" / OPTIONS
        context["first_script"] = "\n".join(
            [options.read_text(encoding="utf8"), *self._inline(context["script_files"])]
        )
        app.add_js_file(SCRIPT, priority=900, **attributes | {"defer": "defer"})

    def _take(self, assets: list, is_wanted: Callable[[object], bool]) -> list:
        taken = [asset for asset in assets if asset.filename in self._common and is_wanted(asset)]
        assets[:] = [asset for asset in assets if asset not in taken]
        return sorted(taken, key=attrgetter("priority"))

    def _inline(self, assets: list) -> list[str]:
        """Inline scripts, which stand before the style sheet: behind it the rest of the page would wait for it."""
        inline = [asset for asset in assets if asset.attributes.get("body") and "type" not in asset.attributes]
        assets[:] = [asset for asset in assets if asset not in inline]
        return [asset.attributes["body"] for asset in sorted(inline, key=attrgetter("priority"))]

    def write(self, app: Sphinx, error: Exception | None) -> None:
        """Write both, and the present digests into every page; nothing to do when no page was written."""
        if not wrote_html(app, error) or not self._sheets:
            return
        out, static = Path(app.outdir), Path(app.outdir) / "_static"
        pages = [page for page in out.rglob("*.html") if static not in page.parents]
        # A book without a formula has no style sheet for formulas.
        paths = [static / name for name in self._sheets if (static / name).is_file()]
        style = "".join(sheet(path, static) for path in paths)
        names = _names([*pages, *static.rglob("*.js"), *static.rglob("*.mjs")])
        (static / SHEET).write_text(trim(style, names), encoding="utf8")
        (static / SCRIPT).write_text(script([static / name for name in self._scripts]), encoding="utf8")
        for page in pages:
            mark_addresses(page, out)
        for path in static.rglob("*.map"):
            path.unlink()  # the theme brings two megabytes of them, for scripts that no page loads


def _name(asset: object) -> str:
    return asset.filename.removeprefix("_static/")


def _is_plain_sheet(asset: object) -> bool:
    """Not a preload, and not for some media alone."""
    return asset.attributes == {"rel": "stylesheet", "type": "text/css"}


def _names(sources: list[Path]) -> set[str]:
    return names_in(_PAYLOAD.sub("", path.read_text(encoding="utf8")) for path in sources)


def mark_addresses(page: Path, out: Path) -> None:
    """Give every address of a static file on a page the digest of that file."""
    text = page.read_text(encoding="utf8")
    marked = _ADDRESS.sub(lambda match: match["start"] + fingerprinted(match["path"], out / match["path"]), text)
    if marked != text:
        page.write_text(marked, encoding="utf8")


def setup(app: Sphinx) -> dict[str, bool]:
    pages = OneOfEach()
    app.connect("html-page-context", pages.note_common, priority=0)
    app.connect("html-page-context", pages.replace, priority=999)
    app.connect("build-finished", pages.write, priority=950)  # after those that write style sheets, scripts and fonts
    return {"parallel_read_safe": True, "parallel_write_safe": False}
