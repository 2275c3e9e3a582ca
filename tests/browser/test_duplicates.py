"""What one has already, on a phone: told at the link, compared at review, thinned out on its own page."""

import re
from itertools import count

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import DESKTOP, Browsing, Person, Troubles
from tests.browser.looking import SCHEMES, accessibility_problems, layout_problems
from tests.media.audio import make
from tests.media.site import MediaSite

pytestmark = pytest.mark.browser
PICTURE_GONE = "status of 404"
LONG_S = 90
_numbers = count(1)


def link(person: Person, site: MediaSite, title: str) -> str:
    name = f"{person.name} twice {next(_numbers)}"
    return site.track(name, make("mp3", 2), title=title, artist="Ida Holm", uploader="Ida Holm")


def added(person: Person, site: MediaSite, title: str) -> str:
    """The link of a track that is in the library."""
    url = link(person, site, title)
    id = person.inlay.submit(url)
    assert person.inlay.rest(id, LONG_S)["state"] == "review"
    person.inlay.confirm(id)
    person.inlay.done(id)
    return url


def looks_right(page: Page) -> None:
    assert layout_problems(page) == []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        assert accessibility_problems(page) == []


def test_a_thumb_pastes_a_link_twice_compares_and_replaces(
    browse: Browsing, alice: Person, site: MediaSite, troubles: Troubles
) -> None:
    troubles.expected += ["409", PICTURE_GONE]
    title = f"Groyne of {alice.name}"
    url = added(alice, site, title)
    page = browse(alice, "/")
    page.fill("#submit-url", url)
    page.tap("#submit-go")
    box = page.locator("#submit-have")
    expect(box).to_contain_text(f"You have this: {title}")
    looks_right(page)
    page.tap("#submit-again")
    review = page.get_by_role("link", name=f"Review {title}", exact=True)
    expect(review).to_be_visible()
    expect(page.locator(".card", has=review)).to_contain_text("You have this")
    review.tap()

    have = page.locator("#duplicates")
    expect(have.get_by_role("heading", name="You have this")).to_be_visible()
    expect(have.locator("audio")).to_have_count(2)
    expect(have).to_contain_text("as good")
    looks_right(page)
    page.fill("#tag-title", f"{title} (Live)")
    expect(have.locator("audio")).to_have_count(0)
    page.fill("#tag-title", title)
    expect(have.locator("audio")).to_have_count(2)
    have.get_by_label("Then").select_option("overwrite")
    page.fill("#tag-genre", "Ambient")
    expect(have.get_by_label("Then")).to_have_value("overwrite")
    page.tap("#finalize")
    expect(page).to_have_url(re.compile(r"/(\?undo=.*)?$"))
    page.wait_for_timeout(500)
    with alice.inlay.api() as api:
        done = api.get("/downloads").json()["items"][0]
        assert alice.inlay.rest(done["id"])["state"] == "done"
        found = api.get("/library/tracks", params={"q": title}).json()["items"]
    assert [one["genre"] for one in found] == ["Ambient"]


def test_the_page_of_duplicates_is_listened_to_and_thinned_out(
    browse: Browsing, alice: Person, site: MediaSite, troubles: Troubles
) -> None:
    troubles.expected += [PICTURE_GONE]
    title = f"Fog of {alice.name}"
    added(alice, site, title)
    added(alice, site, title)
    page = browse(alice, "/library")
    page.get_by_role("link", name="Duplicates").tap()
    group = page.get_by_role("region", name=title)
    expect(group.locator("audio")).to_have_count(2)
    looks_right(page)
    group.get_by_role("button", name=re.compile(r"\(2\)")).tap()
    expect(page).to_have_url(re.compile(r"/library\?changed="))
    page.goto("/library/duplicates")
    expect(page.get_by_role("region", name=title)).to_have_count(0)


def test_the_preference_is_kept(browse: Browsing, alice: Person, troubles: Troubles) -> None:
    page = browse(alice, "/settings", **DESKTOP)
    page.get_by_label("Then").select_option("overwrite_if_better")
    page.locator("#conflict").get_by_role("button", name="Save").click()
    expect(page.locator("#conflict").get_by_role("status")).to_have_text("Saved.")
    page.reload()
    expect(page.get_by_label("Then")).to_have_value("overwrite_if_better")
