"""Questions to the trash and the journal of changes, and how their rows change. The session comes first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.db import changed_rows, now
from app.library.change_model import Change, Place, Trashed


@dataclass(frozen=True)
class Amount:
    files: int
    size_bytes: int


def by_id(session: Session, change_id: str) -> Change | None:
    return session.get(Change, change_id)


def trashed_by_id(session: Session, trashed_id: str) -> Trashed | None:
    return session.get(Trashed, trashed_id)


def begin(session: Session, change: Change, trashed: Trashed | None) -> bool:
    """Write down what is about to be done. False: another change of this track is under way."""
    wanted = select(Change.id).where(Change.track_id == change.track_id, Change.done_at.is_(None))
    if session.scalar(wanted) is not None:
        return False
    session.add(change)
    if trashed:
        session.add(trashed)
    session.flush()
    return True


def give_up(session: Session, change: Change) -> None:
    """Nothing of it was done, or all was taken back."""
    session.execute(delete(Change).where(Change.id == change.id, Change.done_at.is_(None)))
    if change.trashed_id:
        session.execute(
            delete(Trashed).where(Trashed.id == change.trashed_id, Trashed.place == Place.LEAVING)
        )
    if change.from_trash_id:
        session.execute(
            update(Trashed)
            .where(Trashed.id == change.from_trash_id, Trashed.place == Place.RETURNING)
            .values(place=Place.KEPT)
        )


def take_from_trash(session: Session, trashed_id: str) -> bool:
    """It is on its way back. False: it is not in the trash (any more)."""
    kept = update(Trashed).where(Trashed.id == trashed_id, Trashed.place == Place.KEPT)
    return changed_rows(session, kept.values(place=Place.RETURNING)) > 0


def end(session: Session, change_id: str) -> Change | None:
    """All of it is done. None: somebody else has said so already."""
    change = session.get(Change, change_id)
    if change is None or change.done_at is not None:
        return None
    moment = now()
    change.done_at = moment
    _set_place(session, change.trashed_id, Place.KEPT)
    _set_place(session, change.from_trash_id, Place.RESTORED, restored_at=moment)
    if change.undoes:
        undone = update(Change).where(Change.id == change.undoes).values(undone_at=moment)
        session.execute(undone)
    session.flush()
    return change


def under_way(session: Session) -> Sequence[Change]:
    """Changes that have begun and not ended."""
    return session.scalars(select(Change).where(Change.done_at.is_(None)).order_by(Change.id)).all()


def asked_by(session: Session, owner: str, sha256: str) -> Change | None:
    """The change that this owner asked for with this file, done or under way, unless it was undone."""
    wanted = select(Change).where(
        Change.owner == owner, Change.sha256_after == sha256, Change.undone_at.is_(None)
    )
    return session.scalar(wanted.order_by(Change.id.desc()).limit(1))


def made_for(session: Session, owner: str, sha256: str) -> Change | None:
    """What was done for this owner with this file at last, and perhaps undone since."""
    wanted = select(Change).where(
        Change.owner == owner, Change.sha256_after == sha256, Change.done_at.is_not(None)
    )
    return session.scalar(wanted.order_by(Change.id.desc()).limit(1))


def is_being_undone(session: Session, change_id: str) -> bool:
    wanted = select(Change.id).where(Change.undoes == change_id, Change.done_at.is_(None))
    return session.scalar(wanted.limit(1)) is not None


def done_together(session: Session, owner: str, user_id: int | None) -> Sequence[Change]:
    """What this user did at once under this name, and has not undone."""
    wanted = select(Change).where(
        Change.owner == owner,
        Change.user_id == user_id,
        Change.done_at.is_not(None),
        Change.undone_at.is_(None),
    )
    return session.scalars(wanted.order_by(Change.id)).all()


def brought_to_trash_by(session: Session, trashed_id: str) -> Change | None:
    return session.scalar(select(Change).where(Change.trashed_id == trashed_id))


def kept(session: Session, *, limit: int = 50, before: str | None = None) -> Sequence[Trashed]:
    """What can be restored, newest first. `before` is the last id of the page before."""
    wanted = select(Trashed).where(Trashed.place == Place.KEPT)
    if before:
        wanted = wanted.where(Trashed.id < before)
    return session.scalars(wanted.order_by(Trashed.id.desc()).limit(limit)).all()


def deleted_of_track(session: Session, track_id: str) -> Trashed | None:
    """What `restore` of this track brings back: what left it last."""
    wanted = select(Trashed).where(Trashed.track_id == track_id, Trashed.place == Place.KEPT)
    return session.scalar(wanted.order_by(Trashed.id.desc()).limit(1))


def amount(session: Session) -> Amount:
    files, size_bytes = session.execute(
        select(func.count(), func.coalesce(func.sum(Trashed.size_bytes), 0)).where(
            Trashed.place == Place.KEPT
        )
    ).one()
    return Amount(files, size_bytes)


def older_than(session: Session, moment: datetime) -> Sequence[str]:
    """Ids of what has been in the trash since before then."""
    wanted = select(Trashed.id).where(Trashed.place == Place.KEPT, Trashed.trashed_at < moment)
    return session.scalars(wanted).all()


def kept_ids(session: Session, *, user_id: int | None = None) -> Sequence[str]:
    """All that is in the trash, or what this user put there."""
    wanted = select(Trashed.id).where(Trashed.place == Place.KEPT)
    return session.scalars(wanted.where(Trashed.user_id == user_id) if user_id else wanted).all()


def let_go(session: Session, trashed_id: str) -> Trashed | None:
    """From now on it cannot be restored. None: it is not in the trash."""
    kept = update(Trashed).where(Trashed.id == trashed_id, Trashed.place == Place.KEPT)
    if not changed_rows(session, kept.values(place=Place.GONE, gone_at=now())):
        return None
    return session.get(Trashed, trashed_id, populate_existing=True)


def have_left(session: Session, names: Sequence[str]) -> set[str]:
    """Of these names in the trash those that nobody needs there any more."""
    wanted = select(Trashed.name).where(
        Trashed.name.in_(names), Trashed.place.in_([Place.GONE, Place.RESTORED])
    )
    return set(session.scalars(wanted))


def of_user(
    session: Session, user_id: int, *, limit: int, before: datetime | None = None
) -> Sequence[Change]:
    """What this user did to the library, newest first; what took back something else is left out."""
    wanted = select(Change).where(
        Change.user_id == user_id, Change.done_at.is_not(None), Change.undoes.is_(None)
    )
    if before:
        wanted = wanted.where(Change.done_at < before)
    return session.scalars(wanted.order_by(Change.done_at.desc(), Change.id.desc()).limit(limit)).all()


def last_of_track(session: Session, track_id: str) -> Change | None:
    """What was done last to this track."""
    wanted = select(Change).where(Change.track_id == track_id, Change.done_at.is_not(None))
    return session.scalar(wanted.order_by(Change.id.desc()).limit(1))


def last_standing(session: Session, track_id: str) -> Change | None:
    """What was done last to this track and not taken back: the one change that can be undone now."""
    wanted = select(Change).where(
        Change.track_id == track_id,
        Change.done_at.is_not(None),
        Change.undone_at.is_(None),
        Change.undoes.is_(None),
    )
    return session.scalar(wanted.order_by(Change.id.desc()).limit(1))


def is_any_before(session: Session, moment: datetime) -> bool:
    """Whether `forget` would find something."""
    return session.scalar(select(Change.id).where(Change.done_at < moment).limit(1)) is not None


def forget(session: Session, moment: datetime) -> None:
    """What was done before then leaves the history; what is in the trash stays in it."""
    session.execute(delete(Change).where(Change.done_at < moment))
    session.execute(
        delete(Trashed).where(
            Trashed.place.in_([Place.GONE, Place.RESTORED]),
            func.coalesce(Trashed.gone_at, Trashed.restored_at) < moment,
        )
    )


def _set_place(session: Session, trashed_id: str | None, place: Place, **more: datetime) -> None:
    if trashed_id:
        session.execute(update(Trashed).where(Trashed.id == trashed_id).values(place=place, **more))
