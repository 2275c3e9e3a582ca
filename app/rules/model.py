"""A rule of one user: about a channel, about a whole site (no channel), or about everything (no site)."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column
from uuid6 import uuid7

from app.db import Base, now


class Rule(Base):
    __tablename__ = "rules"
    __table_args__ = (Index("rules_of_channel", "user_id", "site", "channel", "kind", unique=True),)

    id: Mapped[str] = mapped_column(primary_key=True, default=lambda: str(uuid7()))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[str]
    """What it does, such as `artist_is`; see `app.tags.rules`."""
    site: Mapped[str]
    """Registrable domain; empty: any."""
    channel: Mapped[str]
    """The channel's name in the form in which two equal names are equal; empty: any."""
    channel_name: Mapped[str]
    """As the site writes it, for the person."""
    value: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)
