"""Which yt-dlp is used next: those installed in the data folder, newest first, then the bundled one.

`data/yt-dlp/<version>/` appears whole, by one rename, and never changes after that. What is in use is read
from there whenever a child starts: nobody has to be told, and a kill at any moment leaves a working choice.
"""

import contextlib
import fcntl
import logging
import os
import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from app import __version__
from app.errors import Conflict
from app.freshness.versions import BUNDLED, NIGHTLY, Version, bundled, read
from app.languages.say import say
from app.settings import Settings

log = logging.getLogger("inlay.freshness")

FACTS = "install.json"
ASIDE = "set-aside.json"
NEW = ".new-"
KEPT = 3
STRIKES = 2
"""So often it may fail to load, for want of memory perhaps, before it is set aside."""


class Facts(msgspec.Struct, kw_only=True):
    """What is written down beside an installed version."""

    sha256: str
    """Of its wheel."""
    ejs: str | None
    """The version of yt-dlp-ejs in the same folder."""
    lacks: list[str] = []
    """What the bundled one can and this one cannot, as it wants newer packages than Inlay has."""
    by_hand: bool = False
    """Somebody asked for this channel by name: used even if INLAY_YTDLP_CHANNEL says another one."""
    installed_at: datetime


class Aside(msgspec.Struct):
    """Why a version is not used. Another Inlay may get along with it: it counts for this one alone."""

    reason: str
    inlay: str


@dataclass(frozen=True)
class Install:
    version: Version
    folder: Path
    facts: Facts


@dataclass(frozen=True)
class Look:
    """The last look for a newer one, in this process: an idle server writes nothing."""

    at: datetime
    outcome: str
    message: str


class Installs:
    """Thread-safe, and other processes may change what is there."""

    def __init__(self, settings: Settings) -> None:
        self.root = settings.data_dir / "yt-dlp"
        self.channel = settings.ytdlp_channel
        self.last_look: Look | None = None
        self.looking = False
        self._strikes: Counter[str] = Counter()
        self._lock = threading.Lock()

    def all(self) -> list[Install]:
        """Newest first."""
        found = []
        for name in _names(self.root):
            version = read(name)
            if version and name == version.text and (facts := _facts(self.root / name)):
                found.append(Install(version, self.root / name, facts))
        return sorted(found, key=lambda one: one.version, reverse=True)

    def usable(self) -> list[Install]:
        """Those that may be used, newest first: after the last of them comes the bundled one."""
        if self.channel == BUNDLED:
            return []
        aside = self.aside()
        return [
            one
            for one in self.all()
            if one.version > bundled()
            and one.version.text not in aside
            and (one.version.is_final or one.facts.by_hand or self.channel == NIGHTLY)
        ]

    def in_use(self) -> Version:
        """What the next download is fetched by."""
        return next((one.version for one in self.usable()), bundled())

    def folders(self) -> list[str]:
        return [str(one.folder) for one in self.usable()]

    def failed(self, folder: str, why: str) -> None:
        """It did not load: the next in line was used instead."""
        version = Path(folder).name
        log.warning("yt-dlp %s did not load: %s", version, why)
        with self._lock:
            self._strikes[version] += 1
            if self._strikes[version] < STRIKES:
                return
        self.set_aside(version, say(f"It did not load: {why.strip().splitlines()[-1][:200]}"))

    def aside(self) -> dict[str, Aside]:
        """By version, for this Inlay."""
        try:
            found = msgspec.json.decode((self.root / ASIDE).read_bytes(), type=dict[str, Aside])
        except (OSError, msgspec.MsgspecError):
            return {}
        return {version: one for version, one in found.items() if one.inlay == __version__}

    def set_aside(self, version: str, reason: str) -> None:
        log.warning("yt-dlp %s is not used: %s", version, reason)
        with self._lock:
            self._write_aside({**self.aside(), version: Aside(reason, __version__)})

    def give_another_chance(self) -> None:
        """Somebody asks by hand: what was set aside may be tried again. Call it with the lock held."""
        aside = self.aside()
        for version in aside:
            _remove(self.root / version)
        with self._lock:
            self._strikes.clear()
            if aside:
                self._write_aside({})

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Alone among all processes that might install something. Raises Conflict."""
        self.root.mkdir(mode=0o700, exist_ok=True)
        with open(self.root / "lock", "ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                sentence = say("Another yt-dlp is being installed right now. Try again in a minute.")
                raise Conflict(sentence, code="busy") from error
            yield

    def new_folder(self) -> Path:
        """Where one is made ready; what others have left of theirs goes. Call it with the lock held."""
        for name in _names(self.root):
            if name.startswith(NEW):
                shutil.rmtree(self.root / name, ignore_errors=True)
        return Path(tempfile.mkdtemp(prefix=NEW, dir=self.root))

    def place(self, ready: Path, version: Version) -> None:
        """`ready` is whole and on the disk. From this rename on it is used. Call it with the lock held."""
        target = self.root / version.text
        if target.exists():
            _put_away(target)
        os.rename(ready, target)
        _flush(self.root)
        self._tidy()

    def leave_nightlies(self) -> None:
        """Those that were asked for by hand. Call it with the lock held."""
        for one in self.all():
            if one.facts.by_hand and not one.version.is_final:
                _remove(one.folder)

    def _tidy(self) -> None:
        """Keep the newest ones, and whatever a child still runs from."""
        kept = [one.folder for one in self.usable()][:KEPT]
        for one in self.all():
            if one.folder not in kept:
                _remove(one.folder)

    def _write_aside(self, aside: dict[str, Aside]) -> None:
        new = self.root / f".{ASIDE}"
        with open(new, "wb") as file:
            file.write(msgspec.json.encode(aside))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.root / ASIDE)
        _flush(self.root)


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _facts(folder: Path) -> Facts | None:
    try:
        return msgspec.json.decode((folder / FACTS).read_bytes(), type=Facts)
    except (OSError, msgspec.MsgspecError):
        return None


def _remove(folder: Path) -> None:
    """Unless somebody runs from it: each process that does has it locked."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _put_away(folder)
        finally:
            os.close(descriptor)


def _put_away(folder: Path) -> None:
    """Out of sight first: half of one must not look like a whole one."""
    gone = Path(tempfile.mkdtemp(prefix=NEW, dir=folder.parent))
    folder.rename(gone / "gone")
    shutil.rmtree(gone, ignore_errors=True)


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
