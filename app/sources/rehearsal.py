"""A rehearsal for the warm parent: extractors loaded, patterns compiled, a made-up page read. No network."""

import contextlib
import importlib
import io
import re
from typing import Any

from app.sources.notes import Notes

SITE = "https://nothing.invalid"
PAGE = b"""<!doctype html><html><head><title>A - B</title>
<meta property="og:title" content="A - B"><meta property="og:image" content="https://nothing.invalid/b.jpg">
<meta property="og:audio" content="https://nothing.invalid/b.m4a">
<script type="application/ld+json">{"@context": "https://schema.org", "@type": "AudioObject", "name": "A - B",
"author": {"@type": "Person", "name": "A"}, "byArtist": {"@type": "MusicGroup", "name": "A"},
"thumbnailUrl": "https://nothing.invalid/b.jpg", "uploadDate": "2024-06-14", "duration": "PT3M42S",
"contentUrl": "https://nothing.invalid/b.m4a"}</script></head>
<body><audio controls><source src="/b.m4a" type="audio/mp4"></audio></body></html>"""

PATTERNS = 50_000
DATE_FORMATS = 500


def rehearse() -> None:
    """Do once, before any fork, what each download would otherwise do by itself."""
    # Forgetting is on by default: after 512 patterns and 5 date formats. A page needs more than that.
    vars(re)["_MAXCACHE"] = PATTERNS
    vars(importlib.import_module("_strptime"))["_CACHE_MAX_SIZE"] = DATE_FORMATS
    _compile_link_patterns()
    _read_a_page()


def _compile_link_patterns() -> None:
    from yt_dlp import YoutubeDL
    from yt_dlp.extractor import gen_extractor_classes

    with YoutubeDL({"quiet": True, "logger": Notes(), "cachedir": False}) as ydl:
        for extractor in gen_extractor_classes():
            with contextlib.suppress(Exception):
                extractor.suitable(SITE)
                list(extractor.extract_from_webpage(ydl, SITE, ""))


def _read_a_page() -> None:
    from yt_dlp import YoutubeDL
    from yt_dlp.networking import Response
    from yt_dlp.utils import unified_strdate, unified_timestamp

    class Rehearsal(YoutubeDL):  # type: ignore[misc]
        def urlopen(self, request: Any) -> Response:
            url = request if isinstance(request, str) else request.url
            sound = url.endswith(".m4a")
            headers = {"Content-Type": "audio/mp4" if sound else "text/html; charset=utf-8"}
            return Response(io.BytesIO(b"" if sound else PAGE), url, headers)

    # What it finds does not matter, and that the made-up sound has no bytes even less.
    options = {"quiet": True, "logger": Notes(), "cachedir": False}
    with contextlib.suppress(Exception), Rehearsal(options) as ydl:
        ydl.extract_info(f"{SITE}/track", download=False)
    for nonsense in ("neither 1 date nor 2", "Nor, 33 Foo 2024 00:00:00 GMT"):
        unified_timestamp(nonsense)
        unified_strdate(nonsense)
