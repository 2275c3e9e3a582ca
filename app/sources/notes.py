"""What yt-dlp says and what the sites answer while it works: kept for the day when something fails."""

import re
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

KEPT_WARNINGS, WARNING_CHARS = 50, 500
KEPT_ANSWERS = 50
MAX_RETRY_AFTER_S = 24 * 3600
TOO_LARGE = "File is larger than max-filesize"
COOKIES_REJECTED = "account cookies are no longer valid"
"""How yt-dlp says it of YouTube and of Instagram, as a warning and before anything fails."""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer that was a refusal."""

    status: int
    retry_after_s: int | None = None
    guard: str = ""
    """Given by our own egress guard: `refused` or `unreachable`. Only ever makes a sentence better: a site
    that lies here changes what is said about itself."""

    @classmethod
    def of(cls, response: Any) -> "Answer":
        """From a yt-dlp response."""
        headers = response.headers
        told, date = headers.get("Retry-After"), headers.get("Date")
        return cls(int(response.status), retry_after_s(told, date), headers.get("X-Inlay-Egress") or "")


class Notes:
    """yt-dlp's logger: keeps warnings, prints nothing. Also remembers the refusals of sites.

    Many refusals never reach us as errors: extractors turn them into warnings, the downloader forgets them
    between its own tries, skipped fragments end in an empty file.
    """

    def __init__(self, *, with_cookies: bool = False) -> None:
        self.with_cookies = with_cookies
        """The person's own are shown to the site."""
        self.cookies_rejected = False
        self.warnings: deque[str] = deque(maxlen=KEPT_WARNINGS)
        self.answers: deque[Answer] = deque(maxlen=KEPT_ANSWERS)
        self.too_large = False
        """yt-dlp found the file larger than `max_filesize`; all that it does then is to say so."""

    def debug(self, message: str) -> None:
        # All that is meant for the screen comes here. Its own line, not one that holds a stranger's title.
        if message.lstrip("\r").startswith(f"[download] {TOO_LARGE}"):
            self.too_large = True

    def info(self, message: str) -> None: ...

    def warning(self, message: str) -> None:
        self.cookies_rejected |= self.with_cookies and COOKIES_REJECTED in message
        self.warnings.append(message[:WARNING_CHARS])

    def error(self, message: str) -> None: ...

    def watch(self, ydl: Any) -> None:
        """From now on, remember every refusal that this YoutubeDL is given."""
        from yt_dlp.networking.exceptions import HTTPError

        ask = ydl.urlopen

        def urlopen(request: Any) -> Any:
            try:
                return ask(request)
            except HTTPError as error:
                self.answers.append(Answer.of(error.response))
                raise

        ydl.urlopen = urlopen

    def last(self, status: int) -> Answer:
        """The latest refusal with this status."""
        return next((answer for answer in reversed(self.answers) if answer.status == status), Answer(status))


def retry_after_s(told: str | None, date: str | None = None) -> int | None:
    """Seconds that a Retry-After header means, none when it is nonsense; `date` is the answer's own Date.

    The site's own clock is what a date is measured with, as long as it tells it: ours may be wrong.
    """
    told = (told or "").strip()
    if re.fullmatch(r"[0-9]{1,12}", told):
        return min(int(told), MAX_RETRY_AFTER_S)
    then, now = _moment(told), _moment(date or "") or datetime.now(UTC)
    if then is None:
        return None
    return min(max(0, round((then - now).total_seconds())), MAX_RETRY_AFTER_S)


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
