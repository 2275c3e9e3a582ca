"""What lists, filters and searches go by, worked out once from a track's tags when its row is written."""

import re
from functools import lru_cache
from urllib.parse import urlsplit

from app.library import words
from app.tags import keys
from app.tags.model import Tags

_YEAR = re.compile(r"\d{4}(?!\d)")


def derive(tags: Tags, path: str) -> dict[str, str | int | None]:
    """Columns of the row of a file with these tags at this path."""
    return {
        "title_key": keys.title_key(tags.title) if tags.title else "",
        "artist_key": artist_key(tags.artist),
        "album_key": album_key(tags.album),
        "album_artist_key": artist_key(tags.album_artist or tags.artist),
        "year": year_of(tags.date),
        "site": site_of(tags.source_url),
        "artist_words": words.written(tags.artist),
        "album_words": words.written(tags.album),
        **named(tags.title, path),
    }


def named(title: str, path: str) -> dict[str, str | int | None]:
    """The columns that change with the file's name, if it has no title."""
    name_key, title_words = words.named(words.name_of(title, path))
    return {"name_key": name_key, "title_words": title_words}


@lru_cache(words.MANY)
def artist_key(artist: str) -> str:
    return keys.artist_key(artist) if artist else ""


@lru_cache(words.MANY)
def album_key(album: str) -> str:
    return keys.album_key(album) if album else ""


def year_of(date: str) -> int | None:
    found = _YEAR.match(date)
    return int(found[0]) if found and found[0].isascii() else None


def site_of(source_url: str) -> str:
    """The host of a link, without `www.`; empty for what is none."""
    try:
        host = urlsplit(source_url).hostname or ""
    except ValueError:
        return ""
    return host.removeprefix("www.")
