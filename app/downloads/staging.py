"""The staging folder: one folder a download, seen by no player."""

import shutil
from pathlib import Path

from app.settings import Settings


def folder_of(settings: Settings, id: str) -> Path:
    return settings.staging / id


def remove(settings: Settings, id: str) -> None:
    shutil.rmtree(folder_of(settings, id), ignore_errors=True)


def sweep(settings: Settings, needed: set[str]) -> list[str]:
    """Remove the folders that belong to no download that still needs one. Returns their names."""
    settings.staging.mkdir(mode=0o700, parents=True, exist_ok=True)
    stale = [entry.name for entry in settings.staging.iterdir() if entry.name not in needed]
    for name in stale:
        remove(settings, name)
    return stale
