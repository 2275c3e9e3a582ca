"""What waits says why and until when, at phone size; the order can be changed; Activity shows the rest."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import Browsing, Person, card
from tests.journeys import short_track
from tests.media.audio import make
from tests.media.faults import Slow, Status
from tests.media.site import MediaSite
from tests.running import wait_for

pytestmark = pytest.mark.browser


def names(page: Page) -> list[str]:
    return page.locator("#cards-way .name").all_inner_texts()


def seconds_left(page: Page) -> int:
    minutes, seconds = page.locator(".card time").inner_text().split(":")
    return int(minutes) * 60 + int(seconds)


def test_a_try_to_come_is_counted_down_and_can_be_had_now(
    browse: Browsing, alice: Person, site: MediaSite
) -> None:
    link = short_track(site, "counted", page_faults=[Status(503, retry_after_s=200, times=1)])
    id = alice.inlay.submit(link)
    wait_for(lambda: alice.inlay.download(id)["retry_at"])
    page = browse(alice)
    shown = card(page, "queued")
    expect(shown).to_contain_text(re.compile(r"The site .*\. Trying again in [23]:\d\d"))
    before = seconds_left(page)
    wait_for(lambda: seconds_left(page) <= before - 2, 10)
    shown.get_by_role("button", name="Try now").click()
    expect(card(page, "review")).to_be_visible()
    expect(card(page, "review")).to_contain_text("Waits for you until")


def test_a_person_brings_a_waiting_download_forward(browse: Browsing, alice: Person, site: MediaSite) -> None:
    # Four at a time are fetched for one user: the fifth and the sixth wait.
    slow = (site.track(f"slow-{alice.name}-{n}", make("mp3", 60), faults=[Slow(20_000)]) for n in range(4))
    ids = [alice.inlay.submit(link) for link in slow]
    wait_for(lambda: all(alice.inlay.download(id)["state"] == "downloading" for id in ids), 60)
    for name in ("fifth", "sixth"):
        alice.inlay.submit(short_track(site, f"{name}-{alice.name}"))
    page = browse(alice)
    expect(page.locator(".card[data-state=queued]")).to_have_count(2)
    assert [name.split("-")[0].rpartition("/")[2] for name in names(page)[-2:]] == ["fifth", "sixth"]
    page.locator(".card[data-state=queued]").last.get_by_role("button", name="First").click()
    wait_for(lambda: "sixth" in names(page)[-2])
    assert "fifth" in names(page)[-1]


def test_activity_shows_sites_disks_and_versions(browse: Browsing, alice: Person, site: MediaSite) -> None:
    assert alice.inlay.rest(alice.inlay.submit(short_track(site, "seen")))["state"] == "review"
    page = browse(alice, "/settings")
    page.get_by_role("link", name="Activity").click()
    expect(page.get_by_role("heading", name="Activity")).to_be_visible()
    expect(page.locator(".site")).to_contain_text("127.0.0.1")
    expect(page.locator("#activity")).to_contain_text("to review")
    with page.expect_response(re.compile(r"/activity\?seen=")) as poll:
        pass
    assert poll.value.status in (200, 204)
    expect(page.locator("#activity")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
