"""A library of two tracks: what a trial of deleting, restoring, replacing or editing begins and ends with."""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import Any

from app.children.parent import WarmParent
from app.db import Database
from app.downloads import staging
from app.downloads.warmup import CALL
from app.library import changes, edit, trash
from app.library.change_model import Kind
from app.library.changes import snapshot_of
from app.library.folder import MARKER
from app.library.index import scan
from app.library.model import Track
from app.services import Services
from app.settings import Settings
from tests.faults.ground import Files, Ground, digest, visible
from tests.trash_world import PATH, trash_world


class TrashGround(Ground):
    """`id` is the track's; `pristine/trashed` says what is in the trash already."""

    done_row: tuple[Any, ...] = ()

    @cached_property
    def services(self) -> Services:
        settings = Settings(data_dir=self.data, library_dir=self.library)
        database = Database(settings.database_file)
        return Services(settings, database, b"0" * 32, lambda name, id: None, WarmParent(CALL))

    def track(self) -> Track:
        with self.services.db.read() as session:
            found = session.get(Track, self.id)
        assert found
        return found

    def reset(self) -> None:
        # What a disk of its own is mounted at cannot be removed.
        shutil.rmtree(self.data, ignore_errors=True)
        shutil.copytree(self.folder / "pristine" / "data", self.data, dirs_exist_ok=True)
        shutil.rmtree(self.library)
        shutil.copytree(self.folder / "pristine" / "music", self.library, copy_function=shutil.copy2)
        with closing(self._database()) as db, db:
            # A copy has other inodes: the index knows them.
            for id, path in db.execute("SELECT id, path FROM tracks WHERE missing_at IS NULL").fetchall():
                db.execute(
                    "UPDATE tracks SET inode = ? WHERE id = ?", (os.stat(self.library / path).st_ino, id)
                )

    def row(self) -> dict[str, Any]:
        """What the sweep tells of a trial."""
        with closing(self._database()) as db:
            [(begun,)] = db.execute("SELECT count(*) FROM changes WHERE done_at IS NULL").fetchall()
        return {"state": "under way" if begun else "at rest", "failure_message": ""}

    def learn(self) -> None:
        self.done, self.done_row = self._library(), self._rows()
        assert (self.done, self.done_row) != (self._before(), self._rows_before())
        assert self.after_restart() == []

    def after_fault(self, step: str, went_well: bool) -> list[str]:
        """Everything is somewhere, whole: in the library, hidden there, or in the trash."""
        wanted = set(self._before().values()) | set(self._trash_before().values())
        if step == "edit":
            # An edit needs no trash: the new file has all but the old tags, and those are in the row.
            wanted -= set(self._before().values()) - set(self.done.values())
        there = {digest(file) for folder in self._folders() for file in folder.rglob("*") if file.is_file()}
        problems = [f"lost: {name}" for name in wanted - there]
        if step == "edit" and not there & {self._before()[PATH], self.done[PATH]}:
            problems.append("neither the old file nor the new one is there")
        if went_well and self._library() != self.done:
            problems.append(f"it went well, and the library has {self._library()}")
        return problems

    def restart(self) -> None:
        services = self.services
        staging.sweep(services.settings, set())
        changes.recover(services)
        trash.expire(services)
        scan(services.db, self.library)

    def after_restart(self) -> list[str]:
        """As before or as after, in files and rows alike, and no trace of the other."""
        library, rows, problems = self._library(), self._rows(), []
        before, after = (self._before(), self._rows_before()), (self.done, self.done_row)
        if (library, rows) not in (before, after):
            problems.append(f"after the restart the library has {library} and the rows say {rows}")
        wanted = self._trash_before() if (library, rows) == before else None
        in_trash = visible(self.data / "trash") if (self.data / "trash").exists() else {}
        with closing(self._database()) as db:
            kept = dict(db.execute("SELECT name, sha256 FROM trashed WHERE place = 'kept'").fetchall())
            checked = db.execute("PRAGMA integrity_check").fetchall()
            begun = db.execute("SELECT id FROM changes WHERE done_at IS NULL").fetchall()
        if in_trash != kept or (wanted is not None and in_trash != wanted):
            problems.append(f"the trash has {in_trash}, and the rows say {kept}")
        if begun:
            problems.append("a change is still under way")
        hidden = [path.name for path in self.library.rglob(".*") if path.name != MARKER]
        hidden += [path.name for path in (self.data / "trash").glob(".inlay-*")]
        hidden += [path.name for path in (self.data / "staging").glob("*")]
        if hidden:
            problems.append(f"left behind: {hidden}")
        if checked != [("ok",)]:
            problems.append(f"the database: {checked}")
        return problems

    def _folders(self) -> tuple[Path, Path]:
        return self.library, self.data / "trash"

    def _trash_before(self) -> Files:
        trash = self.folder / "pristine" / "data" / "trash"
        return visible(trash) if trash.exists() else {}

    def _rows(self) -> tuple[Any, ...]:
        return self._told(self.data / "inlay.db")

    def _rows_before(self) -> tuple[Any, ...]:
        return self._told(self.folder / "pristine" / "data" / "inlay.db")

    def _told(self, file: Path) -> tuple[Any, ...]:
        """What the rows say, without what is another one each time: ids of changes, inodes, moments."""
        db = Database(file)
        with db.read() as session:
            tracks = session.query(Track).order_by(Track.id).all()
            told = tuple(
                (one.id, one.path, one.title, one.missing_at is not None, one.added_at, one.size_bytes)
                for one in tracks
            )
        db.close()
        with closing(self._database() if file.is_relative_to(self.data) else self._pristine()) as raw:
            marks = raw.execute(
                "SELECT kind, undone_at IS NULL FROM changes WHERE done_at NOT NULL ORDER BY id"
            )
            places = raw.execute("SELECT place, reason, path FROM trashed ORDER BY id")
            return told, tuple(marks.fetchall()), tuple(places.fetchall())

    def _pristine(self) -> sqlite3.Connection:
        return sqlite3.connect(self.folder / "pristine" / "data" / "inlay.db")


def prepare_trash(folder: Path, *, deleted: bool = False) -> TrashGround:
    """Two tracks that were scanned; with `deleted` the first one is in the trash."""
    home = folder / "home"
    home.mkdir()
    with trash_world(home) as world:
        track = world.track()
        world.track("Ida Holm/Estuary/04 Other.mp3", title="Other")
        world.new_file("new.mp3")
        world.new_file("new.flac")
        if deleted:
            trash.put_away(world.services, track, Kind.DELETED, world.alice)
    for name, made in (("data", home / "data"), ("music", home / "library")):
        shutil.copytree(made, folder / "pristine" / name)
    told = {"library": str(home / "library"), "id": track.id}
    (folder / "ground.json").write_text(json.dumps(told))
    return TrashGround.open(folder)


def _delete(ground: TrashGround) -> Callable[[], object]:
    track = ground.track()
    return lambda: trash.put_away(ground.services, track, Kind.DELETED, 1)


def _restore(ground: TrashGround) -> Callable[[], object]:
    with ground.services.db.read() as session:
        [trashed] = session.query(trash.Trashed).all()
    return lambda: trash.restore(ground.services, trashed.id, 1)


def _replace(ground: TrashGround, name: str = "new.mp3") -> Callable[[], object]:
    track = ground.track()
    held = snapshot_of(track)
    file = ground.data / name
    return lambda: trash.replace(ground.services, track, file, held, user_id=1)


def _replace_other(ground: TrashGround) -> Callable[[], object]:
    return _replace(ground, "new.flac")


def _edit(ground: TrashGround) -> Callable[[], object]:
    track = ground.track()
    return lambda: edit.edit(ground.services, track, {"title": "Another"}, 1)


CHANGES: dict[str, Callable[[Any], Callable[[], Any]]] = {
    "delete": _delete,
    "restore": _restore,
    "replace": _replace,
    "replace-other": _replace_other,
    "edit": _edit,
}
