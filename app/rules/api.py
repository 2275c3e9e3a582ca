"""JSON API of one's own rules."""

from datetime import datetime

from litestar import delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from app.accounts.guards import AppRequest
from app.rules import forms, queries
from app.rules.model import Rule
from app.services import Services
from app.tags.rules import KINDS


class RuleOut(Struct):
    id: str
    kind: str
    value: str
    site: str
    """Empty: any."""
    channel: str
    """Empty: any."""
    sentence: str
    created_at: datetime


class RulesOut(Struct):
    items: list[RuleOut]
    next: str | None = None


class RuleIn(Struct, forbid_unknown_fields=True):
    kind: str
    value: str = ""
    site: str = ""
    channel: str = ""


@get("/api/v1/rules", sync_to_thread=True)
def list_rules(request: AppRequest, services: NamedDependency[Services]) -> RulesOut:
    """What the user taught, by site and channel."""
    with services.db.read() as session:
        rows = queries.of_user(session, request.user.id)
    return RulesOut([_shown(row) for row in rows if row.kind in KINDS])


@put("/api/v1/rules", sync_to_thread=True)
def put_rule(request: AppRequest, services: NamedDependency[Services], data: JSONBody[RuleIn]) -> RuleOut:
    """A rule about a channel; one of its kind about the same channel gets the new value."""
    wanted = forms.read_rule(data.kind, data.value, data.site, data.channel)
    with services.db.write() as session:
        return _shown(forms.put(session, request.user.id, wanted))


@delete("/api/v1/rules/{rule_id:str}", sync_to_thread=True)
def delete_rule(request: AppRequest, services: NamedDependency[Services], rule_id: FromPath[str]) -> None:
    """Downloads from there are proposed as they were before."""
    with services.db.write() as session:
        queries.remove(session, forms.own(session, request.user.id, rule_id))


def _shown(row: Rule) -> RuleOut:
    return RuleOut(
        id=row.id,
        kind=row.kind,
        value=row.value,
        site=row.site,
        channel=row.channel_name,
        sentence=KINDS[row.kind].sentence(row.value),
        created_at=row.created_at,
    )


HANDLERS = [list_rules, put_rule, delete_rule]
