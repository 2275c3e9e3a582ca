"""Tags and covers through a limited child: hostile files take only the child with them."""

import contextlib
import os
import shutil
import signal
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from app.children import limits
from app.errors import Failure, Invalid
from app.tags import files
from app.tags.cover import square_safely
from app.tags.files import FileReport, read_safely, save_cover_safely, write_safely
from app.tags.model import Tags
from tests.media.audio import huge_picture, make, picture


def copy(name: str, folder: Path) -> Path:
    return Path(shutil.copy(make(name.rpartition(".")[2], 2), folder / name))


def bomb(folder: Path) -> Path:
    """An MP3 of 5 MB whose title unpacks to 1 GB."""
    packer = zlib.compressobj(1)
    packed = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(2**24)) + packer.flush(zlib.Z_FULL_FLUSH)
    packed += block * 64
    frame = b"TIT2" + syncsafe(len(packed) + 4) + b"\0\x09" + syncsafe(2**27) + packed
    path = copy("bomb.mp3", folder)
    path.write_bytes(b"ID3\4\0\0" + syncsafe(len(frame)) + frame + path.read_bytes())
    return path


def syncsafe(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def million_comments(folder: Path) -> Path:
    """A FLAC file with so many tags that reading them takes more than a second."""
    path = copy("slow.flac", folder)
    sound = path.read_bytes()
    comments = struct.pack("<II", 0, 1_000_000) + (struct.pack("<I", 7) + b"TITLE=a") * 1_000_000
    block = b"\x84" + len(comments).to_bytes(3, "big") + comments
    path.write_bytes(sound[:4] + b"\0" + sound[5:42] + block + sound[42:])
    return path


@contextlib.contextmanager
def every_child_stopped_that_reads(path: Path) -> Iterator[None]:
    """As if reading it never ended."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            for child in children_of(os.getpid()):
                with contextlib.suppress(OSError):
                    if any(os.path.samefile(handle, path) for handle in Path(f"/proc/{child}/fd").iterdir()):
                        os.kill(int(child), signal.SIGSTOP)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def test_tags_and_cover_go_in_and_come_out(tmp_path: Path) -> None:
    track, cover = copy("a.opus", tmp_path), tmp_path / "cover.jpg"
    cover.write_bytes(picture(200, 200))
    tags = Tags(title="Title", artist="Artist", track_no=7, source_url="https://media.example/1")
    write_safely(track, tags, cover)
    [report] = read_safely([track])
    assert (report.path, report.tags, report.has_cover, report.error) == (track, tags, True, None)
    assert report.quality
    assert (report.quality.codec, report.quality.channels) == ("opus", 2)
    assert save_cover_safely(track, tmp_path / "out.jpg")
    assert (tmp_path / "out.jpg").read_bytes() == cover.read_bytes()


def test_no_cover_is_said_so(tmp_path: Path) -> None:
    assert not save_cover_safely(copy("a.mp3", tmp_path), tmp_path / "out.jpg")
    assert not (tmp_path / "out.jpg").exists()


def test_bomb_kills_only_its_child_and_the_other_files_are_read(tmp_path: Path) -> None:
    paths = [copy("a.mp3", tmp_path), bomb(tmp_path), copy("b.flac", tmp_path), bomb(tmp_path)]
    write_safely(paths[0], Tags(title="first"), None)
    write_safely(paths[2], Tags(title="third"), None)
    reports = list(read_safely(paths))
    assert [report.path for report in reports] == paths
    assert [report.tags.title for report in reports] == ["first", "", "third", ""]
    assert [report.error for report in reports] == [None, files.KILLED, None, files.KILLED]


def test_many_files_are_told_in_order_though_some_children_read_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "FEW", 2)
    monkeypatch.setattr(files, "BATCH", 2)
    paths = []
    for number in range(9):
        paths.append(copy("a.mp3", tmp_path).rename(tmp_path / f"{number}.mp3"))
        write_safely(paths[-1], Tags(title=str(number)), None)
    paths.insert(4, bomb(tmp_path))
    told = list(read_safely(paths, len(paths)))
    assert [report.path for report in told] == paths
    assert [report.tags.title for report in told] == [*"0123", "", *"45678"]
    assert [report.error for report in told if report.error] == [files.KILLED]
    assert children_of(os.getpid()) == []


def test_who_stops_listening_ends_all_that_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "FEW", 200)
    path = copy("a.mp3", tmp_path)
    reports = read_safely([path] * 4000, 4000)
    next(reports)
    assert len(children_of(os.getpid())) == 2
    reports.close()
    assert children_of(os.getpid()) == []


def test_bomb_is_replaced_by_our_tags_without_being_unpacked(tmp_path: Path) -> None:
    path = bomb(tmp_path)
    write_safely(path, Tags(title="ours"), None)
    assert [report.tags.title for report in read_safely([path])] == ["ours"]


def test_file_that_takes_too_long_is_reported_and_the_next_one_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "SECONDS", 2.0)
    paths = [copy("a.mp3", tmp_path), million_comments(tmp_path), copy("next.mp3", tmp_path)]
    with every_child_stopped_that_reads(paths[1]):
        reports = list(read_safely(paths))
    assert [report.error for report in reports] == [None, files.KILLED, None]
    assert [report.path for report in reports] == paths


def test_time_that_the_reader_takes_between_reports_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = read_safely([copy("a.mp3", tmp_path), copy("b.mp3", tmp_path)])
    next(reports)
    monkeypatch.setattr(files, "SECONDS", 0.5)
    time.sleep(1)
    assert next(reports).error is None


def test_damaged_missing_and_foreign_files_are_reported_in_order(tmp_path: Path) -> None:
    damaged, text = tmp_path / "damaged.m4a", tmp_path / "notes.txt"
    damaged.write_bytes(os.urandom(2000))
    text.write_text("hello")
    paths = [damaged, tmp_path / "gone.mp3", text, copy("good.wav", tmp_path)]
    errors = [report.error for report in read_safely(iter(paths))]
    assert errors == [files.DAMAGED, files.GONE, "Inlay knows no tags for files that end in “.txt”.", None]


def test_more_files_than_one_child_reads_come_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "BATCH", 2)
    paths = [copy(f"{number}.ogg", tmp_path) for number in range(5)]
    assert [report.path for report in read_safely(paths)] == paths
    assert list(read_safely([])) == []


def test_child_that_has_few_handles_reads_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LIMITS", {**limits.TAGS, "open_files": 24})
    paths = [copy(f"{number}.mp3", tmp_path) for number in range(60)]
    assert [report.error for report in read_safely(paths)] == [None] * len(paths)


def test_names_that_are_not_utf8_are_read(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.mp3")
    shutil.copy(make("mp3", 2), path)
    [report] = read_safely([path])
    assert report.path == path
    assert report.error is None


def test_reading_may_stop_early_and_leaves_no_child(tmp_path: Path) -> None:
    reports = read_safely([copy("a.mp3", tmp_path), copy("b.mp3", tmp_path)])
    assert isinstance(next(reports), FileReport)
    reports.close()
    assert children_of(os.getpid()) == []


def children_of(pid: int) -> list[str]:
    """Ours for tags: other tests of this process may have a server or a browser running."""
    lists = [thread / "children" for thread in Path(f"/proc/{pid}/task").iterdir()]
    found = [child for one in lists if one.exists() for child in one.read_text().split()]
    return [child for child in found if b"child.py" in Path(f"/proc/{child}/cmdline").read_bytes()]


def test_writing_into_a_damaged_or_missing_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "noise.flac").write_bytes(b"noise" * 100)
    with pytest.raises(Failure, match="cannot be written"):
        write_safely(tmp_path / "noise.flac", Tags(title="x"), None)
    with pytest.raises(Failure, match="no longer there"):
        write_safely(tmp_path / "gone.flac", Tags(title="x"), None)


def test_square_cover_is_made_in_a_child(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(picture(640, 360, "webp"))
    square_safely(tmp_path / "in", tmp_path / "out.jpg")
    with Image.open(tmp_path / "out.jpg") as made:
        assert (made.format, made.size) == ("JPEG", (360, 360))


def test_picture_bomb_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(huge_picture())
    with pytest.raises(Invalid, match="too large"):
        square_safely(tmp_path / "in", tmp_path / "out.jpg")
    assert not (tmp_path / "out.jpg").exists()
