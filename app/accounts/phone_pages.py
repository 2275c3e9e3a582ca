"""Phone and browser: the bookmarks, Inlay as an app, sharing from iOS and Android, the QR code."""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency

from app.accounts import bookmarklets, origin, qr, sessions
from app.accounts.guards import AppRequest
from app.accounts.model import Scope
from app.accounts.origin import Connection
from app.errors import Invalid
from app.htmx import fragment, page, wants_fragment
from app.languages.say import say
from app.services import Services

AT_HOME = ("127.0.0.1", "localhost", "::1")


@get("/settings/phone", sync_to_thread=False)
def show_phone(request: AppRequest) -> Response[Any]:
    return _show(request, "")


@post(
    "/settings/phone/bookmark",
    request_max_body_size=origin.FORM_BYTES,
    status_code=200,
    sync_to_thread=True,
)
def make_bookmark(request: AppRequest, services: NamedDependency[Services]) -> Response[Any]:
    """A one-click bookmark with a token of its own, shown in this one answer."""
    return _with_token(request, services, "bookmark", say("One-click bookmark"))


@post("/settings/phone/token", request_max_body_size=origin.FORM_BYTES, status_code=200, sync_to_thread=True)
def make_phone_token(request: AppRequest, services: NamedDependency[Services]) -> Response[Any]:
    """A token for one of the recipes, shown in this one answer."""
    return _with_token(request, services, "recipes", say("Phone's share sheet"))


@post("/settings/phone/link", request_max_body_size=origin.FORM_BYTES, status_code=200, sync_to_thread=True)
def make_link(request: AppRequest, services: NamedDependency[Services]) -> Response[Any]:
    """A QR code that signs a phone in, once. An API token gets none: a token lasts, a session is seen."""
    code = sessions.make_sign_in_link(services.db, request.user.id)
    link = f"{origin.own_address(request)}/login/link?code={code}"
    return _show(request, "scan", link=link, picture=qr.picture(link))


def _with_token(request: AppRequest, services: Services, section: str, label: str) -> Response[Any]:
    try:
        token = sessions.new_token(services.db, request.user.id, Scope.SUBMIT, label)
    except Invalid as error:
        return _show(request, section, status=error.status, error=error.message)
    bookmark = bookmarklets.one_click(origin.own_address(request), token)
    return _show(request, section, token=token, one_click=bookmark if section == "bookmark" else "")


def _show(request: AppRequest, section: str, *, status: int = 200, **more: Any) -> Response[Any]:
    """The section alone, or the whole page with what there is to say in it."""
    address = origin.own_address(request)
    context = {
        "address": address,
        "bookmarklet": bookmarklets.two_taps(address),
        "installable": is_installable(request),
        "at_home": _host(request) in AT_HOME,
        "section": section,
        "one_click": "",
        "token": "",
        "link": "",
        "error": "",
        **more,
    }
    if section and wants_fragment(request):
        return fragment(f"accounts/_phone_{section}.html", status=status, **context)
    return page("accounts/phone.html", status=status, nav="settings", **context)


def is_installable(connection: Connection) -> bool:
    """Browsers let a page be an app, and keep links, over https only; on this very machine also without."""
    return origin.is_https(connection.scope) or _host(connection) in AT_HOME


def _host(connection: Connection) -> str:
    host = connection.headers.get("host", "")
    return host.partition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]


HANDLERS = [show_phone, make_bookmark, make_phone_token, make_link]
