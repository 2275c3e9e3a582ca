"""The few facts in a file's first bytes that mutagen does not tell."""

import re
import struct
from dataclasses import dataclass
from typing import BinaryIO

WINDOW_BYTES = 64 * 1024
MAX_ATOMS = 100

_ESDS = re.compile(rb"esds.*?\x05(?:\x80\x80\x80)?[\x02-\x10].(.)", re.DOTALL)

# WavPack's flags, from its format description.
_HYBRID, _FLOAT, _DSD = 0x8, 0x80, 0x8000_0000

# ASF's GUIDs for a stream's properties, and for sound.
_STREAM = bytes.fromhex("9107dcb7b7a9cf118ee600c00c205365")
_SOUND = bytes.fromhex("409e69f84d5bcf11a8fd00805f5c442b")
_WMA = {0x160: "wmav1", 0x161: "wmav2", 0x162: "wmapro", 0x163: "wmalossless"}


@dataclass(frozen=True)
class WmaSound:
    codec: str
    channels: int
    sample_rate_hz: int
    bitrate_bps: int
    bit_depth: int


def is_mono_aac(file: BinaryIO) -> bool:
    """For mono, mutagen repeats the 2 that every MP4 says; AAC's own header, in the esds, has it right."""
    found = _ESDS.search(_moov(file))
    return bool(found and found[1][0] >> 3 & 0xF == 1)


def form_of(file: BinaryIO) -> bytes:
    """`AIFF`, or `AIFC` for one that may be compressed."""
    return _start(file, 12)[8:12]


def wavpack_depth(file: BinaryIO) -> int | None:
    """Bits per sample; None where it is lossy, floating or one-bit sound, or tags come first."""
    head = _start(file, 32)
    if len(head) < 32 or not head.startswith(b"wvpk"):
        return None
    flags = int.from_bytes(head[24:28], "little")
    if flags & (_HYBRID | _FLOAT | _DSD):
        return None
    return ((flags & 3) + 1) * 8 - (flags >> 13 & 0x1F)


def wma_sound(file: BinaryIO) -> WmaSound | None:
    """The one sound of an ASF file; None where there are several streams, or another codec."""
    head = _start(file, WINDOW_BYTES)
    streams = [head[at.start() + 24 :] for at in re.finditer(re.escape(_STREAM), head)]
    sounds = [one for one in streams if one.startswith(_SOUND) and len(one) >= 70]
    if len(streams) != 1 or not sounds:
        return None
    tag, channels, rate, bytes_per_second, _, depth = struct.unpack_from("<HHIIHH", sounds[0], 54)
    codec = _WMA.get(tag)
    return WmaSound(codec, channels, rate, bytes_per_second * 8, depth) if codec else None


def _moov(file: BinaryIO) -> bytes:
    """The beginning of an MP4's index, where its first stream is described."""
    at = 0
    for _ in range(MAX_ATOMS):
        file.seek(at)
        head = file.read(16)
        size, name = int.from_bytes(head[:4], "big"), head[4:8]
        if name == b"moov":
            return file.read(WINDOW_BYTES)
        size = int.from_bytes(head[8:], "big") if size == 1 else size
        if size < 8:
            break
        at += size
    return b""


def _start(file: BinaryIO, number: int) -> bytes:
    file.seek(0)
    return file.read(number)
