"""What a person can ask about the sound of a track in the library."""

from typing import Annotated, Any

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from app.htmx import fragment, page, wants_fragment
from app.library import lyrics, spectrum
from app.library.requests import AnyRequest, existing, refusals
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


@post("/library/tracks/{id:str}/lyrics", sync_to_thread=True, status_code=200)
def find_lyrics(
    request: AnyRequest,
    services: NamedDependency[Services],
    id: FromPath[str],
    turn: Annotated[int, QueryParameter(ge=0, le=lyrics.MOST_TURNS)] = 0,
) -> Response[Any]:
    """Ask LRCLIB for the words; once it has answered, they go into the file, and the history can undo it."""
    track = existing(services, id)
    with refusals():
        found = lyrics.find(services, track, request.user.id, turn)
    if wants_fragment(request):
        return fragment("library/_lyrics.html", words=found)
    return page("library/lyrics.html", words=found, called=track.title or track.path, nav="library")


HANDLERS = [look_at_spectrum, find_lyrics]
