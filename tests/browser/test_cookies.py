"""A track for members, on a phone: from the failed card to the cookies and back, with scripts and without."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import PHONE, SMALL_PHONE, Browsing, Person, Troubles, card
from tests.browser.looking import SCHEMES, accessibility_problems, layout_problems
from tests.cookies.people import VALUE, export, line
from tests.journeys import short_track
from tests.media.site import MediaSite

pytestmark = pytest.mark.browser
LONG_S = 90


def looks_right(page: Page) -> None:
    assert layout_problems(page) == []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        assert accessibility_problems(page) == []


@pytest.mark.parametrize("with_scripts", [True, False])
def test_a_members_track_is_a_tap_a_file_and_a_tap_away(
    with_scripts: bool, browse: Browsing, alice: Person, site: MediaSite, troubles: Troubles
) -> None:
    troubles.expected += ["422", "404"]
    name = f"members {with_scripts}"
    link = site.only_for(f"session={VALUE}", short_track(site, name))
    assert alice.inlay.rest(alice.inlay.submit(link), LONG_S)["state"] == "failed"
    page = browse(alice, "/", **(SMALL_PHONE if with_scripts else {**PHONE, "java_script_enabled": False}))
    if with_scripts:
        looks_right(page)
    card(page, "failed").get_by_role("link", name="Cookies of 127.0.0.1").tap()
    expect(page.locator("#cookies-site")).to_have_value("127.0.0.1")
    page.get_by_role("button", name="Save cookies").tap()
    expect(page.get_by_role("alert")).to_contain_text("Choose a file or paste its text first.")
    expect(page.locator("#cookies-site")).to_have_value("127.0.0.1")
    if with_scripts:
        looks_right(page)
        page.fill("#cookies-text", export(line(), line(domain=".youtube.com")).decode())
        page.fill("#cookies-site", "")
    else:
        file = {"name": "cookies.txt", "mimeType": "text/plain", "buffer": export(line())}
        page.set_input_files("#cookies-file", file)  # type: ignore[arg-type]
    page.get_by_role("button", name="Save cookies").tap()
    expect(page.get_by_role("status").filter(has_text="Saved 1 cookie of 127.0.0.1")).to_be_visible()
    expect(page.locator("#cookies-text")).to_have_value("")
    if with_scripts:
        looks_right(page)
    page.get_by_role("button", name="Try 1 again: failed download of 127.0.0.1").tap()
    expect(page).to_have_url(re.compile(r"/$"))
    expect(card(page, "review")).to_contain_text(f"Saltmarsh {name}")

    page.goto("/settings/cookies")
    expect(page.locator("[id='cookies-127.0.0.1']")).to_contain_text("accepted")
    page.get_by_role("button", name="Remove the cookies of 127.0.0.1").tap()
    expect(page.locator("[id='cookies-127.0.0.1']")).to_have_count(0)
