"""Measured facts agree with ffprobe, and are told honestly."""

import io
from pathlib import Path

import pytest

from app.audio import headers
from app.audio import measure as measuring
from app.audio.formats import FORMATS, is_lossless, target_for
from app.audio.measure import measure
from app.audio.model import Quality
from app.audio.quality import journey, label, label_with_source
from app.errors import Failure, FailureKind
from tests.audio_kinds import MORE, ffprobe, made, run
from tests.media.audio import KINDS, make

LABELS = {
    "mp3": "MP3 192 kbit/s",
    "m4a": "AAC 1xx kbit/s",
    "webm": "Opus 1xx kbit/s",
    "flac": "FLAC 16/44.1",
    "flac24": "FLAC 24/96",
    "alac": "ALAC 16/44.1",
    "wav": "WAV 16/44.1",
    "aiff": "AIFF 16/44.1",
    "wavpack": "WavPack 16/44.1",
    "wma": "WMA 128 kbit/s",
    "flac_176": "FLAC 24/176.4",
}


@pytest.mark.parametrize("kind", [*KINDS, *MORE])
def test_every_fact_agrees_with_ffprobe(kind: str, tmp_path: Path) -> None:
    path = made(kind, tmp_path)
    found, told = measure(path), ffprobe(path)
    sound, file = told["sound"], told["format"]
    assert found.codec == sound["codec_name"]
    assert found.channels == sound["channels"]
    assert found.sample_rate_hz == int(sound["sample_rate"])
    assert found.bit_depth == _depth(sound)
    assert found.size_bytes == path.stat().st_size
    # ffprobe guesses the length of raw streams and leaves out a TS's last packets.
    assert found.duration_ms == pytest.approx(float(file["duration"]) * 1000, abs=250)
    if kind != "theora":
        assert found.bitrate_bps == pytest.approx(_bitrate(sound, file), rel=0.06)


def _depth(sound: dict[str, str]) -> int | None:
    if not is_lossless(sound["codec_name"]):
        return None
    return int(sound.get("bits_per_raw_sample") or sound["bits_per_sample"])


def _bitrate(sound: dict[str, str], file: dict[str, str]) -> int:
    """Vorbis headers tell a nominal rate; the file's average is the true one."""
    if sound["codec_name"] == "vorbis" or "bit_rate" not in sound:
        return int(file["bit_rate"])
    return int(sound["bit_rate"])


def test_lossy_files_have_no_bit_depth() -> None:
    for kind in ("mp3", "m4a", "opus", "ogg"):
        assert measure(make(kind, 2)).bit_depth is None


def test_film_without_a_rate_of_its_sound_has_none(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    run("-i", str(make("mp4", 2)), "-c:v", "copy", "-c:a", "libopus", str(path))
    assert measure(path).bitrate_bps is None


def test_length_of_an_mp3_without_header_is_walked_not_guessed(tmp_path: Path) -> None:
    path = tmp_path / "vbr.mp3"
    quiet_then_loud = "sine=300:d=20,volume='if(lt(t,10),0,1)':eval=frame"
    encode = ("-c:a", "libmp3lame", "-q:a", "0", "-write_xing", "0")
    run("-f", "lavfi", "-i", quiet_then_loud, *encode, str(path))
    assert measure(path).duration_ms == pytest.approx(20_000, abs=100)


def test_lame_header_names_its_preset(tmp_path: Path) -> None:
    path = tmp_path / "v0.mp3"
    path.write_bytes(_as_if_from_lame(made("mp3_vbr", tmp_path).read_bytes()))
    assert label(measure(path)) == "MP3 V0"


def _as_if_from_lame(mp3: bytes) -> bytes:
    """ffmpeg leaves the fields of LAME's own header empty; write what `lame -V 0` would."""
    at = mp3.index(b"Xing")
    scale, encoder = at + 116, at + 120
    new_vbr = 4
    header = b"LAME3.100" + bytes([new_vbr])
    return mp3[:scale] + (97).to_bytes(4, "big") + header + mp3[encoder + len(header) :]


def test_title_cannot_pose_as_a_stream(tmp_path: Path) -> None:
    path = tmp_path / "liar.webm"
    lie = "x\n  Duration: 99:00:00.00, start: 0\n  Stream #0:0: Audio: flac, 96000 Hz, stereo, s32 (24 bit)"
    run("-i", str(make("webm", 2)), "-c", "copy", "-metadata", f"title={lie}", str(path))
    found = measure(path)
    assert (found.codec, found.lossless) == ("opus", False)
    assert found.duration_ms == pytest.approx(2000, abs=50)


def test_film_without_sound_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "silent.mp4"
    run("-i", str(make("mp4", 2)), "-an", "-c", "copy", str(path))
    with pytest.raises(Failure, match="no sound") as caught:
        measure(path)
    assert caught.value.kind == FailureKind.PERMANENT


@pytest.mark.parametrize("kind", ["webm", "m4a", "flac", "opus"])
def test_file_that_is_only_a_beginning_is_refused_in_words(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "stub"
    path.write_bytes(make(kind, 2).read_bytes()[:40] + b"\0" * 400)
    with pytest.raises(Failure, match="damaged|no sound"):
        measure(path)


# What research/integrations.md, section D, measured other programs by: each kind, all facts that count.
TABLE = {
    # kind: codec, lossless, sample rate, bit depth, channels
    "mp3_320": ("mp3", False, 44_100, None, 2),
    "mp3_vbr": ("mp3", False, 44_100, None, 2),
    "m4a": ("aac", False, 44_100, None, 2),
    "alac": ("alac", True, 44_100, 16, 2),
    "alac_96": ("alac", True, 96_000, 24, 2),
    "flac": ("flac", True, 44_100, 16, 2),
    "flac24": ("flac", True, 96_000, 24, 2),
    "wav": ("pcm_s16le", True, 44_100, 16, 2),
    "wav_float": ("pcm_f32le", True, 44_100, 32, 2),
    "aiff": ("pcm_s16be", True, 44_100, 16, 2),
    "wavpack": ("wavpack", True, 44_100, 16, 2),
    "ogg": ("vorbis", False, 44_100, None, 2),
    "opus": ("opus", False, 48_000, None, 2),
    "flac_in_mp4_96": ("flac", True, 96_000, 24, 2),
    "mp3_in_wav": ("mp3", False, 44_100, None, 2),
    "flac_in_ogg": ("flac", True, 44_100, 16, 2),
    "wma": ("wmav2", False, 44_100, None, 2),
    "mono_m4a": ("aac", False, 44_100, None, 1),
    "mono_mp3": ("mp3", False, 44_100, None, 1),
}


def test_the_table_of_kinds_is_right_in_every_cell(tmp_path: Path) -> None:
    wrong = []
    for kind, expected in TABLE.items():
        path = made(kind, tmp_path)
        found = measure(path)
        facts = (found.codec, found.lossless, found.sample_rate_hz, found.bit_depth, found.channels)
        told_bps = path.stat().st_size * 8 / 2
        near = (
            abs((found.duration_ms or 0) - 2000) < 90 and abs((found.bitrate_bps or 0) / told_bps - 1) < 0.15
        )
        if facts != expected or not near:
            wrong.append((kind, facts, expected, found))
    assert not wrong


def test_the_usual_kinds_are_told_without_a_run_of_ffmpeg(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = ("mp3_320", "mp3_vbr", "m4a", "alac", "flac", "wav", "aiff", "wavpack", "wma", "ogg", "opus")
    files = [made(kind, tmp_path) for kind in usual]
    monkeypatch.setattr("app.audio.ffmpeg.find_ffmpeg", lambda: "/nowhere")
    for file in files:
        assert measure(file).codec
    with pytest.raises(OSError, match="/nowhere"):
        measure(made("ac3", tmp_path))


@pytest.mark.parametrize("kind", LABELS)
def test_label_says_what_counts(kind: str, tmp_path: Path) -> None:
    said = label(measure(made(kind, tmp_path)))
    expected = LABELS[kind]
    assert said == expected or ("1xx" in expected and said.split()[0] == expected.split()[0])


def test_label_of_unknown_rates_is_the_name_alone() -> None:
    assert label(Quality(codec="opus", container="webm", lossless=False)) == "Opus"
    assert (
        label(Quality(codec="mp3", container="mp3", lossless=False, bitrate_bps=320_000)) == "MP3 320 kbit/s"
    )


OPUS = Quality(codec="opus", container="webm", lossless=False, bitrate_bps=130_000)
AAC = Quality(codec="aac", container="m4a", lossless=False, bitrate_bps=128_000)
CD = Quality(codec="flac", container="flac", lossless=True, sample_rate_hz=44_100, bit_depth=16)
FLOAT = Quality(codec="pcm_f32le", container="wav", lossless=True, sample_rate_hz=48_000, bit_depth=32)


@pytest.mark.parametrize(
    ("source", "target", "line"),
    [
        (OPUS, "mp3", "Opus 130 kbit/s → MP3 V0, lossy"),
        (OPUS, "opus", "Opus 130 kbit/s, kept as it came"),
        (OPUS, "flac", "Opus 130 kbit/s → FLAC: lossless file of a lossy source"),
        (AAC, "m4a", "AAC 128 kbit/s, kept as it came"),
        (AAC, "original", "AAC 128 kbit/s, kept as it came"),
        (CD, "mp3", "FLAC 16/44.1 → MP3 V0, lossy"),
        (CD, "wav", "FLAC 16/44.1 → WAV, nothing lost"),
        (FLOAT, "flac", "WAV 32/48 → FLAC, 24 of 32 bits kept"),
    ],
)
def test_journey_is_one_honest_line(source: Quality, target: str, line: str) -> None:
    assert journey(source, FORMATS[target]) == line


V0 = Quality(codec="mp3", container="mp3", lossless=False, bitrate_bps=241_000, preset="V0")
MP3_192 = Quality(codec="mp3", container="mp3", lossless=False, bitrate_bps=192_000)


@pytest.mark.parametrize(
    ("quality", "source", "said"),
    [
        (V0, AAC, "MP3 V0 from AAC 128"),
        (CD, OPUS, "FLAC from Opus 130"),
        (MP3_192, OPUS, "MP3 192 from Opus 130"),
        (CD, V0, "FLAC from MP3 V0"),
        (V0, CD, "MP3 V0"),
        (MP3_192, None, "MP3 192 kbit/s"),
        (OPUS, OPUS, "Opus 130 kbit/s"),
        (CD, CD, "FLAC 16/44.1"),
    ],
)
def test_label_says_the_source_when_it_was_less(quality: Quality, source: Quality | None, said: str) -> None:
    assert label_with_source(quality, source) == said


def test_original_finds_a_home_for_every_codec() -> None:
    homes = {
        "opus": "opus",
        "vorbis": "ogg",
        "alac": "m4a",
        "wmav2": "m4a",
        "pcm_s16be": "flac",
        "ac3": "m4a",
    }
    assert {codec: target_for(codec, "original").name for codec in homes} == homes


def test_mutagen_alone_answers_for_the_usual_formats(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("ffmpeg was asked")

    monkeypatch.setattr(measuring, "describe", never)
    for kind in ("mp3", "m4a", "opus", "ogg", "flac", "alac", "wav"):
        measure(make(kind, 2))


def test_a_hybrid_floating_or_one_bit_wavpack_is_left_to_ffmpeg(tmp_path: Path) -> None:
    head = made("wavpack", tmp_path).read_bytes()[:32]
    assert headers.wavpack_depth(io.BytesIO(head)) == 16
    for flag in (0x8, 0x80, 0x8000_0000):
        flags = int.from_bytes(head[24:28], "little") | flag
        assert headers.wavpack_depth(io.BytesIO(head[:24] + flags.to_bytes(4, "little") + head[28:])) is None
