"""A download that took the place of a track, taken back: the old file at its place, the new one in review."""

import itertools
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.db import Database
from app.library import rename_queries
from app.tags.containers import read
from tests.journeys import problem
from tests.media.audio import make
from tests.media.site import MediaSite
from tests.running import PASSWORD, Inlay, wait_for

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def inlay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inlay]:
    with Inlay(tmp_path_factory.mktemp("replaced"), undo_s="600") as running:
        running.add_user("alice", admin=True)
        yield running.start()


@pytest.fixture(scope="module")
def web(inlay: Inlay) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=inlay.url, headers={"Origin": inlay.url}, timeout=20) as client:
        client.post("/login", data={"name": "alice", "password": PASSWORD})
        yield client


def token_of(web: httpx.Client, path: str) -> str:
    return web.get(path).text.partition('name="csrf_token" value="')[2].partition('"')[0]


def undos(web: httpx.Client) -> list[str]:
    """Of changes to the library, the newest first."""
    return re.findall(r'action="(/library/changes/[^"]*/undo)"', web.get("/history").text)


def link(site: MediaSite, title: str, kind: str) -> str:
    told = {"title": title, "artist": "Ida Holm", "upload_date": "2023-04-05"}
    return site.track(f"twice{next(_numbers)}", make(kind, 3), **told)


def confirmed(inlay: Inlay, url: str, format: str = "mp3", **more: Any) -> dict[str, Any]:
    id = inlay.submit(url, format=format)
    assert inlay.rest(id)["state"] == "review"
    inlay.confirm(id, **more)
    return inlay.done(id)


def replaced(inlay: Inlay, site: MediaSite, title: str, format: str = "mp3") -> tuple[bytes, dict[str, Any]]:
    """The old file, and the download that is in its place now."""
    have = confirmed(inlay, link(site, title, "mp3"))
    before = (inlay.library / have["path"]).read_bytes()
    found = confirmed(inlay, link(site, title, "flac"), format, conflict="overwrite", genre="Ambient")
    assert found["tracks"][0]["library_track_id"] == have["tracks"][0]["library_track_id"]
    return before, found


def ask(inlay: Inlay, id: str, what: str = "undo") -> httpx.Response:
    with inlay.api() as api:
        return api.post(f"/downloads/{id}/{what}")


def track_of(inlay: Inlay, id: str) -> dict[str, Any]:
    with inlay.api() as api:
        found: dict[str, Any] = api.get(f"/library/tracks/{id}").json()
    return found


def test_the_old_file_is_back_and_the_download_in_review_with_likes_and_dates_as_they_were(
    inlay: Inlay, site: MediaSite, web: httpx.Client
) -> None:
    have = confirmed(inlay, link(site, "Quay", "mp3"))
    track = have["tracks"][0]["library_track_id"]
    since = track_of(inlay, track)["added_at"]
    before = (inlay.library / have["path"]).read_bytes()
    web.post(f"/library/tracks/{track}/like", data={"csrf_token": token_of(web, "/library")})

    def known() -> tuple[str, list[str], str]:
        liked = re.findall(r'<li id="track-([^"]*)"', web.get("/library?liked=yes").text)
        found = track_of(inlay, track)
        return found["path"], liked, found["added_at"]

    found = confirmed(inlay, link(site, "Quay", "flac"), "flac", conflict="overwrite", genre="Ambient")
    id = found["id"]
    assert (found["path"], bool(found["undo_until"])) == ("Ida Holm/Quay.flac", True)
    assert known() == ("Ida Holm/Quay.flac", [track], since)
    page = web.get(f"/?undo={id}").text
    assert "Replaced “<bdi>Quay</bdi>” with the new file" in page
    assert page.count(f'action="/downloads/{id}/undo"') == 2, "of the toast and of the card"

    answer = web.post(f"/downloads/{id}/undo", data={"csrf_token": token_of(web, "/")})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/downloads/{id}/review")
    assert inlay.files() == ["Ida Holm/Quay.mp3"]
    assert (inlay.library / "Ida Holm/Quay.mp3").read_bytes() == before
    assert known() == ("Ida Holm/Quay.mp3", [track], since)
    back = inlay.download(id)
    assert (back["state"], back["path"], back["undo_until"]) == ("review", None, None)
    assert 'value="Ambient"' in web.get(f"/downloads/{id}/review").text
    assert "Replaced, and undone" in web.get("/history").text

    inlay.confirm(id, conflict="overwrite", genre="Ambient")
    assert inlay.done(id)["tracks"][0]["library_track_id"] == track
    assert read(inlay.library / "Ida Holm/Quay.flac").tags.genre == "Ambient"
    assert web.post(undos(web)[0], data={"csrf_token": token_of(web, "/history")}).status_code == 303
    assert (inlay.library / "Ida Holm/Quay.mp3").read_bytes() == before
    with inlay.api() as api:
        assert api.post(f"/library/tracks/{track}/restore").is_success
    assert ask(inlay, id).json()["state"] == "review", (
        "the history did the rest, and the trash something else"
    )
    assert known() == ("Ida Holm/Quay.flac", [track], since)


def test_it_refuses_when_something_changed_since(inlay: Inlay, site: MediaSite, web: httpx.Client) -> None:
    _, found = replaced(inlay, site, "Wharf")
    file = inlay.library / found["path"]
    track = found["tracks"][0]["library_track_id"]

    def refused(code: str, sentence: str) -> None:
        left = file.read_bytes()
        assert problem(ask(inlay, found["id"]), 409, code)["detail"].startswith(sentence)
        assert file.read_bytes() == left
        now = inlay.download(found["id"])
        assert (now["state"], now["path"]) == ("done", found["path"])

    ours = file.read_bytes()
    file.write_bytes(b"theirs")
    refused("file_changed", "The file was changed since")
    file.write_bytes(ours)
    with inlay.api() as api:
        wait_for(lambda: api.patch(f"/library/tracks/{track}", json={"genre": "Drone"}).is_success)
        refused("too_late", "This track was changed again since")
        newest = undos(web)[0]
        assert web.post(newest, data={"csrf_token": token_of(web, "/history")}).is_redirect
        api.delete("/library/trash")
    refused("too_late", "It is too late to undo this")


def test_after_a_renaming_of_the_library_all_say_and_undo_where_the_file_is(
    inlay: Inlay, site: MediaSite, web: httpx.Client
) -> None:
    plain = confirmed(inlay, link(site, "Sluice", "mp3"), album="Locks")
    before, over = replaced(inlay, site, "Weir")
    assert plain["path"] == "Ida Holm/Locks/Sluice.mp3"
    rename(inlay, "All/{artist} - {title}")
    for id, path in ((plain["id"], "All/Ida Holm - Sluice.mp3"), (over["id"], "All/Ida Holm - Weir.mp3")):
        assert inlay.download(id)["path"] == path
        assert inlay.download(id)["tracks"][0]["path"] == path
        with inlay.api() as api:
            assert api.get(f"/downloads/{id}/paths").json() == {"paths": [path]}
        assert path in web.get("/").text
        assert path in web.get("/history").text
        assert ask(inlay, id).status_code == 200
        assert inlay.download(id)["state"] == "review"
    assert "All/Ida Holm - Sluice.mp3" not in inlay.files()
    assert (inlay.library / "All/Ida Holm - Weir.mp3").read_bytes() == before
    assert [path.name for path in inlay.library.rglob(".inlay-*")] == [".inlay-library"]


def rename(inlay: Inlay, template: str) -> None:
    db = Database(inlay.data / "inlay.db")
    with db.write() as session:
        rename_queries.choose(session, rename_queries.NAMING, template)
    db.close()
    done = inlay.command("rename")
    assert done.returncode == 0, done.stderr
