"""Candidates: what an answer makes of a track's tags, how well it fits, and whether to trust it unseen."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher

import msgspec

from app.lookups.recording import Recording, Release
from app.lookups.releases import best_release, kind_of_all
from app.tags.credits import main_artist
from app.tags.keys import additions, album_key, artist_key, base, title_key
from app.tags.model import EDITABLE, Proposal, Suggestion, Tags
from app.tags.values import texts

MOST = 10
MOST_OF_A_READING = 3
LEAST_CONFIDENCE = 0.3
HIGHEST = 0.99
"""Nobody has heard it but the person."""

NEAR_MS = 5_000
"""An automatic choice is at most so much longer or shorter."""
BEETS_STRONG = 0.04
"""Below this, beets itself would have taken it."""
RIVAL = 0.05
"""A candidate that fits so nearly as well, and says something else, is a rival."""

# From how far the lengths are apart, in milliseconds, how well they fit.
_BY_DISTANCE = ((2_000, 1.0), (NEAR_MS, 0.97), (10_000, 0.85), (30_000, 0.6))
_FAR, _UNKNOWN = 0.35, 0.9
_OTHER_ADDITIONS, _MORE_ADDITIONS = 0.55, 0.8
_SOME_OF_THEM = 0.85
_ALIKE_TITLE, _ALIKE_ARTIST = 0.8, 0.7


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What we think a fetched track is."""

    title: str
    artist: str
    album: str = ""
    duration_ms: int | None = None

    @property
    def key(self) -> str:
        return "\n".join((self.title, self.artist, self.album, str(self.duration_ms or "")))


class Candidate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One reading of the track. `tags` hold what it says; an empty field says nothing."""

    tags: Tags
    confidence: float
    """From 0 to 1."""
    reason: str
    """For the person: `MusicBrainz 97 %`."""
    title_key: str
    artist_key: str
    same_names: bool
    """Whether both keys are those of the question."""
    distance_ms: int | None = None
    """How much longer (or shorter, negative) it is than our file; None when a length is not known."""
    recording_id: str = ""
    release_id: str = ""
    """Where its cover is."""
    group_id: str = ""
    artist_ids: tuple[str, ...] = ()
    isrc: str = ""
    beets_distance: float | None = None
    """What beets says, where it was asked: from 0 (the same) to 1."""


class Change(msgspec.Struct, frozen=True):
    """One field before and after a candidate is applied."""

    field: str
    before: str
    after: str


def question_of(proposal: Proposal, duration_ms: int | None) -> Question | None:
    """What to ask for this proposal; None when it names no title or nobody."""
    title, artist = proposal.value("title"), proposal.value("artist")
    if not title or not artist:
        return None
    return Question(title=title, artist=artist, album=proposal.value("album"), duration_ms=duration_ms)


def rank(
    question: Question, recordings: Iterable[Recording], sounds: Mapping[str, float] | None = None
) -> tuple[Candidate, ...]:
    """The candidates, best first. `sounds` says how much a recording (by id) sounds like our file."""
    judged = [
        (_candidate(question, one, sounds or {}), one) for one in {r.id: r for r in recordings}.values()
    ]
    # Of those that fit alike, the one that came out first: usually the recording that the others copy.
    judged.sort(key=lambda one: (-one[0].confidence, one[1].date or "9999", one[0].recording_id))
    return tuple(_distinct(one for one, _ in judged if one.confidence >= LEAST_CONFIDENCE))[:MOST]


def automatic(candidates: Sequence[Candidate]) -> Candidate | None:
    """The one that may be applied unseen: it says the same names, is as long, and has no rival.

    Where beets was asked, it must agree. Other releases and recordings with the same names are no rivals:
    they would not change what it is.
    """
    best = candidates[0] if candidates else None
    if best is None or not best.same_names or best.distance_ms is None or abs(best.distance_ms) > NEAR_MS:
        return None
    if best.beets_distance is not None and best.beets_distance >= BEETS_STRONG:
        return None
    names = (best.title_key, best.artist_key)
    rivals = (
        one
        for one in candidates
        if (one.title_key, one.artist_key) != names and one.confidence >= best.confidence - RIVAL
    )
    return None if any(rivals) else best


def changes(candidate: Candidate, values: Mapping[str, str]) -> tuple[Change, ...]:
    """What applying it does to these values of the review's form, field by field in the page's order."""
    said = texts(candidate.tags)
    return tuple(
        Change(field, values.get(field, ""), said[field])
        for field in EDITABLE
        if field in said and said[field] != values.get(field, "") and not _is_taste(field, values)
    )


def applied(candidate: Candidate, values: Mapping[str, str]) -> dict[str, str]:
    """The values with the candidate's; where it says nothing they stay."""
    return {**values, **{one.field: one.after for one in changes(candidate, values)}}


def taken_back(values: Mapping[str, str], done: Iterable[Change]) -> dict[str, str]:
    """The values before `done`; what the person has typed since then stays."""
    back = {one.field: one.before for one in done if values.get(one.field, "") == one.after}
    return {**values, **back}


def with_candidate(proposal: Proposal, candidate: Candidate) -> Proposal:
    """The proposal with what the candidate says, and why."""
    values = {name: one.value for name, one in proposal.fields.items()}
    said = {
        name: Suggestion(value=value, reason=candidate.reason, confidence=candidate.confidence)
        for name, value in texts(candidate.tags).items()
        if not _is_taste(name, values)
    }
    return Proposal(fields={**proposal.fields, **said})


def _is_taste(field: str, values: Mapping[str, str]) -> bool:
    """A genre that is there is as good as another."""
    return field == "genre" and bool(values.get("genre"))


def _candidate(question: Question, recording: Recording, sounds: Mapping[str, float]) -> Candidate:
    told = _title_with_all(recording)
    distance = (
        recording.length_ms - question.duration_ms if recording.length_ms and question.duration_ms else None
    )
    near = _near(distance)
    fit = _title_fit(question.title, told) * _artist_fit(question.artist, recording.artist) * near
    heard = sounds.get(recording.id, 0.0) * near
    confidence = round(min(HIGHEST, max(fit, heard)), 2)
    source = "AcoustID" if heard > fit else "MusicBrainz"
    keys = (title_key(told), artist_key(recording.artist))
    release = best_release(recording.releases, question.album)
    return Candidate(
        tags=_tags(recording, release),
        confidence=confidence,
        reason=f"{source} {round(confidence * 100)} %",
        title_key=keys[0],
        artist_key=keys[1],
        same_names=all(keys) and keys == (title_key(question.title), artist_key(question.artist)),
        distance_ms=distance,
        recording_id=recording.id,
        release_id=release.id if release else "",
        group_id=release.group_id if release else "",
        artist_ids=recording.artist_ids,
        isrc=recording.isrc,
    )


def _tags(recording: Recording, release: Release | None) -> Tags:
    return Tags(
        title=recording.title,
        artist=recording.artist,
        album=release.title if release else "",
        album_artist=(release.artist if release else "") or main_artist(recording.artist),
        track_no=release.track_no if release else None,
        disc_no=release.disc_no if release else None,
        date=(release.date if release else "") or recording.date,
        genre=recording.genre,
    )


def _title_with_all(recording: Recording) -> str:
    """The title with what MusicBrainz says beside it: a live take is called like the song, and is none."""
    told = [recording.title]
    kind = kind_of_all(recording.releases)
    if recording.comment:
        told.append(f"({recording.comment})")
    if kind and kind not in title_key(" ".join(told)).split():
        told.append(f"({kind})")
    return " ".join(told)


def _title_fit(ours: str, theirs: str) -> float:
    if title_key(ours) == title_key(theirs):
        return 1.0
    wanted, found = set(additions(ours)), set(additions(theirs))
    alike = 1.0 if base(ours) == base(theirs) else _ratio(base(ours), base(theirs)) * _ALIKE_TITLE
    if wanted == found:
        return alike
    return alike * (_MORE_ADDITIONS if wanted and wanted < found else _OTHER_ADDITIONS)


def _artist_fit(ours: str, theirs: str) -> float:
    one, other = artist_key(ours), artist_key(theirs)
    if one == other:
        return 1.0
    some = set(one.split()) - {"and"}, set(other.split()) - {"and"}
    if some[0] <= some[1] or some[1] <= some[0]:
        return _SOME_OF_THEM
    return _ratio(one, other) * _ALIKE_ARTIST


def _near(distance_ms: int | None) -> float:
    if distance_ms is None:
        return _UNKNOWN
    return next((fit for most, fit in _BY_DISTANCE if abs(distance_ms) <= most), _FAR)


def _ratio(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _distinct(ranked: Iterable[Candidate]) -> Iterator[Candidate]:
    """Each album of a reading once, and of a reading only the best: its rivals stay to be seen."""
    seen: dict[tuple[str, str], set[str]] = {}
    for one in ranked:
        albums = seen.setdefault((one.title_key, one.artist_key), set())
        album = album_key(one.tags.album)
        if album not in albums and len(albums) < MOST_OF_A_READING:
            albums.add(album)
            yield one
