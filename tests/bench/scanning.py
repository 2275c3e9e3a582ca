"""`python -m tests.bench.scanning HOW FOLDER [DATABASE]`: one look at a folder of music, in a process alone.

HOW is `walk` (names and sizes), `mutagen` (a plain loop that opens each file, and forgets what it read), or
`inlay` (our scan, into the database). Prints `{seconds, cpu_s, rss_mb, child_rss_mb, files}` as JSON; the
time that it takes to load the program is not counted.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path


def _files(folder: Path) -> Iterator[str]:
    for at, _, names in os.walk(folder):
        yield from (os.path.join(at, name) for name in names if not name.startswith("."))


def walk(folder: Path) -> Callable[[], int]:
    return lambda: sum(1 for file in _files(folder) if os.stat(file))


def plain_mutagen(folder: Path) -> Callable[[], int]:
    import mutagen

    def read() -> int:
        files = 0
        for file in _files(folder):
            mutagen.File(file, easy=True)
            files += 1
        return files

    return read


def inlay(folder: Path, database: str) -> Callable[[], int]:
    from app.db import Database
    from app.library.index import scan

    db = Database(Path(database))

    def look() -> int:
        found = scan(db, folder)
        # A file that was not read was read very fast.
        assert not found.errors, f"{found.errors} files could not be read"
        return found.seen

    return look


def _timed(work: Callable[[], int]) -> dict[str, float]:
    began, before = time.perf_counter(), os.times()
    files = work()
    after = os.times()
    return {
        "seconds": time.perf_counter() - began,
        "cpu_s": sum(after[:4]) - sum(before[:4]),
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "child_rss_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
        "files": files,
    }


if __name__ == "__main__":
    how, folder, *more = sys.argv[1:]
    ways: dict[str, Callable[..., Callable[[], int]]] = {
        "walk": walk,
        "mutagen": plain_mutagen,
        "inlay": inlay,
    }
    print(json.dumps(_timed(ways[how](Path(folder), *more))))
