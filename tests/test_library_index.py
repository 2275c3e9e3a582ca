import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest
from sqlalchemy import event

from app.errors import Failure
from app.library import index, place, queries
from app.library.folder import MARKER
from app.library.index import scan
from app.tags.model import Tags
from tests.library_world import LibraryWorld, grow_old, make_world
from tests.media.audio import make


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LibraryWorld]:
    world = make_world(tmp_path)
    yield world
    world.db.close()


def counts(result: index.ScanResult) -> dict[str, int]:
    every = {name: getattr(result, name) for name in ("added", "changed", "renamed", "removed", "errors")}
    return {name: number for name, number in every.items() if number}


def test_new_files_are_read_and_known_ones_left_alone(world: LibraryWorld) -> None:
    world.add("A/one.mp3", title="One", artist="The A", album="First")
    world.add("A/two.flac", kind="flac", title="Two")
    world.add("A/.hidden.mp3")
    world.add(".trash/three.mp3")
    (world.library / "A" / "cover.jpg").write_bytes(b"x")
    (world.library / "A" / "link.mp3").symlink_to(world.library / "A" / "one.mp3")
    result = scan(world.db, world.library)
    assert counts(result) == {"added": 2}
    assert result.seen == 2
    track = world.tracks()["A/one.mp3"]
    assert (track.title, track.artist, track.album, track.error) == ("One", "The A", "First", None)
    assert track.quality is not None
    assert track.quality.codec == "mp3"
    assert (track.download_id, track.user_id) == (None, None)
    assert counts(scan(world.db, world.library)) == {}


def test_changed_file_keeps_its_row(world: LibraryWorld) -> None:
    world.add("one.mp3", title="Before", age_s=100)
    scan(world.db, world.library)
    before = world.tracks()["one.mp3"]
    world.add("one.mp3", title="After", age_s=50)
    assert counts(scan(world.db, world.library)) == {"changed": 1}
    after = world.tracks()["one.mp3"]
    assert (after.id, after.title, after.added_at) == (before.id, "After", before.added_at)


def test_renamed_file_keeps_its_row_and_is_not_opened(world: LibraryWorld) -> None:
    file = world.add("A/one.mp3", title="One")
    scan(world.db, world.library)
    before = world.tracks()["A/one.mp3"]
    (world.library / "B").mkdir()
    file.rename(world.library / "B" / "other.mp3")
    # The new place is looked at first: the old row does not know yet that its file has left.
    assert counts(scan(world.db, world.library, PurePosixPath("B"))) == {"renamed": 1}
    after = world.tracks()["B/other.mp3"]
    assert (after.id, after.added_at, after.title) == (before.id, before.added_at, "One")
    assert len(world.all_tracks()) == 1
    assert counts(scan(world.db, world.library)) == {}


def test_files_that_swap_names_keep_their_rows(world: LibraryWorld) -> None:
    one, two = world.add("1.mp3", title="One"), world.add("2.mp3", kind="mp3", title="Two", age_s=99)
    scan(world.db, world.library)
    ids = {track.title: track.id for track in world.all_tracks()}
    one.rename(world.library / "x")
    two.rename(one)
    (world.library / "x").rename(two)
    scan(world.db, world.library)
    found = world.tracks()
    assert {found["2.mp3"].id: "One", found["1.mp3"].id: "Two"} == {ids["One"]: "One", ids["Two"]: "Two"}


def test_hard_link_is_a_track_of_its_own(world: LibraryWorld) -> None:
    file = world.add("one.mp3")
    scan(world.db, world.library)
    (world.library / "two.mp3").hardlink_to(file)
    assert counts(scan(world.db, world.library)) == {"added": 1}
    assert len(world.tracks()) == 2


def test_case_only_rename_and_twins_in_a_foreign_library(world: LibraryWorld) -> None:
    file = world.add("Song.mp3")
    scan(world.db, world.library)
    before = world.tracks()["Song.mp3"].id
    file.rename(world.library / "SONG.mp3")
    assert counts(scan(world.db, world.library)) == {"renamed": 1}
    assert world.tracks()["SONG.mp3"].id == before
    world.add("song.mp3", kind="opus")
    scan(world.db, world.library)
    assert set(world.tracks()) == {"SONG.mp3", "song.mp3"}
    assert counts(scan(world.db, world.library)) == {}
    with world.db.read() as session:
        twin = queries.by_path(session, "song.mp3")
    assert twin is not None
    assert twin.path == "song.mp3"


def test_file_that_goes_and_comes_back_has_its_row_again(world: LibraryWorld, tmp_path: Path) -> None:
    file = world.add("A/one.mp3", title="One")
    world.add("B/two.mp3")
    scan(world.db, world.library)
    before = world.tracks()["A/one.mp3"]
    shutil.move(file, tmp_path / "kept.mp3")
    assert counts(scan(world.db, world.library)) == {"removed": 1}
    assert set(world.tracks()) == {"B/two.mp3"}
    assert counts(scan(world.db, world.library)) == {}
    shutil.copy(tmp_path / "kept.mp3", file)
    assert counts(scan(world.db, world.library)) == {"added": 1}
    assert world.tracks()["A/one.mp3"].id == before.id
    assert len(world.all_tracks()) == 2


def test_removed_folder_takes_only_its_own_tracks(world: LibraryWorld) -> None:
    for path in ("A/one.mp3", "A/deep/two.mp3", "A!/three.mp3", "AB/four.mp3"):
        world.add(path)
    scan(world.db, world.library)
    shutil.rmtree(world.library / "A")
    assert counts(scan(world.db, world.library, PurePosixPath("A"))) == {"removed": 2}
    assert set(world.tracks()) == {"A!/three.mp3", "AB/four.mp3"}


def test_shallow_scan_looks_at_one_folder(world: LibraryWorld) -> None:
    deep = world.add("A/deep/one.mp3")
    scan(world.db, world.library)
    deep.unlink()
    world.add("A/two.mp3")
    assert counts(scan(world.db, world.library, PurePosixPath("A"), deep=False)) == {"added": 1}
    assert set(world.tracks()) == {"A/deep/one.mp3", "A/two.mp3"}


def test_unmounted_library_loses_nothing(world: LibraryWorld) -> None:
    world.add("A/one.mp3")
    scan(world.db, world.library)
    (world.library / MARKER).rename(world.data / "marker")
    shutil.rmtree(world.library / "A")
    with pytest.raises(Failure, match="is its disk mounted"):
        scan(world.db, world.library)
    shutil.rmtree(world.library)
    with pytest.raises(Failure, match="is its disk mounted"):
        scan(world.db, world.library, PurePosixPath("A"))
    assert set(world.tracks()) == {"A/one.mp3"}


def test_folder_replaced_by_a_link_is_gone(world: LibraryWorld, tmp_path: Path) -> None:
    world.add("A/one.mp3")
    scan(world.db, world.library)
    (world.library / "A").rename(tmp_path / "outside")
    (world.library / "A").symlink_to(tmp_path / "outside")
    for subtree in (None, PurePosixPath("A")):
        scan(world.db, world.library, subtree)
        assert world.tracks() == {}


def test_damaged_file_is_indexed_with_a_sentence(world: LibraryWorld) -> None:
    file = world.add("broken.flac", kind="flac")
    file.write_bytes(b"fLaC" + os.urandom(5000))
    world.add("fine.mp3")
    assert counts(scan(world.db, world.library)) == {"added": 2, "errors": 1}
    tracks = world.tracks()
    assert tracks["fine.mp3"].error is None
    assert tracks["broken.flac"].error is not None
    assert tracks["broken.flac"].error.endswith(".")
    assert counts(scan(world.db, world.library)) == {}
    assert counts(scan(world.db, world.library, retry_errors=True)) == {"changed": 1, "errors": 1}


@pytest.mark.parametrize(
    "name",
    [b"caf\xe9.mp3", b"new\nline\r.mp3", b"a" * 251 + b".mp3", b"tab\t\x1b[31m.mp3", "音\u202e.mp3".encode()],
)
def test_strange_file_names_are_indexed(world: LibraryWorld, name: bytes) -> None:
    folder = os.fsencode(world.library) + b"/od\xffd"
    os.mkdir(folder)
    shutil.copyfile(make("mp3", 1), folder + b"/" + name)
    assert counts(scan(world.db, world.library)) == {"added": 1}
    assert counts(scan(world.db, world.library)) == {}
    [track] = world.tracks().values()
    assert track.error is None
    track.path.encode()
    descriptor = index_open(world.library, track.path)
    assert os.read(descriptor, 3) == make("mp3", 1).read_bytes()[:3]
    os.close(descriptor)


def index_open(library: Path, text: str) -> int:
    from app.library.paths import open_file

    return open_file(library, text)


def test_file_still_being_written_is_left_for_later(world: LibraryWorld) -> None:
    file = world.add("A/one.mp3", age_s=0)
    result = scan(world.db, world.library, settle_s=2.0)
    assert (counts(result), result.unsettled) == ({}, {"A"})
    grow_old(file, 3)
    result = scan(world.db, world.library, settle_s=2.0)
    assert (counts(result), result.unsettled) == ({"added": 1}, set())


def test_scan_stops_when_asked_and_goes_on_later(world: LibraryWorld) -> None:
    for number in range(5):
        world.add(f"{number}.mp3")
    stop = threading.Event()
    seen: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        seen.append((done, total))
        if done == 2:
            stop.set()

    scan(world.db, world.library, on_progress=progress, stop=stop)
    assert seen == [(1, 5), (2, 5)]
    assert len(world.tracks()) == 2
    scan(world.db, world.library)
    assert len(world.tracks()) == 5


@pytest.mark.parametrize("watcher_first", [True, False])
def test_own_file_has_one_row_whoever_sees_it_first(world: LibraryWorld, watcher_first: bool) -> None:
    placed = place.place(make("opus", 1), world.library, PurePosixPath("A/One.opus"), "track-1")
    if watcher_first:
        scan(world.db, world.library)
    with world.db.write() as session:
        track = index.index_own(
            session,
            placed,
            Tags(title="One"),
            has_cover=False,
            quality=None,
            source_quality=None,
            download_id="download-1",
            user_id=7,
        )
    assert counts(scan(world.db, world.library)) == {}
    [row] = world.all_tracks()
    assert (row.id, row.path, row.download_id, row.user_id) == (track.id, "A/One.opus", "download-1", 7)


def test_number_of_statements_does_not_grow_with_files(world: LibraryWorld) -> None:
    statements: list[str] = []
    event.listen(world.db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    used = []
    for folder, number in (("A", 3), ("B", 30)):
        for one in range(number):
            world.add(f"{folder}/{one}.mp3")
        statements.clear()
        scan(world.db, world.library)
        used.append(len(statements))
    assert used[0] == used[1]
