"""Every look at and change of choices and renamings. The session comes first; missing is None."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

from sqlalchemy import delete, exists, func, insert, select, update
from sqlalchemy.orm import Session, aliased

from app.db import changed_rows, now
from app.library.model import Track
from app.library.rename_model import UNDER_WAY, Choice, Done, Move, Renaming, Stage

NAMING = "naming"
CHUNK = 500


def gave_name(session: Session, track_id: str, path: str) -> bool:
    """Whether it was a renaming of the library that brought this track to this path."""
    wanted = select(Move.position).where(
        Move.track_id == track_id, Move.target == path, Move.done == Done.MOVED
    )
    return session.scalar(wanted.limit(1)) is not None


def choice(session: Session, name: str) -> str | None:
    return session.scalar(select(Choice.value).where(Choice.name == name))


def choose(session: Session, name: str, value: str) -> None:
    row = session.get(Choice, name)
    if row is None:
        session.add(Choice(name=name, value=value))
    else:
        row.value = value


@dataclass(frozen=True, slots=True)
class Named:
    """As much of a track as a name is made of: there may be very many."""

    id: str
    path: str
    size_bytes: int
    mtime_ns: int
    title: str
    artist: str
    album: str
    album_artist: str
    track_no: int | None
    disc_no: int | None
    date: str
    genre: str
    error: str | None


def all_tracks(session: Session) -> Iterator[Named]:
    """Everything whose file is there, by path."""
    columns = (getattr(Track, one.name) for one in fields(Named))
    query = select(*columns).where(Track.missing_at.is_(None)).order_by(Track.path)
    return (Named(*row) for row in session.execute(query.execution_options(yield_per=CHUNK)))


def samples(session: Session, number: int) -> list[Track]:
    """Real tracks that show what a template does: the longest, albums, later discs, singles, new ones."""
    there = select(Track).where(Track.missing_at.is_(None), Track.title != "")
    newest = (Track.added_at.desc(), Track.id.desc())
    length = func.length(Track.title) + func.length(Track.artist) + func.length(Track.album)
    wanted = (
        there.order_by(length.desc()).limit(1),
        there.where(Track.album != "", Track.track_no.is_not(None)).order_by(*newest).limit(2),
        there.where(Track.disc_no > 1).order_by(*newest).limit(1),
        there.where(Track.album == "").order_by(*newest).limit(2),
        there.order_by(*newest).limit(number),
    )
    found: dict[str, Track] = {}
    for query in wanted:
        for track in session.scalars(query):
            found.setdefault(track.id, track)
    return list(found.values())[:number]


def latest(session: Session) -> Renaming | None:
    """The last one that began; one whose moves are still being written down has not."""
    begun = select(Renaming).where(Renaming.stage != Stage.PLANNED)
    return session.scalar(begun.order_by(Renaming.id.desc()).limit(1))


def under_way(session: Session) -> Renaming | None:
    return session.scalar(select(Renaming).where(Renaming.stage.in_(UNDER_WAY)).limit(1))


def forget_unbegun(session: Session) -> None:
    session.execute(delete(Renaming).where(Renaming.stage == Stage.PLANNED))


def write_moves(session: Session, moves: Sequence[Mapping[str, object]]) -> None:
    session.execute(insert(Move), [dict(move) for move in moves])


def set_stage(session: Session, id: str, stage: Stage) -> None:
    values = {"stage": stage, "message": "", "ended_at": None if stage in UNDER_WAY else now()}
    session.execute(update(Renaming).where(Renaming.id == id).values(**values))


def stop(session: Session, id: str) -> None:
    """What is not done yet is not wanted any more, but for what waits under a hidden name."""
    query = update(Move).where(Move.renaming_id == id, Move.done == Done.NOT_YET)
    session.execute(query.values(done=Done.STOPPED).execution_options(synchronize_session=False))
    bring_out(session, id)


def bring_out(session: Session, id: str) -> int:
    """Of what was stopped, files that wait under a hidden name go on to theirs. Says how many."""
    first = aliased(Move)
    is_waiting = exists().where(
        first.renaming_id == id,
        first.track_id == Move.track_id,
        first.target == Move.source,
        first.done == Done.MOVED,
    )
    query = update(Move).where(Move.renaming_id == id, Move.done == Done.STOPPED, is_waiting)
    return changed_rows(session, query.values(done=Done.NOT_YET).execution_options(synchronize_session=False))


def twins(session: Session, id: str) -> list[tuple[str, str]]:
    """Id and path of tracks that this renaming gave a name while another one still had it in the index."""
    moved = select(Move.track_id).where(Move.renaming_id == id)
    query = select(Track.id, Track.path).where(Track.id.in_(moved), Track.path_key.contains("//"))
    return [(track_id, path) for track_id, path in session.execute(query)]


def say(session: Session, id: str, message: str) -> None:
    session.execute(update(Renaming).where(Renaming.id == id).values(message=message))


def next_moves(session: Session, id: str, done: Done, limit: int, *, last_first: bool = False) -> list[Move]:
    order = Move.position.desc() if last_first else Move.position
    query = select(Move).where(Move.renaming_id == id, Move.done == done).order_by(order).limit(limit)
    return list(session.scalars(query))


def note(session: Session, move: Move) -> None:
    """How it went with this one."""
    query = update(Move).where(Move.renaming_id == move.renaming_id, Move.position == move.position)
    values = {name: getattr(move, name) for name in ("done", "reason", "target", "size_bytes", "mtime_ns")}
    session.execute(query.values(**values).execution_options(synchronize_session=False))


def counts(session: Session, id: str) -> dict[Done, int]:
    query = select(Move.done, func.count()).where(Move.renaming_id == id).group_by(Move.done)
    return {done: number for done, number in session.execute(query)}


def not_moved(session: Session, id: str, limit: int) -> Sequence[Move]:
    """What could not be moved, there or back."""
    wanted = (Move.renaming_id == id, Move.done.in_((Done.LEFT, Done.KEPT)), Move.reason != "")
    return session.scalars(select(Move).where(*wanted).order_by(Move.position).limit(limit)).all()


def folders(session: Session, id: str, done: Sequence[Done], *, of_target: bool) -> set[str]:
    """The folders that files have left, as far as they have."""
    column = Move.target if of_target else Move.source
    paths = session.scalars(select(column).where(Move.renaming_id == id, Move.done.in_(done)))
    return {path.rpartition("/")[0] for path in paths}
