"""A small world for the egress guard: a public site, one inside, a network, a name server, raw requests."""

import asyncio
import base64
import http.client
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from app.sources.addresses import Address, Allowed
from app.sources.egress import EgressGuard, ProxyTicket

# 127.0.0.2 plays the public host that downloads may reach, 127.0.0.1 the machine behind it.
PUBLIC, INSIDE = "127.0.0.2", "127.0.0.1"
ALLOWED = Allowed(PUBLIC)
BIG = 8 * 1024 * 1024
LOOSE = 256 * 1024


class Site(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, host: str) -> None:
        self.connections = 0
        super().__init__((host, 0), Pages)
        self.hits: list[str] = []
        self.heads: list[dict[str, str]] = []
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def get_request(self) -> tuple[socket.socket, Any]:
        """Counts who connects, whether or not a request follows."""
        accepted = super().get_request()
        self.connections += 1
        return accepted

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Being cut is what these clients are for."""

    @property
    def port(self) -> int:
        return self.server_address[1]

    def url(self, path: str) -> str:
        return f"http://{self.server_address[0]}:{self.port}{path}"


class Pages(BaseHTTPRequestHandler):
    """`/song.mp3` small, `/big` long, `/endless` without a length, `/to?URL` a redirect; POST echoes."""

    server: Site
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._note()
        path, _, query = self.path.partition("?")
        if path == "/to":
            self._send(302, b"", Location=query)
        elif path == "/endless":
            self._send(200, None)
            while True:
                self.wfile.write(b"x" * 65536)
        else:
            self._send(200, b"x" * (BIG if path == "/big" else 5000))

    do_HEAD = do_GET

    def do_POST(self) -> None:
        self._note()
        self._send(200, self.rfile.read(int(self.headers["Content-Length"])))

    def _note(self) -> None:
        self.server.hits.append(self.path)
        self.server.heads.append(dict(self.headers))

    def _send(self, status: int, body: bytes | None, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "audio/mpeg", **headers}.items():
            self.send_header(name, value)
        if body is None:
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if body and self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Silence."""


def sites(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Site, Site]]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    public, inside = Site(PUBLIC), Site(INSIDE)
    yield public, inside
    for site in (public, inside):
        site.shutdown()
        site.server_close()


Start = Callable[..., EgressGuard]


def start() -> Iterator[Start]:
    guards: list[EgressGuard] = []

    def start(allowed: Allowed = ALLOWED, **options: Any) -> EgressGuard:
        guards.append(EgressGuard(allowed, **options))
        guards[-1].start()
        return guards[-1]

    yield start
    for guard in guards:
        guard.stop()


class Network:
    """Plays the network: notes what is dialled, and leads all of it to the public site."""

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self.dialled: list[str] = []

    async def dial(self, address: Address, port: int) -> Any:
        self.dialled.append(str(address))
        if not self.port:
            raise ConnectionRefusedError
        return await asyncio.open_connection(PUBLIC, self.port)


class Names:
    """Plays the name server: one set of answers after the other, the last for ever."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)

    async def resolve(self, name: str, port: int) -> Sequence[str]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def login(ticket: ProxyTicket) -> str:
    pair = urlsplit(ticket.url).netloc.rpartition("@")[0]
    return f"Proxy-Authorization: Basic {base64.b64encode(pair.encode()).decode()}\r\n"


def ask(guard: EgressGuard, request: str) -> http.client.HTTPResponse:
    """Sends a request exactly as written, and reads the whole answer."""
    with socket.create_connection((INSIDE, guard.port), timeout=10) as client:
        client.sendall(request.encode("latin-1"))
        answer = http.client.HTTPResponse(client, method=request.partition(" ")[0])
        answer.begin()
        if answer.status != 200 or not request.startswith("CONNECT"):
            answer.read()
        return answer


def get(ticket: ProxyTicket, url: str, **options: Any) -> requests.Response:
    return requests.get(url, proxies={"http": ticket.url, "https": ticket.url}, timeout=10, **options)
