"""An MP4 whose data reference is another file on the disk of whoever opens it."""

import struct
from pathlib import Path


def with_outside_media(m4a: bytes, file: Path) -> bytes:
    """The movie with its samples at the same offsets of `file` instead: an `alis` entry with its path.

    The index is at the front, so what is added to it moves the samples, which no longer matter.
    """
    path = f"x:{str(file).removeprefix('/').replace('/', ':')}".encode()
    path += b"\0" * (len(path) % 2)
    # Volume and file name, as short Pascal strings in their fixed places, and no levels between the two.
    alias = bytes(10) + b"\1x".ljust(28, b"\0") + bytes(12) + b"\1x".ljust(64, b"\0") + bytes(16)
    alias += struct.pack(">hh", -1, -1) + bytes(16) + struct.pack(">HH", 2, len(path)) + path
    alias += struct.pack(">hH", -1, 0)
    entry = struct.pack(">I4sI", 12 + len(alias), b"alis", 0) + alias
    reference = struct.pack(">I4sII", 16 + len(entry), b"dref", 0, 1) + entry
    return _replaced(m4a, (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"), reference)


def _replaced(atoms: bytes, way: tuple[bytes, ...], new: bytes) -> bytes:
    """The atoms with the one at the end of `way` replaced, and all around it as long as they have to be."""
    made, at = b"", 0
    while at < len(atoms):
        size, name = struct.unpack(">I4s", atoms[at : at + 8])
        inner = atoms[at : at + size]
        if name == way[0]:
            inner = new if len(way) == 1 else _replaced(inner[8:], way[1:], new)
            if len(way) > 1:
                inner = struct.pack(">I4s", 8 + len(inner), name) + inner
        made += inner
        at += size
    return made
