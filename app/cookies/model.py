"""One person's cookies of one site, sealed, and how the site took them."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column
from uuid6 import uuid7

from app.db import Base, now


class Answer(StrEnum):
    """What became of them the last time that it could be told."""

    NONE = ""
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNREADABLE = "unreadable"
    """Sealed with the secret of another installation: a database that was restored without its secret."""


class SiteCookies(Base):
    """Values are in `sealed` alone, and leave it only for a download of their owner's. See seal.py."""

    __tablename__ = "site_cookies"
    __table_args__ = (UniqueConstraint("user_id", "site"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=lambda: str(uuid7()))
    """Another one each time that they are saved: what a download finds out about old ones is not of these."""
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    site: Mapped[str]
    """Registrable domain of the cookies themselves."""
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    count: Mapped[int]
    ends_at: Mapped[datetime | None] = mapped_column(default=None)
    """When the last of them expires; None: some never do."""
    added_at: Mapped[datetime] = mapped_column(default=now)
    used_at: Mapped[datetime | None] = mapped_column(default=None)
    answer: Mapped[str] = mapped_column(default=Answer.NONE)
