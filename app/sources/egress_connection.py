"""One client's connection to the egress guard: each request is judged, passed on and counted."""

import asyncio
import contextlib
import logging
import re
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass

import h11

from app.sources.addresses import Host, read_authority
from app.sources.egress_route import CHUNK_BYTES, EarlyAnswer, Router, Way
from app.sources.egress_ticket import OverBudget, ProxyTicket, read_login

log = logging.getLogger("inlay.egress")

HEADER_BYTES = 32 * 1024
HEAD_BITE_BYTES = 8 * 1024
CONNECTIONS = 32
LINGER_S = 2.0
METHODS = (b"GET", b"HEAD", b"POST")
HTTP_URL = re.compile(rb"http://([^/?#]*)([^#]*)", re.IGNORECASE)
HOP_BY_HOP = {b"connection", b"keep-alive", b"te", b"trailer", b"upgrade", b"expect", b"host"}

Headers = list[tuple[bytes, bytes]]


@dataclass
class Errand:
    """One request as the audit log tells it."""

    method: str
    download_id: str = "-"
    host: str = "-"
    port: int = 0
    address: str = "-"
    verdict: str = "cut"
    passed_bytes: int = 0


class Connection:
    """Serves one client until it goes, idles too long, is cut, or gets an answer of our own."""

    def __init__(
        self,
        tickets: Mapping[str, ProxyTicket],
        router: Router,
        idle_s: float,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.tickets = tickets
        self.router = router
        self.idle_s = idle_s
        self.reader = reader
        self.writer = writer
        self.http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEADER_BYTES)
        self.ticket: ProxyTicket | None = None
        self.errand = Errand("-")
        self.clock = asyncio.timeout(idle_s)

    async def serve(self) -> None:
        task = asyncio.current_task()
        try:
            async with self.clock:
                while await self._serve_request():
                    self.http.start_next_cycle()
                self.writer.close()
                await self.writer.wait_closed()
        except (OSError, TimeoutError, h11.ProtocolError, OverBudget):
            _reset(self.writer)
        finally:
            if not self.writer.is_closing():
                _reset(self.writer)
            if self.ticket and task:
                self.ticket.tasks.discard(task)

    async def _serve_request(self) -> bool:
        """True when the client may send another request."""
        try:
            request = await self._event(self.http, self.reader)
        except h11.RemoteProtocolError as error:
            await self._answer(EarlyAnswer(error.error_status_hint, "this is not a proxy request"))
            return False
        if not isinstance(request, h11.Request):
            return False
        self.errand = Errand(request.method.decode())
        try:
            await self._pass_on(request)
        except EarlyAnswer as answer:
            self._note(answer)
            await self._answer(answer)
        finally:
            self._write_down()
        return self.http.our_state is h11.DONE and self.http.their_state is h11.DONE

    async def _pass_on(self, request: h11.Request) -> None:
        # What comes after the question mark may be a key, and this is written to the log.
        self.errand.host = request.target.partition(b"?")[0].decode()
        self._enter(request)
        tunnel = request.method == b"CONNECT"
        authority, path = (request.target, b"") if tunnel else _split(request)
        try:
            host, port = read_authority(authority.decode(), None if tunnel else 80)
        except ValueError as error:
            raise EarlyAnswer(403, "no host and port") from error
        self.errand.host, self.errand.port = str(host), port
        way = await self.router.open(host, port, plain=not tunnel)
        self.errand.address = str(way.address)
        try:
            if tunnel:
                await self._tunnel(way)
            else:
                await self._forward(way, request, host, port, path)
        finally:
            way.writer.transport.abort()
        self.errand.verdict = "ok"

    def _enter(self, request: h11.Request) -> None:
        """Checks the login of this request, and takes a place among the download's connections."""
        login = read_login(dict(request.headers).get(b"proxy-authorization", b""))
        download_id, token = login or ("-", "")
        self.errand.download_id = download_id
        ticket = self.tickets.get(download_id)
        if not ticket or not ticket.admits(token) or self.ticket not in (None, ticket):
            raise EarlyAnswer(407, "this proxy is for downloads of Inlay only")
        if ticket.over_budget:
            raise EarlyAnswer(403, "the download has used up its bytes")
        task = asyncio.current_task()
        if task and task not in ticket.tasks:
            if len(ticket.tasks) >= CONNECTIONS:
                raise EarlyAnswer(503, "too many connections")
            ticket.tasks.add(task)
            self.ticket = ticket

    async def _tunnel(self, way: Way) -> None:
        """Bytes both ways until one side is done; HTTP clients never leave a tunnel half open."""
        self.writer.write(self.http.send(h11.Response(status_code=200, headers=[], reason=b"Connected")))
        early, _ = self.http.trailing_data
        way.writer.write(early)
        pumps = {
            asyncio.create_task(self._pump(self.reader, way.writer)),
            asyncio.create_task(self._pump(way.reader, self.writer)),
        }
        try:
            done, _ = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in done:
                pump.result()
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await self._read(reader):
            writer.write(data)
            await writer.drain()

    async def _forward(self, way: Way, request: h11.Request, host: Host, port: int, path: bytes) -> None:
        remote = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEADER_BYTES)
        authority = str(host) if port == 80 else f"{host}:{port}"
        headers = [(b"Host", authority.encode()), *_end_to_end(request, keep_chunked=True)]
        headers.append((b"Connection", b"close"))
        if self.router.upstream and self.router.forwards:
            path = f"http://{authority}".encode() + path
            headers += self.router.upstream.login
        try:
            way.writer.write(remote.send(h11.Request(method=request.method, target=path, headers=headers)))
            await self._send_body(remote, way)
            head = await self._head(remote, way.reader)
        except (OSError, h11.RemoteProtocolError) as error:
            raise EarlyAnswer(502, "no HTTP answer", way.address) from error
        await self._return(head, remote, way)

    async def _send_body(self, remote: h11.Connection, way: Way) -> None:
        if self.http.they_are_waiting_for_100_continue:
            self.writer.write(self.http.send(h11.InformationalResponse(status_code=100, headers=[])))
        while isinstance(event := await self._event(self.http, self.reader), h11.Data):
            way.writer.write(remote.send(event))
            await way.writer.drain()
        way.writer.write(remote.send(h11.EndOfMessage()))

    async def _head(self, remote: h11.Connection, reader: asyncio.StreamReader) -> h11.Response:
        event = await self._event(remote, reader)
        while isinstance(event, h11.InformationalResponse):
            event = await self._event(remote, reader)
        if not isinstance(event, h11.Response):
            raise ConnectionError("no response")
        if event.status_code == 407:
            raise ConnectionError("the upstream proxy wants another login")
        return event

    async def _return(self, head: h11.Response, remote: h11.Connection, way: Way) -> None:
        headers = _end_to_end(head)
        answer = h11.Response(status_code=head.status_code, headers=headers, reason=head.reason)
        self.writer.write(self.http.send(answer))
        while isinstance(event := await self._event(remote, way.reader), h11.Data):
            self.writer.write(self.http.send(event))
            await self.writer.drain()
        self.writer.write(self.http.send(h11.EndOfMessage()))
        await self.writer.drain()

    async def _event(self, http: h11.Connection, reader: asyncio.StreamReader) -> h11.Event:
        """The next event of this side. Heads are read in small bites, or h11 would not notice their size."""
        while (event := http.next_event()) is h11.NEED_DATA:
            in_body = http.their_state is h11.SEND_BODY
            http.receive_data(await self._read(reader, CHUNK_BYTES if in_body else HEAD_BITE_BYTES))
        if not isinstance(event, h11.Event):
            raise h11.RemoteProtocolError("a request in the middle of another one")
        return event

    async def _read(self, reader: asyncio.StreamReader, most: int = CHUNK_BYTES) -> bytes:
        data = await reader.read(most)
        if self.ticket:
            self.errand.passed_bytes += len(data)
            self.ticket.spend(len(data))
        self.clock.reschedule(asyncio.get_running_loop().time() + self.idle_s)
        return data

    def _note(self, answer: EarlyAnswer) -> None:
        self.errand.verdict = f"{answer.status} {answer.reason}"
        if answer.address:
            self.errand.address = str(answer.address)
        if self.ticket and answer.status == 403:
            self.ticket.refuse(self.errand.host, answer.reason)

    def _write_down(self) -> None:
        errand = self.errand
        if self.ticket and self.ticket.over_budget and errand.verdict == "cut":
            errand.verdict = "over budget"
        texts = (errand.method, errand.host, errand.port, errand.address, errand.verdict)
        shown = (str(text).encode("unicode_escape").decode("ascii")[:300] for text in texts)
        line = "method=%s host=%s port=%s address=%s verdict=%s bytes=%d"
        # What went as it should is many lines for one download.
        level = logging.DEBUG if errand.verdict == "ok" else logging.INFO
        log.log(level, line, *shown, errand.passed_bytes, extra={"download_id": errand.download_id})

    async def _answer(self, answer: EarlyAnswer) -> None:
        """Says why, and lets the client read it: a close with unread bytes would take the answer back."""
        body = f"Inlay does not fetch this: {answer.reason}.\n".encode()
        headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
        headers.append(("Connection", "close"))
        # Whose answer this is: a site's 502 means something else than ours.
        headers.append(("X-Inlay-Egress", "refused" if answer.status == 403 else "unreachable"))
        if answer.status == 407:
            headers.append(("Proxy-Authenticate", 'Basic realm="inlay"'))
        self.writer.write(self.http.send(h11.Response(status_code=answer.status, headers=headers)))
        self.writer.write(self.http.send(h11.Data(data=body)) + self.http.send(h11.EndOfMessage()))
        await self.writer.drain()
        self.writer.write_eof()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_S):
                while await self.reader.read(CHUNK_BYTES):
                    continue


def _split(request: h11.Request) -> tuple[bytes, bytes]:
    """Authority and path of a plain request's absolute URL."""
    match = HTTP_URL.match(request.target)
    if not match:
        raise EarlyAnswer(403, "only http and https")
    if request.method not in METHODS:
        raise EarlyAnswer(405, "only GET, HEAD and POST")
    authority, path = match.groups()
    return authority, path if path.startswith(b"/") else b"/" + path


def _end_to_end(message: h11.Request | h11.Response, *, keep_chunked: bool = False) -> Headers:
    """What is meant for the other end, spelled as it came: no hop's own headers, one length at most."""
    dropped = set(HOP_BY_HOP)
    for name, value in message.headers:
        if name == b"connection":
            dropped |= {word.strip().lower() for word in value.split(b",")}
        elif name == b"transfer-encoding":
            dropped.add(b"content-length")
    dropped.discard(b"transfer-encoding")
    if not keep_chunked:
        dropped.add(b"transfer-encoding")
    names = ((raw.lower(), raw, value) for raw, value in message.headers.raw_items())
    return [
        (raw, value) for name, raw, value in names if name not in dropped and not name.startswith(b"proxy-")
    ]


def _reset(writer: asyncio.StreamWriter) -> None:
    """Ends a connection so that a body without a length cannot pass for a complete one."""
    sock = writer.get_extra_info("socket")
    if sock is not None and not writer.is_closing():
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
