"""Reading what is brought to the library: here it is not the library's disk that is to blame."""

import contextlib
import errno
import hashlib
import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from app.errors import Failure, FailureKind
from app.languages.say import say
from app.library.paths import FILE

CHUNK_BYTES = 1024 * 1024


@contextlib.contextmanager
def staged(source: Path) -> Iterator[io.BufferedReader]:
    """The staged file, open. Follows no link. Raises Failure."""
    with _reading():
        file = os.fdopen(open_regular(source), "rb")
    with file:
        yield file


def chunks(file: io.BufferedReader) -> Iterator[bytes]:
    """A staged file from its beginning. Raises Failure."""
    with _reading():
        file.seek(0)
    while True:
        with _reading():
            chunk = file.read(CHUNK_BYTES)
        if not chunk:
            return
        yield chunk


def sha256_of(source: Path) -> str:
    """Of a staged file. Raises Failure."""
    with staged(source) as file:
        return digest_of(file)


def digest_of(file: io.BufferedReader) -> str:
    digest = hashlib.sha256()
    for chunk in chunks(file):
        digest.update(chunk)
    return digest.hexdigest()


def open_regular(path: Path | str, folder: int | None = None) -> int:
    """A descriptor of a real file, never of a link or a pipe: OSError for those."""
    descriptor = os.open(path, FILE, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return descriptor


@contextlib.contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        sentence = say("What was fetched is not there any more. Get it again.")
        raise Failure(FailureKind.PERMANENT, sentence) from error
    except OSError as error:
        raise Failure(
            FailureKind.TEMPORARY,
            f"What was fetched cannot be read ({error.strerror or error}). "
            "If it stays, check the disk of the staging folder.",
        ) from error
