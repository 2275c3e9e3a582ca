"""ID3 tags of MP3, WAV and AIFF files.

We write ID3v2.4 in UTF-8 and no ID3v1. Version 2.3 would reach some car radios from before 2010, but it
has UTF-16 only, splits the date over three frames, and lets readers cut "AC/DC" at its slash. ID3v1 holds
thirty Latin letters and wins over the real tags in some players.

A WAV file gets the same frames in its `id3 ` chunk and loses its LIST INFO chunk: that has no agreed
encoding and no album artist, and ffmpeg prefers it over ID3 when both are there.
"""

import io
from collections.abc import Collection, Iterator
from typing import Any, BinaryIO

from mutagen import apev2, id3
from mutagen._riff import RiffChunk, RiffFile
from mutagen.aiff import AIFF
from mutagen.mp3 import MP3, MPEGInfo
from mutagen.wave import WAVE

from app.tags import lrc
from app.tags.model import Tags
from app.tags.values import mime_of, only, settled, tags_found, texts

NAMES = {
    "title": ("tit2", "inam"),
    "artist": ("tpe1", "iart"),
    "album": ("talb", "iprd"),
    "album_artist": ("tpe2", "txxx:album artist", "txxx:albumartist", "txxx:album_artist"),
    "track_no": ("trck", "itrk", "iprt"),
    "disc_no": ("tpos",),
    "date": ("tdrc", "tdrl", "tdor", "icrd"),
    "genre": ("tcon", "ignr"),
    "comment": ("comm:", "txxx:comment", "icmt"),
    "compilation": ("tcmp", "txxx:compilation"),
    "lyrics": ("uslt", "txxx:lyrics", "txxx:unsyncedlyrics"),
    "lyrics_synced": ("sylt", "txxx:syncedlyrics"),
    "source_url": ("txxx:purl", "woas", "txxx:wwwaudiosource"),
    "source_id": ("txxx:inlay_source_id",),
    "recording_id": ("ufid:http://musicbrainz.org", "txxx:musicbrainz_trackid"),
    "release_id": ("txxx:musicbrainz album id", "txxx:musicbrainz_albumid"),
    "group_id": ("txxx:musicbrainz release group id", "txxx:musicbrainz_releasegroupid"),
    "artist_ids": ("txxx:musicbrainz artist id", "txxx:musicbrainz_artistid"),
    "isrc": ("tsrc", "txxx:isrc", "isrc"),
    "track_gain": ("txxx:replaygain_track_gain",),
    "track_peak": ("txxx:replaygain_track_peak",),
    "album_gain": ("txxx:replaygain_album_gain",),
    "album_peak": ("txxx:replaygain_album_peak",),
}
FRAMES = {
    "title": id3.TIT2,
    "artist": id3.TPE1,
    "album": id3.TALB,
    "album_artist": id3.TPE2,
    "track_no": id3.TRCK,
    "disc_no": id3.TPOS,
    "date": id3.TDRC,
    "genre": id3.TCON,
    "compilation": id3.TCMP,
    "isrc": id3.TSRC,
}
DESCRIBED = {
    "source_id": "INLAY_SOURCE_ID",
    "release_id": "MusicBrainz Album Id",
    "group_id": "MusicBrainz Release Group Id",
    "artist_ids": "MusicBrainz Artist Id",
    "track_gain": "REPLAYGAIN_TRACK_GAIN",
    "track_peak": "REPLAYGAIN_TRACK_PEAK",
    "album_gain": "REPLAYGAIN_ALBUM_GAIN",
    "album_peak": "REPLAYGAIN_ALBUM_PEAK",
}
"""What has no frame of its own, under the names that other programs look for."""
MUSICBRAINZ = "http://musicbrainz.org"
UTF8 = id3.Encoding.UTF8
LATIN1 = id3.Encoding.LATIN1
IN_MS = 2
LYRICS = 1
"""What SYLT calls them."""
FRONT = id3.PictureType.COVER_FRONT


def open_file(file: BinaryIO, extension: str) -> Any:
    return {"wav": WAVE, "aif": AIFF, "aiff": AIFF}.get(extension, MP3)(file)


def read(audio: Any, file: BinaryIO, extension: str) -> tuple[Tags, bool]:
    found = _info(file) if extension == "wav" else {}
    for frame in (audio.tags or {}).values():
        if values := list(_values(frame)):
            found.setdefault(_name(frame), []).extend(values)
    return tags_found(found, NAMES), bool(audio.tags and audio.tags.getall("APIC"))


def read_cover(file: BinaryIO, extension: str) -> bytes | None:
    audio = open_file(file, extension)
    pictures = audio.tags.getall("APIC") if audio.tags else []
    pictures.sort(key=lambda picture: picture.type != FRONT)
    return bytes(pictures[0].data) if pictures else None


def write(file: BinaryIO, extension: str, tags: Tags, cover: bytes | None) -> None:
    frames = id3.ID3()
    for frame in _frames(settled(tags), cover):
        frames.add(frame)
    _write(file, extension, frames)


def change(file: BinaryIO, extension: str, tags: Tags, fields: Collection[str]) -> None:
    if extension == "wav":
        # What is in its LIST INFO chunk alone has to come along, because that chunk goes.
        fields = NAMES.keys()
    frames = id3.ID3()
    doomed = {name for field in fields for name in NAMES[field]}
    for frame in (open_file(file, extension).tags or {}).values():
        if _name(frame) not in doomed:
            frames.add(frame)
    for frame in _frames(settled(only(tags, fields)), None):
        frames.add(frame)
    file.seek(0)
    _write(file, extension, frames)


def _write(file: BinaryIO, extension: str, frames: Any) -> None:
    if extension == "wav":
        _write_wav(file, frames)
    elif extension != "mp3":
        _write_aiff(file, frames)
    else:
        _write_mp3(file, frames)


def _write_mp3(file: BinaryIO, frames: Any) -> None:
    MPEGInfo(file)
    file.seek(0)
    apev2.delete(file)
    file.seek(0)
    # Some files carry several ID3 tags, one behind the other, and readers differ in which one they believe.
    while file.read(3) == b"ID3":
        file.seek(0)
        id3.delete(file)
        file.seek(0)
    file.seek(0)
    frames.save(file, v1=0, v2_version=4, padding=lambda _: 1024)


def _write_aiff(file: BinaryIO, frames: Any) -> None:
    audio = AIFF(file)
    if audio.tags is None:
        audio.add_tags()
    audio.tags.clear()
    for frame in frames.values():
        audio.tags.add(frame)
    file.seek(0)
    audio.tags.save(file, v2_version=4, padding=lambda _: 0)


def _write_wav(file: BinaryIO, frames: Any) -> None:
    written = io.BytesIO()
    frames.save(written, v1=0, v2_version=4, padding=lambda _: 0)
    # One at a time, each in a fresh view of the file, because deleting moves what comes behind.
    while old := next(_tag_chunks(RiffFile(file)), None):
        old.delete()
    RiffFile(file).insert_chunk("id3", written.getvalue())


def _tag_chunks(riff: RiffFile) -> Iterator[RiffChunk]:
    if riff.file_type != "WAVE":
        raise ValueError("not a WAV file")
    for chunk in riff.root.subchunks():
        if chunk.id.lower() == "id3" or (chunk.id == "LIST" and chunk.name == "INFO"):
            yield chunk


def _frames(tags: Tags, cover: bytes | None) -> Iterator[Any]:
    for name, text in texts(tags).items():
        if name in FRAMES:
            yield FRAMES[name](encoding=UTF8, text=[text])
        elif name in DESCRIBED:
            values = text.split(", ") if name == "artist_ids" else [text]
            yield id3.TXXX(encoding=UTF8, desc=DESCRIBED[name], text=values)
    if tags.comment:
        yield id3.COMM(encoding=UTF8, lang="XXX", desc="", text=[tags.comment])
    if tags.lyrics:
        yield id3.USLT(encoding=UTF8, lang="XXX", desc="", text=tags.lyrics)
    if lines := lrc.lines_of(tags.lyrics_synced):
        timed = [(line, time_ms) for time_ms, line in lines]
        yield id3.SYLT(encoding=UTF8, lang="XXX", format=IN_MS, type=LYRICS, desc="", text=timed)
    if tags.source_url:
        yield id3.TXXX(encoding=UTF8, desc="purl", text=[tags.source_url])
        if tags.source_url.isascii():
            yield id3.WOAS(url=tags.source_url)
    if tags.recording_id:
        yield id3.UFID(owner=MUSICBRAINZ, data=tags.recording_id.encode())
    if cover:
        yield id3.APIC(encoding=LATIN1, mime=mime_of(cover), type=FRONT, desc="", data=cover)


def _name(frame: Any) -> str:
    if frame.FrameID == "UFID":
        return f"ufid:{frame.owner}".lower()
    described = frame.FrameID in ("TXXX", "COMM")
    return f"{frame.FrameID}:{frame.desc}".lower() if described else str(frame.FrameID).lower()


def _values(frame: Any) -> Iterator[str]:
    if isinstance(frame, id3.UrlFrame):
        yield frame.url
    elif isinstance(frame, id3.UFID):
        yield frame.data.decode("utf-8", "replace")
    elif isinstance(frame, id3.USLT):
        yield _mended(frame.text) if frame.encoding == LATIN1 else frame.text
    elif isinstance(frame, id3.SYLT):
        # Other kinds are chords or events, and times in MPEG frames tell nothing without the file's audio.
        if frame.format == IN_MS and frame.type <= LYRICS:
            yield lrc.text_of((time_ms, " ".join(line.split())) for line, time_ms in frame.text)
    elif isinstance(frame, id3.TextFrame):
        for value in frame.genres if frame.FrameID == "TCON" else frame.text:
            yield _mended(str(value)) if frame.encoding == LATIN1 else str(value)


def _mended(text: str) -> str:
    """UTF-8 that claims to be Latin-1, a common fault. Real Latin-1 is hardly ever valid UTF-8."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except ValueError:
        return text


def _info(file: BinaryIO) -> dict[str, list[str]]:
    """The LIST INFO chunk of a WAV file that somebody else tagged."""
    found: dict[str, list[str]] = {}
    for chunk in _tag_chunks(RiffFile(file)):
        for entry in chunk.subchunks() if chunk.id == "LIST" else ():
            data = entry.read().rstrip(b"\0")
            found.setdefault(entry.id.lower(), []).append(_mended(data.decode("latin-1")))
    file.seek(0)
    return found
