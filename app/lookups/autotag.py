"""A second opinion from beets, where the extra `[autotag]` is installed: it can stop an automatic choice.

It cannot make one. beets calls a live take, `Part 2` for `Part 1` and `No. 6` for `No. 5` a strong match, and
its settings, plugins and sessions are globals of a process. So it gets the candidates that we have already,
in a short-lived child without a network, and only says how far each is from our track.
"""

import logging
from collections.abc import Sequence
from importlib.util import find_spec

import msgspec

from app.children import limits, parent
from app.errors import Failure
from app.lookups.candidates import Candidate, Question

log = logging.getLogger("inlay.lookups")

SECONDS = 45.0
"""Starting Python with numpy takes a slow Raspberry Pi some of them."""


def is_installed() -> bool:
    return find_spec("beets") is not None


def with_opinion(question: Question, candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The candidates with beets' distances; as they are without beets, or if it fails."""
    timed = [one for one in candidates if one.distance_ms is not None]
    if not timed or not is_installed() or question.duration_ms is None:
        return tuple(candidates)
    args = {
        "track": _track(question.artist, question.title, question.duration_ms),
        "candidates": {
            one.recording_id: _track(
                one.tags.artist, one.tags.title, question.duration_ms + (one.distance_ms or 0)
            )
            for one in timed
        },
    }
    within = limits.offline(limits.AUTOTAG)
    try:
        far = parent.run("app.lookups.autotag_child:distances", args, seconds=SECONDS, limits=within)
    except (Failure, parent.ChildCrashed) as error:
        log.warning("beets gave no opinion: %s", error)
        return tuple(candidates)
    return tuple(msgspec.structs.replace(one, beets_distance=far.get(one.recording_id)) for one in candidates)


def _track(artist: str, title: str, duration_ms: int) -> dict[str, object]:
    return {"artist": artist, "title": title, "seconds": duration_ms / 1000}
