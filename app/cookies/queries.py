"""Every query about people's cookies. The session comes first, and whose they are second."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.cookies.model import Answer, SiteCookies
from app.db import changed_rows, now


def of_user(session: Session, user_id: int) -> Sequence[SiteCookies]:
    query = select(SiteCookies).where(SiteCookies.user_id == user_id).order_by(SiteCookies.site)
    return session.scalars(query).all()


def of_sites(session: Session, user_id: int, sites: Collection[str]) -> Sequence[SiteCookies]:
    query = select(SiteCookies).where(SiteCookies.user_id == user_id, SiteCookies.site.in_(sites))
    return session.scalars(query).all()


def count_others(session: Session, user_id: int, sites: Collection[str]) -> int:
    """How many sites the user has cookies of beside these."""
    query = select(func.count()).where(SiteCookies.user_id == user_id, SiteCookies.site.not_in(sites))
    return session.scalar(query) or 0


def put(
    session: Session, user_id: int, site: str, sealed: bytes, count: int, ends_at: datetime | None
) -> None:
    """In place of those that were there: nothing that was found out about them is true of the new ones."""
    remove(session, user_id, site)
    made = SiteCookies(user_id=user_id, site=site, sealed=sealed, count=count, ends_at=ends_at)
    session.add(made)
    session.flush()


def remove(session: Session, user_id: int, site: str | None = None) -> int:
    """The site's, or all of the user's. Answers of how many sites."""
    query = delete(SiteCookies).where(SiteCookies.user_id == user_id)
    if site is not None:
        query = query.where(SiteCookies.site == site)
    return changed_rows(session, query)


def note_use(session: Session, ids: Collection[str], answer: Answer | None) -> None:
    """They were shown to their site just now; None: it could not be told what it thinks of them."""
    values: dict[str, object] = {"used_at": now()}
    if answer is not None:
        values["answer"] = answer
    statement = update(SiteCookies).where(SiteCookies.id.in_(ids)).values(**values)
    session.execute(statement.execution_options(synchronize_session=False))


def mark(session: Session, id: str, answer: Answer) -> None:
    query = update(SiteCookies).where(SiteCookies.id == id, SiteCookies.answer != answer)
    session.execute(query.values(answer=answer).execution_options(synchronize_session=False))
