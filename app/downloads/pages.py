"""The inbox and the history, as pages and as the fragments that keep them current."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote

from litestar import Response, get, post, route
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from app.accounts.model import User
from app.downloads import (
    candidate_pages,
    cards,
    confirm,
    cover_pages,
    duplicate_pages,
    forms,
    known,
    queries,
    review_pages,
    spectrum_pages,
    toast,
    undo,
)
from app.downloads.duplicate_pages import Line, line_of
from app.downloads.model import State
from app.downloads.places import places_of
from app.downloads.progress import ProgressBoard
from app.downloads.requests import READ, AnyRequest, Form, own, serve_file
from app.downloads.toast import toast_of
from app.errors import Conflict, InlayError, Invalid, TooMany
from app.htmx import fragment, go, page, unchanged, wants_fragment
from app.library import change_views
from app.library.duplicates import Sameness
from app.rules.learn import newest_offer
from app.services import Services

ADDED_HOURS = 24
HISTORY_LIMIT = 50
HAVE = "You have this already."


@dataclass(frozen=True)
class HistoryRow:
    title: str
    line: str
    when: datetime
    undo: str
    """Where its form leads; empty: it cannot be undone."""
    how: str
    sound: str = ""


def _inbox(services: Services, board: ProgressBoard, user: User) -> dict[str, Any]:
    with services.db.read() as session:
        downloads = queries.inbox(session, user.id, done_since=queries.done_since(ADDED_HOURS))
        have, places = known.of_reviews(session, downloads), places_of(session, downloads)
    found = [cards.card_of(download, board, services.room, have, places) for download in downloads]
    shown = [card for card in found if card.lane != "added"] + [c for c in found if c.lane == "added"][:3]
    return {"lanes": cards.lanes(shown), "active": any(card.active for card in shown), "nav": "inbox"}


@get("/", sync_to_thread=True)
def inbox_page(
    request: AnyRequest,
    services: NamedDependency[Services],
    board: NamedDependency[ProgressBoard],
    undone: Annotated[str, QueryParameter(name="undo")] = "",
) -> Response[Any]:
    """The box for a link, and everything that is on its way; `undo` is what the toast is about."""
    services.warm.warm()
    said = toast_of(services, request.user.id, undone) if undone else None
    # Coming back from a review, a phone's keyboard would cover the cards.
    arrived = request.headers.get("hx-boosted") != "true" and not said
    with services.db.read() as session:
        offer = newest_offer(session, request.user.id)
    return page(
        "downloads/inbox.html",
        url="",
        error="",
        autofocus=arrived,
        offer=offer,
        toast=said,
        **_inbox(services, board, request.user),
    )


@get("/add", sync_to_thread=True)
def add_page(
    request: AnyRequest,
    services: NamedDependency[Services],
    board: NamedDependency[ProgressBoard],
    url: FromQuery[str] = "",
    title: FromQuery[str] = "",
) -> Response[Any]:
    """Where bookmarklet and share lead: the box, prefilled. Nothing starts without a tap."""
    services.warm.warm()
    have = _have(services, request.user.id, url)
    return page(
        "downloads/inbox.html",
        url=url[:4096],
        error="",
        autofocus=True,
        shared_title=title[:200],
        have=have,
        **_inbox(services, board, request.user),
    )


@get("/inbox", sync_to_thread=True)
def inbox_fragment(
    request: AnyRequest, services: NamedDependency[Services], board: NamedDependency[ProgressBoard]
) -> Response[Any]:
    return fragment("downloads/_inbox.html", **_inbox(services, board, request.user))


@post("/downloads", sync_to_thread=True, status_code=200)
def submit_link(
    request: AnyRequest,
    services: NamedDependency[Services],
    board: NamedDependency[ProgressBoard],
    data: Form,
) -> Response[Any]:
    url = data.get("url", "").strip()
    again = bool(url) and data.get("again") == url
    if not again and (have := _have(services, request.user.id, url)):
        return _submit_again(request, services, board, url, Conflict(HAVE), have)
    try:
        forms.submit(services, request.user.id, url, format=data.get("format") or None, fetch_again=again)
    except (Invalid, Conflict, TooMany) as error:
        return _submit_again(request, services, board, url, error)
    if wants_fragment(request):
        return fragment("downloads/_submit.html", events=("inbox-changed",), url="", error="")
    return go(request, "/")


def _submit_again(
    request: AnyRequest,
    services: Services,
    board: ProgressBoard,
    url: str,
    error: InlayError,
    have: Line | None = None,
) -> Response[Any]:
    """The form as it was sent, with a sentence; `have` is the track that it is about."""
    said: dict[str, Any] = {"url": url, "error": "" if have else error.message, "have": have}
    if wants_fragment(request):
        answer = fragment("downloads/_submit.html", status=error.status, **said)
    else:
        inbox = _inbox(services, board, request.user)
        answer = page("downloads/inbox.html", status=error.status, **said, **inbox)
    if isinstance(error, TooMany):
        answer.headers["Retry-After"] = str(error.retry_after_s)
    return answer


def _have(services: Services, user_id: int, url: str) -> Line | None:
    """What the library has from this link already."""
    track = known.at_paste(services, user_id, url)
    return line_of(track, Sameness.DUPLICATE) if track else None


@get("/downloads/{id:str}/card", sync_to_thread=True)
def card_fragment(
    request: AnyRequest,
    services: NamedDependency[Services],
    board: NamedDependency[ProgressBoard],
    id: FromPath[str],
    seen: FromQuery[str] = "",
    lane: FromQuery[str] = "",
) -> Response[Any]:
    """What a card polls: 204 while nothing changed; a change of lane also renews the inbox."""
    download = own(services, request, id)
    with services.db.read() as session:
        have, places = known.of_reviews(session, [download]), places_of(session, [download])
    card = cards.card_of(download, board, services.room, have, places)
    if card.version == seen:
        return unchanged()
    moved = bool(lane) and lane != card.lane
    return fragment("downloads/_card.html", events=("inbox-changed",) if moved else (), card=card)


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
            "bring it back to review",
            cards.sound(one) if one.state is State.DONE else "",
        )
        for one in found
    ]
    for one in change_views.rows(services, request.user.id, limit=HISTORY_LIMIT + 1, before=until):
        path = f"/library/changes/{one.id}/undo" if one.undo else ""
        rows.append(HistoryRow(one.title, one.line, one.when, path, "as it was before"))
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
    add_page,
    inbox_fragment,
    submit_link,
    card_fragment,
    cancel_download,
    retry_download,
    fetch_first,
    discard_download,
    undo_download,
    download_file,
    history_page,
]
