"""The page *Telling others*: media servers for admins; webhooks, notifications, devices for everybody."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, RawBody

from app.accounts import origin
from app.downloads.requests import AnyRequest
from app.errors import Invalid, TooMany
from app.htmx import fragment, go, page, wants_fragment
from app.languages.say import say
from app.services import Services
from app.tell import forms, notify, push, queries, servers, teller
from app.tell.model import NOTIFICATION, PUSH, SERVERS, Hook

NAMES = {**servers.NAMES, "webhook": say("Webhook"), "apprise": say("Notification"), PUSH: say("Device")}
LABELS = {
    "ready": say("a download is ready for review"),
    "done": say("a download was added"),
    "failed": say("a download failed"),
    "library": say("the library changed"),
}
TESTS_AT_ONCE = 4
_testing = threading.BoundedSemaphore(TESTS_AT_ONCE)


@dataclass(frozen=True)
class Line:
    """One hook as the page lists it: nothing of it that is secret."""

    id: str
    kind: str
    name: str
    where: str
    login: str
    wanted: tuple[str, ...]
    is_server: bool
    message: str
    is_bad: bool
    at: datetime | None
    is_here: bool = False
    """The device that is looking at it."""


@get("/settings/tell", sync_to_thread=True)
def tell_page(request: AnyRequest, services: NamedDependency[Services]) -> Response[Any]:
    """Who is told of what, and how it went the last time."""
    return _page(request, services)


@post("/settings/tell", request_max_body_size=origin.FORM_BYTES, sync_to_thread=True, status_code=200)
def add_hook(request: AnyRequest, services: NamedDependency[Services], body: RawBody) -> Response[Any]:
    """One more. A webhook's secret is in this one answer and never again."""
    data = origin.read_form(body)
    try:
        with services.db.write() as session:
            hook, shown = forms.new(session, request.user, data)
    except Invalid as error:
        return show(request, services, status=error.status, typed=_typed(data, "new", error))
    if shown:
        return show(request, services, new_secret=shown, saved=hook.id)
    return done(request, services, hook.id)


@post(
    "/settings/tell/{hook_id:str}",
    request_max_body_size=origin.FORM_BYTES,
    sync_to_thread=True,
    status_code=200,
)
def change_hook(
    request: AnyRequest, services: NamedDependency[Services], hook_id: FromPath[str], body: RawBody
) -> Response[Any]:
    """Other values. What is left empty and was secret stays as it is."""
    data = origin.read_form(body)
    try:
        with services.db.write() as session:
            hook = forms.own(session, request.user, hook_id)
            forms.change(hook, data)
    except Invalid as error:
        return show(request, services, status=error.status, typed=_typed(data, hook_id, error))
    return done(request, services, hook_id)


@post("/settings/tell/{hook_id:str}/delete", sync_to_thread=True, status_code=200)
def delete_hook(
    request: AnyRequest, services: NamedDependency[Services], hook_id: FromPath[str]
) -> Response[Any]:
    """Gone, and what it was not told yet with it."""
    with services.db.write() as session:
        session.delete(forms.own(session, request.user, hook_id))
    return done(request, services)


@post("/settings/tell/{hook_id:str}/test", sync_to_thread=True, status_code=200)
def try_hook(
    request: AnyRequest, services: NamedDependency[Services], hook_id: FromPath[str]
) -> Response[Any]:
    """Tell it something now. Takes some seconds when nobody answers."""
    with services.db.read() as session:
        hook = forms.own(session, request.user, hook_id)
    _, sentence = try_now(services, hook)
    with services.db.read() as session:
        is_gone = queries.by_id(session, hook_id) is None
    return show(request, services, said=sentence) if is_gone else done(request, services, hook_id)


def try_now(services: Services, hook: Hook) -> tuple[bool, str]:
    """Tell it something, and note how it went: whether well, and a sentence. Raises TooMany."""
    with _place():
        went_well, sentence = teller.try_out(services, hook)
    with services.db.write() as session:
        if went_well:
            queries.went_well(session, hook.id, sentence)
        else:
            queries.went_wrong(session, hook.id, sentence, retry_at=None)
    return went_well, sentence


@contextmanager
def _place() -> Iterator[None]:
    if not _testing.acquire(blocking=False):
        raise TooMany("Others are being tested. Try again in a moment.", retry_after_s=5)
    try:
        yield
    finally:
        _testing.release()


def _typed(data: Mapping[str, str], id: str, error: Invalid) -> dict[str, Any]:
    """What was typed, for the form that it came from; without the secret."""
    kept = {name: value[:300] for name, value in data.items() if name not in ("secret", "csrf_token")}
    return {**kept, "id": id, "error": error.message, "field": next(iter(error.fields), "")}


def done(request: AnyRequest, services: Services, saved: str = "") -> Response[Any]:
    """The hooks as they are now, or the way back to them."""
    if wants_fragment(request):
        return show(request, services, saved=saved)
    return go(request, f"/settings/tell#hook-{saved}" if saved else "/settings/tell")


def show(request: AnyRequest, services: Services, *, status: int = 200, **more: Any) -> Response[Any]:
    """The hooks with what there is to say about them, alone or within the whole page."""
    if wants_fragment(request):
        return fragment("tell/_hooks.html", status=status, **_context(request, services), **more)
    return _page(request, services, status=status, **more)


def _page(request: AnyRequest, services: Services, *, status: int = 200, **more: Any) -> Response[Any]:
    return page("tell/tell.html", status=status, nav="settings", **_context(request, services), **more)


def _context(request: AnyRequest, services: Services) -> dict[str, Any]:
    with services.db.read() as session:
        hooks = queries.of_user(session, request.user.id, is_admin=request.user.is_admin)
        devices = queries.devices(session, request.user.id)
    lines = [_line(hook) for hook in hooks]
    return {
        "servers": [line for line in lines if line.is_server],
        "webhooks": [line for line in lines if line.kind == "webhook"],
        "notifications": [line for line in lines if line.kind == NOTIFICATION],
        "can_notify": notify.is_installed(),
        "devices": [
            _line(hook, name=device.device, is_here=device.id == request.auth.session_id)
            for hook, device in devices
        ],
        "can_push": push.is_installed(),
        "kinds": servers.NAMES,
        "labels": LABELS,
    }


def _line(hook: Hook, *, name: str = "", is_here: bool = False) -> Line:
    is_bad = is_failing(hook)
    return Line(
        id=hook.id,
        kind=hook.kind,
        name=name or NAMES[hook.kind],
        where=where(hook),
        login=hook.login,
        wanted=hook.wanted,
        is_server=hook.kind in SERVERS,
        message=hook.message,
        is_bad=is_bad,
        at=hook.failed_at if is_bad else hook.ok_at,
        is_here=is_here,
    )


def is_failing(hook: Hook) -> bool:
    """Whether it went wrong the last time."""
    return bool(hook.failed_at and (hook.ok_at is None or hook.failed_at >= hook.ok_at))


def where(hook: Hook) -> str:
    """A webhook's path is often all that keeps strangers away from it, and Apprise's addresses are keys."""
    if hook.kind in SERVERS:
        return hook.address
    parts = urlsplit(hook.address)
    return f"{parts.scheme}://…" if hook.kind == NOTIFICATION else f"{parts.scheme}://{parts.netloc}/…"


HANDLERS = [tell_page, add_hook, change_hook, delete_hook, try_hook]
