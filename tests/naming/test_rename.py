"""The library is renamed as a whole and back: nothing replaced, nothing lost, tracks stay who they are."""

import os
import sqlite3
from contextlib import closing

import pytest

from app.errors import Conflict, Failure
from app.library import renamer
from app.library.rename_model import Stage
from tests.naming.conftest import World

ALBUM = "{album_artist}/{album}/{track_no:02} {title}"


def album(world: World) -> list[str]:
    """Two tracks of an album with a picture, and a single."""
    one = world.put("in/a.mp3", "One", "Ida", album="Tide", album_artist="Ida", track_no=1)
    two = world.put("in/b.mp3", "Two", "Ida", album="Tide", album_artist="Ida", track_no=2)
    single = world.put("new/c.flac", "Alone", "Jane")
    world.beside("in/cover.jpg")
    return [one, two, single]


def test_files_move_with_their_picture_and_keep_who_they_are(world: World) -> None:
    one, two, single = album(world)
    plan = world.dry_run()
    assert (plan.tracks, len(plan.renames), len(plan.pictures)) == (3, 3, 1)
    assert list(world.files()) == ["in/a.mp3", "in/b.mp3", "in/cover.jpg", "new/c.flac"]
    world.rename()
    assert world.files() == {
        "Ida/Tide/01 One.mp3": "in/a.mp3",
        "Ida/Tide/02 Two.mp3": "in/b.mp3",
        "Ida/Tide/cover.jpg": "in/cover.jpg",
        "Jane/Alone.flac": "new/c.flac",
    }
    assert world.index() == {
        "Ida/Tide/01 One.mp3": one,
        "Ida/Tide/02 Two.mp3": two,
        "Jane/Alone.flac": single,
    }
    assert world.folders() == {"Ida", "Ida/Tide", "Jane"}
    assert world.latest().stage is Stage.DONE
    assert not world.dry_run().steps, "a second time there is nothing to do"
    with pytest.raises(Conflict, match="have their names already"):
        world.rename()


def test_all_of_it_is_undone_but_for_what_was_changed_since(world: World) -> None:
    one, two, single = album(world)
    world.rename()
    edited = world.base.library / "Ida/Tide/02 Two.mp3"
    edited.write_text("edited since")
    (world.base.library / "Jane/Alone.flac").unlink()
    world.undo()
    assert world.files() == {
        "Ida/Tide/02 Two.mp3": "edited since",
        "in/a.mp3": "in/a.mp3",
        "in/cover.jpg": "in/cover.jpg",
    }
    assert world.index()["in/a.mp3"] == one
    assert world.index()["Ida/Tide/02 Two.mp3"] == two
    assert single
    assert [move.reason for move in world.not_moved()] == [
        "It was changed since, so it stays where it is.",
        "It was moved or deleted meanwhile.",
    ]
    assert world.latest().stage is Stage.UNDONE
    with pytest.raises(Conflict):
        world.undo()


def test_an_undo_does_not_replace_what_has_the_old_name_by_now(world: World) -> None:
    world.put("x.mp3", "One", "Ida")
    world.rename()
    world.beside("x.mp3")
    world.undo()
    assert world.files() == {"Ida/One.mp3": "x.mp3", "x.mp3": "x.mp3"}
    assert [move.reason for move in world.not_moved()] == ["The name was taken meanwhile."]


def test_names_that_collide_also_by_case_get_a_number_and_keep_it(world: World) -> None:
    world.put("a.mp3", "Song", "Ida")
    world.put("b.mp3", "SONG", "Ida")
    world.put("IDA/song.mp3", "song", "ida")
    plan = world.dry_run()
    assert [step.target for step in plan.collisions] == ["IDA/Song (2).mp3", "IDA/SONG (3).mp3"]
    world.rename()
    assert world.files() == {
        "IDA/song.mp3": "IDA/song.mp3",
        "IDA/Song (2).mp3": "a.mp3",
        "IDA/SONG (3).mp3": "b.mp3",
    }
    assert not world.dry_run().steps


def test_a_file_that_the_index_does_not_know_is_not_replaced(world: World) -> None:
    world.put("a.mp3", "Song", "Ida")
    (world.base.library / "Ida").mkdir()
    world.beside("Ida/song.mp3")
    world.rename()
    assert world.files() == {"Ida/song.mp3": "Ida/song.mp3", "a.mp3": "a.mp3"}
    assert [move.reason for move in world.not_moved()] == ["The name was taken meanwhile."]


def test_only_the_case_of_a_name_changes(world: World) -> None:
    id = world.put("Ida/THE SONG.MP3", "The Song", "Ida")
    world.rename()
    assert world.files() == {"Ida/The Song.mp3": "Ida/THE SONG.MP3"}
    assert world.index() == {"Ida/The Song.mp3": id}
    world.undo()
    assert world.index() == {"Ida/THE SONG.MP3": id}
    assert list(world.files()) == ["Ida/THE SONG.MP3"]


def test_names_go_round_in_circles_and_along_chains(world: World) -> None:
    ids = {
        "Ida/A.mp3": world.put("Ida/A.mp3", "B", "Ida"),
        "Ida/B.mp3": world.put("Ida/B.mp3", "C", "Ida"),
        "Ida/C.mp3": world.put("Ida/C.mp3", "A", "Ida"),
        "Ida/D.mp3": world.put("Ida/D.mp3", "E", "Ida"),
        "Ida/E.mp3": world.put("Ida/E.mp3", "F", "Ida"),
    }
    before = world.files()
    world.rename()
    wanted = {"A": "C", "B": "A", "C": "B", "E": "D", "F": "E"}
    assert world.files() == {f"Ida/{name}.mp3": f"Ida/{was}.mp3" for name, was in wanted.items()}
    assert world.index() == {f"Ida/{name}.mp3": ids[f"Ida/{was}.mp3"] for name, was in wanted.items()}
    with closing(sqlite3.connect(world.base.db.file)) as db:
        assert not db.execute("SELECT path_key FROM tracks WHERE path_key LIKE '%//%'").fetchall()
    world.undo()
    assert world.files() == before
    assert world.index() == ids


def test_two_spellings_of_a_folder_become_one_for_disks_that_know_no_case(world: World) -> None:
    for number, folder in enumerate(("abba", "ABBA", "ABBA")):
        world.put(f"{folder}/{number}.mp3", f"T{number}", "Abba")
    world.rename()
    assert list(world.files()) == ["ABBA/T0.mp3", "ABBA/T1.mp3", "ABBA/T2.mp3"]
    assert world.folders() == {"ABBA"}


def test_who_says_too_little_keeps_its_name(world: World) -> None:
    world.put("scan 001.mp3")
    world.put("no artist.mp3", "Title")
    plan = world.dry_run()
    assert plan.left == ["no artist.mp3", "scan 001.mp3"]
    assert not plan.steps


def test_a_picture_stays_where_the_folder_is_not_one_albums_any_more(world: World) -> None:
    world.name_by("{artist} - {title}")
    album(world)
    world.rename()
    assert list(world.files()) == ["Ida - One.mp3", "Ida - Two.mp3", "Jane - Alone.flac", "in/cover.jpg"]
    assert world.folders() == {"in"}


def test_what_was_not_shown_is_not_done(world: World) -> None:
    album(world)
    shown = world.dry_run().fingerprint
    world.put("in/d.mp3", "Four", "Ida")
    with pytest.raises(Conflict, match="has changed meanwhile"):
        renamer.begin(world.base.db, world.settings, shown)
    assert "in/a.mp3" in world.files()


def test_stopped_half_way_nothing_stays_hidden_and_the_rest_keeps_its_name(world: World) -> None:
    for name in "abcdefgh":
        world.put(f"Ida/{name}.mp3", name.upper(), "Ida")
    id = renamer.begin(world.base.db, world.settings)
    worker = renamer.Renamer(world.services, batch=3)
    worker.work(on_progress=lambda: stop_once(world))
    assert id == world.latest().id
    assert world.latest().stage is Stage.DONE
    names = list(world.files())
    assert sorted(name.lower() for name in names) == [f"ida/{name}.mp3" for name in "abcdefgh"]
    assert 0 < len([name for name in names if name[4].isupper()]) < 8
    assert set(world.index()) == set(names)
    world.undo()
    assert list(world.files()) == [f"Ida/{name}.mp3" for name in "abcdefgh"]


def stop_once(world: World) -> None:
    try:
        renamer.stop(world.base.db)
    except Conflict:
        return


def test_a_disk_that_is_away_is_waited_for(world: World) -> None:
    album(world)
    renamer.begin(world.base.db, world.settings)
    away = world.base.library.with_name("away")
    os.rename(world.base.library, away)
    world.base.library.mkdir()
    world.work()
    assert "is its disk mounted?" in world.latest().message
    assert world.latest().stage is Stage.RUNNING
    with pytest.raises(Failure):
        world.dry_run()
    world.base.library.rmdir()
    os.rename(away, world.base.library)
    world.work()
    assert world.latest().stage is Stage.DONE
    assert world.latest().message == ""
    assert len(world.index()) == 3


def test_two_renamings_do_not_run_at_once(world: World) -> None:
    album(world)
    renamer.begin(world.base.db, world.settings)
    with pytest.raises(Conflict, match="already"):
        renamer.begin(world.base.db, world.settings)
