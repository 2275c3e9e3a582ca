"""Undo of what was added, and the trash, on a stick: the library there, the data folder there, or both."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.conftest import Installed
from tests.faults.disks import fuse_disk, mount_again
from tests.faults.invariants import MARKER, hidden
from tests.faults.stumbling import EVERYTHING
from tests.faults.world import ARTIST, Scene
from tests.media.site import MediaSite
from tests.running import PASSWORD, wait_for

ON_STICK = ["library", "data", "library and data"] if EVERYTHING else ["library and data"]


@pytest.fixture(scope="module")
def stick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with fuse_disk(tmp_path_factory.mktemp("stick"), "exfat", size_mib=96) as disk:
        yield disk


@pytest.fixture(params=ON_STICK)
def scene(
    request: pytest.FixtureRequest, stick: Path, tmp_path: Path, site: MediaSite, installed: Installed
) -> Iterator[Scene]:
    """An Inlay that can undo, with these folders on the stick. Not watched: here files go."""
    there = {name: stick / tmp_path.name / name for name in request.param.split(" and ")}
    given = {f"{name}_dir": str(folder) for name, folder in there.items()}
    data, token = installed
    with Scene(tmp_path, site, token, undo_s="600", **given) as made:
        made.data = there.get("data", made.data)
        made.staging = made.data / "staging"
        shutil.copytree(data, made.data)
        yield made.start()
    shutil.rmtree(stick / tmp_path.name)


def again(scene: Scene, stick: Path) -> None:
    """The stick is taken out and put in again, with Inlay stopped."""
    assert scene.stop() == 0
    mount_again(stick)
    scene.start()


@contextmanager
def browser(scene: Scene) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=scene.url, headers={"Origin": scene.url}, timeout=20) as client:
        client.post("/login", data={"name": "alice", "password": PASSWORD})
        yield client


def press_undo(scene: Scene, what: str) -> None:
    """In the history, the button whose form leads to this."""
    with browser(scene) as client:
        page = client.get("/history").text
        [action] = set(re.findall(rf'action="({what})"', page))
        token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
        answer = client.post(action, data={"csrf_token": token})
    assert answer.status_code == 303, answer.text


def added(scene: Scene, name: str, **tags: str) -> str:
    id = scene.hand_in(name)
    scene.until(id, state="review")
    scene.confirm(id, **tags)
    scene.until(id, state="done")
    return id


def kept(scene: Scene) -> list[bytes]:
    """What is in the trash."""
    files = (file for file in (scene.data / "trash").iterdir() if not file.name.startswith("."))
    return sorted(file.read_bytes() for file in files)


def assert_nothing_hidden(scene: Scene) -> None:
    assert hidden(scene.library) == [MARKER]
    trash = scene.data / "trash"
    assert not trash.exists() or not list(trash.glob(".inlay-*"))


def test_what_was_added_goes_back_to_review_and_in_again_over_mounts(scene: Scene, stick: Path) -> None:
    id = added(scene, "back")
    path = f"{ARTIST}/back.mp3"
    before = (scene.library / path).read_bytes()
    again(scene, stick)
    press_undo(scene, f"/downloads/{id}/undo")
    assert scene.row(id)["state"] == "review"
    assert scene.files() == []
    assert not (scene.library / ARTIST).exists(), "the folder was made for it"
    assert_nothing_hidden(scene)
    again(scene, stick)
    scene.confirm(id)
    scene.until(id, state="done")
    assert scene.files() == [path]
    assert (scene.library / path).read_bytes() == before
    assert_nothing_hidden(scene)


def test_what_somebody_changed_since_stays(scene: Scene, stick: Path) -> None:
    id = added(scene, "theirs")
    again(scene, stick)
    file = scene.library / ARTIST / "theirs.mp3"
    file.write_bytes(file.read_bytes() + b"theirs")
    answer = scene.ask(id, "undo")
    assert (answer.status_code, answer.json()["code"]) == (409, "file_changed")
    assert file.read_bytes().endswith(b"theirs")
    assert scene.row(id)["state"] == "done"
    assert_nothing_hidden(scene)


def test_the_old_file_comes_back_from_the_trash_in_place_of_the_new_one(scene: Scene, stick: Path) -> None:
    added(scene, "old")
    path = scene.library / ARTIST / "old.mp3"
    old = path.read_bytes()
    id = scene.hand_in("new", "flac")
    scene.until(id, state="review")
    scene.confirm(id, title="old", conflict="overwrite", genre="Ambient")
    scene.until(id, state="done")
    new = path.read_bytes()
    assert (kept(scene), new != old) == ([old], True)
    again(scene, stick)
    assert (kept(scene), path.read_bytes()) == ([old], new)
    press_undo(scene, f"/downloads/{id}/undo")
    assert scene.row(id)["state"] == "review"
    assert (kept(scene), path.read_bytes()) == ([new], old)
    assert_nothing_hidden(scene)
    again(scene, stick)
    assert (kept(scene), path.read_bytes()) == ([new], old)
    with scene.api() as api:
        assert [one["title"] for one in api.get("/library/tracks").json()["items"]] == ["old"]


def test_a_deleted_track_is_listed_heard_and_restored_and_another_is_gone_for_good(
    scene: Scene, stick: Path
) -> None:
    for name in ("comes", "goes"):
        added(scene, name)
    before = {name: (scene.library / ARTIST / f"{name}.mp3").read_bytes() for name in ("comes", "goes")}
    with scene.api() as api:
        tracks = {one["title"]: one["id"] for one in api.get("/library/tracks").json()["items"]}
        for id in tracks.values():
            assert api.delete(f"/library/tracks/{id}").status_code < 300
    assert scene.files() == []
    assert kept(scene) == sorted(before.values())
    again(scene, stick)
    with browser(scene) as client:
        place = re.search(r'"(/library/trash/[^"]*/file)"', client.get("/library/trash").text)
        assert place
        assert client.get(place[1]).content in before.values()
    with scene.api() as api:
        trashed = {one["title"]: one for one in api.get("/library/trash").json()["items"]}
        assert sorted(trashed) == ["comes", "goes"]
        assert api.post(f"/library/tracks/{tracks['comes']}/restore").status_code < 300
        assert api.delete(f"/library/trash/{trashed['goes']['id']}").status_code < 300
    assert scene.files() == [f"{ARTIST}/comes.mp3"]
    assert (scene.library / ARTIST / "comes.mp3").read_bytes() == before["comes"]
    assert kept(scene) == []
    assert_nothing_hidden(scene)
    again(scene, stick)
    with scene.api() as api:
        items = api.get("/library/tracks").json()["items"]
        assert [(one["title"], one["id"]) for one in items] == [("comes", tracks["comes"])]


def test_an_undo_in_the_history_brings_back_what_was_deleted(scene: Scene, stick: Path) -> None:
    added(scene, "once")
    file = scene.library / ARTIST / "once.mp3"
    before = file.read_bytes()
    with scene.api() as api:
        [track] = api.get("/library/tracks").json()["items"]
        assert api.delete(f"/library/tracks/{track['id']}").status_code < 300
    assert not file.exists()
    again(scene, stick)
    press_undo(scene, '/library/changes/[^"]*/undo')
    wait_for(file.exists, 10)
    assert file.read_bytes() == before
    assert kept(scene) == []
    assert_nothing_hidden(scene)
