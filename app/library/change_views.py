"""Changes to the library in words: for the history, the toast that offers an undo, and the trash."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from app.db import now
from app.library import change_queries, change_undo
from app.library.change_model import Change, Kind, Snapshot, Trashed
from app.room import size
from app.services import Services
from app.tags.model import Tags
from app.tags.typed import FIELDS, LABELS, text_of

SHOWN = timedelta(minutes=10)
"""An old address with an old id in it says nothing any more."""
MAX_CHARS = 60
WORDS = {
    Kind.EDITED: "Edited",
    Kind.REPLACED: "Replaced",
    Kind.DELETED: "Moved to the trash",
    Kind.RESTORED: "Restored",
}


@dataclass(frozen=True)
class ChangeRow:
    id: str
    title: str
    line: str
    when: datetime
    undo: bool


@dataclass(frozen=True)
class Toast:
    """`before` “title”: a sentence about what was just done. `together`: about several changes at once."""

    id: str
    before: str
    title: str
    undo: bool
    together: str = ""


@dataclass(frozen=True)
class TrashRow:
    id: str
    name: str
    by: str
    facts: str
    path: str
    when: datetime
    until: datetime | None
    may_empty: bool


def rows(
    services: Services, user_id: int, *, limit: int, before: datetime | None = None
) -> Sequence[ChangeRow]:
    """What this user did to the library, newest first."""
    with services.db.read() as session:
        found = change_queries.of_user(session, user_id, limit=limit, before=before)
    able = change_undo.possible(services, found)
    return [
        ChangeRow(one.id, title_of(one), line(one), one.done_at or one.at, one.id in able) for one in found
    ]


def title_of(change: Change) -> str:
    return _name(change.after or change.before, change.path_after or change.path_before or "")


def line(change: Change) -> str:
    """What was done, in a few words."""
    if change.undone_at:
        return f"{WORDS[change.kind]}, and undone"
    if change.kind is Kind.EDITED and change.before and change.after:
        return "Edited: " + "; ".join(differences(change.before.tags, change.after.tags))
    return f"{WORDS[change.kind]}: {change.path_after or change.path_before}"


def differences(before: Tags, after: Tags) -> list[str]:
    """Album “One” is “Two”; long texts by their name alone."""
    found = []
    for name in FIELDS:
        old, new = text_of(getattr(before, name)), text_of(getattr(after, name))
        if old == new:
            continue
        short = len(old) <= MAX_CHARS and len(new) <= MAX_CHARS and name != "compilation"
        found.append(f"{LABELS[name]} {_quoted(old)} → {_quoted(new)}" if short else LABELS[name])
    return found


def toast_of(services: Services, user_id: int, id: str) -> Toast | None:
    """What to say about a change of this user, or about several with this name, that was just made."""
    with services.db.read() as session:
        together = change_queries.done_together(session, id, user_id)
        change = change_queries.by_id(session, id)
    if together and (together[-1].done_at or now()) > now() - SHOWN:
        many = f"{len(together)} {'track' if len(together) == 1 else 'tracks'}"
        return Toast(id, "Edited", many, undo=True, together=id)
    if change is None or change.user_id != user_id or not change.done_at or change.done_at < now() - SHOWN:
        return None
    if change.undone_at:
        return None
    able = change_undo.possible(services, [change])
    return Toast(change.id, WORDS[change.kind], title_of(change), undo=change.id in able)


def trash_row(trashed: Trashed, who: str, days: int, may_empty: bool) -> TrashRow:
    """`who` did it; it goes for good after so many `days`."""
    tags = trashed.held.tags
    how = "Replaced" if trashed.reason == Kind.REPLACED else "Deleted"
    return TrashRow(
        id=trashed.id,
        name=_name(trashed.held, trashed.path),
        by=" · ".join(part for part in (tags.artist, tags.album) if part),
        facts=f"{how}{f' by {who}' if who else ''} · {size(trashed.size_bytes)}",
        path=trashed.path,
        when=trashed.trashed_at,
        until=trashed.trashed_at + timedelta(days=days) if days else None,
        may_empty=may_empty,
    )


def _name(held: Snapshot | None, path: str) -> str:
    return (held.tags.title if held else "") or PurePosixPath(path).stem


def _quoted(text: str) -> str:
    return f"“{text}”" if text else "nothing"
