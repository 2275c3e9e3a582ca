"""Changing a file of the library: each change is written down first, and ended or taken back after a crash.

The steps, each of which may be repeated, and after any of which the power may go:

1. the row: what is about to be done, with the hashes of the file before and after (`done_at` is empty)
2. the new file, if there is one, is whole in the library: beside the old one under a hidden name, or at its
   own path when that is another one
3. the old file, if there is one, has a hidden name; the new one has its name in the same moment. Its hash is
   looked at again: a file that somebody changed meanwhile gets its name back, and nothing is done
4. the old file is whole in the trash, and only then gone from the library (an edit needs no trash: the new
   file has all of it but the old tags, and those are in the row)
5. one transaction: the row is done, the trash has its file, the track in the index is what it is now

What fails before step 4 is over is taken back at once. After a crash `recover` goes on, or takes it back when
the new file was not whole yet. Two processes may be at it (web, and a worker that recovers): they take turns
by locks in the trash folder.
"""

import fcntl
import logging
import os
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from sqlalchemy.orm import Session

from app.errors import Conflict, DatabaseTrouble, Failure, InlayError
from app.languages.say import say
from app.library import change_queries, place, queries, swap, take_out
from app.library.change_model import Change, Snapshot, Trashed
from app.library.folder import check_mounted
from app.library.model import Track
from app.library.paths import from_text, to_text
from app.library.queries import Content, FileFacts
from app.services import Services
from app.tags.model import EDITABLE, Tags

log = logging.getLogger("inlay.library")

PATIENCE_S = 5.0
LOOK_S = 0.05
LOCKS = 64

CHANGED = say(
    "The file was changed since, moved or deleted. It stays as it is: see to it in the library folder."
)
BUSY = say("This track is just being changed. Try again in a moment.")
INTERRUPTED = say("This was interrupted before the new file was there. Nothing was changed.")


def perform(services: Services, change: Change, trashed: Trashed | None, source: Path | None) -> Change:
    """Do it, all of it or nothing. `source` is the new file. Raises Conflict or Failure: nothing is done."""
    settings = services.settings
    with alone(services, change.track_id):
        check_mounted(settings.library_dir, settings.data_dir)
        with services.db.write() as session:
            if not change_queries.begin(session, change, trashed):
                raise Conflict(BUSY, code="busy")
            if change.from_trash_id and not change_queries.take_from_trash(session, change.from_trash_id):
                raise Conflict("This is not in the trash any more.", code="too_late")
        return go_on(services, change, trashed, source)


def go_on(services: Services, change: Change, trashed: Trashed | None, source: Path | None) -> Change:
    """From the recorded intention to the end; with the lock. What cannot be done is taken back."""
    try:
        if not _old_is_away(services, change, trashed):
            _arrive(services, change, source)
            _leave(services, change, trashed)
    except Exception:
        take_back(services, change, trashed)
        raise
    return _end(services, change)


def recover(services: Services) -> None:
    """End every change that was interrupted. Cheap when there is none."""
    with services.db.read() as session:
        begun = change_queries.under_way(session)
    for change in begun:
        try:
            with alone(services, change.track_id, patience_s=0):
                _recover(services, change.id)
        except (InlayError, OSError) as trouble:
            log.warning("change %s: not ended yet: %s", change.id, trouble)


def _recover(services: Services, id: str) -> None:
    settings = services.settings
    with services.db.read() as session:
        change = change_queries.by_id(session, id)
        if change is None or change.done_at is not None:
            return
        trashed = session.get(Trashed, change.trashed_id) if change.trashed_id else None
        back = session.get(Trashed, change.from_trash_id) if change.from_trash_id else None
    check_mounted(settings.library_dir, settings.data_dir)
    go_on(services, change, trashed, settings.trash / back.name if back else None)
    log.info("change %s: was interrupted, and ended now", id)


def take_back(services: Services, change: Change, trashed: Trashed | None) -> None:
    """As if it had never begun. What cannot be done now is left to `recover`."""
    library = services.settings.library_dir
    try:
        if _old_is_away(services, change, trashed):
            return
        if _in_place(change):
            swap.swap_back(
                library,
                _path(change.path_after),
                _sha(change.sha256_before),
                _sha(change.sha256_after),
                change.id,
            )
        else:
            if change.path_before:
                take_out.put_back(library, _path(change.path_before), change.id)
            if change.path_after:
                _take_out_new(library, change)
        if trashed:
            swap.remove_from_trash(services.settings.trash, trashed.name, change.id)
        with services.db.write() as session:
            change_queries.give_up(session, change)
    except (Failure, DatabaseTrouble) as trouble:
        log.warning("change %s: stopped half-way and will be ended: %s", change.id, trouble)


def _take_out_new(library: Path, change: Change) -> None:
    path, name = _path(change.path_after), f"{change.id}-new"
    place.find_placed(library, path, "", change.id)
    take_out.hide(library, path, _sha(change.sha256_after), name)
    take_out.clear(library, path, name, [path.parent] if path.parent.parts else [])


def _arrive(services: Services, change: Change, source: Path | None) -> None:
    """The new file is whole in the library. Without `source` it must be already."""
    if not change.path_after:
        return
    library, path, after = services.settings.library_dir, _path(change.path_after), _sha(change.sha256_after)
    if _in_place(change):
        if swap.is_beside(library, path, after, change.id):
            return
        if source and swap.bring_beside(source, library, path, change.id):
            if not swap.is_beside(library, path, after, change.id):
                raise Conflict(
                    "The new file changed while it was brought here. Try again.", code="file_changed"
                )
            return
        raise Conflict(CHANGED if source else INTERRUPTED, code="file_changed")
    if place.find_placed(library, path, after, change.id):
        return
    if source is None:
        raise Conflict(INTERRUPTED, code="interrupted")
    placed = place.place(source, library, path, change.id)
    if placed.sha256 != after:
        raise Conflict("The new file changed while it was brought here. Try again.", code="file_changed")


def _leave(services: Services, change: Change, trashed: Trashed | None) -> None:
    """The old file has a hidden name, and then goes to the trash, or for good when nothing of it is lost."""
    if not change.path_before:
        return
    library, path, before = (
        services.settings.library_dir,
        _path(change.path_before),
        _sha(change.sha256_before),
    )
    if _in_place(change):
        done = swap.swap(library, path, before, _sha(change.sha256_after), change.id)
    else:
        done = take_out.hide(library, path, before, change.id)
    if not done:
        raise Conflict(CHANGED, code="file_changed")
    if trashed:
        swap.to_trash(library, path, services.settings.trash, trashed.name, before, change.id)
    else:
        take_out.clear(library, path, change.id, [])


def _old_is_away(services: Services, change: Change, trashed: Trashed | None) -> bool:
    """Whether all is done but the last transaction; what is left of the old file in the library goes."""
    library = services.settings.library_dir
    if not change.path_before:
        return False
    path = _path(change.path_before)
    if trashed is None:
        return swap.is_alone(library, path, _sha(change.sha256_after), change.id)
    if not swap.is_in_trash(services.settings.trash, trashed.name, trashed.sha256):
        return False
    take_out.clear(library, path, change.id, [])
    return True


def _end(services: Services, change: Change) -> Change:
    settings = services.settings
    placed = swap.stands_at(settings.library_dir, _path(change.path_after)) if change.path_after else None
    with services.db.write() as session:
        ended = change_queries.end(session, change.id)
        if ended is None:
            return change
        _write_track(session, ended, placed)
        back = session.get(Trashed, ended.from_trash_id) if ended.from_trash_id else None
    with suppress(Failure):
        if back:
            swap.remove_from_trash(settings.trash, back.name)
        if not change.path_after and change.path_before:
            path = _path(change.path_before)
            take_out.clear(settings.library_dir, path, change.id, [one for one in path.parents if one.parts])
    log.info("%s %s by user %s", change.path_after or change.path_before, change.kind, change.user_id)
    return ended


def _write_track(session: Session, change: Change, placed: place.Placed | None) -> None:
    if placed is None:
        queries.mark_missing(session, [change.track_id])
        return
    held = change.after or Snapshot()
    track = session.get(Track, change.track_id) or Track(id=change.track_id)
    track.source_quality, track.download_id, track.user_id = (
        held.source_quality,
        held.download_id,
        held.user_id,
    )
    file = FileFacts(to_text(placed.relative), placed.size_bytes, placed.mtime_ns, placed.inode)
    queries.reseat(session, track, file, Content(held.tags, held.has_cover, held.quality))


def snapshot_of(track: Track) -> Snapshot:
    """What the index knows of a track."""
    known = {name: getattr(track, name) for name in (*EDITABLE, "source_url", "source_id", "isrc")}
    return Snapshot(
        tags=Tags(**known),
        has_cover=track.has_cover,
        quality=track.quality,
        source_quality=track.source_quality,
        download_id=track.download_id,
        user_id=track.user_id,
    )


@contextmanager
def alone(services: Services, track_id: str, *, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Nobody else, in whatever process, changes this track's file. Raises Conflict when somebody does."""
    patience = time.monotonic() + patience_s
    with swap.open_trash(services.settings.trash) as trash:
        name = f".lock-{zlib.crc32(track_id.encode()) % LOCKS:02}"
        lock = os.open(name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=trash)
    try:
        while not _locked(lock):
            if time.monotonic() >= patience:
                raise Conflict(BUSY, code="busy")
            time.sleep(LOOK_S)
        yield
    finally:
        os.close(lock)


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # A disk that knows no locks; then there is one process that uses it.
        log.debug("the disk of the trash knows no locks")
    return True


def _in_place(change: Change) -> bool:
    return bool(change.path_before) and change.path_before == change.path_after


def _path(text: str | None) -> PurePosixPath:
    return from_text(text or "")


def _sha(text: str | None) -> str:
    return text or ""
