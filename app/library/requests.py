"""What the library's routes have in common: the track in an address, its file, and the refusals of a disk."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Annotated, Any

from litestar import HttpMethod, Request, Response
from litestar.enums import RequestEncodingType
from litestar.params import Body

from app.accounts.model import User
from app.errors import Conflict, Failure, NotFound
from app.files import audio_type, file_response
from app.library import queries
from app.library.model import Track
from app.library.paths import open_file
from app.services import Services

AnyRequest = Request[User, Any, Any]
READ = [HttpMethod.GET, HttpMethod.HEAD]
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


def existing(services: Services, id: str) -> Track:
    """The track, for anybody who is signed in: the library is everybody's. Raises NotFound."""
    with services.db.read() as session:
        track = queries.by_id(session, id)
    if track is None:
        raise NotFound("There is no such track in the library.")
    return track


def serve_track(request: AnyRequest, services: Services, id: str, *, to_keep: bool = False) -> Response[Any]:
    """The audio, to be listened to or `to_keep`, under the file's own name."""
    track = existing(services, id)
    descriptor = open_file(services.settings.library_dir, track.path)
    name = PurePosixPath(track.path).name
    return file_response(request, descriptor, audio_type(name), name, to_keep=to_keep)


@contextmanager
def refusals() -> Iterator[None]:
    """What a disk or a file does not let us do is no error of ours: nothing was done, and this says why."""
    try:
        yield
    except Failure as failure:
        raise Conflict(failure.message, code="not_done") from failure
