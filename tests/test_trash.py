"""What leaves the library goes to the trash whole, and comes back as the track that it was."""

import os
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from app.db import now
from app.errors import Conflict, Failure, NotFound
from app.library import change_queries, changes, edit, moves, swap, trash
from app.library.change_model import Kind, Place, Snapshot, Trashed
from app.library.model import Track
from app.tags.containers import read
from tests.disks import small_disk
from tests.trash_world import PATH, TrashWorld, trash_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TrashWorld]:
    with trash_world(tmp_path) as made:
        yield made


@pytest.fixture(params=["one disk", "two disks"])
def any_disks(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TrashWorld]:
    """The trash is on the library's disk, or on another one."""
    with trash_world(tmp_path) as made:
        if request.param == "one disk":
            yield made
            return
        with small_disk(made.trash, 4_000):
            assert made.trash.stat().st_dev != made.library.stat().st_dev
            yield made


def delete(world: TrashWorld, track: Track) -> Trashed:
    return trash.put_away(world.services, track, Kind.DELETED, world.alice)


def replace(world: TrashWorld, track: Track, file: Path, **more: object) -> str:
    held = Snapshot(tags=read(file).tags, download_id="a-download", user_id=world.bob)
    done = trash.replace(world.services, track, file, held, user_id=world.bob, **more)  # type: ignore[arg-type]
    assert done.trashed_id
    return done.trashed_id


def place_of(world: TrashWorld, id: str) -> Place:
    with world.world.db.read() as session:
        found = change_queries.trashed_by_id(session, id)
    assert found
    return found.place


def test_a_deleted_track_comes_back_as_the_same_row(any_disks: TrashWorld) -> None:
    world = any_disks
    track, before = world.track(), (world.library / PATH).read_bytes()
    gone = delete(world, track)
    assert (gone.place, gone.path, gone.reason, gone.user_id) == (Place.KEPT, PATH, "deleted", world.alice)
    assert gone.held.tags.title == "Saltmarsh"
    assert world.files() == []
    assert world.in_trash() == [before]
    assert world.there(track.id) is None
    assert not (world.library / "Ida Holm").exists(), "no empty folders are left"
    world.scan()
    back = trash.restore(world.services, gone.id, world.bob)
    assert (back.kind, back.path_after) == (Kind.RESTORED, PATH)
    found = world.there(track.id)
    assert found
    assert (found.added_at, found.title, found.path) == (track.added_at, "Saltmarsh", PATH)
    assert (world.library / PATH).read_bytes() == before
    assert (world.in_trash(), world.hidden()) == ([], [])
    world.scan()
    assert [one.id for one in world.world.all_tracks()] == [track.id]
    with pytest.raises(Conflict):
        trash.restore(world.services, gone.id, world.alice)


def test_a_replaced_file_keeps_row_path_and_date_and_the_old_one_is_in_the_trash(
    any_disks: TrashWorld,
) -> None:
    world = any_disks
    track, before = world.track(), (world.library / PATH).read_bytes()
    new = world.new_file(title="Saltmarsh, better")
    trashed_id = replace(world, track, new)
    found = world.there(track.id)
    assert found
    assert (found.path, found.added_at, found.title) == (PATH, track.added_at, "Saltmarsh, better")
    assert (found.download_id, found.user_id) == ("a-download", world.bob)
    assert (world.library / PATH).read_bytes() == new.read_bytes()
    assert (world.in_trash(), world.hidden()) == ([before], [])
    world.scan()
    assert [one.id for one in world.world.all_tracks()] == [track.id]
    trash.restore(world.services, trashed_id, world.alice)
    assert (world.library / PATH).read_bytes() == before
    assert world.in_trash() == [new.read_bytes()], "now the other one can be restored"
    restored = world.row(track.id)
    assert (restored.title, restored.user_id, restored.added_at) == ("Saltmarsh", None, track.added_at)


def test_a_file_of_another_kind_takes_the_place_with_its_own_ending(any_disks: TrashWorld) -> None:
    world = any_disks
    track, before = world.track(), (world.library / PATH).read_bytes()
    theirs = world.track(PATH.replace(".mp3", ".flac"), title="Theirs")
    trashed_id = replace(world, track, world.new_file("new.flac"))
    wanted = PATH.replace(".mp3", " (2).flac")
    assert world.files() == sorted([theirs.path, wanted])
    assert world.row(track.id).path == wanted
    assert world.in_trash() == [before]
    world.scan()
    assert {one.id for one in world.world.all_tracks()} == {track.id, theirs.id}
    trash.restore(world.services, trashed_id, world.alice)
    assert world.files() == sorted([theirs.path, PATH.replace(".mp3", " (2).mp3")])
    assert world.row(track.id).title == "Saltmarsh"
    assert world.hidden() == []


def test_a_disk_that_cannot_exchange_names_replaces_in_two_steps(
    world: TrashWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(swap, "exchange", lambda *_: False)
    track, before = world.track(), (world.library / PATH).read_bytes()
    new = world.new_file()
    replace(world, track, new)
    assert (world.library / PATH).read_bytes() == new.read_bytes()
    assert (world.in_trash(), world.hidden()) == ([before], [])


def test_names_are_exchanged_in_one_step_here(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").write_text("b")
    folder = os.open(tmp_path, os.O_RDONLY)
    assert moves.exchange(folder, "a", "b")
    os.close(folder)
    assert (tmp_path / "a").read_text() == "b"


def test_a_replacement_that_is_asked_for_twice_is_done_once(world: TrashWorld) -> None:
    track, new = world.track(), world.new_file()
    first = replace(world, track, new, owner="staged")
    assert replace(world, track, new, owner="staged") == first
    assert len(world.in_trash()) == 1
    trash.restore(world.services, first, world.alice)
    assert replace(world, world.row(track.id), new, owner="staged") != first


def test_a_name_that_was_taken_meanwhile_stays_theirs(world: TrashWorld) -> None:
    track = world.track()
    gone = delete(world, track)
    theirs = world.track(title="Theirs")
    assert theirs.id != track.id, "what is in the trash keeps its row"
    back = trash.restore(world.services, gone.id, world.alice)
    assert back.path_after == PATH.replace(".mp3", " (2).mp3")
    assert {one.id: one.title for one in world.world.tracks().values()} == {
        theirs.id: "Theirs",
        track.id: "Saltmarsh",
    }


def test_a_file_that_others_changed_is_let_be(world: TrashWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    track, new = world.track(), world.new_file()
    file = world.library / PATH
    look = trash.digest_in_library

    def changed_meanwhile(*given: object) -> str:
        digest = look(*given)  # type: ignore[arg-type]
        file.write_bytes(b"theirs")
        return digest

    monkeypatch.setattr(trash, "digest_in_library", changed_meanwhile)
    with pytest.raises(Conflict) as told:
        delete(world, track)
    assert told.value.code == "file_changed"
    with pytest.raises(Conflict):
        replace(world, track, new, sha256_before="what the caller saw")
    assert file.read_bytes() == b"theirs"
    assert (world.in_trash(), world.hidden()) == ([], [])
    assert world.rows("SELECT count(*) FROM changes") == [(0,)]
    assert world.rows("SELECT count(*) FROM trashed") == [(0,)]


def test_the_same_bytes_replace_nothing_and_a_missing_file_cannot_be_deleted(world: TrashWorld) -> None:
    track = world.track()
    with pytest.raises(Conflict):
        replace(world, track, world.library / PATH)
    (world.library / PATH).unlink()
    with pytest.raises(NotFound):
        delete(world, track)


def test_a_trash_without_room_takes_nothing_and_the_file_stays(world: TrashWorld) -> None:
    track, before, new = world.track(), (world.library / PATH).read_bytes(), world.new_file()
    with small_disk(world.trash, 16):
        for act in (lambda: delete(world, track), lambda: replace(world, track, new)):
            with pytest.raises(Failure) as told:
                act()
            assert "trash is full" in told.value.message
            assert (world.library / PATH).read_bytes() == before
            assert (world.in_trash(), world.hidden()) == ([], [])
            assert world.there(track.id)
            assert world.rows("SELECT count(*) FROM changes") == [(0,)]


def test_a_library_without_room_gets_nothing_half(tmp_path: Path) -> None:
    with small_disk(tmp_path / "library", 2_000) as disk, trash_world(tmp_path) as world:
        track, other = world.track(), world.track("Ida Holm/Other.mp3")
        gone = delete(world, other)
        new, before = world.new_file(), (world.library / PATH).read_bytes()
        for act in (
            lambda: trash.restore(world.services, gone.id, world.alice),
            lambda: replace(world, track, new),
            lambda: edit.edit(world.services, track, {"title": "Another"}, world.alice),
        ):
            # Each time: what was deleted is counted by such a disk for a while.
            disk.fill(leaving_kib=4)
            with pytest.raises(Failure, match="library's disk is full"):
                act()
            assert world.files() == [PATH]
            assert (world.library / PATH).read_bytes() == before
            assert world.hidden() == []
        assert place_of(world, gone.id) is Place.KEPT
        assert world.rows("SELECT kind FROM changes") == [("deleted",)]
        disk.resize(2_000)
        trash.restore(world.services, gone.id, world.alice)
        assert len(world.files()) == 2


def test_of_two_who_change_a_track_at_once_one_is_told_and_nothing_is_lost(world: TrashWorld) -> None:
    track = world.track()
    told: list[str] = []

    def change(name: str, value: str) -> None:
        try:
            edit.edit(world.services, track, {name: value}, world.alice)
        except Conflict as conflict:
            told.append(conflict.code)

    both = [threading.Thread(target=change, args=pair) for pair in (("title", "Mine"), ("album", "Theirs"))]
    for one in both:
        one.start()
    for one in both:
        one.join()
    tags = read(world.library / PATH).tags
    assert told == ["file_changed"]
    assert (tags.title, tags.album) in (("Mine", "Estuary"), ("Saltmarsh", "Theirs"))
    assert world.row(track.id).title == tags.title
    assert world.hidden() == []


def test_what_is_old_enough_goes_and_what_nobody_knows_stays(world: TrashWorld) -> None:
    old, fresh = world.track(), world.track("Ida Holm/Fresh.mp3")
    gone = delete(world, old)
    delete(world, fresh)
    (world.trash / "mine.txt").write_text("put here by hand")
    with world.world.db.write() as session:
        row = change_queries.trashed_by_id(session, gone.id)
        assert row
        row.trashed_at = now() - timedelta(days=31)
    trash.expire(world.services)
    assert place_of(world, gone.id) is Place.GONE
    assert not (world.trash / gone.name).exists()
    assert len(world.in_trash()) == 2
    with pytest.raises(Conflict):
        trash.restore(world.services, gone.id, world.alice)
    assert trash.empty(world.services) == 1
    assert world.in_trash() == [b"put here by hand"]


def test_the_history_of_changes_is_as_long_as_that_of_downloads(world: TrashWorld) -> None:
    kept = delete(world, world.track())
    restored = delete(world, world.track("Ida Holm/Back.mp3"))
    trash.restore(world.services, restored.id, world.alice)
    with world.world.db.write() as session:
        session.execute(text("UPDATE changes SET done_at = '2020-01-01 00:00:00.000000'"))
        session.execute(text("UPDATE trashed SET restored_at = '2020-01-01 00:00:00.000000'"))
    trash.expire(world.services)
    assert world.rows("SELECT count(*) FROM changes") == [(0,)]
    assert world.rows("SELECT id FROM trashed") == [(kept.id,)]
    assert trash.restore(world.services, kept.id, world.alice).path_after == PATH


def test_a_file_that_was_damaged_in_the_trash_is_not_brought_back(world: TrashWorld) -> None:
    gone = delete(world, world.track())
    (world.trash / gone.name).write_bytes(b"rotten")
    with pytest.raises(Conflict) as told:
        trash.restore(world.services, gone.id, world.alice)
    assert told.value.code == "file_changed"
    (world.trash / gone.name).unlink()
    with pytest.raises(Conflict) as told:
        trash.restore(world.services, gone.id, world.alice)
    assert told.value.code == "too_late"
    assert place_of(world, gone.id) is Place.KEPT
    assert world.files() == []


def test_nobody_changes_a_track_while_another_one_does(
    world: TrashWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    track = world.track()
    monkeypatch.setattr(changes, "PATIENCE_S", 0.1)
    with changes.alone(world.services, track.id), pytest.raises(Conflict) as told:
        with changes.alone(world.services, track.id, patience_s=0.1):
            pass
    assert told.value.code == "busy"
    assert delete(world, track).place is Place.KEPT
