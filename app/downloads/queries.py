"""Every look at and change of downloads in the database. The session comes first; missing is None."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from app import meters
from app.db import changed_rows, now
from app.downloads import told
from app.downloads.model import (
    ACTIVE,
    FETCHING,
    NEXT,
    OPEN,
    UNDOABLE,
    Conversion,
    Download,
    StagedTrack,
    State,
)
from app.downloads.schedule_queries import is_due
from app.errors import Failure
from app.library.model import Track

ENDED = (State.DONE, State.SKIPPED, State.CANCELLED, State.DISCARDED)
FINAL = (*ENDED, State.FAILED)
CONVERTED_IN = (State.REVIEW, State.FINALIZING)


def by_id(session: Session, id: str, *, user_id: int | None = None) -> Download | None:
    """The download; with `user_id`, only if it is that user's."""
    found = session.get(Download, id)
    return found if found and user_id in (None, found.user_id) else None


def state_of(session: Session, id: str) -> State | None:
    """Its state alone: for those who ask again and again."""
    return session.scalar(select(Download.state).where(Download.id == id))


def open_link(session: Session, user_id: int, url_key: str) -> Download | None:
    """The user's download of this link that is not finished yet."""
    return session.scalar(
        select(Download).where(
            Download.user_id == user_id, Download.url_key == url_key, Download.state.in_(OPEN)
        )
    )


def inbox(session: Session, user_id: int, *, done_since: datetime) -> Sequence[Download]:
    """What wants the user's attention or is on its way, and what was just added; newest first."""
    newer = aliased(Download)
    return session.scalars(
        select(Download)
        .where(
            Download.user_id == user_id,
            or_(
                Download.state.in_((*OPEN, State.FAILED)),
                and_(Download.state == State.DONE, Download.finished_at >= done_since),
                # Skipped before it was fetched: there is something to answer.
                and_(
                    Download.state == State.SKIPPED,
                    Download.finished_at >= done_since,
                    Download.duplicate_of.is_not(None),
                    ~exists().where(
                        newer.user_id == Download.user_id,
                        newer.url_key == Download.url_key,
                        newer.id > Download.id,
                    ),
                ),
            ),
        )
        .order_by(Download.id.desc())
        .limit(200)
    ).all()


def page(
    session: Session, *, user_id: int | None, states: Iterable[State], limit: int, before: str | None
) -> Sequence[Download]:
    """Downloads, newest first, older than the one with id `before`."""
    query = select(Download).order_by(Download.id.desc()).limit(limit)
    if user_id is not None:
        query = query.where(Download.user_id == user_id)
    if states := list(states):
        query = query.where(Download.state.in_(states))
    if before:
        query = query.where(Download.id < before)
    return session.scalars(query).all()


def finished(
    session: Session, user_id: int, *, limit: int, before: datetime | None = None
) -> Sequence[Download]:
    """What ended before then, in the order in which it ended, newest first."""
    query = select(Download).where(Download.user_id == user_id, Download.state.in_(ENDED))
    if before:
        query = query.where(Download.finished_at < before)
    return session.scalars(query.order_by(Download.finished_at.desc(), Download.id.desc()).limit(limit)).all()


def move(session: Session, id: str, to: State, *, failure: Failure | None = None, **changes: Any) -> bool:
    """Change the state, if the present one allows it. False: somebody else was first, or it is too late."""
    sources = [state for state, following in NEXT.items() if to in following]
    if to is State.REVIEW:
        # Nobody but the person's undo brings those back, least of all a worker that comes too late.
        sources = [state for state in sources if state not in UNDOABLE]
    values: dict[str, Any] = {
        "state": to,
        "failure_kind": failure.kind if failure else None,
        "failure_message": failure.message if failure else None,
        "wants_cookies": bool(failure and failure.wants_cookies),
        "retry_at": None,
        "finished_at": now() if to in FINAL else None,
        "undo_until": None,
        "updated_at": now(),
        **changes,
    }
    moved = _updated(session, update(Download).where(Download.id == id, Download.state.in_(sources)), values)
    if moved:
        told.note(session, id, to)
        if to in FINAL:
            meters.count("inlay_downloads_ended", state=to, failure_kind=failure.kind if failure else "")
    return moved


def claim_conversion(session: Session, track_id: str, *, most: int) -> bool:
    """Take a staged track for conversion, unless `most` are under way. Only one taker gets it."""
    other = aliased(StagedTrack)
    under_way = select(func.count()).where(other.conversion == Conversion.RUNNING).scalar_subquery()
    query = update(StagedTrack).where(
        under_way < most,
        StagedTrack.id == track_id,
        StagedTrack.conversion.in_((Conversion.WAITING, Conversion.FAILED)),
        exists().where(Download.id == StagedTrack.download_id, Download.state.in_(CONVERTED_IN)),
    )
    return _updated(session, query, {"conversion": Conversion.RUNNING})


def next_unconverted(session: Session) -> str | None:
    """The staged track that waits longest for its conversion; those that were confirmed come first."""
    return session.scalar(
        select(StagedTrack.id)
        .join(Download)
        .where(StagedTrack.conversion == Conversion.WAITING, Download.state.in_(CONVERTED_IN))
        .order_by(Download.state != State.FINALIZING, StagedTrack.id)
        .limit(1)
    )


def finalizing_download(session: Session, track_id: str) -> str | None:
    """The id of this staged track's download, if that is being finalized."""
    return session.scalar(
        select(Download.id)
        .join(StagedTrack)
        .where(StagedTrack.id == track_id, Download.state == State.FINALIZING)
    )


def set_conversion(session: Session, track_id: str, state: Conversion, **changes: Any) -> None:
    _updated(session, update(StagedTrack).where(StagedTrack.id == track_id), {"conversion": state, **changes})


def end_conversion(session: Session, track: StagedTrack, state: Conversion, **changes: Any) -> bool:
    """Say how a conversion ended, unless the track has got another cut meanwhile: False then."""
    query = update(StagedTrack).where(StagedTrack.id == track.id, *_same_trim(track))
    return _updated(session, query, {"conversion": state, **changes})


def has_same_trim(session: Session, track: StagedTrack) -> bool:
    """Whether the row's cut is still the one that `track` was read with."""
    query = select(StagedTrack.id).where(StagedTrack.id == track.id, *_same_trim(track))
    return session.scalar(query) is not None


def _same_trim(track: StagedTrack) -> tuple[Any, Any]:
    return (
        StagedTrack.trim_start_ms.is_not_distinct_from(track.trim_start_ms),
        StagedTrack.trim_end_ms.is_not_distinct_from(track.trim_end_ms),
    )


def set_trim(session: Session, track_id: str, start_ms: int | None, end_ms: int | None) -> bool:
    """Another cut, so another conversion. False: it is not in review any more."""
    query = update(StagedTrack).where(
        StagedTrack.id == track_id,
        exists().where(Download.id == StagedTrack.download_id, Download.state == State.REVIEW),
    )
    values = {"trim_start_ms": start_ms, "trim_end_ms": end_ms, "conversion": Conversion.WAITING}
    return _updated(session, query, {**values, "converted_file": None, "converted_quality": None})


def staged_track(session: Session, track_id: str) -> StagedTrack | None:
    return session.get(StagedTrack, track_id)


def set_track(session: Session, track_id: str, **changes: Any) -> None:
    _updated(session, update(StagedTrack).where(StagedTrack.id == track_id), changes)


def set_draft(session: Session, track_id: str, draft: dict[str, str] | None) -> bool:
    """Keep what was typed, as long as it is reviewed. False: it is not any more."""
    in_review = exists().where(Download.id == StagedTrack.download_id, Download.state == State.REVIEW)
    query = update(StagedTrack).where(StagedTrack.id == track_id, in_review)
    return _updated(session, query, {"draft": draft})


def replace_tracks(session: Session, download_id: str, tracks: list[StagedTrack]) -> None:
    """The staged tracks of a download; those of an earlier try go."""
    session.execute(delete(StagedTrack).where(StagedTrack.download_id == download_id))
    session.add_all(tracks)


def touch(session: Session, id: str, **changes: Any) -> None:
    """What the probe found out, without a change of state."""
    _updated(session, update(Download).where(Download.id == id), {**changes, "updated_at": now()})


def put_back_interrupted(session: Session) -> None:
    """At start: what a dead worker was fetching is queued again, what it converted waits again."""
    session.execute(update(Download).where(Download.state.in_(FETCHING)).values(state=State.QUEUED))
    session.execute(
        update(StagedTrack)
        .where(StagedTrack.conversion == Conversion.RUNNING)
        .values(conversion=Conversion.WAITING)
    )


def put_back(session: Session, id: str, *, failure: Failure | None = None, **changes: Any) -> bool:
    """Queue again what was being fetched. False: it is not any more; a person may have cancelled it.

    With a `failure`, that is why it waits, and counts as one of its tries.
    """
    values = {"state": State.QUEUED, "updated_at": now(), **changes}
    if failure:
        values |= _reason(failure)
    return _updated(session, update(Download).where(Download.id == id, Download.state.in_(FETCHING)), values)


def wait_to_finalize(session: Session, id: str, failure: Failure, retry_at: datetime) -> bool:
    """Adding it did not work for the moment: it stays confirmed, and is tried again."""
    query = update(Download).where(Download.id == id, Download.state == State.FINALIZING)
    return _updated(session, query, {"retry_at": retry_at, "updated_at": now(), **_reason(failure)})


def _reason(failure: Failure) -> dict[str, Any]:
    return {
        "failure_kind": failure.kind,
        "failure_message": failure.message,
        "tries": Download.tries + 1,
    }


def finalizing_tracks(session: Session, *, not_of: str) -> Sequence[StagedTrack]:
    """Tracks that are on their way into the library, but for those of one download."""
    query = select(StagedTrack).join(Download)
    return session.scalars(query.where(Download.state == State.FINALIZING, Download.id != not_of)).all()


def library_track_from(session: Session, url_key: str) -> Track | None:
    """The track of the library that a download of this link brought, the latest of several."""
    query = (
        select(Track)
        .join(Download, Download.id == Track.download_id)
        .where(Download.url_key == url_key, Track.missing_at.is_(None))
    )
    return session.scalar(query.order_by(Track.added_at.desc(), Track.id.desc()).limit(1))


def set_destination(
    session: Session,
    download_id: str,
    track_id: str,
    *,
    path: str,
    sha256: str,
    confirmed_at: datetime,
    replaces: str | None = None,
) -> bool:
    """Record where the file goes, and in place of which track. From then on it is too late to cancel.

    False: it was cancelled before.

    `confirmed_at` is the `updated_at` of the download whose tags the file has: it may have been undone and
    confirmed with other ones meanwhile.
    """
    download = session.get(Download, download_id, populate_existing=True)
    if download is None or download.state is not State.FINALIZING or download.updated_at != confirmed_at:
        return False
    set_track(session, track_id, path=path, sha256=sha256, replaces=replaces)
    return True


def fetching(session: Session) -> list[str]:
    """Ids of downloads that somebody works on, as their rows say."""
    return list(session.scalars(select(Download.id).where(Download.state.in_(FETCHING))))


def converting(session: Session) -> list[str]:
    """Ids of staged tracks that somebody converts, as their rows say."""
    query = select(StagedTrack.id).where(StagedTrack.conversion == Conversion.RUNNING)
    return list(session.scalars(query))


def to_ring(session: Session) -> tuple[list[str], list[str]]:
    """Ids that wait for a worker: tracks to convert, downloads to finalize."""
    waiting = (
        select(StagedTrack.id)
        .join(Download)
        .where(StagedTrack.conversion == Conversion.WAITING, Download.state == State.REVIEW)
    )
    finalizing = select(Download.id).where(Download.state == State.FINALIZING, is_due(Download.retry_at))
    return list(session.scalars(waiting)), list(session.scalars(finalizing))


def with_staging(session: Session) -> set[str]:
    """Ids of downloads whose staging folder is still needed."""
    kept = (*ACTIVE, State.REVIEW, State.FAILED)
    wanted = or_(Download.state.in_(kept), Download.undo_until.is_not(None))
    return set(session.scalars(select(Download.id).where(wanted)))


def untouched_since(session: Session, state: State, before: datetime) -> list[str]:
    """Ids of downloads in this state that nobody has touched since."""
    query = select(Download.id).where(Download.state == state, Download.updated_at < before)
    return list(session.scalars(query))


def ended_before(session: Session, before: datetime) -> list[str]:
    ended = (Download.state.in_(FINAL), Download.finished_at < before, Download.undo_until.is_(None))
    return list(session.scalars(select(Download.id).where(*ended)))


def counts(session: Session, *, user_id: int | None) -> dict[State, int]:
    """How many downloads are in each state: the user's, or everybody's."""
    query = select(Download.state, func.count()).group_by(Download.state)
    if user_id is not None:
        query = query.where(Download.user_id == user_id)
    return {state: count for state, count in session.execute(query)}


def last_sign_of_life(session: Session) -> datetime | None:
    """When something last happened to any download."""
    return session.scalar(select(func.max(Download.updated_at)))


def forget(session: Session, ids: list[str]) -> None:
    """Finished downloads leave the history. Library files stay."""
    for start in range(0, len(ids), 500):
        session.execute(delete(Download).where(Download.id.in_(ids[start : start + 500])))


def remove(session: Session, id: str) -> bool:
    """Forget a finished download. The library file stays."""
    query = delete(Download).where(
        Download.id == id, Download.state.not_in(OPEN), Download.id.not_in(being_undone())
    )
    return changed_rows(session, query) > 0


def being_undone() -> Select[str]:
    """Ids of downloads whose undo has begun and not ended: their row is needed to end it. See undo.py."""
    return (
        select(Download.id)
        .join(StagedTrack)
        .where(
            Download.state == State.DONE,
            Download.undo_until.is_not(None),
            StagedTrack.library_track_id.is_(None),
        )
    )


def done_since(hours: int) -> datetime:
    return now() - timedelta(hours=hours)


def _updated(session: Session, query: Any, values: dict[str, Any]) -> bool:
    """Whether the conditional UPDATE hit its row."""
    statement = query.values(**values).execution_options(synchronize_session=False)
    return changed_rows(session, statement) == 1
