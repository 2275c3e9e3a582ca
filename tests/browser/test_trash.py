"""Deleting and editing in the library with a thumb: a toast with Undo, and everything is back."""

import re
import shutil

import pytest
from playwright.sync_api import Page, expect

from app.tags import containers
from app.tags.model import Tags
from tests.browser.driving import PHONE, Browsing, Person, Troubles
from tests.browser.looking import SCHEMES, accessibility_problems, layout_problems
from tests.library_world import grow_old
from tests.media.audio import make
from tests.running import wait_for

pytestmark = pytest.mark.browser


def put(person: Person, title: str) -> str:
    """A track in the library; the answer is its path."""
    file = person.inlay.library / "Ida Holm" / f"{title}.mp3"
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(make("mp3", 2), file)
    containers.write(file, Tags(title=title, artist="Ida Holm", album="Estuary"), None)
    grow_old(file, 60)
    with person.inlay.api() as api:
        wait_for(lambda: api.get("/library/tracks", params={"q": title}).json()["items"])
    return f"Ida Holm/{title}.mp3"


def look_up(page: Page, title: str) -> None:
    page.goto(f"/library?q={title}")
    page.locator("#tracks .to", has_text=title).tap()
    page.get_by_role("link", name=f"Edit {title}", exact=True).tap()
    expect(page).to_have_url(re.compile("/edit$"))


def test_deleted_by_mistake_is_back_with_one_tap(browse: Browsing, alice: Person) -> None:
    path = put(alice, "Lamplight")
    page = browse(alice, "/library")
    look_up(page, "Lamplight")
    page.get_by_role("button", name="Delete Lamplight: move it to the trash").tap()
    toast = page.locator("#toast")
    expect(toast).to_contain_text("Moved to the trash “Lamplight”")
    assert path not in alice.inlay.files()
    toast.get_by_role("button", name="Undo").tap()
    expect(page.locator("#tracks")).to_contain_text("Lamplight")
    expect(toast).to_have_count(0)
    assert path in alice.inlay.files()


def test_an_edit_is_taken_back_from_the_history(browse: Browsing, alice: Person, troubles: Troubles) -> None:
    troubles.expected.append("422")
    path = put(alice, "Weir")
    page = browse(alice, "/library")
    look_up(page, "Weir")
    page.fill("[name=title]", "")
    page.locator("#save").tap()
    expect(page.locator("#why-title")).to_have_text("A track needs a title.")
    page.fill("[name=title]", "Weir at Dusk")
    page.locator("#save").tap()
    expect(page.locator("#toast")).to_contain_text("Edited “Weir at Dusk”")
    assert containers.read(alice.inlay.library / path).tags.title == "Weir at Dusk"
    page.goto("/history")
    page.get_by_role("button", name=re.compile("Undo Weir at Dusk")).tap()
    expect(page).to_have_url(re.compile(r"/library\?q=Weir"))
    assert containers.read(alice.inlay.library / path).tags.title == "Weir"


def test_several_are_ticked_and_edited_at_once(browse: Browsing, alice: Person) -> None:
    paths = [put(alice, f"Ferry {name}") for name in ("one", "two")]
    page = browse(alice, "/library?q=Ferry")
    for name in ("one", "two"):
        page.get_by_role("checkbox", name=f"Choose Ferry {name}").tap()
    page.get_by_role("button", name="Edit ticked").tap()
    page.fill("[name=album]", "Crossings")
    page.locator("#save").tap()
    expect(page.locator("#toast")).to_contain_text("2 tracks")
    tags = [containers.read(alice.inlay.library / path).tags for path in paths]
    assert [(one.title, one.album) for one in tags] == [
        ("Ferry one", "Crossings"),
        ("Ferry two", "Crossings"),
    ]
    page.locator("#toast").get_by_role("button", name="Undo").tap()
    expect(page.locator("#toast")).to_have_count(0)
    assert {containers.read(alice.inlay.library / path).tags.album for path in paths} == {"Estuary"}


def test_the_trash_restores_without_javascript(browse: Browsing, alice: Person) -> None:
    path = put(alice, "Rain Gauge")
    page = browse(alice, "/library", **{**PHONE, "java_script_enabled": False})
    look_up(page, "Rain Gauge")
    page.get_by_role("button", name="Delete Rain Gauge: move it to the trash").tap()
    expect(page.locator("#toast")).to_contain_text("Rain Gauge")
    page.goto("/library/trash")
    expect(page.locator("#trash")).to_contain_text(path)
    page.get_by_role("button", name="Restore Rain Gauge").tap()
    expect(page.locator("#toast")).to_contain_text("Restored “Rain Gauge”")
    assert path in alice.inlay.files()


def test_the_new_pages_fit_a_phone_and_can_be_read(browse: Browsing, alice: Person) -> None:
    put(alice, "A rather long title that somebody gave it")
    put(alice, "Gone")
    page = browse(alice, "/library")
    look_up(page, "Gone")
    page.get_by_role("button", name="Delete Gone: move it to the trash").tap()
    expect(page.locator("#toast")).to_contain_text("Gone")
    with_toast = page.url
    look_up(page, "A rather long title that somebody gave it")
    editing = page.url
    many = f"/library/edit?ids={editing.split('/')[-2]}"
    for path in (with_toast, "/library/trash", "/history", editing, many):
        page.goto(path)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            assert layout_problems(page) == [], path
            assert accessibility_problems(page) == [], path
