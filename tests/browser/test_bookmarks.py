"""Both bookmarks, clicked on a page of another site, each with a real window of its own."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import DESKTOP, Browsing, Person, Troubles, card
from tests.browser.elsewhere import elsewhere
from tests.browser.looking import accessibility_problems, layout_problems
from tests.media.audio import make
from tests.media.faults import Stall
from tests.media.site import MediaSite
from tests.running import wait_for

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site_elsewhere() -> Iterator[str]:
    with elsewhere() as address:
        yield address


def click_bookmark(page: Page, code: str) -> Page:
    """What a browser does with a bookmark: runs it in the page. The answer is the window that it opens."""
    assert code.startswith("javascript:")
    with page.context.expect_page() as opened:
        page.evaluate(code.removeprefix("javascript:"))
    return opened.value


def links_of(person: Person) -> list[str]:
    with person.inlay.api() as api:
        return [one["url"] for one in api.get("/downloads").json()["items"]]


def test_bookmark_opens_a_prefilled_window_that_closes_after_one_tap(
    browse: Browsing, alice: Person, site: MediaSite, site_elsewhere: str, troubles: Troubles
) -> None:
    # The media site has no icon.
    troubles.expected += ["409", "404"]
    page = browse(alice, "/settings/phone", **DESKTOP)
    code = page.locator("#bookmarklet-link").get_attribute("href") or ""
    link = f"{site_elsewhere}/a?b=1&c=ü"
    page.goto(link)
    window = click_bookmark(page, code)
    expect(window.locator("#submit-url")).to_have_value(page.url)
    expect(window.locator("#submit")).to_contain_text("Möwen & “Meer” live")
    expect(window.locator("nav")).to_have_count(0)
    assert layout_problems(window) == []
    assert accessibility_problems(window) == []
    assert links_of(alice) == []
    with window.expect_event("close"):
        window.locator("#submit-go").click()
        expect(window.locator("#added")).to_contain_text("On its way: Möwen & “Meer” live")
        expect(window.locator("#added")).to_be_focused()
    assert links_of(alice) == [page.url]

    coming = site.track("bookmarked", make("mp3", 60), title="Coming", faults=[Stall(100_000)])
    alice.inlay.submit(coming)
    page.goto(coming)
    window = click_bookmark(page, code)
    window.locator("#submit-go").click()
    expect(window.locator("#submit-error")).to_have_text("This link is in your inbox already.")
    expect(window.locator("#submit")).to_contain_text(page.title())
    window.wait_for_timeout(2_000)
    assert not window.is_closed()


def test_one_click_bookmark_needs_nobody_signed_in_and_dies_with_its_token(
    browse: Browsing, alice: Person, site_elsewhere: str, troubles: Troubles
) -> None:
    troubles.expected.append("401")
    settings = browse(alice, "/settings/phone", prepare="window.confirm = () => true;", **DESKTOP)
    settings.locator("#bookmark button").click()
    code = settings.locator("#one-click-link").get_attribute("href") or ""
    settings.reload()
    expect(settings.locator("#one-click-link")).to_have_count(0)

    page = browse(None, None, **DESKTOP)
    page.goto(f"{site_elsewhere}/one")
    sent: list[dict[str, str]] = []
    page.context.on(
        "request", lambda one: sent.append({"url": one.url, **one.headers}) if "/api/" in one.url else None
    )
    window = click_bookmark(page, code)
    with window.expect_event("close"):
        expect(window.locator("#now-said")).to_have_text("On its way: Möwen & “Meer” live")
        assert window.url == f"{alice.inlay.url}/add/now"
    assert links_of(alice) == [page.url]
    assert len(sent) == 1
    assert "cookie" not in sent[0]
    assert "inlay_" not in sent[0]["url"]

    settings.goto("/settings")
    revoke = settings.get_by_role("button", name="Revoke One-click bookmark")
    revoke.click()
    expect(revoke).to_have_count(0)
    page.goto(f"{site_elsewhere}/two")
    window = click_bookmark(page, code)
    expect(window.locator("#now-said")).to_contain_text("This bookmark's token was revoked.")
    window.wait_for_timeout(2_000)
    assert not window.is_closed()
    assert len(links_of(alice)) == 1


def test_the_one_click_bookmark_speaks_the_language_of_who_owns_its_token(
    browse: Browsing, alice: Person, site: MediaSite, troubles: Troubles
) -> None:
    """What the API refuses is said in German as well, whether it was chosen or the browser says so."""
    troubles.expected += ["409", "401", "404"]
    settings = browse(alice, "/settings/phone", prepare="window.confirm = () => true;", **DESKTOP)
    settings.locator("#bookmark button").click()
    code = settings.locator("#one-click-link").get_attribute("href") or ""

    page = browse(None, None, **DESKTOP, locale="de-AT")
    coming = site.track("slowly", make("mp3", 60), title="Slowly", faults=[Stall(100_000)])
    page.goto(coming)
    window = click_bookmark(page, code)
    with window.expect_event("close"):
        expect(window.locator("#now-said")).to_have_text(f"Unterwegs: {page.title()}")
    window = click_bookmark(page, code)
    expect(window.locator("#now-said")).to_have_text("Dieser Link ist schon in deinem Eingang.")
    assert layout_problems(window) == []

    settings.goto("/settings")
    settings.locator("#language-choice").select_option("de")
    settings.locator("#language-form button").click()
    expect(settings.locator("html")).to_have_attribute("lang", "de")
    settings.goto(coming)
    window = click_bookmark(settings, code)
    expect(window.locator("h1")).to_have_text("Zu Inlay hinzufügen")
    expect(window.locator("#now-said")).to_have_text("Dieser Link ist schon in deinem Eingang.")
    window = click_bookmark(settings, code.replace("token=", "token=x"))
    expect(window.locator("#now-said")).to_contain_text("Lesezeichen")


def test_the_window_of_the_one_click_bookmark_does_nothing_without_its_token(
    browse: Browsing, alice: Person, site_elsewhere: str, troubles: Troubles
) -> None:
    """Another site opens it in the browser of somebody who is signed in."""
    troubles.expected.append("401")
    page = browse(alice, None, **DESKTOP)
    page.goto(f"{site_elsewhere}/hostile")
    address = f"{alice.inlay.url}/add/now#url=http://a.example/song"
    window = click_bookmark(page, f"javascript:void open('{address}', '_blank', 'popup')")
    expect(window.locator("#now-said")).to_contain_text("Nothing was handed in.")
    window = click_bookmark(page, f"javascript:void open('{address}&token=inlay_guess', '_blank', 'popup')")
    expect(window.locator("#now-said")).to_contain_text("revoked")
    assert links_of(alice) == []


def test_recipes_of_the_settings_hand_in_a_link_and_the_qr_code_signs_a_phone_in_once(
    browse: Browsing, alice: Person, troubles: Troubles
) -> None:
    troubles.expected.append("422")
    settings = browse(alice, "/settings/phone")
    settings.locator("#recipes button").tap()
    header = settings.locator("#recipe-header").input_value()
    address = settings.locator("#recipe-url").input_value()
    settings.locator("#recipe-android summary").tap()
    body = settings.locator("#recipe-body").inner_text()
    shared = "Listen to this: https://music.example/song?id=7."
    answer = settings.context.request.post(
        address,
        headers={"Authorization": header, "Content-Type": "application/json", "Cookie": ""},
        data=body.replace("{shared}", shared),
    )
    assert answer.status == 202, answer.text()
    wait_for(lambda: links_of(alice) == ["https://music.example/song?id=7"])

    settings.locator("#scan button").tap()
    expect(settings.locator("#qr")).to_be_visible()
    assert settings.locator("#qr").evaluate("(it) => it.naturalWidth") > 100
    assert layout_problems(settings) == []
    assert accessibility_problems(settings) == []
    link = settings.locator("#scan-link").input_value()
    phone = browse(None, link)
    phone.get_by_role("button", name=f"Sign in as {alice.name}").tap()
    expect(phone.locator("#here")).to_be_visible()
    phone.goto("/")
    expect(card(phone)).to_have_count(1)
    other = browse(None, link)
    expect(other.get_by_role("alert")).to_contain_text("This link was used already")
