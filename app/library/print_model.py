"""What tracks sound like, and which of them sound the same."""

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class SoundPrint(Base):
    """The print of a track. It counts as long as the track is as long as it was then."""

    __tablename__ = "sound_prints"

    id: Mapped[int] = mapped_column(primary_key=True)
    track_id: Mapped[str] = mapped_column(ForeignKey("tracks.id", ondelete="CASCADE"), unique=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    mtime_ns: Mapped[int] = mapped_column(BigInteger)
    """Of the file that it was made of. Other ones: it is to be made anew, although new tags may be all."""
    duration_ms: Mapped[int | None]
    found: Mapped[bytes]
    """As `app.audio.alike` packs it; empty for what has none."""


class SoundWord(Base):
    """A word of a print: see `app.audio.alike`."""

    __tablename__ = "sound_words"
    __table_args__ = (Index("sound_words_found", "word", "print_id"), {"sqlite_with_rowid": False})

    print_id: Mapped[int] = mapped_column(
        ForeignKey("sound_prints.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    word: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class SoundAlike(Base):
    """Two tracks that sound the same, written down both ways."""

    __tablename__ = "sound_alike"
    __table_args__ = (Index("sound_alike_other", "other_id"), {"sqlite_with_rowid": False})

    track_id: Mapped[str] = mapped_column(ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True)
    other_id: Mapped[str] = mapped_column(ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True)
