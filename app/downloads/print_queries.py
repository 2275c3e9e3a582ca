"""Prints of staged tracks. The session comes first."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.downloads.model import StagedPrint, StagedTrack


def of_staged(session: Session, tracks: Iterable[StagedTrack]) -> dict[str, bytes]:
    """What the kept parts of these sound like, as far as it is known; empty for what says nothing."""
    wanted = {track.id: (track.trim_start_ms, track.trim_end_ms) for track in tracks}
    if not wanted:
        return {}
    rows = session.scalars(select(StagedPrint).where(StagedPrint.track_id.in_(list(wanted))))
    return {row.track_id: row.found for row in rows if wanted[row.track_id] == (row.start_ms, row.end_ms)}


def keep(session: Session, track: StagedTrack, found: bytes) -> None:
    """`track` as it was read before: it may be gone by now."""
    if session.get(StagedTrack, track.id) is not None:
        row = {"start_ms": track.trim_start_ms, "end_ms": track.trim_end_ms, "found": found}
        session.merge(StagedPrint(track_id=track.id, **row))
