"""A file of the library gives its name to another one, and goes to the trash. Each step may be repeated.

The new file waits as a part beside the old one (`place.part_name`), the old one has a hidden name afterwards
(`take_out.hidden_name`): by their hashes a repeat sees how far it has come.
"""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from app.errors import Failure, FailureKind
from app.languages.say import say
from app.library.folder import as_failure, open_library
from app.library.moves import exchange, move
from app.library.place import (
    Placed,
    copy_to,
    digest_at,
    found_folder,
    one_at_a_time,
    part_name,
    placed_at,
    remove,
    sync_folder,
)
from app.library.reading import digest_of, open_regular, staged
from app.library.take_out import hidden_name, put_back

_FULL = (errno.ENOSPC, errno.EDQUOT)


def bring_beside(source: Path, library: Path, relative: PurePosixPath, owner_id: str) -> bool:
    """Copy `source` to a hidden part beside this file. False: its folder is gone. Raises Failure."""
    with staged(source) as brought, found_folder(library, relative) as (folder, _):
        if folder is None:
            return False
        remove(folder, part_name(owner_id))
        try:
            copy_to(brought, folder, part_name(owner_id))
        except BaseException:
            remove(folder, part_name(owner_id))
            raise
    return True


def is_beside(library: Path, relative: PurePosixPath, sha256: str, owner_id: str) -> bool:
    """Whether the complete part is there, or has its name already."""
    with found_folder(library, relative) as (folder, _):
        if folder is None:
            return False
        if digest_at(folder, part_name(owner_id)) == sha256:
            return True
        hidden = digest_at(folder, hidden_name(owner_id)) or digest_at(folder, part_name(owner_id))
        return hidden is not None and digest_at(folder, relative.name) == sha256


def is_alone(library: Path, relative: PurePosixPath, sha256: str, owner_id: str) -> bool:
    """Whether this file has the name, and nothing of a swap is left beside it."""
    with found_folder(library, relative) as (folder, _):
        if folder is None or digest_at(folder, relative.name) != sha256:
            return False
        names = os.listdir(folder)
        return hidden_name(owner_id) not in names and part_name(owner_id) not in names


def swap(library: Path, relative: PurePosixPath, before: str, after: str, owner_id: str) -> bool:
    """The part takes the file's name, and the file a hidden one. `before` and `after` are their hashes.

    False: it is not the file with the hash `before` (any more), and was let be.
    """
    part, hidden, name = part_name(owner_id), hidden_name(owner_id), relative.name
    with as_failure(), open_library(library) as root, found_folder(library, relative) as (folder, _):
        if folder is None:
            return False
        if digest_at(folder, hidden) is not None:
            there, waiting = digest_at(folder, hidden), digest_at(folder, part)
            if there == before and waiting == after:
                return _one_after_the_other(root, folder, relative, before, owner_id)
            return there == before
        # From before a crash, the part may be the old file already.
        if digest_at(folder, part) != before:
            if digest_at(folder, name) != before:
                return False
            if not exchange(folder, part, name):
                return _one_after_the_other(root, folder, relative, before, owner_id)
            if digest_at(folder, part) != before:
                exchange(folder, part, name)
                return False
        move(folder, part, hidden)
        sync_folder(folder)
        return True


def _one_after_the_other(root: int, folder: int, relative: PurePosixPath, before: str, owner_id: str) -> bool:
    """For disks that cannot exchange: the name is free for a moment."""
    part, hidden, name = part_name(owner_id), hidden_name(owner_id), relative.name
    with one_at_a_time(root):
        if digest_at(folder, hidden) is None:
            move(folder, name, hidden)
        if digest_at(folder, hidden) != before:
            move(folder, hidden, name)
            return False
        sync_folder(folder)
        try:
            move(folder, part, name)
        except FileExistsError:
            return False
    sync_folder(folder)
    return True


def swap_back(library: Path, relative: PurePosixPath, before: str, after: str, owner_id: str) -> None:
    """Undo `bring_beside` and `swap`, as far as they were done. Raises Failure."""
    part, hidden, name = part_name(owner_id), hidden_name(owner_id), relative.name
    with found_folder(library, relative) as (folder, _):
        if folder is None:
            return
        if digest_at(folder, part) == before:
            move(folder, part, hidden)
        if digest_at(folder, hidden) == before and digest_at(folder, name) == after:
            if not exchange(folder, hidden, name):
                remove(folder, part)
                move(folder, name, part)
            sync_folder(folder)
        if digest_at(folder, hidden) == after:
            remove(folder, hidden)
    put_back(library, relative, owner_id)
    with found_folder(library, relative) as (folder, _):
        if folder is not None:
            remove(folder, part)
            sync_folder(folder)


def stands_at(library: Path, relative: PurePosixPath) -> Placed | None:
    """The file at this path as the index needs it; its hash is not looked at."""
    with found_folder(library, relative) as (folder, spelled):
        if folder is None:
            return None
        try:
            os.close(open_regular(relative.name, folder))
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ELOOP, errno.EINVAL):
                return None
            raise
        return placed_at(folder, PurePosixPath(*spelled, relative.name), "")


def to_trash(
    library: Path, relative: PurePosixPath, trash: Path, name: str, sha256: str, owner_id: str
) -> None:
    """Bring the hidden file to `name` in the trash folder, perhaps another disk's. Raises Failure.

    At every moment it is whole at one of the two places; and at the end in the trash alone.
    """
    with found_folder(library, relative) as (folder, _), open_trash(trash) as there:
        if folder is None:
            # Nobody can have removed the folder but with what was in it.
            if digest_at(there, name) == sha256:
                return
            raise Failure(FailureKind.PERMANENT, "The folder of this file was removed by somebody else.")
        hidden = hidden_name(owner_id)
        with _as_trash_failure():
            if digest_at(there, name) != sha256:
                _bring(folder, hidden, there, name, sha256, owner_id)
            sync_folder(there)
        remove(folder, hidden)
        sync_folder(folder)


def _bring(folder: int, hidden: str, there: int, name: str, sha256: str, owner_id: str) -> None:
    try:
        os.rename(hidden, name, src_dir_fd=folder, dst_dir_fd=there)
        return
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    part = part_name(owner_id)
    remove(there, part)
    try:
        with os.fdopen(open_regular(hidden, folder), "rb") as file:
            if copy_to(file, there, part) != sha256:
                raise Failure(FailureKind.TEMPORARY, "The file cannot be read as it is. Check its disk.")
        move(there, part, name)
    finally:
        remove(there, part)


def is_in_trash(trash: Path, name: str, sha256: str) -> bool:
    """Whether exactly this file is in the trash."""
    with open_trash(trash) as there, _as_trash_failure():
        return digest_at(there, name) == sha256


def open_in_trash(trash: Path, name: str) -> int | None:
    """A descriptor for reading; None when it is not there."""
    with open_trash(trash) as there:
        try:
            return open_regular(name, there)
        except OSError:
            return None


def digest_in_trash(trash: Path, name: str) -> str | None:
    descriptor = open_in_trash(trash, name)
    if descriptor is None:
        return None
    with os.fdopen(descriptor, "rb") as file:
        return digest_of(file)


def remove_from_trash(trash: Path, name: str, owner_id: str = "") -> None:
    """The file, and what an interrupted move left of it. Raises Failure."""
    with open_trash(trash) as there, _as_trash_failure():
        remove(there, name)
        if owner_id:
            remove(there, part_name(owner_id))
        sync_folder(there)


@contextlib.contextmanager
def open_trash(trash: Path) -> Iterator[int]:
    """The trash folder, made if need be."""
    with _as_trash_failure():
        trash.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = os.open(trash, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield folder
    finally:
        os.close(folder)


@contextlib.contextmanager
def _as_trash_failure() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            sentence = say(
                "The disk of the trash is full. Empty the trash or make room on it, then try again."
            )
            raise Failure(FailureKind.NEEDS_YOU, sentence) from error
        raise Failure(
            FailureKind.TEMPORARY,
            f"The trash cannot be used ({error.strerror or error}). Check the folder `trash` "
            "in the data folder and its disk.",
        ) from error
