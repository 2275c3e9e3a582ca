"""More kinds of real audio than `tests.media.audio` has, and ffprobe's view of a file."""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.media.audio import KINDS, ffmpeg, make

_VIDEO = ("-f", "lavfi", "-i", "testsrc2=size=64x64:rate=10:duration=2", "-map", "0:a", "-map", "1:v")

# name → (ending, ffmpeg's options); all made from two seconds of our own music.
MORE: dict[str, tuple[str, tuple[str, ...]]] = {
    "adts": ("aac", ("-c:a", "aac")),
    "ts": ("ts", ("-c:a", "aac")),
    "dash": ("m4a", ("-c:a", "aac", "-movflags", "frag_keyframe+empty_moov+dash", "-f", "mp4")),
    "mono_m4a": ("m4a", ("-c:a", "aac", "-ac", "1")),
    "mp3_vbr": ("mp3", ("-c:a", "libmp3lame", "-q:a", "0")),
    "mp3_without_xing": ("mp3", ("-c:a", "libmp3lame", "-q:a", "4", "-write_xing", "0")),
    "mp2": ("mp2", ("-c:a", "mp2")),
    "wav24": ("wav", ("-c:a", "pcm_s24le", "-ar", "96000")),
    "wav_float": ("wav", ("-c:a", "pcm_f32le")),
    "mp3_in_wav": ("wav", ("-c:a", "libmp3lame")),
    "aiff": ("aiff", ()),
    "alac_96": ("m4a", ("-c:a", "alac", "-sample_fmt", "s32p", "-ar", "96000")),
    "flac_in_mp4_96": (
        "mp4",
        ("-c:a", "flac", "-sample_fmt", "s32", "-bits_per_raw_sample", "24", "-ar", "96000", "-strict", "-2"),
    ),
    "mono_mp3": ("mp3", ("-c:a", "libmp3lame", "-b:a", "96k", "-ac", "1")),
    "mp3_320": ("mp3", ("-c:a", "libmp3lame", "-b:a", "320k")),
    "alac24": ("m4a", ("-c:a", "alac", "-sample_fmt", "s32p")),
    "flac_in_ogg": ("ogg", ("-c:a", "flac", "-sample_fmt", "s16")),
    "flac_in_mp4": ("mp4", ("-c:a", "flac", "-sample_fmt", "s16", "-strict", "-2")),
    "flac_176": ("flac", ("-c:a", "flac", "-sample_fmt", "s32", "-ar", "176400")),
    "surround": ("mka", ("-af", "aformat=channel_layouts=5.1(side)", "-c:a", "flac", "-sample_fmt", "s16")),
    "vorbis_in_webm": ("webm", ("-c:a", "libvorbis",)),
    "theora": ("ogv", (*_VIDEO, "-c:a", "libvorbis", "-c:v", "libtheora")),
    "wma": ("wma", ("-c:a", "wmav2")),
    "wavpack": ("wv", ("-c:a", "wavpack", "-sample_fmt", "s16p")),
    "ac3": ("ac3", ("-c:a", "ac3")),
    "flv": ("flv", ("-c:a", "aac")),
}  # fmt: skip


def made(kind: str, folder: Path) -> Path:
    """Two seconds of this kind; a new file in `folder` when `tests.media.audio` does not know the kind."""
    if kind in KINDS:
        return make(kind, 2)
    ending, options = MORE[kind]
    path = folder / f"{kind}.{ending}"
    inputs, outputs = _split(options)
    run("-i", str(make("flac24", 2)), *inputs, *outputs, "-map_metadata", "-1", str(path))
    return path


def _split(options: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    defaults = () if "-ar" in options else ("-ar", "44100")
    if options[:2] == _VIDEO[:2]:
        return _VIDEO, (*options[len(_VIDEO) :], *defaults)
    return (), (*options, *defaults)


def run(*arguments: str) -> bytes:
    """ffmpeg's standard output."""
    command = [ffmpeg(), "-v", "error", "-nostdin", "-y", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=60).stdout


def decoded(path: Path, sample: str = "s32le") -> bytes:
    """A digest of every sample."""
    return run("-i", str(path), "-map", "0:a:0", "-c:a", f"pcm_{sample}", "-f", "md5", "-")


def packets(path: Path) -> bytes:
    """A digest of the encoded sound as it is in the file."""
    return run("-i", str(path), "-map", "0:a:0", "-c", "copy", "-f", "md5", "-")


def ffprobe(path: Path) -> dict[str, Any]:
    """The format and all streams as ffprobe tells them; the first sound stream is also under "sound"."""
    command = ["ffprobe", "-v", "error", "-of", "json", "-show_format", "-show_streams", str(path)]
    told: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    told["sound"] = next(stream for stream in told["streams"] if stream["codec_type"] == "audio")
    return told
