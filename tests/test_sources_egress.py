import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import curl_cffi.requests
import pytest
import requests
import yt_dlp

from app.sources.addresses import Allowed
from app.sources.egress import ProxyTicket
from tests import egress_world
from tests.egress_world import BIG, INSIDE, LOOSE, PUBLIC, Names, Network, Site, Start, ask, get, login
from tests.test_sources_addresses import HOSTILE_HOSTS

sites = pytest.fixture(egress_world.sites)
start = pytest.fixture(egress_world.start)


@pytest.mark.parametrize("method", ["CONNECT", "GET"])
def test_hostile_spellings_are_never_dialled(start: Start, method: str) -> None:
    network = Network()
    guard = start(Allowed(), dial=network.dial, resolve=Names(["8.8.8.8"]).resolve)
    for host in HOSTILE_HOSTS:
        ticket = guard.open("d", BIG)
        target = f"{host}:80" if method == "CONNECT" else f"http://{host}:80/x"
        answer = ask(guard, f"{method} {target} HTTP/1.1\r\nHost: x\r\n{login(ticket)}\r\n")
        assert (host, answer.status) == (host, 403)
        assert answer.headers["X-Inlay-Egress"] == "refused"
        assert ticket.refused
    assert network.dialled == []


@pytest.mark.parametrize(
    "answers",
    [
        ["8.8.8.8", "10.0.0.1"],
        ["::1", "8.8.8.8"],
        ["8.8.8.8", "::ffff:8.8.8.8"],
        ["fe80::1%eth0"],
        ["127.0.0.1"],
    ],
)
def test_one_bad_answer_is_enough(start: Start, answers: list[str]) -> None:
    network = Network()
    guard = start(Allowed(), dial=network.dial, resolve=Names(answers).resolve)
    assert get(guard.open("d", BIG), "http://song.example/").status_code == 403
    assert network.dialled == []


def test_only_what_was_judged_is_dialled_and_each_request_is_judged_anew(
    start: Start, sites: tuple[Site, Site]
) -> None:
    network, names = Network(sites[0].port), Names(["8.8.8.8"], ["127.0.0.1"])
    guard = start(Allowed(), dial=network.dial, resolve=names.resolve)
    ticket = guard.open("d", BIG)
    with requests.Session() as session:
        session.proxies = {"http": ticket.url}
        assert session.get("http://song.example/a", timeout=10).status_code == 200
        assert session.get("http://song.example/b", timeout=10).status_code == 403
    assert network.dialled == ["8.8.8.8"]
    assert sites[0].heads[0]["Host"] == "song.example"
    assert ticket.refused[0].host == "song.example"


def test_the_next_judged_address_is_tried(start: Start) -> None:
    network = Network()
    guard = start(Allowed(), dial=network.dial, resolve=Names(["2606:4700::1", "8.8.8.8"]).resolve)
    assert get(guard.open("d", BIG), "http://song.example/").status_code == 502
    assert network.dialled == ["2606:4700::1", "8.8.8.8"]


def by_requests(url: str, ticket: ProxyTicket) -> int:
    return get(ticket, url).status_code


def by_curl(url: str, ticket: ProxyTicket) -> int:
    proxies: Any = {"http": ticket.url, "https": ticket.url}
    return curl_cffi.requests.get(url, proxies=proxies, impersonate="chrome", timeout=10).status_code


def by_urllib(url: str, ticket: ProxyTicket) -> int:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": ticket.url}))
    try:
        with opener.open(url, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.parametrize("fetch", [by_requests, by_curl, by_urllib])
def test_redirects_do_not_lead_inside(
    start: Start, sites: tuple[Site, Site], fetch: Callable[[str, ProxyTicket], int]
) -> None:
    public, inside = sites
    ticket = start().open("d", BIG)
    assert fetch(public.url("/to?" + public.url("/song.mp3")), ticket) == 200
    assert fetch(public.url("/to?" + public.url("/to?" + inside.url("/secret"))), ticket) == 403
    assert inside.hits == []
    assert ticket.refused[0].host == INSIDE
    assert "loopback" in ticket.refused[0].reason


def test_a_kept_connection_may_not_turn_inside(start: Start, sites: tuple[Site, Site]) -> None:
    public, inside = sites
    guard = start()
    ticket = guard.open("d", BIG)
    client = http.client.HTTPConnection(INSIDE, guard.port, timeout=10)
    headers = dict([login(ticket).strip().split(": ", 1)])
    for path in ("/one", "/two"):
        client.request("POST", public.url(path), body=b"hello", headers=headers)
        assert client.getresponse().read() == b"hello"
    kept = client.sock
    client.request("GET", inside.url("/"), headers={**headers, "Host": PUBLIC})
    assert client.getresponse().status == 403
    assert kept is not None
    assert public.hits == ["/one", "/two"]
    assert inside.hits == []


def test_no_headers_between_hops_leave(start: Start, sites: tuple[Site, Site]) -> None:
    guard = start()
    extra = "Connection: X-Hop\r\nX-Hop: 1\r\nProxy-Connection: keep-alive\r\nTE: trailers\r\nX-End: 1\r\n"
    head = f"GET {sites[0].url('/')} HTTP/1.1\r\nHost: elsewhere\r\n"
    assert ask(guard, head + extra + login(guard.open("d", BIG)) + "\r\n").status == 200
    assert sites[0].heads[0] == {"Host": f"{PUBLIC}:{sites[0].port}", "X-End": "1", "Connection": "close"}


def test_tunnels_pass_bytes_and_never_lead_inside(start: Start, sites: tuple[Site, Site]) -> None:
    guard = start()
    ticket = guard.open("d", 2 * BIG)
    for site, status in zip(sites, (200, 403), strict=True):
        client = http.client.HTTPConnection(INSIDE, guard.port, timeout=10)
        client.set_tunnel(*site.server_address[:2], headers=dict([login(ticket).strip().split(": ", 1)]))
        if status == 403:
            with pytest.raises(OSError, match="403"):
                client.connect()
        else:
            client.request("GET", "/big")
            assert len(client.getresponse().read()) == BIG
        client.close()
    assert sites[1].hits == []
    assert BIG < ticket.spent_bytes < BIG + LOOSE


@pytest.mark.parametrize("header", ["", "Proxy-Authorization: Basic !\r\n", "closed", "old", "another's"])
def test_without_the_token_nothing_passes(start: Start, sites: tuple[Site, Site], header: str) -> None:
    guard = start()
    if header == "closed":
        header = login(guard.open("d", BIG))
        guard.close("d")
    elif header == "old":
        header = login(guard.open("d", BIG))
        guard.open("d", BIG)
    elif header == "another's":
        ticket = guard.open("d", BIG)
        header = login(replace(ticket, url=ticket.url.replace(ticket.token, guard.open("e", BIG).token)))
    answer = ask(guard, f"GET {sites[0].url('/')} HTTP/1.1\r\nHost: x\r\n{header}\r\n")
    assert answer.status == 407
    assert answer.headers["Proxy-Authenticate"].startswith("Basic")
    assert sites[0].hits == []


def test_yt_dlp_fetches_what_is_public_and_nothing_else(
    start: Start, sites: tuple[Site, Site], tmp_path: Path
) -> None:
    public, inside = sites
    ticket = start().open("0190-abc", BIG)
    options = {
        "proxy": ticket.url,
        "quiet": True,
        "noprogress": True,
        "cachedir": False,
        "retries": 0,
        "extractor_retries": 0,
        "outtmpl": str(tmp_path / "%(id)s.%(ext)s"),
    }
    with yt_dlp.YoutubeDL(options) as downloader:
        downloader.download([public.url("/song.mp3")])
        for url in (inside.url("/song.mp3"), public.url("/to?" + inside.url("/song.mp3"))):
            with pytest.raises(yt_dlp.utils.DownloadError):
                downloader.download([url])
    assert [file.stat().st_size for file in tmp_path.iterdir()] == [5000]
    assert inside.hits == []
    assert ticket.spent_bytes > 5000
