"""A headless Chromium, the screens it shows, and a page that keeps note of everything that goes wrong."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

from tests.running import PASSWORD, Inlay

CHROMIUM = shutil.which("chromium")
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
SCREENS = {"390x844": PHONE, "320x640": SMALL_PHONE, "1280x800": DESKTOP}


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET.split())
        yield browser
        browser.close()


def sign_in(page: Page, inlay: Inlay, name: str = "alice") -> None:
    page.goto(f"{inlay.url}/login")
    page.fill("input[name=name]", name)
    page.fill("input[name=password]", PASSWORD)
    page.click("#login button.primary")
    page.wait_for_url(f"{inlay.url}/")


def signed_in_state(browser: Browser, inlay: Inlay, name: str = "alice") -> Any:
    """The cookies of somebody who has signed in, for new contexts."""
    context = browser.new_context()
    sign_in(context.new_page(), inlay, name)
    state = context.storage_state()
    context.close()
    return state
