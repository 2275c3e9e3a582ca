"""What the library's page and API handlers share: the request, its form, and the refusals of a disk."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from litestar import HttpMethod, Request
from litestar.enums import RequestEncodingType
from litestar.params import Body

from app.accounts.model import User
from app.errors import Conflict, Failure, NotFound
from app.library import queries
from app.library.model import Track
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


@contextmanager
def refusals() -> Iterator[None]:
    """What a disk or a file does not let us do is no error of ours: nothing was done, and this says why."""
    try:
        yield
    except Failure as failure:
        raise Conflict(failure.message, code="not_done") from failure
