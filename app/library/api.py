"""The library for programs: /api/v1/library."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Response, get, route
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from app.audio.facts import QualityFacts, facts_of
from app.library import queries
from app.library.model import Track
from app.library.pages import serve_track
from app.library.requests import READ, AnyRequest, existing
from app.services import Services


class TrackOut(msgspec.Struct):
    """One file of the library. `path` is relative to its folder."""

    id: str
    path: str
    title: str
    artist: str
    album: str
    album_artist: str
    track_no: int | None
    disc_no: int | None
    date: str
    genre: str
    source_url: str
    source_id: str
    quality: QualityFacts | None
    source_quality: QualityFacts | None
    has_cover: bool
    added_at: datetime
    error: str | None


class TracksOut(msgspec.Struct):
    items: list[TrackOut]
    next: str | None


@get("/api/v1/library/tracks", sync_to_thread=True)
def list_tracks(
    services: NamedDependency[Services],
    q: Annotated[str, QueryParameter(max_length=200)] = "",
    limit: Annotated[int, QueryParameter(ge=1, le=queries.MAX_PAGE)] = 50,
    before: FromQuery[str | None] = None,
) -> TracksOut:
    """Tracks whose title, artist or album have all words of `q`, newest first."""
    with services.db.read() as session:
        found = queries.newest(session, q, limit, before)
    return TracksOut([track_out(track) for track in found.items], found.next)


@get("/api/v1/library/tracks/{id:str}", sync_to_thread=True)
def show_track(services: NamedDependency[Services], id: FromPath[str]) -> TrackOut:
    """One track of the library."""
    return track_out(existing(services, id))


@route("/api/v1/library/tracks/{id:str}/file", http_method=READ, sync_to_thread=True)
def track_file_by_api(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str]
) -> Response[Any]:
    """The audio itself, with Range."""
    return serve_track(request, services, id)


def track_out(track: Track) -> TrackOut:
    same = {name: getattr(track, name) for name in TrackOut.__struct_fields__}
    return TrackOut(
        **same | {"quality": facts_of(track.quality), "source_quality": facts_of(track.source_quality)}
    )


HANDLERS = [list_tracks, show_track, track_file_by_api]
