"""What yt-dlp may do in our child beside asking the proxy: start no program, and read no page without end."""

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from app.errors import Failure
from app.sources import runner
from app.sources.addresses import Allowed
from app.sources.base import Order
from app.sources.downloader import MAX_PAGE_BYTES, Downloader
from app.sources.egress import EgressGuard
from tests.hostile import manifests
from tests.hostile.world import MiB
from tests.media.audio import make
from tests.media.faults import Endless, Status
from tests.media.pages import document
from tests.media.site import MediaSite

Offer = Callable[[MediaSite], str]
PROGRAMS = "rtmpdump ffmpeg ffprobe avconv mplayer mpv aria2c curl wget axel http".split()


@pytest.fixture
def order(site: MediaSite, tmp_path: Path) -> Iterator[Order]:
    guard = EgressGuard(Allowed("127.0.0.1"))
    guard.start()
    yield Order(
        url="",
        folder=str(tmp_path),
        quality="bestaudio",
        max_duration_s=3600,
        max_file_bytes=1 << 30,
        proxy=guard.open("d", 1 << 40).url,
    )
    guard.stop()


def fetch(order: Order, link: str) -> None:
    runner.fetch(msgspec.structs.replace(order, url=link), lambda event: None)


def by_rtmp(site: MediaSite) -> str:
    media = "rtmp://127.0.0.1:1935/live/song.mp3"
    return site.page("rtmp", document("x", f'<meta property="og:audio" content="{media}">'))


def protected(site: MediaSite) -> str:
    segment = site.file("s.ts", b"x")
    return site.file("aes.m3u8", manifests.sample_aes(segment, f"{site.url}/key")[0], manifests.HLS)


def live(site: MediaSite) -> str:
    return site.file("on-air.m3u8", *manifests.live("", f"{site.url}/piece"))


@pytest.mark.parametrize("offer", [by_rtmp, protected, live])
def test_no_other_program_is_ever_started(
    offer: Callable[[MediaSite], str],
    order: Order,
    site: MediaSite,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not even where a machine has them all: none of them would have to ask the guard."""
    folder, started, link = tmp_path / "bin", tmp_path / "started", offer(site)
    folder.mkdir()
    for name in PROGRAMS:
        (folder / name).write_text(f"#!/bin/sh\necho {name} >> {started}\necho {name} 6.0\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    with pytest.raises(Failure) as caught:
        fetch(order, link)
    assert caught.value.message.endswith(".")
    assert not started.exists()


@pytest.mark.parametrize("packed", [False, True])
def test_a_page_is_read_to_a_limit_and_media_in_pieces(packed: bool, order: Order, site: MediaSite) -> None:
    if packed:
        body = gzip.compress(bytes(16 * MiB), 9) * 64
        link = site.page("packed", body, headers={"Content-Encoding": "gzip"})
    else:
        link = site.page("endless", bytes(MiB), faults=[Endless(200_000_000)])
    with Downloader(runner._options(order, runner.Notes(), lambda event: None)) as ydl:
        with pytest.raises(Failure, match="too large to be read"):
            ydl.urlopen(link).read()
        assert len(ydl.urlopen(link).read(1000)) == 1000
        song = site.file("page.mp3", bytes(MAX_PAGE_BYTES))
        assert len(ydl.urlopen(song).read()) == MAX_PAGE_BYTES


def test_a_track_with_a_hole_in_it_is_no_track(order: Order, site: MediaSite) -> None:
    """yt-dlp's own way is to leave out what it cannot get."""
    gone = {2: [Status(404)]}
    pieces = [site.file(f"{number}.mp3", make("mp3", 3), faults=gone.get(number, [])) for number in (1, 2, 3)]
    with pytest.raises(Failure):
        fetch(order, site.file("hole.m3u8", manifests.hls_media(*pieces), manifests.HLS))
