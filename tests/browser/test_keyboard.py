"""The whole journey with Tab, Enter and typing: no mouse, no lost focus."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import DESKTOP, Browsing, Person, card
from tests.browser.looking import focus_is_visible
from tests.media.audio import make
from tests.media.site import MediaSite
from tests.running import PASSWORD

pytestmark = pytest.mark.browser

WHERE = """() => {
  const it = document.activeElement;
  const label = it.getAttribute("aria-label") ?? it.labels?.[0]?.textContent ?? it.textContent;
  return it === document.body ? "nowhere" : it.id ? `#${it.id}` : label.trim();
}"""


def where(page: Page) -> str:
    return str(page.evaluate(WHERE))


def tab_to(page: Page, wanted: str) -> None:
    """Tab until there, and see at each stop where we are."""
    passed = []
    while where(page) != wanted:
        page.keyboard.press("Tab")
        passed.append(where(page))
        assert len(passed) < 40, passed
        # The player's own buttons are the browser's, and so is their outline.
        assert passed[-1] in ("#preview", "nowhere") or focus_is_visible(page), passed[-1]


def test_whole_journey_needs_no_mouse(browse: Browsing, alice: Person, site: MediaSite) -> None:
    link = site.track("hands-free", make("mp3", 60, pitch_hz=262), title="Hands Free")
    page = browse(path="/login", **DESKTOP)
    page.keyboard.type(alice.name)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#submit-url")).to_be_focused()
    assert focus_is_visible(page)
    page.keyboard.type(link)
    page.keyboard.press("Enter")
    expect(card(page)).to_have_count(1)
    expect(page.locator("#submit-url")).to_be_focused()
    expect(card(page, "review")).to_have_count(1)
    tab_to(page, "Review Hands Free")
    page.keyboard.press("Enter")
    expect(page.locator("#review")).to_be_visible()
    tab_to(page, "#tag-title")
    page.keyboard.press("End")
    page.keyboard.type(" at Last")
    expect(page.locator("#path")).to_contain_text("Hands Free at Last.mp3")
    assert where(page) == "#tag-title"
    tab_to(page, "#finalize")
    page.keyboard.press("Enter")
    expect(card(page, "done")).to_contain_text("Hands Free at Last.mp3")


def test_cancel_keeps_the_focus_while_its_card_changes(
    browse: Browsing, alice: Person, site: MediaSite
) -> None:
    alice.inlay.submit(site.track("patient", make("mp3", 60), title="Patient", rate_bps=60_000))
    page = browse(alice, **DESKTOP)
    expect(card(page, "downloading")).to_contain_text("MB")
    tab_to(page, "Cancel Patient")
    lines = set()
    for _ in range(8):
        page.wait_for_timeout(500)
        lines.add(card(page).locator(".state").inner_text())
        assert where(page) == "Cancel Patient"
    assert len(lines) >= 3
    page.keyboard.press("Enter")
    expect(card(page)).to_have_count(0)


def test_focus_is_somewhere_useful_when_a_focused_button_goes(
    browse: Browsing, alice: Person, site: MediaSite
) -> None:
    alice.inlay.submit(site.track("moving", make("mp3", 60), title="Moving", rate_bps=400_000))
    page = browse(alice, **DESKTOP)
    expect(card(page, "downloading")).to_contain_text("MB")
    tab_to(page, "Cancel Moving")
    expect(card(page, "review")).to_have_count(1)
    page.wait_for_timeout(500)
    assert where(page) == "Review Moving"


def test_skip_link_leads_past_the_places(browse: Browsing, alice: Person) -> None:
    page = browse(alice, "/library", **DESKTOP)
    page.keyboard.press("Tab")
    assert where(page) == "To the content"
    assert focus_is_visible(page)
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("Tab")
    assert where(page) == "#find-q"
