"""The pages on which a track is found, written the way that yt-dlp's generic extractor reads them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape


@dataclass(frozen=True)
class Facts:
    """What a page tells about its track. Addresses are absolute."""

    title: str
    media_url: str
    media_type: str
    uploader: str | None = None
    artist: str | None = None
    upload_date: str | None = None
    duration_s: float | None = None
    thumbnail_url: str | None = None
    extra: Mapping[str, object] = field(default_factory=dict)


def jsonld(facts: Facts) -> bytes:
    """A schema.org AudioObject or VideoObject: the richest page."""
    kind = "VideoObject" if facts.media_type.startswith("video/") else "AudioObject"
    thing = {
        "@context": "https://schema.org",
        "@type": kind,
        # Readers unescape the name once more after JSON, as it is meant to be shown in HTML.
        "name": escape(facts.title, quote=False),
        "author": {"@type": "Person", "name": facts.uploader} if facts.uploader else None,
        "byArtist": {"@type": "MusicGroup", "name": facts.artist} if facts.artist else None,
        "uploadDate": facts.upload_date,
        "duration": None if facts.duration_s is None else f"PT{facts.duration_s:g}S",
        "thumbnailUrl": facts.thumbnail_url,
        "contentUrl": facts.media_url,
        **facts.extra,
    }
    told = {key: value for key, value in thing.items() if value is not None}
    script = json.dumps(told).replace("<", "\\u003c")
    return document(facts.title, f'<script type="application/ld+json">{script}</script>')


def og(facts: Facts) -> bytes:
    """Open Graph only: title, audio, picture."""
    kind = "video" if facts.media_type.startswith("video/") else "audio"
    told = {"og:title": facts.title, f"og:{kind}": facts.media_url, f"og:{kind}:type": facts.media_type}
    if facts.thumbnail_url:
        told["og:image"] = facts.thumbnail_url
    metas = (f'<meta property="{key}" content="{escape(value)}">' for key, value in told.items())
    return document(facts.title, "\n".join(metas))


def html5(facts: Facts) -> bytes:
    """A bare audio or video element; the title is the page's."""
    kind = "video" if facts.media_type.startswith("video/") else "audio"
    poster = f' poster="{escape(facts.thumbnail_url)}"' if facts.thumbnail_url else ""
    player = f'<{kind} controls src="{escape(facts.media_url)}"{poster}></{kind}>'
    return document(facts.title, "", player)


def rss(title: str, items: Iterable[tuple[str, str]]) -> bytes:
    """A feed of (title, link): a page that is nothing but a list."""
    entries = (f"<item><title>{escape(name)}</title><link>{escape(url)}</link></item>" for name, url in items)
    channel = f"<channel><title>{escape(title)}</title>{''.join(entries)}</channel>"
    return _encoded(f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0">{channel}</rss>')


def document(title: str, head: str, body: str = "") -> bytes:
    """A small HTML page."""
    start = f'<!doctype html><html><head><meta charset="utf-8"><title>{escape(title)}</title>'
    return _encoded(f"{start}\n{head}</head><body><h1>{escape(title)}</h1>{body}</body></html>")


def _encoded(text: str) -> bytes:
    """UTF-8, also for lone surrogates: hostile titles have to leave the site as they are."""
    return text.encode("utf-8", "xmlcharrefreplace")
