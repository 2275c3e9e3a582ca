"""A track is cut where it was marked: to the sample where nothing is lost by it, else between two frames."""

from pathlib import Path

import mutagen
import pytest

from app.audio import convert
from app.audio.formats import FORMATS
from app.audio.measure import measure
from app.audio.model import Quality
from app.audio.trim import Trim
from tests.audio_kinds import ffprobe, made, run
from tests.media.audio import make

CUT = Trim(2_345, 7_891)
LENGTH_MS = 7_891 - 2_345
RATE = 44_100
FRAME_MS = {"mp3": 1152 / 44.1, "aac": 1024 / 44.1, "opus": 20.0, "vorbis": 2048 / 44.1}
"""The longest that one packet of our sources can be."""
LOSSLESS = (("flac", "flac"), ("flac24", "flac"), ("wav", "wav"), ("alac", "m4a"), ("alac", "original"))
LOSSY = (
    ("mp3", "mp3"),
    ("m4a", "m4a"),
    ("mp4", "m4a"),
    ("opus", "opus"),
    ("webm", "opus"),
    ("ogg", "ogg"),
    ("webm", "original"),
    ("mp3", "original"),
)


def cut_to(source: Path, format_name: str, trim: Trim, folder: Path) -> tuple[Path, Quality]:
    stem = folder / "made"
    return convert.convert(source, measure(source), format_name, stem, trim=trim, on_percent=lambda _: None)


def samples(path: Path, rate_hz: int = 0) -> bytes:
    """Every sample as 32 bits, or 16 bits mono at another rate."""
    resampled = ("-ar", str(rate_hz), "-ac", "1") if rate_hz else ()
    kind = "s16le" if rate_hz else "s32le"
    return run("-i", str(path), "-map", "0:a:0", *resampled, "-c:a", f"pcm_{kind}", "-f", kind, "-")


def lengths_ms(path: Path, quality: Quality) -> dict[str, float]:
    """How long it is: as decoded, as ffprobe says, as mutagen says, and as we measured it."""
    return {
        "decoded": len(samples(path, 8_000)) / 16,
        "ffprobe": float(ffprobe(path)["format"]["duration"]) * 1000,
        "mutagen": mutagen.File(path).info.length * 1000,
        "ours": float(quality.duration_ms or 0),
    }


def place_ms(source: bytes, cut: bytes, at: int) -> float:
    """Where in `source` the samples of `cut` from `at` on come from: the place where they differ least."""
    piece = memoryview(cut).cast("h")[at : at + 100]
    whole = memoryview(source).cast("h")
    expected = CUT.start_ms * RATE // 1000 + at

    def difference(start: int) -> int:
        return sum((one - other) ** 2 for one, other in zip(piece, whole[start:], strict=False))

    best = min(range(expected - 2_100, expected + 2_100), key=difference)
    return (best - at) * 1000 / RATE


@pytest.mark.parametrize(("kind", "format_name"), LOSSLESS)
def test_lossless_cut_keeps_exactly_the_samples_between_the_marks(
    kind: str, format_name: str, tmp_path: Path
) -> None:
    source = make(kind, 12)
    quality = measure(source)
    result, measured = cut_to(source, format_name, CUT, tmp_path)
    frame_bytes = 4 * (quality.channels or 0)
    start, end = (
        (2 * mark * (quality.sample_rate_hz or 0) + 1000) // 2000 for mark in (CUT.start_ms, CUT.end_ms or 0)
    )
    assert samples(result) == samples(source)[start * frame_bytes : end * frame_bytes]
    assert (measured.codec, measured.bit_depth) == (quality.codec, quality.bit_depth)
    assert lengths_ms(result, measured) == pytest.approx(
        dict.fromkeys(lengths_ms(result, measured), LENGTH_MS), abs=1
    )


@pytest.mark.parametrize("kind", ["alac24", "wav24", "wav_float"])
def test_rarer_lossless_kinds_are_exact_too(kind: str, tmp_path: Path) -> None:
    source = made(kind, tmp_path)
    quality = measure(source)
    result, measured = cut_to(source, "original", Trim(333, 1_777), tmp_path)
    rate_hz, frame_bytes = quality.sample_rate_hz or 0, 4 * (quality.channels or 0)
    start, end = round(0.333 * rate_hz), round(1.777 * rate_hz)
    assert samples(result) == samples(source)[start * frame_bytes : end * frame_bytes]
    assert measured.codec == quality.codec


@pytest.mark.parametrize(("kind", "format_name"), LOSSY)
def test_kept_lossy_sound_is_cut_between_packets_and_not_encoded_again(
    kind: str, format_name: str, tmp_path: Path
) -> None:
    source = make(kind, 12)
    result, quality = cut_to(source, format_name, CUT, tmp_path)
    frame_ms = FRAME_MS[quality.codec]
    assert packets_of(result) <= packets_of(source)
    told = lengths_ms(result, quality)
    assert told == pytest.approx(dict.fromkeys(told, LENGTH_MS), abs=frame_ms + 1)
    before, after = samples(source, RATE), samples(result, RATE)
    for at in (RATE, 4 * RATE):
        assert place_ms(before, after, at) == pytest.approx(CUT.start_ms, abs=frame_ms)


def packets_of(path: Path) -> set[str]:
    """A digest of each packet."""
    lines = run("-i", str(path), "-map", "0:a:0", "-c", "copy", "-f", "framemd5", "-").decode().splitlines()
    return {line.split(",")[5].strip() for line in lines if not line.startswith("#")}


@pytest.mark.parametrize("format_name", FORMATS)
def test_every_format_is_as_long_as_what_was_marked(format_name: str, tmp_path: Path) -> None:
    source = make("flac", 12)
    result, quality = cut_to(source, format_name, CUT, tmp_path)
    told = lengths_ms(result, quality)
    encoder_ms = FRAME_MS.get(quality.codec, 0) * 2 + 1
    assert told["decoded"] == pytest.approx(
        LENGTH_MS, abs=1 if quality.lossless or quality.codec == "opus" else encoder_ms
    )
    assert told == pytest.approx(dict.fromkeys(told, LENGTH_MS), abs=encoder_ms)


@pytest.mark.parametrize("format_name", ["mp3", "original", "opus", "flac"])
@pytest.mark.parametrize("trim", [Trim(3_000, None), Trim(0, 9_000)])
def test_one_mark_alone_leaves_the_other_end_as_it_is(trim: Trim, format_name: str, tmp_path: Path) -> None:
    result, quality = cut_to(make("m4a", 12), format_name, trim, tmp_path)
    assert quality.duration_ms == pytest.approx(9_000, abs=80)
    assert len(samples(result, 8_000)) / 16 == pytest.approx(9_000, abs=80)


def test_surround_is_cut_and_mapped_by_one_chain_of_filters(tmp_path: Path) -> None:
    result, quality = cut_to(made("surround", tmp_path), "opus", Trim(500, 1_500), tmp_path)
    assert quality.channels == 6
    assert quality.duration_ms == pytest.approx(1_000, abs=20)
    assert result.suffix == ".opus"


def test_source_that_is_shorter_than_the_marks_say_is_told_as_damaged(tmp_path: Path) -> None:
    short = tmp_path / "short.mp3"
    data = make("mp3", 12).read_bytes()
    short.write_bytes(data[: len(data) // 2])
    with pytest.raises(convert.Failure, match="the file is damaged"):
        convert.convert(
            short,
            measure(make("mp3", 12)),
            "mp3",
            tmp_path / "made",
            trim=Trim(2_000, 11_000),
            on_percent=lambda _: None,
        )
    assert list(tmp_path.iterdir()) == [short]
