"""Links: which ones we take, when two are the same, and whose site they are."""

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from app.errors import Invalid

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

MAX_CHARS = 2048
SMUGGLED = "__youtubedl_smuggle"
TRACKING = re.compile(r"^(utm_\w+|si|feature|fbclid|gclid|igshid|ref|ref_src)$")
# Domains that a site has beside its own, for links to share.
SHORT_LINKS = {"youtu.be": "youtube.com", "youtube-nocookie.com": "youtube.com", "snd.sc": "soundcloud.com"}
FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")


@dataclass(frozen=True)
class Link:
    url: str
    key: str
    """Equal for links that lead to the same place."""
    site: str
    """Whose it is: the registrable domain (`bandcamp.com` for all its artists' hosts), or the address."""


def clean_link(text: str) -> Link:
    """The link that a person handed in. Raises Invalid with a sentence."""
    if not text:
        raise Invalid("Paste a link first.", code="no_link")
    if len(text) > MAX_CHARS:
        raise Invalid(
            f"This link is longer than {MAX_CHARS} characters. Is it really one link?", code="bad_link"
        )
    if FORBIDDEN.search(text):
        raise Invalid("A link has no spaces or line breaks in it. Paste just the link.", code="bad_link")
    parts, host = _split(text)
    fragment = "" if SMUGGLED in parts.fragment else parts.fragment
    return Link(url=parts._replace(fragment=fragment).geturl(), key=_key(parts, host), site=site_of(host))


def site_of(host: str) -> str:
    """The site that a host belongs to: who asks for a pause there means all of its hosts."""
    if ":" in host or host.replace(".", "").isdigit():
        return host
    site = _suffixes().privatesuffix(host) or host
    return SHORT_LINKS.get(site, site)


def is_public(host: str) -> bool:
    """Whether anybody may have a name under this one: `com`, `co.uk`, `github.io`."""
    return bool(_suffixes().is_public(host))


@cache
def _suffixes() -> "PublicSuffixList":
    # Loaded with the first link: 5 MB that a process without links does not need.
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()


def _split(text: str) -> tuple[SplitResult, str]:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise Invalid(
            "This is not a link. Copy the address of the page with the music.", code="bad_link"
        ) from error
    if parts.scheme not in ("http", "https"):
        raise Invalid("A link begins with http:// or https://.", code="bad_link")
    if "@" in parts.netloc:
        raise Invalid(
            "A link with a name or password in it is not taken. Remove the part before the @.",
            code="bad_link",
        )
    if not host or host.startswith((".", "-")):
        raise Invalid(
            "This link names no site. Copy the address of the page with the music.", code="bad_link"
        )
    return parts, host.rstrip(".")


def _key(parts: SplitResult, host: str) -> str:
    host = re.sub(r"^(www|m)\.(?=.+\.)", "", host)
    query = urlencode([(name, value) for name, value in parse_qsl(parts.query) if not TRACKING.match(name)])
    port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    return f"{host}{port}{parts.path.rstrip('/')}?{query}"
