"""Deleting, restoring and editing over the API and with plain forms, by two people."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.languages.catalogue import catalogue
from app.tags import containers
from app.tags.model import Tags
from tests.journeys import problem
from tests.library_world import grow_old
from tests.media.audio import make
from tests.running import PASSWORD, Inlay, wait_for


@pytest.fixture(scope="module")
def bob(inlay: Inlay) -> str:
    """Another person of the installation, who is no admin; the answer is a token."""
    return inlay.add_user("bob")


def put(inlay: Inlay, title: str, **tags: str) -> dict[str, Any]:
    """A track of somebody else's, as the index knows it."""
    file = inlay.library / "Ida Holm" / f"{title}.mp3"
    file.parent.mkdir(exist_ok=True)
    shutil.copyfile(make("mp3", 1), file)
    containers.write(file, Tags(title=title, artist="Ida Holm", comment="by hand", **tags), None)  # type: ignore[arg-type]
    grow_old(file, 60)
    with inlay.api() as api:
        return dict(
            wait_for(
                lambda: (
                    (found := api.get("/library/tracks", params={"q": title}).json()["items"]) and found[0]
                )
            )
        )


def tags_of(inlay: Inlay, path: str) -> Tags:
    return containers.read(inlay.library / path).tags


@contextmanager
def browser(inlay: Inlay, name: str = "alice") -> Iterator[httpx.Client]:
    with httpx.Client(base_url=inlay.url, timeout=30, headers={"Origin": inlay.url}) as client:
        client.post("/login", data={"name": name, "password": PASSWORD})
        yield client


def token_of(page: str) -> str:
    return page.partition('name="csrf_token" value="')[2].partition('"')[0]


def send(client: httpx.Client, path: str, token: str, **data: str) -> httpx.Response:
    return client.post(path, data={"csrf_token": token, **data})


def toast(page: str) -> str:
    found = re.search(r'<section id="toast".*?</section>', page, re.S)
    return found[0] if found else ""


def test_a_track_is_deleted_and_restored_over_the_api_by_whoever_is_signed_in(inlay: Inlay, bob: str) -> None:
    track = put(inlay, "Shared")
    with inlay.api(bob) as bobs, inlay.api() as alices:
        gone = bobs.delete(f"/library/tracks/{track['id']}")
        assert gone.status_code == 200, gone.text
        assert (gone.json()["path"], gone.json()["reason"]) == (track["path"], "deleted")
        problem(bobs.delete(f"/library/tracks/{track['id']}"), 404, "not_found")
        assert not (inlay.library / track["path"]).exists()
        listed = alices.get("/library/trash").json()["items"]
        assert [one["track_id"] for one in listed] == [track["id"]]
        back = alices.post(f"/library/tracks/{track['id']}/restore")
        assert back.status_code == 200, back.text
        assert back.json() == track
        problem(alices.post(f"/library/tracks/{track['id']}/restore"), 409, "too_late")
        problem(alices.post("/library/tracks/none/restore"), 404, "not_found")
    assert (inlay.library / track["path"]).exists()


def test_a_track_is_edited_over_the_api_field_by_field(inlay: Inlay) -> None:
    track = put(inlay, "Patched", album="Estuary", date="2019")
    with inlay.api() as api:
        address = f"/library/tracks/{track['id']}"
        told = api.patch(address, json={"album": None, "track_no": 7, "genre": "Folk"})
        assert told.status_code == 200, told.text
        changed = {"album": "", "track_no": 7, "genre": "Folk"}
        assert told.json() == {**track, **changed, "quality": told.json()["quality"]}
        assert tags_of(inlay, track["path"]).comment == "by hand"
        wrong = api.patch(address, json={"date": "soon", "title": ""})
        assert set(problem(wrong, 422, "invalid")["fields"]) == {"date", "title"}
        assert api.patch(address, json={"path": "elsewhere"}).status_code == 422
        problem(api.patch("/library/tracks/none", json={"title": "x"}), 404, "not_found")
        with (inlay.library / track["path"]).open("ab") as file:
            file.write(b"?")
        problem(api.patch(address, json={"title": "Late"}), 409, "file_changed")


def test_a_submit_token_and_nobody_may_not(inlay: Inlay, bob: str) -> None:
    track = put(inlay, "Guarded")
    submit = inlay.command("token", "add", "--user", "bob", "--scope", "submit").stdout.strip()
    with inlay.api(submit) as api:
        for answer in (
            api.delete(f"/library/tracks/{track['id']}"),
            api.patch(f"/library/tracks/{track['id']}", json={"title": "x"}),
            api.delete("/library/trash"),
        ):
            problem(answer, 403, "scope")
    assert httpx.delete(f"{inlay.url}/api/v1/library/tracks/{track['id']}").status_code == 401
    assert (inlay.library / track["path"]).exists()


def test_plain_forms_delete_undo_and_the_trash_plays_and_restores(inlay: Inlay) -> None:
    track = put(inlay, "Formed")
    with browser(inlay) as client:
        page = client.get(f"/library/tracks/{track['id']}/edit").text
        token = token_of(page)
        gone = send(client, f"/library/tracks/{track['id']}/delete", token)
        assert gone.status_code == 303, gone.text
        again = send(client, f"/library/tracks/{track['id']}/delete", token)
        assert again.headers["location"] == gone.headers["location"], (
            "a double tap ends where the first one did"
        )
        page = client.get(gone.headers["location"]).text
        assert "Moved to the trash “<bdi>Formed</bdi>”" in toast(page)
        [undo] = re.findall(r'action="(/library/changes/[^"]*/undo)"', toast(page))
        assert undo in client.get("/history").text
        listed = client.get("/library/trash").text
        assert "Formed" in listed
        assert "Deleted by alice" in listed
        [heard] = re.findall(r'href="(/library/trash/[^"]*/file)"', listed)
        assert client.get(heard, headers={"Range": "bytes=0-9"}).status_code == 206
        back = send(client, undo, token)
        assert (back.status_code, back.headers["location"]) == (303, "/library?q=Formed%20Ida%20Holm")
        assert send(client, undo, token).status_code == 303
        assert client.get(heard).status_code == 404
        assert (inlay.library / track["path"]).exists()
        history = client.get("/history").text
        assert "Moved to the trash, and undone" in history
        assert undo not in history
        assert toast(client.get(gone.headers["location"]).text) == ""
        send(client, f"/library/tracks/{track['id']}/delete", token)
        [restore] = re.findall(r'action="(/library/trash/[^"]*/restore)"', client.get("/library/trash").text)
        shown = client.get(send(client, restore, token).headers["location"]).text
        assert "Restored “<bdi>Formed</bdi>”" in toast(shown)


def test_a_plain_form_edits_and_history_undoes(inlay: Inlay) -> None:
    track = put(inlay, "Before", album="Estuary")
    address = f"/library/tracks/{track['id']}/edit"
    with browser(inlay) as client:
        page = client.get(address).text
        token = token_of(page)
        assert 'value="Before"' in page
        assert "by hand" in page, "also what the index does not keep"
        seen = page.partition('name="seen" value="')[2].partition('"')[0]
        wrong = send(client, address, token, seen=seen, title="", album="Kept as typed")
        assert wrong.status_code == 422
        assert "A track needs a title." in wrong.text
        assert 'value="Kept as typed"' in wrong.text
        done = send(client, address, token, seen=seen, title="<b>After</b>", album="")
        assert done.status_code == 303, done.text
        assert "Edited “<bdi>&lt;b&gt;After&lt;/b&gt;</bdi>”" in toast(
            client.get(done.headers["location"]).text
        )
        assert tags_of(inlay, track["path"]).title == "<b>After</b>"
        stale = send(client, address, token, seen=seen, title="Stale")
        assert stale.status_code == 409
        assert "Somebody changed this track since" in stale.text
        history = client.get("/history").text
        assert "Title “Before” → “&lt;b&gt;After&lt;/b&gt;”; Album “Estuary” → nothing" in history
        [undo] = re.findall(
            r'action="(/library/changes/[^"]*/undo)"', toast(client.get(done.headers["location"]).text)
        )
        assert send(client, undo, token).status_code == 303
    tags = tags_of(inlay, track["path"])
    assert (tags.title, tags.album, tags.comment) == ("Before", "Estuary", "by hand")


@pytest.mark.parametrize(
    ("language", "edited", "field"),
    [
        ("en", "Edited: ", "{} “{}” → “{}”"),
        ("de", "Bearbeitet: ", "{} „{}“ → „{}“"),
        ("es", "Editada: ", "{} «{}» → «{}»"),
    ],
)
def test_history_tells_an_edit_in_the_readers_language_whatever_the_values_hold(
    inlay: Inlay, language: str, edited: str, field: str
) -> None:
    """They may look like the ends of what Inlay says itself, and stay what somebody wrote."""
    title, album = f"Deleted; Album “{language}” → nothing; x", "One. Two · 3, 4 and Title"
    label = catalogue(language).gettext
    track = put(inlay, f"Semi {language}", album="Estuary")
    with browser(inlay) as client:
        page = client.get(f"/library/tracks/{track['id']}/edit").text
        done = send(
            client,
            f"/library/tracks/{track['id']}/edit",
            token_of(page),
            title=title,
            album=album,
            genre="a; b",
        )
        assert done.status_code == 303, done.text
        history = client.get("/history", headers={"Accept-Language": language}).text
    told = "; ".join(
        [
            field.format(label("Title"), f"Semi {language}", title),
            field.format(label("Album"), "Estuary", album),
        ]
    )
    assert f'dir="auto">{edited}{told}; {label("Genre")} ' in history


def test_an_undo_refuses_politely_when_the_file_changed_since(inlay: Inlay) -> None:
    track = put(inlay, "Touched")
    with browser(inlay) as client:
        page = client.get(f"/library/tracks/{track['id']}/edit").text
        done = send(client, f"/library/tracks/{track['id']}/edit", token_of(page), title="Touched twice")
        [undo] = re.findall(
            r'action="(/library/changes/[^"]*/undo)"', toast(client.get(done.headers["location"]).text)
        )
        file = inlay.library / track["path"]
        with file.open("ab") as writer:
            writer.write(b"?")
        before = file.read_bytes()
        refused = send(client, undo, token_of(page))
        assert refused.status_code == 409
        assert "The file was changed since" in refused.text
        assert file.read_bytes() == before


def test_several_tracks_get_what_they_have_in_common_at_once_and_lose_it_at_once(inlay: Inlay) -> None:
    several = [put(inlay, f"Several {name}", album=album) for name, album in (("one", "A"), ("two", "B"))]
    ids = ",".join(track["id"] for track in several)
    with browser(inlay) as client:
        page = client.get(f"/library/edit?ids={several[0]['id']}&ids={several[1]['id']}").text
        assert "unchanged: several" in page
        assert "unchanged: Ida Holm" in page
        token = token_of(page)
        assert send(client, "/library/edit", token, ids=ids, album=" ").status_code == 422
        assert "There is no such date" in send(client, "/library/edit", token, ids=ids, date="2019-13").text
        done = send(client, "/library/edit", token, ids=ids, album="Both", artist="")
        assert done.status_code == 303, done.text
        assert {tags_of(inlay, track["path"]).album for track in several} == {"Both"}
        assert {tags_of(inlay, track["path"]).artist for track in several} == {"Ida Holm"}
        said = toast(client.get(done.headers["location"]).text)
        assert "2 tracks" in said
        together = said.partition('name="together" value="')[2].partition('"')[0]
        assert send(client, "/library/changes/undo", token, together=together).status_code == 303
        assert [tags_of(inlay, track["path"]).album for track in several] == ["A", "B"]
        assert client.get("/library/edit").status_code == 422


def test_changes_are_undone_by_who_made_them_and_the_trash_emptied_by_who_filled_it(
    inlay: Inlay, bob: str
) -> None:
    track = put(inlay, "Whose")
    with browser(inlay) as alice, browser(inlay, "bob") as other:
        token = token_of(alice.get(f"/library/tracks/{track['id']}/edit").text)
        done = send(alice, f"/library/tracks/{track['id']}/delete", token)
        change = done.headers["location"].partition("changed=")[2]
        shown = other.get("/library/trash").text
        assert "Deleted by alice" in shown
        assert "for good</button>" not in shown
        theirs = token_of(shown)
        assert toast(other.get(done.headers["location"]).text) == ""
        assert change not in other.get("/history").text
        assert send(other, f"/library/changes/{change}/undo", theirs).status_code == 404
        [trashed] = re.findall(r'action="/library/trash/([^"]*)/restore"', shown)
        assert send(other, f"/library/trash/{trashed}/empty", theirs).status_code == 403
        assert send(other, "/library/trash/empty", theirs).status_code == 303
        assert trashed in other.get("/library/trash").text, "that was not bob's to empty"
        assert send(alice, "/library/trash/empty", token).status_code == 303
        assert "The trash is empty." in alice.get("/library/trash").text
        assert [name for name in trash_of(inlay) if not name.startswith(".")] == []
        assert send(alice, f"/library/trash/{trashed}/restore", token).status_code == 409
    with inlay.api() as api:
        problem(api.delete(f"/library/trash/{trashed}"), 404, "not_found")


def trash_of(inlay: Inlay) -> list[str]:
    return [file.name for file in Path(inlay.data / "trash").iterdir()]


def test_a_damaged_file_can_be_deleted_though_not_edited(inlay: Inlay) -> None:
    file = inlay.library / "Ida Holm" / "Broken.mp3"
    file.write_bytes(b"no music at all" * 100)
    grow_old(file, 60)
    with inlay.api() as api, browser(inlay) as client:
        track = wait_for(lambda: (found := api.get("/library/tracks?q=broken").json()["items"]) and found[0])
        problem(api.patch(f"/library/tracks/{track['id']}", json={"title": "x"}), 409, "not_done")
        page = client.get(f"/library/tracks/{track['id']}/edit").text
        assert 'id="save"' not in page
        assert send(client, f"/library/tracks/{track['id']}/delete", token_of(page)).status_code == 303
    assert not file.exists()
