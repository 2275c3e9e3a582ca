"""The library as pages: its lists, its tracks, their files and covers."""

from typing import Any

from litestar import Response, get, route
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from app.errors import Invalid
from app.files import picture_response
from app.htmx import fragment
from app.library import complete, list_pages, track_pages
from app.library.complete import Completion
from app.library.covers import thumbnail
from app.library.requests import READ, AnyRequest, existing, serve_track
from app.services import Services

FOREVER = "private, max-age=31536000, immutable"


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
def track_file(
    request: AnyRequest,
    services: NamedDependency[Services],
    id: FromPath[str],
    download: FromQuery[bool] = False,
) -> Response[Any]:
    """The audio itself, in parts for players that jump. With `download` a browser keeps it."""
    return serve_track(request, services, id, to_keep=download)


@get("/library/tracks/{id:str}/cover", sync_to_thread=True)
def track_cover(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str], v: FromQuery[str] = ""
) -> Response[Any]:
    """A small picture of the cover, always a JPEG of our own making."""
    settings, track = services.settings, existing(services, id)
    made = thumbnail(track, settings.library_dir, settings.data_dir)
    response = picture_response(request, made)
    if v == f"{track.mtime_ns:x}":
        response.headers["Cache-Control"] = FOREVER
    return response


HANDLERS = [
    *list_pages.HANDLERS,
    *track_pages.HANDLERS,
    complete_name,
    track_file,
    track_cover,
]
