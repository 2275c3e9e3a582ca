"""Files over HTTP: parts of them for players that jump, and nothing at all for who has them already."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

from litestar import Request, Response
from litestar.response import Stream

from app.errors import NotFound

AnyRequest = Request[Any, Any, Any]

CHUNK_BYTES = 256 * 1024
AUDIO_TYPES = {
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "m4b": "audio/mp4",
    "mp4": "audio/mp4",
    "aac": "audio/aac",
    "opus": "audio/ogg",
    "ogg": "audio/ogg",
    "oga": "audio/ogg",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "aif": "audio/aiff",
    "aiff": "audio/aiff",
    "wma": "audio/x-ms-wma",
    "wv": "audio/x-wavpack",
    "webm": "audio/webm",
    "mka": "audio/x-matroska",
    "ts": "audio/mp2t",
}


@dataclass(frozen=True)
class Part:
    """The bytes of a file that are wanted: from `start` up to, not including, `end`."""

    start: int
    end: int


def audio_response(
    request: AnyRequest, path: Path, content_type: str = "", filename: str = ""
) -> Response[Any]:
    """An audio file, or the part of it that the request's Range asks for. Follows no link.

    `content_type` is by default what the file's ending says, and `filename` its name. Raises NotFound.
    """
    kind = content_type or audio_type(path.name)
    return file_response(request, _open(path), kind, filename or path.name)


def picture_response(request: AnyRequest, path: Path) -> Response[Any]:
    """A JPEG of our own making. Raises NotFound."""
    return file_response(request, _open(path), "image/jpeg", path.name)


def audio_type(name: str) -> str:
    return AUDIO_TYPES.get(name.rpartition(".")[2].lower(), "application/octet-stream")


def file_response(
    request: AnyRequest, descriptor: int, content_type: str, filename: str, *, to_keep: bool = False
) -> Response[Any]:
    """An open file, in parts if asked for; a browser saves one `to_keep`. Takes over the descriptor."""
    file = os.fdopen(descriptor, "rb", buffering=0)
    facts = os.fstat(descriptor)
    etag = f'"{facts.st_ino:x}-{facts.st_size:x}-{facts.st_mtime_ns:x}"'
    place = "attachment" if to_keep else "inline"
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": f"{place}; filename*=UTF-8''{quote(filename, safe='', errors='replace')}",
        "Content-Type": content_type,
        "ETag": etag,
        "X-Content-Type-Options": "nosniff",
    }
    if etag in request.headers.get("if-none-match", ""):
        file.close()
        return Response(None, status_code=304, headers=headers)
    part = _wanted(request, facts.st_size, etag)
    if part is None:
        file.close()
        headers |= {"Content-Range": f"bytes */{facts.st_size}", "Content-Length": "0"}
        return Response(b"", status_code=416, headers=headers, media_type=content_type)
    whole = part == Part(0, facts.st_size)
    headers["Content-Length"] = str(part.end - part.start)
    if not whole:
        headers["Content-Range"] = f"bytes {part.start}-{part.end - 1}/{facts.st_size}"
    status = 200 if whole else 206
    if request.method == "HEAD":
        file.close()
        return Response(b"", status_code=status, headers=headers, media_type=content_type)
    return Stream(_chunks(file, part), status_code=status, headers=headers, media_type=content_type)


def _open(path: Path) -> int:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise NotFound("This file is not there any more.") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotFound("This is not a file.")
    return descriptor


def _wanted(request: AnyRequest, size: int, etag: str) -> Part | None:
    """All of it when no part is asked for, or not in words that we know. None when there is no such part."""
    whole = Part(0, size)
    unit, _, asked = request.headers.get("range", "").partition("=")
    first, dash, last = asked.strip().partition("-")
    known = unit.strip().lower() == "bytes" and dash and (_is_number(first) or first == "")
    # Who has the beginning of another version needs all of this one.
    if not known or request.headers.get("if-range", etag) != etag:
        return whole
    if first == "":
        if not _is_number(last):
            return whole
        return Part(max(0, size - int(last)), size) if int(last) and size else None
    if last and not (_is_number(last) and int(last) >= int(first)):
        return whole
    if int(first) >= size:
        return None
    return Part(int(first), min(int(last) + 1, size) if last else size)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20


def _chunks(file: BinaryIO, part: Part) -> Iterator[bytes]:
    with file:
        file.seek(part.start)
        left = part.end - part.start
        while left > 0 and (chunk := file.read(min(left, CHUNK_BYTES))):
            left -= len(chunk)
            yield chunk
