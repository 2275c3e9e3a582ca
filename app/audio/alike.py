"""Do two files sound the same? Chromaprint's values of both, laid over each other and counted bit by bit.

A print has eight values of 32 bits a second. Laid over each other as well as they can be, the share of bits
that differ was, for ten kinds of music, speech and noise (melodies and chords at eight tempos, 70 s each):

    MP3 at 64, 128, 320 kbit/s      up to 0.05, 0.01, 0.00
    Opus at 64, 128; AAC at 128     up to 0.06, 0.02, 0.04
    FLAC; 48 kHz; 22 kHz at 64      0.00; 0.00; up to 0.04
    2, 5, 10 s cut off, transcoded  up to 0.06, 0.02, 0.04
    6 dB louder; other bass, treble up to 0.01; 0.05
    3 % faster (noise left out)     0.27 to 0.34
    10 % faster; a half tone up     0.32 to 0.41; 0.39 to 0.45
    other music                     0.42 to 0.50

Noise sounds like noise at any speed (0.13 and more). One comparison takes 2 to 4 ms for two minutes: all
offsets are tried, on two large integers. So that few are made, each print has some words: values that both
have if they sound the same, however they are cut. Of 24 there were at least one and up to 24 in common for
all of the first six lines above, and none for other music.
"""

import heapq
import sys
import zlib
from array import array
from collections.abc import Sequence
from enum import Enum
from functools import lru_cache

PER_SECOND = 8
VALUES = 1_000
"""At most: two minutes are 948."""
SHIFT = 12 * PER_SECOND
"""How far one is moved along the other, each way."""
LEAST = 15 * PER_SECOND
"""Fewer values in common tell nothing."""
LEAST_SHARE = 0.7
"""Of the longer one that has to be in common: a jingle is not the song that it is taken from."""
LEAST_DISTINCT = 32
"""A print of silence, or of one long tone, is like any other of that kind."""
SAME = 0.12
DIFFERENT = 0.25
WORDS = 24

_SPREAD = 2_654_435_761
"""Odd, so that no two values are spread to the same; the words are those that come out smallest."""


class Sounds(Enum):
    SAME = "same"
    DIFFERENT = "different"
    UNKNOWN = "unknown"
    """Neither for certain, or there is too little of one of them."""


def packed(values: Sequence[int]) -> bytes:
    """As it is stored: in two thirds of the room. Neighbours differ in few bits, so these are written."""
    steps = [one ^ before for one, before in zip(values, [0, *values], strict=False)]
    written = _little(array("I", steps)).tobytes()
    return zlib.compress(b"".join(written[start::4] for start in range(4)), 9) if values else b""


def unpacked(stored: bytes) -> "array[int]":
    """The values. What cannot be read is no print."""
    try:
        planes = zlib.decompress(stored) if stored else b""
    except zlib.error:
        return array("I")
    number = len(planes) // 4
    written = bytearray(4 * number)
    for start in range(4):
        written[start::4] = planes[start * number : (start + 1) * number]
    values = _little(array("I", bytes(written)))
    for at in range(1, number):
        values[at] ^= values[at - 1]
    return values


def words(stored: bytes) -> list[int]:
    """Some of its values, the same ones wherever it begins. Nothing for what tells too little."""
    distinct = set(unpacked(stored))
    if len(distinct) < LEAST_DISTINCT:
        return []
    return heapq.nsmallest(WORDS, distinct, key=lambda value: value * _SPREAD & 0xFFFFFFFF)


def compare(one: bytes, other: bytes) -> Sounds:
    """Of two prints as they are stored; either may be empty."""
    share = difference(one, other) if one and other else None
    if share is None or SAME < share < DIFFERENT:
        return Sounds.UNKNOWN
    return Sounds.SAME if share <= SAME else Sounds.DIFFERENT


@lru_cache(256)
def difference(one: bytes, other: bytes) -> float | None:
    """The share of bits that differ where they fit best; None when there is too little to be compared."""
    first, second = unpacked(one), unpacked(other)
    if min(len(set(first)), len(set(second))) < LEAST_DISTINCT:
        return None
    least = max(LEAST, LEAST_SHARE * max(len(first), len(second)))
    shares = [
        share
        for behind, before in ((first, second), (second, first))
        for share in _shares(behind, before, least)
    ]
    return min(shares, default=None)


def _shares(behind: "array[int]", before: "array[int]", least: float) -> list[float]:
    """For each way in which `behind` may have begun earlier than `before`."""
    one, other = (int.from_bytes(_little(values[:]).tobytes(), "little") for values in (behind, before))
    found = []
    for shift in range(SHIFT + 1):
        number = min(len(behind) - shift, len(before))
        if number < least:
            break
        both = ((one >> 32 * shift) ^ other) & ((1 << 32 * number) - 1)
        found.append(both.bit_count() / (32 * number))
    return found


def _little(values: "array[int]") -> "array[int]":
    if sys.byteorder == "big":
        values.byteswap()
    return values
