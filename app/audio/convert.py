"""From the fetched file to the wanted format: nothing to do, another container, or another encoding."""

import errno
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from app.audio import ffmpeg
from app.audio.formats import Format, target_for
from app.audio.gate import container_of
from app.audio.model import Quality
from app.audio.quality import journey
from app.audio.trim import WHOLE, Trim
from app.children import limits, parent
from app.children.child import Emit
from app.errors import Failure, FailureKind
from app.languages.say import say

LIMITS = limits.CONVERT
START_S = 300.0
UNKNOWN_LENGTH_S = 2 * 3600.0

LOSSY_MAX_HZ = 48_000
# Neither encoder tags nor chance end up in a file: the same source gives the same bytes.
CLEAN = ("-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact")
MUXING = {
    "mp3": ("-id3v2_version", "0", "-write_xing", "1"),
    "ipod": ("-movflags", "+faststart"),
    "wav": ("-rf64", "auto"),
}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How one source becomes one format. `kind` is "keep" (the file is it), "remux" or "encode"."""

    kind: str
    extension: str
    options: tuple[str, ...]
    """ffmpeg's output options; none for "keep"."""
    description: str
    """The line for the review page."""
    preset: str = ""
    """The encoder's own name for its setting, which measuring the file cannot find."""


def plan(source: Quality, format_name: str, trim: Trim = WHOLE) -> Plan:
    """The least that has to be done. `format_name` is a key of FORMATS.

    What is cut and kept as it came is encoded again where that loses nothing, else cut between packets.
    """
    target = target_for(source.codec, format_name)
    description = journey(source, target)
    # A copied FLAC stream keeps a header that may not know its length; encoding again loses nothing.
    reheaded = source.codec == "flac" and source.container != "flac"
    if source.codec not in target.codecs or reheaded:
        options = (*trim.exact(_encoding(source, target)), *_muxing(target))
        return Plan(
            kind="encode",
            extension=target.extension,
            options=options,
            description=description,
            preset=target.preset,
        )
    if not trim.is_whole and source.lossless:
        options = (*trim.exact(_same_encoding(source, target)), *_muxing(target))
        return Plan(kind="encode", extension=target.extension, options=options, description=description)
    if trim.is_whole and source.container == target.extension:
        return Plan(kind="keep", extension=target.extension, options=(), description=description)
    options = ("-c:a", "copy", *trim.at_packets(), *_muxing(target))
    return Plan(kind="remux", extension=target.extension, options=options, description=description)


def convert(
    source: Path,
    quality: Quality,
    format_name: str,
    target_stem: Path,
    *,
    trim: Trim = WHOLE,
    on_percent: Callable[[float], None],
    check: Callable[[], None] | None = None,
    start: parent.Start = parent.fresh,
) -> tuple[Path, Quality]:
    """The track in the wanted format, beside `target_stem` with its own ending, and its measured quality.

    A source that needs no work is only read through, and returned as it is. `trim` says which part of the
    source it is to be. `check` is called about twice a second and may raise: then ffmpeg dies and nothing
    is left. Raises Failure.
    """
    planned = plan(quality, format_name, trim)
    if planned.kind == "keep":
        _check_whole(source, quality, check, start)
        on_percent(100.0)
        return source, quality
    target = target_stem.with_name(f"{target_stem.name}.{planned.extension}")
    args = {
        "ffmpeg": ffmpeg.find_ffmpeg(),
        "source": str(source),
        "target": str(target),
        "options": planned.options,
        "duration_ms": trim.length_ms(quality.duration_ms),
    }
    try:
        seconds = patience_s(quality)
        within = _limits(args["ffmpeg"], seconds, reads=[str(source)], writes=[str(target.parent)])
        with start("app.audio.convert:convert_in_child", args, within) as child:
            for event in child.events(seconds=seconds, check=check):
                on_percent(event["percent"])
    finally:
        _part(target).unlink(missing_ok=True)
    assert child.answer
    made = msgspec.convert(child.answer["quality"], Quality)
    return target, msgspec.structs.replace(made, preset=planned.preset or made.preset)


def _check_whole(
    source: Path, quality: Quality, check: Callable[[], None] | None, start: parent.Start
) -> None:
    args = {"ffmpeg": ffmpeg.find_ffmpeg(), "source": str(source), "duration_ms": quality.duration_ms}
    seconds = patience_s(quality)
    within = _limits(args["ffmpeg"], seconds, reads=[str(source)], writes=[])
    with start("app.audio.convert:check_in_child", args, within) as child:
        for _ in child.events(seconds=seconds, check=check):
            pass


def _limits(program: Any, seconds: float, *, reads: list[str], writes: list[str]) -> limits.Limits:
    """ffmpeg has one thread, so it cannot compute for longer than we wait for it."""
    programs = [program, *limits.ffmpegs()]
    return {**limits.offline(LIMITS, reads=reads, writes=writes, programs=programs), "cpu_s": int(seconds)}


def convert_in_child(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Convert `source` to `target`; the target appears whole or not at all. Answers its quality."""
    # The server plans with this module, and has no use for what reads strangers' files.
    from app.audio.measure import measure

    source, target, duration_ms = Path(args["source"]), Path(args["target"]), args["duration_ms"]
    part = _part(target)
    part.unlink(missing_ok=True)
    arguments = [
        *("-v", "error", *ffmpeg.input_options(source, container_of(source))),
        *("-map", "0:a:0", "-threads", "1", *CLEAN, *args["options"]),
        *("-progress", "pipe:1", "-y", f"file:{part}"),
    ]
    ended = ffmpeg.run(args["ffmpeg"], arguments, _follow(duration_ms, emit))
    _check_end(ended)
    quality = measure(part)
    _check_length(duration_ms, quality.duration_ms)
    _settle(part, target)
    emit({"percent": 100.0})
    return {"quality": msgspec.to_builtins(quality)}


def check_in_child(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Read all packets of `source` without decoding them: a header may promise more than there is."""
    source, reached = Path(args["source"]), [0]

    def on_line(line: str) -> None:
        name, _, value = line.partition("=")
        if name == "out_time_us" and value.strip().isdigit():
            reached[0] = int(value) // 1000

    arguments = [
        *("-v", "error", *ffmpeg.input_options(source, container_of(source))),
        *("-map", "0:a:0", "-c", "copy", "-progress", "pipe:1", "-f", "null", "-"),
    ]
    _check_end(ffmpeg.run(args["ffmpeg"], arguments, on_line))
    if reached[0] <= 0:
        # A header without a single packet behind it.
        raise Failure(FailureKind.PERMANENT, DAMAGED)
    _check_length(args["duration_ms"], reached[0])
    return {}


def _check_end(ended: ffmpeg.Finished) -> None:
    if ended.code == -signal.SIGKILL:
        # Nobody of ours did that: the kernel ran out of memory, or a person. The file is not to blame.
        raise RuntimeError("ffmpeg was killed")
    if ended.code != 0 or any(words in ended.errors for words in UNWRITTEN):
        raise _explain(ended)


def _part(target: Path) -> Path:
    return target.with_name(f"{target.name}.part")


def _encoding(source: Quality, target: Format) -> tuple[str, ...]:
    depth = source.bit_depth if source.lossless and source.bit_depth else 16
    if target.name == "flac":
        # Without this, ffmpeg makes 24-bit FLAC of what a lossy decoder gives it.
        return (*target.encode, *(("-sample_fmt", "s16") if depth <= 16 else FLAC_24))
    if target.name == "wav":
        return ("-c:a", f"pcm_s{16 if depth <= 16 else 24 if depth <= 24 else 32}le")
    return (*target.encode, *_rate(source, target), *_channels(source, target))


def _same_encoding(source: Quality, target: Format) -> tuple[str, ...]:
    """For a lossless source that stays what it is: every sample comes out as it went in."""
    if source.codec == "alac":
        deep = (source.bit_depth or 16) > 16
        return ("-c:a", "alac", "-sample_fmt", "s32p" if deep else "s16p", *(DEEP if deep else ()))
    return ("-c:a", source.codec) if source.codec.startswith("pcm_") else _encoding(source, target)


DEEP = ("-bits_per_raw_sample", "24")
FLAC_24 = ("-sample_fmt", "s32", *DEEP)


def _rate(source: Quality, target: Format) -> tuple[str, ...]:
    """More than 48 kHz costs bits and gives a lossy file nothing. Opus takes 48 kHz by itself."""
    rate_hz = source.sample_rate_hz or 0
    if rate_hz <= LOSSY_MAX_HZ or target.name == "opus":
        return ()
    return ("-ar", "44100" if rate_hz % 44_100 == 0 else "48000")


def _channels(source: Quality, target: Format) -> tuple[str, ...]:
    if (source.channels or 0) <= 2:
        return ()
    if target.name == "mp3":
        return ("-ac", "2")
    # libopus refuses 5.1 whose rear speakers are called side speakers, which is how films come.
    return ("-af", "aformat=channel_layouts=7.1|6.1|5.1|5.0|quad|3.0|stereo|mono")


def _muxing(target: Format) -> tuple[str, ...]:
    return (*MUXING.get(target.muxer, ()), "-f", target.muxer)


def patience_s(quality: Quality) -> float:
    """The slowest encoder on the slowest machine still runs faster than half of real time."""
    if not quality.duration_ms:
        return UNKNOWN_LENGTH_S
    return START_S + 2 * quality.duration_ms / 1000


def _follow(duration_ms: int | None, emit: Emit) -> Callable[[str], None]:
    def on_line(line: str) -> None:
        name, _, value = line.partition("=")
        if name == "out_time_us" and value.isdigit() and duration_ms:
            emit({"percent": round(min(99.0, int(value) / duration_ms / 10), 1)})

    return on_line


def _check_length(wanted_ms: int | None, found_ms: int | None) -> None:
    if not wanted_ms or not found_ms or abs(wanted_ms - found_ms) <= max(1000, wanted_ms // 50):
        return
    raise Failure(
        FailureKind.TEMPORARY,
        f"Only {_clock(found_ms)} of {_clock(wanted_ms)} could be read: the file is damaged. Fetch it again.",
    )


def _clock(duration_ms: int) -> str:
    return f"{duration_ms // 60_000}:{duration_ms // 1000 % 60:02}"


def _settle(part: Path, target: Path) -> None:
    try:
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(target)
    except OSError as error:
        raise _explain(ffmpeg.Finished(1, os.strerror(error.errno or errno.EIO))) from error


# What ffmpeg says → what we say.
SENTENCES = (
    (
        "No space left on device",
        FailureKind.NEEDS_YOU,
        say("The disk is full. Free some space, then try again."),
    ),
    ("Disk quota exceeded", FailureKind.NEEDS_YOU, say("The disk is full. Free some space, then try again.")),
    (
        "Permission denied",
        FailureKind.NEEDS_YOU,
        say("The staging folder is not writable. Check its rights."),
    ),
    ("Read-only file system", FailureKind.NEEDS_YOU, say("The staging folder is read-only. Check the disk.")),
    (
        "File too large",
        FailureKind.PERMANENT,
        say("This track is too long for this format. Choose another."),
    ),
    ("Cannot allocate memory", FailureKind.PERMANENT, say("This file needs too much memory to convert.")),
    ("matches no streams", FailureKind.PERMANENT, say("There is no sound in this file. Try another link.")),
)
# Before version 6, ffmpeg says so and ends with 0 when the disk is full for the last bytes.
UNWRITTEN = ("Error writing trailer", "Error closing file")
DAMAGED = say("This file is damaged and cannot be converted. Fetch it again, or try another link.")


def _explain(ended: ffmpeg.Finished) -> Failure:
    said = "File too large" if ended.code == -signal.SIGXFSZ else ended.errors
    for words, kind, sentence in SENTENCES:
        if words in said:
            return Failure(kind, sentence)
    return Failure(FailureKind.PERMANENT, DAMAGED)
