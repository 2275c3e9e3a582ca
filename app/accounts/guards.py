"""Who is asking, and may they: authentication, login required by default, token scopes, forged forms."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from litestar import Request
from litestar.concurrency import sync_to_thread
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.enums import RequestEncodingType, ScopeType
from litestar.handlers import BaseRouteHandler
from litestar.types import ASGIApp, Message, Receive, Send
from litestar.types import Scope as ConnectionScope
from sqlalchemy.exc import SQLAlchemyError

from app import front
from app.access import download_of
from app.accounts import origin, outside, queries, sessions
from app.accounts.cookie import session_cookie
from app.accounts.model import Scope, User
from app.accounts.origin import Connection
from app.db import now
from app.errors import DatabaseTrouble, NeedsLogin, NotAllowed
from app.languages.say import say
from app.logs import about
from app.services import Services

log = logging.getLogger("inlay.accounts")

FORM_TOKEN_HEADER = "x-csrf-token"
FORM_TOKEN_FIELD = "csrf_token"


@dataclass(frozen=True)
class Auth:
    """How the request says who it is. `form_token` is what its forms must carry."""

    kind: Literal["session", "token", "proxy", "metrics", "none"] = "none"
    session_id: int | None = None
    scope: Scope | None = None
    form_token: str = ""
    vouched: str = ""
    """The name that a trusted proxy gave; also where a session of the same user is there."""
    refusal: str = ""
    """Why the user whom it names may not in."""


AppRequest = Request[User, Auth, State]


@dataclass(frozen=True)
class Caller:
    """What authentication found out. `cookie` is said again: it lives longer. Empty: it has ended."""

    user: User | None = None
    auth: Auth = Auth()
    cookie: str | None = None


class Authentication:
    """Middleware: sets `user` (or None) and `auth` of each request, and refuses nothing: guards do that.

    Routes with `opt={"anonymous": True}` (our own static files) are not looked up at all.
    """

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self.app = app
        self.services = services

    async def __call__(self, scope: ConnectionScope, receive: Receive, send: Send) -> None:
        caller = Caller()
        options = scope["route_handler"].opt
        if not options.get("anonymous"):
            connection: Connection = ASGIConnection(scope)
            caller = await self._find(connection, options)
            if caller.cookie is not None:
                send = _saying(send, caller.cookie, secure=origin.is_https(scope))
        scope["user"], scope["auth"] = caller.user, caller.auth
        with about(user_id=caller.user.id if caller.user else None, download_id=download_of(scope)):
            await self.app(scope, receive, send)

    async def _find(self, connection: Connection, options: Mapping[str, Any]) -> Caller:
        kind, _, token = connection.headers.get("authorization", "").partition(" ")
        note = not options.get("unnoted")
        if kind.lower() == "bearer":
            token, wanted = token.strip(), self.services.settings.metrics_token
            if options.get("metrics") and wanted and sessions.same(wanted, token):
                return Caller(auth=Auth("metrics"))
            return await sync_to_thread(find_by_token, self.services, token, note=note)
        token = connection.cookies.get(sessions.COOKIE, "")
        if said := front.vouched(connection.scope):
            return await sync_to_thread(find_by_proxy, self.services, said, token)
        if token:
            return await sync_to_thread(find_by_cookie, self.services, token, note=note)
        return Caller()


def find_by_cookie(services: Services, token: str, *, note: bool = True) -> Caller:
    """Who has this session cookie. Without `note` it does not count as a use, and nothing is written."""
    moment = now()
    with services.db.read() as session:
        found = queries.find_session(session, sessions.hashed(token))
    if found is None or found[0].expires_at <= moment:
        return Caller()
    row, user = found
    due = note and sessions.is_due(row.seen_at, moment)
    renewed = due and _note(services, queries.touch_session, row.id, moment, moment + sessions.LIFETIME)
    form_token = sessions.form_token(services.secret, token)
    return Caller(user, Auth("session", row.id, Scope.FULL, form_token), token if renewed else None)


def find_by_proxy(services: Services, said: front.Vouched, cookie: str) -> Caller:
    """Whom a trusted proxy names. It says so with every request: another one's session ends here."""
    user, refusal = None, ""
    if said.problem:
        refusal = say(f"The reverse proxy in front of Inlay {said.problem}. Its admin has to put that right.")
    else:
        try:
            user = outside.user_of_proxy(services.db, services.settings, said.name)
        except NotAllowed as error:
            refusal = error.message
    before = find_by_cookie(services, cookie) if cookie else Caller()
    if user and before.user and before.user.id == user.id:
        return replace(before, auth=replace(before.auth, vouched=said.name))
    if before.user:
        _note(services, queries.end_session_by_hash, sessions.hashed(cookie))
    if user is None:
        found = Caller(auth=Auth(vouched=said.name, refusal=refusal))
    else:
        form_token = sessions.form_token(services.secret, f"proxy {user.id}")
        found = Caller(user, Auth("proxy", None, Scope.FULL, form_token, said.name))
    return replace(found, cookie="" if before.user else None)


def find_by_token(services: Services, token: str, *, note: bool = True) -> Caller:
    """Who has this API token. Without `note` it does not count as a use, and nothing is written."""
    with services.db.read() as session:
        found = queries.find_token(session, sessions.hashed(token))
    if found is None:
        return Caller()
    row, user = found
    if note and sessions.is_due(row.used_at, now()):
        _note(services, queries.touch_token, row.id, now())
    return Caller(user, Auth("token", scope=Scope(row.scope)))


def _note(services: Services, write: Any, *values: Any) -> bool:
    """Write down a last use or an end. A full disk must not keep people from reading: failing is no error."""
    try:
        with services.db.write() as session:
            write(session, *values)
    except (SQLAlchemyError, DatabaseTrouble) as error:
        log.warning("last use not written down: %s", error)
        return False
    return True


def _saying(send: Send, token: str, *, secure: bool) -> Send:
    """Adds the session's cookie, unless the response itself says something about it."""
    ours = f"{sessions.COOKIE}=".encode()

    async def send_with_cookie(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message["headers"])
            if not any(name.lower() == b"set-cookie" and value.startswith(ours) for name, value in headers):
                headers.append(session_cookie(token, secure=secure).to_encoded_header())
            message["headers"] = headers
        await send(message)

    return send_with_cookie


async def require_login(connection: Connection, handler: BaseRouteHandler) -> None:
    """Guard of every route: only `opt={"public": True}` opens it to everybody.

    Raises NeedsLogin, or NotAllowed for somebody whom the proxy names and nobody here knows.
    """
    if handler.opt.get("public") or connection.user is not None:
        return
    if handler.opt.get("metrics") and connection.auth.kind == "metrics":
        return
    if connection.auth.refusal:
        raise NotAllowed(connection.auth.refusal, code="unknown_user")
    raise NeedsLogin("Sign in first, or send a valid API token.")


async def require_scope(connection: Connection, handler: BaseRouteHandler) -> None:
    """Guard of every route: a submit token reaches `opt={"submit": True}` only. Raises NotAllowed."""
    if handler.opt.get("public") or handler.opt.get("submit"):
        return
    if connection.auth.scope == Scope.SUBMIT:
        raise NotAllowed(
            "This token may only hand in links. Make one with full access in the settings.", code="scope"
        )


async def require_admin(connection: Connection, handler: BaseRouteHandler) -> None:
    """Guard of what is about the whole installation. Raises NotAllowed."""
    if connection.user is not None and not connection.user.is_admin:
        raise NotAllowed("Only admins may do this.", code="admins_only")


async def refuse_forgery(connection: Connection, handler: BaseRouteHandler) -> None:
    """Guard of every route: what changes something must come from our own pages. Raises NotAllowed.

    An API token is proof enough: no browser sends one by itself.
    """
    scope = connection.scope
    # Nobody is looked up on an anonymous route, so there is nobody in whose name it could do anything.
    if connection.auth.kind == "token" or handler.opt.get("anonymous"):
        return
    if scope["type"] == ScopeType.HTTP and scope["method"] in origin.SAFE_METHODS:
        return
    if not origin.is_own(connection):
        raise NotAllowed(
            "This request came from another site and was refused. Open Inlay itself and try there.",
            code="cross_site",
        )
    if handler.opt.get("public"):
        return
    if not await _has_form_token(connection):
        raise NotAllowed("This page is too old to be sent. Reload it and try again.", code="form_token")


GUARDS = [require_login, require_scope, refuse_forgery]
"""For the whole app, in this order."""


async def _has_form_token(connection: Connection) -> bool:
    """In the header, or else in the form. With the header the body stays unread: it may be a stream."""
    wanted = connection.auth.form_token
    if sessions.same(wanted, connection.headers.get(FORM_TOKEN_HEADER, "")):
        return True
    return isinstance(connection, Request) and sessions.same(wanted, await _form_field(connection))


async def _form_field(request: Request[Any, Any, Any]) -> str:
    kind = request.content_type[0]
    if kind == RequestEncodingType.URL_ENCODED:
        return origin.read_form(await request.body()).get(FORM_TOKEN_FIELD, "")
    if kind == RequestEncodingType.MULTI_PART:
        # Kept by Litestar for this request: the handler gets the same parsed form again.
        given = (await request.form()).get(FORM_TOKEN_FIELD, "")
        return given if isinstance(given, str) else ""
    return ""
