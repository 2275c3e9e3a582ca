"""Answers kept in the database: who asks the same again gets the same, and nobody is bothered."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any, TypeVar

import msgspec

from app.db import Database, now
from app.errors import DatabaseTrouble
from app.lookups import queries
from app.lookups.model import Lookup

log = logging.getLogger("inlay.lookups")

T = TypeVar("T")

FOUND_FOR = timedelta(days=30)
MISSING_FOR = timedelta(days=1)
"""What a service does not know today, somebody may add tomorrow."""
LONGEST_KEY = 300


@dataclass(frozen=True)
class Cache:
    db: Database

    def get(self, service: str, key: str, type: type[T], ask: Callable[[], T | None]) -> T | None:
        """The kept answer, or what `ask` says, kept. None and an empty list mean: nothing is known.

        What `ask` raises is not kept.
        """
        key = short(key)
        with self.db.read() as session:
            row = queries.answer(session, service, key)
        if row and (kept := read(row, type)) is not None:
            return kept[0]
        answer = ask() or None
        self.keep(service, key, answer)
        return answer

    def keep(self, service: str, key: str, answer: Any | None) -> None:
        """Keep an answer, and forget old ones by the way. A database that refuses is no reason to stop."""
        try:
            with self.db.write() as session:
                queries.forget(session, before=now() - FOUND_FOR)
                queries.keep(session, service, short(key), msgspec.to_builtins(answer))
        except DatabaseTrouble:
            log.warning("%s: the answer was not kept", service)


def read(row: Lookup, type: type[T], *, missing_for: timedelta = MISSING_FOR) -> tuple[T | None] | None:
    """The answer in this row, in a tuple; None when there is none that may still be given."""
    age = now() - row.fetched_at
    if age > (FOUND_FOR if row.answer is not None else missing_for):
        return None
    if row.answer is None:
        return (None,)
    try:
        return (msgspec.convert(row.answer, type),)
    except msgspec.ValidationError:
        # Kept by another version of Inlay.
        return None


def short(key: str) -> str:
    return key if len(key) <= LONGEST_KEY else sha256(key.encode()).hexdigest()
