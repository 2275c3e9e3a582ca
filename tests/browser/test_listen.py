"""Hearing and cutting a track on the review page, with a thumb, with a keyboard, and without JavaScript."""

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.audio_kinds import ffprobe, run
from tests.browser.driving import PHONE, Browsing, Person
from tests.media.audio import make
from tests.media.site import MediaSite

pytestmark = pytest.mark.browser

UNTIL_IT_PLAYS = """async () => {
  const began = performance.now(), audio = document.getElementById("preview");
  document.querySelector("[data-play-cut]").click();
  while (audio.currentTime < 5.15 && performance.now() - began < 5000) {
    await new Promise((later) => setTimeout(later, 20));
  }
  return performance.now() - began;
}"""


def silent_around(folder: Path, before_s: float, after_s: float) -> Path:
    path = folder / "silent.mp3"
    chain = f"adelay={round(before_s * 1000)}:all=1,apad=pad_dur={after_s}"
    run("-i", str(make("mp3", 12)), "-af", chain, "-map_metadata", "-1", str(path))
    return path


def review(browse: Browsing, person: Person, link: str, **options: object) -> Page:
    id = person.inlay.submit(link)
    assert person.inlay.rest(id)["state"] == "review"
    page = browse(person, f"/downloads/{id}/review", **options)
    if options.get("java_script_enabled", True):
        expect(page.locator("#waveform svg")).to_be_visible()
    return page


def mark(page: Page, name: str) -> Locator:
    return page.locator(f"[data-mark={name}]")


def drag(page: Page, handle: Locator, by_px: float) -> None:
    """As a finger does it."""
    box = handle.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch = page.context.new_cdp_session(page)
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for step in range(1, 6):
        point = {"x": x + by_px * step / 5, "y": y}
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def added_length_s(page: Page, browse: Browsing, name: str) -> float:
    page.locator("#finalize").click()
    file = browse.inlay.library / "Ida Holm" / f"{name}.mp3"
    expect(page.locator("article.card[data-state=done]").first).to_contain_text(f"{name}.mp3")
    return float(ffprobe(file)["format"]["duration"])


def test_track_is_cut_by_thumb_and_keyboard_and_the_file_is_as_long_as_marked(
    browse: Browsing, alice: Person, site: MediaSite
) -> None:
    page = review(browse, alice, site.track("cut", make("mp3", 20), title="Cut Here", artist="Ida Holm"))
    start, end = page.locator("#trim_start"), page.locator("#trim_end")
    expect(start).to_have_value("0:00.0")
    expect(end).to_have_value("0:20.0")
    expect(page.locator("#trim")).to_contain_text("The whole track is kept.")

    stage = page.locator("[data-stage]").bounding_box()
    assert stage
    drag(page, mark(page, "start"), stage["width"] / 4)
    expect(page.locator("#trim")).to_contain_text("Keeps 0:15 of 0:20, cut between frames")
    at_ms = int(mark(page, "start").get_attribute("aria-valuenow") or 0)
    assert at_ms == pytest.approx(5_000, abs=150)

    mark(page, "start").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowLeft")
    expect(mark(page, "start")).to_have_attribute("aria-valuenow", str(at_ms - 900))
    mark(page, "end").focus()
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Shift+ArrowLeft")
    expect(end).to_have_value("0:18.0")
    page.keyboard.press("Home")
    expect(mark(page, "end")).to_have_attribute("aria-valuenow", str(at_ms + 100))
    page.keyboard.press("End")
    end.fill("0:18")
    end.press("Tab")
    expect(end).to_have_value("0:18.0")
    length_s = (18_000 - (at_ms - 900)) / 1000
    expect(page.locator("#trim")).to_contain_text(f"Keeps 0:{round(length_s)} of 0:20")

    page.reload()
    expect(mark(page, "start")).to_have_attribute("aria-valuenow", str(at_ms - 900))
    assert added_length_s(page, browse, "Cut Here") == pytest.approx(length_s, abs=0.03)


def test_silence_is_offered_taken_and_given_back(
    browse: Browsing, alice: Person, site: MediaSite, tmp_path: Path
) -> None:
    link = site.track("hush", silent_around(tmp_path, 1.8, 4.2), title="Hush", artist="Ida Holm")
    page = review(browse, alice, link)
    offer = page.locator("[data-offer]")
    expect(offer).to_contain_text("s of silence at the start, ")
    # Never by itself.
    expect(page.locator("#trim")).to_contain_text("The whole track is kept.")
    offer.tap()
    expect(page.locator("#trim")).to_contain_text("Keeps 0:12 of 0:18")
    expect(offer).to_be_hidden()
    page.get_by_role("button", name="Undo trim").tap()
    expect(page.locator("#trim")).to_contain_text("The whole track is kept.")
    expect(page.locator("#trim_start")).to_have_value("0:00.0")
    offer.tap()
    expect(page.locator("#trim")).to_contain_text("Keeps 0:12 of 0:18")
    # 50 ms before the sound and 250 ms after it stay.
    assert added_length_s(page, browse, "Hush") == pytest.approx(12.3, abs=0.15)


def test_music_plays_within_a_second_of_the_tap_and_goes_round_between_the_marks(
    browse: Browsing, alice: Person, site: MediaSite
) -> None:
    page = review(browse, alice, site.track("loop", make("mp3", 20), title="Loop", artist="Ida Holm"))
    page.locator("#trim_start").fill("0:05")
    page.locator("#trim_end").fill("0:06.5")
    page.locator("#trim_end").press("Tab")
    expect(page.locator("#trim")).to_contain_text("Keeps 0:02 of 0:20")
    mark(page, "start").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate(UNTIL_IT_PLAYS) < 1_000
    seen = []
    for _ in range(12):
        page.wait_for_timeout(200)
        seen.append(page.evaluate("document.getElementById('preview').currentTime"))
    assert 5 < min(seen) < max(seen) < 6.8
    assert any(later < earlier for earlier, later in zip(seen, seen[1:], strict=False))
    page.locator("[data-play-cut]").tap()
    assert page.evaluate("document.getElementById('preview').paused")


def test_marks_that_leave_nothing_are_told_in_a_sentence(
    browse: Browsing, alice: Person, site: MediaSite, troubles: object
) -> None:
    troubles.expected.append("422")  # type: ignore[attr-defined]
    page = review(browse, alice, site.track("nothing", make("mp3", 12), title="Nothing", artist="Ida Holm"))
    page.locator("#trim_start").fill("0:11.5")
    page.locator("#trim_start").press("Tab")
    expect(page.locator("#trim")).to_contain_text("At least one second has to be left")
    page.locator("#trim_start").fill("soon")
    page.locator("#trim_start").press("Tab")
    expect(page.locator("#trim")).to_contain_text("Write a time such as 0:12.5")


def test_two_fields_cut_the_track_without_javascript(
    browse: Browsing, alice: Person, site: MediaSite
) -> None:
    link = site.track("plain-cut", make("mp3", 12), title="Plain Cut", artist="Ida Holm")
    page = review(browse, alice, link, **{**PHONE, "java_script_enabled": False})
    picture = page.locator("#waveform img")
    picture.scroll_into_view_if_needed()
    expect(picture).to_be_visible()
    page.fill("#trim_start", "0:02")
    page.fill("#trim_end", "8.5")
    assert added_length_s(page, browse, "Plain Cut") == pytest.approx(6.5, abs=0.03)
