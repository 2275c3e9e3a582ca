"""What is going on: counts, workers, how the sites are, room on the disks, and how old yt-dlp is."""

import shutil
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec

from app.accounts.model import User
from app.downloads import queries, schedule_queries, site_queries
from app.downloads.model import Site, State
from app.downloads.schedule_queries import is_ahead
from app.services import Services


class WorkersOut(msgspec.Struct):
    total: int
    """INLAY_WORKERS: that many downloads are fetched at the same time."""
    busy: int
    per_site: int


class SiteOut(msgspec.Struct):
    site: str
    fetching: int
    last_success_at: datetime | None
    last_failure_at: datetime | None
    last_failure: str | None
    """The sentence."""
    paused_until: datetime | None


class DiskOut(msgspec.Struct):
    staged_bytes: int
    max_staging_bytes: int
    staging_free_bytes: int
    staging_kept_free_bytes: int
    library_free_bytes: int | None
    """None when the library folder is not there."""
    full: str
    """Why nothing new is fetched, in a sentence; empty while there is room."""


class YtDlpOut(msgspec.Struct):
    version: str
    age_days: int


class StatsOut(msgspec.Struct):
    counts: dict[str, int]
    """Downloads by state: yours, or for an admin everybody's."""
    workers: WorkersOut
    sites: list[SiteOut]
    """Those that you, or for an admin anybody, had downloads from."""
    disk: DiskOut
    yt_dlp: YtDlpOut


def stats(services: Services, user: User) -> StatsOut:
    """What this user may know: an admin sees all, others their own downloads and sites."""
    user_id = None if user.is_admin else user.id
    with services.db.read() as session:
        counts = queries.counts(session, user_id=user_id)
        sites = site_queries.known(session, user_id=user_id)
        by_site, _ = schedule_queries.under_way(session)
    settings = services.settings
    return StatsOut(
        counts={state: counts.get(state, 0) for state in State},
        workers=WorkersOut(total=settings.workers, busy=by_site.total(), per_site=settings.per_site),
        sites=[_site_out(site, by_site[site.name]) for site in sites],
        disk=_disk(services),
        yt_dlp=YtDlpOut(version=version("yt-dlp"), age_days=age_days(version("yt-dlp"))),
    )


def _site_out(site: Site, fetching: int) -> SiteOut:
    paused = site.paused_until if site.paused_until and is_ahead(site.paused_until) else None
    return SiteOut(
        site=site.name,
        fetching=fetching,
        last_success_at=site.succeeded_at,
        last_failure_at=site.failed_at,
        last_failure=site.failure_message,
        paused_until=paused,
    )


def _disk(services: Services) -> DiskOut:
    disk = services.room.look()
    return DiskOut(
        staged_bytes=disk.staged,
        max_staging_bytes=disk.most_staged,
        staging_free_bytes=disk.free,
        staging_kept_free_bytes=disk.floor,
        library_free_bytes=_free(services.settings.library_dir),
        full=disk.full,
    )


def _free(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def age_days(yt_dlp: str) -> int:
    """Its version is the day of its release: 2026.10.26."""
    year, month, day = (int(part) for part in yt_dlp.split(".")[:3])
    return max(0, (datetime.now(UTC) - datetime(year, month, day, tzinfo=UTC)).days)
