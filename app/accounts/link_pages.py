"""Signing a phone in with the link of a QR code: shown by a browser that is signed in, used once, and soon.

Why a link and not a token: a token in a picture works for years for whoever photographs it. This one
works for ten minutes and one phone, and what it leaves is a session in the list of devices. Opening it
changes nothing, since previews open links too; the tap says as whom one signs in, so that nobody ends up
in another's account unawares.
"""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, RawBody

from app.accounts import origin, queries, sessions
from app.accounts.cookie import session_cookie
from app.accounts.guards import AppRequest
from app.db import now
from app.errors import Invalid
from app.htmx import go, page
from app.languages.say import say
from app.services import Services

PUBLIC = {"public": True}
OLD = say("This link was used already, or it is older than ten minutes. Make a new one in the settings.")
AFTER = "/settings/phone#here"


@get("/login/link", opt=PUBLIC, sync_to_thread=True)
def show_link(
    request: AppRequest, services: NamedDependency[Services], code: FromQuery[str] = ""
) -> Response[Any]:
    with services.db.read() as session:
        found = queries.user_of_sign_in_link(session, sessions.hashed(code), now())
    if found is None:
        return page("accounts/link.html", status=Invalid.status, person="", code="", error=OLD)
    return page("accounts/link.html", person=found.name, code=code, error="")


@post("/login/link", opt=PUBLIC, request_max_body_size=origin.FORM_BYTES, sync_to_thread=True)
def use_link(
    request: AppRequest,
    services: NamedDependency[Services],
    body: RawBody,
) -> Response[Any]:
    """Sign this browser in. Of two that try at once, one gets in."""
    code, before = origin.read_form(body).get("code", ""), request.cookies.get(sessions.COOKIE)
    agent = request.headers.get("user-agent", "")
    with services.db.write() as session:
        user = queries.use_sign_in_link(session, sessions.hashed(code), now())
        token = sessions.start(session, user.id, agent, now(), before) if user else ""
    if not token:
        return page("accounts/link.html", status=Invalid.status, person="", code="", error=OLD)
    response = go(request, AFTER)
    response.set_cookie(session_cookie(token, secure=origin.is_https(request.scope)))
    return response


HANDLERS = [show_link, use_link]
