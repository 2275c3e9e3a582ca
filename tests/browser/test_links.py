"""The box for a link: what is wrong with one is said in place, and nothing that was typed is lost."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import PHONE, Browsing, Person, Troubles, card, hand_in
from tests.media.audio import make
from tests.media.faults import Stall
from tests.media.site import MediaSite

pytestmark = pytest.mark.browser

BAD = "my favourite song"


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id"))


def test_bad_link_is_refused_in_place_and_stays_as_typed(
    browse: Browsing, alice: Person, troubles: Troubles
) -> None:
    troubles.expected.append("422")
    page = browse(alice)
    page.evaluate("window.same = true")
    with page.expect_response("**/downloads") as answer:
        page.locator("#submit-url").press_sequentially(BAD)
        page.keyboard.press("Enter")
    assert answer.value.status == 422
    field = page.locator("#submit-url")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(page.locator("#submit-error").inner_text())
    assert page.locator("#submit-error").inner_text().endswith(".")
    expect(field).to_have_value(BAD)
    expect(field).to_be_focused()
    page.keyboard.type("!")
    expect(field).to_have_value(BAD + "!")
    page.locator("#submit-go").tap()
    expect(page.locator("#submit-error")).not_to_be_empty()
    page.wait_for_timeout(200)
    assert focused(page) in ("submit-url", "submit-go")
    assert page.evaluate("window.same")
    expect(card(page)).to_have_count(0)


def test_same_link_twice_says_that_it_is_here_already(
    browse: Browsing, alice: Person, site: MediaSite, troubles: Troubles
) -> None:
    troubles.expected.append("409")
    link = site.track("twice", make("mp3", 60), title="Twice", faults=[Stall(100_000)])
    page = browse(alice)
    hand_in(page, link)
    expect(card(page)).to_have_count(1)
    hand_in(page, link)
    expect(page.locator("#submit-error")).to_have_text("This link is in your inbox already.")
    expect(page.locator("#submit-url")).to_have_value(link)
    expect(card(page)).to_have_count(1)


def test_error_goes_away_with_the_next_good_link(
    browse: Browsing, alice: Person, site: MediaSite, troubles: Troubles
) -> None:
    troubles.expected.append("422")
    page = browse(alice)
    hand_in(page, BAD)
    expect(page.locator("#submit-error")).not_to_be_empty()
    hand_in(page, site.track("good", make("mp3", 2), title="Good"))
    expect(page.locator("#submit-error")).to_be_empty()
    expect(card(page, "review")).to_contain_text("Good")


def test_shared_link_waits_in_the_box_for_a_tap(browse: Browsing, alice: Person, site: MediaSite) -> None:
    link = site.track("shared", make("mp3", 2), title="Shared")
    page = browse(alice, f"/add?url={link}&title=Shared%20by%20a%20friend")
    expect(page.locator("#submit-url")).to_have_value(link)
    expect(page.locator("#submit")).to_contain_text("Shared by a friend")
    assert site.hits_at(link) == []
    page.locator("#submit-go").tap()
    expect(card(page, "review")).to_contain_text("Shared")


def test_paste_button_brings_the_link_from_the_clipboard(browse: Browsing, alice: Person) -> None:
    link = "https://example.org/a-song"
    page = browse(alice, **PHONE, permissions=["clipboard-read", "clipboard-write"])
    page.evaluate("(link) => navigator.clipboard.writeText(` ${link} `)", link)
    page.get_by_role("button", name="Paste").tap()
    expect(page.locator("#submit-url")).to_have_value(link)
    expect(page.locator("#submit-url")).to_be_focused()
