"""A track's fingerprint for AcoustID. `fpcalc` gets samples that our own ffmpeg made, never the file."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from app.audio import ffmpeg
from app.audio.gate import container_of
from app.children import limits, parent
from app.children.child import Emit
from app.errors import Failure
from app.lookups.turns import Trouble

LENGTH_S = 120
"""AcoustID compares the first two minutes."""
SECONDS = 60.0
LONGEST = 20_000

_FINGERPRINT = re.compile(r"[A-Za-z0-9_-]{20,}")


def is_possible() -> bool:
    """Whether `fpcalc` is installed (Debian: libchromaprint-tools)."""
    return shutil.which("fpcalc", path=parent.ENVIRONMENT["PATH"]) is not None


def fingerprint(file: Path) -> str:
    """The fingerprint of this audio file, made in a child. Raises Trouble when there is none."""
    if not is_possible():
        raise Trouble("acoustid: fpcalc is not installed")
    program = ffmpeg.find_ffmpeg()
    within = limits.offline(
        limits.FINGERPRINT, reads=[str(file)], programs=[program, *limits.ffmpegs(), "fpcalc"]
    )
    args = {"ffmpeg": program, "source": str(file)}
    try:
        found = parent.run("app.lookups.fingerprint:in_child", args, seconds=SECONDS, limits=within)
    except (Failure, parent.ChildCrashed) as error:
        raise Trouble(f"acoustid: no fingerprint ({error})") from error
    text = found.get("fingerprint")
    if not isinstance(text, str) or len(text) > LONGEST or not _FINGERPRINT.fullmatch(text):
        raise Trouble("acoustid: no fingerprint")
    return text


def in_child(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Child side: `source` through ffmpeg into fpcalc."""
    source = Path(args["source"])
    samples = [
        *("-v", "error", *ffmpeg.input_options(source, container_of(source)), "-map", "0:a:0"),
        # At the rate that they have: fpcalc brings them to its own, and another one's way gives other prints.
        *("-t", str(LENGTH_S), "-c:a", "pcm_s16le", "-bitexact", "-f", "wav", "pipe:1"),
    ]
    reader = subprocess.Popen(
        [args["ffmpeg"], "-nostdin", "-hide_banner", "-nostats", *samples],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with reader:
        done = subprocess.run(
            ["fpcalc", "-json", "-length", str(LENGTH_S), "-format", "wav", "-"],
            stdin=reader.stdout,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    return {"fingerprint": json.loads(done.stdout or b"{}").get("fingerprint")}
