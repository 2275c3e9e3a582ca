"""Finding one's music with a thumb: typing, filters, the endless list, liking, keeping."""

import os
import shutil
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.tags import containers
from app.tags.model import Tags
from tests.browser.driving import PHONE, Browsing, Person
from tests.browser.looking import SCHEMES, accessibility_problems, layout_problems
from tests.media.audio import make, picture
from tests.running import Inlay, wait_for

pytestmark = pytest.mark.browser

MANY = 70
BAND = "Wherry Brothers"
PLAIN = {**PHONE, "java_script_enabled": False}


@pytest.fixture(scope="module")
def shelf(inlay: Inlay) -> Inlay:
    """Somebody's own files, which were there before."""
    folder = inlay.library / "Wherry Brothers"
    folder.mkdir()
    kinds = {kind: make(kind, 1) for kind in ("mp3", "flac")}
    for number in range(MANY):
        kind = "flac" if number == 7 else "mp3"
        _put(folder / f"{number:02}.{kind}", kinds[kind], number)
    with inlay.api() as api:
        wait_for(lambda: _found(api.get("/library/tracks?q=wherry&limit=200").json()) == MANY, 60)
    return inlay


def _put(file: Path, source: Path, number: int) -> None:
    away = file.with_name(f".{file.name}")
    shutil.copyfile(source, away)
    tags = Tags(
        title=f"Tideway {number:02}", artist="Wherry Brothers", album="Rope", album_artist="Wherry Brothers"
    )
    made = away.with_suffix(f".part{file.suffix}")
    away.rename(made)
    containers.write(made, tags, picture(300, 300) if number < 2 else None)
    os.utime(made, (time.time() - 60,) * 2)
    made.rename(file)


def _found(answer: dict[str, list[object]]) -> int:
    return len(answer["items"])


def names(page: Page) -> list[str]:
    return page.locator("#tracks .name").all_inner_texts()


def test_the_list_goes_on_by_itself_and_typing_narrows_it(
    browse: Browsing, alice: Person, shelf: Inlay
) -> None:
    page = browse(alice, "/library?q=wherry")
    rows = page.locator("#tracks .track")
    expect(rows).to_have_count(50)
    page.locator(".more a").scroll_into_view_if_needed()
    expect(rows).to_have_count(MANY)
    assert len(set(names(page))) == MANY
    expect(page.locator(".more:visible")).to_have_count(0)
    page.locator("#find-q").scroll_into_view_if_needed()
    page.fill("#find-q", "")
    page.locator("#find-q").press_sequentially("the tidewy 07", delay=30)
    expect(rows).to_have_count(1)
    expect(page.locator("#tracks .name")).to_have_text("Tideway 07")
    expect(page.locator("#tracks [role=status]")).to_have_text("1 track found")
    assert "q=the+tidewy+07" in page.url
    expect(page.locator("#find-q")).to_be_focused()
    page.locator("#view-artists").tap()
    expect(page.locator("#view-artists")).to_have_attribute("aria-current", "page")
    page.fill("#find-q", "whery broth")
    expect(page.locator("#tracks .name")).to_have_text("Wherry Brothers")
    page.locator("#tracks .to").tap()
    expect(page.locator("h1")).to_have_text("Wherry Brothers")


def test_what_one_likes_is_filtered_played_and_kept(browse: Browsing, alice: Person, shelf: Inlay) -> None:
    page = browse(alice, "/library?q=wherry")
    row = page.locator("#tracks .track").filter(has_text="Tideway 07")
    page.fill("#find-q", "tideway 07")
    expect(page.locator("#tracks .track")).to_have_count(1)
    heart = row.get_by_role("button", name="Like Tideway 07")
    heart.tap()
    expect(heart).to_have_attribute("aria-pressed", "true")
    row.get_by_role("link", name="Play Tideway 07").tap()
    expect(page.locator("audio#player")).to_have_attribute(
        "src", page.locator(".track [data-play]").first.evaluate("it => it.href")
    )
    page.fill("#find-q", "wherry")
    page.locator("#filters summary").tap()
    page.get_by_label("What I like").check()
    expect(page.locator("#tracks .name")).to_have_text(["Tideway 07"])
    page.get_by_label("Sound").select_option("no")
    expect(page.locator("#tracks")).to_contain_text("Nothing matches.")
    page.get_by_label("Sound").select_option("yes")
    expect(page.locator("#tracks .name")).to_have_text(["Tideway 07"])
    assert layout_problems(page) == []
    page.locator("#tracks .to").tap()
    expect(page.locator("h1")).to_have_text("Tideway 07")
    with page.expect_download() as kept:
        page.locator("#keep").tap()
    assert kept.value.suggested_filename == "07.flac"


def test_library_works_as_plain_pages(browse: Browsing, alice: Person, shelf: Inlay) -> None:
    page = browse(alice, "/library?q=wherry", **PLAIN)
    first = names(page)
    page.locator(".more a").tap()
    page.wait_for_url("**before=**")
    rest = names(page)
    assert (len(first), len(rest), len({*first, *rest})) == (50, MANY - 50, MANY)
    page.locator("#tracks .to").first.tap()
    page.get_by_role("button", name="Like").tap()
    expect(page.get_by_role("button", name="Like")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("link", name="All tags in the file").tap()
    expect(page.locator("#more-tags a")).to_have_count(0)


@pytest.mark.parametrize(
    "path",
    [
        "/library?q=wherry&lossless=yes",
        "/library?view=artists",
        "/library?view=releases",
        "/library/artist?key=wherry+brothers",
        "/library/release?key=rope&by=wherry+brothers",
    ],
)
def test_library_pages_fit_a_phone(browse: Browsing, alice: Person, shelf: Inlay, path: str) -> None:
    page = browse(alice, path)
    expect(page.locator(".track").first).to_be_visible()
    assert layout_problems(page) == []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        assert accessibility_problems(page) == [], scheme


def test_track_page_fits_a_phone(browse: Browsing, alice: Person, shelf: Inlay) -> None:
    page = browse(alice, "/library?q=tideway+01")
    page.locator("#tracks .to").tap()
    expect(page.locator("#more-tags [href]")).to_have_count(0)
    assert layout_problems(page) == []
    assert accessibility_problems(page) == []
