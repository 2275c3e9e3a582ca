"""Tags and covers in music files; the part that reads strangers' bytes runs in a child.

Only this module knows the formats; `id3.py`, `vorbis.py`, `mp4.py` and `foreign.py` are its parts.
"""

import errno
import itertools
import os
import time
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from stat import S_ISREG
from typing import Any, BinaryIO, Literal, Protocol

import msgspec

from app.audio.model import Quality
from app.children import limits, parent
from app.children.child import Emit
from app.children.side_by_side import side_by_side
from app.errors import Failure, FailureKind
from app.languages.say import say
from app.tags import foreign, id3, mp4, vorbis
from app.tags.model import Tags

LIMITS = limits.TAGS
SECONDS = 10.0
BYTES_PER_SECOND = 5_000_000
"""The slowest disk that we wait for, when tags that grow move the audio behind them."""
BATCH = 2_000
"""Files for one child: its start costs as much as reading some hundred."""
FEW = 400
"""So many are read sooner by one child than by two."""
AT_ONCE = 2
"""More gain nothing: somebody has to write down what they read."""
TOGETHER = 25
"""Files in one message, at most: each message wakes its reader, and a socket holds some hundred."""
SEND_EVERY_S = 0.2
ROOM_BYTES = 64 * 2**20
"""How much larger than before a file may become with its tags, and the largest cover that is taken out."""

DAMAGED = say("The tags of this file cannot be read: it is damaged, or not what its name says.")
NOT_WRITTEN = say("Tags cannot be written into this file: it is damaged, or not what its name says.")
GONE = say("This file is no longer there.")
KILLED = say("This file could not be read: reading it takes too much memory or time.")


class FileTags(msgspec.Struct, frozen=True, kw_only=True):
    """What the tags of one file say."""

    tags: Tags
    has_cover: bool


@dataclass(frozen=True, kw_only=True)
class FileReport:
    """One file as the index needs it. With an `error` the rest is what could be read nevertheless."""

    path: Path
    tags: Tags = Tags()
    has_cover: bool = False
    quality: Quality | None = None
    error: str | None = None


class Container(Protocol):
    def open_file(self, file: BinaryIO, extension: str) -> Any: ...
    def read(self, audio: Any, file: BinaryIO, extension: str) -> tuple[Tags, bool]: ...
    def read_cover(self, file: BinaryIO, extension: str) -> bytes | None: ...
    def write(self, file: BinaryIO, extension: str, tags: Tags, cover: bytes | None) -> None: ...
    def change(self, file: BinaryIO, extension: str, tags: Tags, fields: Collection[str]) -> None: ...


CONTAINERS: dict[str, Container] = {
    "mp3": id3,
    "wav": id3,
    "m4a": mp4,
    "m4b": mp4,
    "mp4": mp4,
    "flac": vorbis,
    "ogg": vorbis,
    "oga": vorbis,
    "opus": vorbis,
    "aif": id3,
    "aiff": id3,
    "wma": foreign,
    "wv": foreign,
}
"""File endings that we know → how such files hold tags."""
WRITABLE = frozenset(ending for ending, container in CONTAINERS.items() if container is not foreign)
"""The others are only read."""


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


def write_safely(
    path: Path,
    tags: Tags,
    cover: Path | None,
    *,
    fields: Collection[str] | None = None,
    check: Callable[[], None] | None = None,
    start: parent.Start = parent.fresh,
) -> None:
    """Replace all tags of this file, and its cover, in a child. Raises Failure.

    With `fields` only these are written, and what else is in the file stays, cover included.
    `check` is called about twice a second and may raise: then the child ends.
    """
    args = {
        "path": os.path.abspath(path),
        "tags": msgspec.to_builtins(tags),
        "cover": os.path.abspath(cover) if cover else None,
        "fields": None if fields is None else sorted(fields),
    }
    _run(
        "write_in_child",
        args,
        path,
        NOT_WRITTEN,
        reads=[args["cover"] or ""],
        writes=[args["path"]],
        check=check,
        start=start,
    )


def save_cover_safely(path: Path, target: Path) -> bool:
    """Copy this file's cover, as it is and unchecked, to `target`; False if it has none. Raises Failure."""
    args = {"path": os.path.abspath(path), "target": os.path.abspath(target)}
    folder = os.path.dirname(args["target"])
    found = _run("save_cover_in_child", args, path, DAMAGED, reads=[args["path"]], writes=[folder])
    return bool(found["found"])


def read_safely(paths: Iterable[Path], number: int | None = None) -> Generator[FileReport, None, None]:
    """Read these files in children, in order, one report each. A file that kills its child is reported so.

    Where it is known that their `number` is large, some children read at once.
    """
    waiting, at_once = iter(paths), min(AT_ONCE, os.cpu_count() or 1)
    many = BATCH if number is None else min(BATCH, max(FEW, -(-number // at_once)))
    batches = iter(lambda: list(itertools.islice(waiting, many)), [])
    if number is None or number <= FEW:
        for batch in batches:
            yield from _read_batch(batch)
        return
    works = (partial(_read_batch, batch) for batch in batches)
    # To close it is to end its children: a generator that is only let go is closed at some time or other.
    with closing(side_by_side(works, at_once)) as reports:
        yield from reports


def _read_batch(batch: list[Path], check: Callable[[], None] = lambda: None) -> Iterator[FileReport]:
    # So many are read one by one, after a child died on one of them.
    suspects = 0
    while batch:
        now = batch[:suspects] or batch
        done = 0
        try:
            for report in _reports(now, 1 if suspects else TOGETHER, check):
                done += 1
                yield report
            suspects = 0
        except (Failure, parent.ChildCrashed):
            if suspects or len(now) == 1:
                if done < len(now):
                    yield FileReport(path=now[done], error=KILLED)
                    done += 1
                suspects = max(0, suspects - done)
            else:
                suspects = TOGETHER
        batch = batch[done:]


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
    from app.audio.quality import measure

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


def _reports(paths: list[Path], together: int, still_wanted: Callable[[], None]) -> Iterator[FileReport]:
    """Reports from one child. Raises Failure when a file takes too long; the reader's own time is free."""
    since = time.monotonic()

    def check() -> None:
        still_wanted()
        if time.monotonic() - since > SECONDS:
            raise Failure(FailureKind.PERMANENT, KILLED)

    absolute = [os.path.abspath(path) for path in paths]
    args = {"paths": absolute, "together": together}
    # One rule for many files: Landlock keeps a handle for each, and a child has not so many.
    reads = (
        absolute if len(absolute) == 1 else [os.path.commonpath({os.path.dirname(one) for one in absolute})]
    )
    within = limits.offline(LIMITS, reads=reads, programs=limits.ffmpegs())
    with parent.fresh("app.tags.files:read_many", args, {**within, "file_bytes": 0}) as child:
        events = child.events(seconds=86_400, check=check)
        reports = itertools.chain.from_iterable(event["reports"] for event in events)
        for path, report in zip(paths, reports, strict=True):
            yield FileReport(
                path=path,
                tags=msgspec.convert(report["tags"], Tags),
                has_cover=report["has_cover"],
                quality=msgspec.convert(report["quality"], Quality | None),
                error=report["error"],
            )
            since = time.monotonic()


def _run(
    name: str,
    args: dict[str, Any],
    path: Path,
    sentence: str,
    *,
    reads: list[str],
    writes: list[str],
    check: Callable[[], None] | None = None,
    start: parent.Start = parent.fresh,
) -> dict[str, Any]:
    try:
        size_bytes = path.stat().st_size
        seconds = SECONDS + size_bytes / BYTES_PER_SECOND
        within = limits.offline(LIMITS, reads=reads, writes=writes)
        room: limits.Limits = {**within, "file_bytes": size_bytes + ROOM_BYTES}
        return parent.run(
            f"app.tags.files:{name}", args, seconds=seconds, limits=room, check=check, start=start
        )
    except FileNotFoundError as error:
        raise Failure(FailureKind.PERMANENT, GONE) from error
    except parent.ChildCrashed as error:
        raise Failure(FailureKind.TEMPORARY, sentence) from error


@contextmanager
def _file(path: Path, mode: Literal["rb", "rb+"], sentence: str) -> Iterator[tuple[Container, BinaryIO, str]]:
    """The open file and who knows its format; whatever goes wrong inside becomes a Failure."""
    extension = path.suffix[1:].lower()
    container = CONTAINERS.get(extension)
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
