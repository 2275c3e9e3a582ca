"""What every part of a running process shares: settings, database, queue bell, secret, warm parent."""

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from app.children.parent import WarmParent
from app.children.running import Running
from app.db import Database
from app.freshness.installs import Installs
from app.room import Room
from app.scanning import ScanBoard
from app.settings import Settings


@dataclass(frozen=True)
class Services:
    settings: Settings
    db: Database
    secret: bytes
    """256 bits that only this installation knows: signs form tokens."""
    ring: Callable[[str, str], None]
    """`ring(task_name, id)`: wake a worker up. Call it after the commit, never inside a transaction."""
    warm: WarmParent
    running: Running = field(default_factory=Running)
    scanning: ScanBoard = field(default_factory=ScanBoard)

    @cached_property
    def ytdlp(self) -> Installs:
        """The versions of yt-dlp that are there."""
        return Installs(self.settings)

    @cached_property
    def room(self) -> Room:
        """The staging disk's."""
        return Room(self.settings)


def read_secret(data_dir: Path) -> bytes:
    """The installation's secret, made at the first start, readable by its owner alone."""
    file = data_dir / "secret"
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_bytes()
    with os.fdopen(descriptor, "wb") as writer:
        writer.write(secrets.token_bytes(32))
        writer.flush()
        os.fsync(writer.fileno())
    return file.read_bytes()
