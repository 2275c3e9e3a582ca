"""Opens the database at a start: checked, migrated, and never silently replaced by an empty one."""

import fcntl
import logging
import os
import shlex
import time
from pathlib import Path
from typing import IO

from app import backup
from app.db import Database
from app.errors import InlayError
from app.locks import LOCKS
from app.migrate import migrate
from app.settings import Settings
from app.soundness import look_at

log = logging.getLogger("inlay.opening")

TRY_AGAIN_S = 3600.0


def prepare(settings: Settings) -> Database:
    """The folders and the migrated database: what must be there before anything runs."""
    for folder in (settings.data_dir, settings.staging):
        _make_folder(folder)
    return open_database(settings)


def open_database(settings: Settings) -> Database:
    """The sound, migrated database of this data folder; a new one in a new folder. Raises InlayError."""
    in_use = _share(settings.data_dir)
    try:
        check(settings.database_file)
        migrate(settings.database_file)
    except BaseException:
        in_use.close()
        raise
    database = Database(settings.database_file, in_use)
    database.ballast.keep()
    return database


def _make_folder(folder: os.PathLike[str]) -> None:
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
    except OSError as error:
        raise InlayError(f"The folder {folder} cannot be made ({error.strerror}).") from error


def check(database: Path) -> None:
    """Raises InlayError, with the way out, when the database is damaged or gone though it was in use."""
    lost = "missing" if not database.exists() else "" if database.stat().st_size else "empty"
    if not lost:
        found = look_at(database)
        if found.kind == "busy":
            raise InlayError(f"Another program keeps {database} busy. Stop it, then start Inlay again.")
        if found.kind == "unreadable":
            sentence = (
                f"The database {database} cannot be read ({found.trouble}). Check the rights and the disk"
            )
            raise InlayError(f"{sentence} of its folder first. {way_out(database, anew=False)}")
        if found.kind == "damaged":
            sentence = f"The database {database} is damaged ({found.trouble}); nothing was changed."
            raise InlayError(f"{sentence} {way_out(database, anew=False)}")
        lost = "empty" if found.version is None else ""
    if lost and was_used(database):
        sentence = f"The database {database} is {lost}, though this data folder has been in use."
        raise InlayError(f"{sentence} {way_out(database, anew=True)}")


def was_used(database: Path) -> bool:
    """Did a database live here before? What a server leaves says so, or what is left of the database."""
    folder = database.parent
    staging = folder / "staging"
    return (
        any((folder / name).exists() for name in ("secret", LOCKS[1]))
        or bool(backup.copies(database))
        or any(folder.glob(f"{database.name}.damaged-*"))
        or (staging.is_dir() and any(staging.iterdir()))
        or (not database.exists() and backup.journal_of(database).exists())
    )


def way_out(database: Path, *, anew: bool) -> str:
    """How to bring the newest good backup back, and how to go on without any."""
    copy = backup.newest_good(database)
    empty = f"To begin anew with an empty database, move everything out of {database.parent} first. "
    if copy is None:
        none = f"There is no good backup in {backup.folder_of(database)}."
        return f"{none} {empty}With one from elsewhere: inlay restore FILE"
    moment, command = f"{copy.taken_at:%Y-%m-%d %H:%M} UTC", f"inlay restore {shlex.quote(str(copy.file))}"
    return f"{empty if anew else ''}The newest good backup is of {moment}; to bring it back: {command}"


def _share(folder: Path) -> IO[bytes]:
    try:
        lock = open(folder / LOCKS[0], "ab")  # noqa: SIM115
    except OSError as error:
        raise InlayError(f"The folder {folder} cannot be written ({error.strerror}).") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise InlayError("A backup is being brought back just now. Start again in a moment.") from error
    return lock


class Caretaker:
    """What a running worker does for its database now and then. Nothing is written if nothing is due."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._not_before = 0.0

    def tend(self) -> None:
        self.database.ballast.keep()
        if time.monotonic() < self._not_before:
            return
        try:
            backup.daily(self.database.file)
        except InlayError as error:
            self._not_before = time.monotonic() + TRY_AGAIN_S
            log.error("No backup today. %s", error.message)
