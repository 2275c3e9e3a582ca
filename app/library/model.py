"""The index of the library: one row per audio file in the library folder."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, text
from sqlalchemy.orm import Mapped, mapped_column
from uuid6 import uuid7

from app.audio.model import Quality
from app.db import Base, StructJSON, now


class Track(Base):
    """One file. Its tags are copied here so that lists and searches need not open files."""

    __tablename__ = "tracks"
    __table_args__ = (
        # A deleted file's row stays for a while; its name is free again.
        Index("tracks_path_key", "path_key", unique=True, sqlite_where=text("missing_at IS NULL")),
        Index("tracks_path", "path"),
        Index("tracks_newest", "added_at", "id"),
        Index("tracks_file", "inode", "size_bytes"),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=lambda: str(uuid7()))
    path: Mapped[str]
    """Relative to the library folder, with forward slashes."""
    path_key: Mapped[str]
    """The path as a case-insensitive file system would see it."""
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    mtime_ns: Mapped[int] = mapped_column(BigInteger)
    inode: Mapped[int] = mapped_column(BigInteger)
    title: Mapped[str] = mapped_column(default="")
    artist: Mapped[str] = mapped_column(default="")
    album: Mapped[str] = mapped_column(default="")
    album_artist: Mapped[str] = mapped_column(default="")
    track_no: Mapped[int | None] = mapped_column(default=None)
    disc_no: Mapped[int | None] = mapped_column(default=None)
    date: Mapped[str] = mapped_column(default="")
    genre: Mapped[str] = mapped_column(default="")
    source_url: Mapped[str] = mapped_column(default="")
    source_id: Mapped[str] = mapped_column(default="", index=True)
    has_cover: Mapped[bool] = mapped_column(default=False)
    quality: Mapped[Quality | None] = mapped_column(StructJSON(Quality), default=None)
    source_quality: Mapped[Quality | None] = mapped_column(StructJSON(Quality), default=None)
    """What the source sent, before any conversion of ours. None for foreign files."""
    search: Mapped[str] = mapped_column(default="")
    """Title, artist and album, folded for searching."""
    error: Mapped[str | None] = mapped_column(default=None)
    """Why the file could not be read, as a sentence."""
    download_id: Mapped[str | None] = mapped_column(default=None, index=True)
    """The download that brought it; None for foreign files."""
    user_id: Mapped[int | None] = mapped_column(default=None)
    """Who added it; None for foreign files."""
    added_at: Mapped[datetime] = mapped_column(default=now)
    missing_at: Mapped[datetime | None] = mapped_column(default=None)
    """When the file was found gone."""
