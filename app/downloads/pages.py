"""The inbox, the review page and the history, as pages and as the fragments that keep them current."""

from typing import Annotated, Any
from urllib.parse import quote

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, FromQuery, QueryParameter

from app.accounts.model import User
from app.audio.formats import FORMATS
from app.audio.quality import clock, journey
from app.downloads import cards, confirm, forms, queries, staging
from app.downloads.model import Conversion, Download, StagedTrack, State
from app.downloads.progress import ProgressBoard
from app.errors import Conflict, Invalid, NotFound
from app.files import audio_response, picture_response
from app.htmx import fragment, go, page, unchanged, version, wants_fragment
from app.services import Services
from app.tags import naming
from app.tags.model import SURE

AnyRequest = Request[User, Any, Any]
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]

ADDED_HOURS = 24
HISTORY_LIMIT = 50
FINISHED = (State.DONE, State.SKIPPED, State.CANCELLED, State.DISCARDED)


def own(services: Services, request: AnyRequest, id: str) -> Download:
    """The user's own download; somebody else's does not exist."""
    with services.db.read() as session:
        download = queries.by_id(session, id, user_id=request.user.id)
    if download is None:
        raise NotFound("There is no such download.")
    return download


def _inbox(services: Services, board: ProgressBoard, user: User) -> dict[str, Any]:
    with services.db.read() as session:
        downloads = queries.inbox(session, user.id, done_since=queries.done_since(ADDED_HOURS))
    found = [cards.card_of(download, board) for download in downloads]
    shown = [card for card in found if card.lane != "added"] + [c for c in found if c.lane == "added"][:3]
    return {"lanes": cards.lanes(shown), "active": any(card.active for card in shown), "nav": "inbox"}


@get("/", sync_to_thread=True)
def inbox_page(
    request: AnyRequest, services: NamedDependency[Services], board: NamedDependency[ProgressBoard]
) -> Response[Any]:
    """The box for a link, and everything that is on its way."""
    services.warm.warm()
    return page("downloads/inbox.html", url="", error="", **_inbox(services, board, request.user))


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
    inbox = _inbox(services, board, request.user)
    return page("downloads/inbox.html", url=url[:4096], error="", shared_title=title[:200], **inbox)


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
    try:
        forms.submit(services, request.user.id, url, format=data.get("format") or None)
    except (Invalid, Conflict) as error:
        if wants_fragment(request):
            return fragment("downloads/_submit.html", status=error.status, url=url, error=error.message)
        inbox = _inbox(services, board, request.user)
        return page("downloads/inbox.html", status=error.status, url=url, error=error.message, **inbox)
    if wants_fragment(request):
        return fragment("downloads/_submit.html", events=("inbox-changed",), url="", error="")
    return go(request, "/")


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
    card = cards.card_of(own(services, request, id), board)
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
    return _back_to_inbox(request)


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
    return _back_to_inbox(request)


def _back_to_inbox(request: AnyRequest) -> Response[Any]:
    if wants_fragment(request):
        return Response("", status_code=200, headers={"HX-Trigger": "inbox-changed"}, media_type="text/html")
    return go(request, "/")


@get("/downloads/{id:str}/review", sync_to_thread=True)
def review_page(request: AnyRequest, services: NamedDependency[Services], id: FromPath[str]) -> Response[Any]:
    """The inlay card: what we propose, to be corrected and accepted."""
    download = own(services, request, id)
    if download.state is not State.REVIEW:
        return go(request, "/")
    return _review(services, download, _proposed(download.tracks[0]))


@post("/downloads/{id:str}/review", sync_to_thread=True, status_code=200)
def accept_review(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str], data: Form
) -> Response[Any]:
    """Add to library. A form that cannot be accepted comes back as it was typed, with a sentence a field."""
    download = own(services, request, id)
    if download.state is not State.REVIEW:
        return go(request, "/")
    track = download.tracks[0]
    try:
        tags = forms.read_tags(data, base=track.proposal.tags())
    except Invalid as error:
        return _review(services, download, data, wrong=error.fields, status=error.status)
    confirm.confirm(services, id, {track.id: tags}, covers={track.id: data.get("cover") != "none"})
    return go(request, "/")


@get("/downloads/{id:str}/path", sync_to_thread=True)
def path_fragment(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str]
) -> Response[Any]:
    """The path that the typed values would give."""
    download = own(services, request, id)
    if not download.tracks:
        raise NotFound("There is nothing to review yet.")
    return fragment("downloads/_path.html", path=_path(services, download, dict(request.query_params)), id=id)


def _review(
    services: Services,
    download: Download,
    values: dict[str, str],
    *,
    wrong: dict[str, str] | None = None,
    status: int = 200,
) -> Response[Any]:
    track = download.tracks[0]
    ready = track.conversion is Conversion.DONE
    return page(
        "downloads/review.html",
        status=status,
        download=download,
        track=track,
        values=values,
        wrong=wrong or {},
        sure=SURE,
        title=cards.title_of(download),
        length=clock(track.source_quality.duration_ms),
        journey=journey(track.source_quality, FORMATS[download.format]),
        path=_path(services, download, values),
        listen="converted" if ready else "source",
        cover_version=version(track.cover_file, download.updated_at),
        nav="inbox",
    )


def _proposed(track: StagedTrack) -> dict[str, str]:
    return {name: found.value for name, found in track.proposal.fields.items()}


def _path(services: Services, download: Download, values: dict[str, str]) -> str:
    """The library path for typed values; unreadable ones count as the proposal's."""
    track = download.tracks[0]
    base = track.proposal.tags()
    tags = base
    for name, value in values.items():
        try:
            tags = forms.read_tags({name: value}, base=tags)
        except Invalid:
            continue
    extension = cards.extension_of(download)
    return str(naming.library_path(tags, extension, services.settings.naming))


@get("/downloads/{id:str}/file", sync_to_thread=True)
def download_file(
    request: AnyRequest,
    services: NamedDependency[Services],
    id: FromPath[str],
    as_: Annotated[str, QueryParameter(name="as")] = "",
) -> Response[Any]:
    """The audio: staged, or from the library when it is there."""
    return serve_file(request, services, own(services, request, id), as_)


def serve_file(
    request: AnyRequest, services: Services, download: Download, wanted: str = ""
) -> Response[Any]:
    track = download.tracks[0] if download.tracks else None
    if track is None:
        raise NotFound("There is no audio yet.")
    if download.state is State.DONE and track.path:
        file = services.settings.library_dir / track.path
    else:
        converted = track.converted_file if wanted != "source" else None
        file = staging.folder_of(services.settings, download.id) / (converted or track.source_file)
    if not file.is_file():
        raise NotFound("The audio is not there any more.")
    name = f"{cards.title_of(download)}{file.suffix}"
    return audio_response(request, file, filename=name)


@get("/downloads/{id:str}/cover", sync_to_thread=True)
def download_cover(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str]
) -> Response[Any]:
    """The staged cover: always a JPEG of our own making."""
    own(services, request, id)
    return picture_response(request, staging.folder_of(services.settings, id) / "cover.jpg")


@get("/history", sync_to_thread=True)
def history_page(
    request: AnyRequest, services: NamedDependency[Services], before: FromQuery[str | None] = None
) -> Response[Any]:
    """What was done, newest first."""
    with services.db.read() as session:
        found = queries.page(
            session, user_id=request.user.id, states=FINISHED, limit=HISTORY_LIMIT + 1, before=before
        )
    rows = [
        {"title": cards.title_of(one), "line": cards.history_line(one), "when": one.finished_at, "one": one}
        for one in found[:HISTORY_LIMIT]
    ]
    more = f"/history?before={quote(found[HISTORY_LIMIT - 1].id)}" if len(found) > HISTORY_LIMIT else None
    return page("downloads/history.html", rows=rows, more=more, nav="history")


HANDLERS = [
    inbox_page,
    add_page,
    inbox_fragment,
    submit_link,
    card_fragment,
    cancel_download,
    retry_download,
    discard_download,
    review_page,
    accept_review,
    path_fragment,
    download_file,
    download_cover,
    history_page,
]
