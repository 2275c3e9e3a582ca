"""The reconciler: rings for every row that waits, at the start, every minute, and when a pause is over.

Rings get lost (a killed worker loses those that it had taken), rows do not.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from app.db import now
from app.downloads import queries, retention, schedule_queries, staging, undo
from app.downloads.model import Conversion
from app.downloads.schedule import Scheduler
from app.library import changes
from app.queue import Queue
from app.services import Services

log = logging.getLogger("inlay.reconcile")

ROUND_S = 60.0
STRANDED_S = 5.0
"""A row may look busy for a moment before its worker says so, too."""
STOP_S = 5.0


@dataclass
class Reconciler:
    """A thread that sleeps until something is due. `chores` run once a round, and are cheap mostly."""

    services: Services
    queue: Queue
    scheduler: Scheduler
    chores: tuple[Callable[[], object], ...] = ()
    _alarm: threading.Event = field(default_factory=threading.Event)
    _stopping: bool = False
    _stranded: dict[str, float] = field(default_factory=dict)
    _thread: threading.Thread | None = None

    def recover(self) -> None:
        """Before the first worker runs: whatever a dead one left. Its rows wait again, its folders go."""
        self.queue.clear()
        with self.services.db.write() as session:
            queries.put_back_interrupted(session)
        undo.recover(self.services)
        changes.recover(self.services)
        with self.services.db.read() as session:
            needed = queries.with_staging(session)
        staging.take_cookies_away(self.services.settings)
        for name in staging.sweep(self.services.settings, needed):
            log.info("removed stale staging folder %s", name)

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="reconciler", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._alarm.set()
        if self._thread:
            self._thread.join(STOP_S)

    def wake(self) -> None:
        """Something was put off: look again how long to sleep."""
        self._alarm.set()

    def _run(self) -> None:
        round_at = 0.0
        while not self._stopping:
            self._alarm.clear()
            try:
                if time.monotonic() >= round_at:
                    round_at = time.monotonic() + ROUND_S
                    self._round()
                self.ring_waiting()
                self._alarm.wait(max(0.05, min(round_at - time.monotonic(), self._until_due())))
            except Exception:
                log.exception("the reconciler failed; it tries again in %s s", ROUND_S)
                self._alarm.wait(ROUND_S)

    def _round(self) -> None:
        self._put_back_stranded()
        undo.recover(self.services)
        changes.recover(self.services)
        retention.expire(self.services)
        for chore in self.chores:
            try:
                chore()
            except Exception:
                log.exception("a chore failed; it is tried again in %s s", ROUND_S)

    def _until_due(self) -> float:
        """Seconds until a try is due or a pause ends."""
        with self.services.db.read() as session:
            moment = schedule_queries.next_moment(session)
        # A hair later: at the very moment itself it is not due yet.
        return (moment - now()).total_seconds() + 0.02 if moment else ROUND_S

    def ring_waiting(self) -> None:
        """Ring for every row that waits, unless its ring is still in the queue."""
        if self.queue.waiting():
            return
        with self.services.db.read() as session:
            unconverted, finalizing = queries.to_ring(session)
        for name, ids in (("finalize", finalizing), ("convert", unconverted)):
            for id in ids:
                if not self.services.running.is_busy(id):
                    self.services.ring(name, id)
        if self.scheduler.something_waits():
            for _ in range(self.services.settings.workers):
                self.services.ring("stage", "next")

    def _put_back_stranded(self) -> None:
        """Rows that look busy while nobody works on them: the database refused when their work ended."""
        services, clock = self.services, time.monotonic()
        with services.db.read() as session:
            working = [*queries.fetching(session), *queries.converting(session)]
        idle = {id for id in working if not services.running.is_busy(id)}
        self._stranded = {id: self._stranded.get(id, clock) for id in idle}
        for id in [id for id, since in self._stranded.items() if clock - since >= STRANDED_S]:
            with services.db.write() as session:
                if not queries.put_back(session, id):
                    queries.set_conversion(session, id, Conversion.WAITING)
            log.warning("was left behind, and waits again", extra={"download_id": id})
