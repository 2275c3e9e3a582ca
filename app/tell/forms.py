"""What people hand in about hooks: checked, with a sentence that says what to do."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from app.accounts.model import User
from app.errors import Conflict, Invalid, NotAllowed, NotFound
from app.languages.say import say
from app.library import change_count
from app.sources.addresses import read_host
from app.tell import notify, queries, servers, webhook
from app.tell.model import EVENTS, NOTIFICATION, PUSH, SERVERS, Hook

MOST_HOOKS = 20
LONGEST_ADDRESS = 1_000
LONGEST_SECRET = 500
KINDS = (*SERVERS, "webhook", NOTIFICATION)

Data = Mapping[str, str]


def new(session: Session, user: User, data: Data) -> tuple[Hook, str]:
    """A hook as somebody asked for it, and the secret that is to be shown this once (empty: none)."""
    kind = data.get("kind", "")
    if kind not in KINDS:
        raise Invalid("Choose what is to be told.", code="bad_kind")
    owner = None if kind in SERVERS else user.id
    if owner is None and not user.is_admin:
        raise NotAllowed("Only admins set up media servers.")
    if kind == NOTIFICATION and not notify.is_installed():
        sentence = say("Apprise is not installed here. Install Inlay with the extra “notify”.")
        raise Conflict(sentence, code="not_installed")
    if queries.count(session, owner) >= MOST_HOOKS:
        raise Conflict(f"There are {MOST_HOOKS} of them. Delete one first.", code="too_many_hooks")
    hook = Hook(kind=kind, user_id=owner, address="", told=change_count.count(session))
    shown = ""
    if kind == "webhook" and not data.get("secret", "").strip():
        shown = hook.secret = webhook.new_secret()
    change(hook, data)
    session.add(hook)
    session.flush()
    return hook, shown


def own(session: Session, user: User, id: str) -> Hook:
    """One that this user sees to; any other does not exist."""
    hook = queries.by_id(session, id)
    if hook is None or not (hook.user_id == user.id or (hook.user_id is None and user.is_admin)):
        raise NotFound("There is no such entry. It may be deleted already.")
    return hook


def change(hook: Hook, data: Data) -> None:
    """Other values; address and key stay when nothing is typed. Raises Invalid."""
    if hook.kind == PUSH:
        raise NotFound("A device has nothing to be changed. Remove it, and turn it on again over there.")
    address = data.get("address", "").strip()
    secret = data.get("secret", "")
    if address or not hook.address:
        address = _address(hook.kind, address)
        moved = hook.address and _place(hook.address) != _place(address)
        if moved and hook.kind in SERVERS and not secret:
            raise _wrong("secret", say("Enter it again, since the address is another one."))
        hook.address = address
    if hook.kind == "subsonic":
        hook.login = _login(data.get("login", ""), hook.login)
    elif hook.kind == "plex":
        hook.login = _section(data.get("login", "") or hook.login)
    if hook.kind != NOTIFICATION and (secret or not hook.secret):
        hook.secret = _secret(hook.kind, secret)
    if hook.kind not in SERVERS:
        events = [name for name in EVENTS if data.get(name)]
        if not events:
            raise _wrong("events", say("Choose at least one thing to be told of."))
        hook.events = ",".join(events)
    hook.failures, hook.retry_at = 0, None


def _address(kind: str, text: str) -> str:
    """An http address, or one of Apprise. Raises Invalid."""
    plain = kind in SERVERS
    if not text.isascii() or len(text) > LONGEST_ADDRESS or re.search(r"[\x00-\x20\x7f]", text):
        raise _wrong("address", say("Write an address without blanks, such as http://192.168.1.20:4533."))
    if kind == NOTIFICATION:
        return notify.read_url(text)
    try:
        parts = urlsplit(text)
        read_host(parts.hostname or "")
        fits = parts.scheme in ("http", "https") and (parts.port or 1) > 0
    except ValueError:
        fits = False
    if not fits:
        raise _wrong("address", say("Write the whole address, such as http://192.168.1.20:4533."))
    if parts.username is not None or parts.password is not None:
        raise _wrong("address", say("Write the address without a login in it."))
    if parts.fragment or (plain and parts.query):
        raise _wrong("address", say("Write the address without “#” or “?”."))
    return text.rstrip("/") if plain else text


def _place(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return parts.scheme, parts.netloc


def _login(text: str, before: str) -> str:
    name = text.strip() or before
    if not name or len(name) > 200:
        raise _wrong("login", say("Enter the name of a user of that server."))
    return name


def _section(text: str) -> str:
    if not re.fullmatch(r"[0-9]{1,9}|all", text.strip()):
        raise _wrong("login", say("Enter the number of the music section, or “all”."))
    return text.strip()


def _secret(kind: str, text: str) -> str:
    if not text or len(text) > LONGEST_SECRET:
        raise _wrong("secret", say("Enter it; it is not shown again."))
    if kind == "subsonic":
        return servers.subsonic_secret(text)
    text = text.strip()
    if not text.isascii() or not text.isprintable() or not text or '"' in text or " " in text:
        raise _wrong(
            "secret", say("This does not look like a key: it has blanks or letters that keys do not have.")
        )
    return text


def _wrong(field: str, sentence: str) -> Invalid:
    return Invalid(sentence, code=f"bad_{field}", fields={field: sentence})
