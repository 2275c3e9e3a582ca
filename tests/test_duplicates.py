"""Which tracks are the same recording, and which file of it is the better one."""

from dataclasses import replace

import pytest

from app.audio.model import Quality
from app.library.duplicates import Recording, Sameness, is_better, reason, recording_of, sameness
from app.library.model import Reason
from app.tags.model import Tags
from tests import recording_pairs as pairs

EXPECTED = {
    Sameness.DUPLICATE: pairs.SAME,
    None: pairs.APART,
    Sameness.ALSO_ON: pairs.ALSO_ON,
    Sameness.SIMILAR: pairs.SIMILAR,
}
CASES = [
    pytest.param(line, expected, id=" ".join(line.split()))
    for expected, lines in EXPECTED.items()
    for line in lines.strip("\n").splitlines()
]


def recording(text: str) -> Recording:
    artist, title, album, length, isrc, *_ = [part.strip() for part in text.split("|")] + [""] * 5
    minutes, _, seconds = length.partition(":")
    duration_ms = (int(minutes) * 60 + int(seconds)) * 1000 if length else None
    return recording_of(Tags(artist=artist, title=title, album=album, isrc=isrc), duration_ms)


def test_there_are_69_pairs() -> None:
    assert len(CASES) == 69


@pytest.mark.parametrize(("line", "expected"), CASES)
def test_a_pair_is_judged_right_both_ways(line: str, expected: Sameness | None) -> None:
    one, other = map(recording, line.split("= ", 1))
    assert sameness(one, other) == sameness(other, one) == expected


def test_the_same_source_is_the_same_recording_if_it_is_as_long() -> None:
    whole = Recording("harbour", "ida holm", duration_ms=600_000, source_id="youtube:x")
    renamed = Recording("hafen", "i holm", duration_ms=600_500, source_id="youtube:x")
    cut_out = Recording("sleep", "ida holm", duration_ms=200_000, source_id="youtube:x")
    assert sameness(whole, renamed) is Sameness.DUPLICATE
    assert sameness(whole, cut_out) is None


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"isrc": "X", "source_id": "youtube:x"}, Reason.NAMES),
        ({"isrc": "X", "source_id": "youtube:x", "title_key": "hafen"}, Reason.ISRC),
        ({"isrc": "X", "album_key": "best of"}, Reason.ISRC),
        ({"isrc": "Y", "source_id": "youtube:x", "title_key": "hafen"}, Reason.SOURCE),
    ],
)
def test_what_says_so_is_the_names_then_the_isrc_then_the_source(
    told: dict[str, str], expected: Reason
) -> None:
    one = Recording("harbour", "ida holm", "coast", duration_ms=600_000, isrc="X", source_id="youtube:x")
    other = replace(one, **told)  # type: ignore[arg-type]
    assert sameness(one, other) is Sameness.DUPLICATE
    assert reason(one, other, Sameness.DUPLICATE) is reason(other, one, Sameness.DUPLICATE) is expected


def lossy(bitrate_bps: int, codec: str = "opus") -> Quality:
    return Quality(codec=codec, container=codec, lossless=False, bitrate_bps=bitrate_bps, bit_depth=16)


def lossless(sample_rate_hz: int, bit_depth: int | None) -> Quality:
    return Quality(
        codec="flac",
        container="flac",
        lossless=True,
        sample_rate_hz=sample_rate_hz,
        bit_depth=bit_depth,
        bitrate_bps=900_000,
    )


CD, HD = lossless(44_100, 16), lossless(96_000, 24)
OPUS = lossy(130_000)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ((HD, HD), (CD, CD)),
        ((CD, CD), (OPUS, OPUS)),
        ((CD, None), (lossy(900_000), None)),
        ((lossy(320_000, "mp3"), CD), (lossy(256_000, "aac"), None)),
        ((OPUS, OPUS), (lossy(96_000, "mp3"), lossy(256_000))),
    ],
)
def test_the_better_file_is_known(
    better: tuple[Quality, Quality | None], worse: tuple[Quality, Quality | None]
) -> None:
    assert is_better(better, [worse])
    assert not is_better(worse, [better])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((CD, OPUS), (OPUS, OPUS)),  # a FLAC made from Opus is no better than that Opus
        ((lossy(245_000, "mp3"), OPUS), (OPUS, OPUS)),
        ((HD, CD), (CD, CD)),
        ((lossless(44_100, None), None), (CD, None)),
        ((lossy(133_000), None), (lossy(129_800), None)),
    ],
)
def test_equal_ones_are_not_better(
    one: tuple[Quality, Quality | None], other: tuple[Quality, Quality | None]
) -> None:
    assert not is_better(one, [other])
    assert not is_better(other, [one])


def test_a_file_of_unknown_quality_is_replaced_by_any_known_one_and_replaces_none() -> None:
    assert is_better((OPUS, OPUS), [(None, None)])
    assert not is_better((None, None), [(None, None)])


def test_what_was_inflated_from_a_lossy_source_replaces_nothing() -> None:
    assert not is_better((CD, OPUS), [(lossy(64_000), None)])
    assert is_better((OPUS, OPUS), [(lossy(64_000), None)])


def test_it_has_to_be_better_than_every_one_that_is_there() -> None:
    assert is_better((HD, HD), [(CD, CD), (OPUS, OPUS)])
    assert not is_better((CD, CD), [(OPUS, OPUS), (HD, HD)])
