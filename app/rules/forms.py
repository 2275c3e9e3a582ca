"""What people and programs hand in about rules: checked, with a sentence that says what to do."""

import re
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.errors import Conflict, Invalid, NotFound
from app.languages.say import say
from app.rules import queries
from app.rules.model import Rule
from app.tags.rules import KINDS, ORDERS, Kind
from app.tags.text import clean, key, squeeze

MAX_CHARS = 300
MOST_RULES = 2_000
EVERYWHERE = ("add_when_ready",)
"""Kinds that may be about a whole site or about everything; all others are about a channel."""
_SITE = re.compile(r"[a-z0-9.:\[\]_-]{1,253}")


@dataclass(frozen=True)
class Wanted:
    """A rule as somebody asked for it, read and checked."""

    kind: Kind
    value: str
    site: str
    channel_name: str


def read_value(kind: Kind, value: str) -> str:
    """The value in its clean form. Raises Invalid for field `value`."""
    if len(value) > MAX_CHARS:
        raise _wrong(say(f"At most {MAX_CHARS} characters fit here."))
    text = squeeze(clean(value, MAX_CHARS))
    if kind.choices:
        if text not in kind.choices and not (kind.pattern and re.fullmatch(kind.pattern, text)):
            raise _wrong(say(f"Choose one of {', '.join(kind.choices)}."))
        return text
    if not kind.label:
        return ""
    if not key(text):
        raise _wrong(say(f"{kind.label}: write something, or delete the rule."))
    return text


def read_rule(kind: str, value: str, site: str, channel_name: str) -> Wanted:
    """A whole rule. Raises Invalid."""
    if kind not in KINDS:
        raise Invalid(f"The kind must be one of {', '.join(KINDS)}.", code="bad_kind")
    if len(channel_name) > MAX_CHARS:
        raise Invalid(f"At most {MAX_CHARS} characters fit here.", code="bad_channel")
    site, channel_name = site.strip().lower(), clean(channel_name)
    if site and not _SITE.fullmatch(site):
        raise Invalid("The site must be a host name such as bandcamp.com.", code="bad_site")
    if kind not in EVERYWHERE and not (site and key(channel_name)):
        raise Invalid("Say which site and channel this rule is about.", code="bad_channel")
    return Wanted(KINDS[kind], read_value(KINDS[kind], value), site, channel_name)


def put(session: Session, user_id: int, wanted: Wanted) -> Rule:
    """Write it down, unless the person has too many."""
    if queries.count(session, user_id) >= MOST_RULES:
        raise Conflict(f"You have {MOST_RULES} rules. Delete some first.", code="too_many_rules")
    return queries.put(
        session,
        user_id,
        wanted.kind.name,
        wanted.value,
        site=wanted.site,
        channel_name=wanted.channel_name,
    )


def own(session: Session, user_id: int, id: str) -> Rule:
    """The user's own rule; any other does not exist."""
    row = queries.by_id(session, id, user_id=user_id)
    if row is None:
        raise NotFound("There is no such rule. It may be deleted already.")
    return row


def change(session: Session, row: Rule, value: str) -> None:
    if row.kind not in KINDS:
        raise Invalid("This can only be deleted.", fields={"value": "This can only be deleted."})
    if row.kind in ORDERS:
        _turn(session, row, value)
    else:
        row.value = read_value(KINDS[row.kind], value)


def _turn(session: Session, row: Rule, order: str) -> None:
    if order not in ORDERS:
        raise _wrong(say(f"Choose one of {', '.join(ORDERS)}."))
    if order != row.kind:
        queries.remove_at(session, row.user_id, row.site, row.channel, order)
        row.kind = order


def _wrong(sentence: str) -> Invalid:
    return Invalid(sentence, code="bad_value", fields={"value": sentence})
