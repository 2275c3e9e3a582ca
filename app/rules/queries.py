"""Every look at and change of rules in the database. The session comes first; missing is None.

A row whose kind begins with `no:` is a rule that the person does not want for this channel.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.db import now
from app.downloads.model import Download, State
from app.rules.model import Rule
from app.tags import rules
from app.tags.text import key

UNWANTED = "no:"


def of_user(session: Session, user_id: int) -> Sequence[Rule]:
    """By site and channel; what counts everywhere comes first."""
    order = (Rule.site, Rule.channel, Rule.kind)
    return session.scalars(select(Rule).where(Rule.user_id == user_id).order_by(*order)).all()


def by_id(session: Session, id: str, *, user_id: int) -> Rule | None:
    return session.scalar(select(Rule).where(Rule.id == id, Rule.user_id == user_id))


def count(session: Session, user_id: int) -> int:
    return session.scalar(select(func.count()).select_from(Rule).where(Rule.user_id == user_id)) or 0


def about(session: Session, user_id: int, site: str, channel_name: str) -> list[rules.Rule]:
    """The rules for uploads of this channel, the nearest first: the channel's, the site's, those for all."""
    channel = key(channel_name)
    rows = session.scalars(
        select(Rule)
        .where(Rule.user_id == user_id, Rule.site.in_({site, ""}), Rule.channel.in_({channel, ""}))
        .order_by(Rule.channel.desc(), Rule.site.desc(), Rule.id)
    )
    return [rules.Rule(kind=row.kind, value=row.value, id=row.id) for row in rows]


def at(session: Session, user_id: int, site: str, channel: str, kind: str) -> Rule | None:
    """The one rule of this kind about exactly this; `channel` as its key."""
    return session.scalar(
        select(Rule).where(
            Rule.user_id == user_id, Rule.site == site, Rule.channel == channel, Rule.kind == kind
        )
    )


def put(session: Session, user_id: int, kind: str, value: str, *, site: str, channel_name: str) -> Rule:
    """A rule of this kind about this channel has this value from now on; what was unwanted is wanted."""
    channel = key(channel_name)
    remove_at(session, user_id, site, channel, UNWANTED + kind)
    row = at(session, user_id, site, channel, kind)
    if row is None:
        row = Rule(user_id=user_id, kind=kind, site=site, channel=channel, channel_name="", value="")
        session.add(row)
    row.channel_name, row.value = channel_name, value
    session.flush()
    return row


def remove_at(session: Session, user_id: int, site: str, channel: str, kind: str) -> None:
    session.execute(
        delete(Rule).where(
            Rule.user_id == user_id, Rule.site == site, Rule.channel == channel, Rule.kind == kind
        )
    )


def remove(session: Session, row: Rule) -> None:
    """Take a rule back. What was handed in until now offers it no more; a later correction may."""
    session.delete(row)
    session.flush()
    if row.channel and not row.kind.startswith(UNWANTED):
        until = now().isoformat()
        put(session, row.user_id, UNWANTED + row.kind, until, site=row.site, channel_name=row.channel_name)


def confirmed_since(
    session: Session, user_id: int, since: datetime, limit: int
) -> list[tuple[str, datetime]]:
    """What the person accepted after a look at it, newest first: each one's id, and when it changed last."""
    rows = session.execute(
        select(Download.id, Download.updated_at)
        .where(
            Download.user_id == user_id,
            Download.state.in_((State.FINALIZING, State.DONE)),
            Download.updated_at >= since,
            Download.skip_review.is_(False),
            Download.uploader != "",
        )
        .order_by(Download.id.desc())
        .limit(limit)
    )
    return [(id, updated_at) for id, updated_at in rows]


def state(session: Session, user_id: int) -> tuple[int, str | None]:
    """Differs when the person got a rule or lost one, or said no to one."""
    asked = select(func.count(), func.max(Rule.id)).where(Rule.user_id == user_id)
    number, newest = session.execute(asked).one()
    return number, newest


def confirmed_before(session: Session, download: Download, limit: int) -> Sequence[Download]:
    """What the person accepted from the same uploader, but for this download; newest first."""
    return session.scalars(
        select(Download)
        .where(
            Download.user_id == download.user_id,
            Download.site == download.site,
            Download.uploader == download.uploader,
            Download.state.in_((State.FINALIZING, State.DONE)),
            Download.skip_review.is_(False),
            Download.id != download.id,
        )
        .order_by(Download.id.desc())
        .limit(limit)
    ).all()


def sites(session: Session, user_id: int) -> list[str]:
    """The sites that the person ever handed links of in."""
    query = select(Download.site).where(Download.user_id == user_id).distinct().order_by(Download.site)
    return list(session.scalars(query))
