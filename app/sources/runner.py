"""yt-dlp in a child: constant options of ours, one link in, one audio file out. It only downloads."""

import errno
import os
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from app.children.child import Emit
from app.children.confine import room_for_a_program
from app.errors import Failure
from app.sources import cookie_file, failure_causes, failures
from app.sources.base import Fetched, Order
from app.sources.cookie_file import Cookies
from app.sources.notes import Notes
from app.tags.info import source_id

# What is kept of yt-dlp's info: enough to propose tags and to fetch again.
KEPT = (
    "id", "title", "fulltitle", "alt_title", "uploader", "uploader_id", "channel", "creator", "creators",
    "track", "artist", "artists", "album", "album_artist", "album_artists", "album_type", "track_number",
    "disc_number", "release_date", "release_year", "upload_date", "genre", "genres", "categories",
    "description", "duration", "chapters", "webpage_url", "original_url", "extractor", "extractor_key",
    "playlist_title", "playlist_index", "direct", "ext", "acodec", "abr", "series", "episode_number", "isrc",
)  # fmt: skip
MAX_TEXT_CHARS = 5_000
MAX_LIST_ITEMS = 300
# What yt-dlp fetches by itself, through the guard. Others would need a program, or ignore the guard.
OWN_PROTOCOLS = "[protocol~='^(https?|m3u8(_native)?|http_dash_segments(_generator)?|ism|f4m)$']"
FORMATS = {
    name: "/".join(choice + OWN_PROTOCOLS for choice in choices)
    for name, choices in {
        "bestaudio": ("bestaudio", "best"),
        "worstaudio": ("worstaudio", "worst"),
        "best": ("best", "bestaudio"),
        "worst": ("worst", "worstaudio"),
    }.items()
}
PROGRAM = "deno"
PROGRESS_S = 0.2


def fetch(order: Order, emit: Emit) -> Fetched:
    """Probe the link, refuse what we do not take, download its best audio and its thumbnail."""
    from app.sources.downloader import Downloader

    cookies = cookie_file.take(order)
    notes = Notes(with_cookies=cookies is not None)
    emit({"note": f"yt-dlp {version()}"})
    _trust(order)
    start_only_deno()
    try:
        with Downloader({**_options(order, notes, emit), **_shown(cookies)}) as ydl:
            notes.watch(ydl)
            info = _only_track(ydl.extract_info(order.url, download=False))
            _refuse(info, order)
            emit({"probed": _probed(info)})
            info = ydl.process_ie_result(info, download=True)
    except (Failure, MemoryError):
        raise
    except Exception as error:
        if not failure_causes.is_ytdlps(error):
            raise
        if crash := failure_causes.crash_behind(error):
            # Sites change under extractors. Whoever mends that needs to know where; the person does not.
            trace = failure_causes.trace(crash)
            emit({"note": cookies.hide(trace) if cookies else trace})
        failure = failures.explain(error, notes)
        raise (cookies.hide_in(failure) if cookies else failure) from error
    finally:
        if notes.cookies_rejected:
            emit({"cookies": "rejected"})
    file = _audio_file(info)
    if not file:
        raise failures.no_file(notes)
    return Fetched(info=_kept(info), file=file, thumbnail=_file(order.folder, "thumbnail"))


def _shown(cookies: Cookies | None) -> dict[str, Any]:
    return {"cookiefile": cookies.file} if cookies else {}


def version() -> str:
    """Of the yt-dlp that this process has."""
    from yt_dlp.version import __version__

    return str(__version__)


def extractor_count() -> int:
    from yt_dlp.extractor import gen_extractor_classes

    return len(gen_extractor_classes())


def abilities() -> list[str]:
    """What it sends requests with, as far as the packages beside it are new enough for it."""
    from yt_dlp import YoutubeDL

    with YoutubeDL({"quiet": True, "logger": Notes(), "cachedir": False}) as ydl:
        return sorted(ydl._request_director.handlers)


@cache
def start_only_deno() -> None:
    """For yt-dlp no other program is there: its options alone would let it ask ffmpeg for its version.

    deno solves YouTube's puzzles, and is the one that needs more memory than this process may have.
    """
    from yt_dlp.utils import Popen

    start = Popen.__init__

    def guarded(self: Any, args: Any, *more: Any, **options: Any) -> None:
        if options.get("shell") or isinstance(args, str) or Path(args[0]).name != PROGRAM:
            raise FileNotFoundError(errno.ENOENT, "Inlay starts no program but deno for yt-dlp")
        with room_for_a_program():
            start(self, args, *more, **options)

    Popen.__init__ = guarded


def _options(order: Order, notes: Notes, emit: Emit) -> dict[str, Any]:
    return {
        "format": FORMATS.get(order.quality, FORMATS["bestaudio"]),
        "outtmpl": {"default": "source.%(ext)s", "thumbnail": "thumbnail.%(ext)s"},
        "paths": {"home": order.folder},
        "noplaylist": True,
        "playlist_items": "1:2",
        "extract_flat": "in_playlist",
        "writethumbnail": True,
        "proxy": order.proxy,
        "max_filesize": order.max_file_bytes,
        "socket_timeout": 20,
        "retries": 3,
        "fragment_retries": 3,
        "extractor_retries": 2,
        "file_access_retries": 0,
        # A track with a hole in it is worse than none.
        "skip_unavailable_fragments": False,
        "continuedl": True,
        "updatetime": False,
        "cachedir": False,
        "fixup": "never",
        "postprocessors": [],
        "hls_prefer_native": True,
        "external_downloader": {"default": "native"},
        # No ffmpeg for yt-dlp: what it starts could read local files. Ours runs later, behind a gate.
        "ffmpeg_location": "/nonexistent",
        "js_runtimes": {PROGRAM: {}},
        "enable_file_urls": False,
        "remote_components": [],
        "quiet": True,
        "noprogress": True,
        "no_color": True,
        "logger": notes,
        "progress_hooks": [Progress(emit)],
    }


class Progress:
    """Turns yt-dlp's hook calls into a few events a second."""

    def __init__(self, emit: Emit) -> None:
        self.emit = emit
        self.last = 0.0

    def __call__(self, status: Mapping[str, Any]) -> None:
        moment = time.monotonic()
        if status["status"] != "downloading" or moment - self.last < PROGRESS_S:
            return
        self.last = moment
        done = status.get("downloaded_bytes") or 0
        total = status.get("total_bytes") or status.get("total_bytes_estimate")
        self.emit(
            {
                "progress": {
                    "done_bytes": int(done),
                    "total_bytes": int(total) if total else None,
                    "percent": round(min(100 * done / total, 100), 1) if total else None,
                    "speed_bps": int(status["speed"]) if status.get("speed") else None,
                    "eta_s": int(status["eta"]) if status.get("eta") is not None else None,
                }
            }
        )


def _only_track(info: Any) -> dict[str, Any]:
    """The one track behind the link. A list of one is that one; any other list is refused."""
    if not info:
        raise failures.nothing_found()
    if info.get("_type") in ("playlist", "multi_video"):
        entries = list(info.get("entries") or [])
        if len(entries) == 1 and entries[0] and entries[0].get("formats"):
            return dict(entries[0])
        raise failures.list_only()
    return dict(info)


def _refuse(info: Mapping[str, Any], order: Order) -> None:
    if info.get("is_live") or info.get("live_status") in ("is_live", "is_upcoming", "post_live"):
        raise failures.live()
    if (info.get("duration") or 0) > order.max_duration_s:
        raise failures.too_long(order.max_duration_s)
    if (info.get("filesize") or 0) > order.max_file_bytes:
        raise failures.too_large()


def _probed(info: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": _text(info.get("title") or "", 500),
        "uploader": _text(info.get("uploader") or info.get("channel") or "", 500),
        "duration_s": info.get("duration"),
        "source_id": _text(source_id(info), 1_000),
    }


def _kept(info: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _small(info[name]) for name in KEPT if info.get(name) not in (None, "", [])}


def _small(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_small(one) for one in value[:MAX_LIST_ITEMS]]
    if isinstance(value, Mapping):
        return {_text(key, 100): _small(one) for key, one in list(value.items())[:20]}
    return value if isinstance(value, (int, float, bool)) else _text(value, MAX_TEXT_CHARS)


def _text(value: Any, chars: int) -> str:
    """Text that a database takes: a page's JSON may hold half of a surrogate pair."""
    return str(value)[:chars].encode("utf-8", "replace").decode("utf-8")


def _audio_file(info: Mapping[str, Any] | None) -> str | None:
    """The name that yt-dlp gave it: half a thumbnail may lie beside it under the same stem."""
    for download in (info or {}).get("requested_downloads") or ():
        file = Path(download.get("filepath") or "")
        if file.is_file():
            return file.name
    return None


def _file(folder: str, stem: str) -> str | None:
    return next((file.name for file in Path(folder).glob(f"{stem}.*")), None)


def _trust(order: Order) -> None:
    """Trust one more certificate authority, beside the usual ones."""
    if not order.ca_file:
        return
    import certifi

    bundle = Path(order.folder) / "trusted.pem"
    bundle.write_bytes(Path(certifi.where()).read_bytes() + b"\n" + Path(order.ca_file).read_bytes())
    certifi.where = lambda: str(bundle)
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        os.environ[name] = str(bundle)
