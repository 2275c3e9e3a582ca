"""What was added or discarded comes back to review as it was; nothing of anybody else's is touched."""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.downloads import retention, undo_queries
from app.downloads.model import State
from app.tags.containers import read
from tests.journeys import problem, short_track
from tests.media.site import MediaSite
from tests.queue_world import queue_world
from tests.running import PASSWORD, Inlay, wait_for
from tests.test_retention import DAY, is_staged, staged, state_of

FILE = "Ida Holm/Saltmarsh {}.mp3"


@pytest.fixture(scope="module")
def inlay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inlay]:
    with Inlay(tmp_path_factory.mktemp("undo"), undo_s="600") as running:
        running.add_user("alice", admin=True)
        yield running.start()


def added(inlay: Inlay, site: MediaSite, name: str, **tags: Any) -> str:
    id = inlay.submit(short_track(site, name))
    assert inlay.rest(id)["state"] == "review"
    inlay.confirm(id, **tags)
    inlay.done(id)
    return id


def ask(inlay: Inlay, id: str, what: str = "undo") -> httpx.Response:
    with inlay.api() as api:
        return api.post(f"/downloads/{id}/{what}")


def tracks(inlay: Inlay) -> list[str]:
    with inlay.api() as api:
        return sorted(one["path"] for one in api.get("/library/tracks?limit=200").json()["items"])


def drafts(inlay: Inlay, id: str) -> dict[str, str]:
    with closing(sqlite3.connect(inlay.data / "inlay.db")) as db:
        (text,) = db.execute("SELECT draft FROM staged_tracks WHERE download_id = ?", (id,)).fetchone()
    return json.loads(text) if text else {}


@contextmanager
def browser(inlay: Inlay) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=inlay.url, timeout=20, headers={"Origin": inlay.url}) as client:
        client.post("/login", data={"name": "alice", "password": PASSWORD})
        yield client


def token_of(page: str) -> str:
    return page.partition('name="csrf_token" value="')[2].partition('"')[0]


def test_an_added_track_comes_back_as_it_was_confirmed_and_can_be_added_again(
    inlay: Inlay, site: MediaSite
) -> None:
    id = added(inlay, site, "back", title="Saltmarsh Again", album="Estuary", track_no=3, date="2021")
    path = "Ida Holm/Estuary/03 Saltmarsh Again.mp3"
    assert inlay.download(id)["path"] == path
    assert inlay.download(id)["undo_until"]
    assert (inlay.staging / id / "source.mp3").exists()
    assert not list((inlay.staging / id).glob("tagged.*"))
    answer = ask(inlay, id)
    assert answer.status_code == 200, answer.text
    back = answer.json()
    assert (back["state"], back["path"], back["finished_at"], back["undo_until"]) == (
        "review",
        None,
        None,
        None,
    )
    assert path not in inlay.files()
    assert path not in tracks(inlay)
    assert not (inlay.library / "Ida Holm" / "Estuary").exists(), "the album's folder was made for it"
    draft = drafts(inlay, id)
    assert (draft["title"], draft["album"], draft["track_no"]) == ("Saltmarsh Again", "Estuary", "3")
    with browser(inlay) as page:
        shown = page.get(f"/downloads/{id}/review").text
    for value in ("Saltmarsh Again", "Estuary", "2021"):
        assert f'value="{value}"' in shown
    before = (inlay.staging / id / "source.mp3").stat().st_ino
    inlay.confirm(id, title="Saltmarsh Again", album="Estuary", track_no=3, date="2021")
    assert inlay.done(id)["path"] == path
    assert (inlay.staging / id / "source.mp3").stat().st_ino == before, "nothing was fetched again"
    assert tracks(inlay).count(path) == 1


def test_what_is_under_more_fields_comes_back_too_and_goes_into_the_file_again(
    inlay: Inlay, site: MediaSite
) -> None:
    timed = "[00:01.00]one\n[00:02.00]two"
    more = {"comment": "from the quay", "lyrics": "one\ntwo", "lyrics_synced": timed}
    id = added(inlay, site, "words", compilation=True, **more)
    first = inlay.download(id)["tracks"][0]["tags"]
    assert ask(inlay, id).status_code == 200
    draft = drafts(inlay, id)
    assert {name: draft[name] for name in more} == more
    assert draft["compilation"] == "1"
    assert "date" not in draft, "what was taken as proposed is no draft"
    with browser(inlay) as page:
        shown = page.get(f"/downloads/{id}/review").text
        assert "from the quay" in shown
        sent = page.post(f"/downloads/{id}/review", data={"csrf_token": token_of(shown), **draft})
    assert sent.status_code == 303, sent.text
    inlay.done(id)
    assert inlay.download(id)["tracks"][0]["tags"] == first
    tags = read(inlay.library / FILE.format("words")).tags
    assert (tags.comment, tags.lyrics, tags.compilation) == (more["comment"], more["lyrics"], True)


def offered(page: str) -> str:
    """The download that the toast leads to."""
    link = re.search(r'id="toast-next"[^>]* href="/downloads/([^/]*)/review"', page)
    assert link
    return link[1]


def test_the_next_one_that_is_offered_is_a_ready_one(inlay: Inlay, site: MediaSite) -> None:
    sure = {"title": "Ida Holm - Sure", "uploader": "Ida Holm", "artist": None, "thumbnail": (640, 640)}
    unsure = inlay.submit(short_track(site, "unsure", title="Something", artist=None, uploader="tapes 99"))
    ready = inlay.submit(short_track(site, "sure", **sure))
    for id in (unsure, ready):
        assert inlay.rest(id)["state"] == "review"
    gone = added(inlay, site, "gone first")
    with browser(inlay) as page:
        assert offered(page.get(f"/?undo={gone}").text) == ready
        ask(inlay, ready, "discard")
        assert offered(page.get(f"/?undo={gone}").text) == unsure
    ask(inlay, unsure, "discard")


def test_folders_of_others_stay_even_when_they_are_empty(inlay: Inlay, site: MediaSite) -> None:
    theirs = inlay.library / "Ida Holm" / "Theirs"
    theirs.mkdir(parents=True)
    id = added(inlay, site, "guest", album="Theirs")
    assert ask(inlay, id).status_code == 200
    assert theirs.is_dir()
    assert list(theirs.iterdir()) == []


def test_a_folder_in_which_something_is_by_now_stays_with_its_picture(inlay: Inlay, site: MediaSite) -> None:
    id = added(inlay, site, "shared", album="Shared")
    notes = inlay.library / "Ida Holm" / "Shared" / "notes.txt"
    notes.write_text("mine")
    assert ask(inlay, id).status_code == 200
    assert {file.name for file in notes.parent.iterdir()} == {"notes.txt", "cover.jpg"}


@pytest.mark.parametrize("how", ["edited", "replaced", "moved", "deleted"])
def test_a_file_that_somebody_changed_is_theirs(inlay: Inlay, site: MediaSite, how: str) -> None:
    id = added(inlay, site, how)
    file = inlay.library / FILE.format(how)
    if how == "edited":
        with file.open("r+b") as writer:
            writer.seek(-1, 2)
            writer.write(b"?")
    elif how == "replaced":
        (file.parent / "new").write_bytes(b"theirs")
        (file.parent / "new").replace(file)
    elif how == "moved":
        file.rename(file.with_name("elsewhere.mp3"))
        wait_for(lambda: "Ida Holm/elsewhere.mp3" in tracks(inlay))
    else:
        file.unlink()
    left = {path: path.read_bytes() for path in file.parent.iterdir() if path.is_file()}
    told = problem(ask(inlay, id), 409, "file_changed")
    assert told["detail"].startswith("The file was changed since")
    assert {path: path.read_bytes() for path in file.parent.iterdir() if path.is_file()} == left
    assert inlay.download(id)["state"] == "done"


def test_an_undo_is_done_once(inlay: Inlay, site: MediaSite) -> None:
    id = added(inlay, site, "once")
    assert ask(inlay, id).status_code == 200
    told = problem(ask(inlay, id), 409, "too_late")
    assert told["detail"] == "There is nothing to undo: the download is review."


def test_a_discarded_track_comes_back(inlay: Inlay, site: MediaSite) -> None:
    id = inlay.submit(short_track(site, "unwanted"))
    inlay.rest(id)
    gone = ask(inlay, id, "discard").json()
    assert gone["state"] == "discarded"
    assert gone["undo_until"]
    assert ask(inlay, id).json()["state"] == "review"
    inlay.confirm(id)
    assert inlay.done(id)["path"] == FILE.format("unwanted")


def test_a_link_that_was_handed_in_again_is_not_brought_back(inlay: Inlay, site: MediaSite) -> None:
    link = short_track(site, "twice")
    first = inlay.submit(link)
    inlay.rest(first)
    ask(inlay, first, "discard")
    second = inlay.submit(link)
    inlay.rest(second)
    problem(ask(inlay, first), 409, "already_queued")
    inlay.confirm(second)
    inlay.done(second)
    third = inlay.submit(link, fetch_again=True)
    inlay.rest(third)
    problem(ask(inlay, second), 409, "already_queued")
    assert FILE.format("twice") in inlay.files()
    assert inlay.download(second)["state"] == "done"


def test_what_ended_otherwise_cannot_be_undone(inlay: Inlay, site: MediaSite) -> None:
    id = inlay.submit(short_track(site, "ready"))
    inlay.rest(id)
    problem(ask(inlay, id), 409, "too_late")
    problem(ask(inlay, "01a21ac3-b880-7315-9da2-6feb4974f7e4"), 404, "not_found")


def test_it_works_after_a_restart(inlay: Inlay, site: MediaSite) -> None:
    id = added(inlay, site, "restarted")
    inlay.kill()
    inlay.start()
    assert ask(inlay, id).json()["state"] == "review"
    assert FILE.format("restarted") not in inlay.files()


def test_plain_forms_lead_from_add_to_undo_to_review(inlay: Inlay, site: MediaSite) -> None:
    id = inlay.submit(short_track(site, "plain"))
    other = inlay.submit(short_track(site, "waits"))
    inlay.rest(id), inlay.rest(other)
    with browser(inlay) as client:
        page = client.get(f"/downloads/{id}/review").text
        sent = {"csrf_token": token_of(page), "title": "Saltmarsh Plainly", "artist": "Ida Holm"}
        answer = client.post(f"/downloads/{id}/review", data=sent)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/?undo={id}")
        inlay.done(id)
        page = client.get(answer.headers["location"]).text
        assert "Added “<bdi>Saltmarsh Plainly</bdi>” to the library" in page
        assert f'action="/downloads/{id}/undo"' in page
        assert 'id="toast-next"' in page
        assert f'action="/downloads/{id}/undo"' in client.get("/history").text
        answer = client.post(f"/downloads/{id}/undo", data={"csrf_token": token_of(page)})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/downloads/{id}/review")
        again = client.post(f"/downloads/{id}/undo", data={"csrf_token": token_of(page)})
        assert again.status_code == 303, "a double tap ends where the first one led"
        assert 'id="toast"' not in client.get(f"/?undo={id}").text
        assert 'value="Saltmarsh Plainly"' in client.get(f"/downloads/{id}/review").text


def test_nobody_else_sees_the_toast(inlay: Inlay, site: MediaSite) -> None:
    id = added(inlay, site, "private")
    token = inlay.add_user("bob")
    for path in (f"/?undo={id}", "/?undo=nothing"):
        page = httpx.get(inlay.url + path, headers={"Authorization": f"Bearer {token}"})
        assert page.status_code == 200
        assert 'id="toast"' not in page.text
        assert "private" not in page.text


def test_without_keeping_anything_there_is_no_undo(tmp_path: Path, site: MediaSite) -> None:
    with Inlay(tmp_path / "none") as inlay:
        inlay.add_user("alice", admin=True)
        inlay.start()
        id = added(inlay, site, "gone")
        wait_for(lambda: list(inlay.staging.iterdir()) == [])
        assert inlay.download(id)["undo_until"] is None
        problem(ask(inlay, id), 409, "too_late")
        assert FILE.format("gone") in inlay.files()


def test_what_is_kept_for_an_undo_goes_when_its_time_is_over(tmp_path: Path) -> None:
    with queue_world(tmp_path / "data") as world:
        over = staged(world, "over", State.DONE, DAY)
        kept = staged(world, "kept", State.DISCARDED, DAY)
        moment = retention.now()
        world.change(over, undo_until=moment - DAY / 1440)
        world.change(kept, undo_until=moment + DAY / 1440)
        retention.expire(world.services)
        assert (state_of(world, over), is_staged(world, over)) == (State.DONE, False)
        assert (state_of(world, kept), is_staged(world, kept)) == (State.DISCARDED, True)
        with world.services.db.read() as session:
            assert undo_queries.kept(session) == [kept]


def test_what_is_kept_for_an_undo_goes_first_when_staging_is_short(tmp_path: Path) -> None:
    with queue_world(tmp_path / "data", max_staging_bytes=1024**2) as world:
        room = world.services.room
        room.relief = lambda: retention.free_one(world.services)
        later, sooner = (staged(world, name, State.DONE, DAY) for name in ("later", "sooner"))
        reviewed = staged(world, "reviewed", State.REVIEW, DAY)
        for id, minutes in ((later, 9), (sooner, 3)):
            world.change(id, undo_until=retention.now() + minutes * DAY / 1440)
            (world.services.settings.staging / id / "big").write_bytes(b"x" * 600_000)
        world.add("waits")
        assert world.take() == "waits"
        assert [is_staged(world, id) for id in (sooner, later, reviewed)] == [False, True, True]
