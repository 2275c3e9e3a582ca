"""A track's fingerprint for AcoustID."""

import re
from pathlib import Path

from app.audio.fingerprint import ask, is_possible
from app.children import parent
from app.errors import Failure
from app.lookups.turns import Trouble

__all__ = ["fingerprint", "is_possible"]

LONGEST = 20_000

_FINGERPRINT = re.compile(r"[A-Za-z0-9_-]{20,}")


def fingerprint(file: Path) -> str:
    """The fingerprint of this audio file, made in a child. Raises Trouble when there is none."""
    if not is_possible():
        raise Trouble("acoustid: fpcalc is not installed")
    try:
        text = ask(file)
    except (Failure, parent.ChildCrashed) as error:
        raise Trouble(f"acoustid: no fingerprint ({error})") from error
    if not isinstance(text, str) or len(text) > LONGEST or not _FINGERPRINT.fullmatch(text):
        raise Trouble("acoustid: no fingerprint")
    return text
