"""How the yt-dlp is that the next download would use: its age, and whether its files are as they came."""

import base64
import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.freshness.installs import Installs
from app.freshness.versions import BUNDLED, OLD_DAYS, bundled
from app.settings import Settings


@dataclass(frozen=True)
class Trouble:
    text: str
    advice: str


class Health:
    def __init__(self, settings: Settings) -> None:
        self._installs = Installs(settings)
        self._version = self._installs.in_use()

    @property
    def is_old(self) -> bool:
        return self._version.age_days > OLD_DAYS

    @property
    def text(self) -> str:
        origin = "came with Inlay" if self._version == bundled() else "installed in the data folder"
        return f"{self._version.text}, {self._version.age_days} days old, {origin}"

    @property
    def advice(self) -> str:
        if not self.is_old:
            return ""
        if self._installs.channel == BUNDLED:
            return "Sites change in weeks: update Inlay, or set INLAY_YTDLP_CHANNEL to stable."
        return "Sites change in weeks: run `inlay update-ytdlp`, which says what is in the way."

    def troubles(self) -> Iterator[Trouble]:
        again = "`inlay update-ytdlp` tries again; the one before it is used meanwhile."
        for version, one in self._installs.aside().items():
            yield Trouble(f"{version} is not used: {one.reason}", again)
        for install in self._installs.usable():
            if changed := changed_files(install.folder):
                text = f"{install.version.text}: {len(changed)} files are not as they came ({changed[0]} …)"
                yield Trouble(text, f"Check the disk, and remove {install.folder}: it is fetched again.")
            if install.facts.lacks:
                lacks = ", ".join(install.facts.lacks)
                text = f"{install.version.text} does without {lacks}, which some sites need"
                yield Trouble(text, "It wants newer packages: update Inlay.")


def changed_files(folder: Path) -> list[str]:
    """Those whose SHA-256 is not the one that their wheel lists, of the files that were taken from it."""
    changed = []
    for record in folder.glob("*.dist-info/RECORD"):
        with open(record, encoding="utf-8", newline="") as rows:
            for name, digest, *_ in csv.reader(rows):
                if not digest or ".data/" in name:
                    continue
                if digest != f"sha256={_sha256(folder / name)}":
                    changed.append(name)
    return changed


def _sha256(file: Path) -> str:
    try:
        digest = hashlib.sha256(file.read_bytes()).digest()
    except OSError:
        return ""
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
