"""How tracks are to be named, as an admin chose; and renamings of the whole library, move by move."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column
from uuid6 import uuid7

from app.db import Base, now


class Choice(Base):
    """Something that an admin chose for the whole installation."""

    __tablename__ = "choices"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)


class Stage(StrEnum):
    PLANNED = "planned"
    """Its moves are being written down."""
    RUNNING = "running"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"


UNDER_WAY = (Stage.RUNNING, Stage.UNDOING)


class Renaming(Base):
    """One renaming of the library. Only the latest can be undone."""

    __tablename__ = "renamings"

    id: Mapped[str] = mapped_column(primary_key=True, default=lambda: str(uuid7()))
    stage: Mapped[Stage] = mapped_column(default=Stage.PLANNED)
    template: Mapped[str]
    message: Mapped[str] = mapped_column(default="")
    """Why it does not go on just now, as a sentence."""
    created_at: Mapped[datetime] = mapped_column(default=now)
    ended_at: Mapped[datetime | None] = mapped_column(default=None)


class Done(StrEnum):
    NOT_YET = "not_yet"
    MOVED = "moved"
    STOPPED = "stopped"
    """A person did not want it any more."""
    LEFT = "left"
    """It could not be moved; `reason` says why."""
    BACK = "back"
    KEPT = "kept"
    """It could not be moved back."""


class Move(Base):
    """One step: a file gets another path. A track whose name is still taken takes two, by a hidden name."""

    __tablename__ = "moves"
    __table_args__ = (Index("moves_open", "renaming_id", "done", "position"),)

    renaming_id: Mapped[str] = mapped_column(ForeignKey("renamings.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    track_id: Mapped[str | None] = mapped_column(default=None)
    """None: the picture beside an album."""
    source: Mapped[str]
    target: Mapped[str]
    done: Mapped[Done] = mapped_column(default=Done.NOT_YET)
    reason: Mapped[str] = mapped_column(default="")
    size_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    mtime_ns: Mapped[int] = mapped_column(BigInteger, default=0)
    """As the file was when it was moved: who finds it otherwise later lets it be."""

    source_now = ""
    """Where it was brought back to, if that is not its source: for whoever has just done so."""
