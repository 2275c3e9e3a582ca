import errno
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from app.errors import Failure, FailureKind
from app.library import moves, place
from app.library.folder import MARKER, RECORD, check_mounted, prepare_folder
from app.library.place import NameTaken
from tests.placing.conftest import SONG, names


def test_placed_file_is_the_source_and_says_so(library: Path, source: Path) -> None:
    placed = place.place(source, library, SONG, "one")
    file = library / SONG
    facts = file.stat()
    assert file.read_bytes() == source.read_bytes()
    assert placed.sha256 == place.sha256_of(source)
    assert (placed.size_bytes, placed.mtime_ns, placed.inode) == (
        facts.st_size,
        facts.st_mtime_ns,
        facts.st_ino,
    )
    assert names(library) == {str(SONG)}


def test_permissions_follow_the_umask(library: Path, source: Path) -> None:
    source.chmod(0o600)
    before = os.umask(0o027)
    try:
        place.place(source, library, SONG, "one")
    finally:
        os.umask(before)
    assert stat.S_IMODE((library / SONG).stat().st_mode) == 0o640


def test_another_file_of_the_name_is_never_replaced(library: Path, source: Path) -> None:
    (library / SONG).parent.mkdir(parents=True)
    (library / SONG).write_bytes(b"theirs")
    with pytest.raises(NameTaken):
        place.place(source, library, SONG, "one")
    assert (library / SONG).read_bytes() == b"theirs"
    assert names(library) == {str(SONG)}


@pytest.mark.parametrize(
    ("there", "wanted"),
    [("song.MP3", "Song.mp3"), ("Cafe\u0301.mp3", "Caf\u00e9.mp3"), ("STRASSE.mp3", "Straße.mp3")],
)
def test_names_that_differ_by_case_or_unicode_form_are_taken(
    library: Path, source: Path, there: str, wanted: str
) -> None:
    (library / "A").mkdir()
    (library / "A" / there).write_bytes(b"theirs")
    assert place.name_is_taken(library, PurePosixPath("A", wanted))
    with pytest.raises(NameTaken):
        place.place(source, library, PurePosixPath("A", wanted), "one")
    assert names(library) == {f"A/{there}"}


def test_a_folder_in_another_spelling_is_used_as_it_is(library: Path, source: Path) -> None:
    (library / "the artist").mkdir()
    placed = place.place(source, library, PurePosixPath("The Artist/Song.mp3"), "one")
    assert str(placed.relative) == "the artist/Song.mp3"
    assert names(library) == {"the artist/Song.mp3"}


def test_name_with_the_same_content_is_free_for_its_owner(library: Path, source: Path) -> None:
    placed = place.place(source, library, SONG, "one")
    assert place.name_is_taken(library, SONG)
    assert not place.name_is_taken(library, SONG, placed.sha256)
    assert not place.name_is_taken(library, SONG.with_name("Other.mp3"))
    assert place.find_placed(library, SONG, placed.sha256, "one") == placed
    assert place.find_placed(library, SONG, "0" * 64, "one") is None
    assert place.find_placed(library, PurePosixPath("Nobody/x.mp3"), placed.sha256, "one") is None


def test_repeat_finds_a_placed_file(library: Path, source: Path) -> None:
    assert place.place(source, library, SONG, "one") == place.place(source, library, SONG, "one")
    assert names(library) == {str(SONG)}


def test_repeat_after_a_crash_while_copying(library: Path, source: Path) -> None:
    folder = (library / SONG).parent
    folder.mkdir(parents=True)
    (folder / place.part_name("one")).write_bytes(b"half of it")
    place.place(source, library, SONG, "one")
    assert (library / SONG).read_bytes() == source.read_bytes()
    assert names(library) == {str(SONG)}


def test_repeat_after_a_crash_between_link_and_unlink(library: Path, source: Path) -> None:
    place.place(source, library, SONG, "one")
    (library / SONG).parent.joinpath(place.part_name("one")).hardlink_to(library / SONG)
    placed = place.place(source, library, SONG, "one")
    assert placed.inode == (library / SONG).stat().st_ino
    assert (library / SONG).stat().st_nlink == 1
    assert names(library) == {str(SONG)}


def test_a_link_planted_as_the_copy_is_not_written_through(
    library: Path, source: Path, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    folder = (library / SONG).parent
    folder.mkdir(parents=True)
    (folder / place.part_name("one")).symlink_to(victim)
    place.place(source, library, SONG, "one")
    assert victim.read_bytes() == b"precious"
    assert not (library / SONG).is_symlink()


@pytest.mark.parametrize("way", moves.WAYS)
def test_every_way_of_moving_refuses_a_taken_name(library: Path, way: moves.Way) -> None:
    (library / "part").write_bytes(b"ours")
    (library / "taken").write_bytes(b"theirs")
    folder = os.open(library, os.O_RDONLY)
    with pytest.raises(FileExistsError):
        way(folder, "part", "taken")
    way(folder, "part", "free")
    os.close(folder)
    assert (library / "taken").read_bytes() == b"theirs"
    assert (library / "free").read_bytes() == b"ours"
    assert names(library) == {"taken", "free"}


def test_disk_that_knows_no_safe_way_gets_a_guarded_rename(library: Path) -> None:
    def not_known(folder: int, part: str, name: str) -> None:
        raise OSError(errno.EINVAL, "not on this disk")

    def not_allowed(folder: int, part: str, name: str) -> None:
        raise OSError(errno.EPERM, "not on this disk")

    ways = (not_known, not_allowed, moves.by_checked_rename)
    (library / "part").write_bytes(b"ours")
    (library / "taken").write_bytes(b"theirs")
    folder = os.open(library, os.O_RDONLY)
    with pytest.raises(FileExistsError):
        moves.move(folder, "part", "taken", ways)
    moves.move(folder, "part", "free", ways)
    os.close(folder)
    assert (library / "free").read_bytes() == b"ours"


def test_of_two_threads_with_one_name_one_wins(library: Path, tmp_path: Path) -> None:
    won: list[int] = []
    lost: list[int] = []
    start = threading.Barrier(8)

    def run(number: int) -> None:
        file = tmp_path / f"{number}"
        file.write_bytes(bytes([number]) * 100_000)
        wanted = PurePosixPath("Artist" if number % 2 else "ARTIST", "Song.mp3" if number % 3 else "song.mp3")
        start.wait()
        try:
            place.place(file, library, wanted, str(number))
            won.append(number)
        except NameTaken:
            lost.append(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert len(lost) == 7
    [only] = names(library)
    assert (library / only).read_bytes() == bytes([won[0]]) * 100_000


@pytest.mark.parametrize("path", ["../x.mp3", "/etc/x.mp3", "a/../../x.mp3", "a/\0.mp3", "."])
def test_paths_out_of_the_library_are_refused(library: Path, source: Path, path: str) -> None:
    with pytest.raises(Failure):
        place.place(source, library, PurePosixPath(path), "one")
    assert names(library) == set()


@pytest.mark.parametrize("where", ["Artist", "Artist/Album"])
def test_links_in_the_library_are_not_followed(
    library: Path, source: Path, tmp_path: Path, where: str
) -> None:
    outside = tmp_path / "outside"
    (outside / "Album").mkdir(parents=True)
    (library / where).parent.mkdir(exist_ok=True)
    (library / where).symlink_to(outside, target_is_directory=True)
    with pytest.raises(Failure) as caught:
        place.place(source, library, SONG, "one")
    assert caught.value.kind is FailureKind.NEEDS_YOU
    assert "link" in caught.value.message
    assert [one for one in outside.rglob("*") if one.is_file()] == []


@pytest.fixture
def nobody() -> Iterator[None]:
    """An ordinary user: permissions mean nothing to root."""
    if os.geteuid() != 0:
        yield
        return
    os.setegid(65534)
    os.seteuid(65534)
    yield
    os.seteuid(0)
    os.setegid(0)


@pytest.fixture
def open_library(tmp_path: Path, library: Path) -> Path:
    """A library that any user can get to."""
    for folder in (library, *library.parents):
        if folder.stat().st_uid == os.getuid() and len(folder.parts) > 2:
            folder.chmod(folder.stat().st_mode | 0o055)
    return library


def test_read_only_folder_says_what_to_do(open_library: Path, source: Path, nobody: None) -> None:
    if os.getuid() != 0:
        open_library.chmod(0o555)
    with pytest.raises(Failure) as caught:
        place.place(source, open_library, SONG, "one")
    assert caught.value.kind is FailureKind.NEEDS_YOU
    assert "may not write to the library folder" in caught.value.message


def test_unmounted_library_is_not_written_to(library: Path, source: Path) -> None:
    data = library.parent / "data"
    check_mounted(library, data)
    library.rename(library.with_name("elsewhere"))
    with pytest.raises(Failure, match="is its disk mounted"):
        check_mounted(library, data)
    library.mkdir()
    prepare_folder(library, data)
    for attempt in (
        lambda: check_mounted(library, data),
        lambda: place.place(source, library, SONG, "one"),
        lambda: place.name_is_taken(library, SONG),
    ):
        with pytest.raises(Failure) as caught:
            attempt()
        assert caught.value.kind is FailureKind.NEEDS_YOU
    assert list(library.iterdir()) == []


def test_library_of_an_earlier_installation_and_a_new_place_are_taken_over(library: Path) -> None:
    data, marker = library.parent / "data", (library / MARKER).read_text()
    (data / RECORD).unlink()
    prepare_folder(library, data)
    check_mounted(library, data)
    assert (library / MARKER).read_text() == marker
    other = library.with_name("other")
    prepare_folder(other, data)
    check_mounted(other, data)
    with pytest.raises(Failure):
        check_mounted(library, data)


def test_leftovers_of_one_owner_are_removed(library: Path) -> None:
    (library / "A").mkdir()
    (library / "A" / place.part_name("one")).write_bytes(b"x")
    (library / "A" / place.part_name("two")).write_bytes(b"x")
    assert place.clean_leftovers(library, "one") == 1
    assert names(library) == {f"A/{place.part_name('two')}"}
