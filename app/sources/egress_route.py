"""The egress guard's way to a host: resolve, judge every answer, dial what was judged."""

import asyncio
import base64
import contextlib
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from app.errors import SettingsError
from app.languages.say import say
from app.sources.addresses import Address, Allowed, Host, read_authority, why_forbidden

CHUNK_BYTES = 128 * 1024
CONNECT_S = 20.0
# Media comes from any port, so all are open but those of services that take lines of text from anyone:
# a request whose body is a mail or an IRC command would be abuse in the name of this household.
CLOSED_PORTS = frozenset({21, 22, 23, 25, 465, 587, 6667, 6697})

Dial = Callable[[Address, int], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class EarlyAnswer(Exception):
    """The request goes nowhere: the client gets this status and reason, the log also the address."""

    def __init__(self, status: int, reason: str, address: Address | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.address = address


class Way(NamedTuple):
    """An open connection; `address` is the one that was dialled."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    address: Address


async def resolve(name: str, port: int) -> Sequence[str]:
    """The system's answers. Nobody waits for the thread: a dead name server must not hold up our exit."""
    loop = asyncio.get_running_loop()
    answers: asyncio.Future[list[str]] = loop.create_future()

    def settle(found: list[str] | Exception) -> None:
        if answers.done():
            return
        if isinstance(found, Exception):
            answers.set_exception(found)
        else:
            answers.set_result(found)

    def ask() -> None:
        found: list[str] | Exception
        try:
            found = [str(one[4][0]) for one in socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)]
        except (OSError, ValueError) as error:
            found = error
        # The loop may be closed by now.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, found)

    threading.Thread(target=ask, name="egress-resolve", daemon=True).start()
    return await answers


async def dial(address: Address, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(str(address), port, limit=CHUNK_BYTES)


@dataclass(frozen=True)
class Upstream:
    """The proxy that the guard itself goes through, from `INLAY_PROXY`."""

    scheme: str
    host: Host
    port: int
    user: str
    password: str

    @classmethod
    def read(cls, url: str) -> "Upstream":
        """Raises SettingsError for what is no URL of a proxy."""
        parts = urlsplit(url)
        default_port = {"http": 80, "https": 443}.get(parts.scheme, 1080)
        try:
            host, port = read_authority(parts.netloc, default_port)
        except ValueError as error:
            raise SettingsError("INLAY_PROXY: give a URL such as http://proxy.example:3128.") from error
        return cls(parts.scheme, host, port, unquote(parts.username or ""), unquote(parts.password or ""))

    @property
    def speaks_http(self) -> bool:
        return self.scheme in ("http", "https")

    @property
    def login(self) -> list[tuple[bytes, bytes]]:
        if not self.user:
            return []
        pair = base64.b64encode(f"{self.user}:{self.password}".encode())
        return [(b"Proxy-Authorization", b"Basic " + pair)]

    async def greet(self, way: Way) -> None:
        if self.scheme == "https":
            await way.writer.start_tls(ssl.create_default_context(), server_hostname=self.host.name)

    async def connect(self, way: Way, host: Host, port: int) -> None:
        """Has the proxy connect to host and port. Raises OSError when it does not."""
        ask = self._ask_http if self.speaks_http else self._ask_socks
        try:
            await ask(way, host, port)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, IndexError) as error:
            raise ConnectionError("the upstream proxy does not answer like one") from error

    async def _ask_http(self, way: Way, host: Host, port: int) -> None:
        target = f"{host}:{port}".encode()
        lines = [b"CONNECT " + target + b" HTTP/1.1", b"Host: " + target]
        lines += [name + b": " + value for name, value in self.login]
        way.writer.write(b"\r\n".join(lines) + b"\r\n\r\n")
        head = await way.reader.readuntil(b"\r\n\r\n")
        if not head.split(None, 2)[1].startswith(b"2"):
            raise ConnectionError("the upstream proxy refuses")

    async def _ask_socks(self, way: Way, host: Host, port: int) -> None:
        await self._enter_socks(way)
        way.writer.write(b"\x05\x01\x00" + _socks_name(host) + port.to_bytes(2, "big"))
        head = await way.reader.readexactly(4)
        length = {1: 4, 4: 16}.get(head[3]) or (await way.reader.readexactly(1))[0]
        await way.reader.readexactly(length + 2)
        if head[1]:
            raise ConnectionError("the upstream proxy refuses")

    async def _enter_socks(self, way: Way) -> None:
        way.writer.write(b"\x05\x02\x00\x02" if self.user else b"\x05\x01\x00")
        method = (await way.reader.readexactly(2))[1]
        if method == 2 and self.user:
            user, password = self.user.encode()[:255], self.password.encode()[:255]
            way.writer.write(bytes([1, len(user)]) + user + bytes([len(password)]) + password)
            method = (await way.reader.readexactly(2))[1]
        if method:
            raise ConnectionError("the upstream proxy wants another login")


def _socks_name(host: Host) -> bytes:
    if host.address:
        return (b"\x01" if host.address.version == 4 else b"\x04") + host.address.packed
    return b"\x03" + bytes([len(host.name)]) + host.name.encode("ascii")


@dataclass
class Router:
    """Opens ways to hosts. `own_ports` of this machine are refused, whatever is allowed."""

    allowed: Allowed
    upstream: Upstream | None = None
    resolve: Resolve = resolve
    dial: Dial = dial
    connect_s: float = CONNECT_S
    own_ports: set[int] = field(default_factory=set)

    @property
    def forwards(self) -> bool:
        """Whether plain requests go to the upstream proxy as they are, not through a tunnel."""
        return self.upstream is not None and self.upstream.speaks_http

    async def open(self, host: Host, port: int, *, plain: bool) -> Way:
        """A way to this host. Raises EarlyAnswer: 403 forbidden, 502 unreachable, 504 too slow."""
        if port in CLOSED_PORTS:
            raise EarlyAnswer(403, say(f"port {port} is not for media"))
        if not self.upstream:
            return await self._connect(await self._judged(host, port), port)
        if host.address:
            self._judge([host.address], host, port)
        elif f".{host.name}".endswith(".localhost") and not self.allowed.has_name(host.name):
            raise EarlyAnswer(403, "loopback")
        return await self._open_upstream(self.upstream, host, port, plain=plain)

    async def _open_upstream(self, upstream: Upstream, host: Host, port: int, *, plain: bool) -> Way:
        way = await self._connect(await self._look_up(upstream.host, upstream.port), upstream.port)
        try:
            async with asyncio.timeout(self.connect_s):
                await upstream.greet(way)
                if not (plain and self.forwards):
                    await upstream.connect(way, host, port)
        except BaseException as error:
            way.writer.transport.abort()
            if isinstance(error, TimeoutError):
                raise EarlyAnswer(504, "the upstream proxy is too slow") from error
            if isinstance(error, OSError):
                raise EarlyAnswer(502, "the upstream proxy does not connect") from error
            raise
        return way

    async def _judged(self, host: Host, port: int) -> list[Address]:
        addresses = await self._look_up(host, port)
        self._judge(addresses, host, port)
        return addresses

    def _judge(self, addresses: list[Address], host: Host, port: int) -> None:
        """One bad address is enough: a name that also means something private is not a public one."""
        named = self.allowed.has_name(host.name)
        for address in addresses:
            reason = "" if named else why_forbidden(address, self.allowed)
            if not reason and port in self.own_ports and _is_ours(address):
                reason = say("a port of this program")
            if reason:
                raise EarlyAnswer(403, say(f"{reason}: address not allowed"), address)

    async def _look_up(self, host: Host, port: int) -> list[Address]:
        if host.address:
            return [host.address]
        try:
            async with asyncio.timeout(self.connect_s):
                answers = await self.resolve(host.name, port)
            addresses = [ip_address(answer) for answer in dict.fromkeys(answers)]
        except TimeoutError as error:
            raise EarlyAnswer(504, "the name was not resolved in time") from error
        except (OSError, ValueError) as error:
            raise EarlyAnswer(502, "the name does not resolve") from error
        if not addresses:
            raise EarlyAnswer(502, "the name does not resolve")
        return addresses

    async def _connect(self, addresses: list[Address], port: int) -> Way:
        """Tries two addresses of each family at most, in the resolver's order, in the time of one."""
        first = [[a for a in addresses if a.version == version][:2] for version in (4, 6)]
        tries: list[Address] = sorted(
            (a for several in first for a in several), key=lambda a: addresses.index(a)
        )
        trouble = EarlyAnswer(502, "no connection")
        for address in tries:
            try:
                async with asyncio.timeout(self.connect_s / len(tries)):
                    return Way(*await self.dial(address, port), address)
            except TimeoutError:
                trouble = EarlyAnswer(504, "no connection in time", address)
            except OSError:
                trouble = EarlyAnswer(502, "no connection", address)
        raise trouble


def _is_ours(address: Address) -> bool:
    """Whether this machine has the address. Only one's own can be bound to, so that is how to ask."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if address.is_loopback or address.is_unspecified:
        return True
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True
