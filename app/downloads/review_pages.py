"""The review page: what we propose, to be corrected, heard and accepted."""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from app.audio.formats import FORMATS
from app.audio.quality import journey
from app.downloads import cards, confirm, forms, listen_pages, trim
from app.downloads.model import Download, StagedTrack, State
from app.downloads.requests import AnyRequest, Form, own
from app.errors import Invalid, NotFound
from app.htmx import fragment, go, page, version
from app.services import Services
from app.tags import naming
from app.tags.model import SURE


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
        cut = trim.read(data, track)
    except Invalid as error:
        return _review(services, download, data, wrong=error.fields, status=error.status)
    covers = {track.id: data.get("cover") != "none"}
    confirm.confirm(services, id, {track.id: tags}, covers=covers, trims={track.id: cut})
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
    return page(
        "downloads/review.html",
        status=status,
        download=download,
        track=track,
        values=values,
        wrong=wrong or {},
        sure=SURE,
        title=cards.title_of(download),
        journey=journey(track.source_quality, FORMATS[download.format]),
        path=_path(services, download, values),
        **listen_pages.context(services, download, values),
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


HANDLERS = [review_page, accept_review, path_fragment, *listen_pages.HANDLERS]
