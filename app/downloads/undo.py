"""Undo: what was added, discarded or cancelled a moment ago goes back to review, as it was confirmed.

`undo_until` says until when the staging folder is kept for it; `retention` lets it go then. What the person
confirmed becomes the draft of the review; cover and conversion are kept, so adding it again takes a moment.

While a download is being finalized and no destination is recorded, the row alone changes: a finalizer that
is at it finds that when it records the destination (`queries.set_destination`), also when the same download
has been confirmed anew by then. After that an undo waits for the finalizer, and takes the file out of the
library again. Each step of that may be the last one before a power cut; `recover` ends what has begun, always
forwards unless somebody changed or moved the file:

1. looked: it is still exactly the file that was placed (path and hash), and staging has what a review needs
2. the row: `library_track_id` goes. Done without it means: is being taken out, and nobody else touches it
3. the file gets a hidden name beside its own, and its hash is looked at again: whoever replaced or changed it
   in between gets it back, and the row its `library_track_id`
4. the row: back to review, without hash; the index forgets the file. Until here all of it can be taken back
5. the hidden file is removed, then the folders that finalize made for it, if they are empty
6. the row: `path` goes. Without a hash it says where a hidden file may still lie

Where it took the place of another one, steps 3 and 5 are the library's (`undo_replaced`): the old file comes
back from the trash, and this one goes there.

At no moment is there neither the file nor all that it is made of, so it is removed and needs no trash.
Two processes may be at it (web, and a worker that recovers): they take turns by a lock on the staging folder.
"""

import errno
import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from sqlalchemy.orm import Session

from app.db import now
from app.downloads import drafts, queries, staging, undo_queries, undo_replaced
from app.downloads.forms import ALREADY
from app.downloads.model import UNDOABLE, Conversion, Download, StagedTrack, State
from app.downloads.places import path_of_ours
from app.downloads.schedule_queries import is_ahead
from app.errors import Conflict, DatabaseTrouble, Failure, InlayError, NotFound
from app.languages.say import say
from app.library import take_out
from app.library.folder import check_mounted
from app.library.reading import sha256_of
from app.services import Services

log = logging.getLogger("inlay.undo")

PLACING_S = 5.0
"""So long an undo waits for a file that is just being put into the library, or for another undo."""
LOOK_S = 0.05

CHANGED = say(
    "The file was changed since, moved or deleted. It stays as it is: see to it in the library folder."
)
TOO_LATE = say("It is too late to undo this: what was fetched is not kept any more.")
NOTHING = say("There is nothing to undo: the download is {state}.")
BUSY = say("The file is just being put into the library. Undo it in a moment.")


def is_possible(download: Download) -> bool:
    """Whether an undo would bring it back, as far as the row can tell."""
    if download.state is State.FINALIZING:
        return not any(track.sha256 for track in download.tracks)
    added = download.state is not State.DONE or all(track.library_track_id for track in download.tracks)
    ahead = download.undo_until is not None and is_ahead(download.undo_until)
    return download.state in UNDOABLE and ahead and added


def kept_until(services: Services, download: Download) -> datetime | None:
    """Until when what was fetched is kept if this download ends now; None: it goes at once."""
    seconds = services.settings.undo_s
    if len(download.tracks) > 1 and any(track.replaces for track in download.tracks):
        # Some of it could be back and some not: the history takes back one after the other.
        return None
    placing = download.state is not State.FINALIZING and any(track.sha256 for track in download.tracks)
    if not seconds or placing or not _is_whole(services, download):
        return None
    return now() + timedelta(seconds=seconds)


def undo(services: Services, id: str) -> None:
    """Back to review. Raises Conflict with the reason, and changes nothing then."""
    patience = time.monotonic() + PLACING_S
    while not _try(services, id):
        if time.monotonic() > patience:
            raise Conflict(BUSY, code="too_late")
        time.sleep(LOOK_S)
    with services.db.read() as session:
        download = queries.by_id(session, id)
    for track in download.tracks if download else ():
        if track.conversion is Conversion.WAITING:
            services.ring("convert", track.id)
    log.info("undone", extra={"download_id": id})


def _try(services: Services, id: str) -> bool:
    """False: somebody is at it; again in a moment."""
    with services.db.write() as session:
        download = _found(session, id)
        if download.state is not State.DONE:
            return _from_row(services, session, download)
    try:
        with _alone(services, id):
            _from_library(services, id)
    except BlockingIOError:
        return False
    except Failure as failure:
        # It is the library's disk that does not let us.
        raise Conflict(failure.message, code="not_undone") from failure
    return True


def _from_row(services: Services, session: Session, download: Download) -> bool:
    """Nothing of it is in the library, so the row is all that changes. False: it may be there any moment."""
    if download.state is State.FINALIZING:
        if not is_possible(download):
            return False
    elif download.state not in UNDOABLE:
        raise Conflict(NOTHING.format(state=download.state), code="too_late")
    elif not is_possible(download) or not _is_whole(services, download):
        raise Conflict(TOO_LATE, code="too_late")
    elif undo_queries.link_is_open(session, download):
        raise Conflict(ALREADY, code="already_queued")
    _bring_back(services, session, download)
    return True


def _from_library(services: Services, id: str) -> None:
    settings = services.settings
    with services.db.read() as session:
        download = _found(session, id)
        paths = {track.id: PurePosixPath(path_of_ours(session, track)) for track in download.tracks}
    if download.state is not State.DONE:
        raise BlockingIOError
    if not is_possible(download) or not _is_whole(services, download):
        raise Conflict(TOO_LATE, code="too_late")
    check_mounted(settings.library_dir, settings.data_dir)
    for track in download.tracks:
        path = paths[track.id]
        if track.replaces:
            undo_replaced.check(services, track)
        elif not take_out.is_there(settings.library_dir, path, track.sha256 or ""):
            raise Conflict(CHANGED, code="file_changed")
        elif path != _path(track):
            staging.note_made(settings, id, [one for one in path.parents if one.parts])
    with services.db.write() as session:
        download = _found(session, id)
        if not is_possible(download):
            raise Conflict(TOO_LATE, code="too_late")
        if undo_queries.link_is_open(session, download):
            raise Conflict(ALREADY, code="already_queued")
        undo_queries.begin(session, download)
    _go_on(services, download)


def _go_on(services: Services, download: Download) -> None:
    """From the recorded intention to the end. What stops it before the row is back is taken back."""
    library = services.settings.library_dir
    try:
        for track in download.tracks:
            if track.replaces:
                undo_replaced.bring_old_back(services, track, download.user_id)
            elif not take_out.hide(library, _path(track), track.sha256 or "", track.id):
                raise Conflict(CHANGED, code="file_changed")
        with services.db.write() as session:
            current = _found(session, download.id)
            is_open = undo_queries.link_is_open(session, current)
            if not is_open:
                _bring_back(services, session, current)
            elif any(track.replaces for track in current.tracks):
                # The old file is back already, and this one in the trash.
                undo_queries.give_up(session, current)
        if is_open:
            raise Conflict(ALREADY, code="already_queued")
    except Exception:
        _take_back(services, download)
        raise
    for track in download.tracks:
        if not track.replaces:
            clear(services, track)


def _bring_back(services: Services, session: Session, download: Download) -> None:
    """To review, with what the person confirmed as what they typed."""
    for track in download.tracks:
        if track.tags:
            track.draft = drafts.confirmed(track)
    undo_queries.bring_back(session, download, unconverted=_unconverted(services, download))


def _take_back(services: Services, download: Download) -> None:
    """The file has its name again, then the row says so. What cannot be done now is left to `recover`."""
    try:
        can_go_on = _is_whole(services, download)
        for track in download.tracks:
            if track.replaces and undo_replaced.has_begun(services, track, or_ended=can_go_on):
                return
            take_out.put_back(services.settings.library_dir, _path(track), track.id)
        with services.db.write() as session:
            if download.id in undo_queries.under_way(session):
                undo_queries.give_up(session, _found(session, download.id))
    except (Failure, DatabaseTrouble, NotFound) as trouble:
        extra = {"download_id": download.id}
        log.warning("the undo stopped half-way and will be ended: %s", trouble, extra=extra)


def clear(services: Services, track: StagedTrack) -> None:
    """Remove what an undo took out of the library. What cannot be removed now is left to `recover`."""
    if not track.path:
        return
    try:
        folders = staging.made(services.settings, track.download_id)
        beside = _picture_beside(services, track)
        take_out.clear(services.settings.library_dir, _path(track), track.id, folders, beside=beside)
        with services.db.write() as session:
            undo_queries.forget_path(session, track.id, track.path)
    except (Failure, DatabaseTrouble) as trouble:
        extra = {"download_id": track.download_id}
        log.warning("taken out of the library, but still hidden there: %s", trouble, extra=extra)


def _picture_beside(services: Services, track: StagedTrack) -> tuple[str, str] | None:
    cover = staging.folder_of(services.settings, track.download_id) / staging.COVER
    name = services.settings.cover_file
    return (name, sha256_of(cover)) if name and cover.exists() else None


def recover(services: Services) -> None:
    """End every undo that was interrupted. Cheap when there is none."""
    with services.db.read() as session:
        begun, hidden = undo_queries.under_way(session), undo_queries.hidden(session)
    for id in begun:
        try:
            with _alone(services, id):
                _recover(services, id)
        except BlockingIOError:
            continue
        except InlayError as trouble:
            log.warning("the undo is not ended yet: %s", trouble, extra={"download_id": id})
    for _, track_id in hidden:
        with services.db.read() as session:
            track = queries.staged_track(session, track_id)
        if track and track.path and not track.sha256:
            clear(services, track)


def _recover(services: Services, id: str) -> None:
    settings = services.settings
    with services.db.read() as session:
        download = queries.by_id(session, id) if id in undo_queries.under_way(session) else None
    if download is None:
        return
    check_mounted(settings.library_dir, settings.data_dir)
    if _is_whole(services, download):
        _go_on(services, download)
        log.info("an interrupted undo was ended", extra={"download_id": id})
    else:
        _take_back(services, download)


@contextmanager
def _alone(services: Services, id: str) -> Iterator[None]:
    """Nobody else, in whatever process, is at an undo of this download. BlockingIOError: somebody is."""
    try:
        folder = os.open(staging.folder_of(services.settings, id), os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR):
            raise Conflict("The staging folder cannot be read. Check its disk.", code="not_undone") from error
        raise Conflict(TOO_LATE, code="too_late") from error
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError:
            # A staging disk that knows no locks; then there is one process that uses it.
            log.debug("the staging disk knows no locks", extra={"download_id": id})
        yield
    finally:
        os.close(folder)


def _is_whole(services: Services, download: Download) -> bool:
    return bool(download.tracks) and staging.is_whole(services.settings, download)


def _unconverted(services: Services, download: Download) -> list[str]:
    """Tracks whose conversion is not there (any more), although it was done."""
    folder = staging.folder_of(services.settings, download.id)
    done = [track for track in download.tracks if track.conversion is Conversion.DONE]
    return [track.id for track in done if not (folder / (track.converted_file or "")).is_file()]


def _path(track: StagedTrack) -> PurePosixPath:
    return PurePosixPath(track.path or "")


def _found(session: Session, id: str) -> Download:
    download = queries.by_id(session, id)
    if download is None:
        raise NotFound("There is no such download.")
    return download
