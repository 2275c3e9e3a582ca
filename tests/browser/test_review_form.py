"""The review's form on a phone: picking words, swapping, drafts, completion, Enter and Escape."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import DESKTOP, PHONE, Browsing, Person, Troubles, card, inbox_of
from tests.media.audio import make
from tests.media.site import MediaSite
from tests.running import wait_for

pytestmark = pytest.mark.browser

PLAIN = {**PHONE, "java_script_enabled": False}
TITLE = "Ida Holm & The Kilns – “Tin Roof Rain” (Official Video)"


def staged(person: Person, site: MediaSite, name: str, **more: Any) -> str:
    told = {"title": TITLE, "uploader": "Kiln Tapes", **more}
    id = person.inlay.submit(site.track(f"{name}-{person.name}", make("mp3", 3), **told))
    assert person.inlay.rest(id)["state"] == "review"
    return id


def opened(browse: Browsing, person: Person, id: str, **options: Any) -> Page:
    page = browse(person, f"/downloads/{id}/review", **options)
    expect(page.locator("#review")).to_be_visible()
    return page


def kept(page: Page) -> Any:
    """Waits for the draft that the block's typing causes."""
    return page.expect_response(lambda answer: answer.url.endswith("/draft") and answer.status == 204)


def word(page: Page, text: str) -> Any:
    return page.locator(".word", has_text=re.compile(rf"^[^\w]*{text}[^\w]*$"))


def test_first_and_last_word_and_the_field_are_three_taps(
    browse: Browsing, alice: Person, site: MediaSite
) -> None:
    page = opened(browse, alice, staged(alice, site, "taps"))
    word(page, "Tin").tap()
    word(page, "Rain").tap()
    expect(page.locator(".word[aria-pressed=true]")).to_have_count(3)
    page.locator("[data-into=album]").tap()
    expect(page.locator("#tag-album")).to_have_value("Tin Roof Rain")
    expect(page.locator("#path")).to_contain_text("/Tin Roof Rain/")
    expect(page.locator(".word[aria-pressed=true]")).to_have_count(0)
    expect(page.locator(".source [role=status]")).to_have_text("Album is now Tin Roof Rain")

    word(page, "Kilns").tap()
    word(page, "Ida").tap()
    page.locator("[data-into=artist]").tap()
    expect(page.locator("#tag-artist")).to_have_value("Ida Holm & The Kilns")
    # The field that was used last is offered, too.
    page.locator("#tag-genre").tap()
    word(page, "Video").tap()
    page.get_by_role("button", name="Genre").tap()
    expect(page.locator("#tag-genre")).to_have_value("Video")
    sizes = page.locator(".word, .into button:visible").evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect()).map((box) => Math.min(box.width, box.height))"
    )
    assert min(sizes) >= 44


def test_a_finger_draws_over_the_words(browse: Browsing, alice: Person, site: MediaSite) -> None:
    page = opened(browse, alice, staged(alice, site, "drag"))
    places = [word(page, text).bounding_box() for text in ("Ida", "Holm")]
    (x, y), (to_x, to_y) = [(box["x"] + 10, box["y"] + 20) for box in places if box]
    finger = page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        sent = {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]}
        finger.send("Input.dispatchTouchEvent", sent)

    touch("touchStart", (x, y))
    for step in range(1, 9):
        touch("touchMove", (x + (to_x - x) * step / 8, y + (to_y - y) * step / 8))
    # A finger that lifts while it moves throws, and the next tap only ends the throw.
    page.wait_for_timeout(200)
    touch("touchMove", (to_x, to_y))
    touch("touchEnd")
    expect(page.locator(".word[aria-pressed=true]")).to_have_text(["Ida", "Holm"])
    page.locator("[data-into=title]").tap()
    expect(page.locator("#tag-title")).to_have_value("Ida Holm")


def test_words_are_picked_with_the_keyboard(browse: Browsing, alice: Person, site: MediaSite) -> None:
    page = opened(browse, alice, staged(alice, site, "keys"), **DESKTOP)
    word(page, "Ida").focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    expect(word(page, "Tin")).to_be_focused()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator(".word[aria-pressed=true]")).to_have_count(3)
    page.keyboard.press("Escape")
    expect(page.locator(".word[aria-pressed=true]")).to_have_count(0)
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    expect(page.locator("[data-into=title]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#tag-title")).to_have_value("Ida Holm")


def test_swap_puts_each_into_the_others_place(browse: Browsing, alice: Person, site: MediaSite) -> None:
    id = staged(alice, site, "swap", title="Rain - Ida Holm")
    page = opened(browse, alice, id)
    title, artist = (page.locator(f"#tag-{name}").input_value() for name in ("title", "artist"))
    assert title != artist
    with kept(page):
        page.get_by_role("button", name="Swap title and artist").tap()
    expect(page.locator("#tag-title")).to_have_value(artist)
    expect(page.locator("#tag-artist")).to_have_value(title)
    expect(page.locator("#path")).to_contain_text(f"{title}/{artist}")
    page.get_by_role("button", name="Swap title and artist").tap()
    expect(page.locator("#tag-title")).to_have_value(title)


def test_swap_and_more_fields_work_without_javascript(
    browse: Browsing, alice: Person, site: MediaSite, troubles: Troubles
) -> None:
    troubles.expected.append("422")
    id = staged(alice, site, "plain-swap", title="Rain - Ida Holm")
    page = opened(browse, alice, id, **PLAIN)
    expect(page.locator(".words")).to_have_text("Rain - Ida Holm")
    title, artist = (page.locator(f"#tag-{name}").input_value() for name in ("title", "artist"))
    page.fill("[name=album]", "Estuary")
    page.get_by_role("button", name="Swap title and artist").tap()
    expect(page.locator("#tag-title")).to_have_value(artist)
    expect(page.locator("#tag-artist")).to_have_value(title)
    expect(page.locator("#tag-album")).to_have_value("Estuary")
    page.locator("#more summary").tap()
    page.fill("[name=disc_no]", "2")
    page.select_option("[name=compilation]", "1")
    page.fill("[name=comment]", "by hand")
    page.fill("[name=lyrics]", "One\nTwo")
    page.fill("[name=lyrics_synced]", "no times")
    page.locator("#finalize").tap()
    expect(page.locator("#why-lyrics_synced")).to_contain_text("Each line begins with its time")
    expect(page.locator("#tag-lyrics")).to_have_value("One\nTwo")
    page.fill("[name=lyrics_synced]", "[00:01.00]One")
    page.locator("#finalize").tap()
    expect(card(page)).to_contain_text(artist)
    tags = alice.inlay.done(id)["tracks"][0]["tags"]
    assert (tags["title"], tags["artist"], tags["disc_no"]) == (artist, title, 2)
    assert (tags["compilation"], tags["comment"]) == (True, "by hand")
    assert (tags["lyrics"], tags["lyrics_synced"]) == ("One\nTwo", "[00:01.00]One")


def test_a_draft_survives_a_reload_and_a_killed_page(
    browse: Browsing, alice: Person, site: MediaSite
) -> None:
    id = staged(alice, site, "draft")
    page = opened(browse, alice, id)
    proposed = page.locator("#tag-title").input_value()
    with kept(page):
        page.fill("#tag-title", "Typed by Hand")
    page.reload()
    expect(page.locator("#tag-title")).to_have_value("Typed by Hand")
    expect(page.locator("#path")).to_contain_text("Typed by Hand")
    # The system takes the page away right after the last key.
    page.fill("#tag-album", "Last Words")
    page.close()
    wait_for(lambda: "Last Words" in opened(browse, alice, id).locator("#tag-album").input_value())

    page = opened(browse, alice, id)
    with kept(page):
        page.fill("#tag-title", proposed)
        page.fill("#tag-album", "")
    page.reload()
    expect(page.locator("#tag-title")).to_have_value(proposed)


def test_drafts_are_sent_seldom_and_only_when_something_changed(
    browse: Browsing, alice: Person, site: MediaSite
) -> None:
    page = opened(browse, alice, staged(alice, site, "seldom"))
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/draft") else None)
    page.locator("#tag-album").press_sequentially("A long album name that takes its time", delay=110)
    page.wait_for_timeout(3_000)
    assert 2 <= len(sent) <= 4, sent
    sent.clear()
    page.locator("#tag-album").press_sequentially("!")
    page.keyboard.press("Backspace")
    page.wait_for_timeout(2_500)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert sent == []


def test_a_phone_that_falls_asleep_keeps_what_was_typed(
    browse: Browsing, alice: Person, site: MediaSite
) -> None:
    id = staged(alice, site, "asleep")
    page = opened(browse, alice, id)
    page.fill("#tag-album", "Before the Nap")
    # As when the screen goes dark: nothing runs on the page from here.
    page.evaluate(
        "Object.defineProperty(document, 'hidden', { value: true });"
        "document.dispatchEvent(new Event('visibilitychange'));"
        "window.setTimeout = () => 0;"
    )
    wait_for(lambda: "Before the Nap" in opened(browse, alice, id).locator("#tag-album").input_value())


def test_leaving_for_another_page_keeps_what_was_typed(
    browse: Browsing, alice: Person, site: MediaSite
) -> None:
    id = staged(alice, site, "leaving")
    page = opened(browse, alice, id)
    with kept(page):
        page.fill("#tag-album", "On the Way Out")
        page.get_by_role("link", name="Inbox").tap()
    expect(card(page, "review")).to_have_count(1)
    page.get_by_role("link", name="Review").tap()
    expect(page.locator("#tag-album")).to_have_value("On the Way Out")
    # The script has met this page, too.
    expect(page.locator(".word")).not_to_have_count(0)


def test_enter_in_a_field_adds(browse: Browsing, alice: Person, site: MediaSite) -> None:
    id = staged(alice, site, "enter")
    page = opened(browse, alice, id)
    page.fill("#tag-title", "By Enter")
    page.locator("#tag-artist").press("Enter")
    expect(card(page)).to_contain_text("By Enter")
    assert alice.inlay.done(id)["tracks"][0]["tags"]["title"] == "By Enter"


def test_enter_on_a_page_as_it_opened_adds(browse: Browsing, alice: Person, site: MediaSite) -> None:
    id = staged(alice, site, "straight")
    page = opened(browse, alice, id)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/(\?undo=.*)?$"))
    alice.inlay.done(id)


def test_escape_in_the_workbench_closes_it_and_discards_nothing(
    browse: Browsing, alice: Person, site: MediaSite
) -> None:
    id = staged(alice, site, "bench")
    page = opened(browse, alice, id, **DESKTOP)
    page.locator("#cover-summary").press("Enter")
    page.locator("#cover-link-field").press("Escape")
    expect(page.locator("#cover-bench")).not_to_have_attribute("open", "")
    expect(page.locator("#cover-summary")).to_be_focused()
    assert alice.inlay.download(id)["state"] == "review"


def test_a_refused_form_is_kept_and_goes_on_being_kept(
    browse: Browsing, alice: Person, site: MediaSite, troubles: Troubles
) -> None:
    troubles.expected.append("422")
    id = staged(alice, site, "refused")
    page = opened(browse, alice, id)
    page.fill("#tag-date", "last summer")
    page.locator("#tag-date").press("Enter")
    expect(page.locator("#why-date")).to_contain_text("A year such as")
    with kept(page):
        page.fill("#tag-album", "Still Typing")
    page.reload()
    expect(page.locator("#tag-date")).to_have_value("last summer")
    expect(page.locator("#tag-album")).to_have_value("Still Typing")


def test_escape_discards(browse: Browsing, alice: Person, site: MediaSite) -> None:
    id = staged(alice, site, "escape")
    page = opened(browse, alice, id)
    page.locator("#tag-title").press("Escape")
    expect(page).to_have_url(inbox_of(browse.inlay))
    assert alice.inlay.download(id)["state"] == "discarded"


def test_names_of_the_library_are_offered_and_taken_by_keyboard(
    browse: Browsing, alice: Person, site: MediaSite
) -> None:
    known = staged(alice, site, "known", title="Jóga", artist=f"Björk of {alice.name}")
    alice.inlay.confirm(known)
    alice.inlay.done(known)
    page = opened(browse, alice, staged(alice, site, "offered"), **DESKTOP)
    artist = page.locator("#tag-artist")
    artist.fill("")
    artist.press_sequentially("bjork of", delay=30)
    offered = page.locator(".offers li:visible")
    expect(offered).to_have_text([f"Björk of {alice.name}"])
    expect(artist).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    expect(artist).to_have_attribute("aria-activedescendant", "complete-artist-1")
    page.keyboard.press("Enter")
    expect(artist).to_have_value(f"Björk of {alice.name}")
    expect(artist).to_be_focused()
    expect(page.locator("#path")).to_contain_text(f"Björk of {alice.name}/")
    expect(offered).to_have_count(0)
    # Escape puts the list away before it discards anything.
    artist.fill("bjo")
    expect(offered).not_to_have_count(0)
    page.keyboard.press("Escape")
    expect(offered).to_have_count(0)
    assert alice.inlay.download(page.url.split("/")[-2])["state"] == "review"


def test_a_name_of_the_library_is_taken_by_a_tap(browse: Browsing, alice: Person, site: MediaSite) -> None:
    known = staged(alice, site, "tapped", title="Rain", artist=f"Ögon of {alice.name}")
    alice.inlay.confirm(known)
    alice.inlay.done(known)
    page = opened(browse, alice, staged(alice, site, "offered-tap"))
    page.locator("#tag-artist").tap()
    page.locator("#tag-artist").fill("")
    page.locator("#tag-artist").press_sequentially("ogon of", delay=30)
    option = page.get_by_role("option", name=f"Ögon of {alice.name}")
    expect(option).to_be_in_viewport()
    box = option.bounding_box()
    assert box
    assert box["height"] >= 44
    option.tap()
    expect(page.locator("#tag-artist")).to_have_value(f"Ögon of {alice.name}")
    expect(option).to_have_count(0)


def test_what_changes_in_the_file_is_told_while_typing(
    browse: Browsing, alice: Person, site: MediaSite
) -> None:
    tagged = make("mp3", 3, tags={"title": "What It Was", "artist": "Ida Holm", "album": "Old"})
    url = site.track(f"tagged-{alice.name}", tagged, title="Rain", artist="Ida Holm")
    id = alice.inlay.submit(url)
    assert alice.inlay.rest(id)["state"] == "review"
    page = opened(browse, alice, id)
    page.locator("#changes summary").tap()
    rows = page.locator("#changes dl > div")
    expect(rows.filter(has_text="Title")).to_contain_text("What It Was")
    expect(rows.filter(has_text="Title")).to_contain_text("Rain")
    page.fill("#tag-album", "New")
    expect(rows.filter(has=page.locator("dt", has_text=re.compile("^Album$")))).to_contain_text("New")
    expect(page.locator("#changes")).to_have_attribute("open", "")


def test_the_form_fits_two_screens_and_the_button_is_always_there(
    browse: Browsing, alice: Person, site: MediaSite
) -> None:
    page = opened(browse, alice, staged(alice, site, "fits", title="Ida Holm & The Kilns - Slate Roof"))
    assert page.evaluate("document.documentElement.scrollHeight") <= 2 * 844
    expect(page.locator("#finalize")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(page.locator(".source .lane")).to_have_text(re.compile("ready|check|problem"))
