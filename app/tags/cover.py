"""Covers: where the square of a picture is, and who makes it: a child, in `squares.py`."""

from pathlib import Path
from typing import Any, NamedTuple

from app.audio.gate import open_regular
from app.children import limits, parent
from app.errors import Failure, FailureKind, Invalid
from app.languages.say import say

SIZE_PX = 1000
SECONDS = 20.0

DAMAGED = say("This picture is damaged: use another one.")

HEAD_BYTES = 4096
"""Ours begin with their tables, and then say their size."""
FRAMES = (0xC0, 0xC1, 0xC2)

Box = tuple[int, int, int, int]


class Crop(NamedTuple):
    """A square of a picture, in thousandths: its left edge of the width, its top edge of the height, and its
    side of the shorter side. It is pushed back where it would reach over an edge."""

    x: int
    y: int
    size: int


class Whole(NamedTuple):
    """A picture without its bars, in its own pixels."""

    width: int
    height: int


def square_in(whole: Whole, crop: Crop | None) -> Box:
    """Where this square is in the picture, in pixels; by default the largest one in its middle."""
    shorter = min(whole)
    if crop is None:
        left, top = (whole.width - shorter) // 2, (whole.height - shorter) // 2
        return (left, top, left + shorter, top + shorter)
    side = min(max(1, round(shorter * crop.size / 1000)), shorter)
    left = min(max(0, round(whole.width * crop.x / 1000)), whole.width - side)
    top = min(max(0, round(whole.height * crop.y / 1000)), whole.height - side)
    return (left, top, left + side, top + side)


def square_safely(source: Path, target: Path, *, size_px: int = SIZE_PX) -> int:
    """`square_jpeg` from file to file in a child. Answers the side that it has, in pixels.

    Raises Invalid, or Failure if there was no time for it.
    """
    source, target = source.absolute(), target.absolute()
    args = {"source": str(source), "target": str(target), "size_px": size_px}
    return int(_in_child("square_in_child", args, source, target.parent, None)["side_px"])


def make_safely(
    source: Path,
    cover: Path,
    small: Path,
    *,
    small_px: int,
    crop: Crop | None = None,
    start: parent.Start | None = None,
) -> None:
    """The cover of this picture and its small version, in one child. Raises Invalid or Failure."""
    args = {"source": str(source), "cover": str(cover), "small": str(small), "small_px": small_px}
    _in_child("cover_in_child", {**args, "crop": crop}, source, cover.parent, start)


def show_safely(source: Path, target: Path, *, start: parent.Start | None = None) -> Whole:
    """`whole_jpeg` from file to file in a child. Raises Invalid or Failure."""
    args = {"source": str(source), "target": str(target)}
    done = _in_child("whole_in_child", args, source, target.parent, start)
    return Whole(int(done["width"]), int(done["height"]))


def _in_child(
    function: str, args: dict[str, Any], source: Path, folder: Path, start: parent.Start | None
) -> dict[str, Any]:
    try:
        within = limits.offline(limits.COVER, reads=[str(source)], writes=[str(folder)])
        return parent.run(f"app.tags.squares:{function}", args, seconds=SECONDS, limits=within, start=start)
    except Failure as failure:
        if failure.kind == FailureKind.PERMANENT:
            raise Invalid(failure.message) from failure
        raise
    except parent.ChildCrashed as error:
        raise Invalid(DAMAGED) from error


def side_of(file: Path) -> int | None:
    """The side of a cover of ours, read from the head of its file; None when there is none.

    No decoder is asked: a child may have been made to write something else.
    """
    try:
        with open_regular(file) as opened:
            head = opened.read(HEAD_BYTES)
    except (Failure, OSError):
        return None
    at = 2
    while head[at : at + 1] == b"\xff" and len(head) >= at + 9:
        marker, length = head[at + 1], int.from_bytes(head[at + 2 : at + 4])
        if marker in FRAMES:
            return int.from_bytes(head[at + 7 : at + 9])
        at += 2 + length
    return None
