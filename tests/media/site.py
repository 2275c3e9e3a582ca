"""The media site: a web server in a thread, whose pages and troubles each test chooses."""

import ssl
import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from types import TracebackType
from typing import Literal, Self
from urllib.parse import quote, unquote, urlsplit

from . import audio as sound
from . import pages
from .answers import Answer, Body, Fault, Page, Resource
from .wire import Hit, Server

PageKind = Literal["jsonld", "og", "html5", "direct"]
DAY = "2024-01-02"
Thumbnail = tuple[int, int] | bytes | None

_TYPES = {
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".opus": "audio/ogg",
    ".ogg": "audio/ogg",
    ".flac": "audio/flac",
    ".wav": "audio/wav",
    ".webm": "audio/webm",
    ".mp4": "video/mp4",
    ".ts": "video/mp2t",
    ".m3u8": "application/vnd.apple.mpegurl",
}
_PICTURES = ((b"\x89PNG", ".png", "image/png"), (b"RIFF", ".webp", "image/webp"))
_BUILDERS = {"jsonld": pages.jsonld, "og": pages.og, "html5": pages.html5}


class MediaSite:
    """Starts at once and serves until `close`, or as a context manager. All methods are thread-safe.

    `url` has no slash at the end. `connections` counts accepted TCP connections. Registering a name again
    replaces what was there, with its GETs counted from nought.
    """

    def __init__(self, address: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self._resources: dict[str, Resource] = {}
        self._titles: dict[str, str] = {}
        self._hits: list[Hit] = []
        self._members: dict[str, str] = {}
        self._lock = threading.Lock()
        self._server = Server(address, port, self, tls)
        self.port: int = self._server.server_address[1]
        host = f"[{address}]" if ":" in address else address
        self.url = f"{'https' if tls else 'http'}://{host}:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop serving. Responses that are stalled or slow end now."""
        self._server.stop()
        self._thread.join(5)

    @property
    def hits(self) -> list[Hit]:
        """The requests so far, oldest first; those still being answered too."""
        with self._lock:
            return list(self._hits)

    @property
    def connections(self) -> int:
        return self._server.connections

    def hits_at(self, url: str) -> list[Hit]:
        """The requests for one of this site's addresses."""
        path = _path(url)
        return [hit for hit in self.hits if _path(hit.path) == path]

    def clear(self) -> None:
        """Forget the hits. What is served and the faults' counting stay."""
        with self._lock:
            self._hits.clear()

    def mend(self, url: str | None = None) -> None:
        """Take away the faults of one address, or of all."""
        with self._lock:
            for path, resource in self._resources.items():
                if url is None or path == _path(url):
                    resource.faults = ()

    def remove(self, url: str) -> None:
        """From now on there is a 404."""
        with self._lock:
            self._resources.pop(_path(url), None)

    def only_for(self, cookie: str, url: str) -> str:
        """From now on this address is refused (403) to whoever does not show the cookie (`name=value`)."""
        with self._lock:
            self._members[_path(url)] = cookie
        return url

    def track(
        self,
        name: str,
        audio: Path | None = None,
        *,
        page: PageKind = "jsonld",
        title: str | None = None,
        uploader: str | None = None,
        artist: str | None = None,
        upload_date: str | None = None,
        duration_s: float | None = None,
        thumbnail: Thumbnail = (1280, 720),
        rate_bps: float | None = None,
        chunked: bool = False,
        faults: Sequence[Fault] = (),
        page_faults: Sequence[Fault] = (),
        thumbnail_faults: Sequence[Fault] = (),
        media_url: str | None = None,
        content_type: str | None = None,
        extra: Mapping[str, object] | None = None,
    ) -> str:
        """Offer a track and return the address that a person would paste: its page's, or the file's.

        `faults`, `rate_bps` (bytes per second) and `chunked` are the media file's. `upload_date` is
        YYYY-MM-DD. `media_url` sends the page's readers elsewhere instead (an HLS playlist, a canary).
        `extra` is merged into the JSON-LD (encodingFormat, hasPart …). Only JSON-LD tells uploader,
        artist, date and duration; a direct file has its title in its address. Without `upload_date` a reader
        may take the file's Last-Modified, which is DAY.
        """
        file = audio or sound.make("mp3")
        stem = quote(title, safe="") if page == "direct" and title else quote(name)
        media_type = content_type or _TYPES[file.suffix]
        media = Resource(file, media_type, 200, _dated(upload_date or DAY), rate_bps, chunked, faults)
        media_path = self._serve(f"/media/{stem}{file.suffix}", media)
        if page == "direct":
            return self.url + media_path
        picture = self._thumbnail(name, thumbnail, thumbnail_faults)

        def build(base: str) -> bytes:
            facts = pages.Facts(
                title=name if title is None else title,
                media_url=media_url or base + media_path,
                media_type=media_type,
                uploader=uploader,
                artist=artist,
                upload_date=upload_date,
                duration_s=duration_s,
                thumbnail_url=base + picture if picture else None,
                extra=extra or {},
            )
            return _BUILDERS[page](facts)

        url = self.page(name, build, faults=page_faults, at="/track/")
        with self._lock:
            self._titles[url] = name if title is None else title
        return url

    def hls(
        self,
        name: str,
        audio: Path | None = None,
        *,
        live: bool = False,
        segment_seconds: float = 4,
        rate_bps: float | None = None,
        faults: Sequence[Fault] = (),
        playlist_faults: Sequence[Fault] = (),
    ) -> str:
        """Offer audio as HLS with AAC segments, and return the playlist's address.

        `live` leaves the list open (no ENDLIST). `faults` and `rate_bps` are each segment's.
        """
        folder = sound.hls(audio or sound.make("mp3"), segment_seconds)
        for segment in sorted(folder.glob("*.ts")):
            resource = Resource(segment, _TYPES[".ts"], 200, _dated(), rate_bps, False, faults)
            self._serve(f"/hls/{quote(name)}/{segment.name}", resource)
        playlist = (folder / "index.m3u8").read_bytes()
        if live:
            playlist = playlist.replace(b"#EXT-X-ENDLIST\n", b"").replace(b"#EXT-X-PLAYLIST-TYPE:VOD\n", b"")
        listed = Resource(playlist, _TYPES[".m3u8"], faults=playlist_faults)
        return self.url + self._serve(f"/hls/{quote(name)}/index.m3u8", listed)

    def feed(self, name: str, links: Iterable[str], *, title: str | None = None) -> str:
        """Offer an RSS feed of these addresses, with our tracks' titles: a link that is only a list."""
        items = [(self._titles.get(link, link), link) for link in links]
        body = pages.rss(title or name, items)
        return self.url + self._serve(f"/feed/{quote(name)}", Resource(body, "application/rss+xml"))

    def page(
        self,
        name: str,
        html: str | bytes | Page,
        *,
        status: int = 200,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
        at: str = "/page/",
    ) -> str:
        """Offer any page; a function gets the address that the client used (`http://host:port`)."""
        body = html.encode("utf-8", "xmlcharrefreplace") if isinstance(html, str) else html
        resource = Resource(body, "text/html; charset=utf-8", status, headers or {}, faults=faults)
        return self.url + self._serve(at + quote(name), resource)

    def file(
        self,
        name: str,
        body: Body,
        content_type: str = "application/octet-stream",
        *,
        status: int = 200,
        rate_bps: float | None = None,
        chunked: bool = False,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> str:
        """Offer any bytes under `/file/`, with ranges."""
        given = {**_dated(), **(headers or {})}
        resource = Resource(body, content_type, status, given, rate_bps, chunked, faults)
        return self.url + self._serve(f"/file/{quote(name)}", resource)

    def media_url(self, name: str, suffix: str = ".mp3") -> str:
        """Where a track's audio is."""
        return f"{self.url}/media/{quote(name)}{suffix}"

    def answer(self, hit: Hit, path: str, base: str) -> Answer:
        """For the server: note the request and decide what to say."""
        with self._lock:
            self._hits.append(hit)
            resource = self._resources.get(path)
            if resource is None or hit.method not in ("GET", "HEAD"):
                status = 404 if resource is None else 405
                return Answer(b"<!doctype html><title>No</title>", "text/html; charset=utf-8", status)
            wanted = self._members.get(path)
            if wanted and wanted not in (hit.headers.get("Cookie") or "").split("; "):
                return Answer(b"<!doctype html><title>Sign in</title>", "text/html; charset=utf-8", 403)
            earlier = resource.gets
            resource.gets += hit.method == "GET"
        return resource.answer(base, earlier)

    def _serve(self, path: str, resource: Resource) -> str:
        with self._lock:
            self._resources[unquote(path)] = resource
        return path

    def _thumbnail(self, name: str, picture: Thumbnail, faults: Sequence[Fault]) -> str | None:
        if picture is None:
            return None
        body = sound.picture(*picture) if isinstance(picture, tuple) else picture
        known = ((suffix, kind) for start, suffix, kind in _PICTURES if body.startswith(start))
        suffix, content_type = next(known, (".jpg", "image/jpeg"))
        resource = Resource(body, content_type, headers=_dated(), faults=faults)
        return self._serve(f"/art/{quote(name)}{suffix}", resource)


def _dated(day: str = DAY) -> dict[str, str]:
    """Since when a file is as it is, by the day (YYYY-MM-DD)."""
    moment = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return {"Last-Modified": format_datetime(moment, usegmt=True)}


def _path(url: str) -> str:
    return unquote(urlsplit(url).path)
