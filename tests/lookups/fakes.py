"""Fakes of MusicBrainz, AcoustID, the Cover Art Archive and LRCLIB: one local server, and all their moods.

What they send has the field names of the real services, also those that nobody reads.
"""

import json
import ssl
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit
from uuid import NAMESPACE_URL, uuid5


def mbid(name: str) -> str:
    """Always the same id for a name."""
    return str(uuid5(NAMESPACE_URL, name))


def credit(*names: str, join: str = " & ") -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            **({"joinphrase": join} if at < len(names) - 1 else {}),
            "artist": {"id": mbid(name), "name": name, "sort-name": name},
        }
        for at, name in enumerate(names)
    ]


def release(
    title: str,
    *,
    artist: str = "Jane Roe",
    date: str | None = "1999-05-01",
    kind: str = "Album",
    also: tuple[str, ...] = (),
    status: str = "Official",
    number: str = "3",
    discs: int = 1,
    position: int = 1,
) -> dict[str, Any]:
    group = {"id": mbid(f"group {title}"), "title": title, "primary-type": kind, "type-id": mbid(kind)}
    medium = {
        "position": position,
        "format": "CD",
        "track": [{"id": mbid(f"track {title}"), "number": number, "title": "x", "length": 240000}],
        "track-count": 12,
        "track-offset": 2,
    }
    return {
        "id": mbid(f"release {title} {date}"),
        "status-id": mbid(status),
        "count": discs,
        "title": title,
        "status": status,
        "artist-credit": credit(artist),
        "release-group": {**group, **({"secondary-types": list(also)} if also else {})},
        **({"date": date, "country": "GB", "release-events": [{"date": date}]} if date else {}),
        "track-count": 12,
        "media": [medium],
    }


def recording(
    title: str,
    artist: str = "Jane Roe",
    *,
    length_ms: int | None = 240_000,
    comment: str = "",
    releases: list[dict[str, Any]] | None = None,
    date: str = "1999-05-01",
    tags: list[dict[str, Any]] | None = None,
    id: str = "",
) -> dict[str, Any]:
    return {
        "id": id or mbid(f"recording {title} {artist} {comment} {length_ms}"),
        "score": 100,
        "title": title,
        **({"length": length_ms} if length_ms else {}),
        **({"disambiguation": comment} if comment else {}),
        "video": None,
        "artist-credit": credit(artist),
        "first-release-date": date,
        "releases": [release("Harbour Songs", artist=artist)] if releases is None else releases,
        **({"tags": tags} if tags else {}),
        "isrcs": ["GBAAA9900001"],
    }


def recordings(*found: dict[str, Any]) -> dict[str, Any]:
    return {
        "created": "2026-11-27T05:00:00.000Z",
        "count": len(found),
        "offset": 0,
        "recordings": list(found),
    }


def acoustid_results(*found: tuple[float, str]) -> dict[str, Any]:
    results = [
        {"id": mbid(f"acoustid {id}"), "score": score, "recordings": [{"id": id}]} for score, id in found
    ]
    return {"status": "ok", "results": results}


def words(**more: Any) -> dict[str, Any]:
    return {
        "id": 4711,
        "name": "Harbour",
        "trackName": "Harbour",
        "artistName": "Jane Roe",
        "albumName": "Harbour Songs",
        "duration": 240.0,
        "instrumental": False,
        "plainLyrics": "Boats at night\nGulls by day",
        "syncedLyrics": "[00:12.34] Boats at night\n[00:17.80] Gulls by day",
        **more,
    }


@dataclass(frozen=True)
class Mood:
    """How one request is answered, instead of well."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    hang_s: float = 0.0
    """Says nothing for so long."""
    drip_s: float = 0.0
    """A byte of the body (or, with `drip_head`, of the head) every so many seconds."""
    drip_head: bool = False
    promise_bytes: int | None = None
    """A Content-Length that is not true."""


def busy(retry_after: str | None = None, status: int = 503) -> Mood:
    return Mood(status, {"Retry-After": retry_after} if retry_after else {}, b'{"error": "rate limited"}')


NONSENSE = Mood(body=b"\x00\xff<html>captive portal</html>")
HUGE = Mood(body=b" " * (20 * 2**20))
SILENT = Mood(hang_s=30.0)
DRIP = Mood(body=b"[" * 1000, drip_s=0.1)
DRIP_HEAD = Mood(drip_s=0.1, drip_head=True)
SHORT = Mood(body=b'{"recordings": []}', promise_bytes=4000)
PACKED = Mood(headers={"Content-Encoding": "gzip"}, body=b"\x1f\x8b\x08")
DEEP = Mood(body=b'{"recordings": [' + b"[" * 100_000)


def redirect(location: str) -> Mood:
    return Mood(307, {"Location": location}, b"")


@dataclass(frozen=True)
class Request:
    service: str
    path: str
    query: dict[str, str]
    form: dict[str, str]
    headers: dict[str, str]
    at: float


class Fakes:
    """The four services. `say` sets the good answers; `moods` spoil the next ones of a service, or all."""

    def __init__(self, address: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.next: dict[str, list[Mood]] = {}
        self.always: dict[str, Mood] = {}
        self.musicbrainz: dict[str, Any] = recordings()
        self.acoustid: dict[str, Any] = acoustid_results()
        self.exact_words: dict[str, Any] | None = None
        self.found_words: list[dict[str, Any]] = []
        self.pictures: dict[str, bytes] = {}
        """By `release/MBID` or `release-group/MBID`."""
        self._lock = threading.Lock()
        self._ended = threading.Event()
        fakes = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                fakes._serve(self)

            do_POST = do_GET

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer((address, 0), Handler)
        self._server.daemon_threads = True
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://{address}:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def settings(self) -> dict[str, str]:
        """For `Settings`: everything is looked up here."""
        return {
            "musicbrainz_url": f"{self.url}/musicbrainz/ws/2",
            "coverart_url": f"{self.url}/coverart",
            "acoustid_url": f"{self.url}/acoustid/v2",
            "lrclib_url": f"{self.url}/lrclib/api",
        }

    def spoil(self, *moods: Mood, service: str = "musicbrainz") -> None:
        """The next answers of this service."""
        self.next.setdefault(service, []).extend(moods)

    def down(self, mood: Mood) -> None:
        """All of them, from now on."""
        self.always = dict.fromkeys(("musicbrainz", "coverart", "acoustid", "lrclib"), mood)

    def asked(self, service: str) -> list[Request]:
        with self._lock:
            return [one for one in self.requests if one.service == service]

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length") or 0)
        form = parse_qs(handler.rfile.read(length).decode()) if length else {}
        parts = urlsplit(handler.path)
        service, _, path = parts.path.lstrip("/").partition("/")
        request = Request(
            service,
            path,
            {name: values[0] for name, values in parse_qs(parts.query).items()},
            {name: values[0] for name, values in form.items()},
            dict(handler.headers),
            time.monotonic(),
        )
        with self._lock:
            self.requests.append(request)
            waiting = self.next.get(service, [])
            mood = waiting.pop(0) if waiting else self.always.get(service)
        try:
            self._answer(handler, mood or self._good(request))
        except OSError:
            # Cut by the client: that is what many tests are about.
            handler.close_connection = True

    def _good(self, request: Request) -> Mood:
        if request.service == "musicbrainz":
            return _json(self.musicbrainz)
        if request.service == "acoustid":
            return _json(self.acoustid)
        if request.service == "lrclib" and request.path == "api/search":
            return _json(self.found_words)
        if request.service == "lrclib":
            missing = {"code": 404, "name": "TrackNotFound", "message": "Failed to find specified track"}
            return _json(self.exact_words) if self.exact_words else _json(missing, 404)
        if request.service == "coverart":
            id, _, _ = request.path.rpartition("/front")
            if id not in self.pictures:
                return Mood(404, {"Content-Type": "text/html"}, b"<title>404 Not Found</title>")
            # As the archive does: to archive.org, and from there to the machine that has it.
            return redirect(f"{self.url}/download/{id}")
        if request.service == "download":
            return Mood(302, {"Location": f"/machine/{request.path}"}, b"")
        if request.service == "machine":
            return Mood(headers={"Content-Type": "image/jpeg"}, body=self.pictures[request.path])
        return Mood(404, body=b"")

    def _answer(self, handler: BaseHTTPRequestHandler, mood: Mood) -> None:
        if mood.hang_s and self._ended.wait(mood.hang_s):
            return
        body = mood.body or b""
        if mood.drip_head:
            self._drip(handler, b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 1000, mood.drip_s)
            return
        handler.send_response(mood.status)
        for name, value in mood.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(mood.promise_bytes or len(body)))
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.close_connection = True
        if mood.drip_s:
            self._drip(handler, body, mood.drip_s)
        else:
            handler.wfile.write(body)

    def _drip(self, handler: BaseHTTPRequestHandler, body: bytes, seconds: float) -> None:
        for byte in body:
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
            if self._ended.wait(seconds):
                return


def _json(value: Any, status: int = 200) -> Mood:
    return Mood(status, {"Content-Type": "application/json; charset=utf-8"}, json.dumps(value).encode())
