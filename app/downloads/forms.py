"""What people and programs hand in about downloads: parsed, checked, with a sentence for each field."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from app.audio.formats import FORMATS
from app.downloads import limits, queries, usage_queries
from app.downloads.model import Download
from app.errors import Conflict, Invalid
from app.services import Services
from app.sources.base import QUALITIES
from app.sources.urls import clean_link
from app.tags.model import Tags

MAX_CHARS = 300
ALREADY = "This link is in your inbox already."
TEXTS = ("title", "artist", "album", "album_artist", "genre")
NUMBERS = ("track_no", "disc_no")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def submit(
    services: Services,
    user_id: int,
    url: str,
    *,
    format: str | None = None,
    quality: str = QUALITIES[0],
    skip_review: bool = False,
    confirm_lossy: bool = False,
) -> Download:
    """Queue a link. Raises Invalid for a bad one, Conflict when it is on its way already, TooMany."""
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
        conflict=services.settings.conflict,
    )
    with services.db.write() as session:
        if queries.open_link(session, user_id, link.key):
            raise Conflict(ALREADY, code="already_queued")
        limits.check(session, user_id, services.settings)
        usage_queries.add(session, user_id, downloads=1)
        session.add(download)
        session.flush()
        session.refresh(download)
    services.ring("stage", download.id)
    return download


def read_tags(values: Mapping[str, Any], *, base: Tags) -> Tags:
    """The tags that a person typed over `base`; missing fields keep its values. Raises Invalid by field."""
    wrong: dict[str, str] = {}
    found: dict[str, Any] = {name: getattr(base, name) for name in (*TEXTS, *NUMBERS, "date")}
    for name in found:
        if name not in values:
            continue
        try:
            found[name] = _READERS.get(name, _text)(values[name])
        except ValueError as error:
            wrong[name] = str(error)
    if not wrong.get("title") and not found["title"]:
        wrong["title"] = "A track needs a title."
    if wrong:
        raise Invalid(" ".join(wrong.values()), fields=wrong)
    if base.album_artist == base.artist and found["album_artist"] == base.album_artist:
        # It was the artist all along, so it follows when only the artist is corrected.
        found["album_artist"] = found["artist"]
    return Tags(**found)


def _text(value: Any) -> str:
    text = CONTROL.sub(" ", str(value if value is not None else "")).strip()
    if len(text) > MAX_CHARS:
        raise ValueError(f"At most {MAX_CHARS} characters fit here.")
    return text


def _number(value: Any) -> int | None:
    text = str(value if value is not None else "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 999):
        raise ValueError("A number from 1 to 999, or nothing.")
    return int(text)


def _date(value: Any) -> str:
    text = str(value if value is not None else "").strip()
    if not text:
        return ""
    if not re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", text):
        raise ValueError("A year such as 2023, or a date such as 2023-05-19.")
    try:
        date.fromisoformat((text + "-01-01")[:10] if len(text) == 4 else (text + "-01")[:10])
    except ValueError as error:
        raise ValueError("There is no such date.") from error
    return text


_READERS = {"track_no": _number, "disc_no": _number, "date": _date}
