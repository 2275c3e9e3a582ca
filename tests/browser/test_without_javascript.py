"""Everything that matters works as plain pages and forms."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.driving import PHONE, Browsing, Person, Troubles, card, hand_in, inbox_of, sign_in
from tests.browser.test_listen import silent_around
from tests.media.audio import make
from tests.media.faults import Stall
from tests.media.site import MediaSite

pytestmark = pytest.mark.browser

PLAIN = {**PHONE, "java_script_enabled": False}


def test_journey_works_as_plain_pages(
    browse: Browsing, alice: Person, site: MediaSite, troubles: Troubles
) -> None:
    # A cover may go between a page and its pictures, when its track is in the library.
    troubles.expected += ["422", "404"]
    link = site.track("plain", make("mp3", 60, pitch_hz=196), title="Plain", artist="Ida", rate_bps=220_000)
    page = browse(path="/login", **PLAIN)
    sign_in(page, alice.name)
    expect(page.locator("#inbox")).to_contain_text("Nothing is waiting.")
    with page.expect_response(lambda answer: answer.request.method == "POST") as answer:
        hand_in(page, link)
    assert answer.value.status == 303
    expect(page).to_have_url(inbox_of(browse.inlay))
    # Nobody touches anything: the page renews itself while something goes on.
    expect(card(page, "downloading").locator("progress[value]")).to_be_visible()
    expect(card(page, "review")).to_contain_text("Plain")
    # The last renewal has brought all its pictures.
    page.wait_for_load_state("networkidle")
    statuses: list[int] = []
    page.on("response", lambda answer: statuses.append(answer.status))
    page.wait_for_timeout(3_500)
    assert statuses == []

    page.get_by_role("link", name="Review").tap()
    page.fill("[name=title]", "")
    page.fill("[name=date]", "last summer")
    page.fill("[name=artist]", "Ida Holm")
    page.locator("#finalize").tap()
    expect(page.locator("#why-title")).to_have_text("A track needs a title.")
    expect(page.locator("#why-date")).to_contain_text("A year such as 2023")
    expect(page.locator("[name=date]")).to_have_value("last summer")
    expect(page.locator("[name=artist]")).to_have_value("Ida Holm")
    page.fill("[name=title]", "Plain and Simple")
    page.fill("[name=date]", "2023")
    page.locator("#finalize").tap()
    expect(page).to_have_url(inbox_of(browse.inlay))
    expect(card(page, "done")).to_contain_text("Ida Holm/Plain and Simple.mp3")
    page.goto("/library")
    page.fill("#find-q", "simple plain")
    page.locator("#find-go").tap()
    expect(page.locator("#tracks .name")).to_have_text(["Plain and Simple"])


def test_silence_is_trimmed_and_kept_again_without_a_script(
    browse: Browsing, alice: Person, site: MediaSite, tmp_path: Path
) -> None:
    link = site.track("plain-hush", silent_around(tmp_path, 1.8, 4.2), title="Hush", artist="Ida Holm")
    page = browse(alice, **PLAIN)
    hand_in(page, link)
    expect(card(page, "review")).to_be_visible()
    with page.expect_navigation(url="**/review"):
        page.get_by_role("link", name="Review").tap()
    offer = page.get_by_role("button", name="of silence at the start")
    while not offer.is_visible():
        page.wait_for_timeout(500)
        page.reload()
    page.fill("[name=title]", "Hush Now")
    offer.tap()
    expect(page.locator("#trim")).to_contain_text("Keeps 0:")
    expect(page.locator("[name=title]")).to_have_value("Hush Now")
    expect(page.locator("[name=trim_start]")).not_to_have_value("0:00.0")
    page.get_by_role("button", name="Undo trim").tap()
    expect(page.locator("#trim")).to_contain_text("The whole track is kept.")


def test_wrong_link_and_cancel_work_as_plain_pages(
    browse: Browsing, alice: Person, site: MediaSite, troubles: Troubles
) -> None:
    troubles.expected.append("422")
    page = browse(alice, **PLAIN)
    hand_in(page, "not a link")
    expect(page.locator("#submit-error")).not_to_be_empty()
    expect(page.locator("#submit-url")).to_have_value("not a link")
    hand_in(page, site.track("plain-stop", make("mp3", 60), title="Stop", faults=[Stall(100_000)]))
    card(page).get_by_role("button", name="Cancel").tap()
    expect(page.locator("#inbox")).to_contain_text("Nothing is waiting.")
