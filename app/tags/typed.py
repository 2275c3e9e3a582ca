"""Tags as people and programs hand them in: parsed, checked, with a sentence for each field."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from app.errors import Invalid
from app.languages.say import say
from app.tags import lrc
from app.tags.model import EDITABLE, MORE, Tags

MAX_CHARS = 300
MAX_COMMENT_CHARS = 2_000
MAX_LYRICS_CHARS = 20_000
FORM_BYTES = 512 * 1024
"""Room for a form with all of them: in an address or a JSON text one letter may take twelve bytes."""
FIELDS = (*EDITABLE, *MORE)
"""What forms and the API take of a track's tags."""
LABELS = {
    "title": say("Title"),
    "artist": say("Artist"),
    "album": say("Album"),
    "album_artist": say("Album artist"),
    "track_no": say("Track"),
    "disc_no": say("Disc"),
    "date": say("Date"),
    "genre": say("Genre"),
    "compilation": say("Compilation"),
    "comment": say("Comment"),
    "lyrics": say("Lyrics"),
    "lyrics_synced": say("Timed lyrics"),
}
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
CONTROL_IN_LINES = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")


def read_tags(values: Mapping[str, Any], *, base: Tags, needs_title: bool = True) -> Tags:
    """The tags that a person typed over `base`; missing fields keep its values. Raises Invalid by field."""
    wrong: dict[str, str] = {}
    found: dict[str, Any] = {name: getattr(base, name) for name in FIELDS}
    for name in found:
        if name not in values:
            continue
        try:
            found[name] = _READERS.get(name, _text)(values[name])
        except ValueError as error:
            wrong[name] = str(error)
    if needs_title and not wrong.get("title") and not found["title"]:
        wrong["title"] = say("A track needs a title.")
    if wrong:
        raise Invalid(" ".join(wrong.values()), fields=wrong)
    if base.album_artist == base.artist and found["album_artist"] == base.album_artist:
        # It was the artist all along, so it follows when only the artist is corrected.
        found["album_artist"] = found["artist"]
    return msgspec.structs.replace(base, **found)


def text_of(value: object) -> str:
    """A tag as the form's field shows it."""
    return "1" if value is True else str(value or "")


def _text(value: Any) -> str:
    return _fitting(CONTROL.sub(" ", text_of(value)).strip(), MAX_CHARS)


def _comment(value: Any) -> str:
    return _fitting(_lines(value), MAX_COMMENT_CHARS)


def _lyrics(value: Any) -> str:
    return _fitting(_lines(value), MAX_LYRICS_CHARS)


def _lyrics_synced(value: Any) -> str:
    text = _lyrics(value)
    if not lrc.is_lrc(text):
        raise ValueError(
            say("Each line begins with its time, such as [01:02.50]. Others belong into Lyrics.")
        )
    return text


def _lines(value: Any) -> str:
    text = text_of(value).replace("\r\n", "\n").replace("\r", "\n")
    return CONTROL_IN_LINES.sub(" ", text).strip()


def _fitting(text: str, most: int) -> str:
    if len(text) > most:
        raise ValueError(say(f"At most {most:,} characters fit here."))
    return text


def _yes(value: Any) -> bool:
    text = text_of(value).strip().lower()
    if text not in ("", "0", "1", "false", "true"):
        raise ValueError(say("Yes or no."))
    return text in ("1", "true")


def _number(value: Any) -> int | None:
    text = str(value if value is not None else "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 999):
        raise ValueError(say("A number from 1 to 999, or nothing."))
    return int(text)


def _date(value: Any) -> str:
    text = str(value if value is not None else "").strip()
    if not text:
        return ""
    if not re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", text):
        raise ValueError(say("A year such as 2023, or a date such as 2023-05-19."))
    try:
        date.fromisoformat((text + "-01-01")[:10] if len(text) == 4 else (text + "-01")[:10])
    except ValueError as error:
        raise ValueError(say("There is no such date.")) from error
    return text


_READERS = {
    "track_no": _number,
    "disc_no": _number,
    "date": _date,
    "compilation": _yes,
    "comment": _comment,
    "lyrics": _lyrics,
    "lyrics_synced": _lyrics_synced,
}
