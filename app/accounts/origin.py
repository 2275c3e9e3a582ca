"""Where a request comes from, where its answer may lead, and the form it carries."""

from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.types import Scope

from app.front import base_of

Connection = ASGIConnection[Any, Any, Any, Any]

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
LONGEST_PATH = 4096
FORM_BYTES = 32 * 1024
"""Room for every form of ours: two passwords of the longest kind, spelled out in percent signs."""


def is_https(scope: Scope) -> bool:
    return scope["scheme"] in ("https", "wss")


def own_origin(connection: Connection) -> str:
    """Our own `scheme://host`, as this request names us."""
    scheme = "https" if is_https(connection.scope) else "http"
    return f"{scheme}://{connection.headers.get('host', '')}"


def own_address(connection: Connection) -> str:
    """Where our pages begin, as the person's browser sees it: what whole addresses are made of."""
    return own_origin(connection) + base_of(connection.scope)


def is_own(connection: Connection) -> bool:
    """Does the browser say that one of our own pages sent this? Yes too when it says nothing.

    Browsers leave Sec-Fetch-Site away on plain http, so there Origin has to do.
    """
    site = connection.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = connection.headers.get("origin")
    if origin is None:
        return True
    place = _place(origin)
    return place is not None and place == _place(own_origin(connection))


def client_address(connection: Connection) -> str:
    return connection.client.host if connection.client else ""


def local_path(text: str) -> str:
    """`text` when it is a path of ours, else `/`: a login never ends on somebody else's page."""
    safe = text.isprintable() and "\\" not in text and text.startswith("/") and not text.startswith("//")
    return text if safe and len(text) <= LONGEST_PATH else "/"


def login_path(request: Request[Any, Any, Any], any_user: bool) -> str:
    """Where to send somebody who has to sign in: `/setup` while there is no user, else `/login`."""
    if not any_user:
        return "/setup"
    back = _page_of(request)
    return "/login" if back == "/" else f"/login?next={quote(back, safe='/')}"


def read_form(body: bytes) -> dict[str, str]:
    """The fields of an urlencoded form, the first of each name.

    Litestar's own parser remembers the last 1,024 bodies: no place for passwords.
    """
    pairs = parse_qsl(body.decode("latin-1"), keep_blank_values=True)
    return dict(reversed(pairs))


def _page_of(request: Request[Any, Any, Any]) -> str:
    """The page that the person looks at: a fragment's page, or the path of a GET."""
    page = _split(request.headers.get("hx-current-url"))
    if page is not None:
        path, query = page.path, page.query
    elif request.method in SAFE_METHODS:
        path, query = request.scope["path"], request.scope["query_string"].decode("latin-1")
    else:
        return "/"
    return local_path(f"{path}?{query}" if query else path)


def _place(origin: str) -> tuple[str, str, int | None] | None:
    """Scheme, host and port; None for `null` and for anything that is more than an origin."""
    parts = _split(origin)
    if parts is None or not parts.hostname or parts.path or parts.query or "@" in parts.netloc:
        return None
    try:
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None
    return parts.scheme, parts.hostname.rstrip("."), port


def _split(url: str | None) -> SplitResult | None:
    try:
        return urlsplit(url) if url is not None else None
    except ValueError:
        return None
