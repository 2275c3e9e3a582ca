"""The waveform of a staged track: drawn once, behind the page that asks for it, and kept beside the audio."""

import logging
import threading
import time
from contextlib import suppress
from pathlib import Path

import msgspec

from app.audio.waveform import Waveform, draw
from app.children.parent import Cancelled, ChildCrashed
from app.downloads import staging
from app.downloads.model import Download, State
from app.errors import Failure
from app.services import Services

log = logging.getLogger("inlay.waveform")

FILE = "waveform.json"
_turns = threading.Semaphore(1)
"""It takes a core for a second: pages that ask at once wait for each other."""
LOOK_S = 0.1


def of(services: Services, download: Download) -> Waveform | None:
    """The first track's waveform if it is drawn; without peaks where that did not work. Else orders it."""
    folder = staging.folder_of(services.settings, download.id)
    source = folder / download.tracks[0].source_file
    found = _kept(folder / FILE, source)
    if found is None and download.state is State.REVIEW and not services.running.is_busy(_key(download.id)):
        arguments = (services, download, source, folder / FILE)
        threading.Thread(target=_draw, args=arguments, name="waveform", daemon=True).start()
    return found


def wait_for(services: Services, download: Download, seconds: float) -> Waveform | None:
    """The same, with some patience: for who cannot ask again."""
    until = time.monotonic() + seconds
    while (found := of(services, download)) is None and time.monotonic() < until:
        time.sleep(LOOK_S)
    return found


def _key(id: str) -> str:
    return f"{id}/waveform"


def _kept(file: Path, source: Path) -> Waveform | None:
    """What was drawn, unless another source has been fetched since."""
    try:
        if file.stat().st_mtime_ns >= source.stat().st_mtime_ns:
            return msgspec.json.decode(file.read_bytes(), type=Waveform)
    except (OSError, msgspec.DecodeError):
        pass
    return None


def _draw(services: Services, download: Download, source: Path, file: Path) -> None:
    with services.running.busy(_key(download.id)) as mine, _turns:
        # A cancel and a discard take the folder away: then nobody wants it any more.
        if not mine or _kept(file, source) or not source.exists():
            return
        try:
            found = draw(
                source,
                download.tracks[0].source_quality,
                services.warm.child_if_warm,
                lambda child: services.running.following(download.id, child),
            )
        except Cancelled:
            return
        except (Failure, ChildCrashed) as error:
            # The page shows a plain line then: nobody is told about it, and it is not tried for ever.
            log.info("no waveform: %s", error, extra={"download_id": download.id})
            found = Waveform()
        part = file.with_name(f"{file.name}.part")
        with suppress(OSError):
            part.write_bytes(msgspec.json.encode(found))
            part.replace(file)
