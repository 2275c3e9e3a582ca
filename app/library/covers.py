"""Small pictures of the covers in the library's files, made once and kept in the data folder.

They lie in folders by the end of the track's id, each of which keeps those that were asked for last: that
bounds all of them, to about 250 MB, and no request has to look at more than a handful.
"""

import os
import threading
import time
from contextlib import suppress
from pathlib import Path

from app.children import limits, parent
from app.errors import Failure, NotFound
from app.library.model import Track
from app.library.paths import from_text
from app.tags import cover

SIZE_PX = 192
FOLDERS_BY = 2
"""Letters of an id: 256 folders."""
MOST_IN_FOLDER = 120
USED_EVERY_S = 24 * 3600

# A new page asks for fifty at once; the computer is for listening, too.
_making = threading.BoundedSemaphore(2)


def thumbnail(track: Track, library: Path, data_dir: Path) -> Path:
    """A small JPEG of this track's cover. Raises NotFound when it has none that can be shown."""
    folder = data_dir / "cache" / "covers" / track.id[len(track.id) - FOLDERS_BY :]
    made = folder / f"{track.id}-{track.mtime_ns:x}.jpg"
    if _is_there(made):
        return made
    if not track.has_cover:
        raise NotFound("This track has no cover.")
    folder.mkdir(parents=True, exist_ok=True)
    _make_room(folder, track.id)
    making = made.with_suffix(f".{os.urandom(4).hex()}")
    file = str(library / from_text(track.path))
    args = {"path": file, "target": str(making), "size_px": SIZE_PX}
    try:
        with _making:
            within = limits.offline(limits.COVER, reads=[file], writes=[str(folder)])
            parent.run("app.tags.small_cover:make", args, seconds=cover.SECONDS, limits=within)
        os.replace(making, made)
    except (Failure, parent.ChildCrashed) as error:
        raise NotFound("The cover of this track cannot be shown.") from error
    finally:
        making.unlink(missing_ok=True)
    return made


def _is_there(made: Path) -> bool:
    """Its time says when it was last asked for, to the day."""
    try:
        if time.time() - made.stat().st_mtime > USED_EVERY_S:
            os.utime(made)
    except FileNotFoundError:
        return False
    return True


def _make_room(folder: Path, track_id: str) -> None:
    """For one more: away with the track's earlier versions, and with those that nobody asked for longest."""
    kept: list[tuple[float, Path]] = []
    for other in folder.iterdir():
        with suppress(FileNotFoundError):
            if other.name.startswith(f"{track_id}-") and other.suffix == ".jpg":
                other.unlink()
            else:
                kept.append((other.stat().st_mtime, other))
    for _, other in sorted(kept)[: max(0, len(kept) - MOST_IN_FOLDER + 1)]:
        other.unlink(missing_ok=True)
