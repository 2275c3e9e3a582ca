"""What a person can ask about the sound of a track in the library."""

from typing import Any

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from app.htmx import fragment, page, wants_fragment
from app.library import spectrum
from app.library.requests import AnyRequest, existing
from app.services import Services


@post("/library/tracks/{id:str}/spectrum", sync_to_thread=True, status_code=200)
def look_at_spectrum(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str]
) -> Response[Any]:
    """Was it lossy or smaller once? The answer is a hint, and changes nothing."""
    track = existing(services, id)
    found = spectrum.look_at(services, track)
    if wants_fragment(request):
        return fragment("library/_spectrum.html", spectrum=found)
    called, back = track.title or track.path, "/library"
    return page("library/spectrum.html", spectrum=found, called=called, back=back, nav="library")


HANDLERS = [look_at_spectrum]
