"""LRCLIB: the words of a song, plain and with the moment of each line."""

import re
import unicodedata
from collections.abc import Iterable

import msgspec

from app.lookups.cache import Cache
from app.lookups.client import Client
from app.tags.credits import main_artist
from app.tags.keys import artist_key, title_key

NEAR_MS = 3_000
"""Lines that come too early or too late are worse than none."""
MOST = 30
LONGEST = 50_000

_TIMED = re.compile(r"^\[\d{1,3}:\d{2}(?:[.:]\d{1,3})?\]", re.MULTILINE)


class Lyrics(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    plain: str = ""
    synced: str = ""
    """LRC: each line begins with its moment, `[01:23.45] …`. Empty where only the words are known."""


class _Found(msgspec.Struct, rename="camel"):
    track_name: str | None = None
    artist_name: str | None = None
    duration: float | None = None
    instrumental: bool | None = None
    plain_lyrics: str | None = None
    synced_lyrics: str | None = None


def look_up(
    client: Client, cache: Cache, *, artist: str, title: str, album: str, duration_ms: int
) -> Lyrics | None:
    """The words of this recording; None when they are not known, or there are none. Raises Trouble."""
    params = {"track_name": title, "artist_name": main_artist(artist)}
    seconds = str(round(duration_ms / 1000))

    def ask() -> Lyrics | None:
        exact = {**params, "album_name": album, "duration": seconds}
        got = client.json("lrclib", "/get", exact, _Found) if album else None
        found = [got] if got else client.json("lrclib", "/search", params, list[_Found]) or []
        return _best(found, artist, title, duration_ms)

    return cache.get("lrclib", key_of(artist, title, duration_ms), Lyrics, ask)


def key_of(artist: str, title: str, duration_ms: int) -> str:
    """Under which the answer is kept. Not by album: the words are the recording's."""
    return "\n".join((artist_key(artist), title_key(title), str(round(duration_ms / 1000))))


def _best(found: Iterable[_Found], artist: str, title: str, duration_ms: int) -> Lyrics | None:
    """The first with timed lines, else the first, of those that are this recording."""
    same = [one for one in list(found)[:MOST] if _is_same(one, artist, title, duration_ms)]
    known = [lyrics for one in same if (lyrics := _read(one))]
    return next((one for one in known if one.synced), known[0] if known else None)


def _is_same(one: _Found, artist: str, title: str, duration_ms: int) -> bool:
    if one.duration is None or not abs(one.duration * 1000 - duration_ms) <= NEAR_MS:
        return False
    named = (title_key(one.track_name or ""), artist_key(one.artist_name or ""))
    return named == (title_key(title), artist_key(artist))


def _read(one: _Found) -> Lyrics | None:
    if one.instrumental:
        return None
    plain, synced = _text(one.plain_lyrics), _text(one.synced_lyrics)
    if not _TIMED.search(synced):
        synced = ""
    if not plain and synced:
        plain = "\n".join(_TIMED.sub("", line).strip() for line in synced.splitlines())
    return Lyrics(plain=plain, synced=synced) if plain else None


def _text(value: str | None) -> str:
    """Lines of text and nothing else."""
    if not value or len(value) > LONGEST:
        return ""
    lines = value.replace("\r\n", "\n").replace("\r", "\n")
    kept = (c for c in lines if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs", "Co", "Cn"))
    return "".join(kept).strip()
