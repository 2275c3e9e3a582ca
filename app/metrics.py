"""`/metrics`: how the installation is, in Prometheus' text form. Reads, and writes nothing."""

import platform
import shutil
import sqlite3
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from litestar import Request, Response, get
from litestar.di import NamedDependency

from app import __version__, backup, meter_line, meters
from app.accounts.guards import require_admin
from app.db import now
from app.downloads import queries, schedule_queries
from app.downloads.model import State
from app.errors import Failure
from app.library import queries as library
from app.library.patience import answered
from app.services import Services

if TYPE_CHECKING:
    from prometheus_client.core import Metric

DAY_S = 86400


@get(
    "/metrics",
    sync_to_thread=True,
    guards=[require_admin],
    # A look at the numbers is no use of a token that is worth writing down.
    opt={"metrics": True, "unnoted": True},
)
def metrics(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Response[bytes]:
    """For INLAY_METRICS_TOKEN, or for an admin with full scope."""
    # Only who asks for it pays for it: most installations never do.
    from prometheus_client import CollectorRegistry
    from prometheus_client.exposition import choose_encoder

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Numbers(services))
    encode, kind = choose_encoder(request.headers.get("accept", ""))
    # As a header: to a media type Litestar adds a second charset.
    return Response(encode(registry), headers={"Content-Type": kind})


class Numbers:
    """A collector: what was counted since the start, and what is so now."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def describe(self) -> list["Metric"]:
        return []

    def collect(self) -> Iterator["Metric"]:
        apart = meters.process == "web"
        worker = meter_line.ask(self.services.settings.data_dir) if apart else None
        counted, resident = {meters.process: meters.read()}, {meters.process: meters.resident_bytes()}
        if worker:
            resident["worker"], counted["worker"] = worker
        yield from _counted(counted, apart)
        yield _gauge(
            "inlay_resident_memory_bytes",
            "Of the process that answers, and of the worker if it is another one.",
            {(name,): size for name, size in resident.items()} if apart else resident[""],
            ("process",) if apart else (),
        )
        if apart:
            yield _gauge("inlay_worker_answers", "Whether a worker runs that can be asked.", bool(worker))
        yield from self._now()

    def _now(self) -> Iterator["Metric"]:
        services, settings, moment = self.services, self.services.settings, now()
        with services.db.read() as session:
            counts = queries.counts(session, user_id=None)
            by_site, _ = schedule_queries.under_way(session)
            paused, _ = schedule_queries.patient_sites(session)
            oldest = schedule_queries.waits_since(session)
            converting = len(queries.converting(session))
            tracks = library.number(session)
        waits_s = max(0.0, (moment - oldest).total_seconds()) if oldest else 0.0
        yield _gauge(
            "inlay_downloads",
            "Downloads that are kept, by state.",
            {(state,): counts.get(state, 0) for state in State},
            ("state",),
        )
        yield _gauge("inlay_queue_oldest_seconds", "How long the first in the queue has waited.", waits_s)
        yield _gauge("inlay_workers", "Downloads that may be fetched at the same time.", settings.workers)
        yield _gauge("inlay_workers_busy", "Downloads that are being fetched.", by_site.total())
        yield _gauge("inlay_conversions_running", "Tracks that are being converted.", converting)
        yield _gauge("inlay_sites_paused", "Sites that are left alone for a while.", len(paused))
        yield _gauge("inlay_library_tracks", "Tracks in the library.", tracks)
        yield _gauge("inlay_staging_bytes", "In the staging folder.", services.room.look().staged)
        yield _gauge("inlay_disk_free_bytes", "Free on the disk of a folder.", self._free(), ("folder",))
        yield _gauge(
            "inlay_database_bytes", "The database with its journal.", _size_of(settings.database_file)
        )
        copies = backup.copies(settings.database_file)
        if copies:
            age_s = max(0.0, (moment - copies[0].taken_at).total_seconds())
            yield _gauge("inlay_backup_age_seconds", "Since the newest copy of the database.", age_s)
        used = services.ytdlp.in_use()
        yield _gauge("inlay_yt_dlp_age_seconds", "Since the release of yt-dlp.", used.age_days * DAY_S)
        about = (__version__, platform.python_version(), sqlite3.sqlite_version, used.text)
        names = ("version", "python", "sqlite", "yt_dlp")
        yield _gauge("inlay_build_info", "What runs; always 1.", {about: 1}, names)

    def _free(self) -> dict[tuple[str, ...], float]:
        """A disk that is away or does not answer is left out."""
        settings = self.services.settings
        folders = {"data": settings.data_dir, "staging": settings.staging, "library": settings.library_dir}
        found: dict[tuple[str, ...], float] = {}
        for name, folder in folders.items():
            free = _free_bytes(folder)
            if free is not None:
                found[(name,)] = free
        return found


def _counted(counted: dict[str, meter_line.Values], apart: bool) -> Iterator["Metric"]:
    """What each process has counted; its name is a label where there is more than one."""
    from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

    for name, meter in meters.METERS.items():
        names = ("process", *meter.labels) if apart else meter.labels
        found = {
            (process, *labels) if apart else labels: numbers
            for process, values in counted.items()
            for labels, numbers in (values[name] or _nothing(meter)).items()
        }
        if not meter.bounds:
            counter = CounterMetricFamily(name, meter.help, labels=names)
            for labels, (total,) in found.items():
                counter.add_metric(labels, total)
            yield counter
            continue
        histogram = HistogramMetricFamily(name, meter.help, labels=names)
        bounds = [*map(str, meter.bounds), "+Inf"]
        for labels, (total, *numbers) in found.items():
            buckets = list(zip(bounds, accumulate(numbers), strict=True))
            histogram.add_metric(labels, buckets, total)
        yield histogram


def _nothing(meter: meters.Meter) -> dict[tuple[str, ...], list[float]]:
    """What has no labels is there from the start, with zeros: else its first change could not be seen."""
    return {} if meter.labels else {(): [0.0] * meter.size}


def _gauge(
    name: str, help: str, value: float | dict[tuple[str, ...], float], labels: tuple[str, ...] = ()
) -> "Metric":
    from prometheus_client.core import GaugeMetricFamily

    gauge = GaugeMetricFamily(name, help, labels=labels)
    for key, number in (value if isinstance(value, dict) else {(): value}).items():
        gauge.add_metric(key, number)
    return gauge


def _free_bytes(folder: Path) -> int | None:
    try:
        return answered(folder, lambda: shutil.disk_usage(folder).free)
    except (OSError, Failure):
        return None


def _size_of(database: Path) -> int:
    files = (database, backup.journal_of(database))
    return sum(file.stat().st_size for file in files if file.exists())


HANDLERS = [metrics]
