"""JSON API of one's own cookies: for programs that renew them. Values go in and never come out."""

from datetime import datetime

from litestar import delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, RawBody
from msgspec import Struct

from app.accounts.guards import AppRequest
from app.cookies import jar, keep, queries
from app.cookies.model import SiteCookies
from app.errors import NotFound
from app.services import Services


class CookiesOut(Struct):
    """`answer` is what the site made of them: `accepted`, `rejected`, `unreadable`, or empty."""

    site: str
    count: int
    ends_at: datetime | None
    added_at: datetime
    used_at: datetime | None
    answer: str


class AllCookiesOut(Struct):
    items: list[CookiesOut]
    next: str | None = None


class SavedOut(Struct):
    """`expired`, `odd` and `others` (sites) were left out."""

    items: list[CookiesOut]
    expired: int
    odd: int
    others: int


class RemovedOut(Struct):
    removed: int


@get("/api/v1/cookies", sync_to_thread=True)
def list_cookies(request: AppRequest, services: NamedDependency[Services]) -> AllCookiesOut:
    """The sites whose cookies are kept for your downloads, and how the sites took them. Never the values."""
    with services.db.read() as session:
        return AllCookiesOut([_shown(row) for row in queries.of_user(session, request.user.id)])


@put("/api/v1/cookies", sync_to_thread=True, request_max_body_size=jar.BODY_BYTES)
def put_cookies(
    request: AppRequest, services: NamedDependency[Services], body: RawBody, site: FromQuery[str] = ""
) -> SavedOut:
    """Keep a cookies.txt (Netscape format) in place of older ones; with `site` only that one."""
    saved = keep.save(services, request.user.id, body, site)
    with services.db.read() as session:
        rows = queries.of_sites(session, request.user.id, saved.sites)
    return SavedOut([_shown(row) for row in rows], saved.expired, saved.odd, saved.others)


@delete("/api/v1/cookies", sync_to_thread=True, status_code=200)
def remove_all_cookies(request: AppRequest, services: NamedDependency[Services]) -> RemovedOut:
    """Forget the cookies of all sites."""
    with services.db.write() as session:
        return RemovedOut(queries.remove(session, request.user.id))


@delete("/api/v1/cookies/{site:str}", sync_to_thread=True)
def remove_cookies(request: AppRequest, services: NamedDependency[Services], site: FromPath[str]) -> None:
    """Forget the cookies of one site."""
    with services.db.write() as session:
        if not queries.remove(session, request.user.id, site):
            raise NotFound("There are no cookies of this site.")


def _shown(row: SiteCookies) -> CookiesOut:
    return CookiesOut(
        site=row.site,
        count=row.count,
        ends_at=row.ends_at,
        added_at=row.added_at,
        used_at=row.used_at,
        answer=row.answer,
    )


HANDLERS = [list_cookies, put_cookies, remove_all_cookies, remove_cookies]
