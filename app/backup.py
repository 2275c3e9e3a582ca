"""Copies of the database in `backups/` beside it: daily and before migrations, seven of each kind."""

import os
import re
import shutil
import sqlite3
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkstemp

from app import soundness
from app.errors import InlayError

KEPT = 7
EVERY = timedelta(days=1)
DAILY = "daily"
LEFT_FREE_BYTES = 1024 * 1024
_HALF_S = 3600
_WHEN = "%Y%m%dT%H%M%S.%fZ"
_NAME = re.compile(r"inlay-(\d{8}T\d{6}\.\d{6}Z)-([\w-]+)\.db")
_HALF = ".inlay-half-"


@dataclass(frozen=True)
class Copy:
    file: Path
    taken_at: datetime
    reason: str
    """`daily`, or `before-0002` and the like."""


class NoBackup(InlayError):
    """No whole copy could be made; nothing of it is left."""


def folder_of(database: Path) -> Path:
    return database.parent / "backups"


def copies(database: Path) -> list[Copy]:
    """The newest first. What claims to be from tomorrow was made under a wrong clock, and comes last."""
    try:
        files = list(folder_of(database).iterdir())
    except OSError:
        return []
    found = [copy for file in files if (copy := _copy(file))]
    limit = datetime.now(UTC) + EVERY
    return sorted(found, key=lambda copy: (copy.taken_at <= limit, copy.taken_at), reverse=True)


def newest_good(database: Path) -> Copy | None:
    """The newest copy that is whole and fits this version."""
    return next((copy for copy in copies(database) if soundness.is_good(copy.file)), None)


def taken_at(file: Path) -> datetime:
    """When this copy was made: by its name, or else by its date."""
    copy = _copy(file)
    return copy.taken_at if copy else datetime.fromtimestamp(file.stat().st_mtime, UTC)


def daily(database: Path, moment: datetime | None = None) -> Path | None:
    """Make today's copy if there is none yet and something has changed. Costs a look into a folder otherwise.

    Raises NoBackup.
    """
    moment = moment or datetime.now(UTC)
    taken = [copy for copy in copies(database) if copy.reason == DAILY]
    if any(abs(moment - copy.taken_at) < EVERY for copy in taken):
        return None
    if taken and not _changed(database, taken[0]):
        return None
    return back_up(database, DAILY, moment)


def back_up(database: Path, reason: str, moment: datetime | None = None) -> Path:
    """A copy in `backups/`; the oldest of its kind go. Raises NoBackup.

    One for the same reason serves as long as nothing changes: a migration that fails is tried at each start.
    """
    kind = reason.partition("-")[0]
    same = [copy for copy in copies(database) if copy.reason.partition("-")[0] == kind]
    if (
        same
        and same[0].reason == reason
        and not _changed(database, same[0])
        and soundness.is_good(same[0].file)
    ):
        return same[0].file
    _prepare_folder(folder_of(database))
    target = folder_of(database) / f"inlay-{moment or datetime.now(UTC):{_WHEN}}-{reason}.db"
    write_copy(database, target)
    for old in same[KEPT - 1 :]:
        old.file.unlink(missing_ok=True)
    return target


def write_copy(database: Path, target: Path) -> None:
    """A whole, checked copy while the database is in use, for its owner's eyes alone. Never replaces a file.

    Raises NoBackup.
    """
    half = None
    try:
        if target.exists():
            raise FileExistsError
        if shutil.disk_usage(target.parent).free < _size(database) + LEFT_FREE_BYTES:
            raise NoBackup(_full(target.parent))
        half = _half(database, target.parent)
        found = soundness.look_at(half, still=True)
        if found.kind != "sound":
            raise NoBackup(f"The copy is not sound ({found.trouble}), so it was not kept.")
        _put(half, target)
    except sqlite3.Error as error:
        if soundness.primary_code(error) == sqlite3.SQLITE_FULL:
            sentence = _full(target.parent)
        else:
            sentence = f"The database could not be copied to {target} ({error})."
        raise NoBackup(sentence) from error
    except FileExistsError as error:
        raise NoBackup(f"{target} is there already. Choose another name.") from error
    except OSError as error:
        raise NoBackup(f"{target} could not be written ({error.strerror}).") from error
    finally:
        if half:
            half.unlink(missing_ok=True)


def _full(folder: Path) -> str:
    return f"The disk of {folder} is full: no backup was made. Make room on it."


def _size(database: Path) -> int:
    """With what the journal holds; at most, since a copy has no gaps."""
    files = (database, journal_of(database))
    return sum(file.stat().st_size for file in files if file.exists())


def journal_of(database: Path) -> Path:
    return Path(f"{database}-wal")


def _half(database: Path, folder: Path) -> Path:
    descriptor, name = mkstemp(prefix=_HALF, suffix=".db", dir=folder)
    os.close(descriptor)
    half = Path(name)
    try:
        with closing(soundness.connect(database)) as connection:
            connection.execute("VACUUM INTO ?", (name,))
        sync(half)
    except BaseException:
        half.unlink(missing_ok=True)
        Path(f"{half}-journal").unlink(missing_ok=True)
        raise
    return half


def _put(half: Path, target: Path) -> None:
    try:
        os.link(half, target)
    except FileExistsError:
        raise
    except OSError:
        # A disk without hard links.
        if target.exists():
            raise FileExistsError from None
        half.rename(target)
    sync(target.parent)


def sync(path: Path) -> None:
    """Make a file, or the names in a folder, outlive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        # Some network and FUSE disks know no such thing for folders.
        if not path.is_dir():
            raise
    finally:
        os.close(descriptor)


def _changed(database: Path, since: Copy) -> bool:
    """Has anything been committed after this copy was begun? Yes, if a wrong clock leaves that open."""
    if since.taken_at > datetime.now(UTC) + EVERY:
        return True
    newest = 0.0
    with suppress(OSError):
        newest = database.stat().st_mtime
    with suppress(OSError):
        journal = journal_of(database).stat()
        # Opening the database makes an empty one.
        newest = max(newest, journal.st_mtime) if journal.st_size else newest
    return newest > since.taken_at.timestamp()


def _copy(file: Path) -> Copy | None:
    found = _NAME.fullmatch(file.name)
    if not found:
        return None
    with suppress(ValueError):
        return Copy(file, datetime.strptime(found[1], _WHEN).replace(tzinfo=UTC), found[2])
    return None


def _prepare_folder(folder: Path) -> None:
    """The folder, without what a kill in the middle of a copy has left there."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise NoBackup(f"The folder {folder} cannot be made ({error.strerror}).") from error
    for half in folder.glob(f"{_HALF}*"):
        with suppress(OSError):
            if time.time() - half.stat().st_mtime > _HALF_S:
                half.unlink()
