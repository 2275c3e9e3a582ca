"""Changing the library for programs: delete, restore and edit tracks, and the trash."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from app.errors import Conflict
from app.languages.say import say
from app.library import change_queries, edit, find, queries, trash
from app.library.api import TrackOut, shown
from app.library.change_model import Kind, Trashed
from app.library.requests import AnyRequest, existing, refusals
from app.library.trash_pages import empty_by, empty_everything_of
from app.services import Services
from app.tags.model import Tags
from app.tags.typed import FIELDS, FORM_BYTES

NOT_THERE = say("There is nothing of this track in the trash.")


class TrackEditIn(msgspec.Struct, forbid_unknown_fields=True):
    """Fields that are left out stay; null or an empty text takes one away."""

    title: str | None | msgspec.UnsetType = msgspec.UNSET
    artist: str | None | msgspec.UnsetType = msgspec.UNSET
    album: str | None | msgspec.UnsetType = msgspec.UNSET
    album_artist: str | None | msgspec.UnsetType = msgspec.UNSET
    track_no: int | str | None | msgspec.UnsetType = msgspec.UNSET
    disc_no: int | str | None | msgspec.UnsetType = msgspec.UNSET
    date: str | None | msgspec.UnsetType = msgspec.UNSET
    genre: str | None | msgspec.UnsetType = msgspec.UNSET
    comment: str | None | msgspec.UnsetType = msgspec.UNSET
    compilation: bool | None | msgspec.UnsetType = msgspec.UNSET
    lyrics: str | None | msgspec.UnsetType = msgspec.UNSET
    lyrics_synced: str | None | msgspec.UnsetType = msgspec.UNSET

    def given(self) -> dict[str, Any]:
        return {name: value for name in FIELDS if (value := getattr(self, name)) is not msgspec.UNSET}


class TrashedOut(msgspec.Struct):
    """A file in the trash; `path` is the one that it had in the library."""

    id: str
    track_id: str
    path: str
    title: str
    artist: str
    album: str
    size_bytes: int
    reason: str
    trashed_at: datetime


class TrashOut(msgspec.Struct):
    items: list[TrashedOut]
    next: str | None


class EmptiedOut(msgspec.Struct):
    files: int
    """So many were deleted for good."""


@delete("/api/v1/library/tracks/{id:str}", sync_to_thread=True, status_code=200)
def delete_track_by_api(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str]
) -> TrashedOut:
    """Move a track to the trash."""
    with refusals():
        return trashed_out(trash.put_away(services, existing(services, id), Kind.DELETED, request.user.id))


@post("/api/v1/library/tracks/{id:str}/restore", sync_to_thread=True, status_code=200)
def restore_track_by_api(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str]
) -> TrackOut:
    """Bring back what left the library last of this track: the deleted file, or the one that was replaced."""
    with services.db.read() as session:
        trashed = change_queries.deleted_of_track(session, id)
        known = queries.by_id(session, id)
    if trashed is None and known is None:
        existing(services, id)
    if trashed is None:
        raise Conflict(NOT_THERE, code="too_late")
    with refusals():
        trash.restore(services, trashed.id, request.user.id)
    return shown(services, request.user.id, id)


@patch("/api/v1/library/tracks/{id:str}", sync_to_thread=True, request_max_body_size=FORM_BYTES)
def edit_track_by_api(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str], data: JSONBody[TrackEditIn]
) -> TrackOut:
    """Change a track's tags, in its file and in the index."""
    with refusals():
        edit.edit(services, existing(services, id), data.given(), request.user.id)
    return shown(services, request.user.id, id)


@get("/api/v1/library/trash", sync_to_thread=True)
def list_trash(
    services: NamedDependency[Services],
    limit: Annotated[int, QueryParameter(ge=1, le=find.MAX_PAGE)] = 50,
    before: FromQuery[str | None] = None,
) -> TrashOut:
    """What is in the trash, whoever put it there, newest first."""
    with services.db.read() as session:
        found = change_queries.kept(session, limit=limit + 1, before=before)
    items = [trashed_out(one) for one in found[:limit]]
    return TrashOut(items, items[-1].id if len(found) > limit else None)


@delete("/api/v1/library/trash", sync_to_thread=True, status_code=200)
def empty_trash_by_api(request: AnyRequest, services: NamedDependency[Services]) -> EmptiedOut:
    """Delete for good what you put there; an admin deletes everything."""
    return EmptiedOut(empty_everything_of(request, services))


@delete("/api/v1/library/trash/{trashed_id:str}", sync_to_thread=True)
def empty_one_by_api(
    request: AnyRequest, services: NamedDependency[Services], trashed_id: FromPath[str]
) -> None:
    """Delete one file for good: one that you put there; an admin any."""
    empty_by(request, services, trashed_id)


def trashed_out(trashed: Trashed) -> TrashedOut:
    tags: Tags = trashed.held.tags
    same = {
        name: getattr(trashed, name)
        for name in ("id", "track_id", "path", "size_bytes", "reason", "trashed_at")
    }
    return TrashedOut(**same, title=tags.title, artist=tags.artist, album=tags.album)


HANDLERS = [
    delete_track_by_api,
    restore_track_by_api,
    edit_track_by_api,
    list_trash,
    empty_trash_by_api,
    empty_one_by_api,
]
