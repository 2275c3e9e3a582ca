"""How the sites are: what they gave last, what went wrong, and until when they want to be left alone."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.orm import Session

from app.db import changed_rows, now
from app.downloads.model import Download, Site, State

PAUSES_S = (60, 300, 900, 3600)
"""Each pause in a row is longer; the site's own `Retry-After` counts when it asks for more."""


def succeeded(session: Session, name: str) -> None:
    """It gave us a track: whatever it wanted a pause for is over."""
    site = _site(session, name)
    site.succeeded_at, site.paused_until, site.pauses = now(), None, 0


def failed(session: Session, name: str, message: str) -> None:
    site = _site(session, name)
    site.failed_at, site.failure_message = now(), message


def pause(session: Session, name: str, at_least_s: int) -> datetime:
    """Leave the site alone for a while. Answers until when."""
    site = _site(session, name)
    seconds = max(at_least_s, PAUSES_S[min(site.pauses, len(PAUSES_S) - 1)])
    site.pauses += 1
    site.paused_until = now() + timedelta(seconds=seconds)
    return site.paused_until


def resume(session: Session, name: str) -> bool:
    """End the pause now. One download at a time finds out whether the site agrees."""
    query = update(Site).where(Site.name == name, Site.paused_until.is_not(None)).values(paused_until=None)
    return changed_rows(session, query) > 0


def known(session: Session, *, user_id: int | None) -> Sequence[Site]:
    """All sites, or those that the user has downloads of."""
    query = select(Site).order_by(Site.name)
    if user_id is not None:
        query = query.where(exists().where(Download.site == Site.name, Download.user_id == user_id))
    return session.scalars(query).all()


def wanting_cookies(session: Session, user_id: int) -> dict[str, list[str]]:
    """For each site the user's failed downloads that cookies could help, by id, oldest first."""
    found: dict[str, list[str]] = {}
    query = select(Download.site, Download.id).where(
        Download.user_id == user_id, Download.state == State.FAILED, Download.wants_cookies
    )
    for site, id in session.execute(query.order_by(Download.id)):
        found.setdefault(site, []).append(id)
    return found


def forget_quiet(session: Session, before: datetime) -> None:
    """Nothing has happened there since, and no download speaks of it."""
    old = or_(Site.succeeded_at.is_(None), Site.succeeded_at < before)
    query = delete(Site).where(
        old,
        or_(Site.failed_at.is_(None), Site.failed_at < before),
        ~exists().where(Download.site == Site.name),
    )
    session.execute(query.execution_options(synchronize_session=False))


def _site(session: Session, name: str) -> Site:
    site = session.get(Site, name)
    if site is None:
        site = Site(name=name, pauses=0)
        session.add(site)
    return site
