"""What was done to the library: its trash, and a journal of changes that can be ended after a crash."""

from datetime import datetime
from enum import StrEnum

import msgspec
from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column
from uuid6 import uuid7

from app.audio.model import Quality
from app.db import Base, StructJSON, now
from app.tags.model import Tags


class Kind(StrEnum):
    EDITED = "edited"
    """Other tags in the same file."""
    REPLACED = "replaced"
    """Another file for the same track; the old one is in the trash."""
    DELETED = "deleted"
    """In the trash."""
    RESTORED = "restored"
    """Back from the trash."""


class Place(StrEnum):
    """Where a file of the trash is."""

    LEAVING = "leaving"
    """Between library and trash; a change that is under way says so."""
    KEPT = "kept"
    RETURNING = "returning"
    """Between trash and library."""
    RESTORED = "restored"
    GONE = "gone"


class Snapshot(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the index knows of a file besides where it is."""

    tags: Tags = Tags()
    has_cover: bool = False
    quality: Quality | None = None
    source_quality: Quality | None = None
    download_id: str | None = None
    user_id: int | None = None


class Trashed(Base):
    """A file that left the library. As long as it is kept, its track's row in the index is kept for it."""

    __tablename__ = "trashed"
    __table_args__ = (
        Index("trashed_by_place", "place", "trashed_at"),
        Index("trashed_of_track", "track_id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=lambda: str(uuid7()))
    track_id: Mapped[str]
    path: Mapped[str]
    """That it had in the library, as `paths.to_text` writes it."""
    name: Mapped[str]
    """In the trash folder."""
    sha256: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    held: Mapped[Snapshot] = mapped_column(StructJSON(Snapshot))
    """What was in it, and where that came from."""
    reason: Mapped[str]
    """The kind of change that brought it here: deleted or replaced."""
    place: Mapped[Place] = mapped_column(default=Place.LEAVING)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), default=None)
    """Who did it."""
    trashed_at: Mapped[datetime] = mapped_column(default=now)
    gone_at: Mapped[datetime | None] = mapped_column(default=None)
    restored_at: Mapped[datetime | None] = mapped_column(default=None)


class Change(Base):
    """One change to a track of the library. Until `done_at` it is under way; its id names hidden files."""

    __tablename__ = "changes"
    __table_args__ = (
        # While a change of a track is under way no other one begins.
        Index("changes_under_way", "track_id", unique=True, sqlite_where=text("done_at IS NULL")),
        Index("changes_of_user", "user_id", "id"),
        Index("changes_of_track", "track_id", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=lambda: str(uuid7()))
    kind: Mapped[Kind]
    track_id: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), default=None)
    path_before: Mapped[str | None] = mapped_column(default=None)
    path_after: Mapped[str | None] = mapped_column(default=None)
    sha256_before: Mapped[str | None] = mapped_column(default=None)
    sha256_after: Mapped[str | None] = mapped_column(default=None)
    before: Mapped[Snapshot | None] = mapped_column(StructJSON(Snapshot), default=None)
    after: Mapped[Snapshot | None] = mapped_column(StructJSON(Snapshot), default=None)
    trashed_id: Mapped[str | None] = mapped_column(default=None)
    """What this change brought to the trash."""
    from_trash_id: Mapped[str | None] = mapped_column(default=None)
    """What this change brought back from the trash."""
    owner: Mapped[str | None] = mapped_column(default=None, index=True)
    """Who asked for it, in their own words: whoever asks twice is answered once."""
    undoes: Mapped[str | None] = mapped_column(default=None)
    """The change that this one takes back."""
    at: Mapped[datetime] = mapped_column(default=now)
    done_at: Mapped[datetime | None] = mapped_column(default=None)
    undone_at: Mapped[datetime | None] = mapped_column(default=None)
