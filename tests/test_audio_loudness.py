"""Loudness as ffmpeg itself tells it, of one file and of several as one."""

import re
import subprocess
from pathlib import Path

import pytest

from app.audio.loudness import Loudness, gain_tags, measure
from app.errors import Failure
from tests.audio_kinds import run
from tests.media.audio import ffmpeg, make


def tone(folder: Path, name: str, level_db: float, seconds: int = 8) -> Path:
    """A sine of 1 kHz in both channels: by definition as loud in LUFS as its level in dBFS (Tech 3341)."""
    path = folder / name
    # ffmpeg's sine has an amplitude of 1/8.
    sound = f"volume={level_db + 18.0618}dB,pan=stereo|c0=c0|c1=c0"
    run("-f", "lavfi", "-i", f"sine=1000:d={seconds}:r=48000", "-af", sound, str(path))
    return path


def told(path: Path) -> float:
    """ffmpeg's own summary, from another filter of the same standard's measure."""
    command = [ffmpeg(), "-nostats", "-i", str(path), "-af", "ebur128", "-f", "null", "-"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    return float(re.findall(r"I: +(\S+) LUFS", said)[-1])


def test_a_known_tone_is_measured_to_a_tenth_of_a_decibel(tmp_path: Path) -> None:
    found = measure([tone(tmp_path, "a.flac", -23.0)], 8_000)
    assert found.lufs == pytest.approx(-23.0, abs=0.11)
    assert found.peak == pytest.approx(10 ** (-23 / 20), rel=0.02)
    assert gain_tags(found)["track_gain"] == f"{-18 - found.lufs:.2f} dB"


@pytest.mark.parametrize("kind", ["mp3", "opus", "flac24", "m4a"])
def test_music_is_as_loud_as_ffmpeg_says(kind: str) -> None:
    assert measure([make(kind, 12)], 12_000).lufs == pytest.approx(told(make(kind, 12)), abs=0.1)


def test_an_album_is_one_piece_of_music_and_not_the_mean_of_its_tracks(tmp_path: Path) -> None:
    files = [tone(tmp_path, "loud.flac", -14.0, 4), tone(tmp_path, "soft.mp3", -34.0, 12)]
    together, tracks = measure(files, 16_000), [measure([file], 12_000) for file in files]
    mean = sum(one.lufs for one in tracks) / 2
    # The soft track is below the gate, which is ten below the loudness of all.
    assert together.lufs == pytest.approx(-14.0, abs=0.3)
    assert abs(together.lufs - mean) > 5
    assert together.peak == max(one.peak for one in tracks)


def test_silence_gets_no_gain(tmp_path: Path) -> None:
    path = tmp_path / "silent.flac"
    run("-f", "lavfi", "-i", "anullsrc=d=3", str(path))
    found = measure([path], 3_000)
    assert found.is_silence
    assert gain_tags(found, Loudness(lufs=-14.3, peak=0.5)) == {
        "album_gain": "-3.70 dB",
        "album_peak": "0.500000",
    }


def test_damaged_file_is_refused_and_a_hundred_files_are_not(tmp_path: Path) -> None:
    assert measure([make("mp3", 1)] * 100, 100_000).lufs < 0
    damaged = tmp_path / "damaged.flac"
    damaged.write_bytes(make("flac", 2).read_bytes()[:60])
    with pytest.raises(Failure):
        measure([damaged], 2_000)
