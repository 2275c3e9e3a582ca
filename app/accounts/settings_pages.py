"""The settings page: API tokens, devices, the password."""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, RawBody

from app.accounts import bookmarklets, identity_queries, login, origin, queries, sessions
from app.accounts.guards import AppRequest
from app.accounts.throttle import Throttle
from app.db import now
from app.errors import InlayError, Invalid, NotFound, TooMany
from app.htmx import fragment, go, page, wants_fragment
from app.languages import LANGUAGES
from app.services import Services
from app.settings import CONFLICTS


@get("/settings", sync_to_thread=True)
def show_settings(request: AppRequest, services: NamedDependency[Services]) -> Response[Any]:
    return page("accounts/settings.html", nav="settings", **_context(request, services))


@get("/settings/devices", sync_to_thread=True)
def show_devices(request: AppRequest, services: NamedDependency[Services]) -> Response[Any]:
    return _done(request, services, "devices")


@post("/settings/tokens", request_max_body_size=origin.FORM_BYTES, status_code=200, sync_to_thread=True)
def create_token(request: AppRequest, services: NamedDependency[Services], body: RawBody) -> Response[Any]:
    """Shows the new token in this one answer and never again."""
    form = origin.read_form(body)
    try:
        token = sessions.new_token(
            services.db, request.user.id, form.get("scope", "submit"), form.get("label", "")
        )
    except Invalid as error:
        return _show(request, services, "tokens", status=error.status, token_error=error.message)
    return _show(request, services, "tokens", new_token=token)


@post(
    "/settings/tokens/{token_id:int}/revoke",
    request_max_body_size=origin.FORM_BYTES,
    status_code=200,
    sync_to_thread=True,
)
def revoke_token(
    request: AppRequest, services: NamedDependency[Services], token_id: FromPath[int]
) -> Response[Any]:
    with services.db.write() as session:
        if not queries.revoke_token(session, request.user.id, token_id):
            raise NotFound("This token is gone already.")
    return _done(request, services, "tokens")


@post(
    "/settings/devices/{session_id:int}/sign-out",
    request_max_body_size=origin.FORM_BYTES,
    status_code=200,
    sync_to_thread=True,
)
def sign_out_device(
    request: AppRequest, services: NamedDependency[Services], session_id: FromPath[int]
) -> Response[Any]:
    with services.db.write() as session:
        if not queries.end_session(session, request.user.id, session_id):
            raise NotFound("This device is signed out already.")
    return _done(request, services, "devices")


@post(
    "/settings/devices/sign-out-others",
    request_max_body_size=origin.FORM_BYTES,
    status_code=200,
    sync_to_thread=True,
)
def sign_out_others(request: AppRequest, services: NamedDependency[Services]) -> Response[Any]:
    with services.db.write() as session:
        queries.end_other_sessions(session, request.user.id, request.auth.session_id)
    return _done(request, services, "devices")


@post("/settings/password", request_max_body_size=origin.FORM_BYTES, status_code=200, sync_to_thread=True)
def change_password(
    request: AppRequest,
    services: NamedDependency[Services],
    throttle: NamedDependency[Throttle],
    body: RawBody,
) -> Response[Any]:
    form = origin.read_form(body)
    try:
        login.change_password(
            services.db,
            throttle,
            request.user,
            form.get("old", ""),
            form.get("new", ""),
            address=origin.client_address(request),
            keep_session=request.auth.session_id,
        )
    except (Invalid, TooMany) as error:
        return _show(
            request, services, "password", status=error.status, password_fields=_by_field(error, "old")
        )
    return _show(request, services, "password", events=("devices-changed",), password_changed=True)


@post("/settings/conflict", request_max_body_size=origin.FORM_BYTES, status_code=200, sync_to_thread=True)
def choose_conflict(request: AppRequest, services: NamedDependency[Services], body: RawBody) -> Response[Any]:
    """What is done with tracks that are there already; nothing: as the installation says."""
    conflict = origin.read_form(body).get("conflict", "")
    if conflict and conflict not in CONFLICTS:
        raise Invalid(f"Choose one of {', '.join(CONFLICTS)}.", code="bad_conflict")
    with services.db.write() as session:
        queries.set_conflict(session, request.user.id, conflict or None)
    if wants_fragment(request):
        return _show(request, services, "conflict", conflict_saved=True)
    return go(request, "/settings#conflict")


@post("/settings/language", request_max_body_size=origin.FORM_BYTES, status_code=200, sync_to_thread=True)
def choose_language(request: AppRequest, services: NamedDependency[Services], body: RawBody) -> Response[Any]:
    """Which language the pages are in; nothing: as the browser says. The whole page is made anew."""
    language = origin.read_form(body).get("language", "")
    if language and language not in LANGUAGES:
        raise Invalid("Choose one of the languages in the list.", code="bad_language")
    with services.db.write() as session:
        queries.set_language(session, request.user.id, language)
    return go(request, "/settings#language")


def _by_field(error: InlayError, otherwise: str) -> dict[str, str]:
    fields = error.fields if isinstance(error, Invalid) else {}
    return fields or {otherwise: error.message}


def _done(request: AppRequest, services: Services, section: str) -> Response[Any]:
    """The section as it is now, or the way back to it."""
    if wants_fragment(request):
        return _show(request, services, section)
    return go(request, f"/settings#{section}")


def _show(
    request: AppRequest,
    services: Services,
    section: str,
    *,
    status: int = 200,
    events: tuple[str, ...] = (),
    **more: Any,
) -> Response[Any]:
    """The section with what there is to say about it, alone or within the whole page."""
    context = _context(request, services) | more
    if wants_fragment(request):
        return fragment(f"accounts/_{section}.html", status=status, events=events, **context)
    return page("accounts/settings.html", status=status, nav="settings", **context)


def _context(request: AppRequest, services: Services) -> dict[str, Any]:
    with services.db.read() as session:
        return {
            "tokens": queries.list_tokens(session, request.user.id),
            "devices": queries.list_sessions(session, request.user.id, now()),
            "this_device": request.auth.session_id,
            "bookmarklet": bookmarklets.two_taps(origin.own_address(request)),
            "new_token": None,
            "token_error": None,
            "password_fields": {},
            "password_changed": False,
            "conflicts": CONFLICTS,
            "conflict_default": CONFLICTS[services.settings.conflict],
            "conflict": queries.conflict_of(session, request.user.id),
            "conflict_saved": False,
            "languages": LANGUAGES,
            "oidc_name": services.settings.oidc_name if services.settings.oidc_issuer else "",
            "identity": identity_queries.identity_of(session, request.user.id, services.settings.oidc_issuer),
        }


HANDLERS = [
    show_settings,
    show_devices,
    create_token,
    revoke_token,
    sign_out_device,
    sign_out_others,
    change_password,
    choose_conflict,
    choose_language,
]
