"""A track's candidates in the database: which one is applied, what that changed, and the way back.

A candidate that is applied stands in the proposal, with its reason; what the proposal was before stays
beside it. So taking it back is exact, and the question for the services stays the same.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy.orm import Session

from app.downloads import drafts, queries
from app.downloads.model import StagedTrack, State
from app.errors import Conflict
from app.languages.say import say
from app.lookups import desk
from app.lookups.candidates import (
    Candidate,
    Change,
    Question,
    applied,
    automatic,
    changes,
    question_of,
    taken_back,
    with_candidate,
)
from app.lookups.desk import Found
from app.services import Services
from app.settings import Settings
from app.tags.keys import album_key, artist_key, title_key
from app.tags.model import Proposal, Tags
from app.tags.values import isrc_in, texts

GONE = say("This candidate is not known any more. Load the page again.")
GONE_LYRICS = say("These lyrics are not known any more. Load the page again.")
TOO_LATE = say("A candidate can be applied while the download waits for its review.")
"""How the reason begins where a rule of the person's decided."""


class Front(StrEnum):
    """What has become of the cover that belongs to a candidate."""

    NONE = ""
    WANTED = "wanted"
    THERE = "there"


class Applied(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Kept in `StagedTrack.applied`."""

    candidate: Candidate | None = None
    """None: it was taken back. Nothing is chosen by itself any more then."""
    by_itself: bool = False
    changes: tuple[Change, ...] = ()
    proposal: Proposal | None = None
    """From before it."""
    front: Front = Front.NONE
    front_sha256: str = ""
    """Of the cover that came with it."""
    cover_edit: dict[str, Any] | None = None
    """What the person had done to the cover before it."""


def are_on(settings: Settings) -> bool:
    return bool(settings.lookups)


def applied_to(track: StagedTrack) -> Applied | None:
    """None: neither the person nor we have applied anything yet."""
    if track.applied is None:
        return None
    try:
        return msgspec.convert(track.applied, Applied)
    except msgspec.ValidationError:
        # Kept by another version of Inlay: whatever was applied stays in the proposal.
        return Applied()


def own_proposal(track: StagedTrack) -> Proposal:
    """The proposal as it is without any candidate."""
    done = applied_to(track)
    return done.proposal if done and done.proposal else track.proposal


def question(track: StagedTrack) -> Question | None:
    """What the services are asked about this track."""
    return question_of(own_proposal(track), track.source_quality.duration_ms)


def seen(track: StagedTrack, candidate_id: str) -> Proposal:
    """The proposal that the sent form was made of: one was applied by itself while the page was open."""
    done = applied_to(track)
    if done and done.by_itself and done.candidate and done.candidate.recording_id != candidate_id:
        return own_proposal(track)
    return track.proposal


def is_stale(track: StagedTrack, form: Mapping[str, str]) -> bool:
    """Whether the form was made before a candidate was used or taken back: what it says is over.

    What was chosen by itself the page may not have noticed yet: such a form says what the person sees.
    """
    done = applied_to(track)
    now = done.candidate.recording_id if done and done.candidate else ""
    said = form.get("candidate", "")
    return said != now and not (done is not None and done.by_itself and said == "")


def holds(done: Applied | None, values: Mapping[str, str]) -> bool:
    """Whether these values of the form still have something of the applied candidate."""
    if done is None or done.candidate is None:
        return False
    visible = [one for one in done.changes if one.field in values]
    return not visible or any(values[one.field] == one.after for one in visible)


def choice_is_due(track: StagedTrack, found: Found) -> bool:
    """Whether the worker is about to apply one by itself, or has lost the ring for it."""
    return not _was_here(track) and automatic(found.candidates) is not None


def choose(services: Services, track_id: str, found: Found) -> bool:
    """Apply the sure one, unless the person was here before. Says whether its cover is to be fetched."""
    best = automatic(found.candidates)
    if best is None:
        return False
    with services.db.write() as session:
        track = queries.staged_track(session, track_id)
        if track is None or not _in_review(session, track) or _was_here(track):
            return False
        fitting = _without(best, _ruled(track.proposal))
        front = Front.WANTED if _has_front(services, best) and track.cover_edit is None else Front.NONE
        done = Applied(
            candidate=best,
            by_itself=True,
            changes=changes(fitting, drafts.values_of(track)),
            proposal=track.proposal,
            front=front,
        )
        track.proposal = with_candidate(track.proposal, fitting)
        _note(track, done)
    return front is Front.WANTED


def use(
    services: Services, track_id: str, candidate_id: str, form: Mapping[str, str]
) -> tuple[Applied, Applied | None]:
    """Apply the candidate to the form's values, in place of another one. Raises Conflict.

    The answer is what is applied now, and what was before; their covers are the caller's.
    """
    with services.db.write() as session:
        track = _open_track(session, track_id)
        asked = question(track)
        known = desk.found(session, asked) if asked else None
        wanted = (
            next((c for c in known.candidates if c.recording_id == candidate_id), None) if known else None
        )
        if wanted is None:
            raise Conflict(GONE, code="gone")
        before, old = own_proposal(track), applied_to(track)
        values = taken_back(_values(track, form), old.changes if old else ())
        front = Front.WANTED if _has_front(services, wanted) else Front.NONE
        done = Applied(
            candidate=wanted,
            changes=changes(wanted, values),
            proposal=before,
            front=front,
            cover_edit=old.cover_edit if old and old.front is Front.THERE else track.cover_edit,
        )
        track.proposal = with_candidate(before, wanted)
        track.draft = drafts.draft_of(track, applied(wanted, values))
        _note(track, done)
    return done, old


def take_back(services: Services, track_id: str, form: Mapping[str, str]) -> Applied | None:
    """Undo what the applied candidate changed; what was typed since then stays. Raises Conflict.

    The answer is what was applied, for its cover.
    """
    with services.db.write() as session:
        track = _open_track(session, track_id)
        done = applied_to(track)
        if done is None or done.candidate is None:
            return None
        values = taken_back(_values(track, form), done.changes)
        track.proposal = own_proposal(track)
        track.draft = drafts.draft_of(track, values)
        _note(track, Applied())
    return done


def use_lyrics(services: Services, track_id: str, form: Mapping[str, str]) -> None:
    """Put the words that are known into the form's values. Raises Conflict."""
    with services.db.write() as session:
        track = _open_track(session, track_id)
        asked = question(track)
        words = desk.lyrics(session, asked) if asked else None
        if words is None:
            raise Conflict(GONE_LYRICS, code="gone")
        found = {"lyrics": words.plain, "lyrics_synced": words.synced}
        track.draft = drafts.draft_of(track, {**_values(track, form), **found})


def note_front(track: StagedTrack, done: Applied, sha256: str) -> None:
    """The candidate's cover is there, of this hash; or there is none."""
    _note(track, replace(done, front=Front.THERE if sha256 else Front.NONE, front_sha256=sha256))


def isrc(track: StagedTrack) -> str:
    """What its source or its file says it is: that holds whatever its names are corrected to."""
    return isrc_in(str(track.info.get("isrc") or "")) or track.in_file.isrc


def ids(track: StagedTrack, tags: Tags) -> dict[str, str]:
    """The ids at MusicBrainz that belong into these confirmed tags: as far as they are still true."""
    done = applied_to(track)
    if done is None or done.candidate is None:
        return {}
    one, said = done.candidate, done.candidate.tags
    if (title_key(tags.title), artist_key(tags.artist)) != (title_key(said.title), artist_key(said.artist)):
        return {}
    found = {
        "recording_id": one.recording_id,
        "artist_ids": ", ".join(one.artist_ids),
        "isrc": isrc(track) or one.isrc,
    }
    if said.album and album_key(tags.album) == album_key(said.album):
        found |= {"release_id": one.release_id, "group_id": one.group_id}
    return found


def _values(track: StagedTrack, form: Mapping[str, str]) -> dict[str, str]:
    """What the form says."""
    return {**drafts.values_of(track), **form}


def _was_here(track: StagedTrack) -> bool:
    """The person typed, confirmed, applied or took back something."""
    return track.draft is not None or track.tags is not None or track.applied is not None


def _open_track(session: Session, track_id: str) -> StagedTrack:
    track = queries.staged_track(session, track_id)
    if track is None or not _in_review(session, track):
        raise Conflict(TOO_LATE, code="too_late")
    return track


def _in_review(session: Session, track: StagedTrack) -> bool:
    return queries.state_of(session, track.download_id) is State.REVIEW


def _note(track: StagedTrack, done: Applied) -> None:
    track.applied = msgspec.to_builtins(done)


def _has_front(services: Services, candidate: Candidate) -> bool:
    return "coverart" in services.settings.lookups and bool(candidate.release_id or candidate.group_id)


def _ruled(proposal: Proposal) -> set[str]:
    """Fields that a rule of the person's filled in: nobody overrules it unasked."""
    return {name for name, one in proposal.fields.items() if one.rule}


def _without(candidate: Candidate, fields: set[str]) -> Candidate:
    kept = {name: None if name.endswith("_no") else "" for name in texts(candidate.tags) if name in fields}
    return replace(candidate, tags=replace(candidate.tags, **kept))
