"""How a try to fetch a download ended, written down: done, waiting for another try, failed, stopped."""

import logging
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app import meters
from app.children.parent import ChildCrashed
from app.db import now
from app.downloads import queries, site_queries, staging, usage_queries
from app.downloads.model import Download, State
from app.errors import Failure, FailureKind
from app.languages.say import say
from app.services import Services

log = logging.getLogger("inlay.stage")

MAX_CRASHES = 5
LONGEST_WAIT_S = 24 * 3600


def take_note_of_bytes(session: Session, download: Download, spent_bytes: int) -> None:
    """Count what this try took from the network, whatever became of it."""
    if spent_bytes:
        meters.count("inlay_fetched_bytes", spent_bytes)
        queries.touch(session, download.id, fetched_bytes=Download.fetched_bytes + spent_bytes)
        usage_queries.add(session, download.user_id, fetched_bytes=spent_bytes)


def failed(services: Services, download: Download, failure: Failure, spent_bytes: int) -> None:
    """A temporary failure waits for its next try with all that it has; any other one is for the person."""
    with services.db.write() as session:
        take_note_of_bytes(session, download, spent_bytes)
        if not (services.room.look().running_out or failure.cookies_rejected):
            # A full disk of ours says nothing about the site, and one person's cookies are nobody else's.
            site_queries.failed(session, download.site, failure.message)
        retry_at = _retry_at(services, session, download, failure)
        if retry_at is None:
            queries.move(session, download.id, State.FAILED, failure=failure)
        else:
            queries.put_back(session, download.id, failure=failure, retry_at=retry_at)
    if retry_at:
        meters.count("inlay_download_tries_failed", failure_kind=failure.kind)
    if retry_at is None and failure.kind is not FailureKind.TEMPORARY:
        staging.remove(services.settings, download.id)
    end = f"next try at {retry_at:%H:%M:%S}" if retry_at else "failed"
    log.info("%s (%s): %s", end, failure.kind, failure.message)


def _retry_at(services: Services, session: Session, download: Download, failure: Failure) -> datetime | None:
    """When to try again; None for not by itself. A site that has had enough gets its pause in any case."""
    wait_s = min(failure.retry_after_s or 0, LONGEST_WAIT_S)
    paused_until = site_queries.pause(session, download.site, wait_s) if failure.pauses_site else None
    delay_s = next_delay_s(failure, download.tries, services.settings.retry_delays_s)
    if delay_s is None:
        return None
    retry_at = now() + timedelta(seconds=max(delay_s, wait_s))
    return max(retry_at, paused_until) if paused_until else retry_at


def next_delay_s(failure: Failure, tries: int, delays_s: tuple[int, ...]) -> int | None:
    """Seconds until the next try by itself, after `tries` that failed before; None: no more of them."""
    if failure.kind is not FailureKind.TEMPORARY or tries >= len(delays_s):
        return None
    return delays_s[tries]


def not_converted(services: Services, session: Session, download: Download, failure: Failure) -> None:
    """What waits for its review turned out to be damaged: fetched again, in the caller's transaction."""
    delay_s = next_delay_s(failure, download.tries, services.settings.retry_delays_s)
    if delay_s is None:
        queries.move(session, download.id, State.FAILED, failure=failure)
        return
    queries.move(
        session,
        download.id,
        State.QUEUED,
        failure=failure,
        retry_at=now() + timedelta(seconds=delay_s),
        tries=Download.tries + 1,
    )


def not_added(services: Services, id: str, failure: Failure) -> None:
    """Finalizing did not work: what was staged stays, and the next try goes on from here."""
    with services.db.write() as session:
        download = queries.by_id(session, id)
        if download is None:
            return
        delay_s = next_delay_s(failure, download.tries, services.settings.retry_delays_s)
        if delay_s is None or not staging.is_whole(services.settings, download):
            queries.move(session, id, State.FAILED, failure=failure)
        else:
            queries.wait_to_finalize(session, id, failure, now() + timedelta(seconds=delay_s))
    log.info("not added (%s): %s", failure.kind, failure.message)


def crashed(services: Services, download: Download, crash: ChildCrashed, spent_bytes: int) -> None:
    """The child died: once more at once, but not for ever."""
    log.warning("the child crashed", extra={"trace": crash})
    with services.db.write() as session:
        take_note_of_bytes(session, download, spent_bytes)
        if download.crashes + 1 < MAX_CRASHES:
            back = queries.put_back(session, download.id, crashes=download.crashes + 1)
        else:
            sentence = say("This link made the download stop several times. Retry, or report the link.")
            back = queries.move(
                session, download.id, State.FAILED, failure=Failure(FailureKind.PERMANENT, sentence)
            )
    if not back or download.crashes + 1 >= MAX_CRASHES:
        staging.remove(services.settings, download.id)


def stopped(services: Services, download: Download, spent_bytes: int) -> None:
    """Stopped by the person: clean up. Stopped by us: back into the queue, partial files kept."""
    with services.db.write() as session:
        take_note_of_bytes(session, download, spent_bytes)
        back = services.running.stopping and queries.put_back(session, download.id)
    if not back:
        staging.remove(services.settings, download.id)
    log.info("%s", "back in the queue" if back else "stopped")
