"""The first user, who is an admin: from the setup page, the command line or the settings."""

import logging

from app.accounts import passwords, queries
from app.accounts.model import User
from app.db import Database
from app.errors import NotFound
from app.settings import Settings

log = logging.getLogger("inlay.accounts")


def is_set_up(db: Database) -> bool:
    """Is there a user already?"""
    with db.read() as session:
        return queries.any_user(session)


def create_first_admin(db: Database, name: str, password: str) -> User | None:
    """None when somebody was there before. Raises Invalid."""
    name = queries.clean_name(name)
    passwords.check_rules(password)
    hash = passwords.hash_password(password)
    with db.write() as session:
        return queries.create_first_admin(session, name, hash)


def create_user(db: Database, name: str, password: str, *, is_admin: bool) -> User:
    """The first user of all becomes an admin in any case. Raises Invalid or Conflict."""
    name = queries.clean_name(name)
    passwords.check_rules(password)
    hash = passwords.hash_password(password)
    with db.write() as session:
        first = not queries.any_user(session)
        return queries.create_user(session, name, hash, is_admin=is_admin or first)


def reset_password(db: Database, name: str, password: str) -> User:
    """A new password for somebody who forgot theirs; their sessions end. Raises Invalid or NotFound."""
    passwords.check_rules(password)
    hash = passwords.hash_password(password)
    with db.write() as session:
        user = queries.find_user(session, name)
        if user is None:
            raise NotFound(f"There is no user {name!r}.")
        queries.set_password(session, user.id, hash)
        queries.end_other_sessions(session, user.id, keep=None)
    return user


def ensure_admin(db: Database, settings: Settings) -> None:
    """Create the admin that the settings name, at the first start only. Raises Invalid."""
    if not settings.admin_user or is_set_up(db):
        return
    user = create_first_admin(db, settings.admin_user, settings.admin_password)
    if user:
        log.info("first admin %r created from INLAY_ADMIN_USER", user.name)
