"""Every look at and change of hooks and their outbox. The session comes first; missing is None."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from app.accounts.model import LoginSession
from app.db import now
from app.library.change_count import Changes
from app.tell.model import PEOPLE, PUSH, Hook, Message

_JUST_NOW = "inlay_told"
"""In a session's info: ids of what this transaction put into the outbox."""
_SLACK = timedelta(seconds=1)
"""Between the moments of a pause and of what caused it."""
MOST_WAITING = 1_000
"""Messages of one hook; when it has been down for so long, the oldest go."""


def by_id(session: Session, id: str) -> Hook | None:
    return session.get(Hook, id)


def everyone(session: Session) -> Sequence[Hook]:
    return session.scalars(select(Hook).order_by(Hook.id)).all()


def of_user(session: Session, user_id: int, *, is_admin: bool) -> Sequence[Hook]:
    """Those that this user sees to: their own, and for an admin the installation's."""
    mine = Hook.user_id == user_id
    return session.scalars(
        select(Hook).where(or_(mine, Hook.user_id.is_(None)) if is_admin else mine).order_by(Hook.id)
    ).all()


def count(session: Session, user_id: int | None) -> int:
    """Without devices, which are few by nature."""
    mine = (Hook.user_id == user_id, Hook.kind != PUSH)
    return session.scalar(select(func.count()).select_from(Hook).where(*mine)) or 0


def devices(session: Session, user_id: int) -> list[tuple[Hook, LoginSession]]:
    """The user's signed-in browsers that are told, by web push."""
    query = select(Hook, LoginSession).join(LoginSession, LoginSession.id == Hook.session_id)
    mine = (Hook.user_id == user_id, LoginSession.expires_at > now())
    return [(hook, device) for hook, device in session.execute(query.where(*mine).order_by(Hook.id))]


def is_signed_in(session: Session, hook: Hook) -> bool:
    """Is the browser's session still good? An expired one is kept for a while, in case the clock is wrong."""
    query = select(LoginSession.expires_at).where(LoginSession.id == hook.session_id)
    expires_at = session.scalar(query)
    return expires_at is not None and expires_at > now()


def end_devices(session: Session, session_id: int, address: str) -> None:
    """What this browser has been told until now, and by whomever: a browser has one address for all users."""
    one = or_(Hook.session_id == session_id, Hook.address == address)
    session.execute(delete(Hook).where(Hook.kind == PUSH, one))


def device_of(session: Session, session_id: int) -> Hook | None:
    """The device that is this signed-in browser, if it is told."""
    return session.scalar(select(Hook).where(Hook.kind == PUSH, Hook.session_id == session_id))


def move_device(session: Session, device: Hook, address: str, keys: str) -> None:
    """Its browser has another subscription now. Whoever had that address before has it no more."""
    others = (Hook.kind == PUSH, Hook.address == address, Hook.id != device.id)
    session.execute(delete(Hook).where(*others))
    device.address, device.secret = address, keys
    device.failures, device.retry_at = 0, None


def remove(session: Session, hook_id: str) -> None:
    session.execute(delete(Hook).where(Hook.id == hook_id))


def listening(session: Session, user_id: int, event: str) -> list[Hook]:
    """The user's hooks that want to hear of this."""
    found = session.scalars(select(Hook).where(Hook.user_id == user_id))
    return [hook for hook in found if event in hook.wanted]


def put(
    session: Session, hooks: Sequence[Hook], event: str, body: Mapping[str, Any], *, subject: str = ""
) -> None:
    """Into the outbox, in the caller's transaction: what happened is told, or did not happen."""
    made = [Message(hook_id=one.id, event=event, subject=subject, body=dict(body)) for one in hooks]
    session.add_all(made)
    session.flush()
    session.info.setdefault(_JUST_NOW, []).extend(one.id for one in made)


def take_back(session: Session, subject: str, event: str) -> None:
    """It is not so any more: people need not hear of it, and programs only if it was for a moment at all."""
    people = Message.hook_id.in_(select(Hook.id).where(Hook.kind.in_(PEOPLE)))
    never_was = Message.id.in_(session.info.get(_JUST_NOW, []))
    session.execute(
        delete(Message).where(Message.subject == subject, Message.event == event, or_(people, never_was))
    )


def waiting(session: Session, hook_id: str, limit: int = 100) -> Sequence[Message]:
    """What this hook has not been told, oldest first."""
    query = select(Message).where(Message.hook_id == hook_id).order_by(Message.id).limit(limit)
    return session.scalars(query).all()


def waiting_since(session: Session) -> dict[str, tuple[datetime, datetime]]:
    """For each hook with something in the outbox: when the oldest and the newest of it came."""
    times = (func.min(Message.created_at), func.max(Message.created_at))
    rows = session.execute(select(Message.hook_id, *times).group_by(Message.hook_id))
    return {hook_id: (oldest, newest) for hook_id, oldest, newest in rows}


def take_out(session: Session, ids: Sequence[str]) -> None:
    session.execute(delete(Message).where(Message.id.in_(ids)))


def count_try(session: Session, ids: Sequence[str], most: int) -> int:
    """These could not be told; those that were tried often enough are given up. Says how many."""
    tried = update(Message).where(Message.id.in_(ids)).values(tries=Message.tries + 1)
    session.execute(tried.execution_options(synchronize_session=False))
    gone = session.scalars(select(Message.id).where(Message.id.in_(ids), Message.tries >= most)).all()
    take_out(session, gone)
    return len(gone)


def trim(session: Session, hook_id: str) -> None:
    """Keep no more than so many for a hook that does not answer."""
    kept = select(Message.id).where(Message.hook_id == hook_id).order_by(Message.id.desc())
    session.execute(
        delete(Message).where(Message.hook_id == hook_id, Message.id.not_in(kept.limit(MOST_WAITING)))
    )


def went_well(session: Session, hook_id: str, sentence: str, told: Changes | None = None) -> None:
    values: dict[str, Any] = {"ok_at": now(), "message": sentence, "failures": 0, "retry_at": None}
    if told is not None:
        values["told"] = told
    _set(session, hook_id, values)


def went_wrong(session: Session, hook_id: str, sentence: str, retry_at: datetime | None) -> None:
    values = {"failed_at": now(), "message": sentence}
    if retry_at is not None:
        values |= {"failures": Hook.failures + 1, "retry_at": retry_at}
    _set(session, hook_id, values)


def knows(session: Session, hook_id: str, told: Changes) -> None:
    """What of the library's changes it has been told, or has in its outbox."""
    _set(session, hook_id, {"told": told})


def forget_pauses(session: Session, ours: Callable[[int], timedelta]) -> None:
    """At a start: whoever was down may be up by now. Who asked for more than our own pause gets it."""
    for hook in session.scalars(select(Hook).where(Hook.retry_at.is_not(None))):
        asked = hook.failed_at and hook.retry_at and hook.retry_at - hook.failed_at
        if not asked or asked <= ours(hook.failures - 1) + _SLACK:
            hook.retry_at = None


def _set(session: Session, hook_id: str, values: Mapping[str, Any]) -> None:
    statement = update(Hook).where(Hook.id == hook_id).values(**values)
    session.execute(statement.execution_options(synchronize_session=False))
