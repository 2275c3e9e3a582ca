"""Row 22: where a file should be, a link, a pipe or a device is never followed, and nobody waits for it."""

import ctypes
import os
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import pytest

from app.downloads import staging
from app.errors import Failure
from app.library import index
from app.library.place import NameTaken, name_is_taken, place
from app.tags.files import read_safely
from app.tags.squares import square_jpeg
from tests.library_world import LibraryWorld, make_world
from tests.media.audio import make, picture

SECONDS = 60


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "secret.mp3"
    file.write_bytes(make("mp3", 3, pitch_hz=523).read_bytes())
    return file


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LibraryWorld]:
    (tmp_path / "world").mkdir()
    made = make_world(tmp_path / "world")
    yield made
    made.db.close()


def as_link(at: Path, secret: Path) -> None:
    at.symlink_to(secret)


def as_pipe(at: Path, secret: Path) -> None:
    os.mkfifo(at)


def as_device(at: Path, secret: Path) -> None:
    """The device that never ends; only root can make one."""
    os.mknod(at, stat.S_IFCHR | 0o666, os.makedev(1, 5))


def as_folder(at: Path, secret: Path) -> None:
    at.mkdir()


def as_link_to_a_device(at: Path, secret: Path) -> None:
    at.symlink_to("/dev/zero")


Plant = Callable[[Path, Path], None]
TRAPS: list[Plant] = [as_link, as_pipe, as_folder, as_link_to_a_device]
if os.geteuid() == 0:
    TRAPS.append(as_device)
EVERY = pytest.mark.parametrize("plant", TRAPS)


@pytest.fixture(autouse=True)
def in_time() -> Iterator[None]:
    """Whoever opens a pipe without care waits for ever: then this writer comes and the test fails."""
    stuck = threading.Timer(SECONDS, lambda: os._exit(70))
    stuck.daemon = True
    stuck.start()
    yield
    stuck.cancel()


def planted(folder: Path, secret: Path, suffix: str) -> list[Path]:
    """One of each in this folder."""
    found = [folder / f"{plant.__name__}{suffix}" for plant in TRAPS]
    for plant, at in zip(TRAPS, found, strict=True):
        plant(at, secret)
    return found


def test_staged_things_that_are_no_files_are_not_read(tmp_path: Path, secret: Path) -> None:
    staged = planted(tmp_path, secret, ".mp3")
    for one in staged:
        with pytest.raises(Failure):
            staging.copy(one, tmp_path / "tagged.mp3")
        assert not (tmp_path / "tagged.mp3").exists()
    for report in read_safely(staged):
        assert report.error
        assert report.quality is None


@EVERY
def test_what_lies_where_the_copy_goes_is_not_written_through(
    plant: Plant, tmp_path: Path, secret: Path
) -> None:
    before, source = secret.read_bytes(), tmp_path / "source.mp3"
    source.write_bytes(b"another song")
    plant(tmp_path / "tagged.mp3", secret)
    if plant is as_folder:
        with pytest.raises(Failure):
            staging.copy(source, tmp_path / "tagged.mp3")
    else:
        staging.copy(source, tmp_path / "tagged.mp3")
        assert not (tmp_path / "tagged.mp3").is_symlink()
        assert (tmp_path / "tagged.mp3").read_bytes() == b"another song"
    assert secret.read_bytes() == before


def test_pictures_that_are_no_files_are_not_read(tmp_path: Path, secret: Path) -> None:
    secret.write_bytes(picture(64, 64))
    for one in planted(tmp_path, secret, ".jpg"):
        with pytest.raises(Failure):
            square_jpeg(one)


def test_the_index_lists_nothing_but_files(world: LibraryWorld, secret: Path) -> None:
    world.add("Honest/song.mp3")
    planted(world.library / "Honest", secret, ".mp3")
    index.scan(world.db, world.library)
    assert list(world.tracks()) == ["Honest/song.mp3"]


@EVERY
def test_a_trap_at_the_name_of_a_new_track_keeps_its_name(
    plant: Plant, world: LibraryWorld, secret: Path
) -> None:
    before, wanted = secret.read_bytes(), PurePosixPath("Artist/Title.mp3")
    (world.library / "Artist").mkdir()
    plant(world.library / wanted, secret)
    assert name_is_taken(world.library, wanted)
    with pytest.raises(NameTaken):
        place(make("mp3", 3), world.library, wanted, "owner")
    assert secret.read_bytes() == before


def test_a_hard_link_in_the_library_is_not_changed_by_a_new_track(world: LibraryWorld, secret: Path) -> None:
    before = secret.read_bytes()
    (world.library / "Artist").mkdir()
    os.link(secret, world.library / "Artist" / "Title.mp3")
    with pytest.raises(NameTaken):
        place(make("mp3", 3), world.library, PurePosixPath("Artist/Title.mp3"), "owner")
    assert secret.read_bytes() == before


def test_a_folder_that_is_swapped_for_a_link_again_and_again_is_never_followed(
    world: LibraryWorld, tmp_path: Path
) -> None:
    """The race: between the look and the write, the artist's folder becomes a link to a place outside."""
    outside, link, folder = tmp_path / "outside", tmp_path / "link", world.library / "Artist"
    outside.mkdir()
    link.symlink_to(outside)
    folder.mkdir()
    ended, exchanges = threading.Event(), 0

    def swap() -> None:
        nonlocal exchanges
        while not ended.is_set() or exchanges % 2:
            exchange(folder, link)
            exchanges += 1

    thread = threading.Thread(target=swap)
    thread.start()
    placed = refused = 0
    try:
        for number in range(2_000):
            # Who wins is chance: until both have happened.
            if number >= 60 and placed and refused:
                break
            try:
                place(
                    make("mp3", 1), world.library, PurePosixPath(f"Artist/{number % 7}/{number}.mp3"), "owner"
                )
                placed += 1
            except Failure:
                refused += 1
    finally:
        ended.set()
        thread.join()
    assert list(outside.iterdir()) == []
    assert placed
    assert refused
    assert len(list(folder.rglob("*.mp3"))) == placed


def exchange(one: Path, other: Path) -> None:
    """Both names at once have each other's content."""
    here, both = -100, 2
    assert ctypes.CDLL(None).renameat2(here, bytes(one), here, bytes(other), both) == 0
