"""Rows 4 and 5 at the guard itself: every spelling of an address inside by every kind of request, and names
that change their minds. Nothing is dialled but the public site, and nobody connects to the machine inside.
"""

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import curl_cffi.requests
import pytest
import requests
from yt_dlp import YoutubeDL
from yt_dlp.networking import Request
from yt_dlp.networking.exceptions import RequestError
from yt_dlp.networking.impersonate import ImpersonateTarget

from app.sources.addresses import Allowed
from app.sources.base import Order
from app.sources.egress import EgressGuard, ProxyTicket
from app.sources.runner import Notes, _options
from tests import egress_world
from tests.egress_world import BIG, INSIDE, Network, Site, Start, ask, login

sites = pytest.fixture(egress_world.sites)
start = pytest.fixture(egress_world.start)

# secrel §1.3: every way to write an address that is not for downloads, and names that lead to one.
SPELLINGS = (
    # This machine: decimal, octal, hexadecimal, short, mixed, with a dot, in other digits.
    *("127.0.0.1", "127.0.0.1.", "127.1", "127.0.1", "2130706433", "017700000001", "0x7f000001"),
    *("0x7f.1", "0177.0x0.0.01", "0", "0.0.0.0", "①②⑦.0.0.1", "127。0。0。1", "8.8.8.8%2f@127.0.0.1"),
    *("user@127.0.0.1", "8.8.8.8@127.0.0.1", "localhost", "LocalHost.", "x.localhost"),
    # IPv6, and IPv4 inside it: mapped, compatible, NAT64, 6to4, Teredo.
    *("[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::127.0.0.1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"),
    *("[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2001:0:7f00:1::1]"),
    # The household, the carrier, the cloud's metadata, and what is for nobody.
    *("10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "0xa9fea9fe"),
    *("metadata.google.internal", "[fc00::1]", "[fe80::1]", "[ff02::1]", "224.0.0.1", "255.255.255.255"),
)
# Names that anybody may have, and where they lead: inside, also inside, inside by the other family.
NAMES = {"lan.example": ["10.0.0.1"], "mixed.example": ["8.8.8.8", "192.168.1.1"], "v6.example": ["::1"]}
TIME_S = 10


class Resolver:
    """Plays the name server: what is inside is inside, everything else is public."""

    async def resolve(self, name: str, port: int) -> list[str]:
        if name.endswith("localhost"):
            return ["127.0.0.1"]
        if name == "metadata.google.internal":
            return ["169.254.169.254"]
        return NAMES.get(name, ["8.8.8.8"])


def by_urllib(url: str, ticket: ProxyTicket) -> None:
    handler = urllib.request.ProxyHandler({"http": ticket.url, "https": ticket.url})
    urllib.request.build_opener(handler).open(url, timeout=TIME_S).read()


def by_requests(url: str, ticket: ProxyTicket) -> None:
    requests.get(url, proxies={"http": ticket.url, "https": ticket.url}, timeout=TIME_S)


CURL = curl_cffi.requests.Session()


def by_curl(url: str, ticket: ProxyTicket) -> None:
    proxies: Any = {"http": ticket.url, "https": ticket.url}
    CURL.get(url, proxies=proxies, impersonate="chrome", timeout=TIME_S)


Fetch = Callable[[str, ProxyTicket], None]
CLIENTS: tuple[Fetch, ...] = (by_urllib, by_requests, by_curl)
# The last one is http.client's, about a host with a percent sign.
TROUBLE = (
    OSError,
    ValueError,
    http.client.HTTPException,
    curl_cffi.requests.RequestsError,
    AssertionError,
)


class Route:
    """One way of asking the guard for something at a host."""

    def __init__(self, guard: EgressGuard, public: Site) -> None:
        self.guard = guard
        self.public = public
        self.ticket = guard.open("d", BIG)

    def direct(self, fetch: Fetch, host: str, port: int) -> None:
        with suppress(*TROUBLE):
            fetch(f"http://{host}:{port}/secret", self.ticket)

    def redirect(self, fetch: Fetch, host: str, port: int) -> None:
        with suppress(*TROUBLE):
            fetch(f"http://song.example:{self.public.port}/to?http://{host}:{port}/secret", self.ticket)

    def tunnel(self, fetch: Fetch, host: str, port: int) -> None:
        with suppress(*TROUBLE):
            fetch(f"https://{host}:{port}/secret", self.ticket)

    def raw(self, line: str, host: str, port: int) -> None:
        request = line.format(host=host.encode().decode("latin-1"), port=port)
        answer = ask(self.guard, f"{request} HTTP/1.1\r\nHost: song.example\r\n{login(self.ticket)}\r\n")
        assert answer.status in (400, 403), host


ROUTES: dict[str, Callable[[Route, str, int], None]] = {
    "urllib": lambda route, *to: route.direct(by_urllib, *to),
    "requests": lambda route, *to: route.direct(by_requests, *to),
    "curl_cffi": lambda route, *to: route.direct(by_curl, *to),
    "urllib, redirected": lambda route, *to: route.redirect(by_urllib, *to),
    "requests, redirected": lambda route, *to: route.redirect(by_requests, *to),
    "curl_cffi, redirected": lambda route, *to: route.redirect(by_curl, *to),
    "requests, https": lambda route, *to: route.tunnel(by_requests, *to),
    "CONNECT": lambda route, *to: route.raw("CONNECT {host}:{port}", *to),
    "absolute form": lambda route, *to: route.raw("GET http://{host}:{port}/secret", *to),
}
HOSTS = (*SPELLINGS, *NAMES)


def test_the_corpus_has_at_least_three_hundred_cases() -> None:
    assert len(set(SPELLINGS)) >= 35
    assert len(HOSTS) * len(ROUTES) >= 300


@pytest.mark.parametrize("route", ROUTES)
def test_no_spelling_leads_inside_by_any_kind_of_request(
    route: str, start: Start, sites: tuple[Site, Site]
) -> None:
    public, inside = sites
    network = Network(public.port)
    guard = start(Allowed(), dial=network.dial, resolve=Resolver().resolve)
    way = Route(guard, public)
    for host in HOSTS:
        ROUTES[route](way, host, inside.port)
    assert set(network.dialled) <= {"8.8.8.8"}
    assert inside.connections == 0
    assert ("redirected" in route) == bool(public.hits)


@pytest.mark.parametrize("fetch", CLIENTS)
def test_a_name_that_turns_inside_is_judged_at_each_request(
    fetch: Fetch, start: Start, sites: tuple[Site, Site]
) -> None:
    """DNS rebinding with a time to live of nothing: the first look is public, every later one is not."""
    public, inside = sites
    network = Network(public.port)
    names = egress_world.Names(["8.8.8.8"], ["127.0.0.1"])
    ticket = start(Allowed(), dial=network.dial, resolve=names.resolve).open("d", BIG)
    again = f"http://turns.example:{inside.port}/again"
    with suppress(*TROUBLE):
        fetch(f"http://turns.example:{public.port}/to?{again}", ticket)
    with suppress(*TROUBLE):
        fetch(again, ticket)
    assert network.dialled == ["8.8.8.8"]
    assert len(public.hits) == 1
    assert inside.connections == 0


@pytest.fixture
def downloader(start: Start, sites: tuple[Site, Site], tmp_path: Any) -> Iterator[Callable[[], YoutubeDL]]:
    """yt-dlp with the very options of the worker, for what no page of ours makes it do."""
    ticket = start().open("d", BIG)
    order = Order(
        url="", folder=str(tmp_path), quality="best", max_duration_s=1, max_file_bytes=BIG, proxy=ticket.url
    )
    opened: list[YoutubeDL] = []

    def make() -> YoutubeDL:
        opened.append(YoutubeDL(_options(order, Notes(), lambda event: None)))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


BROWSER = {"impersonate": ImpersonateTarget("chrome")}


@pytest.mark.parametrize("extensions", [{}, BROWSER], ids=["plain", "as a browser"])
def test_yt_dlps_own_clients_do_not_go_inside(
    extensions: dict[str, Any], downloader: Callable[[], YoutubeDL], sites: tuple[Site, Site]
) -> None:
    public, inside = sites
    ydl = downloader()
    assert ydl.urlopen(Request(public.url("/song.mp3"), extensions=extensions)).status == 200
    for url in (inside.url("/x"), public.url(f"/to?{inside.url('/x')}"), f"https://{INSIDE}:{inside.port}/"):
        with pytest.raises(RequestError):
            ydl.urlopen(Request(url, extensions=extensions))
    assert public.hits[0] == "/song.mp3"
    assert inside.connections == 0


@pytest.mark.parametrize("scheme", ["ws", "wss", "ftp", "file", "data", "rtmp"])
def test_other_schemes_have_no_way_out(
    scheme: str, downloader: Callable[[], YoutubeDL], sites: tuple[Site, Site]
) -> None:
    if scheme == "data":
        assert downloader().urlopen("data:text/plain,hi").read() == b"hi"
        return
    address = "/etc/passwd" if scheme == "file" else f"{INSIDE}:{sites[1].port}/x"
    with pytest.raises((RequestError, ValueError)):
        downloader().urlopen(f"{scheme}://{address}")
    assert sites[1].connections == 0
