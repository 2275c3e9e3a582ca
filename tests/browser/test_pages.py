"""Every page on every screen: accessible, nothing off the screen, nothing too small for a thumb."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import DESKTOP, PHONE, SMALL_PHONE, Browsing, Person, Troubles, card, join
from tests.browser.looking import SCHEMES, accessibility_problems, layout_problems
from tests.media.audio import make, picture
from tests.media.faults import Slow, Stall, Status, Wait
from tests.media.site import MediaSite
from tests.running import Inlay, wait_for

pytestmark = pytest.mark.browser

SCREENS = {"390x844": PHONE, "320x640": SMALL_PHONE, "1280x800": DESKTOP}
LONG = "A Title That Goes On and On, as Titles of Live Recordings Do, With Place and Date and Everybody in It"
WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"


@pytest.fixture(scope="session")
def resident(inlay: Inlay, site: MediaSite) -> Person:
    """Somebody with a card of each kind, long and short, and tracks in the library."""
    person = join(inlay, "resident")
    own = person.inlay

    def offer(name: str, **more: Any) -> str:
        return own.submit(site.track(name, make("mp3", 4), **{"title": name, "uploader": "Ida", **more}))

    for name, title in (("short", "Kiln"), ("long", LONG), ("word", WORD)):
        id = offer(f"home-{name}", title=title, thumbnail=picture(640, 640))
        own.rest(id)
        own.confirm(id, artist=title, album=title)
    for name, title in (("ready", "Moth"), ("ready-long", LONG), ("ready-word", WORD)):
        own.rest(offer(f"home-{name}", title=title, uploader=title, thumbnail=picture(640, 360)))
    own.rest(offer("home-gone", page_faults=[Status(404)]))
    own.rest(offer("home-" + WORD, page_faults=[Status(404)]))
    offer("home-silent", page_faults=[Wait(300)])
    coming = own.submit(site.track("home-coming", make("mp3", 60), title=WORD, faults=[Stall(700_000)]))
    wait_for(lambda: own.download(coming)["progress"]["percent"])
    return person


@pytest.fixture
def newcomer(alice: Person) -> Person:
    return alice


def check(page: Page, *, axe: bool) -> None:
    assert layout_problems(page) == []
    for scheme in SCHEMES if axe else ():
        page.emulate_media(color_scheme=scheme)
        assert accessibility_problems(page) == [], scheme


@pytest.mark.parametrize("screen", SCREENS)
def test_inbox_with_every_kind_of_card_fits(browse: Browsing, resident: Person, screen: str) -> None:
    page = browse(resident, **SCREENS[screen])
    for state, number in (("review", 3), ("failed", 2), ("probing", 1), ("downloading", 1), ("done", 3)):
        expect(card(page, state)).to_have_count(number)
    check(page, axe=screen == "390x844")


@pytest.mark.parametrize("screen", SCREENS)
def test_review_fits_also_with_errors(
    browse: Browsing, resident: Person, troubles: Troubles, screen: str
) -> None:
    troubles.expected.append("422")
    page = browse(resident, **SCREENS[screen])
    for number in range(3):
        card(page, "review").nth(number).get_by_role("link", name="Review").click()
        expect(page.locator("#review")).to_be_visible()
        check(page, axe=screen == "390x844" and number == 0)
        page.goto("/")
    card(page, "review").first.get_by_role("link", name="Review").click()
    page.fill("[name=title]", "")
    page.fill("[name=track_no]", "the second")
    page.fill("[name=date]", "last summer")
    page.locator("#finalize").click()
    expect(page.locator("[aria-invalid]")).to_have_count(3)
    check(page, axe=screen == "390x844")


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize(
    "path", ["/library", "/history", "/settings", "/settings/phone", "/add?url=x&title=" + WORD]
)
def test_page_fits(browse: Browsing, resident: Person, path: str, screen: str) -> None:
    page = browse(resident, path, **SCREENS[screen])
    check(page, axe=screen == "390x844")


@pytest.mark.parametrize("screen", SCREENS)
def test_empty_pages_login_and_errors_fit(
    browse: Browsing, newcomer: Person, troubles: Troubles, screen: str
) -> None:
    troubles.expected += ["404", "422"]
    page = browse(newcomer, **SCREENS[screen])
    for path in ("/", "/history", "/library?q=nothing+like+this", "/nothing/here"):
        page.goto(path)
        check(page, axe=screen == "390x844")
    page.goto("/")
    page.fill("#submit-url", "no link")
    page.locator("#submit-go").click()
    expect(page.locator("#submit-error")).not_to_be_empty()
    check(page, axe=screen == "390x844")
    page = browse(path="/login", **SCREENS[screen])
    check(page, axe=screen == "390x844")
    page.fill("[name=name]", "nobody")
    page.fill("[name=password]", "knows")
    page.locator("form button").click()
    expect(page.locator("#login-problem")).to_be_visible()
    check(page, axe=screen == "390x844")


def test_add_to_library_is_under_the_thumb(browse: Browsing, resident: Person) -> None:
    page = browse(resident)
    card(page, "review").first.get_by_role("link", name="Review").tap()
    button = page.locator("#finalize")
    expect(button).to_be_in_viewport(ratio=1)
    box = button.bounding_box()
    assert box is not None
    assert box["y"] > 844 / 2
    middle = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
    assert page.evaluate("([x, y]) => document.elementFromPoint(x, y).id", middle) == "finalize"
    # Nothing hides behind the dock for good: the end of the page can be scrolled above it.
    end = page.locator(".origin")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    bottom = end.evaluate("(it) => it.getBoundingClientRect().bottom")
    dock = page.locator(".dock").evaluate("(it) => it.getBoundingClientRect().top")
    assert bottom <= dock


NOTE_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const { value, sources } of list.getEntries()) {
    const moved = sources.map(({ node }) => node?.id || node?.className || node?.nodeName);
    const cards = [...document.querySelectorAll(".card")];
    shifts.push({ value, moved, states: cards.map((card) => card.dataset.state) });
  }
}).observe({ type: "layout-shift" });
"""


def test_nothing_jumps_while_a_card_changes(browse: Browsing, alice: Person, site: MediaSite) -> None:
    # Slow, not silent: a silent site is given up after a while, and that card has a longer sentence.
    alice.inlay.submit(site.track("still", make("mp3", 60), title="Still", faults=[Slow(10_000)]))
    slow = site.track("changing", make("mp3", 60), title="Changing", uploader="Ida Holm", rate_bps=350_000)
    page = browse(alice, prepare=NOTE_SHIFTS)
    expect(card(page, "downloading")).to_contain_text("MB")
    page.fill("#submit-url", slow)
    page.locator("#submit-go").tap()
    expect(card(page)).to_have_count(2)
    page.wait_for_timeout(200)
    page.evaluate("shifts.length = 0")
    heights = set()
    while card(page, "review").count() == 0:
        # One that has become ready since says for how long it waits, and is another card.
        heights |= set(
            page.locator(".card:not([data-state=review])").evaluate_all(
                "(cards) => cards.map((card) => card.offsetHeight)"
            )
        )
        page.wait_for_timeout(50)
    page.wait_for_timeout(300)
    shifts = page.evaluate("shifts")
    coming = [one for one in shifts if "review" not in one["states"]]
    assert sum(one["value"] for one in coming) < 0.01, coming
    # When it is ready, it goes to the top: that one move may be felt, but little.
    assert sum(one["value"] for one in shifts) < 0.1, shifts
    assert max(heights) - min(heights) <= 1, heights
