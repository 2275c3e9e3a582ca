"""The media site itself: what real yt-dlp makes of its pages, and that each fault is the one it says."""

import gzip
import http.client
import io
import re
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import mutagen
import pytest
import yt_dlp
from PIL import Image

from tests.media import audio, faults, tls
from tests.media.__main__ import fill
from tests.media.faults import GARBAGE, HTML, PLAYLIST
from tests.media.site import MediaSite

HOSTILE = "A {{7*7}}</script><b> \"quoted\" 'single' & &amp; \\u0041 ../../x 音楽 🎧"


@pytest.fixture
def site() -> Iterator[MediaSite]:
    with MediaSite() as running:
        yield running


@pytest.fixture
def fetch(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    always = {"quiet": True, "noprogress": True, "proxy": "", "cachedir": False, "fixup": "never"}
    target = {"outtmpl": str(tmp_path / "%(autonumber)s.%(ext)s"), "format": "bestaudio/best"}

    def download(url: str, **options: Any) -> dict[str, Any]:
        with yt_dlp.YoutubeDL({**always, **target, "socket_timeout": 5, **options}) as ydl:
            return ydl.extract_info(url)

    return download


def begin(url: str, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=5)
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    connection.request(method, parts.path, headers={**named, "Connection": "close"})
    return connection.getresponse()


def ask(url: str, method: str = "GET", **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    with begin(url, method, **headers) as response:
        return response, response.read()


def read_all(connection: socket.socket, pieces: list[bytes]) -> None:
    while piece := connection.recv(65_536):
        pieces.append(piece)


def saved(info: dict[str, Any]) -> bytes:
    return Path(info["requested_downloads"][0]["filepath"]).read_bytes()


@pytest.mark.parametrize("kind", audio.KINDS)
def test_audio_is_real_and_as_long_as_asked(kind: str) -> None:
    facts = subprocess.run([audio.ffmpeg(), "-i", audio.make(kind)], capture_output=True, text=True).stderr
    assert re.search(r"Duration: 00:00:1(1\.9|2\.[01])", facts)
    assert ("96000 Hz, stereo, s32 (24 bit)" in facts) == (kind == "flac24")


def test_audio_is_made_once_also_when_several_want_it(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(audio, "CACHE", tmp_path / "cache")
    with ThreadPoolExecutor(4) as pool:
        songs = set(pool.map(lambda _: audio.make("mp3", 1), range(4)))
        lists = set(pool.map(lambda _: audio.hls(audio.make("mp3", 1)), range(4)))
    left = {path for path in (tmp_path / "cache").iterdir() if not path.name.startswith("music-")}
    assert (left, len(left)) == (songs | lists, 2)


def test_tags_and_pitch_make_other_files() -> None:
    tagged = audio.make("mp3", tags={"title": "Saltmarsh"})
    assert mutagen.File(tagged, easy=True)["title"] == ["Saltmarsh"]
    contents = {
        tagged.read_bytes(),
        audio.make("mp3").read_bytes(),
        audio.make("mp3", pitch_hz=262).read_bytes(),
    }
    assert len(contents) == 3


def test_pictures_have_their_form_and_the_huge_one_is_small_as_a_file() -> None:
    for form in ("jpeg", "png", "webp"):
        image = Image.open(io.BytesIO(audio.picture(320, 180, form)))
        assert (image.size, image.format) == ((320, 180), form.upper())
    assert len(bomb := audio.huge_picture()) < 100_000
    with pytest.raises(Image.DecompressionBombError, match="225000000 pixels"):
        Image.open(io.BytesIO(bomb))


def test_jsonld_page_tells_everything_and_hostile_text_arrives_verbatim(site: MediaSite, fetch: Any) -> None:
    who = {"title": HOSTILE, "uploader": HOSTILE, "artist": HOSTILE}
    info = fetch(site.track("7", audio.make("m4a"), **who, upload_date="2023-04-05", duration_s=12.5))
    assert [info["title"], info["uploader"], info["artist"]] == [HOSTILE] * 3
    assert (info["id"], info["upload_date"], info["duration"]) == ("7", "20230405", 12.5)
    assert saved(info) == audio.make("m4a").read_bytes()
    assert Image.open(io.BytesIO(ask(info["thumbnail"])[1])).size == (1280, 720)


@pytest.mark.parametrize("page", ["og", "html5", "direct"])
@pytest.mark.parametrize("kind", ["opus", "mp4"])
def test_other_pages_give_title_and_file(site: MediaSite, fetch: Any, page: Any, kind: str) -> None:
    info = fetch(site.track("7", audio.make(kind), page=page, title=HOSTILE))
    assert info["title"].removesuffix(" (1)") == HOSTILE
    assert saved(info) == audio.make(kind).read_bytes()
    assert bool(info.get("thumbnail")) == (page != "direct")


def test_chapters_come_from_extra_and_a_lone_surrogate_survives(site: MediaSite, fetch: Any) -> None:
    clips = [{"@type": "Clip", "name": name, "startOffset": at} for name, at in (("One", 0), ("Two", 6))]
    url = site.track("7", title="x\ud800y", duration_s=12, extra={"hasPart": clips})
    info = fetch(url, simulate=True)
    assert info["title"] == "x\ud800y"
    found = [(part["title"], part["start_time"], part["end_time"]) for part in info["chapters"]]
    assert found == [("One", 0, 6), ("Two", 6, 12)]


def test_hls_downloads_and_live_is_live(site: MediaSite, fetch: Any) -> None:
    info = fetch(site.track("7", title="Night Bus", media_url=site.hls("bus")))
    assert info["title"] == "Night Bus"
    assert saved(info)[0] == 0x47
    assert fetch(site.hls("radio", live=True), simulate=True)["is_live"]


def test_feed_is_a_list_of_the_tracks(site: MediaSite, fetch: Any) -> None:
    tracks = [site.track("1", title="One & two"), site.track("2", title="<Three>")]
    info = fetch(site.feed("album", tracks), extract_flat="in_playlist")
    assert [entry["title"] for entry in info["entries"]] == ["One & two", "<Three>"]


def test_ranges_are_honest(site: MediaSite) -> None:
    url = site.file("ten", b"0123456789", "audio/mpeg")
    wanted = {"bytes=2-4": b"234", "bytes=7-": b"789", "bytes=-2": b"89", "bytes=8-99": b"89"}
    for asked, expected in wanted.items():
        response, body = ask(url, Range=asked)
        assert (response.status, body) == (206, expected)
    assert ask(url, Range="bytes=2-4")[0].headers["Content-Range"] == "bytes 2-4/10"
    response, _ = ask(url, Range="bytes=10-")
    assert (response.status, response.headers["Content-Range"]) == (416, "bytes */10")
    response, body = ask(url, "HEAD")
    assert (body, response.headers["Content-Length"], response.headers["Accept-Ranges"]) == (
        b"",
        "10",
        "bytes",
    )
    assert ask(url, Range="bytes=2-4", If_Range=response.headers["ETag"])[0].status == 206
    assert ask(url, Range="bytes=2-4", If_Range='"older"')[0].status == 200


def test_hits_tell_what_was_asked_and_sent(site: MediaSite) -> None:
    url = site.file("ten", b"0123456789")
    ask(url, Range="bytes=2-4", X_Test="yes")
    ask(url, "POST")
    first, second = site.hits_at(url)
    assert (first.method, first.path, first.status, first.sent) == ("GET", "/file/ten", 206, 3)
    assert first.headers["x-test"] == "yes"
    assert (second.method, second.status) == ("POST", 405)
    assert site.connections == 2
    site.clear()
    assert site.hits == []


def test_connections_are_kept_alive(site: MediaSite) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", site.port, timeout=5)) as connection:
        for _ in range(3):
            connection.request("GET", urlsplit(site.file("ten", b"0123456789")).path)
            assert connection.getresponse().read() == b"0123456789"
    assert site.connections == 1


def test_throttle_is_smooth(site: MediaSite) -> None:
    began = time.monotonic()
    with begin(site.file("slow", bytes(100_000), rate_bps=200_000)) as response:
        pieces = list(iter(lambda: response.read1(65_536), b""))
    assert 0.4 < time.monotonic() - began < 1.5
    assert len(pieces) >= 8


def test_status_counts_down_and_mend_ends_it(site: MediaSite) -> None:
    url = site.file("x", b"x", faults=[faults.Status(429, retry_after_s=7, times=2)])
    response, _ = ask(url)
    assert (response.status, response.headers["Retry-After"]) == (429, "7")
    assert [ask(url)[0].status for _ in range(2)] == [429, 200]
    down = site.file("y", b"y", faults=[faults.Status(503)])
    steps = (site.hits_at, site.mend, site.remove)
    assert [(step(down), ask(down)[0].status)[1] for step in steps] == [503, 200, 404]


def test_reset_is_a_reset_after_exactly_so_many_bytes(site: MediaSite) -> None:
    site.file("x", bytes(2_000_000), faults=[faults.Reset(900_000)])
    with socket.create_connection(("127.0.0.1", site.port), timeout=5) as connection:
        connection.sendall(b"GET /file/x HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.1)
        received: list[bytes] = []
        with pytest.raises(ConnectionResetError):
            read_all(connection, received)
    assert len(b"".join(received).partition(b"\r\n\r\n")[2]) == 900_000


def test_ytdlp_resumes_after_a_reset(site: MediaSite, fetch: Any) -> None:
    url = site.track("7", faults=[faults.Reset(100_000, after=1, times=1)])
    assert saved(fetch(url, retries=2)) == audio.make("mp3").read_bytes()
    assert [hit.status for hit in site.hits_at(site.media_url("7"))] == [200, 200, 206]


@pytest.mark.parametrize("fault", [faults.HangUp(5_000), faults.WrongLength(700), faults.Stall(5_000)])
def test_promised_bytes_do_not_come(site: MediaSite, fetch: Any, fault: Any) -> None:
    with pytest.raises(yt_dlp.utils.DownloadError):
        fetch(site.track("7", page="direct", faults=[fault]), socket_timeout=0.5, retries=0)


def test_endless_goes_past_the_file_without_a_length(site: MediaSite) -> None:
    with begin(site.file("x", b"0123456789", faults=[faults.Endless()])) as response:
        assert response.headers["Content-Length"] is None
        assert response.read(100_000) == b"0123456789" * 10_000


def test_redirects_lead_away_or_round_in_circles(site: MediaSite, fetch: Any) -> None:
    target = site.track("7", title="Found")
    assert fetch(site.page("old", "", faults=[faults.Redirect(target)]), simulate=True)["title"] == "Found"
    hops = site.track("hops", page_faults=[faults.Redirect(times=3)])
    assert fetch(hops, simulate=True)["title"] == "hops"
    with pytest.raises(yt_dlp.utils.DownloadError, match="redirect"):
        fetch(site.page("loop", "", faults=[faults.Redirect()]))


@pytest.mark.parametrize("other", [GARBAGE, HTML, PLAYLIST])
def test_second_get_is_something_else(site: MediaSite, fetch: Any, other: bytes) -> None:
    url = site.track("7", page="direct", faults=[faults.Swap(other, after=1)])
    assert ask(url)[1] == audio.make("mp3").read_bytes()
    assert saved(fetch(url)) == other


def test_gzip_bomb_unpacks_to_what_it_says(site: MediaSite) -> None:
    response, body = ask(site.page("x", "<p>hello", faults=[faults.GzipBomb(64 << 20)]))
    assert response.headers["Content-Encoding"] == "gzip"
    assert len(body) < 200_000
    assert gzip.decompress(body) == b"<p>hello" + bytes(64 << 20)


def test_lies_about_length_and_range(site: MediaSite) -> None:
    short = site.file("short", bytes(1_000), faults=[faults.WrongLength(-400)])
    assert len(ask(short)[1]) == 600
    cut = site.file("cut", b"0123456789", faults=[faults.Truncate(4)])
    assert ask(cut)[1] == b"0123"
    ignored = site.file("a", b"0123456789", faults=[faults.NoRanges()])
    assert ask(ignored, Range="bytes=5-")[0].status == 200
    wrong = site.file("b", b"0123456789", faults=[faults.WrongRange()])
    assert ask(wrong, Range="bytes=5-")[1] == b"01234"


@pytest.mark.parametrize("fault", [faults.Stall(10), faults.Slow(), faults.Wait(60), faults.Endless(1_000)])
def test_closing_ends_unfinished_responses_quickly(fault: Any) -> None:
    before = set(threading.enumerate())
    site = MediaSite()
    parts = urlsplit(site.file("x", bytes(50_000), faults=[fault]))
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as connection:
        connection.sendall(b"GET /file/x HTTP/1.1\r\nHost: x\r\n\r\n")
        while not site.hits:
            time.sleep(0.005)
        began = time.monotonic()
        site.close()
        read_all(connection, [])
    while set(threading.enumerate()) - before:
        assert time.monotonic() - began < 1
        time.sleep(0.01)


@pytest.mark.skipif(not tls.openssl(), reason="needs the openssl command")
def test_https_with_our_own_certificate(tmp_path: Path) -> None:
    context, certificate = tls.self_signed(tmp_path)
    with MediaSite(tls=context) as site:
        assert site.url.startswith("https://")
        trusting = ssl.create_default_context(cafile=certificate)
        with urlopen(site.file("x", b"hello"), timeout=5, context=trusting) as response:
            assert response.read() == b"hello"


def test_demo_site_offers_what_it_names(site: MediaSite) -> None:
    links = fill(site)
    statuses = {what: ask(url)[0].status for what, url in links.items() if "slow" not in what}
    assert {status for status in statuses.values()} == {200, 404, 403, 503}
