"""What a card of the inbox says: one line of state in plain words, a bar while something moves."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from app.audio.convert import plan
from app.audio.formats import target_for
from app.audio.quality import clock, label_with_source, short_label
from app.cookies.sites import login_of
from app.db import now
from app.downloads import trim, undo, waiting
from app.downloads.known import Known, has_duplicate
from app.downloads.lanes import lane_of_all
from app.downloads.model import Download, State
from app.downloads.places import Places
from app.downloads.progress import Progress, ProgressBoard
from app.downloads.retention import keeps_until
from app.htmx import version
from app.languages.say import say
from app.room import Room

LANES = ("ready", "way", "needs", "have", "added")
HEADINGS = {
    "ready": say("Ready for you"),
    "way": say("On the way"),
    "needs": say("Needs you"),
    "have": say("You have this"),
    "added": say("Just added"),
}
MONTHS = (
    *(say("January"), say("February"), say("March"), say("April"), say("May"), say("June")),
    *(say("July"), say("August"), say("September"), say("October"), say("November"), say("December")),
)
_LANE = {State.REVIEW: "ready", State.FAILED: "needs", State.DONE: "added", State.SKIPPED: "have"}
_PHASE = {
    State.QUEUED: say("Waiting for its turn"),
    State.PROBING: say("Looking at the link"),
    State.DOWNLOADING: say("Fetching the audio"),
    State.FINALIZING: say("Adding to the library"),
    State.CANCELLED: say("Cancelled"),
    State.DISCARDED: say("Discarded"),
    State.SKIPPED: say("Skipped: you have this already"),
}


@dataclass(frozen=True)
class Card:
    id: str
    state: str
    lane: str
    title: str
    line: str
    percent: float | None
    has_cover: bool
    active: bool
    until: datetime | None = None
    """When it goes on by itself; the page counts down to it."""
    whole: str = ""
    """Of what it waits for, with the advice at its end that the line does without."""
    is_plain: bool = False
    """Its line is names alone: nothing to translate."""
    note: str = ""
    turn: int = 0
    """Its place among those on the way, smallest first: nothing moves when its turn comes."""
    review_lane: str = ""
    """In review: how much it wants of the person. Not the inbox's lane."""
    actions: tuple[tuple[str, str, str], ...] = ()
    """What a person can do about it, two things at most: the route's last part, the word, its class."""

    cookies_of: str = ""
    """Failed for want of a sign-in: the site whose cookies could help."""

    @property
    def version(self) -> str:
        return version(self)

    @property
    def seconds_left(self) -> int:
        return max(0, round((self.until - now()).total_seconds())) if self.until else 0

    @property
    def countdown(self) -> str:
        return waiting.countdown(self.seconds_left)


def card_of(
    download: Download, board: ProgressBoard, room: Room, have: Known, places: Places | None = None
) -> Card:
    """`have` is what the library has of it while it is in review, `places` where it is once it is added."""
    progress = board.get(download.id) if download.active else Progress()
    wait = waiting.why(download, room)
    return Card(
        id=download.id,
        state=download.state,
        lane=_LANE.get(download.state, "way"),
        title=title_of(download),
        line=_waits(wait) if wait else _line(download, progress, places or {}),
        whole=wait.whole if wait else "",
        is_plain=not wait and is_plain(download),
        percent=0 if download.state is State.QUEUED else progress.percent,
        has_cover=progress.cover or any(track.cover_file for track in download.tracks),
        active=download.active,
        until=wait.until if wait else None,
        note=_note(download, room.settings.review_days, have),
        turn=download.queue_order if download.active else 0,
        review_lane=(lane_of_all(download, have) or "") if download.state is State.REVIEW else "",
        actions=_actions(download, wait),
        cookies_of=login_of(download.site) if _wants_cookies(download) else "",
    )


def _wants_cookies(download: Download) -> bool:
    return download.state is State.FAILED and download.wants_cookies


CANCEL = ("cancel", say("Cancel"), "quiet")


def _actions(download: Download, wait: waiting.Wait | None) -> tuple[tuple[str, str, str], ...]:
    match download.state:
        case State.FAILED:
            return (("retry", say("Retry"), ""), ("discard", say("Drop"), "quiet"))
        case State.QUEUED | State.FINALIZING if wait and download.retry_at:
            return (("retry", say("Try now"), "quiet"), CANCEL)
        case State.QUEUED if not wait:
            return (("first", say("First"), "quiet"), CANCEL)
        case State.QUEUED | State.PROBING | State.DOWNLOADING:
            return (CANCEL,)
        case State.FINALIZING if not any(track.sha256 for track in download.tracks):
            return (CANCEL,)
        case State.SKIPPED if download.duplicate_of:
            return (("again", say("Fetch again"), "quiet"),)
        case State.DONE if undo.is_possible(download):
            return (("undo", say("Undo"), "quiet"),)
    return ()


def _waits(wait: waiting.Wait) -> str:
    return say(f"{wait.message} Trying again in") if wait.until else wait.message


def _note(download: Download, review_days: int, have: Known) -> str:
    if download.state is not State.REVIEW:
        return ""
    until = keeps_until(download, review_days)
    month = MONTHS[until.month - 1]
    waits = say(f"Waits for you until {until.day} {month}")
    there = any(has_duplicate(have.get(track.id, ())) for track in download.tracks)
    return f"{say('You have this')} · {waits}" if there else waits


def lanes(cards: list[Card]) -> list[tuple[str, list[Card]]]:
    """The inbox in the order of what it wants of you; empty lanes are left out."""
    # What is on the way in the order of its turns, so that what is being fetched comes first.
    in_turn = sorted(cards, key=lambda card: card.turn)
    found = [(lane, [card for card in in_turn if card.lane == lane]) for lane in LANES]
    return [(HEADINGS[lane], several) for lane, several in found if several]


def title_of(download: Download) -> str:
    for track in download.tracks:
        typed = track.tags.title if track.tags else (track.draft or {}).get("title")
        known = typed or track.proposal.value("title")
        if known:
            return known
    return download.title or _short(download.url)


def _line(download: Download, progress: Progress, places: Places) -> str:
    match download.state:
        case State.REVIEW:
            return _summary(download)
        case State.FAILED:
            return download.failure_message or say("This did not work. Retry.")
        case State.DONE:
            return _added(download, places)
        case State.DOWNLOADING if progress.done_bytes:
            return _amounts(progress)
        case State.FINALIZING if progress.percent:
            return say(f"Converting, {progress.percent:.0f} %")
    return _PHASE[download.state]


def _summary(download: Download) -> str:
    """The Paper Harbour · 3:42 · Opus 130 kbit/s → MP3 V0."""
    track = download.tracks[0]
    parts = [track.proposal.value("artist"), clock(trim.kept_ms(track)), becomes(download)]
    return " · ".join(part for part in parts if part)


def becomes(download: Download) -> str:
    """What the first track is and will be, short: Opus 130 → MP3."""
    source = download.tracks[0].source_quality
    short = short_label(source)
    if plan(source, download.format).kind != "encode":
        return short
    return f"{short} → {target_for(source.codec, download.format).name.upper()}"


def _amounts(progress: Progress) -> str:
    """62 % · 3.1 of 5.0 MB · 1.2 MB/s · 2 s left."""
    done, total = progress.done_bytes or 0, progress.total_bytes
    parts = [f"{progress.percent:.0f} %" if progress.percent is not None else ""]
    parts.append(say(f"{_mb(done)} of {_mb(total)} MB") if total else f"{_mb(done)} MB")
    if progress.speed_bps:
        parts.append(_speed(progress.speed_bps))
    if progress.eta_s is not None:
        parts.append(
            say(f"{progress.eta_s} s left")
            if progress.eta_s < 60
            else say(f"{progress.eta_s // 60} min left")
        )
    return " · ".join(part for part in parts if part)


def _speed(bytes_per_s: int) -> str:
    return f"{_mb(bytes_per_s)} MB/s" if bytes_per_s >= 950_000 else f"{bytes_per_s // 1000} kB/s"


def _mb(number: int) -> str:
    return f"{number / 1_000_000:.1f}"


def _short(url: str) -> str:
    parts = urlsplit(url)
    text = f"{parts.hostname or ''}{parts.path}".removeprefix("www.").rstrip("/")
    return text if len(text) <= 48 else text[:47] + "…"


def extension_of(download: Download) -> str:
    """The file ending that the first track will have."""
    return plan(download.tracks[0].source_quality, download.format).extension


BY_ITSELF = say("added by itself")
_ENDED = {
    State.DONE: say("Added"),
    State.SKIPPED: say("Skipped: you have this already"),
    State.CANCELLED: say("Cancelled"),
    State.DISCARDED: say("Discarded"),
}


def is_plain(download: Download) -> bool:
    """Whether its line, on the card or in the history, is names and paths alone."""
    if download.state is State.REVIEW:
        return True
    has_paths = any(track.path for track in download.tracks)
    return download.state is State.DONE and has_paths and not download.skip_review


def history_line(download: Download, places: Places) -> str:
    if download.state is State.DISCARDED and download.failure_message:
        return say(f"Discarded: {download.failure_message}")
    return (_added(download, places) if download.state is State.DONE else "") or _ENDED[download.state]


def sound(download: Download) -> str:
    """What the files are that it brought, and what they were made from when that was less."""
    found = [
        label_with_source(track.converted_quality, track.source_quality)
        for track in download.tracks
        if track.path and track.converted_quality
    ]
    return ", ".join(dict.fromkeys(found))


def _added(download: Download, places: Places) -> str:
    """Where its tracks are in the library, and whether a person had a look before."""
    paths = [places.get(track.id, track.path) for track in download.tracks if track.path]
    path = " · ".join(paths)
    if not download.skip_review:
        return path
    return say(f"{path} · added by itself") if path else BY_ITSELF
