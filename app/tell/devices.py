"""Turning web push on for one signed-in browser, and whom what arrives there is for."""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, RawBody
from sqlalchemy.orm import Session

from app.accounts import origin
from app.downloads.requests import AnyRequest
from app.errors import Conflict, NotAllowed, NotFound
from app.languages.say import say
from app.services import Services
from app.tell import pages, push, queries
from app.tell.line import NotTold
from app.tell.model import PUSH, Hook

MOST_DEVICES = 20


@post("/settings/push", request_max_body_size=origin.FORM_BYTES, sync_to_thread=True, status_code=200)
def add_device(request: AnyRequest, services: NamedDependency[Services], body: RawBody) -> Response[Any]:
    """Tell this browser from now on, and for whomever it was told before no more."""
    session_id = _session(request)
    data = origin.read_form(body)
    address, keys = push.read_subscription(services.settings, data)
    with services.db.write() as session:
        queries.end_devices(session, session_id, address)
        _check_number(session, request.user.id)
        hook = Hook(
            kind=PUSH,
            user_id=request.user.id,
            session_id=session_id,
            address=address,
            secret=keys,
            login=request.headers.get("origin", ""),
            events="ready",
        )
        session.add(hook)
        session.flush()
        id = hook.id
    return pages.done(request, services, id)


@post("/settings/push/renew", request_max_body_size=origin.FORM_BYTES, sync_to_thread=True, status_code=200)
def renew_device(request: AnyRequest, services: NamedDependency[Services], body: RawBody) -> dict[str, bool]:
    """The browser has replaced its subscription: the device that it is stays on the list, at its new address.

    Asked by the service worker, where nobody taps anything: so it turns nothing on that was off.
    """
    session_id = _session(request)
    address, keys = push.read_subscription(services.settings, origin.read_form(body))
    with services.db.write() as session:
        device = queries.device_of(session, session_id)
        if device is None or device.user_id != request.user.id:
            raise NotFound("This device is told nothing. Turn it on in Settings, Telling others.")
        queries.move_device(session, device, address, keys)
    return {"renewed": True}


@post("/settings/push/key", sync_to_thread=True, status_code=200)
def push_key(request: AnyRequest, services: NamedDependency[Services]) -> dict[str, str]:
    """The key that a browser binds its push service to: that service then takes messages of ours alone."""
    _session(request)
    try:
        return {"key": push.own_keys(services.settings).public}
    except NotTold as trouble:
        raise Conflict(f"No key could be made: {trouble}. Try again.") from trouble


@get("/settings/push/mine", sync_to_thread=True)
def is_mine(
    request: AnyRequest, services: NamedDependency[Services], device: FromQuery[str] = ""
) -> dict[str, bool]:
    """Asked by a browser that was sent something: is that for who is signed in there now?

    It may have been under way while one person signed out and another one in.
    """
    with services.db.read() as session:
        hook = queries.by_id(session, device)
    mine = hook is not None and hook.kind == PUSH and hook.user_id == request.user.id
    return {"mine": mine and hook is not None and hook.session_id == request.auth.session_id}


def _session(request: AnyRequest) -> int:
    if request.auth.session_id is None:
        raise NotAllowed("Do this in the browser that is to be told, signed in.")
    if not push.is_installed():
        sentence = say("pycryptodomex, which encrypts notifications, is not installed here.")
        raise Conflict(sentence, code="not_installed")
    return int(request.auth.session_id)


def _check_number(session: Session, user_id: int) -> None:
    if len(queries.devices(session, user_id)) >= MOST_DEVICES:
        raise Conflict(f"{MOST_DEVICES} devices are told. Remove one first.", code="too_many_devices")


HANDLERS = [add_device, renew_device, push_key, is_mine]
