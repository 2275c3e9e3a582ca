"""The cut of a staged track: read from what people type, kept in its row until it is finalized, undone."""

import re
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy.orm import Session

from app.audio.trim import WHOLE, Trim
from app.downloads import queries, staging
from app.downloads.model import Download, StagedTrack
from app.errors import Conflict, Invalid
from app.languages.say import say
from app.services import Services

LEAST_MS = 1000
"""What has to be left."""
NEAR_MS = 100
"""Fields show tenths: a mark as near as this to an end means that end."""
LONGEST_MS = 7 * 24 * 3_600_000
"""For a track whose length nobody knows."""
TIME = re.compile(r"(?:(?:(\d{1,2}):)?(\d{1,4}):)?(\d{1,5})(?:[.,](\d{1,3}))?")
OFFERED = re.compile(r"(\d{1,9}) (\d{1,9})")
UNREADABLE = say("Write a time such as 0:12.5, or nothing.")
TOO_LITTLE = say("At least one second has to be left: set the end after the start.")
TOO_LATE = say("The cut can be changed while the download waits for its review: now it is {state}.")


def of(track: StagedTrack) -> Trim:
    return Trim(track.trim_start_ms or 0, track.trim_end_ms)


def kept_ms(track: StagedTrack) -> int | None:
    """How long the track will be."""
    return of(track).length_ms(track.source_quality.duration_ms)


def read(values: Mapping[str, str], track: StagedTrack) -> Trim:
    """The cut that a form's `trim_start` and `trim_end` ask for; a missing one stays.

    Raises Invalid by field.
    """
    present, duration_ms = of(track), track.source_quality.duration_ms
    shown = fields(present, duration_ms)
    wanted: dict[str, int | None] = {"trim_start": present.start_ms, "trim_end": present.end_ms}
    wrong = {}
    for name, text in values.items():
        # What is still as it was shown stays as exact as it was: a field has tenths only.
        if name in wanted and text.strip() != shown[name]:
            try:
                wanted[name] = _read_time(text)
            except ValueError as error:
                wrong[name] = str(error)
    if wrong:
        raise Invalid(" ".join(wrong.values()), code="bad_trim", fields=wrong)
    return checked(wanted["trim_start"], wanted["trim_end"], duration_ms)


def checked(start_ms: int | None, end_ms: int | None, duration_ms: int | None) -> Trim:
    """The cut between these marks, if the track has such a part. Raises Invalid by field."""
    start_ms = start_ms or 0
    if max(start_ms, end_ms or 0) > (duration_ms or LONGEST_MS) + NEAR_MS:
        field = "trim_start" if start_ms > (end_ms or 0) else "trim_end"
        raise _wrong(field, say(f"The track ends at {clock(duration_ms or LONGEST_MS)}: stay before that."))
    if start_ms < 0:
        raise _wrong("trim_start", say("The start cannot be before the track begins."))
    if duration_ms and end_ms is not None and end_ms > duration_ms - NEAR_MS:
        end_ms = None
    left_ms = Trim(start_ms, end_ms).length_ms(duration_ms)
    if left_ms is not None and left_ms < LEAST_MS and (start_ms or end_ms is not None):
        raise _wrong("trim_start" if end_ms is None else "trim_end", TOO_LITTLE)
    return Trim(start_ms, end_ms)


def fields(trim: Trim, duration_ms: int | None) -> dict[str, str]:
    """What the two fields show."""
    end_ms = trim.end_ms if trim.end_ms is not None else duration_ms
    return {"trim_start": clock(trim.start_ms), "trim_end": "" if end_ms is None else clock(end_ms)}


def offered(marks: str, track: StagedTrack) -> dict[str, str]:
    """Both fields, of a button's `START_MS END_MS`. Raises Invalid."""
    found = OFFERED.fullmatch(marks)
    if not found:
        raise Invalid("Load the page again: this button says no times.", code="bad_trim")
    return fields(Trim(int(found[1]), int(found[2])), track.source_quality.duration_ms)


def clock(time_ms: int) -> str:
    """3:42.1; hours are minutes here, too."""
    return f"{time_ms // 60_000}:{time_ms // 1000 % 60:02}.{time_ms // 100 % 10}"


def save(services: Services, download: Download, track: StagedTrack, trim: Trim) -> None:
    """Keep this cut; what was converted with another one is made again. Raises Conflict when too late."""
    with services.db.write() as session:
        old = change(session, download, track, trim)
    clear(services, download.id, old)
    services.ring("convert", track.id)


def change(session: Session, download: Download, track: StagedTrack, trim: Trim) -> str | None:
    """The part of `save` in the database: the name of the file that nobody needs now, for `clear`."""
    if trim == of(track):
        return None
    if not queries.set_trim(session, track.id, trim.start_ms or None, trim.end_ms):
        state = queries.state_of(session, download.id)
        raise Conflict(TOO_LATE.format(state=state or say("gone")), code="too_late")
    queries.touch(session, download.id)
    return track.converted_file if track.converted_file != track.source_file else None


def clear(services: Services, id: str, file: str | None) -> None:
    if file:
        (staging.folder_of(services.settings, id) / file).unlink(missing_ok=True)


def stem(folder: Path, trim: Trim) -> Path:
    """Where the converted file goes: each cut has its own, so none is taken for another."""
    return folder / ("converted" if trim == WHOLE else f"converted-{trim.start_ms}-{trim.end_ms or 'end'}")


def _read_time(text: str) -> int | None:
    """Milliseconds; None for nothing."""
    text = text.strip()
    if not text:
        return None
    found = TIME.fullmatch(text)
    if not found or not text.isascii():
        raise ValueError(UNREADABLE)
    hours, minutes, seconds, fraction = found.groups()
    whole_s = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds)
    return whole_s * 1000 + int((fraction or "0").ljust(3, "0"))


def _wrong(field: str, sentence: str) -> Invalid:
    return Invalid(sentence, code="bad_trim", fields={field: sentence})
