"""What goes wrong between yt-dlp, the egress guard, a site and the disk, as a kind and a sentence."""

import resource
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from app.errors import Failure
from app.sources import rehearsal, runner
from app.sources.addresses import Allowed
from app.sources.base import Order
from app.sources.egress import EgressGuard
from tests.journeys import short_track
from tests.media import tls
from tests.media.audio import make
from tests.media.faults import HangUp, Redirect, Reset, Stall, Status, Swap, Wait
from tests.media.site import MediaSite

Offer = Callable[[MediaSite], str]
Fail = Callable[..., Failure]
MAX_BYTES = 400_000
HLS, DASH = "application/vnd.apple.mpegurl", "application/dash+xml"
FAIRPLAY = 'METHOD=SAMPLE-AES,URI="skd://x",KEYFORMAT="com.apple.streamingkeydelivery"'
WIDEVINE = b"""<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"
mediaPresentationDuration="PT10S"><Period><AdaptationSet mimeType="audio/mp4">
<ContentProtection schemeIdUri="urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed"/>
<Representation id="1" bandwidth="128000" codecs="mp4a.40.2"><BaseURL>a.m4a</BaseURL></Representation>
</AdaptationSet></Period></MPD>"""


async def resolve(name: str, port: int) -> Sequence[str]:
    raise OSError("no such name")


@pytest.fixture(scope="module")
def guard() -> Iterator[EgressGuard]:
    rehearsal.rehearse()
    running = EgressGuard(Allowed("127.0.0.1"), resolve=resolve, connect_s=2)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def fail(guard: EgressGuard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fail:
    """The failure that fetching a link ends with. `timeout_s` is how long yt-dlp waits for bytes."""
    usual = runner._options

    def fail(url: str, *, folder: Path = tmp_path, proxy: str = "", timeout_s: float = 20) -> Failure:
        def options(*args: Any) -> dict[str, Any]:
            return {**usual(*args), "socket_timeout": timeout_s}

        monkeypatch.setattr(runner, "_options", options)
        order = Order(
            url=url,
            folder=str(folder),
            quality="bestaudio",
            max_duration_s=3600,
            max_file_bytes=MAX_BYTES,
            proxy=proxy or guard.open("d1", 50_000_000).url,
        )
        with pytest.raises(Failure) as caught:
            runner.fetch(order, lambda event: None)
        assert caught.value.message.endswith(".")
        return caught.value

    return fail


def page(code: int, wait_s: int | None = None) -> Offer:
    return lambda site: short_track(site, f"p{code}", page_faults=[Status(code, wait_s)])


def media(code: int, wait_s: int | None = None) -> Offer:
    """Refused when the page and the audio's head were read, as a link that ran out."""
    return lambda site: short_track(site, f"m{code}", page="direct", faults=[Status(code, wait_s, after=1)])


def pieces(code: int, wait_s: int | None = None) -> Offer:
    return lambda site: site.hls(f"h{code}", faults=[Status(code, wait_s)])


def encrypted(key: str) -> Offer:
    text = f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-KEY:{key}\n#EXTINF:4,\n0.ts\n#EXT-X-ENDLIST\n"
    return lambda site: site.file(f"{abs(hash(key))}.m3u8", text.encode(), HLS)


P, T, Y = "permanent", "temporary", "needs_you"
# link, kind, words, Retry-After, whether the site is paused
SITUATIONS: dict[str, tuple[Offer, str, str, int | None, bool]] = {
    "401": (page(401), Y, "sign-in", None, False),
    "403": (page(403), Y, "sign-in", None, False),
    "403 with a time": (page(403, 9), T, "pause", 9, True),
    "404": (page(404), P, "not there", None, False),
    "410": (page(410), P, "not there", None, False),
    "418": (page(418), P, "does not accept", None, False),
    "429": (page(429), T, "pause", None, True),
    "429 with a time": (page(429, 120), T, "pause", 120, True),
    "451": (page(451), P, "legal", None, False),
    "500": (page(500), T, "problem of its own", None, False),
    "502 of the site": (page(502), T, "problem of its own", None, False),
    "503 with a time": (page(503, 120), T, "problem of its own", 120, False),
    "circle": (lambda site: short_track(site, "o", page_faults=[Redirect()]), P, "circles", None, False),
    "media 401": (media(401), Y, "sign-in", None, False),
    "media 403": (media(403), T, "refused to send the audio", None, False),
    "media 404": (media(404), P, "not there", None, False),
    "media 429": (media(429, 30), T, "pause", 30, True),
    "media 503": (media(503, 30), T, "problem of its own", 30, False),
    "pieces 403": (pieces(403), T, "refused to send the audio", None, False),
    "pieces 404": (pieces(404), P, "not there", None, False),
    "pieces 429": (pieces(429, 30), T, "pause", 30, True),
    "pieces 503": (pieces(503, 30), T, "problem of its own", 30, False),
    "piece empty": (lambda site: site.hls("he", faults=[Swap(b"")]), T, "broke off", None, False),
    "cut": (
        lambda site: short_track(site, "cut", page="direct", faults=[HangUp(2_000)]),
        T,
        "broke off",
        None,
        False,
    ),
    "reset": (
        lambda site: short_track(site, "rst", page="direct", faults=[Reset(2_000)]),
        T,
        "broke off",
        None,
        False,
    ),
    "empty": (
        lambda site: short_track(site, "none", page="direct", faults=[Swap(b"")]),
        T,
        "broke off",
        None,
        False,
    ),
    "too large": (
        lambda site: site.track("big", make("mp3", 20), page="direct"),
        P,
        "larger than",
        None,
        False,
    ),
    "live": (lambda site: site.hls("air", live=True), P, "live stream", None, False),
    "no media": (
        lambda site: site.page("blog", "<title>Log in! Premium DRM</title>"),
        P,
        "No music",
        None,
        False,
    ),
    "fairplay": (encrypted(FAIRPLAY), P, "DRM", None, False),
    "widevine": (lambda site: site.file("w.mpd", WIDEVINE, DASH), P, "DRM", None, False),
    "other lock": (encrypted('METHOD=SAMPLE-AES-CTR,URI="x"'), P, "protected", None, False),
    "unknown name": (lambda site: "http://nowhere.example/a", T, "not reached", None, False),
    "unknown name, https": (lambda site: "https://nowhere.example/a", T, "not reached", None, False),
    "closed port": (lambda site: "http://127.0.0.1:9/a", T, "not reached", None, False),
    "forbidden": (lambda site: "http://10.0.0.1/a", P, "private address", None, False),
    "forbidden, https": (lambda site: "https://10.0.0.1/a", P, "private address", None, False),
    "no TLS": (lambda site: f"https://127.0.0.1:{site.port}/a", T, "safe connection", None, False),
    "no scheme": (lambda site: "javascript:alert(1)", P, "not an address", None, False),
    "file": (lambda site: "file:///etc/passwd", P, "not an address", None, False),
    "echo": (
        lambda site: f"{site.url}/drm-premium/log%20in,%20private%20video.%20Members%20only",
        P,
        "not there",
        None,
        False,
    ),
}


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_situation_has_a_kind_and_a_sentence(name: str, site: MediaSite, fail: Fail) -> None:
    offer, kind, words, wait_s, pauses = SITUATIONS[name]
    failure = fail(offer(site))
    assert (failure.kind, words in failure.message) == (kind, True), failure.message
    assert (failure.retry_after_s, failure.pauses_site) == (wait_s, pauses)


def test_a_date_to_come_back_at_is_a_time_to_wait(site: MediaSite, fail: Fail) -> None:
    headers = {"Retry-After": formatdate(time.time() + 600, usegmt=True)}
    failure = fail(site.page("dated", "No.", status=503, headers=headers))
    assert failure.retry_after_s is not None
    assert 500 < failure.retry_after_s <= 601


def test_a_site_that_falls_silent_is_tried_again(site: MediaSite, fail: Fail) -> None:
    for link in (
        short_track(site, "mute", page_faults=[Wait(5)]),
        short_track(site, "stall", page="direct", faults=[Stall(2_000, after=1)]),
    ):
        failure = fail(link, timeout_s=0.4)
        assert (failure.kind, failure.message) == ("temporary", "The site does not answer. Retry later.")


def test_without_the_guard_the_network_is_to_blame(site: MediaSite, guard: EgressGuard, fail: Fail) -> None:
    link = short_track(site, "fine")
    stale = guard.open("d2", 1_000).url
    guard.close("d2")
    for proxy in ("http://d1:s3cret@127.0.0.1:9", stale):
        failure = fail(link, proxy=proxy)
        assert failure.kind == "temporary"
        assert "reach" in failure.message


def test_a_certificate_that_nobody_signed_needs_somebody(tmp_path: Path, fail: Fail) -> None:
    context, _ = tls.self_signed(tmp_path)
    with MediaSite(tls=context) as site:
        failure = fail(short_track(site, "safe"))
    assert failure.kind == "needs_you"
    assert "certificate" in failure.message


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32k", "none", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_needs_somebody(disk: Path, site: MediaSite, fail: Fail) -> None:
    failure = fail(short_track(site, "full", page="direct"), folder=disk)
    assert (failure.kind, "disk is full" in failure.message) == ("needs_you", True)


def test_a_folder_that_cannot_be_written_needs_somebody(disk: Path, site: MediaSite, fail: Fail) -> None:
    link = short_track(site, "locked", page="direct")
    (disk / "file").touch()
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    for folder in (disk, disk / "new", disk / "file"):
        failure = fail(link, folder=folder)
        assert (failure.kind, "permissions" in failure.message) == ("needs_you", True), failure.message


def test_a_name_that_is_too_long_is_no_use(tmp_path: Path, site: MediaSite, fail: Fail) -> None:
    failure = fail(short_track(site, "long", page="direct"), folder=tmp_path / ("x" * 300))
    assert (failure.kind, "too long" in failure.message) == ("permanent", True)


def test_a_length_untold_file_over_the_limit_of_a_child_is_too_large(site: MediaSite, fail: Fail) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_BYTES, hard))
    try:
        failure = fail(site.track("flood", make("mp3", 20), page="direct", chunked=True))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (failure.kind, "larger than" in failure.message) == ("permanent", True)
