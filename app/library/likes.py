"""Which tracks a user likes."""

from collections.abc import Iterable

from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from app.db import now
from app.library.model import Like


def like(session: Session, user_id: int, track_id: str) -> None:
    """Liked from now on, if it was not before."""
    values = {"user_id": user_id, "track_id": track_id, "liked_at": now()}
    session.execute(insert(Like).values(values).on_conflict_do_nothing())


def unlike(session: Session, user_id: int, track_id: str) -> None:
    session.execute(delete(Like).where(Like.user_id == user_id, Like.track_id == track_id))


def liked(session: Session, user_id: int, track_ids: Iterable[str]) -> set[str]:
    """Those of these tracks that the user likes."""
    wanted = select(Like.track_id).where(Like.user_id == user_id, Like.track_id.in_(list(track_ids)))
    return set(session.scalars(wanted))
