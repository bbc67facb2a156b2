"""The site carries the icons that it shows, and no others."""

import io
import re
from pathlib import Path

import pydata_sphinx_theme
import pytest
from fontTools.ttLib import TTFont

ROOT = Path(__file__).parents[1]
THEME = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static"
STYLE = (
    '.fa-sun:before{content:"\\f185"}.fa-moon:before,.fa-night:before{content:"\\f186"}'
    '.fa-a:before{content:"A"}p{top:0}'
)


@pytest.fixture
def lighten(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "_ext"))
    import light_icons

    return light_icons.lighten


def test_rules_of_unused_icons_go_and_all_else_stays(lighten):
    assert lighten(STYLE, {"fa-night"}) == ('.fa-moon:before,.fa-night:before{content:"\\f186"}p{top:0}', {0xF186})
    assert lighten(STYLE, {"fa-a"}) == ('.fa-a:before{content:"A"}p{top:0}', {ord("A")})
    assert lighten(STYLE, set()) == ("p{top:0}", set())


def test_the_themes_own_sheet_has_such_rules(lighten):
    style = (THEME / "styles" / "pydata-sphinx-theme.css").read_text(encoding="utf8")
    light, characters = lighten(style, {"fa-sun", "fa-github"})
    assert characters == {0xF185, 0xF09B}
    assert len(light) < 0.8 * len(style)


@pytest.mark.browser
def test_every_icon_on_a_page_has_its_shape(built_book):
    static = built_book / "_static"
    assert not (static / "scripts" / "fontawesome.js").exists()
    style = (static / "styles" / "pydata-sphinx-theme.css").read_text(encoding="utf8")
    shown = set()
    for path in built_book.rglob("*.html"):
        shown |= set(
            re.findall(
                r'class="[^"]*\bfa[bsr]?(?:-solid|-brands|-regular)? (fa-[\w-]+)', path.read_text(encoding="utf8")
            )
        )
    fonts = (static / "vendor" / "fontawesome" / "webfonts").glob("*.woff2")
    characters = set().union(*(TTFont(io.BytesIO(font.read_bytes())).getBestCmap() for font in fonts))
    assert len(shown) > 10
    for name in shown:
        rule = re.search(rf"\.{name}:{{1,2}}before[^{{]*{{content:\"\\?([^\"]+)\"", style)
        assert rule and int(rule[1], 16) in characters, name
