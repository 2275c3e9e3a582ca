"""Questions about spectra and loudness, and how their rows change. The session comes first."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.orm import Session

from app.audio.spectrum import Spectrum
from app.db import now
from app.library.change_model import Change
from app.library.model import Track
from app.library.sound_model import Spectra, Unmeasured

_ARTIST = case((Track.album_artist != "", Track.album_artist), else_=Track.artist)


def spectrum_of(session: Session, track: Track) -> Spectrum | None:
    """What is known of the file that the track is now."""
    found = session.get(Spectra, track.id)
    if found is None or (found.size_bytes, found.mtime_ns) != (track.size_bytes, track.mtime_ns):
        return None
    return found.found


def keep_spectrum(session: Session, track: Track, found: Spectrum) -> None:
    """`track` as it was read before: its file may be another one by now, or gone."""
    if session.get(Track, track.id) is not None:
        session.merge(
            Spectra(track_id=track.id, size_bytes=track.size_bytes, mtime_ns=track.mtime_ns, found=found)
        )


def measure_later(session: Session, track_id: str, due_at: datetime) -> None:
    session.merge(Unmeasured(track_id=track_id, due_at=due_at, tries=0))


def next_unmeasured(session: Session) -> Unmeasured | None:
    """The one that is due for longest."""
    due = select(Unmeasured).where(Unmeasured.due_at <= now()).order_by(Unmeasured.due_at)
    return session.scalar(due.limit(1))


def last_due(session: Session, track_ids: Sequence[str]) -> datetime | None:
    """When the last of these is due, of those that wait."""
    return session.scalar(select(func.max(Unmeasured.due_at)).where(Unmeasured.track_id.in_(track_ids)))


def put_off(session: Session, track_id: str, due_at: datetime, tries: int) -> None:
    row = update(Unmeasured).where(Unmeasured.track_id == track_id)
    session.execute(row.values(due_at=due_at, tries=tries))


def measured(session: Session, track_ids: Sequence[str]) -> None:
    session.execute(delete(Unmeasured).where(Unmeasured.track_id.in_(track_ids)))


def release_of(session: Session, track: Track) -> Sequence[Track]:
    """The tracks of this one's album, itself among them; without an album it is alone."""
    if not track.album:
        return [track]
    same = (Track.album == track.album, _ARTIST.is_(track_artist(track)))
    there = (Track.missing_at.is_(None), Track.error.is_(None))
    return session.scalars(select(Track).where(*same, *there).order_by(Track.disc_no, Track.track_no)).all()


def by_release(session: Session) -> Sequence[Track]:
    """Every track that can be read, those of a release behind each other."""
    there = select(Track).where(Track.missing_at.is_(None), Track.error.is_(None))
    return session.scalars(
        there.order_by(_ARTIST, Track.album, Track.disc_no, Track.track_no, Track.id)
    ).all()


def release_key(track: Track) -> tuple[str, str, str]:
    """The same for the tracks of one release."""
    return (track_artist(track), track.album, "" if track.album else track.id)


def track_artist(track: Track) -> str:
    return track.album_artist or track.artist


def pass_on(session: Session, change: Change) -> None:
    """Forget a change that nobody will want to undo. The one before it still can be: the file is ours."""
    session.execute(delete(Change).where(Change.id == change.id))
    last = session.scalar(
        select(Change)
        .where(Change.track_id == change.track_id, Change.done_at.is_not(None))
        .order_by(Change.id.desc())
        .limit(1)
    )
    if last and last.sha256_after == change.sha256_before:
        last.sha256_after = change.sha256_after
