"""How much a staged track wants of a person: nothing, a look, or an answer."""

from enum import StrEnum

from app.audio.formats import FORMATS
from app.downloads.drafts import NAMES
from app.downloads.known import Known, has_duplicate
from app.downloads.model import Conversion, Download, StagedTrack
from app.languages.say import say
from app.tags.model import SURE


class Lane(StrEnum):
    READY = say("ready")
    CHECK = say("check")
    PROBLEM = say("problem")


def lane_of(download: Download, track: StagedTrack, known: Known) -> Lane:
    """The track's lane as it is proposed; what the person has typed meanwhile counts as sure.

    `problem`: title or artist are missing, or a lossless file of a lossy source was asked for and nobody
    said that it is fine. `check`: one of them is not sure, the library has the same recording already, there
    is no cover, or converting it failed.
    """
    if not all(_value(track, name) for name in NAMES) or asks_for_more_than_there_is(download, track):
        return Lane.PROBLEM
    if not all(_is_sure(track, name) for name in NAMES):
        return Lane.CHECK
    if has_duplicate(known.get(track.id, ())):
        return Lane.CHECK
    if (track.with_cover and not track.cover_file) or track.conversion is Conversion.FAILED:
        return Lane.CHECK
    return Lane.READY


def lane_of_all(download: Download, known: Known) -> Lane | None:
    """The worst lane of a download's tracks; None before there are any."""
    lanes = {lane_of(download, track, known) for track in download.tracks}
    return next((lane for lane in reversed(Lane) if lane in lanes), None)


def asks_for_more_than_there_is(download: Download, track: StagedTrack) -> bool:
    """A lossless file of a lossy source was asked for, and nobody has agreed to that."""
    wanted = FORMATS[download.format]
    return wanted.lossless and not track.source_quality.lossless and not download.confirm_lossy


def _value(track: StagedTrack, name: str) -> str:
    return ((track.draft or {}).get(name) or track.proposal.value(name)).strip()


def _is_sure(track: StagedTrack, name: str) -> bool:
    if (track.draft or {}).get(name):
        return True
    found = track.proposal.fields.get(name)
    return found is not None and found.confidence >= SURE
