"""yt-dlp in a child only downloads: it starts no program, reads no configuration, and writes two files."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.children.parent import ENVIRONMENT
from app.sources.base import Order
from app.sources.runner import Notes, _options, start_only_deno
from tests.journeys import short_track
from tests.media.audio import make
from tests.media.site import MediaSite

ROOT = Path(__file__).parents[1]
# A child that downloads what it is told to, in the environment of a child, without the guard.
PROGRAM = """
import json, sys
sys.path.insert(0, sys.argv[1])
from tests.fetch_calls import many_pages
print(json.dumps(many_pages({"orders": json.loads(sys.argv[2])}, print)["ends"]))
"""


def order(url: str, folder: Path) -> Order:
    return Order(
        url=url,
        folder=str(folder),
        quality="bestaudio",
        max_duration_s=3600,
        max_file_bytes=10**8,
        proxy="",
    )


@pytest.fixture(scope="module")
def links(site: MediaSite) -> dict[str, str]:
    """Pages that make yt-dlp think of ffmpeg, one of each kind."""
    playlist = site.hls("plain")
    text = (make_list(site, playlist)).replace("#EXTINF", KEY.format("AES-128", site.url) + "#EXTINF", 1)
    sample = text.replace("AES-128", "SAMPLE-AES")
    late = make_list(site, playlist).replace("#EXT-X-MEDIA-SEQUENCE:0", "#EXT-X-MEDIA-SEQUENCE:7")
    hls_type = "application/vnd.apple.mpegurl"
    dash = DASH.format(url=site.file("whole.m4a", make("m4a", 3), "audio/mp4"))
    return {
        "plain": short_track(site, "plain"),
        "hls": playlist,
        "live": site.hls("live", live=True),
        "late": site.file("late.m3u8", late.encode(), hls_type),
        "sample": site.file("sample.m3u8", sample.encode(), hls_type),
        "dash": site.file("whole.mpd", dash.encode(), "application/dash+xml"),
        "rtmp": site.page("rtmp", RTMP),
    }


KEY = '#EXT-X-KEY:METHOD={},URI="{}/file/key"\n'
DASH = """<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"
 mediaPresentationDuration="PT3S" profiles="urn:mpeg:dash:profile:isoff-main:2011"><Period>
<AdaptationSet mimeType="audio/mp4" codecs="mp4a.40.2">
<Representation id="1" bandwidth="128000" audioSamplingRate="44100"><BaseURL>{url}</BaseURL></Representation>
</AdaptationSet></Period></MPD>"""
RTMP = (
    """<!doctype html><title>R</title><video><source src="rtmp://127.0.0.1/live" type="rtmp/mp4"></video>"""
)


def make_list(site: MediaSite, url: str) -> str:
    """The playlist's text, with addresses that work from anywhere."""
    import httpx

    text = httpx.get(url).text
    folder = url.rpartition("/")[0]
    return "\n".join(
        f"{folder}/{line}" if line and not line.startswith("#") else line for line in text.splitlines()
    )


@pytest.fixture(scope="module")
def traced(
    links: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[str], dict[str, str], Path]:
    """Every program that was started, and what became of each link."""
    folder = tmp_path_factory.mktemp("traced")
    orders = [msgspec.to_builtins(order(url, folder / name)) for name, url in links.items()]
    log = folder / "execve"
    run = subprocess.run(
        [
            *(
                "strace",
                "-f",
                "--seccomp-bpf",
                "-qq",
                "-e",
                "trace=execve,execveat",
                "-e",
                "signal=none",
                "-o",
                str(log),
            ),
            *(sys.executable, "-I", "-c", PROGRAM, str(ROOT), msgspec.json.encode(orders).decode()),
        ],
        env={**ENVIRONMENT, "HOME": str(home_with_traps(folder))},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    ends = msgspec.json.decode(run.stdout.splitlines()[-1])
    return log.read_text().splitlines(), dict(zip(links, ends, strict=True)), folder


def home_with_traps(folder: Path) -> Path:
    """A home whose configuration, plugin and netrc would show, if anybody looked at them."""
    home = folder / "home"
    trap = home / "trapped"
    config = home / ".config" / "yt-dlp"
    plugin = config / "plugins" / "trap" / "yt_dlp_plugins" / "extractor"
    plugin.mkdir(parents=True)
    (config / "config").write_text(f"--exec before_dl:'touch {trap}'\n--write-info-json\n")
    (plugin / "trap.py").write_text(f"open({str(trap)!r}, 'w')\n")
    (home / ".netrc").write_text("default login a password b\n")
    return home


Traced = tuple[list[str], dict[str, str], Path]


def test_yt_dlp_starts_no_program_whatever_the_page_is(traced: Traced) -> None:
    # When it is imported, Cryptodome asks ldconfig whether there is a library that would make it faster.
    started = [line for line in traced[0] if '"/sbin/ldconfig", "-p"' not in line]
    assert len(started) == 1, started
    assert sys.executable in started[0]


def test_what_yt_dlp_can_fetch_by_itself_is_fetched_and_the_rest_refused(traced: Traced) -> None:
    _, ends, _ = traced
    for name in ("plain", "hls", "late", "dash"):
        assert ends[name].startswith("source."), ends
    for name in ("live", "sample", "rtmp"):
        assert ends[name].endswith("."), ends


def test_yt_dlp_writes_the_audio_and_the_picture_and_nothing_else(traced: Traced) -> None:
    _, _, folder = traced
    written = {path.name for name in ("plain", "hls", "dash") for path in (folder / name).iterdir()}
    assert {name.partition(".")[0] for name in written} == {"source", "thumbnail"}
    assert not (folder / "home" / "trapped").exists()
    assert not (folder / "home" / ".cache").exists()


def test_options_switch_off_all_that_a_page_could_use(tmp_path: Path) -> None:
    from yt_dlp import YoutubeDL
    from yt_dlp.globals import plugin_ies, plugin_pps

    given = order("https://nothing.invalid/", tmp_path)
    with YoutubeDL(_options(given, Notes(), lambda event: None)) as ydl:
        params: dict[str, Any] = ydl.params
        off = (
            *("usenetrc", "netrc_cmd", "cookiesfrombrowser", "cookiefile", "external_downloader_args"),
            *("writeinfojson", "writedescription", "writesubtitles", "writeautomaticsub", "writelink"),
            *("load_info_filename", "download_archive", "exec_cmd", "postprocessors", "remote_components"),
            *("enable_file_urls", "cachedir", "allow_unplayable_formats", "bidi_workaround", "plugin_dirs"),
            *("nocheckcertificate", "legacyserverconnect", "write_pages", "live_from_start"),
        )
        assert {name: params.get(name) for name in off if params.get(name)} == {}
        assert params["external_downloader"] == {"default": "native"}
        assert list(params["js_runtimes"]) == ["deno"]
        assert not Path(params["ffmpeg_location"]).exists()
        assert ydl._pps == {"pre_process": [], "after_filter": [], "video": [], "before_dl": []} | {
            key: [] for key in ydl._pps
        }
    assert (plugin_ies.value, plugin_pps.value) == ({}, {})


def test_no_program_is_there_for_yt_dlp_but_deno() -> None:
    from yt_dlp.utils import Popen, check_executable

    start_only_deno()
    for program in ("ffmpeg", "ffprobe", "aria2c", "curl", "rtmpdump", "phantomjs", "sh"):
        assert not check_executable(program, ["-version"])
    for arguments in ("deno --version", ["sh", "-c", "deno"]):
        with pytest.raises(FileNotFoundError):
            Popen.run(arguments)
    with pytest.raises(FileNotFoundError):
        Popen.run(["deno", "--version"], shell=True)
