"""Questions about tracks that may be the same recording. The session comes first."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.library.model import Track
from app.library.queries import CHUNK

MOST_OF_A_NAME = 500
"""Tracks of one name that are looked at: a library may have thousands that are called the same."""


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


def shared_names(session: Session, after: tuple[str, str], limit: int) -> list[tuple[str, str]]:
    """Keys of artist and title that several tracks have, on one release or where one names none.

    In the order of the index `tracks_recording`, so that nothing is looked at but what comes next.
    """
    number, albums = func.count(), func.count(Track.album_key.distinct())
    query = (
        select(Track.artist_key, Track.title_key)
        .where(
            Track.missing_at.is_(None),
            Track.title_key != "",
            Track.artist_key > "",
            tuple_(Track.artist_key, Track.title_key) > after,
        )
        .group_by(Track.artist_key, Track.title_key)
        .having(number > 1, or_(number > albums, func.min(Track.album_key) == ""))
        .order_by(Track.artist_key, Track.title_key)
        .limit(limit)
    )
    return [(artist, title) for artist, title in session.execute(query)]


def shared_isrcs(session: Session, after: str, limit: int) -> list[str]:
    """ISRCs that several tracks have."""
    return _shared(session, Track.isrc, after, limit)


def shared_sources(session: Session, after: str, limit: int) -> list[str]:
    """Ids at a source that several tracks have."""
    return _shared(session, Track.source_id, after, limit)


def _shared(session: Session, column: InstrumentedAttribute[str], after: str, limit: int) -> list[str]:
    query = select(column).where(column > after, Track.missing_at.is_(None)).group_by(column)
    return list(session.scalars(query.having(func.count() > 1).order_by(column).limit(limit)))


def _found(
    session: Session, values: Sequence[object], column: ColumnElement[Any] | InstrumentedAttribute[str]
) -> list[Track]:
    found: list[Track] = []
    for start in range(0, len(values), CHUNK):
        chunk = values[start : start + CHUNK]
        query = select(Track).where(Track.missing_at.is_(None), column.in_(chunk))
        found += session.scalars(query.order_by(Track.added_at, Track.id).limit(MOST_OF_A_NAME * len(chunk)))
    return found
