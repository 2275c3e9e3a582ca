"""What an interrupted or refused `place` leaves, and what the next try makes of it."""

import errno
import os
from pathlib import Path

import pytest

from app.errors import Failure, FailureKind
from app.library import moves, place
from app.library.folder import MARKER, check_mounted, prepare_folder
from tests.placing.conftest import SONG, names

PART = place.part_name("one")


def test_found_again_it_is_named_as_the_disk_spells_it(library: Path, source: Path) -> None:
    (library / "ARTIST").mkdir()
    placed = place.place(source, library, SONG, "one")
    assert placed.relative.parts[0] == "ARTIST"
    assert place.find_placed(library, SONG, placed.sha256, "one") == placed


def test_a_crash_between_link_and_unlink_leaves_no_second_name(library: Path, source: Path) -> None:
    placed = place.place(source, library, SONG, "one")
    (library / SONG).with_name(PART).hardlink_to(library / SONG)
    assert place.find_placed(library, SONG, placed.sha256, "one") == placed
    assert names(library) == {str(SONG)}


def test_a_half_copy_goes_when_the_track_gets_another_name_meanwhile(library: Path) -> None:
    folder = (library / SONG).parent
    folder.mkdir(parents=True)
    (folder / PART).write_bytes(b"half of it")
    (folder / place.part_name("two")).write_bytes(b"another's")
    assert place.find_placed(library, SONG, "0" * 64, "one") is None
    assert names(library) == {f"Artist/Album/{place.part_name('two')}"}


def test_a_crash_before_the_folder_was_written_is_made_good(
    library: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed = place.place(source, library, SONG, "one")
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(os.readlink(f"/proc/self/fd/{fd}")))
    assert place.find_placed(library, SONG, placed.sha256, "one")
    assert synced == [str((library / SONG).parent)]


def test_a_link_that_succeeds_and_says_that_the_name_is_taken_was_ours(
    library: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NFS, when the answer is lost and the question is asked again."""

    def twice(folder: int, part: str, name: str) -> None:
        os.link(part, name, src_dir_fd=folder, dst_dir_fd=folder)
        moves.by_link(folder, part, name)

    monkeypatch.setattr(place, "move", twice)
    placed = place.place(source, library, SONG, "one")
    assert (library / SONG).read_bytes() == source.read_bytes()
    assert (placed.inode, (library / SONG).stat().st_nlink) == ((library / SONG).stat().st_ino, 1)
    assert names(library) == {str(SONG)}


def test_a_name_that_only_the_disk_takes_for_another_is_no_dead_end(
    library: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk has its own table of upper and lower case, which may differ from ours."""
    (library / "Artist").mkdir()
    monkeypatch.setattr(place, "_twin", lambda folder, name: None)
    place.place(source, library, SONG, "one")
    source.write_bytes(b"another")
    with pytest.raises(place.NameTaken):
        place.place(source, library, SONG, "two")
    assert names(library) == {str(SONG)}


def test_a_disk_that_takes_no_advice_is_used_nevertheless(
    library: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: int) -> None:
        raise OSError(errno.EINVAL, "no advice")

    monkeypatch.setattr(os, "posix_fadvise", refuse)
    assert place.place(source, library, SONG, "one").size_bytes == source.stat().st_size


def test_what_was_staged_and_cannot_be_read_is_not_blamed_on_the_library(
    library: Path, source: Path, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "fifo")
    for staged, kind in ((tmp_path / "fifo", FailureKind.TEMPORARY), (tmp_path / "x", FailureKind.PERMANENT)):
        for attempt in (
            lambda staged=staged: place.place(staged, library, SONG, "one"),
            lambda staged=staged: place.sha256_of(staged),
        ):
            with pytest.raises(Failure, match="What was fetched") as caught:
                attempt()
            assert caught.value.kind is kind
    assert list(library.iterdir()) == [library / MARKER]


@pytest.mark.parametrize(
    ("number", "kind", "word"),
    [
        (errno.EACCES, FailureKind.NEEDS_YOU, "may not write to the library"),
        (errno.EIO, FailureKind.TEMPORARY, "reported a problem"),
        (errno.ENOTCONN, FailureKind.TEMPORARY, "reported a problem"),
    ],
)
def test_a_library_that_cannot_be_looked_at_is_not_said_to_be_away(
    library: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: FailureKind, word: str
) -> None:
    real = os.open

    def refuse(path: object, *more: int, **named: int) -> int:
        if str(path).endswith(MARKER):
            raise OSError(number, os.strerror(number))
        return real(path, *more, **named)  # type: ignore[arg-type]

    before = (library / MARKER).read_text()
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(Failure, match=word) as caught:
        check_mounted(library, library.parent / "data")
    assert caught.value.kind is kind
    with pytest.raises(Failure, match=word):
        prepare_folder(library, library.parent)
    monkeypatch.undo()
    assert (library / MARKER).read_text() == before
