"""Real audio and pictures for tests, made by ffmpeg once per machine and kept in `tests/.cache/`."""

import hashlib
import io
import os
import shutil
import struct
import subprocess
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import imageio_ffmpeg
from PIL import Image, ImageDraw

CACHE = Path(__file__).resolve().parents[1] / ".cache" / "media"
BENCH_SECONDS = 240.0
PHRASE_S = 12.0


@dataclass(frozen=True)
class Kind:
    """How ffmpeg makes one kind of file."""

    suffix: str
    codec: tuple[str, ...]
    sample_rate_hz: int = 44_100


_AAC = ("-c:a", "aac", "-b:a", "128k", "-movflags", "+faststart")
_FLAC24 = ("-c:a", "flac", "-sample_fmt", "s32", "-bits_per_raw_sample", "24")
_VIDEO = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-shortest")

KINDS = {
    "mp3": Kind(".mp3", ("-c:a", "libmp3lame", "-b:a", "192k", "-id3v2_version", "3")),
    "m4a": Kind(".m4a", _AAC),
    "opus": Kind(".opus", ("-c:a", "libopus", "-b:a", "128k"), 48_000),
    "ogg": Kind(".ogg", ("-c:a", "libvorbis", "-q:a", "5")),
    "flac": Kind(".flac", ("-c:a", "flac", "-sample_fmt", "s16")),
    "flac24": Kind(".flac", _FLAC24, 96_000),
    "alac": Kind(".m4a", ("-c:a", "alac", "-sample_fmt", "s16p", "-movflags", "+faststart")),
    "wav": Kind(".wav", ("-c:a", "pcm_s16le")),
    "webm": Kind(".webm", ("-c:a", "libopus", "-b:a", "128k"), 48_000),
    "mp4": Kind(".mp4", (*_VIDEO, *_AAC)),
}


@cache
def ffmpeg() -> str:
    """The ffmpeg that makes the files: the system's, else the one that comes with imageio-ffmpeg."""
    return shutil.which("ffmpeg") or imageio_ffmpeg.get_ffmpeg_exe()


def programs() -> list[str]:
    """Every ffmpeg that is here: strangers' files meet the one or the other."""
    system = shutil.which("ffmpeg")
    return [*([system] if system else []), imageio_ffmpeg.get_ffmpeg_exe()]


def make(
    kind: str,
    seconds: float = 12,
    *,
    pitch_hz: float = 220,
    gain_db: float = 0,
    tags: Mapping[str, str] | None = None,
) -> Path:
    """A file of music of this kind (a key of KINDS) and length. Read it, copy it, never change it.

    Another `pitch_hz` gives other music; `gain_db` another loudness; `tags` go into the file as ffmpeg
    names them (title, artist, album …).
    """
    recipe = KINDS[kind]
    arguments = [
        *_inputs(kind, _music(recipe.sample_rate_hz, seconds, pitch_hz), seconds),
        *("-af", f"volume={gain_db:g}dB"),
        *("-t", f"{seconds:g}", "-map_metadata", "-1", "-fflags", "+bitexact"),
        *(part for key, value in (tags or {}).items() for part in ("-metadata", f"{key}={value}")),
        *recipe.codec,
    ]
    name = f"{kind}-{seconds:g}s-{_digest(arguments)}{recipe.suffix}"
    return _cached(name, arguments)


def hls(audio: Path, segment_seconds: float = 4) -> Path:
    """A folder with this audio as HLS: `index.m3u8` and AAC segments in MPEG-TS."""
    content = hashlib.sha256(audio.read_bytes()).hexdigest()[:12]
    folder = CACHE / f"hls-{audio.stem[:40]}-{content}-{segment_seconds:g}s"
    if folder.is_dir():
        return folder
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="making-", dir=CACHE) as parent:
        making = Path(parent) / "hls"
        making.mkdir()
        _run(["-i", str(audio), *_segmenting(making, segment_seconds)])
        try:
            making.rename(folder)
        except OSError:
            # Another process was first: a folder with files in it cannot be replaced, and need not be.
            if not folder.is_dir():
                raise
    return folder


def _segmenting(folder: Path, seconds: float) -> list[str]:
    audio = ["-map", "0:a:0", "-c:a", "aac", "-b:a", "128k"]
    lists = ["-hls_time", f"{seconds:g}", "-hls_list_size", "0", "-hls_playlist_type", "vod"]
    names = ["-hls_segment_filename", str(folder / "segment%03d.ts")]
    return [*audio, *lists, *names, "-f", "hls", str(folder / "index.m3u8")]


def picture(width: int, height: int, form: Literal["jpeg", "png", "webp"] = "jpeg") -> bytes:
    """A picture with a gradient and some shapes, so that a wrong crop or scale can be seen."""
    image = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    draw = ImageDraw.Draw(image)
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    draw.ellipse((left, top, left + side - 1, top + side - 1), fill=(200, 60, 40))
    draw.rectangle((0, 0, width // 8, height // 8), fill=(20, 120, 200))
    written = io.BytesIO()
    image.save(written, form)
    return written.getvalue()


def huge_picture(width: int = 15_000, height: int = 15_000) -> bytes:
    """A valid one-bit PNG that is small as a file and enormous as pixels."""
    row = b"\0" * (1 + (width + 7) // 8)
    packer = zlib.compressobj(9)
    pixels = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    parts = (_png_part(b"IHDR", header), _png_part(b"IDAT", pixels), _png_part(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _png_part(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _inputs(kind: str, music: Path, seconds: float) -> list[str]:
    if kind != "mp4":
        return ["-i", str(music)]
    picture = f"testsrc2=size=320x180:rate=10:duration={seconds:g}"
    return ["-i", str(music), "-f", "lavfi", "-i", picture, "-map", "0:a", "-map", "1:v"]


def _music(sample_rate_hz: int, seconds: float, pitch_hz: float) -> Path:
    """The one 24-bit original that all kinds of one length and pitch are encoded from.

    What is longer than a phrase repeats it: to reckon four minutes takes half a minute, to repeat none.
    """
    phrase = min(seconds, PHRASE_S)
    exprs = _chord(pitch_hz, loud_from=seconds / 2 if phrase == seconds else None)
    source = f"aevalsrc=exprs='{exprs}':s={sample_rate_hz}:d={phrase:g}"
    if phrase < seconds:
        louder = f"volume='{_loudness(seconds / 2)}':eval=frame:precision=double"
        source += f",aloop=loop=-1:size={int(phrase * sample_rate_hz)},atrim=duration={seconds:g},{louder}"
    original = ["-f", "lavfi", "-i", source]
    arguments = [*original, "-c:a", "flac", "-sample_fmt", "s32", "-bits_per_raw_sample", "24"]
    return _cached(f"music-{seconds:g}s-{_digest(arguments)}.flac", arguments)


def _loudness(loud_from: float) -> str:
    return f"(0.35+0.55*gte(t,{loud_from:g}))"


def _chord(pitch_hz: float, loud_from: float | None) -> str:
    """A chord that steps through four notes, a slow beat, some noise, and a quiet and a loud half."""
    note = f"{pitch_hz:g}*(1+0.125*floor(mod(t,4)))"
    beat = "(0.55+0.45*cos(2*PI*2*t))"
    loudness = _loudness(loud_from) if loud_from is not None else "1"
    partials = ((1.0, 0.30), (1.5, 0.18), (2.0, 0.12), (5.0, 0.05), (11.0, 0.03))
    left = "+".join(f"{level}*sin(2*PI*{note}*{ratio}*t)" for ratio, level in partials)
    right = "+".join(f"{level}*sin(2*PI*{note}*{ratio * 1.002:g}*t+1)" for ratio, level in partials)
    noise = "0.04*(random({})-0.5)"
    sides = (f"{loudness}*({beat}*({side})+{noise.format(seed)})" for seed, side in enumerate((left, right)))
    return "|".join(sides)


def cached(stem: str, suffix: str, arguments: list[str]) -> Path:
    """What ffmpeg makes with these arguments."""
    return _cached(f"{stem}-{_digest(arguments)}{suffix}", arguments)


def _cached(name: str, arguments: list[str]) -> Path:
    """Two test processes may make the same file at once: each writes its own, the last one stays."""
    path = CACHE / name
    if path.exists():
        return path
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="making-", dir=CACHE) as folder:
        making = Path(folder) / name
        _run([*arguments, str(making)])
        os.replace(making, path)
    return path


def _run(arguments: list[str]) -> None:
    command = [ffmpeg(), "-hide_banner", "-nostdin", "-loglevel", "error", "-y", *arguments]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=300)


def _digest(arguments: list[str]) -> str:
    return hashlib.sha256("\0".join(arguments).encode()).hexdigest()[:8]
