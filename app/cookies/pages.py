"""The page *Cookies*: whose are kept, how the sites took them, and a form for more. Never a value."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Response, get, post
from litestar.concurrency import sync_to_thread
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from app.accounts import origin
from app.accounts.guards import AppRequest
from app.cookies import jar, keep, queries, sites
from app.cookies.model import Answer, SiteCookies
from app.db import now
from app.downloads import confirm, site_queries
from app.errors import Conflict, Invalid, NotFound
from app.htmx import fragment, go, page, wants_fragment
from app.languages.say import say
from app.services import Services

LONGEST_SITE = 2048
GONE = say("There are no cookies of this site any more.")


@dataclass(frozen=True)
class Line:
    """One site as the page lists it. `waiting`: failed downloads that these could help."""

    site: str
    count: int
    added_at: datetime
    used_at: datetime | None
    ends_at: datetime | None
    answer: str
    has_expired: bool
    waiting: int


@get("/settings/cookies", sync_to_thread=True)
def cookies_page(
    request: AppRequest, services: NamedDependency[Services], site: FromQuery[str] = ""
) -> Response[Any]:
    """`site` is what a failed download's card leads here for."""
    return _show(request, services, typed=site[:LONGEST_SITE])


@post("/settings/cookies", status_code=200, request_max_body_size=jar.BODY_BYTES)
async def save_cookies(request: AppRequest, services: NamedDependency[Services]) -> Response[Any]:
    """Take a file, or else the text of one. What was sent is in no answer."""
    form = await request.form()
    data = await _data(form)
    site = form.get("site")
    about = site[:LONGEST_SITE] if isinstance(site, str) else ""
    return await sync_to_thread(_save, request, services, data, about)


@post(
    "/settings/cookies/remove",
    request_max_body_size=origin.FORM_BYTES,
    status_code=200,
    sync_to_thread=True,
)
def remove_all(request: AppRequest, services: NamedDependency[Services]) -> Response[Any]:
    with services.db.write() as session:
        queries.remove(session, request.user.id)
    return _done(request, services)


@post(
    "/settings/cookies/{site:str}/remove",
    request_max_body_size=origin.FORM_BYTES,
    status_code=200,
    sync_to_thread=True,
)
def remove_site(
    request: AppRequest, services: NamedDependency[Services], site: FromPath[str]
) -> Response[Any]:
    with services.db.write() as session:
        if not queries.remove(session, request.user.id, site):
            raise NotFound(GONE)
    return _done(request, services)


@post(
    "/settings/cookies/{site:str}/retry",
    request_max_body_size=origin.FORM_BYTES,
    status_code=200,
    sync_to_thread=True,
)
def try_again(request: AppRequest, services: NamedDependency[Services], site: FromPath[str]) -> Response[Any]:
    """Retry the failed downloads that this site's cookies could help."""
    user_id = request.user.id
    with services.db.read() as session:
        if not queries.of_sites(session, user_id, [site]):
            raise NotFound(GONE)
        waiting = site_queries.wanting_cookies(session, user_id)
    for id in (id for one in sites.served_by(site) for id in waiting.get(one, ())):
        try:
            confirm.retry(services, id)
        except (Conflict, NotFound):
            # Handed in again meanwhile, or dropped.
            continue
    return go(request, "/")


async def _data(form: Mapping[str, Any]) -> bytes:
    """The file's bytes, else what was pasted."""
    file, pasted = form.get("file"), form.get("cookies")
    if isinstance(file, UploadFile) and (data := await file.read()):
        return data
    return pasted.encode("utf-8", "replace") if isinstance(pasted, str) else b""


def _save(request: AppRequest, services: Services, data: bytes, about: str) -> Response[Any]:
    try:
        saved = keep.save(services, request.user.id, data, about)
    except (Invalid, Conflict) as error:
        fields = error.fields if isinstance(error, Invalid) else {}
        fields = fields or {"cookies": error.message}
        # The field's own words may be fewer.
        fields = {name: error.message for name in fields}
        return _show(request, services, status=error.status, typed=about, fields=fields)
    return _show(request, services, saved=saved.sentence)


def _done(request: AppRequest, services: Services) -> Response[Any]:
    return _show(request, services) if wants_fragment(request) else go(request, "/settings/cookies")


def _show(request: AppRequest, services: Services, *, status: int = 200, **more: Any) -> Response[Any]:
    shown = {"typed": "", "fields": {}, "saved": "", "lines": _lines(services, request.user.id), **more}
    if wants_fragment(request):
        return fragment("cookies/_cookies.html", status=status, **shown)
    return page("cookies/cookies.html", status=status, nav="settings", **shown)


def _lines(services: Services, user_id: int) -> list[Line]:
    with services.db.read() as session:
        rows = queries.of_user(session, user_id)
        waiting = site_queries.wanting_cookies(session, user_id)
    return [_line(row, waiting) for row in rows]


def _line(row: SiteCookies, waiting: Mapping[str, list[str]]) -> Line:
    has_expired = row.ends_at is not None and row.ends_at <= now()
    useless = has_expired or row.answer in (Answer.REJECTED, Answer.UNREADABLE)
    served = 0 if useless else sum(len(waiting.get(one, ())) for one in sites.served_by(row.site))
    return Line(
        row.site,
        row.count,
        row.added_at,
        row.used_at,
        row.ends_at,
        row.answer,
        has_expired,
        served,
    )


HANDLERS = [cookies_page, save_cookies, remove_all, remove_site, try_again]
