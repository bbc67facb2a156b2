"""Ship the icons that pages show, and not the two thousand that the theme brings.

The theme draws its icons from fonts and names them in its style sheet, and brings all of them a second time as a
script. ``_templates/static/webpack-macros.html`` leaves the script out; here the fonts and the style sheet are cut down
to the icons in use when the build ends.
"""

import re
from pathlib import Path

import pydata_sphinx_theme
from _fonts import cut_font, preload_font
from _written import wrote_html
from sphinx.application import Sphinx

THEME = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static"
STYLE = Path("styles") / "pydata-sphinx-theme.css"
FONTS = Path("vendor") / "fontawesome" / "webfonts"

_RULE = re.compile(r"(?P<names>(?:\.fa-[\w-]+:{1,2}before,?)+)\{content:\"(?P<character>[^\"]*)\"\}")
_NAME = re.compile(r"\bfa-[\w-]+")


def icons_in_use(html: Path) -> set[str]:
    """The names of icons on any page, and of those that the theme's script puts there later."""
    sources = [*html.rglob("*.html"), html / "_static" / "scripts" / "pydata-sphinx-theme.js"]
    return {name for path in sources if path.exists() for name in _NAME.findall(path.read_text(encoding="utf8"))}


def lighten(style: str, used: set[str]) -> tuple[str, set[int]]:
    """The style sheet without the rules of icons that are not used, and the characters of those that are."""
    characters = set()

    def keep(rule: re.Match) -> str:
        if not used.intersection(_NAME.findall(rule["names"])):
            return ""
        escape = rule["character"].removeprefix("\\")
        characters.add(int(escape, 16) if len(escape) > 1 else ord(escape))
        return rule[0]

    return _RULE.sub(keep, style), characters


def _lighten(app: Sphinx, error: Exception | None) -> None:
    static = Path(app.outdir) / "_static"
    if not wrote_html(app, error) or not (static / STYLE).exists():
        return
    style, characters = lighten((THEME / STYLE).read_text(encoding="utf8"), icons_in_use(Path(app.outdir)))
    (static / STYLE).write_text(style, encoding="utf8")
    for origin in (THEME / FONTS).glob("*.woff2"):
        cut_font(origin, static / FONTS / origin.name, characters)
    for path in [static / "scripts" / "fontawesome.js", *(static / FONTS).glob("*.ttf")]:
        path.unlink(missing_ok=True)


def _preload(app: Sphinx, page: str, template: str, context: dict, doctree: object) -> None:
    preload_font(app, (FONTS / "fa-solid-900.woff2").as_posix())


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", _preload)
    app.connect("build-finished", _lighten)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
