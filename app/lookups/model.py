"""What the services answered, kept so that no question is asked twice."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, now


class Lookup(Base):
    """One answer, reduced to what we use of it."""

    __tablename__ = "lookups"
    __table_args__ = (Index("lookups_oldest", "fetched_at"),)

    service: Mapped[str] = mapped_column(primary_key=True)
    """Who was asked, or `found`: what all of them together came to."""
    key: Mapped[str] = mapped_column(primary_key=True)
    """The question, without keys and other secrets."""
    answer: Mapped[Any | None] = mapped_column(JSON(none_as_null=True), default=None)
    """None: the service knows nothing."""
    fetched_at: Mapped[datetime] = mapped_column(default=now)
