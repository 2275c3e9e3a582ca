"""Artists and releases of the library: what its tracks say, grouped by their keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, case, func, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.library.find import INDEX, NO_FILTERS, PRESENT, Filters, asked
from app.library.model import Track
from app.library.search import Search

AnySelect = Select[*tuple[Any, ...]]


@dataclass(frozen=True)
class Group:
    """An artist, or a release. `key` and `by` find it again."""

    key: str
    name: str
    tracks: int
    by: str = ""
    artist: str = ""
    year: int | None = None
    cover: Track | None = None
    """A track of the release that has one."""


@dataclass(frozen=True)
class Groups:
    items: Sequence[Group]
    next: str | None


def artists(
    session: Session,
    search: Search | None,
    limit: int,
    before: str | None = None,
    filters: Filters = NO_FILTERS,
) -> Groups:
    """Artists with tracks like these, in the order of their names. A search means the artist's name."""
    key = Track.artist_key
    wanted = select(key, func.count()).where(PRESENT, key != "", *filters.conditions())
    wanted = _grouped(wanted, search, "artist_words").group_by(key).order_by(key)
    if before:
        wanted = wanted.where(key > before)
    found = session.execute(wanted.limit(limit + 1)).all()
    names = _spellings(session, key, Track.artist, [row[0] for row in found])
    items = [Group(row[0], names[row[0]], row[1]) for row in found[:limit]]
    return Groups(items, items[-1].key if len(found) > limit else None)


def artist_name(session: Session, key: str) -> str | None:
    """As most tracks say it, or else as releases do. None when there is nothing of theirs."""
    for keys, name in ((Track.artist_key, Track.artist), (Track.album_artist_key, Track.album_artist)):
        if key and (found := _spellings(session, keys, name, [key])):
            return found[key]
    return None


def releases(
    session: Session,
    search: Search | None,
    limit: int,
    before: str | None = None,
    filters: Filters = NO_FILTERS,
) -> Groups:
    """Releases with tracks like these, by name. A search means the names of release and artist."""
    keys = (Track.album_key, Track.album_artist_key)
    wanted = _release_rows().where(PRESENT, Track.album_key != "", *filters.conditions())
    wanted = _grouped(wanted, search, "album_words", "artist_words").group_by(*keys).order_by(*keys)
    if before:
        album, _, by = before.partition("\t")
        wanted = wanted.where(tuple_(*keys) > tuple_(album, by))
    found = session.execute(wanted.limit(limit + 1)).all()
    items = _releases(session, found[:limit])
    return Groups(items, f"{items[-1].key}\t{items[-1].by}" if len(found) > limit else None)


def releases_of(session: Session, artist_key: str, limit: int = 200) -> Sequence[Group]:
    """An artist's releases, the newest first."""
    keys = (Track.album_artist_key, Track.album_key)
    wanted = _release_rows().where(PRESENT, Track.album_artist_key == artist_key, Track.album_key != "")
    wanted = wanted.group_by(*keys).order_by(func.max(Track.year).desc().nulls_last(), Track.album_key)
    return _releases(session, session.execute(wanted.limit(limit)).all())


def _grouped(wanted: AnySelect, search: Search | None, *columns: str) -> AnySelect:
    """Only what has all words of the search in these columns."""
    if not search:
        return wanted
    return wanted.where(Track.seq.in_(select(INDEX.c.rowid).where(asked(search.within(*columns)))))


def _release_rows() -> AnySelect:
    # Of each release the track that shows it: one with a cover, if there is one.
    shown = func.min(case((Track.has_cover, "0"), else_="1") + Track.id)
    return select(Track.album_key, Track.album_artist_key, func.count(), func.max(Track.year), shown)


def _releases(session: Session, rows: Sequence[Row[*tuple[Any, ...]]]) -> list[Group]:
    wanted = select(Track).where(Track.id.in_([row[4][1:] for row in rows]))
    shown = {track.id: track for track in session.scalars(wanted)}
    found = []
    for key, by, number, year, last in rows:
        track = shown[last[1:]]
        artist = track.album_artist or track.artist
        cover = track if track.has_cover else None
        found.append(Group(key, track.album, number, by=by, artist=artist, year=year, cover=cover))
    return found


def _spellings(
    session: Session,
    key: InstrumentedAttribute[str],
    name: InstrumentedAttribute[str],
    keys: Sequence[str],
) -> dict[str, str]:
    """Of each of these keys the name that most of its tracks have."""
    number = func.count()
    wanted = select(key, name).where(PRESENT, key.in_(keys)).group_by(key, name)
    return {row[0]: row[1] for row in session.execute(wanted.order_by(number, name.desc()))}
