"""Where in the library a download's tracks are now: since they were added, it may have been renamed."""

from collections.abc import Iterable, Mapping

from sqlalchemy.orm import Session

from app.downloads.model import Download, StagedTrack, State
from app.library import queries as library
from app.library import rename_queries
from app.library.paths import from_text

Places = Mapping[str, str]
"""By staged track: its path in the library. Who has none there (any more) is missing."""


def places_of(session: Session, downloads: Iterable[Download]) -> Places:
    added = [track for one in downloads if one.state is State.DONE for track in one.tracks]
    found = library.by_ids(session, {track.library_track_id for track in added if track.library_track_id})
    return {
        track.id: str(from_text(found[track.library_track_id].path))
        for track in added
        if track.library_track_id in found
    }


def path_now(session: Session, track: StagedTrack) -> str:
    """As it was recorded, when the index knows nothing better."""
    found = library.by_id(session, track.library_track_id or "")
    return str(from_text(found.path)) if found else track.path or ""


def path_of_ours(session: Session, track: StagedTrack) -> str:
    """Where we have put it: a renaming of the library is followed, and whoever moved the file keeps it."""
    found = library.by_id(session, track.library_track_id or "")
    if found and rename_queries.gave_name(session, found.id, found.path):
        return str(from_text(found.path))
    return track.path or ""
