"""The index of the library: one row per audio file in the library folder."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import DDL, BigInteger, ForeignKey, Index, event, text
from sqlalchemy.orm import Mapped, mapped_column
from uuid6 import uuid7

from app.audio.model import Quality
from app.db import Base, StructJSON, now

PRESENT = text("missing_at IS NULL")


class Reason(StrEnum):
    """By what two tracks are judged to be the same, or nearly so: the first of these that says it."""

    NAMES = "names"
    ISRC = "isrc"
    SOURCE = "source"
    """The same upload, or the same link."""
    SOUND = "sound"


class Track(Base):
    """One file. Its tags are copied here so that lists and searches need not open files."""

    __tablename__ = "tracks"
    __table_args__ = (
        # A deleted file's row stays for a while; its name is free again.
        Index("tracks_path_key", "path_key", unique=True, sqlite_where=PRESENT),
        Index("tracks_path", "path"),
        Index("tracks_newest", "added_at", "id"),
        Index("tracks_file", "inode", "size_bytes"),
        Index("tracks_by_name", "name_key", "id", sqlite_where=PRESENT),
        Index("tracks_by_artist", "artist_key", "artist", sqlite_where=PRESENT),
        Index("tracks_by_release", "album_key", "album_artist_key", sqlite_where=PRESENT),
        Index("tracks_by_album_artist", "album_artist_key", "name_key", sqlite_where=PRESENT),
        Index("tracks_by_lossless", "lossless", "added_at", "id", sqlite_where=PRESENT),
        Index("tracks_by_site", "site", "added_at", "id", sqlite_where=PRESENT),
        Index("tracks_by_user", "user_id", "added_at", "id", sqlite_where=PRESENT),
        # From a word that was found to all that the filters ask, without the row itself.
        Index("tracks_by_seq", "seq", "lossless", "site", "user_id", "added_at", "id"),
        # With `missing_at`, or SQLite would look at each row for it.
        Index("tracks_recording", "artist_key", "title_key", "album_key", "missing_at", sqlite_where=PRESENT),
        Index("tracks_source_url", "source_url"),
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
    error: Mapped[str | None] = mapped_column(default=None)
    """Why the file could not be read, as a sentence."""
    download_id: Mapped[str | None] = mapped_column(default=None, index=True)
    """The download that brought it; None for foreign files."""
    user_id: Mapped[int | None] = mapped_column(default=None)
    """Who added it; None for foreign files."""
    added_at: Mapped[datetime] = mapped_column(default=now)
    missing_at: Mapped[datetime | None] = mapped_column(default=None)
    """When the file was found gone."""

    title_key: Mapped[str] = mapped_column(default="")
    """Equal for titles that mean the same recording, as the other keys are: see `app.tags.keys`."""
    artist_key: Mapped[str] = mapped_column(default="")
    album_key: Mapped[str] = mapped_column(default="")
    album_artist_key: Mapped[str] = mapped_column(default="")
    """Of the artist where no album artist is said."""
    name_key: Mapped[str] = mapped_column(default="")
    """What lists sort by: the title, or the file's name where there is none."""
    lossless: Mapped[bool | None] = mapped_column(default=None)
    """None when the quality is not known."""
    duration_ms: Mapped[int | None] = mapped_column(default=None)
    year: Mapped[int | None] = mapped_column(default=None)
    site: Mapped[str] = mapped_column(default="")
    """The host that it came from, without `www.`; empty for foreign files."""
    title_words: Mapped[str] = mapped_column(default="")
    """As `app.library.words` writes them down for searching; the file's name where there is no title."""
    artist_words: Mapped[str] = mapped_column(default="")
    album_words: Mapped[str] = mapped_column(default="")
    seq: Mapped[int | None] = mapped_column(default=None)
    """The row's number in the search index, in the order of coming. Triggers give it and keep the index."""
    isrc: Mapped[str] = mapped_column(default="", index=True)


class Like(Base):
    """A track that somebody likes."""

    __tablename__ = "likes"
    __table_args__ = (Index("likes_of_track", "track_id"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    track_id: Mapped[str] = mapped_column(ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True)
    liked_at: Mapped[datetime] = mapped_column(default=now)


# The words of every track that is there. `seq` is a column, for VACUUM may give rows other rowids.
# Whoever builds the table anew (Alembic's batch) has to make the triggers again.
SEARCH_INDEX = (
    """
CREATE VIEW tracks_present AS
    SELECT seq, title_words, artist_words, album_words FROM tracks WHERE missing_at IS NULL""",
    """
CREATE VIRTUAL TABLE tracks_fts USING fts5(
    title_words, artist_words, album_words,
    content='tracks_present', content_rowid='seq', columnsize=0, tokenize='trigram'
)""",
    """
CREATE TRIGGER tracks_fts_insert AFTER INSERT ON tracks BEGIN
    UPDATE tracks SET seq = 1 + (SELECT coalesce(max(seq), 0) FROM tracks) WHERE rowid = new.rowid;
    INSERT INTO tracks_fts(rowid, title_words, artist_words, album_words)
        SELECT seq, new.title_words, new.artist_words, new.album_words FROM tracks
        WHERE rowid = new.rowid AND missing_at IS NULL;
END""",
    """
CREATE TRIGGER tracks_fts_delete AFTER DELETE ON tracks WHEN old.missing_at IS NULL BEGIN
    INSERT INTO tracks_fts(tracks_fts, rowid, title_words, artist_words, album_words)
        VALUES ('delete', old.seq, old.title_words, old.artist_words, old.album_words);
END""",
    """
CREATE TRIGGER tracks_fts_update AFTER UPDATE OF title_words, artist_words, album_words, missing_at ON tracks
WHEN (old.title_words, old.artist_words, old.album_words, old.missing_at IS NULL)
    IS NOT (new.title_words, new.artist_words, new.album_words, new.missing_at IS NULL)
BEGIN
    INSERT INTO tracks_fts(tracks_fts, rowid, title_words, artist_words, album_words)
        SELECT 'delete', old.seq, old.title_words, old.artist_words, old.album_words
        WHERE old.missing_at IS NULL;
    INSERT INTO tracks_fts(rowid, title_words, artist_words, album_words)
        SELECT new.seq, new.title_words, new.artist_words, new.album_words
        WHERE new.missing_at IS NULL;
END""",
)
for statement in SEARCH_INDEX:
    event.listen(Track.__table__, "after_create", DDL(statement))  # type: ignore[no-untyped-call]
