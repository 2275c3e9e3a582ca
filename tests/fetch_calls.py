"""What the tests of app.children let a child fetch: these take a while to import."""

import resource
from pathlib import Path
from typing import Any

import msgspec

from app.children.child import Emit
from app.downloads.child import fetch_and_check
from app.errors import Failure
from app.sources.base import Order
from app.sources.runner import Notes, _options, fetch, start_only_deno


def run_deno(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """As yt-dlp runs it for YouTube: its own provider, its own options."""
    from yt_dlp import YoutubeDL
    from yt_dlp.extractor.youtube import YoutubeIE
    from yt_dlp.extractor.youtube.jsc._builtin.deno import DenoJCP
    from yt_dlp.extractor.youtube.pot._director import YoutubeIEContentProviderLogger

    start_only_deno()
    with YoutubeDL(_options(msgspec.convert(args["order"], Order), Notes(), emit)) as ydl:
        youtube = YoutubeIE(ydl)
        logger = YoutubeIEContentProviderLogger(youtube, "test")
        deno = DenoJCP(youtube, logger, {})
        return {"available": deno.is_available(), "said": deno._run_js_runtime(args["program"])}


def fetch_and_tell(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """A whole download, and what it needed at most."""
    try:
        return fetch_and_check(args, emit)
    finally:
        emit({"peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024})


def many_pages(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Fetches each of `orders`; what became of it, in a word."""
    return {"ends": [_end_of(msgspec.convert(order, Order)) for order in args["orders"]]}


def _end_of(order: Order) -> str:
    Path(order.folder).mkdir()
    try:
        return fetch(order, lambda event: None).file
    except Failure as failure:
        return failure.message
