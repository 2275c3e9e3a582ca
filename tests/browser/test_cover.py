"""The cover workbench with a finger, with keys alone, with the clipboard, and without scripts."""

import base64
import io
from collections.abc import Callable
from pathlib import Path

import mutagen
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.driving import PHONE, Browsing, Person, Troubles, inbox_of
from tests.browser.looking import focus_is_visible, layout_problems
from tests.journeys import short_track
from tests.media.audio import picture
from tests.media.site import MediaSite
from tests.test_tags_cover import BLACK, alike, art, framed, jpeg, opened

pytestmark = pytest.mark.browser

SCENE = art(1200, 600)
THUMBNAIL = jpeg(framed(SCENE, 1200, 800, BLACK))
PLAIN = {**PHONE, "java_script_enabled": False}

PASTE = """(data) => {
  const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
  const clipboard = new DataTransfer();
  clipboard.items.add(new File([bytes], "image.png", { type: "image/png" }));
  const event = new ClipboardEvent("paste", { clipboardData: clipboard, bubbles: true, cancelable: true });
  document.activeElement.dispatchEvent(event);
}"""
SQUARE = """() => {
  const [frame, stage] = ["crop-frame", "crop-stage"].map((id) =>
    document.getElementById(id).getBoundingClientRect());
  return [frame.left - stage.left, frame.top - stage.top, frame.width, frame.height, stage.width];
}"""
CANVAS = "(it) => it.toDataURL('image/png').split(',')[1]"


@pytest.fixture
def open_review(browse: Browsing, alice: Person, site: MediaSite) -> Callable[..., tuple[Page, str]]:
    """The review page of a download with a letterboxed picture, on a phone."""

    def at(name: str, **options: object) -> tuple[Page, str]:
        id = alice.inlay.submit(short_track(site, name, thumbnail=THUMBNAIL))
        assert alice.inlay.rest(id, 90)["state"] == "review"
        return browse(alice, f"/downloads/{id}/review", **options), id

    return at


def open_crop(page: Page) -> None:
    page.locator("#cover-summary").tap()
    page.locator("#tile-crop").tap()
    expect(page.locator("#crop-frame")).to_be_visible()
    page.wait_for_function("() => document.getElementById('crop-picture').naturalWidth > 0")


def square(page: Page) -> list[float]:
    """Where the frame is, in parts of the picture's width: left, top, width, height."""
    left, top, width, height, whole = page.evaluate(SQUARE)
    return [round(part / whole, 3) for part in (left, top, width, height)]


def swipe(page: Page, start: tuple[float, float], by: tuple[float, float]) -> None:
    """One finger, as the browser gets it from the screen."""
    session = page.context.new_cdp_session(page)
    for step in range(9):
        at = {"x": start[0] + by[0] * step / 8, "y": start[1] + by[1] * step / 8}
        kind = "touchMove" if step else "touchStart"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [at]})
        # As slow as a hand: the browser takes what is faster for a fling, and the next tap for its end.
        page.wait_for_timeout(30)
    # It rests where it came to, however late all of this arrives on a busy machine.
    page.wait_for_timeout(200)
    session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [at]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_timeout(400)
    session.detach()


def centre(page: Page, selector: str) -> tuple[float, float]:
    box = page.locator(selector).bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def add(page: Page, person: Person, id: str) -> Image.Image | None:
    page.locator("#finalize").tap()
    expect(page).to_have_url(inbox_of(person.inlay))
    done = person.inlay.done(id, 60)
    found = mutagen.File(person.inlay.library / done["path"]).tags.getall("APIC")
    return opened(found[0].data) if found else None


def test_a_square_dragged_with_a_finger_is_the_picture_in_the_file(
    open_review: Callable[..., tuple[Page, str]], alice: Person
) -> None:
    page, id = open_review("by-finger")
    open_crop(page)
    assert square(page) == pytest.approx([0.25, 0, 0.5, 0.5], abs=0.01)
    page.locator("#crop-stage").scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    stage = page.locator("#crop-stage").bounding_box()
    assert stage

    # Its corner makes it smaller, and then it goes to the right and down. The page stays where it is.
    swipe(page, centre(page, "#crop-grip"), (-stage["width"] * 0.25, -stage["width"] * 0.25))
    assert square(page) == pytest.approx([0.25, 0, 0.25, 0.25], abs=0.02)
    left, top = centre(page, "#crop-frame")
    swipe(page, (left - 15, top - 15), (stage["width"] * 0.3, stage["width"] * 0.1))
    assert square(page) == pytest.approx([0.55, 0.1, 0.25, 0.25], abs=0.03)
    assert page.evaluate("scrollY") == before
    # Not over the edge.
    swipe(page, centre(page, "#crop-frame"), (stage["width"], 0))
    assert square(page) == pytest.approx([0.75, 0.1, 0.25, 0.25], abs=0.02)

    shown = opened(base64.b64decode(page.locator("#crop-preview").evaluate(CANVAS)))
    page.locator("#crop-go").tap()
    expect(page.locator("#tile-crop")).to_have_class("tile pressed")
    expect(page.locator("#cover-summary")).to_contain_text(f"{shown.width} × {shown.width}")
    expect(page.locator("#cover-summary")).to_contain_text("coarse")
    in_file = add(page, alice, id)
    assert in_file
    assert in_file.size == shown.size
    assert alike(in_file, shown)
    side = in_file.width
    assert side == pytest.approx(300, abs=25)
    assert alike(in_file, SCENE.crop((1200 - side, 120, 1200, 120 + side)))


def test_a_square_is_moved_and_sized_with_keys_alone(
    open_review: Callable[..., tuple[Page, str]], alice: Person
) -> None:
    page, id = open_review("by-keys")
    page.locator("#cover-summary").focus()
    page.keyboard.press("Enter")
    for _ in range(10):
        if page.evaluate("document.activeElement.id") == "tile-crop":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#crop-frame")).to_be_visible()
    assert page.evaluate("document.activeElement.id") == "tile-crop", "the focus stays"
    for _ in range(3):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "crop-frame":
            break
    assert page.evaluate("document.activeElement.id") == "crop-frame"
    assert focus_is_visible(page)
    for key in (*["-"] * 25, *["Shift+ArrowRight"] * 2, *["ArrowLeft"] * 4, "Shift+ArrowUp", "ArrowDown"):
        page.keyboard.press(key)
    # Half the height, centred; then to the right by 20 and back by 4 hundredths of the height.
    assert square(page) == pytest.approx([0.375 + 0.08, 0.125 - 0.045, 0.25, 0.25], abs=0.012)
    expect(page.locator("#crop-outcome")).to_contain_text("300 × 300")
    page.keyboard.press("Enter")
    expect(page.locator("#cover-summary")).to_contain_text("300 × 300")
    in_file = add(page, alice, id)
    assert in_file
    assert in_file.size == (300, 300)
    assert alike(in_file, SCENE.crop((546, 96, 846, 396)))


def test_an_image_from_the_clipboard_becomes_the_cover(
    open_review: Callable[..., tuple[Page, str]], alice: Person
) -> None:
    page, id = open_review("by-clipboard")
    page.locator("#review [name=title]").fill("Typed before")
    mine = picture(800, 640, "png")
    page.evaluate(PASTE, base64.b64encode(mine).decode())
    expect(page.locator("#tile-upload")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#cover-summary")).to_contain_text("640 × 640")
    expect(page.locator("#review [name=title]")).to_have_value("Typed before")
    in_file = add(page, alice, id)
    assert in_file
    assert alike(in_file, Image.open(io.BytesIO(mine)).crop((80, 0, 720, 640)))


def test_tiles_files_and_links_work_with_a_thumb(
    open_review: Callable[..., tuple[Page, str]],
    alice: Person,
    site: MediaSite,
    troubles: Troubles,
    tmp_path: Path,
) -> None:
    troubles.expected.append("422")
    page, id = open_review("by-thumb")
    assert layout_problems(page) == []
    open_crop(page)
    assert layout_problems(page) == []
    page.locator("#cover-link-field").fill(site.file("page.jpg", b"<!doctype html>", "image/jpeg"))
    page.locator("#cover-link-go").tap()
    expect(page.locator("#cover-problem")).to_contain_text("not a picture")
    page.locator("#cover-link-field").fill(site.file("mine.png", picture(700, 700, "png"), "image/png"))
    page.keyboard.press("Enter")
    expect(page.locator("#cover-summary")).to_contain_text("700 × 700")
    expect(page.locator("#cover-problem")).to_be_empty()
    (tmp_path / "other.webp").write_bytes(picture(520, 520, "webp"))
    page.locator("#cover-file").set_input_files(tmp_path / "other.webp")
    expect(page.locator("#cover-summary")).to_contain_text("520 × 520")
    page.locator("#tile-none").tap()
    expect(page.locator("#cover")).to_have_text("no cover")
    page.locator("#tile-square").tap()
    expect(page.locator("img#cover")).to_be_visible()
    page.locator("#tile-none").tap()
    expect(page.locator("#cover")).to_have_text("no cover")
    assert add(page, alice, id) is None


def test_without_scripts_numbers_and_buttons_do_the_same(
    open_review: Callable[..., tuple[Page, str]], alice: Person, tmp_path: Path
) -> None:
    page, id = open_review("plain-cover", **PLAIN)
    page.locator("#cover-summary").tap()
    (tmp_path / "mine.png").write_bytes(picture(640, 800, "png"))
    page.locator("#cover-file").set_input_files(tmp_path / "mine.png")
    page.locator("#cover-file-go").tap()
    expect(page.locator("#cover-summary")).to_contain_text("640 × 640")
    page.locator("#tile-square").tap()
    expect(page.locator("#tile-square")).to_have_attribute("aria-pressed", "true")
    page.locator("#tile-crop").tap()
    page.fill("#crop-x", "500")
    page.fill("#crop-y", "0")
    page.fill("#crop-size", "1000")
    page.keyboard.press("Enter")
    expect(page.locator("#tile-crop")).to_have_class("tile pressed")
    expect(page.locator("#crop-x")).to_have_value("500")
    in_file = add(page, alice, id)
    assert in_file
    side = in_file.width
    assert side >= 590
    assert alike(in_file, SCENE.crop((600, 0, 600 + side, side)))
