"""The spectrum's answer comes with a tap, where the button was."""

import pytest
from playwright.sync_api import expect

from tests.browser.driving import Browsing, Person
from tests.browser.looking import accessibility_problems, layout_problems
from tests.browser.test_trash import look_up, put

pytestmark = pytest.mark.browser


def test_a_tap_asks_and_the_answer_takes_the_buttons_place(browse: Browsing, alice: Person) -> None:
    put(alice, "Spectral")
    page = browse(alice, "/library")
    look_up(page, "Spectral")
    button = page.get_by_role("button", name="Was it lossy once?")
    assert layout_problems(page) == []
    button.tap()
    answer = page.locator("[id^=spectrum-] [role=status]")
    expect(answer).to_contain_text("nothing", ignore_case=True, timeout=30_000)
    expect(button).to_have_count(0)
    assert page.url.endswith("/edit")
    assert accessibility_problems(page) == []
    assert layout_problems(page) == []
    page.reload()
    expect(answer).to_be_visible()
