"""The spectrum of a download in review: what it came as may have been less before."""

import logging
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from app.audio.spectrum import Spectrum, hint, look
from app.children.parent import ChildCrashed
from app.downloads import cards, staging
from app.downloads.model import Download, State
from app.downloads.requests import AnyRequest, own
from app.errors import Conflict, Failure, NotFound
from app.htmx import fragment, page, wants_fragment
from app.library.spectrum import DAMAGED, View, turns
from app.services import Services

log = logging.getLogger("inlay.spectrum")

FILE = "spectrum.json"


@post("/downloads/{id:str}/spectrum", sync_to_thread=True, status_code=200)
def look_at_spectrum(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str]
) -> Response[Any]:
    """Was what was fetched lossy or smaller once? The answer is a hint, and changes nothing."""
    download = own(services, request, id)
    if not download.tracks:
        raise NotFound("There is no audio yet.")
    if download.state is not State.REVIEW:
        raise Conflict("This is not in review any more.", code="too_late")
    found = _look_at(services, download)
    if wants_fragment(request):
        return fragment("library/_spectrum.html", spectrum=found)
    called, back = cards.title_of(download), f"/downloads/{id}/review"
    return page("library/spectrum.html", spectrum=found, called=called, back=back, nav="inbox")


def view(services: Services, download: Download) -> View:
    """What is known so far, without looking."""
    return _view(download, _kept(*_files(services, download)))


def _look_at(services: Services, download: Download) -> View:
    source, file = _files(services, download)
    with turns:
        found = _kept(source, file)
        if found is None:
            try:
                found = look(source, download.tracks[0].source_quality, services.warm.child_if_warm)
            except (Failure, ChildCrashed) as trouble:
                log.info("no spectrum: %s", trouble)
                raise Conflict(DAMAGED, code="unreadable") from trouble
            # A cancel and a discard take the folder away: then nobody wants it any more.
            with suppress(OSError):
                part = file.with_name(f"{FILE}.part")
                part.write_bytes(msgspec.json.encode(found))
                part.replace(file)
    return _view(download, found)


def _view(download: Download, found: Spectrum | None) -> View:
    known = hint(found, download.tracks[0].source_quality) if found else None
    return View(download.id, f"/downloads/{download.id}/spectrum", known)


def _files(services: Services, download: Download) -> tuple[Path, Path]:
    folder = staging.folder_of(services.settings, download.id)
    return folder / download.tracks[0].source_file, folder / FILE


def _kept(source: Path, file: Path) -> Spectrum | None:
    """What was seen, unless another source has been fetched since."""
    with suppress(OSError, msgspec.MsgspecError):
        if file.stat().st_mtime_ns >= source.stat().st_mtime_ns:
            return msgspec.json.decode(file.read_bytes(), type=Spectrum)
    return None


HANDLERS = [look_at_spectrum]
