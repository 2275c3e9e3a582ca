"""Files that look like music or like a cover and make whoever parses them suffer (secrel §5, rows 15, 16)."""

import io
import struct
import zlib
from collections.abc import Callable

from PIL import Image

from tests.media.audio import huge_picture, make, picture


def syncsafe(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def _id3(*frames: bytes) -> bytes:
    body = b"".join(frames)
    return b"ID3\4\0\0" + syncsafe(len(body)) + body


def _mp3() -> bytes:
    return make("mp3", 3).read_bytes()


def id3_zlib() -> bytes:
    """secrel's own: an MP3 of 832 kB with a frame that unpacks to some 800 MB; mutagen took 2.4 GB for it."""
    packer = zlib.compressobj(9)
    packed = packer.compress(b"\3") + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b"A" * 2**24) + packer.flush(zlib.Z_FULL_FLUSH)
    packed += block * (780_000 // len(block))
    return _id3(b"TIT2" + syncsafe(len(packed) + 4) + b"\0\x09" + syncsafe(2**27) + packed) + _mp3()


def id3_picture_of_4_gb() -> bytes:
    """An APIC frame that claims more than there is, in a tag of version 2.3, whose sizes have 32 bits."""
    frame = b"APIC" + struct.pack(">I", 2**32 - 1) + b"\0\0" + b"\0image/jpeg\0\3\0" + b"\xff\xd8" * 400
    return b"ID3\3\0\0" + syncsafe(len(frame)) + frame + _mp3()


def id3_many_frames() -> bytes:
    """100,000 frames in one tag."""
    return _id3((b"TXXX" + syncsafe(5) + b"\0\0\3a\0b\0") * 100_000) + _mp3()


def flac_million_comments() -> bytes:
    sound = make("flac", 3).read_bytes()
    comments = struct.pack("<II", 0, 1_000_000) + (struct.pack("<I", 7) + b"TITLE=a") * 1_000_000
    block = b"\x84" + len(comments).to_bytes(3, "big") + comments
    return sound[:4] + b"\0" + sound[5:42] + block + sound[42:]


def flac_comment_of_4_gb() -> bytes:
    """A comment that claims four gigabytes, and four billion more behind it."""
    sound = make("flac", 3).read_bytes()
    comments = struct.pack("<IIII", 0, 2**32 - 1, 2**32 - 1, 0)
    return (
        sound[:4] + b"\0" + sound[5:42] + b"\x84" + len(comments).to_bytes(3, "big") + comments + sound[42:]
    )


def flac_truncated() -> bytes:
    sound = make("flac", 12).read_bytes()
    return sound[: len(sound) // 3]


def mp4_nested() -> bytes:
    """Atoms in atoms, 20,000 deep: as near to a circle as sizes allow."""
    atoms = b""
    for _ in range(20_000):
        atoms = struct.pack(">I4s", len(atoms) + 8, b"moov") + atoms
    return b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42" + atoms


def mp4_circle() -> bytes:
    """Atoms of size nought and one, which mean "to the end" and "see behind", again and again."""
    inner = struct.pack(">I4sQ", 1, b"trak", 16) * 50_000 + struct.pack(">I4s", 0, b"udta")
    return b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42" + struct.pack(">I4s", len(inner) + 8, b"moov") + inner


def mp4_four_billion_samples() -> bytes:
    """A real M4A whose sample tables claim four billion entries."""
    sound = make("m4a", 3).read_bytes()
    for name in (b"stts", b"stsz", b"stco", b"stsc"):
        at = sound.index(name) + (12 if name == b"stsz" else 8)
        sound = sound[:at] + b"\xff\xff\xff\xff" + sound[at + 4 :]
    return sound


def ogg_endless_comment() -> bytes:
    """Opus whose tags claim a length that never ends."""
    sound = make("opus", 3).read_bytes()
    at = sound.index(b"OpusTags") + 8
    return sound[:at] + b"\xff\xff\xff\x7f" + sound[at + 4 :]


def wav_in_circles() -> bytes:
    """Ten thousand empty chunks, and a last one of four gigabytes."""
    sound = make("wav", 3).read_bytes()
    return sound[:12] + b"LIST\0\0\0\0" * 10_000 + b"id3 \xff\xff\xff\xff" + sound[12:]


BOMBS: dict[str, Callable[[], bytes]] = {
    "id3-zlib.mp3": id3_zlib,
    "id3-picture-of-4-gb.mp3": id3_picture_of_4_gb,
    "id3-many-frames.mp3": id3_many_frames,
    "flac-million-comments.flac": flac_million_comments,
    "flac-comment-of-4-gb.flac": flac_comment_of_4_gb,
    "flac-truncated.flac": flac_truncated,
    "mp4-nested.m4a": mp4_nested,
    "mp4-circle.m4a": mp4_circle,
    "mp4-four-billion-samples.m4a": mp4_four_billion_samples,
    "ogg-endless-comment.opus": ogg_endless_comment,
    "wav-in-circles.wav": wav_in_circles,
}


def gif_of_many_frames() -> bytes:
    """100,000 frames of one pixel."""
    frame = b"!\xf9\4\0\1\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0"
    return b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff" + frame * 100_000 + b";"


def _saved(form: str) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(written, form)
    return written.getvalue()


PICTURES: dict[str, Callable[[], bytes]] = {
    "png of 30,000 by 30,000": lambda: huge_picture(30_000, 30_000),
    "gif of 100,000 frames": gif_of_many_frames,
    "photoshop": lambda: b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 30_000, 30_000, 8, 3) + bytes(64),
    "postscript": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file\n",
    "fits": lambda: b"SIMPLE  =                    T".ljust(80) + b"NAXIS   = 9999".ljust(2800),
    "tiff": lambda: _saved("TIFF"),
    "jpeg and a page": lambda: picture(64, 64) + b"<html><script>alert(1)</script></html>",
    "page and a jpeg": lambda: b"<html><script>alert(1)</script>" + picture(64, 64),
}
