"""JSON API of one's own sessions."""

from datetime import datetime

from litestar import delete, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Struct

from app.accounts import queries
from app.accounts.guards import AppRequest
from app.db import now
from app.errors import NotFound
from app.services import Services


class SessionOut(Struct):
    id: int
    device: str
    current: bool
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


class SessionsOut(Struct):
    items: list[SessionOut]
    next: str | None = None


@get("/api/v1/sessions", sync_to_thread=True)
def list_sessions(request: AppRequest, services: NamedDependency[Services]) -> SessionsOut:
    """Everywhere the user is signed in, last seen first: few enough for one page."""
    with services.db.read() as session:
        rows = queries.list_sessions(session, request.user.id, now())
    return SessionsOut(
        [
            SessionOut(
                id=row.id,
                device=row.device,
                current=row.id == request.auth.session_id,
                created_at=row.created_at,
                seen_at=row.seen_at,
                expires_at=row.expires_at,
            )
            for row in rows
        ]
    )


@delete("/api/v1/sessions/{session_id:int}", sync_to_thread=True)
def end_session(request: AppRequest, services: NamedDependency[Services], session_id: FromPath[int]) -> None:
    """Sign one of your browsers out."""
    with services.db.write() as session:
        if not queries.end_session(session, request.user.id, session_id):
            raise NotFound("There is no such session.")


HANDLERS = [list_sessions, end_session]
