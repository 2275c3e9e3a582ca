"""A headless Chromium, the people who use it, and a note of everything that goes wrong in it."""

import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from app.accounts import sessions, setup
from app.accounts.model import Scope
from app.db import Database, now
from tests.running import PASSWORD, Inlay

FULL_CHROMIUM = shutil.which("chromium")
CHROMIUM = shutil.which("chromium-headless-shell") or FULL_CHROMIUM
"""The same engine without a desktop's surroundings, notifications among them: half of the work."""
QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}
SMALL_PHONE = {**PHONE, "viewport": {"width": 320, "height": 640}}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
PATIENCE_MS = 60_000

# What the page itself must never do: break our own policy, or run a stranger's words.
WATCH = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""


@contextmanager
def chromium(*more: str) -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET.split(), *more])
        yield browser
        browser.close()


@dataclass
class Troubles:
    """Console errors, exceptions, policy violations and dialogs of all pages, except the expected ones."""

    expected: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        context.on("console", lambda message: message.type == "error" and self.note(message.text))
        context.on("weberror", lambda error: self.note(f"exception: {error.error}"))
        context.on("dialog", lambda dialog: (self.note(f"dialog: {dialog.message}"), dialog.dismiss()))

    def note(self, text: str) -> None:
        if not any(part in text for part in self.expected):
            self.seen.append(text)


@dataclass(frozen=True)
class Person:
    """Somebody with an account and a signed-in browser. `inlay` speaks to the API in their name."""

    name: str
    inlay: Inlay
    cookie: str


def join(inlay: Inlay, name: str) -> Person:
    """A new user, without the slow way through command line and login page."""
    db = Database(inlay.data / "inlay.db")
    user = setup.create_user(db, name, PASSWORD, is_admin=False)
    with db.write() as session:
        cookie = sessions.start(session, user.id, "tests", now())
        _, token = sessions.create_token(session, user.id, Scope.FULL, "tests")
    db.close()
    own = copy(inlay)
    own.token = token
    return Person(name, own, cookie)


@dataclass(frozen=True)
class Browsing:
    """Opens pages at the running Inlay, each in a fresh browser profile."""

    browser: Browser
    inlay: Inlay
    troubles: Troubles
    open_ones: ExitStack

    def __call__(
        self, person: Person | None = None, path: str | None = "/", *, prepare: str = "", **options: Any
    ) -> Page:
        """A phone unless `options` say otherwise. `prepare` is a script that runs before each page's own."""
        made = self.browser.new_context(base_url=self.inlay.url, **(options or PHONE))
        context = self.open_ones.enter_context(made)
        context.set_default_timeout(PATIENCE_MS)
        context.add_init_script(WATCH + prepare)
        self.troubles.watch(context)
        if person:
            cookie = {"name": sessions.COOKIE, "value": person.cookie, "url": self.inlay.url}
            context.add_cookies([cookie])
        page = context.new_page()
        if path:
            page.goto(path)
        return page


def hand_in(page: Page, link: str) -> None:
    page.fill("#submit-url", link)
    page.tap("#submit-go")


def card(page: Page, state: str = "") -> Locator:
    return page.locator(f'article.card[data-state="{state}"]' if state else "article.card")


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    page.fill("input[name=name]", name)
    page.fill("input[name=password]", password)
    page.click("form.inlay button.primary")


def inbox_of(inlay: Inlay) -> re.Pattern[str]:
    """The address of the inbox, with or without the toast that a decision leaves there."""
    return re.compile(rf"^{re.escape(inlay.url)}/(\?undo=[0-9a-f-]+)?$")
