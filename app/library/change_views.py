"""Changes to the library in words: for the history, the toast that offers an undo, and the trash."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from app.db import now
from app.languages.say import say
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
    Kind.EDITED: say("Edited"),
    Kind.REPLACED: say("Replaced"),
    Kind.DELETED: say("Moved to the trash"),
    Kind.RESTORED: say("Restored"),
}
LINES = {
    Kind.EDITED: say("Edited: {path}"),
    Kind.REPLACED: say("Replaced: {path}"),
    Kind.DELETED: say("Moved to the trash: {path}"),
    Kind.RESTORED: say("Restored: {path}"),
}
TOASTS = {
    Kind.EDITED: say("Edited “{title}”"),
    Kind.REPLACED: say("Replaced “{title}”"),
    Kind.DELETED: say("Moved to the trash “{title}”"),
    Kind.RESTORED: say("Restored “{title}”"),
}


@dataclass(frozen=True)
class Edit:
    """A field that was changed. `old` and `new` are empty where there was nothing, and both in long texts.

    Never one sentence with others before a page shows it: a value may hold anything that would part them.
    """

    label: str
    old: str = ""
    new: str = ""


@dataclass(frozen=True)
class ChangeRow:
    """`edits`: what an edit changed, told instead of the `line`."""

    id: str
    title: str
    line: str
    when: datetime
    undo: bool
    edits: Sequence[Edit] = ()


@dataclass(frozen=True)
class Toast:
    """`sentence`: what was just done, with `{title}` where the title stands, if it has one.

    `together`: about several changes at once.
    """

    id: str
    sentence: str
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
        ChangeRow(one.id, title_of(one), line(one), one.done_at or one.at, one.id in able, edits(one))
        for one in found
    ]


def title_of(change: Change) -> str:
    return _name(change.after or change.before, change.path_after or change.path_before or "")


def line(change: Change) -> str:
    """What was done, in a few words."""
    if change.undone_at:
        word = WORDS[change.kind]
        return say(f"{word}, and undone")
    return LINES[change.kind].format(path=change.path_after or change.path_before)


def edits(change: Change) -> Sequence[Edit]:
    """What an edit that counts has changed."""
    if change.undone_at or change.kind is not Kind.EDITED or not (change.before and change.after):
        return ()
    return differences(change.before.tags, change.after.tags)


def differences(before: Tags, after: Tags) -> list[Edit]:
    """Long texts by their name alone."""
    found = []
    for name in FIELDS:
        old, new = text_of(getattr(before, name)), text_of(getattr(after, name))
        if old == new:
            continue
        short = len(old) <= MAX_CHARS and len(new) <= MAX_CHARS and name != "compilation"
        found.append(Edit(LABELS[name], old, new) if short else Edit(LABELS[name]))
    return found


def toast_of(services: Services, user_id: int, id: str) -> Toast | None:
    """What to say about a change of this user, or about several with this name, that was just made."""
    with services.db.read() as session:
        together = change_queries.done_together(session, id, user_id)
        change = change_queries.by_id(session, id)
    if together and (together[-1].done_at or now()) > now() - SHOWN:
        many = say("1 track") if len(together) == 1 else say(f"{len(together)} tracks")
        return Toast(id, TOASTS[Kind.EDITED], many, undo=True, together=id)
    if change is None or change.user_id != user_id or not change.done_at or change.done_at < now() - SHOWN:
        return None
    if change.undone_at:
        return None
    able = change_undo.possible(services, [change])
    return Toast(change.id, TOASTS[change.kind], title_of(change), undo=change.id in able)


def trash_row(trashed: Trashed, who: str, days: int, may_empty: bool) -> TrashRow:
    """`who` did it; it goes for good after so many `days`."""
    tags = trashed.held.tags
    how = _how(trashed.reason == Kind.REPLACED, who)
    return TrashRow(
        id=trashed.id,
        name=_name(trashed.held, trashed.path),
        by=" · ".join(part for part in (tags.artist, tags.album) if part),
        facts=f"{how} · {size(trashed.size_bytes)}",
        path=trashed.path,
        when=trashed.trashed_at,
        until=trashed.trashed_at + timedelta(days=days) if days else None,
        may_empty=may_empty,
    )


def _how(is_replaced: bool, who: str) -> str:
    if is_replaced:
        return say(f"Replaced by {who}") if who else say("Replaced")
    return say(f"Deleted by {who}") if who else say("Deleted")


def _name(held: Snapshot | None, path: str) -> str:
    return (held.tags.title if held else "") or PurePosixPath(path).stem
