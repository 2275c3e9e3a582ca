"""What each user took in the last 24 hours, hour by hour."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.db import now
from app.downloads.model import Download, State, Usage

DAY = timedelta(hours=24)


def add(session: Session, user_id: int, *, downloads: int = 0, fetched_bytes: int = 0) -> None:
    hour = now().replace(minute=0, second=0, microsecond=0)
    row = session.get(Usage, (user_id, hour))
    if row is None:
        row = Usage(user_id=user_id, hour=hour, downloads=0, fetched_bytes=0)
        session.add(row)
    row.downloads += downloads
    row.fetched_bytes += fetched_bytes


def last_day(session: Session, user_id: int) -> list[Usage]:
    """The user's hours with anything in them, oldest first."""
    moment = now()
    query = (
        select(Usage)
        # Hours to come are from before somebody set the clock back.
        .where(Usage.user_id == user_id, Usage.hour > moment - DAY, Usage.hour <= moment)
        .order_by(Usage.hour)
    )
    return list(session.scalars(query))


def waiting(session: Session, user_id: int) -> int:
    """How many of the user's downloads are in the queue."""
    query = select(func.count()).where(Download.user_id == user_id, Download.state == State.QUEUED)
    return session.scalar(query) or 0


def forget(session: Session, before: datetime) -> None:
    session.execute(delete(Usage).where(Usage.hour < before))
