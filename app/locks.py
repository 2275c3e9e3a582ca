"""Which files say that somebody has this data folder in use, or is at some work in it."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCKS = ("inlay.db.lock", "worker.lock")
"""The first is shared by all who have the database open; the second has the one worker."""


def worker_runs(data_dir: Path) -> bool:
    """Whether a worker has this data folder. Makes no file, and holds nobody up."""
    try:
        with open(data_dir / LOCKS[1], "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


@contextmanager
def alone(data_dir: Path, name: str, *, wait: bool) -> Iterator[bool]:
    """One at a time on this machine, in whatever process. False: somebody else is at it."""
    with open(data_dir / name, "ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True
