"""The doorbell: Huey on the one SQLite file. A lost ring loses nothing; the rows are the truth."""

import logging
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from huey import Huey
from huey.consumer import Consumer
from huey.serializer import SignedSerializer
from huey.storage import SqliteStorage

log = logging.getLogger("inlay.queue")

# A person waits for a finalize, then for a fetch; conversions run behind, and lookups when there is time.
PRIORITY = {
    **{"finalize": 30, "stage": 20, "convert": 10, "print": 7, "front": 5},
    **dict.fromkeys(("listen", "lookup", "small_fronts", "words", "rename", "freshen"), 1),
}
COLUMNS = {
    "task": ("id", "queue", "data", "priority"),
    "schedule": ("id", "queue", "data", "timestamp"),
    "kv": ("queue", "key", "value"),
    "counter": ("queue", "key", "value"),
}

COMPLAIN_S = 60

Work = Callable[[str], None]


class Storage(SqliteStorage):  # type: ignore[misc]  # Huey has no types
    """Huey's tables in a file that it shares with ours."""

    _complain_after = 0.0

    def initialize_schema(self) -> None:
        """Also rebuilds a table that is not what Huey wants: there is nothing in it to lose."""
        with self.db(commit=True) as cursor:
            for table, wanted in COLUMNS.items():
                found = {row[1] for row in cursor.execute(f"pragma table_info({table})")}
                if found and not found >= set(wanted):
                    log.warning("rebuilding the queue's table %s", table)
                    cursor.execute(f"drop table {table}")
        super().initialize_schema()

    def dequeue(self) -> bytes | None:
        """The workers ask several times a second: on a full disk, once a minute is enough for the log."""
        try:
            found: bytes | None = super().dequeue()
        except sqlite3.OperationalError as error:
            if time.monotonic() > self._complain_after:
                self._complain_after = time.monotonic() + COMPLAIN_S
                log.error("the queue cannot be read (%s); the rings wait", error)
            return None
        return found

    def _create_connection(self) -> sqlite3.Connection:
        """A commit of a ring is not flushed to the disk by itself, but never out of order either.

        NORMAL, not OFF (Huey's `fsync=False`): a checkpoint without flushing could damage the file that is
        shared. NORMAL flushes the journal before a checkpoint and the file after it, whoever runs it.
        """
        connection: sqlite3.Connection = super()._create_connection()
        connection.execute("PRAGMA synchronous=NORMAL")
        return connection


class Queue:
    """Rings by task name and id. Only the worker's process fills `answers`."""

    def __init__(self, database: Path, secret: bytes) -> None:
        self.answers: dict[str, Work] = {}
        self.huey = Huey(
            "inlay",
            storage_class=Storage,
            filename=str(database),
            results=False,
            timeout=10,
            cache_mb=1,
            serializer=SignedSerializer(secret=secret.hex()),
        )
        self._tasks = {name: self._task(name) for name in PRIORITY}

    def ring(self, name: str, id: str) -> None:
        """Never fails: on a full disk the row still says what waits, and the reconciler rings for it."""
        try:
            self._tasks[name](id)
        except sqlite3.Error as error:
            log.warning("%s: the ring for %s was lost (%s); the reconciler rings again", id, name, error)

    def waiting(self) -> int:
        """How many rings nobody has answered yet."""
        return int(self.huey.storage.queue_size())

    def clear(self) -> None:
        """Forget old rings: the reconciler rings again for every row that waits."""
        self.huey.flush()

    def close(self) -> None:
        self.huey.storage.close()

    def _task(self, name: str) -> Callable[[str], object]:
        def answer(id: str) -> None:
            self.answers[name](id)

        task: Callable[[str], object] = self.huey.task(name=name, priority=PRIORITY[name])(answer)
        return task


class ThreadConsumer(Consumer):  # type: ignore[misc]  # Huey has no types
    """Huey's consumer inside our process: the signals are ours."""

    def _set_signal_handlers(self) -> None:
        """Left to `inlay serve`, which stops everything in order."""
