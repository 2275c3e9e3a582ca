"""JSON API of hooks: who is told of what. Secrets, and addresses that are keys, go in and never come out."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlalchemy.orm import Session

from app.accounts.guards import AppRequest
from app.accounts.model import User
from app.errors import Invalid, NotFound
from app.services import Services
from app.tell import forms, pages, queries
from app.tell.model import EVENTS, PUSH, SERVERS, Hook


class HookOut(msgspec.Struct):
    """`where` is the address as far as it is no key. `message` says how it went the last time."""

    id: str
    kind: str
    where: str
    login: str
    events: list[str]
    """Empty for a media server: it is told when the library has changed."""
    everybodys: bool
    """A media server is the installation's, and for admins alone."""
    failing: bool
    message: str
    ok_at: datetime | None
    failed_at: datetime | None
    created_at: datetime


class HookAddedOut(HookOut):
    secret: str = ""
    """A webhook's, when none was given: in this answer and never again."""


class HooksOut(msgspec.Struct):
    items: list[HookOut]
    next: str | None = None


class HookIn(msgspec.Struct, forbid_unknown_fields=True):
    """`secret` is the key or the password; `login` the user of a Subsonic server, or a section of Plex."""

    kind: str
    address: str
    secret: str = ""
    login: str = ""
    events: list[str] = []


class HookChangeIn(msgspec.Struct, forbid_unknown_fields=True):
    """Fields that are left out stay."""

    address: str | msgspec.UnsetType = msgspec.UNSET
    secret: str | msgspec.UnsetType = msgspec.UNSET
    login: str | msgspec.UnsetType = msgspec.UNSET
    events: list[str] | msgspec.UnsetType = msgspec.UNSET


class TriedOut(msgspec.Struct):
    went_well: bool
    message: str


@get("/api/v1/hooks", sync_to_thread=True)
def list_hooks(request: AppRequest, services: NamedDependency[Services]) -> HooksOut:
    """Your webhooks and notifications; for an admin, also the media servers. Devices are not among them."""
    user = request.user
    with services.db.read() as session:
        found = queries.of_user(session, user.id, is_admin=user.is_admin)
        return HooksOut([HookOut(**_facts(hook)) for hook in found if hook.kind != PUSH])


@post("/api/v1/hooks", sync_to_thread=True)
def add_hook_by_api(
    request: AppRequest, services: NamedDependency[Services], data: JSONBody[HookIn]
) -> HookAddedOut:
    """One more that is told. Media servers are for admins."""
    given = {"kind": data.kind, "address": data.address, "secret": data.secret, "login": data.login}
    with services.db.write() as session:
        hook, secret = forms.new(session, request.user, given | _events(data.events))
        return HookAddedOut(**_facts(hook), secret=secret)


@get("/api/v1/hooks/{hook_id:str}", sync_to_thread=True)
def show_hook(request: AppRequest, services: NamedDependency[Services], hook_id: FromPath[str]) -> HookOut:
    """One of them."""
    with services.db.read() as session:
        return HookOut(**_facts(_own(session, request.user, hook_id)))


@patch("/api/v1/hooks/{hook_id:str}", sync_to_thread=True)
def change_hook_by_api(
    request: AppRequest,
    services: NamedDependency[Services],
    hook_id: FromPath[str],
    data: JSONBody[HookChangeIn],
) -> HookOut:
    """Other values. A media server's secret has to be given again with another address."""
    with services.db.write() as session:
        hook = _own(session, request.user, hook_id)
        events = hook.wanted if isinstance(data.events, msgspec.UnsetType) else data.events
        named = {name: getattr(data, name) for name in ("address", "secret", "login")}
        given = {name: value for name, value in named.items() if value is not msgspec.UNSET}
        forms.change(hook, given | _events(events))
        return HookOut(**_facts(hook))


@delete("/api/v1/hooks/{hook_id:str}", sync_to_thread=True)
def delete_hook_by_api(
    request: AppRequest, services: NamedDependency[Services], hook_id: FromPath[str]
) -> None:
    """Gone, and what it was not told yet with it."""
    with services.db.write() as session:
        session.delete(_own(session, request.user, hook_id))


@post("/api/v1/hooks/{hook_id:str}/test", sync_to_thread=True, status_code=200)
def try_hook_by_api(
    request: AppRequest, services: NamedDependency[Services], hook_id: FromPath[str]
) -> TriedOut:
    """Tell it something now. Takes some seconds when nobody answers."""
    with services.db.read() as session:
        hook = _own(session, request.user, hook_id)
    return TriedOut(*pages.try_now(services, hook))


def _own(session: Session, user: User, id: str) -> Hook:
    hook = forms.own(session, user, id)
    if hook.kind == PUSH:
        raise NotFound("There is no such entry. It may be deleted already.")
    return hook


def _events(events: Sequence[str]) -> dict[str, str]:
    if unknown := set(events) - set(EVENTS):
        sentence = f"There is no event “{min(unknown)[:40]}”; there are {', '.join(EVENTS)}."
        raise Invalid(sentence, code="bad_events", fields={"events": sentence})
    return dict.fromkeys(events, "on")


def _facts(hook: Hook) -> dict[str, Any]:
    names = ("id", "kind", "login", "message", "ok_at", "failed_at", "created_at")
    return {name: getattr(hook, name) for name in names} | {
        "where": pages.where(hook),
        "events": list(hook.wanted),
        "everybodys": hook.kind in SERVERS,
        "failing": pages.is_failing(hook),
    }


HANDLERS = [list_hooks, add_hook_by_api, show_hook, change_hook_by_api, delete_hook_by_api, try_hook_by_api]
