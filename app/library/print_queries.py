"""Questions about what tracks sound like, and how it is written down. The session comes first."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar

from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.orm import Session

from app.library.model import Track
from app.library.print_model import SoundAlike, SoundPrint, SoundWord
from app.library.queries import CHUNK

T = TypeVar("T")

NEAR_MS = 10_000
"""Tracks that sound the same for two minutes are not the same when their lengths differ by more."""
MOST_NEAR = 20
"""That are compared with one print: those with most words in common."""
MOST_OF_WORDS = 20_000
_MOST_COMMON = 200
"""A word that more prints have than this says nothing about any of them."""

_MEASURED_MS = 500
_COUNTS: ColumnElement[bool] = func.abs(SoundPrint.duration_ms - Track.duration_ms) <= _MEASURED_MS
_CURRENT: ColumnElement[bool] = (SoundPrint.size_bytes == Track.size_bytes) & (
    SoundPrint.mtime_ns == Track.mtime_ns
)
_READABLE: ColumnElement[bool] = Track.missing_at.is_(None) & Track.error.is_(None)


def of_tracks(session: Session, track_ids: Collection[str]) -> dict[str, bytes]:
    """The prints of these tracks, as far as there are any."""
    found: dict[str, bytes] = {}
    for chunk in _chunks(list(track_ids)):
        query = select(SoundPrint.track_id, SoundPrint.found).join(Track, Track.id == SoundPrint.track_id)
        rows = session.execute(query.where(SoundPrint.track_id.in_(chunk), _COUNTS, SoundPrint.found != b""))
        found.update({track_id: stored for track_id, stored in rows})
    return found


def near(session: Session, asked: Mapping[T, tuple[Sequence[int], int | None]]) -> dict[T, list[Track]]:
    """For words and a length: the tracks of about that length that may sound so, the likeliest first.

    Two questions to the database for each few hundred words, however many ask.
    """
    holders: dict[int, list[int]] = {}
    for chunk in _chunks(sorted({word for words, _ in asked.values() for word in words})):
        query = select(SoundWord.word, SoundWord.print_id).where(SoundWord.word.in_(chunk))
        for word, print_id in session.execute(query.limit(MOST_OF_WORDS)):
            holders.setdefault(word, []).append(print_id)
    telling = {word: ids for word, ids in holders.items() if len(ids) <= _MOST_COMMON}
    shared = {
        key: Counter(id for word in words for id in telling.get(word, ()))
        for key, (words, _) in asked.items()
    }
    tracks: dict[int, Track] = {}
    for chunk in _chunks(sorted({id for counted in shared.values() for id in counted})):
        rows = select(SoundPrint.id, Track).join(Track, Track.id == SoundPrint.track_id)
        rows = rows.where(SoundPrint.id.in_(chunk), Track.missing_at.is_(None), _COUNTS)
        tracks.update({id: track for id, track in session.execute(rows)})
    return {
        key: [
            tracks[id]
            for id, _ in shared[key].most_common()
            if id in tracks and is_near(tracks[id].duration_ms, duration_ms)
        ][:MOST_NEAR]
        for key, (_, duration_ms) in asked.items()
    }


def is_near(one_ms: int | None, other_ms: int | None) -> bool:
    return one_ms is not None and other_ms is not None and abs(one_ms - other_ms) <= NEAR_MS


def keep(session: Session, track: Track, found: bytes, words: Sequence[int], alike: Collection[str]) -> None:
    """Write a print down. `track` as it was read before: it may be gone by now."""
    if session.get(Track, track.id) is None:
        return
    forget(session, track.id)
    row = SoundPrint(
        track_id=track.id,
        size_bytes=track.size_bytes,
        mtime_ns=track.mtime_ns,
        duration_ms=track.duration_ms,
        found=found,
    )
    session.add(row)
    session.flush()
    session.add_all(SoundWord(print_id=row.id, word=word) for word in words)
    there = session.scalars(select(Track.id).where(Track.id.in_(list(alike))))
    for other in there:
        session.add(SoundAlike(track_id=track.id, other_id=other))
        session.add(SoundAlike(track_id=other, other_id=track.id))
    session.flush()


def forget(session: Session, track_id: str) -> None:
    session.execute(delete(SoundPrint).where(SoundPrint.track_id == track_id))
    session.execute(
        delete(SoundAlike).where(or_(SoundAlike.track_id == track_id, SoundAlike.other_id == track_id))
    )


def lacking(session: Session, after: str = "", limit: int = 1, *, added: bool = False) -> Sequence[Track]:
    """Tracks without a print of the file that they are now, in the order of their ids.

    `added`: only those that a download brought.
    """
    query = select(Track).outerjoin(SoundPrint, (SoundPrint.track_id == Track.id) & _CURRENT)
    query = query.where(Track.id > after, _READABLE, SoundPrint.id.is_(None))
    if added:
        # Said so that the index of it is used.
        query = query.where(Track.download_id > "")
    return session.scalars(query.order_by(Track.id).limit(limit)).all()


def number_lacking(session: Session) -> int:
    query = select(func.count(Track.id)).outerjoin(SoundPrint, (SoundPrint.track_id == Track.id) & _CURRENT)
    return session.scalar(query.where(_READABLE, SoundPrint.id.is_(None))) or 0


def state(session: Session) -> tuple[object, ...]:
    """Differs when files came or changed: whether it is worth a look. Two looks into indexes."""
    return (
        session.scalar(select(func.max(Track.id))),
        session.scalar(select(func.max(Track.added_at))),
    )


def with_alike(session: Session, after: str, limit: int) -> list[str]:
    """Ids of tracks that sound like others, in order."""
    query = select(SoundAlike.track_id).where(SoundAlike.track_id > after).distinct()
    return list(session.scalars(query.order_by(SoundAlike.track_id).limit(limit)))


def alike_of(session: Session, track_ids: Collection[str]) -> set[str]:
    """What sounds like any of these."""
    found: set[str] = set()
    for chunk in _chunks(list(track_ids)):
        query = select(SoundAlike.other_id).where(SoundAlike.track_id.in_(chunk))
        found.update(session.scalars(query))
    return found


def _chunks(items: Sequence[T]) -> list[Sequence[T]]:
    return [items[start : start + CHUNK] for start in range(0, len(items), CHUNK)]
