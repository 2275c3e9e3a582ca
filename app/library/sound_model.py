"""What was found out about the sound of tracks, and which of them still have to be measured."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.audio.spectrum import Spectrum
from app.db import Base, StructJSON


class Spectra(Base):
    """The spectrum of a track's file, as long as it is this file."""

    __tablename__ = "spectra"

    track_id: Mapped[str] = mapped_column(ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    mtime_ns: Mapped[int] = mapped_column(BigInteger)
    found: Mapped[Spectrum] = mapped_column(StructJSON(Spectrum))


class Unmeasured(Base):
    """A track whose loudness is to be measured, and that of its album."""

    __tablename__ = "unmeasured"
    __table_args__ = (Index("unmeasured_due", "due_at"),)

    track_id: Mapped[str] = mapped_column(ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True)
    due_at: Mapped[datetime]
    """Not before: until then an undo wants to find the file as it was added."""
    tries: Mapped[int] = mapped_column(default=0)
