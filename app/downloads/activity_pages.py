"""The Activity page and the call behind it: what is going on, and which site asked for a pause."""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from app.db import now
from app.downloads import site_queries
from app.downloads.activity import DiskOut, SiteOut, StatsOut, stats
from app.downloads.model import State
from app.downloads.requests import AnyRequest
from app.downloads.waiting import countdown
from app.errors import Conflict, NotFound
from app.freshness.versions import BUNDLED, OLD_DAYS
from app.htmx import fragment, go, page, unchanged, version, wants_fragment
from app.languages.say import say
from app.room import size
from app.services import Services

# In the words of the inbox; what has ended is in the history.
GROUPS = (
    (say("waiting"), (State.QUEUED,)),
    (say("being fetched"), (State.PROBING, State.DOWNLOADING)),
    (say("to review"), (State.REVIEW,)),
    (say("being added"), (State.FINALIZING,)),
    (say("failed"), (State.FAILED,)),
    (say("added"), (State.DONE,)),
)


@get("/api/v1/downloads/stats", sync_to_thread=True)
def download_stats(request: AnyRequest, services: NamedDependency[Services]) -> StatsOut:
    """Counts by state, workers, how the sites are, room on the disks, yt-dlp's age."""
    return stats(services, request.user)


@get("/activity", sync_to_thread=True)
def activity_page(
    request: AnyRequest, services: NamedDependency[Services], seen: FromQuery[str] = ""
) -> Response[Any]:
    """The page; for a poll the part that changes, or 204 when it has not."""
    context = _context(stats(services, request.user))
    if not wants_fragment(request):
        return page("downloads/activity.html", nav="settings", **context)
    return unchanged() if seen == context["version"] else fragment("downloads/_activity.html", **context)


@post("/activity/sites/{site:str}/resume", sync_to_thread=True, status_code=200)
def resume_site(
    request: AnyRequest, services: NamedDependency[Services], site: FromPath[str]
) -> Response[Any]:
    """End a site's pause now: an admin has solved what it was for."""
    if not request.user.is_admin:
        # Whether there is such a site says what somebody else fetches.
        raise NotFound("There is nothing at this address.")
    with services.db.write() as session:
        resumed = site_queries.resume(session, site)
    if not resumed:
        raise Conflict("This site is not paused any more.", code="too_late")
    services.ring("stage", "next")
    if wants_fragment(request):
        return fragment("downloads/_activity.html", **_context(stats(services, request.user)))
    return go(request, "/activity")


@post("/activity/yt-dlp", sync_to_thread=True, status_code=200)
def look_for_ytdlp(request: AnyRequest, services: NamedDependency[Services]) -> Response[Any]:
    """Look for a newer yt-dlp now. Whoever fetches does it; what comes of it shows on the page."""
    if not request.user.is_admin:
        raise NotFound("There is nothing at this address.")
    if services.ytdlp.channel == BUNDLED:
        sentence = say("INLAY_YTDLP_CHANNEL is bundled: Inlay keeps to the yt-dlp that came with it.")
        raise Conflict(sentence, code="bundled")
    services.ring("freshen", "now")
    if wants_fragment(request):
        return fragment("downloads/_activity.html", **_context(stats(services, request.user)))
    return go(request, "/activity")


def _context(found: StatsOut) -> dict[str, Any]:
    groups = [(word, sum(found.counts[state] for state in states)) for word, states in GROUPS]
    sites = [_site(site) for site in found.sites]
    disk = _disk(found.disk)
    return {
        "groups": groups,
        "workers": found.workers,
        "sites": sites,
        "disk": disk,
        "full": found.disk.full,
        "yt_dlp": found.yt_dlp,
        "old": found.yt_dlp.age_days > OLD_DAYS,
        "version": version(groups, found.workers, found.sites, disk, found.disk.full, found.yt_dlp),
    }


def _site(site: SiteOut) -> dict[str, Any]:
    left = max(0, round((site.paused_until - now()).total_seconds())) if site.paused_until else 0
    worse = site.last_failure_at and (
        site.last_success_at is None or site.last_failure_at > site.last_success_at
    )
    return {"site": site, "left": left, "countdown": countdown(left), "worse": bool(worse)}


def _disk(disk: DiskOut) -> list[tuple[str, str]]:
    staged = say(f"{size(disk.staged_bytes)} of at most {size(disk.max_staging_bytes)}")
    staging = say(f"{size(disk.staging_free_bytes)} free, {size(disk.staging_kept_free_bytes)} are kept free")
    library = (
        say("not there") if disk.library_free_bytes is None else say(f"{size(disk.library_free_bytes)} free")
    )
    return [
        (say("Fetched, not added yet"), staged),
        (say("Staging disk"), staging),
        (say("Library disk"), library),
    ]


HANDLERS = [activity_page, resume_site, look_for_ytdlp]
API_HANDLERS = [download_stats]
