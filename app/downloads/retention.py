"""What is kept for how long: for an undo minutes, reviews and failed ones some days, history longer."""

import logging
import time
from datetime import datetime, timedelta

from app.db import now
from app.downloads import queries, site_queries, staging, undo_queries, usage_queries
from app.downloads.model import Download, State
from app.errors import Failure, FailureKind
from app.languages.say import say
from app.services import Services

log = logging.getLogger("inlay.retention")

ABSENCE = timedelta(days=2)
"""Nothing was written for longer than this: the server was off, or its clock is wrong."""
PATIENCE_S = 3600.0
"""So long after such a start nothing is thrown away: a person may come back to it, a clock may be set."""
USAGE_KEPT = timedelta(days=3)

_started = time.monotonic()


def keeps_until(download: Download, review_days: int) -> datetime:
    """When a download in review is discarded unless somebody touches it before."""
    return download.updated_at + timedelta(days=review_days)


def expire(services: Services, *, uptime_s: float | None = None) -> None:
    """Discard what waited too long and forget what is old enough. Writes nothing when there is nothing."""
    settings, moment = services.settings, now()
    uptime_s = time.monotonic() - _started if uptime_s is None else uptime_s
    stale = moment - timedelta(days=settings.review_days)
    old = moment - timedelta(days=settings.history_days) if settings.history_days else None
    with services.db.read() as session:
        last_sign = queries.last_sign_of_life(session)
        reviews = queries.untouched_since(session, State.REVIEW, stale)
        failed = queries.untouched_since(session, State.FAILED, stale)
        ended = queries.ended_before(session, old) if old else []
        over = undo_queries.kept(session, over=True)
    for id in over:
        _let_go(services, id)
    if uptime_s < PATIENCE_S and last_sign and moment - last_sign > ABSENCE:
        return
    _discard(services, reviews, stale)
    for id in failed:
        if staging.folder_of(settings, id).exists():
            staging.remove(settings, id)
            log.info("failed long ago, its files go", extra={"download_id": id})
    if ended and old:
        with services.db.write() as session:
            queries.forget(session, ended)
            usage_queries.forget(session, moment - USAGE_KEPT)
            site_queries.forget_quiet(session, old)
        log.info("%d old downloads left the history", len(ended))


def free_one(services: Services) -> bool:
    """Staging space is short: what is kept for an undo alone goes first. False: there is nothing of that."""
    with services.db.read() as session:
        kept = undo_queries.kept(session)
    return any(_let_go(services, id) for id in kept)


def _let_go(services: Services, id: str) -> bool:
    """The row first: nobody may count on a folder that is being removed."""
    with services.db.write() as session:
        over = undo_queries.let_go(session, id)
    if over:
        staging.remove(services.settings, id)
        log.info("cannot be undone any more, its files go", extra={"download_id": id})
    return over


def _discard(services: Services, ids: list[str], stale: datetime) -> None:
    days = services.settings.review_days
    one, several = say("Nobody reviewed it for 1 day."), say(f"Nobody reviewed it for {days} days.")
    reason = Failure(FailureKind.PERMANENT, one if days == 1 else several)
    for id in ids:
        with services.db.write() as session:
            # Somebody may have touched or accepted it meanwhile.
            untouched = id in queries.untouched_since(session, State.REVIEW, stale)
            gone = untouched and queries.move(session, id, State.DISCARDED, failure=reason)
        if gone:
            services.running.cancel(id)
            staging.remove(services.settings, id)
            log.info("discarded, not reviewed in time", extra={"download_id": id})
