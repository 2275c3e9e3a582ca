"""One added download that can be undone: what a trial of an undo's sweep begins with and must end with."""

import shutil
from contextlib import closing
from pathlib import Path

from app.downloads.convert import Converter
from app.downloads.finalize import Finalizer
from app.downloads.progress import ProgressBoard
from app.library.folder import MARKER
from tests.faults.ground import Files, Ground, prepare
from tests.faults.world import ARTIST

DAY_S = 24 * 3600


class UndoGround(Ground):
    undo_s = DAY_S

    def learn(self) -> None:
        assert self.row()["state"] == "review"
        assert self._library() == {}
        assert self.after_restart() == []

    def after_fault(self, step: str, went_well: bool) -> list[str]:
        """Added and in the library, or in review and not; between them only with the intention in the row."""
        row, problems = self.row(), self._staging_problems()
        library, hidden = self._library(), self._hidden()
        if library not in (self._before(), {}):
            problems.append(f"the library has {library}")
        if row["state"] == "review" and library:
            problems.append("in review, and the file is in the library")
        if row["state"] == "done" and not library and (row["library_track_id"] or not hidden):
            problems.append("done without its file, and nothing says so")
        if row["state"] not in ("review", "done"):
            problems.append(f"the download is {row['state']}")
        if went_well and row["state"] != "review":
            problems.append("the undo was no undo")
        return problems

    def after_restart(self) -> list[str]:
        """Exactly one of the two, and no trace of the other."""
        row, problems = self.row(), self._staging_problems()
        library = self._library()
        wanted: Files = self._before() if row["state"] == "done" else {}
        if row["state"] not in ("review", "done"):
            problems.append(f"after the restart it is {row['state']}: {row['failure_message']}")
        if library != wanted:
            problems.append(f"it is {row['state']}, and the library has {library}")
        if bool(row["library_track_id"]) != bool(library) or bool(row["path"]) != bool(library):
            problems.append(f"the row says {row['path']} and {row['library_track_id']}")
        if self._hidden():
            problems.append(f"left in the library: {self._hidden()}")
        if not library and (self.library / ARTIST).exists():
            problems.append("the folder that was made for it is still there")
        with closing(self._database()) as connection:
            found = connection.execute("select path from tracks where missing_at is null").fetchall()
            checked = connection.execute("PRAGMA integrity_check").fetchall()
        if [path for (path,) in found] != list(library):
            problems.append(f"the index has {found}")
        if checked != [("ok",)]:
            problems.append(f"the database: {checked}")
        return problems

    def _hidden(self) -> list[str]:
        return [path.name for path in self.library.rglob(".*") if path.name != MARKER]


def prepare_undo(folder: Path, installed: tuple[Path, str], library: Path | None = None) -> UndoGround:
    """Added by the real finalizer, a moment ago. The library may be on another disk."""
    library = library or folder / "music"
    library.mkdir()
    prepare(folder, installed, library)
    ground = UndoGround.open(folder)
    ground.reset()
    services = ground.services
    Finalizer(services, Converter(services, ProgressBoard(services.settings.staging))).finalize(ground.id)
    services.db.close()
    for name, made in (("data", ground.data), ("music", library)):
        shutil.rmtree(folder / "pristine" / name)
        shutil.copytree(made, folder / "pristine" / name)
    assert ground.row()["state"] == "done"
    return ground
