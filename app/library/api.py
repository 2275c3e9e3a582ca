"""The library for programs: /api/v1/library."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Response, delete, get, put, route
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from app.audio.facts import QualityFacts, facts_of
from app.library import find, likes
from app.library.model import Track
from app.library.requests import READ, AnyRequest, existing, serve_track
from app.library.search import understand
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
    liked: bool
    """By the user who asks."""


class TracksOut(msgspec.Struct):
    items: list[TrackOut]
    next: str | None


@get("/api/v1/library/tracks", sync_to_thread=True)
def list_tracks(
    request: AnyRequest,
    services: NamedDependency[Services],
    q: Annotated[str, QueryParameter(max_length=200)] = "",
    limit: Annotated[int, QueryParameter(ge=1, le=find.MAX_PAGE)] = 50,
    before: FromQuery[str | None] = None,
) -> TracksOut:
    """Tracks, newest first. With `q` those whose title, artist or album have all its words, best first."""
    with services.db.read() as session:
        found = find.newest(session, understand(session, q), limit, before)
        liked = likes.liked(session, request.user.id, (track.id for track in found.items))
    return TracksOut([track_out(track, track.id in liked) for track in found.items], found.next)


@get("/api/v1/library/tracks/{id:str}", sync_to_thread=True)
def show_track(request: AnyRequest, services: NamedDependency[Services], id: FromPath[str]) -> TrackOut:
    """One track of the library."""
    return shown(services, request.user.id, id)


@put("/api/v1/library/tracks/{id:str}/like", sync_to_thread=True, status_code=204)
def like_by_api(request: AnyRequest, services: NamedDependency[Services], id: FromPath[str]) -> None:
    """The user likes this track."""
    existing(services, id)
    with services.db.write() as session:
        likes.like(session, request.user.id, id)


@delete("/api/v1/library/tracks/{id:str}/like", sync_to_thread=True, status_code=204)
def unlike_by_api(request: AnyRequest, services: NamedDependency[Services], id: FromPath[str]) -> None:
    """The user does not like this track, or not any more."""
    existing(services, id)
    with services.db.write() as session:
        likes.unlike(session, request.user.id, id)


@route("/api/v1/library/tracks/{id:str}/file", http_method=READ, sync_to_thread=True)
def track_file_by_api(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str]
) -> Response[Any]:
    """The audio itself, with Range."""
    return serve_track(request, services, id)


def shown(services: Services, user_id: int, id: str) -> TrackOut:
    """The track as this user sees it. Raises NotFound."""
    track = existing(services, id)
    with services.db.read() as session:
        liked = bool(likes.liked(session, user_id, [id]))
    return track_out(track, liked)


def track_out(track: Track, liked: bool) -> TrackOut:
    same: dict[str, Any] = {name: getattr(track, name, None) for name in TrackOut.__struct_fields__}
    measured: dict[str, Any] = {
        "quality": facts_of(track.quality, track.source_quality),
        "source_quality": facts_of(track.source_quality),
    }
    return TrackOut(**same | measured | {"liked": liked})


HANDLERS = [list_tracks, show_track, like_by_api, unlike_by_api, track_file_by_api]
