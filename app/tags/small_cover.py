"""The cover inside a music file as a small square JPEG. For children only."""

from pathlib import Path
from typing import Any

from app.children.child import Emit
from app.tags.containers import read_cover
from app.tags.squares import square_jpeg


def make(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """The cover in the music file `path` becomes the JPEG `target`, of at most `size_px`. Raises Failure."""
    found = read_cover(Path(args["path"]))
    Path(args["target"]).write_bytes(square_jpeg(found or b"", size_px=args["size_px"]))
    return {}
