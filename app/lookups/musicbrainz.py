"""MusicBrainz: recordings by artist and title, or by their ids, with the releases that they are on."""

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from app.lookups.cache import Cache
from app.lookups.client import Client
from app.lookups.recording import Recording, Release
from app.lookups.releases import shortlist
from app.lookups.turns import Trouble
from app.tags import info as read
from app.tags.credits import main_artist
from app.tags.keys import additions, name_of
from app.tags.text import clean
from app.tags.values import isrc_in

LIMIT = 25
MOST_RELEASES = 100
AROUND_MS = 5_000
LONGEST_MS = 7 * 24 * 3600 * 1000
# One person's tag is a joke as often as a genre.
VOTES = 2

MBID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LUCENE = re.compile(r'([+\-!(){}\[\]^"~*?:\\/]|&&|\|\|)')


def search(
    client: Client, cache: Cache, *, artist: str, title: str, album: str = "", duration_ms: int | None
) -> tuple[Recording, ...]:
    """Recordings that may be this one, the likeliest first. Raises Trouble."""
    return _asked(client, cache, query_for(artist=artist, title=title, duration_ms=duration_ms), album)


def by_ids(client: Client, cache: Cache, ids: Iterable[str], *, album: str = "") -> tuple[Recording, ...]:
    """These recordings, by their MusicBrainz ids. Raises Trouble."""
    wanted = sorted(id for id in ids if MBID.fullmatch(id))[:LIMIT]
    return _asked(client, cache, " OR ".join(f"rid:{id}" for id in wanted), album) if wanted else ()


def query_for(*, artist: str, title: str, duration_ms: int | None) -> str:
    """The name must be there; its additions and the length bring the right one of many to the front."""
    query = f'+recording:"{escaped(name_of(title))}" +artist:"{escaped(main_artist(artist))}"'
    if said := " ".join(additions(title)):
        query += f" recording:({escaped(said)})"
    if duration_ms:
        query += f" dur:[{max(0, duration_ms - AROUND_MS)} TO {duration_ms + AROUND_MS}]^2"
    return query


def escaped(text: str) -> str:
    """Without a meaning for Lucene."""
    return _LUCENE.sub(r"\\\1", clean(text))


def _asked(client: Client, cache: Cache, query: str, album: str) -> tuple[Recording, ...]:
    def ask() -> tuple[Recording, ...]:
        params = {"query": query, "limit": str(LIMIT), "fmt": "json"}
        found = client.json("musicbrainz", "/recording", params, _Answer)
        return tuple(_recordings(found.recordings if found else [], album))

    return cache.get("musicbrainz", f"recording {query}\n{album}", tuple[Recording, ...], ask) or ()


# --- What it sends: only what we use, and nothing is taken for granted ------------------------------------


class _Wire(msgspec.Struct, rename="kebab"):
    pass


class _Artist(_Wire):
    id: str | None = None


class _Credit(_Wire):
    name: str | None = None
    joinphrase: str | None = None
    artist: _Artist | None = None


class _Track(_Wire):
    number: str | None = None


class _Medium(_Wire):
    position: int | None = None
    track_offset: int | None = None
    track: list[_Track] | None = None


class _Group(_Wire):
    id: str | None = None
    primary_type: str | None = None
    secondary_types: list[str] | None = None


class _Release(_Wire):
    id: str
    title: str
    count: int | None = None
    status: str | None = None
    date: str | None = None
    artist_credit: list[_Credit] | None = None
    release_group: _Group | None = None
    media: list[_Medium] | None = None


class _Tag(_Wire):
    name: str
    count: int = 0


class _Isrc(_Wire):
    """How mirrors with an older search write it."""

    id: str = ""


class _Recording(_Wire):
    id: str
    title: str
    length: int | None = None
    disambiguation: str | None = None
    first_release_date: str | None = None
    artist_credit: list[_Credit] | None = None
    releases: list[_Release] | None = None
    tags: list[_Tag] | None = None
    isrcs: list[str | _Isrc] | None = None


class _Answer(_Wire):
    recordings: list[msgspec.Raw]


def _recordings(raw: Sequence[msgspec.Raw], album: str) -> Iterator[Recording]:
    """One that makes no sense is left out, and not all with it."""
    sound = []
    for one in raw[:LIMIT]:
        try:
            sound.append(_read(msgspec.json.decode(one, type=_Recording), album))
        except (msgspec.ValidationError, RecursionError):
            continue
    if raw and not sound:
        raise Trouble("musicbrainz: nonsense")
    yield from (one for one in sound if one.title and one.artist and MBID.fullmatch(one.id))


def _read(found: _Recording, album: str) -> Recording:
    length = found.length if found.length and 0 < found.length < LONGEST_MS else None
    releases = [_release(one) for one in (found.releases or [])[:MOST_RELEASES]]
    return Recording(
        id=found.id,
        title=clean(found.title),
        artist=_name(found.artist_credit),
        comment=clean(found.disambiguation),
        artist_ids=tuple(_artist_ids(found.artist_credit)),
        length_ms=length,
        date=_date(found.first_release_date),
        genre=_genre(found.tags or []),
        isrc=_isrc(found.isrcs or []),
        releases=shortlist([one for one in releases if one.title and MBID.fullmatch(one.id)], album),
    )


def _release(found: _Release) -> Release:
    group = found.release_group or _Group()
    medium = next(iter(found.media or []), _Medium())
    return Release(
        id=found.id,
        title=clean(found.title),
        artist=_name(found.artist_credit),
        group_id=group.id if group.id and MBID.fullmatch(group.id) else "",
        official=found.status == "Official",
        kind=clean(group.primary_type),
        also=tuple(clean(one) for one in group.secondary_types or []),
        date=_date(found.date),
        track_no=_track_no(medium),
        disc_no=_small(medium.position) if (found.count or 1) > 1 else None,
    )


def _name(credits: list[_Credit] | None) -> str:
    return clean("".join(f"{one.name or ''}{one.joinphrase or ''}" for one in credits or []))


def _artist_ids(credits: list[_Credit] | None) -> Iterator[str]:
    for one in credits or []:
        if one.artist and one.artist.id and MBID.fullmatch(one.artist.id):
            yield one.artist.id


def _track_no(medium: _Medium) -> int | None:
    """Its number; on vinyl, where that is `A3`, its place."""
    number = (medium.track or [_Track()])[0].number or ""
    if number.isascii() and number.isdecimal():
        return _small(int(number[:4]))
    return _small(medium.track_offset + 1) if medium.track_offset is not None else None


def _small(number: int | None) -> int | None:
    return number if number and 0 < number < 1000 else None


def _date(text: str | None) -> str:
    """`1999-05-01`, `1999-05` or `1999`; empty for anything else."""
    found = clean(text, 10)
    if day := read.day(found):
        return day
    year, _, month = found.partition("-")
    if not read.year(year):
        return ""
    return f"{year}-{month}" if re.fullmatch(r"0[1-9]|1[0-2]", month) else year


def _isrc(numbers: list[str | _Isrc]) -> str:
    texts = (one.id if isinstance(one, _Isrc) else one for one in numbers)
    return next(filter(None, map(isrc_in, texts)), "")


def _genre(tags: list[_Tag]) -> str:
    liked = sorted((one for one in tags if one.count >= VOTES), key=lambda one: (-one.count, one.name))
    return clean(liked[0].name, 50) if liked else ""
