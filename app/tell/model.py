"""Hooks: who is told of what, and how that went; the outbox: what they have not been told yet."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column
from uuid6 import uuid7

from app.db import Base, StructJSON, now
from app.library.change_count import Changes

SERVERS = ("subsonic", "jellyfin", "plex")
"""Media servers: the installation's, seen to by its admins. They are told that the library changed."""
NOTIFICATION = "apprise"
"""For people, unlike a webhook; what has come together goes into one message."""
PUSH = "push"
"""Also for people: a notification that a browser of theirs shows."""
PEOPLE = (NOTIFICATION, PUSH)
EVENTS = ("ready", "done", "failed", "library")
"""What a person may want to hear of: their downloads, and the library, which is everybody's."""


class Hook(Base):
    """One place that is told. `secret` and, but for media servers, `address` are never shown again."""

    __tablename__ = "hooks"

    id: Mapped[str] = mapped_column(primary_key=True, default=lambda: str(uuid7()))
    kind: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    """Whose it is; None: the installation's."""
    address: Mapped[str]
    login: Mapped[str] = mapped_column(default="")
    """Subsonic: the user. Plex: the section. Push: our own address, as the browser knows it."""
    secret: Mapped[str] = mapped_column(default="")
    """A token or key; of a Subsonic password only what is made of it. Push: the browser's two keys."""
    events: Mapped[str] = mapped_column(default="")
    """Words of EVENTS with commas between them; media servers have none."""
    told: Mapped[Changes] = mapped_column(StructJSON(Changes), default=Changes)
    """As much of the library's changes as it knows of."""
    failures: Mapped[int] = mapped_column(default=0)
    """How often in a row it could not be told."""
    retry_at: Mapped[datetime | None] = mapped_column(default=None)
    ok_at: Mapped[datetime | None] = mapped_column(default=None)
    failed_at: Mapped[datetime | None] = mapped_column(default=None)
    message: Mapped[str] = mapped_column(default="")
    """How it went the last time, as a sentence."""
    created_at: Mapped[datetime] = mapped_column(default=now)
    session_id: Mapped[int | None] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    """Push: the signed-in browser. However its session ends, it is told nothing more."""

    @property
    def wanted(self) -> tuple[str, ...]:
        return tuple(self.events.split(",")) if self.events else ()

    @property
    def wants_library(self) -> bool:
        return self.kind in SERVERS or "library" in self.wanted


class Message(Base):
    """What one hook has not been told yet. Its id stays the same however often it is sent."""

    __tablename__ = "outbox"

    id: Mapped[str] = mapped_column(primary_key=True, default=lambda: str(uuid7()))
    hook_id: Mapped[str] = mapped_column(ForeignKey("hooks.id", ondelete="CASCADE"), index=True)
    event: Mapped[str]
    subject: Mapped[str] = mapped_column(default="")
    """The id of the download that it is about."""
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The facts, as they were at that moment."""
    created_at: Mapped[datetime] = mapped_column(default=now)
    tries: Mapped[int] = mapped_column(default=0)
