"""What we compare with: the bare `yt-dlp` command, alone or four at a time by `xargs`.

*bare* fetches the sound as it is. *whole* does what Inlay has done when a track is in the library: sound in
the wanted format (MP3 with the encoder settings that Inlay uses, V0), tags, cover.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from app.audio import ffmpeg
from tests.bench.figures import Run

PROGRAM = [
    str(Path(sys.executable).with_name("yt-dlp")),
    "--ignore-config",
    "--no-update",
    "-q",
    "--no-warnings",
]
BARE = ["-f", "bestaudio"]
WHOLE = {
    "original": ["-x", "--embed-metadata", "--embed-thumbnail"],
    "mp3": [
        *("-x", "--embed-metadata", "--embed-thumbnail"),
        *("--audio-format", "mp3", "--audio-quality", "0"),
    ],
}


def encoders() -> str:
    """Which ffmpeg each side has. yt-dlp takes the one of the PATH, as it does for everybody."""
    theirs = ffmpeg.version(shutil.which("ffmpeg") or "")
    return f"ffmpeg {theirs or 'none'}, ours {ffmpeg.version(ffmpeg.find_ffmpeg())}"


def yt_dlp(url: str, options: Sequence[str]) -> Run:
    return _run([*PROGRAM, *options, url])


def xargs(urls: Sequence[str], options: Sequence[str], *, at_once: int = 4) -> Run:
    """One command a track, `at_once` of them at any time."""
    return _run(["xargs", "-n1", f"-P{at_once}", *PROGRAM, *options], "\n".join(urls))


def _run(command: Sequence[str], input: str = "") -> Run:
    with tempfile.TemporaryDirectory(prefix="inlay-bench-") as folder, tempfile.TemporaryFile() as stdin:
        stdin.write(input.encode())
        stdin.seek(0)
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdin=stdin)
        _, status, usage = os.wait4(process.pid, 0)
        took = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, f"{command[0]} ended with {process.returncode}"
        return Run(took, usage.ru_utime + usage.ru_stime)
