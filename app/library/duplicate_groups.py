"""The duplicates of the whole library, group by group: by their names, by their ISRC, by their source."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from app.library import duplicate_queries as queries
from app.library.duplicates import Sameness, clusters, known_source, recording_in, sameness
from app.library.model import Track

GROUPS = 25
"""On a page, at least, unless there are no more."""
LOOKED_AT = 200
"""Things in common that are looked at in one go."""
MOST_LOOKED_AT = 5_000
"""On one page; what comes then is on the next one, even if there was little on this one."""

NAMES, ISRC, SOURCE = "names", "isrc", "source"
Cursor = tuple[str, ...]
"""The kind, and the last thing in common that was looked at."""


@dataclass(frozen=True)
class Group:
    kind: str
    """What its tracks have in common."""
    tracks: list[Track]


@dataclass(frozen=True)
class Page:
    groups: list[Group]
    next: Cursor | None


def page(session: Session, after: Cursor = ()) -> Page:
    """Groups of tracks that are the same recording, in a steady order, those behind the cursor `after`."""
    found: list[Group] = []
    looked_at = 0
    kinds = (NAMES, ISRC, SOURCE)
    start = kinds.index(after[0]) if after and after[0] in kinds else 0
    for kind in kinds[start:]:
        cursor = after if after and after[0] == kind else (kind, "", "")
        while chunk := _READERS[kind](session, cursor):
            for keys, groups in chunk:
                found += groups
                looked_at += 1
                cursor = (kind, *keys)
                if len(found) >= GROUPS or looked_at >= MOST_LOOKED_AT:
                    return Page(found, cursor)
    return Page(found, None)


Chunk = list[tuple[Cursor, list[Group]]]


def _by_names(session: Session, cursor: Cursor) -> Chunk:
    _, artist, title = cursor
    names = queries.shared_names(session, (artist, title), LOOKED_AT)
    tracks = _by(queries.with_names(session, names), lambda one: (one.artist_key, one.title_key))
    return [(name, [Group(NAMES, several) for several in clusters(tracks.get(name, []))]) for name in names]


def _by_isrc(session: Session, cursor: Cursor) -> Chunk:
    isrcs = queries.shared_isrcs(session, cursor[1], LOOKED_AT)
    tracks = _by(queries.with_isrc(session, isrcs), lambda one: (one.isrc,))
    return [((isrc, ""), list(_others(ISRC, tracks.get((isrc,), [])))) for isrc in isrcs]


def _by_source(session: Session, cursor: Cursor) -> Chunk:
    ids = queries.shared_sources(session, cursor[1], LOOKED_AT)
    tracks = _by(
        queries.with_source(session, [id for id in ids if known_source(id)]), lambda one: (one.source_id,)
    )
    return [((id, ""), list(_others(SOURCE, tracks.get((id,), [])))) for id in ids]


def _others(kind: str, tracks: list[Track]) -> Iterator[Group]:
    """Groups that their names alone did not give away."""
    for several in clusters(tracks):
        first, *others = (replace(recording_in(one), isrc="", source_id="") for one in several)
        if any(sameness(first, other) is not Sameness.DUPLICATE for other in others):
            yield Group(kind, several)


def _by(tracks: list[Track], key: Callable[[Track], Cursor]) -> dict[Cursor, list[Track]]:
    found: dict[Cursor, list[Track]] = {}
    for track in tracks:
        found.setdefault(key(track), []).append(track)
    return found


_READERS = {NAMES: _by_names, ISRC: _by_isrc, SOURCE: _by_source}
