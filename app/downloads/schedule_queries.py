"""Questions about whose turn it is. Everything that waits is `queued`; all of this is one short look."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.db import changed_rows, now
from app.downloads.model import FETCHING, Download, Site, State

FAR = timedelta(hours=25)
"""No pause is longer than a day. A moment beyond that is left from before somebody set the clock back."""


def under_way(session: Session) -> tuple[Counter[str], Counter[int]]:
    """How many downloads are being fetched, by site and by user."""
    rows = session.execute(select(Download.site, Download.user_id).where(Download.state.in_(FETCHING))).all()
    return Counter(site for site, _ in rows), Counter(user_id for _, user_id in rows)


def patient_sites(session: Session) -> tuple[set[str], set[str]]:
    """Sites that are paused now, and those that were and have given nothing since."""
    rows = session.execute(select(Site.name, Site.paused_until).where(Site.pauses > 0)).all()
    paused = {name for name, until in rows if until and is_ahead(until)}
    return paused, {name for name, _ in rows} - paused


def first_in_line(
    session: Session, *, not_sites: Collection[str], not_users: Collection[int], not_ids: Collection[str]
) -> list[tuple[int, str]]:
    """Of each user the download whose turn it is, as (user id, download id)."""
    turn = func.row_number().over(partition_by=Download.user_id, order_by=(Download.queue_order, Download.id))
    lines = (
        select(Download.id, Download.user_id, turn.label("turn"))
        .where(
            Download.state == State.QUEUED,
            is_due(Download.retry_at),
            Download.site.not_in(not_sites),
            Download.user_id.not_in(not_users),
            Download.id.not_in(not_ids),
        )
        .subquery()
    )
    rows = session.execute(select(lines.c.user_id, lines.c.id).where(lines.c.turn == 1))
    return [(user_id, id) for user_id, id in rows]


def waits_since(session: Session) -> datetime | None:
    """Since when the first of those that are queued and due has waited; None when nobody does."""
    waiting = (Download.state == State.QUEUED, is_due(Download.retry_at))
    return session.scalar(select(func.min(Download.updated_at)).where(*waiting))


def take(session: Session, id: str) -> bool:
    """Claim a queued download for fetching. Only one taker gets it."""
    query = (
        update(Download)
        .where(Download.id == id, Download.state == State.QUEUED)
        .values(
            state=State.PROBING,
            attempts=Download.attempts + 1,
            failure_kind=None,
            failure_message=None,
            retry_at=None,
            updated_at=now(),
        )
        .execution_options(synchronize_session=False)
    )
    return changed_rows(session, query) > 0


def next_moment(session: Session) -> datetime | None:
    """When the next try is due or the next pause ends."""
    moment = now()
    ahead = (Download.retry_at > moment, Download.retry_at <= moment + FAR)
    waiting = Download.state.in_((State.QUEUED, State.FINALIZING))
    tries = select(func.min(Download.retry_at)).where(waiting, *ahead)
    pauses = select(func.min(Site.paused_until)).where(
        Site.paused_until > moment, Site.paused_until <= moment + FAR
    )
    found = [one for one in (session.scalar(tries), session.scalar(pauses)) if one]
    return min(found, default=None)


def turns(session: Session, user_id: int) -> list[tuple[str, int]]:
    """The user's waiting downloads in the order of their turns: ids and `queue_order`."""
    query = (
        select(Download.id, Download.queue_order)
        .where(Download.user_id == user_id, Download.state == State.QUEUED)
        .order_by(Download.queue_order, Download.id)
    )
    return [(id, order) for id, order in session.execute(query)]


def set_turn(session: Session, id: str, queue_order: int) -> None:
    query = update(Download).where(Download.id == id).values(queue_order=queue_order)
    session.execute(query.execution_options(synchronize_session=False))


def is_due(moment: InstrumentedAttribute[datetime | None]) -> ColumnElement[bool]:
    return or_(moment.is_(None), moment <= now(), moment > now() + FAR)


def is_ahead(moment: datetime) -> bool:
    return now() < moment <= now() + FAR
