"""The library as a page: search, newest first, listen."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, route
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from app.audio.quality import clock, label
from app.errors import Invalid
from app.files import audio_type, file_response, picture_response
from app.htmx import fragment, page, wants_fragment
from app.library import complete, queries
from app.library.change_views import toast_of
from app.library.complete import Completion
from app.library.covers import thumbnail
from app.library.model import Track
from app.library.paths import open_file
from app.library.requests import READ, AnyRequest, existing
from app.services import Services

PAGE_ROWS = 50
MAX_QUERY = 200
FOREVER = "private, max-age=31536000, immutable"


@dataclass(frozen=True)
class Row:
    """One track as the list shows it."""

    id: str
    name: str
    by: str
    facts: str
    error: str
    cover: str
    """The path of its small cover; empty without one."""


@get("/library", sync_to_thread=True)
def library_page(
    request: AnyRequest,
    services: NamedDependency[Services],
    q: FromQuery[str] = "",
    before: FromQuery[str] = "",
    changed: FromQuery[str] = "",
) -> Template:
    """Everything in the library, newest first, as far as it matches; `changed` is what the toast is about."""
    q = q.strip()[:MAX_QUERY]
    with services.db.read() as session:
        found = queries.newest(session, q, PAGE_ROWS, before)
        number = queries.count(session, q)
    rows = [_row(track) for track in found.items]
    more = f"/library?{urlencode({'q': q, 'before': found.next})}" if found.next else ""
    show = fragment if wants_fragment(request) else page
    name = "library/_tracks.html" if wants_fragment(request) else "library/library.html"
    said = toast_of(services, request.user.id, changed) if changed else None
    return show(name, rows=rows, q=q, number=number, more=more, older=bool(before), toast=said, nav="library")


@get("/library/complete", sync_to_thread=True)
def complete_name(
    request: AnyRequest,
    services: NamedDependency[Services],
    completion: NamedDependency[Completion],
    field: FromQuery[str],
    q: FromQuery[str] = "",
) -> Template:
    """Names of the library for what somebody types. The field itself may be sent instead of `q`."""
    if field not in complete.FIELDS:
        raise Invalid(f"Names are completed for {', '.join(complete.FIELDS)}.", code="bad_field")
    typed = q or request.query_params.get(field, "")
    names = completion.find(services.db, field, typed)
    return fragment("library/_complete.html", field=field, names=names)


@route("/library/tracks/{id:str}/file", http_method=READ, sync_to_thread=True)
def track_file(request: AnyRequest, services: NamedDependency[Services], id: FromPath[str]) -> Response[Any]:
    """The audio itself, in parts for players that jump."""
    return serve_track(request, services, id)


@get("/library/tracks/{id:str}/cover", sync_to_thread=True)
def track_cover(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str], v: FromQuery[str] = ""
) -> Response[Any]:
    """A small picture of the cover, always a JPEG of our own making."""
    settings = services.settings
    made = thumbnail(existing(services, id), settings.library_dir, settings.data_dir)
    response = picture_response(request, made)
    if v:
        response.headers["Cache-Control"] = FOREVER
    return response


def serve_track(request: AnyRequest, services: Services, id: str) -> Response[Any]:
    track = existing(services, id)
    descriptor = open_file(services.settings.library_dir, track.path)
    name = PurePosixPath(track.path).name
    return file_response(request, descriptor, audio_type(name), name)


def _row(track: Track) -> Row:
    return Row(
        id=track.id,
        name=track.title or PurePosixPath(track.path).stem,
        by=" · ".join(part for part in (track.artist, track.album) if part),
        facts=" · ".join(
            part
            for part in (clock(track.quality.duration_ms if track.quality else None), _sound(track))
            if part
        ),
        error=track.error or "",
        cover=f"/library/tracks/{track.id}/cover?v={track.mtime_ns:x}" if track.has_cover else "",
    )


def _sound(track: Track) -> str:
    """What the file is, and honestly what it was when that was less."""
    if track.quality is None:
        return ""
    source = track.source_quality
    if source and track.quality.lossless and not source.lossless:
        return f"{label(track.quality)}, made from {label(source)}"
    return label(track.quality)


HANDLERS = [library_page, complete_name, track_file, track_cover]
