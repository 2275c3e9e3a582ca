"""The same recording twice: known at paste time, shown at review, and then as the person wants it."""

import itertools
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.tags.containers import read
from tests.media.audio import make, picture
from tests.media.site import MediaSite
from tests.running import PASSWORD, Inlay, wait_for

_numbers = itertools.count(1)


def link(site: MediaSite, title: str, kind: str = "mp3", **more: Any) -> str:
    """A link of its own to a recording that is called so."""
    told = {"title": title, "artist": "Ida Holm", "upload_date": "2023-04-05", **more}
    return site.track(f"upload{next(_numbers)}", make(kind, 3), **told)


def fetched(inlay: Inlay, url: str, **more: Any) -> dict[str, Any]:
    """The download when it is ready for its review."""
    found = inlay.rest(inlay.submit(url, **more))
    assert found["state"] == "review", found
    return found


def added(inlay: Inlay, url: str, album: str = "", **more: Any) -> dict[str, Any]:
    """The track of the library."""
    found = fetched(inlay, url, **more)
    inlay.confirm(found["id"], album=album)
    inlay.done(found["id"])
    return tracks(inlay)[0]


def tracks(inlay: Inlay, q: str = "") -> list[dict[str, Any]]:
    with inlay.api() as api:
        items: list[dict[str, Any]] = api.get("/library/tracks", params={"q": q}).json()["items"]
    return items


def ended(inlay: Inlay, id: str) -> dict[str, Any]:
    found: dict[str, Any] = inlay.rest(id)
    while found["state"] in ("review", "finalizing"):
        found = inlay.download(id)
    return found


@pytest.fixture(scope="module")
def web(inlay: Inlay) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=inlay.url, headers={"Origin": inlay.url}, timeout=20, verify=False) as client:
        client.post("/login", data={"name": "alice", "password": PASSWORD})
        token = client.get("/settings").text.partition('name="csrf_token" value="')[2].partition('"')[0]
        client.headers["x-csrf-token"] = token
        yield client


def test_a_link_that_was_fetched_before_is_known_when_it_is_pasted(
    inlay: Inlay, site: MediaSite, web: httpx.Client
) -> None:
    url = link(site, "Harbour Lights")
    have = added(inlay, url)
    for pasted in (url, f"{url}?utm_source=friend"):
        said = web.post("/downloads", data={"url": pasted})
        assert said.status_code == 409
        assert "You have this" in said.text
        assert have["path"] in said.text
        assert f'href="/library/tracks/{have["id"]}"' in said.text
    assert have["path"] in web.get("/add", params={"url": url}).text
    with inlay.api() as api:
        assert len(api.get("/downloads").json()["items"]) == 1

    assert web.post("/downloads", data={"url": url, "again": url}).status_code == 303
    with inlay.api() as api:
        newest = api.get("/downloads").json()["items"][0]
    again = inlay.rest(newest["id"])
    assert (again["state"], [one["id"] for one in again["duplicates"]]) == ("review", [have["id"]])


def test_a_program_that_hands_it_in_again_learns_what_there_is(
    inlay: Inlay, site: MediaSite, web: httpx.Client
) -> None:
    url = link(site, "Low Tide")
    have = added(inlay, url)
    skipped = inlay.rest(inlay.submit(url, skip_review=True))
    assert (skipped["state"], skipped["title"]) == ("skipped", "Low Tide")
    [duplicate] = skipped["duplicates"]
    assert (duplicate["id"], duplicate["path"], duplicate["by"]) == (have["id"], have["path"], "source")
    wait_for(lambda: not (inlay.staging / skipped["id"]).exists(), 10)
    page = web.get("/").text
    assert "You have this" in page
    led = web.get(f"/downloads/{skipped['id']}/have").headers["location"]
    assert led.endswith(f"/library/tracks/{have['id']}")

    assert web.post(f"/downloads/{skipped['id']}/again").status_code == 303
    assert f'id="download-{skipped["id"]}"' not in web.get("/").text
    with inlay.api() as api:
        newest = api.get("/downloads").json()["items"][0]
    assert inlay.rest(newest["id"])["state"] == "review"


def test_another_format_of_it_is_fetched(inlay: Inlay, site: MediaSite) -> None:
    url = link(site, "Ebb")
    added(inlay, url)
    assert fetched(inlay, url, format="opus")["duplicates"]


def test_what_was_taken_out_of_the_library_is_fetched_again(inlay: Inlay, site: MediaSite) -> None:
    url = link(site, "Flood")
    have = added(inlay, url)
    (inlay.library / have["path"]).unlink()
    while tracks(inlay, "flood"):
        pass
    assert fetched(inlay, url)["duplicates"] == []


def test_the_review_shows_what_there_is_and_asks(inlay: Inlay, site: MediaSite, web: httpx.Client) -> None:
    have = added(inlay, link(site, "Saltmarsh"))
    found = fetched(inlay, link(site, "Saltmarsh (Official Video)"))
    assert [(one["id"], one["by"]) for one in found["duplicates"]] == [(have["id"], "names")]
    assert found["tracks"][0]["duplicates"] == found["duplicates"]
    assert found["lane"] == "check"
    page = web.get(f"/downloads/{found['id']}/review").text
    assert "You have this" in page
    assert f"/library/tracks/{have['id']}/file" in page
    assert 'name="conflict"' in page
    assert "as good" in page
    fragment = f"/downloads/{found['id']}/duplicates"
    assert "You have this" not in web.get(fragment, params={"title": "Saltmarsh (Live)"}).text
    other = {"title": "Saltmarsh", "album": "Elsewhere", "artist": "Jane Roe"}
    assert have["path"] not in web.get(fragment, params=other).text


def test_what_there_is_shows_its_cover_and_what_has_none_a_place_for_it(
    inlay: Inlay, site: MediaSite, web: httpx.Client
) -> None:
    have = added(inlay, link(site, "Spit", thumbnail=picture(640, 640)))
    bare = added(inlay, link(site, "Spit", thumbnail=None))
    found = fetched(inlay, link(site, "Spit", thumbnail=picture(640, 640)))
    page = web.get(f"/downloads/{found['id']}/review").text
    sides = re.findall(
        r'<div id="side-([^"]*)" class="side">\s*<(img|span) class="thumb"(?: src="([^"]*)")?', page
    )
    assert {id: (tag, src.partition("?")[0]) for id, tag, src in sides} == {
        "new": ("img", f"/downloads/{found['id']}/cover"),
        have["id"]: ("img", f"/library/tracks/{have['id']}/cover"),
        bare["id"]: ("span", ""),
    }


def test_the_same_song_on_another_release_is_told_and_nothing_more(
    inlay: Inlay, site: MediaSite, web: httpx.Client
) -> None:
    have = added(inlay, link(site, "Estuary"), album="First")
    best = {"album": "Best of the Coast"}
    found = fetched(inlay, link(site, "Estuary"))
    web.post(f"/downloads/{found['id']}/draft", data={"title": "Estuary", "artist": "Ida Holm", **best})
    found = inlay.download(found["id"])
    assert found["duplicates"] == []
    assert [(one["id"], one["by"]) for one in found["tracks"][0]["also_on"]] == [(have["id"], "names")]
    page = web.get(f"/downloads/{found['id']}/review").text
    assert "Also on" in page
    assert "First" in page
    assert 'name="conflict"' not in page
    inlay.confirm(found["id"], conflict="overwrite", **best)
    assert inlay.done(found["id"])["path"] == "Ida Holm/Best of the Coast/Estuary.mp3"
    assert len(tracks(inlay, "estuary")) == 2


def test_keep_both_is_what_happens_unless_somebody_says_otherwise(inlay: Inlay, site: MediaSite) -> None:
    added(inlay, link(site, "Breakwater"))
    found = fetched(inlay, link(site, "Breakwater"))
    inlay.confirm(found["id"])
    assert inlay.done(found["id"])["path"] == "Ida Holm/Breakwater (2).mp3"


def test_skip_leaves_the_old_one_alone_whatever_its_name(inlay: Inlay, site: MediaSite) -> None:
    have = added(inlay, link(site, "Fog"), album="Estuary")
    found = fetched(inlay, link(site, "Fog"))
    inlay.confirm(found["id"], conflict="skip")
    skipped = ended(inlay, found["id"])
    assert skipped["state"] == "skipped"
    assert [(one["id"], one["by"]) for one in skipped["duplicates"]] == [(have["id"], "names")]
    assert len(tracks(inlay, "fog")) == 1


def test_overwrite_puts_it_in_the_same_place_and_the_old_file_into_the_trash(
    inlay: Inlay, site: MediaSite
) -> None:
    have = added(inlay, link(site, "Lighthouse"), album="Estuary")
    before = (inlay.library / have["path"]).read_bytes()
    found = fetched(inlay, link(site, "Lighthouse", "m4a", upload_date="2024-01-01"), format="mp3")
    inlay.confirm(found["id"], conflict="overwrite", genre="Ambient")
    assert inlay.done(found["id"])["path"] == have["path"]
    [now] = tracks(inlay, "lighthouse")
    assert (now["id"], now["added_at"], now["path"]) == (have["id"], have["added_at"], have["path"])
    tags = read(inlay.library / have["path"]).tags
    assert (tags.genre, tags.album) == ("Ambient", "Estuary")
    assert before in [file.read_bytes() for file in (inlay.data / "trash").glob("*.mp3")]


def test_overwrite_in_another_format_keeps_the_track_and_its_folder(inlay: Inlay, site: MediaSite) -> None:
    have = added(inlay, link(site, "Groyne"), album="Estuary")
    found = fetched(inlay, link(site, "Groyne", "flac"), format="flac")
    inlay.confirm(found["id"], conflict="overwrite_if_better")
    assert inlay.done(found["id"])["path"] == "Ida Holm/Estuary/Groyne.flac"
    [now] = tracks(inlay, "groyne")
    assert (now["id"], now["path"]) == (have["id"], "Ida Holm/Estuary/Groyne.flac")
    assert not (inlay.library / have["path"]).exists()


@pytest.mark.parametrize(
    ("title", "old", "new"),
    [
        ("Equal", ("opus", "original"), ("opus", "original")),
        ("Worse", ("flac", "flac"), ("mp3", "mp3")),
        ("Only called better", ("opus", "original"), ("webm", "flac")),
    ],
)
def test_only_a_better_one_takes_its_place(
    inlay: Inlay, site: MediaSite, title: str, old: tuple[str, str], new: tuple[str, str]
) -> None:
    have = added(inlay, link(site, title, old[0]), format=old[1])
    before = (inlay.library / have["path"]).read_bytes()
    found = fetched(inlay, link(site, title, new[0]), format=new[1])
    inlay.confirm(found["id"], conflict="overwrite_if_better")
    assert ended(inlay, found["id"])["state"] == "skipped"
    assert (inlay.library / have["path"]).read_bytes() == before
    assert len(tracks(inlay, title)) == 1


def test_what_each_person_prefers_is_theirs_alone(inlay: Inlay, site: MediaSite, web: httpx.Client) -> None:
    have = added(inlay, link(site, "Jetty"))
    assert web.post("/settings/conflict", data={"conflict": "explode"}).status_code == 422
    assert web.post("/settings/conflict", data={"conflict": "skip"}).status_code == 303
    try:
        assert 'value="skip" selected' in web.get("/settings").text
        skipped = ended(inlay, inlay.submit(link(site, "Jetty"), skip_review=True))
        assert (skipped["state"], skipped["duplicates"][0]["id"]) == ("skipped", have["id"])
        bob = Person(inlay, inlay.add_user("bob"))
        assert bob.state_of(bob.submit(link(site, "Jetty"), skip_review=True)) == "done"
        assert len(tracks(inlay, "jetty")) == 2
    finally:
        web.post("/settings/conflict", data={"conflict": ""})
    assert fetched(inlay, link(site, "Jetty"))["lane"] == "check"


def test_what_is_added_by_itself_is_never_a_duplicate(
    inlay: Inlay, site: MediaSite, web: httpx.Client
) -> None:
    assert web.post("/settings/rules/adding", data={"value": "on"}).status_code == 303
    try:
        told = {"uploader": "Ida Holm", "thumbnail": picture(1280, 720)}
        first = inlay.rest(inlay.submit(link(site, "Ida Holm - Mudflat", **told)))
        second = inlay.rest(inlay.submit(link(site, "Ida Holm - Mudflat", **told)))
    finally:
        web.post("/settings/rules/adding", data={"value": "off"})
    assert (first["state"], second["state"]) == ("done", "review")
    assert second["duplicates"]


class Person:
    """Somebody else, by the API."""

    def __init__(self, inlay: Inlay, token: str) -> None:
        self.inlay, self.token = inlay, token

    def submit(self, url: str, **more: Any) -> str:
        with self.inlay.api(self.token) as api:
            return str(api.post("/downloads/url", json={"url": url, **more}).json()["id"])

    def state_of(self, id: str) -> str:
        with self.inlay.api(self.token) as api:
            while (state := api.get(f"/downloads/{id}").json()["state"]) not in ("done", "skipped", "failed"):
                pass
        return str(state)


def test_the_conflict_that_a_program_asks_for_is_one_of_four(inlay: Inlay, site: MediaSite) -> None:
    found = fetched(inlay, link(site, "Sandbank"))
    with inlay.api() as api:
        answer = api.post("/downloads/confirm", json={"id": found["id"], "conflict": "explode"})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_conflict")
