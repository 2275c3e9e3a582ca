"""Vorbis comments of FLAC, Ogg Vorbis and Opus files."""

import base64
import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any, BinaryIO

from mutagen import MutagenError
from mutagen.flac import FLAC, Picture
from mutagen.id3 import PictureType
from mutagen.oggflac import OggFLAC
from mutagen.oggopus import OggOpus
from mutagen.oggvorbis import OggVorbis

from app.tags.model import GAINS, Tags
from app.tags.values import MAX_VALUES, mime_of, only, settled, tags_found, texts

NAMES = {
    "title": ("title",),
    "artist": ("artist",),
    "album": ("album",),
    "album_artist": ("albumartist", "album artist", "album_artist"),
    "track_no": ("tracknumber", "track"),
    "disc_no": ("discnumber", "disc"),
    "date": ("date", "year", "originaldate"),
    "genre": ("genre",),
    "comment": ("comment", "description"),
    "compilation": ("compilation", "itunescompilation"),
    "lyrics": ("lyrics", "unsyncedlyrics", "unsynced lyrics"),
    "lyrics_synced": ("syncedlyrics",),
    "source_url": ("purl", "wwwaudiosource"),
    "source_id": ("inlay_source_id",),
    "recording_id": ("musicbrainz_trackid",),
    "release_id": ("musicbrainz_albumid",),
    "group_id": ("musicbrainz_releasegroupid",),
    "artist_ids": ("musicbrainz_artistid",),
    "isrc": ("isrc",),
    "track_gain": ("replaygain_track_gain",),
    "track_peak": ("replaygain_track_peak",),
    "album_gain": ("replaygain_album_gain",),
    "album_peak": ("replaygain_album_peak",),
}
R128 = {"track_gain": "r128_track_gain", "album_gain": "r128_album_gain"}
"""Opus has gains of its own: to -23 LUFS, in 256ths of a decibel (RFC 7845). Others are not to be there."""
R128_TO_REPLAYGAIN_DB = 5
PADDING_BYTES = 1024
WHOLE = re.compile(r"[+-]?[0-9]{1,5}")
PICTURE = "metadata_block_picture"


def open_file(file: BinaryIO, extension: str = "") -> Any:
    """By content, because `.ogg` is the ending of several kinds."""
    head = file.read(512)
    file.seek(0)
    if not head.startswith(b"OggS"):
        return FLAC(file)
    if b"OpusHead" in head:
        return OggOpus(file)
    return OggFLAC(file) if b"\x7fFLAC" in head else OggVorbis(file)


def read(audio: Any, file: BinaryIO, extension: str) -> tuple[Tags, bool]:
    found: dict[str, list[str]] = {}
    # One pass: asking mutagen for a name walks through all comments, and there may be a million.
    for name, value in audio.tags or ():
        values = found.setdefault(name.lower(), [])
        if len(values) < MAX_VALUES:
            values.append(value)
    if isinstance(audio, OggOpus):
        found |= {NAMES[field][0]: _decibels(found.get(name, [])) for field, name in R128.items()}
    return tags_found(found, NAMES), next(_pictures(audio), None) is not None


def read_cover(file: BinaryIO, extension: str) -> bytes | None:
    pictures = sorted(_pictures(open_file(file)), key=lambda picture: picture.type != PictureType.COVER_FRONT)
    return bytes(pictures[0].data) if pictures else None


def write(file: BinaryIO, extension: str, tags: Tags, cover: bytes | None) -> None:
    audio = open_file(file)
    if audio.tags is None:
        audio.add_tags()
    audio.tags.clear()
    _put(audio, tags)
    if isinstance(audio, FLAC):
        audio.clear_pictures()
        if cover:
            audio.add_picture(_picture(cover))
    elif cover:
        audio.tags[PICTURE.upper()] = [base64.b64encode(_picture(cover).write()).decode("ascii")]
    _save(audio, file)


def change(file: BinaryIO, extension: str, tags: Tags, fields: Collection[str]) -> None:
    audio = open_file(file)
    if audio.tags is None:
        audio.add_tags()
    doomed = {name for field in fields for name in (*NAMES[field], R128.get(field, ""))}
    for name in {name.lower() for name, _ in audio.tags} & doomed:
        del audio.tags[name]
    _put(audio, only(tags, fields))
    _save(audio, file)


def _save(audio: Any, file: BinaryIO) -> None:
    file.seek(0)
    extra = {"deleteid3": True} if isinstance(audio, FLAC) else {}
    audio.save(file, padding=lambda _: PADDING_BYTES, **extra)


def _put(audio: Any, tags: Tags) -> None:
    for field, text in texts(settled(tags)).items():
        name, values = NAMES[field][0], text.split(", ") if field == "artist_ids" else [text]
        if isinstance(audio, OggOpus) and field in GAINS:
            name, values = R128.get(field, ""), _q8(text)
        if name and values:
            audio.tags[name.upper()] = values


def _q8(decibels: str) -> list[str]:
    """-7.03 dB as Opus has it. As much as 16 bits hold."""
    try:
        number = round((float(decibels.lower().removesuffix("db")) - R128_TO_REPLAYGAIN_DB) * 256)
    except (ValueError, OverflowError):
        return []
    return [str(max(-32768, min(number, 32767)))]


def _decibels(values: Sequence[str]) -> list[str]:
    return [f"{int(one) / 256 + R128_TO_REPLAYGAIN_DB:.2f} dB" for one in values if WHOLE.fullmatch(one)]


def _picture(cover: bytes) -> Picture:
    picture = Picture()
    picture.type = PictureType.COVER_FRONT
    picture.mime = mime_of(cover)
    picture.data = cover
    return picture


def _pictures(audio: Any) -> Iterator[Picture]:
    if isinstance(audio, FLAC):
        yield from audio.pictures
    for name, value in audio.tags or ():
        if name.lower() == PICTURE:
            try:
                yield Picture(base64.b64decode(value))
            except (MutagenError, ValueError):
                continue
