"""The duplicates of the whole library, group by group: by names, by ISRC, by source, by sound."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from app.library import duplicate_queries as queries
from app.library import print_queries
from app.library.duplicates import (
    Sameness,
    alike,
    clusters,
    is_by_sound,
    known_source,
    recording_in,
    sameness,
)
from app.library.model import Reason, Track
from app.library.queries import by_ids

GROUPS = 25
"""On a page, at least, unless there are no more."""
LOOKED_AT = 200
"""Things in common that are looked at in one go."""
MOST_LOOKED_AT = 5_000
"""On one page; what comes then is on the next one, even if there was little on this one."""

NAMES, ISRC, SOURCE, SOUND = Reason.NAMES, Reason.ISRC, Reason.SOURCE, Reason.SOUND
DIFFERENT = "different"
"""The kind of those whose names are the same and whose sound is not: no duplicates, but worth a look."""
MOST_ALIKE = 30
"""Tracks that sound alike, looked at together."""
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
    kinds = tuple(_READERS)
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
    sounds = print_queries.of_tracks(session, [one.id for several in tracks.values() for one in several])
    return [(name, list(_named(tracks.get(name, []), sounds))) for name in names]


def _named(tracks: list[Track], sounds: Mapping[str, bytes]) -> Iterator[Group]:
    """Tracks of one name: those that are one recording, and those of which only the sound says otherwise."""
    found = clusters(tracks, sounds)
    yield from (Group(NAMES, several) for several in found)
    for several in clusters(tracks) if sounds else ():
        ids = {one.id for one in several}
        others = [together[1:] for together in found if together[0].id in ids]
        doubles = {one.id for some in others for one in some}
        apart = [one for one in several if one.id not in doubles]
        if len(apart) > 1:
            yield Group(DIFFERENT, apart)


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


def _by_sound(session: Session, cursor: Cursor) -> Chunk:
    ids = print_queries.with_alike(session, cursor[1], LOOKED_AT)
    return [((id, ""), list(_sounding_like(session, id))) for id in ids]


def _sounding_like(session: Session, id: str) -> Iterator[Group]:
    """The groups around this track, told with the first of their tracks: ids are looked at in order."""
    ids, around = {id}, print_queries.alike_of(session, [id])
    while around - ids and len(ids) < MOST_ALIKE:
        ids |= around
        around = print_queries.alike_of(session, ids)
    if min(ids) != id:
        return
    tracks = sorted(by_ids(session, ids).values(), key=lambda one: one.id)[:MOST_ALIKE]
    sounds = print_queries.of_tracks(session, [one.id for one in tracks])
    for several in alike(tracks, sounds):
        first, *others = (recording_in(one, sounds.get(one.id, b"")) for one in several)
        if any(is_by_sound(first, other) for other in others):
            yield Group(SOUND, several)


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


_READERS = {NAMES: _by_names, ISRC: _by_isrc, SOURCE: _by_source, SOUND: _by_sound}
