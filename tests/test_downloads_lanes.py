"""Which lane a staged track is in."""

import pytest

from app.audio.model import Quality
from app.downloads.lanes import Lane, lane_of, lane_of_all
from app.downloads.model import Conversion, Download, StagedTrack
from app.library.duplicates import Match, Sameness
from app.library.model import Track
from app.tags.model import Proposal, Suggestion


def staged(
    *, sure: float = 0.9, lossless: bool = False, values: dict[str, str] | None = None, **more: object
) -> StagedTrack:
    """A track that is ready, but for what is said here."""
    said = {"title": "Saltmarsh", "artist": "Ida Holm"} if values is None else values
    fields = {
        name: Suggestion(value=value, reason="said", confidence=sure if name == "artist" else 0.9)
        for name, value in said.items()
    }
    made = {
        "proposal": Proposal(fields=fields),
        "source_quality": Quality(codec="flac" if lossless else "opus", container="ogg", lossless=lossless),
        "cover_file": "cover.jpg",
        "with_cover": True,
        "conversion": Conversion.WAITING,
        **more,
    }
    return StagedTrack(**made)


def download(format: str = "mp3", *tracks: StagedTrack, confirm_lossy: bool = False) -> Download:
    return Download(format=format, confirm_lossy=confirm_lossy, tracks=list(tracks))


def test_a_track_that_is_sure_and_has_a_cover_is_ready() -> None:
    assert lane_of(download(), staged(), {}) is Lane.READY


@pytest.mark.parametrize(
    "track",
    [
        staged(sure=0.79),
        staged(cover_file=None),
        staged(conversion=Conversion.FAILED),
    ],
    ids=["unsure", "no cover", "not converted"],
)
def test_one_doubt_is_enough_for_a_look(track: StagedTrack) -> None:
    assert lane_of(download(), track, {}) is Lane.CHECK


@pytest.mark.parametrize("values", [{"title": "Saltmarsh"}, {"artist": "Ida Holm"}, {}])
def test_without_title_or_artist_it_is_a_problem(values: dict[str, str]) -> None:
    assert lane_of(download(), staged(values=values), {}) is Lane.PROBLEM


def test_a_lossless_file_of_a_lossy_source_is_a_problem_until_somebody_agrees() -> None:
    assert lane_of(download("flac"), staged(), {}) is Lane.PROBLEM
    assert lane_of(download("flac", confirm_lossy=True), staged(), {}) is Lane.READY
    assert lane_of(download("flac"), staged(lossless=True), {}) is Lane.READY
    assert lane_of(download("original"), staged(), {}) is Lane.READY


def test_a_cover_that_the_person_does_not_want_is_not_missed() -> None:
    assert lane_of(download(), staged(cover_file=None, with_cover=False), {}) is Lane.READY


def test_what_the_person_typed_is_sure() -> None:
    assert lane_of(download(), staged(sure=0.3, draft={"artist": "Ida Holm"}), {}) is Lane.READY
    assert lane_of(download(), staged(values={"title": "x"}, draft={"artist": "Ida"}), {}) is Lane.READY
    assert lane_of(download(), staged(draft={"album": "Estuary"}), {}) is Lane.READY


def test_the_worst_track_is_the_downloads_lane() -> None:
    assert lane_of_all(download("mp3", staged(), staged(sure=0.2)), {}) is Lane.CHECK
    assert lane_of_all(download("mp3", staged(values={}), staged()), {}) is Lane.PROBLEM
    assert lane_of_all(download("mp3"), {}) is None


def test_what_the_library_has_already_wants_a_look() -> None:
    track = staged(id="one")
    have = Match(Track(), Sameness.DUPLICATE, same_album=True)
    also = Match(Track(), Sameness.ALSO_ON, same_album=False)
    assert lane_of(download(), track, {track.id: [have]}) is Lane.CHECK
    assert lane_of(download(), track, {track.id: [also]}) is Lane.READY
