"""Nobody lives here yet: the first visit, and signing in and out."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.driving import Browsing, Troubles, sign_in
from tests.browser.looking import SCHEMES, accessibility_problems, layout_problems
from tests.running import Inlay

pytestmark = pytest.mark.browser


@pytest.fixture
def inlay(tmp_path: Path) -> Iterator[Inlay]:
    """A fresh installation without anybody."""
    with Inlay(tmp_path) as running:
        yield running.start()


def test_first_visitor_becomes_admin_and_can_leave_and_return(browse: Browsing, troubles: Troubles) -> None:
    page = browse()
    expect(page).to_have_url(f"{browse.inlay.url}/setup")
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        assert accessibility_problems(page) == []
    assert layout_problems(page) == []
    sign_in(page, "Robin", "a long walk")
    expect(page).to_have_url(f"{browse.inlay.url}/")
    expect(page.locator("#submit-url")).to_be_focused()
    page.goto("/settings")
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page).to_have_url(f"{browse.inlay.url}/login")
    page.goto("/library")
    expect(page.locator("#login")).to_be_visible()
    troubles.expected.append("422")
    sign_in(page, "robin", "a short walk")
    expect(page.locator("#login-problem")).to_be_visible()
    expect(page.locator("input[name=password]")).to_be_focused()
    sign_in(page, "robin", "a long walk")
    expect(page).to_have_url(f"{browse.inlay.url}/library")


def test_setup_is_closed_once_somebody_lives_here(browse: Browsing) -> None:
    sign_in(browse(), "robin", "a long walk")
    expect(browse(path="/setup").locator("#login")).to_be_visible()
