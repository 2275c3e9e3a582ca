"""A download's loan: its user's cookies of its site, in its folder for a moment, and what became of them."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from app.cookies import jar, queries, seal, sites
from app.cookies.model import Answer
from app.db import now
from app.errors import DatabaseTrouble, Failure
from app.services import Services
from app.sources.base import COOKIES
from app.sources.cookie_file import take_away

log = logging.getLogger("inlay.cookies")


@dataclass
class Loan:
    ids: tuple[str, ...] = ()
    rejected: bool = False

    def __bool__(self) -> bool:
        return bool(self.ids)

    def note(self, event: dict[str, Any]) -> None:
        """The child heard from the site that they are dead, whatever else it got."""
        self.rejected |= event.get("cookies") == Answer.REJECTED


@contextmanager
def lend(services: Services, user_id: int, site: str, folder: Path) -> Iterator[Loan]:
    """What is fetched inside may take them out of `folder`; afterwards they are not there in any case.

    What the site sets or renews meanwhile is not kept: see `app.sources.cookie_file`.
    """
    take_away(folder)
    text, ids = _lines(services, user_id, site)
    if not ids:
        yield Loan()
        return
    loan, answer = Loan(ids), None
    try:
        _put(folder / COOKIES, text)
        yield loan
        answer = Answer.ACCEPTED
    except Failure as failure:
        loan.rejected |= failure.cookies_rejected
        raise
    finally:
        take_away(folder)
        _note(services, ids, Answer.REJECTED if loan.rejected else answer)


def _lines(services: Services, user_id: int, site: str) -> tuple[str, tuple[str, ...]]:
    """The cookies that go with a download of `site` and have not expired, and whose rows they are."""
    with services.db.read() as session:
        rows = queries.of_sites(session, user_id, sites.shown_to(site))
    moment, found, ids = now(), [], []
    for row in rows:
        try:
            text = seal.unseal(services.secret, row.sealed, user_id, row.site)
        except seal.Unreadable:
            with services.db.write() as session:
                queries.mark(session, row.id, Answer.UNREADABLE)
            log.warning("the cookies of %s cannot be read: they were kept with another secret", row.site)
            continue
        if fresh := jar.read(text.encode(), moment).sites.get(row.site):
            found += fresh
            ids.append(row.id)
    return jar.write(found), tuple(ids)


def _put(file: Path, text: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "w", encoding="ascii") as writer:
        writer.write(text)


def _note(services: Services, ids: tuple[str, ...], answer: Answer | None) -> None:
    """When it cannot be written down, the download is what counts."""
    try:
        with services.db.write() as session:
            queries.note_use(session, ids, answer)
    except (SQLAlchemyError, DatabaseTrouble) as error:
        log.warning("the use of cookies was not written down: %s", error)
