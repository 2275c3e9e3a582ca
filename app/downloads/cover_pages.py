"""The cover workbench on the review page: its tiles, and what happens when one is chosen."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from litestar import Response, get, post
from litestar.concurrency import sync_to_thread
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from app.downloads import cover
from app.downloads.cover import ARCHIVE, CROP, NONE, SOURCE, SQUARE, UPLOAD
from app.downloads.model import Download
from app.downloads.requests import AnyRequest, Form, own
from app.errors import Conflict, InlayError, Invalid, NotFound, TooMany
from app.files import picture_response
from app.htmx import fragment, go, version, wants_fragment
from app.languages.say import say
from app.services import Services
from app.tags.cover import SIZE_PX, Crop, side_of, square_in

UPLOAD_BYTES = 21_000_000
"""A picture of 20 MB and the form around it."""
NO_PICTURE = say("There is no picture in this form. Choose a file first.")


@dataclass(frozen=True)
class Tile:
    """One thing that the cover can be. `value` is what the form sends."""

    value: str
    label: str
    src: str = ""


@dataclass(frozen=True)
class Cropping:
    """The picture that a square is chosen of, and the square in thousandths."""

    of: str
    src: str
    width: int
    height: int
    square: Crop
    side_px: int
    largest_px: int = SIZE_PX


@dataclass(frozen=True)
class Bench:
    """All that the fragment shows. `side_px`: what the cover will have in the file."""

    id: str
    src: str
    side_px: int | None
    chosen: str
    tiles: list[Tile]
    is_open: bool
    can_crop: bool
    cropping: Cropping | None = None
    problem: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    link: str = ""
    rule: str = ""
    """The id of the person's rule that made it so."""
    may_grow: bool = False
    """The archive's picture may come a moment later."""
    small_px: int = cover.LARGE_PX


def bench(services: Services, download: Download, opened: str = "", **more: Any) -> Bench:
    """The workbench of a download in review: closed, `opened="tiles"`, or `opened="crop"`."""
    track, id = download.tracks[0], download.id
    file = cover.file_of(services, id)
    chosen = cover.chosen(track)
    has_cover = track.cover_file is not None and chosen["from"] != NONE
    files = {name: cover.picture_file(services, download, name) for name in cover.PICTURES}
    sources = {
        name: f"/downloads/{id}/cover?of={name}&v={version(found.stat().st_mtime_ns)}"
        for name, found in files.items()
        if found
    }
    labels = {
        SOURCE: (SQUARE, say("Square")),
        UPLOAD: (UPLOAD, say("Yours")),
        ARCHIVE: (ARCHIVE, say("Cover Art Archive")),
    }
    of = chosen.get("of") or {SQUARE: SOURCE}.get(chosen["from"], chosen["from"])
    of = of if of in sources else next(iter(sources), "")
    cropping = None
    if opened == CROP and of:
        given = Crop(chosen["x"], chosen["y"], chosen["size"]) if "x" in chosen else None
        cropping = _cropping(services, download, of, sources[of], given)
    return Bench(
        id=id,
        src=f"/downloads/{id}/cover?v={version(track.cover_file, download.updated_at)}" if has_cover else "",
        side_px=side_of(file) if has_cover else None,
        chosen=chosen["from"],
        tiles=[Tile(*labels[name], src) for name, src in sources.items()],
        is_open=bool(opened),
        can_crop=bool(of),
        cropping=cropping,
        rule=chosen.get("rule", ""),
        may_grow="coverart" in services.settings.lookups and ARCHIVE not in sources,
        **more,
    )


def _cropping(
    services: Services, download: Download, of: str, src: str, given: Crop | None
) -> Cropping | None:
    try:
        whole = cover.show(services, download, of).whole
    except InlayError:
        # It was a picture once, or there would be no tile for it; the others can still be chosen.
        return None
    left, top, right, _ = square_in(whole, given)
    square = given or Crop(round(1000 * left / whole.width), round(1000 * top / whole.height), 1000)
    return Cropping(of, src, whole.width, whole.height, square, min(right - left, SIZE_PX))


@get("/downloads/{id:str}/cover", sync_to_thread=True)
def download_cover(
    request: AnyRequest,
    services: NamedDependency[Services],
    id: FromPath[str],
    size: FromQuery[str] = "",
    of: FromQuery[str] = "",
) -> Response[Any]:
    """The staged cover, `size=small` of it, or all `of` a picture that it can be made of: our own JPEG.

    A card may ask for the small one a moment after the track went into the library: then it is that one's.
    """
    download = own(services, request, id)
    if of:
        return picture_response(request, cover.show(services, download, of).file)
    file = cover.file_of(services, id, small=size == "small")
    if size == "small" and not file.exists():
        file = cover.added_small(services, download) or file
    return picture_response(request, file)


@get("/downloads/{id:str}/cover/bench", sync_to_thread=True)
def cover_fragment(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str], opened: FromQuery[str] = ""
) -> Response[Any]:
    """The workbench, closed or with the part that is `opened`."""
    download = own(services, request, id)
    if not download.tracks:
        raise NotFound("There is nothing to review yet.")
    return fragment("downloads/_cover.html", cover=bench(services, download, opened))


@post("/downloads/{id:str}/cover/choose", sync_to_thread=True, status_code=200)
def choose_cover(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str], data: Form
) -> Response[Any]:
    """Make the cover of another picture that is there, of another square of it, or leave it out."""
    download = own(services, request, id)
    opened = CROP if data.get("from") == CROP else "tiles"
    return _changed(request, services, id, opened, lambda: cover.choose(services, download, data))


@post("/downloads/{id:str}/cover/link", sync_to_thread=True, status_code=200)
def link_cover(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str], data: Form
) -> Response[Any]:
    """Take the picture at a pasted link."""
    download, link = own(services, request, id), data.get("link", "").strip()
    return _changed(request, services, id, "tiles", lambda: cover.fetch(services, download, link), link)


@post("/downloads/{id:str}/cover/upload", status_code=200, request_max_body_size=UPLOAD_BYTES)
async def upload_cover(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str]
) -> Response[Any]:
    """Take a picture from the person's device or clipboard."""
    # Before the form, which may be large: whose download it is.
    download = await sync_to_thread(own, services, request, id)
    form = await request.form()
    picture = form.get("picture")
    body = await picture.read() if isinstance(picture, UploadFile) else b""
    origin = "clipboard" if form.get("origin") == "clipboard" else "upload"

    def take() -> None:
        if not body:
            raise Invalid(NO_PICTURE, code="bad_cover")
        cover.replace(services, download, body, origin)

    return await sync_to_thread(_changed, request, services, id, "tiles", take)


def _changed(
    request: AnyRequest,
    services: Services,
    id: str,
    opened: str,
    change: Callable[[], None],
    link: str = "",
) -> Response[Any]:
    """The workbench afterwards; when it did not work, as it was, with a sentence."""
    problem, status, fields = "", 200, {}
    try:
        change()
    except (Invalid, TooMany, Conflict) as error:
        if isinstance(error, Conflict) or not wants_fragment(request):
            raise
        problem, status = error.message, error.status
        fields = error.fields if isinstance(error, Invalid) else {}
    if not wants_fragment(request):
        where = "?cover=crop" if opened == CROP else "?cover=tiles"
        return go(request, f"/downloads/{id}/review{where}")
    more = {"problem": problem, "fields": fields, "link": link if problem else ""}
    shown = bench(services, own(services, request, id), opened, **more)
    return fragment("downloads/_cover.html", status=status, cover=shown)


HANDLERS = [download_cover, cover_fragment, choose_cover, link_cover, upload_cover]
