"""What a track's spectrum says about where it came from: a hint for who asks, and never more than a hint.

Lossy encoders leave out what is above some frequency, all at once, where music fades away. Made from one of
them, a lossless file still ends there; made larger, one of 44.1 kHz still ends at 22. Not every encoder does
it: nobody sees this in LAME's V0, in AAC of 256 kbit/s or in Vorbis q6. And some music ends like that.
"""

import math
import re
from pathlib import Path
from typing import Any, Literal

import msgspec

from app.audio import ffmpeg
from app.audio.gate import container_of
from app.audio.model import Quality
from app.audio.quality import label
from app.children import limits, parent
from app.children.child import Emit
from app.languages.say import say

WINDOWS = 3
WINDOW_S = 10
PATIENCE_S = 90.0
BANDS_KHZ = (
    (10.0, 11.7),
    (12.3, 13.7),
    (14.3, 15.5),
    (16.2, 17.2),
    (17.8, 18.8),
    (19.2, 19.9),
    (20.3, 21.9),
    (25.0, 40.0),
)
"""Between them are the frequencies where encoders stop, and beyond the last but one ends what a CD has."""
EDGES_KHZ = (12.0, 14.0, 16.0, 17.5, 19.0, 20.0)
"""Where a step may be: one between each band and the next, but for the last."""
STEP_DB = 40.0
FLOOR_STEP_DB = 25.0
"""Music has less to fall from, if it is down to what 16 bits leave."""
FLOOR_DBFS = -105.0
"""In one kHz. Rounding to 16 bits makes a noise of -111."""
UPSAMPLED_DB = -60.0
LEAST_RATE_HZ = 44_100
HIGH_RATE_HZ = 88_200
QUIET_DBFS = -60.0
ROOMY_BPS = 190_000
"""From here on a lossy encoder has no reason to stop at 17.5 kHz."""
NOTHING_DB = -250.0


class Spectrum(msgspec.Struct, frozen=True, kw_only=True):
    """How loud three parts of a track are, and how that is spread over the bands."""

    level_dbfs: float
    bands_db: tuple[float, ...]
    """For each of BANDS_KHZ, in one kHz, relative to all of the sound."""


class Hint(msgspec.Struct, frozen=True, kw_only=True):
    """`kind`: lossy and upsampled are suspicions; own is what such a file always looks like."""

    kind: Literal["lossy", "upsampled", "own", "full", "quiet", "unknown"]
    sentence: str

    @property
    def is_suspicion(self) -> bool:
        return self.kind in ("lossy", "upsampled")


CAVEAT = say("Quiet or old music can look so, too.")


def look(source: Path, quality: Quality, start: parent.Start) -> Spectrum:
    """Measured in a child, in a second or two. Raises Failure, ChildCrashed."""
    program = ffmpeg.find_ffmpeg()
    args = {"ffmpeg": program, "source": str(source), "duration_ms": quality.duration_ms or 0}
    reads, programs = [str(source)], [program, *limits.ffmpegs()]
    within = limits.offline(limits.SPECTRUM, reads=reads, programs=programs)
    answer = parent.run(
        "app.audio.spectrum:look_in_child", args, seconds=PATIENCE_S, limits=within, start=start
    )
    return msgspec.convert(answer, Spectrum)


def look_in_child(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    source = Path(args["source"])
    read = ffmpeg.input_options(source, container_of(source))
    starts = _windows(args["duration_ms"] / 1000)
    seconds = WINDOW_S if len(starts) > 1 else WINDOWS * WINDOW_S
    inputs = [part for at in starts for part in ("-ss", f"{at:.2f}", "-t", str(seconds), *read)]
    outputs = [part for number in range(len(BANDS_KHZ) + 1) for part in ("-map", f"[out{number}]")]
    graph = ["-filter_complex_threads", "1", "-filter_complex", _graph(len(starts))]
    ended = ffmpeg.run(args["ffmpeg"], [*inputs, *graph, *outputs, "-f", "null", "-"])
    found = re.findall(r"^\[Parsed_astats_(\d+) @ \w+\] RMS level dB: (\S+)", ended.errors, re.MULTILINE)
    if ended.code != 0 or len(found) != len(BANDS_KHZ) + 1:
        raise RuntimeError(f"ffmpeg measured {len(found)} bands: {ended.errors[-500:]}")
    whole, *bands = (_level(text) for _, text in sorted(found, key=lambda pair: int(pair[0])))
    widths = [10 * math.log10(high - low) for low, high in BANDS_KHZ]
    relative = [max(NOTHING_DB, band - whole - width) for band, width in zip(bands, widths, strict=True)]
    return {"level_dbfs": whole, "bands_db": [round(one, 1) for one in relative]}


def _windows(seconds: float) -> list[float]:
    """Where the parts begin that are listened to; a short track is one part."""
    if seconds < (WINDOWS + 1) * WINDOW_S:
        return [0.0]
    return [seconds * number / (WINDOWS + 1) - WINDOW_S / 2 for number in range(1, WINDOWS + 1)]


def _graph(inputs: int) -> str:
    together = "".join(f"[{number}:a:0]" for number in range(inputs))
    outs = len(BANDS_KHZ) + 1
    split = "".join(f"[in{number}]" for number in range(outs))
    first = f"{together}concat=n={inputs}:v=0:a=1,aformat=sample_fmts=fltp:channel_layouts=mono"
    stats = "astats=measure_perchannel=none:measure_overall=RMS_level"
    chains = [f"[in0]{stats}[out0]"]
    for number, (low, high) in enumerate(BANDS_KHZ, start=1):
        passes = f"if(between(f,{low * 1000:.0f},{high * 1000:.0f}),0,-200)"
        band = f"firequalizer=gain='{passes}':wfunc=nuttall:delay=0.02:accuracy=20"
        chains.append(f"[in{number}]{band},{stats}[out{number}]")
    return ";".join([f"{first},asplit={outs}{split}", *chains])


def _level(text: str) -> float:
    level = float(text)
    return level if math.isfinite(level) else NOTHING_DB


def hint(found: Spectrum, quality: Quality) -> Hint:
    """What this spectrum says about a file of this quality, in a sentence or two."""
    rate_hz = quality.sample_rate_hz or 0
    if rate_hz < LEAST_RATE_HZ:
        sentence = say("At this sample rate nobody can tell: there is too little room above the music.")
        return Hint(kind="unknown", sentence=sentence)
    if found.level_dbfs < QUIET_DBFS:
        return Hint(kind="quiet", sentence=say("It is too quiet for that: nothing can be told."))
    edge_khz = _edge_khz(found)
    if edge_khz is not None:
        return _ends_at(edge_khz, quality)
    low, high = BANDS_KHZ[-1]
    above_db = found.bands_db[-1] + 10 * math.log10(high - low)
    if rate_hz >= HIGH_RATE_HZ and above_db < UPSAMPLED_DB:
        found_out = say("Nothing above 24 kHz: probably upsampled from 44.1 or 48 kHz.")
        sentence = f"{found_out} {CAVEAT}"
        return Hint(kind="upsampled", sentence=sentence)
    sentence = say(
        "Nothing suspicious: it does not end all at once. That proves nothing; good encoders leave no trace."
    )
    return Hint(kind="full", sentence=sentence)


def _edge_khz(found: Spectrum) -> float | None:
    """Where the sound ends all at once, if it does and has nothing above."""
    bands = found.bands_db[:-1]
    for number, edge_khz in enumerate(EDGES_KHZ):
        above = max(bands[number + 1 :])
        step_db = bands[number] - above
        on_the_floor = above + found.level_dbfs < FLOOR_DBFS
        if step_db > STEP_DB or (step_db > FLOOR_STEP_DB and on_the_floor):
            return edge_khz
    return None


def _ends_at(edge_khz: float, quality: Quality) -> Hint:
    roomy = (quality.bitrate_bps or 0) >= ROOMY_BPS and edge_khz <= 17.5 and quality.codec != "opus"
    if not quality.lossless and not roomy:
        usual = say(f"Nothing above {edge_khz:g} kHz, as usual for {label(quality)}: nothing suspicious.")
        return Hint(kind="own", sentence=usual)
    if edge_khz >= 20:
        made = say("an MP3 or an Opus file")
    else:
        made = say("an MP3 or AAC file") if edge_khz > 16 else say("an MP3")
    if quality.lossless:
        probably = say(f"Nothing above {edge_khz:g} kHz: probably made from {made}.")
    else:
        probably = say(f"Nothing above {edge_khz:g} kHz: probably made from {made} of fewer bits.")
    return Hint(kind="lossy", sentence=f"{probably} {CAVEAT}")
