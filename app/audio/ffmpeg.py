"""The one way to start ffmpeg: found once, without a shell, and with nothing but the gated file to read."""

import re
import shutil
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

import imageio_ffmpeg

from app.audio.gate import FORMAT_WHITELIST
from app.errors import Failure, FailureKind

ENCODERS = ("libmp3lame", "aac", "libopus", "libvorbis", "flac")
# The decoders that a track can need; a strange stream beside the music then finds no parser at all.
DECODERS = (
    *("mp3float", "mp3", "mp2float", "mp2", "mp1float", "mp1"),
    *("aac", "aac_latm", "alac", "opus", "libopus", "vorbis", "libvorbis", "flac", "speex", "libspeex"),
    *("ac3", "eac3", "wmav1", "wmav2", "wmapro", "wmalossless", "wavpack", "ape", "truehd"),
    *("pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le"),
    *("pcm_s8", "pcm_s16be", "pcm_s24be", "pcm_s32be", "pcm_f32be", "pcm_mulaw", "pcm_alaw"),
    *("adpcm_ms", "adpcm_ima_wav", "adpcm_swf", "nellymoser"),
)
MAX_STDERR_BYTES = 64 * 1024
CHECK_S = 20


@dataclass(frozen=True)
class Finished:
    """How one run of ffmpeg ended. `errors` is the end of what it wrote to its standard error."""

    code: int
    errors: str


@cache
def find_ffmpeg() -> str:
    """The path of an ffmpeg with every encoder we need: the system's or imageio-ffmpeg's, the newer one.

    A newer one is hardened against more of what strangers make, and faster: 9.0 takes a fifth less time than
    5.1 for an MP3, and two thirds of the memory. Starts some processes the first time. Raises Failure when
    there is none.
    """
    usable = [path for path in (shutil.which("ffmpeg"), _bundled()) if path and _has_encoders(path)]
    if not usable:
        raise Failure(
            FailureKind.NEEDS_YOU,
            "No usable ffmpeg was found. "
            "Install ffmpeg with libmp3lame, libopus and libvorbis, then try again.",
        )
    return max(usable, key=lambda path: release(version(path)))


def _bundled() -> str | None:
    try:
        path: str = imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError:
        return None
    return path


def release(version: str) -> tuple[int, ...]:
    """What of a version can be compared: (5, 1) of "5.1.9-0+deb12u1", (9, 0) of "n9.0.2"; else nothing."""
    found = re.match(r"n?(\d+)\.(\d+)", version)
    return tuple(map(int, found.groups())) if found else ()


def version(path: str) -> str:
    """The version as ffmpeg itself says it, for example "5.1.9-0+deb12u1"; empty when it does not run."""
    found = re.match(r"ffmpeg version (\S+)", _asked(path, "-version"))
    return found[1] if found else ""


def input_options(path: Path, container: str) -> list[str]:
    """Read this file, as this container and nothing else. `container` is the gate's answer."""
    demuxer = FORMAT_WHITELIST[container]
    # By default it starts a thread per core, and each takes address space that a limited child does not have.
    return [
        *("-threads", "1"),
        *("-protocol_whitelist", "file", "-format_whitelist", demuxer),
        *("-codec_whitelist", ",".join(DECODERS), "-f", demuxer),
        *("-vn", "-sn", "-dn", "-i", f"file:{path}"),
    ]


def run(program: str, arguments: list[str], on_line: Callable[[str], None] | None = None) -> Finished:
    """Run ffmpeg to its end; `on_line` gets each line of its standard output. Never outlives this call."""
    process = subprocess.Popen(
        [program, "-nostdin", "-hide_banner", "-nostats", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout
    assert process.stderr
    tail = bytearray()
    reader = threading.Thread(target=_keep_tail, args=(process.stderr, tail), daemon=True)
    reader.start()
    try:
        for line in process.stdout:
            if on_line:
                on_line(line.decode(errors="replace").strip())
        code = process.wait()
        reader.join()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    return Finished(code, tail.decode(errors="replace"))


def _keep_tail(stream: IO[bytes], tail: bytearray) -> None:
    with stream:
        while chunk := stream.read(8192):
            tail += chunk
            del tail[:-MAX_STDERR_BYTES]


def _has_encoders(path: str) -> bool:
    # A row of the list: " A....D libmp3lame           libmp3lame MP3 …"
    offered = set(re.findall(r"^ A\S+ (\S+)", _asked(path, "-encoders"), re.MULTILINE))
    return offered.issuperset(ENCODERS)


def _asked(path: str, question: str) -> str:
    try:
        answer = subprocess.run(
            [path, "-hide_banner", question], stdin=subprocess.DEVNULL, capture_output=True, timeout=CHECK_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.decode(errors="replace")
