"""What ffmpeg says about a file: for containers and codecs that mutagen does not know."""

import re
from pathlib import Path

from app.audio import ffmpeg
from app.audio.formats import is_lossless
from app.audio.gate import open_regular
from app.audio.model import Quality
from app.errors import Failure, FailureKind
from app.languages.say import say

# Metadata is printed further to the right, each of its lines after a colon, so no title can look like these.
DURATION = re.compile(r"^  Duration: (\d+):(\d\d):(\d\d\.\d+)", re.MULTILINE)
OVERALL = re.compile(r"^  Duration: .*bitrate: (\d+) kb/s", re.MULTILINE)
SOUND = re.compile(r"^  Stream #0:\d+[^:\n]*: Audio: (.+)$", re.MULTILINE)
PICTURE = re.compile(r"^  Stream #0:\d+[^:\n]*: Video: (?!.*\(attached pic\))", re.MULTILINE)

LAYOUTS = {"mono": 1, "stereo": 2, "downmix": 2, "quad": 4, "hexagonal": 6, "octagonal": 8}
DEPTHS = {"u8": 8, "s16": 16, "s32": 32, "flt": 32, "s64": 64, "dbl": 64}
# These lengths are guesses from the bitrate of the beginning; walking through the packets is exact.
GUESSED_LENGTH = ("aac", "ac3", "mp3")


def describe(path: Path, container: str) -> Quality:
    """The first sound stream as ffmpeg sees it. Raises Failure when there is none or it cannot be read."""
    program = ffmpeg.find_ffmpeg()
    said = ffmpeg.run(program, ffmpeg.input_options(path, container)).errors
    sound = SOUND.search(said)
    if not sound:
        raise _silent(said)
    codec, *details = (part.strip() for part in sound[1].split(", "))
    codec = codec.split(" ")[0]
    with open_regular(path) as file:
        size_bytes = file.seek(0, 2)
    duration_ms = _duration_ms(said)
    if duration_ms is None or container in GUESSED_LENGTH:
        duration_ms = walked_ms(path, container) or duration_ms
    return Quality(
        codec=codec,
        container=container,
        lossless=is_lossless(codec),
        sample_rate_hz=_number(details, r"(\d+) Hz$"),
        bit_depth=_bit_depth(details) if is_lossless(codec) else None,
        bitrate_bps=_bitrate_bps(details, said, size_bytes, duration_ms),
        channels=_channels(details),
        duration_ms=duration_ms,
        size_bytes=size_bytes,
    )


def walked_ms(path: Path, container: str) -> int | None:
    """The length found by reading every packet without decoding: some 50 ms for a track of four minutes."""
    ends = [0]

    def keep(line: str) -> None:
        name, _, value = line.partition("=")
        if name == "out_time_us" and value.isdigit():
            ends.append(int(value))

    walk = ["-map", "0:a:0", "-c", "copy", "-f", "null", "-progress", "pipe:1", "-"]
    options = ["-v", "error", *ffmpeg.input_options(path, container), *walk]
    ffmpeg.run(ffmpeg.find_ffmpeg(), options, keep)
    return round(max(ends) / 1000) or None


def _silent(said: str) -> Failure:
    if "Input #0" in said:
        return Failure(FailureKind.PERMANENT, "There is no sound in this file. Try another link.")
    sentence = say("This file is damaged and cannot be read as audio. Fetch it again, or try another link.")
    return Failure(FailureKind.PERMANENT, sentence)


def _duration_ms(said: str) -> int | None:
    found = DURATION.search(said)
    if not found:
        return None
    hours, minutes, seconds = found.groups()
    return round((int(hours) * 3600 + int(minutes) * 60 + float(seconds)) * 1000) or None


def _number(details: list[str], pattern: str) -> int | None:
    found = (re.match(pattern, detail) for detail in details)
    return next((int(one[1]) for one in found if one), None)


def _bit_depth(details: list[str]) -> int | None:
    """From "s32 (24 bit)" or "s16p": the bits that count, else those of a sample."""
    for detail in details:
        name, _, rest = detail.partition(" ")
        if name.removesuffix("p") in DEPTHS:
            narrower = re.match(r"\((\d+) bit\)", rest)
            return int(narrower[1]) if narrower else DEPTHS[name.removesuffix("p")]
    return None


def _channels(details: list[str]) -> int | None:
    """From "stereo", "5.1(side)" or "3 channels (FL+FR+LFE)"."""
    for detail in details[1:2]:
        layout = detail.split(" ")[0].split("(")[0]
        if layout in LAYOUTS:
            return LAYOUTS[layout]
        if layout.replace(".", "").isdigit():
            return sum(int(part) for part in layout.split("."))
    return None


def _bitrate_bps(details: list[str], said: str, size_bytes: int, duration_ms: int | None) -> int | None:
    """The stream's own rate; the whole file's only where nothing but sound is in it."""
    own = _number(details, r"(\d+) kb/s")
    if own:
        return own * 1000
    if PICTURE.search(said):
        return None
    if duration_ms:
        return size_bytes * 8000 // duration_ms
    overall = OVERALL.search(said)
    return int(overall[1]) * 1000 if overall else None
