"""The child that fetches one link: download, gate, measure, cover. Nothing here trusts a byte."""

import threading
from pathlib import Path
from typing import Any

import msgspec

from app.audio import gate, quality
from app.audio.model import Quality
from app.children.child import Emit
from app.errors import Failure, FailureKind
from app.sources import runner
from app.sources.base import Order
from app.tags.cover import square_jpeg

COVER = "cover.jpg"
PICTURES = (".jpg", ".jpeg", ".png", ".webp")


class Staged(msgspec.Struct, frozen=True, kw_only=True):
    """What the child hands back; file names are relative to the staging folder."""

    info: dict[str, Any]
    source_file: str
    source_quality: Quality
    cover_file: str | None


def fetch_and_check(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Fetch the order's link into its folder and make sure that it is the audio that was announced."""
    order = msgspec.convert(args, Order)
    folder = Path(order.folder)
    covers = CoverMaker(folder, emit)
    fetched = runner.fetch(order, covers.watch)
    file = _named_after_content(folder / fetched.file)
    measured = quality.measure(file)
    _check_length(measured, fetched.info.get("duration"))
    staged = Staged(
        info=fetched.info, source_file=file.name, source_quality=measured, cover_file=covers.finish()
    )
    found: dict[str, Any] = msgspec.to_builtins(staged)
    return found


class CoverMaker:
    """Squares the thumbnail while the audio is still coming, so that the card has a picture early."""

    def __init__(self, folder: Path, emit: Emit) -> None:
        self.folder = folder
        self.emit = emit
        self.thread: threading.Thread | None = None

    def watch(self, event: dict[str, Any]) -> None:
        """Passes the source's events on; the first progress means that the thumbnail is complete."""
        self.emit(event)
        if "progress" in event and self.thread is None:
            self.thread = threading.Thread(target=self.make)
            self.thread.start()

    def make(self) -> None:
        thumbnail = self._thumbnail()
        if thumbnail is None:
            return
        try:
            (self.folder / COVER).write_bytes(square_jpeg(thumbnail))
        except Failure as failure:
            # A bad picture never fails a download; the person may choose another one.
            self.emit({"note": failure.message})
            return
        self.emit({"cover": True})

    def _thumbnail(self) -> Path | None:
        """It has the audio's name until the audio is complete; yt-dlp renames it then."""
        early = (file for file in self.folder.glob("source.*") if file.suffix in PICTURES)
        return next(iter([*self.folder.glob("thumbnail.*"), *early]), None)

    def finish(self) -> str | None:
        if self.thread:
            self.thread.join()
        if not (self.folder / COVER).exists():
            self.make()
        for thumbnail in self.folder.glob("thumbnail.*"):
            thumbnail.unlink()
        return COVER if (self.folder / COVER).exists() else None


def _named_after_content(file: Path) -> Path:
    """The file, named by what it is, not by what the site called it."""
    target = file.with_name(f"source.{gate.container_of(file)}")
    file.replace(target)
    return target


def _check_length(measured: Quality, announced_s: object) -> None:
    if not isinstance(announced_s, (int, float)) or not measured.duration_ms:
        return
    short_ms = announced_s * 1000 - measured.duration_ms
    if short_ms > max(5_000, announced_s * 50):
        raise Failure(
            FailureKind.TEMPORARY, "The site sent only a part of the track. Retry to fetch it again."
        )
