"""Web push in a real browser: turned on by a tap, shown by the service worker, opened by another tap.

Chromium's own push service is out of reach here. In its place `subscribe` answers with a subscription at
ours, and what arrives there is handed to the real service worker by the debugger, as the browser would.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Worker, expect

from app.accounts import sessions
from tests.browser.driving import FULL_CHROMIUM, PHONE, QUIET, Browsing, Person, Troubles, join
from tests.browser.looking import accessibility_problems, layout_problems
from tests.media import tls
from tests.media.audio import make
from tests.media.site import MediaSite
from tests.running import Inlay, wait_for
from tests.tell.push_service import Pushed, PushService, Subscription

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(tls.openssl() is None, reason="openssl is not installed"),
]

HOSTILE = "<img src=x onerror=alert(1)> & “שלום”"
# A browser's subscription at our service, kept as long as the tab is.
SUBSCRIBES = """(() => {
  const form = %s, key = "subscription-of-the-test";
  const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")),
    (one) => one.charCodeAt(0)).buffer;
  const made = () => sessionStorage.getItem(key) === null ? null : {
    endpoint: form.endpoint,
    getKey: (name) => bytes(form[name]),
    unsubscribe: async () => { sessionStorage.removeItem(key); return true; },
  };
  PushManager.prototype.getSubscription = async () => made();
  PushManager.prototype.subscribe = async ({ applicationServerKey, userVisibleOnly }) => {
    if (!userVisibleOnly) throw new Error("silent pushes are not allowed");
    const text = btoa(String.fromCharCode(...applicationServerKey));
    sessionStorage.setItem(key, text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""));
    return made();
  };
})()"""
# The same for the service worker, whose browser has just given the old one up.
RENEWS = """(form) => {
  const made = { toJSON: () => ({ endpoint: form.endpoint, keys: { p256dh: form.p256dh, auth: form.auth } }),
    unsubscribe: async () => { self.ended = true; return true; } };
  let known = null;
  self.ended = false;
  PushManager.prototype.getSubscription = async () => known;
  PushManager.prototype.subscribe = async ({ applicationServerKey, userVisibleOnly }) => {
    if (!userVisibleOnly) throw new Error("silent pushes are not allowed");
    self.bound = btoa(String.fromCharCode(...applicationServerKey))
      .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    return (known = made);
  };
  self.dispatchEvent(new ExtendableEvent("pushsubscriptionchange"));
}"""
SPY = """() => {
  self.tapped = [];
  self.clients.openWindow = async (url) => { self.tapped.push(["open", url]); };
  WindowClient.prototype.focus = async function () { self.tapped.push(["focus", this.url]); return this; };
}"""
TAP = """async () => {
  const [notification] = await self.registration.getNotifications();
  const seen = self.tapped.length;
  self.dispatchEvent(new NotificationEvent("notificationclick", { notification }));
  while (self.tapped.length === seen) await new Promise((done) => setTimeout(done, 20));
  return [...self.tapped.at(-1), (await self.registration.getNotifications()).length];
}"""
CLEAR = "async () => { for (const one of await self.registration.getNotifications()) one.close(); }"
SHOWN = """async () => (await self.registration.getNotifications())
  .map(({ title, body, tag, data }) => ({ title, body, tag, path: data.path }))"""


@pytest.fixture(scope="module")
def desktop(browser: Browser) -> Iterator[Browser]:
    """A Chromium with all that is around it, since a bare one shows no notifications."""
    with browser.browser_type.launch(executable_path=FULL_CHROMIUM, args=QUIET.split()) as running:
        yield running


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PushService]:
    context, _ = tls.self_signed(tmp_path_factory.mktemp("tls"))
    with PushService(context) as running:
        yield running


@pytest.fixture(scope="module")
def inlay(tmp_path_factory: pytest.TempPathFactory, service: PushService) -> Iterator[Inlay]:
    authority = next(tmp_path_factory.getbasetemp().glob("tls*/site.pem"))
    with Inlay(tmp_path_factory.mktemp("inlay"), ca_file=str(authority)) as running:
        running.add_user("admin", admin=True)
        yield running.start()


@pytest.fixture
def browse(desktop: Browser, inlay: Inlay, troubles: Troubles) -> Iterator[Browsing]:
    with ExitStack() as open_ones:
        yield Browsing(desktop, inlay, troubles, open_ones)


def open_settings(browse: Browsing, person: Person, subscription: Subscription | None, **more: Any) -> Page:
    prepare = SUBSCRIBES % json.dumps(subscription.form) if subscription else ""
    return browse(
        person, "/settings/tell", prepare=prepare, **{**PHONE, "permissions": ["notifications"], **more}
    )


def turn_on(page: Page, subscription: Subscription) -> None:
    page.get_by_role("button", name="Tell this device when a track is ready").tap()
    expect(page.locator("#devices-told [data-here]")).to_have_count(1)
    expect(page.locator("#push-on")).to_be_hidden()
    subscription.bound = page.evaluate("sessionStorage.getItem('subscription-of-the-test')")


def worker_of(context: BrowserContext) -> Worker:
    found: Worker = wait_for(lambda: context.service_workers and context.service_workers[0])
    return found


def soon_or_none(what: Callable[[], Any], seconds: float) -> Any:
    try:
        return wait_for(what, seconds)
    except AssertionError:
        return None


class Delivery:
    """The last step of the browser's own way: what arrived, to the service worker."""

    def __init__(self, page: Page) -> None:
        self.cdp = page.context.new_cdp_session(page)
        self.origin = page.evaluate("location.origin")
        registrations: list[str] = []
        self.cdp.on(
            "ServiceWorker.workerRegistrationUpdated",
            lambda told: registrations.extend(one["registrationId"] for one in told["registrations"]),
        )
        self.cdp.send("ServiceWorker.enable")
        while not registrations:
            page.wait_for_timeout(20)
        self.registration = registrations[0]
        self.page = page

    def __call__(self, told: dict[str, Any]) -> dict[str, Any]:
        """Answers the notification that is shown in the end."""
        worker = worker_of(self.page.context)
        worker.evaluate(CLEAR)
        # Closing takes its time, and would take a new one with the same tag along.
        wait_for(lambda: not worker.evaluate(SHOWN))
        push = {"origin": self.origin, "registrationId": self.registration, "data": json.dumps(told)}
        for _ in range(4):
            # Chromium drops it, without a word, while it has not written the registration down yet.
            self.cdp.send("ServiceWorker.deliverPushMessage", push)
            shown = soon_or_none(lambda: worker.evaluate(SHOWN), 15)
            if shown:
                break
        assert shown, "no notification"
        found: list[dict[str, Any]] = shown
        assert len(found) == 1
        return found[0]


def devices_of(inlay: Inlay) -> list[tuple[str, str]]:
    """Whose and where."""
    with closing(sqlite3.connect(inlay.data / "inlay.db", timeout=20)) as db:
        query = "SELECT name, address FROM hooks JOIN users ON users.id = user_id WHERE kind = 'push'"
        return db.execute(query).fetchall()


def put_cookie(page: Page, person: Person) -> None:
    cookie = {"name": sessions.COOKIE, "value": person.cookie, "url": person.inlay.url}
    page.context.add_cookies([cookie])  # type: ignore[list-item]


def test_a_tap_turns_it_on_a_ready_track_is_shown_and_another_tap_opens_its_review(
    browse: Browsing, inlay: Inlay, service: PushService, site: MediaSite
) -> None:
    alice, phone = join(inlay, "alice"), service.browser()
    page = open_settings(browse, alice, phone)
    assert devices_of(inlay) == [], "off until it is turned on"
    turn_on(page, phone)
    assert layout_problems(page) == []
    assert accessibility_problems(page) == []
    page.get_by_role("button", name="Send a test").tap()
    expect(page.locator("#devices-told")).to_contain_text("It took: Inlay.")
    deliver = Delivery(page)
    assert deliver(phone.got.pop().told)["body"].startswith("This is a test")

    id = alice.inlay.submit(site.track("told", make("mp3", 3), title=HOSTILE, artist="Ida Holm"))
    alice.inlay.rest(id)
    pushed: Pushed = wait_for(lambda: phone.got, 40)[0]
    assert not service.refused
    review = f"downloads/{id}/review"
    assert deliver(pushed.told) == {
        "title": f"Ida Holm – {HOSTILE}",
        "body": "Ready for review",
        "tag": pushed.headers["topic"],
        "path": review,
    }
    worker = worker_of(page.context)
    worker.evaluate(SPY)
    # Our other page stays as it is.
    assert worker.evaluate(TAP) == ["open", f"{inlay.url}/{review}", 0]
    page.goto(f"/{review}")
    deliver(pushed.told)
    assert worker.evaluate(TAP) == ["focus", f"{inlay.url}/{review}", 0]
    deliver({**pushed.told, "path": ""})
    assert worker.evaluate(TAP) == ["open", f"{inlay.url}/", 0]
    deliver({**pushed.told, "path": "//elsewhere.example/"})
    assert worker.evaluate(TAP) == ["open", f"{inlay.url}/", 0]


def test_two_people_of_one_browser_never_get_each_others(
    browse: Browsing, inlay: Inlay, service: PushService
) -> None:
    carol, dave, tablet = join(inlay, "carol"), join(inlay, "dave"), service.browser()
    page = open_settings(browse, carol, tablet)
    turn_on(page, tablet)
    page.get_by_role("button", name="Send a test").tap()
    wait_for(lambda: tablet.got)
    hers, deliver = tablet.got.pop().told, Delivery(page)
    assert ("carol", tablet.endpoint) in devices_of(inlay)

    # Somebody else's cookie, without a sign-out before: the worst case.
    put_cookie(page, dave)
    assert "ended on this device" in deliver(hers)["body"]
    page.goto("/settings")
    page.get_by_role("link", name="Telling others").tap()
    expect(page.locator("#push-on")).to_be_visible()
    page.wait_for_function("sessionStorage.getItem('subscription-of-the-test') === null")
    turn_on(page, tablet)
    mine = [one for one in devices_of(inlay) if one[1] == tablet.endpoint]
    assert mine == [("dave", tablet.endpoint)]

    page.goto("/settings")
    page.locator("#devices").get_by_role("button", name="Sign out", exact=True).tap()
    page.wait_for_url("**/login*")
    assert not [one for one in devices_of(inlay) if one[1] == tablet.endpoint]
    assert deliver(hers)["body"] == "Sign in to see what is ready for review."


def test_a_subscription_that_the_browser_replaces_stays_the_same_device_for_its_user_alone(
    browse: Browsing, inlay: Inlay, service: PushService
) -> None:
    ivan, judy, phone, later, last = (
        join(inlay, "ivan"),
        join(inlay, "judy"),
        *(service.browser() for _ in "123"),
    )
    page = open_settings(browse, ivan, phone)
    turn_on(page, phone)
    worker = worker_of(page.context)
    phone.is_gone = True
    worker.evaluate(RENEWS, later.form)
    wait_for(lambda: ("ivan", later.endpoint) in devices_of(inlay), 15)
    assert not [one for one in devices_of(inlay) if one[1] == phone.endpoint]
    later.bound = worker.evaluate("self.bound")
    page.reload()
    page.get_by_role("button", name="Send a test").tap()
    expect(page.locator("#devices-told")).to_contain_text("It took: Inlay.")
    assert later.got

    # Somebody else is signed in by now: theirs it does not become, and nothing is told to it any more.
    put_cookie(page, judy)
    worker.evaluate(RENEWS, last.form)
    wait_for(lambda: worker.evaluate("self.ended"), 15)
    assert not [one for one in devices_of(inlay) if one[1] == last.endpoint]
    assert ("ivan", later.endpoint) in devices_of(inlay)


def test_removing_a_device_ends_it_in_the_browser_too(
    browse: Browsing, inlay: Inlay, service: PushService
) -> None:
    erin, phone = join(inlay, "erin"), service.browser()
    page = open_settings(browse, erin, phone)
    turn_on(page, phone)
    phone.is_gone = True
    page.get_by_role("button", name="Send a test").tap()
    expect(page.locator("#devices-told")).to_contain_text("it was removed from the list")
    expect(page.locator("#push-on")).to_be_visible()
    phone.is_gone = False
    turn_on(page, phone)
    page.get_by_role("button", name="Remove").tap()
    expect(page.locator("#push-on")).to_be_visible()
    page.wait_for_function("sessionStorage.getItem('subscription-of-the-test') === null")
    assert not [one for one in devices_of(inlay) if one[0] == "erin"]


@pytest.mark.parametrize(
    ("why", "prepare"),
    [
        ("https://", "Object.defineProperty(window, 'isSecureContext', { value: false })"),
        ("Home Screen", "delete window.PushManager; navigator.standalone = false"),
        ("knows no notifications", "delete window.PushManager"),
        ("blocks notifications", "Object.defineProperty(Notification, 'permission', { value: 'denied' })"),
    ],
)
def test_what_a_browser_cannot_is_said(browse: Browsing, inlay: Inlay, why: str, prepare: str) -> None:
    person = join(inlay, f"person-{len(prepare)}")
    page = browse(person, "/settings/tell", prepare=prepare)
    expect(page.locator("#push-why")).to_contain_text(why, use_inner_text=True)
    expect(page.locator("#push-on")).to_be_hidden()
    assert layout_problems(page) == []


def test_a_push_service_that_is_out_of_reach_and_a_no_are_said(
    browse: Browsing, inlay: Inlay, troubles: Troubles
) -> None:
    # The browser's own word, for who looks for the cause.
    troubles.expected.append("Push API in incognito mode")
    page = open_settings(browse, join(inlay, "frank"), None)
    page.locator("#push-on").tap()
    expect(page.locator("#push-why")).to_contain_text("cannot reach its push service", use_inner_text=True)
    asks = "Notification.requestPermission = async () => 'default'"
    page = browse(join(inlay, "grace"), "/settings/tell", prepare=asks, permissions=["notifications"])
    page.locator("#push-on").click()
    expect(page.locator("#push-why")).to_contain_text("Tap again when you want it", use_inner_text=True)


def test_away_from_home_the_title_is_shown(browse: Browsing, inlay: Inlay, service: PushService) -> None:
    """The last one of this file: it ends the server."""
    phone = service.browser()
    page = open_settings(browse, join(inlay, "heidi"), phone)
    turn_on(page, phone)
    deliver = Delivery(page)
    inlay.kill()
    told = {"device": "x", "title": "Ida Holm – Moth", "body": "Ready for review", "tag": "t", "path": ""}
    assert deliver(told)["title"] == "Ida Holm – Moth"
