"""Putting a finished file into the library: whole or not at all, and never in place of another."""

import contextlib
import errno
import fcntl
import hashlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path, PurePosixPath

from app.errors import Conflict, Failure, FailureKind, NotFound
from app.library.folder import MARKER, as_failure, check_mounted, open_library, prepare_folder
from app.library.inodes import inode_of
from app.library.moves import move
from app.library.paths import FILE, checked_parts, open_folder, step_into
from app.library.reading import chunks, digest_of, open_regular, sha256_of, staged
from app.tags.naming import path_key

__all__ = [
    "NameTaken",
    "Placed",
    "check_mounted",
    "clean_leftovers",
    "facts_of",
    "find_placed",
    "name_is_taken",
    "part_name",
    "place",
    "place_beside",
    "prepare_folder",
    "relocate",
    "sha256_of",
]

_placing = threading.Lock()
TRIES = 3


class _FolderGone(Exception):
    """The folder was removed while something was being brought into it."""


class NameTaken(Conflict):
    """Another file has this name already, as a case-insensitive disk would see it."""

    code = "name_taken"


@dataclass(frozen=True)
class Placed:
    """A file that is in the library now."""

    relative: PurePosixPath
    """Its path; folders that were there already keep their own spelling."""
    sha256: str
    size_bytes: int
    mtime_ns: int
    inode: int
    made: tuple[PurePosixPath, ...] = field(default=(), compare=False)
    """The folders that were not there before this call; a repeat finds them there."""


def place(source: Path, library: Path, relative: PurePosixPath, owner_id: str) -> Placed:
    """Copy `source` to `relative` in the library. `owner_id` names the copy while it is not complete.

    May be repeated after a crash: it finds what is done and goes on. Raises NameTaken when another file
    has the name, and Failure when the disk refuses.
    """
    for _ in range(TRIES):
        # An undo removes folders that have become empty: perhaps the one that was just stepped into.
        with contextlib.suppress(_FolderGone):
            return _place(source, library, relative, owner_id)
    return _place(source, library, relative, owner_id)


def _place(source: Path, library: Path, relative: PurePosixPath, owner_id: str) -> Placed:
    *folders, name = checked_parts(relative)
    part = part_name(owner_id)
    with (
        staged(source) as brought,
        as_failure(),
        open_library(library) as root,
        _made_folders(root, folders) as (folder, spelled, made),
    ):
        try:
            remove(folder, part)
            digest = _arrive(brought, root, folder, name, part)
        except FileNotFoundError as error:
            if os.fstat(folder).st_nlink:
                raise
            raise _FolderGone from error
        sync_folder(folder)
        return placed_at(folder, PurePosixPath(*spelled, name), digest, made)


def place_beside(source: Path, library: Path, track: PurePosixPath, name: str, owner_id: str) -> None:
    """Copy `source` to `name` in this track's folder, unless there is such a file already. As `place`."""
    wanted = track.with_name(name)
    if name_is_taken(library, wanted):
        return
    try:
        place(source, library, wanted, owner_id)
    except NameTaken:
        return
    except Failure:
        # Nobody comes back for what is left of it, as it is no reason to try again.
        with contextlib.suppress(Failure):
            find_placed(library, wanted, "", owner_id)
        raise


def name_is_taken(library: Path, relative: PurePosixPath, unless_sha256: str = "") -> bool:
    """Whether a file of this name is there, as a case-insensitive disk would see it.

    A file with the hash `unless_sha256` does not count: it is the one that has been brought already.
    """
    with found_folder(library, relative) as (folder, _):
        if folder is None or _twin(folder, relative.name) is None:
            return False
        return not unless_sha256 or digest_at(folder, relative.name) != unless_sha256


def find_placed(library: Path, relative: PurePosixPath, sha256: str, owner_id: str) -> Placed | None:
    """The file that an interrupted `place` put there, if it is there and still exactly that one.

    What else that `place` left there is removed.
    """
    with found_folder(library, relative) as (folder, spelled):
        if folder is None:
            return None
        remove(folder, part_name(owner_id))
        if digest_at(folder, relative.name) != sha256:
            return None
        # It may have been interrupted before it could do so.
        sync_folder(folder)
        return placed_at(folder, PurePosixPath(*spelled, relative.name), sha256)


@dataclass(frozen=True)
class Relocated:
    """A file of the library under its other path."""

    relative: PurePosixPath
    """Folders that were there already keep their own spelling."""
    size_bytes: int
    mtime_ns: int


def relocate(library: Path, source: PurePosixPath, target: PurePosixPath) -> Relocated:
    """Give a file of the library another path, with the folders that this takes.

    May be repeated after a crash. Raises NameTaken, NotFound when there is no such file, and Failure.
    """
    for _ in range(TRIES):
        with contextlib.suppress(_FolderGone):
            return _relocate(library, source, target)
    return _relocate(library, source, target)


def _relocate(library: Path, source: PurePosixPath, target: PurePosixPath) -> Relocated:
    *folders, name = checked_parts(target)
    if facts_of(library, source) is None:
        raise NotFound("There is no such file in the library any more.")
    with (
        as_failure(),
        open_library(library) as root,
        open_folder(library, source.parent) as before,
        _made_folders(root, folders) as (folder, spelled, _),
        one_at_a_time(root),
    ):
        facts = os.stat(source.name, dir_fd=before, follow_symlinks=False)
        _move_over(before, source.name, folder, name, facts)
        for one in (folder, before):
            sync_folder(one)
    return Relocated(PurePosixPath(*spelled, name), facts.st_size, facts.st_mtime_ns)


def facts_of(library: Path, relative: PurePosixPath) -> tuple[int, int] | None:
    """Size and mtime of the file with exactly this name; None without one. Raises Failure."""
    with as_failure(), open_library(library):
        try:
            with open_folder(library, relative.parent) as folder:
                if relative.name not in os.listdir(folder):
                    return None
                facts = os.stat(relative.name, dir_fd=folder, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None
    return facts.st_size, facts.st_mtime_ns


def _move_over(before: int, old: str, folder: int, new: str, facts: os.stat_result) -> None:
    taken = _twin(folder, new)
    if taken == new and os.path.samestat(os.stat(new, dir_fd=folder, follow_symlinks=False), facts):
        # A crash between making the second link and taking the first one away. On a disk to which upper and
        # lower case are one, the old name may be found although it is not there.
        other = (old, os.fstat(before).st_ino) != (new, os.fstat(folder).st_ino)
        if other and old in os.listdir(before):
            remove(before, old)
        return
    try:
        if taken is not None:
            raise FileExistsError
        move(before, old, new, into=folder)
    except FileExistsError as error:
        raise NameTaken(f"There is already a file named {new!r} in this folder of the library.") from error
    except FileNotFoundError as error:
        if os.fstat(folder).st_nlink:
            raise
        raise _FolderGone from error


def part_name(owner_id: str) -> str:
    return f".inlay-{owner_id}.part"


def clean_leftovers(library: Path, owner_id: str) -> int:
    """Remove incomplete copies of this owner, wherever they are. Says how many there were."""
    removed = 0
    for _, _, files, folder in os.fwalk(library, follow_symlinks=False):
        if part_name(owner_id) in files:
            remove(folder, part_name(owner_id))
            removed += 1
    return removed


def _arrive(brought: BufferedReader, root: int, folder: int, name: str, part: str) -> str:
    """The file is at its name afterwards; answers its hash."""
    if _twin(folder, name) is not None:
        return _same_or_taken(folder, name, digest_of(brought))
    try:
        digest = copy_to(brought, folder, part)
        with one_at_a_time(root):
            if _twin(folder, name) is not None:
                return _same_or_taken(folder, name, digest)
            try:
                move(folder, part, name)
            except FileExistsError:
                return _same_or_taken(folder, name, digest)
        return digest
    finally:
        remove(folder, part)


def _same_or_taken(folder: int, name: str, digest: str) -> str:
    """The file at this name is the one that we bring, from before a crash; else the name is taken."""
    if digest_at(folder, name) != digest:
        raise NameTaken(f"There is already a file named {name!r} in this folder of the library.")
    return digest


def digest_at(folder: int, name: str) -> str | None:
    """None for what is no file, and when only a twin in another spelling is there."""
    try:
        descriptor = open_regular(name, folder)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP, errno.EINVAL):
            return None
        raise
    with os.fdopen(descriptor, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def copy_to(brought: BufferedReader, folder: int, part: str) -> str:
    """A complete copy under a name that nobody looks at, on the disk and read back. Answers its hash."""
    written = hashlib.sha256()
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(part, flags, 0o666, dir_fd=folder), "w+b") as copy:
        for chunk in chunks(brought):
            written.update(chunk)
            copy.write(chunk)
        copy.flush()
        os.fsync(copy.fileno())
        # Read what is on the disk, not what is still in memory; not every disk takes this advice.
        with contextlib.suppress(OSError):
            os.posix_fadvise(copy.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        copy.seek(0)
        if hashlib.file_digest(copy, "sha256").digest() != written.digest():
            raise Failure(
                FailureKind.TEMPORARY,
                "What was written to the library is not what was read back. If it stays, check the disk.",
            )
    return written.hexdigest()


@contextlib.contextmanager
def one_at_a_time(root: int) -> Iterator[None]:
    """Between looking whether a name is free and taking it, nobody else of ours may take it."""
    with _placing:
        marker = os.open(MARKER, FILE, dir_fd=root)
        try:
            # Some network disks know no locks; then the threads of this process still wait for each other.
            with contextlib.suppress(OSError):
                fcntl.flock(marker, fcntl.LOCK_EX)
            yield
        finally:
            os.close(marker)


@contextlib.contextmanager
def found_folder(library: Path, relative: PurePosixPath) -> Iterator[tuple[int | None, list[str]]]:
    """The folder that `place` would put this file into, None when it would have to be made; its spelling."""
    *folders, _ = checked_parts(relative)
    with as_failure(), open_library(library) as root:
        folder, spelled = os.dup(root), []
        try:
            for wanted in folders:
                name = _twin(folder, wanted)
                if name is None:
                    break
                folder = step_into(folder, name)
                spelled.append(name)
            else:
                yield folder, spelled
                return
            yield None, spelled
        finally:
            os.close(folder)


@contextlib.contextmanager
def _made_folders(root: int, names: list[str]) -> Iterator[tuple[int, list[str], tuple[PurePosixPath, ...]]]:
    """The innermost folder, the spelling that each folder has on the disk, and those made just now."""
    folder, made = os.dup(root), list[PurePosixPath]()
    spelled: list[str] = []
    try:
        for wanted in names:
            with one_at_a_time(root):
                name = _twin(folder, wanted)
                if name is None:
                    name = wanted
                    # A disk may take yet another name for it: with its own idea of upper and lower case.
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(name, dir_fd=folder)
                        made.append(PurePosixPath(*spelled, name))
                    sync_folder(folder)
            try:
                folder = step_into(folder, name)
            except FileNotFoundError as error:
                raise _FolderGone from error
            spelled.append(name)
        yield folder, spelled, tuple(made)
    finally:
        os.close(folder)


def _twin(folder: int, name: str) -> str | None:
    """The entry with this name; failing that, one that a case-insensitive disk would take for it."""
    names = os.listdir(folder)
    if name in names:
        return name
    key = path_key(name)
    return next((one for one in names if path_key(one) == key), None)


def remove(folder: int, part: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(part, dir_fd=folder)


def sync_folder(folder: int) -> None:
    try:
        os.fsync(folder)
    except OSError as error:
        # Some disks cannot do this for a folder, and say so.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise


def placed_at(
    folder: int, relative: PurePosixPath, digest: str, made: tuple[PurePosixPath, ...] = ()
) -> Placed:
    facts = os.stat(relative.name, dir_fd=folder, follow_symlinks=False)
    return Placed(relative, digest, facts.st_size, facts.st_mtime_ns, inode_of(facts), made)
