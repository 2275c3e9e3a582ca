"""The one SQLite file: engine, transactions, and the column types that our models share."""

import enum
import logging
import os
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import msgspec
from sqlalchemy import (
    Connection,
    CursorResult,
    Dialect,
    Enum,
    ExceptionContext,
    Executable,
    create_engine,
    event,
)
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.types import JSON, DateTime, TypeDecorator

from app.ballast import Ballast
from app.errors import DatabaseTrouble
from app.languages.say import say
from app.soundness import primary_code

log = logging.getLogger("inlay.db")

BUSY_TIMEOUT_MS = 10_000
LOOK_AGAIN_S = (0.001, 0.005)
IMMEDIATE = "BEGIN IMMEDIATE"


def now() -> datetime:
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC; SQLite itself knows no time zones."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC).replace(tzinfo=None) if value else None

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value else None


class StructJSON(TypeDecorator[Any]):
    """A msgspec struct, stored as JSON text."""

    impl = JSON
    cache_ok = True

    def __init__(self, struct: type[msgspec.Struct]) -> None:
        super().__init__(none_as_null=True)
        self.struct = struct

    def process_bind_param(self, value: Any | None, dialect: Dialect) -> Any:
        return None if value is None else msgspec.to_builtins(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Any:
        return None if value is None else msgspec.convert(value, self.struct)


class Base(DeclarativeBase):
    """All tables. Moments are kept in UTC, and enums as their values."""

    type_annotation_map = {
        datetime: UtcDateTime,
        enum.Enum: Enum(
            enum.Enum, native_enum=False, values_callable=lambda kind: [one.value for one in kind]
        ),
    }


def changed_rows(session: Session, statement: Executable) -> int:
    """How many rows an UPDATE or DELETE hit."""
    result = session.execute(statement)
    assert isinstance(result, CursorResult)
    return result.rowcount


class Database:
    """Sessions on one database file. A session belongs to the thread that opened it.

    What SQLite refuses comes out as DatabaseTrouble. `in_use` is a lock that is held as long as this is open.
    """

    def __init__(self, file: Path, in_use: IO[bytes] | None = None) -> None:
        self.file = file
        self.ballast = Ballast(file)
        self._in_use = in_use
        self.engine = create_engine(f"sqlite:///{file}", pool_size=8, max_overflow=40)
        event.listen(self.engine, "connect", _prepare_connection)
        event.listen(self.engine, "begin", _begin)
        event.listen(self.engine, "handle_error", self._translate)
        self._reading = sessionmaker(self.engine, expire_on_commit=False)
        self._writing = sessionmaker(
            self.engine.execution_options(inlay_begin=IMMEDIATE), expire_on_commit=False
        )

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A consistent look; nothing written here is kept."""
        with self._reading() as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One short write transaction: taken at once, committed at the end, rolled back on an error.

        Nothing slow belongs inside: no network, no file moves, no ringing of the queue.
        """
        self.ballast.give_way()
        with self._writing() as session, session.begin():
            yield session

    def close(self) -> None:
        self.engine.dispose()
        if self._in_use:
            self._in_use.close()

    def _translate(self, context: ExceptionContext) -> DatabaseTrouble | None:
        """SQLite's refusals in our words, for everybody who uses this database. SQLAlchemy raises it."""
        trouble = trouble_of(context.original_exception, self.file)
        if trouble:
            log.error("%s (%s)", trouble.message, context.original_exception)
            if trouble.is_full:
                self.ballast.release()
        return trouble


_SENTENCES = {
    sqlite3.SQLITE_BUSY: say("The database is busy. Try again in a moment."),
    sqlite3.SQLITE_LOCKED: say("The database is busy. Try again in a moment."),
    sqlite3.SQLITE_READONLY: say(
        "The database cannot be written. Check the rights and the disk of its folder."
    ),
    sqlite3.SQLITE_CANTOPEN: say(
        "The database cannot be opened. Check the rights and the disk of its folder."
    ),
    sqlite3.SQLITE_IOERR: say("The disk of the database reports an error. Check it, then try again."),
    sqlite3.SQLITE_CORRUPT: say(
        "The database is damaged. Start Inlay again: it says how to bring a backup back."
    ),
    sqlite3.SQLITE_NOTADB: say(
        "The database is damaged. Start Inlay again: it says how to bring a backup back."
    ),
}
_FULL = say("The disk of the database is full. Make room on it, then try again.")
_NO_ROOM_BYTES = 64 * 1024


def trouble_of(error: BaseException | None, file: Path) -> DatabaseTrouble | None:
    """What to tell a person about SQLite's error; None when it is a mistake of ours."""
    code = primary_code(error)
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _no_room(file.parent)):
        return DatabaseTrouble(_FULL, full=True)
    sentence = _SENTENCES.get(code) if code is not None else None
    return DatabaseTrouble(sentence) if sentence else None


def _no_room(folder: Path) -> bool:
    """The shared memory file of the journal has to grow, too, and calls a full disk an I/O error."""
    with suppress(OSError):
        disk = os.statvfs(folder)
        return disk.f_bavail * disk.f_frsize < _NO_ROOM_BYTES
    return False


def _prepare_connection(connection: sqlite3.Connection, _: object) -> None:
    # pysqlite's own transaction handling would begin late and deferred; `_begin` says it instead.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        # In kB, for each of a dozen connections. More makes no search faster: the kernel keeps them, too.
        "cache_size=-500",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    statement = connection.get_execution_options().get("inlay_begin", "BEGIN")
    if statement != IMMEDIATE:
        connection.exec_driver_sql(statement)
        return
    file: Any = connection.connection.dbapi_connection
    file.execute("PRAGMA busy_timeout=0")
    try:
        if not _taken(file):
            # Once more, so that SQLAlchemy sees what is wrong.
            connection.exec_driver_sql(IMMEDIATE)
    finally:
        file.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")


def _taken(connection: Any) -> bool:
    """Begin to write as soon as nobody else does. False when that took too long, or for another trouble.

    SQLite's own waiting looks ever more rarely, so that whoever has waited longest is served last: of eight
    busy writers some waited for ten seconds. Looking all the time serves everybody alike.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while time.monotonic() < deadline:
        try:
            connection.execute(IMMEDIATE)
            return True
        except sqlite3.OperationalError as error:
            if primary_code(error) != sqlite3.SQLITE_BUSY:
                return False
        time.sleep(random.uniform(*LOOK_AGAIN_S))
    return False
