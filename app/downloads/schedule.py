"""Whose turn it is: fair between users, kind to sites, and nothing new while the disk is full."""

import logging
import threading
import time
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from app import meters
from app.db import now
from app.downloads import queries, schedule_queries
from app.downloads.model import Download
from app.services import Services

log = logging.getLogger("inlay.schedule")


@dataclass
class Scheduler:
    """Takes the next download from the queue. One per worker; thread-safe."""

    services: Services
    _served: dict[int, float] = field(default_factory=dict)
    """User id → when one of theirs was taken last, on the monotonic clock."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def claim(self) -> Download | None:
        """The next download, claimed for the caller; None when nothing may be fetched now."""
        with self._lock:
            if self.services.running.stopping or self.services.room.look_relieved().full:
                return None
            with self.services.db.write() as session:
                id = self._next(session)
                waited = queries.by_id(session, id) if id else None
                since = max(waited.updated_at, waited.retry_at or waited.updated_at) if waited else now()
                if id is None or not schedule_queries.take(session, id):
                    return None
                session.expire_all()
                download = queries.by_id(session, id)
            assert download is not None
            # A clock that was set back gives no time before now.
            meters.observe("inlay_queue_wait_seconds", max(0.0, (now() - since).total_seconds()))
            self._served[download.user_id] = time.monotonic()
            return download

    def something_waits(self) -> bool:
        """Whether `claim` would find something."""
        if self.services.running.stopping or self.services.room.look_relieved().full:
            return False
        with self.services.db.read() as session:
            return self._next(session) is not None

    def _next(self, session: Session) -> str | None:
        settings = self.services.settings
        by_site, by_user = schedule_queries.under_way(session)
        if by_site.total() >= settings.workers:
            return None
        paused, recovering = schedule_queries.patient_sites(session)
        # After a pause one download alone finds out how the site is.
        busy = {site for site, count in by_site.items() if count >= settings.per_site or site in recovering}
        lines = schedule_queries.first_in_line(
            session,
            not_sites=paused | busy,
            not_users=[user_id for user_id, count in by_user.items() if count >= settings.user_active],
            not_ids=self.services.running.busy_keys(),
        )
        # Who has least under way; among equals, who was served longest ago.
        fair = sorted(lines, key=lambda line: (by_user[line[0]], self._served.get(line[0], 0.0), line[1]))
        return fair[0][1] if fair else None
