"""Undo of a download that took the place of a track: the old file and its own change places again.

The old one comes back from the trash and the other one goes there. The library's journal does that, and ends
it after a crash (see `library.changes`). Here is what has to be asked of it, so that it may be asked again.
"""

from app.downloads.model import StagedTrack
from app.errors import Conflict
from app.library import change_queries, change_undo, changes
from app.library.change_model import Change
from app.services import Services


def check(services: Services, track: StagedTrack) -> None:
    """Raises Conflict with the reason when the old file cannot be brought back."""
    change = _replacement(services, track)
    if change.undone_at is None:
        change_undo.check(services, change.id)


def bring_old_back(services: Services, track: StagedTrack, user_id: int) -> None:
    """From wherever it is to the end. Raises Conflict and Failure."""
    change = _replacement(services, track)
    if _is_under_way(services, change):
        changes.recover(services)
        change = _replacement(services, track)
        if _is_under_way(services, change):
            raise Conflict(changes.BUSY, code="busy")
    if change.undone_at is None:
        change_undo.undo(services, change.id, user_id)


def has_begun(services: Services, track: StagedTrack, *, or_ended: bool) -> bool:
    """Whether the old file is on its way back, or back already: from then on the undo only goes forwards."""
    try:
        change = _replacement(services, track)
    except Conflict:
        return False
    return (or_ended and change.undone_at is not None) or _is_under_way(services, change)


def _replacement(services: Services, track: StagedTrack) -> Change:
    with services.db.read() as session:
        change = change_queries.made_for(session, track.id, track.sha256 or "")
    if change is None:
        raise Conflict(change_undo.TOO_LATE, code="too_late")
    return change


def _is_under_way(services: Services, change: Change) -> bool:
    with services.db.read() as session:
        return change_queries.is_being_undone(session, change.id)
