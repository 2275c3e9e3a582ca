"""Tags and covers in real files of all six formats, read back by us, by mutagen and by ffprobe."""

import base64
import json
import os
import re
import shutil
import struct
import subprocess
from pathlib import Path

import msgspec
import mutagen
import pytest
from mutagen import apev2, id3
from mutagen.flac import FLAC, Picture
from mutagen.mp4 import MP4

from app.errors import Failure
from app.tags import containers, files, lrc
from app.tags.containers import read, read_cover, write
from app.tags.model import Tags
from app.tags.values import settled
from tests.media.audio import ffmpeg, make, picture

FORMATS = ("mp3", "m4a", "opus", "ogg", "flac", "wav")
FULL = Tags(
    title="Für Elise – 音楽 שלום",
    artist="AC/DC, Tyler, The Creator",
    album="Älbum: Teil 1",
    album_artist="Various Artists",
    track_no=3,
    disc_no=2,
    date="2019-03-04",
    genre="Hip-Hop",
    comment="first line\nsecond line",
    compilation=True,
    lyrics="Tin roof rain\n\nשלום, and again",
    lyrics_synced="[00:01.50]Tin roof rain\n[00:04.00]\n[01:12.25]שלום, and again",
    source_url="https://media.example/wätch?v=a&t=1",
    source_id="youtube:abc-_1",
)
EVERY = pytest.mark.parametrize("form", FORMATS)


@pytest.fixture(scope="module")
def cover() -> bytes:
    return picture(300, 300)


def copy(form: str, folder: Path) -> Path:
    """Music with tags that somebody else wrote."""
    foreign = {"title": "Old", "artist": "Somebody", "comment": "bought at", "copyright": "1999"}
    return Path(shutil.copy(make(form, 2, tags=foreign), folder / f"track.{form}"))


def probe(path: Path) -> dict[str, str]:
    """ffprobe's tags in lower case, wherever the container keeps them."""
    command = [shutil.which("ffprobe") or "", "-v", "error", "-show_format", "-show_streams", "-of", "json"]
    said = json.loads(subprocess.run([*command, str(path)], capture_output=True, check=True).stdout)
    places = [said["format"], *(stream for stream in said["streams"] if stream["codec_type"] == "audio")]
    return {name.lower(): text for place in places for name, text in place.get("tags", {}).items()}


def sound(path: Path) -> str:
    command = [ffmpeg(), "-v", "error", "-i", str(path), "-map", "0:a", "-f", "md5", "-"]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


@EVERY
def test_all_tags_and_the_cover_come_back(form: str, tmp_path: Path, cover: bytes) -> None:
    path = copy(form, tmp_path)
    write(path, FULL, cover)
    assert read(path) == containers.FileTags(tags=FULL, has_cover=True)
    assert read_cover(path) == cover


@EVERY
def test_ffprobe_sees_our_tags_and_none_of_the_old_ones(form: str, tmp_path: Path, cover: bytes) -> None:
    path = copy(form, tmp_path)
    write(path, FULL, cover)
    seen = probe(path)
    expected = {"title": FULL.title, "artist": FULL.artist, "album": FULL.album, "date": FULL.date}
    expected |= {"album_artist": FULL.album_artist, "track": "3", "disc": "2", "genre": FULL.genre}
    expected |= {"comment": FULL.comment, "purl": FULL.source_url, "inlay_source_id": FULL.source_id}
    assert {name: seen.get(name) for name in expected} == expected
    assert "copyright" not in seen


@EVERY
def test_sound_stays_the_same(form: str, tmp_path: Path, cover: bytes) -> None:
    path = copy(form, tmp_path)
    before = sound(path)
    write(path, FULL, cover)
    write(path, Tags(title="x"), None)
    assert sound(path) == before


@EVERY
def test_writing_again_gives_the_same_bytes_whatever_was_there_before(
    form: str, tmp_path: Path, cover: bytes
) -> None:
    path = copy(form, tmp_path)
    write(path, FULL, cover)
    once = path.read_bytes()
    write(path, FULL, cover)
    assert path.read_bytes() == once
    write(path, Tags(title="long " * 2000), cover * 4)
    write(path, FULL, cover)
    assert path.read_bytes() == once


@EVERY
def test_what_is_not_in_the_tags_is_gone_from_the_file(form: str, tmp_path: Path, cover: bytes) -> None:
    path = copy(form, tmp_path)
    write(path, FULL, cover)
    write(path, Tags(), None)
    assert read(path) == containers.FileTags(tags=Tags(), has_cover=False)
    assert read_cover(path) is None
    assert not {"title", "artist", "album", "comment"} & set(probe(path))


@EVERY
def test_hostile_and_endless_texts_come_back_settled(form: str, tmp_path: Path) -> None:
    path = copy(form, tmp_path)
    odd = Tags(
        title="a\0b\r\nc \ud800\x1b[31m" + "é" * 30_000,
        artist="\u202eevil\u202c 👨‍👩‍👧",
        date="not a date",
        track_no=0,
        comment="x" * 25_000,
    )
    write(path, odd, None)
    assert read(path).tags == settled(odd)
    assert settled(settled(odd)) == settled(odd)
    assert settled(odd).title.startswith("ab c [31mé")
    assert len(settled(odd).title) == 20_000


def test_mp3_has_one_id3v24_tag_in_utf8_and_no_other_kind(tmp_path: Path, cover: bytes) -> None:
    path = copy("mp3", tmp_path)
    id3.ID3(path).save(path, v1=2)
    ape = apev2.APEv2()
    ape["Title"] = "Ape"
    ape.save(path)
    other = id3.ID3()
    other.add(id3.TIT2(encoding=3, text=["Second"]))
    other.save(tmp_path / "second.id3")
    path.write_bytes((tmp_path / "second.id3").read_bytes() * 3 + path.read_bytes())
    write(path, FULL, cover)
    tags = id3.ID3(path, load_v1=False)
    assert tags.version == (2, 4, 0)
    assert tags["TIT2"].encoding == id3.Encoding.UTF8
    assert tags["TXXX:INLAY_SOURCE_ID"].text == [FULL.source_id]
    assert tags["APIC:"].type == id3.PictureType.COVER_FRONT
    data = path.read_bytes()
    assert (data.count(b"ID3\x04"), data.count(b"APETAGEX")) == (1, 0)
    assert not data[-128:].startswith(b"TAG")


def test_old_id3v1_tag_goes_even_if_it_is_the_only_one(tmp_path: Path) -> None:
    path = copy("mp3", tmp_path)
    id3.ID3(path).save(path, v1=2)
    id3.delete(path, delete_v1=False)
    assert read(path).tags.title == "Old"
    write(path, FULL, None)
    assert path.read_bytes()[-128:-125] != b"TAG"


def test_raw_keys_are_those_other_programs_know(tmp_path: Path, cover: bytes) -> None:
    paths = {form: copy(form, tmp_path) for form in FORMATS}
    for path in paths.values():
        write(path, FULL, cover)
    assert mutagen.File(paths["wav"]).tags["TPE2"].text == [FULL.album_artist]
    atoms = MP4(paths["m4a"])
    assert atoms["trkn"] == [(3, 0)]
    assert atoms["aART"] == [FULL.album_artist]
    assert bytes(atoms["----:com.apple.iTunes:purl"][0]).decode() == FULL.source_url
    for form in ("flac", "ogg", "opus"):
        comments = mutagen.File(paths[form]).tags
        assert comments["albumartist"] == [FULL.album_artist]
        assert comments["tracknumber"] == ["3"]
        assert comments["purl"] == [FULL.source_url]
        assert (comments["compilation"], comments["lyrics"]) == (["1"], [FULL.lyrics])
        assert comments["syncedlyrics"] == [FULL.lyrics_synced]
    assert FLAC(paths["flac"]).pictures[0].type == id3.PictureType.COVER_FRONT
    assert (atoms["cpil"], atoms["©lyr"]) == (True, [FULL.lyrics])
    for form in ("mp3", "wav"):
        frames = mutagen.File(paths[form]).tags
        assert frames["TCMP"].text == ["1"]
        assert frames["USLT::XXX"].text == FULL.lyrics
        assert frames["SYLT::XXX"].text[0] == ("Tin roof rain", 1_500)
    encoded = mutagen.File(paths["opus"]).tags["metadata_block_picture"][0]
    assert Picture(base64.b64decode(encoded)).data == cover


def test_values_of_other_programs_are_understood(tmp_path: Path) -> None:
    path = copy("flac", tmp_path)
    audio = FLAC(path)
    audio.tags.clear()
    audio.update(artist=["One", "Two", "One"], tracknumber=["3/12"], discnumber=["A"], date=["20190503T00"])
    audio.tags["Album Artist"] = ["Both"]
    audio.save()
    assert read(path).tags == Tags(artist="One, Two", album_artist="Both", track_no=3, date="2019-05-03")


def test_lyrics_of_other_programs_are_understood(tmp_path: Path) -> None:
    path = copy("mp3", tmp_path)
    tags = id3.ID3()
    tags.add(id3.USLT(encoding=1, lang="eng", desc="by ear", text="One\r\nTwo"))
    lines = [("\nOne", 1_204), ("\nTwo", 61_000)]
    tags.add(id3.SYLT(encoding=3, lang="eng", format=2, type=1, desc="", text=lines))
    tags.add(id3.SYLT(encoding=3, lang="eng", format=2, type=4, desc="chords", text=[("Am", 5)]))
    tags.add(id3.TXXX(encoding=3, desc="COMPILATION", text=["0"]))
    tags.save(path)
    assert read(path).tags == Tags(lyrics="One\nTwo", lyrics_synced="[00:01.20]One\n[01:01.00]Two")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("[00:12.00][01:40.5]Twice\n[00:20]Once", "[00:12.00]Twice\n[00:20.00]Once\n[01:40.50]Twice"),
        ("[ar:Ida Holm]\n[offset:+20]\n [00:01:50]  Rain   falls \n\n", "[00:01.50]Rain falls"),
        ("[123:59.999]Late", "[123:59.99]Late"),
        ("no times at all", ""),
    ],
)
def test_lyrics_with_times_have_one_form(written: str, meant: str) -> None:
    assert settled(Tags(lyrics_synced=written)).lyrics_synced == meant
    assert lrc.tidy(meant) == meant


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("[00:12.00]One\n\n[by:me]\n[1:02]Two", True),
        ("", True),
        ("[00:12.00]One\nTwo", False),
        ("[00:99]One", False),
    ],
)
def test_text_without_times_is_no_lrc(text: str, good: bool) -> None:
    assert lrc.is_lrc(text) is good
    assert bool(re.fullmatch(lrc.TEXT, text)) is good


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2019", "2019"),
        ("2019-05", "2019-05"),
        ("2019-05-03T10:11:12", "2019-05-03"),
        ("2019/05/03", "2019-05-03"),
        ("2019-00-00", "2019"),
        ("2019-05-99", "2019-05"),
        ("May 3, 2019", "2019"),
        ("0000", ""),
        ("20190", ""),
        ("99", ""),
    ],
)
def test_odd_dates_become_iso_dates_or_years(written: str, meant: str) -> None:
    assert settled(Tags(date=written)).date == meant


def test_utf8_that_claims_to_be_latin1_is_read_right(tmp_path: Path) -> None:
    path = copy("mp3", tmp_path)
    tags = id3.ID3()
    tags.add(id3.TIT2(encoding=0, text=["Кино".encode().decode("latin-1")]))
    tags.add(id3.TPE1(encoding=0, text=["Björk"]))
    tags.add(id3.TCON(encoding=0, text=["(17)"]))
    tags.save(path)
    assert read(path).tags == Tags(title="Кино", artist="Björk", genre="Rock")


def test_wav_that_only_has_an_info_chunk_is_read(tmp_path: Path) -> None:
    tags = read(copy("wav", tmp_path)).tags
    assert (tags.title, tags.artist, tags.comment) == ("Old", "Somebody", "bought at")


def test_no_tags_at_all_is_not_an_error(tmp_path: Path) -> None:
    for form in FORMATS:
        path = tmp_path / f"bare.{form}"
        shutil.copy(make(form, 2), path)
        assert read(path) == containers.FileTags(tags=Tags(), has_cover=False)


def test_broken_pictures_are_no_cover(tmp_path: Path) -> None:
    path = copy("opus", tmp_path)
    audio = mutagen.File(path)
    audio.tags["metadata_block_picture"] = ["%%%", base64.b64encode(struct.pack(">I", 3)).decode()]
    audio.save()
    assert read(path).has_cover is False


@EVERY
def test_damaged_files_are_failures_with_a_sentence(form: str, tmp_path: Path) -> None:
    path = tmp_path / f"noise.{form}"
    path.write_bytes(os.urandom(3000))
    with pytest.raises(Failure, match="damaged, or not what its name says"):
        read(path)
    before = path.read_bytes()
    with pytest.raises(Failure, match="damaged, or not what its name says"):
        write(path, FULL, None)
    assert path.read_bytes() == before


def test_links_pipes_and_unknown_endings_are_refused(tmp_path: Path) -> None:
    (tmp_path / "link.mp3").symlink_to(copy("mp3", tmp_path))
    os.mkfifo(tmp_path / "pipe.mp3")
    for name in ("link.mp3", "pipe.mp3"):
        with pytest.raises(Failure):
            read(tmp_path / name)
    with pytest.raises(Failure, match="no tags for files that end in “.txt”"):
        read(tmp_path / "a.txt")
    with pytest.raises(Failure, match="no longer there"):
        read(tmp_path / "gone.mp3")


def test_tags_survive_the_way_to_the_child(tmp_path: Path) -> None:
    assert msgspec.convert(json.loads(json.dumps(msgspec.to_builtins(FULL))), Tags) == FULL


AMENDED = {
    "track_gain": "-7.03 dB",
    "track_peak": "0.988553",
    "album_gain": "-6.50 dB",
    "album_peak": "1.000000",
}
THEIRS = {
    "mp3": ("TXXX:REPLAYGAIN_TRACK_GAIN", "-7.03 dB"),
    "wav": ("TXXX:REPLAYGAIN_TRACK_GAIN", "-7.03 dB"),
    "aiff": ("TXXX:REPLAYGAIN_TRACK_GAIN", "-7.03 dB"),
    "m4a": ("----:com.apple.iTunes:replaygain_track_gain", "-7.03 dB"),
    "flac": ("REPLAYGAIN_TRACK_GAIN", "-7.03 dB"),
    "ogg": ("REPLAYGAIN_TRACK_GAIN", "-7.03 dB"),
    "opus": ("R128_TRACK_GAIN", str(round(256 * (-7.03 - 5)))),
}


@pytest.mark.parametrize("form", [*FORMATS, "aiff"])
def test_changing_gains_sets_its_fields_and_leaves_all_else(form: str, tmp_path: Path, cover: bytes) -> None:
    if form == "aiff":
        path = aiff(tmp_path)
    else:
        path = copy(form, tmp_path)
        write(path, FULL, cover)
        strangers = mutagen.File(path)
        strangers[_strange(form)] = _value(form)
        strangers.save()
    before, sounded = read(path), sound(path)
    for changes in ({"track_gain": "+1.00 dB", "lyrics": "Other words"}, AMENDED):
        wanted = msgspec.structs.replace(read(path).tags, **changes)
        files.write_safely(path, wanted, None, fields=[*changes])
    gains = {**AMENDED, **({"track_peak": "", "album_peak": ""} if form == "opus" else {})}
    changed = {**gains, "lyrics": "Other words"}
    after = read(path)
    if form == "opus":
        assert float(after.tags.track_gain.removesuffix(" dB")) == pytest.approx(-7.03, abs=0.01)
        changed |= {"track_gain": after.tags.track_gain, "album_gain": after.tags.album_gain}
    assert after == containers.FileTags(
        tags=msgspec.structs.replace(before.tags, **changed), has_cover=before.has_cover
    )
    name, value = THEIRS[form]
    raw = mutagen.File(path)[name]
    found = raw.text[0] if hasattr(raw, "text") else raw[0]
    assert (found.decode() if isinstance(found, bytes) else found) == value
    if form != "aiff":
        assert read_cover(path) == cover
        assert _strange(form) in mutagen.File(path)
    assert sound(path) == sounded
    containers.change(path, msgspec.structs.replace(after.tags, **dict.fromkeys(changed, "")), [*changed])
    assert read(path).tags == msgspec.structs.replace(before.tags, lyrics="")


def aiff(folder: Path) -> Path:
    path = folder / "track.aiff"
    tagged = ("-metadata", "title=Old", "-metadata", "artist=Somebody", "-write_id3v2", "1")
    subprocess.run([ffmpeg(), "-v", "error", "-i", make("wav", 2), *tagged, path], check=True)
    return path


def _strange(form: str) -> str:
    return {"mp3": "TPE3", "wav": "TPE3", "m4a": "----:com.example:CONDUCTOR"}.get(form, "CONDUCTOR")


def _value(form: str) -> object:
    if form in ("mp3", "wav"):
        return id3.TPE3(encoding=3, text=["Ida Holm"])
    return [b"Ida Holm"] if form == "m4a" else ["Ida Holm"]


@pytest.mark.parametrize("form", ["wma", "wv"])
def test_tags_of_files_that_are_only_read(form: str, tmp_path: Path) -> None:
    path = tmp_path / f"track.{form}"
    told = {"title": "Tin Roof", "artist": "Ida Holm", "album": "Ä", "track": "3", "genre": "Folk"}
    tagged = [part for name, text in told.items() for part in ("-metadata", f"{name}={text}")]
    subprocess.run([ffmpeg(), "-v", "error", "-i", make("wav", 2), *tagged, path], check=True)
    [report] = files.read_safely([path])
    assert report.tags == Tags(title="Tin Roof", artist="Ida Holm", album="Ä", track_no=3, genre="Folk")
    assert report.quality
    assert report.error is None
    with pytest.raises(Failure, match="tag editor"):
        write(path, FULL, None)


@EVERY
def test_changing_some_fields_keeps_all_else_in_the_file(form: str, tmp_path: Path, cover: bytes) -> None:
    path = Path(shutil.copy(make(form, 2), tmp_path / f"track.{form}"))
    write(path, FULL, cover)
    foreign = "TXXX:MOOD" if form in ("mp3", "wav") else "mood"
    foreign = "----:com.apple.iTunes:mood" if form == "m4a" else foreign
    audio = mutagen.File(path)
    if form in ("mp3", "wav"):
        audio.tags.add(id3.TXXX(encoding=3, desc="MOOD", text=["calm"]))
    else:
        audio.tags[foreign] = [b"calm"] if form == "m4a" else ["calm"]
    audio.save()
    wanted = msgspec.structs.replace(FULL, title="Another", album="", track_no=7, lyrics="")
    containers.change(path, wanted, ["title", "album", "track_no", "lyrics"])
    found = read(path)
    assert found.tags == settled(wanted)
    assert found.has_cover
    assert read_cover(path) == cover
    assert foreign in mutagen.File(path).tags
