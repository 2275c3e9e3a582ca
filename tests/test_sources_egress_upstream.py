import base64
import http.client
import socket
import threading
from collections.abc import Iterator

import pytest

from app.errors import SettingsError
from app.sources.addresses import Allowed
from app.sources.egress import EgressGuard
from tests import egress_world
from tests.egress_world import BIG, INSIDE, PUBLIC, Network, Site, Start, ask, get, login

sites = pytest.fixture(egress_world.sites)
start = pytest.fixture(egress_world.start)


class Proxy:
    """A proxy that notes where it is asked to go and by whom, and goes to the public site instead."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.asked: list[str] = []
        self.logins: list[str] = []
        self.listener = socket.create_server((INSIDE, 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(client,), daemon=True).start()

    def _answer(self, client: socket.socket) -> None:
        with client, client.makefile("rwb", buffering=0) as stream:
            first = stream.read(1)
            early = b""
            if first == b"\x05":
                self._talk_socks(stream)
            elif first:
                early = self._talk_http(first, stream)
            with socket.create_connection((PUBLIC, self.site.port)) as site:
                site.sendall(early or client.recv(65536))
                while data := site.recv(65536):
                    client.sendall(data)

    def _talk_socks(self, stream: socket.SocketIO) -> None:
        offered = stream.read(stream.read(1)[0])
        if b"\x02" in offered:
            stream.write(b"\x05\x02")
            stream.read(1)
            self.logins.append(":".join(stream.read(stream.read(1)[0]).decode() for _ in range(2)))
            stream.write(b"\x01\x00")
        else:
            stream.write(b"\x05\x00")
        kind = stream.read(4)[3]
        host = stream.read(stream.read(1)[0]).decode() if kind == 3 else socket.inet_ntoa(stream.read(4))
        self.asked.append(f"{host}:{int.from_bytes(stream.read(2), 'big')}")
        stream.write(b"\x05\x00\x00\x01" + bytes(6))

    def _talk_http(self, head: bytes, stream: socket.SocketIO) -> bytes:
        while not head.endswith(b"\r\n\r\n"):
            head += stream.read(1)
        lines = head.decode().split("\r\n")
        method, target, _ = lines[0].split()
        self.asked.append(target)
        for line in lines:
            if line.startswith("Proxy-Authorization: Basic "):
                self.logins.append(base64.b64decode(line.split()[-1]).decode())
        if method == "CONNECT":
            stream.write(b"HTTP/1.1 200 fine\r\nX: y\r\n\r\n")
            return b""
        return head


@pytest.fixture
def proxy(sites: tuple[Site, Site]) -> Iterator[Proxy]:
    proxy = Proxy(sites[0])
    yield proxy
    proxy.listener.close()


async def no_name_server(name: str, port: int) -> list[str]:
    raise AssertionError(f"{name} was resolved here")


def through(start: Start, proxy: Proxy, scheme: str, user: str = "") -> EgressGuard:
    upstream = f"{scheme}://{user}127.0.0.1:{proxy.port}"
    return start(Allowed(), upstream=upstream, resolve=no_name_server)


@pytest.mark.parametrize("scheme", ["http", "socks5", "socks5h"])
@pytest.mark.parametrize("user", ["", "me:p%40ss@"])
def test_names_go_upstream_unresolved(start: Start, proxy: Proxy, scheme: str, user: str) -> None:
    guard = through(start, proxy, scheme, user)
    ticket = guard.open("d", BIG)
    client = http.client.HTTPConnection(INSIDE, guard.port, timeout=10)
    client.set_tunnel("song.example", 443, headers=dict([login(ticket).strip().split(": ", 1)]))
    client.request("GET", "/tunnel")
    assert len(client.getresponse().read()) == 5000
    client.close()
    assert get(ticket, "http://song.example/plain?q").status_code == 200
    plain = "http://song.example/plain?q" if scheme == "http" else "song.example:80"
    assert proxy.asked == ["song.example:443", plain]
    assert proxy.logins == (["me:p@ss"] * 2 if user else [])


@pytest.mark.parametrize("scheme", ["http", "socks5h"])
@pytest.mark.parametrize(
    "host", ["10.0.0.1", "2130706433", "0177.1", "127.0.0.1.", "[::1]", "localhost", "a.LOCALHOST."]
)
@pytest.mark.parametrize("method", ["CONNECT", "GET"])
def test_literal_addresses_are_judged_here(
    start: Start, proxy: Proxy, scheme: str, host: str, method: str
) -> None:
    guard = through(start, proxy, scheme)
    target = f"{host}:80" if method == "CONNECT" else f"http://{host}/"
    answer = ask(guard, f"{method} {target} HTTP/1.1\r\nHost: x\r\n{login(guard.open('d', BIG))}\r\n")
    assert answer.status == 403
    assert proxy.asked == []


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_an_upstream_that_is_gone_is_never_gone_around(
    start: Start, sites: tuple[Site, Site], scheme: str
) -> None:
    with socket.create_server((INSIDE, 0)) as listener:
        port = listener.getsockname()[1]
    ticket = start(Allowed(PUBLIC), upstream=f"{scheme}://127.0.0.1:{port}").open("d", BIG)
    assert get(ticket, sites[0].url("/")).status_code == 502
    assert sites[0].hits == []


@pytest.mark.parametrize("scheme", ["https", "socks5"])
def test_an_upstream_that_speaks_otherwise_is_no_answer(
    start: Start, sites: tuple[Site, Site], scheme: str
) -> None:
    guard = start(upstream=f"{scheme}://127.0.0.1:{sites[1].port}", connect_s=0.3)
    assert get(guard.open("d", BIG), "http://song.example/").status_code in (502, 504)


def test_public_literals_go_upstream_in_plain_spelling(start: Start, proxy: Proxy) -> None:
    guard = through(start, proxy, "socks5h")
    assert get(guard.open("d", BIG), "http://0x08080808:81/").status_code == 200
    assert proxy.asked == ["8.8.8.8:81"]


def test_a_proxy_url_without_a_host_stops_the_start() -> None:
    with pytest.raises(SettingsError, match="INLAY_PROXY"):
        EgressGuard(Allowed(), upstream="http://pro xy:1", dial=Network().dial)
