"""The partial-update protocol, and nothing else knows it: fragments for htmx, pages and 303 for the rest."""

import hashlib
import json
from typing import Any

from litestar import Litestar, Request, Response
from litestar.datastructures import Cookie
from litestar.response import Redirect, Template
from litestar.response.base import ASGIResponse

from app.languages import speaking
from app.languages.choice import language_for
from app.logs import known

LANGUAGE_COOKIE = "inlay_language"
"""What whoever is signed in with this browser chose, for pages that look up nobody."""
A_YEAR_S = 365 * 24 * 3600


class View(Template):
    """A template that knows who is looking, by whose word, their language, and the token of their forms."""

    def to_asgi_response(
        self, app: Litestar | None, request: Request[Any, Any, Any], **more: Any
    ) -> ASGIResponse:
        user, remembered = request.scope.get("user"), request.cookies.get(LANGUAGE_COOKIE, "")
        is_said = any(cookie.key == LANGUAGE_COOKIE for cookie in self.cookies)
        if user and user.language != remembered and not is_said:
            self.set_cookie(language_cookie(request, user.language))
        language = reader_language(request)
        self.headers |= {"Content-Language": language, "Vary": "HX-Request, Accept-Language"}
        with speaking(language):
            return super().to_asgi_response(app, request, **more)

    def create_template_context(self, request: Request[Any, Any, Any]) -> dict[str, Any]:
        auth = request.scope.get("auth")
        return {
            "user": request.scope.get("user"),
            "csrf_token": getattr(auth, "form_token", ""),
            "request_id": known("request_id"),
            "status": self.status_code,
            "vouched": getattr(auth, "vouched", ""),
            **super().create_template_context(request),
        }


def reader_language(request: Request[Any, Any, Any]) -> str:
    """As the user chose, also where nobody is looked up; else as the browser says."""
    user = request.scope.get("user")
    chosen = user.language if user else request.cookies.get(LANGUAGE_COOKIE, "")
    return language_for(chosen, request.headers.get("accept-language", ""))


def wants_fragment(request: Request[Any, Any, Any]) -> bool:
    """A boosted link or form wants the whole page, as a browser without JavaScript does."""
    return request.headers.get("hx-request") == "true" and request.headers.get("hx-boosted") != "true"


def page(name: str, *, status: int = 200, **context: Any) -> View:
    """A whole page: `name` extends base.html."""
    return View(template_name=name, context=context, status_code=status)


def fragment(name: str, *, status: int = 200, events: tuple[str, ...] = (), **context: Any) -> View:
    """A fragment `_x.html`: one root element with an id. `events` are fired in the browser afterwards."""
    headers = {"HX-Trigger": ", ".join(events)} if events else {}
    return View(template_name=name, context=context, status_code=status, headers=headers)


def go(request: Request[Any, Any, Any], path: str, *, replace: bool = False) -> Response[Any]:
    """Send the browser to another page of ours, with or without JavaScript.

    `replace`: Back does not lead to the page that it comes from.
    """
    if wants_fragment(request):
        where = json.dumps({"path": path, "replace": "true"}) if replace else path
        return Response("", status_code=200, headers={"HX-Location": where}, media_type="text/html")
    return Redirect(path, status_code=303)


def language_cookie(request: Request[Any, Any, Any], language: str) -> Cookie:
    """What pages that look up nobody are told; empty: nobody chose, or has signed out."""
    return Cookie(
        key=LANGUAGE_COOKIE,
        value=language,
        path="/",
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        max_age=A_YEAR_S if language else 0,
    )


def version(*content: object) -> str:
    """A short name of exactly this content: a poll that has seen it gets 204."""
    return hashlib.blake2s(repr(content).encode(), digest_size=8).hexdigest()


def unchanged() -> Response[None]:
    return Response(None, status_code=204)
