"""A rule on a phone: the offer after a correction, one tap, and where to take it back."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import DESKTOP, Browsing, Person, Troubles, card
from tests.browser.looking import SCHEMES, accessibility_problems, layout_problems
from tests.media.audio import make
from tests.media.site import MediaSite

pytestmark = pytest.mark.browser
PICTURE_GONE = "status of 404"
"""A card's picture goes when its track is added, which may be before a slow browser asks for it."""
LONG_S = 90
"""The first download of a process waits until yt-dlp is loaded."""


def fetched(person: Person, site: MediaSite, title: str) -> str:
    """The id of a download from the channel that waits for its review."""
    link = site.track(f"{person.name} {title}", make("mp3", 2), title=title, uploader="saltpan99")
    id = person.inlay.submit(link)
    assert person.inlay.rest(id, LONG_S)["state"] == "review"
    return id


def looks_right(page: Page) -> None:
    assert layout_problems(page) == []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        assert accessibility_problems(page) == []


def test_correct_once_tap_once_and_never_type_it_again(
    browse: Browsing, alice: Person, site: MediaSite, troubles: Troubles
) -> None:
    troubles.expected += ["422", PICTURE_GONE]
    page = browse(alice, f"/downloads/{fetched(alice, site, 'Harbour Lights')}/review")
    page.fill("#tag-artist", "Jane Roe")
    page.tap("#finalize")
    offer = page.locator("#offer")
    expect(offer).to_contain_text("Next time from saltpan99")
    expect(offer).to_contain_text("artist is Jane Roe")
    looks_right(page)
    expect(card(page, "done")).to_have_count(1)
    expect(offer).to_be_visible()
    page.reload()
    offer.get_by_role("button", name="Always").tap()
    expect(offer).to_contain_text("Kept for saltpan99")
    expect(offer.get_by_role("button")).to_have_count(0)

    page.goto(f"/downloads/{fetched(alice, site, 'Low Tide')}/review")
    expect(page.locator("#tag-artist")).to_have_value("Jane Roe")
    expect(page.locator("#why-artist")).to_contain_text("your rule")
    looks_right(page)
    page.locator("#why-artist a").tap()
    expect(page).to_have_url(re.compile("/settings/rules#rule-"))
    looks_right(page)

    page.get_by_role("button", name="Delete: artist is Jane Roe, saltpan99").tap()
    expect(page.locator("#rules")).to_contain_text("There are no rules yet.")
    looks_right(page)
    page.get_by_role("button", name="Undo").tap()
    field = page.get_by_label("Artist", exact=True)
    expect(field).to_have_value("Jane Roe")
    field.fill("  ")
    page.get_by_role("button", name="Save").tap()
    expect(page.get_by_role("alert")).to_contain_text("Artist: write something, or delete the rule.")
    looks_right(page)
    field.fill("Jane Roe & the Tide")
    page.get_by_role("button", name="Save").tap()
    expect(page.get_by_text("Saved.")).to_be_visible()

    page.get_by_role("button", name="All sites: switch on").tap()
    expect(page.get_by_role("button", name="All sites: switch off")).to_be_visible()
    page.get_by_role("button", name="127.0.0.1: switch off").tap()
    page.get_by_role("button", name="127.0.0.1: as for all sites").tap()
    expect(page.get_by_role("button", name="127.0.0.1: switch off")).to_be_visible()
    looks_right(page)


def test_no_makes_the_offer_go_away(
    browse: Browsing, alice: Person, site: MediaSite, troubles: Troubles
) -> None:
    troubles.expected.append(PICTURE_GONE)
    page = browse(alice, f"/downloads/{fetched(alice, site, 'Harbour Lights')}/review", **DESKTOP)
    page.fill("#tag-artist", "Jane Roe")
    page.click("#finalize")
    looks_right(page)
    page.get_by_role("button", name="No: artist is Jane Roe").click()
    expect(page.locator("#offer").get_by_role("button")).to_have_count(0)
    page.reload()
    expect(page.locator("#offer")).to_have_count(0)
