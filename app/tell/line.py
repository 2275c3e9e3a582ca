"""The one way out for hooks: a single request, limited in time and size, only through an egress guard.

No redirect is followed: a key goes where it was meant to go, or nowhere.
"""

import base64
import http.client
import itertools
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult, urlsplit

import certifi

from app import __version__
from app.languages.say import say
from app.settings import Settings
from app.sources.addresses import Allowed
from app.sources.egress import EgressGuard, ProxyTicket

DEADLINE_S = 10.0
CONNECT_S = 6.0
MOST_BYTES = 64 * 1024
# TLS and headers come on top of a body; the guard counts them, too.
OVERHEAD_BYTES = 128 * 1024
OURS = "X-Inlay-Egress"
BUSY = (429, 503)
REFUSED = say(
    "this address leads into a private network, which only an admin may use. "
    "Ask one to set this up, or to name the host in INLAY_ALLOW_HOSTS"
)
NOBODY = say("nobody answers there")
SLOW = say("it does not answer in time")

_numbers = itertools.count(1)


LONGEST_WAIT_S = 6 * 3600.0
"""Whoever asks for more is asked again after that: it may have been a slip, and news grow old."""


class NotTold(Exception):
    """What went wrong, as the second half of a sentence. Never holds an address or a key.

    `wait_s`: how long the other side wants to be left alone at least.
    """

    def __init__(self, why: str, wait_s: float = 0.0) -> None:
        super().__init__(why)
        self.wait_s = wait_s


class Gone(NotTold):
    """Nobody will ever be told there again."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    wait_s: float = 0.0
    """With 429 and 503: how long we are asked to wait, at most LONGEST_WAIT_S."""

    @property
    def is_yes(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True)
class Line:
    """How a hook is reached. `trusted`: an admin wrote the address, so it may be private."""

    settings: Settings
    trusted: bool
    direct: bool = False
    """Not through `INLAY_PROXY`: a media server is in the same house."""
    deadline_s: float = DEADLINE_S
    language: str = ""
    """What a person at its end reads; empty: English."""

    def ask(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """Raises NotTold."""
        parts = urlsplit(url)
        ends_at = time.monotonic() + self.deadline_s
        guard = self._guard(parts)
        guard.start()
        try:
            ticket = guard.open(f"hook-{next(_numbers)}", len(body) + MOST_BYTES + OVERHEAD_BYTES)
            cut = threading.Timer(self.deadline_s, guard.close, [ticket.download_id])
            cut.daemon = True
            cut.start()
            try:
                return self._exchange(guard, ticket, method, parts, dict(headers or {}), body)
            except (OSError, http.client.HTTPException, ValueError) as error:
                raise NotTold(_why(ticket, error, late=time.monotonic() >= ends_at)) from None
            finally:
                cut.cancel()
        finally:
            guard.stop()

    def guard(self, *hosts: str) -> EgressGuard:
        """A guard that lets through what is public, what the settings name, and these hosts."""
        settings = self.settings
        return EgressGuard(
            Allowed(*settings.allow_hosts, *hosts),
            own_ports={settings.port},
            upstream="" if self.direct else settings.proxy,
            connect_s=CONNECT_S,
        )

    def _guard(self, parts: SplitResult) -> EgressGuard:
        return self.guard(*([parts.hostname] if self.trusted and parts.hostname else []))

    def _exchange(
        self,
        guard: EgressGuard,
        ticket: ProxyTicket,
        method: str,
        parts: SplitResult,
        headers: dict[str, str],
        body: bytes,
    ) -> Answer:
        headers = {
            "User-Agent": f"Inlay/{__version__}",
            "Accept-Encoding": "identity",
            "Connection": "close",
            **headers,
        }
        with closing(self._connection(guard, ticket, parts)) as connection:
            target = parts._replace(fragment="")
            if parts.scheme == "http":
                headers |= _login(ticket)
            else:
                target = target._replace(scheme="", netloc="")
            connection.request(method, target.geturl() or "/", body if method == "POST" else None, headers)
            response = connection.getresponse()
            if OURS in response.headers:
                raise NotTold(REFUSED if response.headers[OURS] == "refused" else NOBODY)
            wait_s = _wait_s(response.headers.get("Retry-After", "")) if response.status in BUSY else 0.0
            return Answer(response.status, _read(response), wait_s)

    def _connection(
        self, guard: EgressGuard, ticket: ProxyTicket, parts: SplitResult
    ) -> http.client.HTTPConnection:
        """To the guard; with a tunnel through it for https."""
        if parts.scheme == "http":
            return http.client.HTTPConnection("127.0.0.1", guard.port, timeout=self.deadline_s)
        context = ssl.create_default_context(cafile=certifi.where())
        if self.settings.ca_file:
            context.load_verify_locations(self.settings.ca_file)
        connection = http.client.HTTPSConnection(
            "127.0.0.1", guard.port, timeout=self.deadline_s, context=context
        )
        connection.set_tunnel(parts.hostname or "", parts.port or 443, _login(ticket))
        return connection


def _login(ticket: ProxyTicket) -> dict[str, str]:
    pair = base64.b64encode(f"{ticket.download_id}:{ticket.token}".encode()).decode()
    return {"Proxy-Authorization": f"Basic {pair}"}


def _read(response: http.client.HTTPResponse) -> bytes:
    found = bytearray()
    while piece := response.read1(MOST_BYTES):
        found += piece
        if len(found) > MOST_BYTES:
            # Nobody has so much to say to this: the beginning is enough.
            break
    return bytes(found[:MOST_BYTES])


def _wait_s(text: str) -> float:
    """Retry-After: seconds, or a moment. 0 for anything else."""
    try:
        seconds = float(text) if text.strip().isdecimal() else _seconds_until(text)
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return min(max(seconds, 0.0), LONGEST_WAIT_S)


def _seconds_until(moment: str) -> float:
    return parsedate_to_datetime(moment).timestamp() - time.time()


def _why(ticket: ProxyTicket, error: Exception, *, late: bool) -> str:
    if ticket.refused:
        return REFUSED
    if isinstance(error, ssl.SSLError):
        return say("its certificate is not one that this machine trusts (INLAY_CA_FILE names one more)")
    return SLOW if late or isinstance(error, TimeoutError) else NOBODY
