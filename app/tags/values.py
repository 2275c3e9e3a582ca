"""What tag values look like: from the odd things found in files to our Tags, the same for every format."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec

from app.tags import lrc
from app.tags.model import Tags

MAX_CHARS = 20_000
MAX_VALUES = 50

Found = Mapping[str, Sequence[str]]
"""The file's own tag names in lower case, each with all its values."""

Names = Mapping[str, Sequence[str]]
"""Our field → the file's names for it, the most trusted first."""

_JOINED = ("artist", "album_artist", "genre", "artist_ids")
_NUMBERS = ("track_no", "disc_no")
_SEVERAL_LINES = ("comment", "lyrics", "lyrics_synced")
_YES = ("1", "true", "yes")
_BREAKS = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
_CONTROLS = re.compile(r"[\0-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_NUMBER = re.compile(r"0*([1-9][0-9]{0,3})(?![0-9])")
_DATE = re.compile(r"(?P<year>[0-9]{4})(?:[-/. ]?(?P<month>[0-9]{2})(?:[-/. ]?(?P<day>[0-9]{2}))?)?(?![0-9])")
_ISRC = re.compile(r"[A-Z]{2}[A-Z0-9]{3}[0-9]{7}")
_YEAR = re.compile(r"(?<![0-9])(?P<year>[0-9]{4})(?![0-9])")


def tags_found(found: Found, names: Names) -> Tags:
    """The tags that a file has, made whole: several artists joined, "3/12" is 3, an odd date shortened."""
    return msgspec.convert(dict(_fields(found, names)), Tags)


def settled(tags: Tags) -> Tags:
    """These tags as they come back once a file holds them: no control characters, a real date, and so on."""
    return tags_found(
        {name: [text] for name, text in texts(tags).items()}, {n: [n] for n in Tags.__struct_fields__}
    )


def only(tags: Tags, fields: Collection[str]) -> Tags:
    """These tags without all other fields."""
    return Tags(**{name: getattr(tags, name) for name in fields})


def texts(tags: Tags) -> dict[str, str]:
    """Each field that is there, as text."""
    every = msgspec.structs.asdict(tags)
    return {name: "1" if value is True else str(value) for name, value in every.items() if value}


def isrc_in(text: str) -> str:
    """`us-rc1-76-07839` is `USRC17607839`; empty for what is no such number."""
    plain = re.sub(r"[-\s]", "", text[:40].upper())
    return plain if _ISRC.fullmatch(plain) else ""


def mime_of(picture: bytes) -> str:
    return "image/png" if picture.startswith(b"\x89PNG") else "image/jpeg"


def _fields(found: Found, names: Names) -> Iterator[tuple[str, str | int | bool | None]]:
    for field, candidates in names.items():
        for name in candidates:
            if name in found and found[name]:
                break
        else:
            continue
        values = list(_clean(field, found[name]))
        if values and field in _NUMBERS:
            yield field, _number(values[0])
        elif values and field == "date":
            yield field, _date(values[0])
        elif values and field == "isrc":
            yield field, next(filter(None, map(isrc_in, values)), "")
        elif values and field == "compilation":
            yield field, values[0].lower() in _YES
        elif values and field == "lyrics_synced":
            yield field, lrc.tidy(values[0][:MAX_CHARS])
        elif values:
            text = ", ".join(dict.fromkeys(values)) if field in _JOINED else values[0]
            yield field, text[:MAX_CHARS].strip()


def _clean(field: str, values: Sequence[str]) -> Iterator[str]:
    for value in values[:MAX_VALUES]:
        text = value[: 2 * MAX_CHARS]
        # Nearly all are, and then there is nothing to take out.
        if not text.isprintable():
            text = _CONTROLS.sub("", _with_breaks(field, text))
        if text := text.strip():
            yield text


def _with_breaks(field: str, text: str) -> str:
    if field in _SEVERAL_LINES:
        return text.replace("\r\n", "\n").replace("\r", "\n")
    return _BREAKS.sub(" ", text)


def _number(text: str) -> int | None:
    found = _NUMBER.match(text)
    return int(found[1]) if found else None


def _date(text: str) -> str:
    """`2019`, `2019-05` or `2019-05-03` from the many ways to write a date; at least the year in it."""
    found = _DATE.match(text) or _YEAR.search(text)
    if not found or found["year"] == "0000":
        return ""
    year, month, day = found["year"], found.groupdict().get("month"), found.groupdict().get("day")
    if not month or not 1 <= int(month) <= 12:
        return year
    return f"{year}-{month}-{day}" if day and 1 <= int(day) <= 31 else f"{year}-{month}"
