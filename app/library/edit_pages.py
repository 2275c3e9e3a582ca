"""Editing and deleting tracks of the library with plain forms, and taking that back."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from uuid6 import uuid7

from app.errors import Conflict, Failure, InlayError, Invalid, NotFound
from app.htmx import go, page
from app.languages.say import say
from app.library import change_queries, change_undo, edit, lyrics, queries, spectrum, trash
from app.library.change_model import Kind
from app.library.changes import snapshot_of
from app.library.model import Track
from app.library.requests import AnyRequest, Form, existing, refusals
from app.services import Services
from app.tags.model import MORE, Tags
from app.tags.typed import FIELDS, FORM_BYTES, LABELS, text_of

MANY = ("artist", "album", "album_artist", "date", "genre", "disc_no")
"""What several tracks may have in common."""
MOST = 100
SEEN = say("Somebody changed this track since you opened this page. Here is what it is now: edit that.")


@get("/library/tracks/{id:str}/edit", sync_to_thread=True)
def edit_page(request: AnyRequest, services: NamedDependency[Services], id: FromPath[str]) -> Response[Any]:
    """A track's tags as a form, and the button that moves it to the trash."""
    return _edit_page(services, existing(services, id))


@post(
    "/library/tracks/{id:str}/edit",
    sync_to_thread=True,
    status_code=200,
    request_max_body_size=FORM_BYTES,
)
def edit_track(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str], data: Form
) -> Response[Any]:
    track = existing(services, id)
    if data.get("seen") not in (None, seen_of(track)):
        return _edit_page(services, track, status=409, message=SEEN)
    values = {name: data[name] for name in FIELDS if name in data}
    try:
        with refusals():
            change = edit.edit(services, track, values, request.user.id)
    except Invalid as error:
        return _edit_page(services, track, status=422, values=values, wrong=error.fields)
    except Conflict as error:
        return _edit_page(services, track, status=409, values=values, message=error.message)
    return go(request, f"/library?changed={change.id}" if change else "/library")


@post("/library/tracks/{id:str}/delete", sync_to_thread=True, status_code=200)
def delete_track(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str]
) -> Response[Any]:
    """To the trash. Whoever taps twice is there already."""
    with services.db.read() as session:
        track = queries.by_id(session, id)
        gone = change_queries.deleted_of_track(session, id) if track is None else None
        cause = change_queries.brought_to_trash_by(session, gone.id) if gone else None
    if cause:
        return go(request, f"/library?changed={cause.id}")
    with refusals():
        trashed = trash.put_away(services, existing(services, id), Kind.DELETED, request.user.id)
    with services.db.read() as session:
        done = change_queries.brought_to_trash_by(session, trashed.id)
    return go(request, f"/library?changed={done.id}" if done else "/library")


@get("/library/edit", sync_to_thread=True)
def edit_many_page(request: AnyRequest, services: NamedDependency[Services]) -> Response[Any]:
    """What several tracks have in common, as a form; `ids` once or often, with commas or without."""
    return _many_page(_tracks(services, request.query_params.getall("ids", [])))


@post("/library/edit", sync_to_thread=True, status_code=200, request_max_body_size=FORM_BYTES)
def edit_many(request: AnyRequest, services: NamedDependency[Services], data: Form) -> Response[Any]:
    """Each track has its own edit: one that cannot be done keeps no other from it."""
    tracks = _tracks(services, [data.get("ids", "")])
    values = {name: data[name] for name in MANY if data.get(name, "").strip()}
    if not values:
        return _many_page(
            tracks, status=422, message=say("Write what is to change: an empty field stays as it is.")
        )
    together, refused = str(uuid7()), list[tuple[str, str]]()
    done = 0
    for track in tracks:
        try:
            done += edit.edit(services, track, values, request.user.id, owner=together) is not None
        except Invalid as error:
            return _many_page(tracks, status=422, values=values, wrong=error.fields)
        except (Conflict, NotFound, Failure) as error:
            refused.append((track.title or track.path, error.message))
    if refused:
        count = say(f"{done} of {len(tracks)} tracks were edited.") if done else say("Nothing was edited.")
        return _many_page(tracks, status=409, values=values, message=count, refused=refused)
    return go(request, f"/library?changed={together}" if done else "/library")


@post("/library/changes/{change_id:str}/undo", sync_to_thread=True, status_code=200)
def undo_change(
    request: AnyRequest, services: NamedDependency[Services], change_id: FromPath[str]
) -> Response[Any]:
    """As it was before. Whoever taps twice is there already."""
    with services.db.read() as session:
        change = change_queries.by_id(session, change_id)
    if change is None or not (change.user_id == request.user.id or request.user.is_admin):
        raise NotFound("There is no such change.")
    if change.undone_at is None:
        with refusals():
            change_undo.undo(services, change_id, request.user.id)
    return go(request, f"/library?q={quote(_words_of(services, change.track_id))}")


@post("/library/changes/undo", sync_to_thread=True, status_code=200)
def undo_together(request: AnyRequest, services: NamedDependency[Services], data: Form) -> Response[Any]:
    """All that this person did at once."""
    done, reasons = change_undo.undo_all(services, data.get("together", ""), request.user.id)
    if reasons:
        count = say(f"{done} undone.")
        raise Conflict(f"{count} {reasons[0]}", code="not_done")
    return go(request, "/library")


def seen_of(track: Track) -> str:
    """What a form says about the track that it was made from."""
    return f"{track.mtime_ns:x}"


def _words_of(services: Services, track_id: str) -> str:
    """Leads to the track in the list, also when it was added long ago."""
    with services.db.read() as session:
        track = queries.by_id(session, track_id)
    return f"{track.title} {track.artist}".strip()[:200] if track else ""


def _edit_page(
    services: Services,
    track: Track,
    *,
    status: int = 200,
    values: Mapping[str, str] | None = None,
    wrong: Mapping[str, str] | None = None,
    message: str = "",
) -> Response[Any]:
    readable = True
    try:
        tags = edit.read_whole(services, track)
    except InlayError as trouble:
        tags, readable, message = snapshot_of(track).tags, False, message or trouble.message
    shown = _texts(tags) | dict(values or {})
    return page(
        "library/edit.html",
        status=status,
        track=track,
        called=track.title or track.path,
        seen=seen_of(track),
        values=shown,
        labels=LABELS,
        wrong=wrong or {},
        more_open=any(name in (wrong or {}) for name in (*MORE, "disc_no")),
        message=message,
        readable=readable,
        spectrum=spectrum.view(services, track),
        words=lyrics.view(services, track) if not tags.lyrics else None,
        nav="library",
    )


def _many_page(
    tracks: Sequence[Track],
    *,
    status: int = 200,
    values: Mapping[str, str] | None = None,
    wrong: Mapping[str, str] | None = None,
    message: str = "",
    refused: Sequence[tuple[str, str]] = (),
) -> Response[Any]:
    return page(
        "library/edit_many.html",
        status=status,
        tracks=tracks,
        ids=",".join(track.id for track in tracks),
        fields=MANY,
        now={name: _common(tracks, name) for name in MANY},
        values=values or {},
        labels=LABELS,
        wrong=wrong or {},
        message=message,
        refused=refused,
        nav="library",
    )


def _common(tracks: Sequence[Track], name: str) -> str:
    found = {text_of(getattr(track, name)) for track in tracks}
    return (found.pop() or say("nothing")) if len(found) == 1 else say("several")


def _texts(tags: Tags) -> dict[str, str]:
    return {name: text_of(getattr(tags, name)) for name in FIELDS}


def _tracks(services: Services, given: Sequence[str]) -> list[Track]:
    ids = list(dict.fromkeys(one.strip() for text in given for one in text.split(",") if one.strip()))
    if not ids:
        raise Invalid("Choose the tracks first: tick them in the library.", code="no_tracks")
    if len(ids) > MOST:
        raise Invalid(f"At most {MOST} tracks are edited at once.", code="too_many_tracks")
    with services.db.read() as session:
        found = [queries.by_id(session, id) for id in ids]
    tracks = [track for track in found if track]
    if not tracks:
        raise NotFound("There are no such tracks in the library.")
    return tracks


HANDLERS = [edit_page, edit_track, delete_track, edit_many_page, edit_many, undo_change, undo_together]
