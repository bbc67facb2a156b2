"""The interview in headless Chromium, by keyboard alone: a small page of four cards, and the book's own."""

import functools
import gzip
import http.server
import io
import re
import sys
import threading
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from conftest import _QuietHandler  # noqa: E402

pytestmark = pytest.mark.browser

CARD = """\
````{{interview}} {id}
:level: {level}
:topic: {topic}

What about {id}?

**In thirty seconds.** Short.

**In full.** Long, and naïve.

**Follow-up.** More?

**A weak answer.** Weak.

**A strong answer.** Strong.
````

"""
CARDS = [("first", 1, "classics"), ("second", 2, "classics"), ("third", 2, "softmax"), ("fourth", 3, "softmax")]
SCREENS = [("light", 1280), ("dark", 1280), ("light", 360), ("dark", 360)]
ASKED = "details.interview-card > summary:focus"


def _source() -> str:
    cards = [CARD.format(id=id, level=level, topic=topic) for id, level, topic in CARDS]
    return (
        "# Page\n\n```{interview-controls}\n```\n\n"
        f"## Classics\n\n{cards[0]}{cards[1]}## Softmax\n\n{cards[2]}{cards[3]}"
    )


@pytest.fixture(scope="module")
def small_site(tmp_path_factory):
    """The address of a page with four cards, built by Sphinx alone."""
    folder = tmp_path_factory.mktemp("cards")
    (folder / "conf.py").write_text(
        f"extensions = ['myst_parser', 'interview']\nhtml_static_path = [{str(ROOT / '_static')!r}, 'own']\n"
        f"html_css_files = ['interview.css', 'theme.css']\nhtml_favicon = {str(ROOT / '_static' / 'logo.svg')!r}\n"
    )
    # The colours that the book's theme gives.
    (folder / "own").mkdir()
    names = ("primary", "border", "text-base", "text-muted", "background", "warning", "success", "danger")
    colours = "".join(f"--pst-color-{name}: gray;" for name in names)
    (folder / "own" / "theme.css").write_text(f":root {{ {colours} }}")
    (folder / "index.md").write_text(_source(), encoding="utf8")
    sys.path.insert(0, str(ROOT / "_ext"))
    with docutils_namespace():
        out = folder / "out"
        Sphinx(folder, folder, out, out / ".doctrees", "html", status=None, warning=io.StringIO()).build()
    sys.path.remove(str(ROOT / "_ext"))
    handler = functools.partial(_QuietHandler, directory=str(out))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/index.html"
        server.shutdown()


@pytest.fixture(params=["small", "book"])
def address(request):
    """The page with the cards: the small one, then the book's."""
    if request.param == "small":
        return request.getfixturevalue("small_site")
    return f"{request.getfixturevalue('site')}/chapters/interview.html"


@pytest.fixture
def open_page(browser, address):
    """Open the page; when the test ends, nothing may have been logged as an error."""
    contexts, faults = [], []

    def open_at(scheme="light", width=1280, fragment="", before="", **options):
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, **options)
        contexts.append(context)
        if before:
            context.add_init_script(before)
        page = context.new_page()
        if not before:  # other scripts of a page may stumble over what a test takes away
            page.on("console", lambda message: message.type == "error" and faults.append(message.text))
            page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(address + fragment)
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert not faults


screens = pytest.mark.parametrize(("scheme", "width"), SCREENS)


def tab_to(page, selector: str, most: int = 400) -> None:
    """Press Tab until what ``selector`` names has the focus, and can be seen to have it."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", f"the focus on {selector} cannot be seen"
            return
    raise AssertionError(f"Tab does not lead to {selector}")


def shown(page) -> list[str]:
    cards = page.locator("details.interview-card")
    return cards.evaluate_all("(all) => all.filter((one) => one.checkVisibility()).map((one) => one.id)")


def having(page, **data) -> list[str]:
    """The ids of the cards with these data, in the page's order."""
    wanted = "".join(f'[data-{name}="{value}"]' for name, value in data.items())
    return page.locator(f"details.interview-card{wanted}").evaluate_all("(all) => all.map((one) => one.id)")


# --- by keyboard alone ------------------------------------------------------------------------------------------------


@screens
def test_filters_narrow_the_page_down_and_headings_follow(open_page, scheme, width):
    page = open_page(scheme, width)
    everything = shown(page)
    assert everything == having(page)
    tab_to(page, 'select[name="level"]')
    page.keyboard.type("2")
    assert shown(page) == having(page, level=2)
    tab_to(page, 'select[name="topic"]')
    page.keyboard.type("Softmax")
    assert shown(page) == having(page, level=2, topic="softmax") != []
    status = page.locator(".interview-shown")
    expect(status).to_have_text(f"{len(shown(page))} of {len(everything)} questions shown.")
    assert status.get_attribute("role") == "status"
    empty = page.locator("section:has(> details.interview-card)").filter(has_not=page.locator("summary:visible"))
    assert not any(section.is_visible() for section in empty.all())
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@screens
def test_a_search_filters_as_it_is_typed_and_says_when_nothing_fits(open_page, scheme, width):
    page = open_page(scheme, width)
    everything = shown(page)
    tab_to(page, 'input[name="search"]')
    page.keyboard.type("SOFT")
    few = shown(page)
    page.keyboard.type("max zzz")
    assert len(few) <= len(everything) and shown(page) == []
    expect(page.locator(".interview-shown")).to_have_text("No question fits. Clear the search or choose less.")
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    page.keyboard.press("Enter")
    assert shown(page) == everything


@screens
def test_a_random_question_comes_into_focus_closed_and_within_the_filter(open_page, scheme, width):
    page = open_page(scheme, width)
    tab_to(page, 'select[name="level"]')
    page.keyboard.type("2")
    tab_to(page, 'button[name="random"]')
    page.keyboard.press("Enter")
    asked = page.locator(ASKED)
    expect(asked).to_be_in_viewport()
    card = asked.locator("..")
    first = card.get_attribute("id")
    assert card.get_attribute("data-level") == "2" and card.get_attribute("open") is None
    number = having(page, level=2).index(first) + 1
    expect(page.locator(".interview-said")).to_have_text(f"Question {number} of {len(having(page, level=2))}, level 2.")
    page.keyboard.press("Enter")
    expect(card.locator(".interview-short")).to_be_visible()
    tab_to(page, ".interview-self button")
    page.keyboard.press("Enter")
    expect(page.locator(ASKED)).to_be_in_viewport()
    assert page.locator(ASKED).locator("..").get_attribute("id") != first
    assert page.locator("details.interview-card[open]").count() == 0


@pytest.mark.parametrize("share", [0.22, 0.5, 0.66, 0.78, 0.999])
def test_a_question_far_down_comes_into_view_although_cards_above_it_were_never_laid_out(open_page, share):
    page = open_page(width=360, before=f"Math.random = () => {share}")
    tab_to(page, 'button[name="random"]')
    page.keyboard.press("Enter")
    ids = having(page)
    assert page.locator(ASKED).locator("..").get_attribute("id") == ids[int(share * len(ids))]
    page.wait_for_timeout(300)  # what comes into view is laid out only now
    expect(page.locator(ASKED)).to_be_in_viewport()


@screens
def test_an_answer_opens_in_steps_and_all_close_at_once(open_page, scheme, width):
    page = open_page(scheme, width)
    tab_to(page, "details.interview-card > summary")
    page.keyboard.press("Enter")
    card = page.locator("details.interview-card").first
    for part in ("short", "weak", "strong"):
        expect(card.locator(f".interview-{part}")).to_be_visible()
    expect(card.locator(".interview-full > :nth-child(2)")).to_be_hidden()
    tab_to(page, ".interview-full > summary")
    page.keyboard.press("Space")
    expect(card.locator(".interview-full > :nth-child(2)")).to_be_visible()
    page.locator('button[name="hide"]').press("Enter")
    assert page.locator("details.interview-card[open], .interview-answer details[open]").count() == 0
    expect(page.locator(".interview-said")).to_have_text("All answers are hidden.")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_one_answer_at_a_time_closes_the_others(open_page):
    page = open_page()
    tab_to(page, 'input[name="one"]')
    page.keyboard.press("Space")
    for number in (0, 1):
        page.locator("details.interview-card > summary").nth(number).press("Enter")
        expect(page.locator("details.interview-card[open]")).to_have_count(1)
    page.locator('input[name="one"]').press("Space")
    page.locator("details.interview-card > summary").first.press("Enter")
    expect(page.locator("details.interview-card[open]")).to_have_count(2)


@screens
def test_progress_lasts_filters_and_can_be_forgotten(open_page, scheme, width):
    page = open_page(scheme, width)
    cards = page.locator("details.interview-card")
    tab_to(page, "details.interview-card > summary")
    page.keyboard.press("Enter")
    tab_to(page, ".interview-self input")
    for _ in range(2):
        page.keyboard.press("ArrowRight")  # from the first choice to the last
    expect(cards.first.locator("> summary .interview-grade")).to_have_text("known")
    page.reload()
    expect(cards.first.locator("> summary .interview-grade")).to_have_text("known")
    others = cards.count() - 1
    expect(page.locator(".interview-counts")).to_have_text(f"Known: 1. Shaky: 0. Not yet: {others}.")
    tab_to(page, 'select[name="progress"]')
    page.keyboard.press("End")
    assert shown(page) == having(page)[:1]
    tab_to(page, 'button[name="forget"]')
    page.keyboard.press("Enter")
    expect(page.locator("dialog.interview-forget")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".interview-grade")).to_have_count(1)
    page.keyboard.press("Enter")
    tab_to(page, 'button[name="forget-yes"]')
    page.keyboard.press("Enter")
    expect(page.locator("dialog.interview-forget")).to_be_hidden()
    expect(page.locator(".interview-grade")).to_have_count(0)
    page.reload()
    expect(page.locator(".interview-counts")).to_have_text(f"Known: 0. Shaky: 0. Not yet: {others + 1}.")


# --- where something is missing ---------------------------------------------------------------------------------------

_REFUSED = (
    "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } });"
)
_FULL = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };"


@pytest.mark.parametrize("before", [_REFUSED, _FULL], ids=["refused", "full"])
def test_a_storage_that_is_refused_or_full_breaks_nothing(open_page, before):
    page = open_page(before=before)
    card = page.locator("details.interview-card").first
    card.locator("> summary").press("Enter")
    card.locator('.interview-self input[value="shaky"]').press("Space")
    expect(card.locator("> summary .interview-grade")).to_have_text("shaky")
    expect(page.locator(".interview-said")).to_contain_text("This browser does not keep your progress")
    expect(page.locator(".interview-counts")).to_contain_text("Shaky: 1.")


def test_the_address_of_a_question_opens_it_also_behind_a_filter(open_page):
    page = open_page()
    ids = having(page)
    page = open_page(fragment=f"#{ids[-1]}")
    expect(page.locator(ASKED)).to_be_in_viewport()
    assert page.locator("details.interview-card[open]").evaluate_all("(open) => open.map((one) => one.id)") == ids[-1:]
    page.locator('input[name="search"]').press_sequentially("zzz")
    assert shown(page) == []
    page.evaluate("(id) => { location.hash = id; }", ids[0])
    expect(page.locator(f"#{ids[0]} .interview-short")).to_be_visible()
    assert shown(page) == ids


def test_without_scripts_cards_open_and_no_dead_control_is_shown(open_page):
    page = open_page(java_script_enabled=False)
    expect(page.locator(".interview-controls")).to_be_hidden()
    page.locator("details.interview-card > summary").first.press("Enter")
    expect(page.locator(".interview-short").first).to_be_visible()


def test_on_paper_there_are_no_controls(open_page):
    page = open_page()
    page.locator("details.interview-card > summary").first.press("Enter")
    page.emulate_media(media="print")
    expect(page.locator(".interview-controls")).to_be_hidden()
    expect(page.locator(".interview-self")).to_be_hidden()
    expect(page.locator(".interview-short").first).to_be_visible()


def test_nothing_moves_for_who_wants_less_motion(open_page):
    page = open_page(reduced_motion="reduce")
    moving = page.evaluate(
        "[...document.querySelectorAll('.interview-card, .interview-card *, .interview-controls *')].filter((one) => "
        "getComputedStyle(one).transitionDuration.split(',').some((time) => parseFloat(time) > 0.01)).length"
    )
    assert moving == 0
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


# --- the book's page --------------------------------------------------------------------------------------------------


def test_the_page_weighs_less_than_250_kilobytes(built_book):
    page = (built_book / "chapters" / "interview.html").read_bytes()
    assert len(gzip.compress(page)) < 250_000


@pytest.mark.parametrize("width", [320, 360])
def test_no_answer_is_cut_off_on_a_narrow_screen(browser, site, width):
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(f"{site}/chapters/interview.html", wait_until="networkidle")
    page.add_style_tag(content=".interview-card { content-visibility: visible }")
    page.locator(".interview-card, .interview-card details").evaluate_all(
        "(all) => all.forEach((one) => one.open = true)"
    )
    page.evaluate("async () => { await document.fonts.ready; return null }")  # what stands in for a font is wider
    cut = page.locator(".interview-card").evaluate_all(
        """(cards) => cards.flatMap((card) => {
            const edge = card.getBoundingClientRect().right;
            const wide = [...card.querySelectorAll("mjx-container, code, p, li, table")].filter((one) =>
                one.getBoundingClientRect().right > edge
                && !one.closest("mjx-container[display], div.math, pre, .pst-scrollable-table-container"));
            return wide.map((one) => `${card.id}: ${one.textContent.slice(0, 60)}`);
        })"""
    )
    assert cut == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_what_the_page_offers_to_take_away_is_there(site, browser):
    page = browser.new_page()
    page.goto(f"{site}/chapters/interview.html")
    offered = page.locator(".flash-cards a")
    assert offered.count() == 2
    for link in offered.all():
        with page.expect_download() as download:
            link.press("Enter")
        assert Path(download.value.path()).stat().st_size > 10_000
    page.close()


@screens
def test_check_yourself_answers_by_keyboard_alone(browser, site, scheme, width):
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.goto(f"{site}/chapters/sigmoid.html")
    page.wait_for_selector(".check-number-form")
    page.locator("h2:has-text('Check yourself') a.headerlink").focus()
    tab_to(page, "details.check-option > summary")
    page.keyboard.press("Enter")
    opened = page.locator("details.check-option[open] .check-reason")
    assert re.match(r"(Right|No)\.", opened.inner_text()) and opened.is_visible()
    tab_to(page, ".check-number-form input")
    page.keyboard.type("0.9")
    page.keyboard.press("Enter")
    expect(page.locator(".check-number-form output").first).to_have_text("No, it is smaller than that.")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()
