"""A download that took the place of a track, to be undone: what a trial begins with and must end with."""

import shutil
from contextlib import closing
from pathlib import Path

from app.downloads.convert import Converter
from app.downloads.finalize import Finalizer
from app.downloads.progress import ProgressBoard
from app.library import trash
from app.library.folder import MARKER
from tests.faults.ground import Files, visible
from tests.faults.replacing_ground import OLD, ReplacingGround, prepare_replacing
from tests.faults.undo_ground import DAY_S


class UndoReplacedGround(ReplacingGround):
    undo_s = DAY_S

    def learn(self) -> None:
        self.done = self._library()
        assert self.row()["state"] == "review"
        assert self.done != self._before()
        assert self.after_restart() == []

    def after_fault(self, step: str, went_well: bool) -> list[str]:
        """One of the two files has the name; the download is in review only when that is the old one."""
        row, problems = self.row(), self._staging_problems()
        library = self._library()
        if library not in (self._before(), self.done):
            problems.append(f"the library has {library}")
        if row["state"] == "review" and library != self.done:
            problems.append("in review, and its file is in the library")
        if row["state"] not in ("review", "done"):
            problems.append(f"the download is {row['state']}")
        if went_well and row["state"] != "review":
            problems.append("the undo was no undo")
        return problems

    def restart(self) -> None:
        super().restart()
        # What could not be removed from the trash goes with the next round's chores.
        trash.expire(self.services)

    def after_restart(self) -> list[str]:
        """Exactly one of the two: both files are there, one in the library and one in the trash."""
        row, problems = self.row(), self._staging_problems()
        undone = row["state"] == "review"
        library, kept = self._library(), sorted(visible(self.trash).values())
        wanted: Files = self.done if undone else self._before()
        other: Files = self._before() if undone else self.done
        if row["state"] not in ("review", "done"):
            problems.append(f"after the restart it is {row['state']}: {row['failure_message']}")
        if library != wanted or kept != sorted(other.values()):
            problems.append(f"it is {row['state']}, the library has {library} and the trash {kept}")
        if bool(row["library_track_id"]) == undone or bool(row["path"]) == undone:
            problems.append(f"the row says {row['path']} and {row['library_track_id']}")
        hidden = [path.name for path in self.library.rglob(".*") if path.name != MARKER]
        hidden += [path.name for path in self.trash.glob(".inlay-*")]
        if hidden:
            problems.append(f"left behind: {hidden}")
        with closing(self._database()) as db:
            found = db.execute("SELECT path, download_id FROM tracks WHERE missing_at IS NULL").fetchall()
            under_way = db.execute("SELECT count(*) FROM changes WHERE done_at IS NULL").fetchone()
            checked = db.execute("PRAGMA integrity_check").fetchall()
        if found != [(OLD, None if undone else self.id)] or under_way != (0,):
            problems.append(f"the index has {found}, {under_way} under way")
        if checked != [("ok",)]:
            problems.append(f"the database: {checked}")
        return problems


def prepare_undo_replaced(folder: Path, installed: tuple[Path, str]) -> UndoReplacedGround:
    """Replaced by the real finalizer, a moment ago."""
    prepare_replacing(folder, installed)
    ground = UndoReplacedGround.open(folder)
    ground.reset()
    services = ground.services
    Finalizer(services, Converter(services, ProgressBoard(services.settings.staging))).finalize(ground.id)
    services.db.close()
    for name, made in (("data", ground.data), ("music", ground.library)):
        shutil.rmtree(folder / "pristine" / name)
        shutil.copytree(made, folder / "pristine" / name)
    assert ground.row()["state"] == "done"
    return ground
