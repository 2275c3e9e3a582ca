"""What people and programs hand in about downloads: parsed, checked, with a sentence for each field."""

import logging

from app.accounts import queries as account_queries
from app.audio.formats import FORMATS
from app.downloads import limits, queries, usage_queries
from app.downloads.model import Download
from app.errors import Conflict, Invalid
from app.languages.say import say
from app.services import Services
from app.settings import CONFLICTS
from app.sources.base import QUALITIES
from app.sources.urls import clean_link
from app.tags.typed import (
    CONTROL,
    CONTROL_IN_LINES,
    FIELDS,
    FORM_BYTES,
    LABELS,
    MAX_CHARS,
    MAX_COMMENT_CHARS,
    MAX_LYRICS_CHARS,
    read_tags,
    text_of,
)

__all__ = [
    "ALREADY",
    "CONTROL",
    "CONTROL_IN_LINES",
    "FIELDS",
    "FORM_BYTES",
    "LABELS",
    "MAX_CHARS",
    "MAX_COMMENT_CHARS",
    "MAX_LYRICS_CHARS",
    "read_conflict",
    "read_tags",
    "submit",
    "text_of",
]

log = logging.getLogger("inlay.downloads")

ALREADY = say("This link is in your inbox already.")


def submit(
    services: Services,
    user_id: int,
    url: str,
    *,
    format: str | None = None,
    quality: str = QUALITIES[0],
    skip_review: bool = False,
    confirm_lossy: bool = False,
    fetch_again: bool = False,
    client_key: str | None = None,
) -> Download:
    """Queue a link. Raises Invalid for a bad one, Conflict when it is on its way already, TooMany.

    Without `fetch_again` it ends as skipped when the library turns out to have it. What was handed in under
    the same `client_key` before is answered again: the phone has not heard the first answer.
    """
    link = clean_link(url)
    if format is not None and format not in FORMATS:
        raise Invalid(f"The format must be one of {', '.join(FORMATS)}.", code="bad_format")
    if quality not in QUALITIES:
        raise Invalid(f"The quality must be one of {', '.join(QUALITIES)}.", code="bad_quality")
    download = Download(
        user_id=user_id,
        url=link.url,
        url_key=link.key,
        site=link.site,
        format=format or services.settings.format,
        quality=quality,
        skip_review=skip_review,
        confirm_lossy=confirm_lossy,
        fetch_again=fetch_again,
        client_key=client_key,
    )
    with services.db.write() as session:
        download.conflict = account_queries.conflict_of(session, user_id) or services.settings.conflict
        if client_key and (before := queries.by_client_key(session, user_id, client_key)):
            return before
        if queries.open_link(session, user_id, link.key):
            raise Conflict(ALREADY, code="already_queued")
        limits.check(session, user_id, services.settings)
        usage_queries.add(session, user_id, downloads=1)
        session.add(download)
        session.flush()
        session.refresh(download)
    log.info("handed in: %s", link.site, extra={"download_id": download.id, "user_id": user_id})
    services.ring("stage", download.id)
    return download


def read_conflict(value: str | None) -> str | None:
    """What to do with a track that is there already; None: as it was. Raises Invalid."""
    if value and value not in CONFLICTS:
        raise Invalid(f"`conflict` is one of {', '.join(CONFLICTS)}.", code="bad_conflict")
    return value or None
