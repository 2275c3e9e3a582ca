"""Servers of ours that are told: Navidrome, Jellyfin, Plex, a program with a webhook. One, with moods."""

import hashlib
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

PASSWORD, KEY, TOKEN = "sesame & co", "jelly-key-1", "plex-token-1"


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass
class Listener:
    """`mood`: "" for well, a status, "hang", or "elsewhere" (a redirect)."""

    mood: str = ""
    asked: list[Asked] = field(default_factory=list)
    port: int = 0

    def __enter__(self) -> Self:
        listener = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                parts = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                one = Asked(self.command, parts.path, query, headers, body, time.monotonic())
                listener.asked.append(one)
                if listener.mood == "hang":
                    listener.gone.wait(30)
                    return
                status, text = listener.reply(one)
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", f"http://127.0.0.1:{listener.port}/stolen")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = answer

            def log_message(self, *_: object) -> None:
                pass

        self.gone = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nobody answers any more; entered again it is up at the same port."""
        self.gone.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def paths(self) -> list[str]:
        return [one.path for one in self.asked]

    def reply(self, one: Asked) -> tuple[int, bytes]:
        if self.mood.isdecimal():
            return int(self.mood), b"not now"
        if self.mood == "elsewhere":
            return 302, b""
        if one.path.startswith("/rest/"):
            return 200, json.dumps({"subsonic-response": self._subsonic(one)}).encode()
        if one.path == "/Library/Refresh":
            return (204 if one.headers.get("x-emby-token") == KEY else 401), b""
        if one.path.startswith("/library/sections/"):
            return self._plex(one), b"<MediaContainer/>"
        return 200, b"thanks"

    def _subsonic(self, one: Asked) -> dict[str, Any]:
        wanted = hashlib.md5(f"{PASSWORD}{one.query['s']}".encode()).hexdigest()
        about = {"version": "1.16.1", "type": "navidrome", "serverVersion": "0.58", "openSubsonic": True}
        if one.query["t"] != wanted:
            error = {"code": 40, "message": "Wrong username or password"}
            return {"status": "failed", **about, "error": error}
        if one.query["u"] != "root":
            error = {"code": 50, "message": "User is not authorized for the given operation"}
            return {"status": "failed", **about, "error": error}
        return {"status": "ok", **about, "scanStatus": {"scanning": True, "count": 12}}

    def _plex(self, one: Asked) -> int:
        if one.query.get("X-Plex-Token") != TOKEN:
            return 401
        return 404 if one.path == "/library/sections/9" else 200
