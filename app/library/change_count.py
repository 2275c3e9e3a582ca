"""How often files of the library came, changed, moved or went: counted by the database itself.

Triggers count in the transaction of the change, whoever makes it (watcher, finalize, an edit, the command
line), so nothing is missed and no crash loses any.
"""

from typing import Any

import msgspec
from sqlalchemy import DDL, BigInteger, event
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.db import Base
from app.library.model import Track

COUNTED = ("added", "changed", "renamed", "removed")


class Changes(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How many files, since the count began or since a moment."""

    added: int = 0
    changed: int = 0
    renamed: int = 0
    removed: int = 0

    def since(self, earlier: "Changes") -> "Changes":
        return Changes(**{name: getattr(self, name) - getattr(earlier, name) for name in COUNTED})

    @property
    def total(self) -> int:
        return sum(getattr(self, name) for name in COUNTED)


class LibraryChanges(Base):
    """One row, with the id 1."""

    __tablename__ = "library_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    added: Mapped[int] = mapped_column(BigInteger, default=0)
    changed: Mapped[int] = mapped_column(BigInteger, default=0)
    renamed: Mapped[int] = mapped_column(BigInteger, default=0)
    removed: Mapped[int] = mapped_column(BigInteger, default=0)


def count(session: Session) -> Changes:
    """Everything since the count began."""
    row = session.get(LibraryChanges, 1, populate_existing=True)
    return Changes(**{name: getattr(row, name) for name in COUNTED}) if row else Changes()


FIRST_ROW = "INSERT INTO library_changes VALUES (1, 0, 0, 0, 0)"
TRIGGERS = (
    "CREATE TRIGGER tracks_added AFTER INSERT ON tracks WHEN NEW.missing_at IS NULL "
    "BEGIN UPDATE library_changes SET added = added + 1; END",
    "CREATE TRIGGER tracks_removed AFTER DELETE ON tracks WHEN OLD.missing_at IS NULL "
    "BEGIN UPDATE library_changes SET removed = removed + 1; END",
    "CREATE TRIGGER tracks_changed AFTER UPDATE OF path, size_bytes, mtime_ns, missing_at ON tracks "
    "WHEN OLD.path IS NOT NEW.path OR OLD.size_bytes IS NOT NEW.size_bytes "
    "OR OLD.mtime_ns IS NOT NEW.mtime_ns OR OLD.missing_at IS NOT NEW.missing_at "
    "BEGIN UPDATE library_changes SET "
    "added = added + (OLD.missing_at IS NOT NULL AND NEW.missing_at IS NULL), "
    "removed = removed + (OLD.missing_at IS NULL AND NEW.missing_at IS NOT NULL), "
    "renamed = renamed + (OLD.missing_at IS NULL AND NEW.missing_at IS NULL AND OLD.path IS NOT NEW.path), "
    "changed = changed + (OLD.missing_at IS NULL AND NEW.missing_at IS NULL AND OLD.path IS NEW.path); END",
)


def _of(table: Any, statement: str) -> None:
    event.listen(table, "after_create", DDL(statement))  # type: ignore[no-untyped-call]


_of(LibraryChanges.__table__, FIRST_ROW)
for _statement in TRIGGERS:
    _of(Track.__table__, _statement)
