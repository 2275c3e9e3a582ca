"""Is this a recording that we have? And of two files of one recording, which is the better?

Two tracks are the same recording when their ISRCs are the same, or when their names and lengths are. The same
names on another release are that: "also on", to be known and never to be replaced.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from sqlalchemy.orm import Session

from app.audio.model import Quality
from app.library import duplicate_queries as queries
from app.library.model import Track
from app.tags.keys import album_key, artist_key, title_key
from app.tags.model import Tags

LEAST_GUARD_MS = 3_000
GUARD_SHARE = 0.02
MEASURED_SHARE = 0.05
CD_BITS = 16
"""Of a lossless file that does not say how many."""

NAMELESS = ("generic", "html5")
"""Extractors for pages that nobody knows."""

T = TypeVar("T")
Sound = tuple[Quality | None, Quality | None]
"""A file's quality, and that of what it was made of."""


class Sameness(StrEnum):
    DUPLICATE = "duplicate"
    """The same recording."""
    ALSO_ON = "also_on"
    """The same artist and title on another release."""
    SIMILAR = "similar"
    """The same names, but it is longer or shorter, or nobody knows how long."""


@dataclass(frozen=True)
class Recording:
    """What is compared: keys as `app.tags.keys` makes them; an empty text is not known."""

    title_key: str
    artist_key: str
    album_key: str = ""
    duration_ms: int | None = None
    isrc: str = ""
    source_id: str = ""


@dataclass(frozen=True)
class Match:
    """A track of the library that is, in some way, the same."""

    track: Track
    sameness: Sameness
    same_album: bool


def recording_of(tags: Tags, duration_ms: int | None) -> Recording:
    return Recording(
        title_key=title_key(tags.title) if tags.title else "",
        artist_key=artist_key(tags.artist) if tags.artist else "",
        album_key=album_key(tags.album) if tags.album else "",
        duration_ms=duration_ms,
        isrc=tags.isrc,
        source_id=known_source(tags.source_id),
    )


def recording_in(track: Track) -> Recording:
    return Recording(
        track.title_key,
        track.artist_key,
        track.album_key,
        track.duration_ms,
        track.isrc,
        known_source(track.source_id),
    )


def known_source(source_id: str) -> str:
    """A source's id, unless it is only the name of a file on some page: two pages may well have the same."""
    return "" if source_id.partition(":")[0].lower() in NAMELESS else source_id


def sameness(one: Recording, other: Recording) -> Sameness | None:
    """How far the two are the same; None: not at all."""
    if one.isrc and one.isrc == other.isrc:
        return Sameness.DUPLICATE
    near = is_as_long(one.duration_ms, other.duration_ms)
    # Two songs cut out of one upload have its id in common, and are not as long as each other.
    if near and one.source_id and one.source_id == other.source_id:
        return Sameness.DUPLICATE
    names = (one.title_key, one.artist_key)
    if not all(names) or names != (other.title_key, other.artist_key):
        return None
    if one.album_key and other.album_key and one.album_key != other.album_key:
        return Sameness.ALSO_ON
    return Sameness.DUPLICATE if near else Sameness.SIMILAR


def is_as_long(one_ms: int | None, other_ms: int | None) -> bool:
    """Within 3 seconds or 2 %, whichever is more. Unknown lengths are never the same."""
    if one_ms is None or other_ms is None:
        return False
    return abs(one_ms - other_ms) <= max(LEAST_GUARD_MS, GUARD_SHARE * max(one_ms, other_ms))


def matches(session: Session, recording: Recording) -> list[Match]:
    """What the library has of this recording: duplicates first, of these the one on the same album."""
    return matches_of_all(session, {"": recording}).get("", [])


def matches_of_all(session: Session, recordings: Mapping[T, Recording]) -> dict[T, list[Match]]:
    """As `matches`, for many at once: three questions to the database, however many there are."""
    wanted = recordings.values()
    names = {(one.artist_key, one.title_key) for one in wanted if one.artist_key and one.title_key}
    found = queries.with_names(session, names)
    found += queries.with_isrc(session, {one.isrc for one in wanted if one.isrc})
    found += queries.with_source(session, {one.source_id for one in wanted if one.source_id})
    tracks = {track.id: track for track in found}.values()
    judged = {key: _judged(recording, tracks) for key, recording in recordings.items()}
    return {key: several for key, several in judged.items() if several}


def only_duplicates(found: Iterable[Match]) -> list[Track]:
    return [one.track for one in found if one.sameness is Sameness.DUPLICATE]


def _judged(recording: Recording, tracks: Iterable[Track]) -> list[Match]:
    found = []
    for track in tracks:
        other = recording_in(track)
        if how := sameness(recording, other):
            found.append(Match(track, how, recording.album_key == other.album_key))
    order = list(Sameness)
    return sorted(found, key=lambda one: (order.index(one.sameness), not one.same_album, one.track.added_at))


def worth(quality: Quality | None, source: Quality | None) -> tuple[int, int]:
    """How good a file is, to be compared: no better than what it was made of.

    Lossy: 0 and kbit/s; lossless: 1 and sample rate times bit depth. A FLAC made from Opus is that Opus.
    """
    known = [_worth(one) for one in (quality, source) if one is not None]
    return min(known, default=(0, 0))


def is_better(new: Sound, olds: Iterable[Sound]) -> bool:
    """Strictly better than each of them.

    The same stream in another container measures some percent more or less, so lossy ones have to differ by
    more. What was inflated from a lossy source is never better than anything.
    """
    quality, source = new
    if quality and source and quality.lossless and not source.lossless:
        return False
    return all(_beats(worth(*new), worth(*old)) for old in olds)


def sound_of(track: Track) -> Sound:
    return track.quality, track.source_quality


def _beats(one: tuple[int, int], other: tuple[int, int]) -> bool:
    if one[0] == other[0] == 0:
        return one[1] > other[1] * (1 + MEASURED_SHARE)
    return one > other


def _worth(quality: Quality) -> tuple[int, int]:
    if quality.lossless:
        return 1, (quality.sample_rate_hz or 0) * (quality.bit_depth or CD_BITS)
    return 0, round((quality.bitrate_bps or 0) / 1_000)


def clusters(tracks: Iterable[Track]) -> list[list[Track]]:
    """These tracks, taken apart into those that are the same recording; whoever is alone is left out.

    All of them have names, a source or an ISRC in common. Sorted by length, so that each is compared with the
    few that are about as long.
    """
    ordered = sorted(tracks, key=lambda track: (track.duration_ms or 0, track.added_at, track.id))
    leader = {track.id: track.id for track in ordered}
    first_with: dict[str, str] = {}
    for at, track in enumerate(ordered):
        if track.isrc:
            _join(leader, track.id, first_with.setdefault(track.isrc, track.id))
        seen: set[str] = set()
        for other in reversed(ordered[:at]):
            if not is_as_long(track.duration_ms, other.duration_ms):
                break
            # One of each album is enough: the others are with that one already.
            if other.album_key not in seen and _are_duplicates(track, other):
                _join(leader, track.id, other.id)
            seen.add(other.album_key)
    found: dict[str, list[Track]] = {}
    for track in ordered:
        found.setdefault(_leader(leader, track.id), []).append(track)
    return [several for several in found.values() if len(several) > 1]


def _are_duplicates(one: Track, other: Track) -> bool:
    return sameness(recording_in(one), recording_in(other)) is Sameness.DUPLICATE


def _join(leader: dict[str, str], one: str, other: str) -> None:
    leader[_leader(leader, one)] = _leader(leader, other)


def _leader(leader: dict[str, str], one: str) -> str:
    while leader[one] != one:
        leader[one] = leader[leader[one]]
        one = leader[one]
    return one
