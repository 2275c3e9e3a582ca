"""Signing in at an OpenID provider: there, back, and connecting it with a user who is here already."""

import re
import secrets
from typing import Any

from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.response import Redirect

from app.accounts import origin, outside, pages, setup
from app.accounts.flows import COOKIE, LASTS_S, Flow, Flows
from app.accounts.guards import AppRequest
from app.accounts.oidc import Provider
from app.errors import InlayError, Invalid, NotAllowed, NotFound
from app.htmx import go, page
from app.languages.say import say
from app.services import Services

BEGIN, BACK = "/login/oidc", "/login/oidc/back"
PUBLIC = {"public": True}


@get(BEGIN, opt=PUBLIC, sync_to_thread=True)
def begin(
    request: AppRequest,
    services: NamedDependency[Services],
    provider: NamedDependency[Provider],
    flows: NamedDependency[Flows],
) -> Response[Any]:
    _check_there_is_one(provider)
    target = origin.local_path(request.query_params.get("next", "/"))
    if request.user or not setup.is_set_up(services.db):
        return go(request, target if request.user else "/setup")
    flow, cookie = _flow(request, flows, target, None)
    try:
        response: Response[Any] = Redirect(provider.address(flow), status_code=303)
    except InlayError as error:
        return pages.login_again(services, "", target, error)
    response.set_cookie(_cookie(request, cookie))
    return response


@get(BACK, opt=PUBLIC, sync_to_thread=True)
def come_back(
    request: AppRequest,
    services: NamedDependency[Services],
    provider: NamedDependency[Provider],
    flows: NamedDependency[Flows],
) -> Response[Any]:
    """A GET that signs in: only with the state that this very browser was sent away with, and once."""
    _check_there_is_one(provider)
    query = request.query_params
    flow = flows.take(query.get("state", ""), request.cookies.get(COOKIE, ""))
    try:
        if flow is None:
            raise Invalid("This sign-in was begun in another browser, or too long ago. Begin it again.")
        person = provider.identify(flow, _code(request, provider))
        if flow.user_id is not None:
            if request.user is None or request.user.id != flow.user_id:
                raise NotAllowed("You are not signed in as you were when you began. Begin it again.")
            outside.connect(services.db, services.settings, flow.user_id, person)
            return go(request, flow.target)
        if request.auth.vouched:
            return go(request, flow.target)
        user = outside.user_of_provider(services.db, services.settings, person)
    except InlayError as error:
        if request.user:
            return page(
                "error.html",
                status=error.status,
                title=say(f"Not signed in with {provider.name}"),
                message=error.message,
                nav="",
            )
        return pages.login_again(services, "", flow.target if flow else "/", error)
    return pages.sign_in_as(request, services, user, flow.target)


@post("/settings/oidc/connect", request_max_body_size=origin.FORM_BYTES, status_code=200, sync_to_thread=True)
def connect(
    request: AppRequest, provider: NamedDependency[Provider], flows: NamedDependency[Flows]
) -> Response[Any]:
    """A page with the way there: our policy lets no form lead to another site."""
    _check_there_is_one(provider)
    flow, cookie = _flow(request, flows, "/settings#sign-in", request.user.id)
    response = page(
        "accounts/connect.html", oidc_name=provider.name, there=provider.address(flow), nav="settings"
    )
    response.set_cookie(_cookie(request, cookie))
    return response


@post(
    "/settings/oidc/disconnect", request_max_body_size=origin.FORM_BYTES, status_code=200, sync_to_thread=True
)
def disconnect(
    request: AppRequest, services: NamedDependency[Services], provider: NamedDependency[Provider]
) -> Response[Any]:
    _check_there_is_one(provider)
    outside.disconnect(services.db, services.settings, request.user)
    return go(request, "/settings#sign-in")


def _check_there_is_one(provider: Provider) -> None:
    if not provider.issuer:
        raise NotFound("There is nothing at this address.")


def _flow(request: AppRequest, flows: Flows, target: str, user_id: int | None) -> tuple[Flow, str]:
    """With the browser's cookie: kept when it has one, so that two tabs can be on their way."""
    cookie = request.cookies.get(COOKIE) or secrets.token_urlsafe(32)
    return flows.begin(cookie, origin.own_address(request) + BACK, target, user_id), cookie


def _code(request: AppRequest, provider: Provider) -> str:
    """Raises NotAllowed when the provider did not send one."""
    query = request.query_params
    if query.get("iss", provider.issuer) != provider.issuer:
        raise NotAllowed("This answer came from another provider than the one that was asked. Begin again.")
    code = str(query.get("code", ""))
    if code:
        return code
    reason = query.get("error", "")
    if re.fullmatch(r"[a-z_]{1,40}", reason):
        raise NotAllowed(f"{provider.name} did not sign you in ({reason}). Try again.", code="oidc")
    raise NotAllowed(f"{provider.name} did not sign you in. Try again.", code="oidc")


def _cookie(request: AppRequest, value: str) -> Cookie:
    return Cookie(
        key=COOKIE,
        value=value,
        path=BEGIN,
        httponly=True,
        samesite="lax",
        secure=origin.is_https(request.scope),
        max_age=LASTS_S,
    )


HANDLERS = [begin, come_back, connect, disconnect]
