"""What one user may ask for: how much waits, how many links a day, how many bytes a day."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from app.db import now
from app.downloads import usage_queries
from app.downloads.model import Usage
from app.errors import TooMany
from app.languages.say import say
from app.room import size
from app.settings import Settings

SOON_S = 60


def check(session: Session, user_id: int, settings: Settings) -> None:
    """Raises TooMany, with the seconds after which it is worth asking again."""
    check_waiting(session, user_id, settings)
    hours = usage_queries.last_day(session, user_id)
    if wait_s := _wait_s(hours, lambda hour: hour.downloads, settings.user_per_day):
        sentence = say(
            f"You have handed in {settings.user_per_day:,} links within a day, which is the limit. "
            f"The next one is taken in {_clock(wait_s)}."
        )
        raise TooMany(sentence, retry_after_s=wait_s)


def check_waiting(session: Session, user_id: int, settings: Settings) -> None:
    """The limits that also hold for a link that is fetched once more. Raises TooMany."""
    waiting = usage_queries.waiting(session, user_id)
    if waiting >= settings.user_queued:
        sentence = say(f"{waiting:,} of your downloads are waiting already. Come back when some are done.")
        raise TooMany(sentence, retry_after_s=SOON_S)
    hours = usage_queries.last_day(session, user_id)
    if wait_s := _wait_s(hours, lambda hour: hour.fetched_bytes, settings.user_bytes_per_day):
        sentence = say(
            f"{size(settings.user_bytes_per_day)} were fetched for you within a day, which is the limit. "
            f"The next link is taken in {_clock(wait_s)}."
        )
        raise TooMany(sentence, retry_after_s=wait_s)


def _wait_s(hours: list[Usage], amount: Callable[[Usage], int], most: int) -> int:
    """Seconds until enough of the day has gone by; 0 when there is room now."""
    total, wait_s = sum(amount(hour) for hour in hours), 0
    for hour in hours:
        if total < most:
            break
        total -= amount(hour)
        wait_s = int((hour.hour + usage_queries.DAY - now()).total_seconds()) + 1
    return wait_s


def _clock(seconds: int) -> str:
    hours, minutes = divmod(max(60, seconds) // 60, 60)
    return say(f"{hours} h {minutes:02} min") if hours else say(f"{minutes} min")
