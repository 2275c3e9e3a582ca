"""What a person looks for in the library, as the page's address says it, and addresses that go on from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode

from app.languages.say import say
from app.library.find import Filters

MAX_QUERY = 200
VIEWS = {
    "recent": say("Recent"),
    "artists": say("Artists"),
    "releases": say("Releases"),
    "tracks": say("Tracks"),
}
NO_SITE = "none"
FIELDS = ("lossless", "site", "by", "from", "to", "liked")


@dataclass(frozen=True)
class Looking:
    """A value that means nothing is left out: an old bookmark shows more, and never an error."""

    view: str
    q: str
    before: str
    asked: Mapping[str, str]
    """The filters that are set, as the form sends them."""
    filters: Filters

    def path(self, *, view: str = "", before: str = "") -> str:
        """The address of another view of the same, or of the next page of this one."""
        view = view or self.view
        shown = "" if view == "recent" else view
        return _address({"view": shown, "q": self.q, **self.asked, "before": before})

    def path_without_filters(self) -> str:
        return _address({"view": "" if self.view == "recent" else self.view, "q": self.q})


def _address(said: Mapping[str, str]) -> str:
    query = urlencode({name: value for name, value in said.items() if value})
    return f"/library?{query}" if query else "/library"


def read_looking(params: Mapping[str, str], user_id: int) -> Looking:
    """What an address asks for, on behalf of a user: only they see what they like."""
    asked = {name: params.get(name, "").strip()[:MAX_QUERY] for name in FIELDS}
    by = (
        int(asked["by"])
        if asked["by"].isascii() and asked["by"].isdigit() and len(asked["by"]) < 18
        else None
    )
    first, last = _day(asked["from"]), _day(asked["to"])
    filters = Filters(
        lossless={"yes": True, "no": False}.get(asked["lossless"]),
        site=("" if asked["site"] == NO_SITE else asked["site"]) if asked["site"] else None,
        user_id=by,
        added_from=first,
        added_before=last + timedelta(days=1) if last else None,
        liked_by=user_id if asked["liked"] == "yes" else None,
    )
    understood = {
        "lossless": filters.lossless is not None,
        "site": filters.site is not None,
        "by": by is not None,
        "from": first,
        "to": last,
        "liked": filters.liked_by,
    }
    view = params.get("view", "")
    return Looking(
        view if view in VIEWS else "recent",
        params.get("q", "").strip()[:MAX_QUERY],
        params.get("before", ""),
        {name: asked[name] for name, is_set in understood.items() if is_set},
        filters,
    )


def _day(text: str) -> datetime | None:
    """The beginning of a day, in UTC. None for what is no day, or no day that can be reckoned with."""
    try:
        day = date.fromisoformat(text)
        return datetime.combine(day, time(), UTC) if 1900 < day.year < 9000 else None
    except ValueError:
        return None
