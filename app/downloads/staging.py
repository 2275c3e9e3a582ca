"""The staging folder: one folder a download, seen by no player."""

import errno
import json
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from app.audio.gate import open_regular
from app.errors import Failure, FailureKind
from app.languages.say import say
from app.settings import Settings
from app.sources.cookie_file import take_away

if TYPE_CHECKING:
    # The children name files as this module does, and have no use for the database.
    from app.downloads.model import Download

COVER = "cover.jpg"
SMALL_COVER = "cover-small.jpg"
MADE = "made-folders.json"
IN_FILE = "picture-in-file"
"""The picture that the fetched file had in itself, as it came."""
SMALL_PX = 192
"""A card shows 64 px; a sharp screen has three for each."""
COPY_BYTES = 1024 * 1024


def folder_of(settings: Settings, id: str) -> Path:
    return settings.staging / id


def is_whole(settings: Settings, download: "Download") -> bool:
    """Whether everything that was fetched for this download is still there."""
    folder = folder_of(settings, download.id)
    return all((folder / track.source_file).exists() for track in download.tracks)


def remove(settings: Settings, id: str) -> None:
    shutil.rmtree(folder_of(settings, id), ignore_errors=True)


def note_made(settings: Settings, id: str, folders: Sequence[PurePosixPath]) -> None:
    """Remember which folders of the library were made for this download: an undo removes them again.

    When that is lost, an empty folder stays there. No reason to fail.
    """
    if folders:
        with suppress(OSError, Failure):
            told = [str(one) for one in (*made(settings, id), *folders)]
            (folder_of(settings, id) / MADE).write_text(json.dumps(told))


def made(settings: Settings, id: str) -> list[PurePosixPath]:
    """What `note_made` was told. Raises Failure when the staging disk refuses to say."""
    try:
        text = (folder_of(settings, id) / MADE).read_text()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _trouble(error) from error
    try:
        return [PurePosixPath(one) for one in json.loads(text)]
    except (ValueError, TypeError):
        return []


def remove_tagged(settings: Settings, id: str) -> None:
    """The copies that were given their tags: they can be made again."""
    for tagged in folder_of(settings, id).glob("tagged.*"):
        with suppress(OSError):
            tagged.unlink()


def copy(source: Path, target: Path) -> None:
    """Raises Failure when the staging disk refuses; nothing half is left then. Neither end follows a link."""
    if not os.path.lexists(source):
        raise Failure(FailureKind.PERMANENT, "What was fetched is not there any more. Get it again.")
    with open_regular(source) as reader:
        try:
            target.unlink(missing_ok=True)
            with open(target, "xb") as writer:
                shutil.copyfileobj(reader, writer, COPY_BYTES)
        except OSError as error:
            with suppress(OSError):
                target.unlink()
            raise _trouble(error) from error


def _trouble(error: OSError) -> Failure:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        sentence = say("The disk of the staging folder is full. Make room on it, then retry.")
        return Failure(FailureKind.NEEDS_YOU, sentence)
    sentence = say(
        f"The staging folder reported a problem ({error.strerror or error}). If it stays, check its disk."
    )
    return Failure(FailureKind.TEMPORARY, sentence)


def take_cookies_away(settings: Settings) -> None:
    """Before anything runs: those of downloads whose worker was killed before it had taken them."""
    if settings.staging.is_dir():
        for folder in settings.staging.iterdir():
            take_away(folder)


def sweep(settings: Settings, needed: set[str]) -> list[str]:
    """Remove the folders that belong to no download that still needs one. Returns their names."""
    settings.staging.mkdir(mode=0o700, parents=True, exist_ok=True)
    stale = [entry.name for entry in settings.staging.iterdir() if entry.name not in needed]
    for name in stale:
        remove(settings, name)
    return stale
