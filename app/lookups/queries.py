"""Every look at and change of kept answers. The session comes first; missing is None."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from app.db import now
from app.lookups.model import Lookup


def answer(session: Session, service: str, key: str) -> Lookup | None:
    return session.get(Lookup, (service, key))


def kept(session: Session, service: str, keys: Collection[str]) -> dict[str, tuple[bool, datetime]]:
    """By key, without the answers: whether the service knew something, and when it was asked."""
    if not keys:
        return {}
    query = select(Lookup.key, Lookup.answer.is_not(None), Lookup.fetched_at)
    rows = session.execute(query.where(Lookup.service == service, Lookup.key.in_(keys)))
    return {key: (there, fetched_at) for key, there, fetched_at in rows}


def keep(session: Session, service: str, key: str, answer: Any | None) -> None:
    """Keep this answer in place of an earlier one."""
    row = {"answer": answer, "fetched_at": now()}
    query = insert(Lookup).values(service=service, key=key, **row)
    session.execute(query.on_conflict_do_update(index_elements=["service", "key"], set_=row))


def forget(session: Session, *, before: datetime) -> None:
    """Answers that are too old to be given again."""
    session.execute(delete(Lookup).where(Lookup.fetched_at < before))
