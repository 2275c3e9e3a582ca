"""Users, their sessions and their API tokens."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, now


class Scope(StrEnum):
    """What an API token may do: hand in links, or everything its user may."""

    SUBMIT = "submit"
    FULL = "full"


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    """Compared without case; kept as typed."""
    name_key: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    is_admin: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=now)
    conflict: Mapped[str | None] = mapped_column(default=None)
    """What to do with a track that is there already; None: as the setting says."""
    language: Mapped[str] = mapped_column(default="")
    """A code of `app.languages`; empty: as the browser says."""


class LoginSession(Base):
    """One signed-in browser. Only the hash of its cookie is kept."""

    __tablename__ = "sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    device: Mapped[str] = mapped_column(default="")
    """What the browser said it is, shortened."""
    created_at: Mapped[datetime] = mapped_column(default=now)
    seen_at: Mapped[datetime] = mapped_column(default=now)
    """Written at most every 15 minutes."""
    expires_at: Mapped[datetime]


class SignInLink(Base):
    """A link that signs a phone in, once and soon. One for each user; only the hash of its code is kept."""

    __tablename__ = "sign_in_links"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    code_hash: Mapped[str] = mapped_column(unique=True)
    expires_at: Mapped[datetime]


class Token(Base):
    """An API token. Only its hash is kept; the token itself is shown once."""

    __tablename__ = "tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    scope: Mapped[str] = mapped_column(default=Scope.FULL)
    label: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=now)
    used_at: Mapped[datetime | None] = mapped_column(default=None)


class Identity(Base):
    """Who a user is at an OpenID provider. The pair is what counts: names and addresses change hands."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    issuer: Mapped[str]
    subject: Mapped[str]
    name: Mapped[str] = mapped_column(default="")
    """What the provider called them when they were connected: for the settings page only."""
    created_at: Mapped[datetime] = mapped_column(default=now)
