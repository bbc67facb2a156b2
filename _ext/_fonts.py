"""Fonts with nothing in them but what pages show, asked for as early as the page's style sheet."""

from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from sphinx.application import Sphinx


def cut_font(origin: Path, copy: Path, characters: set[int]) -> None:
    """Write a font with the shapes of these characters alone, or all of it where it has none of them.

    Browsers refuse a font without characters. Of MathJax's Zero the height matters alone.
    """
    font = TTFont(origin, recalcTimestamp=False)
    options = subset.Options(layout_features=[], notdef_outline=True)
    options.drop_tables += ["FFTM"]  # when an editor saved it: else a warning a font
    cutter = subset.Subsetter(options)
    own = set(font.getBestCmap())
    cutter.populate(unicodes=characters & own or own)
    cutter.subset(font)
    font.flavor = "woff2"
    font.save(copy)


def preload_font(app: Sphinx, name: str) -> None:
    """Have the page that is being written ask for a font at once, instead of when its style sheet is there."""
    kind = {"as": "font", "rel": "preload", "type": "font/woff2", "crossorigin": "anonymous"}
    app.add_css_file(name, priority=100, **kind)
