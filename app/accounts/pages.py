"""Signing in and out: the setup page, the login page, logout."""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import RawBody

from app.accounts import link_pages, login, origin, phone_pages, queries, sessions, settings_pages, setup
from app.accounts.cookie import session_cookie
from app.accounts.guards import AppRequest
from app.accounts.model import User
from app.accounts.throttle import Throttle
from app.db import now
from app.errors import InlayError, Invalid, TooMany
from app.htmx import LANGUAGE_COOKIE, go, language_cookie, page
from app.services import Services

PUBLIC = {"public": True}


@get("/setup", opt=PUBLIC, sync_to_thread=True)
def show_setup(request: AppRequest, services: NamedDependency[Services]) -> Response[Any]:
    if setup.is_set_up(services.db):
        return go(request, "/")
    return page("accounts/setup.html", typed_name=request.auth.vouched, fields={})


@post("/setup", opt=PUBLIC, request_max_body_size=origin.FORM_BYTES, sync_to_thread=True)
def set_up(request: AppRequest, services: NamedDependency[Services], body: RawBody) -> Response[Any]:
    """Create the first admin and sign in; a second try finds the door closed."""
    if setup.is_set_up(services.db):
        return go(request, "/login")
    form = origin.read_form(body)
    # Who comes through a proxy that names them is that user from now on, and would not be another one.
    name = request.auth.vouched or form.get("name", "")
    try:
        user = setup.create_first_admin(services.db, name, form.get("password", ""))
    except Invalid as error:
        return page("accounts/setup.html", status=error.status, typed_name=name, fields=error.fields)
    return sign_in_as(request, services, user, "/") if user else go(request, "/login")


@get("/login", opt=PUBLIC, sync_to_thread=True)
def show_login(request: AppRequest, services: NamedDependency[Services]) -> Response[Any]:
    if not setup.is_set_up(services.db):
        return go(request, "/setup")
    target = origin.local_path(request.query_params.get("next", "/"))
    if request.user:
        return go(request, target)
    return page("accounts/login.html", **_login_context(services, "", target))


@post("/login", opt=PUBLIC, request_max_body_size=origin.FORM_BYTES, sync_to_thread=True)
def sign_in(
    request: AppRequest,
    services: NamedDependency[Services],
    throttle: NamedDependency[Throttle],
    body: RawBody,
) -> Response[Any]:
    form = origin.read_form(body)
    if request.auth.vouched:
        # Another user's session would end with the next request.
        return go(request, origin.local_path(form.get("next", "/")))
    name, target = form.get("name", ""), origin.local_path(form.get("next", "/"))
    address = origin.client_address(request)
    try:
        user = login.check_login(services.db, throttle, name, form.get("password", ""), address)
    except (Invalid, TooMany) as error:
        return login_again(services, name, target, error)
    return sign_in_as(request, services, user, target)


@post("/logout", request_max_body_size=origin.FORM_BYTES, sync_to_thread=True)
def sign_out(request: AppRequest, services: NamedDependency[Services]) -> Response[Any]:
    if request.auth.session_id is not None:
        with services.db.write() as session:
            queries.end_session(session, request.user.id, request.auth.session_id)
    where = services.settings.sign_out_url
    if where or request.auth.vouched:
        still: dict[str, Any] = {} if request.auth.vouched else {"user": None}
        response: Response[Any] = page("accounts/signed_out.html", where=where, nav="", **still)
    else:
        response = go(request, "/login")
    response.set_cookie(session_cookie("", secure=origin.is_https(request.scope)))
    if LANGUAGE_COOKIE in request.cookies:
        response.set_cookie(language_cookie(request, ""))
    return response


def sign_in_as(request: AppRequest, services: Services, user: User, target: str) -> Response[Any]:
    """A new session for this browser; the one that it had ends."""
    before = request.cookies.get(sessions.COOKIE)
    with services.db.write() as session:
        token = sessions.start(session, user.id, request.headers.get("user-agent", ""), now(), before)
    response = go(request, target)
    response.set_cookie(session_cookie(token, secure=origin.is_https(request.scope)))
    return response


def login_again(services: Services, name: str, target: str, error: InlayError) -> Response[Any]:
    """The login page with what went wrong."""
    context = _login_context(services, name, target)
    response = page("accounts/login.html", status=error.status, **context | {"error": error.message})
    if isinstance(error, TooMany):
        response.set_header("Retry-After", str(error.retry_after_s))
    return response


def _login_context(services: Services, name: str, target: str) -> dict[str, Any]:
    settings = services.settings
    return {
        "typed_name": name,
        "next": target,
        "error": None,
        "oidc_name": settings.oidc_name if settings.oidc_issuer else "",
    }


HANDLERS = [
    show_setup,
    set_up,
    show_login,
    sign_in,
    sign_out,
    *link_pages.HANDLERS,
    *settings_pages.HANDLERS,
    *phone_pages.HANDLERS,
]
