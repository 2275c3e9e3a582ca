"""Tags and covers inside music files. For children only: strangers' bytes are parsed here.

`id3.py`, `vorbis.py`, `mp4.py` and `foreign.py` each know some formats.
"""

import errno
import os
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_ISREG
from typing import Any, BinaryIO, Literal, Protocol

import msgspec

from app.children.child import Emit
from app.errors import Failure, FailureKind
from app.tags import foreign, id3, mp4, vorbis
from app.tags.files import DAMAGED, ENDINGS, GONE, NOT_WRITTEN
from app.tags.model import Tags

SEND_EVERY_S = 0.2


class FileTags(msgspec.Struct, frozen=True, kw_only=True):
    """What the tags of one file say."""

    tags: Tags
    has_cover: bool


class Container(Protocol):
    def open_file(self, file: BinaryIO, extension: str) -> Any: ...
    def read(self, audio: Any, file: BinaryIO, extension: str) -> tuple[Tags, bool]: ...
    def read_cover(self, file: BinaryIO, extension: str) -> bytes | None: ...
    def write(self, file: BinaryIO, extension: str, tags: Tags, cover: bytes | None) -> None: ...
    def change(self, file: BinaryIO, extension: str, tags: Tags, fields: Collection[str]) -> None: ...


CONTAINERS: dict[str, Container] = {"id3": id3, "mp4": mp4, "vorbis": vorbis, "foreign": foreign}


def read(path: Path) -> FileTags:
    """The tags in this file. Call it in a child; others take `read_safely`."""
    with _opened(path) as (found, _, _):
        return found


@contextmanager
def _opened(path: Path) -> Iterator[tuple[FileTags, Any, BinaryIO]]:
    """The tags, the file as mutagen sees it, and the file: what else it says needs no second look."""
    with _file(path, "rb", DAMAGED) as (container, file, extension):
        audio = container.open_file(file, extension)
        tags, has_cover = container.read(audio, file, extension)
        yield FileTags(tags=tags, has_cover=has_cover), audio, file


def read_cover(path: Path) -> bytes | None:
    """The front cover as it is in the file, unchecked. In a child only; others take `save_cover_safely`."""
    with _file(path, "rb", DAMAGED) as (container, file, extension):
        return container.read_cover(file, extension)


def write(path: Path, tags: Tags, cover_jpeg: bytes | None) -> None:
    """Replace all tags of this file by exactly these, cover included; on disk when it returns.

    Changes the file in place: give it a copy that nobody else reads. Call it in a child.
    """
    with _file(path, "rb+", NOT_WRITTEN) as (container, file, extension):
        container.write(file, extension, tags, cover_jpeg)
        file.flush()
        os.fsync(file.fileno())


def change(path: Path, tags: Tags, fields: Collection[str]) -> None:
    """Write these fields of `tags` into the file, and leave what else is in it, its cover too. As `write`."""
    with _file(path, "rb+", NOT_WRITTEN) as (container, file, extension):
        container.change(file, extension, tags, fields)
        file.flush()
        os.fsync(file.fileno())


def write_in_child(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    if args.get("fields") is not None:
        change(Path(args["path"]), msgspec.convert(args["tags"], Tags), args["fields"])
        return {}
    cover = Path(args["cover"]).read_bytes() if args["cover"] else None
    write(Path(args["path"]), msgspec.convert(args["tags"], Tags), cover)
    return {}


def save_cover_in_child(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    cover = read_cover(Path(args["path"]))
    if cover:
        Path(args["target"]).write_bytes(cover)
    return {"found": bool(cover)}


def read_many(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Emits `{reports: [{tags, has_cover, quality, error}]}` for each of `paths`, in order.

    At most `together` in one event, and none waits for long.
    """
    reports: list[dict[str, Any]] = []
    sent_at = time.monotonic()
    for path in args["paths"]:
        reports.append(_read_one(Path(path)))
        if len(reports) == args["together"] or time.monotonic() - sent_at > SEND_EVERY_S:
            emit({"reports": reports})
            reports, sent_at = [], time.monotonic()
    emit({"reports": reports})
    return {}


def _read_one(path: Path) -> dict[str, Any]:
    # Who only writes has no use for it.
    from app.audio.measure import measure

    report: dict[str, Any] = {"tags": None, "has_cover": False, "quality": None, "error": None}
    try:
        with _opened(path) as (found, audio, file):
            report |= msgspec.to_builtins(found)
            report["quality"] = msgspec.to_builtins(measure(path, audio, file))
    except Failure as failure:
        report["error"] = failure.message
    if report["tags"] is None:
        report["tags"] = {}
        with suppress(Failure):
            report["quality"] = msgspec.to_builtins(measure(path))
    return report


@contextmanager
def _file(path: Path, mode: Literal["rb", "rb+"], sentence: str) -> Iterator[tuple[Container, BinaryIO, str]]:
    """The open file and who knows its format; whatever goes wrong inside becomes a Failure."""
    extension = path.suffix[1:].lower()
    container = CONTAINERS.get(ENDINGS.get(extension, ""))
    if container is None:
        raise Failure(FailureKind.PERMANENT, f"Inlay knows no tags for files that end in “{path.suffix}”.")
    try:
        with open(path, mode, opener=_open_regular) as file:
            yield container, file, extension
    except (Failure, MemoryError):
        raise
    except Exception as error:
        # A parser fed with strangers' bytes raises anything, from IndexError to struct.error.
        raise _failure(error, sentence) from error


def _open_regular(path: str, flags: int) -> int:
    """Neither follows a link nor waits for a pipe that somebody put where a file should be."""
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ValueError("not a regular file")
    return descriptor


def _failure(error: Exception, sentence: str) -> Failure:
    code = next((one.errno for one in _causes(error) if isinstance(one, OSError)), None)
    if code in (errno.ENOSPC, errno.EDQUOT):
        return Failure(FailureKind.NEEDS_YOU, "The disk is full: make room, then try again.")
    if code in (errno.EACCES, errno.EPERM, errno.EROFS):
        return Failure(FailureKind.NEEDS_YOU, "Inlay may not open this file: check who owns it.")
    if code == errno.ENOENT:
        return Failure(FailureKind.PERMANENT, GONE)
    return Failure(FailureKind.PERMANENT, sentence)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it was made from: mutagen wraps an OSError without naming it as the cause."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
