"""Taking a change to the library back, as long as the file is still what that change made of it."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.errors import Conflict, Failure, NotFound
from app.languages.say import say
from app.library import change_queries, changes, edit, queries, trash
from app.library.change_model import Change, Kind, Place
from app.library.paths import from_text
from app.library.take_out import is_there
from app.services import Services
from app.tags.typed import FIELDS, text_of

TOO_LATE = say("It is too late to undo this: the file is not in the trash any more.")
UNDONE = say("This was undone already.")
LATER = say("This track was changed again since. Undo that first.")


def undo(services: Services, change_id: str, user_id: int | None) -> Change | None:
    """As it was before this change; None: it was so already. Raises Conflict with the reason."""
    change, newest = check(services, change_id)
    if change.kind is Kind.EDITED:
        return _undo_edit(services, change, newest, user_id)
    return trash.restore(services, change.trashed_id or "", user_id)


def check(services: Services, change_id: str) -> tuple[Change, Change]:
    """This change and the newest one of its track. Raises Conflict with the reason why it cannot be undone.

    The library may have been renamed since: it is the file that counts, and not its name.
    """
    with services.db.read() as session:
        change = change_queries.by_id(session, change_id)
        if change is None or change.done_at is None:
            raise NotFound("There is no such change.")
        stands = change_queries.last_standing(session, change.track_id)
        newest = change_queries.last_of_track(session, change.track_id) or change
        track = queries.by_id(session, change.track_id)
        trashed = change_queries.trashed_by_id(session, change.trashed_id or "")
    if change.undone_at is not None:
        raise Conflict(UNDONE, code="too_late")
    if stands is None or stands.id != change.id:
        raise Conflict(LATER, code="too_late")
    if newest.path_after:
        path = from_text(track.path if track else newest.path_after)
        if not is_there(services.settings.library_dir, path, newest.sha256_after or ""):
            raise Conflict(changes.CHANGED, code="file_changed")
    if change.kind is not Kind.EDITED and (trashed is None or trashed.place is not Place.KEPT):
        raise Conflict(TOO_LATE, code="too_late")
    return change, newest


def possible(services: Services, found: Sequence[Change]) -> set[str]:
    """Ids of those of these changes that an undo would take back, as far as the rows can tell."""
    able: set[str] = set()
    with services.db.read() as session:
        for change in found:
            if change.undone_at is None and _is_possible(session, change):
                able.add(change.id)
    return able


def _is_possible(session: Session, change: Change) -> bool:
    stands = change_queries.last_standing(session, change.track_id)
    if stands is None or stands.id != change.id:
        return False
    if change.kind is Kind.EDITED:
        return queries.by_id(session, change.track_id) is not None
    trashed = change_queries.trashed_by_id(session, change.trashed_id or "")
    return trashed is not None and trashed.place is Place.KEPT


def _undo_edit(services: Services, change: Change, newest: Change, user_id: int | None) -> Change | None:
    with services.db.read() as session:
        track = queries.by_id(session, change.track_id)
    if track is None or change.before is None or change.after is None:
        raise NotFound("There is no such track in the library.")
    before, after = change.before.tags, change.after.tags
    values = {
        name: text_of(getattr(before, name))
        for name in FIELDS
        if getattr(before, name) != getattr(after, name)
    }
    return edit.edit(services, track, values, user_id, sha256_before=newest.sha256_after, undoes=change.id)


def undo_all(services: Services, owner: str, user_id: int | None) -> tuple[int, list[str]]:
    """Take back all that was done together. Answers how many were, and why others were not."""
    with services.db.read() as session:
        together = change_queries.done_together(session, owner, user_id)
    done, reasons = 0, list[str]()
    for change in together:
        try:
            undo(services, change.id, user_id)
            done += 1
        except (Conflict, NotFound, Failure) as trouble:
            reasons.append(trouble.message)
    return done, reasons
