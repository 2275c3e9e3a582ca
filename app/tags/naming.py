"""What a track is called in the library: a relative path that every file system can hold."""

import re
import unicodedata
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import PurePosixPath
from string import Formatter

from app.errors import Invalid
from app.languages.say import say
from app.tags.model import EDITABLE, Tags

WITH_ALBUM = "{album_artist}/{album}/{track_no:02} {title}"
WITHOUT_ALBUM = "{artist}/{title}"
FIELDS = (*EDITABLE, "year")
NUMBERS = ("track_no", "disc_no")
UNTITLED = "Untitled"
UNKNOWN_ARTIST = "Unknown artist"
NOTHING_LEFT = "_"

MAX_PARTS = 8
MAX_BYTES = 255
ROOM_BYTES = 40
"""Kept free in each part for " (2)" and for the prefix of a file that is being written."""

_PLAIN = str.maketrans({"/": "-", "\\": "-", "|": "-", '"': "'", "<": "(", ">": ")", "*": "_", "?": None})
# Fillers and blanks that count as letters, and code points that are none.
_UNSEEN = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u2800\u3164\uffa0\ufffe\uffff"
_RESERVED = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?=\s*(\.|$))", re.IGNORECASE
)
_SPEC = re.compile(r"0?[1-9]")
_EXTENSION = re.compile(r"[a-z0-9]{1,8}")
_SEPARATORS = " -_.,"
_JOINER = "\u200d"
_BRACKETS = {"(": ")", "[": "]"}


def library_path(tags: Tags, extension: str, template: str = "") -> PurePosixPath:
    """Where in the library this track belongs, relative to its folder. `extension` without dot.

    Raises Invalid for a bad template.
    """
    ending = extension.lower()
    if not _EXTENSION.fullmatch(ending):
        raise Invalid(f"“{extension}” cannot be the ending of a music file.")
    check_template(template)
    values = _values(tags)
    *folders, name = (_render(part, values) for part in (template or _default(tags)).split("/"))
    stem = _portable(name or UNTITLED, room=len(ending) + 1)
    return PurePosixPath(*(_portable(folder) for folder in folders if folder), f"{stem}.{ending}")


def check_template(template: str) -> None:
    """Raises Invalid with a sentence unless this is a path template; empty means the default."""
    if not template:
        return
    parts = template.split("/")
    if len(parts) > MAX_PARTS:
        raise Invalid(f"The name of a track may have at most {MAX_PARTS} parts between slashes.")
    fields = [name for part in parts for name in _checked_fields(part)]
    if "title" not in fields:
        raise Invalid("The name of a track needs {title}, or all tracks would have the same name.")


def is_in_album_folder(tags: Tags, template: str = "") -> bool:
    """Whether all that goes into this track's folder is of its album."""
    *folders, _ = (template or _default(tags)).split("/")
    return bool(tags.album) and any("album" in _checked_fields(folder) for folder in folders)


def with_number(path: PurePosixPath, number: int) -> PurePosixPath:
    """`name (2).ext` for a name that is taken; number 1 is the name itself."""
    if number < 2:
        return path
    mark = f" ({number})"
    stem = _cut(path.stem, MAX_BYTES - len((mark + path.suffix).encode())).rstrip()
    return path.with_name(f"{stem}{mark}{path.suffix}")


def path_key(path: PurePosixPath | str) -> str:
    """Equal keys are the same file where upper and lower case, or ways to write é, do not count."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", str(path)).casefold())


def _checked_fields(part: str) -> list[str]:
    if not part.strip(" .") or "\\" in part:
        raise Invalid(
            "Each part of a track's name needs a text: no slash at the start or end, no “..”, no “\\”."
        )
    try:
        pieces = list(Formatter().parse(part))
    except ValueError as error:
        example = "{title}"
        raise Invalid(f"“{part}” has a brace too many or too few: write fields as {example}.") from error
    for _, name, spec, conversion in pieces:
        if name is not None:
            _check_field(name, spec or "", conversion)
    return [name for _, name, _, _ in pieces if name]


def _check_field(name: str, spec: str, conversion: str | None) -> None:
    field = f"{{{name}}}"
    if name not in FIELDS:
        near = [f"{{{one}}}" for one in get_close_matches(name, FIELDS, n=1)]
        hint = say(f"did you mean {near[0]}?") if near else say(f"choose from {', '.join(FIELDS)}.")
        raise Invalid(f"{field} is not a field of a track's name: {hint}")
    if conversion or (spec and not (name in NUMBERS and _SPEC.fullmatch(spec))):
        number = "{track_no:02}"
        raise Invalid(f"{field} can only be written so, and {number} for a number with two digits.")


def _default(tags: Tags) -> str:
    if not tags.album:
        return WITHOUT_ALBUM
    later_disc = tags.track_no and (tags.disc_no or 1) > 1
    return WITH_ALBUM.replace("{track_no", "{disc_no}-{track_no") if later_disc else WITH_ALBUM


def _values(tags: Tags) -> dict[str, str | int]:
    """Each field as it may stand in a path; those that must not be empty have a text instead."""
    texts = {name: _readable(getattr(tags, name)) for name in FIELDS if name not in (*NUMBERS, "year")}
    artist = texts["artist"] or texts["album_artist"] or UNKNOWN_ARTIST
    album_artist = texts["album_artist"] or artist
    named = {"title": texts["title"] or UNTITLED, "artist": artist, "album_artist": album_artist}
    return {
        **texts,
        **named,
        "year": texts["date"][:4],
        "track_no": tags.track_no or "",
        "disc_no": tags.disc_no or "",
    }


def _render(part: str, values: dict[str, str | int]) -> str:
    """The template's part with its fields; an empty field takes its separator or brackets with it."""
    shown = gap = ""
    for literal, name, spec, _ in Formatter().parse(part):
        shown += literal.lstrip(gap) if gap else literal
        gap = ""
        if name and values[name] != "":
            shown += format(values[name], spec or "")
        elif name and shown.endswith(tuple(_BRACKETS)):
            gap = _BRACKETS[shown[-1]]
            shown = shown[:-1].rstrip()
        elif name:
            gap = _SEPARATORS
    return (shown.rstrip(_SEPARATORS) if gap else shown).strip()


def _portable(text: str, *, room: int = 0) -> str:
    """One part of a path: visible, portable, NFC, with `room` bytes to spare. Stable if repeated."""
    plain = _unreserved(_tidy(_readable(text)))
    # What is left of a long name may be a device's, and is short then.
    return _unreserved(_tidy(_cut(plain, MAX_BYTES - ROOM_BYTES - room))) or NOTHING_LEFT


def _unreserved(text: str) -> str:
    return _RESERVED.sub(r"\1_", text, count=1) if _RESERVED.match(text) else text


def _readable(text: str) -> str:
    """With other signs for those that some file system forbids; empty only if nobody sees anything."""
    seen = _visible(text)
    plain = re.sub(r" ?: ", " - ", seen.translate(_PLAIN)).replace(":", "-")
    return _visible(plain) if _tidy(plain) or not seen else NOTHING_LEFT


def _tidy(text: str) -> str:
    """No hidden file, no ending that Windows would drop, no accent without its letter."""
    tidy = re.sub(r" {2,}", " ", text).strip(" .")
    while tidy and unicodedata.category(tidy[0])[0] == "M":
        tidy = tidy[1:].lstrip(" .")
    return tidy


def _visible(text: str) -> str:
    """Without controls, text direction marks and other letters that nobody sees, in NFC."""
    shown: list[str] = []
    composed = unicodedata.normalize("NFC", text)
    for index, char in enumerate(composed):
        kind = unicodedata.category(char)
        if kind[0] == "Z" or char in "\t\n\r\v\f":
            shown.append(" ")
        elif char == _JOINER:
            if shown and _is_emoji(shown[-1]) and _is_emoji(composed[index + 1 : index + 2]):
                shown.append(char)
        elif kind[0] == "M" and (not shown or shown[-1] == " "):
            continue
        elif kind not in ("Cc", "Cf", "Cs") and char not in _UNSEEN:
            shown.append(char)
    return unicodedata.normalize("NFC", "".join(shown)).strip()


def _is_emoji(char: str) -> bool:
    """Roughly; Cn because emoji are younger than this Python's tables."""
    return char == "\ufe0f" or (char != "" and unicodedata.category(char) in ("So", "Sk", "Cn"))


def _cut(text: str, limit_bytes: int) -> str:
    """The longest beginning that fits, without half a letter or half an emoji."""
    if len(text.encode()) <= limit_bytes:
        return text
    kept = ""
    for cluster in _clusters(text):
        if len((kept + cluster).encode()) > limit_bytes:
            break
        kept += cluster
    return kept


def _clusters(text: str) -> Iterator[str]:
    """What a reader takes for one letter, in the cases that matter when a name is cut."""
    cluster = ""
    for char in text:
        if cluster and not _continues(cluster, char):
            yield cluster
            cluster = ""
        cluster += char
    yield cluster


def _continues(cluster: str, char: str) -> bool:
    flag = (
        "\U0001f1e6" <= char <= "\U0001f1ff" and len(cluster) == 1 and "\U0001f1e6" <= cluster <= "\U0001f1ff"
    )
    skin = "\U0001f3fb" <= char <= "\U0001f3ff"
    jamo = "\u1160" <= char <= "\u11ff"
    mark = unicodedata.category(char)[0] == "M"
    return mark or char == _JOINER or cluster.endswith(_JOINER) or skin or flag or jamo
