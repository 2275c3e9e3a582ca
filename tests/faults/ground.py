"""One confirmed download, ready to be added: what each trial of a sweep begins with, and must end with."""

import hashlib
import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import msgspec

from app.children.parent import WarmParent
from app.db import Database
from app.downloads import confirm, queries, staging
from app.downloads.convert import Converter
from app.downloads.finalize import Finalizer
from app.downloads.model import State
from app.downloads.progress import ProgressBoard
from app.downloads.reconcile import Reconciler
from app.downloads.schedule import Scheduler
from app.downloads.warmup import CALL
from app.library.folder import MARKER, prepare_folder
from app.queue import Queue
from app.services import Services, read_secret
from app.settings import Settings
from app.tags.values import settled
from app.worker import Parts, Worker
from tests.faults.world import Scene
from tests.media.site import MediaSite

TRIES = 3
NAME = "swept"
Files = dict[str, str]


@dataclass
class Ground:
    """`folder/pristine` is copied to `folder/home` (and the library, which may be on another disk)."""

    folder: Path
    library: Path
    id: str
    done: Files = field(default_factory=dict)
    """The library's files when all went well."""
    tagged: str = ""
    undo_s = 0

    @classmethod
    def open(cls, folder: Path) -> Self:
        told = json.loads((folder / "ground.json").read_text())
        return cls(folder, Path(told["library"]), told["id"])

    @property
    def data(self) -> Path:
        return self.folder / "home" / "data"

    @property
    def staged(self) -> Path:
        return self.data / "staging" / self.id

    def with_theirs(self, name: str) -> "Ground":
        """Somebody else's file is in the library already."""
        file = self.folder / "pristine" / "music" / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"theirs")
        return self

    def reset(self) -> None:
        shutil.rmtree(self.data, ignore_errors=True)
        shutil.copytree(self.folder / "pristine" / "data", self.data)
        for entry in self.library.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        shutil.copytree(self.folder / "pristine" / "music", self.library, dirs_exist_ok=True)

    @cached_property
    def services(self) -> Services:
        """Made once: its forks know by heart how their statements are compiled, as a running worker does."""
        settings = Settings(data_dir=self.data, library_dir=self.library, undo_s=self.undo_s)
        database = Database(settings.database_file)
        return Services(settings, database, read_secret(self.data), lambda name, id: None, WarmParent(CALL))

    def row(self) -> dict[str, Any]:
        with closing(self._database()) as connection:
            connection.row_factory = sqlite3.Row
            query = (
                "select downloads.*, path, sha256, library_track_id from downloads "
                "join staged_tracks on download_id = downloads.id where downloads.id = ?"
            )
            return dict(connection.execute(query, (self.id,)).fetchone())

    def learn(self) -> None:
        """A step went well: that is how it must look, whatever happens on the way."""
        if self.row()["state"] != "done":
            self.tagged = self._tagged()
            return
        self.done = self._library()
        assert len(self.done) == len(self._before()) + 1, self.done
        assert self.after_restart() == []

    def prepare_tagging(self) -> dict[str, Any]:
        """The copy that finalize makes for the child, and what it tells it."""
        services = self.services
        with services.db.read() as session:
            download = queries.by_id(session, self.id)
        services.db.close()
        assert download
        [track] = download.tracks
        assert track.converted_file
        file = self.staged / track.converted_file
        tagged = file.with_name(f"tagged{file.suffix}")
        staging.copy(file, tagged)
        tags = settled(track.tags or track.proposal.tags())
        return {
            "path": str(tagged),
            "tags": msgspec.to_builtins(tags),
            "cover": str(self.staged / track.cover_file) if track.cover_file else None,
        }

    def after_fault(self, step: str, went_well: bool) -> list[str]:
        """The library is as before or has the complete new file, and what was staged is there until then."""
        row = self.row()
        library, problems = self._library(), []
        if library not in (self._before(), self.done):
            problems.append(f"the library has {library}")
        if row["state"] == "done" and library != self.done:
            problems.append("done without its file")
        if row["state"] != "done":
            problems += self._staging_problems()
        if row["state"] == "failed" and not row["failure_message"]:
            problems.append("failed without a sentence")
        if row["state"] not in ("done", "failed", "finalizing"):
            problems.append(f"the download is {row['state']}")
        if step == "tags" and went_well and self._tagged() != self.tagged:
            problems.append("the copy is wrong, and the child did not say so")
        return problems

    def restart(self) -> None:
        restart(self)

    def after_restart(self) -> list[str]:
        """Done: one whole file, known once, and nothing else is left."""
        row = self.row()
        problems = []
        if row["state"] != "done":
            problems.append(f"after the restart it is {row['state']}: {row['failure_message']}")
        if self._library() != self.done:
            problems.append(f"after the restart the library has {self._library()}")
        hidden = [path.name for path in self.library.rglob(".*") if path.name != MARKER]
        if hidden:
            problems.append(f"left in the library: {hidden}")
        if list((self.data / "staging").iterdir()):
            problems.append("staging is not empty")
        with closing(self._database()) as connection:
            found = connection.execute("select path from tracks where missing_at is null").fetchall()
            checked = connection.execute("PRAGMA integrity_check").fetchall()
        new = sorted(set(self.done) - set(self._before()))
        if [path for (path,) in found] != new:
            problems.append(f"the index has {found}")
        if checked != [("ok",)]:
            problems.append(f"the database: {checked}")
        return problems

    def _before(self) -> Files:
        return visible(self.folder / "pristine" / "music")

    def _library(self) -> Files:
        return visible(self.library)

    def _tagged(self) -> str:
        [tagged] = self.staged.glob("tagged.*")
        return digest(tagged)

    def _staging_problems(self) -> list[str]:
        before = visible(self.folder / "pristine" / "data" / "staging" / self.id)
        now = visible(self.staged)
        return [f"staged {name} is not what it was" for name in before if now.get(name) != before[name]]

    def _database(self) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{self.data / 'inlay.db'}?mode=rw", uri=True, timeout=1)


def prepare(folder: Path, installed: tuple[Path, str], library: Path) -> Ground:
    """A track that has gone through the real journey up to the confirmation, and not a step further.

    The library may be on another disk.
    """
    data, token = installed
    shutil.copytree(data, folder / "scene" / "data")
    with MediaSite() as site, Scene(folder / "scene", site, token, library_dir=str(library)) as scene:
        scene.start()
        id = scene.in_review(NAME)
        scene.until(id, conversion="done")
        assert scene.stop() == 0
    shutil.copytree(scene.data, folder / "pristine" / "data")
    shutil.copytree(library, folder / "pristine" / "music")
    (folder / "ground.json").write_text(json.dumps({"library": str(library), "id": id}))
    ground = Ground.open(folder)
    ground.reset()
    services = ground.services
    with services.db.read() as session:
        download = queries.by_id(session, id)
    assert download
    confirm.confirm(services, id, {track.id: track.proposal.tags() for track in download.tracks})
    services.db.close()
    shutil.rmtree(folder / "pristine" / "data")
    shutil.copytree(ground.data, folder / "pristine" / "data")
    return ground


def restart(ground: Ground) -> None:
    """What a new worker does with what it finds, and a person who presses Retry."""
    services = ground.services
    queue = Queue(services.settings.database_file, services.secret)
    services = Services(services.settings, services.db, services.secret, queue.ring, services.warm)
    board = ProgressBoard(services.settings.staging)
    converter = Converter(services, board)
    queue.answers.update(finalize=Finalizer(services, converter).finalize, convert=converter.convert)
    prepare_folder(services.settings.library_dir, services.settings.data_dir)
    worker = Worker(Parts(services, queue, board))
    worker._take_lock()
    reconciler = Reconciler(services, queue, Scheduler(services))
    reconciler.recover()
    reconciler.ring_waiting()
    for _ in range(TRIES):
        while task := queue.huey.dequeue():
            queue.huey.execute(task)
        row = ground.row()
        if row["state"] != State.FAILED and not row["retry_at"]:
            break
        confirm.retry(services, ground.id)


def visible(folder: Path) -> Files:
    """Every file that a player would see, with its hash."""
    return {
        str(path.relative_to(folder)): digest(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
