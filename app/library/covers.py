"""Small pictures of the covers in the library's files, made once and kept in the data folder."""

import os
import threading
from pathlib import Path
from typing import Any

from app.children import limits, parent
from app.children.child import Emit
from app.errors import Failure, NotFound
from app.library.model import Track
from app.library.paths import from_text
from app.tags import cover, files

SIZE_PX = 192

# A new page asks for fifty at once; the computer is for listening, too.
_making = threading.BoundedSemaphore(2)


def thumbnail(track: Track, library: Path, data_dir: Path) -> Path:
    """A small JPEG of this track's cover. Raises NotFound when it has none that can be shown."""
    folder = data_dir / "cache" / "covers"
    made = folder / f"{track.id}-{track.mtime_ns:x}.jpg"
    if made.exists():
        return made
    if not track.has_cover:
        raise NotFound("This track has no cover.")
    folder.mkdir(parents=True, exist_ok=True)
    for other in folder.glob(f"{track.id}-*"):
        if not other.name.startswith(made.stem):
            other.unlink(missing_ok=True)
    making = made.with_suffix(f".{os.urandom(4).hex()}")
    args = {"path": str(library / from_text(track.path)), "target": str(making)}
    try:
        with _making:
            within = limits.offline(limits.COVER, reads=[args["path"]], writes=[str(folder)])
            parent.run("app.library.covers:make", args, seconds=cover.SECONDS, limits=within)
        os.replace(making, made)
    except (Failure, parent.ChildCrashed) as error:
        raise NotFound("The cover of this track cannot be shown.") from error
    finally:
        making.unlink(missing_ok=True)
    return made


def make(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Child side: the cover in the file `path` becomes the JPEG `target`."""
    found = files.read_cover(Path(args["path"]))
    Path(args["target"]).write_bytes(cover.square_jpeg(found or b"", size_px=SIZE_PX))
    return {}
