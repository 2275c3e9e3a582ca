"""F18: without the egress guard nothing leaves; a download fails as if the network were away."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.children import parent
from app.errors import Failure, FailureKind
from app.sources.addresses import Allowed
from app.sources.base import Order
from app.sources.egress import EgressGuard
from tests.egress_world import BIG
from tests.hostile import manifests
from tests.hostile.world import PUBLIC
from tests.media.audio import make
from tests.media.site import MediaSite
from tests.running import wait_for

CALL = "app.downloads.child:fetch_and_check"


@pytest.fixture
def public() -> Iterator[MediaSite]:
    with MediaSite(PUBLIC) as site:
        yield site


@pytest.fixture
def guard() -> Iterator[EgressGuard]:
    running = EgressGuard(Allowed(PUBLIC))
    running.start()
    yield running
    running.stop()


def order(link: str, folder: Path, proxy: str) -> dict[str, Any]:
    wanted = Order(
        url=link,
        folder=str(folder),
        quality="bestaudio",
        max_duration_s=3600,
        max_file_bytes=BIG,
        proxy=proxy,
    )
    built: dict[str, Any] = msgspec.to_builtins(wanted)
    return built


def links(public: MediaSite) -> list[str]:
    """One for each way that yt-dlp fetches in: a page, a file, a playlist."""
    segment = public.file("s.mp3", make("mp3", 3), "audio/mpeg")
    return [
        public.track("page", make("mp3", 3), title="Page"),
        public.file("list.m3u8", manifests.hls_media(segment), manifests.HLS),
    ]


def test_without_a_guard_nothing_is_fetched(public: MediaSite, guard: EgressGuard, tmp_path: Path) -> None:
    ticket = guard.open("d", BIG)
    guard.stop()
    for link in links(public):
        with pytest.raises(Failure) as caught:
            parent.run(CALL, order(link, tmp_path, ticket.url), seconds=60)
        assert caught.value.kind is FailureKind.TEMPORARY
        assert caught.value.message == "The network is not reachable. Retry later."
    assert public.connections == 0


def test_a_guard_that_ends_takes_the_download_with_it(
    public: MediaSite, guard: EgressGuard, tmp_path: Path
) -> None:
    song = make("mp3", 12)
    link = public.track("slow", song, title="Slow", rate_bps=30_000)
    ticket = guard.open("d", BIG)

    def end() -> None:
        wait_for(lambda: any(hit.sent > 60_000 for hit in public.hits_at(public.media_url("slow"))))
        guard.stop()

    ending = threading.Thread(target=end)
    ending.start()
    with pytest.raises(Failure) as caught:
        parent.run(CALL, order(link, tmp_path, ticket.url), seconds=60)
    ending.join()
    assert caught.value.kind is FailureKind.TEMPORARY
    connections = public.connections
    time.sleep(0.2)
    assert public.connections == connections == len(public.hits)
    sent = sum(hit.sent for hit in public.hits_at(public.media_url("slow")))
    assert sent < song.stat().st_size


def test_a_ticket_that_was_taken_back_opens_nothing(
    public: MediaSite, guard: EgressGuard, tmp_path: Path
) -> None:
    ticket = guard.open("d", BIG)
    guard.close("d")
    with pytest.raises(Failure):
        parent.run(CALL, order(links(public)[0], tmp_path, ticket.url), seconds=60)
    assert public.connections == 0
