"""What an undo asks of the database and changes in it. The session comes first."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.db import changed_rows, now
from app.downloads.model import OPEN, Conversion, Download, StagedTrack, State
from app.downloads.places import path_of_ours
from app.downloads.queries import being_undone
from app.downloads.schedule_queries import is_due
from app.library import queries as library_queries
from app.library.paths import to_text


def begin(session: Session, download: Download) -> None:
    """Write down that the files are being taken out of the library: from here on it will be ended.

    `path` is where we have put them by now.
    """
    for track in download.tracks:
        track.path = path_of_ours(session, track)
        track.library_track_id = None
    session.flush()


def give_up(session: Session, download: Download) -> None:
    """The files stay where they are: the rows say so again."""
    known = {track.path: track.id for track in library_queries.of_download(session, download.id)}
    for track in download.tracks:
        track.library_track_id = track.library_track_id or known.get(to_text(track.path or ""))
    if not all(track.library_track_id for track in download.tracks):
        # The index does not know the file any more: no undo can be begun again, so nothing is kept for it.
        download.undo_until = None
    session.flush()


def bring_back(session: Session, download: Download, *, unconverted: Sequence[str] = ()) -> None:
    """Back to review. `unconverted` are tracks' ids.

    The caller has looked, in this transaction, that it may be brought back and that its link is not open.
    """
    # One that took another one's place is that track, which stays.
    own = [track.path or "" for track in download.tracks if not track.replaces]
    library_queries.forget_of_download(session, download.id, own)
    for track in download.tracks:
        if track.replaces:
            # It lies hidden nowhere.
            track.path = None
        track.tags = track.sha256 = track.library_track_id = track.replaces = None
        if track.id in unconverted or track.conversion is Conversion.FAILED:
            track.conversion = Conversion.WAITING
    download.state = State.REVIEW
    download.failure_kind = download.failure_message = None
    download.retry_at = download.finished_at = download.undo_until = None
    download.updated_at = now()
    session.flush()


def link_is_open(session: Session, download: Download) -> bool:
    """Whether the same link is in the inbox, handed in again meanwhile."""
    other = select(Download.id).where(
        Download.user_id == download.user_id,
        Download.url_key == download.url_key,
        Download.state.in_(OPEN),
        Download.id != download.id,
    )
    return session.scalar(other.limit(1)) is not None


def under_way(session: Session) -> list[str]:
    """Ids of downloads whose undo has begun and not ended."""
    return list(dict.fromkeys(session.scalars(being_undone())))


def hidden(session: Session) -> list[tuple[str, str]]:
    """What was taken out of the library and may still lie there hidden: ids of download and staged track."""
    query = select(StagedTrack.download_id, StagedTrack.id).where(
        StagedTrack.path.is_not(None), StagedTrack.sha256.is_(None)
    )
    return [(download_id, track_id) for download_id, track_id in session.execute(query)]


def forget_path(session: Session, track_id: str, path: str) -> None:
    """The hidden file is gone; unless the track goes somewhere already."""
    session.execute(
        update(StagedTrack)
        .where(StagedTrack.id == track_id, StagedTrack.path == path, StagedTrack.sha256.is_(None))
        .values(path=None)
        .execution_options(synchronize_session=False)
    )


def kept(session: Session, *, over: bool = False) -> list[str]:
    """Ids of downloads whose staging is kept for an undo, first who goes first; or only those `over`."""
    query = (
        select(Download.id)
        .where(Download.undo_until.is_not(None), Download.id.not_in(being_undone()))
        .order_by(Download.undo_until)
    )
    return list(session.scalars(query.where(is_due(Download.undo_until)) if over else query))


def let_go(session: Session, id: str) -> bool:
    """From now on it cannot be undone. False: it is being undone."""
    query = update(Download).where(
        Download.id == id, Download.undo_until.is_not(None), Download.id.not_in(being_undone())
    )
    query = query.values(undo_until=None).execution_options(synchronize_session=False)
    return changed_rows(session, query) > 0


def in_review(session: Session, user_id: int, *, not_id: str, most: int) -> Sequence[Download]:
    """The user's downloads that wait for their review, the one that waits longest first."""
    return session.scalars(
        select(Download)
        .where(Download.user_id == user_id, Download.state == State.REVIEW, Download.id != not_id)
        .order_by(Download.id)
        .limit(most)
    ).all()


def ended_lately(session: Session, id: str, user_id: int, *, since: datetime) -> Download | None:
    """The user's download, if it was touched since then."""
    found = session.get(Download, id)
    return found if found and found.user_id == user_id and found.updated_at >= since else None
