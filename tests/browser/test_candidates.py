"""Candidates on a phone: they come without shifting anything, one tap applies, one takes back."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.driving import PHONE, Browsing, Person, Troubles, inbox_of, join
from tests.browser.looking import SCHEMES, accessibility_problems, layout_problems
from tests.lookups.fakes import Fakes, Mood, _json, mbid, recording, recordings, release
from tests.lookups.test_services import picture
from tests.media.audio import make
from tests.media.site import MediaSite
from tests.running import Inlay

pytestmark = pytest.mark.browser

SECONDS = 8
WHERE = """() => [...document.querySelectorAll("#review > :is(header, .line, .pair)")].map(
  (it) => Math.round(it.getBoundingClientRect().top))"""
HEIGHTS = """() => [...document.querySelectorAll("#candidates > ul > li, #candidates > details")].map(
  (it) => Math.round(it.getBoundingClientRect().height))"""
VALUES = """() => Object.fromEntries(
  [...document.querySelectorAll("#review [data-tag]")].map((it) => [it.name, it.value]))"""


@pytest.fixture(scope="module")
def fakes() -> Iterator[Fakes]:
    with Fakes() as running:
        yield running


@pytest.fixture(scope="module")
def inlay(fakes: Fakes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inlay]:
    given = {"lookups": "musicbrainz,coverart", "contact": "me@example.org", **fakes.settings}
    with Inlay(tmp_path_factory.mktemp("candidates"), **given) as running:
        running.add_user("admin", admin=True)
        yield running.start(seconds=120)


@pytest.fixture
def person(inlay: Inlay, request: pytest.FixtureRequest) -> Person:
    return join(inlay, f"p{abs(hash(request.node.name)) % 10**8}")


@pytest.fixture
def browse(browser: Browser, inlay: Inlay, troubles: Troubles) -> Iterator[Browsing]:
    with ExitStack() as open_ones:
        yield Browsing(browser, inlay, troubles, open_ones)


def known(title: str, longer_s: int = 0, **more: Any) -> dict[str, Any]:
    return recording(title, length_ms=(SECONDS + longer_s) * 1000, **more)


def fetch(person: Person, site: MediaSite, title: str, **more: Any) -> str:
    link = site.track(
        title.lower().replace(" ", "-"),
        make("mp3", SECONDS),
        title=title,
        artist="Jane Roe",
        upload_date="2023-04-05",
        **more,
    )
    id = person.inlay.submit(link)
    assert person.inlay.rest(id, 120)["state"] == "review"
    return id


def problems(page: Page) -> list[str]:
    """But for the button that Enter presses: nobody sees it."""
    return [one for one in layout_problems(page) if "BUTTON#.away" not in one]


def late(seconds: float, *found: dict[str, Any]) -> Mood:
    return Mood(hang_s=seconds, body=_json(recordings(*found)).body)


def test_candidates_come_below_and_shift_nothing_above(
    browse: Browsing, person: Person, site: MediaSite, fakes: Fakes
) -> None:
    fakes.spoil(late(8, known("Breakwater", 7), known("Breakwater at Night")))
    page = browse(person, f"/downloads/{fetch(person, site, 'Breakwater')}/review")
    expect(page.locator("#candidates")).to_contain_text("Asking MusicBrainz")
    before = page.evaluate(WHERE)
    expect(page.locator("#candidates .candidate")).to_have_count(2)
    assert page.evaluate(WHERE) == before
    assert problems(page) == []
    # Two screens of a phone have all of it, and the button stays in reach.
    assert page.evaluate("document.documentElement.scrollHeight") <= 2 * 844
    expect(page.locator("#finalize")).to_be_in_viewport()
    # And it is over, as soon as it is known that there are no covers: nothing is asked any more.
    expect(page.locator("#candidates[hx-get]")).to_have_count(0)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(2_500)
    assert asked == []


def test_their_covers_come_into_places_that_are_kept_and_from_nobody_but_us(
    browse: Browsing, person: Person, site: MediaSite, fakes: Fakes
) -> None:
    near, far = known("Ebb", 7), known("Ebb at Night")
    found = [{**near, "releases": [release("Ebb Songs")]}, {**far, "releases": [release("Night Songs")]}]
    fakes.spoil(late(5, *found))
    for title in ("Ebb Songs", "Night Songs"):
        fakes.pictures[f"release/{mbid(f'release {title} 1999-05-01')}"] = picture(400)
    slow = Mood(hang_s=5, headers={"Content-Type": "image/jpeg"}, body=picture(800))
    fakes.spoil(slow, service="coverart")
    page = browse(person, f"/downloads/{fetch(person, site, 'Ebb')}/review")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    places = page.locator("#candidates .candidate > .thumb")
    expect(places).to_have_count(2)
    expect(places.locator("visible=true")).to_have_count(1)
    assert page.locator("#candidates img").count() == 0
    before = page.evaluate(HEIGHTS)
    expect(page.locator("#candidates img")).to_have_count(2)
    shown = page.locator("#candidates img").first
    page.wait_for_function("() => document.querySelector('#candidates img').naturalWidth > 0")
    assert page.evaluate(HEIGHTS) == before
    assert shown.get_attribute("alt") == "", "the release is named beside it"
    assert problems(page) == []
    folded = page.locator("#candidates details img").get_attribute("src")
    assert not [url for url in asked if folded and url.endswith(folded)], "fetched when it is looked at"
    page.locator("#candidates summary").tap()
    page.wait_for_function("() => document.querySelector('#candidates details img').naturalWidth > 0")
    assert {urlsplit(url).netloc for url in asked} == {urlsplit(browse.inlay.url).netloc}
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        assert accessibility_problems(page) == []


def test_use_changes_the_fields_and_take_back_brings_them_back(
    browse: Browsing, person: Person, site: MediaSite, fakes: Fakes
) -> None:
    fakes.musicbrainz = recordings(known("Slipway", 7, tags=[{"name": "folk", "count": 3}]))
    fakes.pictures[f"release/{mbid('release Harbour Songs 1999-05-01')}"] = picture(800)
    id = fetch(person, site, "Slipway", thumbnail=None)
    page = browse(person, f"/downloads/{id}/review")
    use = page.get_by_role("button", name="Use Slipway")
    expect(use).to_be_visible()
    expect(page.locator("#candidates .difference")).to_contain_text("Harbour Songs")
    page.fill("[name=title]", "slipway")
    before = page.evaluate(VALUES)
    use.tap()
    expect(page.locator("[name=album]")).to_have_value("Harbour Songs")
    expect(page.locator("[name=title]")).to_have_value("Slipway")
    expect(page.locator("[name=date]")).to_have_value("1999-05-01")
    expect(page.locator("#path")).to_contain_text("Harbour Songs/03 Slipway.mp3")
    expect(page).to_have_url(f"{browse.inlay.url}/downloads/{id}/review")
    # Its cover comes a moment later.
    expect(page.locator("img#cover")).to_be_visible()
    assert problems(page) == []
    page.fill("[name=genre]", "Shanty")
    page.get_by_role("button", name="Take back").tap()
    expect(page.locator("[name=album]")).to_have_value("")
    assert page.evaluate(VALUES) == {**before, "genre": "Shanty"}
    expect(page.locator("span#cover")).to_be_visible()


def test_the_sure_one_fills_an_open_page_in_place(
    browse: Browsing, person: Person, site: MediaSite, fakes: Fakes
) -> None:
    fakes.spoil(late(8, known("Mooring")))
    page = browse(person, f"/downloads/{fetch(person, site, 'Mooring')}/review")
    expect(page.locator("#candidates")).to_contain_text("Asking MusicBrainz")
    before = page.evaluate(WHERE)
    expect(page.locator("#candidates")).to_contain_text("Filled in by itself")
    expect(page.locator("[name=album]")).to_have_value("Harbour Songs")
    expect(page.locator("#path")).to_contain_text("Harbour Songs/03 Mooring.mp3")
    assert page.evaluate(WHERE) == before
    page.get_by_role("button", name="Take back").tap()
    expect(page.locator("[name=album]")).to_have_value("")


def test_what_somebody_is_typing_is_left_alone(
    browse: Browsing, person: Person, site: MediaSite, fakes: Fakes
) -> None:
    fakes.spoil(late(8, known("Ballast")))
    page = browse(person, f"/downloads/{fetch(person, site, 'Ballast')}/review")
    expect(page.locator("#candidates")).to_contain_text("Asking MusicBrainz")
    page.fill("[name=album]", "Mine")
    expect(page.get_by_role("button", name="Use Ballast")).to_be_visible()
    expect(page.locator("[name=album]")).to_have_value("Mine")
    expect(page.locator("[name=date]")).to_have_value("2023-04-05")
    expect(page.locator("#candidates")).not_to_contain_text("by itself")


def test_enter_in_a_field_adds_and_uses_no_candidate(
    browse: Browsing, person: Person, site: MediaSite, fakes: Fakes
) -> None:
    fakes.musicbrainz = recordings(known("Windlass", 7))
    page = browse(person, f"/downloads/{fetch(person, site, 'Windlass')}/review")
    expect(page.get_by_role("button", name="Use Windlass")).to_be_visible()
    page.press("[name=title]", "Enter")
    expect(page).to_have_url(inbox_of(browse.inlay))
    expect(page.locator("#inbox")).to_contain_text("Jane Roe/Windlass.mp3")


def test_candidates_work_as_plain_pages(
    browse: Browsing, person: Person, site: MediaSite, fakes: Fakes
) -> None:
    fakes.musicbrainz = recordings(known("Fender", 7))
    id = fetch(person, site, "Fender")
    plain = {**PHONE, "java_script_enabled": False}
    page = browse(person, None, **plain)

    def there() -> bool:
        page.goto(f"/downloads/{id}/review")
        return page.get_by_role("button", name="Use Fender").count() == 1

    for _ in range(20):
        if there():
            break
        page.wait_for_timeout(500)
    page.fill("[name=genre]", "Shanty")
    page.get_by_role("button", name="Use Fender").tap()
    expect(page.locator("[name=album]")).to_have_value("Harbour Songs")
    expect(page.locator("[name=genre]")).to_have_value("Shanty")
    page.get_by_role("button", name="Take back").tap()
    expect(page.locator("[name=album]")).to_have_value("")
    expect(page.locator("[name=genre]")).to_have_value("Shanty")
