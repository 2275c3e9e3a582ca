"""The JSON API of downloads: stopping, repeating, dropping, and the files of one download."""

import io
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.journeys import problem, short_track
from tests.media.audio import huge_picture, make, picture
from tests.media.faults import GARBAGE, Status, Truncate
from tests.media.site import MediaSite
from tests.media.wire import Hit
from tests.running import Inlay, wait_for

LATE = ("cancel", "retry", "discard")


@pytest.fixture(scope="module")
def api(inlay: Inlay) -> Iterator[httpx.Client]:
    with inlay.api() as client:
        yield client


@pytest.fixture
def slow(site: MediaSite, inlay: Inlay, request: pytest.FixtureRequest) -> str:
    """A download that takes a minute, and has begun."""
    url = site.track(f"slow-{request.node.name}", make("mp3", 20), title="Slow", rate_bps=8_000)
    id = inlay.submit(url)
    wait_for(lambda: inlay.download(id)["progress"]["done_bytes"])
    return id


@pytest.fixture
def reviewed(site: MediaSite, inlay: Inlay, request: pytest.FixtureRequest) -> str:
    """A download that waits for its review."""
    id = inlay.submit(short_track(site, request.node.name))
    assert inlay.rest(id)["state"] == "review"
    return id


@pytest.fixture
def done(reviewed: str, inlay: Inlay) -> str:
    inlay.confirm(reviewed)
    inlay.done(reviewed)
    return reviewed


def says(answer: httpx.Response, state: str) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == state
    found: dict[str, Any] = answer.json()
    return found


def test_cancel_stops_the_transfer_and_leaves_nothing(
    slow: str, site: MediaSite, inlay: Inlay, api: httpx.Client
) -> None:
    assert says(api.post(f"/downloads/{slow}/cancel"), "cancelled")["finished_at"]
    wait_for(lambda: not (inlay.staging / slow).exists())
    transfer = site.hits[-1]
    wait_for(lambda: sent_lately(transfer) == 0)
    problem(api.post(f"/downloads/{slow}/cancel"), 409, "too_late")


def sent_lately(transfer: Hit) -> int:
    before = transfer.sent
    time.sleep(0.6)
    return int(transfer.sent - before)


def test_what_was_cancelled_can_be_fetched_after_all(
    slow: str, site: MediaSite, inlay: Inlay, api: httpx.Client
) -> None:
    api.post(f"/downloads/{slow}/cancel")
    url = inlay.download(slow)["url"]
    site.track(url.rpartition("/")[2], make("mp3", 3), title="Quick now")
    says(api.post(f"/downloads/{slow}/retry"), "queued")
    assert inlay.rest(slow)["state"] == "review"
    assert inlay.download(slow)["proposal"]["title"]["value"] == "Quick now"


def test_a_failed_download_tries_again_and_makes_it(site: MediaSite, inlay: Inlay, api: httpx.Client) -> None:
    url = short_track(site, "moody", page_faults=[Status(503)])
    id = inlay.submit(url)
    failed = inlay.rest(id)
    assert (failed["state"], failed["failure"]["kind"]) == ("failed", "temporary")
    site.mend()
    assert says(api.post(f"/downloads/{id}/retry"), "queued")["failure"] is None
    assert inlay.rest(id)["state"] == "review"
    problem(api.post(f"/downloads/{id}/retry"), 409, "too_late")


def test_a_retry_beside_a_second_try_of_the_same_link_is_a_conflict(
    site: MediaSite, inlay: Inlay, api: httpx.Client
) -> None:
    url = short_track(site, "rival", page_faults=[Status(404, times=1)])
    first = inlay.submit(url)
    assert inlay.rest(first)["state"] == "failed"
    second = inlay.submit(url)
    assert inlay.rest(second)["state"] == "review"
    problem(api.post(f"/downloads/{first}/retry"), 409, "already_queued")
    assert inlay.download(first)["state"] == "failed"


def test_discard_drops_what_was_staged(reviewed: str, inlay: Inlay, api: httpx.Client) -> None:
    before = inlay.files()
    problem(api.post(f"/downloads/{reviewed}/cancel"), 409, "too_late")
    problem(api.delete(f"/downloads/{reviewed}"), 409, "too_late")
    says(api.post(f"/downloads/{reviewed}/discard"), "discarded")
    assert not (inlay.staging / reviewed).exists()
    assert inlay.files() == before
    for step in LATE:
        told = problem(api.post(f"/downloads/{reviewed}/{step}"), 409, "too_late")
        assert "discarded" in told["detail"]


def test_delete_forgets_a_finished_download_and_keeps_its_file(
    done: str, inlay: Inlay, api: httpx.Client
) -> None:
    for step in LATE:
        problem(api.post(f"/downloads/{done}/{step}"), 409, "too_late")
    path = inlay.download(done)["path"]
    answer = api.delete(f"/downloads/{done}")
    assert (answer.status_code, answer.content) == (204, b"")
    problem(api.get(f"/downloads/{done}"), 404, "not_found")
    problem(api.delete(f"/downloads/{done}"), 404, "not_found")
    assert path in inlay.files()


def test_delete_takes_the_staged_leftovers_of_a_broken_download(
    site: MediaSite, inlay: Inlay, api: httpx.Client
) -> None:
    url = short_track(site, "half", duration_s=60, faults=[Truncate(30_000)])
    id = inlay.submit(url)
    assert inlay.rest(id)["failure"]["kind"] == "temporary"
    assert api.delete(f"/downloads/{id}").status_code == 204
    assert not (inlay.staging / id).exists()


def test_a_download_on_its_way_cannot_be_deleted(slow: str, inlay: Inlay, api: httpx.Client) -> None:
    problem(api.delete(f"/downloads/{slow}"), 409, "too_late")
    problem(api.post(f"/downloads/{slow}/retry"), 409, "too_late")
    problem(api.post(f"/downloads/{slow}/discard"), 409, "too_late")
    problem(api.get(f"/downloads/{slow}/file"), 404, "not_found")
    assert api.get(f"/downloads/{slow}/paths").json() == {"paths": []}
    api.post(f"/downloads/{slow}/cancel")


def test_paths_are_there_once_the_files_are(reviewed: str, inlay: Inlay, api: httpx.Client) -> None:
    assert api.get(f"/downloads/{reviewed}/paths").json() == {"paths": []}
    inlay.confirm(reviewed)
    path = inlay.done(reviewed)["path"]
    assert api.get(f"/downloads/{reviewed}/paths").json() == {"paths": [path]}


def test_the_file_comes_whole_and_in_parts(done: str, inlay: Inlay, api: httpx.Client) -> None:
    at = f"/downloads/{done}/file"
    body = (inlay.library / inlay.download(done)["path"]).read_bytes()
    whole = api.get(at)
    assert (whole.status_code, whole.content) == (200, body)
    assert whole.headers["content-type"] == "audio/mpeg"
    assert whole.headers["accept-ranges"] == "bytes"
    for asked, part in (("0-99", body[:100]), ("500-", body[500:]), ("-7", body[-7:])):
        answer = api.get(at, headers={"Range": f"bytes={asked}"})
        assert (answer.status_code, answer.content) == (206, part)
        first = body.index(part) if asked != "-7" else len(body) - 7
        assert answer.headers["content-range"] == f"bytes {first}-{first + len(part) - 1}/{len(body)}"
    beyond = api.get(at, headers={"Range": f"bytes={len(body)}-"})
    assert (beyond.status_code, beyond.content) == (416, b"")
    assert beyond.headers["content-range"] == f"bytes */{len(body)}"
    assert api.get(at, headers={"If-None-Match": whole.headers["etag"]}).status_code == 304


def test_the_file_in_review_is_the_staged_one(reviewed: str, api: httpx.Client) -> None:
    assert api.get(f"/downloads/{reviewed}/file").content == make("mp3", 3).read_bytes()


@pytest.mark.parametrize("form", ["jpeg", "png", "webp"])
def test_another_cover_becomes_a_square_jpeg_in_the_file(
    form: Any, reviewed: str, inlay: Inlay, api: httpx.Client
) -> None:
    at = f"/downloads/{reviewed}/cover"
    before = api.get(at)
    assert before.headers["content-type"] == "image/jpeg"
    answer = api.put(at, content=picture(300, 400, form), headers={"Content-Type": f"image/{form}"})
    assert (answer.status_code, answer.content) == (204, b"")
    shown = api.get(at).content
    assert shown != before.content
    with Image.open(io.BytesIO(shown)) as image:
        assert (image.format, image.size) == ("JPEG", (300, 300))
    with Image.open(inlay.staging / reviewed / "cover-small.jpg") as small:
        assert small.size == (192, 192)
    inlay.confirm(reviewed)
    track = inlay.done(reviewed)["tracks"][0]["library_track_id"]
    assert api.get(f"/library/tracks/{track}").json()["has_cover"]
    assert shown in (inlay.library / inlay.download(reviewed)["path"]).read_bytes()


def test_what_is_no_picture_changes_no_cover(reviewed: str, inlay: Inlay, api: httpx.Client) -> None:
    at = f"/downloads/{reviewed}/cover"
    before = api.get(at).content
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    for body in (GARBAGE, svg, b"", huge_picture(), picture(300, 300)[:900], make("mp3", 3).read_bytes()):
        problem(api.put(at, content=body, headers={"Content-Type": "image/png"}), 422, "invalid")
    too_large = api.put(at, content=bytes(20_000_001), headers={"Content-Type": "image/jpeg"})
    problem(too_large, 413, "http_413")
    assert api.get(at).content == before
    left = {file.name for file in (inlay.staging / reviewed).iterdir()}
    assert left == {"cover.jpg", "cover-small.jpg", "source.mp3", "thumbnail.jpg"}


def test_after_the_review_the_cover_stays(done: str, api: httpx.Client) -> None:
    answer = api.put(f"/downloads/{done}/cover", content=picture(300, 300))
    problem(answer, 409, "too_late")


def test_skip_review_adds_by_itself(site: MediaSite, inlay: Inlay) -> None:
    id = inlay.submit(short_track(site, "by-itself"), skip_review=True)
    assert inlay.done(id)["path"] == "Ida Holm/Saltmarsh by-itself.mp3"


def test_skip_review_asks_before_it_makes_flac_of_a_lossy_source(site: MediaSite, inlay: Inlay) -> None:
    asked = inlay.submit(short_track(site, "lossy"), format="flac", skip_review=True)
    told = inlay.submit(short_track(site, "told"), format="flac", skip_review=True, confirm_lossy=True)
    true = inlay.submit(site.track("true", make("flac", 3)), format="flac", skip_review=True)
    assert inlay.done(told)["path"] == "Ida Holm/Saltmarsh told.flac"
    assert inlay.done(true)["state"] == "done"
    assert inlay.rest(asked)["state"] == "review"
    assert inlay.download(asked)["quality"]["lossless"] is False
