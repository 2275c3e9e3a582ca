"""Cookies as people bring them: Netscape's cookies.txt, or the JSON of a browser extension. Read strictly.

What is read is written anew, line by line, before anything else sees it: yt-dlp prints a line that it does
not like, and one end of line in a value would be a cookie of somebody's choice.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec

from app.errors import Invalid
from app.languages.say import say
from app.sources.addresses import read_host
from app.sources.urls import is_public, site_of

MAX_BYTES = 1_000_000
BODY_BYTES = 1024 * 1024
"""With the form around it; what is larger would be put on the disk while it comes in."""
LAST_MOMENT_S = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp())
HTTP_ONLY = "#HttpOnly_"
HEADER = "# Netscape HTTP Cookie File"
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
NAME = re.compile(r"[!-:<>-~]{1,256}")
VALUE = re.compile(r"[ -:<-~]{0,8192}")
PATH = re.compile(r"/[!-:<-~]{0,1023}")
EXPIRES = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")
LOST_TABS = say(
    "The tabs between the columns have become blanks, as happens to text that is copied from a page. "
    "Hand in the file itself."
)
HOW = say("Export the cookies of the site as a cookies.txt (Netscape format) and hand in that file.")


@dataclass(frozen=True)
class SiteCookie:
    """One cookie, with nothing in it that could end its line or its field."""

    host: str
    with_subdomains: bool
    path: str
    secure: bool
    expires_s: int
    """Seconds since 1970; 0: when the browser is closed, which here is never."""
    name: str
    value: str

    @property
    def line(self) -> str:
        """As Python's cookie jar wants it: the dot and the first flag say the same."""
        wide, secure = (str(one).upper() for one in (self.with_subdomains, self.secure))
        domain = f".{self.host}" if self.with_subdomains else self.host
        return "\t".join((domain, wide, self.path, secure, str(self.expires_s), self.name, self.value))

    def has_expired(self, moment: datetime) -> bool:
        return 0 < self.expires_s <= moment.timestamp()


@dataclass
class Jar:
    """What was in a file. `odd` could not be taken: a domain of everybody's, signs that no header has."""

    sites: dict[str, list[SiteCookie]] = field(default_factory=dict)
    expired: int = 0
    odd: int = 0


def read(data: bytes, moment: datetime) -> Jar:
    """Raises Invalid with a sentence that holds nothing of what was in it."""
    if len(data) > MAX_BYTES:
        raise _wrong(say("This is larger than 1 MB. Export the cookies of one site instead of all."))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _wrong(say(f"This is not a text file. {HOW}")) from error
    cookies = _of_json(text) if text.lstrip()[:1] in ("[", "{") else _of_lines(text)
    jar = Jar()
    kept: dict[tuple[str, ...], SiteCookie] = {}
    for cookie in cookies:
        if cookie is None:
            jar.odd += 1
        elif cookie.has_expired(moment):
            jar.expired += 1
        else:
            kept[cookie.host, cookie.path, cookie.name] = cookie
    for cookie in kept.values():
        jar.sites.setdefault(site_of(cookie.host), []).append(cookie)
    return jar


def write(cookies: list[SiteCookie]) -> str:
    return "".join(f"{line}\n" for line in (HEADER, *(cookie.line for cookie in cookies)))


def ends_at(cookies: list[SiteCookie]) -> datetime | None:
    """When the last of them expires; None: some never do."""
    ends = [cookie.expires_s for cookie in cookies]
    return datetime.fromtimestamp(max(ends), UTC) if all(ends) else None


def _of_lines(text: str) -> list[SiteCookie | None]:
    lines = enumerate(text.split("\n"), 1)
    return [_of_line(number, line.removesuffix("\r")) for number, line in lines if _says_something(line)]


def _says_something(line: str) -> bool:
    return bool(line.strip()) and (not line.startswith("#") or line.startswith(HTTP_ONLY))


def _of_line(number: int, line: str) -> SiteCookie | None:
    if CONTROL.search(line):
        raise _wrong(say(f"Line {number} holds a control character, which no cookie has. {HOW}"))
    fields = line.removeprefix(HTTP_ONLY).split("\t")
    if len(fields) == 6:
        # An empty value at the end, whose tab an editor took away.
        fields.append("")
    if len(fields) != 7 or not _is_entry(fields):
        if "\t" not in line and _is_entry(line.removeprefix(HTTP_ONLY).split()):
            raise Invalid(LOST_TABS, code="lost_tabs", fields={"cookies": LOST_TABS})
        raise _wrong(say(f"Line {number} is not a line of a cookies.txt. {HOW}"))
    domain, wide, path, secure, expires, name, value = fields
    return _cookie(
        domain,
        wide.upper() == "TRUE" or domain.startswith("."),
        path,
        secure.upper() == "TRUE",
        float(expires or 0),
        name,
        value,
    )


def _is_entry(fields: list[str]) -> bool:
    """Domain, TRUE or FALSE, path, TRUE or FALSE, seconds, name, value."""
    flags = all(one.upper() in ("TRUE", "FALSE") for one in fields[1:4:2])
    return len(fields) >= 6 and flags and (not fields[4] or EXPIRES.fullmatch(fields[4]) is not None)


class _Exported(msgspec.Struct, rename="camel"):
    """What extensions and tools agree on; they call the end `expirationDate` or `expires`."""

    domain: str
    name: str
    value: str
    path: str = "/"
    secure: bool = False
    host_only: bool | None = None
    expiration_date: float | None = None
    expires: float | None = None


class _Wrapped(msgspec.Struct):
    cookies: list[_Exported]


def _of_json(text: str) -> list[SiteCookie | None]:
    try:
        found = msgspec.json.decode(text, type=list[_Exported] | _Wrapped)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise _wrong(
            say(f"This JSON is not a list of cookies as browser extensions export it. {HOW}")
        ) from error
    exported = found.cookies if isinstance(found, _Wrapped) else found
    return [
        _cookie(
            one.domain,
            one.domain.startswith(".") if one.host_only is None else not one.host_only,
            one.path,
            one.secure,
            one.expiration_date or one.expires or 0,
            one.name,
            one.value,
        )
        for one in exported
    ]


def _cookie(
    domain: str, wide: bool, path: str, secure: bool, expires_s: float, name: str, value: str
) -> SiteCookie | None:
    """None for one that no site would be shown, or that does not fit into a line."""
    try:
        host = read_host(domain.removeprefix("."))
    except ValueError:
        return None
    whole = NAME.fullmatch(name) and VALUE.fullmatch(value) and PATH.fullmatch(path or "/")
    wide = wide and host.address is None
    if not whole or (wide and is_public(host.name)):
        return None
    ends_s = max(0, min(int(expires_s), LAST_MOMENT_S))
    return SiteCookie(host.name, wide, path or "/", secure, ends_s, name, value)


def _wrong(sentence: str) -> Invalid:
    return Invalid(sentence, code="bad_cookies", fields={"cookies": sentence})
