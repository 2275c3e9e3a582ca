"""Links: which ones we take, when two are the same, and whose site they are."""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from app.errors import Invalid

MAX_CHARS = 2048
SMUGGLED = "__youtubedl_smuggle"
TRACKING = re.compile(r"^(utm_\w+|si|feature|fbclid|gclid|igshid|ref|ref_src)$")
FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")


@dataclass(frozen=True)
class Link:
    url: str
    key: str
    """Equal for links that lead to the same place."""
    site: str
    """Host without `www.` and `m.`."""


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
    site = re.sub(r"^(www|m)\.(?=.+\.)", "", host)
    return Link(url=parts._replace(fragment=fragment).geturl(), key=_key(parts, site), site=site)


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


def _key(parts: SplitResult, site: str) -> str:
    query = urlencode([(name, value) for name, value in parse_qsl(parts.query) if not TRACKING.match(name)])
    port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    return f"{site}{port}{parts.path.rstrip('/')}?{query}"
