"""A lab's link leads to its own chapter on Binder."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "_ext"))

import launch_links  # noqa: E402 - found by the line above


@pytest.mark.parametrize(
    "repository", ["https://github.com/o/n", "https://github.com/o/n/", "https://github.com/o/n.git"]
)
def test_the_address_opens_the_chapter_as_a_notebook(repository):
    expected = "https://mybinder.org/v2/gh/o/n/main?urlpath=lab%2Ftree%2Fchapters%2Fxor.md"
    assert launch_links.address(repository, "main", "chapters/xor") == expected


def test_only_placeholders_are_filled_in():
    options = {"repository_url": "https://github.com/o/n", "repository_branch": "dev"}
    app = SimpleNamespace(config=SimpleNamespace(html_theme_options=options))
    context = {"body": '<a href="launch:">run</a> <a href="x.html">other</a>'}
    launch_links._fill_in(app, "chapters/xor", "page.html", context, None)
    assert "/dev?urlpath=" in context["body"] and "launch:" not in context["body"]
    assert '<a href="x.html">other</a>' in context["body"]
