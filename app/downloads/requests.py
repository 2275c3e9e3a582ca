"""What page and API handlers of downloads share: the request, its form, and whose download it is."""

from typing import Annotated, Any

from litestar import HttpMethod, Request, Response, post
from litestar.enums import RequestEncodingType
from litestar.params import Body

from app.accounts.model import User
from app.downloads import cards, forms, queries, staging
from app.downloads.model import Download, State
from app.downloads.places import path_now
from app.errors import NotFound
from app.files import audio_response
from app.services import Services

AnyRequest = Request[User, Any, Any]
READ = [HttpMethod.GET, HttpMethod.HEAD]
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


def takes_form(path: str, *, status_code: int = 200, quiet: bool = False) -> post:
    """Decorates a handler that gets the review's form: it has room for lyrics.

    `quiet`: pages send it by themselves, and the log says nothing of it unless it is asked to say all.
    """
    return post(
        path,
        sync_to_thread=True,
        status_code=status_code,
        request_max_body_size=forms.FORM_BYTES,
        opt={"quiet": quiet},
    )


def own(services: Services, request: AnyRequest, id: str, *, all: bool = False) -> Download:
    """The user's own download, or with `all` anybody's; any other does not exist."""
    with services.db.read() as session:
        download = queries.by_id(session, id, user_id=None if all else request.user.id)
    if download is None:
        raise NotFound("There is no such download.")
    return download


def serve_file(
    request: AnyRequest, services: Services, download: Download, wanted: str = ""
) -> Response[Any]:
    track = download.tracks[0] if download.tracks else None
    if track is None:
        raise NotFound("There is no audio yet.")
    if download.state is State.DONE and track.path:
        with services.db.read() as session:
            file = services.settings.library_dir / path_now(session, track)
    else:
        converted = track.converted_file if wanted != "source" else None
        file = staging.folder_of(services.settings, download.id) / (converted or track.source_file)
    if not file.is_file():
        raise NotFound("The audio is not there any more.")
    name = f"{cards.title_of(download)}{file.suffix}"
    return audio_response(request, file, filename=name)
