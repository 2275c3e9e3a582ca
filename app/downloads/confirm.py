"""A person's decisions about a download, in the database first; the work rings afterwards."""

import msgspec
from sqlalchemy.orm import Session

from app.audio.formats import FORMATS
from app.audio.trim import Trim
from app.downloads import candidates, limits, queries, schedule_queries, staging, trim, undo, undo_queries
from app.downloads.forms import ALREADY
from app.downloads.model import FETCHING, Download, State
from app.errors import Conflict, NotFound
from app.languages.say import say
from app.services import Services
from app.tags import info as read
from app.tags.model import Tags

TOO_LATE = say("This is too late: the download is {state} already.")


def confirm(
    services: Services,
    id: str,
    tags: dict[str, Tags],
    *,
    covers: dict[str, bool] | None = None,
    trims: dict[str, Trim] | None = None,
    conflict: str | None = None,
) -> None:
    """Accept a reviewed download: `tags`, `covers` (with or without) and `trims` by staged track's id."""
    old = []
    with services.db.write() as session:
        download = _found(session, id)
        # Somebody looked at it after all.
        download.skip_review = False
        for track in download.tracks:
            track.with_cover = (covers or {}).get(track.id, track.with_cover)
            if trims and track.id in trims:
                old.append(trim.change(session, download, track, trims[track.id]))
        download.conflict = conflict or download.conflict
        _must(_accept(session, download, tags), download)
    for file in old:
        trim.clear(services, id, file)
    services.ring("finalize", id)


def accept_as_proposed(session: Session, download: Download) -> bool:
    """Accept a staged download without a review, unless something is left to ask the person."""
    if not all(track.proposal.value("title") for track in download.tracks):
        return False
    lossy = not all(track.source_quality.lossless for track in download.tracks)
    if lossy and FORMATS[download.format].lossless and not download.confirm_lossy:
        return False
    return _accept(session, download, {track.id: track.proposal.tags() for track in download.tracks})


def _accept(session: Session, download: Download, tags: dict[str, Tags]) -> bool:
    for track in download.tracks:
        origin = {
            "source_url": str(track.info.get("webpage_url") or download.url),
            "source_id": read.source_id(track.info),
            "isrc": candidates.isrc(track),
            **candidates.ids(track, tags[track.id]),
        }
        track.tags = msgspec.structs.replace(tags[track.id], **origin)
        track.draft = None
    session.flush()
    return queries.move(session, download.id, State.FINALIZING)


def cancel(services: Services, id: str) -> None:
    """Stop a download that is on its way: its children end, its files go, or are kept a while for an undo.

    Too late once the place in the library is recorded: the file may be there at any moment from then on.
    """
    with services.db.write() as session:
        download = _found(session, id)
        confirmed = download.state is State.FINALIZING
        placing = confirmed and any(track.sha256 for track in download.tracks)
        until = undo.kept_until(services, download) if confirmed else None
        _must(not placing and queries.move(session, id, State.CANCELLED, undo_until=until), download)
    services.running.cancel(id)
    if not until and not services.running.is_busy(id) and download.state not in FETCHING:
        staging.remove(services.settings, id)


def retry(services: Services, id: str) -> State:
    """Go on where it stopped: finalize again what was confirmed, else fetch again.

    What waits for its next try anyway is tried now; a pause of its site still holds.
    """
    with services.db.write() as session:
        download = _found(session, id)
        to: State = download.state
        if download.retry_at and to in (State.QUEUED, State.FINALIZING):
            queries.touch(session, id, retry_at=None)
        else:
            to = _retry(services, session, download)
    services.room.forget()
    if to is not State.REVIEW:
        services.ring("stage" if to is State.QUEUED else "finalize", id)
    return to


def _retry(services: Services, session: Session, download: Download) -> State:
    # What is being fetched may go back into the queue too, but not by a person's word.
    _must(download.state in (State.FAILED, State.CANCELLED), download)
    if queries.open_link(session, download.user_id, download.url_key):
        raise Conflict(ALREADY, code="already_queued")
    staged = download.state is State.FAILED or download.undo_until
    if not (staged and download.tracks and staging.is_whole(services.settings, download)):
        to = State.QUEUED
        limits.check_waiting(session, download.user_id, services.settings)
    elif download.state is State.CANCELLED:
        undo_queries.bring_back(session, download)
        return State.REVIEW
    elif all(track.tags for track in download.tracks):
        to = State.FINALIZING
    else:
        to = State.REVIEW
    _must(queries.move(session, download.id, to, attempts=0, tries=0, crashes=0), download)
    return to


def take_turn(services: Services, id: str, where: str) -> None:
    """Change the order of the person's own waiting downloads: `where` is first, last, up or down."""
    with services.db.write() as session:
        download = _found(session, id)
        _must(download.state is State.QUEUED, download)
        line = schedule_queries.turns(session, download.user_id)
        at = next(place for place, (one, _) in enumerate(line) if one == id)
        if where == "first":
            schedule_queries.set_turn(session, id, line[0][1] - 1)
        elif where == "last":
            schedule_queries.set_turn(session, id, line[-1][1] + 1)
        else:
            other = at - 1 if where == "up" else at + 1
            if 0 <= other < len(line):
                schedule_queries.set_turn(session, id, line[other][1])
                schedule_queries.set_turn(session, line[other][0], line[at][1])
    services.ring("stage", id)


def discard(services: Services, id: str) -> None:
    """Drop a reviewed or failed download; nothing of it reaches the library. It can be undone for a while."""
    with services.db.write() as session:
        download = _found(session, id)
        until = undo.kept_until(services, download)
        _must(queries.move(session, id, State.DISCARDED, undo_until=until), download)
    services.running.cancel(id)
    if not until:
        staging.remove(services.settings, id)


def forget(services: Services, id: str) -> None:
    """Remove a finished download from the history. The library keeps its file."""
    with services.db.write() as session:
        download = _found(session, id)
        if not queries.remove(session, id):
            if download.state is State.DONE:
                sentence = say("This download is being undone: cancel or discard it first.")
            else:
                sentence = say(f"This download is {download.state}: cancel or discard it first.")
            raise Conflict(sentence, code="too_late")
    staging.remove(services.settings, id)


def _found(session: Session, id: str) -> Download:
    """Somebody may have forgotten it a moment ago."""
    download = queries.by_id(session, id)
    if download is None:
        raise NotFound("There is no such download.")
    return download


def _must(moved: bool, download: Download) -> None:
    if not moved:
        raise Conflict(TOO_LATE.format(state=download.state), code="too_late")
