"""Lists of the library: searched and filtered, a page at a time, each going on where the last one ended."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar, TypeVarTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    column,
    func,
    join,
    literal_column,
    select,
    table,
    text,
    tuple_,
    union,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.library.model import Like, Track
from app.library.search import Search

V = TypeVar("V", str, int)
T = TypeVarTuple("T")

MAX_PAGE = 200
COUNT_TO = 1_000
"""Counting further would take longer than anybody reads."""
MAX_CHOICES = 100

INDEX = table("tracks_fts", column("rowid"))
_CURSOR = re.compile(r"(?P<tier>[0-9])\.(?P<seq>[0-9]{0,18})")
_SAME = text("tracks.seq = +tracks_fts.rowid")
MATCHES: ColumnElement[str] = literal_column("tracks_fts")


@dataclass(frozen=True)
class Filters:
    """What tracks have to be. None asks for nothing."""

    lossless: bool | None = None
    site: str | None = None
    """Empty for what came from no site."""
    user_id: int | None = None
    """Who added it."""
    added_from: datetime | None = None
    added_before: datetime | None = None
    liked_by: int | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.lossless is not None:
            found.append(Track.lossless.is_(self.lossless))
        if self.site is not None:
            found.append(Track.site == self.site)
        if self.user_id is not None:
            found.append(Track.user_id == self.user_id)
        if self.added_from:
            found.append(Track.added_at >= self.added_from)
        if self.added_before:
            found.append(Track.added_at < self.added_before)
        if self.liked_by is not None:
            found.append(Track.id.in_(select(Like.track_id).where(Like.user_id == self.liked_by)))
        return found


NO_FILTERS = Filters()
PRESENT = Track.missing_at.is_(None)
"""Not asked of what a search finds: the index of words has no others."""


@dataclass(frozen=True)
class Page:
    items: Sequence[Track]
    next: str | None
    """The cursor of the next page, for `before`."""


def newest(
    session: Session,
    search: Search | None = None,
    limit: int = 50,
    before: str | None = None,
    filters: Filters = NO_FILTERS,
) -> Page:
    """Tracks, newest first; those that a search finds, best first. `before` is an earlier page's cursor."""
    limit = max(1, min(limit, MAX_PAGE))
    if search:
        return _searched(session, search, limit, before, filters)
    wanted = select(Track).where(PRESENT, *filters.conditions())
    if before:
        # The cursor's track may be gone from the disk, but its row is still there to count from.
        cursor = select(Track.added_at, Track.id).where(Track.id == before)
        wanted = wanted.where(tuple_(Track.added_at, Track.id) < cursor.scalar_subquery())
    found = session.scalars(wanted.order_by(Track.added_at.desc(), Track.id.desc()).limit(limit + 1)).all()
    return _page(found, limit)


def by_name(session: Session, limit: int, before: str | None, *conditions: ColumnElement[bool]) -> Page:
    """Tracks in the order of their names."""
    wanted = select(Track).where(PRESENT, *conditions)
    if before:
        cursor = select(Track.name_key, Track.id).where(Track.id == before)
        wanted = wanted.where(tuple_(Track.name_key, Track.id) > cursor.scalar_subquery())
    found = session.scalars(wanted.order_by(Track.name_key, Track.id).limit(limit + 1)).all()
    return _page(found, limit)


def of_artist(session: Session, key: str, limit: int, before: str | None = None) -> Page:
    """What an artist made, and what is on their releases, by name."""
    # Two looks into two indexes: asked in one, SQLite would go through all names in their order.
    made = union(
        *(select(Track.id).where(PRESENT, one == key) for one in (Track.artist_key, Track.album_artist_key))
    )
    return by_name(session, limit, before, Track.id.in_(made.subquery().select()))


def of_release(session: Session, key: str, by: str, limit: int = 500) -> Sequence[Track]:
    """A release from its first track to its last."""
    order = (
        func.coalesce(Track.disc_no, 1),
        Track.track_no.is_(None),
        Track.track_no,
        Track.name_key,
        Track.id,
    )
    wanted = select(Track).where(PRESENT, Track.album_key == key, Track.album_artist_key == by)
    return session.scalars(wanted.order_by(*order).limit(limit)).all()


def count(session: Session, search: Search | None = None, filters: Filters = NO_FILTERS) -> int:
    """How many tracks; with filters not more than one beyond COUNT_TO."""
    if filters == NO_FILTERS:
        every = select(func.count()).select_from(Track).where(PRESENT)
        if search:
            every = select(func.count()).select_from(INDEX).where(asked(search.everything))
        return session.scalar(every) or 0
    some = select(text("1")).select_from(Track).where(*filters.conditions())
    some = _joined(some, search.everything) if search else some.where(PRESENT)
    return session.scalar(select(func.count()).select_from(some.limit(COUNT_TO + 1).subquery())) or 0


def choices(session: Session, column: InstrumentedAttribute[V] | InstrumentedAttribute[V | None]) -> list[V]:
    """The values that tracks have in an indexed column, a step in the index for each."""
    found: list[V] = []
    while len(found) < MAX_CHOICES:
        beyond = [column > found[-1]] if found else []
        value = session.scalar(select(func.min(column)).where(PRESENT, *beyond))
        if value is None:
            break
        found.append(value)
    return found


def _searched(session: Session, search: Search, limit: int, before: str | None, filters: Filters) -> Page:
    """Cursors are the number of a tier and a track's `seq`: no row is needed to go on from there."""
    cursor = _CURSOR.fullmatch(before or "0.")
    if not cursor:
        return Page([], None)
    at, last = int(cursor["tier"]), cursor["seq"]
    found: list[Track] = []
    ends: list[str] = []
    for number, question in search.tiers:
        if number < at:
            continue
        wanted = _joined(select(Track).where(*filters.conditions()), question)
        if last and number == at:
            wanted = wanted.where(INDEX.c.rowid < int(last))
        several = session.scalars(wanted.order_by(INDEX.c.rowid.desc()).limit(limit + 1 - len(found))).all()
        found += several
        ends += [f"{number}.{track.seq}" for track in several]
        if len(found) > limit:
            break
    return Page(found[:limit], ends[limit - 1] if len(found) > limit else None)


def _joined(wanted: Select[*T], question: str) -> Select[*T]:
    """From the words to the tracks, never the other way: that would ask the index for each track."""
    return wanted.select_from(join(INDEX, Track, _SAME)).where(asked(question))


def asked(question: str) -> ColumnElement[bool]:
    """Rows of the index that answer this question of a `Search`."""
    return MATCHES.op("MATCH", is_comparison=True)(question)


def _page(found: Sequence[Track], limit: int) -> Page:
    items = found[:limit]
    return Page(items, items[-1].id if len(found) > limit else None)
