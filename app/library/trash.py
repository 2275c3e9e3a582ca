"""The trash: what leaves the library goes there, and comes back as the track that it was.

The trash folder is in the data folder, perhaps on another disk than the library. How a crash at any moment
loses nothing is told in `changes`.
"""

import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path, PurePosixPath

from uuid6 import uuid7

from app.db import now
from app.errors import Conflict, Failure, FailureKind, NotFound
from app.languages.say import say
from app.library import change_queries, changes, place, swap
from app.library.change_model import Change, Kind, Snapshot, Trashed
from app.library.folder import check_mounted
from app.library.model import Track
from app.library.paths import from_text, open_file, to_text
from app.library.reading import digest_of, sha256_of
from app.services import Services
from app.tags.naming import with_number

log = logging.getLogger("inlay.trash")

MAX_NAMES = 500
IGNORED = (".lock-", ".inlay-")
NOT_THERE = say("This file is not in the trash any more.")
DAMAGED = say("This file in the trash is not what was put there. Take it from the folder `trash` yourself.")


def put_away(services: Services, track: Track, why: Kind, user_id: int | None) -> Trashed:
    """Move a track's file to the trash, where it waits for `restore`. The row of the track stays, as missing.

    `why` is Kind.DELETED as a rule. Raises NotFound when there is no such file, Conflict when it changed
    while it was moved, and Failure (a full disk, a library that is not mounted): nothing is done then.
    """
    sha256 = digest_in_library(services, track)
    trashed = _trashed(track, sha256, why, user_id)
    change = Change(
        id=str(uuid7()),
        kind=Kind.DELETED,
        track_id=track.id,
        user_id=user_id,
        path_before=track.path,
        sha256_before=sha256,
        before=trashed.held,
        trashed_id=trashed.id,
    )
    changes.perform(services, change, trashed, None)
    return _found(services, trashed.id)


def replace(
    services: Services,
    track: Track,
    new_file: Path,
    held: Snapshot,
    *,
    user_id: int | None,
    owner: str | None = None,
    sha256_before: str | None = None,
    from_trash_id: str | None = None,
    undoes: str | None = None,
) -> Change:
    """The track's file goes to the trash, and a copy of `new_file` is the track from then on.

    `new_file` has its tags already (finalize's tagged copy in staging) and is left where it is. The track's
    row keeps its id and its `added_at`, so whatever refers to it stays; its path stays too, but for the
    ending when that of `new_file` is another (with a number when the name is taken then). `held` is what the
    index is to say of it: tags, quality, source's quality, and whose download it is.

    On one disk the two files change names in one step: a player never finds neither. Safe to call again
    after a crash with the same `owner` (a staged track's id) and the same bytes: it ends what had begun, and
    answers what was done. `sha256_before` is what the caller saw of the old file: another one is let be.

    The answer's `path_after` is where it is now (`paths.from_text`), its `trashed_id` what `restore` takes to
    undo it. Raises NotFound, Conflict and Failure as `put_away` does: nothing is done then.
    """
    after = sha256_of(new_file)
    if owner and (known := replaced_before(services, owner, after)):
        return known
    before = digest_in_library(services, track)
    if sha256_before not in (None, before):
        raise Conflict(changes.CHANGED, code="file_changed")
    if before == after:
        raise Conflict("This is the same file, byte by byte. Nothing was replaced.", code="same_file")
    trashed = _trashed(track, before, Kind.REPLACED, user_id)
    change = Change(
        id=str(uuid7()),
        kind=Kind.RESTORED if from_trash_id else Kind.REPLACED,
        track_id=track.id,
        user_id=user_id,
        path_before=track.path,
        path_after=to_text(_new_path(services, from_text(track.path), new_file.suffix)),
        sha256_before=before,
        sha256_after=after,
        before=trashed.held,
        after=held,
        trashed_id=trashed.id,
        from_trash_id=from_trash_id,
        owner=owner,
        undoes=undoes,
    )
    return changes.perform(services, change, trashed, new_file)


def restore(services: Services, trashed_id: str, user_id: int | None) -> Change:
    """Bring a file back from the trash to its place, or beside it under a number when that is taken.

    A deleted track is again the row that it was. Where another file replaced it, the two change places.
    Raises NotFound, Conflict when it is not in the trash (any more), and Failure: then it stays there.
    """
    trashed = _found(services, trashed_id)
    settings = services.settings
    check_mounted(settings.library_dir, settings.data_dir)
    found = swap.digest_in_trash(settings.trash, trashed.name)
    if found is None:
        raise Conflict(NOT_THERE, code="too_late")
    if found != trashed.sha256:
        raise Conflict(DAMAGED, code="file_changed")
    with services.db.read() as session:
        track = session.get(Track, trashed.track_id)
        cause = change_queries.brought_to_trash_by(session, trashed.id)
    undoes = cause.id if cause and cause.undone_at is None else None
    file = settings.trash / trashed.name
    if track and track.missing_at is None:
        return replace(
            services,
            track,
            file,
            trashed.held,
            user_id=user_id,
            from_trash_id=trashed.id,
            undoes=undoes,
        )
    wanted = _free_name(services, from_text(trashed.path))
    change = Change(
        id=str(uuid7()),
        kind=Kind.RESTORED,
        track_id=trashed.track_id,
        user_id=user_id,
        path_after=to_text(wanted),
        sha256_after=trashed.sha256,
        after=trashed.held,
        from_trash_id=trashed.id,
        undoes=undoes,
    )
    try:
        return changes.perform(services, change, None, file)
    except place.NameTaken as taken:
        raise Conflict("Another file took this name just now. Try again.", code="busy") from taken


def empty(services: Services, ids: Sequence[str] | None = None) -> int:
    """Delete these files for good, or all that are in the trash. Says how many there were."""
    if ids is None:
        with services.db.read() as session:
            ids = change_queries.kept_ids(session)
    number = 0
    for id in ids:
        with services.db.write() as session:
            gone = change_queries.let_go(session, id)
        if gone:
            number += 1
            # What cannot be removed now is removed by the next sweep: its row says so.
            with suppress(Failure):
                swap.remove_from_trash(services.settings.trash, gone.name)
    return number


def expire(services: Services) -> None:
    """Empty what has been in the trash for long enough, sweep it, and forget what is too old to be told."""
    days = services.settings.trash_days
    if days:
        with services.db.read() as session:
            old = change_queries.older_than(session, now() - timedelta(days=days))
        if old:
            log.info("%d files have been in the trash for %d days and go", empty(services, old), days)
    _sweep(services)
    if days := services.settings.history_days:
        moment = now() - timedelta(days=days)
        with services.db.read() as session:
            some = change_queries.is_any_before(session, moment)
        if some:
            with services.db.write() as session:
                change_queries.forget(session, moment)


def _sweep(services: Services) -> None:
    """Files whose rows say that they have left. What nobody knows is somebody's, and stays."""
    trash = services.settings.trash
    if not trash.is_dir():
        return
    names = [name for name in os.listdir(trash) if not name.startswith(IGNORED)]
    for start in range(0, len(names), 400):
        with services.db.read() as session:
            over = change_queries.have_left(session, names[start : start + 400])
        for name in over:
            with suppress(Failure):
                swap.remove_from_trash(trash, name)


def digest_in_library(services: Services, track: Track) -> str:
    """The hash of a track's file. Raises NotFound, and Failure when its disk is not there."""
    settings = services.settings
    check_mounted(settings.library_dir, settings.data_dir)
    with os.fdopen(open_file(settings.library_dir, track.path), "rb") as file:
        try:
            return digest_of(file)
        except Failure as failure:
            sentence = say("This file of the library cannot be read. Check its disk.")
            raise Failure(FailureKind.TEMPORARY, sentence) from failure


def _trashed(track: Track, sha256: str, why: Kind, user_id: int | None) -> Trashed:
    id = str(uuid7())
    ending = PurePosixPath(track.path).suffix.lower()
    return Trashed(
        id=id,
        track_id=track.id,
        path=track.path,
        name=f"{id}{ending}",
        sha256=sha256,
        size_bytes=track.size_bytes,
        held=changes.snapshot_of(track),
        reason=why,
        user_id=user_id,
    )


def replaced_before(services: Services, owner: str, sha256: str) -> Change | None:
    """The replacement with this file that was begun for `owner` already; one under way is ended first."""
    with services.db.read() as session:
        known = change_queries.asked_by(session, owner, sha256)
    if known and known.done_at is None:
        changes.recover(services)
        with services.db.read() as session:
            known = change_queries.asked_by(session, owner, sha256)
        if known and known.done_at is None:
            raise Conflict(changes.BUSY, code="busy")
    return known


def _new_path(services: Services, path: PurePosixPath, ending: str) -> PurePosixPath:
    if path.suffix.lower() == ending.lower():
        return path
    return _free_name(services, path.with_suffix(ending))


def _free_name(services: Services, wanted: PurePosixPath) -> PurePosixPath:
    library = services.settings.library_dir
    for number in range(1, MAX_NAMES):
        path = with_number(wanted, number)
        if not place.name_is_taken(library, path):
            return path
    raise Failure(FailureKind.NEEDS_YOU, "There are too many files of this name in this folder.")


def _found(services: Services, trashed_id: str) -> Trashed:
    with services.db.read() as session:
        trashed = change_queries.trashed_by_id(session, trashed_id)
    if trashed is None:
        raise NotFound("There is no such file in the trash.")
    return trashed
