import asyncio
import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.sources import egress_route
from app.sources.addresses import Allowed
from app.sources.egress import EgressGuard, ProxyTicket
from tests import egress_world
from tests.egress_world import (
    ALLOWED,
    BIG,
    INSIDE,
    LOOSE,
    PUBLIC,
    Names,
    Network,
    Site,
    Start,
    ask,
    get,
    login,
)

sites = pytest.fixture(egress_world.sites)
start = pytest.fixture(egress_world.start)


def eventually(true: Callable[[], bool]) -> bool:
    """Whether it becomes true within two seconds."""
    end = time.monotonic() + 2
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return true()


def begin(guard: EgressGuard, ticket: ProxyTicket, method: str, site: Site, path: str) -> socket.socket:
    """A client that has asked for a path, through a tunnel or plainly, and read nothing of the body."""
    client = socket.create_connection((INSIDE, guard.port), timeout=5)
    where = f"{PUBLIC}:{site.port}"
    if method == "CONNECT":
        client.sendall(f"CONNECT {where} HTTP/1.1\r\nHost: x\r\n{login(ticket)}\r\n".encode())
        assert client.recv(4096).startswith(b"HTTP/1.1 200")
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    else:
        client.sendall(f"GET http://{where}{path} HTTP/1.0\r\n{login(ticket)}\r\n".encode())
    return client


def read_to_end(client: socket.socket) -> tuple[int, bool]:
    """How many bytes came, and whether the end (or giving up) was a clean one."""
    count = 0
    with client:
        try:
            while count < 32 * BIG and (data := client.recv(65536)):
                count += len(data)
        except ConnectionResetError:
            return count, False
    return count, True


@pytest.mark.parametrize("method", ["CONNECT", "GET"])
@pytest.mark.parametrize("path", ["/big", "/endless"])
def test_the_budget_cuts_all_connections_in_the_middle(
    start: Start, sites: tuple[Site, Site], method: str, path: str
) -> None:
    guard = start()
    ticket = guard.open("d", 1024 * 1024)
    waiting = begin(guard, ticket, "CONNECT", sites[0], "/song.mp3")
    count, clean = read_to_end(begin(guard, ticket, method, sites[0], path))
    assert not clean
    assert count <= ticket.budget_bytes < ticket.spent_bytes <= ticket.budget_bytes + LOOSE
    assert ticket.over_budget
    assert not read_to_end(waiting)[1]
    assert get(ticket, sites[0].url("/song.mp3")).status_code == 403


@pytest.mark.parametrize("method", ["CONNECT", "GET"])
@pytest.mark.parametrize("end", ["close", "open", "stop"])
def test_close_cuts_what_is_open(start: Start, sites: tuple[Site, Site], method: str, end: str) -> None:
    guard = start()
    ticket = guard.open("d", 1 << 40)
    client = begin(guard, ticket, method, sites[0], "/endless")
    client.recv(1000)
    {"close": lambda: guard.close("d"), "open": lambda: guard.open("d", 1), "stop": guard.stop}[end]()
    assert not read_to_end(client)[1]
    assert not ticket.tasks


def test_other_downloads_go_on_when_one_is_closed(start: Start, sites: tuple[Site, Site]) -> None:
    guard = start()
    one, other = guard.open("one", BIG), guard.open("other", 2 * BIG)
    client = begin(guard, other, "GET", sites[0], "/big")
    client.recv(1)
    guard.close(one.download_id)
    assert read_to_end(client)[0] > BIG


def test_after_stop_nobody_answers(start: Start, sites: tuple[Site, Site]) -> None:
    guard = start()
    ticket = guard.open("d", BIG)
    guard.stop()
    with pytest.raises(OSError, match="proxy"):
        get(ticket, sites[0].url("/"))
    assert sites[0].hits == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"]
)
def test_our_own_ports_are_refused_even_when_allowed(start: Start, host: str) -> None:
    network, names = Network(), Names(["127.0.0.1"])
    allowed = Allowed("0.0.0.0/0", "::/0", "localhost")
    guard = start(allowed, own_ports=[8640], dial=network.dial, resolve=names.resolve)
    for port in (8640, guard.port):
        answer = ask(guard, f"CONNECT {host}:{port} HTTP/1.1\r\nHost: x\r\n{login(guard.open('d', BIG))}\r\n")
        assert answer.status == 403
    assert network.dialled == []


def test_our_port_on_another_machine_is_fine(start: Start, sites: tuple[Site, Site]) -> None:
    network = Network(sites[0].port)
    guard = start(Allowed(), own_ports=[8640], dial=network.dial)
    assert get(guard.open("d", BIG), "http://8.8.8.8:8640/").status_code == 200


@pytest.mark.parametrize("port", [22, 25, 587])
def test_mail_and_shells_are_not_media(start: Start, port: int) -> None:
    network = Network()
    guard = start(dial=network.dial)
    assert get(guard.open("d", BIG), f"http://{PUBLIC}:{port}/").status_code == 403
    assert network.dialled == []


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("GET /page HTTP/1.1", 403),
        ("GET ftp://127.0.0.2/ HTTP/1.1", 403),
        ("GET https://127.0.0.2/ HTTP/1.1", 403),
        ("DELETE http://127.0.0.2/ HTTP/1.1", 405),
        ("CONNECT 127.0.0.2 HTTP/1.1", 403),
        ("nonsense", 400),
        (f"GET http://127.0.0.2/ HTTP/1.1\r\nX: {'x' * 60000}", 431),
    ],
)
def test_odd_requests_are_answered_and_go_nowhere(start: Start, line: str, status: int) -> None:
    network = Network()
    guard = start(dial=network.dial)
    assert ask(guard, f"{line}\r\nHost: x\r\n{login(guard.open('d', BIG))}\r\n").status == status
    assert network.dialled == []


def test_no_more_than_32_connections_for_one_download(start: Start, sites: tuple[Site, Site]) -> None:
    guard = start()
    ticket = guard.open("d", BIG)
    with contextlib.ExitStack() as stack:
        for _ in range(32):
            stack.enter_context(begin(guard, ticket, "CONNECT", sites[0], "/song.mp3"))
        assert get(ticket, sites[0].url("/")).status_code == 503
        assert get(guard.open("other", BIG), sites[0].url("/")).status_code == 200
    assert eventually(lambda: not ticket.tasks)
    assert get(ticket, sites[0].url("/")).status_code == 200


async def never(*_: object) -> list[str]:
    await asyncio.sleep(60)
    return []


def test_slow_names_and_hosts_time_out(start: Start) -> None:
    resolving = start(resolve=never, connect_s=0.05).open("d", BIG)
    dialling = start(dial=never, connect_s=0.05).open("d", BIG)
    assert get(resolving, "http://song.example/").status_code == 504
    assert get(dialling, f"http://{PUBLIC}/").status_code == 504


def test_idle_connections_end(start: Start, sites: tuple[Site, Site]) -> None:
    guard = start(idle_s=0.1)
    ticket = guard.open("d", BIG)
    tunnel = begin(guard, ticket, "CONNECT", sites[0], "/song.mp3")
    silent = socket.create_connection((INSIDE, guard.port), timeout=5)
    assert read_to_end(silent)[0] == 0
    assert read_to_end(tunnel)[0] > 5000
    assert eventually(lambda: not ticket.tasks)


def test_unknown_names_and_closed_ports_are_502(start: Start) -> None:
    async def unknown(name: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    with socket.create_server((PUBLIC, 0)) as listener:
        closed_port = listener.getsockname()[1]
    ticket = start(resolve=unknown).open("d", BIG)
    assert get(ticket, "http://song.example/").status_code == 502
    assert get(ticket, f"http://{PUBLIC}:{closed_port}/").status_code == 502


def resolved(host: str) -> object:
    """In a thread of its own: a browser test before this one may have left a loop in ours."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, egress_route.resolve(host, 80)).result()


def test_the_system_resolver_is_asked(start: Start) -> None:
    assert resolved("localhost")
    with pytest.raises(ValueError, match="label"):
        resolved("a..b")
    assert get(start().open("d", BIG), "http://localhost/").status_code == 403


def test_each_request_leaves_one_line(
    start: Start, sites: tuple[Site, Site], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "inlay.egress")
    ticket = start().open("new\nline", BIG)
    get(ticket, sites[0].url("/song.mp3"))
    get(ticket, sites[1].url("/"))
    assert eventually(lambda: len(caplog.records) == 2)
    passed, refused = caplog.messages
    assert passed.startswith(f"method=GET host={PUBLIC} port={sites[0].port} address={PUBLIC}")
    assert [vars(one)["download_id"] for one in caplog.records] == ["new\nline"] * 2
    assert "verdict=ok bytes=5" in passed
    assert f"host={INSIDE}" in refused
    assert "verdict=403 loopback" in refused
    assert ticket.token not in caplog.text


def test_downloads_run_side_by_side(start: Start, sites: tuple[Site, Site]) -> None:
    guard = start(ALLOWED)
    counts: list[int] = []

    def fetch(number: int) -> None:
        ticket = guard.open(str(number), 2 * BIG)
        counts.append(len(get(ticket, sites[0].url("/big")).content))

    threads = [threading.Thread(target=fetch, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [BIG] * 8
