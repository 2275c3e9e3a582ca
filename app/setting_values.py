"""Values of the settings about reverse proxies and signing in elsewhere, read strictly."""

import re
from ipaddress import ip_network
from urllib.parse import SplitResult, urlsplit

READ_HEADERS = ("authorization", "cookie", "host", "origin", "referer", "user-agent", "x-csrf-token", "range")
"""Headers that Inlay reads for what they say: none of them may name a user besides."""


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
