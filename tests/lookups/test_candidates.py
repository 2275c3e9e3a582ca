"""An automatic choice is the same recording or none; everything else is shown with its reason."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from app.lookups import autotag, musicbrainz
from app.lookups.autotag import with_opinion
from app.lookups.cache import Cache
from app.lookups.candidates import (
    BEETS_STRONG,
    Candidate,
    Change,
    Question,
    applied,
    automatic,
    changes,
    question_of,
    rank,
    taken_back,
    with_candidate,
)
from app.lookups.client import Client
from app.tags.model import Proposal, Suggestion
from tests.lookups.fakes import Fakes, mbid, recording, recordings, release

Ranked = Callable[..., tuple[Candidate, ...]]

ASKED = Question(title="Harbour", artist="Jane Roe", duration_ms=240_000)


@pytest.fixture
def ranked(client: Client, cache: Cache, fakes: Fakes) -> Ranked:
    """The candidates for a question when MusicBrainz knows these recordings."""

    def rank_them(
        *known: dict[str, Any], asked: Question = ASKED, sounds: dict[str, float] | None = None
    ) -> tuple[Candidate, ...]:
        fakes.musicbrainz = recordings(*known)
        found = musicbrainz.search(
            client,
            cache,
            artist=asked.artist,
            title=asked.title,
            album=asked.album,
            duration_ms=asked.duration_ms,
        )
        return rank(asked, found, sounds)

    return rank_them


def test_the_recording_itself_is_chosen_with_album_year_and_cover(ranked: Ranked) -> None:
    [only] = found = ranked(recording("Harbour", tags=[{"name": "folk", "count": 3}]))
    assert automatic(found) == only
    assert only.reason == "MusicBrainz 99 %"
    assert only.tags.album == "Harbour Songs"
    assert only.tags.date == "1999-05-01"
    assert (only.tags.track_no, only.tags.disc_no) == (3, None)
    assert only.tags.genre == "folk"
    assert only.release_id == mbid("release Harbour Songs 1999-05-01")
    assert only.group_id == mbid("group Harbour Songs")
    assert only.artist_ids == (mbid("Jane Roe"),)
    assert only.distance_ms == 0


@pytest.mark.parametrize(
    ("asked", "known"),
    [
        ("Harbour", recording("Harbour (Live)")),
        ("Harbour", recording("Harbour", comment="live, 1999-05-01: Pier, Brighton")),
        ("Harbour", recording("Harbour", releases=[release("On Stage", also=("Live",))])),
        ("Harbour", recording("Harbour", releases=[release("Mixed", also=("DJ-mix", "Compilation"))])),
        ("Harbour", recording("Harbour", comment="acoustic version")),
        ("Harbour", recording("Harbour", comment="1987 re-recording")),
        ("Harbour (Live)", recording("Harbour")),
        ("Harbour (Live 1999)", recording("Harbour (Live 2004)")),
        ("Harbour (Part 1)", recording("Harbour (Part 2)")),
        ("Harbour, Pt. 1", recording("Harbour, Part 2")),
        ("Harbour Part I", recording("Harbour Part II")),
        ("Symphony No. 5", recording("Symphony No. 6")),
        ("Harbour", recording("Harbour (Taylor's Version)")),
        ("Harbour", recording("Harbour (sped up)")),
        ("Harbour", recording("Harbour (instrumental)")),
        ("Harbour", recording("Harbour (Radio Edit)")),
        ("Harbour (Remix A)", recording("Harbour (Remix B)")),
        ("Harbour (Jane Roe cover)", recording("Harbour")),
        ("!!!", recording("???")),
        ("上海", recording("東京")),
    ],
)
def test_another_recording_is_never_automatic(asked: str, known: dict[str, Any], ranked: Ranked) -> None:
    found = ranked(known, asked=Question(title=asked, artist="Jane Roe", duration_ms=240_000))
    assert automatic(found) is None
    assert all(one.confidence < 0.9 for one in found)


@pytest.mark.parametrize(
    ("asked", "known"),
    [
        ("Harbour", recording("Harbour (2011 remaster)")),
        ("Harbour", recording("Harbour", comment="explicit")),
        ("Harbour", recording("Harbour", comment="album version")),
        ("Harbour - 2011 Remaster", recording("Harbour")),
        ("Harbour (Live)", recording("Harbour (live)")),
        ("Harbour Pt. 2", recording("Harbour, Part II")),
        ("Don't Go", recording("Don’t Go")),
    ],
)
def test_another_spelling_is_no_other_recording(asked: str, known: dict[str, Any], ranked: Ranked) -> None:
    assert automatic(ranked(known, asked=Question(title=asked, artist="Jane Roe", duration_ms=240_000)))


@pytest.mark.parametrize("length_ms", [234_000, 246_000, 600_000, None])
def test_another_length_is_never_automatic(length_ms: int | None, ranked: Ranked) -> None:
    found = ranked(recording("Harbour", length_ms=length_ms))
    assert found
    assert automatic(found) is None


def test_five_seconds_are_allowed(ranked: Ranked) -> None:
    [found] = ranked(recording("Harbour", length_ms=245_000))
    assert found.distance_ms == 5_000
    assert automatic([found])


def test_without_a_length_of_ours_nothing_is_automatic(ranked: Ranked) -> None:
    found = ranked(recording("Harbour"), asked=Question(title="Harbour", artist="Jane Roe"))
    assert found
    assert automatic(found) is None


def test_another_artist_is_never_automatic(ranked: Ranked) -> None:
    assert automatic(ranked(recording("Harbour", "John Doe"))) is None
    assert automatic(ranked(recording("Harbour", "Jane Roe & The Gulls"))) is None


def test_a_rival_reading_stops_the_automatic_choice(ranked: Ranked) -> None:
    ours, other = recording("Harbour"), recording("Another Song", "John Doe")
    assert automatic(ranked(ours, other))
    found = ranked(ours, other, sounds={other["id"]: 0.97})
    assert len(found) == 2
    assert automatic(found) is None
    assert {one.reason for one in found} == {"MusicBrainz 99 %", "AcoustID 97 %"}


def test_a_live_take_that_sounds_the_same_is_a_rival(ranked: Ranked) -> None:
    live = recording("Harbour", comment="live, 1999-05-01: Pier")
    assert automatic(ranked(recording("Harbour"), live))
    assert automatic(ranked(recording("Harbour"), live, sounds={live["id"]: 0.98})) is None


def test_many_recordings_of_the_same_name_do_not_hide_a_rival(ranked: Ranked) -> None:
    same = [recording("Harbour", length_ms=240_000 + n, releases=[release(f"Album {n}")]) for n in range(20)]
    rival = recording("Other", "John Doe")
    assert automatic(ranked(*same, rival, sounds={rival["id"]: 0.96})) is None
    assert automatic(ranked(*same, rival))


def test_beets_can_stop_an_automatic_choice_and_make_none(ranked: Ranked) -> None:
    [ours] = ranked(recording("Harbour"))
    assert automatic([replace(ours, beets_distance=0.0)])
    assert automatic([replace(ours, beets_distance=0.04)]) is None
    assert automatic([replace(ours, beets_distance=0.0, same_names=False)]) is None


@pytest.mark.skipif(not autotag.is_installed(), reason="the extra [autotag] is not installed")
def test_beets_says_how_far_each_candidate_is(ranked: Ranked) -> None:
    first, second = "Harbour at Night (Part 1)", "Harbour at Night (Part 2)"
    asked = Question(title=first, artist="Jane Roe", duration_ms=240_000)
    found = with_opinion(asked, ranked(recording(first), recording(second), asked=asked))
    near, other = (one.beets_distance for one in found)
    assert near == 0
    # A strong match for beets: that is why it decides nothing here.
    assert other
    assert other < BEETS_STRONG
    assert automatic(found) == found[0]


def test_without_beets_the_candidates_stay_as_they_are(ranked: Ranked) -> None:
    if not autotag.is_installed():
        found = ranked(recording("Harbour"))
        assert with_opinion(ASKED, found) == found


def test_several_releases_are_no_rivals_and_the_first_official_album_names_it(ranked: Ranked) -> None:
    found = ranked(
        recording(
            "Harbour",
            releases=[
                release("Greatest Hits", also=("Compilation",), date="1998-01-01"),
                release("Now 44", artist="Various Artists", date="1999-06-01"),
                release("Bootleg", status="Bootleg", date="1997"),
                release("Harbour", kind="Single", date="1999-03-01"),
                release("Harbour Songs", date="2009-05-01"),
                release("Harbour Songs", date="1999-05-01"),
                release("Harbour Songs", date=None),
                release("At the Pier", also=("Live",), date="1999-01-01"),
            ],
        )
    )
    best = automatic(found)
    assert best
    assert (best.tags.album, best.tags.date) == ("Harbour Songs", "1999-05-01")


def test_the_album_that_we_know_already_is_preferred(ranked: Ranked) -> None:
    known = recording(
        "Harbour", releases=[release("Harbour Songs"), release("Greatest Hits", also=("Compilation",))]
    )
    asked = Question(title="Harbour", artist="Jane Roe", album="Greatest hits", duration_ms=240_000)
    assert ranked(known, asked=asked)[0].tags.album == "Greatest Hits"


def test_the_disc_is_named_where_there_are_several(ranked: Ranked) -> None:
    [found] = ranked(recording("Harbour", releases=[release("Box", discs=3, position=2, number="A3")]))
    assert (found.tags.track_no, found.tags.disc_no) == (3, 2)


def test_without_any_release_there_is_still_a_name(ranked: Ranked) -> None:
    [found] = ranked(recording("Harbour", releases=[]))
    assert (found.tags.album, found.release_id, found.tags.date) == ("", "", "1999-05-01")


def test_applying_shows_before_and_after_and_can_be_taken_back(ranked: Ranked) -> None:
    [found] = ranked(recording("Harbour", tags=[{"name": "folk", "count": 3}]))
    values = {"title": "harbour", "artist": "Jane Roe", "album": "", "genre": "Shanty", "comment": "mine"}
    done = changes(found, values)
    assert done[0] == Change("title", "harbour", "Harbour")
    assert [one.field for one in done] == ["title", "album", "album_artist", "track_no", "date"]
    now = applied(found, values)
    assert now["album"] == "Harbour Songs"
    assert (now["genre"], now["comment"]) == ("Shanty", "mine")
    assert changes(found, now) == ()
    assert {name: value for name, value in taken_back(now, done).items() if value} == {
        name: value for name, value in values.items() if value
    }
    assert taken_back({**now, "album": "My own"}, done)["album"] == "My own"


def test_a_proposal_says_where_the_candidates_values_come_from(ranked: Ranked) -> None:
    [found] = ranked(recording("Harbour"))
    before = Proposal(
        fields={
            "title": Suggestion(value="harbour", reason="from the title", confidence=0.5),
            "genre": Suggestion(value="Shanty", reason="from YouTube", confidence=0.8),
        }
    )
    after = with_candidate(before, found)
    assert after.fields["title"] == Suggestion(value="Harbour", reason="MusicBrainz 99 %", confidence=0.99)
    assert after.value("track_no") == "3"
    assert after.value("genre") == "Shanty"


def test_a_question_needs_a_title_and_somebody() -> None:
    titled = {"title": Suggestion(value="Harbour", reason="", confidence=1.0)}
    assert question_of(Proposal(fields=titled), 1) is None
    named = {**titled, "artist": Suggestion(value="Jane Roe", reason="", confidence=1.0)}
    assert question_of(Proposal(fields=named), 240_000) == ASKED
