"""What a track looks like: its loudness over time, the silence around it, and what it costs to find out."""

import contextlib
import resource
import threading
import time
from array import array
from pathlib import Path

import msgspec
import pytest

from app.audio import waveform
from app.audio.measure import measure
from app.audio.waveform import BLOCK_MS, BUCKETS, Waveform, draw, reckon
from app.children import parent
from app.children.parent import Cancelled, Child
from app.children.running import Running
from app.errors import Failure
from tests.audio_kinds import made, run
from tests.media.audio import KINDS, make


def drawn(path: Path) -> Waveform:
    return draw(path, measure(path), parent.fresh, contextlib.nullcontext)


def with_silence(folder: Path, before_s: float, after_s: float, name: str = "silent.flac") -> Path:
    """Six seconds of music with silence around them."""
    path = folder / name
    chain = f"adelay={round(before_s * 1000)}:all=1,apad=pad_dur={after_s}"
    run("-i", str(make("flac", 6)), "-af", chain, "-map_metadata", "-1", str(path))
    return path


@pytest.mark.parametrize("kind", [*KINDS, "wma", "ts"])
def test_every_kind_of_source_is_drawn(kind: str, tmp_path: Path) -> None:
    path = make(kind, 4) if kind in KINDS else made(kind, tmp_path)
    found = drawn(path)
    assert found.duration_ms == pytest.approx(measure(path).duration_ms, abs=100)
    assert len(found.peaks) == min(BUCKETS, found.duration_ms // BLOCK_MS)
    assert max(found.peaks) > 90
    assert (found.sound_start_ms, found.sound_end_ms) == (None, None)


def test_loud_half_is_drawn_higher_than_the_quiet_one() -> None:
    peaks = drawn(make("m4a", 12)).peaks
    middle = len(peaks) // 2
    # Our music has 0.35 of full loudness in its first half and 0.9 in its second.
    assert max(peaks[middle + 5 :]) == pytest.approx(max(peaks[: middle - 5]) * 0.9 / 0.35, rel=0.15)


@pytest.mark.parametrize("name", ["silent.flac", "silent.mp3", "silent.opus"])
def test_silence_at_both_ends_is_found(name: str, tmp_path: Path) -> None:
    found = drawn(with_silence(tmp_path, 1.8, 4.2, name))
    # A little is left on both sides.
    assert found.sound_start_ms == pytest.approx(1_750, abs=60)
    assert found.sound_end_ms == pytest.approx(1_800 + 6_000 + 250, abs=60)


def test_silence_of_less_than_half_a_second_is_not_worth_a_word(tmp_path: Path) -> None:
    found = drawn(with_silence(tmp_path, 0.45, 0.6))
    assert (found.sound_start_ms, found.sound_end_ms) == (None, None)


def test_silence_at_one_end_is_offered_alone(tmp_path: Path) -> None:
    found = drawn(with_silence(tmp_path, 0, 2))
    assert found.sound_start_ms is None
    assert found.sound_end_ms is not None


def test_silent_track_is_drawn_flat_and_never_offered_to_be_cut_away(tmp_path: Path) -> None:
    path = tmp_path / "nothing.wav"
    run("-f", "lavfi", "-i", "anullsrc=r=44100:d=3", str(path))
    found = drawn(path)
    assert max(found.peaks) == 0
    assert (found.sound_start_ms, found.sound_end_ms) == (None, None)


def test_full_scale_and_nothing_at_all_can_be_reckoned() -> None:
    assert reckon(array("H", [32768] * 10)).peaks == bytes([255] * 10)
    assert reckon(array("H")) == Waveform()


def test_waveform_survives_being_kept(tmp_path: Path) -> None:
    found = drawn(make("opus", 4))
    text = msgspec.json.encode(found)
    assert len(text) < 2_000
    assert msgspec.json.decode(text, type=Waveform) == found


def test_four_minutes_cost_less_than_two_seconds_of_computing() -> None:
    path = make("m4a", 240)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert len(drawn(path).peaks) == BUCKETS
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert spent < 2


def test_broken_file_fails_in_words_or_is_drawn_as_far_as_it_goes(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp3"
    data = make("mp3", 12).read_bytes()
    broken.write_bytes(data[:2_000] + bytes(range(256)) * 200)
    with contextlib.suppress(Failure):
        assert (
            draw(broken, measure(make("mp3", 12)), parent.fresh, contextlib.nullcontext).duration_ms < 12_000
        )


def test_cancel_ends_the_drawing_at_once(tmp_path: Path) -> None:
    running, path = Running(), tmp_path / "long.wav"
    run("-f", "lavfi", "-i", "sine=r=44100:d=3600", str(path))
    quality = measure(path)

    def cancel() -> None:
        deadline = time.monotonic() + 20
        while "one" not in running._children and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.2)
        running.cancel("one")

    canceller = threading.Thread(target=cancel)
    canceller.start()
    with pytest.raises(Cancelled):
        draw(path, quality, parent.fresh, lambda child: _followed(running, child))
    canceller.join()


def _followed(running: Running, child: Child) -> contextlib.AbstractContextManager[Child]:
    return running.following("one", child)


def test_memory_stays_small_for_an_hour_of_sound() -> None:
    blocks = array("H", [1000]) * (waveform.LONGEST_S * 1000 // BLOCK_MS)
    assert blocks.itemsize * len(blocks) < 10_000_000
