"""The cover of a download in review, changed as a browser changes it: tiles, squares, pictures and links."""

import io
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import mutagen
import pytest
from PIL import Image

from tests.hostile.bombs import PICTURES
from tests.journeys import problem, short_track
from tests.media.audio import huge_picture, make, picture
from tests.media.faults import HTML, Redirect, Slow, Status
from tests.media.site import MediaSite
from tests.running import Inlay
from tests.test_tags_cover import BLACK, alike, art, framed, jpeg, opened

FRAGMENT = {"HX-Request": "true"}
SCENE = art(1280, 600)
THUMBNAIL = jpeg(framed(SCENE, 1280, 720, BLACK))


class Review:
    """One download in review, and what its page says of its cover."""

    def __init__(self, inlay: Inlay, id: str) -> None:
        self.inlay, self.id = inlay, id
        self.web = httpx.Client(
            base_url=inlay.url, headers={"Authorization": f"Bearer {inlay.token}"}, timeout=40
        )

    def post(self, verb: str, *, plain: bool = False, **sent: Any) -> httpx.Response:
        return self.web.post(f"/downloads/{self.id}/cover/{verb}", headers={} if plain else FRAGMENT, **sent)

    def choose(self, **data: Any) -> httpx.Response:
        return self.post("choose", data=data)

    def upload(self, body: bytes, name: str = "mine.jpg", **data: str) -> httpx.Response:
        return self.post("upload", files={"picture": (name, body)}, data=data)

    def link(self, url: str) -> httpx.Response:
        return self.post("link", data={"link": url})

    def cover(self) -> Image.Image:
        return opened(self.bytes())

    def bytes(self, query: str = "") -> bytes:
        answer = self.web.get(f"/downloads/{self.id}/cover{query}")
        assert answer.headers["content-type"] == "image/jpeg"
        return answer.content

    def page(self) -> str:
        return self.web.get(f"/downloads/{self.id}/review").text

    def row(self) -> sqlite3.Row:
        with closing(sqlite3.connect(self.inlay.data / "inlay.db", timeout=10)) as db:
            db.row_factory = sqlite3.Row
            query = "SELECT * FROM staged_tracks WHERE download_id = ?"
            return db.execute(query, (self.id,)).fetchone()  # type: ignore[no-any-return]

    def staged(self) -> set[str]:
        return {file.name for file in (self.inlay.staging / self.id).iterdir()}

    def in_file(self) -> Image.Image | None:
        """Adds it as the page would; the picture in the file."""
        answer = self.web.post(f"/downloads/{self.id}/review", data={"title": "Saltmarsh"})
        assert answer.status_code == 303, answer.text
        done = self.inlay.done(self.id)
        pictures = mutagen.File(self.inlay.library / done["path"]).tags.getall("APIC")
        return opened(pictures[0].data) if pictures else None


def in_review(site: MediaSite, inlay: Inlay, name: str) -> Review:
    id = inlay.submit(short_track(site, name, thumbnail=THUMBNAIL))
    assert inlay.rest(id, 60)["state"] == "review"
    return Review(inlay, id)


@pytest.fixture(scope="module")
def shared(site: MediaSite, inlay: Inlay) -> Iterator[Review]:
    found = in_review(site, inlay, "shared")
    with closing(found.web):
        yield found


@pytest.fixture
def review(shared: Review) -> Review:
    """One that stays in review, with the cover that it had first and nothing brought to it."""
    for file in (shared.inlay.staging / shared.id).glob("picture-*"):
        file.unlink()
    assert shared.choose(**{"from": "square"}).status_code == 200
    return shared


@pytest.fixture
def ending(site: MediaSite, inlay: Inlay, request: pytest.FixtureRequest) -> Iterator[Review]:
    """One that this test adds to the library."""
    found = in_review(site, inlay, re.sub(r"\W", "-", request.node.name))
    with closing(found.web):
        yield found


def sentence(answer: httpx.Response, status: int = 422) -> str:
    """What the workbench says went wrong."""
    assert answer.status_code == status, answer.text
    found = re.search(r'id="cover-problem"[^>]*>([^<]*)<', answer.text)
    assert found
    assert found[1].endswith(".")
    return found[1]


def test_page_says_what_the_cover_will_be_and_which_tile_it_is(review: Review) -> None:
    page = review.page()
    side = review.cover().width
    assert 590 <= side <= 600
    assert f"{side} × {side}" in page
    assert "coarse" not in page
    assert re.search(r'value="square" aria-pressed="true"', page)
    assert re.search(r'value="none" aria-pressed="false"', page)


def test_a_chosen_square_of_the_picture_without_bars_is_in_the_file(ending: Review) -> None:
    answer = ending.choose(**{"from": "crop", "x": "500", "y": "100", "size": "800"})
    assert answer.status_code == 200
    assert answer.text.strip().startswith('<div id="cover-of-track"')
    made = ending.cover()
    assert made.width == made.height
    assert f"{made.width} × {made.width}" in answer.text
    assert alike(made, SCENE.crop((640, 60, 1120, 540)))
    assert 'value="500"' in answer.text, "the fields keep what was sent"
    assert opened(ending.bytes("?size=small")).size == (192, 192)
    in_file = ending.in_file()
    assert in_file
    assert in_file.tobytes() == made.tobytes()


def test_a_crop_without_numbers_is_the_largest_in_the_middle(review: Review) -> None:
    before = review.cover()
    assert review.choose(**{"from": "crop"}).status_code == 200
    assert review.cover().tobytes() == before.tobytes()


def test_another_tile_brings_back_what_was_there_before(review: Review) -> None:
    first = review.bytes()
    mine = picture(900, 700, "png")
    assert review.upload(mine).status_code == 200
    uploaded = review.bytes()
    assert opened(uploaded).size == (700, 700)
    assert review.choose(**{"from": "none"}).status_code == 200
    assert review.choose(**{"from": "square"}).status_code == 200
    assert review.bytes() == first
    assert review.choose(**{"from": "upload"}).status_code == 200
    assert review.bytes() == uploaded
    assert review.choose(**{"from": "crop", "of": "upload", "x": 0, "y": 0, "size": 1000}).status_code == 200
    assert alike(review.cover(), opened(mine).convert("RGB").crop((0, 0, 700, 700)))
    page = review.choose(**{"from": "square"}).text
    assert 'value="upload"' in page, "its tile stays"
    assert review.bytes() == first


def test_none_leaves_the_cover_out_of_the_file_and_the_page_says_so(ending: Review) -> None:
    shown = ending.choose(**{"from": "none"}).text
    assert "no cover" in shown
    assert re.search(r'value="none" aria-pressed="true"', shown)
    assert ending.in_file() is None


def test_a_confirmation_by_a_program_keeps_what_the_person_chose(ending: Review) -> None:
    ending.choose(**{"from": "none"})
    ending.inlay.confirm(ending.id)
    done = ending.inlay.done(ending.id)
    assert not mutagen.File(ending.inlay.library / done["path"]).tags.getall("APIC")


@pytest.mark.parametrize(
    ("name", "body", "side"),
    [
        ("portrait.jpg", picture(600, 1100), 600),
        ("wide.webp", picture(1600, 900, "webp"), 900),
        ("tiny.png", picture(40, 30, "png"), 30),
        ("large.jpg", picture(4000, 3000), 1000),
        ("wrong.txt", picture(640, 640), 640),
    ],
)
def test_an_uploaded_picture_becomes_a_square_and_is_never_enlarged(
    review: Review, name: str, body: bytes, side: int
) -> None:
    answer = review.upload(body, name)
    assert answer.status_code == 200
    made = review.cover()
    assert (made.format, made.size) == ("JPEG", (side, side))
    assert ("coarse" in answer.text) is (side < 500)
    assert 'value="upload" aria-pressed="true"' in answer.text


def test_transparent_parts_of_an_upload_are_white(review: Review) -> None:
    written = io.BytesIO()
    Image.new("RGBA", (300, 300), (255, 0, 0, 0)).save(written, "PNG")
    review.upload(written.getvalue(), "clear.png", origin="clipboard")
    assert review.cover().getpixel((150, 150)) == (255, 255, 255)
    assert '"clipboard"' in review.row()["cover_edit"]


def test_what_is_no_picture_changes_nothing_and_is_said(review: Review) -> None:
    before, files, page = review.bytes(), review.staged(), review.row()["cover_edit"]
    refused = [HTML, b"", huge_picture(), picture(300, 300)[:900], make("mp3", 3).read_bytes()]
    bombs = [bomb() for name, bomb in PICTURES.items() if name != "jpeg and a page"]
    for body in (*refused, *bombs):
        sentence(review.upload(body, "cover.jpg"))
    assert "Choose a file" in sentence(review.post("upload", files={"other": ("a", b"x")}))
    assert review.post("upload", data={"picture": "text"}).status_code in (400, 422)
    too_large = review.upload(bytes(22_000_000))
    assert too_large.status_code == 413
    assert review.bytes() == before
    assert review.row()["cover_edit"] == page
    assert review.staged() == files


def test_a_page_behind_a_picture_is_not_in_what_we_make_of_it(review: Review) -> None:
    assert review.upload(PICTURES["jpeg and a page"]()).status_code == 200
    assert b"script" not in review.bytes() + review.bytes("?of=upload")


@pytest.mark.parametrize(
    "wrong",
    [
        {"from": "crop", "x": "-1", "y": "0", "size": "500"},
        {"from": "crop", "x": "1001"},
        {"from": "crop", "size": "0"},
        {"from": "crop", "size": "9" * 400},
        {"from": "crop", "x": "left"},
        {"from": "crop", "of": "../../inlay.db"},
        {"from": "upload"},
        {"from": "archive"},
        {"from": "elsewhere"},
        {},
    ],
)
def test_a_wrong_square_or_tile_is_said_and_changes_nothing(wrong: dict[str, str], review: Review) -> None:
    before, row = review.bytes(), tuple(review.row())
    sentence(review.choose(**wrong))
    assert review.bytes() == before
    assert tuple(review.row()) == row


def test_the_picture_as_it_came_is_never_served_but_a_clean_copy_is(review: Review) -> None:
    shown = review.bytes("?of=source")
    assert shown != THUMBNAIL
    assert alike(opened(shown), SCENE)
    assert max(opened(shown).size) <= 1200
    review.upload(picture(2600, 1300, "png"))
    assert opened(review.bytes("?of=upload")).size == (1200, 600)
    review.upload(picture(500, 400))
    assert opened(review.bytes("?of=upload")).size == (500, 400), "the new one is shown"
    for other in ("archive", "../source.mp3", "cover.jpg"):
        assert review.web.get(f"/downloads/{review.id}/cover", params={"of": other}).status_code == 404


def test_what_was_brought_goes_with_the_staging_folder_and_then_it_is_too_late(ending: Review) -> None:
    ending.upload(picture(500, 400))
    ending.bytes("?of=upload")
    assert "picture-upload" in ending.staged()
    assert not [name for name in ending.staged() if name.startswith("new-")]
    assert ending.in_file()
    assert not (ending.inlay.staging / ending.id).exists()
    for answer in (ending.choose(**{"from": "none"}), ending.upload(picture(300, 300))):
        assert answer.status_code == 409


def test_a_link_to_a_picture_is_fetched_by_us(review: Review, site: MediaSite) -> None:
    url = site.file("front cover.png", picture(800, 800, "png"), "image/png")
    assert review.link(f"  {url} ").status_code == 200
    assert review.cover().size == (800, 800)
    assert '"link"' in review.row()["cover_edit"]
    hop = site.file("hop", b"", faults=[Redirect(url)])
    assert review.link(hop).status_code == 200


def test_a_link_that_gives_no_picture_says_why(review: Review, site: MediaSite) -> None:
    before = review.bytes()
    wanted = {
        "": "Paste a link",
        "nothing": "begins with",
        "file:///etc/passwd": "begins with",
        site.file("page.jpg", HTML, "image/jpeg"): "not a picture",
        site.file("gone.jpg", b"", faults=[Status(404)]): "404",
        site.file("round", b"", faults=[Redirect()]): "circles",
        site.file("inside", b"", faults=[Redirect("http://10.0.0.1/a.jpg")]): "private",
        site.file("local", b"", faults=[Redirect("file:///etc/passwd")]): "cannot be reached",
        site.file("bomb.png", huge_picture()): "too large",
        site.file("heavy.jpg", bytes(21 * 2**20)): "20 MB",
        f"http://127.0.0.1:{review.inlay.port}/library": "does not fetch",
        "http://169.254.169.254/latest/meta-data": "does not fetch",
    }
    for url, why in wanted.items():
        assert why in sentence(review.link(url)), url
    assert review.bytes() == before
    assert not [name for name in review.staged() if name.startswith(("new-", "picture-"))]


def test_a_link_by_the_api_is_fetched_and_added(ending: Review, site: MediaSite) -> None:
    bad = site.file("page.png", HTML, "image/png")
    with ending.inlay.api() as api:
        told = problem(api.post("/downloads/confirm", json={"id": ending.id, "cover": bad}), 422, "bad_cover")
    assert "not a picture" in told["detail"]
    assert ending.inlay.download(ending.id)["state"] == "review"
    ending.inlay.confirm(ending.id, cover=site.file("good.webp", picture(700, 700, "webp"), "image/webp"))
    done = ending.inlay.done(ending.id)
    [found] = mutagen.File(ending.inlay.library / done["path"]).tags.getall("APIC")
    assert opened(found.data).size == (700, 700)


def test_slow_pictures_do_not_take_all_of_the_server(review: Review, site: MediaSite) -> None:
    from concurrent.futures import ThreadPoolExecutor

    drip = site.file("drip.jpg", picture(500, 500), faults=[Slow(200)])
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: review.link(drip).status_code, range(5)))
    assert sorted(answers) == [422, 422, 422, 429, 429]


def test_a_card_that_asks_a_moment_too_late_gets_the_cover_of_the_library(
    ending: Review,
) -> None:
    before = opened(ending.bytes("?size=small"))
    assert ending.in_file()
    assert not (ending.inlay.staging / ending.id).exists()
    after = opened(ending.bytes("?size=small"))
    assert (after.size, alike(after, before)) == (before.size, True)
    assert ending.web.get(f"/downloads/{ending.id}/cover").status_code == 404


def test_without_javascript_a_change_leads_back_to_the_page(review: Review) -> None:
    answer = review.post("choose", plain=True, data={"from": "crop", "x": "0", "y": "0", "size": "500"})
    assert answer.status_code == 303
    page = review.web.get(answer.headers["location"]).text
    assert '<details class="bench" id="cover-bench" open>' in page
    assert re.search(r'name="size"[^>]*value="500"', page)
    wrong = review.post("choose", plain=True, data={"from": "crop", "size": "x"})
    assert wrong.status_code == 422
    assert "whole numbers" in wrong.text


def test_a_picture_inside_of_the_fetched_file_can_be_cropped_too(
    site: MediaSite, inlay: Inlay, tmp_path: Any
) -> None:
    from mutagen.id3 import APIC, ID3, TIT2

    file = tmp_path / "own.mp3"
    file.write_bytes(make("mp3", 3).read_bytes())
    tags = ID3()
    tags.add(TIT2(text="Saltmarsh"))
    tags.add(APIC(mime="image/jpeg", type=3, data=jpeg(art(1200, 700))))
    tags.save(file)
    id = inlay.submit(site.track("own", file, page="direct", thumbnail=None))
    assert inlay.rest(id)["state"] == "review"
    review = Review(inlay, id)
    assert review.choose(**{"from": "crop", "x": 0, "y": 0, "size": 1000}).status_code == 200
    assert alike(review.cover(), art(1200, 700).crop((0, 0, 700, 700)))
    review.web.close()


def test_without_any_picture_there_is_nothing_to_crop_until_one_is_brought(
    site: MediaSite, inlay: Inlay
) -> None:
    id = inlay.submit(short_track(site, "pictureless", thumbnail=None))
    assert inlay.rest(id)["state"] == "review"
    review = Review(inlay, id)
    page = review.page()
    assert "tile-crop" not in page
    assert "no cover" in page
    assert "tile-crop" in review.upload(picture(640, 480)).text
    assert review.cover().size == (480, 480)
    review.web.close()
