"""The egress guard: a filtering HTTP proxy on loopback, the only way out for all that a download starts."""

import asyncio
import contextlib
import threading
from collections.abc import Iterable
from urllib.parse import quote

from app.sources.addresses import Allowed
from app.sources.egress_connection import Connection
from app.sources.egress_route import CHUNK_BYTES, CONNECT_S, Dial, Resolve, Router, Upstream, dial, resolve
from app.sources.egress_ticket import ProxyTicket, Refusal, new_token

__all__ = ["EgressGuard", "ProxyTicket", "Refusal"]

IDLE_S = 120.0
STOP_S = 5.0


class EgressGuard:
    """Listens on a free loopback port in a thread of its own; its methods may be called from any other."""

    def __init__(
        self,
        allowed: Allowed | None = None,
        *,
        own_ports: Iterable[int] = (),
        upstream: str = "",
        resolve: Resolve = resolve,
        dial: Dial = dial,
        connect_s: float = CONNECT_S,
        idle_s: float = IDLE_S,
    ) -> None:
        """`own_ports` are those that this machine's programs of ours listen on; the guard adds its own.

        `upstream` is the URL of a proxy (http, https, socks5, socks5h) that everything goes through.
        `resolve` and `dial` let a test play the name server and the network.
        """
        proxy = Upstream.read(upstream) if upstream else None
        self._router = Router(allowed or Allowed(), proxy, resolve, dial, connect_s, set(own_ports))
        self._idle_s = idle_s
        self._tickets: dict[str, ProxyTicket] = {}
        self._connections: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="egress", daemon=True)
        self._server: asyncio.Server | None = None
        self.port = 0

    def start(self) -> None:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()

    def stop(self) -> None:
        """Cuts everything. Whatever still runs finds no way out any more."""
        if not self._thread.is_alive():
            return
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(STOP_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def open(self, download_id: str, budget_bytes: int) -> ProxyTicket:
        """A fresh way out for this download; an older one of the same download is cut."""
        self.close(download_id)
        token = new_token()
        url = f"http://{quote(download_id, safe='')}:{token}@127.0.0.1:{self.port}"
        ticket = ProxyTicket(download_id, budget_bytes, url, token)
        self._tickets[download_id] = ticket
        return ticket

    def close(self, download_id: str) -> None:
        """From now on nothing leaves for this download, and what it has open is cut."""
        ticket = self._tickets.pop(download_id, None)
        if ticket and self._thread.is_alive():
            self._loop.call_soon_threadsafe(ticket.cut)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=CHUNK_BYTES)
        self.port = self._server.sockets[0].getsockname()[1]
        self._router.own_ports.add(self.port)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("not in a task")
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        # Cut by us: nothing that asyncio's streams would have to complain about.
        with contextlib.suppress(asyncio.CancelledError):
            await Connection(self._tickets, self._router, self._idle_s, reader, writer).serve()

    async def _end(self) -> None:
        if self._server:
            self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
