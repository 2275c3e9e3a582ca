"""People whom somebody else vouches for: a reverse proxy by their name, an OpenID provider by its own id.

Neither ever makes an admin, nor the first user: who that is was decided at `/setup`, by somebody who had a
password to choose, and not by whoever the proxy let in first.
"""

import logging

from app.accounts import queries
from app.accounts.model import User
from app.db import Database
from app.errors import Conflict, Invalid, NotAllowed
from app.settings import Settings

log = logging.getLogger("inlay.accounts")

NO_PASSWORD = ""
"""The hash of a user who has none: no password fits it."""


def user_of_proxy(db: Database, settings: Settings, name: str) -> User | None:
    """The user of that name, made if the settings say so. None while there is nobody at all.

    The name alone counts: the proxy is the installation's own and speaks for every user. Raises NotAllowed.
    """
    with db.read() as session:
        found = queries.find_user(session, name)
        if found or not queries.any_user(session):
            return found
    if settings.create_users != "yes":
        raise NotAllowed(
            f"Your reverse proxy signs you in as {name}, but Inlay has no user of that name. "
            "Ask an admin to add one.",
            code="unknown_user",
        )
    return make_user(db, name)


def make_user(db: Database, name: str) -> User:
    """Somebody without a password. Raises NotAllowed for a name that cannot be one."""
    try:
        name = queries.clean_name(name)
    except Invalid as error:
        raise NotAllowed(
            f"Your sign-in names you in a way that cannot be a user's name here. {error.message}",
            code="unknown_user",
        ) from error
    try:
        with db.write() as session:
            user = queries.create_user(session, name, NO_PASSWORD, is_admin=False)
    except Conflict:
        # A page asks for several things at once, and each of them was the first.
        with db.read() as session:
            known = queries.find_user(session, name)
        if known is None:
            raise
        return known
    log.info("user %r created: the reverse proxy or OpenID provider named them", user.name)
    return user
