"""What every reader can rely on: a way past the menus, a focus that shows, room for large text, tables with headers."""

import pytest
from bs4 import BeautifulSoup

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def pages(built_book):
    found = (path.relative_to(built_book).as_posix() for path in built_book.rglob("*.html"))
    return sorted(page for page in found if not page.startswith("_static/"))


@pytest.fixture
def visit(browser, site):
    """``visit(path, **options)`` opens a page in a context of its own."""
    contexts = []

    def open_at(path, **options):
        contexts.append(browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | options)))
        page = contexts[-1].new_page()
        page.goto(f"{site}/{path}")
        return page

    yield open_at
    for context in contexts:
        context.close()


def test_the_first_key_leads_past_the_menus(visit):
    page = visit("chapters/sigmoid.html")
    page.keyboard.press("Tab")
    assert "Skip to main content" in page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main, article') !== null")


def test_focus_shows_on_whatever_the_keyboard_reaches(visit):
    """Fifty steps from the top of a chapter: links, buttons, formulas that scroll, claims, an explorable's controls."""
    page = visit("chapters/sigmoid.html")
    page.evaluate("document.querySelector('article').setAttribute('tabindex', -1)")
    page.evaluate("document.querySelector('article').focus()")
    kinds = set()
    for _ in range(50):
        page.keyboard.press("Tab")
        kind, outline, shadow = page.evaluate(
            "() => { const one = document.activeElement, look = getComputedStyle(one);"
            " return [one.tagName, look.outlineStyle + look.outlineWidth, look.boxShadow] }"
        )
        assert outline not in ("none0px", "none3px") or shadow != "none", (
            kind,
            page.evaluate("document.activeElement.outerHTML"),
        )
        kinds.add(kind)
    assert {"A", "SUMMARY"} <= kinds


def test_text_of_twice_the_size_fits(visit, pages):
    wide = {}
    for path in pages:
        page = visit(path)
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > 1280:
            wide[path] = width
        page.close()
    assert not wide


def test_who_asked_for_less_motion_gets_none(visit):
    page = visit("chapters/sigmoid.html", reduced_motion="reduce")
    slow = page.evaluate(
        "() => [...document.querySelectorAll('*')].filter((one) => { const look = getComputedStyle(one);"
        " return [look.transitionDuration, look.animationDuration].some((all) => all.split(',').some((each) =>"
        " parseFloat(each) > (each.trim().endsWith('ms') ? 1 : 0.001))) }).map((one) => one.outerHTML.slice(0, 100))"
    )
    assert not slow


def test_tables_have_headers(built_book, pages):
    for path in pages:
        soup = BeautifulSoup((built_book / path).read_text(encoding="utf8"), "html.parser")
        for table in soup.select("article table:not(.indextable)"):
            assert table.select("th"), (path, table.get_text(" ")[:80])


def test_print_has_the_text_and_not_the_menus(visit):
    page = visit("chapters/sigmoid.html")
    page.emulate_media(media="print")
    assert "Where the sigmoid comes from" in page.locator("h1:visible").inner_text()
    assert page.locator("article p").first.is_visible()
    assert not page.locator(".bd-sidebar-primary").is_visible()
    assert not page.locator(".bd-header-article").is_visible()
