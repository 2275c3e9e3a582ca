"""Renaming the library: the moves, made one after the other in the background, and taken back as a whole.

The moves stand in the database before the first one is made, so a killed process goes on where it was: a move
that was made and not noted is seen by its file, which is at its target and not at its source.
"""

import errno
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from app.db import Database
from app.errors import Conflict, DatabaseTrouble, Failure, NotFound
from app.languages.say import say
from app.library import place, queries, rename_queries
from app.library.folder import as_failure, check_mounted
from app.library.paths import from_text, to_text
from app.library.queries import FileFacts
from app.library.rename import Plan, plan
from app.library.rename_model import Done, Move, Renaming, Stage
from app.library.take_out import remove_if_empty
from app.library.template import in_force
from app.locks import alone
from app.services import Services
from app.settings import Settings
from app.tags.naming import path_key, with_number

log = logging.getLogger("inlay.rename")

BATCH = 20
"""Moves between two looks at whether to stop; after each batch they are noted in one transaction."""
LOOK_S = 30.0
STOP_S = 5.0
LOCK = "rename.lock"
MOST_NUMBERS = 1_000

ITS_OWN = {errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ, errno.ELOOP, errno.ENOTDIR, errno.EACCES}
"""Errors of one file; any other one is the disk's, and the rest waits."""

GONE = say("It was moved or deleted meanwhile.")
CHANGED = say("It was changed since, so it stays where it is.")
TAKEN = say("The name was taken meanwhile.")


def dry_run(db: Database, settings: Settings, template: str | None = None) -> Plan:
    """What a renaming would do now. Raises Invalid, and Failure when the library is not there."""
    check_mounted(settings.library_dir, settings.data_dir)
    with db.read() as session:
        wanted = in_force(settings, session) if template is None else template
        tracks = rename_queries.all_tracks(session)
        return plan(tracks, wanted, settings.library_dir, settings.cover_file)


def begin(db: Database, settings: Settings, fingerprint: str | None = None) -> str:
    """Write a renaming down; ring for it afterwards. Raises Conflict when something else would be done."""
    wanted = dry_run(db, settings)
    if fingerprint is not None and fingerprint != wanted.fingerprint:
        raise Conflict("The library has changed meanwhile. Look at the list again.", code="changed")
    if not wanted.steps:
        raise Conflict("All tracks have their names already.", code="nothing_to_do")
    with db.write() as session:
        _refuse_two(rename_queries.under_way(session))
        rename_queries.forget_unbegun(session)
        row = Renaming(template=in_force(settings, session))
        session.add(row)
        session.flush()
        id = row.id
    moves = [
        {
            "renaming_id": id,
            "position": position,
            "track_id": step.track_id,
            "source": step.source,
            "target": step.target,
            "done": Done.NOT_YET,
            "reason": "",
            "size_bytes": step.size_bytes,
            "mtime_ns": step.mtime_ns,
        }
        for position, step in enumerate(wanted.steps)
    ]
    for start in range(0, len(moves), rename_queries.CHUNK):
        with db.write() as session:
            rename_queries.write_moves(session, moves[start : start + rename_queries.CHUNK])
    with db.write() as session:
        _refuse_two(rename_queries.under_way(session))
        rename_queries.set_stage(session, id, Stage.RUNNING)
    return id


def stop(db: Database) -> None:
    """What is done stays done, and can be undone; the rest is not wanted any more."""
    with db.write() as session:
        row = rename_queries.under_way(session)
        if row is None or row.stage is not Stage.RUNNING:
            raise Conflict("No renaming is under way.", code="too_late")
        rename_queries.stop(session, row.id)


def undo(db: Database) -> None:
    """Begin to take the latest renaming back; ring for it afterwards."""
    with db.write() as session:
        row = rename_queries.latest(session)
        if row is None or row.stage is not Stage.DONE:
            raise Conflict("There is no renaming that could be undone.", code="too_late")
        rename_queries.set_stage(session, row.id, Stage.UNDOING)


def _refuse_two(row: Renaming | None) -> None:
    if row is not None:
        raise Conflict("The library is being renamed already.", code="under_way")


@dataclass
class Renamer:
    """A thread that sleeps until it is woken, or half a minute."""

    services: Services
    batch: int = BATCH
    _alarm: threading.Event = field(default_factory=threading.Event)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="renamer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._alarm.set()
        if self._thread:
            self._thread.join(STOP_S)

    def wake(self, _: str = "") -> None:
        self._alarm.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._alarm.clear()
            try:
                self.work()
            except DatabaseTrouble as trouble:
                log.warning("%s", trouble.message)
            except Exception:
                log.exception("renaming the library failed; it is tried again in %s s", LOOK_S)
            self._alarm.wait(LOOK_S)

    def work(self, on_progress: Callable[[], None] = lambda: None) -> None:
        """Do what is under way until it is done, or somebody stops it. One process at a time."""
        with alone(self.services.settings.data_dir, LOCK, wait=False) as mine:
            while mine and not self._stopping.is_set():
                with self.services.db.read() as session:
                    row = rename_queries.under_way(session)
                if row is None or not self._go_on(row):
                    return
                on_progress()

    def _go_on(self, row: Renaming) -> bool:
        """One batch. False: the disk does not let us; another time."""
        settings, db = self.services.settings, self.services.db
        undoing = row.stage is Stage.UNDOING
        try:
            check_mounted(settings.library_dir, settings.data_dir)
            with db.read() as session:
                moves = rename_queries.next_moves(
                    session, row.id, Done.MOVED if undoing else Done.NOT_YET, self.batch, last_first=undoing
                )
            if not moves:
                self._end(row)
                return True
            self._make(row, moves)
        except Failure as failure:
            log.warning("renaming the library: %s", failure.message)
            with db.write() as session:
                rename_queries.say(session, row.id, failure.message)
            return False
        return True

    def _make(self, row: Renaming, moves: list[Move]) -> None:
        """What was made before an error is noted all the same.

        A name that has become free is not taken before that is noted: else nobody could tell after a crash
        which of the two files has it.
        """
        undoing = row.stage is Stage.UNDOING
        made: list[Move] = []
        left: set[str] = set()
        try:
            for move in moves:
                old, new = (move.target, move.source) if undoing else (move.source, move.target)
                if path_key(new) in left:
                    self._note(row, made)
                    made, left = [], set()
                self._move_back(move) if undoing else self._move(move)
                made.append(move)
                left.add(path_key(old))
        finally:
            if made:
                self._note(row, made)

    def _note(self, row: Renaming, moves: list[Move]) -> None:
        files: dict[str, FileFacts] = {}
        for move in moves:
            path = {Done.MOVED: move.target, Done.BACK: move.source_now or move.source}.get(move.done)
            if move.track_id and path and not _is_hidden(path):
                files[move.track_id] = FileFacts(path, move.size_bytes, move.mtime_ns, 0)
        with self.services.db.write() as session:
            for move in moves:
                rename_queries.note(session, move)
            # One by one: a name may be free only since the one before.
            for track_id, facts in files.items():
                queries.rename(session, {track_id: facts})
            if row.message:
                rename_queries.say(session, row.id, "")

    def _move(self, move: Move) -> None:
        """Raises Failure when it is the disk's fault and not the file's."""
        wanted = PurePosixPath(from_text(move.target))
        # A file that waits under a hidden name must get some name again.
        numbers = MOST_NUMBERS if _is_hidden(move.source) else 2
        for number in range(1, numbers):
            try:
                self._relocated(move, move.source, str(with_number(wanted, number)))
                return
            except place.NameTaken:
                _left(move, Done.LEFT, TAKEN)
            except NotFound:
                if not self._was_moved(move):
                    _left(move, Done.LEFT, GONE)
                return
            except Failure as failure:
                if not _is_the_files(failure) or _is_hidden(move.source):
                    raise
                _left(move, Done.LEFT, failure.message)
                return

    def _relocated(self, move: Move, source: str, target: str) -> None:
        library = self.services.settings.library_dir
        found = place.relocate(library, from_text(source), PurePosixPath(target))
        move.target, move.done, move.reason = to_text(found.relative), Done.MOVED, ""
        move.size_bytes, move.mtime_ns = found.size_bytes, found.mtime_ns

    def _was_moved(self, move: Move) -> bool:
        """Before a crash: it is at its target, as it was when this was planned."""
        facts = place.facts_of(self.services.settings.library_dir, from_text(move.target))
        if facts is None or (move.track_id and facts != (move.size_bytes, move.mtime_ns)):
            return False
        move.done, move.reason = Done.MOVED, ""
        move.size_bytes, move.mtime_ns = facts
        return True

    def _move_back(self, move: Move) -> None:
        library = self.services.settings.library_dir
        known = (move.size_bytes, move.mtime_ns)
        facts = place.facts_of(library, from_text(move.target))
        if facts is None:
            back = place.facts_of(library, from_text(move.source)) == known
            _left(move, Done.BACK if back else Done.KEPT, "" if back else GONE)
        elif facts != known:
            _left(move, Done.KEPT, CHANGED)
        else:
            self._relocate_back(move)

    def _relocate_back(self, move: Move) -> None:
        library = self.services.settings.library_dir
        waits = _is_hidden(move.target)
        for number in range(1, MOST_NUMBERS if waits else 2):
            wanted = with_number(PurePosixPath(from_text(move.source)), number)
            try:
                found = place.relocate(library, from_text(move.target), wanted)
                move.source_now = to_text(found.relative)
                return _left(move, Done.BACK, "")
            except place.NameTaken:
                _left(move, Done.KEPT, TAKEN)
            except NotFound:
                return _left(move, Done.KEPT, GONE)
            except Failure as failure:
                if not _is_the_files(failure) or waits:
                    raise
                return _left(move, Done.KEPT, failure.message)
        return None

    def _end(self, row: Renaming) -> None:
        """When nothing waits under a hidden name: the folders that have become empty go."""
        settings, undoing = self.services.settings, row.stage is Stage.UNDOING
        with self.services.db.write() as session:
            # A move that was under way when somebody said stop.
            if rename_queries.bring_out(session, row.id):
                return
            for track_id, path in rename_queries.twins(session, row.id):
                queries.rename(session, {track_id: FileFacts(path, 0, 0, 0)})
        with self.services.db.read() as session:
            done = [Done.BACK] if undoing else [Done.MOVED]
            left = rename_queries.folders(session, row.id, done, of_target=undoing)
        with as_failure():
            for folder in sorted(_with_parents(left), key=lambda path: -path.count("/")):
                remove_if_empty(settings.library_dir, from_text(folder))
        with self.services.db.write() as session:
            rename_queries.set_stage(session, row.id, Stage.UNDONE if undoing else Stage.DONE)
        log.info("renaming the library: %s", "taken back" if undoing else "done")


def _left(move: Move, done: Done, reason: str) -> None:
    move.done, move.reason = done, reason


def _is_hidden(path: str) -> bool:
    return path.rpartition("/")[2].startswith(".inlay-")


def _is_the_files(failure: Failure) -> bool:
    cause = failure.__cause__
    return isinstance(cause, OSError) and cause.errno in ITS_OWN


def _with_parents(folders: set[str]) -> set[str]:
    found: set[str] = set()
    for folder in folders:
        while folder:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return found
