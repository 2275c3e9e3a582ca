"""The review page: what we propose, to be corrected, heard and accepted."""

from collections.abc import Mapping
from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from app.audio.formats import FORMATS
from app.audio.quality import journey
from app.downloads import (
    candidate_pages,
    candidates,
    cards,
    confirm,
    drafts,
    forms,
    listen_pages,
    prints,
    spectrum_pages,
    toast,
    trim,
)
from app.downloads.cover_pages import bench
from app.downloads.duplicate_pages import box
from app.downloads.known import of_reviews
from app.downloads.lanes import lane_of
from app.downloads.model import Download, StagedTrack, State
from app.downloads.requests import AnyRequest, Form, own, takes_form
from app.errors import Invalid, NotFound
from app.htmx import fragment, go, page, unchanged
from app.languages.say import say
from app.library import template
from app.library.complete import Completion
from app.services import Services
from app.tags.model import MORE, SURE, Tags


@get("/downloads/{id:str}/review", sync_to_thread=True)
def review_page(
    request: AnyRequest,
    services: NamedDependency[Services],
    completion: NamedDependency[Completion],
    id: FromPath[str],
    cover: FromQuery[str] = "",
) -> Response[Any]:
    """The inlay card: what we propose and what was typed already. `cover` opens its workbench."""
    download = own(services, request, id)
    if download.state is not State.REVIEW:
        return go(request, "/")
    track = download.tracks[0]
    known = candidate_pages.look(services, track)
    candidate_pages.ring_if_unknown(services, track, known)
    if prints.is_pending(services, track):
        services.ring("print", track.id)
    completion.warm(services.db)
    return _review(services, download, drafts.values_of(track), cover=cover, known=known)


@takes_form("/downloads/{id:str}/review")
def accept_review(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str], data: Form
) -> Response[Any]:
    """Add to library. A form that cannot be accepted comes back as it was typed, with a sentence a field."""
    download = own(services, request, id)
    if download.state is not State.REVIEW:
        return go(request, "/")
    track = download.tracks[0]
    try:
        tags = forms.read_tags(data, base=candidates.seen(track, data.get("candidate", "")).tags())
        cut = trim.read(data, track)
        conflict = forms.read_conflict(data.get("conflict"))
    except Invalid as error:
        return _review(services, download, data, wrong=error.fields, status=error.status)
    confirm.confirm(services, id, {track.id: tags}, trims={track.id: cut}, conflict=conflict)
    return go(request, toast.address(services, id))


@takes_form("/downloads/{id:str}/draft", status_code=204, quiet=True)
def keep_draft(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str], data: Form
) -> Response[None]:
    """Keep what was typed so far. Quiet when it is too late: a page that is left sends its last words."""
    download = own(services, request, id)
    if download.tracks and not candidates.is_stale(download.tracks[0], data):
        drafts.save(services, download, data)
    return unchanged()


@takes_form("/downloads/{id:str}/swap")
def swap_names(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str], data: Form
) -> Response[Any]:
    """Title and artist change places, and the page comes again; with JavaScript it does that by itself."""
    download = own(services, request, id)
    if download.state is not State.REVIEW:
        return go(request, "/")
    drafts.save(services, download, drafts.swapped(data))
    return go(request, f"/downloads/{id}/review")


@get("/downloads/{id:str}/path", sync_to_thread=True)
def path_fragment(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str]
) -> Response[Any]:
    """The path that the typed values would give."""
    download = _staged(services, request, id)
    return fragment("downloads/_path.html", path=_path(services, download, dict(request.query_params)), id=id)


@get("/downloads/{id:str}/duplicates", sync_to_thread=True)
def duplicates_fragment(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str]
) -> Response[Any]:
    """What the library has of the track, if it is called as it is typed."""
    download, values = _staged(services, request, id), dict(request.query_params)
    have = box(services, download, _readable(download.tracks[0], values), values)
    return fragment("downloads/_duplicates.html", download=download, have=have, **listen_pages.kept(download))


@takes_form("/downloads/{id:str}/changes")
def changes_fragment(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str], data: Form
) -> Response[Any]:
    """What the fetched file says, and what the typed values would write."""
    download = _staged(services, request, id)
    return fragment("downloads/_changes.html", **_changes(download.tracks[0], data), id=id)


def _staged(services: Services, request: AnyRequest, id: str) -> Download:
    download = own(services, request, id)
    if not download.tracks:
        raise NotFound("There is nothing to review yet.")
    return download


def _review(
    services: Services,
    download: Download,
    values: Mapping[str, str],
    *,
    wrong: dict[str, str] | None = None,
    status: int = 200,
    cover: str = "",
    known: candidate_pages.Known | None = None,
) -> Response[Any]:
    track = download.tracks[0]
    wrong = wrong or {}
    with services.db.read() as session:
        lane = lane_of(download, track, of_reviews(session, [download]))
    return page(
        "downloads/review.html",
        status=status,
        download=download,
        track=track,
        values=values,
        wrong=wrong,
        labels=forms.LABELS,
        more_open=any(name in wrong or name in (track.draft or {}) for name in (*MORE, "disc_no")),
        proposed=track.proposal.fields,
        sure=SURE,
        lane=lane,
        have=box(services, download, _readable(track, values), values),
        title=cards.title_of(download),
        journey=journey(track.source_quality, FORMATS[download.format]),
        path=_path(services, download, values),
        **_changes(track, values),
        **listen_pages.context(services, download, values),
        cover=bench(services, download, cover),
        lookups=candidate_pages.shown(
            services, download, values, known or candidate_pages.look(services, track)
        ),
        spectrum=spectrum_pages.view(services, download),
        can_undo=bool(services.settings.undo_s),
        nav="inbox",
    )


def _path(services: Services, download: Download, values: Mapping[str, str]) -> str:
    """The library path for typed values."""
    tags = _readable(download.tracks[0], values)
    return str(template.path_for(services, tags, cards.extension_of(download)))


def _changes(track: StagedTrack, values: Mapping[str, str]) -> dict[str, Any]:
    found = drafts.changes(track, _readable(track, values))
    labels = forms.LABELS
    rows = [(labels[name], _short(name, old), _short(name, new), old != new) for name, old, new in found]
    return {"rows": rows, "changed": sum(differs for *_, differs in rows)}


def _short(name: str, text: str) -> str:
    if name == "compilation":
        return say("yes") if text else ""
    first, *more = text.split("\n")
    return f"{first[:80]} …" if more or len(first) > 80 else first


def _readable(track: StagedTrack, values: Mapping[str, str]) -> Tags:
    """The typed values as tags; unreadable ones count as the proposal's."""
    base = track.proposal.tags()
    try:
        return forms.read_tags(values, base=base)
    except Invalid as error:
        good = {name: value for name, value in values.items() if name not in error.fields}
    try:
        return forms.read_tags(good, base=base)
    except Invalid:
        return base


HANDLERS = [
    review_page,
    accept_review,
    keep_draft,
    swap_names,
    path_fragment,
    duplicates_fragment,
    changes_fragment,
    *listen_pages.HANDLERS,
]
