"""Small covers of the candidates' releases: to be looked at, and kept as long as these candidates."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from app.db import now
from app.lookups import queries
from app.lookups.cache import FOUND_FOR, MISSING_FOR, read
from app.lookups.candidates import Candidate

SERVICE = "front"
"""Under which name they are kept."""


def key_of(candidate: Candidate) -> str:
    """The release whose cover it is; empty where there can be none."""
    return candidate.release_id or candidate.group_id


def known(session: Session, candidates: Iterable[Candidate]) -> dict[str, bool]:
    """By `key_of`: whether there is one. Those that nobody has looked for yet are missing."""
    keys = {key_of(one) for one in candidates} - {""}
    kept = queries.kept(session, SERVICE, keys)
    return {
        key: there
        for key, (there, fetched_at) in kept.items()
        if now() - fetched_at <= (FOUND_FOR if there else MISSING_FOR)
    }


def picture(session: Session, key: str) -> bytes | None:
    """The JPEG, if it is here."""
    row = queries.answer(session, SERVICE, key)
    kept = read(row, bytes) if row else None
    return kept[0] if kept else None
