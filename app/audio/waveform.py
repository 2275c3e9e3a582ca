"""How loud a track is over its time: what the waveform is drawn from, and where silence ends and begins."""

import subprocess
from array import array
from pathlib import Path
from typing import Any

import msgspec

from app.audio import ffmpeg
from app.audio.convert import patience_s
from app.audio.gate import container_of
from app.audio.model import Quality
from app.children import limits, parent
from app.children.child import Emit

BUCKETS = 600
RATE_HZ = 8_000
BLOCK_MS = 10
BLOCK_SAMPLES = RATE_HZ * BLOCK_MS // 1000
CHUNK_BYTES = 2 * BLOCK_SAMPLES * 400
LONGEST_S = 12 * 3600
"""What comes after it is not drawn: each hour takes 0.7 MB while it is reckoned."""
SILENT = 104
"""-50 dB of 16 bits, in amplitude."""
LEAST_SILENCE_MS = 500
BEFORE_SOUND_MS = 50
"""Left before the first sound: an attack begins below what counts as sound."""
AFTER_SOUND_MS = 250
"""Left after the last one, which rings out."""


class Waveform(msgspec.Struct, frozen=True, kw_only=True):
    """What one pass over a track's samples has told."""

    peaks: bytes = b""
    """The loudest sample of each of equally long parts, 0 to 255. None for a track that cannot be read."""
    duration_ms: int = 0
    sound_start_ms: int | None = None
    """Where to cut the silence off at the start; None when there is none worth it."""
    sound_end_ms: int | None = None


def draw(source: Path, quality: Quality, start: parent.Start, follow: parent.Follow) -> Waveform:
    """The file's waveform, reckoned in a child that `follow` makes known.

    Raises Failure, ChildCrashed, Cancelled.
    """
    program = ffmpeg.find_ffmpeg()
    reads = [str(source)]
    within = limits.offline(limits.WAVEFORM, reads=reads, programs=[program, *limits.ffmpegs()])
    seconds = patience_s(quality)
    args = {"ffmpeg": program, "source": str(source)}
    with (
        start("app.audio.waveform:draw_in_child", args, {**within, "cpu_s": int(seconds)}) as child,
        follow(child),
    ):
        return msgspec.convert(child.result(seconds=seconds), Waveform)


def draw_in_child(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Child side: `source` through ffmpeg as few samples as will do, read as they come."""
    source = Path(args["source"])
    samples = [
        *("-v", "error", *ffmpeg.input_options(source, container_of(source)), "-map", "0:a:0"),
        *("-t", str(LONGEST_S), "-af", f"aresample={RATE_HZ}:filter_size=8", "-ac", "1"),
        *("-c:a", "pcm_s16le", "-f", "s16le", "pipe:1"),
    ]
    command = [args["ffmpeg"], "-nostdin", "-hide_banner", "-nostats", *samples]
    blocks = array("H")
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as reader:
        assert reader.stdout
        # read(), not read1(): a chunk is whole, but for the last one.
        while chunk := reader.stdout.read(CHUNK_BYTES):
            blocks.extend(loudest(array("h", chunk[: len(chunk) // 2 * 2])))
    found: dict[str, Any] = msgspec.to_builtins(reckon(blocks))
    return found


def loudest(samples: "array[int]") -> list[int]:
    """The largest amplitude in each block; the last block may be shorter."""
    blocks = (samples[at : at + BLOCK_SAMPLES] for at in range(0, len(samples), BLOCK_SAMPLES))
    return [max(max(block), -min(block)) for block in blocks]


def reckon(blocks: "array[int]") -> Waveform:
    """From each block's largest amplitude to what is shown."""
    count = min(BUCKETS, len(blocks))
    edges = [number * len(blocks) // count for number in range(count + 1)] if count else []
    pairs = zip(edges, edges[1:], strict=False)
    peaks = bytes(min(255, max(blocks[first:last]) >> 7) for first, last in pairs)
    start_ms, end_ms = _sound(blocks)
    return Waveform(
        peaks=peaks, duration_ms=len(blocks) * BLOCK_MS, sound_start_ms=start_ms, sound_end_ms=end_ms
    )


def _sound(blocks: "array[int]") -> tuple[int | None, int | None]:
    """Where the sound starts and ends, as far as there is silence around it."""
    first = next((number for number, block in enumerate(blocks) if block >= SILENT), None)
    if first is None:
        return None, None
    last = next(number for number in range(len(blocks) - 1, -1, -1) if blocks[number] >= SILENT)
    before_ms = max(0, first * BLOCK_MS - BEFORE_SOUND_MS)
    end_ms = (last + 1) * BLOCK_MS + AFTER_SOUND_MS
    after_ms = len(blocks) * BLOCK_MS - end_ms
    return (
        before_ms if before_ms >= LEAST_SILENCE_MS else None,
        end_ms if after_ms >= LEAST_SILENCE_MS else None,
    )
