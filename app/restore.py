"""Brings a backup back: checked whole, put in place in one step, and what it replaces is kept aside."""

import fcntl
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkstemp

from app.backup import journal_of, sync, taken_at
from app.errors import Conflict, Invalid
from app.locks import LOCKS
from app.soundness import look_at, newest_version

SIDE_FILES = ("-wal", "-shm")
OUR_TABLES = {"alembic_version", "downloads", "users"}


@dataclass(frozen=True)
class Restored:
    database: Path
    taken_at: datetime
    version: str
    kept: Path | None
    """Where the database that was here before is now."""


def restore(backup: Path, database: Path) -> Restored:
    """Put a backup in the place of the database. The next start migrates it.

    Raises Conflict while Inlay runs, and Invalid, with everything left as it was, for what is no good backup.
    """
    if not backup.is_file():
        raise Invalid(f"There is no file {backup}.")
    if backup.resolve() == database.resolve():
        raise Invalid(f"{backup} is the database itself. Name a backup.")
    moment = taken_at(backup)
    try:
        database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(database.parent), _copied(backup, database.parent) as copy:
            version = _check(copy, backup)
            kept = _set_aside(database)
            copy.rename(database)
            sync(database.parent)
    except OSError as error:
        sentence = f"The backup could not be brought back: {error.strerror} ({error.filename or database})."
        raise Invalid(sentence) from error
    return Restored(database, moment, version, kept)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else has this data folder's database open, and nobody opens it meanwhile."""
    descriptors = [
        os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o600) for name in LOCKS if _needed(folder, name)
    ]
    try:
        for descriptor in descriptors:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        sentence = "Inlay is running with this data folder. Stop it first, then bring the backup back."
        raise Conflict(sentence, code="running") from error
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _needed(folder: Path, name: str) -> bool:
    """The worker's lock is only looked at: its being there says that a server has run here."""
    return name == LOCKS[0] or (folder / name).exists()


@contextmanager
def _copied(backup: Path, folder: Path) -> Iterator[Path]:
    """A copy in the data folder, where it can be opened and renamed; gone afterwards unless it was."""
    descriptor, name = mkstemp(prefix=".inlay-restoring-", suffix=".db", dir=folder)
    os.close(descriptor)
    copy = Path(name)
    try:
        shutil.copyfile(backup, copy)
        # A plain copy of a database in use comes with its journal; so does what we keep aside.
        if journal_of(backup).is_file():
            shutil.copyfile(journal_of(backup), journal_of(copy))
        yield copy
    finally:
        for suffix in ("", *SIDE_FILES, "-journal"):
            Path(name + suffix).unlink(missing_ok=True)


def _check(copy: Path, backup: Path) -> str:
    """Its version. From here on it is one file, whole and on the disk."""
    found = look_at(copy, "integrity_check")
    if found.kind != "sound":
        raise Invalid(f"{backup} is not a good backup ({found.trouble}). Nothing was changed.")
    with closing(sqlite3.connect(copy)) as connection:
        tables = {
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
        connection.execute("PRAGMA journal_mode=DELETE")
    if found.version is None or not tables >= OUR_TABLES:
        raise Invalid(f"{backup} is not a backup of Inlay. Nothing was changed.")
    if found.version > newest_version():
        sentence = f"{backup} is from a newer Inlay ({found.version}, this one knows {newest_version()})."
        raise Invalid(f"{sentence} Update Inlay first. Nothing was changed.")
    sync(copy)
    return found.version


def _set_aside(database: Path) -> Path | None:
    """The database goes first: until the backup is in place, a start finds none, and says so.

    Its journal goes, too, or SQLite would take it for the backup's.
    """
    kept = database.with_name(f"{database.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    for number in range(2, 100):
        if not kept.exists():
            break
        kept = database.with_name(f"{kept.name.partition('Z')[0]}Z-{number}")
    found = False
    for suffix in ("", *SIDE_FILES):
        with suppress(FileNotFoundError):
            Path(f"{database}{suffix}").rename(f"{kept}{suffix}")
            found = True
    return kept if found else None
