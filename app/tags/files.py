"""Tags and covers in music files, for everybody: a child does the work, in `containers.py`."""

import itertools
import os
import time
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from app.audio.model import Quality
from app.children import limits, parent
from app.children.side_by_side import side_by_side
from app.errors import Failure, FailureKind
from app.languages.say import say
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


@dataclass(frozen=True, kw_only=True)
class FileReport:
    """One file as the index needs it. With an `error` the rest is what could be read nevertheless."""

    path: Path
    tags: Tags = Tags()
    has_cover: bool = False
    quality: Quality | None = None
    error: str | None = None


ENDINGS = {
    **dict.fromkeys(("mp3", "wav", "aif", "aiff"), "id3"),
    **dict.fromkeys(("m4a", "m4b", "mp4"), "mp4"),
    **dict.fromkeys(("flac", "ogg", "oga", "opus"), "vorbis"),
    **dict.fromkeys(("wma", "wv"), "foreign"),
}
"""File endings that we know → how such files hold tags: a name in `containers.py`."""
WRITABLE = frozenset(ending for ending, held in ENDINGS.items() if held != "foreign")
"""The others are only read."""


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
    with parent.fresh("app.tags.containers:read_many", args, {**within, "file_bytes": 0}) as child:
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
            f"app.tags.containers:{name}", args, seconds=seconds, limits=room, check=check, start=start
        )
    except FileNotFoundError as error:
        raise Failure(FailureKind.PERMANENT, GONE) from error
    except parent.ChildCrashed as error:
        raise Failure(FailureKind.TEMPORARY, sentence) from error
