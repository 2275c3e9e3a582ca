"""Tags of files that we read and never write: WMA and WavPack."""

from collections.abc import Collection, Iterator
from typing import Any, BinaryIO

from mutagen.apev2 import APEBinaryValue
from mutagen.asf import ASF
from mutagen.wavpack import WavPack

from app.errors import Failure, FailureKind
from app.tags.model import Tags
from app.tags.values import tags_found

NAMES = {
    "title": ("title",),
    "artist": ("artist", "author", "wm/author"),
    "album": ("album", "wm/albumtitle"),
    "album_artist": ("album artist", "albumartist", "wm/albumartist"),
    "track_no": ("track", "wm/tracknumber"),
    "disc_no": ("disc", "wm/partofset"),
    "date": ("year", "date", "wm/year"),
    "genre": ("genre", "wm/genre"),
    "comment": ("comment", "description"),
    "compilation": ("compilation", "wm/iscompilation"),
    "lyrics": ("lyrics", "wm/lyrics"),
    "source_url": ("purl",),
    "source_id": ("inlay_source_id",),
    "recording_id": ("musicbrainz_trackid", "musicbrainz/track id"),
    "release_id": ("musicbrainz_albumid", "musicbrainz/album id"),
    "group_id": ("musicbrainz_releasegroupid", "musicbrainz/release group id"),
    "artist_ids": ("musicbrainz_artistid", "musicbrainz/artist id"),
    "track_gain": ("replaygain_track_gain",),
    "track_peak": ("replaygain_track_peak",),
    "album_gain": ("replaygain_album_gain",),
    "album_peak": ("replaygain_album_peak",),
}
"""The names of APEv2 and of ASF, which have none in common that mean different things."""
PICTURES = ("cover art (front)", "wm/picture")


def open_file(file: BinaryIO, extension: str) -> Any:
    return ASF(file) if extension == "wma" else WavPack(file)


def read(audio: Any, file: BinaryIO, extension: str) -> tuple[Tags, bool]:
    found: dict[str, list[str]] = {}
    pictured = False
    for name, value in _values(audio):
        if name in PICTURES:
            pictured = True
        elif not isinstance(value, bytes | APEBinaryValue):
            texts = value if isinstance(value, list) else [value]
            found.setdefault(name, []).extend(str(one) for one in texts)
    return tags_found(found, NAMES), pictured


def read_cover(file: BinaryIO, extension: str) -> bytes | None:
    every = _values(open_file(file, extension))
    return next((_picture(value) for name, value in every if name in PICTURES), None)


def write(file: BinaryIO, extension: str, tags: Tags, cover: bytes | None) -> None:
    raise unwritten()


def change(file: BinaryIO, extension: str, tags: Tags, fields: Collection[str]) -> None:
    raise unwritten()


def unwritten() -> Failure:
    return Failure(
        FailureKind.PERMANENT,
        "Inlay reads the tags of such files, and writes none into them. Use a tag editor, or another format.",
    )


def _values(audio: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(audio, ASF):
        yield from ((name.lower(), value.value) for name, value in audio.tags or ())
        return
    for name, value in (audio.tags or {}).items():
        yield name.lower(), value if isinstance(value, APEBinaryValue) else list(value)


def _picture(value: Any) -> bytes:
    """APEv2 has a file name before it; ASF a kind, a length, a type and a description in UTF-16."""
    if isinstance(value, APEBinaryValue):
        return bytes(value.value).partition(b"\0")[2]
    data = bytes(value)
    length, at = int.from_bytes(data[1:5], "little"), 5
    for _ in range(2):
        while data[at : at + 2] not in (b"\0\0", b""):
            at += 2
        at += 2
    return data[at : at + length]
