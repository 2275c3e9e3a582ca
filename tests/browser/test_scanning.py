"""A library that is being read, as its page tells it."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.driving import Browsing, Troubles, join
from tests.browser.looking import SCHEMES, accessibility_problems, layout_problems
from tests.library_world import grow_old
from tests.media.audio import make
from tests.running import Inlay

pytestmark = pytest.mark.browser

MANY = 12_000


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Inlay]:
    """An Inlay beside which a folder full of music waits to be moved into the library."""
    brought = tmp_path / "brought"
    brought.mkdir()
    for number in range(MANY):
        file = brought / f"{number}.mp3"
        shutil.copyfile(make("mp3", 1), file)
        grow_old(file, 60)
    with Inlay(tmp_path / "inlay") as inlay:
        inlay.add_user("admin", admin=True)
        yield inlay.start()


@pytest.fixture
def open_ones() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_the_page_counts_while_music_is_read_and_nothing_moves(
    browser: Browser, troubles: Troubles, open_ones: ExitStack, full: Inlay
) -> None:
    page = Browsing(browser, full, troubles, open_ones)(join(full, "alice"), "/library")
    expect(page.locator("#tracks")).to_contain_text("The library is empty.")
    (full.home.parent / "brought").rename(full.library / "brought")
    bar = page.locator("#scanning")
    while not bar.count():
        page.goto("/library")
    expect(bar).to_contain_text("of 12,000 files")
    place = page.locator("#tracks").bounding_box()
    first = bar.inner_text()
    assert layout_problems(page) == []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        assert accessibility_problems(page) == [], scheme
    expect(bar).not_to_have_text(first)
    expect(bar).to_contain_text("Your music is read.")
    expect(bar).not_to_have_attribute("hx-get", "")
    assert page.locator("#tracks").bounding_box() == place
    bar.get_by_role("link").tap()
    expect(page.locator("#tracks [role=status]")).to_have_text("12,000 tracks")
    expect(bar).to_have_count(0)
