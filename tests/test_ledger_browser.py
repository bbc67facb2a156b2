"""The page of all claims in a browser: what the search shows, where the links lead, and life without scripts."""

import pytest
from activations import claims
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

ALL = len(claims.all_claims())


@pytest.fixture
def page(browser, site):
    page = browser.new_page()
    page.goto(f"{site}/chapters/claims.html", wait_until="networkidle")
    yield page
    page.close()


def test_typing_narrows_the_claims_and_clearing_brings_them_back(page):
    search, count = page.get_by_role("search"), page.locator(".ledger-search output")
    expect(count).to_have_text(f"{ALL} of {ALL} claims")
    search.get_by_role("searchbox").focus()
    page.keyboard.type("Slope CEILING")
    expect(page.get_by_role("link", name="sigmoid-slope-ceiling").first).to_be_visible()
    expect(page.locator("tr:visible", has_text="No affine map followed by a threshold")).to_have_count(0)
    expect(page.get_by_role("heading", name="XOR, four points")).to_be_hidden()
    found = int(count.inner_text().split()[0])
    assert 1 <= found < 10
    page.keyboard.type(" zzz")
    expect(count).to_have_text(f"0 of {ALL} claims")
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    expect(count).to_have_text(f"{ALL} of {ALL} claims")
    expect(page.get_by_role("heading", name="XOR, four points")).to_be_visible()


def test_a_verdict_can_be_chosen(page):
    page.get_by_role("search").get_by_role("combobox").select_option("Reported")
    reported = [claim.id for claim in claims.all_claims().values() if claim.verdict == "reported"]
    expect(page.locator(".ledger-search output")).to_have_text(f"{len(reported)} of {ALL} claims")
    expect(page.locator("tr:visible", has_text="universal-approximation-theorem")).to_have_count(1)


def test_what_answers_the_sources_is_not_searched(page):
    page.get_by_role("searchbox", name="Search the claims").fill("zzz")
    expect(page.locator("tr:visible", has_text="S0.1")).not_to_have_count(0)


def test_a_link_leads_to_the_box_and_marks_it(page):
    page.get_by_role("link", name="sigmoid-slope-ceiling").first.click()
    box = page.locator("#claim-sigmoid-slope-ceiling")
    expect(box).to_be_in_viewport()
    assert box.evaluate("box => getComputedStyle(box).outlineStyle") == "solid"


def test_without_scripts_every_claim_is_there_and_no_field(browser, site):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site}/chapters/claims.html")
    assert page.get_by_role("search", name="Search the claims").count() == 0
    text = page.locator("main").inner_text()
    assert all(id in text for id in claims.all_claims())
    context.close()


def test_the_tables_fit_a_phone(page):
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
