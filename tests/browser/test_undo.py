"""Add, change one's mind, go on to the next one: with a thumb, a keyboard, and without JavaScript."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import DESKTOP, PHONE, Browsing, Person, card
from tests.browser.looking import SCHEMES, accessibility_problems, layout_problems
from tests.media.audio import make, picture
from tests.media.site import MediaSite
from tests.running import Inlay

pytestmark = pytest.mark.browser

COUNT_TAPS = 'window.taps = 0; addEventListener("click", () => window.taps++, true);'


@pytest.fixture(scope="module")
def inlay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inlay]:
    """As it is by default, with an undo."""
    with Inlay(tmp_path_factory.mktemp("undoing"), undo_s="600", per_site="8", workers="4") as running:
        running.add_user("admin", admin=True)
        yield running.start()


def ready(person: Person, site: MediaSite, *titles: str) -> list[str]:
    """Downloads that wait for a review, the first one longest."""
    links = [
        site.track(
            f"{person.name}-{title}", make("mp3", 4), title=title, artist="Ida", thumbnail=picture(320, 320)
        )
        for title in titles
    ]
    ids = [person.inlay.submit(link) for link in links]
    for id in ids:
        person.inlay.rest(id, 90)
    return ids


def files(inlay: Inlay, title: str) -> list[str]:
    return [path for path in inlay.files() if title in path]


def test_add_undo_review_and_add_again_make_exactly_one_file(
    browse: Browsing, alice: Person, site: MediaSite
) -> None:
    [id] = ready(alice, site, "Quay")
    page = browse(alice)
    card(page, "review").get_by_role("link", name="Review").tap()
    page.fill("[name=title]", "Quay at Night")
    page.fill("[name=album]", "Harbours")
    page.locator("#finalize").tap()
    toast = page.locator("#toast")
    expect(toast).to_contain_text("Added “Quay at Night” to the library")
    expect(card(page, "done")).to_contain_text("Quay at Night.mp3")
    assert files(alice.inlay, "Quay") == ["Ida/Harbours/Quay at Night.mp3"]
    toast.get_by_role("button", name="Undo").tap()
    expect(page).to_have_url(f"{browse.inlay.url}/downloads/{id}/review")
    expect(page.locator("[name=title]")).to_have_value("Quay at Night")
    expect(page.locator("[name=album]")).to_have_value("Harbours")
    expect(page.locator("#path")).to_have_text("Ida/Harbours/Quay at Night.mp3")
    assert files(alice.inlay, "Quay") == []
    page.locator("#finalize").tap()
    expect(toast).to_contain_text("Added “Quay at Night”")
    assert files(alice.inlay, "Quay") == ["Ida/Harbours/Quay at Night.mp3"]
    toast.get_by_role("link", name="Close").tap()
    expect(toast).to_have_count(0)
    card(page, "done").get_by_role("button", name="Undo").tap()
    expect(page.locator("[name=album]")).to_have_value("Harbours")


def test_ten_ready_ones_are_two_taps_each(browse: Browsing, alice: Person, site: MediaSite) -> None:
    titles = ("One Bell", "Two Bells", "Three Bells")
    ready(alice, site, *titles)
    page = browse(alice, prepare=COUNT_TAPS)
    card(page, "review").last.wait_for()
    page.evaluate("window.taps = 0")
    page.get_by_role("link", name="Review One Bell").tap()
    page.locator("#finalize").tap()
    for title in titles[1:]:
        following = page.locator("#toast .next")
        expect(following).to_contain_text(title)
        following.get_by_role("link", name="Review").tap()
        expect(page.locator("[name=title]")).to_have_value(title)
        page.locator("#finalize").tap()
    expect(page.locator("#toast")).to_contain_text("Added “Three Bells”")
    expect(page.locator("#toast .next")).to_have_count(0)
    assert page.evaluate("window.taps") == 2 * len(titles)
    assert len(files(alice.inlay, "Bell")) == 3


def test_escape_discards_and_undo_brings_it_back(browse: Browsing, alice: Person, site: MediaSite) -> None:
    [id] = ready(alice, site, "Slack Water")
    page = browse(alice, f"/downloads/{id}/review", **DESKTOP)
    expect(page.locator("#review")).to_be_visible()
    page.keyboard.press("Escape")
    toast = page.locator("#toast")
    expect(toast).to_contain_text("Discarded “Slack Water”")
    expect(card(page)).to_have_count(0)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator("#toast-undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("[name=title]")).to_have_value("Slack Water")
    assert alice.inlay.download(id)["state"] == "review"


def test_history_offers_the_undo_too(browse: Browsing, alice: Person, site: MediaSite) -> None:
    [id] = ready(alice, site, "Ebb")
    with alice.inlay.api() as api:
        api.post(f"/downloads/{id}/discard")
    page = browse(alice, "/history")
    assert layout_problems(page) == []
    page.get_by_role("button", name="Undo").tap()
    expect(page.locator("[name=title]")).to_have_value("Ebb")


def test_all_of_it_works_without_javascript(browse: Browsing, alice: Person, site: MediaSite) -> None:
    first, second = ready(alice, site, "Plain Rope", "Plain Tar")
    page = browse(alice, f"/downloads/{first}/review", **{**PHONE, "java_script_enabled": False})
    page.fill("[name=title]", "Plain Rope, Coiled")
    page.locator("#finalize").tap()
    alice.inlay.done(first)
    page.goto(f"/?undo={first}")
    expect(page.locator("#toast")).to_contain_text("Added “Plain Rope, Coiled” to the library")
    page.locator("#toast-undo").tap()
    expect(page.locator("[name=title]")).to_have_value("Plain Rope, Coiled")
    assert files(alice.inlay, "Plain Rope") == []
    page.get_by_role("button", name="Discard").tap()
    expect(page.locator("#toast")).to_contain_text("Discarded “Plain Rope, Coiled”")
    page.locator("#toast-next").tap()
    expect(page).to_have_url(f"{browse.inlay.url}/downloads/{second}/review")


@pytest.mark.parametrize("screen", ["390x844", "320x640", "1280x800"])
def test_the_toast_fits_and_hides_nothing_for_good(
    browse: Browsing, alice: Person, site: MediaSite, screen: str, request: pytest.FixtureRequest
) -> None:
    long = "A Title That Goes On and On, as Titles of Live Recordings Do, With Place and Date in It"
    ids = ready(alice, site, long, *(f"{long}, No. {number}" for number in range(2, 6)))
    width, height = (int(part) for part in screen.split("x"))
    options = {**PHONE, "viewport": {"width": width, "height": height}} if width < 1000 else DESKTOP
    page = browse(alice, f"/downloads/{ids[0]}/review", **options)
    page.locator("#finalize").click()
    expect(page.locator("#toast")).to_contain_text("Added")
    assert layout_problems(page) == []
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    bottom = card(page).last.evaluate("(it) => it.getBoundingClientRect().bottom")
    assert bottom <= page.locator("#toast").evaluate("(it) => it.getBoundingClientRect().top")
    for scheme in SCHEMES if screen == "390x844" else ():
        page.emulate_media(color_scheme=scheme)
        assert accessibility_problems(page) == [], scheme
    shoot(page, screen)


def shoot(page: Page, name: str) -> None:
    """Pictures for whoever wants to look, in `INLAY_TEST_SHOTS`."""

    if folder := os.environ.get("INLAY_TEST_SHOTS"):
        page.evaluate("scrollTo(0, 0)")
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=Path(folder) / f"undo-{name}-{scheme}.png")
