"""Asks a package index (PyPI's JSON form of the simple API) what there is, and takes a wheel from it by hash.

Runs in a limited child, and reaches nothing but the egress guard.
"""

import hashlib
import re
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import certifi
import msgspec
import urllib3

from app import __version__
from app.errors import Failure, FailureKind
from app.freshness.offer import Offer, Offers, Way
from app.freshness.versions import NIGHTLY, Version, is_safe_index, read
from app.languages.say import say

JSON = "application/vnd.pypi.simple.v1+json"
MAX_PAGE_BYTES = 16 * 2**20
"""yt-dlp's page is half a megabyte after five years."""
MAX_WHEEL_BYTES = 32 * 2**20
"""yt-dlp's is 3 MB."""
TIMEOUT_S = 20.0
REDIRECTS = 3
PIECE_BYTES = 64 * 1024
SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
NONSENSE = say("The package index does not answer as one. Check INLAY_YTDLP_INDEX_URL.")
OURS = "X-Inlay-Egress"


class File(msgspec.Struct, frozen=True, rename="kebab"):
    filename: str
    url: str
    hashes: dict[str, str]
    requires_python: str | None = None
    size: int | None = None
    yanked: bool | str = False


class Page(msgspec.Struct, frozen=True):
    files: list[File]


def offers(way: Way, index_url: str, channel: str, aside: list[str]) -> Offers:
    """The newest yt-dlp of this channel that this Python can run, those that are `aside` left out."""
    wheels = list(_wheels(way, index_url, "yt-dlp"))
    fitting: list[tuple[Version, Offer]] = []
    for version, file in wheels:
        found = read(version)
        if not found or file.yanked or found.text in aside:
            continue
        if (found.is_final or channel == NIGHTLY) and _runs_here(file.requires_python):
            fitting.append((found, _offer(found.text, file)))
    newest = max(fitting, key=lambda one: one[0])[1] if fitting else None
    withdrawn = [found.text for version, file in wheels if file.yanked and (found := read(version))]
    return Offers(newest, withdrawn)


def ejs_offer(way: Way, index_url: str, version: str) -> Offer:
    """The wheel of yt-dlp-ejs in exactly this version. Raises Failure."""
    for found, file in _wheels(way, index_url, "yt-dlp-ejs"):
        if found == version:
            return _offer(version, file)
    raise Failure(FailureKind.TEMPORARY, f"yt-dlp-ejs {version}, which it wants, is not in the index yet.")


def download(way: Way, offer: Offer, target: Path) -> None:
    """The offer's wheel as the file `target`, exactly as its hash says. Raises Failure."""
    digest, size = hashlib.sha256(), 0
    with _get(way, offer.url, "*/*") as (_, response), open(target, "xb") as file:
        for piece in response.stream(PIECE_BYTES, decode_content=False):
            size += len(piece)
            if size > MAX_WHEEL_BYTES:
                raise _odd(say("What the index offers is too large to be yt-dlp."))
            digest.update(piece)
            file.write(piece)
    if digest.hexdigest() != offer.sha256:
        raise _odd(say("What came is not what the index says: its SHA-256 is another one."))


def _wheels(way: Way, index_url: str, name: str) -> Iterator[tuple[str, File]]:
    """The version and the file of each wheel that runs anywhere, of any age."""
    body = bytearray()
    with _get(way, f"{index_url}/{name}/", JSON) as (address, response):
        for piece in response.stream(PIECE_BYTES, decode_content=True):
            body += piece
            if len(body) > MAX_PAGE_BYTES:
                raise _odd(NONSENSE)
    try:
        page = msgspec.json.decode(body, type=Page)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise _odd(NONSENSE) from error
    prefix = f"{name.replace('-', '_')}-"
    for file in page.files:
        stem, _, tail = file.filename.partition("-py3-none-any.wh")
        if tail == "l" and stem.startswith(prefix) and SHA256.fullmatch(file.hashes.get("sha256", "")):
            yield (
                stem.removeprefix(prefix),
                msgspec.structs.replace(file, url=urljoin(address, file.url).partition("#")[0]),
            )


def _offer(version: str, file: File) -> Offer:
    return Offer(version, file.url, file.hashes["sha256"])


@contextmanager
def _get(way: Way, url: str, accept: str) -> Iterator[tuple[str, urllib3.BaseHTTPResponse]]:
    """The whole address, which an answer through a tunnel does not know, and the answer, after redirects.

    Only https, or this machine itself. Raises Failure.
    """
    headers = {"User-Agent": f"Inlay/{__version__}", "Accept": accept, "Accept-Encoding": "gzip"}
    if accept != JSON:
        headers["Accept-Encoding"] = "identity"
    with _client(way) as client:
        try:
            for _ in range(REDIRECTS + 1):
                if not is_safe_index(url):
                    raise _odd(say("The package index leads to an open line. Check INLAY_YTDLP_INDEX_URL."))
                response = client.request(
                    "GET", url, headers=headers, redirect=False, retries=False, preload_content=False
                )
                elsewhere = response.get_redirect_location()
                if not elsewhere:
                    break
                url = urljoin(url, elsewhere)
            else:
                raise _odd(NONSENSE)
            if OURS in response.headers:
                raise _unreachable()
            if response.status != 200:
                host = urlsplit(url).hostname
                raise Failure(FailureKind.TEMPORARY, f"{host} answers {response.status}. Try again later.")
            yield url, response
        except urllib3.exceptions.HTTPError as error:
            if isinstance(error, urllib3.exceptions.SSLError) or "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise Failure(
                    FailureKind.TEMPORARY,
                    "The package index shows a certificate that is not trusted here. "
                    "Check the clock, or name its authority in INLAY_CA_FILE.",
                ) from error
            raise _unreachable() from error


def _client(way: Way) -> urllib3.ProxyManager:
    context = ssl.create_default_context(cafile=certifi.where())
    if way.ca_file:
        context.load_verify_locations(way.ca_file)
    parts = urlsplit(way.proxy)
    login = urllib3.make_headers(proxy_basic_auth=f"{parts.username}:{parts.password}")
    return urllib3.ProxyManager(
        f"http://127.0.0.1:{parts.port}", proxy_headers=login, ssl_context=context, timeout=TIMEOUT_S
    )


def _runs_here(requires_python: str | None) -> bool:
    """Whether this Python is at least what is asked for: the only thing that yt-dlp asks."""
    asked: list[Any] = re.findall(r">=\s*(\d+)\.(\d+)", requires_python or "", re.ASCII)
    return all((int(major), int(minor)) <= sys.version_info[:2] for major, minor in asked)


def _odd(sentence: str) -> Failure:
    return Failure(FailureKind.NEEDS_YOU, sentence)


def _unreachable() -> Failure:
    return Failure(FailureKind.TEMPORARY, "The package index cannot be reached. Try again later.")
