"""The cover of a staged track: where it is, and how a person replaces it."""

from pathlib import Path

from app.downloads import queries, staging
from app.downloads.model import Download, State
from app.errors import Conflict
from app.services import Services
from app.tags.cover import square_safely


def file_of(services: Services, id: str, *, small: bool = False) -> Path:
    """The cover, or its small version for cards."""
    return staging.folder_of(services.settings, id) / (staging.SMALL_COVER if small else staging.COVER)


def replace(services: Services, download: Download, picture: bytes) -> None:
    """Take another picture for a download that is in review. Raises Invalid when it is none."""
    if download.state is not State.REVIEW:
        raise Conflict("A cover can be changed while the download waits for its review.", code="too_late")
    folder = staging.folder_of(services.settings, download.id)
    upload = folder / "upload"
    upload.write_bytes(picture)
    try:
        square_safely(upload, folder / staging.COVER)
        square_safely(folder / staging.COVER, folder / staging.SMALL_COVER, size_px=staging.SMALL_PX)
    finally:
        upload.unlink(missing_ok=True)
    with services.db.write() as session:
        for track in download.tracks:
            queries.set_track(session, track.id, cover_file=staging.COVER, with_cover=True)
        queries.touch(session, download.id)
