"""Paths in the library: as text in the database, and opened without following a link out of it."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from app.errors import Failure, FailureKind, NotFound

# A file name need not be UTF-8, but text in SQLite and JSON must be. The odd bytes, which Python keeps as
# lone surrogates, become private characters that no file name uses.
_TO_TEXT = {0xDC00 + byte: 0xF700 + byte for byte in range(0x80, 0x100)}
_FROM_TEXT = {text: odd for odd, text in _TO_TEXT.items()}

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK


def to_text(path: PurePosixPath | str) -> str:
    """A relative path as the database keeps it: any file name, and always valid text."""
    text = str(path)
    return text if text.isascii() else text.translate(_TO_TEXT)


def from_text(text: str) -> PurePosixPath:
    """The relative path on disk that `to_text` was given."""
    return PurePosixPath(text if text.isascii() else text.translate(_FROM_TEXT))


def checked_parts(relative: PurePosixPath) -> tuple[str, ...]:
    """The components of a path that stays inside the library. Raises Failure for any other."""
    parts = relative.parts
    if not parts or relative.is_absolute() or any(part == ".." or "\0" in part for part in parts):
        raise Failure(FailureKind.PERMANENT, f"{str(relative)!r} is not a path inside the library.")
    return parts


@contextmanager
def open_folder(library: Path, relative: PurePosixPath) -> Iterator[int]:
    """A descriptor of a folder in the library. OSError when it is not there or a link is in the way."""
    folder = os.open(library, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in checked_parts(relative) if relative.parts else ():
            folder = step_into(folder, part)
        yield folder
    finally:
        os.close(folder)


def step_into(folder: int, name: str) -> int:
    """A descriptor of the folder `name` in exchange for that of the folder it is in (kept on an error)."""
    inner = os.open(name, FOLDER, dir_fd=folder)
    os.close(folder)
    return inner


def open_file(library: Path, text: str) -> int:
    """A descriptor for reading a file of the library, named as in the database. NotFound without it."""
    relative = from_text(text)
    try:
        with open_folder(library, relative.parent) as folder:
            descriptor = os.open(relative.name, FILE, dir_fd=folder)
    except (OSError, Failure) as error:
        raise NotFound("This file is not in the library folder any more.") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotFound("This is not a music file.")
    return descriptor
