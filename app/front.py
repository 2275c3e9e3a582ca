"""The front door: what reverse proxies say is believed if they are ours, and the sub-path comes off and on.

Behind it every request looks as if it had come straight from the person's browser to `/`. So nothing else in
Inlay knows of proxies, and only what makes whole addresses (`origin.own_address`) knows of the sub-path.

`Forwarded` (RFC 7239) is not read: a proxy writes one kind of header and hands the other on as it came, so
who believes both lets the client choose.
"""

import json
import logging
import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from app.languages.say import say
from app.settings import Settings

log = logging.getLogger("inlay.front")

Headers = list[tuple[bytes, bytes]]

VOUCHED, BASE, TRUSTED = "inlay.vouched", "inlay.base", "inlay.trusted"
"""What is handed inwards, as ASGI extensions. Litestar misreads `root_path`: it cuts it out of any place."""
LONGEST_IDENTITY = 256
MOST_WARNINGS = 100
"""Strangers whose header is written to the log, each once: nobody fills it that way."""
_HOST = re.compile(r"([A-Za-z0-9_-][A-Za-z0-9._-]{0,252}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")
_COOKIE_PATH = re.compile(rb"(;\s*path=)(/[^;]*)", re.IGNORECASE)
_OUR_PLACES = (b"location", b"hx-location", b"hx-redirect", b"hx-push-url", b"hx-replace-url")
_THEIR_PLACES = (b"hx-current-url", b"referer")


@dataclass(frozen=True)
class Vouched:
    """What a trusted proxy says about who is asking: a name, or what is wrong with it."""

    name: str = ""
    problem: str = ""


def vouched(scope: Scope) -> Vouched | None:
    """None: no trusted proxy said anything."""
    found: Any = (scope.get("extensions") or {}).get(VOUCHED)
    return found if isinstance(found, Vouched) else None


def is_from_proxy(scope: Any) -> bool:
    """Whether a trusted proxy handed it on."""
    return bool((scope.get("extensions") or {}).get(TRUSTED))


def base_of(scope: Scope) -> str:
    """The sub-path that was taken off."""
    return str((scope.get("extensions") or {}).get(BASE, ""))


class Front:
    """Around the whole application, outside of its routes."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.base = settings.base_path
        self.trusted = [ip_network(one) for one in settings.trusted_proxies]
        self.identity = settings.auth_proxy_header
        self._warned: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        inner: Any = dict(scope)
        headers: Headers = list(scope["headers"])
        peer = inner["client"][0] if inner.get("client") else ""
        trusted = self._is_trusted(peer)
        if self.identity:
            headers = self._take_identity(inner, headers, peer, trusted)
        if trusted:
            _hand_in(inner, TRUSTED, True)
            headers = self._believe(inner, headers, peer)
        headers = [(name, value) for name, value in headers if not name.startswith(b"x-forwarded-")]
        if self.base:
            headers = self._take_off(inner, headers)
            send = self._putting_on(send)
        inner["headers"] = headers
        await self.app(inner, receive, send)

    def _is_trusted(self, address: str) -> bool:
        ip = read_address(address)
        return ip is not None and any(ip in network for network in self.trusted)

    def _believe(self, scope: Any, headers: Headers, peer: str) -> Headers:
        """The client, scheme and host that the proxy was asked with."""
        client, distance = self._client(_listed(headers, b"x-forwarded-for"), peer)
        scope["client"] = (client, 0)
        proto = _of_hop(_listed(headers, b"x-forwarded-proto"), distance).lower()
        if proto in ("http", "https"):
            scope["scheme"] = proto
        host = _of_hop(_listed(headers, b"x-forwarded-host"), distance)
        if _HOST.fullmatch(host):
            headers = [(name, value) for name, value in headers if name != b"host"]
            headers.append((b"host", host.encode()))
        return headers

    def _client(self, hops: list[str], peer: str) -> tuple[str, int]:
        """The right-most address that is no proxy of ours, and how many hops it is away from the last one.

        What stands left of it was written by that client, who may write anything.
        """
        found = peer
        for distance, hop in enumerate(reversed(hops)):
            ip = read_address(hop)
            if ip is None:
                return found, max(0, distance - 1)
            found = str(ip)
            if not self._is_trusted(found):
                return found, distance
        return found, max(0, len(hops) - 1)

    def _take_identity(self, scope: Any, headers: Headers, peer: str, trusted: bool) -> Headers:
        """Takes the header out for everybody; what it says from a trusted proxy is kept beside."""
        wanted = self.identity.lower().encode()
        values = [value for name, value in headers if name == wanted]
        if not values:
            return headers
        if trusted:
            _hand_in(scope, VOUCHED, read_identity(values))
        elif peer not in self._warned and len(self._warned) < MOST_WARNINGS:
            self._warned.add(peer)
            log.warning(
                "%s from %s was ignored: it is not in INLAY_TRUSTED_PROXIES. Said once for each address.",
                self.identity,
                peer,
            )
        return [(name, value) for name, value in headers if name != wanted]

    def _take_off(self, scope: Any, headers: Headers) -> Headers:
        """Without the sub-path; some proxies have taken it off already."""
        _hand_in(scope, BASE, self.base)
        scope["path"] = self._without(scope["path"])
        scope["raw_path"] = self._without(scope["raw_path"].decode("latin-1")).encode("latin-1")
        return [(name, self._inner_url(value) if name in _THEIR_PLACES else value) for name, value in headers]

    def _without(self, path: str) -> str:
        if path == self.base:
            return "/"
        return path.removeprefix(self.base) if path.startswith(f"{self.base}/") else path

    def _inner_url(self, value: bytes) -> bytes:
        try:
            parts = urlsplit(value.decode("latin-1"))
        except ValueError:
            return value
        return urlunsplit(parts._replace(path=self._without(parts.path))).encode("latin-1")

    def _putting_on(self, send: Send) -> Send:
        """Every place of ours that an answer's headers name, and the cookies' path."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    (name, self._outer(name.lower(), value)) for name, value in message["headers"]
                ]
            await send(message)

        return sending

    def _outer(self, name: bytes, value: bytes) -> bytes:
        base = self.base.encode()
        if name == b"set-cookie":
            return _COOKIE_PATH.sub(lambda found: found[1] + base + found[2].rstrip(b"/"), value)
        if name not in _OUR_PLACES:
            return value
        if value.startswith(b"{"):
            place = json.loads(value)
            return json.dumps(place | {"path": self._with(place["path"])}).encode()
        return self._with(value.decode("latin-1")).encode("latin-1")

    def _with(self, path: str) -> str:
        return f"{self.base}{path}" if path.startswith("/") and not path.startswith("//") else path


def read_identity(values: list[bytes]) -> Vouched:
    """The one name that these headers hold. The sentence is the end of “The proxy in front of Inlay …”."""
    if len(values) > 1:
        return Vouched(problem=say("names more than one user"))
    try:
        name = values[0].decode("utf-8").strip()
    except UnicodeDecodeError:
        return Vouched(problem=say("names a user in letters that are not UTF-8"))
    if not name:
        return Vouched(problem=say("names nobody: the header is empty"))
    # A comma is how a proxy writes two headers as one.
    if not name.isprintable() or "," in name or len(name) > LONGEST_IDENTITY:
        return Vouched(problem=say("names a user in a way that cannot be a name"))
    return Vouched(name=name)


def read_address(text: str) -> IPv4Address | IPv6Address | None:
    """An address, with or without brackets and port, as `X-Forwarded-For` holds it."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        ip = ip_address(bare)
    except ValueError:
        return None
    return (isinstance(ip, IPv6Address) and ip.ipv4_mapped) or ip


def _hand_in(scope: Any, name: str, value: object) -> None:
    scope["extensions"] = {**(scope.get("extensions") or {}), name: value}


def _listed(headers: Headers, wanted: bytes) -> list[str]:
    """What all headers of that name say, as one list."""
    lines = [value.decode("latin-1") for name, value in headers if name == wanted]
    return [part.strip() for part in ",".join(lines).split(",")] if lines else []


def _of_hop(values: list[str], distance: int) -> str:
    """What the proxy wrote that the client came to; a proxy that keeps no list has written one for all."""
    if not values:
        return ""
    return values[-1 - min(distance, len(values) - 1)]
