"""Other tags for a track of the library: file and index together, and all of it or nothing.

A copy gets the tags, in a child; it is read back, and only then takes the file's place (see `changes`). Only
the fields that differ are written, so whatever else is in a file stays in it.
"""

import contextlib
import errno
import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec
from uuid6 import uuid7

from app.errors import Conflict, Failure, FailureKind
from app.languages.say import say
from app.library import changes
from app.library.change_model import Change, Kind, Snapshot
from app.library.folder import check_mounted
from app.library.inodes import inode_of
from app.library.model import Track
from app.library.paths import from_text, open_file
from app.library.reading import CHUNK_BYTES
from app.services import Services
from app.tags import files
from app.tags.files import FileReport
from app.tags.model import Tags
from app.tags.typed import read_tags
from app.tags.values import settled

log = logging.getLogger("inlay.edit")

SLACK_MS = 150
"""A file's length may be told a little differently once its tags are others."""
SEEN = say("This file was changed by somebody else a moment ago. Look at it again, then edit it.")
WRONG = say("The tags could not be written as they should be. Nothing was changed.")


def edit(
    services: Services,
    track: Track,
    values: Mapping[str, Any],
    user_id: int | None,
    *,
    owner: str | None = None,
    sha256_before: str | None = None,
    undoes: str | None = None,
) -> Change | None:
    """Give these fields (names of `typed.FIELDS`, as a person wrote them) their values. None: they have them.

    Raises Invalid for a bad value, NotFound, Conflict when the file is not the one that the index saw, or not
    the one with `sha256_before`, and Failure. Nothing is changed then.
    """

    def typed(tags: Tags) -> Tags:
        return read_tags(values, base=tags, needs_title="title" in values)

    return retag(services, track, typed, user_id, owner=owner, sha256_before=sha256_before, undoes=undoes)


def retag(
    services: Services,
    track: Track,
    wish: Callable[[Tags], Tags],
    user_id: int | None,
    *,
    owner: str | None = None,
    sha256_before: str | None = None,
    undoes: str | None = None,
) -> Change | None:
    """Give the file the tags that `wish` makes of those that it has. As `edit`."""
    settings = services.settings
    check_mounted(settings.library_dir, settings.data_dir)
    with _workplace(services, track) as work:
        before = _copy(settings.library_dir, track, work)
        if sha256_before not in (None, before):
            raise Conflict(changes.CHANGED, code="file_changed")
        found = _read(work)
        wanted = settled(wish(found.tags))
        fields = [one for one in Tags.__struct_fields__ if getattr(wanted, one) != getattr(found.tags, one)]
        if not fields:
            return None
        files.write_safely(work, wanted, None, fields=fields, start=services.warm.child_if_warm)
        written = _checked(found, _read(work), wanted, fields)
        held = changes.snapshot_of(track)
        change = Change(
            id=str(uuid7()),
            kind=Kind.EDITED,
            track_id=track.id,
            user_id=user_id,
            path_before=track.path,
            path_after=track.path,
            sha256_before=before,
            sha256_after=_sha256(work),
            before=_snapshot(found, held),
            after=_snapshot(written, held),
            owner=owner,
            undoes=undoes,
        )
        return changes.perform(services, change, None, work)


def read_whole(services: Services, track: Track) -> Tags:
    """All tags in a track's file, also those that the index does not keep. Raises Failure."""
    return _read(services.settings.library_dir / from_text(track.path)).tags


def _read(file: Path) -> FileReport:
    [report] = files.read_safely([file])
    if report.error:
        raise Failure(FailureKind.PERMANENT, report.error)
    return report


def _checked(before: FileReport, after: FileReport, wanted: Tags, fields: Collection[str]) -> FileReport:
    """What was written is what is read, and the sound is as long as it was."""
    is_read = all(getattr(after.tags, one) == getattr(wanted, one) for one in fields)
    old, new = (one.quality.duration_ms if one.quality else None for one in (before, after))
    same = old == new or (old is not None and new is not None and abs(old - new) <= SLACK_MS)
    if not (is_read and same and before.has_cover == after.has_cover):
        log.warning("wanted %s, read %s, lengths %s", wanted, after.tags, (old, new))
        raise Failure(FailureKind.PERMANENT, WRONG)
    return after


def _snapshot(report: FileReport, held: Snapshot) -> Snapshot:
    quality = report.quality or held.quality
    if quality and held.quality and not quality.preset:
        # The sound is the same, and what it was encoded with is not always in the file.
        quality = msgspec.structs.replace(quality, preset=held.quality.preset)
    return msgspec.structs.replace(held, tags=report.tags, has_cover=report.has_cover, quality=quality)


@contextlib.contextmanager
def _workplace(services: Services, track: Track) -> Iterator[Path]:
    """A file of our own with the track's ending. What a crash leaves of it is swept with staging."""
    folder = services.settings.staging / f"edit-{uuid7()}"
    try:
        folder.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise _trouble(error) from error
    try:
        yield folder / f"track{PurePosixPath(track.path).suffix.lower()}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy(library: Path, track: Track, target: Path) -> str:
    """Answers the hash. Raises Conflict unless it is the file that the index knows."""
    digest = hashlib.sha256()
    with os.fdopen(open_file(library, track.path), "rb") as file:
        facts = os.fstat(file.fileno())
        if (inode_of(facts), facts.st_size, facts.st_mtime_ns) != (
            track.inode,
            track.size_bytes,
            track.mtime_ns,
        ):
            raise Conflict(SEEN, code="file_changed")
        try:
            with open(target, "xb") as copy:
                while chunk := file.read(CHUNK_BYTES):
                    digest.update(chunk)
                    copy.write(chunk)
        except OSError as error:
            raise _trouble(error) from error
    return digest.hexdigest()


def _sha256(file: Path) -> str:
    with file.open("rb") as reader:
        return hashlib.file_digest(reader, "sha256").hexdigest()


def _trouble(error: OSError) -> Failure:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        sentence = say("The disk of the staging folder is full. Make room on it, then try again.")
        return Failure(FailureKind.NEEDS_YOU, sentence)
    sentence = say(
        f"The file cannot be copied ({error.strerror or error}). Check its disk and the staging folder's."
    )
    return Failure(FailureKind.TEMPORARY, sentence)
