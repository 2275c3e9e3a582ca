"""The trash as a page: listed, to be heard, brought back, and emptied by hand."""

import os
from typing import Any
from urllib.parse import quote

from litestar import Response, get, post, route
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from app.accounts import queries as account_queries
from app.errors import NotAllowed, NotFound
from app.files import audio_type, file_response
from app.htmx import go, page
from app.languages.say import say
from app.library import change_queries, swap, trash
from app.library.change_model import Place, Trashed
from app.library.change_views import trash_row
from app.library.requests import READ, AnyRequest, refusals
from app.room import size
from app.services import Services

PAGE_ROWS = 50
NOT_YOURS = say("Somebody else put this into the trash. They or an admin may delete it for good.")


@get("/library/trash", sync_to_thread=True)
def trash_page(
    request: AnyRequest, services: NamedDependency[Services], before: FromQuery[str] = ""
) -> Response[Any]:
    """What left the library, whoever did it, newest first."""
    with services.db.read() as session:
        found = change_queries.kept(session, limit=PAGE_ROWS + 1, before=before or None)
        amount = change_queries.amount(session)
        mine = change_queries.kept_ids(session, user_id=emptied_by(request))
        names = account_queries.names_of(session, {one.user_id for one in found if one.user_id})
    days = services.settings.trash_days
    shown = [
        trash_row(one, names.get(one.user_id or 0, ""), days, may_empty(request, one))
        for one in found[:PAGE_ROWS]
    ]
    more = f"/library/trash?before={quote(shown[-1].id)}" if len(found) > PAGE_ROWS else ""
    return page(
        "library/trash.html",
        rows=shown,
        more=more,
        files=amount.files,
        takes=size(amount.size_bytes),
        mine=len(mine),
        days=days,
        nav="library",
    )


@route("/library/trash/{trashed_id:str}/file", http_method=READ, sync_to_thread=True)
def trashed_file(
    request: AnyRequest, services: NamedDependency[Services], trashed_id: FromPath[str]
) -> Response[Any]:
    """The audio itself, in parts for players that jump."""
    trashed = in_trash(services, trashed_id)
    with refusals():
        descriptor = swap.open_in_trash(services.settings.trash, trashed.name)
    if descriptor is None:
        raise NotFound(trash.NOT_THERE)
    name = os.path.basename(trashed.path)
    return file_response(request, descriptor, audio_type(name), name)


@post("/library/trash/{trashed_id:str}/restore", sync_to_thread=True, status_code=200)
def restore_trashed(
    request: AnyRequest, services: NamedDependency[Services], trashed_id: FromPath[str]
) -> Response[Any]:
    with refusals():
        change = trash.restore(services, trashed_id, request.user.id)
    return go(request, f"/library?changed={change.id}")


@post("/library/trash/{trashed_id:str}/empty", sync_to_thread=True, status_code=200)
def empty_one(
    request: AnyRequest, services: NamedDependency[Services], trashed_id: FromPath[str]
) -> Response[Any]:
    """Delete one file for good."""
    empty_by(request, services, trashed_id)
    return go(request, "/library/trash")


@post("/library/trash/empty", sync_to_thread=True, status_code=200)
def empty_all(request: AnyRequest, services: NamedDependency[Services]) -> Response[Any]:
    """Delete for good what this person put there; for an admin everything."""
    empty_everything_of(request, services)
    return go(request, "/library/trash")


def in_trash(services: Services, trashed_id: str) -> Trashed:
    with services.db.read() as session:
        trashed = change_queries.trashed_by_id(session, trashed_id)
    if trashed is None or trashed.place is not Place.KEPT:
        raise NotFound("There is no such file in the trash.")
    return trashed


def emptied_by(request: AnyRequest) -> int | None:
    """Whose files this person may delete for good; None: everybody's."""
    return None if request.user.is_admin else request.user.id


def may_empty(request: AnyRequest, trashed: Trashed) -> bool:
    return request.user.is_admin or trashed.user_id == request.user.id


def empty_by(request: AnyRequest, services: Services, trashed_id: str) -> None:
    """Raises NotFound, and NotAllowed for what somebody else put there."""
    if not may_empty(request, in_trash(services, trashed_id)):
        raise NotAllowed(NOT_YOURS)
    trash.empty(services, [trashed_id])


def empty_everything_of(request: AnyRequest, services: Services) -> int:
    with services.db.read() as session:
        ids = change_queries.kept_ids(session, user_id=emptied_by(request))
    return trash.empty(services, ids)


HANDLERS = [trash_page, trashed_file, restore_trashed, empty_one, empty_all]
