"""The JSON API of downloads: handing in, looking, listing, confirming."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from tests.journeys import problem, short_track
from tests.media.audio import make
from tests.media.site import MediaSite
from tests.running import Inlay, wait_for

KEYS = (
    "id url source site kind state lane failure progress proposal quality duplicates path tracks "
    "created_at finished_at"
).split()
QUALITY = (
    "codec lossless sample_rate_hz bit_depth bitrate_bps channels duration_ms size_bytes label"
).split()
PROGRESS = "percent done_bytes total_bytes speed_bps eta_s".split()
NOWHERE = "00000000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
def bob(inlay: Inlay) -> str:
    """Bob's token."""
    return inlay.add_user("bob")


@pytest.fixture(scope="module")
def api(inlay: Inlay) -> Iterator[httpx.Client]:
    with inlay.api() as client:
        yield client


def in_review(site: MediaSite, inlay: Inlay, name: str, **more: Any) -> str:
    id = inlay.submit(short_track(site, name), **more)
    found = inlay.rest(id)
    assert found["state"] == "review", found["failure"]
    return id


def test_a_download_shows_every_key_of_the_contract_at_every_step(
    site: MediaSite, inlay: Inlay, api: httpx.Client
) -> None:
    url = short_track(site, "shape")
    taken = api.post("/downloads/url", json={"url": url})
    assert taken.status_code == 202
    id = taken.json()["id"]
    reviewed = inlay.rest(id)
    inlay.confirm(id)
    done = inlay.done(id)
    for shown in (taken.json(), reviewed, done):
        assert set(KEYS) <= set(shown)
        assert set(shown["progress"]) == set(PROGRESS)
        assert (shown["url"], shown["source"], shown["site"]) == (url, "ytdlp", "127.0.0.1")
        assert (shown["kind"], shown["failure"], shown["duplicates"]) == ("track", None, [])
        assert datetime.fromisoformat(shown["created_at"]).utcoffset() is not None
    assert (taken.json()["quality"], taken.json()["tracks"], taken.json()["proposal"]) == (None, [], {})
    assert set(reviewed["quality"]) == set(QUALITY)
    assert reviewed["quality"]["label"] == "MP3 192 kbit/s"
    assert reviewed["path"] is None
    assert reviewed["finished_at"] is None
    for suggestion in reviewed["proposal"].values():
        assert set(suggestion) == {"value", "reason", "confidence"}
    assert done["path"] == "Ida Holm/Saltmarsh shape.mp3"
    assert [track["path"] for track in done["tracks"]] == [done["path"]]
    assert done["finished_at"] >= done["created_at"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"url": ""}, "no_link"),
        ({"url": "saltmarsh"}, "bad_link"),
        ({"url": "ftp://example.org/a.mp3"}, "bad_link"),
        ({"url": "file:///etc/passwd"}, "bad_link"),
        ({"url": "javascript:alert(1)"}, "bad_link"),
        ({"url": "http://"}, "bad_link"),
        ({"url": "http://[::1"}, "bad_link"),
        ({"url": "http://host:99999/"}, "bad_link"),
        ({"url": "http://name:password@example.org/"}, "bad_link"),
        ({"url": "http://example.org/a b"}, "bad_link"),
        ({"url": "http://example.org/\n--exec"}, "bad_link"),
        ({"url": "--version"}, "bad_link"),
        ({"url": "ytsearch:saltmarsh"}, "bad_link"),
        ({"url": "http://example.org/" + "a" * 2048}, "bad_link"),
        ({"url": "{page}", "format": "mp5"}, "bad_format"),
        ({"url": "{page}", "format": ""}, "bad_format"),
        ({"url": "{page}", "quality": "great"}, "bad_quality"),
        ({"url": "{page}", "quality": "bestvideo+bestaudio"}, "bad_quality"),
        ({"url": "{page}", "quality": 3}, "bad_quality"),
        ({"url": "{page}", "tracks": "all"}, "lists_later"),
        ({"url": "{page}", "tracks": ["1", "2"]}, "lists_later"),
        ({"url": "{page}", "tracks": "some"}, "lists_later"),
        ({"url": "{page}", "speed": "fast"}, "http_422"),
        ({"url": "{page}", "skip_review": "yes"}, "http_422"),
        ({"url": 7}, "http_422"),
        ({}, "http_422"),
        ([], "http_422"),
    ],
)
def test_a_bad_link_is_refused_with_its_reason(
    body: Any, code: str, site: MediaSite, inlay: Inlay, bob: str
) -> None:
    page = short_track(site, "never-asked-for")
    if isinstance(body, dict) and "url" in body:
        body = body | {"url": str(body["url"]).replace("{page}", page) if body["url"] != 7 else 7}
    with inlay.api(bob) as api:
        problem(api.post("/downloads/url", json=body), 422, code)
        assert api.get("/downloads").json() == {"items": [], "next": None}
    assert site.hits_at(page) == []


def test_a_body_that_is_no_json_is_a_problem_too(api: httpx.Client) -> None:
    told = problem(api.post("/downloads/url", content=b'{"url": '), 400, "http_400")
    assert "Traceback" not in told["detail"]
    too_large = b'{"url": "http://example.org/' + b"a" * 70_000 + b'"}'
    problem(api.post("/downloads/url", content=too_large), 413, "http_413")


def test_the_same_link_is_on_its_way_once_for_each_user(
    site: MediaSite, inlay: Inlay, api: httpx.Client, bob: str
) -> None:
    url = short_track(site, "twice")
    id = inlay.submit(url)
    problem(api.post("/downloads/url", json={"url": url}), 409, "already_queued")
    problem(api.post("/downloads/url", json={"url": f"{url}/?utm_source=mail#top"}), 409, "already_queued")
    with inlay.api(bob) as bobs:
        other = bobs.post("/downloads/url", json={"url": url})
        assert other.status_code == 202
        wait_for(lambda: bobs.get(f"/downloads/{other.json()['id']}").json()["state"] == "review")
        assert bobs.post(f"/downloads/{other.json()['id']}/discard").status_code == 200
    inlay.rest(id)
    inlay.confirm(id)
    inlay.done(id)
    assert inlay.rest(inlay.submit(url))["state"] == "skipped"
    again = inlay.submit(url, fetch_again=True)
    assert inlay.rest(again)["state"] == "review"
    api.post(f"/downloads/{again}/discard")


def test_progress_grows_while_the_audio_comes(site: MediaSite, inlay: Inlay, api: httpx.Client) -> None:
    audio = make("mp3", 20)
    id = inlay.submit(site.track("slow", audio, title="Slow", rate_bps=150_000))
    seen: list[dict[str, Any]] = []

    def look() -> bool:
        shown = inlay.download(id)
        if shown["state"] == "downloading" and shown["progress"]["done_bytes"]:
            seen.append(shown["progress"])
        return shown["state"] == "review"

    wait_for(look, every=0.1)
    percents = [one["percent"] for one in seen]
    assert percents == sorted(percents)
    assert len(set(percents)) > 2
    assert 0 < percents[0] < 50 < percents[-1] <= 100
    assert {one["total_bytes"] for one in seen} == {audio.stat().st_size}
    assert any(one["speed_bps"] and one["eta_s"] is not None for one in seen)
    shown = inlay.download(id)
    assert set(shown["progress"].values()) == {None}
    api.post(f"/downloads/{id}/discard")


def test_the_list_is_newest_first_in_pages_and_by_state(site: MediaSite, inlay: Inlay) -> None:
    carol = inlay.add_user("carol")
    ids = []
    with inlay.api(carol) as api:
        for number in range(5):
            gone = api.post("/downloads/url", json={"url": f"{site.url}/gone/{number}"})
            ids.append(gone.json()["id"])
        wait_for(lambda: all(one["state"] == "failed" for one in api.get("/downloads").json()["items"]))
        assert [one["id"] for one in api.get("/downloads").json()["items"]] == ids[::-1]
        found, before = [], None
        for size in (2, 2, 1):
            page = api.get("/downloads", params={"limit": 2, **({"before": before} if before else {})}).json()
            assert len(page["items"]) == size
            found += [one["id"] for one in page["items"]]
            before = page["next"]
        assert before is None
        assert found == ids[::-1]
        assert len(api.get("/downloads?state=failed").json()["items"]) == 5
        assert len(api.get("/downloads?state=review, failed").json()["items"]) == 5
        assert api.get("/downloads?state=review,done").json() == {"items": [], "next": None}
        problem(api.get("/downloads?state=lost"), 422, "bad_state")
        for wrong in ("limit=0", "limit=201", "limit=many", "all=maybe"):
            problem(api.get(f"/downloads?{wrong}"), 422, "http_422")


def test_only_an_admin_sees_everybodys_downloads(
    site: MediaSite, inlay: Inlay, api: httpx.Client, bob: str
) -> None:
    with inlay.api(bob) as bobs:
        id = bobs.post("/downloads/url", json={"url": f"{site.url}/gone/bob"}).json()["id"]
        problem(bobs.get("/downloads?all=true"), 403, "forbidden")
    assert id in [one["id"] for one in api.get("/downloads?all=true").json()["items"]]
    assert id not in [one["id"] for one in api.get("/downloads").json()["items"]]


def test_what_is_left_out_of_a_confirmation_keeps_its_proposal(site: MediaSite, inlay: Inlay) -> None:
    id = in_review(site, inlay, "corrected")
    answer = inlay.confirm(id, artist="Îda Hølm", album="Tidal Flats", track_no="4", genre=None)
    assert answer["id"] == id
    assert answer["state"] in ("finalizing", "done")
    tags = inlay.done(id)["tracks"][0]["tags"]
    assert tags["artist"] == tags["album_artist"] == "Îda Hølm", "album artist follows the artist"
    assert (tags["title"], tags["album"], tags["track_no"]) == ("Saltmarsh corrected", "Tidal Flats", 4)
    assert tags["date"] == "2023-04-05"
    assert "Îda Hølm/Tidal Flats/04 Saltmarsh corrected.mp3" in inlay.files()


def test_a_confirmation_without_cover_and_by_track(site: MediaSite, inlay: Inlay, api: httpx.Client) -> None:
    id = in_review(site, inlay, "bare")
    track = inlay.download(id)["tracks"][0]["id"]
    inlay.confirm(id, cover="none", album="Shared", tracks=[{"id": track, "title": "By track"}])
    done = inlay.done(id)
    assert done["path"] == "Ida Holm/Shared/By track.mp3"
    found = api.get(f"/library/tracks/{done['tracks'][0]['library_track_id']}").json()
    assert found["has_cover"] is False


@pytest.mark.parametrize(
    ("wrong", "code", "fields"),
    [
        ({"date": "last year"}, "invalid", {"date"}),
        ({"date": "2023-02-30"}, "invalid", {"date"}),
        ({"date": "2023-13"}, "invalid", {"date"}),
        ({"track_no": 0}, "invalid", {"track_no"}),
        ({"track_no": "seven"}, "invalid", {"track_no"}),
        ({"track_no": -1, "disc_no": 1000, "date": "x"}, "invalid", {"track_no", "disc_no", "date"}),
        ({"title": "  "}, "invalid", {"title"}),
        ({"artist": "a" * 301}, "invalid", {"artist"}),
        ({"cover": "a picture"}, "bad_cover", set()),
        ({"cover": "http://127.0.0.1:1/a.jpg"}, "bad_cover", set()),
        ({"conflict": "explode"}, "bad_conflict", set()),
        ({"tracks": [{"id": "another", "title": "x"}]}, "bad_track", set()),
        ({"titel": "x"}, "http_422", set()),
        ({"title": 7}, "http_422", set()),
    ],
)
def test_a_bad_confirmation_names_its_fields_and_changes_nothing(
    wrong: dict[str, Any], code: str, fields: set[str], waiting: str, inlay: Inlay, api: httpx.Client
) -> None:
    told = problem(api.post("/downloads/confirm", json={"id": waiting, **wrong}), 422, code)
    assert set(told.get("fields", {})) == fields
    assert all(sentence.endswith(".") for sentence in told.get("fields", {}).values())
    assert inlay.download(waiting)["state"] == "review"


@pytest.fixture(scope="module")
def waiting(site: MediaSite, inlay: Inlay) -> str:
    """A download that waits for its review."""
    return in_review(site, inlay, "waiting")


def test_only_a_download_in_review_can_be_confirmed(
    site: MediaSite, inlay: Inlay, api: httpx.Client, waiting: str, bob: str
) -> None:
    problem(api.post("/downloads/confirm", json={"id": NOWHERE}), 404, "not_found")
    problem(api.post("/downloads/confirm", json={"title": "x"}), 404, "not_found")
    with inlay.api(bob) as bobs:
        problem(bobs.post("/downloads/confirm", json={"id": waiting}), 404, "not_found")
    id = in_review(site, inlay, "once")
    inlay.confirm(id)
    problem(api.post("/downloads/confirm", json={"id": id}), 409, "too_late")
    inlay.done(id)
    problem(api.post("/downloads/confirm", json={"id": id}), 409, "too_late")
    assert inlay.files().count("Ida Holm/Saltmarsh once.mp3") == 1


def test_a_taken_name_gets_a_number_or_is_skipped(site: MediaSite, inlay: Inlay) -> None:
    first, second, third = (in_review(site, inlay, f"name-{number}") for number in range(3))
    for id, more in ((first, {}), (second, {}), (third, {"conflict": "skip"})):
        inlay.confirm(id, title="Same name", **more)
        inlay.rest(id)
        wait_for(lambda id=id: inlay.download(id)["state"] in ("done", "skipped"))
    assert inlay.download(second)["path"] == "Ida Holm/Same name (2).mp3"
    assert inlay.download(third)["state"] == "skipped"
    assert [name for name in inlay.files() if "Same name" in name] == [
        "Ida Holm/Same name (2).mp3",
        "Ida Holm/Same name.mp3",
    ]
    assert not (inlay.staging / third).exists()
