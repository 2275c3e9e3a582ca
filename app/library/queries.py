"""Everything that is asked of the table of tracks, and the few ways in which it changes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TypeVar

from sqlalchemy import Select, delete, func, insert, select, tuple_, update
from sqlalchemy.orm import Session
from uuid6 import uuid7

from app.audio.model import Quality
from app.db import now
from app.library.change_model import Kind, Place, Trashed
from app.library.derived import derive, named
from app.library.model import Track
from app.library.paths import to_text
from app.tags.model import Tags
from app.tags.naming import path_key

# SQLite takes some thousands of values in one statement; this stays far below.
CHUNK = 400
COPIED = (
    *("title", "artist", "album", "album_artist", "track_no", "disc_no", "date", "genre"),
    *("source_url", "source_id", "isrc"),
)
"""Of the tags, those that the index has, under the same names."""

T = TypeVar("T")
Identity = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One file as a look at the folder shows it."""

    path: str
    """As the database keeps it: see `paths.to_text`."""
    size_bytes: int
    mtime_ns: int
    inode: int

    @property
    def identity(self) -> Identity:
        """Stays the same when the file gets another name. Not its alone where there are no inodes."""
        return (self.inode, self.size_bytes, self.mtime_ns)


@dataclass(frozen=True, slots=True)
class Known:
    """What the index knows of a file."""

    track_id: str
    file: FileFacts
    is_error: bool


@dataclass(frozen=True)
class Content:
    """What is inside a file; with an `error`, what could be read nevertheless."""

    tags: Tags
    has_cover: bool = False
    quality: Quality | None = None
    error: str | None = None


_KNOWN = select(Track.id, Track.path, Track.size_bytes, Track.mtime_ns, Track.inode, Track.error.is_not(None))


def by_id(session: Session, track_id: str) -> Track | None:
    """A track whose file is there."""
    return session.scalar(select(Track).where(Track.id == track_id, Track.missing_at.is_(None)))


def by_ids(session: Session, ids: Iterable[str]) -> dict[str, Track]:
    """Those of these tracks whose files are there, by id."""
    found: dict[str, Track] = {}
    for chunk in _chunks(list(ids)):
        rows = select(Track).where(Track.id.in_(chunk), Track.missing_at.is_(None))
        found.update({track.id: track for track in session.scalars(rows)})
    return found


def by_path(session: Session, path: PurePosixPath | str) -> Track | None:
    """The track of the file at this path of the library, if it is there."""
    text = to_text(path)
    keys = (path_key(text), _twin_key(text))
    return session.scalar(
        select(Track).where(Track.path_key.in_(keys), Track.path == text, Track.missing_at.is_(None))
    )


def names(session: Session, field: str) -> list[str]:
    """Every artist, album, album artist or genre of the library once, those of most tracks first."""
    column = getattr(Track, field)
    query = select(column).where(Track.missing_at.is_(None), column != "").group_by(column)
    return list(session.scalars(query.order_by(func.count().desc(), column)))


def last_added(session: Session) -> str | None:
    """Which track came last: a cheap sign that there may be new names."""
    return session.scalar(select(Track.id).order_by(Track.added_at.desc(), Track.id.desc()).limit(1))


def artist_names(session: Session) -> Sequence[str]:
    """Every artist of the library, each spelling once."""
    wanted = select(Track.artist).where(Track.missing_at.is_(None), Track.artist != "").distinct()
    return session.scalars(wanted).all()


def number(session: Session) -> int:
    """How many tracks there are."""
    return session.scalar(select(func.count()).select_from(Track).where(Track.missing_at.is_(None))) or 0


def artists_state(session: Session) -> tuple[object, ...]:
    """Differs when tracks came or went. Two questions, for which SQLite looks at indexes only."""
    return number(session), session.scalar(select(func.max(Track.added_at)))


def below(session: Session, folder: str, *, deep: bool = True) -> list[Known]:
    """What is known of a folder's files ("" is the library), without the folders in it if not `deep`."""
    wanted = _KNOWN.where(Track.missing_at.is_(None))
    if folder:
        # "0" is what comes after "/".
        wanted = wanted.where(Track.path >= f"{folder}/", Track.path < f"{folder}0")
    found = list(_known(session, wanted))
    start = len(folder) + 1 if folder else 0
    return found if deep else [one for one in found if "/" not in one.file.path[start:]]


def with_identity(session: Session, files: Sequence[FileFacts]) -> dict[Identity, list[Known]]:
    """Tracks that could be these files under an earlier name: first those not missing, then the latest."""
    found: dict[Identity, list[Known]] = {}
    for chunk in _chunks([file.identity for file in files]):
        columns = tuple_(Track.inode, Track.size_bytes, Track.mtime_ns)
        wanted = _KNOWN.where(columns.in_(chunk)).order_by(Track.missing_at.desc().nulls_first())
        for one in _known(session, wanted):
            found.setdefault(one.file.identity, []).append(one)
    return found


def rename(session: Session, renamed: Mapping[str, FileFacts]) -> None:
    """The files of these tracks have other names now, or have come back."""
    for chunk in _chunks(list(renamed)):
        tracks = session.scalars(select(Track).where(Track.id.in_(chunk))).all()
        _put_at(session, [(track, renamed[track.id].path) for track in tracks])
    session.flush()


def upsert(session: Session, found: Sequence[tuple[FileFacts, Content]]) -> list[str]:
    """Write what files are and hold, and answer their tracks' ids. A missing file gets its row back."""
    known = _at_paths(session, [file.path for file, _ in found])
    ids = [known[file.path].id if file.path in known else str(uuid7()) for file, _ in found]
    places = _places(session, [(id, file.path) for id, (file, _) in zip(ids, found, strict=True)])
    new = []
    for id, place, (file, content) in zip(ids, places, found, strict=True):
        columns = _columns(file, content) | place
        if track := known.get(file.path):
            _set(track, columns)
        else:
            new.append({"id": id, "added_at": now(), **columns})
    session.flush()
    if new:
        # Past the objects: a first scan writes a hundred thousand. With RETURNING, as many rows are one
        # statement then: SQLite is prepared to take back each one that has triggers, which is what costs.
        session.connection().execute(insert(Track).returning(Track.id), new)
    return ids


def reseat(session: Session, track: Track, file: FileFacts, content: Content) -> None:
    """This track is this file now, which the watcher may have taken for a new one in between."""
    session.execute(
        delete(Track).where(Track.path == file.path, Track.missing_at.is_(None), Track.id != track.id)
    )
    [place] = _places(session, [(track.id, file.path)])
    _set(track, _columns(file, content) | place)
    session.add(track)
    session.flush()


def mark_missing(session: Session, ids: Sequence[str]) -> None:
    """These files are gone. Their rows stay, for the case that they come back."""
    for chunk in _chunks(ids):
        session.execute(
            update(Track).where(Track.id.in_(chunk), Track.missing_at.is_(None)).values(missing_at=now())
        )


def of_download(session: Session, download_id: str) -> Sequence[Track]:
    """What this download brought, whether its file is there or not."""
    return session.scalars(select(Track).where(Track.download_id == download_id)).all()


def forget_of_download(session: Session, download_id: str, paths: Sequence[str]) -> None:
    """The files that this download brought to these paths have been taken out again, as if never there."""
    known = [to_text(path) for path in paths]
    session.execute(delete(Track).where(Track.download_id == download_id, Track.path.in_(known)))


def _known(session: Session, wanted: Select[str, str, int, int, int, bool]) -> Iterator[Known]:
    for track_id, path, size_bytes, mtime_ns, inode, is_error in session.execute(wanted):
        yield Known(track_id, FileFacts(path, size_bytes, mtime_ns, inode), is_error)


def _columns(file: FileFacts, content: Content) -> dict[str, object]:
    tags, quality = content.tags, content.quality
    return {
        "size_bytes": file.size_bytes,
        "mtime_ns": file.mtime_ns,
        "inode": file.inode,
        **{name: getattr(tags, name) for name in COPIED},
        "has_cover": content.has_cover,
        "quality": quality,
        "error": content.error,
        "lossless": quality.lossless if quality else None,
        "duration_ms": quality.duration_ms if quality else None,
        **derive(tags, file.path),
    }


def _set(track: Track, columns: Mapping[str, object]) -> None:
    for name, value in columns.items():
        setattr(track, name, value)


def _at_paths(session: Session, paths: Sequence[str]) -> dict[str, Track]:
    """The tracks at these paths: those that are there, else those that were there last.

    A track in the trash may come back as itself: another file at its path is another track.
    """
    in_trash = select(Trashed.track_id).where(
        Trashed.place.in_([Place.LEAVING, Place.KEPT, Place.RETURNING]), Trashed.reason == Kind.DELETED
    )
    found = {}
    for chunk in _chunks(paths):
        rows = select(Track).where(
            Track.path.in_(chunk), Track.missing_at.is_(None) | Track.id.not_in(in_trash)
        )
        rows = rows.order_by(Track.missing_at.nulls_last())
        found.update({track.path: track for track in session.scalars(rows)})
    return found


def _put_at(session: Session, places: Sequence[tuple[Track, str]]) -> None:
    """Give tracks their paths."""
    found = _places(session, [(track.id, path) for track, path in places])
    for (track, path), place in zip(places, found, strict=True):
        _set(track, place if track.title else place | named("", path))


def _places(session: Session, places: Sequence[tuple[str, str]]) -> list[dict[str, object]]:
    """The columns of tracks (by id) at these paths.

    Of `a.mp3` and `A.mp3` in a foreign library, the later gets a twin's key.
    """
    holders: dict[str, str] = {}
    for chunk in _chunks([path_key(path) for _, path in places]):
        keys = select(Track.path_key, Track.id)
        rows = session.execute(keys.where(Track.path_key.in_(chunk), Track.missing_at.is_(None)))
        holders.update({key: track_id for key, track_id in rows})
    found: list[dict[str, object]] = []
    for id, path in places:
        key = path_key(path)
        if holders.setdefault(key, id) != id:
            key = _twin_key(path)
        found.append({"path": path, "path_key": key, "missing_at": None})
    return found


def _twin_key(path: str) -> str:
    # Two slashes cannot be in a path: no other key can look like this.
    return f"{path_key(path)}//{path}"


def _chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))
