"""Tags of a track in the library are edited in file and index together, and back again."""

from collections.abc import Iterator
from pathlib import Path

import mutagen
import pytest

from app.errors import Conflict, Invalid
from app.library import change_undo, changes, edit, renamer, trash
from app.library.change_model import Change, Kind
from app.library.model import Track
from app.tags.containers import read
from tests.library_world import grow_old
from tests.trash_world import PATH, TrashWorld, trash_world

FLAC = PATH.replace(".mp3", ".flac")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TrashWorld]:
    with trash_world(tmp_path) as made:
        yield made


def edited(world: TrashWorld, track: Track, **values: str) -> Change:
    change = edit.edit(world.services, track, values, world.alice)
    assert change
    return change


def test_an_edit_changes_what_was_named_in_file_and_index_and_can_be_undone(world: TrashWorld) -> None:
    track = world.track(FLAC)
    audio = mutagen.File(world.library / FLAC)
    audio.tags["replaygain_track_gain"] = ["-6.1 dB"]
    audio.save()
    grow_old(world.library / FLAC, 60)
    world.scan()
    track = world.row(track.id)
    change = edited(world, track, title="Salt & Marsh", album="", track_no="3", comment="from the quay")
    file = world.library / FLAC
    tags = read(file).tags
    assert (tags.title, tags.album, tags.track_no, tags.comment) == ("Salt & Marsh", "", 3, "from the quay")
    assert (tags.artist, tags.date) == ("Ida Holm", "2019")
    assert mutagen.File(file).tags["replaygain_track_gain"] == ["-6.1 dB"]
    found = world.row(track.id)
    assert (found.title, found.album, found.track_no, found.title_key) == (
        "Salt & Marsh",
        "",
        3,
        "salt and marsh",
    )
    assert (found.path, found.added_at) == (FLAC, track.added_at)
    assert found.mtime_ns == file.stat().st_mtime_ns
    assert (change.kind, change.user_id, change.path_before) == (Kind.EDITED, world.alice, FLAC)
    assert change.before
    assert change.after
    assert (change.before.tags.title, change.after.tags.title) == ("Saltmarsh", "Salt & Marsh")
    world.scan()
    assert world.row(track.id).title == "Salt & Marsh"
    assert (world.in_trash(), world.hidden()) == ([], [])
    assert list(world.services.settings.staging.iterdir()) == []
    change_undo.undo(world.services, change.id, world.bob)
    tags = read(file).tags
    assert (tags.title, tags.album, tags.track_no, tags.comment) == ("Saltmarsh", "Estuary", None, "")
    assert world.row(track.id).title == "Saltmarsh"
    with pytest.raises(Conflict, match="undone already"):
        change_undo.undo(world.services, change.id, world.alice)


def test_what_is_as_it_should_be_is_not_written(world: TrashWorld) -> None:
    track = world.track()
    before = (world.library / PATH).stat()
    assert edit.edit(world.services, track, {"title": " Saltmarsh "}, world.alice) is None
    assert (world.library / PATH).stat() == before
    assert world.rows("SELECT count(*) FROM changes") == [(0,)]


def test_bad_values_are_told_by_field_and_change_nothing(world: TrashWorld) -> None:
    track = world.track()
    with pytest.raises(Invalid) as told:
        edit.edit(world.services, track, {"title": "", "track_no": "many", "date": "soon"}, world.alice)
    assert set(told.value.fields) == {"title", "track_no", "date"}
    assert read(world.library / PATH).tags.title == "Saltmarsh"


def test_a_file_that_changed_since_the_index_saw_it_is_not_edited(world: TrashWorld) -> None:
    track = world.track()
    with (world.library / PATH).open("ab") as file:
        file.write(b"?")
    before = (world.library / PATH).read_bytes()
    with pytest.raises(Conflict) as told:
        edited(world, track, title="Mine")
    assert told.value.code == "file_changed"
    assert (world.library / PATH).read_bytes() == before


def test_a_file_that_changes_during_the_edit_is_theirs(
    world: TrashWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    track, perform = world.track(), changes.perform

    def changed_meanwhile(*given: object) -> Change:
        (world.library / PATH).write_bytes(b"theirs")
        return perform(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(changes, "perform", changed_meanwhile)
    with pytest.raises(Conflict) as told:
        edited(world, track, title="Mine")
    assert told.value.code == "file_changed"
    assert (world.library / PATH).read_bytes() == b"theirs"
    assert (world.hidden(), world.rows("SELECT count(*) FROM changes")) == ([], [(0,)])


@pytest.mark.parametrize("kind", ["edited", "deleted", "replaced"])
def test_an_undo_refuses_when_somebody_changed_the_file_since(world: TrashWorld, kind: str) -> None:
    track, file = world.track(), world.library / PATH
    if kind == "edited":
        change = edited(world, track, title="Mine")
    elif kind == "deleted":
        trash.put_away(world.services, track, Kind.DELETED, world.alice)
        [(id,)] = world.rows("SELECT id FROM changes")
        file.parent.mkdir(parents=True)
        file.write_bytes(b"theirs")
        back = change_undo.undo(world.services, id, world.alice)
        assert back
        assert back.path_after == PATH.replace(".mp3", " (2).mp3")
        assert file.read_bytes() == b"theirs"
        return
    else:
        held = changes.snapshot_of(track)
        change = trash.replace(world.services, track, world.new_file(), held, user_id=world.alice)
    file.write_bytes(b"theirs")
    with pytest.raises(Conflict, match="The file was changed since"):
        change_undo.undo(world.services, change.id, world.alice)
    assert file.read_bytes() == b"theirs"


def test_later_changes_are_undone_first(world: TrashWorld) -> None:
    track = world.track()
    first = edited(world, track, title="One")
    second = edited(world, world.row(track.id), title="Two")
    assert change_undo.possible(world.services, [first, second]) == {second.id}
    with pytest.raises(Conflict, match="Undo that first"):
        change_undo.undo(world.services, first.id, world.alice)
    change_undo.undo(world.services, second.id, world.alice)
    assert world.row(track.id).title == "One"
    assert change_undo.possible(world.services, [first]) == {first.id}
    change_undo.undo(world.services, first.id, world.alice)
    assert world.row(track.id).title == "Saltmarsh"


def test_an_edit_is_undone_at_the_name_that_a_renaming_gave_the_file_since(world: TrashWorld) -> None:
    track = world.track()
    change = edited(world, track, title="Ebb", genre="Drone")
    renamer.begin(world.world.db, world.services.settings)
    renamer.Renamer(world.services).work()
    [path] = world.files()
    assert path == world.row(track.id).path != PATH
    assert change_undo.possible(world.services, [change]) == {change.id}
    change_undo.undo(world.services, change.id, world.alice)
    assert (world.files(), world.row(track.id).path) == ([path], path)
    assert (world.row(track.id).title, read(world.library / path).tags.title) == ("Saltmarsh", "Saltmarsh")
    renamer.undo(world.world.db)
    renamer.Renamer(world.services).work()
    assert world.files() == [path], "it was changed since, so it stays where it is"
    assert world.hidden() == []


def test_an_edit_of_a_file_that_went_elsewhere_unseen_is_not_undone(world: TrashWorld) -> None:
    change = edited(world, world.track(), title="Ebb")
    left = (world.library / PATH).rename(world.library / "elsewhere.mp3").read_bytes()
    with pytest.raises(Conflict, match="The file was changed since"):
        change_undo.undo(world.services, change.id, world.alice)
    assert (world.library / "elsewhere.mp3").read_bytes() == left
    world.scan()
    change_undo.undo(world.services, change.id, world.alice)
    assert read(world.library / "elsewhere.mp3").tags.title == "Saltmarsh"
