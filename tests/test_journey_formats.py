"""From a link to a tagged file, in each format: what mutagen and ffprobe read in the library afterwards."""

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mutagen
import pytest
from mutagen.flac import Picture
from PIL import Image

from tests.audio_kinds import decoded, ffprobe, packets
from tests.media.audio import hls, make
from tests.media.site import MediaSite
from tests.running import Inlay

SECONDS = 4
TAGS = {
    "title": "Sálmur — 夜の歌 🌊",
    "artist": "Björk Þórs & 中島あい",
    "album": "Ñandú ✦ Ελλάδα",
    "album_artist": "Björk Þórs",
    "track_no": 7,
    "disc_no": 1,
    "date": "2023-05-19",
    "genre": "Þjóðlagatónlist",
}
ID3 = {
    "title": "TIT2",
    "artist": "TPE1",
    "album": "TALB",
    "album_artist": "TPE2",
    "track_no": "TRCK",
    "disc_no": "TPOS",
    "date": "TDRC",
    "genre": "TCON",
    "source_url": "TXXX:purl",
    "source_id": "TXXX:INLAY_SOURCE_ID",
}
MP4 = {
    "title": "©nam",
    "artist": "©ART",
    "album": "©alb",
    "album_artist": "aART",
    "track_no": "trkn",
    "disc_no": "disk",
    "date": "©day",
    "genre": "©gen",
    "source_url": "----:com.apple.iTunes:purl",
    "source_id": "----:com.apple.iTunes:INLAY_SOURCE_ID",
}
VORBIS = {
    "title": "TITLE",
    "artist": "ARTIST",
    "album": "ALBUM",
    "album_artist": "ALBUMARTIST",
    "track_no": "TRACKNUMBER",
    "disc_no": "DISCNUMBER",
    "date": "DATE",
    "genre": "GENRE",
    "source_url": "PURL",
    "source_id": "INLAY_SOURCE_ID",
}
NAMES = {"mp3": ID3, "wav": ID3, "m4a": MP4, "flac": VORBIS, "ogg": VORBIS, "opus": VORBIS}
FFPROBE = {"album_artist": "album_artist", "track_no": "track", "disc_no": "disc", "source_url": "purl"}
"""Where ffprobe's name is not ours."""


@dataclass(frozen=True)
class Case:
    """A link to a file of the kind `source`, wanted as `format`."""

    source: str
    format: str
    extension: str
    codec: str
    """ffprobe's name for the sound in the library."""
    same: Callable[[Path], bytes] | None = None
    """What must be equal in the source and in the library."""
    source_lossless: bool = False
    lossless: bool = False

    @property
    def name(self) -> str:
        return f"{self.format}-of-{self.source}"


CASES = [
    Case("m4a", "mp3", "mp3", "mp3"),
    Case("mp3", "mp3", "mp3", "mp3", same=packets),
    Case("mp4", "m4a", "m4a", "aac", same=packets),
    Case("hls", "m4a", "m4a", "aac", same=decoded),
    Case("webm", "opus", "opus", "opus", same=packets),
    Case("opus", "ogg", "ogg", "vorbis"),
    Case("ogg", "ogg", "ogg", "vorbis", same=packets),
    Case("flac24", "flac", "flac", "flac", same=packets, source_lossless=True, lossless=True),
    Case("alac", "flac", "flac", "flac", same=decoded, source_lossless=True, lossless=True),
    Case("m4a", "flac", "flac", "flac", lossless=True),
    Case("flac24", "wav", "wav", "pcm_s24le", same=decoded, source_lossless=True, lossless=True),
    Case("mp4", "wav", "wav", "pcm_s16le", lossless=True),
    Case("mp3", "original", "mp3", "mp3", same=packets),
    Case("webm", "original", "opus", "opus", same=packets),
    Case("mp4", "original", "m4a", "aac", same=packets),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_link_becomes_a_tagged_file_of_the_wanted_format(case: Case, site: MediaSite, inlay: Inlay) -> None:
    url, source = offer(case, site)
    id = inlay.submit(url, format=case.format)
    reviewed = inlay.rest(id)
    assert reviewed["state"] == "review", reviewed["failure"]
    assert reviewed["proposal"]["artist"]["value"] == "Ida Holm"
    assert reviewed["quality"]["lossless"] is case.source_lossless
    inlay.confirm(id, **TAGS | {"album": album(case)})
    done = inlay.done(id)

    assert done["path"] == f"Björk Þórs/{album(case)}/07 Sálmur — 夜の歌 🌊.{case.extension}"
    file = inlay.library / done["path"]
    wanted = {
        **{name: str(value) for name, value in TAGS.items()},
        "album": album(case),
        "source_url": url,
        "source_id": f"generic:{case.name}",
    }
    assert tags_by_mutagen(file) == wanted
    assert wanted.items() >= tags_by_ffprobe(file).items() >= {"title": TAGS["title"]}.items()
    check_cover(file)
    check_sound(case, source, file)
    check_index(case, inlay, done)


def album(case: Case) -> str:
    return f"{TAGS['album']} {case.name}"


def offer(case: Case, site: MediaSite) -> tuple[str, Path]:
    """The link, and the sound that is behind it."""
    told: dict[str, Any] = {"title": "Saltmarsh", "artist": "Ida Holm", "duration_s": SECONDS}
    if case.source == "hls":
        audio = make("m4a", SECONDS)
        playlist = site.hls(case.name, audio)
        return site.track(case.name, audio, media_url=playlist, **told), hls(audio) / "index.m3u8"
    audio = make(case.source, SECONDS)
    return site.track(case.name, audio, **told), audio


def tags_by_mutagen(file: Path) -> dict[str, str]:
    tags = mutagen.File(file).tags
    return {ours: first_text(tags[theirs]) for ours, theirs in NAMES[file.suffix[1:]].items()}


def first_text(value: Any) -> str:
    """The one value: an ID3 frame, a list of texts or bytes, or MP4's (number, of how many)."""
    texts = getattr(value, "text", value)
    assert len(texts) == 1
    first = texts[0]
    if isinstance(first, tuple):
        return str(first[0])
    return first.decode() if isinstance(first, bytes) else str(first)


def tags_by_ffprobe(file: Path) -> dict[str, str]:
    """Ogg has its tags with the stream, everything else with the file."""
    told = ffprobe(file)
    found = told["sound"].get("tags", {}) | told["format"].get("tags", {})
    by_name = {name.lower(): value for name, value in found.items()}
    read = {ours: by_name.get(FFPROBE.get(ours, ours)) for ours in (*TAGS, "source_url")}
    missing = {name for name, value in read.items() if value is None}
    assert not missing, f"ffprobe sees no {missing} in {by_name}"
    return {name: value for name, value in read.items() if value}


def check_cover(file: Path) -> None:
    """A 1280 × 720 thumbnail has become a square JPEG that nothing was added to."""
    with Image.open(io.BytesIO(picture(file))) as image:
        assert image.format == "JPEG"
        assert image.width == image.height <= 720
    pictures = [one for one in ffprobe(file)["streams"] if one["disposition"]["attached_pic"]]
    if file.suffix == ".wav" and not pictures:
        # Not every ffmpeg shows the picture in a WAV's ID3 chunk; mutagen has just seen it.
        return
    assert [one["codec_name"] for one in pictures] == ["mjpeg"]
    assert pictures[0]["width"] == pictures[0]["height"] <= 720


def picture(file: Path) -> bytes:
    opened = mutagen.File(file)
    if file.suffix in (".mp3", ".wav"):
        return bytes(opened.tags.getall("APIC")[0].data)
    if file.suffix == ".m4a":
        return bytes(opened.tags["covr"][0])
    if file.suffix == ".flac":
        return bytes(opened.pictures[0].data)
    return bytes(Picture(base64.b64decode(opened.tags["METADATA_BLOCK_PICTURE"][0])).data)


def check_sound(case: Case, source: Path, file: Path) -> None:
    told = ffprobe(file)
    assert told["sound"]["codec_name"] == case.codec
    assert float(told["format"]["duration"]) == pytest.approx(SECONDS, abs=0.15)
    if case.same:
        assert case.same(file) == case.same(source)


def check_index(case: Case, inlay: Inlay, done: dict[str, Any]) -> None:
    """The library knows both: how good the file is, and how good the source was."""
    with inlay.api() as api:
        track = api.get(f"/library/tracks/{done['tracks'][0]['library_track_id']}").json()
    assert track["path"] == done["path"]
    assert track["quality"]["lossless"] is case.lossless
    assert track["source_quality"]["lossless"] is case.source_lossless
    assert track["has_cover"]
