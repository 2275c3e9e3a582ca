"""What a file sounds like, as Chromaprint puts it: our ffmpeg reads the file, `fpcalc` gets samples only."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from app.audio import ffmpeg
from app.audio.alike import VALUES, packed
from app.audio.gate import container_of
from app.children import limits, parent
from app.children.child import Emit
from app.errors import Failure, FailureKind

LENGTH_S = 120
"""AcoustID compares the first two minutes, and so do we."""
SECONDS = 60.0


def is_possible() -> bool:
    """Whether `fpcalc` is installed (Debian: libchromaprint-tools)."""
    return shutil.which("fpcalc", path=parent.ENVIRONMENT["PATH"]) is not None


def ask(
    file: Path,
    *,
    raw: bool = False,
    start_ms: int = 0,
    end_ms: int | None = None,
    start: parent.Start = parent.fresh,
) -> Any:
    """What `fpcalc` says of this file from `start_ms` on: text for AcoustID, or `raw` values. None: nothing.

    Made in a child, in a second or less. Raises Failure, ChildCrashed.
    """
    program = ffmpeg.find_ffmpeg()
    programs = [program, *limits.ffmpegs(), "fpcalc"]
    within = limits.offline(limits.FINGERPRINT, reads=[str(file)], programs=programs)
    length_s = float(LENGTH_S) if end_ms is None else min(LENGTH_S, (end_ms - start_ms) / 1000)
    args = {"ffmpeg": program, "source": str(file), "raw": raw, "start_s": start_ms / 1000}
    args["length_s"] = length_s
    answer = parent.run("app.audio.fingerprint:in_child", args, seconds=SECONDS, limits=within, start=start)
    return answer.get("fingerprint")


def print_of(file: Path, start_ms: int, end_ms: int | None, start: parent.Start) -> bytes:
    """The print of this part of the file, as `app.audio.alike` compares it. Raises Failure, ChildCrashed."""
    values = ask(file, raw=True, start_ms=start_ms, end_ms=end_ms, start=start)
    if not isinstance(values, list) or len(values) > VALUES:
        raise Failure(FailureKind.PERMANENT, "There is no fingerprint of this file.")
    if not all(type(one) is int and 0 <= one < 2**32 for one in values):
        raise Failure(FailureKind.PERMANENT, "There is no fingerprint of this file.")
    return packed(values)


def in_child(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Child side: `source` through ffmpeg into fpcalc."""
    source = Path(args["source"])
    samples = [
        *(("-ss", f"{args['start_s']:.3f}") if args["start_s"] else ()),
        *("-v", "error", *ffmpeg.input_options(source, container_of(source)), "-map", "0:a:0"),
        # At the rate that they have: fpcalc brings them to its own, and another one's way gives other prints.
        *("-t", f"{args['length_s']:g}", "-c:a", "pcm_s16le", "-bitexact", "-f", "wav", "pipe:1"),
    ]
    reader = subprocess.Popen(
        [args["ffmpeg"], "-nostdin", "-hide_banner", "-nostats", *samples],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    form = ["-raw"] if args["raw"] else []
    with reader:
        done = subprocess.run(
            ["fpcalc", "-json", *form, "-length", str(LENGTH_S), "-format", "wav", "-"],
            stdin=reader.stdout,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    return {"fingerprint": json.loads(done.stdout or b"{}").get("fingerprint")}
