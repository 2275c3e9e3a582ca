"""Libraries on disks of every kind: the same files, or a sentence and a way on, and never half a file."""

import os
import threading
import unicodedata
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from app.errors import Failure, FailureKind
from app.library import patience, place
from app.library.folder import MARKER, check_mounted, prepare_folder
from app.tags.model import Tags
from app.tags.naming import library_path
from tests.faults.disks import fuse_disk, hanging, read_only, small_disk
from tests.faults.invariants import hidden
from tests.naming_world import FRAGMENTS, bring
from tests.running import wait_for

SONG = PurePosixPath("Artist/Album/01 Song.mp3")
NOBODY = 65534


@pytest.fixture(scope="module", params=["ext4", "tmpfs", "exfat", "ntfs"])
def disk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "ext4":
        yield folder
    elif request.param == "tmpfs":
        with small_disk(folder / "disk") as mounted:
            yield mounted
    else:
        with fuse_disk(folder, request.param) as mounted:
            yield mounted


@pytest.fixture
def library(disk: Path, tmp_path: Path) -> Path:
    library = disk / tmp_path.name
    (tmp_path / "data").mkdir()
    prepare_folder(library, tmp_path / "data")
    return library


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """It is on another disk than all libraries but one."""
    file = tmp_path / "staged.mp3"
    file.write_bytes(os.urandom(300_000))
    return file


def files(library: Path) -> set[str]:
    return {str(one.relative_to(library)) for one in library.rglob("*") if one.is_file()} - {MARKER}


def test_a_file_arrives_whole_once_and_replaces_nothing(library: Path, source: Path) -> None:
    placed = place.place(source, library, SONG, "one")
    assert (library / SONG).read_bytes() == source.read_bytes()
    assert place.place(source, library, SONG, "one") == placed
    assert place.find_placed(library, SONG, placed.sha256, "one") == placed
    before = source.read_bytes()
    source.write_bytes(b"another")
    with pytest.raises(place.NameTaken):
        place.place(source, library, SONG, "two")
    assert (library / SONG).read_bytes() == before
    assert files(library) == {str(SONG)}
    assert hidden(library) == [MARKER]


TWINS = [
    (("Song", "Band"), ("SONG", "band"), ("sOnG", "BAND")),
    (("Café", "Björk"), ("Cafe\u0301", "Bjo\u0308rk"), ("CAFÉ", "BJÖRK")),
    (("Straße", "Σίσυφος"), ("STRASSE", "ΣΊΣΥΦΟΣ"), ("straſſe", "σίσυφοσ")),
    (("ı", "İ"), ("I", "i̇"), ("i", "I\u0307")),
]


@pytest.mark.parametrize("tracks", TWINS, ids=["case", "form", "fold", "dotless"])
def test_names_that_some_disk_takes_for_one_are_all_kept(
    library: Path, source: Path, tracks: tuple[tuple[str, str], ...]
) -> None:
    contents = {}
    for number, (title, artist) in enumerate(tracks):
        source.write_text(f"track {number}")
        wanted = library_path(Tags(title=title, artist=artist), "mp3")
        placed = bring(source, library, wanted, str(number))
        contents[str(placed.relative)] = f"track {number}"
        assert number == 0 or " (" in placed.relative.name or tracks is TWINS[3]
    assert {name: (library / name).read_text() for name in files(library)} == contents


def test_another_track_of_the_same_name_in_the_other_unicode_form_is_seen(
    library: Path, source: Path
) -> None:
    """Put there by somebody else, a Mac for one."""
    theirs = library / "Bjo\u0308rk" / "Jo\u0301ga.mp3"
    theirs.parent.mkdir()
    theirs.write_bytes(b"theirs")
    placed = bring(source, library, library_path(Tags(title="Jóga", artist="Björk"), "mp3"), "one")
    assert unicodedata.normalize("NFC", str(placed.relative)) == "Björk/Jóga (2).mp3"
    assert theirs.read_bytes() == b"theirs"
    assert len(list(library.iterdir())) == 2, "the folder is the one that was there"


def test_every_name_that_we_make_can_be_made(library: Path, source: Path) -> None:
    source.write_bytes(b"x")
    for number, text in enumerate(map("".join, zip(FRAGMENTS[::2], FRAGMENTS[1::2], strict=False))):
        wanted = library_path(Tags(title=text, artist=f"{text}{number}", album=text), "flac")
        placed = bring(source, library, wanted, "one")
        assert (library / placed.relative).read_bytes() == b"x"
        assert placed.relative.parts[-1] in os.listdir((library / placed.relative).parent)


@pytest.mark.parametrize("room", ["no folder", "no copy", "half a copy"])
def test_a_full_disk_leaves_what_was_there(tmp_path: Path, source: Path, room: str) -> None:
    inodes = {"no folder": 3, "no copy": 5}.get(room, 0)
    with small_disk(tmp_path / "disk", 200, inodes) as library:
        (tmp_path / "data").mkdir()
        prepare_folder(library, tmp_path / "data")
        refused(lambda: place.place(source, library, SONG, "one"), FailureKind.NEEDS_YOU, "full")
        assert files(library) == set()
        assert hidden(library) == [MARKER]
        source.write_bytes(b"shorter")
        if not inodes:
            place.place(source, library, SONG, "one")
            assert (library / SONG).read_bytes() == b"shorter"


def test_a_read_only_disk_is_said_and_nothing_changes(tmp_path: Path, source: Path) -> None:
    library = tmp_path / "library"
    (tmp_path / "data").mkdir()
    prepare_folder(library, tmp_path / "data")
    with read_only(library):
        check_mounted(library, tmp_path / "data")
        refused(lambda: place.place(source, library, SONG, "one"), FailureKind.NEEDS_YOU, "read-only")
    assert list(library.iterdir()) == [library / MARKER]
    assert place.place(source, library, SONG, "one").relative == SONG


@pytest.mark.parametrize("closed", ["library", "artist", "album", "marker"])
def test_a_folder_of_somebody_else_is_said_and_nothing_changes(
    tmp_path: Path, source: Path, closed: str
) -> None:
    library = tmp_path / "library"
    (tmp_path / "data").mkdir()
    (library / "Artist" / "Album").mkdir(parents=True)
    prepare_folder(library, tmp_path / "data")
    where = {
        "library": library,
        "artist": library / "Artist",
        "album": library / "Artist" / "Album",
        "marker": library / MARKER,
    }[closed]
    mode = where.stat().st_mode
    where.chmod(0)
    said = as_nobody(tmp_path, lambda: add(library, tmp_path / "data", source))
    where.chmod(mode)
    assert said == [
        "needs_you",
        "Inlay may not write to the library folder. Give its user access to it, then retry.",
    ]
    assert files(library) == set()
    assert hidden(library) == [MARKER]


def test_an_empty_mount_point_is_not_written_to(tmp_path: Path, source: Path) -> None:
    library = tmp_path / "library"
    (tmp_path / "data").mkdir()
    with small_disk(library):
        prepare_folder(library, tmp_path / "data")
        place.place(source, library, SONG, "one")
    prepare_folder(library, tmp_path / "data")
    refused(lambda: add(library, tmp_path / "data", source), FailureKind.NEEDS_YOU, "is its disk mounted")
    refused(lambda: place.place(source, library, SONG, "one"), FailureKind.NEEDS_YOU, "is its disk mounted")
    assert list(library.iterdir()) == []


def test_a_hanging_disk_is_said_after_a_while_and_asked_again_when_it_answers(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "ANSWER_S", 0.5)
    (tmp_path / "data").mkdir()
    with fuse_disk(tmp_path, "exfat") as library:
        prepare_folder(library, tmp_path / "data")
        threads = threading.active_count()
        with hanging(library):
            for _ in range(3):
                attempt = partial(check_mounted, library, tmp_path / "data")
                refused(attempt, FailureKind.TEMPORARY, "does not answer")
            assert threading.active_count() == threads + 1
        wait_for(lambda: threading.active_count() == threads)
        add(library, tmp_path / "data", source)
        assert files(library) == {str(SONG)}


def add(library: Path, data: Path, source: Path) -> None:
    check_mounted(library, data)
    place.place(source, library, SONG, "one")


def refused(attempt: Callable[[], Any], kind: FailureKind, word: str) -> None:
    with pytest.raises(Failure, match=word) as caught:
        attempt()
    assert caught.value.kind is kind


def as_nobody(home: Path, attempt: Callable[[], Any]) -> list[str]:
    """Try it as an ordinary user, who may write to nothing that is closed. What was said?"""
    if os.getuid() != 0:
        with pytest.raises(Failure) as caught:
            attempt()
        return [caught.value.kind, caught.value.message]
    for folder in (home, *home.parents[:-2]):
        folder.chmod(folder.stat().st_mode | 0o055)
    for path in home.rglob("*"):
        os.chown(path, NOBODY, NOBODY)
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            attempt()
        except Failure as failure:
            os.write(writing, f"{failure.kind}\n{failure.message}".encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(pid, 0)
    with os.fdopen(reading) as pipe:
        return pipe.read().split("\n")
