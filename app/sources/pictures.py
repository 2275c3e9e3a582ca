"""A picture from a link that a person pasted: a small fetch in a limited child, through its own guard."""

import base64
import http.client
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, quote, urljoin, urlsplit

import certifi

from app import __version__
from app.children import limits, parent
from app.children.child import Emit
from app.errors import Failure, FailureKind, Invalid, TooMany
from app.languages.say import say
from app.settings import Settings
from app.sources.addresses import Allowed
from app.sources.egress import EgressGuard, ProxyTicket
from app.sources.urls import clean_link

MAX_BYTES = 20 * 2**20
SECONDS = 20.0
AT_ONCE = 3
"""Each keeps a thread of the server waiting: a slow site must not take them all."""
REDIRECTS = 5
SENDS_ELSEWHERE = (301, 302, 303, 307, 308)
PIECE_BYTES = 64 * 1024
# TLS, headers and redirects come on top of a picture; the guard counts them, too.
OVERHEAD_BYTES = 256 * 1024
CODE = "bad_cover"
OURS = "X-Inlay-Egress"
"""In an answer that is the guard's own, not the site's."""
# What a link may hold beside letters and digits and stay as it is.
PLAIN = "%/:?#[]@!$&'()*+,;=~-._"

TOO_LARGE = say("The picture at this link is larger than 20 MB. Use a smaller one.")
TOO_SLOW = say("The site of this link is too slow. Try again, or save the picture and upload it.")
UNREACHABLE = say("This link cannot be reached. Check it, or save the picture and upload it.")

_places = threading.BoundedSemaphore(AT_ONCE)


def fetch(settings: Settings, url: str, target: Path) -> None:
    """What is at this link, whatever it is, as the file `target`. Raises Invalid with a sentence, TooMany.

    The guard judges every host on the way, redirects included, and cuts what gets too large.
    """
    link = clean_link(url.strip()).url
    with _place(), _ticket(settings) as (ticket, port):
        args = {
            "url": link,
            "target": str(target.absolute()),
            "port": port,
            "user": ticket.download_id,
            "token": ticket.token,
            "ca_file": str(settings.ca_file) if settings.ca_file else None,
        }
        within = limits.picture_limits(settings, target.absolute().parent, port)
        try:
            parent.run(f"{__name__}:fetch_in_child", args, seconds=SECONDS, limits=within)
        except Failure as failure:
            late = failure.kind is FailureKind.TEMPORARY
            raise Invalid(_why(ticket, TOO_SLOW if late else failure.message), code=CODE) from failure
        except parent.ChildCrashed as crash:
            raise Invalid(_why(ticket, UNREACHABLE), code=CODE) from crash


@contextmanager
def _place() -> Iterator[None]:
    if not _places.acquire(blocking=False):
        raise TooMany("Other pictures are being fetched. Try again in a moment.", retry_after_s=5)
    try:
        yield
    finally:
        _places.release()


@contextmanager
def _ticket(settings: Settings) -> Iterator[tuple[ProxyTicket, int]]:
    """A way out for one picture, and the guard's port. Not the worker's guard: it may run elsewhere."""
    guard = EgressGuard(Allowed(*settings.allow_hosts), own_ports={settings.port}, upstream=settings.proxy)
    guard.start()
    try:
        yield guard.open("picture", MAX_BYTES + OVERHEAD_BYTES), guard.port
    finally:
        guard.stop()


def _why(ticket: ProxyTicket, otherwise: str) -> str:
    """The guard knows better than its client why nothing came."""
    if ticket.over_budget:
        return TOO_LARGE
    if ticket.refused:
        reason = ticket.refused[-1].reason
        return say(
            f"Inlay does not fetch from where this link leads ({reason}). Save the picture and upload it."
        )
    return otherwise


def fetch_in_child(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Child side. Raises Failure."""
    parts = urlsplit(args["url"])
    for _ in range(REDIRECTS + 1):
        try:
            with closing(_connection(parts, args)) as connection:
                elsewhere = _exchange(connection, parts, args)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _permanent(UNREACHABLE) from error
        if elsewhere is None:
            return {}
        parts = elsewhere
    raise _permanent(say("This link leads round in circles. Save the picture and upload it."))


def _login(args: dict[str, Any]) -> dict[str, str]:
    pair = base64.b64encode(f"{args['user']}:{args['token']}".encode()).decode()
    return {"Proxy-Authorization": f"Basic {pair}"}


def _connection(parts: SplitResult, args: dict[str, Any]) -> http.client.HTTPConnection:
    """To the guard; with a tunnel through it for https."""
    if parts.scheme == "http":
        return http.client.HTTPConnection("127.0.0.1", args["port"], timeout=SECONDS)
    context = ssl.create_default_context(cafile=certifi.where())
    if args["ca_file"]:
        context.load_verify_locations(args["ca_file"])
    connection = http.client.HTTPSConnection("127.0.0.1", args["port"], timeout=SECONDS, context=context)
    connection.set_tunnel(parts.hostname or "", parts.port or 443, _login(args))
    return connection


def _exchange(
    connection: http.client.HTTPConnection, parts: SplitResult, args: dict[str, Any]
) -> SplitResult | None:
    """Asks once: the body is in the target then, or the answer is where else to ask."""
    headers = {
        "User-Agent": f"Inlay/{__version__}",
        "Accept": "image/jpeg, image/png, image/webp, image/*;q=0.1",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    target = parts._replace(fragment="")
    if parts.scheme == "http":
        headers |= _login(args)
    else:
        target = target._replace(scheme="", netloc="")
    connection.request("GET", quote(target.geturl() or "/", safe=PLAIN), headers=headers)
    response = connection.getresponse()
    if response.status in SENDS_ELSEWHERE:
        return _elsewhere(parts, response.headers.get("Location", ""))
    if OURS in response.headers:
        raise ValueError("the guard says that there is nobody")
    if response.status != 200:
        status = response.status
        raise _permanent(
            say(f"The site answers {status} to this link. Check it, or save the picture and upload it.")
        )
    _save(response, Path(args["target"]))
    return None


def _save(response: http.client.HTTPResponse, target: Path) -> None:
    taken = 0
    with open(target, "xb") as file:
        while piece := response.read1(PIECE_BYTES):
            taken += len(piece)
            if taken > MAX_BYTES:
                raise _permanent(TOO_LARGE)
            file.write(piece)
    if response.length:
        raise ValueError("ended too early")


def _elsewhere(parts: SplitResult, location: str) -> SplitResult:
    found = urlsplit(urljoin(parts.geturl(), location))
    if not location or not found.hostname or found.scheme not in ("http", "https"):
        raise ValueError("a redirect to nowhere")
    return found


def _permanent(sentence: str) -> Failure:
    return Failure(FailureKind.PERMANENT, sentence)
