"""Signed-in browsers and API tokens: random secrets that only their holder knows; we keep the hash."""

import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.accounts import queries
from app.accounts.model import Scope, Token
from app.db import Database, now
from app.errors import Invalid
from app.languages.say import say

COOKIE = "inlay_session"
LIFETIME = timedelta(days=30)
LINK_LIFETIME = timedelta(minutes=10)
MOST_TOKENS = 50
SEEN_EVERY = timedelta(minutes=15)
EXPIRED_KEPT = timedelta(days=400)
"""A clock that is a year ahead for a while must sign nobody out for good."""
TOKEN_PREFIX = "inlay_"
LONGEST_LABEL = 60
LONGEST_DEVICE = 60


def hashed(token: str) -> str:
    # The tokens are 256 random bits: there is nothing to guess, so a fast hash without salt is right.
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def start(session: Session, user_id: int, user_agent: str, now: datetime, old: str | None = None) -> str:
    """Sign a browser in. Returns the cookie's value: always a new one; `old`, what it had before, ends."""
    token = secrets.token_urlsafe(32)
    if old:
        queries.end_session_by_hash(session, hashed(old))
    queries.drop_expired_sessions(session, user_id, now - EXPIRED_KEPT)
    queries.add_session(session, user_id, hashed(token), device_name(user_agent), now, now + LIFETIME)
    return token


def is_due(seen_at: datetime | None, now: datetime) -> bool:
    """Is it time to write down again that this was seen? Keeps an idle page from wearing out the disk.

    Also when it was seen in the future: the clock has been put right, and the lifetime with it.
    """
    return seen_at is None or abs(now - seen_at) >= SEEN_EVERY


def create_token(session: Session, user_id: int, scope: Scope, label: str) -> tuple[Token, str]:
    """A new API token: its row, and the token itself, which nobody can read again later."""
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    label = " ".join(label.split())[:LONGEST_LABEL] or say("API token")
    return queries.add_token(session, user_id, hashed(token), scope, label), token


def new_token(db: Database, user_id: int, scope: str, label: str) -> str:
    """A new API token of a person who asked for it. Raises Invalid when it is one too many."""
    if scope not in tuple(Scope):
        raise Invalid("Choose what the token may do.")
    with db.write() as session:
        if queries.count_tokens(session, user_id) >= MOST_TOKENS:
            raise Invalid(f"You have {MOST_TOKENS} tokens. Revoke one that you no longer use first.")
        return create_token(session, user_id, Scope(scope), label)[1]


def make_sign_in_link(db: Database, user_id: int) -> str:
    """The code of a link that signs one phone in as this user, once and within minutes."""
    code = secrets.token_urlsafe(16)
    with db.write() as session:
        queries.put_sign_in_link(session, user_id, hashed(code), now() + LINK_LIFETIME)
    return code


def form_token(secret: bytes, session_token: str) -> str:
    """What a form of this session carries, to show that the page came from us."""
    message = b"inlay form\0" + session_token.encode("utf-8", "surrogatepass")
    return hmac.new(secret, message, hashlib.sha256).hexdigest()


def same(expected: str, given: str) -> bool:
    """Compares secrets without telling by its time how much of them is right. Nothing never matches."""
    return bool(expected) and hmac.compare_digest(
        expected.encode("utf-8", "surrogatepass"), given.encode("utf-8", "surrogatepass")
    )


_BROWSERS = (
    ("Edge", r"\bEdg(e|A|iOS)?/"),
    ("Opera", r"\bOPR/"),
    ("Samsung Internet", r"\bSamsungBrowser/"),
    ("Firefox", r"\b(Firefox|FxiOS)/"),
    ("Chrome", r"\b(Chrome|Chromium|CriOS|HeadlessChrome)/"),
    ("Safari", r"\bSafari/"),
)
_SYSTEMS = (
    ("iPhone", r"\biPhone\b"),
    ("iPad", r"\biPad\b"),
    ("Android", r"\bAndroid\b"),
    ("Windows", r"\bWindows\b"),
    ("Mac", r"\bMacintosh\b"),
    ("ChromeOS", r"\bCrOS\b"),
    ("Linux", r"\bLinux\b"),
)


def device_name(user_agent: str) -> str:
    """“Firefox on Linux”, or the beginning of what the browser says it is."""
    browser, system = (_first(table, user_agent) for table in (_BROWSERS, _SYSTEMS))
    if browser and system:
        return say(f"{browser} on {system}")
    seen = "".join(one for one in user_agent[:LONGEST_DEVICE] if one.isprintable()).strip()
    return browser or system or seen or say("Unknown device")


def _first(table: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((name for name, pattern in table if re.search(pattern, user_agent)), "")
