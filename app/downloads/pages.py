"""The inbox and the history, as pages and as the fragments that keep them current."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote

from litestar import Response, get, post, route
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from app.downloads import (
    candidate_pages,
    cards,
    confirm,
    cover_pages,
    duplicate_pages,
    known,
    queries,
    review_pages,
    spectrum_pages,
    submit_pages,
    toast,
    undo,
)
from app.downloads.inbox import inbox_of
from app.downloads.model import State
from app.downloads.places import places_of
from app.downloads.progress import ProgressBoard
from app.downloads.requests import READ, AnyRequest, own, serve_file
from app.downloads.toast import toast_of
from app.errors import Invalid
from app.htmx import fragment, go, page, unchanged, wants_fragment
from app.languages.say import say
from app.library import change_views
from app.rules.learn import newest_offer
from app.services import Services

HISTORY_LIMIT = 50


@dataclass(frozen=True)
class HistoryRow:
    title: str
    line: str
    when: datetime
    undo: str
    """Where its form leads; empty: it cannot be undone."""
    how: str
    sound: str = ""
    is_plain: bool = False
    """Its line is paths alone: nothing to translate."""
    edits: Sequence[change_views.Edit] = ()


@get("/", sync_to_thread=True)
def inbox_page(
    request: AnyRequest,
    services: NamedDependency[Services],
    board: NamedDependency[ProgressBoard],
    undone: Annotated[str, QueryParameter(name="undo")] = "",
    follow: FromQuery[str] = "",
) -> Response[Any]:
    """The box for a link, and everything that is on its way; `undo` is what the toast is about.

    `follow` is what was just shared: one waits at its card, and its review opens by itself.
    """
    if follow and _is_in_review(services, request, follow):
        return go(request, f"/downloads/{follow}/review")
    services.warm.warm()
    said = toast_of(services, request.user.id, undone) if undone else None
    # Coming back from a review, a phone's keyboard would cover the cards.
    arrived = request.headers.get("hx-boosted") != "true" and not said and not follow
    with services.db.read() as session:
        offer = newest_offer(session, request.user.id)
    return page(
        "downloads/inbox.html",
        url="",
        error="",
        autofocus=arrived,
        offer=offer,
        toast=said,
        **inbox_of(services, board, request.user, follow),
    )


@get("/inbox", sync_to_thread=True)
def inbox_fragment(
    request: AnyRequest,
    services: NamedDependency[Services],
    board: NamedDependency[ProgressBoard],
    follow: FromQuery[str] = "",
) -> Response[Any]:
    return fragment("downloads/_inbox.html", **inbox_of(services, board, request.user, follow))


def _is_in_review(services: Services, request: AnyRequest, id: str) -> bool:
    with services.db.read() as session:
        download = queries.by_id(session, id, user_id=request.user.id)
    return download is not None and download.state is State.REVIEW


@get("/downloads/{id:str}/card", sync_to_thread=True)
def card_fragment(
    request: AnyRequest,
    services: NamedDependency[Services],
    board: NamedDependency[ProgressBoard],
    id: FromPath[str],
    seen: FromQuery[str] = "",
    lane: FromQuery[str] = "",
    follow: FromQuery[str] = "",
) -> Response[Any]:
    """What a card polls: 204 while nothing changed; a change of lane also renews the inbox."""
    download = own(services, request, id)
    if follow == id and download.state is State.REVIEW:
        return go(request, f"/downloads/{id}/review", replace=True)
    with services.db.read() as session:
        have, places = known.of_reviews(session, [download]), places_of(session, [download])
    card = cards.card_of(download, board, services.room, have, places)
    if card.version == seen:
        return unchanged()
    moved = bool(lane) and lane != card.lane
    events = ("inbox-changed",) if moved else ()
    return fragment("downloads/_card.html", events=events, card=card, follow=follow)


@post("/downloads/{id:str}/cancel", sync_to_thread=True, status_code=200)
def cancel_download(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str]
) -> Response[Any]:
    own(services, request, id)
    confirm.cancel(services, id)
    return _back_to_inbox(request, toast.address(services, id))


@post("/downloads/{id:str}/retry", sync_to_thread=True, status_code=200)
def retry_download(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str]
) -> Response[Any]:
    own(services, request, id)
    confirm.retry(services, id)
    return _back_to_inbox(request)


@post("/downloads/{id:str}/discard", sync_to_thread=True, status_code=200)
def discard_download(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str]
) -> Response[Any]:
    own(services, request, id)
    confirm.discard(services, id)
    return _back_to_inbox(request, toast.address(services, id))


@post("/downloads/{id:str}/undo", sync_to_thread=True, status_code=200)
def undo_download(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str]
) -> Response[Any]:
    """Back to its review. Whoever taps twice is there already."""
    if own(services, request, id).state is not State.REVIEW:
        undo.undo(services, id)
    return go(request, f"/downloads/{id}/review")


@post("/downloads/{id:str}/first", sync_to_thread=True, status_code=200)
def fetch_first(request: AnyRequest, services: NamedDependency[Services], id: FromPath[str]) -> Response[Any]:
    """Put a waiting download before the person's other ones."""
    own(services, request, id)
    confirm.take_turn(services, id, "first")
    return _back_to_inbox(request)


def _back_to_inbox(request: AnyRequest, path: str = "/") -> Response[Any]:
    if wants_fragment(request) and path == "/":
        return Response("", status_code=200, headers={"HX-Trigger": "inbox-changed"}, media_type="text/html")
    return go(request, path)


@route("/downloads/{id:str}/file", http_method=READ, sync_to_thread=True)
def download_file(
    request: AnyRequest,
    services: NamedDependency[Services],
    id: FromPath[str],
    as_: Annotated[str, QueryParameter(name="as")] = "",
) -> Response[Any]:
    """The audio: staged, or from the library when it is there."""
    return serve_file(request, services, own(services, request, id), as_)


@get("/history", sync_to_thread=True)
def history_page(
    request: AnyRequest, services: NamedDependency[Services], before: FromQuery[str] = ""
) -> Response[Any]:
    """What became of this person's downloads, and what they did to the library since, newest first."""
    until = _moment(before)
    with services.db.read() as session:
        found = queries.finished(session, request.user.id, limit=HISTORY_LIMIT + 1, before=until)
        places = places_of(session, found)
    rows = [
        HistoryRow(
            cards.title_of(one),
            cards.history_line(one, places),
            one.finished_at or one.updated_at,
            f"/downloads/{one.id}/undo" if undo.is_possible(one) else "",
            say("bring it back to review"),
            cards.sound(one) if one.state is State.DONE else "",
            is_plain=cards.is_plain(one),
        )
        for one in found
    ]
    for one in change_views.rows(services, request.user.id, limit=HISTORY_LIMIT + 1, before=until):
        path = f"/library/changes/{one.id}/undo" if one.undo else ""
        how = say("as it was before")
        rows.append(HistoryRow(one.title, one.line, one.when, path, how, edits=one.edits))
    rows.sort(key=lambda row: row.when, reverse=True)
    shown = rows[:HISTORY_LIMIT]
    more = f"/history?before={quote(shown[-1].when.isoformat())}" if len(rows) > HISTORY_LIMIT else None
    return page("downloads/history.html", rows=shown, more=more, nav="history")


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid("This is not a moment in time.", code="bad_moment") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


HANDLERS = [
    *review_pages.HANDLERS,
    *duplicate_pages.HANDLERS,
    *candidate_pages.HANDLERS,
    *cover_pages.HANDLERS,
    *spectrum_pages.HANDLERS,
    inbox_page,
    *submit_pages.HANDLERS,
    inbox_fragment,
    card_fragment,
    cancel_download,
    retry_download,
    fetch_first,
    discard_download,
    undo_download,
    download_file,
    history_page,
]
