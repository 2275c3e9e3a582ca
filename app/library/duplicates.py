"""Is this a recording that we have? And of two files of one recording, which is the better?

Two tracks are the same recording when their ISRCs are the same, when their names and lengths are, or when
they sound the same, however they are called. The same names on another release are that: "also on", to be
known and never to be replaced. Where both have prints, the same names are not enough for what clearly sounds
different.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from sqlalchemy.orm import Session

from app.audio.alike import Sounds, compare, words
from app.audio.model import Quality
from app.library import duplicate_queries as queries
from app.library import print_queries
from app.library.model import Reason, Track
from app.tags.keys import additions, album_key, artist_key, base, title_key
from app.tags.model import Tags

LEAST_GUARD_MS = 3_000
GUARD_SHARE = 0.02
MEASURED_SHARE = 0.05
CD_BITS = 16
"""Of a lossless file that does not say how many."""

NAMELESS = ("generic", "html5")
"""Extractors for pages that nobody knows."""

MOST_HEARD = 20
"""Comparisons of one track's sound with others of its name: some names hundreds have."""
NOTHING_HEARD: Mapping[str, bytes] = {}

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
    OTHER_SOUND = "other_sound"
    """The same names, but it sounds different."""
    VERSION = "version"
    """It sounds the same, but its title says that it is another version: a live take, a remix, mono."""


@dataclass(frozen=True)
class Recording:
    """What is compared: keys as `app.tags.keys` makes them; an empty text is not known."""

    title_key: str
    artist_key: str
    album_key: str = ""
    duration_ms: int | None = None
    isrc: str = ""
    source_id: str = ""
    title: str = ""
    sound: bytes = b""
    """Its print, as `app.audio.alike` packs it."""


@dataclass(frozen=True)
class Match:
    """A track of the library that is, in some way, the same."""

    track: Track
    sameness: Sameness
    same_album: bool
    by: Reason = Reason.NAMES


def recording_of(tags: Tags, duration_ms: int | None, sound: bytes = b"") -> Recording:
    return Recording(
        title_key=title_key(tags.title) if tags.title else "",
        artist_key=artist_key(tags.artist) if tags.artist else "",
        album_key=album_key(tags.album) if tags.album else "",
        duration_ms=duration_ms,
        isrc=tags.isrc,
        source_id=known_source(tags.source_id),
        title=tags.title,
        sound=sound,
    )


def recording_in(track: Track, sound: bytes = b"") -> Recording:
    return Recording(
        track.title_key,
        track.artist_key,
        track.album_key,
        track.duration_ms,
        track.isrc,
        known_source(track.source_id),
        track.title,
        sound,
    )


def known_source(source_id: str) -> str:
    """A source's id, unless it is only the name of a file on some page: two pages may well have the same."""
    return "" if source_id.partition(":")[0].lower() in NAMELESS else source_id


def sameness(one: Recording, other: Recording) -> Sameness | None:
    """How far the two are the same; None: not at all."""
    return Sameness.DUPLICATE if _share_an_id(one, other) else _by_names_and_sound(one, other)


def reason(one: Recording, other: Recording, how: Sameness) -> Reason:
    """What it is that says so; `how` is their sameness."""
    # An ISRC counts more than names whose sound differs: then it is not the names that say it.
    said = _by_names_and_sound(one, other)
    if how is said and (how is Sameness.OTHER_SOUND or how is _by_names(one, other)):
        return Reason.NAMES
    if not _share_an_id(one, other):
        return Reason.SOUND
    return Reason.ISRC if _share_an_isrc(one, other) else Reason.SOURCE


def is_by_sound(one: Recording, other: Recording) -> bool:
    """Whether nothing but their sound says that these two are the same recording."""
    how = sameness(one, other)
    return how is Sameness.DUPLICATE and reason(one, other, how) is Reason.SOUND


def _share_an_isrc(one: Recording, other: Recording) -> bool:
    return bool(one.isrc) and one.isrc == other.isrc


def _share_an_id(one: Recording, other: Recording) -> bool:
    if _share_an_isrc(one, other):
        return True
    # Two songs cut out of one upload have its id in common, and are not as long as each other.
    near = is_as_long(one.duration_ms, other.duration_ms)
    return near and bool(one.source_id) and one.source_id == other.source_id


def _by_names_and_sound(one: Recording, other: Recording) -> Sameness | None:
    named = _by_names(one, other)
    if not (one.sound and other.sound):
        return named
    near = print_queries.is_near(one.duration_ms, other.duration_ms)
    sounds = compare(one.sound, other.sound) if named or near else Sounds.UNKNOWN
    if named and sounds is Sounds.DIFFERENT:
        return Sameness.OTHER_SOUND
    if sounds is not Sounds.SAME or not near or named in (Sameness.DUPLICATE, Sameness.ALSO_ON):
        return named
    if base(one.title) == base(other.title) and additions(one.title) != additions(other.title):
        return Sameness.VERSION
    both_on_albums = one.album_key and other.album_key
    return Sameness.ALSO_ON if both_on_albums and one.album_key != other.album_key else Sameness.DUPLICATE


def _by_names(one: Recording, other: Recording) -> Sameness | None:
    names = (one.title_key, one.artist_key)
    if not all(names) or names != (other.title_key, other.artist_key):
        return None
    if one.album_key and other.album_key and one.album_key != other.album_key:
        return Sameness.ALSO_ON
    near = is_as_long(one.duration_ms, other.duration_ms)
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
    """As `matches`, for many at once: a few questions to the database, however many there are."""
    wanted = recordings.values()
    names = {(one.artist_key, one.title_key) for one in wanted if one.artist_key and one.title_key}
    found = queries.with_names(session, names)
    found += queries.with_isrc(session, {one.isrc for one in wanted if one.isrc})
    found += queries.with_source(session, {one.source_id for one in wanted if one.source_id})
    heard = {key: (words(one.sound), one.duration_ms) for key, one in recordings.items() if one.sound}
    near = print_queries.near(session, heard) if heard else {}
    tracks = {track.id: track for track in (*found, *(one for several in near.values() for one in several))}
    sounds = print_queries.of_tracks(session, tracks) if heard else {}
    judged = {
        key: _judged(recording, tracks.values(), sounds, {one.id for one in near.get(key, ())})
        for key, recording in recordings.items()
    }
    return {key: several for key, several in judged.items() if several}


def only_duplicates(found: Iterable[Match]) -> list[Match]:
    return [one for one in found if one.sameness is Sameness.DUPLICATE]


def _judged(
    recording: Recording, tracks: Iterable[Track], sounds: Mapping[str, bytes], near: Collection[str]
) -> list[Match]:
    """Sounds are compared only where there is a reason: a comparison takes milliseconds."""
    found = []
    for track in tracks:
        other = recording_in(track)
        if track.id in near or _by_names(recording, other):
            other = recording_in(track, sounds.get(track.id, b""))
        if how := sameness(recording, other):
            by = reason(recording, other, how)
            found.append(Match(track, how, recording.album_key == other.album_key, by))
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


def clusters(tracks: Iterable[Track], sounds: Mapping[str, bytes] = NOTHING_HEARD) -> list[list[Track]]:
    """These tracks, taken apart into those that are the same recording; whoever is alone is left out.

    All of them have names, a source or an ISRC in common. Sorted by length, so that each is compared with the
    few that are about as long; `sounds` are their prints, as far as there are any.
    """
    ordered = sorted(tracks, key=lambda track: (track.duration_ms or 0, track.added_at, track.id))
    leader = {track.id: track.id for track in ordered}
    first_with: dict[str, str] = {}
    for at, track in enumerate(ordered):
        if track.isrc:
            _join(leader, track.id, first_with.setdefault(track.isrc, track.id))
        seen: set[str] = set()
        heard = 0
        for other in reversed(ordered[:at]):
            if not is_as_long(track.duration_ms, other.duration_ms) or heard > MOST_HEARD:
                break
            # One of each album is enough: the others are with that one already, unless they sound different.
            if other.album_key in seen:
                continue
            both = bool(sounds.get(track.id) and sounds.get(other.id))
            same = _are_duplicates(track, other, sounds)
            heard += both
            if same:
                _join(leader, track.id, other.id)
            if same or not both:
                seen.add(other.album_key)
    return _together(ordered, leader)


def alike(tracks: Sequence[Track], sounds: Mapping[str, bytes]) -> list[list[Track]]:
    """Of these tracks, which sound alike, those that are the same recording, however they are called.

    `Song` and `Song (Live)` are not together, although each may sound like one that has another name: that
    one is with the first.
    """
    found: list[list[Recording]] = []
    by_recording: dict[int, Track] = {}
    for track in sorted(tracks, key=lambda track: len(additions(track.title))):
        one = recording_in(track, sounds.get(track.id, b""))
        by_recording[id(one)] = track
        for several in found:
            said = {sameness(one, other) for other in several}
            if Sameness.DUPLICATE in said and Sameness.VERSION not in said:
                several.append(one)
                break
        else:
            found.append([one])
    return [[by_recording[id(one)] for one in several] for several in found if len(several) > 1]


def _together(tracks: Iterable[Track], leader: dict[str, str]) -> list[list[Track]]:
    found: dict[str, list[Track]] = {}
    for track in tracks:
        found.setdefault(_leader(leader, track.id), []).append(track)
    return [several for several in found.values() if len(several) > 1]


def _are_duplicates(one: Track, other: Track, sounds: Mapping[str, bytes]) -> bool:
    first, second = (recording_in(track, sounds.get(track.id, b"")) for track in (one, other))
    return sameness(first, second) is Sameness.DUPLICATE


def _join(leader: dict[str, str], one: str, other: str) -> None:
    leader[_leader(leader, one)] = _leader(leader, other)


def _leader(leader: dict[str, str], one: str) -> str:
    while leader[one] != one:
        leader[one] = leader[leader[one]]
        one = leader[one]
    return one
