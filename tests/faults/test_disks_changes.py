"""Deleting, replacing, editing and renaming in a library on a stick: the same as anywhere, and back again.

exFAT knows no links, no rename that refuses or exchanges, no inodes, moments of two seconds, and neither
upper nor lower case. NTFS knows some of that.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.errors import Conflict
from app.library import change_undo, changes, edit, trash
from app.library.change_model import Kind
from app.library.changes import snapshot_of
from app.library.index import scan
from app.library.rename_model import Stage
from app.tags.containers import read
from tests.faults.disks import fuse_disk, mount_again
from tests.naming.conftest import World, world_in
from tests.trash_world import PATH, TrashWorld, trash_world


@pytest.fixture(scope="module", params=["exfat", "ntfs"])
def stick(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with fuse_disk(tmp_path_factory.mktemp("disks"), request.param, size_mib=32) as disk:
        yield disk


@pytest.fixture
def world(stick: Path, tmp_path: Path) -> Iterator[TrashWorld]:
    with trash_world(tmp_path, stick / tmp_path.name) as made:
        yield made


@pytest.fixture
def naming(stick: Path, tmp_path: Path) -> Iterator[World]:
    made = world_in(tmp_path, stick / tmp_path.name)
    yield made
    made.base.db.close()


def content(world: TrashWorld) -> dict[str, bytes]:
    return {path: (world.library / path).read_bytes() for path in world.files()}


def test_deleted_replaced_and_edited_tracks_come_back_after_another_mount(
    world: TrashWorld, stick: Path
) -> None:
    paths = {what: f"Ida/{what}.mp3" for what in ("deleted", "replaced", "other", "edited")}
    tracks = {what: world.track(path, title=what) for what, path in paths.items()}
    before, ids = content(world), {one.path: one.id for one in tracks.values()}
    mount_again(stick)
    gone = trash.put_away(world.services, tracks["deleted"], Kind.DELETED, world.alice)
    done = [
        trash.replace(
            world.services,
            tracks[what],
            file,
            snapshot_of(tracks[what]),
            user_id=world.alice,
        )
        for what, file in (("replaced", world.new_file("a.mp3")), ("other", world.new_file("b.flac")))
    ]
    edited = edit.edit(world.services, world.row(tracks["edited"].id), {"title": "Now"}, world.alice)
    assert edited
    done.append(edited)
    assert world.files() == ["Ida/edited.mp3", "Ida/other.flac", "Ida/replaced.mp3"]
    assert read(world.library / "Ida/edited.mp3").tags.title == "Now"
    mount_again(stick)
    assert world.hidden() == []
    trash.restore(world.services, gone.id, world.bob)
    for change in done:
        change_undo.undo(world.services, change.id, world.alice)
    mount_again(stick)
    after = content(world)
    # An undone edit has the tags that it had, and perhaps more room for them.
    assert read(world.library / paths["edited"]).tags.title == "edited"
    assert {**after, paths["edited"]: b""} == {**before, paths["edited"]: b""}
    assert world.hidden() == []
    found = scan(world.world.db, world.library)
    assert (found.added, found.changed, found.renamed, found.removed) == (0, 0, 0, 0)
    assert {path: one.id for path, one in world.world.tracks().items()} == ids


def test_what_somebody_changed_meanwhile_stays(world: TrashWorld) -> None:
    track = world.track()
    change = edit.edit(world.services, track, {"title": "Now"}, world.alice)
    assert change
    theirs = world.library / PATH
    theirs.write_bytes(theirs.read_bytes() + b"theirs")
    with pytest.raises(Conflict) as caught:
        change_undo.undo(world.services, change.id, world.alice)
    assert caught.value.message == changes.CHANGED
    assert theirs.read_bytes().endswith(b"theirs")
    assert world.hidden() == []


def test_after_another_mount_no_file_is_read_again_and_none_is_taken_for_another(
    world: TrashWorld, stick: Path
) -> None:
    """Here a file gets the inode that another had, and all of one size look alike."""
    for name in "abc":
        world.track(f"Ida/{name}.mp3", title=f"title {name}")
    then = os.stat(world.library / "Ida/a.mp3").st_mtime_ns
    for name in "abc":
        os.utime(world.library / f"Ida/{name}.mp3", ns=(then, then))
    world.scan()
    ids = {one.title: one.id for one in world.world.all_tracks()}
    os.rename(world.library / "Ida/b.mp3", world.library / "Ida/z.mp3")
    world.scan()
    mount_again(stick)
    found = scan(world.world.db, world.library)
    assert (found.added, found.changed, found.renamed, found.removed) == (0, 0, 0, 0)
    titles = {path: one.title for path, one in world.world.tracks().items()}
    assert titles == {"Ida/a.mp3": "title a", "Ida/c.mp3": "title c", "Ida/z.mp3": "title b"}
    assert world.world.tracks()["Ida/a.mp3"].id == ids["title a"]


def test_a_renamed_file_of_its_own_size_keeps_its_row(world: TrashWorld, stick: Path) -> None:
    track = world.track("Ida/one.mp3", title="A title that nobody else has", comment="x" * 500)
    os.rename(world.library / "Ida/one.mp3", world.library / "Ida/ONE.mp3")
    mount_again(stick)
    assert scan(world.world.db, world.library).renamed == 1
    assert world.world.tracks()["Ida/ONE.mp3"].id == track.id


def test_the_library_is_renamed_and_back_over_mounts(naming: World, stick: Path) -> None:
    for number in (1, 2):
        naming.put(
            f"in/{number}.mp3", f"T{number}?", "Ida", album="Tide", album_artist="Ida", track_no=number
        )
    naming.beside("in/cover.jpg")
    naming.put("Jane/A.mp3", "B", "Jane")
    naming.put("Jane/B.mp3", "A", "Jane")
    naming.put("Jane/SONG.mp3", "Song", "Jane")
    naming.put("x.mp3", "SONG", "jane")
    naming.put("odd.mp3", "What: is <this>*", "AC/DC.")
    before, ids = naming.files(), naming.index()
    mount_again(stick)
    naming.rename()
    assert naming.latest().stage is Stage.DONE
    after = naming.files()
    assert sorted(after.values()) == sorted(before.values())
    assert (after["Jane/A.mp3"], after["Jane/B.mp3"]) == ("Jane/B.mp3", "Jane/A.mp3")
    assert after["Jane/Song.mp3"] == "Jane/SONG.mp3"
    assert "Jane/SONG (2).mp3" in after
    assert naming.not_moved() == []
    assert set(naming.index()) == {path for path in after if path.endswith(".mp3")}
    assert {naming.index()[path] for path in naming.index()} == set(ids.values())
    mount_again(stick)
    naming.undo()
    assert naming.latest().stage is Stage.UNDONE
    assert naming.files() == before
    assert naming.index() == ids
    assert naming.folders() == {"Jane", "in"}
    shutil.rmtree(naming.base.library)
