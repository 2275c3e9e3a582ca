"""Sharing to Inlay from a phone: the manifest, the share sheet's form, and links that wait for the server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from app.languages.catalogue import catalogue
from tests.browser.driving import CHROMIUM, PHONE, QUIET, Browsing, Person, Troubles, card, join, sign_in
from tests.browser.elsewhere import elsewhere
from tests.browser.looking import accessibility_problems, layout_problems
from tests.media.audio import make
from tests.media.site import MediaSite
from tests.running import Inlay, wait_for

pytestmark = pytest.mark.browser

AWAY = ("ERR_CONNECTION_REFUSED", "502", "504")
SEND_FORM = """([action, method, fields]) => {
  const form = document.createElement("form");
  Object.assign(form, { action, method });
  for (const [name, value] of Object.entries(fields)) {
    form.append(Object.assign(document.createElement("input"), { name, value, type: "hidden" }));
  }
  document.body.append(form);
  form.submit();
}"""


@pytest.fixture(scope="module")
def inlay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inlay]:
    """One of its own: these tests stop it."""
    with Inlay(tmp_path_factory.mktemp("phone"), per_site="8", workers="4") as running:
        running.add_user("admin", admin=True)
        yield running.start()


def has_worker(page: Page) -> Page:
    """The page, when the service worker has everything that it keeps and answers for this page."""
    page.evaluate("""async () => {
      await navigator.serviceWorker.ready;
      while (!navigator.serviceWorker.controller) await new Promise((go) => setTimeout(go, 20));
    }""")
    return page


def manifest_of(page: Page) -> dict[str, Any]:
    answer = page.context.request.get(
        page.locator("link[rel=manifest]").evaluate("(it) => it.href"), headers={"Cookie": ""}
    )
    found: dict[str, Any] = answer.json()
    return found


def share(page: Page, inlay: Inlay, **shared: str) -> None:
    """What the share sheet does: sends the form that the manifest describes, as a navigation."""
    target = manifest_of(page)["share_target"] if inlay.is_up() else {"action": "share", "method": "POST"}
    names = target.get("params", {name: name for name in shared})
    fields = {names[name]: value for name, value in shared.items()}
    with page.expect_navigation():
        page.evaluate(SEND_FORM, [f"{inlay.url}/{target['action']}", target["method"], fields])


def downloads_of(person: Person) -> list[dict[str, Any]]:
    with person.inlay.api() as api:
        found: list[dict[str, Any]] = api.get("/downloads").json()["items"]
    return found


def offer(site: MediaSite, name: str) -> str:
    return site.track(name, make("mp3", 2), title=name.title(), artist="Ida Holm")


def test_browser_finds_nothing_that_keeps_inlay_from_being_installed(
    browser: Browser, inlay: Inlay, tmp_path: Path
) -> None:
    context = browser.browser_type.launch_persistent_context(
        str(tmp_path), executable_path=CHROMIUM, args=QUIET.split()
    )
    with context:
        page = context.new_page()
        page.goto(f"{inlay.url}/login")
        has_worker(page)
        devtools = context.new_cdp_session(page)
        assert devtools.send("Page.getAppManifest")["errors"] == []
        assert devtools.send("Page.getInstallabilityErrors")["installabilityErrors"] == []
        manifest = manifest_of(page)
        for icon in manifest["icons"]:
            picture = page.evaluate(
                "async (src) => { const it = new Image(); it.src = src; await it.decode();"
                " return `${it.naturalWidth}x${it.naturalHeight}`; }",
                f"{inlay.url}/{icon['src']}",
            )
            assert picture == icon["sizes"]
        assert {icon["purpose"] for icon in manifest["icons"]} == {"any", "maskable"}


@pytest.mark.parametrize("with_worker", [True, False], ids=["worker", "no worker"])
def test_shared_text_becomes_a_card_with_one_tap_and_then_its_review(
    browse: Browsing, alice: Person, site: MediaSite, with_worker: bool
) -> None:
    link = offer(site, f"shared {with_worker}")
    more: dict[str, Any] = {} if with_worker else {"service_workers": "block"}
    page = browse(alice, **PHONE, **more)
    if with_worker:
        has_worker(page)
    share(page, browse.inlay, title="A fine song", text=f"Listen to “this”: {link}!")
    expect(page.locator("#submit-url")).to_have_value(link)
    expect(page.locator("#submit")).to_contain_text("A fine song")
    assert downloads_of(alice) == []
    page.locator("#submit-go").tap()
    expect(page.locator("#review")).to_be_visible()
    (download,) = downloads_of(alice)
    assert page.url == f"{browse.inlay.url}/downloads/{download['id']}/review"
    # It is there already, so sharing it again leads to the same place.
    share(page, browse.inlay, url=link)
    page.locator("#submit-go").tap()
    expect(page.locator("#review")).to_be_visible()
    assert len(downloads_of(alice)) == 1
    page.go_back()
    expect(page.locator("#submit-url")).to_be_visible()


def test_share_without_a_link_says_so(browse: Browsing, alice: Person) -> None:
    page = browse(alice)
    share(has_worker(page), browse.inlay, text="a song that I like")
    expect(page.locator("#submit-error")).to_contain_text("There was no link in what you shared.")


@pytest.mark.parametrize("with_worker", [True, False], ids=["worker", "no worker"])
def test_share_form_of_a_hostile_page_starts_nothing(
    browse: Browsing, alice: Person, with_worker: bool
) -> None:
    more: dict[str, Any] = {} if with_worker else {"service_workers": "block"}
    page = browse(alice, **PHONE, **more)
    if with_worker:
        has_worker(page)
    with elsewhere() as hostile:
        page.goto(f"{hostile}/hostile")
        with page.expect_navigation():
            page.evaluate(SEND_FORM, [f"{browse.inlay.url}/share", "POST", {"url": "http://a.example/song"}])
    expect(page.locator("#submit-url")).to_have_value("http://a.example/song")
    page.wait_for_timeout(500)
    assert downloads_of(alice) == []
    assert page.evaluate("kept.all()") == []


def test_link_that_is_shared_without_a_server_is_sent_once_when_it_is_back(
    browse: Browsing, alice: Person, site: MediaSite, troubles: Troubles
) -> None:
    troubles.expected += AWAY
    link, page = offer(site, "later"), has_worker(browse(alice))
    browse.inlay.stop()
    try:
        page.goto("/library")
        expect(page.locator("#offline")).to_contain_text("Inlay is out of reach")
        expect(page.locator("#keep")).to_be_hidden()
        share(page, browse.inlay, title="Later", text=f"Hear {link}")
        expect(page.locator("#keep-url")).to_have_value(link)
        assert layout_problems(page) == []
        assert accessibility_problems(page) == []
        page.get_by_role("button", name="Keep it").tap()
        expect(page.locator("#keep-said")).to_contain_text("Kept. It is sent when Inlay is in reach again")
        expect(page.locator("#kept .row")).to_contain_text("Later")
        assert layout_problems(page) == []
        assert accessibility_problems(page) == []
        second = page.context.new_page()
        second.goto("/")
        expect(second.locator("#kept .row")).to_have_count(1)
    finally:
        browse.inlay.start()
    # Both pages wait for the server, and each would send it.
    expect(page.locator("#review")).to_be_visible()
    expect(card(second, "review")).to_have_count(1)
    assert [one["url"] for one in downloads_of(alice)] == [link]
    expect(second.locator("#kept .row")).to_contain_text("Sent.")
    second.locator("#kept").get_by_role("button", name="OK Later").tap()
    expect(second.locator("#kept .row")).to_have_count(0)


def test_page_without_a_server_is_in_the_language_that_was_chosen_since_it_was_kept(
    browse: Browsing, alice: Person, troubles: Troubles
) -> None:
    troubles.expected += AWAY
    page = has_worker(browse(alice, "/settings", **PHONE, locale="es"))
    heading = {code: catalogue(code).gettext("Inlay is out of reach") for code in ("de", "es")}
    for choice, reads in (("", "es"), ("de", "de"), ("", "es")):
        page.locator("#language-choice").select_option(choice)
        page.locator("#language-form button").tap()
        expect(page.locator("html")).to_have_attribute("lang", reads)
        expect(page.locator("#language-choice")).to_have_value(choice)
        page.wait_for_function("async (code) => (await kept.language()) === code", arg=choice)
        browse.inlay.stop()
        try:
            page.goto("/library")
            expect(page.locator("#offline h1")).to_have_text(heading[reads])
            expect(page.locator("html")).to_have_attribute("lang", reads)
            assert layout_problems(page) == []
        finally:
            browse.inlay.start()
        page.goto("/settings")


def test_page_without_a_server_follows_the_browser_where_nobody_chose(
    browser: Browser, inlay: Inlay, tmp_path: Path
) -> None:
    """The same profile, whose browser was set to another language since the worker came."""
    for locale in ("es", "de"):
        context = browser.browser_type.launch_persistent_context(
            str(tmp_path), executable_path=CHROMIUM, args=QUIET.split(), locale=locale
        )
        with context:
            page = context.new_page()
            if inlay.is_up():
                page.goto(f"{inlay.url}/login")
                has_worker(page)
                inlay.stop()
            try:
                page.goto(f"{inlay.url}/library")
                heading = catalogue(locale).gettext("Inlay is out of reach")
                expect(page.locator("#offline h1")).to_have_text(heading)
            finally:
                if locale == "de":
                    inlay.start()


def test_kept_link_is_sent_in_the_background_when_no_page_is_open(
    browse: Browsing, alice: Person, site: MediaSite, troubles: Troubles
) -> None:
    troubles.expected += AWAY
    link, page = offer(site, "behind"), has_worker(browse(alice))
    devtools = page.context.new_cdp_session(page)
    seen: list[dict[str, Any]] = []
    devtools.on("ServiceWorker.workerRegistrationUpdated", lambda event: seen.extend(event["registrations"]))
    devtools.send("ServiceWorker.enable")
    browse.inlay.stop()
    try:
        share(page, browse.inlay, url=link)
        page.get_by_role("button", name="Keep it").tap()
        expect(page.locator("#keep-said")).to_contain_text("Kept.")
        page.goto("about:blank")
    finally:
        browse.inlay.start()
    registration = wait_for(lambda: next((one for one in seen if one["scopeURL"].startswith("http")), None))
    sync = {
        "origin": f"{browse.inlay.url}/",
        "registrationId": registration["registrationId"],
        "tag": "inlay-kept",
        "lastChance": False,
    }
    devtools.send("ServiceWorker.dispatchSyncEvent", sync)
    wait_for(lambda: page.wait_for_timeout(100) or len(downloads_of(alice)) == 1)
    page.goto(browse.inlay.url)
    expect(page.locator("#kept .row")).to_contain_text("Sent.")
    page.wait_for_timeout(500)
    assert [one["url"] for one in downloads_of(alice)] == [link]


def test_kept_link_survives_the_end_of_its_session_and_is_nobody_elses(
    browse: Browsing, alice: Person, site: MediaSite, troubles: Troubles
) -> None:
    troubles.expected += AWAY
    link, page = offer(site, "patient"), has_worker(browse(alice))
    bob = join(browse.inlay, f"bob-of-{alice.name}")
    browse.inlay.stop()
    try:
        share(page, browse.inlay, url=link, title="Patient")
        page.get_by_role("button", name="Keep it").tap()
        expect(page.locator("#keep-said")).to_contain_text("Kept.")
        page.context.clear_cookies()
    finally:
        browse.inlay.start()
    expect(page.locator("#login")).to_be_visible()
    expect(page.locator("#kept")).to_have_text("A link waits on this phone. Sign in to send it.")
    sign_in(page, bob.name)
    expect(page.locator("#kept")).to_contain_text("until the person who shared it signs in")
    expect(page.locator("#kept")).not_to_contain_text("Patient")
    assert downloads_of(bob) == []
    page.context.clear_cookies()
    page.goto("/login")
    sign_in(page, alice.name)
    expect(page.locator("#kept .row")).to_contain_text("Sent.")
    assert ([one["url"] for one in downloads_of(alice)], downloads_of(bob)) == ([link], [])


def test_phone_keeps_our_own_files_and_nothing_of_anybodys(
    browse: Browsing, alice: Person, site: MediaSite
) -> None:
    alice.inlay.rest(alice.inlay.submit(offer(site, "private")))
    page = has_worker(browse(alice))
    for path in ("/library", "/history", "/settings", "/"):
        page.goto(path)
    page.get_by_role("link", name="Review Private").tap()
    expect(page.locator("#review")).to_be_visible()
    kept = page.evaluate("""async () => {
      const found = {};
      for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        for (const { url } of await cache.keys()) found[url] = await (await cache.match(url)).text();
      }
      return found;
    }""")
    assert all("/static/" in url or "/offline?v=" in url for url in kept)
    assert not [url for url, text in kept.items() if "Private" in text or alice.name in text]
    used = page.evaluate(
        "[...document.querySelectorAll('script[src],link[rel=stylesheet]')].map((it) => it.src || it.href)"
    )
    assert set(used) <= set(kept)
