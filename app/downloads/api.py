"""Downloads for programs: /api/v1/downloads."""

from typing import Annotated, Any

from litestar import Response, delete, get, post, put, route
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter, RawBody

from app.audio.formats import FORMATS
from app.audio.trim import Trim
from app.downloads import confirm, cover, forms, queries, trim, undo
from app.downloads.api_shapes import (
    ConfirmIn,
    DownloadOut,
    DownloadsOut,
    FormatOut,
    FormatsOut,
    LinkIn,
    MoveIn,
    PathsOut,
    download_out,
    downloads_out,
)
from app.downloads.model import Download, State
from app.downloads.places import path_now
from app.downloads.progress import ProgressBoard
from app.downloads.requests import READ, AnyRequest, own, serve_file
from app.errors import Conflict, Invalid, NotAllowed
from app.files import picture_response
from app.services import Services
from app.tags.model import Tags


@post("/api/v1/downloads/url", sync_to_thread=True, status_code=202, opt={"submit": True})
def submit_url(
    request: AnyRequest,
    services: NamedDependency[Services],
    board: NamedDependency[ProgressBoard],
    data: JSONBody[LinkIn],
) -> DownloadOut:
    """Queue a link."""
    if data.tracks not in (None, "one"):
        raise Invalid('Lists come later: leave `tracks` out or set it to "one".', code="lists_later")
    if isinstance(data.quality, int):
        raise Invalid("Quality tiers belong to subscription services, which come later.", code="bad_quality")
    download = forms.submit(
        services,
        request.user.id,
        data.url,
        format=data.format,
        quality=data.quality or "bestaudio",
        skip_review=data.skip_review,
        confirm_lossy=data.confirm_lossy,
        fetch_again=data.fetch_again,
    )
    return download_out(download, board, services)


@post(
    "/api/v1/downloads/confirm",
    sync_to_thread=True,
    status_code=202,
    request_max_body_size=forms.FORM_BYTES,
)
def confirm_download(
    request: AnyRequest,
    services: NamedDependency[Services],
    board: NamedDependency[ProgressBoard],
    data: JSONBody[ConfirmIn],
) -> DownloadOut:
    """Accept a reviewed download, with corrections. What is left out keeps its proposal."""
    download = own(services, request, data.id or "")
    if download.state is not State.REVIEW:
        raise Conflict(confirm.TOO_LATE.format(state=download.state), code="too_late")
    if data.cover not in ("proposed", "none") and not data.cover.lower().startswith(("http://", "https://")):
        raise Invalid(
            '`cover` is "proposed", "none" or the link of a picture; a picture itself goes to PUT …/cover.',
            code="bad_cover",
        )
    conflict = forms.read_conflict(data.conflict)
    tags = _tags_by_track(download, data)
    if data.cover not in ("proposed", "none"):
        cover.fetch(services, download, data.cover)
    confirm.confirm(
        services,
        download.id,
        tags,
        # What is proposed is also what the person has chosen before: another picture, or none.
        covers={track.id: False for track in download.tracks} if data.cover == "none" else None,
        trims=_trims_by_track(download, data),
        conflict=conflict,
    )
    return download_out(own(services, request, download.id), board, services)


def _tags_by_track(download: Download, data: ConfirmIn) -> dict[str, Tags]:
    """The download's own fields go to every track, those of `tracks` to the one with that id."""
    special = {one.id: one.given() for one in data.tracks}
    unknown = set(special) - {track.id for track in download.tracks}
    if unknown:
        raise Invalid("`tracks` names a track that this download does not have.", code="bad_track")
    return {
        track.id: forms.read_tags({**data.given(), **special.get(track.id, {})}, base=track.proposal.tags())
        for track in download.tracks
    }


def _trims_by_track(download: Download, data: ConfirmIn) -> dict[str, Trim]:
    """Marks that are left out stay where they are; those of the body itself are the first track's."""
    special = {one.id: one for one in data.tracks}
    found = {}
    for track in download.tracks:
        whole = data if track is download.tracks[0] else None
        asked = [one for one in (special.get(track.id), whole) if one]
        start_ms, end_ms = (
            next((mark for one in asked if (mark := getattr(one, name)) is not None), getattr(track, name))
            for name in ("trim_start_ms", "trim_end_ms")
        )
        found[track.id] = trim.checked(start_ms, end_ms, track.source_quality.duration_ms)
    return found


@get("/api/v1/downloads", sync_to_thread=True)
def list_downloads(
    request: AnyRequest,
    services: NamedDependency[Services],
    board: NamedDependency[ProgressBoard],
    states: Annotated[str | None, QueryParameter(name="state")] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
    before: FromQuery[str | None] = None,
    all: FromQuery[bool] = False,
) -> DownloadsOut:
    """Your downloads, newest first. `state` takes a comma list; admins may ask for all users' ones."""
    if all and not request.user.is_admin:
        raise NotAllowed("Only admins see everybody's downloads.")
    with services.db.read() as session:
        found = queries.page(
            session,
            user_id=None if all else request.user.id,
            states=_states(states),
            limit=limit + 1,
            before=before,
        )
    items = downloads_out(found[:limit], board, services)
    return DownloadsOut(items, next=items[-1].id if len(found) > limit else None)


def _states(text: str | None) -> list[State]:
    try:
        return [State(part.strip()) for part in (text or "").split(",") if part.strip()]
    except ValueError as error:
        raise Invalid(f"`state` must be of {', '.join(State)}.", code="bad_state") from error


@get("/api/v1/downloads/{id:str}", sync_to_thread=True)
def get_download(
    request: AnyRequest,
    services: NamedDependency[Services],
    board: NamedDependency[ProgressBoard],
    id: FromPath[str],
    all: FromQuery[bool] = False,
) -> DownloadOut:
    """One of your downloads; admins may ask for everybody's with `all=true`."""
    return download_out(own(services, request, id, all=all and request.user.is_admin), board, services)


@post("/api/v1/downloads/{id:str}/cancel", sync_to_thread=True, status_code=200)
def cancel_by_api(
    request: AnyRequest,
    services: NamedDependency[Services],
    board: NamedDependency[ProgressBoard],
    id: FromPath[str],
) -> DownloadOut:
    """Stop a download that is on its way; nothing of it stays."""
    own(services, request, id)
    confirm.cancel(services, id)
    return download_out(own(services, request, id), board, services)


@post("/api/v1/downloads/{id:str}/retry", sync_to_thread=True, status_code=200)
def retry_by_api(
    request: AnyRequest,
    services: NamedDependency[Services],
    board: NamedDependency[ProgressBoard],
    id: FromPath[str],
) -> DownloadOut:
    """Try a failed or cancelled download again, or a waiting one now."""
    own(services, request, id)
    confirm.retry(services, id)
    return download_out(own(services, request, id), board, services)


@post("/api/v1/downloads/{id:str}/move", sync_to_thread=True, status_code=200)
def move_by_api(
    request: AnyRequest,
    services: NamedDependency[Services],
    board: NamedDependency[ProgressBoard],
    id: FromPath[str],
    data: JSONBody[MoveIn],
) -> DownloadOut:
    """Change the turn of a queued download among your own: `to` is first, last, up or down."""
    own(services, request, id)
    confirm.take_turn(services, id, data.to)
    return download_out(own(services, request, id), board, services)


@post("/api/v1/downloads/{id:str}/discard", sync_to_thread=True, status_code=200)
def discard_by_api(
    request: AnyRequest,
    services: NamedDependency[Services],
    board: NamedDependency[ProgressBoard],
    id: FromPath[str],
) -> DownloadOut:
    """Drop a reviewed or failed download."""
    own(services, request, id)
    confirm.discard(services, id)
    return download_out(own(services, request, id), board, services)


@post("/api/v1/downloads/{id:str}/undo", sync_to_thread=True, status_code=200)
def undo_by_api(
    request: AnyRequest,
    services: NamedDependency[Services],
    board: NamedDependency[ProgressBoard],
    id: FromPath[str],
) -> DownloadOut:
    """Bring back to review what was added or discarded, until `undo_until`, with the tags as confirmed."""
    own(services, request, id)
    undo.undo(services, id)
    return download_out(own(services, request, id), board, services)


@delete("/api/v1/downloads/{id:str}", sync_to_thread=True)
def forget_download(request: AnyRequest, services: NamedDependency[Services], id: FromPath[str]) -> None:
    """Remove a finished download from the history. The library keeps its file."""
    own(services, request, id)
    confirm.forget(services, id)


@get("/api/v1/downloads/{id:str}/paths", sync_to_thread=True)
def download_paths(request: AnyRequest, services: NamedDependency[Services], id: FromPath[str]) -> PathsOut:
    """Where its tracks are, relative to the library."""
    download = own(services, request, id)
    added = [track for track in download.tracks if track.path and track.library_track_id]
    with services.db.read() as session:
        return PathsOut([path_now(session, track) for track in added])


@route("/api/v1/downloads/{id:str}/file", http_method=READ, sync_to_thread=True)
def file_by_api(request: AnyRequest, services: NamedDependency[Services], id: FromPath[str]) -> Response[Any]:
    """The audio itself, with Range."""
    return serve_file(request, services, own(services, request, id))


@get("/api/v1/downloads/{id:str}/cover", sync_to_thread=True)
def cover_by_api(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str]
) -> Response[Any]:
    """The staged cover, a JPEG."""
    own(services, request, id)
    return picture_response(request, cover.file_of(services, id))


@put(
    "/api/v1/downloads/{id:str}/cover", sync_to_thread=True, status_code=204, request_max_body_size=20_000_000
)
def put_cover(
    request: AnyRequest,
    services: NamedDependency[Services],
    id: FromPath[str],
    body: RawBody,
) -> None:
    """Replace the staged cover: the body is a JPEG, PNG or WebP picture."""
    cover.replace(services, own(services, request, id), body)


@get("/api/v1/formats", sync_to_thread=False)
def list_formats(services: NamedDependency[Services]) -> FormatsOut:
    """The formats that a download can be asked for."""
    items = [FormatOut(one.name, one.extension, one.label, one.lossless) for one in FORMATS.values()]
    return FormatsOut(items, default=services.settings.format)


HANDLERS = [
    submit_url,
    confirm_download,
    list_downloads,
    get_download,
    cancel_by_api,
    retry_by_api,
    move_by_api,
    discard_by_api,
    undo_by_api,
    forget_download,
    download_paths,
    file_by_api,
    cover_by_api,
    put_cover,
    list_formats,
]
