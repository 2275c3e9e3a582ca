"""The one polite HTTP client of all lookups: slow, limited in every way, and only through the egress guard.

The guard resolves, judges and dials, also for each redirect, and knows the proxy (`INLAY_PROXY`). It also
ends a request at its deadline whatever the other side does: its way out is cut. So the standard library's
client is enough, and nothing has to be imported into the server for it.
"""

import base64
import http.client
import itertools
import logging
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from email.message import Message
from email.utils import parsedate_to_datetime
from functools import cached_property
from importlib.metadata import version
from typing import TypeVar
from urllib.parse import SplitResult, urlencode, urljoin, urlsplit

import certifi
import msgspec

from app.db import now
from app.lookups.turns import Trouble, Turns
from app.settings import Settings
from app.sources.egress import EgressGuard, ProxyTicket

log = logging.getLogger("inlay.lookups")

T = TypeVar("T")

GAP_S = 1.0
DEADLINE_S = 12.0
"""For one question, waiting for its turn and a second try included."""
TRIES = 2
REST_S = 60.0
"""How long a service is left alone that is down, slow or talks nonsense."""
BUSY_S = 5.0
"""How long, when it says that it is busy but not until when."""
LONGEST_REST_S = 900.0
JSON_BYTES = 2 * 2**20
"""25 recordings of MusicBrainz with all their releases are some 100 kB."""
PICTURE_BYTES = 12 * 2**20
PIECE_BYTES = 64 * 1024
# TLS and headers come on top of a body; the guard counts them, too.
OVERHEAD_BYTES = 128 * 1024
BUSY = (429, 503)
REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True)
class Service:
    """One service: its name as in `INLAY_LOOKUPS`, its address, and how often it sends us elsewhere."""

    name: str
    base_url: str
    redirects: int = 0


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: Message
    body: bytes


class Client:
    """Asks the services. Thread-safe. Every trouble comes out as Trouble, and not before it must."""

    def __init__(
        self,
        settings: Settings,
        guard: EgressGuard,
        *,
        gap_s: float = GAP_S,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self.services = {
            "musicbrainz": Service("musicbrainz", settings.musicbrainz_url),
            # To archive.org, and from there to one of its machines.
            "coverart": Service("coverart", settings.coverart_url, redirects=4),
            "acoustid": Service("acoustid", settings.acoustid_url),
            "lrclib": Service("lrclib", settings.lrclib_url),
        }
        self._guard = guard
        self._deadline_s = deadline_s
        self._ca_file = settings.ca_file
        self._agent = f"Inlay/{version('inlay')} ( {settings.contact} )"
        self._stopping = threading.Event()
        self._turns = {name: Turns(gap_s, self._stopping) for name in self.services}
        self._numbers = itertools.count(1)

    def json(
        self,
        service: str,
        path: str,
        params: Mapping[str, str],
        type: type[T],
        *,
        form: Mapping[str, str] | None = None,
    ) -> T | None:
        """The answer to GET (or POST, with a `form`), as this type; None for 404. Raises Trouble."""
        body = self._ask(service, f"{path}?{urlencode(params)}" if params else path, JSON_BYTES, form)
        if body is None:
            return None
        try:
            return msgspec.json.decode(body, type=type)
        except (msgspec.MsgspecError, RecursionError, ValueError) as error:
            self._turns[service].rest(REST_S)
            raise Trouble(f"{service}: nonsense ({error})") from error

    def picture(self, service: str, path: str) -> bytes | None:
        """A picture as it came; None for 404. Raises Trouble. Only a child may look into it."""
        return self._ask(service, path, PICTURE_BYTES, None)

    def stop(self) -> None:
        """From now on nobody waits for a turn."""
        self._stopping.set()

    def _ask(self, name: str, path: str, most: int, form: Mapping[str, str] | None) -> bytes | None:
        service, turns = self.services[name], self._turns[name]
        deadline = time.monotonic() + self._deadline_s
        url = f"{service.base_url}{path}"
        body = urlencode(form).encode() if form is not None else None
        for attempt in range(TRIES):
            turns.take(deadline)
            try:
                answer = self._follow(service, url, body, most, deadline)
            except Trouble:
                turns.rest(REST_S)
                raise
            if answer.status == 200:
                return answer.body
            if answer.status == 404:
                return None
            turns.rest(_rest_s(answer))
            if answer.status not in BUSY or attempt + 1 == TRIES:
                break
        raise Trouble(f"{name}: status {answer.status}")

    def _follow(self, service: Service, url: str, body: bytes | None, most: int, deadline: float) -> _Answer:
        parts = urlsplit(url)
        for _ in range(service.redirects + 1):
            answer = self._fetch(service, parts, body, most, deadline)
            if answer.status not in REDIRECTS:
                return answer
            parts = _elsewhere(parts, answer.headers.get("Location", ""))
        raise Trouble(f"{service.name}: sends us elsewhere")

    def _fetch(
        self, service: Service, parts: SplitResult, body: bytes | None, most: int, deadline: float
    ) -> _Answer:
        left = deadline - time.monotonic()
        if left <= 0:
            raise Trouble(f"{service.name}: too slow")
        ticket = self._guard.open(f"lookup-{service.name}-{next(self._numbers)}", most + OVERHEAD_BYTES)
        cut = threading.Timer(left, self._guard.close, [ticket.download_id])
        cut.daemon = True
        cut.start()
        try:
            with closing(self._connection(parts, ticket, left)) as connection:
                return self._exchange(connection, parts, ticket, body, most)
        except (OSError, http.client.HTTPException, ValueError) as error:
            late = "too slow" if time.monotonic() >= deadline else f"{type(error).__name__}: {error}"
            raise Trouble(f"{service.name}: {late}") from error
        finally:
            cut.cancel()
            self._guard.close(ticket.download_id)

    def _connection(
        self, parts: SplitResult, ticket: ProxyTicket, seconds: float
    ) -> http.client.HTTPConnection:
        """To the guard; with a tunnel through it for https."""
        if parts.scheme == "http":
            return http.client.HTTPConnection("127.0.0.1", self._guard.port, timeout=seconds)
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self._guard.port, timeout=seconds, context=self._tls
        )
        connection.set_tunnel(parts.hostname or "", parts.port or 443, _login(ticket))
        return connection

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        parts: SplitResult,
        ticket: ProxyTicket,
        body: bytes | None,
        most: int,
    ) -> _Answer:
        headers = {"User-Agent": self._agent, "Accept-Encoding": "identity", "Connection": "close"}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        target = parts._replace(fragment="")
        if parts.scheme == "http":
            headers |= _login(ticket)
        else:
            target = target._replace(scheme="", netloc="")
        connection.request("POST" if body is not None else "GET", target.geturl() or "/", body, headers)
        response = connection.getresponse()
        if response.status != 200:
            return _Answer(response.status, response.headers, b"")
        return _Answer(response.status, response.headers, _read(response, most))

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=certifi.where())
        if self._ca_file:
            context.load_verify_locations(self._ca_file)
        return context


def _login(ticket: ProxyTicket) -> dict[str, str]:
    pair = base64.b64encode(f"{ticket.download_id}:{ticket.token}".encode()).decode()
    return {"Proxy-Authorization": f"Basic {pair}"}


def _read(response: http.client.HTTPResponse, most: int) -> bytes:
    """The body. Raises ValueError when it is too large, packed, or ends too early."""
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise ValueError("packed, although we asked for it as it is")
    found = bytearray()
    while piece := response.read1(PIECE_BYTES):
        found += piece
        if len(found) > most:
            raise ValueError("more than an answer can be")
    if response.length:
        raise ValueError("ended too early")
    return bytes(found)


def _elsewhere(parts: SplitResult, location: str) -> SplitResult:
    """Where a redirect leads. What was secret stays so: plain http is taken as https then."""
    try:
        found = urlsplit(urljoin(parts.geturl(), location))
        named_port = found.port
    except ValueError as error:
        raise Trouble("a redirect to nowhere") from error
    if parts.scheme == "https" and found.scheme == "http" and not named_port:
        found = found._replace(scheme="https")
    if not location or not found.hostname or found.scheme not in ("http", "https"):
        raise Trouble("a redirect to nowhere")
    if parts.scheme == "https" and found.scheme != "https":
        raise Trouble("a redirect to an open line")
    return found


def _rest_s(answer: _Answer) -> float:
    """What `Retry-After` says, in seconds or as a date, within reason."""
    said = answer.headers.get("Retry-After", "").strip()
    if said.isascii() and said.isdecimal():
        return min(max(float(said), GAP_S), LONGEST_REST_S)
    try:
        seconds = (parsedate_to_datetime(said) - now()).total_seconds()
    except (ValueError, TypeError):
        return BUSY_S if answer.status in BUSY else REST_S
    return min(max(seconds, GAP_S), LONGEST_REST_S)
