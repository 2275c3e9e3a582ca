"""The iTunes list of tags in MP4 files."""

from collections.abc import Collection
from typing import Any, BinaryIO

from mutagen.mp4 import MP4, AtomDataType, MP4Cover, MP4FreeForm, MP4Tags

from app.tags.model import Tags
from app.tags.values import mime_of, only, settled, tags_found, texts

CUSTOM = "----:com.apple.iTunes:"
"""Every tagger shows and keeps freeform atoms of this owner; those of others often stay hidden."""

NAMES = {
    "title": ("©nam",),
    "artist": ("©art",),
    "album": ("©alb",),
    "album_artist": ("aart", f"{CUSTOM}album artist".lower(), f"{CUSTOM}albumartist".lower()),
    "track_no": ("trkn",),
    "disc_no": ("disk",),
    "date": ("©day",),
    "genre": ("©gen",),
    "comment": ("©cmt", "desc", "ldes"),
    "compilation": ("cpil",),
    "lyrics": ("©lyr", f"{CUSTOM}lyrics".lower()),
    "lyrics_synced": (f"{CUSTOM}syncedlyrics".lower(),),
    "source_url": (f"{CUSTOM}purl".lower(), f"{CUSTOM}wwwaudiosource".lower(), "purl"),
    "source_id": (f"{CUSTOM}inlay_source_id".lower(),),
    "recording_id": (f"{CUSTOM}musicbrainz track id".lower(),),
    "release_id": (f"{CUSTOM}musicbrainz album id".lower(),),
    "group_id": (f"{CUSTOM}musicbrainz release group id".lower(),),
    "artist_ids": (f"{CUSTOM}musicbrainz artist id".lower(),),
    "isrc": (f"{CUSTOM}isrc".lower(),),
    "track_gain": (f"{CUSTOM}replaygain_track_gain".lower(),),
    "track_peak": (f"{CUSTOM}replaygain_track_peak".lower(),),
    "album_gain": (f"{CUSTOM}replaygain_album_gain".lower(),),
    "album_peak": (f"{CUSTOM}replaygain_album_peak".lower(),),
}
ATOMS = {
    "title": "©nam",
    "artist": "©ART",
    "album": "©alb",
    "album_artist": "aART",
    "date": "©day",
    "genre": "©gen",
    "comment": "©cmt",
    "lyrics": "©lyr",
}
NUMBERS = {"track_no": "trkn", "disc_no": "disk"}
FREEFORM = {
    "source_url": f"{CUSTOM}purl",
    "source_id": f"{CUSTOM}INLAY_SOURCE_ID",
    "recording_id": f"{CUSTOM}MusicBrainz Track Id",
    "release_id": f"{CUSTOM}MusicBrainz Album Id",
    "group_id": f"{CUSTOM}MusicBrainz Release Group Id",
    "artist_ids": f"{CUSTOM}MusicBrainz Artist Id",
    "lyrics_synced": f"{CUSTOM}SYNCEDLYRICS",
    "isrc": f"{CUSTOM}ISRC",
    "track_gain": f"{CUSTOM}replaygain_track_gain",
    "track_peak": f"{CUSTOM}replaygain_track_peak",
    "album_gain": f"{CUSTOM}replaygain_album_gain",
    "album_peak": f"{CUSTOM}replaygain_album_peak",
}


def open_file(file: BinaryIO, extension: str) -> MP4:
    return MP4(file)


def read(audio: MP4, file: BinaryIO, extension: str) -> tuple[Tags, bool]:
    atoms = audio.tags or {}
    found = {name.lower(): _texts(values) for name, values in atoms.items() if name != "covr"}
    return tags_found(found, NAMES), bool(atoms.get("covr"))


def read_cover(file: BinaryIO, extension: str) -> bytes | None:
    covers = (MP4(file).tags or {}).get("covr")
    return bytes(covers[0]) if covers else None


def write(file: BinaryIO, extension: str, tags: Tags, cover: bytes | None) -> None:
    # A fresh list: one that was read would write back the atoms that it could not understand.
    atoms = MP4Tags()
    _put(atoms, tags)
    if cover:
        png = mime_of(cover) == "image/png"
        atoms["covr"] = [MP4Cover(cover, AtomDataType.PNG if png else AtomDataType.JPEG)]
    atoms.save(file, padding=lambda _: 1024)


def change(file: BinaryIO, extension: str, tags: Tags, fields: Collection[str]) -> None:
    atoms = MP4(file).tags
    if atoms is None:
        atoms = MP4Tags()
    doomed = {name for field in fields for name in NAMES[field]}
    for name in [name for name in atoms if name.lower() in doomed]:
        del atoms[name]
    _put(atoms, only(tags, fields))
    file.seek(0)
    atoms.save(file, padding=lambda _: 1024)


def _put(atoms: Any, tags: Tags) -> None:
    for name, text in texts(settled(tags)).items():
        if name in NUMBERS:
            atoms[NUMBERS[name]] = [(int(text), 0)]
        elif name == "compilation":
            atoms["cpil"] = True
        elif name in FREEFORM:
            values = text.split(", ") if name == "artist_ids" else [text]
            atoms[FREEFORM[name]] = [MP4FreeForm(one.encode(), AtomDataType.UTF8) for one in values]
        else:
            atoms[ATOMS[name]] = [text]


def _texts(values: Any) -> list[str]:
    return [_text(value) for value in values] if isinstance(values, list) else [str(values)]


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return str(value[0])
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
