"""What is going on: counts, workers, how the sites are, room on the disks, and how old yt-dlp is."""

import shutil
from datetime import datetime
from pathlib import Path

import msgspec

from app.accounts.model import User
from app.downloads import queries, schedule_queries, site_queries
from app.downloads.model import Site, State
from app.downloads.schedule_queries import is_ahead
from app.freshness.installs import Installs
from app.freshness.versions import bundled
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


class YtDlpLookOut(msgspec.Struct):
    at: datetime
    outcome: str
    """installed, current, not_now (offline, say) or failed."""
    message: str


class YtDlpAsideOut(msgspec.Struct):
    version: str
    reason: str


class YtDlpOut(msgspec.Struct):
    """What the next download is fetched by; one that runs keeps the one that it began with."""

    version: str
    age_days: int
    channel: str
    """INLAY_YTDLP_CHANNEL: stable, nightly or bundled."""
    origin: str
    """installed (in the data folder) or bundled (came with Inlay)."""
    bundled: str
    lacks: list[str]
    """What the bundled one sends requests with and this one cannot: it wants a newer Inlay."""
    aside: list[YtDlpAsideOut]
    """Those that are not used, and why."""
    looking: bool
    last_look: YtDlpLookOut | None
    """None when nobody has looked since the start, or a worker of its own did."""


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
        yt_dlp=_yt_dlp(services.ytdlp),
    )


def _yt_dlp(installs: Installs) -> YtDlpOut:
    used = next(iter(installs.usable()), None)
    version, look = used.version if used else bundled(), installs.last_look
    return YtDlpOut(
        version=version.text,
        age_days=version.age_days,
        channel=installs.channel,
        origin="installed" if used else "bundled",
        bundled=bundled().text,
        lacks=used.facts.lacks if used else [],
        aside=[YtDlpAsideOut(version, one.reason) for version, one in sorted(installs.aside().items())],
        looking=installs.looking,
        last_look=YtDlpLookOut(look.at, look.outcome, look.message) if look else None,
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
