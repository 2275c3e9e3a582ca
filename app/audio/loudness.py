"""How loud music is (EBU R 128), and the ReplayGain 2.0 that follows from it."""

import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from app.audio import ffmpeg
from app.audio.gate import container_of
from app.children import limits, parent
from app.children.child import Emit
from app.errors import Failure, FailureKind

TARGET_LUFS = -18.0
SILENT_LUFS = -70.0
"""What is not louder than this has no loudness, and no gain could help it."""
MOST_FILES = 100
"""Read together for one album; each takes some room in the child's memory."""
SECONDS_PER_SECOND = 0.5
"""The slowest machine decodes and measures at twice the speed of the music."""
START_S = 60.0

SUMMARY = re.compile(r"^\[Parsed_ebur128_\d+ @ \w+\] Summary:$", re.MULTILINE)
LOUDNESS = re.compile(r"^ +I: +(-?[0-9.]+) LUFS$", re.MULTILINE)
PEAK = re.compile(r"^ +Peak: +(-?[0-9.]+|-?inf) dBFS$", re.MULTILINE)


class Loudness(msgspec.Struct, frozen=True, kw_only=True):
    """Of one track, or of a whole album."""

    lufs: float
    """Integrated loudness."""
    peak: float
    """The largest sample; 1 is full scale."""

    @property
    def is_silence(self) -> bool:
        return self.lufs <= SILENT_LUFS

    @property
    def gain_db(self) -> float:
        return TARGET_LUFS - self.lufs


def measure(
    files: Sequence[Path],
    duration_ms: int,
    *,
    check: Callable[[], None] | None = None,
    start: parent.Start = parent.fresh,
) -> Loudness:
    """Of these files as one piece of music, `duration_ms` long; in a child that steps back behind all others.

    Raises Failure, ChildCrashed, and what `check` raises, which is called about twice a second.
    """
    program = ffmpeg.find_ffmpeg()
    seconds = START_S + duration_ms / 1000 * SECONDS_PER_SECOND
    reads = [str(file) for file in files]
    within = limits.offline(limits.LOUDNESS, reads=reads, programs=[program, *limits.ffmpegs()])
    found = parent.run(
        "app.audio.loudness:measure_in_child",
        {"ffmpeg": program, "files": reads},
        seconds=seconds,
        limits={**within, "cpu_s": int(seconds)},
        check=check,
        start=start,
    )
    return msgspec.convert(found, Loudness)


def measure_in_child(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    files = [Path(file) for file in args["files"]]
    inputs = [part for file in files for part in ffmpeg.input_options(file, container_of(file))]
    together = "".join(f"[{number}:a:0]" for number in range(len(files)))
    joined = f"concat=n={len(files)}:v=0:a=1," if len(files) > 1 else ""
    # With "quiet" instead of "verbose" older versions of ffmpeg fail.
    graph = f"{together}{joined}ebur128=peak=sample:framelog=verbose[out]"
    options = ["-filter_complex_threads", "1", "-filter_complex", graph, "-map", "[out]", "-f", "null", "-"]
    ended = ffmpeg.run(args["ffmpeg"], [*inputs, *options])
    # The last one: a graph of its own is built once before, to see whether it fits.
    summary = SUMMARY.split(ended.errors)[-1]
    lufs, peak = LOUDNESS.search(summary), PEAK.search(summary)
    if ended.code != 0 or not lufs or not peak:
        raise Failure(FailureKind.PERMANENT, "The loudness of this file cannot be measured: it is damaged.")
    return {"lufs": float(lufs[1]), "peak": round(math.pow(10, float(peak[1]) / 20), 6)}


def gain_tags(track: Loudness | None = None, album: Loudness | None = None) -> dict[str, str]:
    """What to write into the file, by our names of tags; nothing about silence."""
    told = {"track": track, "album": album}
    return {
        f"{name}_{what}": text
        for name, one in told.items()
        if one and not one.is_silence
        for what, text in (("gain", f"{one.gain_db:.2f} dB"), ("peak", f"{one.peak:.6f}"))
    }
