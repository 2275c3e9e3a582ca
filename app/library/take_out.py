"""Taking a file out of the library again, if it is still exactly the one that was put there.

It goes in two steps, so that each can be repeated or taken back after a crash: `hide` gives it a name that no
player looks at, `clear` removes it, and the folders that were made for it.
"""

import contextlib
import errno
import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from app.library.folder import as_failure
from app.library.moves import move
from app.library.paths import open_folder
from app.library.place import digest_at, found_folder, remove, sync_folder
from app.tags.naming import with_number

MAX_NAMES = 500


def hidden_name(owner_id: str) -> str:
    return f".inlay-{owner_id}.undone"


def is_there(library: Path, relative: PurePosixPath, sha256: str) -> bool:
    """Whether there is exactly this file. Raises Failure when the disk cannot say."""
    with found_folder(library, relative) as (folder, _):
        return folder is not None and digest_at(folder, relative.name) == sha256


def hide(library: Path, relative: PurePosixPath, sha256: str, owner_id: str) -> bool:
    """Take the file's name away. False: it is not the file with this hash (any more), and was let be.

    Looked at again after the renaming: from then on nobody can put another file in its place.
    """
    hidden = hidden_name(owner_id)
    with found_folder(library, relative) as (folder, _):
        if folder is None:
            return False
        # It is there from before a crash; what has its name now is somebody else's.
        if digest_at(folder, hidden) is None:
            if digest_at(folder, relative.name) != sha256:
                return False
            move(folder, relative.name, hidden)
        if digest_at(folder, hidden) == sha256:
            sync_folder(folder)
            return True
        _give_name_back(folder, hidden, relative)
        return False


def put_back(library: Path, relative: PurePosixPath, owner_id: str) -> None:
    """Undo `hide`, if it was done. Raises Failure."""
    with found_folder(library, relative) as (folder, _):
        if folder is not None and digest_at(folder, hidden_name(owner_id)) is not None:
            _give_name_back(folder, hidden_name(owner_id), relative)


def clear(
    library: Path,
    relative: PurePosixPath,
    owner_id: str,
    folders: Sequence[PurePosixPath],
    *,
    beside: tuple[str, str] | None = None,
) -> None:
    """Remove the hidden file, and then those of `folders` that are empty. Raises Failure.

    `beside` are name and hash of the picture that was put beside it: it goes when nothing else is left there.
    """
    with found_folder(library, relative) as (folder, _):
        if folder is not None:
            remove(folder, hidden_name(owner_id))
            if beside and os.listdir(folder) == [beside[0]] and digest_at(folder, beside[0]) == beside[1]:
                remove(folder, beside[0])
            sync_folder(folder)
    with as_failure():
        for one in sorted(folders, key=lambda path: len(path.parts), reverse=True):
            remove_if_empty(library, one)


def remove_if_empty(library: Path, relative: PurePosixPath) -> None:
    try:
        with open_folder(library, relative.parent) as folder:
            os.rmdir(relative.name, dir_fd=folder)
            sync_folder(folder)
    except OSError as error:
        # There is something in it, or it is gone, or something else by now: then it is not ours.
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            raise


def _give_name_back(folder: int, hidden: str, relative: PurePosixPath) -> None:
    """Under its own name, or with a number when that was taken meanwhile: never in place of another."""
    for number in range(1, MAX_NAMES):
        with contextlib.suppress(FileExistsError):
            move(folder, hidden, with_number(relative, number).name)
            sync_folder(folder)
            return
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), relative.name)
