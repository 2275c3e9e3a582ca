"""Keeping the index true to the folder: what is new, changed, renamed or gone."""

import contextlib
import errno
import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from sqlalchemy.orm import Session

from app.audio.model import Quality
from app.db import Database, now
from app.library import queries
from app.library.folder import not_there, read_marker
from app.library.inodes import NONE, forgetful, inode_of
from app.library.model import Track
from app.library.paths import from_text, open_folder, to_text
from app.library.place import Placed
from app.library.queries import Content, FileFacts, Known
from app.tags.files import ENDINGS, read_safely
from app.tags.model import Tags

log = logging.getLogger("inlay.library")

# In a music folder an `.mp4` is a film.
EXTENSIONS = frozenset(ENDINGS) - {"mp4"}
BATCH = 500
"""Rows in one write transaction, at most."""
WRITE_EVERY_S = 2.0

Progress = Callable[[int, int], None]


@dataclass
class ScanResult:
    """What a scan found, in files."""

    added: int = 0
    changed: int = 0
    renamed: int = 0
    removed: int = 0
    errors: int = 0
    """Of those added or changed, the ones that could not be read."""
    seen: int = 0
    folders: int = 0
    unsettled: set[str] = field(default_factory=set)
    """Folders with files that are perhaps still being written: look again."""


def scan(
    db: Database,
    library: Path,
    subtree: PurePosixPath | None = None,
    on_progress: Progress | None = None,
    stop: threading.Event | None = None,
    *,
    deep: bool = True,
    settle_s: float = 0.0,
    retry_errors: bool = False,
) -> ScanResult:
    """Bring the index up to date for a folder of the library, by default all of it.

    Only new and changed files are opened. Files written within the last `settle_s` are left for later.
    `retry_errors` opens those again that could not be read. Raises Failure when the library's disk is not
    mounted: nothing counts as gone then.
    """
    if read_marker(library) is None:
        raise not_there()
    folder = to_text(subtree) if subtree and subtree.parts else ""
    stop = stop or threading.Event()
    # Rows first, folder second: what is in a row by now is in the folder already.
    with db.read() as session:
        known = {one.file.path: one for one in queries.below(session, folder, deep=deep)}
    result = ScanResult()
    files = {file.path: file for file in _walk(library, folder, deep, result, stop)}
    if stop.is_set():
        return result
    result.seen = len(files)
    unknown = [file for file in files.values() if not _is_known(file, known.get(file.path), retry_errors)]
    unknown = _settled(unknown, settle_s, result)
    moved = _renamed(db, library, unknown, result)
    _read(db, library, [file for file in unknown if file.path not in moved], known, result, on_progress, stop)
    gone = [
        one for one in known.values() if one.file.path not in files and one.track_id not in moved.values()
    ]
    _mark_gone(db, library, gone, result)
    return result


def index_own(
    session: Session,
    placed: Placed,
    tags: Tags,
    *,
    has_cover: bool,
    quality: Quality | None,
    source_quality: Quality | None,
    download_id: str,
    user_id: int,
) -> Track:
    """Write down a file that we have just placed, in the caller's transaction, watcher first or not."""
    file = FileFacts(to_text(placed.relative), placed.size_bytes, placed.mtime_ns, placed.inode)
    [track_id] = queries.upsert(session, [(file, Content(tags, has_cover, quality))])
    track = session.get_one(Track, track_id)
    if track.download_id != download_id:
        track.added_at = now()
    track.source_quality, track.download_id, track.user_id = source_quality, download_id, user_id
    session.flush()
    return track


def _walk(
    library: Path, folder: str, deep: bool, result: ScanResult, stop: threading.Event
) -> Iterator[FileFacts]:
    """The audio files in a folder. Follows no links, and skips what begins with a dot."""
    if not _is_folder(library, folder):
        return
    forgetting = forgetful()
    waiting = [str(from_text(folder)) if folder else ""]
    while waiting and not stop.is_set():
        at = waiting.pop()
        result.folders += 1
        try:
            with os.scandir(library / at) as entries:
                for entry in entries:
                    name = f"{at}/{entry.name}" if at else entry.name
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        if deep:
                            waiting.append(name)
                    elif file := _audio(entry, name, forgetting):
                        yield file
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            log.warning("folder %r of the library cannot be read: %s", at, error.strerror)


def _audio(entry: os.DirEntry[str], name: str, forgetting: frozenset[int]) -> FileFacts | None:
    extension = entry.name.rpartition(".")[2].lower()
    if extension not in EXTENSIONS or not entry.is_file(follow_symlinks=False):
        return None
    with contextlib.suppress(FileNotFoundError):
        facts = entry.stat(follow_symlinks=False)
        inode = inode_of(facts, forgetting)
        return FileFacts(to_text(name), facts.st_size, facts.st_mtime_ns, inode)
    return None


def _is_known(file: FileFacts, known: Known | None, retry_errors: bool) -> bool:
    return known is not None and known.file == file and not (known.is_error and retry_errors)


def _settled(files: list[FileFacts], settle_s: float, result: ScanResult) -> list[FileFacts]:
    """Without those that are perhaps still being written."""
    clock, limit = time.time_ns(), settle_s * 1e9
    settled = [file for file in files if abs(clock - file.mtime_ns) >= limit]
    result.unsettled = {file.path.rpartition("/")[0] for file in set(files).difference(settled)}
    return settled


def _renamed(db: Database, library: Path, files: list[FileFacts], result: ScanResult) -> dict[str, str]:
    """Files that the index knows by another name keep their rows. Answers path → track id."""
    moved: dict[str, str] = {}
    alike = Counter(file.identity for file in files if file.inode == NONE)
    for start in range(0, len(files), BATCH):
        batch = files[start : start + BATCH]
        with db.read() as session:
            candidates = queries.with_identity(session, batch)
        renamed: dict[str, FileFacts] = {}
        for file in batch:
            known = candidates.get(file.identity, [])
            if file.inode == NONE and (alike[file.identity] > 1 or len(known) > 1):
                # Same size and same moment, of some two seconds: which is which, nobody knows.
                continue
            for one in known:
                if one.track_id not in renamed and not one.is_error and _has_left(library, one.file, file):
                    renamed[one.track_id] = file
                    moved[file.path] = one.track_id
                    break
        if renamed:
            with db.write() as session:
                queries.rename(session, renamed)
    result.renamed += len(moved)
    return moved


def _has_left(library: Path, before: FileFacts, file: FileFacts) -> bool:
    """Whether the file known as `before` is this one now, rather than one more link to it."""
    return before.path == file.path or not _is_there(library, before.path, before)


def _read(
    db: Database,
    library: Path,
    files: list[FileFacts],
    known: dict[str, Known],
    result: ScanResult,
    on_progress: Progress | None,
    stop: threading.Event,
) -> None:
    """Open these files and write down what is in them, every now and then."""
    pending: list[tuple[FileFacts, Content]] = []
    written_at = time.monotonic()
    paths = (library / from_text(file.path) for file in files)
    # Closed also when writing fails: what still reads would wait for somebody to listen.
    with closing(read_safely(paths, len(files))) as reports:
        for done, (file, report) in enumerate(zip(files, reports, strict=True), start=1):
            if stop.is_set():
                break
            if not report.error or _is_there(library, file.path):
                pending.append((file, Content(report.tags, report.has_cover, report.quality, report.error)))
                result.added += file.path not in known
                result.changed += file.path in known
                result.errors += report.error is not None
            if len(pending) >= BATCH or time.monotonic() - written_at > WRITE_EVERY_S:
                _write(db, pending)
                written_at = time.monotonic()
            if on_progress:
                on_progress(done, len(files))
    _write(db, pending)


def _write(db: Database, pending: list[tuple[FileFacts, Content]]) -> None:
    if pending:
        with db.write() as session:
            queries.upsert(session, pending)
    pending.clear()


def _mark_gone(db: Database, library: Path, unseen: list[Known], result: ScanResult) -> None:
    gone = [one.track_id for one in unseen if not _is_there(library, one.file.path)]
    # The disk may have been unmounted while we looked.
    if gone and read_marker(library) is None:
        raise not_there()
    for start in range(0, len(gone), BATCH):
        with db.write() as session:
            queries.mark_missing(session, gone[start : start + BATCH])
    result.removed += len(gone)


def _is_folder(library: Path, folder: str) -> bool:
    """Whether this is a real folder that can be looked into, with no link on the way."""
    try:
        with open_folder(library, from_text(folder)):
            return True
    except OSError:
        return False


def _is_there(library: Path, path: str, exactly: FileFacts | None = None) -> bool:
    """Whether there is an entry of this name, or this very file. What cannot be looked at counts as there."""
    relative = from_text(path)
    try:
        with open_folder(library, relative.parent) as folder:
            facts = os.stat(relative.name, dir_fd=folder, follow_symlinks=False)
            # A case-insensitive disk finds `a.mp3` although it is called `A.mp3` now.
            if relative.name not in os.listdir(folder):
                return False
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            return False
        log.warning("%r of the library cannot be looked at: %s", path, error.strerror)
        return True
    return exactly is None or exactly.identity == (inode_of(facts), facts.st_size, facts.st_mtime_ns)
