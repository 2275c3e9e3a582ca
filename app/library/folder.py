"""The library folder as a whole: its marker, which tells a mounted disk from an empty mount point."""

import errno
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.errors import Failure, FailureKind
from app.languages.say import say
from app.library.patience import answered

MARKER = ".inlay-library"
RECORD = "library-marker"


def prepare_folder(library: Path, data_dir: Path) -> None:
    """At the start: make the library folder and its marker, unless this folder has been ours before.

    A folder that was ours and has lost its marker is left alone: its disk is not mounted.
    """
    recorded = _recorded(data_dir)
    if recorded and recorded[1] == str(library):
        return
    try:
        library.mkdir(parents=True, exist_ok=True)
        marker = _read_if_there(library / MARKER)
        if marker is None:
            marker = str(uuid.uuid4())
            _write(library / MARKER, marker)
        _write(data_dir / RECORD, f"{marker}\n{library}")
    except OSError as error:
        raise trouble(error) from error


def check_mounted(library: Path, data_dir: Path) -> None:
    """Raises Failure when the library folder is not the one that `prepare_folder` saw: write nothing then.

    Says so when it may be there, but cannot be looked at, or does not answer.
    """
    recorded = _recorded(data_dir)
    try:
        marker = answered(library, lambda: _read_if_there(library / MARKER))
    except OSError as error:
        raise trouble(error) from error
    if marker is None or recorded is None or marker != recorded[0]:
        raise not_there()


def read_marker(library: Path) -> str | None:
    """The id of the library folder; None when it has none or cannot be read."""
    try:
        return _read_if_there(library / MARKER)
    except OSError:
        return None


def _read_if_there(marker: Path) -> str | None:
    try:
        descriptor = os.open(marker, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read(100).decode(errors="replace").strip() or None


@contextmanager
def open_library(library: Path) -> Iterator[int]:
    """The library folder. Without its marker its disk is not mounted, and nothing is written."""
    try:
        root = os.open(library, os.O_RDONLY | os.O_DIRECTORY)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise not_there() from error
    try:
        try:
            os.stat(MARKER, dir_fd=root, follow_symlinks=False)
        except FileNotFoundError as error:
            raise not_there() from error
        yield root
    finally:
        os.close(root)


def not_there() -> Failure:
    return Failure(
        FailureKind.NEEDS_YOU,
        "The library folder is not there (is its disk mounted?). Nothing is written until it is back. "
        f"If it was emptied on purpose, delete the file {RECORD} in the data folder and start Inlay again.",
    )


_SENTENCES = {
    errno.ENOSPC: say("The library's disk is full. Make room on it, then retry."),
    errno.EDQUOT: say("The library's disk is full for this user. Make room on it, then retry."),
    errno.EROFS: say("The library's disk is read-only. Make it writable, then retry."),
    errno.EACCES: say("Inlay may not write to the library folder. Give its user access to it, then retry."),
    errno.EPERM: say("Inlay may not write to the library folder. Give its user access to it, then retry."),
    errno.EFBIG: say("This file is too large for the library's disk. Choose a smaller format, then retry."),
    errno.ENAMETOOLONG: say("The name is too long for the library's disk. Shorten the tags, then retry."),
    errno.EINVAL: say("The library's disk does not take this name. Change the tags, then retry."),
    errno.EILSEQ: say("The library's disk does not take this name. Change the tags, then retry."),
    errno.ELOOP: say(
        "A link is in the way in the library, and Inlay does not follow links there. "
        "Put a real folder in its place, or change the tags, then retry."
    ),
    errno.ENOTDIR: say(
        "A link or a file is in the library where a folder should be. "
        "Move it away, or change the tags, then retry."
    ),
}


def trouble(error: OSError) -> Failure:
    """What a person has to do about an error of the library's disk."""
    sentence = _SENTENCES.get(error.errno or 0)
    if sentence:
        return Failure(FailureKind.NEEDS_YOU, sentence)
    return Failure(
        FailureKind.TEMPORARY,
        f"The library's disk reported a problem ({error.strerror or error}). If it stays, check the disk.",
    )


@contextmanager
def as_failure() -> Iterator[None]:
    """Errors of the library's disk become a Failure."""
    try:
        yield
    except OSError as error:
        raise trouble(error) from error


def _recorded(data_dir: Path) -> tuple[str, str] | None:
    """The id of the library folder that was ours last, and where it was."""
    try:
        text = (data_dir / RECORD).read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return None
    marker, _, folder = text.strip().partition("\n")
    return (marker, folder) if marker else None


def _write(file: Path, text: str) -> None:
    """The whole text or nothing, also after a power cut."""
    new = file.with_name(f"{file.name}.{os.getpid()}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666)
    with os.fdopen(descriptor, "wb") as writer:
        writer.write(f"{text}\n".encode(errors="surrogateescape"))
        writer.flush()
        os.fsync(writer.fileno())
    os.replace(new, file)
