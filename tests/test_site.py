"""The built book in a real browser: no error, nothing missing, nothing asked of another host."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser


def _pages(built_book: Path) -> list[str]:
    pages = (path.relative_to(built_book).as_posix() for path in built_book.rglob("*.html"))
    return sorted(page for page in pages if not page.startswith("_static/"))  # the theme drops templates there


def _complaints(browser, address: str, site: str) -> list[str]:
    """What a page's first visit logs as an error, cannot load, or asks another host for."""
    complaints = []
    page = browser.new_page()
    page.on("console", lambda message: message.type == "error" and complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: request.url.startswith((site, "data:")) or complaints.append(request.url))
    page.on("response", lambda response: response.ok or complaints.append(f"{response.status} {response.url}"))
    page.goto(address, wait_until="networkidle")
    page.close()
    return complaints


def test_every_page_loads_without_an_error_or_another_host(browser, site, built_book):
    faults = {page: _complaints(browser, f"{site}/{page}", site) for page in _pages(built_book)}
    assert not {page: found for page, found in faults.items() if found}


def test_the_check_sees_a_planted_error_and_a_missing_file(browser, site, built_book):
    # Below _static, where nobody looks for pages.
    planted = built_book / "_static" / "planted.html"
    planted.write_text('<title>x</title><script>console.error("planted")</script><img src="nowhere.png">')
    try:
        found = _complaints(browser, f"{site}/_static/planted.html", site)
    finally:
        planted.unlink()
    assert "planted" in found
    assert any("404" in complaint and "nowhere.png" in complaint for complaint in found)


def test_mathematics_stands_without_scripts_and_does_not_move(browser, site, built_book):
    name = next(page for page in _pages(built_book) if 'class="math' in (built_book / page).read_text(encoding="utf8"))
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site}/{name}")
    formula = page.locator("article mjx-container").first
    assert "MJX" in formula.evaluate(
        "(container) => getComputedStyle(container.querySelector('mjx-c'), '::before').fontFamily"
    )
    assert "\\(" not in page.inner_text("article")
    context.close()


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
def test_a_first_visit_follows_the_readers_system(browser, site, scheme, dark):
    page = browser.new_page(color_scheme=scheme)
    page.goto(f"{site}/index.html", wait_until="networkidle")
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.close()
    luminance = sum(map(int, re.findall(r"\d+", background)[:3])) / (3 * 255)
    assert (luminance < 0.5) is dark


def test_a_page_has_its_colours_without_scripts(browser, site):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site}/index.html")
    assert page.locator("html").get_attribute("data-theme") == "light"
    context.close()
