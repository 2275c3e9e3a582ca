"""What people write under an upload: credits on lines of their own (`Singer: Jane Roe`), and chapters."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from app.languages.say import say
from app.tags import info as read
from app.tags.text import clean, key, words

# What lines of credits begin with, folded.
LABELS = {
    **dict.fromkeys(
        (
            *("artist", "artists", "artist name", "singer", "singers", "performed by", "sung by", "vocalist"),
            *("singer name", "artista", "artistas", "artiste", "cantante", "interprete", "исполнитель"),
            *("アーティスト", "歌手", "가수", "アーティスト名"),
        ),
        "artist",
    ),
    **dict.fromkeys(("composer", "composed by", "music composer", "music director", "music"), "composer"),
    **dict.fromkeys(
        (
            *("song", "song name", "song title", "title", "track", "track name", "track title", "titulo"),
            *("titre", "cancion", "название", "песня", "曲名", "곡명", "제목"),
        ),
        "title",
    ),
    **dict.fromkeys(
        ("album", "album movie", "movie album", "альбом", "アルバム", "專輯", "专辑", "앨범"), "album"
    ),
    **dict.fromkeys(("genre", "genres", "genero", "жанр", "ジャンル"), "genre"),
    **dict.fromkeys(("release date", "released", "released on", "date of release"), "date"),
}
_LINE = re.compile(
    r"[\W_]{0,8}(?P<label>[^\W\d_][^:：–—]{0,24}?)\s*(?:[:：]\s*[-–]?|\s[-–—]\s)\s*(?P<value>[^\s:：-].*)$"
)
# Most lines of most descriptions have no such sign in front, and one search passes them all over.
_SIGNED = re.compile(r"^[^\n:：–—-]{1,35}+(?:[:：]|(?<= )[-–—] )[^\n]*", re.MULTILINE)
_NAMES = re.compile(r"\s*(?:[,，、;/]|\s&\s|\sand\s)\s*")
_LONGEST_VALUE = 100
_MOST_LINES = 60
_DASH = re.compile(r"\s+[-–—]\s+")
_FEWEST_CHAPTERS, _MOST_CHAPTERS = 2, 50
_FEWEST_TRACKS, _SHORTEST_ALBUM_S = 4, 900


@dataclass(frozen=True)
class Described:
    """What a description says, if it says it once: of a list of tracks we cannot know which one is meant."""

    artists: tuple[str, ...] = ()
    composers: tuple[str, ...] = ()
    title: str = ""
    album: str = ""
    genre: str = ""
    date: str = ""
    is_album: bool = False
    """A long upload with a chapter for each track."""
    reason: str = say("from the description")


NOTHING_SAID = Described()


def read_description(info: Mapping[str, Any]) -> Described:
    """The credits that a person typed; where they name no artist, the one whom all chapters name."""
    if read.is_direct_file(info) or read.is_generated(info):
        return NOTHING_SAID
    found: dict[str, list[str]] = {}
    for label, value in _labelled(info):
        found.setdefault(label, []).append(value)
    said = {label: values[0] for label, values in found.items() if len({key(value) for value in values}) == 1}
    artists = _names(said.get("artist", ""))
    tracks = chapters(info)
    performer = "" if artists else chapters_artist(tracks)
    if not said and not tracks:
        return NOTHING_SAID
    return Described(
        artists=artists or ((performer,) if performer else ()),
        composers=_names(said.get("composer", "")),
        title=said.get("title", ""),
        album=said.get("album", ""),
        genre=said.get("genre", ""),
        date=read.day(said.get("date")),
        is_album=_is_long(info) and len(tracks) >= _FEWEST_TRACKS,
        reason=say("from the chapters") if performer else NOTHING_SAID.reason,
    )


def _labelled(info: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for line in islice(_SIGNED.finditer(read.description(info)), _MOST_LINES):
        found = _LINE.match(line[0])
        label = LABELS.get(" ".join(words(found["label"]))) if found else None
        value = clean(found["value"].partition(" | ")[0]) if found and label else ""
        if label and len(value) <= _LONGEST_VALUE and "://" not in value and key(value):
            yield label, value


def _names(value: str) -> tuple[str, ...]:
    return tuple(name for name in _NAMES.split(value) if key(name))


def chapters_artist(titles: list[str]) -> str:
    """Whom each chapter names in front of its dash: `Jane Roe - One`, `Jane Roe - Two`."""
    parts = [_DASH.split(title, maxsplit=1) for title in titles]
    fronts = [part[0] for part in parts if len(part) == 2]
    same = len(fronts) == len(parts) >= _FEWEST_CHAPTERS and len({key(front) for front in fronts}) == 1
    return fronts[0] if same and key(fronts[0]) and not fronts[0].isdecimal() else ""


def _is_long(info: Mapping[str, Any]) -> bool:
    seconds = info.get("duration")
    return isinstance(seconds, (int, float)) and seconds >= _SHORTEST_ALBUM_S


def chapters(info: Mapping[str, Any]) -> list[str]:
    """The names of the chapters. yt-dlp calls what has none `<Untitled Chapter 1>`."""
    listed = info.get("chapters")
    titles = [
        clean(one.get("title"))
        for one in (listed[:_MOST_CHAPTERS] if isinstance(listed, list) else [])
        if isinstance(one, Mapping)
    ]
    return [title for title in titles if title and not title.startswith("<Untitled")]
