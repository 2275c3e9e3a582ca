"""A confirmed download that takes the place of a track: what a trial begins with and must end with."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from app.downloads import queries
from app.library.folder import MARKER
from app.library.index import scan
from app.tags import containers
from app.tags.model import Tags
from tests.faults.ground import Files, Ground, prepare, visible

OLD = "Somewhere/Else.mp3"


class ReplacingGround(Ground):
    @property
    def trash(self) -> Path:
        return self.data / "trash"

    def reset(self) -> None:
        super().reset()
        with closing(self._database()) as db, db:
            # A copy has another inode and time: the index knows them.
            facts = (self.library / OLD).stat()
            db.execute("UPDATE tracks SET inode = ?, mtime_ns = ?", (facts.st_ino, facts.st_mtime_ns))

    def learn(self) -> None:
        self.done = self._library()
        assert set(self.done) == {OLD}, (self.done, self.row()["state"], self.row()["failure_message"])
        assert self.done != self._before()
        assert self.after_restart() == []

    def after_fault(self, step: str, went_well: bool) -> list[str]:
        """The old file or the new one has the name, and both are somewhere."""
        row, problems = self.row(), []
        library = self._library()
        if library not in (self._before(), self.done):
            problems.append(f"the library has {library}")
        if row["state"] == "done" and library != self.done:
            problems.append("done without its file")
        if row["state"] != "done":
            problems += self._staging_problems()
        if row["state"] not in ("done", "failed", "finalizing"):
            problems.append(f"the download is {row['state']}")
        return problems

    def after_restart(self) -> list[str]:
        """Done: the new file is the old track, and the old file is in the trash, once."""
        row, problems = self.row(), []
        if row["state"] != "done":
            problems.append(f"after the restart it is {row['state']}: {row['failure_message']}")
        if self._library() != self.done:
            problems.append(f"after the restart the library has {self._library()}")
        kept: Files = visible(self.trash)
        if sorted(kept.values()) != sorted(self._before().values()):
            problems.append(f"the trash has {kept}")
        hidden = [path.name for path in self.library.rglob(".*") if path.name != MARKER]
        hidden += [path.name for path in self.trash.glob(".inlay-*")]
        hidden += [path.name for path in (self.data / "staging").iterdir()]
        if hidden:
            problems.append(f"left behind: {hidden}")
        with closing(self._database()) as db:
            found = db.execute("SELECT id, path, download_id FROM tracks WHERE missing_at IS NULL").fetchall()
            before = self._pristine_rows()
            checked = db.execute("PRAGMA integrity_check").fetchall()
        if found != [(before[0][0], OLD, self.id)] or row["library_track_id"] != before[0][0]:
            problems.append(f"the index has {found}, the row {row['library_track_id']}")
        if checked != [("ok",)]:
            problems.append(f"the database: {checked}")
        return problems

    def _pristine_rows(self) -> list[tuple[str]]:
        with closing(sqlite3.connect(self.folder / "pristine" / "data" / "inlay.db")) as db:
            return db.execute("SELECT id FROM tracks").fetchall()


def prepare_replacing(folder: Path, installed: tuple[Path, str]) -> ReplacingGround:
    """The library has the recording already, elsewhere and with another genre; it is to be replaced."""
    library = folder / "music"
    library.mkdir()
    prepare(folder, installed, library)
    ground = Ground.open(folder)
    ground.reset()
    services = ground.services
    with services.db.read() as session:
        download = queries.by_id(session, ground.id)
    assert download
    [track] = download.tracks
    assert track.tags
    old = library / OLD
    old.parent.mkdir()
    shutil.copyfile(ground.staged / (track.converted_file or ""), old)
    containers.write(old, Tags(title=track.tags.title, artist=track.tags.artist, genre="Old"), None)
    os.utime(old, (1_600_000_000, 1_600_000_000))
    scan(services.db, library)
    with services.db.write() as session:
        queries.touch(session, ground.id, conflict="overwrite")
    services.db.close()
    for name, made in (("data", ground.data), ("music", library)):
        shutil.rmtree(folder / "pristine" / name)
        shutil.copytree(made, folder / "pristine" / name)
    return ReplacingGround.open(folder)
