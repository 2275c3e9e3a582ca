"""The HTTP server under the media site: keep-alive, ranges, throttling, and breaking connections."""

import contextlib
import select
import socket
import socketserver
import ssl
import struct
import sys
import termios
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from fcntl import ioctl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from .answers import Answer, etag_of, pieces, repeated, size_of

SMOOTH_BYTES = 16_000
STEADY_BYTES = 256_000


@dataclass
class Hit:
    """One request. `status` is 0 until the headers are out; `sent` counts body bytes given to the socket."""

    method: str
    path: str
    headers: Message
    status: int = 0
    sent: int = 0
    at: float = field(default_factory=time.monotonic)


class Site(Protocol):
    def answer(self, hit: Hit, path: str, base: str) -> Answer: ...


class Closing(ConnectionError):
    """The site is shutting down."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: str, port: int, site: Site, tls: ssl.SSLContext | None) -> None:
        if ":" in address:
            self.address_family = socket.AF_INET6
        self.site = site
        self.tls = tls
        self.closing = threading.Event()
        self.connections = 0
        self.broken: set[socket.socket] = set()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__((address, port), Handler)

    def server_bind(self) -> None:
        """Bind without the reverse name lookup that the standard server makes."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def get_request(self) -> tuple[socket.socket, Any]:
        accepted, address = super().get_request()
        if self.tls:
            accepted = self.tls.wrap_socket(accepted, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self.connections += 1
            self._open.add(accepted)
        return accepted, address

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        if request in self.broken:
            self.broken.discard(request)
            _reset(request)
        else:
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def stop(self) -> None:
        """End every response at once, stalled ones too."""
        self.closing.set()
        self.shutdown()
        with self._lock:
            still_open = list(self._open)
        for connection in still_open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "media", ""
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        hit = Hit(self.command, path, self.headers)
        scheme = "https" if self.server.tls else "http"
        host = self.headers.get("Host") or "{}:{}".format(*self.server.server_address[:2])
        answer = self.server.site.answer(hit, unquote(parts.path), f"{scheme}://{host}")
        try:
            self._pause(answer.wait_s)
            self._send(hit, answer)
        except OSError:
            self.close_connection = True

    do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Silence: `hits` is the log."""

    def _send(self, hit: Hit, answer: Answer) -> None:
        size = size_of(answer.body)
        start, stop = self._range(answer, size)
        lies = answer.length_off or answer.stop_at is not None or answer.endless
        if lies or self.command not in ("GET", "HEAD"):
            self.close_connection = True
        self.send_response(answer.status)
        self._send_headers(answer, start, stop, size)
        hit.status = answer.status
        if self.command == "HEAD" or answer.status == 304:
            return
        for piece in self._paced(answer, start, stop):
            self._write(hit, piece, answer.chunked)
        if answer.stop_at is not None:
            self._stop(answer)
        elif answer.chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _range(self, answer: Answer, size: int) -> tuple[int, int]:
        """The part to send. Turns the answer into a 206 or 416 when the client asked for a range."""
        asked = self.headers.get("Range", "")
        plain = answer.status == 200 and not answer.chunked and answer.ranges != "ignored"
        if not plain or not asked.startswith("bytes=") or "," in asked or not self._if_range(answer):
            return 0, size
        first, _, last = asked.removeprefix("bytes=").strip().partition("-")
        if not (first or last) or not (first + last).isdigit():
            return 0, size
        start = int(first) if first else max(0, size - int(last))
        stop = min(size, int(last) + 1) if first and last else size
        if start >= stop:
            answer.status, answer.body = 416, b""
            answer.headers["Content-Range"] = f"bytes */{size}"
            return 0, 0
        answer.status = 206
        if answer.ranges == "wrong":
            start, stop = 0, stop - start
        answer.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
        return start, stop

    def _if_range(self, answer: Answer) -> bool:
        condition = self.headers.get("If-Range")
        return condition in (None, etag_of(answer.body), answer.headers.get("Last-Modified"))

    def _send_headers(self, answer: Answer, start: int, stop: int, size: int) -> None:
        headers = {"Content-Type": answer.content_type, **answer.headers}
        if answer.chunked:
            headers["Transfer-Encoding"] = "chunked"
        else:
            headers["Content-Length"] = str(max(0, stop - start + answer.length_off))
        if "Location" in headers:
            headers["Location"] = headers["Location"] or self.path
        if answer.status in (200, 206) and "Last-Modified" in headers:
            headers["ETag"] = etag_of(answer.body)
            if not answer.chunked and answer.ranges != "ignored":
                headers["Accept-Ranges"] = "bytes"
        if self.close_connection:
            headers["Connection"] = "close"
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _paced(self, answer: Answer, start: int, stop: int) -> Iterator[bytes]:
        """The body at its rate, in pieces small enough to be smooth, up to where it stops."""
        rate = answer.rate_bps
        step = STEADY_BYTES if rate is None else max(1, min(SMOOTH_BYTES, int(rate / 20)))
        source = repeated(answer.body, step) if answer.endless else pieces(answer.body, start, stop, step)
        left = sys.maxsize if answer.stop_at is None else answer.stop_at
        began, given = time.monotonic(), 0
        for piece in source:
            piece = piece[:left]
            if not piece:
                return
            yield piece
            left -= len(piece)
            given += len(piece)
            self._pause(began + given / rate - time.monotonic() if rate else 0)

    def _write(self, hit: Hit, piece: bytes, chunked: bool) -> None:
        # Counted first: who reads the last byte and then asks for `sent` must find it counted.
        hit.sent += len(piece)
        self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)

    def _stop(self, answer: Answer) -> None:
        if answer.stop_how == "reset":
            self.server.broken.add(self.connection)
        while answer.stop_how == "stall" and not _is_gone(self.connection):
            self._pause(0.1)

    def _pause(self, seconds: float) -> None:
        if self.server.closing.wait(max(0.0, seconds)):
            raise Closing


def _is_gone(connection: socket.socket) -> bool:
    """Whether the client has closed its side."""
    readable, _, _ = select.select([connection], [], [], 0)
    return bool(readable)


def _reset(connection: socket.socket) -> None:
    """Close with RST, once the client's kernel has all that was written."""
    patience = time.monotonic() + 1
    while time.monotonic() < patience and _unsent_bytes(connection):
        time.sleep(0.005)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _unsent_bytes(connection: socket.socket) -> int:
    with contextlib.suppress(OSError):
        return int(struct.unpack("i", ioctl(connection.fileno(), termios.TIOCOUTQ, b"\0" * 4))[0])
    return 0
