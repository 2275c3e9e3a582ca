"""Checking a name and a password, not too often."""

import logging

from app.accounts import passwords, queries
from app.accounts.model import User
from app.accounts.throttle import Throttle
from app.db import Database
from app.errors import Invalid
from app.languages.say import say

log = logging.getLogger("inlay.accounts")

WRONG = say("That name and password do not go together. Try again.")


def check_login(db: Database, throttle: Throttle, name: str, password: str, address: str) -> User:
    """The user who signs in. Raises Invalid, alike for unknown names and wrong passwords, or TooMany."""
    account = queries.name_key(name.strip()[: queries.LONGEST_NAME])
    with db.read() as session:
        user = queries.find_user(session, name)
    throttle.admit(account, address)
    # Whoever has no password takes as long as everybody.
    known = (user and user.password_hash) or passwords.NOBODY
    if not passwords.verify(known, password) or user is None:
        # Not the name that was typed: people type their password there, too.
        log.warning("wrong password for %s from %s", f"user {user.id}" if user else "no user", address)
        raise Invalid(WRONG, code="wrong_password")
    throttle.forgive(account, address)
    log.info("user %s signed in from %s", user.id, address)
    _rehash(db, user, password)
    return user


def change_password(
    db: Database, throttle: Throttle, user: User, old: str, new: str, address: str, keep_session: int | None
) -> None:
    """Give the user a new password and end the other sessions. Raises Invalid or TooMany."""
    passwords.check_rules(new, "new")
    account = queries.name_key(user.name)
    throttle.admit(account, address)
    if not passwords.verify(user.password_hash, old):
        sentence = say("That is not your password. Try again.")
        raise Invalid(sentence, code="wrong_password", fields={"old": sentence})
    throttle.forgive(account, address)
    log.info("new password for user %s", user.id)
    hash = passwords.hash_password(new)
    with db.write() as session:
        queries.set_password(session, user.id, hash)
        queries.end_other_sessions(session, user.id, keep_session)


def _rehash(db: Database, user: User, password: str) -> None:
    """Bring the hash up to date: only now is the password there to do it."""
    if not passwords.needs_rehash(user.password_hash):
        return
    hash = passwords.hash_password(password)
    with db.write() as session:
        queries.set_password(session, user.id, hash)
