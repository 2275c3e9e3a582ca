"""Sources become the wanted format with the least loss, whole or not at all."""

import shutil
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.audio import convert, ffmpeg
from app.audio.formats import FORMATS
from app.audio.measure import measure
from app.audio.model import Quality
from app.audio.quality import label
from app.errors import Failure, FailureKind
from tests.audio_kinds import decoded, ffprobe, made, packets, run
from tests.media.audio import make, programs

PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://{}\n#EXT-X-ENDLIST\n"
SOURCES = ("mp3", "m4a", "ts", "webm", "flac24", "alac", "wma")
CODECS = {"mp3": "mp3", "m4a": "aac", "opus": "opus", "ogg": "vorbis", "flac": "flac"}
# The same encoded sound in another container, or the very file.
KEPT = {
    ("mp3", "mp3"): "mp3",
    ("m4a", "m4a"): "m4a",
    ("mp4", "m4a"): "m4a",
    ("webm", "opus"): "opus",
    ("ogg", "ogg"): "ogg",
    ("theora", "ogg"): "ogg",
    ("vorbis_in_webm", "original"): "ogg",
    ("mp3_in_wav", "original"): "mp3",
    ("webm", "original"): "opus",
    ("dash", "original"): "m4a",
    ("alac", "original"): "m4a",
    ("flac24", "flac"): "flac",
    ("wav", "wav"): "wav",
}


def converted(
    source: Path, format_name: str, folder: Path, quality: Quality | None = None
) -> tuple[Path, Quality]:
    stem = folder / "made.in staging"
    return convert.convert(source, quality or measure(source), format_name, stem, on_percent=lambda _: None)


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_becomes_every_format(source: str, tmp_path: Path) -> None:
    path = made(source, tmp_path)
    measured = measure(path)
    for name in FORMATS:
        result, quality = converted(path, name, tmp_path, measured)
        told = ffprobe(result)
        assert [stream["codec_type"] for stream in told["streams"]] == ["audio"], name
        assert told["sound"]["codec_name"] == quality.codec
        assert float(told["format"]["duration"]) == pytest.approx(2, abs=0.25)
        if name in CODECS and (source, name) != ("alac", "m4a"):
            assert quality.codec == CODECS[name]
        # ffmpeg does not write into an MP3 which of LAME's settings it took.
        assert quality.preset == ("V0" if name == "mp3" and source != "mp3" else "")
        assert replace(quality, preset="") == measure(result)
    assert list(tmp_path.glob("*.part")) == []


@pytest.mark.parametrize(("source", "format_name"), KEPT)
def test_kept_sound_is_bit_identical(source: str, format_name: str, tmp_path: Path) -> None:
    path = made(source, tmp_path)
    result, _ = converted(path, format_name, tmp_path)
    assert result.suffix == f".{KEPT[source, format_name]}"
    assert packets(result) == packets(path)


@pytest.mark.parametrize("kind", ["adts", "ts", "flv"])
def test_raw_aac_gets_a_proper_file_and_sounds_the_same(kind: str, tmp_path: Path) -> None:
    path = made(kind, tmp_path)
    result, quality = converted(path, "m4a", tmp_path)
    assert (result.suffix, quality.container, quality.codec) == (".m4a", "m4a", "aac")
    assert decoded(result, "s16le") == decoded(path, "s16le")


def test_source_of_the_right_kind_is_returned_untouched(tmp_path: Path) -> None:
    for kind in ("mp3", "m4a", "opus", "ogg", "flac", "wav"):
        result, _ = converted(make(kind, 2), kind, tmp_path)
        assert result == make(kind, 2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("source", "format_name"), [("flac24", "wav"), ("alac24", "flac"), ("wav24", "flac"), ("flac_176", "wav")]
)
def test_lossless_target_keeps_all_24_bits(source: str, format_name: str, tmp_path: Path) -> None:
    path = made(source, tmp_path)
    result, quality = converted(path, format_name, tmp_path)
    assert quality.bit_depth == 24
    assert quality.sample_rate_hz == measure(path).sample_rate_hz
    assert decoded(result) == decoded(path)


def test_flac_out_of_another_container_knows_its_length(tmp_path: Path) -> None:
    for kind in ("flac_in_ogg", "flac_in_mp4"):
        path = made(kind, tmp_path)
        result, quality = converted(path, "original", tmp_path)
        assert decoded(result) == decoded(path)
        assert (result.suffix, quality.duration_ms) == (".flac", 2000)


def test_flac_of_a_lossy_source_does_not_pretend_to_24_bits(tmp_path: Path) -> None:
    assert label(converted(make("webm", 2), "flac", tmp_path)[1]) == "FLAC 16/48"


def test_high_rates_and_surround_fit_what_the_codec_takes(tmp_path: Path) -> None:
    high, surround = made("flac_176", tmp_path), made("surround", tmp_path)
    assert converted(high, "mp3", tmp_path)[1].sample_rate_hz == 44_100
    assert converted(make("flac24", 2), "mp3", tmp_path)[1].sample_rate_hz == 48_000
    channels = {
        name: converted(surround, name, tmp_path)[1].channels for name in ("mp3", "m4a", "opus", "ogg")
    }
    assert channels == {"mp3": 2, "m4a": 6, "opus": 6, "ogg": 6}


def test_tags_chapters_and_pictures_of_the_source_do_not_come_along(tmp_path: Path) -> None:
    path = make("webm", 2, tags={"title": "SECRET TITLE", "artist": "SOMEBODY"})
    measured = measure(path)
    for name in ("mp3", "m4a", "opus", "ogg", "flac", "wav"):
        result = converted(path, name, tmp_path, measured)[0].read_bytes()
        assert b"SECRET" not in result
        assert b"SOMEBODY" not in result


def test_same_source_gives_the_same_bytes(tmp_path: Path) -> None:
    source = make("webm", 2)
    measured = measure(source)
    for name in ("mp3", "m4a", "flac", "wav"):
        first = converted(source, name, tmp_path, measured)[0].read_bytes()
        assert converted(source, name, tmp_path, measured)[0].read_bytes() == first


def test_conversion_needs_less_than_half_of_its_memory_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(convert.LIMITS, "memory_bytes", 400 * 2**20)
    for name in ("mp3", "m4a", "opus", "ogg", "wav"):
        assert converted(make("flac24", 2), name, tmp_path)[1].size_bytes


def test_percent_rises_to_a_hundred(tmp_path: Path) -> None:
    seen: list[float] = []
    source = _long_noise(tmp_path, seconds=60)
    convert.convert(source, measure(source), "m4a", tmp_path / "out", on_percent=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 100
    assert len(seen) > 2


def test_cancel_kills_ffmpeg_and_leaves_nothing(tmp_path: Path) -> None:
    class Enough(Exception):
        pass

    def stop_when_ffmpeg_writes() -> None:
        if list(tmp_path.glob("*.part")):
            assert _running(tmp_path / "out")
            raise Enough

    source = _long_noise(tmp_path, seconds=900)
    quality = measure(source)
    with pytest.raises(Enough):
        convert.convert(
            source, quality, "m4a", tmp_path / "out", on_percent=lambda _: None, check=stop_when_ffmpeg_writes
        )
    deadline = time.monotonic() + 2
    while _running(tmp_path / "out"):
        assert time.monotonic() < deadline, "ffmpeg outlived the cancel"
        time.sleep(0.02)
    assert list(tmp_path.iterdir()) == [source]


def _running(target: Path) -> bool:
    def words(process: Path) -> bytes:
        try:
            return (process / "cmdline").read_bytes()
        except OSError:
            return b""

    return any(f"file:{target}".encode() in words(process) for process in Path("/proc").glob("[0-9]*"))


def _long_noise(folder: Path, seconds: int) -> Path:
    path = folder / "noise.wav"
    run("-f", "lavfi", "-i", f"anoisesrc=d={seconds}:a=0.3", "-ac", "2", str(path))
    return path


@pytest.mark.parametrize("kind", ["flac", "m4a", "mp3_vbr", "webm"])
def test_source_that_is_cut_short_fails_and_leaves_nothing(kind: str, tmp_path: Path) -> None:
    whole = make(kind, 12) if kind != "mp3_vbr" else _vbr(tmp_path)
    path = tmp_path / f"cut{whole.suffix}"
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    quality = measure(whole)
    with pytest.raises(Failure, match="Fetch it again") as caught:
        convert.convert(path, quality, "wav", tmp_path / "out", on_percent=lambda _: None)
    assert caught.value.kind == FailureKind.TEMPORARY
    assert "of 0:12" in caught.value.message
    assert list(tmp_path.glob("out*")) == []


def _vbr(folder: Path) -> Path:
    path = folder / "whole.mp3"
    run("-i", str(make("flac", 12)), "-c:a", "libmp3lame", "-q:a", "0", str(path))
    return path


def test_playlist_that_calls_itself_mp3_reads_no_other_file(tmp_path: Path) -> None:
    """Also when the bytes change after they were measured."""
    secret = tmp_path / "private.mp3"
    shutil.copy(make("mp3", 2), secret)
    hostile = tmp_path / "song.mp3"
    shutil.copy(make("mp3", 2), hostile)
    quality = measure(hostile)
    hostile.write_text(PLAYLIST.format(secret))
    with pytest.raises(Failure, match="playlist"):
        convert.convert(hostile, quality, "wav", tmp_path / "out", on_percent=lambda _: None)
    assert {path.name for path in tmp_path.iterdir()} == {"private.mp3", "song.mp3"}


@pytest.mark.parametrize("container", ["mp3", "aac", "m4a", "webm", "ogg", "ts", "wav"])
@pytest.mark.parametrize("program", programs())
def test_ffmpeg_itself_reads_no_other_file_when_the_gate_is_passed(
    program: str, container: str, tmp_path: Path
) -> None:
    hostile, out = tmp_path / "song.mp3", tmp_path / "out.wav"
    hostile.write_text(PLAYLIST.format(make("mp3", 2)))
    # The attack is real: without our options the other song comes out. Since 7.1, endings are looked at.
    older = ffmpeg.release(ffmpeg.version(program)) < (7, 1)
    ffmpeg.run(program, ["-v", "error", "-i", f"file:{hostile}", "-y", str(out)])
    assert not older or out.stat().st_size > 300_000
    out.unlink(missing_ok=True)
    ffmpeg.run(program, ["-v", "error", *ffmpeg.input_options(hostile, container), "-y", str(out)])
    assert not out.exists() or out.stat().st_size < 200


def test_full_disk_and_silent_film_are_told_apart(tmp_path: Path) -> None:
    program, source = ffmpeg.find_ffmpeg(), make("flac", 12)
    full = ffmpeg.run(program, ["-v", "error", "-i", str(source), "-f", "wav", "-y", "/dev/full"])
    assert convert._explain(full).kind == FailureKind.NEEDS_YOU
    silent = tmp_path / "silent.mp4"
    run("-i", str(make("mp4", 2)), "-an", "-c", "copy", str(silent))
    with pytest.raises(Failure, match="no sound"):
        convert.convert(silent, measure(make("mp4", 2)), "mp3", tmp_path / "out", on_percent=lambda _: None)


def test_result_beyond_the_limit_is_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(convert.LIMITS, "file_bytes", 100_000)
    with pytest.raises(Failure, match="too long for this format"):
        converted(make("flac", 12), "wav", tmp_path)
    assert list(tmp_path.iterdir()) == []
