"""The spectrum gives away what was lossy or smaller once; it only ever hints."""

from pathlib import Path

import pytest

from app.audio.measure import measure
from app.audio.spectrum import Hint, hint, look
from app.children import parent
from tests.audio_kinds import run

PINK = "anoisesrc=color=pink:r={rate}:d=24:a=0.3:seed=7"
MP3, AAC, OPUS = "libmp3lame", "aac", "libopus"


def pink(folder: Path, rate_hz: int = 44_100, sound: str = "anull", name: str = "true.flac") -> Path:
    """Noise with something in every octave: the hardest music there is for an encoder."""
    path = folder / name
    made = ("-f", "lavfi", "-i", PINK.format(rate=rate_hz), "-ac", "2", "-af", sound)
    run(*made, "-c:a", "flac", "-sample_fmt", "s32" if rate_hz > 48_000 else "s16", str(path))
    return path


@pytest.fixture(scope="module")
def true(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pink(tmp_path_factory.mktemp("true"))


def through(path: Path, folder: Path, ending: str, codec: str, *options: str) -> tuple[Path, Path]:
    """The lossy file, and a FLAC made from it."""
    lossy, back = folder / f"lossy.{ending}", folder / "back.flac"
    run("-i", str(path), "-c:a", codec, *options, str(lossy))
    run("-i", str(lossy), "-c:a", "flac", "-sample_fmt", "s16", str(back))
    return lossy, back


def said(path: Path) -> Hint:
    quality = measure(path)
    return hint(look(path, quality, parent.fresh), quality)


def test_true_lossless_files_are_not_suspected(true: Path, tmp_path: Path) -> None:
    assert said(true).kind == "full"
    assert said(pink(tmp_path, 96_000)).kind == "full"


@pytest.mark.parametrize(
    ("ending", "codec", "options", "edge"),
    [
        ("mp3", MP3, ("-b:a", "128k"), "17.5 kHz: probably made from an MP3"),
        ("mp3", MP3, ("-b:a", "320k"), "20 kHz: probably made from an MP3"),
        ("m4a", AAC, ("-b:a", "128k"), "17.5 kHz: probably made from an MP3 or AAC"),
        ("opus", OPUS, ("-b:a", "128k"), "20 kHz: probably made from an MP3 or an Opus"),
    ],
)
def test_lossless_file_of_a_lossy_one_is_suspected(
    true: Path, tmp_path: Path, ending: str, codec: str, options: tuple[str, ...], edge: str
) -> None:
    lossy, back = through(true, tmp_path, ending, codec, *options)
    found = said(back)
    assert found.is_suspicion
    assert found.sentence.startswith(f"Nothing above {edge}")
    assert found.sentence.endswith("Quiet or old music can look so, too.")
    # The lossy file itself only is what it says it is.
    assert said(lossy).kind == "own"


def test_large_mp3_made_from_a_small_one_is_suspected(true: Path, tmp_path: Path) -> None:
    _, back = through(true, tmp_path, "mp3", MP3, "-b:a", "128k")
    large = tmp_path / "large.mp3"
    run("-i", str(back), "-c:a", MP3, "-b:a", "320k", str(large))
    assert "from an MP3 or AAC file of fewer bits" in said(large).sentence


def test_upsampled_file_is_suspected(true: Path, tmp_path: Path) -> None:
    up = tmp_path / "up.flac"
    run("-i", str(true), "-ar", "96000", "-sample_fmt", "s32", str(up))
    found = said(up)
    assert (found.kind, found.is_suspicion) == ("upsampled", True)


def test_music_that_fades_away_is_not_suspected_and_one_that_ends_at_once_gets_the_caveat(
    tmp_path: Path,
) -> None:
    soft = pink(tmp_path, sound="lowpass=f=5000,lowpass=f=5000,volume=-15dB", name="soft.flac")
    assert said(soft).kind == "full"
    radio = "firequalizer=gain='if(lt(f,15000),0,-200)':delay=0.02,volume=-15dB"
    ends = said(pink(tmp_path, sound=radio, name="radio.flac"))
    assert ends.sentence == (
        "Nothing above 16 kHz: probably made from an MP3. Quiet or old music can look so, too."
    )


def test_what_cannot_be_told_is_said(tmp_path: Path) -> None:
    assert said(pink(tmp_path, sound="volume=-60dB", name="quiet.flac")).kind == "quiet"
    assert said(pink(tmp_path, 22_050, name="low.flac")).kind == "unknown"


def test_long_track_is_heard_in_three_places(true: Path, tmp_path: Path) -> None:
    """Silence at both ends does not hide what is between."""
    long = tmp_path / "long.flac"
    run("-i", str(true), "-af", "adelay=20s:all=1,apad=pad_dur=20", str(long))
    assert said(long).kind == "full"
