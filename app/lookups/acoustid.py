"""AcoustID: which recordings sound like this file."""

from pathlib import Path

import msgspec

from app.lookups.cache import Cache
from app.lookups.client import Client
from app.lookups.fingerprint import fingerprint
from app.lookups.musicbrainz import MBID
from app.lookups.turns import Trouble

MOST = 10
LEAST_SCORE = 0.5


class Match(msgspec.Struct, frozen=True):
    """A recording of MusicBrainz, and from 0 to 1 how well it sounds alike."""

    recording_id: str
    score: float


class _Recording(msgspec.Struct):
    id: str


class _Result(msgspec.Struct):
    score: float
    recordings: list[_Recording] = []


class _Error(msgspec.Struct):
    message: str = ""


class _Answer(msgspec.Struct):
    status: str
    results: list[_Result] = []
    error: _Error | None = None


def look_up(client: Client, cache: Cache, key: str, file: Path, duration_ms: int) -> tuple[Match, ...]:
    """Recordings with the sound of this file, the most alike first. Raises Trouble."""
    seconds = str(round(duration_ms / 1000))
    found = fingerprint(file)

    def ask() -> tuple[Match, ...]:
        # A form: a fingerprint is long for an address, and addresses end up in logs, with the key.
        form = {"client": key, "format": "json", "meta": "recordingids", "duration": seconds}
        form["fingerprint"] = found
        answer = client.json("acoustid", "/lookup", {}, _Answer, form=form)
        if answer is None or answer.status != "ok":
            said = answer.error.message if answer and answer.error else "no answer"
            raise Trouble(f"acoustid: {said[:200]}")
        return _matches(answer)

    return cache.get("acoustid", f"lookup {seconds} {found}", tuple[Match, ...], ask) or ()


def _matches(answer: _Answer) -> tuple[Match, ...]:
    best: dict[str, float] = {}
    for result in answer.results[:MOST]:
        for recording in result.recordings[:MOST]:
            if MBID.fullmatch(recording.id) and LEAST_SCORE <= result.score <= 1:
                best[recording.id] = max(best.get(recording.id, 0.0), result.score)
    ranked = sorted(best.items(), key=lambda one: (-one[1], one[0]))
    return tuple(Match(id, score) for id, score in ranked[:MOST])
