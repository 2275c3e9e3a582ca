"""The page of a person's rules, and the answers to what the inbox offers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from app.downloads.requests import AnyRequest, Form
from app.downloads.requests import own as own_download
from app.errors import Conflict, Invalid
from app.htmx import fragment, go, page, wants_fragment
from app.languages.say import say
from app.rules import forms, learn, queries
from app.rules.model import Rule
from app.services import Services
from app.tags.rules import KINDS, ORDERS, Kind

ADDING = "add_when_ready"


@dataclass(frozen=True)
class Line:
    """One rule as the page lists it."""

    id: str
    kind: Kind
    value: str
    unwanted: bool = False

    @property
    def sentence(self) -> str:
        return self.kind.sentence(self.value)

    @property
    def label(self) -> str:
        return say("The artist is") if self.kind.name in ORDERS else self.kind.label

    @property
    def choices(self) -> list[tuple[str, str, bool]]:
        """Value, words, and whether it is the one; empty where any text will do."""
        if self.kind.name in ORDERS:
            return [(name, words, name == self.kind.name) for name, words in ORDERS.items()]
        values = (*self.kind.choices, *({self.value} - set(self.kind.choices)))
        return [(one, self.kind.choice(one), one == self.value) for one in values if self.kind.choices]


@dataclass(frozen=True)
class Channel:
    site: str
    name: str
    lines: list[Line]


@dataclass(frozen=True)
class Switch:
    """Whether ready tracks are added by themselves: everywhere (no site), or from one site."""

    site: str
    own: str
    """What was said about this site: on, off, or nothing."""
    on: bool
    """What counts."""


@get("/settings/rules", sync_to_thread=True)
def rules_page(request: AnyRequest, services: NamedDependency[Services]) -> Response[Any]:
    """Everything that the person taught, by site and channel."""
    return _page(request, services)


@post("/settings/rules", sync_to_thread=True, status_code=200)
def put_rule(request: AnyRequest, services: NamedDependency[Services], data: Form) -> Response[Any]:
    """A rule of this kind about this channel: a new one, or one that was deleted a moment ago."""
    wanted = forms.read_rule(
        data.get("kind", ""), data.get("value", ""), data.get("site", ""), data.get("channel_name", "")
    )
    with services.db.write() as session:
        forms.put(session, request.user.id, wanted)
    return _done(request, services)


@post("/settings/rules/adding", sync_to_thread=True, status_code=200)
def switch_adding(request: AnyRequest, services: NamedDependency[Services], data: Form) -> Response[Any]:
    """Add by itself when ready: on, off, or for one site as everywhere (no value)."""
    site, value = data.get("site", ""), data.get("value", "")
    with services.db.write() as session:
        if value:
            forms.put(session, request.user.id, forms.read_rule(ADDING, value, site, ""))
        else:
            queries.remove_at(session, request.user.id, site, "", ADDING)
    return _done(request, services)


@post("/settings/rules/{rule_id:str}", sync_to_thread=True, status_code=200)
def change_rule(
    request: AnyRequest, services: NamedDependency[Services], rule_id: FromPath[str], data: Form
) -> Response[Any]:
    """Another value. One that cannot be comes back as it was typed, with a sentence."""
    try:
        with services.db.write() as session:
            forms.change(session, forms.own(session, request.user.id, rule_id), data.get("value", ""))
    except Invalid as error:
        typed = {rule_id: (data.get("value", "")[: forms.MAX_CHARS + 1], error.message)}
        return _show(request, services, status=error.status, typed=typed)
    return _done(request, services, saved=rule_id)


@post("/settings/rules/{rule_id:str}/delete", sync_to_thread=True, status_code=200)
def delete_rule(
    request: AnyRequest, services: NamedDependency[Services], rule_id: FromPath[str]
) -> Response[Any]:
    """Gone, and the page offers to put it back."""
    with services.db.write() as session:
        row = forms.own(session, request.user.id, rule_id)
        gone = {name: getattr(row, name) for name in ("kind", "value", "site", "channel_name")}
        queries.remove(session, row)
    # Without a script the undo is in this answer as well, so there is nothing to redirect to.
    return _show(request, services, gone=gone if gone["kind"] in KINDS else None)


@post("/downloads/{id:str}/rule", sync_to_thread=True, status_code=200)
def answer_offer(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str], data: Form
) -> Response[Any]:
    """Always, or no: what is kept is what we offered, so that a form can teach nothing else."""
    download = own_download(services, request, id)
    kind, always = data.get("kind", ""), data.get("answer") == "always"
    with services.db.write() as session:
        offer = learn.offer_of(session, download)
        rule = next((one for one in offer.rules if one.kind == kind), None) if offer else None
        if offer is None or rule is None:
            raise Conflict("This offer was answered already.", code="answered")
        wanted = forms.read_rule(rule.kind, rule.value, offer.site, offer.channel)
        if always:
            forms.put(session, request.user.id, wanted)
        else:
            unwanted = queries.UNWANTED + kind
            queries.put(session, request.user.id, unwanted, "", site=offer.site, channel_name=offer.channel)
    if not wants_fragment(request):
        return go(request, "/")
    with services.db.read() as session:
        offer = learn.newest_offer(session, request.user.id)
    return fragment("rules/_offer.html", offer=offer, learnt=wanted if always else None)


def _done(request: AnyRequest, services: Services, *, saved: str = "") -> Response[Any]:
    if wants_fragment(request):
        return _show(request, services, saved=saved)
    return go(request, f"/settings/rules#rule-{saved}" if saved else "/settings/rules")


def _show(request: AnyRequest, services: Services, *, status: int = 200, **more: Any) -> Response[Any]:
    """The list with what there is to say about it, alone or within the whole page."""
    if wants_fragment(request):
        return fragment("rules/_rules.html", status=status, **_context(request, services), **more)
    return _page(request, services, status=status, **more)


def _page(request: AnyRequest, services: Services, *, status: int = 200, **more: Any) -> Response[Any]:
    return page("rules/rules.html", status=status, nav="settings", **_context(request, services), **more)


def _context(request: AnyRequest, services: Services) -> dict[str, Any]:
    with services.db.read() as session:
        rows = queries.of_user(session, request.user.id)
        sites = queries.sites(session, request.user.id)
    return {"channels": _by_channel(rows), "switches": _switches(rows, sites)}


def _by_channel(rows: Sequence[Rule]) -> list[Channel]:
    found: dict[tuple[str, str], Channel] = {}
    for row in rows:
        unwanted = row.kind.startswith(queries.UNWANTED)
        kind = KINDS.get(row.kind.removeprefix(queries.UNWANTED))
        # A rule that was taken back leaves a note of when; nobody has to see that.
        if kind is None or not row.channel or (unwanted and row.value):
            continue
        channel = found.setdefault((row.site, row.channel), Channel(row.site, row.channel_name, []))
        channel.lines.append(Line(row.id, kind, row.value, unwanted))
    return list(found.values())


def _switches(rows: Sequence[Rule], sites: list[str]) -> list[Switch]:
    said = {row.site: row.value for row in rows if row.kind == ADDING and not row.channel}
    everywhere = said.get("", "off")
    known = sorted({*sites, *said} - {""})
    return [
        Switch("", everywhere, everywhere == "on"),
        *(Switch(site, said.get(site, ""), said.get(site, everywhere) == "on") for site in known),
    ]


HANDLERS = [rules_page, put_rule, switch_adding, change_rule, delete_rule, answer_offer]
