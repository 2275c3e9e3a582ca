"""The worker's parts, started and stopped in order: guard, lookups, consumer, watcher, others."""

import fcntl
import logging
from dataclasses import dataclass
from functools import partial
from typing import IO

from app.accounts.setup import ensure_admin
from app.audio.ffmpeg import find_ffmpeg
from app.children.parent import WarmParent
from app.downloads import queries, warmup
from app.downloads.convert import Converter
from app.downloads.finalize import Finalizer
from app.downloads.lookups import Lookups
from app.downloads.prints import Printer
from app.downloads.progress import ProgressBoard
from app.downloads.reconcile import Reconciler
from app.downloads.retention import free_one
from app.downloads.schedule import Scheduler
from app.downloads.stage import Stager
from app.errors import Failure, InlayError
from app.freshness.keeper import Keeper
from app.library import lyrics, trash
from app.library.folder import prepare_folder
from app.library.loudness import LoudnessKeeper
from app.library.prints import PrintKeeper
from app.library.renamer import Renamer
from app.library.watch import LibraryWatcher
from app.lookups.desk import Desk
from app.opening import Caretaker, prepare
from app.queue import Queue, ThreadConsumer
from app.services import Services, read_secret
from app.settings import Settings
from app.sources.addresses import Allowed
from app.sources.egress import EgressGuard
from app.tell.teller import Teller

log = logging.getLogger("inlay.worker")

STOP_S = 5.0
FREE_HANDS = 1
"""Threads beside those that may all be fetching and converting: a person waits for a finalize."""


@dataclass(frozen=True)
class Parts:
    """What web and worker are made of; in `inlay serve` they share one."""

    services: Services
    queue: Queue
    board: ProgressBoard

    def close(self) -> None:
        self.services.warm.close()
        self.queue.close()
        self.services.db.close()


def build(settings: Settings) -> Parts:
    database = prepare(settings)
    secret = read_secret(settings.data_dir)
    ensure_admin(database, settings)
    queue = Queue(settings.database_file, secret)
    services = Services(settings, database, secret, queue.ring, WarmParent(warmup.CALL))
    services.warm.extra = services.ytdlp
    return Parts(services, queue, ProgressBoard(settings.staging))


def worker_is_running(settings: Settings) -> bool:
    """Whether some process answers the rings of this data folder."""
    with open(settings.data_dir / "worker.lock", "ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@dataclass
class Worker:
    """Fetches, converts, finalizes and watches. One per data folder."""

    parts: Parts
    lock: IO[bytes] | None = None

    def start(self) -> None:
        """Raises InlayError when another worker has this data folder."""
        services, settings = self.parts.services, self.parts.services.settings
        self._take_lock()
        find_ffmpeg()
        try:
            prepare_folder(settings.library_dir, settings.data_dir)
        except Failure as failure:
            log.warning("%s", failure.message)
        self.guard = EgressGuard(
            Allowed(*settings.allow_hosts), own_ports={settings.port}, upstream=settings.proxy
        )
        self.guard.start()
        self.desk = Desk(settings, services.db)
        self.desk.start()
        services.room.relief = lambda: free_one(services)
        scheduler = Scheduler(services)
        chores = (Caretaker(services.db).tend, lambda: trash.expire(services))
        self.reconciler = Reconciler(services, self.parts.queue, scheduler, chores)
        self.renamer = Renamer(services)
        self.keeper = Keeper(settings, services.secret, services.ytdlp)
        self.prints = PrintKeeper(services, self._nothing_converts)
        self._answer_rings(scheduler)
        self.reconciler.recover()
        self.consumer = ThreadConsumer(
            self.parts.queue.huey,
            workers=settings.workers + self.converter.most() + FREE_HANDS,
            periodic=False,
            initial_delay=0.05,
            max_delay=0.25,
            scheduler_interval=60,
            shutdown_timeout=STOP_S,
        )
        self.consumer.start()
        self.watcher = LibraryWatcher(services.db, settings.library_dir, services.scanning)
        self.watcher.start()
        self.teller = Teller(services)
        self.teller.start()
        self.renamer.start()
        self.reconciler.start()
        self.loudness = LoudnessKeeper(services, self._nothing_converts)
        self.loudness.start()
        self.prints.start()
        self.keeper.start()

    def stop(self) -> None:
        """End within seconds; what was being fetched is queued again."""
        self.parts.services.running.stop()
        self.consumer.stop(graceful=True)
        self.keeper.stop()
        self.loudness.stop()
        self.prints.stop()
        self.watcher.stop()
        self.teller.stop()
        self.renamer.stop()
        self.guard.stop()
        self.desk.stop()
        self.reconciler.stop()
        if self.lock:
            self.lock.close()

    def _nothing_converts(self) -> bool:
        with self.parts.services.db.read() as session:
            return not queries.converting(session)

    def _take_lock(self) -> None:
        self.lock = open(self.parts.services.settings.data_dir / "worker.lock", "ab")  # noqa: SIM115
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InlayError(
                "Inlay is running already with this data folder. Stop it, or choose another INLAY_DATA_DIR."
            ) from error

    def _answer_rings(self, scheduler: Scheduler) -> None:
        services, board, wake = self.parts.services, self.parts.board, self.reconciler.wake
        self.converter = Converter(services, board, wake)
        lookups = Lookups(services, self.desk)
        self.parts.queue.answers.update(
            stage=Stager(services, board, self.guard, scheduler, wake).stage,
            convert=self.converter.convert,
            finalize=Finalizer(services, self.converter, wake).finalize,
            print=Printer(services).answer,
            listen=self.prints.wake,
            lookup=lookups.look_up,
            front=lookups.fetch_front,
            small_fronts=lookups.fetch_small_fronts,
            words=partial(lyrics.ask, services, self.desk),
            rename=self.renamer.wake,
            freshen=self.keeper.look_now,
        )
