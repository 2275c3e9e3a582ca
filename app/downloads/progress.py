"""How far a download is: kept in memory and in a small file of its staging folder, never in the database."""

import threading
import time
from pathlib import Path

import msgspec

WRITE_S = 0.5
FILE = "progress.json"


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """A moment of a download. None means: not known."""

    percent: float | None = None
    done_bytes: int | None = None
    total_bytes: int | None = None
    speed_bps: int | None = None
    """Bytes per second."""
    eta_s: int | None = None
    cover: bool = False
    """The source's picture is there already."""


class ProgressBoard:
    """Latest progress by download id. Written by the worker, read by pages, also across processes."""

    def __init__(self, staging: Path) -> None:
        self.staging = staging
        self._lock = threading.Lock()
        self._latest: dict[str, Progress] = {}
        self._written: dict[str, float] = {}

    def put(self, id: str, progress: Progress) -> None:
        """Percent never falls: a stream's estimated size may jump, a bar may not."""
        with self._lock:
            before = self._latest.get(id)
            if before and before.percent and (progress.percent or 0) < before.percent:
                progress = msgspec.structs.replace(progress, percent=before.percent)
            self._latest[id] = progress
            due = time.monotonic() - self._written.get(id, 0) >= WRITE_S
            if due:
                self._written[id] = time.monotonic()
        if due:
            self._write(id, progress)

    def get(self, id: str) -> Progress:
        with self._lock:
            found = self._latest.get(id)
        if found:
            return found
        try:
            return msgspec.json.decode((self.staging / id / FILE).read_bytes(), type=Progress)
        except (OSError, msgspec.DecodeError):
            return Progress()

    def forget(self, id: str) -> None:
        with self._lock:
            self._latest.pop(id, None)
            self._written.pop(id, None)
        (self.staging / id / FILE).unlink(missing_ok=True)

    def _write(self, id: str, progress: Progress) -> None:
        file = self.staging / id / FILE
        try:
            file.with_suffix(".tmp").write_bytes(msgspec.json.encode(progress))
            file.with_suffix(".tmp").replace(file)
        except OSError:
            # The folder goes when a download is cancelled; progress is no reason to fail.
            return
