"""People whom somebody else vouches for: a reverse proxy by their name, an OpenID provider by its own id.

Neither ever makes an admin, nor the first user: who that is was decided at `/setup`, by somebody who had a
password to choose, and not by whoever the proxy let in first.
"""

import logging

from app.accounts import identity_queries, queries
from app.accounts.model import User
from app.accounts.oidc import Person
from app.db import Database
from app.errors import Conflict, Invalid, NotAllowed
from app.languages.say import say
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


def user_of_provider(db: Database, settings: Settings, person: Person) -> User:
    """The user who is connected with this person, made if the settings say so.

    A user who has that name already is somebody else until they connect it themselves. Raises NotAllowed.
    """
    with db.write() as session:
        if found := identity_queries.find_user(session, person.issuer, person.subject):
            return found
        if settings.create_users != "yes":
            raise NotAllowed(_unknown(settings.oidc_name, person.name), code="unknown_user")
        name = _usable(person.name or f"user {person.subject}"[: queries.LONGEST_NAME])
        if queries.find_user(session, name):
            raise NotAllowed(
                f"There is already a user called {name} here. If that is you, sign in with your password and "
                f"connect {settings.oidc_name} in the settings. Otherwise ask an admin.",
                code="name_taken",
            )
        user = queries.create_user(session, name, NO_PASSWORD, is_admin=False)
        identity_queries.add(session, user.id, person.issuer, person.subject, person.name)
    log.info("user %r created: the OpenID provider named them", user.name)
    return user


def _unknown(provider: str, name: str) -> str:
    if name:
        return say(
            f"{provider} knows you as {name}, but no user here is connected with that. Sign in "
            "with your password and connect it in the settings, or ask an admin to add you."
        )
    return say(
        f"{provider} knows you, but no user here is connected with that. Sign in "
        "with your password and connect it in the settings, or ask an admin to add you."
    )


def connect(db: Database, settings: Settings, user_id: int, person: Person) -> None:
    """From now on this person signs in as that user. Raises Conflict."""
    with db.write() as session:
        known = identity_queries.find_user(session, person.issuer, person.subject)
        if known and known.id == user_id:
            return
        if known:
            raise Conflict(f"Another user here is connected with that account of {settings.oidc_name}.")
        identity_queries.drop(session, user_id, person.issuer)
        identity_queries.add(session, user_id, person.issuer, person.subject, person.name)


def disconnect(db: Database, settings: Settings, user: User) -> None:
    """Raises Conflict when the user could not sign in any more."""
    if not user.password_hash:
        raise Conflict(
            "You have no password here, so you could not sign in any more. Ask an admin for one first."
        )
    with db.write() as session:
        identity_queries.drop(session, user.id, settings.oidc_issuer)


def make_user(db: Database, name: str) -> User:
    """Somebody without a password. Raises NotAllowed for a name that cannot be one."""
    name = _usable(name)
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
    log.info("user %r created: the reverse proxy named them", user.name)
    return user


def _usable(name: str) -> str:
    try:
        return queries.clean_name(name)
    except Invalid as error:
        raise NotAllowed(
            f"Your sign-in names you in a way that cannot be a user's name here. {error.message}",
            code="unknown_user",
        ) from error
