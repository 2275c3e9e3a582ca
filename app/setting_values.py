"""What the value of a setting may be: each parser takes the text and raises ValueError with a sentence."""

import re
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from app.freshness.versions import is_safe_index

LOOKUPS = ("musicbrainz", "coverart", "acoustid", "lrclib")
READ_HEADERS = ("authorization", "cookie", "host", "origin", "referer", "user-agent", "x-csrf-token", "range")
"""Headers that Inlay reads for what they say: none of them may name a user besides."""


def path(text: str) -> Path:
    return Path(text).expanduser().absolute()


def whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise ValueError(f"give a whole number from {low} to {high}")
        return int(text)

    return parse


def delays(text: str) -> tuple[int, ...]:
    if text.strip() == "0":
        return ()
    try:
        return tuple(whole(1, 24 * 3600)(part.strip()) for part in text.split(","))
    except ValueError as error:
        raise ValueError("give seconds from 1 to 86400, separated by commas, such as 5,30; or 0") from error


def one_of(*allowed: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"choose one of {', '.join(allowed)}")
        return text

    return parse


def hosts(text: str) -> tuple[str, ...]:
    hosts = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    for host in hosts:
        if "/" in host:
            try:
                ip_network(host)
            except ValueError as error:
                raise ValueError(
                    f"{host} is neither a host name nor a network such as 192.168.1.0/24"
                ) from error
    return hosts


def proxy(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https", "socks5", "socks5h") or not parts.hostname:
        raise ValueError("give a URL such as http://proxy.example:3128")
    return text


def lookups(text: str) -> tuple[str, ...]:
    asked = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    for one in asked:
        one_of(*LOOKUPS)(one)
    if "musicbrainz" not in asked and {"coverart", "acoustid"} & set(asked):
        raise ValueError("coverart and acoustid need musicbrainz beside them")
    return asked


def base_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("give a URL such as https://musicbrainz.example/ws/2")
    if not re.fullmatch(r"[a-z0-9._:-]+", parts.hostname):
        raise ValueError("this is not the name of a host")
    if parts.username or parts.password:
        raise ValueError("give the URL without a login")
    return text.rstrip("/")


def index_url(text: str) -> str:
    url = base_url(text)
    if not is_safe_index(url):
        raise ValueError("give a URL that begins with https://, as programs come from there")
    return url


def contact(text: str) -> str:
    # It goes into a header, in brackets.
    if not re.fullmatch(r"[!-'*-~]{3,100}", text) or not ("@" in text or "://" in text):
        raise ValueError("give an e-mail address or the URL of a page about you")
    return text


def long_secret(text: str) -> str:
    if not re.fullmatch(r"[!-~]{16,200}", text):
        raise ValueError(
            "give 16 to 200 letters, digits and signs without blanks; `openssl rand -hex 24` does"
        )
    return text


def existing_file(text: str) -> Path:
    file = path(text)
    if not file.is_file():
        raise ValueError("there is no file of that name")
    return file


def picture_name(text: str) -> str:
    if not text:
        return ""
    if not re.fullmatch(r"[^./\\\x00-\x1f][^/\\\x00-\x1f]*\.jpe?g", text) or len(text.encode()) > 100:
        raise ValueError("give a file name such as cover.jpg, without a folder")
    return text


def base_path(text: str) -> str:
    path = text.rstrip("/")
    if path and not re.fullmatch(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)+", path):
        raise ValueError("give a path such as /inlay, of letters, digits and . _ ~ -")
    return path


def networks(text: str) -> tuple[str, ...]:
    found = []
    for part in (one.strip() for one in text.split(",") if one.strip()):
        try:
            network = ip_network(part)
        except ValueError as error:
            raise ValueError(f"{part} is not a network such as 172.18.0.0/16, or an address") from error
        if network.prefixlen == 0:
            raise ValueError(f"{part} is everybody: give the addresses of your reverse proxies only")
        found.append(str(network))
    return tuple(found)


def identity_header(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", text):
        raise ValueError("give the name of a header such as Remote-User")
    if text.lower() in READ_HEADERS or text.lower().startswith(("x-forwarded-", "sec-", "hx-", "content-")):
        raise ValueError("this header means something else already; give one such as Remote-User")
    return text


def page_url(text: str) -> str:
    _web_address(text, "https://auth.example/logout")
    return text


def issuer(text: str) -> str:
    """Kept as it is: a slash at the end is part of the issuer's name."""
    example = "https://auth.example"
    parts = _web_address(text, example)
    if parts.query or parts.fragment or parts.username or parts.password:
        raise ValueError(f"give the URL alone, such as {example}")
    return text


def label(text: str) -> str:
    name = text.strip()
    if not name.isprintable() or not 1 <= len(name) <= 40:
        raise ValueError("give a name of 1 to 40 visible characters, such as Authelia")
    return name


def _web_address(text: str, example: str) -> SplitResult:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or not re.fullmatch(r"[!-~]+", text):
        raise ValueError(f"give a URL such as {example}")
    return parts
