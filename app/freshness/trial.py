"""A new yt-dlp is tried out before anybody depends on it: in a limited child, on a page of ours.

What is asked of it is what a download asks: it goes through the same code, and nothing else of it is trusted.
"""

from importlib import import_module
from pathlib import Path
from typing import Any

from app.children.child import Emit
from app.errors import Failure, FailureKind
from app.freshness.trial_site import SOUND, TITLE
from app.freshness.versions import read
from app.languages.say import say
from app.sources import rehearsal, runner
from app.sources.base import Order

FEWEST_EXTRACTORS = 500
"""There are some 1,800."""


def try_in_child(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Child side, `tree` being the first folder on the path. Raises Failure, or crashes: both mean no.

    Answers what the one that came with Inlay can, and this one cannot.
    """
    _is_it(Path(args["tree"]), args["version"], args["ejs"])
    rehearsal.rehearse()
    _reads_and_fetches(Path(args["folder"]), args["port"])
    _says_what_is_wrong(Path(args["folder"]), args["port"])
    return {"lacks": sorted(set(args["can"]) - set(runner.abilities()))}


def abilities_in_child(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Of the yt-dlp that comes first on this child's path."""
    return {"can": runner.abilities()}


def _is_it(tree: Path, version: str, ejs: str | None) -> None:
    told = read(runner.version())
    wanted = read(version)
    assert wanted
    if told is None or told.numbers != wanted.numbers:
        raise _no(say(f"It says that it is {runner.version()[:40]}."))
    for name in ("yt_dlp", *(["yt_dlp_ejs"] if ejs else [])):
        if not Path(import_module(name).__file__ or "").is_relative_to(tree):
            raise _no(say(f"It has no {name} of its own."))
    if ejs and import_module("yt_dlp_ejs").version != ejs:
        raise _no(say("Its yt-dlp-ejs is of another version."))
    if runner.extractor_count() < FEWEST_EXTRACTORS:
        raise _no(say("It knows hardly any sites."))


def _reads_and_fetches(folder: Path, port: int) -> None:
    fetched = runner.fetch(_order(folder, f"http://127.0.0.1:{port}/track"), lambda event: None)
    if TITLE not in fetched.info.get("title", "") or (folder / fetched.file).read_bytes() != SOUND:
        raise _no(say("It reads a simple page in another way."))


def _says_what_is_wrong(folder: Path, port: int) -> None:
    """Our sentences hang on what its errors are."""
    try:
        runner.fetch(_order(folder, f"http://127.0.0.1:{port}/gone"), lambda event: None)
    except Failure as failure:
        if failure.kind is FailureKind.PERMANENT:
            return
    raise _no(say("It does not say any more when a page is gone."))


def _order(folder: Path, url: str) -> Order:
    return Order(
        url=url,
        folder=str(folder),
        quality="bestaudio",
        max_duration_s=3600,
        max_file_bytes=10**7,
        proxy="",
    )


def _no(sentence: str) -> Failure:
    return Failure(FailureKind.PERMANENT, sentence)
