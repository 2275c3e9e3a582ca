"""Which files say that somebody has this data folder in use."""

import fcntl
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
