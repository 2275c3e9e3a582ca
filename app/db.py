"""The one SQLite file: engine, transactions, and the column types that our models share."""

import enum
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Dialect, Enum, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.types import JSON, DateTime, TypeDecorator

BUSY_TIMEOUT_MS = 10_000


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


class Database:
    """Sessions on one database file. A session belongs to the thread that opened it."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.engine = create_engine(f"sqlite:///{file}", pool_size=8, max_overflow=40)
        event.listen(self.engine, "connect", _prepare_connection)
        event.listen(self.engine, "begin", _begin)
        self._reading = sessionmaker(self.engine, expire_on_commit=False)
        self._writing = sessionmaker(
            self.engine.execution_options(inlay_begin="BEGIN IMMEDIATE"), expire_on_commit=False
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
        with self._writing() as session, session.begin():
            yield session

    def close(self) -> None:
        self.engine.dispose()


def _prepare_connection(connection: sqlite3.Connection, _: object) -> None:
    # pysqlite's own transaction handling would begin late and deferred; `_begin` says it instead.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-2000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Any) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("inlay_begin", "BEGIN"))
