"""The child that fetches one link: download, gate, measure, cover. Nothing here trusts a byte."""

import threading
from pathlib import Path
from typing import Any

import msgspec

from app.audio import gate
from app.audio.measure import measure
from app.audio.model import Quality
from app.children.child import Emit
from app.downloads.staged import Staged
from app.downloads.staging import COVER, IN_FILE, SMALL_COVER, SMALL_PX
from app.errors import Failure, FailureKind
from app.sources import failures, runner
from app.sources.base import Order
from app.tags import containers
from app.tags.model import Tags
from app.tags.squares import square_jpeg

PICTURES = (".jpg", ".jpeg", ".png", ".webp")


def fetch_and_check(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Fetch the order's link into its folder and make sure that it is the audio that was announced."""
    order = msgspec.convert(args, Order)
    folder = Path(order.folder)
    covers = CoverMaker(folder, emit)
    fetched = runner.fetch(order, covers.watch)
    emit({"fetched": True})
    try:
        if (folder / fetched.file).stat().st_size > order.max_file_bytes:
            raise failures.too_large()
        file = _named_after_content(folder / fetched.file)
        measured = measure(file)
        _check_length(measured, fetched.info.get("duration"), order.max_duration_s)
    except Failure:
        # yt-dlp would take a file that lies there for the whole one and not fetch it again.
        for spoiled in folder.glob("source.*"):
            spoiled.unlink()
        raise
    covers.finish()
    emit({"reading": True})
    in_file = _tags_in(file)
    picture = None if covers.is_made() else _picture_in(file)
    emit({"reading": False})
    if picture:
        covers.square_of_file(picture)
    staged = Staged(
        info=fetched.info,
        source_file=file.name,
        source_quality=measured,
        thumbnail_file=(IN_FILE if picture else fetched.thumbnail) if covers.is_made() else None,
        cover_file=COVER if covers.is_made() else None,
        in_file=in_file,
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
        if thumbnail := self._thumbnail():
            self.square(thumbnail)

    def square_of_file(self, picture: bytes) -> None:
        """Of the picture that the audio brought along, which is kept beside it like a thumbnail."""
        kept = self.folder / IN_FILE
        kept.write_bytes(picture)
        self.square(kept)
        if not self.is_made():
            kept.unlink()

    def square(self, picture: Path) -> None:
        try:
            squared = square_jpeg(picture)
            (self.folder / SMALL_COVER).write_bytes(square_jpeg(squared, size_px=SMALL_PX))
            (self.folder / COVER).write_bytes(squared)
        except Failure as failure:
            # A bad picture never fails a download; the person may choose another one.
            self.emit({"note": failure.message})
            return
        self.emit({"cover": True})

    def _thumbnail(self) -> Path | None:
        """It has the audio's name until the audio is complete; yt-dlp renames it then."""
        early = (file for file in self.folder.glob("source.*") if file.suffix in PICTURES)
        return next(iter([*self.folder.glob("thumbnail.*"), *early]), None)

    def finish(self) -> None:
        """No more is to come: what can be made of the thumbnail is made now."""
        if self.thread:
            self.thread.join()
        if not self.is_made():
            self.make()

    def is_made(self) -> bool:
        return (self.folder / COVER).exists()


def _tags_in(file: Path) -> Tags:
    try:
        return containers.read(file).tags
    except Failure:
        # A container that carries no tags that we read: nothing is known, nothing is wrong.
        return Tags()


def _picture_in(file: Path) -> bytes | None:
    try:
        return containers.read_cover(file)
    except Failure:
        return None


def _named_after_content(file: Path) -> Path:
    """The file, named by what it is, not by what the site called it."""
    target = file.with_name(f"source.{gate.container_of(file)}")
    file.replace(target)
    return target


def _check_length(measured: Quality, announced_s: object, max_s: int) -> None:
    if (measured.duration_ms or 0) > max_s * 1000:
        # Many pages do not say how long their track is.
        raise failures.too_long(max_s)
    if not isinstance(announced_s, (int, float)) or not measured.duration_ms:
        return
    short_ms = announced_s * 1000 - measured.duration_ms
    if short_ms > max(5_000, announced_s * 50):
        raise Failure(
            FailureKind.TEMPORARY, "The site sent only a part of the track. Retry to fetch it again."
        )
