"""Cards on their way: they poll while something goes on, and can be stopped, repeated and dropped."""

import re

import pytest
from playwright.sync_api import Page, Response, expect

from tests.browser.driving import Browsing, Person, card, hand_in
from tests.media.audio import make
from tests.media.faults import Stall, Status
from tests.media.site import MediaSite
from tests.running import wait_for

pytestmark = pytest.mark.browser


def polls_of(page: Page) -> list[int]:
    """A list that grows with the status of each answer to a card's question."""
    found: list[int] = []

    def note(answer: Response) -> None:
        if re.search(r"/card\b|/inbox\b", answer.url):
            found.append(answer.status)

    page.on("response", note)
    return found


def offer_stalled(site: MediaSite, name: str) -> str:
    return site.track(name, make("mp3", 60), title=f"Title of {name}", faults=[Stall(400_000)])


def test_unchanged_card_polls_cheaply(browse: Browsing, alice: Person, site: MediaSite) -> None:
    alice.inlay.submit(offer_stalled(site, "unchanged"))
    page = browse(alice)
    expect(card(page, "downloading")).to_contain_text("MB")
    page.wait_for_timeout(1_500)
    polls = polls_of(page)
    page.wait_for_timeout(3_300)
    assert 2 <= len(polls) <= 4
    assert set(polls) == {204}


def test_ready_done_and_failed_cards_do_not_poll(browse: Browsing, alice: Person, site: MediaSite) -> None:
    inlay = alice.inlay
    gone = site.track("poll-gone", page_faults=[Status(404)])
    done, ready = (site.track(f"poll-{name}", make("mp3", 2), title=name) for name in ("done", "ready"))
    page = browse(alice)
    for link, state in ((done, "review"), (gone, "failed")):
        hand_in(page, link)
        card(page, state).wait_for()
    inlay.confirm(inlay.rest(inlay.submit(ready))["id"])
    page.goto("/")
    hand_in(page, site.track("poll-last", make("mp3", 2), title="last"))
    expect(card(page, "review")).to_have_count(2)
    expect(card(page, "done")).to_have_count(1)
    polls = polls_of(page)
    page.wait_for_timeout(3_000)
    assert polls == []


def test_cancel_takes_card_and_staged_files_away(browse: Browsing, alice: Person, site: MediaSite) -> None:
    page = browse(alice)
    hand_in(page, offer_stalled(site, "unwanted"))
    expect(card(page, "downloading")).to_contain_text("MB")
    [staged] = [one.name for one in alice.inlay.staging.iterdir() if f"download-{one.name}" in page.content()]
    page.get_by_role("button", name="Cancel").tap()
    expect(card(page)).to_have_count(0)
    expect(page.locator("#inbox")).to_contain_text("Nothing is waiting.")
    wait_for(lambda: not (alice.inlay.staging / staged).exists())
    assert alice.inlay.download(staged)["state"] == "cancelled"


def test_failed_link_says_so_in_one_sentence_and_works_when_retried(
    browse: Browsing, alice: Person, site: MediaSite
) -> None:
    link = site.track("mended", make("mp3", 2), title="Mended", page_faults=[Status(404)])
    page = browse(alice)
    hand_in(page, link)
    failed = card(page, "failed")
    sentence = failed.locator(".state").inner_text()
    assert re.fullmatch(r"[A-Z][^.]{10,90}\.( [A-Z][^.]{3,60}\.)?", sentence)
    assert "404" not in sentence
    expect(page.get_by_role("heading", name="Needs you")).to_be_visible()
    site.mend(link)
    failed.get_by_role("button", name="Retry").tap()
    expect(card(page, "review")).to_contain_text("Mended")
    expect(failed).to_have_count(0)


def test_failed_link_can_be_dropped(browse: Browsing, alice: Person, site: MediaSite) -> None:
    page = browse(alice)
    hand_in(page, site.track("unloved", page_faults=[Status(404)]))
    card(page, "failed").get_by_role("button", name="Drop").tap()
    expect(card(page)).to_have_count(0)
    page.reload()
    expect(card(page)).to_have_count(0)
