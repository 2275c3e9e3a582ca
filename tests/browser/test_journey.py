"""From a pasted link to a file in the library, with a thumb on a phone."""

import time
from typing import Any

import mutagen
import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import Browsing, Person, card, hand_in, inbox_of
from tests.media.audio import make
from tests.media.site import MediaSite

pytestmark = pytest.mark.browser

COUNT_TAPS = 'window.taps = 0; addEventListener("click", () => window.taps++, true);'
LOOK = """(card) => ({
  state: card.dataset.state,
  title: card.querySelector(".name").textContent,
  line: card.querySelector(".state").textContent,
  percent: card.querySelector("progress[value]")?.value ?? null,
  picture: card.querySelector("img.thumb")?.naturalWidth ?? 0,
})"""


def watch_until_ready(page: Page) -> list[dict[str, Any]]:
    """What the only card showed, each time that it showed something new."""
    seen: list[dict[str, Any]] = []
    deadline = time.monotonic() + 30
    while not seen or seen[-1]["state"] != "review":
        assert time.monotonic() < deadline, seen
        look = card(page).first.evaluate(LOOK)
        if not seen or look != seen[-1]:
            seen.append(look)
        page.wait_for_timeout(50)
    return seen


def offer_slow_track(site: MediaSite) -> str:
    return site.track(
        "slow-boat",
        make("mp3", 60, pitch_hz=233),
        title="Slow Boat Home",
        artist="Ida Holm",
        uploader="Ida Holm",
        upload_date="2023-04-05",
        rate_bps=190_000,
    )


def test_card_moves_while_the_audio_comes_and_then_says_that_it_is_ready(
    browse: Browsing, alice: Person, site: MediaSite
) -> None:
    page = browse(alice)
    hand_in(page, offer_slow_track(site))
    card(page).wait_for()
    expect(page.locator("#submit-url")).to_have_value("")
    seen = watch_until_ready(page)
    fetching = [look for look in seen if look["state"] == "downloading"]
    percents = list(dict.fromkeys(look["percent"] for look in fetching if look["percent"]))
    assert len(percents) >= 4
    assert percents == sorted(percents)
    lines = {look["line"] for look in fetching if "MB" in look["line"]}
    assert len(lines) >= 4
    assert all("%" in line and " of 1." in line for line in lines)
    assert any("/s" in line for line in lines)
    assert any(look["title"] == "Slow Boat Home" for look in fetching)
    assert any(look["picture"] > 0 for look in fetching)
    expect(page.get_by_role("heading", name="Ready for you")).to_be_visible()


def test_two_taps_lead_from_a_ready_card_to_a_file_in_the_library(
    browse: Browsing, alice: Person, site: MediaSite
) -> None:
    link = site.track(
        "kettle",
        make("mp3", 30, pitch_hz=247),
        title="Tern & Tide - Kettle Song (Official Video)",
        uploader="Tern & Tide",
        upload_date="2021-11-19",
    )
    page = browse(alice, prepare=COUNT_TAPS)
    loads: list[str] = []
    page.on("domcontentloaded", lambda _: loads.append("load"))
    hand_in(page, link)
    card(page, "review").wait_for()
    page.evaluate("window.taps = 0")

    page.get_by_role("link", name="Review").tap()
    title, artist = page.locator("#review [name=title]"), page.locator("#review [name=artist]")
    expect(title).to_have_value("Kettle Song")
    expect(artist).to_have_value("Tern & Tide")
    expect(page.locator("#why-title")).to_contain_text("sure")
    expect(page.locator("#why-date")).to_contain_text("upload date")
    assert page.locator("#cover").evaluate("(it) => it.decode().then(() => it.naturalWidth)") > 0
    check_path_follows_typing(page)
    check_player(page)
    page.locator("#finalize").tap()

    expect(page).to_have_url(inbox_of(browse.inlay))
    expect(card(page, "done")).to_contain_text("Tern & Tide/Kettle Songs.mp3")
    assert page.evaluate("window.taps") == 2
    assert loads == []

    file = browse.inlay.library / "Tern & Tide" / "Kettle Songs.mp3"
    tags = mutagen.File(file, easy=True)
    assert {name: tags[name][0] for name in ("title", "artist", "albumartist", "date")} == {
        "title": "Kettle Songs",
        "artist": "Tern & Tide",
        "albumartist": "Tern & Tide",
        "date": "2021-11-19",
    }
    assert mutagen.File(file).tags.getall("APIC")
    check_lists(page)
    assert loads == []


def check_path_follows_typing(page: Page) -> None:
    expect(page.locator("#path")).to_have_text("Tern & Tide/Kettle Song.mp3")
    title = page.locator("#review [name=title]")
    title.focus()
    page.keyboard.press("End")
    page.keyboard.type("s")
    expect(page.locator("#path")).to_have_text("Tern & Tide/Kettle Songs.mp3")
    expect(title).to_have_value("Kettle Songs")
    expect(title).to_be_focused()


def check_player(page: Page) -> None:
    preview = page.locator("audio#preview")
    with page.expect_response(lambda answer: "/file" in answer.url and answer.status == 206) as part:
        heard = preview.evaluate("""async (audio) => {
          audio.currentTime = 20;
          await audio.play();
          await new Promise((later) => setTimeout(later, 400));
          audio.pause();
          return { at: audio.currentTime, long: audio.duration, ready: audio.readyState, error: audio.error };
        }""")
    assert part.value.headers["content-range"].startswith("bytes ")
    assert part.value.request.all_headers()["range"].startswith("bytes=")
    assert heard["long"] == pytest.approx(30, abs=0.2)
    assert 20.1 < heard["at"] < 22
    assert heard["ready"] >= 2
    assert heard["error"] is None


def check_lists(page: Page) -> None:
    page.get_by_role("link", name="Library").tap()
    expect(page.locator("#tracks")).to_contain_text("Kettle Songs")
    page.locator("#find-q").fill("nobody sings this")
    expect(page.locator("#tracks")).to_contain_text("Nothing matches.")
    page.locator("#find-q").fill("kettle tern")
    expect(page.locator("#tracks .name")).to_have_text(["Kettle Songs"])
    expect(page.locator("#find-q")).to_be_focused()
    page.get_by_role("link", name="History").tap()
    expect(page.locator(".rows .name")).to_have_text(["Kettle Songs"])
    expect(page.locator(".rows .state")).to_have_text("Tern & Tide/Kettle Songs.mp3")
