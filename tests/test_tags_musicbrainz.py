"""What a track is at MusicBrainz stands in its file where other programs look for it."""

import shutil
from pathlib import Path

import pytest
from mutagen import id3
from mutagen.flac import FLAC
from mutagen.mp4 import MP4
from mutagen.wave import WAVE

from app.tags.containers import read, write
from app.tags.model import Tags
from tests.lookups.fakes import mbid
from tests.media.audio import make

FORMATS = ("mp3", "m4a", "opus", "ogg", "flac", "wav")
RECORDING, RELEASE, GROUP, JANE, JOHN = map(mbid, ("recording", "release", "group", "Jane Roe", "John Doe"))
IDS = Tags(
    title="Harbour",
    recording_id=RECORDING,
    release_id=RELEASE,
    group_id=GROUP,
    artist_ids=f"{JANE}, {JOHN}",
    isrc="GBAAA9900001",
)


@pytest.mark.parametrize("form", FORMATS)
def test_the_ids_come_back_and_go_again(form: str, tmp_path: Path) -> None:
    path = Path(shutil.copy(make(form, 2), tmp_path / f"track.{form}"))
    write(path, IDS, None)
    assert read(path).tags == IDS
    write(path, Tags(title="Harbour"), None)
    assert read(path).tags == Tags(title="Harbour")


@pytest.mark.parametrize("form", ["mp3", "wav"])
def test_id3_has_them_in_the_usual_frames(form: str, tmp_path: Path) -> None:
    path = Path(shutil.copy(make(form, 2), tmp_path / f"track.{form}"))
    write(path, IDS, None)
    tags = id3.ID3(path) if form == "mp3" else WAVE(path).tags
    assert tags["UFID:http://musicbrainz.org"].data == RECORDING.encode()
    assert tags["TXXX:MusicBrainz Album Id"].text == [RELEASE]
    assert tags["TXXX:MusicBrainz Release Group Id"].text == [GROUP]
    assert tags["TXXX:MusicBrainz Artist Id"].text == [JANE, JOHN]
    assert tags["TSRC"].text == ["GBAAA9900001"]


def test_vorbis_comments_have_them_under_the_usual_names(tmp_path: Path) -> None:
    path = Path(shutil.copy(make("flac", 2), tmp_path / "track.flac"))
    write(path, IDS, None)
    tags = FLAC(path).tags
    assert tags["MUSICBRAINZ_TRACKID"] == [RECORDING]
    assert tags["MUSICBRAINZ_ALBUMID"] == [RELEASE]
    assert tags["MUSICBRAINZ_RELEASEGROUPID"] == [GROUP]
    assert tags["MUSICBRAINZ_ARTISTID"] == [JANE, JOHN]
    assert tags["ISRC"] == ["GBAAA9900001"]


def test_mp4_has_them_in_the_usual_atoms(tmp_path: Path) -> None:
    path = Path(shutil.copy(make("m4a", 2), tmp_path / "track.m4a"))
    write(path, IDS, None)
    tags = MP4(path).tags

    def of(name: str) -> list[str]:
        return [bytes(value).decode() for value in tags[f"----:com.apple.iTunes:MusicBrainz {name}"]]

    assert (of("Track Id"), of("Album Id"), of("Release Group Id")) == ([RECORDING], [RELEASE], [GROUP])
    assert of("Artist Id") == [JANE, JOHN]


@pytest.mark.parametrize(
    ("written", "read_as"),
    [("gb-aaa-99-00001", "GBAAA9900001"), (" GBAAA9900001 ", "GBAAA9900001"), ("none", ""), ("GBAAA99", "")],
)
def test_an_isrc_is_read_in_one_spelling_or_not_at_all(tmp_path: Path, written: str, read_as: str) -> None:
    path = Path(shutil.copy(make("flac", 2), tmp_path / "track.flac"))
    tags = FLAC(path)
    tags["isrc"] = written
    tags.save()
    assert read(path).tags.isrc == read_as
