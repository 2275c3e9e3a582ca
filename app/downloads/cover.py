"""The cover of a staged track: where it is, and how a person replaces it."""

from pathlib import Path

from app.downloads import queries, staging
from app.downloads.model import Download, State
from app.errors import Conflict
from app.services import Services
from app.tags.cover import square_safely

NAME = "cover.jpg"


def file_of(services: Services, id: str) -> Path:
    return staging.folder_of(services.settings, id) / NAME


def replace(services: Services, download: Download, picture: bytes) -> None:
    """Take another picture for a download that is in review. Raises Invalid when it is none."""
    if download.state is not State.REVIEW:
        raise Conflict("A cover can be changed while the download waits for its review.", code="too_late")
    folder = staging.folder_of(services.settings, download.id)
    upload = folder / "upload"
    upload.write_bytes(picture)
    try:
        square_safely(upload, folder / NAME)
    finally:
        upload.unlink(missing_ok=True)
    with services.db.write() as session:
        for track in download.tracks:
            queries.set_track(session, track.id, cover_file=NAME, with_cover=True)
        queries.touch(session, download.id)
