"""Questions about tracks that may be the same recording. The session comes first."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from app.library.model import Track
from app.library.queries import CHUNK

MOST_OF_A_NAME = 500
"""Tracks of one name that are looked at: a library may have thousands that are called the same."""


@dataclass(frozen=True)
class Shared:
    """What some tracks have in common: their names (artist, title), an ISRC, or a source."""

    kind: str
    key: tuple[str, str]


def with_names(session: Session, names: Collection[tuple[str, str]]) -> list[Track]:
    """Tracks by keys of artist and title."""
    return _found(session, list(names), tuple_(Track.artist_key, Track.title_key))


def with_isrc(session: Session, isrcs: Collection[str]) -> list[Track]:
    return _found(session, list(isrcs), Track.isrc)


def with_source(session: Session, source_ids: Collection[str]) -> list[Track]:
    return _found(session, list(source_ids), Track.source_id)


def with_source_url(session: Session, url: str) -> Track | None:
    """The track whose file says that it came from there, the latest of several."""
    query = select(Track).where(Track.source_url == url, Track.missing_at.is_(None))
    return session.scalar(query.order_by(Track.added_at.desc(), Track.id.desc()).limit(1))


def _found(session: Session, values: Sequence[object], column: object) -> list[Track]:
    found: list[Track] = []
    for start in range(0, len(values), CHUNK):
        chunk = values[start : start + CHUNK]
        query = select(Track).where(Track.missing_at.is_(None), column.in_(chunk))  # type: ignore[attr-defined]
        found += session.scalars(query.order_by(Track.added_at, Track.id).limit(MOST_OF_A_NAME * len(chunk)))
    return found
