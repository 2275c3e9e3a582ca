"""The doorbell: Huey on the one SQLite file. A lost ring loses nothing; the rows are the truth."""

from collections.abc import Callable
from pathlib import Path

from huey import SqliteHuey
from huey.consumer import Consumer
from huey.serializer import SignedSerializer

# A person waits for a finalize, then for a fetch; conversions run behind.
PRIORITY = {"finalize": 30, "stage": 20, "convert": 10}

Work = Callable[[str], None]


class Queue:
    """Rings by task name and id. Only the worker's process fills `answers`."""

    def __init__(self, database: Path, secret: bytes) -> None:
        self.answers: dict[str, Work] = {}
        self.huey = SqliteHuey(
            "inlay",
            filename=str(database),
            results=False,
            timeout=10,
            cache_mb=1,
            serializer=SignedSerializer(secret=secret.hex()),
        )
        self._tasks = {name: self._task(name) for name in PRIORITY}

    def ring(self, name: str, id: str) -> None:
        self._tasks[name](id)

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
