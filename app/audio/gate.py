"""The gate before every parser: only files whose first bytes are those of a known audio container pass."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, NoReturn

from app.errors import Failure, FailureKind
from app.languages.say import say

# Our name of a container → the one ffmpeg demuxer that may read it.
FORMAT_WHITELIST: dict[str, str] = {
    "mp3": "mp3",
    "m4a": "mov",
    "mp4": "mov",
    "webm": "matroska",
    "mka": "matroska",
    "ogg": "ogg",
    "opus": "ogg",
    "ogv": "ogg",
    "flac": "flac",
    "wav": "wav",
    "aiff": "aiff",
    "aac": "aac",
    "ac3": "ac3",
    "ts": "mpegts",
    "flv": "flv",
    "wma": "asf",
    "wv": "wv",
    "ape": "ape",
}

WINDOW_BYTES = 128 * 1024
# Nearly every container says in so many bytes what it is. Only the frames of MPEG audio are looked for.
HEAD_BYTES = 1024
# Streams that were cut begin inside a frame, and some taggers leave zeros behind their tag.
MAX_JUNK_BYTES = 64 * 1024
FRAMES_IN_A_ROW = 4
MAX_ID3_TAGS = 8
TS_PACKET_BYTES = 188
# Every container that we know has other bytes than letters among its first.
TEXT_BYTES = 32

REFUSED = (
    ((b"#EXTM3U", b"ffconcat", b"[playlist]", b"#EXT-"), say("a playlist")),
    ((b"<",), say("a web page")),
    ((b"#!",), say("a script")),
    ((b"\x7fELF", b"MZ"), say("a program")),
)

# The bitrates of MPEG audio in kbit/s, by (MPEG-1?, layer); index 0 is "free", which we do not take.
BITRATES = {
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
SAMPLE_RATES_HZ = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def container_of(path: Path) -> str:
    """Our name of the file's container, a key of FORMAT_WHITELIST.

    Raises Failure for everything that is not a regular file of a known audio container: playlists, pages,
    scripts, text, links, pipes.
    """
    with open_regular(path) as file:
        return container_in(file)


def container_in(file: BinaryIO) -> str:
    """As `container_of`, for a regular file that is open."""
    head = _window(file, 0, HEAD_BYTES)
    if not head:
        _refuse(say("This file is empty, not audio."))
    if head.startswith(b"ID3"):
        return _behind_id3(file)
    return _container(head) or _frames(_window(file, 0)) or _refuse(say("This is not an audio file."))


def open_regular(path: Path) -> BinaryIO:
    """The file for reading, and never what a link or a pipe of that name leads to. Raises Failure."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise Failure(FailureKind.TEMPORARY, "The fetched file is gone. Fetch it again.") from error
    except OSError as error:
        raise Failure(FailureKind.PERMANENT, "This is not a file that can be read.") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        _refuse(say("This is not a regular file."))
    return os.fdopen(descriptor, "rb")


def _refuse(sentence: str) -> NoReturn:
    raise Failure(FailureKind.PERMANENT, f"{sentence} Try another link.")


def _window(file: BinaryIO, offset: int, size_bytes: int = WINDOW_BYTES) -> bytes:
    file.seek(offset)
    return file.read(size_bytes)


def _behind_id3(file: BinaryIO) -> str:
    """What follows the ID3 tags. A playlist there would be found by a parser that skips the tags, too."""
    offset = 0
    for _ in range(MAX_ID3_TAGS):
        head = _window(file, offset, HEAD_BYTES)
        if not head.startswith(b"ID3"):
            break
        offset += _id3_bytes(head)
    else:
        head = _window(file, offset, HEAD_BYTES)
    _refuse_strangers(head)
    if head.startswith(b"fLaC"):
        return "flac"
    return _frames(_window(file, offset)) or _refuse(say("This is not an audio file."))


def _id3_bytes(head: bytes) -> int:
    sizes = head[6:10]
    if len(sizes) < 4 or max(sizes) > 0x7F:
        _refuse(say("This is not an audio file."))
    size = sizes[0] << 21 | sizes[1] << 14 | sizes[2] << 7 | sizes[3]
    footer = 10 if head[5] & 0x10 else 0
    return 10 + size + footer


def _container(head: bytes) -> str:
    _refuse_strangers(head)
    for name, recognizes in MAGIC:
        if found := recognizes(head):
            return found if isinstance(found, str) else name
    return ""


def _refuse_strangers(head: bytes) -> None:
    start = head[:256].removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n\0")
    for beginnings, what in REFUSED:
        if start.startswith(beginnings):
            _refuse(say(f"This is {what}, not an audio file."))
    if all(0x20 <= byte < 0x7F or byte in b"\t\r\n" for byte in head[:TEXT_BYTES]):
        _refuse(say("This is text, not an audio file."))


def _mp4(head: bytes) -> str:
    if head[0] or head[4:8] not in (b"ftyp", b"styp", b"moov"):
        return ""
    return "m4a" if head[4:11] in (b"ftypM4A", b"ftypM4B") else "mp4"


def _matroska(head: bytes) -> str:
    if not head.startswith(b"\x1a\x45\xdf\xa3"):
        return ""
    start = head[:128]
    return "webm" if b"webm" in start else "mka" if b"matroska" in start else ""


def _ogg(head: bytes) -> str:
    if not head.startswith(b"OggS") or len(head) < 28:
        return ""
    first_packet = head[27 + head[26] :]
    if first_packet.startswith(b"OpusHead"):
        return "opus"
    # The first pages name every stream, and the picture does not have to come first.
    return "ogv" if b"\x80theora" in head[:512] else "ogg"


def _transport_stream(head: bytes) -> bool:
    last = 4 * TS_PACKET_BYTES
    return len(head) > last and all(head[at] == 0x47 for at in range(0, last + 1, TS_PACKET_BYTES))


def _starts(*beginnings: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(beginnings)


MAGIC: tuple[tuple[str, Callable[[bytes], str | bool]], ...] = (
    ("mp4", _mp4),
    ("webm", _matroska),
    ("ogg", _ogg),
    ("flac", _starts(b"fLaC")),
    ("wav", lambda head: head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE"),
    ("aiff", lambda head: head.startswith(b"FORM") and head[8:12] in (b"AIFF", b"AIFC")),
    ("wma", _starts(bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"))),
    ("flv", _starts(b"FLV\x01")),
    ("wv", lambda head: head.startswith(b"wvpk") and head[9:10] == b"\x04"),
    ("ape", lambda head: head.startswith(b"MAC ") and head[5:6] == b"\x0f"),
    ("ac3", _starts(b"\x0b\x77")),
    ("ts", _transport_stream),
)


def _frames(window: bytes) -> str:
    """ "mp3" or "aac" when some frames of it follow each other without a gap, else nothing."""
    at = window.find(b"\xff", 0, MAX_JUNK_BYTES)
    while at >= 0:
        for name, measure in (("mp3", _mpeg_frame), ("aac", _adts_frame)):
            if _in_a_row(window, at, measure):
                return name
        at = window.find(b"\xff", at + 1, MAX_JUNK_BYTES)
    return ""


def _in_a_row(window: bytes, at: int, measure: Callable[[bytes], tuple[int, bytes]]) -> bool:
    """Whether frames of one stream follow each other; a very short file may end after two."""
    length, stream = measure(window[at : at + 7])
    count = 0
    while length:
        count += 1
        at += length
        if count == FRAMES_IN_A_ROW or (at == len(window) < WINDOW_BYTES and count > 1):
            return True
        length, same = measure(window[at : at + 7])
        if same != stream:
            return False
    return False


def _mpeg_frame(header: bytes) -> tuple[int, bytes]:
    """The frame's length (0: not a frame) and what all frames of a stream have in common."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return 0, b""
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    bitrate, rate, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if version == 1 or layer == 4 or bitrate in (0, 15) or rate == 3:
        return 0, b""
    bits_per_s = BITRATES[version == 3, layer][bitrate - 1] * 1000
    rate_hz = SAMPLE_RATES_HZ[version][rate]
    stream = bytes((header[1] & 0xFE, header[2] & 0x0C))
    if layer == 1:
        return (12 * bits_per_s // rate_hz + padding) * 4, stream
    scale = 72 if layer == 3 and version != 3 else 144
    return scale * bits_per_s // rate_hz + padding, stream


def _adts_frame(header: bytes) -> tuple[int, bytes]:
    if len(header) < 7 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0:
        return 0, b""
    length = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    return (length if length > 7 else 0), bytes((header[1], header[2] & 0xFC))
