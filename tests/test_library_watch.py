import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.library.watch import EVERYTHING, LibraryWatcher, collapse, is_unseen, watched_folders
from app.scanning import FEW, Reading
from tests.library_world import LibraryWorld, grow_old, make_world, wait_until
from tests.media.audio import make


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LibraryWorld]:
    world = make_world(tmp_path)
    yield world
    world.db.close()


@pytest.fixture
def watcher(world: LibraryWorld) -> Iterator[LibraryWatcher]:
    world.add("known.mp3")
    watcher = LibraryWatcher(world.db, world.library, wake_s=0.2, settle_s=0.8)
    watcher.start()
    assert wait_until(lambda: "known.mp3" in world.tracks())
    yield watcher
    watcher.stop()


def test_new_renamed_and_deleted_files_are_seen_within_seconds(
    world: LibraryWorld, watcher: LibraryWatcher
) -> None:
    file = world.add("A/one.mp3", title="One")
    assert wait_until(lambda: "A/one.mp3" in world.tracks(), 5)
    before = world.tracks()["A/one.mp3"].id
    (world.library / "A").rename(world.library / "B")
    assert wait_until(lambda: set(world.tracks()) == {"known.mp3", "B/one.mp3"}, 5)
    assert world.tracks()["B/one.mp3"].id == before
    shutil.rmtree(world.library / "B")
    (world.library / "known.mp3").unlink()
    assert wait_until(lambda: world.tracks() == {}, 5)
    assert not file.exists()


def test_storm_of_new_folders_is_seen_whole(world: LibraryWorld, watcher: LibraryWatcher) -> None:
    music = make("mp3", 1)
    for number in range(300):
        folder = world.library / f"{number}" / "deep"
        folder.mkdir(parents=True)
        shutil.copy2(music, folder / "song.mp3")
    assert wait_until(lambda: len(world.tracks()) == 301, 30)


def test_file_is_read_once_it_does_not_grow_any_more(world: LibraryWorld, watcher: LibraryWatcher) -> None:
    content = make("flac", 1).read_bytes()
    with open(world.library / "slow.flac", "wb") as file:
        for start in range(0, len(content), len(content) // 8 + 1):
            file.write(content[start : start + len(content) // 8 + 1])
            file.flush()
            assert not wait_until(lambda: "slow.flac" in world.tracks(), 0.3)
    assert wait_until(lambda: "slow.flac" in world.tracks())
    assert world.tracks()["slow.flac"].error is None


def test_names_that_are_not_text_do_not_end_the_watch(world: LibraryWorld, watcher: LibraryWatcher) -> None:
    odd = os.fsencode(world.library) + b"/caf\xe9.mp3"
    shutil.copy2(make("mp3", 1), odd)
    assert wait_until(lambda: len(world.tracks()) == 2, 8)
    world.add("after.mp3")
    assert wait_until(lambda: "after.mp3" in world.tracks(), 8)


def test_library_that_goes_and_comes_back_is_followed_again(
    world: LibraryWorld, watcher: LibraryWatcher
) -> None:
    away = world.library.with_name("away")
    world.library.rename(away)
    world.library.mkdir()
    world.add("written into the bare mount point.mp3")
    assert not wait_until(lambda: set(world.tracks()) != {"known.mp3"}, 2)
    shutil.rmtree(world.library)
    assert not wait_until(lambda: set(world.tracks()) != {"known.mp3"}, 1)
    away.rename(world.library)
    world.add("new.mp3")
    assert wait_until(lambda: set(world.tracks()) == {"known.mp3", "new.mp3"})
    world.add("later.mp3")
    assert wait_until(lambda: "later.mp3" in world.tracks())


def test_without_inotify_the_library_is_looked_through(world: LibraryWorld) -> None:
    watcher = LibraryWatcher(world.db, world.library, poll_s=0.5, wake_s=0.1, always_poll=True)
    watcher.start()
    try:
        assert wait_until(lambda: watcher._full_scan_at > 0)
        world.add("one.mp3")
        assert wait_until(lambda: set(world.tracks()) == {"one.mp3"})
    finally:
        watcher.stop()


def test_folders_that_the_kernel_does_not_watch_are_noticed(
    world: LibraryWorld, watcher: LibraryWatcher, caplog: pytest.LogCaptureFixture
) -> None:
    (world.library / "A").mkdir()
    assert wait_until(lambda: watched_folders() == 2)
    assert watcher._interval(folders=2) == watcher.full_scan_s
    assert caplog.records == []
    assert watcher._interval(folders=3) == watcher.poll_s
    assert "max_user_watches" in caplog.text


def test_a_long_reading_is_told_while_it_lasts_and_a_short_one_is_not(
    world: LibraryWorld, watcher: LibraryWatcher, tmp_path: Path
) -> None:
    told: list[Reading] = []
    at = watcher.board.at
    watcher.board.at = lambda done, total: (at(done, total), told.append(watcher.board.reading))  # type: ignore
    assert watcher.board.reading is None
    for name, number in (("few", FEW - 1), ("many", FEW + 10)):
        brought = tmp_path / name
        brought.mkdir()
        for one in range(number):
            shutil.copyfile(make("mp3", 1), brought / f"{one}.mp3")
            grow_old(brought / f"{one}.mp3", 60)
        told.clear()
        brought.rename(world.library / name)
        before = len(world.tracks())
        assert wait_until(lambda: len(world.tracks()) == before + number, 20)  # noqa: B023
        assert wait_until(lambda: watcher.board.reading is None)
        shown = [one for one in told if one]
        assert shown == ([] if number < FEW else [Reading(done, number) for done in range(1, number + 1)])


def test_watcher_stops_at_once(world: LibraryWorld) -> None:
    watcher = LibraryWatcher(world.db, world.library)
    watcher.start()
    watcher.stop()
    assert watcher._thread is not None
    assert not watcher._thread.is_alive()


def test_folders_are_collapsed_to_the_fewest() -> None:
    assert collapse({("a", False), ("a", True), ("a/b", False), ("a/b/c", True)}) == [("a", True)]
    assert collapse({("a", False), ("a/b", True), ("ab", True)}) == [
        ("a", False),
        ("ab", True),
        ("a/b", True),
    ]
    assert collapse({("", True), ("a", True)}) == [EVERYTHING]
    assert collapse({("", False), ("a", True)}) == [("", False), ("a", True)]
    assert collapse({(str(number), False) for number in range(60)}) == [EVERYTHING]


def test_network_disks_are_recognised(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/sda1 / ext4 rw 0 0\n"
        "nas:/music /srv/my\\040music nfs4 rw 0 0\n"
        "/dev/sdb1 /srv/my\\040music/local ext4 rw 0 0\n"
        "mergerfs /pool fuse.mergerfs rw 0 0\n"
        "/dev/sdc1 /usb fuseblk rw 0 0\n"
    )
    found = {
        path: is_unseen(Path(path), mounts)
        for path in ("/music", "/srv/my music/a", "/srv/my music/local/a", "/pool", "/usb", "/pooled")
    }
    assert found == {
        "/music": False,
        "/srv/my music/a": True,
        "/srv/my music/local/a": False,
        "/pool": True,
        "/usb": False,
        "/pooled": False,
    }
